"""Compare a learner's network with one of ours by what they compute, however they are written."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from nascourse.checks.core import Wrong, call, guarded

if TYPE_CHECKING:
    import keras
    import keras_tuner
    from keras_tuner.engine.hyperparameters import HyperParameter


def network_of(
    answer: object, hp: keras_tuner.HyperParameters, needed: Iterable[str]
) -> keras.Model:
    """Return what a build function returns; say so where it failed for a value that is `None`.

    Parameters
    ----------
    answer : object
        The learner's build function.
    hp : keras_tuner.HyperParameters
        The values of the network.
    needed : iterable of str
        The hyperparameters that the network of these values is built of.
    """
    try:
        return call(answer, hp)
    except Wrong as error:
        declared = {entry.name for entry in hp.space}
        for name in needed:
            if name in declared and not hp.is_active(name):
                raise Wrong(
                    f"{name} is None in a network that needs it: the scope lists the values of its "
                    "parent for which it exists."
                ) from error
        raise


def first_values(entry: HyperParameter) -> list[Any]:
    """The first nine values of a hyperparameter, sorted; a wide range has no list of all."""
    from nascourse._engine.ranges import possible_values

    with guarded(f"reading the values of {entry.name}"):
        return sorted(itertools.islice(possible_values(entry), 9))


def computes_as(model: keras.Model, references: Iterable[keras.Model], *, top: float = 1) -> bool:
    """Whether a network computes what one of the others does when they have the same weights.

    So a ReLU may be a layer of its own, an activation or a function. Layers that do something in
    training only, such as a dropout, are not seen by it: `require_no_extras` looks for them.

    Parameters
    ----------
    model : keras.Model
        The learner's.
    references : iterable of keras.Model
        What it may compute.
    top : float
        Images have values from 0 to this one.
    """
    rng = np.random.default_rng(0)
    images = top * rng.random((2, *model.inputs[0].shape[1:]))
    shapes = [tuple(each.shape) for each in model.weights]
    weights = [rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1])) for shape in shapes]
    for reference in references:
        if [tuple(each.shape) for each in reference.weights] != shapes:
            continue
        model.set_weights(weights)
        reference.set_weights(weights)
        images = images.astype(reference.inputs[0].dtype)
        given, right = (np.asarray(network(images)) for network in (model, reference))
        if given.shape == right.shape and np.allclose(given, right, rtol=1e-3, atol=1e-5):
            return True
    return False


def require_no_extras(model: keras.Model) -> None:
    """Refuse layers that no exercise asks for; some of them change the training alone."""
    for layer in model.layers:
        kind = type(layer).__name__
        if any(
            word in kind for word in ("Dropout", "Noise", "Random", "Regularization", "BatchNorm")
        ):
            raise Wrong(f"There is a {kind} in the network, which the exercise does not ask for.")


def gives_ten_shares(model: keras.Model) -> bool:
    """Whether the last layer is the one that the exercises come with."""
    last = model.layers[-1]
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    return model.output_shape == (None, 10) and activation == "softmax"


def has_relu(model: keras.Model, kind: str) -> bool:
    """Whether each layer of a kind but the last is followed by a ReLU of any form."""
    names = [type(operation).__name__.lower() for operation in model.operations]
    layers = [layer for layer in model.layers if type(layer).__name__ == kind]
    of_their_own = [getattr(layer, "activation", None) for layer in layers]
    relus = [each for each in of_their_own if getattr(each, "__name__", "") == "relu"]
    separate = sum(name.startswith("relu") for name in names)
    separate += sum(
        getattr(getattr(layer, "activation", None), "__name__", "") == "relu"
        for layer in model.layers
        if type(layer).__name__ == "Activation"
    )
    return len(relus) + separate >= len(layers) - (kind == "Dense")
