"""Trials trained by real workers, which may die: the search is the one that it would be here."""

from __future__ import annotations

import multiprocessing
import os
import random
import runpy
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from drills.kill_and_resume import (
    differences,
    small_autokeras_space,
    small_space,
    small_splits,
)
from test_workers import Immediately

from nascourse import CourseError, search
from nascourse._engine import compat
from nascourse._engine.recording import parse

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("frozen_libraries", "spaces_described_once"),
]


def run(directory: Path, executor=None, space=small_space, **options) -> search.Search:
    usual = {"strategy": "random", "max_trials": 2, "epochs": 2, "seed": 1}
    usual["observer"] = search.Observer()
    if executor is not None:
        usual["in_flight"] = 2
    return search.run_search(
        space, small_splits(), directory=directory, executor=executor, **(usual | options)
    )


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> search.Search:
    """What the search finds without workers."""
    return run(tmp_path_factory.mktemp("here"))


@pytest.fixture(scope="module")
def spawned() -> Iterator[ProcessPoolExecutor]:
    """A pool of one process, which loads TensorFlow once for all; the last test breaks it."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as workers:
        yield workers


def test_a_process_finds_the_same(here, tmp_path, spawned):
    assert differences(run(tmp_path, spawned), here) == []


@pytest.fixture(scope="module")
def context() -> multiprocessing.context.BaseContext:
    """Begins processes as copies of one that has loaded TensorFlow, where the system can."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["nascourse.search"])
    with ProcessPoolExecutor(1, mp_context=context) as workers:
        workers.submit(os.getpid).result(timeout=120)  # Dask would load other modules into it
    return context


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork server")
def test_processes_of_a_fork_server_find_the_same(here, tmp_path, context):
    with ProcessPoolExecutor(1, mp_context=context) as workers:
        there = run(tmp_path, workers)

    assert differences(there, here) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_pool_that_forks_is_refused(tmp_path):
    """TensorFlow would wait for ever in the copies."""
    fork = multiprocessing.get_context("fork")
    with (
        ProcessPoolExecutor(1, mp_context=fork) as workers,
        pytest.raises(CourseError, match="ProcessPoolExecutor.* copy .*spawn"),
    ):
        run(tmp_path, workers)


def test_a_pool_of_threads_is_refused(tmp_path):
    """Seeds are the process's, so two trainings at once in one process would disturb each other."""
    with (
        ThreadPoolExecutor(1) as workers,
        pytest.raises(CourseError, match="ThreadPoolExecutor.* share .*spawn"),
    ):
        run(tmp_path, workers)


def test_a_space_that_processes_cannot_find_is_refused(tmp_path, monkeypatch):
    """As in a notebook, whose cells are no file: a new process would die of it."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(small_space, "__module__", "__main__")
    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=spawn) as workers,
        pytest.raises(CourseError, match="cannot find small_space.*file beside"),
    ):
        run(tmp_path, workers)


def test_a_pool_with_a_dead_process_is_one_sentence_again_and_again(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as workers:
        assert workers.submit(os._exit, 1).exception()  # no work for a broken pool from here on
        with pytest.raises(CourseError, match="trial 1.*same folder"):
            run(tmp_path, workers)


UNGUARDED = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import test_distributed

with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as workers:
    test_distributed.run({folder!r}, workers)
"""


def test_a_script_without_a_guard_is_told_of_it(tmp_path, capfd):
    """Its processes import it, and would search themselves."""
    script, folder = tmp_path / "script.py", tmp_path / "new"
    script.write_text(UNGUARDED.format(folder=str(folder)))

    with pytest.raises(CourseError, match="No worker could finish trial 1") as raised:
        runpy.run_path(str(script), run_name="__main__")

    assert "if __name__ == '__main__':" in str(raised.value) and "\n" not in str(raised.value)
    said = capfd.readouterr().err.splitlines()
    (of_child,) = [line for line in said if "imports the script" in line]
    assert "script.py" in of_child and "if __name__ == '__main__':" in of_child
    assert parse((folder / "search.json").read_text("utf-8")).trials == []


