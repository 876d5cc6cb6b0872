# %% [markdown]
# # Unit 02: How good is luck?
#
# - **Objectives**: describe a search space as a function; run a random search over small
#   convolutional networks; read a trial table; say why random search is the baseline that every
#   cleverer strategy has to beat.
# - **Prerequisites**: [unit 01](01_what_is_nas.ipynb): the three parts of a search, the loop, the
#   trial table
# - **Time**: 50 min: a first search 10 min, a space of networks 10 min, the digits 3 min, the search
#   12 min, how good is luck 10 min, how sure is one number 5 min
# - **Cost**: 50 s of one CPU core and 800 MiB of memory; no GPU, no network
#
# In [unit 01](01_what_is_nas.ipynb) you searched by hand, and luck was your rival. All trainings
# were looked up. Now we train for real, with a library that people use, and the strategy is the
# simplest there is: chance. How far does it get? Every cleverer strategy in this course has to
# answer that.

# %%
from nascourse import CourseError, data, plotting, search, spaces, trials
from nascourse.checks import compare

import keras
import keras_tuner as kt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

pd.options.display.max_colwidth = 100

# %% [markdown]
# ## A first search: how wide should a layer be?
#
# [KerasTuner](https://keras.io/keras_tuner/) is a library for such searches. You write a **build
# function**: it receives an object `hp`, asks it for values, and returns a compiled network. Each
# value that it asks for is a hyperparameter. Here there is one, the number of units in a layer, and
# it has two possible values.
#
# The task is small on purpose: predict a number from 10 features. We make the data ourselves, so we
# know the truth: only the first three features matter.

# %%
rng = np.random.default_rng(0)
x = rng.normal(size=(600, 10)).astype("float32")
y = x[:, 0] * x[:, 1] + np.abs(x[:, 2])
widths = [16, 32]


