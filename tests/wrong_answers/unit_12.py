"""Plausible wrong answers to the exercises of unit 12, and words of the sentence that each gets."""

import math
from itertools import accumulate

RIGHT = "start + ceil(n / workers) * (seconds + overhead)"


def clock(formula=RIGHT):
    """wall_clock with another formula, in which n is the number of trials."""

    def wall_clock(trials, workers, seconds, overhead, start):
        names = {"n": trials, "workers": workers, "seconds": seconds, "overhead": overhead}
        return eval(formula, {}, names | {"start": start, "ceil": math.ceil, "round": round})

    return wall_clock


def prints_clock(*given):
    print(clock()(*given))


def ends(durations, workers, order=None):
    free, found = [0] * workers, {}
    for trial in order or range(len(durations)):
        worker = free.index(min(free))
        free[worker] += durations[trial]
        found[trial] = free[worker]
    return [found[trial] for trial in range(len(durations))]


def by_length(sign, *, in_that_order=False):
    def finished_at(durations, workers):
        order = sorted(range(len(durations)), key=lambda trial: sign * durations[trial])
        found = ends(durations, workers, order)
        return [found[trial] for trial in order] if in_that_order else found

    return finished_at


def in_rounds(durations, workers):
    found, begin = [], 0
    for at in range(0, len(durations), workers):
        found += [begin + duration for duration in durations[at : at + workers]]
        begin = max(found)
    return found


def by_turns(durations, workers):
    return [
        sum(durations[trial % workers : trial + 1 : workers]) for trial in range(len(durations))
    ]


def begins(durations, workers):
    return [end - duration for end, duration in zip(ends(durations, workers), durations)]


def free_in_the_end(durations, workers):
    free = [0] * workers
    for duration in durations:
        free[free.index(min(free))] += duration
    return free


def shares(durations, workers):
    more = len(durations) % workers
    found, at = [], 0
    for worker in range(workers):
        size = len(durations) // workers + (worker < more)
        found += accumulate(durations[at : at + size])
        at += size
    return found


def takes_away(durations, workers):
    found = ends(durations, workers)
    while durations:
        durations.pop(0)
    return found


def send(rule):
    """to_send with a rule of its own, which is asked with all that happened to a trial."""

    def to_send(log, budget):
        return [
            trial
            for trial in range(1, budget + 1)
            if rule([event for event, other in log if other == trial])
        ]

    return to_send


def must(events):
    return "done" not in events and events[-1:] != ["sent"]


def one_loss(events):
    return must(events) and events.count("lost") < 2


def as_they_come(log, budget):
    right = send(must)(log, budget)
    return list(dict.fromkeys([*(t for _, t in log[::-1] if t in right), *right]))


def from_zero(log, budget):
    return [trial - 1 for trial in send(must)(log, budget)]


def one_less(log, budget):
    return send(must)(log, budget - 1)


def each_loss(log, budget):
    right = send(must)(log, budget)
    return sorted([*right, *(trial for event, trial in log if event == "lost" and trial in right)])


