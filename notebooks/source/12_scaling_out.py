# %% [markdown]
# # Unit 12: When is one machine not enough?
#
# - **Objectives**: train the trials of a search in parallel, on one machine or on many; say what
#   parallel trials cost a strategy that learns; say what happens to a search whose worker dies; plan
#   a search for 100 machines before you rent them.
# - **Prerequisites**: [unit 02](02_random_search.ipynb) for the trial table,
#   [unit 05](05_strategies.ipynb) for evolution and the probability of a win
# - **Time**: 55 min: where the time goes 5 min, trials in parallel 15 min, what it costs a strategy
#   10 min, workers and their deaths 15 min, many machines and a plan 10 min
# - **Cost**: 60 s of one CPU core and 850 MiB of memory; no GPU, no network. With two cores and 3
#   GiB of free memory, two workers train as well, with up to 800 MiB each.
#
# Every search of this course fits on a laptop, because its networks are small and its images few.
# Real ones need thousands of trainings of hours each. Nobody waits for that on one machine. What
# changes when a search has two processors, or a hundred machines? Less than you might think in the
# code, and more than you might think in the result.

# %%
from nascourse import CourseError, benchmark, data, plotting, search, spaces, trials
from nascourse.checks import compare
from nascourse.cli import doctor
from nascourse.strategies import RegularizedEvolutionOracle

import multiprocessing
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import keras_tuner
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

# %% [markdown]
# ## Where does the time go?
#
# First we look at a search as we know it: random search over small CNNs, one trial after another.
# **This takes 10 to 20 seconds.**
#
# **Predict.** What share of the time is training? The rest is the search itself: proposing,
# recording, saving. Write percent.

# %% tags=["prediction"]
guess = ...  # percent

# %% tags=["prediction-result"]
splits = data.load_mnist("bundled")
options = {"strategy": "random", "seed": 275, "overwrite": True, "observer": search.Observer()}


def timed_search(max_trials=4, epochs=1, **more):
    """Search in silence, beginning anew; the table, and the seconds from begin to end."""
    begun = time.perf_counter()
    found = search.run_search(
        spaces.cnn_space, splits, max_trials=max_trials, epochs=epochs, **{**options, **more}
    )
    return found.table, time.perf_counter() - begun


alone, alone_seconds = timed_search(directory="../runs/12_alone")
training = alone["seconds"].sum()
print(f"{alone_seconds:.0f} s in all, from {alone['seconds'].min():.1f} to ", end="")
print(f"{alone['seconds'].max():.1f} s a trial")
compare("12.a", guess, 100 * training / alone_seconds, unit="percent")

# %% [markdown]
# Most of it is training. A strategy that thinks faster could gain at most the rest. And the trials
# take different times, as the networks are of different size. Keep that in mind.
#
# **Change this.** Do longer trainings change the picture? Let each trial have more epochs, or let
# there be more of them.

# %% tags=["change-this"]
epochs, max_trials = 3, 2  # change this
table, took = timed_search(max_trials, epochs, directory="../runs/12_longer")
print(f"{table['seconds'].sum() / took:.0%} of {took:.0f} s is training")

# %% [markdown]
# ## Trials need not wait for each other
#
# In random search no trial needs the result of another one. So they can run at the same time, if
# there are several **workers**: processes, on this machine or on others, that train what they are
# given. In Python the thing to hand work to is called an **executor**. Its `submit` returns at
# once, with a **future**: a promise, whose `result()` waits until the work is done.
#
# We try it with a toy. To "train" a network, a worker looks its accuracy up in MNIST-NAS-Bench and
# then sleeps, a sixtieth of the time that the real training took. Sleeping workers need no
# processor, so this works on any machine.

# %%
bench = benchmark.load_benchmark()
drawn = bench.final().sample(64, random_state=1).index
trained = [bench.query(number) for number in drawn]


def train(outcome):
    time.sleep(outcome.seconds / 60)
    return outcome.val_accuracy, outcome.network