def build_dense(hp):
    units = hp.Choice("units", widths)
    hidden = keras.layers.Dense(units, activation="relu")
    model = keras.Sequential([keras.Input((10,)), hidden, keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    return model


# %% [markdown]
# **Predict.** The search below may take three trials: three turns of the loop, each proposing
# values, building, training and scoring. How many trials will run? Write a whole number.

# %% tags=["prediction"]
guess = ...  # a whole number of trials


# %% tags=["prediction-result"]
def search_widths():
    """The score of each width that a random search of three trials tries."""
    keras.utils.set_random_seed(1)
    folder = {"directory": "../runs/02_dense", "overwrite": True}
    tuner = kt.RandomSearch(build_dense, objective="val_loss", max_trials=3, seed=1, **folder)
    held_out = (x[480:], y[480:])
    tuner.search(x[:480], y[:480], validation_data=held_out, epochs=5, verbose=0)
    return {t.hyperparameters["units"]: f"{t.score:.2f}" for t in tuner.oracle.trials.values()}


scores = search_widths()
print("validation loss by units:", scores)
compare("02.a", guess, len(scores), unit="trials")

# %% [markdown]
# There are only two settings, and KerasTuner does not try the same setting twice. So `max_trials` is
# an upper limit. When a search ends early, the space is often smaller than its author thought.
#
# Three more things in that cell deserve a look:
#
# - `objective` names the value to improve. It begins with `val_`: it is measured on the validation
#   set, images (here rows) that no weight was fitted to.
# - `seed=1` fixes what the strategy proposes, but not the first weights of the networks. That is
#   what `set_random_seed` is for. If one of the two is missing, a second run gives other numbers.
# - `overwrite=True` starts afresh. Without it KerasTuner finds the old folder, sees a finished
#   search, and does nothing at all.
#
# **Change this.** Add two wider layers to the list. Are all widths tried now? Is the best one the
# widest?

# %% tags=["change-this"]
widths = [16, 32, 64]  # change this
search_widths()

# %% [markdown]
# Three trials try three widths, however many there are. Which ones, chance decides.
#
# ## A space of networks
#
# The same idea works for a whole **convolutional neural network** (CNN). Below, `blocks` decides
# how many times the image is halved, and a block that does not exist has no filters to choose. That
# is a **conditional hyperparameter**. `conditional_scope` ties it to its parent, here `blocks`, and
# lists the values of the parent for which it exists. All hyperparameters are declared first,
# whatever the others are; then the network is built.


# %%
def build_small_cnn(hp):
    blocks = hp.Choice("blocks", [1, 2])
    kernel = hp.Choice("kernel", [3, 5])
    filters = [hp.Choice("filters_0", [8, 16, 32])]
    with hp.conditional_scope("blocks", [2]):
        filters.append(hp.Choice("filters_1", [8, 16, 32]))

    image = keras.Input((28, 28, 1), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(image)  # pixels from 0..255 to 0..1
    for block in range(blocks):
        x = keras.layers.Conv2D(filters[block], kernel, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))


print(spaces.describe(spaces.built(build_small_cnn, {"blocks": 2})))

# %% [markdown]
# Read the line from left to right: a convolution with 8 filters of 3x3 pixels, a max pooling that
# halves the image, the same again, and a dense layer with one output for each digit. We only look
# at the network, so it is not compiled. Its first layer rescales the pixels: the images stay small
# whole numbers in memory, and whoever uses the network later cannot forget the step.
#
# **Predict.** How many different settings does `build_small_cnn` allow? Multiply where choices are
# independent, add where one choice opens others. Write a whole number.

# %% tags=["prediction"]
guess = ...  # a whole number of settings

# %% tags=["prediction-result"]
one_block = 2 * 3  # kernels x filters
two_blocks = 2 * 3 * 3
print(one_block, "with one block and", two_blocks, "with two")
compare("02.b", guess, spaces.size(build_small_cnn), unit="settings")

# %% [markdown]
# The numbers of blocks exclude each other, so their settings are added; everything else multiplies.
#
# The course's own space, `spaces.cnn_space`, is built in the same way. It can also have three
# blocks, one or two convolutions in each, max or average pooling, two kinds of head (the way from
# feature maps to the ten outputs), and **dropout**, which switches off a random part of the numbers
# in each step of the training.

# %%
print(f"{spaces.size(spaces.cnn_space):,} settings")
spaces.to_table(spaces.cnn_space)

# %% [markdown]
# At four seconds each, trying them all would take two hours. A search has to find a good one in a
# few tries.
#
# **Change this.** Here are the choices of the small space alone, without a network. What lets it
# grow faster: another value for all filters, or a third block with filters of its own? (Where there
# is a third block there is a second one as well, so `filters_1` exists for `[2, 3]`.) What does it
# take to overtake the course's space?


# %% tags=["change-this"]
def outline(hp):
    hp.Choice("blocks", [1, 2])  # change this, and below
    hp.Choice("kernel", [3, 5])
    hp.Choice("filters_0", [8, 16, 32])
    with hp.conditional_scope("blocks", [2]):
        hp.Choice("filters_1", [8, 16, 32])


print(f"{spaces.size(outline):,} settings")

# %% [markdown]
# A fourth value for all filters makes 40 settings, a third block makes 78: a further block multiplies
# the settings of the deepest networks. Six blocks of three values overtake the course's space with
# 2,184 settings, five blocks of four values with 2,728.
#
# ## The digits
#
# We search with the 5,000 images of unit 00: networks are trained on one part, chosen by the second,
# and judged by the third. The third part is sealed. Nothing in a search can read it.
#
# **Change this.** Try it: what do `x_val`, `y_train` and `y_test` answer?

# %% tags=["change-this"]
splits = data.load_mnist("bundled")
print(splits)
part = "x_test"  # change this
try:
    print(getattr(splits, part).shape)
except CourseError as error:
    print(error)

# %% [markdown]
# [Unit 11](11_project.ipynb) opens it, once, at the very end.
#
# ## The search
#
# Now the real thing: five networks drawn at random from the 1,872, each trained for three epochs.
# **This takes about 15 seconds.** `run_search` hands the work to KerasTuner. It adds what we need
# for learning: a progress bar, seeds that make the search repeatable, a table, and a folder from
# which it goes on. If you interrupt this cell, with the square button on top, run it again: the
# search goes on where it stopped. A finished search returns at once, and nothing is trained twice.
# To begin anew, add `overwrite=True`, or name another folder. (The seed is one that draws small
# networks, so that nobody waits for long.)
#
# **Change this** when you have read the section to its end: with `max_trials=7` the same search goes
# on with two more networks. Is one of them better than the first five? And which choice do they point
# to, of those that the bad networks share?

# %% tags=["change-this"]
found = search.run_search(
    spaces.cnn_space,
    splits,
    strategy="random",
    max_trials=5,  # change this
    epochs=3,
    seed=709,
    directory="../runs/02_random",
)
print(found)
trials.summary(found.table)

# %% [markdown]
# It ends in a trial table, as every search does: one row a trial. The parameters and the FLOPs are
# facts of the network, known before any training. Only the accuracy had to be paid for. In the last
# column, `ave2` is average pooling, and `drop.5` a dropout of a half. `globalavg` is the head
# `global_average`: it hands on one mean for each filter, taken over the whole image, where
# `flatten` hands on every number.
#
# The table keeps the choices as well. Which of them separates the good rows from the bad?

# %%
choices = trials.hyperparameters(found.table)
by_accuracy = found.table.set_index("trial").sort_values("val_accuracy", ascending=False)
by_accuracy[["val_accuracy", *choices]].round(3)

# %% [markdown]
# Four choices separate the good rows from the bad equally well. The two bad networks are the only ones
# with a single block, the only ones with two convolutions in it, the only ones with dropout, and the
# only ones with `global_average`. Five trials cannot tell which of the four it is, so distrust any
# pattern in five. A longer search can: 60 networks, drawn at random from the same space, five epochs
# each. It took some minutes, so we load its recording.
#
# **Predict.** Which of the four separates good networks from bad ones best in all 60? That is, for
# which do the medians of its values lie furthest apart? Write `"blocks"`, `"convs"`, `"dropout"` or
# `"head"`.

# %% tags=["prediction"]
guess = ...  # "blocks", "convs", "dropout" or "head"

# %% tags=["prediction-result"]
recorded = trials.recorded("random_cnn")
print(recorded.pivot_table("val_accuracy", "blocks", "head", aggfunc="median").round(3))
apart = {}
for name in ("blocks", "convs", "dropout", "head"):
    medians = recorded.groupby(name)["val_accuracy"].median()
    apart[name] = medians.max() - medians.min()
print(pd.Series(apart, name="medians apart").round(3).to_string())
compare("02.c", guess, max(apart, key=apart.get), options=list(apart))

# %% [markdown]
# It is the head: in each row, whatever the blocks, the typical network with `global_average` is
# worse. (The sixth and the seventh trial of our search, should you have let it go on, have one block
# and `flatten`, and are good.) Blocks matter clearly with that head; with `flatten` 33 networks are
# too few to tell.
# Averaging over the whole image throws away where a stroke was. That is not yet a bad network. It is
# one that this **estimation**, a few epochs on 3,200 images, judges unkindly, probably as it learns
# slowly.
#
# The **incumbent** is the best network so far. Its curve is the usual picture of a search: a
# staircase that can only rise.

# %%
with plt.rc_context(plotting.STYLE):
    axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")[1]
plotting.plot_incumbent(found.table, ax=axes[0])
plotting.plot_curves(found.curves, ax=axes[1])
plotting.show(
    axes,
    caption="The staircase rises where a trial beats all before it; some networks never come near.",
    source="measured in this notebook, random search, seed 709",
)

# %% [markdown]
# On the right each line is one trial. It is scored by the best point of its line, which need not be
# the last one: KerasTuner keeps the epoch with the highest validation accuracy.
#
# ## How good is luck?
#
# One search of five trials is an anecdote. Would another seed have found something better? To answer
# we need many searches. Here is what the 60 recorded networks reached.

# %%
recorded["val_accuracy"].describe()[["count", "min", "25%", "50%", "75%", "max"]].round(3)

# %% [markdown]
# Half of the networks are above the row called `50%`, the **median**, and a quarter are above
# `75%`. A space that someone designed with care holds many good networks, so luck has an easy time.
# This is one reason why random search is so hard to beat.
#
# Random search does not look back: the order of its trials does not matter. So we may shuffle the 60
# trials and read each order as another search.
#
# **Predict.** After ten trials, how many percentage points is the typical search (the median of
# 1,000) below the best of all 60? Write a number.

# %% tags=["prediction"]
guess = ...  # a number of percentage points, such as 5

# %% tags=["prediction-result"]
rng = np.random.default_rng(0)
orders = np.array([rng.permutation(recorded["val_accuracy"]) for _ in range(1000)])
best_so_far = np.maximum.accumulate(orders, axis=1)
rows = {n: np.percentile(best_so_far[:, n - 1], [25, 50, 75]) for n in (1, 3, 10, 30, 60)}
table = pd.DataFrame(rows, index=["a quarter is below", "median", "a quarter is above"])
print(table.T.rename_axis("trials").round(3))
below = 100 * (orders.max() - np.median(best_so_far[:, 9]))
compare("02.d", guess, below, unit="percentage points", digits=2)

# %% tags=["prediction-result"]
ax = plotting.plot_searches({"median of 1,000 shuffled searches": best_so_far[:, :30]})
plotting.plot_incumbent({"our search, with three epochs": found.table}, ax=ax)
ax.set_ylim(0.85, 0.98)  # first trials may lie below
plotting.show(
    ax,
    caption="Luck gains most in its first trials; the band holds the middle half of all searches.",
    source="ours measured in this notebook; the band from a recording of 60 trials with 5 epochs, "
    "shuffled 1,000 times",
)

# %% [markdown]
# Less than half a point. (The row of one trial differs a little from the table above it, as each of
# the 1,000 orders begins with a network drawn at random.) The band shows what luck can do, and it teaches three things.
#
# 1. **The first trials bring most of the gain.** After ten, three quarters of the searches are less
#    than one and a half percentage points below the best of all 60. (After 60, all have seen the
#    same networks.)
# 2. **Two searches can differ by pure chance.** With one trial the middle half of all searches
#    spans more than fifteen percentage points, and with three trials still nearly two. Whoever
#    compares two strategies by one run each compares two dice.
# 3. **This is the bar for a cleverer strategy**: at the same number of trials and epochs, many of
#    its searches must do better than many of luck's. That is the meaning of "baseline". (Our own
#    line is a sketch only: one search, and with three epochs to the band's five.)
#
# **Change this.** How many trials does luck need until nine of ten searches come within one point of
# the best? And within half a point?

# %% tags=["change-this"]
n_trials, points = 10, 1.0  # change this
is_close = best_so_far[:, n_trials - 1] >= orders.max() - points / 100
print(f"after {n_trials} trials {is_close.mean():.0%} of the searches are within {points} points")

# %% [markdown]
# About 16 trials for one point, and about 22 for half a point.
#
# Published methods have stumbled over this bar. Li & Talwalkar (2019) compared random search with
# well-known methods. Random search that stops poor trainings early did at least as well as ENAS, a
# leading method then. Random search with shared weights, which [unit 08](08_weight_sharing.ipynb)
# explains, did better still: on the CIFAR-10 images it reached a test error of 2.85 ± 0.08 percent.
# DARTS, a method that learns the architecture by gradient descent, reached 3.00 ± 0.14 in its cheaper
# variant (first order) and 2.76 ± 0.09 in its costlier one (second order). (± is the spread when the
# one chosen network is trained again.) One network of each was chosen, so this shows no order. It shows
# that luck with shared weights was in the same range. The luck of this unit has no such trick.
#
# ## How sure is one number?
#
# Even the same network gets another score when it starts from other weights. We train the winner
# twice more, from two other seeds, and score it as the search does, by its best epoch. **This takes
# about 8 seconds.**
#
# **Predict.** How many percentage points will lie between the highest and the lowest of the three
# scores? Write a number.

# %% tags=["prediction"]
guess = ...  # a number of percentage points, such as 5


# %% tags=["prediction-result"]
def score_again(seed, epochs=3):
    """The validation accuracy of the winner, trained from another seed."""
    keras.utils.set_random_seed(seed)
    training = {"epochs": epochs, "batch_size": 64, "verbose": 0}
    model, validation = found.new_model(), (splits.x_val, splits.y_val)
    history = model.fit(splits.x_train, splits.y_train, validation_data=validation, **training)
    return max(history.history["val_accuracy"])


scores = [found.best["val_accuracy"], score_again(seed=2), score_again(seed=3)]
print("validation accuracy:", np.round(scores, 3))
compare("02.e", guess, 100 * np.ptp(scores), unit="percentage points", digits=1)

# %% [markdown]
# The first number is the one from the search. Compare the spread with the gaps in the trial table.
# Where a gap is smaller than the spread, the order of the two networks may be luck.
#
# And note which network got a second and a third chance here: the winner. Its score was the highest
# of five, so it is more likely to have been lucky than unlucky. On average, the next measurement of a
# winner is lower. This is the **winner's curse**. In a single case, as here, anything can happen.
#
# **Change this.** With a single epoch, does the winner's score depend more on the seed? Try two or
# three seeds. (Each takes some 2 seconds.)

# %% tags=["change-this"]
score = score_again(seed=4, epochs=1)  # change this
print(f"validation accuracy {score:.3f}")

# %% [markdown]
# ## Summary
#
# - A search is a loop: a strategy proposes, a space builds, an estimation scores. One turn is a
#   trial.
# - A build function *is* the search space. Conditional hyperparameters exist only where their parent
#   asks for them.
# - `max_trials` is an upper limit; a small space is exhausted earlier.
# - Random search looks at nothing that it has seen, and is still strong, since good spaces hold many
#   good networks. Judge every other strategy against it, at equal budget and over several seeds.
# - Validation accuracy chooses. The test set stays sealed.
#
# Next: luck found good networks since the space holds many. Who put them there? In
# [unit 03](03_search_spaces.ipynb) we look at the space itself: what can be found at all?
#
# ## Exercises
#
# In [four exercises](../exercises/02_random_search.ipynb) you draw the staircase by hand, compute
# how many trials luck needs, write a space with a condition, and judge an unfair comparison.
#
# ## Further reading
#
# - Li, L. & Talwalkar, A. (2019). *Random Search and Reproducibility for Neural Architecture
#   Search*. [arXiv:1902.07638](https://arxiv.org/abs/1902.07638)
# - Bergstra, J. & Bengio, Y. (2012). *Random Search for Hyper-Parameter Optimization*.
#   [JMLR 13](https://jmlr.org/papers/v13/bergstra12a.html)
# - [KerasTuner's guide](https://keras.io/guides/keras_tuner/getting_started/)
