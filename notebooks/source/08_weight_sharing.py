# %% [markdown]
# # Unit 08: Can one training judge all networks?
#
# - **Objectives**: explain how networks share weights, and which weights a training step changes;
#   train a supernet; rank a whole space by inherited accuracies and say what the ranking is worth;
#   search with it, at an honest price; name where sharing misleads.
# - **Prerequisites**: [unit 04](04_estimation.ipynb): rank correlation, regret, judging the judge;
#   [unit 05](05_strategies.ipynb): equal budget, bootstrap interval
# - **Time**: 65 min: one array 5 min, one vector 10 min, one network a batch 10 min, a first ranking
#   10 min, five supernets 10 min, search 10 min, where it misleads 10 min
# - **Cost**: 30 s of one CPU core and 1,100 MiB of memory; no GPU, no network
#
# A search trains a network, writes one number down, and throws the weights away. Then it trains the
# next one from nothing, though the two may differ in a single choice. What if they shared their
# weights? In 2018 this idea cut the price of a search to a thousandth (Pham et al.). Can a single
# training judge all 1,248 networks of our space? We can check: MNIST-NAS-Bench knows how each does
# when it is trained alone.

# %%
from nascourse import benchmark, data, plotting, trials
from nascourse.methods import oneshot

import itertools
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats

# %% [markdown]
# ## Two networks, one array
#
# A large network has a filter of 5x5 weights, a small one a filter of 3x3. Let the small filter be
# the *middle* of the large one. In NumPy a slice is no copy. It is a view, a second name for the
# same memory.

# %%
large = np.zeros((5, 5))
small = large[1:4, 1:4]

# %% [markdown]
# Now the small network is trained: each of its weights grows by 1. After that comes a batch for the
# large one, and each of its weights shrinks by 0.2. **Predict** what the two arrays hold.

# %%
small += 1
large -= 0.2
print(large)
print(small)

# %% [markdown]
# Each was changed by the other's batch. That is the whole idea, with its promise and its danger. The
# promise: what one network learns, the other knows as well, and nobody pays for it twice. The
# danger: what is good for the small one need not be good for the large one, and each undoes a part
# of what the other has learned.
#
# Filters are shared in the same way. A network with two filters uses the first two of sixteen:

# %%
bank = np.zeros((5, 5, 1, 16))  # rows, columns, channels in, filters
bank[1:4, 1:4, :, :2].shape

# %% [markdown]
# ## A space as one vector
#
# A **supernet** holds the weights of all networks of a space. Ours is one long vector. The **path**
# of a network says where in it each of its weights lies.

# %%
bench = benchmark.load_benchmark()
final = bench.final()
supernet = oneshot.Supernet(seed=1)
print(supernet)
print(f"each network for itself: {final['n_params'].sum():,} weights")

# %%
network = {
    "body/blocks": 2,
    "body/halving": "max",
    "body/skip": False,
    "conv/kind": "plain",
    "conv/kernel": 3,
    "conv/filters_0": 6,
    "conv/filters_1": 6,
    "head": "quarters",
}
path = supernet.path(network)
print([part.shape for part in path])
print(path[0][:, :, 0, 0])

# %% [markdown]
# The first line has the shapes that Keras would have: kernel and bias of two convolutions, then the
# dense layer. The square holds the *places* of the weights of one filter. From column to column it
# is 16 places, as the 16 filters lie side by side. From row to row it is 80: five columns of 16.
#
# Two networks share what lies on both paths. We change one choice at a time. **Predict**: which
# change keeps all weights of our network in use, and which keeps the fewest?


# %%
def places(setting):
    return {place for part in supernet.path(setting) for place in part.flat}


mine = places(network)
changes = {
    "body/halving": "stride",
    "body/skip": True,
    "conv/kernel": 5,
    "conv/filters_0": 2,
    "conv/filters_1": 16,
    "conv/kind": "separable",
    "head": "flatten",
}
kept = {
    f"{name}: {value}": len(mine & places({**network, name: value})) / len(mine)
    for name, value in changes.items()
}

# %%
with plt.rc_context(plotting.STYLE):
    ax = pd.Series(kept).plot.barh(xlabel="share of our network's weights")
ax.invert_yaxis()  # the first on top
plotting.show(ax, source="the paths of the supernet")

