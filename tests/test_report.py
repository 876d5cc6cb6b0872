"""The report of a project: what it holds, what it lets through as text, and what it survives."""

from __future__ import annotations

import errno
import io
import json
import runpy
import shutil
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from PIL import ExifTags, Image

from nascourse import CourseError, data, evaluation, plotting, search, spaces, trials
from nascourse._engine import compat, images, read_pictures
from nascourse._engine import report as pages
from nascourse.checks import check

pytestmark = pytest.mark.usefixtures("frozen_libraries", "spaces_described_once")

NASTY = ("<script>alert(1)</script>", "| $a$ *b* [c](javascript:d)")
REASON = "It is small & <b>good</b> enough for `me`."


def images_of(class_names: tuple[str, str], source: str) -> data.Splits:
    """Two classes of these names, one with 60 and one with 20 images."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [60, 20])
    x = rng.integers(0, 99, (80, 8, 9, 3), dtype="uint8")
    x[y == 1] += 120
    return data.from_arrays(x, y, class_names=class_names, source=source)


@pytest.fixture(scope="module")
def splits() -> data.Splits:
    """Two classes with odd names."""
    return images_of(NASTY, "a <i>set</i>")


@pytest.fixture(scope="module")
def found(splits, tmp_path_factory) -> search.Search:
    return search.run_search(
        spaces.cnn_space,
        splits,
        strategy="random",
        objective="val_macro_f1",
        max_trials=2,
        epochs=2,
        directory=tmp_path_factory.mktemp("search"),
        observer=search.Observer(),
    )


@pytest.fixture(scope="module")
def model(found) -> keras.Model:
    return search.retrain(found, epochs=2, observer=search.Observer())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def report(found, model, splits, folder):
    test = evaluation.open_test_set(splits)
    notes = {"budget": " Two trials | are enough. "}
    return evaluation.write_report(found, model, test, directory=folder, reason=REASON, notes=notes)


@pytest.mark.slow
def test_the_search_follows_its_objective(found):
    values = found.table["val_macro_f1"].astype(float)

    assert found.best["val_macro_f1"] == values.max()
    assert trials.incumbent(found.table).tolist() == np.maximum.accumulate(values).tolist()
    assert "val_macro_f1" not in trials.hyperparameters(found.table)
    assert found.tuner.oracle.objective.name == "val_macro_f1"
    best_epochs = found.curves.groupby("trial")["val_macro_f1"].max()
    np.testing.assert_allclose(values, best_epochs)


@pytest.mark.slow
def test_the_numbers_are_those_of_the_network_on_the_test_images(report, model, splits):
    test = evaluation.open_test_set(splits)
    right = evaluation.predict(model, test.x) == test.y

    assert report["test_accuracy"] == pytest.approx(right.mean())
    by_class = [right[test.y == k].mean() for k in (0, 1)]
    assert report["balanced_accuracy"] == pytest.approx(np.mean(by_class))
    assert report["majority_accuracy"] == 0.75
    assert [list(of_class.values()) for of_class in report["counts"].values()] == [
        [36, 12, 12],
        [12, 4, 4],
    ]
    assert report["n_params"] == model.count_params()
    assert report["found"] == "yes"  # random search was given no network


@pytest.mark.parametrize(
    ("given", "first", "number", "duplicate_of", "objective", "answer"),
    [
        (False, 0.9, 1, None, "val_accuracy", "yes"),  # nobody gave a first network
        (True, 0.9, 1, None, "val_accuracy", "no, it is the first"),
        (True, 0.9, 2, 1, "val_accuracy", "no, it is the first"),
        (True, 0.7, 2, None, "val_accuracy", "yes"),
        (True, 0.9, 2, None, "val_macro_f1", "yes"),  # as good in accuracy says nothing of it
        (
            True,
            0.9,
            2,
            None,
            "val_accuracy",
            "yes, but it was not shown to be better than the first network, which was given (90%)",
        ),
    ],
)
def test_what_a_search_has_found(
    monkeypatch, given, first, number, duplicate_of, objective, answer
):
    monkeypatch.setattr(compat, "initial_values", lambda oracle: {"units": 8} if given else {})
    table = pd.DataFrame({"trial": [1, 2], "val_accuracy": [first, 0.93]})
    table["duplicate_of"] = pd.array([None, duplicate_of], dtype="Int64")  # as `trials.to_table`
    finished = SimpleNamespace(
        table=table,
        tuner=SimpleNamespace(oracle=None),
        splits=SimpleNamespace(y_val=range(100)),
        options=SimpleNamespace(objective=(objective, "max")),
    )

    words = evaluation._found(finished, table.loc[number - 1], number)
    assert words.startswith(answer) and (answer != "yes" or words == "yes")


def test_the_report_is_complete_and_the_check_names_what_is_missing(report, capsys):
    assert check("11.4", report)
    for name in ("reason", "test_accuracy_95_percent", "times_opened", "machine", "counts"):
        assert not check("11.4", {**report, name: ""})
    assert "the machine" in capsys.readouterr().out


def test_both_pages_hold_every_fact_and_all_figures(report, folder):
    markdown = (folder / "report.md").read_text("utf-8")
    page = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser")

    for text in (
        pages.percent(report["test_accuracy"], 16),
        f"{report['n_params']:,}",
        f"{report['latency_ms_median']:.2f} ms",
        "Seed: 1",
        "validation macro f1",
        "Times the test set was opened",
        "Budget: Two trials",
        "64 images, training and validation part together, 2 epochs, 64 images a step, seed 1",
        report["architecture"],
    ):
        assert text in markdown and text in page.get_text(), text
    for name in ("incumbent", "trials", "curves", "confusion", "architecture"):
        assert f"({name}.png)" in markdown
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert all(image["src"].startswith("data:image/png") for image in page("img"))
    assert all(len(image["alt"]) > 20 for image in page("img"))
    rows = {row[0].get_text(): row for row in (line("td") for line in page("tr")) if row}
    assert [cell.get_text() for cell in rows[NASTY[0]][1:]] == ["36", "12", "12"]


@pytest.mark.parametrize(
    "n_images, words", [(33, "85%"), (999, "85%"), (1_000, "84.8%"), (10_000, "84.85%")]
)
def test_a_share_has_no_more_digits_than_its_images_can_tell_apart(n_images, words):
    assert pages.percent(0.84848, n_images) == words


def test_of_a_training_elsewhere_no_epochs_are_claimed(report):
    assert report["final_training"] == {"epochs": 2, "batch_size": 64, "seed": 1}
    content = pages.markdown({**report, "final_training": {}}, {})
    assert "in epochs, steps and a seed that are not known" in content


def test_names_and_reasons_are_text_and_no_markup(folder):
    page = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser")

    assert not page(["script", "a", "b", "i", "em"])
    assert [code.get_text() for code in page("code")] == [
        "model.keras",
        "python read_pictures.py new.jpg",
    ]
    assert REASON in page.get_text()
    assert NASTY[1] in [cell.get_text() for cell in page("td")]
    assert page.title.get_text() == "Report: a network for a <i>set</i>"


def test_the_files_beside_it_hold_the_same(report, folder, found):
    assert json.loads((folder / "result.json").read_text("utf-8")) == report
    assert pd.read_csv(folder / "trials.csv")["trial"].tolist() == [1, 2]
    again = keras.models.load_model(folder / "model.keras")
    assert again.count_params() == report["n_params"]


@pytest.mark.slow
@pytest.mark.parametrize("color", [True, False])
def test_the_script_in_its_folder_prepares_pictures_as_the_course_does(tmp_path, capsys, color):
    """Photos that lie on their side and are wider than the training images, in color and in gray."""
    rng, sideways = np.random.default_rng(0), Image.Exif()
    sideways[ExifTags.Base.Orientation] = 6
    for name in ("ant", "bee"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(5):
            photo = Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype="uint8"))
            photo.save(tmp_path / "photos" / name / f"{number}.jpg", exif=sideways)
    x, _, names, _ = images.read_folder(tmp_path / "photos", size=(12, 8), color=color)
    network = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Flatten()])
    network.add(keras.layers.Dense(2, "softmax", kernel_initializer="random_normal"))
    network.save(tmp_path / "model.keras")
    (tmp_path / "result.json").write_text(json.dumps({"class_names": names}), "utf-8")
    photos = sorted(map(str, (tmp_path / "photos").glob("*/*.jpg")))

    read_pictures.main(photos, tmp_path)

    for photo, probabilities, line in zip(
        photos, network.predict(x, verbose=0), capsys.readouterr().out.splitlines(), strict=True
    ):
        best = np.argsort(-probabilities)
        assert line == "  ".join([photo, *(f"{names[k]} {probabilities[k]:.0%}" for k in best)])


@pytest.mark.parametrize(
    "outputs, probabilities",
    [
        ([0, np.log(3)], [0.25, 0.75]),
        ([1, 1 + np.log(3)], [0.25, 0.75]),
        ([-2000, 2000], [0, 1]),
        ([0.25, 0.75], [0.25, 0.75]),
        (np.array([0.3, 0.7], "float16"), [0.3, 0.7]),
    ],
)
def test_of_logits_the_reader_makes_probabilities(outputs, probabilities):
    shown = read_pictures.as_probabilities(np.array(outputs))
    np.testing.assert_allclose(shown, probabilities, atol=1e-3)


def test_the_script_shows_shares_of_logits(tmp_path, capsys):
    bias = keras.initializers.Constant(0.5)
    network = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten()])
    network.add(keras.layers.Dense(4, kernel_initializer="zeros", bias_initializer=bias))
    network.save(tmp_path / "model.keras")
    (tmp_path / "result.json").write_text(json.dumps({"class_names": [*"abcd"]}), "utf-8")
    Image.new("RGB", (8, 8)).save(tmp_path / "new.png")

    read_pictures.main([str(tmp_path / "new.png")], tmp_path)

    assert capsys.readouterr().out.count(" 25%") == 3


@pytest.fixture
def reader(tmp_path):
    """A folder with the script, its network, and a description that an editor has saved again."""
    network = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten()])
    network.add(keras.layers.Dense(4, "softmax"))
    network.save(tmp_path / "model.keras")
    (tmp_path / "result.json").write_text(json.dumps({"class_names": [*"abcd"]}), "utf-8-sig")
    shutil.copy(read_pictures.__file__, tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_script_takes_files_patterns_and_folders_as_people_name_them(
    reader, capsys, monkeypatch
):
    photos = reader / "photos [1]"
    (photos / "more").mkdir(parents=True)
    names = ["a.png", "b.PNG", "more/c.png"]
    for name in names:
        Image.new("RGB", (8, 8)).save(photos / name)
    for name in (".DS_Store", "._a.png", "desktop.ini", "Thumbs.db", "more/Desktop.ini"):
        (photos / name).write_bytes(b"\0")
    monkeypatch.setenv("HOME", str(reader))
    monkeypatch.setenv("USERPROFILE", str(reader))
    monkeypatch.chdir(photos)

    for given, shown in (
        (["*.png", "more"], ["a.png", "more/c.png"]),
        (["~/photos [1]/b.PNG"], [str(photos / "b.PNG")]),
        ([str(photos)], [str(photos / name) for name in names]),
        (["*"], ["a.png", "b.PNG"]),
    ):
        assert read_pictures.main(given, reader) == 0
        said = capsys.readouterr().out.replace("\\", "/").splitlines()
        assert [line.split("  ")[0] for line in said] == [path.replace("\\", "/") for path in shown]


def test_a_picture_that_cannot_be_read_costs_a_line_and_not_the_next_one(reader, capsys):
    paths = [str(reader / name) for name in ("a.png", "broken.png", "missing.png", "b.png")]
    for path in (paths[0], paths[3]):
        Image.new("RGB", (8, 8)).save(path)
    (reader / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    assert read_pictures.main(paths, reader) == 1

    lines = capsys.readouterr().out.splitlines()
    for path, line, is_read in zip(paths, lines, (True, False, False, True), strict=True):
        assert line.startswith(f"{path}  ")
        assert ("%" in line, "cannot be read" in line) == (is_read, not is_read)


def test_without_a_picture_the_script_says_how_to_name_one(reader, monkeypatch):
    monkeypatch.setattr(keras.models, "load_model", lambda path: pytest.fail("too early"))

    with pytest.raises(SystemExit, match=r"^No picture is named: .*\.$"):
        read_pictures.main([], reader)


def test_a_name_that_the_stream_cannot_take_is_printed_all_the_same(reader, monkeypatch):
    Image.new("RGB", (8, 8)).save(reader / "\U0001f600.png")
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")  # as Windows redirects it
    monkeypatch.setattr(sys, "argv", ["read_pictures.py", str(reader / "\U0001f600.png")])
    monkeypatch.setattr(sys, "stdout", stream)

    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(reader / "read_pictures.py"), run_name="__main__")

    stream.flush()
    assert stop.value.code == 0
    assert b"\\U0001f600.png  " in stream.buffer.getvalue()


@pytest.mark.slow
def test_what_fails_costs_a_warning_and_no_number(found, model, splits, tmp_path, monkeypatch):
    """A network that cannot be saved, a latency that cannot be measured, a figure without a font."""

    def not_saved(*_):
        raise NotImplementedError("Layer Own has no get_config")

    def not_measured(*_):
        raise NotImplementedError("no kernel for this layer")

    def not_drawn(*_, **__):
        assert (tmp_path / "result.json").is_file() and (tmp_path / "report.html").is_file()
        raise ValueError("no font")

    monkeypatch.setattr(evaluation, "save_model", not_saved)
    monkeypatch.setattr(evaluation, "measure_latency", not_measured)
    monkeypatch.setattr(plotting, "plot_confusion", not_drawn)
    (tmp_path / "model.keras").write_text("of an earlier report")
    test = evaluation.open_test_set(splits)

    with (
        pytest.warns(UserWarning, match="model.keras could not be saved .Layer Own has no get"),
        pytest.warns(UserWarning, match=r"latency could not be measured \(no kernel for this la"),
        pytest.warns(UserWarning, match=r"confusion.png could not be drawn \(no font\)"),
    ):
        report = evaluation.write_report(found, model, test, directory=tmp_path, reason=REASON)

    page = (tmp_path / "report.md").read_text("utf-8")
    assert "Size as .keras: unknown" in page and "could not be saved" in page
    assert not (tmp_path / "model.keras").exists()
    assert report["latency_ms_median"] is report["latency_ms_p95"] is None
    assert json.loads((tmp_path / "result.json").read_text("utf-8")) == report
    assert 0 <= report["test_accuracy"] <= 1 and report["n_params"] == model.count_params()
    assert "confusion.png" not in page
    assert (tmp_path / "report.html").is_file() and (tmp_path / "architecture.png").is_file()


def test_a_full_disk_is_no_fault_of_the_network(found, model, splits, tmp_path, monkeypatch):
    (tmp_path / "model.keras").write_bytes(b"of an earlier report")

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "model.keras"))

    monkeypatch.setattr(evaluation, "save_model", full)
    with pytest.raises(CourseError, match=r"model.keras cannot be written .*: free some space"):
        evaluation.write_report(found, model, evaluation.open_test_set(splits), directory=tmp_path)

    assert (tmp_path / "model.keras").exists() and (tmp_path / "trials.csv").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("error:.*could not be")
def test_names_that_are_no_text_stop_no_report(found, model, tmp_path):
    """The byte FC, which is no UTF-8, in the name of a class, of a folder, and in a reason."""
    theirs = images_of(("M\udcfcller", "cat"), "pets of M\udcfcller")
    test = evaluation.open_test_set(theirs)

    report = evaluation.write_report(
        found, model, test, directory=tmp_path, splits=theirs, reason="as M\udcfcller said"
    )

    assert report["class_names"] == ["M\\udcfcller", "cat"]
    markdown = (tmp_path / "report.md").read_text("utf-8")
    assert r"pets of M\\udcfcller" in markdown and r"as M\udcfcller said" in markdown
    for name in ("result.json", "trials.csv", "model.keras", "report.html", "confusion.png"):
        assert (tmp_path / name).is_file(), name


def test_what_took_long_is_written_before_anything_can_fail(
    found, model, splits, tmp_path, monkeypatch
):
    def fail(*_, **__):
        raise MemoryError("no room for the images")

    monkeypatch.setattr(evaluation, "predict", fail)
    test = evaluation.open_test_set(splits)

    with pytest.raises(MemoryError):
        evaluation.write_report(found, model, test, directory=tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"trials.csv", "curves.csv", "model.keras", "read_pictures.py"}


def test_a_page_that_fails_costs_no_number(found, model, splits, tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("no page")

    monkeypatch.setattr(pages, "markdown", fail)
    test = evaluation.open_test_set(splits)

    with pytest.raises(ValueError, match="no page"):
        evaluation.write_report(found, model, test, directory=tmp_path)
    facts = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert facts["saved_bytes"] == (tmp_path / "model.keras").stat().st_size


WRONG = {
    "no reason": (lambda test: {"reason": None}, ["reason=None is no text"]),
    "a number as reason": (lambda test: {"reason": 5}, ["reason=5 is no text"]),
    "an open decision": (lambda test: {"reason": ...}, ["reason=Ellipsis"]),
    "a number as note": (lambda test: {"notes": {"budget": 5}}, ["notes['budget']=5 is no text"]),
    "a number as name": (lambda test: {"notes": {1: "x"}}, ["notes={1: 'x'}"]),
    "a text as notes": (lambda test: {"notes": "cheap"}, ["notes='cheap'", "under each name"]),
    "a list as notes": (lambda test: {"notes": ["cheap"]}, ["notes=['cheap']"]),
    "a pair as test set": (lambda test: {"test": tuple(test)}, ["test", "tuple", "open_test_set"]),
    "no test set": (lambda test: {"test": None}, ["test", "NoneType", "open_test_set"]),
    "another test set": (
        lambda test: {"test": evaluation.OpenedTestSet(test.x / 255, test.y)},
        ["test is not the test set of 'a <i>set</i>'", "splits="],
    ),
    "other images": (
        lambda test: {
            "splits": data.from_arrays(
                np.tile(test.x, (2, 1, 1, 1)), np.tile(test.y, 2), source="mine"
            )
        },
        ["test is not the test set of 'mine'"],
    ),
    "a path as splits": (lambda test: {"splits": "pets"}, ["splits", "str"]),
    "no network": (lambda test: {"model": None}, ["model", "NoneType", "search.retrain"]),
    "no search": (lambda test: {"search": "runs/x"}, ["search", "str", "run_search"]),
    "half a trial": (lambda test: {"trial": 1.5}, ["trial=1.5", "whole number from 1"]),
    "a trial in words": (lambda test: {"trial": "1"}, ["trial='1'"]),
    "a trial that is true": (lambda test: {"trial": True}, ["trial=True"]),
    "no folder": (lambda test: {"directory": None}, ["None is no path"]),
    "half a path": (lambda test: {"directory": "a\0b"}, ["is no path"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_one_sentence_before_anything_is_measured(
    name, found, model, splits, tmp_path, monkeypatch
):
    change, expected = WRONG[name]
    test = evaluation.OpenedTestSet(splits.test._x, splits.test._y)
    opened = evaluation.times_opened(splits)
    for measured in ("predict", "measure_latency", "save_model"):
        monkeypatch.setattr(evaluation, measured, lambda *_: pytest.fail("too late"))
    right = {"search": found, "model": model, "test": test, "directory": tmp_path / "new"}

    with pytest.raises(CourseError) as raised:
        evaluation.write_report(**right | change(test))

    text = str(raised.value)
    assert "\n" not in text and text.endswith(".")
    assert all(word in text for word in expected), text
    assert evaluation.times_opened(splits) == opened and not (tmp_path / "new").exists()


def test_what_has_no_test_set_opens_none(found, splits):
    opened = evaluation.times_opened(splits)

    for wrong in (found, splits.test, None):
        for ask in (evaluation.open_test_set, evaluation.times_opened):
            with pytest.raises(CourseError, match=f"type {type(wrong).__name__}: give images"):
                ask(wrong)
    assert evaluation.times_opened(splits) == opened


def test_another_network_and_another_trial_are_refused(found, model, splits, tmp_path):
    test = evaluation.open_test_set(splits)
    other = 3 - int(found.best["trial"])

    with pytest.raises(CourseError, match=f"not that of trial {other}"):
        evaluation.write_report(found, model, test, directory=tmp_path, trial=other)
    with pytest.raises(CourseError, match="Trial 9 was not completed"):
        evaluation.write_report(found, model, test, directory=tmp_path, trial=9)
    with pytest.raises(CourseError, match="There is no trial 9"):
        search.retrain(found, trial=9)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_any_trial_can_be_trained_again(found):
    other = 3 - int(found.best["trial"])

    network = search.retrain(found, trial=other, epochs=1, observer=search.Observer())

    architectures = found.table.set_index("trial")["architecture"]
    assert spaces.describe(network) == architectures[other]


OPEN = (
    "from nascourse import data, evaluation\nevaluation.open_test_set(data.load_mnist('bundled'))"
)


@pytest.mark.slow
def test_openings_are_counted_across_processes(tmp_path, monkeypatch, run_python, bundled):
    monkeypatch.setenv("NASCOURSE_OPENINGS", str(tmp_path / "folder" / "openings.txt"))

    monkeypatch.setattr(evaluation, "_openings", [])  # this process has opened none yet

    evaluation.open_test_set(bundled)

    assert "so far: 2." in run_python("-c", OPEN).stdout
    assert evaluation.times_opened(bundled) == 2


def test_openings_are_counted_in_the_home_folder(tmp_path, monkeypatch, splits):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("NASCOURSE_OPENINGS", "~/openings.txt")

    evaluation.open_test_set(splits)

    assert (tmp_path / "openings.txt").is_file()


@pytest.mark.parametrize("file", [".", "  ", "~nobody-has-this-name/openings.txt"])
def test_a_count_that_cannot_be_kept_is_kept_by_the_process(file, tmp_path, monkeypatch, splits):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASCOURSE_OPENINGS", file)  # a folder, and what is no path

    before = evaluation.times_opened(splits)
    evaluation.open_test_set(splits)

    assert evaluation.times_opened(splits) == before + 1


@pytest.mark.parametrize(
    "objective, words",
    [
        ("accuracy", ["'accuracy'", "val_accuracy"]),
        ("val_mine", ["'val_mine'", "keras_tuner.Objective"]),
        ("", ["objective=''"]),
        (spaces.keras_tuner.Objective("val_mine", "up"), ["'val_mine'"]),
    ],
)
def test_an_objective_that_cannot_be_is_refused_before_any_training(
    objective, words, splits, tmp_path
):
    with pytest.raises(CourseError) as raised:
        search.run_search(
            spaces.cnn_space,
            splits,
            strategy="random",
            objective=objective,
            directory=tmp_path / "new",
        )
    assert all(word in str(raised.value) for word in words)
    assert not (tmp_path / "new").exists()


def test_an_autokeras_space_without_the_metric_is_refused(splits, tmp_path):
    with pytest.raises(CourseError, match="compile them with metrics=.'macro_f1'"):
        search.run_search(
            spaces.autokeras_space(splits),
            splits,
            strategy="greedy",
            objective="val_macro_f1",
            directory=tmp_path / "new",
        )
    assert not (tmp_path / "new").exists()


def fixed_input(hp):
    return spaces.bench_space(hp)


def one_output(hp, image_shape):
    image = keras.Input(image_shape)
    return keras.Model(image, keras.layers.Dense(1)(keras.layers.Flatten()(image)))


@pytest.mark.parametrize(
    "space, words",
    [(fixed_input, ["(28, 28, 1)", "(10,)", "(8, 9, 3)", "(2,)"]), (one_output, ["(1,)", "(2,)"])],
)
def test_a_space_that_does_not_fit_is_refused_with_both_shapes(space, words, splits, tmp_path):
    with pytest.raises(CourseError) as raised:
        search.run_search(space, splits, strategy="random", directory=tmp_path / "new")
    assert all(word in str(raised.value) for word in words)
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_search_without_a_completed_trial_says_why(splits, tmp_path, capsys):
    result = search.run_search(
        spaces.cnn_space,
        splits,
        strategy="random",
        max_trials=2,
        max_model_size=1,
        directory=tmp_path,
        observer=search.Observer(),
    )

    last_line = capsys.readouterr().out.splitlines()[-1]
    assert last_line.startswith("Every trial failed, 1 of 2 with Oversized model: ")
    assert "every trial failed, 1 of 2 with Oversized model: " in repr(result)
    with pytest.raises(CourseError, match="None of the 2 trials was completed"):
        search.retrain(result)
