"""A search to look at: while it runs, replayed, or looked up in the table.

>>> from nascourse import dashboard, trials
>>> view = dashboard.SearchView(baseline=trials.recorded("random_cnn"))
>>> found = search.run_search(..., observer=view)                             # doctest: +SKIP
>>> dashboard.SearchView.replay(found)                                        # doctest: +SKIP
>>> dashboard.explore(bench)                                                  # doctest: +SKIP

`beat_the_search` is a game on MNIST-NAS-Bench, and `tradeoff` a slider along its sizes.

Where widgets work (a notebook with a live kernel) these are interactive.  Where they do not, or
where the environment variable ``NASCOURSE_WIDGETS`` is ``off``, the same calls give a quiet
progress bar, a figure or a table.

The buttons of a running search act at once in JupyterLab, which hands a click to a second thread
of the kernel (a subshell).  In other front ends a click may arrive only after the search.  Their
own stop button (Interrupt) works everywhere: the search ends, and its finished trials stay.
"""

from __future__ import annotations

import base64
import html
import io
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from nascourse import CourseError, benchmark, evaluation, plotting, spaces, trials
from nascourse.search import Observer, ProgressBar, Search

# isort: split
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
from autokeras.tuners.greedy import GreedyOracle, Trie, TrieNode
from IPython import get_ipython
from IPython.display import HTML, display
from matplotlib.axes import Axes

VARIABLE = "NASCOURSE_WIDGETS"
SHARE = 0.01  # of a search's time may go into drawing it
MOST = 5  # rows of the leaderboard
STRATEGIES = ("random", "evolution", "greedy")  # a player's opponents
TABLE = "MNIST-NAS-Bench"


def widgets_work() -> bool:
    """Whether there is a kernel, and nobody has turned widgets off."""
    return _in_kernel() and os.environ.get(VARIABLE) != "off"


