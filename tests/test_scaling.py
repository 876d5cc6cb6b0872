"""Scaled networks: the paper's numbers, Keras's networks, and recordings of what unit 10 shows."""

from __future__ import annotations

import importlib
import itertools
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import recorder
import tensorflow as tf
from keras import layers
from test_evaluation import profiled

from nascourse import CourseError, evaluation, spaces, trials
from nascourse.methods import scaling

FOLDER = Path(trials.__file__).parent / "recordings"
PAPER = trials.recorded("scaling_paper").set_index("network")


@pytest.fixture(scope="module")
def efficientnets():
    return trials.recorded("scaling_efficientnets").set_index("network")


@pytest.fixture(scope="module")
def digits():
    return trials.recorded("scaling_digits")


# The family of the paper


def test_the_paper_lists_eight_networks_each_larger_than_the_one_before():
    assert list(PAPER.index) == [f"B{number}" for number in range(8)]
    for column in ("side", "n_params", "macs", "top1", "depth"):
        assert PAPER[column].is_monotonic_increasing, column


def test_parameters_are_within_two_percent_of_the_paper(efficientnets):
    """Those that are trained; the paper leaves the running means of the normalizations out."""
    assert (efficientnets["trained_params"] / PAPER["n_params"] - 1).abs().max() < 0.02
    assert (efficientnets["n_params"] > efficientnets["trained_params"]).all()


def test_multiply_accumulates_are_within_five_percent_of_the_paper(efficientnets):
    assert (efficientnets["macs"] / PAPER["macs"] - 1).abs().max() < 0.05
    assert list(efficientnets["side"]) == list(PAPER["side"])


@pytest.mark.slow
def test_b0_is_as_recorded_and_as_the_paper_says(efficientnets):
    model = keras.applications.EfficientNetB0(weights=None)
    recorded = efficientnets.loc["B0"]

    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert abs(trained / 5.3e6 - 1) < 0.02
    assert scaling.count_macs(model) == pytest.approx(0.39e9, rel=0.02)
    assert (trained, scaling.count_macs(model)) == (recorded["trained_params"], recorded["macs"])
    assert evaluation.count_params(model) == recorded["n_params"]
    assert len(model.layers) == recorded["layers"]
    assert model.input_shape[1:] == (recorded["side"], recorded["side"], 3)

    image = tf.TensorSpec((1, *model.input_shape[1:]))
    assert evaluation.count_flops(model) == profiled(lambda x: model(x, training=False), image)


def test_multiply_accumulates_by_hand():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same")(image)  # with a bias
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    model = keras.Model(image, layers.Dense(5)(layers.Flatten()(x)))

    by_hand = 8 * 8 * 4 * 9 * 3 + 8 * 8 * 4 * 9 + 8 * 8 * 4 * 5
    assert scaling.count_macs(model) == by_hand
    assert evaluation.count_flops(model) == 2 * by_hand + 8 * 8 * 4 + 5


# Networks for digits


def test_a_digit_network_has_the_depth_width_and_resolution_of_its_plan():
    model = scaling.digit_network(scaling.Plan(depth=5, width=3, side=9))

    assert spaces.describe(model) == "3@3x3 3@3x3 3@3x3 max2 6@3x3 6@3x3 max2 flatten 10"
    shapes = [layer.output.shape[1:3] for layer in model.layers if "conv" in layer.name]
    assert shapes == 3 * [(9, 9)] + 2 * [(5, 5)]


def test_a_digit_network_takes_the_images_of_the_course():
    images = np.random.default_rng(0).integers(256, size=(3, 28, 28, 1), dtype=np.uint8)
    for side in (12, 28):
        model = scaling.digit_network(scaling.Plan(side=side))
        probabilities = model(images).numpy()
        assert probabilities.shape == (3, 10)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_images_are_shrunk_by_means_of_their_pixels():
    """Without them a stroke of one pixel would be hit or missed."""
    images = np.zeros((1, 28, 28, 1), np.uint8)
    images[:, ::2] = 255
    model = scaling.digit_network(scaling.Plan(side=14))
    (shrink,) = (layer for layer in model.layers if isinstance(layer, layers.Resizing))

    np.testing.assert_allclose(shrink(images / 255).numpy()[:, 1:-1], 0.5, atol=0.05)


