"""Many values of a hyperparameter are never listed, and count as those that are."""

from __future__ import annotations

import keras_tuner
import pytest
from driven import drive, in_memory
from keras_tuner.engine.hyperparameters import Choice, Float, Int

from nascourse import CourseError, spaces, strategies
from nascourse._engine import ranges
from nascourse._engine.ranges import possible_values

MANY = 10**9


@pytest.mark.parametrize(
    "entry",
    [
        Int("n", 0, 40, step=3),
        Int("n", -5, 7),
        Float("x", 0.1, 2.0, step=0.1),
        Int("n", 1, 64, sampling="log", step=2),
        Int("n", 1, 1000, sampling="log"),
        Choice("c", ["b", "a"]),
    ],
)
def test_values_are_those_of_keras_tuner_listed_or_not(entry, monkeypatch):
    expected = list(entry.values)
    for many in (1000, 2):
        monkeypatch.setattr(ranges, "MANY_VALUES", many)
        values = possible_values(entry)
        assert list(values) == expected and len(values) == ranges.count(values) == len(expected)
        for value in expected:
            assert value in values and values.index(value) == expected.index(value)


def wide(hp: keras_tuner.HyperParameters) -> None:
    hp.Int("shift", 0, MANY)
    hp.Float("rate", 0.0, 1.0, step=2.0**-30)
    with hp.conditional_scope("shift", [3, 4, -1]):  # -1 never is
        hp.Choice("width", [4, 8, 16])


def test_the_size_of_a_wide_space():
    hp = keras_tuner.HyperParameters()
    wide(hp)

    assert spaces.size(hp) == ((MANY + 1 - 2) + 2 * 3) * (2**30 + 1)
    assert spaces.to_table(hp).loc["shift", "values"] == f"0, 1, 2, ..., {MANY}"


def test_a_wide_space_is_counted_and_not_listed(monkeypatch):
    hp = keras_tuner.HyperParameters()
    hp.Int("n", 0, 9)
    monkeypatch.setattr(spaces, "MOST_LISTED", 10)
    assert [setting["n"] for setting in spaces.settings(hp)] == list(range(10))

    hp = keras_tuner.HyperParameters()
    wide(hp)
    number = ((MANY + 1 - 2) + 2 * 3) * (2**30 + 1)
    with pytest.raises(CourseError) as raised:
        spaces.settings(hp)
    assert str(raised.value) == (
        f"This space has {number:,} configurations, too many for a list: spaces.size counts them."
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", strategies.NAMES)
def test_a_range_may_have_more_values_than_a_list_can(name):
    hp = keras_tuner.HyperParameters()
    hp.Int("shift", 0, 10**20)
    hp.Float("rate", 0.0, 1e20, step=1.0)
    trials = 10 if name == "bayesian" else 30  # its model, which takes long, begins after six
    oracle = strategies.make_oracle(name, max_trials=trials, seed=1, hyperparameters=hp)

    proposed = drive(in_memory(oracle), trials, lambda values: values["shift"] / 1e20)

    assert len(proposed) == trials
    assert spaces.size(hp) == (10**20 + 1) ** 2
    assert spaces.to_table(hp)["values"].tolist() == [
        f"0, 1, 2, ..., {10**20}",
        "0.0, 1.0, 2.0, ..., 1e+20",
    ]


def test_an_int_on_a_logarithmic_scale_has_all_its_values():
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 1000, sampling="log")

    assert spaces.size(hp) == 1000


@pytest.mark.parametrize("name", ["evolution", "local", "surrogate"])
def test_a_strategy_proposes_each_value_on_a_logarithmic_scale(name):
    """KerasTuner names only ten of the 1,000."""
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 1000, sampling="log")
    oracle = strategies.make_oracle(name, max_trials=40, seed=1, hyperparameters=hp)

    proposed = drive(in_memory(oracle), 40, lambda values: values["units"] / 1000)

    assert len({values["units"] for values in proposed}) == 40


@pytest.mark.parametrize("name", strategies.NAMES)
def test_no_strategy_lists_a_wide_range(name, tmp_path, monkeypatch):
    listed = []
    monkeypatch.setattr(Int, "values", property(listed.append))
    hp = keras_tuner.HyperParameters()
    wide(hp)

    class Tuner(keras_tuner.Tuner):
        def run_trial(self, trial, **options):
            return {"val_accuracy": trial.hyperparameters.get("shift") / MANY}

    oracle = strategies.make_oracle(name, max_trials=8, seed=1, hyperparameters=hp)
    Tuner(oracle, hypermodel=None, directory=tmp_path).search(verbose=0)

    assert len(oracle.trials) == 8 and not listed
