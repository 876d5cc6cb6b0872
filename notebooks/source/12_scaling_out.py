# %% [markdown]
# # Unit 12: When is one machine not enough?
#
# - **Objectives**: train the trials of a search in parallel, on one machine or on many; say what
#   that costs a strategy, and what a dying worker costs; plan a search for 100 machines before you
#   rent them; search with PyTorch or another library; judge a study by a published checklist.
# - **Prerequisites**: [unit 02](02_random_search.ipynb) for the trial table,
#   [unit 05](05_strategies.ipynb) for evolution and the probability of a win,
#   [unit 07](07_tradeoffs.ipynb) for the Pareto front
# - **Time**: 90 min: trials in parallel 15 min, what it costs a strategy 10 min, workers 10 min, Dask
#   and KerasTuner's workers 10 min, a plan 10 min, GPU and PyTorch 10 min, Optuna 20 min, the
#   checklist 5 min
# - **Cost**: 45 s of one CPU core and 850 MiB of memory; no GPU, no network. What needs several
#   processes or more packages shows a recorded result, and says how to run it.
#
# Every search of this course fits on a laptop, because its networks are small and its images few.
# Real ones need thousands of trainings of hours each. Nobody waits for that on one machine. What
# changes when a search has two processors, or a hundred machines? Less than you might think in the
# code, and more than you might think in the result.

# %%
from nascourse import benchmark, data, plotting, search, spaces, trials
from nascourse.strategies import RegularizedEvolutionOracle

import multiprocessing
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path

import keras
import keras_tuner
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML

# %% [markdown]
# ## Where does the time go?
#
# First we look at a search as we know it: random search over small CNNs, one trial after another.
# **This takes about 10 seconds.** **Predict**: which share of the time is training, and which is
# the search itself, that is proposing, recording and saving?

# %%
splits = data.load_mnist("bundled")
options = {"strategy": "random", "max_trials": 4, "epochs": 2, "seed": 1}
options |= {"overwrite": True, "observer": search.Observer()}  # begin anew, in silence
begun = time.perf_counter()
alone = search.run_search(spaces.cnn_space, splits, directory="../runs/12_alone", **options)
took = time.perf_counter() - begun
seconds = alone.table["seconds"]
print(f"trials: from {seconds.min():.0f} to {seconds.max():.0f} s")
print(f"all four: {seconds.sum():.0f} of {took:.0f} s")

# %% [markdown]
# Nearly all of it is training. (Your numbers differ with your machine.) Two things follow. A faster
# strategy would gain nothing. And the trials take very different times, as the networks are of
# different size. Keep that in mind.
#
# ## Trials need not wait for each other
#
# In random search no trial needs the result of another one. So they can run at the same time, if
# there are several **workers**: processes, on this machine or on others, that train what they are
# given. In Python the thing to hand work to is called an **executor**. Its `submit` returns at
# once, with a **future**: a promise, whose `result()` waits until the work is done.
#
# We try it with a toy. To "train" a network, a worker looks its accuracy up in MNIST-NAS-Bench and
# then sleeps, a thirtieth of the time that the real training took. Sleeping workers need no
# processor, so this works on any machine. Here is a random search of 64 trials. **This takes about
# 8 seconds.**

# %%
bench = benchmark.load_benchmark()
drawn = bench.final().sample(64, random_state=1).index
trained = [bench.query(number) for number in drawn]


def train(outcome):
    time.sleep(outcome.seconds / 30)
    return outcome.val_accuracy


def run(workers):
    begun = time.perf_counter()
    with ThreadPoolExecutor(workers) as executor:
        futures = [executor.submit(train, outcome) for outcome in trained]
        best = max(future.result() for future in futures)
    return time.perf_counter() - begun, best


# %% [markdown]
# **Predict**: 2 workers halve the time. What do 64 workers do, when there are 64 trials?

# %%
workers = [1, 2, 4, 8, 16, 32, 64]
took, best = zip(*map(run, workers))
speed = pd.DataFrame({"measured": took[0] / np.array(took), "ideal": workers})
speed.index = pd.Index(workers, name="workers")
ax = plotting.plot_lines(speed, value="times as fast as one worker", log_x=True)
ax.set_yscale("log", base=2)
ax.set_yticks(workers, workers)
plotting.show(ax, source="measured in this notebook; sleeping in the place of training")

# %%
print("the same network each time:", len(set(best)) == 1)
times = [outcome.seconds for outcome in trained]
print(f"the longest trial is 1/{sum(times) / max(times):.0f} of all the work")

