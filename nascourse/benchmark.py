"""MNIST-NAS-Bench: look a network's training up instead of training it.

>>> from nascourse.benchmark import load_benchmark
>>> bench = load_benchmark()
>>> network = {"body/blocks": 1, "body/halving": "max", "body/skip": False, "conv/kind": "plain",
...            "conv/kernel": 3, "conv/filters_0": 6, "head": "flatten"}
>>> bench.query(network, epochs=4, seed=0).val_accuracy                       # doctest: +SKIP

Networks of `nascourse.spaces.bench_space` have been trained with three seeds, and the table holds
each epoch.  A query charges what the training would have cost:

>>> bench.start(budget=100)
>>> for epochs in (1, 2, 4):
...     outcome = bench.query(bench.networks.index[0], epochs=epochs)
>>> bench.epochs_spent
7

Past the budget it raises `BudgetSpent`.  What needs no training is free: `facts` (parameters,
FLOPs, latency, zero-cost proxies).  A query never tells the test accuracy, since no search may
look at it.  Whoever judges searches asks for it: `test_accuracy`, `oracle_best`, `pareto_front`.

`simulate` lets the course's own oracles search the table, hundreds of times in seconds:

>>> from nascourse.benchmark import simulate
>>> races = simulate(["random", "evolution"], budget=50, seeds=range(100))    # doctest: +SKIP

and `over_budget`, `mean_ranks` and `superiority` say what such a race shows.  The design follows
the interface of NAS-Bench-101 (Ying et al. 2019).  Reading the table needs no TensorFlow.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import itertools
import json
import math
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from unittest import mock

import numpy as np
import pandas as pd

from nascourse import CourseError, trials, whole_number

NAME = "mnist_nas_bench"
COSTS = ("n_params", "flops", "latency_ms", "saved_bytes")
PROXIES = ("synflow", "naswot", "grad_norm")
RECORDED = ("bayesian",)  # strategies too slow to run on the spot, replayed from a recording


class BudgetSpent(CourseError):
    """A query would cost more epochs than the budget has left."""


class Outcome(NamedTuple):
    """What a training showed after ``epochs`` epochs, and the seconds that it took."""

    network: int
    seed: int
    epochs: int
    loss: float
    val_loss: float
    val_accuracy: float
    seconds: float


class Benchmark:
    """A measured search space, with a clock that queries advance.

    A network is named by its choices, as a mapping, or by its number in ``networks``.

    Attributes
    ----------
    networks : one row a network: its choices, its costs, its proxies
    curves : one row a network, seed and epoch
    choices : the values of each choice
    seeds : the seeds of the trainings
    epochs : the longest training
    of : how many networks the space has, measured or not
    budget : epochs that queries may spend, or None
    epochs_spent, seconds_spent : what the queries since `start` would have cost
    """

    def __init__(self, networks: pd.DataFrame, curves: pd.DataFrame, *, of: int | None = None):
        facts = [name for name in (*COSTS, *PROXIES) if name in networks]
        names = sorted(set(networks.columns) - {"network", *facts})
        for name in facts:
            if not pd.api.types.is_numeric_dtype(networks[name]):
                raise CourseError(
                    f"The benchmark's column {name!r} holds other values than numbers: install "
                    "the course again."
                )
        networks = networks.sort_values("network").set_index("network")
        self.networks = networks[[*names, *facts]].convert_dtypes(convert_floating=False)
        self.curves = curves.sort_values(["network", "seed", "epoch"], ignore_index=True)
        self.of = of or len(networks)

        columns = [_plain(self.networks[name]) for name in names]
        self.choices = {name: sorted(set(column) - {None}) for name, column in zip(names, columns)}
        self._keys = list(zip(*columns))  # the values of all choices, None where there is none
        self._n_choices = [sum(value is not None for value in key) for key in self._keys]
        self._places = {key: place for place, key in enumerate(self._keys)}
        self._numbers = self.networks.index.tolist()

        self.seeds = sorted(self.curves["seed"].unique().tolist())
        self.epochs = int(self.curves["epoch"].max())
        shape = (len(networks), len(self.seeds), self.epochs)
        expected = itertools.product(self._numbers, self.seeds, range(1, self.epochs + 1))
        rows = self.curves[["network", "seed", "epoch"]].itertuples(index=False, name=None)
        if (
            len(set(self._numbers)) < len(networks)
            or len(self.curves) != math.prod(shape)  # first, as there may be ever so many expected
            or list(rows) != list(expected)
        ):
            raise CourseError(
                f"The benchmark's {len(self.curves)} rows of learning curves are not one for each "
                f"of its {shape[0]} networks, {shape[1]} seeds and {shape[2]} epochs: install the "
                "course again."
            )
        arrays = {name: self.curves[name].to_numpy(float).reshape(shape) for name in _CURVES}
        self._arrays = arrays
        self._mean_test = arrays["test_accuracy"][:, :, -1].mean(axis=1)
        # Lists, as a single number is read from them much faster than from arrays.
        read = ("loss", "val_loss", "val_accuracy", "seconds")
        lists = [arrays[name].tolist() for name in read]
        self._runs = [
            {seed: [values[place][at] for values in lists] for at, seed in enumerate(self.seeds)}
            for place in range(len(networks))
        ]
        self.start()

    def __repr__(self) -> str:
        return (
            f"Benchmark({len(self)} of {self.of} networks, {len(self.seeds)} seeds, "
            f"{self.epochs} epochs; spent {self.epochs_spent} epochs, "
            f"{self.seconds_spent:.1f} seconds)"
        )

    def __len__(self) -> int:
        return len(self._keys)

    def start(self, *, budget: int | None = None) -> None:
        """Set the clock to zero, and perhaps a limit on the epochs that queries may spend."""
        if budget is not None:
            budget = whole_number("budget", budget, at_least=0)
        self.budget, self.epochs_spent, self.seconds_spent = budget, 0, 0.0

    def query(
        self,
        network: Mapping[str, Any] | int,
        *,
        epochs: int | None = None,
        seed: int = 0,
        after: int = 0,
    ) -> Outcome:
        """Train a network, as it were, and charge what that costs.

        The same query again costs the same again, as training again would.

        Parameters
        ----------
        network
            Its choices, or its number.
        epochs
            How long it is trained; by default, as long as the table has.
        seed
            Which of the trainings.
        after
            Go on with a training that has been paid for so far: only the rest is charged.

        Raises
        ------
        CourseError
            The network, the epoch or the seed is not in the table.
        BudgetSpent
            The budget does not allow it; nothing is charged.
        """
        place = self._place(network)
        if seed not in self.seeds:
            raise CourseError(
                f"seed={seed!r} is not in the table: choose one of {_listed(self.seeds)}."
            )
        epochs = self.epochs if epochs is None else epochs
        self._check_epochs(epochs)
        if after not in range(epochs):
            raise CourseError(
                f"after={after!r} is not possible: choose a whole number from 0 to {epochs - 1}, "
                f"below epochs={epochs}."
            )
        if self.budget is not None and self.epochs_spent + epochs - after > self.budget:
            raise BudgetSpent(
                f"Of the budget of {self.budget} epochs {self.epochs_spent} are spent, so "
                f"{epochs - after} more are too many: stop here, or begin anew with start()."
            )
        loss, val_loss, val_accuracy, seconds = self._runs[place][seed]
        charge = (epochs - after) * seconds[0]  # each epoch of a training took the same time
        self.epochs_spent += epochs - after
        self.seconds_spent += charge
        at = int(epochs) - 1
        return Outcome(
            self._numbers[place], seed, epochs, loss[at], val_loss[at], val_accuracy[at], charge
        )

    def facts(self, network: Mapping[str, Any] | int) -> dict[str, Any]:
        """What is known of a network without training it, free of charge; None if not measured."""
        row = self.networks.iloc[self._place(network)]
        known = {name: row[name] for name in (*COSTS, *PROXIES) if name in row}
        return {name: None if pd.isna(value) else value.item() for name, value in known.items()}

    def test_accuracy(self, network: Mapping[str, Any] | int) -> float:
        """Accuracy on the test images after all epochs, the mean over the seeds: for judges."""
        return float(self._mean_test[self._place(network)])

    def final(self) -> pd.DataFrame:
        """All networks with their accuracies after all epochs, the means over the seeds."""
        means = {
            name: self._arrays[name][:, :, -1].mean(axis=1)
            for name in ("val_accuracy", "test_accuracy")
        }
        return self.networks.assign(**means)

    @property
    def oracle_best(self) -> pd.Series:
        """The network with the best test accuracy: what a perfect search would find."""
        return self.final().iloc[int(self._mean_test.argmax())]

    def pareto_front(self, *, cost: str = "n_params") -> pd.DataFrame:
        """The networks that no other one equals or beats in both test accuracy and ``cost``."""
        return trials.pareto_front(self.final(), cost=cost, quality="test_accuracy")

    def at(self, epochs: int, *, value: str = "val_accuracy") -> pd.Series:
        """``value`` of every network after so many epochs, the mean over the seeds."""
        self._check_epochs(epochs)
        if value not in _CURVES:
            raise CourseError(f"Unknown value {value!r}: choose one of {_listed(_CURVES)}.")
        means = self._arrays[value][:, :, epochs - 1].mean(axis=1)
        return pd.Series(means, index=self.networks.index, name=value)

    def _check_epochs(self, epochs: int) -> None:
        if epochs not in range(1, self.epochs + 1):
            raise CourseError(
                f"epochs={epochs!r} is not in the table: choose a whole number from 1 to "
                f"{self.epochs}."
            )

    def _place(self, network: Mapping[str, Any] | int) -> int:
        """The row of a network, or the sentence that says what is wrong with it."""
        if not isinstance(network, Mapping):
            try:
                known = network in self.networks.index
            except TypeError:  # as below
                known = False
            if not known:
                raise CourseError(
                    f"Network {network!r} is not in the table, which holds {len(self)} of the "
                    f"{self.of} networks: choose a number from its `networks`, or name the "
                    "choices."
                )
            return self.networks.index.get_loc(network)
        try:
            place = self._places.get(tuple(map(network.get, self.choices)))
        except TypeError:  # what cannot be looked up, such as a list
            place = None
        if place is not None and len(network) == self._n_choices[place]:
            return place
        given = {k: v for k, v in network.items() if v is not None and v is not pd.NA}
        if len(given) < len(network):  # a row of the table says so of a choice that is not there
            return self._place(given)
        self._refuse(given)

    def _refuse(self, network: dict[str, Any]) -> NoReturn:
        for name, value in network.items():
            if name not in self.choices:
                raise CourseError(
                    f"There is no choice {name!r} in this space: its choices are "
                    f"{_listed(self.choices)}."
                )
            if value not in self.choices[name]:
                raise CourseError(
                    f"{name}={value!r} is not in the space: choose one of "
                    f"{_listed(self.choices[name])}."
                )
        given = {(at, network[name]) for at, name in enumerate(self.choices) if name in network}
        for key in self._keys:
            known = {(at, value) for at, value in enumerate(key) if value is not None}
            if given < known:  # the same choices and more
                name = list(self.choices)[min(known - given)[0]]
                raise CourseError(
                    f"The choice {name!r} is missing: give one of {_listed(self.choices[name])}."
                )
            if known < given:
                name = list(self.choices)[min(given - known)[0]]
                raise CourseError(
                    f"A network with these other choices has no {name!r}: leave it out."
                )
        raise CourseError(
            f"The network {network} is not in the table, which holds {len(self)} of the {self.of} "
            "networks: look at those in its `networks`."
        )


_CURVES = ("loss", "val_loss", "val_accuracy", "test_accuracy", "seconds")


def load_benchmark(path: str | os.PathLike | None = None) -> Benchmark:
    """Load MNIST-NAS-Bench, and check that its files are whole.

    Parameters
    ----------
    path
        Folder of its three files; by default, the table that comes with the course.

    Raises
    ------
    CourseError
        A file is missing or is not what it was.
    """
    folder = files("nascourse") / "recordings" if path is None else Path(path)
    header = _read(folder, f"{NAME}.json")
    try:
        header = json.loads(header)
        expected = {name: header["files"][name]["sha256"] for name in _FILES.values()}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CourseError(
            f"{NAME}.json in {str(folder)!r} is damaged: install the course again."
        ) from error
    tables = {}
    for part, name in _FILES.items():
        content = _read(folder, name)
        if hashlib.sha256(content).hexdigest() != expected[name]:
            raise CourseError(
                f"{name} in {str(folder)!r} is not what it was when the benchmark was made (its "
                "checksum differs): install the course again."
            )
        tables[part] = content
    try:
        tables = {
            part: pd.read_csv(io.BytesIO(gzip.decompress(content)))
            for part, content in tables.items()
        }
        return Benchmark(**tables, of=header.get("networks"))
    except CourseError:
        raise
    except Exception as error:  # a foreign table can fail in any way
        raise CourseError(
            f"The tables in {str(folder)!r} are none of a benchmark ({type(error).__name__}): "
            "install the course again."
        ) from error


_FILES = {"networks": f"{NAME}_networks.csv.gz", "curves": f"{NAME}_epochs.csv.gz"}


def _read(folder: Any, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise CourseError(
            f"The benchmark's file {name} cannot be read in {str(folder)!r} "
            f"({error.strerror}): install the course again, or name the folder that holds it."
        ) from error


def simulate(
    strategies: str | Sequence[str] | Mapping[str, Callable[..., Any]],
    *,
    budget: int = 100,
    seeds: Iterable[int] = range(20),
    benchmark: Benchmark | None = None,
    space: Any = None,
) -> pd.DataFrame:
    """Let oracles of KerasTuner search the table, with nothing trained, written or printed.

    A search trains each network with one of the table's seeds, drawn for that search, so it
    chooses by an accuracy with real noise in it.  A proposal that the table does not hold is
    passed over, as if it had been tried before: the search is one of the measured networks.

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
    One row a trial, with

    - strategy, seed, trial (from 1), recorded (whether it was replayed),
    - network: its number in ``benchmark.networks``,
    - trained: epochs that the network has been trained for,
    - epochs, seconds: what the search has spent up to and with this trial,
    - val_accuracy: what the strategy heard,
    - incumbent: the network with the best validation accuracy so far,
    - test_accuracy: the incumbent's, after full training, the mean over the table's seeds,
    - regret: by how much the best network of the table has a better one.
    """
    from nascourse import spaces

    benchmark = load_benchmark() if benchmark is None else benchmark
    space = spaces.declared(spaces.bench_space if space is None else space)
    budget = whole_number("budget", budget, at_least=1)
    if not isinstance(seeds, Iterable):
        raise CourseError(f"seeds={seeds!r} is not possible: give several, such as range(20).")
    seeds = [whole_number("seed", seed, at_least=0) for seed in seeds]
    makers = _makers(strategies, benchmark)
    if not seeds or not makers:
        raise CourseError("There is nothing to race: give at least one strategy and one seed.")
    searches = []
    with _in_memory():
        for strategy, make in makers.items():
            for seed in seeds:
                luck = _Luck(benchmark, strategy, seed)
                if make is None:
                    walk = _replay(benchmark, strategy, seed, budget, luck)
                else:
                    oracle = luck.oracle(make, space, budget)
                    walk = np.array(list(_walk(benchmark, oracle, luck, budget)), dtype=int)
                judged = _judged(benchmark, walk.reshape(-1, 3), luck)
                searches.append({"strategy": strategy, "seed": seed, **judged})
                searches[-1]["recorded"] = make is None
    return pd.concat([pd.DataFrame(search) for search in searches], ignore_index=True)


def _makers(strategies: Any, benchmark: Benchmark) -> dict[str, Callable[..., Any] | None]:
    """For each strategy what makes its oracle, or None where it is recorded."""
    from nascourse.strategies import NAMES, make_oracle

    if isinstance(strategies, Mapping):
        return dict(strategies)
    names = [strategies] if isinstance(strategies, str) else list(strategies)
    makers = {name: partial(make_oracle, name) for name in NAMES}
    makers["hyperband"] = partial(make_oracle, "hyperband", epochs=benchmark.epochs)
    makers |= dict.fromkeys(RECORDED)
    for name in names:
        if name not in makers:
            raise CourseError(f"Unknown strategy {name!r}: choose among {_listed(makers)}.")
        if name == "hyperband" and len(benchmark) < benchmark.of:
            raise CourseError(  # it counts what it has proposed
                f"Hyperband cannot search a table with {len(benchmark)} of the {benchmark.of} "
                "networks: choose another strategy."
            )
    return {name: makers[name] for name in names}


class _Luck:
    """What chance decides in one search: its oracle's seeds, and the seed of each network.

    The strategy's name goes into it, so searches of two strategies are independent.
    """

    def __init__(self, benchmark: Benchmark, strategy: str, seed: int):
        self._rng = np.random.default_rng([seed, *strategy.encode()])
        self.seed_at = self._rng.integers(len(benchmark.seeds), size=len(benchmark))

    def oracle(self, make: Callable[..., Any], space: Any, max_trials: int) -> Any:
        import keras_tuner

        np.random.seed(self._rng.integers(2**32))  # the greedy oracle draws from it
        oracle = make(
            objective=keras_tuner.Objective("val_accuracy", "max"),
            max_trials=max_trials,
            seed=int(self._rng.integers(1, 2**31)),
            hyperparameters=space.copy(),
        )
        oracle.verbose = 0
        oracle.save = oracle._save_trial = lambda *_: None
        return oracle


def _walk(
    benchmark: Benchmark, oracle: Any, luck: _Luck, budget: int
) -> Iterator[tuple[int, int, int]]:
    """Search; yields for each trial the network's place, epochs trained, and epochs charged."""
    from keras_tuner.src.engine import oracle as engine

    left = budget * benchmark.epochs
    accuracies = benchmark._arrays["val_accuracy"]
    _pass_over(oracle, lambda values: _place(benchmark, values) is None)
    while True:
        trial = oracle.create_trial("simulation")
        if trial.status != "RUNNING":
            break
        values = trial.hyperparameters.values
        place = _place(benchmark, values)
        trained = values.get("tuner/epochs", benchmark.epochs)
        charge = trained - values.get("tuner/initial_epoch", 0)  # Hyperband goes on with a training
        if charge > left:
            break
        left -= charge
        yield place, trained, charge
        accuracy = float(accuracies[place, luck.seed_at[place], trained - 1])
        oracle.update_trial(trial.trial_id, {"val_accuracy": accuracy}, step=trained)
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    for held in (engine.LOCKS, engine.THREADS):
        held.pop(oracle, None)  # KerasTuner would keep every oracle for good


