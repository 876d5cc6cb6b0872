"""What an observer hears of a search, for tests of the views."""

from __future__ import annotations

from nascourse.search import Observer


def network(mark: str = "a", n_params: int = 1000) -> dict:
    words = {"a": "8@3x3 flatten 10", "b": "16@3x3 flatten 10"}.get(mark, "<b> flatten 10")
    return {"fingerprint": mark, "architecture": words, "n_params": n_params, "flops": 5000}


def ended(trial: int, accuracy: float | None, mark: str = "a") -> dict:
    row = {"trial": trial, "epochs": 2, "seconds": 1.0, **network(mark)}
    if accuracy is None:
        return {**row, "status": "failed", "message": "ValueError: it broke."}
    return {**row, "status": "completed", "val_accuracy": accuracy, "best_epoch": 2}


def begin(view: Observer, *, trials: int = 3) -> Observer:
    view.search_begin(trials, 2)
    return view


def run_trial(view: Observer, trial: int, mark: str = "a", *accuracies: float) -> None:
    view.trial_begin(trial)
    view.network_known(trial, network(mark))
    for epoch, accuracy in enumerate(accuracies, 1):
        view.batch_end(trial)
        view.epoch_end(trial, epoch, {"val_accuracy": accuracy})
