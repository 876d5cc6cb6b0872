"""What simulated searches show: regret along the budget, ranks, and who is better how often."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nascourse import CourseError, require, trials, whole_number, whole_numbers
from nascourse.benchmark.table import TABLE, Benchmark

RESAMPLES = 9999  # of the bootstrap and the permutation test of a difference of means
RESAMPLES_OF_PAIRS = 2000  # of the bootstrap of a superiority, which ranks anew each time


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
        ``searches`` has no such column, or no row.
    """
    trials.check_columns(searches, value, by)
    if searches.empty:
        raise CourseError(
            "There is no search in the table: choose a strategy that simulate has raced, one of "
            "those in the column 'strategy' of its table."
        )
    limits, standings = np.atleast_1d(budgets), {}
    for key, search in searches.groupby(["strategy", "seed"], sort=False):
        values = search[value].cummax() if value == "val_accuracy" else search[value]
        last_trial = np.searchsorted(search[by].to_numpy(), limits, side="right") - 1
        standings[key] = np.where(last_trial < 0, np.nan, values.to_numpy()[last_trial])
    index = pd.MultiIndex.from_tuples(standings, names=["strategy", "seed"])
    return pd.DataFrame(list(standings.values()), index=index, columns=pd.Index(limits, name=by))


class Superiority(NamedTuple):
    """A probability, and the ends of its bootstrap interval."""

    probability: float
    low: float
    high: float


class Difference(NamedTuple):
    """A difference, the ends of its bootstrap interval, and the p-value of a permutation test."""

    difference: float
    low: float
    high: float
    p_value: float


def superiority(
    a: ArrayLike, b: ArrayLike, *, confidence: float = 0.95, resamples: int = RESAMPLES_OF_PAIRS
) -> Superiority:
    """How probable it is that a search of A ends better than a search of B.

    Ties count half, so 0.5 means that neither is better.  This is Vargha & Delaney's A (2000): the
    statistic of the Mann-Whitney test over the number of pairs.  The interval is the percentile
    bootstrap's: it draws the searches of both again and again, with replacement (Efron 1979).

    Parameters
    ----------
    a, b
        How each search ended, of shapes (searches,); larger is better, as for test accuracies.
    confidence
        Of the interval; whoever looks at k of them asks for 1 - 0.05 / k (Bonferroni).
    resamples
        How often the bootstrap draws; a higher confidence needs more.

    Raises
    ------
    CourseError
        There are fewer than two searches of A or B, ``confidence`` is not between 0 and 1, or
        ``resamples`` is no whole number from 1.
    """
    from scipy import stats

    def probability(a: NDArray, b: NDArray, axis: int = -1) -> NDArray:
        pairs = a.shape[axis] * b.shape[axis]
        return stats.mannwhitneyu(a, b, axis=axis, method="asymptotic").statistic / pairs

    resamples = whole_number("resamples", resamples, at_least=1)
    if not isinstance(confidence, numbers.Real) or not 0 < confidence < 1:
        raise CourseError(
            f"confidence={confidence!r} is not between 0 and 1: give 0.95, for instance."
        )
    samples = _samples(a, b)
    interval = _interval(samples, probability, resamples, confidence=confidence)
    return Superiority(float(probability(*samples)), *interval)


def difference(a: ArrayLike, b: ArrayLike, *, paired: bool = False) -> Difference:
    """By how much the mean of A exceeds that of B, and whether luck alone would explain it.

    Two intervals that overlap say little about a difference: judge it by its own.  The p-value is
    that of the permutation test, exact where all permutations are no more than `RESAMPLES`
    (Ernst 2004); the interval is the percentile bootstrap's.  Whoever looks at several differences
    corrects the p-values by `holm`.

    Parameters
    ----------
    a, b
        How each search ended, of shapes (searches,).
    paired
        Whether the searches belong together in pairs, for instance by the images they used.

    Raises
    ------
    CourseError
        There are fewer than two searches of A or B, or pairs do not match.
    """
    from scipy import stats

    def exceeds(a: NDArray, b: NDArray, axis: int = -1) -> NDArray:
        return a.mean(axis) - b.mean(axis)

    samples = _samples(a, b)
    if paired and len(samples[0]) != len(samples[1]):
        raise CourseError(f"{len(samples[0])} and {len(samples[1])} searches are no pairs.")
    test = stats.permutation_test(
        samples,
        exceeds,
        permutation_type="samples" if paired else "independent",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=1000,
        random_state=0,
    )
    interval = _interval(samples, exceeds, RESAMPLES, paired=paired)
    return Difference(float(test.statistic), *interval, float(test.pvalue))


def _samples(a: ArrayLike, b: ArrayLike) -> tuple[NDArray, NDArray]:
    samples = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if any(sample.ndim != 1 or len(sample) < 2 for sample in samples):
        shapes = " against ".join(str(sample.shape) for sample in samples)
        raise CourseError(
            f"Searches of shapes {shapes} tell nothing: give a list of at least two of each."
        )
    return samples


