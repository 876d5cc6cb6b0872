"""The tables of MNIST-NAS-Bench: from the lines of a computation to the files that are shipped."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bench_training import CURVES, EPOCHS, Seeds, load_images, train_runs, use_one_thread

from nascourse import benchmark

RUNS = 3  # of every network
MEASURED = ("epoch_seconds", "latency_ms", "litert_ms", "saved_bytes", "litert_bytes")
NAME = benchmark.NAME

COLUMNS = {
    "network": "number of the network: its place in settings(bench_space)",
    "body/blocks": "halvings of the image",
    "body/halving": "max pooling, or a convolution with stride 2",
    "body/skip": "whether a block hands on its input beside its output",
    "conv/kind": "plain or separable convolutions",
    "conv/kernel": "window of the convolutions, in pixels",
    "conv/filters_0": "filters in block 0",
    "conv/filters_1": "filters in block 1, empty if there is none",
    "conv/filters_2": "filters in block 2, empty if there is none",
    "head": "from feature maps to a vector",
    "n_params": "weights",
    "flops": "floating-point operations for one image, two for a multiply-accumulate",
    "epoch_seconds": "processor seconds of one epoch's training, one thread, on a core of its own",
    "latency_ms": "median milliseconds for one image, with tf.function, one thread",
    "litert_ms": "median milliseconds for one image, with LiteRT in float32, one thread",
    "saved_bytes": "size of the .keras file",
    "litert_bytes": "size of the LiteRT file in float32",
    "synflow": "SynFlow of the weights from which seed 0 begins",
    "naswot": "NASWOT, likewise",
    "grad_norm": "summed norms of the kernels' gradients, likewise",
    "seed": "run: seed of the order of images and, with the network's number, of initial weights",
    "initial": "seed of the initial weights, together with the network's number",
    "order": "seed of the order of images",
    "epoch": "epochs trained, from 1",
    "loss": "mean training loss during the epoch",
    "val_loss": "loss on the 5,000 validation images after the epoch",
    "val_right": "how many of the 5,000 validation images are right after the epoch",
    "small_right": "how many of the first 1,000 of these are right",
    "test_right": "how many of the 10,000 official test images are right",
    "seconds": "processor seconds of one epoch's training, the mean over all epochs of this run, on a busy machine",
}


# ---------------------------------------------------------------- lines of a computation


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a file; a last line that a kill cut short does not count."""
    if not path.exists():
        return []
    *lines, _cut = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines]


def add_lines(path: Path, *lines: dict[str, Any]) -> None:
    """Add lines, after removing what a kill left of the last one."""
    with open(path, "ab+") as file:
        file.seek(0)
        end_of_lines = file.read().rfind(b"\n") + 1
        file.truncate(end_of_lines)
        file.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def finished(out: Path, phase: str) -> dict[int, dict[str, Any]]:
    """All networks that a phase has finished, by their number."""
    lines = [line for path in sorted(out.glob(f"{phase}_*.jsonl")) for line in read_lines(path)]
    return {line["network"]: line for line in lines}


# ---------------------------------------------------------------- tables


def networks_table(out: Path) -> pd.DataFrame:
    """One row for each finished network: its setting and what is known without training."""
    measured = finished(out, "measured")
    rows = []
    for network, line in sorted(finished(out, "networks").items()):
        timed = {name: measured.get(network, {}).get(name) for name in MEASURED}
        untrained = {name: line[name] for name in ("n_params", "flops", *benchmark.PROXIES)}
        rows.append({"network": network, **line["setting"], **untrained, **timed})
    table = pd.DataFrame(rows)
    integers = [name for name in table if "filters" in name or "bytes" in name]
    types = dict.fromkeys(MEASURED, "float") | dict.fromkeys(integers, "Int64")
    return table.astype(types)  # whole numbers, though some are missing


