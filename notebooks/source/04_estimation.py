# %% [markdown]
# # Unit 04: How cheaply can a network be judged?
#
# - **Objectives**: say how sure a validation accuracy is; measure with a rank correlation what a
#   cheap judgment is worth; save three quarters of the training with successive halving; test a
#   zero-cost proxy against counting parameters; watch a search in TensorBoard.
# - **Prerequisites**: [unit 02](02_random_search.ipynb): trial, validation, winner's curse; [unit
#   03](03_search_spaces.ipynb): parameters and FLOPs
# - **Time**: 60 min: how sure 10 min, fewer epochs 15 min, fewer images 7 min, halving 12 min, no
#   training at all 6 min, TensorBoard 5 min, the winner's curse 5 min
# - **Cost**: 25 s of one CPU core and 900 MiB of memory; no GPU, no network
#
# A search asks the same question again and again: how good is this network? The answer costs nearly
# all of its time. Real et al. (2019) trained 20,000 networks, on 450 GPUs, for a week; to propose
# them took next to nothing. Whoever judges at a tenth of the price can try ten times as many
# networks. So how cheap may a judgment be?

# %%
from nascourse import CourseError, benchmark, data, evaluation, plotting, search, spaces, trials
from nascourse.checks import compare

from pathlib import Path

import keras
import numpy as np
import pandas as pd
from scipy import stats

# %% [markdown]
# To judge a judge, we must know the truth. **MNIST-NAS-Bench**, the table of [unit
# 01](01_what_is_nas.ipynb), comes close: 1,248 small networks, each trained for 12 epochs from three
# seeds or more, and judged after each epoch on 5,000 validation images and on MNIST's 10,000 official
# test images. A query answers as a training would, and notes what that would have cost. Seconds differ
# from machine to machine, so we count the cost in epochs.
#
# A query never tells the test accuracy, since no search may look at it. But we do not search here, we
# judge the judges. Our judge is one training of each network, the one with seed 0. Our **truth** is the
# mean test accuracy of *other* trainings of the network: two for most; for the hundred best, seven that
# were made for this purpose and chose nothing. (With the same training in it, the truth would flatter
# the judge: what was luck in one would be luck in the other.)

