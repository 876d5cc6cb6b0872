"""Checkers of unit 11: reading a confusion matrix, choosing a network, the project's decisions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from nascourse import CourseError, trials, whole_number
from nascourse.checks.cases import near, plainly
from nascourse.checks.core import (
    Blank,
    Wrong,
    call,
    guarded,
    multiple_choice,
    number,
    numbers,
    show,
)
from nascourse.checks.registry import exercise

if TYPE_CHECKING:
    import keras
    import keras_tuner
    import pandas as pd


@exercise(
    "11.1",
    "which digits are confused?",
    hints=(
        "The largest count of all is no mistake: where do the right answers stand?",
        "Take a copy of the matrix, and put zeros where the two digits are the same.",
        "Write zeros on the diagonal of a copy, let argmax find the largest count, and let "
        + "np.unravel_index turn the position that it gives into a row and a column.",
    ),
)
def confused(answer: object, rng: np.random.Generator) -> str:
    for size in (10, 10, 4):
        matrix, pair = _matrix(rng, size)
        row, column = pair
        result = call(answer, matrix)
        if np.asarray(result).ndim == 0 and number(result) == row * size + column:
            raise Wrong(
                "This is a position in the flattened matrix: return its row and its column."
            )
        result = tuple(numbers(result, 2, "the pair"))
        if result == pair:
            continue
        if result == (column, row):
            raise Wrong(
                "The right cell the wrong way round: rows are the digits written, so first."
            )
        if result[0] == result[1]:
            raise Wrong("Both digits are the same, which is no mistake: leave the diagonal out.")
        both = np.triu(matrix + matrix.T, 1)
        if set(result) == {*np.unravel_index(both.argmax(), both.shape)}:
            raise Wrong("This adds up both directions: a 4 read as a 9 is not a 9 read as a 4.")
        raise Wrong("Another cell off the diagonal holds a larger count: look at all of them.")
    return "Now look at these very images: a count says which, and not why."


def _matrix(rng: np.random.Generator, size: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Counts with one largest mistake; another pair is larger when both directions are added."""
    matrix = rng.integers(0, 5, (size, size))
    np.fill_diagonal(matrix, rng.integers(80, 100, size))
    row, column, first, second = (int(digit) for digit in rng.permutation(size)[:4])
    matrix[row, column], matrix[column, row] = 12, 0
    matrix[first, second], matrix[second, first] = 9, 10
    return matrix, (row, column)


@exercise(
    "11.2",
    "the smaller of equals",
    hints=(
        "Two steps: which networks are as good as the best, and which of those is the smallest?",
        "A network is as good as the best if its accuracy is not below the interval of the best.",
        "accuracy_interval of the highest accuracy gives two limits. Keep the rows that reach the "
        + "lower one, find the row with the fewest parameters among them, and return its trial.",
    ),
)
def smaller_of_equals(answer: object, rng: np.random.Generator) -> str:
    for n_images in (800, 10_000, 400, 2_000):
        table, roles = _trials(rng, n_images)
        result = number(call(answer, table, n_images), "the trial")
        if result == roles["right"]:
            continue
        if result in table.index and result not in set(table["trial"]):
            raise Wrong("This is the position in the table: return the number of the trial.")
        if result == roles.get("by 800"):
            raise Wrong("This takes 800 images, whatever n_images says: use n_images.")
        mistakes = {
            "best": "This is the most accurate network: within its interval there is a smaller one.",
            "smallest": "This is the smallest network of all: its accuracy is below the interval.",
            "second": "This network is equal to the best, but another equal one is still smaller.",
            "few images": "This stops a few images below the best: the interval reaches lower.",
        }
        for role, sentence in mistakes.items():
            if result == roles[role]:
                raise Wrong(sentence)
        raise Wrong(
            "This trial is neither: keep what reaches the lower limit, then take the smallest."
        )
    return (
        "More validation images make the interval narrower, and then fewer networks count as equal."
    )


