"""What stands behind ``check("02.1", answer)``, and how an author writes a checker.

The learner's side
------------------
`check` prints a mark, the exercise, right or wrong, and a sentence. It never shows a
traceback, whatever the answer is or does. `hint` prints the next of up to three hints.

The author's side
-----------------
The exercises of unit 02 are checked in ``nascourse/checks/unit_02.py``, which is imported when the
first of them is checked. A checker is a function that receives the learner's answer and a random
generator, returns a sentence for a right answer, and raises `Wrong` with a sentence for another.
Where a function of plain values is asked for, `cases.compare` does most of it::

    from nascourse.checks.cases import compare
    from nascourse.checks.core import numbers
    from nascourse.checks.registry import exercise

    @exercise("02.1", "the incumbent by hand", hints=("Small hint.", "Larger hint.", "The way."))
    def incumbent(answer, rng):
        example = [0.90, 0.95, 0.93]
        ties, fresh = [0.5, 0.5, 0.4], rng.random((100, 4)).tolist()
        compare(
            answer,
            [(accuracies,) for accuracies in [example, ties, [0.9], *fresh]],
            np.maximum.accumulate,
            read=numbers,
            mistakes=lambda accuracies: {
                "This keeps the lowest accuracy: the incumbent is the best.": (
                    np.minimum.accumulate(accuracies)
                ),
            },
        )
        return "The staircase never falls: a search cannot lose what it has found."

- Check behavior against an independent computation: on the example of the task and on fixed cases
  that tell mistakes apart (ties in each direction, repeats, extremes), which decide alone, so that
  an answer gets the same verdict in every run; and on fresh inputs from `rng`.
- One sentence for each plausible mistake, with the idea that corrects it. Never the answer.
- The sentence for a right answer holds no random number: notebooks are compared with their output.
- `call` runs the learner's function. It hands out copies and turns an exception, a changed input,
  a ``print`` instead of a ``return`` or a missing ``return`` into a `Wrong`. Objects other than
  arrays, tables, lists, tuples, dicts and sets are handed out themselves, so ``call(build, hp)``
  leaves its marks on ``hp``.
- `guarded` does the same for the exceptions of any other code that may end in the learner's:
  ``with guarded("your space"): spaces.size(answer)``.
- `number` and `numbers` turn a value into a float and a sequence into an array, or say what it is
  instead. A plain value is checked by them as well: ``number(answer)``.
- A blank answer (``None``, ``...``, ``raise NotImplementedError``) is dealt with before and in
  `call` and `guarded`; `bounds` stops what does not end.
- Import Keras, and modules that need it, inside the checker: listing exercises loads no TensorFlow.

A question with options needs no function::

    multiple_choice(
        "02.4", "whose turn is it?", right="b",
        options={"a": "Why a is wrong.", "b": "Why b is right.", "c": "Why c is wrong."},
        hints=("Think of ...",),
    )

Each exercise has at least three wrong answers in ``tests/wrong_answers/unit_02.py``.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import linecache
import os
import random
import reprlib
import textwrap
import traceback
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np

from nascourse import CourseError
from nascourse.checks import progress
from nascourse.checks.bounds import Printed, Stopped, bounded, is_learners
from nascourse.checks.registry import Exercise, exercise, find


class Wrong(Exception):
    """What is wrong with an answer: one sentence, which a checker raises."""


class Blank(Exception):
    """The answer is not filled in yet."""


class Verdict(int):
    """True or False, which a notebook does not show again below the line that was printed."""

    def __repr__(self) -> str:
        return repr(bool(self))

    def _ipython_display_(self) -> None:
        """Show nothing."""


_hints_seen: dict[str, int] = {}


# ---- for learners


def check(id: str, answer: object = None, *, rng: np.random.Generator | None = None) -> Verdict:
    """Say in a sentence whether an answer is right, and if not, what is wrong with it.

    Under nbgrader a wrong answer raises as well, so that the cell fails, and no progress is kept.

    Parameters
    ----------
    id : str
        The number of the exercise, such as ``"02.1"``.
    answer : object
        The function, class or value that the exercise asks for; a function without parentheses.
    rng : numpy.random.Generator, optional
        Where the inputs come from that the answer is tried on; fresh ones every time if not given.

    Returns
    -------
    Verdict
        True for a right answer.

    Raises
    ------
    CourseError
        If there is no such exercise.
    """
    right, sentence = _judge(find(id), answer, rng or np.random.default_rng())
    mark = {True: "✓ {} right:", False: "✗ {} wrong:", None: "○ {} is not filled in yet."}[right]
    _say(f"{mark.format(id)} {sentence}")
    grading = os.environ.get("NBGRADER_EXECUTION")  # nbgrader says "autograde" or "validate"
    if grading and not right:
        raise CourseError(f"exercise {id}: {sentence}")
    if not grading and right is not None:
        progress.record(id, passed=right)
    return Verdict(bool(right))


def hint(id: str) -> None:
    """Print the next hint for an exercise; the last one stays."""
    the_exercise = find(id)
    number = min(_hints_seen.get(id, 0) + 1, len(the_exercise.hints))
    _hints_seen[id] = number
    _say(_hint(the_exercise, number))
    progress.record(id, hints=number)


# ---- for authors


def multiple_choice(
    id: str, title: str, *, right: str, options: Mapping[str, str], hints: Sequence[str]
) -> None:
    """Register a question with options.

    Parameters
    ----------
    id, title, hints
        As for `exercise`.
    right : str
        The name of the right option.
    options : mapping of str to str
        For each option a sentence: why it is right, or why it is wrong.
    """
    assert right in options, f"{id}: {right} is none of the options"
    names = ", ".join(f'"{name}"' for name in options)

    @exercise(id, title, hints=hints)
    def choose(answer: object, rng: np.random.Generator) -> str:
        choice = answer.strip(" \t\n().'\"").lower() if isinstance(answer, str) else ""
        if choice not in options:
            raise Wrong(f"{show(answer)} is none of the options: give one of {names}.")
        if choice != right:
            raise Wrong(options[choice])
        return options[right]


def call(answer: object, *args: object, **kwargs: object) -> object:
    """Run the learner's function on copies of these arguments, and return its result.

    Raises
    ------
    Wrong
        If `answer` is no function, raises, changes its arguments, or returns nothing.
    Blank
        If it is not filled in yet.
    """
    if not callable(answer):
        raise Wrong(
            f"{show(answer)} is not a function: give check the function's name, "
            "without parentheses behind it."
        )
    name = name_of(answer)
    shown = ", ".join([*map(show, args), *(f"{key}={show(kwargs[key])}" for key in kwargs)])
    copies, named_copies = _copy(args), _copy(kwargs)
    with guarded(f"{name}({_cut(shown)})"), contextlib.redirect_stdout(Printed()) as printed:
        result = answer(*copies, **named_copies)
    if result is None and printed.getvalue():
        raise Wrong(f"{name} prints its result: let it return the result instead.")
    if result is None:
        raise Wrong(f"{name} returns nothing: end it with return and the result.")
    if not (_same(copies, args) and _same(named_copies, kwargs)):
        raise Wrong(f"{name} changes what it is given: work on a copy, the caller still needs it.")
    return result


@contextlib.contextmanager
def guarded(what: str = "your code") -> Iterator[None]:
    """Turn an exception of the learner's code into a `Wrong` that names `what` was run."""
    try:
        yield
    except (KeyboardInterrupt, Wrong, Blank, Stopped):
        raise
    except NotImplementedError as error:
        raise Blank from error
    except BaseException as error:
        raise Wrong(f"{what} stopped with {_describe(error)}") from error


