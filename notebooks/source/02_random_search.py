# %% [markdown]
# # Unit 02: How good is luck?
#
# - **Objectives**: describe a search space as a function; run a random search over small
#   convolutional networks; read a trial table; say why random search is the baseline that every
#   cleverer strategy has to beat.
# - **Prerequisites**: [unit 01](01_what_is_nas.ipynb): the three parts of a search, the loop, the
#   trial table
# - **Time**: 45 min: a first search 10 min, a space of networks 10 min, the search 10 min,
#   how good is luck 15 min
# - **Cost**: 60 s of one CPU core and 900 MiB of memory; no GPU, no network
#
# In [unit 01](01_what_is_nas.ipynb) you searched by hand, and luck was your rival. All trainings were
# looked up. Now we train for real, with a library that people use, and the strategy is the simplest
# there is: chance. How far does it get? Every cleverer strategy in this course has to answer that.

# %%
from nascourse import data, plotting, search, spaces, trials

import keras
import keras_tuner as kt
import numpy as np
import pandas as pd

pd.options.display.max_colwidth = 100

# %% [markdown]
# ## A first search: how wide should a layer be?
#
# [KerasTuner](https://keras.io/keras_tuner/) is a library for such searches. You write a **build
# function**: it receives an object `hp`, asks it for values, and returns a compiled network. Each
# value that it asks for is a hyperparameter. Here there is one, the number of units in a layer, and it
# has two possible values.
#
# The task is small on purpose: predict a number from 10 features. We make the data ourselves, so we
# know the truth: only the first three features matter.

# %%
rng = np.random.default_rng(0)
x = rng.normal(size=(600, 10)).astype("float32")
y = x[:, 0] * x[:, 1] + np.abs(x[:, 2])


# %%
def build_dense(hp):
    units = hp.Choice("units", [16, 32])
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    return model


# %% [markdown]
# **Predict.** We now allow three trials: three turns of the loop, each proposing values, building,
# training and scoring. How many trials will run?

# %%
keras.utils.set_random_seed(1)
tuner = kt.RandomSearch(
    build_dense,
    objective="val_loss",
    max_trials=3,
    seed=1,
    directory="../runs/02_dense",
    overwrite=True,
)
tuner.search(x[:480], y[:480], validation_data=(x[480:], y[480:]), epochs=20, verbose=0)

for trial in tuner.oracle.trials.values():
    print(f"units={trial.hyperparameters['units']}: validation loss {trial.score:.2f}")

# %% [markdown]
# Two, not three. There are only two settings, and KerasTuner does not try the same setting twice.
# So `max_trials` is an upper limit. When a search ends early, the space is often smaller than its
# author thought.
#
# Three more things in that cell deserve a look:
#
# - `objective` names the value to improve. It begins with `val_`: it is measured on the validation
#   set, images (here rows) that no weight was fitted to.
# - `seed=1` fixes what the strategy proposes, but not the first weights of the networks. That is
#   what `set_random_seed` is for. Without both, a second run would give other numbers.
# - `overwrite=True` starts afresh. Without it KerasTuner finds the old folder, sees a finished
#   search, and does nothing at all.

# %% [markdown]
# ## A space of networks
#
# The same idea works for a whole **convolutional neural network** (CNN). Below, `blocks` decides how
# many times the image is halved, and a block that does not exist has no filters to choose. That is
# a **conditional hyperparameter**. `conditional_scope` ties it to its parent, here `blocks`, and lists
# the values of the parent for which it exists: 1 and 2 for the first block, 2 for the second.


# %%
def build_small_cnn(hp):
    blocks = hp.Choice("blocks", [1, 2])
    kernel = hp.Choice("kernel", [3, 5])

    image = keras.Input((28, 28, 1), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(image)  # pixels from 0..255 to 0..1
    for block in range(blocks):
        with hp.conditional_scope("blocks", list(range(block + 1, 3))):
            filters = hp.Choice(f"filters_{block}", [8, 16, 32])
        x = keras.layers.Conv2D(filters, kernel, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))


hp = kt.HyperParameters()
hp.Fixed("blocks", 2)  # the larger choice, so that both blocks show
print(spaces.describe(build_small_cnn(hp)))

# %% [markdown]
# Read the line from left to right: a convolution with 8 filters of 3x3 pixels, a max pooling that
# halves the image, the same again, and a dense layer with one output for each digit. (In other
# networks `ave2` is average pooling. `globalavg` is the head `global_average`, which hands on one mean
# for each filter, taken over the whole image. `drop.25` is dropout: a quarter of the numbers, drawn at
# random, is switched off in each step of the training.) We only look at the network, so it is not
# compiled.
#
# The first layer rescales the pixels. Normalizing inside the network has two advantages. The images
# stay small whole numbers in memory, and whoever uses the network later cannot forget the step.
#
# **Predict.** How many different settings does `build_small_cnn` allow? Multiply where choices are
# independent, add where one choice opens others.

