"""A search goes from one folder to another, and an archive that is no search leaves no trace."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import shutil
import stat
import zipfile
from pathlib import Path

import keras
import pandas as pd
import pytest

from nascourse import CourseError, search, spaces
from nascourse._engine import archive, recording
from nascourse._engine.archive import export_search, import_search

pytestmark = pytest.mark.slow


def tiny_space(hp) -> keras.Model:
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    x = keras.layers.Dense(hp.Choice("units", [4, 8]), activation="relu")(x)
    model = keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Interrupt(search.Observer):
    """Somebody presses Ctrl-C just after the first trial."""

    def trial_end(self, row):
        raise KeyboardInterrupt


@pytest.mark.usefixtures("frozen_libraries", "spaces_described_once")
@pytest.mark.parametrize("strategy", ["random", "greedy"])
def test_a_search_goes_on_elsewhere_as_if_nothing_had_been(small, tmp_path, strategy):
    def run(directory, observer: search.Observer | None = None) -> search.Search:
        greedy = spaces.autokeras_space(filters=(1, 2), kernels=(3,))
        first = {"conv/num_blocks": 1, "conv/num_layers": 1, "conv/filters_0_0": 1}
        for name in ("conv/kernel_size", "conv/dropout", "reduce/reduction_type"):
            first[name] = greedy.first[name]
        greedy = dataclasses.replace(greedy, first=first)
        return search.run_search(
            tiny_space if strategy == "random" else greedy,
            small,
            strategy=strategy,
            max_trials=2,
            epochs=1,
            directory=directory,
            observer=observer or search.Observer(),
        )

    here, there = tmp_path / "on Binder", tmp_path / "zu Hause" / "größer"
    assert run(here, Interrupt()).interrupted

    packed = export_search(here, tmp_path / "search.zip")
    shutil.rmtree(here)
    assert import_search(packed, there) == there

    resumed, uninterrupted = run(there), run(tmp_path / "uninterrupted")
    pd.testing.assert_frame_equal(
        resumed.table.drop(columns="seconds"), uninterrupted.table.drop(columns="seconds")
    )
    pd.testing.assert_frame_equal(resumed.curves, uninterrupted.curves)
    assert resumed.table["status"].tolist() == ["completed"] * 2

    again = export_search(there, tmp_path / "again.zip")  # a finished search can be taken, too
    finished = run(import_search(again, tmp_path / "third"))
    pd.testing.assert_frame_equal(finished.table, resumed.table)
    assert finished.best_model().count_params() >= resumed.best["n_params"]


# What is packed


@pytest.fixture
def folder(tmp_path) -> Path:
    """The files of a search, with made-up contents."""
    folder = tmp_path / "search"
    for name in (
        "search.json",
        "search.backup.json",
        "autokeras/oracle.json",
        "autokeras/graph",
        "autokeras/best_pipeline",
        "autokeras/trial_0/pipeline",
        "autokeras/trial_0/checkpoint.weights.h5",
        "logs/0/execution0/train/events.out.tfevents.1700000000.host-1.local.42.0.v2",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"the {name}")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_files_of_a_search_come_back_as_they_were(folder, tmp_path):
    import_search(export_search(folder, tmp_path / "a.zip"), tmp_path / "home")

    assert contents(tmp_path / "home") | {"search.lock": b""} == contents(folder)
    assert sorted(os.listdir(tmp_path)) == ["a.zip", "home", "search"]  # no temporary file


def test_other_files_stay_behind(folder, tmp_path):
    before = contents(folder)
    for name in (
        "thesis.txt",
        "search.lock",
        "model.pkl",
        "an old.zip",
        ".hidden.json",
        "con.json",
    ):
        (folder / name).write_text("mine")
    (tmp_path / "outside.json").write_text("secret")
    (folder / "link.json").symlink_to(tmp_path / "outside.json")

    import_search(export_search(folder, folder / "a.zip"), tmp_path / "home")

    assert contents(tmp_path / "home") == before


def test_an_archive_is_replaced_whole_or_not_at_all(folder, tmp_path, monkeypatch):
    packed = export_search(folder, tmp_path / "a.zip")
    before = packed.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CourseError) as raised:
        export_search(folder, packed)
    assert_one_sentence(raised.value, "a.zip", "No space left", "another place")
    assert packed.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["a.zip", "search"]


def test_what_cannot_be_imported_is_not_exported(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILES", 5)
    with pytest.raises(CourseError) as raised:
        export_search(folder, tmp_path / "a.zip")
    assert_one_sentence(raised.value, "cannot be packed", "8 entries, more than 5")
    assert os.listdir(tmp_path) == ["search"]


def test_a_running_search_is_not_packed(folder, tmp_path):
    with recording.locked(folder, overwrite=False), pytest.raises(CourseError) as raised:
        export_search(folder, tmp_path / "a.zip")
    assert_one_sentence(raised.value, "Another process is searching", "wait until it ends")


def test_it_needs_no_tensorflow(run_python):
    ended = run_python(
        "-c", "import sys; from nascourse._engine import archive; print('keras' in sys.modules)"
    )
    assert ended.stdout.strip() == "False", ended.stderr


# What is refused


def assert_one_sentence(error: CourseError, *words: str) -> None:
    text = str(error)
    assert "\n" not in text and text.endswith("."), text
    for word in words:
        assert word in text, text


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method=0) -> Path:
    """A zip file of these entries, after the one that every search has."""
    with zipfile.ZipFile(path, "w", method) as target:
        for name, content in (("search.json", b"{}"), *entries):
            target.writestr(name, content)
    return path


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def network(config: object, **more: bytes) -> bytes:
    """A file such as ``model.save`` writes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        target.writestr("model.weights.h5", b"")
        for name, content in more.items():
            target.writestr(name, content)
    return file.getvalue()


