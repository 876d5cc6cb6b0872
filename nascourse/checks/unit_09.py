"""Checkers of unit 09: a mixture, two halves of the images, a cell, an early stop."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np

from nascourse.checks.cases import compare, equal
from nascourse.checks.core import Wrong, multiple_choice, number, show
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
    fixed = [
        ([0.5, -1.0, 2.0], [[1.0, 5.0], [-3.0, 2.0], [4.0, 0.5]]),
        ([0.1, 0.9, 0.4, 0.3], [1.0, 2.0, 4.0, 8.0]),
        ([0.3], [[2.0, 5.0]]),
        ([-2.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]),
        ([1000.0, 0.0, -1000.0], [[0.2, 0.7], [0.4, 0.1], [0.9, 0.8]]),
        ([-1000.0, -1001.0], [[1.0, 2.0], [3.0, 5.0]]),
    ]
    arrays = [(np.array(alpha), np.array(outputs)) for alpha, outputs in fixed]
    arrays += [
        (rng.normal(size=shape[0]), rng.normal(size=shape))
        for shape in [(2, 2), (3, 2), (2, 3), (4, 3), (3, 2, 2), (2, 1, 3), (3, 3, 3)] * 5
    ]
    lists = [([0, 0], [[2, 4], [6, 0]]), ([1000, 0], [[2, 4], [6, 0]])]  # the examples
    compare(
        answer,
        [*arrays, *lists, fixed[0]],
        _mixture,
        read=_numbers,
        mistakes=_wrong_mixtures,
        clue="Each output times its share is added up, over the operations, which are the first "
        "axis, and over nothing else.",
    )
    return (
        "With one large alpha the mixture is a choice, and in between there is a slope to follow."
    )


Numbers = Sequence | np.ndarray


def _softmax(alpha: Numbers) -> np.ndarray:
    powers = np.exp(np.asarray(alpha) - np.max(alpha))
    return powers / powers.sum()


def _mixture(alpha: Numbers, outputs: Numbers) -> np.ndarray:
    return np.tensordot(_softmax(alpha), outputs, 1)


def _numbers(value: object) -> np.ndarray:
    try:
        result = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"The mixture should hold numbers, not {show(value)}.") from None
    if not np.all(np.isfinite(result)):
        raise Wrong(
            "The result is no number where an alpha is 1000 or -1000, as e to the 1000 is too large "
            "and e to the -1000 is 0: take the largest alpha from all of them first."
        )
    return result


def _wrong_mixtures(alpha: Numbers, outputs: Numbers) -> dict[str, np.ndarray]:
    alpha, outputs = np.asarray(alpha, dtype=float), np.asarray(outputs, dtype=float)
    shares = _softmax(alpha)
    weighted = shares.reshape(-1, *[1] * (outputs.ndim - 1)) * outputs

    def mixed(shares: np.ndarray) -> np.ndarray:
        return np.tensordot(shares, outputs, 1)

    with np.errstate(all="ignore"):
        powers = np.exp(alpha)
        return {
            "These are the shares: multiply each output by its share and add them up.": shares,
            "The shares are missing: `alpha` itself need not be positive nor add up to 1, its "
            "softmax does.": np.tensordot(alpha, outputs, 1),
            "`alpha` is divided by its sum: the softmax takes the exponential of each number "
            "first.": np.tensordot(alpha / alpha.sum(), outputs, 1),
            "The exponentials are not divided by their sum: shares add up to 1.": (
                np.tensordot(powers, outputs, 1)
            ),
            "The largest alpha is taken away, but the exponentials are not divided by their sum: "
            "shares add up to 1.": np.tensordot(np.exp(alpha - alpha.max()), outputs, 1),
            "Every operation has the same share: `alpha` says how much each counts.": (
                outputs.mean(axis=0)
            ),
            "This is the strongest operation alone: in the mixture, each has its share.": (
                outputs[alpha.argmax()]
            ),
            "The outputs are weighted, but not added up.": weighted,
            "This is summed over all axes: sum over the operations, which are the first axis, and "
            "over nothing else.": weighted.sum(),
            "This is summed over the last axis: the operations are the first axis.": (
                weighted.sum(axis=-1)
            ),
            "This is the mean of the weighted outputs: the shares add up to 1, so add them up.": (
                weighted.mean(axis=0)
            ),
            "The shares are turned around: the largest alpha has the largest share.": (
                mixed(_softmax(-alpha))
            ),
            "The shares are in the reverse order: each output has that of its own alpha.": (
                mixed(shares[::-1])
            ),
            "The shares are sorted: each output has that of its own alpha.": mixed(np.sort(shares)),
            "The shares are rounded: leave them as they are.": mixed(shares.round(1)),
            "`alpha` is cut to whole numbers: leave it as it is.": mixed(_softmax(np.trunc(alpha))),
            "`alpha` has lost its sign and is divided by its sum: take the exponential of each "
            "number, which is never negative.": mixed(abs(alpha) / abs(alpha).sum()),
            "`alpha` is divided by the largest: take the largest away from each number.": (
                mixed(_softmax(alpha / alpha.max()))
            ),
            "These are powers of 2: the softmax has those of e.": mixed(
                _softmax(alpha * np.log(2))
            ),
            "Each number has become a share by itself, by a sigmoid: divide the exponentials by "
            "their sum, so that the shares add up to 1.": mixed(1 / (1 + np.exp(-alpha))),
            "The outputs are divided by their sum: only the shares add up to 1.": (
                mixed(shares) / outputs.sum()
            ),
            "The outputs have lost their sign: leave them as they are.": (
                np.tensordot(shares, abs(outputs), 1)
            ),
        }


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
    first, second = ["skip", "none", "conv 3x3"], ["none", "conv 3x3", "pool 3x3", "skip"]
    fixed: list[tuple[list[list[float]], list[str]]] = [
        ([[-0.5, -0.1, -2.0], [-3.0, -4.0, -1.0], [2.0, 5.0, 1.5]], first),
        ([[0.1, 0.9, 0.4], [0.2, 0.3, 0.7]], first),  # the example
        ([[9.0, 0.2, 0.3, 0.1], [0.1, -0.9, -0.2, -0.3], [0.1, 0.2, 0.3, 0.4]], second),
        ([[0.2, 0.4, 0.9], [0.6, 0.5, 0.7]], ["skip", "conv 1x1", "none"]),
        ([[0.9, 0.1], [0.2, 0.8]], ["a operation", "none"]),
        ([[-5.0, -7.0]], ["none", "nonexistent"]),
    ]
    fresh = []
    for edges, n in rng.integers((1, 1), (7, 5), (60, 2)).tolist():
        others = rng.permutation(["skip", "pool 3x3", "conv 1x1", "conv 3x3"])[:n].tolist()
        alpha = [(rng.permutation(30)[: n + 1] / 10 - 1.5).tolist() for _ in range(edges)]
        fresh.append((alpha, rng.permutation(["none", *others]).tolist()))
    compare(
        answer,
        fixed + fresh,
        _cut,
        read=_names,
        same=equal,
        mistakes=_wrong_cells,
        clue='On each edge stays the strongest operation other than "none", which never stays.',
    )
    return "A share for none can be large, and still nothing of it is left in the network."


def _names(value: object) -> list[str]:
    if isinstance(value, (str, dict)) or not isinstance(value, Collection):
        raise Wrong(f"A cell is a list with one name for each edge, not {show(value)}.")
    cell = [name.item() if isinstance(name, np.generic) else name for name in value]
    if cell and not all(isinstance(name, str) for name in cell):
        raise Wrong(f"{show(cell)} are no names: look them up in `operations`.")
    return cell


def _cut(alpha: list[list[float]], operations: list[str]) -> list[str]:
    names = np.array(operations)
    return names[np.where(names == "none", -np.inf, alpha).argmax(axis=1)].tolist()


def _wrong_cells(rows: list[list[float]], operations: list[str]) -> dict[str, list[str]]:
    """What plausible mistakes return, each with the sentence that corrects it."""
    alpha, names, right = np.array(rows), np.array(operations), _cut(rows, operations)
    allowed, others = np.flatnonzero(names != "none"), names[names != "none"]
    winners = names[alpha.argmax(axis=1)].tolist()
    shifted = names[alpha[:, allowed].argmax(axis=1)].tolist()
    return {
        '"none" stays here: it is left out, and the strongest of the others stays.': winners,
        'There are fewer names than edges: where "none" is the strongest the next one stays.': (
            [name for name in winners if name != "none"]
        ),
        "These are the weakest operations: the largest number is the strongest.": (
            names[np.where(names == "none", np.inf, alpha).argmin(axis=1)].tolist()
        ),
        "These have the smallest number of each row: the largest is the strongest.": (
            names[alpha.argmin(axis=1)].tolist()
        ),
        'The columns are counted without "none", and the names with it: each column has to keep its '
        "name.": shifted,
        'Where "none" is the strongest, its column is removed and its name is not: each column has '
        "to keep its name.": [two if one == "none" else one for one, two in zip(winners, shifted)],
        'The last column is left out here: "none" can stand at any place of the list.': (
            names[alpha[:, :-1].argmax(axis=1)].tolist()
        ),
        'The first column is left out here: "none" can stand at any place of the list.': (
            names[1:][alpha[:, 1:].argmax(axis=1)].tolist()
        ),
        'Where "none" is the strongest, this puts in "skip": the strongest of the others stays.': [
            "skip" if name == "none" else name for name in winners
        ],
        'The size without the sign decides here, and "none" may stay: the largest of the other '
        "numbers is the strongest.": names[np.abs(alpha).argmax(axis=1)].tolist(),
        "The name decides here: the largest number is the strongest.": [max(names)] * len(right),
        "The first name of the alphabet stays: the largest number is the strongest.": (
            [min(others)] * len(right)
        ),
        "This compares the means over all edges: on each edge the strongest stays.": (
            _cut([alpha.mean(axis=0).tolist()], operations) * len(right)
        ),
        "The size without the sign decides here: -2 is weaker than 1.": (
            others[np.abs(alpha[:, allowed]).argmax(axis=1)].tolist()
        ),
        'The number of "none" is set to 0, which is more than a negative one: leave it out.': (
            names[np.where(names == "none", 0, alpha).argmax(axis=1)].tolist()
        ),
        "These are the right names in another order: one for each row, in their order.": (
            sorted(right)
        ),
        "This is the last operation for all edges: the strongest stays.": (
            [others[-1]] * len(right)
        ),
        "This is the first operation for all edges: the strongest stays.": (
            [others[0]] * len(right)
        ),
        "There are names for the operations instead of the edges: each row of `alpha` gives one.": (
            names[alpha.argmax(axis=0) % len(names)].tolist()
        ),
        "This is one name for all edges: each row of `alpha` gives one.": right[:1],
        "This is the name of the first edge for all: each row of `alpha` gives its own.": (
            right[:1] * len(right)
        ),
        "Each name is here once: there is one for each edge, also where two are the same.": (
            list(dict.fromkeys(right))
        ),
        'The second strongest stays on every edge: only where "none" is the strongest it does.': (
            names[np.argsort(alpha, axis=1)[:, -2]].tolist()
        ),
    }


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
    fixed = [
        [["skip", "pool 3x3"], ["skip", "skip"], ["pool 3x3", "skip"]],  # the examples
        [["skip", "pool 3x3"], ["pool 3x3", "pool 3x3"]],
        [["skip", "skip"]],
        [["conv 3x3", "conv 3x3"], ["pool 3x3", "pool 3x3"], ["skip", "conv 3x3"]],
        [["conv 3x3"] * 3, ["skip", "conv 3x3", "skip"], ["conv 3x3"] * 3, ["skip"] * 3],
        [["skip", "pool 3x3", "skip", "skip"], ["conv 3x3"] * 4],
        [["pool 3x3"] * 4, ["skip", "conv 3x3", "conv 3x3", "conv 3x3"], ["skip"] * 4],
        [["skip"], ["skip"], ["skip"]],
        [["skip_conv", "skips"], ["skip_conv", "skip"], ["a skip", "skip"]],
        [["skip", "skip"], ["conv 3x3"] * 2, ["conv 3x3"] * 2],
        [["conv 3x3"] * 2, ["conv 3x3"] * 2, ["skip", "skip"]],
    ]
    fresh = [
        [rng.permutation(["skip"] * n + ["pool 3x3", "conv 3x3"]).tolist() for n in counts]
        for counts in (rng.integers(0, 4, rng.integers(1, 7)) for _ in range(60))
    ]
    compare(
        answer,
        [(cells,) for cells in fixed + fresh],
        lambda cells: _before([cell.count("skip") for cell in cells], at_least=2),
        read=lambda value: number(value, "the epoch"),
        same=equal,
        mistakes=_wrong_stops,
        clue="Find the first cell with two or more skips, and count the epochs before it.",
    )
    return "The rule looks at the architecture weights only, so it costs nothing."


def _before(counts: Sequence[int], at_least: int) -> int:
    """The epoch before the first count of so many, or the last."""
    return next((epoch for epoch, count in enumerate(counts) if count >= at_least), len(counts))


def _wrong_stops(cells: list[list[str]]) -> dict[str, float]:
    """What plausible mistakes return, each with the sentence that corrects it."""
    counts = [cell.count("skip") for cell in cells]
    right = _before(counts, 2)
    fewer = [epoch for epoch, count in enumerate(counts, 1) if count < 2]
    many = [epoch for epoch, count in enumerate(counts) if count >= 2]
    neighbors = [int(any(p == q == "skip" for p, q in pairwise(cell))) for cell in cells]
    return {
        "This is the epoch that has too many already: take the one before.": (
            min(right + 1, len(counts))
        ),
        "This is one epoch too late.": right + 1,
        "This is one epoch too early: the first cell of the list is epoch 1.": right - 1,
        "If the first cell has two skips already, it is 0: nothing was learned yet.": max(right, 1),
        "If no cell has two skips, it is the last epoch.": right if many else 0,
        "If no cell has two skips, it is the last epoch, and not -1.": right if many else -1,
        "This looks at the first two names of a cell alone: a skip may stand anywhere in it.": (
            _before([cell[:2].count("skip") for cell in cells], 2)
        ),
        "This stops at a cell of nothing but skips: two of them are too many already.": (
            _before([len(cell) if {*cell} == {"skip"} else 0 for cell in cells], 1)
        ),
        "This is the number of all skips: count the epochs before the first cell with two.": (
            min(sum(counts), len(counts))
        ),
        "If no cell has two skips, it is the number of the last epoch, and not one less.": (
            right if many else len(counts) - 1
        ),
        "This is the last epoch of all with fewer than two: a search that has stopped does not see "
        "what comes later.": max(fewer, default=0),
        "This counts the epochs with fewer than two: those after the stop do not count.": len(
            fewer
        ),
        "This looks for the last cell with two skips: the search stops at the first.": (
            many[-1] if many else len(counts)
        ),
        "This waits for a third skip: two are too many already.": _before(counts, 3),
        "This looks for exactly two skips: three are too many as well.": next(
            (epoch for epoch, count in enumerate(counts) if count == 2), len(counts)
        ),
        "This stops at a single skip: one is allowed.": _before(counts, 1),
        "Skips of different epochs are added up: count each cell alone.": (
            _before(np.cumsum(counts).tolist(), 2)
        ),
        "This looks for two skips side by side: they may stand anywhere in the cell.": (
            _before(neighbors, 1)
        ),
        "Names that contain the word are counted as well: only skip itself is one.": (
            _before([sum("skip" in name for name in cell) for cell in cells], 2)
        ),
        "This never stops: look for two skips in each cell.": len(counts),
    }
