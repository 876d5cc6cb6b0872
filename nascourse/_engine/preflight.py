"""Look at all that a search is given before its first trial begins, as a training takes long."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import autokeras as ak
import keras
import keras_tuner
import numpy as np
from keras_tuner.engine.hyperparameters import Float, Int

from nascourse import CourseError, require, trials
from nascourse._engine import compat, environment
from nascourse._engine.blame import reason
from nascourse._engine.identity import Space, build_function, own_fit
from nascourse._engine.images import listed
from nascourse._engine.observers import Observer
from nascourse._engine.options import direction_of
from nascourse.data import Splits
from nascourse.spaces import AutoKerasSpace, built, declared, network


def check_arguments(
    space: Any, splits: Any, *, executor: Any, observer: Any, **switches: Any
) -> None:
    """Refuse an argument of another kind, and a machine on which no network can be trained."""
    check_machine()
    for name, value, kind, example in (
        ("splits", splits, Splits, "data.load_mnist()"),
        ("executor", executor, Executor | None, "ProcessPoolExecutor(...)"),
        ("observer", observer, Observer | None, "search.ProgressBar()"),
        *((name, value, bool, "True") for name, value in switches.items()),
    ):
        require(name, value, kind, f"one such as {example}")
    if isinstance(space, type):
        raise CourseError(f"space={space.__name__} is a class: give an object, {space.__name__}().")
    declare = getattr(type(space), "declare_hyperparameters", None)
    if declare not in (None, keras_tuner.HyperModel.declare_hyperparameters):
        raise CourseError(
            f"The declare_hyperparameters of {type(space).__name__} would never be called: declare "
            "the hyperparameters in its build, as in hp.Choice('units', [4, 8])."
        )


def check_machine() -> None:
    """Refuse a machine on which no network can be trained."""
    settings = {
        "backend": keras.backend.backend(),
        "image_data_format": keras.config.image_data_format(),
        "floatx": keras.config.floatx(),
    }
    environment.demand("search", settings)


def check_network(
    space: Space, splits: Splits, column: str, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> None:
    """Build the network of the default values, and let it meet two images, without a training.

    Refuse it if it cannot be built, cannot be trained on these images, or does not report the
    metric behind this column of the trial table, or what a callback watches.
    """
    metric = column.removeprefix("val_")
    if is_graph := isinstance(space, AutoKerasSpace):
        (head,) = compat.Graph(space.inputs, space.outputs).outputs[0].in_blocks
        _check_head(head, metric, splits.classes, callbacks)
    keras.utils.clear_session(free_memory=False)  # else Keras numbers the names of metrics
    try:
        if isinstance(space, AutoKerasSpace):
            _check_values(space)
        hp = keras_tuner.HyperParameters()
        model = network(build_function(space), hp)
    except CourseError:
        raise
    except Exception as error:
        to_repair = "values of the blocks" if is_graph else "build function"
        raise CourseError(
            f"The network of the default values cannot be built ({reason(error)}): repair the "
            f"{to_repair}, and try it by spaces.built(space, {{}})."
        ) from error
    check_names(hp, column)
    if isinstance(space, AutoKerasSpace):  # AutoKeras compiles its networks itself
        _check_first(space)
        return
    if not isinstance(model, keras.Model):
        raise CourseError(
            f"The build function returned {model!r}, not a Keras model: end it with 'return model'."
        )
    way_out = "give the build function the parameters image_shape and classes, and use what a "
    check_fit(model, splits, way_out=f"{way_out}search hands it")
    if fit := own_fit(space):  # which may train in any way
        _check_own_fit(fit)
        return
    if not model.compiled:
        raise CourseError(
            "The network is not compiled: let the build function call model.compile(optimizer, "
            f"loss, metrics=[{metric!r}]) before it returns the model."
        )
    x, y = splits.x_train[:2], splits.y_train[:2]
    try:
        _meet(model, x, y)
    except Exception as error:
        raise CourseError(
            f"The network of the default values cannot learn from images of shape {x.shape[1:]} "
            f"with whole numbers as labels ({reason(error)}): let its input, its output and its loss "
            "fit them."
        ) from error
    _check_reported(model, metric)
    _check_watched(callbacks, model)


def _check_own_fit(fit: Callable[..., Any]) -> None:
    """Refuse a ``fit`` that cannot be called as KerasTuner calls it."""
    names = ("validation_data", "epochs", "batch_size", "callbacks", "verbose")
    try:
        inspect.signature(fit).bind("hp", "model", "x", "y", **dict.fromkeys(names))
    except TypeError as error:
        raise CourseError(
            f"The fit of the HyperModel cannot be called ({error}): define it as fit(self, hp, model, "
            "*args, **kwargs), and hand *args and **kwargs to model.fit."
        ) from error


def _check_head(
    head: ak.ClassificationHead,
    metric: str,
    classes: int,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Refuse a head of AutoKeras that cannot take the labels, or does not report what is needed."""
    if isinstance(head, ak.ClassificationHead) and classes == 2 and not head.multi_label:
        raise CourseError(
            "The head has one output for two classes, and the labels of a search have one for each: "
            "write ak.ClassificationHead(multi_label=True, ...), or take spaces.autokeras_space."
        )
    # AutoKeras compiles its networks itself: this one takes their scores, and reports what they do.
    model = keras.Sequential([keras.Input((classes,)), keras.layers.Softmax()])
    labels = np.eye(classes, dtype="float32")[:2]
    try:
        model.compile(loss="categorical_crossentropy", metrics=[*map(_copy, head.metrics)])
        _meet(model, labels, labels)
    except Exception as error:
        raise CourseError(
            f"The metrics of the head cannot be computed from labels of shape {labels.shape}, which "
            f"are one-hot ({reason(error)}): take metrics such as 'accuracy' or "
            "keras.metrics.F1Score(average='macro')."
        ) from error
    _check_reported(model, metric)
    _check_watched(callbacks, model)
    _check_loss(head)


