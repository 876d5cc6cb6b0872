"""Checkers of unit 12: rounds of workers, when trials end, what must be sent, a fair comparison."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence

import numpy as np

from nascourse.checks.cases import compare, equal
from nascourse.checks.core import Wrong, items, multiple_choice, number, numbers
from nascourse.checks.registry import exercise

# ---- how long will it take?


@exercise(
    "12.1",
    "how long will it take?",
    hints=(
        "Count the rounds of the example first. How long does one of them take?",
        "The workers of a round work side by side: it takes as long as one trial with its overhead.",
        "A round that is not full is a round as well, so round up, with math.ceil; and what "
        + "happens only once comes on top of all rounds.",
    ),
)
def clock(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        (10, 4, 60, 5, 20),  # the example
        (23, 6, 47, 3, 31),  # in the last round are most of the workers,
        (19, 6, 47, 3, 31),  # or one alone,
        (24, 6, 50, 3, 12),  # or all
        (5, 9, 40, 2, 25),
        (7, 7, 40, 2, 25),
        (6, 1, 40, 2, 25),
        (9, 2, 40, 0, 0),
        (1, 1, 2.5, 0.5, 0),
        (7, 3, 0.25, 0.5, 10.125),
    ]
    fresh = rng.integers((1, 1, 1, 0, 0), (40, 12, 90, 10, 60), (60, 5)).tolist()
    compare(
        answer,
        [*fixed, *map(tuple, fresh)],
        _wall_clock,
        read=lambda value: number(value, "the time"),
        mistakes=_wrong_times,
        clue="Count the rounds, then the seconds of a round.",
    )
    return (
        "More workers help only where they save a full round: with 100 trials, 99 workers are no "
        "faster than 50."
    )


def _wall_clock(trials: int, workers: int, seconds: float, overhead: float, start: float) -> float:
    return start + sum(seconds + overhead for _ in range(0, trials, workers))


def _wrong_times(
    trials: int, workers: int, seconds: float, overhead: float, start: float
) -> dict[str, float]:
    """What each mistake makes of a search."""
    rounds = len(range(0, trials, workers))
    each = seconds + overhead
    return {
        "The rounds are rounded to the nearest number here: a last round with few trials would "
        "vanish, and it takes as long as a full one.": start + round(trials / workers) * each,
        "This is a round too many where the last one is full: no trial is left for it.": (
            start + (trials // workers + 1) * each
        ),
        "This cuts the last round down to its share of trials: with few trials a round takes as "
        "long as with many, so count full rounds.": start + trials / workers * each,
        "The rounds are rounded down here, so the trials of the last one are never trained.": (
            start + trials // workers * each
        ),
        "This rounds up the seconds: it is the rounds that must be whole numbers.": (
            start + math.ceil(trials / workers * each)
        ),
        "The overhead is there only once here: every trial has to be handed out, so it is a part "
        "of every round.": start + rounds * seconds + overhead,
        "This adds the overhead of all trials one after the other: it takes the time of the "
        "trial's own worker, so those of a round have theirs side by side.": (
            start + rounds * seconds + trials * overhead
        ),
        "This adds up the overhead of all workers in every round: they have theirs side by side.": (
            start + rounds * (seconds + workers * overhead)
        ),
        "The overhead is missing: a trial takes its worker longer than its training.": (
            start + rounds * seconds
        ),
        "This starts the workers in every round: they start once, and stay.": (
            rounds * (start + each)
        ),
        "This starts a worker for every trial: they start once, and stay.": (
            trials * start + rounds * each
        ),
        "This adds up the starts of all workers: they start at the same time.": (
            workers * start + rounds * each
        ),
        "This divides the start among the workers: however many there are, it takes as long.": (
            start / workers + rounds * each
        ),
        "This divides everything among the workers, the start as well: first wait for it, then "
        "count full rounds.": (start + trials * each) / workers,
        "The start is missing: no trial begins before the workers are there.": rounds * each,
        "This trains one trial after the other: the workers train at the same time.": (
            start + trials * each
        ),
        "This is a single round: how often must all workers take a trial, until none is left?": (
            start + each
        ),
        "Where there are more workers than trials, one round is needed all the same.": (
            start + (trials // workers if workers > trials else rounds) * each
        ),
        "Where there are more workers than trials, the search still takes a round.": (
            start + rounds * each if workers < trials else 0
        ),
        "The overhead is there once too often: it is a part of every round.": (
            start + rounds * each + overhead
        ),
        "The overhead is missing in the last round: every trial takes its worker longer.": (
            start + rounds * each - overhead
        ),
        "The overhead is subtracted: it comes on top of the seconds.": (
            start + rounds * (seconds - overhead)
        ),
        "This is in minutes: return seconds.": (start + rounds * each) / 60,
        "One round is forgotten: count from the first to the last.": start + (rounds - 1) * each,
        "This multiplies by the workers: more of them make a search shorter.": (
            start + trials * workers * each
        ),
    }


# ---- the next one, please


@exercise(
    "12.2",
    "the next one, please",
    hints=(
        "Write down for each worker when it is free again: at first it is time 0 for all.",
        "Go through the trials in their order. Which worker takes this one, when does it begin, and "
        + "when is the worker free again?",
        "Keep a list with one time a worker. For each trial find its smallest number, add the "
        + "duration to it, and note what it has become.",
    ),
)
def ends(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        ([5, 1, 2, 4], 2),  # the example
        ([9, 3, 7, 4, 1, 8, 2, 6], 3),
        ([3, 9, 2, 8, 1, 7, 4], 2),
        ([12, 5, 9, 1, 7, 3, 11, 2, 8, 6, 4, 10], 4),
        ([4, 2, 7], 1),
        ([4, 2, 7], 3),
        ([4, 2, 7], 5),
        ([6, 6, 6, 6, 6, 6, 6], 3),
        ([2.5, 0.3125, 1.5, 0.7561], 2),
        ([3], 2),
    ]
    fresh = [
        (rng.integers(1, 9, n).tolist(), int(workers))
        for n, workers in rng.integers((1, 1), (9, 5), (60, 2)).tolist()
    ]
    compare(
        answer,
        fixed + fresh,
        _ends,
        read=_times,
        mistakes=_wrong_ends,
        clue="Which worker is free first, and when?",
    )
    return (
        "No worker waits while there are trials left; so a long trial hurts most when it is the "
        "last. With one worker, or one for each trial, rounds cost nothing; they cost most seconds "
        "where they are many and yet each has a long trial in it: with few workers."
    )


def _times(result: object) -> np.ndarray:
    if isinstance(result, (int, float, np.number)):
        raise Wrong(
            "This is one time, such as the end of the search: return the end of every trial."
        )
    return numbers(result, what="the times")


def _ends(durations: list[float], workers: int, order: list[int] | None = None) -> list[float]:
    """With a heap of the times at which workers are free; trials go out in such an order."""
    free = [0.0] * workers
    ends: dict[int, float] = {}
    for trial in range(len(durations)) if order is None else order:
        ends[trial] = free[0] + durations[trial]
        heapq.heapreplace(free, ends[trial])
    return [ends[trial] for trial in range(len(durations))]


def _wrong_ends(durations: list[float], workers: int) -> dict[str, Sequence[float] | np.ndarray]:
    """What each mistake makes of it."""
    right = np.array(_ends(durations, workers))
    longest_first = np.argsort(-np.array(durations), kind="stable").tolist()
    shortest_first = np.argsort(durations, kind="stable").tolist()
    in_rounds, begin = [], 0.0
    for start in range(0, len(durations), workers):
        of_round = durations[start : start + workers]
        in_rounds += [begin + duration for duration in of_round]
        begin += max(of_round)
    by_turns = np.zeros(len(durations))
    for worker in range(workers):
        by_turns[worker::workers] = np.cumsum(durations[worker::workers])
    in_shares = [np.cumsum(share) for share in np.array_split(durations, workers)]
    return {
        "This waits for the slowest trial of a round: a worker that is free takes the next trial "
        "at once.": in_rounds,
        "This deals the trials out by turns: the next trial goes to whoever is free first, and "
        "that need not be the one whose turn it is.": by_turns,
        "This gives each worker its share beforehand: they take trials one by one, when free.": (
            np.concatenate(in_shares)
        ),
        "This hands out the longest trials first: nobody knows how long a trial will take, so they "
        "go out in their order.": _ends(durations, workers, longest_first),
        "This hands out the shortest trials first: nobody knows how long a trial will take, so they "
        "go out in their order.": _ends(durations, workers, shortest_first),
        "This hands out the longest trials first, and returns the ends in that order: leave the "
        "trials in theirs.": [
            _ends(durations, workers, longest_first)[trial] for trial in longest_first
        ],
        "This hands out the shortest trials first, and returns the ends in that order: leave the "
        "trials in theirs.": [
            _ends(durations, workers, shortest_first)[trial] for trial in shortest_first
        ],
        "These are the times at which the trials begin: they end later, by their duration.": (
            right - durations
        ),
        "These are the right times in the order of the clock: return them in the order of the "
        "trials.": np.sort(right),
        "This trains one trial after the other: there are more workers than one.": (
            np.cumsum(durations)
        ),
        "This lets all trials begin at time 0: there are fewer workers than trials, so some have "
        "to wait.": durations,
        "This is when a search that hears trials in their order learns of each: here it is asked "
        "when they end, and a later trial may end earlier.": np.maximum.accumulate(right),
        "One worker does nothing here: check how many your list of workers has.": (
            _ends(durations, max(workers - 1, 1))
        ),
        "This shares the time among the workers: a trial has one worker.": (
            np.cumsum(durations) / workers
        ),
        "The next trial goes to the worker that is free last: it goes to the one that is free "
        "first.": _to_the_last(durations, workers),
        "This is one time for each worker: return one for each trial.": _free(durations, workers),
        "Two workers are at work here: use as many as are given.": _ends(durations, 2),
        "One worker too many is at work here: check how many your list of workers has.": (
            _ends(durations, workers + 1)
        ),
    }


def _to_the_last(durations: list[float], workers: int) -> list[float]:
    """When trials end if each goes to the worker that is free last, once all have one."""
    free, ends = [0.0] * workers, []
    for trial, duration in enumerate(durations):
        worker = trial if trial < workers else free.index(max(free))
        free[worker] += duration
        ends.append(free[worker])
    return ends


def _free(durations: list[float], workers: int) -> list[float]:
    """When each worker is free in the end."""
    free = [0.0] * workers
    for duration in durations:
        free[free.index(min(free))] += duration
    return free


# ---- what must be sent?


@exercise(
    "12.3",
    "what must be sent?",
    hints=(
        "For each trial ask two questions: has a result come, and if not, what happened to it last?",
        "Go through the log in its order, and keep for each trial what happened to it last. A trial "
        + "that is done stays done, whatever else the log says of it.",
        "Begin with a dict that calls all trials from 1 to budget new. In the end those that are "
        + "still new, and those that are lost, are to be sent.",
    ),
)
def send(answer: object, rng: np.random.Generator) -> str:
    example = [("sent", 1), ("sent", 2), ("sent", 3), ("lost", 2), ("lost", 3), ("done", 1)]
    example.append(("sent", 3))
    happened = [  # all that may happen to a trial
        "",
        "sent",
        "sent lost",
        "sent done",
        "sent lost sent",
        "sent lost done",
        "sent lost sent lost",
        "sent lost sent done",
        "sent lost done sent done lost",
        "sent lost sent done lost",
        "sent lost sent lost done",
        "sent lost sent lost sent",
    ]
    cases = [(example, 5)]
    cases += [(_log(rng, [each]), 1) for each in happened]
    cases += [(_log(rng, happened), len(happened) + 1), (_log(rng, happened[::-1]), 12), ([], 3)]
    for size in rng.integers(2, 6, 60):
        cases.append((_log(rng, rng.choice(happened, size).tolist()), int(size)))
    compare(
        answer,
        cases,
        lambda log, budget: _where(log, budget, _must_be_sent),
        read=_trials,
        same=equal,
        mistakes=_wrongly_sent,
        clue="Ask of each trial whether it is done, and if not, what happened to it last.",
    )
    return (
        "With such a log a search can be killed at any moment, and goes on without losing a trial "
        "or counting one twice."
    )


def _log(rng: np.random.Generator, happened: list[str]) -> list[tuple[str, int]]:
    """A log in which this happened to the trials from 1 on; their turns are random."""
    to_come = {trial: events.split() for trial, events in enumerate(happened, 1)}
    turns = rng.permutation([trial for trial, events in to_come.items() for _ in events])
    return [(to_come[trial].pop(0), trial) for trial in turns.astype(int).tolist()]


def _trials(result: object) -> list[float]:
    return numbers(items(result, "trials")).tolist()


def _must_be_sent(events: list[str]) -> bool:
    return "done" not in events and events[-1:] != ["sent"]


def _where(log: list[tuple[str, int]], budget: int, rule: Callable[[list[str]], bool]) -> list[int]:
    """The trials to which such things have happened."""
    return [
        trial
        for trial in range(1, budget + 1)
        if rule([event for event, other in log if other == trial])
    ]


def _wrongly_sent(log: list[tuple[str, int]], budget: int) -> dict[str, list[int]]:
    """What each mistake sends."""
    right = _where(log, budget, _must_be_sent)
    in_order = [trial for _, trial in log[::-1] if trial in right]
    rules: dict[str, Callable[[list[str]], bool]] = {
        "This sends all trials: leave out those that are done, and those under way.": (
            lambda events: True
        ),
        "Nothing is sent here, though some trials must be.": lambda events: False,
        "These are just the trials that must not be sent: return the other ones.": (
            lambda events: not _must_be_sent(events)
        ),
        "This sends what was sent before: most of it needs no second copy.": bool,
        "This sends all that is not done: what is still under way needs no second copy.": (
            lambda events: "done" not in events
        ),
        "This sends whatever was once lost: the trial may have been sent again since, and even be "
        "done.": lambda events: not events or "lost" in events,
        "This sends what was lost and is under way again: look at what came after the loss.": (
            lambda events: not events or "lost" in events and "done" not in events
        ),
        "This sends a trial whose result came after all, from a worker that had been taken for "
        "dead: it is done.": lambda events: events.count("sent") == events.count("lost"),
        "This sends trials that are done: one result of a trial is enough.": (
            lambda events: events[-1:] != ["sent"]
        ),
        "This sends a trial that is done, since another copy of it was lost afterwards: a result "
        "stays.": lambda events: not events or events[-1] == "lost",
        "This forgets trials that were lost: nobody works on them any more.": (
            lambda events: not events
        ),
        "This forgets trials that were never sent: the log says nothing of them.": (
            lambda events: bool(events) and _must_be_sent(events)
        ),
        "This forgets trials that were lost a second time: they must be sent a third time.": (
            lambda events: _must_be_sent(events) and events.count("lost") < 2
        ),
    }
    return {sentence: _where(log, budget, rule) for sentence, rule in rules.items()} | {
        "The trials are numbered from 1 to budget, not from 0.": [trial - 1 for trial in right],
        "The last trial is forgotten: the numbers go from 1 to budget, both included.": (
            _where(log, budget - 1, _must_be_sent)
        ),
        "There is no such trial: the numbers go from 1 to budget, and not further.": (
            _where(log, budget + 1, _must_be_sent)
        ),
        "A trial stands in the list more than once: it must be sent once.": sorted(
            [*right, *(trial for event, trial in log if event == "lost" and trial in right)]
        ),
        "These are the right trials, but not sorted: the smallest number comes first.": (
            list(dict.fromkeys([*in_order, *right]))
        ),
        "These are the right trials, but the largest number comes first: sort them.": right[::-1],
    }


multiple_choice(
    "12.4",
    "an hour on 32 workers",
    right="b",
    options={
        "a": "In this hour 32 workers can train up to 32 times as many networks: so it may be the "
        "machines that won, and not the strategy.",
        "b": "With the same trials and workers, and ten seeds against luck, what is left is the "
        "strategy; the hours beside it say what the workers bring.",
        "c": "Seeds take the luck away, and not the 32 workers: ten unfair comparisons are as "
        "unfair as one.",
        "d": "That makes the machines equal, but one search of each is still a toss of a coin: "
        "without more seeds a difference of 0.4 points may be luck.",
    },
    hints=(
        "What differs between the two searches, apart from the strategy?",
        "One option makes up for the machines alone, and one for luck alone.",
    ),
)
