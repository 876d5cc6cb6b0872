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
import errno
import hashlib
import io
import json
import math
import numbers
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import nascourse.quiet  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import autokeras as ak
import keras
import keras_tuner
import numpy as np
import pandas as pd
from autokeras.engine.tuner import AutoTuner
from autokeras.graph import Graph
from keras_tuner.errors import FailedTrialError, FatalError
from tensorflow.python.framework import ops as tensorflow_ops
from tqdm import tqdm

from nascourse import CourseError, trials, whole_number
from nascourse.data import CLASSES, Splits
from nascourse.evaluation import count_flops, count_params
from nascourse.recording import OVERWRITE, Recording
from nascourse.spaces import LEARNING_RATE, AutoKerasSpace, declared, describe, fingerprint
from nascourse.strategies import make_oracle

TRIES = 3  # a trial whose process died so often is a failed one
AGAIN = "start it again with the same folder to go on"


class Observer:
    """What a running search tells, trials and epochs counted from 1; this one shows nothing.

    A search that goes on first tells the trials that it has, by ``trial_end``.  An observer that
    raises ``KeyboardInterrupt`` stops the search, as Ctrl-C does: what is finished is kept.
    """

    def search_begin(self, max_trials: int, epochs: int) -> None: ...

    def trial_begin(self, trial: int) -> None: ...

    def network_known(self, trial: int, network: dict[str, Any]) -> None: ...

    def batch_end(self, trial: int) -> None: ...

    def epoch_end(self, trial: int, epoch: int, logs: dict[str, float]) -> None: ...

    def trial_end(self, row: dict[str, Any]) -> None: ...

    def search_end(self) -> None: ...


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
        with _library_noise_off():
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
        with _library_noise_off():
            return self.tuner._try_build(self.best_hyperparameters)

    def _trial(self, number: int) -> keras_tuner.engine.trial.Trial:
        return next(t for t in self.tuner.oracle.trials.values() if _number(t) == number)


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
    callbacks: Sequence[keras.callbacks.Callback] = (),
    observer: Observer | None = None,
    overwrite: bool = False,
) -> Search:
    """Search ``space`` with ``strategy`` until the budget is spent.

    Started again with the same arguments it goes on where it stopped, whatever stopped it: at most
    the trial in progress is trained again.  A finished search is returned at once.

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
        hyperparameters=_fixed(space.fixed) if is_autokeras else None,
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
        "data": splits.fingerprint,
        **{f"version of {name}": version(name) for name in ("keras", "keras-tuner", "autokeras")},
    }
    observer = ProgressBar() if observer is None else observer
    make_tuner = _autokeras_tuner if is_autokeras else _keras_tuner
    with (
        Recording.opened(Path(directory), identity, overwrite=overwrite) as recording,
        _library_noise_off(),
    ):
        was_finished = recording.content.stopped is not None
        tuner, fit = make_tuner(
            space,
            splits,
            oracle,
            recording,
            observer=observer,
            search_seed=seed,
            largest=max_model_size,
            deadline=deadline,
        )
        observer.search_begin(max_trials, epochs)
        try:
            for line in recording.content.trials:
                observer.trial_end(line["row"])
            fit(
                epochs=epochs,
                batch_size=batch_size,
                # One of ours always: without it AutoKeras trains the best network once more.
                callbacks=[_early_stopping(patience or epochs), *callbacks],
                verbose=0,
            )
            stopped = recording.content.stopped or _why_stopped(recording, max_trials, strategy)
            recording.stop(stopped)
        except (KeyboardInterrupt, _TimeIsUp) as stop:
            by = "out of time" if isinstance(stop, _TimeIsUp) else "interrupted"
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
    observer = ProgressBar() if observer is None else observer

    keras.utils.set_random_seed(_trial_seed(seed, 0))
    model = found.new_model()
    steps = epochs * -(-len(y) // batch_size)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, decay_steps=steps)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    tell = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: observer.epoch_end(1, epoch + 1, logs)
    )
    observer.search_begin(1, epochs)
    try:
        observer.trial_begin(1)
        with _library_noise_off():
            model.fit(x, y, epochs=epochs, batch_size=batch_size, callbacks=[tell], verbose=0)
    finally:
        observer.search_end()
    return model


class _TimeIsUp(FatalError):
    """The seconds of `run_search` are over.  KerasTuner lets a `FatalError` through."""


class _DiskFull(OSError, FatalError):
    """A trial could not write its weights, which is not the fault of its network."""


class _Recorded:
    """For a KerasTuner tuner: seed every trial, record it, and tell the observer.

    The seed of a trial depends on the search's seed and the trial's number alone, so a trial comes
    out the same whether the search ran through or went on after a stop.
    """

    def __init__(
        self,
        *,
        recording: Recording,
        observer: Observer,
        search_seed: int,
        largest: int | None,
        deadline: float,
        **kwargs,
    ):
        self._recording, self._observer, self._search_seed = recording, observer, search_seed
        self._largest, self._deadline = largest, deadline
        self.all_tried = False
        super().__init__(overwrite=not recording.content.trials, **kwargs)
        # A reloaded oracle has them in the order of the files; of equals the first is the best.
        self.oracle.trials = dict(sorted(self.oracle.trials.items()))
        if recording.content.stopped:  # finished, perhaps early: then nothing more is asked for
            self.oracle.max_trials = len(self.oracle.trials)

    def pre_create_trial(self) -> None:
        number = len(self.oracle.trials) + 1
        if number <= self.oracle.max_trials:
            self._stop_in_time()
        _complete_first(self.oracle)
        # The greedy oracle draws from NumPy's global generator.
        keras.utils.set_random_seed(_trial_seed(self._search_seed, number))

    def on_trial_begin(self, trial) -> None:
        super().on_trial_begin(trial)
        number = _number(trial)
        self._tries = self._recording.begin_trial()
        # Not from the start: AutoKeras builds the largest network once, before the first trial.
        self.max_model_size = self._largest
        keras.utils.set_random_seed(_trial_seed(self._search_seed, number))
        self._started, self._curve, self._network = time.perf_counter(), [], {}
        self._failure = "KerasTuner gave no reason."
        self._observer.trial_begin(number)

    def on_epoch_begin(self, trial, model, epoch, logs=None) -> None:
        super().on_epoch_begin(trial, model, epoch, logs)
        self._stop_in_time()

    def on_batch_end(self, trial, model, batch, logs=None) -> None:
        super().on_batch_end(trial, model, batch, logs)
        if not self._network:  # here, as some networks are built only while they are trained
            self._network = {
                "fingerprint": fingerprint(model),
                "architecture": describe(model),
                "n_params": count_params(model),
                "flops": _flops_if_known(model),
            }
            self._observer.network_known(_number(trial), self._network)
        self._observer.batch_end(_number(trial))

    def on_epoch_end(self, trial, model, epoch, logs=None) -> None:
        super().on_epoch_end(trial, model, epoch, logs)
        metrics = {name: float(value) for name, value in logs.items()}
        self._curve.append({"trial": _number(trial), "epoch": epoch + 1, **metrics})
        self._observer.epoch_end(_number(trial), epoch + 1, metrics)
        if not np.isfinite(list(metrics.values())).all():
            raise FailedTrialError(f"The loss was not a number (NaN) after epoch {epoch + 1}.")

    def run_trial(self, trial, *args, **kwargs):
        try:
            if self._tries > TRIES:
                raise FailedTrialError(
                    f"The process ended {TRIES} times while this trial ran: perhaps the network "
                    "needs more memory than there is."
                )
            with _graphs_forgotten():
                return super().run_trial(trial, *args, **kwargs)
        except _TimeIsUp:
            raise
        except Exception as error:
            if _disk_is_full(error):
                raise _DiskFull(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            self._failure = _reason(error)  # KerasTuner makes it a failed trial; we keep the reason
            raise FailedTrialError(self._failure) from error

    def on_trial_end(self, trial) -> None:
        row = {
            "trial": _number(trial),
            "status": "failed",
            "epochs": len(self._curve),
            "seconds": round(time.perf_counter() - self._started, 3),
            **self._network,
        }
        if trial.status == "COMPLETED":
            top = max(self._curve, key=lambda epoch: epoch["val_accuracy"])
            row |= {
                "status": "completed",
                "val_accuracy": top["val_accuracy"],
                "val_loss": top["val_loss"],
                "best_epoch": top["epoch"],
            }
        else:
            row["message"] = self._failure
        row = trial.hyperparameters.values | row
        super().on_trial_end(trial)
        self._recording.end_trial(row, self._curve)
        self._observer.trial_end(row)

    def on_search_end(self) -> None:
        super().on_search_end()
        self.all_tried = True

    def _stop_in_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise _TimeIsUp


class _KerasTuner(_Recorded, keras_tuner.Tuner):
    pass


class _AutoKerasTuner(_Recorded, AutoTuner):
    # `AutoModel` hands every tuner a budget, an objective, a seed, and whether to overwrite; ours
    # are in the oracle and the recording.
    def __init__(self, *, objective, max_trials, seed, overwrite, **kwargs):
        super().__init__(**kwargs)


def _keras_tuner(space, splits, oracle, recording, **options) -> tuple:
    with _reloading(recording):
        tuner = _KerasTuner(
            oracle=oracle,
            hypermodel=space,
            directory=recording.folder.absolute(),
            project_name="keras_tuner",
            recording=recording,
            **options,
        )

    def fit(**options) -> None:
        validation = (splits.x_val, splits.y_val)
        tuner.search(splits.x_train, splits.y_train, validation_data=validation, **options)

    return tuner, fit


def _autokeras_tuner(space, splits, oracle, recording, **options) -> tuple:
    with _reloading(recording):
        model = ak.AutoModel(
            space.inputs,
            space.outputs,
            tuner=_AutoKerasTuner,
            directory=recording.folder.absolute(),
            project_name="autokeras",
            objective="val_accuracy",
            oracle=oracle,
            recording=recording,
            **options,
        )

    def fit(**options) -> None:
        # One-hot labels: given whole numbers, AutoKeras would turn them into strings and back.
        one_hot = np.eye(CLASSES, dtype="float32")
        validation = (splits.x_val, one_hot[splits.y_val])
        try:
            model.fit(
                splits.x_train, one_hot[splits.y_train], validation_data=validation, **options
            )
        except Exception:
            # At the end AutoKeras loads and saves the best network, which `Search.best_model` does
            # by itself, and stumbles where there is none.
            if not model.tuner.all_tried:
                raise

    return model.tuner, fit


@contextlib.contextmanager
def _reloading(recording: Recording) -> Iterator[None]:
    """Make a tuner in silence; where it reads a state, that may be of no use."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # "Reloading Tuner from ..."
            yield
    except Exception as error:
        if not recording.content.trials:
            raise
        raise CourseError(
            f"KerasTuner cannot read the state of the search in {str(recording.folder)!r} "
            f"({_reason(error)}): {OVERWRITE}"
        ) from error


