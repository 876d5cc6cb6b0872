# %% [markdown]
# # Unit 07: What does accuracy cost?
#
# - **Objectives**: say when one network dominates another, and read a Pareto front; tell how much
#   of the true front a search finds; explain why a weighted sum of objectives misleads, and use a
#   limit instead; convert a network for a small device and measure what quantization saves and
#   costs.
# - **Prerequisites**: [unit 03](03_search_spaces.ipynb): parameters, FLOPs and latency;
#   [unit 05](05_strategies.ipynb): the benchmark table and regret
# - **Time**: 65 min: two goals 10 min, found and true front 10 min, the sum 10 min, the limit
#   10 min, the device 10 min, waiting 10 min, a decision 5 min
# - **Cost**: 20 s of one CPU core and 850 MiB of memory; no GPU, no network
#
# So far a network was better when it read more digits. A phone, a doorbell or a washing machine has
# a second opinion: the network must fit. The most accurate network is seldom the one that fits, so
# now there are two goals, and they pull in opposite directions.

# %%
from nascourse import data, evaluation, plotting, spaces, trials
from nascourse.benchmark import Benchmark, load_benchmark, simulate
from nascourse.methods import litert
from nascourse.views import explorers

import autokeras as ak
import keras
import keras_tuner as kt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import accuracy_score

# %% [markdown]
# ## Two goals, and no single winner
#
# Four networks, invented, with two numbers each. We want few parameters and a high accuracy.
# **Predict**: which of the four would nobody ever choose?

# %%
four = pd.DataFrame(
    {"n_params": [1_000, 2_000, 3_000, 5_000], "val_accuracy": [0.90, 0.95, 0.94, 0.97]},
    index=["A", "B", "C", "D"],
)
four

# %% [markdown]
# Network **B dominates C**: it is smaller *and* more accurate. One network **dominates** another if
# it is at least as good in each goal and better in one. Let us ask all pairs.


# %%
def dominates(one, other):
    at_least_as_good = (
        one["n_params"] <= other["n_params"] and one["val_accuracy"] >= other["val_accuracy"]
    )
    return at_least_as_good and not one.equals(other)


for name, one in four.iterrows():
    beaten_by = [rival for rival, row in four.iterrows() if dominates(row, one)]
    print(f"{name} is dominated by {beaten_by or 'none'}")

# %% [markdown]
# A, B and D remain. Between them there is no better and no worse: each step to the right buys
# accuracy with parameters. The networks that none dominates are the **Pareto front**. Whatever we
# want in the end, the answer is on it, and everything else can be forgotten.
#
# Now a real search: the recording of unit 02, 60 random networks. `trials.pareto_front` does what
# we just did by hand. (Of two networks that are equal in both goals it keeps the first.)

# %%
recorded = trials.recorded("random_cnn")
front = trials.pareto_front(recorded)
print(f"{len(front)} of {len(recorded)} networks are on the front")
trials.summary(front)

# %%
ax = plotting.plot_pareto(recorded, front, quality="val_accuracy")
plotting.show(ax, source="a recording of 60 random trials with 5 epochs")

# %% [markdown]
# Read the staircase from left to right. Its left part is nearly free accuracy: for a few thousand
# parameters it climbs by more than half. Its right part is dear: from nearly 96 percent on, the last
# 1.4 percent cost almost four times as many parameters. The bend in between is called the **knee**.
# With no wish of your own, take a network from there.
#
# Where does the knee begin? Double the limit again and again, and see what each doubling buys. We
# ask MNIST-NAS-Bench, the table of [unit 05](05_strategies.ipynb), since it knows its whole space.

# %%
bench = load_benchmark()
table = bench.final()  # one row a network, the means of three trainings
doublings = 250 * 2 ** np.arange(8)
best = [table["val_accuracy"][table["n_params"] <= limit].max() for limit in doublings]
knee = pd.DataFrame({"best val_accuracy": best}, index=pd.Index(doublings, name="parameters up to"))
knee.assign(gain=knee["best val_accuracy"].diff()).round(3)

# %% [markdown]
# The first doublings bring much, the last ones next to nothing. Somewhere in the middle you would
# stop paying. Where exactly is for you to say and not for the table.
#
# Move the limit yourself. The frame marks the network that a search would choose if it tried all
# that fit, by validation accuracy; the diamond marks the one that is best in the test. Where
# widgets do not work, you see one limit.

