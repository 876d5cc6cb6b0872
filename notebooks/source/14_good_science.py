# %% [markdown]
# # Unit 14: Is it good science, and what came after?
#
# - **Objectives**: judge a study of architecture search by a published checklist; compare searches
#   for two goals by attainment curves and hypervolume; tell what a change of the backend changes;
#   choose networks for several limits from one training; grow a trained network without changing
#   what it computes; read a claim about language models critically.
# - **Prerequisites**: [unit 05](05_strategies.ipynb) for the probability of a win,
#   [unit 07](07_tradeoffs.ipynb) for the Pareto front, [unit 08](08_weight_sharing.ipynb) for the
#   supernet
# - **Time**: 60 min: the checklist 10 min, two goals 15 min, another backend 5 min, devices 10 min,
#   growing 10 min, language models 5 min, the map 5 min
# - **Cost**: 25 s of one CPU core and 900 MiB of memory; no GPU, no network. What needs more
#   packages shows a recorded result.
#
# You can search now: with a strategy, under a limit, on one machine or many. Whoever reads of your
# result will ask two things. Is it true? And is it new? This unit gives you tools for the first
# question, and a map for the second: what became of the ideas of this course, up to today.

# %%
from nascourse import benchmark, data, plotting, spaces, trials
from nascourse.checks import compare

from importlib.util import find_spec
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML
from scipy.optimize import Bounds, LinearConstraint, milp
from sklearn.linear_model import Ridge

bench = benchmark.load_benchmark()
table = bench.final()

# %% [markdown]
# ## Is it good science?
#
# [Lindauer & Hutter (2020)](https://jmlr.org/papers/v21/20-056.html) wrote down what it takes to be
# believed: a **checklist** of fourteen practices, on code, comparisons and reports. A script,
# `nascourse/recordings/record_checklist.py`, fills it for the experiments of this course, from their
# recorded tables: seeds and rows are counted, not claimed.
#
# **Predict.** How many of the fourteen do we keep only in part? Write a whole number.

# %% tags=["prediction"]
guess = ...  # a whole number of practices


# %% tags=["prediction-result"]
def links(files: str) -> str:
    return "<br>".join(f'<a href="../{file}">{Path(file).name}</a>' for file in files.split())


checklist = trials.recorded("checklist")
checklist.index += 1
compare("14.a", guess, int((checklist["answer"] == "in part").sum()), unit="practices")
HTML(checklist.to_html(escape=False, justify="left", formatters={"files": links}))

# %% [markdown]
# "In part" is the honest answer more often than we would like. Our recordings of a single seed are
# there to be replayed, and prove nothing; and of some experiments the cost is not on record. Most of
# what the list asks cannot be added later, so fill it *before* you start.
#
# **Change this.** Take a study of yours, such as your project of [unit 11](11_project.ipynb), or a
# paper that you have at hand. Answer for five practices that are often forgotten. What would you
# have to run again?

# %% tags=["change-this"]
answers = {4: "no", 7: "in part", 8: "no", 11: "no", 12: "in part"}  # change this
judged = checklist.loc[list(answers), ["part", "practice"]].assign(yours=answers)
HTML(judged[judged["yours"] != "yes"].to_html(justify="left"))

# %% [markdown]
# The list is about architecture search alone. The COSEAL network (Eimer et al. 2025) has collected
# the practices of the neighboring fields. Three of theirs that this course tries to live by: say
# before the experiment whether it **explores** or **confirms**; tune the baseline with the same
# budget as your method; publish code, data and settings. And one that it could do better:
# all of our experiments use one kind of images.
#
# ## Two goals at once, with another library
#
# [Unit 07](07_tradeoffs.ipynb) named NSGA-II (Deb et al. 2002), evolution for several goals, and
# left it there, as KerasTuner does not have it. **Optuna** (Akiba et al. 2019) does. It is a
# library for hyperparameters of any kind of code: it knows nothing of networks, it proposes values
# and hears numbers. What was `hp.Choice` is `trial.suggest_categorical`. A search is called a
# **study**, and a strategy a **sampler**. Here the study asks MNIST-NAS-Bench, and is told *two*
# numbers: one to make large, one to make small.


