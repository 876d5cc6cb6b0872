"""Which exercises are solved: one small JSON file for each learner, and the summary of a class.

The file is ``runs/progress.json`` in the course's folder. The environment variable
``NASCOURSE_PROGRESS`` names another, or is ``off``. A file that cannot be written, or is damaged,
never stops an exercise: one sentence says so. ``python -m nascourse progress`` shows the table.

Two notebooks that record at the very same moment may lose one of the two records.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from nascourse import CourseError
from nascourse._engine.files import ENCODING, atomic_write, given_files, given_path, set_aside
from nascourse.checks import registry

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).resolve().parent.parent.parent


class Entry(TypedDict):
    """What the file holds of one exercise."""

    passed: bool
    attempts: int
    hints: int
    first_passed: str | None  # a date such as 2026-11-25


NEW: Entry = {"passed": False, "attempts": 0, "hints": 0, "first_passed": None}
"""An exercise before the first attempt."""

_sentences_printed: set[str] = set()


def path() -> Path | None:
    """Return the learner's progress file, which need not be there yet; None for ``off``."""
    chosen = os.environ.get("NASCOURSE_PROGRESS", "").strip()
    if chosen.lower() == "off":
        return None
    if chosen:
        return given_path(chosen)
    # An installed package stands among other packages, not in the course's folder.
    return (ROOT if (ROOT / "notebooks").is_dir() else Path.cwd()) / "runs" / "progress.json"


def record(id: str, *, passed: bool | None = None, hints: int = 0) -> None:
    """Write an attempt at an exercise, or the number of hints seen, into the learner's file.

    Parameters
    ----------
    id : str
        The number of the exercise, such as ``"02.1"``.
    passed : bool, optional
        Whether the attempt was right. What was solved once stays solved.
    hints : int, optional
        How many hints were asked for; the largest number stays.
    """
    file = path()
    if file is None:
        return
    try:
        entries = _read_or_set_aside(file)
        entry = entries.setdefault(id, NEW.copy())
        entry["attempts"] += passed is not None
        entry["hints"] = max(entry["hints"], hints)
        if passed and not entry["passed"]:
            entry["passed"] = True
            entry["first_passed"] = datetime.date.today().isoformat()
        text = json.dumps({"exercises": dict(sorted(entries.items()))}, indent=1)
        atomic_write(file, text)
    except OSError as error:
        _say_once(f"Your progress is not kept, as {file} cannot be used: {error.strerror}.")


def summary() -> pd.DataFrame:
    """Return the learner's progress.

    Returns
    -------
    pandas.DataFrame
        One row a unit, its number as index. Columns: ``exercises``, ``solved``, ``attempts`` and
        ``hints`` (whole numbers), and ``next``, the first exercise that is not solved, such as
        ``"02.3 a conditional space"`` (empty when all are).
    """
    import pandas as pd

    recorded: dict[str, Entry] = {}
    if file := path():
        try:
            recorded = _read_or_set_aside(file)
        except OSError as error:
            _say_once(f"Your progress cannot be shown, as {file} cannot be used: {error.strerror}.")
    rows = {}
    for unit, titles in _titles().items():
        entries = {id: recorded.get(id, NEW) for id in titles}
        rows[unit] = {
            "exercises": len(titles),
            "solved": sum(entry["passed"] for entry in entries.values()),
            "attempts": sum(entry["attempts"] for entry in entries.values()),
            "hints": sum(entry["hints"] for entry in entries.values()),
            "next": next((f"{id} {titles[id]}" for id in titles if not entries[id]["passed"]), ""),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("unit")


def class_summary(files: Sequence[Path]) -> tuple[pd.DataFrame, pd.Series]:
    """Return what a class has solved, from the progress files of its learners.

    Parameters
    ----------
    files : sequence of Path
        One file a learner, named after the learner. Where two have the same name, as in
        ``anna/progress.json`` and ``ben/progress.json``, the folders count as well.

    Returns
    -------
    solved : pandas.DataFrame
        One row a learner; a column for each unit and one for ``all``: how many are solved.
    unsolved : pandas.Series
        How many learners have not solved an exercise, for each that someone has not; most first.

    Raises
    ------
    CourseError
        If a file cannot be read.
    """
    import pandas as pd

    names = [file.stem for file in files]
    if len(set(names)) < len(names):
        names = [file.with_suffix("").as_posix() for file in files]
    ids = [id for titles in _titles().values() for id in titles]
    passed = pd.DataFrame(
        [[entries.get(id, NEW)["passed"] for id in ids] for entries in map(_read, files)],
        index=pd.Index(names, name="learner"),
        columns=ids,
    )
    solved = passed.T.groupby(lambda id: id[:2]).sum().T
    solved["all"] = passed.sum(axis=1)
    unsolved = (~passed).sum().sort_values(ascending=False, kind="stable")
    return solved, unsolved[unsolved > 0]


def main(files: Sequence[str]) -> int:
    """Print the learner's own progress, or that of a class; return the exit status."""
    titles = {id: title for exercises in _titles().values() for id, title in exercises.items()}
    if not files:
        table = summary()
        print(table.drop(columns="next").reset_index().to_string(index=False))
        todo = [exercise for exercise in table["next"] if exercise]
        print(f"Next: {todo[0]}." if todo else "All exercises are solved.")
        return 0
    try:
        solved, unsolved = class_summary(given_files(files))
    except CourseError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    print(solved.reset_index().to_string(index=False))
    print("Most often unsolved:" if len(unsolved) else "All exercises are solved.")
    for id, learners in unsolved.head(5).items():
        print(f"  {id} {titles[id]}: {learners} of {len(solved)} learners")
    return 0


def _titles() -> dict[str, dict[str, str]]:
    """The titles of all exercises, by unit and number."""
    return {
        unit: {exercise.id: exercise.title for exercise in registry.exercises(unit)}
        for unit in registry.units()
    }


def _read(file: Path) -> dict[str, Entry]:
    """What a progress file holds of each exercise; a `CourseError` if it cannot be read."""
    try:
        text = file.read_text(encoding=ENCODING)
    except OSError as error:
        raise CourseError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        text = ""
    entries = _parse(text)
    if entries is None:
        raise CourseError(f"{file} is no progress file, or is damaged: leave it out.")
    return entries


def _read_or_set_aside(file: Path) -> dict[str, Entry]:
    """The same for the learner's own file, which may be missing; a damaged one is renamed."""
    try:
        text = file.read_text(encoding=ENCODING)
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        text = ""
    entries = _parse(text)
    if entries is not None:
        return entries
    aside = set_aside(file)
    print(f"Your progress file was damaged: it is now {aside.name}, and a new one begins.")
    return {}


def _parse(text: str) -> dict[str, Entry] | None:
    """The exercises in the text of a progress file; None if it is none."""
    entries: dict[str, Any] = {}
    try:
        for id, entry in json.loads(text)["exercises"].items():
            entries[id] = {name: entry[name] for name in NEW}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    sound = all(
        isinstance(entry["passed"], bool)
        and type(entry["attempts"]) is type(entry["hints"]) is int
        and 0 <= min(entry["attempts"], entry["hints"])
        and max(entry["attempts"], entry["hints"]) < 10**9
        and isinstance(entry["first_passed"], (str, type(None)))
        for entry in entries.values()
    )
    return entries if sound else None


def _say_once(sentence: str) -> None:
    if sentence not in _sentences_printed:
        _sentences_printed.add(sentence)
        print(sentence)