# %%
explorers.tradeoff(bench)

# %% [markdown]
# ## How much of the front does a search find?
#
# On a real problem nobody knows the true front. All that there is are the networks that some search
# has tried. On the table we know both. Two strategies of unit 05 search it, 20 times each, with 100
# trials. **This takes a few seconds.**

# %%
races = simulate(["random", "evolution"], budget=100, seeds=range(20), benchmark=bench)
facts = table[["n_params", "test_accuracy"]].rename(columns={"test_accuracy": "truth"})
races = races.join(facts, on="network")

# %% [markdown]
# `val_accuracy` is what a search heard, from one training. `truth` is what a judge knows: the mean
# test accuracy of that network. Here is one search after 30 trials. It picks its front by what it
# heard, and we draw it by the truth, so it may even fall.

# %%
one = races[(races["strategy"] == "random") & (races["seed"] == 0) & (races["trial"] <= 30)]
found = trials.pareto_front(one)
ax = plotting.plot_pareto(table, bench.pareto_front())
ax.step(found["n_params"], found["truth"], "s--", where="post", color=plotting.BLUE, label="found")
ax.set_ylim(0.7, 1)
ax.legend(loc="lower right", frameon=False)
plotting.show(ax, source="MNIST-NAS-Bench, networks above 70 percent; one random search, seed 0")

# %% [markdown]
# One search is an anecdote, so we need a number for all. Set a limit on the parameters. Under it,
# the search would hand over the network with the best validation accuracy. What does that one lack,
# compared with the best network under the limit? That is the **regret at this limit**.
#
# **Predict**: at which end is the regret larger, among the small networks or among the large ones?

# %%
limits = [1_000, 2_000, 4_000, 8_000, 16_000]
truth_under = {limit: table["test_accuracy"][table["n_params"] <= limit].max() for limit in limits}


def regret_at(limit, search):
    allowed = search[search["n_params"] <= limit]
    handed_over = allowed.loc[allowed["val_accuracy"].idxmax()]
    return truth_under[limit] - handed_over["truth"]


# %%
gaps = {}
for trials_run in (30, 100):
    for strategy, searches in races[races["trial"] <= trials_run].groupby("strategy"):
        each = [search for _, search in searches.groupby("seed")]
        medians = [np.median([regret_at(limit, search) for search in each]) for limit in limits]
        gaps[f"{strategy}, {trials_run} trials"] = medians
gaps = pd.DataFrame(gaps, index=pd.Index(limits, name="n_params"))
(100 * gaps).round(2)

# %%
ax = plotting.plot_lines(gaps, value="regret", log_x=True)
ax.set_xlabel("limit on the parameters")
plotting.show(ax, source="MNIST-NAS-Bench, 20 simulated searches for each strategy")

# %% [markdown]
# The numbers are percent of test accuracy. Both strategies heard of accuracy alone. So they tell us
# much about the accurate end, and the small end is found by accident. There the networks differ
# most, so a miss is dear. And evolution leaves that end, as larger networks are more accurate.
# **Judged by the truth, a front that a search found never lies above the true one, and it is the
# worst where the search did not look.**
#
# One number for a whole front is the **hypervolume**: the area under its staircase. What a found
# staircase lacks of the true one's area is the hypervolume that the search missed. It is used in
# most papers, and the regret at a limit is easier to explain to a customer.
#
# ## Why a sum misleads
#
# Two numbers are inconvenient. The usual way out is to add them up. KerasTuner takes a list of
# objectives, and this is all that it does with them: it subtracts what should be large and adds
# what should be small. The trial with the smallest sum wins. We ask KerasTuner's own object.

# %%
goals = [kt.Objective("val_accuracy", "max"), kt.Objective("flops", "min")]
objective = kt.oracles.RandomSearchOracle(objective=goals, max_trials=1).objective
objective.get_value({"val_accuracy": 0.97, "flops": 100_000})

# %% [markdown]
# **Predict**: which network of the table wins by this sum?

# %%
both = table[["val_accuracy", "flops"]]
score = both.apply(lambda row: objective.get_value(row.to_dict()), axis=1)
winner = table.loc[score.idxmin()]
print(f"the winner: {winner['flops']:,} FLOPs, validation accuracy {winner['val_accuracy']:.3f}")
print("the fewest FLOPs of all:", winner["flops"] == table["flops"].min())
correlation = stats.spearmanr(score, table["flops"]).statistic
print(f"rank correlation of the sum with FLOPs: {correlation:.4f}")

