"""The trial table, worked by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from nascourse import CourseError, trials


def table(*rows: dict) -> pd.DataFrame:
    """A trial table: one mapping a trial, numbered and completed unless it says otherwise."""
    return trials.to_table(
        {"trial": n, "status": "completed", **row} for n, row in enumerate(rows, 1)
    )


FAILED = {"status": "failed"}


def test_the_table_begins_with_the_fixed_columns_and_ends_with_hyperparameters():
    made = table({"kernel": 3, "val_accuracy": 0.5, "fingerprint": "a", "filters": 8}, FAILED)

    assert list(made.columns) == [*trials.COLUMNS, "kernel", "filters"]
    assert trials.hyperparameters(made) == ["kernel", "filters"]
    assert made.loc[1, "kernel"] is pd.NA or math.isnan(made.loc[1, "kernel"])


def test_whole_numbers_stay_whole_beside_missing_ones():
    made = table({"n_params": 7, "flops": 9, "epochs": 2, "best_epoch": 1}, FAILED)

    assert made.loc[0, ["trial", "n_params", "flops", "epochs"]].tolist() == [1, 7, 9, 2]
    assert made["n_params"].isna().tolist() == [False, True]
    assert str(made["n_params"].dtype) == "Int64"


def test_a_table_of_no_trials_has_the_columns():
    made = trials.to_table([])

    assert made.empty
    assert tuple(made.columns) == trials.COLUMNS


def test_duplicates_point_to_the_first_of_their_kind():
    made = table(*({"fingerprint": mark} for mark in "abacba"))

    assert made["duplicate_of"].fillna(0).tolist() == [0, 0, 1, 0, 2, 1]
    assert "fingerprint" not in made


def test_trials_that_built_no_network_are_no_duplicates():
    made = table(FAILED, FAILED, {"fingerprint": "a"})

    assert made["duplicate_of"].isna().all()


def test_incumbent_by_hand():
    made = table(*({"val_accuracy": value} for value in (0.5, 0.4, 0.7, 0.7, 0.6)))

    best_so_far = trials.incumbent(made)

    assert best_so_far.tolist() == [0.5, 0.5, 0.7, 0.7, 0.7]
    assert best_so_far.index.tolist() == [1, 2, 3, 4, 5]


def test_a_failed_trial_leaves_the_incumbent_and_before_the_first_success_there_is_none():
    made = table(FAILED, {"val_accuracy": 0.5}, FAILED, {"val_accuracy": 0.9}, FAILED)

    values = trials.incumbent(made).tolist()

    assert math.isnan(values[0])
    assert values[1:] == [0.5, 0.5, 0.9, 0.9]


@pytest.mark.parametrize("column", ["val_loss", "n_params", "seconds", "litert_ms", "litert_bytes"])
def test_of_losses_and_costs_the_smaller_is_better(column):
    made = table({column: 5}, {column: 7}, FAILED, {column: 2})

    assert trials.incumbent(made, by=column).tolist() == [5, 5, 5, 2]
    assert trials.best(made, by=column)["trial"] == 4


def test_best_is_the_most_accurate():
    made = table({"val_accuracy": 0.5}, {"val_accuracy": 0.8}, FAILED, {"val_accuracy": 0.7})

    assert trials.best(made)["trial"] == 2


def test_of_equals_the_smaller_network_wins_then_the_earlier():
    made = table(
        {"val_accuracy": 0.8, "n_params": 300},
        {"val_accuracy": 0.8, "n_params": 100},
        {"val_accuracy": 0.8, "n_params": 100},
        {"val_accuracy": 0.7, "n_params": 1},
    )

    assert trials.best(made)["trial"] == 2


def test_a_failed_trial_is_never_the_best_whatever_it_scored():
    made = table({"val_accuracy": 0.9, **FAILED}, {"val_accuracy": 0.2}, {"val_accuracy": None})

    assert trials.best(made)["trial"] == 2


@pytest.mark.parametrize(
    "rows, words", [([FAILED, FAILED], "None of the 2 trials"), ([], "No trial is finished")]
)
def test_without_a_completed_trial_there_is_no_best(rows, words):
    with pytest.raises(CourseError) as raised:
        trials.best(table(*rows))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_arithmetic_changes_no_table():
    made = table({"val_accuracy": 0.8, "n_params": 2}, FAILED, {"val_accuracy": 0.9, "n_params": 1})
    before = made.copy(deep=True)

    trials.best(made), trials.incumbent(made), trials.hyperparameters(made)

    pd.testing.assert_frame_equal(made, before)


def test_curves_begin_with_trial_and_epoch():
    rows = [{"loss": 2.0, "trial": 1, "epoch": 1}, {"loss": 1.0, "epoch": 2, "trial": 1}]

    curves = trials.curves_to_table(rows)

    assert list(curves.columns) == ["trial", "epoch", "loss"]
    assert curves["loss"].tolist() == [2.0, 1.0]


def test_curves_of_no_trials():
    assert list(trials.curves_to_table([]).columns) == ["trial", "epoch"]


def test_the_summary_shows_duplicates_and_failures_only_where_there_are_any():
    good = {"val_accuracy": 0.98765, "n_params": 7, "fingerprint": "a", "filters": 3}
    columns = ["val_accuracy", "n_params", "flops", "architecture"]

    assert list(trials.summary(table(good))) == columns
    assert list(trials.summary(table(good, good))) == [*columns, "duplicate_of"]
    both = trials.summary(table(good, good, {"message": "no", **FAILED}))
    assert list(both) == [*columns, "duplicate_of", "message"]
    assert both.index.tolist() == [1, 2, 3]
    assert both.loc[1, "val_accuracy"] == 0.988


@pytest.fixture
def recordings(tmp_path, monkeypatch):
    """An own folder of recordings."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    monkeypatch.setattr(trials, "files", lambda package: tmp_path)
    return folder


