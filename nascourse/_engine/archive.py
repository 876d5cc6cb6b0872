"""Move a search to another machine: its folder as one zip file, and back.

On Binder:

>>> from nascourse._engine.archive import export_search, import_search
>>> export_search("runs/first", "first.zip")                                  # doctest: +SKIP

Download ``first.zip``, and at home:

>>> import_search("first.zip", "runs/first")                                  # doctest: +SKIP

The same call of `nascourse.search.run_search` with that folder then goes on where it stopped.

An archive may come from anybody, so all of it is checked before anything is written.  Most of a
search is JSON and HDF5 weights, which carry no code; a ``.keras`` file may, so its layers are
checked as well.  Nothing here needs TensorFlow.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from nascourse import CourseError, first_line
from nascourse._engine.files import atomic_path, atomic_write, given_path, left_by_system
from nascourse._engine.recording import FILES, locked

MAX_FILES = 20_000
MAX_FILE_BYTES = 256 * 2**20
MAX_BYTES = 2 * 2**30
MAX_RATIO = 100  # a file that expands more is taken for a zip bomb
RATIO_COUNTS_FROM = 2**20  # bytes; a smaller file does no harm, however much it expands

# What KerasTuner, AutoKeras, TensorBoard and the course write.
_KINDS = re.compile(
    r".+\.(json|h5|keras)|(.+/)?(graph|pipeline|best_pipeline|events\.out\.tfevents\.[^/]+)"
)
# The names of a search are so plain that no system reads them as anything but a file below the
# folder: no "..", no drive, no backslash, no stream, no final dot, no device of Windows.
_PART = r"(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:[./]|$))[\w-](?:[\w.-]{0,98}[\w-])?"
_NAME = re.compile(rf"{_PART}(?:/{_PART}){{0,9}}", re.ASCII | re.IGNORECASE)
_INSIDE_KERAS = re.compile(r"config\.json|metadata\.json|model\.weights\.h5")
_PACKAGES = ("keras", "autokeras", "nascourse", "builtins", None)  # layers may come from these


def export_search(directory: str | os.PathLike, archive: str | os.PathLike) -> Path:
    """Write the search in a folder into one zip file.

    Other files in the folder stay behind.  Stop a running search first, by the stop button or
    Ctrl-C.

    Parameters
    ----------
    directory
        The folder of the search.
    archive
        The file to write, with the ending ``.zip``; an existing one is replaced.

    Returns
    -------
    The path of the archive.

    Raises
    ------
    CourseError
        The folder holds no search, one that is running, or one that is too large; or the file
        cannot be written.
    """
    directory, archive = given_path(directory), given_path(archive)
    if archive.suffix.lower() != ".zip":
        raise CourseError(f"{str(archive)!r} is no name for an archive: let it end in .zip.")
    # `isfile` is False as well where the system refuses to look.
    if not any(os.path.isfile(directory / name) for name in FILES):
        raise CourseError(
            f"The folder {str(directory)!r} holds no search: give the directory that run_search "
            "had."
        )
    with (
        locked(directory, overwrite=False),
        _can_be_written(archive),
        atomic_path(archive) as partial,
    ):
        with zipfile.ZipFile(partial, "w", strict_timestamps=False) as target:
            for path in sorted(directory.rglob("*")):
                name = path.relative_to(directory).as_posix()
                if path.is_symlink() or not path.is_file() or not _is_of_a_search(name):
                    continue
                # Weights hardly shrink, and constant ones would shrink like a bomb.
                weights = name.endswith((".h5", ".keras"))
                target.write(path, name, zipfile.ZIP_STORED if weights else zipfile.ZIP_DEFLATED)
        try:
            with zipfile.ZipFile(partial) as source:
                _check(source)  # refuse here what the import would refuse
        except _RefusedError as error:
            raise CourseError(
                f"The search in {str(directory)!r} cannot be packed, as it {error}: take out of "
                "the folder what the search does not need."
            ) from error
    return archive


def import_search(archive: str | os.PathLike, directory: str | os.PathLike) -> Path:
    """Unpack a search that `export_search` has packed, after a check of all that is in it.

    If anything fails, nothing is left in the folder.

    Parameters
    ----------
    archive
        The zip file.
    directory
        A new or an empty folder.

    Returns
    -------
    The folder, for ``run_search(..., directory=...)``.

    Raises
    ------
    CourseError
        The archive is no search, or holds what no search holds; or the folder is not empty or
        cannot be written.
    """
    archive, directory = given_path(archive), given_path(directory)
    if not os.path.isfile(archive):
        raise CourseError(
            f"{str(archive)!r} is not a file: give the path of an archive that export_search wrote."
        )
    with _opened(archive) as source:
        entries = _check(source)
        with _can_be_written(directory), _atomic_folder(directory) as partial:
            for name, entry in entries.items():
                atomic_write(partial / name, _content(source, entry))
    return directory


class _RefusedError(Exception):
    """What is wrong with an archive, as a clause of a sentence."""


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip file to read; any error becomes one sentence."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _RefusedError(f"has more than {MAX_BYTES // 2**20} MiB")
        with zipfile.ZipFile(path) as source:
            yield source
    except CourseError:
        raise
    except _RefusedError as error:
        raise CourseError(
            f"{path.name} {error}, so it is not imported: export the search again with "
            "export_search, and trust no archive of unknown origin."
        ) from error
    except Exception as error:  # a damaged or foreign file can fail in any way
        raise CourseError(
            f"{path.name} cannot be read as a zip archive ({first_line(error)}): copy it again, or "
            "export the search again with export_search."
        ) from error


def _check(source: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The entries of the archive of a search by their names in its folder, each byte checked."""
    top = _top_folder(source)
    checked = _entries(
        source, lambda name: _is_of_a_search(name.removeprefix(top)), with_folders=True
    )
    entries = {entry.filename.removeprefix(top): entry for entry in checked}
    if not entries.keys() & set(FILES):
        raise _RefusedError(f"has no entry {FILES[0]!r}")
    for entry in checked:
        content = _content(source, entry)
        if entry.filename.endswith(".keras"):
            try:
                _check_network(content)
            except Exception as error:  # it is a zip file itself, which can be damaged in any way
                reason = (
                    error if isinstance(error, _RefusedError) else f"fails ({first_line(error)})"
                )
                raise _RefusedError(f"has the entry {_shown(entry)}, which {reason}") from error
    return entries


