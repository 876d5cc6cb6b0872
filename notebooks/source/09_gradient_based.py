# %% [markdown]
# # Unit 09: Can an architecture be learned by descent?
#
# - **Objectives**: turn a choice into numbers that a gradient can move; make both steps of DARTS by
#   hand; run it on digits and read its architecture weights; measure what is lost when the mixture
#   becomes a network; recognize the collapse to skips; compare with random search at equal cost.
# - **Prerequisites**: [unit 05](05_strategies.ipynb): equal budget, bootstrap interval;
#   [unit 08](08_weight_sharing.ipynb): weight sharing, inherited weights
# - **Time**: 65 min: a choice 10 min, two steps 15 min, the cell 5 min, the search 10 min, the gap 10
#   min, the collapse 5 min, the rivals 10 min
# - **Cost**: 50 s of one CPU core and 950 MiB of memory; no GPU, no network
#
# Every strategy so far tried networks and looked what came of it. The weights of a network are found
# in another way: a gradient says for each of them, at once, in which direction it should move. Why
# not ask the gradient about the architecture as well? Because "convolution or pooling?" is not a
# number, and nothing lies between the two. **DARTS** (Liu, Simonyan & Yang 2019) puts something
# between them.

# %%
from nascourse import benchmark, data, plotting, trials
from nascourse.methods import darts

import inspect

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# %% [markdown]
# ## A choice becomes a number
#
# Two operations could stand between input and output: hand the number $x$ on as it is, a skip, or
# multiply it by a weight $w$. Do not choose. Take both, each with a *share*, and add them up:
# that is a **mixed operation**. The shares come from two numbers $\alpha$, the **architecture
# weights**, by the softmax: $\text{share}_i = e^{\alpha_i} / (e^{\alpha_1} + e^{\alpha_2})$. They are
# positive and add up to 1, whatever the $\alpha$ are.
#
# **Predict** the three outputs for $x = 2$ and $w = 3$, where a skip gives 2 and the product 6. For
# the second, $e^{1.1}$ is about 3.

# %%
x, w = 2.0, 3.0
for alpha in ([0.0, 0.0], [1.1, 0.0], [0.0, 20.0]):
    share = np.exp(alpha) / np.sum(np.exp(alpha))
    print(f"alpha {alpha}: shares {share.round(2)}, output {share[0] * x + share[1] * w * x:.2f}")

# %% [markdown]
# Equal numbers are equal shares. A difference of 1.1 makes them three to one. With a large difference
# the mixture is one operation alone: the choice is still there, at the edge of something smooth. And
# what is smooth has a slope. If $\alpha_1$ grows a little, the output moves by
# $\text{share}_1 \cdot (2 - \text{output})$: toward what the first operation says.
#
# ## Two steps, two halves
#
# Now there are two kinds of weights, and both can be learned by descent. But not from the same
# images. Suppose they were. **Predict**: which operation would get the larger share, the one that
# reads new images better, or the one that remembers the images it has seen?
#
# We know that quarrel from unit 00: who is fitted to images is not judged by them. So DARTS cuts
# the training images into two halves, and takes two steps in turn:
#
# 1. move $\alpha$ to lower the loss on a batch of the *second* half,
# 2. move the weights to lower the loss on a batch of the *first* half.
#
# A problem with one descent inside another is called **bilevel**. This is Algorithm 1 of the paper,
# in its cheaper variant, **first order**: the step of $\alpha$ takes the weights as they are. The
# dearer one, second order, also asks how the weights would answer.
#
# Let us make both steps by hand. One edge, the two operations from above, both shares 1/2, and the
# loss $(\text{output} - y)^2$ for $x = 2$ and $y = 1$:
#
# | | |
# |---|---|
# | output | $1/2 \cdot 2 + 1/2 \cdot 6 = 4$, so the loss is $(4 - 1)^2 = 9$ |
# | slope of the loss by the output | $2 \cdot (4 - 1) = 6$ |
# | slope of the output by $\alpha_1$ and $\alpha_2$ | $1/2 \cdot (2 - 4) = -1$ and $1/2 \cdot (6 - 4) = 1$ |
# | slope of the output by $w$ | $1/2 \cdot 2 = 1$ |
#
# **Predict** $\alpha$ and $w$ after a step of each from this place, with a rate of 0.1.


