# %% [markdown]
# # Unit 13: Can a network be judged before it is trained?
#
# - **Objectives**: predict accuracies of networks from a few trainings; judge a predictor by the ranks
#   of networks that it has not seen; extrapolate learning curves; let a surrogate propose what to
#   train next, and compare that search fairly; say what a search gains when nobody waits.
# - **Prerequisites**: [unit 04](04_estimation.ipynb) for rank correlation, proxies and successive
#   halving, [unit 05](05_strategies.ipynb) for Bayesian optimization and the probability of a win
# - **Time**: 60 min: a predictor 20 min, learning curves 10 min, a surrogate that proposes 15 min,
#   nobody waits 10 min, what noise leaves 5 min
# - **Cost**: 55 s of one CPU core and 750 MiB of memory; no GPU, no network
#
# In [unit 04](04_estimation.ipynb) we made trainings cheaper: fewer epochs, fewer images, a score
# without any training. Each judged one network at a time, and forgot it. But networks are alike. Who
# has seen that fifty networks with wide windows are good could guess that the next one is. A
# **predictor** does just that: a regression that learns accuracies from networks that were trained,
# and predicts those of the others. How many trainings does it need?

# %%
from nascourse import benchmark, plotting, trials
from nascourse.checks import compare
from nascourse.methods import predictors
from nascourse.strategies import SurrogateOracle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import RidgeCV

bench = benchmark.load_benchmark()

# %% [markdown]
# ## What do fifty trainings say?
#
# A regression wants numbers. The choices of a network are names and small sets of values, so each
# value gets a column of its own, with 1 where the network has it: **one-hot** columns. Two more
# columns cost nothing to know: the logarithms of the parameters and of the FLOPs. These are the
# **features** of a network.

# %%
features = predictors.features(bench.networks)
print(f"{features.shape[0]:,} networks, {features.shape[1]} features")
features.iloc[[0, 600, 1200], [0, 1, 2, 3, 4, -2, -1]].round(2)

# %% [markdown]
# Now train fifty networks, drawn at random, and let a regression learn. (Here the trainings are looked
# up.) **ExtraTrees** is a forest of decision trees: each tree cuts the features at random places, and
# the mean of all trees is the prediction. scikit-learn has many others with the same `fit` and
# `predict`.

# %%
rng = np.random.default_rng(0)
trained = rng.choice(len(bench), 50, replace=False)
accuracies = [bench.query(int(network), seed=0).val_accuracy for network in trained]

forest = ExtraTreesRegressor(200, random_state=0)
forest.fit(features.to_numpy()[trained], accuracies)
others = np.setdiff1d(np.arange(len(bench)), trained)
predicted = forest.predict(features.to_numpy()[others])
truth = bench.truth().to_numpy()[others]

# %%
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
ax.plot(truth, predicted, ".", alpha=0.4, label="networks that it has not seen")
ax.axline((0.9, 0.9), slope=1, color=plotting.GRAY, linestyle=":", label="predicted exactly")
ax.set(xlabel="test accuracy", ylabel="predicted accuracy", xlim=(0.3, 1), ylim=(0.3, 1))
ax.legend(frameon=False)
plotting.show(ax, source="MNIST-NAS-Bench; fifty trainings looked up, seed 0")

# %% [markdown]
# Not bad, for networks that nobody has trained. A search does not need the accuracy itself, only the
# order. So a predictor is judged as in unit 04: by Kendall's rank correlation **tau-b** with the truth,
# of networks that it has not seen. One draw of fifty is luck; here are thirty draws. (The table shows
# the median, and between which values eight of ten draws lie. That is no interval of the median.)
#
# **Predict.** What is the median tau-b of this forest with 20, with 50 and with 100 trainings? Counting
# parameters, which costs nothing, is the bar. Write three numbers.

# %% tags=["prediction"]
guess = ...  # a list of three numbers

# %% tags=["prediction-result"]
forests = predictors.rank_correlations(
    bench, ExtraTreesRegressor(100, random_state=0), features, draws=30
)


def quantiles(table):
    """The median and the range of eight of ten draws, by the number of trainings."""
    by_trainings = table.groupby("trainings")["predictor"]
    return by_trainings.quantile([0.1, 0.5, 0.9]).unstack().round(2)


print(quantiles(forests).to_string())
print(f"counting parameters: {forests['parameters'].median():.2f}")
medians = forests.groupby("trainings")["predictor"].median()
compare("13.a", guess, {f"{n} trainings": tau for n, tau in medians.items()}, digits=2)

