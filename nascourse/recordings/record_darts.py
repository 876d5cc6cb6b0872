"""Record gradient-based search against its rivals at equal cost and on equal images, many seeds.

    python nascourse/recordings/record_darts.py MNIST.npz --seeds 20
    python nascourse/recordings/record_darts.py MNIST.npz --collapse --seeds 5
    python nascourse/recordings/record_darts.py --test

Each strategy ends with one cell.  All choose it with the 4,000 training images alone, cut in the
same two halves: weights learn from one, and the choice is made by the other.  The network of the cell
is then trained alone on all 4,000 and judged by the 10,000 official test images.  What is read on the
way, by the mixture above all, are the 1,000 images of MNIST-NAS-Bench's small validation set.  Neither
has a say in anything, and the bundled images that a learner's project keeps sealed are not touched.

``--collapse`` searches long, with quick architecture weights, for the skips that take over in papers.
``--test`` compares the strategies seed by seed.  A recording goes on where it was stopped, with one
row for each finished search; delete its files to begin anew.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import recorder

recorder.use_one_thread()

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import bench_training as training
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from scipy import stats
from sklearn.metrics import accuracy_score

from nascourse import data, evaluation
from nascourse.methods import darts
from nascourse.search import Observer

EPOCHS, WARM_UP = 20, 6
SHARING_EPOCHS, JUDGED = 90, 60  # take about as long as 20 epochs of DARTS
SINGLY = 8  # so do eight trainings of a cell alone, on half of the images
# Tried by hand with single seeds: at a rate of 0.1 a search had 2 skips from epoch 11 on, 4 at
# epoch 40; at 0.3 its cell froze early, with 2; with 640 images it ended with 2 as well.
COLLAPSE_EPOCHS, COLLAPSE_RATE = 80, 0.1
RIVALS = ("weight sharing", "eight cells trained", "one cell drawn")
COLUMNS = [
    *("seed", "strategy", "cell", "skips", "n_params", "seconds"),
    *("mixed", "discretized", "val_accuracy", "test_accuracy"),
]
FOLDER = Path(__file__).parent

# A strategy's cell, its other columns, and its epochs where it has some.
Outcome = tuple[darts.Cell, dict[str, float], pd.DataFrame | None]
Strategy = Callable[[data.Splits, int], Outcome]


# ---------------------------------------------------------------- the strategies


def by_descent(
    splits: data.Splits,
    seed: int,
    *,
    epochs: int = EPOCHS,
    warm_up: int = 0,
    alpha_rate: float = darts.ALPHA_RATE,
) -> Outcome:
    search = darts.search(
        splits,
        epochs=epochs,
        seed=seed,
        warm_up=warm_up,
        alpha_rate=alpha_rate,
        observer=Observer(),
    )
    last = search.table[["seconds", "mixed", "discretized"]].iloc[-1]
    return search.cell(), last.to_dict(), search.table.reset_index()


def by_sharing(
    splits: data.Splits, seed: int, *, epochs: int = SHARING_EPOCHS, judged: int = JUDGED
) -> Outcome:
    """Random search with weight sharing (Li & Talwalkar 2019): the rival without ``alpha``.

    The weights of the mixed network learn from one half, one random cell a batch; then random cells
    are judged by the other half with these weights.
    """
    network = darts.MixedNetwork(seed=seed)
    weight_half, judge_half = darts.halves(splits, seed=seed)
    rng = np.random.default_rng(seed)

    def loss(x: tf.Tensor, y: tf.Tensor, cell: tf.Tensor) -> tf.Tensor:
        return darts.cross_entropy(y, network.logits(x, cell))

    step = darts.descend(loss, network.weights, darts.weight_optimizer(epochs, weight_half))
    start = time.process_time()
    for _ in range(epochs):
        for batch in darts.batches(weight_half, rng):
            step(*batch, darts.numbers(darts.random_cell(rng)))
    cells = dict.fromkeys(darts.random_cell(rng) for _ in range(judged))  # each once
    accuracies = {cell: network.accuracy(*judge_half, cell) for cell in cells}
    best = max(accuracies, key=accuracies.__getitem__)
    return best, {"seconds": time.process_time() - start, "discretized": accuracies[best]}, None


def by_training(splits: data.Splits, seed: int, *, cells: int = SINGLY) -> Outcome:
    """Train some random cells on one half, each alone, and choose by the other."""
    rng = np.random.default_rng(seed)
    drawn = [darts.random_cell(rng) for _ in range(cells)]
    if cells == 1:
        return drawn[0], {"seconds": 0.0}, None
    (x, y), other_half = darts.halves(splits, seed=seed)
    half = replace(splits, x_train=x, y_train=y)
    start = time.process_time()
    accuracies = [
        darts.retrain(cell, half, seed=seed).evaluate(*other_half, verbose=0)[1] for cell in drawn
    ]
    return drawn[int(np.argmax(accuracies))], {"seconds": time.process_time() - start}, None


STRATEGIES: dict[str, Strategy] = {
    "DARTS": by_descent,
    "DARTS, warm-up": lambda splits, seed: by_descent(splits, seed, warm_up=WARM_UP),
    "weight sharing": by_sharing,
    "eight cells trained": by_training,
    "one cell drawn": lambda splits, seed: by_training(splits, seed, cells=1),
}
COLLAPSE: dict[str, Strategy] = {
    "DARTS, long": lambda splits, seed: by_descent(
        splits, seed, epochs=COLLAPSE_EPOCHS, alpha_rate=COLLAPSE_RATE
    )
}


# ---------------------------------------------------------------- the recording


def load_splits(mnist: str) -> data.Splits:
    """The table's training images and small validation set, and MNIST's test images."""
    images = training.load_images(mnist)
    return replace(
        data.load_mnist("bundled", test_data=mnist),
        x_val=images.x_judging[: images.n_small],
        y_val=images.y_judging[: images.n_small],
    )


def record(
    strategies: dict[str, Strategy],
    seeds: Iterable[int],
    splits: data.Splits,
    results: Path,
    epochs: Path,
) -> None:
    """Run what the files do not have yet."""
    test = evaluation.open_test_set(splits)
    rows = recorder.rows_in(results)
    curves = [pd.read_csv(epochs)] if epochs.exists() else []
    done = {(row["strategy"], row["seed"]) for row in rows}
    for seed in seeds:
        for strategy, choose in strategies.items():
            if (strategy, seed) in done:
                continue
            cell, columns, curve = choose(splits, seed)
            model = darts.retrain(cell, splits, seed=seed)
            row = {"seed": seed, "strategy": strategy, **columns}
            row |= {"cell": ", ".join(cell), "skips": cell.count("skip")}
            row["n_params"] = evaluation.count_params(model)
            row["val_accuracy"] = model.evaluate(splits.x_val, splits.y_val, verbose=0)[1]
            row["test_accuracy"] = accuracy_score(test.y, evaluation.predict(model, test.x))
            rows.append(row)
            if curve is not None:
                curves.append(curve.assign(strategy=strategy, seed=seed).round(4))
                # If this is cut off before the row below is written, it is recorded twice.
                table = pd.concat(curves).drop_duplicates(
                    ["strategy", "seed", "epoch"], keep="last"
                )
                recorder.save(table, epochs)
            recorder.save(pd.DataFrame(rows, columns=COLUMNS).round(4), results)
            print(row, flush=True)
            keras.backend.clear_session()


def compare(results: pd.DataFrame) -> pd.DataFrame:
    """Gradient against each rival, seed by seed: an exact test, corrected for their number.

    If a strategy made no difference, each seed's difference could as well have the other sign: the
    test counts in how many of the 2^n ways to set the signs the mean is as far from 0.  Holm's
    correction is for how many pairs were looked at.
    """
    accuracy = results.pivot(index="seed", columns="strategy", values="test_accuracy").dropna()
    rows = []
    for ours in ("DARTS", "DARTS, warm-up"):
        for rival in RIVALS:
            difference = accuracy[ours] - accuracy[rival]
            test = stats.permutation_test(
                (difference,),
                np.mean,
                permutation_type="samples",
                n_resamples=2 ** len(difference),
                batch=2**14,
                vectorized=True,
            )
            row = {"strategy": ours, "rival": rival, "seeds": len(difference)}
            row |= {"mean_difference": difference.mean(), "wins": int((difference > 0).sum())}
            rows.append(row | {"p": test.pvalue})
    table = pd.DataFrame(rows)
    ordered = table["p"].sort_values()
    table["p_holm"] = (ordered * np.arange(len(ordered), 0, -1)).cummax().clip(upper=1)
    return table.round(5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mnist", nargs="?", help="the full MNIST, whose test images judge")
    parser.add_argument("--seeds", type=int, default=20, help="how many, from 0")
    parser.add_argument(
        "--collapse", action="store_true", help="the long searches, for skips that win"
    )
    parser.add_argument("--test", action="store_true", help="only compare what is recorded")
    parser.add_argument("--to", type=Path, default=FOLDER, help="another folder")
    options = parser.parse_args()
    if options.test:
        print(compare(pd.read_csv(options.to / "darts.csv")).to_string(index=False))
        return
    if options.mnist is None:
        parser.error("a recording needs the full MNIST as a file")
    name = "darts_collapse" if options.collapse else "darts"
    record(
        COLLAPSE if options.collapse else STRATEGIES,
        range(options.seeds),
        load_splits(options.mnist),
        options.to / f"{name}.csv",
        options.to / f"{name}_epochs.csv",
    )


if __name__ == "__main__":
    main()
