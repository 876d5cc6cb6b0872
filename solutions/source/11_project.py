# %% [markdown]
# # Exercises 11: Can you find a network for your images, and stand by the report?
#
# Nine exercises on [unit 11](../notebooks/11_project.ipynb): three on reading mistakes, choosing a network
# and reporting it, and the six decisions of the project on their own. `hint("11.1")` helps, up to three
# times.

# %%
from nascourse import evaluation, spaces, trials
from nascourse.checks import check, hint

import json
from importlib.resources import files

import keras
import numpy as np

# %% [markdown]
# ## Exercise 11.1: which digits are confused?
#
# **Purpose**: find the mistake that is worth looking at. **Time**: 10 min
#
# In a confusion matrix the row is the digit that was written, the column the digit that was read.
# Which mistake happens most often? Return the two digits, the one written first. (No other mistake
# happens as often.) With only three digits:
#
# ```
# [[90,  1,  0],
#  [ 0, 80,  2],      ->  (2, 0)
#  [ 7,  3, 85]]
# ```


# %%
def most_confused(matrix):
    """Return the digit written and the digit read of the most frequent mistake."""
    ### BEGIN SOLUTION
    mistakes = matrix.copy()
    np.fill_diagonal(mistakes, 0)
    return np.unravel_index(mistakes.argmax(), mistakes.shape)
    ### END SOLUTION


# %%
check("11.1", most_confused)

# %% [markdown]
# ## Exercise 11.2: the smaller of equals
#
# **Purpose**: choose a network by more than its accuracy. **Time**: 10 min
#
# A trial table has, among others, the columns `trial`, `val_accuracy` and `n_params`. Take the 95% interval of the
# highest validation accuracy, `evaluation.accuracy_interval(accuracy, n_images)`. By the rough rule of the unit
# every network whose accuracy lies in it counts as equal to the best. Which trial of these has the fewest
# parameters?


# %%
def choose(table, n_images):
    """Return the number of the smallest trial that is as good as the best."""
    ### BEGIN SOLUTION
    low, _ = evaluation.accuracy_interval(table["val_accuracy"].max(), n_images)
    equal = table[table["val_accuracy"] >= low]
    return equal.loc[equal["n_params"].idxmin(), "trial"]
    ### END SOLUTION


# %%
if check("11.2", choose):
    recorded = trials.recorded("random_cnn")
    rows = {"highest accuracy": trials.best(recorded)["trial"], "yours": choose(recorded, 800)}
    for name, trial in rows.items():
        row = recorded.set_index("trial").loc[trial]
        print(f"{name}: {row['val_accuracy']:.3f} with {row['n_params']:,} parameters")

# %% [markdown]
# ## Exercise 11.3: what may the report say?
#
# **Purpose**: write a number that keeps its promise. **Time**: 5 min
#
# A search with five trials chose a network of 21,498 parameters by 800 validation images. Its validation
# accuracy was 98.1 percent. On the 1,000 test images it reads 97.2 percent, with a 95% interval from 96.0
# to 98.1 percent. Which sentence belongs in the report?
#
# - **a**: "The network reads 97.20 percent of all handwritten digits."
# - **b**: "On 1,000 test images that no choice has seen, one network of one search reads 97.2 percent (95%
#   interval 96.0 to 98.1), with 21,498 parameters."
# - **c**: "We trained it from ten seeds, and report the one that is best on the test images: 98.0 percent."
# - **d**: "The network reaches 98.1 percent, as measured on the validation images."

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "b"
### END SOLUTION

# %%
check("11.3", choice)

# %% [markdown]
# ## Exercise 11.4: a report that can be handed in
#
# **Purpose**: see what makes a number worth something. **Time**: 10 min
#
# These are the facts of a report, recorded from a project like that of the unit. Somebody has taken out
# three of them: the reason for the choice, the interval, and what always answering with the most frequent
# class of the training images would reach on the test images. (Here all ten classes are equally frequent in
# training; so take the first one, the digit 0.) Put them back; the reason is yours to write.

