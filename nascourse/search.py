"""Run a search: the only owner of its budget, its seeds and its files.

>>> from nascourse import data, search, spaces
>>> splits = data.load_mnist("bundled")
>>> found = search.run_search(
...     spaces.cnn_space, splits, strategy="random", max_trials=3, epochs=2, seed=1,
...     directory="runs/first")                                               # doctest: +SKIP
>>> found.table                                                               # doctest: +SKIP

A search is a loop.  A *strategy* (an oracle of KerasTuner) proposes hyperparameter values; a
*space* builds the network; KerasTuner or AutoKeras trains it on the training part and scores it
on the validation part; the strategy hears the score.  One turn of the loop is a *trial*.  This
module adds what the two libraries leave open: seeds that repeat a search exactly, the trial table
with its learning curves, a progress bar with the time left, and a folder from which the search
goes on after a crash as if nothing had been (`nascourse.recording`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import numbers
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nascourse.quiet  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras
import keras_tuner
import numpy as np
import pandas as pd
from autokeras.graph import Graph
from tqdm import tqdm

from nascourse import CourseError, trials, whole_number
from nascourse._engine import feeding
from nascourse.data import Splits
from nascourse.recording import Recording
from nascourse.spaces import LEARNING_RATE, AutoKerasSpace, declared, fingerprint
from nascourse.strategies import make_oracle
from nascourse.tuners import (
    Observer,
    TimeIsUp,
    fixed,
    library_noise_off,
    loaded_objects_frozen,
    make_tuner,
    trial_number,
    trial_seed,
)

AGAIN = "start it again with the same folder to go on"


@contextlib.contextmanager
def watched(observer: Observer | None, epochs: int) -> Iterator[Observer]:
    """Tell an observer, by default a `ProgressBar`, of one training as of a search of one trial."""
    observer = ProgressBar() if observer is None else observer
    observer.search_begin(1, epochs)
    try:
        observer.trial_begin(1)
        yield observer
    finally:
        observer.search_end()


class ProgressBar(Observer):
    """One line with the epochs done, the time left and the best accuracy so far."""

    def __init__(self, *, disable: bool = False):
        self._disable = disable

    def search_begin(self, max_trials: int, epochs: int) -> None:
        self._epochs, self._best = epochs, 0.0
        self._bar = tqdm(
            total=max_trials * epochs,
            unit="epoch",
            file=sys.stdout,
            leave=False,
            disable=self._disable,
            bar_format="{desc} {bar:20} {n_fmt}/{total_fmt} epochs, {remaining} left{postfix}",
        )

    def trial_begin(self, trial: int) -> None:
        self._bar.set_description_str(f"trial {trial}")
        self._bar.update((trial - 1) * self._epochs - self._bar.n)  # skip what was stopped early

    def epoch_end(self, trial: int, epoch: int, logs: dict[str, float]) -> None:
        self._bar.update()

    def trial_end(self, row: dict[str, Any]) -> None:
        self._best = max(self._best, row.get("val_accuracy") or 0.0)
        self._bar.set_postfix_str(f"best validation accuracy {self._best:.3f}")

    def search_end(self) -> None:
        self._bar.close()


@dataclass
class Search:
    """A finished (or stopped) search.

    Attributes
    ----------
    table : the trial table, see `nascourse.trials`
    curves : the learning curves, one row an epoch: trial, epoch (from 1), loss, accuracy,
        val_loss, val_accuracy
    stopped : why the search ended
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    stopped: str
    seed: int
    directory: Path
    splits: Splits = field(repr=False)
    tuner: keras_tuner.Tuner = field(repr=False)

    def __repr__(self) -> str:
        done = (self.table["status"] == "completed").sum()
        top = f", best {self.best['val_accuracy']:.3f}" if done else ""
        return f"Search({len(self.table)} trials, {done} completed{top}; {self.stopped})"

    @property
    def interrupted(self) -> bool:
        """Whether someone stopped the search before its budget was spent."""
        return self.stopped.startswith("interrupted")

    @property
    def best(self) -> pd.Series:
        """The row of the best trial."""
        return trials.best(self.table)

    @property
    def best_hyperparameters(self) -> keras_tuner.HyperParameters:
        """The hyperparameters of the best trial."""
        return self._trial(self.best["trial"]).hyperparameters

    def best_model(self) -> keras.Model:
        """The network of the best trial, with the weights of its best epoch.

        Raises
        ------
        CourseError
            No trial was completed, or the file of its weights is damaged.
        """
        number = self.best["trial"]
        with library_noise_off():
            try:
                return self.tuner.load_model(self._trial(number))
            except (OSError, ValueError, KeyError) as error:
                raise CourseError(
                    f"The weights of trial {number} in the folder {str(self.directory)!r} cannot "
                    "be read: train the network again, with search.retrain."
                ) from error

    def new_model(self) -> keras.Model:
        """The network of the best trial, untrained."""
        # Not `hypermodel.build`: AutoKeras numbers its blocks anew only after a cleared session,
        # and would take defaults for the hyperparameters whose names no longer match.
        with library_noise_off():
            return self.tuner._try_build(self.best_hyperparameters)

    def _trial(self, number: int) -> keras_tuner.engine.trial.Trial:
        return next(t for t in self.tuner.oracle.trials.values() if trial_number(t) == number)


