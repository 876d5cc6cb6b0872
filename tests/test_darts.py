"""Gradient-based search: its steps by hand, its mixture at the extreme, its seeds and its errors."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import recorder
import tensorflow as tf
from sklearn.metrics import accuracy_score

from nascourse import CourseError, data, evaluation, search
from nascourse.methods import darts
from nascourse.methods.darts import CELLS, CHANNELS, EDGES, OPERATIONS

pytestmark = pytest.mark.slow

QUIET = search.Observer()
MANY = [darts.random_cell(np.random.default_rng(seed)) for seed in range(6)]


@pytest.fixture(autouse=True, scope="module")
def one_copy_of_the_cell() -> Iterator[None]:
    """Few tests are about the copies, and TensorFlow's graphs take six times as long with four."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(darts, "CELLS", 1)
        yield


@pytest.fixture
def all_copies(monkeypatch) -> None:
    monkeypatch.setattr(darts, "CELLS", CELLS)


@pytest.fixture(scope="module")
def found(small) -> darts.SearchResult:
    return darts.search(small, epochs=3, seed=1, warm_up=1, observer=QUIET)


# ---------------------------------------------------------------- the steps, by hand


def toy():
    """One edge, two operations, x and w * x, and the loss (mixture - y)^2."""
    alpha, w = tf.Variable([0.0, 0.0]), tf.Variable(3.0)

    def loss(x, y):
        share = tf.nn.softmax(alpha)
        return (share[0] * x + share[1] * w * x - y) ** 2

    return alpha, w, loss


def test_a_step_of_the_weights_by_hand():
    # x=2, y=1: the mixture is 1/2 * 2 + 1/2 * 3 * 2 = 4, and the loss 9.
    # d loss / d w = 2 * (4 - 1) * 1/2 * 2 = 6, so w goes from 3 to 3 - 0.1 * 6.
    alpha, w, loss = toy()
    step = darts.descend(loss, [w], keras.optimizers.SGD(0.1))
    assert float(step(tf.constant(2.0), tf.constant(1.0))) == pytest.approx(9)
    assert float(w) == pytest.approx(2.4)
    assert alpha.numpy().tolist() == [0, 0]


def test_a_step_of_alpha_by_hand():
    # d mixture / d alpha_0 = 1/2 * (2 - 4) = -1 and d mixture / d alpha_1 = 1/2 * (6 - 4) = 1,
    # so d loss / d alpha = 2 * 3 * (-1, 1), and alpha goes from 0 to (0.6, -0.6).
    alpha, w, loss = toy()
    step = darts.descend(loss, [alpha], keras.optimizers.SGD(0.1))
    step(tf.constant(2.0), tf.constant(1.0))
    assert alpha.numpy() == pytest.approx([0.6, -0.6])
    assert float(w) == 3


def test_two_steps_in_turn_by_hand():
    # Alpha moves on (2, 1) as above; then w moves on (1, 0) with the new shares.
    alpha, w, loss = toy()
    alpha_step = darts.descend(loss, [alpha], keras.optimizers.SGD(0.1))
    weight_step = darts.descend(loss, [w], keras.optimizers.SGD(0.1))
    alpha_step(tf.constant(2.0), tf.constant(1.0))
    weight_step(tf.constant(1.0), tf.constant(0.0))
    share = 1 / (1 + np.exp(1.2))  # of w * x
    assert float(w) == pytest.approx(3 - 0.1 * 2 * (1 + 2 * share) * share, rel=1e-5)


@pytest.mark.parametrize("edge, operation", [(0, 0), (2, 1), (3, 2), (5, 3)])
def test_the_gradient_of_alpha_agrees_with_differences(small, edge, operation):
    network = darts.MixedNetwork(seed=2)
    x, y = small.x_train[:16], small.y_train[:16]

    def loss():
        return darts.cross_entropy(y, network.logits(x))

    with tf.GradientTape() as tape:
        value = loss()
    slope = tape.gradient(value, network.alpha)[edge, operation]
    around, width = network.alpha.numpy(), 0.02
    values = []
    for sign in (1, -1):
        moved = around.copy()
        moved[edge, operation] += sign * width
        network.alpha.assign(moved)
        values.append(float(loss()))
    assert float(slope) == pytest.approx((values[0] - values[1]) / (2 * width), rel=0.05, abs=2e-4)


