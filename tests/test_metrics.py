"""Which end of a metric is better, and what the logs of an epoch may hold besides numbers."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from nascourse import CourseError, search
from nascourse._engine.options import read_objective
from nascourse._engine.recording import RUNNING, parse

pytestmark = pytest.mark.usefixtures("frozen_libraries", "spaces_described_once")

# By hand; of None it depends on what is averaged, counted or added up.
MORE = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "IoU",
    "MeanIoU",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
]
LESS = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]
BETTER = dict.fromkeys(MORE, "max") | dict.fromkeys(LESS, "min")
BETTER |= dict.fromkeys(("Mean", "MeanMetricWrapper", "Metric", "Sum"))
ARGUMENTS = {
    "IoU": (2, [0]),
    "OneHotIoU": (2, [0]),
    "MeanIoU": (2,),
    "OneHotMeanIoU": (2,),
    "MeanMetricWrapper": (keras.losses.mean_squared_error,),
    "PrecisionAtRecall": (0.5,),
    "RecallAtPrecision": (0.5,),
    "SensitivityAtSpecificity": (0.5,),
    "SpecificityAtSensitivity": (0.5,),
}
KINDS = {kind.__name__: kind for kind in vars(keras.metrics).values() if inspect.isclass(kind)}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_better_end_of_a_metric_of_keras_is_right_or_asked_for(name):
    keras.utils.clear_session(free_memory=False)  # else Keras numbers the names
    metric = KINDS[name](*ARGUMENTS.get(name, ()))
    for called in (metric.name, name, f"weighted_{metric.name}"):
        try:
            column, direction = read_objective(f"val_{called}")
        except CourseError as refusal:
            text = str(refusal)
            assert f"'val_{called}'" in text and text.endswith(".") and "\n" not in text
            assert "keras_tuner.Objective" in text or "another name" in text
        else:
            assert (column, direction) == (f"val_{called}", BETTER[name])


@pytest.mark.parametrize("metric", ["macro_f1", "f1_score", "fbeta_score", "F1Score", "r2_score"])
def test_of_common_scores_more_is_known_to_be_better(metric):
    assert read_objective(f"val_{metric}") == (f"val_{metric}", "max")


def test_a_loss_with_the_name_of_a_metric_is_asked_about():
    """The metric is 1 where two vectors point the same way, and the loss is -1 there."""
    with pytest.raises(CourseError, match="Which end of 'val_cosine_similarity'"):
        read_objective("val_cosine_similarity")


class Writes(keras.callbacks.Callback):
    """A callback that writes into the logs of each epoch."""

    def __init__(self, **values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs.update(self.values)


def space(hp, **options) -> keras.Model:
    image = keras.Input((28, 28, 1))
    x = layers.Dense(hp.Choice("units", [4, 8]))(layers.Flatten()(image))
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    optimizer = keras.optimizers.SGD(0.001)
    options = {"metrics": ["accuracy"], **options}
    model.compile(optimizer, "sparse_categorical_crossentropy", **options)
    return model


@pytest.fixture(scope="module")
def run(small):
    def run(directory, space=space, **options) -> search.Search:
        usual = {"strategy": "random", "max_trials": 1, "epochs": 2, "observer": search.Observer()}
        return search.run_search(space, small, directory=directory, **(usual | options))

    return run


@pytest.mark.slow
def test_what_is_no_number_is_left_out_of_the_curve_and_the_trial_and_epoch_stay(run, tmp_path):
    values = {"confusion": np.eye(3), "time": "12:00", "nothing": None, "share": np.float32(0.5)}
    values |= {"trial": 9, "epoch": 7.5}

    plain = run(tmp_path / "plain")
    found = run(tmp_path / "full", callbacks=[Writes(**values)])

    assert found.curves["share"].tolist() == [0.5, 0.5]
    pd.testing.assert_frame_equal(found.curves.drop(columns="share"), plain.curves)
    assert found.curves[["trial", "epoch"]].to_numpy().tolist() == [[1, 1], [1, 2]]
    assert found.curves.columns[:2].tolist() == ["trial", "epoch"]
    assert found.table["status"].tolist() == ["completed"]
    assert found.table["best_epoch"][0] == found.curves["val_accuracy"].argmax() + 1
    scores = [f.tuner.oracle.get_trial("0").score for f in (plain, found)]
    assert scores[0] == scores[1] == found.curves["val_accuracy"].max()


@pytest.mark.slow
@pytest.mark.parametrize("value", [np.array([[0.1], [0.9]]), "0.5"])
def test_an_objective_that_is_no_number_ends_the_search_and_counts_no_trial(run, tmp_path, value):
    with pytest.raises(CourseError) as raised:
        run(tmp_path, callbacks=[Writes(val_accuracy=value)])

    text = str(raised.value)
    assert "'val_accuracy'" in text and "average='macro'" in text
    assert "\n" not in text and text.endswith(".")
    assert parse((tmp_path / "search.json").read_text("utf-8")).trials == []
    assert not (tmp_path / RUNNING).exists()  # else three such ends would make it a failed trial
