"""The course in a real JupyterLab, in a real browser, as a learner meets it.

The server is the one of `make lab` (token and all), started in a copy of the course with a home of
its own. The browser is the Chromium found on the PATH. Screenshots are left in runs/browser/.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import nbconvert
import nbformat
import numpy as np
import pytest
from busy import crowding
from chromium import needs_chromium

from notebooks import build

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "runs" / "browser"
# Which units run whole: those with one of these words in their names ("0 1": all).
NAMED = os.environ.get("NASCOURSE_TEST_UNITS", "00_start").split()
UNITS = sorted(path.stem for path in ROOT.glob("notebooks/*.ipynb"))
UNITS = [unit for unit in UNITS if any(name in unit for name in NAMED)]
FIRST = "notebooks/00_start_here.ipynb"
VIEW = "notebooks/view.ipynb"  # what shows a view; one kernel loads TensorFlow for all of them
MINUTE = 60_000  # Playwright counts milliseconds
NUMBER = re.compile(r"\[\d+\]:")  # stands beside a cell that has run

# Of an exercise that needs no TensorFlow.
SORTED = """\
def pareto_front(points):
    return sorted(points)"""
RIGHT = """\
def pareto_front(points):
    kept = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not kept or accuracy > kept[-1][1]:
            kept.append((cost, accuracy))
    return kept"""

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
playwright.expect.set_options(timeout=MINUTE)  # a busy machine takes its time
pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a learner opens, so that running it changes no file of the course."""
    folder = tmp_path_factory.mktemp("lab") / "the course"
    for name in ("binder", "notebooks", "exercises"):
        shutil.copytree(ROOT / name, folder / name)
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell()], metadata=build.METADATA)
    nbformat.write(nb, folder / VIEW)
    return folder


