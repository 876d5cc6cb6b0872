"""All names of other libraries that the package uses although nobody promises them.

A name is *private* here if

- it, or a module on the way to it, begins with an underscore;
- its library keeps it behind what it exports: ``keras.src``, ``keras_tuner.src``,
  ``tensorflow.python``; KerasTuner exports ``keras_tuner.engine``, so that is public;
- it lives in a submodule of AutoKeras, whose documentation names only what ``import autokeras``
  gives;
- it is public, and we replace it while something runs.

Any release of its library may move such a name.  So each is used in this module alone, behind one
function or class that says in which version it was read and what it is needed for.
``tests/test_compat.py`` tries each one with the versions that are installed, and says what has
moved.  Before you add to this module, look for a public way.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import glob
import io
import marshal
import random
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from unittest import mock

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
import keras_tuner
import numpy as np
import psutil

# Read in autokeras 3.0.0: the loop that fits AutoKeras's blocks to the data and trains them; the
# class that `autokeras.AutoModel` asks its tuners to extend.
from autokeras.engine.tuner import AutoTuner

# Read in autokeras 3.0.0: what `autokeras.AutoModel` makes of blocks; it builds networks, and knows
# which blocks there are and which of them its outputs come from.
from autokeras.graph import Graph

# Read in autokeras 3.0.0: AutoKeras's greedy strategy without its tuner, and the tree of names by
# which it chooses what to change.
from autokeras.tuners.greedy import GreedyOracle, Trie

from nascourse._engine.descriptions import code_description
from nascourse._engine.files import atomic_write

if TYPE_CHECKING:
    from keras_tuner.engine.hyperparameters import HyperParameter

# What a page asks of a kernel without running code.
WHILE_BUSY = {"kernel_info_request", "comm_info_request", "comm_open", "comm_msg", "comm_close"}

__all__ = ["AutoTuner", "BayesianOracle", "Graph", "GreedyOracle", "Trie"]


class BayesianOracle(keras_tuner.oracles.BayesianOptimizationOracle):
    """KerasTuner's Bayesian optimization, which goes on after a stop as without one.

    Read in keras-tuner 1.4.8: it draws the starting points of each proposal from a generator that
    it does not save.
    """

    def get_state(self) -> dict[str, Any]:
        generator = self._random_state.get_state(legacy=False)
        generator["state"]["key"] = generator["state"]["key"].tolist()
        return {**super().get_state(), "generator": generator}

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        if "generator" in state:  # not in a search of an older version of the course
            self._random_state.set_state(state["generator"])


class ExploringTuner(keras_tuner.Tuner):
    """Looks for the hyperparameters that depend on others, always in the same way.

    Read in keras-tuner 1.4.8: before the first trial a private method builds a network for each
    `conditional_scope` that no network has entered.  It draws the values of what a scope lets in
    from a generator that no seed rules, and raises the error of a network that cannot be built.
    Here these values are those by default, each scope is tried once, and such a network is left to
    the trials.
    """

    def _activate_all_conditions(self) -> None:
        space = self.oracle.get_space()
        entered: list[Any] = []  # or tried in vain
        closed: list[Any] = []
        while True:
            with contextlib.suppress(Exception):
                self.hypermodel.build(space)
            self.oracle.update_space(space)
            entered += space.active_scopes
            closed = [scope for scope in closed + space.inactive_scopes if scope not in entered]
            if not closed:
                return
            entered.append(closed[0])
            space = self.oracle.get_space()
            space.values |= {condition.name: condition.values[0] for condition in closed[0]}
            for entry in space.space:
                if space.is_active(entry):
                    space.values.setdefault(entry.name, entry.default)
                else:
                    space.values.pop(entry.name, None)


def autokeras_network(
    inputs: Any, outputs: Any, hp: Any, *, image_shape: tuple[int, ...], n_classes: int
) -> keras.Model:
    """Build the network that a graph of AutoKeras blocks makes of the values in ``hp``.

    Read in autokeras 3.0.0: `AutoModel` can build one only after it has seen data, from which it
    learns both shapes.
    """
    graph = Graph(inputs=inputs, outputs=outputs)
    graph.inputs[0].shape = image_shape
    graph.outputs[0].in_blocks[0].shape = (n_classes,)
    return graph.build(hp)


def autokeras_config(inputs: Any, outputs: Any) -> dict[str, Any]:
    """Describe a graph of AutoKeras blocks, without what AutoKeras fills in from the data.

    Read in autokeras 3.0.0: no public name tells two graphs apart.
    """
    config = Graph(inputs=inputs, outputs=outputs).get_config()
    for part in [*config["blocks"], *config["nodes"].values()]:
        if (part["module"] or "").startswith("nascourse."):  # older searches know it by this module
            part["module"] = "nascourse.spaces"
        for learned in ("shape", "loss", "num_classes"):
            part["config"].pop(learned, None)
    return config


def autokeras_trains_with(
    fit: Callable[..., keras.callbacks.History],
) -> AbstractContextManager[object]:
    """Let AutoKeras train its networks by this function, which takes a model and its arrays.

    Read in autokeras 3.0.0: its tuner hands arrays to ``model.fit`` by a function that halves the
    batch where memory runs out, and offers no other way to train.
    """
    from autokeras.utils import utils

    def train(
        model: keras.Model, batch_size: int, **arguments: Any
    ) -> tuple[keras.Model, keras.callbacks.History]:
        train_model = functools.partial(fit, model)
        return model, utils.run_with_adaptive_batch_size(batch_size, train_model, **arguments)

    return mock.patch.object(utils, "fit_with_adaptive_batch_size", train)


def lambda_code(config: Mapping[str, Any]) -> Any:
    """What a lambda that Keras saved does, wherever it was written.

    Read in keras 3.12.4: Keras marshals the code, which names its file; a notebook's file has
    another name in every kernel.  Only a `Lambda` layer names the parts.
    """
    code, *around = config.get("value") or map(config.get, ("code", "defaults", "closure"))
    by_keras = marshal.loads(base64.b64decode(code))  # noqa: S302 - just now
    return [code_description(by_keras), *around]


def compile_arguments(model: keras.Model) -> dict[str, Any]:
    """What a network was compiled with, as it was given.

    Read in keras 3.12.4: the public `get_compile_config` names functions, without their code.
    """
    compiled = getattr(model, "_compile_config", None)
    return dict(compiled.config) if compiled else {}


def learning_rate_schedule(optimizer: keras.Optimizer | None) -> Any:
    """What an optimizer calls for its learning rate; None if that is a number.

    Read in keras 3.12.4: the public `learning_rate` is the number that it gives now.
    """
    rate = getattr(optimizer, "_learning_rate", None)
    return rate if callable(rate) else None


def layer_calls(model: keras.Model) -> dict[str, list[tuple[Any, Any]]]:
    """The shapes of the first input and of the output of each call of a layer in a network.

    Read in keras 3.12.4: the public `Layer.output` is that of the first call, which may belong to
    another network; the public `get_config` fails for a layer of one's own that has none.
    """
    graph = getattr(model, "_functional", model)  # of a `Sequential` network
    calls: dict[str, list[tuple[Any, Any]]] = {}
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            shapes = [tensor.shape for tensor in (*node.input_tensors, *node.outputs)]
            calls.setdefault(node.operation.name, []).append((shapes[0], node.outputs[0].shape))
    return calls


def initial_values(oracle: keras_tuner.Oracle) -> list[dict[str, Any]]:
    """The values that a greedy oracle tries first, to be changed in place; none of other oracles.

    Read in autokeras 3.0.0: the oracle takes them when it is made, before the space is known.
    """
    return oracle.initial_hps if isinstance(oracle, GreedyOracle) else []


def is_tried(oracle: keras_tuner.Oracle, values: Mapping[str, Any]) -> bool:
    """Whether a trial of the oracle has, or had, these values.

    Read in keras-tuner 1.4.8: all its oracles ask this method before they propose.
    """
    return oracle._duplicate(values)


def questions_of(oracle: keras_tuner.Oracle) -> list[Mapping[str, Any]]:
    """A list that gets the values each time an oracle asks whether they were tried.

    Read in keras-tuner 1.4.8: see `is_tried`.
    """
    questions: list[Mapping[str, Any]] = []
    duplicate = oracle._duplicate

    def ask(values: Mapping[str, Any]) -> bool:
        questions.append(values)
        return duplicate(values)

    oracle._duplicate = ask
    return questions


def take_back(oracle: keras_tuner.Oracle, trial_id: str, values: Mapping[str, Any]) -> None:
    """Let an oracle take what it has just proposed for tried, although no trial has these values.

    Read in keras-tuner 1.4.8: there is no public way to exclude a configuration, and Hyperband
    enters each proposal in the first round of its bracket.
    """
    oracle._tried_so_far.add(oracle._compute_values_hash(values))
    if isinstance(oracle, keras_tuner.oracles.HyperbandOracle):
        for bracket in oracle._brackets:
            first = bracket["rounds"][0]
            first[:] = [entry for entry in first if entry["id"] != trial_id]


def add_uncopied(space: keras_tuner.HyperParameters, entry: HyperParameter) -> None:
    """Add a hyperparameter itself to a space.

    Read in keras-tuner 1.4.8: the public `merge` adds a copy, made by way of its configuration.
    """
    space._hps[entry.name].append(entry)
    space._space.append(entry)


@contextlib.contextmanager
def spaces_made_as(space_class: type[keras_tuner.HyperParameters]) -> Iterator[None]:
    """Let oracles make each new space as one of this class, which extends KerasTuner's own.

    Read in keras-tuner 1.4.8: for each proposal random search, and greedy search of autokeras
    3.0.0, merge hyperparameters into a new `HyperParameters`, and offer no other way to make one.
    """
    from keras_tuner.src.engine import hyperparameters

    with (
        mock.patch.object(keras_tuner, "HyperParameters", space_class),
        mock.patch.object(hyperparameters, "HyperParameters", space_class),
    ):
        yield


def keep_in_memory(oracle: keras_tuner.Oracle) -> None:
    """Let an oracle write no files.

    Read in keras-tuner 1.4.8: it saves itself by the public `save`, but each of its trials by a
    private method, and has no option for a search without a folder.
    """
    oracle.save = oracle._save_trial = lambda *_: None


def release(oracle: keras_tuner.Oracle) -> None:
    """Let the memory of an oracle be freed when nothing else refers to it.

    Read in keras-tuner 1.4.8: it keeps a lock and a thread's name for each oracle in two
    dictionaries whose keys are the oracles themselves, and never removes them.
    """
    from keras_tuner.src.engine import oracle as module

    for registry in (module.LOCKS, module.THREADS):
        registry.pop(oracle, None)


def tracebacks_off() -> AbstractContextManager[object]:
    """Keep KerasTuner from printing the traceback of each failed trial, whose error we record.

    Read in keras-tuner 1.4.8: a constant of a private module decides.
    """
    from keras_tuner.src import config

    return mock.patch.object(config, "DEBUG", False)


def weights_saved_once() -> AbstractContextManager[object]:
    """Let KerasTuner write the weights of the best epoch when a training ends, whole or not at all.

    Read in keras-tuner 1.4.8: it writes them after each epoch that is better than all before, and
    after each one that was not validated.  A trial that is interrupted is trained again from its
    beginning, and needs no file before.
    """
    from keras_tuner.src.engine import tuner_utils

    class SaveBestEpochOnce(tuner_utils.SaveBestEpoch):
        _best_weights: list[np.ndarray] | None = None

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            if self.objective.has_value(logs):
                super().on_epoch_end(epoch, logs)

        def _save_model(self) -> None:
            self._best_weights = self.model.get_weights()

        def on_train_end(self, logs: dict[str, float] | None = None) -> None:
            if self._best_weights is not None:
                self.model.set_weights(self._best_weights)
                atomic_write(self.filepath, weights_as_bytes(self.model))

    return mock.patch.object(tuner_utils, "SaveBestEpoch", SaveBestEpochOnce)


def weights_as_bytes(model: keras.Model) -> bytes:
    """What ``model.save_weights`` writes, in memory.

    Read in keras 3.12.4: the public function writes to a disk alone, and HDF5 1.14.6 ends the
    process (segmentation fault) if the disk fills up meanwhile.
    """
    from keras.src.saving import saving_lib

    memory = io.BytesIO()
    store = saving_lib.H5IOStore(memory, mode="w")
    saving_lib._save_state(
        model, weights_store=store, assets_store=None, inner_path="", visited_saveables=set()
    )
    store.close()
    return memory.getvalue()


def signs_of_life(executor: Executor) -> Any:
    """A value that changes as long as the workers of an executor live; nothing if none is known.

    Read in Python 3.13: a `ProcessPoolExecutor` keeps its processes to itself; they live as long as
    they use the processor.  Read in distributed 2026.8: the executor of a client keeps that client
    to itself; its scheduler notes when it has last heard of each worker, and which are paused.
    """
    processes = getattr(executor, "_processes", None)
    if processes:
        seconds = 0.0
        for pid in list(processes):
            with contextlib.suppress(psutil.Error):
                seconds += sum(psutil.Process(pid).cpu_times()[:2])
        return seconds
    client = getattr(executor, "_client", None)
    if client is None:
        return None
    try:
        scheduler = client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=2)
        tasks = client.sync(client.scheduler.processing, workers=None, callback_timeout=2)
    except Exception:  # noqa: BLE001 - a scheduler that is gone, in any way, gives no sign
        return None
    signs = []
    for name, worker in scheduler["workers"].items():
        executing = worker["metrics"].get("task_counts", {}).get("executing")
        # One without a task may not be allowed to take ours; a paused one only ends what it does.
        if tasks.get(name) and (executing or worker["status"] == "running"):
            signs.append((name, worker["last_seen"]))
    return sorted(signs)


def end_processes(executor: Executor) -> None:
    """End the processes of a pool that hang: leaving its ``with`` would wait for them for ever.

    Read in Python 3.13: see `signs_of_life`; 3.14 has a public `kill_workers`.  Half a result from a
    dead process, or (3.10) a task for it, can stop a pool's own thread, until its pipes are closed.
    """
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.kill()
    if thread := getattr(executor, "_executor_manager_thread", None):
        thread.join(5)
        if thread.is_alive():
            pool: Any = executor
            pool._call_queue._reader.close()
            pool._result_queue._writer.close()


def files_by_python() -> AbstractContextManager[object]:
    """Let KerasTuner write its files by Python, whose errors say what the machine has done.

    Read in keras-tuner 1.4.8: it writes them by TensorFlow, of which a full disk is an error of its
    own, no `OSError`; without TensorFlow it takes Python.  It finds the files of trials by a pattern
    in which brackets in the name of a folder stand for something else.
    """
    from keras_tuner.src.backend import io as files

    def find(path: str) -> list[str]:
        folder, star, rest = path.partition("trial_*")
        return glob.glob(f"{glob.escape(folder)}{star}{rest}")

    return mock.patch.multiple(files, tf=None, glob=find)


@contextlib.contextmanager
def own_random_generator() -> Iterator[None]:
    """Let Keras draw its seeds from a generator of its own, which it seeds as it does Python's.

    Read in keras 3.12.4: it draws from Python's global generator, and so may other threads; those
    of Dask do at every heartbeat of a worker, which would change the weights of a network.
    """
    from keras.src.random import seed_generator
    from keras.src.utils import rng_utils

    generator = random.Random()
    with (
        mock.patch.object(rng_utils, "random", generator),
        mock.patch.object(seed_generator, "python_random", generator),
    ):
        yield


def build_by_batch(model: keras.Model, x: np.ndarray, y: np.ndarray) -> None:
    """Make the variables of a network, its metrics and its optimizer as its first batch would.

    Read in keras 3.12.4: the public ``build`` leaves out metrics and optimizer.
    """
    model._symbolic_build(data_batch=(x, y))


@contextlib.contextmanager
def graphs_forgotten() -> Iterator[None]:
    """Let go of the graphs of a training, which TensorFlow would keep: 10 MB a trial.

    Read in tensorflow 2.21.0: Keras's optimizers sum gradients over replicas in a function with a
    gradient of its own, and TensorFlow's registry of such gradients refers to the graph for ever.
    """
    from tensorflow.python.framework import ops

    registry = ops.gradient_registry._registry
    before = set(registry)
    try:
        yield
    finally:
        for name in set(registry) - before:
            del registry[name]


def start_method(executor: Executor) -> str | None:
    """How a pool starts its processes: ``"spawn"``, ``"fork"``...; None of other executors.

    Read in Python 3.13: `ProcessPoolExecutor` does not tell the context that it was given.
    """
    context = getattr(executor, "_mp_context", None)
    return context and context.get_start_method()


def answer_while_busy() -> Callable[[], object]:
    """Let the kernel answer widgets and pages while its main thread trains; returns what ends it.

    Read in ipykernel 7.4.0: one thread receives all messages.  It hands those that ask for no other
    thread (a subshell), and most messages to widgets, to the main one, where they wait for the end
    of the cell.  Among them are a click, and all that a page asks that is opened again.  ipykernel 6
    has no such thread, and answers at the end.
    """
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    thread = getattr(kernel, "shell_channel_thread", None)
    if kernel is None or thread is None:
        return lambda: None
    session, stream, subshells = kernel.session, kernel.shell_stream, thread.manager
    end = contextlib.ExitStack()

    def begin() -> None:
        subshell = subshells._create_subshell()
        end.callback(subshells._delete_subshell, subshell)
        to_subshell = subshells.get_shell_channel_to_subshell_socket(subshell)

        def receive(message: list[Any]) -> Coroutine | None:
            names, parts = session.feed_identities(message, copy=False)
            content = session.deserialize(parts, content=False, copy=False)
            if content["header"]["msg_type"] not in WHILE_BUSY:
                return kernel.shell_channel_thread_main(message)
            content["header"]["subshell_id"] = subshell
            to_subshell.send_multipart([*session.serialize(content, names), *content["buffers"]])
            return None

        stream.on_recv(receive, copy=False)
        end.callback(stream.on_recv, kernel.shell_channel_thread_main, copy=False)

    thread.io_loop.add_callback(begin)
    return lambda: thread.io_loop.add_callback(end.close)
