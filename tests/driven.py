"""Oracles driven by a made-up score, with nothing trained or written."""

from __future__ import annotations

from collections.abc import Callable

import keras_tuner

from nascourse._engine import compat


def drive(oracle: keras_tuner.Oracle, trials: int, score: Callable) -> list[dict]:
    """Let the oracle propose and hear scores; a score of None is a failure."""
    proposed = []
    for _ in range(trials):
        trial = oracle.create_trial("test")
        if trial.status == "STOPPED":
            break
        values = trial.hyperparameters.values
        proposed.append(dict(values))
        outcome = score(values)
        trial.status = "FAILED" if outcome is None else "COMPLETED"
        if outcome is not None:
            oracle.update_trial(trial.trial_id, {"val_accuracy": outcome})
        oracle.end_trial(trial)
    return proposed


def in_memory(oracle: keras_tuner.Oracle) -> keras_tuner.Oracle:
    oracle.verbose = 0
    compat.keep_in_memory(oracle)
    return oracle
