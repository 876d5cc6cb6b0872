"""`python -m nascourse pack`: what a kit holds, and the sentences before anything is downloaded."""

from __future__ import annotations

import hashlib
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from nascourse import CourseError, __main__
from nascourse.cli import doctor, pack

OTHER = next(system for system in pack.SYSTEMS if system != pack.THIS_SYSTEM)


@pytest.fixture
def commands(monkeypatch) -> list[list[str]]:
    """The commands that would build, resolve and download; a wheel appears for each of pip's."""
    given = []

    def run(what, command):
        given.append(command)
        if command[0] == "pip":
            wheels = next(word for word in command if word.startswith(("--dest=", "--wheel-dir=")))
            Path(wheels.partition("=")[2], f"made-{len(given)}.whl").write_text("wheel")
            return ""
        return "resolved==1.0\n"

    monkeypatch.setattr(pack, "_run", run)
    return given


def test_a_kit_holds_what_a_laptop_needs_and_its_checksums(tmp_path, commands, capsys):
    (tmp_path / "kit" / "wheels").mkdir(parents=True)  # an attempt that failed
    (tmp_path / "kit" / ".venv").mkdir()
    (tmp_path / "kit" / ".venv" / "pyvenv.cfg").touch()  # somebody has tried it
    assert __main__.main(["pack", str(tmp_path / "kit")]) == 0
    assert str(tmp_path / "kit") in capsys.readouterr().out.splitlines()[-1]
    kit = tmp_path / "kit"
    files = {path.relative_to(kit).as_posix() for path in kit.rglob("*") if path.is_file()}
    assert {"README.txt", "wheels/made-1.whl", "binder/jupyter_lab_config.py"} < files
    assert {"notebooks/02_random_search.ipynb", "exercises/02_random_search.ipynb"} < files
    assert not any(name.startswith("solutions") for name in files)

    lines = (kit / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(sums) == files - {"SHA256SUMS", ".venv/pyvenv.cfg"}
    for name, digest in sums.items():
        assert hashlib.sha256((kit / name).read_bytes()).hexdigest() == digest, name


def test_the_instructions_name_the_systems_and_pythons(tmp_path, commands):
    pack.pack(tmp_path, systems=[OTHER, "darwin-arm64"], pythons=["3.12", "3.13"])
    text = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert "Python 3.12 or 3.13" in text
    assert f"{OTHER}, darwin-arm64" in text
    assert "python3.12 -m venv .venv" in text
    assert "{" not in text


def test_pip_takes_the_pins_here_and_what_uv_lists_elsewhere(tmp_path, commands):
    pack.pack(tmp_path)
    (download,) = (command for command in commands if command[1] == "download")
    assert f"--requirement={pack.ROOT / 'requirements.txt'}" in download
    assert "--no-deps" not in download

    commands.clear()
    pack.pack(tmp_path, systems=["windows-amd64"], pythons=["3.12"])
    (uv,) = (command for command in commands if command[0] == "uv")
    (download,) = (command for command in commands if command[1] == "download")
    assert {"--python-platform=x86_64-pc-windows-msvc", "--python-version=3.12"} < set(uv)
    assert {"--platform=win_amd64", "--python-version=3.12", "--no-deps"} < set(download)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--platform", "beos"], "the system 'beos': name one of linux-x86_64, "),
        (["--python", "3.9"], "the Python '3.9': name one of 3.10, "),
    ],
)
def test_unknown_names_are_refused(tmp_path, capsys, commands, options, words):
    assert __main__.main(["pack", str(tmp_path / "kit"), *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not commands
    assert not list(tmp_path.iterdir())


def test_a_folder_with_other_things_is_refused(tmp_path, commands):
    (tmp_path / "photo.jpg").touch()
    for folder in (tmp_path, tmp_path / "photo.jpg"):
        with pytest.raises(CourseError, match="holds something else"):
            pack.pack(folder)
    assert not commands


def test_what_a_system_leaves_on_a_stick_is_nothing_else_and_has_no_checksum(tmp_path, commands):
    for name in (".DS_Store", "desktop.ini", ".Trashes/old.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("left")
    (tmp_path / "System Volume Information").mkdir()
    pack.pack(tmp_path)

    (tmp_path / "wheels" / "._made-1.whl").write_text("left")
    sums = pack.checksums(tmp_path)
    assert "wheels/made-1.whl\n" in sums
    for name in (".DS_Store", "desktop.ini", "._made-1.whl", ".Trashes"):
        assert name not in sums
    assert sums == (tmp_path / "SHA256SUMS").read_text()


def test_a_small_disk_a_missing_uv_and_an_installed_course_are_said_first(
    tmp_path, commands, monkeypatch
):
    free = namedtuple("usage", "total used free")(9 * doctor.GIB, 0, 3 * doctor.GIB // 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(CourseError, match=r"1\.5 GiB are free at .*, and the wheels need 2"):
        pack.pack(tmp_path / "new" / "kit", pythons=["3.11", "3.12"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CourseError, match="pip install uv"):
        pack.pack(tmp_path / "kit", systems=[OTHER])
    monkeypatch.setattr(pack, "ROOT", tmp_path)
    with pytest.raises(CourseError, match="needs the folder of the course"):
        pack.pack(tmp_path / "kit")
    assert not commands


def test_a_full_stick_is_one_sentence(tmp_path, commands, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copy", full)
    with pytest.raises(CourseError, match=r"cannot be written \(No space left on device\)"):
        pack.pack(tmp_path / "kit")


@pytest.mark.slow
def test_without_a_network_the_missing_package_is_named(tmp_path, monkeypatch):
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": "", "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(CourseError, match="building the course with: .*setuptools"):
        pack.pack(tmp_path / "kit")