WRONG = {
    "12.1": {
        "divides": (clock("start + n / workers * (seconds + overhead)"), "cuts the last round"),
        "rounds down": (clock("start + n // workers * (seconds + overhead)"), "rounded down"),
        "rounds": (clock("start + round(n / workers) * (seconds + overhead)"), "nearest number"),
        "one more": (clock("start + (n // workers + 1) * (seconds + overhead)"), "round too many"),
        "whole seconds": (
            clock("start + ceil(n / workers * (seconds + overhead))"),
            "rounds up the seconds",
        ),
        "overhead once": (clock("start + ceil(n / workers) * seconds + overhead"), "only once"),
        "overheads in a row": (
            clock("start + ceil(n / workers) * seconds + n * overhead"),
            "one after the other: it",
        ),
        "overheads of a round in a row": (
            clock("start + ceil(n / workers) * (seconds + workers * overhead)"),
            "in every round: they have",
        ),
        "no overhead": (clock("start + ceil(n / workers) * seconds"), "overhead is missing"),
        "start in every round": (
            clock("ceil(n / workers) * (start + seconds + overhead)"),
            "starts the workers in every round",
        ),
        "start for every trial": (
            clock("n * start + ceil(n / workers) * (seconds + overhead)"),
            "for every trial: they start",
        ),
        "starts in a row": (
            clock("workers * start + ceil(n / workers) * (seconds + overhead)"),
            "starts of all workers",
        ),
        "start divided": (
            clock("start / workers + ceil(n / workers) * (seconds + overhead)"),
            "divides the start",
        ),
        "all divided": (
            clock("(start + n * (seconds + overhead)) / workers"),
            "divides everything",
        ),
        "no start": (clock("ceil(n / workers) * (seconds + overhead)"), "start is missing"),
        "no workers": (clock("start + n * (seconds + overhead)"), "one trial after the other"),
        "turned around": (clock("start + ceil(workers / n) * (seconds + overhead)"), "single"),
        "times the workers": (
            clock("start + n * workers * (seconds + overhead)"),
            "multiplies by the workers",
        ),
        "too many workers": (
            clock(f"{RIGHT} if workers <= n else start + seconds"),
            "overhead is missing",
        ),
        "seconds alone": (clock("seconds"), "Count the rounds"),
        "prints": (prints_clock, "return"),
    },
    "12.2": {
        "whole rounds": (in_rounds, "slowest trial of a round"),
        "by turns": (by_turns, "by turns"),
        "shares": (shares, "beforehand"),
        "longest first": (by_length(-1), "longest trials first: nobody"),
        "longest first, in that order": (
            by_length(-1, in_that_order=True),
            "longest trials first, and",
        ),
        "shortest first": (by_length(1), "shortest trials first: nobody"),
        "shortest first, in that order": (
            by_length(1, in_that_order=True),
            "shortest trials first, and",
        ),
        "the end alone": (lambda *given: max(ends(*given)), "the end of the search"),
        "the workers": (free_in_the_end, "for each worker"),
        "the begins": (begins, "trials begin: they end"),
        "by the clock": (lambda *given: sorted(ends(*given)), "order of the clock"),
        "no workers": (lambda durations, workers: [*accumulate(durations)], "after the other"),
        "nobody waits": (lambda durations, workers: list(durations), "begin at time 0"),
        "as they are heard": (lambda *given: [*accumulate(ends(*given), max)], "learns of each"),
        "a worker too many": (
            lambda durations, workers: ends(durations, workers + 1),
            "too many is at work",
        ),
        "a worker too few": (
            lambda durations, workers: ends(durations, max(1, workers - 1)),
            "does nothing here",
        ),
        "a second late": (lambda *given: [end + 1 for end in ends(*given)], "one too large"),
        "one short": (lambda *given: ends(*given)[:-1], "last value is missing"),
        "pairs": (lambda *given: [*zip(begins(*given), ends(*given))], "one axis"),
        "a mapping": (lambda *given: dict(enumerate(ends(*given))), "a list or an array"),
        "takes the trials away": (takes_away, "work on a copy"),
        "prints": (lambda *given: print(ends(*given)), "return the result instead"),
    },
    "12.3": {
        "all": (send(lambda events: True), "sends all trials"),
        "all not done": (send(lambda events: "done" not in events), "all that is not done"),
        "once lost": (
            send(lambda events: not events or "lost" in events),
            "whatever was once lost",
        ),
        "lost, not done": (
            send(lambda events: not events or "lost" in events and "done" not in events),
            "is under way again",
        ),
        "as many losses": (
            send(lambda events: events.count("sent") == events.count("lost")),
            "result came after all",
        ),
        "the last event": (send(lambda events: events[-1:] != ["sent"]), "are done: one"),
        "lost in the end": (
            send(lambda events: not events or events[-1] == "lost"),
            "a result stays",
        ),
        "never sent": (send(lambda events: not events), "that were lost: nobody"),
        "lost": (send(lambda events: events and must(events)), "never sent: the log"),
        "sent again only once": (send(one_loss), "a second time"),
        "was sent": (send(lambda events: events), "sent before"),
        "the others": (send(lambda events: not must(events)), "must not be sent"),
        "none": (send(lambda events: False), "Nothing is sent"),
        "from zero": (from_zero, "not from 0"),
        "one less": (one_less, "both included"),
        "once for each loss": (each_loss, "more than once"),
        "as they come": (as_they_come, "not sorted"),
        "the largest first": (
            lambda *given: send(must)(*given)[::-1],
            "largest number comes first",
        ),
        "a set": (lambda *given: set(send(must)(*given)), "a list of trials"),
        "how many": (lambda *given: len(send(must)(*given)), "a list of trials"),
        "prints": (lambda *given: print(send(must)(*given)), "return the result instead"),
    },
    "12.4": {
        "an hour is an hour": ("a", "the machines that won"),
        "seeds alone": ("c", "ten unfair comparisons"),
        "machines alone": ("d", "toss of a coin"),
        "the number of workers": (32, "none of the options"),
    },
}
