"""Run each quick cell of a unit twice in a row, as learners do: the second time must work as well."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

QUICK = 3  # seconds; what takes longer is a search or a training, which goes on or is made anew


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    began = time.perf_counter()
    result = yield
    if item.path.suffix == ".ipynb" and time.perf_counter() - began < QUICK:
        item.runtest()
    return result