def _place(benchmark: Benchmark, values: Mapping[str, Any]) -> int | None:
    return benchmark._places.get(tuple(map(values.get, benchmark.choices)))


def _pass_over(oracle: Any, is_missing: Callable[[Mapping[str, Any]], bool]) -> None:
    """Let an oracle propose again until the table holds its proposal."""
    propose = oracle.populate_space

    def populate_space(trial_id: str) -> dict[str, Any]:
        for _ in range(1000):  # an oracle may insist
            response = propose(trial_id)
            if response["status"] != "RUNNING" or not is_missing(response["values"]):
                return response
            oracle._tried_so_far.add(oracle._compute_values_hash(response["values"]))
        return {"status": "STOPPED"}

    oracle.populate_space = populate_space


def _judged(benchmark: Benchmark, walk: np.ndarray, luck: _Luck) -> dict[str, np.ndarray]:
    """The columns of a search, from the places, epochs and charges of shape (trials, 3)."""
    places, trained, charged = walk.T
    seed_at = luck.seed_at[places]
    val_accuracy = benchmark._arrays["val_accuracy"][places, seed_at, trained - 1]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(val_accuracy)[:-1]])[: len(places)]
    trials_from_0 = np.arange(len(places))
    holder = np.maximum.accumulate(np.where(val_accuracy > before, trials_from_0, 0))
    numbers = benchmark.networks.index.to_numpy()
    test_accuracy = benchmark._mean_test[places[holder]]
    return {
        "trial": trials_from_0 + 1,
        "network": numbers[places],
        "trained": trained,
        "epochs": charged.cumsum(),
        "seconds": (charged * benchmark._arrays["seconds"][places, seed_at, 0]).cumsum(),
        "val_accuracy": val_accuracy,
        "incumbent": numbers[places[holder]],
        "test_accuracy": test_accuracy,
        "regret": benchmark._mean_test.max() - test_accuracy,
    }


