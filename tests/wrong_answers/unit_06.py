"""Plausible wrong answers to the exercises of unit 06, and words of the sentence that each gets."""

from collections import Counter

import autokeras as ak

from nascourse import spaces


def way(name):
    parts = name.split("/")
    return [tuple(parts[:depth]) for depth in range(len(parts) + 1)]


def odds(weigh=lambda leaves: 1 / leaves, start=0, stop=None, keep_root=True, normed=True):
    """The probability with another weight, another part of the way, or without the root."""

    def probability(names, name):
        leaves = Counter(node for each in names for node in way(each)[0 if keep_root else 1 :])
        weights = {node: weigh(count) for node, count in leaves.items()}
        own = sum(weights.get(node, 0) for node in way(name)[start:stop])
        return own / (sum(weights.values()) if normed else 1)

    return probability


def two_levels(names, name):
    """Takes it that every name has a group and a last part."""
    groups = Counter(each.split("/")[0] for each in names)
    weights = 1 / len(names) + sum(1 / count for count in groups.values()) + len(names)
    return (1 / len(names) + 1 / groups[name.split("/")[0]] + 1) / weights


def begins_alike(names, name, on_way=None):
    """Compares texts without the slash, so that conv_2 seems to be below conv."""
    leaves = {
        node: sum(each.startswith("/".join(node)) for each in names)
        for node in {node for each in names for node in way(each)}
    }
    drawn = on_way or [node for node in leaves if name.startswith("/".join(node))]
    return sum(1 / leaves[node] for node in drawn) / sum(1 / count for count in leaves.values())


def repeated(mark, *, start=1):
    """The numbers of the trials whose mark was seen before."""

    def wasted(trials):
        marks = [mark(trial) for trial in trials]
        return [n + start for n, each in enumerate(marks) if each in marks[:n]]

    return wasted


def network(trial, blocks=True, layers=True):
    def kept(name):
        if not name.startswith("filters"):
            return True
        block, layer = map(int, name.split("_")[1:])
        return (not blocks or block < trial["num_blocks"]) and (
            not layers or layer < trial["num_layers"]
        )

    return {name: value for name, value in trial.items() if kept(name)}


def flat(trial):
    return [value for name, value in network(trial).items() if name.startswith("filters")]


def all_of_a_kind(trials):
    marks = [network(trial) for trial in trials]
    return [n for n, mark in enumerate(marks, 1) if marks.count(mark) > 1]


def repeated_later(trials):
    marks = [network(trial) for trial in trials]
    return [n for n, mark in enumerate(marks, 1) if mark in marks[n:]]


def one_back(trials):
    marks = [network(trial) for trial in trials]
    return [n + 1 for n in range(1, len(marks)) if marks[n] == marks[n - 1]]


def cleans_up(trials):
    for trial in trials:
        for name in set(trial) - set(network(trial)):
            del trial[name]
    return repeated(dict)(trials)


def space(rescaling=True, reduce=ak.Flatten, head=True, wrap=True, **changes):
    """The space of the exercise with changes to its ConvBlock; None leaves a value open."""

    def digit_space():
        x = image = ak.ImageInput()
        if rescaling:
            x = spaces.RescalingBlock()(x)
        right = {"kernel_size": 3, "num_layers": 1, "max_pooling": True, "dropout": 0.0}
        right["num_blocks"] = spaces.choice("num_blocks", [1, 2])
        right["filters"] = spaces.choice("filters", [8, 16])
        x = ak.ConvBlock(**{**right, **changes})(x)
        x = reduce()(x)
        end = ak.ClassificationHead(dropout=0.0 if head else None)(x)
        return spaces.AutoKerasSpace(image, end) if wrap else end

    return digit_space


WRONG = {
    "06.1": {
        "the leaf alone": (odds(start=-1), "the leaf alone"),
        "no root at all": (odds(start=1, keep_root=False), "The root is missing"),
        "no root on the way": (odds(start=1), "left out of the way"),
        "not normed": (odds(normed=False), "together they must make 1"),
        "all nodes alike": (odds(weigh=lambda leaves: 1), "the same probability"),
        "more leaves, more often": (odds(weigh=lambda leaves: leaves), "other way round"),
        "all names alike": (lambda names, name: 1 / len(names), "one of the names"),
        "that it stays": (lambda names, name: 1 - odds()(names, name), "that it stays"),
        "the leaf missing": (odds(stop=-1), "leaf itself is missing"),
        "what begins alike": (begins_alike, "begins alike, as conv_2, is not below conv"),
        "leaves that begin alike": (
            lambda names, name: begins_alike(names, name, way(name)),
            "begins alike, as conv_2, is no leaf of conv",
        ),
        "two levels only": (two_levels, "a group and a last part"),
        "text": (lambda names, name: "35%", "one number"),
    },
    "06.2": {
        "raw values": (repeated(dict), "compares all values"),
        "blocks only": (repeated(lambda t: network(t, layers=False)), "but not those of layers"),
        "layers only": (repeated(lambda t: network(t, blocks=False)), "but not those of blocks"),
        "from 0": (repeated(network, start=0), "counted from 1"),
        "the first as well": (all_of_a_kind, "only its repetitions"),
        "the earlier ones": (repeated_later, "repeated later"),
        "one trial back": (one_back, "one trial back only"),
        "filters without their blocks": (repeated(flat), "ends in a pooling"),
        "depth only": (repeated(lambda t: (t["num_blocks"], t["num_layers"])), "filters matter"),
        "how many": (lambda trials: len(repeated(network)(trials)), "list or an array"),
        "changes its input": (cleans_up, "changes what it is given"),
    },
    "06.3": {
        "kernel open": (space(kernel_size=None), "fix kernel_size at 3"),
        "layers open": (space(num_layers=None), "fix num_layers at 1"),
        "dropout open": (space(dropout=None), "give the ConvBlock"),
        "dropout of the head open": (space(head=False), "give the ClassificationHead"),
        "pooling open": (space(max_pooling=None), "fix max_pooling"),
        "separable fixed": (space(separable=True), "leave separable out"),
        "separable as a choice": (
            space(separable=spaces.choice("s", [True, False])),
            "takes a choice for True: leave separable out",
        ),
        "pooling as a choice": (
            space(max_pooling=spaces.choice("p", [True, False])),
            "takes a choice for True: fix max_pooling",
        ),
        "one block": (space(num_blocks=1), "no num_blocks"),
        "blocks left to AutoKeras": (space(num_blocks=None), "num_blocks can be [1, 2, 3]"),
        "filters left to AutoKeras": (space(filters=None), "filters can be"),
        "SpatialReduction": (space(reduce=ak.SpatialReduction), "say that the maps are flattened"),
        "averages": (
            space(reduce=lambda: ak.SpatialReduction(reduction_type="global_avg")),
            "not flattened",
        ),
        "pixels as they are": (space(rescaling=False), "not rescaled"),
        "window of 5": (space(kernel_size=5), "5x5"),
        "two layers": (space(num_layers=2), "was built in place of"),
        "no pooling": (space(max_pooling=False), "no max pooling"),
        "a fixed dropout": (space(dropout=0.25), "a dropout in"),
        "the head alone": (space(wrap=False), "spaces.AutoKerasSpace, and return"),
    },
    "06.4": {
        "from the start": ("a", "holds every finished trial"),
        "the next epoch": ("b", "not kept from epoch to epoch"),
        "the next trial": ("d", "no result at all"),
        "a number": (12, "none of the options"),
    },
}
