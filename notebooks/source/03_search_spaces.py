# %% [markdown]
# # Unit 03: What can be found at all?
#
# - **Objectives**: say what the bricks of a convolutional network compute, and count by hand what
#   each costs; tell parameters, FLOPs, latency and memory apart; count a search space with
#   conditional hyperparameters; show with data that the space decides what a search can find.
# - **Prerequisites**: [unit 01](01_what_is_nas.ipynb): the three parts of a search, what judges a
#   network; [unit 02](02_random_search.ipynb): build function, hyperparameter, trial
# - **Time**: 60 min: the bricks 20 min, what a network costs 15 min, counting and conditional
#   hyperparameters 15 min, how much the space decides 10 min
# - **Cost**: 10 s of one CPU core and 750 MiB of memory; no training, no GPU, no network
#
# In [unit 02](02_random_search.ipynb) luck found good networks. But somebody had put them there:
# the 1,872 settings of `spaces.cnn_space` were there before the first trial. None of them has a
# skip connection. So no search in that space, however long or clever, ever returns a network with
# one.
#
# **A search cannot find what its space does not hold.** In this unit we look at the space itself:
# what it is built of, what its networks cost, how many there are, and how much is decided before
# any strategy begins.

# %%
from nascourse import benchmark, data, evaluation, plotting, spaces

import itertools

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import layers

# %% [markdown]
# ## The bricks
#
# ### Convolution
#
# A **convolution** slides a small window of weights, a **filter**, over the image. At each place it
# multiplies the nine pixels under the window by the nine weights and adds the products up. Here is
# one digit, and for each of its pixels the window of 3x3 pixels around it. (`np.pad` puts a rim of
# empty pixels around the image, so that it keeps its size. Keras calls this `padding="same"`.)

# %%
splits = data.load_mnist("bundled")
digit = splits.x_train[14].squeeze() / 255
windows = np.lib.stride_tricks.sliding_window_view(np.pad(digit, 1), (3, 3))
windows.shape

# %% [markdown]
# Now a filter made by hand. Its weights are -1 on the left and 1 on the right.
#
# **Predict.** What does it answer on empty paper, on full ink, and where paper turns into ink?


# %%
def draw(maps):
    """Maps side by side: zero is white, positive values are orange, negative ones violet."""
    with plt.rc_context(plotting.STYLE):
        size = (2.1 * len(maps), 2.4)
        axes = plt.subplots(1, len(maps), figsize=size, layout="constrained")[1]
    for ax, (name, values) in zip(axes, maps.items()):
        largest = np.abs(values).max()
        ax.imshow(values, cmap="PuOr_r", vmin=-largest, vmax=largest)
        ax.set_title(name)
        ax.axis("off")
    return axes


# %%
left_to_right = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
top_to_bottom = left_to_right.T
maps = {
    "a digit": digit,
    "left to right": (windows * left_to_right).sum(axis=(2, 3)),
    "top to bottom": (windows * top_to_bottom).sum(axis=(2, 3)),
}
plotting.show(
    draw(maps),
    alt="A handwritten zero, and the answers of two filters. The first is orange along every edge "
    "where ink begins from the left and violet where it ends; the second does so from the top.",
    source="computed in this notebook from a bundled MNIST image",
)

# %% [markdown]
# Where all nine pixels are alike the answer is zero, which is white. Where ink begins it is
# positive, orange; where ink ends it is negative, violet. So a filter is a detector, and its
# answers form an image again, a **feature map**.
#
# Nobody writes filters by hand: training finds the weights. What the search space fixes is how many
# filters there are and how large their windows. A convolution with 8 filters gives 8 feature maps,
# which are the **channels** of the next layer's input.
#
# What does it cost? Parameters are the weights that training has to find. FLOPs are the additions
# and multiplications that one image costs. They come mostly in pairs, a product that is added to a
# sum. Such a pair is a **multiply-accumulate** (MAC).

