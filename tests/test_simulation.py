"""Simulated searches: real oracles on a table, step by step."""

from __future__ import annotations

import contextlib
import gc
import random
import weakref
from functools import partial

import keras_tuner
import numpy as np
import pandas as pd
import pytest
from small_tables import SEED_1, TEST, VAL, small_space, small_table

from nascourse import CourseError, spaces, strategies
from nascourse._engine import loops, shared_space
from nascourse.benchmark import Benchmark, load_benchmark, simulate, simulation

LIVE = ["random", "greedy", "evolution", "local", "surrogate", "hyperband"]


@pytest.fixture
def bench() -> Benchmark:
    """All but the network (2, plain, 4)."""
    return small_table(without=2)


@pytest.fixture
def complete() -> Benchmark:
    return small_table()


@pytest.fixture(scope="module")
def large() -> tuple[Benchmark, keras_tuner.HyperParameters]:
    """All 270 networks of a space, 9 epochs, 3 seeds, with made-up accuracies, and the space."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("body/blocks", [1, 2])
    hp.Choice("body/width", [1, 2, 3])
    hp.Boolean("body/skip")
    hp.Choice("conv/kind", ["a", "b", "c"])
    hp.Choice("conv/kernel", [3, 5, 7])
    with hp.conditional_scope("body/blocks", [2]):
        hp.Choice("conv/filters", [2, 4, 6, 8])
    settings = spaces.settings(hp)
    rng = np.random.default_rng(0)
    shape = (len(settings), 3, 9)
    final = rng.normal(0.9, 0.03, (len(settings), 1, 1))
    accuracy = final - 0.3 / np.arange(2, 11) + rng.normal(0, 0.01, shape)
    network, seed, epoch = (index.ravel() for index in np.indices(shape))
    curves = pd.DataFrame({"network": network, "seed": seed, "epoch": epoch + 1})
    for name in ("loss", "val_loss", "val_accuracy", "test_accuracy"):
        curves[name] = accuracy.ravel()
    networks = pd.DataFrame(settings).assign(network=range(len(settings)), n_params=1)
    return Benchmark(networks, curves.assign(seconds=1.0)), hp


@pytest.fixture(scope="module")
def real() -> Benchmark:
    return load_benchmark()


@pytest.mark.parametrize("name", LIVE)
def test_a_search_by_its_own_rows(complete, name):
    table = simulate(name, budget=4, seeds=range(10), benchmark=complete, space=small_space())

    assert set(table["strategy"]) == {name}
    for seed, search in table.groupby("seed"):
        assert search["trial"].tolist() == list(range(1, len(search) + 1))
        assert search["epochs"].max() <= 4 * 2
        best, seconds, epochs = (-1.0, None), 0.0, 0
        seen: dict[int, float] = {}
        for row in search.itertuples():
            bonus = round(row.val_accuracy - VAL[row.network] + 0.1 * (2 - row.trained), 6)
            assert bonus in (0, SEED_1["val"])
            assert seen.setdefault(row.network, bonus) == bonus  # one seed for all the search
            if row.val_accuracy > best[0]:
                best = (row.val_accuracy, row.network)
            assert row.incumbent == best[1]
            not_seen = SEED_1["test"] if seen[best[1]] == 0 else 0  # the other seed judges
            assert row.test_accuracy == pytest.approx(TEST[best[1]] + not_seen)
            assert row.regret == pytest.approx(0.72 - row.test_accuracy)
            assert row.epochs - epochs in (1, 2)
            seconds += (row.epochs - epochs) * (row.network + 1)
            epochs = row.epochs
            assert row.seconds == pytest.approx(seconds)


def test_what_the_table_lacks_costs_nothing_and_gets_no_row(bench):
    table = simulate(
        ["random", "greedy", "evolution", "local"],
        budget=5,
        seeds=range(20),
        benchmark=bench,
        space=small_space(),
    )

    assert 2 not in set(table["network"])
    networks = table[table["strategy"] == "random"].groupby("seed")["network"].nunique()
    assert networks.max() == 5


def test_searches_repeat_and_leave_the_learners_generators_alone(complete):
    np.random.seed(5)
    random.seed(5)
    before = np.random.get_state()[1].tolist(), random.getstate()
    options = {"budget": 4, "seeds": [3, 0], "benchmark": complete, "space": small_space()}

    first = simulate(LIVE, **options)

    assert (np.random.get_state()[1].tolist(), random.getstate()) == before
    pd.testing.assert_frame_equal(first, simulate(LIVE, **options))
    alone = simulate("evolution", **options)
    among_others = first[first["strategy"] == "evolution"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among_others)


def test_seeds_differ(bench):
    table = simulate("random", budget=4, seeds=range(30), benchmark=bench, space=small_space())

    assert len(set(table.groupby("seed")["network"].agg(tuple))) > 5


def test_hyperband_goes_on_with_trainings_that_it_has_paid_for(large):
    bench, hp = large
    table = simulate("hyperband", budget=20, seeds=[1], benchmark=bench, space=hp)

    paid = table["epochs"].diff().fillna(table["epochs"]).astype(int)
    assert (paid < table["trained"]).any()
    for _, rows in table.assign(paid=paid).groupby("network"):
        total = 0
        for row in rows.itertuples():
            total = total + row.paid if row.paid < row.trained else row.paid
            assert total == row.trained


@pytest.mark.parametrize(
    "strategy",
    ["hyperband", {"hyperband": partial(strategies.make_oracle, "hyperband", epochs=9)}],
    ids=["by name", "an oracle of one's own"],
)
def test_the_brackets_of_hyperband_fill_with_networks_of_the_table(large, strategy):
    """When it trains for how long depends on its brackets alone, and not on what a table lacks."""
    whole, hp = large
    some = whole.networks.index[::3]
    curves = whole.curves[whole.curves["network"].isin(some)]
    part = Benchmark(whole.networks.loc[some].reset_index(), curves)
    options = {"budget": 15, "seeds": [1, 2], "space": hp}

    of_whole, of_part = (simulate(strategy, benchmark=b, **options) for b in (whole, part))

    columns = ["seed", "trial", "trained", "epochs"]
    pd.testing.assert_frame_equal(of_part[columns], of_whole[columns])
    assert set(of_part["network"]) <= set(some)
    for _, search in of_part.groupby("seed"):
        paid = search["epochs"].diff().fillna(search["epochs"])
        assert search["network"][paid == search["trained"]].is_unique  # none begins twice


def test_nothing_is_written_or_printed(complete, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    simulate(LIVE, budget=3, seeds=[1], benchmark=complete, space=small_space())
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("by_others", [False, True])
def test_the_libraries_are_frozen_if_nobody_did_so(bench, monkeypatch, by_others):
    done = []
    monkeypatch.setattr(loops, "frozen_by_others", lambda: by_others)
    monkeypatch.setattr(gc, "freeze", lambda: done.append("freeze"))
    monkeypatch.setattr(gc, "unfreeze", lambda: done.append("unfreeze"))

    simulate("random", budget=1, seeds=[0], benchmark=bench)

    assert done == ([] if by_others else ["freeze", "unfreeze"])


def test_an_oracle_that_is_done_leaves_the_memory(complete):
    oracles = []

    def make(**options) -> keras_tuner.Oracle:
        oracle = keras_tuner.oracles.RandomSearchOracle(**options)
        oracles.append(weakref.ref(oracle))
        return oracle

    simulate({"random": make}, budget=3, seeds=[1, 2], benchmark=complete, space=small_space())
    gc.collect()
    assert [oracle() for oracle in oracles] == [None, None]


@pytest.mark.slow
def test_shared_hyperparameters_change_no_proposal(large, monkeypatch):
    """Beside spaces that KerasTuner copies in its own, slow way."""
    options = {"budget": 25, "seeds": [1, 2], "benchmark": large[0], "space": large[1]}
    fast = simulate(LIVE, **options)
    monkeypatch.setattr(shared_space, "shared", lambda space: space.copy())
    monkeypatch.setattr(shared_space, "proposals_shared", contextlib.nullcontext)
    pd.testing.assert_frame_equal(fast, simulate(LIVE, **options))


def test_an_oracle_of_ones_own_races_too(bench):
    makers = {
        "small": partial(strategies.RegularizedEvolutionOracle, population_size=2, sample_size=1),
        "plain": keras_tuner.oracles.RandomSearchOracle,
    }
    table = simulate(makers, budget=3, seeds=[0], benchmark=bench, space=small_space())

    assert set(table["strategy"]) == {"small", "plain"}
    assert not table["recorded"].any()


@pytest.mark.slow
@pytest.mark.parametrize("table_name", ["shipped", "made up"])
def test_greedy_on_the_table_is_autokeras_step_by_step(table_name, real, large):
    """Its drawn node, the values that stay and those that are resampled, traced from the algorithm's description.

    Trie nodes are prefixes of the slash-separated names; a node is drawn in proportion to one over
    its leaves; what lies below it is drawn anew, and so is what becomes active.
    """
    bench, hp = (real, None) if table_name == "shipped" else large
    start: dict = {}

    def maker(**options):
        start["state"] = np.random.get_state()
        start["oracle"] = strategies.GreedyOracle(**options)
        start["seed"] = options["seed"]
        start["space"] = options["hyperparameters"]
        return start["oracle"]

    stops = 0
    for seed in range(5):
        table = simulate({"greedy": maker}, budget=80, seeds=[seed], benchmark=bench, space=hp)
        accuracies = iter(table["val_accuracy"])
        trace = GreedyTrace(start["space"], start["seed"], start["state"])
        oracle = start["oracle"]
        for number in oracle.start_order:
            trial = oracle.trials[number]
            assert trace.next(bench) == trial.hyperparameters.values
            trace.hear(next(accuracies))
            assert trial.score == trace.scores[-1]
        if len(table) < 80:
            stops += 1
            assert trace.next(bench) is None
    assert stops  # it gives up early, as AutoKeras does


class GreedyTrace:
    def __init__(self, space, seed: int, state: tuple):
        self.space, self.seed = space.space, seed
        self.rng = np.random.RandomState()
        self.rng.set_state(state)
        self.tried: list[dict] = []  # and those that the table lacks
        self.trained: list[dict] = []
        self.scores: list[float] = []
        self.defaults = dict(space.values)

    def active(self, entry, values: dict) -> bool:
        return all(values.get(c.name) in c.values for c in entry.conditions)

    def best(self) -> dict:
        if not self.scores:
            return self.defaults
        return self.trained[self.scores.index(max(self.scores))]

    def hear(self, score: float) -> None:
        self.trained.append(self.tried[-1])
        self.scores.append(score)

    def next(self, bench: Benchmark) -> dict | None:
        while True:
            values = self.propose()
            if values is None or bench.position(values) is not None:
                return values

    def propose(self) -> dict | None:
        for _ in range(20):
            names = self.draw_node()
            for _ in range(21):
                values = self.resample(names)
                if values not in self.tried:
                    self.tried.append(values)
                    return values
        return None

    def draw_node(self) -> list[str]:
        names = [e.name for e in self.space if self.active(e, self.best())]
        nodes: dict[str, list[str]] = {"": names}
        for name in names:
            words = name.split("/")
            for depth in range(1, len(words) + 1):
                nodes.setdefault("/".join(words[:depth]), []).append(name)
        # From the root, each node before what lies below it.
        order = [""]
        for group in dict.fromkeys(name.split("/")[0] for name in names):
            order += [node for node in nodes if node == group or node.startswith(f"{group}/")]
        weights = np.array([1 / len(nodes[node]) for node in order])
        return nodes[order[self.rng.choice(len(order), p=weights / weights.sum())]]

    def resample(self, names: list[str]) -> dict:
        best, values = self.best(), {}
        for entry in self.space:
            if not self.active(entry, values):
                continue
            if entry.name in best and entry.name not in names:
                values[entry.name] = best[entry.name]
            else:
                values[entry.name] = entry.prob_to_value(random.Random(self.seed).random())
                self.seed += 1
        return values


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"strategies": "genetic"}, "Unknown strategy 'genetic': choose among random, greedy, "),
        ({"budget": 0}, "budget=0 is not possible: give a whole number from 1."),
        ({"seeds": [-1]}, "seed=-1 is not possible: give a whole number from 0."),
    ],
)
def test_a_race_that_cannot_be_is_one_sentence(bench, wrong, sentence):
    with pytest.raises(CourseError) as raised:
        simulate(**{"strategies": "random", "benchmark": bench, "space": small_space(), **wrong})
    assert str(raised.value).startswith(sentence)


def recording(bench: Benchmark, **changes) -> pd.DataFrame:
    makers = {"bayesian": partial(strategies.make_oracle, "random")}  # as quick as a stand-in
    live = simulate(makers, budget=3, seeds=[0, 1], benchmark=bench, space=small_space())
    return live.assign(**changes)


def test_a_recorded_strategy_is_replayed_and_marked(bench, monkeypatch):
    live = recording(bench)
    monkeypatch.setattr(simulation, "read_recording", lambda name: live)
    replayed = simulate("bayesian", budget=3, seeds=[1, 0], benchmark=bench, space=small_space())

    assert replayed["recorded"].all()
    for seed in (0, 1):
        pd.testing.assert_frame_equal(
            replayed[replayed["seed"] == seed].drop(columns="recorded").reset_index(drop=True),
            live[live["seed"] == seed].drop(columns="recorded").reset_index(drop=True),
        )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seeds": [7]}, "recorded for seed=7 and budget=3: choose seeds from 0 to 1"),
        ({"budget": 9}, "and a budget of at most 3"),
    ],
)
def test_what_was_not_recorded_is_refused(bench, monkeypatch, options, sentence):
    live = recording(bench)
    monkeypatch.setattr(simulation, "read_recording", lambda name: live)
    options = {"budget": 3, "seeds": [0], **options}
    with pytest.raises(CourseError, match=sentence):
        simulate("bayesian", benchmark=bench, space=small_space(), **options)


def test_recorded_searches_know_no_part_of_the_space():
    part = spaces.declared(spaces.bench_space)
    part.space.pop()
    with pytest.raises(CourseError, match="The bayesian searches are recorded, on the whole space"):
        simulate(["random", "bayesian"], space=part, seeds=[0])


def test_an_oracle_needs_a_name_and_a_maker():
    with pytest.raises(CourseError, match="Give an oracle of yours a name"):
        simulate(keras_tuner.oracles.RandomSearchOracle)
    with pytest.raises(CourseError, match="'yours' makes no oracle: .* not None"):
        simulate({"yours": None})


def test_a_recording_of_another_table_is_refused(bench, monkeypatch):
    other = recording(bench, val_accuracy=0.123)
    monkeypatch.setattr(simulation, "read_recording", lambda name: other)
    with pytest.raises(CourseError, match="are recorded on the table that comes with the course"):
        simulate("bayesian", budget=3, seeds=[0], benchmark=bench, space=small_space())