def _replay(benchmark: Benchmark, strategy: str, seed: int, budget: int, luck: _Luck) -> np.ndarray:
    """A recorded search, as `_walk` would give it."""
    recorded = _recording(strategy)
    mine = recorded[recorded["seed"] == seed]
    if mine.empty or budget > recorded["trial"].max():
        raise CourseError(
            f"No search of the {strategy} strategy is recorded for seed={seed} and "
            f"budget={budget}: choose seeds from {recorded['seed'].min()} to "
            f"{recorded['seed'].max()} and a budget of at most {recorded['trial'].max()}."
        )
    mine = mine[mine["trial"] <= budget]
    places = benchmark.networks.index.get_indexer(mine["network"])
    accuracies = benchmark._arrays["val_accuracy"][places, luck.seed_at[places], -1]
    if (places < 0).any() or not np.allclose(accuracies, mine["val_accuracy"]):
        raise CourseError(
            f"The recorded searches of the {strategy} strategy were made with another table: run "
            f"nascourse/recordings/record_{strategy}.py."
        )
    lengths = np.full(len(places), benchmark.epochs)
    return np.stack([places, lengths, lengths], axis=1)


def _recording(strategy: str) -> pd.DataFrame:
    content = _read(files("nascourse") / "recordings", f"{NAME}_{strategy}.csv.gz")
    return pd.read_csv(io.BytesIO(gzip.decompress(content)))


