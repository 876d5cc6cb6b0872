"""Checkers of unit 05: a probability of superiority, an oracle, a band, a careful sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nascourse.checks.cases import compare
from nascourse.checks.core import Wrong, call, multiple_choice, number, show
from nascourse.checks.oracles import (
    let_search,
    require_conditions,
    require_each_change,
    require_half_around_the_best,
    require_seeded,
    require_stop,
)
from nascourse.checks.registry import exercise


@exercise(
    "05.1",
    "who ends better?",
    hints=(
        "How many pairs are there? Each search of A meets each search of B.",
        "Give each pair its points: one for a win of A, a half for a tie, none for a loss.",
        "Two loops, one in the other, collect the points; what is asked for is their mean.",
    ),
)
def who_ends_better(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        ([1, 5], [0, 2]),  # the examples
        ([1], [1, 0]),
        ([0.93, 0.95, 0.91, 0.95], [0.94, 0.91, 0.95]),
        ([0.9], [0.9]),
        ([0.7, 0.8], [0.9]),
        ([0.5, 0.5, 0.6], [0.5, 0.5, 0.5, 0.4]),
        ([0.9, 0.1, 0.1], [0.5, 0.2]),
    ]
    fresh = [
        tuple((rng.integers(90, 96, n) / 100).tolist() for n in sizes)
        for sizes in rng.integers(1, 6, (60, 2))
    ]
    compare(
        answer,
        [*fixed, *fresh],
        _superiority,
        read=lambda value: number(value, "the probability"),
        mistakes=_mistaken_superiorities,
        clue="Go through all pairs, each search of A with each of B, and give each its points.",
    )
    return "0.5 means that neither is better, and even at 0.75 one search of A in four loses to one of B."


def _superiority(a: list[float], b: list[float]) -> float:
    return float(np.mean((np.sign(np.subtract.outer(a, b)) + 1) / 2))


def _mistaken_superiorities(a: list[float], b: list[float]) -> dict[str, float]:
    """What plausible mistakes return, each with the sentence that corrects it."""
    won, tied = np.greater.outer(a, b), np.equal.outer(a, b)
    points = won + 0.5 * tied
    right = _superiority(a, b)
    same_place = [(x > y) + 0.5 * (x == y) for x, y in zip(a, b)]
    same_rank = [x > y for x, y in zip(sorted(a), sorted(b))]
    one_of_b = {"best": max(b), "mean": float(np.mean(b)), "median": float(np.median(b))}

    def one_number(of: Callable[[list[float]], float]) -> float:
        return float(of(a) > of(b)) + 0.5 * float(of(a) == of(b))

    return {
        "Ties are missing: a pair that ends equal counts half for A.": won.mean(),
        "Ties count as whole wins: a pair that ends equal counts half for A.": (won | tied).mean(),
        "This is the probability that B ends better: A comes first.": 1 - right,
        "This compares searches at the same place only: every search of A meets every one of B.": (
            np.mean(same_place)
        ),
        "This counts points: divide by the number of pairs to get a probability.": right * won.size,
        "This is in percent: a probability lies between 0 and 1.": right * 100,
        "Pairs that end equal are left out of the number of pairs: they belong to all pairs.": (
            won.sum() / max((~tied).sum(), 1)
        ),
        "Pairs that end equal count half, and are then left out of the number of pairs.": (
            points.sum() / max((~tied).sum(), 1)
        ),
        "This compares one number a strategy, such as the mean: compare the single searches.": float(
            np.mean(a) > np.mean(b)
        ),
        "This compares the best searches alone: compare all pairs.": one_number(max),
        "This compares the medians alone: compare all pairs.": one_number(
            lambda values: float(np.median(values))
        ),
        "Equal values are counted once here: every search counts, also one that ended as another.": (
            _superiority(list(set(a)), list(set(b)))
        ),
        "The pairs that B wins count half here: only those that end equal do.": (1 + won.mean())
        / 2,
        "Pairs that end equal are subtracted: each counts half for A.": (won - 0.5 * tied).mean(),
        "The pairs that B wins are subtracted: they count 0.": 2 * right - 1,
        "This is the mean of the differences: in each pair it only counts who ends better.": (
            np.subtract.outer(a, b).mean()
        ),
        "A is compared with its own searches as well: take those of B alone.": (
            _superiority(a, a + b)
        ),
        "The first search of A is left out.": _superiority(a[1:] or a, b),
        "The best search of B is left out.": _superiority(a, sorted(b)[:-1] or b),
        "This sorts both lists and compares searches at the same place only: every search of A "
        "meets every one of B.": np.mean(same_rank),
        "This compares the sums: compare all pairs.": sum(a) / (sum(a) + sum(b)),
        **{
            f"This compares the searches of A with the {word} of B alone: compare all pairs.": (
                np.mean(np.array(a) > value)
            )
            for word, value in one_of_b.items()
        },
        **{
            f"This divides by {words}: divide by the number of pairs.": points.sum() / by
            for words, by in {
                "the number of searches of A": len(a),
                "the number of searches of B": len(b),
                "the number of all searches": len(a) + len(b),
                "the square of the number of searches of A": len(a) ** 2,
                "the square of the number of searches of B": len(b) ** 2,
                "one less than the number of pairs": max(won.size - 1, 1),
            }.items()
        },
    }


@exercise(
    "05.2",
    "an oracle of your own",
    hints=(
        "A proposal has two steps: decide what to keep of the best trial, and fill up the rest.",
        "To draw one value anew, copy the best trial's values, forget one of them, and let `fill` "
        + "do its work. Is the result new? If not, try again.",
        "A loop of 20 rounds: in each, start from an empty dictionary or from such a copy, fill, "
        + "and return if it is no duplicate. Below the loop there is nothing new: stop.",
    ),
)
def around_the_best(answer: object, rng: np.random.Generator) -> str:
    import keras_tuner

    if isinstance(answer, keras_tuner.Oracle):
        raise Wrong("This is an oracle: give check the class, without parentheses behind it.")
    if not (isinstance(answer, type) and issubclass(answer, keras_tuner.Oracle)):
        raise Wrong(f"{show(answer)} is no class of oracles: it inherits from keras_tuner.Oracle.")
    # An oracle's seed makes it repeatable, so that the same seeds come to the same verdict.
    seeds, rng = list(range(1, 21)), np.random.default_rng(0)
    require_seeded(answer, seeds, rng)
    for objective in ("val_accuracy", "val_loss"):
        searches = [let_search(answer, objective, seed, 25, rng) for seed in seeds]
        if any(len(search) < 25 for search in searches):
            raise Wrong(
                f"It stops after {min(map(len, searches))} trials in a space of {7**6:,} settings: "
                "stop only when 20 draws in a row bring nothing new."
            )
        require_half_around_the_best(searches, objective)
        require_each_change(searches, objective)
    require_conditions(answer, seeds[0], rng)
    require_stop(answer, seeds, rng)
    return (
        "Your oracle looks back, stays curious and knows when to stop, and any KerasTuner project can "
        "use it."
    )


@exercise(
    "05.3",
    "a median in a band",
    hints=(
        "Each column of `regrets` belongs to one amount of budget, and needs three numbers.",
        "np.percentile(regrets, [25, 50, 75], axis=0) gives all three for every column.",
        "ax.plot takes `spent` and the medians; ax.fill_between takes `spent`, the lower and the "
        + "upper percentiles. Draw on the `ax` that you are given, and return it.",
    ),
)
def median_in_band(answer: object, rng: np.random.Generator) -> str:
    import matplotlib.pyplot as plt

    already = plt.get_fignums()
    try:
        for searches, amounts in ((9, 4), (6, 7), (4, 4), (13, 1)):
            spent = np.sort(rng.choice(np.arange(10, 1000), amounts, replace=False))
            regrets = rng.exponential(size=(searches, amounts)) ** 2
            _, (given, other) = plt.subplots(1, 2)  # the second is the current one
            result = call(answer, given, spent, regrets)
            if given.figure.number != plt.get_fignums()[-1]:
                raise Wrong("It opens a figure of its own: draw on the `ax` that you are given.")
            if other.has_data():
                raise Wrong(
                    "plt.plot draws on the axes that happen to be the current ones: call the methods "
                    "of `ax`."
                )
            _require_line(given, spent, regrets)
            _require_band(given, spent, regrets)
            if result is not given:
                raise Wrong(f"It returns {show(result)}: return the `ax` that you have drawn on.")
    finally:
        for figure in set(plt.get_fignums()) - set(already):
            plt.close(figure)
    return (
        "Half of the searches lie in the band: whoever runs only one should look at it, not at the "
        "line."
    )


def _require_line(ax: Any, spent: np.ndarray, regrets: np.ndarray) -> None:
    if len(ax.lines) != 1:
        raise Wrong(
            f"There are {len(ax.lines)} lines on `ax`: draw one, the median of the searches."
        )
    x, y = (np.asarray(data, dtype=float) for data in ax.lines[0].get_data())
    if y.shape == spent.shape and np.array_equal(y, spent):
        raise Wrong("The budget is on the vertical axis: ax.plot takes x first, then y.")
    if x.shape != spent.shape or not np.array_equal(x, spent):
        raise Wrong(
            f"The line lies over {show(x.tolist())}: it belongs over the amounts in `spent`."
        )
    line = ax.lines[0]
    if line.get_linestyle() in ("None", "", " ") or line.get_alpha() == 0:
        raise Wrong("The median is not drawn as a line that can be seen: ax.plot(x, y) draws one.")
    mistakes: dict[str, Callable[..., np.ndarray]] = {
        "This line is the mean: a few bad searches pull it up, so take the median.": np.mean,
        "This line is the best search at each budget: draw the median.": np.min,
        "This line is the worst search at each budget: draw the median.": np.max,
    }
    if not np.allclose(y, np.median(regrets, axis=0)):
        for sentence, statistic in mistakes.items():
            if np.allclose(y, statistic(regrets, axis=0)):
                raise Wrong(sentence)
        raise Wrong("The line is not the median over the searches, which are the rows: use axis=0.")


def _require_band(ax: Any, spent: np.ndarray, regrets: np.ndarray) -> None:
    from matplotlib.collections import PolyCollection

    if len(ax.collections) != 1 or not isinstance(ax.collections[0], PolyCollection):
        bands = sum(isinstance(drawn, PolyCollection) for drawn in ax.collections)
        raise Wrong(f"There are {bands} bands on `ax`: draw one with ax.fill_between.")
    band = ax.collections[0]
    if not np.asarray(band.get_facecolor()).reshape(-1, 4)[:, 3].any():
        raise Wrong("The band cannot be seen: fill it with a color that is not transparent.")
    corners = np.concatenate([path.vertices for path in band.get_paths()])

    def reaches(low: np.ndarray, high: np.ndarray) -> bool:
        """Whether these are the corners of the band, and no others are."""
        wanted = np.array([(x, y) for edge in (low, high) for x, y in zip(spent, edge)])
        same = np.asarray(np.isclose(corners[:, None], wanted).all(axis=2))
        return bool(same.any(axis=0).all() and same.any(axis=1).all())

    if reaches(*np.percentile(regrets, [25, 75], axis=0)):
        return
    mean, deviation = regrets.mean(axis=0), regrets.std(axis=0)
    error = deviation / np.sqrt(len(regrets))
    mistakes = {
        "This band holds all searches: the middle half lies between two percentiles.": (
            np.percentile(regrets, [0, 100], axis=0)
        ),
        "This band is a standard deviation wide: it promises regrets below those of any search, so "
        "take percentiles.": (mean - deviation, mean + deviation),
        "This band is the standard error, which says how sure the mean is and not how the searches "
        "spread: take percentiles.": (mean - error, mean + error),
        "This band runs from the median on one side only: it has two edges, the 25th and the 75th "
        "percentile.": np.percentile(regrets, [50, 75], axis=0),
        "This band is wider than the middle half, which begins at the 25th percentile.": (
            np.percentile(regrets, [5, 95], axis=0)
        ),
        "np.percentile counts to 100, so 0.25 is next to nothing: ask for 25 and 75.": (
            np.percentile(regrets, [0.25, 0.75], axis=0)
        ),
    }
    for sentence, edges in mistakes.items():
        if reaches(*edges):
            raise Wrong(sentence)
    raise Wrong("The band does not reach from the 25th to the 75th percentile of the searches.")


multiple_choice(
    "05.4",
    "a sentence for the report",
    right="c",
    options={
        "a": "Three out of four is true for 35 trials only: whoever reads it thinks of the 100 that "
        "both could have had.",
        "b": "An interval around one half is no proof of equality: with more searches it may turn out "
        "to lie on one side.",
        "c": "It names the budget of each claim, and where the interval contains one half it claims "
        "nothing.",
        "d": "At 100 trials the interval reaches from 0.46 to 0.62: the data agree with a strategy "
        "that is a little worse than random search.",
    },
    hints=(
        "Which of the two intervals contains 0.5?",
        "A sentence about a budget should say which budget.",
        "No evidence of a difference and evidence of no difference are not the same.",
    ),
)
