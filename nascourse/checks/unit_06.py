"""Checkers of unit 06: the odds of the trie, wasted trials, a space out of AutoKeras blocks."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from nascourse.checks.cases import compare, equal
from nascourse.checks.core import Wrong, call, guarded, multiple_choice, number, numbers, show
from nascourse.checks.networks import require_no_extras
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
    example = ["conv/filters", "conv/kernel", "head"]
    # Parts that begin alike, and parts that come back below another node.
    alike = ["conv/kernel", "conv_2/kernel", "conv/filters", "lone", "lone_2/rate", "lon/rate"]
    again = ["a/b/c", "a/b/d", "b/b/c", "b/c", "a/a"]
    deep = ["head/dense/units", "head/dense/rate", "head/drop", "body/depth", "body/skip", "lr"]
    cases = [(names, name) for names in (example, alike, again, deep) for name in names]
    cases += [(["a/b", "a/c"], "a/c"), (["a"], "a"), (["a/b/c"], "a/b/c")]
    for _ in range(25):
        ways = rng.permutation([f"{x}/{y}/{z}" for x in "pq" for y in "pqr" for z in "st"])
        # Paths of two or three parts; none is the beginning of another.
        names = list(dict.fromkeys(w[:3] if w[2] == "r" else w for w in ways.tolist()[:5]))
        cases.append((names, names[-1]))
    compare(
        answer,
        cases,
        _odds,
        read=lambda value: number(value, "the probability"),
        same=lambda one, other: bool(abs(one - other) < 6e-4),  # the task shows three digits
        mistakes=_wrong_odds,
        clue="AutoKeras's own trie has it: look for the nodes of which each name is below.",
    )
    return (
        "AutoKeras's own trie says the same: a name with a parent of its own is changed more often "
        "than one that shares its parent."
    )


def _trie(names: list[str]) -> list[list[str]]:
    """For each node of AutoKeras's own trie, the root first, the names that it draws anew."""
    from nascourse._engine.compat import Trie

    trie = Trie()
    for name in names:
        trie.insert(name)
    return [trie.get_hp_names(node) for node in trie.nodes]


def _odds(names: list[str], name: str) -> float:
    nodes = _trie(names)
    own = sum(1 / len(below) for below in nodes if name in below)
    return own / sum(1 / len(below) for below in nodes)