@pytest.mark.parametrize(
    "warm_up, moves_alpha", [(0, [True, False, True, False]), (1, [False, True, False])]
)
def test_a_search_moves_alpha_by_one_half_and_the_weights_by_the_other(
    small, monkeypatch, warm_up, moves_alpha
):
    seen = []

    def spy(loss, variables, optimizer):
        def step(x, y):
            seen.append((len(variables), x.copy()))
            return 0.0

        return step

    monkeypatch.setattr(darts, "descend", spy)
    monkeypatch.setattr(darts.MixedNetwork, "accuracy", lambda *_: 0.0)
    darts.search(small, epochs=2, seed=3, warm_up=warm_up, observer=QUIET)
    (weight_half, _), (alpha_half, _) = darts.halves(small, seed=3)
    images = [{image.tobytes() for image in half} for half in (weight_half, alpha_half)]
    for variables, batch in seen:
        assert {image.tobytes() for image in batch} <= images[variables == 1]
    # One batch of 64 in a half of 100; where alpha does not rest, it comes first.
    assert [variables == 1 for variables, _ in seen] == moves_alpha


def test_the_halves_are_all_and_apart(small):
    (_, y_one), (_, y_other) = darts.halves(small, seed=0)
    assert len(y_one) == len(y_other) == 100
    assert sorted([*y_one, *y_other]) == sorted(small.y_train)
    assert np.abs(np.bincount(y_one) - np.bincount(y_other)).max() <= 1


# ---------------------------------------------------------------- mixture and network


def colored(splits: data.Splits) -> data.Splits:
    return dataclasses.replace(splits, x_train=splits.x_train.repeat(3, axis=-1))


def one_hot(cell: darts.Cell) -> tf.Tensor:
    return tf.one_hot(darts.numbers(cell), len(OPERATIONS))


@pytest.mark.usefixtures("all_copies")
@pytest.mark.parametrize("cell", [("skip",) * 6, ("conv 3x3",) * 6, *MANY])
def test_a_mixture_of_one_is_the_network(small, cell):
    network = darts.MixedNetwork(seed=5)
    x = small.x_val[:8]
    mixed = network.logits(x, one_hot(cell))
    np.testing.assert_allclose(network.logits(x, darts.numbers(cell)), mixed, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(network.inherit(cell)(x), tf.nn.softmax(mixed), rtol=1e-3, atol=1e-5)


def test_an_extreme_alpha_is_the_network(small):
    network, cell = darts.MixedNetwork(seed=5), MANY[0]
    network.alpha.assign(100 * one_hot(cell))
    assert darts.discretize(network.alpha) == cell
    mixed = network.accuracy(small.x_val, small.y_val)
    assert mixed == network.accuracy(small.x_val, small.y_val, cell)
    model = network.inherit(cell)
    assert mixed == pytest.approx(
        accuracy_score(small.y_val, evaluation.predict(model, small.x_val))
    )


def test_a_mixture_is_the_sum_of_its_parts():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 7, 7, CHANNELS)).astype(np.float32)
    kernels = {
        f"conv {k}x{k}": rng.normal(size=(k, k, CHANNELS, CHANNELS)).astype(np.float32)
        for k in (1, 3)
    }
    shares = [0.4, 0.3, 0.2, 0.1]
    by_hand = sum(s * darts.operate(name, x, kernels) for s, name in zip(shares, OPERATIONS))
    np.testing.assert_allclose(darts.mixed_operation(x, shares, kernels), by_hand, atol=1e-6)


@pytest.mark.usefixtures("all_copies")
def test_the_network_has_the_weights_that_its_cell_says():
    outside = 9 * CHANNELS + 4 * CHANNELS * 10 + 10  # stem and classifier
    assert darts.build(("skip",) * 6).count_params() == outside
    cell = ("conv 1x1", "conv 3x3", "skip", "pool 3x3", "skip", "conv 3x3")
    assert darts.build(cell).count_params() == outside + CELLS * CHANNELS**2 * (1 + 9 + 9)


