"""Trials trained elsewhere give the search that they would have given here."""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.process
import dataclasses
import multiprocessing
import pickle
import runpy
import sys
import threading
import time

import autokeras as ak
import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest
import tree
from drills.kill_and_resume import differences
from keras import layers

from nascourse import CourseError, search, spaces
from nascourse._engine import orphans, parallel, preflight
from nascourse._engine.loops import TRIES
from nascourse._engine.options import TimeIsUp
from nascourse._engine.recording import parse

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("frozen_libraries", "spaces_described_once"),
]


def tiny_space(hp) -> keras.Model:
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    units = hp.Choice("units", [4, 8, 12, 16, 20, 24])
    if units == 8:
        raise RuntimeError("eight is bad luck")
    x = layers.Dense(units, activation="relu")(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Immediately(concurrent.futures.Executor):
    """Runs each task when it comes, on what a process of its own would get: a pickled copy."""

    def __init__(self):
        self.tasks = 0

    def submit(self, function, *arguments):
        self.tasks += 1
        future = concurrent.futures.Future()
        try:
            arguments = pickle.loads(pickle.dumps(arguments))
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 - as every executor does
            future.set_exception(error)
        return future


class WhenAsked(Immediately):
    """Runs a task when it is asked for the result."""

    def submit(self, function, *arguments):
        future, finished = concurrent.futures.Future(), super().submit
        future.result = lambda timeout=None: finished(function, *arguments).result()
        future.done = lambda: True
        return future


class Pool(WhenAsked):
    """One whose process dies of a trial, and with it all that it has."""

    def __init__(self, deadly: int):
        super().__init__()
        self.deadly, self.broken = deadly, False

    def submit(self, function, *arguments):
        self.fail_if_broken()
        self.broken = (
            function is parallel.train and int(arguments[1]["trial_id"]) + 1 == self.deadly
        )
        future = super().submit(function, *arguments)
        when_asked = future.result

        def result(timeout=None):
            self.fail_if_broken()
            return when_asked()

        future.result = result
        return future

    def fail_if_broken(self) -> None:
        if self.broken:
            raise concurrent.futures.BrokenExecutor("a process died")


class NoWorkers(concurrent.futures.Executor):
    """Its processes end when they should begin, like those that cannot import the space."""

    def submit(self, function, *arguments):
        future = concurrent.futures.Future()
        future.set_exception(concurrent.futures.BrokenExecutor("a process died"))
        return future


class Never(concurrent.futures.Executor):
    """Finishes nothing."""

    def submit(self, function, *arguments):
        return concurrent.futures.Future()


@pytest.fixture(scope="module")
def run(small):
    def run(directory, space=tiny_space, *, strategy="random", **options) -> search.Search:
        usual = {"max_trials": 5, "epochs": 2, "seed": 3, "observer": search.Observer()}
        return search.run_search(
            space, small, strategy=strategy, directory=directory, **(usual | options)
        )

    return run


@pytest.fixture(scope="module")
def here(run, tmp_path_factory) -> search.Search:
    """What a search finds without workers."""
    return run(tmp_path_factory.mktemp("here"), max_trials=3)


class Unlucky(ak.Block):
    """One of its networks cannot be built."""

    def build(self, hp, inputs=None):
        units = hp.Choice("units", [2, 3])
        if units == 3:
            raise RuntimeError("three is bad luck")
        return layers.Dense(units)(layers.Flatten()(tree.flatten(inputs)[0]))


def autokeras_space(block: ak.Block) -> spaces.AutoKerasSpace:
    image = ak.ImageInput(name="image")
    return spaces.AutoKerasSpace(image, ak.ClassificationHead()(block(image)))


def test_workers_change_nothing_in_a_random_search(here, run, tmp_path):
    """It proposes the same whenever it hears; two trials are in flight."""
    executor = Immediately()

    there = run(tmp_path, executor=executor, in_flight=2, max_trials=3)

    assert executor.tasks == len(there.table) == 3
    assert differences(there, here) == []


@pytest.mark.parametrize(
    "make_space, strategy, max_trials",
    [
        (lambda: tiny_space, "local", 3),
        (lambda: autokeras_space(Unlucky(name="block")), "greedy", 4),
    ],
)
def test_workers_that_are_heard_at_once_change_nothing(
    run, tmp_path, make_space, strategy, max_trials
):
    """A network that cannot be built is a failed trial there as well."""
    # With this seed one network of each search cannot be built.
    options = {"strategy": strategy, "max_trials": max_trials, "seed": 2}
    executor = Immediately()

    here = run(tmp_path / "here", make_space(), **options)
    there = run(tmp_path / "there", make_space(), executor=executor, in_flight=1, **options)

    assert executor.tasks == len(there.table) == max_trials
    assert (there.table["status"] == "failed").sum() == 1
    assert differences(there, here) == []


@pytest.mark.parametrize("strategy", ["local", "greedy"])
def test_a_stopped_search_goes_on_as_if_nothing_had_been(run, tmp_path, strategy):
    """Trials were in flight when it stopped; their results were not heard."""

    class StopAfterOne(search.Observer):
        def trial_end(self, row):
            raise KeyboardInterrupt

    options = {"strategy": strategy, "in_flight": 3, "max_trials": 4}
    whole = run(tmp_path / "whole", executor=Immediately(), **options)
    stopped = run(tmp_path / "b", executor=WhenAsked(), observer=StopAfterOne(), **options)
    executor = Immediately()
    resumed = run(tmp_path / "b", executor=executor, **options)

    assert len(stopped.table) == 1
    assert executor.tasks == 3
    assert differences(resumed, whole) == []


def test_results_are_heard_in_the_order_of_the_trials(run, tmp_path):
    """The second trial comes first."""

    class Reversed(Immediately):
        def submit(self, *task):
            finished = super().submit(*task)
            if self.tasks == 1:
                self.first, self.result = concurrent.futures.Future(), finished.result()
                return self.first
            threading.Timer(0.3, self.first.set_result, [self.result]).start()
            return finished

    found = run(tmp_path, executor=Reversed(), in_flight=2, max_trials=2)

    assert found.table["trial"].tolist() == [1, 2]


class InThread(Immediately):
    """Trains in another thread of this process, as Dask's local cluster without processes."""

    def submit(self, *task):
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            return thread.submit(super().submit, *task).result()


class Elsewhere(InThread):
    """As if on another machine, where the process has the same number."""

    def submit(self, function, task, state):
        _, *numbers = task.searches
        return super().submit(
            function, dataclasses.replace(task, searches=("elsewhere", *numbers)), state
        )


def test_workers_that_are_threads_of_this_process_are_refused(run, tmp_path):
    with pytest.raises(CourseError, match="share this process .*ProcessPoolExecutor") as raised:
        run(tmp_path, executor=InThread())

    assert "\n" not in str(raised.value) and str(raised.value).endswith(".")
    assert parse((tmp_path / "search.json").read_text("utf-8")).trials == []


def test_a_process_with_the_same_number_is_another_one(here, run, tmp_path):
    there = run(tmp_path, max_trials=1, executor=Elsewhere())

    first = here.curves.query("trial == 1")
    pd.testing.assert_frame_equal(there.curves, first, check_exact=True)


@pytest.mark.parametrize("executor", [None, Immediately()], ids=["here", "workers"])
def test_each_trial_has_its_own_log_and_checkpoint(run, small, tmp_path, executor):
    writers = [
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.ModelCheckpoint(
            str(tmp_path / "new" / "best.keras"), monitor="val_accuracy", save_best_only=True
        ),
    ]
    options = {"executor": executor, "callbacks": writers, "max_trials": 2}

    curves = run(tmp_path / "search", **options).curves

    trained = curves["trial"].unique()
    assert len(trained) > 1
    files = sorted(path.name for path in tmp_path.rglob("trial_*_*.*"))
    assert files == sorted(
        f"trial_{n}_{name}" for n in trained for name in ("log.csv", "best.keras")
    )
    for trial, curve in curves.groupby("trial"):
        log = pd.read_csv(tmp_path / f"trial_{trial}_log.csv")
        np.testing.assert_allclose(log["val_loss"], curve["val_loss"], rtol=1e-5)
        network = keras.saving.load_model(tmp_path / "new" / f"trial_{trial}_best.keras")
        scores = network.evaluate(small.x_val, small.y_val, verbose=0, return_dict=True)
        assert scores["accuracy"] == pytest.approx(curve["val_accuracy"].max())


def test_a_backup_that_another_trial_would_go_on_from_is_refused(run, tmp_path):
    backup = keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))

    with pytest.raises(CourseError, match="BackupAndRestore .*leave it out") as raised:
        run(tmp_path / "new", callbacks=[backup])

    assert "\n" not in str(raised.value) and str(raised.value).endswith(".")
    assert not (tmp_path / "new").exists()