def _check_network(content: bytes) -> None:
    """Search a ``.keras`` file for code, as Keras's ``safe_mode`` does; nothing is loaded."""
    with zipfile.ZipFile(io.BytesIO(content)) as network:
        entries = {e.filename: e for e in _entries(network, _INSIDE_KERAS.fullmatch)}
        if "config.json" not in entries:
            raise _RefusedError("has no 'config.json'")
        unchecked = [json.loads(_content(network, entries["config.json"]))]
    while unchecked:
        value = unchecked.pop()
        if isinstance(value, list):
            unchecked += value
        elif isinstance(value, dict):
            unchecked += value.values()
            if value.get("class_name") in ("Lambda", "__lambda__"):
                raise _RefusedError("has a Lambda layer, which is code")
            module = value.get("module")
            package = module.partition(".")[0] if isinstance(module, str) else module
            if "class_name" in value and package not in _PACKAGES:
                raise _RefusedError(f"has a layer of the module {str(module)[:60]!r}")


def _entries(
    source: zipfile.ZipFile, expected: Callable[[str], object], *, with_folders: bool = False
) -> list[zipfile.ZipInfo]:
    """The entries of a zip file, checked by what its directory says of them.

    Those of folders, which file managers add, are left out if there may be some.
    """
    entries = [entry for entry in source.infolist() if not left_by_system(entry.filename)]
    entries = [entry for entry in entries if not (with_folders and entry.is_dir())]
    names, total = set(), 0
    if len(entries) > MAX_FILES:
        raise _RefusedError(f"has {len(entries)} entries, more than {MAX_FILES}")
    for entry in entries:
        # Not `filename`, which zipfile has corrected.
        name, what = entry.orig_filename, f"has the entry {_shown(entry)}"
        total += entry.file_size
        if not _NAME.fullmatch(name):
            raise _RefusedError(f"{what}, whose name is not safe on every system")
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _RefusedError(f"{what}, which is a link or another special file")
        if not expected(name):
            raise _RefusedError(f"{what}, a kind of file that does not belong there")
        if name.lower() in names:
            raise _RefusedError(f"{what} twice")
        if entry.flag_bits & 1:
            raise _RefusedError(f"{what}, which is encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _RefusedError(f"{what}, which is compressed in an unusual way")
        if entry.file_size > MAX_FILE_BYTES:
            raise _RefusedError(f"{what} of more than {MAX_FILE_BYTES // 2**20} MiB")
        if entry.file_size > max(RATIO_COUNTS_FROM, MAX_RATIO * entry.compress_size):
            raise _RefusedError(f"{what}, which expands more than {MAX_RATIO} times")
        if total > MAX_BYTES:
            raise _RefusedError(f"unpacks to more than {MAX_BYTES // 2**20} MiB")
        names.add(name.lower())
    for entry in entries:
        folders = PurePosixPath(entry.filename.lower()).parents
        if any(str(folder) in names for folder in folders):
            raise _RefusedError(f"has the entry {_shown(entry)} below another file")
    return entries


def _top_folder(source: zipfile.ZipFile) -> str:
    """The folder in which a file manager has packed a search, with its slash; or nothing."""
    names = [name for name in source.namelist() if not left_by_system(name)]
    tops = {name.partition("/")[0] + "/" for name in names}
    top = tops.pop() if len(tops) == 1 else ""
    return top if any(top + name in names for name in FILES) else ""


def _content(source: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of an entry, whose number and checksum are as the directory says."""
    with source.open(entry) as file:
        content = file.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise _RefusedError(f"has the entry {_shown(entry)} of another size than it says")
    return content


def _is_of_a_search(name: str) -> bool:
    return bool(_NAME.fullmatch(name) and _KINDS.fullmatch(name))


def _shown(entry: zipfile.ZipInfo) -> str:
    return ascii(entry.orig_filename[:80])


@contextlib.contextmanager
def _atomic_folder(path: Path) -> Iterator[Path]:
    """Give a folder beside ``path`` to write in; when the block ends, its content is in ``path``."""
    if path.is_dir() and not all(left_by_system(inside.name) for inside in path.iterdir()):
        raise CourseError(
            f"The folder {str(path)!r} is not empty: choose a new one, or empty it first."
        )
    path = path.absolute()
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        partial.mkdir(parents=True)
        yield partial
        if not path.is_dir():
            os.replace(partial, path)
            return
        # Somebody may stand in the folder, so it stays; without its main files it is no search.
        moved: list[Path] = []
        try:
            for inside in sorted(partial.iterdir(), key=lambda inside: inside.name in FILES):
                moved.append(path / inside.name)
                os.replace(inside, moved[-1])
        except BaseException:
            for left in moved:
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _can_be_written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CourseError(
            f"{str(path)!r} cannot be written ({error.strerror}): choose another place, or make "
            "room on the disk."
        ) from error
