"""What several test modules need: small splits, `.npz` files, the full MNIST where it lies ready."""

from __future__ import annotations

import copy
import functools
import gc
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from chromium import CHROMIUM, LEAN

ROOT = Path(__file__).resolve().parent.parent

# The tests see neither the learner's own data nor a screen, and keep no progress.
os.environ.pop("NASCOURSE_MNIST", None)
os.environ["MPLBACKEND"] = "agg"
os.environ["NASCOURSE_PROGRESS"] = os.environ["NASCOURSE_OPENINGS"] = "off"


@pytest.fixture(scope="session")
def full_mnist() -> Path:
    """The full MNIST in Keras's layout; the test is skipped where it does not lie ready."""
    path = Path(
        os.environ.get("NASCOURSE_TEST_MNIST", ROOT.parent / "shared" / "data" / "mnist.npz")
    )
    if not path.is_file():
        pytest.skip("needs the full MNIST: set NASCOURSE_TEST_MNIST to its .npz file")
    return path


@pytest.fixture(scope="session", autouse=True)
def images_read_once() -> Iterator[None]:
    """Let all tests of a process share what is read from the file of the bundled images."""
    from nascourse import data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "_bundled", functools.cache(data._bundled))
        yield


@pytest.fixture(scope="session")
def bundled():
    """The bundled images, split."""
    from nascourse.data import load_mnist

    return load_mnist("bundled")


@pytest.fixture(scope="session")
def small(bundled):
    """Splits of 200 training, 100 validation and 100 test images."""
    from nascourse.data import SealedTest, Splits

    return Splits(
        bundled.x_train[:200],
        bundled.y_train[:200],
        bundled.x_val[:100],
        bundled.y_val[:100],
        SealedTest(bundled.x_val[100:200], bundled.y_val[100:200]),
        "a test",
    )


@pytest.fixture(scope="session")
def arrays(bundled) -> dict[str, np.ndarray]:
    """MNIST in Keras's layout, 40 training images and 10 test images of each digit."""
    first = np.concatenate([np.flatnonzero(bundled.y_train == digit)[:50] for digit in range(10)])
    test = np.arange(len(first)) % 50 >= 40
    x, y = bundled.x_train[first, :, :, 0], bundled.y_train[first].astype("uint8")
    return {"x_train": x[~test], "y_train": y[~test], "x_test": x[test], "y_test": y[test]}


@pytest.fixture(scope="session")
def small_npz(arrays, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`arrays` as a file."""
    path = tmp_path_factory.mktemp("data") / "small.npz"
    np.savez_compressed(path, **arrays)
    return path


@pytest.fixture(scope="session")
def frozen_libraries() -> None:
    """Let the garbage collector skip the libraries: KerasTuner runs it twice in every trial."""
    import nascourse.cli.project  # noqa: F401 - it imports them all
    from nascourse._engine import loops

    gc.collect()
    gc.freeze()
    loops.frozen_by_others.cache_clear()  # an earlier test may have asked


@pytest.fixture(scope="module")
def spaces_described_once() -> Iterator[None]:
    """Describe a function of a module once for all its searches; test_identity.py has how it is done."""
    from nascourse._engine import options

    describe, descriptions = options.space_identity, {}

    def describe_once(space):
        if not inspect.isfunction(space) or space.__closure__ or "<locals>" in space.__qualname__:
            return describe(space)
        if space not in descriptions:
            descriptions[space] = describe(space)
        return copy.deepcopy(descriptions[space])  # a search adds its callbacks

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "space_identity", describe_once)
        yield


@pytest.fixture(scope="session")
def run_python() -> Callable[..., subprocess.CompletedProcess]:
    """Run the tests' Python, with `nascourse` on its path, in a process of its own."""

    def run(*arguments: str | Path, **options) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=500,
            **options,
        )

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """The Chromium found on the PATH, without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    quiet = ["--disable-gpu", "--disable-quic", "--disable-background-networking", LEAN]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield browser
        browser.close()


@pytest.fixture
def no_figure_left() -> Iterator[None]:
    """Fails a test that leaves a Matplotlib figure open."""
    import matplotlib.pyplot as plt

    plt.close("all")  # what other tests left
    yield
    assert plt.get_fignums() == []


class Screen:
    """Stands in for the notebook: what was displayed, and what took its place."""

    def __init__(self):
        self.shown, self._box = [], None

    def __call__(self, thing, display_id=False):
        if hasattr(thing, "model_id"):
            self._box = thing
        place = len(self.shown)
        self.shown.append(thing)
        return SimpleNamespace(update=lambda new: self.shown.__setitem__(place, new))

    @property
    def stays(self) -> str:
        """The HTML that a saved notebook holds of what was displayed last."""
        return self.shown[-1].data

    @property
    def widgets(self) -> list:
        """All widgets of what was displayed last."""
        widgets = [self._box]
        for widget in widgets:
            widgets += getattr(widget, "children", ())
        return widgets

    def only(self, kind: type, text: str = ""):
        """The one widget of this kind with this text in its description."""
        (widget,) = (
            widget
            for widget in self.widgets
            if type(widget) is kind and text in (widget.description or "")
        )
        return widget

    @property
    def html(self) -> str:
        """The text of all HTML widgets."""
        return "".join(widget.value for widget in self.widgets if type(widget).__name__ == "HTML")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A notebook where widgets work."""
    from nascourse.views import explorers, html, live, replay

    screen = Screen()
    monkeypatch.setattr(html, "work", lambda: True)
    monkeypatch.setattr(live, "DRAWING_SHARE", float("inf"))  # draws at once
    for module in (html, live, replay, explorers):
        monkeypatch.setattr(module, "display", screen)
    return screen


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A notebook where widgets do not work; a figure is a pair of its axes and its alt text."""
    import matplotlib.pyplot as plt

    from nascourse import plotting
    from nascourse.views import explorers, html, live, replay

    page = Screen()
    monkeypatch.setattr(html, "in_kernel", lambda: True)
    monkeypatch.setenv("NASCOURSE_WIDGETS", "off")
    for module in (live, replay, explorers):
        monkeypatch.setattr(module, "display", page)

    def show(ax, *, alt, source):
        assert source
        page.shown.append((ax, alt))
        plt.close(np.ravel(ax)[0].figure)

    monkeypatch.setattr(plotting, "show", show)
    return page
