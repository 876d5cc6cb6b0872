"""A file is written whole or not at all, and a failed attempt leaves nothing behind."""

from __future__ import annotations

import errno
import os
import re
import tempfile
import threading
from pathlib import Path

import pytest
from tqdm import tqdm

from nascourse import CourseError
from nascourse._engine import files
from nascourse._engine.files import atomic_write


@pytest.mark.parametrize("content", ["one\ntwo ä\n", b"\x00\xff"])
def test_the_content_is_written_as_it_is(tmp_path, content):
    path = tmp_path / "new folder" / "file"
    atomic_write(path, "old")
    atomic_write(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert os.listdir(path.parent) == ["file"]


def test_a_name_that_is_no_text_stops_no_file(tmp_path):
    """Python has the byte FC, which is no UTF-8, as the half character DCFC."""
    assert files.as_text("M\udcfcller") == "M\\udcfcller"
    assert files.as_text("Müller 猫 \\") == "Müller 猫 \\"

    atomic_write(tmp_path / "file", "of M\udcfcller")
    assert (tmp_path / "file").read_bytes() == b"of M\\udcfcller"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    atomic_write(path, "old")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        atomic_write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    steps = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, n=name, f=real: (steps.append(n), f(*a)))
    atomic_write(tmp_path / "file", "new")
    assert steps == ["fsync", "replace"]


def test_a_file_can_be_read_by_whom_the_system_lets(tmp_path):
    (tmp_path / "usual").write_text("")
    atomic_write(tmp_path / "file", "")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_paths_as_people_give_them(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("ada", "grace"):
        (tmp_path / f"{name}.json").touch()

    assert files.given_path("~/mine") == tmp_path / "mine"
    assert files.given_path(' "a folder" ') == Path("a folder")
    assert files.given_path(tmp_path) == tmp_path
    for name in ("the kids'", "a blank "):
        assert files.given_path(name) == Path(name.strip(" '"))
        (tmp_path / name).mkdir()
        assert files.given_path(name) == Path(name)
    assert files.given_files(["*.json"]) == [Path("ada.json"), Path("grace.json")]
    assert files.given_files(["none.json", "[1].json"]) == [Path("none.json"), Path("[1].json")]
    for wrong in ("", "  ", None, 3, "a\0b", Path("a\0b")):
        with pytest.raises(CourseError, match="is no path"):
            files.given_path(wrong)


def test_a_fault_without_a_number_is_named():
    """As HDF5 raises it: an OSError with a text alone."""
    error = files.not_written(OSError("Unable to open file (in use)"), "a folder")
    assert "a folder cannot be written (Unable to open file (in use)): close" in str(error)


@pytest.mark.parametrize(
    "name, left",
    [
        (".DS_Store", True),
        ("a/__MACOSX/b", True),
        ("._x", True),
        ("System Volume Information", True),
        (".Trashes/501/a.txt", True),
        ("search.json", False),
    ],
)
def test_what_systems_leave_behind(name, left):
    assert files.left_by_system(name) is left


@pytest.fixture
def said(monkeypatch):
    """The lines that were printed beside a progress bar; `said.first` is set by the first of them."""

    class Lines(list):
        first = threading.Event()

        def write(self, line: str) -> None:
            self.append(line)
            self.first.set()

    lines = Lines()
    monkeypatch.setattr(files, "SAY_AFTER", 0.05)
    monkeypatch.setattr(tqdm, "write", lines.write)
    return lines


def test_a_drive_that_hangs_is_named_while_it_does(tmp_path, monkeypatch, said):
    real = os.fsync

    def hang(descriptor: int) -> None:
        assert said.first.wait(30)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", hang)
    atomic_write(tmp_path / "file", "new")

    line = rf"Waiting for the file '{re.escape(str(tmp_path / 'file'))}' since \d\d:\d\d:\d\d\."
    assert all(re.fullmatch(line, text) for text in said)
    assert (tmp_path / "file").read_text() == "new"
    n_lines = len(said)
    threading.Event().wait(0.4)
    assert len(said) <= n_lines + 1  # that which it may have been about to say


def test_what_is_soon_written_is_not_spoken_of(tmp_path, monkeypatch, said):
    monkeypatch.setattr(files, "SAY_AFTER", 30)
    for n in range(20):
        atomic_write(tmp_path / "file", str(n))

    assert said == []


def test_a_system_without_a_thread_left_writes_all_the_same(tmp_path, monkeypatch):
    def none(thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none)
    atomic_write(tmp_path / "file", "new")

    assert (tmp_path / "file").read_text() == "new"


def test_a_temporary_file_is_there_and_then_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with files.temporary_file() as path:
        assert [path] == [str(inside) for inside in tmp_path.iterdir()]
    assert list(tmp_path.iterdir()) == []
    with files.temporary_file() as path:
        os.unlink(path)  # by the system, as after a while


def test_a_folder_for_temporary_files_that_is_gone_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    with pytest.raises(CourseError) as raised, files.temporary_file():
        pass

    text = str(raised.value)
    assert str(tmp_path / "gone") in text and "set TMPDIR to a folder" in text
    assert "\n" not in text and text.endswith(".")
