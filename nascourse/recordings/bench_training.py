"""How the networks of MNIST-NAS-Bench are trained: images, seeds, and graphs that runs share.

`make_bench_table.py` trains the table's networks with this, other scripts networks of their own.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from nascourse import data

# TensorFlow is imported late: the process that starts the others does not need it.

EPOCHS = 12
BATCH = 64
EVALUATION_BATCH = 250  # a divisor of 1,000, 4,000 and 10,000
VALIDATION, SMALL_VALIDATION = 500, 100  # images of each digit
CURVES = ("loss", "val_loss", "val_right", "small_right", "test_right")  # one value an epoch


class Images(NamedTuple):
    """Images that train, and those that judge after each epoch.

    The judging ones are the small validation set, the rest of the validation set and the test
    set, in this order.
    """

    x: Any  # uint8, shape (n, 28, 28, 1)
    y: Any
    x_judging: Any
    y_judging: Any
    n_small: int
    n_val: int

    @property
    def n_test(self) -> int:
        return len(self.y_judging) - self.n_val


def load_images(mnist: str | os.PathLike) -> Images:
    """The images of the computation, as arrays.

    Training: what ``load_mnist("bundled")`` trains and validates with; its sealed part stays
    sealed.  Validation: official training images that are not among the bundled 5,000.  Test: the
    official test images, which judge but never train or choose.
    """
    bundled, official = data.load_mnist("bundled"), data.load_mnist(mnist)
    x, y = np.concatenate([bundled.x_train, bundled.x_val]), [bundled.y_train, bundled.y_val]
    test = official.test  # not opened with `open_test_set`, whose count is for a learner's choices
    small, rest = choose_validation(
        np.concatenate([official.x_train, official.x_val]),
        np.concatenate([official.y_train, official.y_val]),
        taken=np.concatenate([x, bundled.test._x, test._x]),
    )
    return Images(
        x,
        np.concatenate(y),
        np.concatenate([small[0], rest[0], test._x]),
        np.concatenate([small[1], rest[1], test._y]),
        n_small=len(small[1]),
        n_val=len(small[1]) + len(rest[1]),
    )


def choose_validation(
    x: np.ndarray, y: np.ndarray, *, taken: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The small validation set and the rest of the large one, each as images and labels.

    Of each digit, the images whose pixels have the smallest SHA-256 are chosen: as good as drawn
    by lot, and the same ones whatever the order of the file.  An image that equals one of
    ``taken``, or one chosen before, is passed over.
    """
    seen = {image.tobytes() for image in taken}
    of_digit: list[list[int]] = [[] for _ in range(data.CLASSES)]
    for place in sorted(
        range(len(x)), key=lambda place: hashlib.sha256(x[place].tobytes()).digest()
    ):
        pixels = x[place].tobytes()
        if len(of_digit[y[place]]) < VALIDATION and pixels not in seen:
            seen.add(pixels)
            of_digit[y[place]].append(place)
    places = np.array(of_digit)
    parts = places[:, :SMALL_VALIDATION].ravel(), places[:, SMALL_VALIDATION:].ravel()
    return [(x[part], y[part]) for part in parts]


def digest(x: np.ndarray, y: np.ndarray) -> str:
    """SHA-256 of the pixels, then of the labels as bytes."""
    return hashlib.sha256(x.tobytes() + y.astype(np.uint8).tobytes()).hexdigest()


class Seeds(NamedTuple):
    """What chance decides in a run: the initial weights and the order of the images."""

    initial: int
    order: int


def initial_seed(network: int, initial: int) -> int:
    """The seed of a network's initial weights: no two networks share one."""
    return int(np.random.SeedSequence([network, initial]).generate_state(1)[0])


