"""How much memory do a JupyterLab server and a unit's kernel take together, at most?  Aim: 1.2 GiB.

Each unit runs as on Binder: in the environment that binder/start makes, on one CPU, and under a
limit of 2 GiB where this system lets us set one (cgroups, as root).  All units, or those whose
numbers are given: ``python tests/benchmarks/measure_memory.py 02 06``.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
if "REPO_DIR" not in os.environ:
    os.environ["REPO_DIR"] = str(ROOT)
    os.execv(ROOT / "binder" / "start", ["start", sys.executable, __file__, *sys.argv[1:]])

import nbclient
import nbformat
import psutil

MIB = 1024**2
LIMIT, AIM = 2048, 1229  # MiB
# where cgroups of version 2 and 1 are, and what their memory limit is called
GROUPS = {"/sys/fs/cgroup": "memory.max", "/sys/fs/cgroup/memory": "memory.limit_in_bytes"}


def limit_memory() -> Path | None:
    """Put this process and its children under the limit; None where that is not possible."""
    for parent, limit in GROUPS.items():
        group = Path(parent, f"measure_memory_{os.getpid()}")
        try:
            group.mkdir()
            if (group / limit).exists():
                (group / limit).write_text(str(LIMIT * MIB))
                (group / "cgroup.procs").write_text(str(os.getpid()))
                return group
            group.rmdir()
        except OSError:
            continue
    return None


class Peak(threading.Thread):
    """Watches the sum of what this process's children occupy; `mib` is the largest."""

    def __init__(self):
        super().__init__(daemon=True)
        self.mib, self.over = 0.0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            self.mib = max(self.mib, occupied())


def occupied() -> float:
    """Return the MiB that the children of this process and theirs occupy."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / MIB


def measure(path: Path, folder: Path) -> tuple[float, float, float]:
    """Run a notebook beside a server: peak and the server's share in MiB, and seconds."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    log = folder / "log"
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    while "is running at" not in log.read_text():
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    alone, peak, started = occupied(), Peak(), time.perf_counter()
    peak.start()
    notebook = nbformat.read(path, as_version=4)
    (folder / "notebooks").mkdir(exist_ok=True)
    where = {"metadata": {"path": str(folder / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=600, resources=where).execute(
        stderr=subprocess.DEVNULL  # where the kernel warns that its port is not encrypted
    )
    seconds = time.perf_counter() - started
    peak.over.set()
    server.terminate()
    server.wait(60)
    return peak.mib, alone, seconds


def main(units: list[str]) -> int:
    """Print a line a unit; return 1 if one takes more than we aim at."""
    os.environ["NASCOURSE_PROGRESS"] = "off"
    paths = sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))
    group, failed = limit_memory(), False
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    print(f"limit of {LIMIT:,} MiB {'set' if group else 'not set: needs cgroups and root'}")
    try:
        for path in paths:
            if units and path.name[:2] not in units:
                continue
            with tempfile.TemporaryDirectory() as folder:
                mib, alone, seconds = measure(path, Path(folder))
            print(f"{path.stem}: {mib:.0f} MiB, the server {alone:.0f} of it, in {seconds:.0f} s")
            failed |= mib > AIM
    finally:
        if group:
            (group.parent / "cgroup.procs").write_text(str(os.getpid()))
            group.rmdir()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