# %%
n_params = 8 * (3 * 3 * 1 + 1)  # each filter: nine weights for one channel, and a bias
macs = 28 * 28 * 8 * (3 * 3 * 1)  # each of the output's numbers: nine multiply-accumulates
flops = 2 * macs + 28 * 28 * 8  # two operations each, and the bias is one addition more
print(f"{n_params} parameters, {macs:,} MACs, {flops:,} FLOPs")

# %% [markdown]
# The course counts in the same way. `costs` puts layers on top of each other and lists what each
# costs for one image.


# %%
def network(*stack, shape=(28, 28, 1)):
    x = image = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(image, x)


def costs(*stack, shape=(28, 28, 1)):
    table = pd.DataFrame(evaluation.layer_costs(network(*stack, shape=shape)))
    return table.set_index("kind")[["output", "n_params", "flops"]]


costs(layers.Conv2D(8, 3, padding="same"))

# %% [markdown]
# **Predict.** A second convolution follows, with 16 filters of 3x3. How many parameters has it? Its
# input has 8 channels, and a filter is as deep as its input.

# %%
print("by hand:", 16 * (3 * 3 * 8 + 1))
costs(layers.Conv2D(8, 3, padding="same"), layers.Conv2D(16, 3, padding="same"))

# %% [markdown]
# It has twice as many filters as the first layer, but many times its parameters and FLOPs: the
# channels multiply. That is why a space of networks must watch its filters.
#
# ### Pooling and stride
#
# After a convolution the negative answers are usually set to zero. This is the **activation**
# `relu`; without one, two convolutions would be no more than a single larger one. Then the maps are
# made smaller, and there are two ways. **Pooling** replaces each square of 2x2 numbers by its
# largest one or by their mean. A **stride** of two makes the convolution itself skip every second
# place.

# %%
edges = np.maximum(maps["left to right"], 0)  # relu
squares = edges.reshape(14, 2, 14, 2)
smaller = {
    "28x28": edges,
    "max pooling": squares.max(axis=(1, 3)),
    "average pooling": squares.mean(axis=(1, 3)),
    "stride 2": edges[::2, ::2],
}
plotting.show(
    draw(smaller),
    alt="The edges where the zero's ink begins, at 28x28 and three times at 14x14: with max pooling "
    "the lines grow thick, with average pooling they are paler, with a stride they stay thin.",
    source="computed in this notebook from a bundled MNIST image",
)

# %% [markdown]
# **Predict.** Both ways end in maps of the same size. Which is cheaper, and by how much?

# %%
pooling = [layers.Conv2D(16, 3, padding="same"), layers.MaxPooling2D(2)]
stride = [layers.Conv2D(16, 3, strides=2, padding="same")]
pd.concat({"pooling": costs(*pooling), "stride": costs(*stride)})

# %% [markdown]
# The parameters are the same; the stride needs a quarter of the FLOPs. With pooling every answer is
# computed first, and then four become one. Pooling itself has no weights, and its few comparisons
# are not counted.
#
# ### From maps to ten numbers
#
# In a **dense** layer each output is a weighted sum of all inputs. The last layer of our networks
# is one, with ten outputs, one for each digit. Before it the maps must become one list of numbers.
# Three ways to do it, for 16 maps of 7x7:

# %%
ways = {
    "flatten: every number": [layers.Flatten()],
    "quarters: four means a map": [layers.AveragePooling2D(4, padding="same"), layers.Flatten()],
    "global average: one mean a map": [layers.GlobalAveragePooling2D()],
}
rows = {}
for name, way in ways.items():
    rows[name] = costs(*way, layers.Dense(10), shape=(7, 7, 16)).loc["Dense", ["n_params", "flops"]]
pd.DataFrame(rows).T

# %% [markdown]
# By hand, for the first row: 7 x 7 x 16 = 784 inputs and a bias make 785 weights for each of the
# ten outputs. The means save nearly all of them. (In the short descriptions of networks the last way
# is `globalavg`. A relative, `globalmax`, keeps the largest number of each map.)
#
# What do the means lose? We move a feature map by three pixels. Do the numbers change that the dense
# layer sees?

# %%
moved = np.roll(edges, 3, axis=1)
print("flatten, every number: ", not np.array_equal(edges, moved))
print("global average:        ", not np.isclose(edges.mean(), moved.mean()))

