"""What is tried next: oracles driven by a made-up score instead of a training."""

from __future__ import annotations

import json
from types import SimpleNamespace

import keras_tuner
import numpy as np
import pytest

from nascourse import CourseError, search, spaces, strategies

SPACE = {"conv/kernel": [3, 5, 7], "conv/filters": [8, 16, 32], "head/units": [10, 20, 30]}
SETTINGS = 27


def score(values: dict) -> float:
    return 1 / (1 + values["conv/kernel"] + values["conv/filters"] + values["head/units"])


class ScoreTuner(keras_tuner.Tuner):
    """A tuner that trains nothing."""

    def run_trial(self, trial, **options):
        values = trial.hyperparameters.values
        if self.fails:
            raise RuntimeError("never")
        return {"val_accuracy": score(values)}


@pytest.fixture
def propose(tmp_path, monkeypatch):
    """The proposals of a strategy, in the order in which it made them."""

    def run(name: str, *, seed: int, max_trials: int = 8, fails: bool = False, first=None) -> list:
        monkeypatch.setattr(ScoreTuner, "fails", fails, raising=False)
        space = keras_tuner.HyperParameters()
        for key, values in SPACE.items():
            space.Choice(key, values)
        oracle = strategies.make_oracle(
            name, max_trials=max_trials, seed=seed, first=first, hyperparameters=space
        )
        np.random.seed(1)  # the greedy oracle draws from it
        tuner = ScoreTuner(oracle, hypermodel=None, directory=tmp_path, overwrite=True)
        tuner.search(verbose=0)
        return [oracle.trials[number].hyperparameters.values for number in oracle.start_order]

    return run


strategy = pytest.mark.parametrize("name", strategies.NAMES)


@strategy
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_a_seed_repeats_the_proposals(propose, name, seed):
    assert propose(name, seed=seed) == propose(name, seed=seed)


@strategy
def test_other_seeds_propose_otherwise(propose, name):
    proposals = [str(propose(name, seed=seed)) for seed in (0, 1, 50, 1000)]

    assert len(set(proposals)) == 4


def test_neighboring_seeds_are_independent_draws(propose):
    """Else error bars over seeds would compare a search with itself, one trial later."""
    first = propose("random", seed=1)
    for seed in range(2, 8):
        later = propose("random", seed=seed)
        assert first[1:] != later[:-1] and first[2:] != later[:-2]


@strategy
def test_the_budget_is_spent_exactly(propose, name):
    assert len(propose(name, seed=1, max_trials=5)) == 5


def test_random_never_repeats_and_stops_when_all_is_tried(propose):
    proposals = propose("random", seed=0, max_trials=100)

    assert len({str(values) for values in proposals}) == len(proposals)
    assert SETTINGS * 0.7 < len(proposals) <= SETTINGS  # KerasTuner gives up after 20 collisions


def test_greedy_begins_with_the_given_values_and_repeats_no_setting(propose):
    first = {"conv/kernel": 7, "conv/filters": 32, "head/units": 30}

    proposals = propose("greedy", seed=1, first=first, max_trials=12)

    assert proposals[0] == first
    assert len({str(values) for values in proposals}) == 12


def test_greedy_keeps_values_of_the_best_so_far(propose):
    """The first setting has the top score of all, so each later one is a change of it."""
    first = {"conv/kernel": 3, "conv/filters": 8, "head/units": 10}
    proposals = propose("greedy", seed=3, first=first, max_trials=16)

    changed = [{key for key in first if values[key] != first[key]} for values in proposals[1:]]

    assert sum(len(keys) == 1 for keys in changed) >= 4  # of 26 other settings only 6 are so near
    assert set.union(*changed) == set(first)


@strategy
def test_failed_trials_never_end_a_search(propose, name, capsys):
    assert len(propose(name, seed=1, max_trials=7, fails=True)) == 7


def test_an_unknown_strategy_is_one_sentence():
    with pytest.raises(CourseError) as raised:
        strategies.make_oracle("genetic", max_trials=3, seed=1)
    assert str(raised.value).startswith("Unknown strategy 'genetic': choose one of random, greedy")
    assert str(raised.value).endswith(".")


def test_the_first_network_of_a_space_is_for_the_greedy_strategy_alone():
    space = spaces.autokeras_space(filters=(1, 2), kernels=(3,))
    for name in strategies.NAMES:
        options = SimpleNamespace(
            strategy=name, max_trials=3, seed=1, objective=("val_accuracy", "max")
        )
        oracle = search._make_oracle(space, options)
        assert bool(getattr(oracle, "initial_hps", None)) == (name == "greedy")


@pytest.mark.parametrize(
    "oracle",
    [
        lambda **options: strategies.RegularizedEvolutionOracle(
            population_size=np.int64(5), sample_size=np.int8(2), **options
        ),
        lambda **options: strategies.SurrogateOracle(
            n_initial=np.int64(5), n_candidates=np.uint8(4), **options
        ),
    ],
)
def test_numbers_of_numpy_can_be_saved_with_the_search(oracle):
    state = oracle(objective="val_accuracy", max_trials=1, seed=1).get_state()

    assert 5 in json.loads(json.dumps(state)).values()
