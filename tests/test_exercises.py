"""From solutions to exercises: what is cleared, what is refused, and how a unit is added."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from notebooks import build

ROOT = build.ROOT
SOURCES = [source for source in build.sources() if build.has_solutions(source)]

HEAD = """\
# %% [markdown]
# # Exercises 02: How good is luck?

# %%
def check(id, answer):
    print("✓ fine" if answer else "✗ not so")
    return answer

"""
FUNCTION = '''\
# %% [markdown]
# ## Exercise 2.1: double
#
# **Purpose**: ...

# %%
def double(x):
    """Return the double."""
    if x is None:
        ### BEGIN SOLUTION
        twice_nothing = []
        return twice_nothing
        ### END SOLUTION
    ### BEGIN SOLUTION
    return 2 * abs(x) if x > 0 else -2 * abs(x)
    ### END SOLUTION


# %%
if check("02.1", double(1) == 2):
    print(double(2))

'''
CHOICE = """\
# %% [markdown]
# ## Exercise 2.2: choose

# %%
choice = None  # replace None by "a" or "b"
### BEGIN SOLUTION
choice = "a"
### END SOLUTION

# %% tags=["hide"]
check("02.2", choice)
"""


def write(root: Path, text: str) -> Path:
    path = root / "solutions" / "source" / "02_luck.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, nbformat.NotebookNode, nbformat.NotebookNode]:
    """A source, its solutions and its exercises."""
    source = write(tmp_path_factory.mktemp("course"), HEAD + FUNCTION + CHOICE)
    assert build.build(source) == []
    assert build.check(source) == []
    paths = build.notebook_path(source), build.exercise_path(source)
    return source, *(nbformat.read(path, as_version=4) for path in paths)


def test_solutions_are_cleared(built):
    _, solutions, exercises = built
    code = [cell.source for cell in exercises.cells if cell.cell_type == "code"]
    assert code[1] == (
        'def double(x):\n    """Return the double."""\n    if x is None:\n'
        '        raise NotImplementedError("Exercise 2.1")\n'
        '    raise NotImplementedError("Exercise 2.1")'
    )
    assert code[3] == 'choice = None  # replace None by "a" or "b"'
    assert "SOLUTION" not in "".join(cell.source for cell in exercises.cells)
    assert len(exercises.cells) == len(solutions.cells)


def test_exercises_have_no_outputs_and_ids_of_their_own_content(built):
    _, solutions, exercises = built
    cells = [cell for cell in exercises.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    same = [one.id == other.id for one, other in zip(solutions.cells, exercises.cells, strict=True)]
    assert same == [True, True, True, False, True, True, False, True]
    assert "✓ fine\n4\n" in [
        output.get("text") for cell in solutions.cells for output in cell.get("outputs", [])
    ]


def test_nbgrader_finds_its_metadata(built):
    _, solutions, exercises = built
    answer = {"grade": False, "locked": False, "schema_version": 3, "solution": True, "task": False}
    grade = {**answer, "grade": True, "locked": True, "points": 1, "solution": False}
    expected = [
        {**answer, "grade_id": "answer-02-1"},
        {**grade, "grade_id": "check-02-1"},
        {**answer, "grade_id": "answer-02-2"},
        {**grade, "grade_id": "check-02-2"},
    ]
    for nb in (solutions, exercises):
        found = [cell.metadata["nbgrader"] for cell in nb.cells if "nbgrader" in cell.metadata]
        assert found == expected


def test_the_outputs_of_checks_are_compared_in_solutions_only(built):
    _, solutions, exercises = built
    tags = [[cell.metadata.get("tags") for cell in nb.cells] for nb in (solutions, exercises)]
    assert tags[0][-1] == ["hide", "nbval-check-output"]
    assert tags[1][-1] == ["hide"]
    assert tags[0][4] == ["nbval-check-output"]
    assert tags[1][4] is None


def test_exercises_alone_are_made_without_a_kernel(built, monkeypatch, capsys):
    source, _, _ = built
    path = build.exercise_path(source)
    before = path.read_bytes()
    path.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(build, "execute", None)
    root = source.parent.parent.parent
    assert build.main(["--exercises"], root) == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize("unit", ["02", "02_luck", "solutions/02", "solutions/02_luck"])
def test_a_unit_has_several_names(built, unit):
    root = built[0].parent.parent.parent
    assert build.main(["--check", unit], root) == 0


def test_the_solutions_are_not_among_the_units(built, capsys):
    root = built[0].parent.parent.parent
    with pytest.raises(SystemExit):
        build.main(["--check", "notebooks/02"], root)
    assert "there are: solutions/02_luck" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    ### END SOLUTION\n\n\n", "\n\n", "cell 4: ### BEGIN SOLUTION and ### END SOLUTION"),
        ("### BEGIN SOLUTION\nchoice", "# BEGIN SOLUTION\nchoice", "do not alternate, a line each"),
        ("# **Purpose**: ...", "# ### BEGIN SOLUTION", "cell 3: ### BEGIN SOLUTION and"),
        ("## Exercise 2.1: double", "## Something", "cell 4: a solution outside an exercise"),
        ('check("02.2", choice)', "choice", "exercise 2.2 has 0 cells with a check, not one"),
        ('check("02.2"', 'check("02.1"', "cell 8: checks 02.1 in exercise 2.2"),
        ('# %%\nif check("02.1"', 'if check("02.1"', "cell 4: the check needs a cell of its own"),
        ("# %% tags", 'check("02.2", 1)\n\n# %% tags', "cell 7: the check needs a cell of its own"),
        ("### BEGIN SOLUTION\nchoice", "choice", "do not alternate"),
        (
            "# **Purpose**: ...",
            "# Try `twice_nothing = []`.",
            "a line of its solution: twice_nothing",
        ),
        ("# **Purpose**: ...", '# Is choice = "a" right?', 'line of its solution: choice = "a"'),
    ],
)
def test_what_would_spoil_an_exercise_is_refused(tmp_path, old, new, fault):
    text = HEAD + FUNCTION + CHOICE
    assert old in text
    source = write(tmp_path, text.replace(old, new, 1))
    for attempt in (build.build, build.build_exercise):
        assert fault in "\n".join(attempt(source))
    assert not build.notebook_path(source).exists()
    assert not build.exercise_path(source).exists()


def test_an_exercise_without_a_solution_is_refused(tmp_path):
    nothing = "# %% [markdown]\n# ## Exercise 2.3: think\n\n# %% [markdown]\n# ## The end\n"
    assert build.build(write(tmp_path, HEAD + nothing)) == [
        "exercise 2.3 has no ### BEGIN SOLUTION",
        "exercise 2.3 has 0 cells with a check, not one",
    ]


def test_a_solution_that_does_not_pass_is_refused(tmp_path):
    source = write(tmp_path, HEAD + FUNCTION.replace("double(1) == 2", "double(1) == 3"))
    assert build.build(source) == ["cell 5: the solution does not pass: ✗ not so"]
    assert not build.exercise_path(source).exists()


def test_a_missing_or_changed_exercise_is_found(tmp_path):
    source = write(tmp_path, HEAD + CHOICE)
    assert build.build(source) == []
    path = build.exercise_path(source)
    path.write_text(
        path.read_text(encoding="utf-8").replace("replace None", "change None"), "utf-8"
    )
    assert build.check(source)[0].startswith("exercise: cell 4 of the source is not in the note")
    path.unlink()
    assert build.check(source) == ["exercise: the notebook is missing"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_regenerating_changes_nothing(source, tmp_path):
    """Byte for byte, which `check` in tests/test_notebooks.py does not compare."""
    copy = tmp_path / "solutions" / "source" / source.name
    copy.parent.mkdir(parents=True)
    shutil.copy(source, copy)
    assert build.build_exercise(copy) == []
    committed = build.exercise_path(source)
    assert committed.exists(), f"run: make notebooks ARGS=solutions/{source.stem[:2]}"
    assert build.exercise_path(copy).read_bytes() == committed.read_bytes()


# ---- adding a unit, in the five steps of the maintainer's page

UNIT = """\
# %% [markdown]
# # Unit 99: What is the last question?
#
# - **Objectives**: add a unit.
# - **Prerequisites**: none
# - **Time**: 5 min
# - **Cost**: 1 s of one CPU core and 100 MiB of memory

