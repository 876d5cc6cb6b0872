"""What an answer may take while it is checked: seconds, memory, printed text, calls of itself.

`bounded` watches the thread that it is used in. A second thread looks there a few times a second,
and raises `Stopped` in it once the learner's code has used up its seconds; this works on every
system and in the main thread of a notebook. Only time in the learner's code counts, so that a slow
import does not; and time of the processor, so that a full classroom server refuses no right answer.
What cannot be stopped is one call into C that never returns, as of ``sum(itertools.count())``.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import inspect
import io
import os
import site
import sys
import sysconfig
import textwrap
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TypeVar

import psutil

SECONDS = 10.0  # of a processor, for the learner's code in one check
PATIENCE = 3  # times as many may pass, where others keep the processors busy
MEMORY = 800 * 2**20  # bytes by which the process may grow meanwhile: Binder has 2 GB
PRINTED = 100_000  # characters
_TICK = 0.2  # seconds between two looks

_OURS = tuple(
    os.path.join(folder, "")  # a file beside it may begin with the same letters
    for folder in {
        os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        site.getusersitepackages(),
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    }
)


T = TypeVar("T")


class Stopped(BaseException):
    """The learner's code was stopped; says why in a sentence.

    No `Exception`, so that ``except Exception`` in the learner's loop does not swallow it.
    """


class Printed(io.StringIO):
    """Takes what an answer prints, and stops it when that has no end."""

    def write(self, text: str) -> int:
        if self.tell() + len(text) > PRINTED:
            raise Stopped(
                f"This prints more than {PRINTED:,} characters: take the print out of the loop, or "
                "let the loop end."
            )
        return super().write(text)


def bounded(work: Callable[[], T]) -> T:
    """Return what a function returns, or raise `Stopped` when it takes too long or too much memory.

    Only the time and memory of the learner's code within it count.
    """
    watch = _Watch(threading.get_ident(), sys._getframe())
    watch.start()
    try:
        return work()
    except Stopped as stopped:
        raise Stopped(watch.why or str(stopped)) from None
    finally:
        while watch.is_alive():  # a last `Stopped` may arrive while it ends
            with contextlib.suppress(Stopped):
                watch.over.set()
                watch.join(_TICK)
        _raise_in(watch.thread, None)


def is_learners(code: CodeType) -> bool:
    """Whether code is the learner's: neither the course's, nor Python's, nor a library's."""
    name = code.co_filename
    return not name.startswith((*_OURS, "<frozen", "<__array")) and not name.endswith(".pyx")


class _Watch(threading.Thread):
    """Looks at the line that a thread is in, and stops it there."""

    def __init__(self, thread: int, outermost: FrameType) -> None:
        super().__init__(daemon=True)
        self.thread, self.outermost = thread, outermost
        self.over = threading.Event()
        self.why = ""

    def run(self) -> None:
        spent = passed = 0.0
        before, memory = _clocks(), _memory()
        while not self.over.wait(_TICK):
            now = _clocks()
            frame = self._learners_frame()
            if frame is None:  # the course's own work, such as an import, is not counted
                before, memory = now, max(memory, _memory())
                continue
            seconds, of_processor = (b - a for a, b in zip(before, now))
            passed, spent, before = passed + seconds, spent + min(seconds, of_processor), now
            if spent > SECONDS or passed > PATIENCE * SECONDS:
                self.why = f"This was stopped after {passed:.2g} seconds: {_loop(frame)}"
            elif _memory() > memory + MEMORY:
                self.why = f"This was stopped as it fills the memory: {_loop(frame)}"
            if self.why:  # again at each look, as a bare except may have caught it
                _raise_in(self.thread, Stopped)

    def _learners_frame(self) -> FrameType | None:
        """The innermost frame of the learner's code, if the thread is in one."""
        frame = sys._current_frames().get(self.thread)
        while frame is not None and frame is not self.outermost:
            if is_learners(frame.f_code):
                return frame
            frame = frame.f_back
        return None


def _clocks() -> tuple[float, float]:
    """The seconds that have passed, and those of all processors that this process had."""
    return time.monotonic(), time.process_time()


def _memory() -> int:
    return psutil.Process().memory_info().rss


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Raise an exception in a thread at its next line of Python; None takes it back."""
    what = ctypes.py_object(error) if error else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), what)


def _loop(frame: FrameType) -> str:
    """Which loop a frame is likely caught in."""
    line = frame.f_lineno
    loop = _innermost_loop(frame.f_code, line)
    name = frame.f_code.co_name
    if loop is None:
        return f"line {line} of {name} is reached again and again, or takes too long."
    ends = "what makes its condition False?" if isinstance(loop[1], ast.While) else "does it end?"
    return f"the loop `{loop[0]}` in {name} goes on and on; {ends}"


def _innermost_loop(code: CodeType, line: int) -> tuple[str, ast.stmt] | None:
    """The first line of the loop that holds a line, and its node; a while before a for."""
    try:
        lines, first = inspect.getsourcelines(code)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    loops = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.While, ast.For))
        and node.lineno <= line - max(first, 1) + 1 <= (node.end_lineno or node.lineno)
    ]
    if not loops:
        return None
    loop = max(loops, key=lambda node: (isinstance(node, ast.While), node.lineno))
    return lines[loop.lineno - 1].strip().rstrip(":"), loop
