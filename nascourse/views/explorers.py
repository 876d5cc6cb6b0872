"""MNIST-NAS-Bench to play with: look networks up, search by hand, set a limit on their size.

>>> from nascourse.views import explorers
>>> from nascourse.benchmark import load_benchmark
>>> bench = load_benchmark()
>>> explorers.explore(bench)                                                  # doctest: +SKIP
>>> explorers.beat_the_search(bench)                                          # doctest: +SKIP
>>> explorers.tradeoff(bench)                                                 # doctest: +SKIP

Where widgets do not work, or the environment variable ``NASCOURSE_WIDGETS`` is ``off``, each shows
a figure or a table instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nascourse import CourseError, benchmark, evaluation, plotting, spaces
from nascourse.views import html

# isort: split
import ipywidgets
import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.axes import Axes

STRATEGIES = ("random", "evolution", "greedy")  # a player's opponents
TABLE = "MNIST-NAS-Bench"


def explore(bench: benchmark.Benchmark, *, space: Callable[..., Any] = spaces.bench_space) -> None:
    """Pick a network of the table, and see it, its learning curve and what it costs.

    Parameters
    ----------
    bench, space
        The table, and the function that builds its networks.
    """
    picker = _Picker(bench, lambda: None)
    if not html.work():
        for ax, alt in _portrait(bench, picker.network, space):
            plotting.show(ax, alt=alt, source=TABLE)
        display(facts(bench, picker.network).to_frame())
        return
    page = ipywidgets.HTML()

    def show() -> None:
        known = facts(bench, picker.network).to_frame().reset_index(names="")
        layers, curve = (html.image(*part) for part in _portrait(bench, picker.network, space))
        page.value = layers + html.beside(curve, html.table(known, "What the table knows"))

    picker.on_pick = show
    display(ipywidgets.VBox([picker.box, page]))
    show()


def facts(bench: benchmark.Benchmark, network: int) -> pd.Series:
    """What a learner may know of a network: costs, validation accuracy and rank, as text."""
    known = bench.facts(network)
    accuracies = bench.at(bench.epochs)
    rank = int((accuracies > accuracies[network]).sum()) + 1
    latency = known.get("latency_ms")
    return pd.Series(
        {
            "parameters": f"{known['n_params']:,}",
            "FLOPs for one image": f"{known['flops']:,}",
            "latency": "not measured" if latency is None else f"{latency:.2f} ms",
            f"validation accuracy, mean of {len(bench.seeds)} seeds": f"{accuracies[network]:.3f}",
            "rank": f"{rank} of {len(bench)}",
        },
        name=f"network {network}",
    )


def _portrait(
    bench: benchmark.Benchmark, network: int, space: Callable[..., Any]
) -> list[tuple[Axes, str]]:
    """A network's layers, and its learning curve, each with its alt text."""
    setting = _setting(bench, network)
    layers = plotting.plot_architecture(evaluation.layer_costs(spaces.built(space, setting)))
    curve = plotting.plot_seeds(bench.curves[bench.curves["network"] == network])
    alt = (
        f"Learning curve of network {network}: the mean of {len(bench.seeds)} seeds in a band that "
        f"holds them all; it ends at {bench.at(bench.epochs)[network]:.3f}."
    )
    return [(layers, f"The layers of network {network}: {html.listed(setting)}."), (curve, alt)]


def _setting(bench: benchmark.Benchmark, network: int) -> dict[str, Any]:
    """The choices of a network, as plain values."""
    row = bench.networks.loc[[network], list(bench.choices)]
    values = {name: row[name].tolist()[0] for name in row}
    return {name: value for name, value in values.items() if not pd.isna(value)}


