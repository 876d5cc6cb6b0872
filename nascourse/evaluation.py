"""What one network is worth and what it costs, and the only key to the test set.

Cost has four faces, and each is measured here: parameters (`count_params`), arithmetic
(`count_flops`), waiting (`measure_latency`) and storage (`saved_size`).  Quality has one that
matters, the accuracy on images that no choice was made by: `open_test_set` hands them out, and
counts how often.  The accuracy itself is `sklearn.metrics.accuracy_score`; `accuracy_interval` says
how sure it is.  `write_report` puts all of it on one page.
"""

from __future__ import annotations

import contextlib
import json
import numbers
import os
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from autokeras import CastToFloat32
from numpy.typing import NDArray
from scipy import stats

from nascourse import CourseError, first_line, require, sentence, spaces, trials, whole_number
from nascourse._engine import compat
from nascourse._engine import report as pages
from nascourse._engine.costs import (
    NETWORK,
    count_flops,  # noqa: F401 - a public name of this module
    count_params,
    flops_if_known,
    layer_costs,
)
from nascourse._engine.files import (
    atomic_path,
    atomic_write,
    given_path,
    is_full,
    not_written,
    runs_folder,
)
from nascourse.data import SealedTest, Splits

if TYPE_CHECKING:
    from nascourse.search import Search

OPENINGS = "NASCOURSE_OPENINGS"  # names another file for the openings of test sets, or is "off"

_openings: list[str] = []  # the fingerprint of the test set at each opening by this process


class OpenedTestSet(NamedTuple):
    """Test images, uint8 of shape (n, height, width, channels), and labels, int64 of shape (n,)."""

    x: NDArray[np.uint8]
    y: NDArray[np.int64]


def times_opened(splits: Splits) -> int:
    """How often the test set of these splits was opened in this copy of the course.

    A file counts for all processes, ``runs/openings.txt``.  It is there for honest people: who
    deletes it begins to count anew.
    """
    require("splits", splits, Splits, "images as nascourse.data loads them")
    here = _openings.count(splits.test.fingerprint)
    with contextlib.suppress(OSError, CourseError):
        if path := _openings_file():
            everywhere = path.read_bytes().split().count(splits.test.fingerprint.encode())
            return max(here, everywhere)
    return here


def _openings_file() -> Path | None:
    chosen = os.environ.get(OPENINGS, "")
    if chosen == "off":
        return None
    return given_path(chosen) if chosen else runs_folder() / "openings.txt"


def _note_opening(fingerprint: str) -> None:
    _openings.append(fingerprint)
    # Where nothing can be written, this process counts alone.
    with contextlib.suppress(OSError, CourseError):
        if path := _openings_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="ascii") as file:  # one short write, so none is mixed up
                file.write(f"{fingerprint}\n")


def open_test_set(splits: Splits) -> OpenedTestSet:
    """Open the sealed test set, and say how often that was done.

    Open it once, when every choice is made.  Whoever looks, changes something and looks again has
    begun to fit the test set, and its accuracy promises too much.  Loading the same images again
    does not set the count back.
    """
    require("splits", splits, Splits, "images as nascourse.data loads them")
    test = splits.test
    _note_opening(test.fingerprint)
    count = times_opened(splits)
    print(f"Test set opened: {len(test):,} images. Times opened so far: {count}.")
    if count > 1:
        print("Choices made after the first look are no longer judged by unseen images.")
    return OpenedTestSet(test._x, test._y)


def predict(model: keras.Model, x: NDArray, *, batch_size: int = 100) -> NDArray[np.int64]:
    """The most probable class of each image, int64 of shape (n,)."""
    require("model", model, keras.Model, NETWORK)
    batch_size = whole_number("batch_size", batch_size, at_least=1)
    return model.predict(x, batch_size=batch_size, verbose=0).argmax(axis=1)


