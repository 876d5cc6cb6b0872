"""Plausible wrong answers to the exercises of unit 11, and words of the sentence that each gets."""

import numpy as np

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
