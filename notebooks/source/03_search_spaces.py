# %% [markdown]
# # Unit 03: What can be found at all?
#
# - **Objectives**: say what the bricks of a convolutional network compute, and count by hand what
#   each costs; tell parameters, FLOPs, latency and memory apart; count a search space with
#   conditional hyperparameters; write a search space of your own and search it; show with data that
#   the space decides what a search can find.
# - **Prerequisites**: [unit 01](01_what_is_nas.ipynb): the three parts of a search, what judges a
#   network; [unit 02](02_random_search.ipynb): build function, hyperparameter, trial
# - **Time**: 60 min: the bricks 20 min, what a network costs 15 min, counting and a space of your
#   own 15 min, how much the space decides 10 min
# - **Cost**: 15 s of one CPU core and 800 MiB of memory; no GPU, no network
#
# In [unit 02](02_random_search.ipynb) luck found good networks. But somebody had put them there:
# the 1,872 settings of `spaces.cnn_space` were there before the first trial. None of them lets the
# input of a block pass beside it, so no search in that space, however long or clever, ever returns a
# network that does.
#
# **A search cannot find what its space does not hold.** In this unit we look at the space itself:
# what it is built of, what its networks cost, how many there are, and how much is decided before
# any strategy begins.

# %%
from nascourse import benchmark, data, evaluation, plotting, search, spaces, trials
from nascourse.checks import compare

import itertools

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import layers

# %% [markdown]
# ## Convolution
#
# A **convolution** slides a **filter**, a small window of weights, here 3x3, over the image. At each
# place it multiplies the nine pixels under the window by the nine weights and adds the products up.
# Below is one digit, and for each of its pixels the window of 3x3 pixels around it. (`np.pad` puts a rim
# of empty pixels around the image, so that it keeps its size. Keras calls this `padding="same"`.)

# %%
splits = data.load_mnist("bundled")
digit = splits.x_train[6].squeeze() / 255
windows = np.lib.stride_tricks.sliding_window_view(np.pad(digit, 1), (3, 3))


def apply(weights):
    """The answers of a filter at all places of the digit."""
    return (windows * np.array(weights)).sum(axis=(2, 3))


left_to_right = [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]

# %% [markdown]
# `left_to_right` is a filter made by hand: its weights are -1 on the left and 1 on the right. Ink is
# 1, paper is 0.
#
# **Predict.** What does it answer on empty paper, on full ink, and where paper on the left turns
# into ink on the right? Write a list of three words, each `"negative"`, `"zero"` or `"positive"`.

# %% tags=["prediction"]
guess = ...  # a list of three words: for paper, for ink, for the edge

# %% tags=["prediction-result"]
places = {"paper": [0, 0, 0], "ink": [1, 1, 1], "edge": [0, 1, 1]}  # each row of the window
answers = {name: np.sum(left_to_right * np.array([row] * 3)) for name, row in places.items()}
signs = {name: ["zero", "positive", "negative"][np.sign(n)] for name, n in answers.items()}
compare("03.a", guess, signs, options=["negative", "zero", "positive"])

# %% [markdown]
# Where all nine pixels are alike the answer is zero. Where ink begins it is positive; where ink
# ends it is negative. So a filter is a detector, and its answers form an image again, a **feature
# map**.
#
# **Change this.** Zero is white below, positive values are orange, negative ones violet. Design a
# filter that finds horizontal strokes and is silent on vertical ones. What must the nine weights
# sum to, so that full ink gives zero?

# %% tags=["change-this"]
own = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]  # change this
maps = {"the digit": digit, "left to right": apply(left_to_right), "yours": apply(own)}
axes = plt.subplots(1, 3, figsize=(6.3, 2.3), layout="constrained")[1]
for ax, (name, values), top in zip(axes, maps.items(), (1, 3, 3)):
    ax.imshow(values, cmap="PuOr_r", vmin=-top, vmax=top)
    ax.set_title(name)
    ax.axis("off")
plotting.show(
    axes,
    caption="A filter answers to edges of one direction; a single weight in the middle to all ink.",
    source="computed in this notebook from a bundled MNIST image",
)
print("sum of your weights:", np.sum(own))

