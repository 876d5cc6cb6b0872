"""Checkers of unit 01: the three parts, the loop, and what a space leaves out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from nascourse.checks.cases import compare, near
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

    def __init__(self, accuracies: Sequence[float], *, reuse: bool = False, different: int = 99):
        self.accuracies, self.reuse, self.different = list(accuracies), reuse, different
        self.heard: list[list] = []  # the pairs that each call of propose received
        self.evaluated: list[dict] = []
        self._shared: dict[str, Any] = {}

    def propose(self, seen: list) -> dict[str, Any]:
        if not isinstance(seen, list):
            raise Wrong(f"propose received {show(seen)}: give it the list of all pairs so far.")
        turn = len(self.heard)
        if turn > 3 * len(self.accuracies):
            raise Wrong("The loop goes on long after the budget is spent: let it end there.")
        if turn > len(self.evaluated):
            raise Wrong("propose is called twice in a row: evaluate each network that it gives.")
        self.heard.append([_copied(pair) for pair in seen])
        place = turn % self.different  # a strategy may propose a network again
        network = {"kernel": 3 + 2 * (place % 2), "conv/filters": 8 + 8 * (place // 2)}
        if not self.reuse:
            return network
        self._shared.update(network)  # the same dictionary each time, with other values
        return self._shared

    def evaluate(self, network: dict[str, Any]) -> float:
        if not isinstance(network, dict) or "kernel" not in network:
            raise Wrong(
                f"evaluate received {show(network)}: hand it the network that propose returned."
            )
        self.evaluated.append(dict(network))
        # Whoever evaluates once too often is told of it below.
        return self.accuracies[min(len(self.evaluated), len(self.accuracies)) - 1]


def _copied(pair: object) -> object:
    """A pair as it was when it was told, with the dictionary that it held then."""
    if isinstance(pair, (tuple, list)):
        return tuple(dict(part) if isinstance(part, dict) else part for part in pair)
    return pair


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
    fixed = [
        [0.5, 0.9, 0.7],  # the example
        [0.6, 0.7, 0.8, 0.9, 0.2, 0.3, 0.4],
        [0.2, 0.3, 0.4],
        [0.4, 0.3, 0.2],
        [0.3, 0.9, 0.5, 0.9, 0.9],
        [0.9, 0.9, 0.2],
        [0.0, 0.0],
        [0.25],
    ]
    for accuracies in [*fixed, *rng.integers(0, 4, (20, 5)) / 4]:
        for reuse in (False, True):
            _run(answer, _Bench(accuracies, reuse=reuse))
        _run(answer, _Bench(accuracies, different=2))
    return (
        "A few lines, and every method of this course fits into them: what differs is propose, and "
        "how evaluate is paid for."
    )


def _run(answer: object, bench: _Bench) -> None:
    """Run the learner's loop on one bench and raise `Wrong` for what it does wrong."""
    result = call(answer, bench.propose, bench.evaluate, len(bench.accuracies))
    _count(bench, len(bench.accuracies))
    _require_told(bench)
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        raise Wrong(f"Return the best pair, (network, accuracy), not {show(result)}.")
    network, accuracy = result
    if isinstance(accuracy, dict):
        raise Wrong("The pair is the wrong way round: first the network, then its accuracy.")
    if not isinstance(network, dict):
        raise Wrong(f"The first of the pair should be the network, not {show(network)}.")
    accuracy, accuracies = number(accuracy, "the accuracy"), bench.accuracies
    trials = f"With the accuracies {', '.join(f'{each:g}' for each in accuracies)}"
    if not near(accuracy, max(accuracies)):
        raise Wrong(f"{trials}: {_not_the_best(accuracy, accuracies)}")
    if network == bench.evaluated[accuracies.index(max(accuracies))]:
        return
    pairs = zip(bench.evaluated, accuracies)
    if network in [other for other, score in pairs if score == max(accuracies)]:
        raise Wrong(
            f"{trials}: Of equal networks the later one is returned: the first to reach it is "
            "meant."
        )
    raise Wrong(
        "The accuracy is right, but it belongs to another network: propose may hand out the "
        "same dictionary each time with other values, so remember a copy."
        if bench.reuse
        else f"{trials}: The accuracy is right, but it belongs to another network, not to "
        f"{show(network)}: keep the two together."
    )


def _require_told(bench: _Bench) -> None:
    """Refuse a loop whose propose does not hear of all pairs before it, and of those alone."""
    if bench.heard[0]:
        raise Wrong(
            f"In its first turn propose is told of {len(bench.heard[0])} trials, which are of an "
            "earlier search: let each call begin with an empty list of its own."
        )
    pairs = list(zip(bench.evaluated, bench.accuracies))
    for turn, heard in enumerate(bench.heard):
        if len(heard) != turn:
            raise Wrong(
                f"Before turn {turn + 1} propose is told of {len(heard)} trials instead of {turn}: "
                "give it the list of all pairs so far."
            )
        if heard == pairs[:turn]:
            continue
        if heard == pairs[:turn][::-1]:
            raise Wrong("propose is told of the pairs in reverse order: append each at the end.")
        if heard == [pair[::-1] for pair in pairs[:turn]]:
            raise Wrong("propose is told of pairs that are the wrong way round: network first.")
        raise Wrong(
            f"Before turn {turn + 1} propose is told of {show(heard[-1])}, but the pair of turn "
            f"{turn} was {show(pairs[turn - 1])}"
            + (": propose may hand out the same dictionary, so remember a copy." * bench.reuse)
            + ("." * (not bench.reuse))
        )


