"""When a process is killed that has a pool, no process of the pool stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent

POOL = """
import multiprocessing, sys, time
from concurrent.futures import ProcessPoolExecutor

from busy import ends_with_parent

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    pool = ProcessPoolExecutor(1, mp_context=context)
    print(pool.submit(ends_with_parent).result(), flush=True)
    pool.submit(time.sleep, float(sys.argv[2]))
    time.sleep(600)
"""


def is_over(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork server, and no SIGKILL")
@pytest.mark.parametrize("seconds", [0, 600], ids=["idle", "at work"])
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_process_of_a_pool_ends_with_its_parent(tmp_path, method, seconds):
    script = tmp_path / "script.py"
    script.write_text(POOL)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))}
    command = [sys.executable, str(script), method, str(seconds)]
    parent = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    try:
        time.sleep(0.5)  # it has begun what comes next
        assert not is_over(worker)
        parent.kill()
        parent.wait()
        end = time.monotonic() + 10
        while not is_over(worker) and time.monotonic() < end:
            time.sleep(0.05)
        assert is_over(worker)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        parent.kill()
        parent.stdout.close()


def test_a_process_outside_of_a_pool_goes_on(run_python):
    """A worker of another kind, or the process that searches."""
    code = "from busy import ends_with_parent; ends_with_parent(); print('lives')"

    assert run_python("-c", code, cwd=ROOT / "tests").stdout == "lives\n"