def layer(name: str, module: str | None, **config) -> dict:
    one = {"class_name": name, "module": module, "config": config}
    return {"class_name": "Functional", "module": "keras", "config": {"layers": [one]}}


NAMES = {
    "up": "../evil.json",
    "up inside": "keras_tuner/../../evil.json",
    "absolute": "/tmp/evil.json",
    "drive": "C:/evil.json",
    "drive alone": "C:evil.json",
    "backslash": "..\\evil.json",
    "share": "//server/evil.json",
    "here": "./evil.json",
    "empty part": "keras_tuner//evil.json",
    "stream": "oracle.json:evil.json",
    "device": "keras_tuner/CON.json",
    "device folder": "lpt1/evil.json",
    "final dot": "keras_tuner./evil.json",
    "final space": "keras_tuner /evil.json",
    "line end": "evil.json\n",
    "control": "e\x1bvil.json",
    "not ASCII": "\u202egnp.json",
    "hidden": ".bashrc.json",
    "question": "wh?t.json",
    "very long": "a" * 150 + ".json",
    "very deep": "a/" * 20 + "evil.json",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_may_leave_the_folder_is_refused(tmp_path, name):
    zipped(tmp_path / "bad.zip", (NAMES[name], b"{}"))
    refuse(tmp_path, ascii(NAMES[name][:80]), "not safe on every system")


TWO_CONFIGS = network({}, **{"confIg.json": b"1"}).replace(b"confIg", b"config")
BAD = {
    "link": ([(link("a.json"), b"/etc/passwd")], ["'a.json'", "a link"]),
    "script": ([("a.py", b"print()")], ["'a.py'", "kind of file"]),
    "pickle": ([("model.pkl", b"")], ["'model.pkl'", "kind of file"]),
    "no ending": ([("keras_tuner/run", b"")], ["'keras_tuner/run'", "kind of file"]),
    "twice": ([("a.json", b"1"), ("a.json", b"2")], ["'a.json' twice"]),
    "twice on Windows": ([("a.json", b"1"), ("A.JSON", b"2")], ["kind of file"]),
    "twice in capitals": ([("a.json", b"1"), ("A.json", b"2")], ["'A.json' twice"]),
    "file and folder": ([("a.json", b""), ("a.json/b.json", b"")], ["'a.json/b.json' below"]),
    "no zip in it": ([("m.keras", b"no zip")], ["'m.keras'", "not a zip file"]),
    "lambda": ([("m.keras", network(layer("Lambda", "keras.layers")))], ["'m.keras'", "Lambda"]),
    "lambda in an argument": (
        [
            (
                "m.keras",
                network(layer("Dense", "keras.layers", activation=layer("__lambda__", None))),
            )
        ],
        ["Lambda layer"],
    ),
    "foreign layer": ([("m.keras", network(layer("system", "os")))], ["module 'os'"]),
    "nearly ours": ([("m.keras", network(layer("x", "keras_evil.x")))], ["module 'keras_evil.x'"]),
    "code in it": ([("m.keras", network({}, **{"a.py": b""}))], ["'m.keras'", "'a.py'", "kind of"]),
    "up in it": ([("m.keras", network({}, **{"../config.json": b""}))], ["'../config.json'"]),
    "twice in it": ([("m.keras", TWO_CONFIGS)], ["'config.json' twice"]),
    "no config": ([("m.keras", b"PK\5\6" + bytes(18))], ["no 'config.json'"]),
    "config of another kind": ([("m.keras", network("{"))], ["'m.keras'", "fails"]),
    "deep config": ([("m.keras", network("[" * 100_000))], ["'m.keras'", "fails"]),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", BAD)
def test_what_no_search_holds_is_refused(tmp_path, name):
    entries, words = BAD[name]
    zipped(tmp_path / "bad.zip", *entries)
    refuse(tmp_path, *words)


@pytest.mark.parametrize("code", [lambda x: 2 * x, keras.activations.relu], ids=["lambda", "named"])
def test_a_network_of_keras_is_refused_if_it_has_a_lambda_layer(tmp_path, code):
    layers = [keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)]
    for name, more in (("plain", []), ("lambda", [keras.layers.Lambda(code)])):
        model = keras.Sequential([*layers, *more])
        model.compile("adam", "mse", metrics=["accuracy"])
        model.save(tmp_path / f"{name}.keras")
        content = (tmp_path / f"{name}.keras").read_bytes()
        zipped(tmp_path / f"{name}.zip", ("autokeras/best_model.keras", content))

    import_search(tmp_path / "plain.zip", tmp_path / "plain")
    with pytest.raises(CourseError) as raised:
        import_search(tmp_path / "lambda.zip", tmp_path / "home")
    assert_one_sentence(raised.value, "'autokeras/best_model.keras'", "Lambda layer")


def test_an_archive_without_a_search_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as target:
        target.writestr("keras_tuner/oracle.json", "{}")
    refuse(tmp_path, "no entry 'search.json'")


@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [
        ("MAX_FILES", 2, "3 entries, more than 2"),
        ("MAX_FILE_BYTES", 2**20, "'a.json' of more than 1 MiB"),
        ("MAX_BYTES", 3 * 2**20, "unpacks to more than 3 MiB"),
        ("MAX_RATIO", 100, "'a.json', which expands more than 100 times"),
    ],
)
def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch, limit, value, words):
    monkeypatch.setattr(archive, "MAX_RATIO", 10_000)
    monkeypatch.setattr(archive, limit, value)
    zeros = bytes(2 * 2**20)
    zipped(tmp_path / "bad.zip", ("a.json", zeros), ("b.json", zeros), method=zipfile.ZIP_DEFLATED)
    refuse(tmp_path, words)