# %%
def propose(trial):
    network = {}
    for name, values in bench.choices.items():  # body/blocks comes first
        block = int(name[-1]) if "filters" in name else 0
        if block < network.get("body/blocks", 1):  # else there is no such block
            network[name] = trial.suggest_categorical(name, values)
    return network


def search_two_goals(sampler, seed, budget):
    luck = np.random.default_rng(seed).integers(len(bench.seeds), size=len(bench))
    rows = []

    def accuracy_and_size(trial):
        number = bench.query(propose(trial)).network
        heard = bench.query(number, seed=luck[number]).val_accuracy  # of one of its trainings
        rows.append((number, heard, bench.facts(number)["n_params"]))
        return rows[-1][1:]

    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    study.optimize(accuracy_and_size, n_trials=budget)
    return pd.DataFrame(rows, columns=["network", "val_accuracy", "n_params"])


# %% [markdown]
# NSGA-II begins with a population of random networks. A child takes each value from one of two
# parents, and now and then draws one anew. Of parents and children together the better ones stay:
# first those that none dominates, and so on, as unit 07 says. Optuna is not among the requirements
# of the course (`pip install -e ".[optuna]"` adds it). Where it is missing, a recording stands in.
#
# **Predict.** One search with a population of 20, for 200 trials. How many *different* networks does
# it train? Write a whole number.

# %% tags=["prediction"]
guess = ...  # a whole number of networks

# %% tags=["prediction-result"]
if find_spec("optuna"):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # else it reports every trial
    nsga_2 = optuna.samplers.NSGAIISampler(population_size=20, seed=0)
    searched = search_two_goals(nsga_2, seed=0, budget=200)
else:
    searched = trials.recorded("optuna_search")
compare("14.b", guess, searched["network"].nunique(), unit="networks")

# %% [markdown]
# The other trials were repeats. A child of two parents that are alike is likely to be one of them, and
# Optuna does not mind: here it hears the same number again. So keep a list of what was trained, and let
# your function look there first.
#
# One search is an anecdote. Here are thirty of NSGA-II and thirty of the course's random search, which
# never repeats itself: recorded, 200 trials each. Each search hands over a front, chosen by the
# accuracies that it saw. We judge it by test accuracy. (For most networks that is a mean of three
# trainings, of which the search has seen one: it flatters all searches a little.) How do you average
# thirty staircases? Ask at each size: which accuracy does a search **attain** with at most so many
# parameters? The median over the searches is the **attainment curve** (Grunert da Fonseca et al. 2001),
# and the quartiles are a band.
#
# **Change this.** "NSGA-II, 50" has Optuna's own population, and "random, repeats" is Optuna's random
# search, which may repeat itself. Show them. Which median is ahead at which sizes? How wide are the bands?

# %% tags=["change-this"]
shown = "NSGA-II, 20", "random"  # change this
fronts = trials.recorded("optuna_fronts").join(table[["n_params", "test_accuracy"]], on="network")
sizes = np.geomspace(200, table["n_params"].max(), 60)


def attainment(strategy):
    """Quartiles over the searches of the best accuracy up to each size; none so small is 0."""
    curves = {
        seed: [front["test_accuracy"][front["n_params"] <= size].max() for size in sizes]
        for seed, front in fronts[fronts["strategy"] == strategy].groupby("seed")
    }
    return pd.DataFrame(curves, sizes).fillna(0).quantile([0.25, 0.5, 0.75], axis=1).T


with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
colors = [plotting.BLUE, plotting.GRAY, plotting.ORANGE, plotting.GREEN]
for strategy, color in zip(shown, colors):
    low, median, high = attainment(strategy).to_numpy().T
    ax.step(sizes, median, where="post", color=color, label=strategy)
    ax.fill_between(sizes, low, high, step="post", color=color, alpha=0.2)