# %% [markdown]
# The accuracy lies between 0 and 1, the FLOPs in the hundred thousands. In such a sum accuracy does
# not count. KerasTuner's list is meant for goals of a similar size, and nothing warns you.
#
# So we weigh: `accuracy - w * parameters`. A weight of 0.00001 says that 1,000 parameters are worth
# one percent of accuracy. But which weight is right? Let us try hundreds of them, from one that
# ignores the size to one that sees nothing else.
#
# **Predict**: if we try every weight, does each network of the front win once?

# %%
front = trials.pareto_front(table)
weights = np.geomspace(1e-9, 1e-1, 1_000)
winners = {(table["val_accuracy"] - w * table["n_params"]).idxmax() for w in weights}
print(f"{len(front)} networks on the front, {len(winners)} of them win under some weight")
print("every winner is on the front:", winners <= set(front.index))

# %%
won = trials.pareto_front(table.loc[list(winners)])
ax = plotting.plot_pareto(table, front, quality="val_accuracy")
ax.plot(
    won["n_params"], won["val_accuracy"], "o--", color=plotting.BLUE, label="wins a weighted sum"
)
ax.set_xscale("linear")
ax.set(xlim=(0, 16_000), ylim=(0.85, 1))
ax.legend(loc="lower right", frameon=False)
plotting.show(ax, source="MNIST-NAS-Bench, networks above 85 percent with up to 16,000 parameters")

# %% [markdown]
# It does not. A weighted sum is a ruler. The weight is its slope: you lay it above all points and
# lower it until it touches the first one. It can only touch the corners that stick out, those on
# the dashed string, which is called the **convex hull**. A network below the string is never
# touched, and nothing is wrong with it: no other network dominates it.
#
# So a sum has three faults: the units decide, the weight is a number that nobody can name, and part
# of the front is out of reach for every weight. There are better ways:
#
# - **A limit**: the largest accuracy among the networks that fit. Every point of the front wins
#   under some limit, and people know limits: the memory of a chip, the patience of a user.
# - **The front itself**: search for all of it, choose afterwards. **NSGA-II** (Deb et al. 2002) is
#   evolution as in unit 05, with another idea of "better": first the networks that none dominates,
#   then those that only the first group dominates, and so on. Among equals it prefers those
#   that are far from the others, so that the whole front fills up.
# - **A product with a target**: MnasNet (Tan et al. 2019) multiplies the accuracy by a power of
#   latency over target latency. It is still one number, but its units cancel.
#
# ## A limit, and who should know it
#
# The size of a network is known before it is trained. So a limit need not cost anything: whatever
# is too large is refused before the training. Here is the part of the table below 1,000 parameters
# as a table of its own. The same random search runs on both, 30 trials each, and must hand over a
# network of at most 1,000 parameters. **This takes a few seconds.**

# %%
small = table.index[table["n_params"] <= 1_000]
only_small = Benchmark(
    bench.networks.loc[small].reset_index(), bench.curves[bench.curves["network"].isin(small)]
)
told = simulate("random", budget=30, seeds=range(20), benchmark=only_small)
told = told.groupby("seed")["regret"].last()
print(f"regret at 1,000 parameters, not told: {gaps.loc[1_000, 'random, 30 trials']:.2%}")
print(f"                            told:     {told.median():.2%}")

# %% [markdown]
# The same strategy, the same budget, and a third less regret. **Tell the search what you need
# before it starts.**
#
# ### `max_model_size` in AutoKeras
#
# AutoKeras has an option for this, `max_model_size`, in parameters. Take the space of unit 06 and a
# limit of 12,000. In the recorded searches of that space, many networks were below the limit:

# %%
recorded = trials.recorded("strategies")
print(f"up to 12,000 parameters: {(recorded['n_params'] <= 12_000).mean():.0%} of the trials")

# %% tags=["raises-exception"]
splits = data.load_mnist("bundled")
one_hot = np.eye(10, dtype="float32")
space = spaces.autokeras_space()
model = ak.AutoModel(
    space.inputs,
    space.outputs,
    max_model_size=12_000,
    max_trials=5,
    directory="../runs/07_limit",
    overwrite=True,
)
model.fit(splits.x_train, one_hot[splits.y_train], epochs=1, verbose=0)

