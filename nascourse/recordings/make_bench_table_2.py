"""Train every network of `spaces.bench_space` and write MNIST-NAS-Bench 2.

    python nascourse/recordings/make_bench_table_2.py train --mnist MNIST.npz --processes 2
    python nascourse/recordings/make_bench_table_2.py measure --mnist MNIST.npz
    python nascourse/recordings/make_bench_table_2.py report
    python nascourse/recordings/make_bench_table_2.py export --mnist MNIST.npz
    python nascourse/recordings/make_bench_table_2.py verify --mnist MNIST.npz

``train`` has three phases, one after the other: all networks with three runs each; seven more runs
of the best; and a few networks with every pair of some initial weights and some orders of images,
so that the noise can be split into its sources.  It takes the networks in a fixed, shuffled order,
adds one line for each finished network to a file of its process, and goes on where it was stopped,
even by a kill.  ``measure`` adds times and sizes: run it when nothing else runs.  ``report`` says
how well the networks can be told apart.  ``export`` writes the files that the course ships.
``verify`` trains a few rows of these again and compares.

``pack`` writes all that is finished into one small file, and ``unpack`` makes a folder of it on
another machine, where ``train`` goes on.

One process trains with one thread, several processes side by side: a graph this small does not
keep two cores busy.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import nascourse
from nascourse import CourseError, data

# The modules with networks in them are imported late: a parent process does not need TensorFlow.

EPOCHS = 12
BATCH = 64
EVALUATION_BATCH = 250  # a divisor of 1,000, 4,000 and 10,000
VALIDATION, SMALL_VALIDATION = 500, 100  # images of each digit
PROXY_IMAGES = 128  # as in Mellor et al. 2021
RUNS, MORE_RUNS, BEST = 3, 10, 100  # of every network; of the best ones; how many these are
CROSSED, CROSSED_SEEDS = 20, 4  # networks; initial weights, and orders, of which all pairs train
PHASES = ("networks", "best", "crossed")
CURVES = ("loss", "val_loss", "val_right", "small_right", "test_right")  # one value an epoch
NETWORKS_A_PROCESS = 100  # then it starts afresh, as TensorFlow gives back no memory
AGAIN = 75  # the status of a process that has more to do and wants to start afresh
PROXIES = ("synflow", "naswot", "grad_norm")
MEASURED = ("epoch_seconds", "latency_ms", "litert_ms", "saved_bytes", "litert_bytes")
NAME = "mnist_nas_bench_2"
OUT = Path("runs/bench_table_2")
PACKED = Path(f"{NAME}_partial.jsonl.gz")
SHIPPED = Path(nascourse.__file__).parent / "recordings"


# ---------------------------------------------------------------- images


class Images(NamedTuple):
    """Images that train, and those that judge after each epoch.

    The judging ones are the small validation set, the rest of the validation set and the test
    set, in this order.
    """

    x: Any  # uint8, shape (n, 28, 28, 1)
    y: Any
    x_judging: Any
    y_judging: Any
    n_small: int
    n_val: int


def load_images(mnist: str | os.PathLike) -> Images:
    """The images of the computation, as arrays.

    Training: what ``load_mnist("bundled")`` trains and validates with; its sealed part stays
    sealed.  Validation: official training images that are not among the bundled 5,000.  Test: the
    official test images, which judge but never train or choose.
    """
    bundled, official = data.load_mnist("bundled"), data.load_mnist(mnist)
    x, y = np.concatenate([bundled.x_train, bundled.x_val]), [bundled.y_train, bundled.y_val]
    test = official.test  # not opened with `open_test_set`, whose count is for a learner's choices
    small, rest = choose_validation(
        np.concatenate([official.x_train, official.x_val]),
        np.concatenate([official.y_train, official.y_val]),
        taken=np.concatenate([x, bundled.test._x, test._x]),
    )
    return Images(
        x,
        np.concatenate(y),
        np.concatenate([small[0], rest[0], test._x]),
        np.concatenate([small[1], rest[1], test._y]),
        n_small=len(small[1]),
        n_val=len(small[1]) + len(rest[1]),
    )


def choose_validation(
    x: np.ndarray, y: np.ndarray, *, taken: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The small validation set and the rest of the large one, each as images and labels.

    Of each digit, the images whose pixels have the smallest SHA-256 are chosen: as good as drawn
    by lot, and the same ones whatever the order of the file.  An image that equals one of
    ``taken``, or one chosen before, is passed over.
    """
    seen = {image.tobytes() for image in taken}
    of_digit: list[list[int]] = [[] for _ in range(data.CLASSES)]
    for place in sorted(
        range(len(x)), key=lambda place: hashlib.sha256(x[place].tobytes()).digest()
    ):
        pixels = x[place].tobytes()
        if len(of_digit[y[place]]) < VALIDATION and pixels not in seen:
            seen.add(pixels)
            of_digit[y[place]].append(place)
    places = np.array(of_digit)
    parts = places[:, :SMALL_VALIDATION].ravel(), places[:, SMALL_VALIDATION:].ravel()
    return [(x[part], y[part]) for part in parts]


