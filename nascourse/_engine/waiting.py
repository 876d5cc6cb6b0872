"""Wait for a result from elsewhere: not in silence, and not for ever."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from tqdm import tqdm

from nascourse import CourseError
from nascourse._engine import compat
from nascourse._engine.files import SAY_AFTER

MAX_WAIT = 300.0  # seconds without a sign of life after which a wait ends
SAY_AGAIN = 60.0
TICK = 0.5


class WaitedTooLong(CourseError):
    """Nothing was heard of the workers for so long that a wait has ended."""


def result_of(
    future: Future,
    executor: Executor,
    what: str,
    *,
    max_wait: float = MAX_WAIT,
    tick: Callable[[str], None] = lambda line: None,
) -> Any:
    """The result of a future; an error of its own is raised.

    As long as the workers of its executor give signs of life (`compat.signs_of_life`) they are waited
    for, as a training may take hours.  After ``max_wait`` seconds without one, `WaitedTooLong` names
    ``what`` was waited for.  ``tick`` is called about twice a second with the line that was printed
    last, empty before: it may raise what ends the wait.
    """
    began = time.strftime("%H:%M:%S")
    heard, sign, line, say_after = time.monotonic(), compat.signs_of_life(executor), "", SAY_AFTER
    while not future.done():
        tick(line)
        concurrent.futures.wait([future], timeout=TICK)
        silent = time.monotonic() - heard
        if silent < min(SAY_AFTER, max_wait) / 2:
            continue  # too early to ask
        # Who died just after he was heard may count as heard now: the line still comes within 30 s.
        if (now := compat.signs_of_life(executor)) and now != sign:
            heard, sign, line, say_after = time.monotonic(), now, "", SAY_AFTER
        elif silent >= max_wait:
            raise WaitedTooLong(
                f"Waited for {what} since {began}, the last {silent:.0f} seconds without a sign of "
                "life of any worker: see whether they still run"
            )
        elif silent >= say_after:
            line = (
                f"Waiting for {what} since {began}: no sign of life of a worker for {silent:.0f} "
                f"seconds; this ends after {max_wait:.0f}."
            )
            tqdm.write(line)
            say_after += SAY_AGAIN
    return future.result(timeout=0)
