"""A canvas on which a learner draws, and a network that reads what is drawn.

>>> from nascourse.views import draw
>>> draw.DrawingView(model, splits.class_names)                               # doctest: +SKIP

The canvas has the network's own grid of pixels.  It is drawn on with the mouse, a finger or a pen, or
from the keyboard: the arrow keys move, the space bar puts the pen down and lifts it, Escape wipes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from IPython.display import display
from numpy.typing import NDArray

from nascourse.views import html

if TYPE_CHECKING:
    import keras

MOST = 5  # classes that are shown with their probabilities

SCRIPT = """
function render({ model, el }) {
  const [rows, columns] = [model.get("rows"), model.get("columns")];
  const cell = Math.max(4, Math.floor(280 / Math.max(rows, columns)));
  const ink = new Float32Array(rows * columns);
  let pen = [columns / 2, rows / 2], down = false, keyboard = false;

  const canvas = document.createElement("canvas");
  canvas.width = columns * cell;
  canvas.height = rows * cell;
  canvas.tabIndex = 0;
  canvas.style.cssText = "touch-action: none; border: 1px solid #888; cursor: crosshair";
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Canvas to draw on: arrow keys move the pen, the space bar " +
    "puts it down and lifts it, Escape wipes the canvas. What is read stands beside it.");
  const context = canvas.getContext("2d");

  function show() {
    for (let at = 0; at < ink.length; at++) {
      const gray = Math.round(ink[at]);
      context.fillStyle = `rgb(${gray}, ${gray}, ${gray})`;
      context.fillRect((at % columns) * cell, Math.floor(at / columns) * cell, cell, cell);
    }
    if (keyboard) {
      context.strokeStyle = down ? "#E69F00" : "#56B4E9";
      context.lineWidth = 2;
      context.strokeRect((pen[0] - 0.5) * cell, (pen[1] - 0.5) * cell, cell, cell);
    }
  }
  function dab() {
    const width = Math.max(rows, columns) / 28;
    for (let at = 0; at < ink.length; at++) {
      const x = (at % columns) + 0.5 - pen[0], y = Math.floor(at / columns) + 0.5 - pen[1];
      ink[at] = Math.max(ink[at], 255 * Math.min(1, Math.max(0, 1.7 - Math.hypot(x, y) / width)));
    }
  }
  function move(x, y) {
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(x - pen[0], y - pen[1])));
    const [fromX, fromY] = pen;
    for (let step = 1; step <= steps; step++) {
      pen = [fromX + ((x - fromX) * step) / steps, fromY + ((y - fromY) * step) / steps];
      if (down) dab();
    }
    show();
  }
  function send() {
    model.set("ink", Array.from(ink, Math.round));
    model.save_changes();
  }
  function wipe() {
    ink.fill(0);
    [pen, down] = [[columns / 2, rows / 2], false];
    show();
    send();
  }
  const place = (event) => [event.offsetX / cell, event.offsetY / cell];
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    [keyboard, down, pen] = [false, true, place(event)];
    move(...pen);
  };
  canvas.onpointermove = (event) => { if (down && !keyboard) move(...place(event)); };
  canvas.onpointerup = () => { down = false; send(); };
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step && event.key !== " " && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    keyboard = true;
    if (event.key === "Escape") return wipe();
    if (event.key === " ") down = !down;
    const [x, y] = step || [0, 0];
    move(Math.min(columns, Math.max(0, pen[0] + x)), Math.min(rows, Math.max(0, pen[1] + y)));
    if (down) send();
  };
  model.on("change:wiped", wipe);
  el.appendChild(canvas);
  show();
}
export default { render };
"""


class Canvas(anywidget.AnyWidget):
    """A grid of pixels to draw on, black at first; ``ink`` holds them, row by row, 0 to 255."""

    _esm = SCRIPT
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
    """

    def __init__(self, model: keras.Model, class_names: Sequence[str]):
        self._model, self._names = model, tuple(class_names)
        height, width, self._channels = model.input_shape[1:]
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
        drawn: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        if self.canvas.ink:
            drawn = np.array(self.canvas.ink, np.uint8).reshape(shape)
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
    rows, columns = np.indices(ink.shape)
    total = ink.sum(dtype=float)
    down = round((ink.shape[0] - 1) / 2 - (rows * ink).sum() / total)
    right = round((ink.shape[1] - 1) / 2 - (columns * ink).sum() / total)
    edge = max(abs(down), abs(right))
    wide = np.pad(ink, edge)
    top, left = edge - down, edge - right
    return wide[top : top + ink.shape[0], left : left + ink.shape[1]]


def answer(probabilities: Any, names: Sequence[str]) -> str:
    """The most probable classes as bars with their numbers."""
    order = np.argsort(probabilities)[::-1][:MOST]
    rows = "".join(
        f"<tr><td>{escape(names[k])}</td><td><meter value='{probabilities[k]:.3f}' aria-hidden='true'>"
        f"</meter></td><td>{probabilities[k]:.1%}</td></tr>"
        for k in order
    )
    return f"<table><caption>It reads</caption><tbody>{rows}</tbody></table>"
