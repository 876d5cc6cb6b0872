"""Markup for what the views show: buttons, images, tables, and values as text."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
from IPython import get_ipython
from IPython.display import HTML, display

_LEFT = 'style="text-align: left"'


def work() -> bool:
    """Whether widgets work: there is a kernel, and nobody has turned them off."""
    return in_kernel() and os.environ.get("NASCOURSE_WIDGETS") != "off"


def in_kernel() -> bool:
    """Whether a notebook shows what is displayed."""
    return getattr(get_ipython(), "kernel", None) is not None


def button(text: str, press: Callable[[], None], *, icon: str = "") -> ipywidgets.Button:
    """A button as wide as its text."""
    layout = ipywidgets.Layout(width="auto", align_self="flex-start")
    widget = ipywidgets.Button(description=text, icon=icon, layout=layout)
    widget.on_click(lambda _: press())
    return widget


class Shown:
    """Widgets, and below them an HTML page for where they do not live.

    A saved notebook that is opened later, and what is made of it, such as HTML, know no widgets: there
    the page stands.  Where the widgets live, they hide it.
    """

    def __init__(self, widgets: Sequence[ipywidgets.DOMWidget], page: str):
        self._name = f"instead-{widgets[0].model_id}"
        self._hiding = ipywidgets.HTML(f"<style>.{self._name} {{ display: none }}</style>")
        self._box = _Box([*widgets, self._hiding])
        self._widgets = display(self._box, display_id=True)
        self._stays = display(self._kept(page), display_id=True)

    def keep(self, page: str) -> None:
        """Let other HTML stand in the place of the widgets."""
        self._stays.update(self._kept(page))

    def end(self, page: str) -> None:
        """Take the widgets away; the HTML stays."""
        self.keep(page)
        # A page that was opened again while they lived hears of the widgets alone.
        self._box.children = (ipywidgets.HTML(page), self._hiding)
        self._widgets.update(HTML(""))

    def _kept(self, page: str) -> HTML:
        return HTML(f'<div class="{self._name}">{page}</div>')


class _Box(ipywidgets.VBox):
    def __repr__(self) -> str:
        return ""  # stands in a page that does not know the widgets, above what is kept


def show(controls: Sequence[ipywidgets.DOMWidget], page: ipywidgets.HTML) -> None:
    """Display controls and the page that they change; of both, the page stays in a saved notebook."""
    shown = Shown([*controls, page], page.value)
    page.observe(lambda change: shown.keep(change["new"]), "value")


def beside(*parts: str) -> str:
    """One part beside the other, where the page is wide enough."""
    style = "display: flex; flex-wrap: wrap; gap: 2em; align-items: flex-start"
    return f'<div style="{style}">{"".join(parts)}</div>'


def table(frame: pd.DataFrame, caption: str) -> str:
    """A table of text; JupyterLab gives it the colors of the theme."""
    head = "".join(f'<th scope="col" {_LEFT}>{escape(name)}</th>' for name in frame)
    rows = "".join(
        f"<tr>{''.join(f'<td {_LEFT}>{escape(str(value))}</td>' for value in row)}</tr>"
        for row in frame.itertuples(index=False)
    )
    return (
        '<div class="jp-RenderedHTMLCommon"><table style="margin-left: 0">'
        f"<caption {_LEFT}>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def word(value: Any) -> str:
    """The value of a hyperparameter as people write it."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def listed(values: Mapping[str, Any]) -> str:
    """Hyperparameters with their values, in one line."""
    return ", ".join(f"{name} {word(value)}" for name, value in values.items())


def number(value: Any, style: str) -> str:
    """A number in a format of Python, such as ``".3f"``; nothing where it is missing."""
    return "" if pd.isna(value) else format(value, style)