def _complete_first(oracle: keras_tuner.Oracle) -> None:
    """Give the first networks of a greedy search all their values; what they lack has its default.

    KerasTuner would draw it by a generator that nobody can seed.
    """
    for first in getattr(oracle, "initial_hps", ()):
        space = oracle.get_space()
        space.values = first
        for entry in space.space:  # none comes before what it depends on
            if space.is_active(entry):
                first.setdefault(entry.name, entry.default)


def _fixed(values: dict[str, Any]) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    for name, value in values.items():
        hp.Fixed(name, value)
    return hp


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


def _disk_is_full(error: Exception) -> bool:
    # HDF5 tells the number in its text alone.
    return isinstance(error, OSError) and (
        error.errno == errno.ENOSPC or f"errno = {errno.ENOSPC}," in str(error)
    )


def _why_stopped(recording: Recording, max_trials: int, strategy: str) -> str:
    done = len(recording.content.trials)
    if done >= max_trials:
        return f"the budget of {max_trials} trials is spent"
    return (
        f"stopped after {done} of {max_trials} trials: the {strategy} strategy found no setting "
        "that it had not tried"
    )


def _flops_if_known(model: keras.Model) -> int | None:
    try:
        return count_flops(model)
    except CourseError:  # a kind of layer whose arithmetic the course does not know
        return None


