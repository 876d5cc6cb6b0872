"""Rules for the notebooks among the tests (``pytest --nbval-lax notebooks``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest import mock

import pytest
from nbval.plugin import IPyNbCell

from notebooks.build import COVER, kernel_environment


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
