"""The learner's progress file, its tables, and what happens when the file is in a bad way."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from pathlib import Path

import pytest

from nascourse import CourseError, __main__
from nascourse._engine import files
from nascourse.checks import check, core, hint, progress, registry

TODAY = r"\d{4}-\d\d-\d\d"


@pytest.fixture(autouse=True)
def course(monkeypatch):
    """Three exercises in two units, whose right answer is 1."""

    def exercise(id, title):
        return registry.Exercise(id, title, checker, hints=("One.", "Two."))

    def checker(answer, rng):
        if answer != 1:
            raise core.Wrong("Not one.")
        return "One."

    exercises = {
        "02": [exercise("02.1", "the incumbent"), exercise("02.2", "luck")],
        "11": [exercise("11.1", "confusion")],
    }
    monkeypatch.setattr(registry, "units", lambda: list(exercises))
    monkeypatch.setattr(registry, "exercises", exercises.get)
    monkeypatch.setattr(core, "_hints_seen", {})
    monkeypatch.setattr(progress, "_sentences_printed", set())


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "runs" / "anna.json"
    monkeypatch.setenv("NASCOURSE_PROGRESS", str(path))
    return path


def entries_in(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))["exercises"]


def solved(file: Path, *ids: str) -> Path:
    entries = {id: {**progress.NEW, "passed": True, "attempts": 1} for id in ids}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"exercises": entries}), encoding="utf-8")
    return file


def test_attempts_hints_and_the_first_success_are_entries_in(file):
    check("02.1", 0)
    check("02.1", None)  # a blank is no attempt
    hint("02.1")
    check("02.1", 1)
    check("02.1", 0)  # what was solved once stays solved
    hint("11.1")

    entries = entries_in(file)
    assert re.fullmatch(TODAY, entries["02.1"].pop("first_passed"))
    assert entries == {
        "02.1": {"passed": True, "attempts": 3, "hints": 2},
        "11.1": {"passed": False, "attempts": 0, "hints": 1, "first_passed": None},
    }
    assert [path.name for path in file.parent.iterdir()] == ["anna.json"]  # no temporary file


def test_off_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setenv("NASCOURSE_PROGRESS", "off")
    check("02.1", 1)
    assert list(tmp_path.iterdir()) == []
    assert progress.summary()["solved"].sum() == 0


def test_grading_keeps_nothing(file, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert check("02.1", 1)
    with pytest.raises(CourseError):
        check("02.2", 0)
    assert not file.exists()


def test_the_file_lies_in_the_course_or_in_the_current_folder(tmp_path, monkeypatch):
    course, other = tmp_path / "course", tmp_path / "other"
    (course / "notebooks").mkdir(parents=True)
    other.mkdir()
    monkeypatch.chdir(other)
    monkeypatch.delenv("NASCOURSE_PROGRESS", raising=False)

    monkeypatch.setattr(files, "ROOT", course)
    assert progress.path() == course / "runs" / "progress.json"
    monkeypatch.setattr(files, "ROOT", tmp_path / "site-packages")
    assert progress.path() == other / "runs" / "progress.json"


@pytest.mark.parametrize("package", ["site-packages", "shared"])
def test_all_folders_of_a_copy_share_a_file(tmp_path, monkeypatch, package):
    (tmp_path / "shared" / "notebooks").mkdir(parents=True)  # where an administrator installed from
    copy = tmp_path / "home" / "course"
    (copy / "exercises").mkdir(parents=True)
    (copy / "notebooks" / "deeper").mkdir(parents=True)
    monkeypatch.delenv("NASCOURSE_PROGRESS", raising=False)
    monkeypatch.setattr(files, "ROOT", tmp_path / package)
    for folder in (".", "notebooks", "exercises", "notebooks/deeper"):
        monkeypatch.chdir(copy / folder)
        assert progress.path() == copy / "runs" / "progress.json"


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"exercises": {"02.1": ',
        "[1, 2]",
        '{"exercises": [1]}',
        '{"exercises": {"02.1": {"passed": true}}}',
        '{"exercises": {"02.1": {"passed": 1, "attempts": "2", "hints": 0, "first_passed": null}}}',
        "[" * 100_000,
    ],
    ids=["empty", "cut", "list", "no dict", "keys missing", "types", "deep"],
)
def test_a_damaged_file_is_set_aside_in_one_sentence(file, capsys, text):
    for number in (1, 2):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        check("02.1", 1)
        aside = file.with_name(f"anna.damaged-{number}.json")
        assert capsys.readouterr().out == (
            "✓ 02.1 right: One.\n"
            f"Your progress file was damaged: it is now {aside.name}, and a new one begins.\n"
        )
        assert aside.read_text(encoding="utf-8") == text
        assert entries_in(file)["02.1"]["passed"]


def test_a_file_of_bytes_is_damaged_too(file):
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe\x00")
    check("02.1", 1)
    assert entries_in(file)["02.1"]["passed"]


def test_a_file_that_cannot_be_written_is_mentioned_once(tmp_path, monkeypatch, capsys):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be", encoding="utf-8")
    monkeypatch.setenv("NASCOURSE_PROGRESS", str(blocked / "progress.json"))
    for _ in range(2):
        assert check("02.1", 1)
    hint("02.1")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Your progress is not kept, as ")] == lines[
        1:2
    ]
    assert len(lines) == 4

    assert progress.summary()["solved"].sum() == 0
    assert "cannot be shown" in capsys.readouterr().out


def test_a_write_that_fails_leaves_the_old_file(file, monkeypatch, capsys):
    check("02.1", 1)
    before = file.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    check("02.2", 1)
    assert "No space left on device" in capsys.readouterr().out
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["anna.json"]


@pytest.mark.skipif(
    sys.platform == "win32" or getattr(os, "geteuid", lambda: 0)() == 0,
    reason="needs a user who can be refused",
)
def test_a_folder_without_permission_is_mentioned(file, capsys):
    file.parent.mkdir()
    file.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    check("02.1", 1)
    assert "Your progress is not kept" in capsys.readouterr().out


def test_the_summary_counts_by_unit(file):
    check("02.1", 0)
    check("02.1", 1)
    hint("02.2")
    table = progress.summary()
    assert table.index.tolist() == ["02", "11"]
    assert table.to_dict("index")["02"] == {
        "exercises": 2,
        "solved": 1,
        "attempts": 2,
        "hints": 1,
        "guesses": 0,
        "close": 0,
        "next": "02.2 luck",
    }
    assert table["next"]["11"] == "11.1 confusion"


def test_the_command_shows_the_table_and_what_is_next(file, capsys):
    assert __main__.main(["progress"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["unit", "exercises", "solved", "attempts", "hints"]
    assert lines[1].split() == ["02", "2", "0", "0", "0"]
    assert lines[-1] == "Next: 02.1 the incumbent."
    assert not file.exists()  # looking writes nothing

    solved(file, "02.1", "02.2", "11.1")
    assert __main__.main(["progress"]) == 0
    assert capsys.readouterr().out.endswith("All exercises are solved.\n")


def test_a_class_is_summed_up(tmp_path, capsys):
    files = [
        solved(tmp_path / "anna.json", "02.1", "11.1", "99.1"),  # from a newer course
        solved(tmp_path / "ben.json", "02.1"),
        solved(tmp_path / "chi.json"),
    ]
    assert __main__.main(["progress", *map(str, files)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["learner", "02", "11", "all"],
        ["anna", "1", "1", "2"],
        ["ben", "1", "0", "1"],
        ["chi", "0", "0", "0"],
    ]
    assert lines[4:] == [
        "Most often unsolved:",
        "  02.2 luck: 3 of 3 learners",
        "  11.1 confusion: 2 of 3 learners",
        "  02.1 the incumbent: 1 of 3 learners",
    ]


def guessed(file: Path, guesses: dict[str, tuple[str, str, bool]]) -> Path:
    names = "guess", "result", "close"
    entries = {id: dict(zip(names, guess)) for id, guess in guesses.items()}
    file.write_text(json.dumps({"exercises": {}, "guesses": entries}), encoding="utf-8")
    return file


def test_the_guesses_of_a_class_are_counted_with_the_typical_one(tmp_path, capsys):
    files = [
        guessed(tmp_path / "anna.json", {"02.a": ("3 trials", "2 trials", False)}),
        guessed(
            tmp_path / "ben.json",
            {
                "02.a": ("1,000 trials", "2 trials", False),
                "04.d": ("10 well", "120 badly", False),
                "11.a": ("0.5, head", "0.9, blocks", False),
            },
        ),
        guessed(
            tmp_path / "chi.json",
            {
                "02.a": ("2 trials", "2 trials", True),
                "04.d": ("120 badly", "120 badly", True),
            },
        ),
        guessed(tmp_path / "dan.json", {"04.d": ("10 well", "120 badly", False)}),
    ]
    table = progress.class_guesses(files)
    assert table.to_dict("index") == {
        # the middle of 2, 3 and 1,000, and the answer that two of three gave
        "02.a": {"guesses": 3, "close": 1, "typical": "3 trials", "result": "2 trials"},
        "04.d": {"guesses": 3, "close": 1, "typical": "10 well", "result": "120 badly"},
        "11.a": {"guesses": 1, "close": 0, "typical": "0.5, head", "result": "0.9, blocks"},
    }
    assert __main__.main(["progress", *map(str, files)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-5] == "Predictions, the typical guess beside the result:"
    assert lines[-3].split() == ["02.a", "3", "1", "3", "trials", "2", "trials"]


def test_files_of_the_same_name_are_told_apart_by_their_folders(tmp_path, monkeypatch):
    for name in ("anna", "ben"):
        solved(tmp_path / name / "progress.json", "02.1")
    monkeypatch.chdir(tmp_path)
    table, _ = progress.class_summary([Path("anna/progress.json"), Path("ben/progress.json")])
    assert table.index.tolist() == ["anna/progress", "ben/progress"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("none.json", "cannot be read: No such"), ("bad.json", "is no progress file")],
)
def test_a_bad_file_of_a_class_is_named(tmp_path, capsys, name, words):
    (tmp_path / "bad.json").write_text("no json", encoding="utf-8")
    good = solved(tmp_path / "anna.json")
    assert __main__.main(["progress", str(good), str(tmp_path / name)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert name in shown.err
    assert words in shown.err
    with pytest.raises(CourseError, match=words):
        progress.class_summary([tmp_path / name])


@pytest.mark.slow
def test_the_command_loads_no_tensorflow(run_python, tmp_path):
    code = (
        "import sys; from nascourse.__main__ import main; main(['progress']); "
        "print('tensorflow' in sys.modules)"
    )
    answer = run_python("-c", code, cwd=tmp_path)
    assert answer.stdout.endswith("False\n"), answer.stderr
