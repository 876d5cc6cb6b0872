# %% [markdown]
# # Unit 06: How does AutoKeras search CNNs?
#
# - **Objectives**: say what the well-known AutoKeras snippet does step by step, and why it fails;
#   build a search space from AutoKeras blocks; follow its greedy strategy from trial to trial;
#   compare it with random search fairly; save and resume a search, and take it along.
# - **Prerequisites**: [unit 02](02_random_search.ipynb): trial, incumbent, random baseline;
#   [unit 03](03_search_spaces.ipynb): the bricks, conditional hyperparameters, fingerprints;
#   [unit 05](05_strategies.ipynb): how strategies are compared
# - **Time**: 60 min: the snippet 12 min, a space of our own 10 min, greedy search 25 min, does it
#   pay 8 min, save, export and traps 5 min
# - **Cost**: 40 s of one CPU core and 850 MiB of memory; no GPU, no network
#
# [AutoKeras](https://autokeras.com/) (Jin, Song & Hu 2019) promises a network in three lines. In
# this unit we look at what those lines do, and then make the same library work in half a minute.

# %%
from nascourse import CourseError, data, evaluation, plotting, search, spaces, strategies, trials
from nascourse._engine import archive
from nascourse.checks import compare
from nascourse.views import live, replay

import autokeras as ak
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras_tuner.engine.hyperparameters import Fixed
from sklearn.metrics import accuracy_score

pd.options.display.max_colwidth = 200

# %% [markdown]
# ## The well-known snippet
#
# AutoKeras's [own tutorial](https://autokeras.com/tutorial/image_classification/) on MNIST begins
# nearly like this, and many pages repeat it with small changes, such as naming the greedy tuner.
# **Do not run it**; we did that for you.
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
# It looks harmless. We ran it twice on two CPU cores, and stopped each run after 12 minutes of
# processor time, which is six minutes of two busy cores.
#
# **Predict.** What is the highest validation accuracy of any network that it trained, in percent?
# (By guessing one gets 10.) Write a number.

# %% tags=["prediction"]
guess = ...  # a number of percent

# %% tags=["prediction-result"]
snippet = trials.recorded("published_snippet")
columns = ["network", "pixels", "n_params", "epochs", "val_accuracy", "cpu_seconds"]
print(snippet.set_index(["run", "training"])[columns].round(2))
print(snippet.groupby("run")[["finished", "run_cpu_seconds", "run_peak_mb"]].last())
compare("06.a", guess, 100 * snippet["val_accuracy"].max(), unit="%")

# %% [markdown]
# One row is one training. Neither run came to its end, nearly all trainings stayed close to
# guessing, and each run took gigabytes of memory. Why?
#
# - **The space is made for photographs.** Besides plain CNNs, `ImageClassifier` offers ResNets,
#   Xception and EfficientNets with tens of millions of parameters. Where `pixels` says 71 or 224,
#   each digit was blown up to that size first. At 224x224 every training step is some 64 times
#   as costly as at 28x28.
# - **Naming the tuner makes it worse.** Without `tuner="greedy"`, AutoKeras would begin with three
#   networks that its authors chose, and the first is a sensible small CNN. The other two are a
#   ResNet-50 at photograph size and an EfficientNet-B7 whose weights are downloaded. With the name,
#   trial 1 is the default of the space, a ResNet-50, with one node of the trie drawn anew (see below).
# - **Five epochs on 800 images are 125 steps.** A network this size hardly learns in 125 steps.
#   Most of the trainings stay near chance, and the best is far from useful, so the search compares
#   little more than noise.
# - **The search also draws optimizers and learning rates** down to 0.00001, at which nothing moves.
# - **And today it may not start at all.** With Keras 3.13 or newer, AutoKeras 3.0.0 stops with
#   `Received an invalid value for units`. Newer Keras accepts only plain whole numbers there, and
#   AutoKeras passes a NumPy one. The course pins Keras 3.12 for this reason.
#
# **Change this.** How many images would it take for a thousand steps?

