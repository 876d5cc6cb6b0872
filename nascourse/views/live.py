"""A search to look at: while it runs, and trial by trial afterwards.

>>> from nascourse import trials
>>> from nascourse.views import live
>>> view = live.SearchView(baseline=trials.recorded("random_cnn"))
>>> found = search.run_search(..., observer=view)                             # doctest: +SKIP
>>> live.SearchView.replay(found)                                        # doctest: +SKIP

Where widgets work (a notebook with a live kernel) these are interactive.  Where they do not, or
where the environment variable ``NASCOURSE_WIDGETS`` is ``off``, the same calls give a quiet
progress bar, a figure or a table.

The buttons of a running search act at once in JupyterLab and Notebook 7, which hand a click to a
second thread of the kernel (a subshell).  In other front ends a click may arrive only after the
search.  Their own stop button (Interrupt) works everywhere: the search ends, and its finished
trials stay.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from nascourse import CourseError, plotting, trials
from nascourse._engine.compat import GreedyOracle, Trie, TrieNode, answer_while_busy
from nascourse.search import Observer, ProgressBar, Search
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

SHARE = 0.01  # of a search's time may go into drawing it
MOST = 5  # rows of the leaderboard

# A running search


class SearchView(Observer):
    """Shows a search while it runs; hand it to `search.run_search` as its observer.

    It pauses a search, ends it after the trial at hand, or ends it at once; what is finished is
    kept, as after an interrupt.  When the search is over, a picture and a table take the place of
    the widgets, so they stay in the saved notebook.  A pause counts in the seconds of its trial.

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
        self._max_trials, self._epochs = max_trials, epochs
        self._luck = None if self._baseline is None else luck(self._baseline, max_trials)
        self._rows: dict[int, dict[str, Any]] = {}
        self.table = trials.to_table([])
        self._curves: list[dict[str, float]] = []
        self._network: dict[str, Any] = {}
        self._trial = self._epoch = self._done = 0
        self._began, self._idle, self._next_picture = time.perf_counter(), 0.0, 0.0
        self._paused, self._wish = False, ""
        self._live = html.work()
        self._bar = ProgressBar(disable=self._live)
        self._bar.search_begin(max_trials, epochs)
        if self._live:
            self._build()

    def trial_begin(self, trial: int) -> None:
        self._bar.trial_begin(trial)
        self._trial, self._epoch, self._network = trial, 0, {}
        self._refresh()

    def network_known(self, trial: int, network: dict[str, Any]) -> None:
        self._network = network
        self._refresh()

    def batch_end(self, trial: int) -> None:
        if self._paused:
            self._wait()
        if self._wish == "now":
            raise KeyboardInterrupt

    def epoch_end(self, trial: int, epoch: int, logs: dict[str, float]) -> None:
        self._bar.epoch_end(trial, epoch, logs)
        self._trial, self._epoch = trial, epoch
        self._done += 1
        if "val_accuracy" in logs:
            accuracy = logs["val_accuracy"]
            self._curves.append({"trial": trial, "epoch": epoch, "val_accuracy": accuracy})
        self._refresh()

    def trial_end(self, row: dict[str, Any]) -> None:
        self._bar.trial_end(row)
        self._rows[row["trial"]] = row
        self.table = trials.to_table(self._rows.values())
        if self._live:
            self._leaders.value = self._leaders_html()
        self._refresh()
        if self._wish == "after" and row["trial"] < self._max_trials:
            raise KeyboardInterrupt

    def search_end(self) -> None:
        self._bar.search_end()
        if self._live:
            page = f"<p>{self._outcome()}</p>{self._picture_html()}{self._leaders_html()}"
            self._shown.update(HTML(page))
        elif html.in_kernel() and self.table["val_accuracy"].notna().any():
            ax = _plot(self.table, self._max_trials, luck=self._luck)
            source = "measured in this notebook"
            if self._luck is not None:
                source += ", the random searches earlier"
            plotting.show(ax, alt=self._alt(), source=source)
        else:
            print(self._outcome())

    # The widgets

    def _build(self) -> None:
        self._progress = ipywidgets.IntProgress(
            max=self._max_trials * self._epochs, description="Epochs"
        )
        self._status, self._picture, self._leaders = (ipywidgets.HTML() for _ in range(3))
        self._pause = html.button("Pause", self._toggle, icon="pause")
        self._after = html.button("Stop after this trial", self._stop_after, icon="step-forward")
        self._now = html.button("Stop now, keep the best", self._stop_now, icon="stop")
        buttons = [self._pause, self._after, self._now]
        row = ipywidgets.HBox(buttons, layout=ipywidgets.Layout(flex_flow="row wrap"))
        parts = [self._progress, self._status, row, self._picture, self._leaders]
        self._shown = display(ipywidgets.VBox(parts), display_id=True)
        for button in buttons:
            answer_while_busy(button)
        self._refresh()

    def _toggle(self) -> None:
        self._paused = not self._paused
        self._pause.description = "Continue" if self._paused else "Pause"
        self._pause.icon = "play" if self._paused else "pause"

    def _stop_after(self) -> None:
        self._wish = "after"
        self._after.description = "Will stop after this trial"

    def _stop_now(self) -> None:
        self._wish = "now"
        self._now.description = "Stopping"

    def _wait(self) -> None:
        paused_at = time.perf_counter()
        self._next_picture = 0.0  # now it costs the search nothing
        self._refresh()
        while self._paused and self._wish != "now":
            time.sleep(0.1)
        self._idle += time.perf_counter() - paused_at
        self._refresh()

    def _refresh(self) -> None:
        if not self._live:
            return
        finished = self._trial in self._rows
        done = self._epochs if finished else self._epoch
        self._progress.value = max(self._trial - 1, 0) * self._epochs + done
        self._status.value = f"<p>{self._progress_text()}</p><p>{self._network_text()}</p>"
        if time.perf_counter() >= self._next_picture:
            began = time.thread_time()  # on a busy machine only what the picture itself costs
            self._picture.value = self._picture_html()
            self._next_picture = time.perf_counter() + (time.thread_time() - began) / SHARE

    def _progress_text(self) -> str:
        text = f"Trial {max(self._trial, 1)} of {self._max_trials}"
        if self._epoch:
            text += f", epoch {self._epoch} of {self._epochs}"
        if self._done:
            left = (self._max_trials - self._trial + 1) * self._epochs - self._epoch
            spent = time.perf_counter() - self._began - self._idle
            text += f", about {_duration(left * spent / self._done)} left"
        memory = psutil.Process().memory_info().rss / 2**20
        return f"{'Paused. ' * self._paused}{text}. Memory: {memory:,.0f} MiB."

    def _network_text(self) -> str:
        if not self._network:
            return "Building the next network."
        text = f"<code>{escape(self._network['architecture'])}</code>, "
        text += f"{self._network['n_params']:,} parameters"
        mark = self._network["fingerprint"]
        for number, row in self._rows.items():
            if number != self._trial and row.get("fingerprint") == mark:
                text += f", <b>the same network as trial {number}</b>"
                break
        heard = [e["val_accuracy"] for e in self._curves if e["trial"] == self._trial]
        if heard:
            text += ". Validation accuracy, epoch by epoch: "
            text += ", ".join(f"{accuracy:.3f}" for accuracy in heard)
        return f"{text}."

    def _outcome(self) -> str:
        if self.table.empty:
            return f"{self._done} of {self._max_trials * self._epochs} epochs trained."
        text = f"{len(self.table)} of {self._max_trials} trials finished"
        if self.table["val_accuracy"].notna().any():
            best = trials.best(self.table)
            text += f"; the best is trial {best['trial']}, {best['val_accuracy']:.3f}"
        return f"{text}."

    def _picture_html(self) -> str:
        curves = trials.curves_to_table(self._curves)
        known = self.table["val_accuracy"].notna().any()
        if not known and curves.empty:
            return ""
        with plt.rc_context(plotting.STYLE):
            figure, axes = plt.subplots(1, 2, figsize=(9, 2.9))
        figure.subplots_adjust(0.09, 0.16, 0.99, 0.97, wspace=0.25)  # faster than a layout engine
        _plot(self.table, self._max_trials, luck=self._luck, ax=axes[0])
        if not curves.empty:
            best = [trials.best(self.table)["trial"]] if known else []
            plotting.plot_curves(curves[curves["trial"].isin([*best, self._trial])], ax=axes[1])
            axes[1].set_xlim(0.5, self._epochs + 0.5)
            _mark_percents(axes[1])
        else:
            axes[1].set_axis_off()
        return html.image(axes, self._alt())

    def _alt(self) -> str:
        parts = [f"Trials as dots, and the best accuracy so far as a staircase. {self._outcome()}"]
        if self.table["duplicate_of"].notna().any():
            parts.append("Empty dots are networks that had been trained before.")
        if (self.table["status"] == "failed").any():
            parts.append("Crosses are failed trials.")
        if self._luck is not None:
            parts.append("The gray band holds nine of ten random searches.")
        return " ".join(parts)

    def _leaders_html(self) -> str:
        return html.table(leaderboard(self.table), "The best trials") if self._rows else ""

    # The replay

    @staticmethod
    def replay(
        recording: pd.DataFrame | Search,
        *,
        strategy: str | None = None,
        fixed: Iterable[str] = ("optimizer", "learning_rate"),
    ) -> None:
        """Play a finished search trial by trial; what comes next is asked before it is shown.

        Parameters
        ----------
        recording
            A search, or the trial table of one, for instance a part of
            ``trials.recorded("strategies")``.
        strategy
            Which one it was, where the recording does not say so.  Of greedy search each move is
            shown in AutoKeras's trie, see `greedy_moves`.
        fixed
            Hyperparameters that were not searched.
        """
        table, stopped = recording, ""
        if isinstance(recording, Search):
            table, stopped = recording.table, recording.stopped
            if isinstance(recording.tuner.oracle, GreedyOracle):
                strategy = strategy or "greedy"
        if table.empty or table["trial"].duplicated().any():
            raise CourseError(
                f"The recording holds {len(table)} rows and {table['trial'].nunique()} different "
                "trials: give the rows of one search, each trial once."
            )
        if "strategy" in table:
            strategy = strategy or table["strategy"].iloc[0]
        table = table.drop(columns=["strategy", "seed"], errors="ignore").reset_index(drop=True)
        moves = greedy_moves(table, fixed=fixed) if strategy == "greedy" else []
        if html.work():
            display(_Replay(table, moves, stopped).box)
        elif moves:
            display(_moves_table(table, moves))
        else:
            display(trials.summary(table))


