"""A trained network for a small device: converted to LiteRT, quantized, and run.

LiteRT, which was called TensorFlow Lite until 2024, is a format for finished networks and a small
program that runs them.  A network in this format is one piece of bytes:

>>> from nascourse.methods import litert
>>> small = litert.convert(model, quantize="full", images=splits.x_train[:200])  # doctest: +SKIP
>>> len(small)                                                                   # doctest: +SKIP
>>> litert.predict(small, splits.x_val)                                          # doctest: +SKIP

It is made for one image at a time.  Whatever the numbers inside it, it takes images in uint8 as
the Keras network did.  To ship it, write the bytes to a file that ends in ``.tflite``.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable

# This loads Keras silently, so it comes first.
from nascourse._engine.backend import needs_tensorflow, silent_error_stream
import keras
import numpy as np
import tensorflow as tf

from nascourse import CourseError
from nascourse.evaluation import Latency, time_calls

needs_tensorflow(__name__)

QUANTIZATIONS = (None, "weights", "full")


def convert(
    model: keras.Model, *, quantize: str | None = None, images: np.ndarray | None = None
) -> bytes:
    """Convert a trained network to LiteRT.

    Parameters
    ----------
    quantize
        None keeps all numbers in float32, four bytes each.  ``"weights"`` stores the larger
        tensors of weights in int8, one byte a number, and still computes layer inputs and outputs
        in float32 (dynamic-range quantization).  ``"full"`` stores and computes everything in
        int8 (full integer quantization; Jacob et al. 2018).
    images
        Some hundred typical images, uint8 of shape (n, ...), for ``"full"`` only: they show which
        range the numbers inside the network have.  Take training images.
    """
    if quantize not in QUANTIZATIONS:
        raise CourseError(f"quantize={quantize!r} is not known: choose None, 'weights' or 'full'.")
    shape = (1, *model.input_shape[1:])
    if quantize == "full":
        if images is None or not len(images):
            raise CourseError(
                "quantize='full' needs typical images: give for instance "
                "images=splits.x_train[:200]."
            )
        _check_images(images, shape)
        # From whole numbers the converter would keep the first layers in float32.
        weights, image = model.get_weights(), keras.Input(shape[1:])
        model = keras.models.clone_model(model, input_tensors=image)
        model.set_weights(weights)
        examples = [[image[None].astype("f4")] for image in images]
    signature = [keras.InputSpec(dtype=model.inputs[0].dtype, shape=shape)]
    with tempfile.TemporaryDirectory() as folder, silent_error_stream():
        model.export(folder, input_signature=signature, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if quantize:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "full":
            converter.representative_dataset = lambda: examples
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.uint8
        return converter.convert()


def _check_images(images: np.ndarray, shape: tuple[int, ...]) -> None:
    dtype, given = np.asarray(images).dtype, np.shape(images)
    if dtype != np.uint8 or given[1:] != shape[1:]:
        raise CourseError(
            f"Images of shape {given} in {dtype} do not fit this network: give uint8 images of shape "
            f"(n, {', '.join(map(str, shape[1:]))}), as splits.x_val has them."
        )


def predict(network: bytes, x: np.ndarray) -> np.ndarray:
    """The most probable class of each image, int64 of shape (n,).

    Parameters
    ----------
    network : what `convert` returned
    x : uint8 array of shape (n, ...)
    """
    run, shape = _runner(network)
    _check_images(x, shape)
    return np.array([run(x[i : i + 1]).argmax() for i in range(len(x))], dtype="int64")


def measure_latency(network: bytes, *, warm_up: int = 20, repeats: int = 100) -> Latency:
    """Time the network on one image at a time, as `nascourse.evaluation.measure_latency` does.

    It runs in one thread.
    """
    run, shape = _runner(network)
    image = np.zeros(shape, dtype="uint8")
    return time_calls(lambda: run(image), warm_up=warm_up, repeats=repeats)


def _runner(network: bytes) -> tuple[Callable[[np.ndarray], np.ndarray], tuple[int, ...]]:
    """What runs the network on one image, and the shape that this image has, a leading 1 in it."""
    try:
        with silent_error_stream(), warnings.catch_warnings():
            # The interpreter that comes with TensorFlow is the one of the package ai-edge-litert,
            # and warns that it will be found only there one day.
            warnings.simplefilter("ignore")
            interpreter = tf.lite.Interpreter(model_content=network, num_threads=1)
            interpreter.allocate_tensors()
    except (ValueError, TypeError) as error:
        raise CourseError(
            f"This {type(network).__name__} is no LiteRT network: give the bytes that "
            "litert.convert returned."
        ) from error
    (image,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    scale, zero = image["quantization"]

    def run(x: np.ndarray) -> np.ndarray:
        if scale:  # its pixels are counted in steps of `scale`, which is 1 where white occurs
            x = np.clip(np.rint(x / scale + zero), 0, 255)
        interpreter.set_tensor(image["index"], x.astype(image["dtype"]))
        interpreter.invoke()
        return interpreter.get_tensor(output["index"])[0]

    return run, tuple(image["shape"].tolist())
