"""Plausible wrong answers to the exercises of unit 07, and words of the sentence that each gets."""


def front_by(better):
    """A front that leaves out each point to which another one is better."""

    def front(points):
        return sorted({one for one in points if not any(better(two, one) for two in points)})

    return front


def twice(points):
    return sorted(
        one
        for one in points
        if not any(two[0] <= one[0] and two[1] >= one[1] and two != one for two in points)
    )


def sorts_the_input(points):
    points.sort(key=lambda point: (point[0], -point[1]))
    return [p for k, p in enumerate(points) if all(p[1] > q[1] for q in points[:k])]


def right_front(points):
    return sorted_front(sorted(points, key=lambda point: (point[0], -point[1])))


def sorted_front(points):
    return [p for k, p in enumerate(points) if all(p[1] > q[1] for q in points[:k])]


def printed(points):
    print(right_front(points))


def order(table, by, ascending):
    return table.sort_values(by, ascending=ascending, kind="stable").index[0]


def fitting(table, max_params, max_ms):
    return table[(table["n_params"] <= max_params) & (table["latency_ms"] <= max_ms)]


def best(table, by="val_accuracy"):
    return order(table, [by, "n_params"], [False, True])


WRONG = {
    "07.1": {
        "low accuracy is good": (
            front_by(lambda a, b: a[0] <= b[0] and a[1] <= b[1] and a != b),
            "low accuracy for good",
        ),
        "high cost is good": (
            front_by(lambda a, b: a[0] >= b[0] and a[1] >= b[1] and a != b),
            "high cost for good",
        ),
        "both turned around": (
            front_by(lambda a, b: a[0] >= b[0] and a[1] <= b[1] and a != b),
            "Both goals",
        ),
        "better in both, so ties stay": (
            front_by(lambda a, b: a[0] < b[0] and a[1] > b[1]),
            "enough to dominate",
        ),
        "only the most accurate": (
            lambda points: [max(points, key=lambda p: p[1])],
            "most accurate",
        ),
        "only the cheapest": (lambda points: [min(points)], "Only the cheapest"),
        "everything, sorted": (sorted, "No point is left out"),
        "repeats stay": (twice, "kept twice"),
        "the costliest first": (
            lambda points: right_front(points)[::-1],
            "from the most expensive",
        ),
        "one is lost": (lambda points: right_front(points)[:-1], "is missing"),
        "no sort": (sorted_front, "it dominates"),
        "sorts the input": (sorts_the_input, "work on a copy"),
        "prints": (printed, "return"),
        "the accuracies alone": (lambda points: [p[1] for p in right_front(points)], "pairs"),
        "a set": (lambda points: set(right_front(points)), "a list"),
        "pairs the other way": (
            lambda points: [p[::-1] for p in right_front(points)],
            "keep points, make none",
        ),
    },
    "07.2": {
        "chooses by the test": (
            lambda table, p, ms: best(fitting(table, p, ms), "test_accuracy"),
            "test set judges",
        ),
        "below the limits": (
            lambda table, p, ms: best(table[(table["n_params"] < p) & (table["latency_ms"] < ms)]),
            "exactly on a limit",
        ),
        "one limit": (
            lambda table, p, ms: best(table[table["n_params"] <= p]),
            "one in milliseconds",
        ),
        "the other limit": (
            lambda table, p, ms: best(table[table["latency_ms"] <= ms]),
            "one on parameters",
        ),
        "no limit": (lambda table, p, ms: best(table), "best of all"),
        "the largest that fits": (
            lambda table, p, ms: order(fitting(table, p, ms), ["n_params"], [False]),
            "limit is no goal",
        ),
        "the smallest that fits": (
            lambda table, p, ms: order(fitting(table, p, ms), ["n_params"], [True]),
            "smallest network that fits",
        ),
        "the larger of equals": (
            lambda table, p, ms: order(
                fitting(table, p, ms), ["val_accuracy", "n_params"], [False, False]
            ),
            "larger one",
        ),
        "the worst that fits": (
            lambda table, p, ms: order(fitting(table, p, ms), ["val_accuracy"], [True]),
            "more accurate one fits",
        ),
        "the accuracy": (
            lambda table, p, ms: fitting(table, p, ms)["val_accuracy"].max(),
            "accuracy of the network",
        ),
        "the place": (
            lambda table, p, ms: table.index.get_loc(best(fitting(table, p, ms))),
            "not a place",
        ),
        "the row": (lambda table, p, ms: table.loc[best(fitting(table, p, ms))], "one label"),
        "changes the table": (
            lambda table, p, ms: (
                table.sort_values("val_accuracy", ascending=False, inplace=True),
                best(fitting(table, p, ms)),
            )[1],
            "work on a copy",
        ),
    },
    "07.3": {
        "the size decides": ("a", "smallest network wins"),
        "the accuracy decides": ("b", "most accurate network wins"),
        "a weight in between": ("c", "either P or R"),
        "a number": (0.00003, "none of the options"),
    },
}
