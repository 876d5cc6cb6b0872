"""Search on a disk that is really full, of twenty sizes, and go on once there is room (Linux).

    python tests/drills/full_disk.py [--sizes 20] [--kinds random greedy]

Each search has a small file system of its own, in a mount namespace, from 100 KB to 2 MB.  It is
begun there twice, each time in a process of its own: it must end, complete or in a sentence, and
never by a crash of the process or a traceback.  Then the file system grows, and the same search
must come to its end, with every trial completed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nascourse import CourseError, data, search, spaces

# isort: split
import keras
from keras import layers

TRIALS = 5
BOUND = 240  # seconds for a search
SMALLEST, LARGEST, ROOM = 100, 2000, 100_000  # KB
COMPLETE, SENTENCE, INCOMPLETE = 0, 3, 4  # exit statuses


def space(hp) -> keras.Model:
    """Networks of 200 to 400 KB."""
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    x = layers.Dense(hp.Choice("units", [64, 80, 96, 112, 128]), activation="relu")(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def run(kind: str, folder: Path, log: Path) -> None:
    """One start of a search, as a process that says by its status how it ended."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    try:
        found = search.run_search(
            space if kind == "random" else spaces.autokeras_space(),
            data.subset(data.load_mnist("bundled"), 200),
            strategy=kind,
            directory=folder,
            max_trials=TRIALS,
            epochs=1,
            seed=1,
            observer=search.Observer(),
        )
    except CourseError as error:
        print(error, flush=True)
        sys.exit(SENTENCE)
    finished = found.table["status"].tolist() == ["completed"] * TRIALS
    sys.exit(COMPLETE if finished else INCOMPLETE)


def problems(kind: str, size: int, scratch: Path, context) -> list[str]:
    """What was wrong with a search on a disk of so many KB."""
    disk, log = scratch / f"{kind}{size}", scratch / f"{kind}{size}.log"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", disk], check=True)
    statuses: list[int | None] = []
    for start in range(3):
        if start == 2:
            room = f"remount,size={ROOM}k"
            subprocess.run(["mount", "-o", room, disk], check=True)
        process = context.Process(target=run, args=(kind, disk / "search", log))
        process.start()
        process.join(BOUND)
        statuses.append(process.exitcode)
        process.kill()
        process.join()
    subprocess.run(["umount", disk], check=True)
    found = [f"start {n + 1}: status {s}" for n, s in enumerate(statuses) if s not in (0, SENTENCE)]
    if statuses[-1] != COMPLETE:
        found.append(f"with room it ended with status {statuses[-1]}")
    text = log.read_text("utf-8", "replace")
    if "Traceback" in text:
        found.append("a traceback was shown")
    if found:
        print(text[-2000:])
    full = sum(status == SENTENCE for status in statuses[:2])
    print(f"{kind}, {size} KB: {', '.join(found) or f'{full} of 2 starts found it full, complete'}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill disks; return 0 if no search crashed and all were completed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, default=20)
    parser.add_argument("--kinds", nargs="+", choices=("random", "greedy"), default=None)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not options.inside:  # once more, where mounting is allowed and nobody else sees it
        command = ["unshare", "--map-root-user", "--mount", sys.executable, __file__, "--inside"]
        return subprocess.run([*command, *sys.argv[1:]], check=False).returncode
    # Imports TensorFlow once; searches are forked from there, before it has run anything.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["nascourse.search"])
    sizes = np.linspace(SMALLEST, LARGEST, options.sizes).round().astype(int).tolist()
    kinds = options.kinds or ("random", "greedy")
    with tempfile.TemporaryDirectory() as scratch:
        bad = sum(
            bool(problems(kind, size, Path(scratch), context)) for kind in kinds for size in sizes
        )
    print(
        f"{len(kinds) * len(sizes) - bad} of {len(kinds) * len(sizes)} searches as they should be"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