def run(workers, outcomes=trained):
    begun = time.perf_counter()
    with ThreadPoolExecutor(workers) as executor:
        futures = [executor.submit(train, outcome) for outcome in outcomes]
        best = max(future.result() for future in futures)
    return time.perf_counter() - begun, best


# %% [markdown]
# **Predict.** Here is a random search of 64 trials. (**It takes about 6 seconds.**) 2 workers halve
# the time. How many times as fast as one worker are 64 workers? Write a number.

# %% tags=["prediction"]
guess = ...  # times as fast

# %% tags=["prediction-result"]
workers = [1, 2, 4, 8, 16, 32, 64]
run_seconds, best = zip(*map(run, workers))
speed = pd.DataFrame({"measured": run_seconds[0] / np.array(run_seconds), "ideal": workers})
limit = sum(outcome.seconds for outcome in trained) / max(outcome.seconds for outcome in trained)
speed["limit"] = np.minimum(workers, limit)
speed.index = pd.Index(workers, name="workers")
ax = plotting.plot_lines(speed, value="times as fast as one worker", log_x=True)
ax.set_yscale("log", base=2)
ax.set_yticks(workers, workers)
plotting.show(ax, source="measured in this notebook; sleeping in the place of training")
print("the same network each time:", len(set(best)) == 1)
compare("12.b", guess, speed["measured"].iloc[-1], unit="times as fast", digits=1)

# %% [markdown]
# The network found is the same however many workers there were. The time is not what was promised.
# With one worker for each trial, all are done but the slowest network, and everybody waits for it.
# **A search is never shorter than its longest trial.** That sets the third line, the limit: these 64
# trials take 26.2 times as long as the longest of them. Below the limit, the rest is probably what it
# costs to start 64 threads and to wake them up. Here the longest trial is a tenth of a second; beside
# trainings of minutes that cost vanishes.
#
# That is why a queue, where a free worker takes the next trial, beats rounds, in which all begin
# together: in rounds the slowest decides each time. Successive halving, from
# [unit 04](04_estimation.ipynb), has rounds by nature. Its form without rounds, **ASHA** (Li et al.
# 2020), promotes a network as soon as it is among the best of those that are done;
# [unit 13](13_predictors.ipynb) tries it.
#
# **Change this.** A queue may also sort its work. Who is done first: the queue that begins with the
# longest trials, the one that begins with the shortest, or the one as drawn? With 4 workers it hardly
# matters. Try 8, 16 and 32. What would you have to know for that? **This takes about 6 seconds,
# and less with more workers.**

# %% tags=["change-this"]
n_workers = 4  # change this
queues = {"as drawn": trained, "shortest first": sorted(trained, key=lambda o: o.seconds)}
queues["longest first"] = queues["shortest first"][::-1]
for order, queue in queues.items():
    fastest = min(run(n_workers, queue)[0] for _ in range(3))
    print(f"{order}: {fastest:.2f} s, the fastest of three turns")

# %% [markdown]
# Whoever begins with the longest has only short ones left for the end, where some workers have
# nothing to do. With 32 workers that saves a third of the time. The shortest first gains little or
# nothing: all is done early but the longest trials, which begin last. One would have to know how long
# a training takes before it begins. A guess by the FLOPs is often good enough.
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


def wins_over_random(*numbers_in_flight, budget=100):
    """How probably evolution ends better than random search, with its interval."""
    rivals = {
        f"{n} in flight": lambda n=n, **options: HearsLate(n, **options) for n in numbers_in_flight
    }
    races = [benchmark.simulate(who, seeds=range(100), budget=budget) for who in (rivals, "random")]
    ends = pd.concat(races).groupby(["strategy", "seed"], sort=False)["test_accuracy"].last()
    ends = ends.unstack(level=0)
    wins = {name: benchmark.superiority(ends[name], ends["random"]) for name in rivals}
    return pd.DataFrame(wins, index=["beats random search", "from", "to"]).T.round(2)