def test_a_broken_worker_is_one_sentence_and_keeps_what_is_finished(run, tmp_path):
    class Breaks(Immediately):
        def submit(self, *task):
            return (super() if self.tasks == 0 else NoWorkers()).submit(*task)

    with pytest.raises(CourseError) as raised:
        run(tmp_path, executor=Breaks(), max_trials=2)

    text = str(raised.value)
    assert "trial 2" in text and "a process died" in text and "same folder" in text
    assert "\n" not in text and text.endswith(".")
    executor = Immediately()
    assert len(run(tmp_path, executor=executor, max_trials=2).table) == 2
    assert executor.tasks == 2  # whether it can begin, and trial 2


def test_a_trial_that_breaks_three_pools_fails_alone(run, tmp_path):
    """Trials 1 and 3 are in flight as well when it breaks the first."""
    options = {"in_flight": 3, "max_trials": 3}
    for finished in (0, 1, 1, 2):
        with pytest.raises(CourseError, match=f"trial {finished + 1} .*a process died"):
            run(tmp_path, executor=Pool(deadly=2), **options)
        assert len(parse((tmp_path / "search.json").read_text("utf-8")).trials) == finished
    table = run(tmp_path, executor=Pool(deadly=2), **options).table

    assert table["status"].tolist() == ["completed", "failed", "completed"]
    assert "workers died" in table["message"][1]


