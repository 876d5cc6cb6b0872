"""Atomic writes: a file is there complete, or as it was before.

A process can die, and a disk can fill, at any byte.  So a file is first written beside its place,
pushed to the disk, and only then moved to its name: a reader finds the old file or the new one.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import glob
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from nascourse import CourseError, first_line

ROOT = Path(__file__).resolve().parents[2]  # of the course, or what the package is installed in

SAY_AFTER = 15.0  # seconds of silence after which a line says what is waited for

# What systems leave in folders and archives by themselves.
_LEFT_BY_SYSTEMS = {".ds_store", "__macosx", "thumbs.db", "desktop.ini", ".directory"}
_LEFT_BY_SYSTEMS |= {"system volume information", ".spotlight-v100", ".trashes", ".fseventsd"}


def given_path(path: str | os.PathLike) -> Path:
    """A path as people give it, with ``~`` for the home folder and perhaps in quotes.

    Quotes and blanks around it stay where they are part of a name that there is.  What is no path,
    or an empty one, is refused.
    """
    try:
        as_it_is = Path(path).expanduser()
        text = path.strip().strip("\"'") if isinstance(path, str) else os.fspath(path)
        if not text or "\0" in str(text):
            raise TypeError
        return as_it_is if os.path.exists(as_it_is) else Path(text).expanduser()
    except (TypeError, AttributeError, RuntimeError) as error:  # RuntimeError: no home folder
        raise CourseError(f"{path!r} is no path: give the name of a file or a folder.") from error


def as_text(name: str) -> str:
    """The name as text that files, fonts and streams take.

    On Linux a name is bytes.  Those that are no UTF-8, as of an old archive from Windows, are half a
    character each in Python; here each becomes a backslash and its number.
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def given_files(paths: Iterable[str | os.PathLike]) -> list[Path]:
    """The files that people name, also by a pattern such as ``*.json``, which some shells leave."""
    files: list[Path] = []
    for path in map(given_path, paths):
        matches = [] if path.exists() else sorted(map(Path, glob.glob(str(path))))
        files += matches or [path]
    return files


def runs_folder() -> Path:
    """The folder ``runs`` of the learner's copy of the course: one around the current folder first.

    A kernel works in ``notebooks`` or ``exercises`` and a terminal above them.  On a shared server
    the package stands among other packages, or in a copy that is not the learner's.
    """
    current = Path.cwd()
    for folder in (current, *current.parents):
        if (folder / "notebooks").is_dir() and (folder / "exercises").is_dir():
            return folder / "runs"
    return (ROOT if (ROOT / "notebooks").is_dir() else current) / "runs"


def left_by_system(name: str) -> bool:
    """Whether this is the path of a file that an operating system has left behind."""
    parts = name.replace("\\", "/").split("/")
    return any(part.lower() in _LEFT_BY_SYSTEMS or part.startswith("._") for part in parts)


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; when the block ends, that file becomes ``path``.

    The folder is made if need be.  If the block fails, the old file stays, and nothing of the
    attempt.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The ending stays: some writers choose the format by it.
    partial = path.with_name(f"{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def atomic_write(path: str | os.PathLike, content: str | bytes) -> None:
    """Write ``content``, text as UTF-8 with the line ends that it has, or leave ``path`` alone.

    What is no text (`as_text`) stops nothing: it may be in a message of a library.

    Raises
    ------
    OSError
        The file cannot be written, for instance as the disk is full or, on Windows, as another
        program has it open.
    """
    with announced(f"the file {str(path)!r}"), atomic_path(path) as partial:
        partial.write_bytes(as_text(content).encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def announced(what: str) -> Iterator[None]:
    """Say what is waited for, and since when, if the block has not ended after `SAY_AFTER`.

    A call of the system that does not return, as of a drive that is gone, cannot be ended from
    here.  The line comes again after twice the time, and so on.
    """
    began, over = time.strftime("%H:%M:%S"), threading.Event()

    def say() -> None:
        from tqdm import tqdm  # the doctor starts without packages

        pause = SAY_AFTER
        while not over.wait(pause):
            tqdm.write(f"Waiting for {what} since {began}.")
            pause *= 2

    try:
        with contextlib.suppress(RuntimeError):  # of a system that has no thread left
            threading.Thread(target=say, daemon=True).start()
        yield
    finally:
        over.set()


@contextlib.contextmanager
def temporary_file() -> Iterator[str]:
    """Give the path of an empty file of the system's folder for such; it is gone when this ends.

    Raises
    ------
    CourseError
        That folder cannot be written, or was removed while Python ran.
    """
    try:
        descriptor, path = tempfile.mkstemp(prefix="nascourse-")
    except OSError as error:
        raise CourseError(
            f"No temporary file can be made ({' '.join(str(error).split())}): set TMPDIR to a "
            "folder that you may write, restart Python, and start it again with the same folder to "
            "go on."
        ) from error
    os.close(descriptor)
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):  # the system may have removed it
            os.unlink(path)


def is_full(error: Exception) -> bool:
    """Whether it is the disk, or one's share of it, that has no room for a file."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def not_written(error: OSError, path: str | os.PathLike) -> CourseError:
    """What to say of a command that could not write a file, below ``path`` if it names none."""
    file = error.filename2 or error.filename or path  # the second is where a file was moved to
    if is_full(error):
        way_out = "free some space"
    else:
        way_out = "close what has it open, or allow it to be written"
    fault = error.strerror or first_line(error)  # HDF5's errors have only a text
    return CourseError(
        f"{file} cannot be written ({fault}): {way_out}, and the same command goes on where it "
        "stopped."
    )


def data_uri(content: bytes, kind: str) -> str:
    """An address that holds the content itself, so that a page needs no file beside it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def set_aside(path: Path) -> Path:
    """Move a damaged file out of the way, say to ``search.damaged-1.json``; return its new path."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    return path.rename(aside)
