"""Notebooks from their text sources, which are in jupytext's percent format.

==============================  ========================  =========================================
source                          notebook                  what it is
==============================  ========================  =========================================
``notebooks/source/NN_x.py``    ``notebooks/NN_x.ipynb``  a unit, executed
``solutions/source/NN_x.py``    ``solutions/NN_x.ipynb``  the solutions of its exercises, executed
the same                        ``exercises/NN_x.ipynb``  the same without solutions, not executed
==============================  ========================  =========================================

``python -m notebooks.build`` (or ``make notebooks``) makes them all, with ``02 06`` after it these
units only, with ``solutions/02`` one source. ``--exercises`` (or ``make exercises``) makes the
exercises alone, and ``--check`` says which notebooks no longer agree with their source; both execute
nothing.

A notebook is written only if a learner may see it: no error, nothing on stderr, alt text for every
image, no path of this machine; and a solution only if it passes its check. Otherwise the old file
stays. Building twice gives the same bytes, as far as the outputs themselves repeat.

A picture ``![alt](drawing.svg)`` beside a source becomes a part of the notebook. Below the title of
each notebook come the cells of `notebooks.launch`, which bring the course to Colab.

A source of solutions has a heading ``## Exercise 2.1: title`` for each exercise. What stands in its
code cells between the lines ``### BEGIN SOLUTION`` and ``### END SOLUTION`` is the solution. One
later cell calls ``check("02.1", ...)``. nbgrader gets its metadata from that.

jupytext reads, nbclient executes, nbconvert's preprocessors change cells. Our own are the ids, which
follow the content where theirs are random; the exercises, as nbgrader's preprocessor needs all of
nbgrader and knows one stub for every solution; and the search for leaks, missing alt texts and
failed solutions, which no library has.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import difflib
import hashlib
import os
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import preprocessors
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from nascourse._engine.files import atomic_write, data_uri
from notebooks import launch
from notebooks.rules import PREDICTED, ROOT, problems

CELL_TIMEOUT = 300  # seconds
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"
# nbgrader's own markers, which a learner never sees
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SOLUTION = re.compile(rf"^( *){BEGIN}\n(.*?)^ *{END}$\n?", re.MULTILINE | re.DOTALL)
COMPARED = "nbval-check-output"  # the tag of a cell whose output a run of the tests compares
COVER = new_output("display_data", {"text/plain": "Run this cell to see the answer."})


# Sources and what is made of them


def sources(root: Path = ROOT) -> list[Path]:
    """Return the text sources of the course: those of the units, then those of the solutions."""
    folders = ("notebooks", "solutions")
    return [path for name in folders for path in sorted(root.glob(f"{name}/source/*.py"))]


def has_solutions(source: Path) -> bool:
    """Return whether a source is one of solutions, not of a unit."""
    return source.parent.parent.name == "solutions"


def notebook_path(source: Path) -> Path:
    """Return the notebook that belongs to a source: one folder up, same name."""
    return source.parent.parent / f"{source.stem}.ipynb"


def exercise_path(source: Path) -> Path:
    """Return the notebook of exercises that belongs to a source of solutions."""
    return source.parent.parent.parent / "exercises" / f"{source.stem}.ipynb"


def read_source(path: Path) -> NotebookNode:
    """Read a text source into a notebook without outputs.

    The cells of solutions get nbgrader's metadata, those of a unit say where a slide begins. The
    name of the file starts with the unit, as in ``02_topic.py``.
    """
    nb = jupytext.read(path, fmt="py:percent")
    nb.nbformat_minor = 5  # the first version of the format with cell ids
    nb.metadata = nbformat.from_dict(METADATA)
    _embed_pictures(nb, path.parent)
    if has_solutions(path):
        _mark_for_nbgrader(nb)
    else:
        _cut_into_slides(nb)
    return _name_cells(_apply(nb, FoldPredictions()), path)


def to_exercise(nb: NotebookNode, source: Path) -> NotebookNode:
    """Return a copy without solutions and outputs of what `read_source` gives for solutions."""
    steps = preprocessors.ClearOutputPreprocessor(), RemoveSolutions()
    return _name_cells(_apply(copy.deepcopy(nb), *steps), source)


def read_notebooks(source: Path) -> tuple[dict[Path, NotebookNode], list[str]]:
    """Return the notebooks of a source by their paths, not executed, and what forbids making them.

    A unit has one notebook. Solutions have exercises as well, which may show no line of them.
    """
    nb = read_source(source)
    notebooks, faults = {notebook_path(source): nb}, []
    if has_solutions(source):
        notebooks[exercise_path(source)] = exercise = to_exercise(nb, source)
        faults = exercise_faults(nb) + _leaks(nb, exercise)
    for path, made in notebooks.items():
        launch.begin(made, path)
    return notebooks, faults


def _leaks(nb: NotebookNode, exercise: NotebookNode) -> list[str]:
    shown = "\n".join(cell.source for cell in exercise.cells)
    leaks = [line for line in solution_lines(nb) if line in shown]
    return [f"the exercise shows a line of its solution: {line}" for line in leaks]


def solution_lines(nb: NotebookNode) -> list[str]:
    """Return the lines of the solutions that give something away: of 12 characters or more."""
    solutions = (match[2] for cell in nb.cells for match in SOLUTION.finditer(cell.source))
    lines = (line.strip() for solution in solutions for line in solution.splitlines())
    return [line for line in lines if len(line) >= 12]


def _by_exercise(nb: NotebookNode) -> Iterator[tuple[NotebookNode, str]]:
    """Each cell with the number of the exercise that it belongs to, such as 2.1; "" for none."""
    number = ""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^##? .*", cell.source, re.MULTILINE):
                match = re.match(r"## Exercise (\d+\.\d)\b", heading)
                number = match[1] if match else ""
        yield cell, number


def _parts(cell: NotebookNode) -> list[str]:
    """What a cell contributes to an exercise: "solution", "check 02.1", both or nothing."""
    if cell.cell_type != "code":
        return []
    checks = re.findall(r"""\bcheck\(\s*["'](.+?)["']""", cell.source)
    return ["solution"] * bool(SOLUTION.search(cell.source)) + [f"check {id}" for id in checks]


def exercise_faults(nb: NotebookNode) -> list[str]:
    """Return what forbids making exercises of a notebook of solutions, a sentence a fault."""
    faults = []
    exercises = defaultdict(list)
    for position, (cell, number) in enumerate(_by_exercise(nb), start=1):
        rest = SOLUTION.sub("", cell.source) if cell.cell_type == "code" else cell.source
        if re.search("(BEGIN|END) SOLUTION", rest):
            faults.append(
                f"cell {position}: {BEGIN} and {END} must alternate, a line each, in code"
            )
        exercises[number] += [" and ".join(parts)] if (parts := _parts(cell)) else []
    for number, parts in exercises.items():
        solutions = ["solution"] * max(1, len(parts) - 1)
        wanted = [*solutions, f"check {number.zfill(4)}"] if number else []
        if parts != wanted:
            faults.append(f"exercise {number or '-'} has the cells {parts}, not {wanted}")
    return faults


# What is done to the cells


def _apply(nb: NotebookNode, *steps: preprocessors.Preprocessor) -> NotebookNode:
    for step in steps:
        nb, _ = step.preprocess(nb, {})
    return nb


def _name_cells(nb: NotebookNode, source: Path) -> NotebookNode:
    """Make each id of the unit and the cell's content, so it stays when other cells come and go."""
    unit = source.stem.partition("_")[0]
    seen: Counter[str] = Counter()
    for cell in nb.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        cell.id = _numbered(f"{unit}-{digest}", seen)
    return nb


def _numbered(name: str, seen: Counter[str]) -> str:
    """The name, from its second use on with a number."""
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}-{seen[name]}"


def _embed_pictures(nb: NotebookNode, folder: Path) -> None:
    """Put SVG files that stand beside the source into the texts, which then need no file."""

    def embedded(match: re.Match) -> str:
        # As HTML: some readers of Markdown, VS Code's among them, refuse an address that holds SVG.
        source = data_uri((folder / match[2]).read_bytes(), "image/svg+xml")
        return f'<img alt="{match[1]}" src="{source}">'

    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"!\[(.*)\]\((\w+\.svg)\)", embedded, cell.source)


