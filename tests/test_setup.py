"""The set-up: pins, markers, the choice of a Python, and a .venv that repairs itself."""

from __future__ import annotations

import ast
import contextlib
import re
import shutil
import subprocess
import sys
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from nascourse.cli import doctor

ROOT = Path(__file__).resolve().parent.parent
LEARNER = ROOT / "requirements.txt"
TESTS = ROOT / "tests" / "requirements.txt"
SYSTEMS = {
    "Linux x86-64": ("linux", "x86_64", "tensorflow-cpu"),
    "Linux arm64": ("linux", "aarch64", "tensorflow"),
    "macOS arm64": ("darwin", "arm64", "tensorflow"),
    "Windows": ("win32", "AMD64", "tensorflow-cpu"),
}
# where a package has another name than the module that it brings
PACKAGES = {
    "bs4": "beautifulsoup4",
    "importlinter": "import-linter",
    "markdown_it": "markdown-it-py",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "tree": "dm-tree",
}

needs_make = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("make"), reason="there is no make here"
)


def requirements(path: Path) -> list[Requirement]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("path", [LEARNER, TESTS], ids=["learner", "tests"])
def test_each_requirement_is_an_exact_pin_below_its_comment(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        if line and not line.startswith("#"):
            assert re.match(r"[a-z0-9-]+==[0-9.]+(?: ; .+)?$", line), line
            assert above.startswith("# "), f"say above it what {line} is for"


def supported(one: Requirement) -> SpecifierSet:
    """The Pythons that a pinned package asks for; all, where it is not installed as pinned."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        package = metadata.distribution(one.name)
        if package.version in one.specifier:
            return SpecifierSet(package.metadata.get("Requires-Python", ""))
    return SpecifierSet()


def test_each_pin_supports_every_python_for_which_it_is_installed():
    extras = optional()
    for one in [*requirements(LEARNER), *requirements(TESTS), *extras]:
        for python in doctor.PYTHONS:
            if one in extras or not one.marker or one.marker.evaluate({"python_version": python}):
                assert python in supported(one), f"{one} has no release for Python {python}"


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_gets_exactly_one_tensorflow(system):
    sys_platform, machine, expected = SYSTEMS[system]
    environment = {"sys_platform": sys_platform, "platform_machine": machine}
    chosen = [
        requirement.name
        for requirement in requirements(LEARNER)
        if requirement.name.startswith("tensorflow") and requirement.marker.evaluate(environment)
    ]

    assert chosen == [expected]


def imports(path: Path) -> set[str]:
    """Return the top-level names that a file imports, the standard library left out."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


def optional() -> list[Requirement]:
    """What `pip install -e ".[...]"` adds; tests that need it are skipped without it."""
    every = map(Requirement, metadata.requires("nascourse"))
    return [one for one in every if one.marker and "extra ==" in str(one.marker)]


def test_optional_requirements_are_exact_pins_which_ci_installs():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    extras = {re.search(r'extra == "(\w+)"', str(one.marker))[1] for one in optional()}

    assert extras == {"dask", "optuna", "torch"}
    assert '".[dask,optuna]"' in ci
    for one in optional():
        assert re.fullmatch(r"==[0-9.]+", str(one.specifier)), one
        if one.name == "torch":
            assert f"torch{one.specifier}+cpu " in ci


@pytest.mark.slow
def test_every_package_that_the_course_imports_is_pinned():
    pinned = {requirement.name for requirement in requirements(LEARNER)}
    tools = pinned | {requirement.name for requirement in requirements(TESTS)}
    files = {path: pinned for path in ROOT.glob("nascourse/**/*.py")}
    files |= {path: pinned for path in ROOT.glob("*/source/*.py")}
    files |= {path: tools for path in [*ROOT.glob("notebooks/*.py"), *ROOT.glob("tests/*.py")]}
    files |= {path: tools for path in ROOT.glob("tests/wrong_answers/*.py")}

    ours = {"nascourse", "notebooks", "drills", "wrong_answers"}
    ours |= {
        path.stem
        for folder in ("tests", "nascourse/recordings", "notebooks/site")
        for path in ROOT.glob(f"{folder}/*.py")
    }
    others = {one.name for one in optional()}
    for path, allowed in files.items():
        for name in imports(path) - ours - others:
            package = PACKAGES.get(name, name.replace("_", "-").lower())
            assert package in allowed, f"{path.name} imports {name}: pin {package}"


def test_pyproject_makefile_and_doctor_agree_on_the_pythons():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    allowed = SpecifierSet(re.search(r'requires-python = "(.+)"', pyproject)[1])
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert tuple(allowed.filter(f"3.{minor}" for minor in range(6, 20))) == doctor.PYTHONS
    assert "|".join(doctor.PYTHONS) in makefile


def test_the_keras_pin_is_still_needed():
    pins = doctor.read_pins(LEARNER.read_text(encoding="utf-8").splitlines())
    advice = (
        "try the course without the Keras pin; if its searches run on Keras 3.13 or newer, drop "
        "the pin, this test, and the case of Keras in `check_packages` of nascourse/cli/doctor.py"
    )
    heads = Path(metadata.distribution("autokeras").locate_file("autokeras/blocks/heads.py"))

    assert pins["autokeras"] == "3.0.0", f"AutoKeras moved on to {pins['autokeras']}: {advice}"
    # The fault itself: the shape comes from NumPy, and Keras 3.13 wants a Python int.
    assert "layers.Dense(self.shape[-1])" in heads.read_text(encoding="utf-8"), (
        f"AutoKeras no longer passes a NumPy integer to Dense: {advice}"
    )


@pytest.mark.slow
def test_the_pinned_keras_takes_the_numpy_integer_that_autokeras_passes():
    import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
    import keras
    import numpy as np

    assert keras.layers.Dense(np.int64(10)).units == 10


PYTHON = """\
#!/bin/sh
case "$1 $2 $3" in
"-c import sys"*) echo {version} ;;
"-c import ensurepip"*) exit {no_venv} ;;
"-m venv --clear") echo venv {name} >> log; rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
"-m pip"*) echo pip "$@" >> log; test ! -e offline ;;
"-m pytest"*) echo pytest >> log ;;
esac
"""
BROKEN = "#!/bin/sh\necho 'pyenv: python: command not found' >&2\nexit 127\n"


class Machine:
    """A copy of the set-up files, and a PATH with stand-ins for Python that log their calls."""

    def __init__(self, folder: Path):
        self.course = folder / "the course"
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.course / "tests").mkdir(parents=True)
        for name in ("Makefile", "requirements.txt", "pyproject.toml", "tests/requirements.txt"):
            shutil.copy(ROOT / name, self.course / name)
        for tool in ("make", "sh", "cat", "cp", "mkdir", "rm", "touch", "awk"):
            (self.bin / tool).symlink_to(shutil.which(tool))

    def add(self, name: str, version: str = "", *, no_venv: bool = False) -> Path:
        """Put a stand-in on the PATH; one without a version fails, as an idle pyenv shim does."""
        text = PYTHON.format(version=version, name=name, no_venv=int(no_venv))
        path = self.bin / name
        path.write_text(text if version else BROKEN, encoding="utf-8")
        path.chmod(0o755)
        return path

    def make(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.bin / "make", *arguments],
            cwd=self.course,
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def log(self) -> list[str]:
        """Return the first two words of each call since the last look: "venv python3.12"."""
        path = self.course / "log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [line if line.startswith("venv") else line.split()[0] for line in lines]


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


