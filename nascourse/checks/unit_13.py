"""Checkers of unit 13: what a predictor loses, expected improvement, ASHA's promotions, a claim."""

from __future__ import annotations

import numpy as np
from scipy import stats

from nascourse.checks.cases import compare, equal
from nascourse.checks.core import items, multiple_choice, number
from nascourse.checks.registry import exercise

# ---- what is a predictor worth?


@exercise(
    "13.1",
    "what is a predictor worth?",
    hints=(
        "Which networks do you train? Put their numbers in order of the predictions, the largest "
        + "first, and take the first n.",
        "sorted(range(len(predictions)), key=...) gives the numbers of the networks in order, and "
        + "leaves equal ones as they are.",
        "Subtract: the best accuracy of all minus the best accuracy of the networks that you train.",
    ),
)
def shortlist(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        ([0.2, 0.9, 0.7], [0.99, 0.93, 0.97], 2),  # the example
        ([0.2, 0.9, 0.7], [0.99, 0.93, 0.97], 1),
        ([0.2, 0.9, 0.7], [0.99, 0.93, 0.97], 3),  # all are trained
        ([5, 5, 5, 1], [0.7, 0.9, 0.8, 0.95], 1),  # equal predictions
        ([5, 5, 5, 1], [0.9, 0.7, 0.8, 0.95], 2),
        ([120, 15, 90, 60], [0.8, 0.99, 0.93, 0.6], 2),  # predictions on a scale of their own
        ([-3.0, -1.0, -2.0, -4.0], [0.6, 0.9, 0.95, 0.7], 1),
        ([0.9, 0.8, 0.7, 0.6], [0.5, 0.9, 0.6, 0.7], 3),  # the best is in the middle
    ]
    fresh = [
        (rng.integers(0, 9, n).tolist(), rng.uniform(0.3, 1, n).round(3).tolist(), int(most))
        for n, most in ((n, rng.integers(1, n + 1)) for n in rng.integers(2, 9, 60).tolist())
    ]
    compare(
        answer,
        fixed + fresh,
        _loss,
        read=lambda value: number(value, "the loss"),
        mistakes=_wrong_losses,
        clue="Train the n networks with the largest predictions: how good is the best of them?",
    )
    return "A predictor need not rank all networks well: it is enough if a good one stands near the top."


def _order(predictions: list[float]) -> list[int]:
    return np.argsort(-np.asarray(predictions, float), kind="stable").tolist()


def _loss(predictions: list[float], accuracies: list[float], n: int) -> float:
    return max(accuracies) - max(accuracies[network] for network in _order(predictions)[:n])


def _wrong_losses(predictions: list[float], accuracies: list[float], n: int) -> dict[str, float]:
    order = _order(predictions)
    chosen = [accuracies[network] for network in order[:n]]
    smallest = [accuracies[network] for network in np.argsort(predictions, kind="stable")[:n]]
    by_size = np.argsort(-np.abs(predictions), kind="stable")
    last_of_equal = np.argsort(np.asarray(predictions, float), kind="stable")[::-1][:n]
    return {
        "This is the accuracy of the best one that you train: how far is it below the best of all?": (
            max(chosen)
        ),
        "A prediction below 0 is a small one: the sign counts.": (
            max(accuracies) - max(accuracies[network] for network in by_size[:n])
        ),
        "These are the networks with the smallest predictions: the largest are asked for.": (
            max(accuracies) - max(smallest)
        ),
        "This takes the mean of the trained networks: keep the best of them.": (
            max(accuracies) - float(np.mean(chosen))
        ),
        "This takes the worst of the trained networks: keep the best of them.": (
            max(accuracies) - min(chosen)
        ),
        "This keeps the first of the trained networks: you have trained n, so keep the best of them.": (
            max(accuracies) - chosen[0]
        ),
        "This keeps the last of the trained networks: keep the best of them.": (
            max(accuracies) - chosen[-1]
        ),
        "This takes the median of the trained networks: keep the best of them.": (
            max(accuracies) - float(np.median(chosen))
        ),
        "This adds up the trained networks: keep the best of them.": max(accuracies) - sum(chosen),
        "Two networks are trained here, whatever n is: train n.": (
            max(accuracies) - max(accuracies[network] for network in order[:2])
        ),
        "Here one network too few is trained.": (
            max(accuracies) - max(accuracies[network] for network in order[: max(n - 1, 1)])
        ),
        "Here one network too many is trained.": (
            max(accuracies) - max(accuracies[network] for network in order[: n + 1])
        ),
        "Of networks with equal predictions the earlier one comes first.": (
            max(accuracies) - max(accuracies[network] for network in last_of_equal)
        ),
        **{
            f"This compares with {words}: compare with the best of all.": value - max(chosen)
            for words, value in {
                "the mean of all networks": float(np.mean(accuracies)),
                "the median of all networks": float(np.median(accuracies)),
                "the first of all networks": accuracies[0],
                "an accuracy of 1": 1,
            }.items()
        },
        "This is a part of the best accuracy: return the plain difference.": (
            1 - max(chosen) / max(accuracies)
        ),
        "This is the best accuracy of all: how far is the best one that you train below it?": (
            max(accuracies)
        ),
        "This takes the first n networks as they stand: put them in order of the predictions.": (
            max(accuracies) - max(accuracies[:n])
        ),
        "This compares a prediction with an accuracy: compare accuracies.": (
            max(predictions) - max(chosen)
        ),
        "This looks at one network alone, the n-th: train the first n.": (
            max(accuracies) - accuracies[order[min(n, len(order)) - 1]]
        ),
    }


