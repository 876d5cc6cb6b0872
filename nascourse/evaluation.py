"""What one network is worth and what it costs, and the only key to the test set.

Cost has four faces, and each is measured here: parameters (`count_params`), arithmetic
(`count_flops`), waiting (`measure_latency`) and storage (`saved_size`).  Quality has one that
matters, the accuracy on images that no choice was made by: `open_test_set` hands them out, and
counts how often.  The accuracy itself is `sklearn.metrics.accuracy_score`; `accuracy_interval` says
how sure it is.
"""

from __future__ import annotations

import functools
import math
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras
import numpy as np
import tensorflow as tf
from autokeras import CastToFloat32
from numpy.typing import NDArray
from scipy import stats

from nascourse import CourseError, whole_number
from nascourse._engine.files import atomic_path
from nascourse.data import Splits

_openings: Counter[str] = Counter()  # how often this process opened each test set


class OpenedTestSet(NamedTuple):
    """Test images, uint8 of shape (n, 28, 28, 1), and their labels, int64 of shape (n,)."""

    x: NDArray[np.uint8]
    y: NDArray[np.int64]


def times_opened(splits: Splits) -> int:
    """How often this process has opened the test set of these splits."""
    return _openings[splits.test.fingerprint]


def open_test_set(splits: Splits) -> OpenedTestSet:
    """Open the sealed test set, and say how often that was done.

    Open it once, when every choice is made.  Whoever looks, changes something and looks again has
    begun to fit the test set, and its accuracy promises too much.  Loading the same images again
    does not set the count back.
    """
    test = splits.test
    _openings[test.fingerprint] += 1
    count = _openings[test.fingerprint]
    print(f"Test set opened: {len(test):,} images. Times opened so far: {count}.")
    if count > 1:
        print("Choices made after the first look are no longer judged by unseen images.")
    return OpenedTestSet(test._x, test._y)


def predict(model: keras.Model, x: NDArray, *, batch_size: int = 100) -> NDArray[np.int64]:
    """The most probable class of each image, int64 of shape (n,)."""
    return model.predict(x, batch_size=batch_size, verbose=0).argmax(axis=1)