# %% [markdown]
# ## What the bricks cost
#
# `[[-1, -1, -1], [0, 0, 0], [1, 1, 1]]` finds horizontal strokes, and its weights sum to zero. But
# nobody writes filters by hand: training finds the weights. What the search space fixes is how many
# filters there are and how large their windows. A convolution with 8 filters gives 8 feature maps,
# which are the **channels** of the next layer's input.
#
# **Parameters** are the weights that training has to find: here 8 x (3 x 3 + 1) = 80, since each
# filter has nine weights and a bias, a number that is added to each of its answers. FLOPs are the
# additions and multiplications that one image costs. They come mostly in pairs, a product that is added
# to a sum: a **multiply-accumulate** (MAC). Each of 28 x 28 x 8 answers takes nine MACs, or 18 FLOPs, and
# one more for the bias: 119,168 FLOPs. A filter is as deep as its input, so a second convolution with 16
# filters has 16 x (3 x 3 x 8 + 1) parameters. `costs` counts in this way.


# %%
def network(*stack, shape=(28, 28, 1)):
    x = image = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(image, x)


def costs(*stack, shape=(28, 28, 1)):
    table = pd.DataFrame(evaluation.layer_costs(network(*stack, shape=shape)))
    return table.set_index("kind")[["output", "n_params", "flops"]]


costs(layers.Conv2D(8, 3, padding="same"), layers.Conv2D(16, 3, padding="same"))

# %% [markdown]
# The second layer has twice as many filters as the first, but many times its parameters and FLOPs:
# the channels multiply. That is why a space of networks must watch its filters.
#
# After a convolution the negative answers are usually set to zero. This is the **activation**
# `relu`; without one, two convolutions would be no more than a single larger one. Then the maps are
# made smaller, in one of two ways. **Pooling** replaces each square of 2x2 numbers by its largest
# one or by their mean. A **stride** of two makes the convolution itself skip every second place.
#
# **Predict.** Both ways end in maps of 14x14. Divide the FLOPs of the way with pooling by those of
# the way with a stride. What comes out? Write a number.

# %% tags=["prediction"]
guess = ...  # a number of times, such as 1.5

# %% tags=["prediction-result"]
pooling = costs(layers.Conv2D(16, 3, padding="same"), layers.MaxPooling2D(2))
stride = costs(layers.Conv2D(16, 3, strides=2, padding="same"))
print(pd.concat({"pooling": pooling, "stride": stride}))
compare("03.b", guess, pooling["flops"].sum() / stride["flops"].sum(), unit="times", digits=1)

# %% [markdown]
# Four times: with pooling every answer is computed first, and then four become one. The parameters
# are the same. (Pooling itself has no weights, and its few comparisons are not counted.)
#
# In a **dense** layer each output is a weighted sum of all inputs. The last layer of our networks is
# one, with ten outputs, one for each digit. Before it the maps must become one list of numbers, for
# which the space has a choice, the head: every number (`flatten`), the mean of each quarter of a map
# (`quarters`), or one mean a map (`global_average`). The means save weights. What they lose is the
# place: the mean over a whole map does not change when a stroke moves. For photographs that is often
# welcome, as a cat may sit anywhere; a digit is told apart by where its strokes are.
#
# **Change this.** From which side of the maps on does `flatten` cost ten times the parameters of
# `quarters`? Does the number of channels matter?

