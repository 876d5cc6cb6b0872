# %% [markdown]
# # Exercises 06: How does AutoKeras search CNNs?
#
# Four exercises on [unit 06](../notebooks/06_autokeras_greedy.ipynb): the odds of the greedy strategy,
# the trials that it wastes, a space of your own out of AutoKeras blocks, and a search that was cut off.
# Fill in a cell, run it, then run the check below it. A check tries your answer on fresh inputs.
# `hint("06.1")` helps, up to three times.

# %%
from nascourse import spaces
from nascourse.checks import check, hint

from collections import Counter

import autokeras as ak

# %% [markdown]
# ## Exercise 6.1: what will greedy change?
#
# **Purpose**: know how the trie turns names into odds. **Time**: 15 min
#
# Greedy search draws one node of the trie, with a probability proportional to one over its number of
# leaves, and draws every hyperparameter below it anew. Given all `names`, return the probability that
# the hyperparameter `name` is drawn anew. (In the unit every name has two parts. Here some have
# more, or one.)
#
# Three names, for example, hang in the trie as
#
# ```
# root                leaves 3, weight 1/3
# ├── conv            leaves 2, weight 1/2
# │   ├── filters     leaves 1, weight 1
# │   └── kernel      leaves 1, weight 1
# └── head            leaves 1, weight 1
#
# probability(["conv/filters", "conv/kernel", "head"], "head")  ->  0.348
# ```
#
# `head` is drawn anew by two of the five nodes: (1/3 + 1) / (1/3 + 1/2 + 1 + 1 + 1). Three digits are
# enough.


# %%
def probability(names, name):
    """Return the probability that the greedy strategy draws `name` anew."""
    ### BEGIN SOLUTION
    leaves = Counter(node for each in names for node in way(each))
    weights = {node: 1 / count for node, count in leaves.items()}
    return sum(weights[node] for node in way(name)) / sum(weights.values())
    ### END SOLUTION


### BEGIN SOLUTION
def way(name):
    """The nodes from the root to the leaf of a name, each as the tuple of its parts."""
    parts = name.split("/")
    return [tuple(parts[:depth]) for depth in range(len(parts) + 1)]


### END SOLUTION

# %%
if check("06.1", probability):
    first = spaces.autokeras_space().first
    for name in first:
        print(f"{name:22} {probability(list(first), name):.2f}")

# %% [markdown]
# ## Exercise 6.2: the wasted trials
#
# **Purpose**: tell a new network from new values. **Time**: 10 min
#
# Each trial below is a setting of AutoKeras's `ConvBlock`. `filters_<block>_<layer>` counts blocks and
# layers from 0. It matters only if there is such a block **and** such a layer; all blocks have
# `num_layers` layers. Return the numbers of the trials, counted from 1 and rising, that build the same
# network as an earlier one.
#
# ```
# wasted([
#     {"num_blocks": 1, "num_layers": 1, "filters_0_0": 8, "filters_1_0": 16},
#     {"num_blocks": 1, "num_layers": 1, "filters_0_0": 8, "filters_1_0": 32},
#     {"num_blocks": 1, "num_layers": 1, "filters_0_0": 16},
# ])  ->  [2]
# ```


# %%
def wasted(trials):
    """Return the numbers of the trials that repeat the network of an earlier one."""
    ### BEGIN SOLUTION
    seen, numbers = set(), []
    for number, trial in enumerate(trials, start=1):
        blocks, layers = trial["num_blocks"], trial["num_layers"]
        network = tuple(
            trial[f"filters_{block}_{layer}"] for block in range(blocks) for layer in range(layers)
        )
        if (blocks, network) in seen:
            numbers.append(number)
        seen.add((blocks, network))
    return numbers
    ### END SOLUTION


# %%
check("06.2", wasted)

# %% [markdown]
# ## Exercise 6.3: a space out of blocks
#
# **Purpose**: say in AutoKeras what may vary and what may not. **Time**: 15 min
#
# Write a function that returns a `spaces.AutoKerasSpace` for the digits:
#
# - pixels are rescaled by a `spaces.RescalingBlock`;
# - one `ak.ConvBlock` of **one or two** blocks, each with **one** layer of **8 or 16** filters and a
#   window of **3**, with max pooling and without dropout;
# - whether its convolutions are separable is **left open** to the search;
# - the maps are flattened, and an `ak.ClassificationHead` without dropout ends it.
#
# Whatever you do not name, AutoKeras searches. `spaces.choice(name, values)` is a choice of your own,
# under any name, for the arguments that are numbers. No network is trained by the check; it builds them all.


# %%
def digit_space():
    """Return the space as a spaces.AutoKerasSpace."""
    image = ak.ImageInput()
    ### BEGIN SOLUTION
    x = spaces.RescalingBlock()(image)
    x = ak.ConvBlock(
        kernel_size=3,
        num_blocks=spaces.choice("num_blocks", [1, 2]),
        num_layers=1,
        filters=spaces.choice("filters", [8, 16]),
        max_pooling=True,
        dropout=0.0,
        name="conv",
    )(x)
    x = ak.Flatten()(x)
    return spaces.AutoKerasSpace(image, ak.ClassificationHead(dropout=0.0)(x))
    ### END SOLUTION


# %%
if check("06.3", digit_space):
    print(spaces.to_table(digit_space()))
    print("\nThe filters of a second block join when the first network with two blocks is built.")

# %% [markdown]
# ## Exercise 6.4: after an empty battery
#
# **Purpose**: know what a search that goes on has kept. **Time**: 5 min
#
# A greedy search of 20 trials, five epochs each, runs in its folder. In trial 12, after its third epoch,
# the battery is empty. Plugged in again, you run the same cell, without `overwrite=True`. What happens?
#
# - **a**: It begins with trial 1, as the memory of the kernel is lost.
# - **b**: It goes on with the fourth epoch of trial 12.
# - **c**: It trains trial 12 from its first epoch, and goes on; the table becomes the same as without the
#   interruption.
# - **d**: It goes on with trial 13, and trial 12 is a failed one.

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "c"
### END SOLUTION

# %%
check("06.4", choice)
