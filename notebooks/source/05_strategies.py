# %% [markdown]
# # Unit 05: Which strategy wins, and how sure are we?
#
# - **Objectives**: race search strategies on a table of measured networks; write regularized
#   evolution in a few lines; read a median, a band and a probability with its interval; say what
#   such a race proves, and what it does not.
# - **Prerequisites**: [unit 02](02_random_search.ipynb): trial, incumbent, random baseline;
#   [unit 04](04_estimation.ipynb): the benchmark, regret, Hyperband
# - **Time**: 60 min: evolution 10 min, Bayesian optimization 8 min, one search proves nothing 4 min,
#   the race 16 min, a game 4 min, greedy stops 6 min, aging 6 min, what it means 6 min
# - **Cost**: 25 s of one CPU core and 800 MiB of memory; no GPU, no network
#
# Unit 02 ended with a warning: two searches with the same strategy differ by luck alone, so one search
# each does not compare two strategies. It takes hundreds of searches. At some minutes each nobody waits
# for them, so we do not train at all. We look up. The arena is **MNIST-NAS-Bench**, the table of unit
# 04, with 1,248 small networks. Its model, NAS-Bench-101 (Ying et al. 2019), holds 423,624 of them, and
# its authors raced strategies on it for the reason that we have.
#
# Six strategies will run. Each is a KerasTuner **oracle**, the part of KerasTuner that proposes values
# and hears scores. They are the very objects that train networks in other units.
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
# greedy search has a unit of its own, 06. Two others deserve a closer look first.

# %%
from nascourse import benchmark, plotting, spaces
from nascourse.benchmark import simulate
from nascourse.checks import compare
from nascourse.strategies import RegularizedEvolutionOracle, make_oracle
from nascourse.views import explorers

from collections import deque
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

bench = benchmark.load_benchmark()

# %% [markdown]
# ## Regularized evolution
#
# Algorithm 1 of Real et al. (2019) is short. It keeps a **population** of P networks, at first
# random ones. A turn draws a **sample** of S of them and takes the best of the sample as the
# **parent**. A **mutation** changes one choice of the parent. The child is trained and joins the
# population. Then the *oldest* network leaves, however good it is. In the code, the population is a
# queue: new networks enter on the right, and the oldest one stands on the left.
#
# **Predict.** With P = 20 and S = 5, a search makes 100 trials. We print them in five rows, trials 1
# to 20, 21 to 40, and so on. Which is the first row that differs from random search? Write its
# number, from 1 to 5.

# %%
networks = spaces.settings(spaces.bench_space)  # each is a dictionary of its choices


def mutate(parent, rng):
    """A network that differs from the parent in one choice, and in what depends on it."""
    change = rng.choice(list(parent))
    others = parent.keys() - {change}
    children = [
        child
        for child in networks
        if change in child
        and child[change] != parent[change]
        and all(child[name] == parent[name] for name in others & child.keys())
    ]
    return children[rng.integers(len(children))]


# %%
def regularized_evolution(trials, population_size, sample_size, rng):
    population, history = deque(), []
    while len(history) < trials:
        if len(population) < population_size:
            network = networks[rng.integers(len(networks))]
        else:
            sample = [population[i] for i in rng.integers(population_size, size=sample_size)]
            _, parent = max(sample, key=lambda model: model[0])
            network = mutate(parent, rng)
        accuracy = bench.query(network).val_accuracy
        history.append(accuracy)
        population.append((accuracy, network))
        if len(population) > population_size:
            population.popleft()  # the oldest, not the worst
    return history


# %% tags=["prediction"]
guess = ...  # the number of a row, from 1 to 5


# %% tags=["prediction-result"]
def rows_of_twenty(population_size, sample_size):
    """Mean and best accuracy of each twenty trials, averaged over ten searches."""
    rngs = map(np.random.default_rng, range(10))
    histories = [regularized_evolution(100, population_size, sample_size, rng) for rng in rngs]
    twenties = np.reshape(histories, (10, 5, 20))
    rows = {"mean": twenties.mean(axis=2).mean(axis=0), "best": twenties.max(axis=2).mean(axis=0)}
    return pd.DataFrame(rows, pd.RangeIndex(1, 6, name="row")).round(3)


