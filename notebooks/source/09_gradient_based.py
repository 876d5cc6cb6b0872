# %% [markdown]
# # Unit 09: Can an architecture be learned by descent?
#
# - **Objectives**: turn a choice into numbers that a gradient can move; make both steps of DARTS by
#   hand; run it on digits and read its architecture weights; measure what is lost when the mixture
#   becomes a network; recognize the collapse to skips; compare with random search at equal cost.
# - **Prerequisites**: [unit 05](05_strategies.ipynb): equal budget, the interval of a difference;
#   [unit 08](08_weight_sharing.ipynb): weight sharing, inherited weights
# - **Time**: 60 min: a choice 8 min, two steps 14 min, the cell 6 min, the search 9 min, the gap 9
#   min, the collapse 6 min, the rivals 8 min
# - **Cost**: 80 s of one CPU core and 900 MiB of memory; no GPU, no network
#
# Every strategy so far tried networks and looked what came of it. The weights of a network are found
# in another way: a gradient says for each of them, at once, in which direction it should move. Why
# not ask the gradient about the architecture as well? Because "convolution or pooling?" is not a
# number, and nothing lies between the two. **DARTS** (Liu, Simonyan & Yang 2019) puts something
# between them.

# %%
from nascourse import benchmark, data, plotting, trials
from nascourse.checks import compare
from nascourse.methods import darts
from nascourse.views import html

import ipywidgets
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf
from scipy import stats


def with_slider(draw, slider):
    """Draw again whenever the slider moves; once, where widgets do not work."""
    ipywidgets.interact(draw, value=slider) if html.work() else draw(slider.value)


# %% [markdown]
# ## A choice becomes a number
#
# Two operations could stand between input and output: hand the number $x$ on as it is, a skip, or
# multiply it by a weight $w$. Do not choose. Take both, each with a *share*, and add them up:
# that is a **mixed operation**. The shares come from two numbers $\alpha$, the **architecture
# weights**, by the softmax: $\text{share}_i = e^{\alpha_i} / (e^{\alpha_1} + e^{\alpha_2})$. They are
# positive and add up to 1, whatever the $\alpha$ are.
#
# **Predict.** Let $x = 2$ and $w = 3$, so a skip gives 2 and the product 6. What is the output for
# $\alpha = (0, 0)$, for $(1.1, 0)$ and for $(0, 20)$? ($e^{1.1}$ is about 3.) Write a list of three
# numbers.

# %% tags=["prediction"]
guess = ...  # a list of three numbers


# %% tags=["prediction-result"]
def mixed(alpha, x=2.0, w=3.0):
    shares = np.exp(alpha) / np.sum(np.exp(alpha))
    return shares[0] * x + shares[1] * w * x


alphas = {"(0, 0)": [0.0, 0.0], "(1.1, 0)": [1.1, 0.0], "(0, 20)": [0.0, 20.0]}
compare("09.a", guess, {name: mixed(alpha) for name, alpha in alphas.items()}, digits=1)

# %% [markdown]
# Equal numbers are equal shares, so 4 is the mean of 2 and 6. A difference of 1.1 makes the shares
# three to one. With a large difference the mixture is nearly one operation alone.
#
# And what is smooth has a slope. If $\alpha_1$ grows a little, the first share grows by $\text{share}_1
# \cdot \text{share}_2$ times as much (that is the slope of the softmax). What the first share gains the
# second loses, so the output moves by $\text{share}_1 \cdot \text{share}_2 \cdot (2 - 6)$ times as much
# as $\alpha_1$: toward what the first operation says.
#
# **Change this.** Move $\alpha_1 - \alpha_2$. Where does the output change fastest, and where does it
# hardly change any more? (Where widgets do not work, change the number.)


