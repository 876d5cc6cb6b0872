# %% [markdown]
# # Unit 07: What does accuracy cost?
#
# - **Objectives**: say when one network dominates another, and read a Pareto front; tell how much
#   of the true front a search finds; explain why a weighted sum of objectives misleads, and use a
#   limit instead; convert a network for a small device and measure what quantization saves and
#   costs.
# - **Prerequisites**: [unit 03](03_search_spaces.ipynb): parameters, FLOPs and latency;
#   [unit 05](05_strategies.ipynb): the benchmark table and regret
# - **Time**: 60 min: two goals 8 min, found and true front 9 min, the sum 10 min, the limit 9 min,
#   the device 14 min, a decision 10 min
# - **Cost**: 35 s of one CPU core and 850 MiB of memory; no GPU, no network
#
# So far a network was better when it read more digits. A phone, a doorbell or a washing machine has
# a second demand: the network must fit. The most accurate network is seldom the one that fits. So
# now there are two goals, and they pull in opposite directions.

# %%
from nascourse import benchmark, data, evaluation, plotting, spaces, trials
from nascourse.checks import compare
from nascourse.methods import litert
from nascourse.views import explorers

import keras
import keras_tuner as kt
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score

# %% [markdown]
# ## Two goals, and no single winner
#
# Four networks, invented, with two numbers each. We want few parameters and a high accuracy.
#
# | network | parameters | accuracy |
# |---|---|---|
# | A | 1,000 | 0.90 |
# | B | 2,000 | 0.95 |
# | C | 3,000 | 0.94 |
# | D | 5,000 | 0.97 |
#
# **Predict.** Which of the four would nobody ever choose? Write `"A"`, `"B"`, `"C"` or `"D"`.

# %% tags=["prediction"]
guess = ...  # one letter, in quotes

# %% tags=["prediction-result"]
four = {"A": (1_000, 0.90), "B": (2_000, 0.95), "C": (3_000, 0.94), "D": (5_000, 0.97)}


def dominates(one, other):
    """As small and as accurate as the other network, or better; not equal in both."""
    return one[0] <= other[0] and one[1] >= other[1] and one != other


beaten_by = {name: [k for k in four if dominates(four[k], four[name])] for name in four}
print("dominated by:", beaten_by)
compare("07.a", guess, ", ".join(name for name in four if beaten_by[name]), options=list(four))

# %% [markdown]
# It is C: network B is smaller *and* more accurate. One network **dominates** another if it is at
# least as good in each goal and better in one.
#
# A, B and D remain. Between them there is no better and no worse: each step to the right buys
# accuracy with parameters. The networks that none dominates are the **Pareto front**. As long as only
# these two numbers count, and are exact, the answer is on it.
#
# Now the 1,248 networks of MNIST-NAS-Bench, the table of [unit 05](05_strategies.ipynb). Below, the
# orange staircase is their front. (`trials.pareto_front` finds it, for any table. Of two networks
# that are equal in both goals it keeps the first.) Read it from left to right. Its left part is
# nearly free: a few more parameters bring a lot of accuracy. In its right part the last bit of
# accuracy costs a large multiple of parameters. The bend in between is called the **knee**. If
# nobody tells you what is needed, take a network from there. (Where you see it depends on the scale of
# the axes, so it is a habit and no answer.)
#
# **Change this.** Where is the knee? Double the limit again and again, up to 32,000. What does each
# doubling bring, in points (a point is one percent of the images)? In the figure, move the limit as
# well. The frame marks the network that a search would choose if it tried all that fit, by validation
# accuracy. The diamond marks the one that is best in the test. Are they always the same? (Where widgets
# do not work, you see one limit.)

