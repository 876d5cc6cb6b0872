"""The course on Google Colab: install what is missing there, and leave what Colab itself runs on.

The first cell of each notebook fetches the course's repository and calls `set_up`.  Installing all
pins would replace ipykernel, IPython and ipywidgets under Colab's page; so only those packages are
installed without which the doctor says that the course does not run: those that are not there, and a
Keras with which AutoKeras fails.
"""

from __future__ import annotations

import os
import subprocess
import sys

from nascourse import CourseError
from nascourse.cli import doctor


def needed(pins: dict[str, str], installed: dict[str, str | None]) -> list[str]:
    """Return the requirements that put right what the doctor calls a fault.

    Where most packages are missing, its one fault is that of all "packages".
    """
    checks = doctor.check_packages(pins, installed, pip="", setup="")
    faults = {check.subject for check in checks if check.level == "FAULT"}
    return [f"{name}=={pin}" for name, pin in pins.items() if faults & {name, "packages"}]


def set_up() -> None:
    """Install what is needed, and work in the folder of the notebooks, as in any other place.

    Raises
    ------
    CourseError
        A package cannot be installed, or an earlier Keras is in use until the session is restarted.
    """
    os.chdir(doctor.ROOT / "notebooks")  # so that searches write to the course's folder "runs"
    pins, installed = doctor.versions()
    packages = needed(pins, installed)
    if packages or doctor.installed_version("nascourse") is None:
        print("Installing the course, which takes about 15 seconds.", flush=True)
        if packages:
            _pip_install(*packages)
        _pip_install("--no-deps", "--editable", str(doctor.ROOT))
    current = doctor.installed_version("keras")
    loaded = getattr(sys.modules.get("keras"), "__version__", current)
    if loaded != current:
        raise CourseError(
            f"Keras {loaded} was loaded before the course installed Keras {current}: choose "
            "Runtime > Restart session, and run this cell again, before all others."
        )
    print("The course is ready.")


def _pip_install(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", *arguments]
    # Shown only on failure: pip warns of Colab's own packages, which the course does not use.
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise CourseError(
            f"pip could not install {' '.join(arguments)}: run this cell again. pip's own words: "
            f"{answer.stderr.strip()}"
        )