def test_the_real_bytes_count_and_not_what_the_directory_says(tmp_path):
    path = zipped(tmp_path / "bad.zip", ("a.json", bytes(10**6)), method=zipfile.ZIP_DEFLATED)
    size = (10**6).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (10).to_bytes(4, "little")))
    refuse(tmp_path, "'a.json'")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(tmp_path, method):
    zipped(tmp_path / "bad.zip", ("a.json", b"{}"), method=method)
    refuse(tmp_path, "unusual way")


def test_encryption_is_refused(tmp_path):
    path = zipped(tmp_path / "bad.zip")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    refuse(tmp_path, "'search.json'", "encrypted")


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped"])
def test_a_damaged_archive_is_one_sentence(tmp_path, damage):
    path = zipped(tmp_path / "bad.zip", ("a.json", b"some text"))
    whole = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "text": b"<html>404",
            "cut": whole[:-30],
            "flipped": whole.replace(b"some", b"come"),
        }[damage]
    )
    refuse(tmp_path, "cannot be read as a zip archive", "copy it again")


def refuse(tmp_path: Path, *words: str) -> None:
    """Import ``bad.zip``: one sentence, and nothing is written anywhere."""
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    with pytest.raises(CourseError) as raised:
        import_search(tmp_path / "bad.zip", tmp_path / "home")
    assert_one_sentence(raised.value, "bad.zip", "export the search again", *words)
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before


