# %% [markdown]
# # Unit 06: How does AutoKeras search CNNs?
#
# - **Objectives**: say what the well-known AutoKeras snippet does step by step, and why it fails;
#   build a search space from AutoKeras blocks; follow its greedy strategy from trial to trial;
#   compare it with random search fairly; save and resume a search, and take it along.
# - **Prerequisites**: [unit 02](02_random_search.ipynb): trial, incumbent, random baseline;
#   [unit 03](03_search_spaces.ipynb): the bricks, conditional hyperparameters, fingerprints;
#   [unit 05](05_strategies.ipynb): how strategies are compared
# - **Time**: 60 min: the snippet 15 min, a space of our own 10 min, greedy search 20 min, does it
#   pay 10 min, save and export 5 min
# - **Cost**: 40 s of one CPU core and 850 MiB of memory; no GPU, no network
#
# [AutoKeras](https://autokeras.com/) (Jin, Song & Hu 2019) promises a network in three lines. In
# this unit we look at what those lines do, and then make the same library work in half a minute.

# %%
from nascourse import data, evaluation, plotting, search, spaces, trials
from nascourse._engine import archive
from nascourse.views import live, replay

import autokeras as ak
import numpy as np
import pandas as pd
from autokeras.tuners.greedy import Trie
from keras_tuner.engine.hyperparameters import Fixed
from sklearn.metrics import accuracy_score

pd.options.display.max_colwidth = 200

# %% [markdown]
# ## The snippet everyone copies
#
# You find this, with small changes, in most tutorials. **Do not run it**; we did that for you.
#
# ```python
# (x_train, y_train), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
# x_train = x_train.reshape(-1, 28, 28, 1)[:1000]
# y_train = y_train[:1000]
#
# model = ak.ImageClassifier(max_trials=5, overwrite=True, tuner="greedy")
# model.fit(x_train, y_train, epochs=5, validation_split=0.2)
#
# best_model = model.export_model()
# best_model.summary()
# ```
#
# Step by step:
#
# 1. `load_data` downloads MNIST, or fails when there is no network.
# 2. `reshape` adds the channel axis; `[:1000]` keeps 1,000 images, to be quick.
# 3. `ImageClassifier` sets up a search space, `tuner="greedy"` names its strategy, and
#    `max_trials=5` allows five networks.
# 4. `fit` sets the **last** 20 percent aside for validation, unshuffled. It then trains up to five
#    networks on 800 images for at most five epochs each.
# 5. Then `fit` trains the best one **again**, from new weights, on all 1,000 images. This network
#    is what you get. It is not the one that was scored.
# 6. `export_model` loads it back as a Keras network.
#
# It looks harmless. Here is what happened when we ran it twice on two CPU cores. We stopped each
# run after 12 minutes of processor time, which is six minutes of two busy cores. One row is one
# training.

# %%
snippet = trials.recorded("published_snippet")
columns = ["network", "pixels", "n_params", "epochs", "val_accuracy", "cpu_seconds"]
snippet.set_index(["run", "training"])[columns].round(2)

# %%
of_run = ["finished", "test_accuracy", "run_cpu_seconds", "run_peak_mb"]
snippet.groupby("run")[of_run].last()

# %% [markdown]
# **Read the table before you read on.** What did the search find in each run, and at what price?
# An accuracy of 0.10 is what you get by guessing.
#
# Why does it fail?
#
# - **The space is made for photographs.** Besides plain CNNs, `ImageClassifier` offers ResNets,
#   Xception and EfficientNets with tens of millions of parameters. Where `pixels` says 71 or 224,
#   each digit was blown up to that size first. At 224x224 every training step is some 64 times
#   dearer than at 28x28.
# - **Naming the tuner makes it worse.** Without `tuner="greedy"`, AutoKeras would begin with three
#   networks that its authors chose, and the first is a sensible small CNN. The other two are a
#   ResNet-50 at photograph size and an EfficientNet-B7 whose weights are downloaded. With the name,
#   trial 1 is a random draw from everything.
# - **Five epochs on 800 images are 125 steps.** A network this size hardly learns in 125 steps.
#   Most of the trainings stay near chance, and the best is far from useful, so the search compares
#   little more than noise.
# - **The search also draws optimizers and learning rates** down to 0.00001, at which nothing moves.
# - **And today it may not start at all.** With Keras 3.13 or newer, AutoKeras 3.0.0 stops with
#   `Received an invalid value for units`. Newer Keras accepts only plain whole numbers there, and
#   AutoKeras passes a NumPy one. The course pins Keras 3.12 for this reason.
#
# The lesson is not that AutoKeras is bad. **A search cannot be better than its space and its
# estimation.** So let us give it a space that fits digits and an estimation that can tell networks
# apart.
#
# ## A space of our own
#
# In AutoKeras a space is a graph of **blocks**. A block is a family of layers; what you leave open
# in it becomes a hyperparameter. `AutoKerasSpace` keeps the graph together with a first network to
# start from.