# %% tags=["change-this"]
def draw_output(value):
    lead = np.linspace(-6, 6, 121)
    with plt.rc_context(plotting.STYLE):
        ax = plt.subplots(layout="constrained")[1]
    ax.plot(lead, [mixed([each, 0.0]) for each in lead], label="the mixture")
    ax.plot(value, mixed([value, 0.0]), "o", markersize=12, label="now")
    ax.set(xlabel="alpha_1 - alpha_2", ylabel="output")
    caption = f"The output is {mixed([value, 0.0]):.2f}; at both ends there is one choice."
    plotting.show(ax, caption=caption, source="computed in this notebook")


difference = 1.1  # change this
options = {"description": "difference", "continuous_update": False}
with_slider(draw_output, ipywidgets.FloatSlider(difference, min=-6, max=6, **options))

# %% [markdown]
# ## Two steps, two halves
#
# Now there are two kinds of weights, and both can be learned by descent. But from which images? Here
# is a small world to find out. Ten points lie near a straight line, with some noise. One operation is
# a straight line, with two weights; the other is a curve that can bend often, with eight weights. The
# weights of both are fitted to the ten points. Then ten other points of the same kind come.
#
# **Predict.** Which of the two is nearer to the points that it was fitted to, and which to the new
# ones? Write a list of two words, each `"line"` or `"curve"`.

# %% tags=["prediction"]
guess = ...  # a list of two words: nearer to the same points, nearer to new points

# %% tags=["prediction-result"]
rng = np.random.default_rng(0)
x = {"same points": np.linspace(-1, 1, 10), "new points": np.linspace(-0.9, 0.9, 10)}
y = {name: places + rng.normal(0, 0.3, 10) for name, places in x.items()}
losses = {}
for operation, degree in {"line": 1, "curve": 7}.items():
    weights = np.polyfit(x["same points"], y["same points"], degree)
    errors = {name: np.polyval(weights, x[name]) - y[name] for name in x}
    losses[operation] = {name: np.mean(error**2) for name, error in errors.items()}
losses = pd.DataFrame(losses)
print(losses.round(3).rename_axis("mean squared error"))
compare("09.b", guess, losses.idxmin(axis=1).to_dict(), options=["line", "curve"])

# %% [markdown]
# On its own points the curve looks better, as it has remembered their noise. On new points the line
# is better. So if $\alpha$ moved by the images that the weights have learned from, the operations
# that remember best would gain. DARTS cuts the training images into two halves, and takes two steps
# in turn:
#
# 1. move $\alpha$ to lower the loss on a batch of the *second* half,
# 2. move the weights to lower the loss on a batch of the *first* half.
#
# What one really wants is this: the $\alpha$ whose *best* weights have the smallest loss on the
# second half. Each look at an $\alpha$ would take a whole training of the weights, one descent
# inside another. Such a problem is called **bilevel**. The two steps in turn are a cheap stand-in:
# the weights are never at their best, they only follow. This is Algorithm 1 of the paper, in its
# cheaper variant, **first order**: the step of $\alpha$ takes the weights as they are. The costlier
# one, second order, also asks how the weights would answer.
#
# Let us make both steps by hand. One edge, the two operations from above, both shares 1/2, and the
# loss $(\text{output} - y)^2$ for $x = 2$ and $y = 1$:
#
# | | |
# |---|---|
# | output | $1/2 \cdot 2 + 1/2 \cdot 6 = 4$, so the loss is $(4 - 1)^2 = 9$ |
# | slope of the loss by the output | $2 \cdot (4 - 1) = 6$ |
# | slope of the output by $\alpha_1$ and $\alpha_2$ | $1/4 \cdot (2 - 6) = -1$ and $1/4 \cdot (6 - 2) = 1$ |
# | slope of the output by $w$ | $1/2 \cdot 2 = 1$ |
#
# **Predict.** What are $\alpha_1$ and $\alpha_2$ after a step of $\alpha$ from this place, and what is
# $w$ after a step of the weight, with a rate of 0.1? Write a list of three numbers.


# %%
def descend(variables, loss, rate=0.1):
    """Make one step of descent in these variables, and in no others."""
    with tf.GradientTape() as tape:
        value = loss()
    keras.optimizers.SGD(rate).apply(tape.gradient(value, variables), variables)


