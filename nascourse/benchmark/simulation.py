"""Searches of the table: KerasTuner's oracles propose, and the table answers instead of training."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nascourse import CourseError, require, whole_number, whole_numbers
from nascourse.benchmark.loading import NAME, RECORDINGS, load_benchmark, read_csv, read_file
from nascourse.benchmark.table import TABLE, Benchmark, listed

if TYPE_CHECKING:
    import keras_tuner

RECORDED = ("bayesian",)  # strategies too slow to run on the spot, replayed from a recording

_OracleMaker = Callable[..., "keras_tuner.Oracle"]


def simulate(
    strategies: str | Sequence[str] | Mapping[str, _OracleMaker],
    *,
    budget: int = 100,
    seeds: Iterable[int] = range(20),
    benchmark: Benchmark | None = None,
    space: Callable[..., Any] | keras_tuner.HyperParameters | None = None,
) -> pd.DataFrame:
    """Let oracles of KerasTuner search the table, with nothing trained, written or printed.

    A search sees one training of each network, drawn at random for that search, so it chooses by
    an accuracy with real noise in it.  A proposal that the table does not hold is passed over, as
    if it had been tried before: only the measured networks are searched.

    Parameters
    ----------
    strategies
        Names that `strategies.make_oracle` knows, and ``"hyperband"``; or under a name of your own
        anything that makes an oracle of ``objective``, ``max_trials``, ``seed`` and
        ``hyperparameters``, for instance the class of an oracle.  ``"bayesian"`` is replayed from
        a recording: each of its proposals takes most of a second.
    budget
        How many trainings of full length each search may pay for.  Hyperband divides the same
        epochs among more networks.
    seeds
        One search of each strategy for each seed.
    benchmark, space
        The table, and the space of its networks; by default those of the course.

    Returns
    -------
    pandas.DataFrame
        One row a trial, with

        - strategy, seed, trial (from 1),
        - network: its number in ``benchmark.networks``,
        - trained: epochs that the network has been trained for,
        - epochs, seconds: what the search has spent up to and with this trial,
        - val_accuracy: what the strategy was told of this network,
        - incumbent: the network with the best validation accuracy so far,
        - test_accuracy: the incumbent's `Benchmark.truth`, without the training that this search saw,
        - regret: what it lacks to the best truth of all networks, which promises a little too much
          (`optimism_of_the_best`); it can fall below 0 where only the other trainings count,
        - recorded: whether the search was replayed.

    Raises
    ------
    CourseError
        A strategy is unknown or was not recorded with this seed and budget, or a value is out of
        range.
    """
    from nascourse import spaces
    from nascourse._engine import shared_space

    benchmark = load_benchmark() if benchmark is None else benchmark
    require("benchmark", benchmark, Benchmark, TABLE)
    budget = whole_number("budget", budget, at_least=1)
    seeds = whole_numbers("seeds", seeds, such_as="range(20)", at_least=0)
    makers = _oracle_makers(strategies, benchmark)
    for strategy, make_oracle in makers.items():
        if make_oracle is None and space is not None and spaces.size(space) < benchmark.of:
            raise CourseError(
                f"The {strategy} searches are recorded, on the whole space: leave out the space, "
                f"or {strategy!r}."
            )
    if not seeds or not makers:
        raise CourseError("There is nothing to race: give at least one strategy and one seed.")
    space = shared_space.shared(spaces.declared(spaces.bench_space if space is None else space))
    searches, best = [], benchmark.truth().max()
    with _quick_and_reproducible(), shared_space.proposals_shared():
        for strategy, make_oracle in makers.items():
            for seed in seeds:
                # With the strategy's name in it, searches of two strategies are independent.
                rng = np.random.default_rng([seed, *strategy.encode()])
                runs = benchmark.draw_runs(rng)
                if make_oracle is None:
                    steps = _replay(benchmark, runs, strategy, seed, budget)
                else:
                    oracle = _make_oracle(make_oracle, rng, budget, space)
                    steps = list(_search(benchmark, runs, oracle, budget))
                search = {
                    "strategy": strategy,
                    "seed": seed,
                    **columns(benchmark, runs, steps, best),
                }
                searches.append(pd.DataFrame(search | {"recorded": make_oracle is None}))
    return pd.concat(searches, ignore_index=True)


def _oracle_makers(
    strategies: str | Sequence[str] | Mapping[str, _OracleMaker], benchmark: Benchmark
) -> dict[str, _OracleMaker | None]:
    """For each strategy what makes its oracle, or None where it is recorded."""
    from nascourse.strategies import NAMES, make_oracle

    if isinstance(strategies, Mapping):
        for name, make in strategies.items():
            if not callable(make):
                raise CourseError(
                    f"{name!r} makes no oracle: give a function or a class, not {make!r}."
                )
        return dict(strategies)
    if callable(strategies):
        raise CourseError(f'Give an oracle of yours a name, such as {{"yours": {strategies!r}}}.')
    is_one = isinstance(strategies, str) or not isinstance(strategies, Iterable)
    names: list[Any] = [strategies] if is_one else list(strategies)
    makers: dict[str, _OracleMaker | None] = {name: partial(make_oracle, name) for name in NAMES}
    makers["hyperband"] = partial(make_oracle, "hyperband", epochs=benchmark.epochs)
    makers |= dict.fromkeys(RECORDED)
    for name in names:
        if name not in [*makers]:  # a list has no hash
            raise CourseError(f"Unknown strategy {name!r}: choose among {listed(makers)}.")
    return {name: makers[name] for name in names}


def _make_oracle(
    make_oracle: _OracleMaker,
    rng: np.random.Generator,
    max_trials: int,
    space: keras_tuner.HyperParameters,
) -> keras_tuner.Oracle:
    import keras_tuner

    from nascourse._engine.compat import keep_in_memory

    np.random.seed(rng.integers(2**32))  # AutoKeras's greedy oracle draws from this generator
    oracle = make_oracle(
        objective=keras_tuner.Objective("val_accuracy", "max"),
        max_trials=max_trials,
        seed=int(rng.integers(1, 2**31)),
        hyperparameters=space.copy(),
    )
    oracle.verbose = 0
    keep_in_memory(oracle)
    return oracle


_Step = tuple[int, int, int]  # the network's row in the table, epochs trained, epochs charged


def _search(
    benchmark: Benchmark, runs: NDArray[np.integer], oracle: keras_tuner.Oracle, budget: int
) -> Iterator[_Step]:
    """Search until the budget is spent, or the oracle stops."""
    from nascourse._engine.compat import release

    epochs_left = budget * benchmark.epochs
    _pass_over(oracle, lambda values: benchmark.position(values) is None)
    while True:
        trial = oracle.create_trial("simulation")
        if trial.status != "RUNNING":
            break
        values = trial.hyperparameters.values
        position = benchmark.position(values)
        assert position is not None, "proposals of other networks are passed over"
        trained = values.get("tuner/epochs", benchmark.epochs)
        charged = trained - values.get("tuner/initial_epoch", 0)  # Hyperband resumes trainings
        if charged > epochs_left:
            break
        epochs_left -= charged
        yield position, trained, charged
        accuracy = float(benchmark.runs["val_accuracy"][runs[position], trained - 1])
        _report(oracle, trial, accuracy, trained)
    release(oracle)


def _report(
    oracle: keras_tuner.Oracle, trial: keras_tuner.engine.trial.Trial, accuracy: float, epochs: int
) -> None:
    """Complete a trial with the validation accuracy after so many epochs."""
    # The history of a trial computes the best of all values with NumPy, four times.  There is one
    # value only, and it is known.
    trial.metrics.register("val_accuracy", direction="max")
    history = trial.metrics.metrics["val_accuracy"]
    history.get_best_value = lambda: accuracy
    history.get_best_step = lambda: epochs
    oracle.update_trial(trial.trial_id, {"val_accuracy": accuracy}, step=epochs)
    trial.status = "COMPLETED"
    oracle.end_trial(trial)


def _pass_over(oracle: keras_tuner.Oracle, is_missing: Callable[[Mapping[str, Any]], bool]) -> None:
    """Let an oracle propose again until the table holds its proposal."""
    from nascourse._engine.compat import take_back

    propose = oracle.populate_space

    def populate_space(trial_id: str) -> dict[str, Any]:
        for _ in range(1000):  # an oracle may propose the same again and again
            response = propose(trial_id)
            if response["status"] != "RUNNING" or not is_missing(response["values"]):
                return response
            take_back(oracle, trial_id, response["values"])
        return {"status": "STOPPED"}

    oracle.populate_space = populate_space


def _replay(
    benchmark: Benchmark, runs: NDArray[np.integer], strategy: str, seed: int, budget: int
) -> list[_Step]:
    """The steps of a recorded search."""
    searches = read_recording(strategy)
    search = searches[searches["seed"] == seed]
    if search.empty or budget > searches["trial"].max():
        raise CourseError(
            f"No search of the {strategy} strategy is recorded for seed={seed} and "
            f"budget={budget}: choose seeds from {searches['seed'].min()} to "
            f"{searches['seed'].max()} and a budget of at most {searches['trial'].max()}."
        )
    search = search[search["trial"] <= budget]
    positions = benchmark.networks.index.get_indexer(search["network"])
    accuracies = benchmark.runs["val_accuracy"][runs[positions], -1]
    if (positions < 0).any() or not np.allclose(accuracies, search["val_accuracy"]):
        raise CourseError(
            f"The searches of the {strategy} strategy are recorded on the table that comes with the "
            "course and its large validation set: leave out the benchmark, or this strategy."
        )
    return [(position, benchmark.epochs, benchmark.epochs) for position in positions]


def read_recording(strategy: str) -> pd.DataFrame:
    """Recorded searches: one row a trial, with seed, trial, network and val_accuracy."""
    return read_csv(read_file(RECORDINGS, f"{NAME}_{strategy}.csv.gz"))


def columns(
    benchmark: Benchmark, runs: NDArray[np.integer], steps: Sequence[_Step], best: float
) -> dict[str, NDArray]:
    """The columns of a search."""
    positions, trained, charged = np.array(steps, dtype=int).reshape(-1, 3).T
    truth, runs = benchmark.truth(without=runs).to_numpy(), runs[positions]
    val_accuracy = benchmark.runs["val_accuracy"][runs, trained - 1]
    best_before = np.maximum.accumulate([-np.inf, *val_accuracy])[:-1]
    trial_index = np.arange(len(steps))
    incumbent = np.maximum.accumulate(np.where(val_accuracy > best_before, trial_index, 0))
    numbers = benchmark.networks.index.to_numpy()
    test_accuracy = truth[positions[incumbent]]
    return {
        "trial": trial_index + 1,
        "network": numbers[positions],
        "trained": trained,
        "epochs": charged.cumsum(),
        "seconds": (charged * benchmark.runs["seconds"][runs, 0]).cumsum(),
        "val_accuracy": val_accuracy,
        "incumbent": numbers[positions[incumbent]],
        "test_accuracy": test_accuracy,
        "regret": best - test_accuracy,
    }


@contextlib.contextmanager
def _quick_and_reproducible() -> Iterator[None]:
    """Spare what is loaded the search for garbage, and leave NumPy's generator as it was.

    KerasTuner's deprecation warnings are hidden.  A surrogate's matrices are small: on one thread
    it takes as long, and half of the processor time.
    """
    from nascourse._engine.loops import loaded_objects_frozen

    state = np.random.get_state()
    with loaded_objects_frozen(), warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            yield
        finally:
            np.random.set_state(state)
