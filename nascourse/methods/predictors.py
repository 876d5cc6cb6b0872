"""Predictors: regressions that judge networks by a few that were trained.

Any regressor of scikit-learn will do, on the choices of a network, its costs, zero-cost proxies, or
the first epochs of its learning curve.  It is good if it ranks networks that it has not seen.

References
----------
White et al. 2021 (31 predictors compared), Krishnakumar et al. 2022 (NAS-Bench-Suite-Zero), Domhan
et al. 2015 and Yan et al. 2021 (NAS-Bench-x11; extrapolated learning curves).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.base import RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor

from nascourse import CourseError, trials, whole_number, whole_numbers
from nascourse.benchmark import COSTS, PROXIES, Benchmark


def features(
    networks: pd.DataFrame, *, logarithms: Sequence[str] = ("n_params", "flops")
) -> pd.DataFrame:
    """What a predictor sees of each network: its choices one-hot, and the logarithms of numbers.

    Parameters
    ----------
    networks
        One row a network: choices, costs and proxies, as in `Benchmark.networks`.  A choice that a
        network does not have is a value of its own.
    logarithms
        Which costs and proxies it sees, by their logarithms: all but ``"naswot"`` suit, which is
        one already.

    Raises
    ------
    CourseError
        There is no such column, or a number is missing, or is not above 0.
    """
    logarithms = [logarithms] if isinstance(logarithms, str) else list(logarithms)
    trials.check_columns(networks, *logarithms)
    numbers = networks[logarithms].astype(float)
    for name in numbers.columns[~(numbers > 0).all()]:
        raise CourseError(f"{name!r} is not above 0 for every network: leave it out.")
    measured = [*COSTS, *PROXIES, "val_accuracy", "test_accuracy"]
    choices = networks.drop(columns=measured, errors="ignore").astype("string")
    return pd.get_dummies(choices.fillna("none"), dtype=float).join(np.log(numbers))


def log_error(accuracy: ArrayLike) -> NDArray[np.floating]:
    """The logarithm of the error, with its sign changed: it spreads out the good networks.

    An error below 0.0005 counts as 0.0005.
    """
    return -np.log(np.maximum(1 - np.asarray(accuracy, dtype=float), 5e-4))


def on_log_error(regressor: RegressorMixin) -> TransformedTargetRegressor:
    """The regressor, with accuracies as targets, but learning the logarithms of errors."""
    return TransformedTargetRegressor(
        regressor, func=log_error, inverse_func=lambda z: 1 - np.exp(-z), check_inverse=False
    )


def rank_correlations(
    benchmark: Benchmark,
    regressor: RegressorMixin,
    inputs: pd.DataFrame,
    *,
    trainings: Sequence[int] = (20, 50, 100),
    curve: int = 0,
    draws: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """How well a regressor ranks the networks that it has not seen trained.

    Each draw takes one training of each network at random.  The regressor learns the validation
    accuracy of a few networks, drawn at random, and predicts that of all others.

    Parameters
    ----------
    inputs
        One row a network of the benchmark, as from `features`; the index holds their numbers.
    trainings
        Of how many networks it learns.
    curve
        So many epochs of every network's training are paid for, and it sees their accuracies.

    Returns
    -------
    pandas.DataFrame
        One row a draw and number of trainings, with Kendall's tau-b of `Benchmark.truth`, without
        the trainings of this draw, and

        - predictor: the prediction,
        - parameters: counting parameters,
        - last_epoch: the accuracy after ``curve`` epochs, if it sees some.

    Raises
    ------
    CourseError
        ``curve``, ``draws`` or a number of trainings is out of range, or ``inputs`` has not one
        row for each network.
    """
    curve = whole_number("curve", curve, at_least=0, at_most=benchmark.epochs)
    draws = whole_number("draws", draws, at_least=1)
    trainings = whole_numbers(
        "trainings", trainings, such_as="[20, 50]", at_least=2, at_most=len(benchmark) - 2
    )
    networks = benchmark.networks.index
    if not inputs.index.is_unique or set(inputs.index) != set(networks):
        raise CourseError(
            f"inputs has {len(inputs)} rows, but not one for each of the {len(networks)} networks: "
            "give predictors.features(benchmark.networks)."
        )
    inputs = inputs.loc[networks]
    rows: list[dict[str, Any]] = []
    for draw in range(draws):
        rng = np.random.default_rng([seed, draw])
        runs, order = benchmark.draw_runs(rng), rng.permutation(len(benchmark))
        truth = benchmark.truth(without=runs).to_numpy()
        accuracies = benchmark.runs["val_accuracy"][runs]  # shape (networks, epochs)
        x = np.column_stack([inputs, log_error(accuracies[:, :curve])])
        for n in trainings:
            trained, others = order[:n], order[n:]
            model = clone(regressor).fit(x[trained], accuracies[trained, -1])
            judges = {"predictor": model.predict(x[others])}
            judges["parameters"] = benchmark.networks["n_params"].to_numpy()[others]
            if curve:
                judges["last_epoch"] = accuracies[others, curve - 1]
            taus = {
                name: stats.kendalltau(scores, truth[others]).statistic
                for name, scores in judges.items()
            }
            rows.append({"trainings": n, "draw": draw, **taus})
    return pd.DataFrame(rows)