# %% tags=["change-this"]
limit = 500  # change this
bench = benchmark.load_benchmark()
table = bench.final()  # one row a network; its accuracies are means of several trainings
best = [table["val_accuracy"][table["n_params"] <= most].max() for most in (limit, 2 * limit)]
print(f"up to {limit:,} parameters: the best reads {best[0]:.1%} of the validation images")
print(f"up to {2 * limit:,}: {100 * (best[1] - best[0]):.1f} points more")
explorers.tradeoff(bench)

# %% [markdown]
# The first doublings bring much, those beyond 4,000 a point or less, and not evenly: the best of few
# networks moves in jumps. Where exactly you stop paying is for you to say, and not for the table.
#
# ## How much of the front does a search find?
#
# On a real problem nobody knows the true front. All that there is are the networks that some search
# has tried. On the table we know both. Two strategies of unit 05 search it, 20 times each, with 100
# trials. They know of accuracy alone. **This takes a few seconds.**
#
# Below, `val_accuracy` is what a search saw, from one training. `truth` is what a judge knows: the
# mean test accuracy of that network.
#
# **Change this.** The second cell draws one search. It picks its front by the validation accuracies that
# it saw. We draw these networks at their true accuracy, so the line may even fall. Try other seeds,
# `"evolution"`, and all 100 trials. Where does the found front come close to the true one, and where
# does it stay away?

# %%
races = benchmark.simulate(["random", "evolution"], budget=100, seeds=range(20), benchmark=bench)
facts = table[["n_params", "test_accuracy"]].rename(columns={"test_accuracy": "truth"})
races = races.join(facts, on="network")


def regret_at(limit, search):
    """How far a search's choice is below the best under the limit; without one, all of the best."""
    best = table["test_accuracy"][table["n_params"] <= limit].max()
    allowed = search[search["n_params"] <= limit]
    return best - allowed.nlargest(1, "val_accuracy")["truth"].sum()


# %% tags=["change-this"]
strategy, seed, n_trials = "random", 0, 30  # change this
of_search = (races["strategy"] == strategy) & (races["seed"] == seed)
found = trials.pareto_front(races[of_search & (races["trial"] <= n_trials)])
ax = plotting.plot_pareto(table, bench.pareto_front())
ax.step(found["n_params"], found["truth"], "s--", where="post", color=plotting.BLUE, label="found")
ax.set_ylim(0.7, 1)
ax.legend(loc="lower right", frameon=False)
caption = "The front that one search found never lies above the true one."
source = f"MNIST-NAS-Bench, networks above 70 percent; {strategy}, seed {seed}, {n_trials} trials"
plotting.show(ax, caption=caption, source=source)

# %% [markdown]
# One search is an anecdote, so we need a number for all. Set a limit on the parameters. Under it,
# the search would hand over the network with the best validation accuracy. What does that one lack,
# compared with the best network under the limit? That is the **regret at this limit**. (It is the
# function in the cell above the figure.)
#
# **Predict.** At which end is the regret larger, at a limit of 1,000 parameters or at one of 16,000?
# Write `"small"` or `"large"`.

# %% tags=["prediction"]
guess = ...  # "small" or "large"


# %% tags=["prediction-result"]
gaps = pd.DataFrame(index=pd.Index([1_000, 2_000, 4_000, 8_000, 16_000], name="n_params"))
for most in (30, 100):
    for strategy, searches in races[races["trial"] <= most].groupby("strategy"):
        each = [search for _, search in searches.groupby("seed")]
        medians = [np.median([regret_at(limit, search) for search in each]) for limit in gaps.index]
        gaps[f"{strategy}, {most} trials"] = medians
ends = {"small": gaps.iloc[0].mean(), "large": gaps.iloc[-1].mean()}
compare("07.b", guess, max(ends, key=ends.get), options=list(ends))
ax = plotting.plot_lines(gaps, value="regret", log_x=True)
ax.set_xlabel("limit on the parameters")
caption = "Both strategies miss most under the smallest limits."
plotting.show(ax, caption=caption, source="MNIST-NAS-Bench, medians of 20 simulated searches")

