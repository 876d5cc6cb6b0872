"""A search on disk: which search it is, its finished trials, and all that it takes to go on.

============================  ====================================================================
in the folder of a search     what it is
============================  ====================================================================
``search.json``               the search: its identity, its finished trials with their learning
                              curves, and the state of KerasTuner when the last of them ended
``search.backup.json``        a copy, in case the first is damaged
``search.lock``               held by the process that searches here
``search.running``            there while a trial runs, so that one that ends its process is found
``keras_tuner``, ``autokeras``  what the libraries keep: their state, and the weights of the trials
============================  ====================================================================

Whatever stopped it, a search goes on from ``search.json``.  The libraries' own files are restored
to that moment.  So at most the trial in progress is trained again, with the same outcome.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from nascourse import CourseError, trials
from nascourse._engine.files import announced, atomic_write, left_by_system, set_aside

FILES = ("search.json", "search.backup.json")
# What they are called while they are written; a process that is killed then leaves it behind.
PARTIAL = re.compile(r"search(\.backup)?\.[0-9a-f]{8}\.part\.json")
LOCK = "search.lock"
RUNNING = "search.running"  # there while a trial runs: a process that ends in good order removes it
BUDGET = "max_trials"  # the only part of an identity that may grow
LIBRARIES = ("keras_tuner", "autokeras")
NO_NETWORK = "none"  # how an identity begins to describe a network that could not be built
SPACE_PARTS = {"space", "networks", "compile settings", "own code", "fit"}
BUILD_FUNCTION = "build function"
ALL_COMPARED = "all"  # how it begins where all networks of a space were built and compared
LISTS = "lists"  # around functions, which may be filled while a program runs
UNCERTAIN = {  # another one may still give the same trials
    BUILD_FUNCTION: "the build function has",
    LISTS: "lists or dicts around the functions of the space or of the callbacks have",
}
COMPILED_CODE = {"own code", "fit", "code of the callbacks", BUILD_FUNCTION}
IMPLIED_BY = {
    "space": SPACE_PARTS - {"space"},
    "networks": {"own code", "compile settings"},
    "compile settings": {"own code"},
    "callbacks": {"code of the callbacks"},
}
READS_ALL = (
    "import h5py, sys; h5py.File(sys.argv[1]).visititems("
    "lambda name, item: item[...] if isinstance(item, h5py.Dataset) else None)"
)
# What KerasTuner reads when a search goes on; all else is weights, or is written anew.
STATE = re.compile(r"(keras_tuner|autokeras)/(oracle|tuner0|trial_\d+/(trial|build_config))\.json")

OVERWRITE = "choose another folder, or pass overwrite=True (--overwrite on the command line)."


@dataclass(frozen=True)
class Content:
    """What ``search.json`` holds."""

    identity: dict[str, Any]  # all that decides the outcome: space, data, strategy, seed, ...
    # {"row": ..., "curve": ..., "weights": name and SHA-256 of their files}
    trials: list[dict[str, Any]] = field(default_factory=list)
    library: dict[str, str] = field(default_factory=dict)  # relative path of a file: its text
    stopped: str | None = None  # why the search ended, if it did
    tries: int = 0  # how many processes have begun the next trial and died

    @property
    def table(self) -> pd.DataFrame:
        """The trial table."""
        return trials.to_table(record["row"] for record in self.trials)

    @property
    def curves(self) -> pd.DataFrame:
        """The learning curves."""
        return trials.curves_to_table(epoch for record in self.trials for epoch in record["curve"])


class Recording:
    """The folder of a search, open for one process.  Make it with `opened`."""

    def __init__(self, folder: Path, content: Content):
        self.folder, self.content = folder, content
        self._folder = folder.absolute()  # a notebook may go to another folder in the meantime
        self.retried: set[int] = set()  # the numbers of the failed trials that are trained again

    @classmethod
    @contextlib.contextmanager
    def opened(
        cls,
        folder: Path,
        identity: dict[str, Any],
        *,
        overwrite: bool = False,
        same_space: bool = False,
        retry_failed: bool = False,
    ) -> Iterator[Recording]:
        """Begin a search, or go on with the one in ``folder``, and keep other processes out.

        A search with a larger budget goes on with the trials of the smaller one.  Where no trial
        was completed, a changed space begins anew.

        Raises
        ------
        CourseError
            The folder holds another search or other files, is in use, or cannot be written; or
            both copies of the search are damaged; or it cannot be known whether it is the same.
        """
        with locked(folder, overwrite=overwrite):
            with written_in(folder):
                with announced(f"the search in {str(folder)!r}"):
                    content = None if overwrite else _read(folder)
                if content:
                    content = _continued(
                        content, identity, folder, same_space=same_space, retry_failed=retry_failed
                    )
                recording = cls(folder, content or Content(identity))
                if not (folder / RUNNING).exists():
                    recording.content = replace(recording.content, tries=0)
                if retry_failed:
                    recording._retry()
                recording._restore_library()
                recording._write(recording.content)
            yield recording

    def _retry(self) -> None:
        rows = [record["row"] for record in self.content.trials]
        self.retried = {row["trial"] for row in rows if row["status"] == "failed"}
        if self.retried:
            self.content = replace(self.content, stopped=None)

    def begin_trial(self) -> int:
        """Record that the next trial begins; return how often it has begun so far."""
        (self._folder / RUNNING).touch()
        self._write(replace(self.content, tries=self.content.tries + 1))
        return self.content.tries

    def forgive(self) -> None:
        """Record that the trial at hand ends through no fault of its own; a full disk allows it."""
        (self._folder / RUNNING).unlink(missing_ok=True)

    def end_trial(self, row: dict[str, Any], curve: list[dict[str, Any]]) -> None:
        """Add a finished trial, and the state of the library, which must have it already."""
        finished = {record["row"]["trial"]: record for record in self.content.trials}
        library = dict(self.content.library)
        for name, path in self._library_files().items():
            number = _number_in(name)
            if number is None or number == row["trial"] or number not in finished:
                library[name] = path.read_text("utf-8")
        weights = {path.name: _sha256(path) for path in self._weights(row["trial"])}
        finished[row["trial"]] = {"row": row, "curve": curve, "weights": weights}
        self._write(replace(self.content, trials=[*finished.values()], library=library, tries=0))

    def weights_are_intact(self, trial: int) -> bool:
        """Whether the weights of a trial are those that were written, or can at least be read."""
        written = self.content.trials[trial - 1].get("weights")
        try:
            paths = self._weights(trial)
            if written is not None:
                return bool(paths) and all(written.get(p.name) == _sha256(p) for p in paths)
            # By an older version.  HDF5 may end the process that reads a damaged file.
            return bool(paths) and not any(
                subprocess.run(
                    [sys.executable, "-c", READS_ALL, path],
                    capture_output=True,
                    timeout=25,
                    check=False,
                ).returncode
                for path in paths
            )
        except (OSError, subprocess.TimeoutExpired):
            return False

    def stop(self, reason: str | None = None) -> None:
        """Record that the process ended in good order, and the reason if the search is finished."""
        self._write(replace(self.content, stopped=reason, tries=0))
        self.forgive()

    def _write(self, content: Content) -> None:
        """Write both copies; only then it is the content."""
        search = asdict(content)
        text = json.dumps({"sha256": _digest(search), "search": search})
        for name in FILES:
            atomic_write(self._folder / name, text)
        self.content = content

    def _library_files(self) -> dict[str, Path]:
        """What KerasTuner reads when a search goes on, by its name in the folder."""
        folders = [self._folder / library for library in LIBRARIES]
        paths = [path for folder in folders for path in sorted(folder.glob("**/*.json"))]
        files = {path.relative_to(self._folder).as_posix(): path for path in paths}
        return {name: path for name, path in files.items() if STATE.fullmatch(name)}

    def _weights(self, trial: int) -> list[Path]:
        paths = self._folder.glob("*/trial_*/*.weights.h5")
        return [p for p in paths if _number_in(p.relative_to(self._folder).as_posix()) == trial]

    def _restore_library(self) -> None:
        """Restore the library's files as they were after the last trial; report damaged ones."""
        for name, path in self._library_files().items():
            if name in self.content.library and _is_damaged(path, self.content.library[name]):
                _set_aside_and_report(path)
        for library in LIBRARIES:  # leftovers of a trial in progress
            for trial in (self._folder / library).glob("trial_*"):
                if f"{library}/{trial.name}/trial.json" not in self.content.library:
                    shutil.rmtree(trial)
        for name, text in self.content.library.items():
            path = self._folder / name
            if not path.is_file() or path.read_bytes() != text.encode():
                atomic_write(path, text)


