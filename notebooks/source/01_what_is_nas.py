# %% [markdown]
# # Unit 01: What is searched, how, and judged by what?
#
# - **Objectives**: name the three parts of architecture search and tell them apart; write its loop in
#   ten lines; search by hand and compare yourself with luck; say what a network is judged by, in
#   which unit; answer two common misconceptions with numbers.
# - **Prerequisites**: [unit 00](00_start_here.ipynb): training, validation and test set, epoch, seed
# - **Time**: 45 min: why and where 5 min, the three parts 10 min, the loop and a search by hand
#   15 min, what judges 5 min, misconceptions 5 min, a check by training 5 min
# - **Cost**: 20 s of one CPU core and 800 MiB of memory; no GPU, no network
#
# In unit 00 we trained a network whose numbers nobody had thought about. To improve it, people
# change something, train, look at the result, and change something else. **Neural architecture
# search** (NAS) leaves this to a program. Here we see what the program needs, and write it.

# %%
from nascourse import data, evaluation, plotting, spaces, trials
from nascourse.benchmark import load_benchmark
from nascourse.checks import compare

import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

pd.options.display.max_colwidth = 100

# %% [markdown]
# ## Why search, and where?
#
# The **architecture** of a network is its shape: which layers, how many, how wide, and what is
# connected with what. Training finds the weights; it never changes the shape. There are two reasons
# to let a program find the shape as well:
#
# - **It saves trials by hand.** A person tries a few shapes that resemble the last success. A program
#   tries hundreds, also those that nobody would think of, and keeps a record of each.
# - **It balances what pulls apart.** A network should be right, but also fast, or small, or sparing
#   with a battery. A program can weigh such aims against each other in every single trial.
#
# Where is it used?
#
# - In products, where a network runs so often that a small saving pays. Google's EfficientNets grew
#   from a network that a search had found; the largest of them reads ImageNet's photographs as well
#   as the best network of its day, and is 8.4 times smaller (Tan & Le 2019).
# - On mobile phones, where a search can measure the delay on the phone itself, and steer by it
#   (MnasNet, Tan et al. 2019).
# - In research, to find building blocks that nobody had thought of.
#
# The idea became famous with Zoph & Le (2017). Their search trained 12,800 networks, up to 800 at the
# same time, each on its own graphics processor. You have one laptop. Most of this course is about how
# far one gets with that.
#
# ## The three parts
#
# Each method of architecture search answers three questions.
#
# | part | question | examples |
# |---|---|---|
# | **search space** | Which networks are possible? | one to three blocks; convolutions of 3x3 or 5x5 |
# | **search strategy** | Which of them do we try next? | by hand; at random; **greedy search**: a change to the best so far |
# | **performance estimation** | How good is the one we tried? | train it for 12 epochs, take its validation accuracy |
#
# They work in a circle:
#
# ```mermaid
# graph LR
#     space["Search space<br>what is possible"] --> strategy["Search strategy<br>what to try next"]
#     strategy -->|a network| estimation["Performance estimation<br>how good is it?"]
#     estimation -->|its accuracy| table[("Trial table")]
#     table -->|what was seen so far| strategy
#     table --> best["Best network"]
# ```
#
# <details><summary>You see code in place of a drawing? Open it as a picture.</summary>
#
# ![The loop of architecture search: space, strategy, estimation and table in a circle.](loop.svg)
#
# </details>
#
# *The drawing in words: the search space offers networks to the strategy. The strategy proposes one.
# The estimation scores it, and the score goes into the trial table. The strategy looks there before
# it proposes again. At the end, the best network is read from the table.*
#
# ### The space of this unit
#
# Our networks are small. They consist of blocks, and each **block** is a convolution that leaves the
# image half as wide and half as high. What the search may decide is called a **hyperparameter**:

# %%
print(f"{spaces.size(spaces.bench_space):,} networks")
spaces.to_table(spaces.bench_space)