# %% [markdown]
# Among the small ones. Neither strategy looked for small networks, so they found them only by accident.
# Small networks differ most from each other, so a miss costs most there. At 1,000 parameters evolution
# misses more than random search; at 2,000 it does not. (These are medians without an interval.) **Judged
# by the truth, a front that a search found never lies above the true one, and it is the worst where the
# search did not look.**
#
# One number for a whole front is the **hypervolume**: the area under its staircase, down to a reference
# point, a network so large and so bad that nobody would want it. Many papers report it. The regret at a
# limit is easier to explain to a customer.
#
# ## Why a sum misleads
#
# Two numbers are inconvenient. The usual way out is to add them up. KerasTuner takes a list of
# objectives, and this is all that it does with them: it adds what should be small, and subtracts
# what should be large. The trial with the smallest sum wins.
#
# **Predict.** Which network of the table wins by this sum? Write `"most accurate"`, `"fewest FLOPs"`
# or `"in between"`.

# %% tags=["prediction"]
guess = ...  # "most accurate", "fewest FLOPs" or "in between"

# %% tags=["prediction-result"]
goals = [kt.Objective("val_accuracy", "max"), kt.Objective("flops", "min")]
objective = kt.oracles.RandomSearchOracle(objective=goals, max_trials=1).objective
both = table[["val_accuracy", "flops"]]
score = both.apply(lambda row: objective.get_value(row.to_dict()), axis=1)
winner = both.loc[score.idxmin()]
print(f"the winner: {winner['flops']:,.0f} FLOPs, validation accuracy {winner['val_accuracy']:.3f}")
print(f"rank correlation of the sum with FLOPs: {score.corr(both['flops'], 'spearman'):.4f}")
is_winner = {
    "most accurate": winner["val_accuracy"] == both["val_accuracy"].max(),
    "fewest FLOPs": winner["flops"] == both["flops"].min(),
    "in between": True,
}
compare("07.c", guess, max(is_winner, key=is_winner.get), options=list(is_winner))

# %% [markdown]
# The one with the fewest FLOPs, however little it can read: 100,000 FLOPs and 97 percent make 100,000 -
# 0.97. The accuracy lies between 0 and 1, the FLOPs between thousands and millions. In such a sum
# accuracy does not count. KerasTuner's list is meant for goals of a similar size, and nothing warns you.
#
# So we weigh: `accuracy - w * parameters`. A weight of 0.00001 says that 1,000 parameters are worth
# one point of accuracy. But which weight is right? Let us try thousands of them, from one that
# ignores the size to one that sees nothing else.
#
# **Predict.** How many percent of the networks on the front win under some weight? Write a number.

# %% tags=["prediction"]
guess = ...  # a number of percent

# %% tags=["prediction-result"]
front = trials.pareto_front(table)
weights = np.geomspace(1e-9, 1e-1, 3_000)
winners = {(table["val_accuracy"] - w * table["n_params"]).idxmax() for w in weights}
print(f"{len(front)} networks on the front, {len(winners)} of them win under some weight")
compare("07.d", guess, 100 * len(winners) / len(front), unit="%")
won = trials.pareto_front(table.loc[list(winners)])
ax = plotting.plot_pareto(table, front, quality="val_accuracy")
line = {"color": plotting.BLUE, "label": "wins a weighted sum"}
ax.plot(won["n_params"], won["val_accuracy"], "o--", **line)
ax.set(xscale="linear", xlim=(0, 16_000), ylim=(0.85, 1))
ax.legend(loc="lower right", frameon=False)
caption = "The networks of the front that lie below the dashed string win under no weight."
plotting.show(ax, caption=caption, source="MNIST-NAS-Bench, above 85 percent, to 16,000 parameters")

