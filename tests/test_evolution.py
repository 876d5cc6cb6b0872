"""Evolution, local search and surrogate: plain retellings, resumed searches and odd spaces."""

from __future__ import annotations

import json
from collections import deque

import keras
import keras_tuner
import numpy as np
import pytest
from driven import drive as drive_by
from driven import in_memory
from keras import layers

from nascourse import CourseError, search
from nascourse._engine.shared_space import shared
from nascourse.strategies import (
    LocalSearchOracle,
    RegularizedEvolutionOracle,
    SurrogateOracle,
    make_oracle,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("frozen_libraries")]

CHOICES = {
    "blocks": [1, 2, 3],
    "kernel": [3, 5],
    "filters_0": [2, 6, 16],
    "filters_1": [2, 6, 16],
    "filters_2": [2, 6, 16],
    "head": ["flatten", "quarters"],
}
SETTINGS = 2 * 2 * (3 + 9 + 27)
BOTH = pytest.mark.parametrize("oracle_class", [RegularizedEvolutionOracle, LocalSearchOracle])
ALL = pytest.mark.parametrize(
    "oracle_class", [RegularizedEvolutionOracle, LocalSearchOracle, SurrogateOracle]
)


def exists(name: str, architecture: dict) -> bool:
    return not name.startswith("filters") or int(name[-1]) < architecture["blocks"]


def accuracy(architecture: dict) -> float:
    """Larger is better, with an optimum that one change at a time can miss."""
    filters = [architecture.get(f"filters_{block}", 0) for block in range(3)]
    bonus = 0.3 * (architecture["kernel"] == 5) * (architecture["head"] == "quarters")
    return sum(filters) / 48 / architecture["blocks"] + bonus


def declare(hp: keras_tuner.HyperParameters | None = None) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters() if hp is None else hp
    for name, values in CHOICES.items():
        if name.startswith("filters"):
            with hp.conditional_scope("blocks", list(range(int(name[-1]) + 1, 4))):
                hp.Choice(name, values)
        else:
            hp.Choice(name, values)
    return hp


def drive(oracle: keras_tuner.Oracle, trials: int, score=accuracy) -> list[dict]:
    return drive_by(oracle, trials, score)


def make(oracle_class=RegularizedEvolutionOracle, *, space=None, seed: int = 1, **options):
    return in_memory(
        oracle_class(
            objective="val_accuracy",
            hyperparameters=shared(declare() if space is None else space),
            seed=seed,
            max_consecutive_failed_trials=None,
            **options,
        )
    )


# ------------------------------------------------------- Algorithm 1 of Real et al. 2019, plainly


def random_architecture(rng: np.random.Generator) -> dict:
    made: dict = {}
    for name, values in CHOICES.items():
        if exists(name, made):
            made[name] = values[rng.integers(len(values))]
    return made


def with_change(parent: dict, changed: str, value, rng: np.random.Generator) -> dict:
    child = {**parent, changed: value}
    made: dict = {}
    for name, values in CHOICES.items():
        if exists(name, child):
            made[name] = child[name] if name in child else values[rng.integers(len(values))]
    return made


def mutate(parent: dict, rng: np.random.Generator) -> dict:
    mutable = list(parent)
    changed = mutable[rng.integers(len(mutable))]
    others = [value for value in CHOICES[changed] if value != parent[changed]]
    return with_change(parent, changed, others[rng.integers(len(others))], rng)


def algorithm_1(P: int, S: int, C: int, rng: np.random.Generator, *, redraw: bool) -> list[dict]:
    population: deque = deque()
    history: list[dict] = []

    def new(draw) -> dict | None:
        for _ in range(20):
            architecture = draw()
            if architecture not in history or not redraw:
                return architecture
        return None

    def child() -> dict:
        sample = [population[i] for i in rng.integers(len(population), size=S)]
        return mutate(max(sample, key=accuracy), rng)

    while len(population) < P:
        architecture = new(lambda: random_architecture(rng))
        population.append(architecture)
        history.append(architecture)
    while len(history) < C:
        architecture = new(child) or new(lambda: random_architecture(rng))
        population.append(architecture)
        history.append(architecture)
        population.popleft()
    return history


