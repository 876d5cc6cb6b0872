"""What simulated searches show: standings, ranks, superiority, and their plots."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_tables import TEST, VAL, small_table

from nascourse import CourseError, benchmark, plotting, trials
from nascourse.benchmark import comparison

RACE = pd.DataFrame(
    {
        "strategy": ["a", "a", "a", "b", "b", "a", "b"],
        "seed": [0, 0, 0, 0, 0, 1, 1],
        "epochs": [2, 4, 6, 3, 6, 2, 3],
        "regret": [0.3, 0.2, 0.1, 0.4, 0.0, 0.5, 0.5],
        "val_accuracy": [0.5, 0.4, 0.7, 0.6, 0.9, 0.3, 0.2],
    }
)


def test_standing_along_the_budget_by_hand():
    standing = benchmark.within_budget(RACE, [1, 2, 3, 6, 100])

    assert standing.columns.name == "epochs"
    assert np.isnan(standing[1]).all()
    assert standing.loc[("a", 0)].tolist()[1:] == [0.3, 0.3, 0.1, 0.1]
    assert standing.loc[("b", 0)].tolist()[2:] == [0.4, 0.0, 0.0]
    assert standing.loc[("a", 1)].tolist()[1:] == [0.5, 0.5, 0.5, 0.5]
    validation = benchmark.within_budget(RACE, [4, 6], value="val_accuracy")
    assert validation.loc[("a", 0)].tolist() == [0.5, 0.7]


def test_superiority_by_hand():
    # Of nine pairs (3, 1) (3, 2) (2, 1) win, (2, 2) and (3, 3) tie, and so on: 3 + 0.5 * 3.
    equal = benchmark.superiority([1, 2, 3], [1, 2, 3])
    assert equal.probability == 0.5
    assert equal.low < 0.5 < equal.high
    # (1, 0), (5, 0), (5, 2) win, (1, 2) loses, ties none: 3 of 4.
    assert benchmark.superiority([1, 5], [0, 2]).probability == 0.75
    assert benchmark.superiority([4, 5], [1, 2]) == (1, 1, 1)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth, covered = 0.7602, 0  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt(2))
    for _ in range(60):
        a, b = rng.normal(1, 1, 40), rng.normal(0, 1, 40)
        interval = benchmark.superiority(a, b, resamples=300)
        covered += interval.low <= truth <= interval.high
    assert 50 <= covered <= 60


def test_a_difference_by_hand():
    # Of the 20 ways to split 1, 2, 3, 7, 8, 9 in two, two differ by 6: this one and its mirror image.
    apart = benchmark.difference([7, 8, 9], [1, 2, 3])
    assert (apart.difference, apart.p_value) == (6, pytest.approx(2 / 20))
    assert 4 < apart.low < 6 < apart.high < 8
    # Of the 16 ways to swap within four pairs, two differ by 1 on average.
    pairs = benchmark.difference([2, 4, 6, 9], [1, 3, 5, 8], paired=True)
    assert pairs == (1, 1, 1, pytest.approx(2 / 16))
    with pytest.raises(CourseError, match="3 and 2 searches are no pairs"):
        benchmark.difference([1, 2, 3], [1, 2], paired=True)
    with pytest.raises(CourseError, match="at least two of each"):
        benchmark.difference([1, 2, 3], [1])


def test_a_difference_of_nothing_is_found_as_often_as_the_level_says(monkeypatch):
    monkeypatch.setattr(comparison, "RESAMPLES", 300)
    rng = np.random.default_rng(0)
    p_values = [benchmark.difference(*rng.normal(size=(2, 5))).p_value for _ in range(100)]
    assert sum(p <= 0.05 for p in p_values) <= 10


def test_p_values_are_corrected_for_their_number_by_hand():
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1; none falls below the one before.
    assert benchmark.holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )
    assert benchmark.holm([0.6, 0.9]).tolist() == [1, 1]


def test_the_best_promises_too_much_by_hand():
    # Seed 0 chooses network 3 with 0.71, which has 0.73 with seed 1; and the other way round.
    assert benchmark.optimism_of_the_best(small_table()) == pytest.approx(0)
    rng = np.random.default_rng(0)
    noise = rng.normal(0.5, 0.1, (200, 2))  # all networks alike: the best is so by luck alone
    index = pd.MultiIndex.from_product([range(200), range(2)], names=["network", "seed"])
    curves = pd.DataFrame({"test_accuracy": noise.ravel()}, index).reset_index().assign(epoch=1)
    for name in ("loss", "val_loss", "val_accuracy", "seconds"):
        curves[name] = 1.0
    networks = pd.DataFrame({"network": range(200), "width": range(200)})
    optimism = benchmark.optimism_of_the_best(benchmark.Benchmark(networks, curves))
    best = noise.argmax(axis=0)
    assert optimism == pytest.approx((noise.max(axis=0) - noise[best, [1, 0]]).mean())


def test_local_optima_by_hand():
    # 5 (thin, 8) beats its neighbors 1, 3 and 4, which differ in one choice each; no other does so.
    bench = small_table()
    assert benchmark.local_optima(bench, bench.at(2)).tolist() == [5]
    # 0 (1, plain) has the neighbors 1, 2 and 3: without the filters, which it does not have.
    quality = pd.Series([5, 4, 3, 2, 1, 9], index=range(6))
    assert benchmark.local_optima(bench, quality).tolist() == [0, 5]
    assert benchmark.local_optima(bench, quality.replace(4, 6)).tolist() == [5]


def test_the_winner_promises_too_much_by_hand():
    """All six networks compete, so network 5 wins: its validation is right, its test is lower."""
    table = benchmark.winners_curse(small_table(), [1, 6], repeats=2000)

    assert table.loc[6, "curse"] == pytest.approx(0, abs=0.005)  # 0.80 and 0.85 change places
    assert table.loc[6, "retrained"] == pytest.approx(0.825, abs=0.005)
    assert table.loc[6, "gap"] == pytest.approx(0.80 - 0.69 + (0.05 - 0.02) / 2, abs=0.005)
    assert table.loc[1, "curse"] == pytest.approx(0, abs=1e-12)  # without a choice there is none
    assert table.loc[1, "val_accuracy"] == pytest.approx(np.mean(VAL) + 0.025, abs=0.01)
    assert table.loc[1, "test_accuracy"] == pytest.approx(np.mean(TEST) + 0.01, abs=0.01)
    with pytest.raises(CourseError, match="size=7 is not possible"):
        benchmark.winners_curse(small_table(), [7])


def test_the_pareto_front_by_hand():
    table = pd.DataFrame(
        {"flops": [1, 2, 2, 3, 4, None, 4], "val_accuracy": [5, 4, 7, 7, 9, 99, 9]},
        index=list("abcdefg"),
    )
    assert trials.pareto_front(table, cost="flops").index.tolist() == ["a", "c", "e"]
    losses = table.rename(columns={"val_accuracy": "val_loss"}).drop(index="f")
    front = trials.pareto_front(losses, cost="flops", quality="val_loss")
    assert front.index.tolist() == ["a", "b"]


# -------------------------------------------------------------------------------------------- plots


def test_the_front_is_drawn_as_a_staircase():
    bench = small_table(without=2)
    ax = plotting.plot_pareto(bench.final(), bench.pareto_front())

    points, front = ax.lines
    assert sorted(points.get_xdata()) == [5, 10, 20, 40, 80]
    assert front.get_xdata().tolist() == [5, 20, 40]
    assert front.get_drawstyle() == "steps-post"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("parameters", "test accuracy")


def test_what_is_no_list_of_searches_is_one_sentence():
    for a, b in ((0.9, 0.8), ([0.9], [0.8, 0.7]), ([[1, 2], [3, 4]], [1, 2])):
        with pytest.raises(CourseError, match="tell nothing: give a list of at least two of each"):
            benchmark.superiority(a, b)


def test_one_budget_is_a_list_of_one():
    searches = pd.DataFrame(
        {"strategy": "random", "seed": 0, "epochs": [1, 2], "test_accuracy": [0.5, 0.6]}
    )
    one = benchmark.within_budget(searches, 2, value="test_accuracy")
    pd.testing.assert_frame_equal(
        one, benchmark.within_budget(searches, [2], value="test_accuracy")
    )
