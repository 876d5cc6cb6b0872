"""Plausible wrong answers to the exercises of unit 03, and words of the sentence that each gets."""

import functools
import math
import operator

import keras
from keras import layers


def cost(params=None, flops=None):
    """conv_cost with one of its two formulas replaced; both see the same named quantities."""

    def conv_cost(height, width, channels, filters, window, stride):
        names = {
            "inputs": window * window * channels,
            "outputs": math.ceil(height / stride) * math.ceil(width / stride) * filters,
            "height": height,
            "width": width,
            "filters": filters,
            "window": window,
            "stride": stride,
        }
        right = ("filters * (inputs + 1)", "outputs * (2 * inputs + 1)")
        return tuple(eval(f or r, {}, names) for f, r in zip((params, flops), right))

    return conv_cost


def swapped(*sizes):
    return cost()(*sizes)[::-1]


def no_channels(height, width, channels, filters, window, stride):
    return cost()(height, width, 1, filters, window, stride)


def one_side(height, width, channels, filters, window, stride):
    outputs = math.ceil(height / stride) * math.ceil(width / stride) * filters
    return filters * (window * channels + 1), outputs * (2 * window * channels + 1)


def prints_cost(*sizes):
    print(*cost()(*sizes))


def space(ask, *, meet="concatenate", connect="both", padding="same", relu="relu", pools=True):
    """A space that asks for its values by `ask`, and builds by the options."""

    def build(hp):
        blocks, skip, filters = ask(hp)
        x = image = keras.Input((28, 28, 1))
        for block in range(blocks):
            y = layers.Conv2D(filters[block], 3, padding=padding, activation=relu)(x)
            y = layers.MaxPooling2D(2)(y) if pools else layers.AveragePooling2D(2)(y)
            if skip and meet == "concatenate" and (connect == "both" or block == 0):
                y = layers.Concatenate()([y, layers.AveragePooling2D(2)(x)])
            if skip and meet == "itself":
                y = layers.Concatenate()([y, y])
            if skip and meet == "add":
                y = layers.Add()([y, layers.AveragePooling2D(2)(x)])
            x = y
        return keras.Model(image, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))

    return build


def asked(hp, *, values=(4, 8), scope=(2,), first="filters_0", second="filters_1"):
    blocks = hp.Choice("blocks", [1, 2])
    skip = hp.Boolean("skip")
    filters = [hp.Choice(first, list(values))]
    with hp.conditional_scope("blocks", list(scope)):
        filters.append(hp.Choice(second, list(values)) or 4)
    return blocks, skip, filters


def bare(hp):
    blocks, skip, filters = hp.Choice("blocks", [1, 2]), hp.Boolean("skip"), []
    for name, scope in (("filters_0", [1, 2]), ("filters_1", [1])):
        with hp.conditional_scope("blocks", scope):
            filters.append(hp.Choice(name, [4, 8]))
    return blocks, skip, filters


def only_deep(hp):
    blocks, skip = hp.Choice("blocks", [1, 2]), hp.Boolean("skip")
    with hp.conditional_scope("blocks", [2]):
        filters = [hp.Choice(f"filters_{block}", [4, 8]) for block in (0, 1)]
    return blocks, skip, filters


def untied(hp):
    blocks, skip = hp.Choice("blocks", [1, 2]), hp.Boolean("skip")
    return blocks, skip, [hp.Choice(f"filters_{block}", [4, 8]) for block in (0, 1)]


def in_the_loop(hp):
    blocks, skip = hp.Choice("blocks", [1, 2]), hp.Boolean("skip")
    filters = []
    for block in range(blocks):
        with hp.conditional_scope("blocks", list(range(block + 1, 3))):
            filters.append(hp.Choice(f"filters_{block}", [4, 8]))
    return blocks, skip, filters


def endless(hp):
    blocks, skip = hp.Choice("blocks", [1, 2]), hp.Boolean("skip")
    return blocks, skip, [hp.Int(f"filters_{block}", 4, 10**9) for block in (0, 1)]


def one_name(hp):
    blocks, skip = hp.Choice("blocks", [1, 2]), hp.Boolean("skip")
    return blocks, skip, [hp.Choice("filters", [4, 8])] * 2


def always_two(hp):
    return 2, *asked(hp)[1:]


def other_order(hp):
    blocks, skip, filters = asked(hp)
    return blocks, skip, filters[:blocks][::-1]


def skip_forgotten(hp):
    blocks, _, filters = asked(hp)
    return blocks, False, filters


def skip_always(hp):
    blocks, _, filters = asked(hp)
    return blocks, True, filters


def no_network(hp):
    return asked(hp)[0]


def shared(factor):
    """space_size whose networks are counted right, and whose shared choices are not."""
    return lambda depths, widths, shared: factor(sum(widths**d for d in depths), shared)


