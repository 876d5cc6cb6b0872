"""Feed a training: hand it its batches with as little waiting between them as possible.

``model.fit`` on arrays runs one step of gradient descent at a time: it fetches a batch from a
pipeline, goes from Python into a graph, and back.  `fit` trains the same network on the same
arrays with several steps in one execution of a graph, which slices the batches out of images that
it was handed together.  A network thus waits for nothing but its own arithmetic.

Measured on two quiet processors by ``tests/benchmarks/bench_search.py``: a search took 0.51 of the
time of AutoKeras alone with the same networks (8 turns, 0.44 to 0.58; 0.66 of its processor time),
and 0.55 of that of KerasTuner alone (8 turns, 0.49 to 0.70; 0.72).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
import numpy as np
import tensorflow as tf

from nascourse._engine import compat

EXECUTION_SECONDS = 0.25  # what one execution should take: a stop or a pause waits for its end
EXECUTION_BYTES = 2**25  # what it may be handed at once

_REPLACED = ("train_step", "test_step", "make_train_function", "make_test_function")
_NUMBER = tf.TensorSpec((), tf.int64)  # of a step: a batch of images has one dimension at least


def fit(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    seed: int,
    batch_size: int = 32,
    validation_data: Any = None,
    listen: Callable[[], object] = lambda: None,
    **options: Any,
) -> keras.callbacks.History:
    """Train like ``model.fit``, only faster.

    The order of the images is new in every epoch and depends on ``seed`` alone, and how many steps
    an execution takes changes no bit of the result.  A callback that acts between the steps of an
    epoch, for instance on the learning rate, gets them one at a time.

    The images and labels are arrays, also in a file (`numpy.memmap`) larger than the memory.  What
    else ``model.fit`` takes, such as a `tf.data.Dataset`, is handed to it as it is; and so is all
    where Keras computes with another backend, on a GPU with XLA, or where the network brings its own
    training step.  ``listen`` is called before the first batch ends, which takes seconds while
    TensorFlow makes its graph: what it raises ends the training there.
    """
    if not (_are_arrays(x, y) and _takes_plain_steps(model)):
        return model.fit(x, y, batch_size=batch_size, validation_data=validation_data, **options)
    # What is made while a graph is traced makes TensorFlow trace it twice.  A network that cannot
    # be built says so better in its first step.
    with contextlib.suppress(Exception):
        compat.build_by_batch(model, x[:batch_size], y[:batch_size])
    listen()
    single = _act_between_steps(options.get("callbacks") or ())
    steps = _Steps(model, model.train_step, (x, y), batch_size, seed, single=single, listen=listen)
    model.make_train_function(force=True)
    steps.keras_function, model.train_function = model.train_function, steps
    if isinstance(validation_data, tuple) and _are_arrays(*validation_data):
        validation = _Steps(model, model.test_step, validation_data, batch_size)
        model.make_test_function(force=True)
        validation.keras_function, model.test_function = model.test_function, validation
        validation_data = validation.numbers()
    try:
        return model.fit(steps.numbers(), validation_data=validation_data, **options)
    finally:
        model.train_function = model.test_function = None  # Keras makes its own when it needs them


def _are_arrays(x: Any, y: Any = None, *rest: Any) -> bool:
    return isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and not rest


def _takes_plain_steps(model: keras.Model) -> bool:
    return (
        keras.backend.backend() == "tensorflow"
        and all(getattr(type(model), name) is getattr(keras.Model, name) for name in _REPLACED)
        and model.steps_per_execution == 1
        and not (model.run_eagerly or model.jit_compile or tf.config.functions_run_eagerly())
    )


def _act_between_steps(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether a callback does something at each batch of the training.

    Those of KerasTuner only pass on what they hear.
    """
    plain = keras.callbacks.Callback
    hooks = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
    return any(
        hook in vars(callback) or getattr(type(callback), hook) is not getattr(plain, hook)
        for callback in callbacks
        if not type(callback).__module__.startswith("keras_tuner.")
        for hook in hooks
    )


class _Steps:
    """Takes the place of the function that Keras calls for each step of an epoch.

    The first call runs several steps, and the next ones only return what it returned, until those
    steps are used up.  How many: as many as the last execution says will take a quarter of a
    second.

    A callback may let the network train on, or be tested by, other images meanwhile.  These steps
    are left to ``keras_function``, which Keras has made.
    """

    keras_function: Callable[[Any], dict[str, Any]]

    def __init__(
        self,
        model: keras.Model,
        step: Callable[[tuple[tf.Tensor, tf.Tensor]], Any],
        arrays: tuple[np.ndarray, np.ndarray],
        batch_size: int,
        seed: int | None = None,
        *,
        single: bool = False,
        listen: Callable[[], object] = lambda: None,
    ):
        self._x, self._y = arrays
        self._batch_size, self._listen = batch_size, listen
        self._steps = -(-len(self._y) // batch_size)
        self._rng = None if seed is None else np.random.default_rng(seed)
        fitting = EXECUTION_BYTES // (batch_size * max(1, self._x[:1].nbytes))
        self._most = 1 if single else max(1, fitting)
        self._at_once, self._executions, self._iterator = 1, 0, None

        def execute(x: tf.Tensor, y: tf.Tensor) -> dict[str, tf.Tensor]:
            n_images = tf.shape(y)[0]

            def take_step(first: tf.Tensor) -> tf.Tensor:
                step((x[first : first + batch_size], y[first : first + batch_size]))
                listen()  # once, while the graph is made
                return first + batch_size

            loop = tf.while_loop(
                lambda first: first < n_images, take_step, [0], parallel_iterations=1
            )
            with tf.control_dependencies(loop):
                return model.get_metrics_result()

        shapes = [tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in arrays]
        self._execute = tf.function(execute, input_signature=shapes, autograph=False)

    def numbers(self) -> tf.data.Dataset:
        """What Keras iterates over: the numbers of the steps, which nobody reads."""
        options = tf.data.Options()
        # The thread that tunes sleeps, and the end of a training would wait until it wakes up.
        options.autotune.enabled = False
        return tf.data.Dataset.range(self._steps).with_options(options)

    def __call__(self, iterator: Any) -> dict[str, Any]:
        if iterator is not self._iterator:  # an epoch begins
            if getattr(iterator, "element_spec", None) != _NUMBER:  # not of ours
                return self.keras_function(iterator)
            self._iterator, self._taken, self._executed = iterator, 0, 0
            n_images = len(self._y)
            self._order = (
                np.arange(n_images) if self._rng is None else self._rng.permutation(n_images)
            )
        if self._taken == self._executed:
            self._run_ahead()
        self._taken += 1
        return self._logs

    def _run_ahead(self) -> None:
        steps = min(self._at_once, self._steps - self._executed)
        first = self._executed * self._batch_size
        images = self._order[first : first + steps * self._batch_size]
        began = time.perf_counter()
        if not self._executions:
            self._execute.get_concrete_function()
            self._listen()
        logs = self._execute(self._x[images], self._y[images])
        self._logs = {name: _as_in_keras(value.numpy()) for name, value in logs.items()}
        seconds = time.perf_counter() - began
        self._executed += steps
        self._executions += 1
        if self._executions > 1:  # the first one includes the tracing
            ahead = int(steps * EXECUTION_SECONDS / seconds)
            self._at_once = min(max(1, ahead), self._most)


def _as_in_keras(value: np.ndarray) -> float | np.ndarray:
    """A metric as Keras logs it: some have a value for each class."""
    return float(value.item()) if value.size == 1 else value
