"""Run every notebook on one processor and write notebooks/timings.md.

    python -m tests.benchmarks.make_timings        # or: make timings
    python -m tests.benchmarks.make_timings 02 06  # these units only; the other rows stay

Each notebook runs from top to bottom in a process tree that may use one processor only, as on
Binder.  Measured are its seconds, its slowest cell, and the peak memory of its largest process,
which is the kernel.  Run it when nothing else runs.  Linux only: elsewhere a process cannot be
held to one processor.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

from notebooks import build

PAGE = build.ROOT / "notebooks" / "timings.md"
HEAD = """# What the notebooks cost

Measured by `make timings` on one processor of a {cores}-core machine without GPU ({system}, Python
{python}), with nothing else running. The limits: 10 minutes and 1.2 GiB a notebook, 90 seconds a
cell. Exercises ran as they are handed out, blank.

| notebook | seconds | slowest cell, seconds | peak memory, MiB |
|---|---|---|---|
"""
ROW = re.compile(r"^\| (\S+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
RUN = """
import os, sys
from pathlib import Path
import nbformat
from notebooks import build
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
path = Path(sys.argv[1])
nb = build.execute(nbformat.read(path, as_version=4))
sys.exit(
    any(
        output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", [])
        for cell in nb.cells
        for output in cell.get("outputs", [])
    )
)
"""


def rows(page: str) -> dict[str, tuple[int, ...]]:
    """The measured notebooks of a page: seconds, slowest cell, MiB."""
    return {name: tuple(map(int, numbers)) for name, *numbers in ROW.findall(page)}


def measure(path: Path) -> tuple[int, ...]:
    """Run a notebook on one processor; its seconds, its slowest cell, its peak memory in MiB."""
    begin = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", RUN, path], stdout=subprocess.PIPE, text=True)
    times = re.findall(r": ([\d.]+) s$", child.stdout.read(), re.MULTILINE)  # a line for each cell
    _, status, usage = os.wait4(child.pid, 0)  # the usage of the largest process in the tree
    if status:
        raise SystemExit(f"{path} did not run to its end: build it, then measure again.")
    seconds = time.perf_counter() - begin
    return round(seconds), round(max(map(float, times))), usage.ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="*", metavar="UNIT", help="02; by default all")
    units = parser.parse_args().units
    known = rows(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    lines = {}
    # exercises, notebooks, solutions
    for path in sorted(build.ROOT.glob("[ens]*/[0-9]*.ipynb")):
        name = path.relative_to(build.ROOT).with_suffix("").as_posix()
        if not units or path.name[:2] in units or name not in known:
            known[name] = measure(path)
            print(name, *known[name], flush=True)
        lines[name] = f"| {name} | " + " | ".join(map(str, known[name])) + " |\n"
    head = HEAD.format(
        cores=os.cpu_count(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )
    PAGE.write_text(head + "".join(lines.values()), encoding="utf-8")


if __name__ == "__main__":
    main()
