"""MNIST-NAS-Bench to play with: look networks up, search by hand, set a limit on their size.

>>> from nascourse.benchmark import load_benchmark
>>> from nascourse.views import explorers
>>> bench = load_benchmark()
>>> explorers.explore(bench)                                                  # doctest: +SKIP
>>> explorers.beat_the_search(bench)                                          # doctest: +SKIP
>>> explorers.tradeoff(bench)                                                 # doctest: +SKIP

Where widgets do not work, each shows a figure or a table instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nascourse import benchmark, evaluation, plotting, spaces
from nascourse.views import html

# isort: split
import ipywidgets
import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.axes import Axes
from scipy.stats import percentileofscore

OPPONENTS = ("random", "evolution", "greedy")  # the strategies that a player races against
TABLE = "MNIST-NAS-Bench"


def explore(bench: benchmark.Benchmark) -> None:
    """Pick a network of the table, and see it, its learning curve and what it costs."""

    def show() -> None:
        layers, curve = (plotting.image(*figure) for figure in _figures(bench, picker.network))
        costs = facts(bench, picker.network).to_frame().reset_index(names="")
        page.value = layers + html.beside(curve, html.table(costs, "What the table knows"))

    picker, page = _Picker(bench, show), ipywidgets.HTML()
    if html.work():
        html.show([picker.box], page)
        show()
        return
    for ax, alt in _figures(bench, picker.network):
        plotting.show(ax, alt=alt, source=TABLE)
    display(facts(bench, picker.network).to_frame())


def facts(bench: benchmark.Benchmark, network: int) -> pd.Series:
    """What a learner may know of a network: costs, validation accuracy and rank, as text."""
    costs = bench.facts(network)
    accuracies = bench.at(bench.epochs)
    rank = int((accuracies > accuracies[network]).sum()) + 1
    latency = costs.get("latency_ms")
    return pd.Series(
        {
            "parameters": f"{costs['n_params']:,}",
            "FLOPs for one image": f"{costs['flops']:,}",
            "latency": "not measured" if latency is None else f"{latency:.2f} ms",
            f"validation accuracy, mean of {len(bench.seeds)} seeds": f"{accuracies[network]:.3f}",
            "rank": f"{rank} of {len(bench)}",
        },
        name=f"network {network}",
    )


def _figures(bench: benchmark.Benchmark, network: int) -> list[tuple[Axes, str]]:
    """A network's layers, and its learning curve, each with its alt text."""
    choices = bench.choices_of(network)
    model = spaces.built(spaces.bench_space, choices)
    layers = plotting.plot_architecture(evaluation.layer_costs(model))
    curve = plotting.plot_seeds(bench.curves[bench.curves["network"] == network])
    alt = (
        f"Learning curve of network {network}: the mean of {len(bench.seeds)} seeds in a band that "
        f"holds them all; it ends at {bench.at(bench.epochs)[network]:.3f}."
    )
    return [(layers, f"The layers of network {network}: {html.listed(choices)}."), (curve, alt)]


class _Picker:
    """A dropdown for each choice; they offer only what leads to a network of the table."""

    def __init__(self, bench: benchmark.Benchmark, on_pick: Callable[[], None]):
        self._bench, self._on_pick = bench, on_pick
        self.choices = {network: bench.choices_of(network) for network in bench.networks.index}
        self._fitting = False
        self.boxes = {
            name: ipywidgets.Dropdown(description=name, style={"description_width": "9em"})
            for name in bench.choices
        }
        self._fit()
        for box in self.boxes.values():
            box.observe(self._changed, "value")
        self.box = ipywidgets.HBox([*self.boxes.values()], layout={"flex_flow": "row wrap"})

    def _changed(self, _: Any) -> None:
        if not self._fitting:
            self._fit()
            self._on_pick()

    def _fit(self) -> None:
        """Offer in each box what the boxes before it leave possible; keep its value if it can be."""
        self._fitting, networks = True, list(self.choices)
        for name, box in self.boxes.items():
            possible = {self.choices[network].get(name) for network in networks}
            options = [value for value in [*self._bench.choices[name], None] if value in possible]
            value = box.value if box.value in possible else options[0]
            box.options = [(html.word(option), option) for option in options]
            box.value = value
            box.layout.display = "none" if options == [None] else ""
            networks = [n for n in networks if self.choices[n].get(name) == value]
        self.network = networks[0]
        self._fitting = False


def beat_the_search(
    bench: benchmark.Benchmark, *, budget: int = 10, seeds: Iterable[int] = range(100)
) -> None:
    """Pick networks, then see how many searches of each strategy you have beaten.

    You learn what a strategy learns: the validation accuracy of one training.  As in a search, the
    best of your picks is judged by its test accuracy, once, at the end.  The races of the
    strategies take a few seconds, at the start.
    """
    searches = benchmark.simulate(list(OPPONENTS), budget=budget, seeds=seeds, benchmark=bench)
    last = searches.groupby(["strategy", "seed"])["test_accuracy"].last()
    results = {strategy: last[strategy].tolist() for strategy in OPPONENTS}
    if html.work():
        game = _Game(bench, results, budget)
        html.show([game.picker.box, game.button], game.page)
    else:
        ax, alt = _plot_results(results, None)
        plotting.show(ax, alt=alt, source=f"searches of {budget} trials on {TABLE}")


