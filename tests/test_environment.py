"""What other work has left behind is named with its way out, and what cannot train is refused."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from nascourse import CourseError
from nascourse._engine import environment

ROOT = Path(__file__).resolve().parent.parent
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONPATH", "KERAS_BACKEND", "KERAS_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    and not name.startswith(("MATPLOTLIB", "MPL", "JUPYTER_"))
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
        ({}, {"TMPDIR": "/is/gone"}, "", ("TMPDIR names /is/gone", "unset TMPDIR")),
        ({}, {"TEMP": __file__}, "", ("TEMP names", "unset TEMP")),
        ({}, {"TMP": os.path.expanduser("~")}, None, ()),
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


@pytest.mark.parametrize("comes_first", [True, False])
def test_a_kernel_of_the_user_is_named_where_it_comes_first(found, tmp_path, comes_first):
    kernel = tmp_path / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text('{"argv": ["/opt/other/bin/python", "-m", "ipykernel_launcher"]}')
    choice = "0" if comes_first else "1"

    problems = found(JUPYTER_DATA_DIR=str(tmp_path), JUPYTER_PREFER_ENV_PATH=choice)

    named = [p for p in problems if p.subject == "Jupyter"]
    assert [p.fix for p in named] == [f"remove {kernel.parent}"] * comes_first
    kernel.write_text(json.dumps({"argv": [sys.executable, "-m", "ipykernel_launcher"]}))
    assert found(JUPYTER_DATA_DIR=str(tmp_path), JUPYTER_PREFER_ENV_PATH=choice) == []


@pytest.mark.parametrize("prefix", ["environment", "the same"])
@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"JUPYTER_DATA_DIR": "/data"},
        {"JUPYTER_PREFER_ENV_PATH": "0"},
        {"JUPYTER_PREFER_ENV_PATH": "False"},
        {"JUPYTER_PREFER_ENV_PATH": ""},
        {"XDG_DATA_HOME": "/xdg"},
        {"CONDA_PREFIX": sys.prefix, "CONDA_DEFAULT_ENV": "course"},
        {"CONDA_PREFIX": sys.prefix, "CONDA_DEFAULT_ENV": "base"},
    ],
)
def test_the_folders_of_jupyter_are_in_its_own_order(found, monkeypatch, variables, is_own, prefix):
    paths = pytest.importorskip("jupyter_core.paths")
    found(**variables)
    monkeypatch.setattr(os, "getlogin", lambda: Path(sys.prefix).owner() if is_own else "ada")
    if prefix == "the same":
        monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    of_environment = os.path.join(sys.prefix, "share", "jupyter")
    expected = [p for p in paths.jupyter_path() if p not in ("/usr/share/jupyter",)]
    expected = [p for p in expected if p != "/usr/local/share/jupyter" or p == of_environment]

    of_user = [*environment._of_user()]
    comes_first = environment._environment_comes_first()

    ours = [of_environment, *of_user] if comes_first else [*of_user, of_environment]
    assert list(map(os.path.normcase, ours)) == list(map(os.path.normcase, expected))


@pytest.mark.skipif(sys.platform != "linux", reason="only there processes need this folder")
@pytest.mark.parametrize(
    "total, free, is_named",
    [(2**26, 4 * 4096, True), (4096, 0, True), (2**26, 2**25, False), (0, 0, False)],
)
def test_memory_that_processes_cannot_share_is_named(found, monkeypatch, total, free, is_named):
    usage = {environment._SHARED_MEMORY: SimpleNamespace(total=total, free=free)}
    monkeypatch.setattr(shutil, "disk_usage", usage.__getitem__)

    fixes = [problem.fix for problem in found()]

    assert len(fixes) == is_named
    assert all("--shm-size" in fix and "without an executor" in fix for fix in fixes)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are always UTF-8")
@pytest.mark.parametrize("utf_8", ["0", "1"])
def test_a_locale_without_umlauts_is_named(tmp_path, utf_8):
    code = "from nascourse._engine import environment; print(*environment.problems())"
    ascii_only = {"PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PYTHONUTF8": utf_8}
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**CLEAN, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), **ascii_only},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert ("names of files are ascii" in answer.stdout) == (utf_8 == "0")
    assert ("set PYTHONUTF8=1" in answer.stdout) == (utf_8 == "0")


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


def test_all_that_the_course_imports_is_looked_for():
    """All pins but that of JupyterLab, in which the course is only read."""
    pins = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)

    assert {*environment.IMPORTED.values()} == {*pins} - {"jupyterlab", "tensorflow"}
    for name, package in environment.IMPORTED.items():
        assert environment.installed(package), package
        assert importlib.util.find_spec(name), name


@pytest.mark.slow
def test_any_other_module_in_front_is_one_sentence_for_doctor_and_notebook(tmp_path):
    """An empty file of each name in turn, beside the script, in a folder that is not the current one."""
    script = """
