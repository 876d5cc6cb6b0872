"""Are the course's own experiments good science?  Fill a published checklist from the recordings.

    python nascourse/recordings/record_checklist.py

Lindauer & Hutter (JMLR 21:243, 2020) name 14 practices that let others trust and repeat an
experiment on architecture search.  `experiments` counts what each recording holds, and `checklist`
answers from these counts: yes, in part, or no, each with its evidence.  Whatever can be read from a
table is read, so an answer changes when an experiment does: run the script after each new recording.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import recorder

from nascourse import benchmark

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = Path(__file__).parent
FILE = RECORDINGS / "checklist.csv"
BENCHMARK = "mnist_nas_bench"
# Where the evidence can be checked, from the root of the course.
FOLDER = "nascourse/recordings"
PAGE = f"{FOLDER}/README.md"


class Experiment(NamedTuple):
    """What a table does not say of itself."""

    files: tuple[str, ...]  # the first one is counted
    settings: tuple[str, ...] = ()  # columns that distinguish what is compared
    random: tuple[str, ...] = ()  # strategies that are random search or random sampling


EXPERIMENTS = {
    "random_cnn": Experiment(("random_cnn.csv",)),
    "strategies": Experiment(("strategies.csv",), ("strategy",), ("random",)),
    "project_seeds": Experiment(("project_seeds.csv",)),
    BENCHMARK: Experiment((f"{BENCHMARK}_epochs.csv.gz", f"{BENCHMARK}.json"), ("network",)),
    "bayesian": Experiment((f"{BENCHMARK}_bayesian.csv.gz",)),
    "subsets": Experiment(("subsets.csv",), ("network",)),
    "oneshot": Experiment(
        ("oneshot_supernets.csv", "oneshot.csv"),
        ("epochs", "separate", "sampling", "normalization"),
    ),
    "scaling": Experiment(("scaling_digits.csv",), ("direction", "times")),
    "darts": Experiment(
        ("darts.csv", "darts_epochs.csv", "darts_collapse.csv", "darts_collapse_epochs.csv"),
        ("strategy",),
        ("eight cells trained", "one cell drawn"),
    ),
    "backends": Experiment(("backends.csv",), ("backend", "strategy"), ("random",)),
    "optuna": Experiment(
        ("optuna.csv", "optuna_fronts.csv", "optuna_search.csv"),
        ("strategy", "budget"),
        ("random", "random, repeats"),
    ),
}


class Item(NamedTuple):
    """One practice, and how far the course follows it."""

    practice: str
    answer: str
    evidence: str
    files: list[str]


def experiments() -> pd.DataFrame:
    """Count what each experiment's recording holds.

    Returns
    -------
    One row an experiment, with

    - rows: of its table,
    - settings: how many things it compares, such as strategies or networks; 1 if none,
    - seeds: how many there are; a table without a column of seeds has one,
    - fewest_seeds: those of the setting that has the fewest,
    - steps: rows of one setting and seed, which is how far its course can be followed,
    - equal: whether all settings have the same seeds and as many rows,
    - random: whether its table holds random search, or random sampling, to compare with; missing
      if it compares no strategies,
    - on_benchmark: whether its networks are those of MNIST-NAS-Bench,
    - minutes: the time that its table reports, missing if it reports none,
    - clock: whose time that is, ``"processor"`` or ``"wall"``,
    - files: in ``nascourse/recordings``.
    """
    benchmark_networks = set(_read(f"{BENCHMARK}_networks.csv.gz")["network"])
    rows = [_counts(experiment, benchmark_networks) for experiment in EXPERIMENTS.values()]
    return pd.DataFrame(rows, index=pd.Index(EXPERIMENTS, name="experiment"))


def _counts(experiment: Experiment, benchmark_networks: set[int]) -> dict[str, Any]:
    tables = [_read(file) for file in experiment.files if ".csv" in file]
    table = tables[0]
    compares_strategies = "strategy" in table
    times = [name for name in table if name.endswith("seconds")]
    networks = [set(table["network"]) for table in tables if "network" in table]

    runs = table.assign(seed=table.get("seed", 0), all="all")
    settings = list(experiment.settings) or ["all"]
    seeds = runs.groupby(settings)["seed"].agg(frozenset)
    steps = runs.groupby([*settings, "seed"]).size()
    return {
        "rows": len(table),
        "settings": len(seeds),
        "seeds": runs["seed"].nunique(),
        "fewest_seeds": seeds.map(len).min(),
        "steps": steps.max(),
        "equal": seeds.nunique() == 1 and steps.nunique() == 1,
        "random": set(experiment.random) <= set(table["strategy"]) if compares_strategies else None,
        "on_benchmark": bool(networks) and set().union(*networks) <= benchmark_networks,
        "minutes": table[times].sum().sum() / 60 if times else None,
        "clock": None if not times else "wall" if "wall_seconds" in times else "processor",
        "files": experiment.files,
    }


def checklist() -> pd.DataFrame:
    """The 14 practices, in our words and the paper's order, and how far the course follows them.

    Returns
    -------
    One row a practice: part (of the paper), practice, answer (``"yes"``, ``"in part"`` or
    ``"no"``), evidence, files (where to check it, from the root of the course, with spaces between).
    """
    counts = experiments()
    parts = {"code": _code(counts), "comparison": _comparison(counts), "report": _report(counts)}
    rows = [
        {"part": part, **item._asdict(), "files": " ".join(item.files)}
        for part, items in parts.items()
        for item in items
    ]
    return pd.DataFrame(rows)


def _code(counts: pd.DataFrame) -> Iterator[Item]:
    recorded = [file for files in counts["files"] for file in files]
    explained = [_has_command(file) for file in recorded]
    yield Item(
        "Publish the code of the training, and the data",
        _answer(explained),
        f"{sum(explained)} of {len(recorded)} recordings name the command that makes them again; "
        "tables and 5,000 images come with the course, the rest of MNIST is public",
        [PAGE, FOLDER],
    )
    yield Item(
        "Publish the code of the search method",
        "yes",
        "every strategy is part of the course, under a free license",
        [
            "nascourse/strategies.py",
            "nascourse/methods/oneshot/supernet.py",
            "nascourse/methods/darts.py",
            "LICENSE",
        ],
    )
    yield Item(
        "Publish it now, not when it is tidy",
        "yes",
        "the scripts lie beside what they made",
        [FOLDER],
    )


def _comparison(counts: pd.DataFrame) -> Iterator[Item]:
    bench = benchmark.load_benchmark()
    rivals = counts[counts["random"].notna()]
    is_random, equal = rivals["random"].astype(bool), rivals["equal"]
    varied = counts.loc[["oneshot", "scaling", "darts"]]
    followed = counts["steps"] > 1
    wall = counts["clock"] == "wall"
    yield Item(
        "Share space, split and training, not only the images",
        _answer(counts["on_benchmark"]),
        f"networks of MNIST-NAS-Bench: {_listed(counts['on_benchmark'])}; "
        f"of other spaces: {_listed(~counts['on_benchmark'])}",
        [PAGE],
    )
    yield Item(
        "Take the method apart: which part brings what",
        _answer(varied["fewest_seeds"] > 1),
        "variants of the supernet, directions of scaling, remedies for DARTS: "
        f"{_numbered(varied['settings'])} settings; the fewest seeds of one: "
        f"{_numbered(varied['fewest_seeds'])}",
        _paths(varied),
    )
    yield Item(
        "Judge all methods by the same procedure",
        _answer(equal),
        f"the same seeds and as many rows for each strategy: {_listed(equal)}; "
        f"not so: {_listed(~equal)}",
        _paths(rivals),
    )
    yield Item(
        "Show quality over the effort spent",
        _answer(followed),
        f"steps that can be followed: {_numbered(counts['steps'][followed])}; "
        f"one effort only: {_listed(~followed)}",
        [PAGE],
    )
    yield Item(
        "Compare with random sampling and random search",
        _answer(is_random),
        f"among the strategies of: {_listed(is_random)}; on the benchmark, `simulate` runs random "
        "search beside any other, and one network drawn at random has "
        f"{bench.final()['test_accuracy'].mean():.1%} test accuracy on average, the best has "
        f"{bench.oracle_best['test_accuracy']:.1%}",
        [*_paths(rivals), "nascourse/benchmark/simulation.py"],
    )
    yield Item(
        "Repeat with several seeds, and name them",
        _answer(counts["fewest_seeds"] > 1),
        f"the fewest seeds of a setting: {_numbered(counts['fewest_seeds'])}",
        [PAGE],
    )
    yield Item(
        "Use a table of measured networks where you can",
        _answer([len(bench) == bench.of]),
        f"{len(bench):,} of {bench.of:,} networks of the space, {len(bench.seeds)} seeds, "
        f"{bench.epochs} epochs",
        [f"{FOLDER}/{BENCHMARK}.md"],
    )
    yield Item(
        "Keep everything else the same: machine, versions",
        _answer(~wall[counts["clock"].notna()]),
        "one kind of machine and the pinned versions for all; wall-clock time, which other "
        f"programs lengthen: {_listed(wall)}",
        [PAGE, "requirements.txt"],
    )


def _report(counts: pd.DataFrame) -> Iterator[Item]:
    header = json.loads((RECORDINGS / f"{BENCHMARK}.json").read_text("utf-8"))
    epochs = sorted(_read("oneshot_supernets.csv")["epochs"].unique())
    minutes = counts["minutes"].round(1)
    setup = [header.get(key) for key in ("machine", "tensorflow", "keras", "python")]
    yield Item(
        "Say how the method's own settings were found",
        "in part",
        f"all are in the code; tried on record: supernets of {', '.join(map(str, epochs))} epochs; "
        "what else was tried, and what that cost, is not on record",
        [
            "nascourse/strategies.py",
            "nascourse/methods/oneshot/supernet.py",
            "nascourse/methods/darts.py",
        ],
    )
    yield Item(
        "Report the whole cost, from the first step to the last",
        _answer(minutes.notna()),
        f"minutes on record: {_numbered(minutes.dropna())}; none: {_listed(minutes.isna())}",
        [PAGE],
    )
    yield Item(
        "Report the setup: machine, libraries, versions",
        _answer(setup),
        "{}; TensorFlow {}, Keras {}, Python {}".format(*setup),
        [f"{FOLDER}/{BENCHMARK}.json", PAGE, "requirements.txt"],
    )


def _answer(fulfilled: Iterable[Any]) -> str:
    fulfilled = list(fulfilled)
    return "yes" if all(fulfilled) else "in part" if any(fulfilled) else "no"


def _listed(chosen: pd.Series) -> str:
    return ", ".join(chosen.index[chosen]) or "none"


def _numbered(values: pd.Series) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in values.items())


def _paths(counts: pd.DataFrame) -> list[str]:
    return [f"{FOLDER}/{file}" for files in counts["files"] for file in files]


def _has_command(file: str) -> bool:
    """Whether the page of the recordings says how a file was made."""
    page = (RECORDINGS / "README.md").read_text("utf-8")
    lines = re.findall(r"^\| `(.+?)` \|.*\| *(\S.*?) *\|$", page, re.MULTILINE)
    return any(fnmatch.fnmatch(file, pattern) for pattern, _ in lines)


def _read(file: str) -> pd.DataFrame:
    return pd.read_csv(RECORDINGS / file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--to", type=Path, default=FILE, help="another file to write")
    recorder.save(checklist(), parser.parse_args().to)


if __name__ == "__main__":
    main()
