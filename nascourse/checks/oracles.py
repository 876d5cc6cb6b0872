"""Let a learner's oracle search, and look at what it proposes: exercise 05.2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from nascourse.checks.core import Wrong, guarded, show

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


def let_search(
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
    questions = compat.questions_of(oracle)

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
            f"It proposes {show(values)} a second time: ask `strategies.is_tried` before you return."
        )
    return response


def require_half_around_the_best(searches: list[Search], objective: str) -> None:
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
        require_each_change(searches, objective)
    raise Wrong(
        f"Only {share['best']:.0%} of its proposals differ from the best trial in exactly one value: "
        "half of them should."
    )


def require_each_change(searches: list[Search], objective: str) -> None:
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


def require_seeded(answer: Any, seeds: list[int], rng: np.random.Generator) -> None:
    def proposals(seed: int) -> list[dict]:
        np.random.seed(rng.integers(2**32))
        before = str(np.random.get_state())
        search = let_search(
            answer, "val_accuracy", seed, 8, rng, score=lambda v: v["a"] + v["b"] / 20
        )
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


def require_conditions(answer: Any, seed: int, rng: np.random.Generator) -> None:
    sizes = {"blocks": [1, 2], "first": [2, 6, 16], "second": [2, 6, 16], "kernel": [3, 5, 7]}
    let_search(answer, "val_accuracy", seed, 15, rng, space=_space(sizes, conditional=True))


def require_stop(answer: Any, seeds: list[int], rng: np.random.Generator) -> None:
    # To change the kernel brings nothing new: whoever chooses it once and for all stops at once.
    for seed in range(seeds[0], seeds[0] + 40):
        space = _space({"kernel": [3], "head": [1, 2, 3, 4, 5, 6]})
        asked: list[int] = []
        search = let_search(answer, "val_accuracy", seed, 50, rng, space=space, asked=asked)
        if len(search) < 2:
            raise Wrong(
                "It stops though there are settings left: draw up to 20 times, and choose in each "
                "draw anew which value changes."
            )
        if asked[-1] not in (0, 20):  # 0 if it keeps a record of its own
            raise Wrong(
                f"It stops after {asked[-1]} draws in a row that bring nothing new: stop after 20."
            )
