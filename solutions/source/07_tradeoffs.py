# %% [markdown]
# # Exercises 07: trade-offs
#
# Three exercises on [unit 07](../notebooks/07_tradeoffs.ipynb): a Pareto front of your own, the best
# network under two limits, and a question about weighted sums. Fill in a cell, run it, and run the
# check below it. `hint("07.1")` helps, up to three times.

# %%
from nascourse import plotting, trials
from nascourse.checks import check, hint

import pandas as pd

# %% [markdown]
# ## Exercise 7.1: a Pareto front
#
# **Purpose**: know what belongs to a front, ties included. **Time**: 15 min
#
# Each point is a pair of cost and accuracy. Return those that no other point dominates, from the
# cheapest to the most accurate. A point that is given twice appears once. An example:
#
# ```
# pareto_front([(5, 0.97), (3, 0.94), (2, 0.95), (1, 0.90)])  ->  [(1, 0.90), (2, 0.95), (5, 0.97)]
# ```


# %%
def pareto_front(points):
    """Return the points that none dominates as a list, sorted by cost; the input stays as it is."""
    ### BEGIN SOLUTION
    kept = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not kept or accuracy > kept[-1][1]:
            kept.append((cost, accuracy))
    return kept
    ### END SOLUTION


# %%
if check("07.1", pareto_front):
    recorded = trials.recorded("random_cnn")
    columns = recorded[["n_params", "val_accuracy"]]
    yours = pareto_front(list(columns.itertuples(index=False, name=None)))
    front = pd.DataFrame(yours, columns=columns.columns)
    ax = plotting.plot_pareto(columns, front, quality="val_accuracy")
    plotting.show(ax, source="a recording of 60 random trials")

# %% [markdown]
# ## Exercise 7.2: the best that fits
#
# **Purpose**: choose under limits, and by the right column. **Time**: 10 min
#
# The table has one row a network, and its index holds the networks' numbers. The columns are
# `n_params`, `latency_ms`, `val_accuracy` and `test_accuracy`. A device has room for at most
# `max_params` parameters and waits at most `max_ms` milliseconds. Return the number of the network to
# ship. Of equally good ones take the one with fewer parameters. At least one fits.


# %%
def best_that_fits(table, max_params, max_ms):
    """Return the index label of the best network within both limits."""
    ### BEGIN SOLUTION
    fits = table[(table["n_params"] <= max_params) & (table["latency_ms"] <= max_ms)]
    order = fits.sort_values(["val_accuracy", "n_params"], ascending=[False, True])
    return order.index[0]
    ### END SOLUTION


# %%
check("07.2", best_that_fits)

# %% [markdown]
# ## Exercise 7.3: the network in the dent
#
# **Purpose**: see what a weighted sum cannot do. **Time**: 5 min
#
# Three networks, none of which dominates another:
#
# | network | parameters | accuracy |
# |---|---|---|
# | P | 1,000 | 0.90 |
# | Q | 2,000 | 0.93 |
# | R | 3,000 | 0.97 |
#
# A search looks for the largest `accuracy - w * parameters`. For which weight does Q win?
#
# - **a**: for a large one
# - **b**: for a small one
# - **c**: for one in between
# - **d**: for none

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "d"
### END SOLUTION

# %%
check("07.3", choice)
