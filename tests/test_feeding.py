"""Training with several steps in one execution gives the very network that single steps give."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from nascourse._engine import feeding

N_IMAGES, BATCH = 150, 40  # the last batch of an epoch holds 30


@pytest.fixture(scope="module")
def images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(256, size=(N_IMAGES, 4, 4, 1), dtype="uint8"), rng.integers(
        3, size=N_IMAGES
    )


def network(*more: keras.Layer) -> keras.Model:
    """Always the same weights to start from, and a layer that draws random numbers."""
    keras.utils.set_random_seed(1)
    image = keras.Input((4, 4, 1), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    for layer in (layers.Dense(8, activation="relu"), layers.Dropout(0.25), *more):
        x = layer(x)
    model = keras.Model(image, layers.Dense(3, activation="softmax")(x))
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def trained(images, *, x=None, seed=2, **options) -> tuple[keras.Model, dict[str, list[float]]]:
    model = network()
    usual = {"epochs": 3, "batch_size": BATCH, "validation_data": images, "verbose": 0}
    x = images[0] if x is None else x
    history = feeding.fit(model, x, images[1], seed=seed, **{**usual, **options})
    return model, history.history


@pytest.fixture(scope="module")
def usual(images) -> tuple[keras.Model, dict[str, list[float]]]:
    """A training as most tests have it, with all steps of an epoch in one execution."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeding, "EXECUTION_SECONDS", 10.0)
        return trained(images)


@pytest.fixture(scope="module")
def by_keras(images) -> keras.Model:
    """What Keras makes of the images in the order of one epoch."""
    (x, y), model = images, network()
    order = np.random.default_rng(2).permutation(N_IMAGES)
    model.fit(x[order], y[order], batch_size=BATCH, epochs=1, shuffle=False, verbose=0)
    return model


def assert_same_weights(one: keras.Model, other: keras.Model) -> None:
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


class Seen(np.ndarray):
    """An array that keeps which of its images were asked for together."""

    def __getitem__(self, which):
        if isinstance(which, np.ndarray):
            self.asked.append(which)
        return np.asarray(super().__getitem__(which))


def seen(array: np.ndarray) -> Seen:
    array = array.view(Seen)
    array.asked = []
    return array


class Steps(keras.callbacks.Callback):
    """Keeps the numbers of the steps that it hears of, and may end a training."""

    def __init__(self, stop_at: int | None = None):
        super().__init__()
        self.heard, self.stop_at = [], stop_at

    def on_train_batch_end(self, batch, logs=None):
        self.heard.append(batch)
        if len(self.heard) == self.stop_at:
            self.model.stop_training = True


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1e-9, 10.0])
def test_it_is_the_training_of_keras_in_a_given_order(images, by_keras, monkeypatch, seconds):
    """However many steps an execution takes."""
    monkeypatch.setattr(feeding, "EXECUTION_SECONDS", seconds)

    model, _ = trained(images, epochs=1)

    assert_same_weights(model, by_keras)


@pytest.mark.slow
def test_the_number_of_steps_in_an_execution_changes_nothing(images, usual, monkeypatch):
    together, curve = usual
    monkeypatch.setattr(feeding, "EXECUTION_SECONDS", 1e-9)

    one_by_one, same_curve = trained(images)

    assert_same_weights(one_by_one, together)
    assert same_curve == curve
    assert sorted(curve) == ["accuracy", "loss", "val_accuracy", "val_loss"]


@pytest.mark.slow
def test_a_seed_gives_each_epoch_an_order_of_its_own(images):
    orders = []
    for seed in (5, 5, 6):
        x = seen(images[0])
        trained(images, x=x, seed=seed, epochs=2, validation_data=None)
        orders.append(np.concatenate(x.asked).reshape(2, N_IMAGES))

    np.testing.assert_array_equal(orders[0], orders[1])
    epochs = [*orders[0], *orders[2]]
    assert len({tuple(order) for order in epochs}) == 4
    assert all(sorted(order) == list(range(N_IMAGES)) for order in epochs)


@pytest.mark.slow
def test_the_validation_is_that_of_keras(images):
    x, y = images
    model, curve = trained(images, validation_data=(x[:70], y[:70]))

    loss, accuracy = model.evaluate(x[:70], y[:70], verbose=0)

    assert curve["val_loss"][-1] == pytest.approx(loss, rel=1e-6)
    assert curve["val_accuracy"][-1] == pytest.approx(accuracy)


@pytest.mark.slow
def test_callbacks_hear_of_every_step_and_can_stop(images):
    steps, short = Steps(), Steps(stop_at=6)
    trained(images, callbacks=[steps], validation_data=None)

    _, curve = trained(images, callbacks=[short], validation_data=None)

    assert steps.heard == [0, 1, 2, 3] * 3
    assert short.heard == [0, 1, 2, 3, 0, 1]
    assert len(curve["loss"]) == 2


