# %% [markdown]
# # Exercises 09: Can an architecture be learned by descent?
#
# Four exercises on [unit 09](../notebooks/09_gradient_based.ipynb): mix operations, say which
# images may move what, cut a cell out of its architecture weights, and stop before the skips take
# over. Fill in a cell, run it, then run the check below it. A check tries your answer on fresh
# inputs. `hint("09.1")` helps, up to three times.

# %%
from nascourse import plotting, trials
from nascourse.methods import darts
from nascourse.checks import check, hint

import numpy as np

# %% [markdown]
# ## Exercise 9.1: mix operations
#
# **Purpose**: know what a mixed operation computes. **Time**: 10 min
#
# `alpha` holds the architecture weights of one edge, shape `(n,)`. `outputs` holds what each of its n
# operations makes of the same input, shape `(n, ...)`. Return the mixture: each output times its
# share, added up, with four digits. The shares are the softmax of `alpha`. Both may be lists or arrays.
# For example:
#
# ```
# mix([0, 0], [[2, 4], [6, 0]])          ->  [4, 2]       equal shares
# mix([1000, 0], [[2, 4], [6, 0]])       ->  [2, 4]       the first operation alone
# ```
#
# $e^{1000}$ is too large for a computer. The softmax does not change if the same number is taken
# from all $\alpha$, so take the largest from each of them first.


# %%
def mix(alpha, outputs):
    """Return the sum of the outputs, each times the softmax share of its operation."""
    ### BEGIN SOLUTION
    powers = np.exp(np.asarray(alpha, dtype=float) - np.max(alpha))
    shares = powers / powers.sum()
    return np.tensordot(shares, np.asarray(outputs), axes=1)
    ### END SOLUTION


# %%
check("09.1", mix)

# %% [markdown]
# ## Exercise 9.2: whose images?
#
# **Purpose**: keep apart what each half of the images may do. **Time**: 5 min
#
# Someone finds it a waste to give each step only half of the training images. They give *all* of them
# to both steps, and the loss falls faster than ever. What becomes of the architecture weights?
#
# - **a**: They get better, as each step of $\alpha$ now sees twice as many different images.
# - **b**: They no longer learn which operations read new images well: operations that help to
#   remember the images look good as well.
# - **c**: Nothing changes: the two steps still move different numbers.
# - **d**: Nothing changes for the search, but the test set is no longer sealed.

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "b"
### END SOLUTION

# %%
check("09.2", choice)

# %% [markdown]
# ## Exercise 9.3: cut a cell out
#
# **Purpose**: discretize, and leave out `"none"` as the paper does. **Time**: 10 min
#
# The paper's list of operations has one more, `"none"`, which gives zeros. It may get a share in the
# mixture, but it never stays: **on each edge stays the strongest operation other than "none"**. (The
# paper then keeps only the two strongest edges into each node. We keep all.) `alpha` has a row for each
# edge and a column for each of the `operations`. Return the list of names, one for each edge. For
# example:
#
# ```
# cut_out([[0.1, 0.9, 0.4], [0.2, 0.3, 0.7]], ["skip", "none", "conv 3x3"])
#     ->  ["conv 3x3", "conv 3x3"]
# ```


# %%
def cut_out(alpha, operations):
    """Return for each edge the name of its strongest operation, "none" left out."""
    ### BEGIN SOLUTION
    allowed = [place for place, name in enumerate(operations) if name != "none"]
    return [operations[max(allowed, key=lambda place: row[place])] for row in alpha]
    ### END SOLUTION


# %%
check("09.3", cut_out)

# %% [markdown]
# ## Exercise 9.4: stop before the skips
#
# **Purpose**: write the early stopping of DARTS+ (Liang et al. 2019). **Time**: 15 min
#
# `cells` holds the cell after epoch 1, after epoch 2 and so on; a cell is a list of names. **The
# search stops when a cell has two or more skips, and takes the cell of the epoch before.** Return the
# number of that epoch. If no cell has two skips, it is the last one. If the first has them already,
# it is 0: nothing was learned yet. For example:
#
# ```
# stop_before([["skip", "pool 3x3"], ["skip", "skip"], ["pool 3x3", "skip"]])   ->  1
# stop_before([["skip", "pool 3x3"], ["pool 3x3", "pool 3x3"]])                 ->  2
# stop_before([["skip", "skip"]])                                               ->  0
# ```


# %%
def stop_before(cells):
    """Return the epoch before the first one whose cell has two or more skips."""
    ### BEGIN SOLUTION
    for epochs_before, cell in enumerate(cells):
        if list(cell).count("skip") >= 2:
            return epochs_before
    return len(cells)
    ### END SOLUTION


# %% [markdown]
# When it is right, it says where each of the recorded searches would have stopped: after about how many
# of the 20 epochs? Compare with chance: of random cells of six edges and four operations, 47 percent
# have two skips or more. So here the rule often stops before anything is learned; a limit has to fit the
# cell.

# %%
if check("09.4", stop_before):
    for strategy, curves in trials.recorded("darts_epochs").groupby("strategy"):
        stops = []
        for _, search in curves.groupby("seed"):
            cells = [["skip"] * count for count in search["skips"]]  # all that the rule looks at
            stops.append(stop_before(cells))
        print(f"{strategy}: would stop after epochs {stops}")
