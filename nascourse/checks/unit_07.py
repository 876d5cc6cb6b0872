"""Checkers of unit 07: a Pareto front, a choice under two limits, a weighted sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nascourse.checks.core import Wrong, call, multiple_choice, show
from nascourse.checks.registry import exercise

Point = tuple[float, float]  # cost, accuracy


@exercise(
    "07.1",
    "a Pareto front",
    hints=(
        "First answer for one point: is there another one that dominates it?",
        "From the cheapest to the costliest: what must a point have that the cheaper ones had not?",
        "Sort by cost, and at equal cost the more accurate first. Then walk through the points and "
        + "remember the best accuracy so far.",
    ),
)
def front(answer: object, rng: np.random.Generator) -> str:
    cases = [_scattered(rng, 12), _scattered(rng, 7)]
    cases += [[(1, 0.5), (2, 0.5), (3, 0.7)], [(1, 0.5), (1, 0.8), (2, 0.9)]]  # ties
    cases += [[(2, 0.9), (1, 0.8), (2, 0.9)], [(1, 0.8)], []]
    for points in cases:
        result = _points(call(answer, points))
        if result != _front(points):
            raise Wrong(_mistaken_front(points, result))
    return (
        "Each step to the right on a front buys accuracy: whatever costs more without being more "
        "accurate is not on it."
    )


def _scattered(rng: np.random.Generator, n: int) -> list[Point]:
    """Points of different costs and accuracies, on which each plausible mistake shows."""
    while True:
        costs, places = rng.choice(90, n, replace=False) + 10, rng.choice(80, n, replace=False)
        points = list(zip(costs.tolist(), (0.15 + places / 100).round(2).tolist()))
        fronts = [_front(points, a, b) for a in (1, -1) for b in (1, -1)]
        inside = not any(points[0] in front for front in fronts)
        if inside and min(map(len, fronts)) > 1 and len(fronts[0]) > 2:
            return points


def _front(points: Sequence[Point], cost: int = 1, accuracy: int = 1) -> list[Point]:
    """The front, each point once; a sign of -1 turns a goal around."""

    def dominated(point: Point) -> bool:
        return any(
            cost * rival[0] <= cost * point[0]
            and accuracy * rival[1] >= accuracy * point[1]
            and rival != point
            for rival in points
        )

    return sorted({point for point in points if not dominated(point)})


def _points(value: object) -> list[Point]:
    if not isinstance(value, (list, tuple, np.ndarray)):
        raise Wrong(f"The front should be a list of (cost, accuracy) pairs, not {show(value)}.")
    try:
        return [(float(cost), float(accuracy)) for cost, accuracy in value]
    except (TypeError, ValueError):
        raise Wrong(
            f"The front should hold pairs of cost and accuracy as they were given, not "
            f"{show(value)}."
        ) from None


def _mistaken_front(points: list[Point], result: list[Point]) -> str:
    right = _front(points)
    if extra := set(result) - set(points):
        return f"{show(min(extra))} is none of the points that were given: keep points, make none."
    if sorted(result) == sorted(_front(points, 1, -1)):
        return "This takes a low accuracy for good: only the cost should be small."
    if sorted(result) == sorted(_front(points, -1, 1)):
        return "This takes a high cost for good: the cost should be small, the accuracy large."
    if sorted(result) == sorted(_front(points, -1, -1)):
        return "Both goals are turned around: the cost should be small, the accuracy large."
    if len(result) == 1 < len(right) and result[0] in right:
        which = "cheapest" if result[0] == right[0] else "most accurate"
        return (
            f"Only the {which} point is left, the best in a single goal: a front holds all "
            "points that none dominates."
        )
    if sorted(result) == sorted(points) and len(points) > 3:
        return "No point is left out: those that another point dominates are not on the front."
    if len(set(result)) < len(result):
        return "A point that was given twice is kept twice: keep it once."
    if set(result) == set(right):
        return "These are the right points in another order: sort them from the cheapest."
    if dominated := sorted(set(result) - set(right)):
        point = dominated[0]
        rival = next(p for p in right if p[0] <= point[0] and p[1] >= point[1])
        if rival[0] == point[0] or rival[1] == point[1]:
            return (
                f"{point} is kept beside {rival}, which is equal in one goal and better in the "
                "other: that is enough to dominate."
            )
        return f"{point} is kept, though {rival} is cheaper and more accurate: it dominates."
    missing = min(set(right) - set(result))
    return f"Of the points {show(points)} none dominates {missing}, and it is missing."


@exercise(
    "07.2",
    "the best that fits",
    hints=(
        "Two steps: which networks fit, and which of those is the best?",
        "A row fits if both conditions hold: & joins two columns of True and False.",
        "sort_values takes a list of columns and a list for ascending; the first row's label is "
        + "in .index[0].",
    ),
)
def best_that_fits(answer: object, rng: np.random.Generator) -> str:
    for _ in range(3):
        table, limits, label = _networks(rng)
        result = call(answer, table, *limits)
        if isinstance(result, (pd.Series, pd.DataFrame, pd.Index)) or np.asarray(result).ndim:
            raise Wrong(f"The result should be one label of the index, not {show(result)}.")
        for role, sentence in _CHOICES.items():
            if result == label[role]:
                raise Wrong(sentence)
        if result == table["val_accuracy"][label["right"]]:
            raise Wrong("This is the accuracy of the network: return its label in the index.")
        if result not in table.index:
            raise Wrong(
                f"{show(result)} is no label of this table's index: return the label, not a place."
            )
        if result != label["right"]:
            raise Wrong(f"Network {result} fits, but a more accurate one fits as well.")
    return "A limit needs no weights and no units: it asks what fits, and only then what is best."


_CHOICES = {
    "test": "This chooses by test accuracy: the test set judges what validation has chosen.",
    "below": "A network that lies exactly on a limit fits: at most means <=.",
    "slow": "This network waits too long: both limits must hold, the one in milliseconds as well.",
    "large": "This network is too large: both limits must hold, the one on parameters as well.",
    "beyond": "This network is the best of all and does not fit: first take those that do.",
    "largest": "This is the largest network that fits: the limit is no goal, the accuracy is.",
    "smallest": "This is the smallest network that fits: of those that fit the most accurate wins.",
    "twin": "Of two equally accurate networks this is the larger one: take the smaller.",
}


def _networks(rng: np.random.Generator) -> tuple[pd.DataFrame, tuple[int, float], dict[str, int]]:
    """A table, two limits, and the label of the network to which each mistake leads."""
    most_params, wait = 100 * int(rng.integers(40, 90)), int(rng.integers(10, 30)) / 20
    half = most_params // 2
    rows = {  # parameters, milliseconds, validation and test accuracy
        "right": (half, wait, 0.94, 0.93),
        "twin": (half + 100, wait, 0.94, 0.94),
        "test": (half - 200, wait / 2, 0.88, 0.99),
        "below": (half - 100, wait / 2, 0.92, 0.92),
        "slow": (half, wait + 0.05, 0.96, 0.95),
        "large": (most_params + 1, wait, 0.97, 0.96),
        "beyond": (2 * most_params, 2 * wait, 0.98, 0.97),
        "largest": (most_params, wait / 2, 0.91, 0.90),
        "smallest": (100, wait / 2, 0.85, 0.86),
        "worst": (200, wait / 2, 0.80, 0.81),
    }
    columns = ["n_params", "latency_ms", "val_accuracy", "test_accuracy"]
    labels = 100 + rng.choice(1_000, len(rows), replace=False)
    table = pd.DataFrame(list(rows.values()), pd.Index(labels, name="network"), columns)
    table[columns[2:]] -= int(rng.integers(100)) / 1_000
    order = rng.permutation(len(rows))
    return table.iloc[order], (most_params, wait), dict(zip(rows, labels.tolist()))


multiple_choice(
    "07.3",
    "the network in the dent",
    right="d",
    options={
        "a": "With a large weight the size decides, and then the smallest network wins.",
        "b": "With a small weight the accuracy decides, and then the most accurate network wins.",
        "c": "At every weight in between either P or R has the larger sum: work it out at 0.000035, "
        "where P and R are equal, and compare Q with them.",
        "d": "The straight line from P to R passes above Q, so at every weight one of its ends has "
        "the larger sum; a limit of 2,000 parameters chooses Q at once.",
    },
    hints=(
        "Compute the three sums for a small, a middle and a large weight.",
        "At which weight are P and R equal? That is the best chance Q has.",
        "Where does the straight line from P to R stand at 2,000 parameters, above Q or below?",
    ),
)