# %% tags=["prediction"]
guess = ...  # a list of three numbers: alpha_1, alpha_2, w


# %% tags=["prediction-result"]
def toy_step(moves, y=1.0):
    """Both alpha and the weight, after one step of either."""
    alpha, w = tf.Variable([0.0, 0.0]), tf.Variable(3.0)

    def loss():
        share = tf.nn.softmax(alpha)
        return (share[0] * 2.0 + share[1] * w * 2.0 - y) ** 2

    descend({"alpha": [alpha], "w": [w]}[moves], loss)
    return dict(zip(("alpha_1", "alpha_2", "w"), [*alpha.numpy().tolist(), float(w)]))


compare("09.c", guess, {**toy_step("alpha"), "w": toy_step("w")["w"]}, digits=1)

# %% [markdown]
# $0 + 0.1 \cdot 6 = 0.6$ for the skip, $-0.6$ for the product, and $3 - 0.1 \cdot 6 = 2.4$ for the
# weight. The output was too large, and the skip says the smaller number, so the skip gains. Both steps
# of DARTS are in this table. They differ in what they move, and in the images they see.
#
# **Change this.** When does the product gain? For which $y$ does nothing move at all?

# %% tags=["change-this"]
y = 1.0  # change this
for moves in ("alpha", "w"):
    print(f"after a step of {moves}:", {k: round(v, 2) for k, v in toy_step(moves, y).items()})

# %% [markdown]
# ## A cell of six edges
#
# A single edge is no network. DARTS searches a cell: a few nodes, with an **edge** from each to
# each later one. A node is the sum of what its edges bring, the last node is the output, and copies
# of the cell are stacked. Ours is the cell of NAS-Bench-201 (Dong & Yang 2020), with four nodes and
# six edges. It stands four times between a first convolution and a classifier, always with the same
# $\alpha$. On each edge there are four operations to choose from:
#
# - `skip` hands on what came in;
# - `pool 3x3` takes means over 3x3 pixels, and is normalized;
# - `conv 1x1` and `conv 3x3` are ReLU, convolution, normalization.
#
# The normalization brings the numbers of each image to mean 0 and deviation 1, so that none of these
# three is louder than another. A skip hands on sums as they are, and they may be louder. Four operations
# on each of six edges make $4^6 = 4{,}096$ cells. NAS-Bench-201 has a fifth operation, "zeroize", which
# removes the edge, and so 15,625. The paper's own cell has 14 edges and 8 operations.
#
# **Change this.** Here is one cell. How many parameters has a network of nothing but `conv 3x3`, and
# how many of nothing but skips?


# %%
def draw_cell(shares):
    """The cell as a graph: each operation on an edge is as thick as its share is large."""
    t, ax = np.linspace(0, 1, 40), plt.subplots(figsize=(7, 3.6), layout="constrained")[1]
    colors = (plotting.BLUE, plotting.ORANGE, plotting.GREEN, plotting.PINK)
    bends = (0, 1.1, 0, 2.2, -1.1, 0)  # how high each edge is drawn
    for (start, end), bend, of_edge in zip(darts.EDGES, bends, shares):
        for place, share in enumerate(of_edge):
            y = (bend + 0.24 * (place - 1.5)) * np.sin(np.pi * t)
            ax.plot(start + (end - start) * t, y, color=colors[place], linewidth=9 * share)
    for node in range(4):
        ax.text(node, 0, node, ha="center", va="center", bbox={"boxstyle": "circle", "fc": "white"})
    lines = [plt.Line2D([], [], color=color, linewidth=4) for color in colors]
    ax.legend(lines, darts.OPERATIONS, ncols=4, frameon=False, bbox_to_anchor=(0.9, 0))
    ax.axis("off")
    return ax


# %% tags=["change-this"]
cell = ("conv 3x3", "skip", "pool 3x3", "conv 1x1", "skip", "conv 3x3")  # change this
numbers = darts.numbers(cell)
caption = f"A network of four such cells has {darts.build(cell).count_params():,} parameters."
alt = "A cell: " + ", ".join(map(" ".join, zip(darts.EDGE_NAMES, cell)))
ax = draw_cell(np.eye(len(darts.OPERATIONS))[numbers])
plotting.show(ax, caption=caption, alt=alt, source="drawn in this notebook")

