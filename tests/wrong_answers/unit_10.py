"""Plausible wrong answers to the exercises of unit 10, and words of the sentence that each gets."""

import math


def phi(step, growth="budget / base", finish="log(growth) / log(step)"):
    """phi_for with one of its parts replaced."""

    def phi_for(base, budget, alpha, beta, gamma):
        names = {"a": alpha, "b": beta, "c": gamma, "base": base, "budget": budget}
        names |= {"log": math.log, "log2": math.log2, "round": round, "ceil": math.ceil}
        names |= {"step": eval(step, {}, names), "growth": eval(growth, {}, names)}
        return eval(finish, {}, names)

    return phi_for


RIGHT = "a * b**2 * c**2"


def prints_phi(*sizes):
    print(phi(RIGHT)(*sizes))


def stage(filters="int((wanted + 4) // 8) * 8", again="rounded < 0.9 * wanted", blocks="ceil(n)"):
    """scaled_stage with one of its rules replaced."""

    def scaled_stage(given, repeats, width, depth):
        names = {"given": given, "wanted": given * width, "n": repeats * depth, "ceil": math.ceil}
        names |= {"int": int, "round": round, "floor": math.floor}
        names["rounded"] = eval(filters, {}, names)
        return names["rounded"] + 8 * eval(again, {}, names), eval(blocks, {}, names)

    return scaled_stage


def mixed_up(filters, blocks, width, depth):
    return stage()(filters, blocks, depth, width)


def prints_stage(*sizes, **factors):
    print(stage()(*sizes, **factors))


def order(macs, *, reverse=False):
    def by_cost(networks):
        factor = {"MACs": macs, "FLOPs": 1}
        return sorted(
            networks,
            key=lambda name: networks[name][0] * factor[networks[name][1]],
            reverse=reverse,
        )

    return by_cost


def flops(networks):
    return [number * {"MACs": 2, "FLOPs": 1}[unit] for number, unit in networks.values()]


def empties(networks):
    names = order(2)(networks)
    networks.clear()
    return names


WRONG = {
    "10.1": {
        "every step doubles": (phi("2"), "double the FLOPs exactly"),
        "nothing counts twice": (phi("a * b * c"), "width and resolution once"),
        "width once": (phi("a * b * c**2"), "counts width once"),
        "resolution once": (phi("a * b**2 * c"), "counts resolution once"),
        "depth twice": (phi("(a * b * c)**2"), "counts depth twice"),
        "turned around": (phi(RIGHT, "base / budget"), "turned around"),
        "divides": (phi(RIGHT, finish="growth / step"), "number is a logarithm"),
        "the growth alone": (phi(RIGHT, finish="log(growth)"), "divide it by that"),
        "one logarithm": (phi(RIGHT, finish="log2(growth) / step"), "step needs its logarithm"),
        "another logarithm": (phi(RIGHT, finish="log(growth) / step"), "step needs its logarithm"),
        "rounds": (phi(RIGHT, finish="round(log(growth) / log(step))"), "whole number"),
        "rounds up": (phi(RIGHT, finish="ceil(log(growth) / log(step))"), "whole number"),
        "no base": (phi(RIGHT, "budget"), "base plays no part"),
        "the factors": (
            lambda base, budget, alpha, beta, gamma: (alpha, beta, gamma),
            "one number",
        ),
        "prints": (prints_phi, "return"),
    },
    "10.2": {
        "filters down": (stage("int(wanted // 8) * 8"), "rounded down here"),
        "filters up": (stage("ceil(wanted / 8) * 8"), "rounded up here"),
        "Python's round": (stage("round(wanted / 8) * 8"), "in the middle"),
        "no tenth": (stage(again="False"), "more than a tenth"),
        "Python's round, no tenth": (
            stage("round(wanted / 8) * 8", again="False"),
            "the rule of the tenth is missing",
        ),
        "whenever it went down": (stage(again="rounded < wanted"), "rounded up here"),
        "a tenth of what it was": (stage(again="rounded < 0.9 * given"), "no more than a tenth"),
        "no multiple": (stage("int(wanted)"), "no multiple of 8"),
        "as many as there are": (stage("wanted"), "whole filters"),
        "floats": (stage("(wanted + 4) // 8 * 8"), "as an int"),
        "blocks down": (stage(blocks="int(n)"), "should go up"),
        "blocks to the nearest": (stage(blocks="round(n)"), "nearest whole number here"),
        "blocks as they come": (stage(blocks="n"), "whole blocks"),
        "blocks first": (lambda *a, **k: stage()(*a, **k)[::-1], "blocks first"),
        "factors mixed up": (mixed_up, "mixed up"),
        "filters alone": (lambda *a, **k: stage()(*a, **k)[0], "the pair"),
        "prints": (prints_stage, "return"),
    },
    "10.3": {
        "the numbers as they stand": (order(1), "as they stand"),
        "the factor turned around": (order(0.5), "half of one"),
        "the costliest first": (order(2, reverse=True), "cheapest should"),
        "as given": (list, "in which they were given"),
        "by name": (sorted, "sorts by the names"),
        "the FLOPs": (lambda networks: sorted(flops(networks)), "each name once"),
        "the cheapest alone": (lambda networks: order(2)(networks)[0], "list of names"),
        "the first two": (lambda networks: order(2)(networks)[:2], "each name once"),
        "empties what it is given": (empties, "work on a copy"),
    },
    "10.4": {
        "width once": ("a", "counts width once"),
        "weights once": ("b", "once in the parameters"),
        "depth twice": ("d", "counts depth twice"),
        "a number": (4.5, "none of the options"),
    },
}
