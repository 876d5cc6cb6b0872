"""The hands-on project from the command line: its files, its numbers, its refusals."""

from __future__ import annotations

import errno
import functools
import inspect
import io
import json
import re
import runpy
import subprocess
import sys
import sysconfig
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest
from drills.offline import sealed, why_not
from PIL import Image
from test_locked_down import environment, names_below, run, windows_faults

from nascourse import CourseError, __main__, data, evaluation, search, trials
from nascourse._engine import loops
from nascourse.cli import project

pytestmark = pytest.mark.slow

FIGURES = ("incumbent", "trials", "curves", "architecture", "confusion")
TYPES = {
    "test_accuracy": float,
    "test_images": int,
    "n_params": int,
    "flops": int,
    "saved_bytes": int,
    "latency_ms_median": float,
    "wall_seconds": float,
    "peak_rss_mb": int,
    "n_trials": int,
    "epochs": int,
    "seed": int,
    "data_source": str,
    "architecture": str,
    "versions": dict,
}


# Loads the images without and with a cache, and does the project as a learner does.
SHORT = """
import functools
import runpy
from nascourse import data, search
search.retrain = functools.partial(search.retrain, epochs=2)  # so few images get 100
print(data.load_mnist("bundled"))
runpy.run_module("nascourse", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Its path has spaces and letters beyond ASCII."""
    folder = tmp_path_factory.mktemp("project") / "Übung 1" / "größte Suche"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """It cannot be written: where processes can be locked in, it is an empty folder."""
    home = tmp_path_factory.mktemp("homes") / "Zoë's home"
    if why_not(**read_only(home)):
        home.write_text("in the way")
    else:
        home.mkdir()
    return home


def read_only(home: Path) -> dict[str, list]:
    return {"read_only": [home, sysconfig.get_path("purelib")]}


@pytest.fixture(scope="module")
def finished(folder, home, small_npz) -> subprocess.CompletedProcess:
    """The project on 400 images, as the command line runs it where little is allowed.

    The terminal knows ASCII only, as on Windows output that goes to a file has an old code page;
    where processes can be locked in, the packages are read-only, and the network is cut.
    """
    options = ["--trials", "2", "--epochs", "1", "--data", small_npz, "--out", folder / "runs"]
    command = [sys.executable, "-c", SHORT, "project", *options]
    if home.is_dir():
        command = sealed(command, **read_only(home))
    # With the locale C, Python takes UTF-8 for paths all the same.
    changes = {"HOME": str(home), "LC_ALL": "C", "LANG": None, "PYTHONIOENCODING": "ascii"}
    changes[evaluation.OPENINGS] = "off"
    return run(command, cwd=folder, env=environment(**changes))


@pytest.fixture(scope="module")
def out(finished, folder) -> Path:
    assert finished.returncode == 0, finished.stderr
    return folder / "runs"


