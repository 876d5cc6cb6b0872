"""A wait says within seconds what it waits for, and ends; while workers live it goes on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

import psutil
import pytest
from busy import busy, die_while_sending

from nascourse._engine import compat, waiting
from nascourse._engine.options import Deadline, TimeIsUp
from nascourse._engine.parallel import Workers
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


@pytest.mark.slow
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


class Said(Exception):
    pass


@pytest.mark.parametrize("is_scheduler_gone, answer", [(False, 0), (False, 2), (True, 4)])
def test_a_line_comes_within_30_seconds_of_a_death(monkeypatch, is_scheduler_gone, answer):
    """Whenever a worker dies, and though a scheduler takes seconds to answer."""
    monkeypatch.undo()  # the usual times
    now = 0.0

    def signs_of_life(executor):
        nonlocal now
        now += answer
        return None if is_scheduler_gone and now > death else min(now, death)

    def wait(futures, timeout):
        nonlocal now
        now += timeout

    def tick(line):
        if line:
            raise Said

    clock = SimpleNamespace(monotonic=lambda: now, strftime=time.strftime)
    monkeypatch.setattr(waiting, "time", clock)
    monkeypatch.setattr(waiting.concurrent.futures, "wait", wait)
    monkeypatch.setattr(compat, "signs_of_life", signs_of_life)
    for tenth in range(1, 600):
        now, death = 0.0, tenth / 10
        with pytest.raises(Said):
            result_of(Future(), Executor(), "trial 1", tick=tick)
        assert now - death <= 30, death


def searching(heard, seconds: float | None = None) -> SimpleNamespace:
    """What `Workers` asks of a tuner while it waits."""
    recorder = SimpleNamespace(observer=SimpleNamespace(waiting=heard))
    return SimpleNamespace(deadline=Deadline(seconds), recorder=recorder)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process for a while")
@pytest.mark.parametrize("seconds, end", [(None, KeyboardInterrupt), (3, TimeIsUp)])
def test_what_ends_a_wait_ends_processes_that_hang(seconds, end):
    """Else leaving the ``with`` of the pool would wait for them."""

    def stop(line: str) -> None:
        if line and seconds is None:
            raise KeyboardInterrupt

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pid = pool.submit(busy, 0).result()
        os.kill(pid, signal.SIGSTOP)
        try:
            workers = SimpleNamespace(_executor=pool, _max_wait=300)
            with pytest.raises(end):
                Workers._wait(workers, searching(stop, seconds), pool.submit(busy, 0), "trial 1")
            assert not psutil.pid_exists(pid)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.mark.slow
def test_a_stop_leaves_processes_that_live():
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        workers = SimpleNamespace(_executor=pool, _max_wait=300)
        with pytest.raises(KeyboardInterrupt):
            Workers._wait(workers, searching(stop), pool.submit(busy, 1), "trial 1")
        assert pool.submit(busy, 0).result() > 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_pool_can_be_left_though_half_a_result_came(capfd):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pid, results = pool.submit(busy, 0).result(), pool._result_queue
        future = pool.submit(die_while_sending)
        try:
            while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.05)
            with pytest.raises(TimeoutError):
                future.result(timeout=0.5)  # the pool's own thread waits for the other half
            compat.end_processes(pool)
            assert isinstance(future.exception(timeout=10), BrokenExecutor)
        finally:
            results._writer.close()  # else a test that fails would not end
    assert capfd.readouterr().err == ""


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