def _cut_into_slides(nb: NotebookNode) -> None:
    """Let each heading begin a cell and a slide; each further step of the lesson goes below it.

    What to read after the exercises stays in their cell.
    """
    cells: list[NotebookNode] = []
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            texts = re.split(r"\n+(?=##+ (?!Further reading\n))", cell.source)
            cells += [new_markdown_cell(text, metadata=dict(cell.metadata)) for text in texts]
        else:
            cells.append(cell)
    nb.cells = cells
    for before, cell in zip([None, *cells], cells):
        if cell.cell_type == "markdown":
            kind = "slide" if re.match(r"##? ", cell.source) else "subslide"
        else:  # a step is a text with its code
            kind = "-" if before and before.cell_type == "markdown" else "subslide"
        cell.metadata.setdefault("slideshow", {"slide_type": kind})


def _mark_for_nbgrader(nb: NotebookNode) -> None:
    """Say which cells hold solutions and which are graded, and have the latter compared."""
    seen: Counter[str] = Counter()
    for cell, number in _by_exercise(nb):
        if not (parts := _parts(cell)):
            continue
        graded = "solution" not in parts
        name = f"{'check' if graded else 'answer'}-{number.zfill(4).replace('.', '-')}"
        cell.metadata["nbgrader"] = {
            "grade": graded,
            "grade_id": _numbered(name, seen),
            "locked": graded,
            **({"points": 1} if graded else {}),
            "schema_version": 3,
            "solution": not graded,
            "task": False,
        }
        if graded:
            cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), COMPARED})


