"""Work for a process of its own, which loads nothing for it."""

from __future__ import annotations

import os
import time


def busy(seconds: float) -> int:
    """Compute for so many seconds; return the number of the process."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return os.getpid()
