"""The course runs where little is allowed: no home, odd paths, and names of Windows.

tests/test_project.py does the project there, without a network as well.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest
from drills.offline import HOMES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


def environment(**changes: str | None) -> dict[str, str]:
    """This process's environment without what leads to a home; None takes a variable away."""
    kept = {n: value for n, value in os.environ.items() if not n.startswith((*HOMES, "NASCOURSE"))}
    kept |= {"PYTHONPATH": str(ROOT), "MPLBACKEND": "agg", **changes}
    return {name: value for name, value in kept.items() if value is not None}


def run(command: list, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        **options,
    )


# Home


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such list of users")
def test_a_user_without_any_home_is_told_what_to_do(tmp_path):
    """Containers may run as a user of whom the system's list of users knows nothing."""
    nobody = "import pwd, sys; pwd.getpwuid = {}.__getitem__; from nascourse.__main__ import main; "

    def nascourse(command: str) -> subprocess.CompletedProcess:
        code = nobody + f"sys.exit(main([{command!r}]))"
        return run([sys.executable, "-c", code], cwd=tmp_path, env=environment(HOME=None))

    project = nascourse("project")
    assert project.returncode == 2
    assert project.stderr == ("There is no home folder: 'python -m nascourse doctor' says more.\n")
    doctor = nascourse("doctor")
    assert doctor.returncode == 1
    assert doctor.stderr == ""
    assert "FAULT home: there is no home folder. Fix: set HOME" in doctor.stdout
    assert os.listdir(tmp_path) == []


def test_the_doctor_notes_a_home_that_cannot_be_written(tmp_path):
    (tmp_path / "home").write_text("in the way")
    command = [sys.executable, "-m", "nascourse", "doctor"]

    answer = run(command, env=environment(HOME=str(tmp_path / "home")))

    assert answer.returncode == 0
    assert f"note  home: {tmp_path / 'home'} cannot be written" in answer.stdout
    # Where HOME is unset, the system's list of users knows a home.
    assert run(command, env=environment(HOME=None)).returncode == 0


# The folder of the course


@pytest.fixture
def course(tmp_path) -> Path:
    """A copy of the course in a folder whose path has spaces and letters beyond ASCII."""
    course = tmp_path / "Kurs über NAS" / "学习 1"
    for name in ("nascourse", "notebooks", "solutions", "exercises"):
        ignored = shutil.ignore_patterns("__pycache__", "runs", ".ipynb_checkpoints")
        shutil.copytree(ROOT / name, course / name, ignore=ignored)
    for name in ("pyproject.toml", "conftest.py", "requirements.txt"):
        shutil.copy(ROOT / name, course / name)
    return course


@pytest.mark.slow
@pytest.mark.notebook
def test_the_course_may_lie_below_spaces_and_umlauts(course):
    """There it builds the same bytes, and its notebooks pass."""
    names = ["solutions/01_what_is_nas.ipynb", "exercises/01_what_is_nas.ipynb"]

    code = (
        "import sys; from notebooks import build; import pytest\n"
        "sys.exit(build.main(['solutions/01']) or pytest.main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", code, "-q", "--color=no", "-p", "no:cacheprovider", names[1]]

    answer = run(command, cwd=course, env=environment(PYTHONPATH=str(course)))

    assert answer.returncode == 0, answer.stdout + answer.stderr
    for name in names:
        assert (course / name).read_bytes() == (ROOT / name).read_bytes()
    assert "passed" in answer.stdout


# Windows

LONGEST = 260  # characters of a path, where long paths are not switched on
OURS = 100  # of these for the folder in which the course lies
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)


def windows_faults(names: Iterable[str]) -> list[str]:
    """Say what Windows has against relative paths with slashes."""
    names = sorted(names)
    faults = [f"{name!r} is too long" for name in names if len(name) > LONGEST - OURS]
    for name in names:
        for part in PurePosixPath(name).parts:
            if re.search(r'[<>:"\\|?*\x00-\x1f]', part):
                faults.append(f"{name!r} has a character that Windows forbids")
            if part.endswith((".", " ")):
                faults.append(f"{name!r} has a part that ends in a dot or a space")
            if RESERVED.match(part):
                faults.append(f"{name!r} has the name of a device")
    folded = Counter(name.casefold() for name in names)
    return faults + [
        f"{name!r} is there twice, in other letters" for name in folded if folded[name] > 1
    ]


def names_below(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*")]


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["a:b"], "character"),
        (["runs/what?"], "character"),
        (["runs./a"], "ends in a dot"),
        (["runs/a "], "ends in a dot or a space"),
        (["Con"], "device"),
        (["runs/nul.txt"], "device"),
        (["runs/COM1"], "device"),
        (["a/Trial", "a/trial"], "twice"),
        (["a" * 161], "too long"),
        (["console.py", "a.b/c d.py", "comma", "nullable.txt", "Übung 1"], None),
    ],
)
def test_the_rules_of_windows_are_known(names, fault):
    faults = windows_faults(names)

    assert len(faults) == (fault is not None)
    assert fault is None or fault in faults[0]


def tracked() -> list[str]:
    """The course's own files, as git lists them."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this copy is no git repository")
    answer = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT)
    return answer.stdout.rstrip("\0").split("\0")


def test_windows_takes_every_name_of_the_course():
    assert windows_faults(tracked()) == []


def text_files(tree: ast.AST) -> Iterable[ast.Call]:
    """The calls that open, read or write text without saying in which encoding."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or "encoding" in {word.arg for word in node.keywords}:
            continue
        built_in = isinstance(node.func, ast.Name)
        name = node.func.id if built_in else getattr(node.func, "attr", "")
        given = [value.value if isinstance(value, ast.Constant) else "b" for value in node.args]
        mode = [*given[built_in:], ""][0]  # what is no plain text counts as binary
        if (
            (name == "read_text" and not given)
            or (name == "write_text" and len(given) < 2)
            or (name == "open" and "b" not in str(mode))
        ):
            yield node


def test_text_is_read_and_written_as_utf_8():
    """Windows would take the code page of the country."""
    silent = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in [*ROOT.glob("nascourse/**/*.py"), *ROOT.glob("*/source/*.py")]
        for node in text_files(ast.parse(path.read_text("utf-8")))
    ]

    assert silent == []
