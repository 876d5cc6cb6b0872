"""Train every network of `spaces.bench_space` and write MNIST-NAS-Bench.

    python nascourse/recordings/make_bench_table.py train --mnist MNIST.npz --processes 2
    python nascourse/recordings/make_bench_table.py measure --mnist MNIST.npz
    python nascourse/recordings/make_bench_table.py report
    python nascourse/recordings/make_bench_table.py export --mnist MNIST.npz
    python nascourse/recordings/make_bench_table.py verify --mnist MNIST.npz

``train`` has three phases, one after the other: all networks with three runs each; seven more runs
of the best; and a few networks with every pair of some initial weights and some orders of images,
so that the noise can be split into its sources.  It takes the networks in a fixed, shuffled order,
adds one line for each finished network to a file of its process, and goes on where it was stopped,
even by a kill.  ``measure`` adds times and sizes: run it when nothing else runs.  ``report`` says
how well the networks can be told apart.  ``export`` writes the files that the course ships.
``verify`` trains a few rows of these again and compares.  The last three take what is finished.

``pack`` writes all that is finished into one small file, and ``unpack`` makes a folder of it on
another machine, where ``train`` goes on.

One process trains with one thread, several processes side by side: a graph this small does not
keep two cores busy.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bench_report
import bench_tables
import numpy as np
from bench_tables import MEASURED, RUNS, add_lines, finished
from bench_training import (
    BATCH,
    EPOCHS,
    Images,
    Seeds,
    digest,
    initial_seed,
    load_images,
    time_epoch,
    train_runs,
    use_one_thread,
)

import nascourse
from nascourse import CourseError

# The modules with networks in them are imported late: a parent process does not need TensorFlow.

PROXY_IMAGES = 128  # as in Mellor et al. 2021
MORE_RUNS, BEST = 10, 100  # runs of the best networks, and how many these are
CROSSED, CROSSED_SEEDS = 20, 4  # networks; initial weights, and orders, of which all pairs train
PHASES = ("networks", "best", "crossed")  # of training
MEASUREMENTS = "measured"  # a phase as well, with a single process
NETWORKS_A_PROCESS = 100  # then it starts afresh, as TensorFlow keeps all graphs and becomes slow
AGAIN = 75  # the status of a process that has more to do and wants to start afresh
OUT = Path("runs/bench_table")
PACKED = Path("mnist_nas_bench_partial.jsonl.gz")
SHIPPED = Path(nascourse.__file__).parent / "recordings"


# ---------------------------------------------------------------- what a phase trains


def order_of_networks(count: int) -> list[int]:
    """The fixed, shuffled order in which networks are trained."""
    return np.random.default_rng(0).permutation(count).tolist()


def networks_of(phase: str, out: Path, count: int) -> list[int]:
    """The networks of a phase, in their order; ``count`` is the size of the space."""
    if phase == "networks":
        return order_of_networks(count)
    if phase == "crossed":
        return order_of_networks(count)[:CROSSED]
    done = finished(out, "networks")
    if phase == MEASUREMENTS:
        return [network for network in order_of_networks(count) if network in done]
    right = {n: sum(run["val_right"][-1] for run in done[n]["runs"]) for n in sorted(done)}
    return sorted(right, key=right.__getitem__, reverse=True)[:BEST]  # of equals, the lower number


def known_untrained(setting: dict[str, Any], images: Images, *, network: int) -> dict[str, Any]:
    """What is known of a network without training, from the weights with which run 0 begins."""
    import keras

    from nascourse import evaluation, spaces
    from nascourse.methods import proxies

    keras.utils.set_random_seed(initial_seed(network, 0))
    model = spaces.built(spaces.bench_space, setting)
    x, y = images.x[:PROXY_IMAGES], images.y[:PROXY_IMAGES]
    return {
        "setting": setting,
        "fingerprint": spaces.fingerprint(model),
        "n_params": evaluation.count_params(model),
        "flops": evaluation.count_flops(model),
        "synflow": proxies.synflow(model),
        "naswot": proxies.naswot(model, x),
        "grad_norm": proxies.grad_norm(model, x, y),
    }


def train_network(
    phase: str, network: int, setting: dict[str, Any], images: Images
) -> dict[str, Any]:
    """The line that a phase adds for one network."""
    from nascourse import spaces

    if phase == "networks":
        untrained = known_untrained(setting, images, network=network)
        runs = [Seeds(run, run) for run in range(RUNS)]
    elif phase == "best":
        untrained = {}
        runs = [Seeds(run, run) for run in range(RUNS, MORE_RUNS)]
    else:
        untrained = {}
        runs = [Seeds(i, j) for i in range(CROSSED_SEEDS) for j in range(CROSSED_SEEDS)]
    trained = train_runs(
        lambda: spaces.built(spaces.bench_space, setting),
        images,
        runs,
        network=network,
        judge_each=phase != "crossed",
    )
    return {"network": network, **untrained, "runs": list(trained)}


def measure_network(network: int, setting: dict[str, Any], images: Images) -> dict[str, Any]:
    """The line with the times and sizes of one network."""
    from nascourse import evaluation, spaces
    from nascourse.methods import litert

    model = spaces.built(spaces.bench_space, setting)
    small = litert.convert(model)
    values = (
        time_epoch(model, images),
        evaluation.measure_latency(model).median_ms,
        litert.measure_latency(small).median_ms,
        evaluation.saved_size(model),
        len(small),
    )
    return {"network": network, **dict(zip(MEASURED, values))}


# ---------------------------------------------------------------- the commands


def describe_run(images: Images) -> dict[str, Any]:
    """What must be the same when a computation goes on: images, space, seeds, versions."""
    from nascourse import spaces

    # isort: split
    import keras
    import tensorflow as tf

    settings = spaces.settings(spaces.bench_space)
    x, y, small, val = images.x_judging, images.y_judging, images.n_small, images.n_val
    return {
        "training_images": len(images.y),
        "training_sha256": digest(images.x, images.y),
        "validation_images": val,
        "validation_sha256": digest(x[:val], y[:val]),
        "small_validation_images": small,
        "small_validation_sha256": digest(x[:small], y[:small]),
        "test_images": len(y) - val,
        "test_sha256": digest(x[val:], y[val:]),
        "networks": len(settings),
        "space_sha256": hashlib.sha256(json.dumps(settings).encode()).hexdigest(),
        "epochs": EPOCHS,
        "batch": BATCH,
        "optimizer": "Adam",
        "learning_rate": spaces.LEARNING_RATE,
        "runs": RUNS,
        "best_networks": BEST,
        "runs_of_the_best": MORE_RUNS,
        "crossed_networks": CROSSED,
        "crossed_seeds": CROSSED_SEEDS,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def claim(out: Path, run: dict[str, Any]) -> None:
    """Write what this computation is, or refuse a folder that holds another."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "run.json"
    if not path.exists():
        path.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    other = json.loads(path.read_text("utf-8"))
    different = [name for name in run if other.get(name) != run[name]]
    if different:
        name = different[0]
        raise CourseError(
            f"{out} holds a computation with {name}={other.get(name)!r}, not {run[name]!r}: "
            "name another folder with --out."
        )


