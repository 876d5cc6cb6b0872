"""The networks of `nascourse.spaces.bench_space`: which weights they use, and what they compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import numpy as np
import tensorflow as tf

from nascourse.data import CLASSES, SIDE

FILTERS, KERNEL = 16, 5  # the largest of the space: what all smaller ones are cut out of
_SIDES = (SIDE, 14, 7, 4)  # of the feature maps after 0, 1, 2, 3 halvings


def apply_block(
    x: tf.Tensor,
    weights: Sequence[tf.Tensor],
    setting: Mapping[str, Any],
    block: int,
    normalize: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """The feature maps after a block, of shape (n, side, side, channels), from those before it."""
    is_plain = setting["conv/kind"] == "plain"
    arrays = 2 if is_plain else 3  # of a block: its kernels and its bias
    *kernels, bias = weights[arrays * block : arrays * (block + 1)]
    stride = 2 if setting["body/halving"] == "stride" else 1
    convolution = tf.nn.conv2d if is_plain else tf.nn.separable_conv2d
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
        quarter = (_SIDES[setting["body/blocks"]] + 1) // 2
        x = tf.nn.avg_pool2d(x, quarter, quarter, "SAME")
    dense, bias = weights[-2:]  # in a graph for all sizes dense.shape[0] is None
    return tf.reshape(x, (-1, dense.shape[0] or tf.shape(dense)[0])) @ dense + bias


def filters_of(setting: Mapping[str, Any]) -> list[int]:
    """The filters of each block."""
    return [setting[f"conv/filters_{block}"] for block in range(setting["body/blocks"])]


Axis = tuple[int, Sequence[int]]  # the length of a bank, and the places that a network uses of it


class Banks:
    """Arrays of the largest size, one after the other in one vector; paths are cut out of them."""

    def __init__(self, rng: np.random.Generator):
        self.values: list[np.ndarray] = []
        self._rng = rng
        self._begins: dict[tuple, int] = {}
        self._end = 0

    def take(self, name: tuple, *axes: Axis) -> np.ndarray:
        """The indices in the vector of the used places of the bank ``name``."""
        shape = tuple(length for length, _ in axes)
        if name not in self._begins:
            self._begins[name] = self._end
            self._end += int(np.prod(shape))
            self.values.append(self._first_values(shape))
        places = np.ravel_multi_index(np.ix_(*(used for _, used in axes)), shape)
        return (self._begins[name] + places).astype(np.int32)

    def _first_values(self, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) == 1:  # a bias
            return np.zeros(shape, np.float32)
        fans = np.prod(shape[:-2]) * (shape[-2] + shape[-1])
        limit = np.sqrt(6 / fans)
        return self._rng.uniform(-limit, limit, np.prod(shape)).astype(np.float32)


def path_of(
    setting: Mapping[str, Any], banks: Banks, *, separate: Sequence[str] = ()
) -> list[np.ndarray]:
    """The path of a network: indices for each weight array of the Keras network, in its order.

    Networks that differ in a hyperparameter of ``separate`` have no index in common.
    """
    group = tuple(setting[name] for name in separate)
    kind, blocks, head = setting["conv/kind"], setting["body/blocks"], setting["head"]
    margin = (KERNEL - setting["conv/kernel"]) // 2
    window = (KERNEL, range(margin, KERNEL - margin))  # 3x3 is the middle of 5x5
    single = (1, range(1))
    path = []
    for block, n_filters in enumerate(filters_of(setting)):
        channels = (_slots(block), _channels(setting, block))
        filters = (FILTERS, range(n_filters))
        bank = (*group, block)
        if kind == "plain":
            path += [banks.take((*bank, kind), window, window, channels, filters)]
        else:
            path += [
                banks.take((*bank, "depthwise"), window, window, channels, single),
                banks.take((*bank, "pointwise"), single, single, channels, filters),
            ]
        path += [banks.take((*bank, f"{kind} bias"), filters)]
    side = 2 if head == "quarters" else _SIDES[blocks]  # of the feature maps that it takes
    pixels, digits = (side, range(side)), (CLASSES, range(CLASSES))
    channels = (_slots(blocks), _channels(setting, blocks))
    dense = banks.take((*group, head, blocks), pixels, pixels, channels, digits)
    bias = banks.take((*group, head, blocks, "bias"), digits)
    return [*path, dense.reshape(-1, CLASSES), bias]


def _slots(blocks: int) -> int:
    """Channels that the feature maps after so many blocks have at most."""
    return FILTERS * blocks + 1


def _channels(setting: Mapping[str, Any], blocks: int) -> list[int]:
    """Which of the slots the network uses after so many blocks.

    The filters of the last block come first; with skips the channels of all blocks before follow,
    each in slots of their own, and the image is in the last slot.
    """
    filters = filters_of(setting)[:blocks][::-1]
    if blocks and not setting["body/skip"]:
        return list(range(filters[0]))
    used = [FILTERS * back + filter for back, n in enumerate(filters) for filter in range(n)]
    return [*used, _slots(blocks) - 1]