class _Picker:
    """A dropdown for each choice; they offer only what leads to a network of the table."""

    def __init__(self, bench: benchmark.Benchmark, on_pick: Callable[[], None]):
        self.on_pick, self.choices = on_pick, bench.choices
        columns = [bench.networks[name].tolist() for name in bench.choices]
        self._numbers = {
            tuple(None if pd.isna(value) else value for value in key): number
            for number, key in zip(bench.networks.index, zip(*columns))
        }
        self._fitting = False
        self.boxes = {
            name: ipywidgets.Dropdown(description=name, style={"description_width": "9em"})
            for name in bench.choices
        }
        self._fit()
        for box in self.boxes.values():
            box.observe(self._changed, "value")
        layout = ipywidgets.Layout(flex_flow="row wrap")
        self.box = ipywidgets.HBox(list(self.boxes.values()), layout=layout)

    def _changed(self, _: Any) -> None:
        if not self._fitting:
            self._fit()
            self.on_pick()

    def _fit(self) -> None:
        """Offer in each box what the boxes before it leave possible, and keep what can be kept."""
        self._fitting, keys = True, list(self._numbers)
        for at, (name, box) in enumerate(self.boxes.items()):
            possible = {key[at] for key in keys}
            options = [value for value in [*self.choices[name], None] if value in possible]
            value = box.value if box.value in possible else options[0]
            box.options = [(html.word(option), option) for option in options]
            box.value = value
            box.layout.display = "none" if options == [None] else ""
            keys = [key for key in keys if key[at] == value]
        self.network = int(self._numbers[keys[0]])
        self._fitting = False


def beat_the_search(
    bench: benchmark.Benchmark, *, budget: int = 10, seeds: Iterable[int] = range(100)
) -> None:
    """Pick networks, then see how many searches of each strategy you have beaten.

    You hear what a strategy hears: the validation accuracy of one training.  As in a search, the
    best of your picks is judged by its test accuracy, once, at the end.  The races of the
    strategies take a few seconds, at the start.
    """
    searches = benchmark.simulate(list(STRATEGIES), budget=budget, seeds=seeds, benchmark=bench)
    ends = searches.groupby(["strategy", "seed"])["test_accuracy"].last()
    ends = {strategy: ends[strategy].to_numpy() for strategy in STRATEGIES}
    if html.work():
        display(_Game(bench, ends, budget).box)
    else:
        ax, alt = _race(ends, None)
        plotting.show(ax, alt=alt, source=f"searches of {budget} trials on {TABLE}")


def share_beaten(yours: float, theirs: Sequence[float]) -> float:
    """The share of searches that ended below yours; equals count half."""
    theirs = np.asarray(theirs)
    return float(np.mean((theirs < yours) + 0.5 * (theirs == yours)))


class _Game:
    """A player's search: pick, hear, and be judged when the budget is spent."""

    def __init__(self, bench: benchmark.Benchmark, ends: Mapping[str, np.ndarray], budget: int):
        self.bench, self.ends, self.budget = bench, ends, budget
        last = bench.curves[bench.curves["epoch"] == bench.epochs]
        self._heard = last.set_index(["network", "seed"])["val_accuracy"]
        self.picks: dict[int, float] = {}
        self.picker = _Picker(bench, self._show)
        self.button = html.button("Train this network", self._train, icon="play")
        self.page = ipywidgets.HTML()
        self.box = ipywidgets.VBox([self.picker.box, self.button, self.page])
        self._show()

    def _train(self) -> None:
        network = self.picker.network
        seed = self.bench.seeds[len(self.picks) % len(self.bench.seeds)]
        self.picks[network] = float(self._heard[network, seed])
        self._show()

    def _show(self) -> None:
        over = len(self.picks) == self.budget
        trained = self.picker.network in self.picks
        self.button.disabled = over or trained
        text = f"Trained: {len(self.picks)} of {self.budget}."
        if trained and not over:
            text += " You have trained this network: pick another one."
        page = f"<p>{text}</p>"
        if over:
            page += self._judged()
        if self.picks:
            rows = [
                {
                    "pick": at,
                    "validation accuracy": f"{accuracy:.3f}",
                    "network": html.listed(_setting(self.bench, network)),
                }
                for at, (network, accuracy) in enumerate(self.picks.items(), 1)
            ]
            page += html.table(pd.DataFrame(rows), "Your search")
        self.page.value = page

    def _judged(self) -> str:
        best = max(self.picks, key=self.picks.__getitem__)
        yours = self.bench.test_accuracy(best)
        beaten = ", ".join(
            f"{share_beaten(yours, theirs):.0%} of the {strategy} searches"
            for strategy, theirs in self.ends.items()
        )
        text = f"Your best pick has a test accuracy of {yours:.3f}. You are ahead of {beaten}."
        return f"<p><b>{text}</b></p>{html.image(*_race(self.ends, yours))}"


