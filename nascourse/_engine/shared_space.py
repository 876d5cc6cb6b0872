"""Search spaces whose copies share their hyperparameters, for searches that build no network.

KerasTuner copies every hyperparameter by way of its configuration whenever it copies a space or
adds a hyperparameter to one, as a build function may declare more.  A strategy that searches a
table does so a million times, and nothing is ever declared.  `shared` makes an equal space that
spares the copies, and `proposals_shared` spares them where an oracle collects the values of a
proposal: oracles propose the same values, only sooner.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
from keras_tuner import HyperParameters
from keras_tuner.engine.hyperparameters import HyperParameter

from nascourse._engine import compat


class SharedSpace(HyperParameters):
    """A search space whose copies differ in their values alone."""

    # The conditions of each name, if every name stands for one hyperparameter.
    conditions_of: Mapping[str, list[Any]] = {}

    def copy(self) -> SharedSpace:
        new = copy.copy(self)
        new.values = dict(self.values)
        return new

    def merge(
        self, hps: HyperParameters | Iterable[HyperParameter], overwrite: bool = True
    ) -> None:
        if not overwrite:
            return super().merge(hps, overwrite)
        for entry in hps.space if isinstance(hps, HyperParameters) else hps:
            compat.add_uncopied(self, entry)
            if self.is_active(entry):
                self.values[entry.name] = entry.default

    def is_active(self, hyperparameter: HyperParameter | str) -> bool:
        if isinstance(hyperparameter, HyperParameter):
            conditions = hyperparameter.conditions
        elif hyperparameter in self.conditions_of:
            conditions = self.conditions_of[hyperparameter]
        else:
            return super().is_active(hyperparameter)
        for condition in conditions:  # `all` takes twice the time, most of which is spent here
            if not condition.is_active(self.values):
                return False
        return True


def shared(space: HyperParameters) -> SharedSpace:
    """The same hyperparameters, conditions and values, for oracles that propose without building."""
    new = SharedSpace()
    new.merge(space)
    new.values = dict(space.values)
    entries = {entry.name: entry for entry in new.space}
    if len(entries) == len(new.space):
        new.conditions_of = {name: entry.conditions for name, entry in entries.items()}
    return new


def proposals_shared() -> AbstractContextManager[None]:
    """While this is open, oracles collect the values of their proposals in a `SharedSpace`."""
    return compat.spaces_made_as(SharedSpace)