# %% [markdown]
# Counting parameters is a strong rival: with 20 trainings the forest ranks worse, with 50 better. More
# trainings help less and less.
#
# A regression that fits the task does more. Two ideas help here. Learn the *logarithm of the error*, so
# that the step from 98 to 99 percent counts as much as that from 80 to 90. And take a model that is
# smooth: **ridge regression**, a weighted sum of the features whose weights are kept small, or the
# **Gaussian process** of unit 05. (White et al. 2021 compared 31 predictors, and found that families of
# them combined predict better. With 13 zero-cost proxies among its features, a surrogate of Krishnakumar
# et al. 2022 predicted up to 42 percent better.)
#
# **Change this.** Try `ridge`, `process` or `forest`, and add `"synflow"` or `"grad_norm"` to the
# features. Does anything bring more with 20 trainings than `ridge` alone? (`"naswot"` is a logarithm
# already, and does not fit here.)

# %% tags=["change-this"]
ridge = RidgeCV(np.logspace(-3, 3, 13))
kernel = RBF(3, (0.5, 50)) + WhiteKernel(0.1, (0.001, 1))
process = GaussianProcessRegressor(kernel, normalize_y=True)
regressor = predictors.on_log_error(ridge)  # change this
seen = predictors.features(bench.networks, logarithms=["n_params", "flops"])  # change this
quantiles(predictors.rank_correlations(bench, regressor, seen, draws=20))

# %% [markdown]
# You have now looked at several regressors on the same draws, and the best of many looks better than it
# is. Whoever chooses a predictor like this chooses it on other networks than those it is reported for.
#
# And what does it cost? Fifty trainings of twelve epochs. A supernet of [unit
# 08](08_weight_sharing.ipynb) judges all networks for one long training. Recorded, five of them: tau-b
# as below, and the price in trainings. Ridge regression is among them with 20 trainings already, and as
# good as the best of them with 50; and the networks that it learned from are trained besides.

# %%
supernets = trials.recorded("oneshot").set_index("network")[
    [f"seed {seed}" for seed in range(1, 6)]
]
taus = [stats.kendalltau(judge, bench.truth()).statistic for _, judge in supernets.items()]
print("supernets:", np.round(sorted(taus), 2))
costs = trials.recorded("oneshot_supernets").set_index("supernet").loc[[*supernets]]
seconds = costs[["train_seconds", "judge_seconds"]].sum(axis=1).median()
training = bench.epochs * bench.at(bench.epochs, value="seconds").mean()
print(f"each costs as much as {seconds / training:.0f} trainings")

# %% [markdown]
# ## From the beginning of a curve
#
# A predictor may also look at the network itself, for an epoch or three. **Learning-curve
# extrapolation** predicts the end of a training from its beginning (Domhan et al. 2015; Yan et al.
# 2021). Here all networks are trained for a few epochs, and fifty to the end; the regression sees
# the features and the first accuracies.
#
# **Predict.** After three epochs, simply ranking by the last accuracy has some tau-b. What is it, and
# what does the regression make of it with 50 whole trainings? Write two numbers.

# %% tags=["prediction"]
guess = ...  # a list of two numbers

# %% tags=["prediction-result"]
logged_ridge = predictors.on_log_error(ridge)
curves = {
    epochs: predictors.rank_correlations(
        bench, logged_ridge, features, curve=epochs, trainings=[50], draws=30
    )
    for epochs in (0, 1, 3, 6)
}
medians = pd.DataFrame({n: table.median() for n, table in curves.items()}).T
without_curve = curves[0]["predictor"]  # of the same draws
medians["added"] = [(table["predictor"] - without_curve).median() for table in curves.values()]
medians.index.name = "epochs seen"
print(medians[["last_epoch", "predictor", "added", "parameters"]].round(2).to_string())
after_three = medians.loc[3, ["last_epoch", "predictor"]].to_dict()
compare("13.b", guess, after_three, digits=2)

# %% [markdown]
# Compare the rows with the first one, in which the regression sees no curve at all. All rows have the
# same draws of fifty, so we may subtract draw by draw: `added` is the median of what the epochs add, and
# 0.02 at most. And mind the bill: three epochs of all 1,248 networks and fifty whole trainings are 4,194
# epochs, as many as 350 whole trainings.
#
# **Change this.** Spend 4,194 epochs in another way: fewer epochs of each network and more whole
# trainings. 1 and 268 cost that much, and so do 0 and 350. Which is the better bargain?

