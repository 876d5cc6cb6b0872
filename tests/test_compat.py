"""The private names of other libraries are where they were, do what they did, and stay in one file.

If a test of a function fails, its library has moved what the function relies on: read the function
again against the new version, or take the pin back.
"""

from __future__ import annotations

import ast
import concurrent.futures
import gc
import inspect
import json
import multiprocessing
import os
import random
import re
import time
import weakref
from pathlib import Path
from types import ModuleType

import autokeras
import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from nascourse._engine import compat
from nascourse._engine.descriptions import code_description
from nascourse.spaces import autokeras_space

ROOT = Path(__file__).resolve().parent.parent


def relies_on(library: ModuleType):
    """Let the test of a function say which version has moved what the function relies on."""

    def decorate(test):
        def tried(**fixtures):
            try:
                test(**fixtures)
            except Exception as error:  # noqa: BLE001 - whatever a moved name leads to
                name = test.__name__.removeprefix("test_")
                pin = f"{library.__name__.replace('_', '-')}=={library.__version__}"
                pytest.fail(f"{pin} has moved what compat.{name} relies on: {error!r}")

        tried.__signature__ = inspect.signature(test)  # pytest reads the fixtures from it
        return tried

    return decorate


def oracle(
    make=keras_tuner.oracles.RandomSearchOracle, *, max_trials=3, **options
) -> keras_tuner.Oracle:
    hp = keras_tuner.HyperParameters()
    hp.Choice("block/units", [4, 8, 16])
    made = make(
        objective="val_accuracy", max_trials=max_trials, seed=1, hyperparameters=hp, **options
    )
    made.verbose = 0
    compat.keep_in_memory(made)
    return made


