"""Successive halving with several workers, which wait for each other or do not (Li et al. 2020).

Trainings take the seconds that the table has for them, on workers that are only imagined.  A network
that is promoted goes on from where its training stopped, so it costs the further epochs alone.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd

from nascourse import CourseError, positive_number, require, whole_number, whole_numbers
from nascourse.benchmark.loading import load_benchmark
from nascourse.benchmark.simulation import columns
from nascourse.benchmark.table import TABLE, Benchmark, listed

Job = tuple[int, int]  # a network, and the rung up to which it is trained


class Asha:
    """Asynchronous successive halving: Algorithm 2 of Li et al. 2020.

    A free worker gets a network to promote, from the highest rung that has one, or else a new one.
    A network may be promoted as soon as it is among the best 1/eta of those that its rung has seen.
    """

    def __init__(self, networks: Iterable[int], *, n_rungs: int, eta: int):
        self.networks, self.eta = iter(networks), eta
        self.rungs: list[list[tuple[float, int]]] = [[] for _ in range(n_rungs)]  # the best first
        self.promoted: list[set[int]] = [set() for _ in range(n_rungs)]

    def get_job(self) -> Job | None:
        for k in reversed(range(len(self.rungs) - 1)):
            for _, network in self.rungs[k][: len(self.rungs[k]) // self.eta]:
                if network not in self.promoted[k]:
                    self.promoted[k].add(network)
                    return network, k + 1
        return next(((network, 0) for network in self.networks), None)

    def report(self, job: Job, accuracy: float) -> None:
        network, k = job
        bisect.insort(self.rungs[k], (-accuracy, network))


class Hyperband:
    """Synchronous Hyperband (Li et al. 2018): brackets of successive halving, one after another.

    A rung's networks must all have ended before the best 1/eta of them go on to the next.  The
    bracket that begins on rung 0 has ``size`` networks; one that begins higher has fewer, which
    cost about the same.  ``brackets=[0]`` is successive halving, again and again.
    """

    def __init__(
        self,
        networks: Iterable[int],
        *,
        n_rungs: int,
        eta: int,
        size: int,
        brackets: Sequence[int] | None = None,
    ):
        self.networks, self.n_rungs, self.eta, self.size = iter(networks), n_rungs, eta, size
        self.brackets = itertools.cycle(range(n_rungs) if brackets is None else brackets)
        self.rung, self.waiting, self.n_running = 0, list[int](), 0
        self.accuracies: dict[int, float] = {}  # of the networks of the rung that have ended

    def get_job(self) -> Job | None:
        """The next job; None if there is none before others have ended."""
        if not self.waiting and not self.n_running:
            self._next_rung()
        if not self.waiting:
            return None
        self.n_running += 1
        return self.waiting.pop(0), self.rung

    def report(self, job: Job, accuracy: float) -> None:
        self.n_running -= 1
        self.accuracies[job[0]] = accuracy

    def _next_rung(self) -> None:
        ranking = sorted(self.accuracies, key=self.accuracies.__getitem__, reverse=True)
        self.waiting = ranking[: len(ranking) // self.eta]
        self.rung, self.accuracies = self.rung + 1, {}
        if not self.waiting or self.rung == self.n_rungs:
            self.rung = next(self.brackets)
            share = (self.n_rungs - self.rung) * self.eta**self.rung  # of size * n_rungs
            size = -(-self.size * self.n_rungs // share)  # rounded up
            self.waiting = list(itertools.islice(self.networks, size))


def run(
    scheduler: Asha | Hyperband,
    workers: int,
    seconds_of: Callable[[Job], float],
    accuracy_of: Callable[[Job], float],
) -> Iterator[tuple[float, Job]]:
    """When each job ends, and the job, in this order; of two at once, the one begun first."""
    running: list[tuple[float, int, Job]] = []
    now, started = 0.0, itertools.count()
    while True:
        while len(running) < workers and (job := scheduler.get_job()) is not None:
            heapq.heappush(running, (now + seconds_of(job), next(started), job))
        if not running:
            return
        now, _, job = heapq.heappop(running)
        scheduler.report(job, accuracy_of(job))
        yield now, job


def simulate_workers(
    strategy: str,
    *,
    workers: int,
    seconds: float,
    seeds: Iterable[int] = range(20),
    rungs: Sequence[int] = (1, 4, 12),
    eta: int = 3,
    size: int = 27,
    benchmark: Benchmark | None = None,
) -> pd.DataFrame:
    """Search the table with several workers, until the clock on the wall shows so many seconds.

    Parameters
    ----------
    strategy
        ``"asha"``, or with rungs that wait ``"sha"`` (successive halving) and ``"hyperband"``.
    seeds
        One search for each: the order of the networks, and one training of each.
    rungs, eta, size
        Up to which epoch each rung trains; of how many networks one is promoted; with how many a
        synchronous bracket begins on the lowest rung.

    Returns
    -------
    pandas.DataFrame
        One row a job that ended in time, as from `simulate`; ``seconds`` is when it ended.

    Raises
    ------
    CourseError
        The strategy is unknown, a value is out of range, or there is not the time for one training.
    """
    eta = whole_number("eta", eta, at_least=2)
    hyperband = partial(Hyperband, size=whole_number("size", size, at_least=1))
    schedulers: dict[str, Callable[..., Asha | Hyperband]] = {
        "asha": Asha,
        "sha": partial(hyperband, brackets=[0]),
        "hyperband": hyperband,
    }
    if strategy not in [*schedulers]:  # a list has no hash
        raise CourseError(f"Unknown strategy {strategy!r}: choose among {listed(schedulers)}.")
    workers = whole_number("workers", workers, at_least=1)
    benchmark = load_benchmark() if benchmark is None else benchmark
    require("benchmark", benchmark, Benchmark, TABLE)
    rungs = whole_numbers(
        "rungs", rungs, such_as="(1, 4, 12)", at_least=1, at_most=benchmark.epochs
    )
    if not rungs or sorted(set(rungs)) != rungs:
        raise CourseError(
            f"rungs={rungs!r} is not possible: give rising epochs up to {benchmark.epochs}."
        )
    seconds = positive_number("seconds", seconds)
    seeds = whole_numbers("seeds", seeds, such_as="range(20)", at_least=0)
    if not seeds:
        raise CourseError("There is nothing to race: give at least one seed.")
    further = np.diff(rungs, prepend=0)  # epochs that each rung adds
    best, searches = benchmark.truth().max(), []
    for seed in seeds:
        rng = np.random.default_rng([seed, *strategy.encode()])
        runs = benchmark.draw_runs(rng)
        networks = rng.permutation(len(benchmark)).tolist()
        scheduler = schedulers[strategy](networks, n_rungs=len(rungs), eta=eta)
        durations = benchmark.runs["seconds"][runs, :1] * further  # shape (networks, rungs)
        accuracies = benchmark.runs["val_accuracy"][runs][:, np.subtract(rungs, 1)]
        ended = run(scheduler, workers, durations.__getitem__, accuracies.__getitem__)
        in_time = list(itertools.takewhile(lambda end: end[0] <= seconds, ended))
        if not in_time:
            raise CourseError(
                f"In seconds={seconds!r} the search of seed {seed} has trained no network: give it "
                "more."
            )
        steps = [(network, rungs[k], int(further[k])) for _, (network, k) in in_time]
        search = {"strategy": strategy, "seed": seed, **columns(benchmark, runs, steps, best)}
        searches.append(pd.DataFrame(search | {"seconds": [second for second, _ in in_time]}))
    return pd.concat(searches, ignore_index=True)
