"""Are the course's own experiments good science?  A published checklist, filled from their tables.

Lindauer & Hutter (JMLR 21:243, 2020) name 14 practices that let others trust and repeat an
experiment on architecture search.  `experiments` counts what the recordings of the course hold,
and `checklist` answers from these counts: yes, in part, or no, each with its evidence.

>>> from nascourse.checklist import checklist, linked
>>> checklist()["answer"].value_counts()                                      # doctest: +SKIP
>>> linked(checklist())  # in a notebook: with links to the files             # doctest: +SKIP

Whatever can be read from a table is read, so an answer changes when an experiment does.
"""

from __future__ import annotations

import fnmatch
import html
import json
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any, NamedTuple

import pandas as pd
from IPython.display import HTML

from nascourse.benchmark import Benchmark, load_benchmark

PAPER = "https://jmlr.org/papers/v21/20-056.html"
RECORDINGS = files("nascourse") / "recordings"
_FOLDER, _SCRIPTS = "nascourse/recordings", "tests/benchmarks"
_PAGE = f"{_FOLDER}/README.md"
_TABLE = "mnist_nas_bench"


class _Experiment(NamedTuple):
    """What a table does not say of itself."""

    files: tuple[str, ...]  # the first one is counted
    settings: tuple[str, ...] = ()  # columns that tell apart what is compared
    random: tuple[str, ...] = ()  # strategies that are random search or random sampling


_EXPERIMENTS = {
    "random_cnn": _Experiment(("random_cnn.csv",)),
    "strategies": _Experiment(("strategies.csv",), ("strategy",), ("random",)),
    "project_seeds": _Experiment(("project_seeds.csv",)),
    _TABLE: _Experiment((f"{_TABLE}_epochs.csv.gz", f"{_TABLE}.json"), ("network",)),
    "bayesian": _Experiment((f"{_TABLE}_bayesian.csv.gz",)),
    "subsets": _Experiment(("subsets.csv",), ("network",)),
    "oneshot": _Experiment(("oneshot_supernets.csv", "oneshot.csv"), ("epochs", "separate")),
    "scaling": _Experiment(("scaling_digits.csv",), ("direction", "times")),
    "darts": _Experiment(
        ("darts.csv", "darts_epochs.csv"), ("strategy",), ("four cells trained", "one cell drawn")
    ),
    "backends": _Experiment(("backends.csv",), ("backend", "strategy"), ("random",)),
    "optuna": _Experiment(
        ("optuna.csv", "optuna_search.csv"),
        ("strategy", "budget"),
        ("random", "random, repeats"),
    ),
}


class _Item(NamedTuple):
    """One practice, and how far the course keeps it."""

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
    known = set(_read(f"{_TABLE}_networks.csv.gz")["network"])
    rows = [_counted(experiment, known) for experiment in _EXPERIMENTS.values()]
    return pd.DataFrame(rows, index=pd.Index(_EXPERIMENTS, name="experiment"))


def _counted(experiment: _Experiment, known: set[int]) -> dict[str, Any]:
    tables = [_read(file) for file in experiment.files if ".csv" in file]
    table = tables[0]
    compares_strategies = "strategy" in table
    times = [name for name in table if name.endswith("seconds")]
    networks = [set(other["network"]) for other in tables if "network" in other]

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
        "on_benchmark": bool(networks) and set().union(*networks) <= known,
        "minutes": table[times].sum().sum() / 60 if times else None,
        "clock": None if not times else "wall" if "wall_seconds" in times else "processor",
        "files": experiment.files,
    }


def checklist() -> pd.DataFrame:
    """The 14 practices, in our words and the paper's order, and how far the course keeps them.

    Returns
    -------
    One row a practice: part (of the paper), practice, answer (``"yes"``, ``"in part"`` or
    ``"no"``), evidence, files (where to check it, from the root of the course).
    """
    done = experiments()
    bench = load_benchmark()
    header = json.loads((RECORDINGS / f"{_TABLE}.json").read_text("utf-8"))
    parts = {
        "code": _code(done),
        "comparison": _comparison(done, bench),
        "report": _report(done, header),
    }
    rows = [{"part": part, **item._asdict()} for part, items in parts.items() for item in items]
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1))