def train(options: argparse.Namespace) -> None:
    """All phases, one after the other."""
    claim(options.out, describe_run(load_images(options.mnist)))
    for phase in PHASES:
        _run_phase(phase, options, options.processes)


def measure(options: argparse.Namespace) -> None:
    """Times and sizes of every finished network, one after the other, with one thread."""
    _run_phase(MEASUREMENTS, options, processes=1)


def _run_phase(phase: str, options: argparse.Namespace, processes: int) -> None:
    """Start the processes, start them again as they ask for it, and say how far they are."""
    command = [sys.executable, __file__, "work", "--phase", phase, "--out", str(options.out)]
    command += ["--mnist", str(options.mnist), "--limit", str(options.limit)]
    command += ["--processes", str(processes), "--part"]
    workers = {part: subprocess.Popen([*command, str(part)]) for part in range(processes)}
    began, before, shown = time.time(), len(finished(options.out, phase)), 0.0
    try:
        while workers:
            time.sleep(2)
            for part, worker in list(workers.items()):
                code = worker.poll()
                if code == AGAIN:
                    workers[part] = subprocess.Popen([*command, str(part)])
                elif code == 0:
                    del workers[part]
                elif code is not None:
                    raise SystemExit(f"Process {part} failed with status {code}: see above.")
            if time.time() - shown > 60 or not workers:
                shown, done = time.time(), len(finished(options.out, phase))
                minutes = (shown - began) / 60
                print(f"{phase}: {done}; {done - before} in {minutes:.1f} minutes", flush=True)
    finally:
        for worker in workers.values():
            worker.terminate()


