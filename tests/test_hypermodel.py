"""A `HyperModel` of KerasTuner is handed what a build function is, and its own ``fit`` is heard."""

from __future__ import annotations

import re

import keras
import keras_tuner
import numpy as np
import pytest
from keras import layers

from nascourse import CourseError, search
from nascourse.data import SealedTest, Splits

pytestmark = pytest.mark.usefixtures("frozen_libraries")


def network(units: int, image_shape=(28, 28, 1), classes=10, metrics=("accuracy",)) -> keras.Model:
    image = keras.Input(image_shape)
    x = layers.Dense(units)(layers.Flatten()(layers.Rescaling(1 / 255)(image)))
    model = keras.Model(image, layers.Dense(classes, activation="softmax")(x))
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=[*metrics])
    return model


class Plain(keras_tuner.HyperModel):
    def build(self, hp):
        return network(hp.Choice("units", [4]))


class Fits(keras_tuner.HyperModel):
    """Trains, and returns what one of the functions it is made with says, another in each trial."""

    def __init__(self, returned, **options):
        super().__init__()
        self.returned, self.options = returned, options

    def build(self, hp):
        hp.Choice("returned", list(self.returned))
        return network(4)

    def fit(self, hp, model, *args, **kwargs):
        history = model.fit(*args, **(kwargs | self.options))
        return self.returned[hp.get("returned")](history, model, args, kwargs)


class Handed(keras_tuner.HyperModel):
    def build(self, hp, image_shape, classes):
        return network(hp.Choice("units", [4]), image_shape, classes)


class HandedFits(Handed):
    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, **kwargs)


