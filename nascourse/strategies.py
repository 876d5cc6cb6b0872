"""What to try next: KerasTuner oracles.

An *oracle* is the part of KerasTuner that proposes hyperparameter values and hears how good they
were.  A *strategy* of this course is such an oracle, so the same object can train networks, walk
a table of measured networks, or work in any other KerasTuner project.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nascourse.quiet  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras_tuner
from autokeras.tuners.greedy import GreedyOracle

from nascourse import CourseError

NAMES = ("random", "greedy")


def make_oracle(
    name: str,
    *,
    max_trials: int,
    seed: int,
    objective: Any = "val_accuracy",
    first: Mapping[str, Any] | None = None,
    hyperparameters: keras_tuner.HyperParameters | None = None,
) -> keras_tuner.Oracle:
    """Make the oracle of a strategy.

    Parameters
    ----------
    name
        ``"random"``: KerasTuner's random search, which never repeats a setting.
        ``"greedy"``: AutoKeras's `GreedyOracle`, unchanged (Jin, Song & Hu 2019 describe the
        library): resample a few hyperparameters of the best trial so far, keep the others.
    max_trials
        The budget.
    seed
        Any whole number from 0; KerasTuner itself takes 0 for "no seed", which is mended here.
        The greedy oracle also draws from NumPy's global generator: `nascourse.search` seeds it.
    first
        Values of the first trial, for the greedy strategy.
    hyperparameters
        Entries to declare in advance; they override those of the space.
    """
    options = {
        "objective": objective,
        "max_trials": max_trials,
        "seed": seed + 1,  # `seed or random` in KerasTuner would ignore a zero
        "hyperparameters": hyperparameters,
        "max_consecutive_failed_trials": max_trials + 1,  # a failed trial never ends a search
    }
    if name == "random":
        return keras_tuner.oracles.RandomSearchOracle(**options)
    if name == "greedy":
        return GreedyOracle(initial_hps=[dict(first)] if first else None, **options)
    raise CourseError(f"Unknown strategy {name!r}: choose one of {', '.join(NAMES)}.")
