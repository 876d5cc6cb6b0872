"""Rules that every committed notebook keeps: units, solutions and exercises.

Reading alone: the units run as tests of their own (``pytest notebooks``, under the rules of
``conftest.py``), and the last test here proves that such a run finds what is wrong. Solutions and
exercises are run by ``test_checks.py``.
"""

from __future__ import annotations

import functools
import os
import re
import statistics
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from nbconvert.filters import markdown2html
from nbformat import v4
from objectives import PRACTISED

from nascourse.checks import registry
from notebooks import build, launch, rules

ROOT = build.ROOT
UNITS, SOLUTIONS, EXERCISES = (
    sorted(ROOT.glob(f"{folder}/*.ipynb")) for folder in ("notebooks", "solutions", "exercises")
)
# at the end of each unit, in this order
SECTIONS = ("Summary", "Exercises", "Further reading")
# The header is a list in the first cell; what each item must hold besides its name.
HEADER = {
    "Objectives": r"\w",
    "Prerequisites": r"\w",
    "Time": r"\d+ min",
    "Cost": r"\d+ s\b.*\d MiB",
}


# Tags of cells in which the learner writes.
GUESS, CHANGE, DECISION = "prediction", "change-this", "decision"
MOST_CELLS = 50


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "path", paths, ids=lambda path: f"{path.parent.name}-{path.stem}"
    )


units, exercises = each(UNITS), each(EXERCISES)
executed, notebooks = each(UNITS + SOLUTIONS), each(UNITS + SOLUTIONS + EXERCISES)


@functools.cache
def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def texts(path: Path) -> list[str]:
    """Return the texts of the Markdown cells."""
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


@functools.cache
def page(path: Path) -> BeautifulSoup:
    """Return the text of a notebook or of a Markdown file as HTML, as a viewer shows it."""
    markdown = texts(path) if path.suffix == ".ipynb" else [path.read_text(encoding="utf-8")]
    return BeautifulSoup("\n".join(map(markdown2html, markdown)), "html.parser")


def headings(path: Path) -> list[tuple[int, Tag]]:
    """Return level and element of each heading."""
    return [(int(tag.name[1]), tag) for tag in page(path)(re.compile("h[1-6]"))]


def anchors(path: Path) -> set[str]:
    """Return what may follow # in a link to a notebook (JupyterLab's rule) or page (GitHub's)."""
    if path.suffix == ".ipynb":
        return {tag["id"] for _, tag in headings(path)}
    titles = (tag.get_text().rstrip("¶").lower() for _, tag in headings(path))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def broken_links(path: Path) -> list[str]:
    """Return the links of a notebook that lead to no file or to no heading."""
    elements = page(path).select("a[href]:not(.anchor-link), img[src]")
    broken = []
    for target in (tag.get("href") or tag["src"] for tag in elements):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):  # https: and the like
            continue
        name, _, anchor = unquote(target).partition("#")
        file = path.parent / name if name else path
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    return broken


def test_each_source_has_its_notebooks_and_the_reverse():
    sources = build.sources()
    assert UNITS + SOLUTIONS == [build.notebook_path(source) for source in sources]
    assert EXERCISES == [
        build.exercise_path(source) for source in sources if build.has_solutions(source)
    ]


def test_each_unit_has_exercises_and_the_reverse():
    assert [path.stem for path in UNITS] == [path.stem for path in EXERCISES]


@executed
def test_agrees_with_its_source(path):
    """Of a source of solutions, that the exercises agree with it as well, and give nothing away."""
    assert build.check(path.parent / "source" / f"{path.stem}.py") == []


@executed
def test_ran_from_top_to_bottom_without_problems(path):
    nb = read(path)
    ran = [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]
    assert [cell.execution_count for cell in ran] == list(range(1, len(ran) + 1))
    # Errors, stderr, missing alt text, paths of a machine, scripts, solutions that do not pass:
    assert rules.problems(nb) == []


@exercises
def test_exercises_have_no_outputs(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in cells if cell.outputs or cell.execution_count] == []


@notebooks
def test_alt_texts_say_something(path):
    alts = [alt for cell in read(path).cells for alt in rules.alt_texts(cell)]
    assert [alt for alt in alts if len(alt) < 15] == []


