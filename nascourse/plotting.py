"""A table in, Matplotlib axes out; the arithmetic happens elsewhere.

Each function draws on ``ax``, or on a new figure, and returns the axes.  `show` ends a plotting
cell: it displays the figure once, with a description for those who cannot see it and a note on
where the numbers come from.  Here stand the plots that several units use; a plot of one unit stands
in its cells, which draw in the course's colors within ``plt.rc_context(plotting.STYLE)``.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

# As it starts, Matplotlib logs that a home folder cannot be written, or that it looks for fonts.
# In a notebook that looks like a fault, and a learner can do nothing about it.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import nascourse._engine.importable  # noqa: F401 - so that Matplotlib can be loaded
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike, NDArray

from nascourse import CourseError, require, trials, whole_number
from nascourse._engine import figures
from nascourse._engine.files import atomic_path, given_path
from nascourse._engine.images import check_pictures, label_pairs
from nascourse.data import Splits

if TYPE_CHECKING:  # loads Keras, which no plot needs
    from nascourse._engine.costs import LayerCost

_P = ParamSpec("_P")
_Drawn = TypeVar("_Drawn")

# Okabe & Ito's colors, which stay apart for color-blind readers and in gray print.
BLUE, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#666666"
# All of Matplotlib's own settings for what is drawn stand below the course's, so that no setting of
# the learner's, such as a dark background or LaTeX, makes words unreadable or a figure fail.
_DRAWN = ["axes", "boxplot.", "errorbar.", "figure", "font", "grid", "hatch.", "hist.", "image."]
_DRAWN += ["legend", "lines", "markers.", "mathtext", "patch", "path.", "scatter.", "text"]
_DRAWN += ["xtick", "ytick"]
STYLE = {
    **{k: v for k, v in matplotlib.rcParamsDefault.items() if k.startswith((*_DRAWN,))},
    "figure.figsize": (6.4, 3.6),
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.axisbelow": True,
    "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, PINK, "#56B4E9", "#D55E00"]),
}


def _axes(ax: Axes | None, **options: Any) -> Axes:
    return plt.subplots(layout="constrained", **options)[1] if ax is None else ax


def _styled(plot: Callable[_P, _Drawn]) -> Callable[_P, _Drawn]:
    """Draw in the course's style, unless the learner brings axes, which have a style already."""

    @functools.wraps(plot)
    def draw(*args: _P.args, **options: _P.kwargs) -> _Drawn:
        if options.get("ax") is not None:
            return plot(*args, **options)
        open_before = plt.get_fignums()
        with plt.rc_context(STYLE):
            try:
                axes = plot(*args, **options)
            except Exception:  # else the notebook would draw the unfinished figure
                for number in {*plt.get_fignums()} - {*open_before}:
                    plt.close(number)
                raise
            for ax in np.asarray(axes, dtype=object).flat:
                for axis in (ax.xaxis, ax.yaxis):  # later ticks are copies of the first ones
                    axis.get_major_ticks(), axis.get_minor_ticks()
        return axes

    return draw


def image(ax: Axes | Sequence[Axes] | NDArray, alt: str | None = None) -> str:
    """The figure of ``ax`` as an HTML image, described by ``alt`` or by what it shows; closes it."""
    figure = _closed(ax)
    with plt.rc_context(STYLE):  # fonts, and the signs of percent, are read as it is drawn
        return figures.image(figure, alt or figures.describe(figure))


def show(
    ax: Axes | Sequence[Axes] | NDArray,
    *,
    source: str,
    caption: str = "",
    alt: str | None = None,
) -> None:
    """Display the figure of ``ax`` as an HTML image with a caption, and close it.

    Parameters
    ----------
    ax
        Axes, or several of one figure.
    source
        Where its numbers come from: measured here, replayed from a recording, or looked up.
    caption
        The finding, in a sentence.
    alt
        What the picture shows, for a reader who cannot see it; by default the words tell its
        titles, axes, names and numbers.
    """
    from IPython.display import HTML, display

    words = f"{caption} Source: {source}.".strip()
    display(
        HTML(
            f'<figure style="margin: 0">{image(ax, alt)}'
            f"<figcaption><em>{escape(words)}</em></figcaption></figure>"
        )
    )


def save(ax: Axes | Sequence[Axes] | NDArray, path: str | os.PathLike) -> None:
    """Write the figure of ``ax`` as PNG, to a path that ends in ``.png``, and close it."""
    figure, path = _closed(ax), given_path(path)
    if path.suffix.lower() != ".png" or path.is_dir():
        raise CourseError(
            f"{str(path)!r} is no file for a picture: give the path of a file that ends in .png."
        )
    with plt.rc_context(STYLE), atomic_path(path) as part:
        figures.save(figure, part, dpi=150)


