# %% [markdown]
# # Exercises 14: Is it good science, and what came after?
#
# Four exercises on [unit 14](../notebooks/14_good_science.ipynb): a point of an attainment curve, a
# layer that changes nothing, the choice of blocks under a limit, and a claim about a language model.
# Fill in a cell, run it, then run the check below it. `hint("14.1")` helps, up to three times.

# %%
from nascourse import data, spaces
from nascourse.checks import check, hint

import itertools

import keras
import numpy as np

# %% [markdown]
# ## Exercise 14.1: what do searches attain?
#
# **Purpose**: compare the fronts of several searches at one size. **Time**: 15 min
#
# `fronts` is a list of searches; each is a list of its networks as pairs `(size, accuracy)`, in no
# special order. For each search take the best accuracy among its networks of at most `limit`
# parameters; a search without any counts as 0. Return the median over the searches. In this example
# the three searches attain 0.95, 0.9 and 0:
#
# ```
# fronts = [[(100, 0.9), (300, 0.95)], [(200, 0.9), (900, 0.99)], [(500, 0.97)]]
# attained(fronts, limit=300)  ->  0.9
# ```


# %%
def attained(fronts, limit):
    """Return the median over the searches of the best accuracy within the limit."""
    ### BEGIN SOLUTION
    best = [max([a for size, a in front if size <= limit], default=0) for front in fronts]
    return np.median(best)
    ### END SOLUTION


# %%
if check("14.1", attained):
    fronts = [[(100, 0.9), (300, 0.95)], [(200, 0.9), (900, 0.99)], [(500, 0.97)]]
    for limit in (50, 100, 200, 300, 500, 900):
        print(f"up to {limit:3} parameters: {attained(fronts, limit):.2f}")

# %% [markdown]
# ## Exercise 14.2: a layer that changes nothing
#
# **Purpose**: make a trained network deeper without changing what it computes. **Time**: 15 min
#
# Net2Net also *deepens* networks: it inserts a layer that hands on what it gets, and goes on training
# from there. For a convolution with `padding="same"`, as many filters as channels, and bias 0, that
# takes a kernel of the shape `(size, size, channels, channels)`: window, window, channels in, channels
# out. `size` is odd. Filter number `k` returns channel `k` of the pixel in the middle of its window.
# Return that kernel. With one channel and a window of 3 pixels it is 1 in the middle and 0 around it:
#
# ```
# identity_kernel(size=3, channels=1)[:, :, 0, 0]  ->  [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
# ```


# %%
def identity_kernel(size, channels):
    """Return a kernel of shape (size, size, channels, channels) that changes nothing."""
    ### BEGIN SOLUTION
    kernel = np.zeros((size, size, channels, channels))
    kernel[size // 2, size // 2] = np.eye(channels)
    return kernel
    ### END SOLUTION


# %%
if check("14.2", identity_kernel):
    images = data.load_mnist("bundled").x_val[:5] / 255
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(1, 3, padding="same")])
    model.set_weights([identity_kernel(3, 1), np.zeros(1)])
    change = np.abs(model.predict(images, verbose=0) - images).max()
    print(f"{spaces.describe(model)} changes a pixel by {change:.1g} at most")

# %% [markdown]
# Behind a layer with ReLU such a layer may have ReLU as well: what arrives is never negative, so
# ReLU changes nothing either.
#
# ## Exercise 14.3: choose the blocks
#
# **Purpose**: choose under a limit, as it is done to compress large networks. **Time**: 15 min
#
# A network has several blocks, and for each there are some variants. `gains[block][variant]` says what a
# variant adds to the quality, and `costs[block][variant]` how many microseconds it takes. Choose one
# variant for each block: of all choices whose costs add up to at most `limit`, the one whose gains add
# up to most. Return the list of their numbers, counted from 0; it is empty if no choice keeps the limit.
# There are so few combinations that you may try them all (`itertools.product` makes them), and one of
# them alone is the best.
#
# ```
# choose_variants([[1, 5, 6], [0, 4]], costs=[[10, 30, 60], [0, 50]], limit=80)  ->  [1, 1]
# ```


# %%
def choose_variants(gains, costs, limit):
    """Return the list of the variants' numbers, empty if no choice keeps the limit."""
    ### BEGIN SOLUTION
    best, most = [], -np.inf
    for choice in itertools.product(*[range(len(block)) for block in gains]):
        gain = sum(block[variant] for block, variant in zip(gains, choice))
        cost = sum(block[variant] for block, variant in zip(costs, choice))
        if cost <= limit and gain > most:
            best, most = list(choice), gain
    return best
    ### END SOLUTION


# %%
if check("14.3", choose_variants):
    gains, costs = [[1, 5, 6], [0, 4]], [[10, 30, 60], [0, 50]]
    for limit in (0, 10, 30, 60, 80, 110):
        print(f"at most {limit:3} microseconds: {choose_variants(gains, costs, limit)}")

# %% [markdown]
# ## Exercise 14.4: a model that knows networks
#
# **Purpose**: read a claim about language models critically. **Time**: 5 min
#
# A report says: "We told a language model the choices of a well-known NAS benchmark from 2019, by their
# names, and asked it for ten networks. In each of 20 runs its best one was among the top 1 percent.
# Random search needs about a hundred trials for that. Language models understand architectures." Which
# further experiment tells most about the last sentence?
#
# - **a**: A hundred runs in the place of 20, and a bootstrap interval.
# - **b**: The same with a larger language model.
# - **c**: The same request on a task that was measured after the model was trained, and not
#   published, with random search beside it.
# - **d**: Random search with a hundred trials on the same benchmark.

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "c"
### END SOLUTION

# %%
check("14.4", choice)
