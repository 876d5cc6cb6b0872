"""Search, evaluation and plotting functions for the course on Neural Architecture Search.

=============  =====================================================================
room           purpose
=============  =====================================================================
`data`         images in, splits out, with no network; the test part is sealed
`spaces`       what can be built: a Keras and an AutoKeras space of small CNNs
`strategies`   what to try next: KerasTuner oracles, AutoKeras's greedy one among them
`proxies`      guesses of a network's quality that need no training
`benchmark`    MNIST-NAS-Bench: a whole space, measured; strategies raced on it
`oneshot`      weight sharing: one supernet that judges a whole space
`darts`        gradient-based search: a mixture of operations, learned by descent
`scaling`      larger networks from a small one: EfficientNets, scaled digit networks
`search`       the only owner of budget, seeds and files: `run_search`, `retrain`
`tuners`       the loops of KerasTuner and AutoKeras, seeded and recorded
`workers`      trials trained in other processes or on other machines
`recording`    a search on disk, and the way back after a crash
`trials`       the trial table and its arithmetic
`archive`      a search as one zip file: from Binder home, checked on the way
`evaluation`   how good and how dear one network is; the only key to the test set
`litert`       a trained network for a small device: converted, quantized, run
`plotting`     a table in, Matplotlib axes out
`dashboard`    a search to look at: live, or replayed trial by trial
`explorers`    MNIST-NAS-Bench to play with: look up, search by hand, set a limit
`widgets`      what these two are made of: buttons, pictures, tables
`project`      the hands-on project from data to report
`checklist`    the course's own experiments, held against a published checklist
`checks`       exercises that answer: `check` and `hint`
`progress`     which exercises are solved, by one learner or a class
`doctor`       can this machine run the course?
`files`        whole or not at all: how every room writes
`authoring`    notebooks, solutions and exercises from their text sources
=============  =====================================================================

Import the rooms that you need, for instance ``from nascourse import data, spaces``.
Importing the package itself loads no TensorFlow.
"""

from __future__ import annotations

import operator
import os

__version__ = "0.1.0"

# TensorFlow reads this once, when it is first imported: errors only, no start-up chatter.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class CourseError(ValueError):
    """A mistake that a learner can mend: one sentence with the bad value and the way out."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this: a learner sees the sentence, not our stack.
        return [f"{type(self).__name__}: {self}"]


def whole_number(name: str, value: object, *, at_least: int, at_most: int = 2**32 - 1) -> int:
    """The value as a plain int, or the sentence that says what it should be."""
    try:
        number = operator.index(value)  # takes NumPy's integers, and neither 2.5 nor "3"
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or not at_least <= number <= at_most:
        raise CourseError(
            f"{name}={value!r} is not possible: give a whole number from {at_least}"
            + (f" to {at_most}." if at_most < 2**32 - 1 else ".")
        )
    return number


def first_line(error: Exception) -> str:
    """What a foreign error says, short enough for the middle of a sentence."""
    return str(error).strip().split("\n")[0].rstrip(".")[:200] or type(error).__name__
