"""The generator of MNIST-NAS-Bench: clean images, shared graphs, files that survive a kill."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import bench_report
import bench_tables
import bench_training
import keras
import make_bench_table as making
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from nascourse import CourseError, data, spaces
from nascourse.benchmark import load_benchmark
from nascourse.methods import proxies

pytestmark = pytest.mark.slow

SCRIPT = Path(bench_tables.__file__).with_name("make_bench_table.py")

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
SETTINGS = {"separable": SETTING, "plain": OTHER}
NETWORK = 7
RUNS = [bench_training.Seeds(0, 0), bench_training.Seeds(1, 1), bench_training.Seeds(0, 1)]


def build(setting: dict = SETTING) -> keras.Model:
    return spaces.built(spaces.bench_space, setting)


# ---------------------------------------------------------------- images


def noise_images(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 256, (n, 28, 28, 1), dtype=np.uint8), np.arange(n) % 10


@pytest.fixture(scope="module")
def images():
    """150 random training images (so the last batch is shorter); 250 + 250 + 500 judge."""
    rng = np.random.default_rng(0)
    x, y = noise_images(rng, 1150)
    return bench_training.Images(x[:150], y[:150], x[150:], y[150:], n_small=250, n_val=500)


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """A file like MNIST's: 6,000 noise images, the bundled 5,000 and two test images among them."""
    rng = np.random.default_rng(1)
    bundled = data.load_mnist("bundled")
    (x, y), (x_test, y_test) = noise_images(rng, 6000), noise_images(rng, 250)
    parts = [
        (x, y),
        (bundled.x_train, bundled.y_train),
        (bundled.x_val, bundled.y_val),
        (bundled.test._x, bundled.test._y),
        (x_test[:2], y_test[:2]),
    ]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts))
    path = tmp_path_factory.mktemp("mnist") / "mnist.npz"
    np.savez(path, x_train=x[..., 0], y_train=y, x_test=x_test[..., 0], y_test=y_test)
    return path


def as_set(x: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in x}


def test_no_image_that_judges_is_a_bundled_one(mnist):
    images = bench_training.load_images(mnist)
    bundled = data.load_mnist("bundled")
    validation, test = as_set(images.x_judging[:5000]), as_set(images.x_judging[5000:])
    training, sealed = as_set(images.x), as_set(bundled.test._x)
    assert [len(part) for part in (training, validation, test)] == [4000, 5000, 250]
    for one, other in [(training, validation), (training, test), (validation, test)]:
        assert not one & other
    assert not sealed & (training | validation | test)
    assert np.bincount(images.y_judging[:5000]).tolist() == 10 * [500]
    assert np.bincount(images.y_judging[: images.n_small]).tolist() == 10 * [100]


def test_the_images_are_those_of_the_shipped_table(full_mnist):
    images = bench_training.load_images(full_mnist)
    described = making.describe_run(images)
    assert described["validation_sha256"].startswith("0e759d302617538c")
    assert described["test_sha256"].startswith("c3f9adf9c66efb57")
    bundled = data.load_mnist("bundled")
    own = as_set(np.concatenate([bundled.x_train, bundled.x_val, bundled.test._x]))
    assert not own & as_set(images.x_judging)
    header = json.loads((making.SHIPPED / "mnist_nas_bench.json").read_text("utf-8"))
    if header.get("version") == "2":  # version 1 kept no such sums
        assert {name: header[name] for name in described} == described
        assert header["validation_places"] == bench_tables.validation_places(full_mnist)


def test_the_order_of_the_file_decides_nothing(monkeypatch):
    monkeypatch.setattr(bench_training, "VALIDATION", 5)
    monkeypatch.setattr(bench_training, "SMALL_VALIDATION", 2)
    x, y = noise_images(np.random.default_rng(2), 200)
    x, y = np.concatenate([x, x[:20]]), np.concatenate([y, y[:20]])  # some images twice
    once = bench_training.choose_validation(x, y, taken=x[20:40])
    again = bench_training.choose_validation(x[::-1], y[::-1], taken=x[20:40])
    for (x_once, y_once), (x_again, y_again) in zip(once, again):
        np.testing.assert_array_equal(x_once, x_again)
        np.testing.assert_array_equal(y_once, y_again)
    chosen = [image.tobytes() for part, _ in once for image in part]
    assert len(set(chosen)) == len(chosen) == 50
    assert not set(chosen) & as_set(x[20:40])


