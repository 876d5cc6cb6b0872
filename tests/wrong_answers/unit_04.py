"""Plausible wrong answers to the exercises of unit 04, and words of the sentence that each gets."""

import math

import numpy as np
import pandas as pd
from scipy import stats


def of_ranks(method):
    return lambda a, b: np.corrcoef(stats.rankdata(a, method), stats.rankdata(b, method))[0, 1]


def double_argsort(kind=None):
    return lambda a, b: np.corrcoef(*(np.argsort(np.argsort(x, kind=kind)) for x in (a, b)))[0, 1]


def last_first(a, b):
    return of_ranks("ordinal")(a[::-1], b[::-1])


def short_formula(a, b):
    squares = ((pd.Series(a).rank() - pd.Series(b).rank()) ** 2).sum()
    return 1 - 6 * squares / (len(a) * (len(a) ** 2 - 1))


def downward(a, b):
    return pd.Series(a).rank().corr(pd.Series(b).rank(ascending=False))


def sorts_in_place(a, b):
    a.sort()
    return of_ranks("average")(a, b)


def rounds(pay=lambda before, stop: stop - before, cut=lambda n, factor: max(1, n // factor)):
    """A plan that pays and cuts as told."""

    def plan(n_networks, stops, factor):
        found, before = [], 0
        for stop in stops:
            found.append((n_networks, pay(before, stop)))
            n_networks, before = cut(n_networks, factor), stop
        return found

    return plan


def cuts_first(n_networks, stops, factor):
    return rounds()(max(1, n_networks // factor), stops, factor)


def trains_the_winner(n_networks, stops, factor):
    return [*rounds()(n_networks, stops, factor), (1, stops[-1])]


WRONG = {
    "04.1": {
        "values for ranks": (lambda a, b: np.corrcoef(a, b)[0, 1], "Pearson"),
        "Kendall": (lambda a, b: stats.kendalltau(a, b).statistic, "Kendall"),
        "argsort": (lambda a, b: np.corrcoef(np.argsort(a), np.argsort(b))[0, 1], "argsort says"),
        "one downward": (downward, "wrong sign"),
        "ties by place": (of_ranks("ordinal"), "different ranks"),
        "argsort twice": (double_argsort(), "different ranks"),
        "a stable argsort twice": (double_argsort("stable"), "different ranks"),
        "ties by place, the last first": (last_first, "different ranks"),
        "ties share the lowest": (of_ranks("min"), "lowest of their ranks"),
        "ties share the highest": (of_ranks("max"), "highest of their ranks"),
        "no gap after ties": (of_ranks("dense"), "leave no gap"),
        "the short formula": (short_formula, "only without ties"),
        "the whole matrix": (lambda a, b: np.corrcoef(a, b), "one number"),
        "SciPy's result": (stats.spearmanr, "one number"),
        "in percent": (lambda a, b: 100 * of_ranks("average")(a, b), "in percent"),
        "sorts its input": (sorts_in_place, "changes what it is given"),
    },
    "04.2": {
        "pays from the start": (rounds(pay=lambda before, stop: stop), "from the beginning again"),
        "one epoch too many": (
            rounds(pay=lambda before, stop: stop - before + 1),
            "pays the difference",
        ),
        "cuts first": (cuts_first, "cut afterward"),
        "trains the winner": (trains_the_winner, "trained no further"),
        "rounds up": (rounds(cut=lambda n, f: math.ceil(n / f)), "round down"),
        "parts of networks": (rounds(cut=lambda n, f: max(1, n / f)), "parts of networks"),
        "nobody left": (rounds(cut=lambda n, f: n // f), "at least one"),
        "nobody dropped": (rounds(cut=lambda n, f: n), "No network is dropped"),
        "subtracts": (rounds(cut=lambda n, f: max(1, n - f)), "divide by it"),
        "always halves": (rounds(cut=lambda n, f: max(1, n // 2)), "always halves"),
        "pairs turned": (lambda *case: [(e, n) for n, e in rounds()(*case)], "networks come first"),
        "the sum": (lambda *case: sum(n * e for n, e in rounds()(*case)), "list of pairs"),
        "products": (lambda *case: [n * e for n, e in rounds()(*case)], "is none"),
    },
    "04.3": {
        "more seeds": ("a", "trivial score"),
        "speed": ("c", "not in doubt"),
        "Kendall": ("d", "another scale"),
        "an option that is none": ("e", "none of the options"),
    },
    "04.4": {
        "one epoch late": (
            lambda val, test, e: test.max() - test[val[:, e].argmax()],
            "index 0",
        ),
        "chosen by the test": (lambda val, test, e: test.max() - test[test.argmax()], "always 0"),
        "accuracy, not regret": (lambda val, test, e: test[val[:, e - 1].argmax()], "how far"),
        "reverse": (lambda val, test, e: test[val[:, e - 1].argmax()] - test.max(), "negative"),
        "the lowest": (lambda val, test, e: test.max() - test[val[:, e - 1].argmin()], "lowest"),
        "at the end": (lambda val, test, e: test.max() - test[val[:, -1].argmax()], "later ones"),
        "by validation": (
            lambda val, test, e: val[:, -1].max() - val[val[:, e - 1].argmax(), -1],
            "judged by the test",
        ),
        "two sets mixed": (lambda val, test, e: test.max() - val[:, e - 1].max(), "two test"),
        "a row": (lambda val, test, e: test.max() - test[val[e - 1].argmax()], "row of one"),
        "many numbers": (lambda val, test, e: test.max() - test, "one number"),
    },
}
