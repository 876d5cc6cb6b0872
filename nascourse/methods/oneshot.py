"""Weight sharing: one training that judges every network of MNIST-NAS-Bench.

>>> from nascourse import data, trials
>>> from nascourse.methods import oneshot
>>> splits = data.load_mnist("bundled")
>>> supernet = oneshot.train_supernet(splits, seed=1)                         # doctest: +SKIP
>>> table = supernet.rank(splits)                                             # doctest: +SKIP
>>> winner = oneshot.setting_of(trials.best(table))                           # doctest: +SKIP

A *supernet* holds one vector of weights for all networks of `nascourse.spaces.bench_space`.  The
*path* of a network says where in that vector each of its weights lies.  Weight sharing is no more
than that: where two paths hold the same index, two networks have the same weight.

>>> supernet = oneshot.Supernet()
>>> small = {"body/blocks": 1, "body/halving": "max", "body/skip": False, "conv/kind": "plain",
...          "conv/kernel": 3, "conv/filters_0": 2, "head": "quarters"}
>>> kernel, bias, dense, dense_bias = supernet.path(small)
>>> kernel.shape                       # a window of 3x3, one channel in, two filters
(3, 3, 1, 2)
>>> set(kernel.flat) <= set(supernet.path({**small, "conv/kernel": 5, "conv/filters_0": 16})[0].flat)
True

These are the rules of sharing:

- A network with fewer filters uses the first ones of the 16 (slimmable networks, Yu et al. 2019).
- A window of 3x3 is the middle of the 5x5 one (once-for-all networks, Cai et al. 2020).
- A block, and a head for feature maps of one size, are the same in all networks that have them.

Training is *single-path uniform sampling* (Guo et al. 2020): each batch draws one network, each of
its choices uniformly, and changes the weights on its path, no others.  Afterwards every network can
be judged with the weights that it *inherits*, without any training of its own.  `Supernet.inherit`
gives the standalone Keras network with these weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from nascourse import CourseError, spaces, trials, whole_number
from nascourse.data import CLASSES, SIDE, Splits
from nascourse.search import Observer, watched

EPOCHS = 200  # of the supernet; 17 of its 1,248 networks, trained singly, would take as many
BATCH = 64
LEARNING_RATE = 8e-3  # at the start; a network alone has less, but is trained with every batch
FILTERS, KERNEL = 16, 5  # the largest of the space: what all smaller ones are cut out of
JUDGED_BATCH = 200  # small enough for a core's cache
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # of Adam, as Keras has them
OF_ALL = ("body/blocks", "body/halving", "body/skip", "conv/kind", "conv/kernel", "head")

_SIDES = (SIDE, 14, 7, 4)  # of the feature maps after 0, 1, 2, 3 halvings


class Supernet:
    """All networks of `nascourse.spaces.bench_space`, on one vector of weights.

    Parameters
    ----------
    separate
        Hyperparameters by which the weights are *not* shared: networks that differ in one of them
        have no weight in common.  With none of them, networks share whatever has the same place.
    seed
        Of the first weights, drawn as Keras draws them (Glorot & Bengio 2010).

    Attributes
    ----------
    weights : the vector, a `tf.Variable`
    seconds : processor time that `train_supernet` took
    """

    def __init__(self, *, separate: str | Sequence[str] = (), seed: int = 0):
        seed = whole_number("seed", seed, at_least=0)
        self._separate = (separate,) if isinstance(separate, str) else tuple(separate)
        for name in self._separate:
            if name not in OF_ALL:
                raise CourseError(
                    f"separate={name!r} is not possible: name any of {', '.join(OF_ALL)}."
                )
        self.seconds = 0.0
        banks = _Banks(np.random.default_rng(seed))
        self._paths = {_key(one): self._lay(one, banks) for one in _all_settings()}
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

        Raises
        ------
        CourseError
            There is no such network in the space.
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

    def logits(self, setting: Mapping[str, Any], x: np.ndarray) -> np.ndarray:
        """The network's ten outputs before the softmax, with inherited weights: shape (n, 10).

        ``x`` holds images of shape (n, 28, 28, 1) in ``uint8``.
        """
        return _forward(_scaled(x), self._taken(setting), setting).numpy()

    def accuracy(self, setting: Mapping[str, Any], x: np.ndarray, y: np.ndarray) -> float:
        """The share of images that the network gets right with inherited weights."""
        return float(np.mean(self.logits(setting, x).argmax(axis=1) == y))

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
        The trial table, one row a network.  None of them was trained alone, so ``epochs`` is 0 and
        there is no ``best_epoch``.  ``seconds`` is the processor time of judging; what the supernet
        took is in its own ``seconds``.
        """
        settings = _all_settings() if settings is None else list(settings)
        paths = [self.path(one) for one in settings]
        judged = [{"right": 0, "loss": 0.0, "seconds": 0.0} for _ in settings]
        for begin in range(0, len(splits.y_val), JUDGED_BATCH):
            x, y = (part[begin : begin + JUDGED_BATCH] for part in (splits.x_val, splits.y_val))
            clock = time.process_time()
            for at, logits in self._logits_of_all(settings, x):
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
                judged[at]["loss"] += float(tf.reduce_sum(losses))
                judged[at]["right"] += int(np.sum(logits.numpy().argmax(axis=1) == y))
                clock, before = time.process_time(), clock
                judged[at]["seconds"] += clock - before
        n = len(splits.y_val)
        return trials.to_table(
            {
                "trial": trial,
                "status": "completed",
                "val_accuracy": found["right"] / n,
                "val_loss": found["loss"] / n,
                "epochs": 0,
                "n_params": sum(indices.size for indices in path),
                "flops": _flops(path, one),
                "seconds": found["seconds"],
                "architecture": _describe(one),
                **{entry.name: one.get(entry.name) for entry in _entries()},
            }
            for trial, (one, path, found) in enumerate(zip(settings, paths, judged), 1)
        )

    # ------------------------------------------------------------ the path

    def _lay(self, setting: Mapping[str, Any], banks: _Banks) -> list[np.ndarray]:
        """The path of a network, through banks of the largest weights."""
        separate = tuple(setting[name] for name in self._separate)
        kernel, kind = setting["conv/kernel"], setting["conv/kind"]
        margin = (KERNEL - kernel) // 2
        window = np.arange(margin, margin + kernel)  # 3x3 is the middle of 5x5
        path = []
        for block in range(setting["body/blocks"]):
            name = (*separate, block)
            channels, filters = _channels(setting, block), np.arange(_filters(setting)[block])
            slots = _slots(block)
            if kind == "plain":
                shape = (KERNEL, KERNEL, slots, FILTERS)
                path.append(banks.take((*name, kind), shape, window, window, channels, filters))
            else:
                shape = (KERNEL, KERNEL, slots, 1)
                path.append(banks.take((*name, "depthwise"), shape, window, window, channels, [0]))
                shape = (1, 1, slots, FILTERS)
                path.append(banks.take((*name, "pointwise"), shape, [0], [0], channels, filters))
            path.append(banks.take((*name, kind, "bias"), (FILTERS,), filters))

        blocks = setting["body/blocks"]
        name = (*separate, setting["head"], blocks)
        pixels, digits = np.arange(_head_side(setting)), np.arange(CLASSES)
        shape = (len(pixels), len(pixels), _slots(blocks), CLASSES)
        dense = banks.take(name, shape, pixels, pixels, _channels(setting, blocks), digits)
        return [*path, dense.reshape(-1, CLASSES), banks.take((*name, "bias"), (CLASSES,), digits)]

    def _taken(self, setting: Mapping[str, Any]) -> list[tf.Tensor]:
        return [tf.gather(self.weights, indices) for indices in self.path(setting)]

    # ------------------------------------------------------------ training and judging

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
            taken = [tf.gather(self.weights, indices) for indices in path]
            with tf.GradientTape() as tape:
                tape.watch(taken)
                logits = _forward(_scaled(x), taken, setting)
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
                loss = tf.reduce_mean(losses)
            self._adam(_flat(path), _flat(taken), _flat(tape.gradient(loss, taken)), rate)
            return loss

        return step

    def _adam(self, at: tf.Tensor, weights: tf.Tensor, slope: tf.Tensor, rate: tf.Tensor) -> None:
        mean, square, count = (tf.gather(memory, at) for memory in self._memory)
        mean = BETA_1 * mean + (1 - BETA_1) * slope
        square = BETA_2 * square + (1 - BETA_2) * slope**2
        count += 1
        rate *= tf.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)  # both begin at 0
        weights -= rate * mean / (tf.sqrt(square) + EPSILON)
        for variable, values in zip([self.weights, *self._memory], [weights, mean, square, count]):
            variable.scatter_update(tf.IndexedSlices(values, at))

    def _logits_of_all(
        self, settings: Sequence[Mapping[str, Any]], x: np.ndarray
    ) -> Iterator[tuple[int, tf.Tensor]]:
        """Each network's place in the list and its logits, those that begin alike in a row."""
        beginnings = [self._beginnings(one) for one in settings]
        known = [_scaled(x)]  # the feature maps after 0, 1, 2, 3 blocks
        last: list[tuple] = []
        for at in sorted(range(len(settings)), key=beginnings.__getitem__):
            setting, beginning = settings[at], beginnings[at]
            weights = self._taken(setting)
            alike = 0
            while alike < min(len(last), len(beginning)) and last[alike] == beginning[alike]:
                alike += 1
            del known[alike + 1 :]
            for block in range(alike, setting["body/blocks"]):
                known.append(_block(known[block], _of_block(weights, setting, block), setting))
            last = beginning
            yield at, _head(known[-1], weights, setting)

    def _beginnings(self, setting: Mapping[str, Any]) -> list[tuple]:
        """What decides the feature maps after each block; lists that begin alike sort together."""
        names = ("body/halving", "body/skip", "conv/kind", "conv/kernel", *self._separate)
        common = tuple(setting[name] for name in names)
        return [(common, filters) for filters in _filters(setting)]


