"""Predictors: what they see, and how well they rank networks that they have not seen trained."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_tables import TEST, VAL, small_table

from nascourse import CourseError
from nascourse.benchmark import load_benchmark
from nascourse.methods import predictors


def test_features_of_networks_by_hand():
    x = predictors.features(small_table().networks, logarithms=["n_params"])

    assert x.loc[0].to_dict() == {
        "blocks_1": 1,
        "blocks_2": 0,
        "filters_4": 0,
        "filters_8": 0,
        "filters_none": 1,
        "kind_plain": 1,
        "kind_thin": 0,
        "n_params": pytest.approx(np.log(10)),
    }
    assert x.loc[5, ["blocks_2", "filters_8", "kind_thin"]].tolist() == [1, 1, 1]
    assert len(x) == 6 and not x.isna().any(axis=None)


def test_a_number_that_has_no_logarithm_is_refused():
    with pytest.raises(CourseError, match="'naswot' is not above 0 for every network"):
        predictors.features(small_table().networks, logarithms=["n_params", "naswot"])


def test_learning_the_logarithm_of_the_error_is_as_if_one_had_done_it_by_hand():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 3)), rng.uniform(0.8, 0.99, 30)

    predicted = predictors.on_log_error(Ridge()).fit(x, y).predict(x)

    np.testing.assert_allclose(predicted, 1 - np.exp(Ridge().fit(x, np.log(1 - y)).predict(x)))
    assert predictors.log_error([0.9, 1.0]).tolist() == pytest.approx([np.log(10), np.log(2000)])


class Recorder(RegressorMixin, BaseEstimator):
    """Predicts its only input, and remembers what it was taught."""

    taught: ClassVar[list] = []

    def fit(self, x, y):
        self.taught.append((x, y))
        return self

    def predict(self, x):
        return x[:, 0]


@pytest.fixture
def taught(monkeypatch) -> list:
    monkeypatch.setattr(Recorder, "taught", [])
    return Recorder.taught


def test_a_predictor_learns_of_some_and_is_judged_on_the_others(taught):
    bench = small_table()
    index = pd.DataFrame({"network": range(6)})

    table = predictors.rank_correlations(bench, Recorder(), index, trainings=[2, 4], draws=3)

    assert table[["trainings", "draw"]].to_numpy().tolist() == [
        [n, d] for d in range(3) for n in (2, 4)
    ]
    for row, (x, y) in zip(table.itertuples(), taught):
        seen = x[:, 0].astype(int).tolist()
        assert len(seen) == row.trainings
        others = [network for network in range(6) if network not in seen]
        extra = np.array(y) - np.array(VAL)[seen]
        assert np.isclose(extra[:, None], [0, 0.05]).any(axis=1).all()  # one of its two trainings
        # The others' truth is that of the other seed, 0.02 more or less; those four differ by more.
        params = np.array([10, 5, 60, 40, 20, 80])[others]
        if row.trainings == 4:
            truth = np.array(TEST)[others]
            if abs(truth[0] - truth[1]) > 0.03:
                assert row.predictor == stats.kendalltau(others, truth).statistic
                assert row.parameters == stats.kendalltau(params, truth).statistic
    assert "last_epoch" not in table


def test_learning_curves_show_the_first_epochs_of_the_training_of_this_draw(taught):
    bench = small_table()
    nothing = pd.DataFrame(index=range(6))

    table = predictors.rank_correlations(
        bench, Recorder(), nothing, trainings=[3], curve=1, draws=20
    )

    for x, y in taught:  # the table's first epoch is 0.1 below its last
        np.testing.assert_allclose(x, -np.log(1 - (y[:, None] - 0.1)))
    assert table["predictor"].equals(table["last_epoch"])  # the same order, so the same ranks


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"trainings": [5]}, "training=5 is not possible: give a whole number from 2 to 4"),
        ({"trainings": 3}, "trainings=3 is not possible: give several, such as"),
        ({"curve": 3}, "curve=3 is not possible: give a whole number from 0 to 2"),
        ({"draws": 0}, "draws=0 is not possible"),
    ],
)
def test_what_is_out_of_range_is_one_sentence(wrong, sentence):
    bench = small_table()
    inputs = predictors.features(bench.networks, logarithms=["n_params"])
    with pytest.raises(CourseError, match=sentence):
        predictors.rank_correlations(bench, Ridge(), inputs, **{"trainings": [3], **wrong})


def test_on_the_table_fifty_trainings_rank_better_than_parameters():
    bench = load_benchmark()
    ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 3, 20)))

    table = predictors.rank_correlations(
        bench,
        predictors.on_log_error(ridge),
        predictors.features(bench.networks),
        trainings=[50],
        draws=20,
    )

    assert table["predictor"].median() > 0.75
    assert (table["predictor"] > table["parameters"]).mean() > 0.9


def test_inputs_in_another_order_are_the_same_inputs():
    bench = small_table()
    inputs = predictors.features(bench.networks, logarithms="n_params")
    options = {"trainings": [4], "draws": 5}

    tables = [
        predictors.rank_correlations(bench, Ridge(), each, **options)
        for each in (inputs, inputs.iloc[::-1])
    ]

    pd.testing.assert_frame_equal(*tables)
    with pytest.raises(CourseError, match="inputs has 5 rows, but not one for each of the 6"):
        predictors.rank_correlations(bench, Ridge(), inputs.head(5), **options)


def test_what_was_measured_is_no_choice():
    bench = small_table()
    names = ["n_params"]
    pd.testing.assert_frame_equal(
        predictors.features(bench.final(), logarithms=names),
        predictors.features(bench.networks, logarithms=names),
    )
    with pytest.raises(CourseError, match="no column 'params' in this table"):
        predictors.features(bench.networks, logarithms=["params"])
