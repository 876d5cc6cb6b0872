"""Train the trials of a search by workers: in other processes, or on other machines.

>>> import multiprocessing
>>> from concurrent.futures import ProcessPoolExecutor
>>> spawn = multiprocessing.get_context("spawn")  # a copy of this process would wait for ever
>>> with ProcessPoolExecutor(2, mp_context=spawn) as workers:                 # doctest: +SKIP
...     search.run_search(..., executor=workers)

Any `concurrent.futures.Executor` will do, so also that of Dask, ``client.get_executor()``.  The
oracle stays in this process; a worker gets the space, the images and the values of one trial, and
sends back its row, its learning curve and its weights.  It runs the same code as a search, with a
budget of one trial, and one trial at a time in a process, which has one state of its generators.
An executor that trains in threads of this process is refused.

A network that ends its process breaks a `ProcessPoolExecutor`, and so ends the search.  Start it
again with the same folder and a new pool: the trials that were in flight then go one at a time, and
one that has broken three pools is a failed trial.  When a search ends before its trials, a pool
ends those that still run after their epoch; other executors do so when ``max_seconds`` are over,
and else train them to the end, for nothing.  A cluster of Dask lives on, and counts the dead
workers of a trial by itself (``distributed.scheduler.allowed-failures``).
"""

from __future__ import annotations

import functools
import gc
import inspect
import io
import itertools
import os
import sys
import tempfile
import threading
import uuid
from collections import deque
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib import metadata
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import FunctionType
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras_tuner
from keras_tuner.engine.trial import Trial
from keras_tuner.errors import FailedTrialError

from nascourse import CourseError
from nascourse._engine import compat, orphans, preflight
from nascourse._engine.blame import SearchEnds, culprit, reason
from nascourse._engine.files import atomic_write, temporary_file
from nascourse._engine.identity import Space
from nascourse._engine.loops import TRIES, library_noise_off, make_tuner, trial_number
from nascourse._engine.observers import Observer
from nascourse._engine.options import Deadline, SearchOptions, TimeIsUp
from nascourse._engine.recorder import TrialRecorder
from nascourse._engine.recording import Recording
from nascourse._engine.waiting import WaitedTooLong, result_of
from nascourse.data import SealedTest, Splits

GUARD = "if __name__ == '__main__':"

_ONE_AT_A_TIME = threading.Lock()
_PROCESS = uuid.uuid4().hex  # two machines may have processes with the same number


def _thread_here() -> tuple[str, int, int]:
    """This thread, unlike any of other processes, forked ones included."""
    return _PROCESS, os.getpid(), threading.get_ident()


@functools.cache
def _versions() -> dict[str, str]:
    """What a search depends on, so that workers have to have the same."""
    return {name: metadata.version(name) for name in ("keras", "keras-tuner", "autokeras")}


@dataclass(frozen=True)
class Task:
    """What a worker needs for a trial besides the trial."""

    space: Space
    splits: Splits  # without the test part
    options: SearchOptions
    searches: tuple[str, int, int] = field(default_factory=_thread_here)  # the thread that does
    versions: dict[str, str] = field(default_factory=_versions)


@dataclass(frozen=True)
class Result:
    """What a worker sends back."""

    trial: dict[str, Any]  # the state of KerasTuner's trial
    row: dict[str, Any]  # as a search records it, and so is the curve
    curve: list[dict[str, Any]] = field(default_factory=list)
    network: dict[str, Any] = field(default_factory=dict)  # what an observer is told of it
    files: dict[str, bytes] = field(default_factory=dict)  # of the trial, its weights above all