def test_a_recording_is_the_table_that_was_saved(recordings):
    made = table(
        {"val_accuracy": 0.5, "n_params": 7, "fingerprint": "a", "pooling": "max"},
        {"val_accuracy": 0.5, "n_params": 7, "fingerprint": "a", "pooling": "average"},
        {"message": "ValueError: no", **FAILED},
    )
    made.to_csv(recordings / "mine.csv", index=False)

    again = trials.recorded("mine")

    pd.testing.assert_frame_equal(again, made, check_dtype=False)
    assert trials.best(again)["trial"] == 1


def test_an_unknown_recording_is_one_sentence(recordings):
    for name in ("b", "a"):
        (recordings / f"{name}.csv").write_text("trial\n1\n")
    (recordings / "README.md").write_text("how")

    with pytest.raises(CourseError) as raised:
        trials.recorded("c")
    assert str(raised.value) == "There is no recording 'c': choose one of a, b."


def test_every_recorded_search_of_the_course_works_as_a_trial_table():
    folder = trials.files("nascourse") / "recordings"
    names = [file.name[:-4] for file in folder.iterdir() if file.name.endswith(".csv")]
    tables = [trials.recorded(name) for name in names]
    searches = [made for made in tables if "status" in made]
    if not searches:
        pytest.skip("no search is recorded")

    for made in searches:
        assert made["val_accuracy"].dropna().between(0, 1).all()
        assert trials.best(made)["val_accuracy"] == made["val_accuracy"].max()
        assert trials.incumbent(made).iloc[-1] == made["val_accuracy"].max()
        assert len(trials.summary(made)) == len(made)


def test_pareto_front_of_a_hand_worked_case():
    table = pd.DataFrame({"flops": [1, 2, 2, 3, 4], "accuracy": [5, 4, 7, 7, 9]})
    front = trials.pareto_front(table, cost="flops", quality="accuracy")
    assert front.to_numpy().tolist() == [[1, 5], [2, 7], [4, 9]]


