"""Record the Bayesian searches that `benchmark.simulate` replays.

    python nascourse/recordings/record_bayesian.py --seeds 20 --budget 100 --processes 2

KerasTuner's Bayesian optimization takes most of a second for a proposal, so these searches take
half an hour of one core.  Each finished one lies in runs/bench_bayesian, and the script goes on
where it was stopped.  When the table of MNIST-NAS-Bench changes, empty that folder and run it again.
"""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd
import recorder

from nascourse import benchmark
from nascourse._engine.waiting import result_of

recorder.use_one_thread()  # several processes, and small matrices
OUT = Path("runs/bench_bayesian")
FILE = Path(__file__).with_name(f"{benchmark.NAME}_bayesian.csv.gz")


def record(seed: int, budget: int) -> Path:
    """Search with one seed, unless it has been done, and return the file of that search."""
    path = OUT / f"{budget}_trials_seed_{seed}.csv"
    if not path.exists():
        from nascourse.strategies import make_oracle

        strategies = {"bayesian": partial(make_oracle, "bayesian")}  # by name it would be replayed
        table = benchmark.simulate(strategies, budget=budget, seeds=[seed])
        recorder.save(table[["seed", "trial", "network", "val_accuracy"]], path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many, from 0")
    parser.add_argument("--budget", type=int, default=100, help="trials of a search")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--to", type=Path, default=FILE)
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    spawn = multiprocessing.get_context("spawn")  # a forked TensorFlow may hang
    with ProcessPoolExecutor(options.processes, mp_context=spawn) as pool:
        jobs = [pool.submit(record, seed, options.budget) for seed in range(options.seeds)]
        paths = []
        for seed, job in enumerate(jobs):
            paths.append(result_of(job, pool, f"the search with the seed {seed}"))
            print(f"{len(paths)} of {len(jobs)}: {paths[-1]}", flush=True)
    table = pd.concat(map(pd.read_csv, paths))
    table.to_csv(options.to, index=False, compression={"method": "gzip", "mtime": 0})
    print(f"{options.to}: {len(table):,} trials")


if __name__ == "__main__":
    main()