def policy(error: Exception) -> tuple[int, int | None]:
    """What follows when a worker brings an error in place of a result: by default, the search ends.

    Returns
    -------
    resends : how often the trial is sent again at once
    max_runs : how many runs of the search the trial may end in this way; in the next it has failed
    """
    if isinstance(error, BrokenExecutor):
        # A broken pool does not say which of its trials has broken it: the first one counts, and
        # in the next run of the search they go one at a time.
        return 0, TRIES
    if type(error).__name__ == "KilledWorker":
        # Dask has tried several workers.  It also blames a trial that only waited for the same
        # worker; that one succeeds when it is sent again, as the other trial no longer runs.
        return 1, 1
    return 0, None


class Workers:
    """An executor that trains the trials of a search, several at a time.

    Results are taken in the order of the trials, whichever comes first, so that a seed repeats a
    search.  That is why it pays to have more trials in flight than there are workers.

    The sealed test part is not sent to them.
    """

    def __init__(
        self,
        executor: Executor,
        space: Space,
        splits: Splits,
        options: SearchOptions,
        *,
        max_wait: float,
    ):
        _check(executor, space, options)
        visible = replace(splits, test=SealedTest(splits.x_val[:0], splits.y_val[:0]))
        self._task = Task(space, visible, options)
        self._max_wait = max_wait
        self._executor, self._n_in_flight = executor, options.in_flight
        self._count = itertools.count()
        self._has_results = False

    def search(self, tuner: Any) -> None:
        """Let workers train all trials that the oracle of a tuner proposes."""
        tuner.on_search_begin()
        tuner.oracle.verbose = 0
        with temporary_file() as flag:
            # A pool is on this machine, so its workers see the file, and that it is gone.
            self._flag = flag if compat.start_method(self._executor) else None
            self._train_all(tuner)
        tuner.on_search_end()

    def _train_all(self, tuner: Any) -> None:
        waiting: deque[Trial] = deque()
        in_flight: deque[tuple[Trial, Future]] = deque()
        proposed, exhausted = 0, False
        n_to_isolate = self._n_in_flight if tuner.recorder.recording.content.tries else 0
        try:
            while waiting or in_flight or not exhausted:
                while len(waiting) + len(in_flight) < self._n_in_flight and not exhausted:
                    tuner.pre_create_trial()
                    trial = tuner.oracle.create_trial(f"worker{proposed}")
                    proposed += 1
                    exhausted = trial.status == "STOPPED"
                    if not exhausted:
                        waiting.append(trial)
                while waiting and not (in_flight and n_to_isolate > 0):
                    trial = waiting.popleft()
                    future = self._send(tuner, trial, isolate=n_to_isolate > 0)
                    in_flight.append((trial, future))
                if in_flight:
                    trial, future = in_flight[0]
                    _take(tuner, trial, self._result(tuner, trial, future))
                    self._has_results = True
                    in_flight.popleft()
                    n_to_isolate -= 1
        finally:
            for _, future in in_flight:
                future.cancel()

    def _send(self, tuner: Any, trial: Trial, *, isolate: bool = False) -> Future:
        try:
            if isolate:  # first see that a worker can begin: perhaps it cannot import the space
                beginning = self._executor.submit(len, [train, self._task])
                self._wait(tuner, beginning, "a worker that can begin")
            # Numbered, as Dask returns the old result of a call that it has seen before.
            sent = {"sent": next(self._count), "seconds": tuner.deadline.left(), "flag": self._flag}
            return self._executor.submit(train, self._task, trial.get_state() | sent)
        except TimeIsUp:
            raise
        except Exception as error:  # such as a pool that broke some time ago
            if culprit(error) is not None:  # the observer, which is told that we wait
                raise
            failed: Future = Future()
            not_of_trial = FailedTrialError(reason(error))
            not_of_trial.__cause__ = error
            failed.set_exception(not_of_trial)
            return failed

    def _wait(self, tuner: Any, future: Future, what: str) -> Any:
        said = ""

        def tick(line: str) -> None:
            nonlocal said
            said = line
            tuner.deadline.check()
            tuner.recorder.observer.waiting(line)

        try:
            return result_of(future, self._executor, what, max_wait=self._max_wait, tick=tick)
        except BaseException as end:  # such as Ctrl-C
            hangs = said or isinstance(end, WaitedTooLong)
            if hangs and not future.done():
                compat.end_processes(self._executor)
            raise

    def _result(self, tuner: Any, trial: Trial, future: Future) -> Result:
        """Wait for a trial, and follow the policy of its error, if it brings one."""
        number, resent = trial_number(trial), 0
        while True:
            try:
                return self._wait(tuner, future, f"trial {number}")
            except (TimeIsUp, SearchEnds):  # the second comes from a worker, which says what it is
                raise
            except Exception as error:
                if culprit(error) is not None:  # the observer, which is told that we wait
                    raise
                resends, max_runs = policy(error)
                if resent < resends:
                    resent += 1
                    future = self._send(tuner, trial)
                    continue
                if max_runs and tuner.recorder.recording.begin_trial() >= max_runs:
                    return _failed(trial)
                to_repair = "repair or replace the workers"
                is_broken = any(isinstance(e, BrokenExecutor) for e in (error, error.__cause__))
                if is_broken:
                    compat.end_processes(self._executor)
                if is_broken and not self._has_results and _is_script():
                    to_repair += (
                        f", or, in a script, put the search below a line {GUARD!r}, as each process "
                        "of a pool imports the script"
                    )
                raise SearchEnds(
                    f"No worker could finish trial {number} ({reason(error)}): all finished trials "
                    f"are kept; {to_repair}, and start it again with the same folder to go on."
                ) from error


