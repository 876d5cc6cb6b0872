"""Checkers of unit 11: reading a confusion matrix, choosing a network, reporting it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nascourse.checks.core import Wrong, call, multiple_choice, number, numbers
from nascourse.checks.registry import exercise

if TYPE_CHECKING:
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
    # Wilson's lower limit, independent of the course's own.
    hits, z = round(best * n_images), 1.959964
    share, spread = hits / n_images, z**2 / n_images
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n_images + spread / n_images / 4) / (1 + spread)
    width = best - (middle - half)
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
    return table.drop(columns="role"), dict(zip(table["role"], table["trial"]))


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
