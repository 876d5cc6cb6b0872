"""Search, evaluation and plotting functions for the course on Neural Architecture Search.

What every unit uses:

============  ====================================================================
`data`        images in, splits out, with no network; the test part is sealed
`spaces`      what can be built: a Keras and an AutoKeras space of small CNNs
`strategies`  what to try next: KerasTuner oracles, AutoKeras's greedy one among them
`search`      run a search, and train its winner: `run_search`, `retrain`
`trials`      the trial table and its arithmetic
`evaluation`  how good one network is and what it costs; the only key to the test set
`plotting`    a table in, Matplotlib axes out
============  ====================================================================

Behind them: `benchmark` (MNIST-NAS-Bench, a complete space measured), `methods` (what single units
teach), `views` (what is clicked in JupyterLab), `checks` (exercises that answer), `cli` (the command
line), `recordings` (results that were measured once) and `_engine` (what runs a search).

Importing the package itself loads no TensorFlow.
"""

from __future__ import annotations

import numbers
import operator
import os
from collections.abc import Iterable
from typing import Any, cast

__version__ = "0.2.0"

# TensorFlow reads this once, when it is first imported: errors only, no start-up chatter.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class CourseError(ValueError):
    """A mistake that a learner can fix: one sentence with the bad value and the way out."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this: a learner sees the sentence, not our stack.
        return [f"{type(self).__name__}: {self}"]


def whole_number(name: str, value: object, *, at_least: int, at_most: int = 2**32 - 1) -> int:
    """The value as a plain int, or the sentence that says what it should be."""
    try:
        number = operator.index(cast(Any, value))  # takes NumPy's integers, and neither 2.5 nor "3"
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or not at_least <= number <= at_most:
        raise CourseError(
            f"{name}={value!r} is not possible: give a whole number from {at_least}"
            + (f" to {at_most}." if at_most < 2**32 - 1 else ".")
        )
    return number


def whole_numbers(
    name: str, values: object, *, such_as: str, at_least: int, at_most: int = 2**32 - 1
) -> list[int]:
    """Several values as plain ints, or the sentence that says what they should be."""
    if not isinstance(values, Iterable):
        raise CourseError(f"{name}={values!r} is not possible: give several, such as {such_as}.")
    singular = name.removesuffix("s")
    return [whole_number(singular, value, at_least=at_least, at_most=at_most) for value in values]


def positive_number(name: str, seconds: Any) -> float:
    """The value as a float, or the sentence that says what it should be."""
    is_number = isinstance(seconds, numbers.Real) and not isinstance(seconds, bool)
    if not is_number or not float(seconds) > 0:
        raise CourseError(f"{name}={seconds!r} is not possible: give a number of seconds above 0.")
    return float(seconds)


def require(name: str, value: object, kind: Any, what: str) -> None:
    """Refuse a value of another kind, and say what to give in its place."""
    if not isinstance(value, kind):
        shown = " ".join(repr(value).split())[:100]  # arrays have many lines
        raise CourseError(f"{name}={shown} is of the type {type(value).__name__}: give {what}.")


def sentence(name: str, value: object) -> str:
    """What a learner wrote, without the blanks around it."""
    if not isinstance(value, str):
        raise CourseError(f"{name}={value!r} is no text: give a sentence, in quotes.")
    return value.strip()


def first_line(error: Exception) -> str:
    """What a foreign error says, short enough for the middle of a sentence."""
    return str(error).strip().split("\n")[0].rstrip(".")[:200] or type(error).__name__
