"""Run AutoKeras's published snippet as it stands, up to a limit, and record what it costs.

    python nascourse/recordings/published_snippet.py MNIST.npz --run 1 --cpu-minutes 12

The snippet is the one that circulates in tutorials: an ``ImageClassifier`` with ``tuner="greedy"``,
five trials, five epochs, 1,000 MNIST images.  Only two things differ here: the images come from a
file instead of a download, and a callback writes down what happens.  Each run adds its trials to
nascourse/recordings/published_snippet.csv.  It takes several gigabytes of memory, so it is never
part of the tests.
"""

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import autokeras as ak
import keras
import numpy as np
import pandas as pd
import psutil
import recorder

FILE = Path(__file__).with_name("published_snippet.csv")
NETWORKS = ("resnet", "efficientnet", "xception")


class Recorder(keras.callbacks.Callback):
    """One row for each training; AutoKeras copies its callbacks, so the copies share the rows."""

    def __init__(self, run: int):
        super().__init__()
        self.run, self.peak = run, 0
        self.rows: list[dict[str, Any]] = []
        self.process = psutil.Process()

    def __deepcopy__(self, memo):
        return self

    def on_train_begin(self, logs=None):
        layers = self.model.layers
        networks = [layer.name for layer in layers if layer.name.startswith(NETWORKS)]
        sizes = [layer.height for layer in layers if isinstance(layer, keras.layers.Resizing)]
        self.began = self.cpu_seconds()
        self.rows.append(
            {
                "run": self.run,
                "training": len(self.rows) + 1,
                "network": networks[0] if networks else "plain CNN",
                "pixels": sizes[0] if sizes else 28,
                "n_params": self.model.count_params(),
                "epochs": 0,
                "cpu_seconds": 0,
            }
        )

    def on_epoch_end(self, epoch, logs=None):
        row = self.rows[-1]
        row["epochs"] = epoch + 1
        row["val_accuracy"] = round(float(logs.get("val_accuracy", "nan")), 4)

    def cpu_seconds(self) -> float:
        used = self.process.cpu_times()
        return used.user + used.system

    def measure(self) -> None:
        """Bring the last row and the peak memory up to date."""
        self.peak = max(self.peak, self.process.memory_info().rss)
        if self.rows:
            self.rows[-1]["cpu_seconds"] = round(self.cpu_seconds() - self.began)

    def save(self, *, finished: bool, test_accuracy: float | None = None) -> None:
        new = pd.DataFrame(self.rows).assign(
            finished=finished,
            test_accuracy=test_accuracy,
            run_cpu_seconds=round(self.cpu_seconds()),
            run_peak_mb=round(self.peak / 2**20),
        )
        old = [pd.read_csv(FILE)] if FILE.exists() else []
        recorder.save(pd.concat([*old, new]), FILE)


def watch(recorder: Recorder, cpu_minutes: float) -> None:
    """Keep the peak memory, and end the process when its time is up."""
    while recorder.cpu_seconds() < 60 * cpu_minutes:
        recorder.measure()
        time.sleep(0.5)
    recorder.save(finished=False)
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--run", type=int, required=True, help="the number of this run")
    parser.add_argument("--cpu-minutes", type=float, default=12)
    options = parser.parse_args()

    recorder = Recorder(options.run)
    threading.Thread(target=watch, args=(recorder, options.cpu_minutes), daemon=True).start()

    data = np.load(options.data)
    x_train = data["x_train"].reshape(-1, 28, 28, 1)[:1000]
    y_train = data["y_train"][:1000]
    x_test, y_test = data["x_test"].reshape(-1, 28, 28, 1)[:1000], data["y_test"][:1000]

    os.chdir(tempfile.mkdtemp())
    model = ak.ImageClassifier(max_trials=5, overwrite=True, tuner="greedy")
    model.fit(x_train, y_train, epochs=5, validation_split=0.2, callbacks=[recorder])
    test_accuracy = model.evaluate(x_test, y_test)[1]
    recorder.measure()
    recorder.save(finished=True, test_accuracy=round(float(test_accuracy), 4))


if __name__ == "__main__":
    main()