class Warmup(keras.callbacks.Callback):
    """Raises the learning rate from step to step."""

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = 0.001 * (batch + 1)


@pytest.mark.slow
def test_a_callback_that_acts_between_steps_acts_on_each(images, monkeypatch):
    monkeypatch.setattr(feeding, "EXECUTION_SECONDS", 10.0)
    (x, y), plain = images, network()
    order = np.random.default_rng(2).permutation(N_IMAGES)
    options = {"batch_size": BATCH, "epochs": 1, "callbacks": [Warmup()], "verbose": 0}
    plain.fit(x[order], y[order], shuffle=False, **options)

    model, _ = trained(images, validation_data=None, **options)

    assert_same_weights(model, plain)


class Asks(keras.callbacks.Callback):
    """Keeps how the network does on other images after each epoch, and its weights at that time."""

    def __init__(self, parts):
        super().__init__()
        self.parts, self.answers, self.weights = parts, [], []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())
        self.answers.append(answers(self.model, self.parts))


def answers(model: keras.Model, parts) -> list[list[float]]:
    values = []
    for x, y in parts:
        values.append(model.evaluate(x, y, batch_size=BATCH, verbose=0))
        model.reset_metrics()
        values.append([float(value) for value in model.test_on_batch(x[:7], y[:7])])
    return values


@pytest.mark.slow
def test_a_callback_may_ask_about_other_images(images, usual, monkeypatch):
    """More images than those of the validation, fewer, and others' labels: none is confused with it."""
    (x, y), (plain, curve), fresh = images, usual, network()
    twice = np.concatenate([x, x]), np.concatenate([y, y])
    parts = [twice, (x[:9], y[:9]), (x, (y + 1) % 3)]
    one_by_one, together = Asks(parts), Asks(parts)

    for asks, seconds in ((one_by_one, 1e-9), (together, 10.0)):
        monkeypatch.setattr(feeding, "EXECUTION_SECONDS", seconds)
        model, same_curve = trained(images, callbacks=[asks])

        assert same_curve == curve
        assert_same_weights(model, plain)
        assert len(asks.answers) == len(curve["loss"])
    for weights, *given in zip(one_by_one.weights, one_by_one.answers, together.answers):
        fresh.set_weights(weights)
        expected = answers(fresh, parts)
        for found in given:
            np.testing.assert_allclose(found, expected, rtol=1e-6)


class TrainsOn(keras.callbacks.Callback):
    def __init__(self, x, y):
        super().__init__()
        self.images = x, y

    def on_epoch_end(self, epoch, logs=None):
        self.model.train_on_batch(*self.images)


@pytest.mark.slow
def test_a_callback_may_train_on_other_images(images):
    (x, y), plain = images, network()
    order = np.random.default_rng(2).permutation(N_IMAGES)
    options = {"batch_size": BATCH, "epochs": 1, "callbacks": [TrainsOn(x[:9], y[:9])]}
    plain.fit(x[order], y[order], shuffle=False, verbose=0, **options)

    model, _ = trained(images, validation_data=None, **options)

    assert_same_weights(model, plain)
    assert int(model.optimizer.iterations) == 4 + 1


@pytest.mark.slow
def test_a_metric_may_have_a_value_for_each_class(images):
    """The network learns nothing, so that its guesses tell the scores."""
    (x, _), model, heard = images, network(), []
    y = np.eye(3, dtype="float32")[np.arange(N_IMAGES) % 3]
    model.compile(
        keras.optimizers.SGD(0.0),
        "categorical_crossentropy",
        metrics=[keras.metrics.F1Score(average=None, name="f1")],
    )
    asks = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: heard.append(logs))

    history = feeding.fit(
        model, x, y, seed=0, epochs=1, validation_data=(x, y), callbacks=[asks], verbose=0
    ).history

    guess, truth = model.predict(x, verbose=0).argmax(1), y.argmax(1)
    right = [2 * np.sum((guess == c) & (truth == c)) for c in range(3)]
    f1 = [n / (np.sum(guess == c) + np.sum(truth == c)) for c, n in enumerate(right)]
    (score,) = history["val_f1"]
    assert isinstance(score, np.ndarray)
    np.testing.assert_allclose(score, f1, rtol=1e-5)
    assert heard[-1]["f1"].shape == (3,) and isinstance(heard[-1]["loss"], float)


