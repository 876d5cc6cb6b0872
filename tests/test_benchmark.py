"""The table that stands in for training: look-ups, simulated searches, what they show."""

from __future__ import annotations

import doctest
import gzip
import hashlib
import json
import random
import shutil
from functools import partial
from pathlib import Path

import keras_tuner
import numpy as np
import pandas as pd
import pytest

import nascourse
from nascourse import CourseError, benchmark, plotting, spaces, strategies, trials
from nascourse.benchmark import Benchmark, BudgetSpent, load_benchmark, simulate

RECORDINGS = Path(nascourse.__file__).parent / "recordings"
FILES = ("mnist_nas_bench.json", *benchmark._FILES.values())

# Two networks with one block and four with two: (blocks, kind, filters), and their accuracies
# after two epochs with seed 0; with seed 1 they are larger by LUCK.
NETWORKS = [(1, "plain", None), (1, "thin", None), (2, "plain", 4), (2, "plain", 8)]
NETWORKS += [(2, "thin", 4), (2, "thin", 8)]
VAL = [0.50, 0.60, 0.40, 0.70, 0.65, 0.80]
TEST = [0.52, 0.58, 0.41, 0.71, 0.66, 0.69]
LUCK = {"val": 0.05, "test": 0.02}


def made(*, without: int | None = None) -> Benchmark:
    """A table by hand, perhaps without one network."""
    there = [number for number in range(6) if number != without]
    blocks, kind, filters = zip(*(NETWORKS[number] for number in there))
    networks = pd.DataFrame(
        {
            "network": there,
            "blocks": blocks,
            "kind": kind,
            "n_params": [[10, 5, 60, 40, 20, 80][number] for number in there],
            "naswot": [[1.5, None, 2.0, 2.5, 3.5, 4.5][number] for number in there],
            "filters": filters,
        }
    )
    rows = [
        {
            "network": number,
            "seed": seed,
            "epoch": epoch,
            "loss": 1.0 / epoch,
            "val_loss": 2.0 / epoch,
            "val_accuracy": VAL[number] + LUCK["val"] * seed - 0.1 * (2 - epoch),
            "test_accuracy": TEST[number] + LUCK["test"] * seed if epoch == 2 else None,
            "seconds": number + 1.0,
        }
        for number in there
        for seed in (0, 1)
        for epoch in (1, 2)
    ]
    return Benchmark(networks, pd.DataFrame(rows), of=6)


def space() -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Choice("blocks", [1, 2])
    hp.Choice("kind", ["plain", "thin"])
    with hp.conditional_scope("blocks", [2]):
        hp.Choice("filters", [4, 8])
    return hp


@pytest.fixture
def bench() -> Benchmark:
    """All but the network (2, plain, 4)."""
    return made(without=2)


@pytest.fixture
def whole() -> Benchmark:
    return made()


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


# ------------------------------------------------------------------------------------- look-ups


def test_a_query_gives_the_row_of_its_epoch_and_seed_and_charges_its_epochs(bench):
    outcome = bench.query({"blocks": 2, "kind": "plain", "filters": 8}, epochs=1, seed=1)

    assert outcome == (3, 1, 1, 1.0, 2.0, pytest.approx(0.65), 4.0)
    assert (bench.epochs_spent, bench.seconds_spent) == (1, 4.0)


def test_by_default_the_whole_training_of_seed_0(bench):
    outcome = bench.query(3)

    assert (outcome.epochs, outcome.seed, outcome.val_accuracy) == (2, 0, 0.7)
    assert (bench.epochs_spent, bench.seconds_spent) == (2, 8.0)


def test_going_on_charges_the_rest_only_and_a_repeat_charges_again(bench):
    bench.query(1, epochs=1)
    bench.query(1, epochs=2, after=1)
    assert (bench.epochs_spent, bench.seconds_spent) == (2, 4.0)
    bench.query(1, epochs=2)
    assert (bench.epochs_spent, bench.seconds_spent) == (4, 8.0)


def test_a_budget_refuses_what_exceeds_it_and_charges_nothing(bench):
    bench.start(budget=3)
    bench.query(0)
    with pytest.raises(BudgetSpent) as raised:
        bench.query(0)
    assert str(raised.value) == (
        "Of the budget of 3 epochs 2 are spent, so 2 more are too many: stop here, or begin anew "
        "with start()."
    )
    assert bench.query(0, epochs=1).epochs == 1
    assert bench.epochs_spent == 3
    bench.start()
    assert (bench.budget, bench.epochs_spent, bench.seconds_spent) == (None, 0, 0.0)


