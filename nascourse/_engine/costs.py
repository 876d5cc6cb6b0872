"""What a network costs, layer by layer: parameters and arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras

from nascourse import CourseError, require
from nascourse._engine import compat

NETWORK = "a network of Keras, such as found.best_model()"  # what to give in place of none


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs for one image."""

    layer: str
    kind: str
    output: tuple[int, ...]  # shape without the batch
    n_params: int
    flops: int


def count_params(model: keras.Model) -> int:
    """The number of weights, trainable or not."""
    require("model", model, keras.Model, NETWORK)
    return int(model.count_params())


def layer_costs(model: keras.Model) -> list[LayerCost]:
    """Output shape, parameters and FLOPs of each layer, in the order of the network.

    A multiply-accumulate counts as two floating-point operations, and a bias as one for each
    output, as TensorFlow's profiler counts them.  Counted are convolutions (plain, depthwise,
    separable) and dense layers; pooling, activations, normalization and reshaping are not: in
    these networks they are a few percent.  Many papers print multiply-accumulates and call them
    FLOPs: EfficientNet-B0's "0.39B FLOPs" (Tan & Le 2019) would be 0.78 billion here.

    A layer that the network calls several times has the FLOPs of all calls, and the output of the
    first.

    Raises
    ------
    CourseError
        ``model`` is no network; or a layer has weights, but its arithmetic is not known here.
    """
    require("model", model, keras.Model, NETWORK)
    calls = compat.layer_calls(model)
    return [
        LayerCost(
            layer.name,
            type(layer).__name__,
            tuple(int(side) for side in calls[layer.name][0][1][1:]),
            int(layer.count_params()),
            sum(_layer_flops(layer, *shapes) for shapes in calls[layer.name]),
        )
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def count_flops(model: keras.Model) -> int:
    """Floating-point operations for one image: the sum of `layer_costs`."""
    return sum(cost.flops for cost in layer_costs(model))


def flops_if_known(model: keras.Model) -> int | None:
    """What `count_flops` gives, or nothing where it cannot be counted."""
    try:
        return count_flops(model)
    # An unknown layer; an own model, or a layer without one output; a side that has no fixed size.
    except (CourseError, AttributeError, TypeError):
        return None


def _layer_flops(layer: keras.Layer, takes: tuple[int, ...], gives: tuple[int, ...]) -> int:
    """The arithmetic of one call, whose input and output have these shapes."""
    # Exact types: a subclass may compute something else.
    kind = type(layer)
    outputs = math.prod(gives[1:])
    if kind is keras.layers.Dense:
        macs = takes[-1] * outputs
    elif kind is keras.layers.Conv2D:
        height, width, channels, _ = layer.kernel.shape  # channels of one group
        macs = height * width * channels * outputs
    elif kind is keras.layers.DepthwiseConv2D:
        height, width = layer.kernel_size
        macs = height * width * outputs
    elif kind is keras.layers.SeparableConv2D:
        height, width = layer.kernel_size
        channels = takes[-1] * layer.depth_multiplier  # between its two steps
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