# %% [markdown]
# ## The search
#
# The **mixed network** has all four operations on each edge, and so the weights of all 4,096
# networks. It is a supernet as in unit 08, with one difference: there each batch used one path, here
# each batch goes through *all* operations of all edges. So a step is costly, and in return it tells
# something about every operation.
#
# The first cell below makes the loop of Algorithm 1 for one epoch, with the digits cut in halves.
# (`darts.descend` is the step from above, compiled.) It prints the shares: a row is an edge, a column
# an operation, and a row adds up to 1. They began at a quarter each. `darts.search` does the same for
# 20 epochs, with a rate that falls, and notes what it sees.

# %%
splits, network = data.load_mnist("bundled"), darts.MixedNetwork(seed=0)
weight_half, alpha_half = darts.halves(splits, seed=0)


def loss(x, y):
    return darts.cross_entropy(y, network.logits(x))


alpha_step = darts.descend(loss, [network.alpha], keras.optimizers.Adam(0.02, beta_1=0.5))
weight_step = darts.descend(loss, network.weights, keras.optimizers.SGD(0.05, momentum=0.9))
for start in range(0, len(weight_half[1]), 64):
    batch = slice(start, start + 64)
    alpha_step(*(part[batch] for part in alpha_half))
    weight_step(*(part[batch] for part in weight_half))
print(network.shares().numpy().round(3))

# %% [markdown]
# **Predict.** Some shares will grow. On how many of the six edges will one share be above 0.9 after
# 20 epochs? Write a whole number. **The search takes about 40 seconds.**

# %% tags=["prediction"]
guess = ...  # a whole number of edges

# %% tags=["prediction-result"]
found = darts.search(splits, epochs=20, seed=1)
largest = found.shares.iloc[-1].unstack("edge").max()
compare("09.d", guess, float((largest > 0.9).sum()), unit="edges")

# %% tags=["prediction-result"]
with plt.rc_context(plotting.STYLE):
    axes = plt.subplots(2, 3, figsize=(7.2, 4.2), sharex=True, sharey=True)[1]
for ax, edge in zip(axes.flat, darts.EDGE_NAMES):
    plotting.plot_lines(found.shares[edge], value="share" if edge in ("0→1", "0→3") else "", ax=ax)
    ax.set(title=f"edge {edge}", ylim=(0, 1), xlabel="epoch" if edge[-1] == "3" else "")
    ax.get_legend().remove()
figure = axes.flat[0].figure
lines = axes.flat[0].get_legend_handles_labels()
figure.legend(*lines, loc="lower center", ncols=4, frameon=False)
figure.tight_layout(rect=(0, 0.06, 1, 1))
caption = f"On {(largest > 0.9).sum()} of six edges one share is above 0.9."
plotting.show(axes, caption=caption, source="measured in this notebook")

# %% [markdown]
# Few edges decide, perhaps none. Read three things. *How far*: where no line comes near 1, the mixture
# never became a choice. *When*: for some epochs the lines stay together, while the weights still know
# little; then one edge after the other takes sides. *Who leads*: look for lines that cross, or run
# side by side. A few epochs more or less, and such an edge would end with another operation.
#
# **Change this.** Here is the same search as a cell. Move through the epochs. When does the thickest
# operation of an edge change for the last time?


# %% tags=["change-this"]
def draw_epoch(value):
    shares = found.shares.loc[value].to_numpy().reshape(len(darts.EDGES), -1)
    thickest = ", ".join(map(" ".join, zip(darts.EDGE_NAMES, darts.discretize(shares))))
    caption = f"After epoch {value} the thickest are: {thickest}."
    plotting.show(draw_cell(shares), caption=caption, alt=caption, source="measured above")


