"""Kill any process of a search on workers with SIGKILL, and count what was lost.

    python tests/drills/kill_any.py --times 50 [--seed 0]

In turns the victim is a worker of Dask, the nanny that watches over it, the scheduler, the process
that searches with them, a worker of a pool of processes, and the process that searches with the
pool.  Whatever dies at whatever moment, the search comes to its end or ends in a sentence, within
a bound; then it goes on where it was begun again, to the very table, the curves and the weights of
one that nobody disturbed: no trial lost, none counted twice.  Needs the package `distributed`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from kill_and_resume import run
from kill_workers import WORKERS, wrong

from nascourse import CourseError, search

# isort: split
import numpy as np
import psutil
from distributed import Client

VICTIMS = ("worker", "nanny", "scheduler", "searcher", "worker of a pool", "searcher with a pool")
BOUND = 240  # seconds for a search, whatever happens to it
MAX_WAIT = 30.0  # seconds that it waits for workers
SENTENCE = 3  # exit status of a search that ended in one


class Cluster:
    """A scheduler and workers of Dask, each a process of its own; what died is started again."""

    def __init__(self, scratch: Path):
        self.file, self._scratch = scratch / "scheduler.json", scratch
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard")
        self.nannies: list[subprocess.Popen] = []

    def _start(self, what: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options]
        command += ["--scheduler-file", str(self.file)]
        modules = {"PYTHONPATH": str(Path(__file__).parent)}  # of the space that workers train
        with (self._scratch / f"{what}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | modules)

    def restart(self) -> Client:
        """Start what is missing, and connect."""
        if self.scheduler.poll() is not None:
            self.end()
            self.file.unlink(missing_ok=True)
            self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard")
        self.nannies = [nanny for nanny in self.nannies if nanny.poll() is None]
        while len(self.nannies) < WORKERS:
            options = ("--nthreads", "1", "--nworkers", "1", "--no-dashboard")
            self.nannies.append(self._start("worker", *options))
        client = Client(scheduler_file=str(self.file), timeout=60)
        client.wait_for_workers(WORKERS, timeout=120)
        return client

    def end(self) -> None:
        for process in [*self.nannies, self.scheduler]:
            process.kill()
            process.wait()
        self.nannies = []


def search_on_a_pool(folder: Path) -> search.Search:
    """The search in a folder, which a finished one needs no worker for."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=spawn) as pool:
        return run("random", folder, executor=pool, in_flight=3, max_wait=MAX_WAIT)


def search_here(folder: Path, scheduler: str | None) -> int:
    """The search of one turn, in a process of its own."""
    try:
        if scheduler:
            with Client(scheduler_file=scheduler, timeout=60) as client:
                executor = client.get_executor()
                run("random", folder, executor=executor, in_flight=3, max_wait=MAX_WAIT)
        else:
            search_on_a_pool(folder)
    except (CourseError, OSError) as error:  # Dask's own, where there is no scheduler to begin with
        print(f"    {error}", flush=True)
        return SENTENCE
    return 0


def begin(folder: Path, scheduler: Path | None) -> subprocess.Popen:
    command = [sys.executable, __file__, "--inside", str(folder)]
    return subprocess.Popen([*command, str(scheduler)] if scheduler else command)


def victim_of(kind: str, cluster: Cluster, client: Client, searcher: int, luck: int) -> int | None:
    """The process to kill; None if it has not begun, or is over."""
    if kind.startswith("searcher"):
        return searcher
    if kind == "scheduler":
        return cluster.scheduler.pid
    if kind == "nanny":
        return cluster.nannies[luck % WORKERS].pid
    if kind == "worker":
        return sorted(client.run(os.getpid).values())[luck % WORKERS]
    try:
        children = psutil.Process(searcher).children()
        pool = [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]
    except psutil.Error:
        return None
    return pool[luck % len(pool)] if pool else None


def ended(process: subprocess.Popen) -> int | None:
    """The status of a search, or None if it hangs."""
    try:
        return process.wait(BOUND)
    except subprocess.TimeoutExpired:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait()
        return None


def problems(
    kind: str, folder: Path, cluster: Cluster, after: float, luck: int, undisturbed
) -> list[str] | None:
    """What was wrong in one turn; None if the search was over before its time had come."""
    scheduler = None if "pool" in kind else cluster.file
    client = cluster.restart()
    searcher = begin(folder, scheduler)
    time.sleep(after)
    victim = victim_of(kind, cluster, client, searcher.pid, luck)
    client.close()
    if victim is None or searcher.poll() is not None:
        ended(searcher)
        return None
    os.kill(victim, signal.SIGKILL)
    status = ended(searcher)
    found = []
    if status not in (0, SENTENCE, -signal.SIGKILL):
        found.append("it hung" if status is None else f"it ended with the status {status}")
    if status != 0:
        cluster.restart().close()
        status = ended(begin(folder, scheduler))
        if status != 0:
            found.append(f"begun again it ended with the status {status}")
    return found or wrong(search_on_a_pool(folder), undisturbed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill and go on; return 0 if every search was complete in the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=50, help="how many searches are disturbed")
    parser.add_argument("--seed", type=int, default=0, help="draws the moments and the workers")
    parser.add_argument("--inside", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        folder, scheduler = (*options.inside, None)[:2]
        return search_here(Path(folder), scheduler)
    rng, complete, done = np.random.default_rng(options.seed), 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        cluster = Cluster(Path(scratch))
        try:
            cluster.restart().close()
            ended(begin(Path(scratch) / "warm-up", cluster.file))
            begun = time.perf_counter()
            ended(begin(Path(scratch) / "undisturbed", cluster.file))
            seconds = time.perf_counter() - begun
            undisturbed = search_on_a_pool(Path(scratch) / "undisturbed")
            for turn, kind in enumerate(islice(cycle(VICTIMS), 3 * options.times)):
                if done == options.times:
                    break
                after, luck = rng.uniform(0, seconds), int(rng.integers(WORKERS))
                folder = Path(scratch) / str(turn)
                found = problems(kind, folder, cluster, after, luck, undisturbed)
                if found is None:
                    continue
                done += 1
                complete += not found
                print(f"{kind} killed after {after:.1f} s: {', '.join(found) or 'complete'}")
                sys.stdout.flush()
        finally:
            cluster.end()
    print(f"{complete} of {done} searches complete, none hung, no trial lost or counted twice")
    return 0 if complete == done == options.times else 1


if __name__ == "__main__":
    sys.exit(main())
