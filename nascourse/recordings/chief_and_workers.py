"""What do KerasTuner's own chief and workers do, and what when a worker is killed?

    python nascourse/recordings/chief_and_workers.py [--wait 60] [--record]

A chief and two workers are three processes of the very same script; environment variables say
which of the three a process is.  They talk over gRPC.  Whoever reaches the chief's port can command
it, as it asks for no password: here it is bound to 127.0.0.1, which no other machine reaches.
``--record`` writes what happened to ``nascourse/recordings/chief_and_workers.csv``.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pandas as pd
import recorder

FILE = Path(__file__).with_name("chief_and_workers.csv")
TRIALS, EPOCHS = 4, 2


def tune(folder: str) -> None:
    """A plain search by KerasTuner; the environment says which part this process takes in it."""
    import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
    import keras
    import keras_tuner
    import numpy as np
    from keras import layers

    def build(hp) -> keras.Model:
        units = hp.Int("units", 8, 64)
        model = keras.Sequential([layers.Dense(units, activation="relu"), layers.Dense(10)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
        return model

    begun = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: print("begun", flush=True))
    tuner = keras_tuner.RandomSearch(  # the chief serves its workers in here, until all is done
        build,
        objective="val_accuracy",
        max_trials=TRIALS,
        seed=1,
        directory=folder,
        project_name="shared",
    )
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2000, 20)), rng.integers(0, 10, 2000)
    tuner.search(x, y, validation_split=0.5, epochs=EPOCHS, callbacks=[begun], verbose=0)


def start(role: str, folder: str, port: int) -> subprocess.Popen:
    environment = os.environ | {
        "KERASTUNER_TUNER_ID": role,
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": str(port),
    }
    return subprocess.Popen(
        [sys.executable, __file__, "--folder", folder],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def ended(process: subprocess.Popen, within: float) -> bool:
    """Whether the process ends by itself in so many seconds."""
    try:
        process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        return False
    return True


def measure(*, kill: bool, wait: float) -> dict[str, object]:
    """Run a search with a chief and two workers, and say how it went."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        chief, first, second = (
            processes := [start(role, folder, port) for role in ("chief", "tuner0", "tuner1")]
        )
        try:
            if kill:
                assert first.stdout  # a pipe, see `start`
                patience = threading.Timer(300, first.kill)  # whose pipe then ends
                patience.start()
                while "begun" not in (line := first.stdout.readline()) and line:
                    pass
                patience.cancel()
                first.kill()
            workers_ended = ended(first, 300) and ended(second, 300)
            working = time.perf_counter() - begun
            chief_ended = ended(chief, wait)
            waited = time.perf_counter() - begun - working
        finally:
            for process in processes:
                process.kill()
                process.communicate(timeout=60)
        files = Path(folder).glob("shared/trial_*/trial.json")
        states = [json.loads(path.read_text("utf-8"))["status"] for path in files]
    outcome: dict[str, object] = {
        "case": "one worker killed" if kill else "undisturbed",
        "trials": TRIALS,
        "completed": states.count("COMPLETED"),
        "workers_ended": workers_ended,
        "workers_seconds": round(working),
        "chief_ended": chief_ended,
        "chief_seconds_later": round(waited),
    }
    print(outcome, flush=True)
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wait", type=float, default=60, help="seconds that the chief is given")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--folder", help=argparse.SUPPRESS)  # of the processes it starts
    options = parser.parse_args()
    if options.folder:
        tune(options.folder)
    else:
        table = pd.DataFrame([measure(kill=kill, wait=options.wait) for kill in (False, True)])
        if options.record:
            recorder.save(table, FILE)


if __name__ == "__main__":
    main()