def _wrong_odds(names: list[str], name: str) -> dict[str, float]:
    """What the plausible mistakes give, and what to say."""
    nodes = _trie(names)
    leaves = np.array([len(below) for below in nodes])
    on_way = np.array([name in below for below in nodes])
    weights = 1 / leaves
    total, own, root = weights.sum(), weights[on_way].sum(), weights[0]
    parts = [way for each in names for way in each.split("/")]
    by_part = {part: 1 / parts.count(part) for part in parts} | {"": 1 / len(names)}
    two = {each.split("/")[0] for each in names}
    two_levels = 1 / len(names) + len(names)
    # Nodes that are compared as texts, so that what begins alike seems to be below.
    texts = {"", *("/".join(each.split("/")[:n]) for each in names for n in range(1, 9))}
    alike = {node: 1 / sum(each.startswith(node) for each in names) for node in texts}

    def odds_if(below: Callable[[str, str], bool]) -> float:
        weights = {node: 1 / sum(below(each, node) for each in names) for node in texts}
        return sum(weights[node] for node in texts if below(name, node)) / sum(weights.values())

    sizes = {group: sum(each.split("/")[0] == group for each in names) for group in two}
    two_levels += sum(1 / size for size in sizes.values())
    return {
        "This is the leaf alone: a node above it changes it as well.": 1 / total,
        "The root is missing: it can be drawn, too, and then everything changes.": (
            (own - root) / (total - root) if total > root else 0
        ),
        "The root is left out of the way: when it is drawn, everything changes.": (
            (own - root) / total
        ),
        "The weights are not probabilities yet: together they must make 1.": own,
        "This draws all nodes with the same probability: one with many leaves is drawn less "
        "often.": on_way.mean(),
        "This draws a node more often the more leaves it has: it is the other way round.": (
            leaves[on_way].sum() / leaves.sum()
        ),
        "This draws one of the names, all alike: greedy draws a node, and some have many names.": (
            1 / len(names)
        ),
        "This is the probability that it stays: the others make up the rest.": 1 - own / total,
        "The leaf itself is missing: it is a node of the trie, and changes itself.": (
            (own - 1) / total
        ),
        "This takes every name for a group and a last part: here some have more parts, or one.": (
            (1 / len(names) + 1 / sizes[name.split("/")[0]] + 1) / two_levels
        ),
        "Parts of the same name are one node here: a node is its whole way from the root.": (
            sum(by_part[part] for part in ["", *name.split("/")]) / sum(by_part.values())
        ),
        "A name that only begins alike, as conv_2, is not below conv: compare whole parts.": (
            odds_if(str.startswith)
        ),
        "A name is below a node when it begins with it: here it is enough to contain it.": (
            odds_if(lambda each, node: node in each)
        ),
        "A name is below a node when it begins with it: here the parts may be anywhere in it.": (
            odds_if(lambda each, node: {*node.split("/")} <= {"", *each.split("/")})
        ),
        "This knows the first part of each name alone: each further part is a node as well.": (
            (1 / len(names) + 1 / sizes[name.split("/")[0]]) / (two_levels - len(names))
        ),
        "This knows the number of parts alone: how many names share them counts.": (
            1 / len(name.split("/"))
        ),
        "This is the number of parts of the name among those of all names: parts that names share "
        "are one node, and nodes have weights.": len(name.split("/")) / len(parts),
        "This is the probability of the first name: compute that of the name that is given.": (
            _odds(names, names[0])
        ),
        "A name that only begins alike, as conv_2, is no leaf of conv: compare whole parts.": (
            sum(alike["/".join(name.split("/")[:n])] for n in range(name.count("/") + 2))
            / sum(alike.values())
        ),
    }


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
    a, b, c = (int(value) for value in rng.permutation([8, 16, 32]))
    first = {"num_blocks": 1, "num_layers": 1, "filters_0_0": a}
    turned = {"filters_0_0": a, "num_layers": 1, "num_blocks": 1}  # the same in another order
    two = {"num_blocks": 2, "num_layers": 1, "filters_0_0": a, "filters_1_0": b}
    two_turned = {**two, "filters_0_0": b, "filters_1_0": a}
    two_layers = {"num_blocks": 1, "num_layers": 2, "filters_0_0": a, "filters_0_1": b}
    wide = {"num_blocks": 2, "num_layers": 2}
    wide |= {f"filters_{block}_{layer}": c for block in (0, 1) for layer in (0, 1)}
    example = [
        {"num_blocks": 1, "num_layers": 1, "filters_0_0": 8, "filters_1_0": 16},
        {"num_blocks": 1, "num_layers": 1, "filters_0_0": 8, "filters_1_0": 32},
        {"num_blocks": 1, "num_layers": 1, "filters_0_0": 16},
    ]
    fixed = [
        example,
        [first, {**first, "filters_1_0": b}],  # short enough to be shown
        [first, {**first, "filters_0_1": c}],
        [first, {**first, "filters_0_1": c}, {**first, "filters_1_0": b}, turned],
        [two, {**two, "filters_0_1": c}, two_turned, {**two_turned, "filters_2_0": a}],
        [two_layers, {**two_layers, "filters_0_0": b, "filters_0_1": a}, two_layers],
        [two, two_layers, {**two_layers, "filters_1_1": a}, {**two, "filters_1_1": c}],
        [wide, {**wide, "filters_2_0": a}, {**wide, "filters_1_1": a}, {**wide, "filters_0_1": b}],
        [first, two, {**first, "filters_0_0": b}, first, two, first],
        [{**first, "filters_1_0": b}, {**two, "filters_0_0": c}, {**first, "filters_1_0": b}],
        [wide],
    ]
    fresh = [[_trial(rng) for _ in range(rng.integers(2, 6))] for _ in range(60)]
    compare(
        answer,
        [(trials,) for trials in fixed + fresh],
        _repeated,
        read=_trial_numbers,
        same=equal,
        mistakes=_wrong_repeats,
        clue="Write down for each trial the filters of the layers that exist, block by block.",
    )
    return (
        "No accuracy was needed for it: what a network is can be known before it is trained, so a "
        "search could skip these trials."
    )


def _trial(rng: np.random.Generator) -> dict[str, int]:
    """A trial of a small space, with some values of what is not built."""
    blocks, layers = (int(n) for n in rng.integers(1, 3, 2))
    trial = {"num_blocks": blocks, "num_layers": layers}
    for block in range(2):
        for layer in range(2):
            if block < blocks and layer < layers or rng.random() < 0.5:
                trial[f"filters_{block}_{layer}"] = int(rng.choice([8, 16]))
    return trial


