"""Advice to learners and instructors is carried out here, as it is written."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
FOR_INSTRUCTORS = (ROOT / "solutions" / "README.md").read_text(encoding="utf-8")
AUTHOR = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", *AUTHOR, *arguments], cwd=folder, check=True, capture_output=True, timeout=60
    )


def write(folder: Path, *sources: str) -> None:
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "02.ipynb")


@pytest.fixture
def teacher_and_student(tmp_path) -> tuple[Path, Path]:
    """A repository with a notebook of two exercises, and a student's clone of it."""
    teacher, student = tmp_path / "teacher", tmp_path / "student"
    teacher.mkdir()
    git(teacher, "init")
    write(teacher, "first = ...", "text", "second = ...")
    git(teacher, "add", ".")
    git(teacher, "commit", "--message", "A unit")
    git(tmp_path, "clone", str(teacher), str(student))
    return teacher, student


def test_an_update_keeps_a_students_answers_and_notebooks_that_open(teacher_and_student):
    teacher, student = teacher_and_student
    write(student, "first = 1", "text", "second = 2")
    write(teacher, "first = None", "better text", "second = ...")
    git(teacher, "commit", "--all", "--message", "Improve the unit")

    commands = re.findall(r"^git (commit|pull) (.+)$", FOR_INSTRUCTORS, re.MULTILINE)
    assert [command for command, _ in commands] == ["commit", "pull"]
    for command, options in commands:
        git(student, command, *shlex.split(options))

    sources = [cell.source for cell in nbformat.read(student / "02.ipynb", 4).cells]
    assert sources == ["first = 1", "better text", "second = 2"]
