"""A search to look at while it runs.

>>> from nascourse import search, trials
>>> from nascourse.views import live
>>> view = live.SearchView(baseline=trials.recorded("random_cnn"))
>>> found = search.run_search(..., observer=view)                             # doctest: +SKIP

Where widgets do not work, the same calls give a progress bar, and a figure at the end.

The buttons act at once in JupyterLab and Notebook 7, which hand a click to a second thread of the
kernel (a subshell).  In other front ends a click may arrive only after the search.  Their own stop
button (Interrupt) works everywhere: the search ends, and its finished trials stay.
"""

from __future__ import annotations

import time
from html import escape
from typing import Any

from nascourse import CourseError, plotting, trials
from nascourse._engine import compat
from nascourse.search import Observer, ProgressBar
from nascourse.views import html

# isort: split
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

DRAWING_SHARE = 0.01  # of a search's time may go into drawing it
MOST_ROWS = 5  # of the leaderboard, beside the failed trials


class SearchView(Observer):
    """Shows a search while it runs; hand it to `search.run_search` as its observer.

    Its buttons pause the search, end it after the current trial, or end it at once; what is
    finished is kept, as after an interrupt.  When the search is over, a picture and a table take
    the place of the widgets, so they stay in the saved notebook.  A pause counts in the seconds of
    its trial.

    This class keeps the state of the search; `_Widgets` or a `ProgressBar` shows it.

    Parameters
    ----------
    baseline
        The trial table of random searches over the same space with the same epochs: what they
        reach is drawn behind the search, see `luck`.

    Attributes
    ----------
    table : the trial table so far
    """

    def __init__(self, *, baseline: pd.DataFrame | None = None):
        self._baseline = baseline

    def search_begin(self, max_trials: int, epochs: int) -> None:
        self.max_trials, self.epochs = max_trials, epochs
        self.luck = None if self._baseline is None else luck(self._baseline, max_trials)
        self.rows: dict[int, dict[str, Any]] = {}
        self.table = trials.to_table([], objective=self.objective)
        self.curve_rows: list[dict[str, float]] = []
        self.network: dict[str, Any] = {}
        self.trial = self.epoch = self.epochs_trained = 0
        self._display: Observer = _Widgets(self) if html.work() else ProgressBar()
        self._display.search_begin(max_trials, epochs)

    def trial_begin(self, trial: int) -> None:
        self.trial, self.epoch, self.network = trial, 0, {}
        self._display.trial_begin(trial)

    def network_known(self, trial: int, network: dict[str, Any]) -> None:
        self.network = network
        self._display.network_known(trial, network)

    def batch_end(self, trial: int) -> None:
        self._display.batch_end(trial)

    def waiting(self, line: str) -> None:
        self._display.waiting(line)

    def epoch_end(self, trial: int, epoch: int, logs: dict[str, float]) -> None:
        self.trial, self.epoch = trial, epoch
        self.epochs_trained += 1
        if self.column in logs:
            self.curve_rows.append({"trial": trial, "epoch": epoch, self.column: logs[self.column]})
        self._display.epoch_end(trial, epoch, logs)

    def trial_end(self, row: dict[str, Any]) -> None:
        self.rows[row["trial"]] = row
        self.table = trials.to_table(self.rows.values(), objective=self.objective)
        self._display.trial_end(row)

    def search_end(self) -> None:
        self._display.search_end()
        if isinstance(self._display, _Widgets):
            return
        if html.in_kernel() and self.has_values:
            ax = plot_so_far(self.table, self.max_trials, luck=self.luck)
            source = "measured in this notebook"
            if self.luck is not None:
                source += ", the random searches earlier"
            plotting.show(ax, alt=self.description, source=source)
        else:
            print(self.outcome)

    @property
    def column(self) -> str:
        """What the search looks at, such as ``"val_accuracy"``."""
        return self.objective[0]

    @property
    def has_values(self) -> bool:
        """Whether a trial has been completed."""
        return bool((self.table["status"] == "completed").any())

    @property
    def outcome(self) -> str:
        """How far the search has come, and the best trial, in a sentence."""
        if self.table.empty:
            return f"{self.epochs_trained} of {self.max_trials * self.epochs} epochs trained."
        text = f"{len(self.table)} of {self.max_trials} trials finished"
        if self.has_values:
            best = trials.best(self.table)
            text += f"; the best is trial {best['trial']}, {best[self.column]:.3f}"
        elif reason := trials.failure(self.table):
            text += f"; {reason}"
        return f"{text}."

    @property
    def description(self) -> str:
        """The alt text of the picture of the search."""
        best = f"the best {trials.words(self.column)} so far"
        text = f"Trials as dots, and {best} as a staircase. {self.outcome}"
        if self.table["duplicate_of"].notna().any():
            text += " Empty dots are networks that had been trained before."
        if (self.table["status"] == "failed").any():
            text += " Crosses are failed trials."
        if self.luck is not None:
            text += " The gray band holds nine of ten random searches."
        return text


