"""What the views have in common: when widgets are used, and what stays in a built notebook."""

from __future__ import annotations

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from nascourse.views import html
from notebooks import build


def test_widgets_need_a_kernel_and_can_be_turned_off(monkeypatch):
    monkeypatch.delenv("NASCOURSE_WIDGETS", raising=False)
    assert not html.work()
    monkeypatch.setattr(html, "in_kernel", lambda: True)
    assert html.work()
    monkeypatch.setenv("NASCOURSE_WIDGETS", "off")
    assert not html.work()


@pytest.mark.slow
@pytest.mark.notebook
def test_run_all_loses_no_cell_after_a_slider():
    """ipykernel 7.0 to 7.3 did in more than half of such runs: the kernel was idle, the cell waited."""
    slider = "ipywidgets.interact(draw, value=ipywidgets.IntSlider(5, 0, 20));"
    first = "import ipywidgets\nimport matplotlib.pyplot as plt\n\n"
    first += "def draw(value):\n    plt.plot([0, value])\n    plt.show()\n"
    cells = [nbformat.v4.new_code_cell(source) for source in (first, *[slider, "guess = ..."] * 60)]
    nb = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(nb, kernel_name="python3", timeout=120).execute()
    assert [cell.execution_count for cell in cells] == list(range(1, 122))


CELLS = """
# %%
from nascourse import trials
from nascourse.views import explorers, live, replay
from nascourse.benchmark import load_benchmark
from tests.observed import begin, ended, run_trial

# %%
view = begin(live.SearchView())
run_trial(view, 1, "a", 0.7, 0.8)
view.trial_end(ended(1, 0.8))
view.search_end()

# %%
recorded = trials.recorded("strategies")
replay.replay(recorded[(recorded["strategy"] == "greedy") & (recorded["seed"] == 1)])

# %%
bench = load_benchmark()
explorers.explore(bench)
explorers.tradeoff(bench)
"""
NOTEBOOK = f"""\
# %%
import os
os.environ["NASCOURSE_WIDGETS"] = "off"
{CELLS}
# %%
del os.environ["NASCOURSE_WIDGETS"]
{CELLS}
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> list[NotebookNode]:
    """The cells in one kernel, as they are built without widgets and as a learner runs them."""
    source = tmp_path_factory.mktemp("views") / "notebooks" / "source" / "00_view.py"
    source.parent.mkdir(parents=True)
    source.write_text(NOTEBOOK)
    nb = build.read_source(source)
    client = NotebookClient(nb, kernel_name="python3", extra_arguments=["--log-level=ERROR"])
    client.execute(env={**build.kernel_environment(), "PYTHONPATH": str(build.ROOT)})
    half = len(nb.cells) // 2
    return [NotebookNode({**nb, "cells": cells}) for cells in (nb.cells[:half], nb.cells[half:])]


@pytest.mark.slow
@pytest.mark.notebook
def test_a_built_notebook_has_pictures_with_alt_text_and_no_widgets(executed):
    nb, _ = executed

    outputs = [output for cell in nb.cells for output in cell.get("outputs", [])]
    kinds = [set(output.get("data", {})) for output in outputs]
    assert not any(build.WIDGET in kind for kind in kinds)
    assert (
        sum("<img alt=" in output.get("data", {}).get("text/html", "") for output in outputs) == 4
    )
    assert build.problems(build.clean(nb)) == []


@pytest.mark.slow
@pytest.mark.notebook
def test_the_html_of_a_learners_notebook_shows_the_pictures_of_its_widgets(executed):
    _, nb = executed
    assert any(build.WIDGET in output.get("data", {}) for output in nb.cells[-1].outputs)

    exported, _ = HTMLExporter().from_notebook_node(nb)

    assert "VBox(" not in exported
    # Two of the search, none of a replay that has just begun, two of a network, one of all.
    assert len(BeautifulSoup(exported, "html.parser")("img")) == 5
