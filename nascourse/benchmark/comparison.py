"""What simulated searches show: regret along the budget, ranks, and who is better how often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nascourse import CourseError, trials, whole_number
from nascourse.benchmark.table import Benchmark


def within_budget(
    searches: pd.DataFrame, budgets: Sequence[float], *, value: str = "regret", by: str = "epochs"
) -> pd.DataFrame:
    """The standing of each search within each of several budgets.

    A search that stopped early stays where it ended; before its first trial there is no value.

    Parameters
    ----------
    searches
        A table from `simulate`.
    budgets
        In the unit of ``by``: ``"trial"``, ``"epochs"`` or ``"seconds"``.
    value
        ``"regret"``, ``"test_accuracy"`` or ``"val_accuracy"``; the incumbent's in each case.

    Returns
    -------
    pandas.DataFrame
        One row a strategy and seed, one column a budget.  Pandas does the rest:
        ``.groupby("strategy").median()``, ``.groupby("strategy").quantile([0.25, 0.75])``.

    Raises
    ------
    CourseError
        ``searches`` has no such column.
    """
    trials.check_columns(searches, value, by)
    standings = {}
    for key, search in searches.groupby(["strategy", "seed"], sort=False):
        values = search[value].cummax() if value == "val_accuracy" else search[value]
        last_trial = np.searchsorted(search[by].to_numpy(), budgets, side="right") - 1
        standings[key] = np.where(last_trial < 0, np.nan, values.to_numpy()[last_trial])
    index = pd.MultiIndex.from_tuples(standings, names=["strategy", "seed"])
    return pd.DataFrame(list(standings.values()), index=index, columns=pd.Index(budgets, name=by))


def mean_ranks(standing: pd.DataFrame, *, smaller_is_better: bool = True) -> pd.DataFrame:
    """The mean rank of each strategy along the budget: 1 is the best, ties share their ranks.

    ``standing`` comes from `within_budget`; the searches with the same seed are ranked among
    themselves.
    """
    ranks = standing.groupby(level="seed").rank(ascending=smaller_is_better)
    return ranks.groupby(level="strategy", sort=False).mean()


class Superiority(NamedTuple):
    """A probability, and the ends of its bootstrap interval."""

    probability: float
    low: float
    high: float


def superiority(
    a: ArrayLike,
    b: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Superiority:
    """How probable it is that a search of A ends better than a search of B.

    Ties count half, so 0.5 means that neither is better.  This is Vargha & Delaney's A (2000): the
    statistic of the Mann-Whitney test over the number of pairs.  The interval is the percentile
    bootstrap's: it draws the searches of both again and again, with replacement (Efron 1979).

    Parameters
    ----------
    a, b
        How each search ended, of shapes (searches,); larger is better, as for test accuracies.

    Raises
    ------
    CourseError
        There are fewer than two searches of A or B, or ``confidence`` is no share.
    """
    from scipy import stats

    def probability(a: NDArray, b: NDArray, axis: int = -1) -> NDArray:
        pairs = a.shape[axis] * b.shape[axis]
        return stats.mannwhitneyu(a, b, axis=axis, method="asymptotic").statistic / pairs

    if not 0 < confidence < 1:
        raise CourseError(f"confidence={confidence!r} is not possible: give a share such as 0.95.")
    samples = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if min(map(len, samples)) < 2:
        raise CourseError(
            f"{len(samples[0])} searches against {len(samples[1])} tell nothing: give at least two "
            "of each."
        )
    interval = stats.bootstrap(
        samples,
        probability,
        n_resamples=resamples,
        batch=50,
        confidence_level=confidence,
        method="percentile",
        random_state=seed,
    ).confidence_interval
    return Superiority(float(probability(*samples)), float(interval.low), float(interval.high))


def winners_curse(
    benchmark: Benchmark, sizes: Sequence[int], *, repeats: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """How much the best of N networks promises in validation, and what it holds in the test.

    Each repeat trains N networks once each, drawn at random without replacement, takes the one
    with the best validation accuracy, and looks at its test accuracy.

    Returns
    -------
    pandas.DataFrame
        The means over the repeats, one row a size N: val_accuracy, test_accuracy, gap.

    Raises
    ------
    CourseError
        A size is no whole number, or the table has fewer networks.
    """
    rng = np.random.default_rng(seed)
    columns = ["val_accuracy", "test_accuracy"]
    accuracies = np.stack([benchmark.runs[name][:, -1] for name in columns], axis=1)
    means = {}
    for size in sizes:
        size = whole_number("size", size, at_least=1, at_most=len(benchmark))
        winners = np.empty(repeats, dtype=int)
        for repeat in range(repeats):
            networks = rng.choice(len(benchmark), size, replace=False)
            runs = benchmark.draw_runs(rng, networks)
            winners[repeat] = runs[accuracies[runs, 0].argmax()]
        means[size] = accuracies[winners].mean(axis=0)
    table = pd.DataFrame.from_dict(means, orient="index", columns=columns).rename_axis("networks")
    return table.assign(gap=table["val_accuracy"] - table["test_accuracy"])


def effects(table: pd.DataFrame, choices: Iterable[str], *, by: str = "test_accuracy") -> pd.Series:
    """The share of the variance of ``by`` that each choice explains alone, the largest first.

    It is the variance of the groups' means over the variance of all (eta squared): 1 if the choice
    decides everything, 0 if it changes no mean.  The networks without such a choice are a group
    too.

    Raises
    ------
    CourseError
        ``table`` has no such column.
    """
    choices = list(choices)
    trials.check_columns(table, by, *choices)
    values = table[by].astype(float)
    shares = {}
    for choice in choices:
        groups = values.groupby(table[choice].astype(object).where(table[choice].notna(), "none"))
        shares[choice] = groups.transform("mean").var(ddof=0) / values.var(ddof=0)
    return pd.Series(shares, name="share").sort_values(ascending=False)
