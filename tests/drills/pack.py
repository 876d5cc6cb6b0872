"""Pack the course as for a USB stick, and install and use it with the network cut.

    .venv/bin/python tests/drills/pack.py                  # in a folder that is removed afterwards
    .venv/bin/python tests/drills/pack.py --keep runs/kit  # in a folder that stays

It follows the lines of the kit's own README.txt in a network namespace of Linux, with an empty home
folder and no setting of pip, keeps progress as a unit and its exercises do, runs
`python -m nascourse project`, and prints the seconds of each step.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from offline import HOMES, ROOT, sealed, why_not

# A kernel works in the folder of its notebook, and a terminal in the one above: one file for all.
KEEP_PROGRESS = """
import os
from nascourse.checks import progress

os.chdir("notebooks")
progress.record_guess("00.a", "4 times", "4 times", True)
os.chdir("../exercises")
progress.record("00.1", passed=True)
os.chdir("..")
unit = progress.summary().loc["00"]
assert unit["guesses"] == unit["solved"] == 1, unit
"""


def main() -> int:
    """Pack, check, install, use; 0 if every step succeeds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keep", metavar="DIR", help="where the kit is made, to stay")
    options = parser.parse_args()
    if reason := why_not():
        print(f"Skipped: {reason}.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        kit, home = Path(options.keep or Path(folder, "kit")).resolve(), Path(folder, "home")
        home.mkdir()
        run("pack", [sys.executable, "-m", "nascourse", "pack", kit], ROOT, dict(os.environ))
        size = sum(path.stat().st_size for path in kit.rglob("*") if path.is_file()) / 1e6
        print(f"  {size:.0f} MB, {len([*kit.glob('wheels/*.whl')])} wheels", flush=True)

        hidden = (*HOMES, "NASCOURSE_", "PIP_", "PYTHONPATH", "VIRTUAL_ENV")
        environment = {n: value for n, value in os.environ.items() if not n.startswith(hidden)}
        environment |= {"HOME": str(home), "PIP_CONFIG_FILE": os.devnull}
        begun = time.perf_counter()
        for name, command in steps(kit).items():
            run(name, sealed(command), kit, environment)
        print(f"from the kit to a finished project: {time.perf_counter() - begun:.0f} s")
    return 0


def steps(kit: Path) -> dict[str, list[str]]:
    """The commands of the kit's instructions for this system, then what a learner does with it."""
    text = (kit / "README.txt").read_text(encoding="utf-8").partition("Linux and macOS:")[2]
    venv, install, lab = [shlex.split(line) for line in text.splitlines() if line[:4] == "    "][:3]
    python = Path(sys.base_prefix, "bin", venv[0])  # the one that this environment was made with
    return {
        "checksums": ["sha256sum", "--check", "--quiet", "SHA256SUMS"],
        "environment": [str(python), *venv[1:]],
        "installation": [*install, "--quiet"],
        "JupyterLab starts": [*lab, "--version"],
        "progress": [lab[0], "-c", KEEP_PROGRESS],
        "project": [lab[0], "-m", "nascourse", "project"],
    }


def run(name: str, command: list, folder: Path, environment: dict[str, str]) -> None:
    """Run one step and print its seconds; its failure ends the drill."""
    begun = time.perf_counter()
    answer = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    if answer.returncode:
        sys.exit(f"{name}: failed\n{answer.stdout[-2000:]}{answer.stderr[-2000:]}")
    print(f"{name}: {time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
