# %% [markdown]
# # Exercises 08: Can one training judge all networks?
#
# Four exercises on [unit 08](../notebooks/08_weight_sharing.ipynb): a rank correlation by pairs, a
# kernel cut out of a shared one, a search with a shortlist and its bill, and a question about three
# networks that are close. Fill in a cell, run it, and run the check below it. `hint("08.1")` helps,
# up to three times.

# %%
from nascourse import benchmark, trials
from nascourse.checks import check, hint

import itertools

import numpy as np
from scipy import stats

# %% [markdown]
# ## Exercise 8.1: Kendall by hand
#
# **Purpose**: know what the number that judges a supernet counts. **Time**: 10 min
#
# Two lists judge the same things. Look at every pair of things once. It scores 1 if both lists put
# the two in the same order, -1 if in opposite order, and 0 if they are equal in one list or in both.
# Return the mean score of all pairs, with four digits. Three things make three pairs:
#
# ```
# kendall([1, 2, 3], [10, 30, 20])  ->  0.333...    two pairs alike, one opposite
# kendall([1, 2, 2], [10, 20, 30])  ->  0.666...    two pairs alike, one equal
# ```


# %%
def kendall(a, b):
    """Return the mean score of all pairs; a and b have the same length, at least 2."""
    ### BEGIN SOLUTION
    pairs = itertools.combinations(zip(a, b), 2)
    return np.mean([np.sign(one[0] - two[0]) * np.sign(one[1] - two[1]) for one, two in pairs])
    ### END SOLUTION


# %%
if check("08.1", kendall):
    final = benchmark.load_benchmark().final().iloc[::4]
    judge, truth = final["n_params"].tolist(), final["test_accuracy"].tolist()
    theirs = stats.kendalltau(judge, truth).statistic
    print(f"counting parameters, every fourth network: {kendall(judge, truth):.2f} by you,")
    print(f"{theirs:.2f} by SciPy: its tau-b also makes up for pairs that are equal in one list")

# %% [markdown]
# ## Exercise 8.2: cut a kernel out of a shared one
#
# **Purpose**: know which weights a network inherits, and that they become its own. **Time**: 10 min
#
# `bank` holds the shared weights of a convolution: rows, columns, channels in, filters. Its window is
# square, with an odd number of rows. A network with a smaller window of `size` x `size`, also odd,
# inherits the middle of it. It uses the first `channels` channels and the first `filters` filters.
# Return its weights as an array of its own: training the network alone must leave the bank as it is.
#
# ```
# inherit(bank of shape (5, 5, 4, 16), size=3, channels=2, filters=6).shape  ->  (3, 3, 2, 6)
# inherit(np.arange(9).reshape(3, 3, 1, 1), 1, 1, 1)  ->  [[[[4]]]]
# ```


# %%
def inherit(bank, size, channels, filters):
    """Return the weights that a network inherits, shape (size, size, channels, filters)."""
    ### BEGIN SOLUTION
    margin = (len(bank) - size) // 2
    window = slice(margin, margin + size)
    return bank[window, window, :channels, :filters].copy()
    ### END SOLUTION


# %%
if check("08.2", inherit):
    bank = np.arange(25).reshape(5, 5, 1, 1)
    print(inherit(bank, size=3, channels=1, filters=1)[:, :, 0, 0])

# %% [markdown]
# ## Exercise 8.3: a shortlist and its bill
#
# **Purpose**: search with a supernet, choose by the right accuracy, count everything. **Time**: 15 min
#
# `inherited` is an array: the inherited validation accuracy of each network, no two equal.
# `train(network)` trains the network with this number alone, and returns its validation accuracy and
# the seconds that it took. Train the `n` networks that the supernet ranks first, and no others.
# Return two numbers: the network to ship, and the seconds that the whole search cost, with the
# `supernet_seconds` that the supernet took. An example with three networks:
#
# ```
# inherited = np.array([0.7, 0.9, 0.8])
# train(0) -> (0.99, 4)    train(1) -> (0.94, 6)    train(2) -> (0.96, 5)
# search(inherited, train, n=2, supernet_seconds=30)  ->  (2, 41)
# ```


# %%
def search(inherited, train, n, supernet_seconds):
    """Return the number of the network to ship, and the seconds that it cost to find it."""
    ### BEGIN SOLUTION
    shortlist = np.argsort(inherited)[::-1][:n].tolist()
    trained = {network: train(network) for network in shortlist}
    shipped = max(shortlist, key=lambda network: trained[network][0])
    return shipped, supernet_seconds + sum(seconds for _, seconds in trained.values())
    ### END SOLUTION


# %%
def train(network):
    outcome = bench.query(network)
    return outcome.val_accuracy, outcome.seconds


if check("08.3", search):
    bench = benchmark.load_benchmark()
    ranking = trials.recorded("oneshot")["seed 3"] - 1e-6 * bench.networks.index  # no two are equal
    for n in (1, 8, 40):
        shipped, seconds = search(ranking.to_numpy(), train, n, supernet_seconds=35)
        regret = bench.oracle_best["test_accuracy"] - bench.test_accuracy(shipped)
        print(f"shortlist of {n:2}: {seconds:3.0f} seconds, regret {regret:.2%}")

# %% [markdown]
# A longer list costs more. That it also finds more is not sure: the best of many single trainings is
# partly the luckiest, as in the winner's curse of [unit 02](../notebooks/02_random_search.ipynb).
#
# ## Exercise 8.4: three that are close
#
# **Purpose**: know what an inherited accuracy is good for. **Time**: 5 min
#
# Your supernet has judged 10,000 networks. You trained 50 of them alone, drawn from all over the
# ranking: Kendall's correlation is 0.8. The three that are ranked first inherit 95.6, 95.5 and 95.3
# percent. What do you do next?
#
# - **a**: Ship the first one, and promise 95.6 percent.
# - **b**: Train these three alone, and ship the one with the best test accuracy.
# - **c**: Train some more of the first ones alone, and ship the best by their validation accuracy.
# - **d**: Judge the three again with the same supernet, and ship the one that is ahead more often.

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "c"
### END SOLUTION

# %%
check("08.4", choice)