def test_a_path_step_leaves_the_other_weights_alone(small):
    network, cell = darts.MixedNetwork(seed=0), ("skip", "conv 1x1", *["pool 3x3"] * 4)
    before = {name: kernel.numpy() for name, kernel in network.kernels.items()}
    step = darts.descend(
        lambda x, y, choices: darts.cross_entropy(y, network.logits(x, choices)),
        network.weights,
        keras.optimizers.SGD(0.1),
    )
    step(small.x_train[:16], small.y_train[:16], darts.numbers(cell))
    moved = np.any(network.kernels["conv 1x1"].numpy() != before["conv 1x1"], axis=(2, 3, 4, 5))
    assert moved.tolist() == [[edge == 1 for edge in range(len(EDGES))]]
    assert np.array_equal(network.kernels["conv 3x3"].numpy(), before["conv 3x3"])


# ---------------------------------------------------------------- the searches


def test_a_search_records_each_epoch(found):
    assert found.shares.index.tolist() == [0, 1, 2, 3]
    assert found.table.index.tolist() == [1, 2, 3]
    sums = found.shares.T.groupby(level="edge").sum()
    np.testing.assert_allclose(sums, 1, rtol=1e-5)
    np.testing.assert_allclose(found.shares.loc[0], 0.25, atol=2e-3)
    last = found.shares.loc[3].to_numpy().reshape(len(EDGES), len(OPERATIONS))
    assert found.cell() == darts.discretize(last)
    assert found.table["skips"].iloc[-1] == found.cell().count("skip")
    assert repr(found).startswith("SearchResult(")


def test_seeds_repeat(small, found):
    again = darts.search(small, epochs=3, seed=1, warm_up=1, observer=QUIET)
    np.testing.assert_allclose(again.shares, found.shares, rtol=1e-4)
    start, other = (np.ravel(darts.MixedNetwork(seed=seed).shares()) for seed in (1, 2))
    np.testing.assert_allclose(found.shares.loc[0], start, rtol=1e-6)
    assert not np.allclose(other, start, rtol=1e-4)


def test_alpha_rests_while_the_weights_warm_up(found):
    assert np.array_equal(found.shares.loc[0], found.shares.loc[1])
    assert not np.array_equal(found.shares.loc[1], found.shares.loc[2])


def test_random_cells_use_every_operation_alike():
    rng = np.random.default_rng(0)
    drawn = np.array([darts.numbers(darts.random_cell(rng)) for _ in range(2000)])
    counts = np.stack([np.bincount(column, minlength=4) for column in drawn.T])
    assert np.abs(counts - 500).max() < 100


def test_retraining_repeats(small):
    models = [darts.retrain(MANY[1], small, epochs=1, seed=4) for _ in range(2)]
    for one, other in zip(*(model.get_weights() for model in models)):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------- the recording of unit 09


@pytest.fixture
def script(monkeypatch):
    for name, value in recorder.ONE_THREAD.items():  # the script sets them for its process
        monkeypatch.setenv(name, value)
    return importlib.import_module("record_darts")


def test_no_image_of_the_recording_is_one_that_the_course_keeps_sealed(script, full_mnist):
    splits, bundled = script.load_splits(full_mnist), data.load_mnist("bundled")
    training, validation, sealed = (
        {image.tobytes() for image in images}
        for images in (splits.x_train, splits.x_val, bundled.test._x)
    )
    assert (len(training), len(validation), len(splits.test)) == (4000, 1000, 10000)
    assert not sealed & (training | validation) and not training & validation


def test_random_search_shares_weights_and_repeats_whatever_the_validation_images(script, small):
    cell, columns, _ = script.by_sharing(small, 1, epochs=1, judged=5)
    assert len(darts.numbers(cell)) == len(EDGES)
    assert columns["seconds"] > 0 and 0 <= columns["discretized"] <= 1
    blind = dataclasses.replace(small, x_val=0 * small.x_val)
    again, columns_again, _ = script.by_sharing(blind, 1, epochs=1, judged=5)
    assert (again, columns_again["discretized"]) == (cell, columns["discretized"])


def test_cells_are_trained_on_one_half_and_chosen_by_the_other(script, small, monkeypatch):
    trained, judged = [], []
    rng = np.random.default_rng(7)
    drawn = [darts.random_cell(rng) for _ in range(3)]

    class Model:
        def evaluate(self, x, y, verbose):
            judged.append(x)
            return None, [0.2, 0.9, 0.4][len(judged) - 1]

    monkeypatch.setattr(
        darts, "retrain", lambda cell, splits, **_: trained.append((cell, splits)) or Model()
    )
    cell, _, _ = script.by_training(small, 7, cells=3)
    one, other = darts.halves(small, seed=7)
    assert cell == drawn[1] and [made for made, _ in trained] == drawn
    for (_, splits), images in zip(trained, judged, strict=True):
        np.testing.assert_array_equal(splits.x_train, one[0])
        np.testing.assert_array_equal(images, other[0])