epoch = 20  # change this
options = {"description": "epoch", "continuous_update": False}
with_slider(draw_epoch, ipywidgets.IntSlider(epoch, min=0, max=20, **options))

# %% [markdown]
# ## From the mixture to a network
#
# Nobody wants to ship the mixture: it computes every operation. So the strongest operation stays on each
# edge, and the others go. This is **discretization**. (The paper then keeps only the two strongest edges
# into each node. We keep all.) If one share of each edge were 1, nothing would be lost: the mixture
# would *be* the network. But our shares are not so extreme.
#
# **Predict.** How many percent of the validation images does the mixture read? How many, when all but
# the strongest operations are cut out, with the *same* weights? And when that cell is trained alone,
# from new weights, on all training images? Write a list of three numbers.

# %% tags=["prediction"]
guess = ...  # a list of three numbers of percent: mixture, cut out, trained alone

# %% tags=["prediction-result"]
model = darts.retrain(found.cell(), splits, seed=1)
last = found.table.iloc[-1]
accuracy = {"mixture": last["mixed"], "cut out of it": last["discretized"]}
accuracy["trained alone"] = model.evaluate(splits.x_val, splits.y_val, verbose=0)[1]
print("the cell:", *found.cell(), sep="  ")
compare("09.e", guess, {name: 100 * value for name, value in accuracy.items()}, unit="%")
cut_out = found.network.inherit(found.cell()).predict(splits.x_val, verbose=0)
answers = np.bincount(cut_out.argmax(axis=1), minlength=10)
print(f"cut out, it answers {answers.argmax()} for {answers.max()} of the {answers.sum()} images")

# %% [markdown]
# The mixture reads well, the cut reads little, and the same cell, trained alone, reads well again. The
# distance between the first two is the **discretization gap**. Why is it so large? In the mixture an
# edge brings a blend of four operations. The next layers, and the classifier at the end, have learned to
# read this blend. After the cut they get one operation alone, with a share of 1 instead of its small
# one: other numbers, in all images alike. That would explain the last line: the sums of the classifier
# are shifted in much the same way for every image, and a few digits win most of the time. Whoever always
# gives the same answer is right in a tenth of the images.
#
# What the search has optimized is the mixture. That the strongest part of a good mixture is a good
# network is a hope. Nothing in the algorithm checks it.
#
# **Change this.** From the mixture to the cut it is a smooth way: multiply $\alpha$ by a number, and
# the shares get more extreme. With 1 it is the mixture, with 1,000 the cut. Where is the accuracy
# lost?

# %% tags=["change-this"]
times = 3  # change this
shares = tf.nn.softmax(times * found.network.alpha)
read = found.network.logits(splits.x_val, shares).numpy().argmax(axis=1) == splits.y_val
print(f"alpha times {times}: reads {read.mean():.1%}, smallest of the six largest shares", end=" ")
print(f"{shares.numpy().max(axis=1).min():.2f}")

# %% [markdown]
# One search is an anecdote. Twenty were recorded before, on 4,000 training images. The accuracies of the
# mixture, of the cut, and of the cell trained alone (`val_accuracy`) are read on 1,000 other images, which
# had no say in any search. Does a better mixture mean a better cell? Kendall's tau of unit 08 says how well
# the two orders agree, and its p-value how easily chance alone would give such a tau.

# %%
races = trials.recorded("darts")
searches = races[races["strategy"] == "DARTS"].set_index("seed")
columns = ["mixed", "discretized", "val_accuracy", "skips"]
agreement = stats.kendalltau(searches["mixed"], searches["val_accuracy"])
print(f"Kendall's tau {agreement.statistic:.2f}, p = {agreement.pvalue:.2f}, of mixed and alone")
searches[columns].round(3)