def _in_kernel() -> bool:
    return getattr(get_ipython(), "kernel", None) is not None


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
    """

    def __init__(self, *, baseline: pd.DataFrame | None = None):
        self._baseline = baseline

    def search_begin(self, max_trials: int, epochs: int) -> None:
        self._max_trials, self._epochs = max_trials, epochs
        self._luck = None if self._baseline is None else luck(self._baseline, max_trials)
        self._rows: dict[int, dict[str, Any]] = {}
        self._curves: list[dict[str, float]] = []
        self._network: dict[str, Any] = {}
        self._trial = self._epoch = self._done = 0
        self._began, self._idle, self._next_picture = time.perf_counter(), 0.0, 0.0
        self._paused, self._wish = False, ""
        self._live = widgets_work()
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
        elif _in_kernel() and self.table["val_accuracy"].notna().any():
            ax = plotting.plot_search(self.table, luck=self._luck)
            plotting.show(ax, alt=self._alt(), source="measured in this notebook")
        else:
            print(self._outcome())

    @property
    def table(self) -> pd.DataFrame:
        """The trial table so far."""
        return trials.to_table(self._rows.values())

    # The widgets

    def _build(self) -> None:
        self._progress = ipywidgets.IntProgress(
            max=self._max_trials * self._epochs, description="Epochs"
        )
        self._status, self._picture, self._leaders = (ipywidgets.HTML() for _ in range(3))
        self._pause = _button("Pause", self._toggle, icon="pause")
        self._after = _button("Stop after this trial", self._stop_after, icon="step-forward")
        self._now = _button("Stop now, keep the best", self._stop_now, icon="stop")
        buttons = [self._pause, self._after, self._now]
        row = ipywidgets.HBox(buttons, layout=ipywidgets.Layout(flex_flow="row wrap"))
        parts = [self._progress, self._status, row, self._picture, self._leaders]
        self._shown = display(ipywidgets.VBox(parts), display_id=True)
        for button in buttons:
            _answer_while_busy(button)
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
        now = time.perf_counter()
        if now >= self._next_picture:
            self._picture.value = self._picture_html()
            drawn = time.perf_counter()
            self._next_picture = drawn + (drawn - now) / SHARE

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
        text = f"<code>{html.escape(self._network['architecture'])}</code>, "
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
        table = self.table
        if table.empty:
            return f"{self._done} of {self._max_trials * self._epochs} epochs trained."
        text = f"{len(table)} of {self._max_trials} trials finished"
        if table["val_accuracy"].notna().any():
            best = trials.best(table)
            text += f"; the best is trial {best['trial']}, {best['val_accuracy']:.3f}"
        return f"{text}."

    def _picture_html(self) -> str:
        table, curves = self.table, trials.curves_to_table(self._curves)
        known = table["val_accuracy"].notna().any()
        if not known and curves.empty:
            return ""
        with plt.rc_context(plotting.STYLE):
            figure, axes = plt.subplots(1, 2, figsize=(9, 2.9))
        figure.subplots_adjust(0.09, 0.16, 0.99, 0.97, wspace=0.25)  # faster than a layout engine
        plotting.plot_search(table, luck=self._luck, ax=axes[0])
        axes[0].set(ylabel="validation accuracy", xlim=(0.5, self._max_trials + 0.5))
        if not curves.empty:
            best = [trials.best(table)["trial"]] if known else []
            plotting.plot_curves(curves[curves["trial"].isin([*best, self._trial])], ax=axes[1])
            axes[1].set_xlim(0.5, self._epochs + 0.5)
        else:
            axes[1].set_axis_off()
        return _image(axes, self._alt())

    def _alt(self) -> str:
        table = self.table
        parts = [f"Validation accuracy over the trials of a search. {self._outcome()}"]
        if table["duplicate_of"].notna().any():
            parts.append("Empty dots are networks that had been trained before.")
        if (table["status"] == "failed").any():
            parts.append("Crosses are failed trials.")
        if self._luck is not None:
            parts.append("The gray band holds nine of ten random searches.")
        return " ".join(parts)

    def _leaders_html(self) -> str:
        return _table_html(leaderboard(self.table), "The best trials") if self._rows else ""

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
        if widgets_work():
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
            "new": [_values(move.new) for move in moves],
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
    return ", ".join(f"{name} {_word(old)} → {_word(now)}" for name, (old, now) in redrawn.items())


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_word(value)}" for name, value in values.items())


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
        self.button = _button("Reveal", self._press, icon="eye")
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
            ax = plotting.plot_search(shown)
            ax.set_xlim(0.5, len(self.table) + 0.5)
            best_so_far = f"the best so far is {shown['val_accuracy'].max():.3f}"
            picture = _image(ax, f"Validation accuracy of trials 1 to {len(shown)}; {best_so_far}.")
            best = _table_html(leaderboard(shown), "The best trials so far")
        return f"<p>{html.escape(text)}</p>{_beside(tree, picture)}{best}"

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
        label = html.escape(name)
        if not hidden and node is move.node:
            label = f"<b>{label} ← drawn</b>"
        if not node.is_leaf():
            return f"<li>{label}<ul>{items(node)}</ul></li>"
        hp = node.hp_name
        if hp in move.redrawn and not hidden:
            old, now = move.redrawn[hp]
            return f"<li>{label}: {_word(old)} → <b>{_word(now)}, resampled</b></li>"
        fate = "" if hidden else ", gone" if hp in move.gone else ", kept"
        return f"<li>{label}: {_word(before[hp])}{fate}</li>"

    root = "all hyperparameters"
    caption = ""
    if not hidden and move.node is not None:
        if move.node is move.trie.root:
            root = f"<b>{root} ← drawn</b>"
        caption = (
            f"The smallest node that explains the move: {html.escape(move.drawn)}. It had a chance "
            f"of {move.chance:.0%}."
        )
    elif not hidden:
        caption = "No value of the best trial has changed."
    if not hidden and move.new:
        caption += f" The best trial had no such values: {html.escape(_values(move.new))}."
    tree = f"<ul><li>{root}<ul>{items(move.trie.root)}</ul></li></ul>"
    return (
        f'<div class="jp-RenderedHTMLCommon" style="max-width: 26em">{tree}<p>{caption}</p></div>'
    )


# MNIST-NAS-Bench


def explore(bench: benchmark.Benchmark, *, space: Callable[..., Any] = spaces.bench_space) -> None:
    """Pick a network of the table, and see it, its learning curve and what it costs.

    Parameters
    ----------
    bench, space
        The table, and the function that builds its networks.
    """
    picker = _Picker(bench, lambda: None)
    if not widgets_work():
        for ax, alt in _portrait(bench, picker.network, space):
            plotting.show(ax, alt=alt, source=TABLE)
        display(facts(bench, picker.network).to_frame())
        return
    page = ipywidgets.HTML()

    def show() -> None:
        known = facts(bench, picker.network).to_frame().reset_index(names="")
        layers, curve = (_image(*part) for part in _portrait(bench, picker.network, space))
        page.value = layers + _beside(curve, _table_html(known, "What the table knows"))

    picker.on_pick = show
    display(ipywidgets.VBox([picker.box, page]))
    show()


def facts(bench: benchmark.Benchmark, network: int) -> pd.Series:
    """What a learner may know of a network: costs, validation accuracy and rank, as text."""
    known = bench.facts(network)
    accuracies = bench.at(bench.epochs)
    rank = int((accuracies > accuracies[network]).sum()) + 1
    latency = known.get("latency_ms")
    return pd.Series(
        {
            "parameters": f"{known['n_params']:,}",
            "FLOPs for one image": f"{known['flops']:,}",
            "latency": "not measured" if latency is None else f"{latency:.2f} ms",
            f"validation accuracy, mean of {len(bench.seeds)} seeds": f"{accuracies[network]:.3f}",
            "rank": f"{rank} of {len(bench)}",
        },
        name=f"network {network}",
    )


def _portrait(
    bench: benchmark.Benchmark, network: int, space: Callable[..., Any]
) -> list[tuple[Axes, str]]:
    """A network's layers, and its learning curve, each with its alt text."""
    setting = _setting(bench, network)
    layers = plotting.plot_architecture(evaluation.layer_costs(spaces.built(space, setting)))
    curve = plotting.plot_seeds(bench.curves[bench.curves["network"] == network])
    alt = (
        f"Learning curve of network {network}: the mean of {len(bench.seeds)} seeds in a band that "
        f"holds them all; it ends at {bench.at(bench.epochs)[network]:.3f}."
    )
    return [(layers, f"The layers of network {network}: {_values(setting)}."), (curve, alt)]


