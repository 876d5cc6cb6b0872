"""Checkers of unit 02: the incumbent, the arithmetic of luck, a space, a fair comparison."""

from __future__ import annotations

import numpy as np

from nascourse.checks.core import Wrong, call, guarded, multiple_choice, number, numbers, show
from nascourse.checks.registry import exercise


@exercise(
    "02.1",
    "the incumbent by hand",
    hints=(
        "After each trial, ask: is this one better than all before it?",
        "Walk through the trials, remember the best so far, and write it down at every step.",
        "The result is as long as the input. The first value is the first accuracy; each later one "
        + "is the larger of two: the new accuracy, and the value that you wrote down last.",
    ),
)
def incumbent(answer: object, rng: np.random.Generator) -> str:
    fresh = [_rising_and_falling(rng, length) for length in (9, 5)]
    for accuracies in [*fresh, [0.5, 0.5, 0.4], [0.9], []]:
        result = numbers(call(answer, accuracies), what="the list of incumbents")
        expected = np.maximum.accumulate(accuracies)
        if len(result) != len(expected):
            raise Wrong(
                f"{len(accuracies)} trials give {len(result)} values: each trial has an incumbent, "
                "the first one too."
            )
        if not np.array_equal(result, expected):
            raise Wrong(_wrong_incumbents(result, np.array(accuracies)))
    return "The staircase never falls: a search cannot lose what it has found."


def _rising_and_falling(rng: np.random.Generator, length: int) -> list[float]:
    """Different accuracies, the best in the middle, so that the plausible mistakes differ."""
    values = np.sort(rng.choice(np.arange(100, 999), length, replace=False)) / 1000
    return [float(value) for value in [*values[1::2], *values[::2]]]


def _wrong_incumbents(result: np.ndarray, accuracies: np.ndarray) -> str:
    if np.array_equal(result, np.minimum.accumulate(accuracies)):
        return (
            "This keeps the lowest accuracy so far: the incumbent is the network with the highest."
        )
    if np.all(result == accuracies.max()):
        return "This knows the best of all trials from the start: a search can only look back."
    if np.array_equal(result, np.sort(accuracies)):
        return "This sorts the trials: keep them in the order in which they ran."
    if np.array_equal(result, accuracies):
        return (
            "These are the accuracies as they came: where one is worse than before, nothing falls."
        )
    if np.array_equal(result, np.maximum(accuracies, np.r_[0, accuracies[:-1]])):
        return "This looks one trial back only: the best may have been long before."
    return (
        f"For the trials {accuracies.tolist()} the result {result.tolist()} is not the best so far."
    )


@exercise(
    "02.2",
    "how many trials does luck need?",
    hints=(
        "It is easier to find the chance that no trial hits.",
        "All trials must miss for that, independently: multiply the chance to miss by itself.",
        "The chance to miss once is what is missing to 1. Raise it to the number of trials: that is "
        + "the chance that all miss. The chance that not all miss is what is missing to 1 again.",
    ),
)
def luck(answer: object, rng: np.random.Generator) -> str:
    fresh = [(int(rng.integers(3, 8)), round(rng.uniform(0.1, 0.3), 3)) for _ in range(3)]
    for draws, share in [*fresh, (1, 0.25), (0, 0.25), (7, 1.0), (7, 0.0)]:
        result = number(call(answer, draws, share), "the chance")
        if np.isclose(result, 1 - (1 - share) ** draws):
            continue
        mistakes = {
            draws
            * share: "This adds the chances up, and 21 trials of 5 percent are no 105 percent:"
            " ask how likely it is that all of them miss.",
            (1 - share)
            ** draws: "This is the chance that every trial misses: you want the opposite.",
            share**draws: "This is the chance that every trial hits: one hit is enough.",
            1 - share**draws: "This is the chance that not every trial hits: you want the chance "
            "that not every trial misses.",
            1 - (1 - share) ** (draws - 1): "This counts one trial too few.",
            100 * (1 - (1 - share) ** draws): "This is in percent: return a chance from 0 to 1.",
            draws * share * (1 - share) ** (draws - 1): "This is the chance of exactly one hit: "
            "two hits are welcome as well.",
        }
        for value, sentence in mistakes.items():
            if np.isclose(result, value, rtol=1e-9, atol=0):
                raise Wrong(sentence)
        raise Wrong(f"For {draws} trials and the share {share}, {result:.4g} is not the chance.")
    return (
        "The size of the space does not matter: 60 trials hit the best 5 percent of any space with a "
        "chance of 95 percent."
    )