# %% [markdown]
# By far not all. A weighted sum is a ruler. The weight is its slope: you lay it above all points and
# lower it until it touches the first one. It can only touch the corners that stick out, those on the
# dashed string, the upper left part of the **convex hull**. A network below the string is never touched,
# and nothing is wrong with it: no other network dominates it.
#
# **Change this.** Pick an orange dot of the figure that lies below the string. Between which two weights
# does the winner jump over it? Watch the size of the winner.

# %% tags=["change-this"]
weight = 1e-5  # change this
score = table["val_accuracy"] - weight * table["n_params"]
table.loc[[score.idxmax()], ["n_params", "val_accuracy"]].round(4)

# %% [markdown]
# The winner jumps from corner to corner, over whatever lies between them. So a sum has three faults:
# the units decide, the weight is a number that nobody can name, and part of the front is out of
# reach for every weight. What else is there?
#
# - **A limit**: the largest accuracy among the networks that fit. Every point of the front wins
#   under some limit, and people know limits: the memory of a chip, the patience of a user.
# - **The front itself**: search for all of it, choose afterwards. **NSGA-II** (Deb et al. 2002) is
#   evolution as in unit 05 with another idea of "better": first the networks that none dominates,
#   then those that only the first group dominates, and so on. Within a group it prefers those that
#   are far from the others, so that the whole front fills up. A child mixes the choices of two
#   parents. Nobody leaves for its age: parents and children are ranked together, and the best stay.
# - **A product with a target**: MnasNet (Tan et al. 2019) multiplies the accuracy by a power of
#   latency over target latency. So its units cancel. But the logarithm of a product is a weighted
#   sum of logarithms: the power is a weight again, and there are dents that it cannot reach.
#
# ## A limit, and who should know it
#
# The size of a network is known before it is trained. So a limit need not cost anything: whatever
# is too large is refused before the training. Here is the part of the table below the limit as a
# table of its own. The same random search runs on both, with the same number of trials, 200 times
# each. At the end it must hand over a network within the limit. **This takes some seconds.**
#
# **Change this.** How much does it help when the search knows the limit? Try a limit of 4,000, and
# 100 trials. When does it hardly matter whether the search knows it?

# %% tags=["change-this"]
limit, n_trials = 1_000, 30  # change this
fits = table.index[table["n_params"] <= limit]
curves = bench.curves[bench.curves["network"].isin(fits)]
only_small = benchmark.Benchmark(bench.networks.loc[fits].reset_index(), curves)
regrets = {}
for name, searched in {"does not know": bench, "knows": only_small}.items():
    runs = benchmark.simulate("random", budget=n_trials, seeds=range(200), benchmark=searched)
    each = runs.join(facts, on="network").groupby("seed")
    regrets[name] = [100 * regret_at(limit, search) for _, search in each]
    print(f"a search that {name} the limit: mean regret {np.mean(regrets[name]):.2f} points")
saved = benchmark.difference(*regrets.values())
print(f"difference {saved.difference:.2f}, 95% interval {saved.low:.2f} to {saved.high:.2f}")

# %% [markdown]
# Where the interval of the difference leaves out zero, the limit has helped. At 1,000 parameters it
# does: the same strategy, the same budget, and clearly less regret. The advantage melts as the limit
# grows, since then most networks fit anyway. **Say what you need before the search starts.**
#
# AutoKeras has an option for this, `max_model_size`, in parameters. It works in another way. First
# AutoKeras builds the default network of its space, and if that one is too large, the search fails
# before its first trial. (The default of `ImageClassifier` has 23.6 million parameters, so no
# smaller limit works there.) Later, a network that is too large is not trained, but it counts as a
# **failed trial**: it uses up one of `max_trials`, and **three failed trials in a row end the
# search**. (So it says in the source of KerasTuner 1.4.8, on which AutoKeras stands.)
#
# **Predict.** In our table, with a limit of 2,000 parameters, about half of the networks are too
# large. How many percent of the random searches of 30 trials would end early? Write a number.

# %% tags=["prediction"]
guess = ...  # a number of percent