def test_the_header_says_where_the_validation_images_stand(mnist):
    places = np.frombuffer(base64.b64decode(bench_tables.validation_places(mnist)), "<u2")
    x = np.load(mnist)["x_train"][places]
    np.testing.assert_array_equal(x[..., None], bench_training.load_images(mnist).x_judging[:5000])


# ---------------------------------------------------------------- training


def trained(runs: list, images, setting: dict = SETTING, **options) -> list[dict]:
    found = bench_training.train_runs(
        lambda: build(setting), images, runs, network=NETWORK, epochs=3, **options
    )
    return [{name: value for name, value in run.items() if name != "seconds"} for run in found]


@pytest.fixture(scope="module")
def shared(images) -> dict[str, list[dict]]:
    """The runs of each network, which share a graph."""
    return {kind: trained(RUNS, images, setting) for kind, setting in SETTINGS.items()}


@pytest.mark.parametrize("kind", SETTINGS)
def test_runs_that_share_a_graph_end_as_if_trained_alone(images, shared, kind):
    assert len({str(run["loss"]) for run in shared[kind]}) == 3
    assert trained(RUNS[1:2], images, SETTINGS[kind]) == shared[kind][1:2]


def test_a_run_may_be_judged_at_its_end_alone(images, shared):
    [last] = trained(RUNS[2:], images, judge_each=False)
    assert all(last[name] == shared["separable"][2][name][-1:] for name in bench_training.CURVES)


def test_training_equals_that_of_keras_fit(images, shared):
    run, seeds = shared["separable"][2], RUNS[2]
    keras.utils.set_random_seed(bench_training.initial_seed(NETWORK, seeds.initial))
    model = build()
    rng = np.random.default_rng(seeds.order)
    for epoch in range(3):
        order = rng.permutation(len(images.y))
        history = model.fit(
            images.x[order],
            images.y[order],
            batch_size=bench_training.BATCH,
            shuffle=False,
            verbose=0,
        ).history
        assert run["loss"][epoch] == pytest.approx(history["loss"][0], rel=1e-4)
        for name, begin, end in [("small", 0, 250), ("val", 0, 500), ("test", 500, 1000)]:
            x, y = images.x_judging[begin:end], images.y_judging[begin:end]
            loss, accuracy = model.evaluate(x, y, verbose=0)
            assert run[f"{name}_right"][epoch] == pytest.approx(accuracy * len(y), abs=1.01)
            if name == "val":
                assert run["val_loss"][epoch] == pytest.approx(loss, rel=1e-4)


def test_the_time_of_an_epoch_is_found_on_a_fresh_network(images):
    assert 0 < bench_training.time_epoch(build(), images) < 60


def test_no_two_networks_begin_with_the_same_weights():
    seeds = {
        bench_training.initial_seed(network, run) for network in range(1248) for run in range(10)
    }
    assert len(seeds) == 12480


# ---------------------------------------------------------------- files of a computation


def line(network: int, *, runs: range = range(3), right: int = 3000, setting: dict = SETTING):
    """A line as a phase adds it, of a computation of two epochs."""

    def run(seed: int) -> dict:
        counts = {"val_right": [2500, right], "small_right": [500, 600], "test_right": [5000, 6123]}
        losses = {"loss": [2.0, 1.23456789], "val_loss": [2.0, 1.5]}
        return {"initial": seed, "order": seed, **losses, **counts, "seconds": 2.0}

    facts = {"n_params": 10, "flops": 20, "synflow": 1.0, "naswot": 2.0, "grad_norm": 3.0}
    return {
        "network": network,
        "setting": setting,
        "fingerprint": "f",
        **facts,
        "runs": [run(seed) for seed in runs],
    }