# %%
def toy_step(kind):
    """Make one step, of alpha or of the weight; return alpha and w."""
    alpha, w = tf.Variable([0.0, 0.0]), tf.Variable(3.0)

    def loss(x, y):
        share = tf.nn.softmax(alpha)
        return (share[0] * x + share[1] * w * x - y) ** 2

    moved = {"alpha": alpha, "weight": w}[kind]
    step = darts.descend(loss, [moved], keras.optimizers.SGD(0.1))
    step(tf.constant(2.0), tf.constant(1.0))
    return alpha.numpy().round(2), w.numpy().round(2)


for kind in ("alpha", "weight"):
    print(f"step of {kind}: alpha and w are {toy_step(kind)}")

# %% [markdown]
# $0 + 0.1 \cdot 6 = 0.6$ for the skip, $-0.6$ for the product, and $3 - 0.1 \cdot 6 = 2.4$ for the
# weight. The output was too large, and the skip says the smaller number, so the skip gains. All of
# DARTS is in this table. `descend` is a handful of lines, and the same for both steps: they differ in
# what they move, and in the images they see.

# %%
print(inspect.getsource(darts.descend).split('"""')[2])

# %% [markdown]
# ## A cell of six edges
#
# A single edge is no network. DARTS searches a cell: a few nodes, with an **edge** from each to
# each later one. A node is the sum of what its edges bring, the last node is the output, and copies
# of the cell are stacked. Ours is the cell of NAS-Bench-201 (Dong & Yang 2020), with four nodes and
# six edges. It stands four times between a first convolution and a classifier, always with the same
# $\alpha$. That is a small sister of the paper's, which has 14 edges and 8 operations.

# %%
print("edges:", *darts.EDGE_NAMES)
print("operations:", ", ".join(darts.OPERATIONS))
print(f"cells: {len(darts.OPERATIONS) ** len(darts.EDGES):,}")
network = darts.MixedNetwork(seed=0)
print(f"alpha: {network.alpha.shape}, {tf.size(network.alpha)} numbers")
print(f"all other weights: {sum(tf.size(weight) for weight in network.weights):,}")

# %% [markdown]
# (`conv` is ReLU, convolution, normalization; `pool` takes means. Both keep the size.) The mixed
# network holds the weights of all 4,096 networks. It is a supernet as in unit 08, with one
# difference: there each batch used one path, here each batch goes through *all* operations of all
# edges. So a step is dear, and in return it tells something about every operation.

# %%
print(inspect.getsource(darts.mixed_operation))

# %% [markdown]
# ## The search
#
# The loop of Algorithm 1, with the digits cut in halves. Here is one epoch.

# %%
splits = data.load_mnist("bundled")
weight_half, alpha_half = darts.halves(splits, seed=0)


def loss(x, y):
    logits = network.logits(x)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))


alpha_step = darts.descend(loss, [network.alpha], keras.optimizers.Adam(0.02, beta_1=0.5))
weight_step = darts.descend(loss, network.weights, keras.optimizers.SGD(0.05, momentum=0.9))
for start in range(0, len(weight_half[1]), 64):
    batch = slice(start, start + 64)
    alpha_step(*(part[batch] for part in alpha_half))
    weight_step(*(part[batch] for part in weight_half))
print(network.shares().numpy().round(3))

# %% [markdown]
# A row is an edge, a column an operation, and a row adds up to 1. The shares began at a quarter each,
# and have begun to move. `darts.search` does the same for 20 epochs, with a rate that falls, and
# notes what it sees. **This takes about 20 seconds.**

# %%
found = darts.search(splits, epochs=20, seed=1)
found

# %% [markdown]
# **Predict**: some shares will grow. Will an edge have decided by the end, with one share near 1?