def check_guard() -> None:
    """Refuse to search while a new process of a pool imports the script that has started the pool.

    `multiprocessing` runs the script for its functions and classes, under another name.
    """
    frame = inspect.currentframe()
    while frame is not None:
        names = frame.f_globals
        if frame.f_code.co_name == "<module>" and names.get("__name__") == "__mp_main__":
            raise CourseError(
                f"A process of a pool imports the script {names.get('__file__')!r}, and would search "
                f"again: put the search, and what starts the pool, below a line {GUARD!r}."
            )
        frame = frame.f_back


def _is_script() -> bool:
    """Whether Python runs a script, and no notebook."""
    return hasattr(sys.modules["__main__"], "__file__")


class _SentByName(ForkingPickler):
    """Refuses the classes and functions of a notebook, of which a pickle holds the names alone."""

    def reducer_override(self, value: Any) -> Any:
        is_named = isinstance(value, (type, FunctionType))
        if is_named and value.__module__ == "__main__":
            raise CourseError(
                f"The processes of a pool cannot find {value.__qualname__}, as it was defined in "
                "this notebook: write it into a file beside the notebook, and import it from there."
            )
        return NotImplemented


def _check(executor: Executor, space: Space, options: SearchOptions) -> None:
    """Refuse workers that cannot train this space.

    Trainings in threads would disturb each other's seeds, and in a forked process TensorFlow waits
    for ever.  The processes of a pool do not find what was defined in a notebook or a function.
    """
    start_method = compat.start_method(executor)
    if isinstance(executor, ThreadPoolExecutor) or start_method == "fork":
        raise CourseError(_share(f"executor={type(executor).__name__}(...)"))
    if start_method:
        _check_sent("the space", space)
        for callback in options.callbacks:
            _check_sent(f"the callback {type(callback).__name__}", callback)


def _share(executor: str) -> str:
    return (
        f"{executor} cannot train here, as its workers would share this process or copy it: use "
        "ProcessPoolExecutor(2, mp_context=multiprocessing.get_context('spawn'))."
    )


def _check_sent(what: str, value: Any) -> None:
    """Refuse what a pool cannot send to its processes."""
    pickler = ForkingPickler if _is_script() else _SentByName
    try:
        pickler(io.BytesIO()).dump(value)
    except CourseError:
        raise
    except Exception as error:
        raise CourseError(
            f"A pool cannot send {what} to its processes ({reason(error)}): define it, and what "
            "belongs to it, at the top level of a file, and import it from there."
        ) from error