def _interval(
    samples: tuple[NDArray, NDArray],
    statistic: Callable[..., NDArray],
    resamples: int,
    *,
    paired: bool = False,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """The ends of the interval of the percentile bootstrap."""
    from scipy import stats

    interval = stats.bootstrap(
        samples,
        statistic,
        n_resamples=resamples,
        batch=50,
        method="percentile",
        paired=paired,
        confidence_level=confidence,
        random_state=0,
    ).confidence_interval
    return float(interval.low), float(interval.high)


def holm(p_values: ArrayLike) -> NDArray[np.floating]:
    """The p-values of several tests, corrected for their number (Holm 1979), in the same order.

    Whoever rejects what stays below 0.05 is wrong anywhere with a probability of at most 0.05.
    """
    p = np.asarray(p_values, dtype=float)
    order = p.argsort()
    corrected = np.empty_like(p)
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return corrected


def winners_curse(
    benchmark: Benchmark, sizes: Sequence[int], *, repeats: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """How much the best of N networks promises in validation, and what it holds.

    Each repeat draws N networks at random without replacement, and for each network a training by
    which it competes; the one with the best validation accuracy wins.  Then all compete again by
    their next training, until each of their trainings has competed once.

    Returns
    -------
    pandas.DataFrame
        The means over the repeats, one row a size N:

        - val_accuracy: the winner's, by which it was chosen,
        - retrained: its validation accuracy when it is trained with the other seeds,
        - test_accuracy: its `Benchmark.truth` without the training that won,
        - gap: val_accuracy less test_accuracy,
        - curse: val_accuracy less retrained, what the winner owes to luck.

    Raises
    ------
    CourseError
        ``benchmark`` is none, a value is no whole number, or the table has fewer networks.
    """
    require("benchmark", benchmark, Benchmark, TABLE)
    repeats = whole_number("repeats", repeats, at_least=1)
    seed = whole_number("seed", seed, at_least=0)
    rng, n_seeds = np.random.default_rng(seed), len(benchmark.seeds)
    promised = _last(benchmark.curves, "val_accuracy").to_numpy()  # shape (networks, seeds)
    retrained = (promised.sum(axis=1, keepdims=True) - promised) / (n_seeds - 1 or np.nan)
    test = np.column_stack([benchmark.truth(without=seed) for seed in benchmark.seeds])
    measured = np.stack([promised, retrained, test], axis=-1)
    means = {}
    for size in whole_numbers(
        "sizes", sizes, such_as="[10, 100]", at_least=1, at_most=len(benchmark)
    ):
        winners = []
        for _ in range(repeats):
            networks = rng.choice(len(benchmark), size, replace=False)
            first = rng.integers(n_seeds, size=size)
            for turn in range(n_seeds):
                competing = measured[networks, (first + turn) % n_seeds]
                winners.append(competing[competing[:, 0].argmax()])
        means[size] = np.mean(winners, axis=0)
    columns = ["val_accuracy", "retrained", "test_accuracy"]
    table = pd.DataFrame.from_dict(means, orient="index", columns=columns).rename_axis("networks")
    return table.assign(
        gap=table["val_accuracy"] - table["test_accuracy"],
        curse=table["val_accuracy"] - table["retrained"],
    )


def optimism_of_the_best(benchmark: Benchmark) -> float:
    """By how much the best `Benchmark.truth` promises too much, as the highest of noisy means does.

    Of the networks with the most trainings that judge, the one whose mean over all but one training
    is the best is compared with that one; this is averaged over the trainings.  With one training
    more, the mean itself promises a little less too much.
    """
    require("benchmark", benchmark, Benchmark, TABLE)
    judges = benchmark.held_out if len(benchmark.held_out) else benchmark.curves
    runs = _last(judges, "test_accuracy").dropna().to_numpy()
    others = (runs.sum(axis=1, keepdims=True) - runs) / (runs.shape[1] - 1)
    best = others.argmax(axis=0), np.arange(runs.shape[1])
    return float((others[best] - runs[best]).mean())


def _last(curves: pd.DataFrame, value: str) -> pd.DataFrame:
    """``value`` after the last epoch: one row a network, one column a seed."""
    last = curves[curves["epoch"] == curves["epoch"].max()]
    return last.pivot(index="network", columns="seed", values=value)


def local_optima(benchmark: Benchmark, quality: pd.Series) -> pd.Index:
    """The networks whose ``quality`` no neighbor exceeds; ``quality`` is indexed by network.

    Neighbors differ in one choice.  Choices that one of the two does not have, since it has fewer
    blocks, do not count.  Noise makes local optima (White, Nolen & Savani 2021).
    """
    require("benchmark", benchmark, Benchmark, TABLE)
    codes = np.stack([pd.factorize(benchmark.networks[name])[0] for name in benchmark.choices])
    has = codes >= 0
    differ = (codes[:, :, None] != codes[:, None, :]) & has[:, :, None] & has[:, None, :]
    values = quality[benchmark.networks.index].to_numpy(float)
    best_neighbor = np.where(differ.sum(axis=0) == 1, values, -np.inf).max(axis=1)
    return benchmark.networks.index[values >= best_neighbor]
