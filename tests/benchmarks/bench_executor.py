"""How much faster are two Dask workers than one process?  Prints the ratio; bar 1.5, aim 1.8.

Both train the very same networks: in this process, where TensorFlow may use both processors, and
in two workers with one thread each.  They take turns, the first one changes, and the ratio is the
median over the turns.  Turn 0 warms up the workers.  Needs the package `distributed`.
"""

import argparse
import tempfile
import time
from statistics import median

from nascourse import data, search, spaces

TRIALS, EPOCHS, WORKERS = 16, 2, 2
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def run(splits: data.Splits, folder: str, executor=None) -> search.Search:
    return search.run_search(
        spaces.cnn_space,
        splits,
        strategy="random",
        max_trials=TRIALS,
        epochs=EPOCHS,
        seed=1,
        directory=folder,
        observer=search.Observer(),
        executor=executor,
        in_flight=2 * WORKERS,
    )


def main() -> None:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        print("skipped: needs the package distributed")
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=4)
    turns = parser.parse_args().turns
    splits = data.load_mnist("bundled")
    ratios = []
    with (
        LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            env=ONE_THREAD,
        ) as cluster,
        Client(cluster) as client,
    ):
        executors = {"serial": None, "Dask": client.get_executor()}
        for turn in range(turns + 1):  # turn 0 warms up
            seconds, scores = {}, {}
            for name in sorted(executors, reverse=turn % 2):
                with tempfile.TemporaryDirectory() as folder:
                    begun = time.perf_counter()
                    found = run(splits, folder, executors[name])
                    seconds[name] = time.perf_counter() - begun
                scores[name] = found.table["val_accuracy"].tolist()
            print(
                f"turn {turn}: serial {seconds['serial']:.1f} s, Dask {seconds['Dask']:.1f} s",
                flush=True,
            )
            assert len(scores["serial"]) == len(scores["Dask"]) == TRIALS
            if turn:
                ratios.append(seconds["serial"] / seconds["Dask"])
    print(
        f"Dask with {WORKERS} workers, {TRIALS} trials x {EPOCHS} epochs: {median(ratios):.2f} "
        f"times as fast as serial (median of {turns} turns, {min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
