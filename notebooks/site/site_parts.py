"""What the site needs besides Sphinx's extensions, so that its pages need no network either."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from docutils import nodes
from docutils.utils.math import latex2mathml
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

# The choices of MNIST-NAS-Bench in words, for the page of the game.
NAMES = {
    "body/blocks": "blocks",
    "body/halving": "halving",
    "body/skip": "skip",
    "conv/filters_0": "filters 1",
    "conv/filters_1": "filters 2",
    "conv/filters_2": "filters 3",
    "conv/kernel": "window",
    "conv/kind": "convolution",
    "head": "head",
}
WORDS = {"False": "no", "True": "yes", "max": "max pooling"}


def jupyter_anchor(title: str) -> str:
    """The anchor that JupyterLab gives a heading, and that the links between units use."""
    return title.replace(" ", "-")


def _formula(translator: HTML5Translator, node: nodes.Node) -> None:
    """Write a formula as MathML, which browsers show by themselves."""
    block = isinstance(node, nodes.math_block)
    translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode


def _leave_out_badges(app: Sphinx, page: str, source: list[str]) -> None:
    """Leave the README's badges out: their pictures lie elsewhere, and each unit has its buttons."""
    source[0] = re.sub(r"^\[!\[.*\n\n", "", source[0], flags=re.MULTILINE)


def _copy_linked_files(app: Sphinx, error: Exception | None) -> None:
    """Copy the course's files to which the output of a cell links, as Sphinx reads no outputs."""
    for page in Path(app.outdir).glob("notebooks/*.html"):
        for link in re.findall(r'href="(\.\./[^"#:]+)"', page.read_text(encoding="utf-8")):
            source, target = Path(app.srcdir) / "notebooks" / link, page.parent / link
            if source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)


def game_table() -> dict[str, Any]:
    """MNIST-NAS-Bench as the page of the game needs it."""
    from nascourse.benchmark import load_benchmark

    bench = load_benchmark()
    choices = list(bench.choices.items())
    networks = bench.networks.sort_index()
    last = bench.curves[bench.curves["epoch"] == bench.epochs].sort_values(["network", "seed"])
    return {
        "choices": [
            {"name": NAMES[name], "values": [WORDS.get(str(value), str(value)) for value in values]}
            | ({"block": int(name[-1])} if "filters" in name else {})
            for name, values in choices
        ],
        "networks": [
            [-1 if pd.isna(row[name]) else values.index(row[name]) for name, values in choices]
            for row in networks.to_dict("records")
        ],
        "heard": [list(of_one) for _, of_one in last.groupby("network")["val_accuracy"]],
        "test": bench.truth().loc[networks.index].round(6).tolist(),
    }


def _write_game_table(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        content = f"const TABLE = {json.dumps(game_table(), separators=(',', ':'))};\n"
        (Path(app.outdir) / "_static" / "table.js").write_text(content, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", _leave_out_badges)
    app.connect("build-finished", _copy_linked_files)
    app.connect("build-finished", _write_game_table)
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    # Drawings in Mermaid are shown as their text: their program would come from the network.
    app.add_lexer("mermaid", TextLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
