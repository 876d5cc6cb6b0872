"""Each number in the prose of a unit is shown by one of its cells, or `claims` says where it comes from.

So a table or a recording that is made anew cannot leave a sentence behind: its numbers are no longer
among those that the cells print, and the test names them.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from claims import CITED, COMPUTED

ROOT = Path(__file__).resolve().parent.parent
UNITS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))

NUMBER = re.compile(r"(?<![\w.,/#^-])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
# What no cell shows: code, links, headings, the header's list, numbers of units.
NO_CLAIMS = [
    r"```.*?```",
    r"`[^`]*`",
    r"\]\([^)]*\)",
    r"\[[^\]\s]+\d[^\]\s]*\]",
    r"^#[^\n]*$",
    r"\b\d+ min\b",
    r"^- \*\*(?:Time|Cost|You need)\*\*.*?(?=^- |^$|\Z)",
    r"\b(?:unit|exercise|section|step|table|figure|algorithm|trial|cell)s?\s[\d.,\sandto]*\d\b",
]
NO_TEXT = re.compile(r'"data:[^"]*"|<style.*?</style>', re.DOTALL)
LAST_WORDS = ("## Further reading", "## Exercises")  # sections without claims


def prose(unit: nbformat.NotebookNode) -> list[str]:
    """The Markdown of a unit in which a number is a claim."""
    texts = []
    for cell in unit.cells:
        if cell.cell_type == "markdown" and not cell.source.startswith(LAST_WORDS):
            text = cell.source
            for pattern in NO_CLAIMS:
                text = re.sub(pattern, " ", text, flags=re.MULTILINE | re.DOTALL | re.IGNORECASE)
            texts.append(" ".join(text.split()))
    return texts


def numbers(text: str) -> list[tuple[int, float, float]]:
    """Where each number of a text stands, its value, and half of the last digit's place."""
    found = []
    for match in NUMBER.finditer(text):
        digits = match[0].replace(",", "")
        found.append((match.start(), float(digits), 0.5 * 10.0 ** -len(digits.partition(".")[2])))
    return found


def shown(unit: nbformat.NotebookNode) -> set[float]:
    """All numbers in the code and the outputs of a unit, shares as percentages as well."""
    texts = []
    for cell in unit.cells:
        if cell.cell_type == "code":
            texts.append(cell.source)
            for output in cell.outputs:
                texts.append(output.get("text", ""))
                data = output.get("data", {})
                texts.append(data.get("text/plain", ""))
                page = NO_TEXT.sub("", data.get("text/html", ""))
                texts += [re.sub("<[^>]*>", " ", page), *re.findall(r'alt="([^"]*)"', page)]
    values = {value for text in texts for _, value, _ in numbers(text)}
    return values | {100 * value for value in values if value <= 1}


def unknown(unit: nbformat.NotebookNode, claims: set[str]) -> tuple[list[str], set[str]]:
    """The numbers that nothing shows, in their words, and the claims that the prose makes."""
    values, missing, made = sorted(shown(unit)), [], set()
    for text in prose(unit):
        begins = {words: text.find(words) for words in claims if words in text}
        made |= begins.keys()
        for start, value, half in numbers(text):
            is_small = value in range(13) or value in range(1950, 2030)  # or a paper's year
            is_claimed = any(at <= start < at + len(words) for words, at in begins.items())
            is_shown = any(abs(other - value) <= half * (1 + 1e-9) for other in values)
            if not (is_small or is_claimed or is_shown):
                missing.append(text[max(0, start - 40) : start + 30])
    return missing, made


def computed(unit: str) -> set[str]:
    return {words.format(*values()) for words, values in COMPUTED.get(unit, {}).items()}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_each_number_in_prose_is_shown_computed_or_cited(path):
    claims = {*CITED.get(path.stem[:2], ()), *computed(path.stem[:2])}
    missing, made = unknown(nbformat.read(path, as_version=4), claims)
    assert missing == []
    assert claims - made == set(), "claims that the unit does not make, or makes with other numbers"


def test_a_number_that_nothing_shows_is_found():
    output = nbformat.v4.new_output("stream", text="tau is 0.789, in 3,744 of them\n")
    unit = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("print(tau)", outputs=[output]),
            nbformat.v4.new_markdown_cell(
                "## 17 reasons\nTau is 0.79 and not 0.78; it is 78.9 percent of 3,744, or 3,745, "
                "says unit 14 in `x[99]` (White et al. 2021, 31 predictors).\n"
            ),
        ]
    )
    missing, made = unknown(unit, {"31 predictors", "never said"})
    assert len(missing) == 2 and "0.78; it" in missing[0] and "3,745, says" in missing[1]
    assert made == {"31 predictors"}
