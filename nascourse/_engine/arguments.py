"""What a function was given, if it is of the right kind; else the sentence that says what to give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nascourse import CourseError


def require(name: str, value: object, kind: Any, what: str) -> None:
    """Refuse a value of another kind, and say what to give in its place."""
    if not isinstance(value, kind):
        shown = " ".join(repr(value).split())[:100]  # arrays have many lines
        raise CourseError(f"{name}={shown} is of the type {type(value).__name__}: give {what}.")


def words(name: str, value: object) -> str:
    """A text without the blanks around it."""
    if not isinstance(value, str):
        raise CourseError(f"{name}={value!r} is no text: give a sentence, in quotes.")
    return value.strip()


def notes(value: Any) -> dict[str, str]:
    """A text under each name; none at all are fine as well."""
    value = {} if value is None else value
    if not (isinstance(value, Mapping) and all(isinstance(name, str) for name in value)):
        raise CourseError(
            f"notes={value!r} are no notes: give a sentence under each name, as in "
            '{"budget": "..."}.'
        )
    return {name: words(f"notes[{name!r}]", sentence) for name, sentence in value.items()}