def digest(x: np.ndarray, y: np.ndarray) -> str:
    """SHA-256 of the pixels, then of the labels as bytes."""
    return hashlib.sha256(x.tobytes() + y.astype(np.uint8).tobytes()).hexdigest()


# ---------------------------------------------------------------- training


class Seeds(NamedTuple):
    """What chance decides in a run: the initial weights and the order of the images."""

    initial: int
    order: int


def initial_seed(network: int, initial: int) -> int:
    """The seed of a network's initial weights: no two networks share one."""
    return int(np.random.SeedSequence([network, initial]).generate_state(1)[0])


def train_runs(
    build: Callable,
    images: Images,
    runs: Iterable[Seeds],
    *,
    network: int,
    epochs: int = EPOCHS,
    judge_each: bool = True,
) -> Iterator[dict[str, Any]]:
    """Train the network once for each run and yield its learning curves.

    The network is turned into a graph once, and an epoch is one call of that graph.  Each run
    puts fresh weights and an optimizer without memory into the same variables, so its outcome is
    that of a network trained alone: the weights that ``set_random_seed(initial_seed(...))`` and
    building give, and the batches of ``default_rng(order).permutation``, epoch by epoch.

    Yields
    ------
    ``initial`` and ``order``; the lists named in `CURVES`, one value an epoch (or only that after
    the last epoch, unless ``judge_each``); and ``seconds``, the processor time of all training
    steps.  What ends in ``right`` counts images.
    """
    import keras
    import tensorflow as tf

    model = build()
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    train_epoch, judge = _epoch_graphs(model, images)
    n, n_judging = len(images.y), len(images.y_judging)

    def restart(initial: int) -> None:
        keras.utils.set_random_seed(initial_seed(network, initial))
        model.set_weights(build().get_weights())
        for variable in optimizer.variables:
            if variable is not optimizer.learning_rate:
                variable.assign(tf.zeros_like(variable))

    train_epoch(tf.range(n))  # the first call compiles, which is not training time
    for run in runs:
        restart(run.initial)
        rng = np.random.default_rng(run.order)
        curves: dict[str, list[float]] = {name: [] for name in CURVES}
        seconds = 0.0
        for epoch in range(1, epochs + 1):
            order = tf.constant(rng.permutation(n).astype(np.int32))
            start = time.process_time()
            loss = float(train_epoch(order))
            seconds += time.process_time() - start
            if judge_each or epoch == epochs:
                small_loss, small = judge(0, images.n_small)
                rest_loss, rest = judge(images.n_small, images.n_val)
                _, test = judge(images.n_val, n_judging)
                val_loss = float(small_loss + rest_loss) / images.n_val
                values = (loss, val_loss, int(small + rest), int(small), int(test))
                for name, value in zip(CURVES, values):
                    curves[name].append(value)
        yield {**run._asdict(), **curves, "seconds": seconds}