def dense_space(hp: keras_tuner.HyperParameters) -> keras.Model:
    layers = keras.layers
    units = hp.Choice("block/units", [4, 8, 16])
    model = keras.Sequential(
        [layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(units), layers.Dense(10)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


@relies_on(autokeras)
def test_AutoTuner():
    assert issubclass(compat.AutoTuner, keras_tuner.Tuner)
    assert {"hypermodel", "oracle"} <= inspect.signature(compat.AutoTuner).parameters.keys()


@relies_on(autokeras)
def test_GreedyOracle():
    greedy = oracle(compat.GreedyOracle, initial_hps=[{"block/units": 8}])
    assert greedy.create_trial("a").hyperparameters.values == {"block/units": 8}


@relies_on(autokeras)
def test_Trie():
    trie = compat.Trie()
    for name in ("conv/filters", "conv/kernel", "head"):
        trie.insert(name)
    (conv, head) = trie.root.children.values()

    assert len(trie.nodes) == 5
    assert trie.get_hp_names(conv) == ["conv/filters", "conv/kernel"]
    assert (conv.num_leaves, conv.is_leaf(), head.is_leaf(), head.hp_name) == (
        2,
        False,
        True,
        "head",
    )


@relies_on(autokeras)
def test_autokeras_network():
    space = autokeras_space()
    network = compat.autokeras_network(
        space.inputs,
        space.outputs,
        keras_tuner.HyperParameters(),
        image_shape=(28, 28, 1),
        n_classes=10,
    )
    assert network.input_shape == (None, 28, 28, 1)
    assert network.output_shape == (None, 10)


@relies_on(autokeras)
def test_autokeras_config():
    def config(**options) -> dict:
        space = autokeras_space(**options)
        return compat.autokeras_config(space.inputs, space.outputs)

    assert config() == config()
    assert config() != config(filters=(8, 16))
    assert not {"shape", "loss", "num_classes"} & set(config()["blocks"][-1]["config"])


@pytest.mark.slow
@relies_on(autokeras)
def test_autokeras_trains_with(small, tmp_path):
    calls = []

    def fit(model, *, x, y, batch_size, **arguments):
        calls.append(
            (isinstance(model, keras.Model), len(x), len(y), batch_size, arguments["epochs"])
        )
        return model.fit(x, y, batch_size=batch_size, **arguments)

    space = autokeras_space(filters=(1, 2), kernels=(3,))
    network = autokeras.AutoModel(
        space.inputs, space.outputs, directory=tmp_path, max_trials=1, tuner="random", seed=0
    )
    with compat.autokeras_trains_with(fit):
        one_hot = np.eye(10)
        network.fit(
            small.x_train,
            one_hot[small.y_train],
            validation_data=(small.x_val, one_hot[small.y_val]),
            epochs=1,
            batch_size=50,
            callbacks=[keras.callbacks.EarlyStopping()],
            verbose=0,
        )
    assert calls == [(True, 200, 200, 50, 1)]


@relies_on(autokeras)
def test_initial_values():
    greedy = oracle(compat.GreedyOracle, initial_hps=[{}])
    compat.initial_values(greedy)[0]["block/units"] = 16

    assert greedy.create_trial("a").hyperparameters.values == {"block/units": 16}
    assert compat.initial_values(oracle()) == []


@relies_on(keras_tuner)
def test_is_tried():
    random_search = oracle()
    values = random_search.create_trial("a").hyperparameters.values

    tried = [
        units for units in (4, 8, 16) if compat.is_tried(random_search, {"block/units": units})
    ]
    assert tried == list(values.values())


@relies_on(keras_tuner)
def test_questions_of():
    random_search = oracle()
    questions = compat.questions_of(random_search)
    assert questions == []

    values = random_search.create_trial("a").hyperparameters.values
    assert questions[-1] == values


@relies_on(keras_tuner)
def test_take_back():
    random_search = oracle()
    for units in (4, 16):
        compat.take_back(random_search, "0", {"block/units": units})

    assert random_search.create_trial("a").hyperparameters.values == {"block/units": 8}


@relies_on(keras_tuner)
def test_add_uncopied():
    entry = keras_tuner.HyperParameters()
    entry.Choice("block/units", [4, 8])
    (units,) = entry.space
    space = keras_tuner.HyperParameters()
    compat.add_uncopied(space, units)

    assert space.space == [units] and space.space[0] is units
    assert space.is_active("block/units") and not space.is_active("block/layers")


@relies_on(keras_tuner)
def test_spaces_made_as():
    class Counted(keras_tuner.HyperParameters):
        made = 0

        def __init__(self):
            Counted.made += 1
            super().__init__()

    for make in (keras_tuner.oracles.RandomSearchOracle, compat.GreedyOracle):
        search, before = oracle(make), Counted.made
        with compat.spaces_made_as(Counted):
            search.create_trial("a")
        assert Counted.made > before, make


@relies_on(keras_tuner)
def test_keep_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random_search = oracle()
    trial = random_search.create_trial("a")
    random_search.update_trial(trial.trial_id, {"val_accuracy": 0.5})
    trial.status = "COMPLETED"
    random_search.end_trial(trial)

    assert random_search.get_best_trials()[0].score == 0.5
    assert not os.listdir(tmp_path)


@relies_on(keras_tuner)
def test_release():
    random_search = oracle()
    random_search.create_trial("a")
    memory = weakref.ref(random_search)
    compat.release(random_search)
    del random_search
    gc.collect()
    assert memory() is None


def dependent(hp):
    """Some of its hyperparameters exist for some values of others only."""
    kind = hp.Choice("kind", ["dense", "conv"])
    with hp.conditional_scope("kind", ["conv"]):
        for layer in range(hp.Int("layers", 1, 9) or 0):
            hp.Choice(f"filters_{layer}", [8, 16])
    return kind


def built_for_dense_only(hp):
    if dependent(hp) == "conv":
        raise RuntimeError("no convolutions")


@pytest.mark.parametrize("build", [dependent, built_for_dense_only])
@relies_on(keras_tuner)
def test_ExploringTuner(tmp_path, build):
    made = oracle()
    compat.ExploringTuner(oracle=made, hypermodel=build, directory=tmp_path, overwrite=True)

    found = {entry.name for entry in made.get_space().space}
    assert found == {"block/units", "kind", "layers", "filters_0"}


@relies_on(keras_tuner)
def test_tracebacks_off(tmp_path, capsys):
    class Failing(keras_tuner.Tuner):
        def run_trial(self, trial):
            raise keras_tuner.errors.FailedTrialError("no luck")

    with compat.tracebacks_off():
        Failing(oracle=oracle(max_consecutive_failed_trials=4), directory=tmp_path).search()
    assert "Traceback" not in "".join(capsys.readouterr())


@pytest.mark.slow
@relies_on(keras_tuner)
def test_weights_saved_once(small, tmp_path, monkeypatch):
    saved, as_bytes = [], compat.weights_as_bytes
    monkeypatch.setattr(
        compat, "weights_as_bytes", lambda model: saved.append(model) or as_bytes(model)
    )
    tuner = keras_tuner.Tuner(oracle(max_trials=2), dense_space, directory=tmp_path)
    arrays, validation = (small.x_train, small.y_train), (small.x_val, small.y_val)
    with compat.weights_saved_once():
        tuner.search(*arrays, epochs=3, validation_data=validation, verbose=0)

    assert len(saved) == len(tuner.oracle.trials)
    trial = tuner.oracle.get_best_trials()[0]
    _, accuracy = tuner.load_model(trial).evaluate(*validation, verbose=0)
    assert accuracy == pytest.approx(trial.score)


@relies_on(keras)
def test_own_random_generator():
    def weights(*, drawn_meanwhile: bool) -> np.ndarray:
        keras.utils.set_random_seed(1)
        if drawn_meanwhile:
            random.random()
        layer = keras.layers.Dense(3)
        layer.build((None, 2))
        return layer.get_weights()[0]

    with compat.own_random_generator():
        state = random.getstate()
        expected = weights(drawn_meanwhile=False)
        assert random.getstate() == state
        assert np.array_equal(weights(drawn_meanwhile=True), expected)
    assert np.array_equal(weights(drawn_meanwhile=False), expected)


@relies_on(keras)
def test_build_by_batch():
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])
    compat.build_by_batch(model, np.zeros((4, 2)), np.zeros((4, 3)))
    assert model.built and model.optimizer.built
    assert {metric.name for metric in model.metrics} == {"loss", "compile_metrics"}


