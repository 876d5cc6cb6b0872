"""The loops of KerasTuner and AutoKeras, with what a search of the course needs.

`make_tuner` gives a tuner whose trials are seeded one by one, recorded, shown to an observer,
stopped between epochs when time is up, and trained elsewhere where `nascourse.workers` is asked to.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import gc
import io
import math
import os
import re
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future
from concurrent.futures import TimeoutError as NotInTime  # the built-in one since Python 3.11
from pathlib import Path
from typing import Any
from unittest import mock

import nascourse.quiet  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import autokeras as ak
import keras
import keras_tuner
import numpy as np
from autokeras.engine.tuner import AutoTuner
from autokeras.utils import utils as autokeras_utils
from keras_tuner.errors import FailedTrialError, FatalError
from keras_tuner.src.engine import tuner_utils
from tensorflow.python.framework import ops as tensorflow_ops

from nascourse import CourseError
from nascourse._engine import feeding
from nascourse.data import CLASSES, Splits
from nascourse.evaluation import count_flops, count_params
from nascourse.files import write_whole
from nascourse.recording import OVERWRITE, Recording
from nascourse.spaces import AutoKerasSpace, describe, fingerprint

TRIES = 3  # a trial whose process died so often is a failed one


class Observer:
    """What a running search tells, trials and epochs counted from 1; this one shows nothing.

    A search that goes on first tells the trials that it has, by ``trial_end``.  An observer that
    raises ``KeyboardInterrupt`` stops the search, as Ctrl-C does: what is finished is kept.
    """

    def search_begin(self, max_trials: int, epochs: int) -> None: ...

    def trial_begin(self, trial: int) -> None: ...

    def network_known(self, trial: int, network: dict[str, Any]) -> None: ...

    def batch_end(self, trial: int) -> None: ...  # of training or validation

    def epoch_end(self, trial: int, epoch: int, logs: dict[str, float]) -> None: ...

    def trial_end(self, row: dict[str, Any]) -> None: ...

    def search_end(self) -> None: ...


class TimeIsUp(FatalError):
    """The seconds of a search are over.  KerasTuner lets a `FatalError` through."""


class _DiskFull(OSError, FatalError):
    """A trial could not write its weights, which is not the fault of its network."""


class _AllTried(Exception):
    """Ends AutoKeras's part of a search when all its trials are over."""