# %% [markdown]
# The mean over a whole map does not know where a stroke was. For photographs that is often welcome,
# as a cat may sit anywhere. A digit is told apart by where its strokes are. We come back to this
# with data.
#
# ### Connections
#
# So far each layer feeds the next one only. A **skip connection** hands the input of a block on,
# beside its output. Gradients then have a short way back, which is what made very deep networks
# trainable (He et al. 2016).
#
# ```mermaid
# graph LR
#     accTitle: a skip connection
#     accDescr: The input goes through a convolution and also past it; both meet before the next block.
#     A[input] --> B[convolution] --> C((meet)) --> D[next block]
#     A -- skip --> C
# ```
#
# Where they meet, the two are added (as in ResNet), or **concatenated**: the channels of one are
# put behind those of the other (as in DenseNet, Huang et al. 2017). **Predict** what each way costs
# in the *next* convolution.

# %%
x = keras.Input((14, 14, 16))
y = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
for meet in (layers.Add(), layers.Concatenate()):
    z = meet([x, y])
    after = layers.Conv2D(16, 3, padding="same")
    after(z)
    print(f"{meet.__class__.__name__:11}: {z.shape[-1]} channels, then {after.count_params():,}")

# %% [markdown]
# Neither has weights of its own. Adding asks for the same shape on both sides and costs the next
# layer nothing extra. Concatenating keeps both apart, and the next layer pays for twice the
# channels.
#
# ### Separable convolution
#
# A plain filter looks at a window in all channels at once. A **separable convolution** does it in
# two steps: one 3x3 filter for each channel alone, then a 1x1 convolution that mixes the channels.
# Chollet (2017) built Xception from them.

# %%
plain = 3 * 3 * 16 * 16 + 16
separable = 3 * 3 * 16 + 16 * 16 + 16
print(f"by hand: {plain:,} against {separable:,} parameters")
pair = {"plain": layers.Conv2D, "separable": layers.SeparableConv2D}
same = {name: costs(kind(16, 3, padding="same"), shape=(14, 14, 16)) for name, kind in pair.items()}
pd.concat(same)

# %% [markdown]
# Less than a fifth of the price. But it is not the same function made cheaper: it can express less.
# What is saved here may be lost in accuracy, and which of the two weighs more is a question for a
# search.
#
# One brick costs nothing at all when the network is used: **dropout** switches off a random part of
# the numbers during training, so that no output relies on a single one.
#
# ## What a network costs
#
# Here is a whole network of the course. **Predict**: which layer has most of the parameters, and
# which does most of the work?

# %%
setting = {"body/blocks": 2, "body/halving": "max", "body/skip": False, "conv/kind": "plain"}
setting |= {"conv/kernel": 3, "conv/filters_0": 16, "conv/filters_1": 16, "head": "flatten"}
model = spaces.built(spaces.bench_space, setting)
print(spaces.describe(model))

# %%
ax = plotting.plot_architecture(evaluation.layer_costs(model), columns=7)
plotting.show(
    ax,
    alt="A network as seven boxes. The second convolution has the most FLOPs, 906 thousand; the "
    "dense layer at the end has the most weights, 7,850, and few FLOPs.",
    source="counted in this notebook",
)

# %% [markdown]
# The two do not go together. A weight of a convolution is used at every pixel, a weight of a dense
# layer once. So **parameters say how much there is to store and to ship, FLOPs say how much there
# is to compute**.
#
# Two traps when you read FLOPs in a paper:
#
# - Many papers count MACs and call them FLOPs. The 0.39 billion of EfficientNet-B0 (Tan & Le 2019)
#   would be 0.78 billion here. Before you compare two numbers, look how they were counted.
# - Some write FLOPS, with a capital S. That is the speed of a machine, as you saw in
#   [unit 01](01_what_is_nas.ipynb), and not the work of a network.
#
# ### Memory
#
# A float32 number takes 4 bytes. To use a network you need its weights and, at any moment, what
# goes into a layer and what comes out. To train it you need much more. The backward pass reads the
# output of every layer for every image of the batch again. And each weight has a gradient, of which
# Adam also keeps two running means.


