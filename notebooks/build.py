"""Notebooks from their text sources.

``python -m notebooks.build`` (or ``make notebooks``) reads the sources, in jupytext's percent
format, and writes three folders:

==============================  ========================  =========================================
source                          notebook                  what it is
==============================  ========================  =========================================
``notebooks/source/NN_x.py``    ``notebooks/NN_x.ipynb``  a unit, executed
``solutions/source/NN_x.py``    ``solutions/NN_x.ipynb``  the solutions of its exercises, executed
the same                        ``exercises/NN_x.ipynb``  the same without solutions, not executed
==============================  ========================  =========================================

``02 06`` after it builds these units only, ``solutions/02`` one source; ``--exercises`` (or ``make
exercises``) writes the exercises alone; ``--check`` says which committed notebooks no longer agree
with their source. The last two execute nothing.

A notebook is written only if a learner may see it: no error, nothing on stderr, alt text for every
image, no path of this machine; and a solution only if it passes its check. Otherwise the old file
stays. Building twice gives the same bytes, as far as the outputs themselves repeat.

A source of solutions has a heading ``## Exercise 2.1: title`` for each exercise. What stands in its
code cells between the lines ``### BEGIN SOLUTION`` and ``### END SOLUTION`` is the solution. One
later cell calls ``check("02.1", ...)``. nbgrader gets its metadata from that.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import importlib.util
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nascourse._engine.files import atomic_write

if TYPE_CHECKING:
    from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 300  # seconds
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# What a front end or an executor leaves in a cell: it differs from run to run.
VOLATILE = ("collapsed", "execution", "papermill", "scrolled")
# nbgrader's own markers, which a learner never sees
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
MARKER = r"(BEGIN|END) SOLUTION"
COMPARED = "nbval-check-output"  # the tag of a cell whose output a run of the tests compares
WIDGET = "application/vnd.jupyter.widget-view+json"


def sources(root: Path = ROOT) -> list[Path]:
    """Return the text sources of the course: those of the units, then those of the solutions."""
    return [
        path
        for folder in ("notebooks", "solutions")
        for path in sorted(root.glob(f"{folder}/source/*.py"))
    ]


def notebook_path(source: Path) -> Path:
    """Return the notebook that belongs to a source: one folder up, same name."""
    return source.parent.parent / f"{source.stem}.ipynb"


def exercise_path(source: Path) -> Path:
    """Return the notebook of exercises that belongs to a source of solutions."""
    return source.parent.parent.parent / "exercises" / f"{source.stem}.ipynb"


def has_solutions(source: Path) -> bool:
    """Return whether a source is one of solutions, not of a unit."""
    return source.parent.parent.name == "solutions"


def read_source(path: Path) -> NotebookNode:
    """Read a text source into a notebook without outputs.

    A cell's id is made of the unit and the cell's content, so it does not change when other cells
    come and go. The n-th cell with the same content gets the suffix ``-n``. The cells of solutions
    get nbgrader's metadata, those of a unit say where a slide begins.

    Parameters
    ----------
    path : Path
        A file in jupytext's percent format; its name starts with the unit, as in ``02_topic.py``.

    Returns
    -------
    NotebookNode
    """
    import jupytext
    import nbformat

    nb = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    nb.nbformat_minor = 5  # the first version of the format with cell ids
    nb.metadata = nbformat.from_dict(METADATA)
    if has_solutions(path):
        _mark(nb)
    else:
        _cut_into_slides(nb)
    return _with_ids(nb, path)


def _cut_into_slides(nb: NotebookNode) -> None:
    """Let each heading begin a cell and a slide; each further step of the lesson goes below it."""
    from nbformat.v4 import new_markdown_cell

    cells: list[NotebookNode] = []
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            parts = re.split(r"\n+(?=##+ )", cell.source)
            cells += [new_markdown_cell(part, metadata=dict(cell.metadata)) for part in parts]
        else:
            cells.append(cell)
    for before, cell in zip([None, *cells], cells):
        if cell.cell_type == "markdown":
            kind = "slide" if re.match(r"##? ", cell.source) else "subslide"
        else:  # a step is a text with its code
            kind = "-" if before is not None and before.cell_type == "markdown" else "subslide"
        cell.metadata.setdefault("slideshow", {"slide_type": kind})
    nb.cells = cells


def _with_ids(nb: NotebookNode, source: Path) -> NotebookNode:
    seen: Counter[str] = Counter()
    for cell in nb.cells:
        content = f"{cell.cell_type}\n{cell.source}".encode()
        digest = hashlib.sha256(content).hexdigest()[:8]
        seen[digest] += 1
        cell.id = f"{_unit(source)}-{digest}" + (f"-{seen[digest]}" if seen[digest] > 1 else "")
    return nb


def _unit(source: Path) -> str:
    return source.stem.partition("_")[0]


def _by_exercise(nb: NotebookNode) -> Iterator[tuple[NotebookNode, str]]:
    """Each cell with the number of the exercise that it belongs to, such as 2.1; "" for none."""
    number = ""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^##? .*", cell.source, re.MULTILINE):
                found = re.match(r"## Exercise (\d+\.\d)\b", heading)
                number = found[1] if found else ""
        yield cell, number


def _checked(cell: NotebookNode) -> list[str]:
    """The exercises that a cell checks: ["02.1"]."""
    return re.findall(r"""\bcheck\(\s*["'](.+?)["']""", _code(cell))


def _code(cell: NotebookNode) -> str:
    return cell.source if cell.cell_type == "code" else ""


def _mark(nb: NotebookNode) -> None:
    """Give the cells of solutions what nbgrader needs to know, and have checks compared."""
    seen: Counter[str] = Counter()
    for cell, number in _by_exercise(nb):
        kind = "answer" if BEGIN in _code(cell) else "check" if _checked(cell) else ""
        if not kind:
            continue
        name = f"{kind}-{number.zfill(4).replace('.', '-')}"
        seen[name] += 1
        if seen[name] > 1:  # the second cell with an answer to the same exercise
            name += f"-{seen[name]}"
        grade = kind == "check"
        cell.metadata["nbgrader"] = {
            "grade": grade,
            "grade_id": name,
            "locked": grade,
            **({"points": 1} if grade else {}),
            "schema_version": 3,
            "solution": not grade,
            "task": False,
        }
        if grade:
            cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), COMPARED})