def _code(done: pd.DataFrame) -> Iterator[_Item]:
    recorded = [file for names in done["files"] for file in names]
    explained = [_has_command(file) for file in recorded]
    yield _Item(
        "Publish the code of the training, and the data",
        _answer(explained),
        f"{sum(explained)} of {len(recorded)} recordings name the command that makes them again; "
        "tables and 5,000 images come with the course, the rest of MNIST is public",
        [_PAGE, _SCRIPTS],
    )
    yield _Item(
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
    yield _Item(
        "Publish it now, not when it is tidy",
        "yes",
        "the scripts lie beside what they made",
        [_SCRIPTS],
    )


def _comparison(done: pd.DataFrame, bench: Benchmark) -> Iterator[_Item]:
    rivals = done[done["random"].notna()]
    is_random, equal = rivals["random"].astype(bool), rivals["equal"]
    varied = done.loc[["oneshot", "scaling", "darts"]]
    followed = done["steps"] > 1
    wall = done["clock"] == "wall"
    yield _Item(
        "Share space, split and training, not only the images",
        _answer(done["on_benchmark"]),
        f"networks of MNIST-NAS-Bench: {_listed(done['on_benchmark'])}; "
        f"of other spaces: {_listed(~done['on_benchmark'])}",
        [_PAGE],
    )
    yield _Item(
        "Take the method apart: which part brings what",
        _answer(varied["fewest_seeds"] > 1),
        "variants of the supernet, directions of scaling, remedies for DARTS: "
        f"{_numbered(varied['settings'])} settings; the fewest seeds of one: "
        f"{_numbered(varied['fewest_seeds'])}",
        _paths(varied),
    )
    yield _Item(
        "Judge all methods by the same procedure",
        _answer(equal),
        f"the same seeds and as many rows for each strategy: {_listed(equal)}; "
        f"not so: {_listed(~equal)}",
        _paths(rivals),
    )
    yield _Item(
        "Show quality over the effort spent",
        _answer(followed),
        f"steps that can be followed: {_numbered(done['steps'][followed])}; "
        f"one effort only: {_listed(~followed)}",
        [_PAGE],
    )
    yield _Item(
        "Compare with random sampling and random search",
        _answer(is_random),
        f"among the strategies of: {_listed(is_random)}; on the benchmark, `simulate` runs random "
        "search beside any other, and one network drawn at random has "
        f"{bench.final()['test_accuracy'].mean():.1%} test accuracy on average, the best has "
        f"{bench.oracle_best['test_accuracy']:.1%}",
        [*_paths(rivals), "nascourse/benchmark.py"],
    )
    yield _Item(
        "Repeat with several seeds, and name them",
        _answer(done["fewest_seeds"] > 1),
        f"the fewest seeds of a setting: {_numbered(done['fewest_seeds'])}",
        [_PAGE],
    )
    yield _Item(
        "Use a table of measured networks where you can",
        _answer([len(bench) == bench.of]),
        f"{len(bench):,} of {bench.of:,} networks of the space, {len(bench.seeds)} seeds, "
        f"{bench.epochs} epochs",
        [f"{_FOLDER}/{_TABLE}.md"],
    )
    yield _Item(
        "Keep everything else the same: machine, versions",
        _answer(~wall[done["clock"].notna()]),
        "one kind of machine and the pinned versions for all; wall-clock time, which other "
        f"programs lengthen: {_listed(wall)}",
        [_PAGE, "requirements.txt"],
    )


def _report(done: pd.DataFrame, header: dict[str, Any]) -> Iterator[_Item]:
    epochs = sorted(_read("oneshot_supernets.csv")["epochs"].unique())
    minutes = done["minutes"].round(1)
    setup = [header.get(key) for key in ("machine", "tensorflow", "keras", "python")]
    yield _Item(
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
    yield _Item(
        "Report the whole cost, from the first step to the last",
        _answer(minutes.notna()),
        f"minutes on record: {_numbered(minutes.dropna())}; none: {_listed(minutes.isna())}",
        [_PAGE],
    )
    yield _Item(
        "Report the setup: machine, libraries, versions",
        _answer(setup),
        "{}; TensorFlow {}, Keras {}, Python {}".format(*setup),
        [f"{_FOLDER}/{_TABLE}.json", _PAGE, "requirements.txt"],
    )


def linked(table: pd.DataFrame, *, root: str = "..") -> HTML:
    """A checklist as a page shows it, its files as links.

    Parameters
    ----------
    root
        The way from the notebook that shows it to the root of the course.
    """

    def links(names: Iterable[str]) -> str:
        return "<br>".join(
            f'<a href="{html.escape(f"{root}/{name}")}">{html.escape(name.split("/")[-1])}</a>'
            for name in names
        )

    formatters = {name: html.escape for name in table.columns} | {"files": links}
    source = f'<p>After <a href="{PAPER}">Lindauer &amp; Hutter (2020)</a>.</p>'
    return HTML(table.to_html(escape=False, justify="left", formatters=formatters) + source)


def _answer(kept: Iterable[Any]) -> str:
    kept = list(kept)
    return "yes" if all(kept) else "in part" if any(kept) else "no"


def _listed(chosen: pd.Series) -> str:
    return ", ".join(chosen.index[chosen]) or "none"


def _numbered(values: pd.Series) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in values.items())


def _paths(experiments: pd.DataFrame) -> list[str]:
    return [f"{_FOLDER}/{file}" for files in experiments["files"] for file in files]


def _has_command(file: str) -> bool:
    """Whether the page of the recordings says how a file was made."""
    page = (RECORDINGS / "README.md").read_text("utf-8")
    lines = re.findall(r"^\| `(.+?)` \|.*\| *(\S.*?) *\|$", page, re.MULTILINE)
    return any(fnmatch.fnmatch(file, pattern) for pattern, _ in lines)


def _read(file: str) -> pd.DataFrame:
    with (RECORDINGS / file).open("rb") as stream:
        return pd.read_csv(stream, compression="gzip" if file.endswith(".gz") else None)
