"""Optuna's NSGA-II on MNIST-NAS-Bench, as unit 14 uses it, and the recording that the unit shows.

What searches with Optuna is skipped where it is not installed.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import record_optuna

from nascourse import trials
from nascourse.benchmark import Benchmark, load_benchmark, simulate

BUDGET = 120


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    return load_benchmark()


@pytest.fixture(scope="module")
def optuna() -> ModuleType:
    optuna = pytest.importorskip("optuna", reason="Optuna is an optional requirement")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


@pytest.fixture(scope="module")
def search(bench, optuna) -> Callable[[int], pd.DataFrame]:
    def accuracy_and_size(trial: Any) -> tuple[float, int]:
        outcome = bench.query(record_optuna.propose(trial, bench.choices))
        trial.set_user_attr("network", outcome.network)
        return outcome.val_accuracy, bench.facts(outcome.network)["n_params"]

    def run(seed: int) -> pd.DataFrame:
        sampler = optuna.samplers.NSGAIISampler(population_size=20, seed=seed)
        study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
        study.optimize(accuracy_and_size, n_trials=BUDGET)
        front = {trial.number for trial in study.best_trials}
        return pd.DataFrame(
            {
                "trial": trial.number + 1,
                "network": trial.user_attrs["network"],
                "val_accuracy": trial.values[0],
                "n_params": trial.values[1],
                "on_front": trial.number in front,
            }
            for trial in study.trials
        )

    return run


@pytest.fixture(scope="module")
def found(search) -> pd.DataFrame:
    return search(3)


# Searches with Optuna


def test_the_budget_is_spent_on_networks_of_the_table(bench, found):
    curves = bench.curves.set_index(["network", "seed", "epoch"])["val_accuracy"]

    assert found["trial"].tolist() == list(range(1, BUDGET + 1))
    np.testing.assert_array_equal(
        found["val_accuracy"], [curves[network, 0, 12] for network in found["network"]]
    )
    np.testing.assert_array_equal(
        found["n_params"], bench.networks.loc[found["network"], "n_params"]
    )
    assert set(bench.networks.loc[found["network"], "body/blocks"]) == {1, 2, 3}


def test_the_front_is_what_no_evaluated_network_dominates(found):
    accuracy, size = found["val_accuracy"].to_numpy(), found["n_params"].to_numpy()
    dominated = [
        any(
            accuracy[rival] >= accuracy[one]
            and size[rival] <= size[one]
            and (accuracy[rival] > accuracy[one] or size[rival] < size[one])
            for rival in range(BUDGET)
        )
        for one in range(BUDGET)
    ]

    np.testing.assert_array_equal(found["on_front"], np.logical_not(dominated))
    assert 1 < found["on_front"].sum() < BUDGET


def test_the_front_is_the_one_of_the_trial_table(found):
    ours, theirs = trials.pareto_front(found), found[found["on_front"]]

    # Optuna keeps every one of equal networks, the course the first.
    values = ["val_accuracy", "n_params"]
    assert set(ours[values].itertuples(index=False)) == set(theirs[values].itertuples(index=False))


def test_a_seed_repeats_a_search(search, found):
    pd.testing.assert_frame_equal(search(3), found)
    assert not search(4)["network"].equals(found["network"])


@pytest.mark.slow
def test_the_first_population_is_a_random_search(bench, optuna):
    """So the unit may say that NSGA-II begins like random search."""
    samplers = optuna.samplers
    evolved = record_optuna.search(bench, samplers.NSGAIISampler(population_size=20, seed=5), 5)
    drawn = record_optuna.search(bench, samplers.RandomSampler(seed=5), 5)

    pd.testing.assert_frame_equal(evolved.head(20), drawn.head(20))
    assert not evolved["network"].head(40).equals(drawn["network"].head(40))


def test_a_recorded_search_comes_out_again(bench, optuna):
    if optuna.__version__ != "5.0.0":
        pytest.skip("another version may draw other networks")
    sampler = optuna.samplers.NSGAIISampler(population_size=20, seed=0)
    columns = ["network", "val_accuracy", "n_params"]

    again = record_optuna.search(bench, sampler, 0).head(200)
    recorded = trials.recorded("optuna_search")[columns]
    pd.testing.assert_frame_equal(recorded, again[columns], check_dtype=False)


def test_the_recorded_fronts_are_those_of_the_searches():
    fronts = trials.recorded("optuna_fronts")
    first = fronts[(fronts["strategy"] == "NSGA-II, 20") & (fronts["seed"] == 0)]

    front = trials.pareto_front(trials.recorded("optuna_search"))
    assert first["network"].tolist() == front["network"].tolist()
    assert (fronts.groupby("strategy")["seed"].nunique() == 30).all()


# The hypervolume, by hand

# Front: 10 weights with 0.85 and 100 with 0.90; below 0.8 nothing counts.
TRUTH = pd.DataFrame(
    {"n_params": [1, 10, 100, 1_000, 10_000], "test_accuracy": [0.70, 0.85, 0.90, 0.88, 0.90]}
)


def test_the_hypervolume_by_hand():
    # From 10 to 100 weights, one power of ten, 0.05 high; from there two powers, 0.10 high.
    area = 1 * 0.05 + 2 * 0.10

    assert record_optuna.hypervolume(TRUTH, "test_accuracy", 10_000) == pytest.approx(area)
    assert record_optuna.hypervolume(TRUTH[:1], "test_accuracy", 10_000) == 0
    area = 90 * 0.05 + 9_900 * 0.10  # not in powers of ten
    linear = record_optuna.hypervolume(TRUTH, "test_accuracy", 10_000, scale=np.asarray)
    assert linear == pytest.approx(area)


@pytest.mark.parametrize(
    ("networks", "heard", "area"),
    [
        ([2, 1, 4], [0.91, 0.84, 0.90], 0.25),  # the true front
        ([1, 3], [0.84, 0.89], 2 * 0.05 + 1 * 0.08),  # the second step is late and lower
        ([1, 2], [0.86, 0.82], 3 * 0.05),  # it had the second step, and did not hear of it
        ([0], [0.95], 0),  # what it heard was wrong
    ],
)
def test_the_share_missed_by_hand(networks, heard, area):
    searched = pd.DataFrame({"network": networks, "val_accuracy": heard})
    searched["n_params"] = TRUTH["n_params"][networks].to_numpy()

    assert record_optuna.missed(searched, TRUTH) == pytest.approx(1 - area / 0.25)


# The recording


def test_all_searches_are_recorded_with_both_budgets():
    table = trials.recorded("optuna")

    searches = table.groupby(["strategy", "budget"])["seed"].agg(list)
    assert len(searches) == 8
    assert all(seeds == list(range(30)) for seeds in searches)
    by_budget = table.set_index("budget")
    assert (by_budget.loc["200 trials", "trials"] == 200).all()
    assert (by_budget.loc["200 networks", "networks"] == 200).all()
    assert (table["networks"] <= table["trials"]).all()
    assert table[["missed", "missed_linear"]].stack().between(0, 1).all()


def test_the_recorded_search_is_the_first_of_its_strategy(bench):
    table = trials.recorded("optuna").set_index(["strategy", "seed", "budget"])
    row = table.loc["NSGA-II, 20", 0, "200 trials"]
    searched = trials.recorded("optuna_search")

    assert searched["network"].nunique() == row["networks"]
    assert record_optuna.missed(searched, bench.final()) == pytest.approx(row["missed"], abs=1e-5)


def test_the_searches_of_the_course_come_out_again(bench):
    table = trials.recorded("optuna").set_index(["strategy", "seed", "budget"])
    again = simulate("random", budget=200, seeds=[0, 7], benchmark=bench)
    again = again[["seed", "network", "val_accuracy"]]
    again = again.join(bench.networks["n_params"], on="network")

    for seed, one in again.groupby("seed"):
        row = table.loc["random", seed, "200 trials"]
        linear = record_optuna.missed(one, bench.final(), scale=np.asarray)
        assert record_optuna.missed(one, bench.final()) == pytest.approx(row["missed"], abs=1e-5)
        assert linear == pytest.approx(row["missed_linear"], abs=1e-5)
