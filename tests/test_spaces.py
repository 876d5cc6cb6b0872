"""What can be built: counted, built, and told apart."""

from __future__ import annotations

import itertools
import json
import random
import time

import autokeras as ak
import keras
import keras_tuner
import numpy as np
import pytest
from keras import layers

from nascourse import CourseError, spaces


def count_by_brute_force(hp: keras_tuner.HyperParameters) -> int:
    """Every combination of values, less the values that KerasTuner itself calls inactive."""
    names = [entry.name for entry in hp.space]
    settings = set()
    for values in itertools.product(*(entry.values for entry in hp.space)):
        hp.values = dict(zip(names, values))
        settings.add(tuple((n, hp.values[n]) for n in names if hp.is_active(n)))
    return len(settings)


def two_kinds(hp):
    kind = hp.Choice("kind", ["plain", "deep", "wide"])
    with hp.conditional_scope("kind", ["deep", "wide"]):
        hp.Int("layers", 1, 4)
        with hp.conditional_scope("layers", [3, 4]):
            hp.Boolean("skip")
    with hp.conditional_scope("kind", ["wide"]):
        hp.Float("factor", 1.0, 2.0, step=0.25)
    hp.Fixed("seed", 7)
    return kind


def chain(hp):
    hp.Boolean("a")
    with hp.conditional_scope("a", [True]):
        hp.Boolean("b")
        with hp.conditional_scope("b", [True]):
            hp.Choice("c", [1, 2, 3])
            with hp.conditional_scope("c", [2, 3]):
                hp.Int("d", 2, 10, step=4)
    hp.Int("e", 1, 8, step=2, sampling="log")


def flat(hp):
    hp.Choice("a", ["x", "y"])
    hp.Int("b", 3, 7)
    hp.Boolean("c")


@pytest.mark.parametrize(
    "space, by_hand",
    [
        (flat, 2 * 5 * 2),
        (two_kinds, 1 + (2 + 2 * 2) + 5 * (2 + 2 * 2)),
        (chain, 4 * (1 + 1 + (1 + 2 * 3))),
    ],
)
def test_size_against_brute_force_and_by_hand(space, by_hand):
    assert count_by_brute_force(spaces.declared(space)) == by_hand
    assert spaces.size(space) == by_hand


def test_size_of_cnn_space_by_hand():
    """convs, kernel, pooling, head, dropout; times the filters of one, two or three blocks."""
    assert spaces.size(spaces.cnn_space) == 2 * 2 * 2 * 2 * 3 * (3 + 9 + 27) == 1872


def random_space(seed: int):
    """Few hyperparameters, many of which depend on values of one or several before them."""

    def space(hp):
        rng, names = random.Random(seed), (f"h{n}" for n in range(7))

        def fill(depth: int) -> None:
            for name in itertools.islice(names, rng.randint(1, 3)):
                values = list(range(rng.randint(1, 3)))
                hp.Choice(name, values)
                for _ in range(rng.randint(0, 2 if depth < 3 else 0)):
                    with hp.conditional_scope(
                        name, rng.sample(values, rng.randint(1, len(values)))
                    ):
                        fill(depth + 1)

        fill(0)

    return space


@pytest.mark.parametrize("seed", range(12))
def test_size_of_a_random_space_against_brute_force(seed):
    hp = keras_tuner.HyperParameters()
    random_space(seed)(hp)

    assert spaces.size(hp) == count_by_brute_force(hp)
    assert spaces.size(hp) == len({json.dumps(s, sort_keys=True) for s in spaces.settings(hp)})


def test_many_layers_with_conditions_are_counted_at_once():
    """Of each layer that is a convolution, and there are 3, or one of 2 others."""
    hp = keras_tuner.HyperParameters()
    for i in range(40):
        hp.Choice(f"kind_{i}", ["conv", "pool", "skip"])
        with hp.conditional_scope(f"kind_{i}", ["conv"]):
            hp.Choice(f"filters_{i}", [8, 16, 32])

    began = time.process_time()
    assert spaces.size(hp) == (3 + 2) ** 40
    assert time.process_time() - began < 1


