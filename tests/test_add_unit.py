"""A unit is added as CONTRIBUTING.md says, in a copy of the course: the steps that the rules hold."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

UNIT = """\
# %% [markdown]
# # Unit 99: What is the last question?
#
# - **Objectives**: add a unit.
# - **Prerequisites**: none
# - **Time**: 5 min
# - **Cost**: 1 s of one CPU core and 100 MiB of memory

# %%
from nascourse import whole_number

print(whole_number("answer", 6 * 7, at_least=1))

# %% [markdown]
# ## The question
#
# **Predict.** What is six times seven? Write a whole number.

# %% tags=["prediction"]
guess = ...  # a whole number

# %% tags=["prediction-result"]
from nascourse.checks import compare

compare("99.a", guess, 6 * 7)

# %% [markdown]
# **Change this.** Which two other factors give the same?

# %% tags=["change-this"]
print(6 * 7)  # change this

# %% [markdown]
# ## Summary
#
# - It was the last one.
#
# ## Exercises
#
# [Two exercises](../exercises/99_last.ipynb) on arithmetic.
#
# ## Further reading
#
# - Adams, D. (1979)
"""
SOLUTIONS = """\
# %% [markdown]
# # Exercises 99: What is the last question?
#
# Two exercises on [unit 99](../notebooks/99_last.ipynb).

# %%
from nascourse.checks import check, hint

# %% [markdown]
# ## Exercise 99.1: product
#
# **Purpose**: multiply. **Time**: 1 min


# %%
def product(x, y):
    ### BEGIN SOLUTION
    return x * y
    ### END SOLUTION


# %%
check("99.1", product)

# %% [markdown]
# ## Exercise 99.2: order
#
# **Purpose**: choose. **Time**: 1 min

# %%
choice = None  # replace None by "a", "b" or "c"
### BEGIN SOLUTION
choice = "a"
### END SOLUTION

# %%
check("99.2", choice)
"""
CHECKERS = '''\
"""Checkers of unit 99."""

from nascourse.checks.core import Wrong, call, multiple_choice, number
from nascourse.checks.registry import exercise


@exercise("99.1", "product", hints=("Not the sum.",))
def product(answer, rng):
    x, y = (int(value) for value in rng.integers(3, 9, 2))
    result = number(call(answer, x, y))
    if result == x + y:
        raise Wrong("This is the sum.")
    if result != x * y:
        raise Wrong("This is not the product.")
    return "Any two numbers have one."


multiple_choice(
    "99.2",
    "order",
    right="a",
    options={"a": "It is free.", "b": "It does matter.", "c": "It is fixed."},
    hints=("Try it.",),
)
'''
WRONG = '''\
"""Wrong answers to the exercises of unit 99."""

WRONG = {
    "99.1": {
        "sum": (lambda x, y: x + y, "sum"),
        "power": (lambda x, y: x**y, "not the product"),
        "text": (lambda x, y: "6", "one number"),
    },
    "99.2": {
        "b": ("b", "does matter"),
        "c": ("c", "is fixed"),
        "number": (1, "none of the options"),
    },
}
'''


@pytest.fixture
def course(tmp_path) -> Path:
    """A copy of what the rules read and the build needs."""
    for name in ("nascourse", "tests", "notebooks", "solutions", "exercises"):
        ignored = shutil.ignore_patterns("__pycache__", "runs", "benchmarks", ".ipynb_checkpoints")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("README.md", "pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.slow
@pytest.mark.notebook
def test_the_rules_accept_a_new_unit(course):
    def python(*arguments: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PYTHONPATH": str(course), "NASCOURSE_PROGRESS": "off"}
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=course,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    # the unit
    (course / "notebooks/source/99_last.py").write_text(UNIT, encoding="utf-8")
    # the solutions of its exercises
    (course / "solutions/source/99_last.py").write_text(SOLUTIONS, encoding="utf-8")
    # the checkers, with wrong answers that they tell apart
    (course / "nascourse/checks/unit_99.py").write_text(CHECKERS, encoding="utf-8")
    (course / "tests/wrong_answers/unit_99.py").write_text(WRONG, encoding="utf-8")
    # where its objectives are practised
    with (course / "tests/objectives.py").open("a", encoding="utf-8") as objectives:
        objectives.write('PRACTISED["99"] = {"add a unit": "99.1"}\n')
    # build the three notebooks
    built = python("notebooks.build", "99")
    assert built.returncode == 0, built.stderr
    # a row in the README's map of units
    page = course / "README.md"
    row = "| [99 Last](notebooks/99_last.ipynb) | What is the last question? | 5 min |"
    text = page.read_text(encoding="utf-8")
    last = re.findall(r"^\| \[\d\d .*$", text, re.MULTILINE)[-1]
    page.write_text(text.replace(last, f"{last}\n{row}"), encoding="utf-8")

    command = ["pytest", "-q", "--tb=line", "-p", "no:cacheprovider", "--color=no", "-k", "99"]
    checked = python(*command, "tests/test_notebooks.py", "tests/test_checks.py")
    assert checked.returncode == 0, checked.stdout + checked.stderr
