# %% [markdown]
# # Exercises 02: How good is luck?
#
# Four exercises on [unit 02](../notebooks/02_random_search.ipynb): the picture of a search, the
# arithmetic of luck, a search space of your own, and a fair comparison. Fill in a cell, run it, then
# run the check below it. A check tries your answer on fresh inputs. `hint("02.1")` helps, up to three
# times.

# %%
from nascourse import plotting, spaces, trials
from nascourse.checks import check, hint

import keras

# %% [markdown]
# ## Exercise 2.1: the incumbent by hand
#
# **Purpose**: know what the staircase of a search shows. **Time**: 5 min
#
# The incumbent is the best network so far. Write the function that returns the incumbent's accuracy
# after each trial. Without any trial the list is empty. For example:
#
# ```
# best_so_far([0.90, 0.95, 0.93])  ->  [0.90, 0.95, 0.95]
# ```


# %%
def best_so_far(accuracies):
    """Return a list with the best accuracy up to each trial."""
    ### BEGIN SOLUTION
    incumbents = []
    for accuracy in accuracies:
        incumbents.append(max([accuracy, *incumbents[-1:]]))
    return incumbents
    ### END SOLUTION


# %%
if check("02.1", best_so_far):
    recorded = trials.recorded("random_cnn").head(20)
    ax = plotting.plot_incumbent(recorded)
    ax.plot(recorded["trial"], best_so_far(recorded["val_accuracy"].tolist()), "x", color="black")
    plotting.show(
        ax,
        source="a recording of random search, 5 epochs each; the crosses from your function",
    )

# %% [markdown]
# ## Exercise 2.2: how many trials does luck need?
#
# **Purpose**: know how much a random search can be expected to find. **Time**: 10 min
#
# A network drawn at random is among the best 5 percent of a space with a chance of 0.05. What is the
# chance that **at least one** of several draws is? Each draw is independent of the others. Write the
# function for any number of draws and any share, and give four digits.
#
# ```
# chance_to_hit(2, 0.5)  ->  0.75
# ```


# %%
def chance_to_hit(draws, share):
    """Return the chance that at least one of the draws is among the best share of the space."""
    ### BEGIN SOLUTION
    return 1 - (1 - share) ** draws
    ### END SOLUTION


# %%
if check("02.2", chance_to_hit):
    for n in (1, 5, 20, 60):
        print(f"{n:2} trials hit the best 5 percent with a chance of {chance_to_hit(n, 0.05):.0%}")

# %% [markdown]
# ## Exercise 2.3: a space with a condition
#
# **Purpose**: write a search space whose size you know. **Time**: 10 min
#
# Complete the build function of a space of networks without convolutions (it need not compile them):
#
# - `layers` is 1 or 2: the number of hidden layers.
# - `units_0` is 16 or 32: the width of the first one.
# - `units_1` is 16 or 32: the width of the second one. It exists only if there is a second layer.
#
# Declare all three in every call, as the `build_small_cnn` of the unit does.
# Each hidden layer is `keras.layers.Dense(..., activation="relu")`. How many settings are there? Find
# the number before you run the check.


# %%
def build_dense(hp):
    """Return a network of one or two hidden layers."""
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Flatten()(x)
    ### BEGIN SOLUTION
    layers = hp.Choice("layers", [1, 2])
    units = [hp.Choice("units_0", [16, 32])]
    with hp.conditional_scope("layers", [2]):
        units.append(hp.Choice("units_1", [16, 32]))
    for layer in range(layers):
        x = keras.layers.Dense(units[layer], activation="relu")(x)
    ### END SOLUTION
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))


# %%
if check("02.3", build_dense):
    print(spaces.describe(spaces.built(build_dense, {"layers": 2, "units_0": 32, "units_1": 16})))

# %% [markdown]
# ## Exercise 2.4: which strategy won?
#
# **Purpose**: see through an unfair comparison. **Time**: 5 min
#
# A colleague has a new strategy. It and random search get ten trials each, once, with seed 1. The new
# strategy finds 97.4 percent on the validation images, random search 97.1 percent. What now?
#
# - **a**: The new strategy is better, since both had the same number of trials.
# - **b**: Run both again with ten seeds each, and report the best run of both.
# - **c**: Run both again with ten seeds each, and compare the medians beside how far apart the ten
#   results of each lie.
# - **d**: Let the test images decide which of the two is better.

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "c"
### END SOLUTION

# %%
check("02.4", choice)
