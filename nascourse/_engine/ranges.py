"""When a hyperparameter counts, and its values, without a list of them where there are many.

A list of the values of ``hp.Int("units", 0, 10**9)`` would fill the memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
from keras_tuner.engine.hyperparameters import Float, HyperParameter, Int

from nascourse import CourseError

MANY_VALUES = 1_000  # of a hyperparameter with more of them no list is made


def is_active(entry: HyperParameter, values: Mapping[str, Any]) -> bool:
    """Whether a hyperparameter counts in a configuration, by the values of those it depends on."""
    return all(condition.is_active(values) for condition in entry.conditions)


def is_drawn(entry: HyperParameter) -> bool:
    """Whether a value comes from a range, as it has no steps or very many, and not from a list."""
    has_no_steps = isinstance(entry, (Int, Float)) and entry.step is None
    return has_no_steps or _has_many_steps(entry)


def possible_values(entry: HyperParameter) -> Sequence:
    """All values in their order; of a range without steps the ten that KerasTuner names."""
    if not _has_many_steps(entry):
        return list(entry.values)
    if isinstance(entry, Float):
        return _Steps(entry)
    return range(entry.min_value, entry.max_value + 1, entry.step)


def _has_many_steps(entry: HyperParameter) -> bool:
    if not isinstance(entry, (Int, Float)) or entry.step is None or entry.sampling != "linear":
        return False
    return (entry.max_value - entry.min_value) // entry.step >= MANY_VALUES


class _Steps(Sequence):
    """The values of a `Float` with a step, each computed when it is asked for."""

    def __init__(self, entry: Float):
        self._first, self._step = entry.min_value, entry.step
        self.numbers = range(int((entry.max_value - self._first) // self._step) + 1)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Any:
        return self._first + self.numbers[index] * self._step

    def __contains__(self, value: Any) -> bool:
        index = round((value - self._first) / self._step)
        return index in self.numbers and self[index] == value


def count(values: Sequence) -> int:
    """How many values there are, also from 2**63 on, where ``len`` ends in an error."""
    numbers = values.numbers if isinstance(values, _Steps) else values
    if isinstance(numbers, range):
        return (numbers.stop - numbers.start - 1) // numbers.step + 1
    return len(numbers)


def all_values(entry: HyperParameter) -> Sequence:
    """All values in their order; a continuous range is refused."""
    if isinstance(entry, Float) and entry.step is None:
        raise CourseError(
            f"The hyperparameter {entry.name!r} has a continuous range, so its space has no "
            "size: give it a step, or use hp.Choice."
        )
    if isinstance(entry, Int) and entry.step is None:
        return range(entry.min_value, entry.max_value + 1)
    return possible_values(entry)


def n_settings(entries: Sequence[HyperParameter]) -> int:
    """How many configurations the entries of a space have; see `nascourse.spaces.size`."""
    asked: dict[str, set] = {}  # values of which a condition asks, by the name of their entry
    for condition in (condition for entry in entries for condition in entry.conditions):
        asked.setdefault(condition.name, set()).update(condition.values)
    # Settings that no later condition can tell apart are counted at once: there may be many.
    numbers: dict[frozenset, int] = {frozenset(): 1}
    for index, entry in enumerate(entries, 1):
        later = {condition.name for entry in entries[index:] for condition in entry.conditions}
        earlier, numbers = numbers, Counter()
        for items, number in earlier.items():
            for setting, times in _continued(dict(items), entry, asked.get(entry.name, ())):
                told_apart = frozenset((k, v) for k, v in setting.items() if k in later)
                numbers[told_apart] += number * times
    return sum(numbers.values())


def _continued(
    setting: dict[str, Any], entry: HyperParameter, asked: Iterable
) -> Iterator[tuple[dict[str, Any], int]]:
    """A setting with each value of one more entry, and once for all that no condition asks for."""
    if not is_active(entry, setting):
        yield setting, 1
        return
    values = all_values(entry)
    parents = [value for value in asked if value in values]
    yield from (({**setting, entry.name: value}, 1) for value in parents)
    if rest := count(values) - len(parents):
        yield setting, rest
