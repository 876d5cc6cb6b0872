"""What is solved and what was guessed: a small JSON file for each learner, and a class's summary.

The file is ``runs/progress.json`` in the learner's copy of the course. The environment variable
``NASCOURSE_PROGRESS`` names another, or is ``off``. A file that cannot be written, or is damaged,
never stops an exercise: one sentence says so. ``python -m nascourse progress`` shows the table.

Two notebooks that record at the very same moment may lose one of the two records.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from nascourse import CourseError
from nascourse._engine.files import (
    atomic_write,
    given_files,
    given_path,
    runs_folder,
    set_aside,
)
from nascourse.checks import registry

if TYPE_CHECKING:
    import pandas as pd


class Entry(TypedDict):
    """What the file holds of an exercise."""

    passed: bool
    attempts: int
    hints: int
    first_passed: str | None  # a date such as 2026-11-25


NEW: Entry = {"passed": False, "attempts": 0, "hints": 0, "first_passed": None}
"""An exercise before the first attempt."""


class Guess(TypedDict):
    """What the file holds of a prediction: guess and result as they were shown."""

    guess: str
    result: str
    close: bool


class Progress(TypedDict):
    """What the file holds, by the numbers of exercises and of predictions."""

    exercises: dict[str, Entry]
    guesses: dict[str, Guess]


def _empty() -> Progress:
    return {"exercises": {}, "guesses": {}}


_sentences_printed: set[str] = set()


def path() -> Path | None:
    """Return the learner's progress file, which need not be there yet; None for ``off``."""
    chosen = os.environ.get("NASCOURSE_PROGRESS", "").strip()
    if chosen.lower() == "off":
        return None
    if chosen:
        return given_path(chosen)
    return runs_folder() / "progress.json"


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

    def add(progress: Progress) -> None:
        entry = progress["exercises"].setdefault(id, NEW.copy())
        entry["attempts"] += passed is not None
        entry["hints"] = max(entry["hints"], hints)
        if passed and not entry["passed"]:
            entry["passed"] = True
            entry["first_passed"] = datetime.date.today().isoformat()

    _change(add)


def record_guess(id: str, guess: str, result: str, close: bool) -> None:
    """Write a prediction, such as ``"02.a"``, into the learner's file; the first guess stays."""
    entry: Guess = {"guess": guess, "result": result, "close": close}
    _change(lambda progress: progress["guesses"].setdefault(id, entry))


def _change(change: Callable[[Progress], object]) -> None:
    """Change the learner's file; a sentence says it where that cannot be."""
    file = path()
    if file is None:
        return
    try:
        progress = _read_or_set_aside(file)
        change(progress)
        atomic_write(file, json.dumps(progress, indent=1, sort_keys=True))
    except OSError as error:
        _say_once(f"Your progress is not kept, as {file} cannot be used: {error.strerror}.")


def summary() -> pd.DataFrame:
    """Return the learner's progress.

    Returns
    -------
    pandas.DataFrame
        One row a unit, its number as index. Columns: ``exercises``, ``solved``, ``attempts`` and
        ``hints``, ``guesses``, the number of predictions written down, ``close``, those of them
        that were right or close (whole numbers), and ``next``, the first exercise that is not
        solved, such as ``"02.3 a conditional space"`` (empty when all are).
    """
    import pandas as pd

    recorded = _empty()
    if file := path():
        try:
            recorded = _read_or_set_aside(file)
        except OSError as error:
            _say_once(f"Your progress cannot be shown, as {file} cannot be used: {error.strerror}.")
    rows = {}
    for unit, titles in _titles().items():
        entries = {id: recorded["exercises"].get(id, NEW) for id in titles}
        guesses = [guess for id, guess in recorded["guesses"].items() if id[:2] == unit]
        rows[unit] = {
            "exercises": len(titles),
            "solved": sum(entry["passed"] for entry in entries.values()),
            "attempts": sum(entry["attempts"] for entry in entries.values()),
            "hints": sum(entry["hints"] for entry in entries.values()),
            "guesses": len(guesses),
            "close": sum(guess["close"] for guess in guesses),
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
        [
            [record["exercises"].get(id, NEW)["passed"] for id in ids]
            for record in map(_read, files)
        ],
        index=pd.Index(names, name="learner"),
        columns=ids,
    )
    solved = passed.T.groupby(lambda id: id[:2]).sum().T
    solved["all"] = passed.sum(axis=1)
    unsolved = (~passed).sum().sort_values(ascending=False, kind="stable")
    return solved, unsolved[unsolved > 0]