def train_runs(
    build: Callable,
    images: Images,
    runs: Iterable[Seeds],
    *,
    network: int,
    epochs: int = EPOCHS,
    judge_each: bool = True,
) -> Iterator[dict[str, Any]]:
    """Train the network once for each run and yield its learning curves.

    The network is turned into a graph once, and an epoch is one call of that graph.  Each run
    puts fresh weights and an optimizer without memory into the same variables, so its outcome is
    that of a network trained alone: the weights that ``set_random_seed(initial_seed(...))`` and
    building give, and the batches of ``default_rng(order).permutation``, epoch by epoch.

    Yields
    ------
    ``initial`` and ``order``; the lists named in `CURVES`, one value an epoch (or only that after
    the last epoch, unless ``judge_each``); and ``seconds``, the processor time of all training
    steps.  What ends in ``right`` counts images.
    """
    import keras
    import tensorflow as tf

    model = build()
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    train_epoch, judge = _epoch_graphs(model, images)
    n, n_judging = len(images.y), len(images.y_judging)

    def restart(initial: int) -> None:
        keras.utils.set_random_seed(initial_seed(network, initial))
        model.set_weights(build().get_weights())
        for variable in optimizer.variables:
            if variable is not optimizer.learning_rate:
                variable.assign(tf.zeros_like(variable))

    train_epoch(tf.range(n))  # the first call compiles, which is not training time
    for run in runs:
        restart(run.initial)
        rng = np.random.default_rng(run.order)
        curves: dict[str, list[float]] = {name: [] for name in CURVES}
        seconds = 0.0
        for epoch in range(1, epochs + 1):
            order = tf.constant(rng.permutation(n).astype(np.int32))
            start = time.process_time()
            loss = float(train_epoch(order))
            seconds += time.process_time() - start
            if judge_each or epoch == epochs:
                small_loss, small = judge(0, images.n_small)
                rest_loss, rest = judge(images.n_small, images.n_val)
                _, test = judge(images.n_val, n_judging)
                val_loss = float(small_loss + rest_loss) / images.n_val
                values = (loss, val_loss, int(small + rest), int(small), int(test))
                for name, value in zip(CURVES, values):
                    curves[name].append(value)
        yield {**run._asdict(), **curves, "seconds": seconds}


def _epoch_graphs(model: Any, images: Images) -> tuple[Callable, Callable]:
    """Two graphs: an epoch of training in a given order; what judging images say.

    The second gives the sum of the losses and the number of images that are right.
    """
    import keras
    import tensorflow as tf

    variables, n = model.trainable_variables, len(images.y)
    cross_entropy = keras.losses.sparse_categorical_crossentropy
    x_train, y_train = tf.constant(images.x), tf.constant(images.y)
    x_judging, y_judging = tf.constant(images.x_judging), tf.constant(images.y_judging)

    @tf.function(autograph=False)
    def train_epoch(order: Any) -> Any:
        def step(begin: Any, total: Any) -> tuple[Any, Any]:
            batch = order[begin : begin + BATCH]  # the last one may be shorter
            x, y = tf.gather(x_train, batch), tf.gather(y_train, batch)
            with tf.GradientTape() as tape:
                losses = cross_entropy(y, model(x, training=True))
                loss = tf.reduce_mean(losses)
            model.optimizer.apply(tape.gradient(loss, variables), variables)
            return begin + BATCH, total + tf.reduce_sum(losses)

        _, total = tf.while_loop(lambda begin, _: begin < n, step, (0, 0.0), parallel_iterations=1)
        return total / n

    @tf.function(autograph=False, input_signature=2 * [tf.TensorSpec([], tf.int32)])
    def judge(begin: Any, end: Any) -> tuple[Any, Any]:
        def part(first: Any, losses: Any, right: Any) -> tuple[Any, Any, Any]:
            y = y_judging[first : first + EVALUATION_BATCH]
            p = model(x_judging[first : first + EVALUATION_BATCH], training=False)
            losses += tf.reduce_sum(cross_entropy(y, p))
            right += tf.math.count_nonzero(tf.argmax(p, axis=1) == y)
            return first + EVALUATION_BATCH, losses, right

        sums = (begin, 0.0, tf.constant(0, tf.int64))
        _, losses, right = tf.while_loop(
            lambda first, *_: first < end, part, sums, parallel_iterations=1
        )
        return losses, right

    return train_epoch, judge


def time_epoch(model: Any, images: Images, *, repeats: int = 3) -> float:
    """Processor seconds of one epoch's training, the median."""
    import tensorflow as tf

    model.optimizer.build(model.trainable_variables)
    train_epoch, _ = _epoch_graphs(model, images)
    order = tf.random.shuffle(tf.range(len(images.y)))
    train_epoch(order)  # the first call compiles
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        float(train_epoch(order))
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))


def use_one_thread() -> None:
    """Before TensorFlow computes anything: two threads would round otherwise than one."""
    import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