class KilledWorker(Exception):
    """As Dask names what it raises of a trial whose workers died."""


@pytest.mark.parametrize(
    "error, resends, max_runs",
    [
        (concurrent.futures.process.BrokenProcessPool(), 0, 3),
        (KilledWorker(), 1, 1),
        (ModuleNotFoundError(), 0, None),  # the fault of no trial
    ],
)
def test_each_error_of_a_worker_has_its_policy(error, resends, max_runs):
    assert parallel.policy(error) == (resends, max_runs)


def test_a_trial_that_kills_its_workers_twice_has_failed(run, tmp_path):
    """Dask keeps the pool; trial 1 only waited for the worker that trial 2 killed."""

    class Cluster(Immediately):
        def __init__(self, failures):
            super().__init__()
            self.failures = failures

        def submit(self, function, task, state):
            if self.failures.get(state["trial_id"], 0) == 0:
                return super().submit(function, task, state)
            self.failures[state["trial_id"]] -= 1
            future = concurrent.futures.Future()
            future.set_exception(KilledWorker())
            return future

    options = {"max_trials": 2, "in_flight": 2}
    table = run(tmp_path, executor=Cluster({"0": 1, "1": 2}), **options).table

    assert table["status"].tolist() == ["completed", "failed"]
    assert "workers died" in table["message"][1]
    assert table["message"][1].endswith("; to try it again, pass retry_failed=True.")
    again = run(tmp_path, executor=Immediately(), retry_failed=True, **options).table
    assert again["status"].tolist() == ["completed"] * 2


def test_pools_that_break_at_once_accuse_no_trial(run, tmp_path):
    for _ in range(TRIES + 1):
        with pytest.raises(CourseError, match="trial 1 "):
            run(tmp_path, executor=NoWorkers(), max_trials=1)

    table = run(tmp_path, executor=Immediately(), max_trials=1).table
    assert table["status"].tolist() == ["completed"]


def test_time_runs_out_while_workers_work(run, tmp_path):
    found = run(tmp_path, executor=Never(), max_seconds=0.5)

    assert found.table.empty and found.stopped.startswith("out of time")


class EpochsOfFourSeconds(keras.callbacks.Callback):
    """Counts epochs, and turns the clock."""

    seen, now = 0, 0.0

    def on_epoch_end(self, epoch, logs=None):
        EpochsOfFourSeconds.seen += 1
        EpochsOfFourSeconds.now += 4


def test_a_worker_keeps_to_the_time_of_the_search(run, tmp_path, monkeypatch):
    """Between two epochs, as without workers: the trial is not in the table, and goes on later."""
    clock = EpochsOfFourSeconds
    clock.seen, clock.now = 0, 0.0
    options = {"executor": Immediately(), "max_trials": 1, "epochs": 5, "callbacks": [clock()]}
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: clock.now)
        found = run(tmp_path, max_seconds=10, **options)

    assert clock.seen == 3 and found.table.empty
    assert found.stopped.startswith("out of time")
    assert run(tmp_path, **options).table["epochs"].tolist() == [5]


