"""What does `run_search` cost over AutoKeras alone?  Prints the ratio of seconds; aim 1.03.

Both search the same space with the same oracle and the same seeds, so they train the very same
networks.  A machine's speed drifts by more than the difference, so they take turns, the first one
changes, and the ratio is the median over the turns.
"""

import os
import tempfile
import time
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from nascourse import data, search, spaces, strategies
from nascourse._engine import loops

# isort: split
import autokeras as ak
import keras
import numpy as np
from autokeras.engine.tuner import AutoTuner

TRIALS, EPOCHS, SEED, TURNS = 3, 5, 1, 8


class SeededTuner(AutoTuner):
    """AutoKeras's tuner, which trains the same networks as `run_search`, and does no more."""

    def __init__(self, *, objective, max_trials, seed, **kwargs):
        super().__init__(**kwargs)

    def pre_create_trial(self):
        number = len(self.oracle.trials) + 1
        keras.utils.set_random_seed(loops.trial_seed(SEED, number))

    def on_trial_begin(self, trial):
        keras.utils.set_random_seed(loops.trial_seed(SEED, int(trial.trial_id) + 1))


def plain(splits: data.Splits, folder: str) -> list[float]:
    space = spaces.autokeras_space()
    oracle = strategies.make_oracle(
        "greedy",
        max_trials=TRIALS,
        seed=SEED,
        first=space.first,
        hyperparameters=loops.fixed_hyperparameters(space.fixed),
    )
    model = ak.AutoModel(
        space.inputs,
        space.outputs,
        tuner=SeededTuner,
        directory=folder,
        objective="val_accuracy",
        oracle=oracle,
    )
    one_hot = np.eye(10, dtype="float32")
    model.fit(
        splits.x_train,
        one_hot[splits.y_train],
        validation_data=(splits.x_val, one_hot[splits.y_val]),
        epochs=EPOCHS,
        batch_size=64,
        callbacks=[keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=EPOCHS)],
        verbose=0,
    )
    return [model.tuner.oracle.trials[f"{n}"].score for n in range(TRIALS)]


def ours(splits: data.Splits, folder: str) -> list[float]:
    found = search.run_search(
        spaces.autokeras_space(),
        splits,
        strategy="greedy",
        max_trials=TRIALS,
        epochs=EPOCHS,
        seed=SEED,
        directory=folder,
        observer=search.ProgressBar(),
    )
    return found.table["val_accuracy"].tolist()


def main() -> None:
    splits = data.load_mnist("bundled")
    runs = {"plain": plain, "ours": ours}
    ratios = []
    for turn in range(TURNS + 1):  # turn 0 warms up
        seconds, scores = {}, {}
        for name in sorted(runs, reverse=turn % 2):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                scores[name] = runs[name](splits, folder)
                seconds[name] = time.perf_counter() - start
        assert np.allclose(scores["plain"], scores["ours"]), "they trained different networks"
        ratio = seconds["ours"] / seconds["plain"]
        print(f"turn {turn}: plain {seconds['plain']:.1f} s, ours {seconds['ours']:.1f} s")
        if turn:
            ratios.append(ratio)
    print(
        f"run_search over plain AutoKeras, {TRIALS} trials x {EPOCHS} epochs: {median(ratios):.3f} "
        f"(median of {TURNS} turns, {min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
