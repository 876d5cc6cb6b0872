"""The table of measured networks: its files, its check, and queries that charge a budget."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import os
from collections.abc import Container, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nascourse import CourseError, trials, whole_number

NAME = "mnist_nas_bench"
COSTS = ("n_params", "flops", "latency_ms", "saved_bytes")
PROXIES = ("synflow", "naswot", "grad_norm")

CURVES = ("loss", "val_loss", "val_accuracy", "test_accuracy", "seconds")
RECORDINGS = Path(__file__).parents[1] / "recordings"

_ANSWERED = ("loss", "val_loss", "val_accuracy", "seconds")  # those in an `Outcome`
FILES = {"networks": f"{NAME}_networks.csv.gz", "curves": f"{NAME}_epochs.csv.gz"}


class BudgetSpent(CourseError):
    """A query would cost more epochs than the budget has left."""


class Outcome(NamedTuple):
    """What a training showed after ``epochs`` epochs, and the seconds that were charged for it."""

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

    Parameters
    ----------
    networks
        One row a network: ``network`` (its number), its choices, costs and proxies.
    curves
        One row a network, seed and epoch: those three, losses, accuracies and seconds.
    of
        How many networks the space has; by default, as many as are measured.

    Attributes
    ----------
    networks : one row a network, indexed by its number: its choices, its costs, its proxies
    curves : one row a network, seed and epoch
    choices : the values of each choice
    seeds : the seeds of the trainings
    epochs : the length of the longest training
    of : how many networks the space has, measured or not
    budget : epochs that queries may spend, or None
    epochs_spent, seconds_spent : what the queries since `start` would have cost
    runs : each measured column as an array of shape (runs, epochs), one row a training

    Raises
    ------
    CourseError
        The tables do not belong together.
    """

    def __init__(self, networks: pd.DataFrame, curves: pd.DataFrame, *, of: int | None = None):
        check_tables(networks, curves)
        self.of = of or len(networks)
        self._index_networks(networks)
        self._index_runs(curves)
        self.start()

    def _index_networks(self, networks: pd.DataFrame) -> None:
        facts = _facts(networks.columns)
        names = sorted(set(networks.columns) - {"network", *facts})
        networks = networks.sort_values("network").set_index("network")
        self.networks = networks[[*names, *facts]].convert_dtypes(convert_floating=False)
        self._numbers = self.networks.index.tolist()
        columns = [_plain_values(self.networks[name]) for name in names]
        self.choices = {name: sorted(set(column) - {None}) for name, column in zip(names, columns)}
        self._keys = list(zip(*columns))  # the values of all choices, None where there is none
        self._n_choices = [sum(value is not None for value in key) for key in self._keys]
        self._position_of = {key: position for position, key in enumerate(self._keys)}

    def _index_runs(self, curves: pd.DataFrame) -> None:
        self.curves = curves.sort_values(["network", "seed", "epoch"], ignore_index=True)
        self.seeds = sorted(self.curves["seed"].unique().tolist())
        self.epochs = int(self.curves["epoch"].max())
        self.runs = {
            name: self.curves[name].to_numpy(float).reshape(-1, self.epochs) for name in CURVES
        }
        first_epochs = self.curves.iloc[:: self.epochs]  # one row a run
        self._position_of_run = self.networks.index.get_indexer(first_epochs["network"])
        self._n_runs = np.bincount(self._position_of_run)
        self._first_run = self._n_runs.cumsum() - self._n_runs
        # Python reads a single number much faster from nested lists than from arrays.
        answers = zip(*(self.runs[name].tolist() for name in _ANSWERED))
        self._answers: list[dict[int, tuple[list[float], ...]]] = [{} for _ in self._numbers]
        seeds = first_epochs["seed"].tolist()
        for position, seed, answer in zip(self._position_of_run, seeds, answers):
            self._answers[position][seed] = answer

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
        self.budget = budget
        self.epochs_spent = 0
        self.seconds_spent = 0.0

    def query(
        self,
        network: Mapping[str, Any] | int,
        *,
        epochs: int | None = None,
        seed: int = 0,
        after: int = 0,
    ) -> Outcome:
        """Look a training up, and charge what it would have cost.

        The same query again costs the same again, as training again would.

        Parameters
        ----------
        network
            Its choices, or its number.
        epochs
            How long it is trained; by default, as long as the table has.
        seed
            Which of its trainings.
        after
            Go on with a training of which so many epochs have been paid for: only the others are
            charged.

        Raises
        ------
        CourseError
            The network, the epoch or the seed is not in the table.
        BudgetSpent
            The budget does not allow it; nothing is charged.
        """
        position = self._position(network)
        try:
            losses, val_losses, val_accuracies, seconds = self._answers[position][seed]
        except (KeyError, TypeError):  # no such seed, or a value that has no hash, such as a list
            seeds = listed(self._answers[position])
            raise CourseError(
                f"seed={seed!r} is not in the table: choose one of {seeds}."
            ) from None
        epochs = self.epochs if epochs is None else epochs
        self._check_epochs(epochs)
        if after not in range(epochs):
            raise CourseError(
                f"after={after!r} is not possible: choose a whole number from 0 to {epochs - 1}, "
                f"below epochs={epochs}."
            )
        charge = epochs - after
        if self.budget is not None and self.epochs_spent + charge > self.budget:
            raise BudgetSpent(
                f"Of the budget of {self.budget} epochs {self.epochs_spent} are spent, so "
                f"{charge} more are too many: stop here, or begin anew with start()."
            )
        charged_seconds = charge * seconds[0]  # each epoch of a training took the same time
        self.epochs_spent += charge
        self.seconds_spent += charged_seconds
        last = int(epochs) - 1
        return Outcome(
            self._numbers[position],
            seed,
            epochs,
            losses[last],
            val_losses[last],
            val_accuracies[last],
            charged_seconds,
        )

    def facts(self, network: Mapping[str, Any] | int) -> dict[str, Any]:
        """Costs and proxies of a network, which need no training; None if not measured."""
        row = self.networks.iloc[self._position(network)]
        facts = row[_facts(row.index)]
        return {name: None if pd.isna(value) else value.item() for name, value in facts.items()}

    def test_accuracy(self, network: Mapping[str, Any] | int) -> float:
        """Accuracy on the test images after all epochs, the mean over the seeds: for judges."""
        return float(self.mean_test_accuracy[self._position(network)])

    @cached_property
    def mean_test_accuracy(self) -> NDArray[np.floating]:
        """The same for all networks, of shape (networks,)."""
        return self._mean_over_runs("test_accuracy", self.epochs)

    def final(self) -> pd.DataFrame:
        """All networks with their accuracies after all epochs, the means over the seeds."""
        return self.networks.assign(
            val_accuracy=self._mean_over_runs("val_accuracy", self.epochs),
            test_accuracy=self.mean_test_accuracy,
        )

    @property
    def oracle_best(self) -> pd.Series:
        """The network with the best test accuracy: what a perfect search would find."""
        return self.final().iloc[int(self.mean_test_accuracy.argmax())]

    def pareto_front(self, *, cost: str = "n_params") -> pd.DataFrame:
        """The networks that no other one equals or beats in both test accuracy and ``cost``."""
        return trials.pareto_front(self.final(), cost=cost, quality="test_accuracy")

    def at(self, epochs: int, *, value: str = "val_accuracy") -> pd.Series:
        """``value`` of every network after so many epochs, the mean over the seeds."""
        self._check_epochs(epochs)
        if value not in CURVES:
            raise CourseError(f"Unknown value {value!r}: choose one of {listed(CURVES)}.")
        means = self._mean_over_runs(value, epochs)
        return pd.Series(means, index=self.networks.index, name=value)

    def draw_runs(
        self, rng: np.random.Generator, positions: NDArray[np.integer] | None = None
    ) -> NDArray[np.integer]:
        """One run of each network, drawn at random: its row in the arrays of ``runs``.

        Parameters
        ----------
        positions
            Rows in ``networks``; by default, all.
        """
        chosen = slice(None) if positions is None else positions
        return self._first_run[chosen] + rng.integers(self._n_runs[chosen])

    def position(self, values: Mapping[str, Any]) -> int | None:
        """The row in ``networks`` with these hyperparameter values; None if it has no such row.

        Values of hyperparameters that are no choices of the space do not count.
        """
        return self._position_of.get(tuple(map(values.get, self.choices)))

    def _mean_over_runs(self, value: str, epochs: int) -> NDArray[np.floating]:
        values = self.runs[value][:, epochs - 1]
        return np.bincount(self._position_of_run, weights=values) / self._n_runs

    def _check_epochs(self, epochs: int) -> None:
        if epochs not in range(1, self.epochs + 1):
            raise CourseError(
                f"epochs={epochs!r} is not in the table: choose a whole number from 1 to "
                f"{self.epochs}."
            )

    def _position(self, network: Mapping[str, Any] | int) -> int:
        """The row of a network that a learner names, or the sentence that says what is wrong."""
        if not isinstance(network, Mapping):
            return self._position_of_number(network)
        try:
            position = self.position(network)
        except TypeError:  # a value that has no hash, such as a list
            position = None
        if position is not None and len(network) == self._n_choices[position]:
            return position
        # A row of the table has missing values for the choices that its network does not have.
        given = {k: v for k, v in network.items() if v is not None and v is not pd.NA}
        if len(given) < len(network):
            return self._position(given)
        self._refuse(given)

    def _position_of_number(self, number: int) -> int:
        try:
            return self.networks.index.get_loc(number)
        except (KeyError, TypeError, pd.errors.InvalidIndexError):
            raise CourseError(
                f"Network {number!r} is not in the table, which holds {len(self)} of the "
                f"{self.of} networks: choose a number from its `networks`, or name the choices."
            ) from None

    def _refuse(self, network: dict[str, Any]) -> NoReturn:
        for name, value in network.items():
            if name not in self.choices:
                raise CourseError(
                    f"There is no choice {name!r} in this space: its choices are "
                    f"{listed(self.choices)}."
                )
            if value not in self.choices[name]:
                raise CourseError(
                    f"{name}={value!r} is not in the space: choose one of "
                    f"{listed(self.choices[name])}."
                )
        for key in self._keys:
            measured = {name: v for name, v in zip(self.choices, key) if v is not None}
            if network.items() < measured.items():
                name = next(name for name in measured if name not in network)
                raise CourseError(
                    f"The choice {name!r} is missing: give one of {listed(self.choices[name])}."
                )
            if measured.items() < network.items():
                name = next(name for name in self.choices if name in network.keys() - measured)
                raise CourseError(
                    f"A network with these other choices has no {name!r}: leave it out."
                )
        raise CourseError(
            f"The network {network} is not in the table, which holds {len(self)} of the {self.of} "
            "networks: look at those in its `networks`."
        )


