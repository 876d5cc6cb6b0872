"""Record the trials of a search while they run, and report them to its observer."""

from __future__ import annotations

import time
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
import numpy as np
from keras_tuner.errors import FailedTrialError

from nascourse._engine.costs import count_params, flops_if_known
from nascourse._engine.observers import Observer
from nascourse._engine.recording import Recording
from nascourse.spaces import describe, fingerprint

NO_REASON = "KerasTuner gave no reason."


class TrialRecorder:
    """Collects what a trial brings, one trial at a time: its network, its learning curve, its row.

    Attributes
    ----------
    recording, observer : the folder of the search, and who is told of it
    tries : how many processes have begun the trial at hand
    curve : its learning curve, one dict an epoch
    network : fingerprint, architecture, n_params and flops, once they are known
    failure : why the trial failed, should it fail
    """

    def __init__(self, recording: Recording, observer: Observer, objective: tuple[str, str]):
        self.recording, self.observer, self._objective = recording, observer, objective

    def begin(self, number: int) -> None:
        """Begin the trial with this number, from 1."""
        self.tries = self.recording.begin_trial()
        self.curve: list[dict[str, Any]] = []
        self.network: dict[str, Any] = {}
        self.failure = NO_REASON
        self._number, self._started = number, time.perf_counter()
        self.observer.trial_begin(number)

    def batch_end(self, model: keras.Model) -> None:
        """Report a batch, and the network at the first: some are built only when they train."""
        if not self.network:
            self.network = {
                "fingerprint": fingerprint(model),
                "architecture": describe(model),
                "n_params": count_params(model),
                "flops": flops_if_known(model),
            }
            self.observer.network_known(self._number, self.network)
        self.listen()

    def listen(self) -> None:
        """Let the observer pause or stop the search between two batches, or before the first."""
        self.observer.batch_end(self._number)

    def epoch_end(self, metrics: dict[str, float]) -> None:
        """Add an epoch to the learning curve; a second training of the network goes on with it."""
        epoch = len(self.curve) + 1
        place = {"trial": self._number, "epoch": epoch}
        self.curve.append(place | metrics | place)  # whatever a callback calls by these names
        self.observer.epoch_end(self._number, epoch, metrics)

    def best_epoch(self) -> dict[str, Any]:
        """The best of the epochs after which the network was validated; fail if there is none."""
        if not self.curve:
            raise FailedTrialError(
                "No epoch was reported: let the fit of the HyperModel hand **kwargs, with the "
                "callbacks, to model.fit."
            )
        column, direction = self._objective
        validated = [epoch for epoch in self.curve if column in epoch]
        if not validated:
            reported = sorted(self.curve[-1].keys() - {"trial", "epoch"})
            raise FailedTrialError(
                f"The training reported {', '.join(reported)}, and no {column}: "
                f"compile with metrics=[{column.removeprefix('val_')!r}]."
            )
        return (max if direction == "max" else min)(validated, key=lambda epoch: epoch[column])

    def judged_by(self, returned: Any) -> Any:
        """What a trial is judged by whose own ``fit`` has returned this.

        A number counts, and so do metrics by their names.  Of a learning curve the best epoch
        counts, whose weights are kept; KerasTuner would take the mean of a dict of lists.
        """
        column = self._objective[0]
        is_dict = isinstance(returned, dict)
        value = returned.get(column) if is_dict else returned
        if isinstance(value, keras.callbacks.History) or (is_dict and isinstance(value, list)):
            return {column: self.best_epoch()[column]}
        if isinstance(value, (float, np.floating)) and not np.isfinite(value):
            raise FailedTrialError(f"The fit of the HyperModel returned {value} as {column}.")
        return returned

    def row(self, score: float | None) -> dict[str, Any]:
        """The trial's row of the table, without its hyperparameters; no score: it has failed."""
        row = {
            "trial": self._number,
            "status": "failed" if score is None else "completed",
            "epochs": len(self.curve),
            "seconds": round(time.perf_counter() - self._started, 3),
            **self.network,
        }
        if score is None:
            return row | {"message": self.failure}
        best = self.best_epoch()
        row |= {name: best[name] for name in ("val_accuracy", "val_loss") if name in best}
        return row | {self._objective[0]: score, "best_epoch": best["epoch"]}

    def report(self, number: int, network: dict[str, Any], curve: list[dict[str, Any]]) -> None:
        """Report a trial that was trained elsewhere as if it ran now."""
        self.observer.trial_begin(number)
        if network:
            self.observer.network_known(number, network)
        self.observer.batch_end(number)
        for epoch in curve:
            metrics = {k: value for k, value in epoch.items() if k not in ("trial", "epoch")}
            self.observer.epoch_end(number, epoch["epoch"], metrics)
