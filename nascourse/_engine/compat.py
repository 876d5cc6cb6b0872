"""Private or undocumented names of other libraries, each behind one small function.

Each function says which library it reaches into, in which version that was read, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ipywidgets


# ---------------------------------------------------------------- ipykernel


def handle_clicks_while_busy(widget: ipywidgets.Widget) -> None:
    """Let a click on a displayed widget be handled while the kernel's main thread trains.

    JupyterLab sends the click to a second thread of the kernel (a subshell).  ipykernel 7.4.0 hands
    it on to the thread that used the widget's channel last, which is the busy main one, and leaves
    it where it is when it remembers no such thread.  7.3.0 remembers none.
    """
    vars(widget.comm).pop("_reply_subshell_id", None)