def luck(table: pd.DataFrame, n_trials: int, *, searches: int = 500, seed: int = 0) -> np.ndarray:
    """What random searches of so many trials reach: best accuracies so far, (searches, trials).

    The trials of random search are independent draws, so any few of the recorded ones, in any
    order, are a random search too.  A failed trial counts as accuracy 0.

    Parameters
    ----------
    table
        Recorded trials of random search, of one search or of several.  Of fewer trials than
        ``n_trials`` the searches are as short as that.
    """
    if table.empty:
        raise CourseError("The baseline has no trials: give a table of random search.")
    accuracy = table["val_accuracy"].astype(float).fillna(0).to_numpy()
    rng = np.random.default_rng(seed)
    draws = [rng.permutation(accuracy)[:n_trials] for _ in range(searches)]
    return np.maximum.accumulate(draws, axis=1)


def leaderboard(table: pd.DataFrame, *, most: int = MOST) -> pd.DataFrame:
    """The best trials, then those that failed, each with a note on what is odd about it."""
    ordered = table.sort_values(
        ["val_accuracy", "n_params", "trial"], ascending=[False, True, True], ignore_index=True
    )
    failed = ordered["status"] == "failed"  # they have no accuracy, so they come last
    shown = ordered[failed | (ordered.index < most)]
    notes = [
        f"failed: {row['message']}"
        if row["status"] == "failed"
        else f"same network as trial {row['duplicate_of']}"
        if pd.notna(row["duplicate_of"])
        else ""
        for _, row in shown.iterrows()
    ]
    board = pd.DataFrame(
        {
            "trial": shown["trial"],
            "validation accuracy": [_number(value, ".3f") for value in shown["val_accuracy"]],
            "parameters": [_number(value, ",") for value in shown["n_params"]],
            "architecture": shown["architecture"].fillna(""),
            "note": notes,
        }
    )
    return board if any(notes) else board.drop(columns="note")


