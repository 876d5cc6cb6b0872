# %% [markdown]
# # Exercises 03: What can be found at all?
#
# Four exercises on [unit 03](../notebooks/03_search_spaces.ipynb): the cost of a layer, the size of a
# space, a space of your own with skip connections, and what FLOPs do not say. Fill in a cell, run it,
# then run the check below it. A check tries your answer on fresh inputs. `hint("03.1")` helps, up to
# three times.

# %%
from nascourse import spaces
from nascourse.checks import check, hint

import math

import keras
from keras import layers

# %% [markdown]
# ## Exercise 3.1: what a convolution costs
#
# **Purpose**: know where the parameters and the FLOPs of a network come from. **Time**: 10 min
#
# A convolution with `padding="same"` and a bias slides `filters` filters of `window` x `window` pixels
# over an image of `height` x `width` with `channels` channels. With a `stride` of s its output has an
# s-th of the rows and columns, **rounded up**. Return the number of parameters and the FLOPs for one
# image, counted as in the unit: two for a multiply-accumulate, one for adding a bias.
#
# ```
# conv_cost(28, 28, 1, filters=8, window=3, stride=1)  ->  (80, 119168)
# ```


# %%
def conv_cost(height, width, channels, filters, window, stride):
    """Return (parameters, FLOPs) of a convolution, both as whole numbers."""
    ### BEGIN SOLUTION
    inputs = window * window * channels
    outputs = math.ceil(height / stride) * math.ceil(width / stride) * filters
    return filters * (inputs + 1), outputs * (2 * inputs + 1)
    ### END SOLUTION


# %%
if check("03.1", conv_cost):
    for stride in (1, 2):
        n_params, flops = conv_cost(28, 28, 16, 32, 5, stride)
        print(f"32@5x5 on 16 channels, stride {stride}: {n_params:,} parameters, {flops:,} FLOPs")

# %% [markdown]
# ## Exercise 3.2: how large is this space?
#
# **Purpose**: count a space before you search it. **Time**: 10 min
#
# `depths` lists how many blocks a network may have. Each block chooses its own width, and `widths` is
# the number of widths that it can choose from. On top come choices that every network makes once,
# whatever its depth: `shared` lists how many values each of them has, and may be empty. Count the
# settings, without building any.
#
# For example, one or two blocks, three widths, and two shared choices with two values each:
#
# ```
# space_size([1, 2], 3, [2, 2])  ->  48
# ```


# %%
def space_size(depths, widths, shared):
    """Return the number of settings of the space."""
    ### BEGIN SOLUTION
    return sum(widths**depth for depth in depths) * math.prod(shared)
    ### END SOLUTION


# %%
if check("03.2", space_size):
    print(f"{space_size([1, 2, 3], 3, [2, 2, 2, 2, 2]):,} networks in MNIST-NAS-Bench")
    print(f"{space_size(range(1, 9), 3, [2, 2, 2, 2, 2]):,} with up to eight blocks")

# %% [markdown]
# ## Exercise 3.3: a space with skip connections
#
# **Purpose**: write a space that holds what you want to find, and nothing twice. **Time**: 15 min
#
# Complete the build function. The space has
#
# - `blocks`, 1 or 2;
# - `skip`, False or True (`hp.Boolean`);
# - `filters_0`, 4 or 8: the filters of the first block;
# - `filters_1`, 4 or 8: those of the second, only if there is one.
#
# All four are declared in **every** call. A block is one 3x3 convolution (`padding="same"`, `relu`) and a
# max pooling by two. With `skip`, the input of the block, made smaller by an average pooling by two, is
# concatenated with the block's output.
#
# How many settings are there? Decide before you run the check.


# %%
def build(hp):
    """Return the network that hp describes; it need not be compiled."""
    x = image = keras.Input((28, 28, 1))
    ### BEGIN SOLUTION
    blocks = hp.Choice("blocks", [1, 2])
    skip = hp.Boolean("skip")
    filters = [hp.Choice("filters_0", [4, 8])]
    with hp.conditional_scope("blocks", [2]):
        filters.append(hp.Choice("filters_1", [4, 8]))
    for block in range(blocks):
        y = layers.Conv2D(filters[block], 3, padding="same", activation="relu")(x)
        y = layers.MaxPooling2D(2)(y)
        if skip:
            y = layers.Concatenate()([y, layers.AveragePooling2D(2)(x)])
        x = y
    ### END SOLUTION
    return keras.Model(image, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))


# %%
if check("03.3", build):
    print(spaces.to_table(build))

# %% [markdown]
# ## Exercise 3.4: which network is faster?
#
# **Purpose**: know what FLOPs do not say. **Time**: 5 min
#
# A reader of postal codes shall run on a small computer, one image at a time, and answer within five
# milliseconds. Two networks are equally accurate. A has 2 million FLOPs in 30 layers, B has 3 million
# in 4 layers. Which one do you take?
#
# - **a**: A, since it has fewer FLOPs.
# - **b**: B, since it has fewer layers.
# - **c**: The one with fewer parameters, since weights must be read from memory.
# - **d**: The one that answers sooner when both run on that computer.

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "d"
### END SOLUTION

# %%
check("03.4", choice)
