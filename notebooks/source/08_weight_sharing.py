# %% [markdown]
# # Unit 08: Can one training judge all networks?
#
# - **Objectives**: explain how networks share weights, and which weights a training step changes;
#   train a supernet; rank a whole space by inherited accuracies and say what the ranking is worth;
#   search with it, at an honest price; name where sharing misleads.
# - **Prerequisites**: [unit 04](04_estimation.ipynb): rank correlation, regret, judging the judge;
#   [unit 05](05_strategies.ipynb): equal budget, the interval of a difference
# - **Time**: 60 min: one array 5 min, one vector 10 min, one network a batch 8 min, a first ranking
#   9 min, five supernets 8 min, search 10 min, where it misleads 10 min
# - **Cost**: 35 s of one CPU core and 1,100 MiB of memory; no GPU, no network
#
# A search trains a network, writes one number down, and throws the weights away. Then it trains the
# next one from nothing, though the two may differ in a single choice. What if they shared their
# weights? In 2018 this idea cut the price of a search to a thousandth (Pham et al.). Can a single
# training judge all 1,248 networks of our space? We can check: MNIST-NAS-Bench knows how each does
# when it is trained alone.

# %%
from nascourse import benchmark, data, plotting, trials
from nascourse.checks import compare
from nascourse.methods import oneshot

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from scipy import stats
from sklearn.linear_model import LinearRegression

bench = benchmark.load_benchmark()
final = bench.final()
splits = data.load_mnist("bundled")
recorded = trials.recorded("oneshot").set_index("network") / len(splits.y_val)
supernet = oneshot.Supernet(seed=1)
# One network of the space, in which nearly everything is small.
network = {"body/blocks": 2, "body/halving": "max", "body/skip": False, "conv/kind": "plain"}
network |= {"conv/kernel": 3, "conv/filters_0": 6, "conv/filters_1": 6, "head": "quarters"}

# %% [markdown]
# ## Two networks, one array
#
# A large network has a filter of 5x5 weights, a small one a filter of 3x3. Let the small filter be
# the *middle* of the large one. In NumPy a slice is no copy. It is a view, a second name for the
# same memory. Both begin with zeros.
#
# Now the small network is trained: each of its weights grows by 1. After that comes a batch for the
# large one, and each of its weights shrinks by 0.2.
#
# **Predict.** What does the first weight, in the corner, of each filter hold then? Write a list of
# two numbers: the large filter's, the small one's.

# %% tags=["prediction"]
guess = ...  # a list of two numbers: of the large filter, of the small one

# %% tags=["prediction-result"]
large = np.zeros((5, 5))
small = large[1:4, 1:4]
small += 1
large -= 0.2
print(large)
compare("08.a", guess, {"large": large[0, 0], "small": small[0, 0]}, digits=1)

# %% [markdown]
# -0.2 and 0.8: the corner of the small filter lies within the large one, and was changed by the
# batches of both. That is the whole idea, with its promise and its danger. The promise: what one
# network learns, the other knows as well, and nobody pays for it twice. The danger: what is good for
# the small one need not be good for the large one, and each undoes a part of what the other has
# learned.
#
# **Change this.** Let the small filter be the upper left corner, `[:3, :3]`, of the large one. Or add
# `.copy()` behind it: which array is then changed by which batch?

# %% tags=["change-this"]
large = np.zeros((5, 5))
small = large[1:4, 1:4]  # change this
small += 1
large -= 0.2
print(large, small, sep="\n\n")

# %% [markdown]
# ## A space as one vector
#
# A **supernet** holds the weights of all networks of a space. Ours is one long vector. The **path**
# of a network says where in it each of its weights lies. Two networks share what lies on both paths.
# Filters are shared as above: a window of 3x3 is the middle of the one of 5x5, and a network with 6
# filters uses the first 6 of 16.
#
# Take `network` from the top of this unit. Its weights have the shapes that Keras gives them: kernel
# (rows, columns, channels in, filters) and bias of two convolutions, (3, 3, 1, 6) and (6,), then (3, 3,
# 6, 6) and (6,); and those of the dense layer, (24, 10) and (10,). (Its 24 rows: 6 filters in each of 4
# quarters.) Now we change one choice of it at a time:
#
# - `body/halving` from max pooling to a convolution with stride 2,
# - `body/skip` to True: a block hands on its input as well,
# - `conv/kernel` from 3 to 5,
# - `conv/filters_0` from 6 to 2, or `conv/filters_1` from 6 to 16,
# - `conv/kind` to separable convolutions,
# - `head` from `quarters`, a mean over each quarter of the map, to `flatten`.
#
# **Predict.** Which change keeps the fewest of our weights in use? Write its name, such as
# `"conv/kernel"`.

