"""Checkers of unit 12: rounds of workers, when trials end, what must be sent, a fair comparison."""

from __future__ import annotations

import heapq
import itertools
import math

import numpy as np

from nascourse.checks.core import Wrong, call, multiple_choice, number, numbers, show
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
    workers, trials = (int(n) for n in rng.integers((3, 20), (9, 60)))
    telling = [_telling_clock(rng, fuller_than_half=True), _telling_clock(rng)]
    cases = [
        (trials * workers, workers, 50, 3, 12),  # all rounds are full
        (trials, 3 * trials, 40, 2, 25),
        (trials, trials, 40, 2, 25),
        (trials, 1, 40, 2, 25),
        (1, 1, 2.5, 0.5, 0),
    ]
    for place, case in enumerate(telling + cases):
        result = number(call(answer, *case), "the time")
        times = _times(*case)
        if math.isclose(result, times[""]):
            continue
        for sentence, value in (
            _wrong_rounds(*case) | (times if place < len(telling) else {})
        ).items():
            if math.isclose(result, value):
                raise Wrong(sentence)
        trials, workers, seconds, overhead, start = case
        if workers > trials:
            raise Wrong(
                f"{workers} workers for {trials} trials are too many, and still it takes one full "
                f"round after the start: that is not {result:g} seconds."
            )
        raise Wrong(
            f"{trials} trials on {workers} workers, with seconds={seconds}, overhead={overhead} "
            f"and start={start}, do not take {result:g} seconds: count the rounds, then the "
            "seconds of a round."
        )
    return (
        "More workers help only where they save a full round: with 100 trials, 99 workers are no "
        "faster than 50."
    )


def _wrong_rounds(
    trials: int, workers: int, seconds: float, overhead: float, start: float
) -> dict[str, float]:
    """What is wrong only where the last round has few trials, or where it is full."""
    each = seconds + overhead
    return {
        "The rounds are rounded to the nearest number here: a last round with few trials would "
        "vanish, and it takes as long as a full one.": start + round(trials / workers) * each,
        "This is a round too many where the last one is full: no trial is left for it.": (
            start + (trials // workers + 1) * each
        ),
    }


def _times(
    trials: int, workers: int, seconds: float, overhead: float, start: float
) -> dict[str, float]:
    """The right time under "", and what each mistake makes of it."""
    rounds = len(range(0, trials, workers))
    each = seconds + overhead
    return {
        "": start + sum(each for _ in range(rounds)),
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
        "This multiplies by the workers: more of them make a search shorter.": (
            start + trials * workers * each
        ),
    }


def _telling_clock(
    rng: np.random.Generator, *, fuller_than_half: bool = False
) -> tuple[int, int, int, int, int]:
    """Arguments on which each mistake gives a time of its own; the last round is not full."""
    while True:
        drawn = rng.integers((12, 4, 20, 2, 10), (60, 10, 90, 10, 60)).tolist()
        trials, workers, seconds, overhead, start = drawn
        case = (trials, workers, seconds, overhead, start)
        share = trials / workers % 1
        times = sorted(_times(*case).values())
        if (
            share not in (0, 0.5)
            and (share > 0.5) == fuller_than_half
            and min(np.diff(times)) > 0.01
        ):
            return case


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
    telling = [_telling_durations(rng, *sizes) for sizes in ((8, 3), (7, 2), (13, 4))]
    short = rng.integers(1, 20, 5).tolist()
    cases = [(short, 1), (short, 5), (short, 9), ([6] * 7, 3), ([2.5, 0.25, 1.5, 0.75], 2)]
    for place, (durations, workers) in enumerate(telling + cases):
        result = call(answer, durations, workers)
        right = _ends(durations, workers)
        if place < len(telling):
            _check_shape(result, right, workers)
        result = numbers(result, len(durations), "the times")
        if np.allclose(result, right, rtol=0, atol=1e-9):
            continue
        mistakes = _wrong_ends(durations, workers) if place < len(telling) else {}
        for sentence, times in mistakes.items():
            if np.allclose(result, times, rtol=0, atol=1e-9):
                raise Wrong(sentence)
        first = int(np.argmin(np.isclose(result, right, rtol=0, atol=1e-9)))
        raise Wrong(
            f"With durations={durations} and workers={workers}, trial number {first + 1} does not "
            f"end at {result[first]:g}: which worker is free first, and when?"
        )
    return (
        "No worker waits while there are trials left; so a long trial hurts most when it is the "
        "last."
    )


def _check_shape(result: object, right: list[float], workers: int) -> None:
    if isinstance(result, (int, float, np.number)) and result == max(right):
        raise Wrong("This is the end of the search: return the end of every trial.")
    times = numbers(result, what="the times")
    if len(times) == workers:
        raise Wrong("This is one time for each worker: return one for each trial.")


def _ends(durations: list[float], workers: int, order: list[int] | None = None) -> list[float]:
    """With a heap of the times at which workers are free; trials go out in such an order."""
    free = [0.0] * workers
    ends: dict[int, float] = {}
    for trial in range(len(durations)) if order is None else order:
        ends[trial] = free[0] + durations[trial]
        heapq.heapreplace(free, ends[trial])
    return [ends[trial] for trial in range(len(durations))]


def _wrong_ends(durations: list[float], workers: int) -> dict[str, list[float]]:
    """What each mistake makes of it."""
    right = np.array(_ends(durations, workers))
    longest_first = np.argsort(durations, kind="stable")[::-1].tolist()
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
        "go out in their order.": _ends(durations, workers, longest_first[::-1]),
        "This hands out the longest trials first, and returns the ends in that order: leave the "
        "trials in theirs.": [
            _ends(durations, workers, longest_first)[trial] for trial in longest_first
        ],
        "This hands out the shortest trials first, and returns the ends in that order: leave the "
        "trials in theirs.": [
            _ends(durations, workers, longest_first[::-1])[trial] for trial in longest_first[::-1]
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
            _ends(durations, workers - 1) if workers > 2 else np.full(len(durations), np.nan)
        ),
        "One worker too many is at work here: check how many your list of workers has.": (
            _ends(durations, workers + 1)
        ),
    }


