# %% [markdown]
# # Exercises 12: When is one machine not enough?
#
# Four exercises on [unit 12](../notebooks/12_scaling_out.ipynb): how long a search takes on many
# workers, when each trial ends, what must be sent once more, and a comparison that is not fair. Fill in
# a cell, run it, then run the check below it. `hint("12.1")` helps, up to three times.

# %%
from nascourse import benchmark
from nascourse.checks import check, hint

import math

# %% [markdown]
# ## Exercise 12.1: how long will it take?
#
# **Purpose**: know before you pay for them what more workers bring. **Time**: 10 min
#
# A search has some `trials`, and each is trained for `seconds`. Handing a trial out and hearing of it
# takes its worker another `overhead` seconds. All workers start at once, which takes `start` seconds,
# before the first trial. From then on they work in rounds: in a round each worker takes one trial, and
# only in the last one may some have none. How many seconds does the whole search take? In this
# example 4 workers need three rounds, the last one with 2 trials:
#
# ```
# wall_clock(trials=10, workers=4, seconds=60, overhead=5, start=20)  ->  215
# ```


# %%
def wall_clock(trials, workers, seconds, overhead, start):
    """Return the seconds from the start of the workers to the end of the last trial."""
    ### BEGIN SOLUTION
    rounds = math.ceil(trials / workers)
    return start + rounds * (seconds + overhead)
    ### END SOLUTION


# %%
if check("12.1", wall_clock):
    alone = 100 * 30  # in this process: nothing to start, nothing to hand out
    for workers in (1, 2, 10, 50, 99, 100, 200):
        took = wall_clock(100, workers, seconds=30, overhead=1, start=20)
        print(f"{workers:3} workers: {took:4.0f} seconds, {alone / took:4.1f} times as fast")

# %% [markdown]
# ## Exercise 12.2: the next one, please
#
# **Purpose**: plan with trials that do not all take the same time. **Time**: 15 min
#
# `durations` holds how long each trial takes, in the order of the trials. At time 0 all workers are
# free. The first trial that waits goes to a worker as soon as one is free; nobody waits for others.
# Return for each trial when it ends, in the order of the trials. An example with two workers, of whom
# one has the first trial only, and the other one all the rest:
#
# ```
# finished_at([5, 1, 2, 4], workers=2)  ->  [5, 1, 3, 7]
# ```


# %%
def finished_at(durations, workers):
    """Return a list: when each trial ends, in the order of the trials."""
    ### BEGIN SOLUTION
    free_at = [0] * workers
    ends = []
    for duration in durations:
        worker = free_at.index(min(free_at))
        free_at[worker] += duration
        ends.append(free_at[worker])
    return ends
    ### END SOLUTION


# %% [markdown]
# When it is right, 96 networks of MNIST-NAS-Bench are trained on paper: once with your rule, and once
# in rounds that all wait for their slowest trial. For how many workers is the difference largest?

# %%
if check("12.2", finished_at):
    an_epoch = benchmark.load_benchmark().at(12, value="seconds")
    durations = (12 * an_epoch.sample(96, random_state=1)).tolist()
    for workers in (1, 2, 4, 16, 48, 96):
        yours = max(finished_at(durations, workers))
        in_rounds = sum(max(durations[at : at + workers]) for at in range(0, 96, workers))
        print(f"{workers:2} workers: {yours:4.0f} seconds, in rounds {in_rounds:4.0f}")

# %% [markdown]
# ## Exercise 12.3: what must be sent?
#
# **Purpose**: lose no trial when a worker dies, and train none for nothing. **Time**: 15 min
#
# The log of a search tells what happened to its trials, in order, as pairs:
#
# - `("sent", 3)`: trial 3 was handed to a worker, and is under way;
# - `("lost", 3)`: this worker fell silent, and is taken for dead;
# - `("done", 3)`: a result of trial 3 is there. It may come from a worker that was taken for dead.
#
# A trial that was lost may already have been sent again, and lost again. Of the trials 1 to `budget`,
# which ones must be sent now? Those without a result that are not under way: they were never sent, or
# lost since they were last sent. Return their numbers as a sorted list.
#
# ```
# log = [("sent", 1), ("sent", 2), ("sent", 3), ("lost", 2), ("lost", 3), ("done", 1), ("sent", 3)]
# to_send(log, budget=5)  ->  [2, 4, 5]
# ```


# %%
def to_send(log, budget):
    """Return the sorted list of the trials that must be sent now, for the first time or again."""
    ### BEGIN SOLUTION
    state = dict.fromkeys(range(1, budget + 1), "new")
    for event, trial in log:
        if state[trial] != "done":
            state[trial] = event
    return [trial for trial in state if state[trial] in ("new", "lost")]
    ### END SOLUTION


# %%
if check("12.3", to_send):
    log = []
    for event in ("sent", "lost", "sent", "done", "lost"):
        log.append((event, 1))
        print(f"trial 1 is {event}, to be sent: {to_send(log, budget=1)}")

# %% [markdown]
# ## Exercise 12.4: an hour on 32 workers
#
# **Purpose**: know what a comparison of parallel searches must keep equal. **Time**: 5 min
#
# A report says: "We let evolution search on 32 workers, and random search on one. After an hour of
# wall-clock time evolution had found a network with 99.2 percent, and random search one with 98.8.
# Evolution is the better strategy." What do you ask for before you believe it?
#
# - **a**: Nothing. Both had an hour, and the hour is what one has to wait for.
# - **b**: Both on the same 32 workers with as many trials, ten seeds each, and the hours as a further
#   number.
# - **c**: Ten seeds each, with the workers that each of them had, and the median and the middle half of
#   the ten results.
# - **d**: Random search for an hour on the same 32 workers as well. Then the better of the two results
#   shows the better strategy.

# %%
choice = None  # replace None by "a", "b", "c" or "d"
### BEGIN SOLUTION
choice = "b"
### END SOLUTION

# %%
check("12.4", choice)