def number(value: object, what: str = "the result") -> float:
    """Return a value as a float; raise `Wrong` for what is no single finite number."""
    if isinstance(value, SupportsFloat) and not isinstance(value, (bool, np.bool_, str)):
        with contextlib.suppress(TypeError, ValueError):
            if getattr(value, "ndim", 0) == 0 and np.isfinite(result := float(value)):
                return result
    raise Wrong(f"{_sentence_start(what)} should be one number, not {show(value)}.")


def numbers(value: object, length: int | None = None, what: str = "the result") -> np.ndarray:
    """Return a list, array or series as a 1-D array of floats; raise `Wrong` for anything else."""
    what = _sentence_start(what)
    if isinstance(value, Iterator):
        raise Wrong(f"{what} should be a list, not {show(value)}: put list(...) around it.")
    if isinstance(value, (str, bytes, set, dict)) or not isinstance(value, Collection):
        raise Wrong(f"{what} should be a list or an array of numbers, not {show(value)}.")
    try:
        if (size := len(value)) > 100_000:
            raise Wrong(f"{what} has {size:,} values, far more than there should be.")
        items = np.asarray(value if hasattr(value, "dtype") else list(value))
        if items.dtype.kind in "SUb":  # NumPy would read numbers out of texts
            raise TypeError
        result = items.astype(float)
    except (TypeError, ValueError):
        raise Wrong(f"{what} should hold numbers only, not {show(value)}.") from None
    if result.ndim != 1:
        raise Wrong(f"{what} should have one axis, not the shape {result.shape}.")
    if length is not None and len(result) != length:
        raise Wrong(f"{what} should have length {length} here, not {len(result)}.")
    return result


