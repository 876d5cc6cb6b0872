"""Checkers of unit 06: the odds of the trie, wasted trials, a space out of AutoKeras blocks."""

from __future__ import annotations

import itertools

import numpy as np

from nascourse.checks.core import Wrong, call, guarded, multiple_choice, number, numbers, show
from nascourse.checks.registry import exercise


@exercise(
    "06.1",
    "what will greedy change?",
    hints=(
        "Which nodes lie on the way from the root to the leaf? Each of them, when drawn, changes it.",
        "List all nodes of the trie: every beginning of every name, and the root. The leaves of a "
        + "node are the names that begin with it.",
        "Cut each name at its slashes, and count for each beginning, the empty one included, how "
        + "many names have it. The weight of a node is one over that count. Add the weights on the "
        + "way of the name, and divide by the sum of all weights.",
    ),
)
def odds(answer: object, rng: np.random.Generator) -> str:
    groups = {"conv": int(rng.integers(3, 6)), "body": 2, "head/dense": int(rng.integers(2, 4))}
    names = [f"{group}/{place}" for group, size in groups.items() for place in range(size)]
    names = [str(name) for name in rng.permutation([*names, "reduce/reduction_type", "lone"])]
    cases = [(names, "conv/0"), (names, "head/dense/1"), (names, "reduce/reduction_type")]
    for case in [*cases, (names, "lone"), (["a/b", "a/c"], "a/c"), (["a"], "a")]:
        result = number(call(answer, *case), "the probability")
        changed, all_nodes, name = *_trie(case[0]), case[1]
        weights = {node: 1 / len(below) for node, below in zip(all_nodes, changed)}
        way = [node for node, below in zip(all_nodes, changed) if name in below]
        if np.isclose(
            result, sum(weights[node] for node in way) / sum(weights.values()), atol=1e-3
        ):
            continue
        for value, sentence in _wrong_odds(weights, way, case[0]):
            if np.isclose(result, value, atol=1e-6):
                raise Wrong(sentence)
        raise Wrong(
            f"For {name} among {len(case[0])} names, {result:.3f} is not what AutoKeras's own trie "
            "gives."
        )
    return (
        "AutoKeras's own trie says the same: a name with a parent of its own is changed more often "
        "than one that shares its parent."
    )


def _trie(names: list[str]) -> tuple[list[list[str]], list[int]]:
    """What each node of AutoKeras's own trie changes, and the nodes by number, the root first."""
    from nascourse._engine.compat import Trie

    trie = Trie()
    for name in names:
        trie.insert(name)
    return [trie.get_hp_names(node) for node in trie.nodes], list(range(len(trie.nodes)))


def _wrong_odds(weights: dict[int, float], way: list[int], names: list[str]):
    """What the plausible mistakes give, and what to say."""
    total = sum(weights.values())
    own = sum(weights[node] for node in way)
    leaf = way[-1]
    yield (
        weights[leaf] / total,
        "This is the leaf alone: a node above it changes it as well.",
    )
    yield (
        (own - weights[0]) / (total - weights[0]),
        "The root is missing: it can be drawn, too, and then everything changes.",
    )
    yield (
        (own - weights[0]) / total,
        "The root is left out of the way: when it is drawn, everything changes.",
    )
    yield own, "The weights are not probabilities yet: together they must make 1."
    yield (
        len(way) / len(weights),
        "This draws all nodes with the same probability: one with many leaves is drawn less often.",
    )
    leaves = {node: round(1 / weight) for node, weight in weights.items()}
    yield (
        sum(leaves[node] for node in way) / sum(leaves.values()),
        "This draws a node more often the more leaves it has: it is the other way round.",
    )
    yield (
        1 / len(names),
        "This draws one of the names, all alike: greedy draws a node, and some have many names.",
    )
    yield (
        1 - own / total,
        "This is the probability that it stays: the others make up the rest.",
    )


@exercise(
    "06.2",
    "the wasted trials",
    hints=(
        "What does a network with one block and one layer still know of filters_1_0?",
        "Reduce each trial to what is built: the filters of the blocks and layers that exist. Then "
        + "look for equal ones among the trials before.",
        "For each trial make a tuple of what matters: blocks, layers, and the filters with a block "
        + "below num_blocks and a layer below num_layers. Remember the tuples that you have seen in "
        + "a set. A trial whose tuple is in it is wasted.",
    ),
)
def repeats(answer: object, rng: np.random.Generator) -> str:
    shuffled = [_greedy_trials(rng, shuffled=True) for _ in range(3)]
    for trials in [_greedy_trials(rng), *shuffled, shuffled[0][:1], []]:
        result = call(answer, trials)
        result = numbers(sorted(result) if isinstance(result, set) else result, what="the numbers")
        marks = [_built(trial) for trial in trials]
        expected = [n for n, mark in enumerate(marks, 1) if mark in marks[: n - 1]]
        if result.tolist() == expected:
            continue
        for mistake, sentence in _wrong_repeats(trials, expected):
            if result.tolist() == mistake:
                raise Wrong(sentence)
        missed, extra = sorted({*expected} - {*result}), sorted({*result} - {*expected})
        if extra:
            raise Wrong(f"Trial {extra[0]:g} builds a network of its own in {show(trials)}.")
        if missed:
            raise Wrong("A repetition is missing: the earlier trial may be any before it.")
        raise Wrong("The numbers should rise, and each should be there once.")
    return (
        "No accuracy was needed for it: what a network is can be known before it is trained, so a "
        "search could skip these trials."
    )


