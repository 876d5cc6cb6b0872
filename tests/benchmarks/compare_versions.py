"""What do the project and the units cost, over an older version of the course?

    python tests/benchmarks/compare_versions.py REVISION                 # the project, 8 turns
    python tests/benchmarks/compare_versions.py REVISION 02 06 --cpu 0   # units, on one processor
    python tests/benchmarks/compare_versions.py REVISION 02 --cpu 0 --cells "found = search.run_search("

Both versions are unpacked from git into empty folders and run whole, as processes of their own with
the packages that are installed here.  They take turns, the first one changes, and a ratio is the
median over the turns: of seconds, and of the seconds of processors.  Units do more than they did;
``--cells`` counts only the cells that hold one of some texts, as those that do the same in both.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 900  # seconds for one run; the course promises 600 for a notebook


def unpack(revision: str, folder: Path) -> Path:
    """The files of a revision, in a folder of its name."""
    folder = folder / revision
    folder.mkdir()
    archive = subprocess.run(
        ["git", "archive", revision], cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=60
    )
    subprocess.run(["tar", "x"], cwd=folder, input=archive.stdout, check=True, timeout=60)
    return folder


def measure(name: str, version: Path, cpu: int | None, cells: Sequence[str]) -> tuple[float, float]:
    """Run the project or a unit of a version; its seconds, and those of all its processors."""
    shutil.rmtree(version / "runs", ignore_errors=True)  # a finished search would return at once
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    environment = os.environ | {"PYTHONPATH": str(version), "HOME": str(version)}
    before, began = os.times(), time.perf_counter()
    if name == "project":
        subprocess.run(
            [sys.executable, "-m", "nascourse", "project", "--out", tempfile.mkdtemp(dir=version)],
            cwd=version,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=LIMIT,
        )
        seconds = time.perf_counter() - began
    else:
        (notebook,) = version.glob(f"notebooks/{name}_*.ipynb")
        of_cells = run_notebook(notebook, environment)
        seconds = time.perf_counter() - began
        if cells:
            seconds = sum(s for source, s in of_cells if any(text in source for text in cells))
    after = os.times()
    return seconds, sum(after[2:4]) - sum(before[2:4])


def run_notebook(path: Path, environment: dict[str, str]) -> list[tuple[str, float]]:
    """The source of each code cell, and how many seconds it took."""
    begun, of_cells = {}, []

    def begin(cell, cell_index):
        begun[cell_index] = time.perf_counter()

    def end(cell, cell_index, execute_reply):
        of_cells.append((cell.source, time.perf_counter() - begun[cell_index]))

    client = NotebookClient(
        nbformat.read(path, as_version=4),
        timeout=LIMIT,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_execute=begin,
        on_cell_executed=end,
    )
    client.execute(env=environment)
    return of_cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", help="the older version, as git names it")
    parser.add_argument("names", nargs="*", default=["project"], help="project, or units: 02 06")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--cpu", type=int, help="run on this processor alone (Linux)")
    parser.add_argument("--cells", nargs="*", default=(), help="texts of the cells that count")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        versions = [unpack(revision, Path(folder)) for revision in ("HEAD", options.revision)]
        for name in options.names:
            ratios = []
            for turn in range(options.turns):
                order = versions[:: 1 if turn % 2 else -1]
                done = {
                    version: measure(name, version, options.cpu, options.cells) for version in order
                }
                new, old = (done[version] for version in versions)
                ratios.append([a / b for a, b in zip(new, old)])
                print(f"{name}, turn {turn + 1}: {new[0]:.1f} s over {old[0]:.1f} s", flush=True)
            walls, processors = zip(*ratios)
            print(
                f"{name}, new over {options.revision}, {len(walls)} turns: {median(walls):.2f} "
                f"({min(walls):.2f} to {max(walls):.2f}), of processor seconds "
                f"{median(processors):.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
