"""The trial table: one row a trial, and the arithmetic on it.

Every search of the course ends in such a table, a pandas DataFrame that begins with `COLUMNS` and
goes on with one column a hyperparameter.  A hyperparameter that a network does not have, such as
the filters of a block that was not built, is missing (NaN).
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import nascourse._engine.importable  # noqa: F401 - so that NumPy can be loaded
import numpy as np
import pandas as pd

from nascourse import CourseError, first_line, require
from nascourse._engine.files import given_path

COLUMNS = (
    "trial",  # 1, 2, 3, ... in the order in which the trials began
    "status",  # "completed" or "failed"
    "val_accuracy",  # validation accuracy at the best epoch
    "val_loss",  # validation loss at the same epoch
    "best_epoch",  # the epoch that counts, from 1
    "epochs",  # epochs trained
    "n_params",  # weights of the network
    "flops",  # floating-point operations for one image
    "seconds",  # wall time of the trial
    "duplicate_of",  # an earlier trial with the very same network, if any
    "architecture",  # the network in one line
    "message",  # why the trial failed, if it did
)
"""The leading columns of every trial table, in this order."""

COSTS = (
    "n_params",
    "flops",
    "epoch_seconds",
    "latency_ms",
    "litert_ms",
    "saved_bytes",
    "litert_bytes",
)
"""What a network costs, in the columns of a benchmark; trials have the first two."""

_NUMBERS = ("val_accuracy", "val_loss", "seconds")
_INTEGERS = ("trial", "best_epoch", "epochs", "n_params", "flops", "duplicate_of")


ACCURACY = ("val_accuracy", "max")  # what most searches look for: a column, and which end is better


def to_table(rows: Iterable[Mapping], *, objective: tuple[str, str] = ACCURACY) -> pd.DataFrame:
    """Make the trial table from one mapping a trial; absent values become missing.

    The mappings may hold a ``fingerprint`` of the network (`nascourse.spaces.fingerprint`): it
    becomes ``duplicate_of``, the first trial with the same one.

    >>> rows = [{"trial": n, "fingerprint": mark} for n, mark in [(1, "a"), (2, "b"), (3, "a")]]
    >>> to_table(rows)["duplicate_of"].tolist()
    [<NA>, <NA>, 1]

    Parameters
    ----------
    objective
        The column that the search looked at, and ``"max"`` or ``"min"``.  The table remembers it in
        its ``attrs``, so that `best` and `incumbent` follow it.

    Raises
    ------
    CourseError
        A row is no mapping, or has a value that its column cannot hold.
    """
    rows = list(rows)
    try:
        table = _trial_table(rows)
        _check_numbers(table, _NUMBERS)
        unknown = set(table["status"].dropna()) - {"completed", "failed"}
        if unknown:
            raise ValueError(f"the status {unknown.pop()!r} is neither completed nor failed")
    except Exception as error:  # rows from a damaged file can fail in any way
        raise CourseError(
            f"These rows make no trial table ({first_line(error)}): give one mapping a trial, "
            "with the columns that trials.COLUMNS names."
        ) from error
    table.attrs["objective"] = objective
    return table


def objective(table: pd.DataFrame) -> str:
    """The column by which the trials of a table are judged."""
    require("table", table, pd.DataFrame, "a trial table, such as found.table")
    return table.attrs.get("objective", ACCURACY)[0]


def _trial_table(rows: list[Mapping]) -> pd.DataFrame:
    table = _frame(rows)
    if "fingerprint" in table:
        first = table.groupby("fingerprint")["trial"].transform("min")
        table["duplicate_of"] = first.where(first != table["trial"])
        table = table.drop(columns="fingerprint")
    others = [column for column in table.columns if column not in COLUMNS]
    table = table.reindex(columns=[*COLUMNS, *others])
    table[others] = table[others].convert_dtypes()  # integers stay integers beside NaN
    return table.astype({column: "Int64" for column in _INTEGERS})


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that a person reads first, rounded; duplicates and failures only if any."""
    judged = list(dict.fromkeys([objective(table), "val_accuracy"]))
    columns = ["trial", *judged, "n_params", "flops", "architecture"]
    columns += [name for name in ("duplicate_of", "message") if table[name].notna().any()]
    return table[columns].round(dict.fromkeys(judged, 3)).set_index("trial")


