"""Train every network of `spaces.bench_space` and write MNIST-NAS-Bench.

    python nascourse/recordings/make_bench_table.py train --test-data MNIST.npz --processes 2
    python nascourse/recordings/make_bench_table.py report
    python nascourse/recordings/make_bench_table.py measure
    python nascourse/recordings/make_bench_table.py export
    python nascourse/recordings/make_bench_table.py verify --test-data MNIST.npz

``train`` takes the networks in a fixed, shuffled order, so what is finished is always a fair
sample of the space.  It adds one line for each finished network to a file of its process, and goes
on where it was stopped, even by a kill.  ``report`` says how well the networks can be told apart.
``measure`` adds latency and size on disk: run it when nothing else runs.  ``export`` writes the
files that the course ships.  ``verify`` trains a few networks again and compares.

One process trains with one thread, several processes side by side: a graph this small does not
keep two cores busy.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

import nascourse
from nascourse import CourseError, benchmark, data, trials

# The rooms with networks in them are imported late: a parent process does not need TensorFlow.

EPOCHS = 12
SEEDS = (0, 1, 2)
BATCH = 64
EVALUATION_BATCH = 250  # small enough for a core's cache, and a divisor of 1,000 and 10,000
PROXY_IMAGES = 128  # as in Mellor et al. 2021
CURVES = ("loss", "val_loss", "val_accuracy")  # one value for each epoch
PROXIES = ("synflow", "naswot", "grad_norm")
MEASURED = ("latency_ms", "saved_bytes")
NETWORKS_A_PROCESS = 100  # then it starts afresh, as TensorFlow gives back no memory
OUT = Path("runs/bench_table")
SHIPPED = Path(nascourse.__file__).parent / "recordings"
NAME = "mnist_nas_bench"


class Images(NamedTuple):
    """Training images, and those that are judged after each epoch: validation, then test."""

    x: Any  # uint8 tensors of shape (n, 28, 28, 1)
    y: Any
    x_judged: Any
    y_judged: Any
    n_val: int


def load_images(splits: data.Splits) -> Images:
    """All images of the splits as tensors; the test images judge, they never train or choose."""
    import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

    # isort: split
    import tensorflow as tf

    test = splits.test  # not opened with `open_test_set`, whose count is for a learner's choices
    return Images(
        tf.constant(splits.x_train),
        tf.constant(splits.y_train),
        tf.constant(np.concatenate([splits.x_val, test._x])),
        tf.constant(np.concatenate([splits.y_val, test._y])),
        len(splits.y_val),
    )


def train_seeds(
    build: Callable, images: Images, *, seeds: Sequence[int] = SEEDS, epochs: int = EPOCHS
) -> Iterator[dict[str, Any]]:
    """Train the network once for each seed and yield its learning curves.

    The network is turned into a graph once, and an epoch is one call of that graph.  Each seed
    puts fresh weights and an optimizer without memory into the same variables, so its outcome is
    that of a network trained alone: the weights that ``set_random_seed(seed)`` and building give,
    and the batches of ``default_rng(seed).permutation``, epoch by epoch.

    Yields
    ------
    ``seed``; the lists named in `CURVES`, one value an epoch; ``test_accuracy`` after the last
    epoch (after each would cost as much as the training); and ``seconds``, the processor time of
    all training steps.
    """
    import keras
    import tensorflow as tf

    model = build()
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    train_epoch, judge = _epoch_graphs(model, images)
    n = len(images.y)

    def restart(seed: int) -> None:
        keras.utils.set_random_seed(seed)
        model.set_weights(build().get_weights())
        for variable in optimizer.variables:
            if variable is not optimizer.learning_rate:
                variable.assign(tf.zeros_like(variable))

    train_epoch(tf.range(n))  # the first call compiles, which is not training time
    for seed in seeds:
        restart(seed)
        rng = np.random.default_rng(seed)
        curves: dict[str, list[float]] = {name: [] for name in CURVES}
        seconds = 0.0
        for _ in range(epochs):
            order = tf.constant(rng.permutation(n))
            start = time.process_time()
            loss = float(train_epoch(order))
            seconds += time.process_time() - start
            val_loss, val_accuracy = judge(0, images.n_val)
            curves["loss"].append(loss)
            curves["val_loss"].append(float(val_loss))
            curves["val_accuracy"].append(float(val_accuracy))
        _, test_accuracy = judge(images.n_val, len(images.y_judged))
        yield {"seed": seed, **curves, "test_accuracy": float(test_accuracy), "seconds": seconds}


def _epoch_graphs(model: Any, images: Images) -> tuple[Callable, Callable]:
    """Two graphs: an epoch of training in a given order; loss and accuracy on judged images."""
    import keras
    import tensorflow as tf

    variables, n = model.trainable_variables, len(images.y)
    cross_entropy = keras.losses.sparse_categorical_crossentropy

    @tf.function(autograph=False)
    def train_epoch(order: Any) -> Any:
        def step(begin: Any, total: Any) -> tuple[Any, Any]:
            batch = order[begin : begin + BATCH]  # the last one may be shorter
            x, y = tf.gather(images.x, batch), tf.gather(images.y, batch)
            with tf.GradientTape() as tape:
                losses = cross_entropy(y, model(x, training=True))
                loss = tf.reduce_mean(losses)
            model.optimizer.apply(tape.gradient(loss, variables), variables)
            return begin + BATCH, total + tf.reduce_sum(losses)

        _, total = tf.while_loop(lambda begin, _: begin < n, step, (0, 0.0), parallel_iterations=1)
        return total / n

    @tf.function(autograph=False, input_signature=2 * [tf.TensorSpec([], tf.int32)])
    def judge(begin: Any, end: Any) -> tuple[Any, Any]:
        def part(at: Any, losses: Any, right: Any) -> tuple[Any, Any, Any]:
            y = images.y_judged[at : at + EVALUATION_BATCH]
            p = model(images.x_judged[at : at + EVALUATION_BATCH], training=False)
            losses += tf.reduce_sum(cross_entropy(y, p))
            right += tf.math.count_nonzero(tf.argmax(p, axis=1) == y)
            return at + EVALUATION_BATCH, losses, right

        sums = (begin, 0.0, tf.constant(0, tf.int64))
        _, losses, right = tf.while_loop(lambda at, *_: at < end, part, sums, parallel_iterations=1)
        count = tf.cast(end - begin, tf.float64)
        return tf.cast(losses, tf.float64) / count, tf.cast(right, tf.float64) / count

    return train_epoch, judge


def train_network(number: int, setting: dict[str, Any], images: Images) -> dict[str, Any]:
    """The line for one network: what it is, its proxies, its training with each seed."""
    import keras

    from nascourse import evaluation, spaces
    from nascourse.methods import proxies

    def build() -> keras.Model:
        return spaces.built(spaces.bench_space, setting)

    keras.utils.set_random_seed(SEEDS[0])
    model = build()  # with the weights from which the first seed begins
    x, y = images.x[:PROXY_IMAGES], images.y[:PROXY_IMAGES]
    return {
        "network": number,
        "setting": setting,
        "fingerprint": spaces.fingerprint(model),
        "n_params": evaluation.count_params(model),
        "flops": evaluation.count_flops(model),
        "synflow": proxies.synflow(model),
        "naswot": proxies.naswot(model, x),
        "grad_norm": proxies.grad_norm(model, x, y),
        "runs": list(train_seeds(build, images)),
    }


# ---------------------------------------------------------------- files of a computation


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; a last line that a kill cut short does not count."""
    if not path.exists():
        return []
    *lines, _cut = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines]