# %% [markdown]
# Each search has 100 trials, and the same 100 seeds are searched at each number in flight. **This
# takes about 10 seconds.**
#
# **Predict.** With 64 of its 100 trials in flight, how probably does evolution still end better than
# random search? 0.5 means that neither is better. Write a probability.

# %% tags=["prediction"]
guess = ...  # a probability

# %% tags=["prediction-result"]
wins = wins_over_random(1, 4, 16, 64)
print(wins.to_string())
compare("12.c", guess, wins["beats random search"].iloc[-1], digits=2)

# %% [markdown]
# The first three intervals overlap, so do not read too much into small steps. But the last one,
# with 64 in flight, goes from 0.42 to 0.58 and holds one half: evolution is no longer shown to be
# better than luck. Its first 83 networks are drawn at random: breeding begins when 20 have joined
# the population, and the first joins after 64 trials. Only 17 are bred. So **parallel search buys
# time and pays in trials**. A strategy that learns needs many more trials than there are workers.
# Random search, a strong baseline anyway (Li & Talwalkar 2019), needs nothing. A comparison must
# name the number in flight, as it names the budget.
#
# **Change this.** How many trials does evolution need to be worth it again, with 64 in flight? Try
# a larger budget. (With 400 trials it takes about 20 seconds.)

# %% tags=["change-this"]
in_flight, budget = 64, 100  # change this
wins_over_random(in_flight, budget=budget)

# %% [markdown]
# ## Workers that really train
#
# Now real training. Threads would not do here: TensorFlow's seeds belong to the process, and two
# trainings in one process would disturb each other. So we need processes, and `run_search` takes
# any executor that has some.
#
# - A new process must **spawn**, which means begin as an empty Python. The other way, `fork`, copies
#   this process with TensorFlow inside, and the copy may wait for ever.
# - Linux has a third way, a **fork server**: a spawned process that loads TensorFlow, computes nothing,
#   and copies itself for each worker. Such a copy begins at once, and shares what is loaded.
# - What a worker needs travels to it by **pickling**, Python's way to turn objects into bytes: the
#   space, the images, the values of the trial. A function travels by its name alone, so a build
#   function must stand in a file that the worker can import. One from a cell of a notebook is
#   refused. (Dask, which comes below, sends its code along.)
# - In a script, all that starts a pool stands below `if __name__ == "__main__":`. Every spawned
#   process imports the script, and without that line would start a pool of its own.
#
# A spawned worker needs about 800 MiB for itself. Where there are two cores and enough memory, the
# cell below has two workers; elsewhere it trains here, one trial after another.

# %%
cores, memory = doctor.cores(), (doctor.memory()[1] or 0) / 2**30  # what this notebook may use
WORKERS = 2 if cores >= 2 and memory > 3 else 0
processes = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
processes.set_forkserver_preload(["nascourse.search"])  # which loads TensorFlow


def search_in_pool(**more):
    if not WORKERS:
        return timed_search(**more)
    with ProcessPoolExecutor(WORKERS, mp_context=processes) as executor:
        return timed_search(executor=executor, in_flight=4, **more)


print(f"{cores} cores, {memory:.1f} GiB free: {WORKERS} workers")

# %% [markdown]
# **Predict.** The four trials of the first search took the seconds that you saw. What do they take
# with the workers, and by how much do the accuracies differ from the first search, at most? Write
# seconds, and points of accuracy. **This takes 10 to 20 seconds.**

# %% tags=["prediction"]
guess = ...  # a list: seconds, points

# %% tags=["prediction-result"]
together, pool_seconds = search_in_pool(directory="../runs/12_together")
points = 100 * (together["val_accuracy"] - alone["val_accuracy"]).abs().max()
print(f"one after another {alone_seconds:.0f} s; {WORKERS} workers {pool_seconds:.0f} s")
columns = ["trial", "architecture", "val_accuracy", "seconds"]
print(together[columns].round(3).to_string(index=False))
compare("12.d", guess, {"seconds": pool_seconds, "points": points}, digits=1)

