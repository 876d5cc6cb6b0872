"""Train the trials of a search elsewhere: in other processes, or on other machines.

>>> from concurrent.futures import ProcessPoolExecutor
>>> with ProcessPoolExecutor(2) as workers:                                   # doctest: +SKIP
...     search.run_search(..., executor=workers)

Any `concurrent.futures.Executor` will do, so also that of Dask, ``client.get_executor()``.  What
proposes the trials stays here; a worker gets the space, the images and the values of one trial, and
sends back its row, its learning curve and its weights.  It runs the very code of a search, with a
budget of one trial.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import nascourse.quiet  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras_tuner
from keras_tuner.engine.trial import Trial

from nascourse.data import SealedTest, Splits
from nascourse.recording import Recording
from nascourse.tuners import Observer, library_noise_off, make_tuner


def sender(
    executor: Executor, space: Any, splits: Splits, fit_options: dict[str, Any], **options: Any
) -> Callable[[Trial], Future]:
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
        search_seed and largest, see `nascourse.tuners.make_tuner`.
    """
    nothing = splits.x_val[:0], splits.y_val[:0]
    visible = replace(splits, test=SealedTest(*nothing))

    def send(trial: Trial) -> Future:
        return executor.submit(train, space, visible, trial.get_state(), fit_options, options)

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
    network = _Network()
    with (
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
