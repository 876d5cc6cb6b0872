"""The search spaces of the course.

A search space is the set of networks that a search can find.  The course has three, all of small
CNNs (blocks of convolutions, halvings of the image, a head with one output for each class):

- `cnn_space` is a function of KerasTuner's ``hp`` object that builds and compiles a Keras network.
- `autokeras_space` is a graph of AutoKeras blocks, which AutoKeras turns into such a function.
- `bench_space` is so small that all its networks could be trained: that of MNIST-NAS-Bench.

All take images in ``uint8`` and scale them in their first layers.  The first two fit any images: a
search passes the shape of its images and the number of classes on, see `fitted`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import autokeras as ak
import keras
import keras_tuner
import pandas as pd
from keras import layers

from nascourse import CourseError, require
from nascourse._engine import compat
from nascourse._engine.descriptions import digest, is_lambda
from nascourse._engine.layers import RescalingBlock, SoftmaxHead, choice, metric_objects
from nascourse._engine.ranges import MANY_VALUES, all_values, count, is_active, n_settings
from nascourse.data import CLASSES, IMAGE_SHAPE, Splits

LEARNING_RATE = 2e-3  # of Adam, the same for all networks: the course searches architectures
MAX_BLOCKS = 3
MOST_LISTED = 10**6  # configurations; a list of more would fill the memory


def cnn_space(
    hp: keras_tuner.HyperParameters,
    image_shape: tuple[int, int, int] = IMAGE_SHAPE,
    classes: int = CLASSES,
    metrics: Sequence[str] = ("accuracy",),
) -> keras.Model:
    """Build and compile the small CNN that ``hp`` describes.

    ==============  ==================================  =============================
    hyperparameter  values                              meaning
    ==============  ==================================  =============================
    blocks          1, 2, 3 (with small images less)    halvings of the image
    convs           1, 2                                convolutions in each block
    kernel          3, 5                                their window, in pixels
    filters_<i>     8, 16, 32 (only if block i exists)  their outputs in block i
    pooling         max, average                        how a block halves the image
    head            flatten, global_average             from feature maps to a vector
    dropout         0, 0.25, 0.5                        before the last layer
    ==============  ==================================  =============================
    """
    depths = _depths(image_shape)
    blocks = hp.Choice("blocks", depths, default=min(2, depths[-1]))
    convs = hp.Choice("convs", [1, 2], default=1)
    kernel = hp.Choice("kernel", [3, 5], default=3)
    filters = []
    for block in range(depths[-1]):  # all are declared, so that one call shows the whole space
        with hp.conditional_scope("blocks", depths[block:]):
            filters.append(hp.Choice(f"filters_{block}", [8, 16, 32], default=16))
    pooling = hp.Choice("pooling", ["max", "average"])
    head = hp.Choice("head", ["flatten", "global_average"])
    dropout = hp.Choice("dropout", [0.0, 0.25, 0.5], default=0.25)

    pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[pooling]
    reduce = {"flatten": layers.Flatten, "global_average": layers.GlobalAveragePooling2D}[head]

    image = keras.Input(image_shape, dtype="uint8")
    x = layers.Rescaling(1 / 255)(image)
    for block in range(blocks):
        for _ in range(convs):
            x = layers.Conv2D(filters[block], kernel, padding="same", activation="relu")(x)
        x = pool(2)(x)
    x = reduce()(x)
    if dropout > 0:
        x = layers.Dropout(dropout)(x)
    return classifier(image, x, classes, metrics)


def _depths(image_shape: Sequence[int]) -> list[int]:
    """The numbers of halvings, up to `MAX_BLOCKS`, that leave two pixels of an image or more."""
    return [n for n in range(1, MAX_BLOCKS + 1) if min(image_shape[:2]) >> n > 1]


def classifier(
    image: keras.KerasTensor,
    features: keras.KerasTensor,
    classes: int = CLASSES,
    metrics: Sequence[str] = ("accuracy",),
) -> keras.Model:
    """Compile a network with an output for each class on top of the features.

    Parameters
    ----------
    image, features
        Its input of shape (height, width, channels), and the vectors of shape (n,) computed from it.
    metrics
        Names that Keras knows, or ``"macro_f1"``.
    """
    model = keras.Model(image, layers.Dense(classes, activation="softmax")(features))
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=metric_objects(metrics),
    )
    return model


@dataclass(frozen=True)
class AutoKerasSpace:
    """A graph of AutoKeras blocks, and where a search of it starts.

    Attributes
    ----------
    inputs, outputs : the input and the output node of the graph
    first : hyperparameter values of the first trial; greedy search starts from them
    fixed : hyperparameters that are not searched, with their values
    image_shape, classes : of the images that it is for; a search takes those of its splits
    """

    inputs: Any
    outputs: Any
    first: Mapping[str, Any] | None = None
    fixed: Mapping[str, Any] = field(
        default_factory=lambda: {"optimizer": "adam", "learning_rate": LEARNING_RATE}
    )
    image_shape: tuple[int, int, int] = IMAGE_SHAPE
    classes: int = CLASSES


def autokeras_space(
    splits: Splits | None = None,
    *,
    filters: Sequence[int] = (8, 16, 32),
    kernels: Sequence[int] = (3, 5),
    metrics: Sequence[str] = ("accuracy",),
) -> AutoKerasSpace:
    """A space of small CNNs made of AutoKeras's own blocks.

    The plain `autokeras.ImageClassifier` also offers ResNets, Xception and EfficientNets at the
    size of ImageNet, and optimizers that do not learn in five epochs.  This space keeps to
    networks that two CPU cores train in seconds.  It starts from two blocks of two convolutions.

    Parameters
    ----------
    splits
        The images that it is for, by default MNIST's: small ones allow fewer blocks.
    filters, kernels
        The values to choose from for each convolution's filters, and for the window of all.
    metrics
        See `classifier`.
    """
    image_shape, classes = IMAGE_SHAPE, CLASSES
    if splits is not None:
        require("splits", splits, Splits, "images such as data.load_mnist(), or leave it out")
        image_shape, classes = splits.image_shape, splits.classes
    depths = _depths(image_shape)
    image = ak.ImageInput(name="image")
    x = RescalingBlock(name="rescale")(image)
    x = ak.ConvBlock(
        kernel_size=choice("kernel_size", kernels),
        num_blocks=choice("num_blocks", depths),
        num_layers=choice("num_layers", [1, 2]),
        filters=choice("filters", filters),
        dropout=choice("dropout", [0.0, 0.25, 0.5]),
        max_pooling=True,
        separable=False,
        name="conv",
    )(x)
    x = ak.SpatialReduction(name="reduce")(x)
    head = SoftmaxHead(multi_label=True, dropout=0.0, metrics=metric_objects(metrics), name="head")

    small, large = (sorted(filters) * 2)[-2:]  # the same one twice if there is only one
    first = {
        "conv/kernel_size": min(kernels),
        "conv/num_blocks": min(2, depths[-1]),
        "conv/num_layers": 2,
        "conv/filters_0_0": small,
        "conv/filters_0_1": small,
        "conv/dropout": 0.25,
        "reduce/reduction_type": "flatten",
    }
    if depths[-1] > 1:
        first |= {"conv/filters_1_0": large, "conv/filters_1_1": large}
    return AutoKerasSpace(image, head(x), first, image_shape=image_shape, classes=classes)


def fitted(
    space: Callable | AutoKerasSpace, splits: Splits, objective: str = "val_accuracy"
) -> Callable | AutoKerasSpace:
    """The space for the images of these splits.

    A build function is handed what it has parameters for: ``image_shape``, ``classes``, ``metrics``.
    """
    facts: dict[str, Any] = {"image_shape": splits.image_shape, "classes": splits.classes}
    if space is autokeras_space:
        raise CourseError("autokeras_space is not called yet: write autokeras_space(splits).")
    if isinstance(space, AutoKerasSpace):
        return replace(space, **facts)
    if objective == "val_macro_f1":
        facts["metrics"] = ("accuracy", "macro_f1")
    parameters = inspect.signature(space).parameters if callable(space) else {}
    facts = {name: fact for name, fact in facts.items() if name in parameters}
    # The new function keeps the name of the old one, by which a pool's processes find it.
    return functools.update_wrapper(functools.partial(space, **facts), space) if facts else space


def bench_space(hp: keras_tuner.HyperParameters) -> keras.Model:
    """Build and compile the network of MNIST-NAS-Bench that ``hp`` describes.

    Every network of this space has been trained, and `nascourse.benchmark` knows the outcome.

    ==================  ===============================  =====================================
    hyperparameter      values                           meaning
    ==================  ===============================  =====================================
    body/blocks         1, 2, 3                          halvings of the image
    body/halving        max, stride                      by max pooling, or by a convolution
                                                         that moves two pixels at a time
    body/skip           False, True                      hand on a block's input, at half the
                                                         size, beside its output (as DenseNet)
    conv/kind           plain, separable                 what the convolutions are
    conv/kernel         3, 5                             their window, in pixels
    conv/filters_<i>    2, 6, 16 (only if block i        their outputs in block i
                        exists)
    head                flatten, quarters                from feature maps to a vector: every
                                                         pixel, or the mean of each quarter
    ==================  ===============================  =====================================

    The slashes group the hyperparameters, as AutoKeras's do: its greedy strategy changes one
    group at a time.
    """
    blocks = hp.Choice("body/blocks", [1, 2, 3], default=2)
    halving = hp.Choice("body/halving", ["max", "stride"])
    skip = hp.Boolean("body/skip")
    kind = hp.Choice("conv/kind", ["plain", "separable"])
    kernel = hp.Choice("conv/kernel", [3, 5], default=3)
    filters = []
    for block in range(MAX_BLOCKS):
        with hp.conditional_scope("body/blocks", list(range(block + 1, MAX_BLOCKS + 1))):
            filters.append(hp.Choice(f"conv/filters_{block}", [2, 6, 16], default=6))
    head = hp.Choice("head", ["flatten", "quarters"])

    convolution = {"plain": layers.Conv2D, "separable": layers.SeparableConv2D}[kind]
    strides = 2 if halving == "stride" else 1

    image = keras.Input(IMAGE_SHAPE, dtype="uint8")
    x = layers.Rescaling(1 / 255)(image)
    for block in range(blocks):
        y = convolution(filters[block], kernel, strides, padding="same", activation="relu")(x)
        if halving == "max":
            y = layers.MaxPooling2D(2, padding="same")(y)
        if skip:
            y = layers.Concatenate()([y, layers.AveragePooling2D(2, padding="same")(x)])
        x = y
    if head == "quarters":
        x = layers.AveragePooling2D((x.shape[1] + 1) // 2, padding="same")(x)
    return classifier(image, layers.Flatten()(x))


def settings(space: Callable | keras_tuner.HyperParameters) -> list[dict[str, Any]]:
    """All configurations of a space, in a fixed order, each with its active hyperparameters only.

    >>> import keras_tuner
    >>> hp = keras_tuner.HyperParameters()
    >>> if hp.Boolean("deep"): pass
    >>> with hp.conditional_scope("deep", [True]):
    ...     _ = hp.Choice("filters", [8, 16])
    >>> settings(hp)
    [{'deep': True, 'filters': 8}, {'deep': True, 'filters': 16}, {'deep': False}]

    Raises
    ------
    CourseError
        A hyperparameter has a continuous range, or there are more than `MOST_LISTED` configurations.
    """
    entries = declared(space).space
    if (number := n_settings(entries)) > MOST_LISTED:
        raise CourseError(
            f"This space has {number:,} configurations, too many for a list: spaces.size counts "
            "them."
        )

    def completions(index: int, setting: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if index == len(entries):
            yield setting
        elif is_active(entries[index], setting):
            for value in all_values(entries[index]):
                yield from completions(index + 1, {**setting, entries[index].name: value})
        else:
            yield from completions(index + 1, setting)

    return list(completions(0, {}))


def built(space: Callable | AutoKerasSpace, setting: Mapping[str, Any]) -> keras.Model:
    """Build the network of one configuration; hyperparameters without a value have their default.

    Raises
    ------
    CourseError
        A value is given to a hyperparameter that the network does not have.
    """
    hp = keras_tuner.HyperParameters()
    hp.values = dict(setting)
    model = network(space, hp)
    # Of filters_0, filters_1, ... some spaces declare no more than the network needs.
    names = {entry.name for entry in hp.space}
    numberless = {re.sub(r"\d+", "", name) for name in names}
    for name in setting:
        if re.sub(r"\d+", "", str(name)) not in numberless:
            raise CourseError(
                f"{name!r} is no hyperparameter of this network, which has "
                f"{', '.join(sorted(names)) or 'none'}: correct the name, or leave it out."
            )
    return model


def declared(
    space: Callable | AutoKerasSpace | keras_tuner.HyperParameters,
) -> keras_tuner.HyperParameters:
    """All hyperparameters that a space declares, at their default values.

    A block of AutoKeras declares only what its default network needs, so other values may add
    hyperparameters that are missing here.
    """
    if isinstance(space, keras_tuner.HyperParameters):
        return space
    hp = keras_tuner.HyperParameters()
    network(space, hp)
    return hp


def network(space: Callable | AutoKerasSpace, hp: keras_tuner.HyperParameters) -> keras.Model:
    """The network of the values in ``hp``, which gets the hyperparameters that it declares."""
    if not isinstance(space, AutoKerasSpace):
        if not callable(space):
            raise CourseError(
                f"space={space!r} is no search space: give a build function such as "
                "spaces.cnn_space, or an AutoKerasSpace."
            )
        return space(hp)
    for name, value in space.fixed.items():
        hp.Fixed(name, value)
    return compat.autokeras_network(
        space.inputs, space.outputs, hp, image_shape=space.image_shape, n_classes=space.classes
    )


def to_table(space: Callable | keras_tuner.HyperParameters) -> pd.DataFrame:
    """The hyperparameters of a space as a table: name, values, and the conditions of each."""
    rows = []
    for entry in declared(space).space:
        values = all_values(entry)
        if count(values) > MANY_VALUES:
            values = [values[0], values[1], values[2], "...", values[-1]]
        conditions = [f"{parent.name} in {parent.values}" for parent in entry.conditions]
        rows.append((entry.name, ", ".join(map(str, values)), " and ".join(conditions)))
    columns = ["hyperparameter", "values", "only if"]
    return pd.DataFrame(rows, columns=columns).set_index("hyperparameter")


def size(space: Callable | keras_tuner.HyperParameters) -> int:
    """Count the configurations of a space; a hyperparameter counts only where it is active.

    Different configurations may still build the same network.

    Raises
    ------
    CourseError
        A hyperparameter has a continuous range, so that there is no number.

    >>> import keras_tuner
    >>> hp = keras_tuner.HyperParameters()
    >>> if hp.Boolean("deep"): pass
    >>> with hp.conditional_scope("deep", [True]):
    ...     _ = hp.Choice("filters", [8, 16, 32])
    >>> size(hp)
    4
    """
    return n_settings(declared(space).space)


def describe(model: keras.Model) -> str:
    """The network in one line, from the image to the class.

    ``16@3x3`` is a convolution with 16 filters of 3x3 pixels, ``16@3x3/2`` one that moves in steps
    of two, ``max2`` a max pooling by two, ``drop.25`` a dropout of a quarter, ``10`` a dense layer
    with ten outputs.
    """
    return " ".join(filter(None, map(_abbreviation, model.layers)))


def _abbreviation(layer: keras.Layer) -> str:
    kind = type(layer).__name__
    # A class of one's own may be called like one of Keras's, and have nothing of it.
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        if kind in ("Conv2D", "SeparableConv2D"):
            height, width = layer.kernel_size
            prefix = "sep" if kind == "SeparableConv2D" else ""
            stride = f"/{layer.strides[0]}" if max(layer.strides) > 1 else ""
            return f"{prefix}{layer.filters}@{height}x{width}{stride}"
        if kind in ("MaxPooling2D", "AveragePooling2D"):
            return f"{kind[:3].lower()}{layer.pool_size[0]}"
        if kind == "Dropout":
            return f"drop{layer.rate:g}".replace("0.", ".")
        if kind == "Dense":
            return str(layer.units)
    return {
        "Flatten": "flatten",
        "GlobalAveragePooling2D": "globalavg",
        "GlobalMaxPooling2D": "globalmax",
        "BatchNormalization": "norm",
        "Add": "add",
        "Concatenate": "concat",
    }.get(kind, "")


def fingerprint(model: keras.Model) -> str:
    """A digest of a network's layers and connections: equal networks have the same.

    Names and weights do not count, of the networks inside it neither.  A network of a class that
    does not say what its layers do to its input counts as that class with these layers, and so does
    a layer that does not say how it was made.  KerasTuner compares hyperparameter *values*, which
    can differ although the network is the same, for instance in the filters of a block that is not
    built.
    """
    return digest(_description(model))


def _description(layer: Any) -> Any:
    """What a network or a layer says of itself; where it says nothing, what it is made of."""
    try:
        config = layer.get_config()
        if isinstance(layer, keras.Model):
            return _layers(config["layers"])
        return [type(layer).__name__, _anonymous({**config, "name": None})]
    except Exception:  # noqa: BLE001 - classes of one's own can fail in any way
        parts = _inside(layer)
        return [type(layer).__name__, [p if type(p) is dict else _description(p) for p in parts]]


def _inside(layer: Any) -> Sequence:
    """The layers inside a layer, and where it does not list them also the plain values in it."""
    layers = getattr(layer, "layers", None)
    if isinstance(layers, (list, tuple)):  # in a class of one's own it may be a number
        return layers
    if not isinstance(layer, keras.Layer):
        return ()
    attributes = vars(layer)
    values = [v if isinstance(v, (list, tuple)) else [v] for v in attributes.values()]
    parts = dict.fromkeys(v for v in itertools.chain(*values) if isinstance(v, keras.Layer))
    arguments = inspect.signature(type(layer).__init__).parameters.keys() & attributes.keys()
    plain = (bool, int, float, str, types.FunctionType)
    kept = {k: attributes[k] for k in arguments - {"name"} if isinstance(attributes[k], plain)}
    return [{k: getattr(v, "__name__", v) for k, v in kept.items()}, *parts]


def _layers(configs: Sequence[Mapping[str, Any]]) -> list:
    """The layers of a network as its configuration lists them, without their names."""
    index_of = {layer["config"]["name"]: index for index, layer in enumerate(configs)}
    return [
        [
            layer["class_name"],
            _anonymous({**layer["config"], "name": None}, index_of),
            _anonymous(layer.get("inbound_nodes"), index_of),
        ]
        for layer in configs
    ]


def _anonymous(part: Any, index_of: Mapping[str, int] = {}) -> Any:
    """A part of a configuration without names of layers, and without places of code."""
    if isinstance(part, (list, tuple)):
        return [_anonymous(value, index_of) for value in part]
    if not isinstance(part, dict):  # a function counts by its code elsewhere
        return part.__name__ if isinstance(part, types.FunctionType) else part
    if "keras_history" in part:  # where a tensor comes from: layer, call, output
        name, *rest = part["keras_history"]
        return [index_of[name], *rest]
    if is_lambda(part):  # its code names the file that it was written in
        return _anonymous(compat.lambda_code(part.get("config", part)), index_of)
    if isinstance(part.get("layers"), list):  # a network inside the network
        inner = [key for key in ("name", "layers", "input_layers", "output_layers") if key in part]
        rest = {key: value for key, value in part.items() if key not in inner}
        return [_layers(part["layers"]), _anonymous(rest, index_of)]
    is_layer = "name" in part and "trainable" in part  # one that a layer wraps
    part = {**part, "name": None} if is_layer else part
    return {key: _anonymous(value, index_of) for key, value in part.items()}