# %% [markdown]
# A larger window, more filters, or a skip only *add* weights. Halving has no weights at all, so the
# two ways of halving use the same ones. A separable convolution is made of other arrays, and another
# head is another dense layer. Nobody proved that these rules are good. They are decisions, as the
# space itself was one.
#
# ## One network a batch
#
# How do you train 1,248 networks at once? Not at all: train *one*, drawn at random, with each
# batch of images. This is **single-path uniform sampling** (Guo et al. 2019). Each choice is drawn
# uniformly, one after the other. **Predict**: is then each *network* equally probable?

# %%
rng = np.random.default_rng(0)
drawn = Counter(oneshot.sample(rng)["body/blocks"] for _ in range(3000))
in_space = final["body/blocks"].value_counts()
pd.DataFrame({"of 3,000 draws": drawn, "of 1,248 networks": in_space}).sort_index()

# %% [markdown]
# No. A third of the draws has one block, though few networks do, so each of these has its turn more
# often. Uniform over *choices* is not uniform over *networks*.
#
# A step then changes what is on the path. Let us watch one.

# %%
splits = data.load_mnist("bundled")
x, y = splits.x_train[:64], splits.y_train[:64]
before = supernet.weights.numpy()
loss = supernet.train_step(network, x, y)
changed = set(np.flatnonzero(supernet.weights.numpy() != before))

print(f"on the path: {len(mine) / len(before):.0%} of the weights")
print("changed, and not on the path:", len(changed - mine))

# %% [markdown]
# The training is this step again and again. The learning rate falls to zero in a straight line.


# %%
def train(splits, epochs, seed):
    """Train a supernet, one network a batch, as `oneshot.train_supernet` does."""
    supernet, rng = oneshot.Supernet(seed=seed), np.random.default_rng(seed)
    n, done = len(splits.y_train), 0
    steps = epochs * len(range(0, n, 64))
    for _ in range(epochs):
        for batch in np.split(rng.permutation(n), range(64, n, 64)):
            network = oneshot.sample(rng)
            rate = 0.008 * (1 - done / steps)
            x, y = splits.x_train[batch], splits.y_train[batch]
            supernet.train_step(network, x, y, learning_rate=rate)
            done += 1
    return supernet


# %% [markdown]
# ## A first ranking
#
# Twenty-five epochs, about as many as two of the table's networks took. Afterward each of the 1,248
# is judged with the weights that it **inherits**, without any training of its own. **This takes about
# 15 seconds.**

# %%
supernet = train(splits, epochs=25, seed=1)
inherited = supernet.rank(splits)["val_accuracy"]
print(f"{len(inherited):,} networks judged, by {len(splits.y_val)} validation images each")

# %% [markdown]
# The truth is, as in unit 04, the mean test accuracy of each network trained alone, and Kendall's
# rank correlation says how well two orders agree. The opponent is the simplest judge there is:
# count the parameters. **Predict**: is the supernet better or worse?

# %%
truth = final["test_accuracy"]


def kendall(judge, group=truth.index):
    return stats.kendalltau(judge[group], truth[group]).statistic  # tau-b, which allows for ties


by_counting = kendall(final["n_params"])
print(f"counting parameters: {by_counting:.2f}")
print("this supernet beats a coin:", kendall(inherited) > 0.3)
print("this supernet beats counting:", kendall(inherited) > by_counting)

# %%
with plt.rc_context(plotting.STYLE):
    _, ax = plt.subplots(layout="constrained")
ax.plot(truth, inherited, ".", color=plotting.BLUE, alpha=0.4)
ax.axline((0.9, 0.9), slope=1, color=plotting.GRAY, linestyle=":")
ax.set(xlabel="test accuracy, trained alone", ylabel="inherited validation accuracy", ylim=(0, 1))
plotting.show(ax, source="measured here, and MNIST-NAS-Bench")

# %% [markdown]
# That is sobering. The cloud rises, so the supernet knows something. But counting parameters is
# free, and orders the networks better. Most networks are far below the dotted line: with what they
# inherited they read far fewer digits than they could.
#
# Does it need more time? We recorded supernets that were trained for longer. (For the choice of the
# training we compare with the *validation* accuracies of the table. Its test accuracies are kept
# for the final judgment.)

# %%
recorded = trials.recorded("oneshot").set_index("network") / splits.y_val.size
about = trials.recorded("oneshot_supernets").set_index("supernet")

longer = ["25 epochs", "50 epochs", "100 epochs", "seed 1"]  # the last one: 200
by_validation = recorded.corrwith(final["val_accuracy"], method="kendall")
curve = pd.DataFrame({"the supernet": by_validation[longer]}).set_index(about["epochs"][longer])
curve["counting parameters"] = final["n_params"].corr(final["val_accuracy"], method="kendall")
curve.rename_axis("epochs of the supernet").round(2)

