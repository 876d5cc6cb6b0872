# %% [markdown]
# # Exercises 05: Which strategy wins, and how sure are we?
#
# Four exercises on [unit 05](../notebooks/05_strategies.ipynb): a probability, a strategy of your
# own that you then race, the picture of a race, and a sentence for a report. Fill in a cell, run
# it, then run the check below it. A check tries your answer on fresh inputs. `hint("05.1")` helps,
# up to three times.

# %%
from nascourse import benchmark, plotting, spaces, strategies
from nascourse.checks import check, hint

import keras_tuner
import matplotlib.pyplot as plt
import numpy as np

# %% [markdown]
# ## Exercise 5.1: who ends better?
#
# **Purpose**: know what a probability of superiority counts. **Time**: 10 min
#
# `a` and `b` hold how each search of two strategies ended; larger is better. Take one search of A
# and one of B. How probable is it that A ended better? Count over all such pairs. A tie counts
# half. The lists may differ in length. Give four digits. For example:
#
# ```
# superiority([1, 5], [0, 2])  ->  0.75     A wins three of four pairs
# superiority([1], [1, 0])     ->  0.75     a win and a tie
# ```


# %%
def superiority(a, b):
    """Return the share of all pairs in which a search of A ended better; ties count half."""
    ### BEGIN SOLUTION
    points = [(x > y) + 0.5 * (x == y) for x in a for y in b]
    return sum(points) / len(points)
    ### END SOLUTION


# %%
if check("05.1", superiority):
    print(f"Yours: {superiority([0.95, 0.97, 0.96], [0.95, 0.94]):.3f}")
    found = benchmark.superiority([0.95, 0.97, 0.96], [0.95, 0.94])
    print(f"The course's: {found.probability:.3f}, interval {found.low:.3f} to {found.high:.3f}")

# %% [markdown]
# ## Exercise 5.2: an oracle of your own
#
# **Purpose**: write a search strategy for KerasTuner. **Time**: 25 min
#
# The strategy: **half of its proposals are random, and the other half are the best trial so far
# with one value drawn anew.** A coin decides which of the two it is. Before any trial is finished,
# all are random.
#
# KerasTuner calls `populate_space` when it wants to know what to try next. The method returns
# `{"status": "RUNNING", "values": {...}}`, or `{"status": "STOPPED"}` when there is nothing left to
# try. This is there already:
#
# - `self.rng`, a random generator that the oracle's seed has set;
# - `self.hyperparameters.space`, the list of the hyperparameters;
# - `self.get_best_trials(1)`, a list with the best trial, empty before the first one. It knows
#   whether larger or smaller is better;
# - `trial.hyperparameters.values`, the dictionary of that trial's values;
# - `strategies.is_tried(self, values)`, which says whether such values have been tried;
# - `fill` below, which completes a dictionary: what is missing it draws, what does not exist in
#   such a network it leaves out. From an empty dictionary it makes a random proposal.
#
# Never propose what has been tried: draw again instead, and choose anew which value changes. (A value
# drawn anew may be the old one; then it has been tried.) When 20 draws in a row bring nothing new, stop.
# (Toss the coin once for a proposal or again for each draw: both are right.)


# %%
def fill(space, kept, rng):
    """Return values for all active hyperparameters: those kept, and random ones for the others."""
    values = {}
    for hp in space:
        if all(condition.is_active(values) for condition in hp.conditions):
            options = list(hp.values)
            drawn = options[rng.integers(len(options))]
            values[hp.name] = kept.get(hp.name, drawn)
    return values


space = spaces.declared(spaces.bench_space).space
rng = np.random.default_rng(1)
print(fill(space, {}, rng))
print(fill(space, {"body/blocks": 1, "head": "flatten"}, rng))


# %%
class AroundTheBest(keras_tuner.Oracle):
    """Half of the proposals are random, half are the best trial with one value drawn anew."""

    def __init__(self, **options):
        super().__init__(**options)
        self.rng = np.random.default_rng(self.seed)

    def populate_space(self, trial_id):
        """Return what to try next: a dictionary with the status, and with the values."""
        ### BEGIN SOLUTION
        for _ in range(20):
            kept = {}
            best_trials = self.get_best_trials(1)
            if best_trials and self.rng.random() < 0.5:
                kept = dict(best_trials[0].hyperparameters.values)
                del kept[self.rng.choice(list(kept))]
            values = fill(self.hyperparameters.space, kept, self.rng)
            if not strategies.is_tried(self, values):
                return {"status": "RUNNING", "values": values}
        return {"status": "STOPPED"}
        ### END SOLUTION


# %% [markdown]
# When it is right, it races against random search on MNIST-NAS-Bench, 100 searches each, in about
# 20 seconds. After how many trials will it be ahead?

# %%
if check("05.2", AroundTheBest):
    random = benchmark.simulate("random", budget=100, seeds=range(100))
    yours = benchmark.simulate({"yours": AroundTheBest}, budget=100, seeds=range(100))
    for trials in (10, 30, 100):
        a, b = (
            benchmark.within_budget(searches, [trials], by="trial", value="test_accuracy")[trials]
            for searches in (yours, random)
        )
        found = benchmark.superiority(a, b)
        print(
            f"after {trials:3} trials yours beats random search with a probability of "
            f"{found.probability:.2f} ({found.low:.2f} to {found.high:.2f})"
        )

# %% [markdown]
# ## Exercise 5.3: a median in a band
#
# **Purpose**: draw many searches so that their spread can be seen. **Time**: 10 min
#
# `spent` holds amounts of budget, shape `(n,)`. `regrets` holds one row a search, shape `(searches,
# n)`. Draw on `ax` the median of the searches as one line, and the middle half of them, from the
# 25th to the 75th percentile, as one band. Return `ax`. You need `ax.plot` and `ax.fill_between`.


# %%
def draw_searches(ax, spent, regrets):
    """Draw the median regret and the band of the middle half on ax, and return ax."""
    ### BEGIN SOLUTION
    low, median, high = np.percentile(regrets, [25, 50, 75], axis=0)
    ax.fill_between(spent, low, high, alpha=0.2)
    ax.plot(spent, median)
    return ax
    ### END SOLUTION


# %%
if check("05.3", draw_searches):
    searches = benchmark.simulate("random", budget=50, seeds=range(50))
    standing = benchmark.within_budget(searches, range(5, 51), by="trial")
    ax = draw_searches(plt.subplots()[1], standing.columns.to_numpy(), standing.to_numpy())
    ax.set(xlabel="trial", ylabel="regret")
    plotting.show(ax, source="50 simulated searches on MNIST-NAS-Bench, drawn by your function")

# %% [markdown]
# ## Exercise 5.4: a sentence for the report
#
# **Purpose**: say what a race has shown, and no more. **Time**: 5 min
#
# Strategy A stops by itself after about 35 trials, though it may have 100. You ran 100 searches of
# A and 100 of random search. Stopping each random search as early as its partner, A ends better
# with a probability of 0.75 (0.68 to 0.82). Giving random search its 100 trials, it is 0.54 (0.46
# to 0.62). Which sentence may stand in the report?
#
# - **a**: A beats random search three times out of four.
# - **b**: With 100 trials to spend, A and random search are equally good.
# - **c**: With 35 trials to spend, A is clearly better; with 100, we could not tell the two apart.
# - **d**: A is better at both budgets, since both probabilities are above one half.

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "c"
### END SOLUTION

# %%
check("05.4", choice)