def test_facts_and_judgments_are_free(bench):
    assert bench.facts({"kind": "thin", "blocks": 1}) == {"n_params": 5, "naswot": None}
    assert bench.test_accuracy(4) == pytest.approx(0.67)
    assert bench.oracle_best.name == 3
    assert bench.oracle_best["test_accuracy"] == pytest.approx(0.72)
    assert bench.at(1)[5] == pytest.approx(0.725)
    assert bench.epochs_spent == 0


def test_the_front_of_a_hand_worked_case(bench):
    front = bench.pareto_front()

    assert front.index.tolist() == [1, 4, 3]  # 5, 20 and 40 parameters
    assert front["test_accuracy"].tolist() == pytest.approx([0.59, 0.67, 0.72])


def test_a_row_of_the_table_names_its_network(bench):
    row = bench.networks.loc[1, list(bench.choices)]

    assert bench.query(dict(row)).network == 1


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (
            {"blocks": 3, "kind": "thin"},
            "blocks=3 is not in the space: choose one of 1, 2.",
        ),
        (
            {"blocks": 2, "kind": ["thin"], "filters": 4},
            "kind=['thin'] is not in the space: choose one of plain, thin.",
        ),
        (
            {"blocks": 1, "kind": "thin", "layers": 2},
            "There is no choice 'layers' in this space: its choices are blocks, filters, kind.",
        ),
        (
            {"blocks": 2, "kind": "thin"},
            "The choice 'filters' is missing: give one of 4, 8.",
        ),
        (
            {"blocks": 1, "kind": "thin", "filters": 4},
            "A network with these other choices has no 'filters': leave it out.",
        ),
        (
            {"blocks": 2, "kind": "plain", "filters": 4},
            "The network {'blocks': 2, 'kind': 'plain', 'filters': 4} is not in the table, which "
            + "holds 5 of the 6 networks: look at those in its `networks`.",
        ),
        (
            2,
            "Network 2 is not in the table, which holds 5 of the 6 networks: choose a number from "
            + "its `networks`, or name the choices.",
        ),
    ],
)
def test_a_network_that_is_not_there_is_one_sentence(bench, network, sentence):
    for ask in (bench.query, bench.facts, bench.test_accuracy):
        with pytest.raises(CourseError) as raised:
            ask(network)
        assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"epochs": 3}, "epochs=3 is not in the table: choose a whole number from 1 to 2."),
        ({"epochs": 0}, "epochs=0 is not in the table: choose a whole number from 1 to 2."),
        ({"epochs": 1.5}, "epochs=1.5 is not in the table: choose a whole number from 1 to 2."),
        ({"seed": 2}, "seed=2 is not in the table: choose one of 0, 1."),
        (
            {"after": 2},
            "after=2 is not possible: choose a whole number from 0 to 1, below epochs=2.",
        ),
    ],
)
def test_an_epoch_or_a_seed_that_is_not_there_is_one_sentence(bench, wrong, sentence):
    with pytest.raises(CourseError) as raised:
        bench.query(0, **wrong)
    assert str(raised.value) == sentence
    assert bench.epochs_spent == 0


# ------------------------------------------------------------------------------- the shipped table


def test_the_shipped_table_answers_for_each_of_its_networks(real):
    assert len(real) >= 1
    for number, key in zip(real.networks.index, real._keys):
        network = {name: value for name, value in zip(real.choices, key) if value is not None}
        outcome = real.query(network, epochs=1, seed=real.seeds[-1])
        assert outcome.network == number
        assert 0 < outcome.val_accuracy <= 1
        assert real.facts(network)["n_params"] == real.networks.loc[number, "n_params"]
    rows = real.curves.sample(20, random_state=0)
    for row in rows.itertuples():
        outcome = real.query(int(row.network), epochs=int(row.epoch), seed=int(row.seed))
        assert (outcome.loss, outcome.val_accuracy) == (row.loss, row.val_accuracy)


def test_its_choices_are_those_of_the_space(real):
    declared = {e.name: sorted(e.values) for e in spaces.declared(spaces.bench_space).space}
    settings = spaces.settings(spaces.bench_space)

    assert set(real.choices) <= set(declared)
    for name, values in real.choices.items():
        assert set(values) <= set(declared[name])
    number = int(real.networks.index[0])
    assert real.query(settings[number]).network == number


