"""Every exercise: its solution passes, its blank and its wrong answers hear why they do not."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import os
import pickle
import random
import re
import sys
import time
from collections.abc import Callable, Iterator

import nbformat
import numpy as np
import pandas as pd
import pytest

import nascourse.checks
from nascourse import CourseError
from nascourse.checks import bounds, cases, check, core, hint, registry
from nascourse.checks.core import Wrong, call, number, numbers
from notebooks import build

UNITS = registry.units()
EXERCISES = [exercise for unit in UNITS for exercise in registry.exercises(unit)]
SOURCES = {path.stem[:2]: path for path in build.sources() if build.has_solutions(path)}
# Each answer is tried on the inputs of this many seeds.
SEEDS = int(os.environ.get("NASCOURSE_TEST_SEEDS", "2"))

units = pytest.mark.parametrize("unit", UNITS)
exercises = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch):
    monkeypatch.setenv("NASCOURSE_PROGRESS", "off")
    monkeypatch.setattr(core, "_hints_seen", {})


def wrong_answers(exercise: registry.Exercise) -> dict[str, tuple[object, str]]:
    try:
        module = importlib.import_module(f"wrong_answers.unit_{exercise.id[:2]}")
    except ModuleNotFoundError:
        pytest.fail(f"tests/wrong_answers/unit_{exercise.id[:2]}.py is missing")
    return module.WRONG.get(exercise.id, {})


@functools.cache
def solution_lines(unit: str) -> list[str]:
    """The lines that no hint and no sentence of a unit may show."""
    return build.solution_lines(build.read_source(SOURCES[unit]))


def said(
    capsys, id: str, answer: object, rng: np.random.Generator | None = None
) -> tuple[bool, str]:
    """Check an answer; return the verdict and the sentence that was printed, unfolded."""
    capsys.readouterr()
    right = check(id, answer, rng=rng or np.random.default_rng(0))
    shown = capsys.readouterr()
    assert shown.err == ""
    assert all(len(line) <= 96 or " " not in line for line in shown.out.splitlines())
    return bool(right), " ".join(shown.out.split())


def said_of_all_inputs(capsys, id: str, answer: object) -> list[tuple[bool, str]]:
    """What is said on the inputs of each seed, or once where a checker draws none."""
    verdicts = []
    for rng in map(np.random.default_rng, range(SEEDS)):
        undrawn = rng.bit_generator.state
        verdicts.append(said(capsys, id, answer, rng))
        if rng.bit_generator.state == undrawn:
            break
    return verdicts


class Answers:
    """The answers of a notebook, by exercise, as its cells give them to `check`.

    This is the test that solutions and exercises run from top to bottom, without an error or a
    warning.
    """

    def __init__(self, nb) -> None:
        self.by_id: dict[str, object] = {}
        namespace = {"__name__": "__main__"}
        warned = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(warned):
            patch.setattr(nascourse.checks, "check", self.keep)
            patch.chdir(build.ROOT / "notebooks")  # as deep as the folders of exercises
            for number_, cell in enumerate(nb.cells, start=1):
                if cell.cell_type == "code":
                    exec(compile(cell.source, f"cell {number_}", "exec"), namespace)  # noqa: S102
        assert warned.getvalue() == ""

    def keep(self, id: str, answer: object) -> bool:
        self.by_id[id] = answer
        return False


@pytest.fixture
def mistakes_made_once(monkeypatch):
    """Make the plausible mistakes once in each case, as all answers get the cases of the same seeds."""
    fitting, known = cases._fitting, {}

    def fitting_once(failures, results, same, mistakes):
        def made(*case):
            key = mistakes, pickle.dumps(case)
            if key not in known:
                known[key] = mistakes(*case)
            return known[key]

        return fitting(failures, results, same, made)

    monkeypatch.setattr(cases, "_fitting", fitting_once)


@pytest.fixture(scope="module")
def answers() -> Callable[[str, str], dict[str, object]]:
    """What the solutions or the exercises of a unit answer; each notebook runs once."""
    by_notebook: dict[tuple[str, str], dict[str, object]] = {}

    def of(folder: str, unit: str) -> dict[str, object]:
        if unit not in SOURCES:
            pytest.fail(f"unit {unit} has checks, but no source in solutions/source")
        if (folder, unit) not in by_notebook:
            nb = build.read_source(SOURCES[unit])
            if folder == "exercises":
                nb = build.to_exercise(nb, SOURCES[unit])
            by_notebook[folder, unit] = Answers(nb).by_id
        return by_notebook[folder, unit]

    return of


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[tuple[bool, str]]]:
    """What is said of the solution of each exercise that `said_of_solution` was asked for."""
    return {}


@pytest.fixture
def said_of_solution(answers, verdicts, capsys) -> Callable[[str], list[tuple[bool, str]]]:
    """What is said of the solution of an exercise on the inputs of each seed."""

    def said_of(id: str) -> list[tuple[bool, str]]:
        if id not in verdicts:
            verdicts[id] = said_of_all_inputs(capsys, id, answers("solutions", id[:2])[id])
        return verdicts[id]

    return said_of


# ---- each exercise


def test_units_with_checks_are_units_with_solutions():
    assert sorted(SOURCES) == UNITS


@units
def test_the_exercises_of_a_notebook_are_those_that_have_a_checker(unit, answers):
    assert list(answers("solutions", unit)) == [
        exercise.id for exercise in registry.exercises(unit)
    ]


@units
def test_an_exercise_has_the_same_title_in_the_notebook_and_in_the_checker(unit):
    text = SOURCES[unit].read_text(encoding="utf-8")
    titles = re.findall(r"^# ## Exercise (\d+\.\d): (.+)$", text, re.MULTILINE)
    assert [(number.zfill(4), title) for number, title in titles] == [
        (exercise.id, exercise.title) for exercise in registry.exercises(unit)
    ]


@exercises
def test_the_solution_passes(exercise, said_of_solution):
    sentences = set(said_of_solution(exercise.id))
    # One sentence only, as the solutions are compared with their committed output.
    assert len(sentences) == 1
    ((right, line),) = sentences
    assert right, line
    assert line.startswith(f"✓ {exercise.id} right: ")


@units
def test_the_committed_solutions_show_what_the_checkers_say(unit, answers, said_of_solution):
    """What a run of the notebook would compare, without a kernel."""
    nb = nbformat.read(build.notebook_path(SOURCES[unit]), as_version=4)
    graded = [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    for id, cell in zip(answers("solutions", unit), graded, strict=True):
        (_, line), *_ = said_of_solution(id)
        assert " ".join(cell.outputs[0].text.split()).startswith(line)


@exercises
def test_the_blank_gets_a_hint(exercise, answers, capsys):
    answer = answers("exercises", exercise.id[:2])[exercise.id]
    right, line = said(capsys, exercise.id, answer)
    assert not right
    assert line.startswith(f"○ {exercise.id} is not filled in yet. Hint 1 of ")
    assert exercise.hints[0] in line


@pytest.mark.slow
@exercises
@pytest.mark.usefixtures("mistakes_made_once")
def test_each_wrong_answer_hears_what_is_wrong_with_it(exercise, capsys):
    wrong, lines = wrong_answers(exercise), solution_lines(exercise.id[:2])
    mistakes: dict[str, set[str]] = {}
    for name, (answer, words) in wrong.items():
        for right, line in said_of_all_inputs(capsys, exercise.id, answer):
            assert not right, f"{name} passes"
            assert line.startswith(f"✗ {exercise.id} wrong: "), f"{name}: {line}"
            assert words in line, f"{name}: {line}"
            assert "cannot be checked" not in line, f"{name}: {line}"
            assert [shown for shown in lines if shown in line] == [], f"{name}: {line}"
            mistakes.setdefault(line, set()).add(words)
    # Answers with the same words are the same mistake in two forms.
    confused = [line for line, words in mistakes.items() if len(words) > 1]
    assert confused == [], "two mistakes get the same sentence"
    assert len({words for _, words in wrong.values()}) >= 3, (
        f"exercise {exercise.id} needs three plausible wrong answers, told apart"
    )


class Odd:
    """An object that fails at whatever is done with it."""

    @property
    def __class__(self):
        raise ValueError("no class")

    def __getattr__(self, name):
        raise RuntimeError(f"no {name}")

    def __repr__(self):
        raise RuntimeError("no name")

    def __eq__(self, other):
        raise RuntimeError("not comparable")

    __hash__ = None


class Interruption(BaseException):
    def __str__(self):
        raise RuntimeError("speechless")


def raises(*args, **kwargs):
    raise Interruption


def loud(*args, **kwargs):
    import sys
    import warnings

    print("to stdout")
    print("to stderr", file=sys.stderr)
    warnings.warn("a warning", stacklevel=1)


NASTY = [
    *(0, -1, 1.5, np.nan, np.inf, True, "", "text", "a\nb", b"x", [], [[1], [2, 3]], (), {}, set()),
    *(np.zeros(3), np.zeros((2, 2)), np.array(["a"]), pd.DataFrame({"a": [1]}), pd.Series([1])),
    *(object(), int, Odd, Odd(), pytest, iter([1]), np.random.default_rng(0)),
    *(raises, loud, lambda: 1, lambda *args, **kwargs: None, lambda *args, **kwargs: Odd()),
    *(lambda *args, **kwargs: np.nan, lambda *args, **kwargs: "text", lambda *args, **kwargs: []),
    *(lambda *args, **kwargs: args, lambda *args, **kwargs: raises),
]


@exercises
def test_no_answer_makes_a_traceback(exercise, capsys):
    for answer in NASTY:
        right, line = said(capsys, exercise.id, answer)
        assert not right, f"{answer} passes"
        assert re.match(rf"✗ {exercise.id} wrong: \S", line)
        assert len(line) < 400


@exercises
@pytest.mark.parametrize("blank", [None, ..., NotImplemented, NotImplementedError("Exercise 2.1")])
def test_every_blank_gets_a_hint(exercise, blank, capsys):
    right, line = said(capsys, exercise.id, blank)
    assert not right
    assert exercise.hints[0] in line


@exercises
def test_hints_are_one_to_three_sentences(exercise):
    assert 1 <= len(exercise.hints) <= 3
    assert len(set(exercise.hints)) == len(exercise.hints)
    assert all(text[-1] in ".?!" for text in exercise.hints)


@exercises
def test_hints_do_not_show_the_solution(exercise):
    shown = "\n".join(exercise.hints)
    assert [line for line in solution_lines(exercise.id[:2]) if line in shown] == []


@pytest.mark.slow
def test_listing_the_exercises_loads_no_tensorflow(run_python):
    code = (
        "import sys; from nascourse.checks import registry\n"
        "for unit in registry.units():\n"
        "    registry.exercises(unit)\n"
        "    loaded = {'tensorflow', 'keras', 'jax', 'torch'} & set(sys.modules)\n"
        "    assert not loaded, f'unit {unit} loads {loaded}'\n"
    )
    answer = run_python("-c", code)
    assert answer.returncode == 0, answer.stderr


# ---- the machinery, on an exercise of its own


@pytest.fixture
def double(monkeypatch) -> Iterator[list[np.random.Generator]]:
    """Exercise 02.0: double a number; yields the generators that the checker was given."""
    monkeypatch.setattr(registry, "_EXERCISES", dict(registry._EXERCISES))
    given = []

    @registry.exercise("02.0", "double it", hints=("Small.", "Larger one.", "The largest one."))
    def checker(answer, rng):
        given.append(rng)
        value = int(rng.integers(3, 1000))
        if number(call(answer, value)) != 2 * value:
            raise Wrong("This is not the double.")
        return "Twice is the double."

    return given


def test_a_verdict_is_printed_once_and_can_be_asked(double, capsys):
    verdict = check("02.0", lambda x: 2 * x)
    assert verdict
    assert verdict == True
    assert repr(verdict) == "True"
    assert not check("02.0", abs)
    verdict._ipython_display_()
    assert capsys.readouterr().out == (
        "✓ 02.0 right: Twice is the double.\n✗ 02.0 wrong: This is not the double.\n"
    )


def test_inputs_are_fresh_unless_a_generator_is_given(double):
    for _ in range(2):
        check("02.0", abs)
    assert double[0].random() != double[1].random()
    rng = np.random.default_rng(5)
    check("02.0", abs, rng=rng)
    assert double[2] is rng


def test_hints_come_one_by_one_and_the_last_stays(double, capsys):
    for _ in range(4):
        hint("02.0")
    assert capsys.readouterr().out.splitlines() == [
        "Hint 1 of 3: Small.",
        "Hint 2 of 3: Larger one.",
        *["Hint 3 of 3: The largest one."] * 2,
    ]


def test_the_hint_after_a_blank_is_the_second(double, capsys):
    check("02.0", None)
    hint("02.0")
    assert capsys.readouterr().out.splitlines() == [
        '○ 02.0 is not filled in yet. Hint 1 of 3: Small. More help: hint("02.0").',
        "Hint 2 of 3: Larger one.",
    ]


@pytest.mark.parametrize(
    ("id", "sentence"),
    [
        ("02.9", "There is no exercise '02.9'; unit 02 has 02.1, "),
        ("2.1", "There is no exercise '2.1': its number is the unit, a dot and the exercise"),
        (2.1, "There is no exercise 2.1: put quotes around its number"),
        ("77.1", "units with exercises: "),
    ],
)
@pytest.mark.parametrize("ask", [hint, lambda id: check(id, 1)])
def test_an_unknown_exercise_is_named_with_those_that_exist(ask, id, sentence):
    with pytest.raises(CourseError, match=re.escape(sentence)):
        ask(id)


def test_a_check_leaves_no_trace_in_the_random_numbers(double):
    def answer(value):
        random.seed(1)
        np.random.seed(1)
        return np.random.random()

    before = random.getstate(), pickle.dumps(np.random.get_state())
    check("02.0", answer)
    assert before == (random.getstate(), pickle.dumps(np.random.get_state()))


def test_a_learner_can_stop_a_check(double):
    def answer(value):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("02.0", answer)


def test_a_number_without_quotes_and_without_an_answer_is_told_of_the_quotes(double):
    with pytest.raises(CourseError, match="put quotes"):
        check(2.1)


# ---- bounds


def loops(value):
    while True:
        value += 1


def loops_and_catches(value):
    while value:
        try:
            value += 1
        except Exception:  # noqa: BLE001, S110 - as learners do
            pass


def sleeps(value):
    for _ in range(10**9):
        time.sleep(0.01)


def prints_on_and_on(value):
    while True:
        print(value)


def recurses(value):
    return 2 * recurses(value)


def wants_memory(value):
    return bytes(2**60)


def exits(value):
    sys.exit()


def still_raises(value):
    result = 2 * value
    raise NotImplementedError("Exercise 2.0")
    return result


def uses_what_is_not_there(value):
    return io.IOBase().readable() or np.random.BitGenerator().random_raw()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (loops, "the loop `while True` in loops goes on and on"),
        (loops_and_catches, "the loop `while value` in loops_and_catches"),
        (sleeps, "the loop `for _ in range(10**9)` in sleeps"),
        (prints_on_and_on, "prints more than 100,000 characters"),
        (recurses, "calls itself again and again"),
        (wants_memory, "MemoryError"),
        (exits, "exit()"),
        (still_raises, "still stands in still_raises"),
        (uses_what_is_not_there, "NotImplementedError"),
        (lambda value: iter([value]), "one number"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_does_not_end_or_cannot_be_run_hears_so_in_a_sentence(
    double, capsys, monkeypatch, answer, words
):
    with monkeypatch.context() as limits:
        if answer in (loops, loops_and_catches, sleeps):  # the others need the usual seconds
            limits.setattr(bounds, "SECONDS", 0.5)
        right, line = said(capsys, "02.0", answer)
    assert not right
    assert line.startswith("✗ 02.0 wrong: ")
    assert words in line
    assert check("02.0", lambda value: 2 * value), "the next check is as before"


@pytest.mark.slow
def test_the_time_of_the_course_s_own_work_does_not_count(monkeypatch):
    monkeypatch.setattr(bounds, "SECONDS", 0.3)
    checker = compile(
        "import time\ndef work():\n    time.sleep(1)\n    return 1", bounds.__file__, "exec"
    )
    names: dict = {}
    exec(checker, names)  # noqa: S102 - so that its file is one of the course's
    assert bounds.bounded(names["work"]) == 1


@pytest.mark.slow
def test_an_answer_has_more_time_where_others_keep_the_processor_busy(monkeypatch):
    monkeypatch.setattr(bounds, "SECONDS", 1)
    monkeypatch.setattr(time, "process_time", lambda: 0.0)

    assert bounds.bounded(lambda: time.sleep(1.3) or "done") == "done"
    with pytest.raises(bounds.Stopped, match="was stopped after"):
        bounds.bounded(lambda: sleeps(1))


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(bounds, "MEMORY", 100 * 2**20)

    def fills():
        kept = []
        while True:
            kept.append(bytearray(2**20))

    with pytest.raises(bounds.Stopped, match="fills the memory"):
        bounds.bounded(fills)


@pytest.mark.parametrize("mode", ["autograde", "validate"])
def test_nbgrader_sees_a_failed_cell(double, monkeypatch, mode):
    monkeypatch.setenv("NBGRADER_EXECUTION", mode)
    assert check("02.0", lambda x: 2 * x)
    with pytest.raises(CourseError, match=r"exercise 02\.0: This is not the double"):
        check("02.0", abs)
    with pytest.raises(CourseError, match="Hint 1 of 3"):
        check("02.0", None)


def changes(value):
    if isinstance(value, np.ndarray):
        value[0] = 9
    elif isinstance(value, pd.DataFrame):
        value["b"] = 1
    elif isinstance(value, dict):
        value["a"].append(1)
    else:
        value.pop()
    return 1


@pytest.mark.parametrize(
    "value",
    [np.zeros(2), pd.DataFrame({"a": [1.0]}), {"a": [1]}, [1], {1}],
    ids=lambda value: type(value).__name__,
)
def test_call_hands_out_copies_and_tells_who_changes_them(value):
    before = pickle.dumps(value)
    with pytest.raises(Wrong, match="changes changes what it is given"):
        call(changes, value)
    assert pickle.dumps(value) == before


def test_call_hands_out_other_objects_themselves():
    stack = type("Stack", (list,), {})([1])
    assert call(changes, stack) == 1
    assert stack == []
    # NaN is not equal to itself, and still unchanged.
    assert call(lambda x, *, y: len(x), [np.nan], y=np.array([np.nan])) == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("5", "one number, not '5'"),
        (True, "not True"),
        (None, "not None"),
        (np.nan, "not nan"),
        ([1.0], "not [1.0]"),
        (pd.Series([1]), "not a Series"),
        ([[1], [2, 3]], "The result should be one number"),
    ],
)
def test_number_says_what_came_instead(value, words):
    with pytest.raises(Wrong, match=re.escape(words)):
        number(value)
    assert number(np.float32(0.5)) == number(np.array(0.5)) == 0.5


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (5, "a list or an array of numbers, not 5"),
        ("12", "not '12'"),
        ({1, 2}, "not {1, 2}"),
        (["a", "b"], "numbers only"),
        ([[1, 2], [3]], "numbers only"),
        ([[1, 2]], "one axis, not the shape (1, 2)"),
        ([1, 2, 3], "The steps should have length 2 here, not 3"),
    ],
)
def test_numbers_says_what_came_instead(value, words):
    with pytest.raises(Wrong, match=re.escape(words)):
        numbers(value, 2, "the steps")
    assert numbers(pd.Series([1, 2]), 2).tolist() == numbers((1, 2)).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("id", "hints"), [("2.1", ["a"]), ("02.1", ["a"]), ("03.0", []), ("03.0", "abc")]
)
def test_a_mistake_of_an_author_is_refused_at_once(id, hints):
    registry.exercises("02")
    with pytest.raises(AssertionError):
        registry.exercise(id, "another title", hints=hints)


def test_code_beside_the_course_is_the_learners():
    (course,) = (folder for folder in bounds._OURS if folder.endswith(f"nascourse{os.sep}"))
    beside, within = (
        compile("pass", file, "exec") for file in (f"{course[:-1]}_mine.py", f"{course}mine.py")
    )
    assert bounds.is_learners(beside) and not bounds.is_learners(within)