@pytest.fixture(scope="module")
def server(course: Path) -> Iterator[dict]:
    """A running JupyterLab: what its own record says of it, with its home and the text it printed."""
    home, runtime, log = (course.parent / name for name in ("home", "runtime", "log"))
    home.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    environment = kept | {
        "HOME": str(home),
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "NASCOURSE_PROGRESS": str(home / "progress.json"),
    }
    for name in ("MPLBACKEND", "PYTEST_CURRENT_TEST"):  # they change what notebooks print
        environment.pop(name, None)
    command = [sys.executable, "-m", "jupyterlab", "--config=binder/jupyter_lab_config.py"]
    command += ["--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=course, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        record = wait_for(lambda: next(runtime.glob("jpserver-*.json"), None), process)
        yield json.loads(record.read_text()) | {"home": home, "log": log}
    finally:
        process.terminate()  # it shuts its kernels down
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:  # Python waits for a thread of AnyIO that nobody stops
            process.kill()
            process.wait(60)


def wait_for(condition, process: subprocess.Popen | None = None, seconds: float = 60):
    """Return what `condition` returns, once that is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        assert process is None or process.poll() is None, "the server has stopped"
        time.sleep(0.1)
    return found


class Lab:
    """A JupyterLab page, with what a learner does in it."""

    def __init__(self, page, server: dict, course: Path):
        self.page, self.server, self.course = page, server, course

    def open(self, path: str = "", *, anew: bool = False) -> Lab:
        """Open the course as it greets a learner, one of its files there, or it alone in a new page."""
        if not path or anew or self.page.url == "about:blank":
            where = f"/workspaces/{Path(path).stem}/tree/{path}" if path else ""
            self.page.goto(f"{self.server['url']}lab{where}?token={self.server['token']}")
        else:
            self.page.get_by_role("menuitem", name="File", exact=True).click()
            self.page.get_by_role("menuitem", name="Open from Path").click()
            self.page.locator(".jp-Dialog input").fill(path)
            self.page.keyboard.press("Enter")
        playwright.expect(self.tab()).to_have_text(Path(path or FIRST).name)
        return self

    def tab(self):
        return self.page.locator(".lm-TabBar-tab.jp-mod-current")

    def cells(self):
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")

    def wait_until_idle(self) -> None:
        """Wait for a kernel that has nothing to do, as the status bar tells."""
        kernel = self.page.get_by_title(f"Change kernel for {self.tab().inner_text()}")
        kernel.filter(has_text="| Idle").wait_for(timeout=4 * MINUTE)

    def run_all(self, minutes: float) -> None:
        """Do Run > Restart Kernel and Run All Cells, and wait for the end."""
        self.wait_until_idle()
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Restart Kernel and Run All Cells").click()
        last = self.cells().last.locator(".jp-InputPrompt")
        playwright.expect(last).to_have_text("[*]:")
        playwright.expect(last).to_have_text(NUMBER, timeout=minutes * MINUTE)

    def run(self, cell, text: str | None = None, until: re.Pattern = NUMBER) -> None:
        """Run a cell, with other code if there is any, until this stands beside it."""
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        if text is not None:
            self.page.keyboard.press("ControlOrMeta+A")
            self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Shift+Enter")
        playwright.expect(prompt).not_to_have_text(before)
        playwright.expect(prompt).to_have_text(until)

    def saved(self, path: str) -> nbformat.NotebookNode:
        """Save the notebook, and read the file."""

        # The file changes as soon as the server begins to write it, and is whole when it answers.
        def whole(answer) -> bool:
            return answer.request.method == "PUT" and answer.url.partition("?")[0].endswith(path)

        with self.page.expect_response(whole):
            self.page.keyboard.press("ControlOrMeta+S")
        return nbformat.read(self.course / path, as_version=4)

    def shut_down_kernels(self, *, but_idle: Sequence[str] = ()) -> None:
        """Shut all kernels down, but those of some notebooks if they have nothing to do."""
        address = f"{self.server['url']}api/sessions"
        headers = {"Authorization": f"token {self.server['token']}"}
        for session in self.page.request.get(address, headers=headers).json():
            if session["path"] not in but_idle or session["kernel"]["execution_state"] != "idle":
                self.page.request.delete(f"{address}/{session['id']}", headers=headers)

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def picture_in_both_themes(self, name: str) -> None:
        for theme in ("Dark", "Light"):
            self.page.get_by_role("menuitem", name="Settings", exact=True).click()
            labels = self.page.locator(".lm-Menu-itemLabel")
            labels.filter(has_text=re.compile("^Theme$")).hover()
            labels.filter(has_text=f"JupyterLab {theme}").first.click()
            body = self.page.locator("body")
            playwright.expect(body).to_have_attribute("data-jp-theme-name", f"JupyterLab {theme}")
            playwright.expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
            self.picture(f"{name}_{theme.lower()}")


@pytest.fixture
def lab(browser, server, course, request) -> Iterator[Lab]:
    """One page for all tests, as JupyterLab takes seconds to load; a test that fails closes it."""
    page = browser.contexts[0].pages[0] if browser.contexts else browser.new_page()
    page.set_default_timeout(MINUTE)
    page.set_viewport_size({"width": 1280, "height": 1000})
    elsewhere, failed = [], request.session.testsfailed
    page.on("request", note := lambda request: elsewhere.append(request.url))
    yield (lab := Lab(page, server, course))
    lab.picture(re.sub(r"\W+", "_", request.node.name.removeprefix("test_")).strip("_"))
    lab.shut_down_kernels(but_idle=[VIEW, FIRST])
    page.remove_listener("request", note)
    if request.session.testsfailed > failed:
        page.close()
    # The course works offline: the page asks nobody but its server.
    allowed = (server["url"], server["url"].replace("http", "ws"), "data:", "blob:")
    assert [url for url in elsewhere if not url.startswith(allowed)] == []


def test_it_opens_on_the_first_unit_beside_its_contents_and_calls_it_unsaved_once_touched(lab):
    lab.open()

    lab.wait_until_idle()
    tab = lab.tab()
    playwright.expect(tab).to_have_text("00_start_here.ipynb")
    contents = lab.page.locator(".jp-TableOfContents .jp-tocItem-heading")
    playwright.expect(contents.first).to_be_visible()
    playwright.expect(contents.first).to_contain_text("Unit 00")
    playwright.expect(lab.cells().nth(1).locator(".cm-lineNumbers")).to_be_visible()
    playwright.expect(lab.page.locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)

    lab.page.wait_for_timeout(2000)  # for what the kernel has to say of itself
    playwright.expect(tab).not_to_have_class(re.compile("jp-mod-dirty"))
    lab.cells().nth(1).locator(".cm-content").click()
    lab.page.keyboard.insert_text("#")
    playwright.expect(tab).to_have_class(re.compile("jp-mod-dirty"))
    lab.page.keyboard.press("ControlOrMeta+Z")  # for the next test


def test_a_page_opens_as_preview_with_its_graphs_drawn(lab):
    text = "# A page\n\n```mermaid\ngraph LR\n    A[oracle] --> B[tuner]\n```\n"
    (lab.course / "page.md").write_text(text)

    lab.open("page.md")

    playwright.expect(lab.page.locator(".jp-MarkdownViewer h1")).to_contain_text("A page")
    graph = lab.page.locator(".jp-MarkdownViewer .jp-RenderedMermaid img")
    playwright.expect(graph).to_be_visible()


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_runs_to_its_end(lab, unit):
    path = f"notebooks/{unit}.ipynb"
    lab.open(path).run_all(minutes=4)

    def finished() -> list[nbformat.NotebookNode]:
        code = [cell for cell in lab.saved(path).cells if cell.cell_type == "code" and cell.source]
        return code if all(cell.execution_count for cell in code) else []

    cells = wait_for(finished)  # a busy page may hear last of another than the last cell
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        kinds = {output.get("name", output.output_type) for output in cell.outputs}
        assert not kinds & {"error", "stderr"}, cell.outputs
    lab.shut_down_kernels()


def test_an_exercise_answers_a_wrong_and_a_right_solution(lab):
    lab.open("exercises/07_tradeoffs.ipynb")
    lab.wait_until_idle()
    title = lab.page.locator(".jp-NotebookPanel h2", has_text="Exercise 7.1")
    title.scroll_into_view_if_needed()
    _launch, setup, answer, check = (lab.cells().nth(position) for position in range(4))
    verdict = check.locator(".jp-OutputArea-output").first
    lab.run(setup)

    lab.run(answer)
    lab.run(check)
    playwright.expect(verdict).to_contain_text("7.1")
    lab.picture("exercise_blank")

    lab.run(answer, SORTED)
    lab.run(check)
    playwright.expect(verdict).to_contain_text("No point is left out")
    lab.picture("exercise_wrong")

    lab.run(answer, RIGHT)
    lab.run(check)
    playwright.expect(verdict).to_contain_text("Each step to the right on a front buys accuracy")
    playwright.expect(check.locator(".jp-OutputArea-output img")).to_be_visible()

    progress = json.loads((lab.server["home"] / "progress.json").read_text())
    assert progress["exercises"]["07.1"]["passed"]
    assert lab.page.locator(".jp-Notebook").get_by_text("Traceback").count() == 0


def test_the_answer_to_a_prediction_is_folded_until_its_cell_is_run(lab):
    source = lab.course / "notebooks" / "source" / "99_guess.py"
    source.write_text('# %% tags=["prediction-result"]\nprint(f"The answer is {6 * 7}")\n')
    nb = build.read_source(source)
    output = nbformat.v4.new_output("stream", name="stdout", text="The answer is 42\n")
    nb.cells[0].update(execution_count=9, outputs=[output])
    nbformat.write(build.clean(nb), build.notebook_path(source))

    lab.open("notebooks/99_guess.ipynb").wait_until_idle()
    (cell,) = lab.cells().all()
    answer = cell.get_by_text("The answer is 42")
    playwright.expect(cell.locator(".jp-OutputPlaceholder")).to_have_text(re.compile("Run this"))
    playwright.expect(answer).not_to_be_visible()
    lab.picture("prediction_folded")
    lab.run(cell)
    playwright.expect(answer).to_be_visible()
    playwright.expect(cell).not_to_contain_text("Run this")


@pytest.fixture
def view(lab) -> Callable:
    """Open a notebook of one cell; return what runs other code in it and returns its output."""
    lab.open(VIEW).wait_until_idle()

    def show(code: str):
        lab.run(lab.cells().first, code.strip(), until=re.compile("[^ ]]:"))
        return lab.cells().first.locator(".jp-Cell-outputWrapper")

    return show


def test_a_replay_asks_before_it_shows(lab, view):
    output = view("""
from nascourse import trials
from nascourse.views import replay
recorded = trials.recorded("strategies")
greedy = recorded[(recorded["strategy"] == "greedy") & (recorded["seed"] == 1)]
replay.replay(greedy)
""")
    reveal = output.get_by_role("button", name="Reveal trial 1")
    reveal.click()
    playwright.expect(output).to_contain_text("Trial 1 reached")

    output.get_by_role("slider").first.press("ArrowRight")
    playwright.expect(output).to_contain_text("Trial 2 is not shown yet")
    lab.picture("replay_asks")
    output.get_by_role("radio", name="It does not.").check()
    output.get_by_role("button", name="Reveal trial 2").click()
    playwright.expect(output).to_contain_text("Trial 2 reached")
    playwright.expect(output).to_contain_text("of 1.")
    playwright.expect(output.get_by_role("img").first).to_be_visible()
    lab.picture("replay_shown")
    lab.page.set_viewport_size({"width": 800, "height": 1000})
    assert output.evaluate("node => node.scrollWidth - node.clientWidth") == 0
    lab.picture("replay_narrow")
    assert_no_fault(output)


IN_MID_SEARCH = re.compile(r"Trial ([2-9]|\d\d) of 50")  # a trial may end between two looks

SEARCH = """
import json, time
from nascourse import data, search, spaces
from nascourse.views import live

class Timed(live.SearchView):
    ends = []
    def epoch_end(self, *event):
        self.ends.append(time.time())
        super().epoch_end(*event)

splits = data.subset(data.load_mnist("bundled"), 500)
found = search.run_search(
    spaces.cnn_space, splits, strategy="random", max_trials={trials}, epochs={epochs}, seed=1,
    directory="../runs/view", overwrite=True, observer=Timed(),
)
print("stopped after", len(found.table), "epochs ended at", json.dumps(Timed.ends))
"""


# Notes, whenever the page changes: when, the trials and the points that the curves show of the last
# of them, and where the buttons are.
WATCH = """
window.seen = [];
new MutationObserver(() => {
  const area = document.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea");
  const button = area.querySelector("button"), curves = area.querySelectorAll("svg[role=img]")[1];
  if (!curves || !button || !area.querySelector("progress")) return;
  const y = button.getBoundingClientRect().top - area.getBoundingClientRect().top;
  const points = curves.querySelectorAll("circle[stroke='#E69F00']").length;
  window.seen.push([Date.now() / 1000, curves.getAttribute("aria-label"), points, y]);
}).observe(document.body, { childList: true, subtree: true, characterData: true });
"""


def test_each_epoch_is_on_the_screen_within_a_second_and_nothing_jumps(lab, view):
    lab.page.evaluate(WATCH)
    output = view(SEARCH.format(trials=2, epochs=12))

    playwright.expect(output).to_contain_text("stopped after 2", timeout=6 * MINUTE)
    ends = json.loads(output.inner_text().split("epochs ended at")[1])
    seen = lab.page.evaluate("window.seen")
    shown = [
        (when, (int(re.findall(r"trial (\d+)", label)[-1]), points))
        for when, label, points, _ in seen
        if points
    ]
    epochs = [(trial, epoch) for trial in (1, 2) for epoch in range(1, 13)]
    delays = [
        min(when for when, last in shown if last >= epoch) - end
        for epoch, end in zip(epochs, ends, strict=True)
        if end < ends[-1] - 1  # the page that stays has those of the last second
    ]
    print("delays in ms:", sorted(round(1000 * delay) for delay in delays))
    assert len(delays) >= 8
    assert np.percentile(delays, 95) < crowding()  # a second, where nothing else runs
    assert len({round(y) for *_, y in seen}) == 1


def test_a_drawing_is_read_with_the_mouse_and_from_the_keyboard(lab, view):
    output = view("""
from nascourse import plotting, spaces
from nascourse.views import draw
import keras
image = keras.Input((28, 28, 1), dtype="uint8")
halves = keras.layers.AveragePooling2D((28, 14))(keras.layers.Rescaling(1 / 25)(image))
model = keras.Model(image, keras.layers.Softmax()(keras.layers.Flatten()(halves)))
draw.DrawingView(model, ["left", "right"])
""")
    canvas, first = output.get_by_role("application"), output.locator("table tr").first
    playwright.expect(output).to_contain_text("Draw something")
    canvas.scroll_into_view_if_needed()
    box, mouse = canvas.bounding_box(), lab.page.mouse
    mouse.move(box["x"] + 60, box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + 60, box["y"] + 220, steps=5)
    mouse.up()
    playwright.expect(first).to_contain_text("left")
    lab.picture("drawing")

    canvas.press("Escape")
    playwright.expect(output).to_contain_text("Draw something")
    for key in ["ArrowRight"] * 8 + ["Space"] + ["ArrowDown"] * 5:
        canvas.press(key)
    playwright.expect(first).to_contain_text("right")
    output.get_by_role("button", name="Wipe").click()
    playwright.expect(output).to_contain_text("Draw something")
    assert_no_fault(output)


def test_a_running_search_has_buttons_can_be_opened_again_and_stays_in_a_saved_notebook(lab, view):
    """Whoever opens what was saved in mid-search, without its kernel, sees the last state then."""
    output = view(SEARCH.format(trials=50, epochs=1))
    output.get_by_role("button", name="Pause").click()
    playwright.expect(output.get_by_role("button", name="Continue")).to_be_visible()
    playwright.expect(output).to_contain_text("Paused")
    lab.picture_in_both_themes("search_paused")
    output.get_by_role("button", name="Continue").click()
    playwright.expect(output.get_by_role("button", name="Pause")).to_be_visible()
    playwright.expect(output).to_contain_text(IN_MID_SEARCH, timeout=4 * MINUTE)
    assert_no_fault(output)
    in_mid_search = lab.saved(VIEW)

    lab.open(VIEW, anew=True)
    playwright.expect(output.get_by_role("progressbar")).to_be_visible()
    before = output.get_by_role("progressbar").get_attribute("value")
    playwright.expect(output.get_by_role("progressbar")).not_to_have_attribute("value", before)
    lab.picture("search_opened_again")
    output.get_by_role("button", name="Stop after this trial").click()
    playwright.expect(output).to_contain_text(re.compile("of 50 trials finished"))
    playwright.expect(output.get_by_role("button")).to_have_count(0)
    lab.wait_until_idle()
    lab.picture("search_opened_again_and_stopped")
    assert_no_fault(output)

    # In copies, which no kernel knows; first alone, as the widgets of another would hide its picture.
    widgets = {"widgets": in_mid_search.metadata.pop("widgets")}
    for name, metadata in ("bare", {}), ("kept", widgets):
        in_mid_search.metadata |= metadata
        nbformat.write(in_mid_search, lab.course / f"notebooks/{name}.ipynb")
        exported, _ = nbconvert.HTMLExporter().from_notebook_node(in_mid_search)
        assert '<img alt="Trials as dots' in exported and "VBox(" not in exported

        lab.open(f"notebooks/{name}.ipynb", anew=name == "bare").wait_until_idle()
        playwright.expect(output).to_contain_text("of 50")
        lab.picture(f"search_{name}")
        playwright.expect(output.get_by_role("img").first).to_be_visible()
        faults = output.get_by_text(re.compile(r"model not found|VBox\("))
        playwright.expect(faults).to_have_count(0)


def assert_no_fault(output) -> None:
    faults = "[data-mime-type$='jupyter.error'], [data-mime-type$='jupyter.stderr']"
    playwright.expect(output.locator(faults)).to_have_count(0)


def test_the_server_lets_in_nobody_without_the_token(server):
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{server['url']}api/contents")


def test_a_learners_own_jupyter_stays_as_it_was(server, course):
    """Runs last: everything above has been opened, run and saved, and a theme chosen by hand."""
    kept = {path.name for path in server["home"].glob(".jupyter/lab/**/*") if path.is_file()}
    assert kept <= {"themes.jupyterlab-settings"}
    assert (course / "runs/jupyterlab").is_dir()
    compared = filecmp.dircmp(ROOT / "binder", course / "binder")
    assert compared.diff_files == compared.left_only == compared.right_only == []
