"""The same searches with PyTorch behind Keras, and the recording of both backends.

Keras chooses its backend when it is first imported, so all of it happens in a process of its own,
and is skipped where PyTorch is not installed.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

import pytest

from nascourse import trials

pytestmark = pytest.mark.slow

SCRIPT = """
import gc
import importlib
import json
from pathlib import Path
from unittest import mock

from nascourse import CourseError, data, evaluation, search, spaces

import keras
import keras_tuner
import torch
from sklearn.metrics import accuracy_score

gc.freeze()  # KerasTuner runs the collector twice in every trial
torch.set_num_threads(1)
bundled = data.load_mnist("bundled")
splits = data.Splits(
    bundled.x_train[:64], bundled.y_train[:64], bundled.x_val[:50], bundled.y_val[:50],
    data.SealedTest(bundled.x_val[50:100], bundled.y_val[50:100]), "a test",
)
said = {"backend": keras.backend.backend()}


def run(folder, space, strategy, **options):
    return search.run_search(
        space, splits, strategy=strategy, max_trials=2, epochs=1, seed=3, directory=folder,
        observer=search.Observer(), **options,
    )


def story(found):
    model = found.best_model()
    return {
        "status": found.table["status"].tolist(),
        "val_accuracy": found.table["val_accuracy"].tolist(),
        "val_loss": found.table["val_loss"].tolist(),
        "stopped": found.stopped,
        "best": found.best["val_accuracy"],
        "reloaded": accuracy_score(splits.y_val, evaluation.predict(model, splits.x_val)),
        "computed by": type(model.weights[0].value).__module__,
    }


found = run("random", spaces.cnn_space, "random")
said["random"] = story(found)
said["random again"] = story(run("again", spaces.cnn_space, "random"))
said["gone on"] = story(run("random", spaces.cnn_space, "random"))
said["autokeras"] = story(run("greedy", spaces.autokeras_space(), "greedy"))

with mock.patch.object(keras.backend, "backend", lambda: "tensorflow"):
    try:
        run("random", spaces.cnn_space, "random")
    except CourseError as error:
        said["refused"] = str(error)

said["methods"] = {}
for method in ("proxies", "darts", "litert"):
    try:
        importlib.import_module(f"nascourse.methods.{method}")
    except CourseError as error:
        said["methods"][method] = str(error)

latency = evaluation.measure_latency(found.best_model(), warm_up=1, repeats=3)
said["latency"] = [latency.median_ms, latency.p95_ms, latency.repeats]
said["saved"] = evaluation.saved_size(found.best_model())
said["retrained"] = search.retrain(found, epochs=1, observer=search.Observer()).count_params()
said["n_params"] = int(found.best["n_params"])

tuner = keras_tuner.Hyperband(
    spaces.cnn_space, objective="val_accuracy", max_epochs=2, factor=2, seed=1,
    directory="hyperband",
)
tuner.search(
    splits.x_train, splits.y_train, validation_data=(splits.x_val, splits.y_val), verbose=0
)
said["hyperband"] = [
    [trial.status, trial.hyperparameters.get("tuner/epochs"), trial.score]
    for trial in tuner.oracle.trials.values()
]
Path("said.json").write_text(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(run_python, tmp_path_factory) -> dict[str, Any]:
    if find_spec("torch") is None:
        pytest.skip("PyTorch is an optional requirement")
    folder = tmp_path_factory.mktemp("torch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("OMP_NUM_THREADS", "1")
        done = run_python("-c", SCRIPT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "said.json").read_text()) | {"stderr": done.stderr}


@pytest.mark.parametrize("search", ["random", "autokeras"])
def test_a_search_completes(said, search):
    found = said[search]

    assert said["backend"] == "torch"
    assert found["computed by"].startswith("torch")
    assert found["status"] == ["completed"] * 2
    assert found["stopped"] == "the budget of 2 trials is spent"
    assert found["best"] == max(found["val_accuracy"])
    assert found["reloaded"] == pytest.approx(found["best"])


def test_a_seed_repeats_a_search(said):
    assert said["random again"] == said["random"]


def test_a_finished_search_is_not_trained_again(said):
    assert said["gone on"]["stopped"].endswith("nothing is trained again")
    assert said["gone on"]["val_loss"] == said["random"]["val_loss"]


def test_a_search_does_not_go_on_with_another_backend(said):
    assert "backend" in said["refused"]


def test_methods_that_need_tensorflow_say_so(said):
    assert set(said["methods"]) == {"proxies", "darts", "litert"}
    for method, sentence in said["methods"].items():
        assert f"nascourse.methods.{method} computes with TensorFlow" in sentence
        assert "KERAS_BACKEND=torch" in sentence


def test_the_network_is_measured_and_trained_again(said):
    median, p95, repeats = said["latency"]

    assert 0 < median <= p95
    assert repeats == 3
    assert said["saved"] > 4 * said["n_params"]
    assert said["retrained"] == said["n_params"]


def test_plain_hyperband(said):
    statuses, epochs, scores = zip(*said["hyperband"])

    # Two start with one epoch, the better one goes on to two; and two have two from the start.
    assert set(statuses) == {"COMPLETED"}
    assert sorted(epochs) == [1, 1, 2, 2, 2]
    assert all(0 <= score <= 1 for score in scores)


def test_nothing_is_said_that_looks_like_a_fault(said):
    assert "oneDNN" not in said["stderr"]
    assert "Error" not in said["stderr"]


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    """The recorded trials of each backend, in the same order."""
    order = ["strategy", "seed", "trial"]
    table = trials.recorded("backends").sort_values(order)
    return {name: part.set_index(order) for name, part in table.groupby("backend")}


def test_both_backends_are_recorded_alike(recorded):
    tensorflow, torch = recorded["tensorflow"], recorded["torch"]

    assert tensorflow.index.equals(torch.index)
    assert tensorflow.index.unique("seed").tolist() == [1, 2, 3]
    assert tensorflow.groupby(["strategy", "seed"]).size().tolist() == [4] * 6
    for table in recorded.values():
        assert table["val_accuracy"].between(0, 1).all()
        assert (table["processor_seconds"] > 0).all()


def test_both_draw_the_same_networks_at_random(recorded):
    columns = ["architecture", "n_params"]
    tensorflow, torch = (recorded[name].loc["random", columns] for name in ("tensorflow", "torch"))

    assert tensorflow.equals(torch)


def test_greedy_search_begins_alike(recorded):
    """Its first network is given; the others depend on what it heard."""
    first = {
        table.loc[("greedy", seed, 1), "architecture"]
        for table in recorded.values()
        for seed in (1, 2, 3)
    }
    assert len(first) == 1
