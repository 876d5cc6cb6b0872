"""A table in, Matplotlib axes out; the arithmetic happens elsewhere.

Each function draws on ``ax``, or on a new figure, and returns the axes.  `show` ends a plotting
cell: it displays the figure once, with a description for those who cannot see it and a note on
where the numbers come from.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

# As it starts, Matplotlib logs that a home folder cannot be written, or that it looks for fonts.
# In a notebook that looks like a fault, and a learner can do nothing about it.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

# isort: split
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

from nascourse import CourseError, trials
from nascourse._engine.files import whole

# Okabe & Ito's colors, which stay apart for color-blind readers and in gray print.
BLUE, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#666666"
SERIES = (BLUE, ORANGE, GREEN, PINK, "#56B4E9", "#D55E00")
STYLE = {
    "figure.figsize": (6.4, 3.6),
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.axisbelow": True,
}


def _axes(ax: Axes | None, **options: Any) -> Axes:
    if ax is not None:
        return ax
    with plt.rc_context(STYLE):
        return plt.subplots(layout="constrained", **options)[1]


def show(ax: Axes | Sequence[Axes] | np.ndarray, *, alt: str, source: str) -> None:
    """Display the figure of ``ax`` with a caption, and close it.

    Parameters
    ----------
    alt
        What the picture shows, in a sentence for a reader who cannot see it.
    source
        Where its numbers come from: measured here, replayed from a recording, or looked up.
    """
    from IPython.display import Markdown, display

    if len(alt) < 15:
        raise CourseError(f"alt={alt!r} is too short: say in a sentence what the picture shows.")
    figure = np.ravel(ax)[0].figure
    display(figure, metadata={"image/png": {"alt": alt}})
    plt.close(figure)  # else the notebook would draw it again at the end of the cell
    display(Markdown(f"*{alt} Source: {source}.*"))


def save(ax: Axes, path: Any) -> None:
    """Write the figure of ``ax`` as PNG, and close it."""
    with whole(path) as part:
        ax.figure.savefig(part, dpi=150)
    plt.close(ax.figure)


def plot_incumbent(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    by: str = "val_accuracy",
    ax: Axes | None = None,
) -> Axes:
    """The best value so far over the trials: a staircase for each search.

    Parameters
    ----------
    tables
        One trial table, or several under the names that the legend shows.
    """
    ax = _axes(ax)
    searches = tables if isinstance(tables, Mapping) else {"": tables}
    for (name, table), color in zip(searches.items(), cycle(SERIES)):
        best_so_far = trials.incumbent(table, by=by)
        number = best_so_far.index.astype(int)
        ax.step(number, best_so_far, where="post", color=color, linewidth=2, label=name)
        ax.plot(number, table[by].astype(float), "o", color=color, alpha=0.5)
    _label(ax.xaxis, "trial")
    _label(ax.yaxis, by, f"best {_words(by)} so far")
    if isinstance(tables, Mapping):
        ax.legend(loc="lower right", frameon=False)
    return ax


def plot_searches(
    searches: Mapping[str, np.ndarray],
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
    for (name, best_so_far), color in zip(searches.items(), cycle(SERIES)):
        number = np.arange(1, best_so_far.shape[1] + 1)
        _median_in_band(ax, number, best_so_far, band=band, color=color, label=name)
    _label(ax.xaxis, "trial")
    _label(ax.yaxis, "val_accuracy", "best validation accuracy so far")
    ax.legend(loc="lower right", frameon=False)
    return ax


def plot_search(
    table: pd.DataFrame, *, luck: np.ndarray | None = None, ax: Axes | None = None
) -> Axes:
    """One search: its incumbent, and what became of each trial.

    A dot is a trial, an empty dot one whose network had been trained before, a cross on the bottom
    line one that failed.

    Parameters
    ----------
    luck
        What random searches reach, as in `plot_searches`: drawn behind, in gray.
    """
    ax = _axes(ax)
    accuracy = table.set_index("trial")["val_accuracy"].astype(float)
    if luck is not None:
        number = np.arange(1, luck.shape[1] + 1)
        _median_in_band(ax, number, luck, band=(5, 95), color=GRAY, label="random search")
        ax.legend(loc="lower right", frameon=False)
        # The worst luck would leave the rest no room.
        ax.set_ylim(bottom=np.nanmin([*accuracy, np.median(luck[:, 0])]) - 0.02)
    best_so_far = trials.incumbent(table)
    ax.step(best_so_far.index.astype(int), best_so_far, where="post", color=BLUE, linewidth=2)
    repeated = table["duplicate_of"].notna().to_numpy()
    for marked, fill in ((~repeated, BLUE), (repeated, "white")):
        shown = accuracy[marked].dropna()
        ax.plot(shown.index.astype(int), shown, "o", color=BLUE, markerfacecolor=fill)
    failed = table.loc[table["status"] == "failed", "trial"].astype(int)
    ax.plot(
        failed,
        [0] * len(failed),
        "X",
        color=PINK,
        clip_on=False,
        transform=ax.get_xaxis_transform(),
    )
    _label(ax.xaxis, "trial")
    _label(ax.yaxis, "val_accuracy", "best validation accuracy so far")
    return ax


def plot_trials(
    table: pd.DataFrame, *, x: str = "n_params", y: str = "val_accuracy", ax: Axes | None = None
) -> Axes:
    """Each completed trial as a point, with its number; the best one stands out."""
    ax = _axes(ax)
    completed = table[table["status"] == "completed"]
    ax.scatter(completed[x].astype(float), completed[y].astype(float), color=BLUE, zorder=3)
    winner = trials.best(table)
    ax.scatter(
        winner[x], winner[y], s=160, facecolor="none", edgecolor=ORANGE, linewidth=2, label="best"
    )
    for _, row in completed.iterrows():
        ax.annotate(str(row["trial"]), (row[x], row[y]), xytext=(5, 5), textcoords="offset points")
    if x in ("n_params", "flops"):
        ax.set_xscale("log")
    _label(ax.xaxis, x)
    _label(ax.yaxis, y)
    ax.legend(loc="lower right", frameon=False)
    return ax


def plot_curves(
    curves: pd.DataFrame, *, metric: str = "val_accuracy", ax: Axes | None = None
) -> Axes:
    """The learning curve of each trial, from the table of curves."""
    ax = _axes(ax)
    for (trial, curve), color in zip(curves.groupby("trial"), cycle(SERIES)):
        ax.plot(curve["epoch"], curve[metric], marker="o", color=color, label=f"trial {trial}")
    _label(ax.xaxis, "epoch")
    _label(ax.yaxis, metric)
    ax.legend(ncols=2, frameon=False)
    return ax


def plot_seeds(
    curves: pd.DataFrame, *, metric: str = "val_accuracy", ax: Axes | None = None
) -> Axes:
    """The learning curve of one network: the mean of its seeds, and a band that holds them all.

    Parameters
    ----------
    curves
        One row a seed and epoch, as in `benchmark.Benchmark.curves`.
    """
    ax = _axes(ax)
    values = curves.pivot(index="epoch", columns="seed", values=metric)
    lowest, highest = values.min(axis=1), values.max(axis=1)
    ax.fill_between(values.index, lowest, highest, color=BLUE, alpha=0.2, linewidth=0)
    ax.plot(values.index, values.mean(axis=1), color=BLUE, linewidth=2)
    _label(ax.xaxis, "epoch")
    _label(ax.yaxis, metric)
    return ax


def plot_architecture(costs: Sequence, *, columns: int = 6, ax: Axes | None = None) -> Axes:
    """A network as boxes in reading order, from `nascourse.evaluation.layer_costs`.

    Each box names the layer, its output shape, its parameters and its FLOPs; its height grows
    with the logarithm of the FLOPs.
    """
    drawn = [cost for cost in costs if cost.kind not in ("CastToFloat32", "Softmax")]
    rows = -(-len(drawn) // columns)
    ax = _axes(ax, figsize=(7.2, 1.5 * rows))
    dearest = max(np.log10(1 + cost.flops) for cost in drawn) or 1
    for place, cost in enumerate(drawn):
        row, column = divmod(place, columns)
        middle = rows - row - 0.5
        height = 0.4 + 0.55 * np.log10(1 + cost.flops) / dearest
        color = BLUE if cost.n_params else GRAY
        ax.add_patch(
            FancyBboxPatch(
                (column + 0.06, middle - height / 2),
                0.82,
                height,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor=color,
                alpha=0.18,
                edgecolor=color,
            )
        )
        shape = "x".join(str(side) for side in cost.output)
        text = f"{_LAYER_WORDS.get(cost.kind, cost.kind)}\n{shape}"
        if cost.n_params:
            text += f"\n{_short(cost.n_params)} weights\n{_short(cost.flops)} FLOPs"
        ax.text(column + 0.47, middle, text, ha="center", va="center", fontsize=8.5)
        if place + 1 < len(drawn):
            ax.text(column + 0.94, middle, "→", ha="center", va="center", color=GRAY)
    ax.set(xlim=(0, columns), ylim=(0, rows))
    ax.axis("off")
    return ax


_LAYER_WORDS = {
    "Conv2D": "conv",
    "SeparableConv2D": "separable\nconv",
    "MaxPooling2D": "max pool",
    "AveragePooling2D": "avg pool",
    "GlobalAveragePooling2D": "global avg",
    "GlobalMaxPooling2D": "global max",
    "Rescaling": "rescale",
    "Dropout": "dropout",
    "Flatten": "flatten",
    "Concatenate": "concat",
    "Dense": "dense",
}


def plot_confusion(confusion: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Confusion matrix of shape (10, 10): right answers in blue, mistakes in orange."""
    ax = _axes(ax, figsize=(5.0, 4.6))
    mistakes = confusion - np.diag(np.diag(confusion))
    ax.imshow(np.where(mistakes > 0, mistakes, np.nan), cmap="Oranges", vmin=0)
    right = np.where(np.eye(len(confusion), dtype=bool), 0.4, np.nan)
    ax.imshow(right, cmap="Blues", vmin=0, vmax=1)
    half = mistakes.max() / 2
    for (row, column), count in np.ndenumerate(confusion):
        if count:
            dark = row != column and count > half
            ax.text(
                column,
                row,
                str(count),
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else "black",
            )
    digits = range(len(confusion))
    ax.set(xticks=digits, yticks=digits, xlabel="digit read", ylabel="digit written")
    ax.grid(False)
    return ax