def test_the_tutorial_runs():
    assert doctest.testmod(benchmark).failed == 0


def test_reading_it_needs_no_tensorflow(run_python):
    code = (
        "import sys; from nascourse.benchmark import load_benchmark; "
        "b = load_benchmark(); b.query(int(b.networks.index[0])); b.pareto_front(); "
        "print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    ended = run_python("-c", code)
    assert ended.stdout.split() == ["False", "False"], ended.stderr


@pytest.fixture
def copy(tmp_path) -> Path:
    for name in FILES:
        shutil.copy(RECORDINGS / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_one_sentence(copy, name):
    (copy / name).unlink()
    with pytest.raises(CourseError, match=f"{name} cannot be read in .*install the course again"):
        load_benchmark(copy)


def test_a_changed_table_is_refused(copy):
    path = copy / FILES[2]
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"0.9", b"0.8")))
    with pytest.raises(CourseError, match=r"epochs.csv.gz .* checksum differs"):
        load_benchmark(copy)


@pytest.mark.parametrize("text", ["{", "[]", '{"files": {}}'])
def test_a_damaged_header_is_one_sentence(copy, text):
    (copy / FILES[0]).write_text(text)
    with pytest.raises(CourseError, match="mnist_nas_bench.json in .* is damaged"):
        load_benchmark(copy)


def test_a_table_with_half_a_network_is_refused(copy):
    path = copy / FILES[2]
    lines = gzip.decompress(path.read_bytes()).splitlines()
    path.write_bytes(gzip.compress(b"\n".join(lines[:-3])))
    header = json.loads((copy / FILES[0]).read_text())
    header["files"][path.name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (copy / FILES[0]).write_text(json.dumps(header))
    with pytest.raises(CourseError, match="rows of learning curves"):
        load_benchmark(copy)


# ------------------------------------------------------------------------------------- simulation

LIVE = ["random", "greedy", "evolution", "local", "hyperband"]


@pytest.mark.parametrize("name", LIVE)
def test_a_search_by_its_own_rows(whole, name):
    table = simulate(name, budget=4, seeds=range(10), benchmark=whole, space=space())

    assert set(table["strategy"]) == {name}
    for seed, search in table.groupby("seed"):
        assert search["trial"].tolist() == list(range(1, len(search) + 1))
        assert search["epochs"].max() <= 4 * 2
        best, seconds, epochs = (-1.0, None), 0.0, 0
        seen: dict[int, float] = {}
        for row in search.itertuples():
            luck = round(row.val_accuracy - VAL[row.network] + 0.1 * (2 - row.trained), 6)
            assert luck in (0, LUCK["val"])
            assert seen.setdefault(row.network, luck) == luck  # one seed for all the search
            if row.val_accuracy > best[0]:
                best = (row.val_accuracy, row.network)
            assert row.incumbent == best[1]
            assert row.test_accuracy == pytest.approx(TEST[best[1]] + LUCK["test"] / 2)
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
        space=space(),
    )

    assert 2 not in set(table["network"])
    found = table[table["strategy"] == "random"].groupby("seed")["network"].nunique()
    assert found.max() == 5
    with pytest.raises(CourseError, match="Hyperband .* 5 of the 6"):
        simulate("hyperband", budget=3, seeds=[0], benchmark=bench, space=space())


def test_searches_repeat_and_leave_the_learners_generators_alone(whole):
    np.random.seed(5)
    random.seed(5)
    before = np.random.get_state()[1].tolist(), random.getstate()
    options = {"budget": 4, "seeds": [3, 0], "benchmark": whole, "space": space()}

    first = simulate(LIVE, **options)

    assert (np.random.get_state()[1].tolist(), random.getstate()) == before
    pd.testing.assert_frame_equal(first, simulate(LIVE, **options))
    alone = simulate("evolution", **options)
    there = first[first["strategy"] == "evolution"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, there)


def test_seeds_differ(bench):
    table = simulate("random", budget=4, seeds=range(30), benchmark=bench, space=space())

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


def test_nothing_is_written_or_printed_or_kept(whole, tmp_path, monkeypatch, capfd):
    from keras_tuner.src.engine import oracle

    monkeypatch.chdir(tmp_path)
    kept = len(oracle.LOCKS), len(oracle.THREADS)
    simulate(LIVE, budget=3, seeds=[1], benchmark=whole, space=space())
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert (len(oracle.LOCKS), len(oracle.THREADS)) == kept


