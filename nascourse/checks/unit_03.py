"""Checkers of unit 03: the cost of a layer, the size of a space, a space, FLOPs and latency."""

from __future__ import annotations

import itertools
import math

import numpy as np

from nascourse.checks.core import Wrong, call, guarded, multiple_choice, number, numbers, show
from nascourse.checks.registry import exercise


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
    odd, even = 2 * rng.choice(np.arange(4, 9), 2, replace=False) + [1, 0]
    # Neither channels that equal a window nor two of them: some mistakes would look alike.
    channels, filters = int(rng.choice([4, 6, 7])), int(rng.integers(8, 13))
    plain = (int(even), int(odd), channels, filters, 3, 1)
    strided = (int(odd), int(even), channels, filters, 5, 2)
    for sizes in [plain, strided, (28, 28, 1, 8, 3, 1), (7, 7, 4, 6, 1, 3)]:
        result = numbers(call(answer, *sizes), 2, "the pair of parameters and FLOPs")
        if np.array_equal(result, _counted(*sizes)):
            continue
        for mistake, sentence in _wrong_costs(*sizes):
            if np.array_equal(result, mistake):
                raise Wrong(sentence)
        for place, what, mistakes in zip((0, 1), ("parameters", "FLOPs"), _single_mistakes(*sizes)):
            if result[place] == _counted(*sizes)[place]:
                continue
            for value, sentence in mistakes:
                if np.isclose(result[place], value):
                    raise Wrong(sentence)
            raise Wrong(
                f"conv_cost{sizes} gives {result[place]:,.10g} {what}, and Keras's layer has "
                "another number."
            )
    return "The image's size is in the FLOPs alone: on a larger image the same weights work longer."


def _counted(
    height: int, width: int, channels: int, filters: int, window: int, stride: int
) -> tuple[int, int]:
    """What the course counts for Keras's own layer."""
    import keras

    from nascourse import evaluation

    image = keras.Input((height, width, channels))
    layer = keras.layers.Conv2D(filters, window, stride, padding="same")
    model = keras.Model(image, layer(image))
    return evaluation.count_params(model), evaluation.count_flops(model)


def _wrong_costs(height, width, channels, filters, window, stride):
    """Mistakes that are in both numbers, as pairs of what they give and what to say."""
    right = _counted(height, width, channels, filters, window, stride)
    yield right[::-1], "This returns the FLOPs first: the parameters come first."
    yield (
        _counted(height, width, 1, filters, window, stride),
        "This leaves the input's channels out: a filter is as deep as its input.",
    )
    inputs = window * channels
    outputs = math.ceil(height / stride) * math.ceil(width / stride) * filters
    yield (
        (filters * (inputs + 1), outputs * (2 * inputs + 1)),
        "This counts one side of the window only: 3x3 pixels are nine.",
    )


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
    widths = int(rng.integers(4, 7))
    shared = [int(values) for values in rng.integers(2, 5, size=3)]
    for case in [
        ([1, 2], widths, [2, 5]),  # here all mistakes below differ
        ([2, 4], widths, shared),
        ([3], 2, [5]),
        ([0, 1], 3, [2]),
        ([1, 2, 3], 2, []),
    ]:
        result = number(call(answer, *case), "the size")
        if result == _brute_force(*case):
            continue
        for value, sentence in _wrong_sizes(*case):
            if result == value:
                raise Wrong(sentence)
        raise Wrong(
            f"space_size{case} gives {result:,.10g}, and listing all settings gives another number."
        )
    return "Each further block multiplies the largest part, each further choice multiplies all."


def _brute_force(depths: list[int], widths: int, shared: list[int]) -> int:
    """List all settings, and count them."""
    return sum(
        1
        for depth in depths
        for _ in itertools.product(*[range(widths)] * depth, *map(range, shared))
    )