@relies_on(tf)
def test_graphs_forgotten():
    from tensorflow.python.framework import ops

    def registered() -> int:
        return len(ops.gradient_registry._registry)

    before = registered()
    with compat.graphs_forgotten():

        @tf.custom_gradient
        def double(x):
            return 2 * x, lambda gradient: 2 * gradient

        tf.function(double)(tf.constant(1.0))
        assert registered() > before
    assert registered() == before


def test_start_method():
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        assert compat.start_method(pool) == "spawn"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert compat.start_method(pool) is None


def test_answer_while_busy():  # `test_live` clicks a button of a busy kernel
    assert compat.answer_while_busy()() is None  # there is no kernel here


@relies_on(keras_tuner)
def test_BayesianOracle():
    first, second = (oracle(compat.BayesianOracle) for _ in range(2))
    first._random_state.uniform(size=7)
    second.set_state(json.loads(json.dumps(first.get_state())))

    assert second._random_state.uniform() == first._random_state.uniform()


@relies_on(keras)
def test_lambda_code():
    def code(source: str, file: str):
        function = eval(compile(source, file, "eval"))  # noqa: S307 - the texts below
        return compat.lambda_code(keras.layers.Lambda(function).get_config()["function"]["config"])

    assert code("lambda x: x / 2", "a.py") == code("\nlambda x: x / 2", "b.py")
    assert code("lambda x: x / 2", "a.py") != code("lambda x: x / 3", "a.py")
    # Keras saves the same function as an activation otherwise.
    function = lambda x: x / 2
    saved = keras.activations.serialize(function)
    assert compat.lambda_code(saved) == [code_description(function.__code__), None, None]


@relies_on(keras)
def test_compile_arguments():
    arguments = compat.compile_arguments(dense_space(keras_tuner.HyperParameters()))

    assert arguments["metrics"] == ["accuracy"]
    assert isinstance(arguments["loss"], keras.losses.SparseCategoricalCrossentropy)
    assert compat.compile_arguments(keras.Sequential()) == {}


@relies_on(keras)
def test_learning_rate_schedule():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100)

    assert compat.learning_rate_schedule(keras.optimizers.SGD(schedule)) is schedule
    assert compat.learning_rate_schedule(keras.optimizers.SGD(0.1)) is None
    assert compat.learning_rate_schedule(None) is None


@relies_on(keras)
def test_layer_calls():
    layer = keras.layers.Dense(3, name="dense")
    keras.Sequential([keras.Input((9, 3)), layer])
    model = keras.Sequential([keras.Input((2, 3)), layer, keras.layers.Flatten(name="flat")])
    image = keras.Input((4, 3))
    twice = keras.Model(image, layer(layer(image)))

    assert compat.layer_calls(model)["dense"] == [((None, 2, 3), (None, 2, 3))]
    assert compat.layer_calls(model)["flat"] == [((None, 2, 3), (None, 6))]
    assert compat.layer_calls(twice)["dense"] == 2 * [((None, 4, 3), (None, 4, 3))]


