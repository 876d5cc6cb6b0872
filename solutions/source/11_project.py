# %% [markdown]
# # Exercises 11: Can we find a digit recognizer?
#
# Three exercises on [unit 11](../notebooks/11_project.ipynb): reading mistakes, choosing a network, and
# reporting it honestly. `hint("11.1")` helps, up to three times.

# %%
from nascourse import evaluation, trials
from nascourse.checks import check, hint

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
# A trial table has the columns `trial`, `val_accuracy` and `n_params`. Take the 95% interval of the
# highest validation accuracy, `evaluation.accuracy_interval(accuracy, n_images)`. Every network whose
# accuracy lies in it counts as equal to the best. Which trial of these has the fewest parameters?


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