def check_tables(networks: pd.DataFrame, curves: pd.DataFrame) -> None:
    """Check that costs and proxies are numbers, and that each training has each of its epochs.

    Raises
    ------
    CourseError
        They are not.
    """
    for name in _facts(networks.columns):
        if not pd.api.types.is_numeric_dtype(networks[name]):
            raise CourseError(
                f"The benchmark's column {name!r} holds other values than numbers: install "
                "the course again."
            )
    numbers = sorted(networks["network"].tolist())
    seeds = sorted(curves["seed"].unique().tolist())
    epochs = int(curves["epoch"].max())
    expected = itertools.product(numbers, seeds, range(1, epochs + 1))
    rows = curves[["network", "seed", "epoch"]].itertuples(index=False, name=None)
    if (
        len(set(numbers)) < len(numbers)
        or len(curves) != len(numbers) * len(seeds) * epochs  # before all of them are listed
        or sorted(rows) != list(expected)
    ):
        raise CourseError(
            f"The benchmark's {len(curves)} rows of learning curves are not one for each of its "
            f"{len(numbers)} networks, {len(seeds)} seeds and {epochs} epochs: install the course "
            "again."
        )


def load_benchmark(path: str | os.PathLike[str] | None = None) -> Benchmark:
    """Load MNIST-NAS-Bench, and check that its files are those that were made.

    Parameters
    ----------
    path
        Folder of its three files; by default, the table that comes with the course.

    Raises
    ------
    CourseError
        A file is missing or damaged.
    """
    folder = RECORDINGS if path is None else Path(path)
    header_bytes = read_file(folder, f"{NAME}.json")
    try:
        header = json.loads(header_bytes)
        checksums = {name: header["files"][name]["sha256"] for name in FILES.values()}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CourseError(
            f"{NAME}.json in {str(folder)!r} is damaged: install the course again."
        ) from error
    contents = {part: read_file(folder, name) for part, name in FILES.items()}
    for part, name in FILES.items():
        if hashlib.sha256(contents[part]).hexdigest() != checksums[name]:
            raise CourseError(
                f"{name} in {str(folder)!r} is not what it was when the benchmark was made (its "
                "checksum differs): install the course again."
            )
    try:
        tables = {part: read_csv(content) for part, content in contents.items()}
        return Benchmark(**tables, of=header.get("networks"))
    except CourseError:
        raise
    except Exception as error:  # a table of other origin can fail in any way
        raise CourseError(
            f"The tables in {str(folder)!r} are none of a benchmark ({type(error).__name__}): "
            "install the course again."
        ) from error


def read_file(folder: Path, name: str) -> bytes:
    """Read a file of the benchmark.

    Raises
    ------
    CourseError
        It cannot be read.
    """
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise CourseError(
            f"The benchmark's file {name} cannot be read in {str(folder)!r} "
            f"({error.strerror}): install the course again, or name the folder that holds it."
        ) from error


def read_csv(content: bytes) -> pd.DataFrame:
    """The table in a compressed CSV file."""
    return pd.read_csv(io.BytesIO(gzip.decompress(content)))


def _facts(columns: Container[str]) -> list[str]:
    """The costs and proxies among the names of columns."""
    return [name for name in (*COSTS, *PROXIES) if name in columns]


def _plain_values(column: pd.Series) -> list[Any]:
    """The values as plain Python objects, None where there is none."""
    return [None if value is pd.NA else value for value in column.tolist()]


def listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)
