"""Notebooks from their text sources.

``python -m nascourse.authoring`` (or ``make notebooks``) reads every ``notebooks/source/NN_topic.py``
(jupytext's percent format), executes it and writes ``notebooks/NN_topic.ipynb``, with outputs.
``02 06`` after it builds these units only; ``--check`` executes nothing and says which committed
notebooks no longer agree with their source.

A notebook is written only if a learner may see it: no error, nothing on stderr, alt text for every
image, no path of this machine. Otherwise the old file stays. Building twice gives the same bytes,
as far as the outputs themselves repeat.
"""

from __future__ import annotations

import argparse
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
WIDGET = "application/vnd.jupyter.widget-view+json"


def sources(root: Path = ROOT) -> list[Path]:
    """Return the text sources of the course, in the order of the units."""
    return sorted(root.glob("notebooks/source/*.py"))


def notebook_path(source: Path) -> Path:
    """Return the notebook that belongs to a source: one folder up, same name."""
    return source.parent.parent / f"{source.stem}.ipynb"


def read_source(path: Path) -> NotebookNode:
    """Read a text source into a notebook without outputs.

    A cell's id is made of the unit and the cell's content, so it does not change when other cells
    come and go. The n-th cell with the same content gets the suffix ``-n``.

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
    unit = path.stem.partition("_")[0]
    seen: Counter[str] = Counter()
    for cell in nb.cells:
        content = f"{cell.cell_type}\n{cell.source}".encode()
        digest = hashlib.sha256(content).hexdigest()[:8]
        seen[digest] += 1
        cell.id = f"{unit}-{digest}" + (f"-{seen[digest]}" if seen[digest] > 1 else "")
    return nb


def kernel_environment() -> dict[str, str]:
    """Return this process's environment without what would change a notebook's outputs."""
    # With PYTEST_CURRENT_TEST, ipykernel hides what compiled code writes to stderr.
    unset = {"NASCOURSE_MNIST", "MPLBACKEND", "PYTEST_CURRENT_TEST"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return {**kept, "COLUMNS": "100"}


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
    return kept


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
    """Return where the committed notebook of a source departs from it, executing nothing."""
    import nbformat

    path = notebook_path(source)
    if not path.exists():
        return ["the notebook is missing"]
    return differences(read_source(source), nbformat.read(path, as_version=4))


def build(source: Path) -> list[str]:
    """Execute a source and write its notebook, all of it or nothing.

    Parameters
    ----------
    source : Path

    Returns
    -------
    list of str
        What forbade writing, as `problems` gives it; empty when the notebook was written.
    """
    import nbformat

    path = notebook_path(source)
    nb = clean(execute(read_source(source), path.parent))
    found = problems(nb)
    if not found:
        nbformat.validate(nb)
        part = path.with_name(f"{path.name}.part")
        with part.open("w", encoding="utf-8", newline="\n") as file:
            nbformat.write(nb, file)
        os.replace(part, path)
    return found


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    """Build or check notebooks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m nascourse.authoring", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("units", nargs="*", metavar="UNIT", help="02 or 02_random_search; all")
    parser.add_argument("--check", action="store_true", help="compare only, execute nothing")
    args = parser.parse_args(argv)

    for tool in ("jupytext", "nbclient", "nbformat"):
        if importlib.util.find_spec(tool) is None:
            parser.error(f"{tool} is not installed; `make notebooks` installs it")
    chosen = found = sources(root)
    if args.units:
        names = {name: path for path in found for name in (path.stem, path.stem.partition("_")[0])}
        if unknown := [unit for unit in args.units if unit not in names]:
            known = ", ".join(path.stem for path in found) or "none"
            parser.error(f"no source for unit {unknown[0]!r}; there are: {known}")
        chosen = sorted({names[unit] for unit in args.units})

    faults = []
    for source in chosen:
        if args.check:
            faults += [f"{source.stem}: {fault}" for fault in check(source)]
            continue
        print(source.stem, flush=True)
        refused = build(source)
        faults += [f"{source.stem}: {fault}" for fault in refused]
        print("  not written" if refused else "  written", flush=True)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
