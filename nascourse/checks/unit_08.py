"""Checkers of unit 08: Kendall by pairs, an inherited kernel, a shortlist and its bill."""

from __future__ import annotations

import math

import numpy as np

from nascourse.checks.core import Wrong, call, guarded, multiple_choice, number, show
from nascourse.checks.registry import exercise


def _scores(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1, -1 or 0 for each pair of things."""
    i, j = np.triu_indices(len(a), 1)
    return np.sign(a[i] - a[j]) * np.sign(b[i] - b[j])


def _kendall_and_mistakes(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """The right value under "", and what each mistake makes of the two lists."""
    from scipy import stats

    scores, n = _scores(a, b), len(a)
    neighbors = np.sign(np.diff(a)) * np.sign(np.diff(b))
    values = {
        "": scores.mean(),
        "This counts the pairs in the same order alone: those in opposite order count against "
        "them.": (scores > 0).mean(),
        "This has the wrong sign, so it calls the same order an opposite one.": -scores.mean(),
        "This is the sum of the scores: divide it by the number of pairs.": scores.sum(),
        "This divides by the square of the number of things, but a thing makes no pair with "
        "itself.": 2 * scores.sum() / n**2,
        "This divides by the number of things, and there are more pairs than things.": (
            scores.sum() / n
        ),
        "This counts each pair twice and divides as if once: look at every pair once.": (
            2 * scores.mean()
        ),
        "This looks at neighbors in the list only: every thing makes a pair with every other "
        "one.": neighbors.mean(),
        "This is Spearman's, the correlation of the ranks: Kendall's counts pairs.": (
            stats.spearmanr(a, b).statistic
        ),
        "A pair that is equal in a list counts as one in opposite order here: it scores 0.": (
            np.where(scores > 0, 1, -1).mean()
        ),
        "A pair that is equal in a list counts as one in the same order here: it scores 0.": (
            np.where(scores < 0, -1, 1).mean()
        ),
        "This leaves out pairs that are equal in a list: they score 0, and remain pairs.": (
            scores.sum() / np.count_nonzero(scores)
        ),
        "This is the variant that makes up for equal pairs, as SciPy and pandas have it: here they "
        "score 0, and the mean is over all pairs.": stats.kendalltau(a, b).statistic,
    }
    return {sentence: float(value) for sentence, value in values.items()}


def _telling(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two lists with equal pairs on which each mistake gives a value of its own."""
    while True:
        a, b = rng.integers(1, 8, 7), rng.integers(1, 8, 7)
        if not _scores(a, b).any():
            continue
        values = np.array([*_kendall_and_mistakes(a, b).values()])
        gaps = np.abs(values[:, None] - values)[np.triu_indices(len(values), 1)]
        if (gaps > 1e-6).all():
            return a / 10, b / 10


@exercise(
    "08.1",
    "Kendall by hand",
    hints=(
        "With four things there are six pairs: write them down, and give each its score.",
        "The sign of a[i] - a[j] says in which order a list has a pair; np.sign(0) is 0.",
        "itertools.combinations(range(len(a)), 2) gives each pair once; multiply the two signs and "
        + "take the mean.",
    ),
)
def kendall(answer: object, rng: np.random.Generator) -> str:
    telling = [_telling(rng), _telling(rng)]
    rising = np.sort(rng.choice(1000, 5, replace=False)) / 1000
    cases = [(rising, rising**2), (rising, 1 - rising), (rising[:2], rising[:2])]
    cases += [(np.full(3, 0.5), rising[:3])]
    for place, (a, b) in enumerate(telling + cases):
        result = number(call(answer, a.tolist(), b.tolist()), "the rank correlation")
        if math.isclose(result, _scores(a, b).mean(), abs_tol=1e-9):
            continue
        mistakes = _kendall_and_mistakes(a, b) if place < len(telling) else {}
        for sentence, value in mistakes.items():
            if math.isclose(result, value, abs_tol=1e-9):
                raise Wrong(sentence)
        raise Wrong(
            f"Of {a.tolist()} and {b.tolist()} the mean score is not {result:.3f}: compare the two "
            "lists pair by pair."
        )
    return (
        "Two judges agree on a pair or they do not: how far apart the accuracies are plays no part."
    )


@exercise(
    "08.2",
    "cut a kernel out of a shared one",
    hints=(
        "How many rows of the bank lie above the middle window? As many lie below it.",
        "Of 5 rows the middle 3 are 1:4, and of 7 rows 2:5. The first filters are :filters.",
        "A slice is a view, so changes go through it; an array has a method that copies it.",
    ),
)
def inherit(answer: object, rng: np.random.Generator) -> str:
    for side, size in ((5, 3), (7, 3), (7, 5), (5, 1), (5, 5), (1, 1)):
        bank = rng.permutation(side * side * 3 * 7).reshape(side, side, 3, 7) / 10
        for channels, filters in ((2, 3), (3, 7), (1, 1)):
            result = call(answer, bank, size, channels, filters)
            case = f"Of a bank of shape {bank.shape}, with size={size}, channels={channels} and "
            case += f"filters={filters},"
            _check_kernel(result, bank, size, channels, filters, case)
    mine = bank.copy()
    with guarded("your function"):
        assert callable(answer)  # `call` has run it
        result = answer(mine, 1, 1, 1)
    if np.shares_memory(result, mine):
        raise Wrong(
            "What you return is a view into the bank: training the network alone would change the "
            "weights of all others, so give it a copy."
        )
    return (
        "A network inherits a copy; while the supernet is trained, all of them use the bank itself."
    )


def _check_kernel(
    result: object, bank: np.ndarray, size: int, channels: int, filters: int, case: str
) -> None:
    if not isinstance(result, np.ndarray):
        raise Wrong(f"The weights should be an array, not {show(result)}.")
    side, window = len(bank), slice((len(bank) - size) // 2, (len(bank) + size) // 2)
    right = bank[window, window, :channels, :filters]
    if np.array_equal(result, right):
        return
    last = bank[window, window, bank.shape[2] - channels :, bank.shape[3] - filters :]
    late = slice(window.start + 1, window.stop + 1)
    mistakes = {
        "This is the upper left corner of the window: the small one is the middle.": (
            bank[:size, :size, :channels, :filters]
        ),
        "This is the lower right corner of the window: the small one is the middle.": (
            bank[side - size :, side - size :, :channels, :filters]
        ),
        "The window begins one row and one column too late.": bank[late, late, :channels, :filters],
        "These are the last channels and filters: a network uses the first ones.": last,
        "These are the last filters: a network uses the first ones.": (
            bank[window, window, :channels, bank.shape[3] - filters :]
        ),
        "Only the rows are cut to the middle: the columns need the same slice.": (
            bank[window, :, :channels, :filters]
        ),
        "All channels are still there: a network with fewer filters in the block before has fewer "
        "channels here.": bank[window, window, :, :filters],
        "All filters are still there: keep the first ones.": bank[window, window, :channels],
        "Channels and filters are swapped: the channels in come first.": (
            bank[window, window, :filters, :channels]
        ),
        "The axes are turned: rows, columns, channels, filters is their order.": (
            right.transpose(0, 1, 3, 2)
        ),
    }
    for sentence, value in mistakes.items():
        if np.array_equal(result, value):
            raise Wrong(sentence)
    if result.shape != right.shape:
        raise Wrong(f"{case} the shape should be {right.shape}, not {result.shape}.")
    raise Wrong(f"{case} these are not the weights of the middle window and the first filters.")


@exercise(
    "08.3",
    "a shortlist and its bill",
    hints=(
        "Three steps: whom to train, whom to ship, what all of it cost.",
        "np.argsort gives numbers of networks, the worst first. Keep what train returns, so that "
        + "each is trained once.",
        "The shipped one is the best by the accuracy that train returned; the bill is the supernet "
        + "and the sum of the seconds on the shortlist.",
    ),
)
def shortlist(answer: object, rng: np.random.Generator) -> str:
    for networks, n in ((9, 3), (14, 5), (6, 1), (4, 4)):
        _check_search(answer, rng, networks, n)
    return (
        "The supernet decides who is trained, and their own validation accuracy who is shipped: "
        "each judge does what it can."
    )


def _check_search(answer: object, rng: np.random.Generator, networks: int, n: int) -> None:
    inherited, alone, seconds = _trainings(rng, networks, n)
    supernet_seconds = int(rng.integers(500, 900))
    trained: list[int] = []

    def train(network: int) -> tuple[float, int]:
        trained.append(int(network))
        return float(alone[network]), int(seconds[network])

    result = call(answer, inherited, train, n, supernet_seconds)
    if not (isinstance(result, (tuple, list, np.ndarray)) and len(result) == 2):
        raise Wrong(f"Return two numbers, the network and the seconds, not {show(result)}.")
    first = np.argsort(-inherited)[:n].tolist()
    _check_trained(trained, first, np.argsort(inherited)[:n].tolist())
    _check_shipped(number(result[0], "the network"), first, inherited, alone)
    _check_bill(number(result[1], "the bill"), first, seconds, supernet_seconds, alone)


def _trainings(rng: np.random.Generator, networks: int, n: int) -> tuple[np.ndarray, ...]:
    """Accuracies and seconds in which each mistake shows."""
    while True:
        inherited, alone = (rng.choice(800, networks, replace=False) / 800 for _ in range(2))
        seconds = rng.choice(np.arange(3, 40), networks, replace=False)
        first = np.argsort(-inherited)[:n]
        place = alone[first].argmax()
        shipped = first[place]
        if n == 1:
            if shipped != 0:
                return inherited, alone, seconds
            continue
        worst = first[alone[first].argmin()]
        others = [first[0], worst, place]
        if n < networks:
            others += [alone.argmax()]
            if place in first or {*range(n)} in ({*first}, {*np.argsort(inherited)[:n]}):
                continue
        if shipped not in others and worst != first[0]:
            return inherited, alone, seconds


def _check_trained(trained: list[int], first: list[int], last: list[int]) -> None:
    if sorted(trained) == sorted(first):
        return
    if not trained:
        raise Wrong("No network was trained: an inherited accuracy is no forecast, so call train.")
    if set(trained) == set(first):
        raise Wrong("Some network is trained twice: keep what train returns, each call costs.")
    if len(set(trained)) > len(first):
        raise Wrong(
            f"{len(set(trained))} networks are trained instead of {len(first)}: the shortlist is "
            "there to save the others."
        )
    if sorted(trained) == sorted(last):
        raise Wrong("The shortlist holds those that are ranked last: argsort puts the worst first.")
    if set(trained) < set(first):
        raise Wrong(f"{len(set(trained))} networks are trained instead of {len(first)}.")
    raise Wrong("Other networks are trained than those with the highest inherited accuracies.")


def _check_shipped(
    shipped: float, first: list[int], inherited: np.ndarray, alone: np.ndarray
) -> None:
    order = sorted(first, key=lambda network: -alone[network])
    if shipped == order[0]:
        return
    if shipped == first[0]:
        raise Wrong(
            "The network with the highest inherited accuracy is shipped: choose by the accuracy of "
            "its own training."
        )
    if shipped == order[-1]:
        raise Wrong("The worst of the shortlist is shipped: of accuracies the highest wins.")
    if shipped == first.index(order[0]):
        raise Wrong("This is a place on the shortlist, and not the number of a network.")
    if any(shipped == accuracy for accuracy in (*alone, *inherited)):
        raise Wrong("This is an accuracy: return the number of the network.")
    raise Wrong(
        f"Network {shipped:g} is not the one with the best accuracy of its own training on the "
        "shortlist."
    )


def _check_bill(
    bill: float, first: list[int], seconds: np.ndarray, supernet_seconds: int, alone: np.ndarray
) -> None:
    on_list = int(seconds[first].sum())
    if math.isclose(bill, supernet_seconds + on_list):
        return
    shipped = max(first, key=lambda network: alone[network])
    mistakes = {
        on_list: "The bill leaves out the supernet.",
        supernet_seconds: "The bill leaves out the trainings of the shortlist.",
        supernet_seconds + int(seconds[shipped]): (
            "The bill has the training of the shipped network alone: the others on the shortlist "
            "were trained too."
        ),
        supernet_seconds + int(seconds.sum()): (
            "The bill has the trainings of all networks: most of them never took place."
        ),
        len(first) * supernet_seconds + on_list: (
            "The bill has the supernet once for each network: one training of it judged them all."
        ),
    }
    raise Wrong(
        mistakes.get(
            round(bill),
            f"The bill is not {bill:g} seconds: it is the supernet and all trainings that took "
            "place.",
        )
    )


multiple_choice(
    "08.4",
    "three that are close",
    right="c",
    options={
        "a": "The first of 10,000 is likely a lucky one, and what it inherits is no forecast of what "
        "it reads when it is trained alone.",
        "b": "To choose by the test uses the test up: what it then says of the winner is too much.",
        "c": "A correlation over all networks does not carry to the top, so the supernet makes the "
        "shortlist and the networks' own training decides.",
        "d": "The same weights and the same images give the same numbers each time, so nothing is "
        "learned from a second look.",
    },
    hints=(
        "What was left of the correlation among the best tenth in unit 08?",
        "Which accuracy may a choice look at, and which one must it not?",
    ),
)