# %% [markdown]
# We ran this, and it stops before the first trial. Before it searches, AutoKeras builds the
# **default** network, to see which hyperparameters there are, and the limit is applied to that one
# already. In this space the default has 13,610 parameters. In the space of `ImageClassifier` it has
# 23.6 million, so no smaller limit works there.
#
# With a limit above the default the search runs. Then KerasTuner, on which AutoKeras stands, is in
# charge. What follows we read in its source (version 1.4.8): a network that is too large is not
# trained, but it counts as a **failed trial**. It uses up one of `max_trials`, and **three failed
# trials in a row end the search** with an error. **Predict**: in our table, with a limit of 2,000
# parameters, half of the networks are too large. There, how many random searches of 30 trials reach
# their end? We need no training to know. We shuffle the table.

# %%
too_large = (table["n_params"] > 2_000).to_numpy()
rng = np.random.default_rng(0)
failed = np.array([rng.permutation(too_large)[:30] for _ in range(1_000)])
three_in_a_row = (failed[:, :-2] & failed[:, 1:-1] & failed[:, 2:]).any(axis=1)
print(f"too large: {too_large.mean():.0%} of the networks")
print(f"searches that end early: {three_in_a_row.mean():.0%}")

# %% [markdown]
# So `max_model_size` is a fuse, not a steering wheel: it keeps a rare giant from filling the
# memory. To search among small networks, **write a space of small networks**.
# `spaces.autokeras_space` takes `filters=(4, 8)`, for instance.
#
# ## On the device
#
# Parameters are not yet bytes. What has to fit is a file, and a program that runs it. Let us train
# one network of the table and ship it; you will meet it again at the end. **This takes a few
# seconds.**

# %%
setting = {
    "body/blocks": 2,
    "body/halving": "max",
    "body/skip": False,
    "conv/kind": "plain",
    "conv/kernel": 5,
    "conv/filters_0": 16,
    "conv/filters_1": 16,
    "head": "flatten",
}
keras.utils.set_random_seed(1)
model = spaces.built(spaces.bench_space, setting)
model.fit(splits.x_train, splits.y_train, epochs=6, batch_size=64, verbose=0)
n_params = evaluation.count_params(model)
print(f"{n_params:,} parameters, at four bytes each {4 * n_params / 1024:.0f} KiB")

# %% [markdown]
# **LiteRT**, called TensorFlow Lite until 2024, is a file format for finished networks and a small
# program that runs them, on phones and on chips with some hundred KiB of memory. Nothing in it can
# train. `litert.convert` hands the network to TensorFlow's converter.
#
# The second idea is **quantization**: whole numbers of 8 bits instead of numbers with 32 bits. Here
# it is by hand, for the weights of one filter. The largest one becomes 127, and the others become
# multiples of the same step.

# %%
weights = model.layers[2].get_weights()[0][:, :, 0, 0]
step = np.abs(weights).max() / 127
as_int8 = np.rint(weights / step).astype("int8")
print(as_int8)
error = np.abs(as_int8 * step - weights).max()
print(
    f"largest error: {error / step:.2f} steps, a step is {step / np.ptp(weights):.1%} of the range"
)

# %% [markdown]
# One byte a weight instead of four, and an error of at most half a step. There are two kinds:
#
# - `"weights"` (dynamic range): the file holds weights in 8 bits, the sums are made with
#   floating-point numbers between the layers.
# - `"full"` (full integer; Jacob et al. 2018): everything is whole numbers, from the pixel to the
#   answer. For this the converter must know how large the numbers *between* the layers get, so it
#   looks at some typical images. A chip without floating-point arithmetic needs this kind.
#
# **Predict**: how many times smaller does the file become, and how many of the 800 validation
# images does it cost?

# %%
files = {
    "LiteRT, float32": litert.convert(model),
    "LiteRT, int8 weights": litert.convert(model, quantize="weights"),
    "LiteRT, all int8": litert.convert(model, quantize="full", images=splits.x_train[:200]),
}
read = {"Keras": evaluation.predict(model, splits.x_val)}
size = {"Keras": evaluation.saved_size(model)}
wait = {"Keras": evaluation.measure_latency(model).median_ms}
for name, file in files.items():
    read[name] = litert.predict(file, splits.x_val)
    size[name] = len(file)
    wait[name] = litert.measure_latency(file).median_ms

