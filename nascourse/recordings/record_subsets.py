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
import bench_training as training
import numpy as np
import pandas as pd
import tensorflow as tf

from nascourse import data, spaces

NETWORKS, SIZES = 100, (250, 500, 1000, 2000)
FILE = Path(__file__).with_name("subsets.csv")


def val_accuracy(network: int, splits: data.Splits, images: training.Images, size: int) -> float:
    """The accuracy of a network after full training on ``size`` of the training images, run 0."""
    part = data.subset(splits, size)
    setting = spaces.settings(spaces.bench_space)[network]
    (run,) = training.train_runs(
        lambda: spaces.built(spaces.bench_space, setting),
        images._replace(x=part.x_train, y=part.y_train),
        [training.Seeds(0, 0)],
        network=network,
        judge_each=False,
    )
    return run["val_right"][-1] / images.n_val


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mnist", help="the full MNIST, whose images judge")
    parser.add_argument("--to", type=Path, default=FILE)
    options = parser.parse_args()
    splits = data.load_mnist("bundled", test_data=options.mnist)
    images = training.load_images(options.mnist)
    size = spaces.size(spaces.bench_space)
    chosen = np.random.default_rng(0).choice(size, NETWORKS, replace=False)

    rows = recorder.rows_in(options.to)
    for network in chosen[len(rows) :].tolist():
        row = {"network": network}
        row |= {str(size): val_accuracy(network, splits, images, size) for size in SIZES}
        rows.append(row)
        recorder.save(pd.DataFrame(rows), options.to)
        print(len(rows), row, flush=True)
        tf.keras.backend.clear_session()


if __name__ == "__main__":
    main()
