"""Record gradient-based search against its rivals at equal cost, several seeds.

    python nascourse/recordings/record_darts.py MNIST.npz

Each strategy ends with one cell, chosen without the test images; its network is trained alone and
judged by the 10,000 official test images, which have no say in anything.  Goes on where it was
stopped; a quarter of an hour of one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import recorder

recorder.use_one_thread()

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import keras
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score

from nascourse import data, evaluation
from nascourse.methods import darts
from nascourse.search import Observer

SEEDS = range(6)
EPOCHS, WARM_UP = 20, 6
SHARING_EPOCHS, JUDGED = 90, 60  # take about as long as 20 epochs of DARTS
SINGLY = 4  # so do four trainings of a cell alone
COLUMNS = [
    *("seed", "strategy", "cell", "skips", "n_params", "seconds"),
    *("mixed", "discretized", "val_accuracy", "test_accuracy"),
]
FOLDER = Path(__file__).parent


def by_descent(splits: data.Splits, seed: int, warm_up: int) -> tuple[dict, pd.DataFrame]:
    search = darts.search(splits, epochs=EPOCHS, seed=seed, warm_up=warm_up, observer=Observer())
    last = search.table.iloc[-1]
    row = {"seconds": last["seconds"], "mixed": last["mixed"], "discretized": last["discretized"]}
    return row | trained(search.cell(), splits, seed), search.table.reset_index()


def by_sharing(splits: data.Splits, seed: int) -> dict:
    table = darts.random_search(
        splits, epochs=SHARING_EPOCHS, judged=JUDGED, seed=seed, observer=Observer()
    )
    best = table.loc[0]
    row = {"seconds": table.attrs["seconds"], "discretized": best["accuracy"]}
    return row | trained(best["cell"], splits, seed)


def singly(splits: data.Splits, seed: int, cells: int) -> dict:
    """Train some random cells, each alone, and choose by the validation images."""
    rng = np.random.default_rng(seed)
    start = time.process_time()
    rows = [trained(darts.random_cell(rng), splits, seed) for _ in range(cells)]
    best = max(rows, key=lambda row: row["val_accuracy"])
    return {"seconds": time.process_time() - start if cells > 1 else 0.0} | best


def trained(cell: darts.Cell, splits: data.Splits, seed: int) -> dict:
    model = darts.retrain(cell, splits, seed=seed)
    return {
        "val_accuracy": model.evaluate(splits.x_val, splits.y_val, verbose=0)[1],
        "model": model,
        "n_params": evaluation.count_params(model),
        "skips": cell.count("skip"),
        "cell": ", ".join(cell),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mnist", help="the full MNIST, whose test images judge in the end")
    parser.add_argument("--to", type=Path, default=FOLDER)
    options = parser.parse_args()
    splits = data.load_mnist("bundled", test_data=options.mnist)
    test = evaluation.open_test_set(splits)
    strategies = {
        "DARTS": lambda seed: by_descent(splits, seed, 0),
        "DARTS, warm-up": lambda seed: by_descent(splits, seed, WARM_UP),
        "weight sharing": lambda seed: (by_sharing(splits, seed), None),
        "four cells trained": lambda seed: (singly(splits, seed, SINGLY), None),
        "one cell drawn": lambda seed: (singly(splits, seed, 1), None),
    }
    results, epochs = options.to / "darts.csv", options.to / "darts_epochs.csv"
    rows = recorder.rows_in(results)
    curves = [pd.read_csv(epochs)] if epochs.exists() else []
    done = {(row["strategy"], row["seed"]) for row in rows}
    for seed in SEEDS:
        for strategy, run in strategies.items():
            if (strategy, seed) in done:
                continue
            row, curve = run(seed)
            predicted = evaluation.predict(row.pop("model"), test.x)
            row = {"strategy": strategy, "seed": seed, **row}
            row["test_accuracy"] = accuracy_score(test.y, predicted)
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


if __name__ == "__main__":
    main()