WRONG = {
    "03.1": {
        "no bias among the parameters": (cost("filters * inputs"), "lack the biases"),
        "one bias for all": (cost("filters * inputs + 1"), "one bias for all"),
        "one filter": (cost("inputs + 1"), "of one filter"),
        "no channels among the parameters": (
            cost("filters * (window * window + 1)"),
            "parameters lack the input's channels",
        ),
        "MACs": (cost(None, "outputs * inputs"), "MACs, not FLOPs"),
        "MACs and bias": (cost(None, "outputs * (inputs + 1)"), "as one operation"),
        "no bias among the FLOPs": (cost(None, "2 * outputs * inputs"), "FLOPs lack the biases"),
        "bias counted double": (cost(None, "2 * outputs * (inputs + 1)"), "one operation, not two"),
        "bias once a filter": (cost(None, "2 * outputs * inputs + filters"), "not once a filter"),
        "no channels among the FLOPs": (
            cost(None, "outputs * (2 * window * window + 1)"),
            "FLOPs lack the input's channels",
        ),
        "no stride": (
            cost(None, "height * width * filters * (2 * inputs + 1)"),
            "no notice of the stride",
        ),
        "rounded down": (
            cost(None, "(height // stride) * (width // stride) * filters * (2 * inputs + 1)"),
            "rounded up",
        ),
        "stride once": (
            cost(None, "-(-height * width // stride) * filters * (2 * inputs + 1)"),
            "rows and on columns",
        ),
        "FLOPs of one filter": (cost(None, "outputs // filters * (2 * inputs + 1)"), "one filter"),
        "swapped": (swapped, "parameters come first"),
        "no channels": (no_channels, "a filter is as deep"),
        "one side of the window": (one_side, "one side of the window"),
        "something else": (cost("7 * filters"), "has another number"),
        "one number": (lambda *sizes: 80, "list or an array"),
        "prints": (prints_cost, "prints"),
    },
    "03.2": {
        "unconditional": (
            lambda depths, widths, shared: len(depths) * widths ** max(depths) * math.prod(shared),
            "a block that is not built",
        ),
        "multiplied what is exclusive": (
            lambda depths, widths, shared: widths ** sum(depths) * math.prod(shared),
            "exclude one another",
        ),
        "the deepest only": (
            lambda depths, widths, shared: widths ** max(depths) * math.prod(shared),
            "the deepest networks only",
        ),
        "widths added": (
            lambda depths, widths, shared: widths * sum(depths) * math.prod(shared),
            "adds up the widths",
        ),
        "one width for all": (
            lambda depths, widths, shared: len(depths) * widths * math.prod(shared),
            "the same width",
        ),
        "shared choices added up": (shared(lambda n, shared: n * sum(shared)), "shared choices up"),
        "shared choices added": (
            shared(lambda n, shared: n + math.prod(shared)),
            "to the rest",
        ),
        "shared choices forgotten": (shared(lambda n, shared: n), "leaves the shared choices out"),
        "power upside down": (
            lambda depths, widths, shared: sum(d**widths for d in depths) * math.prod(shared),
            "upside down",
        ),
        "the first shared choice only": (
            shared(lambda n, shared: n * shared[0]),
            "first shared choice alone",
        ),
        "stops at an empty list": (
            shared(lambda n, shared: n * functools.reduce(operator.mul, shared)),
            "stopped with TypeError",
        ),
        "text": (lambda depths, widths, shared: "48", "one number"),
    },
    "03.3": {
        "no condition": (space(untied), "16 settings"),
        "asked in the loop": (space(in_the_loop), "learns of it too late"),
        "one name for both": (space(one_name), "the same name"),
        "other names": (
            space(lambda hp: asked(hp, first="width_0", second="width_1")),
            "blocks, skip, width_0, width_1",
        ),
        "other values": (
            space(lambda hp: asked(hp, values=(8, 16))),
            "filters_0 can be [8, 16]",
        ),
        "a range without an end": (space(endless), "filters_0 can be [4, 5, 6, "),
        "tied to the wrong value": (space(lambda hp: asked(hp, scope=(1,))), "second block"),
        "None for the second block": (space(bare), "filters_1 is None in a network that needs it"),
        "None for the first block": (
            space(only_deep),
            "filters_0 is None in a network that needs it",
        ),
        "tied to no value": (space(lambda hp: asked(hp, scope=(3,))), "Filters are missing"),
        "always two blocks": (space(always_two), "convolutions is 2"),
        "filters in another order": (space(other_order), "the convolutions have"),
        "no skip": (space(skip_forgotten), "skip changes nothing"),
        "always skip": (space(skip_always), "all the same"),
        "skip once": (space(asked, connect="first"), "connections is 1"),
        "added": (space(asked, meet="add"), "two are added"),
        "the output twice": (space(asked, meet="itself"), "average poolings is 0"),
        "valid padding": (space(asked, padding="valid"), 'padding="same"'),
        "no activation": (space(asked, relu=None), "no ReLU"),
        "average pooling": (space(asked, pools=False), "max poolings is 0"),
        "no network": (no_network, "leave its last line"),
    },
    "03.4": {
        "fewer FLOPs": ("a", "thirty steps"),
        "fewer layers": ("b", "a guess"),
        "fewer parameters": ("c", "moved as well"),
        "an option that is none": ("e", "none of the options"),
    },
}