def hyperparameters(table: pd.DataFrame) -> list[str]:
    """The names of the hyperparameter columns."""
    others = (*COLUMNS, objective(table))
    return [column for column in table.columns if column not in others]


def incumbent(table: pd.DataFrame, *, by: str | None = None) -> pd.Series:
    """The best value so far after each trial, indexed by trial.

    A failed trial leaves the incumbent as it was; before the first success it is missing.
    By default the value is the objective of the search.  Columns whose name ends in ``loss`` count as
    better when smaller.
    """
    by = by or objective(table)
    check_numbers(table, by)
    values = table.set_index("trial")[by].astype(float)
    best_so_far = values.cummin() if smaller_is_better(table, by) else values.cummax()
    return best_so_far.ffill()


def best(table: pd.DataFrame, *, by: str | None = None) -> pd.Series:
    """The row of the best completed trial; of equals, the smaller network, then the earlier one.

    Raises
    ------
    CourseError
        No trial was completed, or there is no such column of numbers.
    """
    by = by or objective(table)
    check_numbers(table, by)
    if table.empty:
        raise CourseError("No trial is finished, so there is no best one: go on with the search.")
    completed = table[(table["status"] == "completed") & table[by].notna()]
    if completed.empty:
        reason = failure(table) or "read the message column"
        raise CourseError(
            f"None of the {len(table)} trials was completed, so there is no best one ({reason}): "
            "repair the space, and search again."
        )
    return ranking(completed, by=by).iloc[0]