def exercise_faults(nb: NotebookNode) -> list[str]:
    """Return what forbids making exercises from solutions.

    Parameters
    ----------
    nb : NotebookNode
        What `read_source` gives for a source of solutions.

    Returns
    -------
    list of str
        One sentence for each fault.
    """
    found = []
    solved: set[str] = set()
    checks: Counter[str] = Counter()
    for position, (cell, number) in enumerate(_by_exercise(nb), start=1):
        marks = [line.strip() for line in cell.source.splitlines() if re.search(MARKER, line)]
        checked = _checked(cell)
        if marks and (cell.cell_type != "code" or marks != [BEGIN, END] * (len(marks) // 2)):
            found.append(
                f"cell {position}: {BEGIN} and {END} do not alternate, a line each, in code"
            )
        elif marks and not number:
            found.append(f"cell {position}: a solution outside an exercise")
        elif marks and checked:
            found.append(f"cell {position}: the check needs a cell of its own")
        elif checked and checked != [number.zfill(4)]:
            found.append(
                f"cell {position}: checks {', '.join(checked)} in exercise {number or '-'}"
            )
        solved.update([number] if marks else [])
        checks.update([number] if checked else [])
    for number in dict.fromkeys(number for _, number in _by_exercise(nb) if number):
        if number not in solved:
            found.append(f"exercise {number} has no {BEGIN}")
        if checks[number] != 1:
            found.append(f"exercise {number} has {checks[number]} cells with a check, not one")
    return found


def to_exercise(nb: NotebookNode, source: Path) -> NotebookNode:
    """Return a notebook of solutions without solutions and outputs.

    An indented solution becomes ``raise NotImplementedError("Exercise 2.1")``. One at the margin
    goes, as the line above it has the blank that it fills.

    Parameters
    ----------
    nb : NotebookNode
        Has no `exercise_faults`.
    source : Path
        The text source of `nb`.

    Returns
    -------
    NotebookNode
    """
    nb = copy.deepcopy(nb)
    for cell, number in _by_exercise(nb):
        if cell.cell_type != "code":
            continue
        cell.source = _without_solutions(cell.source, number)
        cell.outputs, cell.execution_count = [], None
        if tags := [tag for tag in cell.metadata.pop("tags", []) if tag != COMPARED]:
            cell.metadata["tags"] = tags
    return _with_ids(nb, source)


def _without_solutions(code: str, number: str) -> str:
    kept, hidden = [], False
    for line in code.splitlines():
        if line.strip() == BEGIN:
            hidden = True
            if indent := line[: -len(line.lstrip())]:
                kept.append(f'{indent}raise NotImplementedError("Exercise {number}")')
        elif line.strip() == END:
            hidden = False
        elif not hidden:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def read_exercise(source: Path) -> tuple[NotebookNode, list[str]]:
    """Return the exercises of a source of solutions, and what forbids showing them.

    Parameters
    ----------
    source : Path

    Returns
    -------
    exercise : NotebookNode
    faults : list of str
        The `exercise_faults`, and each line of a solution that the exercise shows, whole or within
        another line.
    """
    solution = read_source(source)
    exercise = to_exercise(solution, source)
    shown = "\n".join(cell.source for cell in exercise.cells)
    leaks = [line for line in solution_lines(solution) if line in shown]
    return exercise, [
        *exercise_faults(solution),
        *(f"the exercise shows a line of its solution: {line}" for line in leaks),
    ]


def solution_lines(nb: NotebookNode) -> list[str]:
    """Return the lines of the solutions that tell something: those of 12 characters or more."""
    code = "\n".join(map(_code, nb.cells))
    regions = re.findall(rf"{BEGIN}\n(.*?){END}", code, re.DOTALL)
    lines = (line.strip() for region in regions for line in region.splitlines())
    return [line for line in lines if len(line) >= 12]


def kernel_environment() -> dict[str, str]:
    """Return this process's environment without what would change a notebook's outputs."""
    # With PYTEST_CURRENT_TEST, ipykernel hides what compiled code writes to stderr.
    unset = {"NASCOURSE_MNIST", "MPLBACKEND", "PYTEST_CURRENT_TEST"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return {**kept, "COLUMNS": "100", "NASCOURSE_PROGRESS": "off", "NASCOURSE_WIDGETS": "off"}


def execute(nb: NotebookNode, folder: Path) -> NotebookNode:
    """Run a notebook in a fresh kernel, in place, and print each cell's time.

    Stops at the first cell that fails, runs out of time or kills the kernel; the failure stands as
    an error output in that cell. A cell tagged ``raises-exception`` may raise.

    Parameters
    ----------
    nb : NotebookNode
    folder : Path
        The kernel's working directory.

    Returns
    -------
    NotebookNode
        `nb` itself.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from nbformat.v4 import new_output

    running, began = None, 0.0

    def before(cell: NotebookNode, cell_index: int) -> None:
        nonlocal running, began
        running, began = cell, time.perf_counter()
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
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=before,
        on_cell_executed=after,
    )
    try:
        client.execute(env=kernel_environment())
    except CellExecutionError:
        pass  # the kernel has put the error into the cell
    except (CellTimeoutError, DeadKernelError) as error:
        if running is None:
            raise
        after()
        running.execution_count = None  # it did not end
        running.outputs = [new_output("error", ename=type(error).__name__, evalue=str(error))]
    return nb


def clean(nb: NotebookNode) -> NotebookNode:
    """Remove, in place, what differs from run to run or from machine to machine.

    Timings and the kernel's version go. Consecutive pieces of a stream become one, as the screen
    showed them after carriage returns. Widgets go, as they are dead without a kernel; their HTML or
    text stays. Of an expected error the last line stays.

    Parameters
    ----------
    nb : NotebookNode

    Returns
    -------
    NotebookNode
        `nb` itself.
    """
    import nbformat

    nb.metadata = nbformat.from_dict(METADATA)
    for cell in nb.cells:
        for name in VOLATILE:
            cell.metadata.pop(name, None)
        if cell.cell_type == "code":
            cell.outputs = _clean_outputs(cell.outputs)
    return nb


def _clean_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream":
            if kept and kept[-1].get("name") == output.name:
                kept[-1].text += output.text
                continue
        elif output.output_type == "error":
            output.traceback = [f"{output.ename}: {output.evalue}"]
        else:
            output.data.pop(WIDGET, None)
        kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = re.sub(r"^.*\r(?=[^\n])", "", output.text, flags=re.MULTILINE)
    # A progress bar that has cleared itself leaves blanks.
    return [output for output in kept if output.output_type != "stream" or output.text.strip()]


def problems(nb: NotebookNode) -> list[str]:
    """Return what forbids showing an executed notebook to a learner.

    Parameters
    ----------
    nb : NotebookNode
        After `execute` and `clean`.

    Returns
    -------
    list of str
        One sentence each, which starts with the number of the cell, counted from 1 over all cells.
    """
    return [
        f"cell {number}: {fault}"
        for number, cell in enumerate(nb.cells, start=1)
        for fault in _faults(cell)
    ]


def _faults(cell: NotebookNode) -> Iterator[str]:
    if "" in alt_texts(cell):
        yield "an image has no alt text"
    outputs = cell.get("outputs", [])
    if cell.metadata.get("nbgrader", {}).get("grade"):
        said = "".join(output.get("text", "") for output in outputs)
        if not said.startswith("✓"):
            yield f"the solution does not pass: {_first_line(said)}"
    errors = [output for output in outputs if output.output_type == "error"]
    # Without an execution count the cell did not end: a time-out is never what the tag means.
    may_raise = "raises-exception" in cell.metadata.get("tags", []) and cell.execution_count
    if may_raise and not errors:
        yield "tagged raises-exception, but nothing was raised"
    for error in errors if not may_raise else ():
        yield f"{error.ename}: {_first_line(error.evalue)}"
    for output in outputs:
        if output.get("name") == "stderr":
            yield f"wrote to stderr: {_first_line(output.text)}"
        lines = _readable_lines(output)
        for pattern, fault in (
            (_machine_paths(), "shows a path of this machine"),
            (r"\b0x[0-9a-f]{8,}", "shows a memory address, which differs in every run"),
            (r"<script\b", "holds a script, which most viewers do not run"),
        ):
            if found := [line for line in lines if re.search(pattern, line)]:
                yield f"{fault}: {found[0].strip()[:100]}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _readable_lines(output: NotebookNode) -> list[str]:
    """All that can be read in an output, uncolored, with / for the backslash of Windows paths."""
    parts = [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
    for mime, value in output.get("data", {}).items():
        if not isinstance(value, str):
            parts.append(json.dumps(value))
        elif not mime.startswith("image/") or mime == "image/svg+xml":
            parts.append(value)
    plain = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(parts))  # colors
    return plain.replace("\\\\", "/").replace("\\", "/").splitlines()


def _machine_paths() -> str:
    """A pattern for the folders that differ between machines, as whole names."""
    folders = (ROOT, Path.home(), Path(sys.prefix), Path(tempfile.gettempdir()))
    names = "|".join(re.escape(folder.as_posix()) for folder in folders if folder.name)
    return rf"(?<![\w.~-])(?:{names})(?![\w.-])"


def alt_texts(cell: NotebookNode) -> list[str]:
    """Return the alt text of each image in a cell, ``""`` for an image without one.

    Images are ``![alt](file)`` and ``<img alt="...">`` in Markdown and in HTML outputs, and image
    outputs, whose alt text stands in the output's metadata: ``{"image/png": {"alt": ...}}``.

    Parameters
    ----------
    cell : NotebookNode

    Returns
    -------
    list of str
    """
    if cell.cell_type == "markdown":
        found = re.findall(r"!\[(.*?)\][(\[]", cell.source, flags=re.DOTALL)
        return [alt.strip() for alt in found] + _html_alt_texts(cell.source)
    found = []
    for output in cell.get("outputs", []):
        for mime, value in output.get("data", {}).items():
            if mime.startswith("image/"):
                found.append(output.metadata.get(mime, {}).get("alt", "").strip())
            elif mime == "text/html":
                found += _html_alt_texts(value)
    return found


def _html_alt_texts(html: str) -> list[str]:
    images = re.findall(r"<img\b[^>]*>", html)
    alts = (re.search(r"""\balt\s*=\s*(["'])(.*?)\1""", image, re.DOTALL) for image in images)
    return [alt[2].strip() if alt else "" for alt in alts]


def differences(nb: NotebookNode, committed: NotebookNode) -> list[str]:
    """Return where a committed notebook departs from its source; outputs are not compared.

    Parameters
    ----------
    nb : NotebookNode
        What `read_source` gives.
    committed : NotebookNode
        What is in the file.

    Returns
    -------
    list of str
        One sentence for each cell that stands in one of the two only; empty where they agree.
    """
    new, old = (
        [(cell.cell_type, cell.source, cell.get("id"), cell.metadata) for cell in book.cells]
        for book in (nb, committed)
    )
    found = [
        f"cell {number} of the {here} is not in the {there}: {_first_line(cell[1])[:60]}"
        for here, cells, there, others in (
            ("source", new, "notebook", old),
            ("notebook", old, "source", new),
        )
        for number, cell in enumerate(cells, start=1)
        if cell not in others
    ]
    if not found and new != old:
        found.append("the cells stand in another order than in the source")
    if nb.metadata != committed.metadata:
        found.append("the notebook's metadata are not those that a build writes")
    return found


def check(source: Path) -> list[str]:
    """Return where the committed notebooks of a source depart from it, executing nothing."""
    found = _departures(read_source(source), notebook_path(source))
    if has_solutions(source):
        exercise, faults = read_exercise(source)
        departures = _departures(exercise, exercise_path(source))
        found += faults + [f"exercise: {fault}" for fault in departures]
    return found


def _departures(nb: NotebookNode, path: Path) -> list[str]:
    import nbformat

    if not path.exists():
        return ["the notebook is missing"]
    return differences(nb, nbformat.read(path, as_version=4))


def build(source: Path) -> list[str]:
    """Execute a source and write its notebook, all of it or nothing; of solutions both notebooks.

    Parameters
    ----------
    source : Path

    Returns
    -------
    list of str
        What forbade writing, as `problems` gives it; empty when the notebook was written.
    """
    path = notebook_path(source)
    exercise, found = read_exercise(source) if has_solutions(source) else (None, [])
    if found:
        return found
    nb = clean(execute(read_source(source), path.parent))
    found = problems(nb)
    if not found:
        _write(nb, path)
        if exercise:
            _write(exercise, exercise_path(source))
    return found


def build_exercise(source: Path) -> list[str]:
    """Write the exercises of a source of solutions, executing nothing; return what forbade it."""
    exercise, found = read_exercise(source)
    if not found:
        _write(exercise, exercise_path(source))
    return found


def _write(nb: NotebookNode, path: Path) -> None:
    import nbformat

    nbformat.validate(nb)
    atomic_write(path, nbformat.writes(nb) + "\n")


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

    for tool in ("jupytext", "nbclient", "nbformat"):
        if importlib.util.find_spec(tool) is None:
            parser.error(f"{tool} is not installed; `make notebooks` installs it")
    found = sources(root)
    if args.exercises:
        found = [source for source in found if has_solutions(source)]
    chosen = [source for source in found if not args.units or _names(source) & {*args.units}]
    for unit in args.units:
        if not any(unit in _names(source) for source in found):
            known = ", ".join(map(_label, found)) or "none"
            parser.error(f"no source for {unit!r}; there are: {known}")

    faults = []
    for source in chosen:
        label = _label(source)
        if args.check:
            refused = check(source)
        elif args.exercises:
            refused = build_exercise(source)
        else:
            print(label, flush=True)
            refused = build(source)
            print("  not written" if refused else "  written", flush=True)
        faults += [f"{label}: {fault}" for fault in refused]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _label(source: Path) -> str:
    return f"{source.parent.parent.name}/{source.stem}"


def _names(source: Path) -> set[str]:
    """What a source may be called: 02, 02_topic, solutions/02 or solutions/02_topic."""
    folder = source.parent.parent.name
    names = {_unit(source), source.stem}
    return names | {f"{folder}/{name}" for name in names}


if __name__ == "__main__":
    sys.exit(main())
