# %% [markdown]
# # Exercises 00: Does my machine work?
#
# Two short exercises, to get used to `check` and `hint`. They belong to
# [unit 00](../notebooks/00_start_here.ipynb). The headings count 0.1, 0.2 and so on; `check` and `hint`
# take the same number with two digits for the unit: exercise 0.1 is `"00.1"`.

# %%
from nascourse import data
from nascourse.checks import check, hint

import numpy as np

# %% [markdown]
# ## Exercise 0.1: what the sealed test set is for
#
# **Purpose**: know why nobody may look at the third part. **Time**: 2 min
#
# You have trained 100 networks and know the validation accuracy of each. What are the test images
# for?
#
# - **a**: to choose the best of the 100
# - **b**: to train the chosen one on more images
# - **c**: to say how good the chosen one is
# - **d**: to decide after which epoch the training of the chosen one stops
#
# Not sure? Here is a small hint. Run the cell again for a larger one.

# %%
hint("00.1")

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "c"
### END SOLUTION

# %%
check("00.1", choice)

# %% [markdown]
# ## Exercise 0.2: the accuracy of no thought at all
#
# **Purpose**: know what a network must beat before it deserves praise. **Time**: 5 min
#
# Someone does not look at the images at all. Of the training labels they take the most frequent one,
# and they give this answer for every validation image. Which share of the validation labels do they
# get right?
#
# For example, with the training labels `[3, 3, 7]` they always say 3. On the validation labels
# `[3, 7, 7, 7]` their accuracy is 0.25. Give four digits. Labels are NumPy arrays of whole numbers from
# 0 to 9. You need not think of ties: one training label is always more frequent than each of the others.
#
# Your code takes the place of the line `raise NotImplementedError(...)`.


# %%
def majority_accuracy(train_labels, val_labels):
    """Return the accuracy, from 0 to 1, of always giving the most frequent training label."""
    ### BEGIN SOLUTION
    guess = np.bincount(train_labels).argmax()
    return np.mean(val_labels == guess)
    ### END SOLUTION


# %%
if check("00.2", majority_accuracy):
    splits = data.load_mnist("bundled")
    print(f"on our digits: {majority_accuracy(splits.y_train, splits.y_val):.0%}")
