"""Record what trained supernets say of all networks of MNIST-NAS-Bench.

    python nascourse/recordings/record_oneshot.py

Trains the supernets below on the bundled images, one after the other, and lets each judge the 1,248
networks on the 800 validation images with the weights that they inherit.  It takes eight minutes of
one core, and goes on where it was stopped.  The test images have no say in it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import recorder

recorder.use_one_thread()

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
import pandas as pd

from nascourse import data, search
from nascourse.methods import oneshot

SEPARATE = ("body/blocks", "body/halving", "body/skip", "conv/kernel")
SUPERNETS: dict[str, dict[str, Any]] = {
    **{f"seed {seed}": {"seed": seed} for seed in (1, 2, 3, 4, 5)},
    **{f"{epochs} epochs": {"seed": 1, "epochs": epochs} for epochs in (25, 50, 100)},
    **{f"separate {name}": {"seed": 1, "separate": name} for name in SEPARATE},
}
FOLDER = Path(__file__).parent


def judgments(options: dict[str, Any], splits: data.Splits) -> tuple[list[int], dict[str, Any]]:
    """How many images each network reads right, and what that cost."""
    supernet = oneshot.train_supernet(splits, observer=search.Observer(), **options)
    start = time.process_time()
    table = supernet.rank(splits)
    facts = {
        "seed": options["seed"],
        "epochs": options.get("epochs", oneshot.EPOCHS),
        "separate": options.get("separate", "nothing"),
        "train_seconds": round(supernet.seconds, 1),
        "judge_seconds": round(time.process_time() - start, 1),
    }
    right = (table["val_accuracy"] * len(splits.y_val)).round().astype(int)
    return right.tolist(), facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", type=int, help="the first so many supernets", default=None)
    parser.add_argument("--to", type=Path, default=FOLDER, help="another folder")
    options = parser.parse_args()
    splits = data.load_mnist("bundled")
    networks, supernets = options.to / "oneshot.csv", options.to / "oneshot_supernets.csv"
    rows = recorder.rows_in(supernets)
    columns = pd.read_csv(networks).to_dict("list") if networks.exists() else {}
    for name in list(SUPERNETS)[len(rows) : options.only]:
        right, facts = judgments(SUPERNETS[name], splits)
        columns = {"network": range(len(right))} | columns | {name: right}
        rows.append({"supernet": name} | facts)
        recorder.save(pd.DataFrame(columns), networks)
        recorder.save(pd.DataFrame(rows), supernets)
        print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