def test_dask_in_this_process_is_refused(tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs Dask: the package distributed")
    options = {"processes": False, "n_workers": 1, "dashboard_address": None}
    with (
        distributed.Client(**options) as client,
        pytest.raises(CourseError, match="share this process .*spawn"),
    ):
        run(tmp_path, client.get_executor())


@pytest.fixture(scope="module")
def dask_worker(context):
    """A client of a cluster with one worker, which offers to do two things at once."""
    distributed = pytest.importorskip("distributed", reason="needs Dask: the package distributed")
    from dask import config
    from drills.kill_workers import PATIENCE

    with (
        config.set({"distributed.worker.multiprocessing-method": context.get_start_method()}),
        config.set(PATIENCE | {"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_dask_finds_the_same(dask_worker, tmp_path):
    """Dask draws from Python's generator in the middle of a training; see `nascourse._engine.parallel`."""
    options = {"space": small_autokeras_space(), "strategy": "greedy"}

    there = run(tmp_path / "there", dask_worker.get_executor(), in_flight=1, **options)

    assert differences(there, run(tmp_path / "here", **options)) == []


def test_a_worker_that_is_paused_lives_until_it_has_done_what_it_does():
    """Dask pauses it when its memory is nearly full: its heart beats, and it begins nothing."""
    distributed = pytest.importorskip("distributed", reason="needs Dask: the package distributed")
    from distributed.core import Status

    options = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "memory_limit": 0}
    with distributed.Client(**options, dashboard_address=None) as client:
        (worker,) = client.cluster.workers.values()

        async def set_status(status: Status) -> None:
            worker.status = status

        def gives_signs(seconds: float) -> bool:
            """Whether there is a new sign of life in this time."""
            sign, end = compat.signs_of_life(executor), time.monotonic() + seconds
            while time.monotonic() < end:
                if (now := compat.signs_of_life(executor)) and now != sign:
                    return True
                time.sleep(0.1)
            return False

        executor, done = client.get_executor(), threading.Event()
        HOLDS.append(done)
        begun, waits = executor.submit(hold, 1), executor.submit(hold, 2)
        try:
            assert gives_signs(20)
            client.sync(set_status, Status.paused)
            assert gives_signs(20)
            done.set()
            begun.result(timeout=20)
            time.sleep(3)  # until its heart beats again
            assert not gives_signs(3) and not waits.done()
            client.sync(set_status, Status.running)
            waits.result(timeout=20)
        finally:
            done.set()


HOLDS: list[threading.Event] = []


def hold(number: int) -> None:
    """Work for a worker in this process, until somebody says that it is done."""
    HOLDS[-1].wait(60)


def deadly_space(hp):
    """Some of its networks end the worker that trains them."""
    model = small_space(hp)
    if hp.get("units") == 16 and multiprocessing.parent_process():
        os._exit(1)
    return model


def test_a_network_that_ends_its_process_is_counted(tmp_path, spawned):
    """It breaks the pool; tests/test_workers.py has the rest of the story."""
    with pytest.raises(CourseError, match="trial 2 .*BrokenProcessPool"):
        run(tmp_path, spawned, space=deadly_space)

    assert parse((tmp_path / "search.json").read_text("utf-8")).tries == 1


def test_a_trial_that_kills_its_workers_fails_alone(dask_worker, tmp_path):
    """Dask blames the trial that waited for the same worker as well."""
    found = run(tmp_path, dask_worker.get_executor(), space=deadly_space, max_trials=3)

    assert found.table["units"].tolist() == [4, 16, 12]
    assert found.table["status"].tolist() == ["completed", "failed", "completed"]
    assert "workers died" in found.table["message"][1]


def test_a_generator_disturbed_by_another_thread_changes_nothing(here, tmp_path):
    """What Dask's heartbeat does twice a second, without pause."""
    done = threading.Event()

    def disturb() -> None:
        while not done.wait(0.001):
            random.random()

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        there = run(tmp_path, Immediately(), max_trials=1)
    finally:
        done.set()
        thread.join(60)

    first = here.curves.query("trial == 1")
    pd.testing.assert_frame_equal(there.curves, first, check_exact=True)


def test_a_search_completes_though_its_worker_is_killed(here, dask_worker, tmp_path, monkeypatch):
    """In trial 2 of a random search, with as many failures as Dask allows.

    tests/drills/kill_workers.py kills at random.
    """
    (pid,) = dask_worker.run(os.getpid).values()

    class Kill(search.Observer):
        def trial_end(self, row):
            if row["trial"] == 1:
                os.kill(pid, signal.SIGKILL)

    monkeypatch.setattr(dask_worker.cluster.scheduler, "allowed_failures", 3)
    found = run(tmp_path, dask_worker.get_executor(), observer=Kill())

    assert pid not in dask_worker.run(os.getpid).values()
    assert differences(found, here) == []