def _take(tuner: Any, trial: Trial, result: Result) -> None:
    """End a trial that a worker has trained, as if it had run here."""
    trial.set_state(result.trial)
    for name, content in result.files.items():
        atomic_write(Path(tuner.get_trial_dir(trial.trial_id)) / name, content)
    tuner.recorder.report(trial_number(trial), result.network, result.curve)
    tuner.end_trial(trial, result.row, result.curve)


def _failed(trial: Trial) -> Result:
    """The result of a trial that kills every worker."""
    message = (
        "Its workers died: perhaps the network needs more memory than they have; to try it again, "
        "pass retry_failed=True."
    )
    outcome = {"status": "failed", "epochs": 0, "seconds": 0.0, "message": message}
    row = {**trial.hyperparameters.values, "trial": trial_number(trial), **outcome}
    return Result(trial.get_state() | {"status": "FAILED", "message": message}, row)


_check_machine = functools.cache(preflight.check_machine)  # in a process once: it takes a while


def _check_worker(task: Task) -> None:
    """End the search if this worker would train none of its networks, or others than here."""
    try:
        _check_machine()
        for name, expected in task.versions.items():
            if (version := _versions()[name]) != expected:
                raise CourseError(f"it has {name} {version}, and the search {name} {expected}")
    except CourseError as error:
        raise SearchEnds(
            f"A worker cannot train ({reason(error)}): all finished trials are kept; repair the "
            "worker, and start the search again with the same folder to go on."
        ) from error


def train(task: Task, state: dict[str, Any]) -> Result:
    """Train one trial, given the state of KerasTuner's trial; this runs in the worker."""
    here = _thread_here()
    if here[:2] == task.searches[:2] and here != task.searches:
        raise SearchEnds(_share("This executor"))
    if state["flag"]:  # this is a process of a pool
        orphans.end_with_parent()
    _check_worker(task)
    if gc.get_freeze_count() < 10_000:  # the libraries are looked through once, not in every trial
        gc.collect()
        gc.freeze()
    deadline = Deadline(state["seconds"], flag=state["flag"])
    with (
        _ONE_AT_A_TIME,
        compat.own_random_generator(),
        tempfile.TemporaryDirectory() as folder,
        Recording.opened(Path(folder), {}) as recording,
        library_noise_off(),
    ):
        oracle = _OneTrial(Trial.from_state(state), task.options.objective)
        recorder = TrialRecorder(recording, Observer(), task.options.objective)
        tuner, search = make_tuner(
            task.space, task.splits, oracle, task.options, recorder, deadline=deadline
        )
        search()
        trial = oracle.trials[oracle.given.trial_id]
        files = {
            path.name: path.read_bytes()
            for path in Path(tuner.get_trial_dir(trial.trial_id)).iterdir()
            if path.is_file() and path.name != "trial.json"
        }
        (record,) = recording.content.trials
        compat.release(oracle)
    return Result(trial.get_state(), record["row"], record["curve"], recorder.network, files)


class _OneTrial(keras_tuner.Oracle):
    """Proposes the one trial that it was given."""

    def __init__(self, given: Trial, objective: tuple[str, str]):
        # A tuner begins by building networks with the oracle's values: those by default could be
        # built when the search began, and those of the trial need not make a network at all.
        by_default = keras_tuner.HyperParameters()
        by_default.merge(given.hyperparameters)
        super().__init__(
            objective=keras_tuner.Objective(*objective), max_trials=1, hyperparameters=by_default
        )
        self.given = given

    def create_trial(self, tuner_id: str) -> Trial:
        if self.trials:
            return Trial(self.hyperparameters, status="STOPPED")
        self.trials[self.given.trial_id] = self.given
        self.start_order.append(self.given.trial_id)
        self.ongoing_trials[tuner_id] = self.given
        return self.given