# %% tags=["change-this"]
epochs_seen, whole_trainings = 0, 350  # change this
extrapolated = predictors.rank_correlations(
    bench, logged_ridge, features, curve=epochs_seen, trainings=[whole_trainings], draws=20
)
cost = epochs_seen * len(bench) + whole_trainings * (bench.epochs - epochs_seen)
print(f"{cost:,} epochs: tau-b {extrapolated['predictor'].median():.2f}")

# %% [markdown]
# At the same cost whole trainings of some networks do about as well as the beginnings of all: here it does
# not pay to look at every beginning. It pays where beginnings are a by-product, as in successive halving.
#
# ## A surrogate that proposes
#
# A search can ask the predictor which network to train next, train it, let the predictor learn, and ask
# again. Then the predictor is called a **surrogate**, and the search is Bayesian optimization, as in
# [unit 05](05_strategies.ipynb). BANANAS (White, Neiswanger & Savani 2021) took the method apart for
# architectures: how to encode a network, a regression that also says how *unsure* it is (an ensemble of
# neural networks), and candidates that are mutations of the best networks so far.
#
# `SurrogateOracle` of this course has one-hot features and a Gaussian process instead. After twenty random
# networks it ranks thirty candidates, half of them mutations and half random, by the **upper confidence
# bound**, the prediction plus its standard deviation: what is promising or little known comes first. It is
# a strategy like the others: `run_search(..., strategy="surrogate")` trains with it, and `simulate` lets it
# search the table. **The race takes about 20 seconds.**
#
# **Predict.** How probably does a search with the surrogate end better than one of evolution: after 50
# trials, and after 100? Write two probabilities.

# %% tags=["prediction"]
guess = ...  # a list of two probabilities

# %% tags=["prediction-result"]
rivals = {name: 100 for name in ("random", "evolution", "local", "greedy", "surrogate")}
rivals["bayesian"] = 20
races = pd.concat(
    benchmark.simulate(strategy, seeds=range(n), benchmark=bench) for strategy, n in rivals.items()
)
after = benchmark.within_budget(races, [360, 600, 1200], value="test_accuracy")  # epochs
after.columns = [30, 50, 100]  # trials of twelve epochs; greedy search stops early
wins = {
    (n, rival): benchmark.superiority(after[n]["surrogate"], after[n][rival])
    for n in after
    for rival in rivals
    if rival != "surrogate"
}
print(pd.DataFrame(wins, index=["surrogate wins", "from", "to"]).T.round(2).to_string())
lead = {f"after {n}": wins[n, "evolution"].probability for n in (50, 100)}
compare("13.c", guess, lead, digits=2)

# %% [markdown]
# The table compares at three budgets with five rivals: fifteen looks, so an interval that just leaves
# out one half proves little. (Each probability is that of a single search against a single search. The
# test accuracies leave out the very training that a search saw. "bayesian" is KerasTuner's own Gaussian
# process of [unit 05](05_strategies.ipynb), twenty recorded searches: it gets each choice as one number,
# the place of the value among the others, and begins with 27 random networks.)
#
# Random search is beaten at every budget. Over evolution the surrogate leads while trainings are few;
# with the budget that lead goes. Over greedy search a lead is seen only after 100 trials, and greedy
# search, which stops early, has then spent less. And **local search**, which only climbs, keeps up: where
# an interval holds one half, nothing is decided between the two. So compare a clever method with the
# plainest one that learns, too.
#
# Would many more trainings bring a lead back? We can ask the table. Imagine a search that has trained
# *all* networks once, and takes the one with the best validation accuracy, as all our searches do.

# %%
everything = []
for seed in range(100):
    runs = bench.draw_runs(np.random.default_rng(seed))
    luckiest = int(bench.runs["val_accuracy"][runs, -1].argmax())
    everything.append(bench.truth(without=runs).iloc[luckiest])
print("all networks trained once, against evolution with 100 trials:")
benchmark.superiority(everything, after[100]["evolution"])

# %% [markdown]
# No difference to evolution is shown. More training alone need not help, as the noise of one
# training chooses: the **winner's curse** of [unit 04](04_estimation.ipynb). (The imagined searches
# draw from three trainings of each network, so they hand over only a few different ones, and the interval
# is about this table alone.) It is no bound: a search that tries only good networks can end better. So a
# clever proposal pays while trainings are few; after that a better *estimation* of the last candidates
# might pay more.
#
# **Change this.** Give the surrogate a head start of fewer or more random networks, or more candidates
# to choose among. (Five searches take about 2 seconds. With so few, do not believe small differences. A
# regret may rise with the trials: a luckier training of a worse network has taken over.)

# %% tags=["change-this"]
settings = {"n_initial": 10, "n_candidates": 60}  # change this


def changed(**options):
    return SurrogateOracle(**settings, **options)