# %% [markdown]
# The network found is the same however many workers there were. The time is not what was promised.
# With one worker for each trial, all are done but the largest network, and everybody waits for it.
# **A search is never shorter than its longest trial.** That is why a queue, where a free worker
# takes the next trial, beats rounds, in which all begin together: in rounds the slowest decides
# each time. Successive halving, from [unit 04](04_estimation.ipynb), has rounds by nature. Its
# asynchronous form, **ASHA** (Li et al. 2020), promotes a network as soon as it is among the best
# of those that are done.
#
# ## What it costs a strategy
#
# Random search does not listen to results. Evolution does: it breeds from the best so far. When 16
# trials are **in flight**, which means handed out and not heard of, it chooses the next parents
# without them. How much does that hurt? The table can tell. This is the oracle of unit 05, with a
# single change: a trained network joins the population late.


# %%
class HearsLate(RegularizedEvolutionOracle):
    """Evolution that hears of a trial when `in_flight` of them are out."""

    def __init__(self, in_flight, **options):
        super().__init__(**options)
        self.in_flight, self.out = in_flight, deque()

    def score_trial(self, trial):
        keras_tuner.Oracle.score_trial(self, trial)  # it has its score,
        self.out.append(trial)
        if len(self.out) == self.in_flight:
            super().score_trial(self.out.popleft())  # and now the oldest joins


def evolution(in_flight):
    return lambda **options: HearsLate(in_flight, **options)


# %% [markdown]
# Each search has 100 trials, and the same 100 seeds are searched at each number in flight. **This
# takes about 10 seconds.** **Predict**: with 64 of 100 trials in flight, what is left of
# evolution's lead over random search?

# %%
rivals = {f"evolution, {n} in flight": evolution(n) for n in (1, 4, 16, 64)}
races = pd.concat(benchmark.simulate(who, seeds=range(100)) for who in (rivals, "random"))
ends = races.groupby(["strategy", "seed"], sort=False)["test_accuracy"].last().unstack(level=0)
wins = {name: benchmark.superiority(ends[name], ends["random"]) for name in rivals}
pd.DataFrame(wins, index=["beats random search", "from", "to"]).T.round(2)

# %% [markdown]
# A few in flight cost nothing that we can see. With 64 the lead is gone: the first 64 networks are
# drawn at random, since nothing was heard when they were handed out, and few choices are left after
# them. So **parallel search buys time and pays in trials**. A strategy that learns needs many more
# trials than there are workers, and random search needs nothing: one more reason why it is so hard
# to beat on a hundred machines (Li & Talwalkar 2019). A comparison must name the number in flight,
# as it names the budget.
#
# ## Workers that really train
#
# Now real training. Threads would not do here: TensorFlow's seeds belong to the process, and two
# trainings in one process would disturb each other. So we need processes, and `run_search` takes
# any executor that has some.
#
# - A new process must **spawn**, which means begin as an empty Python. The other way, `fork`, copies
#   this process with TensorFlow inside, and the copy waits for ever.
# - What a worker needs travels to it by **pickling**, Python's way to turn objects into bytes: the
#   space, the images, the values of the trial. A function travels by its name alone, so a build
#   function must stand in a file that the worker can import. One from a cell of a notebook is refused.
#   (Dask, which comes next, sends its code along.)
# - In a script, all that starts a pool stands below `if __name__ == "__main__":`. Every spawned
#   process imports the script, and without that line would start a pool of its own.
#
# Each worker loads TensorFlow, and needs about 800 MiB for itself. That is too much for the
# smallest machines that this course runs on, so the cell below has no workers, and trains here. Do
# you have 4 GB free? Then set `WORKERS = 2`. **This takes about 10 seconds.**

# %%
WORKERS = 0
spawn = multiprocessing.get_context("spawn")
with ProcessPoolExecutor(WORKERS, mp_context=spawn) if WORKERS else nullcontext() as executor:
    together = search.run_search(
        spaces.cnn_space,
        splits,
        directory="../runs/12_together",
        executor=executor,
        in_flight=4 if WORKERS else None,
        **options,
    )
trials.summary(together.table)

# %%
difference = (together.table["val_accuracy"] - alone.table["val_accuracy"]).abs().max()
print(f"largest difference from the first search: {difference:.3f}")

