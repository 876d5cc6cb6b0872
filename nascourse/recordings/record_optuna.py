"""Record searches of MNIST-NAS-Bench for two goals with Optuna, for unit 14.

    python nascourse/recordings/record_optuna.py --seeds 30

Optuna's NSGA-II (Deb et al. 2002) with populations of 20 and 50 looks for accuracy and few
parameters, and so do two random searches: Optuna's, which may repeat a network, and the course's,
which never does.  Each search goes on until it has trained 200 different networks, and is judged
twice: by its first 200 trials, and by all.  It needs Optuna, an optional requirement, and takes
half a minute.

With the same seed Optuna's strategies begin with the same networks, so they are more alike than
independent searches, and an interval for independent ones is rather too wide for them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import recorder

from nascourse import trials
from nascourse.benchmark import Benchmark, load_benchmark, simulate

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

FOLDER = Path(__file__).parent
ENOUGH = 200  # trials, or different networks, of a search
LOW = 0.8  # accuracies below do not count


def propose(trial: Any, choices: dict[str, list]) -> dict[str, Any]:
    """A network of the benchmark's space, choice by choice."""
    network: dict[str, Any] = {}
    for name, values in choices.items():  # body/blocks comes first
        block = int(name[-1]) if "filters" in name else 0
        if block < network.get("body/blocks", 1):
            network[name] = trial.suggest_categorical(name, values)
    return network


def search(bench: Benchmark, sampler: BaseSampler, seed: int) -> pd.DataFrame:
    """One search with Optuna, until it has trained enough different networks: a row a trial."""
    training_seeds = np.random.default_rng(seed).integers(len(bench.seeds), size=len(bench))
    rows: list[dict[str, Any]] = []
    different: set[int] = set()

    def accuracy_and_size(trial) -> tuple[float, int]:
        number = bench.query(propose(trial, bench.choices)).network
        accuracy = bench.query(number, seed=training_seeds[number]).val_accuracy
        size = bench.facts(number)["n_params"]
        rows.append({"network": number, "val_accuracy": accuracy, "n_params": size})
        different.add(number)
        if len(different) == ENOUGH:
            trial.study.stop()
        return accuracy, size

    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # else it reports every trial
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    study.optimize(accuracy_and_size)
    return pd.DataFrame(rows)


def hypervolume(
    networks: pd.DataFrame, quality: str, largest: float, *, scale: Callable = np.log10
) -> float:
    """The area under a Pareto front, above `LOW`, from its smallest network to ``largest``.

    Parameters
    ----------
    scale
        Of the axis of parameters: powers of ten, or with ``np.asarray`` as they are.
    """
    front = trials.pareto_front(networks[networks[quality] > LOW], quality=quality)
    edges = scale([*front["n_params"], largest])
    return float(np.sum(np.diff(edges) * (front[quality] - LOW)))


def missed(searched: pd.DataFrame, table: pd.DataFrame, *, scale: Callable = np.log10) -> float:
    """The share of the true front's hypervolume that is missing in the front of a search.

    The search chooses its front by validation accuracy of one seed; mean test accuracy judges it.
    """
    chosen = trials.pareto_front(searched).join(table["test_accuracy"], on="network")
    options = {"quality": "test_accuracy", "largest": table["n_params"].max(), "scale": scale}
    return 1 - hypervolume(chosen, **options) / hypervolume(table, **options)


def main() -> None:
    import optuna

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=30, help="how many, from 0")
    parser.add_argument("--to", type=Path, default=FOLDER, help="another folder to write to")
    options = parser.parse_args()
    bench = load_benchmark()
    table = bench.final()
    seeds = range(options.seeds)

    course = simulate("random", budget=ENOUGH, seeds=seeds, benchmark=bench)
    course = course[["seed", "network", "val_accuracy"]].join(table["n_params"], on="network")
    samplers = optuna.samplers
    makers: dict[str, Callable[..., BaseSampler]] = {
        "NSGA-II, 20": partial(samplers.NSGAIISampler, population_size=20),
        "NSGA-II, 50": partial(samplers.NSGAIISampler, population_size=50),  # Optuna's default
        "random, repeats": samplers.RandomSampler,
    }
    searches = {
        strategy: [search(bench, make(seed=seed), seed) for seed in seeds]
        for strategy, make in makers.items()
    }
    searches["random"] = [table for _, table in course.groupby("seed")]
    rows = [
        {
            "strategy": strategy,
            "seed": seed,
            "budget": budget,
            "trials": len(part),
            "networks": part["network"].nunique(),
            "missed": round(missed(part, table), 5),
            "missed_linear": round(missed(part, table, scale=np.asarray), 5),
        }
        for strategy, of_strategy in searches.items()
        for seed, searched in zip(seeds, of_strategy)
        for budget, part in [("200 trials", searched.head(ENOUGH)), ("200 networks", searched)]
    ]
    recorder.save(pd.DataFrame(rows), options.to / "optuna.csv")

    fronts = [
        trials.pareto_front(searched.head(ENOUGH))[["network"]].assign(strategy=strategy, seed=seed)
        for strategy, of_strategy in searches.items()
        for seed, searched in zip(seeds, of_strategy)
    ]
    recorder.save(
        pd.concat(fronts)[["strategy", "seed", "network"]], options.to / "optuna_fronts.csv"
    )

    first = searches["NSGA-II, 20"][0].head(ENOUGH)
    first.insert(0, "trial", range(1, ENOUGH + 1))
    first.insert(1, "status", "completed")
    recorder.save(first, options.to / "optuna_search.csv")


if __name__ == "__main__":
    main()
