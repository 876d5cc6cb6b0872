"""How long does a search need until it hears of a pause or a stop?

    python tests/benchmarks/bench_stop.py

Both act where a search reports something, so the wait is at most the time between two reports.
Printed are the longest wait of each search, the wait that 95 of 100 clicks at random moments stay
under, and in which part of a trial the longest was.  The bar is 1 s, the aim 0.5 s.
"""

import os
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from nascourse import data, search, spaces

# isort: split
import numpy as np

SPACES = {"AutoKeras": spaces.autokeras_space(), "KerasTuner": spaces.cnn_space}


class Reports(search.Observer):
    """Notes when a search reported what."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.names: list[str] = []

    def _note(self, name: str) -> None:
        self.times.append(time.perf_counter())
        self.names.append(name)

    def trial_begin(self, trial):
        self._note("trial begins")

    def network_known(self, trial, network):
        self._note("network built")

    def batch_end(self, trial):
        self._note("batch")

    def epoch_end(self, trial, epoch, logs):
        self._note("epoch")

    def trial_end(self, row):
        self._note("trial ends")


def main() -> None:
    for name, space in SPACES.items():
        reports = Reports()
        with tempfile.TemporaryDirectory() as folder:
            search.run_search(
                space,
                data.load_mnist("bundled"),
                strategy="random",
                max_trials=5,
                epochs=5,
                seed=1,
                directory=folder,
                observer=reports,
            )
        gaps = np.diff(reports.times)
        longest = gaps.argmax()
        # A click falls into a gap as often as the gap is long, and anywhere in it.
        waits = np.concatenate([np.linspace(0, gap, int(gap * 10_000) + 1) for gap in gaps])
        print(
            f"{name}: longest {gaps.max():.2f} s, between '{reports.names[longest]}' and "
            f"'{reports.names[longest + 1]}'; 95 of 100 clicks wait less than "
            f"{np.quantile(waits, 0.95):.2f} s"
        )


if __name__ == "__main__":
    main()
