"""What an instructor hands out and asks agrees with the units, and the page's commands are tried."""

from __future__ import annotations

import ast
import re
import shlex

import nbformat
import pytest

from nascourse import __main__
from notebooks.rules import ROOT
from notebooks.slides import make

UNITS = {path.stem[:2]: path for path in sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))}


def parts(name: str) -> dict[str, str]:
    """The text of a page of the instructors, by the number of the unit."""
    text = (ROOT / "solutions" / name).read_text(encoding="utf-8")
    return {part[:2]: part for part in text.split("\n## ")[1:]}


def headings(unit: str) -> list[str]:
    cells = nbformat.read(UNITS[unit], as_version=4).cells
    found = (
        re.findall(r"^##+ (.+)", c.source, re.MULTILINE) for c in cells if c.cell_type == "markdown"
    )
    return [heading.rstrip("?") for headings in found for heading in headings]


@pytest.mark.parametrize("unit", UNITS)
def test_a_handout_names_a_picture_of_its_unit_and_shows_code_that_can_be_read(unit):
    page = parts("handouts.md")[unit]
    (place,) = re.findall(r'\*The picture\*.*?under\s+"([^"]+)"', page, re.DOTALL)
    named = " ".join(place.split()).rstrip("?")
    assert any(heading.startswith(named) for heading in headings(unit)), named
    assert UNITS[unit].name in page
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    ast.parse(code)
    assert len(re.findall(r"^\d\. ", page, re.MULTILINE)) == 5


@pytest.mark.parametrize("unit", UNITS)
def test_a_poll_expects_one_of_its_answers_and_asks_at_a_place_of_the_unit(unit):
    questions = re.split(r"\n(?=\*\*\d\. )", parts("polls.md")[unit])[1:]
    assert 2 <= len(questions) <= 3
    for question in questions:
        offered = re.findall(r"^- ([A-D])\. ", question, re.MULTILINE)
        (expected,) = re.findall(r"^\*Expected: ([A-D])", question, re.MULTILINE)
        assert expected in offered
        for named in re.findall(r'\((?:after|at|before) "([^"]+)"\)', question):
            assert named.rstrip("?") in headings(unit), named


@pytest.mark.parametrize(
    "line",
    re.findall(
        r"^\.venv/bin/python -m nascourse (.+)$",
        (ROOT / "solutions" / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    ),
)
def test_the_command_line_knows_the_commands_of_the_page(line, capsys):
    command, *words = shlex.split(line, comments=True)
    with pytest.raises(SystemExit) as stopped:
        __main__.main([command, "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in words if word.startswith("--"))


def rows_of_the_plans() -> str:
    page = (ROOT / "solutions" / "README.md").read_text(encoding="utf-8")
    return "\n".join(line for line in page.splitlines() if re.match(r"\| [\d-]+ \|", line))


def test_the_plans_name_sections_that_are_there():
    known = {heading for unit in UNITS for heading in headings(unit)}
    named = {name.rstrip("?,") for name in re.findall(r'"([A-Z][^"]+)"', rows_of_the_plans())}
    assert len(named) > 15
    assert not named - known


def test_the_slides_have_the_answers_that_the_plans_name():
    shown = set()
    for unit, path in UNITS.items():
        cells = make.select(nbformat.read(path, as_version=4), make.SLIDES[unit]).cells
        shown |= {c.source for c in cells if c.source.startswith("<h2>The answer: ")}
    cues = re.findall(r"answers? of ([^|;]+)", rows_of_the_plans())
    named = {name for cue in cues for name in re.findall(r'"([^"]+)"', cue)}
    assert len(named) > 5
    assert not {f"<h2>The answer: {name}</h2>" for name in named} - shown