def _greedy_trials(rng: np.random.Generator, *, shuffled: bool = False) -> list[dict[str, int]]:
    """Trials in which each kind of repetition occurs; as they stand all mistakes below differ."""
    a, b, c = (int(value) for value in rng.permutation([8, 16, 32]))
    first = {"num_blocks": 1, "num_layers": 1, "filters_0_0": a}
    other_block = {**first, "filters_1_0": b}
    other_layer = {**first, "filters_0_1": c}
    two = {"num_blocks": 2, "num_layers": 1, "filters_0_0": a, "filters_1_0": b}
    two_layers = {"num_blocks": 1, "num_layers": 2, "filters_0_0": a, "filters_0_1": b}
    alone = {"num_blocks": 1, "num_layers": 1, "filters_0_0": b}
    wide = {"num_blocks": 2, "num_layers": 2}
    wide |= {f"filters_{block}_{layer}": c for block in (0, 1) for layer in (0, 1)}
    trials = [first, two, other_block, two_layers, {**two, "filters_0_1": c}, other_layer, alone]
    trials += [wide, {**wide, "filters_2_0": a}, {**wide, "filters_1_1": a}]
    return [trials[place] for place in rng.permutation(len(trials))] if shuffled else trials


def _built(trial: dict[str, int]) -> str:
    """The layers that AutoKeras would build, as a text."""
    blocks = [
        [trial[f"filters_{block}_{layer}"] for layer in range(trial["num_layers"])]
        for block in range(trial["num_blocks"])
    ]
    return str(blocks)


def _wrong_repeats(trials: list[dict[str, int]], expected: list[int]):
    """What the plausible mistakes give, and what to say."""

    def repeated(marks: list) -> list[int]:
        return [n for n, mark in enumerate(marks, 1) if mark in marks[: n - 1]]

    def kept(trial: dict[str, int], *, block: bool, layer: bool) -> dict[str, int]:
        places = {name: name.split("_")[1:] for name in trial if name.startswith("filters")}
        return {
            name: value
            for name, value in trial.items()
            if name not in places
            or (not block or int(places[name][0]) < trial["num_blocks"])
            and (not layer or int(places[name][1]) < trial["num_layers"])
        }

    marks = [_built(trial) for trial in trials]
    yield (
        repeated(trials),
        "This compares all values, also those of blocks and layers that are not built.",
    )
    yield (
        repeated([kept(trial, block=True, layer=False) for trial in trials]),
        "This drops the filters of blocks that are not built, but not those of layers.",
    )
    yield (
        repeated([kept(trial, block=False, layer=True) for trial in trials]),
        "This drops the filters of layers that are not built, but not those of blocks.",
    )
    yield [n - 1 for n in expected], "Trials are counted from 1 here, as in the trial table."
    yield (
        [n for n, mark in enumerate(marks, 1) if marks.count(mark) > 1],
        "The first trial of a kind is in it, too: it was not wasted, only its repetitions were.",
    )
    yield (
        [n for n, mark in enumerate(marks, 1) if mark in marks[n:]],
        "These are the trials that are repeated later: the later ones are the wasted ones.",
    )
    yield (
        [n for n, mark in enumerate(marks, 1) if n > 1 and mark == marks[n - 2]],
        "This looks one trial back only: the earlier one may have been long before.",
    )
    yield (
        repeated([mark.replace("[", "").replace("]", "") for mark in marks]),
        "Two blocks of one layer are not one block of two layers: each block ends in a pooling.",
    )
    yield (
        repeated([(trial["num_blocks"], trial["num_layers"]) for trial in trials]),
        "This compares the numbers of blocks and layers only: their filters matter as well.",
    )


