"""A search to look at while it runs.

>>> from nascourse import search, trials
>>> from nascourse.views import live
>>> view = live.SearchView(baseline=trials.recorded("random_cnn"))
>>> found = search.run_search(..., observer=view)                             # doctest: +SKIP

Where widgets do not work, the same calls give a progress bar, and the same picture at the end.

With ipykernel 7 the buttons act at once, and a page that is closed and opened again in mid-search
shows how it goes on.  Where the kernel is older, as on Colab, both wait for the end of the search.
The front end's own stop button (Interrupt) works everywhere: the finished trials stay.
"""

from __future__ import annotations

import time
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
import psutil
from IPython.display import HTML, display

from nascourse import CourseError, trials
from nascourse._engine import compat
from nascourse.plotting import BLUE, ORANGE
from nascourse.search import Observer, ProgressBar
from nascourse.views import html, svg

DRAWING_SHARE = 0.01  # of a search's time may go into drawing it, if no epoch
LATEST = 0.7  # seconds has to wait for it
MOST_ROWS = 5  # of the leaderboard, beside the failed trials


class SearchView(Observer):
    """Shows a search while it runs; hand it to `search.run_search` as its observer.

    Its buttons pause the search, end it after the current trial, or end it at once; what is
    finished is kept, as after an interrupt.  A picture and a table stay in the saved notebook, also
    if it is saved and shut down in mid-search.  A pause counts in the seconds of its trial.

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
        if baseline is not None:
            _check_baseline(baseline)  # before a search begins
        self._baseline = baseline

    def search_begin(self, max_trials: int, epochs: int) -> None:
        self.max_trials, self.epochs = max_trials, epochs
        baseline, objective = self._baseline, self.objective
        self.luck = None if baseline is None else luck(baseline, max_trials, objective=objective)
        self.rows: dict[int, dict[str, Any]] = {}
        self.table, self.best = trials.to_table([], objective=self.objective), None
        self.curves: dict[int, list[tuple[int, float]]] = {}
        self.network: dict[str, Any] = {}
        self.trial = self.epoch = self.epochs_trained = 0
        self._display: Observer = _Widgets(self) if html.work() else ProgressBar()
        self._display.objective = self.objective
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
            self.curves.setdefault(trial, []).append((epoch, logs[self.column]))
        self._display.epoch_end(trial, epoch, logs)

    def trial_end(self, row: dict[str, Any]) -> None:
        self.rows[row["trial"]] = row
        self.table = trials.to_table(self.rows.values(), objective=self.objective)
        if (self.table["status"] == "completed").any():
            self.best = trials.best(self.table)
        self._display.trial_end(row)

    def search_end(self) -> None:
        self._display.search_end()
        if not html.in_kernel():
            print(self.outcome)
        elif not html.work():
            display(HTML(self.page))

    @property
    def column(self) -> str:
        """What the search looks at, such as ``"val_accuracy"``."""
        return self.objective[0]

    @property
    def outcome(self) -> str:
        """How far the search has come, and the best trial, in a sentence."""
        if self.table.empty:
            text = f"{self.epochs_trained} of {self.epochs} epochs trained"
            if self.max_trials > 1:
                text += f" in trial 1, and none of {self.max_trials} trials finished"
            return f"{text}."
        text = f"{len(self.table)} of {self.max_trials} trials finished"
        if self.best is not None:
            text += f"; the best is trial {self.best['trial']}, {self.best[self.column]:.3f}"
        elif reason := trials.failure(self.table):
            text += f"; {reason}"
        return f"{text}."

    @property
    def page(self) -> str:
        """What stays in the saved notebook: how far the search has come, pictures, a table."""
        text = f"<p>{escape(self.outcome)}</p>"
        if not (self.curves or self.rows):
            return text
        pictures = html.beside(svg.image(self.trials_plot()), svg.image(self.curves_plot()))
        earlier = "" if self.luck is None else ", the random searches earlier"
        source = f"<p><em>Source: measured in this notebook{earlier}.</em></p>"
        return text + pictures + source + self.leaders

    @property
    def leaders(self) -> str:
        """The best trials, as a table."""
        return "" if self.table.empty else html.table(leaderboard(self.table), "The best trials")

    def trials_plot(self) -> str:
        """The trials so far, as SVG."""
        text = f"Trials as dots, and the best {trials.words(self.column)} so far as a staircase. "
        text += self.outcome
        if self.table["duplicate_of"].notna().any():
            text += " Empty dots are networks that had been trained before."
        if (self.table["status"] == "failed").any():
            text += " Crosses are failed trials."
        if self.luck is not None:
            text += " The gray band holds nine of ten random searches."
        return svg.plot_search(self.table, self.max_trials, alt=text, luck=self.luck)

    def curves_plot(self) -> str:
        """The learning curves of the trial at hand and of the best one, as SVG."""
        best = 0 if self.best is None else int(self.best["trial"])
        curves = {
            f"trial {trial}{', the best so far' * (trial == best)}": (self.curves[trial], color)
            for trial, color in {best: BLUE, self.trial: ORANGE}.items()
            if trial in self.curves
        }
        heights = [height for curve, _ in curves.values() for _, height in curve]
        plot = svg.Plot("epoch", self.column, self.epochs, heights)
        for name, (curve, color) in curves.items():
            plot.line(curve, color, name)
            plot.dots(curve, color)
        names = "; ".join(curves) or "no epoch yet"
        return plot.svg(f"{trials.words(self.column).capitalize()}, epoch by epoch: {names}.")


class _Widgets(Observer):
    """Shows the state that a `SearchView` keeps, with buttons to pause and to stop the search.

    Pages that show the widgets hear of each epoch.  What stays is brought up to date after each
    trial, for a notebook that is saved in mid-search.
    """

    def __init__(self, view: SearchView):
        self._view = view
        self._paused, self._stop = False, ""  # or "after this trial", "now"
        self._started, self._seconds_paused, self._next_picture = time.perf_counter(), 0.0, 0.0
        self._is_behind, self._drawn, self._process = False, -1, psutil.Process()
        self._waiting = ""  # what the search waits for, in a line
        self._status, self._picture, self._leaders = (ipywidgets.HTML() for _ in range(3))
        self._pause = html.button("Pause", self._toggle_pause, icon="pause")
        self._after = html.button("Stop after this trial", self._stop_after, icon="step-forward")
        self._now = html.button("Stop now, keep the best", self._stop_now, icon="stop")

    def search_begin(self, max_trials: int, epochs: int) -> None:
        buttons = [self._pause, self._after, self._now]
        row = ipywidgets.HBox(buttons, layout={"flex_flow": "row wrap"})
        widgets = [self._status, row, self._picture, self._leaders]
        self._shown = html.Shown(widgets, self._view.page)
        self._stop_answering = compat.answer_while_busy()
        self._refresh()

    def batch_end(self, trial: int) -> None:
        if self._paused:
            self._wait()
        if self._is_behind:
            self._refresh()
        if self._stop == "now":
            raise KeyboardInterrupt

    def waiting(self, line: str) -> None:
        if line != self._waiting:  # an empty one takes the place of what it no longer waits for
            self._waiting = line
            self._status.value = _lines(escape(line) or self._progress_text())
        if self._stop == "now":
            raise KeyboardInterrupt

    def trial_end(self, row: dict[str, Any]) -> None:
        self._refresh()
        if self._stop == "after this trial" and row["trial"] < self._view.max_trials:
            raise KeyboardInterrupt

    def search_end(self) -> None:
        self._stop_answering()
        self._shown.end(self._view.page)

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
        self._next_picture = 0.0
        self._refresh()

    def _refresh(self, *_: Any, **__: Any) -> None:
        self._is_behind = time.perf_counter() < self._next_picture
        if self._is_behind:
            return
        view = self._view
        started = time.thread_time()  # on a busy machine only what the picture itself costs
        if self._drawn < len(view.rows):
            self._drawn, self._trials_plot = len(view.rows), view.trials_plot()
            self._leaders.value = view.leaders
            self._shown.keep(self._view.page)
        self._status.value = _lines(self._progress_text())
        pictures = html.beside(self._trials_plot, view.curves_plot())
        self._picture.value = _lines(self._network_text()) + pictures
        seconds = time.thread_time() - started
        self._next_picture = time.perf_counter() + min(seconds / DRAWING_SHARE, LATEST)

    trial_begin = network_known = epoch_end = _refresh  # the view has noted what they say

    def _progress_text(self) -> str:
        view = self._view
        epochs = view.max_trials * view.epochs
        epochs_of_trial = view.epochs if view.trial in view.rows else view.epoch
        done = max(view.trial - 1, 0) * view.epochs + epochs_of_trial
        bar = f'<progress value="{done}" max="{epochs}" aria-label="Epochs"></progress>'
        text = f"{bar} {done} of {epochs} epochs<br>Trial {max(view.trial, 1)} of {view.max_trials}"
        if view.epoch:
            text += f", epoch {view.epoch} of {view.epochs}"
        if view.epochs_trained:
            epochs_left = (view.max_trials - view.trial + 1) * view.epochs - view.epoch
            seconds = time.perf_counter() - self._started - self._seconds_paused
            text += f", about {_duration(epochs_left * seconds / view.epochs_trained)} left"
        memory = self._process.memory_info().rss / 2**20
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
        if curve := view.curves.get(view.trial):
            text += f". {trials.words(view.column).capitalize()}, epoch by epoch: "
            text += ", ".join(f"{value:.3f}" for _, value in curve)
        return f"{text}."


def luck(
    table: pd.DataFrame,
    n_trials: int,
    *,
    objective: tuple[str, str] = trials.ACCURACY,
    searches: int = 500,
) -> np.ndarray:
    """What random searches of so many trials reach: best values so far, (searches, trials).

    The trials of random search are independent draws, so any few of the recorded ones in ``table``,
    in any order, are a random search too.  A failed trial counts as accuracy 0, or as the worst
    value of another objective.
    """
    _check_baseline(table)
    column, direction = objective
    trials.check_columns(table, column)
    values = table[column].astype(float)
    if direction == "max":
        values, accumulate = values.fillna(min(0.0, values.min())), np.maximum.accumulate
    else:
        values, accumulate = values.fillna(values.max()), np.minimum.accumulate
    rng = np.random.default_rng(0)
    draws = [rng.permutation(values.to_numpy())[:n_trials] for _ in range(searches)]
    return accumulate(draws, axis=1)


def _check_baseline(table: pd.DataFrame) -> None:
    if not isinstance(table, pd.DataFrame) or table.empty:
        raise CourseError("The baseline has no trials: give the table of a random search.")


def leaderboard(table: pd.DataFrame) -> pd.DataFrame:
    """The best trials, then those that failed, each with a note on what is odd about it."""
    column = trials.objective(table)
    ordered = trials.ranking(table, by=column).reset_index(drop=True)
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


def _lines(text: str) -> str:
    """Text in a box of three lines, so that nothing below it moves when the text grows."""
    return f'<div style="height: 4.5em; line-height: 1.5; overflow: auto">{text}</div>'


def _duration(seconds: float) -> str:
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 100 else f"{round(seconds / 60)} min"
