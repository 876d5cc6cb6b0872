"""The first cells of each notebook, the badges of a repository, and the set-up on Colab."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from drills.colab import PACKAGES
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import v4

from nascourse import CourseError
from nascourse.cli import colab, doctor
from notebooks import build, launch

BINDER = "https://mybinder.org/v2/gh/{}/HEAD?urlpath=lab"
UNIT = """\
# %% [markdown]
# # Unit 02: How good is luck?

# %%
print("one")

# %%
2
"""


@pytest.fixture
def course(tmp_path) -> Path:
    """A course of one unit, executed by hand, with the real README and pyproject.toml.

    They name no repository here, whatever the real ones do.
    """
    for name, named in (
        ("README.md", r"^\[!\[.*\n\n"),
        ("pyproject.toml", r"^urls\.Repository.*\n"),
    ):
        text = (launch.ROOT / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(re.sub(named, "", text, flags=re.MULTILINE), encoding="utf-8")
    source = tmp_path / "notebooks" / "source" / "02_luck.py"
    source.parent.mkdir(parents=True)
    source.write_text(UNIT, encoding="utf-8")
    (nb,) = build.read_notebooks(source)[0].values()
    codes = [cell for cell in nb.cells if cell.cell_type == "code"]
    for count, cell in enumerate(codes, start=1):
        cell.execution_count = count
    two = v4.new_output("execute_result", {"text/plain": "2"}, execution_count=3)
    codes[-1].outputs = [two]
    nbformat.write(nb, build.notebook_path(source))
    return tmp_path


def unit(course: Path) -> nbformat.NotebookNode:
    return nbformat.read(course / "notebooks" / "02_luck.ipynb", as_version=4)


def names(course: Path) -> list[str]:
    return [cell.id for cell in unit(course).cells]


def test_no_badge_leads_nowhere_as_long_as_no_repository_is_named(course):
    title, first, *_ = unit(course).cells

    assert launch.repository(course) == ""
    assert title.source.startswith("# Unit 02") and first.id == "02-colab"
    assert "git clone" not in first.source and "](http" not in title.source


def test_badges_are_written_without_running_a_notebook_and_again_for_another_repository(course):
    before, readme = unit(course), (course / "README.md").read_text("utf-8").splitlines()
    assert not any(line.startswith("[![") for line in readme)

    for name in ("an-owner/a_course", "other/course.v2"):  # the second time as the first
        assert launch.main([name], course) == 0
        assert launch.repository(course) == name
        nb = unit(course)
        title, badge, first, *lesson = nb.cells
        assert [title, *lesson] == [before.cells[0], *before.cells[2:]]
        assert f"{launch.COLAB}/github/{name}/blob/main/notebooks/02_luck.ipynb" in badge.source
        assert f"https://github.com/{name}" in first.source and first.execution_count == 1
        written = (course / "README.md").read_text("utf-8").splitlines()
        assert written[2].endswith(f"({BINDER.format(name)})")
        assert [*written[:2], *written[4:]] == readme
        assert build.check(course / "notebooks" / "source" / "02_luck.py") == []


def test_a_notebook_from_before_goes_on_counting(course):
    path = course / "notebooks" / "02_luck.ipynb"
    nb, expected = unit(course), unit(course).cells
    nb.cells = launch.lesson(nb)
    for count, cell in enumerate(nb.cells[1:], start=1):
        cell.execution_count = count
    nb.cells[-1].outputs[0].execution_count = 2
    nbformat.write(nb, path)

    launch.begin_all(course)

    assert unit(course).cells == expected
    assert unit(course).cells[-1].outputs[0].execution_count == 3


@pytest.mark.parametrize("name", ["", "course", "an/owner/course", "a b/c", "owner/"])
def test_badges_of_no_repository_are_refused_in_one_sentence(course, capsys, name):
    before = {path: path.read_bytes() for path in course.rglob("*.*") if path.is_file()}

    assert launch.main([name], course) == 2

    assert capsys.readouterr().err.startswith("Name the repository, for instance: make badge REPO=")
    assert {path: path.read_bytes() for path in before} == before


def test_make_badge_hands_the_repository_on():
    makefile = (launch.ROOT / "Makefile").read_text("utf-8")
    assert '\n\t@.venv/bin/python -m notebooks.launch "$(REPO)"\n' in makefile


# On Colab and elsewhere


def run(code: str) -> list[str]:
    """Run a cell as IPython does; return the commands that it gives to the shell."""
    commands: list[str] = []
    names: dict[str, object] = {}

    class Shell:
        def system(self, command: str) -> None:
            commands.append(command.format(**names))

    names["get_ipython"] = Shell
    exec(TransformerManager().transform_cell(code), names)  # noqa: S102 - the course's own cell
    return commands


@pytest.fixture
def on_colab(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    monkeypatch.setattr(sys, "path", [*sys.path])


def test_elsewhere_the_first_cell_does_nothing(capsys, monkeypatch):
    monkeypatch.setattr(colab, "set_up", None)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)

    assert run(launch.SET_UP) == run(launch.NO_REPOSITORY) == []
    assert capsys.readouterr().out == ""


def test_on_colab_the_first_cell_brings_the_course(on_colab, monkeypatch):
    calls = []
    monkeypatch.setattr(colab, "set_up", lambda: calls.append(sys.path[0]))

    (command,) = run(launch.SET_UP)

    assert command.split(" || ")[0] == "test -d /content/course"
    assert command.endswith(
        "git clone --quiet --depth 1 https://github.com/OWNER/NAME /content/course"
    )
    assert calls == ["/content/course"]


def test_on_colab_a_copy_without_a_repository_says_what_to_do(on_colab, capsys):
    assert run(launch.NO_REPOSITORY) == []
    assert "make lab" in capsys.readouterr().out


@pytest.fixture
def pins() -> dict[str, str]:
    return doctor.versions()[0]


@pytest.fixture
def versions(pins) -> dict[str, str | None]:
    """What Colab brings of the course's packages."""
    there = PACKAGES | {"tensorflow-cpu": PACKAGES["tensorflow"]}
    return {name: there.get(name) for name in pins}


