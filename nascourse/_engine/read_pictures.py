"""Read pictures with the network of a report, which lies beside a copy of this file.

    python read_pictures.py new.jpg another.png

Needs Keras and Pillow, and nothing of the course.  The course reads the folders of its learners with
the same functions, so that a network sees a new picture in the form of those that it was trained on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


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


def main(paths: list[str], folder: Path) -> None:
    """Print the three most probable classes of each picture."""
    import keras

    network = keras.models.load_model(folder / "model.keras")
    names = json.loads((folder / "result.json").read_text("utf-8-sig"))["class_names"]
    height, width, channels = map(int, network.input_shape[1:])
    for path in paths:
        picture = read(Path(path), (height, width))[None]
        pixels = (gray(picture) if channels == 1 else picture).astype("uint8")
        probabilities = as_probabilities(network.predict(pixels, verbose=0)[0])
        best = np.argsort(-probabilities)[:3]
        print(path, *(f"{names[label]} {probabilities[label]:.0%}" for label in best), sep="  ")


if __name__ == "__main__":
    main(sys.argv[1:], Path(__file__).parent)
