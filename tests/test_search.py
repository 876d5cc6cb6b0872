"""A search repeats, keeps to its budget, never sees the test part, survives what goes wrong."""

from __future__ import annotations

import dataclasses
import errno
import functools
import gc
import os
import shutil
import time

import autokeras as ak
import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest
import tree
from keras import layers
from sklearn.metrics import accuracy_score

from nascourse import CourseError, evaluation, search, spaces
from nascourse._engine import compat, feeding, loops, preflight, recording
from nascourse._engine.layers import MacroF1
from nascourse._engine.recording import Recording
from nascourse.data import SealedTest

QUIET = search.Observer()


pytestmark = pytest.mark.usefixtures("frozen_libraries", "spaces_described_once")


def dense_network(units: int, *, rate: float = 0.1) -> keras.Model:
    """A network that trains in no time: one hidden layer."""
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    x = layers.Dense(units, activation="relu")(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    return compiled(model, rate)


def compiled(model: keras.Model, rate: float = 0.1) -> keras.Model:
    model.compile(
        optimizer=keras.optimizers.SGD(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def tiny_space(hp) -> keras.Model:
    return dense_network(hp.Choice("units", [4, 8, 12, 16, 20, 24]))


def tiny_autokeras_space() -> spaces.AutoKerasSpace:
    """The course's own blocks; it begins with one small block, which trains in no time."""
    space = spaces.autokeras_space(filters=(1, 2), kernels=(3,))
    one_block = {"conv/num_blocks": 1, "conv/num_layers": 1, "conv/filters_0_0": 1}
    rest = ("conv/kernel_size", "conv/dropout", "reduce/reduction_type")
    return dataclasses.replace(space, first={**one_block, **{n: space.first[n] for n in rest}})


@dataclasses.dataclass(frozen=True)
class Call:
    """The arguments of a search that stay, and how to run it."""

    splits: object

    def __call__(self, directory, space=tiny_space, **options) -> search.Search:
        usual = {"strategy": "random", "max_trials": 1, "epochs": 1, "seed": 0, "observer": QUIET}
        splits = options.pop("splits", self.splits)
        return search.run_search(space, splits, directory=directory, **{**usual, **options})


@pytest.fixture(scope="module")
def run(small) -> Call:
    """Run a search on `small`, of one trial and one epoch unless the test says otherwise."""
    return Call(small)


class Diary(search.Observer):
    """Writes down what a search tells."""

    def __init__(self):
        self.events = []

    def search_begin(self, max_trials, epochs):
        self.events.append(("search begins", max_trials, epochs))

    def trial_begin(self, trial):
        self.events.append(("trial begins", trial))

    def epoch_end(self, trial, epoch, logs):
        self.events.append(("epoch", trial, epoch, sorted(logs)))

    def trial_end(self, row):
        self.events.append(("trial ends", row["trial"], row["status"]))

    def search_end(self):
        self.events.append(("search ends",))


class Interrupt(search.Observer):
    """Somebody presses Ctrl-C in the first epoch of a trial, or just after a trial."""

    def __init__(self, *, during: int | None = None, after: int | None = None):
        self.during, self.after = during, after

    def epoch_end(self, trial, epoch, logs):
        if trial == self.during:
            raise KeyboardInterrupt

    def trial_end(self, row):
        if row["trial"] == self.after:
            raise KeyboardInterrupt


class CountEpochs(keras.callbacks.Callback):
    """A learner's callback; each trial gets a copy, so it counts in the class."""

    seen = 0

    def on_epoch_end(self, epoch, logs=None):
        CountEpochs.seen += 1


class StopsAtOnce(search.Observer):
    """Somebody presses Ctrl-C while TensorFlow makes the graph of a training."""

    def network_known(self, trial, network):
        pytest.fail("the first batch ended")

    def batch_end(self, trial):
        raise KeyboardInterrupt


RANDOM = {"max_trials": 2, "epochs": 2, "seed": 0, "callbacks": [CountEpochs()]}
GREEDY = {"strategy": "greedy", "max_trials": 2, "seed": 0}


@pytest.fixture(scope="module")
def randomly(run, small, tmp_path_factory):
    """A random search of KerasTuner, with its diary; the test part would blow up if touched."""
    CountEpochs.seen, diary = 0, Diary()
    locked = dataclasses.replace(small, test=SealedTest(None, None))
    found = run(
        tmp_path_factory.mktemp("random") / "new" / "folder",
        splits=locked,
        observer=diary,
        **RANDOM,
    )
    return found, diary, CountEpochs.seen


@pytest.fixture(scope="module")
def stopped(run, tmp_path_factory):
    """The search of `randomly`, stopped in its second trial."""
    return run(tmp_path_factory.mktemp("stopped"), observer=Interrupt(during=2), **RANDOM)


@pytest.fixture
def halfway(stopped, tmp_path):
    """A folder of its own with the stopped search; its name is a pattern of files."""
    return shutil.copytree(stopped.directory, tmp_path / "set [1]")


@pytest.fixture(scope="module")
def greedily(run, tmp_path_factory):
    """A greedy search of AutoKeras, with the number of trainings that it took, and its space."""
    folder, trainings, space = tmp_path_factory.mktemp("greedy"), [], tiny_autokeras_space()
    fit = keras.Model.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "fit", lambda *a, **k: trainings.append(a) or fit(*a, **k))
        found = run(folder, space, **GREEDY)
    return found, len(trainings), space


def assert_same_search(one: search.Search, other: search.Search) -> None:
    """Same table but for the seconds, and same learning curves, bit for bit."""
    pd.testing.assert_frame_equal(
        one.table.drop(columns="seconds"), other.table.drop(columns="seconds"), check_exact=True
    )
    pd.testing.assert_frame_equal(one.curves, other.curves, check_exact=True)


def weights(model: keras.Model) -> np.ndarray:
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


# What a search gives


@pytest.mark.slow
def test_the_table_has_one_row_a_trial(randomly):
    found, _, _ = randomly

    assert found.table["trial"].tolist() == [1, 2]
    assert set(found.table["status"]) == {"completed"}
    assert found.table["units"].nunique() == 2
    for _, row in found.table.iterrows():
        model = dense_network(row["units"])
        assert row["n_params"] == evaluation.count_params(model)
        assert row["flops"] == evaluation.count_flops(model)
        assert row["architecture"] == f"flatten {row['units']} 10"
    assert (found.table["seconds"] > 0).all()
    assert found.table["message"].isna().all()


@pytest.mark.slow
def test_the_budget_is_spent_exactly(randomly):
    found, _, epochs_seen = randomly

    assert len(found.table) == 2
    assert found.table["epochs"].tolist() == [2, 2]
    assert epochs_seen == 4  # by the learner's callback
    assert found.stopped == "the budget of 2 trials is spent"


def test_the_curves_have_one_row_an_epoch_and_their_top_is_in_the_table(randomly):
    found, _, _ = randomly
    curves = found.curves

    metrics = {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert list(curves.columns[:2]) == ["trial", "epoch"]
    assert set(curves.columns[2:]) == metrics
    assert curves[["trial", "epoch"]].values.tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    for _, row in found.table.iterrows():
        curve = curves[curves["trial"] == row["trial"]].set_index("epoch")
        assert row["val_accuracy"] == curve["val_accuracy"].max()
        assert row["best_epoch"] == curve["val_accuracy"].idxmax()
        assert row["val_loss"] == curve.loc[row["best_epoch"], "val_loss"]


def test_an_observer_hears_all_in_order(randomly):
    _, diary, _ = randomly
    logs = ["accuracy", "loss", "val_accuracy", "val_loss"]

    expected = [("search begins", 2, 2)]
    for trial in (1, 2):
        expected += [("trial begins", trial), ("epoch", trial, 1, logs), ("epoch", trial, 2, logs)]
        expected += [("trial ends", trial, "completed")]
    assert diary.events == [*expected, ("search ends",)]


@pytest.mark.slow
def test_an_observer_hears_of_the_network_and_of_each_batch(run, tmp_path):
    class Batches(search.Observer):
        def __init__(self):
            self.events = []

        def network_known(self, trial, network):
            self.events.append((trial, network["architecture"], sorted(network)))

        def batch_end(self, trial):
            self.events.append(trial)

        def epoch_end(self, trial, epoch, logs):
            self.events.append((trial, epoch))

    heard = Batches()
    found = run(tmp_path, observer=heard, max_trials=2, batch_size=100)  # of 200 images

    expected = []
    for trial, architecture in zip((1, 2), found.table["architecture"]):
        facts = (trial, architecture, ["architecture", "fingerprint", "flops", "n_params"])
        while_built = [trial, trial, trial]  # before, in and after the making of the graph
        expected += [*while_built, facts, trial, trial, trial, (trial, 1)]  # the last: validation
    assert heard.events == expected


def test_the_best_model_is_the_one_that_was_scored(randomly, small):
    found, _, _ = randomly
    model = found.best_model()

    accuracy = accuracy_score(small.y_val, evaluation.predict(model, small.x_val))

    assert accuracy == pytest.approx(found.best["val_accuracy"], abs=1e-6)
    assert found.best["val_accuracy"] == found.table["val_accuracy"].max()
    assert found.best_hyperparameters.get("units") == found.best["units"]


def test_a_new_model_is_the_winner_untrained(randomly):
    found, _, _ = randomly
    model = found.new_model()

    assert spaces.describe(model) == found.best["architecture"]
    assert not np.array_equal(weights(model), weights(found.best_model()))


def test_the_search_says_what_it_is(randomly):
    found, _, _ = randomly

    text = repr(found)
    assert "2 trials, 2 completed" in text
    assert f"{found.best['val_accuracy']:.3f}" in text
    assert "budget of 2" in text


@pytest.mark.slow
def test_the_test_part_was_never_opened(randomly, greedily, small):
    assert evaluation.times_opened(small) == 0


@pytest.mark.slow
def test_validation_labels_score_and_never_train(run, randomly, small, tmp_path):
    found, _, _ = randomly
    wrong = dataclasses.replace(small, y_val=(small.y_val + 1) % 10)

    other = run(tmp_path, splits=wrong, **{**RANDOM, "max_trials": 1})

    assert other.curves["loss"].tolist() == found.curves["loss"][:2].tolist()
    assert (other.curves["val_loss"] != found.curves["val_loss"][:2]).all()


# Seeds


TWICE = """
from tests.drills.kill_and_resume import differences, small_splits
from nascourse import search, spaces

def space(hp):
    return spaces.built(spaces.cnn_space, {"kernel": hp.Choice("kernel", [5])})

splits = small_splits()
options = {"strategy": "random", "max_trials": 1, "epochs": 3, "observer": search.Observer()}
first, again = (
    search.run_search(space, splits, directory=folder, **options) for folder in ("first", "again")
)
print(differences(first, again))
"""


@pytest.mark.slow
def test_a_seed_repeats_with_as_many_threads_as_there_are_processors(
    run_python, tmp_path, monkeypatch
):
    """As a learner's search has them; that of the other tests has one."""
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.delenv(name, raising=False)

    assert run_python("-c", TWICE, cwd=tmp_path).stdout == "[]\n"


@pytest.mark.slow
def test_a_seed_repeats_search_and_retraining_exactly(run, randomly, tmp_path):
    """Whatever ran in between."""
    found, _, _ = randomly
    keras.utils.set_random_seed(99)
    dense_network(3)

    again = run(tmp_path, **RANDOM)

    assert_same_search(found, again)
    first, second = (search.retrain(f, epochs=1, observer=QUIET) for f in (found, again))
    np.testing.assert_array_equal(weights(first), weights(second))


@pytest.mark.slow
def test_another_seed_gives_another_search(run, randomly, tmp_path):
    found, _, _ = randomly
    other = run(tmp_path, **{**RANDOM, "seed": 1, "max_trials": 1})

    assert (other.curves["loss"] != found.curves["loss"][:2]).all()


# Retraining


@pytest.mark.parametrize("change", ["sides", "classes"])
def test_retraining_refuses_images_of_another_kind(randomly, small, change):
    found, _, _ = randomly
    cut = {"x_train": small.x_train[:, :20], "x_val": small.x_val[:, :20]}
    more = {"class_names": tuple("0123456789a")}
    others = dataclasses.replace(small, **(cut if change == "sides" else more))

    with pytest.raises(CourseError, match=r"\((20, 28, 1|11,)\).*search anew"):
        search.retrain(found, others, observer=QUIET)


def test_retraining_uses_training_and_validation_images_from_new_weights(randomly, monkeypatch):
    found, _, _ = randomly
    fits, fit = [], feeding.fit

    def spy(model, x, y, **options):
        fits.append((x, y, weights(model)))
        return fit(model, x, y, **options)

    monkeypatch.setattr(feeding, "fit", spy)
    diary = Diary()

    model = search.retrain(found, epochs=2, seed=5, observer=diary)

    (x, y, start), splits = *fits, found.splits
    np.testing.assert_array_equal(x, np.concatenate([splits.x_train, splits.x_val]))
    np.testing.assert_array_equal(y, np.concatenate([splits.y_train, splits.y_val]))
    assert not np.array_equal(start, weights(found.best_model()))
    assert spaces.describe(model) == found.best["architecture"]
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)
    assert [event[0] for event in diary.events] == [
        "search begins",
        "trial begins",
        "epoch",
        "epoch",
        "search ends",
    ]


# Resuming


def test_a_finished_search_is_returned_at_once(run, randomly, small, monkeypatch):
    found, _, _ = randomly
    monkeypatch.setattr(keras.Model, "fit", lambda *a, **k: pytest.fail("trained again"))

    again = run(found.directory, **RANDOM)

    pd.testing.assert_frame_equal(again.table, found.table)
    pd.testing.assert_frame_equal(again.curves, found.curves)
    assert again.stopped == f"{found.stopped}; so it was before, and nothing is trained again"
    np.testing.assert_array_equal(weights(again.best_model()), weights(found.best_model()))


@pytest.mark.slow
def test_an_interrupted_random_search_goes_on_as_if_nothing_had_been(
    run, randomly, stopped, halfway
):
    """And first tells the trials that it has."""
    found, _, _ = randomly
    assert len(stopped.table) == 1
    assert "interrupted" in stopped.stopped and "same folder" in stopped.stopped
    diary = Diary()

    resumed = run(halfway, observer=diary, **RANDOM)

    assert_same_search(resumed, found)
    assert list(resumed.tuner.oracle.trials) == ["0", "1"]
    kinds = [event[:2] for event in diary.events if event[0] != "epoch"]
    assert kinds == [
        ("search begins", 2),
        ("trial ends", 1),
        ("trial begins", 2),
        ("trial ends", 2),
        ("search ends",),
    ]


def test_a_stop_is_heard_before_the_first_batch_ends_with_autokeras_too(run, tmp_path):
    stopped = run(tmp_path, tiny_autokeras_space(), observer=StopsAtOnce(), **GREEDY)

    assert stopped.table.empty


@pytest.mark.slow
def test_stopping_the_first_trial_again_and_again_is_no_failure(
    run, randomly, tmp_path, monkeypatch
):
    """Nor is it heard only when the first batch ends."""
    found, _, _ = randomly
    monkeypatch.setattr(loops, "TRIES", 1)
    for observer in (Interrupt(during=1), StopsAtOnce()):
        stopped = run(tmp_path, observer=observer, **RANDOM)

        assert stopped.table.empty and stopped.curves.empty
        assert "0 trials" in repr(stopped)
        with pytest.raises(CourseError):
            stopped.best  # noqa: B018

    assert_same_search(run(tmp_path, **RANDOM), found)


@pytest.mark.slow
def test_a_crash_around_a_trial_leaves_no_trace(run, randomly, halfway, monkeypatch):
    """The process dies in the second trial, before KerasTuner has ended it, and then after."""
    found, _, _ = randomly

    def die(*arguments):
        raise SystemExit

    for step in ("begin_trial", "end_trial"):
        with monkeypatch.context() as patch:
            patch.setattr(Recording, step, die)
            with pytest.raises(SystemExit):
                run(halfway, **RANDOM)

    assert_same_search(run(halfway, **RANDOM), found)


@pytest.mark.slow
def test_a_trial_that_kills_its_process_thrice_is_a_failed_one(run, tmp_path, monkeypatch):
    """As the system does to a process that needs more memory than there is."""

    class Killed(SystemExit):
        pass

    def fit(*arguments, **options):
        raise Killed

    monkeypatch.setattr(keras.Model, "fit", fit)
    monkeypatch.setattr(Recording, "stop", lambda *arguments: None)  # a dead process says nothing
    for _ in range(loops.TRIES):
        with pytest.raises(Killed):
            run(tmp_path)
    monkeypatch.undo()

    found = run(tmp_path)

    assert found.table["status"].tolist() == ["failed"]
    assert "ended 3 times" in found.table["message"][0] and "memory" in found.table["message"][0]


def test_a_reloaded_search_keeps_the_order_of_its_trials(run, randomly, monkeypatch):
    """Of equal trials the first is the best one, but a system lists files in any order."""
    found, _, _ = randomly
    glob = compat.glob.glob
    monkeypatch.setattr(compat.glob, "glob", lambda *a: sorted(glob(*a))[::-1])

    again = run(found.directory, **RANDOM)

    assert list(again.tuner.oracle.trials) == ["0", "1"]


@pytest.mark.slow
def test_a_branch_that_cannot_be_built_fails_in_its_trials_alone(run, tmp_path):
    """Also where a search looks for what the branch declares, before the first trial."""

    def space(hp):
        narrow = hp.Boolean("narrow", default=True)
        with hp.conditional_scope("narrow", [False]):
            hp.Choice("units", [100, 200, 300])
        if not narrow:
            raise RuntimeError("too wide")
        return dense_network(4)

    table = run(tmp_path, space, max_trials=3).table

    assert (table["status"] == "completed").tolist() == table["narrow"].tolist()
    assert table["narrow"].nunique() == 2


def mostly_failing(hp) -> keras.Model:
    """Of ten trials with the seed 0 the seventh and the tenth are completed; the others take no time."""
    units = hp.Int("units", 2, 30)
    if units not in (2, 8, 12):
        raise RuntimeError("no such network")
    return dense_network(units)


@pytest.mark.slow
def test_a_larger_budget_goes_on_as_if_it_had_always_been_so(run, tmp_path):
    """KerasTuner names the trials by as many digits as the budget has, so it grows beyond nine."""
    whole = run(tmp_path / "whole", mostly_failing, max_trials=10)
    first = run(tmp_path / "a", mostly_failing, max_trials=9)

    grown = run(tmp_path / "a", mostly_failing, max_trials=10)

    assert len(first.table) == 9
    assert grown.stopped == "the budget of 10 trials is spent"
    assert grown.table.index[grown.table["status"] == "completed"].tolist() == [6, 9]
    assert_same_search(grown, whole)
    assert_same_search(run(tmp_path / "a", mostly_failing, max_trials=10), whole)


class Clock(search.Observer):
    """Lets the time run out in an epoch of a trial."""

    def __init__(self, monkeypatch, trial, epoch):
        self.now, self.at = 0.0, (trial, epoch)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def epoch_end(self, trial, epoch, logs):
        if (trial, epoch) == self.at:
            self.now = 11.0


@pytest.mark.slow
def test_time_runs_out_between_epochs(run, randomly, tmp_path, monkeypatch):
    """A trial that has had all its epochs counts; another is trained again later."""
    found, _, _ = randomly
    out_of_time = "out of time; start it again with the same folder to go on"
    for trial, epoch, finished, stopped in (
        (1, 1, 0, out_of_time),
        (1, 2, 1, out_of_time),
        (2, 2, 2, found.stopped),
    ):
        with monkeypatch.context() as patch:
            ended = run(tmp_path, observer=Clock(patch, trial, epoch), max_seconds=10, **RANDOM)

        assert (len(ended.table), ended.stopped) == (finished, stopped)
    assert_same_search(ended, found)


# A full disk


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_keeps_what_is_finished(
    run, randomly, halfway, monkeypatch
):
    """KerasTuner empties its file before it writes it."""
    found, _, _ = randomly
    save = keras_tuner.src.utils.save_json

    def full(path, content):
        if path.endswith("oracle.json"):
            open(path, "w").close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return save(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(keras_tuner.src.utils, "save_json", full)
        with pytest.raises(CourseError) as raised:
            run(halfway, **RANDOM)

    assert_one_sentence(raised.value, "No space left on device", "all finished trials are kept")
    assert (halfway / "keras_tuner" / "oracle.json").read_text() == ""
    assert_same_search(run(halfway, **RANDOM), found)


@pytest.mark.slow
def test_a_disk_too_full_for_weights_is_no_failed_trial(run, randomly, halfway, monkeypatch):
    found, _, _ = randomly

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(compat, "atomic_write", full)
        with pytest.raises(CourseError) as raised:
            run(halfway, **RANDOM)

    assert_one_sentence(raised.value, "No space left on device", "free some space")
    assert "all finished trials are kept" in str(raised.value)
    assert_same_search(run(halfway, **RANDOM), found)


def test_a_full_disk_at_the_next_start_gives_the_same_advice(run, randomly, tmp_path, monkeypatch):
    """Not the advice to overwrite the search, whose state KerasTuner could not write."""
    found, _, _ = randomly
    folder = shutil.copytree(found.directory, tmp_path / "copy")
    (folder / "keras_tuner" / "tuner0.json").unlink()

    def full(path, *_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    for module, name in ((recording, "atomic_write"), (keras_tuner.Tuner, "reload")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(CourseError) as raised:
                run(folder, **RANDOM)
        assert_one_sentence(raised.value, "No space left on device", "free some space")
    assert_same_search(run(folder, **RANDOM), found)


# Damaged files


DAMAGE = {
    "emptied": lambda text: "",
    "truncated": lambda text: text[: len(text) // 2],
    "no JSON": lambda text: "no json\n",
    "other JSON": lambda text: "[1, 2, 3]",
    "nested too deep": lambda text: "[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_state_is_told_set_aside_and_recovered(
    run, randomly, tmp_path, monkeypatch, capsys, damage
):
    found, _, _ = randomly
    folder = shutil.copytree(found.directory, tmp_path / "copy")
    library = (f"keras_tuner/{name}.json" for name in ("oracle", "tuner0", "trial_0/trial"))
    damaged = {}
    for path in (folder / name for name in ("search.json", *library)):
        damaged[path] = DAMAGE[damage](path.read_text("utf-8"))
        path.write_text(damaged[path], "utf-8")
    monkeypatch.setattr(keras.Model, "fit", lambda *a, **k: pytest.fail("trained again"))

    again = run(folder, **RANDOM)

    said = capsys.readouterr().out
    for path, text in damaged.items():
        assert f"{path.name} was damaged: it is now {path.stem}.damaged-1.json" in said
        assert path.with_name(f"{path.stem}.damaged-1.json").read_text("utf-8") == text
    assert_same_search(again, found)
    np.testing.assert_array_equal(weights(again.best_model()), weights(found.best_model()))


def test_a_state_of_another_search_is_recovered(run, randomly, tmp_path, capsys):
    found, _, _ = randomly
    folder = shutil.copytree(found.directory, tmp_path / "copy")
    other = run(tmp_path / "other", observer=StopsAtOnce(), seed=9)
    shutil.copy(other.directory / "keras_tuner" / "oracle.json", folder / "keras_tuner")

    again = run(folder, **RANDOM)

    assert "oracle.json was damaged" in capsys.readouterr().out
    assert_same_search(again, found)


@pytest.mark.slow
def test_a_half_done_search_recovers_from_damage_and_goes_on(run, randomly, halfway, capsys):
    found, _, _ = randomly
    for name in ("search.json", "keras_tuner/oracle.json", "keras_tuner/trial_0/trial.json"):
        (halfway / name).write_text("")

    assert_same_search(run(halfway, **RANDOM), found)
    assert capsys.readouterr().out.count("was damaged") == 3


def test_a_library_folder_that_is_gone_is_recovered_but_for_its_weights(run, randomly, tmp_path):
    found, _, _ = randomly
    folder = shutil.copytree(found.directory, tmp_path / "copy")
    shutil.rmtree(folder / "keras_tuner")

    again = run(folder, **RANDOM)

    assert_same_search(again, found)
    with pytest.raises(CourseError) as raised:
        again.best_model()
    assert_one_sentence(raised.value, "weights of trial", "search.retrain")


def test_damaged_weights_are_one_sentence(run, randomly, tmp_path):
    found, _, _ = randomly
    folder = shutil.copytree(found.directory, tmp_path / "copy")
    for path in folder.rglob("*.weights.h5"):
        path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(CourseError) as raised:
        run(folder, **RANDOM).best_model()
    assert_one_sentence(raised.value, "cannot be read", "search.retrain")


# AutoKeras


@pytest.mark.slow
def test_autokeras_begins_with_the_first_architecture(greedily):
    found, _, _ = greedily
    first = tiny_autokeras_space().first

    row = found.table.iloc[0]
    assert {name: row[name] for name in first} == dict(first)
    assert row["architecture"] == "1@3x3 max2 drop.25 flatten 10"


def test_autokeras_trains_each_trial_once_and_never_the_winner_again(greedily):
    found, trainings, _ = greedily

    assert len(found.table) == trainings == 2
    assert found.stopped == "the budget of 2 trials is spent"
    assert found.curves["trial"].tolist() == [1, 2]


def test_autokeras_models_are_those_of_the_table(greedily, small):
    found, _, _ = greedily
    best, new = found.best_model(), found.new_model()

    assert spaces.describe(new) == spaces.describe(best) == found.best["architecture"]
    assert evaluation.count_params(new) == found.best["n_params"]
    assert evaluation.count_flops(best) == found.best["flops"]
    accuracy = accuracy_score(small.y_val, evaluation.predict(best, small.x_val))
    assert accuracy == pytest.approx(found.best["val_accuracy"], abs=1e-6)
    assert best.optimizer.name == "adam"


class Nested(ak.Block):
    """A block that makes a block, which AutoKeras names by counting."""

    def build(self, hp, inputs=None):
        return ak.SpatialReduction().build(hp, inputs)


@pytest.mark.slow
def test_a_new_model_has_its_values_after_many_builds(run, tmp_path):
    """With another number in the name AutoKeras would take the default value, flatten."""
    image = ak.ImageInput(name="image")
    x = Nested(name="nested")(spaces.RescalingBlock(name="rescale")(image))
    digit = ak.ClassificationHead(dropout=0.0, name="head")(x)
    first = {"nested/spatial_reduction_1/reduction_type": "global_avg"}

    found = run(tmp_path, spaces.AutoKerasSpace(image, digit, first), strategy="greedy")

    assert found.best["architecture"] == "globalavg 10"
    assert [spaces.describe(found.new_model()) for _ in range(3)] == ["globalavg 10"] * 3
    assert spaces.describe(found.best_model()) == "globalavg 10"


@pytest.mark.slow
def test_a_larger_budget_and_an_interruption_change_nothing_with_autokeras_too(
    run, greedily, tmp_path
):
    """And so a seed also repeats a greedy search, and the training of its winner.

    It begins with a space that another search has used, and goes on with new ones.
    """
    found, _, used = greedily

    run(tmp_path, used, **{**GREEDY, "max_trials": 1})
    np.random.seed(1)  # another process would have another state
    stopped = run(tmp_path, tiny_autokeras_space(), observer=Interrupt(during=2), **GREEDY)
    np.random.seed(2)
    resumed = run(tmp_path, tiny_autokeras_space(), **GREEDY)

    assert len(stopped.table) == 1
    assert_same_search(resumed, found)
    np.testing.assert_array_equal(weights(resumed.best_model()), weights(found.best_model()))
    first, second = (search.retrain(f, epochs=1, observer=QUIET) for f in (found, resumed))
    np.testing.assert_array_equal(weights(first), weights(second))


@pytest.mark.slow
def test_a_finished_greedy_search_is_returned_at_once(run, greedily, monkeypatch):
    """In a notebook the space is made in one cell, and the search is run in another, twice."""
    found, _, used = greedily
    monkeypatch.setattr(keras.Model, "fit", lambda *a, **k: pytest.fail("trained again"))

    again = run(found.directory, used, **GREEDY)

    pd.testing.assert_frame_equal(again.table, found.table)
    assert spaces.describe(again.new_model()) == found.best["architecture"]
    np.testing.assert_array_equal(weights(again.best_model()), weights(found.best_model()))


@pytest.mark.slow
def test_a_first_network_needs_not_name_all_its_values(run, tmp_path):
    """KerasTuner draws the others from a generator that it seeds by the clock."""
    image = ak.ImageInput(name="image")
    wish = spaces.choice("units", range(2, 100))
    x = ak.DenseBlock(num_layers=1, num_units=wish, name="dense")(image)
    digit = ak.ClassificationHead(dropout=0.0, name="head")(x)
    space = spaces.AutoKerasSpace(image, digit, {"dense/use_batchnorm": False})

    found = run(tmp_path, space, strategy="greedy")

    assert found.table["dense/units_0"].tolist() == [2]


class Doubtful(ak.Block):
    """A block that cannot be built with one of its values."""

    def build(self, hp, inputs=None):
        if hp.Choice("build", ["well", "badly"]) == "badly":
            raise RuntimeError("this block cannot be built")
        x = layers.Flatten()(tree.flatten(inputs)[0])
        return layers.Dense(hp.Choice("units", [2, 3]))(x)


def doubtful_space(**first) -> spaces.AutoKerasSpace:
    image = ak.ImageInput(name="image")
    x = Doubtful(name="doubt")(spaces.RescalingBlock(name="rescale")(image))
    digit = ak.ClassificationHead(dropout=0.0, name="head")(x)
    return spaces.AutoKerasSpace(image, digit, {"doubt/units": 2, **first})


@pytest.mark.slow
def test_a_failed_trial_of_autokeras_is_a_row(run, tmp_path):
    space = doubtful_space(**{"doubt/build": "badly"})

    found = run(tmp_path, space, strategy="greedy", max_trials=2, seed=1)

    assert found.table["status"].tolist() == ["failed", "completed"]
    assert "this block cannot be built" in found.table["message"][0]
    assert found.best["trial"] == 2
    with pytest.raises(CourseError, match=r"trial 1 cannot be built .* cannot be built\): choose"):
        search.retrain(found, trial=1)


def test_autokeras_refuses_a_misspelt_name_of_the_first_network(run, tmp_path):
    space = dataclasses.replace(tiny_autokeras_space(), first={"conv/filter_0_0": 1})

    with pytest.raises(CourseError, match="'conv/filter_0_0' is no hyperparameter"):
        run(tmp_path, space, strategy="greedy")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "part, values, named",
    [
        ("first", {"conv/dropout": 0.9}, "first has conv/dropout=0.9: choose one of"),
        ("first", {"conv/num_blocks": 7}, "first has conv/num_blocks=7"),
        ("fixed", {"optimizer": "adamm"}, "fixed has optimizer='adamm': choose one of 'adam'"),
        ("fixed", {"optimiser": "adam"}, "'optimiser' is no hyperparameter"),
    ],
)
def test_autokeras_refuses_values_that_a_network_cannot_have(run, tmp_path, part, values, named):
    space = dataclasses.replace(tiny_autokeras_space(), **{part: values})

    with pytest.raises(CourseError) as raised:
        run(tmp_path / "new", space, strategy="greedy")
    assert_one_sentence(raised.value, named)
    assert not (tmp_path / "new").exists()


class OwnHead(ak.ClassificationHead):
    def infer_loss(self):
        return "mse"


@pytest.mark.parametrize(
    "head, ignored",
    [
        (ak.ClassificationHead(), None),
        (ak.ClassificationHead(loss="categorical_crossentropy"), None),
        (ak.ClassificationHead(loss=keras.losses.CategoricalCrossentropy()), None),
        (ak.ClassificationHead(loss="mse"), "'mse'"),
        (ak.ClassificationHead(loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1)), ""),
        (OwnHead(), None),
    ],
)
def test_a_loss_that_autokeras_would_ignore_is_refused(small, head, ignored):
    image = ak.ImageInput(name="image")
    space = spaces.AutoKerasSpace(image, head(ak.Flatten()(image)), fixed={})

    if ignored is None:
        preflight.check_network(space, small, "val_accuracy")
    else:
        with pytest.raises(CourseError) as raised:
            preflight.check_network(space, small, "val_accuracy")
        assert_one_sentence(raised.value, ignored, "infer_loss")


def headed(head: ak.ClassificationHead) -> spaces.AutoKerasSpace:
    image = ak.ImageInput(name="image")
    return spaces.AutoKerasSpace(image, head(ak.Flatten()(image)))


@pytest.fixture(scope="module")
def two_classes(small):
    """The zeros and the ones of `small`."""
    train, val = small.y_train < 2, small.y_val < 2
    return dataclasses.replace(
        small,
        x_train=small.x_train[train],
        y_train=small.y_train[train],
        x_val=small.x_val[val],
        y_val=small.y_val[val],
        class_names=("cat", "dog"),
    )


@pytest.mark.parametrize("options", [{}, {"metrics": ["acc"]}, {"num_classes": 2}])
def test_autokeras_head_of_one_output_for_two_classes_is_refused(
    run, two_classes, tmp_path, options
):
    space = headed(ak.ClassificationHead(dropout=0.0, name="head", **options))

    with pytest.raises(CourseError) as raised:
        run(tmp_path / "new", space, strategy="greedy", splits=two_classes)
    assert_one_sentence(raised.value, "write ak.ClassificationHead(multi_label=True, ...)")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "head, loss",
    [
        (ak.ClassificationHead(multi_label=True, dropout=0.0, name="head"), "binary_crossentropy"),
        (None, "categorical_crossentropy"),
    ],
    ids=["as the sentence says", "the space of the course"],
)
def test_autokeras_searches_with_two_classes(run, two_classes, tmp_path, head, loss):
    if head is None:
        space = spaces.autokeras_space(two_classes, filters=(1, 2), kernels=(3,))
    else:
        space = headed(head)

    found = run(tmp_path, space, strategy="greedy", splits=two_classes)

    assert found.table["status"].tolist() == ["completed"]
    model = found.best_model()
    assert model.output_shape == (None, 2) and model.loss["head"].name == loss
    guesses = model.predict(two_classes.x_val, verbose=0).argmax(axis=1)
    assert found.best["val_accuracy"] == pytest.approx(np.mean(guesses == two_classes.y_val))


def closeness(y_true, y_pred):
    return keras.ops.sum(y_true * y_pred, axis=-1)


@pytest.mark.slow
def test_autokeras_takes_functions_and_objects_as_metrics(run, tmp_path):
    """Of one-hot labels times scores the probability of the right class is left."""
    metrics = ["accuracy", closeness, keras.metrics.F1Score(average="macro")]
    space = headed(ak.ClassificationHead(metrics=metrics, name="head"))
    objective = keras_tuner.Objective("val_closeness", "max")

    found = run(tmp_path, space, strategy="greedy", objective=objective)

    scores = found.best_model().predict(found.splits.x_val, verbose=0)
    right = scores[np.arange(len(scores)), found.splits.y_val]
    assert found.best["val_closeness"] == pytest.approx(right.mean(), rel=1e-4)
    assert 0 <= found.curves["val_f1_score"][0] <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind, metric, is_refused",
    [
        ("AutoKeras", keras.metrics.F1Score(), True),
        ("AutoKeras", "f1_score", True),
        ("KerasTuner", MacroF1("f1_score", average=None), True),
        ("KerasTuner", MacroF1("f1_score"), False),
    ],
)
def test_a_metric_of_several_values_is_refused(run, tmp_path, kind, metric, is_refused):
    def space(hp):
        model = dense_network(hp.Choice("units", [4]))
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy", metric])
        return model

    options = {}
    if kind == "AutoKeras":
        space = headed(ak.ClassificationHead(metrics=["accuracy", metric], name="head"))
        options = {"strategy": "greedy"}

    if is_refused:
        with pytest.raises(CourseError) as raised:
            run(tmp_path / "new", space, **options)
        assert_one_sentence(raised.value, "f1_score gives 10 values", "average='macro'")
        assert not (tmp_path / "new").exists()
    else:
        found = run(tmp_path / "new", space, **options)
        assert found.table["status"].tolist() == ["completed"]
        assert 0 <= found.curves["val_f1_score"][0] <= 1


def test_metrics_that_a_head_cannot_compute_are_refused(small):
    def broken(y_true, y_pred):
        raise RuntimeError("no such class")

    space = headed(ak.ClassificationHead(metrics=["accuracy", broken]))

    with pytest.raises(CourseError) as raised:
        preflight.check_network(space, small, "val_accuracy")
    assert_one_sentence(raised.value, "no such class", "one-hot")


def test_autokeras_may_fail_in_every_trial(run, tmp_path):
    found = run(tmp_path, doubtful_space(**{"doubt/build": "badly"}), strategy="greedy")

    assert found.table["status"].tolist() == ["failed"]


def test_autokeras_needs_a_network_of_the_default_values(run, tmp_path):
    """AutoKeras pools by the window less one, so a window of one ends in an error of Keras."""
    image = ak.ImageInput(name="image")
    window = spaces.choice("kernel_size", [1, 3])
    x = ak.Flatten()(ak.ConvBlock(window, 1, 1, filters=2, max_pooling=True, name="conv")(image))
    space = spaces.AutoKerasSpace(image, ak.ClassificationHead(dropout=0.0, name="head")(x))

    with pytest.raises(CourseError, match=r"pool_size=0.* repair the values of the blocks"):
        run(tmp_path, space, strategy="greedy")

    assert list(tmp_path.iterdir()) == []


# What goes wrong in a trial


@pytest.mark.slow
def test_failing_builds_are_rows_and_the_search_goes_on(run, tmp_path, capfd):
    def space(hp):
        units = hp.Choice("units", [2, 3, 4, 5, 6])
        if units > 2:
            raise RuntimeError(f"{units} units are too many")
        return dense_network(units)

    found = run(tmp_path, space, max_trials=5, seed=4)

    assert len(found.table) == 5  # KerasTuner by itself gives up after three failures in a row
    failed = found.table[found.table["status"] == "failed"]
    assert sorted(failed["units"]) == [3, 4, 5, 6]
    assert all(f"{row.units} units are too many" in row.message for row in failed.itertuples())
    assert failed["val_accuracy"].isna().all() and (failed["epochs"] == 0).all()
    assert found.best["units"] == 2
    assert "5 trials, 1 completed" in repr(found)
    assert capfd.readouterr().err == ""  # a failure is in the table, and no red text in a notebook


@pytest.mark.slow
def test_the_message_of_a_failure_says_why(run, tmp_path):
    """Keras and TensorFlow end some messages with a list of arguments or nodes."""

    def space(hp):
        mistake = hp.Choice("mistake", ["none", "shrinks too far", "loses no axis"])
        image = keras.Input((28, 28, 1), dtype="uint8")
        x = layers.Rescaling(1 / 255)(image)
        if mistake == "shrinks too far":
            x = layers.MaxPooling2D(30)(x)
        if mistake != "loses no axis":
            x = layers.Flatten()(x)
        return compiled(keras.Model(image, layers.Dense(10, activation="softmax")(x)))

    found = run(tmp_path, space, max_trials=3)

    message = found.table.set_index("mistake")["message"]
    assert pd.isna(message["none"])
    assert "negative" in message["shrinks too far"].lower()
    assert "shape" in message["loses no axis"]
    assert not message.str.contains("\n").any()


@pytest.mark.slow
def test_a_loss_that_is_no_number_is_a_failure(run, tmp_path):
    def space(hp):
        return dense_network(hp.Choice("units", [4]), rate=float("inf"))

    found = run(tmp_path, space)

    assert found.curves["val_loss"].isna().all()
    assert found.table["status"].tolist() == ["failed"]
    assert "nan" in found.table["message"][0].lower()


@pytest.mark.slow
def test_a_metric_without_a_number_is_no_failure(run, tmp_path):
    """As the recall of a class of which there are no images."""

    def undefined(y_true, y_pred):
        return y_pred[:, 0] * float("nan")

    def space(hp):
        model = dense_network(hp.Choice("units", [4]))
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy", undefined])
        return model

    found = run(tmp_path, space)

    assert found.table["status"].tolist() == ["completed"]
    assert found.curves["val_undefined"].isna().all()


@pytest.mark.slow
def test_networks_that_are_too_large_are_rows_and_the_search_goes_on(run, tmp_path):
    """KerasTuner by itself gives up after three of them in a row."""
    sizes = {units: 785 * units + 10 * (units + 1) for units in (4, 8, 12, 16, 20, 24)}

    found = run(tmp_path, max_trials=6, max_model_size=sizes[4])

    by_units = found.table.set_index("units")
    assert by_units["status"][4] == "completed"
    for units, size in sizes.items():
        if units > 4:
            assert f"{size} parameters" in by_units["message"][units]


@pytest.mark.slow
def test_networks_that_get_their_size_from_the_first_batch_can_be_too_large(run, tmp_path):
    def space(hp):
        stack = [
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(hp.Choice("units", [4, 8])),
        ]
        return compiled(keras.Sequential([*stack, layers.Dense(10, activation="softmax")]))

    size = 785 * 4 + 10 * 5
    table = run(tmp_path, space, max_trials=2, max_model_size=size).table.set_index("units")

    assert table["status"].to_dict() == {4: "completed", 8: "failed"}
    assert table["n_params"][4] == size
    assert f"Oversized model: {785 * 8 + 10 * 9} parameters" in table["message"][8]


def test_autokeras_too_goes_on_after_networks_that_are_too_large(run, tmp_path):
    """It builds the network of the default values before the first trial: that is no trial."""
    space = doubtful_space(**{"doubt/build": "well"})

    found = run(tmp_path, space, strategy="greedy", max_trials=2, max_model_size=10)

    assert found.table["status"].tolist() == ["failed"] * 2
    assert "Oversized model" in found.table["message"][0]


@pytest.mark.slow
def test_a_build_that_forgets_its_network_for_some_values_is_a_row(run, tmp_path):
    def space(hp):
        network = dense_network(4)
        if hp.Choice("returns", [True, False]):
            return network

    found = run(tmp_path, space, max_trials=2)

    assert sorted(found.table["status"]) == ["completed", "failed"]


@pytest.mark.slow
def test_no_graph_of_a_finished_trial_stays_in_memory(run, tmp_path):
    def graphs():
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    before = graphs()
    found = run(tmp_path, max_trials=2)

    assert len(found.table) == 2
    assert graphs() <= before


@pytest.mark.parametrize("already, frozen", [(0, True), (375, True), (200_000, False)])
def test_the_libraries_are_frozen_if_nobody_did_so(monkeypatch, already, frozen):
    """Python 3.12 freezes 375 objects of its own when it starts."""
    done = []
    monkeypatch.setattr(gc, "get_freeze_count", lambda: already)
    monkeypatch.setattr(loops, "frozen_by_others", loops.frozen_by_others.__wrapped__)
    monkeypatch.setattr(gc, "freeze", lambda: done.append("freeze"))
    monkeypatch.setattr(gc, "unfreeze", lambda: done.append("unfreeze"))

    with loops.loaded_objects_frozen():
        pass

    assert done == (["freeze", "unfreeze"] if frozen else [])


@pytest.mark.slow
def test_duplicates_are_found_and_a_small_space_stops_early_with_counts(run, tmp_path):
    def space(hp):
        hp.Choice("unused", [1, 2])
        return dense_network(4)

    found = run(tmp_path, space, max_trials=5)

    assert sorted(found.table["unused"]) == [1, 2]
    assert found.table["duplicate_of"].fillna(0).tolist() == [0, 1]
    assert found.stopped.startswith("stopped after 2 of 5 trials: the random strategy found no")

    again = run(tmp_path, space, max_trials=5)

    assert again.stopped.startswith(found.stopped) and "nothing is trained" in again.stopped
    pd.testing.assert_frame_equal(again.table, found.table)


@pytest.mark.slow
def test_what_a_network_does_not_have_is_missing(run, tmp_path):
    def space(hp):
        hidden = hp.Choice("hidden", [0, 1])
        with hp.conditional_scope("hidden", [1]):
            units = hp.Choice("units", [4])
        return dense_network(units if hidden else 10)

    found = run(tmp_path, space, max_trials=2)

    by_hidden = found.table.set_index("hidden")["units"]
    assert by_hidden[1] == 4
    assert pd.isna(by_hidden[0])


@pytest.mark.slow
def test_patience_stops_a_trial_that_no_longer_improves(run, tmp_path):
    def space(hp):
        return dense_network(hp.Choice("units", [4]), rate=0.0)

    found = run(tmp_path / "a", space, epochs=4, patience=2)

    assert found.table["epochs"].tolist() == [3]  # the first epoch, and two without a rise
    assert found.table["best_epoch"].tolist() == [1]
    assert run(tmp_path / "b", space, epochs=4).table["epochs"].tolist() == [4]


class Residual(layers.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return x + self.inner(x)


@pytest.mark.slow
def test_layers_that_do_not_say_how_they_are_made_can_be_searched(run, tmp_path):
    def space(hp):
        image = keras.Input((28, 28, 1), dtype="uint8")
        x = layers.Dense(8)(layers.Flatten()(layers.Rescaling(1 / 255)(image)))
        activation = hp.Choice("activation", ["relu", "tanh"])
        x = Residual(layers.Dense(8, activation))(x)
        return compiled(keras.Model(image, layers.Dense(10, activation="softmax")(x)))

    found = run(tmp_path, space, max_trials=2)

    assert found.table["status"].tolist() == ["completed"] * 2
    assert found.table["architecture"].tolist() == ["flatten 8 10"] * 2
    assert found.table["n_params"].tolist() == [785 * 8 + 9 * 8 + 9 * 10] * 2
    assert found.table["duplicate_of"].isna().all()
    assert run(tmp_path, space, max_trials=2).stopped.endswith("nothing is trained again")


# Mistakes


def assert_one_sentence(error: CourseError, *words: str) -> None:
    text = str(error)
    assert "\n" not in text and text.endswith("."), text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    "name", ["max_trials", "epochs", "batch_size", "patience", "max_model_size"]
)
@pytest.mark.parametrize("value", [0, -1, True, 2.5, "3"])
def test_a_number_that_cannot_be_is_one_sentence(run, tmp_path, name, value):
    with pytest.raises(CourseError) as raised:
        run(tmp_path / "new", **{name: value})
    assert_one_sentence(raised.value, f"{name}={value!r}", "whole number from 1")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("seed", [-1, True, 2.5, "3", None])
def test_a_seed_that_cannot_be_is_one_sentence(run, tmp_path, seed):
    with pytest.raises(CourseError) as raised:
        run(tmp_path, seed=seed)
    assert_one_sentence(raised.value, f"seed={seed!r}", "whole number from 0")


@pytest.mark.parametrize("seconds", [0, -1, True, float("nan"), "3"])
def test_seconds_that_cannot_be_are_one_sentence(run, tmp_path, seconds):
    with pytest.raises(CourseError) as raised:
        run(tmp_path, max_seconds=seconds)
    assert_one_sentence(raised.value, f"max_seconds={seconds!r}", "above 0")


@pytest.mark.parametrize("name", ["overwrite", "retry_failed", "same_space"])
@pytest.mark.parametrize("value", ["no", 1, None])
def test_a_switch_is_true_or_false(run, tmp_path, name, value):
    with pytest.raises(CourseError) as raised:
        run(tmp_path, **{name: value})
    assert_one_sentence(raised.value, f"{name}={value!r}", "True")


def test_waiting_for_workers_needs_some(run, tmp_path):
    with pytest.raises(CourseError) as raised:
        run(tmp_path, max_wait=3)
    assert_one_sentence(raised.value, "max_wait=3 needs workers")


@pytest.mark.parametrize("objective", ["val_mean_io_u", "val_accuracy"])
def test_a_metric_that_keras_tuner_cannot_make_needs_another_name(run, tmp_path, objective):
    def space(hp):
        model = tiny_space(hp)
        metric = keras.metrics.MeanIoU(10, sparse_y_true=True, sparse_y_pred=False)
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy", metric])
        return model

    with pytest.raises(CourseError) as raised:
        run(tmp_path / "new", space, objective=objective)
    assert_one_sentence(raised.value, "mean_io_u", "name='iou'")
    assert not (tmp_path / "new").exists()


class Top(keras.metrics.SparseTopKCategoricalAccuracy):
    pass


@pytest.mark.slow
def test_a_metric_whose_name_keras_numbers_is_found_again(run, tmp_path):
    def space(hp):
        model = dense_network(hp.Choice("units", [4]))
        model.compile(
            "sgd", "sparse_categorical_crossentropy", metrics=["accuracy", Top(name=None)]
        )
        return model

    space(keras_tuner.HyperParameters())
    objective = keras_tuner.Objective("val_top", "max")

    assert run(tmp_path, space, objective=objective).table["status"].tolist() == ["completed"]
    assert run(tmp_path, space, objective=objective).stopped.endswith("nothing is trained again")


@pytest.mark.parametrize("epochs", [0, 2.5])
def test_retraining_refuses_such_numbers_too(randomly, epochs):
    with pytest.raises(CourseError) as raised:
        search.retrain(randomly[0], epochs=epochs)
    assert_one_sentence(raised.value, f"epochs={epochs!r}")


def test_numbers_of_numpy_are_numbers(run, randomly):
    found, _, _ = randomly
    kinds = {"max_trials": np.int64, "epochs": np.int32, "seed": np.uint8}

    again = run(found.directory, **{**RANDOM, **{n: kind(RANDOM[n]) for n, kind in kinds.items()}})

    assert again.stopped.endswith("nothing is trained again")
    assert {type(getattr(again.options, name)) for name in kinds} == {int}


def test_an_unknown_strategy_is_one_sentence_and_leaves_no_folder(run, tmp_path):
    with pytest.raises(CourseError) as raised:
        run(tmp_path / "new", strategy="genetic")
    assert_one_sentence(raised.value, "'genetic'", "random", "greedy")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("space", [lambda hp: None, functools.partial(lambda hp: None)])
def test_a_space_that_forgets_to_return_its_network_is_one_sentence(run, tmp_path, space):
    with pytest.raises(CourseError) as raised:
        run(tmp_path, space)
    assert_one_sentence(raised.value, "return")


@pytest.mark.parametrize(
    "change, named",
    [
        ({"seed": 1}, "another seed"),
        ({"epochs": 3}, "another epochs"),
        ({"max_trials": 1}, "another max_trials"),
        ({"max_trials": 3, "seed": 1}, "another max_trials and seed"),
        ({"strategy": "greedy"}, "another strategy"),
        ({"batch_size": 32}, "another batch_size"),
        ({"patience": 1}, "another patience"),
        ({"max_model_size": 9}, "another max_model_size"),
        ({"space": lambda hp: dense_network(hp.Choice("units", [4, 8]))}, "another space"),
        ({"seed": 1, "epochs": 3}, "another epochs and seed"),
    ],
)
def test_a_folder_of_another_search_is_refused_with_what_differs(run, randomly, change, named):
    found, _, _ = randomly
    before = (found.directory / "search.json").read_text()

    with pytest.raises(CourseError) as raised:
        run(found.directory, **{**RANDOM, **change})

    assert_one_sentence(raised.value, repr(str(found.directory)), f"({named})", "overwrite=True")
    assert (found.directory / "search.json").read_text() == before


def test_other_data_is_another_search(run, randomly, small):
    found, _, _ = randomly
    fewer = dataclasses.replace(small, x_train=small.x_train[:190], y_train=small.y_train[:190])

    with pytest.raises(CourseError) as raised:
        run(found.directory, splits=fewer, **RANDOM)
    assert_one_sentence(raised.value, "another data")


def test_a_folder_with_other_files_is_refused(run, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(CourseError) as raised:
        run(tmp_path)
    assert_one_sentence(raised.value, "holds other files", "overwrite=True")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.slow
def test_overwriting_begins_anew_and_spares_other_files(run, randomly, tmp_path):
    folder = shutil.copytree(randomly[0].directory, tmp_path / "copy")
    (folder / "thesis.txt").write_text("mine")

    found = run(folder, seed=7, overwrite=True)

    assert found.table["trial"].tolist() == [1]
    assert found.options.seed == 7
    assert (folder / "thesis.txt").read_text() == "mine"
    pd.testing.assert_frame_equal(run(folder, seed=7).table, found.table)


@pytest.mark.parametrize("below", ["", "below"])
def test_a_folder_that_cannot_be_is_one_sentence(run, tmp_path, below):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(CourseError) as raised:
        run(tmp_path / "file" / below)
    assert_one_sentence(raised.value, "file", "cannot be written", "choose another")


def test_networks_for_images_of_any_size_are_refused(run, tmp_path):
    """Their costs cannot be counted, and a report of them would fail at the very end."""

    def space(hp):
        image = keras.Input((None, None, 1))
        x = layers.GlobalMaxPooling2D()(layers.Conv2D(hp.Choice("filters", [2, 4]), 3)(image))
        return compiled(keras.Model(image, layers.Dense(10, activation="softmax")(x)))

    with pytest.raises(CourseError) as raised:
        run(tmp_path / "new", space)
    assert_one_sentence(raised.value, "take (None, None, 1)", "image_shape")
    assert not (tmp_path / "new").exists()


# The progress bar


def test_the_progress_bar_shows_epochs_time_left_and_the_best(capsys):
    bar = search.ProgressBar()
    bar.search_begin(2, 3)
    bar.trial_begin(1)
    bar.epoch_end(1, 1, {})
    bar.trial_end({"trial": 1, "val_accuracy": 0.8768})  # stopped early
    bar.trial_begin(2)
    bar.trial_end({"trial": 2})  # failed
    done = bar._bar.n
    bar.search_end()

    shown = capsys.readouterr()
    assert done == 3  # the first trial's epochs, trained or not
    assert "trial 2" in shown.out and "3/6 epochs" in shown.out and "left" in shown.out
    assert "best validation accuracy 0.877" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("disable", [True, False])
def test_a_progress_bar_is_silent_where_it_is_disabled_or_has_no_stream(
    capfd, monkeypatch, disable
):
    if not disable:  # as under pythonw
        monkeypatch.setattr("sys.stdout", None)
        monkeypatch.setattr("sys.stderr", None)
    bar = search.ProgressBar(disable=disable)
    bar.search_begin(1, 1)
    bar.trial_begin(1)
    bar.epoch_end(1, 1, {})
    bar.trial_end({"trial": 1, "val_accuracy": 0.5})
    bar.search_end()

    assert capfd.readouterr() == ("", "")
