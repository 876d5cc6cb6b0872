"""Larger networks from a small one: EfficientNet's family, and digit networks to try it on.

Tan & Le (2019) multiply depth, width and resolution of a network that a search has found, all
three at once.  `paper` holds what they say of their eight networks, B0 to B7.  `DIGITS` are
networks for digits, scaled in one direction or in all of them at nearly equal cost;
`digit_network` builds any of that kind.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras
import pandas as pd
from keras import layers

from nascourse import evaluation, whole_number
from nascourse.data import SIDE
from nascourse.spaces import IMAGE_SHAPE, classifier


def paper() -> pd.DataFrame:
    """What the paper says of B0 to B7, rounded as there.

    Columns: ``depth`` and ``width``, the factors of the published code; ``side`` of the input in
    pixels; ``n_params`` and ``macs``, which the paper calls FLOPs; ``top1``, the share of
    ImageNet's validation images that is read correctly.
    """
    rows = {
        "B0": (1.0, 1.0, 224, 5.3e6, 0.39e9, 0.771),
        "B1": (1.1, 1.0, 240, 7.8e6, 0.70e9, 0.791),
        "B2": (1.2, 1.1, 260, 9.2e6, 1.0e9, 0.801),
        "B3": (1.4, 1.2, 300, 12e6, 1.8e9, 0.816),
        "B4": (1.8, 1.4, 380, 19e6, 4.2e9, 0.829),
        "B5": (2.2, 1.6, 456, 30e6, 9.9e9, 0.836),
        "B6": (2.6, 1.8, 528, 43e6, 19e9, 0.840),
        "B7": (3.1, 2.0, 600, 66e6, 37e9, 0.843),
    }
    columns = ["depth", "width", "side", "n_params", "macs", "top1"]
    table = pd.DataFrame(rows.values(), pd.Index(rows, name="network"), columns)
    return table.astype({"n_params": int, "macs": int})


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