def _epoch_graphs(model: Any, images: Images) -> tuple[Callable, Callable]:
    """Two graphs: an epoch of training in a given order; what judging images say.

    The second gives the sum of the losses and the number of images that are right.
    """
    import keras
    import tensorflow as tf

    variables, n = model.trainable_variables, len(images.y)
    cross_entropy = keras.losses.sparse_categorical_crossentropy
    x_train, y_train = tf.constant(images.x), tf.constant(images.y)
    x_judging, y_judging = tf.constant(images.x_judging), tf.constant(images.y_judging)

    @tf.function(autograph=False)
    def train_epoch(order: Any) -> Any:
        def step(begin: Any, total: Any) -> tuple[Any, Any]:
            batch = order[begin : begin + BATCH]  # the last one may be shorter
            x, y = tf.gather(x_train, batch), tf.gather(y_train, batch)
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
            y = y_judging[at : at + EVALUATION_BATCH]
            p = model(x_judging[at : at + EVALUATION_BATCH], training=False)
            losses += tf.reduce_sum(cross_entropy(y, p))
            right += tf.math.count_nonzero(tf.argmax(p, axis=1) == y)
            return at + EVALUATION_BATCH, losses, right

        sums = (begin, 0.0, tf.constant(0, tf.int64))
        _, losses, right = tf.while_loop(lambda at, *_: at < end, part, sums, parallel_iterations=1)
        return losses, right

    return train_epoch, judge


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
        known = known_untrained(setting, images, network=network)
        runs = [Seeds(run, run) for run in range(RUNS)]
    elif phase == "best":
        known = {}
        runs = [Seeds(run, run) for run in range(RUNS, MORE_RUNS)]
    else:
        known = {}
        runs = [Seeds(i, j) for i in range(CROSSED_SEEDS) for j in range(CROSSED_SEEDS)]
    trained = train_runs(
        lambda: spaces.built(spaces.bench_space, setting),
        images,
        runs,
        network=network,
        judge_each=phase != "crossed",
    )
    return {"network": network, **known, "runs": list(trained)}


# ---------------------------------------------------------------- files of a computation


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; a last line that a kill cut short does not count."""
    if not path.exists():
        return []
    *lines, _cut = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines]


def add_lines(path: Path, *lines: dict[str, Any]) -> None:
    """Add lines, after removing what a kill left of the last one."""
    with open(path, "ab+") as file:
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def finished(out: Path, phase: str) -> dict[int, dict[str, Any]]:
    """All networks that a phase has finished, by their number."""
    lines = [line for path in sorted(out.glob(f"{phase}_*.jsonl")) for line in read_lines(path)]
    return {line["network"]: line for line in lines}


def order_of_networks(count: int) -> list[int]:
    """The fixed, shuffled order in which networks are trained."""
    return np.random.default_rng(0).permutation(count).tolist()


def networks_of(phase: str, out: Path, count: int) -> list[int]:
    """The networks that a phase trains, in their order; ``count`` is the size of the space."""
    if phase == "networks":
        return order_of_networks(count)
    if phase == "crossed":
        return order_of_networks(count)[:CROSSED]
    done = finished(out, "networks")
    right = {n: sum(run["val_right"][-1] for run in done[n]["runs"]) for n in sorted(done)}
    return sorted(right, key=right.__getitem__, reverse=True)[:BEST]  # of equals, the lower number


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


# ---------------------------------------------------------------- the commands


def train(options: argparse.Namespace) -> None:
    """All phases, one after the other."""
    claim(options.out, describe_run(load_images(options.mnist)))
    for phase in PHASES:
        _train_phase(phase, options)


def _train_phase(phase: str, options: argparse.Namespace) -> None:
    """Start the processes, start them again as they ask for it, and say how far they are."""
    command = [sys.executable, __file__, "work", "--phase", phase, "--out", str(options.out)]
    command += ["--mnist", str(options.mnist), "--limit", str(options.limit)]
    command += ["--processes", str(options.processes), "--part"]
    workers = {part: subprocess.Popen([*command, str(part)]) for part in range(options.processes)}
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


def use_one_thread() -> None:
    """Before TensorFlow computes anything: two threads would round otherwise than one."""
    import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

    # isort: split
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def work(options: argparse.Namespace) -> int:
    """Train this process's share of a phase."""
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
        line = train_network(options.phase, network, settings[network], images)
        if os.getppid() != parent:  # it was killed: a new one may be at work on the same file
            return 1
        add_lines(options.out / f"{options.phase}_{options.part}.jsonl", line)
        keras.backend.clear_session()
    return 0


