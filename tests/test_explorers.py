"""The explorers of MNIST-NAS-Bench, without a browser."""

from __future__ import annotations

import re

import ipywidgets
import numpy as np
import pandas as pd
import pytest

from nascourse.benchmark import Benchmark, load_benchmark
from nascourse.views import explorers, html

pytestmark = pytest.mark.usefixtures("no_figure_left")


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    return load_benchmark()


@pytest.fixture
def small_bench() -> Benchmark:
    """Four networks; the deep ones have a width. The largest is best in validation only."""
    networks = pd.DataFrame(
        {
            "network": [0, 1, 2, 3],
            "deep": [False, False, True, True],
            "kind": ["max", "mean", "max", "max"],
            "width": [None, None, 4, 8],
            "n_params": [100, 200, 300, 4000],
            "flops": [1000, 2000, 3000, 40000],
        }
    )
    val, test = [0.5, 0.6, 0.7, 0.9], [0.5, 0.6, 0.8, 0.7]
    curves = pd.DataFrame(
        {
            "network": number,
            "seed": seed,
            "epoch": epoch,
            "loss": 1.0,
            "val_loss": 1.0,
            "val_accuracy": val[number] + 0.01 * seed - 0.1 * (2 - epoch),
            "test_accuracy": test[number] if epoch == 2 else None,
            "seconds": 1.0,
        }
        for number in range(4)
        for seed in (0, 1)
        for epoch in (1, 2)
    )
    return Benchmark(networks, curves)


def offered(box: ipywidgets.Dropdown) -> list:
    return [value for _, value in box.options]


def test_the_picker_offers_what_is_possible(small_bench):
    picks = []
    picker = explorers._Picker(small_bench, lambda: picks.append(picker.network))
    deep, kind, width = (picker.boxes[name] for name in ("deep", "kind", "width"))

    assert picker.network == 0 and width.layout.display == "none"
    assert [label for label, _ in deep.options] == ["no", "yes"]
    kind.value = "mean"
    deep.value = True  # no deep one has the mean
    assert offered(kind) == ["max"] and offered(width) == [4, 8]
    assert width.layout.display == ""
    width.value = 8
    deep.value = False
    assert width.layout.display == "none" and offered(width) == [None]
    assert picks == [1, 2, 3, 0]


def test_every_pick_is_a_network_of_the_unfinished_table(bench):
    picker = explorers._Picker(bench, lambda: None)
    rng = np.random.default_rng(0)
    for _ in range(60):
        name = rng.choice(list(picker.boxes))
        options = offered(picker.boxes[name])
        picker.boxes[name].value = options[rng.integers(len(options))]

        picked = {n: box.value for n, box in picker.boxes.items() if box.value is not None}
        assert bench.choices_of(picker.network) == picked


def test_facts_name_costs_rank_and_what_is_not_measured(small_bench):
    facts = explorers.facts(small_bench, 2)

    assert facts["parameters"] == "300" and facts["latency"] == "not measured"
    assert facts["validation accuracy, mean of 2 seeds"] == "0.705"
    assert facts["rank"] == "2 of 4"
    assert not any("test" in name for name in facts.index)


@pytest.mark.slow
def test_explore_draws_the_network_and_its_curve(screen, bench):
    explorers.explore(bench)
    before = screen.html
    screen.only(ipywidgets.Dropdown, "body/blocks").value = 3

    alts = re.findall('<img alt="(.*?)"', screen.html)
    assert len(alts) == 2 and "body/blocks 3" in alts[0] and "3 seeds" in alts[1]
    assert "FLOPs for one image" in screen.html and screen.html != before
    assert re.findall('<img alt="(.*?)"', screen.stays) == alts  # in a saved notebook


def test_the_game_ends_with_the_budget(screen, small_bench, monkeypatch):
    results = {"random": [0.5, 0.6], "greedy": [0.7, 0.9]}  # of equals half are beaten
    game = explorers._Game(small_bench, results, 2)
    train, width = game.button, game.picker.boxes["width"]
    game.picker.boxes["deep"].value = True
    train.click()
    assert train.disabled and "pick another one" in game.page.value  # no network twice
    assert "0.700" in game.page.value and "0.800" not in game.page.value  # the test is sealed
    width.value = 8
    assert not train.disabled
    train.click()

    assert train.disabled and "2 of 2" in game.page.value
    # The second one, of seed 1, has the best validation accuracy and a test accuracy of 0.7.
    assert game.picks == pytest.approx({2: 0.7, 3: 0.91})
    assert "test accuracy of 0.700" in game.page.value
    assert "100% of the random searches, 25% of the greedy searches" in game.page.value
    assert "A dashed line" in game.page.value
    assert small_bench.epochs_spent == 0


def test_the_opponents_are_real_searches(screen, page, bench, monkeypatch):
    monkeypatch.setattr(html, "work", lambda: False)
    explorers.beat_the_search(bench, budget=2, seeds=range(3))

    ((ax, alt),) = page.shown
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["random", "evolution", "greedy"] and "medians" in alt


@pytest.mark.slow
def test_the_slider_of_sizes(screen, small_bench):
    explorers.tradeoff(small_bench)
    slider = screen.only(ipywidgets.SelectionSlider)

    limits = offered(slider)
    assert limits == sorted(limits) and 100 < limits[0] and limits[-1] == 4000
    slider.value = limits[-1]
    assert "the best network has 300 and a test accuracy of 0.800" in screen.html
    assert "it gets 0.700" in screen.html
    slider.value = limits[0]
    assert "would choose it too" in screen.html and "would choose it too" in screen.stays


def test_without_widgets_the_explorers_are_figures(page, bench):
    explorers.explore(bench)
    explorers.tradeoff(bench)

    (_, layers), (_, curve), facts, (_, front) = page.shown
    assert "layers" in layers and "seeds" in curve and "At most" not in front
    assert facts.index[0] == "parameters"


def test_the_training_that_was_heard_does_not_judge(screen, small_bench):
    """As for the strategies: seed 0 was heard, so seed 1 judges."""
    last = small_bench.runs["test_accuracy"]
    small_bench.runs["test_accuracy"] = last + np.where(np.arange(len(last)) % 2, 0.05, 0)[:, None]
    game = explorers._Game(small_bench, {"random": [0.5]}, 1)
    game.button.click()

    (network,) = game.picks
    truth = small_bench.truth(without=0)[network]
    assert truth != small_bench.truth(without=1)[network]
    assert f"test accuracy of {truth:.3f}" in game.page.value
