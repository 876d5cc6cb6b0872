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
share it has in the *mixed operation*.  Shares are numbers, so a gradient says how to change them.
Two steps alternate: `descend` moves ``alpha`` on one half of the training images, and the weights
on the other.  In the end the operation with the largest share stays on each edge (`discretize`),
`build` makes a plain Keras network of them, and `retrain` trains it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nascourse._engine.backend import needs_tensorflow  # loads Keras silently, so it comes first
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers
from sklearn.model_selection import train_test_split

from nascourse import CourseError, whole_number
from nascourse._engine import feeding
from nascourse.data import CLASSES, SIDE, Splits, require_digits
from nascourse.search import Observer, watched

needs_tensorflow(__name__)

OPERATIONS = ("skip", "pool 3x3", "conv 1x1", "conv 3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
EDGE_NAMES = tuple(f"{start}→{end}" for start, end in EDGES)
CELLS, CHANNELS = 4, 8
BATCH = 64
WEIGHT_RATE, ALPHA_RATE = 0.05, 0.02
RETRAIN_RATE, RETRAIN_EPOCHS = 5e-3, 12
EPSILON = 1e-3  # of the normalization

Cell = tuple[str, ...]  # the name of one operation for each edge
Half = tuple[np.ndarray, np.ndarray]  # images and labels


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


@tf.function(autograph=False, reduce_retracing=True)  # one graph serves all copies of the cell
def _cell(x: tf.Tensor, by_edge: tf.Tensor, kernels: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """The last node, from shares or from one chosen operation on each edge."""
    operation = mixed_operation if by_edge.dtype.is_floating else _chosen_operation

    def brings(edge: int, start: tf.Tensor) -> tf.Tensor:
        return operation(start, by_edge[edge], _kernels_of(kernels, edge))

    return _last_node(x, brings, tf.add_n)


def _last_node(x: Any, brings: Callable[[int, Any], Any], add: Callable[[list], Any]) -> Any:
    """What leaves a cell; each node is the sum of what its edges make of earlier ones."""
    nodes = [x]
    for node in (1, 2, 3):
        incoming = [
            brings(edge, nodes[start]) for edge, (start, end) in enumerate(EDGES) if end == node
        ]
        nodes.append(add(incoming) if len(incoming) > 1 else incoming[0])
    return nodes[-1]


def _kernels_of(kernels: Mapping[str, tf.Tensor], number: int) -> dict[str, tf.Tensor]:
    """Those of one copy of the cell, or of one edge: the first axis counts them."""
    return {name: kernel[number] for name, kernel in kernels.items()}


def _normalized(x: tf.Tensor) -> tf.Tensor:
    """Mean 0 and deviation 1 in the feature maps of each image."""
    mean, variance = tf.nn.moments(x, [1, 2, 3], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + EPSILON)


class MixedNetwork:
    """Stem, cells and classifier, with every operation on every edge.

    Attributes
    ----------
    alpha : the architecture weights, a `tf.Variable` of shape (edges, operations)
    weights : all other weights, a list of `tf.Variable`
    """

    def __init__(self, *, seed: int = 0):
        rng = np.random.default_rng(whole_number("seed", seed, at_least=0))

        def variable(*shape: int) -> tf.Variable:
            """He et al.'s first weights (2015); axes before the last four count copies."""
            deviation = np.sqrt(2 / np.prod(shape[-4:-1]))
            return tf.Variable(rng.normal(0, deviation, shape).astype(np.float32))

        self.stem = variable(3, 3, 1, CHANNELS)
        self.kernels = {
            f"conv {side}x{side}": variable(CELLS, len(EDGES), side, side, CHANNELS, CHANNELS)
            for side in (1, 3)
        }
        self.dense = variable(4 * CHANNELS, CLASSES)
        self.bias = tf.Variable(tf.zeros(CLASSES))
        self.weights = [self.stem, *self.kernels.values(), self.dense, self.bias]
        # Almost equal shares, as in the paper.
        start = rng.normal(0, 1e-3, (len(EDGES), len(OPERATIONS)))
        self.alpha = tf.Variable(start.astype(np.float32))

    def shares(self) -> tf.Tensor:
        """The softmax of ``alpha`` on each edge."""
        return tf.nn.softmax(self.alpha)

    def logits(self, x: tf.Tensor, by_edge: tf.Tensor | None = None) -> tf.Tensor:
        """The ten outputs before the softmax, for uint8 images.

        ``by_edge`` holds the shares of all operations on each edge, by default the network's own,
        or the number of one operation for each edge, and then only these are computed.
        """
        by_edge = tf.convert_to_tensor(self.shares() if by_edge is None else by_edge)
        x = tf.nn.conv2d(tf.cast(x, tf.float32) / 255, self.stem, 2, "SAME")
        x = _normalized(tf.nn.max_pool2d(x, 2, 2, "SAME"))
        for copy in range(CELLS):
            x = _cell(x, by_edge, _kernels_of(self.kernels, copy))
        x = tf.nn.avg_pool2d(tf.nn.relu(x), 4, 4, "SAME")
        return tf.reshape(x, (-1, 4 * CHANNELS)) @ self.dense + self.bias

    def accuracy(self, x: np.ndarray, y: np.ndarray, cell: Cell | None = None) -> float:
        """The share of images that are read right: by the mixture, or by one cell cut out of it."""
        by_edge = self.shares() if cell is None else numbers(cell)
        return float(np.mean(self.logits(x, by_edge).numpy().argmax(axis=1) == y))

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
    try:
        chosen = [OPERATIONS.index(operation) for operation in cell]
    except (TypeError, ValueError):
        chosen = []
    if len(chosen) != len(EDGES):
        raise CourseError(
            f"{cell} is no cell: give {len(EDGES)} operations, each one of {', '.join(OPERATIONS)}."
        )
    return np.array(chosen, np.int32)


def discretize(shares: np.ndarray) -> Cell:
    """The cell with the strongest operation on each edge: a row of ``shares`` is an edge.

    ``alpha`` itself will do, as the softmax keeps the order.
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
        x = _last_node(x, lambda edge, start: _applied(cell[edge], start), layers.add)
    x = layers.AveragePooling2D(4, padding="same")(layers.ReLU()(x))
    x = layers.Dense(CLASSES, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(image, x)
    optimizer = keras.optimizers.Adam(RETRAIN_RATE)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
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


def descend(
    loss: Callable[..., tf.Tensor],
    variables: Sequence[tf.Variable],
    optimizer: keras.optimizers.Optimizer,
) -> Callable[..., tf.Tensor]:
    """A function that makes a step of descent in these variables, and returns its batch's loss.

    The two steps of the paper's Algorithm 1 differ in what they move and in the images they see.
    First order means that the step of ``alpha`` takes the weights as they are: it does not ask how
    they would answer, which would take second derivatives.
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

    def cell(self) -> Cell:
        """The strongest operation on each edge at the end."""
        return discretize(self.network.alpha)

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
    alpha_rate: float = ALPHA_RATE,
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
    alpha_rate
        The learning rate of ``alpha``.
    observer
        Is notified of the epochs, as of those of one trial; by default a progress bar.
    """
    epochs = whole_number("epochs", epochs, at_least=1)
    warm_up = whole_number("warm_up", warm_up, at_least=0, at_most=epochs)
    require_digits(splits)
    network = MixedNetwork(seed=seed)
    weight_half, alpha_half = halves(splits, seed=seed)
    rng = np.random.default_rng(seed)

    def loss(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        return cross_entropy(y, network.logits(x))

    alpha_step = descend(loss, [network.alpha], keras.optimizers.Adam(alpha_rate, beta_1=0.5))
    weight_step = descend(loss, network.weights, weight_optimizer(epochs, weight_half))

    shares, rows, seconds = [network.shares().numpy().ravel()], [], 0.0
    with watched(observer, epochs) as watcher:
        for epoch in range(1, epochs + 1):
            start, losses = time.process_time(), []
            for images, others in zip(batches(weight_half, rng), batches(alpha_half, rng)):
                if epoch > warm_up:
                    alpha_step(*others)
                losses.append(weight_step(*images))
            seconds += time.process_time() - start
            cell = discretize(network.alpha)
            row = {
                "epoch": epoch,
                "loss": float(np.mean(losses)),
                "mixed": network.accuracy(splits.x_val, splits.y_val),
                "discretized": network.accuracy(splits.x_val, splits.y_val, cell),
                "skips": cell.count("skip"),
                "seconds": seconds,
            }
            rows.append(row)
            shares.append(network.shares().numpy().ravel())
            watcher.epoch_end(1, epoch, {})
    columns = pd.MultiIndex.from_product([EDGE_NAMES, OPERATIONS], names=["edge", "operation"])
    history = pd.DataFrame(shares, columns=columns).rename_axis("epoch")
    return SearchResult(network, history, pd.DataFrame(rows).set_index("epoch"))


def random_cell(rng: np.random.Generator) -> Cell:
    """One operation for each edge, each drawn uniformly."""
    return tuple(OPERATIONS[number] for number in rng.integers(len(OPERATIONS), size=len(EDGES)))


def retrain(
    cell: Cell, splits: Splits, *, epochs: int = RETRAIN_EPOCHS, seed: int = 0
) -> keras.Model:
    """Train the network of a cell alone, from new weights, on all training images."""
    epochs = whole_number("epochs", epochs, at_least=1)
    seed = whole_number("seed", seed, at_least=0)
    require_digits(splits)
    keras.utils.set_random_seed(seed)
    model = build(cell)
    images = splits.x_train, splits.y_train
    feeding.fit(model, *images, seed=seed, epochs=epochs, batch_size=BATCH, verbose=0)
    return model


def cross_entropy(y: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))


def weight_optimizer(epochs: int, half: Half) -> keras.optimizers.Optimizer:
    """As in the paper momentum, a rate that falls along a cosine, and gradients cut at the norm 5.

    The rate begins higher than there (0.05, not 0.025), and no weight decays.
    """
    steps = epochs * (len(half[1]) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(WEIGHT_RATE, steps)
    return keras.optimizers.SGD(rate, momentum=0.9, global_clipnorm=5.0)


def batches(half: Half, rng: np.random.Generator) -> Iterator[Half]:
    """Full batches in random order; the few images that are left wait for the next epoch."""
    x, y = half
    order = rng.permutation(len(y))[: len(y) // BATCH * BATCH]
    for batch in order.reshape(-1, BATCH):
        yield x[batch], y[batch]
