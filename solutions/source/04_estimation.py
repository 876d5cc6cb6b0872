# %% [markdown]
# # Exercises 04: How cheaply can a network be judged?
#
# Four exercises on [unit 04](../notebooks/04_estimation.ipynb): a rank correlation, the price of a
# successive halving, a proxy that looks good, and what an early choice costs.

# %%
from nascourse import benchmark, plotting
from nascourse.checks import check, hint

import numpy as np
import pandas as pd
from scipy import stats

# %% [markdown]
# ## Exercise 4.1: Spearman by hand
#
# **Purpose**: know what a rank correlation looks at, and what it ignores. **Time**: 10 min
#
# Write Spearman's rank correlation of two lists. First replace each value by its **rank**: 1 for the
# lowest, 2 for the next. Equal values share the **mean** of the ranks that they take together. Then
# return the ordinary correlation of the two lists of ranks, with four digits. (No list has all values
# equal.)
#
# ```
# ranks of [0.2, 0.9, 0.9, 0.5]               ->  [1, 3.5, 3.5, 2]
# spearman([0.2, 0.9, 0.7], [0.5, 0.8, 0.6])  ->  1.0
# ```


# %%
def spearman(a, b):
    """Return Spearman's rank correlation of two lists of the same length."""
    ### BEGIN SOLUTION
    ranks = [
        [sum(y < x for y in values) + (sum(y == x for y in values) + 1) / 2 for x in values]
        for values in (a, b)
    ]
    return np.corrcoef(*ranks)[0, 1]
    ### END SOLUTION


# %%
if check("04.1", spearman):
    final = benchmark.load_benchmark().final()
    ours = spearman(final["n_params"].tolist(), final["test_accuracy"].tolist())
    theirs = stats.spearmanr(final["n_params"], final["test_accuracy"]).statistic
    print(f"parameters and test accuracy: {ours:.2f} by you, {theirs:.2f} by SciPy")

# %% [markdown]
# ## Exercise 4.2: a plan to the epoch
#
# **Purpose**: know the price of a successive halving before you start it. **Time**: 10 min
#
# All networks are trained up to the first stop. Of `n_networks`, `n_networks // factor` go on to the
# next one, and so on; but at least one always goes on. Return one pair for each stop: how many networks
# are trained in this round, and how many epochs **each** of them pays in it. A training goes on where
# it was stopped.
#
# ```
# plan(27, stops=(1, 3, 9), factor=3)  ->  [(27, 1), (9, 2), (3, 6)]
# ```


# %%
def plan(n_networks, stops, factor):
    """Return for each round of a successive halving the pair (networks, epochs)."""
    ### BEGIN SOLUTION
    rounds, before = [], 0
    for stop in stops:
        rounds.append((n_networks, stop - before))
        n_networks = max(1, n_networks // factor)
        before = stop
    return rounds
    ### END SOLUTION


# %%
if check("04.2", plan):
    for n_networks in (9, 27, 81):
        price = sum(networks * epochs for networks, epochs in plan(n_networks, (1, 3, 9), 3))
        print(f"{n_networks:2} networks: {price} epochs instead of {9 * n_networks}")

# %% [markdown]
# ## Exercise 4.3: a new proxy
#
# **Purpose**: ask the right question about a correlation. **Time**: 5 min
#
# A paper proposes a zero-cost proxy. Over a space of networks with 1,000 to 10 million weights, its
# rank correlation with the test accuracy is 0.80. What do you ask first?
#
# - **a**: Was it computed with enough seeds?
# - **b**: What is it among networks of similar size?
# - **c**: How many seconds does it take?
# - **d**: What is Kendall's rank correlation?

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "b"
### END SOLUTION

# %%
check("04.3", choice)

# %% [markdown]
# ## Exercise 4.4: regret of an early choice
#
# **Purpose**: measure what a judge is worth, without letting the test choose. **Time**: 10 min
#
# `val` has a row for each network and a column for each epoch, the first column for epoch 1: validation
# accuracies. `test` has the final test accuracy of each network. Choose the network that is best by
# validation after `epochs` epochs. Return its regret: how far its test accuracy is below the best one,
# with four digits. (No two networks are equally good by validation.)
#
# ```
# val = np.array([[0.8, 0.9],      test = np.array([0.91, 0.94])
#                 [0.7, 0.95]])
# regret(val, test, epochs=1)  ->  0.03
# regret(val, test, epochs=2)  ->  0.0
# ```


# %%
def regret(val, test, epochs):
    """Return by how much the network chosen after some epochs misses the best test accuracy."""
    ### BEGIN SOLUTION
    chosen = val[:, epochs - 1].argmax()
    return test.max() - test[chosen]
    ### END SOLUTION


# %%
if check("04.4", regret):
    bench = benchmark.load_benchmark()
    by_seed = {}
    for seed, curves in bench.curves.groupby("seed"):
        val = curves.pivot(index="network", columns="epoch", values="val_accuracy").to_numpy()
        truth = bench.truth(without=seed).to_numpy()  # by trainings that did not choose
        by_seed[f"seed {seed}"] = [regret(val, truth, epochs) for epochs in range(1, 13)]
    ax = plotting.plot_lines(
        pd.DataFrame(by_seed, pd.RangeIndex(1, 13, name="epoch")), value="regret"
    )
    caption = "One choice a point: a single choice is partly luck, so judge a judge by many."
    plotting.show(ax, caption=caption, source="MNIST-NAS-Bench, chosen by your function")
