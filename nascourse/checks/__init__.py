"""Exercises that answer, ``check("02.1", answer)`` and ``hint("02.1")``, and predictions.

`core` tries an answer, and its docstring says how to write a checker; ``unit_NN`` holds those of a
unit. `cases` compares a function with ours on many inputs and names its mistake, `networks` compares
networks by what they compute, and `bounds` stops what does not end. `registry` knows which exercises
there are, `predictions` compares a guess with what came out, and `progress` keeps what is solved and
what was guessed.
"""

from nascourse.checks.core import check, hint
from nascourse.checks.predictions import compare