ax.set(xscale="log", ylim=(0.7, 1), xlabel="parameters at most", ylabel="test accuracy attained")
ax.legend(loc="lower right", frameon=False)
plotting.show(ax, source="thirty recorded searches each, judged by MNIST-NAS-Bench")

# %% [markdown]
# The bands overlap, which is the spread of single searches and no test. The picture shows *where* a
# search is better: among small networks or among large ones. One number cannot say that. But a test
# needs one. The **hypervolume** of unit 07 is the area between a front and a **reference point**, which
# must be stated. Ours is an accuracy of 80 percent at the size of the largest network; what is less
# accurate does not count. And an area needs axes: parameters as they are, or in powers of ten?
#
# **Predict.** `missed` is the share of the true front's area that a search did not get, with sizes in powers
# of ten. How probably does NSGA-II with a population of 20 miss less than the course's random search: after
# 200 trials each, and after 200 *different* networks each, so that repeats are free? Write two
# probabilities. (The table has Optuna's own population of 50 as well. That makes eight looks, so each
# interval is corrected for eight.)

# %% tags=["prediction"]
guess = ...  # a list of two probabilities

# %% tags=["prediction-result"]
areas, wins = trials.recorded("optuna"), {}
axes = {"powers of ten": "missed", "as they are": "missed_linear"}
for strategy in ("NSGA-II, 20", "NSGA-II, 50"):
    for budget, of_budget in areas.groupby("budget", sort=False):
        for axis, column in axes.items():
            missed = of_budget.pivot(index="seed", columns="strategy", values=column)
            wins[strategy, budget, axis] = benchmark.superiority(
                -missed[strategy], -missed["random"], confidence=1 - 0.05 / 8, resamples=10_000
            )
print(pd.DataFrame(wins, index=["misses less", "from", "to"]).T.round(2).to_string())
budgets = ["200 trials", "200 networks"]
asked = {b: wins["NSGA-II, 20", b, "powers of ten"].probability for b in budgets}
compare("14.c", guess, asked, digits=2)

# %% [markdown]
# The searches are the same, only the measure is another one. (For 200 different networks NSGA-II went
# on, to more trials.) On an axis of parameters as they are, all small networks are a sliver at the left
# edge; in powers of ten each doubling counts the same. And whoever counts trials pays for repeats,
# whoever counts networks does not. With a population of 20 all four point the same way, though one interval,
# after 200 trials with parameters as they are, holds one half. With Optuna's own 50 nothing is decided after
# 200 trials. Two populations were tried, so this is about a setting, not about NSGA-II. **A comparison has
# many measures, budgets and settings. Choose yours before you look**, by what the network is for.
#
# ### The same search with PyTorch
#
# Keras describes networks; the arithmetic is done by a **backend**: TensorFlow, PyTorch or JAX. So
# nothing has to be rewritten for PyTorch. Keras has to be told once, before it is first imported:
# `KERAS_BACKEND=torch` before the command in a terminal, or `os.environ["KERAS_BACKEND"] = "torch"` in
# the first cell. (`pip install -e ".[torch]"` adds PyTorch.) `run_search`, `retrain` and KerasTuner's
# own tuners work then. `proxies`, `darts` and `litert` ask TensorFlow itself for gradients or a graph,
# and say so when they are imported.
#
# The same searches were recorded with both backends: random and greedy search, four trials of two
# epochs, three seeds.
#
# **Predict.** Of the twelve trials of random search, how many have the same network with both
# backends? And how many the same accuracy, to a tenth of a point? Write two whole numbers.

# %% tags=["prediction"]
guess = ...  # a list of two whole numbers