# %%
def draw_shares(shares):
    """One panel for each edge: the shares of its operations over the epochs."""
    with plt.rc_context(plotting.STYLE):
        _, axes = plt.subplots(2, 3, figsize=(7.2, 4.2), sharex=True, sharey=True)
    for ax, edge in zip(axes.flat, darts.EDGE_NAMES):
        plotting.plot_lines(shares[edge], value="share" if edge in ("0→1", "0→3") else "", ax=ax)
        ax.set(title=f"edge {edge}", ylim=(0, 1), xlabel="epoch" if edge[-1] == "3" else "")
        ax.get_legend().remove()
    handles, labels = axes.flat[0].get_legend_handles_labels()
    axes.flat[0].figure.legend(handles, labels, loc="lower center", ncols=4, frameon=False)
    axes.flat[0].figure.tight_layout(rect=(0, 0.06, 1, 1))
    return axes


plotting.show(draw_shares(found.shares), source="measured in this notebook")

# %% [markdown]
# Read three things. *When*: for some epochs the lines stay together, while the weights still know
# little; then one edge after the other takes sides. *How far*: where no line comes near 1, the mixture
# never became a choice. *Who leads*: look for lines that cross, or run side by side. A few epochs more
# or less, and such an edge would end with another operation.
#
# ## From the mixture to a network
#
# Nobody wants to ship the mixture: it computes every operation. So the strongest operation stays on
# each edge, and the others go. This is **discretization**.

# %%
shares = found.shares.loc[20].unstack("operation")[list(darts.OPERATIONS)]
shares.loc[list(darts.EDGE_NAMES)].assign(stays=found.cell()).round(2)

# %% [markdown]
# If each row had a single 1, nothing would be lost: the mixture would *be* the network. We can check
# that on the digits, with an $\alpha$ that is extreme by force.

# %%
extreme = 100 * tf.one_hot(darts.numbers(found.cell()), len(darts.OPERATIONS))
mixture = found.network.logits(splits.x_val[:100], tf.nn.softmax(extreme))
model = found.network.inherit(found.cell())
difference = model.predict(splits.x_val[:100], verbose=0) - tf.nn.softmax(mixture)
print(f"largest difference of a probability: {np.abs(difference).max():.4f}")

# %% [markdown]
# But our shares are not extreme. **Predict**: the mixture reads the validation images with some
# accuracy. What is left when all but the strongest operations are cut out, with the *same* weights?
# And when the cell is trained alone, from new weights, on all training images?

# %%
retrained = darts.retrain(found.cell(), splits, seed=1)
last = found.table.iloc[-1]
print(f"mixture:              {last['mixed']:.3f}")
print(f"cut out of it:        {last['discretized']:.3f}")
print(f"the cell, trained:    {retrained.evaluate(splits.x_val, splits.y_val, verbose=0)[1]:.3f}")

# %%
ax = plotting.plot_lines(found.table[["mixed", "discretized"]], value="val_accuracy")
ax.set_ylim(0, 1)
plotting.show(ax, source="measured in this notebook")

# %% [markdown]
# The distance between the two lines is the **discretization gap**. The weights have learned to work
# in a choir; alone, they sing out of tune. What the search has optimized is the mixture. That the
# strongest part of a good mixture is a good network is a hope. Nothing in the algorithm checks it.
#
# One search is an anecdote. These were recorded before, on 4,000 images; `val_accuracy` is that of the
# cell trained alone.

# %%
races = trials.recorded("darts")
darts_only = races[races["strategy"] == "DARTS"].set_index("seed")
darts_only[["mixed", "discretized", "val_accuracy", "skips"]].round(3)