# %%
rows = {
    name: {
        "KiB": round(size[name] / 1024, 1),
        "bytes a weight": round(size[name] / n_params, 1),
        "validation accuracy": round(accuracy_score(splits.y_val, read[name]), 3),
        "answers unlike Keras": (read[name] != read["Keras"]).sum(),
        "over 5 times faster": wait["Keras"] > 5 * wait[name],
    }
    for name in read
}
pd.DataFrame(rows).T

# %% [markdown]
# Read it line by line.
#
# - The `.keras` file is the largest: besides the weights it describes every layer in words, and how
#   to compile it.
# - LiteRT in float32 is the same network. It gives the same answers, and **you wait far less**:
#   Keras, even as a compiled graph, spends most of its time on getting started, and LiteRT does
#   not. (Both times are medians of 100 single images; `wait` holds them.)
# - With 8 bits the file shrinks to about a third. It is not quite a quarter, since the plan of
#   the network and the steps of the quantization are in the file too.
# - The price is in the column `answers unlike Keras`. In our runs it was one or two answers of 800;
#   on your machine it may be none, or a few. One image is 0.125 percent here, so look at how many
#   answers differ, and not at the third decimal of the accuracy. A different answer may even be the
#   right one.
#
# Does it always shrink so much? **Predict** for a network with fewer than 1,000 weights.

# %%
tiny = {**setting, "conv/kernel": 3, "conv/filters_0": 2, "conv/filters_1": 6, "head": "quarters"}
tiny_model = spaces.built(spaces.bench_space, tiny)
before = len(litert.convert(tiny_model))
after = len(litert.convert(tiny_model, quantize="full", images=splits.x_train[:50]))
print(f"{evaluation.count_params(tiny_model)} parameters: {before:,} and {after:,} bytes")

# %% [markdown]
# Here the plan of the network outweighs its weights, and quantization gains next to nothing.
# Measure the file, not the idea.
#
# The interpreter that ran here comes with TensorFlow. On a device, `pip install ai-edge-litert`
# brings the same one alone.
#
# ## What you wait for
#
# The last cost is time. [Unit 03](03_search_spaces.ipynb) showed that FLOPs are not latency. For a
# front this matters, because the front by FLOPs need not be the front by latency. The table has the
# latency of its networks, in Keras, on one machine.
#
# Look one network up. Then change only `conv/kind` from plain to separable. **Predict** first:
# which of parameters, FLOPs and latency fall, and which rises? Where widgets do not work, you see
# one network, and the next cell has the medians.

# %%
explorers.explore(bench)

# %%
timed = table.dropna(subset=["latency_ms"])
print(f"{len(timed)} networks with a latency")
timed.groupby(["conv/kind", "body/skip"])[["flops", "latency_ms"]].median().round(2)

# %%
by_flops = set(trials.pareto_front(timed, cost="flops").index)
by_latency = set(trials.pareto_front(timed, cost="latency_ms").index)
print(f"on the front by FLOPs {len(by_flops)}, by latency {len(by_latency)}")
print(f"on both: {len(by_flops & by_latency)}")

# %% [markdown]
# Separable convolutions have far fewer FLOPs and take longer: they are two steps where a plain one
# is one, and in networks this small each step takes its time. So a search with a goal in FLOPs
# gives you the right front for the wrong cost. And the latencies above are those of Keras; LiteRT
# on your phone would order the networks in another way again. **A limit in milliseconds is a limit
# on one device with one program**, and is measured there.
#
# ## A decision
#
# The customer's device has 20 KiB for the network and waits at most 1 millisecond. Which network?
# We choose among the 1,248 of the space, by validation accuracy. Size and latency do not depend on
# training, so they can be checked on the untrained network: convert it, look, and go on to the next
# if it does not fit.


# %%
def shipped(number, quantize):
    setting = table.loc[number, list(bench.choices)].dropna().to_dict()
    images = splits.x_train[:20] if quantize == "full" else None
    return litert.convert(
        spaces.built(spaces.bench_space, setting), quantize=quantize, images=images
    )