# %% tags=["prediction-result"]
recorded = trials.recorded("backends")
networks, heard = (
    recorded.pivot(index=["strategy", "seed", "trial"], columns="backend", values=column)
    for column in ("architecture", "val_accuracy")
)
same = pd.DataFrame({"network": networks["tensorflow"] == networks["torch"]})
same["accuracy"] = (heard["tensorflow"] - heard["torch"]).abs() < 0.001
print(same.groupby("strategy").sum().to_string())
compare("14.d", guess, same.loc["random"].sum().to_dict(), unit="of 12")

# %% [markdown]
# KerasTuner draws the networks of random search, and no backend has a hand in that. But behind its seed
# each backend has random numbers of its own, so already the first weights differ. **A change of the
# backend is at least a change of the seed.** Never compare a search on one backend with its rival on
# another. Greedy search learns from the accuracies. It proposed the same four networks all the same, as
# after three trials the same one was ahead. After the fourth, in one search of three, another one is:
# that search would hand over another network, and its fifth trial could be another one.
#
# ## One training, many limits
#
# A network that is found for one phone is too slow for the next. Searching again for each device is
# costly. **Once-for-all** (Cai et al. 2020) trains one supernet, as in [unit 08](08_weight_sharing.ipynb),
# and cuts out a network for each device, without training it again. It needs the accuracy and the
# latency of each network without training or measuring all. For the accuracy we take that with the
# weights that a network **inherits** from the recorded supernet of unit 08. The **latency**, the time
# for one image, we predict.
#
# FLOPs are easy to count, but do they predict the latency? We compare them with a linear model on the
# choices that has seen measurements of 50 networks. Both are judged by the others.
#
# **Predict.** Kendall's rank correlation with the measured latency, 1 for the same order: of the
# FLOPs, and of the linear model? Write two numbers.

# %% tags=["prediction"]
guess = ...  # a list of two numbers

# %% tags=["prediction-result"]
one_hot = pd.get_dummies(table[[*bench.choices]].astype(str)).astype(float)
features = one_hot.assign(flops=table["flops"] / 1e6)


def predicted_latency(n_measured, device="latency_ms", seed=0):
    """Milliseconds of all networks, by a linear model of a few measured ones."""
    measured = table.sample(n_measured, random_state=seed)
    model = Ridge(0.01).fit(features.loc[measured.index], measured[device])
    return pd.Series(model.predict(features), table.index)


unseen = table.index.difference(table.sample(50, random_state=0).index)
judges = {"FLOPs": table["flops"], "50 measured": predicted_latency(50)}
agreement = {
    name: table["latency_ms"][unseen].corr(judge[unseen], method="kendall")
    for name, judge in judges.items()
}
compare("14.e", guess, agreement, digits=2)

# %% [markdown]
# FLOPs say little about the time on the processor of the recording: perhaps because a network of few
# operations in many small steps waits for its steps. So whoever searches for a device measures on the
# device, for a few networks, and predicts the rest. (Fractions of a millisecond are hard to measure, too:
# measured once more on another day, the same networks came in an order that agrees with this one by a tau
# of 0.29 only. So even a perfect predictor would stay far from 1.)
#
# **Change this.** A limit is set three times: such that a tenth, a third and two thirds of all networks
# keep it. Does the network that is cut out keep it when it is measured? How far is it below the best that
# does? Then choose for another **device**: LiteRT, the runtime of [unit 07](07_tradeoffs.ipynb), has
# milliseconds of its own, `"litert_ms"`. Fifty of them are measured anew; the supernet stays.

# %% tags=["change-this"]
device, shares = "latency_ms", (0.1, 0.33, 0.67)  # change this
inherited = trials.recorded("oneshot").set_index("network")["seed 1"]
milliseconds, rows = predicted_latency(50, device), {}
for limit in table[device].quantile(shares):
    chosen = inherited[milliseconds <= limit].idxmax()
    best = table["test_accuracy"][table[device] <= limit].max()
    measured = table[device][chosen]
    rows[round(limit, 3)] = [
        chosen,
        measured,
        measured <= limit,
        table["test_accuracy"][chosen],
        best,
    ]
