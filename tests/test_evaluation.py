"""How good and at what cost: counts against TensorFlow's profiler, by hand, and by closed formulas."""

from __future__ import annotations

import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from nascourse import CourseError, evaluation, spaces
from nascourse._engine.costs import flops_if_known

COUNTED = {"Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "BiasAdd"}


def profiled(call, image: tf.TensorSpec) -> int:
    """What TensorFlow's profiler counts in a frozen graph, for the operations that we count."""
    function = tf.function(call).get_concrete_function(image)
    graph = convert_variables_to_constants_v2(function, lower_control_flow=False).graph
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    node = tf.compat.v1.profiler.profile(graph, options=options, cmd="op")
    total = 0
    while node.children:  # a chain, one link for each kind of operation
        node = node.children[0]
        total += node.float_ops if node.name in COUNTED else 0
    return total


def network(*stack: keras.Layer, shape=(14, 12, 4)) -> keras.Model:
    x = image = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(image, x)


def two_branches() -> keras.Model:
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Rescaling(1 / 255)(image)
    left = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    right = layers.SeparableConv2D(4, 5, padding="same")(x)
    x = layers.Add()([layers.BatchNormalization()(left), right])
    x = layers.Concatenate()([layers.MaxPooling2D(2)(x), layers.Conv2D(3, 1, strides=2)(left)])
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def used_twice() -> keras.Model:
    """One convolution for images of two sizes, which another network has as well."""
    convolution = layers.Conv2D(4, 3, padding="same")
    network(convolution, shape=(30, 20, 4))
    image = keras.Input((14, 12, 4))
    return keras.Model(image, convolution(layers.MaxPooling2D(2)(convolution(image))))


NETWORKS = {
    "same": lambda: network(layers.Conv2D(6, 3, padding="same")),
    "valid": lambda: network(layers.Conv2D(6, (3, 5))),
    "strided": lambda: network(layers.Conv2D(6, 3, strides=2, padding="same")),
    "dilated": lambda: network(layers.Conv2D(6, 3, dilation_rate=2, padding="same")),
    "dilated valid": lambda: network(layers.Conv2D(6, 3, dilation_rate=2)),
    "no bias": lambda: network(layers.Conv2D(6, 3, use_bias=False)),
    "depthwise": lambda: network(layers.DepthwiseConv2D(3, depth_multiplier=2)),
    "separable": lambda: network(layers.SeparableConv2D(6, 3, strides=2, depth_multiplier=3)),
    "separable no bias": lambda: network(layers.SeparableConv2D(6, (5, 3), use_bias=False)),
    "dense": lambda: network(layers.Flatten(), layers.Dense(10, activation="softmax")),
    "dense on pixels": lambda: network(layers.Dense(10)),
    "two branches": two_branches,
    "a layer used twice": used_twice,
    "the default CNN": lambda: spaces.cnn_space(spaces.keras_tuner.HyperParameters()),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_flops_against_tensorflows_profiler(name):
    model = NETWORKS[name]()
    image = tf.TensorSpec((1, *model.input_shape[1:]), model.inputs[0].dtype)

    assert (
        evaluation.count_flops(model) == profiled(lambda x: model([x], training=False), image) > 0
    )


def test_flops_of_a_grouped_convolution():
    """Keras hides a grouped convolution from the profiler, so the same one is made by hand."""
    model = network(layers.Conv2D(6, 3, groups=2))
    kernel, bias = model.layers[-1].weights

    def grouped(x):
        return tf.nn.bias_add(tf.nn.conv2d(x, kernel.value, 1, "VALID"), bias.value)

    assert evaluation.count_flops(model) == profiled(grouped, tf.TensorSpec((1, 14, 12, 4)))


def test_flops_and_parameters_by_hand():
    model = network(
        layers.Conv2D(8, 3, padding="same"),  # 14 x 12 pixels, each 8 x 3 x 3 x 4 products
        layers.MaxPooling2D(2),  # 7 x 6 x 8 values remain, which nobody multiplies
        layers.Flatten(),
        layers.Dense(10),
    )

    costs = evaluation.layer_costs(model)

    convolution = 2 * (14 * 12 * 8 * 3 * 3 * 4) + 14 * 12 * 8
    dense = 2 * (7 * 6 * 8 * 10) + 10
    assert [cost.flops for cost in costs] == [convolution, 0, 0, dense] == [98112, 0, 0, 6730]
    assert [cost.n_params for cost in costs] == [3 * 3 * 4 * 8 + 8, 0, 0, 336 * 10 + 10]
    assert [cost.output for cost in costs] == [(14, 12, 8), (7, 6, 8), (336,), (10,)]
    assert [cost.kind for cost in costs] == ["Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    assert evaluation.count_flops(model) == convolution + dense
    assert evaluation.count_params(model) == 296 + 3370


def test_parameters_that_are_not_trained_count():
    model = network(layers.BatchNormalization())

    assert evaluation.count_params(model) == 4 * 4  # scale, shift, mean, variance
    assert evaluation.count_flops(model) == 0


def test_flops_of_a_sequential_network():
    stack = [layers.Flatten(), layers.Dense(3)]
    model = keras.Sequential([keras.Input((4, 4, 1)), *stack])

    assert evaluation.count_flops(model) == 2 * 16 * 3 + 3


class TwiceDense(layers.Dense):
    """Looks like a dense layer, and does twice the work."""

    def call(self, x):
        return super().call(x) + super().call(2 * x)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2DTranspose(2, 3, name="strange"),
        layers.PReLU(name="strange"),
        TwiceDense(3, name="strange"),
    ],
)
def test_a_layer_of_unknown_arithmetic_is_refused_by_name(layer):
    with pytest.raises(CourseError) as raised:
        evaluation.count_flops(network(layer))

    assert "'strange'" in str(raised.value)
    assert type(layer).__name__ in str(raised.value)
    assert "\n" not in str(raised.value)


def test_flops_that_cannot_be_counted_are_unknown():
    class Own(layers.Dense):
        pass

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(2)

        def call(self, x):
            return self.last(x)

    own = Model()
    own(np.zeros((1, 3)))
    of_any_size = network(layers.Conv2D(2, 3), layers.GlobalMaxPooling2D(), shape=(None, None, 1))

    assert [flops_if_known(m) for m in (own, of_any_size, network(Own(2)))] == [None] * 3
    assert flops_if_known(network(layers.Dense(2), shape=(3,))) == 2 * 3 * 2 + 2


# Accuracy


@pytest.mark.parametrize("right, n", [(95, 100), (9_800, 10_000), (0, 10), (10, 10)])
def test_interval_by_wilsons_formula(right, n):
    z, p = 1.959963984540054, right / n
    center = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))

    low, high = evaluation.accuracy_interval(right / n, n)

    assert low == pytest.approx(center - half, abs=1e-9)
    assert high == pytest.approx(center + half, abs=1e-9)


