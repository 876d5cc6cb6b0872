"""Checkers of unit 08: Kendall by pairs, an inherited kernel, a shortlist and its bill."""

from __future__ import annotations

import numpy as np

from nascourse.checks.cases import compare, near
from nascourse.checks.core import Wrong, call, guarded, multiple_choice, number, show
from nascourse.checks.registry import exercise


def _scores(a: list[float], b: list[float]) -> np.ndarray:
    """1, -1 or 0 for each pair of things."""
    x, y = _differences(a, b)
    return np.sign(x * y)


def _kendall(a: list[float], b: list[float]) -> float:
    return float(_scores(a, b).mean())


def _wrong_kendalls(a: list[float], b: list[float]) -> dict[str, float]:
    """What each mistake makes of the two lists."""
    from scipy import stats

    scores, n = _scores(a, b), len(a)
    neighbors = np.sign(np.diff(a)) * np.sign(np.diff(b))
    alike, opposite = (scores > 0).sum(), (scores < 0).sum()
    x, y = _differences(a, b)
    signs = np.sign([x, y])
    tau = stats.kendalltau(a, b)
    with np.errstate(all="ignore"):
        return {
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
            "This counts each pair once and divides as if twice: there are n (n - 1) / 2 pairs.": (
                scores.mean() / 2
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
                scores.sum() / (alike + opposite)
            ),
            "This is the variant that makes up for equal pairs, as SciPy and pandas have it: here "
            "they score 0, and the mean is over all pairs.": tau.statistic,
            "A pair that is equal in both lists scores 0 as well.": (
                np.where((x == 0) & (y == 0), 1, scores).mean()
            ),
            "The differences themselves are multiplied: take their signs alone.": ((x * y).mean()),
            "The two signs of a pair are added: multiply them.": signs.sum(axis=0).mean(),
            "A pair that is equal in a list scores a half here: it scores 0.": (
                np.where(scores == 0, 0.5, scores).mean()
            ),
            "A pair that is equal in a list costs a half here: it scores 0.": (
                np.where(scores == 0, -0.5, scores).mean()
            ),
            "This divides by the square of the number of things: there are n (n - 1) / 2 pairs.": (
                scores.sum() / n**2
            ),
            "This divides by n (n + 1) / 2: a thing makes no pair with itself, so there are "
            "n (n - 1) / 2 pairs.": 2 * scores.sum() / (n * (n + 1)),
            "The lists are sorted before they are compared: the two numbers of a thing must stay "
            "together.": _kendall(sorted(a), sorted(b)),
            "This is the correlation of the values themselves, which is Pearson's: Kendall's counts "
            "pairs.": np.corrcoef(a, b)[0, 1],
            "This is tau-c, a variant for tables: here the mean of all scores is asked for.": (
                stats.kendalltau(a, b, variant="c").statistic
            ),
            "This is a p-value: the mean of the scores is asked for.": tau.pvalue,
        }


