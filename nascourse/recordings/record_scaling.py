"""Record what unit 10 shows: the sizes of Keras's EfficientNets, and scaled digit networks.

    python nascourse/recordings/record_scaling.py efficientnets
    python nascourse/recordings/record_scaling.py digits MNIST.npz --seeds 20

``efficientnets`` builds B0 to B7, one at a time, and counts.  ``digits`` trains every network of
`scaling.DIGITS` as MNIST-NAS-Bench's were trained, and judges it by the same images; it goes seed by seed and adds each training to the file, so it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import recorder

recorder.use_one_thread()

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import bench_training as training
import keras
import pandas as pd

from nascourse import evaluation, trials
from nascourse.methods import scaling

FOLDER = Path(__file__).parent


def efficientnets() -> pd.DataFrame:
    """Parameters, those that are trained, and multiply-accumulates of B0 to B7."""
    rows = []
    for name in trials.recorded("scaling_paper")["network"]:
        start = time.process_time()
        model = getattr(keras.applications, f"EfficientNet{name}")(weights=None)
        rows.append(
            {
                "network": name,
                "side": model.input_shape[1],
                "layers": len(model.layers),
                "n_params": evaluation.count_params(model),
                "trained_params": sum(
                    weight.shape.num_elements() for weight in model.trainable_weights
                ),
                "macs": scaling.count_macs(model),
            }
        )
        print(rows[-1], f"{time.process_time() - start:.0f} s", flush=True)
        del model
        keras.backend.clear_session()
    return pd.DataFrame(rows)


def digits(mnist: str, seeds: int, to: Path) -> None:
    """Train what the file ``to`` does not have yet."""
    images = training.load_images(mnist)
    rows = recorder.rows_in(to)
    trained = {(row["direction"], row["times"], row["seed"]) for row in rows}
    for seed in range(seeds):
        for place, ((direction, times), plan) in enumerate(scaling.DIGITS.items()):
            if (direction, times, seed) in trained:
                continue
            (run,) = training.train_runs(
                lambda plan=plan: scaling.digit_network(plan),
                images,
                [training.Seeds(seed, seed)],
                network=place,
                judge_each=False,
            )
            model = scaling.digit_network(plan)
            rows.append(
                {
                    "direction": direction,
                    "times": times,
                    **plan._asdict(),
                    "n_params": evaluation.count_params(model),
                    "flops": evaluation.count_flops(model),
                    "seed": seed,
                    "val_accuracy": run["val_right"][-1] / images.n_val,
                    "test_accuracy": run["test_right"][-1] / images.n_test,
                    "seconds": round(run["seconds"], 1),
                }
            )
            recorder.save(pd.DataFrame(rows), to)
            print(rows[-1], flush=True)
            keras.backend.clear_session()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["efficientnets", "digits"])
    parser.add_argument("mnist", nargs="?", help="the full MNIST, whose test images judge")
    parser.add_argument("--seeds", type=int, default=20, help="how many, from 0")
    parser.add_argument("--to", type=Path, help="another file to write")
    options = parser.parse_args()
    if options.what == "efficientnets":
        to = options.to or FOLDER / "scaling_efficientnets.csv"
        recorder.save(efficientnets(), to)
    elif options.mnist is None:
        parser.error("digits needs the full MNIST as a file")
    else:
        digits(options.mnist, options.seeds, options.to or FOLDER / "scaling_digits.csv")


if __name__ == "__main__":
    main()