def test_more_confidence_or_fewer_images_widen_the_interval():
    def width(n: int, confidence: float) -> float:
        low, high = evaluation.accuracy_interval(0.9, n, confidence=confidence)
        return high - low

    assert width(1000, 0.99) > width(1000, 0.95)
    assert width(100, 0.95) > width(1000, 0.95)


def test_predict_gives_the_most_probable_class(small):
    model = network(layers.Flatten(), layers.Dense(10, activation="softmax"), shape=(28, 28, 1))

    predicted = evaluation.predict(model, small.x_val, batch_size=30)

    by_hand = model(small.x_val.astype("float32")).numpy().argmax(axis=1)
    np.testing.assert_array_equal(predicted, by_hand)
    assert (predicted.shape, predicted.dtype) == ((100,), np.dtype("int64"))


# Latency and size


def test_latency_is_positive_and_its_tail_is_no_faster_than_its_middle():
    model = spaces.cnn_space(spaces.keras_tuner.HyperParameters())

    latency = evaluation.measure_latency(model, warm_up=2, repeats=15)

    assert 0 < latency.median_ms <= latency.p95_ms < 1000
    assert latency.repeats == 15


def test_latency_by_hand_and_without_the_first_calls(monkeypatch):
    """Three slow calls to warm up, then runs of 1, 2, ... 101 milliseconds."""
    seconds = [5, 5, 5, *(n / 1000 for n in range(1, 102))]
    clock = [value for n, s in enumerate(seconds) for value in (100 * n, 100 * n + s)]
    monkeypatch.setattr(evaluation.time, "perf_counter", iter(clock).__next__)
    model = network(layers.Dense(1))

    latency = evaluation.measure_latency(model, warm_up=3, repeats=101)

    assert latency.median_ms == pytest.approx(51)
    assert latency.p95_ms == pytest.approx(96)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"warm_up": -1}, "warm_up=-1 .* from 0"),  # counted the last call alone
        ({"warm_up": 0.5}, "warm_up=0.5"),
        ({"repeats": 0}, "repeats=0 .* from 1"),
        ({"repeats": "5"}, "repeats='5'"),
    ],
)
def test_a_number_of_calls_that_cannot_be_is_one_sentence(options, words):
    with pytest.raises(CourseError, match=words):
        evaluation.time_calls(lambda: pytest.fail("too late"), **options)