def items(value: object, of: str) -> list:
    """Return what a list, array or series holds; raise `Wrong` for what has no order."""
    if isinstance(value, (str, Mapping, set, frozenset)) or not isinstance(value, Collection):
        raise Wrong(f"The result should be a list of {of}, not {show(value)}.")
    return list(value)


def show(value: object) -> str:
    """Return a value in a few characters on one line, as a sentence can hold it."""
    if isinstance(value, (bool, int, float, complex, str, list, tuple, dict, set, type(None))):
        text = reprlib.repr(value)
    elif isinstance(value, np.generic):
        text = reprlib.repr(value.item())
    elif isinstance(value, np.ndarray) and value.size <= 6:
        text = f"array({reprlib.repr(value.tolist())})"
    elif isinstance(value, type):
        text = f"the class {value.__name__}"
    else:
        name = type(value).__name__
        text = f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
    return _cut(text)


# ---- behind both


def _say(text: str) -> None:
    """Print a text, folded between words: JupyterLab would fold it within them."""
    print(textwrap.fill(text, 96, break_long_words=False, break_on_hyphens=False))


def _judge(exercise: Exercise, answer: object, rng: np.random.Generator) -> tuple[bool | None, str]:
    """The verdict, None for a blank, and its sentence.

    Nothing that the answer prints is shown, and the global random generators stay as they were.
    """
    states = random.getstate(), np.random.get_state()
    try:
        if answer is None or answer is ... or _is_not_implemented(answer):
            raise Blank
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(Printed()),
            contextlib.redirect_stderr(Printed()),
        ):
            warnings.simplefilter("ignore")
            return True, bounded(lambda: exercise.checker(answer, rng))
    except KeyboardInterrupt:
        raise
    except (Wrong, Stopped) as wrong:
        return False, str(wrong)
    except (Blank, NotImplementedError) as blank:
        cause = blank.__cause__ or blank
        if isinstance(cause, NotImplementedError) and (left := _leftover(cause, exercise.given)):
            return False, left
        _hints_seen[exercise.id] = max(_hints_seen.get(exercise.id, 0), 1)
        return None, f'{_hint(exercise, 1)} More help: hint("{exercise.id}").'
    except BaseException as error:  # noqa: BLE001 - an answer may raise anything, anywhere
        return False, f"this answer cannot be checked, as using it ends in {_describe(error)}"
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _is_not_implemented(answer: object) -> bool:
    kind = answer if isinstance(answer, type) else type(answer)
    return issubclass(kind, NotImplementedError) or answer is NotImplemented


