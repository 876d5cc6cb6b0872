"""A zoo of spaces in pairs: the same search, or another one.

Each space is source text.  To be the same again it is compiled as in another kernel: under the name
of another file, further down in it, and after other networks have used up Keras's automatic names.
"""

from __future__ import annotations

import itertools
import linecache
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import indent

import keras
import pytest

from nascourse import CourseError
from nascourse._engine import identity as identities
from nascourse._engine.descriptions import Describer, code_description
from nascourse._engine.options import SearchOptions
from nascourse._engine.recording import Content, _continued

COMPILED = "'adam', 'sparse_categorical_crossentropy', metrics=['accuracy']"
TWO = "[4, 8]"
HEAD = """
import functools
import autokeras as ak
import keras
import keras_tuner
import tree
from keras import layers, ops
from nascourse import spaces
from nascourse.spaces import AutoKerasSpace
"""
_files = itertools.count()
_identities: dict[tuple[str, int], dict] = {}


@pytest.fixture(autouse=True, scope="module")
def builds_all() -> Iterator[None]:
    """A busy machine would build fewer networks, and ask about what these do not show.

    Half as many as usual are enough for all of the small spaces.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identities, "SECONDS", 60)
        patch.setattr(identities, "MOST_NETWORKS", 8)
        yield


def functional(
    body: str = "x = layers.Dense(width)(layers.Flatten()(x))",
    compiled: str = COMPILED,
    before: str = "",
    choices: str = "[4]",
) -> str:
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    return f"""{before}
def space(hp):
    width = hp.Choice("width", {choices})
    image = keras.Input((28, 28, 1))
    x = layers.Rescaling(1 / 255)(image)
{lines}
    model = keras.Model(image, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))
    model.compile({compiled})
    return model
"""


def defined(source: str) -> dict:
    """What a cell with this source defines in a new kernel."""
    number = next(_files)
    keras.Sequential([keras.Input((2,)), keras.layers.Flatten()])
    keras.layers.Dense(1)
    file, text = f"ipykernel_{number}/{number}.py", "\n" * number + HEAD + source
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file  # as IPython does
    code = compile(text, file, "exec")
    names: dict = {"__name__": "__main__"}
    exec(code, names)  # noqa: S102 - the sources below
    return names


def identity(source: str, splits, kernel: int = 1) -> dict:
    """What a source is in one of two kernels; found out once, as networks are built for it."""
    if (source, kernel) not in _identities:
        _identities[source, kernel] = identity_of(defined(source), splits)
    return dict(_identities[source, kernel])


def identity_of(names: dict, splits) -> dict:
    options = SearchOptions(
        strategy="random",
        max_trials=2,
        epochs=1,
        seed=1,
        batch_size=8,
        patience=None,
        max_model_size=None,
        in_flight=1,
        callbacks=names.get("callbacks", []),
    )
    return options.identity(names["space"], splits)


ROW = {"row": {"trial": 1, "status": "completed"}, "curve": []}


def goes_on(old: str, new: str, splits, **options) -> bool | str:
    """Whether the search of one space goes on with another; if not, why."""
    content = Content(identity(old, splits), [ROW])
    usual = {"same_space": False, "retry_failed": False}
    now = identity(new, splits, kernel=2 if new == old else 1)
    try:
        return bool(_continued(content, now, Path("f"), **(usual | options)))
    except CourseError as error:
        return str(error)


LAMBDA = "x = layers.Lambda(lambda pixels: pixels {})(layers.Flatten()(x))"
SCALED = (
    "scale = {}\nx = layers.Lambda(lambda pixels: pixels * scale)(layers.Flatten()(x))\n"
    "x = layers.Dense(width)(x)"
)
AUGMENTED = (
    "steps = keras.Sequential([layers.RandomTranslation(0.1, 0.1), layers.RandomRotation({})])\n"
    "x = layers.Conv2D(width, 3, strides=2)(steps(x))"
)
NESTED = (
    "inner = keras.Input((784,))\n"
    "part = keras.Model(inner, layers.Dense({})(layers.Dense(width)(inner)))\n"
    "x = part(layers.Flatten()(x))"
)
DISTRIBUTED = "x = layers.TimeDistributed(layers.Dense({}))(layers.Reshape((28, 28))(x))"
BOTH_WAYS = "x = layers.Bidirectional(layers.LSTM({}))(layers.Reshape((28, 28))(x))"
SHARED = "one, x = layers.Dense(width), layers.Flatten()(x)\nx = layers.Add()([one(x), one({})])"
CLASS = """
class Own(keras.{kind}):
    def __init__(self, width, **options):
        super().__init__(**options)
        self.one, self.flat = layers.Dense(width), layers.Flatten()
        self.two = layers.Dense(10, activation="softmax")

    def call(self, x):
        return self.two(self.one(self.flat(x)) {change})