def parse(text: str) -> Content:
    """The content of a ``search.json``; any other text is a `ValueError`."""
    try:
        record = json.loads(text)
        content = Content(**record["search"])
        complete = record["search"].keys() == asdict(content).keys()
        valid = record["sha256"] == _digest(record["search"]) and complete and _is_valid(content)
    except Exception as error:  # a damaged or foreign file can fail in any way
        raise ValueError("no search.json") from error
    if not valid:
        raise ValueError("a damaged search.json")
    return content


def _continued(
    content: Content,
    identity: dict[str, Any],
    folder: Path,
    *,
    same_space: bool,
    retry_failed: bool,
) -> Content:
    """What a folder holds, to go on with the search of this identity, perhaps a larger budget."""
    names = sorted(content.identity.keys() & identity.keys())  # an older version had fewer
    rows = [record["row"] for record in content.trials]
    failed = [row for row in rows if row["status"] == "failed"] if retry_failed else None
    changed = [
        name for name in names if not _is_same(name, content.identity[name], identity[name], failed)
    ]
    # More trials are asked for, and nothing else: the smaller search is the beginning of the larger.
    budget = content.identity.get(BUDGET)
    is_larger = isinstance(budget, int) and budget < identity[BUDGET]
    if is_larger and set(changed) <= {BUDGET, *UNCERTAIN}:
        changed.remove(BUDGET)
        content = replace(content, stopped=None)
    # Something was edited, and all networks that were compared are as before.
    if changed and set(changed) <= UNCERTAIN.keys() and not same_space:
        what = " and ".join(UNCERTAIN[name] for name in changed)
        raise CourseError(
            f"{what[0].upper()}{what[1:]} changed since the search in {str(folder)!r} began, and "
            "whether that matters cannot be known, though all that was compared is the same: pass "
            f"same_space=True if it does not, or {OVERWRITE}"
        )
    changed = [name for name in changed if name not in UNCERTAIN]
    # Another space has other networks as well: the sentence names the space alone.
    for implying, implied in IMPLIED_BY.items():
        changed = [name for name in changed if name not in implied or implying not in changed]
    # A learner repairs a space of which every trial has failed: there is nothing to lose.
    has_completed = any(row["status"] == "completed" for row in rows)
    of_the_space = set(changed) - {BUDGET}
    if of_the_space and of_the_space <= SPACE_PARTS and not has_completed:
        if rows:
            print(
                f"None of the {len(rows)} trials in the folder was completed, and the space has "
                "changed: the search begins anew."
            )
        return Content(identity)
    if not changed:
        return replace(content, identity=identity)
    raise CourseError(
        f"The folder {str(folder)!r} holds another search (another {' and '.join(changed)}): "
        f"{OVERWRITE}"
    )