columns = ["network", "measured ms", "keeps it", "test accuracy", "best within the limit"]
pd.DataFrame(rows, columns).T.rename_axis("limit, ms")

# %% [markdown]
# One training of the supernet has chosen for three limits and two devices. The predictor errs, and so does
# the measurement: on another day another network may keep the limit. So plan a margin, and measure more
# than once what you ship. (Both runtimes ran on the processor of the recording; a phone would be a third
# device. The accuracies are those of the chosen networks trained alone; once-for-all trains its supernet so
# well that even that is not needed.)
#
# ### Choosing blocks with a linear program
#
# With billions of networks nobody can predict them all. If what a block brings and what it costs
# **add up**, there is another way: choose one variant for each block, so that the sum of the gains
# is largest and the sum of the costs within the limit. That is an **integer linear program**, and
# SciPy solves it. Large language models are compressed in this way today: Puzzle (Bercovich et al.
# 2025) has a library of cheaper variants for each block, and lets such a program choose.
#
# We try it on the networks with three blocks. Our choices stand for the blocks: one value of each is
# chosen. Gains and costs are the weights of two linear models, each of 100 trained networks.
#
# **Change this.** In the second cell below, set the limit, and draw other samples. Does the choice keep the
# limit when it is measured? Which rank has it among the networks that do? (1 is the best.)

# %%
three = table[table["body/blocks"] == 3]
variants = one_hot.loc[three.index].loc[:, lambda x: x.nunique() > 1]  # what distinguishes them


def gains_and_costs(seed):
    """Linear models of accuracy and latency, of 100 trained networks."""
    sample = three.sample(100, random_state=seed).index
    return [
        Ridge(0.01).fit(variants.loc[sample], three.loc[sample, column])
        for column in ("val_accuracy", "latency_ms")
    ]


groups = variants.columns.str.rpartition("_").get_level_values(0)  # the choice of each variant


# %% tags=["change-this"]
def choose_blocks(limit, gain, cost):
    """The network with the largest sum of gains whose sum of costs is within the limit."""
    one_each = np.array([groups == choice for choice in groups.unique()], float)
    rules = [
        LinearConstraint(one_each, 1, 1),
        LinearConstraint(cost.coef_, -np.inf, limit - cost.intercept_),
    ]
    solved = milp(-gain.coef_, constraints=rules, integrality=1, bounds=Bounds(0, 1))
    return None if solved.x is None else (variants @ solved.x).idxmax()


limit, seeds = three["latency_ms"].quantile(0.5), range(5)  # change this: milliseconds, samples
ranks = three["test_accuracy"][three["latency_ms"] <= limit].rank(ascending=False)
for seed in seeds:
    chosen = choose_blocks(limit, *gains_and_costs(seed))
    if chosen is None:
        print("no choice is predicted to keep the limit")
        continue
    rank = f"rank {ranks[chosen]:.0f}" if chosen in ranks else "misses the limit"
    print(f"network {chosen}: measured {three['latency_ms'][chosen]:.3f} ms, {rank}")

# %% [markdown]
# The program needs milliseconds for what enumerating would take ages in a large space. Its price is the
# assumption that things add up: nothing in it knows that a wide third block may bring more behind a wide
# second one. And a choice at the very limit misses it easily: the model of the milliseconds errs, and so
# does the measurement. Ranks and misses here are those of one measurement.
#
# ## Growing a trained network
#
# All searches of this course trained each network from nothing. **Network morphism** does not: it
# changes a trained network so that it computes the same function, and goes on training from there.
# Net2Net (Chen, Goodfellow & Shlens 2016) widened layers in this way, and the first AutoKeras (Jin,
# Song & Hu 2019) searched with it.
#
# To widen a layer, copy some of its units. Whatever uses a copied unit would now count it twice, so the
# outgoing weights are divided by the number of copies. First we train a small network. **This takes
# about 10 seconds.**


# %%
splits = data.load_mnist("bundled")


