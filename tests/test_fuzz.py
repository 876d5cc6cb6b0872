"""Files that chance has made or damaged: each loads, or is refused by a sentence of ours.

As a test, a few examples for each loader, always the same ones.  As a script, as many others as
one likes::

    python tests/test_fuzz.py --examples 1000 [--loader progress]
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import copy
import gzip
import hashlib
import io
import json
import os
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nascourse import CourseError, benchmark, data, trials
from nascourse._engine import archive, recording
from nascourse.benchmark.loading import FILES
from nascourse.checks import progress

EXAMPLES = 60  # of each loader among the tests


# What chance does to a file

ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, -1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**400, 10**4299]),
    st.floats(),  # infinities and NaN among them
    st.text(max_size=8),
    st.sampled_from(["", "\ud800", "\0", "../x", "completed", "1", "nan", "9" * 5000]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from([10, 100_000]).map(lambda depth: Nested(depth)),
)


@dataclass(frozen=True)
class Nested:
    """A list in a list in a list: JSON text alone can say it, as no program nests so deep."""

    depth: int

    def __str__(self) -> str:
        return "[" * self.depth + "]" * self.depth


def to_json(value: Any) -> str:
    """As ``json.dumps``, but also of numbers of any length and lists of any depth."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {to_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_json, value)) + "]"
    if isinstance(value, Nested):
        return str(value)
    if type(value) is int and abs(value) > 10**4000:
        return "1" + "0" * 4299
    return json.dumps(value)


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The way to each value within a JSON value."""
    below = []
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    return [path, *(place for key, one in below for place in places(one, (*path, key)))]


@st.composite
def edited(draw: Callable, value: Any) -> Any:
    """A JSON value with one to three changes: a value replaced, left out, doubled or renamed."""
    root = [copy.deepcopy(value)]
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(root)[1:]))
        parent = root
        for key in way:
            parent = parent[key]
        change = draw(st.sampled_from(["replace", "replace", "leave out", "double", "rename"]))
        if change == "replace" or parent is root:
            parent[last] = draw(ODD_VALUES)
        elif change == "leave out":
            del parent[last]
        elif isinstance(parent, list):
            parent.insert(last, copy.deepcopy(parent[last]))
        else:
            parent[draw(st.sampled_from(["", "trial", "status", "x", "\ud800"]))] = (
                parent.pop(last) if change == "rename" else copy.deepcopy(parent[last])
            )
    return root[0]


@st.composite
def damaged(draw: Callable, whole: bytes) -> bytes:
    """A file that was cut, lost a piece, has a piece twice, or has other bytes in some places."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 4, 30, 10**9])))
        piece = bytes(content[start:end])
        content[start:end] = draw(
            st.sampled_from([b"", 2 * piece, b"\0" * len(piece), b"\xff" * len(piece)])
            | st.binary(max_size=8)
        )
    return bytes(content)


@st.composite
def other_cells(draw: Callable, table: bytes) -> bytes:
    """A CSV file with one to three cells of another kind, perhaps in its header."""
    lines = [line.split(b",") for line in table.splitlines()]
    for _ in range(draw(st.integers(1, 3))):
        line = draw(st.sampled_from(lines))
        line[draw(st.integers(0, len(line) - 1))] = draw(st.sampled_from(ODD_CELLS))
    return b"".join(b",".join(line) + b"\n" for line in lines)


ODD_CELLS = [b"", b"x", b"nan", b"inf", b"1e400", b"-1", b"0", b"1", b"2", b"2.5", b"True", b'"']
ODD_CELLS += [b"9" * 30, b"\xff", b"\0", b"2026-01-31", b"trial", b"=1+1", b"1,2"]


def csv_like(table: bytes) -> st.SearchStrategy[bytes]:
    return bytes_like(table) | other_cells(table) | other_cells(table)


def bytes_like(whole: bytes) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=300) | damaged(whole) | st.just(whole)


def json_like(value: Any) -> st.SearchStrategy[bytes]:
    return bytes_like(to_json(value).encode()) | edited(value).map(lambda v: to_json(v).encode())


# The loaders: what a valid input is, and what is called

