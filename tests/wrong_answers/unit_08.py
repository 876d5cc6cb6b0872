"""Plausible wrong answers to the exercises of unit 08, and words of the sentence that each gets."""

import itertools

import numpy as np
from scipy import stats


def scores(a, b):
    pairs = itertools.combinations(zip(a, b), 2)
    return np.array([np.sign(x[0] - y[0]) * np.sign(x[1] - y[1]) for x, y in pairs])


def neighbors(a, b):
    return np.mean(np.sign(np.diff(a)) * np.sign(np.diff(b)))


def without_ties(a, b):
    each = scores(a, b)
    return each.sum() / max(1, np.count_nonzero(each))


def sorts_in_place(a, b):
    a.sort()
    return scores(a, b).mean()


def middle(bank, size):
    margin = (len(bank) - size) // 2
    return slice(margin, margin + size)


def corner(bank, size, channels, filters):
    return bank[:size, :size, :channels, :filters].copy()


def lower_corner(bank, size, channels, filters):
    at = len(bank) - size
    return bank[at:, at:, :channels, :filters].copy()


def rows_only(bank, size, channels, filters):
    return bank[middle(bank, size), :, :channels, :filters].copy()


def last_filters(bank, size, channels, filters):
    window = middle(bank, size)
    return bank[window, window, :channels, bank.shape[3] - filters :].copy()


def swapped(bank, size, channels, filters):
    window = middle(bank, size)
    return bank[window, window, :filters, :channels].copy()


def all_filters(bank, size, channels, filters):
    window = middle(bank, size)
    return bank[window, window, :channels].copy()


def all_channels(bank, size, channels, filters):
    window = middle(bank, size)
    return bank[window, window, :, :filters].copy()


def a_view(bank, size, channels, filters):
    window = middle(bank, size)
    return bank[window, window, :channels, :filters]


def reshaped(bank, size, channels, filters):
    return bank.ravel()[: size * size * channels * filters].reshape(size, size, channels, filters)


def searching(
    order=lambda inherited, n: np.argsort(inherited)[::-1][:n].tolist(),
    ship=lambda listed, trained, inherited: max(listed, key=lambda one: trained[one][0]),
    bill=lambda listed, trained, supernet: supernet + sum(trained[one][1] for one in listed),
):
    """A search that lists, ships and counts as told."""

    def search(inherited, train, n, supernet_seconds):
        listed = order(inherited, n)
        trained = {one: train(one) for one in listed}
        return ship(listed, trained, inherited), bill(listed, trained, supernet_seconds)

    return search


def trains_all(inherited, train, n, supernet_seconds):
    trained = [train(one) for one in range(len(inherited))]
    listed = np.argsort(inherited)[::-1][:n]
    best = max(listed, key=lambda one: trained[one][0])
    return best, supernet_seconds + sum(trained[one][1] for one in listed)


def trains_twice(inherited, train, n, supernet_seconds):
    listed = np.argsort(inherited)[::-1][:n].tolist()
    best = max(listed, key=lambda one: train(one)[0])
    return best, supernet_seconds + sum(train(one)[1] for one in listed)


def trains_none(inherited, train, n, supernet_seconds):
    return int(np.argmax(inherited)), supernet_seconds


def shipped_alone(listed, trained, supernet):
    return supernet + max(trained.values())[1]


WRONG = {
    "08.1": {
        "agreements only": (lambda a, b: (scores(a, b) > 0).mean(), "same order alone"),
        "wrong sign": (lambda a, b: -scores(a, b).mean(), "wrong sign"),
        "the sum": (lambda a, b: scores(a, b).sum(), "divide it by"),
        "divided by n squared": (
            lambda a, b: 2 * scores(a, b).sum() / len(a) ** 2,
            "no pair with itself",
        ),
        "divided by n": (lambda a, b: scores(a, b).sum() / len(a), "more pairs than things"),
        "each pair twice": (lambda a, b: 2 * scores(a, b).mean(), "counts each pair twice"),
        "neighbors": (neighbors, "neighbors in the list"),
        "Spearman": (lambda a, b: stats.spearmanr(a, b).statistic, "Spearman"),
        "SciPy's Kendall": (lambda a, b: stats.kendalltau(a, b).statistic, "makes up for"),
        "ties against": (
            lambda a, b: np.where(scores(a, b) > 0, 1, -1).mean(),
            "opposite order here",
        ),
        "ties for": (lambda a, b: np.where(scores(a, b) < 0, -1, 1).mean(), "same order here"),
        "ties left out": (without_ties, "remain pairs"),
        "all scores": (scores, "one number"),
        "sorts its input": (sorts_in_place, "changes what it is given"),
    },
    "08.2": {
        "upper left corner": (corner, "upper left"),
        "lower right corner": (lower_corner, "lower right"),
        "rows only": (rows_only, "columns need the same"),
        "last filters": (last_filters, "last filters"),
        "swapped": (swapped, "swapped"),
        "all filters": (all_filters, "all filters are still"),
        "all channels": (all_channels, "all channels are still"),
        "a view": (a_view, "a view into the bank"),
        "the first numbers": (reshaped, "not the weights of the middle"),
        "a list": (lambda *case: a_view(*case).tolist(), "should be an array"),
    },
    "08.3": {
        "trains all": (trains_all, "to save the others"),
        "trains twice": (trains_twice, "trained twice"),
        "trains none": (trains_none, "No network was trained"),
        "the last ones": (
            searching(order=lambda inherited, n: np.argsort(inherited)[:n].tolist()),
            "ranked last",
        ),
        "one short": (
            searching(order=lambda inherited, n: np.argsort(inherited)[::-1][: n - 1].tolist()),
            "3 networks are trained instead of 4",
        ),
        "the first numbers": (
            searching(order=lambda inherited, n: list(range(n))),
            "than those with the highest",
        ),
        "ships by inherited": (
            searching(ship=lambda listed, trained, inherited: listed[0]),
            "highest inherited accuracy is shipped",
        ),
        "ships the worst": (
            searching(ship=lambda listed, trained, _: min(listed, key=lambda one: trained[one][0])),
            "worst of the shortlist",
        ),
        "a place": (
            searching(
                ship=lambda listed, trained, _: int(np.argmax([trained[one][0] for one in listed]))
            ),
            "place on the shortlist",
        ),
        "an accuracy": (
            searching(ship=lambda listed, trained, _: max(trained.values())[0]),
            "This is an accuracy",
        ),
        "no supernet": (
            searching(bill=lambda listed, trained, _: sum(trained[one][1] for one in listed)),
            "leaves out the supernet",
        ),
        "the supernet alone": (
            searching(bill=lambda listed, trained, supernet: supernet),
            "trainings of the shortlist",
        ),
        "the winner alone": (searching(bill=shipped_alone), "shipped network alone"),
        "a supernet each": (
            searching(
                bill=lambda listed, trained, supernet: sum(
                    supernet + trained[one][1] for one in listed
                )
            ),
            "once for each network",
        ),
        "the network only": (
            lambda *case: searching()(*case)[0],
            "Return two numbers",
        ),
    },
    "08.4": {
        "ship the first": ("a", "lucky one"),
        "choose by the test": ("b", "uses the test up"),
        "look again": ("d", "second look"),
        "an option that is none": ("e", "none of the options"),
    },
}