@pytest.fixture(scope="module")
def result(out) -> dict:
    return json.loads((out / "result.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def model(out) -> keras.Model:
    return keras.models.load_model(out / "model.keras")


# What it writes


def test_the_result_has_every_key_in_its_type(result):
    assert {key: type(result.get(key)) for key in TYPES} == TYPES
    packages = {"python", "tensorflow", "keras", "keras-tuner", "autokeras"}
    assert set(result["versions"]) == packages
    assert all(re.match(r"\d+\.\d+", version) for version in result["versions"].values())


def test_the_result_says_what_was_asked(result):
    assert (result["n_trials"], result["epochs"], result["seed"]) == (2, 1, 1)
    assert result["data_source"] == "small.npz"
    assert result["test_images"] == 100
    assert result["stopped"] == "the budget of 2 trials is spent"
    assert 0 < result["latency_ms_median"] < 1000
    assert 100 < result["peak_rss_mb"] < 4000
    assert 1 < result["wall_seconds"] < 600


def test_the_accuracy_is_that_of_the_saved_model_on_the_test_images(result, model, arrays):
    predicted = evaluation.predict(model, arrays["x_test"][..., None])

    assert result["test_accuracy"] == np.mean(predicted == arrays["y_test"])
    low, high = result["test_accuracy_95_percent"]
    assert low < result["test_accuracy"] < high


def test_the_size_is_that_of_the_saved_model(result, model, out):
    assert result["saved_bytes"] == (out / "model.keras").stat().st_size
    assert result["n_params"] == evaluation.count_params(model)
    assert result["flops"] == evaluation.count_flops(model)


def test_the_tables_are_there(result, out):
    table, curves = (pd.read_csv(out / f"{name}.csv") for name in ("trials", "curves"))

    assert list(table.columns[: len(trials.COLUMNS)]) == list(trials.COLUMNS)
    assert table["trial"].tolist() == [1, 2]
    assert curves[["trial", "epoch"]].values.tolist() == [[1, 1], [2, 1]]
    winner = trials.best(table)
    assert winner["architecture"] == result["architecture"]
    assert winner["n_params"] == result["n_params"]
    assert winner["flops"] == result["flops"]


def test_the_figures_are_there(out):
    for name in FIGURES:
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG"), name


# What it prints


def test_the_table_grows_and_the_numbers_are_said(finished, result, out):
    text = finished.stdout
    table = pd.read_csv(out / "trials.csv")

    for row in table.itertuples():
        line = re.search(rf"^ +{row.trial}  completed .*$", text, flags=re.MULTILINE)[0]
        assert f"{row.val_accuracy:.3f}" in line
        assert f"{row.n_params:,}" in line
        assert line.endswith(row.architecture)
    assert f"Test accuracy {result['test_accuracy']:.0%} on 100 images" in text
    assert f"{result['n_params']:,} parameters" in text
    assert f"{result['saved_bytes'] / 1024:.0f} KiB" in text
    assert "Times opened so far: 1." in text
    assert f"the report is {out}".encode("ascii", "backslashreplace").decode() in text


def test_a_run_that_goes_well_writes_nothing_to_the_error_stream_or_home(finished, home):
    assert finished.stderr == ""
    assert not home.is_dir() or list(home.iterdir()) == []


def test_windows_takes_every_name_that_is_written(out):
    """While a file is written it has a longer name for a moment."""
    names = names_below(out)
    assert any(name.startswith("search/") for name in names)
    assert windows_faults([*names, *(f"{name}.0123abcd.part" for name in names)]) == []


# Options


def test_every_option_reaches_the_project(monkeypatch):
    asked = []
    monkeypatch.setattr(project, "run_project", lambda **options: asked.append(options))

    assert __main__.main(["project"]) == 0
    text = "--trials 3 --epochs 2 --seed 0 --data keras --test-data t.npz --out o --overwrite"
    text += " --size 16 --objective val_loss --reason small"
    assert __main__.main(["project", *text.split()]) == 0

    typed = {"trials": 3, "epochs": 2, "seed": 0, "data_source": "keras", "test_data": "t.npz"}
    typed |= {"size": 16, "objective": "val_loss", "reason": "small"}
    assert asked == [{"out": "runs/project"}, {**typed, "out": "o", "overwrite": True}]


def test_the_help_names_the_defaults_of_the_project(capsys):
    with pytest.raises(SystemExit):
        __main__.main(["project", "--help"])
    said = re.sub(r"\s+", " ", capsys.readouterr().out)

    parameters = inspect.signature(project.run_project).parameters
    for name in ("trials", "seed", "objective", "out"):
        assert re.search(rf"--{name} [^-]*\(default: {parameters[name].default}\)", said), name


def test_a_size_is_for_pictures_of_a_folder(small_npz, tmp_path):
    for source in (None, "bundled", small_npz):
        with pytest.raises(CourseError, match="--size belongs to a folder"):
            project.run_project(data_source=source, size=64, out=tmp_path)


def test_a_command_that_is_interrupted_says_so(monkeypatch, capsys):
    def interrupt() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__.doctor, "main", interrupt)
    assert __main__.main(["doctor"]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_file_that_a_program_has_open_is_named(tmp_path, monkeypatch, capsys):
    def search(**options) -> None:
        raise PermissionError(
            errno.EACCES, "Access is denied", "trials.12.part.csv", None, "trials.csv"
        )

    monkeypatch.setattr(project, "run_project", search)
    assert __main__.main(["project"]) == 2
    sentence = capsys.readouterr().err
    assert "trials.csv cannot be written (Access is denied): close what has it open" in sentence


def test_a_stream_without_the_letters_of_a_name_stops_nothing(monkeypatch):
    file = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, encoding="cp1252"))
    monkeypatch.setattr(__main__.doctor, "main", lambda: print("\u732b", flush=True) or 0)
    assert __main__.main(["doctor"]) == 0
    assert file.getvalue() == b"\\u732b\n"