# %% tags=["prediction"]
guess = ...  # the name of a choice, in quotes


# %% tags=["prediction-result"]
def places(supernet, setting):
    return {place for part in supernet.path(setting) for place in part.flat}


changes = {"body/halving": "stride", "body/skip": True, "conv/kernel": 5, "conv/filters_0": 2}
changes |= {"conv/filters_1": 16, "conv/kind": "separable", "head": "flatten"}
mine = places(supernet, network)
others = {name: places(supernet, {**network, name: value}) for name, value in changes.items()}
percent = pd.Series({name: 100 * len(mine & other) / len(mine) for name, other in others.items()})
compare("08.b", guess, percent.idxmin(), options=list(changes))
print(f"{supernet}; each network for itself: {final['n_params'].sum():,} weights")
with plt.rc_context(plotting.STYLE):
    ax = percent.plot.barh(xlabel="percent of our network's weights that stay in use")
ax.invert_yaxis()  # the first on top
plotting.show(ax, source="the paths of the supernet")

# %% [markdown]
# The separable convolution: it is made of other arrays, so of our network only the dense layer stays
# in use. Another head is another dense layer, and with fewer filters the others lie idle. A larger
# window, more filters, or a skip only *add* weights. Halving has no weights at all, so the two ways
# of halving use the same ones. Nobody proved that these rules are good. They are decisions, as the
# space itself was one.
#
# **Change this.** Here are the paths of two networks. Each square is a window of 5x5 weights: in the
# top row those of the first convolution, below those of the second, one row for each channel that
# comes in. Where it is green, both networks use the weight. Give the second network two filters, or
# a separable convolution, or all that is largest. Then change a rule of sharing: `separate` names
# choices by which nothing is shared.


# %%
def draw_paths(supernet, one, other):
    """Light up the weights of the two convolutions that are on either path."""
    largest = {"body/skip": True, "conv/kernel": 5, "conv/filters_0": 16, "conv/filters_1": 16}
    first, _, second, *_ = supernet.path({**network, **largest})
    windows = np.concatenate([first, second], axis=2)  # rows, columns, channels in, filters
    used = [np.isin(windows, list(places(supernet, setting))) for setting in (one, other)]
    picture = np.pad(used[0] + 2 * used[1], [(0, 1), (0, 1), (0, 0), (0, 0)], constant_values=4)
    picture = picture.transpose(2, 0, 3, 1).reshape(6 * windows.shape[2], 6 * windows.shape[3])
    colors = ["#e8e8e8", plotting.ORANGE, plotting.BLUE, plotting.GREEN, "white"]
    ax = plt.subplots(figsize=(5.6, 6), layout="constrained")[1]
    ax.imshow(picture, cmap=ListedColormap(colors), vmin=0, vmax=4)
    ax.set(xlabel="16 filters", ylabel="channels in: 17 of the second, 1 of the first convolution")
    ax.set(xticks=[], yticks=[], title="orange: the first network, blue: the second, green: both")
    return ax


# %% tags=["change-this"]
second = {**network, "conv/kernel": 5, "conv/filters_0": 16}  # change this
separate = []  # change this: for instance ["conv/kernel"]
drawn = oneshot.Supernet(separate=separate)
shared = len(places(drawn, network) & places(drawn, second)) / len(mine)
caption = f"The second network uses {shared:.0%} of the first one's weights, dense layer included."
alt = f"Windows of 5x5 weights in two convolutions, lit up where a path uses them. {caption}"
ax = draw_paths(drawn, network, second)
plotting.show(ax, caption=caption, alt=alt, source="the paths of a supernet")

# %% [markdown]
# ## One network a batch
#
# How do you train 1,248 networks at once? Not at all: train *one*, drawn at random, with each
# batch of images. This is **single-path uniform sampling** (Guo et al. 2019). Each choice is drawn
# uniformly, one after the other: first one, two or three blocks, then the filters of each, and so
# on. Of the 1,248 networks 96 have one block, that is 8 percent.
#
# **Predict.** How many percent of the batches go to networks with one block? Write a number.

