"""Checkers of unit 03: the cost of a layer, the size of a space, a space, FLOPs and latency."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nascourse.checks.cases import compare, equal
from nascourse.checks.core import Wrong, guarded, multiple_choice, number, numbers, show
from nascourse.checks.networks import (
    computes_as,
    first_values,
    gives_ten_shares,
    has_relu,
    network_of,
    require_no_extras,
)
from nascourse.checks.registry import exercise

if TYPE_CHECKING:
    import keras


@exercise(
    "03.1",
    "what a convolution costs",
    hints=(
        "First find two numbers: how many weights one filter has, and how many numbers come out.",
        "A filter is as deep as its input has channels. It has one bias. Each number that comes out "
        + "takes one multiply-accumulate for each weight of its filter.",
        "Rows and columns of the output are those of the input over the stride, each rounded up; "
        + "their product times the filters is how many numbers come out. Each costs two operations "
        + "for each weight, and one more for the bias.",
    ),
)
def convolution(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        (28, 28, 1, 8, 3, 1),  # the example
        (10, 13, 6, 9, 3, 1),
        (13, 10, 4, 11, 5, 2),
        (7, 7, 4, 6, 1, 3),
        (9, 14, 2, 5, 7, 4),
        (8, 8, 3, 2, 3, 2),
        (5, 11, 7, 3, 3, 3),
        (1, 1, 1, 1, 1, 1),
    ]
    fresh = rng.integers(1, (16, 16, 9, 9, 4, 5), (60, 6)) * [1, 1, 1, 1, 2, 1] - [0, 0, 0, 0, 1, 0]
    compare(
        answer,
        [*fixed, *map(tuple, fresh.tolist())],
        _counted,
        read=lambda value: numbers(value, 2, "the pair of parameters and FLOPs"),
        same=equal,
        mistakes=_wrong_costs,
        clue="Keras's layer has another number: count the weights of one filter first, and the "
        "numbers that come out.",
    )
    return "The image's size is in the FLOPs alone: on a larger image the same weights work longer."


def _counted(
    height: int, width: int, channels: int, filters: int, window: int, stride: int
) -> tuple[int, int]:
    """What the course counts for Keras's own layer, which a test compares with it."""
    n_weights = sum(channels for _ in range(window) for _ in range(window))
    n_outputs = sum(filters for _ in range(0, height, stride) for _ in range(0, width, stride))
    return filters * n_weights + filters, n_outputs * n_weights * 2 + n_outputs


def _wrong_costs(height, width, channels, filters, window, stride) -> dict[str, tuple]:
    """What each mistake gives; most are in one of the two numbers, and the other one is right."""
    sizes = height, width, channels, filters, window, stride
    params, flops = _counted(*sizes)
    inputs = window * channels
    outputs = math.ceil(height / stride) * math.ceil(width / stride) * filters
    wrong_params, wrong_flops = _single_mistakes(*sizes)
    return {
        "This returns the FLOPs first: the parameters come first.": (flops, params),
        "This leaves the input's channels out: a filter is as deep as its input.": (
            _counted(height, width, 1, filters, window, stride)
        ),
        "This counts one side of the window only: 3x3 pixels are nine.": (
            (filters * (inputs + 1), outputs * (2 * inputs + 1))
        ),
        **{sentence: (value, flops) for value, sentence in wrong_params},
        **{sentence: (params, value) for value, sentence in wrong_flops},
    }


