"""Checkers of unit 01: the three parts, the loop, and what a space leaves out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from nascourse.checks.core import Wrong, call, multiple_choice, number, show
from nascourse.checks.registry import exercise

multiple_choice(
    "01.1",
    "which part is meant?",
    right="c",
    options={
        "a": "The space says which networks are possible, and the sentence leaves them as they are: "
        "all can still be proposed.",
        "b": "The strategy decides which network comes next, and the sentence does not say how any "
        "of them was picked.",
        "c": "It says how a proposed network gets its score: two epochs on few images are a cheap "
        "estimate of what a full training would show.",
        "d": "The final training comes after the search and happens once, while the sentence "
        "speaks of each candidate.",
    },
    hints=(
        "Which of the three questions does it answer: what is possible, what comes next, how good?",
        "Would the sentence change the set of networks? Would it change their order?",
        "Ask what the accuracy is measured for.",
    ),
)


class _Bench:
    """Networks as dictionaries, proposed in a given order, and counted as they are evaluated."""

    def __init__(self, accuracies: np.ndarray, *, reuse: bool = False):
        self.accuracies, self.reuse = accuracies, reuse
        self.heard: list[list] = []  # the pairs that each call of propose received
        self.evaluated: list[int] = []
        self._shared: dict[str, int] = {}

    def propose(self, seen: list) -> dict[str, int]:
        if not isinstance(seen, list):
            raise Wrong(f"propose received {show(seen)}: give it the list of all pairs so far.")
        if len(self.heard) > 3 * len(self.accuracies):
            raise Wrong("The loop goes on long after the budget is spent: let it end there.")
        self.heard.append(list(seen))
        number = len(self.heard) - 1
        if not self.reuse:
            return {"network": number}
        self._shared["network"] = number  # the same dictionary each time, with other values
        return self._shared

    def evaluate(self, network: dict[str, int]) -> float:
        if not isinstance(network, dict) or "network" not in network:
            raise Wrong(
                f"evaluate received {show(network)}: hand it the network that propose returned."
            )
        self.evaluated.append(network["network"])
        return float(self.accuracies[network["network"] % len(self.accuracies)])


@exercise(
    "01.2",
    "the loop of a search",
    hints=(
        "One turn: ask propose, ask evaluate, remember the pair; and there are budget turns.",
        "Begin with an empty list, give it to propose in each turn, and append a pair to it.",
        "After the loop, max with key= finds the best pair; dict(network) makes a copy to remember.",
    ),
)
def loop(answer: object, rng: np.random.Generator) -> str:
    rising = np.sort(rng.random(7))
    middle = np.roll(rising, 3)  # neither the best nor the worst is first or last
    for accuracies in (middle, rising, rising[::-1], rng.random(1), np.array([0.3, 0.9, 0.9])):
        _run(answer, _Bench(accuracies))
    _run(answer, _Bench(middle, reuse=True))
    return (
        "A few lines, and every method of this course fits into them: what differs is propose, and "
        "how evaluate is paid for."
    )


def _run(answer: object, bench: _Bench) -> None:
    """Run the learner's loop on one bench and raise `Wrong` for what it does wrong."""
    budget = len(bench.accuracies)
    result = call(answer, bench.propose, bench.evaluate, budget)
    _count(bench, budget)
    wanted = [[number, accuracy] for number, accuracy in enumerate(bench.accuracies)]
    if bench.heard[0]:
        raise Wrong(
            f"In its first turn propose is told of {len(bench.heard[0])} trials, which are of an "
            "earlier search: let each call begin with an empty list of its own."
        )
    for turn, heard in enumerate(bench.heard):
        if len(heard) != turn:
            raise Wrong(
                f"Before turn {turn + 1} propose is told of {len(heard)} trials instead of {turn}: "
                "give it the list of all pairs so far."
            )
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        raise Wrong(f"Return the best pair, (network, accuracy), not {show(result)}.")
    network, accuracy = result
    if isinstance(accuracy, dict):
        raise Wrong("The pair is the wrong way round: first the network, then its accuracy.")
    if not isinstance(network, dict):
        raise Wrong(f"The first of the pair should be the network, not {show(network)}.")
    accuracy, best = number(accuracy, "the accuracy"), bench.accuracies.max()
    if not np.isclose(accuracy, best):
        raise Wrong(_not_the_best(accuracy, bench.accuracies))
    if [network.get("network"), accuracy] not in wanted:
        raise Wrong(
            "The accuracy is right, but it belongs to another network: propose may hand out the "
            "same dictionary each time with other values, so remember a copy."
            if bench.reuse
            else "The accuracy is right, but it belongs to another network: keep the two together."
        )
    if network["network"] != int(bench.accuracies.argmax()):
        raise Wrong("Of equal networks the later one is returned: the first to reach it is meant.")