def run_search(
    space: Callable[[keras_tuner.HyperParameters], keras.Model] | AutoKerasSpace,
    splits: Splits,
    *,
    strategy: str,
    directory: str | os.PathLike,
    max_trials: int = 5,
    epochs: int = 5,
    seed: int = 1,
    batch_size: int = 64,
    patience: int | None = None,
    max_model_size: int | None = None,
    max_seconds: float | None = None,
    executor: Executor | None = None,
    in_flight: int = 4,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    observer: Observer | None = None,
    overwrite: bool = False,
) -> Search:
    """Search ``space`` with ``strategy`` until the budget is spent.

    Started again with the same arguments it goes on where it stopped, whatever stopped it: at most
    the trial in progress is trained again.  A finished search is returned at once, and goes on
    with more ``max_trials``.

    Parameters
    ----------
    space
        A build function for KerasTuner, such as `spaces.cnn_space`, or an `AutoKerasSpace`.
    splits
        Trains on its training part, scores by accuracy on its validation part, and never sees
        its test part.
    strategy
        A name that `strategies.make_oracle` knows.
    directory
        Folder of the search.  One with another search is refused, unless ``overwrite``.
    max_trials, epochs
        The budget: so many networks, each trained for at most so many epochs.
    seed
        The same seed gives the same search again on the same machine, 0 included.
    batch_size
        Images in one step of gradient descent.
    patience
        Stop a trial when its validation accuracy has not risen for so many epochs; by default
        every trial has all its epochs.
    max_model_size
        A network with more weights than this is a failed trial.
    max_seconds
        Stop when this run has taken so many seconds, between two epochs.  The trial in progress
        does not count, and the search can go on later, with more time or without a limit.
    executor
        Trains the trials, several at a time; see `nascourse.workers`.  By default they are trained
        here, one after another.
    in_flight
        How many trials the executor has at a time: a few more than it has workers.  A strategy
        chooses each trial when it has heard of all but so many before it.
    callbacks
        More Keras callbacks for every training; each trial gets copies.
    observer
        Shows the progress; by default a `ProgressBar`, and `Observer` itself for silence.

    Raises
    ------
    CourseError
        A value is out of range; or the folder belongs to another search, is in use, or cannot be
        written.
    """
    max_trials = whole_number("max_trials", max_trials, at_least=1)
    epochs = whole_number("epochs", epochs, at_least=1)
    seed = whole_number("seed", seed, at_least=0)
    batch_size = whole_number("batch_size", batch_size, at_least=1)
    if patience is not None:
        patience = whole_number("patience", patience, at_least=1)
    if max_model_size is not None:
        max_model_size = whole_number("max_model_size", max_model_size, at_least=1)
    in_flight = whole_number("in_flight", in_flight, at_least=1)
    deadline = time.monotonic() + _seconds(max_seconds)

    is_autokeras = isinstance(space, AutoKerasSpace)
    if isinstance(space, keras_tuner.HyperModel):
        space = space.build
    oracle = make_oracle(
        strategy,
        max_trials=max_trials,
        seed=seed,
        objective=keras_tuner.Objective("val_accuracy", "max"),
        first=space.first if is_autokeras else None,
        hyperparameters=fixed(space.fixed) if is_autokeras else None,
    )
    identity = {
        "space": _space_fingerprint(space),
        "objective": oracle.objective.name,
        "strategy": strategy,
        "max_trials": max_trials,
        "epochs": epochs,
        "seed": seed,
        "batch_size": batch_size,
        "patience": patience,
        "max_model_size": max_model_size,
        "in_flight": in_flight if executor else 1,
        "data": splits.fingerprint,
        "backend": keras.backend.backend(),
        **{f"version of {name}": version(name) for name in ("keras", "keras-tuner", "autokeras")},
    }
    fit_options = {
        "epochs": epochs,
        "batch_size": batch_size,
        # One of ours always: without it AutoKeras trains the best network once more.
        "callbacks": [_early_stopping(patience or epochs), *callbacks],
        "verbose": 0,
    }
    options = {"search_seed": seed, "largest": max_model_size}
    observer = ProgressBar() if observer is None else observer
    with (
        Recording.opened(Path(directory), identity, overwrite=overwrite) as recording,
        library_noise_off(),
        loaded_objects_frozen(),
    ):
        was_finished = recording.content.stopped is not None
        if executor:
            from nascourse.workers import sender

            send = sender(executor, space, splits, fit_options, **options)
            options |= {"send": send, "in_flight": in_flight}
        tuner, fit = make_tuner(
            space, splits, oracle, recording, observer=observer, deadline=deadline, **options
        )
        observer.search_begin(max_trials, epochs)
        try:
            for line in recording.content.trials:
                observer.trial_end(line["row"])
            fit(**fit_options)
            stopped = recording.content.stopped or _why_stopped(recording, max_trials, strategy)
            recording.stop(stopped)
        except (KeyboardInterrupt, TimeIsUp) as stop:
            by = "out of time" if isinstance(stop, TimeIsUp) else "interrupted"
            stopped = f"{by}; {AGAIN}"
            recording.stop()
        except OSError as error:
            raise CourseError(
                f"The folder {str(directory)!r} can no longer be written ({error.strerror}): its "
                f"{len(recording.content.trials)} finished trials are kept; make room, and {AGAIN}."
            ) from error
        finally:
            observer.search_end()
    if was_finished:
        stopped += "; so it was before, and nothing is trained again"
    return Search(recording.table, recording.curves, stopped, seed, recording.folder, splits, tuner)