# Again


def test_the_same_command_again_gives_the_same_without_a_new_search(
    result, out, small_npz, monkeypatch, capsys
):
    """And says so where the latency is not known this time."""

    def fail(*_):
        raise NotImplementedError("no kernel")

    monkeypatch.setattr(
        loops._CourseTuner, "on_trial_begin", lambda *a: pytest.fail("searched again"), raising=True
    )
    monkeypatch.setattr(search, "retrain", functools.partial(search.retrain, epochs=2))
    monkeypatch.setattr(evaluation, "measure_latency", fail)
    before = (out / "trials.csv").read_bytes()

    with pytest.warns(UserWarning, match="latency could not be measured"):
        again = project.run_project(trials=2, epochs=1, data_source=small_npz, out=out)

    fixed = ["test_accuracy", "test_images", "n_params", "flops", "architecture"]
    assert {key: again[key] for key in fixed} == {key: result[key] for key in fixed}
    assert "nothing is trained again" in again["stopped"]
    assert (out / "trials.csv").read_bytes() == before
    assert json.loads((out / "result.json").read_text("utf-8")) == again
    assert "MFLOPs and unknown ms an image" in capsys.readouterr().out


def test_ctrl_c_ends_the_project_and_the_test_set_stays_closed(
    small_npz, tmp_path, monkeypatch, capsys
):
    def interrupt(self, trial, epoch, logs):
        if trial == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(search.ProgressBar, "epoch_end", interrupt)
    opened = evaluation.times_opened(data.load_mnist(small_npz))

    status = __main__.main(
        ["project", "--data", str(small_npz), "--out", str(tmp_path), "--epochs", "1"]
    )

    assert status == 130
    assert "goes on where it stopped" in capsys.readouterr().err
    assert not (tmp_path / "result.json").exists()
    assert evaluation.times_opened(data.load_mnist(small_npz)) == opened


# Mistakes


@pytest.fixture
def refuse(capfd, tmp_path, monkeypatch, small_npz):
    """Run the project in an empty folder; return its one sentence on the error stream."""
    monkeypatch.chdir(tmp_path)

    def run(*options: object) -> str:
        usual = [] if "--data" in options else ["--data", str(small_npz)]
        status = __main__.main(["project", *usual, *map(str, options)])
        error = capfd.readouterr().err
        assert status == 2
        assert re.fullmatch(r"Error: [^\n]+\.\n", error), error
        assert not list(tmp_path.rglob("result.json"))
        return error

    return run


@pytest.mark.parametrize(
    "options, words",
    [
        (["--trials", "0"], ["=0 ", "whole number from 1"]),
        (["--trials", "-1"], ["=-1 ", "whole number from 1"]),
        (["--epochs", "0"], ["epochs=0", "whole number from 1"]),
        (["--epochs", "-3"], ["epochs=-3", "whole number from 1"]),
        (["--seed", "-1"], ["seed=-1", "whole number from 0"]),
        (["--data", "nonsense"], ["'nonsense'", "bundled", "keras"]),
        (["--data", "missing.npz"], ["'missing.npz'", "is not a file", "bundled"]),
        (["--test-data", "missing.npz"], ["'missing.npz'"]),
    ],
)
def test_a_bad_value_is_one_sentence(refuse, options, words):
    error = refuse(*options)

    for word in words:
        assert word in error


