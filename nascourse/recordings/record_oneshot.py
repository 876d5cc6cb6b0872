"""Record what trained supernets say of all networks of MNIST-NAS-Bench.

    python nascourse/recordings/record_oneshot.py
    python nascourse/recordings/record_oneshot.py --bias

The first trains the supernets below on the bundled images, one after the other, and lets each judge
the 1,248 networks on the 800 validation images with the weights that they inherit.  It goes on where
it was stopped.  The test images have no say in it.

The second needs seconds: for each value of a choice, by how many places its networks stand too high
in a ranking.  It compares the supernets with two controls that share no weight: each network alone
after one epoch, and the truth itself, blurred until it orders networks no better than a supernet.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import recorder

recorder.use_one_thread()

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import numpy as np
import pandas as pd
import tensorflow as tf
from scipy import optimize, stats

from nascourse import benchmark, data, search, spaces
from nascourse._engine.ranges import is_active
from nascourse.methods import oneshot

FOLDER = Path(__file__).parent
FIVE = (1, 2, 3, 4, 5)
ROUND = 18  # the fewest networks among which each value of each choice can be equally frequent
CALIBRATION = 200  # training images
BIASED = ("body/skip", "head", "body/blocks", "conv/filters_1", "conv/filters_2")


@dataclass(frozen=True)
class Variant:
    """How a supernet is trained; the values are columns of the recording."""

    seed: int = 1
    epochs: int = oneshot.EPOCHS
    separate: str = "nothing"
    sampling: str = "choices"
    normalization: str = "nothing"


SUPERNETS = {
    **{f"seed {seed}": Variant(seed) for seed in FIVE},
    **{f"{epochs} epochs": Variant(epochs=epochs) for epochs in (25, 50, 100)},
    **{
        f"separate {name}": Variant(separate=name)
        for name in ("body/blocks", "body/halving", "body/skip", "conv/kernel")
    },
    **{f"networks, seed {seed}": Variant(seed, sampling="networks") for seed in FIVE},
    **{f"fair, seed {seed}": Variant(seed, sampling="fair") for seed in FIVE},
    **{f"normalized, seed {seed}": Variant(seed, normalization="batch") for seed in FIVE},
}


# ---------------------------------------------------------------- which network a batch trains


def networks_alike() -> Callable[[np.random.Generator], dict[str, Any]]:
    """Each network is equally probable, so most batches train three blocks."""
    settings = spaces.settings(spaces.bench_space)
    return lambda rng: settings[rng.integers(len(settings))]


def fair() -> Callable[[np.random.Generator], dict[str, Any]]:
    """In each round every value of a choice is drawn equally often (FairNAS; Chu et al. 2021).

    There the gradients of a round are added up before the weights move; here they move each time.
    """
    choices = spaces.declared(spaces.bench_space).space
    waiting: list[dict[str, Any]] = []

    def draw(rng: np.random.Generator) -> dict[str, Any]:
        if not waiting:
            waiting.extend({} for _ in range(ROUND))
            for choice in choices:
                values = list(choice.values)
                active = [s for s in waiting if is_active(choice, s)]
                for setting, number in zip(active, rng.permutation(len(active))):
                    setting[choice.name] = values[number % len(values)]
        return waiting.pop(rng.integers(len(waiting)))

    return draw


SAMPLING = {"choices": lambda: oneshot.sample, "networks": networks_alike, "fair": fair}


class Normalized(oneshot.Supernet):
    """A supernet with batch normalization after each convolution, recalibrated for each network.

    Running means would be those of all networks that pass by.  So a network is judged with means
    and variances of its own, from training images that go through it together with the others.
    """

    def __init__(self, images: np.ndarray, *, seed: int):
        super().__init__(seed=seed)
        self._images = images
        self._deciding: int | None = None  # images at the front that decide; all, in training

    def normalize(self, maps: tf.Tensor) -> tf.Tensor:
        mean, variance = tf.nn.moments(maps[: self._deciding], [0, 1, 2])
        return (maps - mean) * tf.math.rsqrt(variance + 1e-3)

    def logits_of_all(self, settings: Any, x: np.ndarray) -> Iterator[tuple[int, tf.Tensor]]:
        self._deciding = len(self._images)
        for number, logits in super().logits_of_all(settings, np.concatenate([self._images, x])):
            yield number, logits[self._deciding :]
        self._deciding = None


# ---------------------------------------------------------------- the recording


def judgments(variant: Variant, splits: data.Splits) -> tuple[list[int], dict[str, Any]]:
    """How many images each network reads right, and what that cost."""
    separate = () if variant.separate == "nothing" else variant.separate
    supernet = oneshot.Supernet(separate=separate, seed=variant.seed)
    if variant.normalization == "batch":
        supernet = Normalized(splits.x_train[:CALIBRATION], seed=variant.seed)
    start = time.process_time()
    oneshot.train_supernet(
        splits,
        epochs=variant.epochs,
        seed=variant.seed,
        supernet=supernet,
        draw=SAMPLING[variant.sampling](),
        observer=search.Observer(),
    )
    trained = time.process_time()
    table = supernet.rank(splits)
    seconds = {
        "train_seconds": round(trained - start, 1),
        "judge_seconds": round(time.process_time() - trained, 1),
    }
    right = (table["val_accuracy"] * len(splits.y_val)).round().astype(int)
    return right.tolist(), vars(variant) | seconds


def record(names: list[str], splits: data.Splits, folder: Path) -> None:
    """Train what the files in the folder do not have yet; a row is written last."""
    networks, supernets = folder / "oneshot.csv", folder / "oneshot_supernets.csv"
    defaults = {"sampling": Variant.sampling, "normalization": Variant.normalization}
    rows = [defaults | row for row in recorder.rows_in(supernets)]
    columns = pd.read_csv(networks).to_dict("list") if networks.exists() else {}
    for name in names:
        if name in [row["supernet"] for row in rows]:
            continue
        right, facts = judgments(SUPERNETS[name], splits)
        columns = {"network": range(len(right))} | columns | {name: right}
        rows.append({"supernet": name} | facts)
        recorder.save(pd.DataFrame(columns), networks)
        recorder.save(pd.DataFrame(rows)[["supernet", *facts]], supernets)
        print(rows[-1], flush=True)


# ---------------------------------------------------------------- bias, and its controls


def judges_of(recorded: pd.DataFrame, bench: benchmark.Benchmark) -> dict[str, pd.DataFrame]:
    """For each kind of judge one column a seed: what it says of each network."""
    judges = {"choices": recorded[[f"seed {seed}" for seed in FIVE]]}
    for kind in ("networks", "fair", "normalized"):
        columns = [name for name in recorded if name.startswith(f"{kind}, ")]
        if columns:
            judges[kind] = recorded[columns]
    first = bench.curves[bench.curves["epoch"] == 1]
    judges["alone, 1 epoch"] = first.pivot(index="network", columns="seed", values="val_accuracy")
    truth = bench.final()["test_accuracy"].astype(float)
    tau = recorded["seed 1"].corr(truth, method="kendall")
    judges["noise"] = pd.DataFrame({seed: blurred(truth, tau, seed=seed) for seed in FIVE})
    return judges


def blurred(truth: pd.Series, tau: float, *, seed: int) -> pd.Series:
    """The true ranks with as much noise as leaves this rank correlation with the truth."""
    ranks = truth.rank()
    noise = np.random.default_rng(seed).normal(0, len(truth), len(truth))

    def excess(share: float) -> float:
        return stats.kendalltau(ranks + share * noise, ranks).statistic - tau

    return ranks + optimize.brentq(excess, 0, 10, xtol=1e-3) * noise


def bias(judges: dict[str, pd.DataFrame], final: pd.DataFrame) -> pd.DataFrame:
    """By how many places networks with a value stand too high: mean and extremes of the seeds."""
    rows = []
    for kind, judgments_of_seeds in judges.items():
        too_high = judgments_of_seeds.rank().sub(final["test_accuracy"].rank(), axis=0)
        for choice in BIASED:
            for value, places in too_high.groupby(final[choice]).mean().iterrows():
                row = {"judge": kind, "choice": choice, "value": value, "mean": places.mean()}
                rows.append(row | {"lowest": places.min(), "highest": places.max()})
    return pd.DataFrame(rows).round(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=SUPERNETS, default=list(SUPERNETS))
    parser.add_argument("--bias", action="store_true", help="only compare what is recorded")
    parser.add_argument("--to", type=Path, default=FOLDER, help="another folder")
    options = parser.parse_args()
    if not options.bias:
        record(options.only, data.load_mnist("bundled"), options.to)
    recorded = pd.read_csv(options.to / "oneshot.csv").set_index("network")
    bench = benchmark.load_benchmark()
    table = bias(judges_of(recorded, bench), bench.final())
    recorder.save(table, options.to / "oneshot_bias.csv")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
