"""Plots as SVG text: made in a millisecond, sharp at every size, and shown without a script.

>>> plot = Plot("trial", "accuracy", (0.5, 2.5), [0.8, 0.9])
>>> plot.line(stairs({1: 0.8, 2: 0.9}), "blue", "best so far")
>>> plot.dots([(1, 0.8), (2, 0.9)], "blue")
>>> plot.svg("Two trials.").count("<circle")
2
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from matplotlib.ticker import MaxNLocator

Points = Iterable[tuple[float, float]]

WIDTH, HEIGHT = 440, 290
LEFT, RIGHT, TOP, BOTTOM = 62, 432, 26, 244  # edges of the part between the axes
INK, PALE = "#333333", "#E6E6E6"


class Plot:
    """Two axes with round ticks, and what is drawn between them, without points that are no number.

    Parameters
    ----------
    x_label, y_label
        The names of the axes.
    x_range
        The ends of the x axis, on which whole numbers stand.
    heights
        Values that the y axis must hold.
    as_percent
        Whether the heights are shares of 1, written as percent; no tick stands above 100 percent.
    """

    def __init__(
        self,
        x_label: str,
        y_label: str,
        x_range: tuple[float, float],
        heights: Iterable[float],
        *,
        as_percent: bool = False,
    ):
        finite = [height for height in heights if math.isfinite(height)] or [0.0, 1.0]
        margin = 0.08 * (max(finite) - min(finite)) or 0.02
        top = max(finite) + margin
        if as_percent:
            top = min(top, 1.005)  # the half percent leaves a dot at 1 uncut
        self._x_range, self._y_range = x_range, (min(finite) - margin, top)
        self._drawn, self._legend = list[str](), list[str]()
        for x in _ticks(*x_range, most=8, integer=True):
            place = f'x="{self._across(x)}" y="{BOTTOM + 17}" text-anchor="middle"'
            self._write(f"{x:g}", place)
        for y in _ticks(*self._y_range, most=6):
            height = self._up(y)
            self._draw("path", f'd="M{LEFT} {height}H{RIGHT}"', PALE, width=1)
            text = f"{100 * y:.4g}%" if as_percent else f"{y:.4g}"
            self._write(text, f'x="{LEFT - 6}" y="{height + 4}" text-anchor="end"')
        self._draw("path", f'd="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none"', INK, width=1)
        self._write(x_label, f'x="{(LEFT + RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle"')
        middle = f"translate(15 {(TOP + BOTTOM) / 2}) rotate(-90)"
        self._write(y_label, f'transform="{middle}" text-anchor="middle"')

    def line(self, points: Points, color: str, label: str = "") -> None:
        path = " ".join(f"{x},{y}" for x, y in self._places(points))
        self._draw("polyline", f'points="{path}" fill="none"', color)
        if label:
            self._legend.append(f'<tspan fill="{color}">&#9644;</tspan> {escape(label)}')

    def area(self, lower: Points, upper: Points, color: str) -> None:
        edge = self._places([*lower, *reversed([*upper])])
        path = " ".join(f"{x},{y}" for x, y in edge)
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
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(alt)}" width="{WIDTH}" style="max-width: 100%; background: white"'
            f' font-family="sans-serif" font-size="13" fill="{INK}">{"".join(self._drawn)}'
            f'<text x="{LEFT}" y="15">{" &#160; ".join(self._legend)}</text></svg>'
        )

    def _places(self, points: Points) -> Iterator[tuple[float, float]]:
        """Where points lie on the page, in pixels."""
        return ((self._across(x), self._up(y)) for x, y in points if not math.isnan(x + y))

    def _across(self, x: float) -> float:
        left, right = self._x_range
        return round(LEFT + (RIGHT - LEFT) * (x - left) / (right - left), 1)

    def _up(self, y: float) -> float:
        bottom, top = self._y_range
        share = min(max((y - bottom) / (top - bottom), 0), 1)  # what lies below stands on the axis
        return round(BOTTOM - (BOTTOM - TOP) * share, 1)

    def _draw(self, kind: str, attributes: str, color: str, width: int = 2) -> None:
        self._drawn.append(f'<{kind} {attributes} stroke="{color}" stroke-width="{width}"/>')

    def _write(self, text: str, attributes: str) -> None:
        self._drawn.append(f"<text {attributes}>{escape(text)}</text>")


def _ticks(low: float, high: float, *, most: int, integer: bool = False) -> list[float]:
    """Round numbers between two ends."""
    locator = MaxNLocator(most, steps=[1, 2, 5, 10], integer=integer)
    return [tick for tick in locator.tick_values(low, high) if low <= tick <= high]


def stairs(heights: Mapping[int, float]) -> list[tuple[float, float]]:
    """The corners of a staircase whose steps lie around whole numbers."""
    return [(x + side, height) for x, height in heights.items() for side in (-0.5, 0.5)]


def image(picture: str) -> str:
    """A plot as an HTML image, which stays where a notebook's HTML is cleaned of SVG."""
    (alt,) = re.findall('aria-label="(.*?)"', picture)
    data = base64.b64encode(picture.encode()).decode()
    source = f"data:image/svg+xml;base64,{data}"
    return f'<img alt="{alt}" width="{WIDTH}" src="{source}" style="max-width: 100%">'