# %% [markdown]
# Down the columns: the cut loses most of what the mixture reads, and training the cell alone brings it
# back. The mixture's accuracy, which the search makes as high as it can, does not forecast what the cell
# can do: the tau is small, and chance alone often gives a larger one. That is no proof that the two have
# nothing to do with each other. These mixtures are all about equally good, so a weak connection would
# be missed.
#
# ## The collapse to skips
#
# DARTS is known for a failure: it fills its cells with skips, which have no weights and learn nothing.
# Zela et al. (2020) saw cells of next to nothing but skips in spaces where better cells are easy to
# find, and Dong & Yang (2020) saw it on the cell that we use here. Why would a gradient prefer them? A
# skip passes on what came in, from the very first step; a convolution with random weights spoils it. So
# *in the mixture* the skip is the better part at first, it gets the larger share, and with a smaller
# share the convolution learns more slowly. (In our cell a skip may also be louder than the rest, which
# are normalized. We did not part the two.)
#
# If the early lead is the reason, there is a remedy, a **warm-up**: let $\alpha$ rest until the
# weights have learned something. Xu et al. (2020) do that in PC-DARTS, for the first 15 of 50 epochs.
# Ours rests for 6 of 20. Another remedy is to stop as soon as a cell has two skips (DARTS+, Liang et
# al. 2019); you will write that in the exercises.
#
# We recorded searches with several seeds, and count the skips of the cell epoch by epoch. A cell
# drawn at random has 6 · 1/4 = 1.5 of them in the mean.
#
# **Predict.** How many skips of six has the cell of DARTS, without warm-up, in the mean after two
# epochs, and after 20? Write a list of two numbers.

# %% tags=["prediction"]
guess = ...  # a list of two numbers of skips: after 2 epochs, after 20

# %% tags=["prediction-result"]
curves = pd.concat([trials.recorded("darts_epochs"), trials.recorded("darts_collapse_epochs")])
skips = curves.pivot_table(index="epoch", columns="strategy", values="skips")
result = {f"after {epoch} epochs": skips.loc[epoch, "DARTS"] for epoch in (2, 20)}
compare("09.f", guess, result, unit="skips", digits=1)
at_two = curves[(curves["epoch"] == 2) & (curves["strategy"] == "DARTS")]["skips"]
p = stats.ttest_1samp(at_two, 6 / 4).pvalue
print(f"after 2 epochs: mean of {len(at_two)} searches against the 1.5 of chance, p = {p:.3f}")
ax = plotting.plot_lines(skips, value="skips on six edges, mean of the seeds")
ax.axhline(1.5, color=plotting.GRAY, linestyle="--")
ax.set_ylim(0, 6)
caption = "Skips of DARTS, with a warm-up, in long searches (see below); dashed: a random cell."
plotting.show(ax, caption=caption, source="recordings of several seeds")

# %% [markdown]
# After one epoch DARTS has fewer skips than chance; after two it has more, and the p-value is small. But
# there are 20 epochs to look at, and of all leads this is the clearest; corrected for that, p is about
# 0.04. The deficit after epoch 1 is as clear, so read both with care. The lead does not begin at the very first
# step, as the reason above would have it, and it lasts while the mixture already reads well: the
# recording shows the lead, and not its cause. Later most of the surplus goes again. While $\alpha$
# rests, the line of the warm-up shows the cells of its first random values; when it moves, the skips
# stay about as many as chance has.
#
# In the papers the skips become more and more the longer a search goes on. We looked for that:
# `DARTS, long` are five searches of 80 epochs in which $\alpha$ moves five times as fast. We did not
# find it. Two of the five have four skips after three epochs, and two skips at the end; the mean is then
# about that of chance. So in this cell, on these digits, the lean of DARTS to skips is early and
# passing, if it is one. A search that is stopped in its first epochs would keep it.
#
# How do you **recognize** a collapse in the end? By counting: how probable is it that a cell drawn at random
# has as many skips? The cell below does that for DARTS, and for a rival of the next section, weight sharing.
# It has the same cell and the same shared weights, but no $\alpha$. And how bad is such a cell? **The
# training takes about 6 seconds.**
#
# **Change this.** From how many skips on would you not believe in chance any more? Which search has
# collapsed then? What does a cell of nothing but `conv 3x3` reach, and one of three skips?