def measure(options: argparse.Namespace) -> None:
    """Times and sizes of every finished network, one after the other, with one thread."""
    from nascourse import evaluation, spaces
    from nascourse.methods import litert

    # isort: split
    import keras

    use_one_thread()
    images = load_images(options.mnist)
    done, measured = finished(options.out, "networks"), finished(options.out, "measured")
    count = len(spaces.settings(spaces.bench_space))
    todo = [n for n in order_of_networks(count) if n in done and n not in measured]
    for at, network in enumerate(todo, 1):
        model = spaces.built(spaces.bench_space, done[network]["setting"])
        small = litert.convert(model)
        values = (
            time_epoch(model, images),
            evaluation.measure_latency(model).median_ms,
            litert.measure_latency(small).median_ms,
            evaluation.saved_size(model),
            len(small),
        )
        line = {"network": network, **dict(zip(MEASURED, values))}
        add_lines(options.out / "measured_0.jsonl", line)
        keras.backend.clear_session()
        if at % 100 == 0:
            print(f"{at} of {len(todo)}", flush=True)


def time_epoch(model: Any, images: Images, *, repeats: int = 3) -> float:
    """Processor seconds of one epoch's training, the median."""
    import tensorflow as tf

    model.optimizer.build(model.trainable_variables)
    train_epoch, _ = _epoch_graphs(model, images)
    order = tf.random.shuffle(tf.range(len(images.y)))
    train_epoch(order)  # the first call compiles
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        float(train_epoch(order))
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))


def pack(options: argparse.Namespace) -> None:
    """Write all that is finished into one file, numbers with six significant digits."""

    def shorter(number: str) -> float:
        return float(f"{float(number):.6g}")

    lines = [json.loads((options.out / "run.json").read_text("utf-8"))]
    for phase in (*PHASES, "measured"):
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
    for phase in (*PHASES, "measured"):
        done = finished(options.out, phase)
        new = [line for line in lines if line["phase"] == phase and line["network"] not in done]
        add_lines(options.out / f"{phase}_packed.jsonl", *new)


# ---------------------------------------------------------------- tables


def networks_table(out: Path) -> pd.DataFrame:
    """One row for each finished network: its setting and what is known without training."""
    measured = finished(out, "measured")
    rows = []
    for network, line in sorted(finished(out, "networks").items()):
        timed = {name: measured.get(network, {}).get(name) for name in MEASURED}
        known = {name: line[name] for name in ("n_params", "flops", *PROXIES)}
        rows.append({"network": network, **line["setting"], **known, **timed})
    table = pd.DataFrame(rows)
    whole = [name for name in table if "filters" in name or "bytes" in name]
    return table.astype(dict.fromkeys(whole, "Int64"))  # whole numbers, though some are missing


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


def export(options: argparse.Namespace) -> None:
    """Write the tables and their description into the folder of recordings."""
    tables = {
        "networks": networks_table(options.out),
        "epochs": epochs_table(options.out),
        "crossed": crossed_table(options.out),
    }
    header = {
        "name": "MNIST-NAS-Bench",
        "version": "2",
        "license": "Apache-2.0",
        "made_by": f"make_bench_table_2.py, see {NAME}.md",
        **json.loads((options.out / "run.json").read_text("utf-8")),
        "finished_networks": len(tables["networks"]),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, no GPU",
        "python": platform.python_version(),
        "validation_places": validation_places(options.mnist),
        "files": {},
    }
    options.to.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = options.to / f"{NAME}_{name}.csv.gz"
        text = table.to_csv(index=False, float_format="%.4g", lineterminator="\n")
        content = gzip.compress(text.encode(), mtime=0)
        path.write_bytes(content)
        header["files"][path.name] = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "rows": len(table),
            "columns": {column: COLUMNS[column] for column in table.columns},
        }
        print(f"{path}: {len(table):,} rows, {len(content):,} bytes")
    (options.to / f"{NAME}.json").write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")


