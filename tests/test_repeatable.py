"""In every strategy the seed alone rules what is proposed, however the space shows itself.

The spaces are random: hyperparameters of all kinds, which appear one by one, some within a scope.  A
search either sees them in its trials only, or builds networks before its first trial, as a search
with a build function does.  Nothing is trained; a trial's score is a digest of its values.
"""

from __future__ import annotations

import functools
import hashlib
import json
import random

import keras_tuner
import numpy as np
import pytest

from nascourse import strategies
from nascourse._engine import compat

TRIALS = 12
# A value of each kind of hyperparameter that opens a scope.
SCOPES = {"choice": 1, "words": "b", "boolean": True, "int": 2}


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
    kind = rng.choice(list(kinds))
    value = kinds[kind]()
    if depth == 3:
        return
    for child in range(rng.randint(1, 3)):
        if child == 0 or len(str(value)) % 3 == child % 3:
            grow(hp, space, f"{name}/{child}", depth + 1)
    if kind in SCOPES:
        with hp.conditional_scope(name, [SCOPES[kind]]):
            for layer in range(hp.Int(f"{name}/layers", 1, 6) or 0):
                hp.Choice(f"{name}/layers/{layer}", [8, 16])


class Digests(compat.ExploringTuner):
    """Scores a trial by a digest of its values, as its network would be built."""

    def __init__(self, oracle, space: int, *, explores: bool, **arguments):
        self.declare = functools.partial(grow, space=space)
        super().__init__(oracle, hypermodel=self.declare if explores else None, **arguments)

    def pre_create_trial(self):
        np.random.seed(len(self.oracle.trials))  # as a search does: the greedy oracle draws from it

    def run_trial(self, trial, **options):
        self.declare(trial.hyperparameters)
        text = json.dumps(trial.hyperparameters.values, sort_keys=True)
        return {"val_accuracy": int(hashlib.sha256(text.encode()).hexdigest(), 16) / 2**256}


def proposals(
    name: str, space: int, folder, *, explores: bool, trials: int = TRIALS, go_on: bool = False
) -> list:
    oracle = strategies.make_oracle(name, max_trials=TRIALS, seed=space)
    if isinstance(oracle, strategies.SurrogateOracle):
        oracle.n_initial = 4  # so that most trials are no random ones
    tuner = Digests(oracle, space, explores=explores, directory=folder, overwrite=not go_on)
    oracle.max_trials = trials
    tuner.search(verbose=0)
    ids = sorted(oracle.trials, key=int)
    return [oracle.trials[trial].hyperparameters.values for trial in ids]


@pytest.mark.slow
@pytest.mark.parametrize("name", strategies.NAMES)
@pytest.mark.parametrize("space", range(3))
@pytest.mark.parametrize("explores", [False, True])
def test_a_seed_repeats_and_resumes_a_search_of_any_space(name, space, explores, tmp_path):
    propose = functools.partial(proposals, name, space, explores=explores)
    first = propose(tmp_path / "first")
    propose(tmp_path / "stopped", trials=TRIALS // 2)
    resumed = propose(tmp_path / "stopped", go_on=True)

    assert len(first) > 2
    assert resumed == first
