"""A figure as an HTML image, and in words for a reader who cannot see it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.container import BarContainer, Container
from matplotlib.figure import Figure
from PIL import Image

from nascourse._engine.files import data_uri

DPI = 200  # pixels an inch: crisp at twice the size that the page gives the image
WIDTH = 100  # pixels of the page an inch, where the page is wide enough
MOST = 12  # lines, bars, titles and words that are described one by one


def image(figure: Figure, alt: str) -> str:
    """The figure as an ``<img>``, on white in every theme, never wider than the page."""
    drawn, png = io.BytesIO(), io.BytesIO()
    save(figure, drawn, dpi=DPI)
    # With 256 colors a third of the bytes is left, and nobody sees the difference.
    Image.open(drawn).convert("RGB").quantize().save(png, format="png")
    source = data_uri(png.getvalue(), "image/png")
    return (
        f'<img alt="{escape(alt)}" width="{WIDTH * figure.get_figwidth():.0f}" '
        f'src="{source}" style="max-width: 100%; height: auto; background: white">'
    )


def save(figure: Figure, file: Any, *, dpi: int) -> None:
    """Write a figure as PNG, whatever the learner sets for figures that are saved.

    A dark style would save one that was drawn on white on black.
    """
    defaults = matplotlib.rcParamsDefault
    with matplotlib.rc_context({k: v for k, v in defaults.items() if k.startswith("savefig.")}):
        figure.savefig(file, format="png", dpi=dpi)


def describe(figure: Figure) -> str:
    """The figure in words: its titles, axes and names, and the numbers that are drawn.

    Made from what is drawn, it stays true when a learner changes a cell.
    """
    axes = [ax for ax in figure.axes if ax.get_visible() and ax.get_label() != "<colorbar>"]
    pictures = [ax for ax in axes if ax.images]
    if len(pictures) > 2:
        return f"{len(pictures)} pictures, named {_some([_title(ax) or '-' for ax in pictures])}."
    return " ".join(f"{sentence}." for ax in axes for sentence in _sentences(ax))


def _sentences(ax: Axes) -> Iterator[str]:
    title = _title(ax)
    if title:
        yield title
    if ax.axison:
        yield from (
            f"{way}: {_one_line(axis.get_label_text())}{_range(interval)}"
            for way, axis, interval in (
                ("Across", ax.xaxis, ax.dataLim.intervalx),
                ("Up", ax.yaxis, ax.dataLim.intervaly),
            )
            if axis.get_label_text()
        )
    drawn = ["a picture"] * len(ax.images) + [*_bars(ax), *_lines(ax), *_areas(ax)]
    if drawn:
        yield f"Drawn: {_some(drawn, '; ')}"
    words = [_one_line(text.get_text()) for text in ax.texts if text.get_text().strip()]
    if words:
        yield f"Words: {_some(words)}"


def _bars(ax: Axes) -> Iterator[str]:
    for bars in ax.containers:
        if isinstance(bars, BarContainer):
            upright = bars.orientation == "vertical"
            ticks = (ax.xaxis if upright else ax.yaxis).get_ticklabels()
            names = [_one_line(tick.get_text()) for tick in ticks]
            values = [bar.get_height() if upright else bar.get_width() for bar in bars]
            if len(names) == len(values) <= MOST:
                values_in_words = ", ".join(
                    f"{name} {_number(v)}" for name, v in zip(names, values)
                )
            else:
                values_in_words = f"{len(values)} bars{_range(values)}"
            yield f"{_name(bars)}{values_in_words}"


def _lines(ax: Axes) -> Iterator[str]:
    unnamed = 0
    for line in ax.lines:
        y = np.asarray(line.get_ydata(orig=False), dtype=float)
        y = y[np.isfinite(y)]
        if not _name(line) or not len(y):
            unnamed += 1
        elif line.get_linestyle() == "None":
            yield f"{_name(line)}{len(y)} points"
        else:
            end = "" if y[0] == y[-1] else f" to {_number(y[-1])}"
            yield f"{_name(line)}{_number(y[0])}{end}"
    if unnamed:
        yield f"{unnamed} {'line' if unnamed == 1 else 'lines'} without a name"


def _areas(ax: Axes) -> Iterator[str]:
    for area in ax.collections:
        if isinstance(area, PathCollection):
            yield f"{_name(area)}{np.shape(area.get_offsets())[0]} points"
        elif isinstance(area, PolyCollection):
            yield f"{_name(area)}a band"


def _title(ax: Axes) -> str:
    return _one_line(ax.get_title() or ax.get_title(loc="left"))


def _name(artist: Artist | Container) -> str:
    """The name in the legend, as it stands before a colon."""
    label = str(artist.get_label())
    return "" if label.startswith("_") else f"{_one_line(label)}: "


def _range(values: Sequence[float] | np.ndarray) -> str:
    low, high = np.min(values), np.max(values)
    return f", {_number(low)} to {_number(high)}" if np.isfinite([low, high]).all() else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _some(parts: Sequence[str], between: str = ", ") -> str:
    more = f"{between}and {len(parts) - MOST} more" if len(parts) > MOST else ""
    return between.join(parts[:MOST]) + more


def _one_line(text: str) -> str:
    return " ".join(text.split())