# %% tags=["prediction"]
guess = ...  # a number of percent

# %% tags=["prediction-result"]
rng = np.random.default_rng(0)
draws = Counter(oneshot.sample(rng)["body/blocks"] for _ in range(3000))
in_space = final["body/blocks"].value_counts(normalize=True)
percent = pd.DataFrame({"of the draws": pd.Series(draws) / 3000, "of the networks": in_space})
print((100 * percent).sort_index().rename_axis("percent, by blocks").round(1))
compare("08.c", guess, 100 * draws[1] / 3000, unit="%")

# %% [markdown]
# A third. Uniform over *choices* is not uniform over *networks*: each of the few networks with one
# block has its turn more often.
#
# A step then changes what is on the path. The optimizer is **Adam**, as for a network alone, with
# one difference. Adam remembers for each weight how its gradients were, and how many steps it has
# made. Here each weight has a memory and a count of its own, so that it makes no step in the batches
# of networks that do not use it.
#
# **Change this.** Train another network with the batch. How many of *our* network's weights does its
# step change, and how many off its own path?

# %% tags=["change-this"]
trained = {**network, "conv/kernel": 5}  # change this
before = supernet.weights.numpy()
supernet.train_step(trained, splits.x_train[:64], splits.y_train[:64])
changed = set(np.flatnonzero(supernet.weights.numpy() != before))
print(f"of our network's weights {len(changed & mine) / len(mine):.0%} were changed by the step")
print("changed off the path:", len(changed - places(supernet, trained)))

# %% [markdown]
# ## A first ranking
#
# The training is this step again and again. The learning rate falls to zero in a straight line.
# Twenty-five epochs are about as many as two of the table's networks took. Afterward each of the 1,248
# is judged with the weights that it **inherits**, without any training of its own. (The supernet learns
# from 3,200 images and is judged by 800 others. The table's networks learned from all 4,000, and were
# judged by 5,000 more.) **This takes about 15 seconds.**
#
# **Change this** when you have read the section to its end: another seed, or twice the epochs. Then run
# the cell of the result again.
#
# The truth is, as in unit 04, the mean test accuracy of each network trained alone (without the training
# of seed 0, which is a judge itself further down). Kendall's tau says how well two orders agree: 1 on
# all pairs of networks, 0 as well as a tossed coin, -1 on none. (SciPy's is tau-b, which makes up for
# equal values.) The simplest judge there is counts the parameters.
#
# **Predict.** After 25 epochs, is the supernet's order better or worse than counting? Write
# `"better"` or `"worse"`.


