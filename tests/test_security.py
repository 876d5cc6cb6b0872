"""The server is for its owner alone, and nothing runs that is not meant to be code."""

from __future__ import annotations

import ast
import contextlib
import datetime
import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from drills.offline import HOMES, sealed, why_not

ROOT = Path(__file__).resolve().parent.parent

# JupyterLab as `make lab` starts it


class Server:
    """JupyterLab in a process, and requests to it that keep cookies as a browser does."""

    def __init__(self, process: subprocess.Popen, record: Path):
        self.process, self.record = process, record
        self.token = json.loads(record.read_text("utf-8"))["token"]
        self.url = json.loads(record.read_text("utf-8"))["url"]
        self.cookies = http.cookiejar.CookieJar()

    def ask(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, str]:
        """Return the status and the text of the answer; ``X_Token`` is the header ``X-Token``."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=b"{}" if method == "POST" else None,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )
        try:
            with browser.open(request, timeout=120) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("usual", marks=pytest.mark.slow),
        pytest.param("a home that cannot be written", marks=pytest.mark.slow),
    ],
)
def server(request, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copytree(ROOT / "binder", folder / "course" / "binder")
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    recipe = re.search(r"^lab:.*\n\t@(.*)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)[1]
    recipe = recipe.replace(".venv/bin/python", sys.executable).replace("$(ARGS)", "--no-browser")
    command = recipe.split(" ")
    command += ["--allow-root", "--port=0"]  # a test may be run by root, and beside other servers
    if request.param != "usual":
        conditions = {"read_only": [folder / "home"], "network": True}
        if reason := why_not(**conditions):
            pytest.skip(reason)
        command = sealed(command, **conditions)
    kept = {n: v for n, v in os.environ.items() if not n.startswith(HOMES)}
    places = {"HOME": folder / "home", "USERPROFILE": folder / "home", "TMPDIR": folder / "tmp"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder / "course",
            env=kept | {name: str(place) for name, place in places.items()},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield wait_for_server(process, folder)
    finally:
        process.terminate()
        process.wait(60)


def wait_for_server(process: subprocess.Popen, folder: Path) -> Server:
    """Return the server once it answers; it writes its record a moment before it listens."""
    end = time.monotonic() + 200
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(StopIteration, ValueError, urllib.error.URLError):
            server = Server(process, next(folder.rglob("jpserver-*.json")))
            if server.ask("api")[0] == 200:  # its version, which everybody may know
                return server
        time.sleep(0.1)
    pytest.fail((folder / "log").read_text())


def test_it_listens_to_this_machine_alone(server):
    connections = psutil.Process(server.process.pid).net_connections("tcp")
    addresses = {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}

    assert addresses and addresses <= {"127.0.0.1", "::1"}


def test_a_request_without_the_token_is_refused(server):
    assert len(server.token) >= 32
    for wrong in ("", "?token=", "?token=0"):
        for path in ("api/contents", "api/kernels", "api/sessions", "api/terminals"):
            assert server.ask(path + wrong)[0] == 403
            assert server.ask(path + wrong, method="POST")[0] == 403
        assert "JUPYTER_CONFIG_PATH" not in server.ask(f"files/binder/start{wrong}")[1]
    assert "JUPYTER_CONFIG_PATH" in server.ask(f"files/binder/start?token={server.token}")[1]
    server.cookies.clear()


def test_a_browser_that_knows_the_token_is_still_asked_for_its_xsrf_cookie(server):
    assert server.ask(f"lab?token={server.token}")[0] == 200  # from now on it has the cookies
    assert server.ask("api/contents")[0] == 200

    status, answer = server.ask("api/contents", method="POST")
    assert status == 403
    assert "_xsrf" in answer
    xsrf = next(cookie.value for cookie in server.cookies if cookie.name == "_xsrf")
    assert server.ask("api/contents", method="POST", X_XSRFToken=xsrf)[0] == 201
    server.cookies.clear()


def test_a_page_of_another_site_is_refused(server):
    token = {"Authorization": f"token {server.token}"}

    assert server.ask("api/contents", **token)[0] == 200
    assert server.ask("api/contents", Host="evil.example", **token)[0] == 403


def test_a_kernel_starts_and_its_keys_are_the_owners_alone(server):
    token = {"Authorization": f"token {server.token}"}

    status, answer = server.ask("api/kernels", method="POST", **token)

    assert status == 201
    keys = [server.record, server.record.with_name(f"kernel-{json.loads(answer)['id']}.json")]
    if os.name != "nt":
        assert [file.stat().st_mode & 0o077 for file in keys] == [0, 0]
    assert server.ask(f"api/kernels/{json.loads(answer)['id']}", method="DELETE", **token)[0] == 204


# Code

# Ruff's rules of the group S hold the rest (see pyproject.toml); these doors are of NumPy and Keras.
DOORS = {"allow_pickle=True", "safe_mode=False", "enable_unsafe_deserialization"}


def opened_doors(tree: ast.AST) -> set[str]:
    """The calls in a source that would let NumPy or Keras run what a file brings."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    words = {ast.unparse(keyword) for call in calls for keyword in call.keywords}
    return DOORS & (words | {ast.unparse(call.func).split(".")[-1] for call in calls})