# %% tags=["change-this"]
images, epochs, pixels = 800, 5, 224  # change this
steps = epochs * -(-images // 32)  # batches of 32, the last one may be smaller
print(f"{steps} steps, each about {(pixels / 28) ** 2:.0f} times as costly as at 28x28")

# %% [markdown]
# The lesson is not that AutoKeras is bad. **A search cannot be better than its space and its
# estimation.** So let us give it a space that fits digits and an estimation that can tell networks
# apart.
#
# ## A space of our own
#
# In AutoKeras a space is a graph of **blocks**. A block is a family of layers, and what you leave
# open in it is searched: it becomes a hyperparameter.
#
# | layers in Keras | block in AutoKeras |
# |---|---|
# | `Conv2D`, `SeparableConv2D`, `MaxPooling2D` | `ConvBlock`, `XceptionBlock` |
# | `Flatten`, `GlobalAveragePooling2D`, `GlobalMaxPooling2D` | `SpatialReduction` |
# | `Dense` | `DenseBlock`, `ClassificationHead` |
# | `Add`, `Concatenate` | `Merge`, `ResNetBlock` |
#
# `ConvBlock` makes one to three blocks of one or two convolutions, each block followed by max
# pooling and perhaps dropout. `SpatialReduction` turns feature maps into a vector, by flattening or
# by averaging or by taking the maximum. `ClassificationHead` ends in ten outputs. `AutoKerasSpace`
# keeps the graph together with the first network of a search. The course has this very space ready as
# `spaces.autokeras_space()`; from it we take the first network, which was chosen by hand. The
# optimizer is not searched: it is Adam with a learning rate that works, since this course compares
# architectures.

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

space = spaces.AutoKerasSpace(image, digit, first=spaces.autokeras_space().first)
print("held fixed:", dict(space.fixed))
pd.Series(space.first, name="first trial").to_frame()

# %% [markdown]
# (`filters_0_1` are the filters of block 0 in layer 1, both counted from 0.)
#
# **Change this.** In the smaller space below nearly everything is fixed. Take one argument after
# another out of `fixed`. What does AutoKeras open then, and with which values? Would you have
# wanted that?


# %% tags=["change-this"]
def conv_space(**arguments):
    """A space of one ConvBlock; what is not given stays open."""
    image = ak.ImageInput(name="image")
    x = spaces.RescalingBlock(name="rescale")(image)
    x = ak.Flatten(name="flatten")(ak.ConvBlock(name="conv", **arguments)(x))
    return spaces.AutoKerasSpace(image, ak.ClassificationHead(dropout=0.0, name="head")(x))


fixed = {"num_blocks": 1, "num_layers": 1, "filters": 8, "dropout": 0.0}  # change this
fixed |= {"max_pooling": True, "separable": False, "kernel_size": 3}
spaces.to_table(conv_space(**fixed))

# %% [markdown]
# Left open, `kernel_size` is 3, 5 or 7, and `filters` goes from 16 up to 512: far too wide for images
# of 28x28. What you leave open is AutoKeras's decision.
#
# ## Greedy search, live
#
# Four trials of five epochs on 3,200 images. `SearchView` shows the search while it runs: the
# epochs and the time left, the network at hand, the best trials so far. Its buttons pause the
# search, or stop it and keep what is finished; the cell, run again, goes on where it stopped. This
# time let it run through, as the rest of the unit reads its four trials. Where the kernel is older,
# as on Colab, a button acts only when the search is over; *Interrupt* acts everywhere. Where widgets
# do not work, a line of progress takes their place.
#
# In gray the view draws what luck would reach: recorded random searches over the same space and the
# same images, five epochs a trial. They have 50 trials in all, and any four of them are a random
# search of four trials.
#
# **Predict.** Will trial 1 lie above or below the median of luck's first trials? Write `"above"` or
# `"below"`. **The search takes about 20 seconds.**

# %% tags=["prediction"]
guess = ...  # "above" or "below"

# %% tags=["prediction-result"]
splits = data.load_mnist("bundled")
recorded = trials.recorded("strategies")
luck = recorded[recorded["strategy"] == "random"]
budget = {"max_trials": 4, "epochs": 5, "seed": 4}
options = {"strategy": "greedy", "directory": "../runs/06_greedy", **budget}
found = search.run_search(space, splits, observer=live.SearchView(baseline=luck), **options)
first = found.table["val_accuracy"].head(1).mean()  # nan where it was stopped before
side = "above" if first > luck["val_accuracy"].median() else "below"
compare("06.b", guess, side, options=["above", "below"])
trials.summary(found.table)

# %% [markdown]
# Each dot is a trial, an empty dot one whose network had been trained before. The staircase is the
# incumbent. The gray line is the median of the random searches, and nine of ten lie in the band.
#
# The first dot lies far above the gray line, and the strategy has not decided anything yet: trial 1
# is the first network that we gave it. Keep this in mind until we ask whether greedy pays.
#
# These networks have hundreds of times fewer parameters than those of the snippet, and every one of
# them learns. What did the strategy change from trial to trial? Greedy search always starts from **the
# best trial so far**, so we compare a trial with the incumbent of that moment.
#
# **Change this.** Look at trials 2 to 4. How many values change at a time? Does every trial start
# from the same one?

# %% tags=["change-this"]
trial = 2  # change this
accuracies = found.table.set_index("trial")["val_accuracy"]
values = found.table.set_index("trial")[trials.hyperparameters(found.table)]
values = values.astype("string").fillna("none")  # the network has no such hyperparameter
incumbent = accuracies[: trial - 1].idxmax()
before, now = values.loc[incumbent], values.loc[trial]
moves = [f"{name} {before[name]} -> {now[name]}" for name in values if now[name] != before[name]]
print(f"trial {trial}, from trial {incumbent}: {'; '.join(moves)}")

# %% [markdown]
# Most values stay, one or a few move. As long as no trial beats the incumbent, every trial starts
# from the same one. (Where a search moves `kernel_size`, the pooling changes as well: `ConvBlock`
# pools by `kernel_size` - 1, so `max2` becomes `max4`. If such a trial is better, we cannot tell
# which of the two has helped.)
#
# ## The trie: what may move
#
# How does it decide which values move? The names of the hyperparameters contain slashes, as paths
# do. AutoKeras hangs them into a **trie**, a tree in which each name is a way from the root to a
# leaf. Then it draws one **node** of the tree. All hyperparameters below that node are drawn anew,
# and all others are copied from the best trial.
#
# **Change this.** Draw the node `"conv"`, `"reduce"` and the root, `""`. How many values does each
# draw anew?


# %%
def draw_trie(names, drawn):
    """The names as a tree, the root on the left; the way to what is drawn anew is orange."""
    paths = {f"/{name}/": -row for row, name in enumerate(sorted(names))}
    ax, labels = plt.subplots(figsize=(7, 3.4), layout="constrained")[1], {}
    for path in paths:
        nodes = [path[: place + 1] for place, sign in enumerate(path) if sign == "/"]
        rows = [np.mean([paths[leaf] for leaf in paths if leaf.startswith(node)]) for node in nodes]
        is_drawn = path.startswith(f"/{drawn}/".replace("//", "/"))
        color = plotting.ORANGE if is_drawn else plotting.GRAY
        ax.plot(range(len(nodes)), rows, "o-", color=color, zorder=2 + is_drawn)
        labels |= zip(nodes, enumerate(rows))
    for node, place in labels.items():
        name = node.split("/")[-2] or "root"
        offset, side = ((8, -4), "left") if node in paths else ((-4, -14), "right")
        ax.annotate(name, place, offset, textcoords="offset points", ha=side)
    ax.set_xlim(-0.1, 2.6)
    ax.axis("off")
    return ax


# %% tags=["change-this"]
best = found.best_hyperparameters
names = [hp.name for hp in best.space if best.is_active(hp) and not isinstance(hp, Fixed)]
drawn = "conv/kernel_size"  # change this
plotting.show(
    draw_trie(names, drawn),
    caption="What lies below the drawn node moves; all else stays as it was in the best trial.",
    source="AutoKeras's names of the hyperparameters of the best network above",
)

# %% [markdown]
# A node is drawn with a probability proportional to one over its number of leaves. (A leaf has one:
# itself.)
#
# **Predict.** How often does this strategy draw exactly one hyperparameter anew? Count the nodes in
# the tree: `reduce` has a single leaf as well. Write a number of percent.

# %% tags=["prediction"]
guess = ...  # a number of percent


# %% tags=["prediction-result"]
def odds(names):
    """What each node of AutoKeras's own trie draws anew, and how probable it is."""
    trie = strategies.Trie()
    for name in names:
        trie.insert(name)
    weights = np.array([1 / node.num_leaves for node in trie.nodes])
    below = [", ".join(trie.get_hp_names(node)) for node in trie.nodes]
    columns = {"leaves": [node.num_leaves for node in trie.nodes], "drawn anew": below}
    return pd.DataFrame({"probability": weights / weights.sum(), **columns}).round(3)


table = odds(names)
compare("06.c", guess, 100 * table.loc[table["leaves"] == 1, "probability"].sum(), unit="%")
table

# %% tags=["prediction-result"]
runs = recorded[recorded["strategy"] == "greedy"].groupby("seed")
moves = [move for _, run in runs for move in replay.greedy_moves(run)]
single = sum(len(move.resampled) + len(move.new) == 1 for move in moves)
print(f"In the recorded searches {single} of {len(moves)} moves changed a single value.")
columns = ["strategy", "seed", "trial", "val_accuracy"]
earlier = recorded[columns].rename(columns={"trial": "duplicate_of"})
keys, suffixes = ["strategy", "seed", "duplicate_of"], ("", " before")
recorded[[*columns, "duplicate_of"]].merge(earlier, on=keys, suffixes=suffixes).round(3)

# %% [markdown]
# Nearly always, by the odds: small changes are likely, large ones rare. The first row is the root:
# to draw it is to start from scratch. In the recorded searches fewer moves change a single value: a
# further block or layer brings filters that the best trial did not have, and they are drawn as
# well.
#
# So this is a local search: it walks from the best network to its neighbors and seldom jumps. That
# is what "greedy" means here, and it has consequences.
#
# - It **exploits**: if the first trial is good, the search stays near it. This is why the first
#   network matters so much.
# - It can be **stuck**: a better network two changes away is reached only through a better one in
#   between, or by a rare jump.
# - It changes values that do not matter. With one block, the filters of block two are still leaves
#   of the trie, as `ConvBlock` ties them to nothing. To change them gives the **same network** again,
#   and a trial is wasted. The table above has three such trials, one of them of random search. Its
#   column `duplicate_of` names the earlier trial with the same network. Compare the scores of greedy
#   search with seed 3: trained again, its best network lost almost two points. That is the winner's
#   curse.
#
# **Change this.** Move a leaf of the trie. How do the chances of dropout change if its name becomes
# `"dropout"`, outside of `conv`, and if it gets a group of its own, `"regularize/dropout"`?

# %% tags=["change-this"]
new_name = "conv/dropout"  # change this
moved = [new_name if name == "conv/dropout" else name for name in names]
for name in (new_name, "conv/filters_0_0", "reduce/reduction_type"):
    table = odds(moved)
    is_drawn = [name in row.split(", ") for row in table["drawn anew"]]
    print(f"{name} is drawn anew with {table.loc[is_drawn, 'probability'].sum():.1%}")

# %% [markdown]
# Outside of `conv` dropout falls from 12 to 11 percent, as the node `conv` no longer moves it. With a
# group of its own it rises to 19 percent, as two nodes move it alone. So its name decides how often a
# value is tried.
#
# ## Replay: what comes next?
#
# Now you know the rules, so play against them. Here is a greedy search of ten trials that you have
# not seen, from the recording. Where widgets work, it asks before each trial which node will be
# drawn and whether the trial will beat the best so far, and counts how often you were right;
# elsewhere it is a table.
#
# **Change this** when you have played: the seeds 1 to 5 are five searches. In which of them does no
# trial beat the first one? Which value led to the best network in the others? (`new` are values that
# the best trial before did not have, such as the filters of a further block.)

# %% tags=["prediction-result", "change-this"]
seed = 2  # change this
replay.replay(recorded[(recorded["strategy"] == "greedy") & (recorded["seed"] == seed)])

# %% [markdown]
# With the seeds 1 and 5 no trial beats the first one. Other filters led to the best network with the
# seeds 2 and 3, more dropout with seed 4. Few trials beat the best so far: near a good network few
# changes help, and a lucky score is hard to beat. (A recording keeps the values and not the node, so
# the replay names the smallest node that explains them. `replay.replay(found)` plays your own
# search.)
#
# ## When greedy stops early
#
# A proposal that was already tried is drawn again. After too many collisions the strategy gives up.
# AutoKeras itself ends silently then, and `run_search` says so. A search that is shorter than its
# budget is worth a question.
#
# **Change this.** Add a window of 7, then one of 9. How many must there be to choose from before all
# four trials run? **A trial takes about 2 seconds**, with a wide window somewhat longer. (As the
# space changes, `overwrite=True` begins anew. A window of 1 is refused: it would pool by 0.)

# %% tags=["change-this"]
windows = [3, 5]  # change this
tiny = conv_space(
    num_blocks=1,
    num_layers=1,
    filters=8,
    dropout=0.0,
    max_pooling=True,
    separable=False,
    kernel_size=spaces.choice("kernel_size", windows),
)
once = {"strategy": "greedy", "max_trials": 4, "epochs": 1}
print(search.run_search(tiny, splits, directory="../runs/06_tiny", overwrite=True, **once))

# %% [markdown]
# ## Does greedy pay?
#
# One run against one run proves nothing. The recording holds five greedy searches and five random
# ones, over the same space, of ten trials of five epochs each. The order of random trials does not
# matter. So, as in [unit 02](02_random_search.ipynb), we shuffle all 50 of them a thousand times, and
# read the first ten of each order as a search.
#
# **Predict.** By how many percentage points is the median of the greedy searches above that of the
# random ones after one trial, and after ten? Write a list of two numbers, negative where random
# search is ahead.

# %% tags=["prediction"]
guess = ...  # a list of two numbers of percentage points

# %% tags=["prediction-result"]
rng = np.random.default_rng(0)
orders = [rng.permutation(luck["val_accuracy"])[:10] for _ in range(1000)]
best_so_far = {
    "greedy": np.array([trials.incumbent(run) for _, run in runs]),
    "random": np.maximum.accumulate(orders, axis=1),
}
medians = {strategy: np.median(best, axis=0) for strategy, best in best_so_far.items()}
ahead = 100 * (medians["greedy"] - medians["random"])
result = {"after one trial": ahead[0], "after ten": ahead[9]}
compare("06.d", guess, result, unit="points", digits=1)
ax = plotting.plot_searches(best_so_far, band=(5, 95))
ax.set_ylim(0.85, 0.98)  # the lowest first draws of random search lie below
plotting.show(
    ax,
    caption="Greedy search starts far ahead and gains little; random search makes up most of it.",
    source="a recording: five greedy searches, and 50 random trials shuffled 1,000 times",
)

# %% [markdown]
# Greedy starts far ahead, and the reason is not that it searches better: **it was given a good
# first network**, and random search was not. From trial 1 to trial 10 the median of the greedy
# searches rises by less than one percentage point, and that of the random searches by about ten.
#
# Did greedy improve its first network at all? That network alone scored from 96.0 to 97.1 percent in
# the five seeds. To train it ten times and keep the best score would look much the same: it is the
# winner's curse again. And the two searches in which no trial beat the first one are the two whose
# first score was the highest. So this picture does not show an improvement.
#
# **Change this.** From which trial on is the lead of greedy search below two points? How far apart do
# the five greedy searches lie then?

# %% tags=["change-this"]
n_trials = 2  # change this
greedy, random = (best_so_far[name][:, n_trials - 1] for name in ("greedy", "random"))
lead = 100 * (np.median(greedy) - np.median(random))
print(f"after {n_trials} trials the lead is {lead:.1f} points")
print(f"the greedy searches lie {100 * np.ptp(greedy):.1f} points apart")

# %% [markdown]
# From the fifth on, and then the greedy searches lie 0.6 points apart. After ten trials all five greedy
# searches end above all five random ones (exact test: 2 of 252, p = 0.008). So we may say that greedy
# search *with its head start* wins at this budget. We may not say how much the strategy itself adds. For
# that, random search would need the same first network, and five seeds are few. A
# comparison with a hundred searches of each needs a table of measured networks. You have seen it in
# [unit 05](05_strategies.ipynb), where the head start could be taken away.
#
# ## Save, resume, export
#
# A search that is lost is paid for twice. Ours lives in its folder. The same call with the same
# folder goes on where it stopped: after the stop button, a dead kernel or an empty battery. At most
# the trial in progress is trained again, and it comes out the same. A finished search returns at
# once, and says so; with `overwrite=True` it would begin anew. With another setting the folder is
# refused, since a mixed table would be worthless. (AutoKeras itself would silently ignore your
# change.)

# %%
again = search.run_search(space, splits, **options)
print(again.stopped)
print("same table:", again.table.equals(found.table))
try:
    search.run_search(space, splits, **{**options, "epochs": 9})
except CourseError as error:
    print(error)

# %% [markdown]
# **Change this.** This search stops by itself after some seconds. Run the cell again until it is
# finished: how many runs does it take? Then set another `seed`, and stop it yourself with the square
# button on top.

# %% tags=["change-this"]
seconds, seed = 5, 1  # change this
resumed = {"strategy": "greedy", "max_trials": 6, "epochs": 1, "seed": seed}
folder = f"../runs/06_resumed_{seed}"
print(search.run_search(space, splits, max_seconds=seconds, directory=folder, **resumed))

# %% [markdown]
# A trial that is stopped starts again from its first epoch, so a limit below the time of one trial
# never gets anywhere.
#
# `best_model` loads the network with the weights of its best epoch: the very one that was scored.
# `save_model` writes it as one file that plain Keras can read. And you can take the whole search
# along as one file, for instance home from Binder. There `archive.import_search` unpacks it, after
# a look at all that is in it, and the same call goes on.

# %%
model = found.best_model()
n_bytes = evaluation.save_model(model, "../runs/06_greedy/best.keras")
accuracy = accuracy_score(splits.y_val, evaluation.predict(model, splits.x_val))
print(f"{n_bytes / 1024:.0f} KiB, validation accuracy {accuracy:.3f}")
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
# | `validation_split`, or `epochs` without an `EarlyStopping` of your own | the best network is trained once more, and that one is returned | pass `validation_data` and an `EarlyStopping` |
# | `max_model_size` below 23.6 million | `ImageClassifier` fails before its first trial | a space of small networks |
# | `predict` of an `ImageClassifier` | returns text of shape (n, 1), not numbers | convert, or use the exported network |
#
# ## Summary
#
# - The famous snippet fails mostly through its space and its estimation. Naming the greedy tuner
#   takes away its good first network.
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
# In [four exercises](../exercises/06_autokeras_greedy.ipynb) you compute the odds of the trie, find the
# trials that a search wasted, write a space of your own out of AutoKeras blocks, and say what a search
# that was cut off has kept.
#
# ## Further reading
#
# - Jin, H., Song, Q. & Hu, X. (2019). *Auto-Keras: An Efficient Neural Architecture Search System*.
#   [arXiv:1806.10282](https://arxiv.org/abs/1806.10282). The paper describes a Bayesian search with
#   network morphism; the greedy strategy came later, with the rewritten library.
# - Jin, H., Chollet, F., Song, Q. & Hu, X. (2023). *AutoKeras: An AutoML Library for Deep
#   Learning*. [JMLR 24:6](https://jmlr.org/papers/v24/20-1355.html)
# - [The AutoKeras documentation](https://autokeras.com/)
