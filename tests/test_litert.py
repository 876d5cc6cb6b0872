"""Networks in LiteRT: the same answers, smaller files, and no chatter."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.metrics import accuracy_score

from nascourse import CourseError, evaluation, spaces
from nascourse.methods import litert

pytestmark = pytest.mark.slow

SETTING = {
    "body/blocks": 2,
    "body/halving": "max",
    "body/skip": True,
    "conv/kind": "plain",
    "conv/kernel": 3,
    "conv/filters_0": 6,
    "conv/filters_1": 16,
    "head": "flatten",
}


@pytest.fixture(scope="module")
def trained(bundled) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = spaces.built(spaces.bench_space, SETTING)
    model.fit(bundled.x_train, bundled.y_train, epochs=2, batch_size=64, verbose=0)
    return model


@pytest.fixture(scope="module")
def networks(trained, bundled) -> dict[str | None, bytes]:
    images = bundled.x_train[:100]
    return {
        quantize: litert.convert(
            trained, quantize=quantize, images=images if quantize == "full" else None
        )
        for quantize in litert.QUANTIZATIONS
    }


def test_float32_answers_as_keras_does(trained, networks, bundled):
    run, shape = litert._runner(networks[None])

    answers = np.array([run(bundled.x_val[i : i + 1]) for i in range(50)])

    assert shape == (1, 28, 28, 1)
    np.testing.assert_allclose(answers, trained.predict(bundled.x_val[:50], verbose=0), atol=1e-5)
    predicted = litert.predict(networks[None], bundled.x_val)
    np.testing.assert_array_equal(predicted, evaluation.predict(trained, bundled.x_val))
    assert (predicted.shape, predicted.dtype) == ((800,), np.dtype("int64"))


def test_sizes_by_bytes_a_weight(trained, networks):
    n_params = evaluation.count_params(trained)

    assert 4 * n_params < len(networks[None]) < 4 * n_params + 8_000
    for quantize in ("weights", "full"):
        assert n_params < len(networks[quantize]) < len(networks[None]) / 2


@pytest.mark.parametrize("quantize", ["weights", "full"])
def test_quantized_networks_read_digits_nearly_as_well(networks, bundled, quantize):
    def accuracy(network: bytes) -> float:
        return accuracy_score(bundled.y_val, litert.predict(network, bundled.x_val))

    assert accuracy(networks[None]) > 0.85
    assert accuracy(networks[quantize]) == pytest.approx(accuracy(networks[None]), abs=0.02)


def test_full_quantization_leaves_no_float_inside(networks):
    def types(network: bytes) -> set[str]:
        with pytest.warns(UserWarning, match="deprecated"):
            interpreter = litert.tf.lite.Interpreter(model_content=network)
        return {details["dtype"].__name__ for details in interpreter.get_tensor_details()}

    assert "float32" in types(networks[None])
    assert "float32" not in types(networks["full"])


def test_pixels_that_the_examples_never_reached(trained, bundled):
    """Examples in half light: brighter pixels are cut off, and darker ones keep their value."""
    dim = litert.convert(trained, quantize="full", images=bundled.x_train[:50] // 2)
    run, _ = litert._runner(dim)

    half = (bundled.x_val[:1] // 2).astype("uint8")
    np.testing.assert_array_equal(run(np.maximum(half, 128)), run(np.maximum(half, 127)))
    assert np.any(run(half) != run(half // 2))


def test_a_network_with_autokeras_layers_is_quantized_whole(bundled):
    from autokeras import CastToFloat32

    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Rescaling(1 / 255)(CastToFloat32()(image))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=3)(x))
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))

    full = litert.convert(model, quantize="full", images=bundled.x_train[:50])

    agree = litert.predict(full, bundled.x_val[:100]) == evaluation.predict(
        model, bundled.x_val[:100]
    )
    assert agree.mean() > 0.9


def test_latency_is_timed_as_everywhere(networks):
    latency = litert.measure_latency(networks["full"], warm_up=2, repeats=15)

    assert 0 < latency.median_ms <= latency.p95_ms < 1000
    assert latency.repeats == 15


def test_conversion_and_runs_are_silent_and_leave_the_network_alone(trained, bundled, capfd):
    before = [weight.copy() for weight in trained.get_weights()]

    for quantize in litert.QUANTIZATIONS:
        network = litert.convert(trained, quantize=quantize, images=bundled.x_train[:20])
        litert.predict(network, bundled.x_val[:3])

    assert capfd.readouterr() == ("", "")
    for old, new in zip(before, trained.get_weights()):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda model, network, x: litert.convert(model, quantize="int4"), "'weights' or 'full'"),
        (
            lambda model, network, x: litert.convert(model, quantize="full"),
            "images=splits.x_train[:200]",
        ),
        (
            lambda model, network, x: litert.convert(model, quantize="full", images=x[:0]),
            "images=splits.x_train[:200]",
        ),
        (
            lambda model, network, x: litert.convert(model, quantize="full", images=x[..., 0]),
            "give uint8 images of shape (n, 28, 28, 1)",
        ),
        (lambda model, network, x: litert.predict(network, x / 255), "float64"),
        (lambda model, network, x: litert.predict(network, x[0]), "(28, 28, 1) in uint8"),
        (lambda model, network, x: litert.predict(b"network", x), "no LiteRT network"),
        (lambda model, network, x: litert.predict(model, x), "no LiteRT network"),
    ],
)
def test_mistakes_are_told_in_one_sentence(trained, networks, bundled, mistake, words):
    with pytest.raises(CourseError) as raised:
        mistake(trained, networks[None], bundled.x_val[:3])

    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