# %% [markdown]
# It is the same search: the same networks, in the same order, with the same accuracies. (Only the
# last digits may differ, since a worker may have another number of threads. Trials 1 and 4 read
# little, here as there: one epoch is too few for heads that average, see unit 02.) That does not
# come by
# itself. Which worker is ready first is a matter of luck, so a search that told its strategy of
# each result as it came would be another one each time. `run_search` **hears the results in the
# order of the trials**: a result that is early waits. The price is that a slow trial holds up those
# behind it, so give `in_flight` a few more trials than there are workers.
#
# For four short trials two workers need not be faster. TensorFlow has to be loaded first, and they
# compete for the processors: compare the seconds of the trials with those that the first search
# printed. With more work the workers pay. Recorded on two processors: 16 trials of 2 epochs, in this
# process, in a pool of two processes, and on two workers of Dask. Each was run several times, in turns.

# %%
executors = trials.recorded("executors")
turns = executors.pivot(index="turn", columns="executor", values="seconds")
gain = turns.rdiv(turns["serial"], axis=0)
columns = {"seconds, median": turns.median(), "times as fast, median of turns": gain.median()}
pd.DataFrame(columns).round(2)

# %% [markdown]
# Two workers are not twice as fast. One reason is that "serial" is not one processor: TensorFlow
# spreads the arithmetic of a single training over both. Another one is what the search itself and
# the sending cost. **Give each worker one thread** (`TF_NUM_INTRAOP_THREADS=1`, as in the recording; the
# pool above leaves the threads to TensorFlow): two workers with two threads each on two processors get
# into each other's way.
#
# ### What if a worker dies?
#
# On many machines that is no accident but a matter of time. We kill one on purpose, as soon as the
# first trial has been heard of. A process pool is broken as a whole when one of its processes dies.
# **This takes 10 to 20 seconds.**
#
# **Predict.** We start the search again with a new pool. In the end, is its table that of the search
# before, or another one? Write "same" or "other".

# %% tags=["prediction"]
guess = ...  # "same" or "other"


# %% tags=["prediction-result"]
class Kill(search.Observer):
    """Kills a worker, once, as soon as a trial has been heard of."""

    killed = False

    def trial_end(self, row):
        workers = multiprocessing.active_children()
        if workers and not self.killed:
            self.killed = True
            workers[0].kill()


observer, folder = Kill(), "../runs/12_killed"
try:
    survived, _ = search_in_pool(directory=folder, observer=observer)
except CourseError as error:
    print(f"{error}\n")
    survived, _ = search_in_pool(directory=folder, observer=observer, overwrite=False)
gap = (survived["val_accuracy"] - together["val_accuracy"]).abs().max()
compare("12.e", guess, "same" if gap < 1e-6 else "other", options=["same", "other"])

# %% [markdown]
# What was finished is kept, and no trial stands in the table twice. A trial that was under way when
# the pool broke begins anew, with the same seed, so it comes out the same. Nobody knows which of the
# trials broke the pool, so those that were in flight now go one at a time, and one that has broken
# three pools is a failed row of the table.
#
# A cluster of Dask lives on when a worker dies: its scheduler gives the trial to another worker.
# Recorded with `python tests/drills/kill_workers.py --times 10`, which kills a worker at a random
# moment in each of ten searches: **all ten ended with the very table, curves and weights** of a
# search that nobody disturbed. A network that needs more memory than there is kills its worker, and
# then the next one; after four, Dask gives up on it, and it is a failed row.
#
# Two things to know. What comes back late does not count twice, but it may have *run* twice: a
# training that writes files of its own must bear that. And this notebook is a single process. When
# it dies, start the search again with the same folder: it goes on where it was.
#
# **Change this.** Use one worker, or give the pool more trials in flight. Does the table change, and
# does the time?

# %% tags=["change-this"]
pool_size, in_flight = min(WORKERS, 1), 2  # change this: up to WORKERS, and any number in flight
if pool_size:
    with ProcessPoolExecutor(pool_size, mp_context=processes) as executor:
        directory = "../runs/12_changed"
        changed, took = timed_search(directory=directory, executor=executor, in_flight=in_flight)
    gap = (changed["val_accuracy"] - together["val_accuracy"]).abs().max()
    print(f"{took:.0f} s, the same table: {gap < 1e-6}")

