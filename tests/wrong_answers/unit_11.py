"""Plausible wrong answers to the exercises of unit 11, and words of the sentence that each gets."""

import keras
import keras_tuner
import numpy as np

from nascourse import spaces, trials
from nascourse.evaluation import accuracy_interval


def off_diagonal(matrix):
    return np.where(np.eye(len(matrix), dtype=bool), 0, matrix)


def pair(matrix):
    return np.unravel_index(matrix.argmax(), matrix.shape)


def in_place(matrix):
    np.fill_diagonal(matrix, 0)
    return pair(matrix)


def prints(matrix):
    print(pair(off_diagonal(matrix)))


def equal(table, n_images):
    low, _ = accuracy_interval(table["val_accuracy"].max(), n_images)
    return table[table["val_accuracy"] >= low]


def within_three(table, n_images):
    rows = table[table["val_accuracy"] >= table["val_accuracy"].max() - 3 / n_images]
    return rows.loc[rows["n_params"].idxmin(), "trial"]


WRONG = {
    "11.1": {
        "the diagonal": (pair, "diagonal out"),
        "swapped": (lambda m: pair(off_diagonal(m).T), "wrong way round"),
        "a position": (lambda m: off_diagonal(m).argmax(), "flattened"),
        "both directions": (lambda m: pair(np.triu(m + m.T, 1)), "both directions"),
        "the smallest count": (
            lambda m: pair(-off_diagonal(m) - 99 * np.eye(len(m))),
            "larger count",
        ),
        "changes the matrix": (in_place, "changes what it is given"),
        "prints": (prints, "prints"),
        "the count": (lambda m: off_diagonal(m).max(), "list or an array"),
    },
    "11.2": {
        "the best": (lambda t, n: t.loc[t["val_accuracy"].idxmax(), "trial"], "most accurate"),
        "the smallest": (
            lambda t, n: t.loc[t["n_params"].idxmin(), "trial"],
            "smallest network of all",
        ),
        "always 800 images": (
            lambda t, n: t.loc[equal(t, 800)["n_params"].idxmin(), "trial"],
            "whatever n_images says",
        ),
        "three images": (within_three, "a few images below"),
        "the row's position": (
            lambda t, n: equal(t, n)["n_params"].idxmin(),
            "position in the table",
        ),
        "the next best": (
            lambda t, n: equal(t, n).sort_values("n_params")["trial"].iloc[1],
            "still smaller",
        ),
        "the largest": (lambda t, n: t.loc[t["n_params"].idxmax(), "trial"], "neither"),
        "the row": (lambda t, n: t.loc[equal(t, n)["n_params"].idxmin()], "one number"),
    },
    "11.3": {
        "too sure": ("a", "all digits"),
        "the best of ten": ("c", "chosen by them"),
        "validation": ("d", "winner"),
        "no option": (1, "none of the options"),
    },
}


def report(**changes):
    """A report that is complete, but for these changes."""
    counts = {"a": {"training": 60, "validation": 20, "test": 70}}
    counts["b"] = {"training": 20, "validation": 10, "test": 30}
    facts = {
        "counts": counts,
        "space": [{"hyperparameter": "blocks", "values": "1, 2", "only if": ""}],
        "strategy": "greedy",
        "max_trials": 2,
        "epochs": 5,
        "seed": 0,
        "trials": [{"trial": 1}, {"trial": 2}],
        "trial": 2,
        "reason": "It is the smallest one within the interval.",
        "found": "yes",
        "objective_value": 0.9,
        "test_accuracy": 0.95,
        "test_images": 100,
        "test_accuracy_95_percent": [0.8882, 0.9785],
        "majority_accuracy": 0.7,
        "times_opened": 1,
        "n_params": 1000,
        "latency_ms_median": 1.0,
        "machine": "a laptop",
        "limits": ["one seed"],
        "versions": {"keras": "3.12.4"},
    }
    return {**facts, **changes}


def network(hp, image_shape, classes, *, compiled=True, dtype="uint8", **faults):
    image = keras.Input(image_shape, dtype=dtype)
    x = image if faults.get("raw") else keras.layers.Rescaling(1 / 255)(image)
    for _ in range(hp.Choice("halvings", [1, 2, 3, faults.get("most", 4)], default=1)):
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    if compiled:
        return spaces.classifier(image, x, classes)
    return keras.Model(image, keras.layers.Dense(classes)(x))


def unused(hp, image_shape, classes):
    hp.Choice("filters", [8, 16, 32, 64])
    return network(keras_tuner.HyperParameters(), image_shape, classes)