def _trials(rng: np.random.Generator, n_images: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """A trial table, and which trial plays which part in it."""
    import pandas as pd

    best = round(rng.uniform(0.95, 0.97), 3)
    width = best - _interval(best, n_images)[0]
    rows = [
        ("best", best, 60_000),
        ("few images", best - min(2 / n_images, 0.3 * width), 50_000),
        ("second", best - 0.6 * width, 40_000),
        ("right", best - 0.9 * width, 30_000),
        ("smallest", best - 1.2 * width, 10_000),
        ("other", best - 1.5 * width, 70_000),
    ]
    order = rng.permutation(len(rows))
    table = pd.DataFrame([rows[k] for k in order], columns=["role", "val_accuracy", "n_params"])
    table["n_params"] += rng.integers(0, 9_000, len(rows))
    table.insert(0, "trial", np.arange(len(rows)) + 10)
    table.insert(1, "status", "completed")
    roles = dict(zip(table["role"], table["trial"]))
    if n_images > 800:  # where the interval of fewer images reaches lower
        reached = table[table["val_accuracy"] >= _interval(best, 800)[0]]
        roles["by 800"] = reached.loc[reached["n_params"].idxmin(), "trial"]
    return table.drop(columns="role"), roles


multiple_choice(
    "11.3",
    "what may the report say?",
    right="b",
    options={
        "a": "This speaks of all digits and of hundredths of a percent, but 1,000 images leave about "
        "a percent of doubt to each side.",
        "b": "The images, the interval, the size and the one seed: a reader can judge what the number is worth.",
        "c": "Whoever takes the best of ten by the test images has chosen by them, and the number "
        "promises too much.",
        "d": "The validation accuracy of a winner made it the winner, so luck is in it: that is what "
        "the test set is for.",
    },
    hints=(
        "Ask of each sentence which images had a say in which choice.",
        "Ask of each sentence how much it would change with other images or another seed.",
        "One says too much, two use images that made a choice. The fourth states its own limits.",
    ),
)


def _interval(accuracy: float, n_images: int) -> tuple[float, float]:
    """Wilson's 95% interval, independent of the course's own."""
    z = 1.959964
    share, spread = round(accuracy * n_images) / n_images, z**2 / n_images
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n_images + spread / n_images / 4) / (1 + spread)
    return middle - half, middle + half


# The decisions of the project


def _facts(answer: object, *blanks: str) -> Mapping[str, Any]:
    """The parts of a decision, which a cell of the project hands over together."""
    if not isinstance(answer, Mapping):
        raise Wrong(f"{show(answer)} is no dict: run the cell of the project as it stands.")
    for name in blanks:
        if name not in answer:
            raise Wrong(f"There is no {name!r} in it: run the cell of the project as it stands.")
        if answer[name] is None or answer[name] is ...:
            raise Blank
    return answer


def _sentence(value: object) -> bool:
    return isinstance(value, str) and len(value.split()) >= 5


REASON = "your reason: a sentence of five words or more that says why you chose this network"


@exercise(
    "11.4",
    "a report that can be handed in",
    hints=(
        "The check names what a report lacks; the reason is a sentence of your own.",
        "The accuracy, the number of images and accuracy_interval give the interval; the counts of "
        + "the classes give the accuracy of always answering with the most frequent one.",
        "Let evaluation.write_report make the report of your own search, and give it your reason.",
    ),
)
def complete_report(answer: object, rng: np.random.Generator) -> str:
    report = _facts(answer)
    fields = {
        "counts": "the images of each class in each part",
        "space": "the search space",
        "strategy": "the strategy",
        "max_trials": "the budget in trials",
        "epochs": "the epochs of a trial",
        "seed": "the seed",
        "trials": "the trial table",
        "trial": "the chosen trial",
        "reason": REASON,
        "found": "whether the search found the network, or only confirmed the first one",
        "objective_value": "the value on the validation images",
        "test_accuracy": "the test accuracy",
        "test_images": "the number of test images",
        "test_accuracy_95_percent": "the interval of the test accuracy",
        "majority_accuracy": "the accuracy of always answering with the most frequent class",
        "times_opened": "how often the test set was opened",
        "n_params": "the parameters",
        "latency_ms_median": "the milliseconds for an image",
        "machine": "the machine that took them",
        "limits": "the limits",
        "versions": "the versions",
    }
    lacking = [words for name, words in fields.items() if report.get(name) in (None, "", [], {})]
    if not lacking and not _sentence(report["reason"]):
        lacking = [REASON]
    if lacking:
        more = f" (and {len(lacking) - 3} more)" if len(lacking) > 3 else ""
        raise Wrong(f"The report lacks {'; '.join(lacking[:3])}{more}.")
    accuracy = number(report["test_accuracy"], "the test accuracy")
    n_images = int(number(report["test_images"], "the number of test images"))
    limits = numbers(report["test_accuracy_95_percent"], 2, "the interval")
    if not np.allclose(limits, _interval(accuracy, n_images), atol=6e-4):
        raise Wrong("The interval is not the 95% interval of this accuracy on so many test images.")
    baseline = number(report["majority_accuracy"], "the accuracy of the most frequent class")
    counts = list(report["counts"].values())
    n_test = sum(of_class["test"] for of_class in counts)
    most_in_training = max(counts, key=lambda of_class: of_class["training"])  # of equals the first
    if not near(baseline, most_in_training["test"] / n_test):
        if near(baseline, max(of_class["test"] for of_class in counts) / n_test):
            raise Wrong(
                "This is the most frequent class of the test images, which nobody knows beforehand: "
                "take that of the training images."
            )
        raise Wrong(
            "The accuracy of the most frequent class does not follow from the counts: it is the share "
            "of the test images that belong to the class with the most training images."
        )
    if number(report["times_opened"], "the number of openings") < 1:
        raise Wrong("There is a test accuracy, so the test set was opened: say how often.")
    return "A reader can judge what the number is worth, and repeat it."


