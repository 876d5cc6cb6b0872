"""The files of the table: read, checked against their sums, and put together."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from nascourse import CourseError
from nascourse._engine.files import given_path
from nascourse.benchmark.table import Benchmark, listed

NAME = "mnist_nas_bench"
RECORDINGS = Path(__file__).parents[1] / "recordings"
FILES = {
    "networks": f"{NAME}_networks.csv.gz",
    "curves": f"{NAME}_epochs.csv.gz",
    "crossed": f"{NAME}_crossed.csv.gz",
}

_COUNTED = {"val_right": "validation", "small_right": "small_validation", "test_right": "test"}


def load_benchmark(
    path: str | os.PathLike[str] | None = None, *, validation_images: int | None = None
) -> Benchmark:
    """Load MNIST-NAS-Bench, and check that its files are those that were made.

    Parameters
    ----------
    path
        Folder of its files; by default, the table that comes with the course.
    validation_images
        Which set of images validates: the one with so many.  By default the largest.  A small one
        is noisy, so it shows ties and the winner's curse; its loss was not measured, and is NaN.

    Raises
    ------
    CourseError
        A file is missing or damaged, or there is no such validation set.
    """
    folder = RECORDINGS if path is None else given_path(path)
    try:
        header = json.loads(read_file(folder, f"{NAME}.json"))
        contents = {part: read_file(folder, name) for part, name in FILES.items()}
        for part, name in FILES.items():
            if hashlib.sha256(contents[part]).hexdigest() != header["files"][name]["sha256"]:
                raise CourseError(
                    f"{name} in {str(folder)!r} is not what it was when the benchmark was made "
                    "(its checksum differs): install the course again."
                )
        networks, curves = (read_csv(contents[part]) for part in ("networks", "curves"))
        return assembled(header, networks, curves, validation_images=validation_images)
    except CourseError:
        raise
    except Exception as error:  # files of other origin can fail in any way
        raise CourseError(
            f"The files in {str(folder)!r} are none of a benchmark ({type(error).__name__}): "
            "install the course again."
        ) from error


def assembled(
    header: Mapping[str, Any],
    networks: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    validation_images: int | None = None,
) -> Benchmark:
    """The benchmark of these tables, which count how many images of each set are right."""
    sizes = {right: header[f"{name}_images"] for right, name in _COUNTED.items()}
    possible = [sizes["val_right"], sizes["small_right"]]
    if validation_images not in (None, *possible):
        raise CourseError(
            f"validation_images={validation_images!r} is not possible: leave it out, or choose one "
            f"of the sizes that the table has: {listed(possible)}."
        )
    val = "val_right" if validation_images in (None, sizes["val_right"]) else "small_right"

    curves = curves.assign(
        val_accuracy=curves[val] / sizes[val],
        test_accuracy=curves["test_right"] / sizes["test_right"],
        val_loss=curves["val_loss"] if val == "val_right" else float("nan"),
    ).drop(columns=list(_COUNTED))
    # Measured one by one, it is a better price than what each training took beside others.
    alone = curves["network"].map(networks.set_index("network")["epoch_seconds"])
    curves["seconds"] = alone.fillna(curves["seconds"])
    return Benchmark(networks, curves, of=header["networks"])


def read_file(folder: Path, name: str) -> bytes:
    """The content of a file of the benchmark; a `CourseError` if it cannot be read."""
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise CourseError(
            f"The benchmark's file {name} cannot be read in {str(folder)!r} "
            f"({error.strerror}): install the course again, or name the folder that holds it."
        ) from error


def read_csv(content: bytes) -> pd.DataFrame:
    """The table in a compressed CSV file."""
    return pd.read_csv(io.BytesIO(content), compression="gzip")