def test_only_what_colab_lacks_is_installed_and_the_doctor_is_content_then(pins, versions):
    packages = colab.needed(pins, versions)
    assert packages == ["keras==3.12.4", "keras-tuner==1.4.8", "autokeras==3.0.0"]

    checks = doctor.check_packages(
        pins, versions | dict(package.split("==") for package in packages), pip="", setup=""
    )
    assert {check.level for check in checks} == {"ok", "note"}


def test_where_hardly_anything_is_there_all_is_installed(pins, versions):
    few = {**dict.fromkeys(pins), "numpy": versions["numpy"]}
    assert colab.needed(pins, few) == [f"{name}=={pin}" for name, pin in pins.items()]


@pytest.fixture
def installs(monkeypatch, pins, versions) -> list[tuple[str, ...]]:
    """What pip is asked for, where it can install everything."""
    calls: list[tuple[str, ...]] = []
    monkeypatch.chdir(launch.ROOT)
    monkeypatch.setattr(doctor, "versions", lambda: (pins, versions))
    monkeypatch.setattr(colab, "_pip_install", lambda *arguments: calls.append(arguments))
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    return calls


def test_the_set_up_installs_the_course_without_its_pins_and_works_in_its_folder(installs, capsys):
    colab.set_up()

    packages, ours = installs
    assert len(packages) == 3 and ours == ("--no-deps", "--editable", str(launch.ROOT))
    assert Path.cwd() == launch.ROOT / "notebooks"
    assert capsys.readouterr().out.endswith("The course is ready.\n")


def test_where_all_is_installed_nothing_is(installs, pins, versions, capsys):
    versions.update(pins)
    colab.set_up()

    assert installs == []
    assert capsys.readouterr().out == "The course is ready.\n"


def test_a_keras_that_was_loaded_before_needs_a_restart_of_the_session(installs, monkeypatch):
    old = ModuleType("keras")
    old.__version__ = "3.13.2"
    monkeypatch.setitem(sys.modules, "keras", old)

    with pytest.raises(CourseError, match="Runtime > Restart session"):
        colab.set_up()


def test_what_pip_cannot_install_is_said_in_its_own_words(tmp_path):
    with pytest.raises(CourseError, match="could not install .*none"):
        colab._pip_install("--no-index", str(tmp_path / "none"))
