"""Importing does nothing but import, quickly, and a learner's mistake is one sentence."""

from __future__ import annotations

import ast
import doctest
import importlib
import os
import re
from pathlib import Path

import pytest

import nascourse

PACKAGE = Path(nascourse.__file__).parent
ROOT = PACKAGE.parent


def test_import_is_fast_and_loads_no_library(run_python):
    code = """
import sys, time
start = time.process_time()
import nascourse
print(time.process_time() - start)
print(sorted({"numpy", "pandas", "matplotlib", "keras", "tensorflow"} & set(sys.modules)))
"""
    result = run_python("-c", code)

    seconds, loaded = result.stdout.split("\n")[:2]
    assert float(seconds) < 0.2
    assert loaded == "[]"
    assert result.stderr == ""


@pytest.mark.slow
def test_importing_every_module_seeds_prints_and_styles_nothing(run_python, tmp_path):
    """Nor does it load PyTorch, which AutoKeras imports wherever it is installed."""
    code = """
import gc, os, random, sys
sys.path.insert(0, sys.argv[1])
import nascourse._engine.backend
import autokeras  # TensorFlow draws from Python's generator when it is imported
import matplotlib.pyplot as plt
import numpy as np
random.seed(1); np.random.seed(1)
python, numpy = random.getstate(), np.random.get_state()
style, folder = dict(plt.rcParams), sorted(os.listdir())
from nascourse import data, evaluation, plotting, search, spaces, strategies, trials
from nascourse.cli import project
assert random.getstate() == python, "Python's random state has changed"
assert str(np.random.get_state()) == str(numpy), "NumPy's random state has changed"
assert dict(plt.rcParams) == style, "Matplotlib's style has changed"
assert sorted(os.listdir()) == folder, "a file was written"
assert not plt.get_fignums(), "a figure was opened"
assert gc.isenabled(), "the garbage collector is off"
"""
    if os.environ.get("KERAS_BACKEND") != "torch":
        (tmp_path / "torch.py").write_text("print('torch was imported')\n")

    result = run_python("-c", code, tmp_path)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_command_line_starts_in_a_bare_python(run_python, tmp_path):
    """Without packages it does not crash: it names the doctor."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from nascourse.__main__ import main
sys.exit(main(["project"]))
"""
    result = run_python("-I", "-S", "-c", code, cwd=tmp_path)

    assert result.returncode == 2
    assert "python -m nascourse doctor" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["__init__", "__main__", "cli/doctor"])
def test_the_door_is_readable_for_python_3_9(name):
    """An interpreter that is too old must reach the sentence that says so."""
    source = (PACKAGE / f"{name}.py").read_text("utf-8")

    tree = ast.parse(source, feature_version=(3, 9))

    futures = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert ("__future__", "annotations") in [(n.module, n.names[0].name) for n in futures]


def test_course_error_is_one_line_in_ipython(run_python):
    pytest.importorskip("IPython")
    code = "from nascourse import CourseError\nraise CourseError('Give at least 3.')"

    result = run_python("-m", "IPython", "--colors=NoColor", "--no-banner", "-c", code)

    assert (result.stdout + result.stderr).strip() == "CourseError: Give at least 3."


def test_course_error_is_a_value_error():
    with pytest.raises(ValueError, match="Give at least 3"):
        raise nascourse.CourseError("Give at least 3.")


def test_version_agrees_with_the_project_file():
    project = (ROOT / "pyproject.toml").read_text("utf-8")

    citation = (ROOT / "CITATION.cff").read_text("utf-8")

    assert re.search(r'^version = "(.+)"$', project, re.MULTILINE)[1] == nascourse.__version__
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == nascourse.__version__


@pytest.mark.parametrize("name", ["data", "spaces", "trials"])
def test_the_examples_of_the_docstrings_hold(name):
    failed, attempted = doctest.testmod(importlib.import_module(f"nascourse.{name}"))

    assert attempted > 0
    assert failed == 0
