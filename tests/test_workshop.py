"""What an instructor hands out and asks agrees with the units, and the page's commands are tried."""

from __future__ import annotations

import ast
import re
import shlex

import nbformat
import pytest

from nascourse import __main__
from notebooks.rules import ROOT

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
        r"^python -m nascourse (.+)$",
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


def test_the_cues_name_sections_that_are_there():
    page = (ROOT / "solutions" / "README.md").read_text(encoding="utf-8")
    known = {heading for unit in UNITS for heading in headings(unit)}
    rows = "\n".join(line for line in page.splitlines() if re.match(r"\| \d+ \|", line))
    named = {name.rstrip("?,") for name in re.findall(r'"([A-Z][^"]+)"', rows)}
    assert len(named) > 15
    assert not named - known