def test_a_continuous_range_has_no_size():
    hp = keras_tuner.HyperParameters()
    hp.Choice("a", [1, 2])
    hp.Float("rate", 0.0, 1.0)

    with pytest.raises(CourseError) as raised:
        spaces.size(hp)
    assert "'rate'" in str(raised.value) and "step" in str(raised.value)


def test_one_call_declares_the_whole_cnn_space():
    names = [entry.name for entry in spaces.declared(spaces.cnn_space).space]

    filters = ["filters_0", "filters_1", "filters_2"]
    assert names == ["blocks", "convs", "kernel", *filters, "pooling", "head", "dropout"]


def sample(space, n: int) -> list[keras_tuner.HyperParameters]:
    """Random settings of a space."""
    found = []
    for seed in range(n):
        hp = spaces.declared(space)
        hp = keras_tuner.HyperParameters.from_config(hp.get_config())
        for number, entry in enumerate(hp.space):
            hp.values[entry.name] = entry.random_sample(100 * seed + number)
        found.append(hp)
    return found


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), dtype="uint8")


@pytest.mark.parametrize("hp", sample(spaces.cnn_space, 12), ids=lambda hp: "")
def test_every_network_takes_pixels_and_gives_ten_probabilities(hp):
    model = spaces.cnn_space(hp)

    digits = model([IMAGES], training=False).numpy()

    assert model.inputs[0].dtype == "uint8"
    assert digits.shape == (3, 10)
    np.testing.assert_allclose(digits.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("hp", sample(spaces.cnn_space, 12), ids=lambda hp: "")
def test_the_network_is_what_the_hyperparameters_say(hp):
    model = spaces.cnn_space(hp)
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    kinds = {type(layer).__name__ for layer in model.layers}

    per_block = [hp.get(f"filters_{block}") for block in range(hp.get("blocks"))]
    assert [c.filters for c in convolutions] == [
        f for f in per_block for _ in range(hp.get("convs"))
    ]
    assert {c.kernel_size for c in convolutions} == {(hp.get("kernel"),) * 2}
    assert ("MaxPooling2D" in kinds) == (hp.get("pooling") == "max")
    assert ("Flatten" in kinds) == (hp.get("head") == "flatten")
    assert ("Dropout" in kinds) == (hp.get("dropout") > 0)


def test_pixels_are_scaled_inside_the_network():
    model = spaces.cnn_space(keras_tuner.HyperParameters())
    scaled = keras.Model([model.inputs[0]], model.layers[1].output)([IMAGES]).numpy()

    np.testing.assert_allclose(scaled, IMAGES / 255, atol=1e-6)


# Describe


def test_describe_by_hand():
    image = keras.Input((28, 28, 1))
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(16, 3)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.SeparableConv2D(8, (3, 5))(x)
    x = layers.AveragePooling2D(3)(x)
    x = layers.Dropout(0.25)(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(10)(x))

    assert spaces.describe(model) == "16@3x3 norm max2 sep8@3x5 ave3 drop.25 globalavg 10"


def test_describe_the_default_network():
    model = spaces.cnn_space(keras_tuner.HyperParameters())

    assert spaces.describe(model) == "16@3x3 max2 16@3x3 max2 flatten drop.25 10"


class Residual(layers.Layer):
    """A layer of one's own as people write it; Keras cannot say how it was made."""

    def __init__(self, inner, scale=1.0):
        super().__init__()
        self.inner, self.scale = inner, scale

    def call(self, x):
        return x + self.scale * self.inner(x)


class Activated(layers.Layer):
    def __init__(self, activation):
        super().__init__()
        self.activation = activation

    def call(self, x):
        return self.activation(x)


class Stack(layers.Layer):
    def __init__(self, *sizes):
        super().__init__()
        self.parts = [layers.Dense(size) for size in sizes]

    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x


OWN_LAYERS = {
    "a layer inside": lambda: Residual(layers.Dense(8)),
    "another one": lambda: Residual(layers.Dense(8, activation="relu")),
    "one in it": lambda: Residual(Residual(layers.Dense(8))),
    "another number": lambda: Residual(layers.Dense(8), scale=0.5),
    "a function": lambda: Activated(keras.activations.relu),
    "another function": lambda: Activated(keras.activations.tanh),
    "layers in a list": lambda: Stack(4, 8),
    "others": lambda: Stack(5, 8),
}


def with_layer(layer: keras.Layer) -> keras.Model:
    image = keras.Input((28, 28, 1))
    x = layer(layers.Dense(8)(layers.Flatten()(image)))
    return keras.Model(image, layers.Dense(10)(x))


@pytest.mark.parametrize("name", OWN_LAYERS)
def test_a_layer_that_says_nothing_of_itself_is_no_obstacle(name):
    model = with_layer(OWN_LAYERS[name]())

    with pytest.raises(NotImplementedError):
        model.layers[3].get_config()
    assert spaces.describe(model) == "flatten 8 10"
    assert spaces.fingerprint(model) == spaces.fingerprint(with_layer(OWN_LAYERS[name]()))


def test_layers_that_say_nothing_of_themselves_are_told_apart_by_what_they_are_made_of():
    models = [with_layer(make()) for make in OWN_LAYERS.values()]

    assert len(set(map(spaces.fingerprint, models))) == len(OWN_LAYERS)


def test_a_layer_of_ones_own_may_be_called_like_one_of_keras():
    class Dense(layers.Layer):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def call(self, x):
            return self.function(x)

    assert spaces.describe(with_layer(Dense(keras.ops.abs))) == "flatten 8 10"


# Fingerprint


def small_network(*, names=("a", "b", "c"), filters=4, kernel=3, activation="relu", skip=False):
    image = keras.Input((8, 8, 1), name=names[0])
    x = layers.Conv2D(filters, kernel, padding="same", activation=activation, name=names[1])(image)
    if skip:
        x = layers.Concatenate()([x, image])
    x = layers.Flatten()(x)
    return keras.Model(image, layers.Dense(10, name=names[2])(x))


@pytest.mark.parametrize(
    "names",
    [("x", "y", "z"), ("conv", "conv_1", "conv_11"), ("input", "relu", "glorot_uniform")],
)
def test_names_and_weights_do_not_change_the_fingerprint(names):
    assert spaces.fingerprint(small_network(names=names)) == spaces.fingerprint(small_network())


@pytest.mark.parametrize(
    "change", [{"filters": 5}, {"kernel": 5}, {"activation": "tanh"}, {"skip": True}]
)
def test_another_network_has_another_fingerprint(change):
    assert spaces.fingerprint(small_network(**change)) != spaces.fingerprint(small_network())


def wired(order: str, feed: str) -> keras.Model:
    """Two convolutions, `a` and `b`; the second reads the image or the first."""
    image = keras.Input((8, 8, 1), name="image")
    made = {"image": image}
    made["a"] = layers.Conv2D(1, 3, padding="same", name="a")(image)
    made["b"] = layers.Conv2D(1, 3, padding="same", name="b")(made[feed])
    return keras.Model(image, layers.Subtract(name="minus")([made[name] for name in order]))


def test_connections_count_and_not_only_layers():
    prints = {
        spaces.fingerprint(wired(order, feed)) for order in ("ab", "ba") for feed in ("a", "image")
    }

    assert spaces.fingerprint(wired("ab", "a")) == spaces.fingerprint(wired("ab", "a"))
    assert (
        len(prints) >= 3
    )  # b after a, a - b, b - a; with both beside each other a and b are alike


def test_a_sequential_network_has_a_fingerprint():
    def network(units: int) -> keras.Model:
        return keras.Sequential(
            [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(units), layers.Dense(10)]
        )

    assert spaces.fingerprint(network(4)) == spaces.fingerprint(network(4))
    assert spaces.fingerprint(network(4)) != spaces.fingerprint(network(5))


def test_a_block_that_is_not_built_does_not_change_the_fingerprint():
    def network(**values) -> keras.Model:
        hp = spaces.declared(spaces.cnn_space)
        hp.values.update(values)
        return spaces.cnn_space(hp)

    one_block = [spaces.fingerprint(network(blocks=1, filters_1=f)) for f in (8, 32)]
    two_blocks = [spaces.fingerprint(network(blocks=2, filters_1=f)) for f in (8, 32)]

    assert one_block[0] == one_block[1]
    assert len({*one_block, *two_blocks}) == 3


def test_a_hyperparameter_that_only_larger_networks_declare_may_have_a_value():
    """As the rows of trial tables have it where a build function asks in a loop."""

    def build(hp):
        x = image = keras.Input((4,))
        for layer in range(hp.Choice("layers", [1, 2])):
            x = layers.Dense(hp.Choice(f"units_{layer}", [2, 3]))(x)
        return keras.Model(image, x)

    assert spaces.describe(spaces.built(build, {"layers": 1, "units_0": 3, "units_1": 3})) == "3"
    with pytest.raises(CourseError, match="'unit_1' is no .* has layers, units_0: correct"):
        spaces.built(build, {"layers": 1, "unit_1": 3})


def test_a_space_of_one_network_is_an_empty_table():
    table = spaces.to_table(lambda hp: wired("ab", "a"))

    assert table.empty
    assert list(table.reset_index()) == ["hyperparameter", "values", "only if"]


# The AutoKeras space


def test_the_first_architecture_of_the_autokeras_space():
    space = spaces.autokeras_space()
    model = spaces.built(space, space.first)

    assert spaces.describe(model) == (
        "16@3x3 16@3x3 max2 drop.25 32@3x3 32@3x3 max2 drop.25 flatten 10"
    )
    digits = model([IMAGES], training=False).numpy()
    np.testing.assert_allclose(digits.sum(axis=1), 1, rtol=1e-5)


def test_an_autokeras_space_declares_what_its_network_needs():
    space = spaces.autokeras_space()
    names = {entry.name for entry in spaces.declared(space).space}

    assert {"optimizer", "conv/num_blocks", "conv/filters_0_0", "reduce/reduction_type"} < names
    assert "conv/filters_1_0" not in names  # one block is the default, and it has no second one


def test_an_autokeras_network_is_built_of_any_setting():
    space = spaces.autokeras_space()
    two = {**space.first, "conv/filters_1_1": 8}

    assert "32@3x3 8@3x3 max2" in spaces.describe(spaces.built(space, two))
    twice = [spaces.fingerprint(spaces.built(space, two)) for _ in range(2)]
    assert twice[0] == twice[1] != spaces.fingerprint(spaces.built(space, space.first))


def test_the_autokeras_space_takes_other_filters_and_kernels():
    space = spaces.autokeras_space(filters=(4, 2), kernels=(5, 3))

    assert spaces.describe(spaces.built(space, space.first)).startswith(
        "2@3x3 2@3x3 max2 drop.25 4@3x3"
    )


def test_one_value_is_a_space_too():
    space = spaces.autokeras_space(filters=(8,), kernels=(5,))

    assert spaces.describe(spaces.built(space, space.first)).startswith("8@5x5 8@5x5")


def test_optimizer_and_learning_rate_are_not_searched():
    space = spaces.autokeras_space()
    model = spaces.built(space, space.first)

    assert type(model.optimizer).__name__ == "Adam"
    assert float(model.optimizer.learning_rate) == pytest.approx(spaces.LEARNING_RATE)


def test_the_rescaling_block_scales():
    image = ak.ImageInput(name="image")
    out = ak.ClassificationHead(dropout=0.0)(spaces.RescalingBlock()(image))
    model = spaces.built(spaces.AutoKerasSpace(image, out), {})
    rescaling = next(layer for layer in model.layers if isinstance(layer, layers.Rescaling))

    np.testing.assert_allclose(
        keras.Model(model.inputs, rescaling.output)([IMAGES]).numpy(), IMAGES / 255, atol=1e-6
    )
