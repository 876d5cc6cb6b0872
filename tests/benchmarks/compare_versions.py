"""What do the project and the units cost, over an older version of the course?

    python tests/benchmarks/compare_versions.py REVISION                 # the project, 8 turns
    python tests/benchmarks/compare_versions.py REVISION 02 06 --cpu 0   # units, on one processor

Both versions are unpacked from git into empty folders and run whole, as processes of their own with
the packages that are installed here.  They take turns, the first one changes, and a ratio is the
median over the turns: of seconds, and of the seconds of processors.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

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


def measure(name: str, version: Path, cpu: int | None) -> tuple[float, float]:
    """Run the project or a unit of a version; its seconds, and those of all its processors."""
    if name == "project":
        out = tempfile.mkdtemp(dir=version)
        command, folder = ["nascourse", "project", "--out", out], version
    else:
        (notebook,) = version.glob(f"notebooks/{name}_*.ipynb")
        command, folder = ["jupyter", "execute", notebook.name], notebook.parent
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    before, began = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(version), "HOME": str(version)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=LIMIT,
    )
    seconds, after = time.perf_counter() - began, os.times()
    return seconds, sum(after[2:4]) - sum(before[2:4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", help="the older version, as git names it")
    parser.add_argument("names", nargs="*", default=["project"], help="project, or units: 02 06")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--cpu", type=int, help="run on this processor alone (Linux)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        versions = [unpack(revision, Path(folder)) for revision in ("HEAD", options.revision)]
        for name in options.names:
            ratios = []
            for turn in range(options.turns):
                order = versions[:: 1 if turn % 2 else -1]
                done = {version: measure(name, version, options.cpu) for version in order}
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