@needs_make
def test_pythons_without_wheels_are_refused_in_one_sentence(machine):
    machine.add("python3", "3.9")
    machine.add("python", "3.14")
    machine.add("python3.12")

    answer = machine.make("lab")

    assert answer.returncode == 2
    assert answer.stderr.splitlines()[0] == (
        "The course needs Python 3.10, 3.11, 3.12 or 3.13; found here: Python 3.9 and Python 3.14."
        " Install Python 3.12, then run: make PYTHON=/path/to/python3.12 lab"
    )
    assert machine.log() == []


@needs_make
def test_a_machine_without_python_is_told_so(machine):
    assert "found here: none" in machine.make("lab").stderr


@needs_make
@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ({"python3": "3.14", "python3.13": "3.13", "python3.12": "3.12"}, "python3.12"),
        ({"python3.13": "3.13", "python3.12": "", "python3.11": ""}, "python3.13"),
        ({"python3.10": "3.10", "python3": "3.9"}, "python3.10"),
        ({"python3": "3.9", "python": "3.11"}, "python"),
    ],
)
def test_a_python_that_works_is_picked(machine, there, chosen):
    for name, version in there.items():
        machine.add(name, version)

    assert machine.make(".venv/installed").returncode == 0
    assert machine.log() == [f"venv {chosen}", "pip"]