# %% [markdown]
# With workers or without, it is the same search: the same networks, in the same order, with the
# same accuracies. (Only the last digits may differ, since a worker may have another number of
# threads.) That does not come by itself. Which worker is ready first is a matter of luck, so a
# search that told its strategy of each result as it came would be another one each time.
# `run_search` **hears the results in the order of the trials**: a result that is early waits. The
# price is that a slow trial holds up those behind it, so give `in_flight` a few more trials than
# there are workers.
#
# What does it bring? Recorded on two processors: 16 trials of 2 epochs, random search, in this
# process, in a pool of two processes, and on two workers of Dask, which comes next.

# %%
executors = trials.recorded("executors")
turns = executors.pivot(index="turn", columns="executor", values="seconds")
gain = turns.rdiv(turns["serial"], axis=0)
pd.concat([turns.median().rename("seconds"), gain.median().rename("times as fast")], axis=1).round(
    2
)

# %% [markdown]
# Two workers are not twice as fast. One reason is that "serial" is not one processor: TensorFlow
# spreads the arithmetic of a single training over both. Another one is what the search itself and
# the sending cost. There is also a reason why the gain is as large as it is, which has nothing to
# do with working in parallel. KerasTuner looks for garbage in memory twice a trial. When this was
# recorded, only a worker told Python to leave out all that it had loaded before the first trial,
# which saves a fifth of a second each time. By now a search in this process does so too, so
# recorded again, the gain may be smaller. **Give each worker one thread**
# (`TF_NUM_INTRAOP_THREADS=1`, as was done here): two workers with two threads each on two
# processors get into each other's way.
#
# ## More than one machine: Dask
#
# A process pool ends at the edge of the machine. [Dask](https://distributed.dask.org) goes on: a
# **scheduler** process hands tasks to workers on any number of machines, and `get_executor()` makes
# it look like a pool. On this machine:
#
# ```python
# import dask
# from dask.distributed import Client, LocalCluster
#
# dask.config.set({"distributed.deploy.lost-worker-timeout": "5 minutes"})
# cluster = LocalCluster(2, threads_per_worker=1, dashboard_address="127.0.0.1:0")
# client = Client(cluster)
# found = search.run_search(..., executor=client.get_executor(), in_flight=8)
# ```
#
# On several machines only the second part changes. The command `dask scheduler` on one of them
# prints an address, `dask worker ADDRESS --nthreads 1` joins it from the others, and here you write
# `client = Client("tcp://ADDRESS")`. There are ready-made clusters over SSH (`SSHCluster`), in a
# queue of Slurm (`dask_jobqueue.SLURMCluster`) and on Kubernetes. Each worker needs the course
# installed, in the same versions. Dask is an optional requirement: `pip install -e ".[dask]"` in
# the course's folder.
#
# Dask shows what its workers do, live, on a **dashboard**: a page in the browser. (The last
# argument above is for that page. Without it, the page is open to everyone in your network.) A cell
# can hold it:
#
# ```python
# from IPython.display import IFrame
#
# IFrame(client.dashboard_link.replace("/status", "/individual-task-stream"), 900, 400)
# ```
#
# (`dask-labextension` shows it in panels beside the notebook. On Binder and other distant servers
# the frame stays empty, since the page is at the address 127.0.0.1, which means "this machine" for
# each browser.)
#
# Its picture of the search from the table above looked like this when it was over: a row for each
# worker, a bar for each trial.

# %%
tasks = trials.recorded("executors_timeline")
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
ax.barh(tasks["worker"], tasks["end"] - tasks["begin"], left=tasks["begin"], edgecolor="white")
ax.set(xlabel="seconds", ylabel="worker", yticks=[1, 2])
ax.invert_yaxis()
plotting.show(ax, source="a recorded search on two workers")