# %% tags=["prediction-result"]
too_large = (table["n_params"] > 2_000).to_numpy()
rng = np.random.default_rng(0)
failed = np.array([rng.permutation(too_large)[:30] for _ in range(1_000)])
three_in_a_row = (failed[:, :-2] & failed[:, 1:-1] & failed[:, 2:]).any(axis=1)
print(f"too large: {too_large.mean():.0%} of the networks")
compare("07.e", guess, 100 * three_in_a_row.mean(), unit="%")

# %% [markdown]
# Nearly all of them: in 30 throws of a coin, three heads in a row are hard to avoid. So
# `max_model_size` is a fuse, not a steering wheel. It keeps a rare giant from filling the memory. To
# search among small networks, **write a space of small networks**. `spaces.autokeras_space` takes
# `filters=(4, 8)`, for instance.
#
# ## On the device
#
# Parameters are not yet bytes. What has to fit is a file, and a program that runs it. **LiteRT**,
# called TensorFlow Lite until 2024, is a file format for finished networks and a small program that
# runs them, on phones and on chips with some hundred KiB of memory (1 KiB is 1,024 bytes). First we
# train one network of the table. **This takes a few seconds.**
#
# Next comes **quantization**: whole numbers of 8 bits instead of numbers with 32 bits. The
# second cell does it by hand, for the weights of one filter. The largest weight, whatever its sign,
# becomes 127 or -127, and the others become multiples of the same step, 1/127 of the largest.
#
# **Change this.** How large is the error, in percent of the largest weight, with 4 bits? And what is
# left of the filter with 2?

# %%
setting = {"body/blocks": 2, "body/halving": "max", "body/skip": False, "conv/kind": "plain"}
setting |= {"conv/kernel": 5, "conv/filters_0": 16, "conv/filters_1": 16, "head": "flatten"}
splits = data.load_mnist("bundled")


def trained(setting):
    keras.utils.set_random_seed(1)
    model = spaces.built(spaces.bench_space, setting)
    model.fit(splits.x_train, splits.y_train, epochs=4, batch_size=64, verbose=0)
    return model


model = trained(setting)
print(spaces.describe(model), f"{evaluation.count_params(model):,} parameters", sep="\n")

# %% tags=["change-this"]
bits = 8  # change this: at least 2
weights = model.layers[2].get_weights()[0][:, :, 0, 0]  # of the first filter
largest = 2 ** (bits - 1) - 1
step = np.abs(weights).max() / largest
whole_numbers = np.rint(weights / step).astype(int)
print(whole_numbers)
error = np.abs(whole_numbers * step - weights).max()
share = error / np.abs(weights).max()
print(f"largest error: {error / step:.2f} steps, which is {share:.1%} of the largest weight")

# %% [markdown]
# The error is at most half a step, and with 8 bits a step is small. One byte a weight takes the place
# of four. There are two kinds:
#
# - `"weights"` (dynamic range): the file holds weights in 8 bits. What flows between the layers are
#   floating-point numbers. Where a layer can work with whole numbers, they are quantized on the fly,
#   by the range that they have at that moment.
# - `"full"` (full integer; Jacob et al. 2018): everything is whole numbers, from the pixel to the
#   answer. For this the converter must know beforehand how large the numbers *between* the layers
#   get, so it looks at some typical images. A chip without floating-point arithmetic needs this kind.
#
# **Predict.** With `"full"`, how many times smaller is the file than that of LiteRT in float32, and
# how many of the 800 validation images get another answer? Write a list of two numbers.

# %% tags=["prediction"]
guess = ...  # a list of two numbers: times smaller, other answers