# %%
def memory(model, *, batch=1, training=False):
    """Bytes for weights and outputs, as a simple program would hold them."""
    layer_costs = evaluation.layer_costs(model)
    weights = 4 * sum(cost.n_params for cost in layer_costs)
    outputs = [4 * batch * int(np.prod(cost.output)) for cost in layer_costs]
    if training:
        return 4 * weights + sum(outputs)
    return weights + max(before + after for before, after in itertools.pairwise(outputs))


print(f"the weights alone:      {4 * model.count_params() / 1024:,.0f} KiB")
print(f"to use, one image:      {memory(model) / 1024:,.0f} KiB")
print(f"to train, one image:    {memory(model, training=True) / 1024:,.0f} KiB")
print(f"to train, batch of 64:  {memory(model, batch=64, training=True) / 1024:,.0f} KiB")

# %% [markdown]
# With a batch of 64 it is the outputs that fill the memory here: they grow with the batch, and the
# weights do not. When memory runs out, try a smaller batch before a smaller network. (A real
# library needs more than this count, for its own code and for working space.)
#
# ### Latency
#
# Latency is how long you wait for one answer. It is not counted but measured, and it depends on the
# machine. Surely it follows the FLOPs? Here are two networks with nearly the same FLOPs: one with
# two wide convolutions, one with forty thin ones.
#
# **Predict**: which one answers first?

# %%
wide = [layers.Conv2D(24, 3, padding="same") for _ in range(2)]
deep = [layers.Conv2D(4, 3, padding="same") for _ in range(40)]
wide, deep = (network(*stack, layers.Flatten(), layers.Dense(10)) for stack in (wide, deep))
for name, one in {"wide": wide, "deep": deep}.items():
    print(f"{name}: {evaluation.count_flops(one) / 1e6:.1f} million FLOPs")

# %%
wait = {name: evaluation.measure_latency(one).median_ms for name, one in zip("wd", (wide, deep))}
print("the deep one takes more than twice as long:", wait["d"] > 2 * wait["w"])

# %% [markdown]
# (We print no milliseconds, since yours differ. Look at `wait`.) Forty layers are forty steps, one
# after the other. Each must be started, fetches its numbers and writes them back, and in a thin
# layer that takes longer than the arithmetic. **FLOPs are not latency.** Whoever needs a fast
# network measures it, on the machine where it will run.
#
# Is that an odd pair, or the rule? MNIST-NAS-Bench, the table of [unit 01](01_what_is_nas.ipynb),
# knows the costs of its networks (their latency was measured on one machine). The number for each
# pair of costs is 1 if both put the networks in the same order, -1 for the opposite order, and
# about 0 if they have nothing to do with each other. `saved_bytes` is the size of the file that
# holds the network.

# %%
bench = benchmark.load_benchmark()
bench.networks[["n_params", "flops", "latency_ms", "saved_bytes"]].corr("spearman").round(2)

# %% [markdown]
# Look at `flops` and `latency_ms`. These networks are so small that starting a layer takes longer
# than computing it. So here FLOPs say little about latency. The larger the layers, the more the
# arithmetic weighs; how much, only a measurement tells.
#
# ## Counting a space
#
# How many networks does a space hold? One rule suffices: **multiply where choices are independent,
# add where one choice opens others.** Here is the space that the rest of the course measures.

# %%
spaces.to_table(spaces.bench_space)

# %% [markdown]
# **Predict** its size. Start with the filters: how many ways are there with one block, with two,
# with three?

# %%
filters = 3 + 3 * 3 + 3 * 3 * 3  # added, as a network has one, two or three blocks
print("by hand:", 2 * 2 * 2 * 2 * 2 * filters)
print("counted:", spaces.size(spaces.bench_space))

# %% [markdown]
# Small changes of a space are large changes of its size. If each block chose its own window, the
# filters' 3 would become 6 for each block:

# %%
print(2 * 2 * 2 * 2 * (6 + 6 * 6 + 6 * 6 * 6))