def test_shared_hyperparameters_change_no_proposal(large, monkeypatch):
    """Beside KerasTuner's own, slow way of copying them."""
    options = {"budget": 25, "seeds": [1, 2], "benchmark": large[0], "space": large[1]}
    fast = simulate(LIVE, **options)
    monkeypatch.setattr(
        benchmark.mock.patch, "object", lambda *_: benchmark.contextlib.nullcontext()
    )
    pd.testing.assert_frame_equal(fast, simulate(LIVE, **options))


def test_an_oracle_of_ones_own_races_too(bench):
    makers = {
        "small": partial(strategies.RegularizedEvolutionOracle, population_size=2, sample_size=1),
        "plain": keras_tuner.oracles.RandomSearchOracle,
    }
    table = simulate(makers, budget=3, seeds=[0], benchmark=bench, space=space())

    assert set(table["strategy"]) == {"small", "plain"}
    assert not table["recorded"].any()


@pytest.mark.parametrize("table_name", ["shipped", "made up"])
def test_greedy_on_the_table_is_autokeras_step_by_step(table_name, real, large):
    """Its drawn node, the kept and the resampled values, traced from the algorithm's description.

    Trie nodes are prefixes of the slash-separated names; a node is drawn in proportion to one over
    its leaves; what lies below it is drawn anew, and so is what becomes active.
    """
    bench, hp = (real, None) if table_name == "shipped" else large
    held: dict = {}

    def maker(**options):
        held["state"] = np.random.get_state()
        held["oracle"] = strategies.GreedyOracle(**options)
        held["seed"] = options["seed"]
        held["space"] = options["hyperparameters"]
        return held["oracle"]

    stops = 0
    for seed in range(5):
        table = simulate({"greedy": maker}, budget=80, seeds=[seed], benchmark=bench, space=hp)
        heard = iter(table["val_accuracy"])
        trace = GreedyTrace(held["space"], held["seed"], held["state"])
        oracle = held["oracle"]
        for number in oracle.start_order:
            trial = oracle.trials[number]
            assert trace.next(bench) == trial.hyperparameters.values
            trace.hear(next(heard))
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
            if values is None or benchmark._place(bench, values) is not None:
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
        simulate(**{"strategies": "random", "benchmark": bench, "space": space(), **wrong})
    assert str(raised.value).startswith(sentence)


def recording(bench: Benchmark, **changes) -> pd.DataFrame:
    makers = {"bayesian": partial(strategies.make_oracle, "random")}  # as quick as a stand-in
    live = simulate(makers, budget=3, seeds=[0, 1], benchmark=bench, space=space())
    return live.assign(**changes)


def test_a_recorded_strategy_is_replayed_and_marked(bench, monkeypatch):
    live = recording(bench)
    monkeypatch.setattr(benchmark, "_recording", lambda name: live)
    replayed = simulate("bayesian", budget=3, seeds=[1, 0], benchmark=bench, space=space())

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
    monkeypatch.setattr(benchmark, "_recording", lambda name: live)
    options = {"budget": 3, "seeds": [0], **options}
    with pytest.raises(CourseError, match=sentence):
        simulate("bayesian", benchmark=bench, space=space(), **options)


def test_a_recording_of_another_table_is_refused(bench, monkeypatch):
    other = recording(bench, val_accuracy=0.123)
    monkeypatch.setattr(benchmark, "_recording", lambda name: other)
    with pytest.raises(
        CourseError, match="another table: run nascourse/recordings/record_bayesian"
    ):
        simulate("bayesian", budget=3, seeds=[0], benchmark=bench, space=space())


# -------------------------------------------------------------------------------------- statistics

RACE = pd.DataFrame(
    {
        "strategy": ["a", "a", "a", "b", "b", "a", "b"],
        "seed": [0, 0, 0, 0, 0, 1, 1],
        "epochs": [2, 4, 6, 3, 6, 2, 3],
        "regret": [0.3, 0.2, 0.1, 0.4, 0.0, 0.5, 0.5],
        "val_accuracy": [0.5, 0.4, 0.7, 0.6, 0.9, 0.3, 0.2],
    }
)


