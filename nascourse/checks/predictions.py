"""Predict, then see: ``compare("02.a", guess, result)`` puts a learner's guess beside what came out.

In a unit a prediction is two cells. In the first the learner writes ``guess = ...``; the second
computes the result and ends in `compare`. It runs without a guess as well. What was guessed is kept
in the learner's progress file, so that unit 00 and ``python -m nascourse progress`` can say how the
guesses went.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from nascourse.checks import progress
from nascourse.checks.core import Wrong, number, show

CLOSE = 0.1  # a guess is close within this share of the result

Value = float | str


def compare(
    id: str,
    guess: object,
    result: Value | Sequence[Value] | Mapping[str, Value],
    *,
    unit: str = "",
    digits: int = 0,
    options: Sequence[str] = (),
) -> None:
    """Print a guess beside the result, and how far it was off.

    A guess that cannot be read as one is explained in a sentence, and the result stays hidden.

    Parameters
    ----------
    id : str
        The unit, a dot and a letter for each of its predictions, such as ``"02.a"``.
    guess : object
        What the learner wrote: a number or a text, as the result is; for several results a list
        in their order, or a dictionary with their names. ``...`` is no guess yet.
    result : float, str, sequence or mapping
        What came out. A mapping names several results.
    unit : str, optional
        What a number counts or measures, such as ``"trials"``.
    digits : int, optional
        Digits after the decimal point.
    options : sequence of str, optional
        The texts that a guess chooses from.
    """
    names, results = _named(result)
    written = [_written(value, unit, digits) for value in results]
    if guess is None or guess is ...:
        _print(names, ["none yet"] * len(results), written, [""] * len(results))
        print("Next time, write a guess in the cell above before you run this one.")
        return
    try:
        guesses = _read(guess, names, results, options)
    except Wrong as wrong:
        print(wrong)
        return
    written_guesses = [_written(value, unit, digits) for value in guesses]
    pairs = list(zip(guesses, results))
    close = [_is_close(*pair, digits) for pair in pairs]
    _print(names, written_guesses, written, [_distance(*pair, digits) for pair in pairs])
    if len(close) > 1:
        print(f"{sum(close)} of {len(close)} right or close.")
    progress.record_guess(id, ", ".join(written_guesses), ", ".join(written), all(close))


def _print(
    names: Sequence[str], guesses: Sequence[str], results: Sequence[str], distances: Sequence[str]
) -> None:
    """Print one result as lines, several as a table."""
    if len(names) == 1:
        print(f"Your guess: {guesses[0]}\nResult:     {results[0]}")
        if distances[0]:
            print(f"            {distances[0]}")
        return
    columns = ["", *names], ["your guess", *guesses], ["result", *results], ["", *distances]
    widths = [max(map(len, column)) for column in columns]
    for row in zip(*columns):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def _named(result: Any) -> tuple[list[str], list[Value]]:
    if isinstance(result, Mapping):
        return list(result), list(result.values())
    if isinstance(result, str) or not isinstance(result, Sequence):
        return [""], [result]
    return [str(place) for place in range(1, len(result) + 1)], list(result)


def _read(
    guess: Any, names: Sequence[str], results: Sequence[Value], options: Sequence[str]
) -> list[Value]:
    """The learner's guesses, one for each result; `Wrong` says what they should look like."""
    if isinstance(guess, Mapping):
        if set(guess) != set(names):
            raise Wrong(f"Your guess should name {', '.join(names)}: it names {show(list(guess))}.")
        guess = [guess[name] for name in names]
    elif len(results) == 1:
        guess = [guess]
    elif (  # a set has no order
        isinstance(guess, (str, AbstractSet))
        or not hasattr(guess, "__len__")
        or len(guess) != len(results)
    ):
        raise Wrong(f"Your guess should be a list of {len(results)} values, not {show(guess)}.")
    return [_read_one(value, right, options) for value, right in zip(guess, results)]


def _read_one(guess: Any, result: Value, options: Sequence[str]) -> Value:
    if not isinstance(result, str):
        return number(guess, "your guess")
    if options and guess not in options:
        allowed = ", ".join(f'"{option}"' for option in options)
        raise Wrong(f"Your guess should be one of {allowed}, not {show(guess)}.")
    return str(guess)


def _written(value: Value, unit: str, digits: int) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.{digits}f}{unit if unit == '%' else f' {unit}'.rstrip()}"


def _is_close(guess: Value, result: Value, digits: int) -> bool:
    if isinstance(guess, str) or isinstance(result, str):
        return guess == result
    return math.isclose(guess, result, rel_tol=CLOSE, abs_tol=0.5 * 10**-digits)


def _distance(guess: Value, result: Value, digits: int) -> str:
    """How far a guess was off, in words."""
    if isinstance(guess, str) or isinstance(result, str):
        return "as you said" if guess == result else "not as you said"
    difference = round(guess, digits) - round(result, digits)
    if not difference:
        return "as you said"
    words = f"{abs(difference):,.{digits}f} too {'high' if difference > 0 else 'low'}"
    larger, smaller = max(guess, result), min(guess, result)
    if smaller > 0 and larger / smaller >= 2:
        words += f", {'over' if guess > result else 'under'}estimated {larger / smaller:,.1f} times"
    return words