# %% [markdown]
# That is more than three times as many, each of them to be trained. Spaces that others measured
# whole, beside ours:
#
# | space | networks | what is chosen |
# |---|---:|---|
# | MNIST-NAS-Bench (this course) | 1,248 | the table above |
# | NATS-Bench, topologies (Dong et al. 2021) | 15,625 | one of 5 operations on each of 6 edges: 5⁶ |
# | NATS-Bench, sizes (Dong et al. 2021) | 32,768 | one of 8 widths for each of 5 layers: 8⁵ |
# | NAS-Bench-101 (Ying et al. 2019) | 423,624 | a graph of at most 7 nodes and 9 edges |
#
# Spaces that are searched and not measured are far larger: nobody could train them whole.
#
# ## Conditional hyperparameters
#
# A block that is not built has no filters. What if a build function asks for them all the same?


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


# %% [markdown]
# We build every setting and compare the networks. `spaces.fingerprint` is the same for two networks
# with the same layers and connections, whatever the values that led to them.

# %%
models = [spaces.built(loose, setting) for setting in spaces.settings(loose)]
fingerprints = {spaces.fingerprint(model) for model in models}
print(f"{len(models)} settings, {len(fingerprints)} networks")
pd.Series([spaces.describe(model) for model in models]).value_counts().head(4)

# %% [markdown]
# Each network with one block is counted three times. To KerasTuner these are three different
# settings, so a search may train the same network three times, and call it three trials.
#
# `conditional_scope` mends this. It ties a hyperparameter to the values of its parent.


# %%
def tied(hp):
    blocks = hp.Choice("blocks", [1, 2])
    filters = [hp.Choice("filters_0", [8, 16, 32])]
    with hp.conditional_scope("blocks", [2]):
        filters.append(hp.Choice("filters_1", [8, 16, 32]))
    return chain(blocks, filters)


models = [spaces.built(tied, setting) for setting in spaces.settings(tied)]
print(f"{len(models)} settings, {len(set(map(spaces.fingerprint, models)))} networks")

# %% [markdown]
# Inside the scope, `hp.Choice` is still called when there is one block. What does it return then,
# and what does KerasTuner remember? **Predict**, then look at the default setting, one block.

# %%
hp = spaces.declared(tied)
print("known: ", [entry.name for entry in hp.space])
print("values:", hp.values)
with hp.conditional_scope("blocks", [2]):
    print("filters_1 is", hp.Choice("filters_1", [8, 16, 32]))

# %% [markdown]
# The hyperparameter is known, but it has no value: it is **inactive**, and its `hp.Choice` returns
# `None`. Since KerasTuner compares values, two settings that differ in nothing active are one.
#
# ### A trap: a space that is discovered as it goes
#
# It is tempting to write the same without a scope, and to ask only when there is a block:


# %%
def hidden(hp):
    blocks = hp.Choice("blocks", [1, 2])
    filters = [hp.Choice(f"filters_{block}", [8, 16, 32]) for block in range(blocks)]
    return chain(blocks, filters)


hp = spaces.declared(hidden)
print("before the first trial:       ", spaces.size(hp), "settings")
hp.values["blocks"] = 2
hidden(hp)
print("after a trial with two blocks:", spaces.size(hp), "settings")

# %% [markdown]
# Both numbers are wrong; there are 12. KerasTuner learns of a hyperparameter when the build
# function asks for it. At first it has never heard of `filters_1`, so a small budget may end before
# the space is known. Once it is known, nothing ties it to its parent, and the duplicates are back.
# (In [unit 02](02_random_search.ipynb) `build_small_cnn` asks inside its loop as well. It has the
# scope, so it counts nothing twice. But it, too, is discovered as it goes.)
#
# This is not a beginner's mistake only. AutoKeras is a library that builds whole searches with
# KerasTuner. Its own `ConvBlock` is written like `hidden`, and in
# [unit 06](06_autokeras_greedy.ipynb) you see a search stumble over it.
#
# ## How much does the space decide?
#
# Now the question from the beginning, with data: the table of `spaces.bench_space`, after twelve
# epochs, as means over three seeds. Accuracy varies from network to network. A bar says which share
# of this variance one choice explains: 100 percent if the choice alone decided the accuracy, 0 if
# all its values were equally good on average. **Predict**: which choice decides most?