"""
OWN_MODEL = CLASS.replace("{kind}", "Model") + (
    "def space(hp):\n    model = Own(hp.Choice('width', [4]))\n"
    f"    model.compile({COMPILED})\n    return model\n"
)
SEQUENTIAL = (
    "def space(hp):\n    model = keras.Sequential([layers.Flatten(), layers.Dense({}),\n"
    "        layers.Dense(hp.Choice('width', [4])), layers.Dense(10, activation='softmax')])\n"
    f"    model.compile({COMPILED})\n    return model\n"
)
LOSS = """
def loss(truth, guess):
    return {} * keras.losses.sparse_categorical_crossentropy(truth, guess)
"""
METRIC = """
def certainty(truth, guess):
    return ops.{}(guess, axis=-1)
"""
BRANCH = """
if width == 8:
    x = layers.{}(4)(layers.Flatten()(x))
"""
DEEP = """
if hp.Boolean("deep"):
    if hp.Choice("kind", ["a", "b", "c"]) == "c":
        x = layers.{}(4)(layers.Flatten()(x))
"""
CROSSED = """
if width == 32 and hp.Choice("kind", ["a", "b"]) == "b":
    x = layers.{}(4)(layers.Flatten()(x))
"""
SCHEDULE = (
    "keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, {})), "
    "'sparse_categorical_crossentropy', metrics=['accuracy']"
)
HYPERMODEL = (
    "SIZE = {size}\nclass Mine(keras_tuner.HyperModel):\n    def build(self, hp):\n"
    "        return plain(hp)\n    def fit(self, hp, model, *args, **kwargs):\n"
    "        return model.fit(*args, **(kwargs | {{'batch_size': SIZE{change}}}))\n"
)
HYPERMODEL = functional().replace("def space", "def plain").replace("{", "{{").replace(
    "}", "}}"
) + (HYPERMODEL + "space = Mine()\n")
BLOCK = """
class Mine(ak.Block):
    def build(self, hp, inputs=None):
        return layers.Dense({})(layers.Flatten()(tree.flatten(inputs)[0]))
image = ak.ImageInput(name="image")
space = AutoKerasSpace(
    image, ak.ClassificationHead(name="head")(Mine(name="mine")(image)), {{}}
)
"""
CALLBACK = functional() + ("callbacks = [keras.callbacks.ReduceLROnPlateau(factor={})]\n")
LAMBDA_CALLBACK = functional() + (
    "callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print({}))]\n"
)
OPTIMIZED = "keras.optimizers.{}, 'sparse_categorical_crossentropy', metrics=['accuracy']"

OWN_FIT = (
    functional().replace("def space", "def plain")
    + """
CONFIG, SIZE = {{"batch_size": {dict}}}, 8
class Mine(keras_tuner.HyperModel):
    epochs = {constant}
    def __init__(self, batch_size):
        super().__init__()
        self.batch_size, self.histories = batch_size, []
    def build(self, hp):
        {build}
    def fit(self, hp, model, *args, **kwargs):
        kwargs["batch_size"], kwargs["epochs"] = self.batch_size + CONFIG["batch_size"], self.epochs
        self.histories.append(model.fit(*args, **kwargs))
        return self.histories[-1]
space = Mine({setting})
"""
)


def own_fit(**changed) -> str:
    usual = {"dict": 8, "constant": 1, "setting": 8, "build": "return plain(hp)"}
    return OWN_FIT.format(**(usual | changed))


SETS_RATE = """
learning_rate = {}
class Own(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = learning_rate
callbacks = [Own()]
"""
HOLDS = (
    functional()
    + """
import dataclasses
from types import SimpleNamespace
@dataclasses.dataclass(frozen=True)
class Settings:
    size: int
settings = {}(size={})
callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(settings.size))]
"""
)
MADE = """
class {name}(keras.{kind}):
    def __init__(self, rate=1, **options):
        super().__init__(**options)
        self.rate = rate
    def {method}:
        return {result}