ROWS = [
    {
        "trial": number,
        "status": "completed",
        "val_accuracy": 0.5,
        "val_loss": 1.5,
        "best_epoch": 1,
        "epochs": 1,
        "n_params": 10 * number,
        "flops": 20,
        "seconds": 0.5,
        "fingerprint": "a",
        "architecture": "flatten 10",
        "units": 4,
        "pooling": "max",
    }
    for number in (1, 2)
] + [{"trial": 3, "status": "failed", "epochs": 0, "message": "no", "units": 8}]


def load_rows(folder: Path, rows: Any) -> None:
    try:
        rows = json.loads(to_json(rows))
    except (ValueError, RecursionError):  # no JSON, so no rows
        raise CourseError("refused") from None
    use_table(trials.to_table(rows))


def use_table(table: pd.DataFrame) -> None:
    trials.summary(table), trials.hyperparameters(table), trials.incumbent(table)
    trials.best(table), trials.pareto_front(table)


TABLE = trials.to_table(ROWS).to_csv(index=False).encode()


def load_table(folder: Path, content: bytes) -> None:
    (folder / "trials.csv").write_bytes(content)
    use_table(trials.read_table(folder / "trials.csv"))


IDENTITY = {"space": "a", "seed": 1, "patience": None}
SEARCH = {
    "identity": IDENTITY,
    "trials": [
        {"row": row, "curve": [{"trial": row["trial"], "epoch": 1, "loss": 1.5, "accuracy": 0.5}]}
        for row in ROWS
    ],
    "library": {
        "keras_tuner/oracle.json": '{"seed": 1, "tried_so_far": []}',
        "keras_tuner/trial_0/trial.json": '{"trial_id": "0", "status": "COMPLETED"}',
    },
    "stopped": None,
    "tries": 0,
}
STATES = {name: text.encode() for name, text in SEARCH["library"].items()}


def signed(search: Any) -> bytes:
    """A ``search.json`` whose digest is right whatever stands in it."""
    with contextlib.suppress(ValueError, RecursionError):
        search = json.loads(to_json(search))
        return json.dumps({"sha256": recording._digest(search), "search": search}).encode()
    return to_json({"sha256": "", "search": search}).encode()


def load_recording(folder: Path, files: dict[str, bytes]) -> None:
    write(folder, files)
    with recording.Recording.opened(folder, IDENTITY) as opened:
        opened.content.table, opened.content.curves  # noqa: B018


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as target:
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


NETWORK = {
    "config.json": json.dumps(
        {"module": "keras", "class_name": "Functional", "config": {"layers": []}}
    ).encode(),
    "metadata.json": b"{}",
    "model.weights.h5": b"\x89HDF\r\n\x1a\n",
}
PACKED = {
    "search.json": signed(SEARCH),
    "keras_tuner/oracle.json": b"{}",
    "keras_tuner/trial_0/checkpoint.weights.h5": b"\x89HDF\r\n\x1a\n",
    "autokeras/best_model.keras": zipped(NETWORK),
}


def load_archive(folder: Path, content: bytes) -> None:
    """And nothing is outside of the new folder."""
    (folder / "search.zip").write_bytes(content)
    with contextlib.suppress(CourseError):
        archive.import_search(folder / "search.zip", folder / "home")
        assert (folder / "home" / "search.json").is_file()
        assert sorted(os.listdir(folder)) == ["home", "search.zip"]
        return
    assert os.listdir(folder) == ["search.zip"]
    raise CourseError("refused")


ENTRY_NAMES = st.sampled_from([*PACKED, "a.py", "../a.json", "/a.json", "search.json/a.json"])
ENTRIES = st.dictionaries(
    ENTRY_NAMES | st.text(max_size=12).filter(lambda name: name.isascii()),
    st.binary(max_size=20),
    max_size=2,
)
NETWORKS = st.one_of(
    damaged(zipped(NETWORK)),
    json_like(json.loads(NETWORK["config.json"])).map(
        lambda config: zipped({**NETWORK, "config.json": config})
    ),
)

ARRAYS = {
    f"{kind}_{part}": array
    for part, n in (("train", 100), ("test", 10))
    for kind, array in (
        ("x", np.arange(n * 28 * 28).reshape(n, 28, 28).astype("uint8")),
        ("y", (np.arange(n) % 10).astype("uint8")),
    )
}


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