import importlib, json, os, sys
from pathlib import Path
from nascourse import CourseError
from nascourse._engine import environment
from nascourse.cli import doctor

said = {}
for name in environment.IMPORTED:
    file = Path(__file__).with_name(f"{name}.py")
    file.touch()
    importlib.invalidate_caches()
    try:
        environment.demand("import")
        sentence = ""
    except CourseError as error:
        sentence = str(error)
    said[name] = [sentence, [str(check) for check in doctor.examine() if check.subject == name]]
    file.unlink()
    for module in [*sys.modules]:
        if module.partition(".")[0] in environment.IMPORTED:
            del sys.modules[module]
print(json.dumps(said))
"""
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "script.py").write_text(script)

    answer = subprocess.run(
        [sys.executable, folder / "script.py"],
        cwd=tmp_path,
        env={**CLEAN, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    for name, (sentence, checks) in json.loads(answer.stdout).items():
        comes_from = f"{name}: it comes from {folder.resolve() / name}.py, and not from the env"
        assert sentence.startswith(comes_from), name
        assert "Fix: rename or move it" in sentence and sentence.endswith("."), name
        assert any(check.startswith(f"FAULT {comes_from}") for check in checks), name


def test_another_autokeras_in_front_is_named_before_keras_is_loaded(run_python, tmp_path):
    (tmp_path / "autokeras.py").touch()

    answer = run_python("-c", "from nascourse import search", cwd=tmp_path)

    assert answer.returncode == 1
    last = answer.stderr.strip().splitlines()[-1]
    assert last.startswith("nascourse.CourseError: autokeras: it comes from") and last.endswith(".")


@pytest.mark.parametrize(
    "case, is_elsewhere",
    [
        ("a module", False),
        ("a package", False),
        ("a link", False),
        ("editable", False),
        ("no metadata", False),
        ("another copy", True),
    ],
)
def test_what_lies_where_it_was_installed_is_no_problem(tmp_path, monkeypatch, case, is_elsewhere):
    folder, elsewhere = tmp_path / "environment", tmp_path / "elsewhere"
    metadata = folder / "lent_thing-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Name: lent-thing\nVersion: 1.0")
    package = (folder if case == "a package" else elsewhere) / "lent_thing"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    if case == "a module":
        (folder / "lent_thing.py").touch()
    if case == "a link":
        (folder / "lent_thing").symlink_to(package, target_is_directory=True)
    if case == "editable":
        (metadata / "direct_url.json").write_text('{"url": "", "dir_info": {"editable": true}}')
    if case == "no metadata":
        (metadata / "METADATA").unlink()
        metadata.rmdir()
    order = [elsewhere, folder] if is_elsewhere else [folder, elsewhere]
    monkeypatch.setattr(sys, "path", [*map(str, order), *sys.path])
    importlib.invalidate_caches()
    monkeypatch.setattr(environment, "IMPORTED", {"lent_thing": "lent-thing"})

    problems = [p for p in environment.problems() if p.subject == "lent_thing"]

    assert [str(package) in problem.finding for problem in problems] == [True] * is_elsewhere
    if is_elsewhere:
        assert "PYTHONPATH" not in problems[0].fix  # it is the first folder, as that of a script


@pytest.mark.slow
def test_neither_error_stream_nor_home_nor_unicode_is_needed(run_python, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.write_text("in the way")
    places = {"HOME": str(home), "USERPROFILE": str(home)}
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for name, value in (places | ascii_only).items():
        monkeypatch.setenv(name, value)
    code = "import os; os.close(2); from nascourse import plotting, search; print('imported')"

    assert run_python("-c", code).stdout.strip() == "imported"
