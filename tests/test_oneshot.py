"""The supernet: who shares which weights, what a step changes, and what a network inherits."""

from __future__ import annotations

import collections
import dataclasses
import importlib

import keras
import numpy as np
import pandas as pd
import pytest
import recorder
import tensorflow as tf
from scipy import stats

from nascourse import CourseError, data, search, spaces, trials
from nascourse.benchmark import load_benchmark
from nascourse.methods import oneshot
from nascourse.methods.oneshot import networks
from nascourse.methods.oneshot.supernet import _key, _structure

pytestmark = pytest.mark.slow

ALL = spaces.settings(spaces.bench_space)
SMALL = {
    "body/blocks": 1,
    "body/halving": "max",
    "body/skip": False,
    "conv/kind": "plain",
    "conv/kernel": 3,
    "conv/filters_0": 2,
    "head": "quarters",
}
DEEP = {**SMALL, "body/blocks": 2, "body/skip": True, "conv/filters_0": 6, "conv/filters_1": 2}


def some(count: int, seed: int = 0) -> list[dict]:
    return [ALL[at] for at in np.random.default_rng(seed).permutation(len(ALL))[:count]]


def of_every_structure() -> list[dict]:
    """One network of each structure, its filters and its window drawn at random."""
    structures = {_structure(setting): setting for setting in some(len(ALL))}
    return list(structures.values())


def shared(supernet: oneshot.Supernet, one: dict, other: dict) -> int:
    """How many weights two networks have in common."""
    return len(set(indices(supernet, one)) & set(indices(supernet, other)))


def indices(supernet: oneshot.Supernet, setting: dict) -> np.ndarray:
    return np.concatenate([part.ravel() for part in supernet.path(setting)])


def logits(supernet: oneshot.Supernet, setting: dict, x: np.ndarray) -> tf.Tensor:
    """What `rank` judges by."""
    ((_, found),) = supernet.logits_of_all([setting], x)
    return found


def first(count: int, splits: data.Splits) -> data.Splits:
    """With no more training images than these."""
    x, y = splits.x_train[:count], splits.y_train[:count]
    return dataclasses.replace(splits, x_train=x, y_train=y)


@pytest.fixture(scope="module")
def supernet() -> oneshot.Supernet:
    """Untrained, for tests that leave it as it is."""
    return oneshot.Supernet(seed=3)


@pytest.fixture(scope="module")
def training(small) -> tuple[oneshot.Supernet, list]:
    """A trained supernet, and what an observer has heard of its training."""
    heard = []

    class Listener(search.Observer):
        def search_begin(self, max_trials, epochs):
            heard.append((max_trials, epochs))

        def epoch_end(self, trial, epoch, logs):
            heard.append((trial, epoch, logs["loss"] > 0))

        def search_end(self):
            heard.append("end")

    return oneshot.train_supernet(first(128, small), epochs=2, seed=1, observer=Listener()), heard


@pytest.fixture(scope="module")
def trained(training) -> oneshot.Supernet:
    return training[0]


# ---------------------------------------------------------------- what a network inherits


@pytest.mark.parametrize("separate", [(), ("body/skip", "head")])
def test_a_path_gives_what_the_keras_network_with_inherited_weights_gives(separate, small):
    supernet = oneshot.Supernet(separate=separate, seed=3)
    x = small.x_val[:8]
    for setting in of_every_structure()[:: 1 + 3 * bool(separate)]:
        model = supernet.inherit(setting)
        expected = model(x, training=False).numpy()
        found = tf.nn.softmax(logits(supernet, setting, x)).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_path_has_the_shapes_of_keras_and_no_index_twice(supernet):
    for setting in some(15):
        model = spaces.built(spaces.bench_space, setting)
        path = supernet.path(setting)
        assert [part.shape for part in path] == [weight.shape for weight in model.get_weights()]
        at = indices(supernet, setting)
        assert len(set(at)) == len(at) == model.count_params()


def test_every_weight_lies_on_some_path(supernet):
    used = np.unique(np.concatenate([indices(supernet, setting) for setting in ALL]))
    np.testing.assert_array_equal(used, np.arange(supernet.weights.shape[0]))


def test_an_inherited_network_is_a_copy(supernet):
    before = supernet.weights.numpy()
    model = supernet.inherit(SMALL)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    np.testing.assert_array_equal(supernet.weights.numpy(), before)


# ---------------------------------------------------------------- sharing, worked by hand


def test_the_small_window_is_the_middle_of_the_large_one(supernet):
    first = supernet.path(SMALL)[0][..., 0, 0]
    begin = supernet.path({**SMALL, "conv/kernel": 5})[0][0, 0, 0, 0]
    # Rows 1 to 3 and columns 1 to 3 of a 5x5 window with 16 filters each.
    np.testing.assert_array_equal(first - begin, [[96, 112, 128], [176, 192, 208], [256, 272, 288]])


