"""What mybinder.org builds and launches from binder/, and what `make lab` takes from there."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent
BINDER = ROOT / "binder"
LAYOUT = "default-37a8.jupyterlab-workspace"

needs_bash = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("bash"), reason="there is no bash here"
)


def read(name: str) -> str:
    return (BINDER / name).read_text(encoding="utf-8")


def test_binder_has_the_pins_of_the_course():
    """A copy: a line such as ``-r ../requirements.txt`` would cost Binder its cached layer."""
    advice = "copy requirements.txt to binder/requirements.txt"
    assert read("requirements.txt") == (ROOT / "requirements.txt").read_text("utf-8"), advice


@needs_bash
@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_the_scripts_are_sound(name):
    lines = read(name).splitlines()

    assert lines[0] == "#!/bin/bash"
    assert os.access(BINDER / name, os.X_OK)
    assert subprocess.run(["bash", "-n", BINDER / name], check=False).returncode == 0
    if name == "postBuild":
        assert "set -e" in lines[:4], "a step that fails must fail the build"
    else:
        assert lines[-1] == 'exec "$@"'


@needs_bash
def test_a_launch_uses_one_thread_and_finds_the_configuration():
    show = "import os, sys; print(*sys.argv[1:], sep='|'); print(dict(os.environ))"
    answer = subprocess.run(
        [BINDER / "start", sys.executable, "-c", show, "two words", "--option"],
        env={**os.environ, "REPO_DIR": "/home/a learner"},
        capture_output=True,
        text=True,
        check=True,
    )

    arguments, environment = answer.stdout.splitlines()
    assert arguments == "two words|--option"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        assert f"'{name}': '1'" in environment
    assert "'JUPYTER_CONFIG_PATH': '/home/a learner/binder'" in environment


@pytest.mark.skipif(
    sys.platform == "win32" or not importlib.util.find_spec("repo2docker"),
    reason="repo2docker is not installed, or does not run here",
)
def test_repo2docker_takes_every_step():
    # as mybinder.org runs it, but without Docker: it prints the Dockerfile
    command = ["-m", "repo2docker", "--no-build", "--debug", "--user-id=1000", "--user-name=jovyan"]
    answer = subprocess.run(
        [sys.executable, *command, "."], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 0, answer.stderr
    assert "Building conda environment for python=3.12" in answer.stderr
    steps = [
        "/environment.lock",
        "src/binder/requirements.txt ${REPO_DIR}/binder/requirements.txt",
        'RUN ${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"',
        "src/ ${REPO_DIR}/",  # after the installation: a new commit does not repeat it
        "RUN ./binder/postBuild",
        'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"',
    ]
    places = [answer.stdout.index(step) for step in steps]
    assert places == sorted(places)


def run_configuration(course: Path) -> SimpleNamespace:
    """Run the configuration of a copy of the course as Jupyter does, and return what it sets."""
    config = SimpleNamespace(ServerApp=SimpleNamespace(), LabApp=SimpleNamespace())
    name = str(course / "binder" / "jupyter_lab_config.py")
    runpy.run_path(name, init_globals={"get_config": lambda: config})
    return config


def test_the_configuration_leaves_security_alone(tmp_path):
    """No token, port, address or XSRF setting: Jupyter's own are the safe ones."""
    shutil.copytree(BINDER, tmp_path / "binder")

    config = run_configuration(tmp_path)

    assert config.ServerApp.root_dir == str(tmp_path)
    assert vars(config.ServerApp).keys() == {"root_dir", "contents_manager_class"}
    assert vars(config.LabApp) == {
        "app_settings_dir": str(tmp_path / "binder"),
        "workspaces_dir": str(tmp_path / "runs" / "jupyterlab"),
    }


def test_the_layout_is_given_once_and_then_the_learners_own(tmp_path):
    shutil.copytree(BINDER, tmp_path / "binder")
    run_configuration(tmp_path)
    kept = tmp_path / "runs" / "jupyterlab" / LAYOUT
    assert kept.read_text("utf-8") == read(LAYOUT)

    kept.write_text("changed", encoding="utf-8")
    run_configuration(tmp_path)

    assert kept.read_text("utf-8") == "changed"


def test_the_layout_opens_notebooks_that_exist():
    opened = json.loads(read(LAYOUT))["data"]
    paths = [value["data"]["path"] for key, value in opened.items() if key.startswith("notebook:")]

    assert opened["layout-restorer:data"]["main"]["current"] == f"notebook:{paths[0]}"
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_jupyterlab_knows_every_setting():
    jupyter = Path(sys.prefix) / "share" / "jupyter"
    for plugin, settings in json.loads(read("overrides.json")).items():
        package, name = plugin.split(":")
        folders = (
            jupyter / "lab",
            jupyter / "labextensions" / package,
        )  # its own, and an extension's
        (schema,) = (
            json.loads(path.read_text("utf-8"))
            for folder in folders
            if (path := folder / "schemas" / package / f"{name}.json").exists()
        )
        assert settings.keys() <= schema["properties"].keys(), plugin


def test_make_lab_takes_the_same_configuration():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = re.search(r"^lab:.*\n\t(.*)", makefile, re.MULTILINE)[1]

    assert recipe == "@.venv/bin/python -m jupyterlab --config=binder/jupyter_lab_config.py $(ARGS)"
