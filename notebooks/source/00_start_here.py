# %% [markdown]
# # Unit 00: Does my machine work?
#
# - **Objectives**: run a notebook; let the course examine your machine; look at the digits and train
#   a first network; know the map of the course and how its exercises answer.
# - **Prerequisites**: you know Python, and have trained a neural network before.
# - **Time**: 25 min: running a notebook 5 min, the machine 2 min, the digits 4 min, a first network
#   8 min, exercises and map 6 min
# - **Cost**: 15 s of one CPU core and 750 MiB of memory; no GPU, no network
#
# Welcome. In this course a program designs neural networks, and you decide how it goes about it. The
# task stays the same from the first unit to the last: read handwritten digits. Before we begin, we
# make sure that everything works here.
#
# ## How a notebook is run
#
# A notebook is a column of **cells**. Text cells, such as this one, are for reading. Code cells are
# for running:
#
# - Click into a code cell and press **Shift+Enter**. It runs, and the next cell is selected.
# - While it runs, `[*]` stands beside it. Then comes a number: this was the n-th cell to run.
# - What it prints, draws or returns last stands below it: its **output**. The outputs that you see
#   now were made when the notebook was written. Yours replace them.
# - A **notebook kernel**, one Python process for each notebook, keeps what the cells define. Cells
#   that run in another order may leave it in a state that nobody planned. The cure is in the menu:
#   *Kernel > Restart Kernel and Run All Cells*.
# - A cell takes too long? The square button on top of the page interrupts it.
#
# Try it now, with the next cell. The first import of a session loads TensorFlow, so it takes some
# seconds.

# %%
from nascourse import CourseError, data, evaluation, plotting
from nascourse.checks import check, compare, progress
from nascourse.cli import doctor

import keras
from sklearn.metrics import accuracy_score

# %% [markdown]
# A notebook is for doing, so two kinds of cells wait for you in every unit.
#
# **Change this** stands above a cell whose values you vary. Run it as it is, change a value, run it
# again, and look for the answer to the question. (*File > Reload Notebook from Disk* brings back
# what was last saved.) Here: a digit has 28 x 28 pixels, and every weight below connects one of
# them with one of ten outputs. How wide may an image be before there are more than 100,000 weights?

# %% tags=["change-this"]
outputs, side = 10, 28  # change this
n_weights = outputs * side * side
print(f"{n_weights:,} weights connect every pixel with {outputs} outputs")

# %% [markdown]
# **Predict** stands above a cell in which you write a guess. Run it, and only then the cell below
# it, which puts your guess beside what came out; until then its output is folded. A wrong guess
# teaches more than none. For a first one take what you just saw.
#
# **Predict.** By how many times do the weights grow when the image becomes twice as wide and twice
# as high? Write a number in place of the three dots.

# %% tags=["prediction"]
guess = ...  # a number of times, such as 1.5

# %% tags=["prediction-result"]
before, after = 10 * 28 * 28, 10 * 56 * 56
compare("00.a", guess, after / before, unit="times", digits=1)

# %% [markdown]
# Four times, as both its rows and its columns are doubled.
#
# ## Can this machine run the course?
#
# The **doctor** looks at Python, the packages, memory, disk and data. It says of each fault how to
# repair it. Here it speaks only of faults, so that a sound machine gets a single line. In a terminal
# `python -m nascourse doctor` tells everything, even where nothing is installed.
#
# **Change this.** Add `"note"` and `"ok"` to the levels. Which Python runs here, and how much memory is free?

# %% tags=["change-this"]
levels = ["FAULT"]  # change this
findings = doctor.examine()
for finding in findings:
    if finding.level in levels:
        print(finding)
print(doctor.verdict(findings))

# %% [markdown]
# ## The digits
#
# MNIST is a set of 70,000 images of handwritten digits (LeCun, Cortes & Burges). Five thousand of
# them came with the installed packages, so the course needs no network. Each image is 28 pixels wide
# and 28 high, and has a **label**: the digit that its writer meant.
#
# **Change this.** Look at other twenties. Can you find a digit that you would have read differently
# from its label?