def _count(bench: _Bench, budget: int) -> None:
    asked, scored = len(bench.heard), len(bench.evaluated)
    if scored == 2 * budget or len(set(bench.evaluated)) < scored:
        raise Wrong(
            f"A budget of {budget} became {scored} evaluations, some networks being evaluated twice: "
            "each costs a training, so call evaluate once and keep its result."
        )
    if scored == budget - 1:
        raise Wrong(f"A budget of {budget} allows {budget} evaluations; here one is missing.")
    if scored == budget + 1:
        raise Wrong(f"A budget of {budget} allows {budget} evaluations; here is one too many.")
    if scored != budget or asked != budget:
        raise Wrong(
            f"With a budget of {budget}, propose was called {asked} times and evaluate {scored} "
            "times: each turn calls both once."
        )


def _not_the_best(accuracy: float, accuracies: np.ndarray) -> str:
    if np.isclose(accuracy, accuracies[-1]):
        return "This is the last network, not the best: a search may not forget what it has seen."
    if np.isclose(accuracy, accuracies.min()):
        return "This is the network with the lowest accuracy: of accuracies the highest is best."
    if np.isclose(accuracy, accuracies[0]):
        return "This is the first network: compare each new one with the best so far."
    return "This is not the best network that the search has seen: compare the accuracies of all."


@exercise(
    "01.3",
    "what a poorer space costs",
    hints=(
        "Even a perfect search of the poorer space returns its best network, and no better one.",
        "Two maxima: one over all rows, one over the rows whose choice has this value.",
        "table[table[choice] == value] holds the rows of the poorer space.",
    ),
)
def shortfall(answer: object, rng: np.random.Generator) -> str:
    telling = _telling_table(rng)
    cases = [(telling, "kernel", 3)]
    cases += [(_table(rng, size), "kernel", value) for size in (4, 31) for value in (3, 5)]
    cases += [(telling, "filters", value) for value in (8, 16)]
    for table, choice, value in cases:
        result = number(call(answer, table, choice, value), "the shortfall")
        if not np.isclose(result, _lost(table, choice, value)):
            raise Wrong(_why(result, table, choice, value))
    return (
        "It is never negative: a part of a space cannot hold a better network than the whole. What "
        "a space leaves out, no strategy brings back."
    )


def _table(rng: np.random.Generator, size: int) -> pd.DataFrame:
    """Networks of which some have no filters to choose."""
    return pd.DataFrame(
        {
            "kernel": rng.permutation(np.resize([3, 5], size)),
            "filters": pd.array(rng.permutation(np.resize([8, 16, None], size)), dtype="Int64"),
            "val_accuracy": rng.uniform(0.5, 1, size).round(4),
            "test_accuracy": rng.uniform(0.5, 1, size).round(4),
        }
    )


def _telling_table(rng: np.random.Generator) -> pd.DataFrame:
    """A table on which each plausible mistake about kernel 3 gives another number."""
    while True:
        table = _table(rng, 30)
        outcomes = [_lost(table, "kernel", 3), *_mistakes(table, "kernel", 3)]
        if len({round(value, 6) for value in outcomes}) == len(outcomes):
            return table


def _lost(
    table: pd.DataFrame,
    choice: str,
    value: int,
    *,
    by: str = "val_accuracy",
    best: Callable[[np.ndarray], float] = np.max,
    same: bool = True,
) -> float:
    """The shortfall, row by row; the options make it the one of a mistake."""
    rows = zip(table[choice], table[by])
    part = [score for chosen, score in rows if (chosen is not pd.NA and chosen == value) == same]
    return float(best(table[by].to_numpy()) - best(np.array(part)))


def _mistakes(table: pd.DataFrame, choice: str, value: int) -> list[float]:
    """What the plausible mistakes return, in the order of `_SENTENCES`."""
    right = _lost(table, choice, value)
    return [
        -right,
        _lost(table, choice, value, by="test_accuracy"),
        _lost(table, choice, value, best=np.mean),
        _lost(table, choice, value, best=np.min),
        _lost(table, choice, value, same=False),
        table["val_accuracy"].max() - right,
        100 * right,
    ]


_SENTENCES = (
    "The sign is swapped: the shortfall is what is missing, so it is never below zero.",
    "This is by test accuracy, which no search may look at: take the validation accuracy.",
    "This compares averages, but a perfect search returns its best network, not an average one.",
    "This compares the worst networks, but a perfect search returns its best.",
    "You kept the rows that lack the value: the poorer space has this value only.",
    "This is the best accuracy of the poorer space: return how far it is below the best of all.",
    "This is in percent: return the difference of the two accuracies as it is.",
)


def _why(result: float, table: pd.DataFrame, choice: str, value: int) -> str:
    for wrong, sentence in zip(_mistakes(table, choice, value), _SENTENCES):
        if np.isclose(result, wrong):
            return sentence
    return (
        f"For {choice}={value} the shortfall is another one: subtract the best of the rows with this "
        "value from the best of all rows."
    )