# %%
bench = benchmark.load_benchmark()
truth = bench.truth(without=0)
order = truth.sort_values(kind="stable").index  # numbers of the networks, the worst first
middle = order[len(order) // 2]
for epochs in (1, 4, 12):
    outcome = bench.query(middle, epochs=epochs, seed=0)
    print(f"{epochs:2} epochs: accuracy {outcome.val_accuracy:.3f}, {outcome.seconds:.2f} s")
print(bench)

# %% [markdown]
# ## How sure is one number?
#
# We draw two networks at random, and train each of them once, for all 12 epochs.
#
# **Predict.** In how many of 100 such pairs does the validation accuracy put the worse network
# first? And in how many if both are drawn from the best tenth of the networks? Write a list of two
# numbers.

# %% tags=["prediction"]
guess = ...  # a list of two numbers of pairs: from all networks, from the best tenth

# %% tags=["prediction-result"]
seed_0 = bench.curves[bench.curves["seed"] == 0]
after = seed_0.pivot(index="network", columns="epoch", values="val_accuracy")


def wrong_pairs(networks):
    """Of 100 pairs of these networks, how many one training puts in the wrong order."""
    values = after.loc[networks, 12].to_numpy(), truth[networks].to_numpy()
    judged, true = (np.sign(np.subtract.outer(value, value)) for value in values)
    pairs = np.triu_indices(len(networks), k=1)  # each pair once
    return 50 * (1 - (judged * true)[pairs].mean())  # a tie counts half


groups = {"all networks": order, "the best tenth": order[-len(order) // 10 :]}
compare("04.a", guess, {name: wrong_pairs(group) for name, group in groups.items()}, unit="pairs")

# %% [markdown]
# Over the whole space a single training seldom errs: it tells a good network from a bad one. Among the
# best it errs twice as often. (Fifty would be tossing a coin. And the truth is itself a mean of two
# trainings for most networks, so some of these mistakes are the truth's; the judge is a little better
# than this.) There are two kinds of luck in a judgment, and among the best networks they are not much
# smaller than the differences that we look for.
#
# The first kind is **seed noise**: other first weights, another order of the images. More seeds
# would help, and each costs a whole training. The second kind is which images happen to be in the
# validation set. What could other images of the same kind have said? An **interval** tells: it is
# made to hold, 95 times in 100, what the network would reach on all images of this kind. (In a
# search it is less bad than it looks. All networks sit the same exam, and a hard image is hard for
# most of them, so the comparison of two is surer than each number alone.)
#
# **Change this.** How many images does it take until the interval of a network with 95 percent is
# less than one percentage point wide? And for one with 99 percent?

# %% tags=["change-this"]
accuracy, n_images = 0.95, 1_000  # change this
low, high = evaluation.accuracy_interval(accuracy, n_images)
print(f"{accuracy:.1%} of {n_images:,} images: 95% interval {low:.1%} to {high:.1%}")

# %% [markdown]
# ## Fewer epochs
#
# The first way to save: stop early. We do not need the final accuracy for that, only the right
# **order**. How well two lists order the same things alike is measured by a **rank correlation**.
# Here are five networks, with made-up ranks after one epoch and at the end (1 is the lowest).
#
# | network | early | late | squared difference |
# |---|---|---|---|
# | A | 2 | 3 | 1 |
# | B | 3 | 2 | 1 |
# | C | 1 | 1 | 0 |
# | D | 5 | 5 | 0 |
# | E | 4 | 4 | 0 |
#
# **Kendall's rank correlation** counts pairs, as we did above: the share of pairs in the same order,
# less the share in opposite order. Of the ten pairs here, only A and B are in opposite order, so it
# is 0.9 - 0.1 = 0.8. (Where there are ties, which are equal values, the usual variant is tau-b.)
#
# **Spearman's rank correlation** is the ordinary correlation of the two columns of ranks. Without
# ties it is $1 - 6 \sum d^2 / (n (n^2 - 1))$, with the squared differences $d^2$ of the $n$ ranks:
# here 1 - 6 x 2 / 120 = 0.9. Both are 1 for the same order, -1 for the opposite one, and about 0 for
# two orders that have nothing to do with each other.
#
# Now the real networks. We judge by the validation accuracy of one seed after so many epochs.
#
# **Predict.** How high is Spearman's rank correlation with the truth, over all networks, after one
# epoch, after three, and after all twelve? Write a list of three numbers.

# %% tags=["prediction"]
guess = ...  # a list of three correlations: after 1, 3 and 12 epochs

# %% tags=["prediction-result"]
groups = {"all networks": order, "the best quarter": order[-len(order) // 4 :]}
agreement = pd.DataFrame(
    {
        name: after.loc[group].corrwith(truth.loc[group], method="spearman")
        for name, group in groups.items()
    }
)
results = {f"after {epochs}": agreement["all networks"][epochs] for epochs in (1, 3, 12)}
compare("04.b", guess, results, digits=2)
ax = plotting.plot_lines(agreement, value="rank correlation with the truth")
caption = "Nearly all of the agreement is there early; among good networks every judge does worse."
plotting.show(ax, caption=caption, source="MNIST-NAS-Bench, seed 0 against other trainings")

# %% [markdown]
# One epoch costs a twelfth and already gives most of the order. After three or four there is little left
# to gain: the last two thirds of the training buy almost nothing. Among the best quarter every judge
# does worse. The noise is smaller there, but the differences have shrunk even more. There three epochs
# are clearly better than one, and twelve hardly better than three. (The lines jump, as each point comes
# from one training a network.)
#
# An early judgment could be merely noisy. Or is it unfair: does it prefer some kind of network? Of the
# 1,248 networks 96 have one block, 288 have two, and 864 have three.
#
# **Predict.** Take the 50 networks that look best after one epoch, and the 50 that look best after
# twelve. How many of each 50 have three blocks? Write a list of two whole numbers.

# %% tags=["prediction"]
guess = ...  # a list of two whole numbers: after 1 epoch, after 12

# %% tags=["prediction-result"]
blocks = {}
for epochs in (1, 12):
    leaders = bench.at(epochs).nlargest(50).index  # by the mean of the seeds
    blocks[f"after {epochs}"] = bench.networks.loc[leaders, "body/blocks"].value_counts()
blocks = pd.DataFrame(blocks).fillna(0).astype(int).sort_index()
print(blocks)
compare("04.c", guess, blocks.loc[3].to_dict(), unit="networks")

# %% [markdown]
# By their numbers, networks with one, two and three blocks should hold 4, 12 and 35 of 50 places. After
# one epoch those with one block hold three times their share, and those with three too few: deep
# networks learn late. At the end three blocks have just their share, and one block has no place at all.
# So an early judgment is not only noisy, it is **biased**: these numbers are means of several seeds, and
# more seeds would not remove it.
#
# Does that matter for the choice? A search does not need the whole order. It needs the winner. Its
# **regret** says how far the test accuracy of the network that it chose is below the best of all
# networks. We draw networks at random, judge each after so many epochs with one seed, choose the
# best, and look at the truth of the other seeds. The epochs that a cheap judgment saves can buy more
# networks.
#
# **Predict.** With 120 epochs to spend, is it best to judge 10 networks well, with 12 epochs each,
# 40 fairly, with 3, or 120 badly, with one? Write `"10 well"`, `"40 fairly"` or `"120 badly"`.

# %%
judged = {
    seed: curves.pivot(index="network", columns="epoch", values="val_accuracy")
    for seed, curves in bench.curves.groupby("seed")
}
truths = {seed: bench.truth(without=seed) for seed in bench.seeds}
best = bench.truth().max()


def regret(n_networks, epochs, repeats=1000):
    """The mean regret of choosing the best of so many networks, in percentage points."""
    rng, regrets = np.random.default_rng(0), []
    for seed in rng.choice(bench.seeds, repeats):
        drawn = judged[seed][epochs].sample(n_networks, random_state=rng)
        regrets.append(best - truths[seed][drawn.idxmax()])
    return 100 * np.mean(regrets)


# %% tags=["prediction"]
guess = ...  # "10 well", "40 fairly" or "120 badly"

# %% tags=["prediction-result"]
rows = {epochs: (120 // epochs, regret(120 // epochs, epochs)) for epochs in (1, 2, 3, 4, 6, 12)}
table = pd.DataFrame(rows, ["networks", "regret, in points"]).T.rename_axis("epochs each")
print(table.round({"networks": 0, "regret, in points": 2}))
ways = {1: "120 badly", 3: "40 fairly", 12: "10 well"}
compare("04.d", guess, ways[table.loc[list(ways)].iloc[:, 1].idxmin()], options=list(ways.values()))

# %% [markdown]
# Few sure judgments are by far the worst choice: among ten networks there may be no good one, and the
# best judge cannot choose what is not there. Many cheap judgments are far better, though each of them is
# less sure. The best row is the cheapest that we could try, so in this space even less might do; in one
# where networks learn slowly, one epoch may be too little.
#
# **Change this.** Now the number of networks is fixed, 50 whatever the price. From how many epochs
# on does more training hardly help the choice? What part of the full price is that?

# %% tags=["change-this"]
n_networks, epochs = 50, 1  # change this
price = n_networks * epochs
print(f"{price} epochs in all: regret {regret(n_networks, epochs):.2f} points")

# %% [markdown]
# ## Fewer images
#
# The second way to save: train on a part of the images. A smaller task that stands for the real one is a
# **proxy task**. We trained 100 networks of the table, drawn at random, on parts of its 4,000 training
# images, for 12 epochs. On 1,000 images that costs as much as 3 epochs on all 4,000.
#
# **Predict.** At this price, which is the better judge, by its rank correlation with the truth?
# Write `"fewer images"` or `"fewer epochs"`.

# %% tags=["prediction"]
guess = ...  # "fewer images" or "fewer epochs"


# %% tags=["prediction-result"]
def lead(epochs, images, truth):
    """By how much the judge with fewer epochs is the better one."""
    return stats.spearmanr(epochs, truth).statistic - stats.spearmanr(images, truth).statistic


subsets = trials.recorded("subsets").set_index("network")
by_images = subsets.corrwith(truth, method="spearman")
by_images.index = by_images.index.astype(int) / 4000 * 12
by_epochs = after.loc[subsets.index, [1, 2, 3, 4, 5, 6]].corrwith(truth, method="spearman")
by_cost = pd.DataFrame({"fewer images": by_images, "fewer epochs": by_epochs}).sort_index()
compare("04.e", guess, by_cost.loc[3].idxmax(), options=list(by_cost))
both = after.loc[subsets.index, 3], subsets["1000"], truth[subsets.index]
interval = stats.bootstrap(
    both, lead, paired=True, n_resamples=1000, method="percentile", random_state=0
).confidence_interval
print(f"epochs are ahead by {lead(*both):.3f} ({interval.low:.3f} to {interval.high:.3f})")
by_cost = by_cost.rename_axis("cost, in epochs on 4,000 images")
ax = plotting.plot_lines(by_cost, value="rank correlation with the truth", log_x=True)
caption = "At no price is a part of the images clearly the better bargain."
plotting.show(ax, caption=caption, source="MNIST-NAS-Bench and a recording of 100 networks")

# %% [markdown]
# At the same price the weights are corrected equally often. One judge has seen all images a few
# times, the other a few images many times. Fewer epochs are ahead, but 100 networks hardly tell the two
# apart: the numbers in brackets, the 95% interval of the lead over all draws of networks, begin near
# zero. So on these digits fewer images are no bargain, and no disaster. They pay where they make other
# things cheaper too, such as loading or memory, or where a single epoch on all images is already too
# costly.
#
# **Change this.** Here are a weak, a middling and a good network, trained on a part of your own
# images. **This takes about 5 seconds.** All stay below the truth, which does not matter as long as
# the order is right. How many images are too few for that?

# %% tags=["change-this"]
n_images = 500  # change this
splits = data.load_mnist("bundled")
part = data.subset(splits, n_images)
settings = spaces.settings(spaces.bench_space)  # a network's number is its place in them
three = {"weak": order[len(order) // 10], "middling": middle, "good": order[-10]}
rows = {}
for name, network in three.items():
    keras.utils.set_random_seed(0)
    model = spaces.built(spaces.bench_space, settings[network])
    model.fit(part.x_train, part.y_train, epochs=12, batch_size=64, verbose=0)
    accuracy = model.evaluate(splits.x_val, splits.y_val, verbose=0)[1]
    rows[name] = {f"{n_images} images": accuracy, "truth": truth[network]}
pd.DataFrame(rows).T.round(2)

# %% [markdown]
# ## Successive halving
#
# So far every network got the same judgment. But a network that is among the last after one epoch is
# seldom the best at the end. **Successive halving** (Karnin et al. 2013; for learning curves, Jamieson &
# Talwalkar 2016) spends on those who deserve it: train all a little, keep the best part, train those
# further, and so on. Its name says a half; we keep a third.
#
# With 27 networks and stops after 1, 3 and 9 epochs, all 27 pay one epoch, nine of them two more,
# and three of those six more: 27 + 18 + 18 = 63. To train all 27 for nine epochs costs 243. And 63
# epochs can be spent in simpler ways: with a single stop the function below is random search.


# %%
def successive_halving(networks, seed, stops=(1, 3, 9), factor=3):
    """Return the network that is left when at each stop one in `factor` goes on."""
    before = 0
    for epochs in stops:
        scores = {}
        for network in networks:
            outcome = bench.query(network, epochs=epochs, after=before, seed=seed)
            scores[network] = outcome.val_accuracy
        ranked = sorted(scores, key=scores.get, reverse=True)
        networks, before = ranked[: max(1, len(ranked) // factor)], epochs
    return networks[0]


# %% [markdown]
# `after=` says that a training goes on, so only the new epochs are charged. One run is an anecdote,
# so we make 1,000 of each way.
#
# **Predict.** Which of the four ways with 63 epochs has the lowest mean regret? Write its name:
# `"halving"`, `"7 for nine"` (7 networks, nine epochs each), `"21 for three"` or `"63 for one"`.


# %%
def race(n_networks, stops, factor=3, budget=243):
    """Regrets of 1,000 runs, in percentage points; none may spend more epochs than the budget."""
    regrets = []
    for repeat in range(1000):
        rng = np.random.default_rng(repeat)
        networks = rng.permutation(bench.networks.index)[:n_networks].tolist()
        seed = int(rng.choice(bench.seeds))
        bench.start(budget=budget)
        winner = successive_halving(networks, seed, stops, factor)
        regrets.append(100 * (best - truths[seed][winner]))
    return np.array(regrets)


# %% tags=["prediction"]
guess = ...  # "halving", "7 for nine", "21 for three" or "63 for one"

# %% tags=["prediction-result"]
ways = {"all 27 for nine": (27, (9,)), "halving": (27, (1, 3, 9))}
ways |= {"7 for nine": (7, (9,)), "21 for three": (21, (3,)), "63 for one": (63, (1,))}
regrets, rows = {}, {}
for way, (n_networks, stops) in ways.items():
    regrets[way] = race(n_networks, stops)
    rows[way] = {"epochs": bench.epochs_spent, "regret, in points": regrets[way].mean()}
table = pd.DataFrame(rows).T
print(table.round(2).astype({"epochs": int}))
cheap = table.drop("all 27 for nine")["regret, in points"]
compare("04.f", guess, cheap.idxmin(), options=list(cheap.index))

# %% [markdown]
# Halving chooses about as well as training all 27 for nine epochs, for a quarter of the price. That is
# its promise, and it keeps it. Seven networks at random are far behind. But so few networks, trained so
# long, are random search near its worst, as you saw above. With cheaper judgments it comes close to this
# halving, or passes it. So whoever praises a method must give its rival the best setting, too.
#
# **Change this.** Can halving beat the best of the simple ways with 63 epochs? Choose how many networks
# start, the stops, and one in how many goes on. The numbers in brackets are the 95% interval of the
# difference: how large it may be over all draws of networks. It should leave out zero.

# %% tags=["change-this"]
n_networks, stops, factor = 27, (1, 3, 9), 3  # change this
simple = cheap.drop("halving").idxmin()
try:
    yours = race(n_networks, stops, factor, budget=63)
    better = benchmark.difference(regrets[simple], yours, paired=True)
    print(f"yours {yours.mean():.2f} points, {simple} {regrets[simple].mean():.2f} points")
    print(f"yours is better by {better.difference:.2f} ({better.low:.2f} to {better.high:.2f})")
except CourseError as error:
    print(error)

# %% [markdown]
# ### Hyperband
#
# How many networks should one start with, and how harshly cut? Here a wide first round and a harsh
# first cut pay: one epoch is enough to drop most of the bad ones, and a second look at the few that
# are left costs little. (If you tried many plans, the best of them was probably lucky, too.) Where
# networks climb late, or seeds are noisier, such a cut is risky. **Hyperband** (Li et al. 2018) does
# not decide. It runs successive halving several times, from harsh to patient. One such run is a
# **bracket**. `kt.Hyperband(max_epochs=9)` of KerasTuner plans these three, for 75 epochs in all:
#
# | bracket | up to epoch 1 | up to epoch 3 | up to epoch 9 | epochs paid |
# |---|---|---|---|---|
# | harsh | 9 networks | 3 | 1 | 9 + 3 x 2 + 1 x 6 = 21 |
# | between | | 5 networks | 2 | 5 x 3 + 2 x 6 = 27 |
# | patient | | | 3 networks | 3 x 9 = 27 |
#
# The patient one is plain random search. Hyperband itself runs in unit 05, against other strategies.
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
# None of them trains anything. SynFlow does not even need an image. The table holds all of them.
#
# Proxies are usually compared over a whole space: Abdelfattah et al. report a Spearman correlation
# of 0.82 for their best one on NAS-Bench-201. But there counting is often as good (White et al.
# 2022). So the honest question is: **among networks of about the same size**, does the proxy know
# anything? We sort the networks by parameters into 12 groups, and take the mean of the rank
# correlations within them. One epoch of training joins the contest as the yardstick.
#
# **Predict.** Which of the six judges is the best over all networks, and which among networks of
# similar size? Write a list of two names, each one of the table or `"one_epoch"`.

# %% tags=["prediction"]
guess = ...  # a list of two names: over all networks, among networks of similar size

# %% tags=["prediction-result"]
judges = bench.networks[["n_params", "flops", *benchmark.PROXIES]].astype(float)
judges["one_epoch"] = after[1]


def agreements(judges):
    """Rank correlations with the truth: over all networks, and the mean of the size groups."""
    sizes = judges.groupby(pd.qcut(judges["n_params"], 12), observed=True)
    within = [group.corrwith(truth[group.index], method="spearman") for _, group in sizes]
    over_all = judges.corrwith(truth, method="spearman")
    return pd.DataFrame({"all networks": over_all, "similar size": sum(within) / len(within)})


table = agreements(judges)
print(table.round(2))
compare("04.g", guess, table.idxmax().to_dict(), options=list(table.index))

# %% [markdown]
# Over all networks the number of parameters beats every clever proxy, and keeps up with an epoch of
# training. That says less about the proxies than about the space: it has tiny networks, and tiny
# networks are bad. Among equals the count is nearly blind, as it must be, and the picture turns: SynFlow
# knows something that size does not tell, and more of it than an epoch of training does. The other two
# clever ones tell no more than FLOPs.
#
# Which proxy works differs from space to space. Whoever uses one should show this second column.
#
# **Change this.** Judges that err in different ways may be better together. Add the ranks of two or
# three of the free judges. Is there a sum that no single free judge beats by much in either column?
# And how does it compare with one epoch of training?

# %% tags=["change-this"]
together = ["flops", "naswot"]  # change this
ours = judges[together].rank().sum(axis=1)
agreements(judges.assign(together=ours)).round(2)

# %% [markdown]
# ## Watching a search: TensorBoard
#
# You can also judge with your own eyes, while a search runs. **TensorBoard** draws the learning
# curves of all trainings into one page in the browser. Keras writes its logs by a **callback**, an
# object that hears of each epoch, and KerasTuner gives each trial a folder of its own. Run the cell
# below. **It takes about 5 seconds.** Then have the page in a new cell of this notebook:
#
# ```
# %load_ext tensorboard
# %tensorboard --logdir ../runs/04_tensorboard/logs
# ```
#
# Or type this in a terminal, in the folder of the course, and open the address that it prints:
#
# ```
# tensorboard --logdir runs/04_tensorboard/logs
# ```
#
# `epoch_accuracy` shows the curves, for training and for validation, those that the table below holds.
# (KerasTuner counts trials from 0.) Under HPARAMS each trial stands with its choices. While a search
# runs, the page follows it. A person who watches it, and then trains only the promising ones further,
# does successive halving by hand.
#
# **Change this.** With `max_trials=5` the search goes on: two more trainings appear on the page. Which
# trial leads after the first epoch, and which at the end?

# %% tags=["change-this"]
folder = Path("../runs/04_tensorboard")
found = search.run_search(
    spaces.bench_space,
    data.load_mnist("bundled"),
    strategy="random",
    max_trials=3,  # change this
    epochs=3,
    seed=1,
    directory=folder,
    callbacks=[keras.callbacks.TensorBoard(folder / "logs")],
)
found.curves.pivot(index="trial", columns="epoch", values="val_accuracy").round(2)

# %% [markdown]
# ## The winner's curse, in numbers
#
# One trap is left, and no judge escapes it. A search reports the **best** of many noisy numbers.
# Unit 02 called it the winner's curse: the winner was probably lucky. Now we can measure it. We
# draw N networks, train each once, and choose by validation. Then we train the winner again, with
# other seeds, and judge it by the same images. We do so twice: with all 5,000 validation images of the
# table, and with 1,000 of them, as many as a small project has.
#
# **Predict.** Of 1,000 validation images, how many fewer does the winner read, on average, when it is
# trained again and judged by the same images, with N = 1, 10 and 100 networks? Write a list of three
# numbers.

# %% tags=["prediction"]
guess = ...  # a list of three numbers of images: for 1, 10 and 100 networks

# %% tags=["prediction-result"]
curses = {
    f"{images:,} images": benchmark.winners_curse(
        benchmark.load_benchmark(validation_images=images), sizes=[1, 3, 10, 30, 100, 200]
    )
    for images in (1000, 5000)
}
print(curses["1,000 images"][["val_accuracy", "retrained", "test_accuracy"]].round(4))
too_much = pd.DataFrame({judge: 1000 * curse["curse"] for judge, curse in curses.items()}).round(2)
results = {f"N = {n}": too_much["1,000 images"][n] for n in (1, 10, 100)}
compare("04.h", guess, results, unit="images", digits=1)
ax = plotting.plot_lines(too_much, value="promised too much, images of 1,000", log_x=True)
caption = "The promise is too high as soon as there is a choice, less so with more images."
plotting.show(ax, caption=caption, source="MNIST-NAS-Bench, means of 1,000 draws")

# %% [markdown]
# The curse is the first column less the second, since both are about the same images. So this is the luck
# of one training only. What these images favor in the winner, they favor in its retrainings too; the
# whole curse is larger. (The test images happen to be easier than these validation images, so the third
# column cannot be compared with them.)
#
# With one network there is no choice, and it keeps its promise on average. With ten the promise is too
# high by some images in a thousand, and with hundreds by more. More validation images help, but they do
# not remove it: the luck of a training stays. That looks harmless. But among the best networks it is as
# much as the seeds differ, and a paper that claims such a gain may have measured nothing else.
#
# The winner itself gets better all the way, as the test accuracy shows. So choosing by validation is
# right, and quoting the validation accuracy of the winner is wrong.
#
# **Change this.** Luck alone makes the curse. Here all networks are equally good: each reads 96
# percent of all images, and is judged by validation images of its own. How many images does it take
# until the best of 100 promises less than half a point too much? And of 1,000 networks?

# %% tags=["change-this"]
n_networks, n_images = 100, 1_000  # change this
rng = np.random.default_rng(0)
right = rng.binomial(n_images, 0.96, size=(1000, n_networks))  # 1,000 searches
too_much = 100 * (right.max(axis=1) / n_images - 0.96)
print(f"the best of {n_networks} promises {too_much.mean():.2f} points too much")

# %% [markdown]
# ## Summary
#
# - A judgment has two kinds of luck in it: the seed and the images. Over a space it tells good from
#   bad; among the best it hardly tells first from second.
# - A cheap judge needs to keep the order only. Rank correlation measures that, and regret says
#   whether the choice suffers.
# - A few epochs or a few images give most of the order, and many cheap judgments choose better than
#   a few costly ones. An early judgment is biased as well as noisy: networks that learn late are
#   judged unfairly.
# - Successive halving gives everyone a little and the promising ones more. Compare it with random
#   search at its best setting. Hyperband runs it from harsh to patient, if you do not know how harsh
#   to be.
# - A zero-cost proxy must tell something among networks of similar size, and more there than
#   counting FLOPs does.
# - Never report the validation accuracy of a winner.
#
# Next: judging is one half of a search. In [unit 05](05_strategies.ipynb) comes the other: what to
# try next, and how sure are we that one strategy beats another?
#
# ## Exercises
#
# In [four exercises](../exercises/04_estimation.ipynb) you write Spearman's rank correlation, plan a
# successive halving to the epoch, judge a proxy, and measure the regret of an early choice.
#
# ## Further reading
#
# - Karnin, Z., Koren, T. & Somekh, O. (2013). *Almost Optimal Exploration in Multi-Armed Bandits*.
#   [PMLR 28](https://proceedings.mlr.press/v28/karnin13.html). Successive halving.
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
