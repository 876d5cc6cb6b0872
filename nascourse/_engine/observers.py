"""Observers: what a search reports while it runs, and a progress bar that shows it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from nascourse import trials


class Observer:
    """The events of a search, with trials and epochs counted from 1; this one ignores them.

    A search that goes on first reports the trials that it has, by ``trial_end``.  An observer that
    raises ``KeyboardInterrupt`` stops the search, as Ctrl-C does; its finished trials stay.

    Attributes
    ----------
    objective : what the search looks at, which it sets before it begins: a column, and ``"max"`` or
        ``"min"``
    """

    objective: tuple[str, str] = trials.ACCURACY

    def search_begin(self, max_trials: int, epochs: int) -> None: ...
    def trial_begin(self, trial: int) -> None: ...
    def network_known(self, trial: int, network: dict[str, Any]) -> None: ...
    # After each batch of training or validation, and between the steps of making a network's graph.
    def batch_end(self, trial: int) -> None: ...
    def epoch_end(self, trial: int, epoch: int, logs: dict[str, float]) -> None: ...
    def trial_end(self, row: dict[str, Any]) -> None: ...
    def waiting(self, line: str) -> None: ...  # for workers; the line is empty while they live
    def search_end(self) -> None: ...


class ProgressBar(Observer):
    """One line with the epochs done, the time left and the best trial so far."""

    def __init__(self, *, disable: bool = False):
        self._disable = disable

    def search_begin(self, max_trials: int, epochs: int) -> None:
        self._epochs, self._values = epochs, list[float]()
        self._bar = tqdm(
            total=max_trials * epochs,
            unit="epoch",
            file=sys.stdout,
            leave=False,
            disable=self._disable or sys.stdout is None,  # as under pythonw
            bar_format="{desc} {bar:20} {n_fmt}/{total_fmt} epochs, {remaining} left{postfix}",
        )

    def trial_begin(self, trial: int) -> None:
        self._bar.set_description_str(f"trial {trial}")
        self._bar.update((trial - 1) * self._epochs - self._bar.n)  # skip what was stopped early

    def epoch_end(self, trial: int, epoch: int, logs: dict[str, float]) -> None:
        self._bar.update()

    def trial_end(self, row: dict[str, Any]) -> None:
        column, direction = self.objective
        if row.get(column) is not None:
            self._values.append(row[column])
        if self._values:
            best = (max if direction == "max" else min)(self._values)
            self._bar.set_postfix_str(f"best {trials.words(column)} {best:.3f}")

    def search_end(self) -> None:
        self._bar.close()


@contextlib.contextmanager
def watched(observer: Observer | None, epochs: int) -> Iterator[Observer]:
    """Report one training to an observer, by default a `ProgressBar`, as a search of one trial."""
    observer = ProgressBar() if observer is None else observer
    observer.search_begin(1, epochs)
    try:
        observer.trial_begin(1)
        yield observer
    finally:
        observer.search_end()
