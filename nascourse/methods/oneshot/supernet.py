"""The supernet: one vector of weights, its training, and its judgement of every network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from nascourse import CourseError, spaces, trials, whole_number
from nascourse._engine.ranges import is_active
from nascourse.data import SIDE, Splits, require_digits
from nascourse.methods.oneshot import networks
from nascourse.search import Observer, watched

EPOCHS = 200  # of the supernet; 17 of its 1,248 networks, trained singly, would take as many
BATCH = 64
LEARNING_RATE = 8e-3  # at the start; a network alone has less, but is trained with every batch
JUDGED_BATCH = 200  # small enough for a core's cache
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # of Adam, as Keras has them
# The hyperparameters that every network has:
OF_ALL = ("body/blocks", "body/halving", "body/skip", "conv/kind", "conv/kernel", "head")


class Supernet:
    """All networks of `nascourse.spaces.bench_space`, on one vector of weights.

    Parameters
    ----------
    separate
        Hyperparameters by which the weights are *not* shared: networks that differ in one of them
        have no weight in common.  With none of them, networks share whatever has the same place.
    seed
        Of the first weights: uniform, kernels within the limits of Glorot & Bengio (2010), and the
        last layer within 0.8 to 0.9 of its own.

    Attributes
    ----------
    weights : the vector, a `tf.Variable`
    """

    def __init__(self, *, separate: str | Sequence[str] = (), seed: int = 0):
        seed = whole_number("seed", seed, at_least=0)
        self._separate = (separate,) if isinstance(separate, str) else tuple(separate)
        for name in self._separate:
            if name not in OF_ALL:
                raise CourseError(
                    f"separate={name!r} is not possible: name any of {', '.join(OF_ALL)}."
                )
        banks = networks.Banks(np.random.default_rng(seed))
        self._paths = {
            _key(setting): networks.path_of(setting, banks, separate=self._separate)
            for setting in _all_settings()
        }
        self.weights = tf.Variable(np.concatenate(banks.values), name="weights")
        # Adam's memory, one for each weight: two moments, and how often it has been trained.
        self._memory = [tf.Variable(tf.zeros_like(self.weights)) for _ in range(3)]
        self._steps: dict[tuple, Callable] = {}

    def __repr__(self) -> str:
        return f"Supernet({len(self._paths):,} networks on {self.weights.shape[0]:,} weights)"

    def path(self, setting: Mapping[str, Any]) -> list[np.ndarray]:
        """Where the network's weights lie in `weights`.

        Returns
        -------
        One array of indices for each weight array of the Keras network, with its shape, in the
        order of ``model.get_weights()``.
        """
        try:
            return self._paths[_key(setting)]
        except (KeyError, TypeError):
            raise CourseError(
                f"{dict(setting)} is no network of bench_space: take one of "
                "spaces.settings(spaces.bench_space)."
            ) from None

    def inherit(self, setting: Mapping[str, Any]) -> keras.Model:
        """The standalone Keras network, compiled, with the weights that it inherits."""
        path, weights = self.path(setting), self.weights.numpy()
        model = spaces.built(spaces.bench_space, setting)
        model.set_weights([weights[indices] for indices in path])
        return model

    def train_step(
        self,
        setting: Mapping[str, Any],
        x: np.ndarray,
        y: np.ndarray,
        *,
        learning_rate: float = LEARNING_RATE,
    ) -> tf.Tensor:
        """Train the weights on the network's path with one batch; return its mean loss.

        The update is Adam's (Kingma & Ba 2015).  Each weight has its own memory and its own count
        of steps, so to a network whose weights nobody else touches this is Keras's Adam.
        """
        path = self.path(setting)
        structure = _structure(setting)
        if structure not in self._steps:
            self._steps[structure] = self._compiled_step(dict(structure), path)
        return self._steps[structure](x, y, learning_rate, path)

    def rank(
        self, splits: Splits, settings: Sequence[Mapping[str, Any]] | None = None
    ) -> pd.DataFrame:
        """Judge networks on the validation images with the weights that they inherit.

        Networks that begin alike share the feature maps of their first blocks.

        Parameters
        ----------
        settings
            Which networks; by default all of the space, in the order of `spaces.settings`.

        Returns
        -------
        The trial table, one row a network.  None of them was trained alone, so ``epochs`` is 0;
        FLOPs and architecture, which only a Keras network says of itself, are missing.
        """
        settings = _all_settings() if settings is None else list(settings)
        paths = [self.path(setting) for setting in settings]
        n = len(splits.y_val)
        right, loss = np.zeros((2, len(settings)))
        for begin in range(0, n, JUDGED_BATCH):
            x, y = (part[begin : begin + JUDGED_BATCH] for part in (splits.x_val, splits.y_val))
            logits = np.stack([logits for _, logits in sorted(self.logits_of_all(settings, x))])
            y = np.broadcast_to(y, logits.shape[:2])  # all networks see the same images
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss += tf.reduce_sum(losses, axis=1).numpy()
            right += np.sum(logits.argmax(axis=2) == y, axis=1)
        return trials.to_table(
            {
                "trial": number + 1,
                "status": "completed",
                "val_accuracy": right[number] / n,
                "val_loss": loss[number] / n,
                "epochs": 0,
                "n_params": sum(indices.size for indices in path),
                **setting,
            }
            for number, (setting, path) in enumerate(zip(settings, paths))
        )

    def logits_of_all(
        self, settings: Sequence[Mapping[str, Any]], x: np.ndarray
    ) -> Iterator[tuple[int, tf.Tensor]]:
        """Each network's place in the list and its logits, those that begin alike in a row."""
        beginnings = [self._beginnings(setting) for setting in settings]
        maps = [tf.cast(x, tf.float32) / 255]  # the feature maps after 0, 1, 2, 3 blocks
        previous: list[tuple] = []
        values = self.weights.numpy()
        for number in sorted(range(len(settings)), key=beginnings.__getitem__):
            setting = settings[number]
            weights = [values[indices] for indices in self.path(setting)]
            alike = len(os.path.commonprefix([previous, beginnings[number]]))
            del maps[alike + 1 :]
            for block in range(alike, setting["body/blocks"]):
                maps.append(
                    networks.apply_block(maps[block], weights, setting, block, self.normalize)
                )
            previous = beginnings[number]
            yield number, networks.apply_head(maps[-1], weights, setting)

    def normalize(self, maps: tf.Tensor) -> tf.Tensor:
        """What happens between a convolution and its bias: nothing, in this space."""
        return maps

    def _compiled_step(self, setting: Mapping[str, Any], path: list[np.ndarray]) -> Callable:
        """A graph of `train_step` for networks with this structure, whatever their sizes."""
        signature = [
            tf.TensorSpec((None, SIDE, SIDE, 1), tf.uint8),
            tf.TensorSpec((None,), tf.int64),
            tf.TensorSpec((), tf.float32),
            [tf.TensorSpec((None,) * indices.ndim, tf.int32) for indices in path],
        ]

        @tf.function(autograph=False, input_signature=signature)
        def step(x: tf.Tensor, y: tf.Tensor, rate: tf.Tensor, path: list[tf.Tensor]) -> tf.Tensor:
            weights = [tf.gather(self.weights, indices) for indices in path]
            with tf.GradientTape() as tape:
                tape.watch(weights)
                maps = tf.cast(x, tf.float32) / 255
                for block in range(setting["body/blocks"]):
                    maps = networks.apply_block(maps, weights, setting, block, self.normalize)
                logits = networks.apply_head(maps, weights, setting)
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
                loss = tf.reduce_mean(losses)
            self._adam(_flat(path), _flat(weights), _flat(tape.gradient(loss, weights)), rate)
            return loss

        return step

    def _adam(
        self, indices: tf.Tensor, weights: tf.Tensor, gradient: tf.Tensor, rate: tf.Tensor
    ) -> None:
        mean, square, count = (tf.gather(memory, indices) for memory in self._memory)
        mean = BETA_1 * mean + (1 - BETA_1) * gradient
        square = BETA_2 * square + (1 - BETA_2) * gradient**2
        count += 1
        rate *= tf.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)  # both begin at 0
        weights -= rate * mean / (tf.sqrt(square) + EPSILON)
        for variable, values in zip([self.weights, *self._memory], [weights, mean, square, count]):
            variable.scatter_update(tf.IndexedSlices(values, indices))

    def _beginnings(self, setting: Mapping[str, Any]) -> list[tuple]:
        """What decides the feature maps after each block; lists that begin alike sort together."""
        names = ("body/halving", "body/skip", "conv/kind", "conv/kernel", *self._separate)
        common = tuple(setting[name] for name in names)
        return [(common, filters) for filters in networks.filters_of(setting)]