def add_line(path: Path, line: dict[str, Any]) -> None:
    """Add a line, after removing what a kill left of the last one."""
    with open(path, "ab+") as file:
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.write(json.dumps(line).encode() + b"\n")


def finished(out: Path) -> dict[int, dict[str, Any]]:
    """All finished networks, by their number."""
    lines = [line for path in sorted(out.glob("networks_*.jsonl")) for line in read_lines(path)]
    return {line["network"]: line for line in lines}


def order_of_networks(count: int) -> list[int]:
    """The fixed, shuffled order in which networks are trained."""
    return np.random.default_rng(0).permutation(count).tolist()


def describe_run(splits: data.Splits) -> dict[str, Any]:
    """What must be the same when a computation goes on: data, space, seeds, versions."""
    from nascourse import spaces

    # isort: split
    import keras
    import tensorflow as tf

    all_settings = json.dumps(spaces.settings(spaces.bench_space))
    return {
        "split": splits.fingerprint,
        "test": splits.test.fingerprint,
        "space": hashlib.sha256(all_settings.encode()).hexdigest()[:16],
        "networks": len(spaces.settings(spaces.bench_space)),
        "images": [len(splits.y_train), len(splits.y_val), len(splits.test)],
        "epochs": EPOCHS,
        "seeds": list(SEEDS),
        "batch": BATCH,
        "learning_rate": spaces.LEARNING_RATE,
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


# ---------------------------------------------------------------- the commands


def train(options: argparse.Namespace) -> None:
    """Start the processes, start them again as they ask for it, and say how far they are."""
    splits = data.load_mnist("bundled", test_data=options.test_data)
    claim(options.out, describe_run(splits))
    command = [sys.executable, __file__, "work", "--out", str(options.out)]
    command += ["--test-data", options.test_data, "--limit", str(options.limit)]
    command += ["--processes", str(options.processes), "--part"]
    workers = {part: subprocess.Popen([*command, str(part)]) for part in range(options.processes)}
    began, before, shown = time.time(), len(finished(options.out)), 0.0
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
                shown, done = time.time(), len(finished(options.out))
                minutes = (shown - began) / 60
                print(f"{done} networks; {done - before} in {minutes:.1f} minutes", flush=True)
    finally:
        for worker in workers.values():
            worker.terminate()


AGAIN = 75  # the status of a process that has more to do and wants to start afresh


def work(options: argparse.Namespace) -> int:
    """Train this process's share of the networks."""
    from nascourse import spaces

    # isort: split
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    parent = os.getppid()
    images = load_images(data.load_mnist("bundled", test_data=options.test_data))
    settings = spaces.settings(spaces.bench_space)
    order = order_of_networks(len(settings))[: options.limit]
    done = finished(options.out)
    todo = [n for n in order[options.part :: options.processes] if n not in done]
    for count, number in enumerate(todo):
        if count == NETWORKS_A_PROCESS:
            return AGAIN
        line = train_network(number, settings[number], images)
        if os.getppid() != parent:  # it was killed: a new one may be at work on the same file
            return 1
        add_line(options.out / f"networks_{options.part}.jsonl", line)
        keras.backend.clear_session()
    return 0


def measure(options: argparse.Namespace) -> None:
    """Latency and size on disk of every finished network, one after the other."""
    from nascourse import evaluation, spaces

    # isort: split
    import keras

    path = options.out / "measured.jsonl"
    measured = {line["network"] for line in read_lines(path)}
    done = finished(options.out)
    todo = [n for n in order_of_networks(max(done) + 1) if n in done and n not in measured]
    for count, number in enumerate(todo, 1):
        model = spaces.built(spaces.bench_space, done[number]["setting"])
        line = {
            "network": number,
            "latency_ms": evaluation.measure_latency(model).median_ms,
            "saved_bytes": evaluation.saved_size(model),
        }
        add_line(path, line)
        keras.backend.clear_session()
        if count % 100 == 0:
            print(f"{count} of {len(todo)}", flush=True)


def networks_table(out: Path) -> pd.DataFrame:
    """One row for each finished network: its setting and what is known without training."""
    measured = {line["network"]: line for line in read_lines(out / "measured.jsonl")}
    rows = []
    for number, line in sorted(finished(out).items()):
        timed = {name: measured.get(number, {}).get(name) for name in MEASURED}
        known = {name: line[name] for name in ("n_params", "flops", *PROXIES)}
        rows.append({"network": number, **line["setting"], **known, **timed})
    table = pd.DataFrame(rows)
    whole = [name for name in table if "filters" in name or name == "saved_bytes"]
    return table.astype(dict.fromkeys(whole, "Int64"))  # whole numbers, though some are missing


def epochs_table(out: Path) -> pd.DataFrame:
    """One row for each finished network, seed and epoch; ``seconds`` is an epoch's share."""
    parts = []
    for number, line in sorted(finished(out).items()):
        for run in line["runs"]:
            epochs = len(run["loss"])
            part = {"network": number, "seed": run["seed"], "epoch": range(1, epochs + 1)}
            part |= {name: run[name] for name in CURVES}
            part["test_accuracy"] = [None] * (epochs - 1) + [run["test_accuracy"]]
            part["seconds"] = run["seconds"] / epochs
            parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def report(options: argparse.Namespace) -> None:
    """Print how well the networks can be told apart, and what each choice explains."""
    networks, epochs = networks_table(options.out), epochs_table(options.out)
    last = epochs[epochs["epoch"] == epochs["epoch"].max()]
    for name in ("val_accuracy", "test_accuracy"):
        seeds = last.pivot(index="network", columns="seed", values=name)
        mean, deviation = seeds.mean(axis=1), seeds.std(axis=1)
        quantiles = mean.quantile([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]).round(4).tolist()
        print(f"{name}: {len(seeds)} networks, quantiles {quantiles}")
        print(
            f"  deviation across networks {mean.std():.4f}, median over seeds "
            f"{deviation.median():.4f}, ratio {mean.std() / deviation.median():.1f}"
        )
    top = mean[mean >= mean.median()]
    ratio = top.std() / deviation[top.index].median()
    print(f"  among the better half: {top.std():.4f}, ratio {ratio:.1f}")
    networks["accuracy"] = networks["network"].map(mean)
    for name in ("n_params", "flops"):
        print(f"{name}: {networks[name].min():,} to {networks[name].max():,}")
        front = trials.pareto_front(networks, cost=name, quality="accuracy")
        print(front[[name, "accuracy"]].to_string(index=False))
    print(f"training: {epochs['seconds'].mean() * EPOCHS * len(SEEDS):.1f} s a network, all seeds")
    print(
        "share of the variance of test accuracy that each choice explains alone; rank correlations:"
    )
    choices = [c for c in networks.columns if "/" in c or c == "head"]
    for choice, share in benchmark.effects(networks, choices, by="accuracy").items():
        means = networks.groupby(choice, dropna=False)["accuracy"].mean().round(4).to_dict()
        print(f"  {choice:20s} {share:.3f}  {means}")
    for name in ("n_params", "flops", *PROXIES):
        correlation = stats.spearmanr(networks[name], networks["accuracy"]).statistic
        print(f"  {name:20s} {correlation:+.3f}")


def export(options: argparse.Namespace) -> None:
    """Write the two tables and their description into the folder of recordings."""
    tables = {"networks": networks_table(options.out), "epochs": epochs_table(options.out)}
    header = {
        "name": "MNIST-NAS-Bench",
        "made_by": "nascourse/recordings/make_bench_table.py, see mnist_nas_bench.md",
        **json.loads((options.out / "run.json").read_text("utf-8")),
        "finished_networks": len(tables["networks"]),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, no GPU",
        "python": platform.python_version(),
        "files": {},
    }
    options.to.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = options.to / f"{NAME}_{name}.csv.gz"
        text = table.to_csv(index=False, float_format="%.4g", lineterminator="\n").encode()
        content = io.BytesIO()
        with gzip.GzipFile(fileobj=content, mode="wb", filename="", mtime=0) as file:
            file.write(text)
        path.write_bytes(content.getvalue())
        header["files"][path.name] = {
            "sha256": hashlib.sha256(content.getvalue()).hexdigest(),
            "rows": len(table),
            "columns": {column: COLUMNS[column] for column in table.columns},
        }
        print(f"{path}: {len(table):,} rows, {path.stat().st_size:,} bytes")
    (options.to / f"{NAME}.json").write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")


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
    "latency_ms": "median milliseconds for one image, with tf.function",
    "saved_bytes": "size of the .keras file",
    "synflow": "SynFlow of the weights from which seed 0 begins",
    "naswot": "NASWOT, likewise",
    "grad_norm": "summed norms of the kernels' gradients, likewise",
    "seed": "seed of the initial weights and of the order of images",
    "epoch": "epochs trained, from 1",
    "loss": "mean training loss during the epoch",
    "val_loss": "loss on the validation images after the epoch",
    "val_accuracy": "accuracy on the validation images after the epoch",
    "test_accuracy": "accuracy on the official test images, after the last epoch only",
    "seconds": "processor seconds of one epoch's training, the mean over all epochs of this seed",
}