@pytest.fixture
def out(tmp_path):
    """The folder of a computation with two of three networks, of which one is among the best."""
    out = tmp_path / "out"
    sizes = {"validation_images": 5000, "small_validation_images": 1000, "test_images": 10_000}
    making.claim(out, {"epochs": 2, **sizes, "networks": 3})
    one_block = {k: v for k, v in SETTING.items() if k != "conv/filters_1"} | {"body/blocks": 1}
    bench_tables.add_lines(out / "networks_0.jsonl", line(0), line(1, setting=one_block))
    best = {name: line(1, runs=range(3, 10))[name] for name in ("network", "runs")}
    bench_tables.add_lines(out / "best_1.jsonl", best)
    measured = dict(zip(bench_tables.MEASURED, (0.1, 0.5, 0.25, 30_000, 2_000)))
    bench_tables.add_lines(out / "measured_0.jsonl", {"network": 1, **measured})
    pairs = [(initial, order) for initial in range(2) for order in range(2)]
    crossed = [
        {**run, "initial": initial, "order": order, "val_right": [2000 + 100 * initial + order]}
        for (initial, order), run in zip(pairs, line(0, runs=range(4))["runs"])
    ]
    lines = [{"network": network, "runs": crossed} for network in (0, 1)]
    bench_tables.add_lines(out / "crossed_0.jsonl", *lines)
    return out


def test_a_line_that_a_kill_cut_short_is_dropped(tmp_path):
    path = tmp_path / "networks_0.jsonl"
    bench_tables.add_lines(path, {"network": 3})
    with open(path, "ab") as file:
        file.write(b'{"network": 4, "ru')
    assert bench_tables.read_lines(path) == [{"network": 3}]
    bench_tables.add_lines(path, {"network": 5}, {"network": 6})
    assert set(bench_tables.finished(tmp_path, "networks")) == {3, 5, 6}


def test_any_prefix_is_a_fair_sample_and_the_order_never_changes():
    order = making.order_of_networks(1248)
    assert sorted(order) == list(range(1248))
    assert order[:3] == [1057, 938, 1227]
    assert 0.4 < np.mean(np.array(order[:500]) < 624) < 0.6


def test_the_best_are_chosen_by_validation_accuracy(tmp_path, monkeypatch):
    monkeypatch.setattr(making, "BEST", 3)
    rights = {4: 3000, 2: 3000, 3: 2900, 0: 3100}
    lines = [line(network, right=right) for network, right in rights.items()]
    bench_tables.add_lines(tmp_path / "networks_0.jsonl", *lines)
    assert making.networks_of("best", tmp_path, 1248) == [0, 2, 4]


def test_a_folder_of_another_computation_is_refused(tmp_path):
    making.claim(tmp_path, {"space": "a", "epochs": 12})
    making.claim(tmp_path, {"space": "a", "epochs": 12})
    with pytest.raises(CourseError, match="space='a', not 'b'.*--out"):
        making.claim(tmp_path, {"space": "b", "epochs": 12})