def _setting(bench: benchmark.Benchmark, network: int) -> dict[str, Any]:
    """The choices of a network, as plain values."""
    row = bench.networks.loc[[network], list(bench.choices)]
    values = {name: row[name].tolist()[0] for name in row}
    return {name: value for name, value in values.items() if not pd.isna(value)}


class _Picker:
    """A dropdown for each choice; they offer only what leads to a network of the table."""

    def __init__(self, bench: benchmark.Benchmark, on_pick: Callable[[], None]):
        self.on_pick, self.choices = on_pick, bench.choices
        columns = [bench.networks[name].tolist() for name in bench.choices]
        self._numbers = {
            tuple(None if pd.isna(value) else value for value in key): number
            for number, key in zip(bench.networks.index, zip(*columns))
        }
        self._fitting = False
        self.boxes = {
            name: ipywidgets.Dropdown(description=name, style={"description_width": "9em"})
            for name in bench.choices
        }
        self._fit()
        for box in self.boxes.values():
            box.observe(self._changed, "value")
        layout = ipywidgets.Layout(flex_flow="row wrap")
        self.box = ipywidgets.HBox(list(self.boxes.values()), layout=layout)

    def _changed(self, _: Any) -> None:
        if not self._fitting:
            self._fit()
            self.on_pick()

    def _fit(self) -> None:
        """Offer in each box what the boxes before it leave possible, and keep what can be kept."""
        self._fitting, keys = True, list(self._numbers)
        for at, (name, box) in enumerate(self.boxes.items()):
            possible = {key[at] for key in keys}
            options = [value for value in [*self.choices[name], None] if value in possible]
            value = box.value if box.value in possible else options[0]
            box.options = [(_word(option), option) for option in options]
            box.value = value
            box.layout.display = "none" if options == [None] else ""
            keys = [key for key in keys if key[at] == value]
        self.network = int(self._numbers[keys[0]])
        self._fitting = False