def by_macro_f1():
    """A table in which the most accurate trials are far apart by another objective."""
    table = trials.recorded("random_cnn").head(3).assign(val_accuracy=[0.96, 0.96, 0.95])
    table["val_macro_f1"] = [0.66, 0.95, 0.70]
    table.attrs["objective"] = ("val_macro_f1", "max")
    return table


def choice(trial, reason="It is the best trial of this search.", table=None):
    return {
        "table": trials.recorded("random_cnn") if table is None else table,
        "n_images": 800,
        "trial": trial,
        "reason": reason,
    }


def best():
    return trials.best(trials.recorded("random_cnn"))["trial"]


def worst():
    table = trials.recorded("random_cnn").set_index("trial")
    return table["val_accuracy"].idxmin()


def kept(value, accuracy=0.956):
    return {"accuracy": accuracy, "n_images": 1_000, "promise": 0.95, "kept": value}


WRONG |= {
    "11.4": {
        "no reason": (report(reason=""), "your reason"),
        "one word": (report(reason="best"), "your reason"),
        "no openings": (report(times_opened=0), "how often"),
        "an interval by eye": (
            report(test_accuracy_95_percent=[0.94, 0.96]),
            "not the 95% interval",
        ),
        "a share of all images": (report(majority_accuracy=0.75), "does not follow"),
        "a share by eye": (report(majority_accuracy=0.69), "does not follow"),
        "the most frequent in the test": (
            report(
                counts={
                    "a": {"training": 60, "validation": 20, "test": 30},
                    "b": {"training": 20, "validation": 10, "test": 70},
                }
            ),
            "nobody knows beforehand",
        ),
        "much is missing": ({"test_accuracy": 0.95}, "and 17 more"),
        "no report": ("report.md", "no dict"),
    },
    "11.5": {
        "most of them judge": (0.6, "More than half"),
        "hardly any": (0.05, "a tenth"),
        "percent": (20, "no share"),
        "a pair": ((0.2, 0.2), "one number"),
    },
    "11.6": {
        "a fixed shape": (
            lambda hp, image_shape, classes: network(hp, (8, 8, 1), 10),
            "image_shape",
        ),
        "ten outputs": (lambda hp, image_shape, classes: network(hp, image_shape, 10), "2 outputs"),
        "not compiled": (
            lambda hp, image_shape, classes: network(hp, image_shape, classes, compiled=False),
            "not compiled",
        ),
        "one network": (
            lambda hp, image_shape, classes: spaces.classifier(
                image := keras.Input(image_shape, dtype="uint8"),
                keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image)),
                classes,
            ),
            "1 configurations",
        ),
        "nothing that hp chooses": (unused, "the same network"),
        "too many halvings": (
            lambda hp, image_shape, classes: network(hp, image_shape, classes, most=6),
            "nothing is left",
        ),
        "float images": (
            lambda hp, image_shape, classes: network(hp, image_shape, classes, dtype="float32"),
            "images of type float32",
        ),
        "pixels as they are": (
            lambda hp, image_shape, classes: network(hp, image_shape, classes, raw=True),
            "no Rescaling layer",
        ),
        "no network": (lambda hp, image_shape, classes: hp, "return the network"),
    },
    "11.7": {
        "one trial": ({"max_trials": 1, "epochs": 5, "seed": 1}, "nothing to choose"),
        "no epochs": ({"max_trials": 5, "epochs": 0, "seed": 1}, "epochs=0 is not possible"),
        "hours": ({"max_trials": 100, "epochs": 20, "seed": 1}, "2,000 epochs"),
        "many trials": ({"max_trials": 20, "epochs": 6, "seed": 1}, "120 epochs"),
        "half an epoch": ({"max_trials": 5, "epochs": 0.5, "seed": 1}, "epochs=0.5"),
        "a float": ({"max_trials": 3.0, "epochs": 5, "seed": 1}, "max_trials=3.0"),
        "a seed below zero": ({"max_trials": 5, "epochs": 5, "seed": -1}, "seed=-1"),
    },
    "11.8": {
        "the worst": (choice(worst()), "worse"),
        "no such trial": (choice(99), "no completed trial 99"),
        "between two trials": (choice(2.5), "no completed trial 2.5"),
        "equal by another measure": (choice(1, table=by_macro_f1()), "choose trial 2"),
        "without a reason": (choice(best(), "because"), "your reason"),
        "a word": (choice("best"), "one number"),
    },
    "11.9": {
        "by the number itself": (kept(True), "reaches below"),
        "too careful": (kept(False, 0.99), "lower limit"),
        "a word": (kept("no"), "neither True nor False"),
    },
}
