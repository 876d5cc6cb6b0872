"""Work for a process, which loads nothing for it."""

from __future__ import annotations

import os
import time


def busy(seconds: float) -> int:
    """Compute for so many seconds; return the number of the process."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return os.getpid()


def crowding() -> float:
    """How many times as long as alone this process computes, as others want the processors too."""
    passed, of_processor = time.monotonic(), time.process_time()
    busy(1)
    return (time.monotonic() - passed) / (time.process_time() - of_processor)
