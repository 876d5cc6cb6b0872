"""A canvas on which a learner draws, and a network that reads what is drawn.

>>> from nascourse.views import draw
>>> draw.DrawingView(model, splits.class_names)                               # doctest: +SKIP

The canvas has the network's own grid of pixels.  It is drawn on with the mouse, a finger or a pen, or
from the keyboard: the arrow keys move, the space bar puts the pen down and lifts it, Escape wipes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from IPython.display import display
from numpy.typing import NDArray
from scipy import ndimage

from nascourse import CourseError
from nascourse.views import html

if TYPE_CHECKING:
    import keras

MOST = 5  # classes that are shown with their probabilities


class Canvas(anywidget.AnyWidget):
    """A grid of pixels to draw on, black at first; ``ink`` holds them, row by row, 0 to 255."""

    _esm = Path(__file__).with_name("draw.js")
    rows = traitlets.Int(28).tag(sync=True)
    columns = traitlets.Int(28).tag(sync=True)
    ink = traitlets.List(traitlets.Int()).tag(sync=True)
    wiped = traitlets.Int(0).tag(sync=True)  # counts up to wipe the canvas


class DrawingView:
    """A canvas, and beside it the classes that a network takes the drawing for.

    Parameters
    ----------
    model
        A network that takes images of shape (height, width, channels) from 0 to 255.
    class_names
        What its outputs mean.

    Raises
    ------
    CourseError
        There are more or fewer names than outputs.
    """

    def __init__(self, model: keras.Model, class_names: Sequence[str]):
        if len(class_names) != model.output_shape[-1]:
            raise CourseError(
                f"{len(class_names)} class names do not fit a network with "
                f"{model.output_shape[-1]} outputs: give those of the images that trained it, as "
                "in splits.class_names."
            )
        self._model, self._names = model, tuple(class_names)
        # Some versions of Keras keep NumPy's numbers, and some of traitlets refuse them.
        height, width, self._channels = map(int, model.input_shape[1:])
        self.canvas = Canvas(rows=height, columns=width)
        self.canvas.observe(lambda _: self._read(), "ink")
        self._answer = ipywidgets.HTML()
        self._centered = ipywidgets.Checkbox(
            description="center it, as MNIST's images are", indent=False
        )
        self._centered.observe(lambda _: self._read(), "value")
        wipe = html.button("Wipe", self._wipe, icon="eraser")
        right = ipywidgets.VBox([wipe, self._centered, self._answer])
        self.widget = ipywidgets.HBox([self.canvas, right])
        self._read()

    def _ipython_display_(self) -> None:
        if html.work():
            display(self.widget)
        else:
            print("A canvas to draw on stands here when the notebook runs in JupyterLab.")

    @property
    def image(self) -> NDArray[np.uint8]:
        """The drawing as the network gets it."""
        shape = (self.canvas.rows, self.canvas.columns)
        drawn = np.array(self.canvas.ink or [0] * math.prod(shape), np.uint8).reshape(shape)
        ink = centered(drawn) if self._centered.value else drawn
        return np.repeat(ink[..., None], self._channels, axis=-1)

    def _wipe(self) -> None:
        self.canvas.wiped += 1

    def _read(self) -> None:
        image = self.image
        self._answer.value = "<p>Draw something.</p>"
        if image.any():
            probabilities = self._model.predict_on_batch(image[None])[0]
            self._answer.value = answer(probabilities, self._names)


def centered(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The drawing moved so that its center of mass lies in the middle of the image."""
    if not ink.any():
        return ink
    middle = (np.array(ink.shape) - 1) / 2
    by = np.round(middle - ndimage.center_of_mass(ink))
    return ndimage.shift(ink, by, order=0)  # whole pixels, so none is interpolated


def answer(probabilities: Any, names: Sequence[str]) -> str:
    """The most probable classes as bars with their numbers."""
    order = np.argsort(probabilities)[::-1][:MOST]
    rows = "".join(
        f"<tr><td>{escape(names[k])}</td><td><meter value='{probabilities[k]:.3f}' aria-hidden='true'>"
        f"</meter></td><td>{probabilities[k]:.1%}</td></tr>"
        for k in order
    )
    return f"<table><caption>It reads</caption><tbody>{rows}</tbody></table>"
