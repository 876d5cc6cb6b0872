"""Who may import whom: the contracts of pyproject.toml, and no circle at all."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import grimp
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent


def test_the_contracts_are_kept(capfd, monkeypatch):
    monkeypatch.chdir(ROOT)  # it reads the package in the current folder
    failed = lint_imports("pyproject.toml", no_cache=True)

    assert not failed, capfd.readouterr().out


def test_no_modules_import_each_other_in_a_circle():
    graph = grimp.build_graph("nascourse", cache_dir=None)
    imported = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}

    TopologicalSorter(imported).prepare()  # raises a CycleError that shows the circle