# Greedy, move by move


class Move(NamedTuple):
    """What greedy search did in one trial, seen from the best trial before it."""

    trial: int
    incumbent: int
    trie: Trie  # of the incumbent's hyperparameters
    node: TrieNode | None  # the smallest that explains the move; None where no value has changed
    redrawn: dict[str, tuple[Any, Any]]  # name: (value of the incumbent, value now)
    kept: dict[str, Any]
    gone: dict[str, Any]  # hyperparameters that the network no longer has
    new: dict[str, Any]  # hyperparameters that the incumbent did not have

    @property
    def drawn(self) -> str:
        """The drawn node's name."""
        if self.node is None:
            return "nothing to be seen"
        return _node_name(self.trie, self.node)

    @property
    def chance(self) -> float:
        """How probable it was to draw this node, or one with the same hyperparameters below it."""
        weight = {node: 1 / node.num_leaves for node in self.trie.nodes}
        names = self.trie.get_hp_names(self.node)
        same = [node for node in weight if self.trie.get_hp_names(node) == names]
        return sum(weight[node] for node in same) / sum(weight.values())


def greedy_moves(
    table: pd.DataFrame, *, fixed: Iterable[str] = ("optimizer", "learning_rate")
) -> list[Move]:
    """What greedy search changed in each trial after the first.

    A recording tells the values, and not the node that was drawn.  The node is inferred: the
    smallest one that has all changed hyperparameters below it.  A larger one may have been drawn,
    if by luck some values came out as they were.
    """
    names = [name for name in trials.hyperparameters(table) if name not in set(fixed)]
    rows = table.set_index("trial")
    values = rows[names].astype(object)
    moves = []
    for trial in rows.index[1:]:
        before = rows.loc[: trial - 1, "val_accuracy"].astype(float)
        incumbent = before.index[0] if before.isna().all() else before.idxmax()
        old, now = (values.loc[at].dropna().to_dict() for at in (incumbent, trial))
        trie = Trie()
        for name in old:
            trie.insert(name)
        both = [name for name in old if name in now]
        redrawn = {name: (old[name], now[name]) for name in both if old[name] != now[name]}
        covering = [n for n in trie.nodes if redrawn.keys() <= set(trie.get_hp_names(n))]
        # Of a node and its only child the child: they have the same hyperparameters below them.
        node = min(reversed(covering), key=lambda n: n.num_leaves) if redrawn else None
        kept = {name: old[name] for name in both if name not in redrawn}
        gone = {name: value for name, value in old.items() if name not in now}
        new = {name: value for name, value in now.items() if name not in old}
        moves.append(Move(int(trial), int(incumbent), trie, node, redrawn, kept, gone, new))
    return moves


