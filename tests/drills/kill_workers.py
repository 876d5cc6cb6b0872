"""Kill Dask workers with SIGKILL in mid-search, and count what was lost.

    python tests/drills/kill_workers.py --times 10 [--kind random] [--seed 0]

Each time a search runs on a local cluster of two workers, one of which is killed at a random
moment.  The search must come to its end, and to the very table, the curves and the weights of one
that nobody disturbed: no trial lost, none counted twice.  Needs the package `distributed`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

# As the tests name the module: workers look for the space under its name.
sys.path.insert(0, str(Path(__file__).parents[1]))

from drills.kill_and_resume import EPOCHS, KINDS, TRIALS, differences, run

from nascourse import search

# isort: split
import dask
import numpy as np
from distributed import Client, LocalCluster

WORKERS = 2
# Dask gives up a worker that needs longer to come back, or that reads nothing for so long, as it
# does while it imports TensorFlow on a busy machine.
PATIENCE = {
    "distributed.deploy.lost-worker-timeout": "2 minutes",
    "distributed.comm.timeouts.tcp": "300s",
}


def elsewhere(client: Client) -> dict:
    """What lets the workers of the client train the trials of a search."""
    return {"executor": client.get_executor(), "in_flight": WORKERS + 1}


def wait_for_workers(client: Client) -> None:
    """Wait until both are there; a busy machine may let one fail to come back, which is replaced."""
    for _ in range(4):
        client.cluster.scale(WORKERS)  # replaces those that Dask has given up
        with contextlib.suppress(asyncio.TimeoutError):
            return client.wait_for_workers(WORKERS, timeout=60)
    raise TimeoutError(f"there are not {WORKERS} workers after four minutes")


def run_and_kill(
    kind: str, folder: Path, client: Client, *, after: float, victim: int
) -> search.Search | None:
    """A search in which a worker dies after so many seconds; None if it had ended before."""
    pid = sorted(client.run(os.getpid).values())[victim]
    killer = threading.Timer(after, os.kill, (pid, signal.SIGKILL))
    killer.start()
    try:
        found = run(kind, folder, **elsewhere(client))
        in_time = killer.finished.is_set()
    finally:
        killer.cancel()
        killer.join()
    return found if in_time else None


def wrong(found: search.Search, undisturbed: search.Search) -> list[str]:
    """What a worker's death has changed of a search."""
    problems = differences(found, undisturbed)
    numbers = found.table["trial"].tolist()
    if numbers != list(range(1, TRIALS + 1)):
        problems.append(f"trials {numbers}")
    if len(found.curves) != TRIALS * EPOCHS:
        problems.append(f"{len(found.curves)} epochs instead of {TRIALS * EPOCHS}")
    return problems


def drill(client: Client, times: int, *, kind: str = "random", seed: int = 0) -> int:
    """Disturb so many searches on two workers; return how many were complete all the same."""
    rng = np.random.default_rng(seed)
    complete, done = 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        wait_for_workers(client)
        run(kind, Path(scratch) / "warm-up", **elsewhere(client))
        begun = time.perf_counter()
        undisturbed = run(kind, Path(scratch) / "undisturbed", **elsewhere(client))
        seconds = time.perf_counter() - begun
        for attempt in range(3 * times):
            if done == times:
                break
            wait_for_workers(client)
            after, victim = rng.uniform(0, seconds), rng.integers(WORKERS)
            folder = Path(scratch) / f"{attempt}"
            begun = time.perf_counter()
            try:
                found = run_and_kill(kind, folder, client, after=after, victim=victim)
                problems = wrong(found, undisturbed) if found else None
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and shown
                problems = [f"{type(error).__name__}: {error}"]
            took = time.perf_counter() - begun
            if problems is None:
                continue  # the search was over before
            done += 1
            complete += not problems
            print(
                f"worker killed after {after:.1f} s, search took {took:.1f} s "
                f"(undisturbed {seconds:.1f} s): {', '.join(problems) or 'complete'}",
                flush=True,
            )
    return complete


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill workers; return 0 if every search was complete."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10, help="how many searches are disturbed")
    parser.add_argument("--kind", choices=KINDS, default="random")
    parser.add_argument("--seed", type=int, default=0, help="draws the moments and the workers")
    options = parser.parse_args(arguments)

    with (
        dask.config.set(PATIENCE),
        LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        complete = drill(client, options.times, kind=options.kind, seed=options.seed)
    print(f"{complete} of {options.times} searches complete with the exact budget")
    return 0 if complete == options.times else 1


if __name__ == "__main__":
    sys.exit(main())
