"""A finished search, trial by trial, and what greedy search changed in each.

>>> from nascourse import trials
>>> from nascourse.views import replay
>>> recorded = trials.recorded("strategies").query("strategy == 'greedy' and seed == 1")
>>> replay.replay(recorded)                                                   # doctest: +SKIP
>>> replay.greedy_moves(recorded)[0].resampled
{'conv/filters_1_0': (32, 8)}

Where widgets do not work, the replay is a table.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from nascourse import CourseError, trials
from nascourse._engine.compat import GreedyOracle
from nascourse.search import Search
from nascourse.views import html, svg
from nascourse.views.live import leaderboard

# isort: split
import ipywidgets
import pandas as pd
from IPython.display import display

FIXED = ("optimizer", "learning_rate")  # columns of AutoKeras's tables that were not searched


def replay(recording: pd.DataFrame | Search) -> None:
    """Play a finished search trial by trial; what comes next is asked before it is shown.

    Of greedy search each move is shown in AutoKeras's trie, see `greedy_moves`.

    Parameters
    ----------
    recording
        A search, or the trial table of one.  A column ``strategy`` says which strategy it was, as
        in ``trials.recorded("strategies")``.

    Raises
    ------
    CourseError
        The table is empty, or holds several searches.
    """
    if isinstance(recording, Search):
        table, stopped = recording.table, recording.stopped
        is_greedy = isinstance(recording.tuner.oracle, GreedyOracle)
    else:
        table, stopped = recording, ""
        is_greedy = "strategy" in table and "greedy" in table["strategy"].to_numpy()
    if table.empty or table["trial"].duplicated().any():
        raise CourseError(
            f"The recording holds {len(table)} rows and {table['trial'].nunique()} different "
            "trials: give the rows of one search, each trial once."
        )
    table = table.drop(columns=["strategy", "seed"], errors="ignore").reset_index(drop=True)
    moves = greedy_moves(table) if is_greedy else []
    if html.work():
        player = _Replay(table, moves, stopped)
        html.show(player.controls, player.page)
    else:
        display(_moves_table(table, moves) if moves else trials.summary(table))


class Move(NamedTuple):
    """What greedy search did in one trial, seen from the best trial before it.

    AutoKeras puts the names of the incumbent's hyperparameters into a trie, split at each "/", and
    draws one node of it: all values below that node are drawn anew.  A node is written as its path
    from the root, ``("conv", "filters")``; the root is ``()``.
    """

    trial: int
    incumbent: int  # the best trial before
    before: dict[str, Any]  # the incumbent's hyperparameters
    after: dict[str, Any]  # those of this trial

    @property
    def resampled(self) -> dict[str, tuple[Any, Any]]:
        """The values that differ: name, and the value of the incumbent and of this trial."""
        return {
            name: (old, self.after[name])
            for name, old in self.before.items()
            if self.after.get(name, old) != old
        }

    @property
    def new(self) -> dict[str, Any]:
        """Hyperparameters that the incumbent did not have."""
        return {name: value for name, value in self.after.items() if name not in self.before}

    @property
    def node(self) -> tuple[str, ...] | None:
        """The smallest node that explains the move; None where no value has changed."""
        paths = [name.split("/") for name in self.resampled]
        return tuple(os.path.commonprefix(paths)) if paths else None

    @property
    def drawn(self) -> str:
        """The drawn node's name."""
        if self.node is None:
            return "nothing to be seen"
        return "/".join(self.node) or "the root: everything"

    @property
    def chance(self) -> float:
        """How probable it was to draw this node, or one with the same hyperparameters below it.

        A node is drawn in proportion to one over the number of its leaves.
        """
        leaves = Counter(node for name in self.before for node in _prefixes(name.split("/")))
        nodes = _prefixes(self.node or ())
        same = [node for node in nodes if leaves[node] == leaves[nodes[-1]]]
        return sum(1 / leaves[node] for node in same) / sum(1 / n for n in leaves.values())


def _prefixes(path: Sequence[str]) -> list[tuple[str, ...]]:
    """A node and all nodes above it."""
    return [tuple(path[:depth]) for depth in range(len(path) + 1)]


def greedy_moves(table: pd.DataFrame) -> list[Move]:
    """What greedy search changed in each trial after the first.

    A recording holds the values, and not the node that was drawn.  The node is inferred: the
    smallest one that has all changed hyperparameters below it.  A larger one may have been drawn,
    if by luck some values came out as they were.
    """
    names = [name for name in trials.hyperparameters(table) if name not in FIXED]
    rows, column = table.set_index("trial"), trials.objective(table)
    sign = -1 if trials.smaller_is_better(table, column) else 1
    scores, values = sign * rows[column].astype(float), rows[names].astype(object)
    moves = []
    for trial in rows.index[1:]:
        earlier = scores.loc[: trial - 1]
        incumbent = earlier.index[0] if earlier.isna().all() else earlier.idxmax()
        before, after = (values.loc[number].dropna().to_dict() for number in (incumbent, trial))
        moves.append(Move(int(trial), int(incumbent), before, after))
    return moves


def _moves_table(table: pd.DataFrame, moves: Sequence[Move]) -> pd.DataFrame:
    column = trials.objective(table)
    values = table.set_index("trial")[column]
    rows = [
        {
            "trial": move.trial,
            "from trial": move.incumbent,
            "node drawn": move.drawn,
            "resampled": ", ".join(
                f"{name} {html.word(old)} → {html.word(new)}"
                for name, (old, new) in move.resampled.items()
            ),
            "new": html.listed(move.new),
            column: html.number(values[move.trial], ".3f"),
        }
        for move in moves
    ]
    return pd.DataFrame(rows).set_index("trial")


