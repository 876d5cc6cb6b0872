"""The calls of NAS-Bench-201, beside the table's own."""

from __future__ import annotations

import doctest

import pytest
from small_tables import small_table

from nascourse import CourseError
from nascourse.benchmark import api


@pytest.fixture
def calls() -> api.Api:
    """All but the network 2 of the six; 2 epochs, so ``hp`` is a name only."""
    return api.Api(small_table(without=2))


def test_architectures_go_from_index_to_string_and_back(calls):
    assert len(calls) == 6
    assert list(calls) == [calls[index] for index in (0, 1, 3, 4, 5)]
    assert calls.arch(3) == "blocks=2|filters=8|kind=plain"
    assert calls.query_index_by_arch("blocks=2|filters=8|kind=plain") == 3
    assert calls.query_index_by_arch("blocks=7") == -1
    assert calls.query_by_arch(3).startswith("blocks=2|filters=8|kind=plain: ")
    with pytest.raises(CourseError, match="Network 2 is not in the table"):
        calls.arch(2)


def test_percents_epochs_from_zero_and_seconds(calls):
    info = calls.get_more_info(3, iepoch=0, is_random=1)
    assert info["valid-accuracy"] == pytest.approx(65)
    assert (info["train-loss"], info["train-all-time"]) == (1.0, 4.0)
    mean = calls.get_more_info(3, is_random=False)
    assert mean["valid-accuracy"] == pytest.approx(72.5)
    assert mean["test-accuracy"] == pytest.approx(72)
    assert (mean["train-per-time"], mean["train-all-time"]) == (4.0, 8.0)
    assert {calls.get_more_info(3)["valid-accuracy"] for _ in range(50)} == {70.0, 75.0}
    costs = {"flops": None, "params": 40e-6, "latency": None}  # two were not measured
    assert calls.get_cost_info(3) == pytest.approx(costs)
    assert calls.query_by_index(3)[1]["valid-accuracy"] == pytest.approx(75)


@pytest.mark.parametrize("call", ["get_more_info", "get_cost_info", "query_by_arch"])
def test_an_architecture_that_is_not_there_is_named(calls, call):
    with pytest.raises(CourseError, match="There is no architecture 'blocks=7'"):
        getattr(calls, call)("blocks=7")


def test_time_adds_up_until_it_is_reset(calls):
    *_, first = calls.simulate_train_eval(3)
    *_, second = calls.simulate_train_eval(3, iepoch=0)
    assert (first, second) == (8.0, 12.0)
    calls.simulate_train_eval(3, account_time=False)
    assert calls.used_time == 12.0
    calls.reset_time()
    assert calls.used_time == 0


@pytest.mark.parametrize("wrong", [{"dataset": "cifar10"}, {"hp": "200"}])
def test_another_data_set_or_length_is_one_sentence(calls, wrong):
    with pytest.raises(CourseError, match="'mnist' and '12' only"):
        calls.get_more_info(3, **wrong)


def test_the_tutorial_runs():
    assert doctest.testmod(api).failed == 0