# %%
ax = plotting.plot_lines(
    curve.rename_axis("epochs of the supernet"), value="Kendall's rank correlation", log_x=True
)
plotting.show(ax, source="a recording of supernets of seed 1, and MNIST-NAS-Bench")

# %% [markdown]
# Each doubling helps, each less than the one before. From 50 epochs on the supernet is ahead. We
# stop at 200, which are 10,000 batches. A weight that only few networks use is trained with few of
# them, so a supernet needs far more epochs than a network alone.
#
# ## Five supernets
#
# One supernet is an anecdote, like any single training. So here are five, each of 200 epochs, and
# now the final judgment: Kendall's correlation with the truth, once over all networks, and once
# within twelve groups of similar size. There counting has little to say, as in unit 04. For
# comparison, two judges that train each network alone, with one seed: the full training, and one
# epoch only.

# %%
similar = pd.qcut(final["n_params"].astype(float), 12)
groups = final.groupby(similar, observed=True).groups.values()
supernets = [name for name in recorded if name.startswith("seed")]
judges = {f"supernet, {name}": recorded[name] for name in supernets}
judges["counting parameters"] = final["n_params"]
seed_0 = bench.curves[bench.curves["seed"] == 0]
curves = seed_0.pivot(index="network", columns="epoch", values="val_accuracy")
judges |= {"each alone, 1 epoch": curves[1], "each alone, 12 epochs": curves[12]}

worth = pd.DataFrame({"all networks": {name: kendall(judge) for name, judge in judges.items()}})
worth["of similar size"] = [
    np.mean([kendall(judge, group) for group in groups]) for judge in judges.values()
]
worth.round(2)

# %% [markdown]
# How sure is the median of five? The bootstrap of unit 05 draws five from the five, with
# replacement. That is possible in $5^5 = 3{,}125$ ways only, so we take all of them.

# %%
five = worth["all networks"].iloc[:5]
medians = [np.median(again) for again in itertools.product(five, repeat=5)]
low, high = np.percentile(medians, [2.5, 97.5])
print(f"median {five.median():.3f}, 95% interval {low:.3f} to {high:.3f}")
print(f"counting parameters {by_counting:.3f}")

# %%
with plt.rc_context(plotting.STYLE):
    ax = worth.plot.barh(width=0.8, xlabel="Kendall's rank correlation with the truth")
ax.invert_yaxis()  # the first on top
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)  # above the bars
plotting.show(ax, source="a recording of five supernets, and MNIST-NAS-Bench")

# %% [markdown]
# All five beat counting, and the whole interval lies above it. Among networks of similar size the
# lead is largest: there counting is nearly blind, and one epoch alone knows less than any of the
# five supernets. So the supernet does not merely see size. Training each network for twelve epochs
# remains the better judge, and the question is what that costs.
#
# ## Search with a supernet
#
# In a large space a search would ask the supernet where it now asks a training: Guo et al. let
# evolution do so. In ours no strategy is needed, as judging all 1,248 takes some five seconds. Take
# the network that is ranked first? Or better: take a **shortlist** of the first eight, train these
# alone, and choose among them by the validation accuracy of their own training.
#
# **Predict** which of the two has the smaller regret, and by how much. We give it in points: a point
# is one percent of test accuracy.

# %%
rows = {}
for name in supernets:
    by_rank = final.assign(inherited=recorded[name]).sort_values(
        ["inherited", "n_params"], ascending=[False, True]
    )
    shortlist = by_rank.index[:8]
    bench.start()
    alone = pd.DataFrame(
        {s: {n: bench.query(n, seed=s).val_accuracy for n in shortlist} for s in bench.seeds}
    )
    shipped = truth[alone.idxmax()]  # one network for each seed of the second training
    rows[name] = {
        "first": 100 * (truth.max() - truth[shortlist[0]]),
        "best of eight": 100 * (truth.max() - shipped.mean()),
        "seconds for eight": bench.seconds_spent / len(bench.seeds),
    }
found = pd.DataFrame(rows).T.join(about[["train_seconds", "judge_seconds"]])
found.round(2)

# %% [markdown]
# The shortlist lowers the regret in most rows, and never raises it by much: the supernet need not
# put the best network first, it only has to keep it among the first. (Each row is the mean over the
# three seeds of the second training.)
#
# ### The bill
#
# Both kinds of seconds are processor time of one core of the same kind of machine.