# %% [markdown]
# In every row the cut loses more than half, and training the cell alone brings it back. Now compare
# the order of the first column with that of the third: the best mixture gave the worst cell, and
# the worst mixture the best. The mixture's accuracy, which is what the search makes as high as it
# can, is a poor forecast of what the cell can do.
#
# ## The collapse to skips
#
# Count the skips of the cells above. DARTS is known for a failure: it fills its cells with skips,
# which have no weights and learn nothing. Zela et al. (2020) saw cells of next to nothing but skips
# in spaces where better cells are easy to find, and Dong & Yang (2020) saw it on the cell that we
# use here. Why would a gradient prefer them? A skip passes on what came in, from the very first
# step; a convolution with random weights spoils it. So *in the mixture* the skip is the better part
# at first, it gets the larger share, and with a smaller share the convolution learns more slowly.
#
# How bad can it get? The cell that is nothing but skips, and one of nothing but convolutions:

# %%
for operation in ("skip", "conv 3x3"):
    model = darts.retrain((operation,) * 6, splits, seed=1)
    accuracy = model.evaluate(splits.x_val, splits.y_val, verbose=0)[1]
    print(f"{operation:8} everywhere: {accuracy:.3f} with {model.count_params():,} parameters")

# %% [markdown]
# If the early lead is the reason, there is a remedy: let $\alpha$ rest until the weights have
# learned something. Xu et al. (2020) do that in PC-DARTS, for the first 15 of 50 epochs. Ours rests
# for 6 of 20. Another remedy is to stop as soon as a cell has two skips (DARTS+, Liang et al. 2019);
# you will write that in the exercises.
#
# We recorded both searches from several seeds, and count the skips of the cell epoch by epoch. A cell
# drawn at random has 6 · 1/4 = 1.5 of them in the mean. **Predict** the two lines.

# %%
curves = trials.recorded("darts_epochs")
skips = curves.pivot_table(index="epoch", columns="strategy", values="skips")
ax = plotting.plot_lines(skips, value="skips on six edges, mean of the seeds")
ax.axhline(1.5, color=plotting.GRAY, linestyle="--")
ax.set_ylim(0, 6)
plotting.show(ax, source="a recording, nascourse/recordings/darts_epochs.csv")

# %% [markdown]
# By the second epoch DARTS has gathered about twice as many skips as chance. That fits the reason above:
# in these epochs the convolutions know next to nothing. Later some of the skips go again. While
# $\alpha$ rests, the other line shows the cells of its first random values. Then it climbs as well, but
# stays near chance.
#
# This is milder than in the papers. There the skips become more and more the longer a search goes on;
# ours come at once, and no search filled its cell with them. So what we see is a lean, early and passing,
# and no collapse. The single searches differ more than the two lines do: look at the column of skips
# above. Anyone who uses DARTS should count them all the same.
#
# ## Against luck, at equal cost
#
# Is the gradient worth it? The question is Li & Talwalkar's (2019), and so is the rival: **random
# search with weight sharing**. It has the same cell, the same shared weights and the same halves, but
# no $\alpha$. Each batch of the first half trains the path of one random cell. In the end 60 random
# cells are judged on the second half, with the shared weights, and the best is taken. A path costs
# far less than the mixture, so at equal cost it sees the images many more times.
#
# Two plain rivals join. One has no clever idea at all: train four random cells alone, and take
# the best by validation. The other does not even search: draw one cell. All took about the same
# time, save the last, which took none. Each cell was then trained alone as above, on 4,000 images.
# **Predict** the order.

# %%
order = races["strategy"].unique()
races.groupby("strategy")[["seconds", "skips", "val_accuracy"]].mean().loc[order].round(2)

# %% [markdown]
# Validation images are too few for small differences, and one strategy chose by them. So at the very
# end, when every cell was chosen and trained, the recording opened MNIST's official 10,000 test
# images, and judged each network once. Nothing was chosen by it.

# %%
tests = races.pivot(index="strategy", columns="seed", values="test_accuracy").loc[order]
tests.assign(median=tests.median(axis=1)).round(3)

# %%
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
for place, strategy in enumerate(order):
    ax.plot(tests.loc[strategy], [place] * tests.shape[1], "o", color=plotting.BLUE, alpha=0.7)
    ax.plot(tests.loc[strategy].median(), place, "|", color=plotting.ORANGE, markersize=24)