class _Widgets(Observer):
    """Shows the state that a `SearchView` keeps, with buttons to pause and to stop the search."""

    def __init__(self, view: SearchView):
        self._view = view
        self._paused, self._stop = False, ""  # or "after this trial", "now"
        self._started, self._seconds_paused, self._next_picture = time.perf_counter(), 0.0, 0.0
        self._progress = ipywidgets.IntProgress(
            max=view.max_trials * view.epochs, description="Epochs"
        )
        self._status, self._picture, self._leaders = (ipywidgets.HTML() for _ in range(3))
        self._pause = html.button("Pause", self._toggle_pause, icon="pause")
        self._after = html.button("Stop after this trial", self._stop_after, icon="step-forward")
        self._now = html.button("Stop now, keep the best", self._stop_now, icon="stop")

    def search_begin(self, max_trials: int, epochs: int) -> None:
        buttons = [self._pause, self._after, self._now]
        row = ipywidgets.HBox(buttons, layout={"flex_flow": "row wrap"})
        parts = [self._progress, self._status, row, self._picture, self._leaders]
        self._shown = display(ipywidgets.VBox(parts), display_id=True)
        for button in buttons:
            compat.handle_clicks_while_busy(button)
        self._refresh()

    def batch_end(self, trial: int) -> None:
        if self._paused:
            self._wait()
        if self._stop == "now":
            raise KeyboardInterrupt

    def waiting(self, line: str) -> None:
        if line:
            self._status.value = f"<p>{escape(line)}</p>"
        if self._stop == "now":
            raise KeyboardInterrupt

    def trial_end(self, row: dict[str, Any]) -> None:
        self._leaders.value = self._leaders_html()
        self._refresh()
        if self._stop == "after this trial" and row["trial"] < self._view.max_trials:
            raise KeyboardInterrupt

    def search_end(self) -> None:
        page = f"<p>{self._view.outcome}</p>{self._picture_html()}{self._leaders_html()}"
        self._shown.update(HTML(page))

    def _toggle_pause(self) -> None:
        self._paused = not self._paused
        self._pause.description = "Continue" if self._paused else "Pause"
        self._pause.icon = "play" if self._paused else "pause"

    def _stop_after(self) -> None:
        self._stop = "after this trial"
        self._after.description = "Will stop after this trial"

    def _stop_now(self) -> None:
        self._stop = "now"
        self._now.description = "Stopping"

    def _wait(self) -> None:
        paused_at = time.perf_counter()
        self._next_picture = 0.0  # during a pause a picture costs the search nothing
        self._refresh()
        while self._paused and self._stop != "now":
            time.sleep(0.1)
        self._seconds_paused += time.perf_counter() - paused_at
        self._refresh()

    def _refresh(self, *_: Any, **__: Any) -> None:
        view = self._view
        epochs_of_trial = view.epochs if view.trial in view.rows else view.epoch
        self._progress.value = max(view.trial - 1, 0) * view.epochs + epochs_of_trial
        self._status.value = f"<p>{self._progress_text()}</p><p>{self._network_text()}</p>"
        if time.perf_counter() >= self._next_picture:
            # The time of this thread: on a busy machine only what the picture itself costs.
            started = time.thread_time()
            self._picture.value = self._picture_html()
            seconds = time.thread_time() - started
            self._next_picture = time.perf_counter() + seconds / DRAWING_SHARE

    trial_begin = network_known = epoch_end = _refresh  # the view has noted what they say

    def _progress_text(self) -> str:
        view = self._view
        text = f"Trial {max(view.trial, 1)} of {view.max_trials}"
        if view.epoch:
            text += f", epoch {view.epoch} of {view.epochs}"
        if view.epochs_trained:
            epochs_left = (view.max_trials - view.trial + 1) * view.epochs - view.epoch
            seconds = time.perf_counter() - self._started - self._seconds_paused
            text += f", about {_duration(epochs_left * seconds / view.epochs_trained)} left"
        memory = psutil.Process().memory_info().rss / 2**20
        return f"{'Paused. ' * self._paused}{text}. Memory: {memory:,.0f} MiB."

    def _network_text(self) -> str:
        view, network = self._view, self._view.network
        if not network:
            return "Building the next network."
        text = f"<code>{escape(network['architecture'])}</code>, {network['n_params']:,} parameters"
        same_network = [
            trial
            for trial, row in view.rows.items()
            if trial != view.trial and row.get("fingerprint") == network["fingerprint"]
        ]
        if same_network:
            text += f", <b>the same network as trial {same_network[0]}</b>"
        curve = [row[view.column] for row in view.curve_rows if row["trial"] == view.trial]
        if curve:
            text += f". {trials.words(view.column).capitalize()}, epoch by epoch: "
            text += ", ".join(f"{value:.3f}" for value in curve)
        return f"{text}."

    def _picture_html(self) -> str:
        view, curves = self._view, trials.curves_to_table(self._view.curve_rows)
        if curves.empty and not view.has_values:
            return ""
        with plt.rc_context(plotting.STYLE):
            figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.9))
        figure.subplots_adjust(0.09, 0.16, 0.99, 0.97, wspace=0.25)  # faster than a layout engine
        plot_so_far(view.table, view.max_trials, luck=view.luck, ax=left)
        if curves.empty:
            right.set_axis_off()
        else:
            shown = {view.trial, trials.best(view.table)["trial"] if view.has_values else 0}
            of_shown = curves[curves["trial"].isin(shown)]
            plotting.plot_curves(of_shown, metric=view.column, ax=right)
            right.set_xlim(0.5, view.epochs + 0.5)
            _mark_percents(right, view.column)
        return html.image(left, view.description)

    def _leaders_html(self) -> str:
        table = self._view.table
        return "" if table.empty else html.table(leaderboard(table), "The best trials")