@contextlib.contextmanager
def _in_memory() -> Iterator[None]:
    """Spare KerasTuner the work that only files need, and leave NumPy's generator as it was.

    At every turn KerasTuner copies each hyperparameter by way of its JSON form, which takes most
    of the time.  Nothing changes a hyperparameter here, so they are shared instead.
    """
    from keras_tuner import HyperParameters

    def copy(self: HyperParameters) -> HyperParameters:
        new = HyperParameters()
        new._space = list(self._space)
        for name, entries in self._hps.items():
            new._hps[name] = list(entries)
        new.values = dict(self.values)
        return new

    def register(self: HyperParameters, entry: Any, overwrite: bool = False) -> Any:
        if entry.conditions is self._conditions:  # that list changes as scopes open and close
            entry.conditions = list(entry.conditions)
        self._hps[entry.name].append(entry)
        self._space.append(entry)
        if entry.conditions and not self.is_active(entry):
            return None
        if overwrite or entry.name not in self.values:
            self.values[entry.name] = entry.default
        return self.values[entry.name]

    state = np.random.get_state()
    with (
        warnings.catch_warnings(),
        mock.patch.object(HyperParameters, "copy", copy),
        mock.patch.object(HyperParameters, "_register", register),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)  # KerasTuner's, at every turn
        try:
            yield
        finally:
            np.random.set_state(state)