# %% tags=["change-this"]
cell = ("skip",) * 4 + ("conv 3x3",) * 2  # change this
n_skips = cell.count("skip")
sharing = races[races["strategy"] == "weight sharing"]["skips"]
counts = {"after 2 epochs": at_two, "after 20": searches["skips"], "weight sharing": sharing}
print(f"{n_skips} skips or more: {stats.binom.sf(n_skips - 1, 6, 1 / 4):.1%} of random cells")
for name, skips in counts.items():
    print(f"    {name}: {(skips >= n_skips).sum()} of {len(skips)} searches")
model = darts.retrain(cell, splits, seed=1)
accuracy = model.evaluate(splits.x_val, splits.y_val, verbose=0)[1]
print(f"reads {accuracy:.1%} of the validation images with {model.count_params():,} parameters")

# %% [markdown]
# ## Against luck, at equal cost
#
# Four skips are rare in one random cell. But among twenty random cells one may well have them, so 2 of 20
# searches are no find; 5 of 20 are.
#
# Is the gradient worth it? The question is Li & Talwalkar's (2019), and so is the rival: **random
# search with weight sharing**. It has the same cell, the same shared weights and the same halves, but
# no $\alpha$. Each batch of the first half trains the path of one random cell. In the end 60 random
# cells are judged on the second half, with the shared weights, and the best is taken. A path costs
# far less than the mixture, so at equal cost it sees the images many more times.
#
# Two plain rivals join. One has no clever idea at all: it trains eight random cells, each alone, on the
# first half, and the second half chooses. The other does not even search: draw one cell. (It is the
# first of the eight.) All but the cell drawn took roughly the same time (column `seconds`): the eight
# cells took 18 percent more than DARTS, which favors them, and the warm-up some less. All strategies
# chose with the same training images, and none has seen any other. Each cell was then trained alone as
# above, on all 4,000 images. At the very end, when every cell was chosen and trained, MNIST's official
# 10,000 test images judged each network once. Nothing was chosen by them.
#
# **Predict.** Whose cells are the best in the mean? Write `"DARTS"`, `"DARTS, warm-up"`, `"weight
# sharing"`, `"eight cells trained"` or `"one cell drawn"`.

# %% tags=["prediction"]
guess = ...  # the name of a strategy, in quotes

# %% tags=["prediction-result"]
order = list(races["strategy"].unique())
tests = races.pivot(index="seed", columns="strategy", values="test_accuracy")[order]
means = races.groupby("strategy")[["seconds", "skips", "test_accuracy"]].mean().loc[order]
print(means.round(3))
compare("09.g", guess, means["test_accuracy"].idxmax(), options=order)
groups = pd.concat([races, races.assign(strategy="all together")])
groups["skips"] = np.where(groups["skips"] > 2, "over two", "up to two")
groups["percent"] = 100 * groups["test_accuracy"]
print(groups.pivot_table("percent", "strategy", "skips", ["count", "mean"], sort=False).round(1))

# %% tags=["prediction-result"]
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
for place, strategy in enumerate(order):
    ax.plot(tests[strategy], [place] * len(tests), "o", color=plotting.BLUE, alpha=0.5)
    ax.plot(tests[strategy].mean(), place, "|", color=plotting.ORANGE, markersize=24)
ax.set_yticks(range(len(order)), order)
ax.set(ylim=(len(order) - 0.5, -0.5), xlabel="test accuracy of the cell (orange: mean)")
caption = "Each dot is the cell of one seed; in most rows they spread wider than the means."
alt = "Lowest and highest: " + "; ".join(
    f"{k} {v.min():.3f}, {v.max():.3f}" for k, v in tests.items()
)
plotting.show(ax, caption=caption, alt=alt, source="a recording of several seeds")