ODD_ARRAYS = st.one_of(
    st.sampled_from(
        ["uint8", "int64", "float32", "bool", "U3", "S2", "complex64", "datetime64[s]"]
    ).flatmap(
        lambda kind: st.lists(st.integers(0, 30), max_size=4).map(
            lambda shape: np.zeros(shape[:3] if np.prod(shape) < 10**5 else (), kind)
        )
    ),
    st.just(np.array([{"code": 1}], dtype=object)),
    st.just(np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])),
    st.sampled_from(list(ARRAYS.values())),
)
HEADERS = st.sampled_from(
    [
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000000, 28, 28), }",
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 28, 28), }",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': __import__('os'), 'fortran_order': False, 'shape': (3,), }",
        b"[" * 5000,
        b"{}",
    ]
).map(lambda text: b"\x93NUMPY\x01\x00" + len(text + b"\n").to_bytes(2, "little") + text + b"\n")


def load_npz(folder: Path, content: bytes) -> None:
    (folder / "mnist.npz").write_bytes(content)
    data.load_mnist(folder / "mnist.npz")


PROGRESS = {
    "exercises": {
        "02.1": {"passed": True, "attempts": 3, "hints": 1, "first_passed": "2026-01-31"},
        "02.2": dict(progress.NEW),
    }
}
TITLES = {"02": {"02.1": "one", "02.2": "two"}}


