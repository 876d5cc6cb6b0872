"""When a hyperparameter counts, and its values, without a list of them where there are many.

KerasTuner lists every value of ``hp.Int("units", 0, 10**9)`` when it is asked for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first

# isort: split
from keras_tuner.engine.hyperparameters import Float, HyperParameter, Int

from nascourse import CourseError

MANY_VALUES = 1_000  # of a hyperparameter with more of them no list is made


def is_active(entry: HyperParameter, values: Mapping[str, Any]) -> bool:
    """Whether a hyperparameter counts in a configuration, by the values of those it depends on."""
    return all(condition.is_active(values) for condition in entry.conditions)


class _Steps(Sequence):
    """The values of a `Float` with a step, each computed when it is asked for."""

    def __init__(self, entry: Float, number: int):
        self._first, self._step, self._numbers = entry.min_value, entry.step, range(number)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        return self._first + self._numbers[index] * self._step

    def __contains__(self, value: Any) -> bool:
        index = self.index(value)
        return 0 <= index < len(self) and self[index] == value

    def index(self, value: Any, *_: Any) -> int:
        return round((value - self._first) / self._step)


def possible_values(entry: HyperParameter) -> Sequence:
    """All values in their order; of a continuous hyperparameter the ten that KerasTuner names."""
    if isinstance(entry, (Int, Float)) and entry.step is not None and entry.sampling == "linear":
        number = int((entry.max_value - entry.min_value) // entry.step + 1)
        if number > MANY_VALUES:
            if isinstance(entry, Float):
                return _Steps(entry, number)
            return range(entry.min_value, entry.max_value + 1, entry.step)
    return list(entry.values)


def all_values(entry: HyperParameter) -> Sequence:
    """All values in their order.

    Raises
    ------
    CourseError
        The range is continuous.
    """
    if isinstance(entry, Float) and entry.step is None:
        raise CourseError(
            f"The hyperparameter {entry.name!r} has a continuous range, so its space has no "
            "size: give it a step, or use hp.Choice."
        )
    if isinstance(entry, Int) and entry.step is None:
        return range(entry.min_value, entry.max_value + 1)
    return possible_values(entry)


def other_values(entry: HyperParameter, value: Any) -> Sequence:
    """All values but this one."""
    values = possible_values(entry)
    if isinstance(values, list):
        return [other for other in values if other != value]
    return _Without(values, values.index(value))


class _Without(Sequence):
    """A sequence that lacks the item at one position."""

    def __init__(self, values: Sequence, position: int):
        self._values, self._position = values, position

    def __len__(self) -> int:
        return len(self._values) - 1

    def __getitem__(self, index: Any) -> Any:
        return self._values[index + (index >= self._position)]