def class_guesses(files: Sequence[Path]) -> pd.DataFrame:
    """Return what a class guessed, from the progress files of its learners.

    Returns
    -------
    pandas.DataFrame
        One row for each prediction that somebody wrote down, such as ``"02.a"``. Columns:
        ``guesses``, how many did, ``close``, how many of these were right or close (whole numbers),
        ``typical``, the middle one of numbers and the most frequent of words, and ``result``, the
        most frequent one, both as they were shown.

    Raises
    ------
    CourseError
        If a file cannot be read.
    """
    import pandas as pd

    guesses: dict[str, list[Guess]] = {}
    for recorded in map(_read, files):
        for id, guess in recorded["guesses"].items():
            guesses.setdefault(id, []).append(guess)
    rows = {
        id: {
            "guesses": len(of_class),
            "close": sum(guess["close"] for guess in of_class),
            # where a prediction has several values they are joined by a comma and a space
            "typical": ", ".join(map(_typical, zip(*(g["guess"].split(", ") for g in of_class)))),
            "result": Counter(guess["result"] for guess in of_class).most_common(1)[0][0],
        }
        for id, of_class in sorted(guesses.items())
    }
    columns = ["guesses", "close", "typical", "result"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("prediction")


def _typical(texts: Sequence[str]) -> str:
    """The middle of numbers that have the same unit, else the most frequent text."""
    matches = [re.fullmatch(r"(-?[\d,]*\.?\d+)(.*)", text) for text in texts]
    numbers = {match[0]: float(match[1].replace(",", "")) for match in matches if match}
    if len({match[2] if match else None for match in matches}) == 1 and numbers:
        return sorted(texts, key=numbers.__getitem__)[len(texts) // 2]
    return Counter(texts).most_common(1)[0][0]


def main(files: Sequence[str]) -> int:
    """Print the learner's own progress, or that of a class; return the exit status."""
    titles = {id: title for exercises in _titles().values() for id, title in exercises.items()}
    if not files:
        table = summary()
        print(
            table[["exercises", "solved", "attempts", "hints"]].reset_index().to_string(index=False)
        )
        todo = [exercise for exercise in table["next"] if exercise]
        print(f"Next: {todo[0]}." if todo else "All exercises are solved.")
        if guesses := table["guesses"].sum():
            print(f"Predictions: {guesses} written down, {table['close'].sum()} right or close.")
        return 0
    try:
        paths = given_files(files)
        (solved, unsolved), guesses = class_summary(paths), class_guesses(paths)
    except CourseError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    print(solved.reset_index().to_string(index=False))
    print("Most often unsolved:" if len(unsolved) else "All exercises are solved.")
    for id, learners in unsolved.head(5).items():
        print(f"  {id} {titles[id]}: {learners} of {len(solved)} learners")
    if len(guesses):
        print("Predictions, the typical guess beside the result:")
        print(guesses.reset_index().to_string(index=False))
    return 0


def _titles() -> dict[str, dict[str, str]]:
    """The titles of all exercises, by unit and number."""
    return {
        unit: {exercise.id: exercise.title for exercise in registry.exercises(unit)}
        for unit in registry.units()
    }


def _read(file: Path) -> Progress:
    """What a progress file holds; a `CourseError` if it cannot be read."""
    try:
        progress = _parse(file.read_bytes())
    except OSError as error:
        raise CourseError(f"{file} cannot be read: {error.strerror}.") from error
    if progress is None:
        raise CourseError(f"{file} is no progress file, or is damaged: leave it out.")
    return progress


def _read_or_set_aside(file: Path) -> Progress:
    """The same for the learner's own file, which may be missing; a damaged one is renamed."""
    try:
        progress = _parse(file.read_bytes())
    except FileNotFoundError:
        return _empty()
    if progress is not None:
        return progress
    aside = set_aside(file)
    print(f"Your progress file was damaged: it is now {aside.name}, and a new one begins.")
    return _empty()


def _parse(content: bytes) -> Progress | None:
    """The content of a progress file; None if it is none."""
    entries: dict[str, Any] = {}
    guesses: dict[str, Any] = {}
    try:
        progress = json.loads(content.decode("utf-8-sig"))  # some editors put a mark in front
        for id, entry in progress["exercises"].items():
            entries[id] = {name: entry[name] for name in NEW}
        for id, guess in progress.get("guesses", {}).items():  # older files have none
            guesses[id] = {name: guess[name] for name in Guess.__annotations__}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    sound = all(
        isinstance(entry["passed"], bool)
        and type(entry["attempts"]) is type(entry["hints"]) is int
        and 0 <= min(entry["attempts"], entry["hints"])
        and max(entry["attempts"], entry["hints"]) < 10**9
        and isinstance(entry["first_passed"], (str, type(None)))
        for entry in entries.values()
    ) and all(
        isinstance(guess["close"], bool)
        and isinstance(guess["guess"], str)
        and isinstance(guess["result"], str)
        for guess in guesses.values()
    )
    return {"exercises": entries, "guesses": guesses} if sound else None


def _say_once(sentence: str) -> None:
    if sentence not in _sentences_printed:
        _sentences_printed.add(sentence)
        print(sentence)
