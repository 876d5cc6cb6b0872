"""A search on disk: which search it is, what it has found, and all that it takes to go on.

============================  ====================================================================
in the folder of a search     what it is
============================  ====================================================================
``search.json``               the search: its identity, its finished trials with their learning
                              curves, and the state of KerasTuner when the last of them ended
``search.backup.json``        the same again, should the first be damaged
``search.lock``               held by the process that searches here
``keras_tuner``, ``autokeras``  what the libraries keep: their state, and the weights of the trials
============================  ====================================================================

Whatever happened, a search goes on from ``search.json``.  The libraries' own files are put back to
that moment.  So at most the trial in progress is trained again, and it comes out the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from nascourse import CourseError, trials
from nascourse._engine.files import set_aside, write_whole

FILES = ("search.json", "search.backup.json")
LOCK = "search.lock"
BUDGET = "max_trials"  # the only part of an identity that may grow
LIBRARIES = ("keras_tuner", "autokeras")
# What KerasTuner reads when a search goes on; all else is weights, or is written anew.
STATE = re.compile(r"(keras_tuner|autokeras)/(oracle|tuner0|trial_\d+/(trial|build_config))\.json")
OVERWRITE = "choose another folder, or pass overwrite=True (--overwrite on the command line)."


@dataclass(frozen=True)
class Content:
    """What ``search.json`` holds."""

    identity: dict[str, Any]  # a search with another one is another search
    trials: list[dict[str, Any]] = field(default_factory=list)  # {"row": ..., "curve": ...}
    library: dict[str, str] = field(default_factory=dict)  # file below the folder: its text
    stopped: str | None = None  # why it ended, if it did
    tries: int = 0  # how often the trial after these was begun by a process that then died


class Recording:
    """The folder of a search, open for one process.  Make it with `opened`."""

    def __init__(self, folder: Path, content: Content):
        self.folder, self.content = folder, content

    @classmethod
    @contextlib.contextmanager
    def opened(
        cls, folder: Path, identity: dict[str, Any], *, overwrite: bool = False
    ) -> Iterator[Recording]:
        """Begin a search, or go on with the one in ``folder``, and keep other processes out.

        A search with a larger budget goes on with the trials of the smaller one.

        Raises
        ------
        CourseError
            The folder holds another search or other files, is in use, or cannot be written; or
            both copies of the search are damaged.
        """
        with locked(folder, overwrite=overwrite):
            found = None if overwrite else _read(folder)
            if found:
                changed = _changed(found.identity, identity)
                before = found.identity.get(BUDGET)
                if changed == [BUDGET] and isinstance(before, int) and before < identity[BUDGET]:
                    found, changed = replace(found, identity=identity, stopped=None), []
                if changed:
                    raise CourseError(
                        f"The folder {str(folder)!r} holds another search (another "
                        f"{' and '.join(changed)}): {OVERWRITE}"
                    )
            recording = cls(folder, found or Content(identity))
            recording._restore_library()
            recording._keep(recording.content)
            yield recording

    def begin_trial(self) -> int:
        """Note that a trial begins; return how often it has begun now."""
        self._keep(replace(self.content, tries=self.content.tries + 1))
        return self.content.tries

    def end_trial(self, row: dict[str, Any], curve: list[dict[str, Any]]) -> None:
        """Add a finished trial, and the state of the library, which must have heard of it."""
        library = dict(self.content.library)
        for path in self._library_files():
            name = path.relative_to(self.folder).as_posix()
            number = re.search(r"/trial_(\d+)/", name)
            ended_before = number and int(number[1]) < len(self.content.trials)
            if not ended_before:
                library[name] = path.read_text("utf-8")
        finished = [*self.content.trials, {"row": row, "curve": curve}]
        self._keep(replace(self.content, trials=finished, library=library, tries=0))

    def stop(self, why: str | None = None) -> None:
        """Note that the process left the search in good order, and why, if it is finished."""
        self._keep(replace(self.content, stopped=why, tries=0))

    @property
    def table(self) -> pd.DataFrame:
        """The trial table."""
        return _table(self.content)

    @property
    def curves(self) -> pd.DataFrame:
        """The learning curves."""
        return _curves(self.content)

    def _keep(self, content: Content) -> None:
        """Write both copies; only then it is the content."""
        search = asdict(content)
        text = json.dumps({"sha256": _digest(search), "search": search})
        for name in FILES:
            write_whole(self.folder / name, text)
        self.content = content

    def _library_files(self) -> list[Path]:
        return [
            path
            for library in LIBRARIES
            for path in sorted((self.folder / library).glob("**/*.json"))
            if STATE.fullmatch(path.relative_to(self.folder).as_posix())
        ]

    def _restore_library(self) -> None:
        """Put the library's files back to the end of the last trial; tell of damaged ones."""
        for path in self._library_files():
            name = path.relative_to(self.folder).as_posix()
            if name in self.content.library and _is_damaged(path, self.content.library[name]):
                _tell_aside(path)
        for library in LIBRARIES:  # what a trial in progress left
            for trial in (self.folder / library).glob("trial_*"):
                if f"{library}/{trial.name}/trial.json" not in self.content.library:
                    shutil.rmtree(trial)
        for name, text in self.content.library.items():
            path = self.folder / name
            if not path.is_file() or path.read_bytes() != text.encode():
                write_whole(path, text)


