"""Images and labels as people have them: made into arrays of one kind, or refused in a sentence."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nascourse import CourseError, first_line, require, whole_number
from nascourse._engine.files import as_text, given_path, left_by_system
from nascourse._engine.read_pictures import gray, in_colors, read

SMALLEST_CLASS = 5  # images: three to train by, one to validate and one to test by
SIDES = 4, 256  # the fewest and the most pixels along a side
DARKEST = 32  # a largest value up to this is no pixel of 0 to 255, but of a scale of its own
KIND = 'kind, opened pictures with convert("L") to gray or with convert("RGB") to color,'
LAYOUT = "an .npz file in the layout of keras.datasets.mnist"
SOURCES = ', or use "bundled" (5,000 images, offline) or "keras" (the full set, downloaded once)'
ARRAYS = ("x", "y", "x_train", "y_train", "x_test", "y_test", "class_names")

# From 0, shape (n,); the name of each class; and the label that stands for each class in the data.
Labels = tuple[NDArray[np.int64], tuple[str, ...], tuple[str, ...]]


def pixels(
    x: Any, name: str = "x", *, white: float | None = None
) -> tuple[NDArray[np.uint8], float]:
    """Images of one size as uint8 of shape (n, height, width, 1 or 3), values 0 to 255.

    Other values are brought to that scale, and a line says how: those from 0 to 1, those of at
    most 32 (the digits of scikit-learn go to 16), and whole numbers of 16 bits.  Also returned is
    the value that became 255; test images are given that of the training images, as ``white``.
    """
    images = _stacked(x, name)
    images = images[..., None] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise CourseError(
            f"{name} has the shape {np.shape(x)}, but images have the shape (n, height, width), or "
            f"(n, height, width, 3) in color: {_advice(images)}."
        )
    if not len(images):
        raise CourseError(f"{name} has no images: give at least {SMALLEST_CLASS} of each class.")
    if min(images.shape[1:3]) < SIDES[0]:
        raise CourseError(
            f"{name} has {len(images)} images of {_text(images.shape[1:3])} pixels, which is too "
            f"small: give images with sides of {SIDES[0]} or more."
        )
    white = _white(images, name, white)
    if images.dtype == np.uint8 and white == 255:
        return np.ascontiguousarray(images), white
    scale = 255 / white
    converted = np.empty(images.shape, np.uint8)
    for first in range(0, len(images), 256):  # not at once, which would take eight times the memory
        converted[first : first + 256] = np.rint(images[first : first + 256] * scale)
    return converted, white


def _stacked(x: Any, name: str) -> NDArray:
    if isinstance(x, (str, bytes, Mapping)) or not hasattr(x, "__len__"):
        raise CourseError(
            f"{name} is a {type(x).__name__}: give an array of images, or read a folder of "
            "pictures with data.from_folder."
        )
    try:
        if not isinstance(x, (list, tuple)):
            images = np.asarray(x)
        else:
            parts = [_as_array(image) for image in x]
            for number, part in enumerate(parts):
                if part.shape != parts[0].shape:
                    one_size = part.shape[:2] == parts[0].shape[:2]
                    raise CourseError(
                        f"{name}[{number}] has the shape {part.shape}, but {name}[0] has "
                        f"{parts[0].shape}: bring all images to one {KIND if one_size else 'size'} "
                        "first."
                    )
            images = np.stack(parts) if parts else np.empty((0, *SIDES))
    except CourseError:
        raise
    except Exception as error:  # a foreign object can fail in any way
        raise CourseError(
            f"{name} is no array of images ({first_line(error)}): give one of NumPy."
        ) from error
    if images.dtype.kind not in "biuf":
        raise CourseError(
            f"{name} holds {images.dtype}, which are no pixels: give whole numbers or floats."
        )
    return images


def _as_array(image: Any) -> NDArray:
    """One image as an array: an opened picture as it is meant, and a gray one with all its bits."""
    if not isinstance(image, Image.Image):
        return np.asarray(image)
    is_gray = image.mode in ("1", "L", "F") or image.mode.startswith("I")
    is_plain = is_gray and not image.has_transparency_data
    return np.asarray(ImageOps.exif_transpose(image) if is_plain else in_colors(image))


def _advice(images: NDArray) -> str:
    shape = images.shape
    if len(shape) == 2:
        return "for one image a row, reshape it with x.reshape(-1, height, width)"
    if len(shape) == 4 and shape[1] in (1, 3):
        return "move the channels to the end with np.moveaxis(x, 1, -1)"
    if len(shape) == 4 and shape[-1] in (2, 4):
        return f"leave the transparency out, with x[..., :{shape[-1] - 1}]"
    return "bring them to that shape"


def _white(images: NDArray, name: str, of_training: float | None) -> float:
    """The value that becomes 255; a line says so, unless it is 255 already.

    Test images have that of the training images, whatever their own largest value is.  Only scales
    of 0 to 1 and of 0 to 255 tell themselves apart, so of these each part may have its own.
    """
    low, high = float(images.min()), float(images.max())
    are_integers = images.dtype.kind in "iu"
    if not np.isfinite([low, high]).all():
        raise CourseError(f"{name} holds values that are no numbers: replace NaN and infinity.")
    if low < 0 or high > (65535 if are_integers else 255):
        raise CourseError(
            f"{name} holds values from {low:g} to {high:g}, but pixels go from 0 to 1 or from 0 to "
            "255: undo the normalization, or bring them to that range."
        )
    if low == high:
        raise CourseError(f"Every pixel of {name} is {low:g}: give images that differ.")
    white = 255 if DARKEST < high <= 255 else 65535 if high > 255 else max(1, high)
    if of_training is not None and not {white, of_training} <= {1, 255}:
        white = of_training
        if round(high * 255 / white) > 255:
            raise CourseError(
                f"{name} holds values from {low:g} to {high:g}, but those of the training images go "
                f"to {white:g}: bring both to one scale."
            )
    if white != 255:
        print(
            f"{name}: values from {low:g} to {high:g} ({images.dtype}) became pixels from 0 to 255; "
            f"0 to {white:g} was taken for the full range."
        )
    return white


def encoded(
    y: Any, n_images: int, class_names: Sequence[str] | NDArray | None = None, name: str = "y"
) -> Labels:
    """Labels of any kind as numbers from 0, with the name and the label of each class.

    What are no labels is refused, and names that do not fit them.
    """
    import pandas as pd

    try:
        labels = np.asarray(y)
        if labels.dtype.kind == "U" and isinstance(y, (list, tuple)):
            labels = np.asarray(y, dtype=object)  # numbers and NaN among words stay what they are
    except Exception as error:  # rows of several lengths, and foreign objects
        raise CourseError(
            f"{name} is no array of labels ({first_line(error)}): give one label for each image."
        ) from error
    columns = getattr(y, "columns", range(labels.shape[-1] if labels.ndim else 0))
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim not in (1, 2):
        raise CourseError(
            f"{name} has the shape {labels.shape}: give one label for each image, or a row of "
            "zeros with a single 1."
        )
    if len(labels) != n_images:
        raise CourseError(
            f"There are {n_images} images, but {len(labels)} labels in {name}: give each image one."
        )
    for number in np.flatnonzero(pd.isna(labels).reshape(len(labels), -1).any(axis=1))[:1]:
        raise CourseError(f"{name}[{number}] is missing: give each image a label.")
    if labels.ndim == 2:
        codes, values = _from_one_hot(labels, name), list(columns)
    else:
        values, codes = _from_column(labels, name)
    return _named(codes, values, class_names, name)


def _from_one_hot(rows: NDArray, name: str) -> NDArray[np.int64]:
    single = (rows == 1).sum(axis=1) + (rows == 0).sum(axis=1) == rows.shape[1]
    for number in np.flatnonzero(~single | ((rows == 1).sum(axis=1) != 1))[:1]:
        raise CourseError(
            f"{name}[{number}] is {rows[number].tolist()}, but a row of one-hot labels is zeros "
            "with a single 1: give each image exactly one class."
        )
    return rows.argmax(axis=1).astype(np.int64)


def _from_column(column: NDArray, name: str) -> tuple[list, NDArray[np.int64]]:
    values = column.tolist() if column.dtype.kind in "biufUO" else []
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    kinds = {type(value) for value in values}
    if kinds <= {float, int}:
        for value in values:
            if not (-(2**63) <= value < 2**63 and float(value).is_integer()):
                raise CourseError(
                    f"{name} holds {value!s:.25}, but a label is a word or a whole number of 64 "
                    "bits: give classes, not measurements."
                )
    if not kinds or not (kinds <= {str} or kinds <= {bool} or kinds <= {float, int}):
        raise CourseError(
            f"{name} holds {', '.join(sorted(k.__name__ for k in kinds)) or column.dtype}: give "
            "whole numbers or words as labels, one kind alone."
        )
    column = np.array(values, dtype=str if kinds == {str} else np.int64)
    classes, codes = np.unique(column, return_inverse=True)
    return classes.tolist(), codes.astype(np.int64)


def _named(codes: NDArray[np.int64], values: list, names: Any, name: str) -> Labels:
    """Name the classes: by their labels, or as the caller asks."""
    labels = tuple(as_text(str(value).strip()) for value in values)
    if len(set(labels)) < len(labels):
        raise CourseError(
            f"{name} has the classes {listed(values)}, of which two differ in blanks alone: write "
            "the name of a class in one way."
        )
    names = labels if names is None else names
    is_list = np.iterable(names) and not isinstance(names, (str, Mapping, set, frozenset))
    if not is_list or not all(isinstance(word, str) and word.strip() for word in names):
        raise CourseError(
            f"class_names={names!r} are no names: give a list of words, in the order of the labels."
        )
    names = tuple(map(as_text, names))
    if len(set(names)) < len(names) or len(names) != len(labels):
        raise CourseError(
            f"class_names has the {len(names)} names {listed(names)}, but {name} has the "
            f"{len(labels)} classes {listed(labels)}: give one name of its own for each."
        )
    if isinstance(values[0], str) and sorted(names) != sorted(labels):  # names give their order
        raise CourseError(
            f"class_names are {listed(names)}, but the labels are {listed(labels)}: give the same "
            "words, or leave class_names out."
        )
    if isinstance(values[0], str):
        return np.array([names.index(label) for label in labels])[codes], names, names
    return codes, names, labels


def check_pictures(pictures: Any, titles: Any) -> None:
    """Refuse what cannot be drawn in values of 0 to 255, and titles that are not as many."""
    require("images", pictures, (Sequence, np.ndarray), "an array, such as splits.x_train[:10]")
    if not len(pictures):
        raise CourseError("There are no images to draw: give at least one.")
    for picture in map(np.asarray, pictures):
        shape = picture.squeeze().shape
        is_shaped = len(shape) == 2 or (len(shape) == 3 and shape[-1] in (3, 4))
        is_pixels = picture.dtype == np.uint8 or (
            len(shape) == 2 and np.issubdtype(picture.dtype, np.number) and 1 < picture.max() <= 255
        )
        if not (is_shaped and is_pixels):
            raise CourseError(
                f"An image has the shape {picture.shape} in {picture.dtype}, but what is drawn has "
                "(height, width, channels) in uint8, values from 0 to 255: give images as the "
                "splits have them, such as splits.x_train[:10]."
            )
    if titles is not None and len(titles) != len(pictures):
        raise CourseError(
            f"There are {len(pictures)} images, but {len(titles)} titles: give each image one."
        )


def label_pairs(y: Any, read_as: Any) -> tuple[NDArray, NDArray]:
    """The labels of images and the labels that a network read, as arrays of shape (n,)."""
    y, read_as = np.asarray(y), np.asarray(read_as)
    if y.ndim != 1 or y.shape != read_as.shape:
        raise CourseError(
            f"The labels have the shape {y.shape}, and those that were read {read_as.shape}: give "
            "one of both for each image, as evaluation.predict does."
        )
    return y, read_as


def listed(names: Sequence[object], most: int = 5) -> str:
    """The first of these names, for the middle of a sentence."""
    shown = ", ".join(repr(str(name)) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def check_counts(counts: Mapping[str, int], what: str) -> None:
    """Refuse too few classes, and classes with too few images."""
    if len(counts) < 2:
        raise CourseError(
            f"{what} holds images of {listed(list(counts))} alone: give two classes or more."
        )
    rare = [name for name, count in counts.items() if count < SMALLEST_CLASS]
    if rare:
        raise CourseError(
            f"{what} has too few images of {listed(rare)} ({counts[rare[0]]} of the first): give "
            f"at least {SMALLEST_CLASS} of each class, or leave that class out."
        )


def read_npz(path: str | os.PathLike, others: str = "") -> dict[str, NDArray]:
    """The arrays of a file that the course knows by name; any error becomes one sentence.

    It also says what ``others`` there are, which need no file.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise CourseError(f"{path!r} is no path: give the path of {LAYOUT}.")
    path = Path(path) if "\0" in str(path) else given_path(path or ".")  # no file is called so
    if not os.path.isfile(path):  # False as well where the system refuses to look
        raise CourseError(f"{str(path)!r} is not a file: give the path of {LAYOUT}{others}.")
    try:
        if not zipfile.is_zipfile(path):  # NumPy's error would speak of pickles
            raise ValueError("it is no .npz archive")
        with np.load(path, allow_pickle=False) as npz:
            arrays = {name: npz[name] for name in ARRAYS if name in npz}
            members = npz.zip.namelist()
            unused = [name for name in npz.files if name.startswith(("x_val", "y_val"))]
    except Exception as error:  # a damaged or foreign file can fail in any way
        is_of_objects = "Object arrays" in str(error)
        way_out = "save words in it as y.astype(str)" if is_of_objects else "copy it again"
        raise CourseError(
            f"{path.name} cannot be read ({first_line(error)}): {way_out}, or give the "
            f"path of {LAYOUT}{others}."
        ) from error
    if not any(member.endswith(".npy") for member in members):
        raise CourseError(
            f"{path.name} is an archive without arrays: for its pictures unpack it, and give the "
            "folder to data.from_folder."
        )
    if unused:
        print(
            f"{path.name}: {' and '.join(unused)} are not used, as the course splits the training "
            "images itself; to use them, put them into the training part."
        )
    # A member that is no array comes as bytes.
    return {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}


