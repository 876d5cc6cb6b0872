"""A guess beside its result: what is printed, what is refused, and what the learner's file keeps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nascourse.checks import compare, progress


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "anna.json"
    monkeypatch.setenv("NASCOURSE_PROGRESS", str(path))
    return path


def kept(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))["guesses"]


def test_a_number_stands_beside_the_result_with_its_distance(file, capsys):
    compare("02.a", 200, 24, unit="settings")
    assert capsys.readouterr().out.splitlines() == [
        "Your guess: 200 settings",
        "Result:     24 settings",
        "            176 too high, overestimated 8.3 times",
    ]
    assert kept(file) == {
        "02.a": {"guess": "200 settings", "result": "24 settings", "close": False}
    }


@pytest.mark.parametrize(
    "guess, close", [(24, True), (26.4, True), (21.5, False), (np.float32(24), True), (27, False)]
)
def test_a_number_within_a_tenth_is_close(file, guess, close):
    compare("02.a", guess, 24)
    assert kept(file)["02.a"]["close"] is close


def test_a_number_right_to_the_last_digit_shown_is_as_you_said(file, capsys):
    compare("02.a", 0.9312, np.float64(0.93125), digits=3)
    assert "as you said" in capsys.readouterr().out


def test_without_a_guess_the_result_is_shown_and_nothing_is_kept(file, capsys):
    compare("02.a", ..., 24, unit="settings")
    assert "24 settings" in capsys.readouterr().out
    assert not file.exists()


@pytest.mark.parametrize(
    "guess, words",
    [
        ("many", "one number"),
        (True, "one number"),
        ([1, 2], "one number"),
        (float("nan"), "one number"),
    ],
)
def test_what_is_no_number_is_explained_and_the_result_stays_hidden(file, capsys, guess, words):
    compare("02.a", guess, 24)
    out = capsys.readouterr().out
    assert words in out and "24" not in out
    assert not file.exists()


def test_a_text_is_one_of_the_options(file, capsys):
    compare("02.b", "below", "above", options=("below", "above"))
    assert "not as you said" in capsys.readouterr().out
    compare("02.c", "beside", "above", options=("below", "above"))
    out = capsys.readouterr().out
    assert '"below", "above"' in out and "Result" not in out
    assert list(kept(file)) == ["02.b"]


@pytest.mark.parametrize("guess", [(10, 1), {"small": 10, "large": 1}, np.array([10, 1])])
def test_several_results_are_a_table_with_a_row_each(file, capsys, guess):
    compare("02.d", guess, {"small": 10, "large": 3})
    _header, small, large, last = capsys.readouterr().out.splitlines()
    assert small.split() == ["small", "10", "10", "as", "you", "said"]
    assert large.split()[:6] == ["large", "1", "3", "2", "too", "low,"]
    assert last == "1 of 2 right or close."


@pytest.mark.parametrize("guess", [10, "ab", [1], {"small": 1, "big": 2}])
def test_several_results_want_as_many_guesses(file, capsys, guess):
    compare("02.d", guess, {"small": 10, "large": 3})
    assert capsys.readouterr().out.startswith("Your guess should ")
    assert not file.exists()


def test_an_order_is_compared_place_by_place(file):
    compare("02.e", ["b", "a", "c"], ["a", "b", "c"], options=("a", "b", "c"))
    assert kept(file)["02.e"] == {"guess": "b, a, c", "result": "a, b, c", "close": False}


def test_the_first_guess_stays_in_the_file(file):
    compare("02.a", 1, 24)
    compare("02.a", 24, 24)
    assert kept(file)["02.a"]["guess"] == "1"


def test_progress_counts_the_guesses_of_a_unit(file, capsys):
    compare("02.a", 24, 24)
    compare("02.b", 1, 24)
    compare("03.a", 1, 24)
    capsys.readouterr()
    assert progress.summary().loc["02", ["guesses", "close"]].tolist() == [2, 1]
    progress.main([])
    assert "3 written down, 1 right or close" in capsys.readouterr().out


def test_a_file_of_an_older_course_takes_guesses(file):
    file.write_text('{"exercises": {}}', encoding="utf-8")
    compare("02.a", 24, 24)
    assert list(kept(file)) == ["02.a"]


def test_a_file_whose_guesses_are_damaged_is_set_aside(file, capsys):
    file.write_text('{"exercises": {}, "guesses": {"02.a": {"guess": 1}}}', encoding="utf-8")
    compare("02.a", 24, 24)
    assert "was damaged" in capsys.readouterr().out
    assert list(kept(file)) == ["02.a"]


def test_a_set_has_no_order_so_it_is_no_guess(file, capsys):
    compare("05.a", {"random", "evolution"}, ["random", "evolution"])
    assert "should be a list of 2 values" in capsys.readouterr().out
    assert not file.exists()
