"""Plots as SVG text: made in a millisecond, sharp at every size, and shown without a script.

>>> plot = Plot("trial", "val_accuracy", 2, [0.8, 0.9])
>>> plot.line(stairs({1: 0.8, 2: 0.9}), "blue", "best so far")
>>> plot.dots([(1, 0.8), (2, 0.9)], "blue")
>>> plot.svg("Two trials.").count("<circle")
2
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nascourse import trials
from nascourse._engine.files import data_uri
from nascourse.plotting import BLUE, GRAY, PINK

Points = Iterable[tuple[float, float]]

WIDTH, HEIGHT = 440, 290
LEFT, RIGHT, TOP, BOTTOM = 62, 432, 26, 244  # edges of the part between the axes
INK, PALE = "#333333", "#E6E6E6"
STYLE = "flex: 1 1 20em; min-width: 0; max-width: min(100%, 34em); background: white"


class Plot:
    """Two axes with round ticks, and what is drawn between them, without points that are no number.

    Parameters
    ----------
    x, y
        The columns of the axes.  Accuracies are written as percent, none above 100.
    last
        The x axis has place for 1, 2, ..., ``last``.
    heights
        Values that the y axis must hold.
    """

    def __init__(self, x: str, y: str, last: int, heights: Iterable[float]):
        as_percent = y.endswith("accuracy")
        finite = [height for height in heights if math.isfinite(height)] or [0.0, 1.0]
        margin = 0.08 * (max(finite) - min(finite)) or 0.02
        highest = 1.0 if as_percent else math.inf
        bottom, top = min(finite) - margin, max(finite) + margin
        self._last = last
        self._y_range = bottom, min(top, highest + 0.005)  # which leaves a dot at 1 uncut
        self._drawn, self._legend = list[str](), list[str]()
        for tick in _ticks(1, last, integer=True):
            place = f'x="{self._across(tick)}" y="{BOTTOM + 17}" text-anchor="middle"'
            self._write(f"{tick:g}", place)
        for tick in _ticks(bottom, min(top, highest)):
            height = self._up(tick)
            self._draw("path", f'd="M{LEFT} {height}H{RIGHT}"', PALE, width=1)
            text = f"{100 * tick:.4g}%" if as_percent else f"{tick:.4g}"
            self._write(text, f'x="{LEFT - 6}" y="{height + 4}" text-anchor="end"')
        self._draw("path", f'd="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none"', INK, width=1)
        self._write(x, f'x="{(LEFT + RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle"')
        middle = f"translate(15 {(TOP + BOTTOM) / 2}) rotate(-90)"
        self._write(trials.words(y), f'transform="{middle}" text-anchor="middle"')

    def line(self, points: Points, color: str, label: str = "") -> None:
        self._draw("polyline", f'points="{self._path(points)}" fill="none"', color)
        if label:
            self._legend.append(f'<tspan fill="{color}">&#9644;</tspan> {escape(label)}')

    def area(self, lower: Points, upper: Points, color: str) -> None:
        path = self._path([*lower, *reversed([*upper])])
        self._drawn.append(f'<polygon points="{path}" fill="{color}" fill-opacity="0.2"/>')

    def dots(self, points: Points, color: str, *, filled: bool = True) -> None:
        for x, y in self._places(points):
            fill = color if filled else "white"
            self._draw("circle", f'cx="{x}" cy="{y}" r="4" fill="{fill}"', color)

    def crosses(self, numbers: Iterable[float], color: str) -> None:
        """Mark numbers on the x axis."""
        for x, y in self._places((number, -math.inf) for number in numbers):
            self._draw("path", f'd="M{x - 5} {y - 5}l10 10m0-10l-10 10"', color, width=3)

    def svg(self, alt: str) -> str:
        """The plot, described by ``alt``: as wide as there is room, on white in every theme."""
        legend = " &#160; ".join(self._legend)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(alt)}" style="{STYLE}" font-family="sans-serif" font-size="13" '
            f'fill="{INK}">{"".join(self._drawn)}<text x="{LEFT}" y="15">{legend}</text></svg>'
        )

    def _path(self, points: Points) -> str:
        return " ".join(f"{x},{y}" for x, y in self._places(points))

    def _places(self, points: Points) -> Iterator[tuple[float, float]]:
        """Where points lie on the page, in pixels."""
        return ((self._across(x), self._up(y)) for x, y in points if not math.isnan(x + y))

    def _across(self, x: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (x - 0.5) / self._last, 1)

    def _up(self, y: float) -> float:
        bottom, top = self._y_range
        share = min(max((y - bottom) / (top - bottom), 0), 1)  # what lies below stands on the axis
        return round(BOTTOM - (BOTTOM - TOP) * share, 1)

    def _draw(self, kind: str, attributes: str, color: str, width: int = 2) -> None:
        self._drawn.append(f'<{kind} {attributes} stroke="{color}" stroke-width="{width}"/>')

    def _write(self, text: str, attributes: str) -> None:
        self._drawn.append(f"<text {attributes}>{escape(text)}</text>")


def _ticks(low: float, high: float, *, integer: bool = False) -> list[float]:
    """Round numbers between two ends."""
    locator = MaxNLocator(7, steps=[1, 2, 5, 10], integer=integer)
    return [tick for tick in locator.tick_values(low, high) if low <= tick <= high]


def stairs(heights: Mapping[int, float]) -> list[tuple[float, float]]:
    """The corners of a staircase whose steps lie around whole numbers."""
    return [(x + side, height) for x, height in heights.items() for side in (-0.5, 0.5)]


def plot_search(
    table: pd.DataFrame, n_trials: int, *, alt: str, luck: NDArray | None = None
) -> str:
    """One search, on an axis that has place for all its trials.

    A dot is a trial, an empty dot one whose network had been trained before, a cross on the bottom
    line one that failed; the staircase is the incumbent.  In gray lies what random searches reach,
    of shape (searches, trials): their median, and nine of ten.
    """
    column = trials.objective(table)
    values = table.set_index("trial")[column].astype(float)
    levels = np.empty((3, 0)) if luck is None else np.percentile(luck, [5, 50, 95], axis=0)
    low, median, high = (stairs(dict(enumerate(level, 1))) for level in levels)
    # Down to the worst luck, the axis would leave little height for the search itself.
    plot = Plot("trial", column, n_trials, [*values, *levels[1]])
    if luck is not None:
        plot.area(low, high, GRAY)
        plot.line(median, GRAY, "random search")
    plot.line(stairs(trials.incumbent(table)), BLUE, "best so far")
    repeated = table["duplicate_of"].notna().to_numpy()
    plot.dots(values[~repeated].items(), BLUE)
    plot.dots(values[repeated].items(), BLUE, filled=False)
    plot.crosses(table.loc[table["status"] == "failed", "trial"], PINK)
    return plot.svg(alt)


def image(picture: str) -> str:
    """A plot as an HTML image, which stays where a notebook's HTML is cleaned of SVG."""
    (alt,) = re.findall('aria-label="(.*?)"', picture)
    source = data_uri(picture.encode(), "image/svg+xml")
    return f'<img alt="{alt}" width="{WIDTH}" src="{source}" style="{STYLE}">'
