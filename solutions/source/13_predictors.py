# %% [markdown]
# # Exercises 13: Can a network be judged before it is trained?
#
# Four exercises on [unit 13](../notebooks/13_predictors.ipynb): what a predictor is worth to a search,
# how much a candidate promises, which networks to promote without waiting, and a claim. Fill in a cell,
# run it, then run the check below it. `hint("13.1")` helps, up to three times.

# %%
from nascourse import benchmark
from nascourse.checks import check, hint

import math

import numpy as np

# %% [markdown]
# ## Exercise 13.1: what is a predictor worth?
#
# **Purpose**: judge a predictor by what a search loses with it. **Time**: 15 min
#
# A predictor has given each network a number, larger for better; `accuracies` holds what the networks
# really reach, in the same order. You train the `n` networks with the largest predictions and keep the
# best of them. How far is its accuracy below that of the best network of all? Of networks with equal
# predictions the earlier one comes first.
#
# ```
# loss_of_shortlist(predictions=[0.2, 0.9, 0.7], accuracies=[0.99, 0.93, 0.97], n=2)  ->  0.02
# ```


# %%
def loss_of_shortlist(predictions, accuracies, n):
    """Return how far the best of the n networks with the largest predictions is below the best."""
    ### BEGIN SOLUTION
    order = sorted(range(len(predictions)), key=lambda network: -predictions[network])
    return max(accuracies) - max(accuracies[network] for network in order[:n])
    ### END SOLUTION


# %%
if check("13.1", loss_of_shortlist):
    table = benchmark.load_benchmark().final()
    truth = table["test_accuracy"].tolist()
    for judge in ("n_params", "synflow", "naswot"):
        losses = [100 * loss_of_shortlist(table[judge].tolist(), truth, n) for n in (1, 10, 100)]
        print(f"{judge:8}", *(f"{loss:6.2f} points" for loss in losses))

# %% [markdown]
# The numbers are the losses with 1, 10 and 100 networks trained. Over all networks counting parameters
# ranks better than the other two. But look at its first picks: a shortlist needs a good top, not a good
# order of all.
#
# ## Exercise 13.2: how much does a candidate promise?
#
# **Purpose**: know what an acquisition rewards. **Time**: 15 min
#
# A surrogate says of a candidate: its accuracy is normally distributed with this `mean` and this
# `deviation`. The best so far is `best`. The **expected improvement** is the mean of how far the
# candidate exceeds `best`, where falling short counts as 0. For the normal distribution, with
# $z = (\text{mean} - \text{best}) / \text{deviation}$, it is
#
# $$(\text{mean} - \text{best}) \, \Phi(z) + \text{deviation} \, \varphi(z),$$
#
# with the density $\varphi(z) = e^{-z^2/2} / \sqrt{2\pi}$ and the share below $z$, $\Phi(z) = (1 +
# \mathrm{erf}(z / \sqrt 2)) / 2$; the error function is `math.erf`. With a deviation of 0 nothing is
# open: the improvement is what the mean exceeds `best` by, or 0.
#
# ```
# expected_improvement(mean=0.9, deviation=0.1, best=0.9)  ->  0.0399
# ```


# %%
def expected_improvement(mean, deviation, best):
    """Return the expected improvement of a candidate over the best so far."""
    ### BEGIN SOLUTION
    if deviation == 0:
        return max(mean - best, 0)
    z = (mean - best) / deviation
    below = (1 + math.erf(z / math.sqrt(2))) / 2
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return (mean - best) * below + deviation * density
    ### END SOLUTION


# %%
if check("13.2", expected_improvement):
    for mean in (0.93, 0.95, 0.97):
        row = [expected_improvement(mean, deviation, best=0.95) for deviation in (0, 0.01, 0.03)]
        print(f"mean {mean}:", *(f"{100 * value:.2f} points" for value in row))

# %% [markdown]
# Read the first row: a candidate that is expected to be worse than the best promises nothing if its
# accuracy is certain, and the more the less is known of it. (The unit's surrogate ranks by mean plus
# deviation; expected improvement is the other common rule.)
#
# ## Exercise 13.3: whom to promote?
#
# **Purpose**: write the rule of ASHA, which never waits. **Time**: 15 min
#
# A rung of successive halving holds the networks that have been trained up to some epoch: `rung` is a
# dict from network to accuracy. `promoted` is the set of those that went on to the next rung; they stay
# in `rung`, and count among its best. ASHA promotes a network as soon as it is among the best $1/\eta$
# of those that are on the rung *now*: with 7 networks and $\eta = 3$ among the best 2, as it rounds
# down. Return the list of the networks that can be promoted, the best first. No two have the same
# accuracy.
#
# ```
# rung = {"a": 0.90, "b": 0.95, "c": 0.80, "d": 0.93, "e": 0.70, "f": 0.60}
# to_promote(rung, promoted={"b"}, eta=3)  ->  ["d"]
# ```


# %%
def to_promote(rung, promoted, eta):
    """Return the networks that can be promoted now, the best first."""
    ### BEGIN SOLUTION
    best = sorted(rung, key=rung.get, reverse=True)[: len(rung) // eta]
    return [network for network in best if network not in promoted]
    ### END SOLUTION


# %%
if check("13.3", to_promote):
    rung, promoted = {}, set()
    for network, accuracy in {
        "a": 0.90,
        "b": 0.80,
        "c": 0.85,
        "d": 0.95,
        "e": 0.99,
        "f": 0.5,
    }.items():
        rung[network] = accuracy
        now = to_promote(rung, promoted, eta=3)
        promoted |= set(now)
        print(f"{network} is done: promote {now}")

# %% [markdown]
# Look at the first network that was promoted: with all six results on the table it would not have been.
# ASHA pays for never waiting with promotions that come too early.
#
# ## Exercise 13.4: a correlation of 0.9
#
# **Purpose**: ask what a figure about a predictor means. **Time**: 5 min
#
# A report says: "Our predictor, trained on 500 networks of the benchmark, reaches a rank correlation of
# 0.9 on all 1,248 networks. A search with it needs only ten trainings." What is the gravest objection?
#
# - **a**: Kendall's and Spearman's correlations differ, and the report does not say which one it is.
# - **b**: The 500 trainings belong to the cost of the search, and the correlation counts networks that
#   the predictor has learned from.
# - **c**: One predictor is no predictor: others must be tried on the same 500 networks.
# - **d**: A rank correlation over all networks needs a confidence interval.

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "b"
### END SOLUTION

# %%
check("13.4", choice)
