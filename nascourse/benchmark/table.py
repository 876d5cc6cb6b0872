"""The table of measured networks: what it knows, and queries that charge a budget."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nascourse import CourseError, trials, whole_number

PROXIES = ("synflow", "naswot", "grad_norm")

TABLE = "a table such as benchmark.load_benchmark()"  # what to give in place of none

CURVES = ("loss", "val_loss", "val_accuracy", "test_accuracy", "seconds")


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
        One row a network, seed and epoch: those three, losses, accuracies and seconds.  All
        networks share some seeds; single ones may have more, which no search sees.
    of
        How many networks the space has; by default, as many as are measured.

    Attributes
    ----------
    networks : one row a network, indexed by its number: its choices, its costs, its proxies
    choices : the values of each choice
    seeds : the seeds with which all networks were trained
    epochs : the length of the longest training
    curves : one row a network, seed and epoch, for these seeds
    held_out : the same for the seeds that only some networks have, which judge those networks
    of : how many networks the space has, measured or not
    budget : epochs that queries may spend, or None
    epochs_spent, seconds_spent : what the queries since `start` would have cost
    runs : each measured column as an array of shape (runs, epochs), one row a training
    shared_runs : which of these rows belong to each network, of shape (networks, seeds)

    Raises
    ------
    CourseError
        The tables do not belong together.
    """

    def __init__(self, networks: pd.DataFrame, curves: pd.DataFrame, *, of: int | None = None):
        self.of = of or len(networks)
        self._index_networks(networks)
        self._index_runs(curves)
        self.start()

    def _index_networks(self, networks: pd.DataFrame) -> None:
        facts = _facts(networks.columns)
        names = sorted(set(networks.columns) - {"network", *facts})
        networks = networks.sort_values("network").set_index("network")
        # A choice that some networks do not have is a whole number all the same.
        choices = networks[names].convert_dtypes(convert_floating=False)
        self.networks = choices.join(networks[facts].apply(pd.to_numeric))
        self._numbers = self.networks.index.tolist()
        columns = [[None if v is pd.NA else v for v in choices[name].tolist()] for name in names]
        self.choices = {
            name: sorted({value for value in column if value is not None})
            for name, column in zip(names, columns)
        }
        self._keys = list(zip(*columns))  # the values of all choices, None where there is none
        self._n_choices = [sum(value is not None for value in key) for key in self._keys]
        self._position_of = {key: position for position, key in enumerate(self._keys)}

    def _index_runs(self, curves: pd.DataFrame) -> None:
        curves = curves.sort_values(["network", "seed", "epoch"], ignore_index=True)
        self.epochs = int(curves["epoch"].max())
        first_epochs = curves.iloc[:: self.epochs]  # one row a run
        trained = first_epochs["seed"].value_counts()
        self.seeds = sorted(trained[trained == len(self)].index.tolist())
        if not self.seeds or not _holds_every_epoch(curves, self.epochs, self._numbers):
            raise CourseError(
                f"The benchmark's {len(curves)} rows of learning curves are not one for each of its "
                f"{len(self)} networks, of some seeds that all share, and of {self.epochs} epochs: "
                "install the course again."
            )
        self.runs = {name: curves[name].to_numpy(float).reshape(-1, self.epochs) for name in CURVES}
        is_shared = first_epochs["seed"].isin(self.seeds).to_numpy()
        self.shared_runs = np.flatnonzero(is_shared).reshape(len(self), len(self.seeds))
        self.curves, self.held_out = (
            curves[np.repeat(part, self.epochs)].reset_index(drop=True)
            for part in (is_shared, ~is_shared)
        )
        positions = self.networks.index.get_indexer(first_epochs["network"])
        seeds = first_epochs["seed"].tolist()
        self._run_of = {key: run for run, key in enumerate(zip(positions.tolist(), seeds))}
        self._position_of_run = positions
        has_held_out = np.isin(positions, positions[~is_shared])
        self._is_judge = ~is_shared | ~has_held_out  # runs whose test accuracy counts

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
        position, epochs = self._position(network), self._epochs(epochs)
        run = self._run(position, seed)
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
        last, runs = epochs - 1, self.runs
        seconds = charge * runs["seconds"].item(run, 0)  # each epoch of a training takes the same
        self.epochs_spent += charge
        self.seconds_spent += seconds
        return Outcome(
            self._numbers[position],
            seed,
            epochs,
            runs["loss"].item(run, last),
            runs["val_loss"].item(run, last),
            runs["val_accuracy"].item(run, last),
            seconds,
        )

    def choices_of(self, network: Mapping[str, Any] | int) -> dict[str, Any]:
        """The choices of a network, without those that it does not have."""
        key = self._keys[self._position(network)]
        return {name: value for name, value in zip(self.choices, key) if value is not None}

    def facts(self, network: Mapping[str, Any] | int) -> dict[str, Any]:
        """Costs and proxies of a network, which need no training; None if not measured."""
        row = self.networks.iloc[self._position(network)]
        facts = row[_facts(row.index)]
        return {name: None if pd.isna(value) else value.item() for name, value in facts.items()}

    def test_accuracy(
        self,
        network: Mapping[str, Any] | int,
        *,
        epochs: int | None = None,
        seed: int | None = None,
    ) -> float:
        """Accuracy on the test images, for judges: whoever searches must not look at it.

        By default after all epochs, the mean over the trainings that judge, which are those of
        `truth`; with a ``seed``, that of one training.

        Raises
        ------
        CourseError
            The network, the epoch or the seed is not in the table.
        """
        position, epochs = self._position(network), self._epochs(epochs)
        if seed is None:
            return float(self._judged(epochs).iloc[position])
        return self.runs["test_accuracy"].item(self._run(position, seed), epochs - 1)

    def truth(self, *, without: int | NDArray[np.integer] | None = None) -> pd.Series:
        """Test accuracy of every network after all epochs, the mean over the trainings that judge.

        These are the held-out ones of a network that has some, otherwise those with the shared
        seeds.  A mean that contains the very training that a search saw flatters what this search
        chose, so leave it out.

        Parameters
        ----------
        without
            Trainings that do not count: those with this seed, or one run of each network as from
            `draw_runs`.  A network without other ones gets NaN.
        """
        if isinstance(without, np.ndarray) or without is None:
            return self._judged(self.epochs, without=without)
        if without not in self.seeds:
            raise CourseError(
                f"without={without!r} is no seed: choose one of {listed(self.seeds)}."
            )
        return self._judged(self.epochs, without=self.shared_runs[:, self.seeds.index(without)])

    def _judged(self, epochs: int, *, without: NDArray[np.integer] | None = None) -> pd.Series:
        weights = self._is_judge.astype(float)
        if without is not None:
            weights[without] = 0
        n = np.bincount(self._position_of_run, weights)
        accuracies = self.runs["test_accuracy"][:, epochs - 1]
        sums = np.bincount(self._position_of_run, weights * accuracies)
        means = np.divide(sums, n, out=np.full(len(self), np.nan), where=n > 0)
        return pd.Series(means, index=self.networks.index, name="test_accuracy")

    def final(self) -> pd.DataFrame:
        """All networks with their accuracies after all epochs: means, as from `at`."""
        return self.networks.assign(val_accuracy=self.at(self.epochs), test_accuracy=self.truth())

    @property
    def oracle_best(self) -> pd.Series:
        """The network with the best `truth`: as far as one can tell, what a search should find."""
        final = self.final()
        return final.loc[final["test_accuracy"].idxmax()]

    def pareto_front(self, *, cost: str = "n_params") -> pd.DataFrame:
        """The networks that no other one equals or beats in both test accuracy and ``cost``."""
        return trials.pareto_front(self.final(), cost=cost, quality="test_accuracy")

    def at(self, epochs: int, *, value: str = "val_accuracy") -> pd.Series:
        """``value`` of every network after so many epochs, the mean over its trainings.

        Test accuracies are those of the trainings that judge (see `truth`); all other values are
        those of the seeds that all networks share.
        """
        epochs = self._epochs(epochs)
        if value not in CURVES:
            raise CourseError(f"Unknown value {value!r}: choose one of {listed(CURVES)}.")
        if value == "test_accuracy":
            return self._judged(epochs)
        means = self.runs[value][self.shared_runs, epochs - 1].mean(axis=1)
        return pd.Series(means, index=self.networks.index, name=value)

    def draw_runs(self, rng: np.random.Generator) -> NDArray[np.integer]:
        """One run of each network, drawn at random: its row in the arrays of ``runs``."""
        drawn = rng.integers(np.full(len(self), len(self.seeds)))
        return self.shared_runs[np.arange(len(self)), drawn]

    def position(self, values: Mapping[str, Any]) -> int | None:
        """The row in ``networks`` with these hyperparameter values; None if it has no such row.

        Values of hyperparameters that are no choices of the space do not count.
        """
        return self._position_of.get(tuple(map(values.get, self.choices)))

    def _run(self, position: int, seed: int) -> int:
        try:
            return self._run_of[position, seed]
        except (KeyError, TypeError):  # no such seed, or a value that has no hash, such as a list
            seeds = listed(seed for row, seed in self._run_of if row == position)
            raise CourseError(
                f"seed={seed!r} is not in the table: choose one of {seeds}."
            ) from None

    def _epochs(self, epochs: int | None) -> int:
        if epochs is None:
            return self.epochs
        if epochs not in range(1, self.epochs + 1):
            raise CourseError(
                f"epochs={epochs!r} is not in the table: choose a whole number from 1 to "
                f"{self.epochs}."
            )
        return int(epochs)

    def _position(self, network: Mapping[str, Any] | int) -> int:
        """The row of a network that a learner names, or the sentence that says what is wrong."""
        if not isinstance(network, Mapping):
            try:
                return self.networks.index.get_loc(network)
            except (KeyError, TypeError, pd.errors.InvalidIndexError):
                raise CourseError(
                    f"Network {network!r} is not in the table, which holds {len(self)} of the "
                    f"{self.of} networks: choose a number from its `networks`, or name the choices."
                ) from None
        try:
            position = self.position(network)
        except TypeError:  # a value that has no hash, such as a list
            position = None
        if position is not None and len(network) == self._n_choices[position]:
            return position
        # A row of the table has missing values for the choices that its network does not have.
        given = {k: v for k, v in network.items() if np.ndim(v) or not pd.isna(v)}
        if len(given) < len(network):
            return self._position(given)
        self._refuse(given)

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
        for measured in map(self.choices_of, self._numbers):
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


def _holds_every_epoch(curves: pd.DataFrame, epochs: int, numbers: list[int]) -> bool:
    """Whether sorted curves hold each epoch of each run once, and runs of all networks."""
    rows = curves[["network", "seed", "epoch"]].to_numpy()
    if len(rows) % epochs:
        return False
    runs = rows[::epochs, :2]
    expected = np.column_stack([runs.repeat(epochs, 0), np.tile(range(1, epochs + 1), len(runs))])
    return (
        bool((rows == expected).all())
        and not pd.DataFrame(runs).duplicated().any()
        and sorted(set(runs[:, 0])) == numbers
    )


def _facts(columns: Container[str]) -> list[str]:
    """The costs and proxies among the names of columns."""
    return [name for name in (*trials.COSTS, *PROXIES) if name in columns]


def listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)