class Prefetching(Never):
    """A pool whose processes begin when the search has ended: such tasks cannot be cancelled."""

    _mp_context = multiprocessing.get_context("spawn")

    def __init__(self):
        self.tasks = []

    def submit(self, function, *arguments):
        self.tasks.append((function, *pickle.loads(pickle.dumps(arguments))))
        return super().submit(function, *arguments)


def test_the_processes_of_a_pool_end_with_the_search(run, tmp_path):
    class Stop(search.Observer):
        def waiting(self, line):
            raise KeyboardInterrupt

    pool = Prefetching()
    EpochsOfFourSeconds.seen = 0
    options = {"in_flight": 2, "callbacks": [EpochsOfFourSeconds()]}
    assert run(tmp_path, executor=pool, observer=Stop(), **options).interrupted

    for function, task, state in pool.tasks:
        with pytest.raises(TimeIsUp):
            function(task, state)
    assert len(pool.tasks) == 2 and EpochsOfFourSeconds.seen == 0


def test_the_processes_of_a_pool_end_with_their_parent(run, tmp_path, monkeypatch):
    """tests/test_orphans.py kills it.  Workers of another kind have another parent."""

    class Stop(search.Observer):
        def waiting(self, line):
            raise KeyboardInterrupt

    tied = []
    monkeypatch.setattr(orphans, "end_with_parent", lambda: tied.append(True))
    pool = Prefetching()
    options = {"in_flight": 1, "max_trials": 1, "epochs": 1}
    assert run(tmp_path, executor=pool, observer=Stop(), **options).interrupted
    ((function, *arguments),) = pool.tasks
    with pytest.raises(TimeIsUp):
        function(*arguments)
    assert tied == [True]

    run(tmp_path, executor=Immediately(), **options)
    assert tied == [True]


def ends_by_a_worker(run, folder, executor) -> str:
    """The sentence in which a search ends whose worker cannot train; then it goes on elsewhere."""
    with pytest.raises(CourseError, match="^A worker cannot train .*repair the worker") as raised:
        run(folder, executor=executor, max_trials=1, epochs=1)
    text = str(raised.value)
    assert "\n" not in text and text.endswith(".") and "same folder" in text
    assert parse((folder / "search.json").read_text("utf-8")).trials == []
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KERASTUNER_TUNER_ID", raising=False)
        table = run(folder, executor=Immediately(), max_trials=1, epochs=1).table
    assert table["trial"].tolist() == [1]
    return text


def test_a_worker_whose_environment_no_search_can_have_ends_it(run, tmp_path, monkeypatch):
    class Spoiled(Immediately):
        def submit(self, *task):
            monkeypatch.setenv("KERASTUNER_TUNER_ID", "tuner0")
            return super().submit(*task)

    monkeypatch.setattr(parallel, "_check_machine", preflight.check_machine, raising=False)

    assert "KERASTUNER_TUNER_ID is set" in ends_by_a_worker(run, tmp_path, Spoiled())


def test_a_worker_of_another_version_ends_the_search(run, tmp_path):
    class Older(Immediately):
        def submit(self, function, task, state):
            assert task.versions.keys() == {"keras", "keras-tuner", "autokeras"}
            versions = task.versions | {"keras-tuner": "1.0"}
            return super().submit(function, dataclasses.replace(task, versions=versions), state)

    assert "and the search keras-tuner 1.0)" in ends_by_a_worker(run, tmp_path, Older())