def _moves_table(table: pd.DataFrame, moves: Sequence[Move]) -> pd.DataFrame:
    rows = table.set_index("trial")
    frame = pd.DataFrame(
        {
            "trial": [move.trial for move in moves],
            "from trial": [move.incumbent for move in moves],
            "node drawn": [move.drawn for move in moves],
            "resampled": [_arrows(move.redrawn) for move in moves],
            "new": [html.listed(move.new) for move in moves],
            "val_accuracy": [_number(rows["val_accuracy"][m.trial], ".3f") for m in moves],
        }
    )
    return frame.set_index("trial")


def _node_name(trie: Trie, node: TrieNode) -> str:
    if node is trie.root:
        return "the root: everything"
    paths = [name.split("/") for name in trie.get_hp_names(node)]
    return "/".join(os.path.commonprefix(paths))


def _arrows(redrawn: Mapping[str, tuple[Any, Any]]) -> str:
    return ", ".join(
        f"{name} {html.word(old)} → {html.word(now)}" for name, (old, now) in redrawn.items()
    )


class _Replay:
    """A recorded search with a slider, and a question before each trial."""

    def __init__(self, table: pd.DataFrame, moves: Sequence[Move], stopped: str):
        self.table, self.stopped = table, stopped
        self.moves = {move.trial: move for move in moves}
        self.known = self.asked = self.right = 0
        last = len(table)
        self.slider = ipywidgets.IntSlider(1, 1, last, description="Trial", continuous_update=False)
        self.guess = ipywidgets.RadioButtons(
            options=["It beats the best so far.", "It does not."], index=None, description="Guess"
        )
        self.button = html.button("Reveal", self._press, icon="eye")
        self.page, self.verdict = ipywidgets.HTML(), ipywidgets.HTML()
        controls = [self.slider, self.guess, self.button, self.verdict]
        self.box = ipywidgets.VBox([*controls, self.page])
        self.slider.observe(lambda _: self._turn(), "value")
        self._turn()

    def _press(self) -> None:
        trial = self.slider.value
        if trial <= self.known:
            self.slider.value = trial + 1
            return
        self.known = trial
        if self.guess.index is not None:
            self.asked += 1
            self.right += (self.guess.index == 0) == self._beats(trial)
        self._turn()

    def _turn(self) -> None:
        trial = self.slider.value
        self.known = max(self.known, trial - 1)
        hidden = trial > self.known
        if hidden:
            self.guess.index = None
        self.guess.layout.display = "" if hidden and trial > 1 else "none"
        self.button.description = f"Reveal trial {trial}" if hidden else "Next trial"
        self.button.disabled = not hidden and trial == len(self.table)
        self.verdict.value = (
            f"<p>Guessed right: {self.right} of {self.asked}.</p>" if self.asked else ""
        )
        self.page.value = self._page(trial, hidden=hidden)

    def _beats(self, trial: int) -> bool:
        best_so_far = trials.incumbent(self.table).fillna(-1)
        return trial == 1 or bool(best_so_far[trial] > best_so_far[trial - 1])

    def _page(self, trial: int, *, hidden: bool) -> str:
        shown = self.table.iloc[: trial - hidden]
        text = self._question(trial) if hidden else self._answer(trial)
        if not hidden and trial == len(self.table) and self.stopped:
            text += f" The search ended: {self.stopped}."
        picture = tree = best = ""
        if trial in self.moves:
            tree = _trie_html(self.moves[trial], hidden=hidden)
        if shown["val_accuracy"].notna().any():
            with plt.rc_context(plotting.STYLE):  # small enough to stand beside the tree
                ax = plt.subplots(figsize=(4.6, 3.2), layout="constrained")[1]
            _plot(shown, len(self.table), ax=ax)
            best_so_far = f"the best so far is {shown['val_accuracy'].max():.3f}"
            picture = html.image(
                ax, f"Validation accuracy of trials 1 to {len(shown)}; {best_so_far}."
            )
            best = html.table(leaderboard(shown), "The best trials so far")
        return f"<p>{escape(text)}</p>{html.beside(tree, picture)}{best}"

    def _question(self, trial: int) -> str:
        if trial == 1:
            return "No network has been trained yet."
        before = self.table.iloc[: trial - 1]
        text = f"What comes next? Trial {trial} is not shown yet."
        if before["val_accuracy"].notna().any():
            text += f" The best so far is {before['val_accuracy'].max():.3f}."
        if trial in self.moves:
            text += (
                f" Greedy search starts from trial {self.moves[trial].incumbent}, draws one node of"
                " this tree, and draws all values below it anew: which one?"
            )
        return text

    def _answer(self, trial: int) -> str:
        row = self.table.iloc[trial - 1]
        if row["status"] == "failed":
            return f"Trial {trial} failed: {row['message']}"
        text = f"Trial {trial} reached {row['val_accuracy']:.3f} with {row['architecture']}: "
        text += "the new best." if self._beats(trial) else "not better than the best so far."
        if pd.notna(row["duplicate_of"]):
            text += f" It is the same network as trial {row['duplicate_of']}."
        return text