# %% [markdown]
# Read it row by row. A network has one to three blocks. `halving` says how they shrink the image:
# by max pooling, which keeps the largest of four neighbors, or by a stride, where the convolution
# moves two pixels at a time. With `skip`, a block's input is handed on beside its output.
# `separable` is a cheap kind of convolution, `kernel` is the window in pixels, and `filters` is how
# many outputs there are at each place, in block 0, 1 and 2. The **head** leads from the last block
# to the ten digits: `flatten` hands on every pixel, `quarters` only the mean of each quarter of the
# image.
#
# You need not know these bricks yet; [unit 03](03_search_spaces.ipynb) takes each apart. For now they
# are switches to play with. Most names have two parts, a group and the choice in it, as in `conv/kernel`.
# A block that is not there has no filters: the last column says so.
#
# ### The estimation of this unit
#
# To know how good a network is, one trains it. We are lucky: somebody has done it for this space,
# several times for each network, and wrote down every epoch. Such a record is called a **tabular
# benchmark**; ours is **MNIST-NAS-Bench**. To look up a training takes no time, and the search cannot
# tell the difference.
#
# **Change this.** The number below is the validation accuracy: the share of the validation images that
# the network reads correctly. How much do the first four epochs bring, and how much the last four?

# %% tags=["change-this"]
epochs = 12  # change this
bench = load_benchmark()
network = {
    "body/blocks": 2,
    "body/halving": "max",
    "body/skip": False,
    "conv/kind": "plain",
    "conv/kernel": 5,
    "conv/filters_0": 6,
    "conv/filters_1": 6,
    "head": "flatten",
}
print(f"after {epochs} epochs: {bench.query(network, epochs=epochs).val_accuracy:.3f}")

# %% [markdown]
# Most is learned early; the last epochs add little. From here on, twelve epochs count, of one of the
# trainings, that with seed 0.
#
# ## The loop in ten lines
#
# Whatever the strategy, the search is always this loop. Find the three parts in it before you read
# on.


# %%
def evaluate(network):
    return bench.query(network, epochs=12, seed=0).val_accuracy


