"""What does `run_search` cost over the libraries alone, and over the arithmetic of its networks?

    python tests/benchmarks/bench_search.py              # all ratios; takes most of an hour
    python tests/benchmarks/bench_search.py kerastuner --trials 3 --turns 2

=============  ====================================================================  ====  ====
name           ratio                                                                  bar   aim
=============  ====================================================================  ====  ====
``autokeras``  `run_search` over AutoKeras alone, 5 random trials                    0.80  0.65
``kerastuner`` `run_search` over KerasTuner alone, 10 random trials                  0.80  0.65
``limit``      `run_search` over the same networks with whole epochs in one graph,
               which neither saves nor shows anything                                1.45  1.25
=============  ====================================================================  ====  ====

Random search proposes the same networks to both, whatever it hears of them.  A machine's speed
drifts by more than the difference, so they take turns, the first one changes, and a ratio is the
median over the turns: of seconds, and of the seconds of processors, which say more on a machine
that has other work.
"""

import argparse
import os
import tempfile
import time
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from nascourse import data, search, spaces, strategies

# isort: split
import autokeras as ak
import keras
import keras_tuner
import numpy as np
import tensorflow as tf
from autokeras.engine.tuner import AutoTuner

EPOCHS, SEED, BATCH = 5, 1, 64
SPLITS = data.load_mnist("bundled")


def fit_options(one_hot=lambda labels: labels) -> dict:
    return {
        "validation_data": (SPLITS.x_val, one_hot(SPLITS.y_val)),
        "epochs": EPOCHS,
        "batch_size": BATCH,
        "callbacks": [keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=EPOCHS)],
        "verbose": 0,
    }


class PlainAutoTuner(AutoTuner):
    """AutoKeras's tuner with an oracle from outside."""

    def __init__(self, *, objective, max_trials, seed, **kwargs):
        super().__init__(**kwargs)


def autokeras_alone(trials: int, folder: str) -> keras_tuner.Oracle:
    space = spaces.autokeras_space()
    fixed = keras_tuner.HyperParameters()
    for name, value in space.fixed.items():
        fixed.Fixed(name, value)
    oracle = strategies.make_oracle("random", max_trials=trials, seed=SEED, hyperparameters=fixed)
    model = ak.AutoModel(
        space.inputs,
        space.outputs,
        tuner=PlainAutoTuner,
        directory=folder,
        objective="val_accuracy",
        oracle=oracle,
    )

    def one_hot(labels: np.ndarray) -> np.ndarray:
        return np.eye(10, dtype="float32")[labels]

    model.fit(SPLITS.x_train, one_hot(SPLITS.y_train), **fit_options(one_hot))
    return oracle


def kerastuner_alone(trials: int, folder: str) -> keras_tuner.Oracle:
    oracle = strategies.make_oracle("random", max_trials=trials, seed=SEED)
    tuner = keras_tuner.Tuner(oracle, spaces.cnn_space, directory=folder)
    tuner.search(SPLITS.x_train, SPLITS.y_train, **fit_options())
    return oracle


def ours(space, trials: int, folder: str) -> keras_tuner.Oracle:
    found = search.run_search(
        space,
        SPLITS,
        strategy="random",
        max_trials=trials,
        epochs=EPOCHS,
        seed=SEED,
        directory=folder,
        observer=search.ProgressBar(disable=True),
    )
    return found.tuner.oracle


def whole_epochs_in_a_graph(trials: int, folder: str) -> keras_tuner.Oracle:
    """Train the networks of KerasTuner's search with nothing between their steps."""
    oracle = strategies.make_oracle("random", max_trials=trials, seed=SEED)
    keras_tuner.Tuner(oracle, spaces.cnn_space, directory=folder)  # tells the oracle its space
    oracle.verbose = 0
    arrays = (SPLITS.x_train, SPLITS.y_train, SPLITS.x_val, SPLITS.y_val)
    x, y, x_val, y_val = map(tf.constant, arrays)
    for _ in range(trials):
        trial = oracle.create_trial("limit")
        keras.backend.clear_session()
        model = spaces.cnn_space(trial.hyperparameters)
        model._symbolic_build(data_batch=(x[:2], y[:2]))

        @tf.function
        def epoch(model=model):
            model.reset_metrics()
            order = tf.random.shuffle(tf.range(len(y)))
            for first in tf.range(0, len(y), BATCH):
                images = order[first : first + BATCH]
                model.train_step((tf.gather(x, images), tf.gather(y, images)))
            model.reset_metrics()
            for first in tf.range(0, len(y_val), BATCH):
                model.test_step((x_val[first : first + BATCH], y_val[first : first + BATCH]))
            return model.get_metrics_result()

        accuracies = [float(epoch()["accuracy"]) for _ in range(EPOCHS)]
        oracle.update_trial(trial.trial_id, {"val_accuracy": max(accuracies)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return oracle


# name: trials, ours, and what it is divided by
RATIOS = {
    "autokeras": (5, lambda *a: ours(spaces.autokeras_space(), *a), autokeras_alone),
    "kerastuner": (10, lambda *a: ours(spaces.cnn_space, *a), kerastuner_alone),
    "limit": (10, lambda *a: ours(spaces.cnn_space, *a), whole_epochs_in_a_graph),
}


def measure(run, trials: int) -> tuple[np.ndarray, list[dict]]:
    """Seconds and processor seconds of one search, and what networks it trained."""
    with tempfile.TemporaryDirectory() as folder:
        keras.utils.set_random_seed(SEED)
        began = np.array([time.perf_counter(), time.process_time()])
        oracle = run(trials, folder)
        seconds = np.array([time.perf_counter(), time.process_time()]) - began
    return seconds, [
        oracle.trials[number].hyperparameters.values for number in sorted(oracle.trials)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(RATIOS)}")
    parser.add_argument("--trials", type=int)
    parser.add_argument("--turns", type=int, default=8)
    options = parser.parse_args()
    for name in options.names or RATIOS:
        trials, ours_, other = RATIOS[name]
        trials = options.trials or trials
        ratios = []
        for turn in range(options.turns):
            runs = [ours_, other][:: 1 if turn % 2 else -1]
            done = {run: measure(run, trials) for run in runs}
            (a, networks), (b, same) = done[ours_], done[other]
            assert networks == same, "they trained different networks"
            ratios.append(a / b)
            print(f"{name}, turn {turn + 1}: {a.round(1)} s over {b.round(1)} s", flush=True)
        walls, processors = zip(*ratios)
        print(
            f"run_search over {name}, {trials} trials x {EPOCHS} epochs: {median(walls):.2f} "
            f"({min(walls):.2f} to {max(walls):.2f}), of processor seconds {median(processors):.2f}"
        )


if __name__ == "__main__":
    main()
