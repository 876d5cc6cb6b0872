"""Exercises that answer: ``check("02.1", answer)`` and ``hint("02.1")``.

`core` is the machinery, and its docstring says how to write a checker. ``unit_NN`` holds those of
a unit.
"""

from nascourse.checks.core import check, hint

__all__ = ["check", "hint"]