# %%
image = ak.ImageInput(name="image")
x = spaces.RescalingBlock(name="rescale")(image)
x = ak.ConvBlock(
    num_blocks=spaces.choice("num_blocks", [1, 2, 3]),
    num_layers=spaces.choice("num_layers", [1, 2]),
    filters=spaces.choice("filters", [8, 16, 32]),
    kernel_size=spaces.choice("kernel_size", [3, 5]),
    dropout=spaces.choice("dropout", [0.0, 0.25, 0.5]),
    max_pooling=True,
    separable=False,
    name="conv",
)(x)
x = ak.SpatialReduction(name="reduce")(x)
digit = ak.ClassificationHead(dropout=0.0, name="head")(x)

# %% [markdown]
# `ConvBlock` makes one to three blocks of one or two convolutions, each followed by max pooling and
# perhaps **dropout**, which switches off a random part of the values while training.
# `SpatialReduction` turns feature maps into a vector, by flattening or by averaging or by taking
# the maximum. `ClassificationHead` ends in ten outputs.
#
# The optimizer is not searched. We hold it at Adam with a learning rate that works, since this
# course compares architectures. `spaces.autokeras_space()` builds this very graph and adds the
# first network.

# %%
space = spaces.autokeras_space()
print("held fixed:", dict(space.fixed))
pd.Series(space.first, name="first trial").to_frame()

# %% [markdown]
# ## Greedy search, live
#
# Five trials of five epochs on 3,200 images. `SearchView` shows the search while it runs: the epochs
# and the time left, the network at hand, the best trials so far. Its buttons pause the search, or
# stop it and keep what is finished. This time let it run through, as the rest of the unit reads its
# five trials. Where widgets do not work, a line of progress takes their place.
#
# In gray the view draws what luck would reach: recorded random searches over the same space and the
# same images, five epochs a trial. They have 50 trials in all, and any five of them are a random
# search of five trials.

# %%
recorded = trials.recorded("strategies")
view = live.SearchView(baseline=recorded[recorded["strategy"] == "random"])

# %% [markdown]
# **Predict**: will trial 1 lie above or below the gray line? **The search takes about 30 seconds.**

# %%
splits = data.load_mnist("bundled")
found = search.run_search(
    space,
    splits,
    strategy="greedy",
    max_trials=5,
    epochs=5,
    seed=1,
    directory="../runs/06_greedy",
    observer=view,
    overwrite=True,
)
print(found)

# %% [markdown]
# Each dot is a trial, an empty dot one whose network had been trained before. The staircase is the
# incumbent. The gray line is the median of the random searches, and nine of ten lie in the band.
#
# The first dot lies far above the gray line, and the strategy has not decided anything yet: trial 1
# is the first network that we gave it. Keep this in mind until we ask whether greedy pays.

# %%
trials.summary(found.table)

# %% [markdown]
# These networks have a thousandth of the parameters of the ones above, and every one of them
# learns.
#
# What did the strategy change from trial to trial? Greedy search always starts from **the best
# trial so far**. So we compare each trial with the incumbent of that moment.

# %%
table = found.table.set_index("trial")
chosen = table[trials.hyperparameters(found.table)].astype("string").fillna("none")
for trial in table.index[1:]:
    best_before = table["val_accuracy"][: trial - 1].idxmax()
    before, now = chosen.loc[best_before], chosen.loc[trial]
    moves = [f"{name} {before[name]} -> {now[name]}" for name in now.index[now != before]]
    print(f"trial {trial}, from trial {best_before}: {'; '.join(moves)}")

# %% [markdown]
# Most values stay, one or a few move. (`none`, where you meet it, means that the network had no
# such hyperparameter.) As long as no trial beats the incumbent, every trial starts from the same
# one.
#
# ## The trie: what may move
#
# How does it decide which values move? The names of the hyperparameters contain slashes, as paths
# do. AutoKeras hangs them into a **trie**, a tree in which each name is a way from the root to a
# leaf. Then it draws one **node** of the tree. All hyperparameters below that node are drawn anew,
# and all others are copied from the best trial.
#
# A node is drawn with a probability proportional to one over its number of leaves. So small changes
# are likely and large ones rare. The root has all leaves below it: to draw the root is to start
# from scratch. We use AutoKeras's own class.

# %%
best = found.best_hyperparameters
trie = Trie()
for hp in best.space:
    if best.is_active(hp) and not isinstance(hp, Fixed):
        trie.insert(hp.name)