ax.set_yticks(range(len(order)), order)
ax.set_ylim(len(order) - 0.5, -0.5)
ax.set_xlabel("test accuracy of the cell, trained alone (orange: median)")
plotting.show(ax, source="a recording, nascourse/recordings/darts.csv")

# %% [markdown]
# How sure is any of it? Here is how probably the gradient ends better than each rival, with the
# interval of unit 05.

# %%
for ours in ("DARTS", "DARTS, warm-up"):
    for rival in ("weight sharing", "four cells trained", "one cell drawn"):
        won = benchmark.superiority(tests.loc[ours], tests.loc[rival])
        print(f"{ours:14} against {rival:18}: {won.probability:.2f}", end=" ")
        print(f"({won.low:.2f} to {won.high:.2f})")

# %% [markdown]
# What may we say? These are six seeds and six comparisons, so only what is clear counts.
#
# - *One thing is clear.* Four random cells, each trained alone, give a better cell than plain DARTS, for
#   about the same time.
# - *All else we cannot tell apart.* The other five intervals contain 0.5. So we have not shown that
#   DARTS beats weight sharing, with or without a warm-up, nor even that it beats a cell that was merely
#   drawn. That is no proof of equality: with six seeds we would overlook a middling difference.
# - *The warm-up* has the better median of the two. Whether it makes better cells takes more seeds.
#
# Why does so clever an idea gain so little? Because our space is kind. Most cells are good, so among
# four draws there is a very good one, and a real training tells which it is. The mixture and the shared
# weights judge all 4,096 cells, but badly. Where a single training takes days, nobody can afford four,
# and a poor judge may be better than none. There, too, the question has to be asked: on the paper's own
# task, Li & Talwalkar's random search reached a test error of 2.85 percent, between 3.00 for DARTS of
# first order and 2.76 for second order (unit 02 has their spread).
#
# ## Summary
#
# - A mixed operation computes every operation, each times its share; the shares are the softmax of
#   the architecture weights, so a gradient can move them.
# - Two steps in turn: alpha on one half of the images, the weights on the other. First order takes
#   the weights as they are.
# - Discretization keeps the strongest operation of each edge. What the mixture could do says little
#   about what is left.
# - Skips lead early, since they need no training. Count them. A warm-up and an early stop are the usual
#   remedies.
# - Compare with random search at equal cost, with several seeds, before you believe in a gradient.
#
# Next: a found cell is small. [Unit 10](10_scaling_networks.ipynb) asks how it grows.
#
# ## Exercises
#
# Four exercises in [09_gradient_based](../exercises/09_gradient_based.ipynb), 40 minutes: mix
# operations, say whose images may move what, cut a cell out, and stop before the skips.
#
# ## Further reading
#
# - Liu, H., Simonyan, K. & Yang, Y. (2019). *DARTS: Differentiable Architecture Search*.
#   [arXiv:1806.09055](https://arxiv.org/abs/1806.09055)
# - Li, L. & Talwalkar, A. (2019). *Random Search and Reproducibility for Neural Architecture Search*.
#   [arXiv:1902.07638](https://arxiv.org/abs/1902.07638)
# - Zela, A. et al. (2020). *Understanding and Robustifying Differentiable Architecture Search*.
#   [arXiv:1909.09656](https://arxiv.org/abs/1909.09656)
# - Dong, X. & Yang, Y. (2020). *NAS-Bench-201: Extending the Scope of Reproducible Neural
#   Architecture Search*. [arXiv:2001.00326](https://arxiv.org/abs/2001.00326)
# - Xu, Y. et al. (2020). *PC-DARTS: Partial Channel Connections for Memory-Efficient Architecture
#   Search*. [arXiv:1907.05737](https://arxiv.org/abs/1907.05737)
# - Liang, H. et al. (2019). *DARTS+: Improved Differentiable Architecture Search with Early
#   Stopping*. [arXiv:1909.06035](https://arxiv.org/abs/1909.06035)