def epochs_table(out: Path) -> pd.DataFrame:
    """One row for each finished network, run and epoch; ``seconds`` is an epoch's share."""
    parts = []
    for phase in ("networks", "best"):
        for network, line in finished(out, phase).items():
            for run in line["runs"]:
                epochs = len(run["loss"])
                part = {"network": network, "seed": run["initial"], "epoch": range(1, epochs + 1)}
                part |= {name: run[name] for name in CURVES}
                parts.append(pd.DataFrame({**part, "seconds": run["seconds"] / epochs}))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["network", "seed", "epoch"], ignore_index=True)


def crossed_table(out: Path) -> pd.DataFrame:
    """One row for each network, initial weights and order of images, after the last epoch."""
    rows = [
        {
            "network": network,
            "initial": run["initial"],
            "order": run["order"],
            **{name: run[name][-1] for name in CURVES},
        }
        for network, line in sorted(finished(out, "crossed").items())
        for run in line["runs"]
    ]
    return pd.DataFrame(rows, columns=["network", "initial", "order", *CURVES])


def export(out: Path, to: Path, mnist: str | os.PathLike) -> None:
    """Write the tables of what is finished, and their description, into the folder ``to``."""
    tables = {
        "networks": networks_table(out),
        "epochs": epochs_table(out),
        "crossed": crossed_table(out),
    }
    header = {
        "name": "MNIST-NAS-Bench",
        "version": "2",
        "license": "Apache-2.0",
        "made_by": f"nascourse/recordings/make_bench_table.py, see {NAME}.md",
        **json.loads((out / "run.json").read_text("utf-8")),
        "finished_networks": len(tables["networks"]),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, no GPU",
        "python": platform.python_version(),
        "validation_places": validation_places(mnist),
        "files": {},
    }
    to.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = to / f"{NAME}_{name}.csv.gz"
        text = table.to_csv(index=False, float_format="%.4g", lineterminator="\n")
        content = gzip.compress(text.encode(), mtime=0)
        path.write_bytes(content)
        header["files"][path.name] = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "rows": len(table),
            "columns": {column: COLUMNS[column] for column in table.columns},
        }
        print(f"{path}: {len(table):,} rows, {len(content):,} bytes")
    (to / f"{NAME}.json").write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")


def validation_places(mnist: str | os.PathLike) -> str:
    """Where the validation images stand in ``x_train`` of this file: base64 of 16-bit integers.

    Files of MNIST may order the images of a digit otherwise; `choose_validation` finds them in all.
    """
    images = load_images(mnist)
    with np.load(mnist) as arrays:
        place_of = {image.tobytes(): place for place, image in enumerate(arrays["x_train"])}
    places = [place_of[image.tobytes()] for image in images.x_judging[: images.n_val]]
    return base64.b64encode(np.array(places, "<u2").tobytes()).decode()


def verify(to: Path, mnist: str | os.PathLike, count: int, seed: int) -> None:
    """Train some rows of the shipped table again; compare with the spread of the runs."""
    from nascourse import spaces

    use_one_thread()
    images = load_images(mnist)
    epochs = pd.read_csv(to / f"{NAME}_epochs.csv.gz")
    last = epochs[epochs["epoch"] == EPOCHS].set_index(["network", "seed"])["val_right"]
    noise = last.groupby("network").std()
    settings = spaces.settings(spaces.bench_space)
    off = []
    for network, run in last.sample(count, random_state=seed).index:

        def build(setting: dict[str, Any] = settings[network]) -> Any:
            return spaces.built(spaces.bench_space, setting)

        [again] = train_runs(build, images, [Seeds(run, run)], network=network, judge_each=False)
        then, now = last[network, run], again["val_right"][-1]
        off.append(abs(then - now) / max(noise.median(), noise[network]))
        print(f"network {network} seed {run}: {then} right in the table, {now} now")
    print(f"largest difference: {max(off):.2f} deviations of a run")
    if max(off) > 4:
        raise SystemExit("These networks do not agree with the table within the noise of a run.")