# %% [markdown]
# What do skips cost? Pooled, cells with more than two of them read 1.6 points less. But most of these
# cells are weight sharing's, and within three of the five strategies the sign is the other way. So this
# does not show what skips cost: who found the cell matters as well, and pooling mixes up the two. That is
# **Simpson's paradox**: look within the groups before you pool.
#
# How sure is any of it? Two ranges that overlap say little, so we look at each difference itself: the
# gradient less its rival, seed by seed, with its interval and the p-value of a permutation test. (If the
# two did not differ, each seed's difference could as well have the other sign. Beyond 13 seeds the test
# draws 9,999 of the possible signs instead of trying all.) We look at six differences, and by chance alone
# one of six falls below 0.05 in about a quarter of all cases, if they are independent, and in at most 30
# percent. So the last column corrects them for their number (Holm 1979). The intervals are not
# corrected: the last column decides.
#
# **Change this.** What can be told with fewer seeds, for instance with `range(4)`? What is the
# smallest p-value that four seeds can give at all?

# %% tags=["change-this"]
seeds = range(20)  # change this
some = tests[tests.index.isin(seeds)]
rivals = [name for name in order if not name.startswith("DARTS")]
pairs = [(ours, rival) for ours in ("DARTS", "DARTS, warm-up") for rival in rivals]
differences = [
    benchmark.difference(100 * some[ours], 100 * some[rival], paired=True) for ours, rival in pairs
]
table = pd.DataFrame(differences, index=pd.MultiIndex.from_tuples(pairs, names=["", "less"]))
table["after Holm"] = benchmark.holm(table["p_value"])
print(f"{len(some)} seeds, differences in points of test accuracy")
table.round(3)

# %% [markdown]
# Only a row whose last number is below 0.05 counts, and there is one: the cells of plain DARTS are
# **better than those of random search with weight sharing**, by about two points. Of the other five rows
# nothing is shown. Eight cells trained have the best mean, a point above DARTS; looked at alone that would
# pass for a find, among six it does not. And from a cell that was only drawn, which costs nothing, DARTS
# cannot be told apart. That is no proof of equality: twenty seeds may well overlook a whole point. (With
# the warm-up DARTS cannot be told from weight sharing either: two of its cells are poor, and that makes the
# interval wide. With four seeds no row can pass: the smallest p-value that they can give is 2/16.)
#
# Why does so clever an idea not win clearly? Our space is kind. Most cells are good, so among eight
# draws there is likely a very good one, and a real training tells which it is. The mixture holds all
# 4,096 cells, and weight sharing judges 60, but both with weights that were trained for no single one.
# Look at the column `skips`: weight sharing, which has no $\alpha$ at all, keeps half of all edges as
# skips, twice as many as chance. One guess is that shared weights flatter cells that need few of them.
# But DARTS shares weights too, and ends near chance; we have not tested it.
#
# Where a single training takes days, nobody can afford eight, and a poor judge may be better than none.
# There, too, the question has to be asked: on the paper's own task, Li & Talwalkar's random search with
# weight sharing reached a test error of 2.85 percent, between 3.00 for DARTS of first order and 2.76 for
# second order (these two are numbers of its own paper). So there the rival was ahead of first order, which
# we use. But each number is the mean of a few trainings of one chosen network, which deviate by about a tenth:
# the three can hardly be told apart.
#
# ## Summary
#
# - A mixed operation computes every operation, each times its share; the shares are the softmax of
#   the architecture weights, so a gradient can move them.
# - Two steps in turn: alpha on one half of the images, the weights on the other. First order takes
#   the weights as they are.
# - Discretization keeps the strongest operation of each edge. The cut itself loses most, and the cell
#   has to be trained again.
# - Skips tend to lead early, and the usual reason given is that they need no training. Count them, and
#   compare with chance: so a collapse is recognized, here in the first epochs, and where cells are judged
#   with shared weights. A warm-up and an early stop are the usual remedies.
# - Compare with random search at equal cost, on equal images, with many seeds, before you believe in
#   a gradient: here it beat weight sharing, and not a few plain trainings.
#
# Next: a found cell is small. [Unit 10](10_scaling_networks.ipynb) asks how it grows.
#
# ## Exercises
#
# In [four exercises](../exercises/09_gradient_based.ipynb) you mix operations, say whose images may
# move what, cut a cell out, and stop before the skips.
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
