"""Checkers of unit 07: a Pareto front, a choice under two limits, a weighted sum."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from nascourse.checks.cases import compare, equal
from nascourse.checks.core import Wrong, multiple_choice, number, show
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
    fixed: list[list[Point]] = [
        [(5, 0.97), (3, 0.94), (2, 0.95), (1, 0.90)],  # the example
        [(30, 0.5), (10, 0.4), (40, 0.9), (20, 0.45), (25, 0.3)],  # with a dent, as few hulls have
        [(1, 0.5), (2, 0.5), (3, 0.7)],
        [(2, 0.5), (1, 0.5), (3, 0.5)],
        [(1, 0.5), (1, 0.8), (2, 0.9)],
        [(1, 0.8), (1, 0.5), (2, 0.6)],
        [(2, 0.9), (1, 0.8), (2, 0.9), (1, 0.8)],
        [(1, 0.7), (1, 0.7), (3, 0.7), (3, 0.9), (2, 0.9)],
        [(4, 0.2), (3, 0.4), (2, 0.6), (1, 0.8)],
        [(1_000_000, 0.99), (0.5, 0.01), (2_000_000, 0.98)],
        [(1, 0.0), (2, 0.1), (3, 0.1234), (4, 0.1235)],
        [(1, 0.8)],
    ]
    fresh = [
        [(int(cost), float(hits) / 10) for cost, hits in rng.integers(1, 8, (n, 2))]
        for n in rng.integers(2, 8, 100)
    ]
    compare(
        answer,
        [(points,) for points in fixed + fresh],
        _front,
        read=_points,
        same=equal,
        mistakes=_wrong_fronts,
        clue="Ask of each point whether another one dominates it: as cheap and as accurate, and "
        "better in one of the two.",
    )
    return (
        "Each step to the right on a front buys accuracy: whatever costs more without being more "
        "accurate is not on it."
    )


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


def _wrong_fronts(points: list[Point]) -> dict[str, list[Point]]:
    """What each mistake makes of the points."""
    right = _front(points)
    by_cost = sorted(points)

    def front(dominates: Callable[[Point, Point], bool]) -> list[Point]:
        return sorted({one for one in points if not any(dominates(two, one) for two in points)})

    def walk(order: list[Point]) -> list[Point]:
        return [p for n, p in enumerate(order) if all(p[1] > q[1] for q in order[:n])]

    def in_a_dent(p: Point) -> bool:
        return any(
            q[0] < p[0] < r[0] and (p[1] - q[1]) * (r[0] - q[0]) <= (r[1] - q[1]) * (p[0] - q[0])
            for q in right
            for r in right
        )

    return {
        "This takes a low accuracy for good: only the cost should be small.": _front(points, 1, -1),
        "This takes a high cost for good: the cost should be small, the accuracy large.": (
            _front(points, -1, 1)
        ),
        "Both goals are turned around: the cost should be small, the accuracy large.": (
            _front(points, -1, -1)
        ),
        "Only the cheapest point is left, the best in a single goal: a front holds all points that "
        "none dominates.": [min(points)],
        "Only the most accurate point is left, the best in a single goal: a front holds all points "
        "that none dominates.": [max(points, key=lambda point: point[1])],
        "No point is left out: those that another point dominates are not on the front.": by_cost,
        "A point is kept beside one that is equal in one goal and better in the other: that is "
        "enough to dominate.": front(lambda two, one: two[0] < one[0] and two[1] > one[1]),
        "A point is kept beside one that costs the same and is more accurate: that is enough to "
        "dominate.": front(lambda two, one: two[0] < one[0] and two[1] >= one[1]),
        "A point is kept beside a cheaper one of the same accuracy: that is enough to dominate.": (
            front(lambda two, one: two[0] <= one[0] and two[1] > one[1])
        ),
        "A point that was given twice is kept twice: keep it once.": (
            [point for point in by_cost if point in right]
        ),
        "A point that was given twice is left out: it does not dominate itself, keep it once.": (
            [point for point in right if points.count(point) == 1]
        ),
        "These are the right points in another order: sort them from the cheapest.": (
            [point for point in dict.fromkeys(points) if point in right]
        ),
        "The points are sorted from the most expensive: sort them from the cheapest.": right[::-1],
        "At equal cost the less accurate point comes first here, and stays: sort it behind the "
        "other.": walk(by_cost),
        "The points are not sorted before the walk, so that a cheaper one may come too late: it "
        "dominates all the same.": walk(points),
        "A point in a dent, below the straight line between two others, is missing: nothing "
        "dominates it.": [point for point in right if not in_a_dent(point)],
        "Of points with the same cost the last one in the list is kept, as in a dict: the most "
        "accurate of them counts.": _front([*dict(points).items()]),
        "Of points with the same accuracy the last one in the list is kept, as in a dict: the "
        "cheapest of them counts.": _front(
            [(cost, accuracy) for accuracy, cost in {p[1]: p[0] for p in points}.items()]
        ),
        "The most accurate point of each cost is kept, also where a cheaper one is as accurate: "
        "that one dominates it.": sorted(dict(by_cost).items()),
        "No point is left, though no other point dominates the cheapest one. A point does not dominate "
        "itself.": [],
        "The cheapest and the costliest point are kept, and nothing in between: ask of each point "
        "whether another one dominates it.": by_cost[:1] + by_cost[-1:],
        "The cost and the accuracy of a pair are swapped: keep points, make none.": (
            [point[::-1] for point in right]
        ),
        "The last point of the front is missing: the most accurate one belongs to it.": right[:-1],
    }


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
    fixed = [
        _networks(labels, rows)
        for labels, rows in {
            # The numbers of networks are no places, and no row is first or last by chance.
            (7, 2, 5, 0, 9, 4): "smaller larger twin best slow large",
            (1, 3, 0, 2, 5, 4): "large twin slow test smaller larger",
            (12, 30, 21, 15): "cheap test smaller slow",
            (3, 1, 2, 0): "twin larger smaller modest",
            (2, 0, 1): "larger smaller test",
            (1, 0): "slow cheap",
            (0, 1): "large cheap",
            (8,): "smaller",
        }.items()
    ]
    fresh = [_drawn_networks(rng) for _ in range(40)]
    compare(
        answer,
        [(table, 500, 2.0) for table in fixed + fresh],
        _best_within,
        read=_label,
        same=equal,
        mistakes=_wrong_choices,
        clue="Of the rows within both limits the one with the highest val_accuracy is meant, and "
        "its label in the index.",
    )
    return "A limit needs no weights and no units: it asks what fits, and only then what is best."


_COLUMNS = ["n_params", "latency_ms", "val_accuracy", "test_accuracy"]
_ROWS = {  # with room for 500 parameters and 2 ms
    "smaller": (300, 2.0, 0.94, 0.93),
    "larger": (500, 1.0, 0.94, 0.95),  # exactly at a limit, as is the one above
    "twin": (400, 0.5, 0.94, 0.94),
    "modest": (450, 1.5, 0.94, 0.90),
    "best": (900, 3.0, 0.98, 0.97),
    "slow": (200, 2.1, 0.96, 0.96),
    "large": (501, 1.0, 0.97, 0.98),
    "cheap": (100, 0.2, 0.80, 0.81),
    "test": (250, 0.4, 0.90, 0.99),
}


def _networks(labels: Sequence[int], rows: str) -> pd.DataFrame:
    return pd.DataFrame([_ROWS[row] for row in rows.split()], list(labels), _COLUMNS)


def _drawn_networks(rng: np.random.Generator) -> pd.DataFrame:
    """Networks of which at least one fits, and no two are equally good and equally small."""
    while True:
        n = int(rng.integers(2, 7))
        params, wait = 100 * rng.permutation(np.arange(2, 9))[:n], rng.integers(2, 7, n) / 2
        val, test = rng.integers(90, 94, (2, n)) / 100
        labels = rng.permutation(n)
        if ((params <= 500) & (wait <= 2.0)).any():
            return pd.DataFrame(dict(zip(_COLUMNS, (params, wait, val, test))), labels)


def _best_within(table: pd.DataFrame, max_params: int, max_ms: float) -> int:
    rows = table.to_dict("index")
    fits = [
        label
        for label, row in rows.items()
        if row["n_params"] <= max_params and row["latency_ms"] <= max_ms
    ]
    return max(fits, key=lambda label: (rows[label]["val_accuracy"], -rows[label]["n_params"]))


def _label(result: object) -> float:
    if np.ndim(result):  # type: ignore[arg-type]  # it takes any object
        raise Wrong(f"The result should be one label of the index, not {show(result)}.")
    return number(result, "the label")


def _wrong_choices(table: pd.DataFrame, max_params: int, max_ms: float) -> dict[str, float]:
    """Where each mistake ends."""
    right = _best_within(table, max_params, max_ms)
    params, wait, val = table["n_params"], table["latency_ms"], table["val_accuracy"]
    fits = (params <= max_params) & (wait <= max_ms)

    def choose(
        rows: pd.Series,
        by: str = "val_accuracy",
        *,
        ascending: bool = False,
        then: str = "n_params",
    ) -> float:
        order = table[rows].sort_values([by, then], ascending=[ascending, True])
        return order.index[0] if len(order) else math.nan

    larger = table[fits].sort_values(["val_accuracy", "n_params"], ascending=False).index[0]
    everything = pd.Series(True, table.index)
    return {
        "This chooses by test accuracy: the test set judges what validation has chosen.": (
            choose(fits, "test_accuracy")
        ),
        "Of two equally accurate networks this is the larger one: take the smaller.": larger,
        "Of two equally accurate networks this is the first in the table: take the smaller.": (
            val[fits].idxmax()
        ),
        "Of two equally accurate networks this is the last in the table: take the smaller.": (
            val[fits][::-1].idxmax()
        ),
        "Of two equally accurate networks this is the faster one: take the smaller.": (
            choose(fits, then="latency_ms")
        ),
        "A network that lies exactly on a limit fits: at most means <=.": (
            choose((params < max_params) & (wait < max_ms))
        ),
        "A network with just as many parameters as there is room for fits: at most means <=.": (
            choose((params < max_params) & (wait <= max_ms))
        ),
        "A network that takes just as long as one may wait fits: at most means <=.": (
            choose((params <= max_params) & (wait < max_ms))
        ),
        "This network waits too long: both limits must hold, the one in milliseconds as well.": (
            choose(params <= max_params)
        ),
        "This network is too large: both limits must hold, the one on parameters as well.": (
            choose(wait <= max_ms)
        ),
        "One limit is not enough: both must hold, so join them by & and not by |.": (
            choose((params <= max_params) | (wait <= max_ms))
        ),
        "This network is the best of all and does not fit: first take those that do.": (
            choose(everything)
        ),
        "This is the largest network that fits: the limit is no goal, the accuracy is.": (
            params[fits].idxmax()
        ),
        "This is the smallest network that fits: of those that fit the most accurate wins.": (
            params[fits].idxmin()
        ),
        "This is the fastest network that fits: of those that fit the most accurate wins.": (
            wait[fits].idxmin()
        ),
        "This is the worst network that fits: a more accurate one fits as well.": (
            choose(fits, ascending=True)
        ),
        "Of two equally accurate networks this is the less accurate one in the test: take the "
        "smaller.": choose(fits, then="test_accuracy"),
        "This is the first network that fits: of those that fit the most accurate wins.": (
            table.index[fits][0]
        ),
        "This is the last network that fits: of those that fit the most accurate wins.": (
            table.index[fits][-1]
        ),
        "This is the largest label of those that fit: the most accurate of them wins.": (
            table.index[fits].max()
        ),
        "This is the least accurate network that fits: a more accurate one fits as well.": (
            val[fits].idxmin()
        ),
        "This is the accuracy of the network: return its label in the index.": val[right],
        "This is a place in the table: return the label in the index, not a place.": (
            table.index.get_loc(right)
        ),
        "This is a place among those that fit: return the label in the index, not a place.": (
            table.index[fits].get_loc(right)
        ),
        "These are the parameters of the network: return its label in the index.": params[right],
    }


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