# %%
supernet_alone = (found["train_seconds"] + found["judge_seconds"]).median()
whole = found.drop(columns=["first", "best of eight"]).sum(axis=1).median()
all_once = bench.curves.groupby("seed")["seconds"].sum().mean()
print(f"all networks alone, once: {all_once:.0f} s")
print(f"supernet and its ranking: {supernet_alone:.0f} s, 1/{all_once / supernet_alone:.0f}")
print(f"with a shortlist of 8:    {whole:.0f} s, 1/{all_once / whole:.0f}")
print(f"for that price: {whole / all_once * len(bench):.0f} networks alone")

# %% [markdown]
# But nobody would train all 1,248. The fair opponent is a search that may spend the same seconds.
# **Predict** who is ahead. **This takes a few seconds.**

# %%
races = benchmark.simulate(["random", "evolution"], budget=60, seeds=range(100))
standing = benchmark.within_budget(races, [whole], by="seconds")[whole]
regrets = {"supernet and 8 alone": found["best of eight"].to_numpy() / 100}
regrets |= {name: standing[name].to_numpy() for name in ("random", "evolution")}
for name, values in regrets.items():
    print(f"{name}: median regret {np.median(values):.2%}, {len(values)} searches")
for name in ("random", "evolution"):
    p = benchmark.superiority(-regrets["supernet and 8 alone"], -regrets[name])
    print(f"better than {name}: probability {p.probability:.2f} ({p.low:.2f} to {p.high:.2f})")

# %%
ax = plotting.plot_shares(regrets, by="regret")
ax.set_xlim(0, 0.03)
ax.set_ylabel("share of the searches at or below")
ax.legend(loc="lower right", frameon=False)
plotting.show(ax, source="a recording of five supernets, and 100 simulated searches each")

# %% [markdown]
# At the price of some forty single trainings the supernet is ahead of both. Mind three things.
#
# - Five searches are few. The bootstrap can only redraw these five, so its intervals are too narrow
#   rather than too wide.
# - What the bill leaves out: how long to train, at which rate, and what to share were tried out
#   beforehand, with the table's validation accuracies as a guide. On a new problem nobody has these.
# - A supernet has to be *written*. The two strategies work for any build function.
#
# ## Where sharing misleads
#
# Yu et al. (2019) compared what shared weights say with the truth, in spaces small enough to know
# it. There the order said little about the true one, and whole searches ended about as well as a
# random choice. In our space it is not so bad. Where is it bad?
#
# ### At the top
#
# **Predict**: how much of the correlation is left among the best tenth of the networks?