# Where it goes


def test_an_empty_folder_is_filled_and_another_is_left_alone(folder, tmp_path):
    packed = export_search(folder, tmp_path / "a.zip")
    home = tmp_path / "home"
    home.mkdir()
    import_search(packed, home)
    before = contents(home)

    with pytest.raises(CourseError) as raised:
        import_search(packed, home)
    assert_one_sentence(raised.value, "home", "not empty", "choose a new one")
    assert contents(home) == before


@pytest.mark.parametrize("below", ["", "below"])
def test_a_folder_that_cannot_be_is_one_sentence(folder, tmp_path, below):
    packed = export_search(folder, tmp_path / "a.zip")
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(CourseError) as raised:
        import_search(packed, tmp_path / "file" / below)
    assert_one_sentence(raised.value, "cannot be written", "another place")
    assert sorted(os.listdir(tmp_path)) == ["a.zip", "file", "search"]


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_a_stop_halfway_leaves_nothing(folder, tmp_path, monkeypatch, stop):
    packed = export_search(folder, tmp_path / "a.zip")
    write, written = archive.atomic_write, []

    def fail(path, content):
        if len(written) == 3:
            raise stop
        written.append(path)
        write(path, content)

    monkeypatch.setattr(archive, "atomic_write", fail)
    with pytest.raises((CourseError, KeyboardInterrupt)):
        import_search(packed, tmp_path / "home")
    assert sorted(os.listdir(tmp_path)) == ["a.zip", "search"]


def test_a_stop_halfway_leaves_a_folder_that_was_there_as_empty(folder, tmp_path, monkeypatch):
    export_search(folder, tmp_path / "a.zip")
    (tmp_path / "home").mkdir()
    moves = []

    def replace(source, target, real=os.replace):
        moves.append(target)
        if len(moves) == 2:
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(archive.os, "replace", replace)
        import_search(tmp_path / "a.zip", tmp_path / "home")

    assert len(moves) == 2 and os.listdir(tmp_path / "home") == []
    import_search(tmp_path / "a.zip", tmp_path / "home")


def test_a_missing_archive_or_search_is_one_sentence(tmp_path):
    with pytest.raises(CourseError) as raised:
        import_search(tmp_path / "none.zip", tmp_path / "home")
    assert_one_sentence(raised.value, "none.zip", "not a file")
    with pytest.raises(CourseError) as raised:
        export_search(tmp_path, tmp_path / "a.zip")
    assert_one_sentence(raised.value, "holds no search")
    with pytest.raises(CourseError) as raised:
        export_search(tmp_path, tmp_path / "search.json")
    assert_one_sentence(raised.value, "end in .zip")
    assert os.listdir(tmp_path) == []