def test_fewer_filters_are_the_first_ones(supernet):
    narrow, wide = (supernet.path({**SMALL, "conv/filters_0": n}) for n in (2, 16))
    np.testing.assert_array_equal(narrow[0], wide[0][..., :2])
    np.testing.assert_array_equal(narrow[1], wide[1][:2])


def test_a_skip_adds_channels_and_leaves_the_others_where_they_are(supernet):
    # Into block 1 come the 6 filters of block 0, in slots 0 to 5 of 17, and the image in the last.
    with_skip = supernet.path(DEEP)[2]
    without = supernet.path({**DEEP, "body/skip": False})[2]
    np.testing.assert_array_equal(without, with_skip[:, :, :6])
    slot = with_skip[0, 0, :, 0] - with_skip[0, 0, 0, 0]
    np.testing.assert_array_equal(slot, 16 * np.array([0, 1, 2, 3, 4, 5, 16]))


def test_channels_of_a_block_have_the_same_slots_whatever_the_filters_of_the_others():
    setting = {**DEEP, "body/blocks": 3, "conv/filters_1": 2, "conv/filters_2": 2}
    assert networks._channels(setting, 3) == [0, 1, 16, 17, *range(32, 38), 48]
    assert networks._channels({**setting, "conv/filters_1": 6}, 3)[-7:] == [*range(32, 38), 48]


def test_halving_shares_everything_and_kinds_share_only_the_head(supernet):
    assert shared(supernet, DEEP, {**DEEP, "body/halving": "stride"}) == len(
        indices(supernet, DEEP)
    )
    dense, bias = supernet.path(DEEP)[-2:]
    assert shared(supernet, DEEP, {**DEEP, "conv/kind": "separable"}) == dense.size + bias.size


def test_separate_weights_are_not_shared():
    supernet = oneshot.Supernet(separate="body/halving")
    assert shared(supernet, DEEP, {**DEEP, "body/halving": "stride"}) == 0
    assert shared(supernet, DEEP, {**DEEP, "conv/kernel": 5}) == len(indices(supernet, DEEP))


# ---------------------------------------------------------------- training


def test_a_step_changes_the_weights_on_the_path_and_no_others(small):
    supernet = oneshot.Supernet(seed=3)
    x, y = small.x_train[:64], small.y_train[:64]
    supernet.train_step(DEEP, x, y)  # so that Adam has something to remember
    for setting in [SMALL, *some(4)]:
        before = supernet.weights.numpy()
        supernet.train_step(setting, x, y)
        changed = np.flatnonzero(supernet.weights.numpy() != before)
        on_path = indices(supernet, setting)
        assert set(changed) <= set(on_path)
        assert len(changed) > 0.3 * len(on_path)  # a dead pixel's weights have no slope


@pytest.mark.parametrize("setting", [SMALL, DEEP, {**DEEP, "conv/kind": "separable"}])
def test_to_a_network_alone_the_steps_are_those_of_keras(setting, small):
    supernet = oneshot.Supernet(seed=3)
    model = supernet.inherit(setting)
    for step in range(3):
        batch = slice(50 * step, 50 * step + 50)
        x, y = small.x_train[batch], small.y_train[batch]
        supernet.train_step(setting, x, y, learning_rate=spaces.LEARNING_RATE)
        model.train_on_batch(x, y)
        for ours, theirs in zip(supernet.inherit(setting).get_weights(), model.get_weights()):
            np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_the_loss_is_that_before_the_step(small):
    supernet = oneshot.Supernet(seed=3)
    x, y = small.x_train[:64], small.y_train[:64]
    p = supernet.inherit(DEEP)(x, training=False)
    expected = np.mean(keras.losses.sparse_categorical_crossentropy(y, p))
    assert float(supernet.train_step(DEEP, x, y)) == pytest.approx(expected, rel=1e-5)


def test_networks_are_drawn_uniformly_at_every_choice():
    rng = np.random.default_rng(0)
    drawn = [oneshot.sample(rng) for _ in range(6000)]
    known = {_key(setting) for setting in ALL}
    assert all(_key(setting) in known for setting in drawn)
    for name in [*oneshot.OF_ALL, "conv/filters_0", "conv/filters_1", "conv/filters_2"]:
        counts = collections.Counter(setting[name] for setting in drawn if name in setting)
        expected = counts.total() / len(counts)
        chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
        assert chi_square < 14, name  # of 1,000 fair samplers, one has more with two degrees
    pairs = collections.Counter((s["body/blocks"], s["head"]) for s in drawn)
    assert len(pairs) == 6 and max(pairs.values()) < 1.2 * min(pairs.values())


