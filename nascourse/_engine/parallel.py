"""Train the trials of a search elsewhere: in other processes, or on other machines.

>>> import multiprocessing
>>> from concurrent.futures import ProcessPoolExecutor
>>> spawn = multiprocessing.get_context("spawn")  # a copy of this process would wait for ever
>>> with ProcessPoolExecutor(2, mp_context=spawn) as workers:                 # doctest: +SKIP
...     search.run_search(..., executor=workers)

Any `concurrent.futures.Executor` will do, so also that of Dask, ``client.get_executor()``.  What
proposes the trials stays here; a worker gets the space, the images and the values of one trial, and
sends back its row, its learning curve and its weights.  It runs the very code of a search, with a
budget of one trial, and one trial at a time in a process, as its seeds are the process's.

A network that ends its process breaks a `ProcessPoolExecutor`, and so ends the search.  Start it
again with the same folder and a new pool: the trials that were in flight then go one at a time, and
one that has broken three pools is a failed trial.  A cluster of Dask lives on, and counts the dead
workers of a trial by itself (``distributed.scheduler.allowed-failures``).
"""

from __future__ import annotations

import functools
import gc
import itertools
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras_tuner
from keras_tuner.engine.trial import Trial
from keras_tuner.errors import FailedTrialError

from nascourse import CourseError
from nascourse._engine import compat
from nascourse._engine.loops import Observer, library_noise_off, make_tuner, reason
from nascourse._engine.recording import Recording
from nascourse.data import SealedTest, Splits

_ONE_AT_A_TIME = threading.Lock()


def sender(
    executor: Executor, space: Any, splits: Splits, fit_options: dict[str, Any], **options: Any
) -> Callable[..., Future]:
    """Make the function that hands one trial to the executor.

    Parameters
    ----------
    executor
        Where `train` runs.
    space, splits
        See `nascourse.search.run_search`.  The sealed test part is not sent.
    fit_options
        Arguments of ``fit``, which each worker gets.
    **options
        search_seed and largest, see `nascourse._engine.loops.make_tuner`.

    Raises
    ------
    CourseError
        The executor uses threads, whose trainings would disturb each other's seeds; or it would
        fork this process, in whose copies TensorFlow waits for ever; or its processes cannot find
        the space, as it was defined in a notebook.
    """
    start_method = compat.start_method(executor)
    if isinstance(executor, ThreadPoolExecutor) or start_method == "fork":
        raise CourseError(
            f"executor={type(executor).__name__}(...) cannot train here, as its workers would "
            "share this process or copy it: use ProcessPoolExecutor(2, "
            "mp_context=multiprocessing.get_context('spawn'))."
        )
    in_main = getattr(space, "__module__", None) == "__main__"
    if start_method and in_main and not hasattr(sys.modules["__main__"], "__file__"):
        raise CourseError(
            f"The processes of a pool cannot find {space.__name__}, as it was defined in this "
            "notebook: write it into a file beside the notebook, and import it from there."
        )
    nothing = splits.x_val[:0], splits.y_val[:0]
    visible = replace(splits, test=SealedTest(*nothing))

    count = itertools.count()

    def send(trial: Trial, *, suspect: bool = False) -> Future:
        try:
            if suspect:  # first see that a worker can begin: it may not even find the space
                executor.submit(len, [train, space, fit_options]).result()
            # Numbered, as Dask answers a question that it has heard before with the old answer.
            state = trial.get_state() | {"sent": next(count)}
            return executor.submit(train, space, visible, state, fit_options, options)
        except Exception as error:  # noqa: BLE001 - such as a pool that broke some time ago
            broken = Future()
            broken.set_exception(FailedTrialError(reason(error)))  # the trial has broken nothing
            return broken

    return send


def train(
    space: Any,
    splits: Splits,
    trial: dict[str, Any],
    fit_options: dict[str, Any],
    options: dict[str, Any],
) -> dict[str, Any]:
    """Train one trial; this runs in the worker.

    Returns
    -------
    dict
        ``trial``: the state of KerasTuner's trial; ``row`` and ``curve``, as a search records
        them; ``network``: what an observer hears of it; ``files``: name and bytes of its weights
        and what else belongs to them.
    """
    _settle()
    network = _Network()
    with (
        _ONE_AT_A_TIME,
        compat.own_random_generator(),
        tempfile.TemporaryDirectory() as folder,
        Recording.opened(Path(folder), {}) as recording,
        library_noise_off(),
    ):
        oracle = _OneTrial(Trial.from_state(trial))
        tuner, fit = make_tuner(space, splits, oracle, recording, observer=network, **options)
        fit(**fit_options)
        done = oracle.trials[oracle.given.trial_id]
        below = Path(tuner.get_trial_dir(done.trial_id))
        files = {
            path.name: path.read_bytes()
            for path in below.iterdir()
            if path.is_file() and path.name != "trial.json"
        }
        (line,) = recording.content.trials
    return {"trial": done.get_state(), **line, "network": network.known, "files": files}


@functools.cache
def _settle() -> None:
    """Spare the libraries the search for garbage.

    KerasTuner collects it twice a trial, and would look at all that is loaded: a sixth of the time
    of a small network.
    """
    gc.collect()
    gc.freeze()


class _Network(Observer):
    """Keeps what is known of the network."""

    def __init__(self):
        self.known: dict[str, Any] = {}

    def network_known(self, trial: int, network: dict[str, Any]) -> None:
        self.known = network


class _OneTrial(keras_tuner.Oracle):
    """Proposes the one trial that it was given."""

    def __init__(self, given: Trial):
        super().__init__(
            objective=keras_tuner.Objective("val_accuracy", "max"),
            max_trials=1,
            hyperparameters=given.hyperparameters.copy(),
        )
        self.given = given

    def create_trial(self, tuner_id: str) -> Trial:
        if self.trials:
            return Trial(self.hyperparameters, status="STOPPED")
        self.trials[self.given.trial_id] = self.given
        self.start_order.append(self.given.trial_id)
        self.ongoing_trials[tuner_id] = self.given
        return self.given