# %%
one_block = 2 * 3  # kernels x filters
two_blocks = 2 * 3 * 3
print(one_block + two_blocks)

# %% [markdown]
# The course's own space, `spaces.cnn_space`, is built in the same way. It can also have three
# blocks, one or two convolutions in each, max or average pooling, two kinds of head, and dropout.
# Here is its size, and here are its hyperparameters.

# %%
print(f"{spaces.size(spaces.cnn_space):,} settings")
spaces.to_table(spaces.cnn_space)

# %% [markdown]
# At four seconds each, trying them all would take two hours. A search has to find a good one in a
# few tries.
#
# ## The digits
#
# We search with the 5,000 images of unit 00: networks are trained on one part, chosen by the second,
# and judged by the third.

# %%
splits = data.load_mnist("bundled")
splits

# %% [markdown]
# The third part is sealed. Nothing in a search can read it. Try to, and you get a sentence instead of
# images. Unit 11 opens it, once, at the very end.

# %% tags=["raises-exception"]
splits.x_test

# %% [markdown]
# ## The search
#
# Now the real thing: six networks drawn at random from the 1,872, each trained for four epochs.
# **This takes about 30 seconds.** `run_search` hands the work to KerasTuner. It adds
# what we need for learning: a progress bar, seeds that make the search repeatable, and a table.

# %%
found = search.run_search(
    spaces.cnn_space,
    splits,
    strategy="random",
    max_trials=6,
    epochs=4,
    seed=1,
    directory="../runs/02_random",
    overwrite=True,
)
print(found)

# %% [markdown]
# It ends in a trial table, as every search does: one row a trial.

# %%
trials.summary(found.table)

# %% [markdown]
# The parameters and the FLOPs are facts of the network, known before any training. Only the accuracy
# had to be paid for.
#
# The table keeps the choices as well. Which of them separates the good rows from the bad?

# %%
chosen = trials.hyperparameters(found.table)
by_accuracy = found.table.set_index("trial").sort_values("val_accuracy", ascending=False)
by_accuracy[["val_accuracy", *chosen]].round(3)

# %% [markdown]
# Six trials are few, so distrust any pattern you see here. One is strong enough to return in other
# searches: a `global_average` head learns slowly, above all after only one or two blocks. Averaging
# over the whole image throws away where a stroke was. That is not yet a bad network. It is a network
# that this **estimation**, four epochs on 3,200 images, judges unkindly.
#
# The **incumbent** is the best network so far. Its curve is the usual picture of a search: a
# staircase that can only rise.

# %%
ax = plotting.plot_incumbent(found.table)
plotting.show(
    ax,
    alt="A staircase of the best validation accuracy over six trials, with each trial as a point.",
    source="measured in this notebook, random search, seed 1",
)

# %%
ax = plotting.plot_curves(found.curves)
plotting.show(
    ax,
    alt="Validation accuracy over four epochs, one line for each of the six networks.",
    source="measured in this notebook, random search, seed 1",
)

# %% [markdown]
# Each line is one trial. The two `global_average` networks, trials 1 and 3, stay far below the others
# for all four epochs. A trial is scored by the best point of its line, which need not be the last one:
# KerasTuner keeps the epoch with the highest validation accuracy.
#
# ## How good is luck?
#
# One search of six trials is an anecdote. Would another seed have found something better? To answer
# we need many searches. Here is a longer one, recorded beforehand: 60 networks, drawn at random from
# the same space, five epochs each. It took some minutes, so we load it.

# %%
recorded = trials.recorded("random_cnn")
recorded["val_accuracy"].describe()[["count", "min", "25%", "50%", "75%", "max"]].round(3)

# %% [markdown]
# Half of the networks are above the row called `50%`, the **median**, and a quarter are above `75%`. A
# space that someone designed with care is full of good networks, so luck has an easy time. This is
# one reason why random search is so hard to beat.
#
# Random search does not look back: the order of its trials does not matter. So we may shuffle the 60
# trials and read each order as another search. **Predict** before you run the cell: after ten
# trials, how far is the typical search below the best of all 60?

# %%
rng = np.random.default_rng(0)
orders = np.array([rng.permutation(recorded["val_accuracy"]) for _ in range(1000)])
best_so_far = np.maximum.accumulate(orders, axis=1)

for trial in (1, 3, 10, 30, 60):
    low, high = np.percentile(best_so_far[:, trial - 1], [25, 75])
    print(f"after {trial:2} trials the middle half of the searches has {low:.3f} to {high:.3f}")