# %% tags=["change-this"]
splits = data.load_mnist("bundled")
print(splits)
first = 0  # change this: the place of the first image, below 3,180
axes = plotting.plot_images(splits.x_train[first:][:20], splits.y_train[first:][:20])
plotting.show(
    axes,
    caption="The same digit is written in many ways.",
    source="the bundled MNIST images",
)

# %% [markdown]
# The images are split in three parts, and each part has one task for the whole course:
#
# - The **training set** is what networks learn from.
# - The **validation set** is what we choose by. No weight is fitted to it, so it shows how well a
#   network reads digits that it has not learned by heart.
# - The **test set** is what the final network is judged by. It is **sealed**: nothing in a search
#   can read it, and we open it once, in [unit 11](11_project.ipynb).
#
# Why a third part? Whoever compares many networks by the same images finds one that suits just these
# images. Its accuracy there is flattering. Only images that had no say in the choice tell the truth.
#
# ## A first network
#
# Now the real test of the machine: does it train? The network below has one convolution with 8
# filters and then one output for each digit. An **epoch** is one pass through all training images.
# The **seed** fixes all that is random in the training, so a second run on the same machine repeats
# the first. **This takes about 5 seconds.**
#
# **Predict.** Whoever names digits blindly reads one in ten. What percentage of the validation
# images will this small network read after three epochs? Write a number of percent.

# %% tags=["prediction"]
guess = ...  # a number of percent


