"""Search strategies: KerasTuner oracles.

An *oracle* is the part of KerasTuner that proposes hyperparameter values and is told their score.
A *strategy* of this course is such an oracle, so the same object can search with real training, on
a table of measured networks, or in any other KerasTuner project.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras_tuner
import numpy as np
from keras_tuner.engine.hyperparameters import Boolean, Choice, Fixed, HyperParameter
from keras_tuner.engine.trial import Trial
from numpy.typing import NDArray
from scipy import special
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel

from nascourse import CourseError, whole_number
from nascourse._engine.compat import (
    BayesianOracle,
    GreedyOracle,
    Trie,  # noqa: F401 - unit 06 looks into it
    is_tried,
)
from nascourse._engine.ranges import MANY_VALUES, count, is_active, is_drawn, possible_values

# and Hyperband, on a table only
NAMES = ("random", "greedy", "evolution", "local", "surrogate", "bayesian")
MAX_COLLISIONS = 20  # draws in a row that were tried before, as KerasTuner's own oracles have it


def _independent(seed: int) -> int:
    """A seed for KerasTuner, from 1 and far from that of the neighboring seed.

    KerasTuner adds one to its seed for each value that it draws, so the searches with the seeds 1
    and 2 would draw from the same sequence, one value apart.
    """
    return 1 + int(np.random.SeedSequence(seed).generate_state(1)[0]) // 4


def make_oracle(
    name: str,
    *,
    max_trials: int,
    seed: int,
    objective: Any = "val_accuracy",
    first: Mapping[str, Any] | None = None,
    hyperparameters: keras_tuner.HyperParameters | None = None,
    epochs: int | None = None,
) -> keras_tuner.Oracle:
    """Make the oracle of a strategy.

    Parameters
    ----------
    name
        ``"random"``: KerasTuner's random search, which never repeats a configuration.
        ``"greedy"``: AutoKeras's `GreedyOracle`, unchanged (Jin, Song & Hu 2019 describe the
        library): resample a few hyperparameters of the best trial so far, keep the others.
        ``"evolution"`` and ``"local"``: `RegularizedEvolutionOracle` and `LocalSearchOracle`.
        ``"surrogate"``: `SurrogateOracle`.
        ``"bayesian"``: KerasTuner's Bayesian optimization with a Gaussian process.
        ``"hyperband"``: KerasTuner's Hyperband (Li et al. 2018), again and again until the budget
        is spent.  It decides how long each network trains, so it needs a loop that lets it: that
        of `benchmark.simulate`.
    max_trials
        The budget.  Hyperband has none: its loop counts epochs, and ends the search.
    seed
        Any whole number from 0.  KerasTuner itself takes 0 for "no seed", and lets neighboring
        seeds draw nearly the same values one after another; both are corrected here.
        The greedy oracle also draws from NumPy's global generator: `nascourse.search` seeds it.
    first
        Values of the first trial, for the greedy strategy alone.
    hyperparameters
        Hyperparameters to declare in advance; they override those of the space.
    epochs
        The longest training, for Hyperband alone.

    Raises
    ------
    CourseError
        The strategy is unknown or does not take a value, or the value is out of range.
    """
    if name not in (*NAMES, "hyperband"):
        raise CourseError(f"Unknown strategy {name!r}: choose one of {', '.join(NAMES)}.")
    max_trials = whole_number("max_trials", max_trials, at_least=1)
    seed = whole_number("seed", seed, at_least=0)
    if first is not None and not isinstance(first, Mapping):
        raise CourseError(
            f"first={first!r} names no values: give a dict such as {{'conv/filters_0_0': 8}}."
        )
    for option, value, taker in (("first", first, "greedy"), ("epochs", epochs, "hyperband")):
        if value is not None and name != taker:
            raise CourseError(
                f"{option}={value!r} is for the {taker} strategy alone, and this is {name!r}: leave "
                "it out."
            )
    options = {
        "objective": objective,
        "max_trials": max_trials,
        "seed": _independent(seed),
        "hyperparameters": hyperparameters,
        "max_consecutive_failed_trials": max_trials + 1,  # a failed trial never ends a search
    }
    if name == "random":
        return keras_tuner.oracles.RandomSearchOracle(**options)
    if name == "greedy":
        return GreedyOracle(initial_hps=[dict(first)] if first else None, **options)
    if name == "evolution":
        return RegularizedEvolutionOracle(**options)
    if name == "local":
        return LocalSearchOracle(**options)
    if name == "surrogate":
        return SurrogateOracle(**options)
    if name == "bayesian":
        return BayesianOracle(**options)
    if epochs is None:
        raise CourseError(
            "The 'hyperband' strategy decides how long each network trains, which this search "
            f"leaves fixed: choose one of {', '.join(NAMES)}, or use benchmark.simulate."
        )
    epochs = whole_number("epochs", epochs, at_least=1)
    del options["max_trials"]
    return keras_tuner.oracles.HyperbandOracle(
        max_epochs=epochs, hyperband_iterations=None, **options
    )


class _RandomOracle(keras_tuner.Oracle):
    """An oracle with a random generator of its own, whose state is saved with the search."""

    saved: tuple[str, ...] = ()  # the attributes that are saved with it

    def __init__(self, **options: Any):
        super().__init__(**options)
        self._rng = np.random.default_rng(self.seed)

    def get_state(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in self.saved}
        return {**super().get_state(), "rng": self._rng.bit_generator.state, **own}

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        self._rng.bit_generator.state = state["rng"]
        for name in self.saved:
            setattr(self, name, state[name])

    def _random_architecture(self) -> dict[str, Any]:
        return self._complete({})

    def _complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Draw values of the active hyperparameters that have none; drop those of inactive ones.

        KerasTuner would draw the missing ones from a generator that no seed rules.
        """
        architecture: dict[str, Any] = {}
        for entry in self.hyperparameters.space:  # none comes before what it depends on
            if is_active(entry, architecture):
                is_given = entry.name in values
                architecture[entry.name] = values[entry.name] if is_given else self._draw(entry)
        return architecture

    def _draw(self, entry: HyperParameter) -> Any:
        if is_drawn(entry):
            return entry.prob_to_value(self._rng.random())
        return self._pick(possible_values(entry))

    def _pick(self, options: Sequence) -> Any:
        return options[int(self._rng.integers(len(options)))]

    def _mutate(self, architecture: dict[str, Any]) -> dict[str, Any]:
        """Give one active hyperparameter, drawn with equal chances, another of its values."""
        mutable = self._changeable(architecture)
        if not mutable:
            return dict(architecture)
        entry = self._pick(mutable)
        if is_drawn(entry):
            value = self._draw(entry)
        else:
            old = architecture[entry.name]
            value = self._pick([other for other in possible_values(entry) if other != old])
        return self._complete({**architecture, entry.name: value})

    def _changeable(self, architecture: Mapping[str, Any]) -> list[HyperParameter]:
        """The hyperparameters of an architecture that can take another value."""
        return [
            entry
            for entry in self.hyperparameters.space
            if not isinstance(entry, Fixed)
            and entry.name in architecture
            and count(possible_values(entry)) > 1
        ]

    def _first_new(self, draw: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """Draw until an architecture is new; None if too many draws in a row are not."""
        for _ in range(MAX_COLLISIONS):
            architecture = draw()
            if not is_tried(self, architecture):
                return architecture
        return None

    def _propose_random(self) -> dict[str, Any]:
        """Propose a random architecture that is new; without one the search stops."""
        architecture = self._first_new(self._random_architecture)
        if architecture is None:
            return {"status": "STOPPED"}
        return {"status": "RUNNING", "values": architecture}

    def _larger_is_better(self, trial: Trial) -> float:
        """The score of a trial, turned around where a smaller one is better."""
        return trial.score if self.objective.direction == "max" else -trial.score


class RegularizedEvolutionOracle(_RandomOracle):
    """Regularized evolution, also called aging evolution: Algorithm 1 of Real et al. 2019.

    The first ``population_size`` models have random architectures.  Then each cycle draws a sample
    of the population, with replacement, takes its most accurate model as the parent, mutates the
    parent's architecture and trains the child.  The child joins the population, and the oldest
    model leaves it, however good it is: a good architecture stays only through its children.

    It works in any KerasTuner project: ``keras_tuner.Tuner(oracle=..., hypermodel=...)``.

    Mutation: one active hyperparameter, drawn with equal chances, takes another of its values.
    Hyperparameters that become active through it get random values; those that become inactive
    lose theirs.  Fixed hyperparameters never change; one that is continuous, has more than 1,000 values,
    or lies on a logarithmic scale without a step, is drawn anew.

    Duplicates: the paper trains an architecture again when it comes up again.  Here, as in other
    oracles of KerasTuner, a child that has been tried is replaced by another draw of sample and
    mutation.  After 20 of these in a row, a random architecture that has not been tried takes its
    place.  ``allow_duplicates=True`` gives the paper's rule.

    Exhaustion: after 20 random architectures in a row that have all been tried the search stops.

    Failed trials join no population.  With several workers, a trial joins it when it ends.

    Parameters
    ----------
    population_size, sample_size
        P and S of the paper, which has 100 and 25, for 20,000 trials.
    **options
        Those of `keras_tuner.Oracle`: ``objective``, ``max_trials``, ``seed``, ...
    """

    saved = ("population_size", "sample_size", "allow_duplicates", "population")

    def __init__(
        self,
        *,
        population_size: int = 20,
        sample_size: int = 5,
        allow_duplicates: bool = False,
        **options: Any,
    ):
        super().__init__(**options)
        self.population_size = whole_number("population_size", population_size, at_least=1)
        self.sample_size = whole_number("sample_size", sample_size, at_least=1)
        self.allow_duplicates = bool(allow_duplicates)
        self.population: list[str] = []  # trial ids, the oldest first

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        is_full = len(self.population) >= self.population_size
        if self.allow_duplicates:
            draw = self._child if is_full else self._random_architecture
            return {"status": "RUNNING", "values": draw()}
        child = self._first_new(self._child) if is_full else None
        return self._propose_random() if child is None else {"status": "RUNNING", "values": child}

    def _child(self) -> dict[str, Any]:
        places = self._rng.integers(len(self.population), size=self.sample_size)
        sample = [self.trials[self.population[place]] for place in places]
        parent = max(sample, key=self._larger_is_better)
        return self._mutate(parent.hyperparameters.values)

    def get_state(self) -> dict[str, Any]:
        # A subclass may keep its population in another way, such as a deque, which JSON has not.
        return {**super().get_state(), "population": list(self.population)}

    def score_trial(self, trial: Trial) -> None:
        """Score a completed trial, which joins the population: the oldest one leaves."""
        super().score_trial(trial)
        if np.isnan(trial.score) or trial.trial_id in self.population:
            return  # KerasTuner will mark it as failed; or it was run again after a kill
        self.population.append(trial.trial_id)
        if len(self.population) > self.population_size:
            del self.population[0]


class LocalSearchOracle(_RandomOracle):
    """Local search, or hill climbing: a strong baseline (White, Nolen & Savani 2021).

    It starts from a random architecture and tries its neighbors in random order.  The first that
    is better becomes the new center.  A center without untried neighbors is a local optimum; the
    search then starts again from a random architecture that has not been tried.

    Neighbors differ in one active hyperparameter, with random values for those that become active
    through it.  Ten values count of a hyperparameter that is continuous, has more than 1,000 values,
    or lies on a logarithmic scale without a step.  An architecture is never tried twice.  Failed
    trials are no centers.  After 20 random architectures in a row that have all been tried the search
    stops.
    """

    saved = ("center", "neighbors")

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.center: str | None = None  # its trial id
        self.neighbors: list[dict[str, Any]] = []  # of the center, not yet tried

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        while self.neighbors:
            # A network may have declared more hyperparameters since the neighbors were listed.
            neighbor = self._complete(self.neighbors.pop())
            if not is_tried(self, neighbor):
                return {"status": "RUNNING", "values": neighbor}
        self.center = None
        return self._propose_random()

    def score_trial(self, trial: Trial) -> None:
        """Score a completed trial, which becomes the center if it is better."""
        super().score_trial(trial)
        score = self._larger_is_better
        is_better = self.center is None or score(trial) > score(self.trials[self.center])
        if is_better and not np.isnan(trial.score):
            self.center = trial.trial_id
            self.neighbors = list(self._changes(trial.hyperparameters.values))
            self._rng.shuffle(self.neighbors)  # type: ignore[arg-type]  # stubs name arrays only

    def _changes(self, architecture: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for entry in self._changeable(architecture):
            values = possible_values(entry)
            if (n_values := count(values)) > MANY_VALUES:
                values = [values[(2 * tenth + 1) * n_values // 20] for tenth in range(10)]
            for value in values:
                if value != architecture[entry.name]:
                    yield self._complete({**architecture, entry.name: value})


class SurrogateOracle(_RandomOracle):
    """Bayesian optimization: a regression predicts the scores, as in BANANAS (White et al. 2021).

    The first ``n_initial`` trials are random.  Then a Gaussian process, the surrogate, learns from
    all completed trials.  Among ``n_candidates`` architectures that have not been tried, one half
    random and one half mutations of the best trial, the one with the largest upper confidence bound
    is next: mean plus standard deviation of the surrogate's prediction.

    The surrogate sees choices one-hot, numbers from 0 to 1, and that a hyperparameter is inactive as
    a value of its own.  Of the scores it sees the ranks, turned into quantiles of a normal
    distribution, so a few bad networks do not stretch its scale.  The kernel's length scale and the
    noise of the scores are those of the largest marginal likelihood, learned anew every
    ``n_initial`` trials.  BANANAS has an ensemble of neural networks and Thompson sampling instead.

    Failed trials teach nothing.  With several workers it learns from the trials that have ended.
    After 20 random architectures in a row that have all been tried the search stops.
    """

    saved = ("n_initial", "n_candidates", "theta")

    def __init__(self, *, n_initial: int = 20, n_candidates: int = 30, **options: Any):
        super().__init__(**options)
        self.n_initial = whole_number("n_initial", n_initial, at_least=2)
        self.n_candidates = whole_number("n_candidates", n_candidates, at_least=2)
        self.theta: list[float] = []  # the logarithms of length scale and noise

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        # A trial that was run again after a stop has ended twice.
        ended = [self.trials[number] for number in dict.fromkeys(self.end_order)]
        trained = [trial for trial in ended if trial.status == "COMPLETED"]
        candidates = self._candidates(trained) if len(trained) >= self.n_initial else []
        if candidates:
            bounds = self._upper_confidence_bounds(trained, candidates)
            return {"status": "RUNNING", "values": candidates[int(bounds.argmax())]}
        return self._propose_random()

    def _candidates(self, trained: Sequence[Trial]) -> list[dict[str, Any]]:
        best = max(trained, key=self._larger_is_better).hyperparameters.values
        half = self.n_candidates // 2
        drawn = [self._random_architecture() for _ in range(half)]
        drawn += [self._mutate(best) for _ in range(self.n_candidates - half)]
        return [architecture for architecture in drawn if not is_tried(self, architecture)]

    def _upper_confidence_bounds(
        self, trained: Sequence[Trial], candidates: Sequence[Mapping[str, Any]]
    ) -> NDArray[np.floating]:
        scores = np.array([self._larger_is_better(trial) for trial in trained])
        ordered = np.sort(scores)
        # Less one half, and equal scores share their mean: `scipy.stats.rankdata` takes far longer.
        ranks = (ordered.searchsorted(scores) + ordered.searchsorted(scores, "right")) / 2
        x = self._encode([trial.hyperparameters.values for trial in trained])
        y = special.ndtri(ranks / len(trained))
        if not self.theta or len(trained) % self.n_initial == 0:
            surrogate = GaussianProcessRegressor(RBF(2.5, (0.5, 20)) + WhiteKernel(0.2, (0.01, 1)))
            with warnings.catch_warnings():
                # Scores with hardly any noise put its estimate at a bound, of which scikit-learn warns.
                warnings.simplefilter("ignore", ConvergenceWarning)
                self.theta = surrogate.fit(x, y).kernel_.theta.tolist()
        # Rasmussen & Williams 2006, equations 2.25 and 2.26, for which scikit-learn takes far longer
        length_scale, noise = np.exp(self.theta)
        kernel = RBF(length_scale)
        across = kernel(x, self._encode(candidates))
        weights = np.linalg.solve(kernel(x) + noise * np.eye(len(x)), across)
        return y @ weights + np.sqrt(np.maximum(1 - (across * weights).sum(axis=0), 0))

    def _encode(self, architectures: Sequence[Mapping[str, Any]]) -> NDArray[np.floating]:
        """One row an architecture."""
        columns: list[list[float]] = []
        for entry in self.hyperparameters.space:
            values = [a.get(entry.name) if is_active(entry, a) else None for a in architectures]
            if isinstance(entry, (Boolean, Choice)):
                columns += [[v == option for v in values] for option in (None, *entry.values)]
            elif not isinstance(entry, Fixed):
                columns.append([v is None for v in values])
                columns.append([0.0 if v is None else entry.value_to_prob(v) for v in values])
        return np.array(columns, dtype=float).T