def sample(rng: np.random.Generator) -> dict[str, Any]:
    """Draw a network of the space, each of its choices uniformly.

    So a third of the draws has one block, though only 96 of the 1,248 networks do.
    """
    setting: dict[str, Any] = {}
    for choice in _hyperparameters():  # none comes before what it depends on
        if is_active(choice, setting):
            values = list(choice.values)
            setting[choice.name] = values[rng.integers(len(values))]
    return setting


def train_supernet(
    splits: Splits,
    *,
    epochs: int = EPOCHS,
    seed: int = 0,
    supernet: Supernet | None = None,
    draw: Callable[[np.random.Generator], dict[str, Any]] = sample,
    observer: Observer | None = None,
) -> Supernet:
    """Train a supernet on the training images, one network a batch.

    The learning rate of Adam begins at `LEARNING_RATE` and falls to 0 in a straight line.

    Parameters
    ----------
    epochs
        How often each image is seen, by one network or another.
    seed
        Of the first weights, the networks drawn, and the order of the images.
    supernet
        The one to train; by default a new one that shares all it can.
    draw
        Draws the network of a batch.
    observer
        Is notified of the epochs, as of those of one trial; by default a progress bar.
    """
    epochs = whole_number("epochs", epochs, at_least=1)
    require_digits(splits)
    supernet = Supernet(seed=seed) if supernet is None else supernet
    rng = np.random.default_rng(seed)
    n = len(splits.y_train)
    steps = epochs * -(-n // BATCH)
    rates = iter(LEARNING_RATE * (1 - np.arange(steps) / steps))
    with watched(observer, epochs) as watcher:
        for epoch in range(1, epochs + 1):
            losses = []
            for batch in np.split(rng.permutation(n), range(BATCH, n, BATCH)):
                x, y = splits.x_train[batch], splits.y_train[batch]
                losses.append(supernet.train_step(draw(rng), x, y, learning_rate=next(rates)))
            watcher.epoch_end(1, epoch, {"loss": float(np.mean(losses))})
    return supernet


def _structure(setting: Mapping[str, Any]) -> tuple:
    """What needs a graph of its own; the sizes do not."""
    return tuple((name, setting[name]) for name in OF_ALL if name != "conv/kernel")


def _key(setting: Mapping[str, Any]) -> tuple:
    return tuple(sorted(setting.items()))


def _flat(arrays: Sequence[tf.Tensor]) -> tf.Tensor:
    return tf.concat([tf.reshape(array, [-1]) for array in arrays], axis=0)


@cache
def _hyperparameters() -> list:
    return spaces.declared(spaces.bench_space).space


@cache
def _all_settings() -> list[dict[str, Any]]:
    return spaces.settings(spaces.bench_space)