"""


def made(name: str, kind: str, method: str, result: str) -> str:
    return MADE.format(name=name, kind=kind, method=method, result=result)


FOCAL = made(
    "Focal", "losses.Loss", "call(self, y, p)",
    "self.rate * keras.losses.sparse_categorical_crossentropy(y, p)",
)  # fmt: skip
START = made(
    "Start", "initializers.Initializer", "__call__(self, shape, dtype=None)",
    "ops.full(shape, self.rate)",
)  # fmt: skip
FALL = made(
    "Fall", "optimizers.schedules.LearningRateSchedule", "__call__(self, step)", "{} * self.rate"
)
AROUND = (
    "'adam', lambda y, p: {} * keras.losses.sparse_categorical_crossentropy(y, p), ['accuracy']"
)
HELPERS = "\n".join(
    f"def {name}(x): return {then}"
    for name, then in zip("abcd", ["b(x)", "c(x)", "d(x)", "{} * x"])
)
STEPS = functional() + (
    "RATES = [0.1, {}]\n"
    "callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch: RATES[epoch])]\n"
)
HELPER = """
import types
helper = types.ModuleType("helper")
exec("def train(model, *args, **kwargs): return model.fit(*args, batch_size={}, **kwargs)", vars(helper))
"""
IN_HELPER = (HYPERMODEL.format(size=8, change="") + HELPER).replace(
    "model.fit(*args, **(kwargs | {'batch_size': SIZE}))", "helper.train(model, *args, **kwargs)"
)
PARTLY = functional(
    "if width == 61:\n    x = layers.Dense(rare)(layers.Flatten()(x))", choices="range(1, 101)"
)

ODD = (
    functional()
    + """
class Odd:
    def __init__(self, **values):
        self.__dict__["values"] = values
    def __getattr__(self, name):
        return self.values[name]
class Own(keras.callbacks.Callback):
    layers = 3
    def __init__(self):
        super().__init__()
        self.words = np.array(["cat", "dog"], dtype=object)
    def on_epoch_end(self, epoch, logs=None):
        print(odd.size, inside)
