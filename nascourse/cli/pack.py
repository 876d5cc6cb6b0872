"""The course in a folder for a USB stick: what a class without a network needs.

``python -m nascourse pack FOLDER`` downloads the pinned wheels for the chosen systems and Pythons,
and puts the course's own wheel, notebooks, exercises and slides beside them, with instructions and
checksums.  After a failure the same command goes on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nascourse import CourseError
from nascourse._engine.files import atomic_write, given_path, left_by_system, not_written
from nascourse.cli.doctor import GIB, PYTHONS, ROOT, quoted

# uv's name for each system, and the tags of wheels that run there.
_LINUX = [f"manylinux_2_{minor}" for minor in range(28, 16, -1)] + ["manylinux2014"]
SYSTEMS = {
    "linux-x86_64": ("x86_64-manylinux_2_28", [f"{tag}_x86_64" for tag in _LINUX]),
    "linux-aarch64": ("aarch64-manylinux_2_28", [f"{tag}_aarch64" for tag in _LINUX]),
    "darwin-arm64": ("aarch64-apple-darwin", ["macosx_14_0_arm64"]),
    "windows-amd64": ("x86_64-pc-windows-msvc", ["win_amd64"]),
}
THIS_SYSTEM = f"{platform.system()}-{platform.machine()}".lower()
THIS_PYTHON = ".".join(platform.python_version_tuple()[:2])
CONTENTS = ("notebooks/*.ipynb", "notebooks/*.md", "exercises/*.ipynb", "binder/*", "LICENSE")


def pack(
    folder: str | os.PathLike, *, systems: Sequence[str] = (), pythons: Sequence[str] = ()
) -> Path:
    """Fill a folder with all that an installation without a network needs, and return it.

    Parameters
    ----------
    folder : str or path
        A new or empty folder, or one that this function began to fill.
    systems, pythons : sequence of str, optional
        Keys of `SYSTEMS`, and versions such as ``"3.12"``: each system gets the wheels for each
        version.  By default those of this machine.

    Raises
    ------
    CourseError
        A system or version is unknown, the folder holds something else or cannot be written, the
        disk is too small, or a package cannot be had, which the sentence names.
    """
    systems, pythons = list(systems) or [THIS_SYSTEM], list(pythons) or [THIS_PYTHON]
    folder = given_path(folder).resolve()
    _refuse(folder, systems, pythons)
    wheels = folder / "wheels"
    try:
        wheels.mkdir(parents=True, exist_ok=True)
        _build_course(wheels)
        for system in systems:
            for python in pythons:
                print(f"Wheels for {system}, Python {python}: this takes minutes.", flush=True)
                _download(wheels, system, python)
        for path in (path for pattern in CONTENTS for path in ROOT.glob(pattern)):
            (target := folder / path.relative_to(ROOT)).parent.mkdir(exist_ok=True)
            shutil.copy(path, target)
        if (slides := ROOT / "build" / "slides").is_dir():
            shutil.copytree(slides, folder / "slides", dirs_exist_ok=True)
        words = {"systems": ", ".join(systems), "pythons": " or ".join(pythons)}
        text = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
        atomic_write(folder / "README.txt", text.format(**words, first=pythons[0]))
        atomic_write(folder / "SHA256SUMS", checksums(folder))
    except OSError as error:
        raise not_written(error, folder) from error
    return folder


def _refuse(folder: Path, systems: list[str], pythons: list[str]) -> None:
    """Raise what forbids packing, before anything is downloaded."""
    for kind, given, allowed in (("system", systems, SYSTEMS), ("Python", pythons, PYTHONS)):
        for name in (name for name in given if name not in allowed):
            choices = ", ".join(allowed)
            raise CourseError(
                f"There are no wheels for the {kind} {name!r}: name one of {choices}."
            )
    if not (ROOT / "pyproject.toml").is_file():
        raise CourseError("pack needs the folder of the course: install it from there with -e.")
    begun = (folder / "wheels").is_dir()
    is_used = folder.is_dir() and not all(left_by_system(path.name) for path in folder.iterdir())
    if folder.is_file() or (is_used and not begun):
        raise CourseError(f"{folder} holds something else: name a new folder.")
    if (systems, pythons) != ([THIS_SYSTEM], [THIS_PYTHON]) and not importlib.util.find_spec("uv"):
        raise CourseError(
            "For another system or Python than this machine's, pack asks uv what belongs there: "
            f"run '{quoted(sys.executable)} -m pip install uv', then this again."
        )
    needed = GIB * len(systems) * len(pythons)
    disk = next(path for path in (folder, *folder.parents) if path.exists())
    if (free := shutil.disk_usage(disk).free) < needed:
        needs = f"{free / GIB:.1f} GiB are free at {disk}, and the wheels need {needed // GIB}"
        raise CourseError(f"{needs}: free some space, or name a folder on another disk.")


def _build_course(wheels: Path) -> None:
    """Build the course's own wheel, from a copy, as an older build's files would get into it."""
    with tempfile.TemporaryDirectory() as copy:
        for name in ("pyproject.toml", "requirements.txt", "LICENSE"):
            shutil.copy(ROOT / name, copy)
        shutil.copytree(ROOT / "nascourse", Path(copy, "nascourse"))
        _run("building the course", ["pip", "wheel", "--no-deps", f"--wheel-dir={wheels}", copy])


def _download(wheels: Path, system: str, python: str) -> None:
    """Download what the pins need there.

    pip reads the conditions of requirements as they hold on this machine, so uv lists them for another.
    """
    what = f"fetching wheels for {system}, Python {python},"
    uv_name, tags = SYSTEMS[system]
    options = [f"--python-version={python}", *(f"--platform={tag}" for tag in tags)]
    with tempfile.TemporaryDirectory() as temporary:
        pins = ROOT / "requirements.txt"
        if (system, python) != (THIS_SYSTEM, THIS_PYTHON):
            uv = ["uv", "pip", "compile", "--quiet", "--only-binary=:all:", str(pins)]
            target = [f"--python-platform={uv_name}", f"--python-version={python}"]
            pins = Path(temporary, "resolved.txt")
            pins.write_text(_run(what, [*uv, *target]), encoding="utf-8")
            options.append("--no-deps")
        pip = ["pip", "download", "--only-binary=:all:", f"--dest={wheels}"]
        _run(what, [*pip, *options, f"--requirement={pins}"])


def _run(what: str, command: list[str]) -> str:
    """Run a module of Python and return its output; its last complaint says what is missing."""
    answer = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        lines = [line.strip() for line in answer.stderr.splitlines() if line.strip()]
        reason = [line for line in lines if line.startswith("ERROR: ")] or lines
        raise CourseError(
            f"{command[0]} stopped while {what} with: {reason[-1].removeprefix('ERROR: ')}. "
            "See to the network and the space; then the same command goes on."
        )
    return answer.stdout


def checksums(folder: Path) -> str:
    """Return a line for each file in a folder, its SHA-256 and path, as ``sha256sum`` wants it."""
    lines, not_packed = [], {"SHA256SUMS", ".venv", "runs"}  # what installing and using it leaves
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.split("/")[0] not in not_packed and not left_by_system(name) and path.is_file():
            lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n")
    return "".join(lines)
