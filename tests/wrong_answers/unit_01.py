"""Plausible wrong answers to the exercises of unit 01, and words of the sentence that each gets."""


def one_missing(propose, evaluate, budget):
    seen = []
    for _ in range(1, budget):
        network = propose(seen)
        seen.append((dict(network), evaluate(network)))
    return max(seen, key=lambda pair: pair[1], default=({}, 0.0))


def one_too_many(propose, evaluate, budget):
    seen = []
    while len(seen) <= budget:
        network = propose(seen)
        seen.append((dict(network), evaluate(network)))
    return max(seen, key=lambda pair: pair[1])


def the_last(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = propose(seen)
        seen.append((dict(network), evaluate(network)))
    return seen[-1]


def the_lowest(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = propose(seen)
        seen.append((dict(network), evaluate(network)))
    return min(seen, key=lambda pair: pair[1])


def evaluates_again(propose, evaluate, budget):
    best, seen = None, []
    for _ in range(budget):
        network = dict(propose(seen))
        seen.append((network, evaluate(network)))
        if best is None or evaluate(network) > best[1]:
            best = seen[-1]
    return best


def remembers_no_copy(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = propose(seen)
        seen.append((network, evaluate(network)))
    return max(seen, key=lambda pair: pair[1])


def forgets(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = propose([])
        seen.append((dict(network), evaluate(network)))
    return max(seen, key=lambda pair: pair[1])


def keeps_between_calls(propose, evaluate, budget, seen=[]):  # noqa: B006 - the mistake
    for _ in range(budget):
        network = propose(seen)
        seen.append((dict(network), evaluate(network)))
    return max(seen, key=lambda pair: pair[1])


def the_wrong_way_round(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = propose(seen)
        seen.append((evaluate(network), dict(network)))
    return max(seen, key=lambda pair: pair[0])


def accuracy_only(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = propose(seen)
        seen.append((dict(network), evaluate(network)))
    return max(accuracy for _, accuracy in seen)


def later_of_equals(propose, evaluate, budget):
    best, seen = ({}, 0), []
    for _ in range(budget):
        network = dict(propose(seen))
        seen.append((network, evaluate(network)))
        if seen[-1][1] >= best[1]:
            best = seen[-1]
    return best


def never_ends(propose, evaluate, budget):
    seen = []
    while len(seen) < budget:
        evaluate(propose(seen))
    return seen


def part(table, choice, value):
    return table[table[choice] == value]


WRONG = {
    "01.1": {
        "the space": ("a", "which networks are possible"),
        "the strategy": ("b", "comes next"),
        "the final training": ("d", "after the search"),
    },
    "01.2": {
        "one evaluation missing": (one_missing, "one is missing"),
        "one evaluation too many": (one_too_many, "one too many"),
        "the last one": (the_last, "the last network"),
        "the lowest": (the_lowest, "lowest accuracy"),
        "evaluates again to compare": (evaluates_again, "evaluated twice"),
        "remembers no copy": (remembers_no_copy, "remember a copy"),
        "propose hears nothing": (forgets, "propose is told of 0 trials"),
        "a list that outlives the call": (keeps_between_calls, "earlier search"),
        "never ends": (never_ends, "long after the budget"),
        "accuracy first": (the_wrong_way_round, "wrong way round"),
        "only the accuracy": (accuracy_only, "Return the best pair"),
        "the later of equals": (later_of_equals, "Of equal networks"),
    },
    "01.3": {
        "the sign": (
            lambda t, c, v: part(t, c, v)["val_accuracy"].max() - t["val_accuracy"].max(),
            "sign is swapped",
        ),
        "by test accuracy": (
            lambda t, c, v: t["test_accuracy"].max() - part(t, c, v)["test_accuracy"].max(),
            "no search may look at",
        ),
        "averages": (
            lambda t, c, v: t["val_accuracy"].mean() - part(t, c, v)["val_accuracy"].mean(),
            "averages",
        ),
        "the other rows": (
            lambda t, c, v: t["val_accuracy"].max() - t[t[c] != v]["val_accuracy"].max(),
            "lack the value",
        ),
        "the best of the part": (
            lambda t, c, v: part(t, c, v)["val_accuracy"].max(),
            "best accuracy of the poorer space",
        ),
        "percent": (
            lambda t, c, v: 100 * (t["val_accuracy"].max() - part(t, c, v)["val_accuracy"].max()),
            "percent",
        ),
        "a column instead of a number": (
            lambda t, c, v: t["val_accuracy"].max() - part(t, c, v)["val_accuracy"],
            "one number",
        ),
    },
}