def test_a_worker_looks_at_its_environment_once(run, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(preflight.environment, "demand", lambda *_: seen.append(True))
    parallel._check_machine.cache_clear()

    assert len(run(tmp_path, executor=Immediately(), max_trials=2, epochs=1).table) == 2
    assert len(seen) == 2  # before the search, and in the process that trained


def test_an_observer_that_fails_while_workers_work_is_named(run, tmp_path):
    class Mine(search.Observer):
        def waiting(self, line):
            raise AttributeError("mine")

    with pytest.raises(CourseError, match="The observer Mine failed .*mine"):
        run(tmp_path, executor=Never(), observer=Mine())


class InNotebook(keras_tuner.HyperModel):
    """What a cell of a notebook would define: a space, whose module a test changes."""

    def build(self, hp):
        return tiny_space(hp)


class Block(ak.Block):
    def build(self, hp, inputs=None):
        return layers.Dense(hp.Choice("units", [2, 3]))(layers.Flatten()(tree.flatten(inputs)[0]))


@pytest.mark.parametrize(
    "kind, options",
    [
        (EpochsOfFourSeconds, {"callbacks": [EpochsOfFourSeconds()]}),
        (InNotebook, {"space": InNotebook()}),
        (Block, {"space": autokeras_space(Block(name="block"))}),
    ],
)
def test_what_a_pool_could_not_import_is_refused_by_name(run, tmp_path, monkeypatch, kind, options):
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(kind, "__module__", "__main__")

    with pytest.raises(CourseError, match=f"cannot find {kind.__name__}.*file beside"):
        run(tmp_path / "new", executor=Prefetching(), **options)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "what, options",
    [
        ("the space", {"space": lambda hp: tiny_space(hp)}),
        (
            "the callback LearningRateScheduler",
            {"callbacks": [keras.callbacks.LearningRateScheduler(lambda epoch: 0.01)]},
        ),
    ],
)
def test_what_a_pool_cannot_send_is_refused_before_the_search(run, tmp_path, what, options):
    with pytest.raises(CourseError, match=f"cannot send {what} .*lambda.*top level") as raised:
        run(tmp_path / "new", executor=Prefetching(), **options)

    assert "\n" not in str(raised.value) and str(raised.value).endswith(".")
    assert not (tmp_path / "new").exists()


def test_a_script_does_not_search_while_a_process_imports_it(tmp_path):
    """Under this name Python imports it; what it defines may search later."""
    script = tmp_path / "script.py"
    script.write_text("from nascourse._engine.parallel import check_guard as begin\nbegin()")
    with pytest.raises(CourseError, match="script.py.*if __name__ == '__main__':"):
        runpy.run_path(str(script), run_name="__mp_main__")

    runpy.run_path(str(script), run_name="__main__")
    script.write_text(f"def work():\n    {script.read_text('utf-8')}".replace("\nb", "\n    b"))
    runpy.run_path(str(script), run_name="__mp_main__")["work"]()


@pytest.mark.parametrize(
    "workers, is_named",
    [(NoWorkers, True), (lambda: Pool(deadly=1), True), (lambda: Pool(2), False)],
)
def test_a_pool_that_breaks_before_any_result_may_have_a_script_without_guard(
    run, tmp_path, monkeypatch, workers, is_named
):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "script.py", raising=False)
    for _ in range(1 + is_named):  # in the second run it is first seen whether a worker can begin
        with pytest.raises(CourseError, match="a process died") as raised:
            run(tmp_path, executor=workers(), in_flight=1)
        assert ("if __name__ == '__main__':" in str(raised.value)) == is_named
        assert "\n" not in str(raised.value) and "same folder" in str(raised.value)


def test_workers_that_are_gone_end_the_search_which_goes_on_with_others(run, tmp_path, capsys):
    class Leave(Immediately):
        def submit(self, *task):
            return (super() if self.tasks == 0 else Never()).submit(*task)

    with pytest.raises(CourseError, match="trial 2 .*without a sign of life") as raised:
        run(tmp_path, executor=Leave(), max_wait=1, max_trials=2)

    assert "\n" not in str(raised.value) and "same folder" in str(raised.value)
    table = run(tmp_path, executor=Immediately(), max_trials=2).table
    assert table["trial"].tolist() == [1, 2]


@pytest.mark.parametrize("seconds", [0, -1, "3", True])
def test_a_wait_that_cannot_be_is_one_sentence(run, tmp_path, seconds):
    with pytest.raises(CourseError, match="max_wait="):
        run(tmp_path, executor=Immediately(), max_wait=seconds)


def test_workers_are_needed_for_a_number_in_flight(run, tmp_path):
    with pytest.raises(CourseError, match="in_flight=3 needs workers"):
        run(tmp_path, in_flight=3)


def test_a_space_that_cannot_be_sent_is_one_sentence(run, tmp_path):
    with pytest.raises(CourseError) as raised:
        run(tmp_path, lambda hp: tiny_space(hp), executor=Immediately())

    assert "trial 1" in str(raised.value) and "\n" not in str(raised.value)


def test_a_search_with_another_number_in_flight_is_another_search(run, tmp_path):
    run(tmp_path, executor=Immediately(), max_trials=1)

    with pytest.raises(CourseError, match="another in_flight"):
        run(tmp_path, max_trials=1)