def build(filters):
    layers = [keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255)]
    for n in filters:
        layers += [keras.layers.Conv2D(n, 3, activation="relu"), keras.layers.MaxPooling2D(2)]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10, activation="softmax")]
    return keras.Sequential(layers)


def train(model, epochs):
    adam, loss = keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy"
    model.compile(adam, loss, metrics=["accuracy"])
    model.fit(splits.x_train, splits.y_train, batch_size=32, epochs=epochs, verbose=0)
    return model.evaluate(splits.x_val, splits.y_val, verbose=0)[1]


keras.utils.set_random_seed(0)
small = build([8, 16])
print(spaces.describe(small))
print(f"validation accuracy after 5 epochs: {train(small, epochs=5):.3f}")

# %% [markdown]
# **Predict.** We double both layers. What is the largest difference between a probability of the
# small network and one of the wide network, over all validation images? 0, about 0.001, or about
# 0.1?

# %% tags=["prediction"]
guess = ...  # a number


# %% tags=["prediction-result"]
def widen(weights, layer, width, noise=0.0, seed=0):
    """Weights of a wider network: the kernel and bias of a layer are 2 * layer and the next."""
    rng = np.random.default_rng(seed)
    weights, place = list(weights), 2 * layer
    kernel, bias, following = weights[place : place + 3]
    old = len(bias)
    copies = np.concatenate([np.arange(old), rng.integers(old, size=width - old)])
    n_copies = np.bincount(copies)[copies][:, None]
    kernel = kernel[..., copies]
    kernel[..., old:] += noise * kernel.std() * rng.normal(size=kernel[..., old:].shape)
    weights[place : place + 3] = kernel, bias[copies], following[..., copies, :] / n_copies
    return weights


wide = build([16, 32])
wide.set_weights(widen(widen(small.get_weights(), 0, 16), 1, 32))
gap = np.abs(wide.predict(splits.x_val, verbose=0) - small.predict(splits.x_val, verbose=0)).max()
print(f"largest difference: {gap:.1e}")
compare("14.f", guess, float(gap), digits=3)

# %% [markdown]
# Nothing but rounding: both compute the same function, though one has more than three times the
# parameters of the other. But are the copies of any use? Two units with equal weights that are heard
# equally get equal gradients, and stay equal for ever. So Net2Net adds a little **noise** to them.
#
# **Change this.** Go on with the wide network: with and without noise, with other seeds, and beside a wide
# network that begins from nothing and gets as many epochs as both together. **Each run takes about 10
# seconds.**

# %% tags=["change-this"]
seed, noise, more_epochs = 0, 0.1, 2  # change this
weights = small.get_weights()
for layer, width in enumerate([16, 32]):
    weights = widen(weights, layer, width, noise=noise, seed=seed)
wide.set_weights(weights)
keras.utils.set_random_seed(seed)
grown = train(wide, more_epochs)
keras.utils.set_random_seed(seed)
fresh = train(build([16, 32]), 5 + more_epochs)
print(f"grown in {more_epochs} epochs {grown:.3f}; from nothing in {5 + more_epochs} {fresh:.3f}")

# %% [markdown]
# Which of the two ends better? One seed proves nothing. And the comparison is not at equal cost: the
# first five epochs of the grown network were those of a small one, so it has cost less. Compare at equal
# seconds before you say that growing pays. What a search pays for it is independence: a network that
# inherits is not judged as it would be from nothing, as in [unit 08](08_weight_sharing.ipynb).
#
# ## When a language model proposes
#
# Language models propose architectures too: GENIUS (Zheng et al. 2023) asked GPT-4 for the next
# network, told it the accuracy, and asked again, on published tables among others. Such a search can
# be good for three reasons. It learns from the accuracies that it is told. The model may know what makes
# networks good. Or it may have *read the table*: accuracies of NAS benchmarks, and papers that praise the
# winners, are on the web. The last one is **contamination**, and it says nothing about your task, which
# nobody has published.
#
# Could you tell? Here are two simulated proposers of ten networks. One has read our table, but remembers it
# badly. The other knows something about networks: it draws among the hundred with most parameters. Both get
# the table as it is published, and **shuffled**, so that each accuracy belongs to another network.
#
# **Predict.** The errors of the memory have a standard deviation of five points. How probably does it
# beat ten random networks, on the published table? And how probably does the one that knows? Write two
# probabilities.

