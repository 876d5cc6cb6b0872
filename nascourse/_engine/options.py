"""The options of a search: checked once, and what they make of a search and of a training."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
import keras_tuner
from keras_tuner.engine.metrics_tracking import infer_metric_direction
from keras_tuner.errors import FatalError

from nascourse import CourseError, positive_number, trials, whole_number
from nascourse._engine.blame import reason
from nascourse._engine.descriptions import Describer, digest
from nascourse._engine.identity import Space, space_identity
from nascourse._engine.recording import LISTS
from nascourse.data import Splits

_OPTIONAL = ("patience", "max_model_size")
_WRITERS = {keras.callbacks.ModelCheckpoint: "filepath", keras.callbacks.CSVLogger: "filename"}
_NUMBERS = ("max_trials", "epochs", "seed", "batch_size", *_OPTIONAL, "in_flight")

# The better ends of metrics that KerasTuner 1.4.8 takes for losses, as it does all of Keras that it
# does not know.  A mean may be one of anything; Keras's loss of cosine similarity has the name of the
# metric, and is its negative.
_BETTER_ENDS: dict[str, str | None] = {
    **dict.fromkeys(("macrof1", "f1score", "fbetascore", "r2score", "binaryiou"), "max"),
    **dict.fromkeys(("pearsoncorrelation", "concordancecorrelation"), "max"),
    **dict.fromkeys(("cosinesimilarity", "mean", "metric", "sum"), None),
}


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What decides a search, besides its space and its images; see `nascourse.search.run_search`.

    A value out of range is refused.
    """

    strategy: str
    max_trials: int
    epochs: int
    seed: int
    batch_size: int
    patience: int | None
    max_model_size: int | None
    in_flight: int  # how many trials workers train at a time
    callbacks: Sequence[keras.callbacks.Callback] = ()
    objective: tuple[str, str] = trials.ACCURACY  # its column, "max" or "min"; see `read_objective`

    def __post_init__(self) -> None:
        _check_callbacks(self.callbacks)
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None or name not in _OPTIONAL:
                value = whole_number(name, value, at_least=0 if name == "seed" else 1)
                object.__setattr__(self, name, value)

    def identity(self, space: Space, splits: Splits) -> dict[str, Any]:
        """All that decides the outcome: a search goes on in a folder with the same identity."""
        libraries = ("keras", "keras-tuner", "autokeras")
        column, direction = self.objective
        callbacks = Describer()
        settings = digest(callbacks.describe(list(self.callbacks)))
        of_space = space_identity(space)
        of_space[LISTS]["callbacks"] = digest(callbacks.lists)
        return {
            **of_space,
            "objective": column if self.objective == trials.ACCURACY else f"{column} ({direction})",
            "strategy": self.strategy,
            **{name: getattr(self, name) for name in _NUMBERS},
            "data": splits.fingerprint,
            "backend": keras.backend.backend(),
            "callbacks": settings,
            "code of the callbacks": callbacks.code_digest,
            **{f"version of {name}": version(name) for name in libraries},
        }

    def fit_arguments(self) -> dict[str, Any]:
        """The arguments of ``fit`` for each trial."""
        # Always with early stopping: else AutoKeras adds its own, by the loss, with a patience of 10.
        column, direction = self.objective
        early_stopping = keras.callbacks.EarlyStopping(
            monitor=column, mode=direction, patience=self.patience or self.epochs
        )
        return {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "callbacks": [early_stopping, *self.callbacks],
            "verbose": 0,
        }


def _check_callbacks(callbacks: Any) -> None:
    """Refuse what KerasTuner could not give each trial a copy of."""
    if not isinstance(callbacks, (list, tuple)):
        raise CourseError(
            f"callbacks={callbacks!r} is no list: give the callbacks in one, as in callbacks=[...]."
        )
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            is_class = isinstance(callback, type)
            name = callback.__name__ if is_class else repr(callback)
            way_out = f"make an object of it, {name}()" if is_class else "give a Keras callback"
            raise CourseError(f"callbacks has {name}, which is no callback: {way_out}.")
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            raise CourseError(
                f"The callback {type(callback).__name__} would go on with the training of another "
                "trial: leave it out, as a search that is started again with the same folder goes on."
            )
        try:
            copy.deepcopy(callback)
        except Exception as error:
            raise CourseError(
                f"The callback {type(callback).__name__} cannot be copied ({reason(error)}), and "
                "each trial needs a copy: let it open files and the like in on_train_begin."
            ) from error


def with_own_files(
    callbacks: Sequence[keras.callbacks.Callback], trial: int
) -> list[keras.callbacks.Callback]:
    """Copies of callbacks for a trial, which write no file of another trial.

    ``logs/log.csv`` becomes ``logs/trial_1_log.csv``.  `TensorBoard` is seen to by KerasTuner.
    """
    copies = list(map(copy.copy, callbacks))  # KerasTuner copies what is in them
    for callback in copies:
        for kind, path in _WRITERS.items():
            if isinstance(callback, kind):
                folder, name = os.path.split(getattr(callback, path))
                setattr(callback, path, os.path.join(folder, f"trial_{trial}_{name}"))
    return copies


def read_objective(objective: str | keras_tuner.Objective) -> tuple[str, str]:
    """The column of the trial table that a search looks at, and which end of it is better.

    It is refused if it is no metric of the validation part, or if nobody knows its better end.
    """
    if isinstance(objective, keras_tuner.Objective):
        column, direction = objective.name, objective.direction
    else:
        column = str(objective)
        direction = direction_of(column)
    if not column.startswith("val_") or column == "val_":
        raise CourseError(
            f"objective={column!r} is not measured on the validation images: give the name of a "
            "metric behind val_, such as 'val_accuracy', 'val_loss' or 'val_macro_f1'."
        )
    if direction not in ("max", "min"):
        raise CourseError(
            f"Which end of {column!r} is better is not known: give "
            f"keras_tuner.Objective({column!r}, 'max') or 'min'."
        )
    return column, direction


def direction_of(metric: str) -> str | None:
    """Which end of a metric is better, if that is known; refuse one over which KerasTuner fails."""
    try:
        direction = infer_metric_direction(metric)
    except Exception as error:
        raise CourseError(
            f"KerasTuner takes {metric!r} for a metric of Keras that needs no arguments, and fails: "
            "give the metric another name, as in MeanIoU(..., name='iou')."
        ) from error
    name = metric.removeprefix("val_").removeprefix("weighted_").replace("_", "").lower()
    return _BETTER_ENDS.get(name, direction)


class TimeIsUp(FatalError):
    """The seconds of a search are over.  KerasTuner does not catch a `FatalError`."""


class Deadline:
    """The time at which a search stops, in so many seconds from now; never if they are None.

    When the file that is its flag is gone, the time is up as well.
    """

    def __init__(self, seconds: float | None, *, flag: str | None = None):
        end = math.inf if seconds is None else positive_number("max_seconds", seconds)
        self._end, self._flag = time.monotonic() + end, flag

    def left(self) -> float:
        """The seconds until then, but never none."""
        return max(self._end - time.monotonic(), 1e-9)

    def check(self) -> None:
        """Raise `TimeIsUp` if it is."""
        if time.monotonic() > self._end or (self._flag and not os.path.exists(self._flag)):
            raise TimeIsUp
