"""Read pictures with the network of a report, which lies beside a copy of this file.

    python read_pictures.py new.jpg another.png "more/*.jpg" a_folder

Needs Keras and Pillow, and nothing of the course.  The course reads the folders of its learners with
the same functions, so that a network sees a new picture in the form of those that it was trained on.
"""

from __future__ import annotations

import glob
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

LEFT = "desktop.ini", "thumbs.db"  # by Windows, in folders of pictures


def read(path: Path, shape: tuple[int, int] | None) -> np.ndarray:
    """One picture in colors: upright, on white, and cut in its middle to the shape's proportions."""
    with Image.open(path) as file:
        if getattr(file, "is_animated", False) and file.format != "MPO":  # a phone's photo
            print(f"{'/'.join(path.parts[-2:])!r} is animated: its first picture counts.")
        if shape:
            file.draft(None, (2 * max(shape), 2 * max(shape)))  # reads a large JPEG much sooner
        image = in_colors(file)
        return np.asarray(ImageOps.fit(image, shape[::-1]) if shape else image)


def in_colors(picture: Image.Image) -> Image.Image:
    """An opened picture in RGB, upright and on white."""
    image = ImageOps.exif_transpose(picture)
    if image.mode == "F":
        raise ValueError("its pixels are floats")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255
        deep = np.asarray(image)
        if not 0 <= deep.min() <= deep.max() <= 65535:
            raise ValueError("its pixels have more than 16 bits")
        image = Image.fromarray((deep // (257 if deep.max() > 255 else 1)).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def gray(images: np.ndarray) -> np.ndarray:
    """Pictures in colors as gray ones, which keep an axis for their one channel."""
    return np.rint(images @ np.array([0.299, 0.587, 0.114], "float32"))[..., None]


def as_probabilities(outputs: np.ndarray) -> np.ndarray:
    """One row of outputs as probabilities: as it is if it holds some, else the softmax of its logits."""
    if outputs.min() >= 0 and abs(outputs.sum() - 1) < 0.01:  # as exact as 16 bits are
        return outputs
    powers = np.exp(outputs - outputs.max())
    return powers / powers.sum()


def named(names: list[str]) -> list[Path]:
    """The files that people name, also by a folder or by a pattern, which some shells leave.

    What is hidden is left out of both, and so is what Windows puts among pictures.
    """
    files: list[Path] = []
    for path in (Path(os.path.expanduser(name)) for name in names):
        pattern = os.path.join(glob.escape(str(path)), "**") if path.is_dir() else str(path)
        matches = [] if path.is_file() else map(Path, sorted(glob.glob(pattern, recursive=True)))
        inside = [match for match in matches if match.is_file() and match.name.lower() not in LEFT]
        files += inside or [path]
    return files


def main(arguments: list[str], folder: Path) -> int:
    """Print the three most probable classes of each picture; return 1 if one cannot be read."""
    if not arguments:
        sys.exit("No picture is named: write python read_pictures.py new.jpg, or name a folder.")
    import keras

    status = 0
    network = keras.models.load_model(folder / "model.keras")
    names = json.loads((folder / "result.json").read_text("utf-8-sig"))["class_names"]
    height, width, channels = map(int, network.input_shape[1:])
    for path in named(arguments):
        try:
            picture = read(path, (height, width))[None]
        except Exception as error:  # noqa: BLE001 - a damaged file can fail in any way
            print(path, f"cannot be read: {' '.join(str(error).split())}", sep="  ")
            status = 1
            continue
        pixels = (gray(picture) if channels == 1 else picture).astype("uint8")
        probabilities = as_probabilities(network.predict(pixels, verbose=0)[0])
        best = np.argsort(-probabilities)[:3]
        print(path, *(f"{names[label]} {probabilities[label]:.0%}" for label in best), sep="  ")
    return status


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):  # a redirected one may lack letters of a name
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:], Path(__file__).parent))