def _trie_html(move: Move, *, hidden: bool) -> str:
    """AutoKeras's trie as a nested list; once shown, with the drawn node and what became of it."""

    before = {**move.kept, **move.gone, **{name: old for name, (old, _) in move.redrawn.items()}}

    def items(node: TrieNode) -> str:
        return "".join(item(name, child) for name, child in node.children.items())

    def item(name: str, node: TrieNode) -> str:
        label = escape(name)
        if not hidden and node is move.node:
            label = f"<b>{label} ← drawn</b>"
        if not node.is_leaf():
            return f"<li>{label}<ul>{items(node)}</ul></li>"
        hp = node.hp_name
        if hp in move.redrawn and not hidden:
            old, now = move.redrawn[hp]
            return f"<li>{label}: {html.word(old)} → <b>{html.word(now)}, resampled</b></li>"
        fate = "" if hidden else ", gone" if hp in move.gone else ", kept"
        return f"<li>{label}: {html.word(before[hp])}{fate}</li>"

    root = "all hyperparameters"
    caption = ""
    if not hidden and move.node is not None:
        if move.node is move.trie.root:
            root = f"<b>{root} ← drawn</b>"
        caption = (
            f"The smallest node that explains the move: {escape(move.drawn)}. It had a chance "
            f"of {move.chance:.0%}."
        )
    elif not hidden:
        caption = "No value of the best trial has changed."
    if not hidden and move.new:
        caption += f" The best trial had no such values: {escape(html.listed(move.new))}."
    tree = f"<ul><li>{root}<ul>{items(move.trie.root)}</ul></li></ul>"
    style = "flex: 1 1 20em; max-width: 26em"
    return f'<div class="jp-RenderedHTMLCommon" style="{style}">{tree}<p>{caption}</p></div>'


# Pieces


def _plot(
    table: pd.DataFrame, last: int, *, luck: np.ndarray | None = None, ax: Axes | None = None
) -> Axes:
    """The trials so far, on an axis with room for all."""
    ax = plotting.plot_search(table, luck=luck, ax=ax)
    ax.set(ylabel="validation accuracy", xlim=(0.5, last + 0.5))
    _mark_percents(ax)
    return ax


def _mark_percents(ax: Axes) -> None:
    """Round ticks for accuracies, none above 100 percent."""
    ax.set_ylim(top=min(ax.get_ylim()[1], 1.005))  # the half percent keeps a dot at 1 whole
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")


def _duration(seconds: float) -> str:
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 100 else f"{round(seconds / 60)} min"


def _number(value: Any, style: str) -> str:
    return "" if pd.isna(value) else format(value, style)