def _copy(metric: Any) -> Any:
    """A metric as it was before it met images; itself if it does not say how it was made."""
    try:
        return type(metric).from_config(metric.get_config())
    except Exception:  # noqa: BLE001 - a name, a function, a class of one's own
        return metric


def _check_loss(head: ak.ClassificationHead) -> None:
    """Refuse a loss that AutoKeras would ignore: a head takes that of its ``infer_loss`` instead."""
    if getattr(type(head), "infer_loss", None) is not ak.ClassificationHead.infer_loss:
        return
    inferred = [keras.losses.CategoricalCrossentropy(), keras.losses.BinaryCrossentropy()]
    allowed = [None, *(loss.name for loss in inferred), *(loss.get_config() for loss in inferred)]
    is_object = isinstance(head.loss, keras.losses.Loss)
    if (head.loss.get_config() if is_object else head.loss) not in allowed:
        raise CourseError(
            f"AutoKeras would ignore the loss {head.loss!r} of the head, as it takes crossentropy for "
            "classes: leave it out, or let a class of your own override ClassificationHead.infer_loss."
        )


def _check_values(space: AutoKerasSpace) -> None:
    """Refuse values of a graph of AutoKeras that none of its networks can have."""
    free = replace(space, fixed={})
    for entry in declared(free).space:
        for part, values in (("fixed", space.fixed), ("first", space.first or {})):
            value = values.get(entry.name, entry.default)
            # A number that is not searched may be any.
            is_checked = part == "first" or isinstance(value, str)
            if is_checked and not isinstance(entry, (Int, Float)) and value not in entry.values:
                raise CourseError(
                    f"{part} has {entry.name}={value!r}: choose one of {listed(entry.values)}."
                )
    built(free, space.fixed)  # refuses names that no hyperparameter has


def _check_first(space: AutoKerasSpace) -> None:
    """Refuse values of the first trial that are of no hyperparameter of its network."""
    try:
        if space.first:
            built(space, space.first)
    except CourseError:
        raise
    except Exception:  # noqa: BLE001 - such a trial fails, and its row says so
        return


def check_names(hp: keras_tuner.HyperParameters, column: str) -> None:
    """Refuse hyperparameters of one name, and those called like a column of the trial table.

    One value would take the place of another.
    """
    names = [entry.name for entry in hp.space]
    for name in names:
        if name in (*trials.COLUMNS, "fingerprint", column):
            raise CourseError(
                f"The hyperparameter {name!r} is called like a column of the trial table: give it "
                "another name."
            )
        if names.count(name) > 1:
            raise CourseError(
                f"Two hyperparameters that depend on different values are called {name!r}, and "
                "KerasTuner would take one for the other: give each a name of its own."
            )


def _check_reported(model: keras.Model, metric: str) -> None:
    """Refuse a network that has met images, and does not report this metric, or no single numbers."""
    reported = model.get_metrics_result()
    if metric not in reported:
        raise CourseError(
            f"The networks report {', '.join(sorted(reported))}, and trials are compared by {metric}: "
            f"compile them with metrics=[{metric!r}]."
        )
    for name, value in sorted(reported.items()):
        direction_of(name)
        if np.ndim(value):
            raise CourseError(
                f"The metric {name} gives {np.size(value)} values, and a search needs one: let it "
                "give their mean, as keras.metrics.F1Score(average='macro') does."
            )


def _check_watched(callbacks: Sequence[keras.callbacks.Callback], model: keras.Model) -> None:
    """Refuse a callback of Keras that watches what no epoch reports: most would only be ignored.

    Callbacks and training steps of the learner's own may report anything.
    """
    steps = ("fit", "evaluate", "train_step", "test_step", "compute_metrics")
    if any(getattr(type(model), name) is not getattr(keras.Model, name) for name in steps) or any(
        isinstance(callback, keras.callbacks.LambdaCallback)
        or not type(callback).__module__.startswith("keras.")
        for callback in callbacks
    ):
        return
    reported = sorted(model.get_metrics_result())
    allowed = [*(f"val_{name}" for name in reported), *reported]
    for callback in callbacks:
        watched = getattr(callback, "monitor", None)
        is_used = getattr(callback, "save_best_only", True)  # not by each `ModelCheckpoint`
        # Two callbacks of Keras report the learning rate.
        if watched is not None and is_used and watched not in [*allowed, "learning_rate"]:
            raise CourseError(
                f"The callback {type(callback).__name__} watches {watched!r}, which no epoch reports: "
                f"let its monitor be one of {listed(allowed)}."
            )


def _meet(model: keras.Model, x: Any, y: Any) -> None:
    try:
        compat.build_by_batch(model, x, y)
    except Exception:  # noqa: BLE001 - some networks can only be built by a step
        model.evaluate(x, y, verbose=0)


def check_fit(model: keras.Model, splits: Splits, *, way_out: str) -> None:
    """Refuse a network that does not take these images, or does not tell these classes apart."""
    try:
        takes, gives = tuple(model.input_shape[1:]), tuple(model.output_shape[1:])
    except (AttributeError, TypeError):  # a network without fixed shapes
        return
    shape = splits.image_shape
    possible = {shape, shape[:2]} if shape[-1] == 1 else {shape}  # Keras adds the channel of gray
    if gives != (splits.classes,) or takes not in possible:
        raise CourseError(
            f"The space builds networks that take {takes} and give {gives}, but the images have the "
            f"shape {shape} and {splits.classes} classes, so {(splits.classes,)} is needed: {way_out}."
        )
