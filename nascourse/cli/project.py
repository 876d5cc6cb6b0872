"""The hands-on project: from images to a network of known accuracy and size, and a report.

``python -m nascourse project`` runs what the notebook ``11_project`` walks through: search with
AutoKeras's greedy strategy, train the winner again, open the test set once, and report.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from nascourse import CourseError, data, evaluation, search, sentence, spaces, whole_number
from nascourse._engine.files import atomic_write, given_path
from nascourse._engine.options import read_objective
from nascourse._engine.report import percent

# isort: split
import matplotlib
import psutil
from tqdm import tqdm

SEARCH_IMAGES = 10_000  # at most so many training images for the search itself
FEW_IMAGES = 2_000  # with fewer training images a trial gets more, smaller steps


def run_project(
    *,
    trials: int = 5,
    epochs: int | None = None,
    seed: int = 1,
    data_source: str | None = None,
    test_data: str | os.PathLike | None = None,
    size: int | None = None,
    objective: str = "val_accuracy",
    reason: str = "",
    out: str | os.PathLike = "runs/project",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Search, retrain, test and report; return what ``result.json`` holds.

    With more than 10,000 training images the search works on a stratified subset of 10,000, a
    proxy task; the winner is then trained on all of them.

    Parameters
    ----------
    trials, epochs, seed, objective
        Budget, seed and objective of the search, see `nascourse.search.run_search`.  By default a
        trial has 5 epochs; of few images it has more, so that it takes 250 steps.
    data_source
        ``"bundled"``, ``"keras"``, a folder of pictures or an ``.npz`` file; see `nascourse.data`.
    test_data
        An ``.npz`` file whose ``x_test`` and ``y_test`` become the sealed test part.
    size
        The side in pixels to which the pictures of a folder are brought, by default 32.
    reason
        For the report: why the best network was chosen.
    out
        Folder for the report, the tables, the model and the figures.
    overwrite
        Replace another search in that folder.

    Raises
    ------
    CourseError
        A value is out of range, the data cannot be used, or the folder cannot be written.
    """
    trials = whole_number("trials", trials, at_least=1)
    seed = whole_number("seed", seed, at_least=0)
    if epochs is not None:
        epochs = whole_number("epochs", epochs, at_least=1)
    column, _ = read_objective(objective)
    reason = sentence("reason", reason)
    reason = reason or f"the best {column.removeprefix('val_')} on the validation images"
    splits = _load(data_source, test_data, size)
    subset = data.subset(splits, min(SEARCH_IMAGES, len(splits.y_train)))
    batch_size = 64 if len(subset.y_train) >= FEW_IMAGES else 16
    if epochs is None:
        epochs = max(5, min(30, 250 * batch_size // len(subset.y_train)))
    folder = _writable(given_path(out))
    print(splits)
    if splits.class_names != data.DIGITS:
        print(splits.counts)

    print(f"\nGreedy search on {len(subset.y_train):,} of {len(splits.y_train):,} images")
    metrics = ("accuracy", "macro_f1") if column == "val_macro_f1" else ("accuracy",)
    result = search.run_search(
        spaces.autokeras_space(splits, metrics=metrics),
        subset,
        strategy="greedy",
        objective=objective,
        max_trials=trials,
        epochs=epochs,
        seed=seed,
        batch_size=batch_size,
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
    test = evaluation.open_test_set(splits)
    matplotlib.use("agg")
    report = evaluation.write_report(
        result, model, test, directory=folder, reason=reason, splits=splits
    )
    # Measured last, so that they cover all of the process.
    report["wall_seconds"] = round(time.time() - psutil.Process().create_time(), 1)
    report["peak_rss_mb"] = round(peak_memory() / 2**20)
    atomic_write(folder / "result.json", json.dumps(report, indent=2) + "\n")

    flops, n_bytes, wait = report["flops"], report["saved_bytes"], report["latency_ms_median"]
    kib = "unknown" if n_bytes is None else f"{n_bytes / 1024:.0f} KiB"
    mflops = "unknown" if flops is None else f"{flops / 1e6:.1f}"
    n, (low, high) = report["test_images"], report["test_accuracy_95_percent"]
    print(
        f"\nTest accuracy {percent(report['test_accuracy'], n)} on {n:,} images "
        f"(95% interval {percent(low, n)} to {percent(high, n)}; always the most frequent class: "
        f"{percent(report['majority_accuracy'], n)})\n"
        f"Size {report['n_params']:,} parameters, {kib} as .keras, "
        f"{mflops} MFLOPs and {'unknown' if wait is None else wait} ms an image\n"
        f"Took {report['wall_seconds']:.0f} s and {report['peak_rss_mb']} MiB; "
        f"the report is {folder / 'report.html'}"
    )
    return report


def _load(source: str | None, test_data: str | os.PathLike | None, size: int | None) -> data.Splits:
    """The images of a source of MNIST, of a folder or of a file."""
    path = None if source is None or source in ("bundled", "keras") else given_path(source)
    is_folder = path is not None and os.path.isdir(path)
    if size is not None and not is_folder:
        raise CourseError("--size belongs to a folder of pictures: other images have a size.")
    if path is None or not os.path.exists(path):  # else the sentence would not name the sources
        return data.load_mnist(source, test_data=test_data)
    if not is_folder:
        return data.from_file(path, test_data=test_data)
    if test_data is not None:
        raise CourseError("--test-data belongs to a file: of a folder a part is set apart.")
    return data.from_folder(path, size=32 if size is None else size)


class PrintedRows(search.ProgressBar):
    """The trial table as it grows, one line a trial, above the progress bar."""

    def search_begin(self, max_trials: int, epochs: int) -> None:
        column = f"{self.objective[0]:>12s}"
        print(f"trial  status     {column}  parameters     MFLOPs  seconds  architecture")
        super().search_begin(max_trials, epochs)

    def trial_end(self, row: dict[str, Any]) -> None:
        value = row.get(self.objective[0])
        tqdm.write(
            f"{row['trial']:5d}  {row['status']:9s}  "
            f"{'-' if value is None else format(value, '.3f'):>12s}  "
            f"{row.get('n_params', 0):10,d}  {(row.get('flops') or 0) / 1e6:9.2f}  "
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


def _writable(out: Path) -> Path:
    """Return the folder, made if need be; refuse it now rather than after the search."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".write-test"
        probe.touch()
        probe.unlink()
        for file in out.iterdir():  # of an earlier run; on Windows a program may have one open
            if file.is_file():
                file.open("ab").close()
    except OSError as error:
        raise CourseError(
            f"The output folder {str(out)!r} cannot be written ({error.strerror}, "
            f"{error.filename}): choose another one with --out."
        ) from error
    return out
