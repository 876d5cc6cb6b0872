"""Private and undocumented names of other libraries, which nothing else in the package touches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ipywidgets

# ------------------------------------------------------------- KerasTuner 1.4.8: oracles of a table


def keep_in_memory(oracle: Any) -> None:
    """Let an oracle write no files.

    KerasTuner 1.4.8 saves an oracle by the public `Oracle.save`, but each of its trials by
    `Oracle._save_trial`, and has no option for a search without a folder.
    """
    oracle.save = oracle._save_trial = lambda *_: None


def mark_as_tried(oracle: Any, values: Mapping[str, Any]) -> None:
    """Let an oracle treat hyperparameter values as tried, without a trial of them.

    KerasTuner 1.4.8 keeps hashes of what was tried in `Oracle._tried_so_far`; AutoKeras's greedy
    oracle reads and extends the same set.  No public method adds to it without a trial.
    """
    oracle._tried_so_far.add(oracle._compute_values_hash(values))


def release(oracle: Any) -> None:
    """Let the memory of an oracle be freed when nothing else refers to it.

    KerasTuner 1.4.8 keeps a lock and a thread's name for each oracle in two dictionaries of its
    module, whose keys are the oracles themselves, and never removes them.
    """
    from keras_tuner.src.engine import oracle as oracle_module

    for of_oracles in (oracle_module.LOCKS, oracle_module.THREADS):
        of_oracles.pop(oracle, None)


# ---------------------------------------------------------------- ipykernel


def handle_clicks_while_busy(widget: ipywidgets.Widget) -> None:
    """Let a click on a displayed widget be handled while the kernel's main thread trains.

    JupyterLab sends the click to a second thread of the kernel (a subshell).  ipykernel 7.4.0 hands
    it on to the thread that used the widget's channel last, which is the busy main one, and leaves
    it where it is when it remembers no such thread.  7.3.0 remembers none.
    """
    vars(widget.comm).pop("_reply_subshell_id", None)
