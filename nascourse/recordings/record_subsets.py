"""Record how networks of the benchmark fare when they are trained on few images.

    python nascourse/recordings/record_subsets.py MNIST.npz

Trains 100 networks of `spaces.bench_space` on subsets of MNIST-NAS-Bench's training images, for as
many epochs as there, and judges them by the same validation images.  Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import recorder

recorder.use_one_thread()

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import make_bench_table as making
import numpy as np
import pandas as pd
import tensorflow as tf

from nascourse import data, spaces

NETWORKS, SIZES = 100, (250, 500, 1000, 2000)
FILE = Path(__file__).with_name("subsets.csv")


def val_accuracy(setting: dict, splits: data.Splits, size: int) -> float:
    """The accuracy of a network after full training on ``size`` of the training images, seed 0."""
    part = data.subset(splits, size)
    judged = tf.constant(splits.x_val), tf.constant(splits.y_val)
    images = making.Images(
        tf.constant(part.x_train), tf.constant(part.y_train), *judged, len(splits.y_val)
    )
    (run,) = making.train_seeds(
        lambda: spaces.built(spaces.bench_space, setting), images, seeds=[0]
    )
    return run["val_accuracy"][-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mnist", help="the full MNIST, whose test images the table holds out")
    parser.add_argument("--to", type=Path, default=FILE)
    options = parser.parse_args()
    splits = data.load_mnist("bundled", test_data=options.mnist)
    settings = spaces.settings(spaces.bench_space)
    chosen = np.random.default_rng(0).choice(len(settings), NETWORKS, replace=False)

    rows = recorder.rows_in(options.to)
    for network in chosen[len(rows) :].tolist():
        setting = settings[network]
        row = {"network": network}
        row |= {str(size): round(val_accuracy(setting, splits, size), 4) for size in SIZES}
        rows.append(row)
        recorder.save(pd.DataFrame(rows), options.to)
        print(len(rows), row, flush=True)
        tf.keras.backend.clear_session()


if __name__ == "__main__":
    main()
