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
from collections.abc import Iterable
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
import psutil
from IPython.display import HTML, display

from nascourse import CourseError, trials
from nascourse._engine import compat
from nascourse.plotting import BLUE, GRAY, ORANGE, PINK
from nascourse.search import Observer, ProgressBar
from nascourse.views import html, svg

DRAWING_SHARE = 0.01  # of a search's time may go into drawing it
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
        self._baseline = baseline

    def search_begin(self, max_trials: int, epochs: int) -> None:
        self.max_trials, self.epochs = max_trials, epochs
        self.luck = None if self._baseline is None else luck(self._baseline, max_trials)
        self.rows: dict[int, dict[str, Any]] = {}
        self.table, self.best = trials.to_table([], objective=self.objective), None
        self.curves: dict[int, list[tuple[int, float]]] = {}
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
        if html.in_kernel() and not isinstance(self._display, _Widgets):
            display(HTML(self.page))
        elif not html.in_kernel():
            print(self.outcome)

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
        if not (self.curves or self.rows):
            return f"<p>{self.outcome}</p>"
        pictures = html.beside(svg.image(self.staircase()), svg.image(self.learning_curves()))
        source = "measured in this notebook"
        if self.luck is not None:
            source += ", the random searches earlier"
        source = f"<p><em>Source: {source}.</em></p>"
        return f"<p>{self.outcome}</p>{pictures}{source}{self.leaders}"

    @property
    def leaders(self) -> str:
        """The best trials, as a table."""
        return "" if self.table.empty else html.table(leaderboard(self.table), "The best trials")

    def staircase(self) -> str:
        """The trials so far, as SVG."""
        text = f"Trials as dots, and the best {trials.words(self.column)} so far as a staircase. "
        text += self.outcome
        if self.table["duplicate_of"].notna().any():
            text += " Empty dots are networks that had been trained before."
        if (self.table["status"] == "failed").any():
            text += " Crosses are failed trials."
        if self.luck is not None:
            text += " The gray band holds nine of ten random searches."
        return plot_so_far(self.table, self.max_trials, alt=text, luck=self.luck)

    def learning_curves(self) -> str:
        """The curves of the trial at hand and of the best one, as SVG."""
        best = 0 if self.best is None else int(self.best["trial"])
        shown = {best: BLUE, self.trial: ORANGE}
        heights = [height for trial in shown for _, height in self.curves.get(trial, ())]
        plot = _plot("epoch", self.column, (0.5, self.epochs + 0.5), heights)
        names = []
        for trial, color in shown.items():
            if curve := self.curves.get(trial):
                names.append(f"trial {trial}{', the best so far' * (trial == best)}")
                plot.line(curve, color, names[-1])
                plot.dots(curve, color)
        what = f"{trials.words(self.column).capitalize()}, epoch by epoch"
        return plot.svg(f"{what}: {'; '.join(names) or 'no epoch yet'}.")


