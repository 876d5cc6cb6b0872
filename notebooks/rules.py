"""What forbids showing a notebook to a learner: faults, leaks, and images without alt text."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from nbconvert.filters import markdown2html, strip_ansi
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
# Tags of a cell: its output answers a prediction; it must raise an exception.
PREDICTED, RAISES = "prediction-result", "raises-exception"
# Folders whose names differ between machines, and what else no output may hold.
FOLDERS = (ROOT, Path.home(), Path(sys.prefix), Path(tempfile.gettempdir()))
NAMES = "|".join(re.escape(folder.as_posix()) for folder in FOLDERS if folder.name)
LEAKS = {
    "a path of this machine": rf"(?<![\w.~-])(?:{NAMES})(?![\w.-])",
    "a memory address, which differs in every run": r"\b0x[0-9a-f]{8,}",
    "a script, which most viewers do not run": r"<script\b",
}


def problems(nb: NotebookNode) -> list[str]:
    """Return what forbids showing a notebook that was executed and cleaned: "cell 3: ..."."""
    cells = enumerate(nb.cells, start=1)
    return [f"cell {number}: {fault}" for number, cell in cells for fault in _faults(cell)]


def _faults(cell: NotebookNode) -> Iterator[str]:
    tags, outputs = cell.metadata.get("tags", []), cell.get("outputs", [])
    if "" in alt_texts(cell):
        yield "an image has no alt text"
    if PREDICTED in tags and not outputs:
        yield f"tagged {PREDICTED}, but shows nothing"
    if cell.metadata.get("nbgrader", {}).get("grade"):
        verdict = "".join(output.get("text", "") for output in outputs)
        if not verdict.startswith("✓"):
            yield f"the solution does not pass: {_first_line(verdict)}"
    errors = [output for output in outputs if output.output_type == "error"]
    if RAISES in tags and not errors:
        yield f"tagged {RAISES}, but nothing was raised"
    for error in errors if RAISES not in tags else ():
        yield f"{error.ename}: {_first_line(error.evalue)}"
    for output in outputs:
        if output.get("name") == "stderr":
            yield f"wrote to stderr: {_first_line(output.text)}"
        for fault, pattern in LEAKS.items():
            if match := re.search(f"^.*{pattern}.*$", _readable(output), re.MULTILINE):
                yield f"shows {fault}: {match[0].strip()[:100]}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _readable(output: NotebookNode) -> str:
    """All that can be read in an output, uncolored, with / for the backslash of Windows paths."""
    parts = [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
    for mime, value in output.get("data", {}).items():
        if not mime.startswith("image/") or mime == "image/svg+xml":
            parts.append(value if isinstance(value, str) else json.dumps(value))
    return re.sub(r"\\+", "/", strip_ansi("\n".join(parts)))


def alt_texts(cell: NotebookNode) -> list[str]:
    """Return the alt text of each image in a cell, ``""`` for an image without one.

    An image that is an output of its own has none: JupyterLab has no place for it.
    """
    pages = [markdown2html(cell.source)] if cell.cell_type == "markdown" else []
    texts = []
    for output in cell.get("outputs", []):
        pages += [value for mime, value in output.get("data", {}).items() if mime == "text/html"]
        texts += ["" for mime in output.get("data", {}) if mime.startswith("image/")]
    images = (image for page in pages for image in BeautifulSoup(page, "html.parser")("img"))
    return [*texts, *(image.get("alt", "").strip() for image in images)]