# %% [markdown]
# The table stays the same; only the time changes. Random search asks for no result before it
# proposes. A strategy that learns would propose other trials with another number in flight.
#
# ## More than one machine
#
# A process pool ends at the edge of the machine. [Dask](https://distributed.dask.org) goes on: a
# **scheduler** process hands tasks to workers on any number of machines, and `get_executor()` makes
# it look like a pool. On this machine:
#
# ```python
# import dask
# from dask.distributed import Client, LocalCluster
#
# patience = {"deploy.lost-worker-timeout": "5 minutes", "comm.timeouts.tcp": "5 minutes"}
# dask.config.set({f"distributed.{name}": time for name, time in patience.items()})
# cluster = LocalCluster(2, threads_per_worker=1, dashboard_address="127.0.0.1:0")
# client = Client(cluster)
# found = search.run_search(..., executor=client.get_executor(), in_flight=8)
# ```
#
# By default Dask gives up a worker that reads nothing for 30 seconds, and on a busy machine importing
# TensorFlow takes as long: hence the patience. (Where Dask's own commands start the processes, the
# environment variable `DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP=5m` asks for it.)
#
# On several machines only the middle changes. The command `dask scheduler` on one of them prints an
# address, `dask worker ADDRESS --nthreads 1` joins it from the others, and here you write `client =
# Client("tcp://ADDRESS")`. There are ready-made clusters over SSH (`SSHCluster`), in a queue of
# Slurm (`dask_jobqueue.SLURMCluster`) and on Kubernetes. Each worker needs the course installed, in
# the same versions. Dask is an optional requirement: `pip install -e ".[dask]"` in the course's
# folder. Whoever reaches the port of a scheduler can run any code on its workers: by default it
# asks for no password. Between machines, use it inside a network that you trust, or with TLS.
#
# Dask shows what its workers do on a **dashboard**, a page in the browser. In a cell,
# `IFrame(client.dashboard_link.replace("/status", "/individual-task-stream"), 900, 400)` from
# `IPython.display` holds its picture, live. (On Binder and other distant servers that frame stays
# empty, since the page is at the address 127.0.0.1, which means "this machine" for each browser.) Of
# a recorded search it looked like this when it was over: a row for each worker, a bar for each
# trial.

# %%
tasks = trials.recorded("executors_timeline")
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained", figsize=(6.4, 2))[1]
ax.barh(tasks["worker"], tasks["end"] - tasks["begin"], left=tasks["begin"], edgecolor="white")
ax.set(xlabel="seconds", ylabel="worker", yticks=[1, 2])
ax.invert_yaxis()
plotting.show(ax, source="a recorded search on two workers of Dask")

# %% [markdown]
# KerasTuner has a way of its own, a **chief** that proposes and workers that ask it, each started by
# hand with three environment variables. Recorded by `nascourse/recordings/chief_and_workers.py`:
# undisturbed it works. With a worker killed, its trial is lost, and the chief never ends: it waits
# for the dead one. (So says its code, in version 1.4.8; we stopped waiting after a minute.)
#
# ### A plan for 100 machines
#
# Machines cost money by the hour, so calculate first. A search of $N$ trials on $W$ workers takes
# about
#
# $$T = s + \lceil N / W \rceil \, (t + o)$$
#
# seconds: $s$ until a worker has started and loaded its libraries, then rounds of one trial of $t$
# seconds and the overhead $o$ of handing it out and hearing of it. (The sign $\lceil\,\rceil$
# rounds up. It counts in rounds; for trials of equal length a queue takes as long. If trials take
# unequal times, take their mean for $t$, and add the longest one for the wait at the end.) For Dask
# on our machine, $s$ was 3 seconds, and $o$ was 0.02 for a task with our 4,000 images.
#
# **Change this.** What do a hundred machines bring to the trials of the first search, what to
# trials of two minutes, and what does the whole cost at a price of your choice?