def pair(
    arrays: Mapping[str, NDArray], path: str | os.PathLike, part: str
) -> tuple[NDArray, NDArray]:
    for name in (f"x{part}", f"y{part}"):
        if name not in arrays:
            raise CourseError(
                f"{Path(path).name} has no array named {name!r}: give {LAYOUT}, with x_train, "
                "y_train, x_test and y_test."
            )
    return arrays[f"x{part}"], arrays[f"y{part}"]


def read_folder(
    path: Any, *, size: Any = None, color: bool | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...], str]:
    """The pictures of a folder with a subfolder for each class: x, y, class names, folder's name.

    Keras's `image_dataset_from_directory` expects the same folder, but it does not name a file that
    it cannot read, leaves a photo on its side, shows what a transparent pixel hides, and follows
    links.  So Pillow reads the pictures here, as it does behind Keras's `load_img`.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise CourseError(f"{path!r} is no path: give the folder with your pictures.")
    if color not in (None, True, False):
        raise CourseError(f"color={color!r} is not possible: give True, False or None.")
    shape = None if size is None else _height_width(size)
    root = given_path(path or ".")
    if os.path.isfile(root) and zipfile.is_zipfile(root):
        raise CourseError(f"{root.name} is an archive: unpack it, and give the folder.")
    if not path or not os.path.isdir(root):
        raise CourseError(
            f"{str(path)!r} is no folder: give one with a subfolder of pictures for each class."
        )
    try:
        root = root.resolve()
        files = _files_by_class(root)
    except OSError as error:
        raise CourseError(
            f"The folder {str(path)!r} cannot be read ({error.strerror}): copy it elsewhere."
        ) from error
    counts = {name: len(paths) for name, paths in files.items()}
    check_counts(counts, f"The folder {root.name!r}")
    if odd := [name for name in counts if name != as_text(name)]:
        print(
            f"The name of a class is no UTF-8, so a backslash stands in it: {listed(odd)}; for a "
            "better name, rename the folder."
        )
    images = _read_all([path for paths in files.values() for path in paths], root, shape)
    if color is None:
        color = any((images[..., 0] != images[..., channel]).any() for channel in (1, 2))
    if not color:
        images = gray(images)
    labels = np.repeat(np.arange(len(counts)), list(counts.values()))
    return images.astype(np.uint8), labels, tuple(counts), root.name


def _height_width(size: Any) -> tuple[int, int]:
    sides = size if isinstance(size, (tuple, list)) else (size, size)
    if len(sides) != 2:
        raise CourseError(f"size={size!r} is not possible: give a side, or (height, width).")
    low, high = SIDES
    height, width = (whole_number("size", side, at_least=low, at_most=high) for side in sides)
    return height, width


def _files_by_class(root: Path) -> dict[str, list[Path]]:
    """The pictures of each subfolder, by name; says which files are left out."""
    endings = {end for end, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    files: dict[str, list[Path]] = {}
    left_out: list[str] = []
    for folder in _visible(root):
        if not folder.is_dir() or folder.is_symlink():  # to pictures elsewhere, or of another class
            left_out.append(folder.name)
            continue
        files[folder.name] = []
        for file in _visible(folder):
            leads_out = _leads_out(file, root)
            if file.is_dir() and not leads_out:
                raise CourseError(
                    f"{folder.name + '/' + file.name!r} is a folder inside a class: move its "
                    "pictures up, or give the folder whose subfolders are the classes."
                )
            # A pipe, though it is called like a picture, would let its reader wait.
            if leads_out or not file.is_file() or file.suffix.lower() not in endings:
                left_out.append(f"{folder.name}/{file.name}")
            else:
                files[folder.name].append(file)
    if not files:
        raise CourseError(
            f"The folder {root.name!r} has no subfolders: put the pictures of each class into one "
            "that has the class's name."
        )
    if left_out:
        print(f"Left out, as no pictures of a class: {listed(left_out)}.")
    return files


def _visible(folder: Path) -> list[Path]:
    paths = sorted(folder.iterdir())
    return [path for path in paths if path.name[0] != "." and not left_by_system(path.name)]


def _leads_out(path: Path, root: Path) -> bool:
    try:
        return path.is_symlink() and not path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # it leads nowhere, or to itself
        return True


def _read_all(paths: list[Path], root: Path, shape: tuple[int, int] | None) -> NDArray[np.uint8]:
    """All pictures in colors, shape (n, height, width, 3)."""
    images: list[NDArray[np.uint8]] = []
    broken: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of metadata and large pictures
        for path in paths:
            name = path.relative_to(root).as_posix()
            try:
                image = read(path, shape)
            except Exception as error:  # noqa: BLE001 - a damaged file can fail in any way
                broken.append(f"{name!r} ({first_line(error)[:80]})")
                continue
            if shape is None and (image.shape != (images or [image])[0].shape):
                raise CourseError(
                    f"{name!r} has {_text(image.shape[:2])} pixels, but others have "
                    f"{_text(images[0].shape[:2])}: bring all to one size, for instance with "
                    "size=32."
                )
            if not SIDES[0] <= min(image.shape[:2]) <= max(image.shape[:2]) <= SIDES[1]:
                raise CourseError(
                    f"{name!r} has {_text(image.shape[:2])} pixels, but sides from {SIDES[0]} to "
                    f"{SIDES[1]} are possible here: give another size, for instance size=32."
                )
            images.append(image)
    if broken:
        more = f", nor {len(broken) - 3} more" if len(broken) > 3 else ""
        raise CourseError(
            f"These cannot be read as pictures: {', '.join(broken[:3])}{more}; save them again, or "
            "take them out of the folder."
        )
    return np.stack(images)


def _text(height_width: Sequence[int]) -> str:
    return "x".join(map(str, height_width))
