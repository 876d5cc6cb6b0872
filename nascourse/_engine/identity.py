"""Which search this is: all that decides what its trials give.

A search goes on in a folder only if its trials would come out as those that lie there.  The space is
a function that anything may have been done to, so networks of several of its configurations are built
and compared: what they are made of, what they were compiled with, and the code of the learner's own
classes and functions in them.  Where a space is so small that all its networks were built, that is
certain.  Elsewhere a changed build function may still build another network somewhere; what was seen
cannot tell, so the sentence asks (`nascourse._engine.recording`).
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
import keras_tuner

from nascourse import CourseError
from nascourse._engine import compat
from nascourse._engine.blame import blame
from nascourse._engine.descriptions import Describer, digest
from nascourse._engine.ranges import count, is_active, possible_values
from nascourse._engine.recording import ALL_COMPARED, BUILD_FUNCTION, LISTS, NO_NETWORK
from nascourse.spaces import AutoKerasSpace, fingerprint, network, settings, size

MOST_NETWORKS = 16  # are built to compare a space
SECONDS = 2.0  # of the processor, after which no more are built, but for the first two
Space: TypeAlias = Callable[..., keras.Model] | keras_tuner.HyperModel | AutoKerasSpace


def build_function(space: Space) -> Callable[..., keras.Model] | AutoKerasSpace:
    """The function of a space that builds its networks; an `AutoKerasSpace` is one by itself."""
    return space.build if isinstance(space, keras_tuner.HyperModel) else space


def own_fit(space: Space) -> Callable[..., Any] | None:
    """The ``fit`` that a `HyperModel` brings, if it brings one."""
    if not isinstance(space, keras_tuner.HyperModel):
        return None
    function = getattr(space.fit, "__func__", None)
    return None if function is keras_tuner.HyperModel.fit else space.fit


def space_identity(space: Space) -> dict[str, Any]:
    """What tells a space from others; see `recording.Recording.opened` for how it is compared."""
    build = build_function(space)
    if isinstance(build, AutoKerasSpace):
        blocks = Describer()
        for block in compat.Graph(build.inputs, build.outputs).blocks:
            blocks.collect(block)
        config = compat.autokeras_config(build.inputs, build.outputs)
        content = [config, dict(build.first or {}), dict(build.fixed)]
        return {
            "space": digest(content),
            "own code": blocks.code_digest,
            LISTS: {"own code": digest(blocks.lists)},
        }
    # Where a class defines ``build``, what that builds is compared itself.
    build_methods = [vars(kind)["build"] for kind in type(space).__mro__ if "build" in vars(kind)]
    function, fit = Describer(), Describer(but_for=build_methods)
    function.describe(build)
    fit.describe(own_fit(space))
    with compat.own_random_generator():
        _seed()
        declared_space = keras_tuner.HyperParameters()
        of_default = fingerprint(network(build, declared_space))
        default = [declared_space.get_config()["space"], of_default]
        networks, is_complete = _networks(build, declared_space)
    networks[LISTS]["fit"] = digest(fit.lists)
    # Weights are not compared.
    is_known = is_complete and not re.search("weights|assign", str(function.code))
    return {
        "space": digest(default),
        **networks,
        "fit": fit.code_digest,
        BUILD_FUNCTION: f"{ALL_COMPARED if is_known else 'some'} {function.full_digest}",
    }


def _networks(
    build: Callable[..., keras.Model], declared_space: keras_tuner.HyperParameters
) -> tuple[dict[str, dict[str, str | None]], bool]:
    """Digests of the networks of several configurations, and whether they tell all of the space."""
    parts: dict[str, dict[str, str | None]]
    parts = {"networks": {}, "compile settings": {}, "own code": {}, LISTS: {}}
    is_known = True
    end = time.process_time() + SECONDS
    while True:
        for configuration in _configurations(declared_space):
            key = json.dumps(configuration, sort_keys=True, default=str)
            if key in parts["networks"]:
                continue
            if len(parts["networks"]) > 1 and time.process_time() > end:
                return parts, False
            hp = keras_tuner.HyperParameters()
            hp.values = dict(configuration)
            digests, is_connected = _network(build, hp)
            is_known = is_known and is_connected
            for part, content in zip(parts.values(), digests):
                part[key] = content
            names = {entry.name for entry in declared_space.space}
            new = [entry for entry in hp.space if entry.name not in names]
            if new:  # other values of these are configurations as well
                declared_space.merge(new)
                break
        else:
            return parts, is_known and len(parts["networks"]) == _size(declared_space)


def _network(
    build: Callable[..., keras.Model], hp: keras_tuner.HyperParameters
) -> tuple[tuple[str | None, ...], bool]:
    """Digests of a network, its compile settings, the learner's code in it, and lists around that.

    Behind them is whether the first tells the connections.
    """
    describer = Describer()
    _seed()
    try:
        model = build(hp)
        compilation = digest(_compilation(model, describer))
        code = (describer.code_digest, digest(describer.lists))
        return (fingerprint(model), compilation, *code), _says_connections(model)
    except Exception as error:  # noqa: BLE001 - such a trial fails, and its row says so
        if blame(error) != "network":  # such as a download: nothing is known of the network
            return (), True
        return (f"{NO_NETWORK} ({type(error).__name__})",) * 4, True


def _says_connections(model: keras.Model) -> bool:
    """Whether a network, and each one in it, says how its layers are connected.

    It cannot if one of its layers does not say how it was made.  The code of a network of one's own
    says it, and a list of layers needs none.
    """
    try:
        for layer in [model, *_inside(model)]:
            is_graph = isinstance(layer, keras.Model) and hasattr(layer, "inputs")
            if is_graph and not isinstance(layer, keras.Sequential):
                layer.get_config()["layers"]
    except Exception:  # noqa: BLE001 - classes of one's own can fail in any way
        return False
    return True


def _seed() -> None:
    """Let a network be built with the same random numbers each time: some layers keep their seed."""
    random.seed(0)
    keras.utils.set_random_seed(0)


def _compilation(model: keras.Model, describer: Describer) -> Any:
    """Optimizer, loss and metrics of a network, and the code of its own layers and functions."""
    for layer in [model, *_inside(model)]:
        describer.collect(layer)
        describer.describe([value for value in vars(layer).values() if callable(value)])
    optimizer = getattr(model, "optimizer", None)
    describer.describe(compat.learning_rate_schedule(optimizer))
    return describer.describe(compat.compile_arguments(model) | {"optimizer": optimizer})


def _inside(layer: Any) -> Iterator[keras.Layer]:
    """The layers of a network or of a wrapper, and those inside them."""
    wrapped = [getattr(layer, name, None) for name in ("layer", "forward_layer", "backward_layer")]
    layers = getattr(layer, "layers", ())
    for inner in [*(layers if isinstance(layers, (list, tuple)) else ()), *wrapped]:
        if isinstance(inner, keras.Layer):
            yield inner
            yield from _inside(inner)


def _size(declared_space: keras_tuner.HyperParameters) -> float:
    try:
        return size(declared_space)
    except CourseError:  # a continuous range
        return float("inf")


def _configurations(declared_space: keras_tuner.HyperParameters) -> Iterator[Mapping[str, Any]]:
    """All configurations of a small space; of others some that hold every value, and random ones."""
    if _size(declared_space) <= MOST_NETWORKS:
        yield from settings(declared_space)
        return
    rng = random.Random(0)
    for turn in range(MOST_NETWORKS):
        configuration: dict[str, Any] = {}
        for entry in declared_space.space:
            if is_active(entry, configuration):
                values = possible_values(entry)
                last, half = count(values) - 1, MOST_NETWORKS // 2
                if turn >= half:
                    place = rng.randint(0, last)
                else:
                    place = turn % (last + 1) if last < half else turn * last // (half - 1)
                configuration[entry.name] = values[place]
        yield configuration
