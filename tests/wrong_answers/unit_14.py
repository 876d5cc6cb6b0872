"""Plausible wrong answers to the exercises of unit 14, and words of the sentence that each gets."""

import itertools
import statistics

import numpy as np


def attain(
    *,
    within=lambda size, limit: size <= limit,
    best=max,
    missing=(0,),
    over=statistics.median,
):
    """attained with some part changed."""

    def attained(fronts, limit):
        each = []
        for front in fronts:
            kept = [accuracy for size, accuracy in front if within(size, limit)]
            each += [best(kept)] if kept else list(missing)
        return over(each or [0])

    return attained


def of_all_networks(fronts, limit):
    kept = [accuracy for front in fronts for size, accuracy in front if size <= limit]
    return statistics.median(kept or [0])


def largest_that_fits(fronts, limit):
    """The accuracy of the largest network within the limit, which need not be the best."""
    kept = ([pair for pair in front if pair[0] <= limit] for front in fronts)
    return statistics.median(max(pairs, default=(0, 0))[1] for pairs in kept)


def kernel(fill):
    """identity_kernel that fills a kernel of zeros in its own way."""

    def identity_kernel(size, channels):
        weights = np.zeros((size, size, channels, channels))
        fill(weights, size // 2, channels)
        return weights

    return identity_kernel


def everywhere(weights, middle, channels):
    weights[:, :] = np.eye(channels)


def mean_of_the_window(weights, middle, channels):
    weights[:, :] = np.eye(channels) / weights.shape[0] ** 2


def all_channels(weights, middle, channels):
    weights[middle, middle] = 1


def shares_of_channels(weights, middle, channels):
    weights[middle, middle] = np.eye(channels) / channels


def corner(weights, middle, channels):
    weights[0, 0] = np.eye(channels)


def always_one(weights, middle, channels):
    weights[min(1, 2 * middle), min(1, 2 * middle)] = np.eye(channels)


def reversed_channels(weights, middle, channels):
    weights[middle, middle] = np.eye(channels)[::-1]


def one_channel(weights, middle, channels):
    weights[middle, middle, 0, 0] = 1


def cross(weights, middle, channels):
    weights[middle, :] = weights[:, middle] = np.eye(channels)


def choose(
    *,
    limits=lambda cost, limit: cost <= limit,
    prefer=lambda gain, cost: gain,
    shift=0,
    nothing=(),
    swap=False,
):
    """choose_variants with some part changed."""

    def choose_variants(gains, costs, limit):
        gains, costs = (costs, gains) if swap else (gains, costs)
        best, most = [*nothing], -np.inf
        for choice in itertools.product(*(range(len(block)) for block in gains)):
            gain, cost = (
                sum(block[n] for block, n in zip(table, choice)) for table in (gains, costs)
            )
            if limits(cost, limit) and prefer(gain, cost) > most:
                best, most = [n + shift for n in choice], prefer(gain, cost)
        return best

    return choose_variants


def from_zero(gains, costs, limit):
    """Begins with a gain of 0, so negative gains are never chosen."""
    best, most = [], 0
    for choice in itertools.product(*(range(len(block)) for block in gains)):
        gain = sum(block[n] for block, n in zip(gains, choice))
        if gain > most and sum(block[n] for block, n in zip(costs, choice)) <= limit:
            best, most = list(choice), gain
    return best


def block_by_block(gains, costs, limit):
    chosen = []
    for gain, cost in zip(gains, costs):
        kept = [n for n in range(len(cost)) if cost[n] <= limit]
        if not kept:
            return []
        chosen.append(max(kept, key=gain.__getitem__))
        limit -= cost[chosen[-1]]
    return chosen


def each_for_itself(gains, costs, limit):
    return [
        max((n for n in range(len(c)) if c[n] <= limit), key=g.__getitem__, default=0)
        for g, c in zip(gains, costs)
    ]


def two_blocks(gains, costs, limit):
    return choose()(gains[:2], costs[:2], limit)


def its_gains(gains, costs, limit):
    chosen = choose()(gains, costs, limit)
    return chosen and [block[n] for block, n in zip(gains, chosen)]


def its_costs(gains, costs, limit):
    chosen = choose()(gains, costs, limit)
    return chosen and [block[n] for block, n in zip(costs, chosen)]


def none(gains, costs, limit):
    return choose()(gains, costs, limit) or None


WRONG = {
    "14.1": {
        "strict": (attain(within=lambda size, limit: size < limit), "exactly limit"),
        "above": (attain(within=lambda size, limit: size > limit), "above the limit"),
        "all": (attain(within=lambda size, limit: True), "all networks"),
        "left out": (attain(missing=()), "left out"),
        "one for none": (attain(missing=(1,)), "not as 1"),
        "mean": (attain(over=statistics.fmean), "mean over the searches"),
        "best search": (attain(over=max), "best of all searches"),
        "worst search": (attain(over=min), "worst of all searches"),
        "low median": (attain(over=statistics.median_low), "even number"),
        "high median": (attain(over=statistics.median_high), "even number"),
        "sum": (attain(over=sum), "adds up"),
        "unsorted": (attain(over=lambda each: each[len(each) // 2]), "in order"),
        "worst network": (attain(best=min), "worst network"),
        "first network": (attain(best=lambda kept: kept[0]), "first network"),
        "last network": (attain(best=lambda kept: kept[-1]), "last network"),
        "median network": (attain(best=statistics.median), "median within"),
        "all networks": (of_all_networks, "median of all networks"),
        "largest": (largest_that_fits, "takes the largest network of each search"),
    },
    "14.2": {
        "zeros": (kernel(lambda *given: None), "all weights are 0"),
        "everywhere": (kernel(everywhere), "beside the middle"),
        "mean": (kernel(mean_of_the_window), "beside the middle"),
        "cross": (kernel(cross), "beside the middle"),
        "all channels": (kernel(all_channels), "besides that of its own number"),
        "shares": (kernel(shares_of_channels), "they should be 1"),
        "one channel": (kernel(one_channel), "they should be 1"),
        "reversed": (kernel(reversed_channels), "besides that of its own number"),
        "corner": (kernel(corner), "middle of the window"),
        "always at 1": (kernel(always_one), "middle of the window"),
        "three axes": (lambda size, channels: np.ones((size, size, channels)), "the shape"),
        "transposed": (
            lambda size, channels: np.ones((channels, channels, size, size)),
            "the shape",
        ),
        "text": (lambda size, channels: "kernel", "array of numbers"),
        "not a number": (
            lambda size, channels: np.full((size, size, channels, channels), np.nan),
            "no numbers",
        ),
    },
    "14.3": {
        "strict": (choose(limits=lambda cost, limit: cost < limit), "exactly limit"),
        "no limit": (choose(limits=lambda cost, limit: True), "forgets the limit"),
        "above": (choose(limits=lambda cost, limit: cost > limit), "above the limit"),
        "cheapest": (choose(prefer=lambda gain, cost: -cost), "cheapest"),
        "costliest": (choose(prefer=lambda gain, cost: cost), ""),
        "swapped": (choose(swap=True), "swapped"),
        "from one": (choose(shift=1), "counted from 0"),
        "from a gain of 0": (from_zero, ""),
        "block by block": (block_by_block, "block by block"),
        "each for itself": (each_for_itself, "each block"),
        "two blocks": (two_blocks, ""),
        "gains": (its_gains, "These are the gains"),
        "costs": (its_costs, "These are the costs"),
        "always empty": (lambda gains, costs, limit: [], "only where there is none"),
        "None where nothing fits": (none, "return"),
    },
    "14.4": {
        "a": ("a", "memory"),
        "b": ("b", "remember"),
        "d": ("d", "fair budget"),
    },
}