class RemoveSolutions(preprocessors.Preprocessor):
    """Makes exercises of solutions.

    An indented solution becomes ``raise NotImplementedError("Exercise 2.1")``. One at the margin
    goes, as the line above it has the blank that it fills.
    """

    def preprocess(self, nb, resources):
        for cell, number in _by_exercise(nb):
            stub = f'raise NotImplementedError("Exercise {number}")\n'
            cell.source = SOLUTION.sub(
                lambda match, stub=stub: match[1] and match[1] + stub, cell.source
            ).strip("\n")
            # without outputs there is nothing to compare
            if tags := [tag for tag in cell.metadata.pop("tags", []) if tag != COMPARED]:
                cell.metadata["tags"] = tags
        return nb, resources


class FoldPredictions(preprocessors.Preprocessor):
    """Folds the output that answers a prediction; JupyterLab opens it when the cell is run.

    JupyterLab shows the first line of what is folded, so a line that gives nothing away goes before.
    """

    def preprocess_cell(self, cell, resources, index):
        if PREDICTED in cell.metadata.get("tags", []):
            cell.metadata |= {"collapsed": True, "jupyter": {"outputs_hidden": True}}
            cell.outputs = [COVER, *cell.outputs] if cell.outputs else []
        return cell, resources


class CleanOutputs(preprocessors.Preprocessor):
    """Removes what cannot be shown or differs from run to run.

    Widgets go, as they are dead without a kernel; their HTML or text stays. Of an expected error
    the last line stays. What a progress bar leaves that has cleared itself goes.
    """

    def preprocess_cell(self, cell, resources, index):
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("text", "shown").strip()]
        return cell, resources


# Executing