def accuracy_interval(
    accuracy: float, n_images: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Wilson's interval: what accuracy other images of the same kind could have given.

    It covers the luck of the test images, not the luck of the training seed.
    """
    n_images = whole_number("n_images", n_images, at_least=1)
    for name, share in (("accuracy", accuracy), ("confidence", confidence)):
        if not (isinstance(share, numbers.Real) and 0 <= share <= 1):
            raise CourseError(f"{name}={share!r} is not possible: give a share from 0 to 1.")
    if confidence == 1:
        raise CourseError(f"confidence={confidence!r} has no limits: give a share below 1.")
    result = stats.binomtest(round(accuracy * n_images), n_images)
    low, high = result.proportion_ci(confidence, method="wilson")
    return low, high


@dataclass(frozen=True)
class Latency:
    """How long one image takes, in milliseconds."""

    median_ms: float
    p95_ms: float  # 95 of 100 runs were at most this slow
    repeats: int


def measure_latency(model: keras.Model, *, warm_up: int = 20, repeats: int = 100) -> Latency:
    """Time the network on one image at a time, as an application would call it.

    The network runs as a compiled graph (`tf.function`).  The first calls build the graph and
    fill the caches, so ``warm_up`` of them do not count.  ``model.predict`` would measure mostly
    its own preparations.  With another backend than TensorFlow it runs as Keras runs it there.
    """
    require("model", model, keras.Model, NETWORK)
    zeros = _black_image(model)
    if keras.backend.backend() != "tensorflow":
        return time_calls(lambda: model.predict_on_batch(zeros), warm_up=warm_up, repeats=repeats)
    image = tf.constant(zeros)
    run = tf.function(lambda x: model(x, training=False), autograph=False)
    return time_calls(lambda: run(image).numpy(), warm_up=warm_up, repeats=repeats)


def _black_image(model: keras.Model) -> NDArray:
    if hasattr(model, "inputs"):
        return np.zeros((1, *model.input_shape[1:]), model.inputs[0].dtype)
    shape = model.get_build_config()["input_shape"]  # all that a class of one's own says
    return np.zeros((1, *shape[1:]), np.uint8)


def time_calls(call: Callable[[], object], *, warm_up: int = 20, repeats: int = 100) -> Latency:
    """Time a call again and again; the first ``warm_up`` times do not count."""
    warm_up = whole_number("warm_up", warm_up, at_least=0)
    repeats = whole_number("repeats", repeats, at_least=1)
    milliseconds = []
    for _ in range(warm_up + repeats):
        start = time.perf_counter()
        call()
        milliseconds.append(1000 * (time.perf_counter() - start))
    median, p95 = np.percentile(milliseconds[warm_up:], [50, 95])
    return Latency(float(median), float(p95), repeats)


def save_model(model: keras.Model, path: str | os.PathLike) -> int:
    """Save network and weights, without the optimizer, as ``.keras``; return the bytes.

    AutoKeras's first layer is replaced by Keras's own that does the same, so that the file loads
    with ``keras.models.load_model`` where AutoKeras is not installed.  A layer of one's own that
    does not say how it is made (``get_config``) is saved as it is, for where its class is known.

    Raises
    ------
    CourseError
        ``model`` is no network, or the path does not end in ``.keras``, or is a folder.
    """
    require("model", model, keras.Model, NETWORK)
    path = given_path(path)
    if path.is_dir():
        raise CourseError(f"{str(path)!r} is a folder: give the name of a file in it.")
    if path.suffix != ".keras":
        raise CourseError(f"{str(path)!r} is no file for a network: let its name end in .keras.")
    try:
        clone = keras.models.clone_model(model, clone_function=_plain_layer)
        clone.set_weights(model.get_weights())
    except Exception:  # noqa: BLE001 - classes of one's own can fail in any way
        clone = model
    if hasattr(clone, "inputs"):
        # A clone keeps the optimizer; and a name that Keras counts up would be part of the file.
        clone = keras.Model(clone.inputs, clone.outputs, name=model.name)
    with atomic_path(path) as part:
        clone.save(part)
    return os.path.getsize(path)


def _plain_layer(layer: keras.Layer) -> keras.Layer:
    if isinstance(layer, CastToFloat32):
        return keras.layers.Rescaling(1.0)
    return type(layer).from_config(layer.get_config())


def saved_size(model: keras.Model) -> int:
    """Bytes of the ``.keras`` file that `save_model` writes: what an application ships."""
    with tempfile.TemporaryDirectory() as folder:
        return save_model(model, os.path.join(folder, "model.keras"))


def write_report(
    search: Search,
    model: keras.Model,
    test: OpenedTestSet,
    *,
    directory: str | os.PathLike,
    reason: str = "",
    notes: Mapping[str, str] | None = None,
    trial: int | None = None,
    splits: Splits | None = None,
) -> dict[str, Any]:
    """Write the report of a project, ``report.md`` and ``report.html``, and return its facts.

    Beside them: the facts as ``result.json``, the tables as CSV, the network as ``model.keras``,
    ``read_pictures.py``, which reads new pictures with it, and the figures.  What took long is
    written first.  A network that cannot be saved, a latency that cannot be measured and a figure
    that fails cost a warning each.

    Parameters
    ----------
    search, model
        A finished search, and the network of one of its trials after its final training.
    test
        The test set, as `open_test_set` returned it.
    directory
        The folder for all of this, which is made if need be.
    reason
        Why this network was chosen, in a sentence of yours.
    notes
        What else you say of your decisions: a sentence under each name, such as ``"budget"``.
    trial
        The number of the trial; by default the best one.
    splits
        The images of the final training; by default those of the search.

    Raises
    ------
    CourseError
        A value is of another kind, the test set is that of other images, there is no such trial,
        or the network is another one; or the folder cannot be written.
    """
    reason, folder = sentence("reason", reason), given_path(directory)
    notes = pages.checked_notes(notes)
    splits = _checked_splits(search, model, test, splits)
    table = search.table
    best = trials.best(table)["trial"] if trial is None else trial
    number = whole_number("trial", best, at_least=1)
    rows = table.set_index("trial")
    if number not in rows.index or rows.loc[number, "status"] != "completed":
        raise CourseError(f"Trial {number} was not completed: choose one that was.")
    row = rows.loc[number]
    if spaces.describe(model) != row["architecture"]:
        raise CourseError(
            f"The network {spaces.describe(model)} is not that of trial {number}, which is "
            f"{row['architecture']}: train that one with search.retrain(found, trial={number})."
        )
    try:
        n_bytes = _write_search(folder, search, model)
        predicted = predict(model, test.x)
        report = _search_facts(search, row, number, reason)
        report |= _test_facts(splits, test, predicted) | _costs(model, n_bytes)
        report["final_training"] = getattr(model, "final_training", {})  # of `search.retrain`
        report["notes"] = notes
        report["limits"] = list(pages.limits(report))
        atomic_write(folder / "result.json", json.dumps(report, indent=2) + "\n")
        _write_pages(folder, report, {})  # at once, as any figure may fail
        drawings = _figures(search, model, test, predicted, splits.class_names)
        _write_pages(folder, report, _drawn(folder, drawings))
    except OSError as error:
        raise not_written(error, folder) from error
    return report


def _checked_splits(search: Any, model: Any, test: Any, splits: Any) -> Splits:
    """The images of the final training, if all of this is what it should be, and of one data set."""
    from nascourse.search import Search

    require("search", search, Search, "what search.run_search returned")
    require("model", model, keras.Model, "the network that search.retrain returned")
    require("test", test, OpenedTestSet, "what evaluation.open_test_set(splits) returned")
    splits = search.splits if splits is None else splits
    require("splits", splits, Splits, "the images of the final training, or leave it out")
    if SealedTest(*test).fingerprint != splits.test.fingerprint:
        raise CourseError(
            f"test is not the test set of {splits.source!r}: give that one, or in splits=... the "
            "images that it belongs to."
        )
    return splits


def _write_search(folder: Path, search: Search, model: keras.Model) -> int | None:
    """Write what took long, the tables and the network; return its bytes, or None if it has none."""
    for name, frame in (("trials", search.table), ("curves", search.curves)):
        atomic_write(folder / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
    script = Path(__file__).parent / "_engine" / "read_pictures.py"
    atomic_write(folder / script.name, script.read_text("utf-8"))
    path = folder / "model.keras"
    try:
        return save_model(model, path)
    except Exception as error:  # a layer of one's own can fail in any way
        if is_full(error):
            raise
        path.unlink(missing_ok=True)  # one of an earlier report would have other weights
        warnings.warn(f"{path.name} could not be saved ({first_line(error)}).", stacklevel=3)
        return None


def _drawn(folder: Path, drawings: Iterator[tuple[str, str, Callable[[], Any]]]) -> dict[str, str]:
    """Write the figures that can be drawn: the name of each file, and what its picture shows."""
    from nascourse import plotting  # loads Matplotlib, which a worker of a search does not need

    figures = {}
    for name, alt, draw in drawings:
        try:
            plotting.save(draw(), folder / f"{name}.png")
            figures[f"{name}.png"] = alt
        except Exception as error:  # whatever is wrong, the numbers are there
            if is_full(error):
                raise
            warnings.warn(f"{name}.png could not be drawn ({first_line(error)}).", stacklevel=3)
    return figures


def _write_pages(folder: Path, report: dict[str, Any], figures: dict[str, str]) -> None:
    content = pages.markdown(report, figures)
    atomic_write(folder / "report.md", content)
    title = f"Report: a network for {report['data_source']}"
    atomic_write(folder / "report.html", pages.page(title, content, folder, figures))


def _search_facts(search: Search, row: pd.Series, number: int, reason: str) -> dict[str, Any]:
    """What was searched, how, and what was chosen."""
    options, table, column = search.options, search.table, search.options.objective[0]
    space: list[dict[str, str]] = [{"name": name} for name in trials.hyperparameters(table)]
    with contextlib.suppress(CourseError):  # a continuous range has no list of values
        space = spaces.to_table(search.tuner.oracle.get_space()).reset_index().to_dict("records")
    judged = dict.fromkeys([column, "val_accuracy"])
    shown = table[["trial", "status", *judged, "n_params", "flops", "seconds", "architecture"]]
    return {
        "strategy": options.strategy,
        "objective": list(options.objective),
        "max_trials": options.max_trials,
        "n_trials": len(table),
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "seed": options.seed,
        "stopped": search.stopped,
        "search_images": len(search.splits.y_train),
        "judged_by": len(search.splits.y_val),
        "space": space,
        "trials": shown.round(3).astype(object).where(shown.notna(), "").to_dict("records"),
        "trial": number,
        "architecture": row["architecture"],
        "objective_value": float(row[column]),
        "reason": reason,
        "found": _found(search, row, number),
    }


def _found(search: Search, row: pd.Series, number: int) -> str:
    """Whether the search has found the chosen network, or only confirmed one that was given."""
    if not compat.initial_values(search.tuner.oracle):
        return "yes"
    same_as = number if pd.isna(row["duplicate_of"]) else row["duplicate_of"]
    if same_as == 1:
        return "no, it is the first network, which somebody chose before the search"
    if search.options.objective[0] == "val_accuracy":  # of another objective it says nothing
        accuracies = search.table.set_index("trial")["val_accuracy"].astype(float)
        n_images = len(search.splits.y_val)
        low, _ = accuracy_interval(accuracies.max(), n_images)
        if accuracies.get(1, 0) >= low:
            return (
                "yes, but it was not shown to be better than the first network, which was given "
                f"({pages.percent(accuracies[1], n_images)})"
            )
    return "yes"


def _test_facts(splits: Splits, test: OpenedTestSet, predicted: NDArray) -> dict[str, Any]:
    """The images, and how many of the test images the network reads."""
    from sklearn.metrics import accuracy_score, balanced_accuracy_score

    counts = splits.counts.assign(test=np.bincount(test.y, minlength=splits.classes))
    accuracy = float(accuracy_score(test.y, predicted))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are read, but are not among the images
        balanced = float(balanced_accuracy_score(test.y, predicted))
    return {
        "data_source": splits.source,
        "image_shape": list(splits.image_shape),
        "class_names": list(splits.class_names),
        "counts": counts.to_dict("index"),
        "training_images": len(splits.y_train) + len(splits.y_val),
        "test_images": len(test.y),
        "test_accuracy": accuracy,
        "test_accuracy_95_percent": [round(x, 4) for x in accuracy_interval(accuracy, len(test.y))],
        "majority_accuracy": float(np.mean(test.y == counts["training"].to_numpy().argmax())),
        "balanced_accuracy": balanced,
        "times_opened": times_opened(splits),
    }


def _costs(model: keras.Model, n_bytes: int | None) -> dict[str, Any]:
    """What the network costs on this machine, where its file has so many bytes."""
    median = most = None
    try:
        latency = measure_latency(model)
        median, most = round(latency.median_ms, 3), round(latency.p95_ms, 3)
    except Exception as error:  # noqa: BLE001 - a layer of one's own can fail in any way
        warnings.warn(f"The latency could not be measured ({first_line(error)}).", stacklevel=3)
    return {
        "n_params": count_params(model),
        "flops": flops_if_known(model),
        "saved_bytes": n_bytes,
        "latency_ms_median": median,
        "latency_ms_p95": most,
        "machine": f"{platform.system()}, {platform.machine()}, {os.cpu_count()} processors",
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__}
        | {name: version(name) for name in ("keras", "keras-tuner", "autokeras")},
    }


def _figures(
    search: Search,
    model: keras.Model,
    test: OpenedTestSet,
    predicted: NDArray,
    class_names: tuple[str, ...],
) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """The figures of a report: the name of each, what it shows, and how it is drawn."""
    from nascourse import plotting

    table, curves, column = search.table, search.curves, search.options.objective[0]
    metric = trials.words(column)
    yield (
        "incumbent",
        f"The best {metric} so far as a staircase over the trials, each trial as a dot.",
        lambda: plotting.plot_incumbent(table),
    )
    yield (
        "trials",
        f"The {metric} of each trial over its number of parameters, the best one ringed.",
        lambda: plotting.plot_trials(table),
    )
    yield (
        "curves",
        f"The {metric} of each trial, epoch by epoch.",
        lambda: plotting.plot_curves(curves, metric=column),
    )
    yield (
        "confusion",
        "Confusion matrix of the test images: right classes as rows, classes read as columns.",
        lambda: plotting.plot_confusion(test.y, predicted, class_names),
    )
    if np.any(test.y != predicted):
        yield (
            "misread",
            "Misread test images, each with its right class, an arrow, and the class read.",
            lambda: plotting.plot_misread(test.x, test.y, predicted, class_names=class_names),
        )
    yield (
        "architecture",
        "The network as boxes from the image to the classes, with output shapes and weights.",
        lambda: plotting.plot_architecture(layer_costs(model)),
    )