# %% tags=["prediction"]
guess = ...  # a list of two probabilities

# %% tags=["prediction-result"]
accuracy, size = table[["test_accuracy", "n_params"]].to_numpy(float).T


def best_of_ten(proposer, *, shuffled, seed, memory_noise=0.05):
    """Test accuracy of the best of ten proposals, and of the best of ten random draws."""
    rng = np.random.default_rng(seed)
    remembered = accuracy + rng.normal(0, memory_noise, len(accuracy))
    large = rng.choice(np.argsort(-size)[:100], 10, replace=False)
    proposed = large if proposer == "knowledge" else np.argsort(-remembered)[:10]
    now = rng.permutation(accuracy) if shuffled else accuracy
    return now[proposed].max(), rng.choice(now, 10, replace=False).max()


def wins_of(proposer, searches=200, **options):
    ends = [best_of_ten(proposer, seed=seed, **options) for seed in range(searches)]
    return benchmark.superiority(*np.transpose(ends))


wins = {}
for shuffled, name in ((False, "published"), (True, "shuffled")):
    for who in ("memory", "knowledge"):
        wins[who, name] = wins_of(who, shuffled=shuffled)
wins = pd.DataFrame(wins, index=["beats random", "from", "to"]).T.round(2)
print(wins.to_string())
compare("14.g", guess, wins["beats random"].xs("published", level=1).to_dict(), digits=2)

# %% [markdown]
# On the published table both look clever, and no figure says which of them has read it. Shuffled, both
# fall to one half, the one who remembers and the one who knows: a shuffled table shows only that nothing
# leaks during the search. Only a task that nobody has published tells memory from knowledge. So ask of
# such a claim: was the table on the web before the model was trained? Was it tried on a task that was
# measured afterwards? Did the random baseline have the same budget? (This was a simulation, not a
# measurement of any model.)
#
# **Change this.** How bad may the memory be, and still look clever?

# %% tags=["change-this"]
memory_noise = 0.2  # change this: the standard deviation of its errors, as a share of 1
wins_of("memory", shuffled=False, memory_noise=memory_noise)

