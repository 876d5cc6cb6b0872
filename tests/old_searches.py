"""Write the fixtures of ``test_old_versions`` with an old version of the package.

Run it where the old version is what ``import nascourse`` finds::

    git worktree add ../old e010db1
    PYTHONPATH=../old python tests/old_searches.py

It leaves in the folder ``data`` beside itself:

====================  ==========================================================================
``random``            the folder of a random search whose process died in trial 3 of 4
``greedy.zip``        a greedy search that was interrupted in trial 3 of 4, exported
``classifier.keras``  a network of AutoKeras behind a `spaces.RescalingBlock`, saved by Keras
====================  ==========================================================================
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autokeras as ak
import keras
import numpy as np

from nascourse import search
from nascourse.data import CLASSES, SealedTest, Splits
from nascourse.spaces import AutoKerasSpace, RescalingBlock, choice

try:
    from nascourse._engine.archive import export_search
except ModuleNotFoundError:  # up to November 2026
    from nascourse.archive import export_search

DATA = Path(__file__).with_name("data")
SEARCH = {"max_trials": 4, "epochs": 1, "seed": 3, "batch_size": 16}


def splits() -> Splits:
    """Splits of 40 random images, the same everywhere."""
    rng = np.random.default_rng(0)
    x = rng.integers(256, size=(60, 28, 28, 1)).astype("uint8")
    y = np.arange(60) % CLASSES
    return Splits(x[:40], y[:40], x[40:], y[40:], SealedTest(x[:0], y[:0]), "random pixels")


def tiny_space(hp) -> keras.Model:
    """A build function of KerasTuner, with one hyperparameter."""
    units = hp.Choice("units", [1, 2, 3, 4, 5, 6])
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), dtype="uint8"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.AveragePooling2D(14),
            keras.layers.Flatten(),
            keras.layers.Dense(units),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def tiny_autokeras_space() -> AutoKerasSpace:
    """Blocks of AutoKeras, with `RescalingBlock` in front."""
    image = ak.ImageInput(name="image")
    x = RescalingBlock(name="rescale")(image)
    x = ak.ConvBlock(
        kernel_size=3,
        num_blocks=choice("num_blocks", [2, 3]),
        num_layers=1,
        filters=choice("filters", [1, 2, 3]),
        dropout=0.0,
        max_pooling=True,
        separable=False,
        name="conv",
    )(x)
    x = ak.SpatialReduction(reduction_type="global_avg", name="reduce")(x)
    digit = ak.ClassificationHead(dropout=0.0, name="head")(x)
    return AutoKerasSpace(image, digit, {"conv/num_blocks": 2})


class StoppingAt(search.Observer):
    """Ends the search while a trial runs."""

    def __init__(self, trial: int, end: Callable[[], None]):
        self.trial, self.end = trial, end

    def network_known(self, trial: int, network: dict[str, Any]) -> None:
        if trial == self.trial:
            self.end()


def interrupt() -> None:
    raise KeyboardInterrupt


def random_search() -> None:
    search.run_search(
        tiny_space,
        splits(),
        strategy="random",
        directory=DATA / "random",
        observer=StoppingAt(3, functools.partial(os._exit, 1)),
        **SEARCH,
    )


def greedy_search(folder: Path) -> search.Search:
    return search.run_search(
        tiny_autokeras_space(),
        splits(),
        strategy="greedy",
        directory=folder,
        observer=StoppingAt(3, interrupt),
        **SEARCH,
    )


def main() -> None:
    shutil.rmtree(DATA / "random", ignore_errors=True)
    process = multiprocessing.get_context("spawn").Process(target=random_search)
    process.start()
    process.join()
    with tempfile.TemporaryDirectory() as folder:
        greedy_search(Path(folder) / "greedy").best_model().save(DATA / "classifier.keras")
        export_search(Path(folder) / "greedy", DATA / "greedy.zip")


if __name__ == "__main__":
    main()
