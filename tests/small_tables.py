"""A table of six networks by hand, with its space, for tests of the benchmark."""

from __future__ import annotations

import keras_tuner
import pandas as pd

from nascourse.benchmark import Benchmark

# Two networks with one block and four with two: (blocks, kind, filters), and their accuracies
# after two epochs with seed 0; with seed 1 they are larger by SEED_1.
NETWORKS = [(1, "plain", None), (1, "thin", None), (2, "plain", 4), (2, "plain", 8)]
NETWORKS += [(2, "thin", 4), (2, "thin", 8)]
VAL = [0.50, 0.60, 0.40, 0.70, 0.65, 0.80]
TEST = [0.52, 0.58, 0.41, 0.71, 0.66, 0.69]
SEED_1 = {"val": 0.05, "test": 0.02}


def small_table(*, without: int | None = None, held_out: pd.DataFrame | None = None) -> Benchmark:
    """The table, perhaps without one network, or with further trainings of single ones."""
    numbers = [number for number in range(6) if number != without]
    blocks, kind, filters = zip(*(NETWORKS[number] for number in numbers))
    networks = pd.DataFrame(
        {
            "network": numbers,
            "blocks": blocks,
            "kind": kind,
            "n_params": [[10, 5, 60, 40, 20, 80][number] for number in numbers],
            "naswot": [[1.5, None, 2.0, 2.5, 3.5, 4.5][number] for number in numbers],
            "filters": filters,
        }
    )
    rows = [
        {
            "network": number,
            "seed": seed,
            "epoch": epoch,
            "loss": 1.0 / epoch,
            "val_loss": 2.0 / epoch,
            "val_accuracy": VAL[number] + SEED_1["val"] * seed - 0.1 * (2 - epoch),
            "test_accuracy": TEST[number] + SEED_1["test"] * seed if epoch == 2 else None,
            "seconds": number + 1.0,
        }
        for number in numbers
        for seed in (0, 1)
        for epoch in (1, 2)
    ]
    return Benchmark(networks, pd.concat([pd.DataFrame(rows), held_out]), of=6)


def small_space() -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Choice("blocks", [1, 2])
    hp.Choice("kind", ["plain", "thin"])
    with hp.conditional_scope("blocks", [2]):
        hp.Choice("filters", [4, 8])
    return hp
