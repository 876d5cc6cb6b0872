"""Make the recordings that the notebooks replay (see nascourse/recordings/README.md).

    python nascourse/recordings/record_searches.py random | strategies | picture | project MNIST.npz

Every search has a folder in runs/recordings and goes on where it was stopped.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
import recorder

from nascourse import benchmark, data, plotting, search, spaces

FOLDER = Path(__file__).parent
RUNS = Path("runs/recordings")
SEEDS = range(1, 6)
UNREPEATABLE = ["seconds", "message"]
OF_A_SEED = (
    ["test_accuracy", "test_images", "n_params", "flops", "saved_bytes", "latency_ms_median"]
    + ["n_trials", "epochs", "seed", "data_source", "architecture", "stopped"]
    + ["wall_seconds", "peak_rss_mb"]
)


def record_random() -> None:
    result = search.run_search(
        spaces.cnn_space,
        data.load_mnist("bundled"),
        strategy="random",
        max_trials=60,
        seed=1,
        directory=RUNS / "random",
    )
    recorder.save(result.table.drop(columns=UNREPEATABLE), FOLDER / "random_cnn.csv")


def record_strategies() -> None:
    splits, tables = data.load_mnist("bundled"), []
    for seed in SEEDS:
        for strategy in ("greedy", "random"):
            result = search.run_search(
                spaces.autokeras_space(),
                splits,
                strategy=strategy,
                max_trials=10,
                seed=seed,
                directory=RUNS / f"{strategy}_{seed}",
            )
            print(strategy, seed, result)
            tables.append(result.table.assign(strategy=strategy, seed=seed))
    recorder.save(pd.concat(tables).drop(columns=UNREPEATABLE), FOLDER / "strategies.csv")


def draw_networks() -> None:
    """The picture of the README: what the networks of MNIST-NAS-Bench cost, and what they reach."""
    matplotlib.use("agg")
    table = benchmark.load_benchmark().final()
    with plt.rc_context(plotting.STYLE):
        ax = plt.subplots(figsize=(7, 4), layout="constrained")[1]
    ax.plot(table["flops"], table["val_accuracy"], "o", ms=3, alpha=0.5, color=plotting.BLUE)
    ax.set(xscale="log", xlabel="FLOPs", ylabel="validation accuracy")
    plotting.save(ax, FOLDER / "networks.png")


def record_project(test_data: str) -> None:
    rows = []
    for seed in SEEDS:
        out = RUNS / f"project_{seed}"
        command = [sys.executable, "-m", "nascourse", "project", "--data", "bundled"]
        command += ["--test-data", test_data, "--seed", str(seed), "--out", str(out), "--overwrite"]
        subprocess.run(command, check=True, timeout=3600)
        result = json.loads((out / "result.json").read_text("utf-8"))
        rows.append({name: result[name] for name in OF_A_SEED})
        if seed == 1:
            report = {name: result[name] for name in result if name not in OF_A_SEED[-2:]}
            text = json.dumps(report, indent=1) + "\n"
            (FOLDER / "project_report.json").write_text(text, "utf-8")
    recorder.save(pd.DataFrame(rows), FOLDER / "project_seeds.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["random", "strategies", "picture", "project"])
    parser.add_argument("test_data", nargs="?", help="an .npz file with x_test and y_test")
    options = parser.parse_args()
    if options.what == "project":
        if not options.test_data:
            parser.error("project needs the file with the official test images")
        record_project(options.test_data)
    else:
        {
            "random": record_random,
            "strategies": record_strategies,
            "picture": draw_networks,
        }[options.what]()


if __name__ == "__main__":
    main()
