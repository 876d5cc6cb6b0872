"""Work for a process, which loads nothing for it."""

from __future__ import annotations

import gc
import os
import signal
import struct
import time
from multiprocessing.queues import SimpleQueue


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


def ends_with_parent() -> int:
    """Let a process of a pool end with its parent; return its number."""
    from nascourse._engine.orphans import end_with_parent

    end_with_parent()
    return os.getpid()


def die_while_sending() -> None:
    """Die like a process that is killed in the middle of sending its result: half of it was sent."""
    (results,) = (thing for thing in gc.get_objects() if isinstance(thing, SimpleQueue))
    results._wlock.acquire()
    os.write(results._writer.fileno(), struct.pack("!i", 1_000_000) + b"half")
    os.kill(os.getpid(), signal.SIGKILL)