weights = np.array([1 / node.num_leaves for node in trie.nodes])
pd.DataFrame(
    {
        "resampled when drawn": [", ".join(trie.get_hp_names(node)) for node in trie.nodes],
        "leaves": [node.num_leaves for node in trie.nodes],
        "probability": (weights / weights.sum()).round(3),
    }
)

# %% [markdown]
# The first row is the root. **Predict**: how often does this strategy change exactly one
# hyperparameter? Add the probabilities of the rows with one leaf. A name may fill two rows alone:
# once as a leaf, and once through its parent, if that has a single child. Both count.

# %%
leaves = np.array([node.num_leaves for node in trie.nodes])
print(f"one hyperparameter: {weights[leaves == 1].sum() / weights.sum():.0%}")
print(f"all of them:        {weights[0] / weights.sum():.0%}")

# %% [markdown]
# So this is a local search: it walks from the best network to its neighbors and seldom jumps. That
# is what "greedy" means here, and it has consequences.
#
# - It **exploits**: if the first trial is good, the search stays near it. This is why the first
#   network matters so much.
# - It can be **stuck**: a better network two changes away is reached only through a better one in
#   between, or by a rare jump.
# - It changes values that do not matter. With one block, the filters of block two are still leaves
#   of the trie. To change them gives the **same network** again, and a trial is wasted. The column
#   `duplicate_of` shows such trials. It compares the networks that were built, not the values.
#
# ## Replay: what comes next?
#
# Now you know the rules, so play against them. Here is a greedy search of ten trials that you have
# not seen, from the recording. **Predict** before each reveal: which node will be drawn, and will
# the trial beat the best so far? Where widgets do not work, the cell shows a table: cover it, and
# uncover one row after the other.

# %% tags=["nbval-check-output"]
is_new_to_you = (recorded["strategy"] == "greedy") & (recorded["seed"] == 2)
replay.replay(recorded[is_new_to_you])

# %% [markdown]
# A recording keeps the values and not the node, so the replay names the smallest node that explains
# them. `replay.replay(found)` plays your own search.
#
# <details><summary>After the last trial: how often were you right?</summary>
#
# Eight of the nine moves changed one hyperparameter, as the odds would have it; trial 8 drew the
# whole branch `conv`, which is rare. Only trial 3 beat the best so far, and trial 9 drew level with
# it, so whoever always says "it does not" is right eight times of nine. Such is local search: most
# neighbors of a good network are worse.
#
# </details>
#
# ## When greedy stops early
#
# A proposal that was already tried is drawn again. After too many collisions the strategy gives up.
# In a space with only two settings that happens soon. **This takes about 5 seconds.**

# %%
tiny_image = ak.ImageInput(name="image")
y = spaces.RescalingBlock(name="rescale")(tiny_image)
y = ak.ConvBlock(
    num_blocks=1,
    num_layers=1,
    filters=8,
    kernel_size=spaces.choice("kernel_size", [3, 5]),
    dropout=0.0,
    max_pooling=True,
    separable=False,
    name="conv",
)(y)
y = ak.Flatten(name="flatten")(y)
tiny_digit = ak.ClassificationHead(dropout=0.0, name="head")(y)

# %%
tiny = spaces.AutoKerasSpace(tiny_image, tiny_digit)
short = search.run_search(
    tiny,
    splits,
    strategy="greedy",
    max_trials=5,
    epochs=1,
    directory="../runs/06_tiny",
    overwrite=True,
)
print(short)

# %% [markdown]
# AutoKeras itself ends silently here. A search that is shorter than its budget is worth a question.
#
# ## Does greedy pay?
#
# One run against one run proves nothing. The recording holds ten searches: greedy and random, the
# same space, ten trials of five epochs, five seeds each. **Predict** which curve is higher after
# one trial, and which after ten.

# %%
best_so_far = {
    strategy: np.array([trials.incumbent(one) for _, one in searches.groupby("seed")])
    for strategy, searches in recorded.groupby("strategy")
}
medians = {strategy: np.median(best, axis=0) for strategy, best in best_so_far.items()}
pd.DataFrame(medians, index=pd.RangeIndex(1, 11, name="trial")).loc[[1, 3, 5, 10]].round(3)

# %%
ax = plotting.plot_searches(best_so_far, band=(0, 100))
ax.set_ylim(0.85, 0.98)  # the lowest first draws of random search lie below
plotting.show(
    ax,
    alt="Best validation accuracy over ten trials for greedy and random search: the median of five "
    "seeds as a staircase, and the range of the five as a band. Greedy starts at 96 percent and "
    "rises little; random starts far below and comes close, but its band stays below.",
    source="a recording of five seeds for each strategy",
)