# %% tags=["change-this"]
n_trials, trial_seconds, price = 1000, 120, 0.10  # change this: price in euros an hour and worker
plan = pd.DataFrame(index=pd.Index([1, 2, 5, 10, 20, 50, 100], name="workers"))
plan["minutes"] = (3 + np.ceil(n_trials / plan.index) * (trial_seconds + 0.02)) / 60
plan["euros"] = plan.index * plan["minutes"] / 60 * price
plan.round({"minutes": 1, "euros": 3})

# %% [markdown]
# The formula forgets what the one machine in the middle has to do. Each task carries the images that
# train and validate; no test image leaves.
#
# **Predict.** How many megabytes is one task, and how many megabytes a second does a hundred workers
# with trials of 3 seconds need? Write two numbers.

# %% tags=["prediction"]
guess = ...  # a list: megabytes, megabytes a second

# %% tags=["prediction-result"]
arrays = splits.x_train, splits.y_train, splits.x_val, splits.y_val
megabytes = sum(array.nbytes for array in arrays) / 1e6
compare("12.f", guess, {"MB a task": megabytes, "MB a second": 100 * megabytes / 3}, digits=1)

# %% [markdown]
# A cable of one gigabit a second carries about 120 MB a second. Trials of 3 seconds come near to that,
# and with all 60,000 images of MNIST they would choke it. With trials of two minutes the images are no
# burden: even all 60,000 make 40 MB a second. For short trials with many images, put the images on
# each machine, and let the task carry the name of a file. So the plan, in five steps:
#
# 1. Measure $t$ on the machine that you will rent, with three or four trials, the largest network of
#    the space among them. Does it fit into the memory of a worker?
# 2. Is $t$ far above $s$ and $o$? If not, put more work into a trial, or stay on one machine.
# 3. Choose $N$ for the strategy, not for the machines: random search, or several times as many trials
#    as workers for one that learns.
# 4. Compute $T$ for some $W$, and the price. More workers cost more in all, for the starts and for
#    the wait at the end.
# 5. Test with two workers. Kill one of them on purpose, and stop the search and start it again,
#    before you rent a hundred.
#
# **When is another tool the better choice?** For one machine with several processors a process pool
# is usually enough. Trials of hours, which should survive a failure and be stopped early, are the
# domain of [Ray Tune](https://docs.ray.io/en/latest/tune/index.html), which has ASHA. In a computing
# center with a queue, random search needs no server at all: a
# [Slurm](https://slurm.schedmd.com/job_array.html) job array, one trial a job. In a company's cluster
# of containers, an indexed [Kubernetes
# Job](https://kubernetes.io/docs/concepts/workloads/controllers/job/) does the same.
#
# **With GPUs** nothing of the code changes: TensorFlow uses one if it finds one. Give each worker one
# of its own by `CUDA_VISIBLE_DEVICES`, and set `TF_FORCE_GPU_ALLOW_GROWTH=true`, or the first
# training takes all of its memory. Networks as small as ours gain little; none of it was measured
# here.
#
# ## Summary
#
# - Trials are independent, so they can run in parallel. A search is never shorter than its longest
#   trial, and a strategy that learns loses what it has not yet heard.
# - Workers are new processes, in which TensorFlow has computed nothing yet. Give each one thread. What
#   they are sent must be importable.
# - Results heard in the order of the trials keep a search repeatable. A killed worker costs time, no
#   trial and no repeatability, if the system sends the trial again. KerasTuner's chief does not.
# - Plan before you rent: start, rounds, overhead, bytes, memory.
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
# - Li, L. & Talwalkar, A. (2019). *Random Search and Reproducibility for Neural Architecture Search*.
#   UAI. [arXiv:1902.07638](https://arxiv.org/abs/1902.07638)
# - [What happens when a worker dies](https://distributed.dask.org/en/stable/resilience.html), in
#   Dask's documentation
# - [Distributed hyperparameter tuning with
#   KerasTuner](https://keras.io/guides/keras_tuner/distributed_tuning/)
