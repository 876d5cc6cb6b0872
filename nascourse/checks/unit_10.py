"""Checkers of unit 10: phi from a budget, whole filters and layers, two units, what counts twice."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nascourse.checks.core import Wrong, call, multiple_choice, number, show
from nascourse.checks.registry import exercise


@exercise(
    "10.1",
    "from a budget to phi",
    hints=(
        "By how much does one step multiply the FLOPs, and by how much do phi steps?",
        "base times the step to the power of phi is the budget: solve this for phi.",
        "The power goes away with a logarithm: that of budget over base, divided by that of one "
        + "step. In a step, look up in the unit which constants count twice.",
    ),
)
def phi(answer: object, rng: np.random.Generator) -> str:
    base = float(rng.integers(2, 9) * 100_000)
    cases = [
        # No two constants alike, and no step near 2 or e: some mistakes would look alike.
        (base, base * float(rng.uniform(5, 9)), 1.3, 1.12, 1.18),
        (base, base * float(rng.uniform(20, 40)), 1.1, 1.25, 1.05),
        (base, base * float(rng.uniform(0.2, 0.5)), 1.2, 1.1, 1.15),
        (base, base, 1.2, 1.1, 1.15),
        (100.0, 800.0, 2.0, 1.0, 1.0),
    ]
    for case in cases:
        result = number(call(answer, *case), "phi")
        right = _phi(*case)
        if math.isclose(result, right, rel_tol=1e-9, abs_tol=1e-9):
            continue
        for mistake, sentence in _wrong_phis(*case):
            if math.isclose(result, mistake, rel_tol=1e-6, abs_tol=1e-9):
                raise Wrong(sentence)
        raise Wrong(
            f"From {case[0]:,.0f} FLOPs to {case[1]:,.0f} with the constants {case[2:]} you take "
            f"{result:.4g} steps: multiply the FLOPs by one step so often, and see where you end."
        )
    return (
        "Steps are a logarithm of the work: a budget of a hundred times is fewer than eight steps."
    )


def _phi(base: float, budget: float, alpha: float, beta: float, gamma: float) -> float:
    """By halving an interval, not by a formula: after so many steps the budget is reached."""
    low, high = -100.0, 100.0
    for _ in range(200):
        middle = (low + high) / 2
        depth, width, side = alpha**middle, beta**middle, gamma**middle
        too_small = base * depth * width * width * side * side < budget
        low, high = (middle, high) if too_small else (low, middle)
    return (low + high) / 2


def _wrong_phis(
    base: float, budget: float, alpha: float, beta: float, gamma: float
) -> Iterator[tuple[float, str]]:
    def steps(step: float) -> float:
        return math.log(budget / base) / math.log(step)

    step = alpha * beta**2 * gamma**2
    exact = steps(step)
    if step != 2:
        yield (
            steps(2),
            "This takes a step to double the FLOPs exactly: compute what these constants make of it.",
        )
    if beta > 1:
        yield (
            steps(alpha * beta * gamma),
            "This counts width and resolution once: both are there twice, in rows and columns or in "
            + "input and output channels.",
        )
        yield (
            steps(alpha * beta * gamma**2),
            "This counts width once: a convolution multiplies its input channels by its filters.",
        )
        yield (
            steps(alpha * beta**2 * gamma),
            "This counts resolution once: an image has rows and columns.",
        )
        yield (
            steps(alpha**2 * beta**2 * gamma**2),
            "This counts depth twice: twice as many layers do twice the work, not four times.",
        )
    if budget != base:
        yield (
            -exact,
            "Base and budget are turned around: phi is positive where the budget is larger.",
        )
        yield (
            budget / base / step,
            "This divides by the cost of a step: steps multiply, so their number is a logarithm.",
        )
        yield (
            math.log(budget / base),
            "This is the logarithm of the growth: divide it by that of a single step.",
        )
        yield (
            math.log2(budget / base) / step,
            "The step needs its logarithm as well: it is the logarithms that are divided.",
        )
        yield (
            math.log(budget / base) / step,
            "The step needs its logarithm as well: it is the logarithms that are divided.",
        )
        yield (
            math.log((budget - base) / base) / math.log(step) if budget > base else math.nan,
            "The budget is for the complete network, not for what comes on top of the base.",
        )
        if abs(exact - round(exact)) > 1e-6:
            for rounded in (math.floor(exact), math.ceil(exact), round(exact)):
                yield rounded, "This is rounded to a whole number: phi may lie between two of them."


@exercise(
    "10.2",
    "whole filters, whole layers",
    hints=(
        "Three rules, in their order: each is a line. Try both examples by hand first.",
        "For the nearest multiple of 8, add 4, divide by 8 without a rest, and take that times 8. "
        + "Python's round would not do: it takes what is in the middle to the even neighbor.",
        "Compare the rounded filters with nine tenths of filters * width, and only then add 8; "
        + "math.ceil rounds the blocks up.",
    ),
)
def stage(answer: object, rng: np.random.Generator) -> str:
    fixed = [  # in this order each mistake shows as what it is
        (112, 3, 1.1, 1.2),  # 123.2 goes down to 120, 3.6 up to 4
        (192, 4, 1.4, 1.8),  # 268.8 goes up to 272, 7.2 up to 8
        (184, 1, 1.5, 1.0),  # 276 is in the middle, where Python's round goes down
        (16, 1, 0.75, 1.0),  # 12 is in the middle, and goes up
        (24, 1, 0.8, 1.0),  # 19.2 goes down to 16, which is too much
        (11, 2, 1.0, 0.5),  # 11 goes down to 8, which is too much
        (40, 2, 0.5, 1.25),  # 20 goes up to 24, far below the 40 that it was
        (8, 1, 0.25, 0.4),  # 2 becomes 8, and less than a block becomes one
    ]
    random = [  # factors that multiply without an error in the last bit
        (8 * int(rng.integers(2, 41)), int(rng.integers(1, 5)), width, depth)
        for width, depth in [(1.25, 1.75), (1.5, 2.25), (2.0, 3.125)]
    ]
    for case in [*fixed, *random]:
        filters, blocks = _pair(call(answer, case[0], case[1], width=case[2], depth=case[3]))
        right = _stage(*case)
        if (filters, blocks) == right:
            continue
        shown = f"scaled_stage{case[:2]} with width {case[2]:g} and depth {case[3]:g}"
        if (blocks, filters) == right:
            raise Wrong("This returns the blocks first: the filters come first.")
        if (filters, blocks) == _stage(case[0], case[1], case[3], case[2]):
            raise Wrong("Width and depth are mixed up: width is for filters, depth for blocks.")
        if blocks != right[1]:
            exact = case[1] * case[3]
            if blocks == round(exact):
                raise Wrong(f"{shown}: {exact:g} blocks go to the nearest here, and should go up.")
            if blocks == math.floor(exact):
                raise Wrong(f"{shown}: {exact:g} blocks are rounded down here, and should go up.")
            raise Wrong(f"{shown}: {exact:g} blocks, rounded up, are not {show(blocks)}.")
        raise Wrong(_mistaken_filters(case, filters, shown))
    return (
        "Rounded sizes are why a family follows its rule only roughly, the smallest stages least."
    )


def _pair(value: object) -> tuple[float, float]:
    if not isinstance(value, (tuple, list, np.ndarray)) or len(value) != 2:
        raise Wrong(f"The result should be the pair (filters, blocks), not {show(value)}.")
    filters, blocks = number(value[0], "filters"), number(value[1], "blocks")
    for part, what, given in zip((filters, blocks), ("filters", "blocks"), value):
        if part != int(part):
            raise Wrong(f"A network has whole {what}, not {part:g}: follow the rules for rounding.")
        if not isinstance(given, (int, np.integer)):
            raise Wrong(f"{show(given)} is a float: Keras wants {what} as an int.")
    return filters, blocks


def _stage(filters: int, blocks: int, width: float, depth: float) -> tuple[int, int]:
    """By trying all multiples of eight; of two that are equally near the larger one."""
    wanted = filters * width
    rounded = min(range(0, int(wanted) + 17, 8), key=lambda n: (abs(n - wanted), -n))
    return rounded + 8 * (rounded < 0.9 * wanted), next(
        n for n in range(1, 100) if n >= blocks * depth
    )


def _mistaken_filters(case: tuple, filters: float, shown: str) -> str:
    wanted = case[0] * case[2]
    right, _ = _stage(*case)
    shown = f"{shown}: {wanted:g} filters"
    if filters % 8:
        return f"{shown} do not become {filters:g}, which is no multiple of 8."
    if wanted % 8 == 4 and filters == wanted - 4:
        return f"{shown} are in the middle between two multiples of 8, and should go up."
    if filters == right - 8 and filters < 0.9 * wanted:
        return f"{shown} lose more than a tenth by becoming {filters:g}: then another 8 are added."
    if filters == 8 * math.floor(wanted / 8):
        return f"{shown} are rounded down here: take the nearest multiple of 8."
    if filters == 8 * math.ceil(wanted / 8):
        return f"{shown} are rounded up here: take the nearest multiple of 8."
    if filters == right + 8:
        return f"{shown} get another 8, though their rounding took away no more than a tenth."
    return f"{shown} do not become {filters:g}: follow the two rules for filters in their order."


@exercise(
    "10.3",
    "like with like",
    hints=(
        "Bring all numbers to one unit before you compare.",
        "A MAC is a multiplication and an addition: how many FLOPs are that?",
        "Make a dict from each name to its FLOPs, then sort its names by them.",
    ),
)
def units(answer: object, rng: np.random.Generator) -> str:
    for size in (4, 6, 1):
        networks = _networks(rng, size)
        result = call(answer, networks)
        if isinstance(result, (str, dict, set)) or not isinstance(result, (list, tuple)):
            raise Wrong(f"The result should be a list of names, not {show(result)}.")
        if list(result) == _sorted(networks, macs=2):
            continue
        if sorted(map(str, result)) != sorted(networks):
            raise Wrong(
                f"The result should hold each name once, and nothing else, not {show(result)}."
            )
        for macs, sentence in {
            1: "This compares the numbers as they stand: a MAC is more than one FLOP.",
            0.5: "The factor is turned around: a MAC is two FLOPs, and not half of one.",
        }.items():
            if list(result) == _sorted(networks, macs):
                raise Wrong(sentence)
        if list(result) == _sorted(networks, macs=2)[::-1]:
            raise Wrong("The costliest comes first here: the cheapest should.")
        if list(result) == list(networks):
            raise Wrong("The names are in the order in which they were given: sort them by cost.")
        if list(result) == sorted(networks):
            raise Wrong("This sorts by the names: sort by what the networks cost.")
        raise Wrong(
            f"{show(result)} is not the order of {show(networks)}, when all are brought to FLOPs."
        )
    return "A factor of two is a whole step of compound scaling: look for the unit first."


def _sorted(networks: dict[str, tuple[float, str]], macs: float) -> list[str]:
    """The names by cost, if a MAC made so many FLOPs."""
    factor = {"MACs": macs, "FLOPs": 1}
    return sorted(networks, key=lambda name: networks[name][0] * factor[networks[name][1]])


def _networks(rng: np.random.Generator, size: int) -> dict[str, tuple[float, str]]:
    """Networks whose order each mistake changes in another way."""
    while True:
        names = [f"network {letter}" for letter in rng.permutation(list("ABCDEFGH"))[:size]]
        numbers = rng.choice(np.arange(10, 100), size, replace=False) / 10
        units = rng.choice(["MACs", "FLOPs"], size)
        networks = dict(zip(names, zip(numbers.tolist(), units.tolist())))
        flops = {n * (2 if unit == "MACs" else 1) for n, unit in networks.values()}
        orders = [_sorted(networks, macs) for macs in (2, 1, 0.5)]
        orders += [orders[0][::-1], list(networks), sorted(networks)]
        if size == 1 or len(flops) == size and len(set(map(tuple, orders))) == len(orders):
            return networks


multiple_choice(
    "10.4",
    "what counts twice",
    right="c",
    options={
        "a": "This counts width once: with one and a half times the filters, each convolution also "
        "gets one and a half times the input channels.",
        "b": "This lets width count twice in the FLOPs and once in the parameters: a weight joins an "
        "input channel and a filter, so there are as many more weights.",
        "c": "Depth counts once and width twice, in both; only resolution makes FLOPs and parameters "
        "differ.",
        "d": "This counts depth twice in the FLOPs: a second row of layers does as much work as the "
        "first, not three times as much.",
    },
    hints=(
        "Take one convolution first: how many weights has it, and how many with more filters?",
        "More filters in one layer are more input channels for the next.",
        "Multiply what depth does by what width does. Does a weight work at more pixels than before?",
    ),
)