def over_budget(
    searches: pd.DataFrame, at: Sequence[float], *, value: str = "regret", by: str = "epochs"
) -> pd.DataFrame:
    """Where each search stood when it had spent so much.

    A search that stopped early stays where it ended; before its first trial there is no value.

    Parameters
    ----------
    searches
        A table from `simulate`.
    at
        Amounts spent, in the unit of ``by``: ``"trial"``, ``"epochs"`` or ``"seconds"``.
    value
        ``"regret"``, ``"test_accuracy"`` or ``"val_accuracy"``; the incumbent's in each case.

    Returns
    -------
    One row for each strategy and seed, one column for each amount.  Pandas does the rest:
    ``.groupby("strategy").median()``, ``.groupby("strategy").quantile([0.25, 0.75])``.
    """
    trials.check_columns(searches, value, by)
    rows = {}
    for key, search in searches.groupby(["strategy", "seed"], sort=False):
        values = search[value]
        known = (values.cummax() if value == "val_accuracy" else values).to_numpy()
        trial = np.searchsorted(search[by].to_numpy(), at, side="right") - 1
        rows[key] = np.where(trial < 0, np.nan, known[trial])
    index = pd.MultiIndex.from_tuples(rows, names=["strategy", "seed"])
    return pd.DataFrame(list(rows.values()), index=index, columns=pd.Index(at, name=by))