def work(options: argparse.Namespace) -> int:
    """Do this process's share of a phase."""
    from nascourse import spaces

    # isort: split
    import keras

    use_one_thread()
    parent = os.getppid()
    images = load_images(options.mnist)
    settings = spaces.settings(spaces.bench_space)
    networks = networks_of(options.phase, options.out, len(settings))[: options.limit]
    done = finished(options.out, options.phase)
    todo = [n for n in networks[options.part :: options.processes] if n not in done]
    for count, network in enumerate(todo):
        if count == NETWORKS_A_PROCESS:
            return AGAIN
        setting = settings[network]
        if options.phase == MEASUREMENTS:
            line = measure_network(network, setting, images)
        else:
            line = train_network(options.phase, network, setting, images)
        if os.getppid() != parent:  # it was killed: a new one may be at work on the same file
            return 1
        add_lines(options.out / f"{options.phase}_{options.part}.jsonl", line)
        keras.backend.clear_session()
    return 0


def pack(options: argparse.Namespace) -> None:
    """Write all that is finished into one file, numbers with six significant digits."""

    def shorter(number: str) -> float:
        return float(f"{float(number):.6g}")

    lines = [json.loads((options.out / "run.json").read_text("utf-8"))]
    for phase in (*PHASES, MEASUREMENTS):
        for _, line in sorted(finished(options.out, phase).items()):
            lines.append(json.loads(json.dumps({"phase": phase, **line}), parse_float=shorter))
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    options.packed.write_bytes(gzip.compress(text.encode(), mtime=0))
    size = options.packed.stat().st_size
    print(f"{options.packed}: {len(lines) - 1:,} lines, {size:,} bytes")


def unpack(options: argparse.Namespace) -> None:
    """Add to a folder what a packed file holds and the folder does not."""
    run, *lines = map(json.loads, gzip.decompress(options.packed.read_bytes()).splitlines())
    claim(options.out, run)
    for phase in (*PHASES, MEASUREMENTS):
        done = finished(options.out, phase)
        new = [line for line in lines if line["phase"] == phase and line["network"] not in done]
        add_lines(options.out / f"{phase}_packed.jsonl", *new)


def report(options: argparse.Namespace) -> None:
    """Print what the finished networks say."""
    bench_report.report(options.out)


def export(options: argparse.Namespace) -> None:
    """Write what is finished into the folder of recordings."""
    bench_tables.export(options.out, options.to, options.mnist)


def verify(options: argparse.Namespace) -> None:
    """Train some rows of the shipped table again."""
    bench_tables.verify(options.to, options.mnist, options.count, options.seed)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    functions = (train, work, measure, report, export, verify, pack, unpack)
    commands = {f.__name__: f for f in functions}
    parser.add_argument("command", choices=list(commands))
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the computation")
    parser.add_argument("--to", type=Path, default=SHIPPED, help="folder of the shipped table")
    parser.add_argument("--packed", type=Path, default=PACKED, help="file of pack and unpack")
    parser.add_argument(
        "--mnist",
        default=os.environ.get("NASCOURSE_TEST_MNIST"),
        help="MNIST, an .npz file in the layout of keras.datasets.mnist",
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=int, default=10**6, help="only so many networks a phase")
    parser.add_argument("--count", type=int, default=10, help="rows to verify")
    parser.add_argument("--seed", type=int, default=0, help="which rows to verify")
    phases = (*PHASES, MEASUREMENTS)
    parser.add_argument("--phase", choices=phases, default=PHASES[0], help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.command in ("train", "work", "measure", "export", "verify") and not options.mnist:
        parser.error("name MNIST's .npz file with --mnist or NASCOURSE_TEST_MNIST.")
    try:
        return commands[options.command](options) or 0
    except CourseError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