def parse(text: str) -> Content:
    """The content of a ``search.json``.

    Raises
    ------
    ValueError
        The text is anything else.
    """
    try:
        found = json.loads(text)
        content = Content(**found["search"])
        complete = found["search"].keys() == asdict(content).keys()
        sound = found["sha256"] == _digest(found["search"]) and complete and _is_sound(content)
    except Exception as error:  # a damaged or foreign file can fail in any way
        raise ValueError("no search.json") from error
    if not sound:
        raise ValueError("a damaged search.json")
    return content


def _changed(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """The parts of two identities that are not the same."""
    names = sorted(theirs.keys() | ours.keys())
    return [name for name in names if theirs.get(name) != ours.get(name)]


def _is_sound(content: Content) -> bool:
    """Whether all is of the right kind; the digest has shown that it is what we wrote."""
    numbers = [line["row"]["trial"] for line in content.trials]
    _table(content), _curves(content)  # a row of another kind makes no table
    return (
        isinstance(content.identity, dict)
        and numbers == list(range(1, len(numbers) + 1))
        and all(line["row"]["status"] in ("completed", "failed") for line in content.trials)
        and all(STATE.fullmatch(name) for name in content.library)
        and all(isinstance(json.loads(state), dict) for state in content.library.values())
        and isinstance(content.stopped, str | None)
        and type(content.tries) is int
    )


def _table(content: Content) -> pd.DataFrame:
    return trials.to_table(line["row"] for line in content.trials)


def _curves(content: Content) -> pd.DataFrame:
    return trials.curves_to_table(epoch for line in content.trials for epoch in line["curve"])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _read(folder: Path) -> Content | None:
    """The search in the folder, if there is one; a damaged copy gives way to the sound one."""
    damaged = []
    for path in (folder / name for name in FILES):
        try:
            content = parse(path.read_text("utf-8"))
        except FileNotFoundError:
            continue
        except ValueError:
            damaged.append(path)
            continue
        for bad in damaged:
            _tell_aside(bad)
        return content
    if damaged:
        raise CourseError(
            f"{damaged[0].name} in the folder {str(folder)!r} is damaged, and so is its copy, so "
            f"this search cannot go on: {OVERWRITE}"
        )
    return None


def _is_damaged(path: Path, last_good: str) -> bool:
    """Whether a file of the library is no JSON, or belongs to another search or trial."""
    ours = json.loads(last_good)
    try:
        theirs = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        return True
    marks = [name for name in ("seed", "trial_id") if name in ours]
    return (
        not isinstance(theirs, dict)
        or theirs.keys() != ours.keys()
        or any(theirs[mark] != ours[mark] for mark in marks)
    )


def _tell_aside(path: Path) -> None:
    aside = set_aside(path)
    print(
        f"{path.name} was damaged: it is now {aside.name}, and its last good copy takes its place."
    )


@contextlib.contextmanager
def locked(folder: Path, *, overwrite: bool) -> Iterator[None]:
    """Hold the lock of a search's folder, which is made if need be."""
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if present - {LOCK} and not present & set(FILES) and not overwrite:
            raise CourseError(
                f"The folder {str(folder)!r} holds other files: choose an empty or a new folder, "
                "or pass overwrite=True (--overwrite on the command line)."
            )
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise CourseError(
            f"Another process is searching in the folder {str(folder)!r}: wait until it ends, or "
            "choose another folder."
        ) from None
    except OSError as error:
        raise CourseError(
            f"The folder {str(folder)!r} cannot be written ({error.strerror}): choose another one."
        ) from error
    try:
        yield
    finally:
        lock.release()