# %% [markdown]
# **What if a worker dies?** On many machines that is no accident but a matter of time. **Predict**:
# what should a search do with the trial that the dead worker had?
#
# The scheduler notices that the connection is gone, and gives the trial to another worker. It
# begins anew, with the same seed, so it comes out the same. (A worker that only fell silent may
# still report: then there are two results, which are equal, and one of them is dropped.) Tried for
# real: `python tests/drills/kill_workers.py --times 10` kills a worker at a random moment in each of ten
# searches. Recorded: **all ten ended with the very table, curves and weights** of a search that
# nobody disturbed, bit by bit. No trial was lost, and none counted twice.
#
# Three things to know.
#
# - A network that needs more memory than there is kills its worker, and then the next one. After four
#   dead workers Dask gives up on the trial. It may blame one that was only waiting for the same
#   worker, so `run_search` sends a blamed trial once more. If that ends in the same way, it is a failed
#   row of the table, and the search goes on. A process pool is broken as a whole when one of its
#   processes dies. Start the search again with a new pool: the suspects then go one at a time, and a
#   trial that has broken three pools is a failed row.
# - What comes back late does not count twice, since a trial has one row. But it may have *run* twice:
#   a training that writes files of its own must bear that.
# - The scheduler itself is a single process. When it dies, or this notebook does, start the search
#   again with the same folder: it goes on where it was, as in [unit 06](06_autokeras_greedy.ipynb).
#
# Whoever reaches the port of a Dask scheduler can run any code on its workers: by default it asks
# for no password. On one machine it listens to that machine only. Between machines, use it inside a
# network that you trust, or with TLS.
#
# ## KerasTuner's own way: a chief and workers
#
# KerasTuner brings parallel search of its own, without another package. The very same script is
# started several times, and three environment variables tell each process who it is:
#
# ```
# export KERASTUNER_ORACLE_IP=127.0.0.1 KERASTUNER_ORACLE_PORT=8000
# KERASTUNER_TUNER_ID=chief python search.py &
# KERASTUNER_TUNER_ID=tuner0 python search.py &
# KERASTUNER_TUNER_ID=tuner1 python search.py
# unset KERASTUNER_ORACLE_IP KERASTUNER_ORACLE_PORT
# ```
#
# The last line matters: with these variables still set, each later search in that terminal would
# wait for a chief.
#
# The **chief** has the oracle: it proposes trials and hears of them, and trains nothing. The
# workers ask it over the network, by gRPC, a protocol for calling functions of another process. All
# need one folder that all of them see. `python nascourse/recordings/chief_and_workers.py` does this for
# real, on one machine, and then again with one worker killed in its first trial. Recorded:

# %%
trials.recorded("chief_and_workers").set_index("case")

# %% [markdown]
# Undisturbed it works. With a worker killed, its trial is lost, and **the chief never ends**: it
# waits until no trial is under way and no worker is on its list, and nobody takes the dead one off.
# (So says its code, in version 1.4.8. We stopped waiting after a minute.) The channel is not
# encrypted, and whoever reaches the port can command the chief: keep it on 127.0.0.1, or in a
# network of your own.
#
# ## A plan for 100 machines
#
# Machines cost money by the hour, so calculate first. A search of $N$ trials on $W$ workers takes
# about
#
# $$T = s + \lceil N / W \rceil \, (t + o)$$
#
# seconds: $s$ until a worker has started and loaded its libraries, then rounds of one trial of $t$
# seconds and the overhead $o$ of handing it out and hearing of it. (The sign $\lceil\,\rceil$
# rounds up. Rounds are a simplification: a queue is better by a little, a long trial at the end
# makes it worse.) For Dask on our machine, $s$ was 3 seconds, and $o$ was 0.02 for a task with
# our 4,000 images; $t$ comes from the search above.

# %%
start, overhead = 3, 0.02  # seconds, as measured
workers = np.array([1, 2, 5, 10, 20, 50, 100])
trials_wanted = 1000
plan = {}
for name, each in {"this unit's trials": seconds.mean(), "trials of 2 minutes": 120}.items():
    total = start + np.ceil(trials_wanted / workers) * (each + overhead)
    plan[name] = total / 60
plan = pd.DataFrame(plan, index=pd.Index(workers, name="workers"))
plan.round(1)

# %% [markdown]
# Compare the first row with the last. For a thousand trials of two minutes, a hundred workers turn
# a day and a half into twenty minutes. For our tiny trials they turn less than an hour into less than a
# minute: it would take longer to rent them.
#
# The formula forgets what the one machine in the middle has to do. Each task carries the images.
# **Predict**: how many bytes is one task, and how many a second are that with a hundred workers?

# %%
visible = splits.x_train, splits.y_train, splits.x_val, splits.y_val  # no test image leaves
per_task = sum(array.nbytes for array in visible) / 1e6
images = len(splits.y_train) + len(splits.y_val)
sizes = {f"{images:,} images": per_task, "60,000 images": per_task * 60_000 / images}
table = {}
for name, size in sizes.items():
    rates = {f"trials of {each:g} s": 100 * size / each for each in (3, 120)}
    table[name] = {"MB a task": size} | {f"MB/s, {key}": rate for key, rate in rates.items()}