def test_the_front_of_two_tables_that_were_put_together():
    """Both have the labels 0 and 1; the second one has nothing but dominated rows."""
    first = pd.DataFrame({"n_params": [100, 10], "val_accuracy": [0.95, 0.90]})
    second = pd.DataFrame({"n_params": [50, 500], "val_accuracy": [0.50, 0.60]})

    front = trials.pareto_front(pd.concat([first, second]))

    assert front.to_numpy().tolist() == [[10, 0.90], [100, 0.95]]


def test_a_saved_table_has_the_objective_of_the_report_beside_it(tmp_path):
    made = table(
        {"val_accuracy": 0.9, "val_macro_f1": 0.2}, {"val_accuracy": 0.8, "val_macro_f1": 0.7}
    )
    made.to_csv(tmp_path / "trials.csv", index=False)

    assert trials.best(trials.read_table(tmp_path / "trials.csv"))["trial"] == 1
    (tmp_path / "result.json").write_text('{"objective": ["val_macro_f1", "max"]}')
    assert trials.best(trials.read_table(tmp_path / "trials.csv"))["trial"] == 2
    worst = trials.read_table(tmp_path / "trials.csv", objective=("val_accuracy", "min"))
    assert trials.best(worst)["trial"] == 2
    (tmp_path / "result.json").write_text('\ufeff{"objective": ["val_macro_f1", "max"]}', "utf-8")
    assert trials.best(trials.read_table(tmp_path / "trials.csv"))["trial"] == 2  # an editor's mark
    (tmp_path / "result.json").write_text("[]")
    assert trials.best(trials.read_table(tmp_path / "trials.csv"))["trial"] == 1


@pytest.mark.parametrize("last", ["2", "2,completed,0.", '2,completed,0.5,"a\nb"'])
def test_a_table_that_was_cut_off_is_refused(tmp_path, last):
    path = tmp_path / "trials.csv"
    lines = ["trial,status,val_accuracy,message,units", '1,completed,0.25,"a\nb",8']
    whole = '2,completed,0.5,"a\nb",'  # and no units
    long = f"2,completed,0.5,{'a' * 200_000},8\n"
    for end in (whole, f"{whole}\n", f"{whole}\r\n\n", f"{whole[:-1]}\r\n", long):
        path.write_bytes("\n".join([*lines, end]).encode("utf-8-sig"))
        assert trials.read_table(path)["val_accuracy"].tolist() == [0.25, 0.5]

    path.write_text("\n".join([*lines, last]), "utf-8")
    n = 1 if last == "2" else 3 if last.endswith("0.") else 4
    with pytest.raises(
        CourseError, match=rf"^trials.csv .*has {n} of 5 values\): write it again\.$"
    ):
        trials.read_table(path)


@pytest.mark.parametrize(
    "function", [trials.best, trials.summary, trials.incumbent, trials.hyperparameters]
)
def test_a_search_in_place_of_its_table_is_one_sentence(function):
    class Search:
        table = table({"val_accuracy": 0.5})

    sentence = r"^table=.* of the type Search: give a trial table, such as found\.table\.$"
    with pytest.raises(CourseError, match=sentence):
        function(Search())
    with pytest.raises(CourseError, match=sentence):
        trials.incumbent(Search(), by="val_loss")


def test_a_ranking_by_no_column_is_one_sentence():
    made = table({"val_accuracy": 0.5}, {"val_accuracy": 0.7})

    assert trials.ranking(made, by="val_accuracy")["trial"].tolist() == [2, 1]
    with pytest.raises(
        CourseError, match=r"no column 'acc' in this table: choose one of trial, .*\.$"
    ):
        trials.ranking(made, by="acc")
    with pytest.raises(CourseError, match="'status' holds other values than numbers"):
        trials.ranking(made, by="status")