# %%
print(f"{len(bench):,} of the {bench.of:,} networks are in the table")
table = bench.final()
shares = benchmark.effects(table, bench.choices, by="val_accuracy")
with plt.rc_context(plotting.STYLE):
    ax = (100 * shares).plot.barh(xlabel="percent of the variance that the choice explains alone")
ax.invert_yaxis()  # the first on top
plotting.show(
    ax,
    alt="Bars for nine choices, by the share of the variance of accuracy that each explains alone. "
    "The head has the longest bar, between 20 and 25 percent.",
    source="MNIST-NAS-Bench, validation accuracy after 12 epochs",
)

# %% [markdown]
# No choice decides alone. The longest bar, more than a fifth, belongs to the head, the way from
# maps to a list of numbers: a choice that is easily forgotten when one writes a space. (The bars of
# `filters_1` and `filters_2` also hold the number of blocks: that there is no such block is one of
# their values.) Let us look at the two halves into which the head cuts the space. A point on a
# curve says which share of the networks has at most this accuracy, so a curve further to the right
# is a better space.

# %%
heads = {name: part["val_accuracy"] for name, part in table.groupby("head")}
ax = plotting.plot_shares(heads)
ax.set_xlim(0.6, 1)
plotting.show(
    ax,
    alt="Two rising curves of validation accuracy. Flatten lies to the right of quarters all the "
    "way: nearly all of its networks are above 85 percent, and far fewer of the others.",
    source="MNIST-NAS-Bench, validation accuracy after 12 epochs",
)

# %% [markdown]
# Nearly all networks with `flatten` are above 85 percent; about 40 percent of those with `quarters`
# are not. For comparison, a choice with a short bar: the window of the convolutions.

# %%
kernels = {
    f"{kernel}x{kernel}": part["val_accuracy"] for kernel, part in table.groupby("conv/kernel")
}
ax = plotting.plot_shares(kernels)
ax.set_xlim(0.6, 1)
plotting.show(
    ax,
    alt="Two rising curves of validation accuracy for windows of 3x3 and 5x5. They lie much closer "
    "together; 5x5 is a little further to the right.",
    source="MNIST-NAS-Bench, validation accuracy after 12 epochs",
)

# %% [markdown]
# 5x5 is better all the way, but the gap is smaller: with either window most networks are above 90
# percent. A long bar means curves far apart, a short one curves close together. Radosavovic
# et al. (2020) compare whole spaces by such curves, and then design the space, not the network.
#
# In unit 01 a perfect search found less in a poorer space. But no search is perfect. What does a
# *typical* one find? We draw at random, as in unit 02, from the whole space and from parts of it:
# 1,000 searches each, and take the median of what they find. **Predict** how many trials in the whole
# space match one trial in the best part.

# %%
deepest = table["conv/filters_2"].fillna(table["conv/filters_1"]).fillna(table["conv/filters_0"])
flattened = table["head"] == "flatten"
parts = {
    "the whole space": table,
    "only quarters": table[~flattened],
    "only flatten": table[flattened],
    "flatten, 16 filters in the last block": table[flattened & (deepest == 16)],
}
print({name: len(part) for name, part in parts.items()})

# %%
rng = np.random.default_rng(0)
budgets = (1, 3, 10, 30)
medians = {
    name: [
        np.median([rng.choice(part["val_accuracy"], n, replace=False).max() for _ in range(1000)])
        for n in budgets
    ]
    for name, part in parts.items()
}
pd.DataFrame(medians, index=pd.Index(budgets, name="trials")).T.round(3)

