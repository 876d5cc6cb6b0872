# %% [markdown]
# # Exercises 10: How does a found network grow?
#
# Four exercises on [unit 10](../notebooks/10_scaling_networks.ipynb): the steps that a budget allows,
# the sizes of a scaled network, numbers in two units, and what counts twice. Fill in a cell, run it,
# then run the check below it. `hint("10.1")` helps, up to three times.

# %%
from nascourse import trials
from nascourse.checks import check, hint

import math

import pandas as pd

# %% [markdown]
# ## Exercise 10.1: from a budget to phi
#
# **Purpose**: turn a limit on the work into the size of a network. **Time**: 10 min
#
# A network takes `base` FLOPs for one image, and your device can afford `budget`. With compound scaling
# by the constants `alpha`, `beta` and `gamma`, for depth, width and resolution, which `phi` uses the
# budget up exactly? Give four digits after the point or more: it need not be a whole number, and it is
# negative where the budget is smaller than the base. An example whose steps double the FLOPs:
#
# ```
# phi_for(100, 800, alpha=2, beta=1, gamma=1)  ->  3.0
# ```


# %%
def phi_for(base, budget, alpha, beta, gamma):
    """Return the compound coefficient that makes `base` FLOPs into `budget` FLOPs."""
    ### BEGIN SOLUTION
    step = alpha * beta**2 * gamma**2
    return math.log(budget / base) / math.log(step)
    ### END SOLUTION


# %%
if check("10.1", phi_for):
    paper = trials.recorded("scaling_paper").set_index("network")
    for name in ("B1", "B3", "B5", "B7"):
        phi = phi_for(paper["macs"]["B0"], paper["macs"][name], 1.2, 1.1, 1.15)
        print(f"{name}: phi {phi:.1f} by its MACs")

# %% [markdown]
# ## Exercise 10.2: whole filters, whole layers
#
# **Purpose**: make of two factors a network that can be built. **Time**: 15 min
#
# A stage of EfficientNet is some blocks in a row, all with the same filters. Scaled, it follows these
# rules.
#
# - Filters times `width`, then to the nearest multiple of 8; what is exactly in the middle goes up.
# - If the rounding took away more than a tenth of filters times `width`, add another 8.
# - Blocks times `depth`, rounded up.
#
# Return both as whole numbers, `24` and not `24.0`. Two examples:
#
# ```
# scaled_stage(24, 2, width=1.1, depth=1.2)  ->  (24, 3)
# scaled_stage(16, 1, width=0.75, depth=1.0)  ->  (16, 1)
# ```


# %%
def scaled_stage(filters, blocks, width, depth):
    """Return (filters, blocks) of the scaled stage."""
    ### BEGIN SOLUTION
    wanted = filters * width
    rounded = int((wanted + 4) // 8) * 8
    if rounded < 0.9 * wanted:
        rounded += 8
    return rounded, math.ceil(blocks * depth)
    ### END SOLUTION


# %%
if check("10.2", scaled_stage):
    stages = [(16, 1), (24, 2), (40, 2), (80, 3), (112, 3), (192, 4), (320, 1)]  # of B0
    b7 = [scaled_stage(*stage, width=2.0, depth=3.1) for stage in stages]
    columns = ["filters", "blocks"]
    print(
        pd.concat(
            {"B0": pd.DataFrame(stages, columns=columns), "B7": pd.DataFrame(b7, columns=columns)},
            axis=1,
        )
    )

# %% [markdown]
# ## Exercise 10.3: like with like
#
# **Purpose**: compare numbers that were counted in different ways. **Time**: 5 min
#
# Papers give the work of their networks in MACs or in FLOPs, as this course counts them (leave the
# biases out of account). Each network is a pair of a number and its unit. Return the names, from the
# cheapest network to the costliest. No two cost the same.
#
# ```
# by_cost({"X": (3.0, "MACs"), "Y": (4.0, "FLOPs"), "Z": (1.0, "MACs")})  ->  ["Z", "Y", "X"]
# ```


# %%
def by_cost(networks):
    """Return the names as a list, the cheapest first."""
    ### BEGIN SOLUTION
    operations = {"MACs": 2, "FLOPs": 1}
    flops = {name: number * operations[unit] for name, (number, unit) in networks.items()}
    return sorted(flops, key=flops.get)
    ### END SOLUTION


# %%
check("10.3", by_cost)

# %% [markdown]
# ## Exercise 10.4: what counts twice
#
# **Purpose**: predict a cost without counting. **Time**: 5 min
#
# A network consists of twelve 3x3 convolutions with equally many filters, and works on images of
# 32x32 pixels. (First and last layer are so small that they do not matter.) You build it with twelve
# more such convolutions, and give every layer one and a half times the filters. The images stay as they
# are. How many times the FLOPs does it have, and how many times the parameters?
#
# - **a**: 3 times the FLOPs, 3 times the parameters
# - **b**: 4.5 times the FLOPs, 3 times the parameters
# - **c**: 4.5 times the FLOPs, 4.5 times the parameters
# - **d**: 9 times the FLOPs, 4.5 times the parameters

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "c"
### END SOLUTION

# %%
check("10.4", choice)