def _hint(exercise: Exercise, number: int) -> str:
    return f"Hint {number} of {len(exercise.hints)}: {exercise.hints[number - 1]}"


def _leftover(error: BaseException, given: int) -> str:
    """What to say of a NotImplementedError in an answer that holds more than that; else nothing.

    `given` is how many other statements the exercise itself puts into the function.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames:
        return ""
    frame, number = frames[-1]
    line = linecache.getline(frame.f_code.co_filename, number, frame.f_globals)
    if not is_learners(frame.f_code) or (line and "raise" not in line):
        return f"This stopped with {_describe(error)}"
    try:
        (function,) = ast.parse(textwrap.dedent(inspect.getsource(frame.f_code))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return ""
    body = [
        statement
        for statement in getattr(function, "body", [])
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]
    if len(body) <= given + 1:
        return ""
    return (
        f"The line raise NotImplementedError(...) still stands in {frame.f_code.co_name} and ends "
        "it there: delete that line, your own code is around it."
    )


def _describe(error: BaseException) -> str:
    """An exception in a few words on one line, even if it cannot say what it is."""
    if isinstance(error, SystemExit):
        return "exit(): a function ends with return, and exit() would end all of Python."
    if isinstance(error, RecursionError):
        return (
            "RecursionError, as a function calls itself again and again: let it return without a "
            "further call in the simplest case."
        )
    if isinstance(error, MemoryError):
        return "MemoryError: it asks for more memory than there is."
    try:
        words = _cut(str(error))
    except Exception:  # noqa: BLE001 - as above
        words = ""
    return f"{type(error).__name__}{': ' if words else '.'}{words}{_line(error)}"


def _line(error: BaseException) -> str:
    """The line of the learner's at which an exception came up, if it can be read."""
    lines = [
        linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
        for frame, number in traceback.walk_tb(error.__traceback__)
        if is_learners(frame.f_code)
    ]
    return f" (at {_cut(lines[-1])})" if lines and lines[-1] else ""


def _cut(text: str) -> str:
    """The text on one line, and not too long for a sentence."""
    text = " ".join(text.split())
    return text if len(text) <= 100 else f"{text[:97]}..."


def name_of(function: object) -> str:
    """The name of the learner's function, as a sentence can hold it."""
    name = getattr(function, "__name__", "")
    return name if isinstance(name, str) and name.isidentifier() else "your function"


def _sentence_start(text: str) -> str:
    return text[:1].upper() + text[1:]


def _is_table(value: object) -> bool:
    return type(value).__module__.startswith("pandas.") and hasattr(value, "equals")


# These two take any object there is, arrays and tables of pandas among them.
def _copy(value: Any) -> Any:
    """A copy of arrays, tables and containers, all the way down; other objects stay the same."""
    if isinstance(value, np.ndarray) or _is_table(value):
        return value.copy()
    if type(value) in (list, tuple, set):
        return type(value)(map(_copy, value))
    if type(value) is dict:
        return {key: _copy(item) for key, item in value.items()}
    return value


def _same(copy: Any, original: Any) -> bool:
    """Whether what `_copy` returned still equals what it copied."""
    if type(copy) is not type(original):
        return False
    if isinstance(copy, np.ndarray):
        return copy.dtype == original.dtype and copy.tobytes() == original.tobytes()
    if _is_table(copy):
        return copy.equals(original)
    if isinstance(copy, (list, tuple)):
        return len(copy) == len(original) and all(map(_same, copy, original))
    if isinstance(copy, dict):
        same_keys = list(copy) == list(original)
        return same_keys and all(map(_same, copy.values(), original.values()))
    is_value = isinstance(copy, (bool, int, float, str, set))
    return copy is original or not is_value or copy == original