def _reason(error: Exception) -> str:
    """An error in one line, without the colors and the list of arguments that Keras adds."""
    text = re.sub(r"\x1b\[\d*m", "", str(error)).partition("Arguments received")[0]
    if isinstance(error, FailedTrialError):  # KerasTuner's or our own sentence
        return text
    return f"{type(error).__name__}: {' '.join(text.split())[:300]}"


def _number(trial: keras_tuner.engine.trial.Trial) -> int:
    """The trial's number from 1; KerasTuner counts from 0."""
    return int(trial.trial_id) + 1


def _trial_seed(seed: int, trial: int) -> int:
    return int(np.random.SeedSequence([seed, trial]).generate_state(1)[0])


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


@contextlib.contextmanager
def _graphs_forgotten() -> Iterator[None]:
    """Let go of the graphs of a training, which TensorFlow would keep: 10 MB a trial.

    Keras's optimizers sum gradients over replicas in a function with a gradient of its own, and
    TensorFlow's registry of such gradients refers to the graph for ever.
    """
    registry = tensorflow_ops.gradient_registry._registry
    known = set(registry)
    try:
        yield
    finally:
        for name in set(registry) - known:
            del registry[name]


@contextlib.contextmanager
def _library_noise_off() -> Iterator[None]:
    """Drop what AutoKeras and KerasTuner say and a learner can do nothing about."""
    with (
        warnings.catch_warnings(),
        mock.patch.object(keras_tuner.src.config, "DEBUG", False),  # prints tracebacks of trials
    ):
        warnings.filterwarnings("ignore", "The structure of `inputs` doesn't match")
        warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
        yield
