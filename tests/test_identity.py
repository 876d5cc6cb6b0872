"""A zoo of spaces in pairs: the same search, or another one.

Each space is source text.  To be the same again it is compiled as in another kernel: under the name
of another file, further down in it, and after other networks have used up Keras's automatic names.
"""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

import keras
import pytest

from nascourse import CourseError
from nascourse._engine.descriptions import Describer, code_description
from nascourse._engine.options import SearchOptions
from nascourse._engine.recording import Content, _continued

COMPILED = "'adam', 'sparse_categorical_crossentropy', metrics=['accuracy']"
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


def functional(
    body: str = "x = layers.Dense(width)(layers.Flatten()(x))",
    compiled: str = COMPILED,
    before: str = "",
    choices: str = "[4, 8]",
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
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1), keras.layers.Dense(1)])
    code = compile("\n" * number + HEAD + source, f"ipykernel_{number}/{number}.py", "exec")
    names: dict = {"__name__": "__main__"}
    exec(code, names)  # noqa: S102 - the sources below
    return names


def identity(source: str, splits) -> dict:
    names = defined(source)
    options = SearchOptions(
        strategy="random",
        max_trials=2,
        epochs=1,
        seed=1,
        batch_size=8,
        patience=None,
        max_model_size=None,
        in_flight=None,
        is_parallel=False,
        callbacks=names.get("callbacks", []),
    )
    return options.identity(names["space"], splits)


ROW = {"row": {"trial": 1, "status": "completed"}, "curve": []}


def goes_on(old: str, new: str, splits, **options) -> bool | str:
    """Whether the search of one space goes on with another; if not, why."""
    content = Content(identity(old, splits), [ROW])
    usual = {"same_space": False, "retry_failed": False}
    try:
        return bool(_continued(content, identity(new, splits), Path("f"), **(usual | options)))
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
    "def space(hp):\n    model = Own(hp.Choice('width', [4, 8]))\n"
    f"    model.compile({COMPILED})\n    return model\n"
)
SEQUENTIAL = (
    "def space(hp):\n    model = keras.Sequential([layers.Flatten(), layers.Dense({}),\n"
    "        layers.Dense(hp.Choice('width', [4, 8])), layers.Dense(10, activation='softmax')])\n"
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

SAME = {
    "functional": functional(),
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
    "hidden branch": functional(BRANCH.format("Dense")),
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
    "hidden branch": tuple(functional(BRANCH.format(kind)) for kind in ("Dense", "Conv1D")),
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
    "values": (functional(), functional(choices="[4, 9]")),
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


def test_a_partial_is_asked_about_as_the_function_in_it(small):
    old, new = (
        functional(RARE.format(kind), choices=MANY).replace("space(hp)", "made(hp, *_)")
        + "space = functools.partial(made)"
        for kind in ("Dense", "Conv1D")
    )

    assert goes_on(old, old, small) is True
    assert "cannot be known" in goes_on(old, new, small)


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


def test_the_sentence_names_what_differs(small):
    def differs(name: str) -> str:
        return goes_on(*OTHER[name], small).partition("(another ")[2].partition(")")[0]

    assert differs("learning rate") == "compile settings"
    assert differs("hidden branch") == "networks"
    assert differs("values") == "space"
    assert differs("callback") == "callbacks"
    assert differs("fit") == "fit"


def test_a_repaired_branch_goes_on_when_failed_trials_are_tried_again(small):
    broken, repaired = (functional(BRANCH.format(kind)) for kind in ("Conv2D", "Dense"))

    assert "another networks" in goes_on(broken, repaired, small)
    assert goes_on(broken, repaired, small, retry_failed=True) is True


def test_code_that_another_python_compiled_is_not_compared(small, monkeypatch):
    old = Content(identity(SAME["own model"], small), [ROW])
    monkeypatch.setattr("platform.python_version_tuple", lambda: ("3", "99", "0"))
    changed = identity(OTHER["call of an own model"][1], small)

    assert _continued(old, changed, Path("f"), same_space=False, retry_failed=False)