def fits(file):
    return len(file) <= 20 * 1024 and litert.measure_latency(file).median_ms <= 1


# %% [markdown]
# **Predict**: does the limit allow a better network with quantization, or only a smaller file?
# **This takes a few seconds.**

# %%
by_accuracy = table.sort_values("val_accuracy", ascending=False)
chosen = {}
for quantize, bytes_a_weight in {None: 4, "full": 1}.items():
    candidates = by_accuracy[by_accuracy["n_params"] * bytes_a_weight < 18 * 1024]  # and a plan
    chosen[quantize] = next(n for n in candidates.index if fits(shipped(n, quantize)))
table.loc[list(chosen.values()), ["n_params", "val_accuracy"]].round(4)

# %% [markdown]
# The first row is the choice in float32, the second the choice with 8 bits. **Under the same limit,
# quantization buys a larger network.** Compare the gain in accuracy with what quantization cost
# above. A fair comparison is at an equal limit, as always in this course.
#
# The table's accuracy is that of Keras. So the promise has to be tested: train the second one,
# convert it, and measure what is shipped. **This takes a few seconds.**

# %%
winner = table.loc[chosen["full"], list(bench.choices)].dropna().to_dict()
keras.utils.set_random_seed(1)
model = spaces.built(spaces.bench_space, winner)
model.fit(splits.x_train, splits.y_train, epochs=8, batch_size=64, verbose=0)
file = litert.convert(model, quantize="full", images=splits.x_train[:200])
accuracy = accuracy_score(splits.y_val, litert.predict(file, splits.x_val))
print(spaces.describe(model))
print(f"fits: {fits(file)}, validation accuracy as shipped {accuracy:.3f}")
print("the network of 'On the device':", winner == setting)

# %% [markdown]
# Where the last line says True, you know this network: it is the one that we shipped above, this
# time trained for eight epochs instead of six. It was trained with fewer images and epochs than the
# table's networks, and it was the best of very many: expect it to score somewhat below its entry.
# And note what we did *not* look at. MNIST's official test images had no say in this choice, so
# they can still judge it. (The sealed part of the bundled images cannot: by these 1,000 the table's
# networks were validated.)
#
# ## Summary
#
# - With two goals there is a front instead of a winner. A network that another one dominates can be
#   forgotten; between the others you decide, and the knee is a good place to start.
# - A search finds part of the front, and least where it did not look.
# - A sum of goals is decided by units, needs a weight that nobody knows, and cannot reach the dents
#   of the front. A limit can, and people know it. Tell it to the search.
# - `max_model_size` only refuses: too large a network is a failed trial, three in a row end a
#   search, and a default that is too large ends it before it begins. Better a space of small
#   networks.
# - LiteRT runs a finished network with little overhead. Quantization to 8 bits saves up to three
#   quarters of a file that consists of weights, and changes few answers.
# - Parameters, bytes, FLOPs and milliseconds give different fronts. Measure the one that binds, on
#   the device that you have.
#
# Next: you can search, compare, judge and weigh, and you still pay a training for each judgment.
# [Unit 08](08_weight_sharing.ipynb) asks whether one training can judge all networks.
#
# ## Exercises
#
# [Three exercises](../exercises/07_tradeoffs.ipynb), 30 minutes: a Pareto front of your own, the
# best network under two limits, and a question about weighted sums.
#
# ## Further reading
#
# - Deb, K., Pratap, A., Agarwal, S. & Meyarivan, T. (2002). *A Fast and Elitist Multiobjective
#   Genetic Algorithm: NSGA-II*. IEEE Transactions on Evolutionary Computation 6(2)
# - Tan, M. et al. (2019). *MnasNet: Platform-Aware Neural Architecture Search for Mobile*.
#   [arXiv:1807.11626](https://arxiv.org/abs/1807.11626)
# - Jacob, B. et al. (2018). *Quantization and Training of Neural Networks for Efficient
#   Integer-Arithmetic-Only Inference*. [arXiv:1712.05877](https://arxiv.org/abs/1712.05877)
# - Elsken, T., Metzen, J. H. & Hutter, F. (2019). *Efficient Multi-Objective Neural Architecture
#   Search via Lamarckian Evolution*. [arXiv:1804.09081](https://arxiv.org/abs/1804.09081)
# - [The LiteRT documentation](https://ai.google.dev/edge/litert)
