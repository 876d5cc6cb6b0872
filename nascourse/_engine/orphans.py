"""End the processes of a pool whose parent was killed: they would wait for their next task for ever.

Only the standard library is imported.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading


@functools.cache  # one thread is enough
def end_with_parent() -> None:
    """Let this process end when the one dies that has started its pool; do nothing outside of pools.

    It would not notice by itself, as it holds both ends of the pipe that its tasks come through.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def end() -> None:
        parent.join()  # without a bound: for as long as the pool lives
        os._exit(1)

    threading.Thread(target=end, name="end with parent", daemon=True).start()