def _wrong_sizes(depths: list[int], widths: int, shared: list[int]):
    """What the plausible mistakes give, and what to say."""
    others = math.prod(shared)
    yield (
        len(depths) * widths ** max(depths) * others,
        "This gives every network the widths of the deepest: a block that is not built has none.",
    )
    yield (
        math.prod(widths**depth for depth in depths) * others,
        "This multiplies the depths with each other: they exclude one another, so they are added.",
    )
    yield (
        widths ** max(depths) * others,
        "This counts the deepest networks only: the others are in the space, too.",
    )
    yield (
        sum(widths * depth for depth in depths) * others,
        "This adds up the widths of the blocks: each block chooses on its own, so they multiply.",
    )
    yield (
        len(depths) * widths * others,
        "This gives all blocks of a network the same width: each chooses its own.",
    )
    yield (
        sum(widths**depth for depth in depths) * sum(shared),
        "This adds the shared choices up: each is made whatever the others are, so they multiply.",
    )
    yield (
        sum(widths**depth for depth in depths) + others,
        "This adds the shared choices to the rest: each network makes them, so they multiply.",
    )
    yield (
        sum(widths**depth for depth in depths),
        "This leaves the shared choices out.",
    )
    yield (
        sum(depth**widths for depth in depths) * others,
        "Here the power is upside down: two blocks with three widths each are 3 x 3, not 2 x 2 x 2.",
    )


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
)
def skipping(answer: object, rng: np.random.Generator) -> str:
    import keras_tuner

    from nascourse import spaces

    hp = keras_tuner.HyperParameters()
    if not hasattr(model := call(answer, hp), "layers"):
        raise Wrong(f"build returns {show(model)}: leave its last line, the network.")
    at_once = {entry.name for entry in hp.space}
    for blocks, skip in itertools.product((1, 2), (False, True)):  # see what other branches ask
        hp.values |= {"blocks": blocks, "skip": skip}
        for entry in hp.space:
            if hp.is_active(entry):
                hp.values.setdefault(entry.name, entry.default)
        _right_layers(call(answer, hp))
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

    seen: dict[str, dict] = {}
    for setting in settings:
        with guarded(f"building {setting}"):
            assert callable(answer)  # `call` has run it
            model = spaces.built(answer, setting)
            mark = spaces.fingerprint(model)
        _right_network(model, setting)
        if mark in seen:
            raise Wrong(f"{setting} and {seen[mark]} build the same network.")
        seen[mark] = setting
    return (
        f"{len(settings)} settings, and their fingerprints are all different: 2 with one block and "
        "2 x 2 with two, each with and without skip."
    )


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
        with guarded(f"reading the values of {entry.name}"):
            allowed = sorted(entry.values)
        if allowed != wanted[entry.name]:
            raise Wrong(f"{entry.name} can be {show(allowed)}: {wanted[entry.name]} was asked for.")


def _right_layers(model) -> None:
    """Refuse other layers than the exercise asks for."""
    if any(type(layer).__name__ == "Add" for layer in model.layers):
        raise Wrong(
            "Here the two are added, which needs as many channels on both sides: concatenate them."
        )
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    if any(layer.kernel_size != (3, 3) or layer.padding != "same" for layer in convolutions):
        raise Wrong('A convolution here has a window of 3x3 and padding="same".')
    if any(layer.activation.__name__ != "relu" for layer in convolutions):
        raise Wrong("A convolution has no ReLU: without it two convolutions do no more than one.")


def _right_network(model, setting: dict) -> None:
    """Compare a network with its setting, and say where it departs."""
    kinds = [type(layer).__name__ for layer in model.layers]
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    asked = [setting[f"filters_{block}"] for block in range(setting["blocks"])]
    if len(convolutions) != len(asked):
        raise Wrong(
            f"For blocks={setting['blocks']} the network has {len(convolutions)} convolutions: "
            "each block has one."
        )
    if [layer.filters for layer in convolutions] != asked:
        raise Wrong(
            f"For {setting} the convolutions have {[layer.filters for layer in convolutions]} "
            "filters."
        )
    if kinds.count("MaxPooling2D") != len(asked):
        raise Wrong(
            f"For {setting} there are {kinds.count('MaxPooling2D')} max poolings: each "
            "block ends in one."
        )
    meetings = kinds.count("Concatenate")
    if setting["skip"] and not meetings:
        raise Wrong("With skip=True nothing is concatenated: skip changes nothing yet.")
    if not setting["skip"] and meetings:
        raise Wrong("Without skip something is concatenated all the same.")
    if setting["skip"] and meetings != len(asked):
        raise Wrong(
            f"With skip=True and {len(asked)} blocks there are {meetings} connections: each "
            "block has one."
        )
    channels = np.cumsum([1, *asked]) if setting["skip"] else np.array([1, *asked])
    features = 49 if len(asked) == 2 else 196
    expected = sum(9 * before * filters + filters for before, filters in zip(channels, asked))
    expected += (features * int(channels[-1]) + 1) * 10
    if model.count_params() != expected:
        what = (
            "what meets is not the block's input beside its output, at half the size"
            if (setting["skip"])
            else "the layers are not connected as described"
        )
        raise Wrong(
            f"For {setting} the network has {model.count_params():,} parameters, so {what}."
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
