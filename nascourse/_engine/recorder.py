"""Record the trials of a search while they run, and report them to its observer."""

from __future__ import annotations

import time
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras
from keras_tuner.errors import FailedTrialError

from nascourse import CourseError, trials
from nascourse._engine.costs import count_flops, count_params
from nascourse._engine.observers import Observer
from nascourse._engine.recording import Recording
from nascourse.spaces import describe, fingerprint


class TrialRecorder:
    """Collects what a trial brings, one trial at a time: its network, its learning curve, its row.

    Attributes
    ----------
    recording : the folder of the search
    tries : how many processes have begun the trial at hand
    curve : its learning curve, one dict an epoch
    network : fingerprint, architecture, n_params and flops, once they are known
    failure : why the trial failed, should it fail
    """

    def __init__(
        self,
        recording: Recording,
        observer: Observer,
        objective: tuple[str, str] = trials.ACCURACY,
    ):
        self.recording, self._observer, self._objective = recording, observer, objective

    def repeat(self) -> None:
        """Report the trials that the recording has from before."""
        for record in self.recording.content.trials:
            self._observer.trial_end(record["row"])

    def begin(self, number: int) -> None:
        """Begin the trial with this number, from 1."""
        self.tries = self.recording.begin_trial()
        self.curve: list[dict[str, Any]] = []
        self.network: dict[str, Any] = {}
        self.failure = "KerasTuner gave no reason."
        self._number, self._started = number, time.perf_counter()
        self._observer.trial_begin(number)

    def batch_end(self, model: keras.Model) -> None:
        """Report a batch, and the network at the first: some are built only when they train."""
        if not self.network:
            self.network = {
                "fingerprint": fingerprint(model),
                "architecture": describe(model),
                "n_params": count_params(model),
                "flops": _flops_if_known(model),
            }
            self._observer.network_known(self._number, self.network)
        self._observer.batch_end(self._number)

    def waiting(self, line: str) -> None:
        """Report that workers are waited for."""
        self._observer.waiting(line)

    def listen(self) -> None:
        """Let the observer pause or stop the search between two batches, or before the first."""
        self._observer.batch_end(self._number)

    def epoch_end(self, epoch: int, metrics: dict[str, float]) -> None:
        """Add an epoch, from 1, to the learning curve."""
        self.curve.append({"trial": self._number, "epoch": epoch, **metrics})
        self._observer.epoch_end(self._number, epoch, metrics)

    def check_curve(self) -> None:
        """Refuse a training that has not brought what trials are compared by."""
        if not self.curve:
            raise FailedTrialError(
                "No epoch was reported: let the fit of the HyperModel hand **kwargs, with the "
                "callbacks, to model.fit."
            )
        column = self._objective[0]
        if column not in self.curve[-1]:
            raise FailedTrialError(
                f"The training reported {', '.join(sorted(self.curve[-1]))}, and no {column}: "
                f"compile with metrics=[{column.removeprefix('val_')!r}]."
            )

    def row(self, *, completed: bool) -> dict[str, Any]:
        """The trial's row of the table, without its hyperparameters."""
        row = {
            "trial": self._number,
            "status": "completed" if completed else "failed",
            "epochs": len(self.curve),
            "seconds": round(time.perf_counter() - self._started, 3),
            **self.network,
        }
        if not completed:
            return row | {"message": self.failure}
        column, direction = self._objective
        best = (max if direction == "max" else min)(self.curve, key=lambda epoch: epoch[column])
        judged = {name: best[name] for name in ("val_accuracy", "val_loss", column) if name in best}
        return row | judged | {"best_epoch": best["epoch"]}

    def end(self, row: dict[str, Any], curve: list[dict[str, Any]]) -> None:
        """Write a finished trial; KerasTuner must have written its own files before."""
        self.recording.end_trial(row, curve)
        self._observer.trial_end(row)

    def report(self, number: int, network: dict[str, Any], curve: list[dict[str, Any]]) -> None:
        """Report a trial that was trained elsewhere as if it ran now."""
        self._observer.trial_begin(number)
        if network:
            self._observer.network_known(number, network)
        self._observer.batch_end(number)
        for epoch in curve:
            metrics = {k: value for k, value in epoch.items() if k not in ("trial", "epoch")}
            self._observer.epoch_end(number, epoch["epoch"], metrics)


def _flops_if_known(model: keras.Model) -> int | None:
    try:
        return count_flops(model)
    except (CourseError, AttributeError):  # a layer that the course does not know, or cannot see
        return None