@exercise(
    "06.3",
    "a space out of blocks",
    hints=(
        "The unit builds a similar space. What is different in it: kernel, layers, dropout, separable, "
        + "and the way from maps to a list?",
        "A fixed value is given as it is, a choice as spaces.choice(name, values). What the search may "
        + "decide by AutoKeras's own list is not mentioned at all.",
        "Each block is called with the node before it, as a Keras layer is. At the end the two "
        + "ends of the graph, the image and what the head returns, go into spaces.AutoKerasSpace.",
    ),
)
def blocks(answer: object, rng: np.random.Generator) -> str:
    from nascourse import spaces

    space = call(answer)
    if not isinstance(space, spaces.AutoKerasSpace):
        raise Wrong(
            f"digit_space returns a {type(space).__name__}: put the image and what the head returns into a "
            "spaces.AutoKerasSpace, and return that."
        )
    with guarded("building the space"):
        first = spaces.declared(space)
        name = {entry.name.rpartition("/")[2]: entry.name for entry in first.space}
    _right_choices(first, space)

    expected = {}
    for filters in itertools.chain(*(itertools.product([8, 16], repeat=n) for n in (1, 2))):
        for separable, word in ((False, ""), (True, "sep")):
            body = " ".join(f"{word}{each}@3x3 max2" for each in filters)
            expected[f"{body} flatten 10"] = {
                name["num_blocks"]: len(filters),
                name["separable"]: separable,
                **{
                    name["filters_0_0"].replace("_0_0", f"_{block}_0"): each
                    for block, each in enumerate(filters)
                },
            }
    for network, setting in expected.items():
        with guarded(f"building {network}"):
            model = spaces.built(space, setting)
            described = spaces.describe(model)
        kinds = [type(layer).__name__ for layer in model.layers]
        if "Rescaling" not in kinds:
            raise Wrong("The pixels are not rescaled: a convolution gets numbers from 0 to 255.")
        if described != network:
            raise Wrong(_wrong_network(described, network))
    return (
        f"It holds {len(expected)} networks. Once AutoKeras has met a second block it counts 16 "
        "settings, since the filters of that block then have a value even in a network without it."
    )


def _right_choices(hp, space) -> None:
    """Refuse choices that should be fixed, and fixed values that should be choices."""
    from keras_tuner.engine.hyperparameters import Fixed

    open_to_search = {}
    for entry in hp.space:
        if not isinstance(entry, Fixed) and entry.name not in space.fixed:
            block, _, last = entry.name.rpartition("/")
            last = "filters" if last.startswith("filters") else last
            if last == "dropout" and f"{block}/num_blocks" not in {e.name for e in hp.space}:
                last = "dropout of the head"
            open_to_search[last] = sorted(entry.values)
    wanted = {"num_blocks": [1, 2], "filters": [8, 16], "separable": [False, True]}
    should_be = {
        "kernel_size": "fix kernel_size at 3",
        "num_layers": "fix num_layers at 1",
        "dropout": "give the ConvBlock dropout=0.0",
        "dropout of the head": "give the ClassificationHead dropout=0.0",
        "max_pooling": "fix max_pooling at True",
        "reduction_type": "say that the maps are flattened",
        "separable": "leave separable out",
        "num_blocks": "give spaces.choice for num_blocks",
        "filters": "give spaces.choice for filters",
    }
    for choice in open_to_search:
        if choice not in wanted:
            way_out = should_be.get(choice, "use only the blocks that are asked for")
            raise Wrong(f"The search would also choose the {choice}: {way_out}.")
    for choice, values in wanted.items():
        if choice not in open_to_search:
            raise Wrong(f"The search has no {choice} to choose: {should_be[choice]}.")
        if open_to_search[choice] != values:
            raise Wrong(
                f"{choice} can be {show(open_to_search[choice])}, and {values} was asked for."
            )


def _wrong_network(described: str, expected: str) -> str:
    """What is different between the network that was built and the expected one."""
    if "flatten" not in described:
        return f"The maps are not flattened: {described} was built in place of {expected}."
    if "drop" in described:
        return f"There is a dropout in {described}: it should be 0.0 everywhere."
    if "max" not in described:
        return f"There is no max pooling in {described}."
    return f"{described} was built in place of {expected}."


multiple_choice(
    "06.4",
    "after an empty battery",
    right="c",
    options={
        "a": "The folder holds every finished trial: only with overwrite=True would the search begin "
        "anew.",
        "b": "The weights within a trial are not kept from epoch to epoch: what is resumed is the "
        "search, not the training in progress.",
        "c": "Each trial has a seed of its own, so trained again from its start it comes out the same, "
        "and all that follows as well.",
        "d": "A failed trial is one whose network could not be built or trained: an interrupted one "
        "has no result at all, and is tried again.",
    },
    hints=(
        "What did the cell with the limit of some seconds print when you ran it again?",
        "Two things are kept apart: which trials are finished, and what becomes of one in progress.",
        "No finished trial is lost, and at most one is trained twice: which one?",
    ),
)
