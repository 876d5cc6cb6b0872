"""Checkers of unit 14: attainment, a layer that changes nothing, choosing blocks, a claim."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Sequence

import numpy as np

from nascourse.checks.cases import compare, equal
from nascourse.checks.core import Wrong, call, multiple_choice, number, numbers, show
from nascourse.checks.registry import exercise

Front = list[tuple[int, float]]
Table = list[list[int]]

# ---- what do searches attain?


@exercise(
    "14.1",
    "what do searches attain?",
    hints=(
        "Answer for a single search first: which of its networks keep the limit, and which of them "
        + "is the best?",
        "A search of which no network keeps the limit counts as 0: max has an argument default.",
        "Make a list with one number a search, and take its median, with np.median.",
    ),
)
def attainment(answer: object, rng: np.random.Generator) -> str:
    example = [[(100, 0.9), (300, 0.95)], [(200, 0.9), (900, 0.99)], [(500, 0.97)]]
    fixed = [
        (example, 300),
        (example, 299),
        (example, 50),
        (example, 1000),
        ([[(400, 0.81), (100, 0.93), (200, 0.72)]], 250),  # a larger one is not always better
        ([[(10, 0.5)], [(20, 0.7)]], 20),  # the median lies between two
        ([[(10, 0.5)], [(20, 0.7)], [(30, 0.9)], [(40, 0.99)]], 25),
        ([[(10, 0.2), (20, 0.6)], [(10, 0.3)], [(10, 0.4)], [(5, 0.9)], [(30, 0.8)]], 10),
        ([[], [(10, 0.5)], [(10, 0.7)]], 10),
        ([[(7, 0.81), (7, 0.84)], [(7, 0.83), (8, 0.9)], [(6, 0.2), (9, 1.0)]], 7),
    ]
    compare(
        answer,
        fixed + [_fronts(rng) for _ in range(60)],
        _attained,
        read=lambda value: number(value, "the accuracy"),
        mistakes=_wrongly_attained,
        clue="Take the best accuracy of each search first, then the median over the searches.",
    )
    return (
        "With these medians at many sizes you have the attainment curve: what half of the searches "
        "reach."
    )


def _fronts(rng: np.random.Generator) -> tuple[list[Front], int]:
    sizes = rng.integers(1, 40, (rng.integers(1, 7), 4))
    fronts = [
        [(size, round(float(rng.uniform(0.1, 1)), 3)) for size in row.tolist()] for row in sizes
    ]
    return fronts, int(rng.integers(5, 40))


def _attained(
    fronts: list[Front],
    limit: int,
    *,
    within: Callable[[int, int], bool] = lambda size, limit: size <= limit,
    of_search: Callable[[list[float]], float] = max,
    missing: Sequence[float] = (0,),
    over: Callable[[list[float]], float] = statistics.median,
) -> float:
    each: list[float] = []
    for front in fronts:
        accuracies = [accuracy for size, accuracy in front if within(size, limit)]
        each += [of_search(accuracies)] if accuracies else list(missing)
    return over(each) if each else 0.0


def _wrongly_attained(fronts: list[Front], limit: int) -> dict[str, float]:
    flat = [pair for front in fronts for pair in front]
    by_size = [sorted(front) for front in fronts]
    sizes: list[Front] = [[(size, size) for size, _ in front] for front in fronts]
    return {
        "A network of exactly limit parameters keeps the limit.": _attained(
            fronts, limit, within=lambda size, limit: size < limit
        ),
        "Networks of exactly limit parameters are taken alone: smaller ones keep the limit as well.": (
            _attained(fronts, limit, within=lambda size, limit: size == limit)
        ),
        "These are the networks above the limit: those up to it are asked for.": _attained(
            fronts, limit, within=lambda size, limit: size > limit
        ),
        "This looks at all networks: only those up to the limit count.": _attained(
            fronts, limit, within=lambda size, limit: True
        ),
        "A search without a network so small is left out here: it counts as 0.": _attained(
            fronts, limit, missing=()
        ),
        "A search without a network so small counts as 0, not as 1.": _attained(
            fronts, limit, missing=(1,)
        ),
        "This takes the mean over the searches: the median is asked for.": _attained(
            fronts, limit, over=statistics.fmean
        ),
        "This takes the best of all searches: the median over them is asked for.": _attained(
            fronts, limit, over=max
        ),
        "This takes the worst of all searches: the median over them is asked for.": _attained(
            fronts, limit, over=min
        ),
        "With an even number of searches the median lies between the two in the middle.": (
            _attained(fronts, limit, over=statistics.median_low)
        ),
        "With an even number of searches the median is the mean of the two in the middle.": (
            _attained(fronts, limit, over=statistics.median_high)
        ),
        "This takes the worst network of each search: take its best one.": _attained(
            fronts, limit, of_search=min
        ),
        "This takes the first network of each search: take its best one.": _attained(
            fronts, limit, of_search=lambda accuracies: accuracies[0]
        ),
        "This takes the last network of each search: take its best one.": _attained(
            fronts, limit, of_search=lambda accuracies: accuracies[-1]
        ),
        "This takes the largest network of each search: take the most accurate one.": _attained(
            by_size, limit, of_search=lambda accuracies: accuracies[-1]
        ),
        "This takes the smallest network of each search: take the most accurate one.": _attained(
            by_size, limit, of_search=lambda accuracies: accuracies[0]
        ),
        "This takes the mean within each search: take its best network.": _attained(
            fronts, limit, of_search=statistics.fmean
        ),
        "These are numbers of parameters: the accuracies are asked for.": _attained(sizes, limit),
        "The first search is left out.": _attained(
            fronts, limit, over=lambda each: statistics.median(each[1:] or each)
        ),
        "This is the upper quartile over the searches: the median is asked for.": _attained(
            fronts, limit, over=lambda each: float(np.percentile(each, 75))
        ),
        "This takes the median within each search: take its best network.": _attained(
            fronts, limit, of_search=statistics.median
        ),
        "This takes the median of all networks: first take the best one of each search.": (
            _attained([[pair] for pair in flat], limit, missing=())
        ),
        "This adds up the searches: the median over them is asked for.": _attained(
            fronts, limit, over=sum
        ),
        "This is the median without its searches in order: sort them first.": _attained(
            fronts, limit, over=lambda each: each[len(each) // 2]
        ),
    }


# ---- a layer that changes nothing


@exercise(
    "14.2",
    "a layer that changes nothing",
    hints=(
        "Begin with zeros of the shape that is asked for. Which of them must be 1?",
        "The middle of a window of 3 pixels is at 1, of 5 at 2: at size // 2, in both directions.",
        "In the middle, filter 0 hears channel 0 alone, filter 1 channel 1, and so on: that is the "
        + "matrix np.eye(channels).",
    ),
)
def identity(answer: object, rng: np.random.Generator) -> str:
    for size, channels in ((3, 1), (3, 4), (5, 2), (1, 3), (7, 5), (5, 1), (3, 1)):
        kernel = _kernel(call(answer, size, channels), size, channels)
        images = rng.normal(size=(2, 9, 8, channels))
        if not np.allclose(_convolved(images, kernel), images, atol=1e-4):
            raise Wrong(_what_it_does(kernel, size, channels))
    return "What you insert is trained like any other layer, and the network begins where it was."


def _kernel(value: object, size: int, channels: int) -> np.ndarray:
    shape = (size, size, channels, channels)
    where = f"With size={size} and channels={channels}"
    try:
        kernel = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"The result should be an array of numbers, not {show(value)}.") from None
    if kernel.shape != shape:
        raise Wrong(f"{where} the kernel has the shape {kernel.shape}: it should have {shape}.")
    if not np.isfinite(kernel).all():
        raise Wrong(f"{where} the kernel holds values that are no numbers.")
    return kernel


def _convolved(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """What a convolution with padding="same" and without bias makes of the images."""
    size, (height, width) = len(kernel), images.shape[1:3]
    edge = size // 2
    padded = np.pad(images, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    return sum(
        padded[:, row : row + height, column : column + width] @ kernel[row, column]
        for row in range(size)
        for column in range(size)
    )


def _what_it_does(kernel: np.ndarray, size: int, channels: int) -> str:
    where = f"With size={size} and channels={channels}"
    middle = kernel[size // 2, size // 2]
    others = np.delete(kernel.reshape(size * size, channels, channels), size * size // 2, axis=0)
    if not kernel.any():
        return f"{where} all weights are 0, so the layer forgets its images: what must be 1?"
    if others.any():
        if not middle.any():
            return f"{where} the middle of the window is 0: it is at {size // 2}, counted from 0."
        return f"{where} weights beside the middle are not 0, so neighboring pixels mix."
    if np.count_nonzero(middle - np.diag(np.diag(middle))):
        return (
            f"{where} a filter hears channels besides that of its own number: in the middle stands "
            "a matrix with 1 on its diagonal and 0 elsewhere."
        )
    return f"{where} the weights in the middle are {np.diag(middle).tolist()}: they should be 1."


# ---- choose the blocks


@exercise(
    "14.3",
    "choose the blocks",
    hints=(
        "itertools.product(range(3), range(2)) gives all pairs of numbers for two blocks with three "
        + "and two variants. For any number of blocks, put a star before a list of ranges.",
        "For each combination compute two sums: of its gains and of its costs.",
        "Keep the best combination so far, and replace it only by one that keeps the limit and has a "
        + "larger gain. Begin with an empty list.",
    ),
)
def blocks(answer: object, rng: np.random.Generator) -> str:
    example = [[1, 5, 6], [0, 4]], [[10, 30, 60], [0, 50]]
    fixed = [
        (*example, 80),  # the example: exactly at the limit
        (*example, 79),
        (*example, 10),
        (*example, 9),  # no choice keeps it
        (*example, 1000),
        ([[3, 10]], [[5, 4]], 5),  # the better one is cheaper
        ([[-4, -1], [-2, -7]], [[1, 9], [3, 2]], 5),  # all gains are negative
        ([[0, 9], [0, 8], [0, 7]], [[0, 60], [0, 50], [0, 50]], 100),  # the best one costs too much
        ([[2, 3, 11], [1, 6, 7, 9]], [[0, 2, 7], [0, 1, 4, 6]], 8),  # greedy goes wrong
        ([[5], [7], [1, 2]], [[1], [1], [0, 3]], 4),
    ]
    compare(
        answer,
        fixed + [_unambiguous(rng) for _ in range(60)],
        _chosen,
        read=lambda result: numbers(result).tolist(),
        same=equal,
        mistakes=_wrongly_chosen,
        clue="Try all combinations: which of them keep the limit, and which of these gains most?",
    )
    return (
        "With 80 blocks of ten variants nobody tries all combinations: an integer linear program "
        "finds the same choice."
    )


def _unambiguous(rng: np.random.Generator) -> tuple[Table, Table, int]:
    """Random blocks of which one choice alone is best."""
    while True:
        sizes = rng.integers(1, 4, rng.integers(1, 4)).tolist()
        gains = [rng.integers(0, 30, size).tolist() for size in sizes]
        costs = [rng.integers(0, 30, size).tolist() for size in sizes]
        limit = int(rng.integers(5, 25) * len(sizes))
        totals = [gain for gain, cost, _ in _combinations(gains, costs) if cost <= limit]
        if totals.count(max(totals, default=0)) <= 1:
            return gains, costs, limit


def _combinations(gains: Table, costs: Table) -> list[tuple[int, int, list[int]]]:
    return [
        (
            sum(block[n] for block, n in zip(gains, choice)),
            sum(block[n] for block, n in zip(costs, choice)),
            list(choice),
        )
        for choice in itertools.product(*(range(len(block)) for block in gains))
    ]


def _chosen(gains: Table, costs: Table, limit: float) -> list[int]:
    within = [(gain, choice) for gain, cost, choice in _combinations(gains, costs) if cost <= limit]
    return max(within, default=(0, []))[1]


def _wrongly_chosen(gains: Table, costs: Table, limit: int) -> dict[str, list[int]]:
    everything = _combinations(gains, costs)
    right = _chosen(gains, costs, limit)
    above_limit = [(gain, choice) for gain, cost, choice in everything if cost > limit]
    within = [each for each in everything if each[1] <= limit] or [(0, 0, [])]
    cheapest = min(everything, key=lambda each: each[1])[2]
    return {
        "A choice that costs exactly limit keeps it.": _chosen(gains, costs, limit - 1),
        "This forgets the limit: the sum of the costs must keep it.": max(everything)[2],
        "This is the cheapest choice: of those that keep the limit, take the one that gains most.": (
            cheapest
        ),
        "This is the costliest choice that keeps the limit: take the one that gains most.": (
            max(within, key=lambda each: each[1])[2]
        ),
        "The costs are subtracted from the gains: within the limit the gain alone counts.": (
            max(within, key=lambda each: each[0] - each[1])[2]
        ),
        "This gains most for what it costs: within the limit the gain alone counts.": (
            max(within, key=lambda each: each[0] / max(each[1], 1))[2]
        ),
        "This is the first choice that keeps the limit: take the one that gains most.": within[0][
            2
        ],
        "This is the first variant of each block: try all combinations.": [0] * len(gains),
        "This may cost one more than the limit.": _chosen(gains, costs, limit + 1),
        "Here gains and costs are swapped.": _chosen(costs, gains, limit),
        "These choices are above the limit.": max(above_limit, default=(0, []))[1],
        "The limit is for the sum of the costs, not for the cost of each block.": [
            max((n for n in range(len(c)) if c[n] <= limit), key=g.__getitem__, default=0)
            for g, c in zip(gains, costs)
        ],
        "The variants are counted from 0.": [n + 1 for n in right],
        "These are the gains of the choice: return the numbers of the variants.": [
            g[n] for g, n in zip(gains, right)
        ],
        "These are the costs of the choice: return the numbers of the variants.": [
            c[n] for c, n in zip(costs, right)
        ],
        "Deciding block by block spends too much on the first ones: compare whole combinations.": (
            _block_by_block(gains, costs, limit)
        ),
        "There is a choice that keeps the limit: the list is empty only where there is none.": [],
    }


def _block_by_block(gains: Table, costs: Table, limit: int) -> list[int]:
    chosen: list[int] = []
    for gain, cost in zip(gains, costs):
        within = [n for n in range(len(cost)) if cost[n] <= limit]
        if not within:
            return []
        chosen.append(max(within, key=gain.__getitem__))
        limit -= cost[chosen[-1]]
    return chosen


multiple_choice(
    "14.4",
    "a model that knows networks",
    right="c",
    options={
        "a": "More runs make the figure more certain, but they cannot tell knowledge from memory: a "
        "table of 2019 may have been read.",
        "b": "A larger model may only remember more of a table that was published long before.",
        "c": "A task that nobody could have read is what tells understanding from memory, and random "
        "search beside it says what ten draws are worth there.",
        "d": "Random search has ten draws to its ten; but a fair budget on a table that the model may "
        "have read still does not tell knowledge from memory.",
    },
    hints=(
        "For what other reason could the model have named good networks?",
        "When was the benchmark published, and when was the model trained?",
    ),
)