def test_the_sentence_names_the_option_that_was_typed(refuse):
    assert "max_trials" not in refuse("--trials", "0")


@pytest.mark.parametrize(
    "options, words",
    [
        ({"reason": 5}, ["reason=5 is no text"]),
        ({"objective": keras_tuner.Objective("accuracy", "max")}, ["'accuracy'", "val_accuracy"]),
        ({"epochs": 0}, ["epochs=0"]),
    ],
)
def test_a_bad_value_is_refused_before_the_images_are_read(options, words, tmp_path, monkeypatch):
    monkeypatch.setattr(project, "_load", lambda *_: pytest.fail("too late"))

    with pytest.raises(CourseError) as raised:
        project.run_project(out=tmp_path / "new", **options)
    assert all(word in str(raised.value) for word in words)


def test_an_objective_of_keras_tuner_reaches_the_search(small_npz, tmp_path, monkeypatch):
    objective, asked = keras_tuner.Objective("val_macro_f1", "max"), []

    def begin(space, splits, **options):
        asked.append(options["objective"])
        raise KeyboardInterrupt

    monkeypatch.setattr(search, "run_search", begin)
    with pytest.raises(KeyboardInterrupt):
        project.run_project(objective=objective, data_source=small_npz, out=tmp_path)
    assert asked == [objective]


def test_the_variable_may_name_a_bad_file(refuse, monkeypatch, capfd):
    monkeypatch.setenv("NASCOURSE_MNIST", "gone.npz")

    assert __main__.main(["project"]) == 2
    assert "'gone.npz'" in capfd.readouterr().err


