"""Plausible wrong answers to the exercises of unit 05, and words of the sentence that each gets."""

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras_tuner
import matplotlib.pyplot as plt
import numpy as np

from nascourse.strategies import is_tried


def pairs(a, b):
    return [(x, y) for x in a for y in b]


def fill(space, kept, rng):
    values = {}
    for hp in space:
        if all(condition.is_active(values) for condition in hp.conditions):
            options = list(hp.values)
            values[hp.name] = kept.get(hp.name, options[rng.integers(len(options))])
    return values


class Right(keras_tuner.Oracle):
    """The right answer, in small steps, of which each wrong one below replaces one."""

    def __init__(self, **options):
        super().__init__(**options)
        self.rng = np.random.default_rng(self.seed)

    def is_near(self):
        return self.rng.random() < 0.5

    def origin(self):
        found = self.get_best_trials(1)
        return found[0] if found else None

    def without_one(self, trial):
        kept = dict(trial.hyperparameters.values)
        del kept[list(kept)[self.rng.integers(len(kept))]]
        return kept

    def draw(self):
        trial = self.origin()
        kept = self.without_one(trial) if trial and self.is_near() else {}
        return fill(self.hyperparameters.space, kept, self.rng)

    def populate_space(self, trial_id):
        for _ in range(20):
            values = self.draw()
            if not is_tried(self, values):
                return {"status": "RUNNING", "values": values}
        return {"status": "STOPPED"}


class OnlyRandom(Right):
    def origin(self):
        return None


class OnlyNear(Right):
    def is_near(self):
        return True


class Worst(Right):
    def origin(self):
        sign = 1 if self.objective.direction == "max" else -1
        done = [trial for trial in self.trials.values() if trial.score is not None]
        return min(done, key=lambda trial: sign * trial.score, default=None)


class MaxOfAnything(Right):
    def origin(self):
        done = [trial for trial in self.trials.values() if trial.score is not None]
        return max(done, key=lambda trial: trial.score, default=None)


class Last(Right):
    def origin(self):
        return self.trials[self.start_order[-1]] if self.start_order else None


class Shared(Right):
    def without_one(self, trial):
        kept = trial.hyperparameters.values  # no copy
        del kept[list(kept)[self.rng.integers(len(kept))]]
        return kept


class ChangedInPlace(Right):
    def populate_space(self, trial_id):
        trial = self.origin()
        if trial is None:
            return super().populate_space(trial_id)
        values = trial.hyperparameters.values
        values["a"] = 64
        return {"status": "RUNNING", "values": values}


class NeedsABest(Right):
    def origin(self):
        return self.get_best_trials(1)[0]


class Repeats(Right):
    def populate_space(self, trial_id):
        return {"status": "RUNNING", "values": self.draw()}


class Endless(Right):
    def populate_space(self, trial_id):
        values = self.draw()
        while is_tried(self, values):
            values = self.draw()
        return {"status": "RUNNING", "values": values}


class Quits(Right):
    def populate_space(self, trial_id):
        values = self.draw()
        if is_tried(self, values) or len(self.trials) >= 10:
            return {"status": "STOPPED"}
        return {"status": "RUNNING", "values": values}


class ChoosesOnce(Right):
    def populate_space(self, trial_id):
        trial = self.origin()
        kept = self.without_one(trial) if trial and self.is_near() else {}
        for _ in range(20):
            values = fill(self.hyperparameters.space, kept, self.rng)
            if not is_tried(self, values):
                return {"status": "RUNNING", "values": values}
        return {"status": "STOPPED"}


class Nothing(Right):
    def populate_space(self, trial_id):
        for _ in range(20):
            values = self.draw()
            if not is_tried(self, values):
                return {"status": "RUNNING", "values": values}


class Unseeded(Right):
    def __init__(self, **options):
        super().__init__(**options)
        self.rng = np.random.default_rng()


class Global(Right):
    def is_near(self):
        return np.random.random() < 0.5


class OneSeed(Right):
    def __init__(self, **options):
        super().__init__(**options)
        self.rng = np.random.default_rng(0)


class PlainValues(Right):
    def populate_space(self, trial_id):
        return self.draw()


class NoValues(Right):
    def populate_space(self, trial_id):
        return {"status": "RUNNING"}


class Outside(Right):
    def draw(self):
        values = super().draw()
        name = next(iter(values))
        return {**values, name: values[name] + 1}


class Unfilled(Right):
    def draw(self):
        trial = self.origin()
        return self.without_one(trial) if trial else super().draw()


class Unconditional(Right):
    def draw(self):
        values = {}
        for hp in self.hyperparameters.space:
            values[hp.name] = hp.values[self.rng.integers(len(hp.values))]
        trial = self.origin()
        if trial and self.is_near():
            values.update(self.without_one(trial))
        return values


def band(low, high, line=np.median):
    """A drawing with these edges and this line."""

    def draw(ax, spent, regrets):
        ax.fill_between(spent, low(regrets), high(regrets))
        ax.plot(spent, line(regrets, axis=0))
        return ax

    return draw


def percentile(q):
    return lambda regrets: np.percentile(regrets, q, axis=0)


def beside(ax, spent, regrets):
    low, median, high = np.percentile(regrets, [25, 50, 75], axis=0)
    plt.fill_between(spent, low, high)
    plt.plot(spent, median)
    return ax


def own_figure(ax, spent, regrets):
    ax = plt.subplots()[1]
    return band(percentile(25), percentile(75))(ax, spent, regrets)


