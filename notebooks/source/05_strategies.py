# %% [markdown]
# # Unit 05: Which strategy wins, and how sure are we?
#
# - **Objectives**: race search strategies on a table of measured networks; write regularized
#   evolution in a few lines; read a median, a band, a rank and a probability with its interval; say
#   what such a race proves, and what it does not.
# - **Prerequisites**: [unit 02](02_random_search.ipynb): trial, incumbent, random baseline;
#   [unit 04](04_estimation.ipynb): the benchmark, regret, Hyperband
# - **Time**: 80 min: the arena 10 min, the contestants 20 min, one search proves nothing 5 min, the
#   race 15 min, a game 5 min, greedy stops 10 min, aging 5 min, chosen and judged 5 min, what it means 5 min
# - **Cost**: 35 s of one CPU core and 800 MiB of memory; no GPU, no network
#
# Unit 02 ended with a warning: two searches with the same strategy differ by luck alone, so one
# search each does not compare two strategies. It takes hundreds of searches. At half a minute each
# nobody waits for them, so we do not train at all. We look up.

# %%
from nascourse import benchmark, plotting, spaces
from nascourse.benchmark import simulate
from nascourse.strategies import RegularizedEvolutionOracle, make_oracle
from nascourse.views import explorers

import inspect
from collections import deque
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

# %% [markdown]
# ## Is it a fair arena?
#
# The arena is MNIST-NAS-Bench, the table of unit 04: a space of 1,248 small networks, each trained
# from three seeds for 12 epochs. Its example, NAS-Bench-101 (Ying et al. 2019), holds 423,624
# networks, and its authors raced strategies on it for the reason that we have.

# %%
bench = benchmark.load_benchmark()
print(bench)

# %% [markdown]
# A race is worth watching if the runners differ by more than luck. **Predict**: by how much do
# networks differ, compared with one network trained twice? And among the best tenth?