import time
import numpy as np
odd, inside = Odd(size=8), []
inside.append(inside)
callbacks = [Own(), keras.callbacks.TensorBoard(f"logs/{time.time()}")]
"""
)
DENSE = "x = layers.Dense(width, {})(layers.Flatten()(x))"
LAMBDAS = {
    "lambda as activation": DENSE.format("activation=lambda v: v * {}"),
    "lambda as a layer": "x = layers.Activation(lambda v: v * {})(x)",
    "lambda as regularizer": DENSE.format("activity_regularizer=lambda v: {} * ops.sum(v)"),
    "lambda as initializer": DENSE.format(
        "kernel_initializer=lambda shape, dtype=None: ops.full(shape, {})"
    ),
    "lambda of a layer in a layer": (
        "x = layers.TimeDistributed(layers.Dense(width, lambda v: v * {}))"
        "(layers.Reshape((28, 28))(x))"
    ),
    "lambda around a Lambda": "f = lambda v: v * {}\nx = layers.Lambda(lambda v: f(v))(x)",
}
WARM = made(
    "Warm", "optimizers.schedules.LearningRateSchedule", "__call__(self, step)", "self.rate"
)
WRAPPED = COMPILED.replace("]", ", keras.metrics.MeanMetricWrapper({})]")
FACTORY = (
    "def make(rate):\n    factor = rate * 2\n"
    + indent(LOSS.format("factor") + functional(compiled="'adam', loss, ['accuracy']"), "    ")
    + "    return space\nspace = make({})\n"
)
RARE_HELPER = (
    "def make():\n    def hidden(x):\n        return layers.{}(4)(layers.Flatten()(x))\n"
    + indent(functional("if width == 61:\n    x = hidden(x)", choices="range(1, 101)"), "    ")
    + "    return space\nspace = make()\n"
)
TENSOR = "import tensorflow as tf\nW = tf.{}([{}.0])"
PRINTS = functional() + (
    "around = {}\n"
    "callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(around))]\n"
)
GATE = """
class Gate(layers.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner
    def call(self, x):
        return self.inner(x)
"""
AROUND_FIT = GATE + (
    "def double(x): return {} * x\n"
    "steps = keras.Sequential(["
    "layers.RandomRotation({}), Gate(layers.Dense({})), layers.Dense(8, activation=double)])\n"
)


def augments(*settings) -> str:
    with_steps = own_fit().replace("model.fit(*args", "model.fit(*map(steps, args)")
    return with_steps + AROUND_FIT.format(*settings)


def sized(n: int) -> str:
    return own_fit().replace("= self.batch_size +", "= self.size +") + f"space.size = {n}\n"


def updated(n: int) -> str:
    return own_fit(setting=n).replace(
        "self.batch_size, self.histories = batch_size, []",
        "self.__dict__.update(batch_size=batch_size); self.histories = []",
    )


GATED = (
    "flat = layers.Flatten()(x)\na = layers.Dense(width)(flat)\n"
    "x = layers.Add()([a, Gate(layers.Dense(width))({})])"
)
SAME = {
    **{name: functional(body.format(2)) for name, body in LAMBDAS.items()},
    "schedule without settings": functional(
        compiled=OPTIMIZED.format("SGD(Warm(0.1))"), before=WARM
    ),
    "partial in a metric": functional(
        compiled=WRAPPED.format("functools.partial(certainty)"), before=METRIC.format("max")
    ),
    "layers around fit": augments(2, 0.1, 8),
    "attribute of fit set outside": sized(8),
    "functional": functional(),
    "objects that answer anything": ODD,
    "layer that draws its seed": functional("x = layers.RandomCrop(24, 24)(x)"),
    "random number of one's own": functional(
        "x = layers.Dropout(0.1, seed=random.randint(1, 999))(x)", before="import random"
    ),
    "HyperModel with settings": own_fit(),
    "Lambda": functional(LAMBDA.format("/ 255")),
    "Lambda with a value from around it": functional(SCALED.format(2)),
    "augmentation": functional(AUGMENTED.format(0.05)),
    "nested": functional(NESTED.format(3)),
    "TimeDistributed": functional(DISTRIBUTED.format("width")),
    "Bidirectional": functional(BOTH_WAYS.format("width")),
    "shared layer": functional(SHARED.format("x")),
    "own model": OWN_MODEL.replace("{change}", ""),
    "own layer": functional("x = Own(width)(x)", before=CLASS.format(kind="Layer", change="")),
    "Sequential": SEQUENTIAL.format(5),
    "own loss": functional(compiled="'adam', loss, ['accuracy']", before=LOSS.format(2)),
    "own metric": functional(
        compiled=COMPILED.replace("]", ", certainty]"), before=METRIC.format("max")
    ),
    "metrics with automatic names": functional(
        compiled=COMPILED.replace("]", ", keras.metrics.SparseTopKCategoricalAccuracy(3)]")
    ),
    "schedule": functional(compiled=SCHEDULE.format(100)),
    "hidden branch": functional(BRANCH.format("Dense"), choices=TWO),
    "hyperparameters one by one": functional(DEEP.format("Dense")),
    "HyperModel with fit": HYPERMODEL.format(size=8, change=""),
    "own block of AutoKeras": BLOCK.format(4),
    "blocks of AutoKeras": "space = spaces.autokeras_space()",
    "callback": CALLBACK.format(0.5),
    "own callback": LAMBDA_CALLBACK.format("epoch"),
    "partial": functional().replace("space(hp)", "made(hp, *_)")
    + "space = functools.partial(made)",
    "wide range": functional(choices="list(range(1, 99))"),
}
REWRITTEN = {
    "names of variables": (
        functional("y = layers.Flatten()(x)\nx = layers.Dense(width)(y)"),
        functional("flat = layers.Flatten()(x)\nx = layers.Dense(width)(flat)"),
    ),
    "words alone": (
        functional(),
        functional("# a comment\nx = layers.Dense(width)(layers.Flatten()(x))"),
    ),
    "order of layers": (
        functional("a = layers.Flatten()\nb = layers.Dense(width)\nx = b(a(x))"),
        functional("b = layers.Dense(width)\na = layers.Flatten()\nx = b(a(x))"),
    ),
    "order of functions": (
        functional("x = f(g(x))", before="f = layers.Flatten()\ndef g(x): return x"),
        functional("x = f(g(x))", before="def g(x): return x\nf = layers.Flatten()"),
    ),
    "a function taken out": (
        functional(),
        functional(
            "x = hidden(x, width)",
            before="def hidden(x, n):\n    return layers.Dense(n)(layers.Flatten()(x))",
        ),
    ),
}
OTHER = {
    **{name: tuple(functional(body.format(n)) for n in (2, 3)) for name, body in LAMBDAS.items()},
    **{
        f"{what} beside a schedule without settings": tuple(
            functional(compiled=OPTIMIZED.format(f"SGD({each})"), before=WARM) for each in pair
        )
        for what, pair in {
            "its own": ("Warm(0.1)", "Warm(0.2)"),
            "momentum": ("Warm(0.1)", "Warm(0.1), momentum=0.9"),
        }.items()
    },
    "value of a factory": (FACTORY.format(1), FACTORY.format(5)),
    "tensor around a loss": tuple(
        functional(compiled=AROUND.format("W[0]"), before=TENSOR.format("constant", n))
        for n in (1, 5)
    ),
    "tensors in a tuple around a callback": tuple(
        TENSOR.format("constant", n) + PRINTS.format("(W, 3)") for n in (1, 5)
    ),
    "range around a callback": tuple(PRINTS.format(f"range({n})") for n in (3, 30)),
    "set around a callback": tuple(PRINTS.format(f"frozenset([{n}])") for n in (3, 30)),
    **{
        f"{name} around fit": (augments(2, 0.1, 8), augments(*other))
        for name, other in {
            "activation": (3, 0.1, 8),
            "layer": (2, 0.3, 8),
            "layer in an own layer": (2, 0.1, 9),
        }.items()
    },
    "attribute of fit set outside": (sized(8), sized(64)),
    "attribute of fit instead of its class's": tuple(
        own_fit() + f"space.epochs = {n}\n" for n in (8, 64)
    ),
    "attribute of fit in its dict": (updated(8), updated(64)),
    "function in a metric of Keras": tuple(
        functional(compiled=WRAPPED.format("certainty"), before=METRIC.format(f))
        for f in ("max", "min")
    ),
    "loss": (functional(), functional(compiled=COMPILED.replace("sparse_", ""))),
    "optimizer": (functional(), functional(compiled=COMPILED.replace("adam", "sgd"))),
    "learning rate": tuple(
        functional(compiled=OPTIMIZED.format(f"Adam({rate})")) for rate in (1e-3, 2e-3)
    ),
    "weight decay": tuple(
        functional(compiled=OPTIMIZED.format(f"AdamW(weight_decay={decay})"))
        for decay in (0.1, 0.2)
    ),
    "metrics": (functional(), functional(compiled=COMPILED.replace("]", ", 'mse']"))),
    "schedule": tuple(functional(compiled=SCHEDULE.format(steps)) for steps in (100, 200)),
    "hidden branch": tuple(
        functional(BRANCH.format(kind), choices=TWO) for kind in ("Dense", "Conv1D")
    ),
    "branch below a branch": tuple(functional(DEEP.format(kind)) for kind in ("Dense", "Conv1D")),
    "branch of two values": tuple(
        functional(CROSSED.format(kind), choices="[4, 8, 16, 32]") for kind in ("Dense", "Conv1D")
    ),
    "Lambda": tuple(functional(LAMBDA.format(change)) for change in ("/ 255", "/ 254")),
    "value from around a Lambda": tuple(functional(SCALED.format(scale)) for scale in (2, 3)),
    "augmentation": tuple(functional(AUGMENTED.format(turn)) for turn in (0.05, 0.1)),
    "nested": tuple(functional(NESTED.format(units)) for units in (3, 4)),
    "TimeDistributed": tuple(functional(DISTRIBUTED.format(units)) for units in ("width", "5")),
    "Bidirectional": tuple(functional(BOTH_WAYS.format(units)) for units in ("width", "5")),
    "connection": tuple(functional(SHARED.format(other)) for other in ("x", "x + 1")),
    "call of an own model": tuple(OWN_MODEL.replace("{change}", change) for change in ("", "* 2")),
    "call of an own layer": tuple(
        functional("x = Own(width)(x)", before=CLASS.format(kind="Layer", change=change))
        for change in ("", "* 2")
    ),
    "Sequential": tuple(SEQUENTIAL.format(units) for units in (5, 6)),
    "own loss": tuple(
        functional(compiled="'adam', loss, ['accuracy']", before=LOSS.format(n)) for n in (1, 2)
    ),
    "own metric": tuple(
        functional(compiled=COMPILED.replace("]", ", certainty]"), before=METRIC.format(f))
        for f in ("max", "min")
    ),
    "fit": tuple(HYPERMODEL.format(size=8, change=change) for change in ("", " * 2")),
    "constant in fit": tuple(HYPERMODEL.format(size=size, change="") for size in (8, 16)),
    "no fit": (functional(), HYPERMODEL.format(size=8, change="")),
    "own block of AutoKeras": tuple(BLOCK.format(units) for units in (4, 5)),
    "blocks of AutoKeras": (
        "space = spaces.autokeras_space()",
        "space = spaces.autokeras_space(filters=(4, 8))",
    ),
    "callback": tuple(CALLBACK.format(factor) for factor in (0.5, 0.1)),
    "own callback": tuple(LAMBDA_CALLBACK.format(what) for what in ("epoch", "logs")),
    "a callback more": (functional(), CALLBACK.format(0.5)),
    "values": (functional(choices=TWO), functional(choices="[4, 9]")),
    "setting of fit": (own_fit(), own_fit(setting=64)),
    "learning rate around a callback": tuple(
        functional() + SETS_RATE.format(rate) for rate in (0.1, 0.01)
    ),
    "settings in a frozen dataclass": tuple(HOLDS.format("Settings", n) for n in (8, 64)),
    "tf.function around fit": tuple(
        own_fit().replace("return self.histories", "double(model)\n        return self.histories")
        + f"import tensorflow as tf\n@tf.function\ndef double(x):\n    return {n} * x\n"
        for n in (2, 3)
    ),
    "constant of the class of fit": (own_fit(), own_fit(constant=2)),
    "helper of fit in a file": (IN_HELPER.format(8), IN_HELPER.format(64)),
    "setting of an own loss": tuple(
        functional(compiled=f"'adam', Focal({n}), ['accuracy']", before=FOCAL) for n in (1, 2)
    ),
    "code of an own schedule": tuple(
        functional(compiled=OPTIMIZED.format("SGD(Fall())"), before=FALL.format(n)) for n in (1, 2)
    ),
    "setting of an own initializer": tuple(
        functional(
            f"x = layers.Dense(width, kernel_initializer=Start({n}))(layers.Flatten()(x))",
            before=START,
        )
        for n in (1, 2)
    ),
    "setting of an own model": tuple(
        OWN_MODEL.replace("{change}", "* self.rate").replace(
            "self.one,", f"self.rate = {n}\n        self.one,"
        )
        for n in (1, 2)
    ),
    "loss around a loss": tuple(
        functional(
            compiled="'adam', lambda y, p: base(y, p), ['accuracy']",
            before=f"base = keras.losses.SparseCategoricalCrossentropy(ignore_class={n})",
        )
        for n in (1, 2)
    ),
    "array around a loss": tuple(
        functional(
            compiled=AROUND.format("W[0]"), before=f"import numpy as np\nW = np.array([{n}])"
        )
        for n in (1, 2)
    ),
    "helper of a helper of a loss": tuple(
        functional(compiled=AROUND.format("a(1)"), before=HELPERS.format(n)) for n in (1, 2)
    ),
    "tf.function": tuple(
        functional(
            compiled="'adam', loss, ['accuracy']",
            before="import tensorflow as tf\n@tf.function" + LOSS.format(n),
        )
        for n in (1, 2)
    ),
    "partial activation": tuple(
        functional(
            f"x = layers.Activation(functools.partial(ops.leaky_relu, negative_slope={n}))(x)"
        )
        for n in (0.1, 0.2)
    ),
    "setting of an own block of AutoKeras": tuple(
        BLOCK.format("self.units")
        .replace(
            "    def build",
            "    def __init__(self, units, **options):\n        super().__init__(**options)\n"
            "        self.units = units\n    def build",
        )
        .replace("Mine(name", f"Mine({n}, name")
        for n in (4, 5)
    ),
}
ASKS = {
    "helper in a factory": (RARE_HELPER.format("Dense"), RARE_HELPER.format("Conv1D")),
    "connection to a layer that does not say how it was made": tuple(
        functional(GATED.format(to), before=GATE) for to in ("flat", "a")
    ),
    "namespace around a callback": tuple(HOLDS.format("SimpleNamespace", n) for n in (8, 64)),
    "dict around fit": (own_fit(), own_fit(dict=64)),
    "list around a callback of a search with AutoKeras": tuple(
        "space = spaces.autokeras_space()\n" + STEPS.format(n)[len(functional()) :]
        for n in (0.1, 0.2)
    ),
    "list around a callback": (STEPS.format(0.1), STEPS.format(0.2)),
    "a partial's setting": tuple(
        PARTLY.replace("space(hp)", "made(hp, rare, *_)")
        + f"space = functools.partial(made, rare={n})"
        for n in (4, 5)
    ),
    "dict around a build function": tuple(
        PARTLY.replace("rare)", "SIZES['rare'])") + f"SIZES = {{'rare': {n}}}" for n in (4, 5)
    ),
    "weights": tuple(
        functional("x = layers.Flatten()(x)\nx = layers.Dense(width)(x)").replace(
            "    return model",
            f"    model.set_weights([w + {n} for w in model.get_weights()])\n    return model",
        )
        for n in (1, 2)
    ),
}
# Something that a search and its next one find changed in the same kernel.
CALLBACK_CLASS = (
    functional()
    + """
class Own(keras.callbacks.Callback):
    def __init__(self, *things):
        super().__init__()
        self.things, self.heard = things, []
    def on_epoch_end(self, epoch, logs=None):
        global n_epochs
        n_epochs += 1
        self.heard.append(logs)
        everything.append(logs)
n_epochs, everything = 0, []
"""
)
LISTENS = (
    functional()
    + """
import numpy as np
history, counts, rows, sums, n = {"loss": []}, {}, [{}], np.zeros(9), 0
def note(loss):
    global n
    n += 1
    rows.append(loss)
class Own(keras.callbacks.Callback):
    seen, heard, named = 0, 0, 0
    def on_epoch_end(self, epoch, logs=None):
        Own.seen += 1
        type(self).heard += 1
        self.__class__.named = epoch
        history["loss"].append(logs["loss"])
        counts[epoch] = counts.get(epoch, 0)
        counts[epoch] += 1
        sums[epoch] += logs["loss"]
        note(logs)
        print(n, len(rows))
callbacks = [Own()]
"""
)
MEANWHILE = {
    "a counter in a factory": (
        functional() + "def make():\n    n = 0\n    def count(epoch, logs):\n"
        "        nonlocal n\n        n += 1\n"
        "    return keras.callbacks.LambdaCallback(on_epoch_end=count)\ncallbacks = [make()]\n",
        "callbacks[0].on_epoch_end(0, {})",
    ),
    "a variable": (
        functional(compiled=AROUND.format("W[0]"), before=TENSOR.format("Variable", 1)),
        "W.assign([5.0])",
    ),
    "layers around fit": (
        augments(2, 0.1, 8),
        "steps(ops.zeros((1, 8, 8, 1))); steps.trainable = False",
    ),
    "an own network around fit, trained": (
        own_fit().replace("model.fit(*args", "model.fit(teacher, *args")
        + CLASS.format(kind="Model", change="")
        + "teacher = Own(4)\n",
        "teacher.compile('adam', 'sparse_categorical_crossentropy')\n"
        + "teacher.fit(ops.zeros((2, 28, 28, 1)), ops.zeros(2), verbose=0)",
    ),
    "an object that functions change": (
        own_fit().replace("self.histories.append", "note()\n        self.histories.append")
        + "class State: pass\nstate = State()\nstate.step = 0\n"
        "def note():\n    state.step += 1\n",
        "note()",
    ),
    "what is filled in other ways": (
        LISTENS,
        "history['loss'].append(1); counts[0] = 3; rows.append(2); sums[0] = 1; n = 5; "
        + "Own.seen, Own.heard, Own.named = 1, 2, 3",
    ),
    "what fit returned": (
        own_fit().replace("plain(hp)", "with_own(hp)")
        + OWN_MODEL.replace("{change}", "").replace("def space", "def with_own"),
        "space.histories.append(keras.callbacks.History())\n"
        + "space.histories[0].set_model(with_own(keras_tuner.HyperParameters()))",
    ),
    "a counter and lists": (
        CALLBACK_CLASS + "callbacks = [Own()]",
        "n_epochs = 5; everything = [3]",
    ),
    "a network": (
        CALLBACK_CLASS
        + "callbacks = [Own(keras.Sequential([keras.Input((3,)), layers.Dense(4)]))]",
        "callbacks = [Own(keras.Sequential([keras.Input((3,)), layers.Dense(4)]))]",
    ),
    "images": (
        CALLBACK_CLASS + "from nascourse import data\nsplits = data.load_mnist('bundled')\n"
        "callbacks = [Own(splits)]",
        "splits.fingerprint",
    ),
    "what fit remembers": (own_fit(), "space.histories += [1, 2]"),
    "a counter of networks": (
        "built = 0\n" + functional("global built\nbuilt += 1", choices="list(range(1, 99))"),
        "built = 7",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAME)
def test_the_same_space_in_another_kernel_goes_on(small, name):
    assert goes_on(SAME[name], SAME[name], small) is True


@pytest.mark.slow
@pytest.mark.parametrize("name", REWRITTEN)
def test_a_space_that_is_only_written_otherwise_goes_on(small, name):
    old, new = REWRITTEN[name]
    assert old != new and goes_on(old, new, small) is True


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHER)
def test_another_space_is_refused(small, name):
    old, new = OTHER[name]
    assert "another search (another" in goes_on(old, new, small)


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKS)
def test_what_may_be_another_search_is_asked_about(small, name):
    old, new = ASKS[name]

    assert goes_on(old, old, small) is True
    assert "cannot be known" in goes_on(old, new, small)
    assert goes_on(old, new, small, same_space=True) is True


@pytest.mark.slow
@pytest.mark.parametrize("name", MEANWHILE)
def test_a_search_goes_on_though_its_things_have_changed_meanwhile(small, name):
    source, meanwhile = MEANWHILE[name]
    names = defined(source)
    content = Content(identity_of(names, small), [ROW])
    exec(meanwhile, names)  # noqa: S102 - the sources above

    assert _continued(
        content, identity_of(names, small), Path("f"), same_space=False, retry_failed=False
    )


def test_images_that_were_changed_in_place_are_others(small):
    splits = replace(small, x_train=small.x_train.copy())
    before = splits.fingerprint
    splits.x_train[0] = 255 - splits.x_train[0]

    assert splits.fingerprint != before == small.fingerprint


@pytest.mark.slow
def test_fit_stays_the_same_where_the_networks_are_built_otherwise(small):
    def built(lines: str) -> str:
        body = f"{lines}\n        model = keras.Sequential([flat, dense, layers.Dense(10)])\n"
        return own_fit(build=f"{body}        model.compile({COMPILED})\n        return model")

    old = built("flat = layers.Flatten(); dense = layers.Dense(hp.Choice('width', [4]))")
    new = built("dense = layers.Dense(hp.Choice('width', [4])); flat = layers.Flatten()")

    assert goes_on(old, new, small) is True


@pytest.mark.slow
def test_a_repaired_loss_goes_on_when_the_trials_that_failed_by_it_are_tried_again(small):
    failing, repaired = (
        functional(
            compiled=COMPILED.replace("'sparse", f"{other} if width == 8 else 'sparse"),
            choices=TWO,
        )
        for other in ("'categorical_crossentropy'", "'sparse_categorical_crossentropy'")
    )
    failed = {"row": {"trial": 2, "status": "failed", "width": 8}, "curve": []}
    content = Content(identity(failing, small), [ROW, failed])
    options = {"same_space": False, "retry_failed": True}

    assert _continued(content, identity(repaired, small), Path("f"), **options)
    elsewhere = identity(functional(compiled=COMPILED.replace("adam", "sgd"), choices=TWO), small)
    with pytest.raises(CourseError, match="another compile settings"):
        _continued(content, elsewhere, Path("f"), **options)


@pytest.mark.slow
def test_where_it_cannot_be_known_the_sentence_asks(small):
    """Only one of a hundred values leads to the branch."""
    rare = "if width == 61:\n    x = layers.{}(4)(layers.Flatten()(x))"
    old, new = (
        functional(rare.format(kind), choices="list(range(1, 101))") for kind in ("Dense", "Conv1D")
    )

    said = goes_on(old, new, small)

    assert "cannot be known" in said and "same_space=True" in said and "overwrite=True" in said
    assert goes_on(old, new, small, same_space=True) is True


RARE = "if width == 61:\n    x = layers.{}(4)(layers.Flatten()(x))"
MANY = "list(range(1, 101))"


@pytest.mark.slow
def test_a_partial_is_asked_about_as_the_function_in_it(small):
    old, new = (
        functional(RARE.format(kind), choices=MANY).replace("space(hp)", "made(hp, *_)")
        + "space = functools.partial(made)"
        for kind in ("Dense", "Conv1D")
    )

    assert goes_on(old, old, small) is True
    assert "cannot be known" in goes_on(old, new, small)


@pytest.mark.slow
def test_code_that_was_none_is_no_other_version_of_python(small):
    own = functional(choices=MANY)
    old = Content(identity(own, small) | {"build function": "some None"}, [ROW])

    with pytest.raises(CourseError, match="cannot be known"):
        _continued(old, identity(own, small), Path("f"), same_space=False, retry_failed=False)


def test_the_first_text_of_a_generator_or_a_list_is_part_of_its_code():
    def function(text: str):
        return eval(f"lambda x: [y for y in ({text!r} + str(i) for i in x)]")  # noqa: S307

    relu, tanh = (code_description(function(text).__code__) for text in ("relu", "tanh"))

    assert relu == code_description(function("relu").__code__) != tanh


def test_a_docstring_is_no_part_of_the_code():
    def one(x):
        """One."""
        return [x]

    def other(x):
        """Other."""
        return [x]

    assert code_description(one.__code__) == code_description(other.__code__)


def test_a_callback_with_a_logger_stays_the_same_whatever_logs_besides():
    class Logs(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.log = logging.getLogger("mine")

    before = Describer().describe([Logs()])
    logging.getLogger(f"another.{next(_files)}").addHandler(logging.NullHandler())

    assert Describer().describe([Logs()]) == before


def test_a_learning_rate_is_the_same_function_wherever_it_was_written():
    first = Describer().describe(keras.optimizers.SGD(lambda: 0.1))

    assert Describer().describe(keras.optimizers.SGD(lambda: 0.1)) == first


@pytest.mark.slow
def test_the_sentence_names_what_differs(small):
    def differs(name: str) -> str:
        return goes_on(*OTHER[name], small).partition("(another ")[2].partition(")")[0]

    assert differs("learning rate") == "compile settings"
    assert differs("hidden branch") == "networks"
    assert differs("values") == "space"
    assert differs("callback") == "callbacks"
    assert differs("fit") == "fit"


def test_a_repaired_branch_goes_on_when_failed_trials_are_tried_again(small):
    broken, repaired = (
        functional(BRANCH.format(kind), choices=TWO) for kind in ("Conv2D", "Dense")
    )

    assert "another networks" in goes_on(broken, repaired, small)
    assert goes_on(broken, repaired, small, retry_failed=True) is True


def test_code_that_another_python_compiled_is_not_compared(small, monkeypatch):
    old = Content(identity(SAME["own model"], small), [ROW])
    monkeypatch.setattr("platform.python_version_tuple", lambda: ("3", "99", "0"))
    changed = identity_of(defined(OTHER["call of an own model"][1]), small)

    assert _continued(old, changed, Path("f"), same_space=False, retry_failed=False)
