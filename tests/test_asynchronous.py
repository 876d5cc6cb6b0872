"""Several workers on the table: each decision of the schedulers worked out by hand."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from small_tables import small_table

from nascourse import CourseError
from nascourse.benchmark import load_benchmark, within_budget
from nascourse.benchmark.asynchronous import Asha, Hyperband, run, simulate_workers


def timetable(scheduler, workers: int, seconds: dict, accuracy: dict) -> list[tuple]:
    ended = run(scheduler, workers, lambda job: seconds[job], lambda job: accuracy[job[0]])
    return [(end, *job) for end, job in ended]


ACCURACY = {0: 0.5, 1: 0.9, 2: 0.6, 3: 0.8}
SECONDS = {(n, k): s for n in range(4) for k, s in enumerate((1.0, 2.0))}


def test_asha_with_one_worker():
    """A network is promoted once two are on its rung, and the second once four are."""
    asha = Asha(range(4), n_rungs=2, eta=2)

    assert timetable(asha, 1, SECONDS, ACCURACY) == [
        *[(1, 0, 0), (2, 1, 0), (4, 1, 1)],  # 1 is the best of two
        *[(5, 2, 0), (6, 3, 0), (8, 3, 1)],  # 3 is the second of four
    ]


def test_asha_promotes_too_soon_and_goes_on():
    """Of 0 and 2 the better is promoted; when 1 and 3 are known, neither half is its own."""
    asha = Asha([0, 2, 1, 3], n_rungs=2, eta=2)

    promoted = [network for _, network, k in timetable(asha, 1, SECONDS, ACCURACY) if k == 1]

    assert promoted == [2, 1, 3]  # of four, 1 and 3 are the best; 2 was it of two


def test_asha_does_not_wait_for_the_slowest():
    slow = {**SECONDS, (0, 0): 10.0}
    asha = Asha(range(4), n_rungs=2, eta=2)

    assert timetable(asha, 2, slow, ACCURACY) == [
        *[(1, 1, 0), (2, 2, 0)],  # while the other worker trains 0
        *[(4, 1, 1), (5, 3, 0), (10, 0, 0), (12, 3, 1)],
    ]


def test_successive_halving_waits_for_the_slowest():
    slow = {**SECONDS, (0, 0): 10.0}
    sha = Hyperband(range(4), n_rungs=2, eta=2, size=4, brackets=[0])

    assert timetable(sha, 2, slow, ACCURACY) == [
        *[(1, 1, 0), (2, 2, 0), (3, 3, 0), (10, 0, 0)],
        *[(12, 1, 1), (12, 3, 1)],
    ]


def test_hyperband_has_the_brackets_of_the_paper():
    """For R = 9 and eta = 3: 9 networks at 1, 5 at 3 and 3 at 9 epochs, then again from the first."""
    networks = range(40)
    hyperband = Hyperband(networks, n_rungs=3, eta=3, size=9)
    jobs = timetable(
        hyperband, 1, {(n, k): 1.0 for n in networks for k in range(3)}, {n: n for n in networks}
    )

    rungs = [k for _, _, k in jobs]
    assert rungs[:23] == 9 * [0] + 3 * [1] + [2] + 5 * [1] + [2] + 3 * [2] + [0]
    assert [network for _, network, _ in jobs][9:13] == [8, 7, 6, 8]  # the best go on


def test_workers_share_the_work_of_a_rung():
    """Nine trainings of a second: nine seconds alone, three with four workers."""
    sha = partial(Hyperband, range(9), n_rungs=1, eta=3, size=9)
    seconds, accuracy = {(n, 0): 1.0 for n in range(9)}, dict.fromkeys(range(9), 0.5)

    assert [timetable(sha(), n, seconds, accuracy)[-1][0] for n in (1, 4, 9)] == [9, 3, 1]


@pytest.mark.parametrize("strategy", ["asha", "sha", "hyperband"])
def test_a_search_by_its_own_rows(strategy):
    """In the small table an epoch of network n takes n + 1 seconds."""
    options = {"workers": 2, "rungs": (1, 2), "eta": 2, "size": 4, "benchmark": small_table()}
    table = simulate_workers(strategy, seconds=15, seeds=range(5), **options)

    for _, search in table.groupby("seed"):
        assert search["seconds"].is_monotonic_increasing and search["seconds"].max() <= 15
        work = ((search["network"] + 1) * search["epochs"].diff().fillna(search["epochs"])).sum()
        assert work <= 2 * search["seconds"].max()  # no worker trains two networks at once
        best = search["val_accuracy"].cummax()
        assert search["incumbent"].eq(search["network"]).where(search["val_accuracy"] == best).any()
        first_rung = search[search["trained"] == 1]
        assert first_rung["network"].is_unique
    again = simulate_workers(strategy, seconds=15, seeds=range(5), **options)
    assert table.equals(again)
    assert table["seed"].nunique() == 5


def test_asha_keeps_sixteen_workers_busy():
    """The same seconds, so more of the work that 16 workers can do is done."""
    bench = load_benchmark()
    options = {"workers": 16, "seconds": 10, "seeds": range(5), "benchmark": bench}

    epochs = {
        name: within_budget(simulate_workers(name, **options), [10], value="epochs", by="seconds")
        for name in ("asha", "sha")
    }

    assert (epochs["asha"][10] > 1.5 * epochs["sha"][10].to_numpy()).all()


def test_rungs_may_be_an_array():
    options = {"workers": 2, "seconds": 50, "seeds": [0], "eta": 2, "benchmark": small_table()}
    tables = [simulate_workers("asha", rungs=r, **options) for r in ([1, 2], np.array([1, 2]))]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("seconds", [np.int64(50), np.float32(50)])
def test_the_seconds_may_be_a_number_of_numpy(seconds):
    options = {"workers": 2, "rungs": (1, 2), "seeds": [0], "benchmark": small_table()}
    tables = [simulate_workers("asha", seconds=s, **options) for s in (50, seconds)]
    pd.testing.assert_frame_equal(*tables)


def test_a_bracket_is_rounded_up_from_whole_numbers():
    """The third of five brackets of 81 has 81 * 5 / (3 * 9) networks: 15, and no part of one."""
    hyperband = Hyperband(range(1000), n_rungs=5, eta=3, size=81, brackets=[2])
    hyperband._next_rung()
    assert len(hyperband.waiting) == 15


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"strategy": "random"}, "Unknown strategy 'random': choose among asha, sha, hyperband."),
        ({"strategy": ["asha"]}, "Unknown strategy .'asha'.: choose among asha"),
        ({"workers": 0}, "workers=0 is not possible"),
        ({"eta": 1}, "eta=1 is not possible: give a whole number from 2"),
        ({"rungs": (2, 1)}, r"rungs=\[2, 1\] is not possible: give rising epochs up to 2"),
        ({"rungs": (1, 3)}, "rung=3 is not possible: give a whole number from 1 to 2"),
        ({"rungs": [1.0, 2.0]}, "rung=1.0 is not possible: give a whole number"),
        ({"rungs": ()}, r"rungs=\[\] is not possible"),
        ({"rungs": 2}, "rungs=2 is not possible: give several"),
        ({"rungs": "1"}, "rung='1' is not possible"),
        ({"seeds": 5}, "seeds=5 is not possible: give several"),
        ({"seeds": []}, "give at least one seed"),
        ({"seconds": "20"}, "seconds='20' is not possible: give a number of seconds above 0"),
        ({"seconds": True}, "seconds=True is not possible"),
        ({"seconds": 1.0}, "In seconds=1.0 the search of seed 0 has trained no network"),
    ],
)
def test_what_cannot_be_is_one_sentence(wrong, sentence):
    options = {"strategy": "asha", "workers": 2, "seconds": 5, "rungs": (1, 2), "seeds": [0]}
    with pytest.raises(CourseError, match=sentence):
        simulate_workers(**{**options, **wrong}, benchmark=small_table())