def test_a_packed_computation_goes_on_elsewhere(out, tmp_path):
    packed, there = tmp_path / "packed.jsonl.gz", tmp_path / "there"
    making.main(["pack", "--out", str(out), "--packed", str(packed)])
    making.claim(there, json.loads((out / "run.json").read_text()))
    bench_tables.add_lines(there / "networks_0.jsonl", line(0, right=4000))  # trained there before
    for _ in range(2):  # once more does nothing
        making.main(["unpack", "--out", str(there), "--packed", str(packed)])
    assert len(bench_tables.read_lines(there / "networks_packed.jsonl")) == 1
    assert bench_tables.finished(there, "networks")[0]["runs"][0]["val_right"] == [2500, 4000]
    assert bench_tables.networks_table(there).equals(bench_tables.networks_table(out))
    pd.testing.assert_frame_equal(
        bench_tables.epochs_table(there).query("network == 1"),
        bench_tables.epochs_table(out).query("network == 1"),
        rtol=1e-5,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_a_killed_computation_goes_on(tmp_path, mnist, monkeypatch):
    """Kill it in mid-training, go on, and find what an undisturbed computation gives."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import make_bench_table as m;"
        "m.RUNS = m.train_runs.__kwdefaults__['epochs'] = 1; sys.exit(m.main(sys.argv[2:]))"
    )
    work = ["work", "--mnist", str(mnist), "--processes", "1", "--limit", "2"]
    work += ["--out", str(tmp_path)]
    command = [sys.executable, "-c", code, str(SCRIPT.parent), *work]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])}
    first = subprocess.Popen(command, env=environment)
    lines = tmp_path / "networks_0.jsonl"
    end = time.time() + 400  # a busy machine takes its time
    while not (lines.exists() and bench_tables.read_lines(lines)) and time.time() < end:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait(60)
    before = lines.read_bytes()
    assert len(bench_tables.read_lines(lines)) == 1
    lines.write_bytes(before + b'{"network": 7')
    monkeypatch.setattr(making, "RUNS", 1)
    monkeypatch.setitem(making.train_runs.__kwdefaults__, "epochs", 1)
    monkeypatch.setattr(making, "use_one_thread", lambda: None)  # too late in this process
    assert making.main(work) == 0
    assert lines.read_bytes().startswith(before)
    numbers = [line["network"] for line in bench_tables.read_lines(lines)]
    assert numbers == making.order_of_networks(1248)[:2]


# ---------------------------------------------------------------- tables


def test_export_writes_the_same_bytes_again_and_describes_every_column(out, tmp_path, mnist):
    to, written = tmp_path / "to", []
    for _ in range(2):
        making.main(["export", "--out", str(out), "--to", str(to), "--mnist", str(mnist)])
        written.append({path.name: path.read_bytes() for path in to.iterdir()})
    assert written[0] == written[1]
    header = json.loads(written[0]["mnist_nas_bench.json"])
    assert header["finished_networks"] == 2
    for name, file in header["files"].items():
        assert file["sha256"] == hashlib.sha256(written[0][name]).hexdigest()
    epochs = pd.read_csv(to / "mnist_nas_bench_epochs.csv.gz")
    assert list(epochs) == list(header["files"]["mnist_nas_bench_epochs.csv.gz"]["columns"])
    assert epochs.groupby("network").size().to_dict() == {0: 3 * 2, 1: 10 * 2}
    assert epochs["seed"].tolist()[6:] == np.repeat(range(10), 2).tolist()
    assert set(epochs["test_right"]) == {5000, 6123}
    assert set(epochs["seconds"]) == {1.0}
    networks = pd.read_csv(to / "mnist_nas_bench_networks.csv.gz")
    assert networks["conv/filters_1"].fillna(-1).tolist() == [6, -1]
    assert networks["litert_bytes"].fillna(-1).tolist() == [-1, 2000]


@pytest.fixture
def exported(out, tmp_path, mnist) -> Path:
    to = tmp_path / "to"
    making.main(["export", "--out", str(out), "--to", str(to), "--mnist", str(mnist)])
    return to


def test_what_is_exported_loads(exported):
    bench = load_benchmark(exported)
    assert (len(bench), bench.of, bench.seeds, bench.epochs) == (2, 3, [0, 1, 2], 2)
    assert bench.curves.groupby("network").size().to_dict() == {0: 3 * 2, 1: 3 * 2}
    assert bench.held_out.groupby("network").size().to_dict() == {1: 7 * 2}
    assert bench.query(1, seed=9) == (1, 9, 2, 1.235, 1.5, 3000 / 5000, pytest.approx(0.2))
    assert bench.query(0, epochs=1).val_accuracy == 2500 / 5000
    assert bench.query(0).seconds == pytest.approx(2.0)  # not measured on a quiet machine
    assert bench.test_accuracy(0, epochs=1) == 0.5
    assert bench.test_accuracy(0, seed=2) == 0.6123
    assert (bench.facts(1)["litert_ms"], bench.facts(0)["litert_ms"]) == (0.25, None)
    crossed = pd.read_csv(exported / "mnist_nas_bench_crossed.csv.gz")
    crossed = crossed.set_index(["network", "initial", "order"])
    counted = {(i, j): 2000 + 100 * i + j for i in (0, 1) for j in (0, 1)}
    assert crossed.loc[1, "val_right"].to_dict() == counted
    assert set(crossed["small_right"]) == {600}


def test_the_small_validation_set_judges_where_it_is_asked_for(exported):
    bench = load_benchmark(exported, validation_images=1000)
    outcome = bench.query(0, epochs=1)
    assert outcome.val_accuracy == 500 / 1000
    assert np.isnan(outcome.val_loss)
    with pytest.raises(CourseError, match="validation_images=2000 .* 5000, 1000"):
        load_benchmark(exported, validation_images=2000)


def test_the_lines_of_the_datasheet_load_it(exported, monkeypatch):
    pages = [page.read_text("utf-8") for page in SCRIPT.parent.glob("mnist_nas_bench*.md")]
    (code,) = re.findall("```python\n(.*?)```", "".join(pages), re.DOTALL)
    monkeypatch.chdir(exported)
    names: dict = {}
    exec(code, names)  # noqa: S102 - the datasheet's own lines
    assert names["best"]["val_right"].to_dict() == {0: 0.6, 1: 0.6}
    assert names["best"]["test_right"].dropna().to_dict() == {1: 0.6123}  # 0 is not among the best


def test_the_report_takes_what_is_finished(out, capsys):
    making.main(["report", "--out", str(out)])
    printed = capsys.readouterr().out
    assert "2 of 3 networks" in printed
    assert "2 crossed networks" in printed


def test_the_parts_of_the_noise_are_those_that_were_put_in():
    rng = np.random.default_rng(0)
    n, n_initial, n_orders = 300, 6, 300  # many orders, as the common part has one value for each
    a = (
        rng.normal(0, 10, (n, 1, 1))
        + rng.normal(0, 2, (1, 1, n_orders))
        + rng.normal(0, 3, (n, 1, n_orders))
        + rng.normal(0, 4, (n, n_initial, 1))
        + rng.normal(0, 5, (n, n_initial, n_orders))
    )
    index = pd.MultiIndex.from_product(map(range, a.shape), names=["network", "initial", "order"])
    parts = bench_report.noise_parts(
        pd.DataFrame({"right": a.ravel()}, index=index).reset_index(), "right"
    )
    assert parts == pytest.approx(
        {"common_order": 4, "order": 9, "initial": 16, "rest": 25}, rel=0.1
    )


def test_missing_images_end_in_a_sentence(capsys, monkeypatch):
    monkeypatch.delenv("NASCOURSE_TEST_MNIST", raising=False)
    with pytest.raises(SystemExit) as end:
        making.main(["train"])
    assert end.value.code == 2
    assert "--mnist" in capsys.readouterr().err


# ---------------------------------------------------------------- proxies


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


def test_activations_that_are_layers_count_as_well():
    def network(as_layers: bool) -> keras.Model:
        keras.utils.set_random_seed(3)
        x = inputs = keras.Input((4, 4, 1))
        x = keras.layers.Rescaling(1 / 255)(x)
        x = keras.layers.Conv2D(3, 3, activation=None if as_layers else "relu")(x)
        x = keras.layers.Flatten()(keras.layers.ReLU()(x) if as_layers else x)
        x = keras.layers.Dense(2, activation=None if as_layers else "softmax")(x)
        return keras.Model(inputs, keras.layers.Softmax()(x) if as_layers else x)

    x = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1)).astype("float32")
    one, other = network(as_layers=True), network(as_layers=False)

    assert proxies.naswot(one, x) == pytest.approx(proxies.naswot(other, x))
    assert proxies.synflow(one) == pytest.approx(proxies.synflow(other))


def test_a_network_that_a_proxy_cannot_judge_is_refused_in_a_sentence():
    image = keras.Input((4, 4, 1))
    flat = keras.Model(image, keras.layers.Flatten()(image))
    with pytest.raises(CourseError, match="has no ReLU"):
        proxies.naswot(flat, np.zeros((1, 4, 4, 1)))
    with pytest.raises(CourseError, match="does not end in a dense layer"):
        proxies.synflow(flat)


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