# %% tags=["change-this"]
side, channels = 4, 16  # change this
heads = {
    "flatten": [layers.Flatten()],
    "quarters": [layers.AveragePooling2D((side + 1) // 2, padding="same"), layers.Flatten()],
    "global average": [layers.GlobalAveragePooling2D()],
}
maps = (side, side, channels)
ends = {name: costs(*head, layers.Dense(10), shape=maps).iloc[-1] for name, head in heads.items()}
pd.DataFrame(ends).T

# %% [markdown]
# From a side of 7 on, where 49 places of a map stand against 4 quarters. The channels multiply both,
# so they hardly matter.
#
# ## Connections and separable convolutions
#
# So far each layer feeds the next one only. A **skip connection** hands the input of a block on,
# beside its output. With such connections networks of 152 layers could be trained well (He et al.
# 2016a). One explanation is that signals and gradients have a short way (He et al. 2016b). Where they
# meet, the two are added (as in ResNet), or **concatenated**: the channels of one are put behind those of
# the other (as in DenseNet, Huang et al. 2017). Neither has weights of its own. Adding asks for the same
# shape on both sides; after concatenating, the next layer pays for more channels.
#
# ```mermaid
# graph LR
#     accTitle: a skip connection
#     accDescr: The input goes through a convolution and also past it; both meet before the next block.
#     A[input] --> B[convolution] --> C((meet)) --> D[next block]
#     A -- skip --> C
# ```
#
# <details><summary>You see code in place of a drawing? Open it as a picture.</summary>
#
# ![The input goes through a convolution and past it; both meet before the next block.](skip.svg)
#
# </details>
#
# A plain filter looks at a window in all channels at once. A **separable convolution** (Chollet
# 2017) does it in two steps: one filter of a single channel for each channel alone, then a 1x1
# convolution that mixes the channels. It is not the same function made cheaper: it can express
# less. What is saved here may be lost in accuracy, and which of the two weighs more is a question
# for a search.
#
# **Change this.** For which window is a separable convolution *no* cheaper than a plain one? Does
# the number of channels change that? And what do 16 more channels (`channels = 24`) cost each?

# %% tags=["change-this"]
window, channels = 3, 8  # change this
kinds = {"plain": layers.Conv2D, "separable": layers.SeparableConv2D}
maps = (14, 14, channels)
rows = {n: costs(kind(16, window, padding="same"), shape=maps).iloc[0] for n, kind in kinds.items()}
print("by hand:", window**2 * channels * 16 + 16, window**2 * channels + channels * 16 + 16)
pd.DataFrame(rows).T

# %% [markdown]
# Only for a window of one, whatever the channels. With a window of three, 16 more channels cost the
# plain convolution 9 x 16 x 16 = 2,304 parameters, and the separable one 9 x 16 + 16 x 16 = 400.
#
# ## What a network costs
#
# Here is a whole network of the course: two blocks of a convolution with 16 filters of 3x3 and a max
# pooling, then `flatten` and the dense layer.
#
# **Predict.** Which of its three layers with weights has most parameters, and which does most of the
# work? Write a list of two, each `"first"`, `"second"` (convolution) or `"dense"`.

# %% tags=["prediction"]
guess = ...  # a list of two words: most parameters, most FLOPs

# %% tags=["prediction-result"]
setting = {"body/blocks": 2, "body/halving": "max", "body/skip": False, "conv/kind": "plain"}
setting |= {"conv/kernel": 3, "conv/filters_0": 16, "conv/filters_1": 16, "head": "flatten"}
model = spaces.built(spaces.bench_space, setting)
layer_costs = evaluation.layer_costs(model)
table = pd.DataFrame([cost for cost in layer_costs if cost.n_params])
table.index = ["first", "second", "dense"]
print(table[["kind", "output", "n_params", "flops"]])
largest = {"most parameters": table["n_params"].idxmax(), "most FLOPs": table["flops"].idxmax()}
compare("03.c", guess, largest, options=list(table.index))

# %% [markdown]
# The dense layer holds most weights, and the second convolution does most of the work. A weight of
# a convolution is used at every pixel, a weight of a dense layer once. So **parameters say how much
# there is to store and to ship, FLOPs say how much there is to compute**. When you read FLOPs in a
# paper, look how they were counted: many papers count MACs and call them FLOPs. The 0.39 billion of
# EfficientNet-B0 (Tan & Le 2019) would be 0.78 billion here.
#
# Memory is a third cost. To use a network you need its weights and, at any moment, what goes into a
# layer and what comes out. To train it you need the output of every layer for every image of the
# batch, as the backward pass reads them again. And each weight has a gradient, and Adam keeps a
# running mean of it and one of its square: four numbers a weight.
#
# **Change this.** From which batch on do the outputs need more than the weights and all that comes
# with them?

# %% tags=["change-this"]
batch = 64  # change this
n_outputs = [int(np.prod(cost.output)) for cost in layer_costs]
in_and_out = max(before + after for before, after in itertools.pairwise(n_outputs))
kibibytes = {  # a float32 number takes 4 bytes
    "weights": 4 * model.count_params() / 1024,
    "weights, gradients, two means": 4 * 4 * model.count_params() / 1024,
    "outputs to use, one image": 4 * in_and_out / 1024,
    "outputs to train, one batch": 4 * batch * sum(n_outputs) / 1024,
}
pd.Series(kibibytes, name="KiB").round()

# %% [markdown]
# From a batch of two on: a convolution has few weights and many outputs. When memory runs out, a
# smaller batch helps before a smaller network does. (A real library needs more than this count, for
# its own code and for working space.)
#
# Latency, the fourth, is how long you wait for one answer. It is not counted but measured, and it
# depends on the machine and on the program, here Keras. Surely it follows the FLOPs? Take two networks
# with about nine million FLOPs each: one with two wide convolutions, one with forty thin ones.
#
# **Predict.** Which one answers first? Write `"wide"` or `"deep"`.

# %% tags=["prediction"]
guess = ...  # "wide" or "deep"

# %% tags=["prediction-result"]
stacks = {"wide": (2, 24), "deep": (40, 4)}  # layers, filters
milliseconds = {}
for name, (n_layers, filters) in stacks.items():
    stack = [layers.Conv2D(filters, 3, padding="same") for _ in range(n_layers)]
    stacked = network(*stack, layers.Flatten(), layers.Dense(10))
    milliseconds[name] = evaluation.measure_latency(stacked).median_ms
    print(f"{name}: {evaluation.count_flops(stacked):,} FLOPs, {milliseconds[name]:.2f} ms")
compare("03.d", guess, min(milliseconds, key=milliseconds.get), options=["wide", "deep"])

bench = benchmark.load_benchmark()
facts = bench.networks
layers_a_block = 1 + (facts["body/halving"] == "max") + 2 * facts["body/skip"].astype(bool)
n_layers = facts["body/blocks"] * layers_a_block + (facts["head"] == "quarters")
ranks = facts.assign(n_layers=n_layers).corr("spearman", numeric_only=True)
ranks.loc[["n_layers", "flops", "n_params"], ["latency_ms", "litert_ms"]].round(2)

# %% [markdown]
# Forty layers are forty steps, one after the other. Each must be started, fetches its numbers and
# writes them back, and in a thin layer that takes longer than the arithmetic. **FLOPs are not
# latency.** Is that an odd pair, or the rule? The numbers below the answer come from MNIST-NAS-Bench,
# the table of [unit 01](01_what_is_nas.ipynb), which knows the costs of all its networks, measured on
# one machine. They are rank correlations with the latency: 1 if a cost puts the networks in the
# same order, -1 for the opposite order, and about 0 if they have nothing to do with each other.
#
# In Keras (`latency_ms`) each layer costs a start: there the number of layers says most, and the FLOPs
# little. In LiteRT (`litert_ms`), the program of [unit 07](07_tradeoffs.ipynb), which has hardly any
# start, the FLOPs say as much as the layers. A latency belongs to one program on one machine. And the
# larger the layers, the more the arithmetic weighs; how much, only a measurement tells.
#
# ## Counting a space
#
# How many networks does a space hold? One rule suffices: **multiply where choices are independent,
# add where one choice opens others.** The space that the rest of the course measures, that of
# MNIST-NAS-Bench, has one to three blocks, each with one of three numbers of filters, and five
# choices of two values that every network makes. A few other spaces beside it: the first four were
# trained whole; nobody could train all networks of the last (Liu et al. 2019).
#
# | space | networks | what is chosen |
# |---|---:|---|
# | MNIST-NAS-Bench (this course) | 1,248 | 2⁵ x (3 + 3² + 3³) |
# | NATS-Bench, topologies (Dong et al.) | 15,625 | one of 5 operations on each of 6 edges: 5⁶ |
# | NATS-Bench, sizes (Dong et al.) | 32,768 | one of 8 widths for each of 5 layers: 8⁵ |
# | NAS-Bench-101 (Ying et al. 2019) | 423,624 | a graph of at most 7 nodes and 9 edges |
# | DARTS | about 10¹⁸ | two small graphs of four nodes, each (1·3·6·10)·7⁸ |
#
# Ours is a **macro space**: it describes the whole network from image to output. So does the one of
# the sizes. The other three are **cell-based spaces**: one searches a small graph of layers and
# stacks copies of it, as [unit 09](09_gradient_based.ipynb) does.
#
# How many *different* networks a space holds is another question. What if a build function asks for
# the filters of a block that is not built? `loose`, below, has 2 x 3 x 3 = 18 settings.
#
# **Predict.** How many different networks do its settings build? Write a whole number.


# %%
def chain(blocks, filters):
    stack = []
    for block in range(blocks):
        stack += [layers.Conv2D(filters[block], 3, padding="same"), layers.MaxPooling2D(2)]
    return network(*stack, layers.Flatten(), layers.Dense(10))


def loose(hp):
    blocks = hp.Choice("blocks", [1, 2])
    filters = [hp.Choice(f"filters_{block}", [8, 16, 32]) for block in (0, 1)]
    return chain(blocks, filters)


# %% tags=["prediction"]
guess = ...  # a whole number of networks

# %% tags=["prediction-result"]
models = [spaces.built(loose, setting) for setting in spaces.settings(loose)]
print(pd.Series([spaces.describe(model) for model in models]).value_counts().head(4))
n_different = len({spaces.fingerprint(model) for model in models})
compare("03.e", guess, n_different, unit="networks")

# %% [markdown]
# Each network with one block is counted three times. (`spaces.fingerprint` is the same for two
# networks with the same layers and connections.) To KerasTuner these are three different settings,
# so a search may train the same network three times, and call it three trials. `conditional_scope`
# prevents this: outside its values the hyperparameter is **inactive**, its `hp.Choice` returns
# `None`, and KerasTuner takes settings that differ in nothing active for one.
#
# Still declare it on every call, as below. It is tempting to ask for `filters_1` in a loop, only
# when there is a second block. Then KerasTuner has never heard of it before the first trial with
# two blocks, counts too few settings until then and too many afterwards. AutoKeras's own
# `ConvBlock` is written like that, and in [unit 06](06_autokeras_greedy.ipynb) you see searches
# train a network twice for that reason.
#
# **Change this.** Let the scope's list be `[1, 2]`, then `[1]`, then `[2]` again. When do settings
# and networks agree, and what goes wrong with `[1]`?


# %% tags=["change-this"]
def tied(hp):
    blocks = hp.Choice("blocks", [1, 2])
    filters = [hp.Choice("filters_0", [8, 16, 32])]
    with hp.conditional_scope("blocks", [2]):  # change this
        filters.append(hp.Choice("filters_1", [8, 16, 32]) or 8)  # None where it is inactive
    return chain(blocks, filters)


models = [spaces.built(tied, setting) for setting in spaces.settings(tied)]
print(f"{len(models)} settings, {len(set(map(spaces.fingerprint, models)))} networks")

# %% [markdown]
# With `[1, 2]` networks are counted several times again. With `[1]` the second block has no filters
# to choose: `hp.Choice` returns `None`, and `or 8` puts 8 in its place, so six networks are lost.
# Without `or 8` Keras would fail.
#
# ## A space of your own
#
# **Change this.** Make the space your own by a choice of `relu` or `tanh`, or by a second
# convolution. How many settings has it? Does the search find a better network than before? Three
# networks for two epochs take **about 10 seconds.** As the space changes, `overwrite=True` begins
# anew each time. In the table `sep4@3x3/2` is a separable convolution with 4 filters and a stride
# of 2.


# %% tags=["change-this"]
def my_space(hp):
    filters = hp.Choice("filters", [4, 8])  # change this, and all below
    kind = hp.Choice("kind", ["plain", "separable"])
    convolution = {"plain": layers.Conv2D, "separable": layers.SeparableConv2D}[kind]
    image = keras.Input((28, 28, 1), dtype="uint8")
    x = layers.Rescaling(1 / 255)(image)
    x = convolution(filters, 3, strides=2, activation="relu")(x)
    return spaces.classifier(image, layers.Flatten()(x))  # ten outputs, compiled


print(spaces.size(my_space), "settings")
budget = {"strategy": "random", "max_trials": 3, "epochs": 2}
found = search.run_search(my_space, splits, **budget, directory="../runs/03_own", overwrite=True)
trials.summary(found.table)

# %% [markdown]
# ## How much does the space decide?
#
# Now the question from the beginning, with data: the table of `spaces.bench_space`, after twelve
# epochs, as means over three seeds. Accuracy varies from network to network. Which share of this
# variance does one choice explain? 100 percent if all networks with the same value were equally
# accurate, 0 if all its values were equally good on average.
#
# **Predict.** In unit 02 the head separated good networks from bad ones. Which share of the variance
# does it explain here, where it is `flatten` or `quarters`? Write a number of percent.

# %% tags=["prediction"]
guess = ...  # a number of percent

# %% tags=["prediction-result"]
table = bench.final()
accuracy = table["val_accuracy"]
shares = {}
for choice in bench.choices:
    group_means = accuracy.groupby(table[choice].astype(str)).transform("mean")
    shares[choice] = 100 * group_means.var() / accuracy.var()
shares = pd.Series(shares, name="percent of the variance").sort_values(ascending=False)
print(shares.round(1))
compare("03.f", guess, shares["head"], unit="%")

with plt.rc_context(plotting.STYLE):
    axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained", sharey=True)[1]
for ax, choice in zip(axes, ("head", "conv/kernel")):
    groups = {str(value): part["val_accuracy"] for value, part in table.groupby(choice)}
    ax = plotting.plot_shares(groups, ax=ax)
    ax.set(xlim=(0.6, 1), xticks=[0.6, 0.7, 0.8, 0.9, 1], title=choice)
plotting.show(
    axes,
    caption="A choice that explains much has curves far apart: the head more than the window.",
    source="MNIST-NAS-Bench, validation accuracy after 12 epochs",
)

# %% [markdown]
# Less than a quarter, and it is still the largest share: no choice decides alone. (`body/skip` says
# whether blocks have a skip connection. The shares of `filters_1` and `filters_2` also hold the
# number of blocks: that there is no such block is one of their values.) In the figure a point on a
# curve says which share of the networks has at most this accuracy. So a curve further to the right is
# a better space for a single draw; for a search of many trials look at its upper end. Radosavovic et
# al. (2020) compare whole spaces by such curves, and design the space, not the network.
#
# No search is perfect. What does a *typical* one find? We draw at random, from the whole space and
# from a part of it: the networks with `flatten` and 16 filters in the last block, the widest of 2, 6
# and 16. 1,000 searches each, and we take the median of what they find.
#
# **Predict.** How many trials in the whole space match a single trial in that part? Write a whole
# number.

# %% tags=["prediction"]
guess = ...  # a whole number of trials


# %% tags=["prediction-result"]
def typical(accuracies, n_trials):
    """The median of what 1,000 random searches find."""
    rng = np.random.default_rng(0)
    drawn = [rng.choice(accuracies, n_trials, replace=False).max() for _ in range(1000)]
    return np.median(drawn)


last = table["conv/filters_2"].fillna(table["conv/filters_1"]).fillna(table["conv/filters_0"])
good = accuracy[(table["head"] == "flatten") & (last == 16)]
print(f"a trial in the good part, of {len(good)} networks: {typical(good, 1):.3f}")
whole = {n: typical(accuracy, n) for n in range(1, 11)}
print("in the whole space:", {n: float(round(best, 3)) for n, best in whole.items()})
compare("03.g", guess, next(n for n in whole if whole[n] >= typical(good, 1)), unit="trials")

# %% [markdown]
# One trial in the good part is worth several in the whole space. No strategy was changed, nothing
# was trained longer: **the space did it.** Two warnings go with it.
#
# - **A narrow space is knowledge that someone paid for.** We know the good part because the
#   networks were trained. When you narrow a space by experience, say so, and give every
#   strategy that you compare the same space.
# - **What is cut off is gone.** A part that is good on the whole may lack the single best network,
#   or the smallest one that is good enough. [Unit 07](07_tradeoffs.ipynb) looks for those.
#
# **Change this.** Shrink the space to one value of another choice: try `"head"`, `"conv/filters_1"`
# and `"body/blocks"`. Which value helps a search of ten trials most? Which cuts throw the best
# network away, the one whose later trainings, which chose nothing, read most test images?

# %% tags=["change-this"]
choice, best = "conv/kernel", bench.oracle_best.name  # change this
for value, part in {"any": accuracy, **dict(list(accuracy.groupby(table[choice])))}.items():
    rest = "with" if best in part.index else "without"
    print(f"{value}: ten trials find {typical(part, 10):.3f}, {rest} the best network")

# %% [markdown]
# Sixteen filters in the second block help ten trials a little more than `flatten`, though the head
# explains most of the variance: that is made by the many bad networks, and a search of ten trials
# finds the good ones. There are 22 such cuts, and 14 of them throw the best network away.
#
# ## Summary
#
# - A search cannot find what its space does not hold. Writing the space is the first decision of a
#   search, and often the largest.
# - A convolution costs (pixels of the window x input channels + 1) parameters for each filter, and
#   pixels of the window x input channels MACs for each number that it puts out. A FLOP count is
#   twice the MACs; many papers print MACs.
# - Parameters, FLOPs, latency and memory are four different things. Count the first two, measure
#   the third, and mind the batch in the last.
# - Multiply independent choices, add what one choice opens. Different settings may build the same
#   network: compare fingerprints.
# - Declare every hyperparameter on every call, and tie it to its parent with `conditional_scope`.
#
# Next: every network of a space costs a training to judge. [Unit 04](04_estimation.ipynb) asks how
# cheaply a network can be judged.
#
# ## Exercises
#
# In [four exercises](../exercises/03_search_spaces.ipynb) you compute what a convolution costs,
# count a conditional space, write a space with and without skip connections, and decide which of
# two networks is faster.
#
# ## Further reading
#
# - Elsken, T., Metzen, J. H. & Hutter, F. (2019). *Neural Architecture Search: A Survey*.
#   [JMLR 20:55](https://jmlr.org/papers/v20/18-598.html). Its second section is about spaces.
# - Ying, C. et al. (2019). *NAS-Bench-101: Towards Reproducible Neural Architecture Search*.
#   [arXiv:1902.09635](https://arxiv.org/abs/1902.09635)
# - Dong, X. & Yang, Y. (2020). *NAS-Bench-201*.
#   [arXiv:2001.00326](https://arxiv.org/abs/2001.00326). Dong, X. et al. (2021). *NATS-Bench*.
#   [arXiv:2009.00437](https://arxiv.org/abs/2009.00437)
# - Liu, H., Simonyan, K. & Yang, Y. (2019). *DARTS: Differentiable Architecture Search*.
#   [arXiv:1806.09055](https://arxiv.org/abs/1806.09055)
# - Radosavovic, I. et al. (2020). *Designing Network Design Spaces*.
#   [arXiv:2003.13678](https://arxiv.org/abs/2003.13678)
# - The bricks: He et al. (2016a), ResNet, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385), and
#   (2016b), *Identity Mappings in Deep Residual Networks*,
#   [arXiv:1603.05027](https://arxiv.org/abs/1603.05027); Huang et al. (2017), DenseNet,
#   [arXiv:1608.06993](https://arxiv.org/abs/1608.06993); Chollet (2017), Xception,
#   [arXiv:1610.02357](https://arxiv.org/abs/1610.02357)
