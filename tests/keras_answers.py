"""Right and wrong answers to the exercises that ask for networks, spaces, an oracle or a plot.

Each right one must be accepted and each wrong one refused, as in `right_answers` and
`wrong_answers.plausible`; they stand apart, as they load TensorFlow.
"""

from __future__ import annotations

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import autokeras as ak
import keras
import keras_tuner
import numpy as np
from keras import layers
from wrong_answers.unit_05 import Right as Oracle

from nascourse import spaces
from nascourse.strategies import is_tried

# ---- 02.3


def dense(*, relu="activation", ask="scope", dtype="uint8", order=(16, 32), **faults):
    """The space of two dense layers, written in another way or with a fault."""

    def build(hp):
        image = keras.Input((28, 28, 1), dtype=dtype)
        x = layers.Flatten()(layers.Rescaling(faults.get("scale", 1 / 255))(image))
        depth = hp.Int("layers", 1, 2) if ask == "Int" else hp.Choice("layers", [1, 2])
        widths = list(order)
        if ask == "parent":
            names = [hp.Choice("units_0", widths)]
            names.append(hp.Choice("units_1", widths, parent_name="layers", parent_values=[2]))
        elif ask == "Int":
            names = [hp.Int("units_0", 16, 32, step=16)]
            with hp.conditional_scope("layers", [2]):
                names.append(hp.Int("units_1", 16, 32, step=16))
        elif ask == "if":
            names = [hp.Choice("units_0", widths)]
            if depth == 2:
                with hp.conditional_scope("layers", [2]):
                    names.append(hp.Choice("units_1", widths))
        elif ask == "both scopes":
            with hp.conditional_scope("layers", [1, 2]):
                names = [hp.Choice("units_0", widths)]
            with hp.conditional_scope("layers", 2):
                names.append(hp.Choice("units_1", widths))
        else:
            names = [hp.Choice("units_0", widths)]
            with hp.conditional_scope("layers", [2]):
                names.append(hp.Choice("units_1", widths))
        first = x
        for place in range(depth):
            units = names[0 if faults.get("same") else place]
            if relu == "activation":
                x = layers.Dense(units, activation="relu")(x)
            elif relu == "function":
                x = layers.Dense(units, activation=keras.activations.relu)(x)
            elif relu == "layer":
                x = layers.ReLU()(layers.Dense(units)(x))
            elif relu == "Activation":
                x = layers.Activation("relu")(layers.Dense(units)(x))
            elif relu == "ops":
                x = keras.ops.relu(layers.Dense(units)(x))
            elif relu == "once":
                x = layers.Dense(units, activation="relu" if place == 0 else None)(x)
            elif relu == "before":
                x = layers.Dense(units)(layers.ReLU()(x))
            else:
                x = layers.Dense(units, activation=relu)(x)
            if faults.get("dropout"):
                x = layers.Dropout(0.2)(x)
            if faults.get("norm"):
                x = layers.BatchNormalization()(x)
        if faults.get("unused"):
            x = first
        if faults.get("parallel") and depth == 2:
            x = layers.Concatenate()([layers.Dense(n, activation="relu")(first) for n in names])
        end = layers.Dense(faults.get("classes", 10), activation=faults.get("end", "softmax"))(x)
        model = keras.Model(image, end)
        if faults.get("compile"):
            model.compile(loss="sparse_categorical_crossentropy")
        return model

    return build


