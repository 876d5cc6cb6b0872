"""Gradient-based search: the architecture is learned by descent, as the weights are.

>>> from nascourse import data
>>> from nascourse.methods import darts
>>> splits = data.load_mnist("bundled")
>>> result = darts.search(splits, epochs=20, seed=1)                          # doctest: +SKIP
>>> model = darts.retrain(result.cell(), splits, seed=1)                      # doctest: +SKIP

This is DARTS, first order (Liu, Simonyan & Yang 2019), in the cell of NAS-Bench-201 (Dong & Yang
2020): four nodes, and an *edge* from each to each later one.  A node is the sum of what its edges
bring.  The network is a stem, four copies of the *cell* and a classifier.

Instead of choosing one *operation* for an edge, DARTS mixes all of them.  The *architecture
weights* ``alpha`` hold a number for each operation on each edge, and their softmax says which
share it has in the *mixed operation*:

>>> x = np.ones((1, 7, 7, CHANNELS), np.float32)
>>> kernels = {"conv 1x1": np.zeros((1, 1, CHANNELS, CHANNELS), np.float32),
...            "conv 3x3": np.zeros((3, 3, CHANNELS, CHANNELS), np.float32)}
>>> only_skip = [1.0, 0.0, 0.0, 0.0]
>>> bool(np.all(mixed_operation(x, only_skip, kernels) == x))
True

Shares are numbers, so a gradient says how to change them.  Two steps alternate: `descend` moves
``alpha`` on one half of the training images, and the weights on the other.  In the end the operation
with the largest share stays on each edge (`discretize`), and `build` makes a plain Keras network of
them.

`random_search` is the rival to beat (Li & Talwalkar 2019): the same shared weights, trained on one
random cell a batch, and no ``alpha`` at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nascourse._engine.backend import needs_tensorflow  # loads Keras silently, so it comes first

# isort: split
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers
from sklearn.model_selection import train_test_split

from nascourse import CourseError, whole_number
from nascourse.data import CLASSES, SIDE, Splits
from nascourse.search import Observer, watched

needs_tensorflow(__name__)

OPERATIONS = ("skip", "pool 3x3", "conv 1x1", "conv 3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
EDGE_NAMES = tuple(f"{start}→{end}" for start, end in EDGES)
CELLS, CHANNELS = 4, 8
BATCH = 64
JUDGED_BATCH = 200
WEIGHT_RATE, ALPHA_RATE = 0.05, 0.02
RETRAIN_RATE, RETRAIN_EPOCHS = 5e-3, 12
EPSILON = 1e-3  # of the normalization

Cell = tuple[str, ...]  # the name of one operation for each edge
Half = tuple[np.ndarray, np.ndarray]  # images and labels


# ---------------------------------------------------------------- the cell


def operate(name: str, x: tf.Tensor, kernels: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """One operation on feature maps; shape and scale stay, so that operations can be mixed."""
    if name == "skip":
        return x
    if name == "pool 3x3":
        return _normalized(tf.nn.avg_pool2d(x, 3, 1, "SAME"))
    return _normalized(tf.nn.conv2d(tf.nn.relu(x), kernels[name], 1, "SAME"))


def mixed_operation(
    x: tf.Tensor, shares: Sequence[float], kernels: Mapping[str, tf.Tensor]
) -> tf.Tensor:
    """The sum of all operations on ``x``, each times its share."""
    by_operation = zip(OPERATIONS, tf.unstack(tf.convert_to_tensor(shares, tf.float32)))
    return tf.add_n([share * operate(name, x, kernels) for name, share in by_operation])


def _chosen_operation(
    x: tf.Tensor, choice: tf.Tensor, kernels: Mapping[str, tf.Tensor]
) -> tf.Tensor:
    """One operation alone, by its number: the others are not even computed."""
    branches = [lambda name=name: operate(name, x, kernels) for name in OPERATIONS]
    return tf.switch_case(choice, branches)


def _cell(operation: Callable) -> Callable:
    """Nodes and edges around an operation; compiled once for all copies of the cell."""

    @tf.function(autograph=False, reduce_retracing=True)
    def cell(x: tf.Tensor, by_edge: tf.Tensor, kernels: Mapping[str, tf.Tensor]) -> tf.Tensor:
        nodes = [x]
        for node in (1, 2, 3):
            incoming = [
                operation(nodes[start], by_edge[edge], _kernels_of(kernels, edge))
                for edge, (start, end) in enumerate(EDGES)
                if end == node
            ]
            nodes.append(tf.add_n(incoming))
        return nodes[-1]

    return cell


def _kernels_of(kernels: Mapping[str, tf.Tensor], number: int) -> dict[str, tf.Tensor]:
    """Those of one copy of the cell, or of one edge: the first axis counts them."""
    return {name: kernel[number] for name, kernel in kernels.items()}


def _normalized(x: tf.Tensor) -> tf.Tensor:
    """Mean 0 and deviation 1 in the feature maps of each image."""
    mean, variance = tf.nn.moments(x, [1, 2, 3], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + EPSILON)


# ---------------------------------------------------------------- the mixed network


class MixedNetwork:
    """Stem, cells and classifier, with every operation on every edge.

    Attributes
    ----------
    alpha : the architecture weights, a `tf.Variable` of shape (edges, operations)
    weights : all other weights, a list of `tf.Variable`
    """

    def __init__(self, *, seed: int = 0):
        rng = np.random.default_rng(whole_number("seed", seed, at_least=0))

        def variable(*shape: int, before: int = 0) -> tf.Variable:
            """He et al.'s first weights (2015); the axes ``before`` count copies."""
            deviation = np.sqrt(2 / np.prod(shape[before:-1]))
            return tf.Variable(rng.normal(0, deviation, shape).astype(np.float32))

        copies, channels = (CELLS, len(EDGES)), (CHANNELS, CHANNELS)
        self.stem = variable(3, 3, 1, CHANNELS)
        self.kernels = {
            "conv 1x1": variable(*copies, 1, 1, *channels, before=2),
            "conv 3x3": variable(*copies, 3, 3, *channels, before=2),
        }
        self.dense = variable(4 * CHANNELS, CLASSES)
        self.bias = tf.Variable(tf.zeros(CLASSES))
        self.weights = [self.stem, *self.kernels.values(), self.dense, self.bias]
        # Almost equal shares, as in the paper.
        start = rng.normal(0, 1e-3, (len(EDGES), len(OPERATIONS)))
        self.alpha = tf.Variable(start.astype(np.float32))
        self._mixed, self._chosen = _cell(mixed_operation), _cell(_chosen_operation)
        self._judge_mixture, self._judge_path = (
            tf.function(logits, autograph=False, reduce_retracing=True)
            for logits in (self.logits, self.path_logits)
        )

    def shares(self) -> tf.Tensor:
        """The softmax of ``alpha`` on each edge."""
        return tf.nn.softmax(self.alpha)

    def logits(self, x: tf.Tensor, shares: tf.Tensor | None = None) -> tf.Tensor:
        """The ten outputs before the softmax, for uint8 images and the given or its own shares."""
        return self._through(self._mixed, x, self.shares() if shares is None else shares)

    def path_logits(self, x: tf.Tensor, choices: tf.Tensor) -> tf.Tensor:
        """The same with one operation on each edge, given by its number in `OPERATIONS`."""
        return self._through(self._chosen, x, choices)

    def _through(self, cell: Callable, x: tf.Tensor, by_edge: tf.Tensor) -> tf.Tensor:
        x = tf.nn.conv2d(tf.cast(x, tf.float32) / 255, self.stem, 2, "SAME")
        x = _normalized(tf.nn.max_pool2d(x, 2, 2, "SAME"))
        for copy in range(CELLS):
            x = cell(x, by_edge, _kernels_of(self.kernels, copy))
        x = tf.nn.avg_pool2d(tf.nn.relu(x), 4, 4, "SAME")
        return tf.reshape(x, (-1, 4 * CHANNELS)) @ self.dense + self.bias

    def accuracy(self, x: np.ndarray, y: np.ndarray, cell: Cell | None = None) -> float:
        """The share of images that are read right: by the mixture, or by one cell cut out of it."""
        if cell is None:
            by_edge, judge = self.shares(), self._judge_mixture
        else:
            by_edge, judge = numbers(cell), self._judge_path
        classes = [
            judge(x[begin : begin + JUDGED_BATCH], by_edge).numpy().argmax(axis=1)
            for begin in range(0, len(y), JUDGED_BATCH)
        ]
        return float(np.mean(np.concatenate(classes) == y))

    def inherit(self, cell: Cell) -> keras.Model:
        """The network of this cell from `build`, with the weights that it has in the mixture."""
        kernels = [
            self.kernels[operation][copy, edge].numpy()
            for copy in range(CELLS)
            for edge, operation in enumerate(cell)
            if operation in self.kernels
        ]
        model = build(cell)
        model.set_weights([self.stem.numpy(), *kernels, self.dense.numpy(), self.bias.numpy()])
        return model