def search(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = propose(seen)
        accuracy = evaluate(network)
        seen.append((network, accuracy))
    return seen


# %% [markdown]
# The strategy is the function `propose`. It receives all that was seen so far, and may look at it or
# not. The estimation is the function `evaluate`. The space has no line of its own: it is the set of
# networks that `propose` draws from. The **budget** is what the search may spend, here the number of
# networks. One turn of the loop is a **trial**.
#
# **Change this.** Here is a simple strategy: it goes through the values of one choice. Which choice
# makes the largest difference to our network? Try the filters, `"conv/filters_0"`, with 2, 6 and 16
# and a budget of 3, then `"head"` with `"flatten"` and `"quarters"`.

# %% tags=["change-this"]
choice, values = "conv/kernel", [3, 5]  # change this


def in_turn(seen):
    return network | {choice: values[len(seen)]}  # the network above, with one choice changed


for tried, accuracy in search(in_turn, evaluate, budget=len(values)):
    print(f"{choice} {tried[choice]}: {accuracy:.3f}")

# %% [markdown]
# ## A search by hand
#
# Now you are the strategy. **Change this**: name three to five networks that you believe in, each as
# a change to `network` above. A third block needs its filters, and a single block has no second:
#
# ```python
# network | {"body/blocks": 3, "conv/filters_2": 16}
# network | {"body/blocks": 1, "conv/filters_1": None}
# ```
#
# If a network is not in the space, you get a sentence that says what to change.
#
# **Predict.** How many percentage points will lie between the best of your picks and the worst? Write
# a number.

# %% tags=["change-this"]
picks = [  # change this
    network,
    network | {"head": "quarters"},
    network | {"body/skip": True, "conv/kind": "separable"},
    network | {"body/skip": True, "conv/filters_1": 16},
]

# %% tags=["prediction"]
guess = ...  # a number of percentage points


# %% tags=["prediction-result"]
def by_hand(seen):
    return picks[len(seen)]  # the next one of the list


bench.start()  # sets the clock of the benchmark to zero
mine = search(by_hand, evaluate, budget=len(picks))
print(f"trained for real, this search costs {bench.seconds_spent:.0f} seconds of one core")
accuracies = [accuracy for _, accuracy in mine]
compare("01.a", guess, 100 * np.ptp(accuracies), unit="percentage points", digits=1)

# %% [markdown]
# A few changes can be worth several points, which is why one searches. And which of your picks was the
# best? What a search has seen belongs in a **trial table**: one row a trial, with the choices, the
# scores and the costs. You will meet it in every unit. Whatever searches, this is what comes out, and
# all that follows (the best network, curves, comparisons) is read from it.

# %%
rows = [
    {
        "trial": trial,
        "status": "completed",
        "val_accuracy": accuracy,
        "n_params": bench.facts(network)["n_params"],
        "flops": bench.facts(network)["flops"],
        "architecture": spaces.describe(spaces.built(spaces.bench_space, network)),
        **network,
    }
    for trial, (network, accuracy) in enumerate(mine, start=1)
]
table = trials.to_table(rows)
trials.summary(table)

# %% [markdown]
# `architecture` is the network in short: `6@5x5` is a convolution with 6 filters of 5x5 pixels, `/2`
# behind it marks a stride of two, and `sep` before it a separable one; `max2` halves by max pooling,
# `ave2 concat` is the skip, `ave4` takes the means of the head `quarters`, `flatten` lines up all that
# is left, and the last `10` is the layer that names the digit. `n_params` and `flops` come in a moment.
#
# ## By hand against luck
#
# Is your best pick good? You cannot know without a comparison. The cheapest rival is luck: as many
# networks as you had, drawn from the same space at random. One random search proves nothing, so we
# run 1,000.
#
# **Predict.** How many of the 1,000 end below you? Write a number.

# %%
settings = spaces.settings(spaces.bench_space)  # all networks, each a dictionary as above
rng = np.random.default_rng(0)


def at_random(seen):
    return settings[rng.integers(len(settings))]


# %% tags=["prediction"]
guess = ...  # a number from 0 to 1,000


# %% tags=["prediction-result"]
def random_searches(budget, repeats=1000):
    """The best accuracy of each of many random searches."""
    searches = (search(at_random, evaluate, budget) for _ in range(repeats))
    return np.array([max(accuracy for _, accuracy in seen) for seen in searches])


luck, mine_best = random_searches(len(picks)), max(accuracies)
compare("01.b", guess, int((luck < mine_best).sum()), unit="searches")

# %% tags=["prediction-result"]
with plt.rc_context(plotting.STYLE):
    _, ax = plt.subplots(layout="constrained")
ax.hist(luck, bins=40, color=plotting.GRAY, alpha=0.6, label="1,000 random searches")
ax.axvline(mine_best, color=plotting.ORANGE, linewidth=3, label="your search")
ax.set(xlabel=f"best validation accuracy of {len(picks)} networks", ylabel="searches")
ax.legend(frameon=False)
caption = "Luck alone has good days and bad days; where do you stand among them?"
plotting.show(ax, caption=caption, source="MNIST-NAS-Bench, 1,000 simulated random searches")

# %% [markdown]
# Now judge your search:
#
# - **Near 1,000**: you knew something about this space, and it was worth more than luck. Or you were
#   lucky yourself; one search cannot tell these two apart.
# - **Near 500**: a coin would have searched as well as you.
# - **Near 0**: what you believed in does not hold in this space. That happens to experts too, and it is
#   why we measure.
#
# And if you looked at a result, changed your picks and ran the cells again, count these trials as
# well. You and luck used the same loop, the same space and the same estimation. Only `propose`
# differed. That is how strategies are compared, here and in every unit to come.
#
# **Change this.** How many networks does luck need until it beats your search in half of its tries?
# (With strong picks it may take hundreds.)

# %% tags=["change-this"]
budget = 20  # change this
share = (random_searches(budget, repeats=300) > mine_best).mean()
print(f"with {budget} networks {share:.0%} of the random searches end above you")

# %% [markdown]
# ## What judges a network?
#
# Accuracy is one of four numbers that you will meet again and again.
#
# | measure | what it says | unit | better |
# |---|---|---|---|
# | **accuracy** | the share of images that are read correctly | from 0 to 1, or percent | higher |
# | **parameters** | how many weights are trained and must be stored | a count | lower |
# | **FLOPs** | how many additions and multiplications one image costs | a count | lower |
# | **latency** | how long one image takes on a given machine | milliseconds | lower |
#
# The first needs training. The second and third are known from the architecture alone, so they are
# free. The fourth needs the machine that the network will run on, and the program that runs it.
#
# A trap in the spelling: **FLOPs**, with a small s, are *floating-point operations*, a property of the
# network. **FLOPS**, with a capital S, are *floating-point operations per second*, a property of a
# machine. (A GFLOPS is a billion of them per second.) Many texts mix the two up. Divide the first by
# the second and you get seconds.
#
# **Change this.** One core of a laptop does tens of GFLOPS. The same network was measured in two programs
# on one core, Keras and LiteRT. How many GFLOPS would take as long as each? So is counting enough to
# know a latency?

# %% tags=["change-this"]
gigaflops = 10  # change this
facts = bench.facts(network)
counted = 1000 * facts["flops"] / (gigaflops * 1e9)  # milliseconds
print(f"{facts['flops']:,} FLOPs at {gigaflops} GFLOPS take {counted:.3f} ms")
print(f"measured: {facts['latency_ms']:.3f} ms in Keras, {facts['litert_ms']:.3f} ms in LiteRT")

# %% [markdown]
# No. In Keras it takes as long as on a machine of 1.8 GFLOPS, as most of the time goes into starting each
# call. In LiteRT it is one of 28. The count knows nothing of the program, so a latency is measured, in
# [unit 07](07_tradeoffs.ipynb).
#
# ## Two misconceptions
#
# **NAS always finds the best model**, they say. But a search returns the best network that it has
# *seen*, as its estimation *judged* it. So it depends on both. First the space.
#
# **Predict.** We search poorer spaces *perfectly*, trying everything: one block only; separable
# convolutions only; the head `quarters` only; at most 500 parameters. Which loss hurts most? Write
# `"one block"`, `"separable"`, `"quarters"` or `"500 parameters"`.

# %% tags=["prediction"]
guess = ...  # one of the four names

# %% tags=["prediction-result"]
final = bench.final()
parts = {
    "the whole space": final,
    "one block": final[final["body/blocks"] == 1],
    "separable": final[final["conv/kind"] == "separable"],
    "quarters": final[final["head"] == "quarters"],
    "500 parameters": final[final["n_params"] <= 500],
}
best = {name: part["val_accuracy"].max() for name, part in parts.items()}
print(pd.Series(best, name="best validation accuracy").round(3).to_string())
poorer = list(parts)[1:]
compare("01.c", guess, min(poorer, key=best.get), options=poorer)

# %% [markdown]
# In a poorer space no strategy, however clever, finds a better network than these. What the space leaves
# out cannot be found, and a limit on the size can leave out most. (Each number is the mean of several
# trainings. A single one, as our searches see it, may lie a little above, by luck.)
#
# **Change this.** Keep one value of another choice. Is there one whose loss costs nothing that you
# could notice? The names stand in the table of the space.

# %% tags=["change-this"]
choice, value = "conv/kernel", 3  # change this
poorer = final[final[choice] == value]
lost = 100 * (final["val_accuracy"].max() - poorer["val_accuracy"].max())
print(f"only {choice} {value}: {len(poorer)} networks, {lost:.1f} percentage points lost")

# %% [markdown]
# Then the estimation. Suppose we had trained each network for one epoch only, and kept the ten that
# look best.
#
# **Predict.** How many of them are among the ten best after twelve epochs? Write a whole number.

# %% tags=["prediction"]
guess = ...  # a whole number from 0 to 10

# %% tags=["prediction-result"]
early, late = (set(bench.at(epochs).nlargest(10).index) for epochs in (1, 12))
compare("01.d", guess, len(early & late), unit="of ten")

# %% [markdown]
# Most of them stay, for a twelfth of the price. But the others were overtaken, and so was the one that
# looked best. (The accuracies are means of three trainings. By one training each, fewer stay.) A cheap
# estimation answers another question than the one you asked, even if a similar one. How far it can be
# trusted is the matter of [unit 04](04_estimation.ipynb).
#
# **NAS is too slow**, they say too. But what is slow is training, not searching.
#
# **Predict.** We look up 1,000 random searches of four networks, as above. How many hours of one core
# would they take if each network were trained? Write a number.

# %% tags=["prediction"]
guess = ...  # a number of hours

# %% tags=["prediction-result"]
bench.start()
began = time.perf_counter()
random_searches(budget=4)
print(f"looked up in {time.perf_counter() - began:.2f} seconds")
compare("01.e", guess, bench.seconds_spent / 3600, unit="hours", digits=1)

# %% [markdown]
# Hours of training, and hardly a moment of searching. So whoever makes the estimation cheaper makes the
# search fast. This course has several ways: fewer
# epochs (4 instead of 12 are a third of the cost), fewer images, scores that need no training at all,
# a table where one exists. And there is **weight sharing**, which trains one large network that
# contains all the small ones: then one training judges them all. The searches of this course take
# seconds or minutes on a laptop.
#
# ## Does the table tell the truth?
#
# A look-up is quick to believe. So let us train your best network for real, with a seed of our own.
# **This takes about 5 seconds.**
#
# **Change this.** Try a second and a third seed. Do yours differ from the table's by more than they
# differ from each other?

# %% tags=["change-this"]
seed = 11  # change this
splits = data.load_mnist("bundled")
winner = max(mine, key=lambda pair: pair[1])[0]
keras.utils.set_random_seed(seed)
model = spaces.built(spaces.bench_space, winner)
model.fit(splits.x_train, splits.y_train, epochs=12, batch_size=64, verbose=0)
accuracy = model.evaluate(splits.x_val, splits.y_val, verbose=0)[1]
low, high = evaluation.accuracy_interval(accuracy, len(splits.y_val))
print(f"here: {accuracy:.3f}; on all images of this kind probably {low:.3f} to {high:.3f}")
for other in bench.seeds:
    print(f"in the table, seed {other}: {bench.query(winner, seed=other).val_accuracy:.3f}")

# %% [markdown]
# Parameters and FLOPs are facts of the architecture, but accuracies are measurements. Each seed gives
# another one. So do other validation images: the interval says how far one can conclude from 800 of them
# to all. And the table was made with other images: it trains with 4,000 where we have 3,200, so ours
# tend to be a little lower. A difference of one or two percentage points is no surprise. Within a search
# all networks are judged by the same images, so there it is mostly the seed that hides small
# differences.
#
# ## Summary
#
# - Architecture search has three parts: a space (what is possible), a strategy (what to try next) and
#   an estimation (how good it is).
# - The search is a loop: propose, evaluate, remember. What it remembers is the trial table.
# - Compare a search with luck, at equal budget, before you praise it.
# - A search cannot find what its space lacks, nor see what its estimation hides.
# - Training is slow, searching is not. Cheaper estimation is what makes NAS practical.
# - FLOPs count operations; FLOPS count them per second.
#
# Next: luck looked at nothing and found something all the same. How good is it? In
# [unit 02](02_random_search.ipynb) it searches for real.
#
# ## Exercises
#
# In [three exercises](../exercises/01_what_is_nas.ipynb) you tell the three parts apart, write the loop
# yourself, and measure what a poorer space costs.
#
# ## Further reading
#
# - Zoph, B. & Le, Q. V. (2017). *Neural Architecture Search with Reinforcement Learning*.
#   [arXiv:1611.01578](https://arxiv.org/abs/1611.01578)
# - Elsken, T., Metzen, J. H. & Hutter, F. (2019). *Neural Architecture Search: A Survey*.
#   [JMLR 20:55](https://jmlr.org/papers/v20/18-598.html). The three parts are theirs.
# - Tan, M. & Le, Q. V. (2019). *EfficientNet: Rethinking Model Scaling for Convolutional Neural
#   Networks*. [arXiv:1905.11946](https://arxiv.org/abs/1905.11946)
# - Tan, M. et al. (2019). *MnasNet: Platform-Aware Neural Architecture Search for Mobile*.
#   [arXiv:1807.11626](https://arxiv.org/abs/1807.11626)