@pytest.mark.parametrize("allow_duplicates", [True, False])
def test_evolution_is_algorithm_1(allow_duplicates):
    for seed in range(1, 51):
        oracle = make(
            population_size=10, sample_size=3, seed=seed, allow_duplicates=allow_duplicates
        )
        rng = np.random.default_rng(seed)

        expected = algorithm_1(10, 3, 40, rng, redraw=not allow_duplicates)

        assert drive(oracle, 40) == expected


def test_the_oldest_dies_however_good_it_is():
    oracle = make(population_size=3, sample_size=3)
    drive(oracle, 3)
    best = max(oracle.trials, key=lambda number: oracle.trials[number].score)
    drive(oracle, 3)

    assert best not in oracle.population
    assert list(oracle.population) == oracle.start_order[-3:]


# -------------------------------------------------------------------------------- local search


def local_search(C: int, rng: np.random.Generator) -> list[dict]:
    history: list[dict] = []

    def neighbors_of(center: dict) -> list[dict]:
        neighbors = [
            with_change(center, name, value, rng)
            for name in center
            for value in CHOICES[name]
            if value != center[name]
        ]
        rng.shuffle(neighbors)
        return neighbors

    while len(history) < C:
        center = random_architecture(rng)
        if center in history:
            continue
        history.append(center)
        neighbors = neighbors_of(center)
        while neighbors:
            neighbor = neighbors.pop()
            if neighbor not in history:
                history.append(neighbor)
                if accuracy(neighbor) > accuracy(center):
                    center, neighbors = neighbor, neighbors_of(neighbor)
    return history[:C]


def test_a_subclass_may_keep_its_population_in_a_deque():
    class TheWorstLeaves(RegularizedEvolutionOracle):  # as in unit 05
        def score_trial(self, trial):
            self.population = deque(sorted(self.population, key=lambda id: self.trials[id].score))
            super().score_trial(trial)

    oracle = in_memory(
        TheWorstLeaves(
            objective=keras_tuner.Objective("val_accuracy", "max"),
            max_trials=12,
            seed=1,
            population_size=4,
            hyperparameters=declare(),
        )
    )
    proposed = drive_by(oracle, 12, accuracy)
    assert len(oracle.population) == 4 and len(proposed) == 12
    json.dumps(oracle.get_state())


def test_local_search_is_hill_climbing_with_restarts():
    for seed in range(1, 51):
        oracle = make(LocalSearchOracle, seed=seed)
        assert drive(oracle, 60) == local_search(60, np.random.default_rng(seed))


def test_local_search_of_a_hand_worked_line():
    """Values 0..4 with scores 1, 5, 2, 9, 3: all are neighbors, so the second restart ends it."""
    space = keras_tuner.HyperParameters()
    space.Choice("x", [0, 1, 2, 3, 4])
    scores = [1, 5, 2, 9, 3]
    oracle = make(LocalSearchOracle, space=space, seed=5)

    proposed = drive(oracle, 100, lambda values: scores[values["x"]])

    assert sorted(values["x"] for values in proposed) == [0, 1, 2, 3, 4]


# -------------------------------------------------------------------- what holds for all oracles


@ALL
def test_no_architecture_is_tried_twice_and_an_exhausted_space_ends_the_search(oracle_class):
    proposed = drive(make(oracle_class), 1000)

    assert len({json.dumps(values, sort_keys=True) for values in proposed}) == len(proposed)
    assert 0.7 * SETTINGS < len(proposed) <= SETTINGS


def test_with_duplicates_the_search_goes_on():
    space = keras_tuner.HyperParameters()
    space.Choice("x", [0, 1])
    oracle = make(space=space, population_size=2, sample_size=1, allow_duplicates=True)

    assert len(drive(oracle, 30, lambda values: float(values["x"]))) == 30


@ALL
def test_values_are_those_of_the_active_hyperparameters(oracle_class):
    for values in drive(make(oracle_class, seed=7), 100):
        assert list(values) == [name for name in CHOICES if exists(name, values)]
        assert all(value in CHOICES[name] for name, value in values.items())