def _closed(axes: Axes | Sequence[Axes] | NDArray) -> Figure:
    """The figure of the axes, closed, as else the notebook would draw it at the end of the cell."""
    first = np.asarray(axes, dtype=object).flat[0]
    require("ax", first, (Axes, Figure), "the axes that a plot returned")
    plt.close(first.figure)
    return first.figure


@_styled
def plot_incumbent(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    by: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The best value so far over the trials: a staircase for each search.

    Parameters
    ----------
    tables
        One trial table, or several under the names that the legend shows.
    by
        The column; by default the objective of the search.
    """
    ax = _axes(ax)
    several = isinstance(tables, Mapping)
    for name, table in (tables if several else {"best so far": tables}).items():
        by = by or trials.objective(table)
        best_so_far = trials.incumbent(table, by=by)
        (stairs,) = ax.step(*_steps(best_so_far), where="post", linewidth=2, label=name)
        dots = best_so_far.index.astype(int), table[by].astype(float)
        label = "" if several else "a trial"
        ax.plot(*dots, "o", color=stairs.get_color(), alpha=0.5, label=label)
    by = by or "val_accuracy"
    _label(ax, "trial", by, f"best {trials.words(by)} so far")
    ax.legend(loc="lower right", frameon=False)
    return ax


@_styled
def plot_searches(
    searches: Mapping[str, NDArray],
    *,
    band: tuple[float, float] = (25, 75),
    ax: Axes | None = None,
) -> Axes:
    """Many searches of each strategy: the median incumbent as a staircase, the spread as a band.

    Parameters
    ----------
    searches
        For each strategy the best validation accuracy so far, shape (searches, trials).
    band
        Percentiles between which the band lies; (0, 100) covers all searches.
    """
    ax = _axes(ax)
    for name, best_so_far in searches.items():
        levels = np.percentile(best_so_far, [band[0], 50, band[1]], axis=0)
        by_trial = pd.DataFrame(levels.T, index=range(1, levels.shape[1] + 1))
        edges, (low, median, high) = _steps(by_trial)
        (stairs,) = ax.step(edges, median, where="post", linewidth=2, label=name)
        color = stairs.get_color()
        ax.fill_between(edges, low, high, step="post", color=color, alpha=0.2, linewidth=0)
    _label(ax, "trial", "val_accuracy", "best validation accuracy so far")
    ax.legend(loc="lower right", frameon=False)
    return ax


@_styled
def plot_trials(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Each completed trial by size and objective, with its number; the best one stands out.

    Of dots so close that their numbers would cover each other only one has its number, the best one
    before all others.
    """
    ax, by = _axes(ax), trials.objective(table)
    completed = table[table["status"] == "completed"].set_index("trial")
    points = completed[["n_params", by]].astype(float)
    ax.plot(*points.to_numpy().T, "o", color=BLUE)
    best = trials.best(table)["trial"]  # its ring has a label for the words of the figure
    ax.plot(*points.loc[best], "o", ms=13, mfc="none", mec=ORANGE, mew=2, label="best")
    ax.set_xscale("log")
    ax.margins(0.08)
    boxes: list[Bbox] = []  # of the numbers that are drawn, in points, as fonts have
    for trial in sorted(points.index, key=lambda trial: trial != best):
        text = f"{trial} (best)" if trial == best else str(trial)
        left, bottom = ax.transData.transform(points.loc[trial]) * 72 / ax.figure.dpi
        box = Bbox.from_bounds(left, bottom, max(16, 6 * len(text)), 10)
        if not box.count_overlaps(boxes):
            boxes.append(box)
            ax.annotate(text, points.loc[trial], xytext=(8, 6), textcoords="offset points")
    _label(ax, "n_params", by)
    return ax


@_styled
def plot_curves(
    curves: pd.DataFrame, *, metric: str = "val_accuracy", ax: Axes | None = None
) -> Axes:
    """The learning curve of each trial, from the table of curves."""
    trials.check_numbers(curves, "epoch", metric)
    ax = _axes(ax)
    for trial, curve in curves.groupby("trial"):
        ax.plot(curve["epoch"], curve[metric], marker="o", label=f"trial {trial}")
    _label(ax, "epoch", metric)
    ax.legend(ncols=2, frameon=False)
    return ax


@_styled
def plot_seeds(curves: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The learning curve of one network: the mean of its seeds, and a band that holds them all.

    Parameters
    ----------
    curves
        One row a seed and epoch, as in `benchmark.Benchmark.curves`.
    """
    ax = _axes(ax)
    values = curves.pivot(index="epoch", columns="seed", values="val_accuracy")
    lowest, highest = values.min(axis=1), values.max(axis=1)
    ax.fill_between(values.index, lowest, highest, color=BLUE, alpha=0.2, linewidth=0)
    ax.plot(values.index, values.mean(axis=1), color=BLUE, linewidth=2)
    _label(ax, "epoch", "val_accuracy")
    return ax


@_styled
def plot_architecture(
    costs: Sequence[LayerCost], *, columns: int = 6, ax: Axes | None = None
) -> Axes:
    """A network as boxes in reading order, from `nascourse.evaluation.layer_costs`.

    Each box names the layer, its output shape, its parameters and its FLOPs; layers with weights
    are blue, those without are gray.
    """
    columns = whole_number("columns", columns, at_least=1)
    layers = [cost for cost in costs if cost.kind not in ("CastToFloat32", "Softmax")]
    rows = -(-len(layers) // columns)
    ax = _axes(ax, figsize=(1.2 * columns, 1.1 * rows))
    for place, cost in enumerate(layers):
        row, column = divmod(place, columns)
        words = re.sub("(?<=[a-z])(?=[A-Z])", " ", cost.kind)
        text = [*textwrap.wrap(words, 14), "x".join(map(str, cost.output))]
        if cost.n_params:
            text += [f"{_short(cost.n_params)} weights", f"{_short(cost.flops)} FLOPs"]
        box = {"boxstyle": "round", "alpha": 0.18, "color": BLUE if cost.n_params else GRAY}
        middle = (column + 0.5, -row - 0.5)
        ax.text(*middle, "\n".join(text), fontsize=8.5, ha="center", va="center", bbox=box)
        if place + 1 < len(layers):
            ax.text(column + 1, -row - 0.5, "→", ha="center", va="center", color=GRAY)
    ax.set(xlim=(0, columns), ylim=(-rows, 0))
    ax.axis("off")
    return ax


@_styled
def plot_images(
    images: Splits | NDArray, titles: Sequence[object] | NDArray | None = None, *, columns: int = 10
) -> NDArray:
    """Images side by side; returns the array of axes.

    Parameters
    ----------
    images
        uint8 of shape (n, height, width, channels) or (n, height, width), or the splits of a data
        set: then the first training images of each class, at most thirty, with its name.
    titles
        A short text above each image.

    Raises
    ------
    CourseError
        There are no images, they are of another kind, or their titles are not as many.
    """
    columns = whole_number("columns", columns, at_least=1)
    if isinstance(images, Splits):
        splits, most = images, max(1, 30 // images.classes)
        of_class = [np.flatnonzero(splits.y_train == k)[:most] for k in range(splits.classes)]
        first = np.concatenate(of_class)[:30]
        images = splits.x_train[first]
        titles = [splits.class_names[label] for label in splits.y_train[first]]
    check_pictures(images, titles)
    rows = -(-len(images) // columns)
    size = (0.8 * columns, (1.05 if titles is not None else 0.8) * rows)
    _, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.axis("off")
    for ax, image in zip(axes.flat, images):
        ax.imshow(np.squeeze(image), cmap="gray", vmin=0, vmax=255)
    for ax, title in zip(axes.flat, [] if titles is None else titles):
        ax.set_title(_short_name(title), fontsize=9, parse_math=False)
    return axes


@_styled
def plot_misread(
    x: NDArray,
    y: NDArray,
    predicted: NDArray,
    *,
    class_names: Sequence[str] | None = None,
    most: int = 20,
) -> NDArray:
    """The first misread images, each titled "right class → class read"; returns the array of axes.

    Parameters
    ----------
    class_names
        What the labels mean; by default the labels themselves are shown.
    """
    most = whole_number("most", most, at_least=1)
    y, predicted = label_pairs(y, predicted)
    wrong = np.flatnonzero(y != predicted)[:most]
    if not len(wrong):
        raise CourseError("No image was misread, so there is nothing to draw.")

    def name(label: int) -> str:
        return str(label) if class_names is None else _short_name(class_names[label], 7)

    titles = [f"{name(y[i])} → {name(predicted[i])}" for i in wrong]
    return plot_images(x[wrong], titles, columns=10 if class_names is None else 5)


@_styled
def plot_confusion(
    y: NDArray, predicted: NDArray, class_names: Sequence[str], *, ax: Axes | None = None
) -> Axes:
    """How many images of each class (a row) were read as each class (a column)."""
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    y, predicted = label_pairs(y, predicted)
    places = range(len(class_names))
    side = min(12.0, max(4.0, 1.5 + 0.45 * len(class_names)))
    ax = _axes(ax, figsize=(side, side))
    matrix = ConfusionMatrixDisplay(confusion_matrix(y, predicted, labels=places))
    # By the root of its count, a few mistakes among many right answers show.
    matrix.plot(ax=ax, cmap="Blues", colorbar=False, im_kw={"norm": PowerNorm(0.5)})
    names = [_short_name(name) for name in class_names]
    turned: Any = {"rotation": 45, "ha": "right"} if max(map(len, names)) > 2 else {}
    ax.set_xticks(places, names, parse_math=False, **turned)
    ax.set_yticks(places, names, parse_math=False)
    ax.set(xlabel="class read", ylabel="right class")
    ax.grid(False)
    return ax


def _short_name(name: object, most: int = 12) -> str:
    text = " ".join(str(name).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


@_styled
def plot_pareto(
    table: pd.DataFrame,
    front: pd.DataFrame,
    *,
    cost: str = "n_params",
    quality: str = "test_accuracy",
    ax: Axes | None = None,
) -> Axes:
    """All networks as points, and the front of `trials.pareto_front` as a staircase."""
    for networks in (table, front):
        trials.check_numbers(networks, cost, quality)
    ax = _axes(ax)
    ax.plot(table[cost].astype(float), table[quality].astype(float), ".", color=GRAY, alpha=0.4)
    stairs = (front[cost].astype(float), front[quality].astype(float))
    ax.step(*stairs, "o-", where="post", color=ORANGE, linewidth=2, label="Pareto front")
    ax.set_xscale("log")
    _label(ax, cost, quality)
    ax.legend(loc="lower right", frameon=False)
    return ax


@_styled
def plot_shares(
    groups: Mapping[str, ArrayLike], *, by: str = "val_accuracy", ax: Axes | None = None
) -> Axes:
    """For each group of networks the share of it that lies at or below each value.

    This is the empirical distribution: a curve further to the right is a better group.

    Parameters
    ----------
    groups
        The values of each group, under the name that the legend shows.
    by
        What the values are, for the axis.
    """
    ax = _axes(ax)
    for name, values in groups.items():
        ax.ecdf(np.asarray(values, dtype=float), label=name, linewidth=2)
    _label(ax, by, "share of the networks at or below")
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.legend(loc="upper left", frameon=False)
    return ax


@_styled
def plot_lines(
    table: pd.DataFrame, *, value: str, log_x: bool = False, ax: Axes | None = None
) -> Axes:
    """Each column of a table as a line over its index; missing values are left out.

    Parameters
    ----------
    table
        The index is named as the horizontal axis should be.
    value
        What the table holds, for the vertical axis.
    log_x
        Whether the horizontal axis is logarithmic; it then has a tick at each place.
    """
    ax = _axes(ax)
    for name, column in table.items():
        ax.plot(column.dropna().astype(float), marker="o", markersize=4, label=name)
    _label(ax, table.index.name or "", value)
    if log_x:
        ax.set_xscale("log")
        ax.set_xticks(table.index, [_short(place) for place in table.index])
        ax.xaxis.set_minor_locator(NullLocator())
    ax.legend(frameon=False)
    return ax


def _steps(values: pd.Series | pd.DataFrame) -> tuple[NDArray, NDArray]:
    """The edges of the steps of staircases, each as wide as its trial, and their heights."""
    number = values.index.to_numpy(dtype=float)
    heights = values.to_numpy(dtype=float).T
    edges = np.append(number - 0.5, number[-1:] + 0.5)
    return edges, np.concatenate([heights, heights[..., -1:]], axis=-1)


def _label(ax: Axes, x: str, y: str, y_text: str | None = None) -> None:
    """Name both axes by their columns, and print their ticks as people write such values."""
    for axis, column, text in ((ax.xaxis, x, None), (ax.yaxis, y, y_text)):
        axis.set_label_text(text or trials.words(column))
        if column in ("trial", "epoch"):
            axis.set_major_locator(MaxNLocator(integer=True))
        elif column.endswith("accuracy") or column == "regret":
            axis.set_major_formatter(PercentFormatter(1))
        elif column in ("n_params", "flops"):  # on logarithmic axes: ticks at 1, 2, 5, 10, ...
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter(lambda value, _: _short(value))
            axis.set_minor_locator(NullLocator())


def _short(number: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:g}"
