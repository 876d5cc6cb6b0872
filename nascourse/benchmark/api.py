"""The calls that users of NAS-Bench-201 know (Dong & Yang 2020; NATS-Bench 2021), on this table.

>>> from nascourse.benchmark.api import create
>>> api = create()
>>> index = api.query_index_by_arch(api.arch(5))
>>> info = api.get_more_info(index, iepoch=3, is_random=False)
>>> valid_accuracy, latency, time_cost, total = api.simulate_train_eval(index)

As there: accuracies are percents, epochs count from 0, FLOPs and parameters are millions, times are
seconds, and an architecture is an index or a string.  The data set is always ``"mnist"``, the
training always ``hp="12"``.  The accuracy and loss of training images and the loss of test images
were not measured and are left out.  ``test-accuracy`` is for judges: no search may look at it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

from nascourse import CourseError
from nascourse.benchmark.loading import load_benchmark
from nascourse.benchmark.table import Benchmark

DATASET = "mnist"


def create(path: str | os.PathLike[str] | None = None) -> Api:
    """Load the table from a folder, by default the one that comes with the course."""
    return Api(load_benchmark(path))


class Api:
    """The table behind the calls of NAS-Bench-201.

    An index is a network's number.  Numbers that have not been measured raise a `CourseError`.
    """

    def __init__(self, bench: Benchmark):
        self.bench = bench
        self.used_time = 0.0
        self._rows = bench.networks[list(bench.choices)]
        self._index_of = {self.arch(index): index for index in self.evaluated_indexes}

    @property
    def evaluated_indexes(self) -> list[int]:
        return self.bench.networks.index.tolist()

    def __len__(self) -> int:
        return self.bench.of

    def __iter__(self) -> Iterator[str]:
        return iter(self._index_of)

    def arch(self, index: int) -> str:
        """The choices of a network, such as ``"body/blocks=1|...|head=flatten"``."""
        self.bench.facts(index)  # refuses what is not there
        return "|".join(f"{k}={v}" for k, v in self._rows.loc[index].dropna().items())

    __getitem__ = arch

    def random(self) -> int:
        return random.choice(self.evaluated_indexes)

    def query_index_by_arch(self, arch: str | int) -> int:
        """The index of an architecture; -1 if it is not in the table."""
        return self._index_of.get(arch, -1) if isinstance(arch, str) else arch

    def query_by_index(self, index: int, dataname: str = DATASET, hp: str = "12") -> dict:
        """What each training showed after its last epoch, by its seed."""
        return {
            seed: self.get_more_info(index, dataname, hp=hp, is_random=seed)
            for seed in self.bench.seeds
        }

    def query_by_arch(self, arch: str | int, hp: str = "12") -> str:
        """A sentence about an architecture."""
        index = self.query_index_by_arch(arch)
        info = self.get_more_info(index, hp=hp, is_random=False)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in info.items())
        return f"{self.arch(index)}: {shown}"

    def get_cost_info(self, index: str | int, dataset: str = DATASET, hp: str = "12") -> dict:
        _check(dataset, hp)
        facts = self.bench.facts(self.query_index_by_arch(index))
        names = {
            "flops": ("flops", 1e6),
            "params": ("n_params", 1e6),
            "latency": ("latency_ms", 1e3),
        }
        values = {name: (facts.get(column), unit) for name, (column, unit) in names.items()}
        return {name: value and value / unit for name, (value, unit) in values.items()}

    def get_latency(self, index: str | int, dataset: str = DATASET, hp: str = "12") -> float | None:
        return self.get_cost_info(index, dataset, hp)["latency"]

    def get_more_info(
        self,
        index: str | int,
        dataset: str = DATASET,
        iepoch: int | None = None,
        hp: str = "12",
        is_random: bool | int = True,
    ) -> dict[str, float]:
        """What a training showed after an epoch.

        ``is_random`` draws one of the trainings, False means over all of them, and a number is the
        seed of one.
        """
        _check(dataset, hp)
        index = self.query_index_by_arch(index)
        epochs = self.bench.epochs if iepoch is None else iepoch + 1
        if is_random is True:
            seeds = [random.choice(self.bench.seeds)]
        else:
            seeds = self.bench.seeds if is_random is False else [is_random]
        rows = []
        for seed in seeds:
            outcome = self.bench.query(index, epochs=epochs, seed=seed)
            rows.append(
                {
                    "train-loss": outcome.loss,
                    "train-per-time": outcome.seconds / epochs,
                    "train-all-time": outcome.seconds,
                    "valid-loss": outcome.val_loss,
                    "valid-accuracy": 100 * outcome.val_accuracy,
                    "test-accuracy": 100
                    * self.bench.test_accuracy(index, epochs=epochs, seed=seed),
                }
            )
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}

    def simulate_train_eval(
        self,
        arch: str | int,
        dataset: str = DATASET,
        iepoch: int | None = None,
        hp: str = "12",
        account_time: bool = True,
    ) -> tuple[float, float | None, float, float]:
        """Validation accuracy, latency, seconds of this training, and of all so far."""
        info = self.get_more_info(arch, dataset, iepoch, hp)
        if account_time:
            self.used_time += info["train-all-time"]
        latency = self.get_latency(arch, dataset, hp)
        return info["valid-accuracy"], latency, info["train-all-time"], self.used_time

    def reset_time(self) -> None:
        self.used_time = 0.0

    def find_best(
        self,
        dataset: str = DATASET,
        metric_on_set: str = "valid",
        FLOP_max: float | None = None,
        Param_max: float | None = None,
        hp: str = "12",
    ) -> tuple[int, float]:
        """The index and the mean accuracy of the best network within limits, in millions."""
        _check(dataset, hp)
        column = {"valid": "val_accuracy", "test": "test_accuracy"}.get(metric_on_set)
        if column is None:
            raise CourseError(f"metric_on_set={metric_on_set!r}: choose 'valid' or 'test'.")
        final = self.bench.final()
        for name, limit in (("flops", FLOP_max), ("n_params", Param_max)):
            if limit is not None:
                final = final[final[name] <= 1e6 * limit]
        if final.empty:
            return -1, 0.0
        return int(final[column].idxmax()), 100 * float(final[column].max())


def _check(dataset: str, hp: str) -> None:
    if dataset != DATASET or str(hp) != "12":
        raise CourseError(f"dataset={dataset!r}, hp={hp!r}: this table has 'mnist' and '12' only.")
