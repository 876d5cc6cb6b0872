"""Rules for the notebooks among the tests (``pytest --nbval-lax notebooks``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest import mock

import pytest
from nbval.plugin import IPyNbCell

from notebooks.build import COVER, kernel_environment

# Files that take minutes, the longest first: were one of them the last, a processor would wait for it.
LONG = [
    "notebooks/12_scaling_out.ipynb",
    "tests/test_browser.py",
    "notebooks/09_gradient_based.ipynb",
    "tests/test_workers.py",
    "tests/test_checks.py",
    "notebooks/13_predictors.ipynb",
    "tests/test_search.py",
    "notebooks/11_project.ipynb",
    "notebooks/02_random_search.ipynb",
    "tests/test_distributed.py",
    "tests/test_cases.py",
    "notebooks/06_autokeras_greedy.ipynb",
    "notebooks/08_weight_sharing.ipynb",
    "tests/test_project.py",
    "tests/test_site.py",
    "notebooks/07_tradeoffs.ipynb",
    "notebooks/10_scaling_networks.ipynb",
    "tests/test_identity.py",
    "notebooks/05_strategies.ipynb",
    "tests/test_kill.py",
    "notebooks/04_estimation.ipynb",
    "notebooks/14_good_science.ipynb",
    "tests/test_bench_table.py",
    "tests/test_blame.py",
    "tests/test_feeding.py",
    "tests/test_report.py",
    "tests/test_hypermodel.py",
    "tests/test_oneshot.py",
    "tests/test_archive.py",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(LONG)))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let ``-m "not notebook"`` leave out notebooks, and compare what their cells themselves show."""
    if isinstance(item, IPyNbCell):
        item.add_marker("notebook")
        item.cell.outputs = [output for output in item.cell.outputs if output != COVER]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Start a notebook's kernel in the environment in which the notebook was built."""
    if not isinstance(item, IPyNbCell):
        return (yield)
    with mock.patch.dict(os.environ, kernel_environment(), clear=True):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a cell that writes to stderr: nbval looks at outputs only where it compares them."""
    yield
    for output in getattr(item, "test_outputs", None) or []:
        if output.get("name") == "stderr":
            pytest.fail(f"wrote to stderr: {output.text}", pytrace=False)