def validation_places(mnist: str | os.PathLike) -> str:
    """Where the validation images stand in ``x_train`` of this file: base64 of 16-bit integers.

    Files of MNIST may order the images of a digit otherwise; `choose_validation` finds them in all.
    """
    images = load_images(mnist)
    with np.load(mnist) as arrays:
        place_of = {image.tobytes(): place for place, image in enumerate(arrays["x_train"])}
    places = [place_of[image.tobytes()] for image in images.x_judging[: images.n_val]]
    return base64.b64encode(np.array(places, "<u2").tobytes()).decode()


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
    "epoch_seconds": "processor seconds of one epoch's training, one thread, on a quiet machine",
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


# ---------------------------------------------------------------- what the tables say


def report(options: argparse.Namespace) -> None:
    """Print how well the networks can be told apart, and where the noise comes from."""
    run = json.loads((options.out / "run.json").read_text("utf-8"))
    networks, epochs = networks_table(options.out), epochs_table(options.out)
    all_runs = epochs[epochs["seed"] < RUNS]
    last = all_runs[all_runs["epoch"] == EPOCHS]
    counts = {"small_right": "small_validation", "val_right": "validation", "test_right": "test"}
    for name, images in counts.items():
        by_run = last.pivot(index="network", columns="seed", values=name) / run[f"{images}_images"]
        mean, noise = by_run.mean(axis=1), np.sqrt(by_run.var(axis=1).mean())
        quantiles = mean.quantile([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]).round(4).tolist()
        print(f"{name}: {len(mean)} networks, quantiles {quantiles}")
        print(f"  deviation across networks {mean.std():.4f}, of one network's runs {noise:.4f}")
    networks["accuracy"] = networks["network"].map(mean)
    for name in ("n_params", "flops", *PROXIES):
        tau = networks[name].corr(networks["accuracy"], method="spearman")
        print(f"  rank correlation of {name} with test accuracy {tau:+.3f}")
    heads = all_runs.merge(networks[["network", "head"]], on="network")
    at = heads.groupby(["head", "epoch"])["val_right"].mean().unstack() / run["validation_images"]
    print(f"validation accuracy by head and epoch:\n{at[[1, 3, 6, 9, EPOCHS]].round(4)}")
    crossed = crossed_table(options.out)
    if len(crossed):
        for name, images in counts.items():
            parts = noise_parts(crossed, name)
            shown = {k: round(v**0.5 / run[f"{images}_images"], 5) for k, v in parts.items()}
            print(f"{name}, deviations of {crossed['network'].nunique()} crossed networks: {shown}")


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


def verify(options: argparse.Namespace) -> None:
    """Train some rows of the shipped table again; compare with the spread of the runs."""
    from nascourse import spaces

    use_one_thread()
    images = load_images(options.mnist)
    epochs = pd.read_csv(options.to / f"{NAME}_epochs.csv.gz")
    last = epochs[epochs["epoch"] == EPOCHS].set_index(["network", "seed"])["val_right"]
    noise = last.groupby("network").std()
    settings = spaces.settings(spaces.bench_space)
    off = []
    for network, run in last.sample(options.count, random_state=options.seed).index:

        def build(setting: dict[str, Any] = settings[network]) -> Any:
            return spaces.built(spaces.bench_space, setting)

        [again] = train_runs(build, images, [Seeds(run, run)], network=network, judge_each=False)
        then, now = last[network, run], again["val_right"][-1]
        off.append(abs(then - now) / max(noise.median(), noise[network]))
        print(f"network {network} seed {run}: {then} right in the table, {now} now")
    print(f"largest difference: {max(off):.2f} deviations of a run")
    if max(off) > 4:
        raise SystemExit("These networks do not agree with the table within the noise of a run.")


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
    parser.add_argument("--phase", choices=PHASES, default=PHASES[0], help=argparse.SUPPRESS)
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