# %%
print(6 * 7)

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


def test_a_unit_is_added_in_five_steps(tmp_path):
    """What the maintainer's page says, done in a copy: the rules accept the unit, and miss a step."""
    course = tmp_path / "course"
    course.mkdir()
    for name in ("nascourse", "tests", "notebooks", "solutions", "exercises"):
        shutil.copytree(
            ROOT / name,
            course / name,
            ignore=shutil.ignore_patterns(
                "__pycache__", "runs", "benchmarks", ".ipynb_checkpoints"
            ),
        )
    for name in ("README.md", "pyproject.toml", "conftest.py", "requirements.txt"):
        shutil.copy(ROOT / name, course / name)

    def python(*arguments: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PYTHONPATH": str(course), "NASCOURSE_PROGRESS": "off"}
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=course,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def rules(*names: str) -> str:
        command = ["pytest", "-q", "--tb=line", "-p", "no:cacheprovider", "--color=no", "-k", "99"]
        return python(*command, *(f"tests/test_{name}.py" for name in names)).stdout

    # 1. the unit
    (course / "notebooks/source/99_last.py").write_text(UNIT, encoding="utf-8")
    # 2. the solutions of its exercises
    (course / "solutions/source/99_last.py").write_text(SOLUTIONS, encoding="utf-8")
    # 3. the checkers, with wrong answers that they tell apart
    (course / "nascourse/checks/unit_99.py").write_text(CHECKERS, encoding="utf-8")
    (course / "tests/wrong_answers/unit_99.py").write_text(WRONG, encoding="utf-8")
    # 4. build the three notebooks
    made = python("notebooks.build", "99")
    assert made.returncode == 0, made.stderr
    for folder in ("notebooks", "solutions", "exercises"):
        assert (course / folder / "99_last.ipynb").exists()
    assert "map of units" in rules("notebooks")  # the fifth step is missing

    # 5. a row in the README's map of units
    page = course / "README.md"
    row = "| [99 Last](notebooks/99_last.ipynb) | What is the last question? | 5 min |"
    text = page.read_text(encoding="utf-8")
    last = re.findall(r"^\| \[\d\d .*$", text, re.MULTILINE)[-1]
    page.write_text(text.replace(last, f"{last}\n{row}"), encoding="utf-8")
    outcome = rules("notebooks", "checks", "exercises")
    assert re.search(r"^\d+ passed", outcome, re.MULTILINE), outcome
    assert "failed" not in outcome
