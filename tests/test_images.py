"""Images of one's own: odd arrays and odd folders, each right or refused in one sentence."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from nascourse import CourseError, data, evaluation
from nascourse._engine import images

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (30, 8, 9), dtype="uint8")
COLOR = RNG.integers(0, 256, (30, 8, 9, 3), dtype="uint8")
LABELS = np.arange(30) % 3
WORDS = np.array(["cat", "dog", "owl"])[LABELS]
ONE_HOT = np.eye(3)[LABELS]


def whole(splits: data.Splits) -> tuple[np.ndarray, np.ndarray]:
    """All images of a data set and their labels, in an order that the split does not decide."""
    test = evaluation.open_test_set(splits)
    x = np.concatenate([splits.x_train, splits.x_val, test.x])
    y = np.concatenate([splits.y_train, splits.y_val, test.y])
    order = sorted(range(len(x)), key=lambda k: x[k].tobytes())
    return x[order], y[order]


def same(splits: data.Splits, x: np.ndarray, y: np.ndarray) -> bool:
    ours, labels = whole(splits)
    order = sorted(range(len(x)), key=lambda k: x[k].tobytes())
    return np.array_equal(ours, x[order]) and np.array_equal(labels, y[order])


# Arrays that are right: x, y, options, the pixels, the names of the classes
RIGHT = {
    "gray": (GRAY, LABELS, {}, GRAY[..., None], "012"),
    "gray with a channel": (GRAY[..., None], LABELS, {}, GRAY[..., None], "012"),
    "color": (COLOR, LABELS, {}, COLOR, "012"),
    "floats to 1": (GRAY / 255, LABELS, {}, GRAY[..., None], "012"),
    "float32 to 1": ((GRAY / 255).astype("float32"), LABELS, {}, GRAY[..., None], "012"),
    "floats to 255": (GRAY.astype(float), LABELS, {}, GRAY[..., None], "012"),
    "float16 to 255": (GRAY.astype("float16"), LABELS, {}, GRAY[..., None], "012"),
    "integers": (GRAY.astype(int), LABELS, {}, GRAY[..., None], "012"),
    "16 bits": (GRAY.astype("uint16") * 257, LABELS, {}, GRAY[..., None], "012"),
    "true and false": (GRAY > 99, LABELS, {}, 255 * (GRAY > 99)[..., None], "012"),
    "0 and 1": ((GRAY > 99).astype("uint8"), LABELS, {}, 255 * (GRAY > 99)[..., None], "012"),
    "from 0 to 16": (
        (GRAY // 17 + 1.0).clip(0, 16),
        LABELS,
        {},
        np.rint((GRAY // 17 + 1.0) * 255 / 16)[..., None],
        "012",
    ),
    "a list of arrays": (list(COLOR), LABELS, {}, COLOR, "012"),
    "a list of lists": (GRAY.tolist(), LABELS.tolist(), {}, GRAY[..., None], "012"),
    "a list of pictures": ([Image.fromarray(x) for x in COLOR], LABELS, {}, COLOR, "012"),
    "big-endian": (GRAY.astype(">i2"), LABELS, {}, GRAY[..., None], "012"),
    "not contiguous": (COLOR[:, ::-1], LABELS, {}, COLOR[:, ::-1], "012"),
    "labels with gaps": (GRAY, LABELS * 10 - 3, {}, GRAY[..., None], ("-3", "7", "17")),
    "whole floats": (GRAY, LABELS.astype(float), {}, GRAY[..., None], "012"),
    "small integers": (GRAY, LABELS.astype("uint8"), {}, GRAY[..., None], "012"),
    "words": (GRAY, WORDS, {}, GRAY[..., None], ("cat", "dog", "owl")),
    "words as objects": (GRAY, WORDS.astype(object), {}, GRAY[..., None], ("cat", "dog", "owl")),
    "a list of words": (GRAY, list(WORDS), {}, GRAY[..., None], ("cat", "dog", "owl")),
    "a series of NumPy's words": (GRAY, pd.Series(list(WORDS), dtype=object), {}, GRAY[..., None], ("cat", "dog", "owl")),
    "a series of NumPy's numbers": (GRAY, pd.Series(list(LABELS), dtype=object), {}, GRAY[..., None], "012"),
    "words in an order": (
        GRAY,
        WORDS,
        {"class_names": ["owl", "cat", "dog"]},
        GRAY[..., None],
        ("owl", "cat", "dog"),
    ),
    "names": (
        GRAY,
        LABELS,
        {"class_names": ["cat", "dog", "owl"]},
        GRAY[..., None],
        ("cat", "dog", "owl"),
    ),
    "one-hot": (GRAY, ONE_HOT, {}, GRAY[..., None], "012"),
    "one-hot of true": (GRAY, ONE_HOT.astype(bool), {}, GRAY[..., None], "012"),
    "a column": (GRAY, LABELS[:, None], {}, GRAY[..., None], "012"),
    "a series": (GRAY, pd.Series(WORDS, index=range(50, 80)), {}, GRAY[..., None], ("cat", "dog", "owl")),
    "categories": (GRAY, pd.Categorical(WORDS), {}, GRAY[..., None], ("cat", "dog", "owl")),
    "a frame of one column": (GRAY, pd.DataFrame({"y": WORDS}), {}, GRAY[..., None], ("cat", "dog", "owl")),
    "dummies": (GRAY, pd.get_dummies(WORDS), {}, GRAY[..., None], ("cat", "dog", "owl")),
    "yes and no": (GRAY, LABELS == 1, {}, GRAY[..., None], "01"),
    "names and a test part": (
        COLOR[:24],
        LABELS[:24],
        {"class_names": ["cat", "dog", "owl"], "test": (COLOR[24:], LABELS[24:])},
        COLOR,
        ("cat", "dog", "owl"),
    ),
    "one-hot with names and a test part": (
        COLOR[:24],
        ONE_HOT[:24],
        {"class_names": ["cat", "dog", "owl"], "test": (COLOR[24:], ONE_HOT[24:])},
        COLOR,
        ("cat", "dog", "owl"),
    ),
    "a test part of its own": (
        COLOR[:24],
        WORDS[:24],
        {"test": (COLOR[24:] / 255, WORDS[24:])},
        COLOR,
        ("cat", "dog", "owl"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_arrays_that_are_right(name):
    x, y, options, pixels, names = RIGHT[name]

    splits = data.from_arrays(x, y, **options)

    assert splits.class_names == tuple(names)
    assert splits.image_shape == pixels.shape[1:]
    of_words = [list(names).index(word) for word in WORDS] if "cat" in names else LABELS
    codes = np.asarray(of_words) if len(names) == 3 else (LABELS == 1).astype(int)
    assert same(splits, pixels.astype("uint8"), codes)
    assert splits.x_train.dtype == "uint8" and splits.y_train.dtype == "int64"


def changed(x: np.ndarray, value: float) -> np.ndarray:
    copy = x.astype(float)
    copy[3, 2, 1] = value
    return copy


# Arrays that are refused: x, y, options, words of the sentence
REFUSED = {
    "flat": (GRAY.reshape(30, -1), LABELS, {}, ["(30, 72)", "reshape"]),
    "one image": (GRAY[0], LABELS, {}, ["(8, 9)"]),
    "one image in color": (COLOR[0], LABELS, {}, ["9x3 pixels"]),
    "channels first": (np.moveaxis(COLOR, -1, 1), LABELS, {}, ["np.moveaxis(x, 1, -1)"]),
    "transparency": (np.concatenate([COLOR, COLOR[..., :1]], -1), LABELS, {}, ["x[..., :3]"]),
    "two channels": (COLOR[..., :2], LABELS, {}, ["(30, 8, 9, 2)"]),
    "films": (COLOR[:, None], LABELS, {}, ["(30, 1, 8, 9, 3)"]),
    "no images": (GRAY[:0], LABELS[:0], {}, ["x has no images"]),
    "an empty list": ([], [], {}, ["x has"]),
    "tiny images": (GRAY[:, :2], LABELS, {}, ["2x9 pixels", "too small"]),
    "sizes that differ": ([*GRAY[:5], GRAY[5, :7], *GRAY[6:]], LABELS, {}, ["x[5]", "(7, 9)"]),
    "not a number": (changed(GRAY, np.nan), LABELS, {}, ["no numbers"]),
    "infinity": (changed(GRAY, np.inf), LABELS, {}, ["no numbers"]),
    "below zero": (GRAY / 127.5 - 1, LABELS, {}, ["from -1 to 1"]),
    "beyond 255": (changed(GRAY, 300), LABELS, {}, ["to 300", "255"]),
    "all black": (0 * GRAY, LABELS, {}, ["Every pixel of x is 0"]),
    "words as pixels": (GRAY.astype(str), LABELS, {}, ["no pixels"]),
    "objects as pixels": (GRAY.astype(object), LABELS, {}, ["object"]),
    "complex pixels": (GRAY * 1j, LABELS, {}, ["complex"]),
    "a path": ("pictures", LABELS, {}, ["from_folder"]),
    "a dict": ({"x": GRAY}, LABELS, {}, ["a dict"]),
    "nothing": (None, LABELS, {}, ["NoneType"]),
    "too few labels": (GRAY, LABELS[:-1], {}, ["30 images", "29 labels"]),
    "one label": (GRAY, 3, {}, ["shape ()"]),
    "a label is missing": (GRAY, [None, *WORDS[1:]], {}, ["y[0] is missing"]),
    "a label is no number": (GRAY, np.where(np.arange(30) == 4, np.nan, LABELS), {}, ["y[4]"]),
    "measurements": (GRAY, LABELS + 0.5, {}, ["0.5", "not measurements"]),
    "kinds of labels": (GRAY, np.array([1, *WORDS[1:]], object), {}, ["int, str"]),
    "numbers among words": (GRAY, [1, *WORDS[1:]], {}, ["int, str"]),
    "NaN among words": (GRAY, [*WORDS[:4], np.nan, *WORDS[5:]], {}, ["y[4] is missing"]),
    "numbers beyond measure": (GRAY, np.array([1e300, 2e300, 3])[LABELS], {}, ["1e+300", "64 bits"]),
    "numbers of 64 bits and no sign": (GRAY, LABELS.astype("uint64") + 2**63, {}, ["y holds 9223372036854775808"]),
    "labels of several lengths": (GRAY, [[1]] * 29 + [[1, 2]], {}, ["no array of labels"]),
    "a blank at the end": (GRAY, [*WORDS[:-1], "owl "], {}, ["y has", "'owl '", "blanks"]),
    "two classes at once": (GRAY, ONE_HOT + ONE_HOT[:, ::-1], {}, ["y[0]", "exactly one"]),
    "no class at all": (GRAY, np.vstack([ONE_HOT[:9], 0 * ONE_HOT[9:]]), {}, ["y[9]"]),
    "probabilities": (GRAY, ONE_HOT * 0.8 + 0.1, {}, ["exactly one"]),
    "an empty column": (GRAY, np.eye(4)[LABELS], {}, ["too few images of '3' (0"]),
    "one class": (GRAY, 0 * LABELS, {}, ["'0' alone"]),
    "a class of two": (GRAY, np.where(np.arange(30) < 2, "owl", "cat"), {}, ["'owl' (2"]),
    "every image a class": (GRAY, np.arange(30), {}, ["too few", "and 25 more"]),
    "dates": (GRAY, pd.date_range("2026-01-01", periods=30), {}, ["datetime64"]),
    "two names for three": (GRAY, LABELS, {"class_names": ["a", "b"]}, ["2 names", "3 classes"]),
    "a name twice": (GRAY, LABELS, {"class_names": ["a", "b", "b"]}, ["of its own"]),
    "an empty name": (GRAY, LABELS, {"class_names": ["a", "b", " "]}, ["no names"]),
    "numbers as names": (GRAY, LABELS, {"class_names": [1, 2, 3]}, ["no names"]),
    "a number as names": (GRAY, LABELS, {"class_names": 3}, ["class_names=3", "no names"]),
    "a dict as names": (GRAY, LABELS, {"class_names": {"a": 2, "b": 1, "c": 0}}, ["list of words"]),
    "a set as names": (GRAY, LABELS, {"class_names": {"a", "b", "c"}}, ["list of words"]),
    "one word as names": (GRAY, LABELS, {"class_names": "abc"}, ["no names"]),
    "other words": (GRAY, WORDS, {"class_names": ["cat", "dog", "cow"]}, ["'cow'", "'owl'"]),
    "no validation": (GRAY, LABELS, {"validation": 0}, ["validation=0 "]),
    "no test": (GRAY, LABELS, {"test": 0.0}, ["test=0.0"]),
    "test in words": (GRAY, LABELS, {"test": "0.2"}, ["test='0.2'"]),
    "nothing to train by": (GRAY, LABELS, {"validation": 0.5, "test": 0.5}, ["too little"]),
    "a negative seed": (GRAY, LABELS, {"seed": -1}, ["seed=-1"]),
    "another size to test by": (
        GRAY,
        LABELS,
        {"test": (COLOR, LABELS)},
        ["(8, 9, 3)", "(8, 9, 1)"],
    ),
    "no test part": (GRAY, LABELS, {"test": ()}, ["test has 0 arrays"]),
    "a test part without labels": (GRAY, LABELS, {"test": (GRAY,)}, ["test has 1 arrays"]),
    "brighter images to test by": (
        GRAY % 17,
        LABELS,
        {"test": (GRAY % 18, LABELS)},
        ["x_test", "to 17", "go to 16"],
    ),
    "a validation part without some classes": (
        GRAY,
        np.arange(30) % 6,
        {"validation": 0.1},
        ["validation=0.1 gives 3 images for 6 classes"],
    ),
    "a test part without some classes": (
        GRAY,
        np.arange(30) % 6,
        {"test": 0.15},
        ["test=0.15 gives 4 images for 6 classes"],
    ),
    "another class to test by": (GRAY, WORDS, {"test": (GRAY, LABELS)}, ["'0'", "'cat'"]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_arrays_that_are_refused(name):
    x, y, options, words = REFUSED[name]

    with pytest.raises(CourseError) as raised:
        data.from_arrays(x, y, **options)
    assert_one_sentence(raised.value, *words)


def assert_one_sentence(error: CourseError, *words: str) -> None:
    text = str(error)
    assert "\n" not in text and text.endswith("."), text
    for word in words:
        assert word in text, text


@pytest.mark.parametrize("white, dark", [(16, 8), (65535, 200), (255, 20)])
def test_dark_test_images_stay_dark(white, dark):
    x, x_test = (np.zeros((30, 4, 4), "uint16") for _ in range(2))
    x[:, 0], x_test[:, 0] = white, dark

    splits = data.from_arrays(x, LABELS, test=(x_test, LABELS))

    assert splits.x_train.max() == 255
    assert evaluation.open_test_set(splits).x.max() == round(255 * dark / white)


@pytest.mark.parametrize("scale", [1, 1 / 255])
def test_only_a_conversion_is_said(scale, capsys):
    data.from_arrays(GRAY * scale, LABELS)

    assert ("from 0 to 1 (float64)" in capsys.readouterr().out) == (scale < 1)


def test_the_parts_are_disjoint_stratified_and_repeated_by_the_seed():
    x = RNG.integers(0, 256, (200, 4, 4), dtype="uint8")
    y = np.repeat(["many", "few"], [180, 20])

    splits, again, other = (data.from_arrays(x, y, seed=seed) for seed in (1, 1, 2))

    assert (len(splits.y_train), len(splits.y_val), len(splits.test)) == (120, 40, 40)
    assert splits.counts.to_dict() == {
        "training": {"few": 12, "many": 108},
        "validation": {"few": 4, "many": 36},
    }
    assert same(splits, x[..., None], (y == "many").astype(int))
    assert splits.fingerprint == again.fingerprint != other.fingerprint
    assert splits.test.fingerprint == again.test.fingerprint != other.test.fingerprint


@pytest.mark.parametrize("rare", [5, 6, 7])
@pytest.mark.parametrize("share", [0.1, 0.2])
def test_a_rare_class_is_in_every_part_and_in_every_subset(rare, share):
    x = RNG.integers(0, 256, (300, 4, 4), dtype="uint8")
    y = np.arange(300) % 3
    y[y == 2] = 1
    y[:rare] = 2

    splits = data.from_arrays(x, y, validation=share, test=share)

    assert splits.counts.to_numpy().min() >= 1
    assert 2 in evaluation.open_test_set(splits).y
    for n_train in (3, 10, 100, len(splits.y_train) - 1):
        part = data.subset(splits, n_train)
        assert len(part.y_train) == n_train
        assert part.counts.to_numpy().min() >= 1
        assert set(map(bytes, part.x_val)) <= set(map(bytes, splits.x_val))


# Folders


@pytest.fixture
def pets(tmp_path) -> Path:
    """Five pictures each of cats (mostly red) and dogs (mostly blue), 12 by 10 pixels."""
    for name, color in (("cats", (200, 10, 10)), ("dogs", (10, 10, 200))):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(5):
            picture = Image.new("RGB", (10, 12), color)
            picture.putpixel((number, number), (0, 255, 0))
            picture.save(tmp_path / "pets" / name / f"{number}.png")
    return tmp_path / "pets"


def added(change: Callable[[Path], object], n_cats: int = 5) -> Callable[[Path], int]:
    def apply(pets: Path) -> int:
        change(pets)
        return n_cats

    return apply


def save(path: Path, mode: str = "RGB", size=(10, 12), color=0, **options) -> None:
    Image.new(mode, size, color).save(path, **options)


def animation(path: Path) -> None:
    frames = [Image.new("RGB", (10, 12), color) for color in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def link_out(pets: Path) -> None:
    secret = pets.parent / "secret.png"
    save(secret)
    os.symlink(secret, pets / "cats" / "link.png")
    os.symlink(pets.parent, pets / "birds")
    os.symlink("itself.png", pets / "cats" / "itself.png")


FOLDERS_RIGHT = {
    "as it is": added(lambda pets: None),
    "files of the system": added(
        lambda pets: [
            (pets / name).write_bytes(b"\0")
            for name in (".DS_Store", "cats/._0.png", "cats/Thumbs.db", "dogs/Desktop.ini")
        ]
    ),
    "a hidden folder": added(lambda pets: (pets / ".ipynb_checkpoints").mkdir()),
    "leftovers of a zip": added(lambda pets: (pets / "__MACOSX").mkdir()),
    "a note": added(lambda pets: (pets / "cats" / "note.txt").write_text("from the zoo")),
    "a picture beside the classes": added(lambda pets: save(pets / "all.png")),
    "links that lead out": added(link_out),
    "an ending in capitals": added(lambda pets: save(pets / "cats" / "A.PNG"), 6),
    "a photo": added(lambda pets: save(pets / "cats" / "a.jpg"), 6),
    "other kinds": added(
        lambda pets: [save(pets / "cats" / f"a.{kind}") for kind in ("bmp", "gif", "webp", "tif")],
        9,
    ),
    "colors of print": added(lambda pets: save(pets / "cats" / "a.jpg", "CMYK", color=(9, 9, 9, 9)), 6),
    "a palette": added(lambda pets: save(pets / "cats" / "a.png", "P"), 6),
    "black and white": added(lambda pets: save(pets / "cats" / "a.png", "1"), 6),
    "an animation": added(lambda pets: animation(pets / "cats" / "a.gif"), 6),
    "an odd name": added(lambda pets: save(pets / "cats" / "ä $x$ <b>.png"), 6),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS_RIGHT)
def test_folders_that_are_right(name, pets):
    n_cats = FOLDERS_RIGHT[name](pets)

    splits = data.from_folder(pets)

    _, y = whole(splits)
    assert splits.class_names == ("cats", "dogs")
    assert np.bincount(y).tolist() == [n_cats, 5]
    assert splits.image_shape == (12, 10, 3)
    assert splits.source == "pets"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all names are characters")
def test_names_of_folders_that_are_no_text(pets, capsys):
    """As of an archive from Windows: "Müller" and "Möller" in Latin-1."""
    theirs = pets.rename(pets.with_name(os.fsdecode(b"pets of M\xfcller")))
    for old, new in (("cats", b"M\xfcller"), ("dogs", b"M\xf6ller")):
        (theirs / old).rename(theirs / os.fsdecode(new))

    splits = data.from_folder(theirs)

    assert splits.class_names == ("M\\udcf6ller", "M\\udcfcller")
    assert splits.source == "pets of M\\udcfcller"
    said = capsys.readouterr().out
    assert "no UTF-8" in said and r"'M\udcf6ller', 'M\udcfcller'; for" in said
    red = whole(splits)[0][whole(splits)[1] == 1]  # the cats
    assert (red[..., 0] > red[..., 2]).sum() > red[..., 0].size / 2

    (theirs / os.fsdecode(b"M\xf6ller")).rename(theirs / "M\\udcfcller")
    with pytest.raises(CourseError) as raised:
        data.from_folder(theirs)
    assert_one_sentence(raised.value, "one name of its own")


def nested(pets: Path) -> None:
    (pets / "cats" / "indoors").mkdir()


def flat(pets: Path) -> None:
    for path in pets.glob("*/*"):
        path.rename(pets / f"{path.parent.name}{path.name}")
    for folder in ("cats", "dogs"):
        (pets / folder).rmdir()


FOLDERS_REFUSED = {
    "an empty class": (lambda pets: (pets / "owls").mkdir(), {}, ["'owls' (0"]),
    "a class with two": (
        lambda pets: [(pets / "owls").mkdir(), *(save(pets / "owls" / f"{n}.png") for n in "12")],
        {},
        ["'owls' (2"],
    ),
    "no classes": (flat, {}, ["no subfolders"]),
    "a folder in a class": (nested, {}, ["'cats/indoors'"]),
    "split already": (
        lambda pets: [pets.rename(pets.parent / "train"), pets.mkdir(), (pets.parent / "train").rename(pets / "train")],
        {},
        ["'train/cats'", "subfolders are the classes"],
    ),
    "sizes that differ": (lambda pets: save(pets / "cats" / "a.png", size=(9, 9)), {}, ["'cats/a.png' has 9x9", "12x10", "size=32"]),
    "a broken picture": (lambda pets: (pets / "cats" / "a.png").write_bytes(b"\x89PNG junk"), {}, ["'cats/a.png'"]),
    "an empty file": (lambda pets: (pets / "cats" / "a.jpg").touch(), {}, ["'cats/a.jpg'"]),
    "a cut picture": (
        lambda pets: (pets / "cats" / "0.png").write_bytes((pets / "cats" / "0.png").read_bytes()[:60]),
        {},
        ["'cats/0.png'"],
    ),
    "five broken": (lambda pets: [(pets / "dogs" / f"{n}.jpg").write_bytes(b"<html>") for n in range(5)], {}, ["'dogs/0.jpg'", "nor 2 more"]),
    "floats": (lambda pets: save(pets / "cats" / "a.tif", "F"), {}, ["floats"]),
    "32 bits": (lambda pets: save(pets / "cats" / "a.tif", "I", color=70_000), {}, ["more than 16 bits"]),
    "photos of full size": (lambda pets: [save(p, size=(300, 200)) for p in pets.glob("*/*")], {}, ["200x300", "size=32"]),
    "a size in words": (lambda pets: None, {"size": "32"}, ["size='32'"]),
    "half a pixel": (lambda pets: None, {"size": 31.5}, ["size=31.5"]),
    "too large": (lambda pets: None, {"size": 4000}, ["size=4000", "256"]),
    "three sides": (lambda pets: None, {"size": (32, 32, 3)}, ["(32, 32, 3)"]),
    "a color by name": (lambda pets: None, {"color": "rgb"}, ["color='rgb'"]),
    "a negative seed": (lambda pets: None, {"seed": -1}, ["seed=-1"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS_REFUSED)
def test_folders_that_are_refused(name, pets):
    change, options, words = FOLDERS_REFUSED[name]
    change(pets)

    with pytest.raises(CourseError) as raised:
        data.from_folder(pets, **options)
    assert_one_sentence(raised.value, *words)


@pytest.mark.parametrize("path", ["missing", "pets/cats/0.png", "", 5, None, "a\0b"])
def test_what_is_no_folder_is_refused(path, pets, monkeypatch):
    monkeypatch.chdir(pets.parent)

    with pytest.raises(CourseError) as raised:
        data.from_folder(path)
    assert_one_sentence(raised.value, repr(path))


def test_home_is_understood(pets, monkeypatch):
    monkeypatch.setenv("HOME", str(pets.parent))
    monkeypatch.setenv("USERPROFILE", str(pets.parent))

    assert data.from_folder("~/pets").source == "pets"


def read(picture: Image.Image, name: str, pets: Path, size=None, **options) -> np.ndarray:
    """A picture as the course reads it: the one among the cats that was not there before."""
    before = {image.tobytes() for image in whole(data.from_folder(pets, size=size, color=True))[0]}
    picture.save(pets / "cats" / name, **options)
    x, _ = whole(data.from_folder(pets, size=size, color=True))
    (image,) = (image for image in x if image.tobytes() not in before)
    return image


def test_what_is_transparent_becomes_white(pets):
    picture = Image.new("RGBA", (10, 12), (255, 0, 0, 0))
    picture.putpixel((3, 2), (0, 0, 200, 255))

    image = read(picture, "a.png", pets)

    assert image[2, 3].tolist() == [0, 0, 200]
    assert (np.delete(image.reshape(-1, 3), 23, axis=0) == 255).all()


def test_a_photo_is_turned_upright(pets):
    picture = Image.new("RGB", (12, 10), "black")
    picture.paste("white", (0, 0, 6, 10))  # its left half
    exif = Image.Exif()
    exif[274] = 6  # the camera was held upright: turn it by a quarter, clockwise

    image = read(picture, "a.jpg", pets, exif=exif, quality=95)

    assert image.shape == (12, 10, 3)
    assert image[:4].min() > 200 and image[-4:].max() < 50  # the left half is on top


def test_opened_pictures_are_what_they_show():
    """A palette, a photo that lies on its side, and a picture on white; gray ones keep their bits."""
    on_its_side = Image.fromarray(np.rot90(COLOR[0]))
    on_its_side.getexif()[274] = 6
    for picture in (Image.fromarray(COLOR[0]).convert("RGBA"), on_its_side):
        splits = data.from_arrays([picture, *map(Image.fromarray, COLOR[1:])], LABELS)
        assert same(splits, COLOR, LABELS)

    palettes = [Image.fromarray(x).quantize(8) for x in COLOR]
    shown = np.stack([np.asarray(picture.convert("RGB")) for picture in palettes])
    assert same(data.from_arrays(palettes, LABELS), shown, LABELS)

    deep = [Image.fromarray(x.astype("uint16") * 257) for x in GRAY]
    assert same(data.from_arrays(deep, LABELS), GRAY[..., None], LABELS)


def test_opened_pictures_of_two_kinds_are_told_to_be_of_one():
    pictures = [*map(Image.fromarray, COLOR[:29]), Image.fromarray(GRAY[29])]

    with pytest.raises(CourseError) as raised:
        data.from_arrays(pictures, LABELS)
    assert_one_sentence(
        raised.value,
        "x[29] has the shape (8, 9), but x[0] has (8, 9, 3)",
        'convert("L")',
        "one kind",
    )

    converted = [picture.convert("RGB") for picture in pictures]
    assert data.from_arrays(converted, LABELS).image_shape == (8, 9, 3)
    with pytest.raises(CourseError, match="one size first"):
        data.from_arrays([*pictures[:29], Image.fromarray(COLOR[29]).resize((9, 9))], LABELS)


def test_16_bits_keep_their_shades(pets):
    shades = np.linspace(0, 65535, 120).reshape(12, 10).astype("uint16")

    image = read(Image.fromarray(shades), "a.png", pets)

    np.testing.assert_array_equal(image[..., 0], shades // 257)


def test_of_an_animation_the_first_picture_counts(pets, capsys):
    animation(pets / "cats" / "a.gif")

    x, _ = whole(data.from_folder(pets))

    assert "'cats/a.gif' is animated" in capsys.readouterr().out
    assert [255, 0, 0] in x[:, 0, 0].tolist() and [0, 0, 255] not in x[:, 0, 0].tolist()


def test_a_size_scales_and_cuts_the_sides_and_not_the_picture(pets):
    picture = Image.new("RGB", (80, 20), "red")
    picture.paste("blue", (30, 0, 50, 20))  # its middle

    image = read(picture, "a.png", pets, size=16)

    assert image.shape == (16, 16, 3)
    assert (image[:, 2:-2] == [0, 0, 255]).all()


def test_gray_pictures_are_gray_and_colors_can_be_asked_for(pets):
    for path in pets.glob("*/*"):
        Image.open(path).convert("L").convert("RGB").save(path)  # gray, in three equal channels

    assert data.from_folder(pets).image_shape == (12, 10, 1)
    assert data.from_folder(pets, color=True).image_shape == (12, 10, 3)
    assert data.from_folder(pets, size=(6, 7), color=False).image_shape == (6, 7, 1)


def test_what_is_left_out_is_said(pets, capsys):
    (pets / "cats" / "note.txt").write_text("from the zoo")
    for name in (".DS_Store", "desktop.ini", "cats/Desktop.ini", "dogs/THUMBS.DB"):
        (pets / name).touch()
    (pets / "System Volume Information").mkdir()

    data.from_folder(pets)

    assert capsys.readouterr().out == "Left out, as no pictures of a class: 'cats/note.txt'.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes among its files")
def test_a_pipe_and_a_link_to_another_class_are_left_out(pets, capsys):
    """A pipe would let its reader wait, and pictures that count twice could judge what they trained."""
    as_it_was = data.from_folder(pets).counts
    os.mkfifo(pets / "cats" / "pipe.png")
    os.symlink(pets / "cats", pets / "kittens")

    pd.testing.assert_frame_equal(data.from_folder(pets).counts, as_it_was)
    assert capsys.readouterr().out == (
        "Left out, as no pictures of a class: 'cats/pipe.png', 'kittens'.\n"
    )


# Files


def test_a_file_names_the_classes_of_its_training_and_its_test_images(tmp_path):
    parts = {"x_train": COLOR[:24], "y_train": LABELS[:24], "x_test": COLOR[24:]}
    np.savez(tmp_path / "own.npz", **parts, y_test=LABELS[24:], class_names=["c", "a", "b"])

    splits = data.from_file(tmp_path / "own.npz")

    assert splits.class_names == ("c", "a", "b")
    assert same(splits, COLOR, LABELS)


def test_a_file_with_x_and_y_is_split_as_the_arrays_are(tmp_path):
    np.savez(tmp_path / "own.npz", x=COLOR, y=LABELS, class_names=["a", "b", "c"])

    splits = data.from_file(f' "{tmp_path}/own.npz" ')

    by_hand = data.from_arrays(COLOR, LABELS, class_names=["a", "b", "c"])
    assert splits.fingerprint == by_hand.fingerprint
    assert splits.test.fingerprint == by_hand.test.fingerprint
    assert (splits.class_names, splits.source) == (("a", "b", "c"), "own.npz")


def test_validation_images_in_a_file_are_said_to_be_unused(tmp_path, capsys):
    np.savez(tmp_path / "own.npz", x=COLOR, y=LABELS)
    without = data.from_file(tmp_path / "own.npz")
    assert capsys.readouterr().out == ""
    np.savez(tmp_path / "own.npz", x=COLOR, y=LABELS, x_val=COLOR[:3], y_val=LABELS[:3], ids=[1])

    assert data.from_file(tmp_path / "own.npz").fingerprint == without.fingerprint
    assert capsys.readouterr().out == (
        "own.npz: x_val and y_val are not used, as the course splits the training images itself; "
        "to use them, put them into the training part.\n"
    )


def test_a_file_like_mnist_is_split_as_mnist_is(small_npz):
    assert data.from_file(small_npz).fingerprint == data.load_mnist(small_npz).fingerprint


def test_a_file_with_objects_says_how_to_save_words(tmp_path):
    np.savez(tmp_path / "own.npz", x=GRAY, y=WORDS.astype(object))

    with pytest.raises(CourseError) as raised:
        data.from_file(tmp_path / "own.npz")
    assert_one_sentence(raised.value, "own.npz", "y.astype(str)")


@pytest.mark.parametrize("label", [LABELS, WORDS, ONE_HOT])
def test_names_of_test_images_in_another_order(label, tmp_path):
    """A number would be another class there; a word says itself which one it is."""
    ours, theirs = ["cat", "dog", "owl"], ["owl", "dog", "cat"]
    np.savez(tmp_path / "own.npz", x=GRAY, y=label, class_names=ours)
    parts = {"x_test": GRAY[:9], "y_test": label[:9]}
    np.savez(tmp_path / "same.npz", **parts, class_names=ours)
    np.savez(tmp_path / "none.npz", **parts)
    np.savez(tmp_path / "other.npz", **parts, class_names=theirs)

    names = ["same", "none", *(["other"] if label is WORDS else [])]
    for name in names:
        splits = data.from_file(tmp_path / "own.npz", test_data=tmp_path / f"{name}.npz")
        np.testing.assert_array_equal(evaluation.open_test_set(splits).y, LABELS[:9])
    if label is not WORDS:
        with pytest.raises(CourseError) as raised:
            data.from_file(tmp_path / "own.npz", test_data=tmp_path / "other.npz")
        assert_one_sentence(raised.value, "own.npz with other.npz", "'cat', 'dog'", "'owl', 'dog'")


@pytest.mark.parametrize(
    "options, words",
    [({"seed": -1}, "seed=-1"), ({"validation": 5}, "validation=5"), ({"test": 0}, "test=0 ")],
)
def test_a_bad_value_is_refused_before_the_pictures_are_read(options, words, pets, monkeypatch):
    monkeypatch.setattr(images, "read", lambda *_: pytest.fail("too late"))

    with pytest.raises(CourseError) as raised:
        data.from_folder(pets, **options)
    assert_one_sentence(raised.value, words)


@pytest.mark.parametrize("read", [data.from_folder, data.from_file])
def test_an_archive_of_pictures_is_to_be_unpacked(pets, read):
    archive = shutil.make_archive(str(pets), "zip", pets)

    with pytest.raises(CourseError) as raised:
        read(archive)
    assert_one_sentence(raised.value, "pets.zip", "unpack it, and give the folder")


@pytest.mark.parametrize(
    "arrays, words",
    [
        ({"x": GRAY}, ["own.npz", "'y'"]),
        ({"images": GRAY, "labels": LABELS}, ["own.npz", "'x_train'"]),
        ({"x": GRAY / -1.0, "y": LABELS}, ["own.npz: x holds"]),
        ({"x": GRAY, "y": LABELS, "class_names": [1, 2, 3]}, ["own.npz: class_names"]),
    ],
)
def test_a_file_that_is_refused_is_named(arrays, words, tmp_path):
    np.savez(tmp_path / "own.npz", **arrays)

    with pytest.raises(CourseError) as raised:
        data.from_file(tmp_path / "own.npz")
    assert_one_sentence(raised.value, *words)
    assert "bundled" not in str(raised.value)  # images of one's own are asked for


def test_no_array_of_numbers_ends_in_another_error():
    """200 arrays of any kind and shape: each is right, or refused in a sentence."""
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(200):
        shape = tuple(rng.integers(1, 12, rng.integers(0, 6)))
        kind = rng.choice(["uint8", "int8", "uint16", "int64", "float16", "float64", "bool", "U2"])
        x = (rng.normal(0, 100, shape) * rng.integers(0, 2)).astype(kind)
        y = rng.integers(0, rng.integers(1, 5), np.shape(x)[:1] or 3)
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            try:
                data.from_arrays(x, y)
            except CourseError as error:
                assert_one_sentence(error)
                refused += 1
    assert refused > 150