def _differences(a: list[float], b: list[float]) -> list[np.ndarray]:
    i, j = np.triu_indices(len(a), 1)
    return [np.take(values, i) - np.take(values, j) for values in (a, b)]


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
    fixed: list[tuple[list[float], list[float]]] = [
        ([1, 2, 3], [10, 30, 20]),  # the examples
        ([1, 2, 2], [10, 20, 30]),
        ([0.3, 0.1, 0.7, 0.5, 0.1], [0.2, 0.9, 0.9, 0.4, 0.6]),
        ([0.5, 0.2, 0.2, 0.9], [0.1, 0.1, 0.1, 0.8]),
        ([0.1, 0.4, 0.6, 0.9], [0.9, 0.6, 0.4, 0.1]),
        ([0.5, 0.5, 0.5], [0.1, 0.2, 0.3]),
        ([-3, 1000, -50, 2], [1, -1, 0, 2]),
        ([0.1, 0.2], [0.7, 0.9]),
    ]
    fresh = [
        tuple((rng.integers(0, 6, n) / 10).tolist() for _ in range(2))
        for n in rng.integers(2, 8, 60)
    ]
    compare(
        answer,
        [*fixed, *fresh],
        _kendall,
        read=lambda value: number(value, "the rank correlation"),
        mistakes=_wrong_kendalls,
        clue="Compare the two lists pair by pair, and take the mean of all scores.",
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
    cases: list[tuple[np.ndarray, int, int, int]] = []
    for side, size in ((5, 3), (7, 3), (7, 5), (5, 1), (9, 3), (5, 5), (1, 1)):
        bank = rng.permutation(side * side * 3 * 7).reshape(side, side, 3, 7) / 10 - 3
        cases += [(bank, size, *widths) for widths in ((2, 3), (3, 7), (1, 1), (3, 2), (1, 7))]
    cases.append((np.arange(9).reshape(3, 3, 1, 1), 1, 1, 1))  # the example
    for case in [*cases, cases[0]]:
        _check_kernel(call(answer, *case), *case)
    for bank, size in ((cases[0][0], 1), (cases[0][0], 3), (cases[25][0], 5)):
        mine = bank.copy()
        with guarded("your function"):
            assert callable(answer)  # `call` has run it
            result = answer(mine, size, 3, 7)
        if np.shares_memory(result, mine):
            raise Wrong(
                "What you return is a view into the bank: training the network alone would change "
                "the weights of all others, so give it a copy."
            )
    return (
        "A network inherits a copy; while the supernet is trained, all of them use the bank itself."
    )


def _check_kernel(result: object, bank: np.ndarray, size: int, channels: int, filters: int) -> None:
    if not isinstance(result, np.ndarray):
        raise Wrong(f"The weights should be an array, not {show(result)}.")
    case = f"Of a bank of shape {bank.shape}, with size={size}, channels={channels} and "
    case += f"filters={filters},"
    side, window = len(bank), slice((len(bank) - size) // 2, (len(bank) + size) // 2)
    right = bank[window, window, :channels, :filters]
    if result.shape == right.shape and result.dtype.kind in "iuf" and near(result, right):
        return
    last = bank[window, window, bank.shape[2] - channels :, bank.shape[3] - filters :]
    late, early = (slice(window.start + by, window.stop + by) for by in (1, -1))
    mistakes = {
        "This is the upper left corner of the window: the small one is the middle.": (
            bank[:size, :size, :channels, :filters]
        ),
        "This is the lower right corner of the window: the small one is the middle.": (
            bank[side - size :, side - size :, :channels, :filters]
        ),
        "The window begins one row and one column too late.": bank[late, late, :channels, :filters],
        "The window begins one row and one column too early.": (
            bank[early, early, :channels, :filters]
        ),
        "These are the last channels and filters: a network uses the first ones.": last,
        "These are the last filters: a network uses the first ones.": (
            bank[window, window, :channels, bank.shape[3] - filters :]
        ),
        "These are the last channels: a network uses the first ones.": (
            bank[window, window, bank.shape[2] - channels :, :filters]
        ),
        "Only the rows are cut to the middle: the columns need the same slice.": (
            bank[window, :, :channels, :filters]
        ),
        "Only the columns are cut to the middle: the rows need the same slice.": (
            bank[:, window, :channels, :filters]
        ),
        "The rows are the middle ones, and the columns the first: both are cut in the middle.": (
            bank[window, :size, :channels, :filters]
        ),
        "The columns are the middle ones, and the rows the first: both are cut in the middle.": (
            bank[:size, window, :channels, :filters]
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
        "Rows and columns are exchanged: leave them as they are in the bank.": (
            right.transpose(1, 0, 2, 3)
        ),
    }
    for sentence, value in mistakes.items():
        if np.array_equal(result, value):
            raise Wrong(f"{case} {sentence[0].lower()}{sentence[1:]}")
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
    # Best alone is neither the first of the shortlist nor the last, nor its own place on it.
    inherited = np.array([0.2, 0.8, 0.5, 0.9, 0.1, 0.7, 0.6])
    alone = [0.95, 0.91, 0.93, 0.90, 0.99, 0.92, 0.60]
    _check_search(answer, inherited, alone, [7, 11, 13, 17, 19, 23, 29], 4, 100)
    example = np.array([0.7, 0.9, 0.8])
    _check_search(answer, example, [0.99, 0.94, 0.96], [4, 6, 5], 2, 30)
    _check_search(answer, inherited, alone, [2.5, 0.3125, 4, 8, 16, 32, 64], 3, 0.5)
    _check_search(answer, inherited, alone, [0.1] * 7, 3, 0.25)
    _check_search(answer, inherited, alone, [7, 11, 13, 17, 19, 23, 29], 1, 100)
    _check_search(answer, inherited, alone[::-1], [7, 11, 13, 17, 19, 23, 29], 7, 100)
    _check_search(answer, example, [0.99, 0.94, 0.96], [4, 6, 5], 2, 30)  # nothing was kept
    for networks in rng.integers(2, 8, 20):
        inherited, alone = rng.permutation(networks) / 10, rng.permutation(networks).tolist()
        seconds = rng.choice(40, networks, replace=False).tolist()
        _check_search(answer, inherited, alone, seconds, int(rng.integers(1, networks + 1)), 50)
    return (
        "The supernet decides who is trained, and their own validation accuracy who is shipped: "
        "each judge does what it can."
    )


def _check_search(
    answer: object,
    inherited: np.ndarray,
    alone: list[float],
    seconds: list[float],
    n: int,
    supernet_seconds: float,
) -> None:
    trained: list[int] = []

    def train(network: int) -> tuple[float, float]:
        if network != int(network) or not 0 <= network < len(alone):
            raise Wrong(
                f"train was called with {show(network)}: hand it the number of a network, from 0 "
                f"to {len(alone) - 1}."
            )
        trained.append(int(network))
        return alone[int(network)], seconds[int(network)]

    result = call(answer, inherited, train, n, supernet_seconds)
    if not (isinstance(result, (tuple, list, np.ndarray)) and len(result) == 2):
        raise Wrong(f"Return two numbers, the network and the seconds, not {show(result)}.")
    first = np.argsort(-inherited)[:n].tolist()
    _check_trained(trained, first, np.argsort(inherited)[:n].tolist())
    given = (
        f"With inherited={inherited.tolist()}, n={n} and the trained networks "
        + ", ".join(f"{each}: {(alone[each], seconds[each])}" for each in sorted(first))
        + ", "
    )
    shipped, bill = number(result[0], "the network"), number(result[1], "the bill")
    if near(shipped, supernet_seconds + sum(seconds[each] for each in first)) and bill in first:
        raise Wrong("The two are the wrong way round: the network comes first, then the seconds.")
    _check_shipped(shipped, first, inherited, alone, given)
    _check_bill(bill, first, np.array(seconds), supernet_seconds, np.array(alone))


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
    shipped: float, first: list[int], inherited: np.ndarray, alone: list[float], given: str
) -> None:
    order = sorted(first, key=lambda network: -alone[network])
    if shipped == order[0]:
        return
    if shipped == order[-1] and len(order) > 2:
        raise Wrong("The worst of the shortlist is shipped: of accuracies the highest wins.")
    if shipped == first[0]:
        raise Wrong(
            "The network with the highest inherited accuracy is shipped: choose by the accuracy of "
            "its own training."
        )
    if shipped == first[-1]:
        raise Wrong("The last of the shortlist is shipped: choose by the accuracy of its training.")
    if shipped == first.index(order[0]):
        raise Wrong("This is a place on the shortlist, and not the number of a network.")
    if any(shipped == accuracy for accuracy in (*alone, *inherited)):
        raise Wrong("This is an accuracy: return the number of the network.")
    raise Wrong(
        f"{given}network {shipped:g} is not the one with the best accuracy of its own training on "
        "the shortlist."
    )


def _check_bill(
    bill: float, first: list[int], seconds: np.ndarray, supernet_seconds: float, alone: np.ndarray
) -> None:
    on_list = float(seconds[first].sum())
    if near(bill, supernet_seconds + on_list):
        return
    shipped = max(first, key=lambda network: alone[network])
    mistakes = {
        "The bill leaves out the supernet.": on_list,
        "The bill leaves out the trainings of the shortlist.": supernet_seconds,
        "The bill has the training of the shipped network alone: the others on the shortlist "
        "were trained too.": supernet_seconds + seconds[shipped],
        "The bill has the trainings of all networks: most of them never took place.": (
            supernet_seconds + seconds.sum()
        ),
        "The bill has the supernet once for each network: one training of it judged them all.": (
            len(first) * supernet_seconds + on_list
        ),
        "The bill has the mean of the trainings: they take place one after the other, so add them "
        "up.": supernet_seconds + on_list / len(first),
        "The bill has the longest training alone: they take place one after the other, so add them "
        "up.": supernet_seconds + seconds[first].max(),
        "The bill has the accuracies, too: add up the seconds, the second that train returns.": (
            supernet_seconds + on_list + alone[first].sum()
        ),
        "The bill adds up the accuracies: the seconds are the second that train returns.": (
            supernet_seconds + alone[first].sum()
        ),
        "The bill lacks the last training on the shortlist.": (
            supernet_seconds + on_list - seconds[first[-1]]
        ),
    }
    for sentence, value in mistakes.items():
        if near(bill, value):
            raise Wrong(sentence)
    raise Wrong(
        f"The bill should be {supernet_seconds + on_list:g} seconds, and is {bill:g}: it is the "
        "supernet and all trainings that took place."
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