def accuracy_interval(
    accuracy: float, n_images: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Wilson's interval: what accuracy other images of the same kind could have given.

    It covers the luck of the test images, not the luck of the training seed.
    """
    n_images = whole_number("n_images", n_images, at_least=1)
    if not 0 <= accuracy <= 1:
        raise CourseError(f"accuracy={accuracy!r} is not possible: give a share from 0 to 1.")
    result = stats.binomtest(round(accuracy * n_images), n_images)
    low, high = result.proportion_ci(confidence, method="wilson")
    return low, high


def count_params(model: keras.Model) -> int:
    """The number of weights, trainable or not."""
    return int(model.count_params())


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs for one image."""

    layer: str
    kind: str
    output: tuple[int, ...]  # shape without the batch
    n_params: int
    flops: int


def layer_costs(model: keras.Model) -> list[LayerCost]:
    """Output shape, parameters and FLOPs of each layer, in the order of the network.

    A multiply-accumulate counts as two floating-point operations, and a bias as one for each
    output, as TensorFlow's profiler counts them.  Counted are convolutions (plain, depthwise,
    separable) and dense layers; pooling, activations, normalization and reshaping are not: in
    these networks they are a few percent.  Many papers print multiply-accumulates and call them
    FLOPs: EfficientNet-B0's "0.39B FLOPs" (Tan & Le 2019) would be 0.78 billion here.

    Raises
    ------
    CourseError
        A layer has weights, but its arithmetic is not known here.
    """
    return [
        LayerCost(
            layer.name,
            type(layer).__name__,
            tuple(int(side) for side in layer.output.shape[1:]),
            int(layer.count_params()),
            _layer_flops(layer),
        )
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def count_flops(model: keras.Model) -> int:
    """Floating-point operations for one image: the sum of `layer_costs`."""
    return sum(cost.flops for cost in layer_costs(model))


def _layer_flops(layer: keras.Layer) -> int:
    # Exact types: a subclass may compute something else.
    kind = type(layer)
    outputs = math.prod(layer.output.shape[1:])
    if kind is keras.layers.Dense:
        macs = layer.input.shape[-1] * outputs
    elif kind is keras.layers.Conv2D:
        height, width, channels, _ = layer.kernel.shape  # channels of one group
        macs = height * width * channels * outputs
    elif kind is keras.layers.DepthwiseConv2D:
        height, width = layer.kernel_size
        macs = height * width * outputs
    elif kind is keras.layers.SeparableConv2D:
        height, width = layer.kernel_size
        channels = layer.input.shape[-1] * layer.depth_multiplier  # between its two steps
        pixels = outputs // layer.filters
        macs = pixels * channels * (height * width + layer.filters)
    elif kind in _COUNTED_AS_ZERO or not layer.weights:
        return 0
    else:
        raise CourseError(
            f"The arithmetic of the layer {layer.name!r} ({kind.__name__}) is not known: use "
            "Conv2D, DepthwiseConv2D, SeparableConv2D or Dense, or add it to "
            "nascourse.evaluation."
        )
    return int(2 * macs + (outputs if layer.use_bias else 0))


_COUNTED_AS_ZERO = (keras.layers.BatchNormalization, keras.layers.Normalization)


@dataclass(frozen=True)
class Latency:
    """How long one image takes, in milliseconds."""

    median_ms: float
    p95_ms: float  # 95 of 100 runs were at most this slow
    repeats: int


def measure_latency(model: keras.Model, *, warm_up: int = 20, repeats: int = 100) -> Latency:
    """Time the network on one image at a time, as an application would call it.

    The network runs as a compiled graph (`tf.function`).  The first calls build the graph and
    fill the caches, so ``warm_up`` of them do not count.  ``model.predict`` would measure mostly
    its own preparations.  With another backend than TensorFlow it runs as Keras runs it there.
    """
    shape = (1, *model.input_shape[1:])
    if keras.backend.backend() != "tensorflow":
        zeros = np.zeros(shape, dtype=model.inputs[0].dtype)
        call = functools.partial(model.predict_on_batch, zeros)
        return time_calls(call, warm_up=warm_up, repeats=repeats)
    image = tf.zeros(shape, dtype=model.inputs[0].dtype)
    run = tf.function(lambda x: model(x, training=False), autograph=False)
    return time_calls(lambda: run(image).numpy(), warm_up=warm_up, repeats=repeats)


def time_calls(call: Callable[[], object], *, warm_up: int = 20, repeats: int = 100) -> Latency:
    """Time a call again and again; the first ``warm_up`` times do not count."""
    milliseconds = []
    for _ in range(warm_up + repeats):
        start = time.perf_counter()
        call()
        milliseconds.append(1000 * (time.perf_counter() - start))
    median, p95 = np.percentile(milliseconds[warm_up:], [50, 95])
    return Latency(float(median), float(p95), repeats)


def save_model(model: keras.Model, path: str | os.PathLike) -> int:
    """Save network and weights, without the optimizer, as ``.keras``; return the bytes.

    AutoKeras's first layer is replaced by Keras's own that does the same, so that the file loads
    with ``keras.models.load_model`` where AutoKeras is not installed.
    """
    clone = keras.models.clone_model(model, clone_function=_plain_layer)
    clone.set_weights(model.get_weights())
    # A clone keeps the optimizer; and a name that Keras counts up would be part of the file.
    with atomic_path(path) as part:
        keras.Model(clone.inputs, clone.outputs, name=model.name).save(part)
    return os.path.getsize(path)


def _plain_layer(layer: keras.Layer) -> keras.Layer:
    if isinstance(layer, CastToFloat32):
        return keras.layers.Rescaling(1.0)
    return type(layer).from_config(layer.get_config())


def saved_size(model: keras.Model) -> int:
    """Bytes of the ``.keras`` file that `save_model` writes: what an application ships."""
    with tempfile.TemporaryDirectory() as folder:
        return save_model(model, os.path.join(folder, "model.keras"))