# %% tags=["prediction-result"]
def share_read(filters=8, epochs=3, seed=1):
    """The percentage of the validation images that a network reads, and what it read in each."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255)])
    model.add(keras.layers.Conv2D(filters, 5, strides=2, activation="relu"))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(splits.x_train, splits.y_train, epochs=epochs, verbose=0)
    predicted = evaluation.predict(model, splits.x_val)
    return 100 * accuracy_score(splits.y_val, predicted), predicted


percent, predicted = share_read()
compare("00.b", guess, percent, unit="%")

# %% [markdown]
# Most of them, even so small a network. Your number may differ by one or two percent: processors
# round differently. If it is far above ten, your machine trains networks, and that is all we wanted
# to know. Here are some that it misread.

# %%
axes = plotting.plot_misread(splits.x_val, splits.y_val, predicted, most=10)
plotting.show(
    axes,
    caption="The network stumbles over digits that most people still read. (Label → what it read.)",
    source="measured in this notebook",
)

# %% [markdown]
# Nobody thought long about this network. Why 8 filters, why one convolution?
#
# **Change this.** Which reads more of the digits: a network with twice the filters, or the same
# network trained twice as long? Or is the difference too small to tell? One image is 0.125 points,
# and another `seed` gives other first weights. **Each takes about 5 seconds.**

# %% tags=["change-this"]
percent, _ = share_read(filters=8, epochs=3, seed=1)  # change this
print(f"{percent:.1f} percent")

# %% [markdown]
# The differences are small: some images of 800. Another seed may turn them around, so one run of each
# cannot tell. [Unit 02](02_random_search.ipynb) comes back to this.
#
# ## How exercises work
#
# Each unit has its notebook of exercises, in the folder `exercises` beside this one. You write an
# answer into a cell, and `check` says in a sentence whether it is right, and if not, what kind of
# mistake it is. It takes the number of the exercise, with two digits for the unit, and your answer.
# An answer that is still missing, as `None` here, is no mistake. Stuck? `hint("00.1")` gives the
# next of up to three hints. What counts is what your answer does, not how it is written. When
# nothing goes on, the same notebook in `solutions` shows one way to do it.
#
# **Change this.** What does `check` answer to the number of an exercise that does not exist?

# %% tags=["change-this"]
exercise = "00.1"  # change this
try:
    check(exercise, None)
except CourseError as error:
    print(error)

# %% [markdown]
# What you have solved is kept in a file on your disk and goes nowhere else, and so are your guesses.

# %%
progress.summary()[["exercises", "solved", "guesses", "close", "next"]]

# %% [markdown]
# This was the state when the notebook was built, with nothing solved. Come back and run the cell
# again: `next` names where to go on. So does `python -m nascourse progress` in a terminal.
#
# ## When something does not work
#
# 1. **Restart and run all.** Most errors come from cells that ran in another order.
# 2. **Read the last line** of the error. A `CourseError` is one sentence that says what to do.
# 3. **Ask the doctor** above; its lines can be pasted into a terminal.
# 4. **Look up** [what is known not to work](README.md#known-not-to-work).
#
# ## The map
#
# Each unit asks one question, and the next unit takes up what it leaves open. The times are for
# reading, running and predicting; the exercises come on top.
#
# | unit | question | time | builds on |
# |---|---|---|---|
# | [01 What is NAS?](01_what_is_nas.ipynb) | What is searched, how, and judged by what? | 45 min | 00 |
# | [02 Random search](02_random_search.ipynb) | How good is luck? | 50 min | 01 |
# | [03 Search spaces](03_search_spaces.ipynb) | What can be found at all? | 60 min | 01, 02 |
# | [04 Estimation](04_estimation.ipynb) | How cheaply can a network be judged? | 60 min | 02, 03 |
# | [05 Strategies](05_strategies.ipynb) | Which strategy wins, and how sure are we? | 60 min | 02, 04 |
# | [06 AutoKeras greedy](06_autokeras_greedy.ipynb) | How does AutoKeras search CNNs? | 60 min | 02, 03, 05 |
# | [07 Trade-offs](07_tradeoffs.ipynb) | What does accuracy cost? | 60 min | 03, 05 |
# | [08 Weight sharing](08_weight_sharing.ipynb) | Can one training judge all networks? | 60 min | 04, 05 |
# | [09 Gradient-based search](09_gradient_based.ipynb) | Can an architecture be learned by descent? | 60 min | 05, 08 |
# | [10 Scaling networks](10_scaling_networks.ipynb) | How does a found network grow? | 55 min | 03, 05 |
# | [11 Project](11_project.ipynb) | Can you find a network for your images, and stand by the report? | 60 min | 02, 06 |
# | [12 Scaling out](12_scaling_out.ipynb) | When is one machine not enough? | 55 min | 02, 05 |
# | [13 Predictors](13_predictors.ipynb) | Can a network be judged before it is trained? | 60 min | 04, 05 |
# | [14 Good science](14_good_science.ipynb) | Is it good science, and what came after? | 60 min | 05, 07, 08 |
#
# In a hurry? 01, 02, 06 and 11 make a course of half a day, if you take on trust what they build on.
# A word that you have forgotten stands in the [glossary](glossary.md), with a link to where it was
# explained.
#
# ## Summary
#
# - Shift+Enter runs a cell. Restart and run all cures most ills.
# - The doctor says whether this machine can run the course, and how to repair what is missing.
# - Networks learn from the training set and are chosen by the validation set. The test set stays
#   sealed until the very end.
# - A network with one convolution already reads most digits. Its numbers were chosen without
#   thought.
#
# Next: could a program choose them better? In [unit 01](01_what_is_nas.ipynb) we see what that
# takes.
#
# ## Exercises
#
# [Two short ones](../exercises/00_start_here.ipynb): what the sealed test set is for, and which
# accuracy is no achievement at all.
#
# ## Further reading
#
# - LeCun, Y., Cortes, C. & Burges, C. *The MNIST database of handwritten digits*.
# - [JupyterLab's user guide](https://jupyterlab.readthedocs.io/en/stable/user/interface.html)
# - [Keras's introduction for
#   engineers](https://keras.io/getting_started/intro_to_keras_for_engineers/)