pd.DataFrame(table).T.round(1)

# %% [markdown]
# A usual network card carries about 120 MB a second. Two minutes of training for one task are no
# burden at all. Short trials with many images choke it: then the images must lie on each machine,
# and the task carry the name of a file. So the plan, in five steps:
#
# 1. Measure $t$ on the machine that you will rent, with three or four trials, the largest network of
#    the space among them. Does it fit into the memory of a worker?
# 2. Is $t$ far above $s$ and $o$? If not, put more work into a trial, or stay on one machine.
# 3. Choose $N$ for the strategy, not for the machines: random search, or several times as many trials
#    as workers for one that learns.
# 4. Compute $T$ for some $W$, and the price $W \cdot T$. More workers cost more in all, for the starts
#    and for the wait at the end.
# 5. Test with two workers. Kill one of them on purpose, and stop the search and start it again,
#    before you rent a hundred.
#
# **When is another tool the better choice?**
#
# | situation | take |
# |---|---|
# | one machine with several processors | a process pool: even Dask's own pages say so |
# | a few machines of your own | Dask, over SSH |
# | trials of hours, which should survive and be stopped early | [Ray Tune](https://docs.ray.io/en/latest/tune/index.html): trials save checkpoints and go on from them after a failure, ASHA stops the poor ones early, and a trial asks for processors and GPUs. It needs storage that all machines reach, and a training function of your own; no link to KerasTuner is known to us |
# | a computing center with a queue | [Slurm](https://slurm.schedmd.com/job_array.html). For random search a job array is enough: `sbatch --array=0-99`, one trial a job, no server at all; `--requeue` puts a job back after a node failure. For a strategy that hears results, `SLURMCluster` of Dask |
# | a company's cluster of containers | a [Kubernetes Job](https://kubernetes.io/docs/concepts/workloads/controllers/job/), indexed, with a limit of retries for each index; or Katib, made for such searches (its part for architectures is called alpha) |
#
# From row to row there is more to set up and to keep running. For a handful of machines that may
# cost more than it brings.
#
# ## A GPU
#
# On a GPU nothing of the code changes: TensorFlow uses one if it finds one.

# %%
import tensorflow as tf

print("GPUs here:", len(tf.config.list_physical_devices("GPU")))
layer = keras.layers.Dense(10, dtype="mixed_float16")
print("computes in", layer.compute_dtype, "and keeps its weights in", layer.variable_dtype)

# %% [markdown]
# **Mixed precision** is what the second line shows: numbers of 16 bits in the arithmetic, and of 32
# bits for the weights, so that small steps are not lost. `keras.mixed_precision.set_global_policy(
# "mixed_float16")`, before the networks are built, gives it to all layers. On NVIDIA's GPUs from
# compute capability 7.0 on (since 2017) it can be much faster, but networks as small as ours gain
# little, and on a CPU float16 is slower. Give the last layer `dtype="float32"`, since a softmax
# needs the digits; Keras sees to the rest.
#
# With workers, each needs a GPU for itself: start each one with its own `CUDA_VISIBLE_DEVICES`, and
# with `TF_FORCE_GPU_ALLOW_GROWTH=true`, or the first training takes all the memory of its GPU.
# **None of this section was measured**: no GPU was to be had when it was written. To see what yours
# brings, run the first search of this unit there, with a space of larger networks in the place of
# `cnn_space`.
#
# ## The same search with PyTorch
#
# Keras describes networks; the arithmetic is done by a **backend**: TensorFlow, PyTorch or JAX. So
# nothing has to be rewritten for PyTorch. Keras has to be told, and it asks only once, when it is
# first imported. In a notebook, restart the kernel and let the first cell say:
#
# ```python
# import os
#
# os.environ["KERAS_BACKEND"] = "torch"  # before anything that imports Keras
# from nascourse import search
# ```
#
# In a terminal, put `KERAS_BACKEND=torch` before the command. PyTorch is not among the requirements
# of the course (`pip install -e ".[torch]"` adds it). TensorFlow stays, as AutoKeras imports it
# anyhow. What works then?
#
# | with PyTorch | |
# |---|---|
# | `run_search` and `retrain`, AutoKeras's greedy search among them | work |
# | KerasTuner's own tuners, such as the Hyperband of [unit 04](04_estimation.ipynb) | work |
# | `oneshot` | runs, and still computes with TensorFlow, in which it is written |
# | `proxies`, `darts`, `litert` | do not, and say so when they are imported: they ask TensorFlow itself for gradients or a graph |
#
# A folder belongs to the backend with which its search began: `run_search` refuses to go on with
# another one, as half of the trials would be of another kind.
#
# ### What changes, and what does not
#
# The same searches were recorded with both backends: random search over `cnn_space`, greedy search
# over `autokeras_space`, four trials of two epochs, three seeds. **Predict** for random search with
# the same seed: do both try the same networks? Do these reach the same accuracies?