def verify(options: argparse.Namespace) -> None:
    """Train some networks of the shipped table again; compare with the spread of all seeds."""
    splits = data.load_mnist("bundled", test_data=options.test_data)
    images = load_images(splits)
    networks = pd.read_csv(options.to / f"{NAME}_networks.csv.gz")
    epochs = pd.read_csv(options.to / f"{NAME}_epochs.csv.gz")
    last = epochs[epochs["epoch"] == EPOCHS].set_index(["network", "seed"])["val_accuracy"]
    noise = last.groupby("network").std()
    from nascourse import spaces

    settings = spaces.settings(spaces.bench_space)
    rng = np.random.default_rng(options.seed)
    off = []
    for number in rng.choice(networks["network"], options.count, replace=False):
        seed = int(rng.choice(SEEDS))

        def build(setting: dict[str, Any] = settings[number]) -> Any:
            return spaces.built(spaces.bench_space, setting)

        [run] = train_seeds(build, images, seeds=[seed])
        then, now = last[number, seed], run["val_accuracy"][-1]
        off.append(abs(then - now) / max(noise.median(), noise[number]))
        print(f"network {number} seed {seed}: {then:.4f} in the table, {now:.4f} now")
    print(f"largest difference: {max(off):.2f} seed deviations")
    if max(off) > 4:
        raise SystemExit("These networks do not agree with the table within seed noise.")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = {f.__name__: f for f in (train, work, measure, report, export, verify)}
    parser.add_argument("command", choices=list(commands))
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the computation")
    parser.add_argument("--to", type=Path, default=SHIPPED, help="folder of the shipped table")
    parser.add_argument("--test-data", default=os.environ.get("NASCOURSE_TEST_MNIST"))
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=int, default=10**6, help="only so many networks")
    parser.add_argument("--count", type=int, default=10, help="networks to verify")
    parser.add_argument("--seed", type=int, default=0, help="which networks to verify")
    parser.add_argument("--part", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.command in ("train", "work", "verify") and not options.test_data:
        parser.error(
            "name MNIST's .npz file with --test-data or NASCOURSE_TEST_MNIST: its 10,000 official "
            "test images judge the networks."
        )
    try:
        return commands[options.command](options) or 0
    except CourseError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
