"""Larger networks from a small one: EfficientNet's family, and digit networks to try it on.

Tan & Le (2019) multiply depth, width and resolution of a network that a search has found, all
three at once.  ``trials.recorded("scaling_paper")`` is their table of eight networks, B0 to B7.
`DIGITS` are networks for digits, scaled in one direction or in all of them at nearly equal cost;
`digit_network` builds any of that kind.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
from keras import layers

from nascourse import evaluation, whole_number
from nascourse.data import SIDE
from nascourse.spaces import IMAGE_SHAPE, classifier


def count_macs(model: keras.Model) -> int:
    """Multiply-accumulates for one image, which the paper calls FLOPs."""
    biases = sum(
        math.prod(layer.output.shape[1:])
        for layer in model.layers
        if getattr(layer, "use_bias", False)
    )
    return (evaluation.count_flops(model) - biases) // 2


class Plan(NamedTuple):
    """What a digit network is scaled in: each field is a direction."""

    depth: int = 4  # convolutions, shared out between two blocks
    width: int = 8  # filters in the first block; the second has twice as many
    side: int = 12  # of the image, in pixels


DIGITS = {
    ("base", 1): Plan(),
    ("depth", 2): Plan(depth=7),
    ("width", 2): Plan(width=12),
    ("resolution", 2): Plan(side=18),
    ("all three", 2): Plan(depth=5, width=9, side=13),
    ("depth", 4): Plan(depth=12),
    ("width", 4): Plan(width=16),
    ("resolution", 4): Plan(side=24),
    ("all three", 4): Plan(depth=6, width=9, side=16),
}  # which direction is scaled, and by about how much the FLOPs grow


def digit_network(plan: Plan = Plan()) -> keras.Model:  # noqa: B008 - a tuple cannot change
    """Build and compile a network of two blocks of 3x3 convolutions, each halving the image.

    It takes the same images as all networks of the course, 28x28 pixels, and shrinks them first.
    With an odd depth the first block has one convolution more.  The plan is that of the network
    that the project of unit 11 finds, without its dropout.
    """
    depth = whole_number("depth", plan.depth, at_least=2)
    width = whole_number("width", plan.width, at_least=1)
    side = whole_number("side", plan.side, at_least=4, at_most=SIDE)

    image = keras.Input(IMAGE_SHAPE, dtype="uint8")
    x = layers.Rescaling(1 / 255)(image)
    if side < SIDE:
        x = layers.Resizing(side, side, antialias=True)(x)
    for convolutions, filters in (((depth + 1) // 2, width), (depth // 2, 2 * width)):
        for _ in range(convolutions):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
    return classifier(image, layers.Flatten()(x))