# %% tags=["change-this"]
def train(epochs, seed):
    """A supernet, trained with one network a batch, as `oneshot.train_supernet` does."""
    supernet, rng = oneshot.Supernet(seed=seed), np.random.default_rng(seed)
    n, steps = len(splits.y_train), 0
    for _ in range(epochs):
        for batch in np.split(rng.permutation(n), range(64, n, 64)):
            rate = 0.008 * (1 - steps / (epochs * -(-n // 64)))
            images = splits.x_train[batch], splits.y_train[batch]
            supernet.train_step(oneshot.sample(rng), *images, learning_rate=rate)
            steps += 1
    return supernet


inherited = train(epochs=25, seed=1).rank(splits)["val_accuracy"]  # change this

# %% tags=["prediction"]
guess = ...  # "better" or "worse"

# %% tags=["prediction-result"]
truth = bench.truth(without=bench.seeds[0])  # a judge below is this very training


def kendall(judge, group=truth.index):
    return stats.kendalltau(judge[group], truth[group]).statistic


free = final["n_params"].rank() + final["synflow"].rank()
judges = {"counting parameters": final["n_params"], "parameters and SynFlow": free}
tau = {name: kendall(judge) for name, judge in {"this supernet": inherited, **judges}.items()}
print(pd.Series(tau).rename("Kendall's tau").round(2).to_frame())
better = tau["this supernet"] > tau["counting parameters"]
compare("08.d", guess, "better" if better else "worse", options=["better", "worse"])

# %% [markdown]
# That is sobering. The supernet knows something, but after 25 epochs counting parameters, which is free,
# orders the networks better. And there is a better judge that is free as well: add a network's rank by
# parameters to its rank by SynFlow, a proxy of unit 04 that trains nothing.
#
# Does it need more time? We recorded supernets of seed 1 that were trained for longer. (For the
# choice of the training we compare with the *validation* accuracies of the table. Its test
# accuracies are kept for the final judgment.)
#
# **Change this.** Look at 50, 100 and 200 epochs (the last is named `"seed 1"`). Each dot is a
# network. What happens to tau, and to the distance from the dotted line, on which both accuracies
# are equal?

# %% tags=["change-this"]
name = "25 epochs"  # change this
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
ax.plot(final["val_accuracy"], recorded[name], ".", color=plotting.BLUE, alpha=0.4)
ax.axline((0.9, 0.9), slope=1, color=plotting.GRAY, linestyle=":")
ax.set(xlabel="validation accuracy, trained alone", ylabel="inherited", ylim=(0, 1))
of_name, of_size = (
    judge.astype(float).corr(final["val_accuracy"], method="kendall")
    for judge in (recorded[name], final["n_params"])
)
caption = f"Kendall's tau is {of_name:.2f}, for counting parameters {of_size:.2f}."
plotting.show(ax, caption=caption, source=f"a recording, {name}, and MNIST-NAS-Bench")

# %% [markdown]
# ## Five supernets
#
# With seed 1 each doubling of the epochs helps, each less than the one before, and the cloud draws
# together. (The last gain is smaller than the difference between seeds, as you will see.) We stop at 200
# epochs, which are 10,000 batches. A weight that only few networks use is in few batches, so a supernet
# needs far more epochs than a network alone. Even so, most networks do better alone: the weights are a
# compromise between all that use them. (The two accuracies are of different images, so a point more or
# less means nothing here.) **An inherited accuracy is no forecast.** Report the accuracy of the network
# that you *trained*.
#
# One supernet is an anecdote, like any single training. So here are five, each of 200 epochs, and
# now the final judgment, against the truth. They have three kinds of rivals:
#
# - the two judges that are free,
# - five predictors: a straight line, fitted to as many single trainings as a supernet costs. It
#   predicts a network's accuracy from the logarithms of its parameters and its SynFlow,
# - two that train each network alone, for one epoch and for all.
#
# **Change this.** The second column of the table is the mean tau within groups of similar size, where
# counting has little to say. With more groups the sizes are more alike. Which judges lose most then,
# and which least?

# %%
about = trials.recorded("oneshot_supernets").set_index("supernet")
supernets = [name for name in recorded if name.startswith("seed")]
price_of = about[["train_seconds", "judge_seconds"]].sum(axis=1)  # processor time of one core
alone = bench.curves[bench.curves["seed"] == bench.seeds[0]]
accuracy = alone.pivot(index="network", columns="epoch", values="val_accuracy")
n = int(price_of[supernets].median() / (alone["seconds"].sum() / len(final)))
print(f"a supernet and its ranking cost as much as {n} networks trained alone")
logs = np.log(final[["n_params", "synflow"]].astype(float))
for seed in (1, 2, 3, 4, 5):
    some = np.random.default_rng(seed).choice(logs.index, n, replace=False)
    line = LinearRegression().fit(logs.loc[some], accuracy.loc[some, bench.epochs])
    judges[f"predictor, seed {seed}"] = pd.Series(line.predict(logs), logs.index)
judges |= {"alone, 1 epoch": accuracy[1], "alone, all epochs": accuracy[bench.epochs]}
judges |= {f"supernet, {name}": recorded[name] for name in supernets}

# %% tags=["change-this"]
n_groups = 12  # change this
by_size = pd.qcut(final["n_params"].rank(method="first"), n_groups)
groups = [group.index for _, group in final.groupby(by_size, observed=True)]
rows = {}
for name, judge in judges.items():
    within = [kendall(judge, group) for group in groups]
    rows[name] = {"all networks": kendall(judge), "of similar size": np.nanmean(within)}
worth = pd.DataFrame(rows).T
of_kind = [worth[worth.index.str.startswith(kind)] for kind in ("supernet", "predictor")]
for column in worth:
    lead = benchmark.difference(*(rows[column] for rows in of_kind))
    print(f"{column}: supernets less predictors {lead.difference:.3f}", end=", ")
    print(f"95% interval {lead.low:.3f} to {lead.high:.3f}, p = {lead.p_value:.3f}")
worth.round(2)

# %% [markdown]
# All five beat counting. But the free sum of two ranks comes close, and one supernet is no better than
# it. Over all networks a line through as many trainings as a supernet costs cannot be told apart from
# it: the interval, -0.005 to 0.028, holds zero and leaves room for a small lead. Among networks of
# similar size the supernets lead: there two numbers of a network say less, and one epoch alone knows
# less than they do. So a supernet does not merely see size. (The p-value is that of the exact test: of
# all ways to deal the ten values out to two groups of five, in what share is the difference as large?
# The smallest possible is 2 of 252, 0.008.)
#
# ## Search with a supernet
#
# In a large space some strategy, such as evolution (Guo et al.), proposes networks, and the supernet
# judges them. Ours is small: the supernet judges all 1,248 in some seconds. One could then train the
# network that is ranked first. Or take a **shortlist** of the first eight, train these alone, and choose
# among them by the validation accuracy of their own training. The function below does one such search.
# (What is shipped is judged by its *other* trainings, as in unit 05.)
#
# **Predict.** What is the mean regret of the network that is ranked first, and of the best of eight?
# Write a list of two numbers of points (a point is one percent of test accuracy).


# %%
def shortlist_search(judge, seed, n=8):
    """Regret in points of a search that trains the judge's first n, and their price in seconds."""
    by_rank = final.assign(judge=judge).sort_values(["judge", "n_params"], ascending=[False, True])
    bench.start()
    trained = {net: bench.query(net, seed=seed).val_accuracy for net in by_rank.index[:n]}
    shipped = max(trained, key=trained.get)
    regret = 100 * (final["test_accuracy"].max() - bench.truth(without=seed)[shipped])
    return regret, bench.seconds_spent


# %% tags=["prediction"]
guess = ...  # a list of two numbers of points: ranked first, best of eight

# %% tags=["prediction-result"]
regrets = {
    title: [[shortlist_search(recorded[k], seed, n)[0] for seed in bench.seeds] for k in supernets]
    for title, n in {"ranked first": 1, "best of eight": 8}.items()
}
means = pd.DataFrame({title: np.mean(rows, axis=1) for title, rows in regrets.items()}, supernets)
print(means.round(2))
gain = benchmark.difference(means["ranked first"], means["best of eight"], paired=True)
print(f"gain of the shortlist: {gain.difference:.2f} points, p = {gain.p_value:.3f}")
compare("08.e", guess, means.mean().to_dict(), unit="points", digits=2)

# %% [markdown]
# In the mean the shortlist ends 0.35 points better, for seven more trainings. The supernet need not put
# the best network first, it only has to rank it among the first. But five supernets cannot rule out luck
# (p = 0.125). (Each row is a mean over the seeds with which the eight were trained alone.)
#
# What does it cost? Training all 1,248 networks once would cost many times as much, but nobody would do
# that. A fair opponent may spend the same seconds, here processor time of one core of the same kind of
# machine. Four join. Two are strategies. The two others are the judges that are free: train the networks
# that such a judge ranks first, as many as the seconds allow, and choose among them as above. Each
# supernet counts once here, and its eight are trained with one seed.
#
# **Predict.** Whose mean regret is the smallest? Write `"supernet"`, `"random"`, `"evolution"`,
# `"counting parameters"`, which trains the largest networks, or `"parameters and SynFlow"`. **The race
# takes some seconds.**

# %% tags=["prediction"]
guess = ...  # one of the five names, in quotes

# %% tags=["prediction-result"]
searches = [shortlist_search(recorded[k], seed) for k, seed in zip(supernets, 2 * bench.seeds)]
regret, seconds = np.transpose(searches)
price = np.median(price_of[supernets] + seconds)
races = benchmark.simulate(["random", "evolution"], budget=100, seeds=range(100))
standing = 100 * benchmark.within_budget(races, [price], by="seconds")[price]
results = {"supernet": regret, "random": standing["random"], "evolution": standing["evolution"]}
for name, n in {"counting parameters": 36, "parameters and SynFlow": 24}.items():
    ends = [shortlist_search(judges[name], seed, n) for seed in bench.seeds]
    results[name], seconds = np.transpose(ends)
    print(f"{name}: its first {n} cost {seconds.mean():.0f} s; a supernet's search {price:.0f} s")
means = pd.Series({name: np.mean(values) for name, values in results.items()})
print(means.round(2).rename("mean regret in points").to_frame())
p = [benchmark.difference(regret, results[rival]).p_value for rival in ("random", "evolution")]
print("p of the differences to random and evolution, after Holm:", benchmark.holm(p).round(4))
compare("08.f", guess, means.idxmin(), options=list(results))

# %% [markdown]
# The supernet beats random search and evolution. It does not beat its free rivals: the 36 largest networks
# end better at the same price, and those chosen by parameters and SynFlow end about as well. (With a few
# more of the largest the mean is a little worse again, as you can try below. Three seeds say no more than
# that the supernet has no lead.) So whoever leaves the free rivals out of the race has a success to
# report. Mind four things.
#
# - Two numbers of a network say much in this space, where nearly all good networks are large ones. In
#   another space they may say little. Try them first: they cost nothing.
# - Five searches are few, and all five have the rates and the rules of sharing that did well on this
#   very table. (Holm's correction is for having looked at two differences. A p-value above 0.05 would
#   mean that luck could explain the difference.)
# - What the bill leaves out: how long to train, at which rate, and what to share were tried out
#   beforehand, with the table's validation accuracies as a guide. On a new problem nobody has these.
#   (That the sum of two ranks is a good judge was seen on the table as well.)
# - A supernet has to be *written*. The two strategies work for any build function.
#
# **Change this.** How long should the shortlist be? Try 1, 3, 20 and 60. What does a longer list
# bring, and what does it cost? Which judge would you take for eight trainings?

# %% tags=["change-this"]
n = 8  # change this
for kind in ("supernet", "counting parameters", "parameters and SynFlow"):
    of_kind = [judge for name, judge in judges.items() if name.startswith(kind)]
    searches = [shortlist_search(judge, seed, n) for judge in of_kind for seed in bench.seeds]
    regret, seconds = np.mean(searches, axis=0)
    seconds += price_of[supernets].mean() if kind == "supernet" else 0  # the others are free
    print(f"{kind}, {n} trained: mean regret {regret:.2f} points, {seconds:.0f} s")

# %% [markdown]
# Eight trainings chosen by parameters and SynFlow end as well as the eight of a supernet, in under half
# the time. Chosen by size alone eight are too few.
#
# ## Where sharing misleads
#
# Yu et al. (2019) compared what shared weights say with the truth, in spaces small enough to know
# it. There the order said little about the true one, and whole searches ended about as well as a
# random choice. In our space it is not so bad. Where is it bad? First, **at the top**.
#
# **Predict.** What is the supernets' mean tau among the best tenth of the networks? Write a number
# between 0 and 1.

# %% tags=["prediction"]
guess = ...  # a number between 0 and 1

# %% tags=["prediction-result"]
best_tenth = truth.nlargest(len(truth) // 10).index
at_the_top = pd.Series({name: kendall(judge, best_tenth) for name, judge in judges.items()})
print(at_the_top.round(2).to_frame("Kendall's tau among the best tenth"))
compare("08.g", guess, at_the_top[at_the_top.index.str.startswith("supernet")].mean(), digits=2)

# %% [markdown]
# Far less than over all networks. (Some of it is arithmetic: among networks that are nearly equal, any
# judge's tau is smaller.) Even the full training of each network is a much poorer judge here: from unit
# 04 we know that among the best, seeds differ nearly as much as networks do. A supernet tells good from
# bad. Who is the best of the good it says only poorly, and that is why we trained a shortlist.
#
# Second, **in one direction**. Errors that change with the seed are noise, and more seeds average them
# out. Errors that stay are bias. For each value of a choice, by how many places do its networks stand
# too high (or, below zero, too low) in the ranking? Such a number needs a control, since other judges
# are biased too. We take two that share no weight: each network alone after one epoch, and the truth
# itself, blurred by noise until its tau is about that of a supernet.
#
# **Change this.** Look at `"body/skip"`, `"head"`, `"body/blocks"` and `"conv/filters_1"`. Which bias
# have the supernets alone, and which do they have in common with one epoch of training? (The rows `fair`
# and `normalized` are supernets that were trained otherwise; we come to them.)

# %% tags=["change-this"]
choice = "conv/filters_2"  # change this
first = bench.curves[bench.curves["epoch"] == 1]
noise = np.random.default_rng(0).normal(0, 0.11 * len(truth), (len(truth), 5))  # tau 0.78
kinds = {
    "supernets": recorded[supernets],
    "fair supernets": recorded.filter(like="fair"),
    "normalized supernets": recorded.filter(like="normalized"),
    "alone, 1 epoch": first.pivot(index="network", columns="seed", values="val_accuracy"),
    "truth, blurred": pd.DataFrame(noise, truth.index).add(truth.rank(), axis=0),
}
rows = {}
for kind, judge in kinds.items():
    too_high = judge.rank().sub(truth.rank(), axis=0).groupby(final[choice]).mean()
    rows |= {(value, kind): [v.mean(), v.min(), v.max()] for value, v in too_high.iterrows()}
table = pd.DataFrame(rows, ["places too high, mean", "lowest", "highest"]).T
table.sort_index(level=0, sort_remaining=False).rename_axis([choice, "judge"]).round().astype(int)

# %% [markdown]
# Where lowest and highest lie on different sides of zero, the seeds disagree, and more seeds help.
# Where all lie on one side, and far from zero, it is probably bias (five seeds without one do so in 1 of
# 16 rows). Blurring alone moves good networks down and bad ones up, by a little: look for what goes
# beyond that.
#
# Sixteen filters in the third block stand far too low in all five supernets. It is tempting to blame the
# sharing: only a third of the batches has a third block, and only a third of these has 16 filters.
# Networks that were trained alone for one epoch, and share nothing, stand low there too. But with 6
# filters they stand low as well, and the supernets do not: a short training holds back the deep networks
# with 6 or 16 filters, and not those with 2. So it explains a part of this bias, and the rest may be the
# sharing's. With skips the case is clearer: the supernets rank them too high, and one epoch alone does
# not. A search with these supernets would prefer skips, and you would read in its report that skips
# matter.
#
# Third, **does less sharing help?** We recorded four supernets of seed 1 that share less: the networks
# with skips have a vector of their own, or those of each window, each number of blocks, or each way
# of halving. The number of batches is the same.
#
# **Predict.** How many of these four have a higher tau (here with the validation accuracies) than
# each of the five that share all? Write a whole number.

# %% tags=["prediction"]
guess = ...  # a whole number of supernets, from 0 to 4

# %% tags=["prediction-result"]
by_validation = recorded.corrwith(final["val_accuracy"], method="kendall")
shares_less = by_validation[by_validation.index.str.startswith("separate")]
variants = by_validation.index.str.replace(r"(^|, )seed \d", "", regex=True)
summary = by_validation.groupby(variants).agg(["min", "max", "count"]).rename({"": "all shared"})
print(summary.rename_axis("Kendall's tau").round(2))
n_better = float((shares_less > by_validation[supernets].max()).sum())
compare("08.h", guess, n_better, unit="supernets")

# %% [markdown]
# None. Where two or three vectors take the place of one, each is trained with a half or a third of the
# batches. So at *equal cost* we have no evidence that less sharing helps. (These are single trainings:
# compare them with the spread of the five.)
#
# Other remedies change the training. **FairNAS** (Chu et al. 2021) gives every value of a choice
# equally many steps. The **sandwich rule** (Yu & Huang 2019) trains the smallest, the largest and a
# few other networks with each batch. **Batch normalization** shifts and scales each channel, by a mean
# and a variance that it stores. Our space has none. Where there is some, the stored numbers are those of
# all networks that passed by, so before a network is judged they are measured anew for it:
# **recalibration**.
#
# We recorded five supernets of each kind: `fair`, after FairNAS; `networks`, which draws networks
# uniformly; and `normalized`, with batch normalization and recalibration. By the table above none of
# them orders the networks better than the first five do. But the biases change, as the rows `fair
# supernets` and `normalized supernets` of the cell before say: with normalization the lean to skips is
# nearly gone. A larger lean against `quarters` and a new one against max pooling take its place, and one
# epoch alone has both: they look like those of a short training. (The exact test of five against five
# allows no clearer verdict: p = 0.008. That does not survive a correction for 18 looks, nine choices
# with two kinds of supernets.) With fair sampling the lean to skips is smaller in the mean, which may be luck (p = 0.14).
# Sixteen filters in the third block stay far too low with both.
#
# **What may we say?**
#
# - *Of this space*: one training of about a minute orders 1,248 networks far better than chance, and a
#   little better than judges that cost nothing. With eight trainings it finds a good network. So does a
#   free judge, in under half the time.
# - *What we do not know*: whether it holds elsewhere. Our networks are small and alike, and our rules
#   of sharing fit them. Yu et al. found next to no agreement in other spaces.
# - *What carries over*: check a supernet before you believe it. Train some networks alone, spread over
#   its ranking, and look at tau, next to that of the judges that are free. With a dozen, a tau near
#   0.8 is known to about 0.2 more or less, with fifty to less than 0.1; a tau near 0 only half as well.
#
# ## Summary
#
# - Weight sharing: where two paths hold the same place, two networks have the same weight.
# - Single-path uniform sampling: each batch trains one network, drawn choice by choice.
# - An inherited accuracy is good for the order, and no forecast of what the network can do.
# - Judge the judge: against the truth and against strong free judges, over seeds, among networks of
#   similar size, and at the top.
# - Take a shortlist from the supernet, train it alone, choose by the validation accuracy of *that*
#   training. Compare at equal cost, with the shortlists of free judges too, and say what the bill leaves
#   out.
# - Noise goes away with more seeds. Bias stays, and before you name its cause, look for a control.
#
# | where the idea comes from | year | how the weights are shared |
# |---|---|---|
# | SMASH, Brock et al. | 2017 | a second network *writes* the weights of each candidate |
# | ENAS, Pham et al. | 2018 | one large graph; a controller learns by reinforcement which path to take |
# | one-shot, Bender et al. | 2018 | one large graph, parts dropped at random; no controller needed |
# | single path, Guo et al. | 2019 | one path a batch, drawn uniformly; then evolution on the supernet |
# | once-for-all, Cai et al. | 2020 | shared so well that the winner needs no training of its own |
#
# Next: here a path was drawn, and judged afterward. [Unit 09](09_gradient_based.ipynb) lets the
# gradient choose.
#
# ## Exercises
#
# In [four exercises](../exercises/08_weight_sharing.ipynb) you compute Kendall's tau by hand, cut a
# kernel out of a shared one, search with a shortlist and write the bill, and decide what three close
# networks are worth.
#
# ## Further reading
#
# - Pham, H., Guan, M. Y., Zoph, B., Le, Q. V. & Dean, J. (2018). *Efficient Neural Architecture
#   Search via Parameter Sharing*. [arXiv:1802.03268](https://arxiv.org/abs/1802.03268)
# - Bender, G., Kindermans, P.-J., Zoph, B., Vasudevan, V. & Le, Q. V. (2018). *Understanding and
#   Simplifying One-Shot Architecture Search*. [PMLR
#   80:550](https://proceedings.mlr.press/v80/bender18a.html)
# - Brock, A., Lim, T., Ritchie, J. M. & Weston, N. (2017). *SMASH: One-Shot Model Architecture Search
#   through HyperNetworks*. [arXiv:1708.05344](https://arxiv.org/abs/1708.05344)
# - Guo, Z. et al. (2019). *Single Path One-Shot Neural Architecture Search with Uniform Sampling*.
#   [arXiv:1904.00420](https://arxiv.org/abs/1904.00420)
# - Yu, K., Sciuto, C., Jaggi, M., Musat, C. & Salzmann, M. (2019). *Evaluating the Search Phase of
#   Neural Architecture Search*. [arXiv:1902.08142](https://arxiv.org/abs/1902.08142)
# - Chu, X., Zhang, B. & Xu, R. (2021). *FairNAS: Rethinking Evaluation Fairness of Weight Sharing
#   Neural Architecture Search*. [arXiv:1907.01845](https://arxiv.org/abs/1907.01845)
# - Yu, J. & Huang, T. (2019). *Universally Slimmable Networks and Improved Training Techniques*.
#   [arXiv:1903.05134](https://arxiv.org/abs/1903.05134)
# - Cai, H. et al. (2020). *Once-for-All: Train One Network and Specialize it for Efficient
#   Deployment*. [arXiv:1908.09791](https://arxiv.org/abs/1908.09791)