@exercise(
    "11.5",
    "how many images judge?",
    hints=(
        "The validation images judge the networks during the search: which share should do that?",
        "Each one that judges is one less to learn from. A fifth is usual.",
        "So set validation to 0.2, or a little less.",
    ),
)
def share(answer: object, rng: np.random.Generator) -> str:
    validation = number(answer, "the share")
    if validation > 1:
        raise Wrong(f"{show(answer)} is no share: a fifth is 0.2.")
    if validation < 0.1:
        raise Wrong("With less than a tenth too few images judge: give 0.1 or more.")
    if validation > 0.5:
        raise Wrong("More than half of the images would judge: leave most of them to train by.")
    return "More images that judge make the intervals narrower, and leave fewer to learn from."


@exercise(
    "11.6",
    "a space of your own",
    hints=(
        "A build function gets hp, image_shape and classes, and returns a compiled network.",
        "Ask hp.Choice for what should be searched, for instance the filters and their number.",
        "Start from keras.Input(image_shape, dtype='uint8') and a Rescaling layer, add what hp chooses, "
        + "and end with spaces.classifier(image, x, classes).",
    ),
)
def own_space(answer: object, rng: np.random.Generator) -> str:
    import keras_tuner

    from nascourse import spaces

    if isinstance(answer, spaces.AutoKerasSpace):
        return (
            "AutoKeras builds these networks, from the first one on; your report names the space."
        )
    for shape, classes in (((28, 28, 1), 10), ((20, 30, 3), 2)):
        hp = keras_tuner.HyperParameters()
        _require_a_network(call(answer, hp, image_shape=shape, classes=classes), shape, classes)
    with guarded("the size of your space"):
        n_networks = spaces.size(hp)
    if n_networks < 4:
        raise Wrong(f"This space has {n_networks} configurations: let hp choose more.")
    networks = set()
    for setting in islice(_far_settings(hp), 6):
        chosen = keras_tuner.HyperParameters()
        chosen.values = dict(setting)
        try:
            model = call(answer, chosen, image_shape=shape, classes=classes)
        except Wrong as error:
            raise Wrong(f"With {plainly(setting)} and images of 20x30 pixels: {error}") from None
        if any(map(_is_empty, _require_a_network(model, shape, classes).layers)):
            raise Wrong(
                f"With {plainly(setting)} nothing is left of images of 20x30 pixels: halve them less "
                "often, or stop where they are small."
            )
        networks.add(spaces.fingerprint(model))
    if len(networks) == 1:
        raise Wrong("All configurations make the same network: use in it what hp chooses.")
    return "Whatever is not in this space cannot be found: your report shows it as a table."


def _require_a_network(model: object, shape: tuple[int, ...], classes: int) -> keras.Model:
    """The network, if it takes such images, has an output for each class, and can be trained."""
    import keras

    if not isinstance(model, keras.Model):
        raise Wrong(f"The function returns {show(model)}: let it return the network.")
    if tuple(model.input_shape[1:]) != shape:
        raise Wrong(f"The network takes {model.input_shape[1:]}: use image_shape, here {shape}.")
    if tuple(model.output_shape[1:]) != (classes,):
        raise Wrong(f"The network gives {model.output_shape[1:]}: it needs {classes} outputs here.")
    if not getattr(model, "compiled", False):
        raise Wrong("The network is not compiled: end with spaces.classifier(image, x, classes).")
    if model.inputs[0].dtype != "uint8":
        raise Wrong(
            f"The network begins with images of type {model.inputs[0].dtype}: write "
            'keras.Input(image_shape, dtype="uint8"), as pixels are whole numbers up to 255.'
        )
    scaling = (keras.layers.Rescaling, keras.layers.Normalization)
    if not any(isinstance(layer, scaling) for layer in model.layers):
        raise Wrong("There is no Rescaling layer: pixels go up to 255, and weights begin near 0.")
    return model


