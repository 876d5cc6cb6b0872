"""The options of a search: checked once, and what they make of a search and of a training."""

from __future__ import annotations

import hashlib
import json
import math
import numbers
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras
import keras_tuner
from keras_tuner.engine.metrics_tracking import infer_metric_direction
from keras_tuner.errors import FatalError

from nascourse import CourseError, trials, whole_number
from nascourse._engine import compat
from nascourse.data import Splits
from nascourse.spaces import AutoKerasSpace, declared, fingerprint

_LOWEST = {"seed": 0}  # of all other numbers it is 1
_OPTIONAL = ("patience", "max_model_size")
Space = Callable[..., keras.Model] | AutoKerasSpace


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What decides a search, besides its space and its images; see `nascourse.search.run_search`.

    Raises
    ------
    CourseError
        A value is out of range.
    """

    strategy: str
    max_trials: int
    epochs: int
    seed: int
    batch_size: int
    patience: int | None
    max_model_size: int | None
    in_flight: int
    is_parallel: bool  # whether workers train the trials
    objective: tuple[str, str] = trials.ACCURACY  # its column, "max" or "min"; see `read_objective`

    def __post_init__(self) -> None:
        for name in ("max_trials", "epochs", "seed", "batch_size", *_OPTIONAL, "in_flight"):
            value = getattr(self, name)
            if value is not None or name not in _OPTIONAL:
                value = whole_number(name, value, at_least=_LOWEST.get(name, 1))
                object.__setattr__(self, name, value)

    def identity(self, space: Space, splits: Splits) -> dict[str, Any]:
        """All that decides the outcome: a search goes on in a folder with the same identity."""
        libraries = ("keras", "keras-tuner", "autokeras")
        column, direction = self.objective
        return {
            "space": space_fingerprint(space),
            "objective": column if self.objective == trials.ACCURACY else f"{column} ({direction})",
            "strategy": self.strategy,
            "max_trials": self.max_trials,
            "epochs": self.epochs,
            "seed": self.seed,
            "batch_size": self.batch_size,
            "patience": self.patience,
            "max_model_size": self.max_model_size,
            "in_flight": self.in_flight if self.is_parallel else 1,
            "data": splits.fingerprint,
            "backend": keras.backend.backend(),
            **{f"version of {name}": version(name) for name in libraries},
        }

    def fit_arguments(self, callbacks: Sequence[keras.callbacks.Callback]) -> dict[str, Any]:
        """The arguments of ``fit`` for each trial."""
        # Always with early stopping: else AutoKeras trains the best network once more at the end.
        column, direction = self.objective
        early_stopping = keras.callbacks.EarlyStopping(
            monitor=column, mode=direction, patience=self.patience or self.epochs
        )
        return {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "callbacks": [early_stopping, *callbacks],
            "verbose": 0,
        }


def read_objective(objective: str | keras_tuner.Objective) -> tuple[str, str]:
    """The column of the trial table that a search looks at, and which end of it is better.

    Raises
    ------
    CourseError
        It is no metric of the validation part, or nobody knows which end of it is better.
    """
    if isinstance(objective, keras_tuner.Objective):
        column, direction = objective.name, objective.direction
    else:
        column = str(objective)
        direction = "max" if column == "val_macro_f1" else infer_metric_direction(column)
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


class TimeIsUp(FatalError):
    """The seconds of a search are over.  KerasTuner does not catch a `FatalError`."""


class Deadline:
    """The time at which a search stops, in so many seconds from now; never by default.

    Raises
    ------
    CourseError
        ``seconds`` is no positive number.
    """

    def __init__(self, seconds: float | None = None):
        if seconds is None:
            seconds = math.inf
        elif not isinstance(seconds, numbers.Real) or isinstance(seconds, bool) or not seconds > 0:
            raise CourseError(
                f"max_seconds={seconds!r} is not possible: give a number of seconds above 0, or "
                "None."
            )
        self._end = time.monotonic() + float(seconds)

    def check(self) -> None:
        """Raise `TimeIsUp` if it is."""
        if time.monotonic() > self._end:
            raise TimeIsUp

    def seconds_left(self) -> float | None:
        """How long one may still wait; None for as long as it takes."""
        return None if self._end == math.inf else max(0.0, self._end - time.monotonic())


def space_fingerprint(space: Space) -> str:
    """A digest of a space: of its hyperparameters, and of the network at their defaults."""
    content: list[Any]
    if isinstance(space, AutoKerasSpace):
        graph = compat.autokeras_config(space.inputs, space.outputs)
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
