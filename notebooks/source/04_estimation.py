# %% [markdown]
# # Unit 04: How cheaply can a network be judged?
#
# - **Objectives**: say how sure a validation accuracy is; measure with a rank correlation what a
#   cheap judgment is worth; save three quarters of the training with successive halving; test a
#   zero-cost proxy against counting parameters; watch a search in TensorBoard.
# - **Prerequisites**: [unit 02](02_random_search.ipynb): trial, validation, winner's curse; [unit
#   03](03_search_spaces.ipynb): parameters and FLOPs
# - **Time**: 70 min: the price 5 min, how sure 10 min, fewer epochs 15 min, fewer images 10 min,
#   halving 15 min, no training at all 5 min, TensorBoard 5 min, the winner's curse 5 min
# - **Cost**: 20 s of one CPU core and 850 MiB of memory; no GPU, no network
#
# A search asks the same question again and again: how good is this network? The answer costs nearly
# all of its time. Real et al. (2019) trained 20,000 networks, on 450 GPUs, for a week; to propose
# them took next to nothing. Whoever judges at a tenth of the price can try ten times as many
# networks. So how cheap may a judgment be?

# %%
from nascourse import benchmark, data, evaluation, plotting, search, spaces, trials
from nascourse.methods import proxies

import math
import shutil
from collections import Counter
from pathlib import Path

import keras
import keras_tuner as kt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

# %% [markdown]
# ## What does a judgment cost?
#
# To judge a judge, we must know the truth. The course brings a table that does:
# **MNIST-NAS-Bench**. Small CNNs of a space of 1,248 were trained on digits, each for 12 epochs
# from three different seeds. After each epoch they were judged on 1,000 validation images; at the
# end they were tested on MNIST's 10,000 official test images. Such a table is called a **tabular
# benchmark**. The idea is NAS-Bench-101's (Ying et al. 2019).

# %%
bench = benchmark.load_benchmark()
spaces.to_table(spaces.bench_space)

# %% [markdown]
# A query answers as a training would, and the benchmark notes what that training would have cost.
# We ask for a network from the middle of the field.