def test_a_seed_repeats_the_training(trained, small):
    again = oneshot.train_supernet(first(128, small), epochs=2, seed=1, observer=search.Observer())
    np.testing.assert_allclose(again.weights.numpy(), trained.weights.numpy(), atol=1e-6)
    other = oneshot.train_supernet(first(64, small), epochs=1, seed=2, observer=search.Observer())
    assert np.abs(other.weights.numpy() - trained.weights.numpy()).max() > 0.1


def test_training_lowers_the_loss_of_one_network(small):
    supernet = oneshot.Supernet()
    setting = {**DEEP, "conv/filters_1": 16, "head": "flatten"}
    x, y = small.x_train, small.y_train
    losses = [float(supernet.train_step(setting, x, y)) for _ in range(40)]
    assert losses[-1] < 0.7 * losses[0]
    assert supernet.inherit(setting).evaluate(x, y, verbose=0)[1] > 0.6


def test_an_observer_hears_of_every_epoch(training):
    _, heard = training
    assert heard == [(1, 2), (1, 1, True), (1, 2, True), "end"]


# ---------------------------------------------------------------- the trial table


def test_ranking_judges_each_network_as_its_inherited_self(trained, small):
    settings = some(30, seed=1)
    table = trained.rank(small, settings)
    assert list(table.columns[: len(trials.COLUMNS)]) == list(trials.COLUMNS)
    facts = load_benchmark().facts
    names = trials.hyperparameters(table)
    for (_, row), setting in zip(table.iterrows(), settings):
        right = logits(trained, setting, small.x_val).numpy().argmax(axis=1) == small.y_val
        assert row["val_accuracy"] == pytest.approx(right.mean())
        assert row[names].dropna().to_dict() == setting
        assert row["n_params"] == facts(setting)["n_params"]
    assert set(table["status"]) == {"completed"} and set(table["epochs"]) == {0}
    assert table["best_epoch"].isna().all()
    model = trained.inherit(settings[0])
    loss, _ = model.evaluate(small.x_val, small.y_val, verbose=0)
    assert table["val_loss"][0] == pytest.approx(loss, rel=1e-4)


def test_ranking_mixes_no_feature_maps_of_separate_weights(small):
    supernet = oneshot.Supernet(separate=["body/blocks", "head"], seed=3)
    settings = some(12, seed=2)
    settings += [{**setting, "head": "flatten"} for setting in settings]
    for (_, row), setting in zip(supernet.rank(small, settings).iterrows(), settings):
        alone = supernet.rank(small, [setting])["val_accuracy"][0]
        assert row["val_accuracy"] == pytest.approx(alone)


def test_the_whole_space_is_ranked_by_default(trained, small):
    table = trained.rank(small)
    np.testing.assert_array_equal(table["n_params"], load_benchmark().networks["n_params"])
    at = [0, 400, 1247]
    expected = trained.rank(small, [ALL[one] for one in at])["val_accuracy"]
    np.testing.assert_allclose(table["val_accuracy"][at], expected)


# ---------------------------------------------------------------- the recording of unit 08


def test_recorded_supernets_judge_every_network_better_than_counting_does():
    final = load_benchmark().final()
    recorded = trials.recorded("oneshot").set_index("network")
    about = trials.recorded("oneshot_supernets").set_index("supernet")
    assert list(recorded) == list(about.index)
    np.testing.assert_array_equal(recorded.index, final.index)
    assert recorded.to_numpy().min() > 0 and recorded.to_numpy().max() <= 800

    def tau(judge):
        return stats.kendalltau(judge, final["test_accuracy"]).statistic

    five = [tau(recorded[f"seed {seed}"]) for seed in range(1, 6)]
    assert min(five) > tau(final["n_params"])
    assert np.median(five) > 0.75


@pytest.fixture
def script(monkeypatch):
    for name, value in recorder.ONE_THREAD.items():  # the script sets them for its process
        monkeypatch.setenv(name, value)
    return importlib.import_module("record_oneshot")


def test_a_fair_round_draws_each_value_of_a_choice_equally_often(script):
    draw, rng = script.fair(), np.random.default_rng(0)
    rounds = [[draw(rng) for _ in range(script.ROUND)] for _ in range(3)]
    for drawn in rounds:
        assert all(setting in ALL for setting in drawn)
        for name in [*oneshot.OF_ALL, "conv/filters_0", "conv/filters_1", "conv/filters_2"]:
            counts = collections.Counter(s[name] for s in drawn if name in s)
            assert len(set(counts.values())) == 1, name
    assert rounds[0] != rounds[1]