# %%
recorded = trials.recorded("backends")
network, heard, seconds = (
    recorded.pivot(index=["strategy", "seed", "trial"], columns="backend", values=column)
    for column in ("architecture", "val_accuracy", "processor_seconds")
)
same = network["tensorflow"] == network["torch"]
heard.assign(same_network=same).loc["random"].round(3)

# %% [markdown]
# The networks are the same, all twelve: KerasTuner draws them, and no backend has a hand in that.
# The accuracies are not the same. A seed tells each backend where to begin, but behind it each has
# random numbers of its own, so already the first weights differ. Eight of the pairs are within
# three points. The four others are of networks that read less than 90 percent: they have only begun
# to learn in two epochs, and there a luckier start is worth a lot.
#
# Greedy search *listens* to the accuracies. **Predict**: does it still propose the same networks?
# And does the same trial win?

# %%
winner = heard.groupby(["strategy", "seed"]).idxmax().map(lambda best: f"trial {best[-1]}")
winner["same networks"] = same.groupby(["strategy", "seed"]).sum().astype(str) + " of 4"
winner

# %% [markdown]
# Here it does. Greedy search cares only for which trial is ahead, and as long as that is the same
# one, it proposes the same. Among more trials the two are likely to part. The winner is another one
# in three of the six searches. **A change of the backend is at least a change of the seed.** So
# never compare a search on one backend with its rival on another.
#
# **Predict** the last one: which backend is faster, on one thread of a processor?

# %%
by_strategy = seconds.groupby("strategy").median()
by_strategy["torch / tensorflow"] = (
    (seconds["torch"] / seconds["tensorflow"]).groupby("strategy").median()
)
by_strategy.round(1)

# %% [markdown]
# These are seconds of processor time for a trial, the medians of twelve. With networks this small
# there is hardly anything to choose, as long as both are fed by Keras's own `fit`, as they were when
# this was recorded. (With TensorFlow a search now takes several steps at once, as
# [unit 02](02_random_search.ipynb) says, and with PyTorch it does not.) And it says nothing of large
# networks, of several threads or of a graphics card: measure yours. The better reason for PyTorch is
# that the rest of your project speaks it.
#
# ## Another library: two goals at once
#
# [Unit 07](07_tradeoffs.ipynb) named NSGA-II (Deb et al. 2002), evolution for several goals, and
# left it there, as KerasTuner does not have it. **Optuna** (Akiba et al. 2019) does. It is a
# library for hyperparameters of any kind of code: it knows nothing of networks, it proposes values
# and hears numbers. It is not among the requirements of the course (`pip install -e ".[optuna]"`
# adds it). Where it is installed, what follows is live; else it shows a recording.
#
# What was `hp.Choice` is `trial.suggest_categorical`. Here is a network of MNIST-NAS-Bench, choice
# by choice. What does not exist, such as the filters of a second block in a network of one, is not
# asked for.

# %%
table = bench.final()


def propose(trial):
    network = {}
    for name, values in bench.choices.items():  # body/blocks comes first
        block = int(name[-1]) if "filters" in name else 0
        if block < network.get("body/blocks", 1):
            network[name] = trial.suggest_categorical(name, values)
    return network


# %% [markdown]
# A search is called a **study**, and a strategy a **sampler**. The study calls our function with
# one trial after another, and is told *two* numbers: one to make large, one to make small. As in
# unit 05, chance decides which of its three trainings a network is heard of by.


# %%
def search_two_goals(sampler, seed, budget):
    luck = np.random.default_rng(seed).integers(len(bench.seeds), size=len(bench))
    rows = []

    def accuracy_and_size(trial):
        number = bench.query(propose(trial)).network
        heard = bench.query(number, seed=luck[number]).val_accuracy
        size = bench.facts(number)["n_params"]
        rows.append({"network": number, "val_accuracy": heard, "n_params": size})
        return heard, size

    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    study.optimize(accuracy_and_size, n_trials=budget)
    return pd.DataFrame(rows)