def luck(table: pd.DataFrame, n_trials: int, *, searches: int = 500) -> np.ndarray:
    """What random searches of so many trials reach: best accuracies so far, (searches, trials).

    The trials of random search are independent draws, so any few of the recorded ones in ``table``,
    in any order, are a random search too.  A failed trial counts as accuracy 0.
    """
    if table.empty:
        raise CourseError("The baseline has no trials: give a table of random search.")
    accuracy = table["val_accuracy"].astype(float).fillna(0).to_numpy()
    rng = np.random.default_rng(0)
    draws = [rng.permutation(accuracy)[:n_trials] for _ in range(searches)]
    return np.maximum.accumulate(draws, axis=1)


def leaderboard(table: pd.DataFrame) -> pd.DataFrame:
    """The best trials, then those that failed, each with a note on what is odd about it."""
    column = trials.objective(table)
    ordered = table.sort_values(
        [column, "n_params", "trial"],
        ascending=[trials.smaller_is_better(table, column), True, True],
        ignore_index=True,
    )
    failed = ordered["status"] == "failed"  # they have no value, so they come last
    shown = ordered[failed | (ordered.index < MOST_ROWS)]
    board = pd.DataFrame(
        {
            "trial": shown["trial"],
            trials.words(column): [html.number(value, ".3f") for value in shown[column]],
            "parameters": [html.number(value, ",") for value in shown["n_params"]],
            "architecture": shown["architecture"].fillna(""),
            "note": [_note(row) for _, row in shown.iterrows()],
        }
    )
    return board if board["note"].any() else board.drop(columns="note")


def _note(row: pd.Series) -> str:
    if row["status"] == "failed":
        return f"failed: {row['message']}"
    first = row["duplicate_of"]
    return "" if pd.isna(first) else f"same network as trial {first}"


def plot_so_far(table: pd.DataFrame, n_trials: int, **options: Any) -> Axes:
    """`plotting.plot_search` on an axis that is wide enough for all ``n_trials``."""
    ax = plotting.plot_search(table, **options)
    column = trials.objective(table)
    ax.set(ylabel=trials.words(column), xlim=(0.5, n_trials + 0.5))
    _mark_percents(ax, column)
    return ax


def _mark_percents(ax: Axes, column: str) -> None:
    """Round ticks for accuracies, none above 100 percent."""
    if not column.endswith("accuracy"):
        return
    ax.set_ylim(top=min(ax.get_ylim()[1], 1.005))  # the half percent leaves a dot at 1 uncut
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")


def _duration(seconds: float) -> str:
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 100 else f"{round(seconds / 60)} min"