def mean_ranks(standing: pd.DataFrame, *, smaller_is_better: bool = True) -> pd.DataFrame:
    """The mean rank of each strategy along the budget: 1 is the best, ties share their ranks.

    ``standing`` comes from `over_budget`; the searches with the same seed are ranked among
    themselves.
    """
    ranks = standing.groupby(level="seed").rank(ascending=smaller_is_better)
    return ranks.groupby(level="strategy", sort=False).mean()


class Superiority(NamedTuple):
    """A probability, and the ends of its bootstrap interval."""

    probability: float
    low: float
    high: float


def superiority(
    a: Sequence[float],
    b: Sequence[float],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Superiority:
    """How probable it is that a search of A ends better than a search of B.

    Ties count half, so 0.5 means that neither is better.  This is Vargha & Delaney's A (2000).
    The interval is the percentile bootstrap's: it draws the searches of both again and again, with
    replacement (Efron 1979).

    Parameters
    ----------
    a, b
        How each search ended; larger is better, as for test accuracies.
    """
    from scipy import stats

    def probability(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
        a, b = np.moveaxis(a, axis, -1)[..., :, None], np.moveaxis(b, axis, -1)[..., None, :]
        return ((a > b) + 0.5 * (a == b)).mean(axis=(-2, -1))

    if not 0 < confidence < 1:
        raise CourseError(f"confidence={confidence!r} is not possible: give a share such as 0.95.")
    if min(len(a), len(b)) < 2:
        raise CourseError(
            f"{len(a)} searches against {len(b)} tell nothing: give at least two of each."
        )
    samples = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    interval = stats.bootstrap(
        samples,
        probability,
        n_resamples=resamples,
        batch=50,
        confidence_level=confidence,
        method="percentile",
        random_state=seed,
    ).confidence_interval
    return Superiority(float(probability(*samples)), float(interval.low), float(interval.high))


def winners_curse(
    benchmark: Benchmark, sizes: Sequence[int], *, repeats: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """How much the best of N networks promises in validation, and what it holds in the test.

    Each repeat trains N networks, drawn at random without replacement, once each, takes the one
    with the best validation accuracy, and looks at its test accuracy.

    Returns
    -------
    The means over the repeats, one row a size N: val_accuracy, test_accuracy, gap.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for size in sizes:
        size = whole_number("size", size, at_least=1, at_most=len(benchmark))
        winners = np.empty((repeats, 2))
        for repeat in range(repeats):
            places = rng.choice(len(benchmark), size, replace=False)
            seed_at = rng.integers(len(benchmark.seeds), size=size)
            val = benchmark._arrays["val_accuracy"][places, seed_at, -1]
            best = val.argmax()
            test = benchmark._arrays["test_accuracy"][places[best], seed_at[best], -1]
            winners[repeat] = val[best], test
        rows.append(winners.mean(axis=0))
    table = pd.DataFrame(rows, columns=["val_accuracy", "test_accuracy"])
    table.index = pd.Index(sizes, name="networks")
    return table.assign(gap=table["val_accuracy"] - table["test_accuracy"])


def effects(table: pd.DataFrame, choices: Iterable[str], *, by: str = "test_accuracy") -> pd.Series:
    """The share of the variance of ``by`` that each choice explains alone, the largest first.

    It is the variance of the groups' means over the variance of all: 1 if the choice decides
    everything, 0 if it changes no mean.  Where a network has no such choice, that is a group too.
    """
    choices = list(choices)
    trials.check_columns(table, by, *choices)
    values = table[by].astype(float)
    shares = {}
    for choice in choices:
        groups = values.groupby(table[choice].astype(object).where(table[choice].notna(), "none"))
        shares[choice] = groups.transform("mean").var(ddof=0) / values.var(ddof=0)
    return pd.Series(shares, name="share").sort_values(ascending=False)


def _plain(column: pd.Series) -> list:
    """The values as plain Python objects, None where there is none."""
    return [None if value is pd.NA else value for value in column.tolist()]


def _listed(values: Iterable) -> str:
    return ", ".join(str(value) for value in values)