def plot_digits(
    x: np.ndarray, titles: Sequence[str] | None = None, *, columns: int = 10
) -> np.ndarray:
    """Images side by side; returns the array of axes.

    Parameters
    ----------
    x : uint8 array of shape (n, 28, 28, 1) or (n, 28, 28)
    titles : a short text above each image
    """
    rows = -(-len(x) // columns)
    with plt.rc_context(STYLE):
        size = (0.8 * columns, (1.05 if titles is not None else 0.8) * rows)
        _, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.axis("off")
    for ax, image in zip(axes.flat, x):
        ax.imshow(image.squeeze(), cmap="gray_r", vmin=0, vmax=255)
    for ax, title in zip(axes.flat, [] if titles is None else titles):
        ax.set_title(title, fontsize=9)
    return axes


def plot_maps(maps: Mapping[str, np.ndarray]) -> np.ndarray:
    """Feature maps side by side, each under its name; returns the array of axes.

    Parameters
    ----------
    maps
        Arrays of shape (height, width).  Where one has negative values, zero is white, positive
        values are orange and negative ones violet; otherwise the largest value is black.
    """
    with plt.rc_context(STYLE):
        size = (2.1 * len(maps), 2.4)
        _, axes = plt.subplots(1, len(maps), figsize=size, squeeze=False, layout="constrained")
    for ax, (name, values) in zip(axes.flat, maps.items()):
        largest = np.abs(values).max() or 1
        signed = values.min() < 0
        ax.imshow(
            values,
            cmap="PuOr_r" if signed else "gray_r",
            vmin=-largest if signed else 0,
            vmax=largest,
        )
        ax.set_title(name, fontsize=9)
        ax.axis("off")
    return axes


def plot_misread(
    x: np.ndarray, y: np.ndarray, predicted: np.ndarray, *, most: int = 20
) -> np.ndarray:
    """The first misread images, each titled "written → read"; returns the array of axes."""
    wrong = np.flatnonzero(y != predicted)[:most]
    if not len(wrong):
        raise CourseError("No image was misread, so there is nothing to draw.")
    return plot_digits(x[wrong], [f"{y[i]} → {predicted[i]}" for i in wrong])


def plot_pareto(
    table: pd.DataFrame,
    front: pd.DataFrame,
    *,
    cost: str = "n_params",
    quality: str = "test_accuracy",
    ax: Axes | None = None,
) -> Axes:
    """All networks as points, and the front of `trials.pareto_front` as a staircase."""
    ax = _axes(ax)
    ax.plot(table[cost].astype(float), table[quality].astype(float), ".", color=GRAY, alpha=0.4)
    ax.step(
        front[cost].astype(float),
        front[quality].astype(float),
        where="post",
        color=ORANGE,
        linewidth=2,
        marker="o",
        label="Pareto front",
    )
    ax.set_xscale("log")
    _label(ax.xaxis, cost)
    _label(ax.yaxis, quality)
    ax.legend(loc="lower right", frameon=False)
    return ax


def plot_budget(
    standing: pd.DataFrame,
    *,
    value: str = "regret",
    band: tuple[float, float] = (25, 75),
    ax: Axes | None = None,
) -> Axes:
    """Strategies along their budget: the median search, and the spread as a band.

    The budget's axis is logarithmic, since most happens early.

    Parameters
    ----------
    standing
        From `benchmark.within_budget`; or from `benchmark.mean_ranks`, which has no band, as one
        row a strategy needs none.
    value
        What the table holds, for the axis.
    """
    ax = _axes(ax)
    spent = standing.columns.to_numpy()
    groups = standing.groupby(level="strategy", sort=False)
    for (strategy, searches), color in zip(groups, cycle(SERIES)):
        _median_in_band(ax, spent, searches, band=band, color=color, label=strategy)
    unit = standing.columns.name
    ax.set_xscale("log")
    _label(ax.xaxis, unit, {"epochs": "epochs spent", "seconds": "training seconds"}.get(unit))
    _round_ticks(ax.xaxis)
    _label(ax.yaxis, value)
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def plot_shares(
    groups: Mapping[str, Sequence[float]], *, by: str = "val_accuracy", ax: Axes | None = None
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
    for (name, values), color in zip(groups.items(), cycle(SERIES)):
        ax.ecdf(np.asarray(values, dtype=float), label=name, color=color, linewidth=2)
    _label(ax.xaxis, by)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_ylabel("share of the networks at or below")
    ax.legend(loc="upper left", frameon=False)
    return ax


def plot_surrogate(
    x: np.ndarray,
    predicted: np.ndarray,
    promising: np.ndarray,
    *,
    tried: np.ndarray,
    ax: Axes | None = None,
) -> Axes:
    """What Bayesian optimization believes along one choice, and where it looks next.

    Parameters
    ----------
    x, predicted, promising
        The values of the choice, what the surrogate predicts for each, and the acquisition.
    tried
        Which of ``x`` have been tried, as indices.
    """
    ax = _axes(ax)
    ax.plot(x, predicted, color=BLUE, linewidth=2, label="prediction")
    ax.fill_between(x, predicted, promising, color=BLUE, alpha=0.2, linewidth=0)
    ax.plot(x, promising, color=ORANGE, linewidth=2, label="acquisition")
    ax.plot(x[tried], predicted[tried], "o", color=BLUE, label="tried")
    ax.axvline(x[promising.argmax()], color=ORANGE, linestyle=":", label="next trial")
    ax.set_xlabel("the choice")
    _label(ax.yaxis, "val_accuracy")
    ax.legend(frameon=False)
    return ax


def plot_effects(shares: pd.Series, *, ax: Axes | None = None) -> Axes:
    """Bars for the shares of variance from `benchmark.effects`, the largest on top."""
    ax = _axes(ax)
    shares = shares.sort_values()
    ax.barh(shares.index, shares, color=BLUE)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set_xlabel("share of the variance that the choice explains alone")
    return ax


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
    for (name, column), color in zip(table.items(), cycle(SERIES)):
        known = column.dropna().astype(float)
        ax.plot(known.index, known, color=color, marker="o", markersize=4, label=name)
    _label(ax.xaxis, table.index.name or "")
    if log_x:
        ax.set_xscale("log")
        ax.set_xticks(table.index, [_short(place) for place in table.index])
        ax.xaxis.set_minor_locator(NullLocator())
    _label(ax.yaxis, value)
    ax.legend(frameon=False)
    return ax


def plot_repeats(
    table: pd.DataFrame, *, value: str = "val_accuracy", ax: Axes | None = None
) -> Axes:
    """Repeated measurements of each row as dots on a line, the rows in the order of their means."""
    ax = _axes(ax)
    ordered = table.loc[table.mean(axis=1).sort_values(kind="stable").index]
    place = np.arange(1, len(ordered) + 1)
    ax.vlines(place, ordered.min(axis=1), ordered.max(axis=1), color=GRAY, alpha=0.5)
    ax.plot(place, ordered, "o", color=BLUE, markersize=4, alpha=0.7)
    ax.plot(place, ordered.mean(axis=1), "_", color=ORANGE, markersize=9, markeredgewidth=2)
    ax.set_xlabel("networks, ordered by the mean (orange)")
    ax.set_xticks([])
    _label(ax.yaxis, value)
    return ax


def plot_bars(table: pd.DataFrame, *, value: str, ax: Axes | None = None) -> Axes:
    """Horizontal bars: a group for each row, the first on top, and a color for each column."""
    ax = _axes(ax)
    height = 0.8 / table.shape[1]
    for at, ((name, column), color) in enumerate(zip(table.items(), cycle(SERIES))):
        ax.barh(np.arange(len(table)) + at * height, column, height, color=color, label=name)
    ax.set_yticks(np.arange(len(table)) + 0.4 - height / 2, table.index)
    ax.invert_yaxis()
    ax.set_xlabel(value)
    ax.legend(frameon=False, ncols=table.shape[1], loc="lower center", bbox_to_anchor=(0.5, 1))
    return ax


def plot_timeline(tasks: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Each worker as a row, the first on top, and each of its tasks as a bar from begin to end.

    Parameters
    ----------
    tasks
        One row a task: worker, and begin and end in seconds.
    """
    ax = _axes(ax)
    lengths = tasks["end"] - tasks["begin"]
    ax.barh(tasks["worker"], lengths, 0.8, tasks["begin"], color=BLUE, edgecolor="white")
    ax.set_yticks(sorted(tasks["worker"].unique()))
    ax.invert_yaxis()
    ax.set_xlabel("seconds")
    ax.set_ylabel("worker")
    return ax


def plot_halving(
    curves: pd.DataFrame, reached: Mapping[int, int], *, ax: Axes | None = None
) -> Axes:
    """A successive halving: the curve of each network up to the epoch at which it was dropped.

    Parameters
    ----------
    curves
        Validation accuracies, one row an epoch and one column a network.
    reached
        The last epoch of each network; of those that went furthest the best is drawn in orange.
    """
    ax = _axes(ax)
    stops = sorted(set(reached.values()))
    furthest = [network for network, stop in reached.items() if stop == stops[-1]]
    winner = curves.loc[stops[-1], furthest].idxmax()
    for network, stop in reached.items():
        color = ORANGE if network == winner else BLUE if stop == stops[-1] else GRAY
        curve = curves.loc[:stop, network]
        ax.plot(curve.index, curve, color=color, marker="o", markersize=4, alpha=0.8)
    for stop in stops:
        ax.axvline(stop, color=GRAY, linestyle=":", linewidth=1)
    _label(ax.xaxis, "epoch")
    _label(ax.yaxis, "val_accuracy")
    return ax


def _median_in_band(
    ax: Axes, x: np.ndarray, searches: Any, *, band: tuple[float, float], color: str, label: str
) -> None:
    """The median of the searches, of shape (searches, len(x)), as a staircase in a band."""
    low, median, high = np.percentile(searches, [band[0], 50, band[1]], axis=0)
    if len(searches) > 1:
        ax.fill_between(x, low, high, step="post", color=color, alpha=0.2, linewidth=0)
    ax.step(x, median, where="post", color=color, linewidth=2, label=label)


def _label(axis: Axis, column: str, text: str | None = None) -> None:
    """Name an axis, and print its ticks as people write such values."""
    axis.set_label_text(text or _words(column))
    if column in ("trial", "epoch"):
        axis.set_major_locator(MaxNLocator(integer=True))
    elif column.endswith("accuracy") or column == "regret":
        axis.set_major_formatter(PercentFormatter(1))
    elif column in ("n_params", "flops"):
        _round_ticks(axis)


def _round_ticks(axis: Axis) -> None:
    """Ticks at 1, 2, 5, 10, ... on a logarithmic axis."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(lambda value, _: _short(value))
    axis.set_minor_locator(NullLocator())


def _words(column: str) -> str:
    return {
        "val_accuracy": "validation accuracy",
        "test_accuracy": "test accuracy",
        "val_loss": "validation loss",
        "n_params": "parameters",
        "flops": "FLOPs for one image",
        "latency_ms": "milliseconds for one image",
        "saved_bytes": "bytes on disk",
    }.get(column, column)


def _short(number: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:g}"