def kernel_environment() -> dict[str, str]:
    """Return this process's environment without what would change a notebook's outputs."""
    # With PYTEST_CURRENT_TEST, ipykernel hides what compiled code writes to stderr.
    unset = {"NASCOURSE_MNIST", "MPLBACKEND", "PYTEST_CURRENT_TEST"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    ours = dict.fromkeys(["NASCOURSE_OPENINGS", "NASCOURSE_PROGRESS", "NASCOURSE_WIDGETS"], "off")
    return {**inherited, "COLUMNS": "100", **ours}


def execute(nb: NotebookNode) -> NotebookNode:
    """Run a notebook in a fresh kernel, in place, and print each cell's time.

    It runs in an empty folder, where no search of an earlier run would be taken up again.

    Stops at the first cell that fails, unless it is tagged ``raises-exception``; the error stands in
    its outputs. A cell that runs out of time or kills the kernel raises `CellTimeoutError` or
    `DeadKernelError`.
    """
    began = 0.0

    def before(cell_index: int, **_: object) -> None:
        nonlocal began
        began = time.perf_counter()
        print(f"  cell {cell_index + 1} of {len(nb.cells)}: ", end="", flush=True)

    def after(**_: object) -> None:
        print(f"{time.perf_counter() - began:.1f} s", flush=True)

    client = NotebookClient(
        nb,
        kernel_name="python3",
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],  # the kernel warns of its local sockets
        on_cell_execute=before,
        on_cell_executed=after,
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as root:
        folder = Path(root) / "notebooks"
        folder.mkdir()
        client.resources = {"metadata": {"path": str(folder)}}
        with contextlib.suppress(CellExecutionError):
            client.execute(env=kernel_environment())
    return nb


def clean(nb: NotebookNode) -> NotebookNode:
    """Remove, in place, what differs from run to run or from machine to machine.

    Pieces of a stream become one, as the screen showed them after carriage returns.
    """
    nb.metadata = nbformat.from_dict(METADATA)
    steps = preprocessors.CoalesceStreamsPreprocessor(), CleanOutputs(), FoldPredictions()
    return _apply(nb, *steps)


# Building and checking


def build(source: Path, *, only_exercises: bool = False) -> list[str]:
    """Write the notebooks of a source, executed; return what forbade writing any of them."""
    notebooks, faults = read_notebooks(source)
    path = notebook_path(source)
    if only_exercises:
        del notebooks[path]
    elif not faults:
        try:
            faults = problems(clean(execute(notebooks[path])))
        except (CellTimeoutError, DeadKernelError) as error:
            faults = [f"{type(error).__name__}: {error}"]
    for path, nb in notebooks.items() if not faults else ():
        nbformat.validate(nb)
        atomic_write(path, nbformat.writes(nb) + "\n")
    return faults


def check(source: Path) -> list[str]:
    """Return the lines in which committed notebooks depart from their source, outputs aside."""
    notebooks, faults = read_notebooks(source)
    for path, nb in notebooks.items():
        name = f"{path.parent.name}/{path.name}"
        if not path.exists():
            faults.append(f"{name} is missing")
            continue
        committed = nbformat.read(path, as_version=4)
        _apply(committed, preprocessors.ClearOutputPreprocessor(remove_metadata_fields=set()))
        old, new = (nbformat.writes(book).splitlines() for book in (committed, nb))
        faults += difflib.unified_diff(old, new, name, "as built", n=0, lineterm="")
    return faults


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    """Build or check notebooks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m notebooks.build", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "units", nargs="*", metavar="UNIT", help="02, solutions/02; all if not given"
    )
    parser.add_argument("--exercises", action="store_true", help="write exercises, execute nothing")
    parser.add_argument("--check", action="store_true", help="compare only, execute nothing")
    args = parser.parse_args(argv)

    available = [path for path in sources(root) if has_solutions(path) or not args.exercises]
    for unit in args.units:
        if not any(_goes_by(unit, source) for source in available):
            parser.error(f"no source for {unit!r}; there are: {', '.join(map(_label, available))}")
    faults = []
    for source in available:
        if args.units and not any(_goes_by(unit, source) for unit in args.units):
            continue
        print(_label(source), flush=True)
        found = check(source) if args.check else build(source, only_exercises=args.exercises)
        print("  not as it should be" if found else "  done", flush=True)
        faults += [f"{_label(source)}: {fault}" for fault in found]
    print(*faults, sep="\n", file=sys.stderr, end="\n" if faults else "")
    return 1 if faults else 0


def _label(source: Path) -> str:
    return f"{source.parent.parent.name}/{source.stem}"


def _goes_by(name: str, source: Path) -> bool:
    """Whether a source is meant by 02, 02_topic, solutions/02 or solutions/02_topic."""
    return f"/{name}_" in f"/{_label(source)}_"


if __name__ == "__main__":
    sys.exit(main())