def _trie_html(move: Move, *, hidden: bool) -> str:
    """AutoKeras's trie as a nested list; once shown, with the drawn node and what became of it."""
    trie: dict[str, dict] = {}
    for name in move.before:
        branch = trie
        for part in name.split("/"):
            branch = branch.setdefault(part, {})

    def item(path: tuple[str, ...], children: dict[str, dict]) -> str:
        label = escape(path[-1]) if path else "all hyperparameters"
        if not hidden and path == move.node:
            label = f"<b>{label} ← drawn</b>"
        if path and not children:
            return f"<li>{label}: {value('/'.join(path))}</li>"
        items = "".join(item((*path, part), below) for part, below in children.items())
        return f"<li>{label}<ul>{items}</ul></li>"

    def value(name: str) -> str:
        old = html.word(move.before[name])
        if hidden:
            return old
        if name in move.resampled:
            return f"{old} → <b>{html.word(move.after[name])}, resampled</b>"
        return f"{old}, {'kept' if name in move.after else 'gone'}"

    caption = "" if hidden else _trie_caption(move)
    style = "flex: 1 1 20em; max-width: 26em"
    return (
        f'<div class="jp-RenderedHTMLCommon" style="{style}"><ul>{item((), trie)}</ul>'
        f"<p>{caption}</p></div>"
    )


def _trie_caption(move: Move) -> str:
    text = "No value of the best trial has changed."
    if move.node is not None:
        text = (
            f"The smallest node that explains the move: {escape(move.drawn)}. It had a chance "
            f"of {move.chance:.0%}."
        )
    if move.new:
        text += f" The best trial had no such values: {escape(html.listed(move.new))}."
    return text


class _Replay:
    """A recorded search with a slider, and a question before each trial."""

    def __init__(self, table: pd.DataFrame, moves: Sequence[Move], stopped: str):
        self.table, self.stopped = table, stopped
        self.moves = {move.trial: move for move in moves}
        self.column = trials.objective(table)
        self.best_so_far = trials.incumbent(table)
        is_better = self.best_so_far.ne(self.best_so_far.shift())
        self.is_new_best = (self.best_so_far.notna() & is_better).tolist()
        self.revealed = self.guesses = self.right_guesses = 0
        self.slider = ipywidgets.IntSlider(
            1, 1, len(table), description="Trial", continuous_update=False
        )
        self.guess = ipywidgets.RadioButtons(
            options=["It beats the best so far.", "It does not."], index=None, description="Guess"
        )
        self.button = html.button("Reveal", self._press, icon="eye")
        self.page, self.verdict = ipywidgets.HTML(), ipywidgets.HTML()
        self.controls = [self.slider, self.guess, self.button, self.verdict]
        self.slider.observe(lambda _: self._turn(), "value")
        self._turn()

    def _press(self) -> None:
        trial = self.slider.value
        if trial <= self.revealed:
            self.slider.value = trial + 1
            return
        self.revealed = trial
        if self.guess.index is not None:
            self.guesses += 1
            self.right_guesses += (self.guess.index == 0) == self.is_new_best[trial - 1]
        self._turn()

    def _turn(self) -> None:
        trial = self.slider.value
        self.revealed = max(self.revealed, trial - 1)
        hidden = trial > self.revealed
        if hidden:
            self.guess.index = None
        self.guess.layout.display = "" if hidden and trial > 1 else "none"
        self.button.description = f"Reveal trial {trial}" if hidden else "Next trial"
        self.button.disabled = not hidden and trial == len(self.table)
        self.verdict.value = (
            f"<p>Guessed right: {self.right_guesses} of {self.guesses}.</p>" if self.guesses else ""
        )
        self.page.value = self._page(trial, hidden=hidden)

    def _page(self, trial: int, *, hidden: bool) -> str:
        shown = self.table.iloc[: trial - hidden]
        text = self._question(trial) if hidden else self._answer(trial)
        if not hidden and trial == len(self.table) and self.stopped:
            text += f" The search ended: {self.stopped}."
        picture = trie = best = ""
        if trial in self.moves:
            trie = _trie_html(self.moves[trial], hidden=hidden)
        if shown[self.column].notna().any():
            best_so_far = f"the best so far is {self.best_so_far.iloc[len(shown) - 1]:.3f}"
            named = trials.words(self.column).capitalize()
            alt = f"{named} of trials 1 to {len(shown)}; {best_so_far}."
            picture = svg.image(svg.plot_search(shown, len(self.table), alt=alt))
            best = html.table(leaderboard(shown), "The best trials so far")
        return f"<p>{escape(text)}</p>{html.beside(trie, picture)}{best}"

    def _question(self, trial: int) -> str:
        if trial == 1:
            return "No network has been trained yet."
        text = f"What comes next? Trial {trial} is not shown yet."
        best_so_far = self.best_so_far.iloc[trial - 2]
        if pd.notna(best_so_far):
            text += f" The best so far is {best_so_far:.3f}."
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
        text = f"Trial {trial} reached {row[self.column]:.3f} with {row['architecture']}: "
        new_best = self.is_new_best[trial - 1]
        text += "the new best." if new_best else "not better than the best so far."
        if pd.notna(row["duplicate_of"]):
            text += f" It is the same network as trial {row['duplicate_of']}."
        return text
