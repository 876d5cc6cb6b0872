"""A wait says within seconds what it waits for, and ends; while workers live it goes on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor

import pytest
from busy import busy

from nascourse._engine import compat, waiting
from nascourse._engine.waiting import WaitedTooLong, result_of


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(waiting, "SAY_AFTER", 0.2)
    monkeypatch.setattr(waiting, "TICK", 0.05)


def test_workers_that_are_gone_are_named_and_then_given_up(capsys):
    with pytest.raises(WaitedTooLong, match="trial 3 since .*without a sign of life"):
        result_of(Future(), Executor(), "trial 3", max_wait=0.6)

    said = capsys.readouterr().out
    assert "Waiting for trial 3 since" in said and "ends after" in said


def test_workers_that_live_are_waited_for_in_silence(monkeypatch, capsys):
    signs, future = iter(range(1, 1000)), Future()
    monkeypatch.setattr(compat, "signs_of_life", lambda executor: next(signs))
    end = time.monotonic() + 1

    def tick(line: str) -> None:
        if time.monotonic() > end:
            future.set_result("trained")

    assert result_of(future, Executor(), "trial 1", max_wait=0.4, tick=tick) == "trained"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("error", [TimeoutError("of the trial itself"), ValueError("no")])
def test_an_error_of_the_task_is_its_own(error):
    future: Future = Future()
    future.set_exception(error)

    with pytest.raises(type(error), match=str(error)):
        result_of(future, Executor(), "trial 1", max_wait=0.1)


def test_a_stop_ends_a_wait():
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        result_of(Future(), Executor(), "trial 1", tick=stop)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process for a while")
def test_a_process_lives_as_long_as_it_computes():
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        pid = result_of(pool.submit(busy, 3), pool, "a busy process", max_wait=1.5)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(WaitedTooLong):
                result_of(pool.submit(busy, 0), pool, "a stopped process", max_wait=1)
        finally:
            os.kill(pid, signal.SIGCONT)
