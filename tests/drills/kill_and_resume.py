"""Kill searches with SIGKILL at random moments, resume them, and count what was lost.

    python tests/drills/kill_and_resume.py --times 20 [--kinds random greedy evolution] [--seed 0]

Each victim is a process of its own, killed within a second after a random number of trials, none
included.  When all are dead, each search goes on here, and must end in the very table, the curves
and the weights of one that nobody disturbed, having trained at most one trial twice.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nascourse import search, spaces
from nascourse._engine.recording import parse
from nascourse.data import Splits, load_mnist

# isort: split
import keras
import numpy as np
import pandas as pd
from keras import layers

TRIALS, EPOCHS = 3, 2
PATIENCE = 120  # seconds for the trials before a kill: a busy machine takes its time
KINDS = ("random", "evolution", "greedy")


def small_space(hp) -> keras.Model:
    """Networks that train in no time."""
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    x = layers.Dense(hp.Choice("units", [4, 8, 12, 16, 20, 24]), activation="relu")(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def small_autokeras_space() -> spaces.AutoKerasSpace:
    """The same with the course's own blocks."""
    space = spaces.autokeras_space(filters=(1, 2), kernels=(3,))
    return replace(space, first=dict(space.first) | {"conv/num_blocks": 1})


def small_splits() -> Splits:
    splits = load_mnist("bundled")
    return replace(
        splits,
        x_train=splits.x_train[:200],
        y_train=splits.y_train[:200],
        x_val=splits.x_val[:100],
        y_val=splits.y_val[:100],
    )


def run(kind: str, folder: Path, **options) -> search.Search:
    """A search with KerasTuner's own loop, or with AutoKeras for ``greedy``."""
    return search.run_search(
        small_autokeras_space() if kind == "greedy" else small_space,
        small_splits(),
        strategy=kind,
        directory=folder,
        max_trials=TRIALS,
        epochs=EPOCHS,
        seed=1,
        **{"observer": search.Observer(), **options},
    )


class CountTrials(search.Observer):
    """How many trials were begun, and how many it began with."""

    def __init__(self):
        self.begun = 0

    def trial_begin(self, trial: int) -> None:
        self.begun += 1


def finished(folder: Path) -> int:
    """How many trials the folder holds: 0 before its file is there."""
    try:
        return len(parse((folder / "search.json").read_text("utf-8")).trials)
    except FileNotFoundError:
        return 0


def differences(one: search.Search, other: search.Search) -> list[str]:
    """What of two searches is not the same, bit for bit; seconds do not count."""
    found = []
    for part, ours, theirs in (
        ("table", one.table.drop(columns="seconds"), other.table.drop(columns="seconds")),
        ("curves", one.curves, other.curves),
    ):
        try:
            pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
        except AssertionError:
            found.append(part)
    weights = [search.best_model().get_weights() for search in (one, other)]
    if not all(np.array_equal(a, b) for a, b in zip(*weights, strict=True)):
        found.append("weights of the best network")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill and resume; return 0 if nothing but the trial in progress was lost each time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20, help="kills of each kind of search")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--seed", type=int, default=0, help="draws the moments")
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)

    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        folders = {
            kind: [Path(scratch) / f"{kind}{time_}" for time_ in range(options.times)]
            for kind in options.kinds
        }
        # A process that has run TensorFlow cannot be forked, so all die before the first goes on.
        for kind in options.kinds:
            for folder in folders[kind]:
                search_and_die(kind, folder, rng.integers(TRIALS), rng.random())
        for kind in options.kinds:
            undisturbed = run(kind, Path(scratch) / kind)
            good, kept = 0, []
            for time_, folder in enumerate(folders[kind]):
                kept.append(finished(folder))
                problems = resumed_badly(kind, folder, undisturbed, kept[-1])
                good += not problems
                for problem in problems:
                    print(f"{kind}, kill {time_ + 1}, after trial {kept[-1]}: {problem}")
            print(
                f"{kind}: {good} of {options.times} as if nothing had been; killed with "
                f"{min(kept)} to {max(kept)} of {TRIALS} trials finished",
                flush=True,
            )
            bad += options.times - good
    return 1 if bad else 0


def search_and_die(kind: str, folder: Path, trials: int, seconds: float) -> None:
    """Search in a process that is killed so many seconds after so many trials."""
    victim = multiprocessing.get_context("fork").Process(target=run, args=(kind, folder))
    victim.start()
    given_up = time.monotonic() + PATIENCE
    while finished(folder) < trials and victim.is_alive() and time.monotonic() < given_up:
        time.sleep(0.01)
    victim.join(seconds)
    victim.kill()
    victim.join()


def resumed_badly(kind: str, folder: Path, undisturbed: search.Search, kept: int) -> list[str]:
    """Resume a killed search; what is then wrong."""
    count = CountTrials()
    try:
        resumed = run(kind, folder, observer=count)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and shown
        return [f"{type(error).__name__}: {error}"]
    problems = differences(resumed, undisturbed)
    if count.begun != TRIALS - kept:
        problems.append(f"{count.begun} trials trained, {TRIALS - kept} were missing")
    return problems


if __name__ == "__main__":
    sys.exit(main())
