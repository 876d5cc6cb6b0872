"""Record the same searches with both backends of Keras, for unit 14.

    python nascourse/recordings/record_torch.py

Keras chooses its backend when it is first imported, so each backend has a process of its own, with
one thread.  It needs PyTorch, an optional requirement, and takes a few minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import recorder

FILE = Path(__file__).with_name("backends.csv")
BACKENDS = ("tensorflow", "torch")
SEEDS = range(1, 4)
COLUMNS = ["backend", "strategy", "seed", "trial", "status", "architecture"]
COLUMNS += ["n_params", "val_accuracy", "processor_seconds"]


def searches() -> pd.DataFrame:
    """Search with the backend of this process: one row a trial."""
    from nascourse import data, search, spaces

    class Stopwatch(search.Observer):
        """Processor time of each trial: other programs lengthen the wall time."""

        def search_begin(self, max_trials: int, epochs: int) -> None:
            self.seconds: list[float] = []

        def trial_begin(self, trial: int) -> None:
            self._start = time.process_time()

        def trial_end(self, row: dict[str, Any]) -> None:
            self.seconds.append(round(time.process_time() - self._start, 2))

    splits, tables = data.load_mnist("bundled"), []
    for seed in SEEDS:
        for strategy in ("random", "greedy"):
            stopwatch = Stopwatch()
            with tempfile.TemporaryDirectory() as folder:
                table = search.run_search(
                    spaces.cnn_space if strategy == "random" else spaces.autokeras_space(),
                    splits,
                    strategy=strategy,
                    max_trials=4,
                    epochs=2,
                    seed=seed,
                    directory=folder,
                    observer=stopwatch,
                ).table
            table = table.assign(strategy=strategy, seed=seed, processor_seconds=stopwatch.seconds)
            tables.append(table.round({"val_accuracy": 4}))
    return pd.concat(tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--backend", choices=BACKENDS, help="this one only, in this process")
    parser.add_argument("--to", type=Path, default=FILE, help="another file to write")
    options = parser.parse_args()
    if options.backend:
        table = searches().assign(backend=options.backend)[COLUMNS]
    else:
        tables = []
        for backend in BACKENDS:
            part = options.to.with_suffix(f".{backend}")
            command = [sys.executable, __file__, "--backend", backend, "--to", str(part)]
            environment = {**os.environ, **recorder.ONE_THREAD, "KERAS_BACKEND": backend}
            subprocess.run(command, env=environment, check=True, timeout=3600)
            tables.append(pd.read_csv(part))
            part.unlink()
        table = pd.concat(tables)
    recorder.save(table, options.to)


if __name__ == "__main__":
    main()