@pytest.fixture(scope="module")
def colors() -> Splits:
    """Images of 6 x 5 pixels in color, of three classes."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(256, size=(45, 6, 5, 3)).astype("uint8"), np.arange(45) % 3
    return Splits(
        x[:30], y[:30], x[30:], y[30:], SealedTest(x[:0], y[:0]), "noise", ("a", "b", "c")
    )


@pytest.fixture(scope="module")
def run(small):
    def run(directory, space, splits=small, **options) -> search.Search:
        usual = {"strategy": "random", "max_trials": 1, "epochs": 1, "observer": search.Observer()}
        return search.run_search(space, splits, directory=directory, **(usual | options))

    return run


@pytest.mark.slow
@pytest.mark.parametrize("space", [Handed, HandedFits])
def test_a_hypermodel_is_handed_the_images_facts(run, tmp_path, colors, space):
    found = run(tmp_path, space(), colors)

    assert found.table["status"].tolist() == ["completed"]
    assert found.new_model().input_shape == (None, 6, 5, 3)
    assert found.best_model().output_shape == (None, 3)
    assert run(tmp_path, space(), colors).stopped.endswith("nothing is trained again")


def judged(found: search.Search) -> dict[str, tuple[float, float]]:
    """By what the trial returned: what the table shows of it, and what the strategy was told."""
    told = [trial.score for trial in found.tuner.oracle.trials.values()]
    return dict(zip(found.table["returned"], zip(found.table["val_accuracy"], told, strict=True)))


@pytest.mark.slow
def test_what_a_trial_returns_judges_it_and_its_best_epoch_counts(run, tmp_path, small):
    """Where only some epochs are validated, too: KerasTuner's own conversion fails there.

    It would also keep the weights of the last epoch.
    """
    returned = {
        "History": lambda history, *_: history,
        "dict of lists": lambda history, *_: history.history,
        "float": lambda *_: 0.125,
        "NumPy's float": lambda *_: np.float32(0.0625),
        "dict": lambda *_: {"val_accuracy": 0.875, "other": 1.0},
        "list": lambda *_: [0.75, 1.0],  # of two executions
    }
    own = {"float": 0.125, "NumPy's float": 0.0625, "dict": 0.875, "list": 0.875}
    found = run(tmp_path, Fits(returned, validation_freq=2), epochs=5, max_trials=6)

    scores = judged(found)
    assert scores.keys() == returned.keys()
    for row, trial in zip(found.table.to_dict("records"), found.tuner.oracle.trials.values()):
        curve = found.curves[found.curves["trial"] == row["trial"]]
        values = curve.set_index("epoch")["val_accuracy"]
        assert values.notna().tolist() == [False, True, False, True, False]
        score = own.get(row["returned"], values.max())
        assert scores[row["returned"]] == (score, score)
        assert row["best_epoch"] == values.idxmax()
        model = found.tuner.load_model(trial)
        accuracy = np.mean(np.argmax(model(small.x_val), axis=1) == small.y_val)
        assert accuracy == pytest.approx(values.max(), abs=1e-6)


@pytest.mark.slow
def test_a_second_training_goes_on_with_the_curve_of_the_first(run, tmp_path):
    def again(history, model, args, kwargs):
        return model.fit(*args, **kwargs)

    found = run(tmp_path, Fits({"again": again}), epochs=2)

    curve = found.curves
    assert curve["epoch"].tolist() == [1, 2, 3, 4]
    assert judged(found) == {"again": (curve["val_accuracy"].max(), curve["val_accuracy"].max())}
    assert found.best["best_epoch"] == curve.set_index("epoch")["val_accuracy"].idxmax()


@pytest.mark.slow
def test_what_no_trial_can_be_judged_by_is_a_failure_with_its_reason(run, tmp_path):
    returned = {
        "nan": lambda *_: float("nan"),
        "nothing": lambda *_: None,
        "text": lambda *_: {"val_accuracy": "high"},
    }
    reasons = {
        "nan": "returned nan as val_accuracy",
        "nothing": "return value .* is None",
        "text": "TypeError",
    }
    table = run(tmp_path, Fits(returned), max_trials=3).table

    assert table["status"].tolist() == ["failed"] * 3
    messages = dict(zip(table["returned"], table["message"]))
    for name, reason in reasons.items():
        assert re.search(reason, messages[name]), messages[name]


def test_a_fit_that_cannot_be_called_is_refused_before_the_first_trial(run, tmp_path):
    class Short(Plain):
        def fit(self, hp, model, x, y):
            return model.fit(x, y)

    with pytest.raises(
        CourseError, match=r"'validation_data'\): define it as fit\(self, hp, model, "
    ):
        run(tmp_path / "new", Short())
    assert not (tmp_path / "new").exists()


def test_hyperparameters_that_nobody_would_declare_are_refused(run, tmp_path):
    class Declares(Plain):
        def declare_hyperparameters(self, hp):
            hp.Choice("units", [16, 32])

    with pytest.raises(
        CourseError, match="declare_hyperparameters of Declares .*in its build"
    ) as raised:
        run(tmp_path / "new", Declares())
    assert "\n" not in str(raised.value) and str(raised.value).endswith(".")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_curve_without_the_objective_is_named_by_its_metrics_alone(run, tmp_path):
    class Other(Fits):
        def build(self, hp):
            hp.Choice("returned", list(self.returned))
            return network(4, metrics=("acc",))

    (message,) = run(tmp_path, Other({"it": lambda history, *_: history})).table["message"]

    assert "The training reported acc, loss, val_acc, val_loss, and no val_accuracy" in message


@pytest.mark.slow
def test_a_hyperparameter_of_fit_takes_no_column_of_the_table(run, tmp_path):
    class Epochs(Plain):
        def fit(self, hp, model, *args, **kwargs):
            return model.fit(*args, **(kwargs | {"epochs": hp.Int("epochs", 1, 2)}))

    found = run(tmp_path, Epochs())

    assert found.table["status"].tolist() == ["failed"]
    assert "'epochs' is called like a column" in found.table["message"][0]


def two_widths(hp):
    """The same name under two conditions: KerasTuner drops the value of the first."""
    units = []
    size = hp.Choice("size", ["small", "large"])
    for name, choices in (("small", [4, 8]), ("large", [12, 16])):
        with hp.conditional_scope("size", [name]):
            units.append(hp.Choice("units", choices))
    return network(units[size == "large"])


def test_one_name_for_two_hyperparameters_is_refused(run, tmp_path):
    with pytest.raises(CourseError, match=r"are called 'units'.*a name of its own\.$"):
        run(tmp_path / "new", two_widths)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["architecture", "message", "fingerprint", "val_auc"])
def test_a_name_of_a_column_is_refused(run, tmp_path, name):
    objective = keras_tuner.Objective("val_auc", "max")

    def space(hp):
        return network(hp.Choice(name, [4, 8]), metrics=[keras.metrics.MeanSquaredError("auc")])

    with pytest.raises(CourseError, match=f"{name!r} is called like a column"):
        run(tmp_path / "new", space, objective=objective)
    assert not (tmp_path / "new").exists()