# %% [markdown]
# NSGA-II begins with a population of random networks. A child takes each value from one of two
# parents, and now and then draws one anew. Of parents and children together the better ones stay:
# first those that none dominates, and so on, as unit 07 says. Here is one search with a population
# of
# 20, for 200 trials. **Predict**: how many *different* networks does it train?

# %%
if find_spec("optuna"):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # else it reports every trial
    nsga_2 = optuna.samplers.NSGAIISampler(population_size=20, seed=0)
    searched = search_two_goals(nsga_2, seed=0, budget=200)
else:
    searched = trials.recorded("optuna_search")
print(f"{searched['network'].nunique()} different networks in {len(searched)} trials")

# %% [markdown]
# Many trials were repeats. A child of two parents that are alike is likely to be one of them, and
# Optuna does not mind: it trains that network again and learns nothing. This will matter.
#
# Now the front that this search hands over. It chose by what it heard, and we draw it by the truth.

# %%
found = trials.pareto_front(searched).join(table["test_accuracy"], on="network")
ax = plotting.plot_pareto(table, bench.pareto_front())
x, y = found["n_params"].astype(float), found["test_accuracy"]
ax.step(x, y, "s--", where="post", color=plotting.BLUE, label="found")
ax.set_ylim(0.7, 1)
ax.legend(loc="lower right", frameon=False)
plotting.show(
    ax,
    source="MNIST-NAS-Bench, networks above 70 percent; one search with NSGA-II, seed 0",
)

# %% [markdown]
# ### How much is missing?
#
# The hypervolume of unit 07 makes one number of a front: the area under its staircase. An area
# needs edges and axes, and these are our decision. We count what lies above 80 percent accuracy, as
# far as the largest network of the table, with the parameters in powers of ten, as the picture has
# them. For comparison, we measure it with the parameters as they are, too.


# %%
def hypervolume(networks, quality, scale=np.log10):
    front = trials.pareto_front(networks[networks[quality] > 0.8], quality=quality)
    edges = scale([*front["n_params"], table["n_params"].max()])
    return np.sum(np.diff(edges) * (front[quality] - 0.8))


for axis, scale in {"powers of ten": np.log10, "parameters as they are": np.asarray}.items():
    true = hypervolume(table, "test_accuracy", scale)
    print(f"missed, {axis}: {1 - hypervolume(found, 'test_accuracy', scale) / true:.1%}")

# %% [markdown]
# Two measures of one front, and they do not agree; keep that in mind. And one search is an
# anecdote, so here are thirty of each, recorded, with three rivals: a population of 50, which is
# Optuna's default; Optuna's random search, which may repeat itself; and the random search of this
# course, which never does. There are two budgets. After *200 trials* a repeat has cost a training,
# as in the search above. After *200 networks* it was free, as if someone had kept a list.
#
# **Predict**: who misses least at each budget?

# %%
recorded = trials.recorded("optuna")
means = recorded.groupby(["budget", "strategy"])[["trials", "networks", "missed"]].mean()
means["missed"] *= 100
means.loc[["200 trials", "200 networks"]].round(1)

# %% [markdown]
# `missed` is percent of the true front's area. In the upper half, look at `networks`: for the price
# of
# 200 trainings NSGA-II with 20 sees three quarters of what the random search without repeats sees, and
# misses no more. In the lower half, look at `trials`: it has to propose 313 networks until 200 are
# different, and misses the least.
#
# How sure is that order? We ask as in unit 05: how probably does a search with NSGA-II and a
# population of 20 miss less than one of the rival, and what is the bootstrap interval?


# %%
def against_rivals(measured):
    """How probably NSGA-II with a population of 20 misses less, with the interval."""
    ends = recorded.pivot(index="seed", columns=["strategy", "budget"], values=measured)
    cells = {}
    for rival, budget in ends.columns.drop("NSGA-II, 20", level="strategy"):
        found = benchmark.superiority(-ends["NSGA-II, 20", budget], -ends[rival, budget])
        text = f"{found.probability:.2f} ({found.low:.2f} to {found.high:.2f})"
        cells[rival, budget] = text
    return pd.Series(cells).unstack(sort=False)


against_rivals("missed")