# %% [markdown]
# ## A map: what became of the ideas
#
# White et al. (2023) survey a field of more than a thousand papers. This is our reading, in the order of
# the course.
#
# | idea of this course | what became of it |
# |---|---|
# | random search as baseline (02) | expected in a comparison since Li & Talwalkar (2019) |
# | spaces of chains and cells (03) | cells gave way to spaces of blocks with limits; today also the blocks of transformers |
# | cheaper estimates (04) | ASHA is in Optuna and Ray Tune, Hyperband in KerasTuner; proxies without training help as one feature of several |
# | evolution and Bayesian search (05) | predictors on a table of choices, as in [unit 13](13_predictors.ipynb) |
# | greedy morphing, AutoKeras (06) | its first version grew trained networks; the present one keeps the best network's values and draws some anew |
# | several goals (07) | the usual case: accuracy under a limit of latency or memory |
# | weight sharing (08) | once-for-all: one supernet, many devices |
# | descent on the architecture (09) | quick, unstable; its lesson, to compare with random cells, has stayed |
# | compound scaling (10) | a kindred idea: scaling laws, which plan the size of a family before training (a line of work of its own) |
# | tables of networks | NAS-Bench-101 (Ying et al. 2019) and its many successors, ours a small one |
#
# Two things have not changed since the first papers: the space often decides more than the strategy, as in
# [unit 03](03_search_spaces.ipynb), and a result is worth what its baseline is worth.
#
# ## Summary
#
# - A checklist, filled before the experiment, is the cheapest way to be believed.
# - Fronts are compared by attainment curves, and by a hypervolume whose reference point and axes are
#   stated before anyone looks.
# - Backends and libraries can be exchanged, but that changes the random numbers. Budget and baseline
#   must stay.
# - Many limits are served by one supernet and a few measurements; where gains add up, by a linear program.
# - A trained network can be widened without changing what it computes. Copies need noise.
# - A model that may have read the table proves nothing about yours.
#
# This is the last unit. What you have now: a space that you can count, estimates that you can trust,
# strategies that you have compared, a network that you have weighed, and a list of what to ask. What
# will you search for?
#
# ## Exercises
#
# In [four exercises](../exercises/14_good_science.ipynb) you compute an attainment curve, deepen a
# trained network, choose blocks under a limit, and read a claim.
#
# ## Further reading
#
# - White, C. et al. (2023). *Neural Architecture Search: Insights from 1000 Papers*.
#   [arXiv:2301.08727](https://arxiv.org/abs/2301.08727)
# - Lindauer, M. & Hutter, F. (2020). *Best Practices for Scientific Research on Neural Architecture
#   Search*. [JMLR 21:243](https://jmlr.org/papers/v21/20-056.html)
# - Eimer, T. et al. (2025). *Best Practices for Empirical Meta-Algorithmic Research: Guidelines from
#   the COSEAL Research Network*. [arXiv:2512.16491](https://arxiv.org/abs/2512.16491)
# - Deb, K., Pratap, A., Agarwal, S. & Meyarivan, T. (2002). *A Fast and Elitist Multiobjective Genetic
#   Algorithm: NSGA-II*. IEEE Transactions on Evolutionary Computation 6(2).
#   [doi:10.1109/4235.996017](https://doi.org/10.1109/4235.996017)
# - Akiba, T., Sano, S., Yanase, T., Ohta, T. & Koyama, M. (2019). *Optuna: A Next-generation
#   Hyperparameter Optimization Framework*. KDD. [arXiv:1907.10902](https://arxiv.org/abs/1907.10902)
# - Cai, H., Gan, C., Wang, T., Zhang, Z. & Han, S. (2020). *Once-for-All: Train One Network and
#   Specialize it for Efficient Deployment*. ICLR. [arXiv:1908.09791](https://arxiv.org/abs/1908.09791)
# - Bercovich, A. et al. (2025). *Puzzle: Distillation-Based NAS for Inference-Optimized LLMs*. ICML.
#   [arXiv:2411.19146](https://arxiv.org/abs/2411.19146)
# - Chen, T., Goodfellow, I. & Shlens, J. (2016). *Net2Net: Accelerating Learning via Knowledge
#   Transfer*. ICLR. [arXiv:1511.05641](https://arxiv.org/abs/1511.05641)
# - Jin, H., Song, Q. & Hu, X. (2019). *Auto-Keras: An Efficient Neural Architecture Search System*.
#   KDD. [arXiv:1806.10282](https://arxiv.org/abs/1806.10282)
# - Li, L. & Talwalkar, A. (2019). *Random Search and Reproducibility for Neural Architecture Search*.
#   UAI. [arXiv:1902.07638](https://arxiv.org/abs/1902.07638)
# - Ying, C. et al. (2019). *NAS-Bench-101: Towards Reproducible Neural Architecture Search*. ICML.
#   [arXiv:1902.09635](https://arxiv.org/abs/1902.09635)
# - Zheng, M. et al. (2023). *Can GPT-4 Perform Neural Architecture Search?*
#   [arXiv:2304.10970](https://arxiv.org/abs/2304.10970)
# - Grunert da Fonseca, V., Fonseca, C. M. & Hall, A. O. (2001). *Inferential Performance Assessment of
#   Stochastic Optimisers and the Attainment Function*. EMO.
