"""The table that stands in for training: what a query answers, costs and refuses."""

from __future__ import annotations

import doctest
import gzip
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_tables import small_table

import nascourse
from nascourse import CourseError, benchmark, spaces
from nascourse.benchmark import Benchmark, BudgetSpent, load_benchmark, loading

RECORDINGS = Path(nascourse.__file__).parent / "recordings"
FILES = [f"{benchmark.NAME}.json", *loading.FILES.values()]


@pytest.fixture
def bench() -> Benchmark:
    """All but the network (2, plain, 4)."""
    return small_table(without=2)


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


# ------------------------------------------------------------------------- the trainings that judge


@pytest.fixture
def ragged() -> Benchmark:
    """The six networks with seeds 0 and 1; the networks 3 and 5 with 2 and 3 as well."""
    tests = {(3, 2): 0.60, (3, 3): 0.64, (5, 2): 0.74, (5, 3): 0.78}
    rows = [
        {
            "network": network,
            "seed": seed,
            "epoch": epoch,
            "loss": 1.0,
            "val_loss": 1.0,
            "val_accuracy": 0.1 * seed,
            "test_accuracy": test if epoch == 2 else 0.5,
            "seconds": 1.0,
        }
        for (network, seed), test in tests.items()
        for epoch in (1, 2)
    ]
    return small_table(held_out=pd.DataFrame(rows))


def test_searches_see_the_seeds_that_all_networks_share(ragged):
    assert ragged.seeds == [0, 1]
    assert set(ragged.curves["seed"]) == {0, 1}
    assert ragged.held_out["network"].unique().tolist() == [3, 5]
    assert ragged.at(2)[5] == pytest.approx(0.825)
    rng = np.random.default_rng(0)
    drawn = ragged.runs["val_accuracy"][[ragged.draw_runs(rng)[5] for _ in range(50)], -1]
    assert sorted(set(drawn)) == pytest.approx([0.80, 0.85])
    assert ragged.query(5, seed=3).val_accuracy == pytest.approx(0.3)
    with pytest.raises(CourseError, match="seed=3 is not in the table: choose one of 0, 1"):
        ragged.query(4, seed=3)


def test_held_out_trainings_judge_the_networks_that_have_some(ragged):
    truth = ragged.truth()
    assert truth[[0, 3, 5]].tolist() == pytest.approx([0.53, 0.62, 0.76])
    assert ragged.test_accuracy(5) == pytest.approx(0.76)
    assert ragged.test_accuracy(5, seed=0) == pytest.approx(0.69)
    assert ragged.test_accuracy(5, seed=2, epochs=1) == 0.5
    assert ragged.oracle_best.name == 5
    assert ragged.final()["test_accuracy"].tolist() == truth.tolist()


def test_the_truth_leaves_out_the_training_that_is_judged(ragged):
    assert ragged.truth(without=0)[[0, 3]].tolist() == pytest.approx([0.54, 0.62])
    assert ragged.truth(without=1)[[0, 3]].tolist() == pytest.approx([0.52, 0.62])
    with pytest.raises(CourseError, match="without=2 is no seed: choose one of 0, 1"):
        ragged.truth(without=2)
    alone = Benchmark(
        ragged.networks.reset_index(), ragged.curves[ragged.curves["seed"] == 0], of=6
    )
    assert alone.truth(without=0).isna().all()


@pytest.mark.parametrize(
    "damage",
    [
        lambda curves: curves[curves["network"] != 2],
        lambda curves: curves.assign(epoch=curves["epoch"].replace(2, 3)),
        lambda curves: pd.concat([curves, curves.tail(1)]),
        lambda curves: curves.assign(seed=curves["network"]),  # no seed is shared
    ],
)
def test_curves_that_lack_something_are_refused(ragged, damage):
    with pytest.raises(CourseError, match="rows of learning curves are not one for each"):
        Benchmark(ragged.networks.reset_index(), damage(ragged.curves))


# ------------------------------------------------------------------------------- the shipped table


@pytest.mark.slow
def test_the_shipped_table_answers_for_each_of_its_networks(real):
    assert len(real) >= 1
    for number, row in real.networks.iterrows():
        network = row[list(real.choices)].dropna().to_dict()
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
    for path in RECORDINGS.glob(f"{benchmark.NAME}*"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_one_sentence(copy, name):
    (copy / name).unlink()
    with pytest.raises(CourseError, match=f"{name} cannot be read in .*install the course again"):
        load_benchmark(copy)


@pytest.mark.slow
def test_a_changed_table_is_refused(copy):
    path = copy / FILES[2]
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"0.9", b"0.8")))
    with pytest.raises(CourseError, match=r"epochs.csv.gz .* checksum differs"):
        load_benchmark(copy)


@pytest.mark.parametrize("text", ["{", "[]", '{"files": {}}'])
def test_a_damaged_header_is_one_sentence(copy, text):
    (copy / FILES[0]).write_text(text)
    with pytest.raises(CourseError, match="are none of a benchmark .*install the course"):
        load_benchmark(copy)


@pytest.mark.slow
def test_a_table_with_half_a_network_is_refused(copy):
    path = copy / FILES[2]
    lines = gzip.decompress(path.read_bytes()).splitlines()
    path.write_bytes(gzip.compress(b"\n".join(lines[:-3])))
    header = json.loads((copy / FILES[0]).read_text())
    header["files"][path.name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (copy / FILES[0]).write_text(json.dumps(header))
    with pytest.raises(CourseError, match="rows of learning curves"):
        load_benchmark(copy)


def test_a_row_of_a_table_names_its_network():
    bench = load_benchmark()
    row = pd.DataFrame(spaces.settings(spaces.bench_space)).iloc[0]
    assert row.isna().any()
    assert bench.facts(row.to_dict()) == bench.facts(0)


def test_what_is_no_folder_is_one_sentence():
    with pytest.raises(CourseError, match="1000 is no path"):
        load_benchmark(1000)