def no_budget(ax, spent, regrets):
    low, median, high = np.percentile(regrets, [25, 50, 75], axis=0)
    ax.fill_between(range(len(spent)), low, high)
    ax.plot(median)
    return ax


def swapped(ax, spent, regrets):
    ax.plot(np.median(regrets, axis=0), spent)
    return ax


def all_lines(ax, spent, regrets):
    ax.plot(spent, regrets.T)
    return ax


def only_line(ax, spent, regrets):
    ax.plot(spent, np.median(regrets, axis=0))
    return ax


def returns_line(ax, spent, regrets):
    band(percentile(25), percentile(75))(ax, spent, regrets)
    return ax.lines[0]


def returns_nothing(ax, spent, regrets):
    band(percentile(25), percentile(75))(ax, spent, regrets)


WRONG = {
    "05.1": {
        "no ties": (lambda a, b: np.mean([x > y for x, y in pairs(a, b)]), "Ties are missing"),
        "whole ties": (lambda a, b: np.mean([x >= y for x, y in pairs(a, b)]), "whole wins"),
        "B before A": (
            lambda a, b: np.mean([(x < y) + 0.5 * (x == y) for x, y in pairs(a, b)]),
            "that B ends better",
        ),
        "pairs in order": (
            lambda a, b: np.mean([(x > y) + 0.5 * (x == y) for x, y in zip(a, b)]),
            "same place only",
        ),
        "a count": (
            lambda a, b: sum((x > y) + 0.5 * (x == y) for x, y in pairs(a, b)),
            "divide by the number of pairs",
        ),
        "percent": (
            lambda a, b: 100 * np.mean([(x > y) + 0.5 * (x == y) for x, y in pairs(a, b)]),
            "percent",
        ),
        "ties left out": (
            lambda a, b: (
                sum(x > y for x, y in pairs(a, b)) / max(sum(x != y for x, y in pairs(a, b)), 1)
            ),
            "left out of the number of pairs",
        ),
        "means": (lambda a, b: float(np.mean(a) > np.mean(b)), "compare the single searches"),
        "something else": (lambda a, b: 0.123 * len(a), "Go through all pairs"),
        "sorts in place": (lambda a, b: [b.sort(), 0.75][1], "work on a copy"),
        "prints": (lambda a, b: print(0.5), "return the result"),
    },
    "05.2": {
        "only random": (OnlyRandom, "differ from the best trial in exactly one value"),
        "only around the best": (OnlyNear, "half of them should be random"),
        "around the worst": (Worst, "around the worst trial"),
        "max for a loss": (MaxOfAnything, "for a loss, of which less is better"),
        "around the last": (Last, "changes the last trial"),
        "the trial's own dictionary": (Shared, "work on a copy"),
        "returns the trial's own dictionary": (ChangedInPlace, "return a copy"),
        "the best of none": (NeedsABest, "populate_space for trial 1 stopped with IndexError"),
        "repeats itself": (Repeats, "a second time"),
        "never gives up": (Endless, "without end"),
        "gives up": (Quits, "stops after"),
        "one value for all draws": (ChoosesOnce, "which value changes"),
        "returns nothing at the end": (Nothing, "returns nothing in some case"),
        "unseeded": (Unseeded, "same seed propose different"),
        "NumPy's global generator": (Global, "draws from np.random"),
        "the same seed always": (OneSeed, "different seeds propose the same"),
        "values without a status": (PlainValues, "a dictionary with a status"),
        "a status without values": (NoValues, "needs values"),
        "outside the space": (Outside, "is not in the space"),
        "a value missing": (Unfilled, "has no value for"),
        "values of what is not there": (Unconditional, "does not exist in"),
        "an object instead of the class": (Right(objective="val_accuracy"), "give check the class"),
        "a function": (fill, "inherits from keras_tuner.Oracle"),
    },
    "05.3": {
        "mean": (band(percentile(25), percentile(75), np.mean), "line is the mean"),
        "best": (band(percentile(25), percentile(75), np.min), "best search at each"),
        "worst": (band(percentile(25), percentile(75), np.max), "worst search at each"),
        "another line": (band(percentile(25), percentile(75), np.std), "use axis=0"),
        "all searches": (band(percentile(0), percentile(100)), "holds all searches"),
        "deviation": (
            band(
                lambda regrets: regrets.mean(0) - regrets.std(0),
                lambda regrets: regrets.mean(0) + regrets.std(0),
            ),
            "standard deviation",
        ),
        "half a band": (band(percentile(50), percentile(75)), "one side only"),
        "wide band": (band(percentile(5), percentile(95)), "wider than the middle half"),
        "a share for a percentile": (band(percentile(0.25), percentile(0.75)), "counts to 100"),
        "another band": (band(percentile(40), percentile(60)), "from the 25th to the 75th"),
        "draws with plt": (beside, "happen to be the current ones"),
        "a figure of its own": (own_figure, "figure of its own"),
        "no budget": (no_budget, "the amounts in `spent`"),
        "x and y swapped": (swapped, "vertical axis"),
        "a line for each search": (all_lines, "draw one, the median"),
        "no band": (only_line, "0 bands"),
        "returns the line": (returns_line, "return the `ax`"),
        "returns nothing": (returns_nothing, "returns nothing"),
    },
    "05.4": {
        "no budget named": ("a", "35 trials only"),
        "no evidence as equality": ("b", "no proof of equality"),
        "above one half": ("d", "0.46 to 0.62"),
        "a number": (3, "none of the options"),
    },
}
