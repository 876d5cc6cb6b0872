"""The generator of MNIST-NAS-Bench: shared graphs, files that survive a kill, proxies."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import nascourse
from nascourse import spaces
from nascourse.data import SealedTest, Splits
from nascourse.methods import proxies

pytestmark = pytest.mark.slow

SCRIPT = Path(nascourse.__file__).parent / "recordings" / "make_bench_table.py"
spec = importlib.util.spec_from_file_location("make_bench_table", SCRIPT)
bench_table = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench_table)

SETTING = {
    "body/blocks": 2,
    "body/halving": "stride",
    "body/skip": True,
    "conv/kind": "separable",
    "conv/kernel": 3,
    "conv/filters_0": 2,
    "conv/filters_1": 6,
    "head": "quarters",
}
OTHER = {**SETTING, "body/halving": "max", "conv/kind": "plain", "body/skip": False}


def build(setting: dict = SETTING) -> keras.Model:
    return spaces.built(spaces.bench_space, setting)


@pytest.fixture(scope="module")
def images():
    """150 random training images (so the last batch is shorter), 250 + 500 judged ones."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (900, 28, 28, 1), dtype=np.uint8)
    y = rng.integers(0, 10, 900)
    test = SealedTest(x[400:], y[400:])
    return bench_table.load_images(Splits(x[:150], y[:150], x[150:400], y[150:400], test, "noise"))


def alone(seed: int, images, setting: dict = SETTING) -> dict:
    [run] = bench_table.train_seeds(lambda: build(setting), images, seeds=[seed], epochs=3)
    return {name: value for name, value in run.items() if name != "seconds"}


@pytest.mark.parametrize("setting", [SETTING, OTHER], ids=["separable", "plain"])
def test_seeds_that_share_a_graph_end_as_if_trained_alone(images, setting):
    shared = list(
        bench_table.train_seeds(lambda: build(setting), images, seeds=[0, 1, 2], epochs=3)
    )
    assert shared[0]["loss"] != shared[1]["loss"]
    for run in shared:
        assert run.pop("seconds") > 0
        assert run == alone(run["seed"], images, setting)


def test_training_equals_that_of_keras_fit(images):
    run = alone(1, images)
    keras.utils.set_random_seed(1)
    model = build()
    rng = np.random.default_rng(1)
    x, y = images.x.numpy(), images.y.numpy()
    x_val, y_val = images.x_judged[:250], images.y_judged[:250]
    for epoch in range(3):
        order = rng.permutation(len(y))
        history = model.fit(
            x[order],
            y[order],
            batch_size=bench_table.BATCH,
            shuffle=False,
            validation_data=(x_val, y_val),
            verbose=0,
        ).history
        for name in bench_table.CURVES:
            assert history[name] == pytest.approx([run[name][epoch]], rel=1e-4), name
    _, accuracy = model.evaluate(images.x_judged[250:], images.y_judged[250:], verbose=0)
    assert accuracy == pytest.approx(run["test_accuracy"], abs=0.002 + 1e-6)


def test_a_line_that_a_kill_cut_short_is_dropped(tmp_path):
    path = tmp_path / "networks_0.jsonl"
    bench_table.add_line(path, {"network": 3})
    with open(path, "ab") as file:
        file.write(b'{"network": 4, "ru')
    assert bench_table.read_lines(path) == [{"network": 3}]
    bench_table.add_line(path, {"network": 5})
    assert set(bench_table.finished(tmp_path)) == {3, 5}


def test_any_prefix_is_a_fair_sample_and_the_order_never_changes():
    order = bench_table.order_of_networks(1248)
    assert sorted(order) == list(range(1248))
    assert order[:3] == bench_table.order_of_networks(1248)[:3]
    assert 0.4 < np.mean(np.array(order[:500]) < 624) < 0.6


def test_a_folder_of_another_computation_is_refused(tmp_path):
    bench_table.claim(tmp_path, {"space": "a", "epochs": 12})
    bench_table.claim(tmp_path, {"space": "a", "epochs": 12})
    with pytest.raises(bench_table.CourseError, match="space='a', not 'b'.*--out"):
        bench_table.claim(tmp_path, {"space": "b", "epochs": 12})


def line(number: int, setting: dict) -> dict:
    run = {"loss": [2.0, 1.0], "val_loss": [2.0, 1.5], "val_accuracy": [0.5, 0.6]}
    runs = [{"seed": seed, **run, "test_accuracy": 0.61234, "seconds": 2.0} for seed in (0, 1, 2)]
    facts = {"n_params": 10, "flops": 20, "synflow": 1.0, "naswot": 2.0, "grad_norm": 3.0}
    return {"network": number, "setting": setting, "fingerprint": "f", **facts, "runs": runs}


