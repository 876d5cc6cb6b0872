"""Checkers of unit 10: phi from a budget, whole filters and layers, two units, what counts twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nascourse.checks.cases import compare, equal
from nascourse.checks.core import Wrong, items, multiple_choice, number, show
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
    fixed = [
        (100, 800, 2, 1, 1),  # the example
        # No two constants alike, and no step near 2 or e: some mistakes would look alike.
        (300_000.0, 2_000_000.0, 1.3, 1.12, 1.18),
        (700_000, 21_000_000, 1.1, 1.25, 1.05),
        (500.0, 150.0, 1.2, 1.1, 1.15),
        (400.0, 400.0, 1.2, 1.1, 1.15),
    ]
    fresh = [
        (base, base * growth, *constants)
        for base, growth, *constants in rng.uniform(
            (100, 0.1, 1.05, 1.05, 1.05), (10_000, 40, 1.5, 1.5, 1.5), (40, 5)
        ).tolist()
    ]
    compare(
        answer,
        [*fixed, *fresh],
        _phi,
        read=lambda value: number(value, "phi"),
        mistakes=_wrong_phis,
        clue="Multiply the FLOPs by one step so often, and see where you end.",
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
) -> dict[str, float]:
    growth, step = budget / base, alpha * beta**2 * gamma**2

    def steps(step: float) -> float:
        return math.log(growth) / math.log(step) if step != 1 else math.nan

    exact = steps(step)
    return {
        "This takes a step to double the FLOPs exactly: compute what these constants make of "
        "it.": steps(2),
        "This counts width and resolution once: both are there twice, in rows and columns or in "
        "input and output channels.": steps(alpha * beta * gamma),
        "This counts width once: a convolution multiplies its input channels by its filters.": (
            steps(alpha * beta * gamma**2)
        ),
        "This counts resolution once: an image has rows and columns.": (
            steps(alpha * beta**2 * gamma)
        ),
        "This counts depth twice: twice as many layers do twice the work, not four times.": (
            steps(alpha**2 * beta**2 * gamma**2)
        ),
        "This leaves depth out: twice as many layers do twice the work.": steps(beta**2 * gamma**2),
        "The constants are added: each multiplies the work.": steps(alpha + beta**2 + gamma**2),
        "The factors are doubled instead of squared: beta * beta, and not 2 * beta.": (
            steps(alpha * 2 * beta * 2 * gamma)
        ),
        "Base and budget are turned around: phi is positive where the budget is larger.": -exact,
        "The fraction is upside down: the logarithm of the growth is divided by that of a step.": (
            1 / exact if exact else math.nan
        ),
        "This divides by the cost of a step: steps multiply, so their number is a logarithm.": (
            growth / step
        ),
        "This is the logarithm of the growth: divide it by that of a single step.": (
            math.log(growth)
        ),
        "This is the base-2 logarithm of the growth: divide it by that of a single step.": (
            math.log2(growth)
        ),
        "The step needs its logarithm as well: it is the logarithms that are divided.": (
            math.log(growth) / step
        ),
        "The step needs its logarithm as well: it is logarithms that are divided.": (
            math.log2(growth) / step
        ),
        "The base-10 logarithm is divided by another one: take the same twice.": (
            math.log10(growth) / math.log2(step)
        ),
        "The growth is divided by the step before the logarithm: divide their logarithms.": (
            math.log(growth / step)
        ),
        "This is a root: the number of steps is a logarithm.": math.sqrt(growth),
        "The number of steps has lost its sign: it is negative where the budget is smaller.": (
            abs(exact)
        ),
        "A budget below the base gives a negative number, and not 0.": max(exact, 0),
        "The squares are missing in the logarithms of beta and gamma.": math.log(growth)
        / (math.log(alpha) + math.log(beta) + math.log(gamma)),
        "The paper's constants stand here: use those that are given.": steps(
            1.2 * 1.1**2 * 1.15**2
        ),
        "Two different logarithms are divided: take the same for the growth and for the step.": (
            math.log2(growth) / math.log(step)
        ),
        "The budget is for the complete network, not for what comes on top of the base.": (
            math.log((budget - base) / base) / math.log(step) if budget > base else math.nan
        ),
        "The growth is the budget divided by the base: here the base is subtracted.": (
            math.log(budget - base) / math.log(step) if budget > base else 0
        ),
        "This is a root of the growth: the number of steps is a logarithm.": growth ** (1 / step),
        "The growth is the budget divided by the base: here the base plays no part.": (
            math.log(budget) / math.log(step)
        ),
        **{
            f"This is rounded {way} a whole number: phi may lie between two of them.": rounded
            for way, rounded in {
                "down to": math.floor(exact),
                "up to": math.ceil(exact),
                "to": round(exact),
            }.items()
        },
    }


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
    fixed = [
        (24, 2, 1.1, 1.2),  # the examples
        (16, 1, 0.75, 1.0),
        (112, 3, 1.1, 1.2),  # 123.2 goes down to 120, 3.6 up to 4
        (192, 4, 1.4, 1.8),  # 268.8 goes up to 272, 7.2 up to 8
        (184, 1, 1.5, 1.0),  # 276 is in the middle, where Python's round goes down
        (24, 1, 0.8, 1.0),  # 19.2 goes down to 16, which is too much
        (11, 2, 1.0, 0.5),  # 11 goes down to 8, which is too much
        (40, 2, 0.5, 1.25),  # 20 goes up to 24, far below the 40 that it was
        (8, 1, 0.25, 0.4),  # 2 becomes 8, and less than a block becomes one
        (40, 4, 1.0, 1.0),
        (16, 2, 2.0, 3.5),
        (27, 3, 1.0, 2.0),  # 27 goes down to 24, which is more than a tenth; 6 stays
        (35, 3, 1.0, 0.75),  # 35 goes down to 32, which is less than a tenth
    ]
    fresh = [  # factors that multiply without an error in the last bit
        (int(rng.integers(4, 100)), int(rng.integers(1, 6)), *factors)
        for factors in (rng.integers(2, 17, (80, 2)) / 8).tolist()
    ]
    compare(
        answer,
        [*fixed, *fresh],
        _stage,
        read=_pair,
        same=equal,
        mistakes=_wrong_stages,
        clue="Follow the three rules in their order.",
    )
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
        n for n in range(1, 1000) if n >= blocks * depth
    )


def _wrong_stages(
    filters: int, blocks: int, width: float, depth: float
) -> dict[str, tuple[float, float]]:
    """What each mistake makes of a stage."""
    right, deep = _stage(filters, blocks, width, depth)
    wanted, rest = filters * width, blocks * depth

    def rounded(multiple: float, least: float = 0.9 * wanted) -> tuple[float, float]:
        return multiple + 8 * (multiple < least), deep

    down, up, even = (8 * way(wanted / 8) for way in (math.floor, math.ceil, round))
    nearest = 8 * math.floor(wanted / 8 + 0.5)
    return {
        "This returns the blocks first: the filters come first.": (deep, right),
        "Width and depth are mixed up: width is for filters, depth for blocks.": (
            _stage(filters, blocks, depth, width)
        ),
        "The blocks go to the nearest whole number here, and should go up.": (right, round(rest)),
        "The blocks are rounded down here, and should go up.": (right, math.floor(rest)),
        "The blocks are one too many where they are whole already: round up, and add nothing.": (
            right,
            math.floor(rest) + 1,
        ),
        "The blocks stay as they were: they are multiplied by depth and rounded up.": (
            right,
            blocks,
        ),
        "A stage may have a single block.": (right, max(2, deep)),
        "Filters and blocks are mixed up: width is for filters, depth for blocks.": (
            _stage(blocks, filters, width, depth)[::-1]
        ),
        "Filters that lose no more than a tenth stay as they were here: round them as well.": (
            nearest + 8 if nearest < 0.9 * wanted else filters,
            deep,
        ),
        "Filters in the middle between two multiples of 8 should go up, and Python's round takes "
        "them to the even neighbor.": rounded(even),
        "Filters in the middle between two multiples of 8 should go up, and go down here.": (
            rounded(8 * math.ceil(wanted / 8 - 0.5))
        ),
        "Filters that lose more than a tenth by rounding get another 8: this rule is missing.": (
            nearest,
            deep,
        ),
        "Python's round takes filters in the middle to the even neighbor, and the rule of the tenth "
        "is missing: what is in the middle goes up, and what loses more than a tenth gets another "
        "8.": (even, deep),
        "Filters are rounded down here: take the nearest multiple of 8.": rounded(down),
        "Filters are rounded down here, and nothing is added: take the nearest multiple of 8.": (
            down,
            deep,
        ),
        "Filters are rounded up here: take the nearest multiple of 8.": (up, deep),
        "Filters get another 8 here, though their rounding took away no more than a tenth of "
        "filters times width: compare with that, and not with what they were.": (
            rounded(nearest, 0.9 * filters)
        ),
        "Filters that lose a tenth of the rounded number get another 8: it is a tenth of filters "
        "times width.": (nearest + 8 * (1.1 * nearest < wanted), deep),
        "Filters get another 8 whenever they lose any: more than a tenth must be lost.": (
            rounded(nearest, wanted)
        ),
        "Filters get another 8 even where the rounding added some: only what it takes away "
        "counts.": (nearest + 8 * (abs(nearest - wanted) > 0.1 * wanted), deep),
        "The filters are no multiple of 8: round them to the nearest one.": (int(wanted), deep),
        "The filters are no multiple of 8: take the nearest one.": (round(wanted), deep),
    }


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
    fixed = [
        {"X": (3.0, "MACs"), "Y": (4.0, "FLOPs"), "Z": (1.0, "MACs")},  # the example
        {"B": (5, "MACs"), "A": (9, "FLOPs"), "C": (4, "MACs"), "E": (6, "FLOPs")},
        {"ten": (10, "FLOPs"), "nine": (9, "FLOPs"), "four": (4, "MACs"), "hundred": (50, "MACs")},
        {"b": (3e9, "FLOPs"), "a": (1.6e9, "MACs"), "c": (0.39e9, "MACs")},
        {"only one": (2, "MACs")},
        {"z": (2.0, "MACs"), "y": (3.0, "MACs"), "x": (1.0, "MACs")},
    ]
    fresh = []
    for size in rng.integers(2, 6, 60):
        names, kinds = rng.permutation(list("abcde"))[:size], rng.choice(["MACs", "FLOPs"], size)
        flops = rng.permutation(20)[:size] + 1.0
        numbers = np.where(kinds == "MACs", flops / 2, flops)
        fresh.append(dict(zip(names.tolist(), zip(numbers.tolist(), kinds.tolist()))))
    compare(
        answer,
        [(networks,) for networks in fixed + fresh],
        lambda networks: _sorted(networks, macs=2),
        read=_names,
        same=equal,
        mistakes=_wrong_orders,
        clue="Bring all of them to FLOPs, and sort the names by these.",
    )
    return "A factor of two is a whole step of compound scaling: look for the unit first."


def _names(result: object) -> list[str]:
    names = items(result, "names")
    if not all(isinstance(name, str) for name in names):
        raise Wrong(f"The result should hold each name once, and nothing else, not {show(result)}.")
    return names


def _wrong_orders(networks: dict[str, tuple[float, str]]) -> dict[str, list[str]]:
    right = _sorted(networks, macs=2)

    def by(flops: Callable[[float, int], Any]) -> list[str]:
        """The names in the order of what is made of each number and the FLOPs of its unit."""
        of_unit = {"MACs": 2, "FLOPs": 1}
        return sorted(
            networks, key=lambda name: flops(networks[name][0], of_unit[networks[name][1]])
        )

    return {
        "This compares the numbers as they stand: a MAC is more than one FLOP.": (
            _sorted(networks, macs=1)
        ),
        "The factor is turned around: a MAC is two FLOPs, and not half of one.": (
            _sorted(networks, macs=0.5)
        ),
        "A MAC is two FLOPs, and not three.": _sorted(networks, macs=3),
        "Two is added to the MACs: multiply them by it.": by(lambda n, unit: n + 2 * (unit - 1)),
        "One is added to the FLOPs of MACs: they are two for each.": (
            by(lambda n, unit: n * unit + unit - 1)
        ),
        "The MACs are squared: two FLOPs for each are asked for.": by(lambda n, unit: n**unit),
        "The numbers are compared as texts, and 10 comes before 9 in these.": (
            by(lambda n, unit: str(n * unit))
        ),
        "The numbers are cut to whole ones: leave them as they are.": (
            by(lambda n, unit: int(n) * unit)
        ),
        "The costliest comes first here: the cheapest should.": right[::-1],
        "The names are in the order in which they were given: sort them by cost.": list(networks),
        "This sorts by the names: sort by what the networks cost.": sorted(networks),
        "This sorts by the units first: bring all numbers to one unit.": sorted(
            networks, key=lambda name: networks[name][::-1]
        ),
        "The result should hold each name once, and nothing else: some are missing.": right[:2],
        "Only the networks in FLOPs are here: those in MACs have FLOPs as well.": [
            name for name in right if networks[name][1] == "FLOPs"
        ],
        "Only the networks in MACs are here: the others belong to the list as well.": [
            name for name in right if networks[name][1] == "MACs"
        ],
    }


def _sorted(networks: dict[str, tuple[float, str]], macs: float) -> list[str]:
    """The names by cost, if a MAC made so many FLOPs."""
    factor = {"MACs": macs, "FLOPs": 1}
    return sorted(networks, key=lambda name: networks[name][0] * factor[networks[name][1]])


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
