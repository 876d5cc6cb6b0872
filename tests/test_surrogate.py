"""The surrogate: what it sees, what it predicts, and that it searches better than luck."""

from __future__ import annotations

import itertools

import keras_tuner
import numpy as np
import pytest
from driven import drive, in_memory
from scipy import stats

from nascourse import CourseError
from nascourse.benchmark import simulate, superiority
from nascourse.strategies import SurrogateOracle


def make(space: keras_tuner.HyperParameters, *, seed: int = 1, **options) -> SurrogateOracle:
    return in_memory(
        SurrogateOracle(
            objective="val_accuracy",
            hyperparameters=space,
            seed=seed,
            max_consecutive_failed_trials=None,
            **options,
        )
    )


def switches(n: int = 8) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    for i in range(n):
        hp.Choice(f"x{i}", ["a", "b", "c"])
    return hp


def weighted(values: dict) -> float:
    """Each choice adds its own part, the last most; all "c" is the best of 6,561."""
    return sum((i + 1) * "abc".index(values[f"x{i}"]) for i in range(8)) / 72


def test_what_it_sees_of_an_architecture():
    hp = keras_tuner.HyperParameters()
    hp.Fixed("optimizer", "adam")
    hp.Boolean("skip")
    hp.Choice("kernel", [3, 5, 7])
    with hp.conditional_scope("skip", [True]):
        hp.Float("rate", 1e-4, 1.0, sampling="log")
        hp.Choice("merge", ["add", "cat"])
    oracle = make(hp)

    skips = {"optimizer": "adam", "skip": True, "kernel": 5, "rate": 1e-2, "merge": "cat"}
    plain = {"optimizer": "adam", "skip": False, "kernel": 3}
    first, second = oracle._encode([skips, plain]).tolist()
    assert first == [
        *[False, True, False],  # KerasTuner lists a Boolean's True first
        *[False, False, True, False],
        *[False, pytest.approx(0.5)],
        *[False, False, True],
    ]
    assert second == [
        *[False, False, True],
        *[False, True, False, False],
        *[True, 0.0],  # inactive is a value of its own
        *[True, False, False],
    ]


def test_it_predicts_what_a_gaussian_process_does():
    """Rasmussen & Williams 2006, equations 2.25 and 2.26, on ranks as quantiles."""
    oracle = make(switches(3), n_initial=6)
    scores = iter([0.2, 0.9, 0.4, 0.8, 0.1, 0.3])
    trained = drive(oracle, 6, lambda values: next(scores))
    length, noise = 1.7, 0.15
    oracle.theta = np.log([length, noise]).tolist()
    oracle.n_initial = 4  # six trials are no multiple of it, so nothing is learned anew
    candidates = [dict(zip(trained[0], v)) for v in itertools.product("abc", repeat=3)]

    bounds = oracle._upper_confidence_bounds(list(oracle.trials.values()), candidates)

    def kernel(some: list[dict], others: list[dict]) -> np.ndarray:
        differ = np.array([[sum(a[k] != b[k] for k in a) for b in others] for a in some])
        return np.exp(-2 * differ / (2 * length**2))  # one-hot, two entries differ for each choice

    y = stats.norm.ppf((np.array([2, 6, 4, 5, 1, 3]) - 0.5) / 6)
    k = kernel(candidates, trained)
    solved = np.linalg.solve(kernel(trained, trained) + noise * np.eye(6), k.T)
    mean, variance = solved.T @ y, 1 - (k * solved.T).sum(axis=1)
    np.testing.assert_allclose(bounds, mean + np.sqrt(variance))


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_the_first_trials_are_random_and_the_others_learn():
    up = drive(make(switches(), n_initial=10), 14, weighted)
    down = drive(make(switches(), n_initial=10), 14, lambda values: -weighted(values))

    assert up[:10] == down[:10]
    assert sum(map(weighted, up[10:])) > 1 + sum(map(weighted, down[10:]))


def test_only_the_order_of_the_scores_counts():
    cubed = drive(make(switches(), n_initial=8), 20, lambda values: weighted(values) ** 3)
    assert cubed == drive(make(switches(), n_initial=8), 20, weighted)


def test_it_finds_in_60_trials_what_luck_finds_in_thousands():
    best = max(map(weighted, drive(make(switches()), 60, weighted)))
    assert best >= 70 / 72  # 4 of the 6,561 architectures are so good


def test_failed_trials_teach_nothing_and_end_nothing():
    failing = drive(make(switches(), n_initial=5), 30, lambda values: None)
    assert len(failing) == 30
    hears = make(switches(), n_initial=5)
    drive(hears, 30, lambda values: None if values["x0"] == "a" else weighted(values))
    assert hears.theta  # it has learned from those that were completed


@pytest.mark.parametrize("name", ["n_initial", "n_candidates"])
def test_too_few_are_refused(name):
    with pytest.raises(CourseError, match=f"{name}=1 is not possible"):
        make(switches(), **{name: 1})


@pytest.mark.slow
def test_on_the_table_it_ends_better_than_random_search():
    table = simulate(["random", "surrogate"], budget=40, seeds=range(20))

    ends = table[table["trial"] == 40].set_index("strategy")["test_accuracy"]
    assert superiority(ends["surrogate"], ends["random"]).low > 0.5
