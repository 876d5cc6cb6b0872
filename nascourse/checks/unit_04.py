"""Checkers of unit 04: rank correlation, successive halving, a proxy, and regret."""

from __future__ import annotations

import math

import numpy as np

from nascourse.checks.core import Wrong, call, multiple_choice, number, show
from nascourse.checks.registry import exercise


def _fresh(draw, mistakes) -> tuple:
    """Draw until every mistake gives another value than every other one, so each is recognized."""
    while True:
        case = draw()
        values = np.array([*mistakes(*case).values()])
        gaps = np.abs(values[:, None] - values)[np.triu_indices(len(values), 1)]
        if (gaps > 1e-6).all():
            return case


def _is_right(result: float, values: dict[str, float], *, abs_tol: float) -> bool:
    """Whether this is the first of the values; one of a known mistake raises its sentence."""
    (_, right), *mistakes = values.items()
    if math.isclose(result, right, abs_tol=abs_tol):
        return True
    for sentence, value in mistakes:
        if math.isclose(result, value, abs_tol=abs_tol):
            raise Wrong(sentence)
    return False


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def _spearman_and_mistakes(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """The right value under "", and what each mistake makes of the two lists."""
    from scipy import stats

    def of_ranks(method: str) -> float:
        return _pearson(stats.rankdata(a, method), stats.rankdata(b, method))

    right = float(stats.spearmanr(a, b).statistic)
    values = {
        "": right,
        "This has the wrong sign, so it calls the same order an opposite one: rank both lists in "
        "the same direction.": -right,
        "This correlates the values themselves, which is Pearson's: replace them by their ranks "
        "first.": _pearson(a, b),
        "This counts pairs, which is Kendall's: Spearman's correlates the ranks.": float(
            stats.kendalltau(a, b).statistic
        ),
        "argsort says which element comes at each place, not which place each element has: the "
        "rank of an element is one more than the number of smaller ones.": _pearson(
            np.argsort(a, kind="stable"), np.argsort(b, kind="stable")
        ),
    }
    if len(set(a)) < len(a):
        backward = [stats.rankdata(values[::-1], "ordinal")[::-1] for values in (a, b)]
        differences = stats.rankdata(a) - stats.rankdata(b)
        n = len(a)
        values |= {
            "Equal values get different ranks here, the first in the list the lowest: let them share "
            "the mean of their places.": of_ranks("ordinal"),
            "Equal values get different ranks here, the last in the list the lowest: let them share "
            "the mean of their places.": _pearson(*backward),
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
        }
    return values


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
    """Compare with SciPy, first without ties, then with them."""

    def without_ties() -> tuple:
        return tuple(rng.choice(1000, 7, replace=False) / 1000 for _ in range(2))

    def one_tie() -> tuple:  # with two equal values it shows which of them a sort puts first
        a, b = without_ties()
        first, second = rng.choice(7, 2, replace=False)
        a[first] = a[second]
        return a, b

    def with_ties() -> tuple:
        return rng.integers(1, 5, 9) / 10, rng.integers(1, 6, 9) / 10

    draws = (without_ties, one_tie, with_ties)
    cases = [_fresh(draw, _spearman_and_mistakes) for draw in draws]
    rising = np.sort(rng.choice(1000, 4, replace=False)) / 1000
    cases += [(rising, rising**2), (rising, 1 - rising), (rising[:2], rising[:2])]
    for a, b in cases:
        result = number(call(answer, a.tolist(), b.tolist()), "the rank correlation")
        if _is_right(result, _spearman_and_mistakes(a, b), abs_tol=1e-6):
            continue
        raise Wrong(
            f"Of {a.tolist()} and {b.tolist()} the rank correlation is not {result:.3f}: it "
            "is the ordinary correlation of the two lists of ranks."
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
    """Compare the rounds with a count by hand, for several factors and odd numbers."""
    cases: list[tuple[int, tuple[int, ...], int]]
    cases = [(27, (1, 3, 9), 3), (int(rng.integers(28, 54)), (1, 3, 9), 3), (10, (2, 5, 12), 2)]
    cases += [(int(rng.integers(5, 9)), (1, 4), 4), (2, (1, 3, 9), 3), (5, (12,), 3)]
    for n_networks, stops, factor in cases:
        result = call(answer, n_networks, stops, factor)
        rounds = _as_rounds(result)
        right = _plan(n_networks, stops, factor)
        if rounds != right:
            given = f"For {n_networks} networks, stops {stops} and factor {factor}"
            raise Wrong(f"{given}: {_wrong_plan(rounds, right, n_networks, stops, factor)}")
    return (
        "The first round is the costly one: it pays for all networks, and decides with the least "
        "knowledge."
    )


def _as_rounds(result: object) -> list[tuple]:
    if not isinstance(result, (list, tuple)):
        raise Wrong(f"Return a list of pairs (networks, epochs), not {show(result)}.")
    for pair in result:
        if not (isinstance(pair, (list, tuple, np.ndarray)) and len(pair) == 2):
            raise Wrong(
                f"Each round should be a pair (networks, epochs), and {show(pair)} is none."
            )
    return [tuple(number(value, "each number of a round") for value in pair) for pair in result]


def _plan(n_networks: int, stops: tuple, factor: int) -> list[tuple]:
    networks = [n_networks]
    for _ in stops[1:]:
        networks.append(max(1, networks[-1] // factor))
    return list(zip(networks, np.diff([0, *stops]).tolist()))


def _wrong_plan(rounds: list, right: list, n_networks: int, stops: tuple, factor: int) -> str:
    networks, epochs = map(list, zip(*rounds)) if rounds else ([], [])
    right_networks, right_epochs = map(list, zip(*right))
    swapped = [(b, a) for a, b in rounds]
    if swapped == right:
        return "the pairs are the wrong way round, networks come first."
    if len(rounds) != len(stops):
        return (
            f"there are {len(rounds)} rounds instead of {len(stops)}, but there is one for each "
            "stop, and the one network that is left at the end is trained no further."
        )
    if epochs == list(stops) and len(stops) > 1:
        return (
            "each round pays from the beginning again, but a training goes on where it was "
            "stopped: count only the new epochs."
        )
    if epochs != right_epochs:
        return (
            f"a network should not pay {_listed(epochs)} epochs in the rounds: from one stop to the "
            "next it pays the difference."
        )
    if networks[0] == right_networks[0] // factor or networks == right_networks[1:] + networks[-1:]:
        return (
            "these are the networks left after each round, but a round pays for all that are "
            "trained in it: cut afterward."
        )
    if 0 in networks:
        return "a round without any network trains nothing, so keep at least one."
    if networks == [n_networks] * len(stops):
        return "no network is dropped between the rounds."
    up = [n_networks]
    for _ in stops[1:]:
        up.append(math.ceil(up[-1] / factor))
    if networks == up:
        return "the cut rounds up, and the plan costs more than allowed: round down."
    if any(value != int(value) for value in networks):
        return "there are no parts of networks, so round down to whole ones."
    if networks == [max(1, n_networks - factor * cuts) for cuts in range(len(stops))]:
        return "this subtracts the factor, but one of so many is kept: divide by it."
    return f"{_listed(networks)} networks are wrong: from round to round divide by the factor."


def _listed(values: list[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


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


def _regret_and_mistakes(val: np.ndarray, test: np.ndarray, epochs: int) -> dict[str, float]:
    """The right value under "", and what each mistake makes of the two arrays."""
    best, column = test.max(), val[:, epochs - 1]
    right = best - test[column.argmax()]
    values = {
        "": right,
        "The choice is made one epoch too late: the first column, with index 0, is epoch 1.": (
            best - test[val[:, min(epochs, val.shape[1] - 1)].argmax()]
        ),
        "The regret is always 0 here, as the network is chosen by its test accuracy: choose by "
        "validation, and let the test only judge the choice.": 0.0,
        "This is the test accuracy of the chosen network: the regret says how far it is below the "
        "best one.": test[column.argmax()],
        "The regret is negative here: subtract the chosen one from the best, not the reverse.": (
            -right
        ),
        "This takes the network with the lowest validation accuracy: of accuracies the highest "
        "wins.": best - test[column.argmin()],
        "The choice looks at the full training: a judge after some epochs does not know the "
        "later ones.": best - test[val[:, -1].argmax()],
        "This looks at the row of one network: the column of an epoch, val[:, ...], holds all of "
        "them.": best - test[val[min(epochs, len(val)) - 1].argmax() % len(test)],
        "This compares validation accuracies: the chosen network is judged by the test.": (
            val[:, -1].max() - val[column.argmax(), -1]
        ),
        "The validation accuracy of the choice is subtracted from a test accuracy: compare two "
        "test accuracies.": best - column.max(),
    }
    return {sentence: float(value) for sentence, value in values.items()}


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
    """Compare on random accuracies in which every mistake shows."""

    def draw() -> tuple:
        val, test = rng.random((12, 5)).round(4), rng.random(12).round(4)
        return val, test, int(rng.integers(2, 4))

    cases = [_fresh(draw, _regret_and_mistakes) for _ in range(2)]
    val, test, _ = cases[0]
    cases += [(val, test, 1), (val, test, val.shape[1]), (val[:1], test[:1], 1)]
    for val, test, epochs in cases:
        result = number(call(answer, val, test, epochs), "the regret")
        if _is_right(result, _regret_and_mistakes(val, test, epochs), abs_tol=1e-9):
            continue
        raise Wrong(
            f"After {epochs} of {val.shape[1]} epochs and with {len(val)} networks the regret is "
            f"not {result:.4f}: it is the best test accuracy less that of the network with the "
            "best validation accuracy in the column of that epoch."
        )
    return "The test judges the judge, and has no say in the choice."