class _SaveBestEpochOnce(tuner_utils.SaveBestEpoch):
    """Saves the weights of the best epoch when a training ends, not after each better epoch.

    A trial that is interrupted is trained again from its beginning, and needs no file before.
    """

    _best: list[np.ndarray] | None = None

    def _save_model(self) -> None:
        self._best = self.model.get_weights()

    def on_train_end(self, logs=None) -> None:
        if self._best is not None:
            self.model.set_weights(self._best)
            super()._save_model()


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
        largest: int | None = None,
        deadline: float = math.inf,
        **kwargs,
    ):
        self._recording, self._observer, self._search_seed = recording, observer, search_seed
        self._largest, self._deadline = largest, deadline
        super().__init__(overwrite=not recording.content.trials, **kwargs)
        # A reloaded oracle has them in the order of the files; of equals the first is the best.
        self.oracle.trials = dict(sorted(self.oracle.trials.items(), key=lambda one: int(one[0])))
        self.oracle._retry_queue.sort(key=int, reverse=True)  # it takes the last first
        if recording.content.stopped:  # finished, perhaps early: then nothing more is asked for
            self.oracle.max_trials = len(self.oracle.trials)

    def pre_create_trial(self) -> None:
        number = len(self.oracle.trials) + 1
        if number <= self.oracle.max_trials:
            self._stop_in_time()
        _complete_first(self.oracle)
        # The greedy oracle draws from NumPy's global generator.
        keras.utils.set_random_seed(trial_seed(self._search_seed, number))

    def on_trial_begin(self, trial) -> None:
        super().on_trial_begin(trial)
        number = trial_number(trial)
        self._tries = self._recording.begin_trial()
        # Not from the start: AutoKeras builds the largest network once, before the first trial.
        self.max_model_size = self._largest
        self._seed = trial_seed(self._search_seed, number)
        keras.utils.set_random_seed(self._seed)
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
            self._observer.network_known(trial_number(trial), self._network)
        self._observer.batch_end(trial_number(trial))

    def on_epoch_end(self, trial, model, epoch, logs=None) -> None:
        super().on_epoch_end(trial, model, epoch, logs)
        metrics = {name: float(value) for name, value in logs.items()}
        self._curve.append({"trial": trial_number(trial), "epoch": epoch + 1, **metrics})
        self._observer.epoch_end(trial_number(trial), epoch + 1, metrics)
        if not np.isfinite(list(metrics.values())).all():
            raise FailedTrialError(f"The loss was not a number (NaN) after epoch {epoch + 1}.")

    def run_trial(self, trial, *args, **kwargs):
        try:
            if self._tries > TRIES:
                raise FailedTrialError(
                    f"The process ended {TRIES} times while this trial ran: perhaps the network "
                    "needs more memory than there is."
                )
            saver = mock.patch.object(tuner_utils, "SaveBestEpoch", _SaveBestEpochOnce)
            with _graphs_forgotten(), saver:
                return super().run_trial(trial, *args, **kwargs)
        except TimeIsUp:
            raise
        except Exception as error:
            if _disk_is_full(error):
                raise _DiskFull(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            self._failure = reason(error)  # KerasTuner makes it a failed trial; we keep the reason
            raise FailedTrialError(self._failure) from error

    def _fit(self, trial, model, *args, callbacks, **options) -> keras.callbacks.History:
        number = trial_number(trial)
        # KerasTuner does not tell of validation, and a pause or a stop would wait for its end.
        validation = keras.callbacks.LambdaCallback(
            on_test_batch_end=lambda batch, logs: self._observer.batch_end(number)
        )
        return feeding.fit(
            model, *args, seed=self._seed, callbacks=[*callbacks, validation], **options
        )

    def on_trial_end(self, trial) -> None:
        row = {
            "trial": trial_number(trial),
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
        self._end(trial, trial.hyperparameters.values | row, self._curve)

    def _end(self, trial, row: dict[str, Any], curve: list[dict[str, Any]]) -> None:
        super().on_trial_end(trial)
        self._recording.end_trial(row, curve)
        self._observer.trial_end(row)

    def on_result(self, trial, future: Future) -> None:
        """Hear how a trial went that was trained elsewhere, as if it had been here."""
        number = trial_number(trial)
        result = self._waited_for(trial, future)
        trial.set_state(result["trial"])
        for name, content in result["files"].items():
            write_whole(Path(self.get_trial_dir(trial.trial_id)) / name, content)
        self._observer.trial_begin(number)
        if result["network"]:
            self._observer.network_known(number, result["network"])
        self._observer.batch_end(number)
        for epoch in result["curve"]:
            metrics = {k: v for k, v in epoch.items() if k not in ("trial", "epoch")}
            self._observer.epoch_end(number, epoch["epoch"], metrics)
        self._end(trial, result["row"], result["curve"])

    def _waited_for(self, trial, future: Future, *, again: bool = False) -> dict[str, Any]:
        left = None if self._deadline == math.inf else max(0, self._deadline - time.monotonic())
        try:
            return future.result(left)
        except NotInTime:
            raise TimeIsUp from None
        except Exception as error:
            # A broken pool does not tell which of its trials it died of: the first one counts, and
            # when the search goes on, they go alone.
            if isinstance(error, BrokenExecutor) and self._recording.begin_trial() >= TRIES:
                return _fatal(trial)
            if type(error).__name__ == "KilledWorker":  # of Dask, which tried it several times
                # Dask also blames what only waited for the same worker: that deserves one more
                # try, now that what else has died no longer runs.
                if again:
                    return _fatal(trial)
                return self._waited_for(trial, self._send(trial), again=True)
            raise CourseError(
                f"No worker could finish trial {trial_number(trial)} ({reason(error)}): all "
                "finished trials are kept; mend or replace the workers, and start it again with "
                "the same folder to go on."
            ) from error

    def _stop_in_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise TimeIsUp


def _fatal(trial: keras_tuner.engine.trial.Trial) -> dict[str, Any]:
    """What a worker would say of a trial that kills every worker."""
    message = "Its workers died: perhaps the network needs more memory than they have."
    row = {
        "trial": trial_number(trial),
        "status": "failed",
        "epochs": 0,
        "seconds": 0.0,
        "message": message,
    }
    return {
        "trial": trial.get_state() | {"status": "FAILED", "message": message},
        "row": trial.hyperparameters.values | row,
        "curve": [],
        "network": {},
        "files": {},
    }


class _Elsewhere(keras_tuner.Tuner):
    """The loop of KerasTuner, with trials that are trained elsewhere, several at a time.

    Their results are heard in the order of the trials, whichever comes first, so that a seed
    repeats a search.  That is why it pays to hand out more trials than there are workers.

    If a pool broke, the trials that were in flight go one at a time, to see which one breaks it.
    """

    def __init__(
        self,
        *args,
        send: Callable[..., Future] | None = None,
        in_flight: int = 1,
        **kwargs,
    ):
        self._send, self._in_flight = send, in_flight
        super().__init__(*args, **kwargs)

    def search(self, *args, **kwargs) -> None:
        if self._send is None:
            return super().search(*args, **kwargs)
        self.on_search_begin()
        self.oracle.verbose = 0
        waiting: deque[keras_tuner.engine.trial.Trial] = deque()
        flying: deque[tuple[keras_tuner.engine.trial.Trial, Future]] = deque()
        handed_out, exhausted = 0, False
        suspects = self._in_flight if self._recording.content.tries else 0
        try:
            while waiting or flying or not exhausted:
                while len(waiting) + len(flying) < self._in_flight and not exhausted:
                    self.pre_create_trial()
                    trial = self.oracle.create_trial(f"worker{handed_out}")
                    handed_out += 1
                    exhausted = trial.status == "STOPPED"
                    if not exhausted:
                        waiting.append(trial)
                while waiting and not (flying and suspects > 0):
                    trial = waiting.popleft()
                    flying.append((trial, self._send(trial, suspect=suspects > 0)))
                if flying:
                    self.on_result(*flying[0])
                    flying.popleft()
                    suspects -= 1
        finally:
            for _, future in flying:
                future.cancel()
        self.on_search_end()


class _KerasTuner(_Recorded, _Elsewhere):
    def _build_and_fit_model(self, trial, *args, **kwargs):
        def fit(hp, model, *args, **kwargs) -> keras.callbacks.History:
            return self._fit(trial, model, *args, **kwargs)

        with mock.patch.object(self.hypermodel, "fit", fit):
            return super()._build_and_fit_model(trial, *args, **kwargs)


class _AutoKerasTuner(_Recorded, AutoTuner, _Elsewhere):
    # `AutoModel` hands every tuner a budget, an objective, a seed, and whether to overwrite; ours
    # are in the oracle and the recording.
    def __init__(self, *, objective, max_trials, seed, overwrite, **kwargs):
        super().__init__(**kwargs)

    def _build_and_fit_model(self, trial, *args, **kwargs):
        def fit(model, batch_size, **kwargs) -> tuple[keras.Model, keras.callbacks.History]:
            train = functools.partial(self._fit, trial, model)
            # It tries again with half the batch where memory runs out.
            return model, autokeras_utils.run_with_adaptive_batch_size(batch_size, train, **kwargs)

        with mock.patch.object(autokeras_utils, "fit_with_adaptive_batch_size", fit):
            return super()._build_and_fit_model(trial, *args, **kwargs)

    def on_search_end(self) -> None:
        # AutoKeras would go on to load and save the best network, which `Search.best_model` does
        # when it is asked for, and would stumble where there is none.
        raise _AllTried


def make_tuner(
    space: Callable[[keras_tuner.HyperParameters], keras.Model] | AutoKerasSpace,
    splits: Splits,
    oracle: keras_tuner.Oracle,
    recording: Recording,
    **options: Any,
) -> tuple[keras_tuner.Tuner, Callable[..., None]]:
    """Make the tuner of a space, and the function that lets it search with arguments of ``fit``.

    Parameters
    ----------
    space, splits
        See `nascourse.search.run_search`.
    oracle
        What proposes the trials.
    recording
        Where they are recorded.  One with finished trials goes on.
    **options
        observer, search_seed; largest (parameters of a network), deadline (of `time.monotonic`);
        send (hands a trial to a worker), in_flight (how many at a time).
    """
    make = _autokeras_tuner if isinstance(space, AutoKerasSpace) else _keras_tuner
    return make(space, splits, oracle, recording, **options)


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
        with contextlib.suppress(_AllTried):
            model.fit(
                splits.x_train, one_hot[splits.y_train], validation_data=validation, **options
            )

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
            f"({reason(error)}): {OVERWRITE}"
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


def fixed(values: Mapping[str, Any]) -> keras_tuner.HyperParameters:
    """Hyperparameters that are not searched."""
    hp = keras_tuner.HyperParameters()
    for name, value in values.items():
        hp.Fixed(name, value)
    return hp


def _disk_is_full(error: Exception) -> bool:
    # HDF5 tells the number in its text alone.
    return isinstance(error, OSError) and (
        error.errno == errno.ENOSPC or f"errno = {errno.ENOSPC}," in str(error)
    )


def _flops_if_known(model: keras.Model) -> int | None:
    try:
        return count_flops(model)
    except CourseError:  # a kind of layer whose arithmetic the course does not know
        return None


def reason(error: Exception) -> str:
    """An error in one line, without the colors and the list of arguments that Keras adds."""
    text = re.sub(r"\x1b\[\d*m", "", str(error)).partition("Arguments received")[0]
    if isinstance(error, FailedTrialError):  # KerasTuner's or our own sentence
        return text
    return f"{type(error).__name__}: {' '.join(text.split())[:300]}"


def trial_number(trial: keras_tuner.engine.trial.Trial) -> int:
    """The trial's number from 1; KerasTuner counts from 0."""
    return int(trial.trial_id) + 1


def trial_seed(seed: int, trial: int) -> int:
    """The seed of one trial of a search; 0 is that of the final training."""
    return int(np.random.SeedSequence([seed, trial]).generate_state(1)[0])


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
def loaded_objects_frozen() -> Iterator[None]:
    """Spare what is loaded the search for garbage, until the end of a search.

    KerasTuner looks for garbage twice in every trial, and would look at all objects of the loaded
    libraries.  Where something is frozen already, whoever did so decides what stays frozen.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextlib.contextmanager
def library_noise_off() -> Iterator[None]:
    """Drop what AutoKeras and KerasTuner say and a learner can do nothing about."""
    with (
        warnings.catch_warnings(),
        mock.patch.object(keras_tuner.src.config, "DEBUG", False),  # prints tracebacks of trials
    ):
        warnings.filterwarnings("ignore", "The structure of `inputs` doesn't match")
        warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
        yield