class _Game:
    """A player's search: pick, see the accuracy, and be judged when the budget is spent."""

    def __init__(self, bench: benchmark.Benchmark, results: Mapping[str, list[float]], budget: int):
        self.bench, self.results, self.budget = bench, results, budget
        last = bench.curves[bench.curves["epoch"] == bench.epochs]
        self._accuracies = last.set_index(["network", "seed"])["val_accuracy"]
        self.picks: dict[int, float] = {}
        self.picker = _Picker(bench, self._show)
        self.button = html.button("Train this network", self._train, icon="play")
        self.page = ipywidgets.HTML()
        self._show()

    def _train(self) -> None:
        network = self.picker.network
        seed = self._seed(len(self.picks))
        self.picks[network] = float(self._accuracies[network, seed])
        self._show()

    def _seed(self, pick: int) -> int:
        """Whose training a pick hears, from 0."""
        return self.bench.seeds[pick % len(self.bench.seeds)]

    def _show(self) -> None:
        over = len(self.picks) == self.budget
        trained = self.picker.network in self.picks
        self.button.disabled = over or trained
        text = f"Trained: {len(self.picks)} of {self.budget}."
        if trained and not over:
            text += " You have trained this network: pick another one."
        table = {
            "pick": range(1, len(self.picks) + 1),
            "validation accuracy": [f"{accuracy:.3f}" for accuracy in self.picks.values()],
            "network": [html.listed(self.bench.choices_of(network)) for network in self.picks],
        }
        judgement = self._judgement() if over else ""
        picks = html.table(pd.DataFrame(table), "Your search") if self.picks else ""
        self.page.value = f"<p>{text}</p>{judgement}{picks}"

    def _judgement(self) -> str:
        best = max(self.picks, key=self.picks.__getitem__)
        # As of the searches: the training that was heard does not judge.
        yours = float(self.bench.truth(without=self._seed(list(self.picks).index(best)))[best])
        beaten = ", ".join(  # of equals half count as beaten
            f"{percentileofscore(accuracies, yours, kind='mean'):.0f}% of the {strategy} searches"
            for strategy, accuracies in self.results.items()
        )
        text = f"Your best pick has a test accuracy of {yours:.3f}. You are ahead of {beaten}."
        return f"<p><b>{text}</b></p>{plotting.image(*_plot_results(self.results, yours))}"


def _plot_results(results: Mapping[str, list[float]], yours: float | None) -> tuple[Axes, str]:
    """The test accuracies that the searches end with, and yours among them, with the alt text."""
    ax = plotting.plot_shares(results, by="test_accuracy")
    ax.set_ylabel("share of the searches at or below")
    medians = ", ".join(f"{name} {np.median(values):.3f}" for name, values in results.items())
    alt = f"Test accuracies that the searches end with; their medians: {medians}."
    if yours is not None:
        ax.axvline(yours, color="black", linestyle="--", label="you")
        ax.legend(loc="upper left", frameon=False)
        alt += f" A dashed line shows yours, {yours:.3f}."
    return ax, alt


def tradeoff(bench: benchmark.Benchmark) -> None:
    """All networks by size and accuracy, with a limit on the size to move."""
    sizes = bench.networks["n_params"].to_numpy(float)
    limits = np.geomspace(sizes.min(), sizes.max(), 15)[1:]
    # Up to two digits, so that the last limit admits the largest network.
    units = 10 ** np.maximum(np.log10(limits).astype(int) - 1, 0)
    limits = (np.ceil(limits / units) * units).astype(int).tolist()
    middle = limits[len(limits) // 2]
    if not html.work():
        ax, alt = _plot_under(bench, middle)
        plotting.show(ax, alt=alt, source=TABLE)
        return
    page = ipywidgets.HTML()
    slider = ipywidgets.SelectionSlider(
        options=[(f"{limit:,}", limit) for limit in limits],
        value=middle,
        description="At most",
        continuous_update=False,
    )

    def show(_: Any = None) -> None:
        ax, alt = _plot_under(bench, slider.value)
        page.value = f"{plotting.image(ax, alt)}<p>{alt}</p>"

    slider.observe(show, "value")
    unit = ipywidgets.Label("parameters")
    html.show([ipywidgets.HBox([slider, unit])], page)
    show()


def _plot_under(bench: benchmark.Benchmark, limit: int) -> tuple[Axes, str]:
    """The networks by size and accuracy, those above the limit in gray, with the alt text."""
    networks = bench.final()
    small = networks[networks["n_params"] <= limit]
    chosen, best = (small.loc[small[f"{part}_accuracy"].idxmax()] for part in ("val", "test"))
    ax = plotting.plot_pareto(networks, bench.pareto_front())
    right = ax.get_xlim()[1]
    ax.axvspan(limit, right, color=plotting.GRAY, alpha=0.15, linewidth=0)
    ax.set_xlim(right=right)
    place = best["n_params"], best["test_accuracy"]
    ax.plot(*place, "D", color=plotting.GREEN, label="best in the test")
    # A frame around the dot, since both may be the same network.
    place = chosen["n_params"], chosen["test_accuracy"]
    (frame,) = ax.plot(*place, "s", color=plotting.BLUE, label="best in validation")
    frame.set(markersize=15, markerfacecolor="none", markeredgewidth=2)
    ax.legend(loc="lower right", frameon=False)
    alt = (
        f"With at most {limit:,} parameters the best network has {best['n_params']:,} and a test "
        f"accuracy of {best['test_accuracy']:.3f}. A search that tries them all would choose "
    )
    if chosen.name == best.name:
        return ax, f"{alt}it too."
    return ax, f"{alt}by validation accuracy: it gets {chosen['test_accuracy']:.3f}."
