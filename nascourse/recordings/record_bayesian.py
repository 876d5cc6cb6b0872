"""Record the Bayesian searches that `benchmark.simulate` replays.

    python nascourse/recordings/record_bayesian.py --seeds 20 --budget 100 --processes 2

KerasTuner's Bayesian optimization takes most of a second for a proposal, so these searches take
half an hour of one core.  Each finished one lies in runs/bench_bayesian, and the script goes on
where it was stopped.  When the table of MNIST-NAS-Bench changes, empty that folder and run it again.
"""

import argparse
import io
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

import pandas as pd

import nascourse
from nascourse import benchmark

os.environ["OMP_NUM_THREADS"] = "1"  # several processes, and small matrices
os.environ["OPENBLAS_NUM_THREADS"] = "1"
OUT = Path("runs/bench_bayesian")
SHIPPED = Path(nascourse.__file__).parent / "recordings" / f"{benchmark.NAME}_bayesian.csv.gz"


def record(seed: int, budget: int) -> Path:
    """Search with one seed, unless that was done, and return the file of it."""
    path = OUT / f"{budget}_trials_seed_{seed}.csv"
    if not path.exists():
        from nascourse.strategies import make_oracle

        live = {"bayesian": partial(make_oracle, "bayesian")}
        table = benchmark.simulate(live, budget=budget, seeds=[seed])
        text = table[["seed", "trial", "network", "val_accuracy"]].to_csv(index=False)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(text)
        unfinished.rename(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many, from 0")
    parser.add_argument("--budget", type=int, default=100, help="trials of a search")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--to", type=Path, default=SHIPPED)
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    spawn = multiprocessing.get_context("spawn")  # a forked TensorFlow may hang
    with ProcessPoolExecutor(options.processes, mp_context=spawn) as pool:
        jobs = [pool.submit(record, seed, options.budget) for seed in range(options.seeds)]
        for done, job in enumerate(as_completed(jobs), 1):
            print(f"{done} of {len(jobs)}: {job.result()}", flush=True)
    texts = [job.result().read_text() for job in jobs]
    table = pd.concat([pd.read_csv(io.StringIO(text)) for text in texts])
    table.to_csv(options.to, index=False, compression={"method": "gzip", "mtime": 0})
    print(f"{options.to}: {len(table):,} trials")


if __name__ == "__main__":
    main()
