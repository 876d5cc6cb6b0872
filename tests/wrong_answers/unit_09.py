"""Plausible wrong answers to the exercises of unit 09, and words of the sentence that each gets."""

import numpy as np


def softmax(alpha):
    powers = np.exp(alpha - np.max(alpha))
    return powers / powers.sum()


def overflowing(alpha, outputs):
    powers = np.exp(alpha)
    return np.tensordot(powers / powers.sum(), outputs, 1)


def summed(alpha, outputs):
    return np.tensordot(softmax(alpha), outputs, 1).sum()


def weighted(alpha, outputs):
    return np.array([share * output for share, output in zip(softmax(alpha), outputs)])


def in_place(alpha, outputs):
    alpha -= alpha.max()
    return np.tensordot(softmax(alpha), outputs, 1)


def strongest(row, names):
    return names[int(np.argmax(row))]


def with_none(alpha, operations):
    return [strongest(row, operations) for row in alpha]


def weakest(alpha, operations):
    places = [place for place, name in enumerate(operations) if name != "none"]
    return [operations[min(places, key=lambda place: row[place])] for row in alpha]


def numbers(alpha, operations):
    places = [place for place, name in enumerate(operations) if name != "none"]
    return [max(places, key=lambda place: row[place]) for row in alpha]


def by_operation(alpha, operations):
    return [operations[place] for place in np.argmax(alpha, axis=0) % len(operations)]


def shifted(alpha, operations):
    kept = [place for place, name in enumerate(operations) if name != "none"]
    return [operations[int(np.argmax([row[place] for place in kept]))] for row in alpha]


def none_dropped(alpha, operations):
    return [name for name in with_none(alpha, operations) if name != "none"]


def first_name(alpha, operations):
    return ", ".join(with_none(alpha, operations))


def skips(cells):
    return [list(cell).count("skip") for cell in cells]


def first(cells, fits, otherwise=None):
    return next(
        (at for at, count in enumerate(skips(cells)) if fits(count)),
        len(cells) if otherwise is None else otherwise,
    )


def too_late(cells):
    return first(cells, lambda count: count >= 2, len(cells) - 1) + 1


def last_of_all(cells):
    return max((at for at, count in enumerate(skips(cells), 1) if count < 2), default=0)


def in_total(cells):
    total = np.cumsum(skips(cells))
    return next((at for at, count in enumerate(total) if count >= 2), len(cells))


def the_cell(cells):
    return cells[first(cells, lambda count: count >= 2) - 1]


def from_zero(cells):
    return first(cells, lambda count: count >= 2) - 1


def prints(cells):
    print(first(cells, lambda count: count >= 2))


WRONG = {
    "09.1": {
        "no softmax": (
            lambda alpha, outputs: np.tensordot(alpha, outputs, 1),
            "shares are missing",
        ),
        "divided by the sum": (
            lambda alpha, outputs: np.tensordot(alpha / np.sum(alpha), outputs, 1),
            "takes the exponential",
        ),
        "not divided": (
            lambda alpha, outputs: np.tensordot(np.exp(alpha), outputs, 1),
            "not divided by their sum",
        ),
        "mean": (lambda alpha, outputs: np.mean(outputs, axis=0), "same share"),
        "argmax": (lambda alpha, outputs: outputs[np.argmax(alpha)], "strongest operation alone"),
        "shares": (lambda alpha, outputs: softmax(alpha), "These are the shares"),
        "not added up": (weighted, "not added up"),
        "one number": (summed, "over nothing else"),
        "overflow": (overflowing, "too large"),
        "softmax of the opposite": (
            lambda alpha, outputs: np.tensordot(softmax(-alpha), outputs, 1),
            "shares are turned around",
        ),
        "changes alpha": (in_place, "work on a copy"),
        "words": (lambda alpha, outputs: "a mixture", "should hold numbers"),
    },
    "09.2": {
        "more images": ("a", "remembering counts as reading"),
        "different numbers": ("c", "one more weight"),
        "the test set": ("d", "not touched"),
        "a number": (2, "none of the options"),
    },
    "09.3": {
        "none stays": (with_none, '"none" stays here'),
        "weakest": (weakest, "weakest operations"),
        "numbers": (numbers, "are no names"),
        "none dropped": (none_dropped, "fewer names than edges"),
        "names of the wrong columns": (shifted, "counted without"),
        "a string": (first_name, "one name for each edge"),
        "one for each operation": (by_operation, "each row of `alpha` gives one"),
        "always the first": (
            lambda alpha, operations: ["conv 3x3"] * len(alpha),
            'other than "none"',
        ),
    },
    "09.4": {
        "the epoch itself": (too_late, "take the one before"),
        "the last of all": (last_of_all, "does not see what comes later"),
        "skips added up": (in_total, "count each cell alone"),
        "a third skip": (lambda cells: first(cells, lambda count: count > 2), "third skip"),
        "a single skip": (lambda cells: first(cells, lambda count: count >= 1), "one is allowed"),
        "counted from 0": (from_zero, "one epoch too early"),
        "always the end": (len, "never stops"),
        "always zero": (lambda cells: 0, "same whatever the arguments are"),
        "the cell": (the_cell, "one number"),
        "prints": (prints, "return the result"),
    },
}
