"""The network is blamed for what the network does, and for nothing else."""

from __future__ import annotations

import errno
import inspect
import os
import subprocess
import sys
import urllib.error

import keras
import keras_tuner
import numpy as np
import pytest
from keras import layers

from nascourse import CourseError, search, spaces
from nascourse._engine import compat, loops, preflight
from nascourse._engine.blame import blame
from nascourse._engine.recording import Recording, parse

pytestmark = pytest.mark.usefixtures("frozen_libraries", "spaces_described_once")


def network(units: int) -> keras.Model:
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Dense(units)(layers.Flatten()(layers.Rescaling(1 / 255)(image)))
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def space(hp):
    return network(hp.Choice("units", [4, 8, 12]))


@pytest.fixture(scope="module")
def run(small):
    def run(directory, space=space, **options) -> search.Search:
        usual = {"strategy": "random", "max_trials": 2, "epochs": 1, "observer": search.Observer()}
        return search.run_search(space, small, directory=directory, **(usual | options))

    return run


@pytest.mark.parametrize(
    "error, culprit",
    [
        (ValueError("negative dimension"), "network"),
        (MemoryError(), "network"),
        (FileNotFoundError(errno.ENOENT, "no such file"), "network"),
        (OSError(errno.EMFILE, "too many open files"), "machine"),
        (OSError(errno.ENOSPC, "no space left on device"), "machine"),
        (ConnectionResetError(), "machine"),
        (TimeoutError("the read operation timed out"), "machine"),
        (PermissionError(errno.EACCES, "held by another program"), "machine"),
        (urllib.error.URLError("no route"), "machine"),
        (Exception("URL fetch failure on https://host/weights.h5: None -- no route"), "machine"),
    ],
)
def test_who_is_blamed(error, culprit):
    assert blame(error) == culprit


def test_what_stands_behind_an_error_counts():
    error = ValueError("cannot save")
    error.__cause__ = OSError(errno.EDQUOT, "quota exceeded")

    assert blame(error) == "machine"


class Breaks(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyError("mine")


@pytest.mark.slow
@pytest.mark.parametrize(
    "callback", [Breaks(), keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / 0)]
)
def test_a_callback_that_fails_ends_the_search_and_counts_no_trial(run, tmp_path, callback):
    with pytest.raises(CourseError) as raised:
        run(tmp_path, callbacks=[callback])

    text = str(raised.value)
    assert f"The callback {type(callback).__name__} failed in trial 1" in text
    assert "\n" not in text and text.endswith(".")


NAMES = "'val_accuracy', 'val_loss', 'accuracy', 'loss'"


@pytest.mark.parametrize(
    "callback",
    [
        keras.callbacks.EarlyStopping("val_acc"),
        keras.callbacks.EarlyStopping("val_acc", mode="max"),
        keras.callbacks.ReduceLROnPlateau("val_acc"),
        keras.callbacks.ModelCheckpoint("best.keras", monitor="val_acc", save_best_only=True),
    ],
    ids=["auto", "max", "rate", "best"],
)
def test_a_callback_that_watches_what_nobody_reports_is_refused(run, tmp_path, callback):
    with pytest.raises(CourseError) as raised:
        run(tmp_path / "new", callbacks=[callback])

    assert str(raised.value) == (
        f"The callback {type(callback).__name__} watches 'val_acc', which no epoch reports: let its "
        f"monitor be one of {NAMES}."
    )
    assert not (tmp_path / "new").exists()


def test_a_callback_is_told_what_a_head_of_autokeras_reports(small):
    callbacks = [keras.callbacks.ReduceLROnPlateau("val_acc")]

    with pytest.raises(CourseError, match=f"watches 'val_acc', .* one of {NAMES}"):
        preflight.check_network(spaces.autokeras_space(), small, "val_accuracy", callbacks)


class OwnStep(keras.Model):
    def train_step(self, data):
        return super().train_step(data) | {"mine": 1.0}


class OwnFit(keras_tuner.HyperModel):
    def build(self, hp):
        return space(hp)

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, **kwargs)


def space_of_own_steps(hp):
    model = space(hp)
    own = OwnStep(model.inputs, model.outputs)
    own.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return own


@pytest.mark.parametrize(
    "chosen, callbacks",
    [
        (space, [keras.callbacks.EarlyStopping("val_loss")]),
        (space, [keras.callbacks.ModelCheckpoint("all.keras", monitor="val_acc")]),
        (space, [keras.callbacks.ReduceLROnPlateau("learning_rate", mode="min")]),
        (space_of_own_steps, [keras.callbacks.EarlyStopping("mine", mode="max")]),
        (OwnFit(), [keras.callbacks.EarlyStopping("mine", mode="max")]),
        (
            space,
            [
                keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
                keras.callbacks.EarlyStopping("mine", mode="max"),
            ],
        ),
    ],
    ids=["loss", "all", "rate", "step", "fit", "lambda"],
)
def test_a_callback_may_watch_what_somebody_may_report(small, chosen, callbacks):
    preflight.check_network(chosen, small, "val_accuracy", callbacks)


