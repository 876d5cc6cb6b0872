# %% [markdown]
# # Exercises 01: What is searched, how, and judged by what?
#
# Tell the three parts apart, write the loop, and measure what a poorer space costs. They belong to
# [unit 01](../notebooks/01_what_is_nas.ipynb).

# %%
from nascourse.benchmark import load_benchmark
from nascourse.checks import check, hint

import pandas as pd

# %% [markdown]
# ## Exercise 1.1: which part is meant?
#
# **Purpose**: recognize the three parts in a sentence of a paper. **Time**: 2 min
#
# "To save time, each candidate is trained for two epochs on a tenth of the images, and its accuracy
# on the validation images is noted." What does this sentence describe?
#
# - **a**: the search space
# - **b**: the search strategy
# - **c**: the performance estimation
# - **d**: the final training

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "c"
### END SOLUTION

# %%
check("01.1", choice)

# %% [markdown]
# ## Exercise 1.2: the loop of a search
#
# **Purpose**: own the loop that everything else hangs on. **Time**: 10 min
#
# Write `search(propose, evaluate, budget)`. In each turn,
#
# - `propose(seen)` gives a network, a dictionary of its choices. Here `seen` is the list of all pairs
#   `(network, accuracy)` so far, in their order; at first it is empty.
# - `evaluate(network)` gives its accuracy. It stands for a training, which costs: call it exactly
#   `budget` times in all.
#
# Return the best pair, `(network, accuracy)`; of equally accurate ones, the first. In unit 01 the loop
# returned everything, and the best was picked later.
#
# Take care: some strategies hand out *the same* dictionary each time, with changed values. So remember
# a copy, `dict(network)`.
#
# For example, with a budget of 3 and the accuracies 0.5, 0.9, 0.7, the result is the second network
# with 0.9.


# %%
def search(propose, evaluate, budget):
    """Return the best pair (network, accuracy) after `budget` evaluations."""
    ### BEGIN SOLUTION
    seen = []
    for _ in range(budget):
        network = dict(propose(seen))
        seen.append((network, evaluate(network)))
    return max(seen, key=lambda pair: pair[1])
    ### END SOLUTION


# %%
check("01.2", search)

# %% [markdown]
# ## Exercise 1.3: what a poorer space costs
#
# **Purpose**: put a number on "a search cannot find what its space lacks". **Time**: 5 min
#
# `table` has one row for each network of a space. It has a column for each choice, and the column
# `val_accuracy`. Someone allows only the networks that have `value` in the column `choice`, and searches
# these *perfectly*. By how much does the validation accuracy of the found network fall short of the
# best one of the whole table?
#
# For example, if the best of all networks has 0.97, and the best with `conv/kernel` 3 has 0.95, then
# `shortfall(table, "conv/kernel", 3)` is 0.02. Give four digits.


# %%
def shortfall(table, choice, value):
    """Return what the best network with this value lacks in val_accuracy to the best of all."""
    ### BEGIN SOLUTION
    poorer = table[table[choice] == value]
    return table["val_accuracy"].max() - poorer["val_accuracy"].max()
    ### END SOLUTION


# %%
if check("01.3", shortfall):
    bench = load_benchmark()
    lost = {
        f"{choice} = {value}": shortfall(bench.final(), choice, value)
        for choice, values in bench.choices.items()
        for value in values
    }
    print(pd.Series(lost).round(3).sort_values(kind="stable").to_string())
