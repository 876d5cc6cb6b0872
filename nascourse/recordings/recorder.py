"""What the recording scripts share: one thread, the rows that exist, and how a table is saved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd

from nascourse._engine.files import atomic_write

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}
"""Environment of a process with one thread: a graph this small does not keep two cores busy."""


def use_one_thread() -> None:
    """Limit this process to one thread; it has to be called before TensorFlow is imported."""
    os.environ.update(ONE_THREAD)


def rows_in(path: Path) -> list[dict[str, Any]]:
    """Return the rows that a stopped recording has written; none if there is no file yet."""
    return pd.read_csv(path).to_dict("records") if path.exists() else []


def save(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV; a reader finds the old file or the new one, never a part."""
    atomic_write(path, table.to_csv(index=False))
