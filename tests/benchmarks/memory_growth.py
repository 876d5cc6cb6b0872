"""How much memory does a process hold more after 50 further trials?

    python tests/benchmarks/memory_growth.py [--libraries keras_tuner autokeras]

Trials train small random CNNs for one epoch of 400 images, in one search.  The first ten trials do not
count: they fill caches that stay.
"""

from __future__ import annotations

import argparse
import gc
import tempfile

from nascourse import data, search, spaces

# isort: split
import psutil

FIRST, MORE = 10, 50
SPACES = {"keras_tuner": spaces.cnn_space, "autokeras": spaces.autokeras_space()}


class Memory(search.Observer):
    """The resident memory of this process after each trial, in MiB."""

    def __init__(self):
        self.after = {}

    def trial_end(self, row: dict) -> None:
        gc.collect()
        self.after[row["trial"]] = psutil.Process().memory_info().rss / 2**20
        if row["trial"] % 10 == 0:
            print(f"  trial {row['trial']}: {self.after[row['trial']]:.0f} MiB", flush=True)


def main() -> None:
    """Search twice, once with each library, and print the growth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--libraries", nargs="+", choices=SPACES, default=list(SPACES))
    options = parser.parse_args()
    splits = data.subset(data.load_mnist("bundled"), 400)
    for library in options.libraries:
        memory = Memory()
        with tempfile.TemporaryDirectory() as folder:
            search.run_search(
                SPACES[library],
                splits,
                strategy="random",
                max_trials=FIRST + MORE,
                epochs=1,
                seed=1,
                directory=folder,
                observer=memory,
            )
        last = max(memory.after)
        grown = memory.after[last] - memory.after[FIRST]
        print(f"{library}: {grown:+.0f} MiB over {last - FIRST} trials")


if __name__ == "__main__":
    main()