@pytest.mark.parametrize(
    "plan, name",
    [
        (scaling.Plan(depth=1), "depth"),
        (scaling.Plan(width=0), "width"),
        (scaling.Plan(side=29), "side"),
        (scaling.Plan(side=12.5), "side"),
    ],
)
def test_an_impossible_plan_is_refused(plan, name):
    with pytest.raises(CourseError, match=f"^{name}="):
        scaling.digit_network(plan)


def test_each_direction_changes_one_size_at_nearly_equal_flops():
    sizes = {"depth": "depth", "width": "width", "resolution": "side"}
    base = scaling.DIGITS["base", 1]
    unscaled = evaluation.count_flops(scaling.digit_network(base))
    for (direction, times), plan in scaling.DIGITS.items():
        changed = {size for size in plan._fields if getattr(plan, size) > getattr(base, size)}
        expected = {"base": set(), "all three": set(plan._fields)}
        assert changed == expected.get(direction, {sizes.get(direction)})
        assert all(size >= of_base for size, of_base in zip(plan, base))
        growth = evaluation.count_flops(scaling.digit_network(plan)) / unscaled
        assert growth == pytest.approx({1: 1, 2: 2.2, 4: 4}[times], rel=0.04)


# The recordings


def test_the_recording_holds_each_network_with_each_seed(digits):
    keys = list(zip(digits["direction"], digits["times"], digits["seed"]))
    seeds = sorted(set(digits["seed"]))
    assert seeds == list(range(len(seeds)))
    assert len(seeds) >= 5
    expected = itertools.product(seeds, scaling.DIGITS)
    assert keys == [(*network, seed) for seed, network in expected]
    accuracies = digits.groupby(["direction", "times"])[["val_accuracy", "test_accuracy"]]
    assert accuracies.median().stack().between(0.9, 1).all()  # one of the deep ones learned nothing


def test_the_recording_agrees_with_the_plans(digits):
    for (direction, times), plan in scaling.DIGITS.items():
        rows = digits[(digits["direction"] == direction) & (digits["times"] == times)]
        model = scaling.digit_network(plan)
        facts = [*plan, evaluation.count_params(model), evaluation.count_flops(model)]
        columns = [*plan._fields, "n_params", "flops"]
        assert (rows[columns] == facts).all(axis=None), (direction, times)


@pytest.mark.slow
def test_recording_goes_on_where_it_was_stopped(monkeypatch, tmp_path):
    for name, value in recorder.ONE_THREAD.items():  # the script sets them for its process
        monkeypatch.setenv(name, value)
    script = importlib.import_module("record_scaling")
    trained = []

    def train(build, images, runs, *, network, judge_each):
        if len(trained) == 3:
            raise KeyboardInterrupt
        (seeds,) = runs
        trained.append((build().count_params(), network, *seeds))
        return [{"val_right": [4500], "test_right": [8000], "seconds": 1.0}]

    monkeypatch.setattr(script.training, "train_runs", train)
    images = SimpleNamespace(n_val=5000, n_test=10_000)
    monkeypatch.setattr(script.training, "load_images", lambda mnist: images)
    plans = dict(itertools.islice(scaling.DIGITS.items(), 2))
    monkeypatch.setattr(scaling, "DIGITS", plans)
    path = tmp_path / "digits.csv"
    with pytest.raises(KeyboardInterrupt):
        script.digits("mnist.npz", 2, path)
    assert len(path.read_text().splitlines()) == 1 + 3

    first, trained[:] = trained[:], []
    script.digits("mnist.npz", 2, path)

    assert len({*first, *trained}) == len(first) + len(trained) == 4  # none twice
    assert pd.read_csv(path)["val_accuracy"].tolist() == 4 * [0.9]