@exercise(
    "02.3",
    "a space with a condition",
    hints=(
        "The build_small_cnn of the unit does the same with blocks and filters.",
        "Ask hp for layers first. Then each layer asks for its own units, in a loop.",
        "Each layer's width has a name of its own and is asked for inside a conditional_scope. Its "
        + "two arguments are the name of the parent, and the list of the parent's values for which "
        + "this layer exists: two values for the first layer, one for the second.",
    ),
)
def conditional_space(answer: object, rng: np.random.Generator) -> str:
    import keras
    import keras_tuner

    from nascourse import spaces

    # As KerasTuner does it: one object sees all branches of the build function.
    hp = keras_tuner.HyperParameters()
    for layers in (1, 2):
        hp.values["layers"] = layers
        hp.ensure_active_values()
        if not isinstance(model := call(answer, hp), keras.Model):
            raise Wrong(f"build_dense returns {show(model)}: leave its last line, the network.")
    names = {entry.name for entry in hp.space}
    if names == {"layers", "units"}:
        raise Wrong(
            "Both layers ask for the same name, so they always get the same width: a hyperparameter "
            "is known by its name."
        )
    if names != {"layers", "units_0", "units_1"}:
        raise Wrong(
            f"The space asks for {', '.join(sorted(names)) or 'nothing'}: it should ask for "
            "layers, units_0 and units_1."
        )
    for entry in hp.space:
        values = {"layers": [1, 2]}.get(entry.name, [16, 32])
        with guarded(f"reading the values of {entry.name}"):
            allowed = sorted(entry.values)
        if allowed != values:
            raise Wrong(f"{entry.name} can be {show(allowed)}: it should be one of {values}.")

    settings = spaces.settings(hp)
    if any("units_0" not in setting for setting in settings):
        raise Wrong("units_0 is missing where there is one layer: every network has a first layer.")
    if any("units_1" in setting and setting["layers"] == 1 for setting in settings):
        raise Wrong(
            f"The space has {len(settings)} settings, as units_1 counts even where there is no "
            "second layer: tie it to its parent with a conditional scope."
        )
    if any("units_1" not in setting and setting["layers"] == 2 for setting in settings):
        raise Wrong("units_1 is missing where there are two layers: look at the scope's values.")

    for setting in settings:
        with guarded(f"building {setting}"):
            assert callable(answer)  # `call` has run it
            model = spaces.built(answer, setting)
        kinds = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        widths = [layer.units for layer in kinds]
        asked = [setting[name] for name in ("units_0", "units_1") if name in setting]
        if len(widths) != len(asked) + 1:
            raise Wrong(
                f"For layers={setting['layers']} the network has {len(widths) - 1} hidden layers: "
                "build as many as the search chose."
            )
        if widths[:-1] != asked:
            raise Wrong(f"For {setting} the hidden layers have the widths {widths[:-1]}.")
        if any(layer.activation is not keras.activations.relu for layer in kinds[:-1]):
            raise Wrong(
                "A hidden layer has no ReLU: without it two dense layers do no more than one."
            )
    return "2 settings with one layer and 2 x 2 with two make 6: independent choices multiply."


multiple_choice(
    "02.4",
    "which strategy won?",
    right="c",
    options={
        "a": "An equal budget is fair, but one run each compares two dice: in this unit the middle half "
        "of the random searches was wider than this gap.",
        "b": "The best of ten runs shows who was luckiest, and it grows with the number of runs: look "
        "at all of them.",
        "c": "A difference counts when it is large beside the spread between seeds, and only then is "
        "it the strategy's.",
        "d": "The test images would then have made a choice, and could no longer judge its result; "
        "the luck of the seed is in their answer just the same.",
    },
    hints=(
        "Would the colleague have found the same gap with seed 2?",
        "How far apart are two random searches that differ in nothing but the seed?",
        "Two options run more seeds. One of them throws away what the seeds have shown.",
    ),
)
