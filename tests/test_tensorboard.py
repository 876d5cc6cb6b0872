"""A search that writes TensorBoard's logs: what stands in them, and the server that shows them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from nascourse import search

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("frozen_libraries")]

TRIALS, EPOCHS = 2, 2
RUNS = sorted(
    f"{trial}/execution0/{part}" for trial in range(TRIALS) for part in ("train", "validation")
)


def tiny_space(hp) -> keras.Model:
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    x = layers.Dense(hp.Choice("units", [2, 4]), activation="relu")(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def found(small, tmp_path_factory) -> search.Search:
    """A search whose logs lie in the folder ``logs`` of its own folder."""
    folder = tmp_path_factory.mktemp("search")
    return search.run_search(
        tiny_space,
        small,
        strategy="random",
        max_trials=TRIALS,
        epochs=EPOCHS,
        directory=folder,
        callbacks=[keras.callbacks.TensorBoard(folder / "logs")],
        observer=search.Observer(),
        overwrite=True,
    )


def test_each_trial_has_its_own_folder_with_its_own_curves(found):
    logs = found.directory / "logs"

    assert (
        sorted(run.relative_to(logs).as_posix() for run in logs.glob("*/*/*") if run.is_dir())
        == RUNS
    )
    for trial, curve in found.curves.groupby("trial"):
        for part, prefix in (("train", ""), ("validation", "val_")):
            events = EventAccumulator(str(logs / str(trial - 1) / "execution0" / part)).Reload()
            for metric in ("accuracy", "loss"):
                scalars = events.Tensors(f"epoch_{metric}")
                values = [make_ndarray(scalar.tensor_proto).item() for scalar in scalars]
                assert [scalar.step for scalar in scalars] == list(range(EPOCHS))
                np.testing.assert_allclose(values, curve[prefix + metric], rtol=1e-6)


def test_the_server_shows_the_runs(found, tmp_path):
    with socket.socket() as probe:  # a port that is free
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", found.directory / "logs"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--load_fast", "false"]
    log = tmp_path / "log.txt"
    with log.open("w") as file:
        server = subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, "TMPDIR": str(tmp_path)}
        )
    try:
        shown = wait_for_runs(server, f"http://127.0.0.1:{port}/data/plugin/scalars/tags", log)
    finally:
        server.terminate()
        server.wait(30)
    # Besides the curves, KerasTuner logs the hyperparameters of each trial.
    assert sorted(run for run, tags in shown.items() if "epoch_accuracy" in tags) == RUNS


def wait_for_runs(server: subprocess.Popen, address: str, log: Path) -> dict:
    """Ask until all runs are there: the server answers before it has read the logs.

    It loads TensorFlow first, which takes a minute where others keep the machine busy.
    """
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(1200):
        assert server.poll() is None, log.read_text()
        try:
            with no_proxy.open(address, timeout=60) as answer:
                shown = json.load(answer)
        except OSError:
            shown = {}
        if set(RUNS) <= set(shown):
            return shown
        time.sleep(0.2)
    pytest.fail(f"TensorBoard showed {sorted(shown)} after four minutes.\n{log.read_text()}")
