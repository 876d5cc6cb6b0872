# %% [markdown]
# # Unit 00: Does my machine work?
#
# - **Objectives**: run a notebook; let the course examine your machine; look at the digits and train
#   a first network; know the map of the course and how its exercises answer.
# - **Prerequisites**: you know Python, and have trained a neural network before.
# - **Time**: 20 min: running a notebook 3 min, the machine 2 min, the digits 4 min, a first network
#   5 min, map and exercises 6 min
# - **Cost**: 10 s of one CPU core and 750 MiB of memory; no GPU, no network
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
# - What it prints, draws or returns last stands below it: its **output**. The outputs that you see now
#   were made when the notebook was written. Yours replace them.
# - A **notebook kernel**, one Python process for each notebook, keeps what the cells define. Cells that run in
#   another order may leave it in a state that nobody planned. The cure is in the menu:
#   *Kernel > Restart Kernel and Run All Cells*.
# - A cell takes too long? The square button on top of the page interrupts it.
#
# Try it now, with the next cell. The first import of a session loads TensorFlow, so it takes some
# seconds. (All notebooks import the course's package before Keras: it loads TensorFlow without the
# log lines that TensorFlow prints when it starts.)

# %%
from nascourse import data, evaluation, plotting
from nascourse.checks import check, progress
from nascourse.cli import doctor

import keras
import numpy as np
from sklearn.metrics import accuracy_score

# %% [markdown]
# Change what you like and run it again; *File > Reload Notebook from Disk* brings back what was last
# saved. A cell to play with:

# %%
neurons, inputs = 10, 28 * 28
print(f"{neurons * inputs + neurons:,} weights connect every pixel of a digit with 10 outputs")

# %% [markdown]
# ## Can this machine run the course?
#
# The **doctor** looks at Python, the packages, memory, disk and data. It says of each fault how to
# mend it. Here we let it speak only of faults, so that a sound machine gets a single line.

# %%
findings = doctor.examine()
for finding in findings:
    if finding.level == "FAULT":
        print(finding)
print(doctor.verdict(findings))

# %% [markdown]
# All findings, with the versions and the free memory, are one command away. It works in a terminal
# even where nothing is installed: `python -m nascourse doctor`.
#
# ## The digits
#
# MNIST is a set of 70,000 images of handwritten digits (LeCun, Cortes & Burges). Five thousand of
# them came with the installed packages, so the course needs no network. Each image is 28 pixels wide
# and 28 high, and has a **label**: the digit that its writer meant.

# %%
splits = data.load_mnist("bundled")
axes = plotting.plot_images(splits.x_train[:20], splits.y_train[:20])
plotting.show(
    axes,
    alt="Twenty handwritten digits in two rows, each with its label above it.",
    source="the bundled MNIST images",
)

# %%
splits

# %% [markdown]
# The images are split in three parts, and each part has one task for the whole course:
#
# - The **training set** is what networks learn from.
# - The **validation set** is what we choose by. No weight is fitted to it, so it shows how well a
#   network reads digits that it has not learned by heart.
# - The **test set** is what the final network is judged by. It is **sealed**: nothing in a search can
#   read it, and we open it once, in [unit 11](11_project.ipynb).
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
# **Predict.** Someone who guesses reads one digit in ten. What share of the validation images will
# this small network read after three epochs?