def retrain(
    found: Search,
    splits: Splits | None = None,
    *,
    epochs: int = 16,
    batch_size: int = 64,
    seed: int | None = None,
    observer: Observer | None = None,
) -> keras.Model:
    """Train the winner again, from new weights, on training and validation images together.

    The search has spent the validation part on its choice, so now it may serve as training data.
    The learning rate falls to zero along half a cosine (Loshchilov & Hutter 2017), which lets the
    last epochs settle.

    Parameters
    ----------
    found
        The search whose best network is trained.
    splits
        The images; by default those of the search.  Give the full set after a search on a subset.
    epochs, batch_size, seed
        As in `run_search`; the seed is by default that of the search.
    """
    epochs = whole_number("epochs", epochs, at_least=1)
    batch_size = whole_number("batch_size", batch_size, at_least=1)
    seed = found.seed if seed is None else whole_number("seed", seed, at_least=0)
    splits = splits or found.splits
    x = np.concatenate([splits.x_train, splits.x_val])
    y = np.concatenate([splits.y_train, splits.y_val])

    training_seed = trial_seed(seed, 0)
    keras.utils.set_random_seed(training_seed)
    model = found.new_model()
    steps = epochs * -(-len(y) // batch_size)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, decay_steps=steps)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    with watched(observer, epochs) as watcher, library_noise_off():
        tell = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: watcher.epoch_end(1, epoch + 1, logs)
        )
        feeding.fit(
            model,
            x,
            y,
            seed=training_seed,
            epochs=epochs,
            batch_size=batch_size,
            callbacks=[tell],
            verbose=0,
        )
    return model


def _early_stopping(patience: int) -> keras.callbacks.EarlyStopping:
    return keras.callbacks.EarlyStopping(monitor="val_accuracy", mode="max", patience=patience)


def _seconds(limit: float | None) -> float:
    """The seconds that a search may take, without end by default."""
    if limit is None:
        return math.inf
    if not isinstance(limit, numbers.Real) or isinstance(limit, bool) or not limit > 0:
        raise CourseError(
            f"max_seconds={limit!r} is not possible: give a number of seconds above 0, or None."
        )
    return float(limit)


def _why_stopped(recording: Recording, max_trials: int, strategy: str) -> str:
    done = len(recording.content.trials)
    if done >= max_trials:
        return f"the budget of {max_trials} trials is spent"
    return (
        f"stopped after {done} of {max_trials} trials: the {strategy} strategy found no setting "
        "that it had not tried"
    )


def _space_fingerprint(space: Callable | AutoKerasSpace) -> str:
    if isinstance(space, AutoKerasSpace):
        graph = Graph(inputs=space.inputs, outputs=space.outputs).get_config()
        for part in [*graph["blocks"], *graph["nodes"].values()]:
            for learned in ("shape", "loss", "num_classes"):  # AutoKeras fills them in from data
                part["config"].pop(learned, None)
        content = [graph, dict(space.first or {}), dict(space.fixed)]
    else:
        hp = declared(space)
        model = space(hp)
        if not isinstance(model, keras.Model):
            raise CourseError(
                f"The build function returned {model!r}, not a Keras model: end it with 'return "
                "model'."
            )
        content = [hp.get_config()["space"], fingerprint(model)]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