def _is_empty(layer: keras.Layer) -> bool:
    """Whether a layer hands on no number at all, as one that halves a single pixel."""
    import keras

    try:
        outputs = keras.tree.flatten(layer.output)
    except AttributeError:  # the layer is used in several places
        return False
    return any(0 in output.shape for output in outputs)


def _far_settings(hp: keras_tuner.HyperParameters) -> Iterator[dict[str, Any]]:
    """All last values, all first ones, and the last one of each beside the default of the others."""
    values = {entry.name: list(entry.values) for entry in hp.space}
    yield {name: each[-1] for name, each in values.items()}
    yield {name: each[0] for name, each in values.items()}
    for name, each in values.items():
        yield {name: each[-1]}


@exercise(
    "11.7",
    "what may it cost?",
    hints=(
        "Trials times epochs is what the search costs.",
        "A few trials find a good network here; a few epochs are enough to tell them apart.",
        "Write budget = {'max_trials': 5, 'epochs': 5, 'seed': 1}.",
    ),
)
def budget(answer: object, rng: np.random.Generator) -> str:
    plan = _facts(answer, "max_trials", "epochs", "seed")
    try:  # what `search.run_search` would refuse
        max_trials, epochs, _ = (
            whole_number(name, plan[name], at_least=least)
            for name, least in {"max_trials": 1, "epochs": 1, "seed": 0}.items()
        )
    except CourseError as refused:
        raise Wrong(str(refused)) from None
    if max_trials == 1:
        raise Wrong("With one trial there is nothing to choose from: give two or more.")
    if max_trials * epochs > 100:
        raise Wrong(
            f"Trials times epochs make {max_trials * epochs:,} epochs, which take many minutes here: "
            "begin with 25 or so in all, such as 5 trials of 5 epochs."
        )
    return "Decide before you see a result: a budget that grows until the result pleases is a choice, too."


@exercise(
    "11.8",
    "your choice and its reason",
    hints=(
        "Two are easy to defend: the best trial, and the smallest one that equals it.",
        "Equal is what lies in the interval of the best, see exercise 11.2.",
        "Set chosen to the trial's number, and reason to a sentence that says what decided.",
    ),
)
def choice(answer: object, rng: np.random.Generator) -> str:
    decision = _facts(answer, "trial", "reason")
    table, trial = decision["table"], number(decision["trial"], "the trial")
    rows = table[table["status"] == "completed"].set_index("trial")
    if trial not in rows.index:
        raise Wrong(f"There is no completed trial {trial:g}: look into the trial table.")
    judged_by, best = trials.objective(table), trials.best(table)
    low, _ = _interval(float(rows["val_accuracy"].max()), int(decision["n_images"]))
    if judged_by == "val_accuracy" and rows.loc[trial, "val_accuracy"] < low - 1e-9:
        raise Wrong(
            "This trial lies below the interval of the best one, so it is worse, not equal."
        )
    if judged_by != "val_accuracy" and trial != best["trial"]:
        raise Wrong(
            f"No interval of the {trials.words(judged_by)} is known here, so no trial is shown to "
            f"equal the best one: choose trial {best['trial']}, or defend yours without this check."
        )
    if not _sentence(decision["reason"]):
        raise Wrong(f"The report needs {REASON}.")
    shown = [
        f"{row['n_params']:,} parameters, {row['val_accuracy']:.1%}"
        for row in (rows.loc[trial], best)
    ]
    compared = "it is the best" if trial == best["trial"] else f"the best has {shown[1]}"
    return (
        f"Trial {trial:g}: {shown[0]}; {compared}. Whether your sentence defends this choice, only a "
        "reader can judge: read it once more."
    )


@exercise(
    "11.9",
    "is the promise kept?",
    hints=(
        "Of other images of the same kind the accuracy could lie anywhere in the interval.",
        "A promise is kept for sure only if the whole interval lies above it.",
        "Compare the lower limit with the promise.",
    ),
)
def promise(answer: object, rng: np.random.Generator) -> str:
    facts = _facts(answer, "kept")
    low, _ = _interval(float(facts["accuracy"]), int(facts["n_images"]))
    right = low >= facts["promise"]
    if not isinstance(facts["kept"], (bool, np.bool_)):
        raise Wrong(f"{show(facts['kept'])} is neither True nor False.")
    if facts["kept"] == right:
        return "The interval speaks of other images of the same kind, not only of these."
    if right:
        raise Wrong("Even the lower limit of the interval reaches what was promised.")
    raise Wrong("The interval reaches below the promise: other images could have broken it.")