# %% [markdown]
# Greedy starts far ahead, and the reason is not that it searches better: **it was given a good
# first network**, and random search was not. From trial 1 to trial 10 the median of the greedy
# searches rises by less than one percentage point, and that of the random searches by more than
# twenty. In two of the five greedy searches no trial beat the first network at all.
#
# After ten trials every greedy search is still above every random one. So with five seeds we may
# say that greedy search *with its head start* wins at this budget. We may not say how much the
# strategy itself adds. For that, random search would need the same first network, and five seeds
# are few. A comparison with a hundred searches of each needs a table of measured networks. You have
# seen it in [unit 05](05_strategies.ipynb), where the head start could be taken away.
#
# ## Save, resume, export
#
# A search that is lost is paid for twice. Ours lives in its folder. The same call with the same
# folder, without `overwrite`, goes on where it stopped: after the stop button, a dead kernel or an
# empty battery. At most the trial in progress is trained again, and it comes out the same. A
# finished search returns at once, and says so. With a larger `max_trials` it goes on.

# %%
again = search.run_search(
    space,
    splits,
    strategy="greedy",
    max_trials=5,
    epochs=5,
    seed=1,
    directory="../runs/06_greedy",
)
print(again.stopped)
print("same table:", again.table.equals(found.table))

# %% [markdown]
# With any other setting the folder is refused, since a mixed table would be worthless. (AutoKeras
# itself would silently ignore your change.)

# %% tags=["raises-exception"]
search.run_search(
    space, splits, strategy="greedy", max_trials=5, epochs=9, seed=1, directory="../runs/06_greedy"
)

# %% [markdown]
# `best_model` loads the network with the weights of its best epoch: the very one that was scored.
# `save_model` writes it as one file that plain Keras can read.

# %%
model = found.best_model()
n_bytes = evaluation.save_model(model, "../runs/06_greedy/best.keras")
accuracy = accuracy_score(splits.y_val, evaluation.predict(model, splits.x_val))
print(f"{n_bytes / 1024:.0f} KiB, validation accuracy {accuracy:.3f}")

# %% [markdown]
# You can take the whole search along as one file, for instance home from Binder. There
# `archive.import_search` unpacks it, after a look at all that is in it, and the same call goes on.

# %%
packed = archive.export_search("../runs/06_greedy", "../runs/06_greedy.zip")
print("take along:", packed.name)

# %% [markdown]
# ## Traps to know
#
# If you use AutoKeras on its own, these will meet you. Each was run, or read in the source of
# 3.0.0.
#
# | you write | what happens | better |
# |---|---|---|
# | `fit(...)` without `epochs` | up to 1,000 epochs a trial | give `epochs` |
# | no `overwrite=True` | a finished project makes `fit` return at once; an edited space is ignored | a new folder for each search |
# | `seed=0` | is taken for no seed | a seed from 1, and seed NumPy and Keras too |
# | `validation_split=0.2` | takes the last fifth, unshuffled | pass `validation_data` |
# | no `EarlyStopping` of your own | the best network is trained once more, and that one is returned | pass `validation_data` and an `EarlyStopping` |
# | `max_model_size` below 23.6 million | `ImageClassifier` fails before its first trial | a space of small networks |
# | `predict` of an `ImageClassifier` | returns text of shape (n, 1), not numbers | convert, or use the exported network |
#
# ## Summary
#
# - The famous snippet fails through its space and its estimation, not through its strategy.
# - An AutoKeras space is a graph of blocks; what you leave open is searched.
# - Greedy search copies the best trial and draws a few values anew. Which ones, a node of the trie
#   decides, and small changes are the likely ones.
# - It may repeat a network, and it may stop early. Both should be visible.
# - A head start is not a better strategy. Compare at equal budget, over several seeds, with random
#   search in the picture.
#
# Next: so far accuracy alone decided. [Unit 07](07_tradeoffs.ipynb) asks what it costs.
#
# ## Exercises
#
# In [three exercises](../exercises/06_autokeras_greedy.ipynb) you compute the odds of the trie,
# find the trials that a search wasted, and write a space of your own out of AutoKeras blocks.
#
# ## Further reading
#
# - Jin, H., Song, Q. & Hu, X. (2019). *Auto-Keras: An Efficient Neural Architecture Search System*.
#   [arXiv:1806.10282](https://arxiv.org/abs/1806.10282). The paper describes a Bayesian search with
#   network morphism; the greedy strategy came later, with the rewritten library.
# - Jin, H., Chollet, F., Song, Q. & Hu, X. (2023). *AutoKeras: An AutoML Library for Deep
#   Learning*. [JMLR 24:6](https://jmlr.org/papers/v24/20-1355.html)
# - [The AutoKeras documentation](https://autokeras.com/)
