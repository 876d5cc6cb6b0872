"""A class on one server: several kernels run the same unit at the same time.

    python -m tests.benchmarks.classroom               # 8 kernels, unit 02
    python -m tests.benchmarks.classroom 2 --unit 03   # 2 kernels, unit 03

Each learner has a copy of the notebook, a runs folder and an empty home folder, as users of one
server have.  Printed are the seconds of each kernel and its peak memory: RSS counts all that it
occupies, PSS shares out what several kernels have in common, such as TensorFlow's code, so only PSS
may be added up.  Linux only: other systems do not tell PSS.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import nbclient
import nbformat
import psutil
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from notebooks.build import ROOT, kernel_environment

MIB = 2**20


async def learn(folder: Path, notebook: Path) -> tuple[float, str]:
    """Run a learner's copy of the notebook; the seconds, and an error if there was one."""
    (folder / "notebooks").mkdir(parents=True)
    shutil.copy(notebook, folder / "notebooks")
    client = nbclient.NotebookClient(
        nbformat.read(notebook, as_version=4),
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder / "notebooks")}},
    )
    begin = time.perf_counter()
    try:
        await client.async_execute(
            env=kernel_environment() | {"HOME": str(folder)},
            stderr=subprocess.DEVNULL,  # where the kernel warns that its port is not encrypted
        )
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return time.perf_counter() - begin, f"{type(error).__name__}: {str(error).strip()[-300:]}"
    return time.perf_counter() - begin, ""


async def watch(peaks: dict[str, dict[str, int]]) -> None:
    """Keep the largest memory of each learner's kernel, and of all together, until cancelled."""
    while True:
        together = 0
        for process in psutil.Process().children():
            try:
                memory = process.memory_full_info()
                learner = Path(process.environ()["HOME"]).name
            except (psutil.Error, KeyError):  # it has just ended
                continue
            together += memory.pss
            for kind, size in (("PSS", memory.pss), ("RSS", memory.rss)):
                peaks[learner][kind] = max(peaks[learner][kind], size)
        peaks["all"]["PSS"] = max(peaks["all"]["PSS"], together)
        await asyncio.sleep(0.5)


async def teach(kernels: int, notebook: Path, folder: Path) -> int:
    """Let all learn at once, and print what it took; return how many did not finish."""
    peaks: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    watcher = asyncio.create_task(watch(peaks))
    learners = [f"learner_{number}" for number in range(1, kernels + 1)]
    begin = time.perf_counter()
    results = await asyncio.gather(*(learn(folder / name, notebook) for name in learners))
    seconds = time.perf_counter() - begin
    watcher.cancel()

    print("learner     seconds  peak PSS, MiB  peak RSS, MiB")
    for name, (took, error) in zip(learners, results):
        pss, rss = (peaks[name][kind] / MIB for kind in ("PSS", "RSS"))
        print(f"{name:10s}  {took:7.0f}  {pss:13.0f}  {rss:13.0f}  {error}")
    finished = sum(not error for _, error in results)
    print(
        f"{finished} of {kernels} kernels finished {notebook.stem} on {os.cpu_count()} cores in "
        f"{seconds:.0f} s; all together {peaks['all']['PSS'] / MIB:,.0f} MiB (PSS) at most"
    )
    return kernels - finished


def main() -> int:
    """Return 0 if all finished."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kernels", type=int, nargs="?", default=8, help="how many at once")
    parser.add_argument("--unit", default="02", help="number of the unit")
    options = parser.parse_args()
    (notebook,) = ROOT.glob(f"notebooks/{options.unit}_*.ipynb")
    with tempfile.TemporaryDirectory() as folder:
        return int(asyncio.run(teach(options.kernels, notebook, Path(folder))) > 0)


if __name__ == "__main__":
    sys.exit(main())
