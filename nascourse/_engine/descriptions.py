"""Describe Python objects by what they do, so that two runs can tell whether it is the same.

A description is JSON.  It holds no names that Keras numbers, no addresses, and no places where code
was written: a notebook that is run again in a new kernel describes its functions as before.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import json
import logging
import platform
import re
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

_PLACES_OF_LIBRARIES = re.compile(r"[/\\](site|dist)-packages[/\\]")
_OURS = ("nascourse", "keras", "keras_tuner", "autokeras", "tensorflow", "numpy", "builtins")
_FIXED = (bool, int, float, str, tuple, type, types.FunctionType)
_MOST_DEPTH = 12  # objects inside objects, further than any setting lies


def digest(description: Any) -> str:
    """A short text that differs where the descriptions do."""
    text = json.dumps(description, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Describer:
    """Describes objects, and collects the code of the learner's own functions and classes.

    Attributes
    ----------
    code : what the functions and classes that were met do, in the order in which they were met
    """

    def __init__(self) -> None:
        self.code: list[Any] = []
        self._seen: set[int] = set()

    @property
    def code_digest(self) -> str | None:
        """The digest of all code, behind the version of Python that compiled it; or there is none."""
        if not self.code:
            return None
        version = ".".join(platform.python_version_tuple()[:2])
        return f"py{version}:{digest(self.code)}"

    def describe(self, value: Any, depth: int = 0) -> Any:
        """Describe a value of any kind."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if depth > _MOST_DEPTH or id(value) in self._seen:
            return type(value).__name__
        if isinstance(value, np.ndarray):
            return [str(value.dtype), value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
        if isinstance(value, Mapping):
            return {str(k): self.describe(item, depth + 1) for k, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.describe(item, depth + 1) for item in value]
        if isinstance(value, (set, frozenset)):
            return sorted(json.dumps(self.describe(item, depth + 1), default=str) for item in value)
        self._seen.add(id(value))
        try:
            return self._described(value, depth)
        finally:
            self._seen.discard(id(value))

    def _described(self, value: Any, depth: int) -> Any:
        if isinstance(value, types.MethodType):
            return self.describe([value.__func__, value.__self__], depth + 1)
        if isinstance(value, functools.partial):
            return self.describe([value.func, value.args, value.keywords], depth + 1)
        if isinstance(value, logging.Logger):  # it refers to all other loggers of the process
            return value.name
        if isinstance(value, types.FunctionType):
            if not _is_own(value, value.__code__.co_filename):
                return f"{value.__module__}.{value.__qualname__}"
            self.code.append(self._function(value, depth))
            return "function"
        if isinstance(value, type):
            for kind in value.__mro__:
                functions = [f for f in map(_function_of, vars(kind).values()) if f is not None]
                if functions and _is_own(kind, functions[0].__code__.co_filename):
                    self.code += [self._function(function, depth) for function in functions]
            return value.__name__
        kind = self.describe(type(value), depth + 1)
        try:
            config = value.get_config()
        except Exception:  # noqa: BLE001 - own classes of Keras need not have one
            config = None
        if not isinstance(config, Mapping):
            config = getattr(value, "__dict__", None) or {}
        return [kind, self.describe(without_number(config), depth + 1)]

    def _function(self, function: types.FunctionType, depth: int) -> Any:
        """What a function does: its code, and the values that it takes from around it."""
        code, names = function.__code__, set()
        for part in _nested(code):
            loads = (step for step in dis.get_instructions(part) if "GLOBAL" in step.opname)
            names |= {step.argval for step in loads}
        around = {name: function.__globals__.get(name) for name in sorted(names)}
        around |= {
            name: _content(cell) for name, cell in zip(code.co_freevars, function.__closure__ or ())
        }
        # Lists and dicts are left out: they fill up while a program runs.
        values = {name: value for name, value in around.items() if isinstance(value, _FIXED)}
        defaults = [function.__defaults__, function.__kwdefaults__]
        return [code_description(code), self.describe([values, defaults], depth + 1)]


def code_description(code: types.CodeType) -> Any:
    """What compiled code does, without where it was written and what its variables are called."""
    constants = [
        code_description(constant)
        if isinstance(constant, types.CodeType)
        else sorted(map(repr, constant))
        if isinstance(constant, frozenset)
        else repr(constant)
        for constant in code.co_consts
        if constant is not _docstring(code)
    ]
    return [code.co_code.hex(), constants, code.co_names]


def without_number(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration of Keras without the number that Keras adds to automatic names."""
    name = config.get("name")
    return {**config, "name": re.sub(r"_\d+$", "", name)} if isinstance(name, str) else {**config}


def _docstring(code: types.CodeType) -> str | None:
    first = code.co_consts[0] if code.co_consts else None
    has_none = code.co_name.startswith("<")  # a lambda, a comprehension or a generator
    return first if isinstance(first, str) and not has_none else None


def _is_own(thing: Any, file: str) -> bool:
    package = (getattr(thing, "__module__", None) or "").partition(".")[0]
    return package not in _OURS and not _PLACES_OF_LIBRARIES.search(file)


def _function_of(member: Any) -> types.FunctionType | None:
    member = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
    return member if isinstance(member, types.FunctionType) else None


def _nested(code: types.CodeType) -> list[types.CodeType]:
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return [code, *(deeper for part in inner for deeper in _nested(part))]


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None
