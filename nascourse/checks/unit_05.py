"""Checkers of unit 05: a probability of superiority, an oracle, a band, a careful sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from nascourse.checks.cases import compare
from nascourse.checks.core import Wrong, call, guarded, multiple_choice, number, show
from nascourse.checks.registry import exercise


@exercise(
    "05.1",
    "who ends better?",
    hints=(
        "How many pairs are there? Each search of A meets each search of B.",
        "Give each pair its points: one for a win of A, a half for a tie, none for a loss.",
        "Two loops, one in the other, collect the points; what is asked for is their mean.",
    ),
)
def who_ends_better(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        ([1, 5], [0, 2]),  # the examples
        ([1], [1, 0]),
        ([0.93, 0.95, 0.91, 0.95], [0.94, 0.91, 0.95]),
        ([0.9], [0.9]),
        ([0.7, 0.8], [0.9]),
        ([0.5, 0.5, 0.6], [0.5, 0.5, 0.5, 0.4]),
        ([0.9, 0.1, 0.1], [0.5, 0.2]),
    ]
    fresh = [
        tuple((rng.integers(90, 96, n) / 100).tolist() for n in sizes)
        for sizes in rng.integers(1, 6, (60, 2))
    ]
    compare(
        answer,
        [*fixed, *fresh],
        _superiority,
        read=lambda value: number(value, "the probability"),
        mistakes=_mistaken_superiorities,
        clue="Go through all pairs, each search of A with each of B, and give each its points.",
    )
    return "0.5 means that neither is better, and even at 0.75 one search of A in four loses to one of B."


def _superiority(a: list[float], b: list[float]) -> float:
    return float(np.mean((np.sign(np.subtract.outer(a, b)) + 1) / 2))


def _mistaken_superiorities(a: list[float], b: list[float]) -> dict[str, float]:
    """What plausible mistakes return, each with the sentence that corrects it."""
    won, tied = np.greater.outer(a, b), np.equal.outer(a, b)
    points = won + 0.5 * tied
    right = _superiority(a, b)
    same_place = [(x > y) + 0.5 * (x == y) for x, y in zip(a, b)]

    def one_number(of: Callable[[list[float]], float]) -> float:
        return float(of(a) > of(b)) + 0.5 * float(of(a) == of(b))

    return {
        "Ties are missing: a pair that ends equal counts half for A.": won.mean(),
        "Ties count as whole wins: a pair that ends equal counts half for A.": (won | tied).mean(),
        "This is the probability that B ends better: A comes first.": 1 - right,
        "This compares searches at the same place only: every search of A meets every one of B.": (
            np.mean(same_place)
        ),
        "This counts points: divide by the number of pairs to get a probability.": right * won.size,
        "This is in percent: a probability lies between 0 and 1.": right * 100,
        "Pairs that end equal are left out of the number of pairs: they belong to all pairs.": (
            won.sum() / max((~tied).sum(), 1)
        ),
        "Pairs that end equal count half, and are then left out of the number of pairs.": (
            points.sum() / max((~tied).sum(), 1)
        ),
        "This compares one number a strategy, such as the mean: compare the single searches.": float(
            np.mean(a) > np.mean(b)
        ),
        "This compares the best searches alone: compare all pairs.": one_number(max),
        "This compares the medians alone: compare all pairs.": one_number(
            lambda values: float(np.median(values))
        ),
        "Equal values are counted once here: every search counts, also one that ended as another.": (
            _superiority(list(set(a)), list(set(b)))
        ),
        "This divides by the number of searches of A: divide by the number of pairs.": (
            points.sum() / len(a)
        ),
        "This divides by the square of the number of searches: the lists may differ in length.": (
            points.sum() / len(a) ** 2
        ),
    }


@exercise(
    "05.2",
    "an oracle of your own",
    hints=(
        "A proposal has two steps: decide what to keep of the best trial, and fill up the rest.",
        "To draw one value anew, copy the best trial's values, forget one of them, and let `fill` "
        + "do its work. Is the result new? If not, try again.",
        "A loop of 20 rounds: in each, start from an empty dictionary or from such a copy, fill, "
        + "and return if it is no duplicate. Below the loop there is nothing new: stop.",
    ),
)
def around_the_best(answer: object, rng: np.random.Generator) -> str:
    import keras_tuner

    if isinstance(answer, keras_tuner.Oracle):
        raise Wrong("This is an oracle: give check the class, without parentheses behind it.")
    if not (isinstance(answer, type) and issubclass(answer, keras_tuner.Oracle)):
        raise Wrong(f"{show(answer)} is no class of oracles: it inherits from keras_tuner.Oracle.")
    # An oracle's seed makes it repeatable, so that the same seeds come to the same verdict.
    seeds, rng = list(range(1, 21)), np.random.default_rng(0)
    _require_seeded(answer, seeds, rng)
    for objective in ("val_accuracy", "val_loss"):
        searches = [_search(answer, objective, seed, 25, rng) for seed in seeds]
        if any(len(search) < 25 for search in searches):
            raise Wrong(
                f"It stops after {min(map(len, searches))} trials in a space of {7**6:,} settings: "
                "stop only when 20 draws in a row bring nothing new."
            )
        _require_half_around_the_best(searches, objective)
        _require_each_change(searches, objective)
    _require_conditions(answer, seeds[0], rng)
    _require_stop(answer, seeds, rng)
    return (
        "Your oracle looks back, stays curious and knows when to stop, and any KerasTuner project can "
        "use it."
    )


# A search is a list of what was proposed and how it was scored.
Search = list[tuple[dict[str, Any], float]]


def _space(sizes: dict[str, list], conditional: bool = False) -> Any:
    import keras_tuner

    class Patient(keras_tuner.HyperParameters):
        """Notices when an oracle would go through its entries forever."""

        left = 20_000

        @property
        def space(self) -> list:
            self.left -= 1
            if self.left < 0:
                raise Wrong(
                    "It looks for new values without end when all have been tried: give up after "
                    "20 draws."
                )
            return super().space

    hp = Patient()
    for name, values in sizes.items():
        if conditional and name == "second":
            with hp.conditional_scope("blocks", [2]):
                hp.Choice(name, values)
        else:
            hp.Choice(name, values)
    return hp


def _large_space() -> Any:
    return _space({name: [1, 2, 4, 8, 16, 32, 64] for name in "abcdef"})


def _search(
    answer: Any,
    objective: str,
    seed: int,
    trials: int,
    rng: np.random.Generator,
    space: Any = None,
    score: Callable[[dict], float] | None = None,
    asked: list[int] | None = None,
) -> Search:
    """Let an oracle propose, and score what it proposes: at random, or by ``score``.

    `asked` receives how often each proposal has asked for duplicates.
    """
    import keras_tuner

    from nascourse._engine import compat

    space = _large_space() if space is None else space
    entries = space.space
    with guarded("making your oracle"):
        oracle = answer(
            objective=keras_tuner.Objective(objective, "max" if "acc" in objective else "min"),
            max_trials=trials,
            seed=seed,
            hyperparameters=space,
        )
    oracle.verbose = 0
    compat.keep_in_memory(oracle)
    propose, responses = oracle.populate_space, []
    duplicate, questions = oracle._duplicate, []

    def is_duplicate(values: dict) -> bool:
        questions.append(values)
        return duplicate(values)

    oracle._duplicate = is_duplicate

    def populate_space(trial_id: str) -> dict:
        before = [dict(trial.hyperparameters.values) for trial in oracle.trials.values()]
        with guarded(f"populate_space for trial {len(before) + 1}"):
            responses.append(propose(trial_id))
        if asked is not None:
            asked.append(len(questions))
        questions.clear()
        _require_untouched(before, oracle, responses[-1])
        return _proposal(responses[-1], entries, before)

    oracle.populate_space = populate_space
    search: Search = []
    while (trial := oracle.create_trial("check")).status == "RUNNING":
        values = dict(trial.hyperparameters.values)
        search.append((values, rng.random() if score is None else score(values)))
        oracle.update_trial(trial.trial_id, {objective: search[-1][1]})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    compat.release(oracle)
    return search


def _require_untouched(before: list[dict], oracle: Any, response: Any) -> None:
    own = [trial.hyperparameters.values for trial in oracle.trials.values()]
    returned = response.get("values") if isinstance(response, dict) else None
    if any(returned is values for values in own):
        raise Wrong(
            "It returns the dictionary of an earlier trial itself: two trials would share it from now "
            "on, so return a copy."
        )
    if before != own:
        raise Wrong(
            "It changes the values of a trial that is over: hyperparameters.values is the trial's own "
            "dictionary, so work on a copy of it."
        )


def _proposal(response: Any, entries: list, before: list[dict]) -> dict:
    """The response, if KerasTuner can use it; else a `Wrong` that says what is wrong with it."""
    if response is None:
        raise Wrong(
            "populate_space returns nothing in some case: say STOPPED when nothing is left."
        )
    if not isinstance(response, dict) or response.get("status") not in ("RUNNING", "STOPPED"):
        raise Wrong(
            f"populate_space returns {show(response)}: KerasTuner wants a dictionary with a status, "
            "RUNNING or STOPPED."
        )
    if response["status"] == "STOPPED":
        return response
    values = response.get("values")
    if not isinstance(values, dict):
        raise Wrong(f"A running proposal needs values, a dictionary, and not {show(values)}.")
    for hp in entries:
        active = all(condition.is_active(values) for condition in hp.conditions)
        if active and hp.name not in values:
            raise Wrong(f"The proposal {show(values)} has no value for {hp.name!r}: fill it up.")
        if not active and hp.name in values:
            raise Wrong(
                f"{hp.name!r} does not exist in {show(values)}: `fill` leaves such values out."
            )
        if active and values[hp.name] not in hp.values:
            raise Wrong(
                f"{hp.name}={show(values[hp.name])} is not in the space, which has "
                f"{', '.join(map(str, hp.values))}."
            )
    unknown = set(values) - {hp.name for hp in entries}
    if unknown:
        raise Wrong(
            f"The proposal has {', '.join(sorted(unknown))}, which the space does not know."
        )
    if values in before:
        raise Wrong(
            f"It proposes {show(values)} a second time: ask `self._duplicate` before you return."
        )
    return response


def _require_half_around_the_best(searches: list[Search], objective: str) -> None:
    """Compare each proposal with the best, the worst and the last trial before it."""
    better, worse = (max, min) if "acc" in objective else (min, max)
    sign = 1 if better is max else -1
    near: dict[str, list[bool]] = {"best": [], "worst": [], "last": []}
    for search in searches:
        for turn in range(6, len(search)):  # before that, best and worst are much the same trials
            past = search[:turn]
            origins = {
                "best": better(past, key=lambda trial: trial[1])[0],
                "worst": worse(past, key=lambda trial: trial[1])[0],
                "last": past[-1][0],
            }
            for name, origin in origins.items():
                near[name].append(_differences(search[turn][0], origin) == 1)
    share = {name: np.mean(hits) for name, hits in near.items()}
    if share["best"] > 0.63:
        raise Wrong(
            f"{share['best']:.0%} of its proposals are the best trial with one change: half of them "
            "should be random, so that it cannot get stuck."
        )
    if share["best"] >= 0.3:
        return
    if share["worst"] >= 0.3:
        raise Wrong(
            "It stays around the worst trial: max and min are swapped"
            + (" here." if sign == 1 else " for a loss, of which less is better.")
        )
    if share["last"] >= 0.3:
        raise Wrong("It changes the last trial: start from the best one so far.")
    if share["best"] >= 0.15:
        _require_each_change(searches, objective)
    raise Wrong(
        f"Only {share['best']:.0%} of its proposals differ from the best trial in exactly one value: "
        "half of them should."
    )


def _require_each_change(searches: list[Search], objective: str) -> None:
    """Look at what changes beside the best trial, and at the proposals that are not near it."""
    better = max if "acc" in objective else min
    changed, drawn, far = Counter[str](), Counter[int](), []
    for search in searches:
        for turn in range(1, len(search)):
            values = search[turn][0]
            best, _ = better(search[:turn], key=lambda trial: trial[1])
            if (n := _differences(values, best)) == 1:
                (name,) = (name for name in values if values[name] != best[name])
                changed[name] += 1
                drawn[values[name]] += 1
            else:
                far.append(n)
    if never := sorted(set("abcdef") - set(changed)):
        raise Wrong(
            f"Beside the best trial {', '.join(never)} never changes: draw which value changes from "
            "all of them."
        )
    if len(drawn) < 7:
        raise Wrong(
            f"The value that changes is always one of {', '.join(map(str, sorted(drawn)))}: draw it "
            "anew from all its values."
        )
    if max(drawn.values()) > 0.3 * sum(drawn.values()):  # each of 7 values is as likely
        raise Wrong(
            f"The value that changes becomes {max(drawn, key=lambda value: drawn[value])} too "
            "often: draw it anew, each of its values alike."
        )
    if min(changed.values()) < sum(changed.values()) / 15:
        raise Wrong(
            f"{min(changed, key=lambda name: changed[name])} changes too seldom: draw each alike."
        )
    if np.mean(far) < 4.6:  # of two random proposals 6 x 6/7 values differ
        raise Wrong(
            "The other half of its proposals is not random, as they share many values with the "
            "best trial: start from an empty dictionary."
        )


def _differences(values: dict, others: dict) -> int:
    return sum(values.get(name) != others.get(name) for name in {*values, *others})


def _require_seeded(answer: Any, seeds: list[int], rng: np.random.Generator) -> None:
    def proposals(seed: int) -> list[dict]:
        np.random.seed(rng.integers(2**32))
        before = str(np.random.get_state())
        search = _search(answer, "val_accuracy", seed, 8, rng, score=lambda v: v["a"] + v["b"] / 20)
        if str(np.random.get_state()) != before:
            raise Wrong(
                "It draws from np.random, which all programs share and the oracle's seed does not "
                "set: draw from self.rng."
            )
        return [values for values, _ in search]

    if proposals(seeds[0]) != proposals(seeds[0]):
        raise Wrong(
            "Two searches with the same seed propose different values: draw everything from self.rng."
        )
    if proposals(seeds[0]) == proposals(seeds[1]):
        raise Wrong(
            "Searches with different seeds propose the same values: draw from self.rng, which the "
            "oracle's own seed has set."
        )


def _require_conditions(answer: Any, seed: int, rng: np.random.Generator) -> None:
    sizes = {"blocks": [1, 2], "first": [2, 6, 16], "second": [2, 6, 16], "kernel": [3, 5, 7]}
    _search(answer, "val_accuracy", seed, 15, rng, space=_space(sizes, conditional=True))


def _require_stop(answer: Any, seeds: list[int], rng: np.random.Generator) -> None:
    # To change the kernel brings nothing new: whoever chooses it once and for all stops at once.
    for seed in range(seeds[0], seeds[0] + 40):
        space = _space({"kernel": [3], "head": [1, 2, 3, 4, 5, 6]})
        asked: list[int] = []
        search = _search(answer, "val_accuracy", seed, 50, rng, space=space, asked=asked)
        if len(search) < 2:
            raise Wrong(
                "It stops though there are settings left: draw up to 20 times, and choose in each "
                "draw anew which value changes."
            )
        if asked[-1] not in (0, 20):  # 0 if it keeps a record of its own
            raise Wrong(
                f"It stops after {asked[-1]} draws in a row that bring nothing new: stop after 20."
            )


@exercise(
    "05.3",
    "a median in a band",
    hints=(
        "Each column of `regrets` belongs to one amount of budget, and needs three numbers.",
        "np.percentile(regrets, [25, 50, 75], axis=0) gives all three for every column.",
        "ax.plot takes `spent` and the medians; ax.fill_between takes `spent`, the lower and the "
        + "upper percentiles. Draw on the `ax` that you are given, and return it.",
    ),
)
def median_in_band(answer: object, rng: np.random.Generator) -> str:
    import matplotlib.pyplot as plt

    already = plt.get_fignums()
    try:
        for searches, amounts in ((9, 4), (6, 7), (4, 4), (13, 1)):
            spent = np.sort(rng.choice(np.arange(10, 1000), amounts, replace=False))
            regrets = rng.exponential(size=(searches, amounts)) ** 2
            _, (given, other) = plt.subplots(1, 2)  # the second is the current one
            result = call(answer, given, spent, regrets)
            if given.figure.number != plt.get_fignums()[-1]:
                raise Wrong("It opens a figure of its own: draw on the `ax` that you are given.")
            if other.has_data():
                raise Wrong(
                    "plt.plot draws on the axes that happen to be the current ones: call the methods "
                    "of `ax`."
                )
            _require_line(given, spent, regrets)
            _require_band(given, spent, regrets)
            if result is not given:
                raise Wrong(f"It returns {show(result)}: return the `ax` that you have drawn on.")
    finally:
        for figure in set(plt.get_fignums()) - set(already):
            plt.close(figure)
    return (
        "Half of the searches lie in the band: whoever runs only one should look at it, not at the "
        "line."
    )


def _require_line(ax: Any, spent: np.ndarray, regrets: np.ndarray) -> None:
    if len(ax.lines) != 1:
        raise Wrong(
            f"There are {len(ax.lines)} lines on `ax`: draw one, the median of the searches."
        )
    x, y = (np.asarray(data, dtype=float) for data in ax.lines[0].get_data())
    if y.shape == spent.shape and np.array_equal(y, spent):
        raise Wrong("The budget is on the vertical axis: ax.plot takes x first, then y.")
    if x.shape != spent.shape or not np.array_equal(x, spent):
        raise Wrong(
            f"The line lies over {show(x.tolist())}: it belongs over the amounts in `spent`."
        )
    line = ax.lines[0]
    if line.get_linestyle() in ("None", "", " ") or line.get_alpha() == 0:
        raise Wrong("The median is not drawn as a line that can be seen: ax.plot(x, y) draws one.")
    mistakes: dict[str, Callable[..., np.ndarray]] = {
        "This line is the mean: a few bad searches pull it up, so take the median.": np.mean,
        "This line is the best search at each budget: draw the median.": np.min,
        "This line is the worst search at each budget: draw the median.": np.max,
    }
    if not np.allclose(y, np.median(regrets, axis=0)):
        for sentence, statistic in mistakes.items():
            if np.allclose(y, statistic(regrets, axis=0)):
                raise Wrong(sentence)
        raise Wrong("The line is not the median over the searches, which are the rows: use axis=0.")


def _require_band(ax: Any, spent: np.ndarray, regrets: np.ndarray) -> None:
    from matplotlib.collections import PolyCollection

    if len(ax.collections) != 1 or not isinstance(ax.collections[0], PolyCollection):
        bands = sum(isinstance(drawn, PolyCollection) for drawn in ax.collections)
        raise Wrong(f"There are {bands} bands on `ax`: draw one with ax.fill_between.")
    band = ax.collections[0]
    if not np.asarray(band.get_facecolor()).reshape(-1, 4)[:, 3].any():
        raise Wrong("The band cannot be seen: fill it with a color that is not transparent.")
    corners = np.concatenate([path.vertices for path in band.get_paths()])

    def reaches(low: np.ndarray, high: np.ndarray) -> bool:
        """Whether these are the corners of the band, and no others are."""
        wanted = np.array([(x, y) for edge in (low, high) for x, y in zip(spent, edge)])
        same = np.asarray(np.isclose(corners[:, None], wanted).all(axis=2))
        return bool(same.any(axis=0).all() and same.any(axis=1).all())

    if reaches(*np.percentile(regrets, [25, 75], axis=0)):
        return
    mean, deviation = regrets.mean(axis=0), regrets.std(axis=0)
    error = deviation / np.sqrt(len(regrets))
    mistakes = {
        "This band holds all searches: the middle half lies between two percentiles.": (
            np.percentile(regrets, [0, 100], axis=0)
        ),
        "This band is a standard deviation wide: it promises regrets below those of any search, so "
        "take percentiles.": (mean - deviation, mean + deviation),
        "This band is the standard error, which says how sure the mean is and not how the searches "
        "spread: take percentiles.": (mean - error, mean + error),
        "This band runs from the median on one side only: it has two edges, the 25th and the 75th "
        "percentile.": np.percentile(regrets, [50, 75], axis=0),
        "This band is wider than the middle half, which begins at the 25th percentile.": (
            np.percentile(regrets, [5, 95], axis=0)
        ),
        "np.percentile counts to 100, so 0.25 is next to nothing: ask for 25 and 75.": (
            np.percentile(regrets, [0.25, 0.75], axis=0)
        ),
    }
    for sentence, edges in mistakes.items():
        if reaches(*edges):
            raise Wrong(sentence)
    raise Wrong("The band does not reach from the 25th to the 75th percentile of the searches.")


multiple_choice(
    "05.4",
    "a sentence for the report",
    right="c",
    options={
        "a": "Three out of four is true for 35 trials only: whoever reads it thinks of the 100 that "
        "both could have had.",
        "b": "An interval around one half is no proof of equality: with more searches it may turn out "
        "to lie on one side.",
        "c": "It names the budget of each claim, and where the interval contains one half it claims "
        "nothing.",
        "d": "At 100 trials the interval reaches from 0.46 to 0.62: the data agree with a strategy "
        "that is a little worse than random search.",
    },
    hints=(
        "Which of the two intervals contains 0.5?",
        "A sentence about a budget should say which budget.",
        "No evidence of a difference and evidence of no difference are not the same.",
    ),
)