def load_progress(folder: Path, content: bytes) -> None:
    """By a teacher, then by the learner, whose damaged file is set aside."""
    file = folder / "anna.json"
    file.write_bytes(content)
    refused = None
    with (
        mock.patch.dict(os.environ, {"NASCOURSE_PROGRESS": str(file)}),
        mock.patch.object(progress, "_titles", lambda: TITLES),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        try:
            progress.class_summary([file])
        except CourseError as error:
            refused = error
        progress.record("02.2", passed=True, hints=1)
        assert progress.main([]) == 0
        assert progress.summary().loc["02", "solved"] >= 1
    if refused:
        raise refused


CSV = {
    "networks": b"network,kind,size,n_params,epoch_seconds\n0,a,1,10,0.1\n1,b,2,20,0.2\n",
    "curves": b"network,seed,epoch,loss,val_loss,val_right,small_right,test_right,seconds\n"
    + b"".join(b"%d,0,%d,1.5,1.5,5,2,9,0.1\n" % (n, e) for n in (0, 1) for e in (1, 2)),
    "crossed": b"network,initial,order,loss,val_loss,val_right,small_right,test_right\n"
    + b"".join(b"0,%d,%d,1.5,1.5,5,2,9\n" % (i, j) for i in (0, 1) for j in (0, 1)),
}
HEADER = {
    "networks": 2,
    "validation_images": 10,
    "small_validation_images": 4,
    "test_images": 20,
    "files": {name: {"sha256": "0" * 64} for name in FILES.values()},
}


def bench_files(*contents: bytes) -> dict[str, bytes]:
    """The files of a benchmark with the right digests, whatever stands in them."""
    tables = dict(zip(FILES.values(), contents))
    digests = {name: {"sha256": hashlib.sha256(c).hexdigest()} for name, c in tables.items()}
    header = json.dumps({**HEADER, "files": digests}).encode()
    return {f"{benchmark.NAME}.json": header, **tables}


BENCH = bench_files(*(gzip.compress(table, mtime=0) for table in CSV.values()))


def load_bench(folder: Path, files: dict[str, bytes]) -> None:
    write(folder, files)
    bench = benchmark.load_benchmark(folder)
    number = bench.networks.index[0]
    bench.query(number, seed=bench.seeds[0]), bench.facts(number), bench.oracle_best


def packed(table: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return table.map(lambda content: gzip.compress(content, mtime=0))


@dataclass(frozen=True)
class Loader:
    """A way in: what reads an input in an empty folder, a valid input, and inputs by chance."""

    load: Callable[[Path, Any], None]
    valid: Any
    inputs: st.SearchStrategy


LOADERS = {
    "rows": Loader(load_rows, ROWS, edited(ROWS).filter(lambda rows: isinstance(rows, list))),
    "table": Loader(load_table, TABLE, csv_like(TABLE)),
    "recording": Loader(
        load_recording,
        {"search.json": signed(SEARCH), **STATES},
        st.fixed_dictionaries(
            {"search.json": bytes_like(signed(SEARCH)) | edited(SEARCH).map(signed)},
            optional={
                "search.backup.json": bytes_like(signed(SEARCH)) | edited(SEARCH).map(signed),
                **{name: json_like(json.loads(state)) for name, state in STATES.items()},
            },
        ),
    ),
    "archive": Loader(
        load_archive,
        zipped(PACKED),
        bytes_like(zipped(PACKED))
        | damaged(zipped(PACKED, zipfile.ZIP_STORED))
        | ENTRIES.map(lambda entries: zipped({**PACKED, **entries}))
        | NETWORKS.map(lambda network: zipped({**PACKED, "autokeras/best_model.keras": network})),
    ),
    "npz": Loader(
        load_npz,
        npz(ARRAYS),
        bytes_like(npz(ARRAYS))
        | st.dictionaries(st.sampled_from(list(ARRAYS)), ODD_ARRAYS, min_size=1, max_size=2).map(
            lambda odd: npz({**ARRAYS, **odd})
        )
        | st.tuples(st.sampled_from(list(ARRAYS)), HEADERS | damaged(npy(ARRAYS["y_train"]))).map(
            lambda one: zipped(
                {f"{k}.npy": npy(v) for k, v in ARRAYS.items()} | {f"{one[0]}.npy": one[1]}
            )
        ),
    ),
    "progress": Loader(load_progress, json.dumps(PROGRESS).encode(), json_like(PROGRESS)),
    "benchmark": Loader(
        load_bench,
        BENCH,
        json_like(json.loads(BENCH[f"{benchmark.NAME}.json"])).map(
            lambda header: {**BENCH, f"{benchmark.NAME}.json": header}
        )
        | st.tuples(*(bytes_like(gzip.compress(t, mtime=0)) for t in CSV.values())).map(
            lambda tables: bench_files(*tables)
        )
        | st.tuples(*(packed(csv_like(t)) for t in CSV.values())).map(
            lambda tables: bench_files(*tables)
        ),
    ),
}


def fuzz(name: str, examples: int, *, same: bool) -> collections.Counter:
    """Try so many examples; any exception but a `CourseError` is raised with a small example."""
    loader, seen = LOADERS[name], collections.Counter()

    @settings(
        max_examples=examples,
        derandomize=same,
        database=None,
        report_multiple_bugs=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(loader.inputs)
    def one(content: Any) -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter(
                "ignore", RuntimeWarning
            )  # NumPy's, of numbers that are too large
            try:
                loader.load(Path(folder), content)
                seen["loaded"] += 1
            except CourseError as error:
                text = str(error)
                assert "\n" not in text and text.endswith(".") or text == "refused", text
                seen["refused"] += 1

    one()
    return seen


@pytest.mark.parametrize("name", LOADERS)
def test_what_is_valid_loads(name, tmp_path):
    LOADERS[name].load(tmp_path, LOADERS[name].valid)


def test_a_table_whose_trials_all_failed_is_valid():
    failed = [{**ROWS[2], "trial": n, "val_accuracy": None, "seconds": None} for n in (1, 2)]

    assert trials.to_table(failed)["val_accuracy"].isna().all()


@pytest.mark.slow
@pytest.mark.parametrize("name", LOADERS)
def test_whatever_a_file_holds_it_loads_or_is_refused_in_a_sentence(name):
    seen = fuzz(name, EXAMPLES, same=True)

    assert seen["refused"] > EXAMPLES / 10


def main() -> int:
    """Try many examples, and print how many were loaded and refused."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--loader", choices=LOADERS, nargs="*", default=list(LOADERS))
    options = parser.parse_args()
    failed = 0
    print("loader     examples    loaded   refused  seconds")
    for name in options.loader:
        start = time.perf_counter()
        try:
            seen = fuzz(name, options.examples, same=False)
        except Exception:  # noqa: BLE001 - whatever a loader lets out
            print(f"{name} let this out:", traceback.format_exc(limit=-4), flush=True)
            failed += 1
            continue
        print(
            f"{name:9s} {seen.total():9,d} {seen['loaded']:9,d} {seen['refused']:9,d} "
            f"{time.perf_counter() - start:8.1f}",
            flush=True,
        )
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