@pytest.mark.parametrize(
    ("source", "door"),
    [
        ("np.load(path, allow_pickle=True)", {"allow_pickle=True"}),
        ("keras.models.load_model(path, safe_mode=False)", {"safe_mode=False"}),
        ("keras.config.enable_unsafe_deserialization()", {"enable_unsafe_deserialization"}),
        ("np.load(path, allow_pickle=False)", set()),
    ],
)
def test_doors_are_known(source, door):
    assert opened_doors(ast.parse(source)) == door


def test_no_file_is_trusted():
    folders = ("nascourse", "tests", "binder", "notebooks", "solutions/source")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    texts = [(path.name, path.read_text("utf-8")) for path in sources]
    words = [door.partition("=")[0] for door in DOORS]
    opened = {
        name
        for name, text in texts
        if any(word in text for word in words) and opened_doors(ast.parse(text))
    }

    assert len(sources) > 60
    assert opened == {"test_fuzz.py"}  # makes the file that must be refused


# Notebooks

HARMLESS = {"text/plain", "text/html", "text/markdown", "image/png"}
# What acts in a page: scripts, handlers, frames, links that run code, JupyterLab's command links.
ACTIVE = re.compile(
    r"<(script|iframe|object|embed|form|meta|base|link)\b|\son\w+\s*=|(java|vb)script:"
    r"|data:text/html|srcdoc|data-commandlinker",
    re.IGNORECASE,
)
NOTEBOOKS = sorted(
    path
    for name in ("notebooks", "solutions", "exercises")
    for path in (ROOT / name).glob("*.ipynb")
)


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("<script>alert(1)</script>", True),
        ('<img src=x onerror="go()">', True),
        ('<a href="javascript:go()">', True),
        ('<button data-commandlinker-command="x">', True),
        ('<table border="1"><td>once = 1</td></table>', False),
        ("JavaScript is a language", False),
    ],
)
def test_what_acts_in_a_page_is_known(text, active):
    assert bool(ACTIVE.search(text)) == active


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_notebook_brings_no_script(path):
    nb = nbformat.read(path, as_version=4)

    assert "widgets" not in nb.metadata
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            assert not ACTIVE.search(cell.source)
        for output in cell.get("outputs", []):
            kinds = output.get("data", {})
            assert kinds.keys() <= HARMLESS
            for kind in kinds.keys() - {"image/png"}:
                assert not ACTIVE.search(kinds[kind]), kinds[kind][:200]


# What the course rests on


def test_the_pins_have_a_date():
    """Whoever reads them sees how old they are."""
    text = (ROOT / "requirements.txt").read_text("utf-8")

    date = datetime.date.fromisoformat(re.search(r"^# Pinned on (\S+):", text, re.MULTILINE)[1])

    assert datetime.date(2026, 11, 1) <= date <= datetime.date.today() + datetime.timedelta(1)


def test_the_checks_run_without_a_secret():
    """What `.ci/run` and `make` do needs no account anywhere."""
    for name in (".ci/run", "Makefile"):
        text = (ROOT / name).read_text("utf-8")
        assert not re.search("token|secret|passw|credential|api.?key", text, re.IGNORECASE), name