@pytest.mark.slow
def test_keras_trains_on_after_it(images):
    model, _ = trained(images)
    before = model.get_weights()

    model.fit(*images, batch_size=BATCH, epochs=1, verbose=0)

    assert not np.array_equal(model.get_weights()[0], before[0])
    assert int(model.optimizer.iterations) == 4 * 4


@pytest.mark.slow
def test_images_may_lie_in_a_file(images, usual, tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, images[0])

    model, _ = trained(images, x=np.load(path, mmap_mode="r"))

    assert_same_weights(model, usual[0])


@pytest.mark.slow
def test_an_execution_is_handed_no_more_than_fits(images, monkeypatch):
    monkeypatch.setattr(feeding, "EXECUTION_SECONDS", 10.0)
    monkeypatch.setattr(feeding, "EXECUTION_BYTES", 2 * BATCH * 16)
    x = seen(images[0])

    trained(images, x=x, validation_data=None)

    assert max(len(which) for which in x.asked) == 2 * BATCH


def test_an_execution_takes_as_many_steps_as_the_last_one_promises(monkeypatch):
    """Steps of 0.1 seconds: two of them fit into the 0.25."""
    clock = [0.0]
    monkeypatch.setattr(feeding.time, "perf_counter", lambda: clock[0])
    arrays = np.zeros((9, 1), "uint8"), np.zeros(9, "int64")
    steps = feeding._Steps(None, lambda data: None, arrays, batch_size=1)
    executed = []

    def execute(x, y):
        executed.append(len(y))
        clock[0] += 5.0 if len(executed) == 1 else 0.1 * len(y)  # the first one is traced
        return {}

    execute.get_concrete_function = lambda: None
    steps._execute = execute
    iterator = iter(steps.numbers())
    for _ in range(9):
        steps(iterator)

    assert executed == [1, 1, 2, 2, 2, 1]


@pytest.mark.slow
def test_a_network_is_traced_once_for_training_and_once_for_validation(images):
    class Counting(layers.Layer):
        calls = 0

        def call(self, x):
            Counting.calls += 1
            return x

    model = network(Counting())
    before = Counting.calls

    feeding.fit(
        model, *images, seed=0, batch_size=BATCH, epochs=2, validation_data=images, verbose=0
    )

    assert Counting.calls - before <= 3  # one more to build its metrics


@pytest.mark.slow
def test_what_is_no_array_goes_to_keras_as_it_is(images):
    pipeline = tf.data.Dataset.from_tensor_slices(images).batch(BATCH)
    model, plain = network(), network()
    plain.fit(pipeline, epochs=2, verbose=0)

    feeding.fit(model, pipeline, seed=0, batch_size=None, epochs=2, verbose=0)

    assert_same_weights(model, plain)


@pytest.mark.slow
def test_validation_may_be_a_pipeline(images, usual):
    pipeline = tf.data.Dataset.from_tensor_slices(images).batch(BATCH)

    model, curve = trained(images, validation_data=pipeline)

    assert_same_weights(model, usual[0])
    assert len(curve["val_loss"]) == 3


def test_functions_may_run_step_by_step(images):
    """As somebody asks of TensorFlow who looks for a fault."""
    tf.config.run_functions_eagerly(True)
    try:
        model, history = trained(images, epochs=1)
    finally:
        tf.config.run_functions_eagerly(False)

    loss, accuracy = model.evaluate(*images, verbose=0)
    assert history["val_loss"] == pytest.approx([loss], rel=1e-5)
    assert history["val_accuracy"] == pytest.approx([accuracy])


def test_a_training_step_of_ones_own_is_taken(images):
    class Lazy(keras.Model):
        def train_step(self, data):
            return {"of its own": tf.constant(7.0)}

    image = keras.Input((4, 4, 1))
    model = Lazy(image, layers.Dense(3)(layers.Flatten()(image)))
    model.compile(loss="mse")

    history = feeding.fit(model, *images, seed=0, batch_size=BATCH, epochs=1, verbose=0)

    assert history.history == {"of its own": [7.0]}


def test_a_function_for_steps_of_ones_own_is_taken(images):
    class Own(keras.Model):
        def make_train_function(self):
            self.train_function = lambda iterator: {"of its own": len(next(iterator)[1])}

    plain = network()
    model = Own(plain.inputs, plain.outputs)
    model.compile(loss="mse")

    history = feeding.fit(model, *images, seed=0, batch_size=N_IMAGES, epochs=1, verbose=0)

    assert history.history == {"of its own": [N_IMAGES]}


def test_a_network_that_cannot_take_the_images_says_what_is_wrong(images):
    model = network()

    with pytest.raises(ValueError, match="shape"):
        feeding.fit(model, images[0][:, :3], images[1], seed=0, epochs=1, verbose=0)