def _trial_numbers(result: object) -> np.ndarray:
    if isinstance(result, set):
        result = sorted(result)
    return numbers(result, what="the numbers")


def _repeated(trials: list[dict[str, int]]) -> list[int]:
    marks = [_built(trial) for trial in trials]
    return [n for n, mark in enumerate(marks, 1) if mark in marks[: n - 1]]


def _built(trial: dict[str, int]) -> list[list[int]]:
    """The filters that AutoKeras would build, a list for each block."""
    return [
        [trial[f"filters_{block}_{layer}"] for layer in range(trial["num_layers"])]
        for block in range(trial["num_blocks"])
    ]


def _wrong_repeats(trials: list[dict[str, int]]) -> dict[str, list[int]]:
    """What the plausible mistakes give, and what to say."""

    def repeated(marks: list) -> list[int]:
        return [n for n, mark in enumerate(marks, 1) if mark in marks[: n - 1]]

    def as_built(trial: dict[str, int], *, block: bool, layer: bool) -> dict[str, int]:
        places = {name: name.split("_")[1:] for name in trial if name.startswith("filters")}
        return {
            name: value
            for name, value in trial.items()
            if name not in places
            or (not block or int(places[name][0]) < trial["num_blocks"])
            and (not layer or int(places[name][1]) < trial["num_layers"])
        }

    built = [_built(trial) for trial in trials]
    marks = [str(blocks) for blocks in built]
    filters = [mark.replace("[", "").replace("]", "") for mark in marks]
    return {
        "This compares all values, also those of blocks and layers that are not built.": (
            repeated(trials)
        ),
        "This drops the filters of blocks that are not built, but not those of layers.": (
            repeated([as_built(trial, block=True, layer=False) for trial in trials])
        ),
        "This drops the filters of layers that are not built, but not those of blocks.": (
            repeated([as_built(trial, block=False, layer=True) for trial in trials])
        ),
        "Trials are counted from 1 here, as in the trial table.": (
            [n - 1 for n in _repeated(trials)]
        ),
        "The first trial of a kind is in it, too: it was not wasted, only its repetitions were.": (
            [n for n, mark in enumerate(marks, 1) if marks.count(mark) > 1]
        ),
        "These are the trials that are repeated later: the later ones are the wasted ones.": (
            [n for n, mark in enumerate(marks, 1) if mark in marks[n:]]
        ),
        "This looks one trial back only: the earlier one may have been long before.": (
            [n for n, mark in enumerate(marks, 1) if n > 1 and mark == marks[n - 2]]
        ),
        "Two blocks of one layer are not one block of two layers: each block ends in a pooling.": (
            repeated(filters)
        ),
        "This compares the numbers of blocks and layers only: their filters matter as well.": (
            repeated([(trial["num_blocks"], trial["num_layers"]) for trial in trials])
        ),
        "The order of the filters matters: 8 then 16 is another network than 16 then 8.": (
            repeated([(mark.count("["), sorted(each)) for mark, each in zip(marks, filters)])
        ),
        "This compares the values without their names: filters count by their block and layer, and "
        "only where these are built.": repeated([sorted(trial.values()) for trial in trials]),
        **{
            f"This compares {words}: networks that differ elsewhere are no repetitions.": (
                repeated([mark(blocks) for blocks in built])
            )
            for words, mark in {
                "the first filters alone": lambda blocks: blocks[0][0],
                "the first block alone": lambda blocks: blocks[0],
                "the last block alone": lambda blocks: blocks[-1],
                "the first layer of each block alone": lambda blocks: [each[0] for each in blocks],
                "the sums of the filters": lambda blocks: sum(map(sum, blocks)),
            }.items()
        },
        "The filters of each block are sorted here: their order matters.": (
            repeated([[sorted(each) for each in blocks] for blocks in built])
        ),
        "A block is known by a set of filters here: their order and number matter as well.": (
            repeated([[{*each} for each in blocks] for blocks in built])
        ),
        "The same values in another order are the same network.": (
            repeated([[*as_built(trial, block=True, layer=True).items()] for trial in trials])
        ),
        "This compares with the first trial alone: each earlier one may be repeated.": (
            [n for n, mark in enumerate(marks, 1) if n > 1 and mark == marks[0]]
        ),
        "This names the earlier trial that is repeated: the number of the repetition is asked "
        "for.": [marks.index(marks[n - 1]) + 1 for n in _repeated(trials)],
        "Each trial is named once at most.": [n for n in _repeated(trials) for _ in range(2)],
        "These are the trials that are not wasted: return the other ones.": (
            [n for n in range(1, len(trials) + 1) if n not in _repeated(trials)]
        ),
        "Only the first repetition of a network is here: later ones are wasted as well.": (
            [n for n in _repeated(trials) if marks[: n - 1].count(marks[n - 1]) == 1]
        ),
    }


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
        name = {role: name for name, role in _roles([e.name for e in first.space]).items()}
    _no_choice_in_place_of_a_truth(space)
    _right_choices(first, space)

    expected = {}
    for filters in itertools.chain(*(itertools.product([8, 16], repeat=n) for n in (1, 2))):
        for separable, word in ((False, ""), (True, "sep")):
            body = " ".join(f"{word}{each}@3x3 max2" for each in filters)
            expected[f"{body} flatten 10"] = {
                name["num_blocks"]: len(filters),
                name["separable"]: separable,
                **{
                    f"{name['separable'].rpartition('/')[0]}/filters_{block}_0": each
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
        if kinds.count("Rescaling") > 1 or "Normalization" in kinds:
            raise Wrong("The pixels are rescaled twice: one RescalingBlock does all of it.")
        losses = {str(getattr(loss, "name", loss)) for loss in (model.loss or {}).values()}
        if losses - {"None", "categorical_crossentropy", "sparse_categorical_crossentropy"}:
            raise Wrong(f"The head has the loss {', '.join(losses)}: leave its own one.")
        if kinds[-1] not in ("Softmax", "Dense"):
            raise Wrong("The head should give one share for each digit: leave multi_label out.")
        if described != network:
            raise Wrong(_wrong_network(described, network))
        require_no_extras(model)
    return (
        f"It holds {len(expected)} networks. Once AutoKeras has met a second block it counts 16 "
        "settings, since the filters of that block then have a value even in a network without it."
    )


_SHOULD_BE = {
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


def _roles(names: list[str]) -> dict[str, str]:
    """What each hyperparameter decides; a name that a learner chose is that of the blocks."""
    blocks = [name.rpartition("/")[0] for name in names if name.endswith("/filters_0_0")]
    is_named = any(name.endswith("/num_blocks") for name in names)
    roles: dict[str, str] = {}
    for name in names:
        block, _, last = name.rpartition("/")
        if last.startswith("filters_"):
            last = "filters"
        elif block in blocks and last not in _SHOULD_BE and not is_named:
            last, is_named = "num_blocks", True
        elif last == "dropout" and block not in blocks:
            last = "dropout of the head"
        roles[name] = last
    return roles


def _no_choice_in_place_of_a_truth(space) -> None:
    """Refuse a choice where AutoKeras only asks whether it is true, which every choice is."""
    from keras_tuner.engine.hyperparameters import HyperParameter

    from nascourse._engine.compat import Graph

    for block in Graph(space.inputs, space.outputs).blocks:
        for argument in ("separable", "max_pooling"):
            if isinstance(getattr(block, argument, None), HyperParameter):
                raise Wrong(
                    f"AutoKeras knows {argument} as True, False or left out, and takes a choice for "
                    f"True: {_SHOULD_BE[argument]}."
                )


def _right_choices(hp, space) -> None:
    """Refuse choices that should be fixed, and fixed values that should be choices."""
    from keras_tuner.engine.hyperparameters import Fixed

    entries = {entry.name: entry for entry in hp.space if entry.name not in space.fixed}
    open_to_search = {
        role: sorted(entries[name].values)
        for name, role in _roles(list(entries)).items()
        if not isinstance(entries[name], Fixed)
    }
    wanted = {"num_blocks": [1, 2], "filters": [8, 16], "separable": [False, True]}
    for choice in open_to_search:
        if choice not in wanted:
            way_out = _SHOULD_BE.get(choice, "use only the blocks that are asked for")
            raise Wrong(f"The search would also choose the {choice}: {way_out}.")
    for choice, values in wanted.items():
        if choice not in open_to_search:
            raise Wrong(f"The search has no {choice} to choose: {_SHOULD_BE[choice]}.")
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
    if described.split()[-1] != "10":
        return f"The head of {described} has not ten digits to tell apart: leave num_classes out."
    if "@3x3" not in described:
        return f"The window in {described} is another one: it should be 3."
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