# ---- how much does a candidate promise?


@exercise(
    "13.2",
    "how much does a candidate promise?",
    hints=(
        "First answer for a deviation of 0, so that nothing is divided by it.",
        "Compute z, then the share below z with math.erf, and the density with math.exp.",
        "The mean exceeds the best by mean - best: that times the share, plus the deviation times "
        + "the density.",
    ),
)
def improvement(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        (0.9, 0.1, 0.9),  # the example
        (0.9, 0, 0.8),
        (0.8, 0, 0.9),
        (0.9, 0, 0.9),
        (0.7, 0.2, 0.9),
        (0.95, 0.05, 0.9),
        (2.0, 3.0, -1.0),  # any scale will do
        (-1.5, 0.5, 1.0),
        (90.0, 4.0, 93.0),
    ]
    fresh = rng.uniform((0.5, 0.01, 0.5), (1, 0.4, 1), (40, 3)).round(3).tolist()
    compare(
        answer,
        fixed + [tuple(case) for case in fresh],
        _improvement,
        read=lambda value: number(value, "the improvement"),
        mistakes=_wrong_improvements,
        clue="Compute z, the share below z and the density one after the other.",
    )
    return "It rewards a high mean and a large deviation alike: exploiting and exploring in one number."


def _improvement(mean: float, deviation: float, best: float) -> float:
    if deviation == 0:
        return max(mean - best, 0)
    share = stats.norm.sf(0, mean - best, deviation)
    density = stats.norm.pdf(0, mean - best, deviation)
    return float((mean - best) * share + deviation**2 * density)


def _wrong_improvements(mean: float, deviation: float, best: float) -> dict[str, float]:
    gain = mean - best
    if deviation == 0:
        return {
            "With a deviation of 0 nothing is gained where the mean is below the best.": gain,
            "With a deviation of 0 the improvement is what the mean exceeds the best by.": 0.0,
            "With a deviation of 0 a mean below the best gains 0: here the sign is lost.": (
                abs(gain)
            ),
            "With a deviation of 0 the larger one of gain and 0 is meant: here it is the smaller one.": (
                min(gain, 0)
            ),
        }
    z = gain / deviation
    share, density = float(stats.norm.cdf(z)), float(stats.norm.pdf(z))
    return {
        "What the mean exceeds the best by counts only where it is above 0 here: leave it as it is.": (
            max(gain, 0) * share + deviation * density
        ),
        "What the mean exceeds the best by is not multiplied by the share.": (
            gain + deviation * density
        ),
        "What the mean exceeds the best by is missing in the first part: multiply the share by it.": (
            share + deviation * density
        ),
        "The first part has the wrong sign: mean - best, times the share.": (
            deviation * density - gain * share
        ),
        "This takes the share above z: take the one below, for z = (mean - best) / deviation.": (
            gain * (1 - share) + deviation * density
        ),
        "The density is multiplied by the variance: multiply it by the deviation.": (
            gain * share + deviation**2 * density
        ),
        "The second part is halved: it is the deviation times the density.": (
            gain * share + deviation * density / 2
        ),
        "This is the deviation alone: what the mean exceeds the best by counts as well.": deviation,
        "This adds the deviation to what the mean exceeds the best by: weigh them by the share and "
        "the density.": max(gain, 0) + deviation,
        "Something is added to the deviation: take it as it is, and answer for 0 by itself.": (
            _improvement(mean, deviation + 0.01, best)
        ),
        "The second part is missing: the deviation times the density.": gain * share,
        "The first part is missing: what the mean exceeds the best by, times the share.": (
            deviation * density
        ),
        "This is the probability of an improvement: how large it is counts as well.": share,
        "The second part is subtracted: it is added.": gain * share - deviation * density,
        "The density is not multiplied by the deviation.": gain * share + density,
        "Share and density have changed places.": gain * density + deviation * share,
        "This is mean + deviation, an upper confidence bound: the expected improvement is asked for.": (
            mean + deviation
        ),
        "The mean is in place of what it exceeds the best by.": mean * share + deviation * density,
        "The best is subtracted the wrong way round: mean - best.": _improvement(
            best, deviation, mean
        ),
        "The density lacks its divisor, the root of 2 pi.": (
            gain * share + deviation * density * (2 * np.pi) ** 0.5
        ),
        "In the share, z is divided by the root of 2 before erf is taken.": (
            gain * float(stats.norm.cdf(z * 2**0.5)) + deviation * density
        ),
        "This takes the variance for the deviation: it is given as it is.": _improvement(
            mean, deviation**0.5, best
        ),
        "This takes the deviation for the variance.": _improvement(mean, deviation**2, best),
        "This is what the mean exceeds the best by: the deviation is forgotten.": max(gain, 0),
    }