@relies_on(autokeras)
def test_Graph():
    image = autokeras.ImageInput()
    head = autokeras.ClassificationHead()
    graph = compat.Graph(image, head(autokeras.DenseBlock()(image)))
    assert [type(block).__name__ for block in graph.blocks] == ["DenseBlock", "ClassificationHead"]

    space = autokeras_space(metrics=("accuracy", "macro_f1"))
    (head,) = compat.Graph(space.inputs, space.outputs).outputs[0].in_blocks
    assert isinstance(head, autokeras.ClassificationHead)
    assert [head.metrics[0], head.metrics[1].name] == ["accuracy", "macro_f1"]


@relies_on(keras)
def test_weights_as_bytes(tmp_path):
    model = dense_space(keras_tuner.HyperParameters())
    model.build((None, 28, 28, 1))
    (tmp_path / "a.weights.h5").write_bytes(compat.weights_as_bytes(model))
    expected = model.get_weights()
    model.set_weights([0 * weight for weight in expected])
    model.load_weights(tmp_path / "a.weights.h5")

    for weight, other in zip(expected, model.get_weights()):
        np.testing.assert_array_equal(weight, other)


def test_signs_of_life():
    assert not compat.signs_of_life(
        concurrent.futures.ThreadPoolExecutor(1)
    )  # tests/test_waiting.py has processes


def test_end_processes():
    pool = concurrent.futures.ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn")
    )
    with pool:
        future = pool.submit(time.sleep, 600)
        while not future.running():
            time.sleep(0.05)
        compat.end_processes(pool)

    with pytest.raises(concurrent.futures.BrokenExecutor):
        future.result(timeout=60)


@relies_on(keras_tuner)
def test_files_by_python(tmp_path):
    tmp_path = tmp_path / "brackets [1]"
    tmp_path.mkdir()
    trial = keras_tuner.engine.trial.Trial(keras_tuner.HyperParameters())

    with compat.files_by_python():
        trial.save(str(tmp_path / "trial.json"))
        with pytest.raises(FileNotFoundError):
            trial.save(str(tmp_path / "none" / "trial.json"))
        assert keras_tuner.src.backend.io.glob(str(tmp_path / "trial_*")) == []
        (tmp_path / "trial_0").mkdir()
        assert len(keras_tuner.src.backend.io.glob(str(tmp_path / "trial_*"))) == 1
    assert json.loads((tmp_path / "trial.json").read_text("utf-8"))["trial_id"] == trial.trial_id


def names_of_compat() -> dict[str, str]:
    """Each public name, with the comment or docstring that says where it was read."""
    text = Path(compat.__file__).read_text("utf-8")
    module = ast.parse(text)
    functions = {
        part.name: ast.get_docstring(part) or ""
        for part in module.body
        if isinstance(part, ast.FunctionDef)
    }
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    return functions | dict.fromkeys(compat.__all__, comments)


def test_each_name_says_where_it_was_read_and_has_a_test():
    for name, text in names_of_compat().items():
        assert re.search(r"Read in [\w-]+ [\d.]+\d:", text), name
        assert f"test_{name}" in globals()


# What is private

PRIVATE = re.compile(
    r"(keras|keras_tuner)\.src\b|tensorflow\.python\b|autokeras\.[a-z]|(.*\.)?_[a-z]"
)
OWN = ("nascourse", "__future__")
# of named tuples, of `os`, and of `sys`
DOCUMENTED = {"_asdict", "_replace", "_exit", "_getframe", "_current_frames"}


def imported(tree: ast.Module) -> set[str]:
    """The modules that a file imports, as dotted names."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def underscored(tree: ast.Module) -> set[str]:
    """The attributes that begin with one underscore."""
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {name for name in names if re.match("_[a-z]", name)} - DOCUMENTED


def defined(tree: ast.Module) -> set[str]:
    """The underscored names that a file gives: functions, classes, variables, its own attributes."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names |= {node.attr} if ast.unparse(node.value) in ("self", "cls") else set()
    return names


@pytest.mark.slow
def test_no_other_file_touches_private_names_of_other_libraries():
    paths = [
        path
        for folder in ("nascourse", "notebooks", "solutions")
        for path in (ROOT / folder).rglob("*.py")
    ]
    trees = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths
    }
    ours = set().union(*map(defined, trees.values()))
    touched = {}
    for name, tree in trees.items():
        foreign = {module for module in imported(tree) if not module.startswith(OWN)}
        private = {module for module in foreign if PRIVATE.match(module)}
        replaced = {module for module in foreign if module.startswith("unittest.mock")}
        through_src = {"src" for node in ast.walk(tree) if getattr(node, "attr", "") == "src"}
        if offences := private | replaced | through_src | (underscored(tree) - ours):
            touched[name] = offences
    del touched["nascourse/_engine/compat.py"]
    assert touched == {}