# %% tags=["prediction-result"]
files = {
    "LiteRT, float32": litert.convert(model),
    "LiteRT, int8 weights": litert.convert(model, quantize="weights"),
    "LiteRT, all int8": litert.convert(model, quantize="full", images=splits.x_train[:200]),
}
answers = {name: litert.predict(file, splits.x_val) for name, file in files.items()}
by_keras = evaluation.predict(model, splits.x_val)
result = {
    "times smaller": len(files["LiteRT, float32"]) / len(files["LiteRT, all int8"]),
    "other answers": float((answers["LiteRT, all int8"] != by_keras).sum()),
}
compare("07.f", guess, result, digits=1)

# %% tags=["prediction-result"]
latency = evaluation.measure_latency(model)
rows = {"Keras": [evaluation.saved_size(model), latency.median_ms, by_keras]}
for name, file in files.items():
    rows[name] = [len(file), litert.measure_latency(file).median_ms, answers[name]]
measured = {
    name: {
        "KiB": round(size / 1024, 1),
        "ms for one image": round(ms, 3),
        "validation accuracy": round(accuracy_score(splits.y_val, read), 3),
        "answers unlike Keras": (read != by_keras).sum(),
    }
    for name, (size, ms, read) in rows.items()
}
pd.DataFrame(measured).T

# %% [markdown]
# The file shrinks to about a third, and few answers change. Read the table line by line.
#
# - The `.keras` file is the largest: besides the weights it describes every layer in words, and how
#   to compile it.
# - LiteRT in float32 is the same network and gives the same answers, and **you wait far less**. Keras
#   spends most of its time on getting started, even as a compiled graph, and LiteRT does not. (Both
#   times are medians of 100 single images.)
# - With 8 bits the file stays larger than a quarter, since the plan of the network and the steps of the
#   quantization are in the file too.
# - The price is in the column `answers unlike Keras`. On your machine it may be none, or a few. One
#   image is 0.125 points of accuracy here. So look at how many answers differ, and not at the third
#   decimal of the accuracy. A different answer may even be the right one.
#
# (On a device, `pip install ai-edge-litert` brings the interpreter without TensorFlow. LiteRT can even
# train there, if the network was exported for it.)
#
# The last cost is time. [Unit 03](03_search_spaces.ipynb) showed that FLOPs are not latency. So the
# front by FLOPs need not be the front by latency. The table has the latency of its networks,
# measured on one machine: `latency_ms` is the time in Keras.
#
# **Change this.** Do the two fronts share most of their networks? Which takes longer, a plain
# convolution or a separable one? Then ask the same of `"saved_bytes"`, and of `"litert_ms"`, the
# time in LiteRT. (The view below shows single networks; where widgets do not work, one.)

# %% tags=["change-this"]
cost = "latency_ms"  # change this
trials.check_columns(table, cost)
timed = table.dropna(subset=[cost])
print(timed.groupby("conv/kind")[["flops", cost]].median().round(3))
by_flops, by_cost = (set(trials.pareto_front(timed, cost=name).index) for name in ("flops", cost))
print(f"on the front by FLOPs {len(by_flops)}, by {cost} {len(by_cost)}", end=", ")
print(f"on both {len(by_flops & by_cost)} of {len(timed)} networks")
explorers.explore(bench)

# %% [markdown]
# Separable convolutions have far fewer FLOPs, and in Keras they take longer: they are two steps where a
# plain one is one, and in networks this small each step takes its time. (The overlap of the fronts is
# weaker evidence: times are measured, a front collects those that came out low, and a second measurement
# would give another front too.) So a search with a goal in FLOPs gives you the right front for the wrong
# cost. Another program or another device orders the networks in another way again. **A limit in
# milliseconds is a limit on one device with one program**, and is measured there.
#
# ## A decision
#
# The customer's device has 20 KiB for the network and waits at most 1 millisecond for an answer.
# Your computer plays the device here. Which network? We choose among the 1,248 of the space, by
# validation accuracy. Size and latency do not depend on the training, so they can be checked on the
# untrained network: convert it, look, and go on to the next if it does not fit. We do this twice, in
# float32 and with 8 bits. **This takes some seconds.**
#
# **Predict.** Under the same limits, does quantization allow a more accurate network, or only a
# smaller file? Write `"more accurate"` or `"smaller file"`.