def train_supernet(
    splits: Splits,
    *,
    epochs: int = EPOCHS,
    learning_rate: float = LEARNING_RATE,
    seed: int = 0,
    separate: str | Sequence[str] = (),
    observer: Observer | None = None,
) -> Supernet:
    """Train a supernet on the training images, one network a batch.

    Parameters
    ----------
    epochs
        How often each image is seen, by one network or another.
    learning_rate
        Of Adam at the first batch; it falls to 0 in a straight line.
    seed
        Of the first weights, the networks drawn, and the order of the images.
    separate
        See `Supernet`.
    observer
        Hears of the epochs, as those of one trial; by default a progress bar.

    Raises
    ------
    CourseError
        A value is not possible.
    """
    epochs = whole_number("epochs", epochs, at_least=1)
    supernet = Supernet(separate=separate, seed=seed)
    rng = np.random.default_rng(seed)
    n = len(splits.y_train)
    steps = epochs * -(-n // BATCH)
    done = 0
    with watched(observer, epochs) as watcher:
        start = time.process_time()
        for epoch in range(1, epochs + 1):
            losses = []
            order = rng.permutation(n)
            for begin in range(0, n, BATCH):
                batch = order[begin : begin + BATCH]
                x, y = splits.x_train[batch], splits.y_train[batch]
                rate = learning_rate * (1 - done / steps)
                losses.append(supernet.train_step(sample(rng), x, y, learning_rate=rate))
                done += 1
            watcher.epoch_end(1, epoch, {"loss": float(np.mean(losses))})
    supernet.seconds = time.process_time() - start
    return supernet


def sample(rng: np.random.Generator) -> dict[str, Any]:
    """Draw a network of the space, each of its choices uniformly.

    So a third of the draws has one block, though only 96 of the 1,248 networks do.
    """
    chosen: dict[str, Any] = {}
    for entry in _entries():  # none comes before what it depends on
        if all(condition.is_active(chosen) for condition in entry.conditions):
            values = list(entry.values)
            chosen[entry.name] = values[rng.integers(len(values))]
    return chosen


def setting_of(row: pd.Series) -> dict[str, Any]:
    """The setting of a network, from its row of the trial table."""
    return dict(next(one for one in _all_settings() if all(row[name] == one[name] for name in one)))


# ---------------------------------------------------------------- the vector of weights


class _Banks:
    """Arrays of the largest size, one after the other in one vector; paths are cut out of them."""

    def __init__(self, rng: np.random.Generator):
        self.values: list[np.ndarray] = []
        self._rng = rng
        self._begins: dict[tuple, int] = {}
        self._end = 0

    def take(self, name: tuple, shape: tuple[int, ...], *at: Sequence[int]) -> np.ndarray:
        """The indices of the places ``at``, one sequence for each axis, in the bank ``name``."""
        if name not in self._begins:
            self._begins[name] = self._end
            self._end += int(np.prod(shape))
            self.values.append(self._first_values(shape))
        inside = np.ravel_multi_index(np.ix_(*at), shape)
        return (self._begins[name] + inside).astype(np.int32)

    def _first_values(self, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) == 1:  # a bias
            return np.zeros(shape, np.float32)
        fans = np.prod(shape[:-2]) * (shape[-2] + shape[-1])
        limit = np.sqrt(6 / fans)
        return self._rng.uniform(-limit, limit, np.prod(shape)).astype(np.float32)


def _slots(blocks: int) -> int:
    """Channels that the feature maps after so many blocks have at most."""
    return FILTERS * blocks + 1 if blocks else 1


def _channels(setting: Mapping[str, Any], blocks: int) -> list[int]:
    """Which of the slots the network uses after so many blocks.

    The filters of the last block come first; with skips the channels of all blocks before follow,
    each in slots of their own, and the image is in the last slot.
    """
    if blocks == 0:
        return [0]
    filters = _filters(setting)[:blocks][::-1]
    if not setting["body/skip"]:
        return list(range(filters[0]))
    used = [FILTERS * back + one for back, count in enumerate(filters) for one in range(count)]
    return [*used, _slots(blocks) - 1]


# ---------------------------------------------------------------- the networks of the space


def _scaled(x: np.ndarray | tf.Tensor) -> tf.Tensor:
    return tf.cast(x, tf.float32) / 255


def _forward(x: tf.Tensor, weights: Sequence[tf.Tensor], setting: Mapping[str, Any]) -> tf.Tensor:
    """The logits of a network of `spaces.bench_space`, of whatever sizes the weights have."""
    for block in range(setting["body/blocks"]):
        x = _block(x, _of_block(weights, setting, block), setting)
    return _head(x, weights, setting)


def _of_block(
    weights: Sequence[tf.Tensor], setting: Mapping[str, Any], block: int
) -> Sequence[tf.Tensor]:
    each = 2 if setting["conv/kind"] == "plain" else 3
    return weights[each * block : each * (block + 1)]


def _block(x: tf.Tensor, weights: Sequence[tf.Tensor], setting: Mapping[str, Any]) -> tf.Tensor:
    *kernels, bias = weights
    stride = 2 if setting["body/halving"] == "stride" else 1
    convolution = tf.nn.conv2d if setting["conv/kind"] == "plain" else tf.nn.separable_conv2d
    y = convolution(x, *kernels, strides=[1, stride, stride, 1], padding="SAME")
    y = tf.nn.relu(y + bias)
    if setting["body/halving"] == "max":
        y = tf.nn.max_pool2d(y, 2, 2, "SAME")
    if setting["body/skip"]:
        y = tf.concat([y, tf.nn.avg_pool2d(x, 2, 2, "SAME")], axis=-1)
    return y


def _head(x: tf.Tensor, weights: Sequence[tf.Tensor], setting: Mapping[str, Any]) -> tf.Tensor:
    if setting["head"] == "quarters":
        quarter = _quarter(setting)
        x = tf.nn.avg_pool2d(x, quarter, quarter, "SAME")
    dense, bias = weights[-2:]
    return tf.reshape(x, (-1, tf.shape(dense)[0])) @ dense + bias


def _quarter(setting: Mapping[str, Any]) -> int:
    return (_SIDES[setting["body/blocks"]] + 1) // 2


def _head_side(setting: Mapping[str, Any]) -> int:
    return 2 if setting["head"] == "quarters" else _SIDES[setting["body/blocks"]]


def _flops(path: Sequence[np.ndarray], setting: Mapping[str, Any]) -> int:
    """FLOPs for one image, counted as `nascourse.evaluation.count_flops` does."""
    flops = 2 * path[-2].size + path[-1].size
    for block, filters in enumerate(_filters(setting)):
        *kernels, _bias = _of_block(path, setting, block)
        side = _SIDES[block + (setting["body/halving"] == "stride")]
        flops += side**2 * (2 * sum(kernel.size for kernel in kernels) + filters)
    return flops


def _describe(setting: Mapping[str, Any]) -> str:
    """The network in one line, as `nascourse.spaces.describe` has it."""
    kind = "sep" if setting["conv/kind"] == "separable" else ""
    window = f"{setting['conv/kernel']}x{setting['conv/kernel']}"
    words = []
    for filters in _filters(setting):
        is_max = setting["body/halving"] == "max"
        words.append(f"{kind}{filters}@{window}" + (" max2" if is_max else "/2"))
        words += ["ave2 concat"] if setting["body/skip"] else []
    words += [f"ave{_quarter(setting)}"] if setting["head"] == "quarters" else []
    return " ".join([*words, "flatten", str(CLASSES)])


def _filters(setting: Mapping[str, Any]) -> list[int]:
    return [setting[f"conv/filters_{block}"] for block in range(setting["body/blocks"])]


def _structure(setting: Mapping[str, Any]) -> tuple:
    """What needs a graph of its own; the sizes do not."""
    return tuple((name, setting[name]) for name in OF_ALL if name != "conv/kernel")


def _key(setting: Mapping[str, Any]) -> tuple:
    return tuple(sorted(setting.items()))


def _flat(arrays: Sequence[tf.Tensor]) -> tf.Tensor:
    return tf.concat([tf.reshape(array, [-1]) for array in arrays], axis=0)


@cache
def _entries() -> list:
    return spaces.declared(spaces.bench_space).space


@cache
def _all_settings() -> list[dict[str, Any]]:
    return spaces.settings(spaces.bench_space)