# %%
final = bench.final()  # every network after 12 epochs, the mean of its seeds
last_epoch = bench.curves[bench.curves["epoch"] == bench.epochs]
noise = last_epoch.groupby("network")["val_accuracy"].std()
best_tenth = final.nlargest(len(final) // 10, "test_accuracy")

for name, group in {"all networks": final, "the best tenth": best_tenth}.items():
    networks, seeds = group["val_accuracy"].std(), noise[group.index].median()
    print(f"{name}: networks differ by {networks:.4f}, the seeds of one by {seeds:.4f}")

# %% [markdown]
# (All four numbers are standard deviations.) A good network is easily told from a bad one. Among
# the good ones, a difference is about as large as luck. So skill decides the start of a race, and
# skill and luck its end.
#
# Does a single choice decide everything? Then a search would only have to find that one. For each
# choice, the bar shows which share of the differences it explains alone.

# %%
shares = benchmark.effects(final, bench.choices)
with plt.rc_context(plotting.STYLE):
    ax = (100 * shares).plot.barh(xlabel="percent of the variance that the choice explains alone")
ax.invert_yaxis()  # the first on top
plotting.show(ax, source="MNIST-NAS-Bench")

# %% [markdown]
# No choice decides alone: even the longest bar leaves three quarters open. (Do not add the bars up.
# A network with one block has no `filters_1`, so the bars of blocks and of filters tell partly the
# same.)
#
# And since the table is whole, we know what no search on a real problem ever knows: the best
# network there is, and the true **Pareto front**, the networks that no other one equals or beats in
# both size and accuracy. Unit 07 is about the front. Here we need its end on the right.

# %%
ax = plotting.plot_pareto(final, bench.pareto_front())
ax.set_ylim(0.8, 1)
plotting.show(ax, source="MNIST-NAS-Bench, networks above 80 percent")

# %%
best = bench.oracle_best
print(f"the best network: {best['test_accuracy']:.4f} with {best['n_params']:,} parameters")

# %% [markdown]
# The distance from a search's incumbent to this network is its **regret**: zero means that it found
# the best there is.
#
# ## The contestants
#
# Six strategies run in this race. Each is a KerasTuner **oracle**, the part of KerasTuner that
# proposes values and hears scores. They are the very objects that train networks in other units.
#
# | strategy | its idea in a sentence | whose |
# |---|---|---|
# | random | draw, and never look back | KerasTuner |
# | local search | try the neighbors of a network one by one, move to the first better one, start anew when there is none | ours, after White et al. 2021 |
# | regularized evolution | breed from good networks, let the old ones go | ours, after Real et al. 2019 |
# | greedy | copy the best trial, draw a few values anew | AutoKeras |
# | Bayesian optimization | predict the accuracy from the choices, try where it may be highest | KerasTuner |
# | Hyperband | start many networks, train only the best on | KerasTuner |
#
# A **neighbor** is a network that differs in one choice. Hyperband you know from unit 04, and
# greedy search has a unit of its own, 06. Two others deserve a closer look.
#
# ### Regularized evolution
#
# Algorithm 1 of Real et al. (2019) is short. It keeps a **population** of P networks. A turn draws
# a **sample** of S of them and takes the best of the sample as the **parent**. A **mutation**
# changes one choice of the parent. The child is trained and joins the population. Then the *oldest*
# network leaves, however good it is.
#
# First, drawing and mutating. When a mutation adds a block, the filters of the block are drawn;
# when it removes one, they go.

# %%
choices = spaces.declared(spaces.bench_space).space  # none comes before what it depends on


def draw(rng, parent=None, change=None):
    """A random network, or a copy of the parent with one choice changed."""
    network = {}
    for hp in choices:
        if all(condition.is_active(network) for condition in hp.conditions):
            values = [v for v in hp.values if hp.name != change or v != parent[change]]
            new = values[rng.integers(len(values))]
            network[hp.name] = new if hp.name == change else (parent or {}).get(hp.name, new)
    return network


# %% [markdown]
# And now the algorithm. `population` is a queue: new networks enter on the right, and the oldest
# one stands on the left.


# %%
def regularized_evolution(bench, trials, population_size, sample_size, rng):
    population, history = deque(), []
    while len(history) < trials:
        if len(population) < population_size:
            network = draw(rng)
        else:
            sample = [population[i] for i in rng.integers(population_size, size=sample_size)]
            accuracy, parent = max(sample, key=lambda model: model[0])
            network = draw(rng, parent, change=rng.choice(list(parent)))
        accuracy = bench.query(network).val_accuracy
        history.append(accuracy)
        population.append((accuracy, network))
        if len(population) > population_size:
            population.popleft()  # the oldest, not the worst
    return history


# %% [markdown]
# A hundred trials with P = 20 and S = 5. **Predict**: in which of the five rows does evolution
# begin to differ from random search?

# %%
bench.start()
history = regularized_evolution(bench, 100, 20, 5, np.random.default_rng(1))
for start in range(0, 100, 20):
    turn = history[start : start + 20]
    print(f"trials {start + 1:2} to {start + 20:3}: mean {np.mean(turn):.3f}, best {max(turn):.3f}")
print(bench)

# %% [markdown]
# The first twenty trials are random: evolution needs a population before it can breed. What follows
# is better in the mean, which random search never becomes. The last line says what these trials
# would have cost; the table answered at once.
#
# Why must the oldest go? A network that was lucky once would otherwise stay and breed forever. With
# **aging**, a good network survives only through its children, and each child is measured anew.
# Whether that pays here, we shall see.
#
# The course's `RegularizedEvolutionOracle` does the same inside KerasTuner, so it can train
# networks, be resumed after an interruption, and stop when a space is exhausted. This is how it
# makes a child:

# %%
print(inspect.getsource(RegularizedEvolutionOracle._child))

# %% [markdown]
# One thing differs. It never trains a network twice; where the paper's algorithm would, it draws
# another child.
#
# ### Bayesian optimization
#
# This strategy has two parts. A **surrogate** is a cheap model that predicts the accuracy of a
# network from its choices, and says how unsure it is. An **acquisition function** makes one number
# of both: how promising a trial would be. KerasTuner's surrogate is a **Gaussian process**, a
# smooth curve through what was measured, unsure where nothing was. Its acquisition is the
# prediction plus 2.6 times the uncertainty.
#
# A picture says more. Here a single choice runs from 0 to 1, and four trials have been made. The
# dashed curve is the truth, which the search does not know. **Predict** where the fifth trial will
# be.

# %%
grid = np.linspace(0, 1, 200)
truth = 0.8 + 0.06 * np.sin(5 * grid) + 0.03 * np.cos(14 * grid)
tried = np.array([10, 70, 130, 190])
surrogate = GaussianProcessRegressor(RBF(0.15), optimizer=None, normalize_y=True)
surrogate.fit(grid[tried, None], truth[tried])  # a column: one row a trial
mean, unsure = surrogate.predict(grid[:, None], return_std=True)
promising = mean + 2.6 * unsure

# %%
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
ax.plot(grid, truth, "--", color=plotting.GRAY, label="truth")
ax.plot(grid, mean, label="prediction")
ax.plot(grid, promising, label="acquisition")
ax.plot(grid[tried], truth[tried], "o", color=plotting.BLUE, label="tried")
ax.axvline(grid[promising.argmax()], color=plotting.ORANGE, linestyle=":", label="next trial")
ax.set(xlabel="the choice", ylabel="validation accuracy")
ax.legend(frameon=False, ncols=2, loc="upper right")
plotting.show(ax, source="a made-up curve")

# %% [markdown]
# The acquisition is high where the prediction is high, and where nobody has looked. So one number
# balances **exploitation** (go where it is good) and **exploration** (go where it is unknown). Here
# it will be disappointed, and the disappointment will correct the prediction.
#
# Two facts about KerasTuner's version matter for the race. Its first trials are random, three for
# each hyperparameter, since a surrogate needs data; the nine hyperparameters of our space make that
# 27. And each later proposal takes nearly a second, where that of another strategy takes a
# thousandth. So 20 of its searches were recorded beforehand, and are replayed.
#
# ## One search proves nothing
#
# `simulate` lets oracles walk the table. Each search also draws, for each network, which of the
# three trainings it sees, so it chooses by a real, noisy validation accuracy. Random search against
# evolution, 30 trials each, six times. Read only the first row, and decide who wins. Then read on.

# %%
few = simulate(["random", "evolution"], budget=30, seeds=range(6))
ends = few.groupby(["seed", "strategy"])["test_accuracy"].last().unstack()
ends.assign(winner=ends.idxmax(axis=1)).round(3)

# %% [markdown]
# Each row is what a report with one seed would say. With another seed it may say the opposite. And
# whoever won most of the six may still be the weaker one: keep in mind who it was, until you see a
# hundred searches of each.
#
# ## The race
#
# Now 100 searches for each strategy, and the 20 recorded Bayesian ones. Each may pay for 100
# trainings of 12 epochs. With training, that would take most of a day of one processor. **It takes
# about 15 seconds.**
#
# **Predict** before you run it. After 10 trials, which strategies *cannot* be better than random
# search? Think of how each begins.

# %%
live = ["random", "evolution", "local", "greedy", "hyperband"]
races = pd.concat(
    [
        simulate(live, budget=100, seeds=range(100)),
        simulate("bayesian", budget=100, seeds=range(20)),
    ]
)
ended = races.groupby(["strategy", "seed"], sort=False)[["trial", "epochs", "seconds"]].last()
print(f"training it all: {ended['seconds'].sum() / 3600:.0f} hours")
ended.groupby("strategy", sort=False).median().round().astype(int)

# %% [markdown]
# The table holds the median search of each strategy. Two rows are odd. Hyperband has more trials
# for the same epochs, as most of them are short. And greedy search did not spend its budget. We
# come back to that.
#
# ### Regret over budget
#
# `within_budget` looks up where each search stood when it had spent so many epochs. Each line is
# the median over all searches of a strategy. Lower is better, and the axis of the budget is
# logarithmic.


# %%
def draw_race(standing, **labels):
    """Each strategy's median search along the budget, and its middle half as a band."""
    with plt.rc_context(plotting.STYLE):
        ax = plt.subplots(layout="constrained")[1]
    for strategy, searches in standing.groupby(level="strategy", sort=False):
        low, median, high = np.percentile(searches, [25, 50, 75], axis=0)
        ax.fill_between(standing.columns, low, high, step="post", alpha=0.2, linewidth=0)
        ax.step(standing.columns, median, where="post", linewidth=2, label=strategy)
    ax.set(xscale="log", **labels)
    ax.xaxis.set_major_locator(LogLocator(subs=[1, 2, 5]))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


# %%
epochs = np.arange(12, 1201, 12)  # 12 epochs are one full training
standing = benchmark.within_budget(races, epochs)
medians = standing.groupby("strategy", sort=False).median()

ax = draw_race(medians, xlabel="epochs spent", ylabel="regret", ylim=(0, 0.05))
plotting.show(
    ax,
    source="MNIST-NAS-Bench, 100 simulated searches for each strategy, 20 recorded Bayesian ones",
)

# %% [markdown]
# Evolution is random search until its population is full, after 20 trials or 240 epochs. Bayesian
# optimization is random search for its first 27. Up to there, their lines differ from that of
# random search by luck only. A strategy that learns must first pay for something to learn from.
#
# A line may also rise. The new incumbent is then better in validation and worse in the test.
#
# A median hides how much the searches differ. The **band** holds the middle half of them. Three
# strategies are enough for one picture.

# %%
three = standing.loc[["random", "evolution", "local"]]
ax = draw_race(three, xlabel="epochs spent", ylabel="regret", ylim=(0, 0.05))
plotting.show(ax, source="MNIST-NAS-Bench, 100 simulated searches for each strategy")

# %% [markdown]
# Epochs are not the only currency. A large network takes longer, so a strategy that likes large
# networks gets fewer trials for its time. The same race over the seconds of one processor:

# %%
by_seconds = benchmark.within_budget(races, np.arange(2, 201, 2), by="seconds")
medians = by_seconds.groupby("strategy", sort=False).median()
ax = draw_race(medians, xlabel="training seconds", ylabel="regret", ylim=(0, 0.05))
plotting.show(
    ax,
    source="MNIST-NAS-Bench, 100 simulated searches for each strategy, 20 recorded Bayesian ones",
)

# %% [markdown]
# Three cautions belong to these pictures. The seconds leave out the strategy's own thinking, which
# for the Bayesian one is nearly a second a trial. Hyperband's incumbent is judged after a full
# training that it may not have paid for. And a search that stopped early stays where it ended.
#
# ### Ranks
#
# Regret has a scale: early differences are large, late ones small. The **mean rank** asks only who
# is ahead. Among six searches the best gets rank 1, the worst rank 6; if all strategies were equal,
# each would have 3.5 in the mean. We use the 20 seeds that all six strategies have.

# %%
shared = standing[standing.index.get_level_values("seed") < 20]
ranks = benchmark.mean_ranks(shared)
ax = draw_race(ranks, xlabel="epochs spent", ylabel="mean rank, 1 is the best")
plotting.show(
    ax,
    source="MNIST-NAS-Bench, 20 searches for each strategy, the Bayesian ones recorded",
)

# %% [markdown]
# The lines jitter, as 20 searches are few. Who leads depends on the budget. "Which strategy is the
# best?" has no answer without "after how many epochs?". (Hyperband leads at the very start: for the
# price of one full training it tries six networks with two epochs each.)
#
# ### How probable is a win?
#
# The most useful number is the plainest. Take one search of A and one of B at random: how probable
# is it that A ended better? Ties count half, so 0.5 means that neither is better. This is an
# **effect size** (Vargha & Delaney 2000): it says how large a difference is.
#
# How sure is it? The **bootstrap** (Efron 1979) draws 100 searches from our 100, with replacement:
# the same one may come twice, and another not at all. It does so again and again, and computes the
# number each time. The middle 95 percent of these numbers are the **interval**.

# %%
tests = benchmark.within_budget(races, [120, 360, 1200], value="test_accuracy")


def against_random(standing):
    """How probably each strategy ends better than random search, with the interval."""
    cells = {}
    for strategy in standing.index.unique("strategy").drop("random", errors="ignore"):
        for spent in standing.columns:
            a, b = standing.loc[strategy, spent], tests.loc["random", spent]
            found = benchmark.superiority(a, b)
            text = f"{found.probability:.2f} ({found.low:.2f} to {found.high:.2f})"
            cells[strategy, f"{spent // 12} trials"] = text
    return pd.Series(cells).unstack(sort=False)


against_random(tests)

# %% [markdown]
# How to read it:
#
# - An interval that contains 0.5 is no evidence of a difference. It is no evidence of equality
#   either.
# - The Bayesian intervals are the widest, and the only reason is that it has 20 searches, not 100.
# - A probability of 0.7 means that random search still wins three times in ten. A strategy can be
#   better beyond doubt, and your one search with it still lose.
# - These are 15 comparisons. Of intervals at 95 percent, one in twenty misses the truth, so one of
#   the 15 may well mislead. Say *before* the race which comparison matters.
#
# So what may we say of this space? After 10 trials only greedy search is clearly ahead. After 30,
# local and greedy search win four times in five, evolution and Hyperband three times in five. After
# 100, evolution and local search win about seven times in ten, and greedy search, which stopped
# long before, still six. Hyperband's interval then contains 0.5. Bayesian optimization shows no
# advantage at any of the three budgets; with 20 searches we would overlook a small one. Why it does
# not, we have not measured.
#
# And the six seeds from above? There random search won five of six, at 30 trials. Of all pairs
# among the hundred searches of each, at the same budget, evolution wins 60 percent.
#
# ## You against them
#
# Ten trials are few enough to play by hand. Pick a network, hear the validation accuracy of one
# training, as a strategy does, and let it guide your next pick. When the ten are spent, your best
# pick is judged by its test accuracy, among 100 searches each of random search, evolution and
# greedy search. **Predict**: how many of the random searches will you beat? Where widgets do not
# work, you see the field without you.

# %%
explorers.beat_the_search(bench)

# %% [markdown]
# A curve further to the right is a better field. Half of the random searches is what luck gets.
# Your game is one search with one seed, so it proves no more than theirs; and you knew the space
# from plots, which no strategy has seen.
#
# ## Greedy stops by itself
#
# Greedy search left most of its budget unspent. How many trials did it make?

# %%
greedy = races[races["strategy"] == "greedy"]
lengths = greedy.groupby("seed")["trial"].max()
lengths.describe()[["min", "25%", "50%", "75%", "max"]].astype(int).to_frame("trials of 100")

# %% [markdown]
# Unit 06 looks inside; here is the reason in short. Greedy search copies the best trial and redraws
# a few values, mostly a single one. A network has about ten neighbors, and when all have been
# tried, nearly every draw is an old one. After too many of these collisions AutoKeras gives up,
# without a word. Local search meets the same wall, and starts again somewhere else.
#
# What is an **equal budget** then? After 100 trials, greedy is judged by what it found in a part of
# them. That is fair to a person who can pay for 100. It is unfair to the idea of greedy search. The
# other way is to stop each random search where its greedy partner stopped:

# %%
by_trial = races.set_index(["strategy", "seed", "trial"])["test_accuracy"]
stopped = by_trial["random"].loc[list(lengths.items())]
found = benchmark.superiority(tests.loc["greedy", 1200], stopped)
print(f"at greedy's own length: {found.probability:.2f} ({found.low:.2f} to {found.high:.2f})")

# %% [markdown]
# Compare with greedy's row above, at 100 trials. Both numbers are true. A report must say which
# budget it means.
#
# The start needs a word, too. AutoKeras's oracle does not begin at random: it redraws a few of the
# *default* values of the space. Our defaults make a decent network, so it has a small **head
# start**. In unit 06 it will be a large one. We can take it away, with a random first network for
# each search.


# %%
def greedy_from_anywhere(seed, **options):
    first = draw(np.random.default_rng(seed))
    return make_oracle("greedy", seed=seed, first=first, **options)


anywhere = simulate({"from anywhere": greedy_from_anywhere}, budget=100, seeds=range(100))
both = pd.concat([greedy, anywhere])
against_random(benchmark.within_budget(both, tests.columns, value="test_accuracy"))

# %% [markdown]
# The second row is the strategy itself. After 10 trials it looks behind the first, as it must if
# the head start is worth something; after 30 and 100 it does not. But at each budget the two
# intervals overlap, so this table alone proves neither.
#
# ## Does aging matter here?
#
# Real et al. had a population of 100 and samples of 25, for 20,000 trials. For 100 trials we took
# 20 and 5 instead. Was that wise? And what if the *worst* network leaves instead of the oldest?
# Since the oracle drops the network on the left, it is enough to sort.


# %%
class TheWorstLeaves(RegularizedEvolutionOracle):
    """Evolution without aging."""

    def score_trial(self, trial):
        self.population = deque(sorted(self.population, key=lambda id: self.trials[id].score))
        super().score_trial(trial)  # adds the trial, and drops the one on the left


# %% [markdown]
# Nine settings and this variant, 50 searches each, all against the random searches from above.
# **This takes about 10 seconds.**

# %%
variants = {
    f"P={size}, S={sample}": partial(
        RegularizedEvolutionOracle, population_size=size, sample_size=sample
    )
    for size in (5, 20, 50)
    for sample in (2, 5, 20)
}
variants["the worst leaves"] = TheWorstLeaves
sweep = simulate(variants, budget=100, seeds=range(50))
against_random(benchmark.within_budget(sweep, [360, 1200], value="test_accuracy"))

# %% [markdown]
# Start with the rows of P=50, at 30 trials. Their population is not full yet, so they *are* random
# search. How far they stray from 0.50 is what luck alone does to such a number. The row P=20, S=5
# shows luck as well: it is the evolution of the race, searched again.
#
# After 30 trials, small populations with large samples are ahead: they begin early, and breed from
# the very best. (A sample may be larger than the population, since a member can be drawn twice.)
# After 100 that has gone. Only P=50 with S=2 falls behind, as it has half of its trials left and
# chooses weakly. And aging? The variant where the worst leaves does as well as ours. Within 100
# trials in this space aging pays nothing that we can see.
#
# Then look for intervals that do not overlap. In a table of twenty numbers one is always the
# largest. To pick it and report it as "our method" is the winner's curse again, with strategies in
# the place of networks. An honest report would choose a setting here, and race it anew with fresh
# seeds.
#
# ## Chosen by validation, judged by test
#
# Each search chose its incumbent by one validation accuracy. What did that number promise? What did
# the network hold in the test? And had the search tried a better one, without noticing?

# %%
tried = races.assign(best_tried=races["network"].map(final["test_accuracy"]))
columns = {"promised": ("val_accuracy", "max"), "held": ("test_accuracy", "last")}
ends = tried.groupby(["strategy", "seed"], sort=False).agg(
    **columns, best_tried=("best_tried", "max")
)
ends.groupby("strategy", sort=False).mean().round(4)

# %% [markdown]
# `promised` is above `held`: the best of many noisy numbers is a lucky one. And `best_tried` is
# above `held`: a part of the regret is not the strategy's fault. It had a better network in its
# hands, and the noise of one training hid it. No better strategy can mend this. A better
# *estimation* can: train the last few candidates again, from other seeds, before you choose.
#
# ## What a small space can tell
#
# How far does luck get in this space? Count the networks that are nearly as good as the best.

# %%
behind = best["test_accuracy"] - final["test_accuracy"]
for margin in (0.01, 0.005, 0.002):
    good = int((behind < margin).sum())
    print(f"within {margin:.1%} of the best: {good:3}, that is one in {len(final) / good:.0f}")

# %% [markdown]
# If one network in n is good enough, some n random draws are likely to hit one, and nothing needs
# to be learned for that. Compare n with the 100 trials of our searches. Where n is far below,
# random search is enough; where it is far above, a strategy has to know something. A small space
# that someone chose with care is often full of good networks. A large one need not be.
#
# So what may we take home from this race?
#
# - *What carries over*: how to compare. Many seeds, equal budget, bands, random search in the
#   picture. And the mechanics: who begins at random, who stops early, what noise hides.
# - *What may not*: the order. On tables of 15,625 and of 423,624 networks White et al. found local
#   search among the best; in the first version of their paper (2020) they also report that it fails
#   on the DARTS space, which has about 10^18 networks. Ours has about 10^3.
# - *What no race tells*: whether the space was worth searching. That was unit 03.
#
# ## Summary
#
# - A table of measured networks makes searches so cheap that strategies can be compared at all.
# - Regularized evolution: draw a sample, breed from its best, let the oldest go.
# - Bayesian optimization: a surrogate predicts, an acquisition balances good against unknown.
# - A strategy that learns begins like random search. Ask at which budget it pays.
# - Report a median with a band, and the probability of a win with its interval. One seed each is an
#   anecdote.
# - Say what "equal budget" means: trials, epochs or seconds, and what becomes of a search that
#   stops.
# - Choose by validation, judge by test. What validation promises of a winner is too much.
# - Every order of strategies is one about this space, until another space confirms it.
#
# Next: [unit 06](06_autokeras_greedy.ipynb) opens up the greedy strategy, and trains with it.
#
# ## Exercises
#
# Four exercises in [05_strategies](../exercises/05_strategies.ipynb), 50 minutes: compute a
# probability of superiority, write an oracle of your own and race it, draw a median in its band,
# and choose a sentence for a report.
#
# ## Further reading
#
# - Ying, C. et al. (2019). *NAS-Bench-101: Towards Reproducible Neural Architecture Search*.
#   [arXiv:1902.09635](https://arxiv.org/abs/1902.09635)
# - Real, E., Aggarwal, A., Huang, Y. & Le, Q. V. (2019). *Regularized Evolution for Image
#   Classifier Architecture Search*. [arXiv:1802.01548](https://arxiv.org/abs/1802.01548)
# - White, C., Nolen, S. & Savani, Y. (2021). *Exploring the Loss Landscape in Neural Architecture
#   Search*. [arXiv:2005.02960](https://arxiv.org/abs/2005.02960); its first version is of 2020.
# - Li, L. et al. (2018). *Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization*.
#   [JMLR 18:185](https://jmlr.org/papers/v18/16-558.html)
# - Snoek, J., Larochelle, H. & Adams, R. P. (2012). *Practical Bayesian Optimization of Machine
#   Learning Algorithms*. [arXiv:1206.2944](https://arxiv.org/abs/1206.2944)
# - Vargha, A. & Delaney, H. D. (2000). *A Critique and Improvement of the CL Common Language Effect
#   Size Statistics of McGraw and Wong*. Journal of Educational and Behavioral Statistics 25(2).
# - Efron, B. (1979). *Bootstrap Methods: Another Look at the Jackknife*. The Annals of Statistics
#   7(1).
# - Lindauer, M. & Hutter, F. (2020). *Best Practices for Scientific Research on Neural Architecture
#   Search*. [JMLR 21:243](https://jmlr.org/papers/v21/20-056.html)
