"""Plausible wrong answers to the exercises of unit 02, and words of the sentence that each gets."""

import keras
import numpy as np


def sorts_in_place(accuracies):
    accuracies.sort()
    return accuracies


def prints(accuracies):
    print(np.maximum.accumulate(accuracies))


def from_the_second(accuracies):
    return [max(accuracies[: trial + 1]) for trial in range(1, len(accuracies))]


def dense(units_of, depth=None, activation="relu"):
    """A space whose hidden layers are as wide as `units_of` asks for."""

    def build(hp):
        layers = hp.Choice("layers", [1, 2])
        widths = units_of(hp, layers)[: depth or layers]
        image = keras.Input((28, 28, 1), dtype="uint8")
        x = keras.layers.Rescaling(1 / 255)(image)
        x = keras.layers.Flatten()(x)
        for width in widths:
            x = keras.layers.Dense(width, activation=activation)(x)
        return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))

    return build


def two(hp, layers, values=(16, 32), first=(1, 2), second=(2,)):
    with hp.conditional_scope("layers", list(first)):
        units_0 = hp.Choice("units_0", list(values))
    with hp.conditional_scope("layers", list(second)):
        units_1 = hp.Choice("units_1", list(values))
    return [units_0 or 16, units_1 or 16]


def bare(hp, layers, scope):
    """As a learner writes it who expects the right scope: without a way out where it is None."""
    units = [hp.Choice("units_0", [16, 32])]
    with hp.conditional_scope("layers", scope):
        units.append(hp.Choice("units_1", [16, 32]))
    return units


def scope_and_if(hp, layers):
    return bare(hp, layers, [2]) if layers == 2 else [hp.Choice("units_0", [16, 32])]


def no_network(hp):
    return hp.Choice("layers", [1, 2])


WRONG = {
    "02.1": {
        "min for max": (np.minimum.accumulate, "lowest"),
        "the best of all": (lambda a: [max(a, default=0)] * len(a), "from the start"),
        "sorted": (sorted, "sorts"),
        "unchanged": (list, "as they came"),
        "one back": (lambda a: [max(a[max(i - 1, 0) : i + 1]) for i in range(len(a))], "one trial"),
        "first one missing": (from_the_second, "the first one too"),
        "positions": (
            lambda a: [int(np.argmax(a[: i + 1])) for i in range(len(a))],
            "numbers of the trials",
        ),
        "one number": (max, "list or an array"),
        "changes its input": (sorts_in_place, "changes what it is given"),
        "prints": (prints, "prints"),
        "called": ([0.9, 0.95], "not a function"),
    },
    "02.2": {
        "added up": (lambda n, share: n * share, "adds the chances up"),
        "all miss": (lambda n, share: (1 - share) ** n, "every trial misses"),
        "all hit": (lambda n, share: share**n, "every trial hits"),
        "not all hit": (lambda n, share: 1 - share**n, "not every trial hits"),
        "one trial too few": (lambda n, share: 1 - (1 - share) ** (n - 1), "one trial too few"),
        "percent": (lambda n, share: 100 * (1 - (1 - share) ** n), "percent: return"),
        "exactly one": (lambda n, share: n * share * (1 - share) ** (n - 1), "exactly one"),
        "capped": (lambda n, share: min(n * share / 2, 1.0), "no draw hits"),
        "text": (lambda n, share: "95%", "one number"),
    },
    "02.3": {
        "no scope": (
            dense(lambda hp, layers: [hp.Choice(f"units_{i}", [16, 32]) for i in range(2)]),
            "8 settings",
        ),
        "an if, but no scope": (
            dense(lambda hp, layers: [hp.Choice(f"units_{i}", [16, 32]) for i in range(layers)]),
            "not even declared",
        ),
        "a scope in an if": (dense(scope_and_if), "not even declared"),
        "the scope of the other value": (
            dense(lambda hp, layers: bare(hp, layers, [1])),
            "units_1 is None in a network that needs it",
        ),
        "one name for both": (
            dense(lambda hp, layers: [hp.Choice("units", [16, 32])] * 2),
            "same name",
        ),
        "other names": (
            dense(lambda hp, layers: [hp.Choice(f"width_{i}", [16, 32]) for i in range(2)]),
            "layers, width_0, width_1",
        ),
        "other values": (
            dense(lambda hp, layers: two(hp, layers, values=(16, 64))),
            "units_0 can be [16, 64]",
        ),
        "a range without an end": (
            dense(lambda hp, layers: [hp.Int(f"units_{i}", 16, 10**9) for i in range(2)]),
            "can be [16, 17, 18, ",
        ),
        "first layer only where alone": (
            dense(lambda hp, layers: two(hp, layers, first=(1,))),
            "units_0 is missing",
        ),
        "second layer for no depth": (
            dense(lambda hp, layers: two(hp, layers, second=(3,))),
            "units_1 is missing",
        ),
        "always two layers": (dense(two, depth=2), "hidden layers is 2"),
        "widths the other way round": (
            dense(lambda hp, layers: two(hp, layers)[:layers][::-1]),
            "the widths [",
        ),
        "no activation": (dense(two, activation=None), "ReLU"),
        "no network": (no_network, "returns 1"),
    },
    "02.4": {
        "one run each": ("a", "two dice"),
        "the best of ten": ("b", "luckiest"),
        "by the test set": ("d", "test images"),
        "an option that is none": ("e", "none of the options"),
    },
}
