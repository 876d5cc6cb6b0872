"""How much faster are two workers than one process?  Prints the ratios; bar 1.5 for Dask, aim 1.8.

    python tests/benchmarks/bench_executor.py [--turns 4] [--record]

All train the very same networks: this process, where TensorFlow may use both processors, a pool of
two processes, and two workers of Dask, each worker with one thread.  They take turns, the first one
changes, and a ratio is the median over the turns.  While one is measured the others do not exist,
and a first short search lets its workers load what they need.  ``--record`` writes the seconds to
``nascourse/recordings/executors.csv``, and when each worker of Dask had which trial in the last turn
to ``executors_timeline.csv``.  Needs the package `distributed`.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pandas as pd

from nascourse import data, search, spaces

TRIALS, EPOCHS, WORKERS = 16, 2, 2
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
FOLDER = Path(__file__).resolve().parents[2] / "nascourse" / "recordings"


def use_one_thread() -> None:
    """In a new process, before TensorFlow computes."""
    os.environ.update(ONE_THREAD)


@contextmanager
def processes() -> Iterator[Executor]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=spawn, initializer=use_one_thread) as pool:
        yield pool


@contextmanager
def dask() -> Iterator[Executor]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0", env=ONE_THREAD
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()


EXECUTORS = {"serial": nullcontext, "processes": processes, "Dask": dask}


def seconds_of(splits: data.Splits, executor: Executor | None, trials: int = TRIALS) -> float:
    """The time of one search."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        found = search.run_search(
            spaces.cnn_space,
            splits,
            strategy="random",
            max_trials=trials,
            epochs=EPOCHS,
            seed=1,
            directory=folder,
            observer=search.Observer(),
            executor=executor,
            in_flight=4 * WORKERS if executor else None,
        )
        seconds = time.perf_counter() - begun
    assert len(found.table) == trials
    return round(seconds, 1)


def timeline(tasks: list[dict]) -> pd.DataFrame:
    """One row a trial that a worker of Dask had: worker (from 1), begin and end in seconds."""
    rows = [
        {"worker": task["worker"], "begin": part["start"], "end": part["stop"]}
        for task in tasks
        for part in task["startstops"]
        if part["action"] == "compute"
    ]
    table = pd.DataFrame(rows).sort_values("begin", ignore_index=True)
    table["worker"] = pd.factorize(table["worker"])[0] + 1
    times = ["begin", "end"]
    table[times] = (table[times] - table["begin"].min()).round(2)
    return table


def take_turns(turns: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a search: turn, executor, seconds; and the timeline of Dask's last one."""
    from distributed import get_task_stream

    splits = data.load_mnist("bundled")
    rows, tasks = [], []
    for turn in range(1, turns + 1):
        for name in sorted(EXECUTORS, reverse=turn % 2):
            with EXECUTORS[name]() as executor:
                seconds_of(splits, executor, trials=2 * WORKERS)
                watched = get_task_stream() if name == "Dask" else nullcontext()
                with watched as stream:
                    seconds = seconds_of(splits, executor)
                tasks = stream.data if stream else tasks
            rows.append({"turn": turn, "executor": name, "seconds": seconds})
            print("turn {turn}, {executor}: {seconds} s".format(**rows[-1]), flush=True)
    return pd.DataFrame(rows), timeline(tasks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    try:
        table, last = take_turns(options.turns)
    except ImportError:
        print('skipped: it needs Dask; pip install -e ".[dask]" brings it')
        return
    turns = table.pivot(index="turn", columns="executor", values="seconds")
    for name in ("processes", "Dask"):
        ratios = turns["serial"] / turns[name]
        print(
            f"{name}, {WORKERS} workers, {TRIALS} trials x {EPOCHS} epochs: {ratios.median():.2f} "
            f"times as fast as serial (median of {len(ratios)} turns, {ratios.min():.2f} to "
            f"{ratios.max():.2f})"
        )
    if options.record:
        table.to_csv(FOLDER / "executors.csv", index=False)
        last.to_csv(FOLDER / "executors_timeline.csv", index=False)


if __name__ == "__main__":
    main()
