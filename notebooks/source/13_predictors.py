# %% [markdown]
# # Unit 13: Can a network be judged before it is trained?
#
# - **Objectives**: predict accuracies of networks from a few trainings; judge a predictor by the ranks
#   of networks that it has not seen; extrapolate learning curves; let a surrogate propose what to
#   train next, and compare that search fairly; say what a search gains when nobody waits.
# - **Prerequisites**: [unit 04](04_estimation.ipynb) for rank correlation, proxies and successive
#   halving, [unit 05](05_strategies.ipynb) for Bayesian optimization and the probability of a win
# - **Time**: 60 min: a predictor 20 min, learning curves 10 min, a surrogate that proposes 15 min,
#   nobody waits 10 min, the ceiling 5 min
# - **Cost**: 60 s of one CPU core and 400 MiB of memory; no GPU, no network
#
# In [unit 04](04_estimation.ipynb) we made trainings cheaper: fewer epochs, fewer images, a score
# without any training. Each judged one network at a time, and forgot it. But networks are alike. Who
# has seen that fifty networks with wide windows are good could guess that the next one is. A
# **predictor** does just that: a regression that learns accuracies from networks that were trained,
# and foretells those of the others. How many trainings does it need?

# %%
from nascourse import benchmark, plotting
from nascourse.checks import compare
from nascourse.methods import predictors

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import RidgeCV

bench = benchmark.load_benchmark()

# %% [markdown]
# ## What do fifty trainings say?
#
# A regression wants numbers. The choices of a network are names and small sets of values, so each
# value gets a column of its own, with 1 where the network has it: **one-hot** columns. Two more
# columns cost nothing to know: the logarithms of the parameters and of the FLOPs. These are the
# **features** of a network.

# %%
features = predictors.features(bench.networks)
print(f"{features.shape[0]:,} networks, {features.shape[1]} features")
features.iloc[[0, 600, 1200], [0, 1, 2, 3, 4, -2, -1]].round(2)

# %% [markdown]
# Now train fifty networks, drawn at random, and let a regression learn. (Here the trainings are looked
# up.) **ExtraTrees** is a forest of decision trees: each tree cuts the features at random places, and
# the mean of all trees is the prediction. scikit-learn has many others with the same `fit` and
# `predict`.

# %%
rng = np.random.default_rng(0)
trained = rng.choice(len(bench), 50, replace=False)
heard = [bench.query(int(network), seed=0).val_accuracy for network in trained]

forest = ExtraTreesRegressor(200, random_state=0)
forest.fit(features.to_numpy()[trained], heard)
others = np.setdiff1d(np.arange(len(bench)), trained)
predicted = forest.predict(features.to_numpy()[others])
truth = bench.truth().to_numpy()[others]

# %%
with plt.rc_context(plotting.STYLE):
    ax = plt.subplots(layout="constrained")[1]
ax.plot(truth, predicted, ".", alpha=0.4, label="networks that it has not seen")
ax.axline((0.9, 0.9), slope=1, color=plotting.GRAY, linestyle=":")
ax.set(xlabel="test accuracy", ylabel="predicted accuracy", xlim=(0.4, 1), ylim=(0.4, 1))
ax.legend(frameon=False)
plotting.show(ax, source="MNIST-NAS-Bench; fifty trainings looked up, seed 0")

# %% [markdown]
# Not bad, for networks that nobody has trained. A search does not need the accuracy itself, only the
# order. So a predictor is judged as in unit 04: by Kendall's rank correlation **tau-b** with the truth,
# of networks that it has not seen. One draw of fifty is luck; here are a hundred.
#
# **Predict.** What is the median tau-b of this forest with 20, with 50 and with 100 trainings? Counting
# parameters, which costs nothing, is the bar. Write three numbers.

# %% tags=["prediction"]
guess = ...  # a list of three numbers

# %% tags=["prediction-result"]