def _is_same(name: str, old: Any, new: Any, failed: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether two parts of an identity are the same, as far as they can be compared.

    If the failed trials are tried again, their networks may be others.
    """
    if isinstance(old, dict) and isinstance(new, dict):  # of networks, by their configurations
        spared = [key for key in old if any(_is_of(key, row) for row in failed or ())]
        common = (old.keys() & new.keys()) - set(spared)
        return all(_is_same(name, old[key], new[key], failed) for key in common)
    if failed is not None and str(old).startswith(NO_NETWORK):
        return True
    if name == BUILD_FUNCTION:
        (old_scope, old), (new_scope, new) = old.split(), new.split()
        if old_scope == new_scope == ALL_COMPARED:
            return True
    if name in COMPILED_CODE and ":" in str(old) and ":" in str(new):
        # What another version of Python has compiled cannot be compared.
        return old == new or old.partition(":")[0] != new.partition(":")[0]
    return old == new


def _is_of(configuration: str, row: Mapping[str, Any]) -> bool:
    """Whether a trial had this configuration, which an identity holds as JSON."""
    return configuration[0] == "{" and json.loads(configuration).items() <= row.items()


def _is_valid(content: Content) -> bool:
    """Whether every part is of the right type; that we wrote it, the digest has shown."""
    numbers = [line["row"]["trial"] for line in content.trials]
    _ = content.table, content.curves  # a row of another kind makes no table
    return (
        isinstance(content.identity, dict)
        and numbers == list(range(1, len(numbers) + 1))
        and all(line["row"]["status"] in ("completed", "failed") for line in content.trials)
        and all(STATE.fullmatch(name) for name in content.library)
        and all(isinstance(json.loads(state), dict) for state in content.library.values())
        and isinstance(content.stopped, str | None)
        and type(content.tries) is int
    )


def _number_in(name: str) -> int | None:
    """The number of the trial, from 1, whose file this is; None of a file of the search."""
    number = re.search(r"/trial_(\d+)/", name)
    return number and int(number[1]) + 1


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _read(folder: Path) -> Content | None:
    """The search in the folder, if there is one; an intact copy replaces a damaged one."""
    damaged = []
    for path in (folder / name for name in FILES):
        try:
            content = parse(path.read_text("utf-8-sig"))  # an editor may have added the mark
        except FileNotFoundError:
            continue
        except ValueError:
            damaged.append(path)
            continue
        for path in damaged:
            _set_aside_and_report(path)
        return content
    if damaged:
        raise CourseError(
            f"{damaged[0].name} in the folder {str(folder)!r} is damaged, and so is its copy, so "
            f"this search cannot go on: {OVERWRITE}"
        )
    return None


def _is_damaged(path: Path, last_intact: str) -> bool:
    """Whether a file of the library is no JSON, or belongs to another search or trial."""
    expected = json.loads(last_intact)
    try:
        state = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        return True
    return (
        not isinstance(state, dict)
        or state.keys() != expected.keys()
        or any(state.get(name) != expected.get(name) for name in ("seed", "trial_id"))
    )


def _set_aside_and_report(path: Path) -> None:
    aside = set_aside(path)
    print(
        f"{path.name} was damaged: it is now {aside.name}, and its last good copy takes its place."
    )


@contextlib.contextmanager
def written_in(folder: Path) -> Iterator[None]:
    """Say of a file of a search that cannot be read or written what follows."""
    try:
        yield
    except OSError as error:
        raise CourseError(
            f"The folder {str(folder)!r} can no longer be read or written ({error.strerror or error}): "
            "all finished trials are kept; free some space, or allow it to be read and written, and "
            "start it again with the same folder to go on."
        ) from error


@contextlib.contextmanager
def locked(folder: Path, *, overwrite: bool) -> Iterator[None]:
    """Hold the lock of a search's folder, and make the folder if there is none."""
    lock = FileLock((folder / LOCK).absolute())
    inside: set[str] = set()
    try:
        with announced(f"the folder {str(folder)!r}"):
            inside |= {path.name for path in folder.iterdir()} if folder.is_dir() else set()
            others = {
                name for name in inside if not (left_by_system(name) or PARTIAL.fullmatch(name))
            }
            if others - {LOCK} and not others & set(FILES) and not overwrite:
                raise CourseError(
                    f"The folder {str(folder)!r} holds other files: choose an empty or a new folder, "
                    "or pass overwrite=True (--overwrite on the command line)."
                )
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
    except Timeout:
        raise CourseError(
            f"Another process is searching in the folder {str(folder)!r}: wait until it ends, or "
            "choose another folder."
        ) from None
    except OSError as error:
        copy = "copy it to a folder that you may write, or " if inside & set(FILES) else ""
        raise CourseError(
            f"The folder {str(folder)!r} cannot be written ({error.strerror}): {copy}choose another "
            "one."
        ) from error
    try:
        for name in filter(PARTIAL.fullmatch, inside):  # whoever wrote it has ended
            with contextlib.suppress(OSError):
                (folder / name).unlink()
        yield
    finally:
        lock.release()
