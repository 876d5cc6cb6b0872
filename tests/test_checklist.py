"""The checklist counts what is in the recordings, and its answers follow from the counts."""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
import record_checklist as script

from nascourse import trials

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT / "nascourse" / "recordings"


def rows_of(file: str) -> list[dict[str, str]]:
    """A recording as text, read without pandas."""
    content = (RECORDINGS / file).read_bytes()
    content = gzip.decompress(content) if file.endswith(".gz") else content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    return script.experiments()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return numbered(script.checklist())


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the practices numbered from 1, as the notebook shows them."""
    return table.set_index(table.index + 1)


def test_the_recorded_checklist_is_what_the_script_makes_of_the_recordings(table):
    recorded = numbered(trials.recorded("checklist"))

    pd.testing.assert_frame_equal(
        recorded, table, obj="checklist.csv: run record_checklist.py again, it"
    )


# Counted by hand: rows, settings, seeds, fewest seeds of a setting, steps.
COUNTED = {
    "random_cnn": (60, 1, 1, 1, 60),
    "strategies": (100, 2, 5, 5, 10),
    "project_seeds": (5, 1, 5, 5, 1),
    "mnist_nas_bench": (53_328, 1_248, 10, 3, 12),
    "bayesian": (2_000, 1, 20, 20, 100),
    "subsets": (100, 100, 1, 1, 1),
    "oneshot": (27, 11, 5, 1, 1),
    "scaling": (180, 9, 20, 20, 1),
    "backends": (48, 4, 3, 3, 4),
    "optuna": (240, 8, 30, 30, 1),
}


@pytest.mark.parametrize("name", COUNTED)
def test_counts(counts, name):
    columns = ["rows", "settings", "seeds", "fewest_seeds", "steps"]

    assert tuple(counts.loc[name, columns]) == COUNTED[name]


@pytest.mark.parametrize("name", ["strategies", "darts"])
def test_strategies_are_counted_as_the_text_says(counts, name):
    runs = defaultdict(lambda: defaultdict(int))  # strategy, seed: rows
    for row in rows_of(f"{name}.csv"):
        runs[row["strategy"]][row["seed"]] += 1
    rows_of_a_run = {n for seeds in runs.values() for n in seeds.values()}
    sets_of_seeds = {frozenset(seeds) for seeds in runs.values()}

    experiment = counts.loc[name]
    assert experiment["settings"] == len(runs)
    assert experiment["fewest_seeds"] == min(map(len, runs.values()))
    assert experiment["steps"] == max(rows_of_a_run)
    assert experiment["equal"] == (len(sets_of_seeds) == len(rows_of_a_run) == 1)
    assert experiment["random"]


def test_only_tables_of_strategies_are_asked_for_random_search(counts):
    assert set(counts.index[counts["random"].notna()]) == {
        "strategies",
        "darts",
        "backends",
        "optuna",
    }


def test_minutes_are_the_sum_of_what_the_tables_report(counts):
    minutes = {
        name: sum(float(row[column]) for row in rows_of(file) for column in columns) / 60
        for name, file, columns in [
            ("project_seeds", "project_seeds.csv", ["wall_seconds"]),
            ("mnist_nas_bench", "mnist_nas_bench_epochs.csv.gz", ["seconds"]),
            ("oneshot", "oneshot_supernets.csv", ["train_seconds", "judge_seconds"]),
            ("scaling", "scaling_digits.csv", ["seconds"]),
            ("darts", "darts.csv", ["seconds"]),
            ("backends", "backends.csv", ["processor_seconds"]),
        ]
    }

    assert counts["minutes"].dropna().to_dict() == pytest.approx(minutes)
    assert counts["clock"].dropna().to_dict() == {
        name: "wall" if name == "project_seeds" else "processor" for name in minutes
    }


def test_which_experiments_judge_networks_of_the_benchmark(counts):
    networks = {row["network"] for row in rows_of("mnist_nas_bench_networks.csv.gz")}
    for file in (
        "subsets.csv",
        "oneshot.csv",
        "mnist_nas_bench_bayesian.csv.gz",
        "optuna_search.csv",
    ):
        assert {row["network"] for row in rows_of(file)} <= networks

    on_benchmark = set(counts.index[counts["on_benchmark"]])
    assert on_benchmark == {"mnist_nas_bench", "bayesian", "subsets", "oneshot", "optuna"}


def test_all_practices_are_answered(table):
    assert table.index.tolist() == list(range(1, 15))
    assert table["part"].value_counts().to_dict() == {"code": 3, "comparison": 8, "report": 3}
    assert set(table["answer"]) <= {"yes", "in part", "no"}
    assert table["practice"].is_unique
    assert (table["evidence"].str.len() > 20).all()


def test_the_evidence_is_there_and_can_stand_in_a_page_as_it_is(table):
    files = {file for files in table["files"] for file in files.split()}
    assert [file for file in files if not (ROOT / file).exists()] == []
    assert not table.apply(lambda column: column.str.contains("[<>&]")).any(axis=None)


def test_answers_by_hand(table):
    # One seed: the random search, the subsets, and seven of the eleven kinds of supernet.
    assert table.loc[9, "answer"] == "in part"
    assert "random_cnn 1, strategies 5, project_seeds 5, mnist_nas_bench 3" in table["evidence"][9]
    # No time: five tables.
    assert table.loc[13, "answer"] == "in part"
    assert table["evidence"][13].endswith("none: random_cnn, strategies, bayesian, subsets, optuna")
    assert table.loc[10, "answer"] == "yes"
    assert table["evidence"][10] == "1,248 of 1,248 networks of the space, 3 seeds, 12 epochs"
    assert table.loc[14, "answer"] == "yes"
    assert "Linux x86_64, 2 cores, no GPU; TensorFlow 2.21.0" in table["evidence"][14]


def test_the_mean_network_is_what_random_sampling_gives(table):
    tests = defaultdict(dict)  # network, seed: accuracy after the last epoch
    for row in rows_of("mnist_nas_bench_epochs.csv.gz"):
        if row["epoch"] == "12":
            tests[row["network"]][int(row["seed"])] = int(row["test_right"]) / 10_000
    # The seeds from 3 on judge the networks that have some.
    judging = [[v for k, v in by.items() if k > 2 or max(by) == 2] for by in tests.values()]
    mean = sum(sum(values) / len(values) for values in judging) / len(judging)

    assert f"{mean:.1%} test accuracy on average" in table["evidence"][8]


@pytest.fixture
def changed(monkeypatch):
    """Reads the recordings with one of them changed."""

    def change(file: str, how) -> None:
        read = script._read
        monkeypatch.setattr(
            script, "_read", lambda name: how(read(name)) if name == file else read(name)
        )

    return change


def test_an_answer_follows_its_table(changed):
    luck = ["random", "one cell drawn"]
    for file in ("strategies.csv", "darts.csv", "backends.csv", "optuna.csv"):
        changed(file, lambda races: races[~races["strategy"].isin(luck)])

    assert numbered(script.checklist()).loc[8, "answer"] == "no"


def test_a_search_without_its_last_trial_is_not_equal(changed):
    changed("strategies.csv", lambda races: races.iloc[:-1])

    table = numbered(script.checklist())
    assert table.loc[6, "answer"] != "yes"
    assert "strategies" in table["evidence"][6].split("not so: ")[1]


def test_a_recording_that_nothing_explains_shows(monkeypatch):
    monkeypatch.setattr(script, "_has_command", lambda file: file != "subsets.csv")

    assert numbered(script.checklist()).loc[1, "answer"] == "in part"


def test_every_recording_names_its_command():
    recordings = {
        file.name
        for file in RECORDINGS.iterdir()
        if file.suffix in {".csv", ".gz", ".json", ".png"}
    }

    assert {file for file in recordings if not script._has_command(file)} == set()
    assert not script._has_command("unheard_of.csv")


@pytest.mark.parametrize(
    ("fulfilled", "answer"), [([1, 1], "yes"), ([0, 1], "in part"), ([0, 0], "no")]
)
def test_answers(fulfilled, answer):
    assert script._answer(fulfilled) == answer


@pytest.mark.slow
def test_no_tensorflow_is_needed(run_python, tmp_path):
    path = RECORDINGS / "record_checklist.py"
    code = f"import runpy, sys; sys.argv = ['', '--to', {str(tmp_path / 'table.csv')!r}]\n"
    code += f"sys.path.insert(0, {str(RECORDINGS)!r})\n"
    code += (
        f"runpy.run_path({str(path)!r}, run_name='__main__'); print('tensorflow' in sys.modules)"
    )
    done = run_python("-c", code)

    assert (done.stdout, done.stderr) == ("False\n", "")
    assert (tmp_path / "table.csv").read_bytes() == (RECORDINGS / "checklist.csv").read_bytes()