# %%
def first_that_fits(kib, ms, quantize):
    """The best network, by validation, whose file fits; None if none of the first 30 does."""
    images = splits.x_train[:20] if quantize == "full" else None
    bytes_of_weights = table["n_params"] * (1 if quantize == "full" else 4)
    possible = table[bytes_of_weights < 1024 * (kib - 3)]  # the plan needs 3 KiB or more
    possible = possible.sort_values("val_accuracy", ascending=False)
    for number, row in possible[list(bench.choices)].head(30).iterrows():
        untrained = spaces.built(spaces.bench_space, row.dropna().to_dict())
        file = litert.convert(untrained, quantize=quantize, images=images)
        if len(file) <= 1024 * kib and litert.measure_latency(file).median_ms <= ms:
            return number


# %% tags=["prediction"]
guess = ...  # "more accurate" or "smaller file"

# %% tags=["prediction-result"]
names = {None: "in float32", "full": "all in int8"}
chosen = {names[quantize]: first_that_fits(20, 1.0, quantize) for quantize in names}
rows = table.loc[list(chosen.values()), ["n_params", "val_accuracy", "conv/kernel", "head"]]
print(rows.set_axis(list(chosen)).round(4))
gain = np.diff(rows["val_accuracy"])[0]
result = "more accurate" if gain > 0 else "smaller file"
compare("07.g", guess, result, options=["more accurate", "smaller file"])

# %% [markdown]
# By the table, a more accurate one. Under the same limit in KiB, 8 bits leave room for about four
# times as many weights: **quantization buys a larger network.** A fair comparison is at an equal
# limit, as always in this course.
#
# But the table's accuracies are those of Keras. So the promise has to be tested: train both, convert
# them, and measure what is shipped.
#
# **Change this.** Set other limits, and ship. Where is the knee of your customer, in KiB? And at how
# many milliseconds does time begin to decide? With 8 KiB, does quantization still gain as much?
# **Each run takes about 10 seconds.**

# %% tags=["change-this"]
kib, ms = 20, 1.0  # change this
for quantize, name in names.items():
    number = first_that_fits(kib, ms, quantize)
    if number is None:
        print(f"{name}: none of the 30 best fits")
        continue
    model = trained(table.loc[number, list(bench.choices)].dropna().to_dict())
    images = splits.x_train[:200] if quantize == "full" else None
    file = litert.convert(model, quantize=quantize, images=images)
    read = (litert.predict(file, splits.x_val) == splits.y_val).sum()
    wait = litert.measure_latency(file).median_ms
    print(f"{name}: {spaces.describe(model)}")
    print(f"    {len(file) / 1024:.1f} KiB, {wait:.3f} ms, reads {read} of 800 images as shipped")

# %% [markdown]
# Expect both to read fewer than the table promises. Each was the best of very many, so it was lucky
# too, and ours were trained with fewer images and epochs. And one training of each does not decide
# between the two: a gap of a few images can be luck, as in unit 05. The test set had no say in this
# choice, so it can still judge what you ship.
#
# Where the limit is a few KiB, the plan of the network outweighs its weights, and quantization gains
# little. Measure the file, not the idea.
#
# ## Summary
#
# - With two goals there is a front instead of a winner. Where only two exact numbers count, a network
#   that another one dominates can be forgotten. Between the others you decide; to start at the knee is
#   a habit.
# - A search finds part of the front, and least where it did not look.
# - A sum of goals is decided by units, needs a weight that nobody knows, and cannot reach the dents
#   of the front. A limit can, and people know it. Let the search know it too.
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
# In [three exercises](../exercises/07_tradeoffs.ipynb) you find a Pareto front of your own and the
# best network under two limits, and answer a question about weighted sums.
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
