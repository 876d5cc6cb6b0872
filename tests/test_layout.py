"""Who may import whom: the contracts of pyproject.toml, and no circle at all."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import pytest

grimp = pytest.importorskip("grimp", reason="grimp, which needs Python 3.11, is not installed")
ROOT = Path(__file__).resolve().parent.parent


def test_the_contracts_are_kept(run_python):
    """In a process of its own: it writes to streams that are closed where pytest captures them."""
    code = "import sys; from importlinter.cli import lint_imports; "
    result = run_python("-c", code + "sys.exit(lint_imports(no_cache=True))", cwd=ROOT)

    assert result.returncode == 0, result.stdout + result.stderr


def test_no_modules_import_each_other_in_a_circle():
    graph = grimp.build_graph("nascourse", cache_dir=None)
    imported = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}

    TopologicalSorter(imported).prepare()  # raises a CycleError that shows the circle
