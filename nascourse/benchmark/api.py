"""The calls that users of NAS-Bench-201 know (Dong & Yang 2020; NATS-Bench 2021), on this table.

>>> from nascourse.benchmark.api import create
>>> api = create()
>>> index = api.query_index_by_arch(api.arch(5))
>>> info = api.get_more_info(index, iepoch=3, is_random=False)
>>> valid_accuracy, latency, time_cost, total = api.simulate_train_eval(index)

As there: accuracies are percents, epochs count from 0, FLOPs and parameters are millions, times are
seconds, and an architecture is an index, here a network's number, or a string.  The data set is
always ``"mnist"``, the training always ``hp="12"``.  The accuracy of training images and the loss of
test images were not measured and are left out.  ``test-accuracy`` is for judges: no search may look
at it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

from nascourse import CourseError, require
from nascourse.benchmark.loading import load_benchmark
from nascourse.benchmark.table import TABLE, Benchmark


def create(path: str | os.PathLike[str] | None = None) -> Api:
    """Load the table from a folder, by default the one that comes with the course."""
    return Api(load_benchmark(path))


class Api:
    """The table behind the calls of NAS-Bench-201; a network that is not there is a `CourseError`."""

    def __init__(self, bench: Benchmark):
        require("bench", bench, Benchmark, TABLE)
        self.bench = bench
        self.used_time = 0.0
        self._index_of = {self.arch(index): index for index in bench.networks.index}

    def __len__(self) -> int:
        return self.bench.of

    def __iter__(self) -> Iterator[str]:
        return iter(self._index_of)

    def arch(self, index: int) -> str:
        """The choices of a network, such as ``"body/blocks=1|...|head=flatten"``."""
        return "|".join(f"{k}={v}" for k, v in self.bench.choices_of(index).items())

    __getitem__ = arch

    def random(self) -> int:
        return random.choice(self.bench.networks.index.tolist())

    def query_index_by_arch(self, arch: str | int) -> int:
        """The index of an architecture; -1 if it is not in the table."""
        return self._index_of.get(arch, -1) if isinstance(arch, str) else arch

    def _index(self, arch: str | int) -> int:
        index = self.query_index_by_arch(arch)
        if index == -1:
            raise CourseError(
                f"There is no architecture {arch!r}: give one of those that iterating yields."
            )
        return index

    def query_by_index(self, index: int, dataname: str = "mnist", hp: str = "12") -> dict:
        """What each training showed after its last epoch, by its seed."""
        seeds = self.bench.seeds
        return {seed: self.get_more_info(index, dataname, hp=hp, is_random=seed) for seed in seeds}

    def query_by_arch(self, arch: str | int, hp: str = "12") -> str:
        """A line about an architecture."""
        info = self.get_more_info(arch, hp=hp, is_random=False)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in info.items())
        return f"{self.arch(self._index(arch))}: {shown}"

    def get_cost_info(
        self, index: str | int, dataset: str = "mnist", hp: str = "12"
    ) -> dict[str, float | None]:
        """FLOPs, parameters and latency; None where it was not measured."""
        _check(dataset, hp)
        facts = self.bench.facts(self._index(index))
        units = {"flops": 1e6, "n_params": 1e6, "latency_ms": 1e3}
        values = [(facts.get(name), unit) for name, unit in units.items()]
        flops, params, latency = (None if value is None else value / unit for value, unit in values)
        return {"flops": flops, "params": params, "latency": latency}

    def get_more_info(
        self,
        index: str | int,
        dataset: str = "mnist",
        iepoch: int | None = None,
        hp: str = "12",
        is_random: bool | int = True,
    ) -> dict[str, float]:
        """What a training showed after an epoch.

        ``is_random`` draws one of the trainings, False takes means over all of them, and a number
        is the seed of one.
        """
        _check(dataset, hp)
        index = self._index(index)
        epochs = self.bench.epochs if iepoch is None else iepoch + 1
        seeds = self.bench.seeds
        if is_random is not False:
            seeds = [random.choice(seeds) if is_random is True else is_random]
        runs = [self.bench.query(index, epochs=epochs, seed=seed) for seed in seeds]
        tests = [self.bench.test_accuracy(index, epochs=epochs, seed=seed) for seed in seeds]
        n = len(seeds)
        return {
            "train-loss": sum(run.loss for run in runs) / n,
            "train-per-time": sum(run.seconds for run in runs) / n / epochs,
            "train-all-time": sum(run.seconds for run in runs) / n,
            "valid-loss": sum(run.val_loss for run in runs) / n,
            "valid-accuracy": 100 * sum(run.val_accuracy for run in runs) / n,
            "test-accuracy": 100 * sum(tests) / n,
        }

    def simulate_train_eval(
        self,
        arch: str | int,
        dataset: str = "mnist",
        iepoch: int | None = None,
        hp: str = "12",
        account_time: bool = True,
    ) -> tuple[float, float | None, float, float]:
        """Validation accuracy, latency, seconds of this training, and of all so far."""
        info = self.get_more_info(arch, dataset, iepoch, hp)
        if account_time:
            self.used_time += info["train-all-time"]
        latency = self.get_cost_info(arch, dataset, hp)["latency"]
        return info["valid-accuracy"], latency, info["train-all-time"], self.used_time

    def reset_time(self) -> None:
        self.used_time = 0.0


def _check(dataset: str, hp: str) -> None:
    if dataset != "mnist" or str(hp) != "12":
        raise CourseError(f"dataset={dataset!r}, hp={hp!r}: this table has 'mnist' and '12' only.")