def _telling_durations(
    rng: np.random.Generator, trials: int, workers: int
) -> tuple[list[int], int]:
    """Durations on which each mistake gives times of its own."""
    while True:
        durations = rng.choice(np.arange(1, 40), trials, replace=False).tolist()
        times = [_ends(durations, workers), *_wrong_ends(durations, workers).values()]
        if all(not np.allclose(*pair) for pair in itertools.combinations(times, 2)):
            return durations, workers


# ---- what must be sent?

# What may have happened to a trial; those in _TO_SEND must be sent now.
_TO_SEND = {
    "never": "",
    "lost": "sent lost",
    "lost twice": "sent lost sent lost",
}
_NOT_TO_SEND = {
    "done": "sent done",
    "under way": "sent",
    "under way again": "sent lost sent",
    "under way a third time": "sent lost sent lost sent",
    "done again": "sent lost sent done",
    "done though lost": "sent lost done",
    "done before lost": "sent lost sent done lost",
}


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
    every = [*_TO_SEND, *_NOT_TO_SEND]
    logs = [_log(rng, every * 2), _log(rng, every * 3)]
    logs += [_log(rng, kinds) for kinds in (["never"] * 3, ["lost"], ["done"] * 2, ["under way"])]
    for log, kinds in logs:
        result = call(answer, log, len(kinds))
        right = [trial for trial, kind in kinds.items() if kind in _TO_SEND]
        if not isinstance(result, (list, tuple, np.ndarray)):
            raise Wrong(f"The result should be a list of trials, not {show(result)}.")
        result = numbers(result, what="the result").tolist()
        if result != right:
            raise Wrong(_mistaken_trials(result, right, kinds))
    return (
        "With such a log a search can be killed at any moment, and goes on without losing a trial "
        "or counting one twice."
    )


def _log(
    rng: np.random.Generator, kinds: list[str]
) -> tuple[list[tuple[str, int]], dict[int, str]]:
    """A log in which this happened to the trials, in a random order; and what happened to which."""
    shuffled = [kinds[place] for place in rng.permutation(len(kinds))]
    if "never" in kinds:  # the last trial, as a range may end before it
        place = shuffled.index("never")
        shuffled[place], shuffled[-1] = shuffled[-1], "never"
    to_come = {
        trial: (_TO_SEND | _NOT_TO_SEND)[kind].split() for trial, kind in enumerate(shuffled, 1)
    }
    turns = rng.permutation([trial for trial, events in to_come.items() for _ in events]).tolist()
    return [(to_come[trial].pop(0), trial) for trial in turns], dict(enumerate(shuffled, 1))


# What is wrong with an answer that sends such trials, or forgets such; the first that fits is said.
_SENT = {
    "under way": "This sends all that is not done: what is still under way needs no second copy.",
    "done": "This sends trials that are done: one result of a trial is enough.",
    "done again": "This sends whatever was once lost: the trial may have been sent again since, "
    "and even be done.",
    "under way again": "This sends what was lost and is under way again: look at what came after "
    "the loss.",
    "under way a third time": "This sends what was lost twice and is under way for the third time: "
    "look at what came after the second loss.",
    "done though lost": "This sends a trial whose result came after all, from a worker that had "
    "been taken for dead: it is done.",
    "done before lost": "This sends a trial that is done, since another copy of it was lost "
    "afterwards: a result stays.",
}
_FORGOTTEN = {
    "never": "This forgets trials that were never sent: the log says nothing of them.",
    "lost": "This forgets trials that were lost: nobody works on them any more.",
    "lost twice": "This forgets trials that were lost a second time: they must be sent a third "
    "time.",
}


def _mistaken_trials(result: list[float], right: list[int], kinds: dict[int, str]) -> str:
    forgotten = [trial for trial in right if trial not in result]
    sent = {kinds[int(trial)] for trial in result if trial in kinds and trial not in right}
    if result == [trial - 1 for trial in right]:
        return "The trials are numbered from 1 to budget, not from 0."
    if not result:
        return f"Nothing is sent here, though of {len(kinds)} trials {len(right)} must be."
    if strangers := [trial for trial in result if trial not in kinds]:
        return f"There is no trial {strangers[0]:g}: they are numbered from 1 to budget."
    if set(result) == set(kinds) - set(right):
        return "These are just the trials that must not be sent: return the other ones."
    if sent == set(_NOT_TO_SEND):
        if not forgotten:
            return "This sends all trials: leave out those that are done, and those under way."
        return "This sends what was sent before: most of it needs no second copy."
    for kind, sentence in _SENT.items():
        if kind in sent:
            return sentence
    if forgotten == [len(kinds)]:
        return "The last trial is forgotten: the numbers go from 1 to budget, both included."
    for kind, sentence in _FORGOTTEN.items():
        if kind in {kinds[trial] for trial in forgotten}:
            return sentence
    if len(set(result)) < len(result):
        return "A trial stands in the list more than once: it must be sent once."
    return "These are the right trials, but not sorted: the smallest number comes first."


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