def test_the_strategies_are_compared_seed_by_seed(script):
    accuracies = {
        "DARTS": [0.5, 0.6, 0.7],
        "DARTS, warm-up": [0.5, 0.6, 0.7],
        "weight sharing": [0.4, 0.4, 0.4],  # lower in each of three seeds: 2 of 2^3 sign patterns
        "eight cells trained": [0.6, 0.6, 0.8],  # differences -0.1, 0, -0.1: 4 of 8
        "one cell drawn": [0.5, 0.6, 0.7],  # no difference at all: 8 of 8
    }
    rows = [
        {"strategy": strategy, "seed": seed, "test_accuracy": accuracy}
        for strategy, of_seeds in accuracies.items()
        for seed, accuracy in enumerate(of_seeds)
    ]
    table = script.compare(pd.DataFrame(rows)).set_index(["strategy", "rival"])
    assert table.loc["DARTS", "p"].to_dict() == {
        "weight sharing": 0.25,
        "eight cells trained": 0.5,
        "one cell drawn": 1,
    }
    assert table.loc["DARTS", "wins"].tolist() == [3, 0, 0]
    assert (table["p_holm"] == 1).all()  # the smallest, 0.25, of six


def test_a_recording_goes_on_where_it_was_stopped(script, small, tmp_path, monkeypatch):
    opened = SimpleNamespace(x=small.x_val, y=small.y_val)
    monkeypatch.setattr(script.evaluation, "open_test_set", lambda _: opened)
    calls = []

    def choose(splits, seed):
        calls.append(seed)
        if calls == [0, 1]:
            raise KeyboardInterrupt
        curve = pd.DataFrame({"epoch": [1], "skips": [seed]})
        return MANY[seed], {"seconds": 1.0}, curve

    network = darts.build(("skip",) * 6)  # which nobody looks at
    monkeypatch.setattr(darts, "retrain", lambda *_, **__: network)
    files = tmp_path / "darts.csv", tmp_path / "darts_epochs.csv"
    with pytest.raises(KeyboardInterrupt):
        script.record({"DARTS": choose}, range(2), small, *files)
    assert pd.read_csv(files[0])["seed"].tolist() == [0]
    script.record({"DARTS": choose}, range(2), small, *files)
    table = pd.read_csv(files[0])
    assert calls == [0, 1, 1] and table["seed"].tolist() == [0, 1]
    assert table["cell"].tolist() == [", ".join(cell) for cell in MANY[:2]]
    assert table["skips"].tolist() == [cell.count("skip") for cell in MANY[:2]]
    assert pd.read_csv(files[1])["skips"].tolist() == [0, 1]


# ---------------------------------------------------------------- the errors


@pytest.mark.parametrize(
    "mistake, words",
    [
        (lambda _: darts.build(("skip",) * 5), "give 6 operations"),
        (lambda _: darts.build(("conv 5x5",) * 6), "conv 5x5"),
        (lambda _: darts.build(None), "None is no cell"),
        (lambda s: darts.retrain(MANY[0], s, epochs=0), "epochs=0 is not possible"),
        (lambda s: darts.search(colored(s)), "made for images of 28x28x1 .* these are 28x28x3"),
        (lambda s: darts.retrain(MANY[0], colored(s)), "these are 28x28x3 in 10"),
        (lambda _: darts.discretize(np.zeros((4, 6))), r"\(4, 6\)"),
        (lambda small: darts.search(small, epochs=0, observer=QUIET), "epochs=0"),
        (lambda small: darts.search(small, epochs=2, warm_up=3, observer=QUIET), "warm_up=3"),
        (lambda _: darts.MixedNetwork(seed=-1), "seed=-1"),
        (lambda small: darts.search(few(small), observer=QUIET), "two batches of 64"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(small, mistake, words):
    with pytest.raises(CourseError, match=words) as error:
        mistake(small)
    assert str(error.value).count(". ") == 0


def few(splits):
    return dataclasses.replace(splits, x_train=splits.x_train[:100], y_train=splits.y_train[:100])