# %% [markdown]
# Read along the rows and down the columns. One trial in the last part is worth three in the whole
# space. Thirty trials among the quarters are not worth ten in the whole space. No strategy was
# changed, nothing was trained longer: **the space did it.**
#
# Two warnings go with it.
#
# - **A narrow space is knowledge that someone paid for.** We know the good part because the
#   networks were trained. When you narrow a space by experience, say so, and give every
#   strategy that you compare the same space.
# - **What is cut off is gone.** A part that is good on the whole may lack the single best network,
#   or the smallest one that is good enough. [Unit 07](07_tradeoffs.ipynb) looks for those.
#
# ## Cells and whole networks
#
# Our spaces are **macro spaces**: they describe the whole network from image to output. For large
# networks that gets out of hand, since every further layer multiplies the space.
#
# In a **cell-based space** one searches a small graph of layers, the **cell**, and stacks copies of
# it. NASNet (Zoph et al. 2018) was found in this way: the cell was searched on small images
# (CIFAR-10) and more copies of it were stacked for large ones (ImageNet). The cells of
# NAS-Bench-101 have at most 7 nodes and 9 edges, and each network stacks nine of them. The price is
# a restriction: all copies are alike, and what connects them is fixed by hand.
#
# Cells have a counting problem of their own. Take one with two branches that meet in a sum, and
# three operations to choose from for each branch.

# %%
operations = ["3x3", "1x1", "max pooling"]
pairs = list(itertools.product(operations, repeat=2))
print(len(pairs), "settings,", len({tuple(sorted(pair)) for pair in pairs}), "cells")

# %% [markdown]
# (3x3, 1x1) and (1x1, 3x3) are the same cell, drawn with its branches swapped. Graphs that become
# equal when their nodes are renamed are **isomorphic**. NAS-Bench-101 counts each of them once.
# NATS-Bench takes them as they come: of its 15,625 topologies 6,466 are different (Dong & Yang
# 2020). Our fingerprint does not see it either:


# %%
def branches(first, second):
    image = keras.Input((28, 28, 1))
    both = [layers.Conv2D(4, window, padding="same")(image) for window in (first, second)]
    return keras.Model(image, layers.Add()(both))


print(spaces.fingerprint(branches(3, 1)) == spaces.fingerprint(branches(1, 3)))

# %% [markdown]
# It compares layer by layer, in the order in which they were made. In this course that is enough,
# as no space here has branches to swap. In a cell-based space it would not be.
#
# ## The same bricks in AutoKeras
#
# AutoKeras offers the bricks in larger pieces, its **blocks**. What you do not fix is searched.
#
# | brick | Keras | AutoKeras |
# |---|---|---|
# | convolutions and pooling | `Conv2D`, `MaxPooling2D` | `ConvBlock` |
# | separable convolutions | `SeparableConv2D` | `ConvBlock(separable=True)`, `XceptionBlock` |
# | from maps to a list | `Flatten`, `GlobalAveragePooling2D`, `GlobalMaxPooling2D` | `SpatialReduction` |
# | dense layers | `Dense` | `DenseBlock`, `ClassificationHead` |
# | connections | `Add`, `Concatenate` | `Merge`, `ResNetBlock` |
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
# - Zoph, B., Vasudevan, V., Shlens, J. & Le, Q. V. (2018). *Learning Transferable Architectures for
#   Scalable Image Recognition* (NASNet). [arXiv:1707.07012](https://arxiv.org/abs/1707.07012)
# - Ying, C. et al. (2019). *NAS-Bench-101: Towards Reproducible Neural Architecture Search*.
#   [arXiv:1902.09635](https://arxiv.org/abs/1902.09635)
# - Dong, X. & Yang, Y. (2020). *NAS-Bench-201*.
#   [arXiv:2001.00326](https://arxiv.org/abs/2001.00326). Dong, X. et al. (2021). *NATS-Bench*.
#   [arXiv:2009.00437](https://arxiv.org/abs/2009.00437)
# - Radosavovic, I. et al. (2020). *Designing Network Design Spaces*.
#   [arXiv:2003.13678](https://arxiv.org/abs/2003.13678)
# - The bricks: He et al. (2016), ResNet, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385);
#   Huang et al. (2017), DenseNet, [arXiv:1608.06993](https://arxiv.org/abs/1608.06993); Chollet
#   (2017), Xception, [arXiv:1610.02357](https://arxiv.org/abs/1610.02357)