@BOTH
def test_failed_trials_are_no_parents_and_end_nothing(oracle_class):
    odd = {"n": 0}

    def every_other_fails(values: dict) -> float | None:
        odd["n"] += 1
        return None if odd["n"] % 2 else accuracy(values)

    oracle = make(oracle_class, seed=2)
    assert len(drive(oracle, 60, every_other_fails)) == 60
    used = oracle.population if oracle_class is RegularizedEvolutionOracle else [oracle.center]
    assert all(oracle.trials[number].status == "COMPLETED" for number in used)


@ALL
def test_numbers_from_a_range_a_fixed_value_and_an_empty_space(oracle_class):
    space = keras_tuner.HyperParameters()
    space.Fixed("optimizer", "adam")
    space.Float("rate", 1e-4, 1e-1, sampling="log")
    space.Int("layers", 1, 4)
    proposed = drive(make(oracle_class, space=space), 40, lambda values: values["rate"])
    assert {values["optimizer"] for values in proposed} == {"adam"}
    assert len({values["rate"] for values in proposed}) > 5
    assert {values["layers"] for values in proposed} == {1, 2, 3, 4}

    empty = make(oracle_class, space=keras_tuner.HyperParameters())
    assert drive(empty, 5, lambda values: 1.0) == [{}]


@ALL
def test_smaller_is_better_where_the_objective_says_so(oracle_class):
    loss = keras_tuner.Objective("val_accuracy", "min")
    falling = in_memory(oracle_class(objective=loss, hyperparameters=declare(), seed=4))

    proposed = drive(falling, 50, lambda values: -accuracy(values))

    assert proposed == drive(make(oracle_class, seed=4), 50)


@ALL
@pytest.mark.parametrize("killed", ["in training", "after the trial"])
def test_a_resumed_search_is_the_uninterrupted_one(oracle_class, killed, tmp_path):
    sizes = {
        RegularizedEvolutionOracle: {"population_size": 5, "sample_size": 2},
        LocalSearchOracle: {},
        SurrogateOracle: {"n_initial": 5},
    }[oracle_class]

    def on_disk() -> keras_tuner.Oracle:
        oracle = oracle_class(objective="val_accuracy", seed=6, hyperparameters=declare(), **sizes)
        oracle.verbose = 0
        oracle._set_project_dir(tmp_path, "search")
        return oracle

    expected = drive(make(oracle_class, seed=6, **sizes), 30)
    first = on_disk()
    assert drive(first, 13) == expected[:13]
    if killed == "in training":
        first.create_trial("test")
    second = on_disk()
    second.reload()

    # KerasTuner runs the last trial that it knows to have begun again.
    begun = 13 if killed == "in training" else 12
    assert drive(second, 30 - begun) == expected[begun:]


@pytest.mark.parametrize("name", ["population_size", "sample_size"])
def test_a_size_of_zero_is_refused(name):
    with pytest.raises(CourseError, match=f"{name}=0 is not possible"):
        make(**{name: 0})


def space(hp) -> keras.Model:
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    if hp.Boolean("hidden"):
        with hp.conditional_scope("hidden", [True]):
            x = layers.Dense(hp.Choice("units", [2, 4]))(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.usefixtures("frozen_libraries", "spaces_described_once")
@pytest.mark.parametrize("name", ["evolution", "local", "surrogate"])
def test_they_train_networks_in_run_search(name, small, tmp_path):
    found = search.run_search(
        space,
        small,
        strategy=name,
        max_trials=3,
        epochs=1,
        seed=1,
        directory=tmp_path,
        observer=search.Observer(),
    )

    assert found.table["status"].tolist() == 3 * ["completed"]
    assert found.table["duplicate_of"].isna().all()


def test_hyperband_is_refused_where_the_epochs_are_fixed():
    with pytest.raises(CourseError, match="hyperband.*random, greedy, .*simulate"):
        make_oracle("hyperband", max_trials=3, seed=1)
