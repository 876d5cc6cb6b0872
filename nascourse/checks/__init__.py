"""Exercises that answer: ``check("02.1", answer)`` and ``hint("02.1")``.

`core` tries an answer, and its docstring says how to write a checker; ``unit_NN`` holds those of a
unit. `cases` compares a function with ours on many inputs and names its mistake, `networks` compares
networks by what they compute, and `bounds` stops what does not end. `registry` knows which exercises
there are, and `progress` keeps which are solved.
"""

from nascourse.checks.core import check, hint

__all__ = ["check", "hint"]