def sequential(hp):
    depth, widths = hp.Choice("layers", [1, 2]), [hp.Choice("units_0", [16, 32])]
    with hp.conditional_scope("layers", [2]):
        widths.append(hp.Choice("units_1", [16, 32]))
    model = keras.Sequential([keras.Input((28, 28, 1), dtype="uint8"), layers.Rescaling(1 / 255)])
    model.add(layers.Flatten())
    for width in widths[:depth]:
        model.add(layers.Dense(width, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    return model


# ---- 03.3


def skips(*, relu="activation", turn=(1, 1), pool="max", **faults):
    """The space with skip connections, written in another way or with a fault."""

    def build(hp):
        blocks, skip = hp.Choice("blocks", [1, 2]), hp.Boolean("skip")
        filters = [hp.Choice("filters_0", [4, 8])]
        with hp.conditional_scope("blocks", [2]):
            filters.append(hp.Choice("filters_1", [4, 8]))
        x = image = keras.Input((28, 28, 1))
        for block in range(blocks):
            kernel, strides = faults.get("kernel", 3), 2 if pool == "stride" else 1
            options = {"padding": "same", "strides": strides}
            if relu == "activation":
                y = layers.Conv2D(filters[block], kernel, activation="relu", **options)(x)
            elif relu == "layer":
                y = layers.ReLU()(layers.Conv2D(filters[block], (3, 3), **options)(x))
            elif relu == "ops":
                y = keras.ops.relu(layers.Conv2D(filters[block], 3, **options)(x))
            elif relu == "after":
                y = layers.Conv2D(filters[block], 3, **options)(x)
            else:
                y = layers.Conv2D(filters[block], 3, activation=relu, **options)(x)
            if pool == "max":
                y = layers.MaxPooling2D()(y)
            elif pool == "MaxPool2D":
                y = layers.MaxPool2D(pool_size=(2, 2), strides=2, padding="same")(y)
            if relu == "after":
                y = layers.ReLU()(y)
            if faults.get("dropout"):
                y = layers.Dropout(0.1)(y)
            if skip:
                smaller = layers.MaxPooling2D if faults.get("max") else layers.AveragePooling2D
                source = image if faults.get("image") and block == 0 else x
                if faults.get("last") and block < blocks - 1:
                    x = y
                    continue
                y = layers.concatenate([y, smaller(2)(source)][:: turn[block]])
            x = y
        x = layers.GlobalAveragePooling2D()(x) if faults.get("gap") else layers.Flatten()(x)
        return keras.Model(image, layers.Dense(10, activation=faults.get("end", "softmax"))(x))

    return build


# ---- 05.2


class Toss(Oracle):
    """Tosses the coin once for a proposal."""

    def populate_space(self, trial_id):
        best = self.get_best_trials(1)
        near = bool(best) and self.rng.integers(2) == 1
        for _ in range(20):
            kept = self.without_one(best[0]) if near else {}
            values = {}
            for hp in self.hyperparameters.space:
                if all(condition.is_active(values) for condition in hp.conditions):
                    choices = list(hp.values)
                    drawn = choices[self.rng.integers(len(choices))]
                    values[hp.name] = kept.get(hp.name, drawn)
            if not is_tried(self, values):
                return {"status": keras_tuner.engine.trial.TrialStatus.RUNNING, "values": values}
        return {"status": keras_tuner.engine.trial.TrialStatus.STOPPED}


class OwnRecord(Oracle):
    """Keeps its own record of what was tried."""

    def __init__(self, **options):
        super().__init__(**options)
        self.tried = []

    def populate_space(self, trial_id):
        tries = 0
        while tries < 20:
            tries += 1
            values = self.draw()
            if values not in self.tried:
                self.tried.append(dict(values))
                return {"status": "RUNNING", "values": values}
        return {"status": "STOPPED", "values": None}


class TwoValues(Oracle):
    def without_one(self, trial):
        kept = dict(trial.hyperparameters.values)
        for name in self.rng.permutation(list(kept))[:2]:
            del kept[name]
        return kept


class FirstValue(Oracle):
    def without_one(self, trial):
        kept = dict(trial.hyperparameters.values)
        del kept[next(iter(kept))]
        return kept


class NotTheLast(Oracle):
    def without_one(self, trial):
        kept = dict(trial.hyperparameters.values)
        del kept[list(kept)[self.rng.integers(max(1, len(kept) - 1))]]
        return kept


class Copies(Oracle):
    def without_one(self, trial):
        return dict(trial.hyperparameters.values)


class Nineteen(Oracle):
    tries = 19

    def populate_space(self, trial_id):
        for _ in range(self.tries):
            values = self.draw()
            if not is_tried(self, values):
                return {"status": "RUNNING", "values": values}
        return {"status": "STOPPED"}


class Hundred(Nineteen):
    tries = 100


class Quarter(Oracle):
    def is_near(self):
        return self.rng.random() < 0.2


class ThreeQuarters(Oracle):
    def is_near(self):
        return self.rng.random() < 0.8


class FirstBest(Oracle):
    def origin(self):
        return next(iter(self.trials.values()), None)


class RandomPast(Oracle):
    def origin(self):
        past = list(self.trials.values())
        return past[self.rng.integers(len(past))] if past else None


class Lowest(Oracle):
    def draw(self):
        trial = self.origin()
        values = super().draw()
        if trial and self.rng.random() < 0.5:
            values = dict(trial.hyperparameters.values)
            name = list(values)[self.rng.integers(len(values))]
            values[name] = next(hp for hp in self.hyperparameters.space if hp.name == name).values[
                0
            ]
        return values


class Idle(Oracle):
    def populate_space(self, trial_id):
        return {"status": "IDLE"}


class Forgets(Oracle):
    def populate_space(self, trial_id):
        return {"status": "RUNNING", "values": self.draw() or None}


# ---- 05.3


def drawing(*, quantile=np.percentile, q=(25, 50, 75), line=None, band=None, back=True):
    def draw(ax, spent, regrets):
        low, median, high = quantile(regrets, q, axis=0)
        (band or (lambda ax, x, low, high, all: ax.fill_between(x, low, high, color="0.8")))(
            ax, spent, low, high, regrets
        )
        (line or (lambda ax, x, y, all: ax.plot(x, y, color="C1", label="median")))(
            ax, spent, median, regrets
        )
        return ax if back else None

    return draw


def marked(ax, spent, median, regrets):
    ax.plot(spent, median, "-o", linewidth=2)
    ax.set_title("regret")
    ax.legend(["median"])


def points_only(ax, spent, median, regrets):
    ax.plot(spent, median, "o")


# ---- 06.3


def digits(*, depth="num_blocks", width="filters", name="conv", reduce=None, wrap=None, **faults):
    def digit_space():
        x = image = ak.ImageInput()
        for _ in range(faults.get("rescale", 1)):
            x = spaces.RescalingBlock()(x)
        if faults.get("normalize"):
            x = ak.Normalization()(x)
        if faults.get("augment"):
            x = ak.ImageAugmentation()(x)
        options = {"kernel_size": 3, "num_layers": 1, "max_pooling": True, "dropout": 0.0}
        options["num_blocks"] = spaces.choice(depth, faults.get("depths", [1, 2]))
        options["filters"] = spaces.choice(width, faults.get("widths", [8, 16]))
        x = ak.ConvBlock(**{**options, **faults.get("conv", {})}, name=name)(x)
        if faults.get("conv_twice"):
            x = ak.ConvBlock(**options)(x)
        x = (reduce or ak.Flatten)()(x)
        if faults.get("dense"):
            x = ak.DenseBlock()(x)
        end = ak.ClassificationHead(dropout=0.0, **faults.get("head", {}))(x)
        space = spaces.AutoKerasSpace(image, end)
        return wrap(space) if wrap else space

    return digit_space


RIGHT: dict[str, dict[str, object]] = {
    "11.6": {
        "the small CNNs": spaces.cnn_space,
        "Normalization": lambda hp, image_shape, classes: spaces.classifier(
            image := keras.Input(image_shape, dtype="uint8"),
            layers.Dense(hp.Int("units", 4, 16, step=4))(
                layers.Flatten()(layers.Normalization(mean=127.0, variance=5_000.0)(image))
            ),
            classes,
        ),
    },
    "02.3": {
        "a function as activation": dense(relu="function", ask="parent"),
        "ReLU": dense(relu="layer", ask="Int"),
        "Activation": dense(relu="Activation", ask="both scopes"),
        "an operation, values the other way round": dense(relu="ops", order=(32, 16), compile=True),
        "Sequential": sequential,
    },
    "03.3": {
        "ReLU": skips(relu="layer", turn=(-1, -1)),
        "an operation": skips(relu="ops", turn=(1, -1)),
        "after MaxPool2D": skips(relu="after", pool="MaxPool2D"),
    },
    "05.2": {
        "one toss": Toss,
        "an own record": OwnRecord,
        "in small steps": Oracle,
    },
    "05.3": {
        "percentiles": drawing(),
        "quantiles": drawing(quantile=np.quantile, q=(0.25, 0.5, 0.75)),
        "tuples": drawing(quantile=lambda r, q, axis: tuple(np.percentile(r, p, axis) for p in q)),
        "marks": drawing(line=marked),
        "lists": drawing(line=lambda ax, x, y, all: ax.plot(list(x), y.tolist())),
        "median": drawing(line=lambda ax, x, y, all: ax.plot(x, np.median(all, axis=0))),
        "edges turned": drawing(
            band=lambda ax, x, lo, hi, _: ax.fill_between(x, hi, lo, alpha=0.1)
        ),
        "keywords": drawing(band=lambda ax, x, lo, hi, _: ax.fill_between(x=x, y1=lo, y2=hi)),
    },
    "06.3": {
        "other names and ten classes": digits(
            depth="depth", width="how wide", name="my_conv", head={"num_classes": 10}
        ),
        "no name, its own loss and SpatialReduction": digits(
            name=None,
            head={"loss": "categorical_crossentropy"},
            reduce=lambda: ak.SpatialReduction(reduction_type="flatten"),
        ),
        "values the other way round": digits(depths=[2, 1], widths=[16, 8]),
    },
}

WRONG: dict[str, list] = {
    "11.6": [spaces.bench_space, lambda hp, image_shape, classes: dense()(hp)],
    "02.3": [
        dense(relu="sigmoid"),
        dense(relu="tanh"),
        dense(relu="once"),
        dense(relu="before"),
        dense(ask="if"),
        dense(same=True),
        dense(dropout=True),
        dense(norm=True),
        dense(unused=True),
        dense(parallel=True),
        dense(classes=2),
        dense(end=None),
        dense(end="sigmoid"),
        dense(scale=1.0),
        dense(order=(8, 16, 32)),
        dense(order=("16", "32")),
        lambda hp: dense()(hp).layers,
        lambda hp: dense()(keras_tuner.HyperParameters()),
        lambda hp: keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)]),
    ],
    "03.3": [
        skips(relu="tanh"),
        skips(pool="stride"),
        skips(pool=None),
        skips(kernel=5),
        skips(kernel=(3, 1)),
        skips(dropout=True),
        skips(max=True),
        skips(last=True),
        skips(gap=True),
        skips(end=None),
        lambda hp: skips()(keras_tuner.HyperParameters()),
    ],
    "05.2": [
        *(TwoValues, FirstValue, NotTheLast, Copies, Hundred, Nineteen, Quarter, ThreeQuarters),
        *(FirstBest, RandomPast, Lowest, Idle, Forgets),
    ],
    "05.3": [
        drawing(q=(10, 50, 90)),
        drawing(q=(20, 50, 80)),
        drawing(q=(0, 50, 100)),
        drawing(q=(25, 45, 75)),
        drawing(q=(0.25, 0.5, 0.75)),
        drawing(quantile=lambda r, q, axis: np.percentile(r.ravel(), q)[:, None] + 0 * r[:3, :]),
        drawing(line=lambda ax, x, y, all: None),
        drawing(line=points_only),
        drawing(line=lambda ax, x, y, all: ax.plot(y)),
        drawing(line=lambda ax, x, y, all: ax.plot(y, x)),
        drawing(line=lambda ax, x, y, all: ax.plot(x, all.mean(axis=0))),
        drawing(line=lambda ax, x, y, all: ax.plot(x, all.min(axis=0))),
        drawing(line=lambda ax, x, y, all: ax.plot(x, y, alpha=0)),
        drawing(line=lambda ax, x, y, all: [ax.plot(x, y), ax.plot(x, all.mean(axis=0))]),
        drawing(line=lambda ax, x, y, all: ax.plot(x, all.T)),
        drawing(line=lambda ax, x, y, all: ax.plot(x, np.median(all, axis=1)[: len(x)])),
        drawing(line=lambda ax, x, y, all: ax.step(x, y + 0.1)),
        drawing(band=lambda *given: None),
        drawing(band=lambda ax, x, lo, hi, _: ax.fill_between(x, lo)),
        drawing(band=lambda ax, x, lo, hi, _: ax.fill_between(x, hi)),
        drawing(band=lambda ax, x, lo, hi, _: ax.fill_between(x, lo, hi, alpha=0)),
        drawing(band=lambda ax, x, lo, hi, _: ax.vlines(x, lo, hi)),
        drawing(band=lambda ax, x, lo, hi, _: ax.scatter([*x, *x], [*lo, *hi])),
        drawing(band=lambda ax, x, lo, hi, _: ax.fill_between(x, lo.min(), hi.max())),
        drawing(band=lambda ax, x, lo, hi, _: ax.fill_betweenx(x, lo, hi)),
        drawing(band=lambda ax, x, lo, hi, a: ax.fill_between(x, a.mean(0) - a.std(0), a.mean(0))),
        drawing(band=lambda ax, x, lo, hi, _: [ax.fill_between(x, lo, hi) for _ in range(2)]),
        drawing(back=False),
    ],
    "06.3": [
        digits(depths=[1, 2, 3]),
        digits(depths=[1]),
        digits(widths=[8, 16, 32]),
        digits(widths=[16]),
        digits(rescale=0),
        digits(rescale=2),
        digits(normalize=True),
        digits(augment=True),
        digits(conv_twice=True),
        digits(dense=True),
        digits(reduce=lambda: ak.SpatialReduction(reduction_type="global_max")),
        digits(conv={"separable": False}),
        digits(conv={"dropout": 0.5}),
        digits(conv={"kernel_size": spaces.choice("kernel", [3, 5])}),
        digits(head={"loss": "mean_squared_error"}),
        digits(wrap=lambda space: space.outputs),
        digits(wrap=lambda space: (space.inputs, space.outputs)),
    ],
}