print(rows_of_twenty(20, 5))
compare("05.a", guess, 20 // 20 + 1)  # the first row without random networks

# %% [markdown]
# The first twenty trials are random: evolution needs a population before it can breed. What follows
# is better in the mean, which random search never becomes.
#
# Why should the oldest go? The idea: a network that was lucky once would otherwise stay and breed on.
# With **aging**, a good network survives only through its children, and each child is measured anew.
# Whether that matters here, we test below. The course's `RegularizedEvolutionOracle` does the same
# inside KerasTuner, so it can train networks and be resumed after an interruption. But it never trains a
# network twice: where the paper's algorithm would, it draws another child.
#
# **Change this.** What becomes of the rows with a population of 5, or of 60? And with a sample of one,
# where chance chooses the parent: is anything left of the gain?

# %% tags=["change-this"]
population_size, sample_size = 20, 5  # change this
rows_of_twenty(population_size, sample_size)

# %% [markdown]
# ## Bayesian optimization
#
# This strategy has two parts. A **surrogate** is a cheap model that predicts the accuracy of a
# network from its choices, and says how unsure it is. An **acquisition function** makes one number
# of both: how promising a trial would be. KerasTuner's surrogate is a **Gaussian process**, a
# smooth curve through what was measured, unsure where nothing was. Its acquisition is the
# prediction plus 2.6 times the uncertainty.
#
# A small example: a single choice runs from 0 to 1. Four trials were made, at 0.05, 0.35, 0.65 and
# 0.95, with the accuracies 0.838, 0.865, 0.765 and 0.762.
#
# **Predict.** Where between 0 and 1 will the fifth trial be? Write a number.

# %% tags=["prediction"]
guess = ...  # a number between 0 and 1

# %% tags=["prediction-result"]
grid = np.linspace(0, 1, 201)
truth = 0.8 + 0.06 * np.sin(5 * grid) + 0.03 * np.cos(14 * grid)  # which the search does not know


def surrogate(tried, times_unsure=2.6):
    """The prediction and the acquisition along the grid, after trials at these places of it."""
    model = GaussianProcessRegressor(RBF(0.15), optimizer=None, normalize_y=True)
    model.fit(grid[tried, None], truth[tried])  # a column: one row a trial
    mean, unsure = model.predict(grid[:, None], return_std=True)
    return mean, mean + times_unsure * unsure


first_trials = [10, 70, 130, 190]
compare("05.b", guess, grid[surrogate(first_trials)[1].argmax()], digits=2)

# %% [markdown]
# The acquisition is high where the prediction is high, and where nobody has looked. So one number
# balances **exploitation** (go where it is good) and **exploration** (go where it is unknown).
#
# Two facts about KerasTuner's version matter for the race. Its first trials are random, three for
# each hyperparameter, since a surrogate needs data; the nine hyperparameters of our space make that
# 27. And each later proposal takes nearly a second, where that of another strategy takes a
# thousandth. So 20 of its searches were recorded beforehand, and are replayed. The race judges this
# version of the idea, not the idea: with another surrogate it can look different.
#
# **Change this.** Step on: with one step the fifth trial has been made, and the prediction has learned
# from it. After how many steps is the highest point of the truth found? And without curiosity, with the
# uncertainty counted 0 times? (If it is found all the same, even sooner, that is luck with this curve:
# nothing would tell the search of a higher hill elsewhere.)

# %% tags=["change-this"]
steps, times_unsure = 0, 2.6  # change this
tried = list(first_trials)
for _ in range(steps):
    tried.append(surrogate(tried, times_unsure)[1].argmax())
mean, promising = surrogate(tried, times_unsure)
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
ax.plot(grid, mean, label="prediction")
ax.plot(grid, promising, label="acquisition")
ax.plot(grid, truth, "--", color=plotting.GRAY, label="truth")
ax.plot(grid[tried], truth[tried], "o", color=plotting.BLUE, label="tried")
ax.axvline(grid[promising.argmax()], color=plotting.ORANGE, linestyle=":", label="next trial")
ax.set(xlabel="the choice", ylabel="validation accuracy")
ax.legend(frameon=False, ncols=2, loc="upper right")
plotting.show(ax, caption="The acquisition decides the next trial.", source="a made-up curve")

# %% [markdown]
# ## One search proves nothing
#
# `simulate` lets oracles walk the table. Each search also draws, for each network, which of its
# trainings it sees, so it chooses by a real, noisy validation accuracy. It is judged by the test
# accuracy of the chosen network's *other* trainings.
#
# **Predict.** Random search against evolution, 30 trials each, with six seeds. In how many of the
# six does evolution end better? Write a whole number.

# %% tags=["prediction"]
guess = ...  # a whole number from 0 to 6


# %% tags=["prediction-result"]
def duel(seeds):
    """Who ends better after 30 trials, for each seed."""
    searches = simulate(["random", "evolution"], budget=30, seeds=seeds)
    ends = searches.groupby(["seed", "strategy"])["test_accuracy"].last().unstack()
    return ends.assign(winner=ends.idxmax(axis=1)).round(3)


six = duel(range(6))
print(six)
compare("05.c", guess, int((six["winner"] == "evolution").sum()), unit="of 6")

# %% [markdown]
# Each row is what a report with one seed would say. With another seed it may say the opposite. Whoever
# wins most of six may still be the weaker one, and an even count does not show that both are equally
# good. Keep the count in mind, until you see a hundred searches of each.
#
# **Change this.** Let six other seeds decide, and six more. How far does the count of wins swing?

# %% tags=["change-this"]
first_seed = 6  # change this
duel(range(first_seed, first_seed + 6))

# %% [markdown]
# ## The race
#
# Now 100 searches for each strategy, and the 20 recorded Bayesian ones. Each may pay for 100
# trainings of 12 epochs. With training, that would take a processor many hours. **Here it takes about
# 15 seconds.**
#
# Greedy search begins not at random but near the default values of the space, a network better than 86
# percent of all.
#
# A search's **regret** is the distance from its incumbent to the best network of the table, in test
# accuracy. (Where is zero? The best one is the highest of many noisy means, so it is a little too
# high, by what the first line below says. All regrets are too large by as much, for all strategies
# alike.)
#
# **Predict.** Who has the lowest mean regret after 10, after 30 and after 100 trainings? Think of how
# each begins. Write a list of three names: `"random"`, `"evolution"`, `"local"`, `"greedy"`,
# `"hyperband"` or `"bayesian"`.

# %% tags=["prediction"]
guess = ...  # a list of three names: after 10, 30 and 100 trainings

# %% tags=["prediction-result"]
print(f"zero is too high by about {100 * benchmark.optimism_of_the_best(bench):.1f} points")
live = ["random", "evolution", "local", "greedy", "hyperband"]
races = pd.concat(
    [
        simulate(live, budget=100, seeds=range(100)),
        simulate("bayesian", budget=100, seeds=range(20)),
    ]
)
standing = 100 * benchmark.within_budget(races, range(12, 1201, 12))  # 12 epochs: a training
means = standing.set_axis(range(1, 101), axis=1).groupby("strategy", sort=False).mean()
print(means[[10, 30, 100]].round(2))
best = means[[10, 30, 100]].idxmin().add_prefix("after ")
compare("05.d", guess, best.to_dict(), options=list(means.index))

# %% tags=["prediction-result"]
gap = (means.loc["random"] - means.drop("random")).T.rename_axis("trainings paid for")
ax = plotting.plot_lines(gap.iloc[4:], value="points of regret less than random search")
for line in ax.lines:
    line.set_marker("")
ax.axhline(0, color=plotting.GRAY, linewidth=1)
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
caption = "A line above zero is ahead of random search, at this budget."
source = "MNIST-NAS-Bench, means of 100 simulated searches each, of 20 recorded Bayesian ones"
plotting.show(ax, caption=caption, source=source)

# %% [markdown]
# Who leads depends on the budget, so "which strategy is the best?" has no answer without "after how many
# trainings?". (Whether the first is truly ahead of the second, these means do not say: compare the two
# with `benchmark.difference`, as below.) Evolution is random search until its population is full, after
# 20 trials, and Bayesian optimization for its first 27: up to there their lines differ from zero by luck
# only. Local search is behind at first, as it looks around a single random network. Greedy search is
# ahead at once, as it begins with a good one.
#
# Two cautions belong to such pictures. Hyperband's incumbent is judged after a full training that it
# may not have paid for. And a search that stopped early stays where it ended. (All but Hyperband pay
# for 12 epochs a network. Unit 04 has shown that fewer would do, for random search at least.)
#
# A mean hides how much the searches differ. The **band** holds the middle half of them, and the line
# in it is the **median**: half of the searches are above, half below. (It may rise: the new incumbent
# is then better in validation and worse in the test.)
#
# **Change this.** Draw each strategy against random search. Whose band leaves that of random search,
# and when? And with `"seconds"`, where a strategy that likes large networks gets fewer trials? (They
# leave out the strategy's own thinking, for the Bayesian one nearly a second a trial.)

# %% tags=["change-this"]
strategy, by = "evolution", "epochs"  # change this
budget = {"epochs": np.arange(60, 1201, 12), "seconds": np.arange(10, 201, 2)}[by]
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
for name in ("random", strategy):
    searches = benchmark.within_budget(races[races["strategy"] == name], budget, by=by)
    low, median, high = 100 * np.percentile(searches, [25, 50, 75], axis=0)
    ax.fill_between(budget, low, high, step="post", alpha=0.2, linewidth=0)
    ax.step(budget, median, where="post", linewidth=2, label=name)
ax.set(xlabel=by, ylabel="regret, in points")
ax.legend(frameon=False)
caption = "Where the bands overlap, many a search of the weaker strategy beats one of the better."
plotting.show(ax, caption=caption, source="MNIST-NAS-Bench, simulated searches")

# %% [markdown]
# ### How probable is a win?
#
# The most useful number is the plainest. Take one search of A and one of B at random: how probable
# is it that A ended better? Ties count half, so 0.5 means that neither is better. This is an
# **effect size** (Vargha & Delaney 2000): it says how large a difference is.
#
# How sure is it? The **bootstrap** (Efron 1979) draws 100 searches from our 100, with replacement: the
# same one may come twice, and another not at all. It does so again and again, and computes the number
# each time. The middle 95 percent of these numbers are the **interval**. It says what other searches of
# this table would bring, not what another table would. And we look at 15 comparisons, of which one may
# well mislead. **Holm's correction** (1979) makes the p-values, which say how easily luck alone does as
# much, larger to allow for that.
#
# **Predict.** How probably does a search with evolution end better than a random search, after 30 and
# after 100 trainings? Write a list of two numbers.

# %% tags=["prediction"]
guess = ...  # a list of two probabilities: after 30 and 100 trainings

# %% tags=["prediction-result"]
tests = benchmark.within_budget(races, [120, 360, 1200], value="test_accuracy")
tests.columns = [10, 30, 100]  # trainings
rows = {}
for strategy in means.index.drop("random"):
    for spent in tests:
        a, b = tests[spent][strategy], tests[spent]["random"]
        row = benchmark.superiority(a, b)._asdict()
        rows[strategy, spent] = {**row, "p": stats.mannwhitneyu(a, b).pvalue}
wins = pd.DataFrame(rows).T.rename_axis(["strategy", "trainings"])
wins["p, corrected"] = benchmark.holm(wins.pop("p"))
print(wins.round({"probability": 2, "low": 2, "high": 2, "p, corrected": 3}))
evolution = wins["probability"]["evolution"]
compare("05.e", guess, {"after 30": evolution[30], "after 100": evolution[100]}, digits=2)

# %% [markdown]
# How to read it:
#
# - An interval that contains 0.5, or a corrected p-value above 0.05, is not enough evidence to claim a
#   difference. (0.000 stands for less than half a thousandth.) (An interval may leave out 0.5 where the
#   corrected p-value stays above 0.05: who looks 15 times finds something in luck.) It is no evidence of
#   equality either: with the 20 Bayesian searches, whose intervals are the widest, we would overlook a
#   small difference.
# - A probability of 0.7 means that random search still wins three times in ten. A strategy can be
#   better beyond doubt, and your one search with it still lose.
# - All rows share the same random searches. If these were lucky, all strategies look worse than they
#   are. And two rows cannot be compared with each other by their intervals: that takes the two
#   strategies' own searches, as below.
#
# Again it depends on the budget. Greedy search is still ahead after 100 trainings, but less probably than
# after 30; evolution's lead shows only after 100. And the six seeds from above? Compare their count with
# what a hundred searches of each say after 30 trainings.
#
# ## You against them
#
# Ten trials are few enough to play by hand. Pick a network, hear the validation accuracy of one
# training, as a strategy does, and let it guide your next pick. When the ten are spent, your best pick
# is judged by its test accuracy, among 100 searches each of random search, evolution and greedy search.
# Each curve shows how the searches of one strategy ended; further to the right is better. Where widgets
# do not work, you see the others without you. (Your game is one search with one seed, so it proves no
# more than theirs; and you knew the space from tables and plots, which no strategy has seen.)
#
# **Change this.** Guess first: how many of the random searches will you beat? Then play. How much
# better do you and the others get with a budget of 20?

# %% tags=["change-this"]
explorers.beat_the_search(bench, budget=10)  # change this

# %% [markdown]
# ## Greedy stops by itself
#
# Greedy search copies the best trial and redraws a few values, mostly a single one. A network has 13
# neighbors or more. When all have been tried, nearly every draw is an old one, and after too many of
# these collisions AutoKeras gives up, without a word.
#
# **Predict.** After how many of its 100 trials does the median greedy search stop? Write a number.

# %% tags=["prediction"]
guess = ...  # a number of trials

# %% tags=["prediction-result"]
greedy = races[races["strategy"] == "greedy"]
lengths = greedy.groupby("seed")["trial"].max()
compare("05.f", guess, lengths.median(), unit="trials")
by_trial = races.set_index(["strategy", "seed", "trial"])["test_accuracy"]
stopped = by_trial["random"].loc[list(lengths.items())]  # each as early as its greedy partner
for name, rival in {"100 trials": tests[100]["random"], "as few": stopped}.items():
    found = benchmark.superiority(tests[100]["greedy"], rival)
    print(f"against {name}: {found.probability:.2f} ({found.low:.2f} to {found.high:.2f})")

# %% [markdown]
# It leaves most of its budget unspent. Local search meets the same wall, and starts again somewhere
# else. What is an **equal budget** then? Against random searches of 100 trials, greedy is judged by
# what it found in a part of them. That is fair to a person who can pay for 100, and unfair to the
# idea of greedy search. Against random searches that stop as early, it does better. Both numbers are
# true, and a report must say which budget it means.
#
# The start needs a word, too. AutoKeras's oracle does not begin at random: it redraws a few of the
# *default* values of the space. Our defaults make a decent network: random search needs about 5 draws to
# find a better one in half of its tries. That is a **head start**; in unit 06 it will be a larger one. We
# can take it away, with a random first network for each search, and compare the two ways directly.
# **This takes about 3 seconds.**
#
# **Change this.** How long does the head start last? Compare after 10, 30 and 100 trainings. An
# interval with 0.5 in it leaves the question open.

# %% tags=["change-this"]
trainings = 5  # change this


def greedy_from_anywhere(seed, **options):
    first = networks[np.random.default_rng(seed).integers(len(networks))]
    return make_oracle("greedy", seed=seed, first=first, **options)


makers = {"from anywhere": greedy_from_anywhere, "as it is": partial(make_oracle, "greedy")}
pair = simulate(makers, budget=trainings, seeds=range(100))
ends = pair.groupby(["strategy", "seed"])["test_accuracy"].last()
found = benchmark.superiority(ends["as it is"], ends["from anywhere"])
print(f"with the head start: {found.probability:.2f} ({found.low:.2f} to {found.high:.2f})")

# %% [markdown]
# ## Does aging matter here?
#
# Real et al. had a population of 100 and samples of 25, for 20,000 trials. For 100 trials we took 20 and
# 5 instead. And what if the *worst* network leaves instead of the oldest? Since the oracle drops the
# network on the left, it is enough to sort before the child joins. We let this variant make 100
# searches, and compare them with the 100 of the race by the **difference** of their mean test accuracies
# and its own interval. (Two intervals that overlap say little.) **It takes about 4 seconds.**
#
# **Predict.** Is evolution with aging better or worse than without, or can 100 searches of each not
# tell? Write a list of two words, after 30 and after 100 trainings: `"better"`, `"worse"` or
# `"cannot tell"`.


# %%
class TheWorstLeaves(RegularizedEvolutionOracle):
    """Evolution without aging."""

    def score_trial(self, trial):
        self.population = deque(sorted(self.population, key=lambda id: self.trials[id].score))
        super().score_trial(trial)  # adds the trial, and drops the one on the left


# %% tags=["prediction"]
guess = ...  # a list of two words: after 30 and 100 trainings


# %% tags=["prediction-result"]
def verdict(a, b):
    """Print by how many points A's searches end better than B's, and return a word for it."""
    found = benchmark.difference(100 * a, 100 * b)
    word = "better" if found.low > 0 else "worse" if found.high < 0 else "cannot tell"
    print(f"{found.difference:+.2f} points ({found.low:+.2f} to {found.high:+.2f}), {word}")
    return word


unaged = simulate({"the worst leaves": TheWorstLeaves}, budget=100, seeds=range(100))
unaged = benchmark.within_budget(unaged, [360, 1200], value="test_accuracy")
verdicts = {}
for spent in (30, 100):
    print(f"after {spent} trainings, with aging: ", end="")
    verdicts[f"after {spent}"] = verdict(tests[spent]["evolution"], unaged[12 * spent])
compare("05.g", guess, verdicts, options=["better", "worse", "cannot tell"])

# %% [markdown]
# Perhaps a lucky network needs more than 100 trials to do harm. Besides, the paper
# trains a network again when it comes up again, and so finds out the lucky ones. Ours never does. Where
# the interval holds zero, we have not seen aging pay, and we have not shown that it is useless either.
#
# **Change this.** Is there a better setting than P = 20 and S = 5? (With a sample of one the rows above end
# below random search: mutations alone drift to networks with one block, in the long run 25 percent of
# all instead of 8, and these are worse. A sample may be larger than the population, as a member can be
# drawn twice.) **Each setting takes about 4 seconds.** And take care:
# of twenty settings one is always the best. To report it as "our method" is the winner's curse again,
# with strategies in the place of networks. An honest report chooses a setting, and races it anew with
# other seeds. As it stands, both are the same setting with other draws: what you see is luck. Your
# setting must do better than that.

# %% tags=["change-this"]
setting = {"population_size": 20, "sample_size": 5}  # change this
makers = {
    "yours": partial(RegularizedEvolutionOracle, **setting),
    "ours": RegularizedEvolutionOracle,
}
fresh = simulate(makers, budget=100, seeds=range(100, 150))
fresh = benchmark.within_budget(fresh, [360, 1200], value="test_accuracy")
for spent in fresh:
    print(f"after {spent // 12} trainings: ", end="")
    verdict(fresh.loc["yours", spent], fresh.loc["ours", spent])

# %% [markdown]
# ## What a small space can tell
#
# What can stop a local search? A **local optimum**, a network that none of its neighbors beats in
# validation. There it has to start again somewhere else. We count them four times: with few and with
# many validation images, by one training of each network and by the mean of all.
#
# **Predict.** Of the 1,248 networks, how many are local optima by one training each and 1,000
# images, on average, and how many by the means and 5,000 images? Write a list of two numbers.

# %% tags=["prediction"]
guess = ...  # a list of two numbers of networks: measured badly, measured well


# %% tags=["prediction-result"]
def count_optima(images):
    """Local optima by each seed's validation accuracies, and by their means."""
    table = benchmark.load_benchmark(validation_images=images)
    last = table.curves[table.curves["epoch"] == table.epochs]
    by_seed = last.pivot(index="network", columns="seed", values="val_accuracy")
    rankings = {f"seed {seed}": by_seed[seed] for seed in table.seeds}
    rankings["means"] = by_seed.mean(axis=1)
    return {name: len(benchmark.local_optima(table, ranks)) for name, ranks in rankings.items()}


optima = pd.DataFrame({"1,000 images": count_optima(1000), "5,000 images": count_optima(5000)})
print(optima)
badly = optima.drop("means")["1,000 images"].mean()
well = optima.loc["means", "5,000 images"]
compare("05.h", guess, {"measured badly": badly, "measured well": well}, digits=0)

# %% [markdown]
# Most of these traps are made of noise: where accuracies are measured better, fewer are left. White et
# al. (2021) found the same on larger tables, and that local search then climbs further. Noise hides
# things as well: a search may have tried a better network than the one that it chose. No better strategy
# helps against this. A better *estimation* can: train the last few candidates again, from other seeds,
# before you choose.
#
# So what may we take home from this race?
#
# - *What carries over*: how to compare. Many seeds, equal budget, intervals of differences, random
#   search in the picture. And the mechanics: who begins at random, who stops early, what noise hides.
# - *What may not*: the order. On tables of 15,625 and of 423,624 networks White et al. found local
#   search among the best; in the first version of their paper (2020) they also report that it fails
#   on the DARTS space, which has about 10^18 networks. Ours has about 10^3. Zela et al. (2022) warn
#   that what holds on such small tables may not hold in the large spaces that people search.
# - *What no race tells*: whether the space was worth searching. That was unit 03.
#
# How far does luck get in this space? If one network in n is good enough, some n random draws are
# likely to hit one, and nothing needs to be learned for that. Where n is far below the 100 trials of
# our searches, random search is enough; where it is far above, a strategy has to know something.
#
# **Change this.** At which margin does this space become hard for luck?

# %% tags=["change-this"]
margin = 1.0  # change this: percentage points below the best
truth_of_all = bench.truth()
good = int((truth_of_all > truth_of_all.max() - margin / 100).sum())
print(f"within {margin} points of the best: {good}, one in {len(bench) / good:.0f}")

# %% [markdown]
# ## Summary
#
# - A table of measured networks makes searches so cheap that strategies can be compared at all.
# - Regularized evolution: draw a sample, breed from its best, let the oldest go.
# - Bayesian optimization: a surrogate predicts, an acquisition balances good against unknown.
# - Evolution and Bayesian optimization begin as random search, local search from one network, greedy
#   from the defaults. Ask at which budget a strategy pays, and how it starts.
# - Report a median with a band, and the probability of a win with its interval. One seed each is an
#   anecdote. A difference has an interval of its own, and many comparisons need a correction.
# - Say what "equal budget" means: trials, epochs or seconds, and what becomes of a search that
#   stops.
# - Noise makes local optima, and hides good networks that were tried. Choose by validation, judge by
#   test.
# - Every order of strategies is one about this space, until another space confirms it.
#
# Next: [unit 06](06_autokeras_greedy.ipynb) opens up the greedy strategy, and trains with it.
#
# ## Exercises
#
# In [four exercises](../exercises/05_strategies.ipynb), 50 minutes, you compute a probability of
# superiority, write an oracle of your own and race it, draw a median in its band, and choose a
# sentence for a report.
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
# - Holm, S. (1979). *A Simple Sequentially Rejective Multiple Test Procedure*. Scandinavian Journal
#   of Statistics 6(2).
# - Zela, A., Siems, J., Zimmer, L., Lukasik, J., Keuper, M. & Hutter, F. (2022). *Surrogate NAS
#   Benchmarks: Going Beyond the Limited Search Spaces of Tabular NAS Benchmarks*.
#   [arXiv:2008.09777](https://arxiv.org/abs/2008.09777). It is also called NAS-Bench-301.
# - Lindauer, M. & Hutter, F. (2020). *Best Practices for Scientific Research on Neural Architecture
#   Search*. [JMLR 21:243](https://jmlr.org/papers/v21/20-056.html)