def test_export_writes_the_same_bytes_again_and_describes_every_column(tmp_path):
    out, to = tmp_path / "out", tmp_path / "to"
    bench_table.claim(out, {"epochs": 2})
    one_block = {k: v for k, v in SETTING.items() if k != "conv/filters_1"} | {"body/blocks": 1}
    for number, setting in enumerate([SETTING, one_block]):
        bench_table.add_line(out / "networks_0.jsonl", line(number, setting))
    written = []
    for _ in range(2):
        bench_table.main(["export", "--out", str(out), "--to", str(to)])
        written.append({path.name: path.read_bytes() for path in to.iterdir()})
    assert written[0] == written[1]
    header = json.loads(written[0]["mnist_nas_bench.json"])
    assert header["finished_networks"] == 2
    epochs = bench_table.pd.read_csv(to / "mnist_nas_bench_epochs.csv.gz")
    assert len(epochs) == 2 * 3 * 2
    assert epochs["seconds"].tolist() == 12 * [1.0]
    assert epochs["test_accuracy"].dropna().tolist() == 6 * [0.6123]
    networks = bench_table.pd.read_csv(to / "mnist_nas_bench_networks.csv.gz")
    assert networks["conv/filters_1"].fillna(-1).tolist() == [6, -1]
    for name, file in header["files"].items():
        assert file["sha256"] == bench_table.hashlib.sha256(written[0][name]).hexdigest()


def test_missing_test_images_end_in_a_sentence(capsys, monkeypatch):
    monkeypatch.delenv("NASCOURSE_TEST_MNIST", raising=False)
    with pytest.raises(SystemExit) as end:
        bench_table.main(["train"])
    assert end.value.code == 2
    assert "--test-data" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_a_killed_computation_goes_on(tmp_path, images):
    """Kill all processes in mid-training, go on, and find what an undisturbed run gives."""
    rng = np.random.default_rng(0)
    file = tmp_path / "test.npz"
    np.savez(
        file,
        x_test=rng.integers(0, 256, (250, 28, 28), dtype=np.uint8),
        y_test=rng.integers(0, 10, 250),
    )
    code = (
        "import sys, runpy; sys.path.insert(0, sys.argv[1]); import make_bench_table as b;"
        "b.EPOCHS = b.train_seeds.__kwdefaults__['epochs'] = 1; sys.exit(b.main(sys.argv[2:]))"
    )
    command = [sys.executable, "-c", code, str(SCRIPT.parent), "work", "--test-data", str(file)]
    command += ["--processes", "1", "--limit", "2", "--out"]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])}
    killed = tmp_path / "killed"
    killed.mkdir()
    first = subprocess.Popen([*command, str(killed)], env=environment)
    lines = killed / "networks_0.jsonl"
    end = time.time() + 120
    while not lines.exists() and time.time() < end:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait(60)
    done_before = lines.read_bytes()
    assert len(bench_table.read_lines(lines)) == 1
    lines.write_bytes(done_before + b'{"network": 7')
    subprocess.run([*command, str(killed)], env=environment, check=True)
    assert lines.read_bytes().startswith(done_before)
    numbers = [line["network"] for line in bench_table.read_lines(lines)]
    assert numbers == bench_table.order_of_networks(1248)[:2]


def test_synflow_obeys_its_conservation_law():
    """Each layer's scores sum to the flow itself (Tanaka et al. 2020), once for every kernel."""
    model = build({**OTHER, "head": "flatten"})
    before = model.get_weights()
    score = proxies.synflow(model)
    for now, then in zip(model.get_weights(), before):
        np.testing.assert_array_equal(now, then)
    model.set_weights([np.abs(weight) for weight in before])
    model.layers[-1].activation = keras.activations.linear
    flow = float(tf.reduce_sum(model(np.full((1, 28, 28, 1), 255, np.uint8))))
    assert score == pytest.approx(3 * flow, rel=1e-4)


def test_naswot_of_hand_worked_codes():
    image = keras.Input((2,), dtype="uint8")
    x = keras.layers.Rescaling(1.0)(image)
    x = keras.layers.Dense(2, activation="relu", use_bias=False)(x)
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(x))
    model.layers[2].set_weights([np.eye(2)])
    # Codes 10 and 01: no output in common, so the kernel is 2 on the diagonal, else 0.
    x = np.array([[9, 0], [0, 9]], np.uint8)
    assert proxies.naswot(model, x) == pytest.approx(np.log(4))


def test_grad_norm_is_that_of_each_kernel_by_hand():
    image = keras.Input((2,))
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(image))
    model.layers[-1].set_weights([np.zeros((2, 2)), np.zeros(2)])
    # p = (1/2, 1/2), so the gradient of the kernel is x (p - y)^T = [[-1/2, 1/2], [0, 0]].
    score = proxies.grad_norm(model, np.array([[1.0, 0.0]], np.float32), np.array([0]))
    assert score == pytest.approx(np.sqrt(0.5))