@each(SOLUTIONS + EXERCISES)
def test_exercises_begin_with_their_unit(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith(f"# Exercises {path.stem[:2]}: ")
    assert f"(../notebooks/{path.name})" in first.source, "a link back to the unit"


@exercises
def test_each_exercise_has_a_purpose_and_a_time(path):
    tasks = re.split(r"^## Exercise ", "\n".join(texts(path)), flags=re.MULTILINE)[1:]
    most = 9 if path.stem.startswith("11") else 4  # the project has its six decisions besides
    assert 2 <= len(tasks) <= most
    for task in tasks:
        assert re.search(r"\*\*Purpose\*\*: \w", task), task
        assert re.search(r"\*\*Time\*\*: \d+ min", task), task


@units
def test_header_says_what_awaits_the_learner(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith(f"# Unit {path.stem[:2]}: "), "the unit's number and question"
    for name, content in HEADER.items():
        item = re.search(rf"^[-*] \*\*{name}\*\*:(.*(?:\n+ +.*)*)", first.source, re.MULTILINE)
        assert item, f"the header has no item '- **{name}**: ...'"
        assert re.search(content, item[1], re.DOTALL), f"{name} lacks {content}: {item[1]!r}"


@notebooks
def test_headings_form_an_outline(path):
    levels = [level for level, _ in headings(path)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels)), levels


@units
def test_the_readme_lists_the_unit(path):
    question = read(path).cells[0].source.partition("\n")[0].partition(": ")[2]
    rows = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (row,) = [row for row in rows if f"(notebooks/{path.name})" in row and row[:3] == "| ["] or [""]
    assert row, f"the map of units in README.md has no row for {path.name}"
    assert question in row, f"the map of units in README.md asks another question: {row}"


@units
def test_ends_with_the_sections_of_every_unit(path):
    titles = [tag["id"].replace("-", " ") for level, tag in headings(path) if level == 2]
    assert titles[-len(SECTIONS) :] == list(SECTIONS)
    section = "\n".join(texts(path)).partition("## Exercises\n")[2].partition("\n## ")[0]
    assert f"(../exercises/{path.name})" in section


@functools.cache
def sections(path: Path) -> dict[str, list[nbformat.NotebookNode]]:
    """Return the cells of each section of the second level, by its heading."""
    cells_by_title: dict[str, list[nbformat.NotebookNode]] = {}
    title = ""
    for cell in read(path).cells:
        if cell.cell_type == "markdown" and (heading := re.match("## (.+)", cell.source)):
            title = heading[1]
        cells_by_title.setdefault(title, []).append(cell)
    return cells_by_title


def has_tag(cell: nbformat.NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def is_practised(cells: list[nbformat.NotebookNode]) -> bool:
    """Whether there is a cell in which the learner changes or decides something."""
    return any(has_tag(cell, CHANGE) or has_tag(cell, DECISION) for cell in cells)


@units
def test_a_prediction_is_asked_then_guessed_then_answered_in_a_folded_cell(path):
    cells = read(path).cells
    asked = sum(text.count("**Predict.**") for text in texts(path))
    guesses = [place for place, cell in enumerate(cells) if has_tag(cell, GUESS)]
    assert len(guesses) == asked
    ids = re.findall(r'compare\("(.+?)"', "\n".join(cell.source for cell in cells))
    assert ids == [f"{path.stem[:2]}.{chr(ord('a') + number)}" for number in range(asked)]
    for place in guesses:
        before, guess, answer = cells[place - 1 : place + 2]
        assert "**Predict.**" in before.source or before.cell_type == "code"
        assert re.fullmatch(r"guess = \.\.\.  # .+", guess.source), guess.source
        assert has_tag(answer, rules.PREDICTED), answer.source
    for cell in cells:
        if cell.cell_type == "code" and "compare(" in cell.source:
            assert has_tag(cell, rules.PREDICTED), cell.source


@units
def test_each_section_has_a_cell_to_change(path):
    for title, cells in sections(path).items():
        if not title or not any(cell.cell_type == "code" for cell in cells):
            continue
        before = ""
        for cell in cells:
            if has_tag(cell, CHANGE):
                assert "**Change this" in before, title
                assert "# change this" in cell.source, title
            if has_tag(cell, DECISION):
                assert "**Decide" in before, title
                assert "..." in cell.source, title
            before = cell.source if cell.cell_type == "markdown" else before
        assert is_practised(cells), f"nothing to change in: {title}"


@units
def test_each_objective_is_practised(path):
    header = re.search(r"\*\*Objectives\*\*: (.*?)\.\n- ", read(path).cells[0].source, re.DOTALL)
    places = PRACTISED[path.stem[:2]]
    assert list(places) == " ".join(header[1].split()).split("; ")
    numbers = {exercise.id.removeprefix("0") for exercise in registry.exercises(path.stem[:2])}
    for place in places.values():
        cells = sections(path).get(place, [])
        assert place in numbers or is_practised(cells), place


@units
def test_a_unit_fits_an_hour_and_runs_without_errors(path):
    cells = read(path).cells
    assert len(cells) <= MOST_CELLS
    assert int(re.search(r"\*\*Time\*\*: (\d+) min", cells[0].source)[1]) <= 60
    # JupyterLab's Run All stops at an error, even at an expected one.
    assert not any(has_tag(cell, rules.RAISES) for cell in cells)


@functools.cache
def timings() -> dict[str, tuple[int, int, int]]:
    """Seconds, those of the slowest cell, and MiB of each notebook, from notebooks/timings.md."""
    page = (ROOT / "notebooks" / "timings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    return {name: (int(seconds), int(slowest), int(mib)) for name, seconds, slowest, mib in rows}


def test_every_notebook_was_timed_and_keeps_the_limits():
    timed = [ROOT / f"{name}.ipynb" for name in timings()]
    assert sorted(timed) == sorted(UNITS + SOLUTIONS + EXERCISES), "run make timings"
    for name, (seconds, slowest_cell, mebibytes) in timings().items():
        assert seconds < 600, name
        assert slowest_cell < 90, name
        assert mebibytes < 1.2 * 1024, name


def test_headers_state_the_costs_that_were_measured():
    for path in UNITS:
        header = read(path).cells[0].source
        cost = re.search(r"\*\*Cost\*\*: (\d+) s .*? ([\d,]+) MiB", header, re.DOTALL)
        stated = [int(number.replace(",", "")) for number in cost.groups()]
        seconds, _, mebibytes = timings()[f"notebooks/{path.stem}"]
        assert 0.5 <= stated[0] / seconds <= 2, path.stem
        assert 0.8 <= stated[1] / mebibytes <= 1.25, path.stem


@notebooks
def test_cells_are_short(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code" and cell.source.strip()]
    lengths = [len(cell.source.splitlines()) for cell in cells]
    assert max(lengths) <= 25
    assert statistics.median(lengths) <= 9


@notebooks
def test_the_course_is_imported_before_other_libraries(path):
    """So no notebook shows the log lines that TensorFlow prints when something else loads it."""
    code = "\n".join(cell.source for cell in launch.lesson(read(path)) if cell.cell_type == "code")
    imported = re.findall(r"^(?:from|import) (\w+)", code, flags=re.MULTILINE)
    assert imported[0] == "nascourse"


@notebooks
def test_links_lead_somewhere(path):
    assert broken_links(path) == []


def test_the_rules_find_what_is_wrong(tmp_path):
    """The helpers above, on a notebook with known faults."""
    text = """# One

[good](#A-b-c) [good](other.md#whats-new) [gone](gone.ipynb) [gone](#Nowhere) ![gone](gone.png)
`[code](no.md)` [web](https://example.org) <a href="other.md#nothing">gone</a> [gone][there]

[there]: there.md

## A *b* `c`
```
# no heading
```
"""
    path = tmp_path / "a.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_markdown_cell(text)]), path)
    (tmp_path / "other.md").write_text("# What's new?\n", encoding="utf-8")

    assert [(level, tag["id"]) for level, tag in headings(path)] == [(1, "One"), (2, "A-b-c")]
    gone = ["gone.ipynb", "#Nowhere", "gone.png", "other.md#nothing", "there.md"]
    assert broken_links(path) == gone


@pytest.mark.slow
@pytest.mark.notebook
def test_a_run_fails_on_errors_on_other_outputs_and_on_stderr(tmp_path):
    """What `make test` relies on: one cell for each fault, run as `make test` runs notebooks."""
    two = v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    cells = {
        "1 + 1": ("nbval-check-output", "passed"),
        "1 + 2": ("nbval-check-output", "failed"),
        "3 - 1": ("nbval-check-output", "passed"),  # folded as the answer to a prediction
        "1 + 3": (None, "passed"),
        "1 / 0": (None, "failed"),
        "2 / 0": ("raises-exception", "passed"),
        "import sys; print('oh', file=sys.stderr)": (None, "failed"),
        "import os; assert 'NASCOURSE_MNIST' not in os.environ": (None, "passed"),
        "assert os.environ['NASCOURSE_PROGRESS'] == 'off'": (None, "passed"),
    }
    shown = {"1 + 1": [two], "1 + 2": [two], "3 - 1": [build.COVER, two]}
    nb = v4.new_notebook(
        cells=[
            v4.new_code_cell(
                source,
                execution_count=1,
                outputs=shown.get(source, []),
                metadata={"tags": [tag] if tag else []},
            )
            for source, (tag, _) in cells.items()
        ]
    )
    nbformat.write(nb, tmp_path / "faults.ipynb")

    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-rA"]
    command += ["--color=no", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=60"]
    result = subprocess.run(
        [*command, "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NASCOURSE_MNIST": "elsewhere.npz"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    outcomes = dict(
        reversed(pair)
        for pair in re.findall(
            r"^(PASSED|FAILED) faults.ipynb::Cell (\d)", result.stdout, re.MULTILINE
        )
    )
    expected = {str(k): outcome.upper() for k, (_, outcome) in enumerate(cells.values())}
    assert outcomes == expected, result.stdout + result.stderr
