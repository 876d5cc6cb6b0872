"""What the tables of MNIST-NAS-Bench say: differences, noise and its parts, known weaknesses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from bench_tables import crossed_table, epochs_table, networks_table
from scipy import stats

from nascourse import benchmark
from nascourse.benchmark import Benchmark, loading

SIZES = (10, 100, 200)  # networks that compete, for the winner's curse


def report(out: Path) -> None:
    """Print what is known of the networks that a computation has finished."""
    header = json.loads((out / "run.json").read_text("utf-8"))
    tables = networks_table(out), epochs_table(out)
    sizes = {f"{name}_images": header[f"{name}_images"] for name in ("validation", "test")}
    small_size = header["small_validation_images"]
    bench = loading.assembled(header, *tables)
    small = loading.assembled(header, *tables, validation_images=small_size)
    print(f"{bench}\n{sizes}, small validation {small_size}")
    print(f"training: {bench.curves['seconds'].sum() / 3600:.2f} core-hours for the shared seeds")

    print_differences("small validation accuracy", by_seed(small, "val_accuracy"))
    print_differences("validation accuracy", by_seed(bench, "val_accuracy"))
    print_differences("test accuracy", by_seed(bench, "test_accuracy"))
    print_agreement(bench)
    heads = bench.curves["network"].map(bench.networks["head"]).rename("head")
    means = bench.curves.groupby([heads, "epoch"])["val_accuracy"].mean().unstack().round(4)
    quarter = max(1, bench.epochs // 4)
    late = (means[bench.epochs] - means[bench.epochs - quarter]).round(4).to_dict()
    print(
        f"validation accuracy by head and epoch:\n{means.T}\nthe last quarter of them adds {late}"
    )
    for name, table in [("small validation", small), ("validation", bench)]:
        possible = [size for size in SIZES if size <= len(bench)]
        print(f"winner's curse, {name}:\n{benchmark.winners_curse(table, possible).round(4)}")
        if len(bench) < bench.of:
            continue  # most neighbors are missing
        last = by_seed(table, "val_accuracy")
        optima = [len(benchmark.local_optima(table, last[seed])) for seed in table.seeds]
        of_means = len(benchmark.local_optima(table, last.mean(axis=1)))
        print(f"local optima of {name}: {optima} on single seeds, {of_means} on the means")
    best, optimism = bench.oracle_best, benchmark.optimism_of_the_best(bench)
    print(f"best: network {best.name}, {best['test_accuracy']:.4f}, too much by {optimism:.4f}")
    crossed = crossed_table(out)
    images = {
        "small": small_size,
        "val": header["validation_images"],
        "test": header["test_images"],
    }
    if (n_crossed := crossed["network"].nunique()) > 1:
        for name, n_images in images.items():
            accuracies = crossed.assign(accuracy=crossed[f"{name}_right"] / n_images)
            parts = noise_parts(accuracies, "accuracy")
            shown = {part: round(float(np.sqrt(v)), 5) for part, v in parts.items()}
            print(f"{name}_accuracy, deviations of {n_crossed} crossed networks: {shown}")


def by_seed(bench: Benchmark, value: str) -> pd.DataFrame:
    """``value`` after all epochs: one row a network, one column a seed."""
    last = bench.curves[bench.curves["epoch"] == bench.epochs]
    return last.pivot(index="network", columns="seed", values=value)


def print_differences(name: str, runs: pd.DataFrame) -> None:
    """Print how far networks differ, and how far the runs of one network do."""
    mean, noise = runs.mean(axis=1), float(np.sqrt(runs.var(axis=1).mean()))
    quantiles = mean.quantile([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]).round(4).tolist()
    tenth = runs.loc[mean >= mean.quantile(0.9)]
    tenth_noise = float(np.sqrt(tenth.var(axis=1).mean()))
    # Two means of so many runs differ by this, if they differ by luck alone, in 5% of all cases.
    least = stats.norm.ppf(0.975) * tenth_noise * np.sqrt(2 / runs.shape[1])
    print(f"{name}: {len(mean)} networks, quantiles {quantiles}")
    print(f"  deviation across networks {mean.std():.4f}, of one network's runs {noise:.4f}")
    print(
        f"  best tenth: across {tenth.mean(axis=1).std():.4f}, runs {tenth_noise:.4f}; "
        f"{(mean >= mean.max() - least).sum()} networks cannot be told from the best"
    )


def print_agreement(bench: Benchmark) -> None:
    """Print how well one run, the costs and the proxies rank the networks: Kendall's tau-b."""
    for epochs in sorted({1, 3, 6, 9, bench.epochs} & set(range(1, bench.epochs + 1))):
        rows = bench.curves[bench.curves["epoch"] == epochs]
        runs = rows.pivot(index="network", columns="seed", values="val_accuracy")
        taus = [
            stats.kendalltau(runs[seed], bench.truth(without=seed)).statistic
            for seed in bench.seeds
        ]
        print(f"  tau-b of one run after {epochs} epochs and the others' test {np.mean(taus):.3f}")
    for name in ("n_params", "flops", *benchmark.PROXIES):
        tau = stats.kendalltau(bench.networks[name].astype(float), bench.truth()).statistic
        print(f"  tau-b of {name} and test accuracy {tau:+.3f}")


def noise_parts(crossed: pd.DataFrame, value: str) -> dict[str, float]:
    """The variances that make up the noise of a run, estimated by an analysis of variance.

    Orders of images are the same for all networks, initial weights are each network's own.  An
    estimate below 0 is given as 0.

    Returns
    -------
    Variances of ``value``: of an order's effect on all networks alike (``common_order``), of its
    effect on one network (``order``), of the initial weights (``initial``), and of what the two do
    together and nothing else explains (``rest``).
    """
    table = crossed.pivot(index=["network", "initial"], columns="order", values=value)
    n, n_orders = crossed["network"].nunique(), table.shape[1]
    a = table.to_numpy(float).reshape(n, -1, n_orders)  # networks, initial weights, orders
    n_initial = a.shape[1]
    of_network = a.mean(axis=(1, 2), keepdims=True)
    of_initial = a.mean(axis=2, keepdims=True) - of_network
    of_order = a.mean(axis=1, keepdims=True) - of_network
    common = of_order.mean(axis=0, keepdims=True)
    rest = a - of_network - of_initial - of_order

    def mean_square(effect: np.ndarray, times: int, freedom: int) -> float:
        return times * (effect**2).sum() / freedom

    ms_rest = mean_square(rest, 1, n * (n_initial - 1) * (n_orders - 1))
    ms_initial = mean_square(of_initial, n_orders, n * (n_initial - 1))
    ms_order = mean_square(of_order - common, n_initial, (n - 1) * (n_orders - 1))
    ms_common = mean_square(common, n * n_initial, n_orders - 1)
    parts = {
        "common_order": (ms_common - ms_order) / (n * n_initial),
        "order": (ms_order - ms_rest) / n_initial,
        "initial": (ms_initial - ms_rest) / n_orders,
        "rest": ms_rest,
    }
    return {name: max(0.0, float(part)) for name, part in parts.items()}