def _count(bench: _Bench, budget: int) -> None:
    asked, scored = len(bench.heard), len(bench.evaluated)
    if scored == 2 * budget or scored > asked:
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


def _not_the_best(accuracy: float, accuracies: Sequence[float]) -> str:
    if near(accuracy, accuracies[-1]):
        return "This is the last network, not the best: a search may not forget what it has seen."
    if near(accuracy, min(accuracies)):
        return "This is the network with the lowest accuracy: of accuracies the highest is best."
    if near(accuracy, accuracies[0]):
        return "This is the first network: compare each new one with the best so far."
    return f"{accuracy:g} is not the best that the search has seen: compare the accuracies of all."


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
    example = _table([3, 5, 3], [8, None, 16], [0.95, 0.97, 0.91], [0.9, 0.91, 0.99])
    example.index = [7, 2, 5]
    other = _table(
        [5, 3, 5, 3], [16, 8, 8, None], [0.7312, 0.9146, 0.61, 0.8], [0.93, 0.6, 0.95, 0.7]
    )
    cases: list[tuple[pd.DataFrame, str, object]]
    cases = [(example, "conv/kernel", 3), (example, "conv/kernel", 5), (example, "filters", 16)]
    cases += [(other, "conv/kernel", 5), (other, "act", "relu"), (example, "act", "tanh")]
    for _ in range(30):
        size = int(rng.integers(2, 7))
        kernels = rng.permutation(np.resize([3, 5], size)).tolist()
        filters = rng.permutation(np.resize([8, 16, None], size)).tolist()
        table = _table(kernels, filters, *(rng.integers(5000, 9999, (2, size)) / 10_000).tolist())
        table.index = rng.permutation(size)
        choice = str(rng.choice(["conv/kernel", "filters", "act"]))
        cases.append((table, choice, table[choice].dropna().iloc[0]))
    compare(
        answer,
        cases,
        _lost,
        read=lambda value: number(value, "the shortfall"),
        mistakes=_mistakes,
        clue="Subtract the best val_accuracy of the rows with this value from the best of all "
        "rows.",
    )
    return (
        "It is never negative: a part of a space cannot hold a better network than the whole. What "
        "a space leaves out, no strategy brings back."
    )


def _table(kernels: list, filters: list, val: list, test: list) -> pd.DataFrame:
    """Networks of which some have no filters to choose; one choice is a word."""
    return pd.DataFrame(
        {
            "conv/kernel": kernels,
            "act": ["relu" if each else "tanh" for each in filters],
            "val_accuracy": val,
            "filters": pd.array(filters, dtype="Int64"),
            "test_accuracy": test,
        }
    )


def _lost(
    table: pd.DataFrame,
    choice: str,
    value: object,
    *,
    by: str = "val_accuracy",
    best: Callable[[list[float]], float] = max,
    same: bool = True,
) -> float:
    """The shortfall, row by row; the options make it the one of a mistake."""
    rows = zip(table[choice], table[by])
    part = [score for chosen, score in rows if (chosen is not pd.NA and chosen == value) == same]
    return float(best(table[by].tolist()) - best(part)) if part else math.nan


def _mistakes(table: pd.DataFrame, choice: str, value: object) -> dict[str, float]:
    right = _lost(table, choice, value)
    by_value = table["val_accuracy"][(table[choice] == value).fillna(False)]
    return {
        "The sign is swapped: the shortfall is what is missing, so it is never below zero.": -right,
        "This is by test accuracy, which no search may look at: take the validation accuracy.": (
            _lost(table, choice, value, by="test_accuracy")
        ),
        "This compares averages, but a perfect search returns its best network, not an average "
        "one.": _lost(table, choice, value, best=lambda scores: float(np.mean(scores))),
        "This compares the worst networks, but a perfect search returns its best.": (
            _lost(table, choice, value, best=min)
        ),
        "You kept the rows that lack the value: the poorer space has this value only.": (
            _lost(table, choice, value, same=False)
        ),
        "This is the best accuracy of the poorer space: return how far it is below the best of "
        "all.": by_value.max(),
        "This is in percent: return the difference of the two accuracies as it is.": 100 * right,
        "This takes the average of the poorer space: a perfect search returns its best.": (
            table["val_accuracy"].max() - by_value.mean()
        ),
        "This takes the last row with the value: a perfect search returns the best of them.": (
            table["val_accuracy"].max() - by_value.iloc[-1]
        ),
        "The poorer space is judged by test accuracy: take val_accuracy on both sides.": (
            table["val_accuracy"].max() - table["test_accuracy"][by_value.index].max()
        ),
        "The whole table is judged by test accuracy: take val_accuracy on both sides.": (
            table["test_accuracy"].max() - by_value.max()
        ),
        "This starts from the average of all: start from the best of all.": (
            table["val_accuracy"].mean() - by_value.max()
        ),
        "This starts from the first network: start from the best of all.": (
            table["val_accuracy"].iloc[0] - by_value.max()
        ),
        "This takes the middle network of the poorer space: a perfect search returns its best.": (
            table["val_accuracy"].max() - by_value.median()
        ),
        "This is a part of the best accuracy: return the plain difference.": (
            1 - by_value.max() / table["val_accuracy"].max()
        ),
        "This compares with the networks that lack the value: compare with all.": (
            table["val_accuracy"].drop(by_value.index).max() - by_value.max()
        ),
        "This takes the first row with the value: a perfect search returns the best of them.": (
            table["val_accuracy"].max() - by_value.iloc[0]
        ),
    }
