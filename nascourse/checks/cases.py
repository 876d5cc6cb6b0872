"""Try an answer on many cases, compare it with a computation of our own, and name its mistake.

`compare` is for exercises that ask for a function of plain values. Its cases begin with a few that
are fixed and tell the plausible mistakes apart, the example of the task among them, so that every
run comes to the same verdict; small random ones follow, for the mistakes that nobody thought of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from nascourse.checks.core import Wrong, call, name_of

R = TypeVar("R")
Case = tuple[Any, ...]

# Four digits after the point are asked for, so half of the last one may be missing.
TOLERANCE = 6e-5


class Failure(NamedTuple, Generic[R]):
    """A case, what the answer makes of it, and what is right."""

    case: Case
    result: R
    right: R


def near(value: Any, other: Any) -> bool:
    """Whether numbers or arrays of them agree to four digits after the point."""
    value, other = np.asarray(value, dtype=float), np.asarray(other, dtype=float)
    return value.shape == other.shape and np.allclose(value, other, rtol=1e-6, atol=TOLERANCE)


def equal(value: Any, other: Any) -> bool:
    """Whether whole numbers, names, or lists of them are the same."""
    return np.array_equal(value, other)


def compare(
    answer: object,
    cases: Iterable[Case],
    right: Callable[..., R],
    *,
    read: Callable[[object], R],
    same: Callable[[Any, Any], bool] = near,
    mistakes: Callable[..., Mapping[str, object]] = lambda *case: {},
    clue: str = "",
) -> None:
    """Raise `Wrong` with the sentence that fits, unless the answer is right on all cases.

    Parameters
    ----------
    answer : object
        The learner's function.
    cases : iterable of tuples
        Its arguments, case by case. The first one is tried again at the end.
    right : callable
        Our own computation, with the same arguments.
    read : callable
        Turns what the answer returns into what `right` returns, or raises `Wrong`.
    same : callable
        Whether two results agree.
    mistakes : callable
        What plausible mistakes make of the arguments: a dict from the sentence that corrects a
        mistake to its result. The sentence that explains the failures is said.
    clue : str
        What to think of when no sentence fits.
    """
    cases = list(cases)
    failures: list[Failure[R]] = []
    results: list[R] = []
    first: R | None = None
    for place, case in enumerate([*cases, cases[0]]):
        try:
            result = read(call(answer, *case))
        except Wrong:
            if failures:  # what went wrong before says more
                continue
            raise
        results.append(result)
        first = result if place == 0 else first
        if not same(result, expected := right(*case)):
            failures.append(Failure(case, result, expected))
            if place == len(cases) and same(first, expected):
                raise Wrong(
                    f"Called a second time with the same arguments, {name_of(answer)} returns "
                    "something else: each call should begin anew, with no list or number of an "
                    "earlier one."
                )
    if failures:
        examples = [_example(name_of(answer), failure) for failure in failures]
        example = next((each for each in examples if len(each) < 140), min(examples, key=len))
        if sentence := _fitting(failures[:40], results, same, mistakes):
            raise Wrong(f"{sentence} {example}" if len(example) < 180 else sentence)
        raise Wrong(f"{example} {clue}".strip())


def _fitting(
    failures: Sequence[Failure[R]],
    results: Sequence[R],
    same: Callable[[Any, Any], bool],
    mistakes: Callable[..., Mapping[str, object]],
) -> str | None:
    """The sentence whose mistake explains the failures; a few may have another reason besides."""
    explained: Counter[tuple[str, float]] = Counter()
    is_constant = len(results) > 5 and all(same(result, results[0]) for result in results)
    for failure in failures:
        # What may be wrong everywhere must fit better: a 0 or 1 looks like a rounded number.
        own, common = mistakes(*failure.case), _common_mistakes(failure.right)
        explained.update(
            (sentence, share)
            for wrong, share in ((own, 0.6), ({} if is_constant else common, 0.85))
            for sentence, result in wrong.items()
            if same(failure.result, result)
        )
    fitting = {
        sentence: times
        for (sentence, share), times in explained.items()
        if times >= share * len(failures)
    }
    if fitting:
        return max(fitting, key=fitting.__getitem__)
    if is_constant:
        return "The result is the same whatever the arguments are: compute it from them."
    return None


def _common_mistakes(right: Any) -> dict[str, object]:
    """What mistakes that are made everywhere make of a right result."""
    values: dict[str, object] = {}
    if np.ndim(right):
        values |= {
            "The first value is missing.": right[1:],
            "The last value is missing.": right[:-1],
            "These are the right values in the reverse order.": right[::-1],
            "This gives the first value alone: all are asked for.": right[:1],
            "This gives the last value alone: all are asked for.": right[-1:],
        }
    numbers = np.asarray(right)
    if numbers.dtype.kind in "iuf":
        with np.errstate(all="ignore"):
            values |= {
                "This is in percent: give a share from 0 to 1, as it is.": 100 * numbers,
                "This is a hundred times too small: nothing is in percent here.": numbers / 100,
                "The sign is turned around.": -numbers,
                "This is what is missing to 1: the other part is asked for.": 1 - numbers,
                "This is one too large: check where the counting begins and ends.": numbers + 1,
                "This is one too small: check where the counting begins and ends.": numbers - 1,
                "The fraction is upside down.": 1 / numbers,
                "This is cut to a whole number: leave the result as it is.": np.trunc(numbers),
                "This is rounded to a whole number: leave the result as it is.": np.rint(numbers),
            }
            for digits in (3, 2, 1):
                rounded = numbers.round(digits)
                values[f"This is rounded to {digits} digits: give four or more."] = rounded
    return values


def _example(name: str, failure: Failure[R]) -> str:
    name = name.replace("your", "Your")  # it begins the sentence
    arguments = ", ".join(map(plainly, failure.case))
    return (
        f"{name}({arguments}) should give {plainly(failure.right)}, and gives "
        f"{plainly(failure.result)}."
    )


def plainly(value: object) -> str:
    """A value whole, as a learner would write it, on one line."""
    if isinstance(value, pd.DataFrame):
        return plainly({"index": value.index, **value.to_dict("list")})
    if isinstance(value, (np.ndarray, np.generic, pd.Index)):
        return plainly(value.tolist())
    if isinstance(value, bool) or not isinstance(value, (float, list, tuple, dict)):
        return repr(value)
    if isinstance(value, float):
        return f"{value:.10g}" if value == int(value) else f"{value:.4f}".rstrip("0").rstrip(".")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {plainly(item)}" for key, item in value.items()) + "}"
    items = ", ".join(map(plainly, value))
    return f"[{items}]" if isinstance(value, list) else f"({items})"