# %%
ax = plotting.plot_searches({"1,000 shuffled searches": best_so_far[:, :30]})
own = trials.incumbent(found.table)
ax.step(own.index, own, where="post", color=plotting.ORANGE, linewidth=2, label="our search")
ax.legend(loc="lower right", frameon=False)
ax.set_ylim(0.85, 0.98)  # first trials may lie below
plotting.show(
    ax,
    alt="The staircase of our six trials over a band in which the middle half of 1,000 shuffled "
    "random searches lies. The band rises steeply for the first three trials, then slowly.",
    source="ours measured in this notebook with 4 epochs; the band from a recording of 60 trials "
    "with 5 epochs, shuffled 1,000 times",
)

# %% [markdown]
# The band shows what luck can do, and it teaches three things.
#
# 1. **The first trials bring most of the gain.** After ten, three quarters of the searches are less than
#    one and a half percentage points below the best of all 60. (After 60, all have seen the same
#    networks.)
# 2. **Two searches can differ by pure chance.** With one trial the middle half of all searches spans
#    more than fifteen percentage points, and with three trials still nearly two. Whoever compares two
#    strategies by one run each compares two dice.
# 3. **A cleverer strategy must lie above the band**, at the same number of trials and epochs. This is
#    the whole meaning of "baseline". (Our own line is a sketch only: it had four epochs, the band five.)
#
# Published methods have stumbled over this. Li & Talwalkar (2019) gave random search the same budget
# and the same tricks as well-known methods. On the CIFAR-10 images, random search with shared weights
# reached a test error of 2.85 ± 0.08 percent. DARTS, a method that learns the architecture by gradient
# descent, reached 3.00 ± 0.14 in its cheaper variant (first order) and 2.76 ± 0.09 in its dearer one
# (second order). The numbers are theirs, and they overlap.
#
# ## How sure is one number?
#
# Even the same network gets another score when it starts from other weights. Let us train the winner
# twice more, from two other seeds, and score it as the search does, by its best epoch. **This takes
# about 10 seconds.**

# %%
validation = (splits.x_val, splits.y_val)
scores = [found.best["val_accuracy"]]
for seed in (2, 3):
    keras.utils.set_random_seed(seed)
    model = found.new_model()
    training = {"epochs": 4, "batch_size": 64, "validation_data": validation, "verbose": 0}
    history = model.fit(splits.x_train, splits.y_train, **training)
    scores.append(max(history.history["val_accuracy"]))
print("validation accuracy:", np.round(scores, 3), f"spread {np.ptp(scores):.3f}")

# %% [markdown]
# The first number is the one from the search. Compare the spread with the gaps in the trial table.
# Where a gap is smaller than the spread, the order of the two networks may be luck.
#
# And note which network got a second and a third chance here: the winner. Its score was the highest
# of six, so it is more likely to have been lucky than unlucky. On average, the next measurement of a
# winner is lower. This is the **winner's curse**. In a single case, as here, anything can happen.
#
# Was the training itself the same? Keras's `fit`, as in this cell, takes one step at a time: it
# fetches a batch, goes from Python into a graph, which is TensorFlow's compiled form of the
# arithmetic, and comes back. A search of this course takes several steps in one execution of the
# graph, as many as need about a quarter of a second. The arithmetic of a step is the same, only the
# network waits less, and callbacks still hear of every step, several at a time. (The order of the
# images is another one, as with another seed.)
#
# ## Summary
#
# - A search is a loop: a strategy proposes, a space builds, an estimation scores. One turn is a trial.
# - A build function *is* the search space. Conditional hyperparameters exist only where their parent
#   asks for them.
# - `max_trials` is an upper limit; a small space is exhausted earlier.
# - Random search looks at nothing that it has seen, and is still strong, since good spaces are full
#   of good networks. Judge every other strategy against it, at equal budget and over several seeds.
# - Validation accuracy chooses. The test set stays sealed.
#
# Next: luck found good networks since the space was full of them. Who put them there? In
# [unit 03](03_search_spaces.ipynb) we look at the space itself: what can be found at all?
#
# ## Exercises
#
# In [four exercises](../exercises/02_random_search.ipynb) you draw the staircase by hand, compute how
# many trials luck needs, write a space with a condition, and judge an unfair comparison.
#
# ## Further reading
#
# - Li, L. & Talwalkar, A. (2019). *Random Search and Reproducibility for Neural Architecture Search*.
#   [arXiv:1902.07638](https://arxiv.org/abs/1902.07638)
# - Bergstra, J. & Bengio, Y. (2012). *Random Search for Hyper-Parameter Optimization*.
#   [JMLR 13](https://jmlr.org/papers/v13/bergstra12a.html)
# - [KerasTuner's guide](https://keras.io/guides/keras_tuner/getting_started/)
