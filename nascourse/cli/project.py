"""The hands-on project: from digits to a network of known accuracy and size.

``python -m nascourse project`` runs what the notebook ``11_project`` walks through: search with
AutoKeras's greedy strategy, train the winner again, open the test set once, and report.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nascourse import CourseError, data, evaluation, plotting, search, spaces, whole_number
from nascourse._engine.files import atomic_write

# isort: split
import keras
import matplotlib
import numpy as np
import psutil
from matplotlib.colors import PowerNorm
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score
from tqdm import tqdm

SEARCH_IMAGES = 10_000  # at most so many training images for the search itself
PACKAGES = ("tensorflow", "keras", "keras-tuner", "autokeras")


def run_project(
    *,
    trials: int = 5,
    epochs: int = 5,
    seed: int = 1,
    data_source: str | None = None,
    test_data: str | os.PathLike | None = None,
    out: str | os.PathLike = "runs/project",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Search, retrain, test and report; return what ``result.json`` holds.

    With more than 10,000 training images the search works on a stratified subset of 10,000, a
    proxy task; the winner is then trained on all of them.

    Parameters
    ----------
    trials, epochs, seed
        Budget and seed of the search, see `nascourse.search.run_search`.
    data_source, test_data
        See `nascourse.data.load_mnist`.
    out
        Folder for the result, the trial table, the model and the figures.
    overwrite
        Replace another search in that folder.

    Raises
    ------
    CourseError
        A value is out of range, the data cannot be used, or the folder cannot be written.
    """
    trials = whole_number("trials", trials, at_least=1)
    epochs = whole_number("epochs", epochs, at_least=1)
    seed = whole_number("seed", seed, at_least=0)
    splits = data.load_mnist(data_source, test_data=test_data)
    folder = _writable(Path(out))
    subset = data.subset(splits, min(SEARCH_IMAGES, len(splits.y_train)))
    print(splits)

    print(f"\nGreedy search on {len(subset.y_train):,} of {len(splits.y_train):,} images")
    result = search.run_search(
        spaces.autokeras_space(),
        subset,
        strategy="greedy",
        max_trials=trials,
        epochs=epochs,
        seed=seed,
        directory=folder / "search",
        observer=PrintedRows(disable=not sys.stdout.isatty()),
        overwrite=overwrite,
    )
    print(result)
    if result.interrupted:
        raise KeyboardInterrupt

    n_images = len(splits.y_train) + len(splits.y_val)
    print(f"\nTraining the network of trial {result.best['trial']} again on {n_images:,} images")
    model = search.retrain(
        result, splits, observer=search.ProgressBar(disable=not sys.stdout.isatty())
    )
    saved_bytes = evaluation.save_model(model, folder / "model.keras")

    test = evaluation.open_test_set(splits)
    predicted = evaluation.predict(model, test.x)
    accuracy = accuracy_score(test.y, predicted)
    low, high = evaluation.accuracy_interval(accuracy, len(test.y))
    report = {
        "test_accuracy": accuracy,
        "test_accuracy_95_percent": [round(low, 4), round(high, 4)],
        "test_images": len(test.y),
        "n_params": evaluation.count_params(model),
        "flops": evaluation.count_flops(model),
        "saved_bytes": saved_bytes,
        "latency_ms_median": round(evaluation.measure_latency(model).median_ms, 3),
        "n_trials": len(result.table),
        "epochs": epochs,
        "seed": seed,
        "data_source": splits.source,
        "architecture": result.best["architecture"],
        "stopped": result.stopped,
        "versions": {"python": sys.version.split()[0]} | {p: _version(p) for p in PACKAGES},
    }
    _draw(result, model, test, predicted, folder)
    for name, table in (("trials", result.table), ("curves", result.curves)):
        atomic_write(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    # Measured last, so that they cover all of the process.
    report["wall_seconds"] = round(time.time() - psutil.Process().create_time(), 1)
    report["peak_rss_mb"] = round(peak_memory() / 2**20)
    atomic_write(folder / "result.json", json.dumps(report, indent=2) + "\n")

    print(
        f"\nTest accuracy {accuracy:.2%} on {len(test.y):,} images "
        f"(95% interval {low:.2%} to {high:.2%})\n"
        f"Size {report['n_params']:,} parameters, {saved_bytes / 1024:.0f} KiB as .keras, "
        f"{report['flops'] / 1e6:.1f} MFLOPs and {report['latency_ms_median']} ms an image\n"
        f"Took {report['wall_seconds']:.0f} s and {report['peak_rss_mb']} MiB; "
        f"everything is in {folder}"
    )
    return report


class PrintedRows(search.ProgressBar):
    """The trial table as it grows, one line a trial, above the progress bar."""

    def search_begin(self, max_trials: int, epochs: int) -> None:
        print("trial  status     val_accuracy  parameters     MFLOPs  seconds  architecture")
        super().search_begin(max_trials, epochs)

    def trial_end(self, row: dict[str, Any]) -> None:
        accuracy = row.get("val_accuracy")
        tqdm.write(
            f"{row['trial']:5d}  {row['status']:9s}  "
            f"{'-' if accuracy is None else format(accuracy, '.3f'):>12s}  "
            f"{row.get('n_params', 0):10,d}  {row.get('flops', 0) / 1e6:9.2f}  "
            f"{row['seconds']:7.1f}  {row.get('architecture', row.get('message', ''))}",
            file=sys.stdout,
        )
        super().trial_end(row)


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, Linux KiB


def _draw(
    result: search.Search,
    model: keras.Model,
    test: evaluation.OpenedTestSet,
    predicted: np.ndarray,
    out: Path,
) -> None:
    matplotlib.use("agg")
    plotting.save(plotting.plot_incumbent(result.table), out / "incumbent.png")
    plotting.save(plotting.plot_trials(result.table), out / "trials.png")
    plotting.save(plotting.plot_curves(result.curves), out / "curves.png")
    costs = evaluation.layer_costs(model)
    plotting.save(plotting.plot_architecture(costs), out / "architecture.png")
    confusion = ConfusionMatrixDisplay.from_predictions(
        test.y, predicted, labels=range(data.CLASSES), cmap="Blues", colorbar=False
    )
    confusion.im_.set_norm(PowerNorm(0.5))  # a few mistakes among many right answers show
    plotting.save(confusion.ax_, out / "confusion.png")
    if np.any(test.y != predicted):
        misread = plotting.plot_misread(test.x, test.y, predicted)
        plotting.save(misread.flat[0], out / "misread.png")


def _version(package: str) -> str:
    # TensorFlow's package has another name where it leaves out the GPU.
    if package == "tensorflow":
        import tensorflow

        return tensorflow.__version__
    return version(package)


def _writable(out: Path) -> Path:
    """Return the folder, made if need be; refuse it now rather than after the search."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".write-test"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CourseError(
            f"The output folder {str(out)!r} cannot be written ({error.strerror}): choose "
            "another one with --out."
        ) from error
    return out