# %% [markdown]
# - **Against Optuna's random search** it wins eight pairs of ten at the one budget and nine at the
#   other.
# - **Against the random search without repeats** the budget decides. If a repeat costs a training, the
#   interval begins at one half, so there is hardly any evidence. If it is free, NSGA-II wins nearly nine
#   pairs of ten. So keep a list of what was trained, and let your function look there first.
# - **Against its own default of 50** it is ahead where repeats are free. But this comparison is not
#   clean: we had tried both before we chose which one to put in the first place.
#
# Now the same thirty searches again, with the other axis. **Predict**: does anything change?

# %%
against_rivals("missed_linear")

# %% [markdown]
# Nearly everything. Only one of the six intervals leaves out one half, and not by much. Nobody ran
# another search; only the measure is different. On an axis of parameters as they are, all networks
# below 1,000 are a sliver at the left edge, however much accuracy is to be gained there. In powers
# of ten each doubling counts the same. So what NSGA-II does better here seems to be *small*
# networks, and a person who has room for large ones gains little. **A front has many measures, and
# they need not agree. Choose yours before you look**, by what the network is for.
#
# And in other spaces? Ours is small, 1,248 networks, so repeats are many. Among billions a random
# draw hardly ever comes twice, and the two random searches become one. What NSGA-II is worth there
# is another question, and this table does not answer it.

# %% [markdown]
# ## Is it good science?
#
# A search on many machines is soon an experiment that others shall believe.
# [Lindauer & Hutter (2020)](https://jmlr.org/papers/v21/20-056.html) wrote down what that takes: a
# **checklist** of fourteen practices, on code, comparisons and reports. A script,
# `nascourse/recordings/record_checklist.py`, fills it for the experiments of this course, from their
# recorded tables: seeds and rows are counted, not claimed. **Predict**: which of the practices do
# we keep only in part?

# %%
checklist = trials.recorded("checklist")
checklist.index += 1
print(checklist["answer"].value_counts().to_string())


# %%
def links(files: str) -> str:
    return "<br>".join(f'<a href="../{file}">{Path(file).name}</a>' for file in files.split())


HTML(checklist.to_html(escape=False, justify="left", formatters={"files": links}))

# %% [markdown]
# "In part" is the honest answer more often than we would like. Our recordings of a single seed are
# there to be replayed, and prove nothing; and of some experiments the cost is not on record. Fill it
# for your own study *before* you start: most of what it asks cannot be added later.
#
# ## Summary
#
# - Trials are independent, so they can run in parallel. A search is never shorter than its longest
#   trial, and a strategy that learns loses what it has not yet heard.
# - Workers are processes that start empty, with one thread each. What they are sent must be importable.
# - Results heard in the order of the trials keep a search repeatable. A killed worker costs time, no
#   trial and no repeatability, if the system sends the trial again. KerasTuner's chief does not.
# - Plan before you rent: start, rounds, overhead, bytes, memory.
# - The backend and the library can be exchanged. Seeds, budgets, baseline and checklist stay.
#
# This is the last unit. What you have now: a space that you can count, estimates that you can
# trust, strategies that you have compared, a network that you have weighed, and a way to more
# machines. What will you search for?
#
# ## Exercises
#
# In [four exercises](../exercises/12_scaling_out.ipynb) you compute how long a search takes on many
# workers and when each trial ends, find out what must be sent again, and judge a comparison.
#
# ## Further reading
#
# - Li, L. et al. (2020). *A System for Massively Parallel Hyperparameter Tuning*. MLSys.
#   [arXiv:1810.05934](https://arxiv.org/abs/1810.05934)
# - Lindauer, M. & Hutter, F. (2020). *Best Practices for Scientific Research on Neural Architecture
#   Search*. [JMLR 21:243](https://jmlr.org/papers/v21/20-056.html)
# - [What happens when a worker dies](https://distributed.dask.org/en/stable/resilience.html), in
#   Dask's documentation
# - [Distributed hyperparameter tuning with
#   KerasTuner](https://keras.io/guides/keras_tuner/distributed_tuning/)
# - Deb, K., Pratap, A., Agarwal, S. & Meyarivan, T. (2002). *A Fast and Elitist Multiobjective Genetic
#   Algorithm: NSGA-II*. IEEE Transactions on Evolutionary Computation 6(2).
#   [doi:10.1109/4235.996017](https://doi.org/10.1109/4235.996017)
# - Akiba, T., Sano, S., Yanase, T., Ohta, T. & Koyama, M. (2019). *Optuna: A Next-generation
#   Hyperparameter Optimization Framework*. [arXiv:1907.10902](https://arxiv.org/abs/1907.10902)
