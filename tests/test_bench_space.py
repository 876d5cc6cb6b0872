"""The space of MNIST-NAS-Bench, and the list of its settings."""

from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest

from nascourse import evaluation, spaces

ALL = spaces.settings(spaces.bench_space)


def test_every_setting_is_listed_once():
    assert len(ALL) == spaces.size(spaces.bench_space) == 1248
    assert len({tuple(sorted(setting.items())) for setting in ALL}) == len(ALL)


def test_filters_are_listed_only_for_blocks_that_exist():
    for setting in ALL:
        filters = [name for name in setting if name.startswith("conv/filters_")]
        assert filters == [f"conv/filters_{i}" for i in range(setting["body/blocks"])]


def test_settings_skip_what_is_inactive():
    hp = keras_tuner.HyperParameters()
    hp.Boolean("deep")
    with hp.conditional_scope("deep", [True]):
        hp.Choice("filters", [8, 16])
    assert spaces.settings(hp) == [
        {"deep": True, "filters": 8},
        {"deep": True, "filters": 16},
        {"deep": False},
    ]


@pytest.mark.slow
def test_settings_build_different_networks():
    sample = np.random.default_rng(0).permutation(len(ALL))[:40]
    digests = {spaces.fingerprint(spaces.built(spaces.bench_space, ALL[i])) for i in sample}
    assert len(digests) == len(sample)


def test_one_changed_choice_changes_the_network():
    base = {
        "body/blocks": 2,
        "body/halving": "max",
        "body/skip": False,
        "conv/kind": "plain",
        "conv/kernel": 3,
        "conv/filters_0": 6,
        "conv/filters_1": 6,
        "head": "flatten",
    }
    digest = spaces.fingerprint(spaces.built(spaces.bench_space, base))
    assert digest == spaces.fingerprint(spaces.built(spaces.bench_space, base))
    changes = {
        "body/blocks": 1,
        "body/halving": "stride",
        "body/skip": True,
        "conv/kind": "separable",
        "conv/kernel": 5,
        "conv/filters_0": 2,
        "conv/filters_1": 16,
        "head": "quarters",
    }
    for name, value in changes.items():
        model = spaces.built(spaces.bench_space, {**base, name: value})
        assert spaces.fingerprint(model) != digest, name


@pytest.mark.parametrize("halving", ["max", "stride"])
@pytest.mark.parametrize("blocks, side", [(1, 14), (2, 7), (3, 4)])
def test_a_block_halves_the_image_and_quarters_leave_four_numbers_a_map(halving, blocks, side):
    setting = {"body/blocks": blocks, "body/halving": halving, "body/skip": True}
    sizes = []
    for head in ("flatten", "quarters"):
        hp = keras_tuner.HyperParameters()
        hp.values = {**setting, "head": head}  # the rest at its default
        model = spaces.bench_space(hp)
        sizes.append(model.layers[-1].input.shape[1])
    # With skip connections a block hands on its 6 maps and those that it got, at first 1.
    channels = 1 + 6 * blocks
    assert sizes == [side * side * channels, 4 * channels]


def test_parameters_and_flops_span_two_orders_of_magnitude():
    small = {
        "body/blocks": 1,
        "body/halving": "stride",
        "body/skip": False,
        "conv/kind": "separable",
        "conv/kernel": 3,
        "conv/filters_0": 2,
        "head": "quarters",
    }
    wide = {
        **small,
        "body/halving": "max",
        "body/skip": True,
        "conv/kind": "plain",
        "conv/kernel": 5,
        "conv/filters_0": 16,
        "head": "flatten",
    }
    deep = {**wide, "body/blocks": 3, "conv/filters_1": 16, "conv/filters_2": 16}
    smallest, widest, deepest = (spaces.built(spaces.bench_space, s) for s in (small, wide, deep))
    # 9 + 2 + 2 in the convolution, 4 x 2 x 10 + 10 in the last layer
    assert evaluation.count_params(smallest) == 103
    # 25 x 16 + 16, and 14 x 14 x (16 + 1) x 10 + 10
    assert evaluation.count_params(widest) == 33_746
    assert evaluation.count_flops(deepest) > 100 * evaluation.count_flops(smallest)


def test_kerastuner_searches_it(tmp_path):
    tuner = keras_tuner.RandomSearch(
        spaces.bench_space,
        objective="val_accuracy",
        max_trials=2,
        seed=1,
        directory=tmp_path,
        project_name="bench",
    )
    values = tuner.oracle.create_trial("tuner0").hyperparameters.values
    assert values in ALL
    assert isinstance(spaces.built(spaces.bench_space, values), keras.Model)
