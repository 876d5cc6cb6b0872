"""What the course's networks need besides what Keras and AutoKeras have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import autokeras as ak
import keras
import numpy as np
import tree
from keras import layers
from keras_tuner.engine import hyperparameters

from nascourse import CourseError


@keras.utils.register_keras_serializable(package="nascourse")
class MacroF1(keras.metrics.F1Score):
    """The mean of the classes' F1 scores, for labels as whole numbers as well as one-hot.

    A class counts as much as any other, however few images it has.
    """

    def __init__(self, name: str = "macro_f1", **options: Any):
        super().__init__(**{"average": "macro", **options}, name=name)

    def update_state(self, y_true, y_pred, sample_weight=None):
        classes = y_pred.shape[-1]
        if y_true.shape[1:] != y_pred.shape[1:]:
            y_true = keras.ops.one_hot(keras.ops.reshape(y_true, (-1,)), classes)
        super().update_state(y_true, y_pred, sample_weight)


def metric_objects(names: Sequence[str]) -> list[Any]:
    """What to compile a network with for metrics of these names."""
    return [MacroF1() if name == "macro_f1" else name for name in names]


def choice(name: str, values: Sequence) -> Any:
    """A hyperparameter for an AutoKeras block, which takes one of ``values``: not an empty list."""
    listed = list(values) if np.iterable(values) and not isinstance(values, str) else []
    if not listed:
        raise CourseError(f"{name}={values!r} is no list of values: give one such as [8, 16].")
    return hyperparameters.Choice(name, listed)


@keras.utils.register_keras_serializable(package="nascourse")
class RescalingBlock(ak.Block):
    """An AutoKeras block that brings pixels from 0..255 to 0..1; AutoKeras has none."""

    def build(self, hp, inputs=None):
        return layers.Rescaling(1 / 255)(tree.flatten(inputs)[0])


@keras.utils.register_keras_serializable(package="nascourse")
class SoftmaxHead(ak.ClassificationHead):
    """A head with a probability for each class; AutoKeras's own has one output for two classes.

    With ``multi_label=True`` AutoKeras takes one-hot labels of two classes as it takes others.
    """

    def infer_loss(self) -> keras.losses.Loss:
        return keras.losses.CategoricalCrossentropy()
