"""Optuna's NSGA-II on MNIST-NAS-Bench, as unit 12 uses it; skipped where Optuna is not installed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from nascourse import trials
from nascourse.benchmark import Benchmark, load_benchmark

optuna = pytest.importorskip("optuna", reason="Optuna is an optional requirement")
optuna.logging.set_verbosity(optuna.logging.WARNING)

BUDGET = 120


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    return load_benchmark()


def propose(trial: optuna.Trial, choices: dict[str, list]) -> dict:
    """A network of the benchmark's space, choice by choice."""
    network = {}
    for name, values in choices.items():  # body/blocks comes first
        block = int(name[-1]) if "filters" in name else 0
        if block < network.get("body/blocks", 1):
            network[name] = trial.suggest_categorical(name, values)
    return network


@pytest.fixture(scope="module")
def search(bench) -> Callable[[int], pd.DataFrame]:
    def accuracy_and_size(trial: optuna.Trial) -> tuple[float, int]:
        outcome = bench.query(propose(trial, bench.choices))
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
