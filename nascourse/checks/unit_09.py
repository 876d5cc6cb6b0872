"""Checkers of unit 09: a mixture, two halves of the images, a cell, an early stop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nascourse.checks.core import Wrong, call, multiple_choice, number, show
from nascourse.checks.registry import exercise


@exercise(
    "09.1",
    "mix operations",
    hints=(
        "Two steps: from `alpha` to shares that add up to 1, then from shares and outputs to a sum.",
        "A share is the exponential of its number, divided by the sum of all these exponentials.",
        "Take the largest number from all of them before np.exp; then multiply the first axis of the "
        + "outputs by the shares, and sum over that axis only.",
    ),
)
def mix(answer: object, rng: np.random.Generator) -> str:
    cases = []
    for shape in ((2,), (4, 3), (3, 2, 2)):
        # Far enough from 0 and from each other that no mistake gives the right mixture.
        alpha = 0.5 + rng.permutation(shape[0]) + 0.3 * rng.random(shape[0])
        cases.append((alpha, 1 + rng.random(shape) + np.arange(np.prod(shape)).reshape(shape)))
    cases += [(np.array([0.3]), np.array([[2.0, 5.0]])), (np.array([-2.0, 0.0]), np.eye(2))]
    for alpha, outputs in cases:
        _require_mixture(call(answer, alpha, outputs), alpha, outputs)
    extreme = np.array([1000.0, 0.0, -1000.0])
    outputs = rng.random((3, 2))
    result = _array(call(answer, extreme, outputs), (2,))
    if not np.all(np.isfinite(result)):
        raise Wrong(
            "With alpha [1000, 0, -1000] the result is no number, as e to the 1000 is too large: "
            "take the largest alpha from all of them first."
        )
    if not np.allclose(result, outputs[0]):
        raise Wrong("With alpha [1000, 0, -1000] the first operation should be left alone.")
    return (
        "With one large alpha the mixture is a choice, and in between there is a slope to follow."
    )


def _softmax(alpha: np.ndarray) -> np.ndarray:
    powers = np.exp(alpha - alpha.max())
    return powers / powers.sum()


def _array(value: object, shape: tuple[int, ...]) -> np.ndarray:
    try:
        result = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"The mixture should hold numbers, not {show(value)}.") from None
    if result.shape != shape:
        raise Wrong(
            f"The mixture has the shape {result.shape} where one output has {shape}: sum over the "
            "operations, which are the first axis, and over nothing else."
        )
    return result


def _require_mixture(value: object, alpha: np.ndarray, outputs: np.ndarray) -> None:
    shares = _softmax(alpha)
    mistakes = {
        "These are the shares: multiply each output by its share and add them up.": shares,
        "The shares are missing: `alpha` itself need not be positive nor add up to 1, its softmax "
        "does.": np.tensordot(alpha, outputs, 1),
        "`alpha` is divided by its sum: the softmax takes the exponential of each number first.": (
            np.tensordot(alpha / alpha.sum(), outputs, 1)
        ),
        "The exponentials are not divided by their sum: shares add up to 1.": (
            np.tensordot(np.exp(alpha), outputs, 1)
        ),
        "Every operation has the same share: `alpha` says how much each counts.": (
            outputs.mean(axis=0)
        ),
        "This is the strongest operation alone: in the mixture, each has its share.": (
            outputs[alpha.argmax()]
        ),
        "The outputs are weighted, but not added up.": (
            shares.reshape(-1, *[1] * (outputs.ndim - 1)) * outputs
        ),
    }
    mixture = np.asarray(value, dtype=float) if _is_numeric(value) else None
    right = np.tensordot(shares, outputs, 1)
    if mixture is not None and not (mixture.shape == right.shape and np.allclose(mixture, right)):
        for sentence, mistaken in mistakes.items():
            if mixture.shape == np.shape(mistaken) and np.allclose(mixture, mistaken):
                raise Wrong(sentence)
    if not np.allclose(_array(value, right.shape), right):
        raise Wrong(
            f"With alpha {show(alpha.round(2))} the shares are {show(shares.round(2))}, and this is "
            "not the sum of the outputs times these shares."
        )


def _is_numeric(value: object) -> bool:
    try:
        np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return False
    return True


multiple_choice(
    "09.2",
    "whose images?",
    right="b",
    options={
        "a": "More images would help, but these are the ones that the weights have just been fitted "
        "to: on them, remembering counts as reading.",
        "b": "Alpha is chosen, so it needs images that no weight was fitted to, as every choice in "
        "this course does.",
        "c": "They move different numbers, but by the same loss on the same images: alpha is then "
        "one more weight that is fitted to them.",
        "d": "The test set is not touched by either step: the halves are halves of the training "
        "images.",
    },
    hints=(
        "What is the validation set for, in every other unit?",
        "Think of an operation with many weights and one with none: which of the two makes the loss "
        + "on known images smaller?",
    ),
)


@exercise(
    "09.3",
    "cut a cell out",
    hints=(
        "Go through the rows: each is an edge, and gives one name.",
        'Which columns may win at all? "none" can stand at any place of the list.',
        "Make a list of the allowed columns, then take for each row the allowed column with the "
        + "largest number, and return its name.",
    ),
)
def cut_a_cell_out(answer: object, rng: np.random.Generator) -> str:
    cases, cells = [], []
    for operations, edges in (
        (["skip", "none", "conv 3x3"], 2),
        (["none", "skip", "pool 3x3", "conv 1x1", "conv 3x3"], 6),
        (["skip", "pool 3x3", "conv 3x3", "none"], 3),
        (["skip", "conv 3x3"], 1),
    ):
        alpha = rng.permutation(edges * len(operations)).reshape(edges, -1) / 10 - 2
        if "none" in operations:
            alpha[0, operations.index("none")] = 9  # the strongest there
        cases.append((alpha, operations))
        cells.append(_names(call(answer, alpha, operations), len(alpha)))
    if cells != [_cut(*case) for case in cases]:
        raise Wrong(_wrong_cell(cells, cases))
    return "A share for none can be large, and still nothing of it is left in the network."


Table = tuple[np.ndarray, list[str]]


def _names(value: object, edges: int) -> list[str]:
    if isinstance(value, (str, dict)) or not hasattr(value, "__iter__"):
        raise Wrong(f"A cell is a list with one name for each edge, not {show(value)}.")
    cell = [name.item() if isinstance(name, np.generic) else name for name in value]
    if cell and not any(isinstance(name, str) for name in cell):
        raise Wrong(f"{show(cell)} are no names: look them up in `operations`.")
    if len(cell) != edges:
        raise Wrong(
            f"There are {len(cell)} names for {edges} edges: each row of `alpha` gives one."
        )
    return cell


def _cut(alpha: np.ndarray, operations: list[str]) -> list[str]:
    names = np.array(operations)
    return names[np.where(names == "none", -np.inf, alpha).argmax(axis=1)].tolist()


def _cut_in_wrong_ways(alpha: np.ndarray, operations: list[str]) -> dict[str, list[str]]:
    """What plausible mistakes return, each with the sentence that corrects it."""
    names = np.array(operations)
    allowed, others = np.flatnonzero(names != "none"), names[names != "none"]
    return {
        '"none" stays here: it is left out, and the strongest of the others stays.': (
            names[alpha.argmax(axis=1)].tolist()
        ),
        "These are the weakest operations: the largest number is the strongest.": (
            names[np.where(names == "none", np.inf, alpha).argmin(axis=1)].tolist()
        ),
        "These have the smallest number of each row: the largest is the strongest.": (
            names[alpha.argmin(axis=1)].tolist()
        ),
        'The columns are counted without "none", and the names with it: each column has to keep its '
        "name.": names[alpha[:, allowed].argmax(axis=1)].tolist(),
        "The size without the sign decides here: -2 is weaker than 1.": (
            others[np.abs(alpha[:, allowed]).argmax(axis=1)].tolist()
        ),
    }


def _wrong_cell(cells: list[list[str]], cases: list[Table]) -> str:
    wrong_ways = [_cut_in_wrong_ways(*case) for case in cases]
    for sentence in wrong_ways[0]:
        if cells == [way[sentence] for way in wrong_ways]:
            return sentence
    for cell, (alpha, operations) in zip(cells, cases):
        for row, name, right in zip(alpha, cell, _cut(alpha, operations)):
            if name != right:
                return (
                    f"An edge with alpha {show(row.round(1).tolist())} for {', '.join(operations)} "
                    f"cannot have {show(name)}: another operation is stronger."
                )
    raise AssertionError


@exercise(
    "09.4",
    "stop before the skips",
    hints=(
        "Go through the cells in order, and count the skips of each one alone.",
        "What is the number of the epoch before the first cell of the list?",
        "At the first cell with two skips, return how many cells came before it; if the loop ends, "
        + "return how many there are.",
    ),
)
def stop_before_the_skips(answer: object, rng: np.random.Generator) -> str:
    cases = [[2], [1], [0, 0, 0], [1, 1, 2, 0, 1], [0, 3, 1], [3, 0, 0], [1, 0, 1, 0, 1, 2]]
    cases += [[0, 2, 4, 1, 0, 2]]
    for _ in range(3):
        start = rng.integers(0, 2, size=rng.integers(2, 6)).tolist()
        cases.append([*start, int(rng.integers(2, 5)), *rng.integers(0, 4, size=3).tolist()])
    results = []
    for counts in cases:
        cells = [_cell_with(count, rng) for count in counts]
        results.append(number(call(answer, cells), "the epoch"))
    if results != [_before(counts, at_least=2) for counts in cases]:
        raise Wrong(_wrong_stop(results, cases))
    return "The rule looks at the architecture weights only, so it costs nothing."


def _cell_with(skips: int, rng: np.random.Generator) -> list[str]:
    others = rng.choice(["pool 3x3", "conv 1x1", "conv 3x3"], size=6 - skips).tolist()
    return rng.permutation(["skip"] * skips + others).tolist()


def _before(counts: Sequence[int], at_least: int) -> int:
    """The epoch before the first count of so many, or the last."""
    return next((epoch for epoch, count in enumerate(counts) if count >= at_least), len(counts))


def _wrong_ways_to_stop(counts: list[int]) -> dict[str, float]:
    """What plausible mistakes return, each with the sentence that corrects it."""
    right = _before(counts, 2)
    fewer = [epoch for epoch, count in enumerate(counts, 1) if count < 2]
    return {
        "This is the epoch that has too many already: take the one before.": (
            min(right + 1, len(counts))
        ),
        "This is one epoch too early: the first cell of the list is epoch 1.": right - 1,
        "This is the last epoch of all with fewer than two: a search that has stopped does not see "
        "what comes later.": max(fewer, default=0),
        "This waits for a third skip: two are too many already.": _before(counts, 3),
        "This stops at a single skip: one is allowed.": _before(counts, 1),
        "Skips of different epochs are added up: count each cell alone.": (
            _before(np.cumsum(counts).tolist(), 2)
        ),
        "This never stops: look for two skips in each cell.": len(counts),
    }


def _wrong_stop(results: list[float], cases: list[list[int]]) -> str:
    wrong_ways = [_wrong_ways_to_stop(counts) for counts in cases]
    for sentence in wrong_ways[0]:
        if results == [way[sentence] for way in wrong_ways]:
            return sentence
    result, counts = next(
        (result, counts) for result, counts in zip(results, cases) if result != _before(counts, 2)
    )
    return (
        f"For cells with {show(counts)} skips it is not {result:g}: find the first with two or more, "
        "and count the epochs before it."
    )