@pytest.fixture(scope="module")
def autokeras_model() -> keras.Model:
    """A network as AutoKeras builds it, with weights that are not those of a new network."""
    from autokeras import CastToFloat32

    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Rescaling(1 / 255)(CastToFloat32()(image))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=3)(x))
    model = keras.Model(image, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))
    rng = np.random.default_rng(5)
    model.set_weights([rng.random(w.shape) for w in model.get_weights()])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@pytest.mark.slow
def test_a_saved_network_loads_without_autokeras(autokeras_model, small, tmp_path, run_python):
    path = tmp_path / "model.keras"
    size = evaluation.save_model(autokeras_model, path)
    np.save(tmp_path / "x.npy", small.x_val)
    code = """
import sys
import keras, numpy as np
model = keras.models.load_model("model.keras")
np.save("y.npy", model(np.load("x.npy"), training=False).numpy())
print("autokeras" in sys.modules, "nascourse" in sys.modules, model.count_params())
"""

    result = run_python("-c", code, cwd=tmp_path)

    assert result.stdout.split() == ["False", "False", str(autokeras_model.count_params())]
    np.testing.assert_allclose(
        np.load(tmp_path / "y.npy"), autokeras_model(small.x_val).numpy(), rtol=1e-5
    )
    assert size == path.stat().st_size


def test_the_saved_size_is_that_of_the_file(autokeras_model, tmp_path):
    size = evaluation.saved_size(autokeras_model)

    # The file holds the time at which it was written, which may be compressed a little differently.
    assert size == pytest.approx(
        evaluation.save_model(autokeras_model, tmp_path / "model.keras"), abs=20
    )


def test_a_network_is_saved_in_the_home_folder(tmp_path, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))

    size = evaluation.save_model(network(layers.Flatten()), "~/net.keras")

    assert size == (tmp_path / "net.keras").stat().st_size


def test_a_network_is_not_saved_as_a_folder_that_is_there(tmp_path):
    (tmp_path / "net.keras").mkdir()
    with pytest.raises(CourseError, match="net.keras' is a folder: give the name of a file"):
        evaluation.save_model(network(layers.Flatten()), tmp_path / "net.keras")


@pytest.mark.parametrize("name", ["net", "net.h5", "net.keras.zip"])
def test_a_network_needs_the_ending_of_keras(name, tmp_path):
    with pytest.raises(CourseError, match=f"{name}' is no file .* end in .keras"):
        evaluation.save_model(network(layers.Flatten()), tmp_path / name)

    assert list(tmp_path.iterdir()) == []


def test_the_file_holds_weights_and_no_optimizer(tmp_path):
    """Adam keeps two more numbers a weight; no application needs them."""
    model = network(layers.Flatten(), layers.Dense(200), layers.Dense(10))
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)

    size = evaluation.save_model(model, tmp_path / "model.keras")

    of_weights = 4 * evaluation.count_params(model)  # float32
    assert of_weights < size < 1.1 * of_weights
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert b"optimizer" not in archive.read("model.weights.h5")
    assert not keras.models.load_model(tmp_path / "model.keras").compiled


def test_saving_leaves_the_network_as_it_was(autokeras_model, tmp_path):
    before = [weight.copy() for weight in autokeras_model.get_weights()]

    evaluation.save_model(autokeras_model, tmp_path / "model.keras")

    assert "CastToFloat32" in {type(layer).__name__ for layer in autokeras_model.layers}
    for old, new in zip(before, autokeras_model.get_weights()):
        np.testing.assert_array_equal(old, new)


class Scale(layers.Layer):
    """Does not say how it is made, as beginners write a layer."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x


class OwnNetwork(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(10)

    def call(self, x):
        return self.last(keras.ops.reshape(x, (-1, 16)))


def test_a_network_with_a_layer_of_ones_own_is_saved(tmp_path):
    evaluation.save_model(network(Scale(0.5)), tmp_path / "net.keras")

    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        assert b'"factor": 0.5' in archive.read("config.json")


def test_a_network_of_a_class_of_ones_own_is_timed_and_saved():
    model = OwnNetwork()
    model(np.zeros((1, 4, 4, 1)))

    assert evaluation.measure_latency(model, warm_up=1, repeats=2).median_ms > 0
    assert evaluation.saved_size(model) > 4 * model.count_params()
