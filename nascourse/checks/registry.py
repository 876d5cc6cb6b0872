"""Which exercises exist: the checkers of a unit register when its module is first asked for."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nascourse import CourseError

Checker = Callable[[object, np.random.Generator], str]


@dataclass(frozen=True)
class Exercise:
    """One exercise: what it is called, who checks it, and the hints from small to large."""

    id: str
    title: str
    checker: Checker
    hints: tuple[str, ...]
    given: int = 0


_EXERCISES: dict[str, Exercise] = {}


def exercise(
    id: str, title: str, *, hints: Sequence[str], given: int = 0
) -> Callable[[Checker], Checker]:
    """Register the decorated function as the checker of an exercise.

    Parameters
    ----------
    id : str
        The number of the exercise, such as ``"02.1"``.
    title : str
        Its title, as in the notebook.
    hints : sequence of str
        One to three hints, from small to large.
    given : int
        How many statements the blank function holds beside ``raise NotImplementedError``.
    """
    assert re.fullmatch(r"\d\d\.\d", id), f"an id is like 02.1, not {id}"
    assert id not in _EXERCISES or _EXERCISES[id].title == title, f"{id} is there twice"
    assert not isinstance(hints, str) and 1 <= len(hints) <= 3, f"{id} needs one to three hints"

    def register(checker: Checker) -> Checker:
        _EXERCISES[id] = Exercise(id, title, checker, tuple(hints), given)
        return checker

    return register


def units() -> list[str]:
    """Return the units that have exercises, in order: ``["00", "01", ...]``."""
    names = (module.name for module in pkgutil.iter_modules([os.path.dirname(__file__)]))
    return sorted(name[5:] for name in names if re.fullmatch(r"unit_\d\d", name))


def exercises(unit: str) -> list[Exercise]:
    """Return the exercises of a unit, in order."""
    importlib.import_module(f"nascourse.checks.unit_{unit}")
    return [_EXERCISES[id] for id in sorted(_EXERCISES) if id.startswith(f"{unit}.")]


def find(id: str) -> Exercise:
    """Return the exercise with this number.

    Raises
    ------
    CourseError
        If there is none; names those that there are.
    """
    if not isinstance(id, str):
        raise CourseError(
            f"There is no exercise {reprlib.repr(id)}: put quotes around its number, and give the "
            'unit two digits, as in "02.1".'
        )
    unit = id[:2]
    if unit not in units():
        raise CourseError(
            f"There is no exercise {reprlib.repr(id)}: its number is the unit, a dot and the "
            f'exercise, as in "02.1"; units with exercises: {", ".join(units())}.'
        )
    of_unit = {exercise.id: exercise for exercise in exercises(unit)}
    if id not in of_unit:
        raise CourseError(f"There is no exercise {id!r}; unit {unit} has {', '.join(of_unit)}.")
    return of_unit[id]