def numbers(cell: Cell) -> np.ndarray:
    """The number of each operation in `OPERATIONS`, one for each edge."""
    cell = tuple(cell) if isinstance(cell, Sequence) and not isinstance(cell, str) else cell
    if not isinstance(cell, tuple) or len(cell) != len(EDGES) or not set(cell) <= set(OPERATIONS):
        raise CourseError(
            f"{cell} is no cell: give {len(EDGES)} operations, each one of {', '.join(OPERATIONS)}."
        )
    return np.array([OPERATIONS.index(operation) for operation in cell], np.int32)


def discretize(shares: np.ndarray) -> Cell:
    """The cell with the strongest operation on each edge.

    ``shares`` has a row for each edge and a column for each operation; ``alpha`` itself will do, as
    the softmax keeps the order.
    """
    shares = np.asarray(shares)
    if shares.shape != (len(EDGES), len(OPERATIONS)):
        raise CourseError(
            f"Shares of the shape {shares.shape} are not possible: give a row for each of the "
            f"{len(EDGES)} edges and a column for each of the {len(OPERATIONS)} operations."
        )
    return tuple(OPERATIONS[best] for best in shares.argmax(axis=1))


def build(cell: Cell) -> keras.Model:
    """The plain Keras network with one operation on each edge, compiled."""
    numbers(cell)  # refuses what is no cell
    image = keras.Input((SIDE, SIDE, 1), dtype="uint8")
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(CHANNELS, 3, 2, padding="same", use_bias=False)(x)
    x = _normalization()(layers.MaxPooling2D(2, padding="same")(x))
    for _ in range(CELLS):
        nodes = [x]
        for node in (1, 2, 3):
            incoming = [
                _applied(operation, nodes[start])
                for operation, (start, end) in zip(cell, EDGES)
                if end == node
            ]
            nodes.append(layers.add(incoming) if len(incoming) > 1 else incoming[0])
        x = nodes[-1]
    x = layers.AveragePooling2D(4, padding="same")(layers.ReLU()(x))
    x = layers.Dense(CLASSES, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(image, x)
    model.compile(
        optimizer=keras.optimizers.Adam(RETRAIN_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _applied(operation: str, x: keras.KerasTensor) -> keras.KerasTensor:
    """An operation as Keras layers."""
    if operation == "skip":
        return x
    if operation == "pool 3x3":
        return _normalization()(layers.AveragePooling2D(3, 1, padding="same")(x))
    window = int(operation[-1])
    convolution = layers.Conv2D(CHANNELS, window, padding="same", use_bias=False)
    return _normalization()(convolution(layers.ReLU()(x)))


def _normalization() -> keras.Layer:
    return layers.LayerNormalization((1, 2, 3), epsilon=EPSILON, center=False, scale=False)


# ---------------------------------------------------------------- the descent


def descend(
    loss: Callable[..., tf.Tensor],
    variables: Sequence[tf.Variable],
    optimizer: keras.optimizers.Optimizer,
) -> Callable[..., tf.Tensor]:
    """A function that makes one step of descent in these variables, and in no others.

    The two steps of the paper's Algorithm 1 differ in what they move and in the images they see.
    First order means that the step of ``alpha`` takes the weights as they are: it does not ask how
    they would answer, which would take second derivatives.

    Returns
    -------
    Called with a batch, it hands it to ``loss``, moves the variables, and returns the loss.
    """
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step(*batch: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(*batch)
        optimizer.apply(tape.gradient(value, variables), variables)
        return value

    return step


@dataclass(frozen=True, repr=False)
class SearchResult:
    """What a gradient-based search has seen, epoch by epoch.

    Attributes
    ----------
    network : the mixed network at the end
    shares : one row an epoch, from 0 for the start; a column for each (edge, operation)
    table : for each epoch the loss on the first half, the accuracy of the mixture and of the cell
        cut out of it, both on the validation images, the skips of the cell, and processor seconds
    """

    network: MixedNetwork
    shares: pd.DataFrame
    table: pd.DataFrame

    def cell(self, epoch: int | None = None) -> Cell:
        """The strongest operation on each edge after this epoch, by default the last."""
        last = len(self.shares) - 1
        epoch = last if epoch is None else whole_number("epoch", epoch, at_least=0, at_most=last)
        return discretize(self.shares.loc[epoch].to_numpy().reshape(len(EDGES), len(OPERATIONS)))

    def __repr__(self) -> str:
        return f"SearchResult({', '.join(self.cell())} after {len(self.shares) - 1} epochs)"


def halves(splits: Splits, *, seed: int = 0) -> tuple[Half, Half]:
    """The training images in two halves, each digit in equal proportion: two pairs (x, y)."""
    if len(splits.y_train) < 2 * BATCH:
        raise CourseError(
            f"{len(splits.y_train)} training images are too few: a search needs two batches of "
            f"{BATCH}, one for the weights and one for alpha."
        )
    seed = whole_number("seed", seed, at_least=0)
    x_one, x_other, y_one, y_other = train_test_split(
        splits.x_train, splits.y_train, test_size=0.5, stratify=splits.y_train, random_state=seed
    )
    return (x_one, y_one), (x_other, y_other)


def search(
    splits: Splits,
    *,
    epochs: int = 20,
    seed: int = 0,
    warm_up: int = 0,
    observer: Observer | None = None,
) -> SearchResult:
    """Learn weights and architecture weights in turns: DARTS, first order.

    Parameters
    ----------
    epochs
        How often each half is seen.
    seed
        Of the first weights, the halves and the order of the images.
    warm_up
        Epochs at the start in which ``alpha`` rests, and only the weights learn.
    observer
        Is notified of the epochs, as of those of one trial; by default a progress bar.
    """
    epochs = whole_number("epochs", epochs, at_least=1)
    warm_up = whole_number("warm_up", warm_up, at_least=0, at_most=epochs)
    network = MixedNetwork(seed=seed)
    weight_half, alpha_half = halves(splits, seed=seed)
    rng = np.random.default_rng(seed)

    def loss(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        return _cross_entropy(y, network.logits(x))

    alpha_step = descend(loss, [network.alpha], keras.optimizers.Adam(ALPHA_RATE, beta_1=0.5))
    weight_step = descend(loss, network.weights, _weight_optimizer(epochs, weight_half))

    shares, rows = [network.shares().numpy().ravel()], []
    start = time.process_time()
    for epoch in _epochs(epochs, observer):
        losses = []
        for weight_batch, alpha_batch in zip(_batches(weight_half, rng), _batches(alpha_half, rng)):
            if epoch > warm_up:
                alpha_step(*alpha_batch)
            losses.append(weight_step(*weight_batch))
        shares.append(network.shares().numpy().ravel())
        seconds = time.process_time() - start
        cell = discretize(network.alpha)
        rows.append(
            {
                "epoch": epoch,
                "loss": float(np.mean(losses)),
                "mixed": network.accuracy(splits.x_val, splits.y_val),
                "discretized": network.accuracy(splits.x_val, splits.y_val, cell),
                "skips": cell.count("skip"),
                "seconds": seconds,
            }
        )
        start += time.process_time() - start - seconds  # looking is not searching
    columns = pd.MultiIndex.from_product([EDGE_NAMES, OPERATIONS], names=["edge", "operation"])
    history = pd.DataFrame(shares, columns=columns).rename_axis("epoch")
    return SearchResult(network, history, pd.DataFrame(rows).set_index("epoch"))


def random_search(
    splits: Splits,
    *,
    epochs: int = 90,
    judged: int = 60,
    seed: int = 0,
    observer: Observer | None = None,
) -> pd.DataFrame:
    """Random search with weight sharing: train one random cell a batch, then judge random cells.

    Weights learn from one half of the training images, cells are judged by the other, as in `search`.

    Parameters
    ----------
    epochs
        How often the first half is seen, by one cell or another.
    judged
        How many cells are drawn and judged with the shared weights.

    Returns
    -------
    One row a cell, the best first, with its accuracy on the second half.  ``attrs["seconds"]`` holds
    the processor time of training and judging.
    """
    epochs = whole_number("epochs", epochs, at_least=1)
    judged = whole_number("judged", judged, at_least=1)
    network = MixedNetwork(seed=seed)
    weight_half, judge_half = halves(splits, seed=seed)
    rng = np.random.default_rng(seed)

    def loss(x: tf.Tensor, y: tf.Tensor, choices: tf.Tensor) -> tf.Tensor:
        return _cross_entropy(y, network.path_logits(x, choices))

    path_step = descend(loss, network.weights, _weight_optimizer(epochs, weight_half))
    start = time.process_time()
    for _ in _epochs(epochs, observer):
        for batch in _batches(weight_half, rng):
            path_step(*batch, numbers(random_cell(rng)))
    cells = dict.fromkeys(random_cell(rng) for _ in range(judged))  # each once
    rows = [{"cell": cell, "accuracy": network.accuracy(*judge_half, cell)} for cell in cells]
    table = pd.DataFrame(rows).sort_values("accuracy", ascending=False, kind="stable")
    table.attrs["seconds"] = time.process_time() - start
    return table.reset_index(drop=True)


def random_cell(rng: np.random.Generator) -> Cell:
    """One operation for each edge, each drawn uniformly."""
    return tuple(OPERATIONS[number] for number in rng.integers(len(OPERATIONS), size=len(EDGES)))


def retrain(
    cell: Cell, splits: Splits, *, epochs: int = RETRAIN_EPOCHS, seed: int = 0
) -> keras.Model:
    """Train the network of a cell alone, from new weights, on all training images."""
    keras.utils.set_random_seed(whole_number("seed", seed, at_least=0))
    model = build(cell)
    model.fit(splits.x_train, splits.y_train, epochs=epochs, batch_size=BATCH, verbose=0)
    return model


def _cross_entropy(y: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))


def _weight_optimizer(epochs: int, half: Half) -> keras.optimizers.Optimizer:
    """The paper's: momentum, a rate that falls along a cosine, gradients cut at the norm 5."""
    steps = epochs * (len(half[1]) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(WEIGHT_RATE, steps)
    return keras.optimizers.SGD(rate, momentum=0.9, global_clipnorm=5.0)


def _batches(half: Half, rng: np.random.Generator) -> Iterator[Half]:
    """Full batches in random order; the few images that are left wait for the next epoch."""
    x, y = half
    order = rng.permutation(len(y))
    for begin in range(0, len(y) - BATCH + 1, BATCH):
        batch = order[begin : begin + BATCH]
        yield x[batch], y[batch]


def _epochs(epochs: int, observer: Observer | None) -> Iterator[int]:
    """The epochs from 1; the observer is notified of the end of each."""
    with watched(observer, epochs) as watcher:
        for epoch in range(1, epochs + 1):
            yield epoch
            watcher.epoch_end(1, epoch, {})
