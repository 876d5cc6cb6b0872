"""The networks of `nascourse.spaces.bench_space`, as functions of their weights.

All take a network's setting; its sizes are those that its weights have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import numpy as np
import tensorflow as tf

from nascourse.data import CLASSES, SIDE

_SIDES = (SIDE, 14, 7, 4)  # of the feature maps after 0, 1, 2, 3 halvings


def scaled(x: np.ndarray | tf.Tensor) -> tf.Tensor:
    """Images of uint8 as numbers from 0 to 1."""
    return tf.cast(x, tf.float32) / 255


def forward(
    x: tf.Tensor,
    weights: Sequence[tf.Tensor],
    setting: Mapping[str, Any],
    normalize: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """The logits of a network of `spaces.bench_space`, of whatever sizes the weights have."""
    for block in range(setting["body/blocks"]):
        x = apply_block(x, weights_of_block(weights, setting, block), setting, normalize)
    return apply_head(x, weights, setting)


def weights_of_block(
    weights: Sequence[tf.Tensor], setting: Mapping[str, Any], block: int
) -> Sequence[tf.Tensor]:
    """The kernels and the bias of one block, which is counted from 0."""
    each = 2 if setting["conv/kind"] == "plain" else 3
    return weights[each * block : each * (block + 1)]


def apply_block(
    x: tf.Tensor,
    weights: Sequence[tf.Tensor],
    setting: Mapping[str, Any],
    normalize: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """The feature maps after a block, of shape (n, side, side, channels)."""
    *kernels, bias = weights
    stride = 2 if setting["body/halving"] == "stride" else 1
    convolution = tf.nn.conv2d if setting["conv/kind"] == "plain" else tf.nn.separable_conv2d
    y = convolution(x, *kernels, strides=[1, stride, stride, 1], padding="SAME")
    y = tf.nn.relu(normalize(y) + bias)
    if setting["body/halving"] == "max":
        y = tf.nn.max_pool2d(y, 2, 2, "SAME")
    if setting["body/skip"]:
        y = tf.concat([y, tf.nn.avg_pool2d(x, 2, 2, "SAME")], axis=-1)
    return y


def apply_head(x: tf.Tensor, weights: Sequence[tf.Tensor], setting: Mapping[str, Any]) -> tf.Tensor:
    """The logits, of shape (n, 10), from the feature maps after the last block."""
    if setting["head"] == "quarters":
        quarter = _quarter(setting)
        x = tf.nn.avg_pool2d(x, quarter, quarter, "SAME")
    dense, bias = weights[-2:]
    return tf.reshape(x, (-1, tf.shape(dense)[0])) @ dense + bias


def _quarter(setting: Mapping[str, Any]) -> int:
    return (_SIDES[setting["body/blocks"]] + 1) // 2


def head_side(setting: Mapping[str, Any]) -> int:
    """The side of the feature maps that the dense layer takes."""
    return 2 if setting["head"] == "quarters" else _SIDES[setting["body/blocks"]]


def count_flops(path: Sequence[np.ndarray], setting: Mapping[str, Any]) -> int:
    """FLOPs for one image, counted as `nascourse.evaluation.count_flops` does."""
    flops = 2 * path[-2].size + path[-1].size
    for block, filters in enumerate(filters_of(setting)):
        *kernels, _bias = weights_of_block(path, setting, block)
        side = _SIDES[block + (setting["body/halving"] == "stride")]
        flops += side**2 * (2 * sum(kernel.size for kernel in kernels) + filters)
    return flops


def describe(setting: Mapping[str, Any]) -> str:
    """The network in one line, as `nascourse.spaces.describe` has it."""
    kind = "sep" if setting["conv/kind"] == "separable" else ""
    window = f"{setting['conv/kernel']}x{setting['conv/kernel']}"
    halving = " max2" if setting["body/halving"] == "max" else "/2"
    skip = " ave2 concat" if setting["body/skip"] else ""
    words = [f"{kind}{filters}@{window}{halving}{skip}" for filters in filters_of(setting)]
    words += [f"ave{_quarter(setting)}"] if setting["head"] == "quarters" else []
    return " ".join([*words, "flatten", str(CLASSES)])


def filters_of(setting: Mapping[str, Any]) -> list[int]:
    """The filters of each block."""
    return [setting[f"conv/filters_{block}"] for block in range(setting["body/blocks"])]
