"""Checkers of unit 04: rank correlation, successive halving, a proxy, and regret."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from nascourse.checks.cases import compare, equal
from nascourse.checks.core import Wrong, multiple_choice, number, show
from nascourse.checks.registry import exercise

Numbers = Sequence[float] | np.ndarray


def _pearson(a: Numbers, b: Numbers) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def _spearman(a: Sequence[float], b: Sequence[float]) -> float:
    from scipy import stats

    return _pearson(stats.rankdata(a), stats.rankdata(b))


def _wrong_correlations(a: list[float], b: list[float]) -> dict[str, float]:
    """What each mistake makes of the two lists."""
    from scipy import stats

    def of_ranks(method: str) -> float:
        return _pearson(stats.rankdata(a, method), stats.rankdata(b, method))

    backward = [stats.rankdata(values[::-1], "ordinal")[::-1] for values in (a, b)]
    differences = stats.rankdata(a) - stats.rankdata(b)
    halves = [
        stats.rankdata(values, "min") + (stats.rankdata(values, "max") > stats.rankdata(values)) / 2
        for values in (a, b)
    ]
    n = len(a)
    return {
        "This has the wrong sign, so it calls the same order an opposite one: rank both lists in "
        "the same direction.": -_spearman(a, b),
        "This correlates the values themselves, which is Pearson's: replace them by their ranks "
        "first.": _pearson(a, b),
        "This counts pairs, which is Kendall's: Spearman's correlates the ranks.": float(
            stats.kendalltau(a, b).statistic
        ),
        "argsort says which element comes at each place, not which place each element has: the "
        "rank of an element is one more than the number of smaller ones.": _pearson(
            np.argsort(a), np.argsort(b)
        ),
        "Equal values get different ranks here, the first in the list the lowest: let them share "
        "the mean of their places.": of_ranks("ordinal"),
        "Equal values get different ranks here, the last in the list the lowest: let them share "
        "the mean of their places.": _pearson(*backward),
        "argsort of argsort gives equal values different ranks: let them share the mean of their "
        "places.": _pearson(np.argsort(np.argsort(a)), np.argsort(np.argsort(b))),
        "Equal values share the lowest of their ranks here: let them share the mean.": (
            of_ranks("min")
        ),
        "Equal values share the highest of their ranks here: let them share the mean.": (
            of_ranks("max")
        ),
        "Equal values share a rank here, but the ranks after them leave no gap: two that "
        "share the places 2 and 3 both have rank 2.5, and the next has 4.": of_ranks("dense"),
        "The short formula with squared differences holds only without ties: correlate the "
        "two lists of ranks instead.": 1 - 6 * (differences**2).sum() / (n * (n**2 - 1)),
        "The short formula divides by n (n^2 - 1), and holds only without ties: correlate the two "
        "lists of ranks instead.": 1 - 6 * (differences**2).sum() / n**3,
        "Equal values get half a place more here, however many they are: let them share the mean of "
        "their places.": _pearson(*halves),
        "This is the share of equal ranks: correlate the two lists of ranks.": (
            (differences == 0).mean()
        ),
        "This is a p-value: the correlation itself is asked for.": (
            float(stats.spearmanr(a, b).pvalue) if n > 2 else math.nan
        ),
        "The rank of a value is its place among the sorted ones, not in the list as given.": (
            _pearson([a.index(x) for x in a], [b.index(x) for x in b])
        ),
        "The lists are sorted before they are compared: the pairs must stay together.": (
            _spearman(sorted(a), sorted(b))
        ),
        "One list is sorted before they are compared: the pairs must stay together.": (
            _spearman(a, sorted(b))
        ),
        "This is the square: return the correlation itself.": _spearman(a, b) ** 2,
        "This has lost its sign: an opposite order is negative.": abs(_spearman(a, b)),
        "This is the covariance of the ranks: divide it by both standard deviations.": float(
            np.cov(stats.rankdata(a), stats.rankdata(b))[0, 1]
        ),
        "One list alone is replaced by its ranks: both are.": _pearson(stats.rankdata(a), b),
        "Only the second list is replaced by its ranks: both are.": _pearson(a, stats.rankdata(b)),
    }


@exercise(
    "04.1",
    "Spearman by hand",
    hints=(
        "Two steps: replace each value by its rank, then correlate the two lists of ranks.",
        (
            "The rank of a value is the number of smaller ones, plus half of one more than the number "
            "of values equal to it, itself counted."
        ),
        (
            "np.corrcoef(ranks_a, ranks_b) returns a 2x2 matrix with the correlation off its diagonal; "
            "pd.Series(a).rank() shares the mean among ties."
        ),
    ),
)
def spearman(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        ([0.2, 0.9, 0.7], [0.5, 0.8, 0.6]),  # the example
        ([0.2, 0.9, 0.9, 0.5], [0.4, 0.1, 0.8, 0.7]),
        ([0.4, 0.1, 0.8, 0.7], [0.9, 0.2, 0.5, 0.2]),
        ([0.3, 0.9, 0.1, 0.7, 0.5], [0.2, 0.5, 0.3, 0.9, 0.1]),
        ([0.5, 0.5, 0.5, 0.2, 0.9, 0.9], [0.1, 0.3, 0.2, 0.2, 0.4, 0.1]),
        ([3, 1, 2, 2], [-50, 1000, 0, 1000]),
        ([1, 100, 10, 1000], [-1, -2, -3, -4]),
        ([0.1, 0.2], [0.7, 0.9]),
    ]
    drawn = (rng.integers(0, 7, (2, n)) / 10 for n in rng.integers(3, 8, 60))
    fresh = [(a.tolist(), b.tolist()) for a, b in drawn if np.ptp(a) and np.ptp(b)]
    compare(
        answer,
        fixed + fresh,
        _spearman,
        read=lambda value: number(value, "the rank correlation"),
        mistakes=_wrong_correlations,
        clue="It is the ordinary correlation of the two lists of ranks.",
    )
    return "Only the order counts: squaring all accuracies would not change it."


@exercise(
    "04.2",
    "a plan to the epoch",
    hints=(
        (
            "Walk through the stops and remember two things: how many networks there are, and the "
            "epoch at which the last stop was."
        ),
        "A network that has been trained up to epoch 3 pays 6 more to reach epoch 9.",
        (
            "Write the round down first, and cut afterward, by integer division; max(1, ...) keeps the "
            "last network in."
        ),
    ),
)
def plan(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        (27, (1, 3, 9), 3),  # the example
        (40, (1, 3, 9), 3),
        (10, (2, 5, 12), 2),
        (7, (1, 4), 4),
        (2, (1, 3, 9), 3),
        (5, (12,), 3),
        (1, (2, 3), 2),
        (53, (3, 4, 8, 20), 2),
        (5, (1, 2, 5, 6), 4),
        (100, (1, 10), 10),
    ]
    fresh = [
        (
            int(rng.integers(1, 30)),
            tuple(np.sort(rng.permutation(12)[: rng.integers(1, 5)] + 1).tolist()),
            int(rng.integers(2, 5)),
        )
        for _ in range(60)
    ]
    compare(
        answer, fixed + fresh, _plan, read=_as_rounds, same=equal, mistakes=_wrong_plans, clue=_CLUE
    )
    return (
        "The first round is the costly one: it pays for all networks, and decides with the least "
        "knowledge."
    )


_CLUE = "From stop to stop divide the networks by the factor, and pay the new epochs alone."


def _as_rounds(result: object) -> list[tuple]:
    if not isinstance(result, (list, tuple, np.ndarray)):
        raise Wrong(f"Return a list of pairs (networks, epochs), not {show(result)}.")
    for pair in result:
        if not (isinstance(pair, (list, tuple, np.ndarray)) and len(pair) == 2):
            raise Wrong(
                f"Each round should be a pair (networks, epochs), and {show(pair)} is none."
            )
    return [tuple(number(value, "each number of a round") for value in pair) for pair in result]


def _plan(
    n_networks: int,
    stops: tuple[int, ...],
    factor: int,
    *,
    cut: Callable[[float, int], float] = lambda n, factor: max(1, n // factor),
) -> list[tuple]:
    """One pair a round; `cut` says how many networks are left after one."""
    networks: list[float] = [n_networks]
    for _ in stops[1:]:
        networks.append(cut(networks[-1], factor))
    return list(zip(networks, np.diff([0, *stops]).tolist()))


def _wrong_plans(n_networks: int, stops: tuple[int, ...], factor: int) -> dict[str, list[tuple]]:
    networks, epochs = map(list, zip(*(right := _plan(n_networks, stops, factor))))
    case = (n_networks, stops, factor)
    left = [*networks[1:], max(1, networks[-1] // factor)]

    def cuts(cut: Callable[[float, int], float]) -> list[tuple]:
        return _plan(*case, cut=cut)

    return {
        "The pairs are the wrong way round, networks come first.": [(b, a) for a, b in right],
        "Each round pays from the beginning again, but a training goes on where it was stopped: "
        "count only the new epochs.": list(zip(networks, stops)),
        "These are the networks left after each round, but a round pays for all that are trained "
        "in it: cut afterward.": list(zip(left, epochs)),
        "A round without any network trains nothing, so keep at least one.": (
            cuts(lambda n, factor: n // factor)
        ),
        "No network is dropped between the rounds.": cuts(lambda n, factor: n),
        "The cut rounds up, and the plan costs more than allowed: round down.": (
            cuts(lambda n, factor: math.ceil(n / factor))
        ),
        "The cut rounds to the nearest number: round down.": (
            cuts(lambda n, factor: max(1, round(n / factor)))
        ),
        "There are no parts of networks, so round down to whole ones.": (
            cuts(lambda n, factor: max(1, n / factor))
        ),
        "This subtracts the factor, but one of so many is kept: divide by it.": (
            cuts(lambda n, factor: max(1, n - factor))
        ),
        "This always halves: divide by the factor.": cuts(lambda n, factor: max(1, n // 2)),
        "This always takes a third: divide by the factor.": cuts(lambda n, _: max(1, n // 3)),
        "At least one network goes on, not two.": cuts(lambda n, factor: max(2, n // factor)),
        "This ends when one network is left: it is trained up to the last stop all the same.": (
            right[: networks.index(1) + 1] if 1 in networks else right
        ),
        "There is a round too many: the one network that is left at the end is trained no "
        "further.": [*right, (1, stops[-1])],
        "From one stop to the next a network pays the difference: this is one epoch too many.": (
            [(n, e + 1) for n, e in right]
        ),
        "These are the epochs of all networks of a round: give those that each of them pays.": (
            [(n, n * e) for n, e in right]
        ),
        "The last round starts at epoch 1: a network pays from 0 on, so the first stop is paid "
        "whole.": [(right[0][0], stops[0] - 1), *right[1:]],
        "One network too many goes on: round down, and add none.": (
            cuts(lambda n, factor: n // factor + 1)
        ),
        "One network is taken away before the division: divide all of them.": (
            cuts(lambda n, factor: max(1, (n - 1) // factor))
        ),
        "These are the networks that are dropped: those that go on are a part of 1 in factor.": (
            cuts(lambda n, factor: max(1, n - n // factor))
        ),
        "Fewer than the factor may go on: at least one, not factor.": (
            cuts(lambda n, factor: max(factor, n // factor))
        ),
        "Where fewer than the factor are left, they all go on here: one does.": (
            cuts(lambda n, factor: n // factor or n)
        ),
        "The plan ends before one network is left: the last one is trained up to the last stop.": (
            right[: max(networks.index(1), 1)] if 1 in networks else right
        ),
        "The first number is divided by the factor times the round: divide what is left, after each "
        "round.": [
            (max(1, n_networks // (factor * round)) if round else n_networks, e)
            for round, e in enumerate(epochs)
        ],
        "The epochs are counted from the first stop: count them from the stop before.": (
            list(zip(networks, [stop - stops[0] for stop in stops]))
        ),
        "The first stop is multiplied by the factor: a round pays from one stop to the next.": (
            [(n, stops[0] * factor**round) for round, n in enumerate(networks)]
        ),
        "The first cut is missing: it comes after the first round already.": (
            list(zip([n_networks, *networks[:-1]], epochs))
        ),
    }


multiple_choice(
    "04.3",
    "a new proxy",
    right="b",
    options={
        "a": "More seeds make 0.80 more certain, but it would still not be clear what the number "
        "means: in such a space a trivial score may reach as much.",
        "b": "Over four orders of magnitude counting weights ranks well too, so a proxy shows what "
        "it knows only where size cannot help.",
        "c": "Its cost is not in doubt, since no proxy trains anything: in doubt is whether it "
        "says more than a count does.",
        "d": "Kendall's number is on another scale, for every judge alike: it would not say either "
        "what this agreement is made of.",
    },
    hints=(
        "Unit 04 shows two numbers for each proxy. Which of them is missing here?",
        "What else could rank networks from 1,000 to 10 million weights quite well?",
        "Think of the simplest score that needs no training, and of a fair contest against it.",
    ),
)


def _regret(val: np.ndarray, test: np.ndarray, epochs: int) -> float:
    chosen = max(range(len(val)), key=lambda network: val[network][epochs - 1])
    return max(test.tolist()) - test.tolist()[chosen]


def _wrong_regrets(val: np.ndarray, test: np.ndarray, epochs: int) -> dict[str, float]:
    """What each mistake makes of the two arrays."""
    best, column = test.max(), val[:, epochs - 1]
    so_far = val[:, :epochs]
    return {
        "The choice is made one epoch too late: the first column, with index 0, is epoch 1.": (
            best - test[val[:, min(epochs, val.shape[1] - 1)].argmax()]
        ),
        "The choice is made one epoch too early: the last of the epochs is in column epochs - 1.": (
            best - test[val[:, epochs - 2].argmax()]
        ),
        "The regret is always 0 here, as the network is chosen by its test accuracy: choose by "
        "validation, and let the test only judge the choice.": 0.0,
        "This is the test accuracy of the chosen network: the regret says how far it is below the "
        "best one.": test[column.argmax()],
        "The regret is negative here: subtract the chosen one from the best, not the reverse.": (
            test[column.argmax()] - best
        ),
        "This takes the network with the lowest validation accuracy: of accuracies the highest "
        "wins.": best - test[column.argmin()],
        "The choice looks at the full training: a judge after some epochs does not know the "
        "later ones.": best - test[val[:, -1].argmax()],
        "The choice looks at the first epoch alone: look at the last of the epochs.": (
            best - test[val[:, 0].argmax()]
        ),
        "The choice takes the best of all epochs so far: look at the last of them alone.": (
            best - test[so_far.max(axis=1).argmax()]
        ),
        "The choice takes the best of all epochs, also of later ones: look at one column.": (
            best - test[val.max(axis=1).argmax()]
        ),
        "The choice takes the mean of the epochs so far: look at the last of them alone.": (
            best - test[so_far.mean(axis=1).argmax()]
        ),
        "This looks at the row of one network: the column of an epoch, val[:, ...], holds all of "
        "them.": best - test[val[min(epochs, len(val)) - 1].argmax() % len(test)],
        "This compares validation accuracies: the chosen network is judged by the test.": (
            val[:, -1].max() - val[column.argmax(), -1]
        ),
        "The validation accuracy of the choice is subtracted from a test accuracy: compare two "
        "test accuracies.": best - column.max(),
        "The chosen network is compared with the middle one: the regret is to the best.": (
            float(np.median(test)) - test[column.argmax()]
        ),
        "This is a part of the best accuracy: return the plain difference.": (
            (best - test[column.argmax()]) / best
        ),
        "The test accuracy of the choice is subtracted from a validation accuracy: compare two "
        "test accuracies.": column.max() - test[column.argmax()],
        "This is the number of the network: return how far its test accuracy is below the best.": (
            column.argmax()
        ),
        "The chosen network is compared with the last one: the regret is to the best.": (
            test[-1] - test[column.argmax()]
        ),
        "The chosen network is compared with the first one: the regret is to the best.": (
            abs(test[0] - test[column.argmax()])
        ),
        "This takes the network before the chosen one: argmax counts from 0.": (
            best - test[column.argmax() - 1]
        ),
        "The test accuracies are sorted here: each belongs to its network.": (
            best - np.sort(test)[column.argmax()]
        ),
        "The columns are counted from the end: the first is epoch 1.": (
            best - test[val[:, -epochs].argmax()]
        ),
        "The chosen network is compared with the mean: the regret is to the best.": (
            test.mean() - test[column.argmax()]
        ),
    }


@exercise(
    "04.4",
    "regret of an early choice",
    hints=(
        "Three steps: look at one column of val, find the best row, compare two test accuracies.",
        "val[:, 0] is the column after epoch 1, and argmax finds the row of the highest value.",
        "The regret is the highest of all test accuracies less that of the chosen row.",
    ),
)
def regret(answer: object, rng: np.random.Generator) -> str:
    example = np.array([[0.8, 0.9], [0.7, 0.95]]), np.array([0.91, 0.94])
    val = np.array([[0.2, 0.9, 0.5, 0.1], [0.6, 0.1, 0.4, 0.3], [0.5, 0.2, 0.7, 0.6]])
    test = np.array([0.6, 0.95, 0.7])
    cases = [(*example, 1), (*example, 2), *((val, test, epochs) for epochs in (1, 2, 3, 4))]
    cases += [(val[:1], test[:1], 1), (val[:, :1], test, 1), (val[::-1], test[::-1] - 0.3, 2)]
    for networks, length in rng.integers(1, 6, (60, 2)):
        drawn = rng.choice(1000, networks * length, replace=False).reshape(networks, -1) / 1000
        by_test = rng.integers(0, 1000, networks) / 1000
        cases.append((drawn, by_test, int(rng.integers(1, length + 1))))
    compare(
        answer,
        cases,
        _regret,
        read=lambda value: number(value, "the regret"),
        mistakes=_wrong_regrets,
        clue="It is the best test accuracy less that of the network with the best validation "
        "accuracy in the column of that epoch.",
    )
    return "The test judges the judge, and has no say in the choice."
