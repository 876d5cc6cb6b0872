"""Run units as on Google Colab: its Python, its packages, and the first cell of each unit.

    .venv/bin/python tests/drills/colab.py                         # all units
    .venv/bin/python tests/drills/colab.py 00 11                   # some of them
    .venv/bin/python tests/drills/colab.py --python /usr/bin/python3.13 00

What is committed here is published in a folder, as `make badge` and a push do it, and fetched from
there by the first cell, which installs what is missing. Needs the network for the packages, git, and
a Python 3.13. It prints what the first cell changed among Colab's packages, each unit's errors,
files that were written beside the course, and the faults that the doctor finds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a drill is run as a script

from notebooks import launch

PUBLISHED = "owner/course"  # the name under which the drill publishes this checkout
# What the course touches of Colab's list, with Python 3.13: pip-freeze.txt of 19 August 2026 in
# https://github.com/googlecolab/backend-info
PACKAGES = dict(
    line.split("==")
    for line in """\
anywidget==0.9.21
dm-tree==0.1.10
filelock==3.32.3
grpcio==1.83.0
h5py==3.16.0
ipykernel==6.17.1
ipython==7.34.0
ipywidgets==7.7.1
jupyter_client==7.4.9
keras==3.13.2
markdown-it-py==4.2.0
matplotlib==3.10.0
jupyterlab_widgets==3.0.16
ml_dtypes==0.6.0
mlxtend==0.23.4
notebook==6.5.7
numpy==2.1.3
optree==0.19.1
packaging==26.3
pandas==2.2.3
pillow==11.3.0
protobuf==5.29.6
psutil==5.9.5
psygnal==0.15.1
pyzmq==26.2.1
scikit-learn==1.6.1
scipy==1.16.3
setuptools==75.2.0
six==1.17.0
tensorboard==2.20.0
tensorflow==2.20.0
threadpoolctl==3.6.0
tornado==6.5.7
tqdm==4.67.3
traitlets==5.7.1
widgetsnbextension==3.6.10
""".splitlines()
)


def uv(*arguments: str | Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "uv", "--quiet", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)


def make_environment(folder: Path, base: str) -> Path:
    """Make an environment with Colab's packages; return its Python.

    Of a release that cannot be had here the next later one is taken.
    """
    made = uv("venv", "--seed", "--python", base, folder)
    if made.returncode:
        sys.exit(made.stderr)
    python, wanted = folder / "bin" / "python", {name: f"=={it}" for name, it in PACKAGES.items()}
    while True:
        lines = [name + version for name, version in wanted.items()]
        options = ["--python", python, "--resolution", "lowest-direct", "--only-binary", ":all:"]
        answer = uv("pip", "install", *options, *lines)
        if not answer.returncode:
            break
        missing = re.search(r"no version of (\S+?)==", answer.stderr)
        if not missing:
            sys.exit(answer.stderr)
        name = next(name for name in wanted if name.replace("_", "-") == missing[1])
        print(f"{name} {PACKAGES[name]} cannot be had here; a later one is taken.")
        wanted[name] = f">={PACKAGES[name]}"
    (stub,) = folder.glob("lib/python*/site-packages")
    (stub / "google" / "colab").mkdir(parents=True)
    (stub / "google" / "colab" / "__init__.py").touch()
    return python


def installed(python: Path) -> dict[str, str]:
    answer = uv("pip", "list", "--python", python, "--format", "json")
    return {each["name"]: each["version"] for each in json.loads(answer.stdout)}


def publish(folder: Path) -> None:
    """Do what a maintainer does: name the repository, write the badges, commit."""
    subprocess.run(["git", "clone", "--quiet", f"file://{ROOT}", folder], check=True, timeout=300)
    launch.main([PUBLISHED], folder)
    author = ["-c", "user.name=drill", "-c", "user.email=drill@localhost"]
    subprocess.run(
        ["git", *author, "commit", "--quiet", "-am", "Badges"], cwd=folder, check=True, timeout=60
    )


def environment(root: Path, published: Path) -> dict[str, str]:
    """The variables of Colab's kernel: a home of its own, and git that finds the publication."""
    startup = root / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("import google.colab\n", encoding="utf-8")
    (root / "home").mkdir()
    dropped = ("NASCOURSE_", "JUPYTER_", "PYTHON", "VIRTUAL_ENV", "MPLBACKEND")
    kept = {name: it for name, it in os.environ.items() if not name.startswith(dropped)}
    return kept | {
        "HOME": str(root / "home"),
        "IPYTHONDIR": str(root / "ipython"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{published}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{PUBLISHED}",
    }


def run(nb: NotebookNode, content: Path, variables: dict[str, str]) -> list[str]:
    """Run a notebook in the folder that Colab calls /content; return its errors."""
    for cell in nb.cells:
        cell.source = cell.source.replace("/content/", f"{content}/")
    resources = {"metadata": {"path": str(content)}}
    client = NotebookClient(
        nb, kernel_name="colab", timeout=600, allow_errors=True, resources=resources
    )
    client.execute(env=variables)
    return [
        f"cell {number}: {output.ename}: {output.evalue}"
        for number, cell in enumerate(nb.cells, start=1)
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def main() -> int:
    """Run the units, print what was found, and return 0 if all is well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", default="python3.13", help="a Python 3.13")
    parser.add_argument("units", nargs="*", help="such as 00; all by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="colab-", ignore_cleanup_errors=True) as folder:
        return rehearse(Path(folder), options.python, options.units)


def rehearse(root: Path, base: str, units: list[str]) -> int:
    published, content = root / "published", root / "content"
    content.mkdir()
    publish(published)
    python = make_environment(root / "python", base)
    before, variables = installed(python), environment(root, published)
    spec = root / "jupyter" / "kernels" / "colab"
    spec.mkdir(parents=True)
    argv = [
        str(python),
        "-Xfrozen_modules=off",
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
    ]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Colab"}))
    os.environ["JUPYTER_PATH"] = str(root / "jupyter")

    faults = 0
    for path in sorted(published.glob("notebooks/[0-9]*.ipynb")):
        if units and path.name[:2] not in units:
            continue
        began, nb = time.perf_counter(), nbformat.read(path, as_version=4)
        errors = run(nb, content, variables)
        said = "".join(output.get("text", "") for output in nb.cells[2].outputs).split("\n")
        print(f"{path.stem}: {time.perf_counter() - began:.0f} s", *said, *errors, sep="\n  ")
        faults += len(errors)

    after = installed(python)
    changed = {
        name: f"{it} -> {after.get(name)}" for name, it in before.items() if after.get(name) != it
    }
    beside = [str(path) for path in content.iterdir() if path.name != "course"]
    doctor = subprocess.run(
        [python, "-m", "nascourse", "doctor"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    print(f"Changed among Colab's packages: {changed}", f"Beside the course: {beside}", sep="\n")
    print(doctor.stdout, doctor.stderr)
    return int(bool(faults or beside or doctor.returncode or set(changed) != {"keras"}))


if __name__ == "__main__":
    sys.exit(main())
