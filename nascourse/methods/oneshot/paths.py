"""Where the weights of each network lie in the supernet's vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nascourse.data import CLASSES
from nascourse.methods.oneshot.networks import filters_of, head_side

FILTERS, KERNEL = 16, 5  # the largest of the space: what all smaller ones are cut out of

Axis = tuple[int, Sequence[int]]
"""The length of a bank along one axis, and the places that a network uses of it."""


class Banks:
    """Arrays of the largest size, one after the other in one vector; paths are cut out of them."""

    def __init__(self, rng: np.random.Generator):
        self.values: list[np.ndarray] = []
        self._rng = rng
        self._begins: dict[tuple, int] = {}
        self._end = 0

    def take(self, name: tuple, axes: Sequence[Axis]) -> np.ndarray:
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
    """The path of a network, through banks of the largest weights.

    Returns
    -------
    Indices into the vector, one array for each weight array of the Keras network, in its order.
    Networks that differ in a hyperparameter of ``separate`` have no index in common.
    """
    group = tuple(setting[name] for name in separate)
    kind, blocks, head = setting["conv/kind"], setting["body/blocks"], setting["head"]
    margin = (KERNEL - setting["conv/kernel"]) // 2
    window = (KERNEL, range(margin, KERNEL - margin))  # 3x3 is the middle of 5x5
    single = (1, range(1))
    indices = []
    for block, n_filters in enumerate(filters_of(setting)):
        channels = (_slots(block), _channels(setting, block))
        filters = (FILTERS, range(n_filters))
        weights: dict[str, list[Axis]] = {"plain": [window, window, channels, filters]}
        if kind == "separable":
            weights = {
                "depthwise": [window, window, channels, single],
                "pointwise": [single, single, channels, filters],
            }
        weights[f"{kind} bias"] = [filters]
        indices += [banks.take((*group, block, name), axes) for name, axes in weights.items()]
    side = head_side(setting)
    pixels, digits = (side, range(side)), (CLASSES, range(CLASSES))
    channels = (_slots(blocks), _channels(setting, blocks))
    dense = banks.take((*group, head, blocks), [pixels, pixels, channels, digits])
    bias = banks.take((*group, head, blocks, "bias"), [digits])
    return [*indices, dense.reshape(-1, CLASSES), bias]


def _slots(blocks: int) -> int:
    """Channels that the feature maps after so many blocks have at most."""
    return FILTERS * blocks + 1 if blocks else 1


def _channels(setting: Mapping[str, Any], blocks: int) -> list[int]:
    """Which of the slots the network uses after so many blocks.

    The filters of the last block come first; with skips the channels of all blocks before follow,
    each in slots of their own, and the image is in the last slot.
    """
    if blocks == 0:
        return [0]
    filters = filters_of(setting)[:blocks][::-1]
    if not setting["body/skip"]:
        return list(range(filters[0]))
    used = [FILTERS * back + filter for back, n in enumerate(filters) for filter in range(n)]
    return [*used, _slots(blocks) - 1]
