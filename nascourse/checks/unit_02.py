"""Checkers of unit 02: the incumbent, the arithmetic of luck, a space, a fair comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nascourse.checks.cases import compare
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
    fixed = [
        [0.90, 0.95, 0.93],  # the example
        [0.3, 0.7, 0.8, 0.2, 0.6, 0.1, 0.9, 0.4],
        [0.5, 0.5, 0.4, 0.5, 0.6],
        [0.4, 0.3, 0.2],
        [0.1, 0.2],
        [0.75],
        [],
    ]
    fresh = [(rng.integers(0, 1000, rng.integers(1, 6)) / 1000).tolist() for _ in range(60)]
    compare(
        answer,
        [(accuracies,) for accuracies in fixed + fresh],
        np.maximum.accumulate,
        read=lambda value: numbers(value, what="the list of incumbents"),
        mistakes=_wrong_incumbents,
        clue="The best of all trials up to this one is meant.",
    )
    return "The staircase never falls: a search cannot lose what it has found."


def _wrong_incumbents(accuracies: list[float]) -> dict[str, object]:
    best = np.maximum.accumulate(accuracies)
    steps = [each for place, each in enumerate(best) if place == 0 or each > best[place - 1]]
    one_back = [max(accuracies[max(end - 1, 0) : end + 1]) for end in range(len(accuracies))]
    places = [int(np.argmax(accuracies[: end + 1])) for end in range(len(accuracies))]
    return {
        "This keeps the lowest accuracy so far: the incumbent is the network with the highest.": (
            np.minimum.accumulate(accuracies)
        ),
        "This knows the best of all trials from the start: a search can only look back.": (
            [max(accuracies, default=0)] * len(accuracies)
        ),
        "This sorts the trials: keep them in the order in which they ran.": np.sort(accuracies),
        "These are the accuracies as they came: where one is worse than before, nothing falls.": (
            accuracies
        ),
        "This looks one trial back only: the best may have been long before.": one_back,
        "Each trial has an incumbent, the first one too: there are as many values as trials.": (
            best[1:]
        ),
        "Only the steps of the staircase are here: write the incumbent down after each trial, "
        "also where it stays.": steps,
        "These are the numbers of the trials: the accuracies are asked for.": places,
        "This is the best before each trial: the trial itself counts as well.": (
            np.r_[0, best[:-1]] if accuracies else []
        ),
        "This looks ahead, at the trials that are still to come: look back.": (
            [max(accuracies[place:]) for place in range(len(accuracies))]
        ),
        "This looks one trial ahead: count the trials up to this one.": (
            [max(accuracies[: place + 2]) for place in range(len(accuracies))]
        ),
        "This looks two trials back only: the best may have been long before.": (
            [max(accuracies[max(place - 2, 0) : place + 1]) for place in range(len(accuracies))]
        ),
        "This sorts the trials downward: keep them in the order in which they ran.": (
            sorted(accuracies, reverse=True)
        ),
        "The start value is in the list: there is one value for each trial.": np.r_[0, best],
        "The best so far starts at 0.5 here: it starts with the first trial.": (
            np.maximum(best, 0.5)
        ),
        "These are the numbers of the trials, from 1: the accuracies are asked for.": (
            [place + 1 for place in places]
        ),
        "These are sums: the incumbent is the best.": np.cumsum(accuracies),
        "These are products: the incumbent is the best.": np.cumprod(accuracies),
        "Without any trial the list is empty.": list(best) or [0],
        "These are the means so far: the incumbent is the best.": (
            np.cumsum(accuracies) / np.arange(1, len(accuracies) + 1)
        ),
    }


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
    fixed = [(2, 0.5), (3, 0.2), (7, 0.15), (1, 0.25), (0, 0.25), (7, 1.0), (7, 0.0), (60, 0.05)]
    fresh = [(int(rng.integers(1, 9)), round(rng.uniform(0.1, 0.9), 3)) for _ in range(40)]
    compare(
        answer,
        fixed + fresh,
        lambda draws, share: 1 - math.prod([1 - share] * draws),
        read=lambda value: number(value, "the chance"),
        mistakes=_wrong_chances,
        clue="How likely is it that no draw hits?",
    )
    return (
        "The size of the space does not matter: 60 trials hit the best 5 percent of any space with a "
        "chance of 95 percent."
    )


def _wrong_chances(draws: int, share: float) -> dict[str, float]:
    hits = 1 - (1 - share) ** draws
    return {
        "This adds the chances up, and 21 trials of 5 percent are no 105 percent: ask how likely it "
        "is that all of them miss.": draws * share,
        "This adds the chances up and stops at 1: ask how likely it is that all of them miss.": (
            min(draws * share, 1)
        ),
        "This is the chance that every trial misses: you want the opposite.": 1 - hits,
        "This is the chance that every trial hits: one hit is enough.": share**draws,
        "This is the chance that not every trial hits: you want the chance that not every trial "
        "misses.": 1 - share**draws,
        "This counts one trial too few.": 1 - (1 - share) ** max(draws - 1, 0),
        "This counts one trial too many.": 1 - (1 - share) ** (draws + 1),
        "This is in percent: return a chance from 0 to 1.": 100 * hits,
        "This is the chance of exactly one hit: two hits are welcome as well.": (
            draws * share * (1 - share) ** max(draws - 1, 0)
        ),
        "This is near for small shares alone: compute it exactly, by the chance that all miss.": (
            1 - math.exp(-draws * share)
        ),
        "This is the chance that the last draw alone hits: any of them may.": (
            share * (1 - share) ** max(draws - 1, 0)
        ),
        "The share is always 5 percent here: use the one that is given.": 1 - 0.95**draws,
        "The number of draws is always the same here: use the one that is given.": (
            1 - (1 - share) ** 20
        ),
        "The share is divided by 100, and it is no percentage.": 1 - (1 - share / 100) ** draws,
        "This adds the chances that 1, 2 and more draws all hit: ask that not all miss.": (
            sum(share**n for n in range(1, draws + 1))
        ),
        "Number and share are mixed up: the chance to miss is raised to the number of draws.": (
            1 - abs(1 - draws) ** share
        ),
        "This multiplies the chance to miss by the number of draws: raise it to that power.": (
            1 - (1 - share) * draws
        ),
    }


@exercise(
    "02.3",
    "a space with a condition",
    hints=(
        "The build_small_cnn of the unit does the same with blocks and filters.",
        "Ask hp for layers and for both widths in every call, and only then build, in a loop.",
        "Each layer's width has a name of its own. The second one is asked for inside a "
        + "conditional_scope, whose two arguments are the name of the parent, and the list of the "
        + "parent's values for which there is a second layer.",
    ),
    given=4,
)
def conditional_space(answer: object, rng: np.random.Generator) -> str:
    import keras
    import keras_tuner

    from nascourse import spaces

    # As KerasTuner does it: one object sees all branches of the build function.
    hp = keras_tuner.HyperParameters()
    names_by_layers = []
    for layers in (1, 2):
        hp.values["layers"] = layers
        hp.ensure_active_values()
        needed = [f"units_{layer}" for layer in range(layers)]
        if not isinstance(model := network_of(answer, hp, needed), keras.Model):
            raise Wrong(f"build_dense returns {show(model)}: leave its last line, the network.")
        names_by_layers.append({entry.name for entry in hp.space})
    at_once, names = names_by_layers
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
        allowed = first_values(entry)
        if allowed != values:
            raise Wrong(f"{entry.name} can be {show(allowed)}: it should be one of {values}.")

    if at_once != names:
        raise Wrong(
            "With one layer units_1 is not even declared, so a search learns of it too late: ask "
            "for it in every call, in a scope that makes it inactive."
        )
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
        require_no_extras(model)
        asked = [setting[name] for name in ("units_0", "units_1") if name in setting]
        if not computes_as(model, [_dense(asked)], top=255):
            raise Wrong(_wrong_layers(model, setting, asked))
    return "2 settings with one layer and 2 x 2 with two make 6: independent choices multiply."


def _dense(widths: list[int]) -> keras.Model:
    """The network of the exercise with hidden layers of these widths."""
    import keras

    image = keras.Input((28, 28, 1), dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    for width in widths:
        x = keras.layers.Dense(width, activation="relu")(x)
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))


def _wrong_layers(model: keras.Model, setting: dict, asked: list[int]) -> str:
    """Where a network departs from its setting."""
    widths = [layer.units for layer in model.layers if type(layer).__name__ == "Dense"]
    if len(widths) != len(asked) + 1:
        return (
            f"For layers={setting['layers']} the number of hidden layers is {len(widths) - 1}: "
            "build as many as the search chose."
        )
    if widths[:-1] != asked:
        return f"For {setting} the hidden layers have the widths {widths[:-1]}."
    if not has_relu(model, "Dense"):
        return "A hidden layer has no ReLU: without it two dense layers do no more than one."
    if not gives_ten_shares(model):
        return "The last layer is another one now: leave the last line as it is."
    if not any(type(layer).__name__ == "Rescaling" for layer in model.layers):
        return "The pixels are not rescaled any more: leave the first lines as they are."
    return (
        f"For {setting} the layers are there, but not connected as described: each takes what the "
        "one before it gives, and the first and the last lines stay as they are."
    )


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