def _race(ends: Mapping[str, np.ndarray], yours: float | None) -> tuple[Axes, str]:
    """Where the searches of each strategy end, and you among them, with the alt text."""
    ax = plotting.plot_shares(ends, by="test_accuracy")
    ax.set_ylabel("share of the searches at or below")
    medians = ", ".join(f"{name} {np.median(values):.3f}" for name, values in ends.items())
    alt = f"Test accuracies that the searches end with; their medians: {medians}."
    if yours is not None:
        ax.axvline(yours, color="black", linestyle="--", label="you")
        ax.legend(loc="upper left", frameon=False)
        alt += f" A dashed line shows yours, {yours:.3f}."
    return ax, alt


def tradeoff(bench: benchmark.Benchmark) -> None:
    """All networks by size and accuracy, with a limit on the size to move."""
    sizes = bench.networks["n_params"]
    limits = [_round(limit) for limit in np.geomspace(sizes.min(), sizes.max(), 15)][1:]
    if not html.work():
        ax, alt = _under(bench, limits[len(limits) // 2])
        plotting.show(ax, alt=alt, source=TABLE)
        return
    page = ipywidgets.HTML()
    slider = ipywidgets.SelectionSlider(
        options=[(f"{limit:,}", limit) for limit in limits],
        value=limits[len(limits) // 2],
        description="At most",
        continuous_update=False,
    )

    def show(_: Any = None) -> None:
        ax, alt = _under(bench, slider.value)
        page.value = f"{html.image(ax, alt)}<p>{alt}</p>"

    slider.observe(show, "value")
    unit = ipywidgets.Label("parameters")
    display(ipywidgets.VBox([ipywidgets.HBox([slider, unit]), page]))
    show()


def best_under(bench: benchmark.Benchmark, limit: int) -> tuple[pd.Series, pd.Series]:
    """Of the networks with at most so many parameters: the one a search would choose, and the best.

    A search would choose by validation accuracy; the best is told by the test accuracy.
    """
    small = bench.final()
    small = small[small["n_params"] <= limit]
    if small.empty:
        least = bench.networks["n_params"].min()
        raise CourseError(
            f"No network has at most {limit:,} parameters: give a limit from {least:,}."
        )
    return tuple(small.loc[small[by].idxmax()] for by in ("val_accuracy", "test_accuracy"))


def _under(bench: benchmark.Benchmark, limit: int) -> tuple[Axes, str]:
    chosen, best = best_under(bench, limit)
    ax = plotting.plot_pareto(bench.final(), bench.pareto_front())
    end = ax.get_xlim()[1]
    ax.axvspan(limit, end, color=plotting.GRAY, alpha=0.15, linewidth=0)
    ax.set_xlim(right=end)
    for row, label, color, marker, look in (
        (best, "best in the test", plotting.GREEN, "D", {}),
        # A frame, since both may be the same network:
        (chosen, "best in validation", plotting.BLUE, "s", {"ms": 15, "mfc": "none", "mew": 2}),
    ):
        ax.plot(row["n_params"], row["test_accuracy"], marker, color=color, label=label, **look)
    ax.legend(loc="lower right", frameon=False)
    alt = (
        f"With at most {limit:,} parameters the best network has {best['n_params']:,} and a test "
        f"accuracy of {best['test_accuracy']:.3f}. "
    )
    if chosen.name == best.name:
        alt += "A search that tries them all would choose it too."
    else:
        alt += (
            "A search that tries them all would choose by validation accuracy: it gets "
            f"{chosen['test_accuracy']:.3f}."
        )
    return ax, alt


def _round(number: float) -> int:
    """Up to two digits, so that no network falls out."""
    unit = 10 ** max(int(np.log10(number)) - 1, 0)
    return int(np.ceil(number / unit)) * unit