def test_a_callback_may_watch_what_another_one_reports(run, tmp_path):
    class Reports(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["mine"] = 1.0

    stopping = keras.callbacks.EarlyStopping("mine", mode="max", patience=1)
    found = run(tmp_path, callbacks=[Reports(), stopping], max_trials=1, epochs=4)

    assert found.table["epochs"].tolist() == [2]  # the second was no better than the first


@pytest.mark.slow
def test_an_observer_that_fails_in_a_validation_is_named_itself(run, tmp_path):
    class Mine(search.Observer):
        def batch_end(self, trial):
            names = [frame.function for frame in inspect.stack(context=0)]
            if "evaluate" in names:
                raise KeyError("mine")

    with pytest.raises(CourseError, match="The observer Mine failed .*mine"):
        run(tmp_path, observer=Mine())


@pytest.mark.slow
def test_impatience_is_not_held_against_the_network(run, tmp_path, monkeypatch):
    """A second Ctrl-C comes while the first is dealt with; so it may be more often than is allowed."""
    monkeypatch.setattr(loops, "TRIES", 1)

    def stop(*arguments):
        raise KeyboardInterrupt

    observer = type("Stops", (search.Observer,), {"batch_end": stop})()
    for _ in range(loops.TRIES + 1):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Recording, "stop", stop)
            run(tmp_path, observer=observer, max_trials=1)

    assert run(tmp_path, max_trials=1).table["status"].tolist() == ["completed"]


@pytest.mark.slow
def test_an_observer_that_fails_at_any_time_counts_no_trial(run, tmp_path, monkeypatch):
    """One event after the other in the same folder, each more often than a trial is tried."""
    monkeypatch.setattr(loops, "TRIES", 1)

    def fail(self, *arguments):
        raise FileNotFoundError("mine")  # which is not in the folder of the search

    for event, max_trials, kept in [
        ("search_begin", 1, 0),
        ("trial_begin", 1, 0),
        ("epoch_end", 1, 0),
        ("trial_end", 1, 1),
        ("search_end", 2, 2),
    ]:
        observer = type("Mine", (search.Observer,), {event: fail})
        for _ in range(loops.TRIES + 1):
            with pytest.raises(CourseError, match="The observer Mine failed .*mine") as raised:
                run(tmp_path, observer=observer(), max_trials=max_trials)
            assert "\n" not in str(raised.value) and str(raised.value).endswith(".")
        trials = parse((tmp_path / "search.json").read_text("utf-8")).trials
        assert len(trials) == kept, event

    assert run(tmp_path, max_trials=2).table["status"].tolist() == ["completed"] * 2


@pytest.mark.slow
def test_a_failed_download_counts_no_trial_and_the_search_goes_on_later(run, tmp_path, monkeypatch):
    def space(hp):
        units = hp.Choice("units", [4, 8])
        if units == 8 and os.environ.get("OFFLINE"):
            raise urllib.error.URLError("no route to host")
        return network(units)

    monkeypatch.setenv("OFFLINE", "1")
    with pytest.raises(CourseError, match="The machine could not go on with trial"):
        run(tmp_path, space)
    monkeypatch.delenv("OFFLINE")

    found = run(tmp_path, space)
    assert found.table["status"].tolist() == ["completed"] * 2


@pytest.mark.slow
def test_failed_trials_are_tried_again_when_it_is_asked_for(run, tmp_path):
    limit = {"units": 4}

    def space(hp):
        units = hp.Choice("units", [4, 8])
        if units > limit["units"]:
            raise RuntimeError("too many")
        return network(units)

    first = run(tmp_path, space)
    limit["units"] = 8
    with pytest.raises(CourseError, match="another networks"):
        run(tmp_path, space)
    again = run(tmp_path, space, retry_failed=True)

    failed = (first.table["status"] == "failed").to_numpy()
    assert failed.sum() == 1
    assert again.table["status"].tolist() == ["completed"] * 2
    assert again.table["units"].tolist() == first.table["units"].tolist()
    assert again.table["seconds"][~failed].tolist() == first.table["seconds"][~failed].tolist()


@pytest.mark.slow
def test_a_changed_space_begins_anew_where_nothing_was_completed(run, tmp_path, capsys):
    def mistaken(hp):
        hp.Choice("units", [4, 8])
        if "built" in built:
            raise RuntimeError("a mistake")
        return network(4)

    built: set = set()

    class Spoil(search.Observer):
        def search_begin(self, max_trials, epochs):
            built.add("built")

    spoilt = run(tmp_path, mistaken, observer=Spoil(), max_trials=1)
    assert spoilt.table["status"].tolist() == ["failed"]

    found = run(tmp_path, space, max_trials=1)
    assert found.table["status"].tolist() == ["completed"]
    assert "begins anew" in capsys.readouterr().out


def test_weights_in_memory_are_those_of_a_file(tmp_path):
    model = network(4)
    (tmp_path / "mine.weights.h5").write_bytes(compat.weights_as_bytes(model))

    other = network(4)
    other.load_weights(tmp_path / "mine.weights.h5")
    for mine, theirs in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_damaged_weights_never_reach_hdf5(run, tmp_path, monkeypatch):
    found = run(tmp_path, max_trials=1)
    (path,) = tmp_path.glob(f"keras_tuner/trial_{found.best['trial'] - 1}/*.weights.h5")
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    monkeypatch.setattr(keras.Model, "load_weights", lambda *_: pytest.fail("HDF5 saw it"))
    for turn in range(400):
        damaged = bytearray(content)
        if turn % 2:
            damaged[rng.integers(len(content))] ^= 1 << rng.integers(8)
        else:
            del damaged[rng.integers(len(content)) :]
        path.write_bytes(damaged)
        with pytest.raises(CourseError, match="cannot be read: train the network again"):
            found.best_model()


@pytest.mark.slow
def test_weights_of_an_older_version_are_read_by_another_process_first(run, tmp_path, monkeypatch):
    found = run(tmp_path, max_trials=1)
    recording = found.tuner.recorder.recording
    for record in recording.content.trials:
        del record["weights"]
    number = int(found.best["trial"])
    assert recording.weights_are_intact(number)

    crash = [sys.executable, "-c", "import os; os.abort()"]
    real = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **options: real(crash, **options))
    with pytest.raises(CourseError, match="cannot be read"):
        found.best_model()