def test_a_recalibrated_network_is_normalized_by_its_own_training_images(script, small):
    supernet = script.Normalized(small.x_train[:50], seed=3)
    supernet.train_step(SMALL, small.x_train[:64], small.y_train[:64])
    kernel, bias, dense, dense_bias = supernet.inherit(SMALL).get_weights()

    def outputs(x):
        return keras.ops.conv(np.float32(x) / 255, kernel, padding="same").numpy()

    mean, variance = (
        moment(outputs(small.x_train[:50]), (0, 1, 2)) for moment in (np.mean, np.var)
    )
    maps = (outputs(small.x_val[:8]) - mean) / np.sqrt(variance + 1e-3) + bias
    maps = keras.ops.max_pool(np.maximum(maps, 0), 2, padding="same")
    quarters = keras.ops.average_pool(maps, 7, padding="same").numpy().reshape(8, -1)
    expected = quarters @ dense + dense_bias

    # Whatever else is judged with it.
    for x in (small.x_val[:8], small.x_val):
        found = logits(supernet, SMALL, x)[:8]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_a_recording_goes_on_and_keeps_what_older_ones_say(script, small, tmp_path, monkeypatch):
    old = pd.DataFrame([{"supernet": "seed 1", "seed": 1, "epochs": 200, "separate": "nothing"}])
    old.assign(train_seconds=1.0, judge_seconds=1.0).to_csv(
        tmp_path / "oneshot_supernets.csv", index=False
    )
    monkeypatch.setattr(
        script, "judgments", lambda variant, _: ([5, 6], {**vars(variant), "train_seconds": 2.0})
    )
    pd.DataFrame({"network": [0, 1], "seed 1": [3, 4]}).to_csv(
        tmp_path / "oneshot.csv", index=False
    )
    for _ in range(2):
        script.record(["seed 1", "fair, seed 2"], small, tmp_path)

    about = pd.read_csv(tmp_path / "oneshot_supernets.csv").set_index("supernet")
    assert about["sampling"].to_dict() == {"seed 1": "choices", "fair, seed 2": "fair"}
    networks = pd.read_csv(tmp_path / "oneshot.csv")
    assert networks.to_dict("list") == {
        "network": [0, 1],
        "seed 1": [3, 4],
        "fair, seed 2": [5, 6],
    }


@pytest.mark.parametrize("name", ["networks, seed 1", "fair, seed 1", "normalized, seed 1"])
def test_each_variant_can_be_trained_and_judges_networks(script, small, name, monkeypatch):
    settings, rank = of_every_structure(), oneshot.Supernet.rank
    monkeypatch.setattr(oneshot.Supernet, "rank", lambda self, splits: rank(self, splits, settings))
    variant = dataclasses.replace(script.SUPERNETS[name], epochs=2)
    right, facts = script.judgments(variant, first(64, small))
    assert len(right) == len(settings) and 0 <= min(right) <= max(right) <= len(small.y_val)
    assert facts["seed"] == 1 and facts["judge_seconds"] > 0


def test_noise_of_the_same_rank_correlation_pulls_the_best_down(script, monkeypatch):
    truth = pd.Series(np.linspace(0.8, 0.99, 300))
    ranks = script.blurred(truth, 0.7, seed=1)
    assert stats.kendalltau(ranks, truth).statistic == pytest.approx(0.7, abs=0.01)
    final = pd.DataFrame({"test_accuracy": truth, "half": np.arange(300) >= 150})
    monkeypatch.setattr(script, "BIASED", ("half",))
    table = script.bias({"noise": pd.DataFrame({1: ranks})}, final).set_index("value")
    assert table.loc[True, "mean"] < 0 < table.loc[False, "mean"]
    assert table.loc[True, "mean"] == pytest.approx(-table.loc[False, "mean"])


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    "wrong",
    [{}, {**SMALL, "conv/kernel": 4}, {**SMALL, "conv/filters_1": 6}, {**SMALL, "head": ["x"]}],
)
def test_a_network_that_is_not_in_the_space_is_refused(supernet, wrong, small):
    for call in (supernet.path, supernet.inherit, lambda s: supernet.rank(small, [s])):
        with pytest.raises(CourseError, match=r"no network of bench_space.*spaces\.settings"):
            call(wrong)


def test_impossible_values_are_refused(small):
    with pytest.raises(CourseError, match="epochs=0 is not possible"):
        oneshot.train_supernet(small, epochs=0)
    with pytest.raises(CourseError, match="seed=-1 is not possible"):
        oneshot.train_supernet(small, seed=-1)
    with pytest.raises(CourseError, match="separate='conv/filters_0' is not possible"):
        oneshot.Supernet(separate=["conv/filters_0"])
