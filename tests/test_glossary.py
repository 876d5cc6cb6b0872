"""What leads a learner around: the glossary, and the map of units in unit 00."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from notebooks import build

FOLDER = build.ROOT / "notebooks"
ENTRY = r"- \*\*(?P<term>[^*]+)\*\*: (?P<text>.+?\.)(?: \[Unit (?P<unit>\d\d)\]\((?P<link>\S+)\))?"


def entries() -> list[re.Match]:
    lines = (FOLDER / "glossary.md").read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(ENTRY, line) for line in lines if line.startswith("- ")]
    assert all(found), [line for line in lines if line.startswith("- ")][found.index(None)]
    return found


def sections(path: Path) -> list[tuple[str, str]]:
    """Return the headings of a notebook as JupyterLab's anchors, each with the text below it."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    parts = re.split(r"^#{1,6} +(.*)$", text, flags=re.MULTILINE)[1:]
    return [
        (re.sub(r"[`*]", "", title).replace(" ", "-"), body)
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def plain(term: str) -> str:
    """Return a term without what may differ where it is explained: plural, capital, short form.

    >>> plain("Zero-cost proxies"), plain("FLOPs"), plain("multiply-accumulate (MAC)")
    ('zero-cost proxy', 'fLOP', 'multiply-accumulate')
    """
    term = re.sub(r" \(.*\)|[.:]$", "", term)
    return re.sub(r"ies$", "y", term[:1].lower() + term[1:]).removesuffix("s")


def explained(anchor: str, text: str) -> set[str]:
    """Return what a section explains: its words in bold, and its own heading."""
    bold = (" ".join(term.split()) for term in re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL))
    return {plain(term) for term in [*bold, anchor.replace("-", " ")]}


TERMS = [entry["term"] for entry in entries()]
UNITS = {path.stem: sections(path) for path in sorted(FOLDER.glob("*.ipynb"))}


def test_terms_are_sorted_and_there_once():
    assert [term.casefold() for term in TERMS] == sorted(term.casefold() for term in TERMS)
    assert len(set(TERMS)) == len(TERMS)


@pytest.mark.parametrize("entry", entries(), ids=TERMS)
def test_entry_leads_to_the_first_explanation(entry):
    first = next(
        (
            f"{unit}.ipynb#{anchor}"
            for unit, parts in UNITS.items()
            for anchor, text in parts
            if plain(entry["term"]) in explained(anchor, text)
        ),
        None,
    )
    assert entry["link"] == first
    assert (entry["unit"] or "") == (first or "")[:2]
    assert first or "to come" in entry["text"], "no unit explains it, so say that one is to come"


def test_the_map_says_what_the_headers_say():
    """Question, minutes and needed units of each unit after 00."""
    (rows,) = (text for anchor, text in UNITS["00_start_here"] if anchor == "The-map")
    found = re.findall(r"^\| \[.+?\]\((\S+)\.ipynb\) \| (.+?) \| (\d+ min) \|", rows, re.MULTILINE)
    expected = []
    for unit, [(title, header), *_] in UNITS.items():
        question = title.replace("-", " ").partition(": ")[2]
        minutes = re.search(r"\*\*Time\*\*: (\d+ min)", header)[1]
        expected.append((unit, question, minutes))
    assert found == expected[1:]