def ranking(table: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """The rows with the best first; of equals, the smaller network, then the earlier one.

    Raises
    ------
    CourseError
        There is no such column of numbers.
    """
    check_numbers(table, by)
    smaller = smaller_is_better(table, by)
    return table.sort_values([by, "n_params", "trial"], ascending=[smaller, True, True])


def failure(table: pd.DataFrame) -> str | None:
    """Why every trial of a table failed, in words; None if one was completed, or there is none."""
    if table.empty or (table["status"] == "completed").any():
        return None
    reasons = table["message"].fillna("no reason was given").value_counts()
    return (
        f"every trial failed, {reasons.iloc[0]} of {len(table)} with {reasons.index[0].rstrip('.')}"
    )


def words(column: str) -> str:
    """A column of the table as people call it."""
    plain = {
        "n_params": "parameters",
        "flops": "FLOPs for one image",
        "latency_ms": "milliseconds for one image",
        "saved_bytes": "bytes on disk",
    }
    part, _, metric = column.partition("_")
    if part in ("val", "test") and metric:
        return f"{'validation' if part == 'val' else part} {metric.replace('_', ' ')}"
    return plain.get(column, column)


def pareto_front(
    table: pd.DataFrame, *, cost: str = "n_params", quality: str = "val_accuracy"
) -> pd.DataFrame:
    """The rows that no other row equals or beats in both ``cost`` and ``quality``.

    They come from the cheapest to the best; of equal rows the first stays, and rows where either
    value is missing do not count.
    """
    check_numbers(table, cost, quality)
    measured = table[table[cost].notna() & table[quality].notna()]
    sign = -1 if smaller_is_better(table, quality) else 1
    score = sign * measured[quality].to_numpy(float)
    order = np.lexsort([-score, measured[cost].to_numpy(float)])  # the cheapest, and best, first
    best_before = np.maximum.accumulate(np.append(-np.inf, score[order]))[:-1]
    # By position, as tables of several searches that were put together repeat their labels.
    return measured.iloc[order[score[order] > best_before]]


def curves_to_table(rows: Iterable[Mapping]) -> pd.DataFrame:
    """Make the table of learning curves: one row an epoch, with ``trial`` and ``epoch`` first.

    Raises
    ------
    TypeError
        A row is no mapping, or has a value that is no number.
    """
    table = _frame(list(rows))
    table = table.reindex(columns=list(dict.fromkeys(["trial", "epoch", *table.columns])))
    _check_numbers(table, table.columns)
    return table


def read_table(
    path: str | os.PathLike, *, objective: tuple[str, str] | None = None
) -> pd.DataFrame:
    """A trial table that was saved as CSV, such as the project's ``trials.csv``.

    Parameters
    ----------
    objective
        See `to_table`.  A CSV file does not hold it: by default it is that of the report beside the
        file, ``result.json``, else the validation accuracy.

    Raises
    ------
    CourseError
        The file cannot be read, was cut off in its last line, or holds no trial table.
    """
    path = given_path(path)
    table = _read_csv(path)
    if "trial" not in table:
        raise CourseError(
            f"{path.name} holds no trial table, as it has no column 'trial': give the file that "
            "table.to_csv(path, index=False) wrote."
        )
    objective = objective or _objective_of(path.with_name("result.json"))
    return to_table(table.to_dict("records"), objective=objective)


def _objective_of(report: Path) -> tuple[str, str]:
    """The objective of the search of a report; without one, that of most searches."""
    # There may be no report, or another file of that name.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        column, direction = json.loads(report.read_text("utf-8-sig"))["objective"]
        return str(column), str(direction)
    return ACCURACY


def recorded(name: str) -> pd.DataFrame:
    """A recorded table of the course, by the name of its file without the ending.

    ``nascourse/recordings/README.md`` says how each was made.

    Raises
    ------
    CourseError
        There is no such recording.
    """
    folder = files("nascourse") / "recordings"
    names = sorted(file.name[:-4] for file in folder.iterdir() if file.name.endswith(".csv"))
    if name not in names:
        raise CourseError(f"There is no recording {name!r}: choose one of {', '.join(names)}.")
    table = _read_csv(folder / f"{name}.csv")
    return to_table(table.to_dict("records")) if "trial" in table else table


def check_columns(table: pd.DataFrame, *columns: str) -> None:
    """Refuse a column that the table does not have, and what is no table."""
    require("table", table, pd.DataFrame, "a trial table, such as found.table")
    for column in columns:
        if column not in table:
            raise CourseError(
                f"There is no column {column!r} in this table: choose one of "
                f"{', '.join(map(str, table.columns))}."
            )


def check_numbers(table: pd.DataFrame, *columns: str) -> None:
    """Refuse a column that the table does not have, or that holds other values than numbers."""
    check_columns(table, *columns)
    try:
        _check_numbers(table, columns)
    except TypeError as error:
        raise CourseError(f"Trials cannot be compared: {error}; choose another column.") from error


def _read_csv(path: Any) -> pd.DataFrame:
    """A CSV file as it is; opened here, as pandas would also fetch addresses and unpack files."""
    try:
        with path.open("rb") as file:
            content = file.read()
        table = pd.read_csv(io.BytesIO(content))
        # What a line lacks that was cut off pandas takes for missing.
        if content[-1:] not in b"\r\n":
            lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
            header, *others = filter(lambda line: "".join(line).strip(), lines)
            if others and len(others[-1]) < len(header):
                raise ValueError(f"its last line has {len(others[-1])} of {len(header)} values")
        return table
    except OSError as error:
        raise CourseError(
            f"{str(path)!r} cannot be read ({error.strerror}): give the path of a CSV file."
        ) from error
    except Exception as error:  # a damaged or foreign file can fail in any way
        raise CourseError(
            f"{path.name} cannot be read as CSV ({first_line(error)}): write it again."
        ) from error


def _frame(rows: list[Mapping]) -> pd.DataFrame:
    for row in rows:
        if not isinstance(row, Mapping):
            raise TypeError(f"{repr(row)[:60]} is no mapping")
    return pd.DataFrame(rows)


def _check_numbers(table: pd.DataFrame, columns: Iterable[str]) -> None:
    for column in columns:
        values = table[column].dropna()
        if len(values) and not pd.api.types.is_numeric_dtype(values.infer_objects()):
            raise TypeError(f"the column {column!r} holds other values than numbers")


def smaller_is_better(table: pd.DataFrame, column: str) -> bool:
    """Whether a column of a table is a loss, a cost, or an objective that the search minimized."""
    name, direction = table.attrs.get("objective", ACCURACY)
    if column == name:
        return direction == "min"
    return column.endswith("loss") or column in (*COSTS, "seconds")