class _Widgets(Observer):
    """Shows the state that a `SearchView` keeps, with buttons to pause and to stop the search.

    Pages that show the widgets hear of each epoch.  A notebook that is saved in mid-search keeps
    nothing of them, so a second output holds the last state.  The widgets hide it where they live.
    """

    def __init__(self, view: SearchView):
        self._view = view
        self._paused, self._stop = False, ""  # or "after this trial", "now"
        self._started, self._seconds_paused, self._next_picture = time.perf_counter(), 0.0, 0.0
        self._is_behind = False
        self._process = psutil.Process()
        self._status, self._picture, self._leaders = (ipywidgets.HTML() for _ in range(3))
        self._pause = html.button("Pause", self._toggle_pause, icon="pause")
        self._after = html.button("Stop after this trial", self._stop_after, icon="step-forward")
        self._now = html.button("Stop now, keep the best", self._stop_now, icon="stop")

    def search_begin(self, max_trials: int, epochs: int) -> None:
        buttons = [self._pause, self._after, self._now]
        row = ipywidgets.HBox(buttons, layout={"flex_flow": "row wrap"})
        self._box = ipywidgets.VBox([self._status, row, self._picture, self._leaders])
        self._name = f"search-{self._box.model_id}"
        hiding = ipywidgets.HTML(f"<style>.{self._name} {{ display: none }}</style>")
        self._box.children += (hiding,)
        self._shown = display(self._box, display_id=True)
        self._stays = display(self._last_state(), display_id=True)
        self._staircase = self._view.staircase()
        self._answers = compat.answer_while_busy()
        self._refresh()

    def batch_end(self, trial: int) -> None:
        if self._paused:
            self._wait()
        if self._is_behind:
            self._refresh()
        if self._stop == "now":
            raise KeyboardInterrupt

    def waiting(self, line: str) -> None:
        if line:
            self._status.value = _lines(escape(line))
        if self._stop == "now":
            raise KeyboardInterrupt

    def trial_end(self, row: dict[str, Any]) -> None:
        self._staircase, self._leaders.value = self._view.staircase(), self._view.leaders
        self._stays.update(self._last_state())
        self._refresh()
        if self._stop == "after this trial" and row["trial"] < self._view.max_trials:
            raise KeyboardInterrupt

    def search_end(self) -> None:
        self._answers()
        self._stays.update(self._last_state())
        # A page that was opened again in mid-search hears of the widgets alone.
        self._box.children = (ipywidgets.HTML(self._view.page), self._box.children[-1])
        self._shown.update(HTML(""))

    def _last_state(self) -> HTML:
        return HTML(f'<div class="{self._name}">{self._view.page}</div>')

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
        self._refresh(at_once=True)  # during a pause a picture costs the search nothing
        while self._paused and self._stop != "now":
            time.sleep(0.1)
        self._seconds_paused += time.perf_counter() - paused_at
        self._refresh(at_once=True)

    def _refresh(self, *_: Any, at_once: bool = False) -> None:
        self._is_behind = time.perf_counter() < self._next_picture and not at_once
        if self._is_behind:
            return
        # The time of this thread: on a busy machine only what the picture itself costs.
        started = time.thread_time()
        self._status.value = _lines(self._progress_text())
        curves = self._view.learning_curves()
        pictures = html.beside(self._staircase, curves)
        self._picture.value = _lines(self._network_text()) + pictures
        seconds = time.thread_time() - started
        self._next_picture = time.perf_counter() + seconds / DRAWING_SHARE

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


def plot_so_far(
    table: pd.DataFrame, n_trials: int, *, alt: str, luck: np.ndarray | None = None
) -> str:
    """The trials of a search as SVG, on an axis that is wide enough for all ``n_trials``.

    A dot is a trial, an empty dot one whose network had been trained before, a cross on the bottom
    line one that failed; the staircase is the incumbent.  Behind it lies what random searches
    reach, see `luck`: their median, and nine of ten.
    """
    column = trials.objective(table)
    values = table.set_index("trial")[column].astype(float)
    low, median, high = [()] * 3 if luck is None else np.percentile(luck, [5, 50, 95], axis=0)
    # Down to the worst luck, the axis would leave little height for the search itself.
    plot = _plot("trial", column, (0.5, n_trials + 0.5), [*values, *median])
    if luck is not None:
        edges = [svg.stairs(dict(enumerate(level, 1))) for level in (low, high)]
        plot.area(*edges, GRAY)
        plot.line(svg.stairs(dict(enumerate(median, 1))), GRAY, "random search")
    plot.line(svg.stairs(trials.incumbent(table)), BLUE, "best so far")
    repeated = table["duplicate_of"].notna().to_numpy()
    plot.dots(values[~repeated].items(), BLUE)
    plot.dots(values[repeated].items(), BLUE, filled=False)
    plot.crosses(table.loc[table["status"] == "failed", "trial"], PINK)
    return plot.svg(alt)


def _plot(x: str, y: str, x_range: tuple[float, float], heights: Iterable[float]) -> svg.Plot:
    as_percent = y.endswith("accuracy")
    return svg.Plot(x, trials.words(y), x_range, heights, as_percent=as_percent)


def _lines(text: str) -> str:
    """Text in a box of three lines, so that nothing below it moves when the text grows."""
    return f'<div style="height: 4.5em; line-height: 1.5; overflow: auto">{text}</div>'


def _duration(seconds: float) -> str:
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 100 else f"{round(seconds / 60)} min"