# %%
final = bench.final()
order = (
    final["test_accuracy"].sort_values(kind="stable").index
)  # numbers of the networks, the worst first
middle = order[len(order) // 2]
for epochs in (1, 4, 12):
    outcome = bench.query(middle, epochs=epochs)
    print(
        f"{epochs:2} epochs: validation accuracy {outcome.val_accuracy:.3f}, {outcome.seconds:.2f} s"
    )
print(bench)

# %% [markdown]
# Three trainings, 17 epochs. Three seconds of computing are nothing; but the proportions are those
# of a search that takes a week, so we count the cost in epochs.
#
# A query never tells the test accuracy, since no search may look at it. We do not search here: we
# judge the judges. For that the final test accuracy, the mean of three seeds, is our **truth**.

# %%
truth = final["test_accuracy"]
truth.describe()[["min", "25%", "50%", "75%", "max"]].round(3)

# %% [markdown]
# Half of the networks lie above the row called `50%`, and not far below the best. The bad ones are
# far below: in this space there is something to find and something to avoid.
#
# ## How sure is one number?
#
# **Predict.** We train the same network from three seeds. By how much will its validation accuracy
# differ? Here are a weak network, a middling one and a good one.

# %%
last = bench.curves[bench.curves["epoch"] == bench.epochs]
by_seed = last.pivot(index="network", columns="seed", values="val_accuracy")
by_seed.loc[[order[len(order) // 10], middle, order[-len(order) // 10]]]

# %% [markdown]
# The rows differ, and so do the numbers within a row. The second kind of difference is **seed
# noise**: other first weights, another order of the images. A judgment is useful if the networks
# differ more than the seeds do. Do they?

# %%
best_tenth = order[-len(order) // 10 :]
for name, group in {"all networks": by_seed, "the best tenth": by_seed.loc[best_tenth]}.items():
    noise = group.std(axis=1).median()
    spread = group.mean(axis=1).std()
    print(f"{name}: from seed to seed {noise:.4f}, from network to network {spread:.4f}")

# %% [markdown]
# (Both are standard deviations.) Over the whole space the networks differ several times as much as
# the seeds: one training tells a good network from a bad one. Among the best tenth that is gone.
# There a difference between two networks is about as large as the difference that luck makes.

# %%
top_30 = by_seed.loc[order[-30:]]
top_30 = top_30.loc[top_30.mean(axis=1).sort_values().index]
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
ax.vlines(range(30), top_30.min(axis=1), top_30.max(axis=1), color=plotting.GRAY, alpha=0.5)
ax.plot(range(30), top_30, "o", color=plotting.BLUE, markersize=4)
ax.plot(range(30), top_30.mean(axis=1), "_", color=plotting.ORANGE, markersize=9)
ax.set(xlabel="networks, ordered by the mean (orange)", ylabel="validation accuracy", xticks=[])
plotting.show(ax, source="MNIST-NAS-Bench")

# %% [markdown]
# Where the lines overlap, another seed could have put the networks in another order. More seeds
# would help, and each costs a whole training.
#
# There is a second kind of luck: which images happen to be in the validation set. Let us ask what
# other images of the same kind could have said of a network with 95 percent.

# %%
for n_images in (100, 800, 1_000, 10_000):
    low, high = evaluation.accuracy_interval(0.95, n_images)
    print(f"95.0% of {n_images:6,} images: 95% interval {low:.1%} to {high:.1%}")

# %% [markdown]
# Such an interval is made to hold, 95 times in 100, what the network would reach on all images of
# this kind. With 1,000 images it is almost three percent wide. In a search this is less bad than it
# looks. All networks sit the same exam, so a hard image is hard for all of them, and the comparison
# of two is surer than each number alone. But as a promise for new images, the interval stands.
#
# ## Fewer epochs
#
# The first way to save: stop early. We do not need the final accuracy for that, only the right
# **order**. How well two lists order the same things alike is measured by a **rank correlation**.
# Here are five networks after one epoch and at the end, with made-up numbers.

# %%
five = pd.DataFrame(
    {"early": [0.62, 0.71, 0.55, 0.80, 0.75], "late": [0.93, 0.92, 0.88, 0.96, 0.95]},
    index=list("ABCDE"),
)
ranks = five.rank()  # 1 is the lowest
ranks.assign(squared_difference=(ranks["early"] - ranks["late"]) ** 2)

# %% [markdown]
# Only A and B change places. **Spearman's rank correlation** is the ordinary correlation
# (`np.corrcoef`) of the two columns of ranks. Without ties, which are equal values, it is
# $1 - 6 \sum d^2 / (n (n^2 - 1))$, with the squared differences $d^2$ of the $n$ ranks. It is 1 for
# the same order, -1 for the opposite one, and about 0 for two orders that have nothing to do with
# each other.
#
# **Kendall's** counts pairs instead: the share of pairs in the same order, less the share in
# opposite order. Of our ten pairs, one is in opposite order. **Predict** both numbers, then run the
# cell.

# %%
print(f"Spearman by hand: {1 - 6 * 2 / (5 * (5**2 - 1)):.2f}")
print(f"Spearman: {stats.spearmanr(five['early'], five['late']).statistic:.2f}")
print(f"Kendall: {stats.kendalltau(five['early'], five['late']).statistic:.2f}")

# %% [markdown]
# Now the real networks. We judge by the validation accuracy after so many epochs, from one seed,
# and compare with the truth. **Predict**: after how many of the 12 epochs does the rank correlation
# reach 0.95? And is it the same if we look at the best quarter of the networks only?

# %%
seed_0 = bench.curves[bench.curves["seed"] == 0]
after = seed_0.pivot(index="network", columns="epoch", values="val_accuracy")
best_quarter = order[-len(order) // 4 :]

agreement = pd.DataFrame(
    {
        name: after.loc[group].corrwith(truth.loc[group], method="spearman")
        for name, group in {"all networks": order, "the best quarter": best_quarter}.items()
    }
)
agreement.loc[[1, 2, 3, 6, 12]].round(2).T

# %%
ax = plotting.plot_lines(agreement, value="rank correlation with the truth")
plotting.show(ax, source="MNIST-NAS-Bench")

# %% [markdown]
# One epoch costs a twelfth and already gives most of the order. After three or four epochs there is
# little left to gain, so the last two thirds of the training buy almost nothing. Among the best
# quarter every judge does worse: the noise is smaller there, but the differences have shrunk far
# more. No number of epochs removes it.
#
# ### Who is judged unfairly?
#
# An early judgment could be merely noisy. It is worse: it can be **biased**. Here are the two
# networks whose rank fell and climbed most between the first epoch and the last.

# %%
curves = bench.curves.pivot_table(index="epoch", columns="network", values="val_accuracy")
ranks = curves.rank(axis=1)
climb = ranks.loc[12] - ranks.loc[1]
fallen, risen = climb.idxmin(), climb.idxmax()
bench.networks.loc[[fallen, risen], [*bench.choices, "n_params"]].T

# %%
pair = curves[[fallen, risen]].set_axis(["fell most", "climbed most"], axis=1)
plotting.show(
    plotting.plot_lines(pair, value="val_accuracy"),
    source="MNIST-NAS-Bench, the mean of three seeds",
)

# %% [markdown]
# The curves cross. Stop before the crossing, and you take the wrong one. Is there a system in it?
# We take the mean climb, in ranks, of the networks with one, two and three blocks.

# %%
for choice in ("body/blocks", "head"):
    print(climb.groupby(bench.networks[choice].astype(str)).mean().round().to_dict(), choice)

# %% [markdown]
# Deep networks climb, shallow ones fall; a head that averages climbs, one that flattens falls. So a
# search that judges after one epoch prefers shallow networks, however many seeds it takes.
#
# ### Does it matter for the choice?
#
# A search does not need the whole order. It needs the winner. Its **regret** says how far the test
# accuracy of the network it chose is below the best in the table. We draw networks at random, judge
# each after so many epochs with one seed, choose the best, and look at the truth. We also count the
# **recall**: how many of the ten truly best of the drawn are among the ten judged best.

# %%
judged = bench.curves["val_accuracy"].to_numpy().reshape(len(bench), len(bench.seeds), bench.epochs)
true = truth.to_numpy()


def choose(n_networks, epochs, repeats=1000):
    """Mean regret of the best judged network, and mean recall of the ten best."""
    rng = np.random.default_rng(0)
    regrets, recalls = [], []
    for _ in range(repeats):
        drawn = rng.choice(len(bench), n_networks, replace=False)
        seed = rng.integers(len(bench.seeds), size=n_networks)
        by_judge = drawn[judged[drawn, seed, epochs - 1].argsort()]  # the best comes last
        by_truth = drawn[true[drawn].argsort()]
        regrets.append(true.max() - true[by_judge[-1]])
        recalls.append(len(set(by_judge[-10:]) & set(by_truth[-10:])))
    return np.mean(regrets), np.mean(recalls)


rows = {epochs: (50 * epochs, *choose(50, epochs)) for epochs in (1, 2, 3, 6, 12)}
names = ["epochs in all", "regret", "of the ten best"]
pd.DataFrame(rows, names).T.rename_axis("epochs each").round(4)

# %% [markdown]
# Read it from the bottom up. From twelve epochs to three the price falls to a quarter, and the
# regret hardly moves. The first epoch alone is a worse judge, but not a bad one.
#
# And the epochs that we save can buy more networks. **Predict**: with 120 epochs to spend, is it
# better to judge 10 networks well, 40 fairly, or 120 badly?

# %%
rows = {epochs: (120 // epochs, choose(120 // epochs, epochs)[0]) for epochs in (1, 2, 3, 4, 6, 12)}
pd.DataFrame(rows, ["networks", "regret"]).T.rename_axis("epochs each").round(4)

# %% [markdown]
# Few sure judgments are the worst choice: the regret with 10 networks is nearly twice that with 40.
# Among ten there may be no good one, and the best judge cannot choose what is not there. At the
# other end one epoch is no better than three, as its errors eat up what the larger choice brings.
# The best lies in between, and it is flat: nobody has to hit it exactly.
#
# ## Fewer images
#
# The second way to save: train on a part of the images. A smaller task that stands for the real one
# is a **proxy task**. We try it on six networks, from the worst of the table to the best, with 500
# images and 12 epochs. The number of a network is its place in `spaces.settings`. **This takes
# about 10 seconds.**

# %%
splits = data.load_mnist("bundled")
part = data.subset(splits, 500)
settings = spaces.settings(spaces.bench_space)

on_500 = {}
for network in order[np.linspace(0, len(order) - 1, 6, dtype=int)]:
    keras.utils.set_random_seed(0)
    model = spaces.built(spaces.bench_space, settings[network])
    model.fit(part.x_train, part.y_train, epochs=12, batch_size=64, verbose=0)
    on_500[network] = model.evaluate(splits.x_val, splits.y_val, verbose=0)[1]

six = pd.DataFrame({"500 images": on_500, "truth": truth.loc[list(on_500)]})
print(f"rank correlation {stats.spearmanr(six['500 images'], six['truth']).statistic:.2f}")
six.round(2)

# %% [markdown]
# All accuracies are below the truth, some far below, and that does not matter: it is the order that
# counts. Six networks are few, though, and we spread them on purpose, which flatters every judge.
# So we did the same, beforehand, with 100 networks drawn at random and four sizes.
#
# **Predict.** (The table was made with 4,000 training images, where you have 3,200.) Twelve epochs
# on 500 images cost as much as one and a half epochs on all 4,000. Which is the better judge?

# %%
subsets = trials.recorded("subsets").set_index("network")
same_100 = after.reindex(subsets.index)

fewer_images = subsets.corrwith(truth, method="spearman")
fewer_images.index = fewer_images.index.astype(int) / 4000 * 12
fewer_epochs = same_100[range(1, 7)].corrwith(truth, method="spearman")
by_cost = pd.DataFrame({"fewer images": fewer_images, "fewer epochs": fewer_epochs})
by_cost = by_cost.sort_index().rename_axis("cost, in epochs on 4,000 images")
by_cost.round(2)

# %%
ax = plotting.plot_lines(by_cost, value="rank correlation with the truth", log_x=True)
plotting.show(ax, source="MNIST-NAS-Bench, and a recording of 100 of its networks on subsets")

# %% [markdown]
# At the same price the weights are corrected equally often. One judge has seen all images a few
# times, the other a few images many times. At a price of one and a half epochs they are about
# equally good. At three, fewer epochs are ahead; at six the two are level again. So on these digits
# fewer images are no bargain, and no disaster. They pay where they make other things cheaper too,
# such as loading or memory, or where a single epoch on all images is already too dear.
#
# ## Successive halving
#
# So far every network got the same judgment. But who is among the last after one epoch is seldom
# the best at the end, even if some climb. **Successive halving** (Jamieson & Talwalkar 2016) spends
# on those who deserve it: train all a little, keep the best part, train those further, and so on.
# We keep a third each time.


# %%
def successive_halving(networks, seed, stops=(1, 3, 9), factor=3):
    """Return the networks that are left at the start and after each stop."""
    left, after = [networks], 0
    for epochs in stops:
        scores = {}
        for network in left[-1]:
            outcome = bench.query(network, epochs=epochs, after=after, seed=seed)
            scores[network] = outcome.val_accuracy
        ranked = sorted(scores, key=scores.get, reverse=True)
        left.append(ranked[: len(ranked) // factor])
        after = epochs
    return left


# %% [markdown]
# `after=` says that a training goes on: only the new epochs are charged. **Predict** the price for
# 27 networks. To train them all for nine epochs would cost 27 x 9 = 243.

# %%
rng = np.random.default_rng(0)
networks = rng.choice(bench.networks.index, 27, replace=False).tolist()

bench.start(budget=63)
left = successive_halving(networks, seed=0)
print("networks left:", [len(names) for names in left])
print("epochs spent:", bench.epochs_spent)

# %% [markdown]
# 27 epochs for all, 9 x 2 for nine of them, 3 x 6 for three: 63, a quarter. The benchmark would
# have stopped us at once, had we wanted more:

# %% tags=["raises-exception"]
bench.query(left[-1][0], epochs=12, after=9)

# %%
reached = {network: stop for stop, names in zip((1, 3, 9), left) for network in names}
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
for network, stop in reached.items():
    color = plotting.ORANGE if network == left[-1][0] else plotting.GRAY
    ax.plot(after.loc[network, :stop], "o-", color=color, markersize=4)
ax.set(xlabel="epoch", ylabel="validation accuracy", xticks=range(1, 10))
plotting.show(ax, source="MNIST-NAS-Bench, seed 0")

# %% [markdown]
# One run is an anecdote, so here are 200, each with 27 other networks. We compare with training all
# of them for nine epochs, and with what random search can do for the same 63 epochs: seven networks
# with nine epochs each. **Predict** who comes first, second and third.


# %%
def best_of(networks, seed):
    scores = {n: bench.query(n, epochs=9, seed=seed).val_accuracy for n in networks}
    return max(scores, key=scores.get)


ways = {
    "all 27": best_of,
    "successive halving": lambda networks, seed: successive_halving(networks, seed)[-1][0],
    "7 at random": lambda networks, seed: best_of(networks[:7], seed),
}

# %%
rows = []
for repeat in range(200):
    rng = np.random.default_rng(repeat)
    networks = rng.choice(bench.networks.index, 27, replace=False).tolist()
    seed = int(rng.integers(len(bench.seeds)))
    for way, choose_one in ways.items():
        bench.start()
        winner = choose_one(networks, seed)
        regret = true.max() - bench.test_accuracy(winner)
        rows.append({"way": way, "epochs": bench.epochs_spent, "regret": regret})
races = pd.DataFrame(rows).groupby("way", sort=False)
races["regret"].describe()[["25%", "50%", "75%", "mean"]].round(4).assign(
    epochs=races["epochs"].first()
)

# %% [markdown]
# Successive halving chooses practically as well as the full training, for a quarter of the epochs.
# Random search at the same price has nearly twice the regret. Hardly any other idea in this course
# gives so much for ten lines of code.
#
# ## Hyperband
#
# How many networks should one start with, and how harshly cut? With networks in the space that
# climb late, a first cut after one epoch is risky; with much seed noise too. **Hyperband** (Li et
# al. 2018) does not decide. It runs successive halving several times, from harsh to patient, at
# about equal cost each. One such run is a **bracket**. The patient end is plain random search.

# %%
max_epochs, factor, most = 9, 3, 2  # 3**2 is 9, so at most two cuts
rows = []
for cuts in range(most, -1, -1):
    before = 0
    for stop in range(cuts + 1):
        networks = math.ceil((most + 1) / (cuts + 1) * factor ** (cuts - stop))
        epochs = math.ceil(max_epochs / factor ** (cuts - stop))
        rows.append((cuts, networks, epochs, networks * (epochs - before)))
        before = epochs
plan = pd.DataFrame(rows, columns=["bracket", "networks", "up to epoch", "epochs paid"])
plan.set_index("bracket")

# %%
searches = []


def hyperband(max_trials, **options):  # it counts epochs, not trials
    searches.append(kt.oracles.HyperbandOracle(max_epochs=9, factor=3, **options))
    return searches[-1]


benchmark.simulate({"hyperband": hyperband}, budget=10, seeds=[0])
stays = [trial.hyperparameters.values for trial in searches[0].trials.values()]
theirs = Counter((stay["tuner/bracket"], stay["tuner/round"]) for stay in stays)
theirs = [theirs[cuts, stop] for cuts in (2, 1, 0) for stop in range(cuts + 1)]
print("KerasTuner does the same:", theirs == plan["networks"].tolist())
print(f"{plan['networks'].sum()} trials, {plan['epochs paid'].sum()} epochs")

# %% [markdown]
# So `kt.Hyperband(max_epochs=9)` makes 23 trials and trains 75 epochs. A trial here is one stay of
# a network in one round. The brackets start with 9, 5 and 3 networks, so only 17 are different. (Li
# et al. round down where KerasTuner rounds up: they would keep one network instead of two in the
# last round of bracket 1.) Whether the patient brackets pay on our digits is a race between
# strategies, and those are for unit 05.
#
# ## No training at all
#
# The cheapest judges look at the untrained network. They are called **zero-cost proxies**.
#
# | proxy | what it looks at | from |
# |---|---|---|
# | `n_params` | how many weights there are | counting |
# | `flops` | how much arithmetic one image takes | counting |
# | `synflow` | how much signal comes through if every weight is made positive | Tanaka et al. 2020 |
# | `naswot` | how differently the ReLUs react to different images | Mellor et al. 2021 |
# | `grad_norm` | how strongly one batch of images pulls at the weights | Abdelfattah et al. 2021 |
#
# None of them trains anything. SynFlow does not even need an image.

# %%
keras.utils.set_random_seed(0)  # the first weights of seed 0 in the table
model = spaces.built(spaces.bench_space, settings[middle])
print(spaces.describe(model))
print(
    f"SynFlow: {proxies.synflow(model):.3g} here, {bench.facts(middle)['synflow']:.3g} in the table"
)

# %% [markdown]
# Proxies are usually compared over a whole space: Abdelfattah et al. report a Spearman correlation
# of 0.82 for their best one on NAS-Bench-201. But there counting is often as good (White et al.
# 2022). So the honest question is: **among networks of about the same size**, does the proxy know
# anything? We sort the networks by parameters into 12 groups, and take the mean of the rank
# correlations within them. One epoch of training joins the contest as the yardstick.
#
# **Predict**: which column will be lower, and whose rank will change?

# %%
judges = final[["n_params", "flops", *benchmark.PROXIES]].assign(one_epoch=after[1])
size_group = pd.qcut(final["n_params"].astype(float), 12)

agreement = pd.DataFrame({"all networks": judges.corrwith(truth, method="spearman")})
within = [
    group.corrwith(truth, method="spearman")
    for _, group in judges.groupby(size_group, observed=True)
]
agreement["networks of similar size"] = pd.concat(within, axis=1).mean(axis=1)
agreement.round(2)

# %%
with plt.rc_context(plotting.STYLE):
    ax = agreement.plot.barh(width=0.8, xlabel="rank correlation with the truth")
ax.invert_yaxis()  # the first on top
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)  # above the bars
plotting.show(ax, source="MNIST-NAS-Bench")

# %% [markdown]
# Over all networks the number of parameters beats every clever proxy. That says less about the
# proxies than about the space: it has tiny networks, and tiny networks are bad. Among equals the
# count is nearly blind, as it must be, and the picture turns: SynFlow knows something that size
# does not tell, here even more than one epoch of training. The others tell less than FLOPs do.
#
# Which proxy works differs from space to space. Whoever uses one should show this second column.
#
# ## Watching a search: TensorBoard
#
# You can also judge with your own eyes, while a search runs. **TensorBoard** draws the learning
# curves of all trainings into one page in the browser. Keras writes its logs by a callback, and
# KerasTuner gives each trial a folder of its own. **This takes about 5 seconds.**

# %%
folder = Path("../runs/04_tensorboard")
shutil.rmtree(folder, ignore_errors=True)  # else old curves would stand beside the new ones
found = search.run_search(
    spaces.bench_space,
    part,
    strategy="random",
    max_trials=3,
    epochs=3,
    seed=1,
    directory=folder,
    callbacks=[keras.callbacks.TensorBoard(folder / "logs")],
)
print(found)

# %% [markdown]
# Open a terminal in the folder of the course, type this, and open the address that it prints:
#
# ```
# tensorboard --logdir runs/04_tensorboard/logs
# ```
#
# Or have the page in a cell of this notebook:
#
# ```
# %load_ext tensorboard
# %tensorboard --logdir ../runs/04_tensorboard/logs
# ```
#
# `epoch_accuracy` shows the curves, for training and for validation; under HPARAMS each trial
# stands with its choices. While a search runs, the page follows it. A person who stops the hopeless
# trials there does successive halving by hand.
#
# Are the numbers really there? TensorBoard's own reader gives them back.

# %%
logs = folder / "logs"
for run in sorted(logs.glob("*/*/validation")):
    events = EventAccumulator(str(run)).Reload().Tensors("epoch_accuracy")
    accuracies = [make_ndarray(event.tensor_proto).item() for event in events]
    trial = int(run.relative_to(logs).parts[0]) + 1  # KerasTuner counts from 0
    ours = found.curves[found.curves["trial"] == trial]["val_accuracy"]
    print(f"trial {trial}: {len(events)} epochs, as in our table: {np.allclose(accuracies, ours)}")

# %% [markdown]
# ## The winner's curse, in numbers
#
# One trap is left, and no judge escapes it. A search reports the **best** of many noisy numbers.
# Unit 02 called it the winner's curse: the winner was probably lucky. Now we can measure it. We
# draw N networks, train each once, choose by validation, and see what the test says of the winner.
#
# **Predict.** For N from 1 to 200: does the gap grow and grow? And does the test accuracy of the
# winner ever fall?

# %%
curse = benchmark.winners_curse(bench, sizes=[1, 3, 10, 30, 100, 200])
curse.round(4)

# %%
curse = curse[["val_accuracy", "test_accuracy"]].set_axis(["promised", "kept"], axis=1)
plotting.show(
    plotting.plot_lines(curse, value="accuracy", log_x=True),
    source="MNIST-NAS-Bench, means of 1,000 draws",
)

# %% [markdown]
# With one network there is no choice, and validation promises what the test keeps. With ten the
# promise is too high by some two images in a thousand. Then the gap does not grow, it even shrinks
# a little: the more networks there are, the more of them are good, and good networks vary less from
# seed to seed. Two in a thousand look harmless. But among the best networks that is half of the
# seed noise, and a paper that claims a gain of two in a thousand may have measured nothing else.
#
# The winner itself gets better all the way. So choosing by validation is right, and quoting the
# validation accuracy afterward is wrong.
#
# ## Summary
#
# - A judgment has two kinds of luck in it: the seed and the images. Over a space it tells good from
#   bad; among the best it does not tell first from second.
# - A cheap judge needs to keep the order only. Rank correlation measures that, and regret says
#   whether the choice suffers.
# - A few epochs or a few images give most of the order. An early judgment is biased as well as
#   noisy: networks that climb late are judged unfairly.
# - Successive halving gives everyone a little and the promising ones more. Hyperband runs it from
#   harsh to patient, if you do not know how harsh to be.
# - A zero-cost proxy must tell something among networks of similar size, and more there than
#   counting FLOPs does.
# - Never report the validation accuracy of a winner.
#
# Next: judging is one half of a search. In [unit 05](05_strategies.ipynb) comes the other: what to
# try next, and how sure are we that one strategy beats another?
#
# ## Exercises
#
# Four exercises in [04_estimation](../exercises/04_estimation.ipynb): write Spearman's rank
# correlation, plan a successive halving to the epoch, judge a proxy, and measure the regret of an
# early choice.
#
# ## Further reading
#
# - Jamieson, K. & Talwalkar, A. (2016). *Non-stochastic Best Arm Identification and Hyperparameter
#   Optimization*. [arXiv:1502.07943](https://arxiv.org/abs/1502.07943)
# - Li, L., Jamieson, K., DeSalvo, G., Rostamizadeh, A. & Talwalkar, A. (2018). *Hyperband: A Novel
#   Bandit-Based Approach to Hyperparameter Optimization*. [JMLR
#   18:185](https://jmlr.org/papers/v18/16-558.html)
# - Ying, C. et al. (2019). *NAS-Bench-101: Towards Reproducible Neural Architecture Search*.
#   [arXiv:1902.09635](https://arxiv.org/abs/1902.09635)
# - Tanaka, H. et al. (2020). *Pruning neural networks without any data by iteratively conserving
#   synaptic flow*. [arXiv:2006.05467](https://arxiv.org/abs/2006.05467)
# - Mellor, J. et al. (2021). *Neural Architecture Search without Training*.
#   [arXiv:2006.04647](https://arxiv.org/abs/2006.04647)
# - Abdelfattah, M. et al. (2021). *Zero-Cost Proxies for Lightweight NAS*.
#   [arXiv:2101.08134](https://arxiv.org/abs/2101.08134)
# - White, C., Khodak, M., Tu, R., Shah, S., Bubeck, S. & Dey, D. (2022). *A Deeper Look at
#   Zero-Cost Proxies for Lightweight NAS*. [ICLR Blog
#   Track](https://iclr-blog-track.github.io/2022/03/25/zero-cost-proxies/)
# - Real, E. et al. (2019). *Regularized Evolution for Image Classifier Architecture Search*.
#   [arXiv:1802.01548](https://arxiv.org/abs/1802.01548)
