"""What a learner may type or hand in by mistake: each time one sentence with the way out.

This is the table of what no other test module asks.  As a script it counts the malformed inputs
that all the tests try::

    python tests/test_malformed.py
"""

from __future__ import annotations

import collections
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nascourse import CourseError, __main__, benchmark, data, evaluation, spaces, strategies, trials
from nascourse._engine import archive
from nascourse.benchmark import api as benchmark_api
from nascourse.checks import progress

ROWS = [
    {"trial": 1, "status": "completed", "val_accuracy": 0.5, "n_params": 3},
    {"trial": 2, "status": "failed", "message": "no"},
]
TABLE = trials.to_table(ROWS)


@pytest.fixture(scope="module")
def bench() -> benchmark.Benchmark:
    return benchmark.load_benchmark()


@pytest.fixture
def file(tmp_path) -> Callable[[str, bytes], Path]:
    """Write a file."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def csv(text: str) -> Callable:
    return lambda file: trials.read_table(file("trials.csv", text.encode()))


def progress_file(text: str | bytes) -> Callable:
    content = text.encode() if isinstance(text, str) else text
    return lambda file: progress.class_summary([file("anna.json", content)])


def entry(**changes: str) -> str:
    values = {"passed": "true", "attempts": "1", "hints": "0", "first_passed": "null", **changes}
    pairs = ", ".join(f'"{name}": {value}' for name, value in values.items())
    return '{"exercises": {"02.1": {%s}}}' % pairs  # noqa: UP031 - braces of JSON


def rows(**changes: object) -> Callable:
    return lambda: trials.to_table([ROWS[0], {**ROWS[1], **changes}])


def races() -> pd.DataFrame:
    return pd.DataFrame(
        {"strategy": ["a"], "seed": [0], "trial": [1], "epochs": [1], "regret": [0.5]}
    )


# name: what is done (its parameters are fixtures), words of the sentence
MALFORMED: dict[str, tuple[Callable, list[str]]] = {
    # Data
    "a number as source": (lambda: data.load_mnist(5), ["5 is no path", ".npz"]),
    "a list as source": (lambda: data.load_mnist(["bundled"]), ["['bundled'] is no path"]),
    "a number as test data": (
        lambda: data.load_mnist("bundled", test_data=5),
        ["5 is no path", ".npz"],
    ),
    "a folder as test data": (
        lambda tmp_path: data.load_mnist("bundled", test_data=tmp_path),
        ["is not a file"],
    ),
    "a source in capitals": (lambda: data.load_mnist("Bundled"), ["'Bundled'", '"bundled"']),
    "a source with a null character": (lambda: data.load_mnist("a\0b"), ["is not a file"]),
    "a source that is no text": (lambda: data.load_mnist("\ud800"), ["is not a file"]),
    "a word as validation": (
        lambda: data.load_mnist("bundled", validation="0.2"),
        ["validation='0.2'", "from 0.1 to 0.9"],
    ),
    "no validation": (
        lambda: data.load_mnist("bundled", validation=None),
        ["validation=None", "from 0.1 to 0.9"],
    ),
    "percent as validation": (
        lambda: data.load_mnist("bundled", validation=20),
        ["validation=20", "from 0.1 to 0.9"],
    ),
    "a seed beyond all seeds": (lambda: data.load_mnist("bundled", seed=2**40), ["seed="]),
    "a word as size of a subset": (lambda small: data.subset(small, "20"), ["n_train='20'"]),
    "half an image": (lambda small: data.subset(small, 20.5), ["n_train=20.5"]),
    "a negative seed of a subset": (
        lambda small: data.subset(small, 20, seed=-1),
        ["seed=-1", "whole number from 0"],
    ),
    "a pair for a subset": (
        lambda small: data.subset((small.x_train, small.y_train), 100),
        ["of the type tuple: give images", "data.load_mnist"],
    ),
    "a number for digits": (lambda: data.require_digits(5), ["splits=5", "data.load_mnist"]),
    # Progress files
    "progress: text": (progress_file("done"), ["anna.json", "leave it out"]),
    "progress: another byte order": (progress_file(entry().encode("utf-16")), ["anna.json"]),
    "progress: no exercises": (progress_file("{}"), ["no progress file"]),
    "progress: a list": (progress_file('{"exercises": []}'), ["no progress file"]),
    "progress: nested": (progress_file('{"exercises": ' + "[" * 10**5), ["no progress file"]),
    "progress: maybe passed": (progress_file(entry(passed='"yes"')), ["no progress file"]),
    "progress: half an attempt": (progress_file(entry(attempts="0.5")), ["no progress file"]),
    "progress: minus one attempt": (progress_file(entry(attempts="-1")), ["no progress file"]),
    "progress: more hints than floats hold": (
        progress_file(entry(hints="1" * 400)),
        ["no progress file"],
    ),
    "progress: more digits than Python reads": (
        progress_file(entry(hints="1" * 5000)),
        ["no progress file"],
    ),
    "progress: a day that is a number": (
        progress_file(entry(first_passed="1")),
        ["no progress file"],
    ),
    "progress: a folder": (lambda tmp_path: progress.class_summary([tmp_path]), ["cannot be read"]),
    # Tables
    "rows that are none": (lambda: trials.to_table([1]), ["1 is no mapping"]),
    "one row": (lambda: trials.to_table(ROWS[0]), ["'trial' is no mapping", "one mapping a trial"]),
    "half a trial": (rows(trial=1.5), ["no trial table", "trials.COLUMNS"]),
    "a trial in words": (rows(trial="two"), ["no trial table"]),
    "endless parameters": (rows(n_params=float("inf")), ["no trial table"]),
    "more parameters than fit": (rows(n_params=10**400), ["no trial table"]),
    "an accuracy in words": (rows(val_accuracy="good"), ["'val_accuracy'", "than numbers"]),
    "an accuracy in a list": (rows(val_accuracy=[0.5]), ["'val_accuracy'", "than numbers"]),
    "seconds in words": (rows(seconds="3 s"), ["'seconds'", "than numbers"]),
    "another status": (rows(status="done"), ["'done'", "neither completed nor failed"]),
    "a fingerprint that is a list": (rows(fingerprint=["a"]), ["no trial table"]),
    "table: missing": (
        lambda tmp_path: trials.read_table(tmp_path / "none.csv"),
        ["none.csv", "cannot be read"],
    ),
    "table: empty": (csv(""), ["trials.csv", "cannot be read as CSV"]),
    "table: another one": (csv("a,b\n1,2\n"), ["no column 'trial'", "to_csv"]),
    "table: ragged": (csv("trial,status\n1,failed\n2,failed,3,4\n"), ["cannot be read as CSV"]),
    "table: words": (csv("trial,status\none,completed\n"), ["no trial table"]),
    "table: a web page": (csv("<html>\n404,\n"), ["trials.csv"]),
    "table: bytes": (
        lambda file: trials.read_table(file("a.csv", b"trial\n\xff\xfe\n")),
        ["a.csv", "cannot be read as CSV"],
    ),
    "table: an address": (lambda: trials.read_table("https://here/trials.csv"), ["cannot be read"]),
    "a recording by number": (lambda: trials.recorded(1), ["no recording 1", "strategies"]),
    "a recording elsewhere": (lambda: trials.recorded("../__init__"), ["no recording"]),
    "best by nothing": (lambda: trials.best(TABLE, by="acc"), ["no column 'acc'", "val_accuracy"]),
    "incumbent by nothing": (lambda: trials.incumbent(TABLE, by="acc"), ["no column 'acc'"]),
    "best by words": (
        lambda: trials.best(TABLE, by="status"),
        ["'status'", "other values than numbers", "another column"],
    ),
    "incumbent by words": (
        lambda: trials.incumbent(TABLE, by="status"),
        ["'status'", "other values than numbers"],
    ),
    "a front without cost": (
        lambda: trials.pareto_front(TABLE, cost="params"),
        ["no column 'params'", "n_params"],
    ),
    "a front without quality": (
        lambda: trials.pareto_front(TABLE, quality="acc"),
        ["no column 'acc'"],
    ),
    # Benchmark
    "no network": (lambda bench: bench.query(None), ["Network None"]),
    "a list as network": (lambda bench: bench.query([0]), ["Network [0]", "name the choices"]),
    "a number in words": (lambda bench: bench.query("0"), ["Network '0'"]),
    "a network of no choices": (lambda bench: bench.query({}), ["'body/blocks' is missing"]),
    "a negative network": (lambda bench: bench.test_accuracy(-1), ["Network -1"]),
    "a list as seed": (lambda bench: bench.query(0, seed=[0]), ["seed=[0]", "one of 0, 1, 2"]),
    "a seed in words": (lambda bench: bench.query(0, seed="0"), ["seed='0'"]),
    "epochs in words": (lambda bench: bench.query(0, epochs="3"), ["epochs='3'", "1 to 12"]),
    "after in words": (lambda bench: bench.query(0, after="1"), ["after='1'", "0 to 11"]),
    "a budget in words": (lambda bench: bench.start(budget="5"), ["budget='5'"]),
    "a negative budget": (lambda bench: bench.start(budget=-1), ["budget=-1"]),
    "another value": (lambda bench: bench.at(3, value="acc"), ["'acc'", "val_accuracy"]),
    "after no epochs": (lambda bench: bench.at(0), ["epochs=0"]),
    "the truth without a seed in words": (
        lambda bench: bench.truth(without="0"),
        ["without='0'", "0, 1, 2"],
    ),
    "images in words": (
        lambda: benchmark.load_benchmark(validation_images="few"),
        ["validation_images='few'"],
    ),
    "another cost": (lambda bench: bench.pareto_front(cost="watts"), ["no column 'watts'"]),
    "a benchmark elsewhere": (
        lambda tmp_path: benchmark.load_benchmark(tmp_path),
        ["cannot be read", "install the course again"],
    ),
    "one seed for many": (
        lambda: benchmark.simulate("random", seeds=20),
        ["seeds=20", "range(20)"],
    ),
    "no strategy at all": (
        lambda: benchmark.simulate(None),
        ["Unknown strategy None", "random"],
    ),
    "a list of lists of strategies": (
        lambda: benchmark.simulate([["random"]]),
        ["Unknown strategy ['random']"],
    ),
    "the winner's curse of one size": (
        lambda bench: benchmark.winners_curse(bench, 10),
        ["sizes=10", "give several"],
    ),
    "no repeats": (
        lambda bench: benchmark.winners_curse(bench, [10], repeats=0),
        ["repeats=0", "from 1"],
    ),
    "a negative seed of the winner's curse": (
        lambda bench: benchmark.winners_curse(bench, [10], seed=-1),
        ["seed=-1", "from 0"],
    ),
    "the winner's curse of no table": (
        lambda: benchmark.winners_curse("mnist", [10]),
        ["benchmark='mnist'", "load_benchmark()"],
    ),
    "the optimism of no table": (
        lambda: benchmark.optimism_of_the_best(5),
        ["benchmark=5", "load_benchmark()"],
    ),
    "the optima of no table": (
        lambda: benchmark.local_optima(5, pd.Series()),
        ["benchmark=5", "load_benchmark()"],
    ),
    "a race on no table": (
        lambda: benchmark.simulate("random", benchmark=5),
        ["benchmark=5", "load_benchmark()"],
    ),
    "workers on no table": (
        lambda: benchmark.simulate_workers("asha", workers=2, seconds=9, benchmark=5),
        ["benchmark=5", "load_benchmark()"],
    ),
    "calls to no table": (lambda: benchmark_api.Api(5), ["bench=5", "load_benchmark()"]),
    "no resamples": (
        lambda: benchmark.superiority([1, 2], [2, 3], resamples=0),
        ["resamples=0", "from 1"],
    ),
    "a confidence in words": (
        lambda: benchmark.superiority([1, 2], [2, 3], confidence="0.95"),
        ["confidence='0.95'", "between 0 and 1"],
    ),
    "no seeds": (lambda: benchmark.simulate("random", seeds=[]), ["nothing to race"]),
    "no strategies": (lambda: benchmark.simulate([]), ["nothing to race"]),
    "a race by nothing": (
        lambda: benchmark.within_budget(races(), [1], by="hours"),
        ["no column 'hours'", "epochs"],
    ),
    "a race for nothing": (
        lambda: benchmark.within_budget(races(), [1], value="fame"),
        ["no column 'fame'", "regret"],
    ),
    "a race of a strategy that was not raced": (
        lambda: benchmark.within_budget(races().query("strategy == 'surrogate'"), [1]),
        ["choose a strategy that simulate has raced"],
    ),
    "one search against one": (lambda: benchmark.superiority([1], [2]), ["at least two of each"]),
    "percent of confidence": (
        lambda: benchmark.superiority([1, 2], [2, 3], confidence=95),
        ["confidence=95", "0.95"],
    ),
    # Strategies, spaces, numbers
    "a negative seed of an oracle": (
        lambda: strategies.make_oracle("random", max_trials=1, seed=-1),
        ["seed=-1", "whole number from 0"],
    ),
    "an oracle of no trials": (
        lambda: strategies.make_oracle("random", max_trials=0, seed=1),
        ["max_trials=0", "whole number from 1"],
    ),
    "a number as first network": (
        lambda: strategies.make_oracle("greedy", max_trials=1, seed=1, first=5),
        ["first=5", "give a dict"],
    ),
    "a first network at random": (
        lambda: strategies.make_oracle("random", max_trials=3, seed=1, first={"units": 8}),
        ["first={'units': 8} is for the greedy strategy alone", "'random'", "leave it out"],
    ),
    "epochs without Hyperband": (
        lambda: strategies.make_oracle("greedy", max_trials=3, seed=1, epochs=4),
        ["epochs=4 is for the hyperband strategy alone", "'greedy'"],
    ),
    "Hyperband of no epochs": (
        lambda: strategies.make_oracle("hyperband", max_trials=3, seed=1, epochs=0),
        ["epochs=0", "whole number from 1"],
    ),
    "a number as images of a space": (
        lambda: spaces.autokeras_space(5),
        ["splits=5", "load_mnist"],
    ),
    "a number as space": (lambda: spaces.declared(5), ["space=5", "build function"]),
    "an accuracy in percent": (
        lambda: evaluation.accuracy_interval(98, 100),
        ["accuracy=98", "from 0 to 1"],
    ),
    "a confidence in percent": (
        lambda: evaluation.accuracy_interval(0.9, 100, confidence=95),
        ["confidence=95", "from 0 to 1"],
    ),
    "a confidence without limits": (
        lambda: evaluation.accuracy_interval(0.9, 100, confidence=1.0),
        ["confidence=1.0", "below 1"],
    ),
    "an accuracy as text": (
        lambda: evaluation.accuracy_interval("0.9", 100),
        ["accuracy='0.9'", "from 0 to 1"],
    ),
    "a number as filters": (
        lambda: spaces.autokeras_space(filters=16),
        ["filters=16", "list of values"],
    ),
    "no kernels": (lambda: spaces.autokeras_space(kernels=[]), ["kernel_size=[]"]),
    "the latency of no network": (
        lambda: evaluation.measure_latency("net.keras"),
        ["model='net.keras'", "a network of Keras"],
    ),
    "the size of no network": (lambda: evaluation.saved_size(None), ["model=None", "NoneType"]),
    "a file of no network": (
        lambda tmp_path: evaluation.save_model(5, tmp_path / "a.keras"),
        ["model=5", "a network of Keras"],
    ),
    "the layers of no network": (lambda: evaluation.layer_costs([1]), ["model=[1]"]),
    "the weights of no network": (lambda: evaluation.count_params(5), ["model=5"]),
    "answers of no network": (
        lambda small: evaluation.predict(small, small.x_val),
        ["model=Splits(200", "a network of Keras"],
    ),
    "a misspelt hyperparameter": (
        lambda: spaces.built(spaces.cnn_space, {"kernal": 5}),
        ["'kernal'", "kernel", "correct the name"],
    ),
    "a misspelt number of filters": (
        lambda: spaces.built(spaces.cnn_space, {"filter_0": 32}),
        ["'filter_0'", "filters_0"],
    ),
    "no images": (lambda: evaluation.accuracy_interval(1.0, 0), ["n_images=0"]),
    # Archives; tests/test_archive.py has what may stand in them
    "archive: a folder": (
        lambda tmp_path: archive.import_search(tmp_path, tmp_path / "new"),
        ["is not a file"],
    ),
    "archive: an image": (
        lambda file, tmp_path: archive.import_search(file("a.zip", b"\x89PNG"), tmp_path / "new"),
        ["a.zip", "cannot be read as a zip archive"],
    ),
    "archive: no search in it": (
        lambda tmp_path: archive.export_search(tmp_path, tmp_path / "a.zip"),
        ["holds no search"],
    ),
    "archive: another ending": (
        lambda tmp_path: archive.export_search(tmp_path, tmp_path / "a.rar"),
        ["let it end in .zip"],
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_input_is_one_sentence(name, request):
    action, words = MALFORMED[name]
    fixtures = [request.getfixturevalue(one) for one in inspect.signature(action).parameters]

    with pytest.raises(CourseError) as raised:
        action(*fixtures)

    text = str(raised.value)
    assert "\n" not in text and text.endswith("."), text
    for word in words:
        assert word in text, text


COMMANDS = {
    "no command": ([], "usage:"),
    "another command": (["doktor"], "usage:"),
    "another option": (["project", "--trails", "3"], "usage:"),
    "trials without a number": (["project", "--trials"], "usage:"),
    "trials in words": (["project", "--trials", "three"], "usage:"),
    "seed with a fraction": (["project", "--seed", "1.5"], "usage:"),
    "an option of the doctor": (["doctor", "--fix"], "usage:"),
    "another argument": (["project", "mnist.npz"], "usage:"),
    "more trials than can be counted": (["project", "--trials", "9" * 20], "Error: "),
    "an empty source": (["project", "--data", ""], "Error: "),
    "a folder as source": (["project", "--data", "."], "Error: "),
    "a folder as test data": (["project", "--test-data", "."], "Error: "),
    "a missing progress file": (["progress", "none.json"], "Error: "),
    "a folder as progress file": (["progress", "."], "Error: "),
    "an export of nothing": (["export", ".", "a.zip"], "Error: "),
    "an import of nothing": (["import", "a.zip", "new"], "Error: "),
    "an import to nowhere": (["import", "a.zip"], "usage:"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_malformed_command_ends_with_2(name, capsys, tmp_path, monkeypatch):
    arguments, start = COMMANDS[name]
    monkeypatch.chdir(tmp_path)
    try:
        status = __main__.main(arguments)
    except SystemExit as stop:  # argparse's way
        status = stop.code

    said = capsys.readouterr()
    assert status == 2
    assert said.err.startswith(start)
    assert "Traceback" not in said.err
    if start == "Error: ":
        assert re.fullmatch(r"Error: [^\n]+\.\n", said.err)
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "runs"])


EXPECTS_OUR_ERROR = re.compile(
    r"raises\(\(?(CourseError|BudgetSpent)|assert_one_sentence|\brefuse\(|(status|code) == 2\b"
)


def count_malformed() -> collections.Counter:
    """How many malformed inputs the tests of each module try: those that expect our error."""
    counted = collections.Counter()

    class Count:
        def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
            for item in items:
                source = inspect.getsource(item.function)
                if EXPECTS_OUR_ERROR.search(source):
                    counted[item.path.name] += 1

    folder = Path(__file__).parent
    options = ["--collect-only", "-p", "no:cacheprovider", "-p", "no:terminal"]
    pytest.main([*options, *map(str, sorted(folder.glob("test_*.py")))], [Count()])
    return counted


if __name__ == "__main__":
    numbers = count_malformed()
    for module, number in sorted(numbers.items()):
        print(f"{number:5d}  {module}")
    print(f"{numbers.total():5d}  in all")
    sys.exit(numbers.total() < 40)
