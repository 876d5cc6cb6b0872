"""Replay what mybinder.org does with this course, without Docker.

Run it as ``python tests/drills/binder_replay.py [FOLDER]``; what it made stays only in a FOLDER of yours.

repo2docker prints the Dockerfile. Its steps that concern the course (what comes after Jupyter is
there) are done one by one in an empty folder and a fresh virtual environment, which holds Jupyter
in the versions that repo2docker brings. Then the course is launched as Binder launches it. Python is
the one that runs this. Prints each step and its seconds; needs the network and 2.5 GB.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# what repo2docker lists in its environment.yml, as far as it has a part in JupyterLab
BASE = ("jupyterlab", "notebook", "jupyter-resource-usage", "ipywidgets")
FIRST = "COPY --chown=1000:1000 src/binder/requirements.txt"
LAUNCH = """\
import os, time
started = time.perf_counter()
from nascourse import data, search
splits = data.load_mnist("bundled")
print(splits, f"after {time.perf_counter() - started:.1f} s,", os.environ["OMP_NUM_THREADS"], "thread")
"""


def dockerfile() -> list[str]:
    """Return the steps of the Dockerfile, one a line."""
    command = ["-m", "repo2docker", "--no-build", "--debug", "--user-id=1000", "--user-name=jovyan"]
    text = subprocess.run(
        [sys.executable, *command, "."], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return re.sub(r"\\\n\s*", "", text).splitlines()


def base_packages() -> list[str]:
    """Return the pins of `BASE` in the environment that repo2docker makes for our Python."""
    package = Path(importlib.util.find_spec("repo2docker").origin).parent
    version = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    lock = package / "buildpacks" / "conda" / f"environment.py-{version}-linux-64.lock"
    found = dict(re.findall(r"/([\w-]+)-([\d.]+)-\w+\.conda", lock.read_text()))
    return [f"{name}=={found[name]}" for name in BASE if name in found]


def course_files() -> list[str]:
    """Return what a clone would hold, changes of today included."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in names.splitlines() if (ROOT / name).is_file()]


def copy(source: str, target: Path) -> None:
    """Copy src/, or one file of it, as a COPY of the Dockerfile does."""
    if source == "src/":
        for name in course_files():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source.removeprefix("src/"), target)


def replay(folder: Path) -> None:
    """Do the steps in a folder that is empty at first; raise CalledProcessError if one fails."""
    environment = folder / "environment"
    variables = {
        "HOME": str(folder / "home"),
        "REPO_DIR": str(folder / "home"),
        "KERNEL_PYTHON_PREFIX": str(environment),
        "NB_USER": "jovyan",
        "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_PROGRESS_BAR": "off",
    }
    variables = {**os.environ, **variables}
    repository = folder / "home"
    repository.mkdir()

    def run(command: str) -> None:
        started = time.perf_counter()
        print(f"$ {command}", flush=True)
        subprocess.run(["bash", "-c", command], cwd=repository, env=variables, check=True)
        print(f"  {time.perf_counter() - started:.1f} s", flush=True)

    print("Jupyter, which the image has before the course:")
    run(f"{sys.executable} -m venv {environment}")
    run(f"pip install --quiet {' '.join(base_packages())}")

    steps = dockerfile()
    first = next(number for number, step in enumerate(steps) if step.startswith(FIRST))
    print("\nThe Dockerfile, from the first step that reads the course:")
    for step in steps[first:]:
        kind, _, rest = step.partition(" ")
        if kind == "RUN":
            run(rest)
        elif kind == "COPY" and "src/" in rest:
            source, target = rest.split()[-2:]
            print(f"copy {source}")
            copy(source, Path(target.replace("${REPO_DIR}", str(repository))))
        elif kind == "ENV":
            name, _, value = rest.partition("=")
            variables[name] = value.strip('"').replace("${REPO_DIR}", str(repository))

    print("\nThe launch:")
    (folder / "launch.py").write_text(LAUNCH)
    run(f'"$R2D_ENTRYPOINT" python {folder / "launch.py"}')
    run('"$R2D_ENTRYPOINT" jupyter lab --show-config | grep -A3 LabApp')
    size = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    print(f"{size / 1e9:.1f} GB in all")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).mkdir(parents=True)
        replay(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as name:
            replay(Path(name))