# %%
best_tenth = truth.nlargest(len(truth) // 10).index
at_the_top = pd.Series({name: kendall(judge, best_tenth) for name, judge in judges.items()})
at_the_top.round(2).to_frame("among the best tenth")

# %% [markdown]
# About half of it, and hardly more than counting has. Here even the full training of each network
# has not much more: from unit 04 we know that among the best, seeds differ as much as networks do.
# A supernet tells good from bad. Who is the best of the good it cannot say, and that is why we
# trained a shortlist.
#
# ### In level
#
# An inherited accuracy is no forecast.

# %%
with plt.rc_context(plotting.STYLE):
    _, ax = plt.subplots(layout="constrained")
ax.plot(final["val_accuracy"], recorded["seed 1"], ".", color=plotting.BLUE, alpha=0.4)
ax.axline((0.9, 0.9), slope=1, color=plotting.GRAY, linestyle=":")
ax.set(xlabel="validation accuracy, trained alone", ylabel="inherited", ylim=(0.2, 1))
plotting.show(ax, source="a recording of the supernet of seed 1, and MNIST-NAS-Bench")

# %%
inherited, alone = recorded[supernets].mean(axis=1), final["val_accuracy"]
print(f"mean of all networks: inherited {inherited.mean():.2f}, alone {alone.mean():.2f}")
print(f"better alone: {(alone > inherited).mean():.0%} of the networks")

# %% [markdown]
# Compare with the cloud after 25 epochs: it has come up, and drawn together. Still, nearly all networks
# do better alone. The weights are a compromise between all that use them. (A few weak ones gain.
# Within 10,000 batches some of their weights were trained more often than in twelve epochs alone.)
# Report the accuracy of the network that you *trained*, never the inherited one.
#
# ### In one direction
#
# Noise would be harmless: other seeds, other errors. Is there bias, as in unit 04's judgment
# after one epoch? For each value of a choice, by how many places do its networks stand too high or
# too low in the ranking of a supernet? We take the mean, and the extremes of the five supernets.

# %%
too_high = recorded[supernets].rank().sub(truth.rank(), axis=0)
rows = {}
for choice in ("body/skip", "head", "body/blocks", "conv/filters_1", "conv/filters_2"):
    for value, each in too_high.groupby(final[choice]).mean().iterrows():
        rows[f"{choice}: {value}"] = [each.mean(), each.min(), each.max()]
shift = pd.DataFrame(rows, ["mean", "lowest", "highest"]).T
shift.round().astype(int)

# %%
with plt.rc_context(plotting.STYLE):
    _, ax = plt.subplots(layout="constrained")
ax.hlines(shift.index, shift["lowest"], shift["highest"], color=plotting.GRAY)
ax.plot(shift["mean"], shift.index, "o", color=plotting.BLUE)
ax.axvline(0, color=plotting.GRAY, linestyle=":")
ax.invert_yaxis()
ax.set_xlabel("places too high in the ranking of 1,248")
plotting.show(ax, source="a recording of five supernets, and MNIST-NAS-Bench")

# %% [markdown]
# Where the line crosses zero, the supernets disagree, and another seed helps. Where it lies on one
# side in all five, more seeds do not help. Sixteen filters in the third block (`filters_2`) stand far
# too low, and networks with skips too high. For the filters there is a plausible cause: only every
# third batch has a third block, and only every third of these has 16 filters. So the last ten filters
# are trained with a ninth of the batches, the first two with a third. (Plausible is not tested.) For
# the skips we know none.
#
# A search with this supernet would prefer skips, and you would read in its report that skips matter.
#
# ### Less sharing?
#
# If sharing hurts, share less: give the networks with skips a vector of their own, or those of each
# window. **Predict** what this does to the order, at the same number of batches.

# %%
apart = [name for name in recorded if name.startswith("separate")]
names = {"seed 1": "all shared", **{name: name.replace("/", " / ") for name in apart}}
by_validation[list(names)].rename(names).sort_values(ascending=False).round(2).to_frame("Kendall")

# %%
print(f"five seeds, all shared: {by_validation[supernets].min():.2f}", end=" ")
print(f"to {by_validation[supernets].max():.2f}")

# %% [markdown]
# None of the four is better. Where two vectors take the place of one, each is trained with half of
# the batches. These are single trainings, so compare them with the spread of the five seeds: three
# of the four lie in its lower half, and only separate skips fall clearly below. At *equal cost*, we
# have no evidence that less sharing helps, and some that it can hurt.
#
# ## What may we say?
#
# - *Of this space*: one training of half a minute orders 1,248 networks far better than chance and
#   better than counting; with eight trainings it finds a network close to the best.
# - *What we do not know*: whether it holds elsewhere. Our networks are small and alike, and our rules
#   of sharing fit them. Yu et al. found the opposite in other spaces.
# - *What carries over*: check a supernet before you believe it. Train a dozen networks alone, spread
#   over its ranking, and look at the rank correlation, next to that of the parameter count.
#
# Where does the idea come from?
#
# | | year | how the weights are shared |
# |---|---|---|
# | SMASH, Brock et al. | 2017 | a second network *writes* the weights of each candidate |
# | ENAS, Pham et al. | 2018 | one large graph; a controller learns by reinforcement which path to take |
# | one-shot, Bender et al. | 2018 | one large graph, parts dropped at random; no controller needed |
# | single path, Guo et al. | 2019 | one path a batch, drawn uniformly; then evolution on the supernet |
# | once-for-all, Cai et al. | 2020 | shared so well that the winner needs no training of its own |
#
# ## Summary
#
# - Weight sharing: where two paths hold the same place, two networks have the same weight.
# - Single-path uniform sampling: each batch trains one network, drawn choice by choice.
# - An inherited accuracy is good for the order, and no forecast of what the network can do.
# - Judge the judge: against the truth, over seeds, among networks of similar size, and at the top.
# - Take a shortlist from the supernet, train it alone, choose by the validation accuracy of *that*
#   training.
# - Compare at equal cost, and say what the bill leaves out.
# - Noise goes away with more seeds. Bias stays.
#
# Next: here a path was drawn, and judged afterward. [Unit 09](09_gradient_based.ipynb) lets the
# gradient choose.
#
# ## Exercises
#
# Four exercises in [08_weight_sharing](../exercises/08_weight_sharing.ipynb), 40 minutes: Kendall by
# hand, cut a kernel out of a shared one, search with a shortlist and write the bill, and decide what
# three close networks are worth.
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
# - Cai, H. et al. (2020). *Once-for-All: Train One Network and Specialize it for Efficient
#   Deployment*. [arXiv:1908.09791](https://arxiv.org/abs/1908.09791)
