"""What the site needs besides Sphinx's extensions, so that its pages need no network either."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from docutils import nodes
from docutils.utils.math import latex2mathml
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def jupyter_anchor(title: str) -> str:
    """The anchor that JupyterLab gives a heading, and that the links between units use."""
    return title.replace(" ", "-")


def _formula(translator: HTML5Translator, node: nodes.Node) -> None:
    """Write a formula as MathML, which browsers show by themselves."""
    block = isinstance(node, nodes.math_block)
    translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode


def _copy_linked_files(app: Sphinx, error: Exception | None) -> None:
    """Copy the course's files to which the output of a cell links, as Sphinx reads no outputs."""
    for page in Path(app.outdir).glob("notebooks/*.html"):
        for link in re.findall(r'href="(\.\./[^"#:]+)"', page.read_text(encoding="utf-8")):
            source, target = Path(app.srcdir) / "notebooks" / link, page.parent / link
            if source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", _copy_linked_files)
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    # Drawings in Mermaid are shown as their text: their program would come from the network.
    app.add_lexer("mermaid", TextLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