tried = benchmark.simulate({"changed": changed}, seeds=range(5), benchmark=bench)
default = races[(races["strategy"] == "surrogate") & (races["seed"] < 5)]
regrets = {
    name: t.groupby("trial")["regret"].mean()
    for name, t in (("default", default), ("yours", tried))
}
(100 * pd.DataFrame(regrets).loc[[30, 50, 100]]).round(2)  # points

# %% [markdown]
# ## Nobody waits
#
# Successive halving ([unit 04](04_estimation.ipynb)) trains many networks for one epoch, promotes the
# best third, and so on. With sixteen workers that wastes time: when most networks of a **rung** are
# done, their workers wait for the slowest. **ASHA** (Li et al. 2020) promotes a network as soon as it
# is among the best third of those that its rung has seen *so far*. If nobody can be promoted, the free
# worker begins with a new network. Nobody ever waits, and some promotions are mistakes.
#
# `simulate_workers` plays this with the seconds of the table. Its rivals are **Hyperband** (Li et al.
# 2018), whose first bracket begins with 27 or with 81 networks, and which waits. (Ours finishes a bracket
# before it begins the next. Parallel versions give free workers the next bracket, and lose less.) All have
# the same workers, the same clock and the same trainings to draw from.

# %%
work = 1200 * bench.at(12, value="seconds").mean()  # as much as 100 whole trainings


def with_workers(strategy, workers, size=27):
    """Epochs trained and regret of 50 searches with the same seconds of all workers together."""
    options = {"workers": workers, "seconds": work / workers, "size": size, "seeds": range(50)}
    searches = benchmark.simulate_workers(strategy, benchmark=bench, **options).groupby("seed")
    return searches[["epochs", "regret"]].last()


# %% [markdown]
# **Predict.** 16 workers have as much time, all together, as 100 whole trainings take. For each 100 epochs
# that ASHA trains, how many does Hyperband with 27 networks train? And how probably does ASHA end better?
# Write two numbers.

# %% tags=["prediction"]
guess = ...  # a list: epochs, probability

# %% tags=["prediction-result"]
rivals = {
    "ASHA": ("asha", 27),
    "Hyperband, 27": ("hyperband", 27),
    "Hyperband, 81": ("hyperband", 81),
}
ends, rows = {}, {}
for workers in (1, 4, 16):
    for name, (strategy, size) in rivals.items():
        end = ends[workers, name] = with_workers(strategy, workers, size)
        win = benchmark.superiority(-ends[workers, "ASHA"]["regret"], -end["regret"])
        rows[workers, name] = [end["epochs"].mean(), 100 * end["regret"].mean(), *win]
columns = ["epochs", "regret, points", "ASHA ends better", "from", "to"]
table = pd.DataFrame(rows, columns).T.round(2)
print(table.to_string())
epochs = 100 * table.loc[(16, "Hyperband, 27"), "epochs"] / table.loc[(16, "ASHA"), "epochs"]
results = {"epochs": epochs, "ASHA ends better": table.loc[(16, "Hyperband, 27"), columns[2]]}
compare("13.d", guess, results, digits=2)

# %% [markdown]
# ASHA trains as many epochs however many workers there are. Hyperband trains fewer the more there are,
# since its last rungs have few networks, and the other workers wait for them; larger brackets wait less.
# (With one worker it is less than 1,200 as well: what is promoted is larger than the average, and takes
# longer.) With one worker nobody waits, and still the two need not be equal: ASHA is then one large
# bracket that never ends. So what waiting costs is how much Hyperband's *extra* regret grows from one
# worker to sixteen. By how many points?

# %%
for name in ("Hyperband, 27", "Hyperband, 81"):
    extra = {n: ends[n, name]["regret"] - ends[n, "ASHA"]["regret"] for n in (1, 16)}
    print(name, benchmark.difference(100 * extra[16], 100 * extra[1], paired=True))

# %% [markdown]
# With brackets of 27 waiting costs points: the interval is above 0. With 81 it holds 0, and nothing is
# decided.
#
# **Change this.** From how many workers on does Hyperband train fewer epochs than ASHA? And with 64
# workers, make the brackets larger: at which size does the interval hold 0? That is no proof of equality:
# how wide is it, and who is ahead with still larger brackets? The last line has the difference in points,
# with its interval and p-value.

# %% tags=["change-this"]
workers, size = 64, 27  # change this
asha, hyperband = with_workers("asha", workers), with_workers("hyperband", workers, size)
print(f"Hyperband trains {hyperband['epochs'].mean() / asha['epochs'].mean():.0%} of the epochs")
benchmark.difference(100 * asha["regret"], 100 * hyperband["regret"])

