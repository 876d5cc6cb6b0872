"""Refuse, in a sentence, to load libraries where something left behind on the machine spoils them.

What loads NumPy, Matplotlib or Keras imports this module first.
"""

from nascourse._engine import environment

environment.demand("import")
