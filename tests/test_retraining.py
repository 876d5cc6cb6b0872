"""The final training is that of the trial: its loss, its optimizer, and its rate to begin with."""

from __future__ import annotations

import dataclasses

import keras
import keras_tuner
import numpy as np
import pytest
from keras import layers, optimizers

from nascourse import CourseError, evaluation, search, spaces
from nascourse._engine import compat, feeding

pytestmark = pytest.mark.usefixtures("frozen_libraries")

QUIET = search.Observer()
OPTIMIZERS = {
    "Adam": lambda: optimizers.Adam(1e-4, beta_1=0.8),
    "SGD": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "RMSprop": lambda: optimizers.RMSprop(optimizers.schedules.ExponentialDecay(1e-3, 7, 0.5)),
}


def logits_space(hp) -> keras.Model:
    """Networks without a softmax, as many learners write them."""
    image = keras.Input((28, 28, 1))
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, layers.Dense(10)(x))
    model.compile(
        OPTIMIZERS[hp.Choice("optimizer", list(OPTIMIZERS))](),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


@pytest.fixture(scope="module")
def found(small, tmp_path_factory) -> search.Search:
    return search.run_search(
        logits_space,
        small,
        strategy="random",
        max_trials=3,
        epochs=1,
        directory=tmp_path_factory.mktemp("search"),
        observer=QUIET,
    )


class Stops(search.Observer):
    """Ends a search before its first trial is trained."""

    def trial_begin(self, trial):
        raise KeyboardInterrupt


def trial_of(found: search.Search, optimizer: str) -> int:
    return int(found.table.set_index("optimizer").loc[optimizer, "trial"])


@pytest.mark.slow
def test_a_network_of_logits_is_trained_by_its_own_loss(found, small):
    model = search.retrain(found, trial=trial_of(found, "SGD"), epochs=12, observer=QUIET)

    assert model.loss.get_config()["from_logits"] is True
    predicted = evaluation.predict(model, small.x_val)
    assert np.mean(predicted == small.y_val) > 0.9  # these 100 images were trained by, too


@pytest.mark.parametrize(
    "name, rate, settings",
    [("Adam", 1e-4, {"beta_1": 0.8}), ("SGD", 0.05, {"momentum": 0.9, "nesterov": True})],
)
def test_the_rate_falls_from_that_of_the_trial(found, monkeypatch, name, rate, settings):
    """In two epochs there are ten steps of 64 of the 300 images; half a cosine is 1/2 in its middle."""
    begins, fit = [], feeding.fit

    def spy(model, *arguments, **options):
        begins.append(float(model.optimizer.learning_rate))
        return fit(model, *arguments, **options)

    monkeypatch.setattr(feeding, "fit", spy)

    model = search.retrain(found, trial=trial_of(found, name), epochs=2, observer=QUIET)

    optimizer = model.optimizer
    assert type(optimizer).__name__ == name
    assert settings.items() <= optimizer.get_config().items()
    assert begins == [pytest.approx(rate)]
    assert float(compat.learning_rate_schedule(optimizer)(5)) == pytest.approx(rate / 2)
    assert float(optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


def test_a_schedule_of_ones_own_stays(found):
    model = search.retrain(found, trial=trial_of(found, "RMSprop"), epochs=2, observer=QUIET)

    assert float(model.optimizer.learning_rate) == pytest.approx(1e-3 * 0.5 ** (10 / 7))


@pytest.mark.slow
def test_a_schedule_of_autokeras_is_made_for_the_final_training(small, tmp_path):
    """AutoKeras's own would be over after the steps of a trial."""
    space = spaces.autokeras_space(small, filters=(1, 2))
    first = {**space.first, "optimizer": "adam_weight_decay", "learning_rate": 0.01}
    result = search.run_search(
        dataclasses.replace(space, first=first, fixed={}),
        small,
        strategy="greedy",
        max_trials=1,
        epochs=1,
        directory=tmp_path,
        observer=Stops(),
    )

    optimizer = search.retrain(result, trial=1, epochs=2, observer=QUIET).optimizer

    assert isinstance(optimizer, optimizers.AdamW)
    schedule = compat.learning_rate_schedule(optimizer)
    rates = [float(schedule(step)) for step in (0, 5, 10)]
    assert rates == pytest.approx([0.01, 0.005, 0], abs=1e-9)


def test_networks_that_a_hypermodel_fits_are_not_trained_in_another_way(small, tmp_path):
    class Fits(keras_tuner.HyperModel):
        def build(self, hp):
            return logits_space(hp)

        def fit(self, hp, model, *args, **kwargs):
            return model.fit(*args, **kwargs)

    result = search.run_search(
        Fits(),
        small,
        strategy="random",
        max_trials=1,
        epochs=1,
        directory=tmp_path,
        observer=Stops(),
    )

    with pytest.raises(
        CourseError, match=r"^The fit of the HyperModel[^\n]*call that fit[^\n]*\.$"
    ):
        search.retrain(result, trial=1, observer=QUIET)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"splits": 3}, ["splits=3 ", "data.load_mnist()", "trial="]),
        ({"splits": 0}, ["splits=0 "]),
        ({"splits": (np.zeros((30, 9)), np.zeros(30))}, ["splits=(array("]),
        ({"search": 3}, ["search=3 ", "run_search(...)"]),
        ({"observer": print}, ["observer=", "search.ProgressBar()"]),
    ],
)
def test_an_argument_of_another_kind_is_one_sentence(found, wrong, words):
    with pytest.raises(CourseError) as raised:
        search.retrain(**{"search": found, **wrong})

    text = str(raised.value)
    assert all(word in text for word in words)
    assert "\n" not in text and text.endswith(".") and len(text) < 400


def test_a_network_that_was_never_compiled_is_one_sentence(found, monkeypatch):
    compiled = found.new_model()
    network = keras.Model(compiled.inputs, compiled.outputs)
    monkeypatch.setattr(search.Search, "new_model", lambda self, trial: network)

    with pytest.raises(CourseError, match=r"not compiled: choose a trial that was completed\.$"):
        search.retrain(found, observer=QUIET)
