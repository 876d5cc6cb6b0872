"""The first cells of each notebook: what brings the course to Google Colab, and the way there.

``[project]`` in pyproject.toml names the repository, as ``urls.Repository``. Until it does, no
notebook has a badge. ``make badge REPO=owner/name`` writes it there, and puts badges into the README
and into each notebook. ``python -m notebooks.launch`` writes the first cells anew, for instance after
a change here. Both execute nothing, and keep what the notebooks show.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from nascourse._engine.files import atomic_write
from notebooks.rules import ROOT

BRANCH = "main"  # what the badges open, and what .github/workflows/site.yml publishes
COLAB = "https://colab.research.google.com"
BINDER = "https://mybinder.org"
SET_UP = """\
# On Google Colab this cell brings the course, once in each session. Elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    folder, repository = "/content/course", "https://github.com/OWNER/NAME"
    !test -d {folder} || git clone --quiet --depth 1 {repository} {folder}
    sys.path.insert(0, folder)
    from nascourse.cli import colab
    colab.set_up()"""
NO_REPOSITORY = """\
# On Google Colab this cell says what to do. Elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    print("Colab cannot bring this copy of the course, as it names no repository: run `make lab` on")
    print("a machine of yours, or publish the course after `make badge REPO=owner/name`.")"""


def repository(root: Path = ROOT) -> str:
    """Return the course's repository on GitHub as ``owner/name``, or "" where none is named."""
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    named = re.search(r'^urls\.Repository = "https://github\.com/(.+)"$', text, re.MULTILINE)
    return named[1] if named else ""


def begin(nb: NotebookNode, path: Path) -> None:
    """Put the first cells below the title of the notebook at `path`, in place of earlier ones.

    The count of an executed notebook goes on as if they had been run: elsewhere than on Colab they
    show nothing.
    """
    unit, name = path.stem.partition("_")[0], repository(path.parents[1])
    cells = lesson(nb)
    place = int(bool(cells) and cells[0].cell_type == "markdown")
    # Neither site nor slides need them, and JupyterLab folds the code.
    hidden = {"slideshow": {"slide_type": "skip"}, "tags": ["remove-cell"]}
    folded = hidden | {"jupyter": {"source_hidden": True}}
    code = SET_UP.replace("OWNER/NAME", name) if name else NO_REPOSITORY
    first = [new_code_cell(code, id=f"{unit}-colab", metadata=folded)]
    if name:
        target = f"{COLAB}/github/{name}/blob/{BRANCH}/{path.parent.name}/{path.name}"
        badge = f"[![Open this notebook in Colab]({COLAB}/assets/colab-badge.svg)]({target})"
        first.insert(0, new_markdown_cell(badge, id=f"{unit}-badge", metadata=hidden))
    nb.cells = [*cells[:place], *first, *cells[place:]]

    codes = [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]
    if any(cell.execution_count for cell in codes):
        for count, cell in enumerate(codes, start=1):
            for counted in (cell, *cell.outputs):
                if "execution_count" in counted:
                    counted.execution_count = count


def lesson(nb: NotebookNode) -> list[NotebookNode]:
    """Return the cells of a notebook without those that `begin` put there."""
    return [cell for cell in nb.cells if cell.get("id", "")[-6:] not in ("-badge", "-colab")]


def begin_all(root: Path = ROOT) -> None:
    """Write the first cells of all units, solutions and exercises."""
    folders = ("notebooks", "solutions", "exercises")
    for path in sorted(path for name in folders for path in root.glob(f"{name}/[0-9]*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        begin(nb, path)
        atomic_write(path, nbformat.writes(nb) + "\n")


def write_repository(name: str, root: Path = ROOT) -> None:
    """Name the repository in pyproject.toml and in the README's badges, in place of another one."""
    line = f'urls.Repository = "https://github.com/{name}"\n'
    _edit(root / "pyproject.toml", r"^(dynamic = .*\n)(?:urls\.Repository.*\n)?", rf"\g<1>{line}")
    first = f"{COLAB}/github/{name}/blob/{BRANCH}/notebooks/00_start_here.ipynb"
    badges = (
        f"[![Open unit 00 in Colab]({COLAB}/assets/colab-badge.svg)]({first}) "
        f"[![Binder]({BINDER}/badge_logo.svg)]({BINDER}/v2/gh/{name}/HEAD?urlpath=lab)"
    )
    _edit(root / "README.md", r"\A(.*\n\n)(?:\[!\[.*\n\n)?", rf"\g<1>{badges}\n\n")


def _edit(path: Path, pattern: str, replacement: str) -> None:
    """Replace the first match in a text file."""
    text = path.read_text(encoding="utf-8")
    atomic_write(path, re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE))


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Write the repository, if one is given, and all first cells; return the exit status."""
    for name in arguments:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", name):
            print("Name the repository, for instance: make badge REPO=owner/name", file=sys.stderr)
            return 2
        write_repository(name, root)
    begin_all(root)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