# %%
facts = json.loads((files("nascourse") / "recordings" / "project_report.json").read_text("utf-8"))
for name in ("reason", "test_accuracy_95_percent", "majority_accuracy"):
    del facts[name]
print(facts["test_accuracy"], facts["test_images"])
facts["counts"]


# %%
def completed(facts):
    """Return the facts with the three that are missing."""
    ### BEGIN SOLUTION
    interval = evaluation.accuracy_interval(facts["test_accuracy"], facts["test_images"])
    counts = list(facts["counts"].values())
    most_frequent = max(counts, key=lambda of_class: of_class["training"])
    return {
        **facts,
        "reason": "It had the highest validation accuracy of all trials.",
        "test_accuracy_95_percent": interval,
        "majority_accuracy": most_frequent["test"] / facts["test_images"],
    }
    ### END SOLUTION


# %%
try:
    report = completed(facts)
except NotImplementedError:
    report = None
check("11.4", report)

# %% [markdown]
# ## Exercise 11.5: how many images judge?
#
# **Purpose**: divide images between learning and judging. **Time**: 5 min
#
# Which share of the images should judge the networks during the search? The test images are set apart
# already.

# %%
validation = None  # replace None by a number
### BEGIN SOLUTION
validation = 0.2
### END SOLUTION

# %%
check("11.5", validation)

# %% [markdown]
# ## Exercise 11.6: a space of your own
#
# **Purpose**: say what can be found at all. **Time**: 15 min
#
# Write a build function for images of any shape and any number of classes. It asks `hp` for what should be
# searched, begins with `keras.Input(image_shape, dtype="uint8")` and a `Rescaling` layer, and ends with
# `spaces.classifier(image, x, classes)`. At least four configurations should be possible.


# %%
def my_space(hp, image_shape, classes):
    """Build and compile the network that hp describes."""
    ### BEGIN SOLUTION
    image = keras.Input(image_shape, dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(image)
    for _ in range(hp.Choice("blocks", [1, 2])):
        filters = hp.Choice("filters", [8, 16])
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    return spaces.classifier(image, keras.layers.Flatten()(x), classes)
    ### END SOLUTION


# %%
check("11.6", my_space)

# %% [markdown]
# ## Exercise 11.7: what may it cost?
#
# **Purpose**: decide on a budget before there is a result. **Time**: 3 min
#
# How many trials may a search have, of how many epochs, and with which seed? Replace each `None`.

# %%
budget = {"max_trials": None, "epochs": None, "seed": None}
### BEGIN SOLUTION
budget = {"max_trials": 5, "epochs": 5, "seed": 1}
### END SOLUTION

# %%
check("11.7", budget)

# %% [markdown]
# ## Exercise 11.8: your choice and its reason
#
# **Purpose**: choose, and say why. **Time**: 5 min
#
# These trials were judged by 800 validation images. Which network would you hand over? Give the number of
# its trial, and a sentence for the report. Several answers are right, and each needs its reason.

# %%
recorded = trials.recorded("random_cnn")
trials.summary(recorded).head(10)

# %%
chosen, reason = None, None  # replace both
### BEGIN SOLUTION
chosen = choose(recorded, 800)
reason = "It is the smallest of the networks that lie in the interval of the best."
### END SOLUTION

# %%
check("11.8", {"table": recorded, "n_images": 800, "trial": chosen, "reason": reason})

# %% [markdown]
# ## Exercise 11.9: is the promise kept?
#
# **Purpose**: read an interval. **Time**: 3 min
#
# A network reads 95.6 percent of 1,000 test images. Somebody was promised 95 percent. May you say that the
# promise holds for other images of the same kind? `True` or `False`.

# %%
low, high = evaluation.accuracy_interval(0.956, 1_000)
print(f"{low:.1%} to {high:.1%}")

# %%
kept = None  # replace None by True or False
### BEGIN SOLUTION
kept = False
### END SOLUTION

# %%
check("11.9", {"accuracy": 0.956, "n_images": 1_000, "promise": 0.95, "kept": kept})
