"""MNIST-NAS-Bench: look a network's training up instead of training it.

>>> from nascourse.benchmark import load_benchmark
>>> bench = load_benchmark()
>>> network = {"body/blocks": 1, "body/halving": "max", "body/skip": False, "conv/kind": "plain",
...            "conv/kernel": 3, "conv/filters_0": 6, "head": "flatten"}
>>> bench.query(network, epochs=4, seed=0).val_accuracy                       # doctest: +SKIP

The networks of `nascourse.spaces.bench_space` have been trained with three seeds, and the table
holds what was measured after each epoch.  A query charges what the training would have cost:

>>> bench.start(budget=100)
>>> for epochs in (1, 2, 4):
...     outcome = bench.query(bench.networks.index[0], epochs=epochs)
>>> bench.epochs_spent
7

Past the budget it raises `BudgetSpent`.  What needs no training is free: `facts` (parameters,
FLOPs, latency, zero-cost proxies).  A query never returns the test accuracy, since no search may
look at it.  Whoever judges searches asks for it: `test_accuracy`, `truth`, `oracle_best`,
`pareto_front`.

`simulate` lets the course's own oracles search the table, hundreds of times in seconds:

>>> from nascourse.benchmark import simulate
>>> races = simulate(["random", "evolution"], budget=50, seeds=range(100))    # doctest: +SKIP

`simulate_workers` searches it with several workers, by ASHA or Hyperband; and `within_budget`,
`superiority`, `difference` and `holm` say what it shows.  The design follows the interface of
NAS-Bench-101 (Ying et al. 2019); `nascourse.benchmark.api` has that of NAS-Bench-201.  Reading the
table needs no TensorFlow.
"""

from nascourse.benchmark.asynchronous import simulate_workers
from nascourse.benchmark.comparison import (
    Difference,
    Superiority,
    difference,
    holm,
    local_optima,
    optimism_of_the_best,
    superiority,
    winners_curse,
    within_budget,
)
from nascourse.benchmark.loading import NAME, load_benchmark
from nascourse.benchmark.simulation import RECORDED, simulate
from nascourse.benchmark.table import PROXIES, Benchmark, BudgetSpent, Outcome
from nascourse.trials import COSTS