def test_standing_along_the_budget_by_hand():
    standing = benchmark.over_budget(RACE, [1, 2, 3, 6, 100])

    assert standing.columns.name == "epochs"
    assert np.isnan(standing[1]).all()
    assert standing.loc[("a", 0)].tolist()[1:] == [0.3, 0.3, 0.1, 0.1]
    assert standing.loc[("b", 0)].tolist()[2:] == [0.4, 0.0, 0.0]
    assert standing.loc[("a", 1)].tolist()[1:] == [0.5, 0.5, 0.5, 0.5]
    validation = benchmark.over_budget(RACE, [4, 6], value="val_accuracy")
    assert validation.loc[("a", 0)].tolist() == [0.5, 0.7]


def test_mean_ranks_by_hand():
    ranks = benchmark.mean_ranks(benchmark.over_budget(RACE, [3, 6]))

    # At 3 epochs a leads for seed 0, at 6 epochs b; for seed 1 they tie.
    assert ranks.loc["a"].tolist() == [1.25, 1.75]
    assert ranks.loc["b"].tolist() == [1.75, 1.25]


def test_superiority_by_hand():
    # Of nine pairs (3, 1) (3, 2) (2, 1) win, (2, 2) and (3, 3) tie, and so on: 3 + 0.5 * 3.
    equal = benchmark.superiority([1, 2, 3], [1, 2, 3])
    assert equal.probability == 0.5
    assert equal.low < 0.5 < equal.high
    # (1, 0), (5, 0), (5, 2) win, (1, 2) loses, ties none: 3 of 4.
    assert benchmark.superiority([1, 5], [0, 2]).probability == 0.75
    assert benchmark.superiority([4, 5], [1, 2]) == (1, 1, 1)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth, covered = 0.7602, 0  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt(2))
    for seed in range(60):
        a, b = rng.normal(1, 1, 40), rng.normal(0, 1, 40)
        found = benchmark.superiority(a, b, resamples=300, seed=seed)
        covered += found.low <= truth <= found.high
    assert 50 <= covered <= 60


def test_the_winner_promises_too_much_by_hand():
    """All six networks compete, so network 5 wins: its validation is right, its test is lower."""
    table = benchmark.winners_curse(made(), [1, 6], repeats=2000)

    assert table.loc[6, "gap"] == pytest.approx(0.80 - 0.69 + (0.05 - 0.02) / 2, abs=0.005)
    assert table.loc[1, "val_accuracy"] == pytest.approx(np.mean(VAL) + 0.025, abs=0.01)
    assert table.loc[1, "test_accuracy"] == pytest.approx(np.mean(TEST) + 0.01, abs=0.01)
    with pytest.raises(CourseError, match="size=7 is not possible"):
        benchmark.winners_curse(made(), [7])


def test_effects_of_choices_by_hand():
    table = pd.DataFrame(
        {
            "decides": ["x", "x", "y", "y"],
            "changes nothing": [1, 2, 1, 2],
            "sometimes missing": pd.array([None, 4, None, None], dtype="Int64"),
            "test_accuracy": [0.1, 0.3, 0.7, 0.9],
        }
    )
    shares = benchmark.effects(table, table.columns[:3])

    assert shares.index[0] == "decides"
    assert shares["decides"] == pytest.approx(0.09 / 0.1)
    assert shares["changes nothing"] == pytest.approx(0.01 / 0.1)
    # Groups 0.3 and (0.1, 0.7, 0.9): (0.5 - 0.3)**2 / 4 + 3 * (17/30 - 0.5)**2 / 4.
    expected = (0.04 + 3 * (17 / 30 - 0.5) ** 2) / 4 / 0.1
    assert shares["sometimes missing"] == pytest.approx(expected)


def test_the_pareto_front_by_hand():
    table = pd.DataFrame(
        {"flops": [1, 2, 2, 3, 4, None, 4], "val_accuracy": [5, 4, 7, 7, 9, 99, 9]},
        index=list("abcdefg"),
    )
    assert trials.pareto_front(table, cost="flops").index.tolist() == ["a", "c", "e"]
    losses = table.rename(columns={"val_accuracy": "val_loss"}).drop(index="f")
    front = trials.pareto_front(losses, cost="flops", quality="val_loss")
    assert front.index.tolist() == ["a", "b"]


# -------------------------------------------------------------------------------------------- plots


def test_the_front_is_drawn_as_a_staircase(bench):
    ax = plotting.plot_pareto(bench.final(), bench.pareto_front())

    points, front = ax.lines
    assert sorted(points.get_xdata()) == [5, 10, 20, 40, 80]
    assert front.get_xdata().tolist() == [5, 20, 40]
    assert front.get_drawstyle() == "steps-post"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("parameters", "test accuracy")
