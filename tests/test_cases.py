"""Whether the checks refuse what is wrong and accept what is right, however it is written."""

from __future__ import annotations

import os

import mutants
import numpy as np
import pytest
import right_answers
from wrong_answers import plausible

from nascourse.checks import bounds, cases, core, registry
from nascourse.checks.core import Wrong, number, numbers


@pytest.fixture
def verdict_alone(monkeypatch):
    """Let `cases.compare` stop at the first failure: no sentence is sought that explains all."""

    def wrong(*failure):
        raise Wrong("")

    monkeypatch.setattr(cases, "Failure", wrong)


def judged(id: str, answer: object, seed: int = 0) -> tuple[bool | None, str]:
    return core._judge(registry.find(id), answer, np.random.default_rng(seed))


# ---- the machinery, on a function of its own


def double_and_mistakes(x):
    return {"This is the square.": x * x, "This is the number itself.": x}


def compare(answer, **options):
    cases.compare(
        answer,
        [(3,), (0.5,), (0,), (2,)],
        lambda x: 2 * x,
        read=number,
        mistakes=double_and_mistakes,
        clue="Add it to itself.",
        **options,
    )


def halves(x):
    return x / 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: x * x, "This is the square. Your function(3) should give 6, and gives 9."),
        (lambda x: x, "This is the number itself. Your function(3) should give 6, and gives 3."),
        (halves, "halves(3) should give 6, and gives 1.5. Add it to itself."),
        (lambda x: 200 * x, "This is in percent"),
        (lambda x: 2 * x + 1, "one too large"),
        (lambda x: -2 * x, "The sign"),
        (lambda x: 2 * x + 0.001, "should give 6"),
        (lambda x: 6 if x == 3 else None, "returns nothing"),
    ],
)
def test_the_sentence_explains_the_failures_and_shows_one(answer, words):
    with pytest.raises(Wrong) as wrong:
        compare(answer)
    assert words in str(wrong.value)


def test_four_digits_are_enough():
    compare(lambda x: 2 * x + 0.00004)
    compare(lambda x: np.float32(2 * x))


def test_what_is_kept_between_calls_is_named():
    kept = []

    def keeps(x):
        kept.append(x)
        return 2 * x + (kept.count(3) - 1 if x == 3 else 0)

    with pytest.raises(Wrong, match="second time"):
        compare(keeps)


def test_rounding_is_named():
    with pytest.raises(Wrong, match="rounded to 2 digits: give four"):
        cases.compare(lambda x: round(x, 2), [(0.1234,), (0.8765,)], lambda x: x, read=number)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda values: values[1:], "first value is missing"),
        (lambda values: values[:-1], "last value is missing"),
        (lambda values: values[::-1], "reverse order"),
    ],
)
def test_what_is_missing_in_a_list_is_named(change, words):
    with pytest.raises(Wrong, match=words):
        cases.compare(change, [([1, 2, 4],), ([3, 5],)], lambda values: values, read=numbers)


# ---- all exercises of functions

ids = pytest.mark.parametrize("id", list(right_answers.RIGHT))


@pytest.mark.slow
@ids
def test_right_answers_are_accepted_however_they_are_written(id):
    tree, _, name = mutants.solution(id)
    solution = mutants.namespace(tree)[name]
    dressed = dict(right_answers.dressed(id, solution))
    for words, answer in {**right_answers.RIGHT[id], **dressed}.items():
        right, sentence = judged(id, answer)
        assert right, f"{words}: {sentence}"


@pytest.mark.parametrize("id", list(right_answers.DECISIONS))
def test_right_decisions_are_accepted_however_they_are_written(id):
    for words, answer in right_answers.DECISIONS[id].items():
        right, sentence = judged(id, answer)
        assert right, f"{words}: {sentence}"


@pytest.mark.slow
@ids
@pytest.mark.usefixtures("verdict_alone")
def test_mutants_of_the_solution_are_refused_or_equivalent(id, monkeypatch):
    monkeypatch.setattr(bounds, "SECONDS", 0.5)
    monkeypatch.setattr(bounds, "_TICK", 0.05)
    total, _, accepted = mutants.survivors(id)
    assert total >= 40
    assert accepted == []


@pytest.mark.slow
@ids
@pytest.mark.usefixtures("verdict_alone")
def test_an_answer_gets_the_same_verdict_in_each_run(id, monkeypatch):
    """Those that the random cases alone might refuse are the ones that the fixed cases do not."""
    monkeypatch.setattr(bounds, "SECONDS", 1)
    seeds = range(int(os.environ.get("NASCOURSE_TEST_SEEDS", "3")))
    verdicts = [{judged(id, answer, seed)[0] for seed in seeds} for answer in plausible.WRONG[id]]
    assert [(n, each) for n, each in enumerate(verdicts) if each != {False}] == []


@pytest.mark.slow
@pytest.mark.parametrize("id", ["02.3", "03.3", "05.2", "05.3", "06.3", "11.6"])
def test_networks_oracles_and_plots_are_judged_by_what_they_do(id, monkeypatch):
    import keras_answers

    monkeypatch.setattr(bounds, "SECONDS", 30)
    for words, answer in keras_answers.RIGHT[id].items():
        right, sentence = judged(id, answer)
        assert right, f"{words}: {sentence}"
    accepted = [n for n, answer in enumerate(keras_answers.WRONG[id]) if judged(id, answer)[0]]
    assert accepted == []


def test_the_cost_of_a_convolution_is_what_keras_s_own_layer_has():
    import keras

    from nascourse import evaluation
    from nascourse.checks.unit_03 import _counted

    for sizes in [(28, 28, 1, 8, 3, 1), (13, 10, 4, 11, 5, 2), (7, 7, 4, 6, 1, 3)]:
        height, width, channels, filters, window, stride = sizes
        image = keras.Input((height, width, channels))
        layer = keras.layers.Conv2D(filters, window, stride, padding="same")
        model = keras.Model(image, layer(image))
        assert _counted(*sizes) == (evaluation.count_params(model), evaluation.count_flops(model))