def _word(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def beat_the_search(
    bench: benchmark.Benchmark, *, budget: int = 10, seeds: Iterable[int] = range(100)
) -> None:
    """Pick networks, then see how many searches of each strategy you have beaten.

    You hear what a strategy hears: the validation accuracy of one training.  As in a search, the
    best of your picks is judged by its test accuracy, once, at the end.  The races of the
    strategies take a few seconds, at the start.
    """
    searches = benchmark.simulate(list(STRATEGIES), budget=budget, seeds=seeds, benchmark=bench)
    ends = searches.groupby(["strategy", "seed"])["test_accuracy"].last()
    ends = {strategy: ends[strategy].to_numpy() for strategy in STRATEGIES}
    if widgets_work():
        display(_Game(bench, ends, budget).box)
    else:
        ax, alt = _race(ends, None)
        plotting.show(ax, alt=alt, source=f"searches of {budget} trials on {TABLE}")


def share_beaten(yours: float, theirs: Sequence[float]) -> float:
    """The share of searches that ended below yours; equals count half."""
    theirs = np.asarray(theirs)
    return float(np.mean((theirs < yours) + 0.5 * (theirs == yours)))


class _Game:
    """A player's search: pick, hear, and be judged when the budget is spent."""

    def __init__(self, bench: benchmark.Benchmark, ends: Mapping[str, np.ndarray], budget: int):
        self.bench, self.ends, self.budget = bench, ends, budget
        last = bench.curves[bench.curves["epoch"] == bench.epochs]
        self._heard = last.set_index(["network", "seed"])["val_accuracy"]
        self.picks: dict[int, float] = {}
        self.picker = _Picker(bench, self._show)
        self.button = _button("Train this network", self._train, icon="play")
        self.page = ipywidgets.HTML()
        self.box = ipywidgets.VBox([self.picker.box, self.button, self.page])
        self._show()

    def _train(self) -> None:
        network = self.picker.network
        seed = self.bench.seeds[len(self.picks) % len(self.bench.seeds)]
        self.picks[network] = float(self._heard[network, seed])
        self._show()

    def _show(self) -> None:
        over = len(self.picks) == self.budget
        trained = self.picker.network in self.picks
        self.button.disabled = over or trained
        text = f"Trained: {len(self.picks)} of {self.budget}."
        if trained and not over:
            text += " You have trained this network: pick another one."
        page = f"<p>{text}</p>"
        if over:
            page += self._judged()
        if self.picks:
            rows = [
                {
                    "pick": at,
                    "validation accuracy": f"{accuracy:.3f}",
                    "network": _values(_setting(self.bench, network)),
                }
                for at, (network, accuracy) in enumerate(self.picks.items(), 1)
            ]
            page += _table_html(pd.DataFrame(rows), "Your search")
        self.page.value = page

    def _judged(self) -> str:
        best = max(self.picks, key=self.picks.__getitem__)
        yours = self.bench.test_accuracy(best)
        beaten = ", ".join(
            f"{share_beaten(yours, theirs):.0%} of the {strategy} searches"
            for strategy, theirs in self.ends.items()
        )
        text = f"Your best pick has a test accuracy of {yours:.3f}. You are ahead of {beaten}."
        return f"<p><b>{text}</b></p>{_image(*_race(self.ends, yours))}"


def _race(ends: Mapping[str, np.ndarray], yours: float | None) -> tuple[Axes, str]:
    """Where the searches of each strategy end, and you among them, with the alt text."""
    ax = plotting.plot_shares(ends, by="test_accuracy")
    ax.set_ylabel("share of the searches at or below")
    medians = ", ".join(f"{name} {np.median(values):.3f}" for name, values in ends.items())
    alt = f"Test accuracies that the searches end with; their medians: {medians}."
    if yours is not None:
        ax.axvline(yours, color="black", linestyle="--", label="you")
        ax.legend(loc="upper left", frameon=False)
        alt += f" A dashed line shows yours, {yours:.3f}."
    return ax, alt


def tradeoff(bench: benchmark.Benchmark) -> None:
    """All networks by size and accuracy, with a limit on the size to move."""
    sizes = bench.networks["n_params"]
    limits = [_round(limit) for limit in np.geomspace(sizes.min(), sizes.max(), 15)][1:]
    if not widgets_work():
        ax, alt = _under(bench, limits[len(limits) // 2])
        plotting.show(ax, alt=alt, source=TABLE)
        return
    page = ipywidgets.HTML()
    slider = ipywidgets.SelectionSlider(
        options=[(f"{limit:,}", limit) for limit in limits],
        value=limits[len(limits) // 2],
        description="At most",
        continuous_update=False,
    )

    def show(_: Any = None) -> None:
        ax, alt = _under(bench, slider.value)
        page.value = f"{_image(ax, alt)}<p>{alt}</p>"

    slider.observe(show, "value")
    unit = ipywidgets.Label("parameters")
    display(ipywidgets.VBox([ipywidgets.HBox([slider, unit]), page]))
    show()


def best_under(bench: benchmark.Benchmark, limit: int) -> tuple[pd.Series, pd.Series]:
    """Of the networks with at most so many parameters: the one a search would choose, and the best.

    A search would choose by validation accuracy; the best is told by the test accuracy.
    """
    small = bench.final()
    small = small[small["n_params"] <= limit]
    if small.empty:
        least = bench.networks["n_params"].min()
        raise CourseError(
            f"No network has at most {limit:,} parameters: give a limit from {least:,}."
        )
    return tuple(small.loc[small[by].idxmax()] for by in ("val_accuracy", "test_accuracy"))


def _under(bench: benchmark.Benchmark, limit: int) -> tuple[Axes, str]:
    chosen, best = best_under(bench, limit)
    ax = plotting.plot_pareto(bench.final(), bench.pareto_front())
    end = ax.get_xlim()[1]
    ax.axvspan(limit, end, color=plotting.GRAY, alpha=0.15, linewidth=0)
    ax.set_xlim(right=end)
    for row, color, marker, label in (
        (chosen, plotting.BLUE, "s", "best in validation"),
        (best, plotting.ORANGE, "D", "best in the test"),
    ):
        ax.plot(row["n_params"], row["test_accuracy"], marker, color=color, ms=10, label=label)
    ax.legend(loc="lower right", frameon=False)
    alt = (
        f"With at most {limit:,} parameters the best network has {best['n_params']:,} and a test "
        f"accuracy of {best['test_accuracy']:.3f}. "
    )
    if chosen.name == best.name:
        alt += "A search that tries them all would choose it too."
    else:
        alt += (
            "A search that tries them all would choose by validation accuracy: it gets "
            f"{chosen['test_accuracy']:.3f}."
        )
    return ax, alt


# Pieces


def _button(text: str, press: Callable[[], None], *, icon: str = "") -> ipywidgets.Button:
    layout = ipywidgets.Layout(width="auto", align_self="flex-start")
    button = ipywidgets.Button(description=text, icon=icon, layout=layout)
    button.on_click(lambda _: press())
    return button


def _answer_while_busy(widget: ipywidgets.Widget) -> None:
    """Let a click be heard while the kernel's main thread trains.

    JupyterLab sends it to a subshell, but ipykernel 7.4 redirects it to the thread that spoke last
    on the widget's channel: here the main one.  Where it does not remember one, it obeys.
    """
    vars(widget.comm).pop("_reply_subshell_id", None)


def _image(ax: Axes | np.ndarray, alt: str) -> str:
    """The figure of ``ax`` as an HTML image, on white in every theme; closes it."""
    figure, png = np.ravel(ax)[0].figure, io.BytesIO()
    figure.savefig(png, format="png")
    plt.close(figure)
    data = base64.b64encode(png.getvalue()).decode()
    return (
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" '
        'style="max-width: 100%; background: white; padding: 4px">'
    )


def _beside(*parts: str) -> str:
    """One part beside the other, where there is room."""
    style = "display: flex; flex-wrap: wrap; gap: 2em; align-items: flex-start"
    return f'<div style="{style}">{"".join(parts)}</div>'


def _table_html(frame: pd.DataFrame, caption: str) -> str:
    """A table of text; JupyterLab gives it the colors of the theme."""
    head = "".join(f'<th scope="col" {_LEFT}>{html.escape(name)}</th>' for name in frame)
    rows = "".join(
        f"<tr>{''.join(f'<td {_LEFT}>{html.escape(str(value))}</td>' for value in row)}</tr>"
        for row in frame.itertuples(index=False)
    )
    return (
        '<div class="jp-RenderedHTMLCommon"><table style="margin-left: 0">'
        f"<caption {_LEFT}>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


_LEFT = 'style="text-align: left"'


def _duration(seconds: float) -> str:
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 100 else f"{round(seconds / 60)} min"


def _number(value: Any, style: str) -> str:
    return "" if pd.isna(value) else format(value, style)


def _round(number: float) -> int:
    """Up to two digits, so that no network falls out."""
    unit = 10 ** max(int(np.log10(number)) - 1, 0)
    return int(np.ceil(number / unit)) * unit