def _single_mistakes(height, width, channels, filters, window, stride):
    """Mistakes in the parameters, and mistakes in the FLOPs: what each gives and what to say."""
    inputs = window * window * channels
    outputs = math.ceil(height / stride) * math.ceil(width / stride) * filters
    macs = outputs * inputs
    unstrided = height * width * filters
    rounded_down = (height // stride) * (width // stride) * filters
    yield (
        (filters * inputs, "The parameters lack the biases: each filter has one."),
        (filters * inputs + 1, "The parameters have one bias for all: each filter has its own."),
        (
            filters * window * window + filters,
            "The parameters lack the input's channels: a filter is as deep as its input.",
        ),
        (filters * (inputs + channels), "Each filter has one bias, not one for each channel."),
        (filters * (window**2 + 1) * channels, "Each filter has one bias, not one a channel."),
        (channels * (window**2 * filters + 1), "Channels and filters are mixed up."),
        (inputs + filters, "The weights of one filter are counted only: each filter has its own."),
        (filters * (inputs + 1) * stride, "The stride changes no parameters."),
        (
            height * width * channels * filters + filters,
            "This has the image's size: a filter has weights for its window only.",
        ),
        (inputs + 1, "These are the parameters of one filter: there are more of them."),
    )
    yield (
        (
            macs,
            "These are MACs, not FLOPs: a multiply-accumulate is two operations, and the biases "
            + "are added as well.",
        ),
        (
            macs + outputs,
            "This counts a multiply-accumulate as one operation: it is a multiplication and an "
            + "addition.",
        ),
        (2 * macs, "The FLOPs lack the biases: each number that comes out has one added to it."),
        (2 * (macs + outputs), "Adding a bias is one operation, not two: nothing is multiplied."),
        (2 * macs + filters, "The bias is added to each number that comes out, not once a filter."),
        (
            outputs * (2 * window * window + 1),
            "The FLOPs lack the input's channels: a filter is as deep as its input.",
        ),
        (
            unstrided * (2 * inputs + 1),
            "The FLOPs take no notice of the stride: only every second or third place is computed.",
        ),
        (
            rounded_down * (2 * inputs + 1),
            "The output's rows and columns are rounded down here: with this padding they are "
            + "rounded up.",
        ),
        (
            math.ceil(height * width / stride) * filters * (2 * inputs + 1),
            "The stride works on rows and on columns: both get fewer.",
        ),
        (
            outputs * (2 * inputs - 1),
            "The bias is added, and counts one operation more, not less.",
        ),
        (
            math.ceil(height / stride) ** 2 * filters * (2 * inputs + 1),
            "The height is taken for the width: images need not be square.",
        ),
        (
            math.ceil(width / stride) ** 2 * filters * (2 * inputs + 1),
            "The width is taken for the height: images need not be square.",
        ),
        (
            height / stride * width / stride * filters * (2 * inputs + 1),
            "The output's rows and columns are whole numbers: round them up.",
        ),
        (
            ((height - window) // stride + 1)
            * ((width - window) // stride + 1)
            * filters
            * (2 * inputs + 1),
            'With padding="same" the window goes over the edge: rows and columns over the stride.',
        ),
        (
            math.ceil(height / stride) * width * filters * (2 * inputs + 1),
            "The stride works on the columns as well as on the rows: both get fewer.",
        ),
        (
            outputs * (2 * window**2 + 1) * channels,
            "The bias is added once for each number that comes out, not once a channel.",
        ),
        (
            outputs // filters * (2 * inputs + 1),
            "These are the FLOPs of one filter: there are more of them.",
        ),
    )


@exercise(
    "03.2",
    "how large is this space?",
    hints=(
        "Multiply where choices are independent, add where one choice excludes the other.",
        "In how many ways can a network of depth 2 choose its widths? And one of depth 3? No network "
        + "has both depths.",
        "For one depth, the number of widths is multiplied by itself once for each block. Add these "
        + "up over the depths. Then each shared choice multiplies the whole.",
    ),
)
def counting(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        ([1, 2], 3, [2, 2]),  # the example
        ([1, 2], 5, [2, 5]),
        ([2, 4], 4, [3, 2, 4]),
        ([3], 2, [5]),
        ([3, 1], 4, []),
        ([1, 2, 3], 2, []),
        ([2, 3], 1, [1, 3]),
        ([4], 3, [1]),
    ]
    fresh = [
        (rng.permutation(4)[: rng.integers(1, 4)] + 1, rng.integers(1, 5), rng.integers(1, 5, n))
        for n in rng.integers(0, 4, 40)
    ]
    compare(
        answer,
        [*fixed, *((a.tolist(), int(b), c.tolist()) for a, b, c in fresh)],
        _brute_force,
        read=lambda value: number(value, "the size"),
        same=equal,
        mistakes=_wrong_sizes,
        clue="Listing all settings gives another number.",
    )
    return "Each further block multiplies the largest part, each further choice multiplies all."


def _brute_force(depths: list[int], widths: int, shared: list[int]) -> int:
    """List all settings, and count them."""
    return sum(
        1
        for depth in depths
        for _ in itertools.product(*[range(widths)] * depth, *map(range, shared))
    )


def _wrong_sizes(depths: list[int], widths: int, shared: list[int]) -> dict[str, int]:
    """What the plausible mistakes give, and what to say."""
    others = math.prod(shared)
    return {
        "This gives every network the widths of the deepest: a block that is not built has none.": (
            len(depths) * widths ** max(depths) * others
        ),
        "This multiplies the depths with each other: they exclude one another, so they are added.": (
            math.prod(widths**depth for depth in depths) * others
        ),
        "This counts the deepest networks only: the others are in the space, too.": (
            widths ** max(depths) * others
        ),
        "This adds up the widths of the blocks: each block chooses on its own, so they multiply.": (
            sum(widths * depth for depth in depths) * others
        ),
        "This gives all blocks of a network the same width: each chooses its own.": (
            len(depths) * widths * others
        ),
        "This adds the shared choices up: each is made whatever the others are, so they multiply.": (
            sum(widths**depth for depth in depths) * sum(shared)
        ),
        "This adds the shared choices to the rest: each network makes them, so they multiply.": (
            sum(widths**depth for depth in depths) + others
        ),
        "This leaves the shared choices out.": (sum(widths**depth for depth in depths)),
        "Here the power is upside down: two blocks with three widths each are 3 x 3, not 2 x 2 x 2.": (
            sum(depth**widths for depth in depths) * others
        ),
        "This counts the blocks from 0: a network with two blocks chooses two widths.": (
            sum(widths ** (depth - 1) for depth in depths) * others
        ),
        "This counts the shallowest networks only: the others are in the space, too.": (
            widths ** min(depths) * others
        ),
        "This counts one depth from 1 to the deepest: depths lists those that are allowed.": (
            sum(widths**depth for depth in range(1, max(depths) + 1)) * others
        ),
        "The last shared choice alone is counted: each of them multiplies the whole.": (
            sum(widths**depth for depth in depths) * (shared or [1])[-1]
        ),
        "The number of shared choices is counted, and not their values: these multiply.": (
            sum(widths**depth for depth in depths) * len(shared)
        ),
        "The largest shared choice alone is counted: each of them multiplies the whole.": (
            sum(widths**depth for depth in depths) * max(shared, default=1)
        ),
        "Each shared choice counts as two values: shared says how many each has.": (
            sum(widths**depth for depth in depths) * 2 ** len(shared)
        ),
        "The shared choices are added to the rest: each network makes them, so they multiply.": (
            sum(widths**depth for depth in depths) + sum(shared)
        ),
        "Blocks may have the same widths in another order: these are other networks.": (
            sum(math.comb(widths + depth - 1, depth) for depth in depths) * others
        ),
        "Blocks may have the same width: each chooses from all.": (
            sum(math.perm(widths, depth) for depth in depths) * others
        ),
        "This counts all depths between the first and the last: depths lists those that are allowed.": (
            sum(widths**depth for depth in range(min(depths), max(depths) + 1)) * others
        ),
        "The first depth alone is counted: all of them are in the space.": (
            widths ** depths[0] * others
        ),
        "The last depth alone is counted: all of them are in the space.": (
            widths ** depths[-1] * others
        ),
        "This counts depths from 1 on: depths lists those that are allowed.": (
            sum(widths ** (place + 1) for place in range(len(depths))) * others
        ),
        "The last depth is missing.": sum(widths**depth for depth in depths[:-1]) * others,
        "The first shared choice alone is counted: each of them multiplies the whole.": (
            sum(widths**depth for depth in depths) * (shared or [1])[0]
        ),
    }


@exercise(
    "03.3",
    "a space with skip connections",
    hints=(
        "Ask hp for all four values first, then build. One of the four is asked for in a "
        + "conditional_scope.",
        "The second block's filters depend on blocks: the scope names the parent, and lists the "
        + "values of the parent for which the block exists. The call stands there in every case.",
        "In the loop keep the block's input: x goes in, y comes out, and with skip the two meet in "
        + "layers.Concatenate()([...]), after x was halved by layers.AveragePooling2D(2).",
    ),
    given=2,
)
def skipping(answer: object, rng: np.random.Generator) -> str:
    import keras_tuner

    from nascourse import spaces

    hp = keras_tuner.HyperParameters()
    if not hasattr(model := network_of(answer, hp, ["filters_0"]), "layers"):
        raise Wrong(f"build returns {show(model)}: leave its last line, the network.")
    at_once = {entry.name for entry in hp.space}
    for blocks, skip in itertools.product((1, 2), (False, True)):  # see what other branches ask
        hp.values |= {"blocks": blocks, "skip": skip}
        for entry in hp.space:
            if hp.is_active(entry):
                hp.values.setdefault(entry.name, entry.default)
        needed = [f"filters_{block}" for block in range(blocks)]
        _right_layers(network_of(answer, hp, needed))
    _right_values(hp)
    if at_once != {entry.name for entry in hp.space}:
        raise Wrong(
            "With one block filters_1 is not even declared, so a search learns of it too late: ask "
            "for it in every call, in a scope that makes it inactive."
        )
    settings = spaces.settings(hp)
    if any("filters_1" in setting and setting["blocks"] == 1 for setting in settings):
        raise Wrong(
            f"The space has {len(settings)} settings, some of which differ in the filters of a "
            "second block that is not there: tie filters_1 to blocks with a conditional scope."
        )
    if any("filters_0" not in s or len(s) < 2 + s["blocks"] for s in settings):
        raise Wrong("Filters are missing where their block exists: look at the scope's values.")

    for setting in settings:
        with guarded(f"building {setting}"):
            assert callable(answer)  # `call` has run it
            model = spaces.built(answer, setting)
        require_no_extras(model)
        if not computes_as(model, _references(setting)):
            raise Wrong(_wrong_network(model, setting))
    return (
        f"{len(settings)} settings, and their fingerprints are all different: 2 with one block and "
        "2 x 2 with two, each with and without skip."
    )


def _references(setting: dict) -> Iterator[keras.Model]:
    """The network that is asked for, with each order in which what meets may be concatenated."""
    import keras

    layers = keras.layers
    blocks, skip = setting["blocks"], setting["skip"]
    for orders in itertools.product((1, -1), repeat=blocks if skip else 0):
        x = image = keras.Input((28, 28, 1))
        for block in range(blocks):
            y = layers.Conv2D(setting[f"filters_{block}"], 3, padding="same", activation="relu")(x)
            y = layers.MaxPooling2D(2)(y)
            if skip:
                y = layers.Concatenate()([y, layers.AveragePooling2D(2)(x)][:: orders[block]])
            x = y
        yield keras.Model(image, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))


def _right_values(hp) -> None:
    """Refuse other names and other values than the exercise asks for."""

    wanted = {
        "blocks": [1, 2],
        "skip": [False, True],
        "filters_0": [4, 8],
        "filters_1": [4, 8],
    }
    names = {entry.name for entry in hp.space}
    if names == {"blocks", "skip", "filters"}:
        raise Wrong(
            "Both blocks ask for the same name, so they always get the same filters: a "
            "hyperparameter is known by its name."
        )
    if names != set(wanted):
        raise Wrong(
            f"The space asks for {', '.join(sorted(names)) or 'nothing'}: it should ask for "
            "blocks, skip, filters_0 and filters_1."
        )
    for entry in hp.space:
        allowed = first_values(entry)
        if allowed != wanted[entry.name]:
            raise Wrong(f"{entry.name} can be {show(allowed)}: {wanted[entry.name]} was asked for.")


def _right_layers(model: keras.Model) -> None:
    """Refuse other layers than the exercise asks for, before they end in a message of Keras."""
    if any(type(layer).__name__ == "Add" for layer in model.layers):
        raise Wrong(
            "Here the two are added, which needs as many channels on both sides: concatenate them."
        )
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    if any(layer.kernel_size != (3, 3) or layer.padding != "same" for layer in convolutions):
        raise Wrong('A convolution here has a window of 3x3 and padding="same".')
    if any(layer.strides != (1, 1) for layer in convolutions):
        raise Wrong("A convolution here has no strides: the max pooling makes the image smaller.")


def _wrong_network(model: keras.Model, setting: dict) -> str:
    """Compare a network with its setting, and say where it departs."""
    kinds = [type(layer).__name__ for layer in model.layers]
    filters = [layer.filters for layer in model.layers if type(layer).__name__ == "Conv2D"]
    asked = [setting[f"filters_{block}"] for block in range(setting["blocks"])]
    if len(filters) != len(asked):
        return (
            f"For blocks={setting['blocks']} the number of convolutions is {len(filters)}: "
            "each block has one."
        )
    if filters != asked:
        return f"For {setting} the convolutions have {filters} filters."
    if kinds.count("MaxPooling2D") != len(asked):
        return (
            f"For {setting} the number of max poolings is {kinds.count('MaxPooling2D')}: each "
            "block ends in one."
        )
    if not has_relu(model, "Conv2D"):
        return "A convolution has no ReLU: without it two convolutions do no more than one."
    if not gives_ten_shares(model):
        return "The last layer is another one now: leave the last line as it is."
    meetings = kinds.count("Concatenate")
    if setting["skip"] and not meetings:
        return "With skip=True nothing is concatenated: skip changes nothing yet."
    if not setting["skip"] and meetings:
        return "Without skip something is concatenated all the same."
    if setting["skip"] and meetings != len(asked):
        return (
            f"With skip=True and {len(asked)} blocks the number of connections is {meetings}: "
            "each block has one."
        )
    if setting["skip"] and kinds.count("AveragePooling2D") != len(asked):
        return (
            f"For {setting} the number of average poolings is "
            f"{kinds.count('AveragePooling2D')}: each block's input is made smaller by one before "
            "the two meet."
        )
    if setting["skip"]:
        return (
            f"For {setting} what meets is not the block's input beside its output, at half the "
            "size: keep x until the two are concatenated."
        )
    return (
        f"For {setting} the layers are there, but not connected as described: convolution, ReLU, "
        "max pooling, and block after block."
    )


multiple_choice(
    "03.4",
    "which network is faster?",
    right="d",
    options={
        "a": "Thirty layers are thirty steps, each of which must be started: in this unit forty thin "
        "layers took far longer than two wide ones with as many FLOPs.",
        "b": "Fewer layers often help, but how much depends on the computer: it is a guess until "
        "someone looks.",
        "c": "That is one part of the time, and here a small one: the numbers between the layers must "
        "be moved as well, and nobody has said how many parameters there are.",
        "d": "Latency belongs to a network and a machine, so it is measured there: one image at a "
        "time, after a warm-up, many times.",
    },
    hints=(
        "Which of the four costs is measured and not counted?",
        "What did the pair of a wide and a deep network show?",
        "Three of the options decide without running anything.",
    ),
)