@pytest.mark.parametrize(
    "option, key, edit, words",
    [
        ("--test-data", "x", lambda x: np.pad(x, ((0, 0), (2, 2), (2, 2))), "(32, 32, 1)"),
        ("--test-data", "y", lambda y: np.append(y[1:], 10), "label '10'"),
        ("--test-data", "y", None, "no array named"),
        ("--data", "x", lambda x: x - 9.0, "from -9 to"),
        ("--data", "y", lambda y: np.append(y[1:], 10), "too few images of '10'"),
        ("--data", "y", lambda y: np.append(y[1:].astype(int), -1), "too few images of '-1'"),
        ("--data", "y", None, "no array named"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    refuse, tmp_path, arrays, option, key, edit, words
):
    edited = dict(arrays)
    for part in ("train", "test"):
        whole = edited.pop(f"{key}_{part}")
        if edit is not None:
            edited[f"{key}_{part}"] = edit(whole)
    np.savez(tmp_path / "odd.npz", **edited)

    error = refuse(option, tmp_path / "odd.npz")

    assert "odd.npz" in error and words in error


@pytest.mark.parametrize("option", ["--data", "--test-data"])
@pytest.mark.parametrize("content", ["", "<html>404</html>", "cut"])
def test_a_broken_file_is_one_sentence(refuse, tmp_path, small_npz, option, content):
    whole = small_npz.read_bytes()
    (tmp_path / "broken.npz").write_bytes(whole[:-500] if content == "cut" else content.encode())

    error = refuse(option, tmp_path / "broken.npz")

    assert "broken.npz" in error and "cannot be read" in error


@pytest.mark.parametrize("below", ["", "below"])
def test_a_folder_that_cannot_be_written_is_one_sentence(refuse, tmp_path, below):
    (tmp_path / "file").write_text("in the way")

    error = refuse("--out", tmp_path / "file" / below)

    assert "file" in error and "cannot be written" in error and "--out" in error


def test_a_folder_of_another_search_is_one_sentence_and_stays(refuse, out, tmp_path):
    theirs = tmp_path / "theirs" / "search"
    theirs.mkdir(parents=True)
    recording = (out / "search" / "search.json").read_text("utf-8")
    (theirs / "search.json").write_text(recording, "utf-8")

    error = refuse("--out", tmp_path / "theirs", "--trials", "2", "--epochs", "1", "--seed", "2")

    assert "another search (another seed)" in error and "--overwrite" in error
    assert (theirs / "search.json").read_text("utf-8") == recording


def test_a_refused_command_leaves_nothing_behind(refuse, tmp_path):
    refuse("--trials", "0", "--out", tmp_path / "new")

    assert not list(tmp_path.iterdir())


def test_the_command_ends_with_2_one_sentence_and_no_traceback(monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["nascourse", "project", "--data", "missing.npz"])

    with pytest.raises(SystemExit) as raised:
        runpy.run_path(__main__.__file__, run_name="__main__")

    assert raised.value.code == 2
    assert re.fullmatch(r"Error: 'missing.npz'[^\n]+\.\n", capfd.readouterr().err)


@pytest.mark.parametrize(
    "options", [["project", "--trials", "many"], ["project", "--epochs", "1.5"], ["prject"], []]
)
def test_what_cannot_be_read_is_for_argparse_to_refuse(options, capsys):
    with pytest.raises(SystemExit) as raised:
        __main__.main(options)

    assert raised.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("usage: python -m nascourse")
    assert "Traceback" not in error


# Pictures in a folder


@pytest.fixture
def shapes(tmp_path) -> Path:
    """A folder with 40 pictures each of bright squares on the left and on the right, in colors."""
    rng = np.random.default_rng(0)
    for name, column in (("left", 4), ("right", 16)):
        (tmp_path / "shapes" / name).mkdir(parents=True)
        for number in range(40):
            picture = rng.integers(0, 120, (20, 26, 3), dtype="uint8")
            picture[6:14, column : column + 6] = rng.integers(150, 256, 3)
            Image.fromarray(picture).save(tmp_path / "shapes" / name / f"{number}.png")
    return tmp_path / "shapes"


def test_a_folder_of_pictures_becomes_a_network_and_a_report(shapes, tmp_path, capsys):
    options = [
        "--data",
        str(shapes),
        "--size",
        "16",
        "--trials",
        "1",
        "--out",
        str(tmp_path / "out"),
    ]

    status = __main__.main(["project", *options, "--objective", "val_loss", "--reason", "a test"])

    assert status == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    assert result["class_names"] == ["left", "right"]
    assert result["image_shape"] == [16, 16, 3]
    assert (result["objective"], result["reason"]) == (["val_loss", "min"], "a test")
    assert (result["search_images"], result["judged_by"], result["test_images"]) == (48, 16, 16)
    assert result["test_accuracy"] > 0.8
    assert "left" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "val_loss" in capsys.readouterr().out


def test_options_that_do_not_fit_a_folder_are_refused(refuse, shapes):
    assert "--test-data" in refuse("--data", shapes, "--test-data", "t.npz")
    assert "size=5000" in refuse("--data", shapes, "--size", "5000")
    assert "'accuracy'" in refuse("--data", shapes, "--objective", "accuracy")


# The aim of it all


def test_a_short_project_reads_95_percent_of_the_official_test_images(
    full_mnist, tmp_path, monkeypatch
):
    """The bundled 5,000 images for search and training; the official 10,000 judge."""
    # Of the 16 epochs that are the default, and that reach 98 percent.
    monkeypatch.setattr(search, "retrain", functools.partial(search.retrain, epochs=6))

    found = project.run_project(
        trials=1, epochs=1, seed=1, data_source="bundled", test_data=full_mnist, out=tmp_path
    )

    assert found["test_images"] == 10_000
    assert found["test_accuracy"] > 0.95
    assert found["n_params"] < 200_000
