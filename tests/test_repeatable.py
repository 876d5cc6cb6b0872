"""In every strategy the seed alone rules what is proposed, however the space shows itself.

The spaces are random: hyperparameters of all kinds, which appear one by one, some within a scope and
some as a network is built.  Nothing is trained; a trial's score is a digest of its values.
"""

from __future__ import annotations

import hashlib
import json
import random

import keras_tuner
import numpy as np
import pytest

from nascourse import strategies

TRIALS = 12


def grow(hp: keras_tuner.HyperParameters, space: int, name: str = "h", depth: int = 0) -> None:
    """Declare a hyperparameter, and below some of its values others: a tree that the seed decides."""
    rng = random.Random(f"{space} {name}")
    kinds = {
        "choice": lambda: hp.Choice(name, list(range(rng.randint(2, 4)))),
        "words": lambda: hp.Choice(name, ["a", "b", "c"][: rng.randint(2, 3)]),
        "boolean": lambda: hp.Boolean(name),
        "int": lambda: hp.Int(name, 1, rng.choice([5, 10**6])),
        "float": lambda: hp.Float(name, 0.1, 1.0),
        "log": lambda: hp.Float(name, 1e-4, 1.0, sampling="log"),
    }
    value = kinds[rng.choice(list(kinds))]()
    if depth == 3:
        return
    for child in range(rng.randint(1, 3)):
        if child == 0 or len(str(value)) % 3 == child % 3:
            grow(hp, space, f"{name}/{child}", depth + 1)


class Digests(keras_tuner.Tuner):
    """Scores a trial by a digest of its values, as its network would be built."""

    space = 0

    def pre_create_trial(self):
        np.random.seed(len(self.oracle.trials))  # as a search does: the greedy oracle draws from it

    def run_trial(self, trial, **options):
        grow(trial.hyperparameters, self.space)
        text = json.dumps(trial.hyperparameters.values, sort_keys=True)
        return {"val_accuracy": int(hashlib.sha256(text.encode()).hexdigest(), 16) / 2**256}


def proposals(name: str, space: int, folder, *, trials: int = TRIALS, go_on: bool = False) -> list:
    oracle = strategies.make_oracle(name, max_trials=TRIALS, seed=space)
    if isinstance(oracle, strategies.SurrogateOracle):
        oracle.n_initial = 4  # so that most trials are no random ones
    tuner = Digests(oracle, hypermodel=None, directory=folder, overwrite=not go_on)
    tuner.space = space
    oracle.max_trials = trials
    tuner.search(verbose=0)
    ids = sorted(oracle.trials, key=int)
    return [oracle.trials[trial].hyperparameters.values for trial in ids]


@pytest.mark.parametrize("name", strategies.NAMES)
@pytest.mark.parametrize("space", range(4))
def test_a_seed_repeats_and_resumes_a_search_of_any_space(name, space, tmp_path):
    first = proposals(name, space, tmp_path / "first")
    again = proposals(name, space, tmp_path / "again")
    proposals(name, space, tmp_path / "stopped", trials=TRIALS // 2)
    resumed = proposals(name, space, tmp_path / "stopped", go_on=True)

    assert len(first) > 2
    assert again == first
    assert resumed == first
