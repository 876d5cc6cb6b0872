"""Guesses of a network's quality that need no training: zero-cost proxies.

Each looks at the network once, as it was initialized.  A proxy is good if it ranks networks as
their accuracy would; that the number of parameters is a proxy too, and hard to beat, is the first
thing to know about the others.  All take a network that ends in one dense layer with softmax, which
may be a layer of its own.

References
----------
Tanaka et al. 2020 (SynFlow), Mellor et al. 2021 (NASWOT), Abdelfattah et al. 2021 (gradient norm,
and all of them compared).
"""

from __future__ import annotations

from nascourse._engine.backend import needs_tensorflow  # loads Keras silently, so it comes first
import keras
import numpy as np
import tensorflow as tf

from nascourse import CourseError

needs_tensorflow(__name__)


def synflow(model: keras.Model) -> float:
    """How much signal flows through the network if every weight is positive.

    All weights are replaced by their absolute values, and one image of ones is sent through
    without the final softmax.  The score is the sum over all weights of weight times gradient of
    the summed outputs.  It needs no data.
    """
    weights = model.get_weights()
    white = tf.fill((1, *model.input_shape[1:]), tf.constant(255, tf.uint8))  # ones, once rescaled
    variables = model.trainable_variables
    try:
        model.set_weights([np.abs(weight) for weight in weights])
        with tf.GradientTape() as tape:
            flow = tf.reduce_sum(_logits(model)(white))
        gradients = tape.gradient(flow, variables)
        return float(sum(tf.reduce_sum(w * g) for w, g in zip(variables, gradients)))
    finally:
        model.set_weights(weights)


def naswot(model: keras.Model, x: np.ndarray) -> float:
    """How differently the network's ReLUs react to different images.

    The code of an image says which ReLU outputs are positive.  Two images have the kernel value
    "number of outputs minus Hamming distance of their codes"; the score is the logarithm of the
    determinant of this matrix: high if no two images look alike to the network.
    """
    outputs = [layer.output for layer in model.layers if _is_relu(layer)]
    if not outputs:
        raise CourseError("This network has no ReLU, so its images have no codes.")
    maps = keras.Model(model.input, outputs)(x)
    maps = maps if isinstance(maps, (list, tuple)) else [maps]
    positive = np.concatenate([np.reshape(values, (len(x), -1)) > 0 for values in maps], axis=1)
    codes = positive.astype(np.float32)
    kernel = codes @ codes.T + (1 - codes) @ (1 - codes).T
    return float(np.linalg.slogdet(kernel.astype(np.float64))[1])


def grad_norm(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """The Euclidean norms of the gradients of each kernel, summed, for one batch of images."""
    kernels = [v for v in model.trainable_variables if v.name.endswith("kernel")]
    with tf.GradientTape() as tape:
        losses = keras.losses.sparse_categorical_crossentropy(y, model(x, training=True))
        loss = tf.reduce_mean(losses)
    return float(sum(tf.norm(gradient) for gradient in tape.gradient(loss, kernels)))


def _is_relu(layer: keras.Layer) -> bool:
    is_activation = getattr(layer, "activation", None) is keras.activations.relu
    return is_activation or isinstance(layer, keras.layers.ReLU)


def _logits(model: keras.Model) -> keras.Model:
    """The network without its final softmax, on the same weights."""
    *_, before, last = model.layers
    if isinstance(last, keras.layers.Softmax):  # as a layer of its own
        last = before
    if not isinstance(last, keras.layers.Dense):
        raise CourseError(f"This network does not end in a dense layer, but in {last.name}.")
    logits = keras.ops.matmul(last.input, last.kernel) + last.bias
    return keras.Model(model.input, logits)
