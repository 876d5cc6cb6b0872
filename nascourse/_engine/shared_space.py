"""Search spaces whose trials share their hyperparameters, for searches that build no network.

KerasTuner copies every hyperparameter by way of its configuration whenever it copies a space or
adds a hyperparameter to one, as a build function may declare more.  A strategy that searches a
table does so a million times, and nothing is ever declared.  `shared` makes an equal space that
spares the copies: it overrides public methods of KerasTuner alone, so that its oracles propose the
same values, only sooner.
"""

from __future__ import annotations

import copy
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
from keras_tuner import HyperParameters
from keras_tuner.engine.hyperparameters import HyperParameter


class _SharedEntry:
    """A hyperparameter that stays the same object when KerasTuner copies it."""

    def get_config(self) -> dict[str, Any]:
        return {"entry": self}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> _SharedEntry:
        return config["entry"]


class SharedSpace(HyperParameters):
    """A search space whose copies differ in their values alone.

    Attributes
    ----------
    unconditional : the names of the hyperparameters that are always active
    """

    unconditional: frozenset[str] = frozenset()

    def copy(self) -> SharedSpace:
        new = copy.copy(self)
        new.values = dict(self.values)
        return new

    def is_active(self, hyperparameter: HyperParameter | str) -> bool:
        # KerasTuner goes through the conditions, of which most hyperparameters have none.
        if isinstance(hyperparameter, str):
            return hyperparameter in self.unconditional or super().is_active(hyperparameter)
        return not hyperparameter.conditions or super().is_active(hyperparameter)


def shared(space: HyperParameters) -> SharedSpace:
    """The same hyperparameters, conditions and values, for oracles that propose without building.

    Such a space cannot be saved.
    """
    new = SharedSpace()
    for entry in space.space:
        shared_class = type(f"Shared{type(entry).__name__}", (_SharedEntry, type(entry)), {})
        new.merge([shared_class(**{**entry.get_config(), "conditions": entry.conditions})])
    new.values = dict(space.values)
    new.unconditional = frozenset(entry.name for entry in new.space if not entry.conditions)
    return new