# ---- whom to promote?


@exercise(
    "13.3",
    "whom to promote?",
    hints=(
        "How many may be promoted in all? The number of networks on the rung, divided by eta and "
        + "rounded down: len(rung) // eta.",
        "Sort the networks by their accuracy, the best first, and take as many as may be promoted.",
        "Leave out those that have been promoted; but first take the best, so that they count.",
    ),
)
def promotions(answer: object, rng: np.random.Generator) -> str:
    example = {"a": 0.90, "b": 0.95, "c": 0.80, "d": 0.93, "e": 0.70, "f": 0.60}
    seven = {"p": 0.1, "q": 0.7, "r": 0.3, "s": 0.9, "t": 0.5, "u": 0.8, "v": 0.2}
    fixed = [
        (example, {"b"}, 3),  # the example
        (example, set(), 3),
        (example, {"b", "d"}, 3),
        (example, {"c"}, 3),  # promoted early, and no longer among the best
        (example, {"c", "e"}, 2),
        ({"a": 0.9, "b": 0.8}, set(), 3),  # too few for anyone
        ({}, set(), 2),
        (seven, set(), 3),
        (seven, {"u"}, 2),
        (seven, {"s"}, 4),
    ]
    compare(
        answer,
        fixed + [_rung(rng) for _ in range(60)],
        _promotable,
        read=lambda result: items(result, "networks"),
        same=equal,
        mistakes=_wrong_promotions,
        clue="Which are the best len(rung) // eta, and which of them have not been promoted?",
    )
    return "So no worker ever waits for a rung to be full; some promotions come too early."


def _rung(rng: np.random.Generator) -> tuple[dict[str, float], set[str], int]:
    names = rng.permutation([*"abcdefghijkl"])[: rng.integers(1, 12)].tolist()
    accuracies = (rng.permutation(np.arange(30, 99))[: len(names)] / 100).tolist()
    promoted = {name for name in names if rng.random() < 0.3}
    return dict(zip(names, accuracies)), promoted, int(rng.integers(2, 5))


def _ranking(rung: dict[str, float]) -> list[str]:
    return [
        name for _, name in sorted(((value, name) for name, value in rung.items()), reverse=True)
    ]


def _promotable(rung: dict[str, float], promoted: set[str], eta: int) -> list[str]:
    return [name for name in _ranking(rung)[: len(rung) // eta] if name not in promoted]


def _wrong_promotions(rung: dict[str, float], promoted: set[str], eta: int) -> dict[str, list[str]]:
    ranking, n = _ranking(rung), len(rung) // eta
    left = [name for name in ranking if name not in promoted]
    return {
        "This promotes a network a second time: leave out those in promoted.": ranking[:n],
        "First take the best, promoted or not: here those that were promoted leave their places to "
        "worse ones.": left[:n],
        "This counts only those that were not promoted: all networks on the rung count.": [
            name for name in ranking[: len(left) // eta] if name not in promoted
        ],
        "So many places were taken already: which networks are among the best decides, not how many "
        "were promoted.": left[: max(n - len(promoted), 0)],
        "This promotes at least one: with fewer than eta networks nobody is promoted.": [
            name for name in ranking[: max(n, 1)] if name not in promoted
        ],
        "The number of places is rounded down.": [
            name for name in ranking[: -(-len(rung) // eta)] if name not in promoted
        ],
        "These are the worst: the best go on.": [
            name for name in ranking[::-1][:n] if name not in promoted
        ],
        "The best comes first.": _promotable(rung, promoted, eta)[::-1],
        "This is in the order of the rung: the best comes first.": [
            name for name in rung if name in _promotable(rung, promoted, eta)
        ],
        "Only one is named: return all that can be promoted.": (
            _promotable(rung, promoted, eta)[:1]
        ),
        "These are eta networks: the best 1/eta of the rung are meant.": [
            name for name in ranking[:eta] if name not in promoted
        ],
        "This divides by 3: divide by eta.": _promotable(rung, promoted, 3),
        "This sorts by the names: sort by the accuracies.": sorted(rung)[:n],
        "This forgets the limit: only the best 1/eta go on.": left,
        "These were promoted already: the others among the best are asked for.": [
            name for name in ranking[:n] if name in promoted
        ],
    }


multiple_choice(
    "13.4",
    "a correlation of 0.9",
    right="b",
    options={
        "a": "That should be said, but it does not change what the search has cost.",
        "b": "A predictor is paid for with its trainings, and must be judged by networks that it has "
        "not seen.",
        "c": "Others may do better, but this one's cost and its judging are wrong first.",
        "d": "It does, but an interval around a figure that counts the training set is no better than "
        "the figure.",
    },
    hints=(
        "How many networks have been trained by the time the search is over?",
        "Which of the 1,248 networks had the predictor seen?",
    ),
)
