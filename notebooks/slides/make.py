"""Slides of the units, from the executed notebooks; nothing is run.

``python -m notebooks.slides.make`` (or ``make slides``) writes ``build/slides/NN.html`` for each
unit, with ``02 06`` after it for these. A file is complete: it loads nothing from elsewhere.

`SLIDES` says what is shown besides the title and the summary:

===========================  ======================================================================
entry                        slides
===========================  ======================================================================
``02.a``                     a prediction: the question, and on the next slide its answer
``## How good is luck?``     the first list or table of a section; without one, its first text
``## Step 3``                the same of a step; without a list or table, what it asks
``def build_small_cnn``      the code cell with these words: its figure, or else the code, with its
                             output if that fits below
===========================  ======================================================================

nbconvert makes the page, with reveal.js (MIT license) as sphinx-revealjs brings it.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import nbformat
from docutils.utils.math.latex2mathml import tex2mathml
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from traitlets.config import Config

from nascourse._engine.files import atomic_write
from notebooks.rules import PREDICTED, ROOT

HERE = Path(__file__).parent
SLIDES = {
    "00": [
        "## How a notebook is run",
        "n_weights = ",
        "00.a",
        "## The digits",
        "plot_images(splits.x_train",
        "00.b",
        "plot_misread(",
        "## How exercises work",
        "## When something does not work",
    ],
    "01": [
        "## Why search, and where?",
        "## The three parts",
        "def search(propose",
        "01.b",
        "## What judges a network?",
        "01.c",
        "01.d",
        "01.e",
    ],
    "02": [
        "02.a",
        "def build_small_cnn",
        "02.b",
        "by_accuracy = ",
        "02.c",
        "plot_incumbent(",
        "02.d",
        "02.e",
    ],
    "03": ["03.a", "03.c", "03.d", "## Counting a space", "03.e", "03.f", "03.g"],
    "04": ["04.a", "04.b", "04.d", "def successive_halving", "04.f", "04.g", "04.h"],
    "05": ["# Unit 05", "def regularized_evolution", "05.c", "05.d", "05.e", "05.f", "05.g"],
    "06": [
        "## The well-known snippet",
        "06.a",
        "## A space of our own",
        "x = ak.ConvBlock(",
        "06.b",
        "draw_trie(names, drawn),",
        "06.c",
        "06.d",
    ],
    "07": ["07.a", "of_search = ", "07.b", "07.c", "07.d", "07.f", "07.g"],
    "08": ["08.a", "08.b", "08.c", "08.d", "08.f", "08.g"],
    "09": ["09.a", "09.c", "09.d", "09.e", "09.f", "09.g"],
    "10": ["10.a", "10.b", "10.d", "MACs, percent off", "10.e", "10.g", "10.h"],
    "11": [
        "## Step 1",
        "## Step 2",
        "## Step 3",
        "plot_trials(",
        "## Step 4",
        "11.a",
        "plot_confusion(",
        "## Step 7",
        "## How much was luck?",
        "promise = ",
    ],
    "12": ["12.a", "12.b", "12.c", "12.d", "12.e", "plan = pd.DataFrame(", "12.f"],
    "13": ["networks that it has not seen", "13.a", "13.b", "13.c", "13.d", "13.e"],
    "14": ["14.a", "14.b", "def attainment", "14.c", "14.e", "14.f", "14.g"],
}
MOST_LINES = 22  # of text that fit on a slide; a longer output is left to the notebook
MOST_ROWS = 10  # of an HTML table


def make(notebook: Path) -> str:
    """Return the page of the slides of an executed unit."""
    slides = select(nbformat.read(notebook, as_version=4), SLIDES[notebook.stem[:2]])
    reveal = (
        Path(importlib.util.find_spec("sphinx_revealjs").origin).parent / "_static/revealjs/dist"
    )
    resources = {
        "title": slides.metadata.title,
        "reveal_css": (reveal / "reveal.css").read_text(encoding="utf-8"),
        "reveal_js": (reveal / "reveal.js").read_text(encoding="utf-8"),
        "slides_css": (HERE / "slides.css").read_text(encoding="utf-8"),
    }
    exporter = SlidesExporter(
        Config(CSSHTMLHeaderPreprocessor={"style": "xcode"}),
        template_file="slides.html.j2",
        extra_template_paths=[str(HERE)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    page, _ = exporter.from_notebook_node(slides, resources=resources)
    return page


def select(nb: NotebookNode, entries: list[str]) -> NotebookNode:
    """Return a notebook of the chosen slides alone; each begins with a cell of type "slide"."""
    title, cells = _title(nb)
    for entry in entries:
        if re.fullmatch(r"\d\d\.[a-z]", entry):
            cells += _prediction(nb, entry)
        elif entry.startswith("#"):
            cells.append(_section(nb, entry))
        else:
            cells += _code(nb, entry)
    cells.append(_section(nb, "## Summary"))
    return new_notebook(cells=cells, metadata={**nb.metadata, "title": title})


def _title(nb: NotebookNode) -> tuple[str, list[NotebookNode]]:
    """The title of the unit, and a slide of it with the objectives as a list."""
    place = _place(nb, "# Unit")
    title, text = nb.cells[place].source.split("\n", 1)
    objectives = re.search(r"- \*\*Objectives\*\*: (.*?)\n- \*\*", text, re.DOTALL)[1]
    aims = "\n".join(f"- {each.strip()}" for each in objectives.split(";"))
    return title.strip("# "), [_slide(title.strip("# "), aims, level=1)]


def _section(nb: NotebookNode, heading: str) -> NotebookNode:
    """The first list or table of a section; without one, what a step asks, or else the first text."""
    place = _place(nb, heading)
    blocks = []
    for cell in nb.cells[place:]:
        if cell.cell_type == "markdown":
            if blocks and cell.source.startswith("#"):
                break
            blocks += _blocks(cell)
    chosen = [block for block in blocks if re.match(r"[-|]|1\. ", block)]
    chosen = [block for block in chosen if not block.startswith("- **Objectives")]
    if heading.startswith("## Step"):
        chosen += [block for block in blocks if re.match(r"\*\*(Decide|Change this)", block)]
    return _slide(_heading(nb, place), (chosen or blocks)[0])


def _prediction(nb: NotebookNode, id: str) -> Iterator[NotebookNode]:
    """The question of a prediction, with the text before it, then what came out."""
    place = _place(nb, f'compare("{id}"')
    asked = max(i for i in range(place) if "**Predict.**" in nb.cells[i].source)
    blocks = _blocks(nb.cells[asked])
    number = next(i for i, block in enumerate(blocks) if block.startswith("**Predict.**"))
    first = max(0, number - 1)
    if first and re.match("[-|]", blocks[first]):  # a list or a table with its own introduction
        first -= 1
    yield _slide(_heading(nb, place), *blocks[first : number + 1])

    outputs: list[NotebookNode] = []
    while PREDICTED in nb.cells[place].metadata.get("tags", []):
        outputs += nb.cells[place].outputs
        place += 1
    yield _slide(f"The answer: {_heading(nb, place - 1)}")
    yield _shown(outputs)
    if nb.cells[place].cell_type == "markdown":
        yield _text(_beginning(*_blocks(nb.cells[place])[:1]))


def _beginning(text: str = "", most: int = 260) -> str:
    """The first sentences of a text, as many as have this number of letters; one in brackets ends it."""
    kept = ""
    for sentence in re.split(r"(?<=[.!?*])\s+(?=[A-Z(])", text):
        if kept and (len(kept + sentence) > most or sentence.startswith("(")):
            break
        kept += sentence + " "
    return "" if kept.rstrip().endswith(":") else kept


def _code(nb: NotebookNode, words: str) -> Iterator[NotebookNode]:
    """The figure of a code cell; where there is none the code, with those outputs that fit below."""
    place = _place(nb, words)
    cell = nb.cells[place]
    figures = [output for output in cell.outputs if "<img" in _html(output)]
    below = MOST_LINES - len(cell.source.splitlines())
    fitting = [output for output in map(_output, cell.outputs) if output and _rows(output) <= below]
    yield _slide(_heading(nb, place))
    yield _shown(figures) if figures else new_code_cell(cell.source, outputs=fitting)


def _place(nb: NotebookNode, words: str) -> int:
    """The first cell that begins with a heading, or the first code cell with these words."""
    for place, cell in enumerate(nb.cells):
        is_text = cell.cell_type == "markdown"
        if (
            cell.source.startswith(words)
            if words.startswith("#")
            else not is_text and words in cell.source
        ):
            return place
    raise ValueError(f"No cell has {words!r}: see SLIDES in {Path(__file__).name}.")


def _heading(nb: NotebookNode, place: int) -> str:
    """The heading under which a cell stands."""
    headings = (cell.source for cell in nb.cells[place::-1] if re.match(r"##+ ", cell.source))
    return next(headings, "The question").partition("\n")[0].lstrip("# ")


def _blocks(cell: NotebookNode) -> list[str]:
    """The paragraphs, lists and tables of a text cell, without its headings."""
    return [block for block in re.split(r"\n\s*\n", cell.source) if not block.startswith("#")]


def _slide(heading: str, *blocks: str, level: int = 2) -> NotebookNode:
    """The first cell of a slide; its heading is HTML, as Markdown would give several one id."""
    cell = _text(f"<h{level}>{escape(heading)}</h{level}>", *blocks)
    cell.metadata["slideshow"] = {"slide_type": "slide"}
    return cell


def _text(*blocks: str) -> NotebookNode:
    """A text cell without links between units, and with formulas that need no script."""
    text = "\n\n".join(blocks)
    text = re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)
    return new_markdown_cell(re.sub(r"\$([^$]+)\$", lambda tex: tex2mathml(tex[1]), text))


def _shown(outputs: list[NotebookNode]) -> NotebookNode:
    """A code cell of which only the outputs are seen, those that fit."""
    fitting = [output for output in map(_output, outputs) if output]
    if any("<img" in _html(output) for output in fitting):  # then a table would be too much
        fitting = [o for o in fitting if "<img" in _html(o) or not _html(o)]
    cell = new_code_cell("", outputs=fitting)
    cell.metadata["transient"] = {"remove_source": True}
    return cell


def _output(output: NotebookNode) -> NotebookNode | None:
    """An output without the place of the learner's guess; None if it is empty or too long."""
    if html := _html(output):
        fits = "<img" in html or 0 < html.count("<tr") <= MOST_ROWS
        return output if fits and "<svg" not in html else None
    if output.output_type != "stream":
        return None
    lines = re.sub(
        r"^(Your guess|Next time).*\n?", "", output.text, flags=re.MULTILINE
    ).splitlines()
    for header, line in enumerate(lines):
        if match := re.search(r"your guess +(?=result)", line):
            begin, end = match.span()
            lines[header:] = [line[:begin] + line[end:] for line in lines[header:]]
            break
    return new_output("stream", text="\n".join(lines)) if 0 < len(lines) <= MOST_LINES else None


def _rows(output: NotebookNode) -> int:
    """The number of lines of a text, or of rows of a table."""
    return _html(output).count("<tr") or len(output.get("text", "").splitlines())


def _html(output: NotebookNode) -> str:
    return output.get("data", {}).get("text/html", "")


def main(argv: list[str] | None = None) -> int:
    """Write the slides of the units that are named, or of all; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m notebooks.slides.make", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "units", nargs="*", metavar="UNIT", choices=[[], *SLIDES], help="such as 02"
    )
    parser.add_argument("--into", metavar="DIR", type=Path, default=ROOT / "build" / "slides")
    options = parser.parse_args(argv)
    units = options.units or list(SLIDES)
    for unit in units:
        (notebook,) = ROOT.glob(f"notebooks/{unit}_*.ipynb")
        atomic_write(options.into / f"{unit}.html", make(notebook))
    print(f"Open {options.into / units[0]}.html; the arrow keys turn the page.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