# %% [markdown]
# ## What noise leaves to see
#
# A training is the most that a search pays for a look at a network. How much does *one* training of each
# network tell of the truth? Here the truth is the mean test accuracy of its two other trainings.
#
# **Predict.** What is tau-b between one training of every network and the truth, over all networks, and
# among the 100 best? Write two numbers.

# %% tags=["prediction"]
guess = ...  # a list of two numbers


# %% tags=["prediction-result"]
def one_training(n_best, seed=0):
    """Tau-b of one training of each network with the truth, among the best ones."""
    runs = bench.draw_runs(np.random.default_rng(seed))
    seen, test = bench.runs["val_accuracy"][runs, -1], bench.runs["test_accuracy"][:, -1]
    truth = test[bench.shared_runs].sum(axis=1) - test[runs]  # of two others, for each network
    best = np.argsort(-truth)[:n_best]
    return stats.kendalltau(seen[best], truth[best]).statistic


looks = {"all": one_training(len(bench)), "the best 100": one_training(100)}
compare("13.e", guess, looks, digits=2)

# %% [markdown]
# This is no ceiling for predictors: a regression averages the noise of its trainings, and with some
# hundred of them it ranks networks that it has *not* seen about as well as a training of each would. But
# among the best networks all differences are small, and the noise of trainings hides them, also from the
# truth, which is here a mean of two trainings. [Unit 05](05_strategies.ipynb) showed what noise does to
# the landscape: measured with 1,000 images, most of its local optima are made of it.
#
# **Change this.** How does the correlation fall with the number of best networks that you look at?

# %% tags=["change-this"]
n_best = 300  # change this
print(f"among the best {n_best}:", np.round([one_training(n_best, seed) for seed in range(5)], 2))

# %% [markdown]
# ## Summary
#
# - A smooth regression on choices and costs ranks networks that nobody has trained, from some twenty
#   trainings on; a forest needs more to beat counting parameters.
# - It is judged by networks that it has not seen, over many draws, against counting parameters.
# - The first epochs of a curve add little to the choices, and cost as much as many whole trainings.
# - A surrogate proposes what is promising or unknown. Here it beats random search at each budget,
#   evolution while trainings are few, and nothing decides between it and plain local search.
# - ASHA keeps all workers busy. What that saves depends on the workers, and on the rival's brackets.
# - Noise hides the differences among the best, from trainings and from predictors.
#
# Next: is all of this good science? [Unit 14](14_good_science.ipynb) asks what it takes to be believed.
#
# ## Exercises
#
# In [four exercises](../exercises/13_predictors.ipynb) you compute what a predictor is worth and what a
# candidate promises, write ASHA's rule, and read a claim.
#
# ## Further reading
#
# - White, C., Zela, A., Ru, B., Liu, Y. & Hutter, F. (2021). *How Powerful are Performance Predictors in
#   Neural Architecture Search?* NeurIPS. [arXiv:2104.01177](https://arxiv.org/abs/2104.01177)
# - White, C., Neiswanger, W. & Savani, Y. (2021). *BANANAS: Bayesian Optimization with Neural
#   Architectures for Neural Architecture Search*. AAAI.
#   [arXiv:1910.11858](https://arxiv.org/abs/1910.11858)
# - Krishnakumar, A., White, C., Zela, A., Tu, R., Safari, M. & Hutter, F. (2022).
#   *NAS-Bench-Suite-Zero: Accelerating Research on Zero Cost Proxies*. NeurIPS.
#   [arXiv:2210.03230](https://arxiv.org/abs/2210.03230)
# - Yan, S., White, C., Savani, Y. & Hutter, F. (2021). *NAS-Bench-x11 and the Power of Learning Curves*.
#   NeurIPS. [arXiv:2111.03602](https://arxiv.org/abs/2111.03602)
# - Domhan, T., Springenberg, J. T. & Hutter, F. (2015). *Speeding up Automatic Hyperparameter
#   Optimization of Deep Neural Networks by Extrapolation of Learning Curves*. IJCAI.
# - Li, L., Jamieson, K., DeSalvo, G., Rostamizadeh, A. & Talwalkar, A. (2018). *Hyperband: A Novel
#   Bandit-Based Approach to Hyperparameter Optimization*.
#   [JMLR 18:185](https://jmlr.org/papers/v18/16-558.html)
# - Li, L. et al. (2020). *A System for Massively Parallel Hyperparameter Tuning*. MLSys.
#   [arXiv:1810.05934](https://arxiv.org/abs/1810.05934)
