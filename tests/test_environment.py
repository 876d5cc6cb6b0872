"""What other work has left behind is named with its way out, and what cannot train is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nascourse import CourseError
from nascourse._engine import environment

ROOT = Path(__file__).resolve().parent.parent
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONPATH", "JUPYTER_PATH", "KERAS_BACKEND", "KERAS_HOME", "XDG_CONFIG_HOME")
    and not name.startswith(("MATPLOTLIB", "MPL"))
    and not name.lower().endswith("_proxy")
}


@pytest.fixture
def found(tmp_path, monkeypatch):
    """The problems of a machine with these variables and these settings of Keras."""

    def problems(settings: dict | None = None, **variables: str) -> list[environment.Problem]:
        for name in set(os.environ) - set(CLEAN):
            monkeypatch.delenv(name)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        monkeypatch.setenv("HOME", str(tmp_path))
        if settings is not None:
            (tmp_path / "keras.json").write_text("\ufeff" + json.dumps(settings), "utf-8")
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return [p for p in environment.problems() if p.subject != "processor"]

    return problems


def test_a_clean_machine_has_none(found):
    assert found({"backend": "tensorflow", "floatx": "float32"}) == []


@pytest.mark.parametrize(
    "settings, variables, when, words",
    [
        ({"backend": "theano"}, {}, "import", ("theano", "KERAS_BACKEND=tensorflow")),
        ({"backend": "theano"}, {"KERAS_BACKEND": "tensorflow"}, None, ()),
        ({}, {"KERAS_BACKEND": "jax"}, "import", ("jax", "KERAS_BACKEND=tensorflow")),
        ({"image_data_format": "channels_first"}, {}, "search", ("channels_last", "keras.json")),
        ({"floatx": "float16"}, {}, "search", ("float16", "keras.json")),
        ({"floatx": "bfloat16"}, {}, "import", ("bfloat16", "keras.json")),
        ({"epsilon": 0}, {}, "import", ("epsilon is 0", "keras.json")),
        ({}, {"MPLBACKEND": "qt"}, "import", ("unset MPLBACKEND",)),
        ({}, {"MPLBACKEND": "inline"}, None, ()),
        ({}, {"MPLBACKEND": "Agg"}, None, ()),
        ({}, {"TF_USE_LEGACY_KERAS": "1"}, "import", ("unset TF_USE_LEGACY_KERAS",)),
        ({}, {"KERASTUNER_ORACLE_IP": "127.0.0.1"}, "search", ("unset KERASTUNER_ORACLE_IP",)),
        ({}, {"KERAS_MAX_EPOCHS": "1"}, "search", ("unset KERAS_MAX_EPOCHS",)),
        ({}, {"KERAS_MAX_STEPS_PER_EPOCH": ""}, "import", ("unset KERAS_MAX_STEPS_PER_EPOCH",)),
        ({}, {"http_proxy": "http://proxy:3128"}, "", ("no_proxy=localhost",)),
        ({}, {"http_proxy": "http://proxy:3128", "no_proxy": "localhost,127.0.0.1"}, None, ()),
    ],
)
def test_each_problem_is_named_with_its_way_out(found, settings, variables, when, words):
    problems = found(settings, **variables)

    assert [problem.when for problem in problems] == ([] if when is None else [when])
    for word in words:
        assert word in f"{problems[0].finding} {problems[0].fix}"


def test_notebooks_in_another_python_are_named(found, tmp_path):
    kernel = tmp_path / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text('{"argv": ["/opt/other/bin/python", "-m", "ipykernel_launcher"]}')

    (jupyter,) = found(JUPYTER_PATH=str(tmp_path))

    assert "/opt/other/bin/python" in jupyter.finding and "unset JUPYTER_PATH" in jupyter.fix


@pytest.mark.parametrize(
    "variables, folder",
    [
        ({}, "."),
        ({"MATPLOTLIBRC": "lab"}, "lab"),
        ({"MPLCONFIGDIR": "own"}, "own"),
        ({"XDG_CONFIG_HOME": "settings"}, "settings/matplotlib"),
        ({}, ".config/matplotlib"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the folders have other names")
def test_latex_in_the_settings_of_matplotlib_is_named(found, tmp_path, variables, folder):
    file = tmp_path / folder / "matplotlibrc"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("text.usetex: True\n")

    (latex,) = found(**variables)

    assert "usetex" in latex.finding and latex.fix.endswith("matplotlibrc") and not latex.when


def test_a_search_refuses_what_only_a_search_minds(found, monkeypatch):
    found(KERASTUNER_TUNER_ID="chief")
    environment.demand("import")
    with pytest.raises(CourseError, match="KERASTUNER_TUNER_ID is set"):
        environment.demand("search")


@pytest.mark.parametrize("place", ["PYTHONPATH", "the current folder"])
def test_another_numpy_in_front_is_one_sentence_for_doctor_and_notebook(tmp_path, place):
    if place == "PYTHONPATH":  # installed there, with its version beside it
        others = tmp_path / "others"
        (others / "numpy").mkdir(parents=True)
        (others / "numpy-1.24.4.dist-info").mkdir()
        (others / "numpy-1.24.4.dist-info" / "METADATA").write_text("Name: numpy\nVersion: 1.24.4")
        file, folders, way_out = others / "numpy" / "__init__.py", [others, ROOT], "unset PYTHON"
    else:
        file, folders, way_out = tmp_path / "numpy.py", [ROOT], "rename or move it"
    file.write_text('__version__ = "1.24.4"')
    variables = {**CLEAN, "PYTHONPATH": os.pathsep.join(map(str, folders))}

    def run(*arguments: str) -> str:
        answer = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert answer.returncode != 0
        return (answer.stdout + answer.stderr).strip()

    for said in (run("-m", "nascourse", "doctor"), run("-c", "from nascourse import data")):
        comes_from = file.parent if place == "PYTHONPATH" else file
        assert f"numpy: it comes from {comes_from}" in said and way_out in said
        assert "1.24.4 is installed" not in said


@pytest.mark.slow
def test_a_closed_error_stream_is_no_obstacle(run_python):
    code = "import os; os.close(2); import nascourse.search; print('imported')"

    assert run_python("-c", code).stdout.strip() == "imported"