# %%
keras.utils.set_random_seed(1)
model = keras.Sequential(
    [
        keras.Input((28, 28, 1), dtype="uint8"),
        keras.layers.Rescaling(1 / 255),  # pixels from 0..255 to 0..1
        keras.layers.Conv2D(8, 5, strides=2, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(splits.x_train, splits.y_train, epochs=3, verbose=0)
print(f"{evaluation.count_params(model):,} weights trained")

# %%
guessed = np.random.default_rng(1).integers(10, size=len(splits.y_val))
predicted = evaluation.predict(model, splits.x_val)
print(f"guessing:     {accuracy_score(splits.y_val, guessed):.0%}")
print(f"this network: {accuracy_score(splits.y_val, predicted):.0%}")

# %% [markdown]
# Your number may differ by one or two percent: processors round differently. If it is far above
# guessing, your machine trains networks, and that is all we wanted to know.
#
# Nobody thought long about this network. Why 8 filters, why 5 pixels, why one convolution? Would a
# network with other values read some of these?

# %%
axes = plotting.plot_misread(splits.x_val, splits.y_val, predicted, most=10)
plotting.show(
    axes,
    alt="Ten validation images that the network misread. The title of each gives the digit written, "
    "an arrow, and the digit read.",
    source="measured in this notebook",
)

# %% [markdown]
# ## The map
#
# Each unit asks one question, and the next unit takes up what it leaves open. The times are for
# reading, running and predicting; the exercises come on top.
#
# | unit | question | time | builds on |
# |---|---|---|---|
# | [01 What is NAS?](01_what_is_nas.ipynb) | What is searched, how, and judged by what? | 45 min | 00 |
# | [02 Random search](02_random_search.ipynb) | How good is luck? | 45 min | 01 |
# | [03 Search spaces](03_search_spaces.ipynb) | What can be found at all? | 60 min | 01, 02 |
# | [04 Estimation](04_estimation.ipynb) | How cheaply can a network be judged? | 70 min | 02, 03 |
# | [05 Strategies](05_strategies.ipynb) | Which strategy wins, and how sure are we? | 80 min | 02, 04 |
# | [06 AutoKeras greedy](06_autokeras_greedy.ipynb) | How does AutoKeras search CNNs? | 60 min | 02, 03, 05 |
# | [07 Trade-offs](07_tradeoffs.ipynb) | What does accuracy cost? | 65 min | 03, 05 |
# | [08 Weight sharing](08_weight_sharing.ipynb) | Can one training judge all networks? | 65 min | 04, 05 |
# | [09 Gradient-based search](09_gradient_based.ipynb) | Can an architecture be learned by descent? | 65 min | 05, 08 |
# | [10 Scaling networks](10_scaling_networks.ipynb) | How does a found network grow? | 55 min | 03, 05 |
# | [11 Project](11_project.ipynb) | Can you find a network for your images, and stand by the report? | 60 min | 02, 06 |
# | [12 Scaling out](12_scaling_out.ipynb) | When is one machine not enough? | 90 min | 02, 05, 07 |
#
# In a hurry? 01, 02, 06 and 11 make a course of half a day, if you take on trust what they build on.
# A word that you have forgotten stands in the [glossary](glossary.md), with a link to where it was
# explained.
#
# ## How exercises work
#
# Each unit has its notebook of exercises, in the folder `exercises` beside this one. You write an
# answer into a cell, and `check` says in a sentence whether it is right, and if not, what kind of
# mistake it is. It takes the number of the exercise, with two digits for the unit, and your answer.
# An answer that is still missing, as `None` here, is no mistake:

# %%
check("00.1", None)

# %% [markdown]
# Stuck? `hint("00.1")` gives the next of up to three hints. `check` tries a function on fresh inputs
# each time, so what counts is what your answer does, not how it is written. When all is done, or
# nothing goes on, the same notebook in `solutions` shows one way to do it.
#
# What you have solved is kept in a file on your disk and goes nowhere else.

# %%
progress.summary()[["exercises", "solved", "next"]]

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
# ## Summary
#
# - Shift+Enter runs a cell. Restart and run all cures most ills.
# - The doctor says whether this machine can run the course, and how to mend what is missing.
# - Networks learn from the training set and are chosen by the validation set. The test set stays
#   sealed until the very end.
# - A network with one convolution already reads most digits. Its numbers were chosen without thought.
#
# Next: could a program choose them better? In [unit 01](01_what_is_nas.ipynb) we see what that takes.
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
# - [Keras's introduction for engineers](https://keras.io/getting_started/intro_to_keras_for_engineers/)