@needs_make
def test_a_python_that_cannot_make_an_environment_is_passed_over(machine):
    machine.add("python3.12", "3.12", no_venv=True)
    assert "Python 3.12 without venv (sudo apt" in machine.make("lab").stderr

    machine.add("python3.10", "3.10")
    machine.make(".venv/installed")
    assert machine.log() == ["venv python3.10", "pip"]


@needs_make
def test_the_python_that_is_named_is_taken_or_refused(machine):
    machine.add("python3.12", "3.12")
    old, new = machine.add("old", "3.9"), machine.add("new", "3.13")

    assert "found here: Python 3.9." in machine.make(f"PYTHON={old}", "lab").stderr
    assert machine.make(f"PYTHON={new}", ".venv/installed").returncode == 0
    assert machine.log() == ["venv new", "pip"]


@needs_make
def test_the_set_up_is_done_once_and_again_where_pins_change(machine):
    machine.add("python3.12", "3.12")
    machine.make("test")
    assert machine.log() == ["venv python3.12", "pip", "pip", "pytest"]

    machine.make("test")
    assert machine.log() == ["pytest"]

    with (machine.course / "requirements.txt").open("a") as file:
        file.write("# changed\n")
    machine.make("test")
    assert machine.log() == ["pip", "pip", "pytest"]


@needs_make
def test_a_set_up_that_was_cut_short_is_done_anew(machine):
    machine.add("python3.12", "3.12")
    (machine.course / "offline").touch()
    answer = machine.make("lab")
    assert answer.returncode == 2
    assert "This did not finish: see above, then run make again." in answer.stderr
    assert machine.log() == ["venv python3.12", "pip"]

    (machine.course / "offline").unlink()
    assert machine.make("lab").returncode == 0
    assert machine.log() == ["venv python3.12", "pip"]


@needs_make
@pytest.mark.parametrize("damage", ["moved", "python gone"])
def test_a_broken_environment_is_made_anew(machine, damage):
    machine.add("python3.12", "3.12")
    machine.make(".venv/installed")
    machine.log()

    if damage == "moved":
        machine.course = machine.course.rename(machine.course.with_name("elsewhere"))
    else:
        (machine.course / ".venv/bin/python").unlink()
    machine.make("lab")

    assert machine.log() == ["venv python3.12", "pip"]


@needs_make
@pytest.mark.parametrize(("version", "kept"), [("3.11", True), ("3.9", False), ("", False)])
def test_an_environment_that_was_made_without_make_is_kept_if_it_is_suitable(
    machine, version, kept
):
    machine.add("python3.12", "3.12")
    own = machine.add("own", version)
    (machine.course / ".venv/bin").mkdir(parents=True)
    shutil.copy(own, machine.course / ".venv/bin/python")
    (machine.course / ".venv/mine").touch()

    assert machine.make(".venv/installed").returncode == 0
    assert machine.log() == (["pip"] if kept else ["venv python3.12", "pip"])
    assert (machine.course / ".venv/mine").exists() == kept


@needs_make
def test_options_reach_jupyterlab(machine):
    machine.add("python3.12", "3.12")

    answer = machine.make("--dry-run", "lab", "ARGS=--allow-root --port=1")

    assert "jupyterlab" in answer.stdout
    assert answer.stdout.rstrip().endswith("--allow-root --port=1")


@needs_make
def test_make_alone_lists_every_target(machine):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.+)", makefile, re.MULTILINE)[1].split()

    assert [line.split()[1] for line in machine.make().stdout.splitlines()] == targets
