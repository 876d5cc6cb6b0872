"""Describe Python objects by what they do, so that two runs can tell whether it is the same.

A description is JSON.  It holds no names that Keras numbers, no addresses, and no places where code
was written: a notebook that is run again in a new kernel describes its functions as before.
"""

from __future__ import annotations

import contextlib
import dataclasses
import dis
import enum
import functools
import hashlib
import inspect
import itertools
import json
import logging
import platform
import re
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

_PLACES_OF_LIBRARIES = re.compile(r"[/\\](site|dist)-packages[/\\]")
_OURS = ("nascourse", "keras", "keras_tuner", "autokeras", "tensorflow", "numpy", "builtins")
_FUNCTIONS = (type, types.FunctionType, functools.partial)
_FIXED = (bool, int, float, str, tuple, frozenset, np.generic, np.ndarray, *_FUNCTIONS)
_FILLED = (list, dict, set)  # may fill up while a program runs
_FILLS = ("append", "extend", "insert", "add", "update", "setdefault", "pop", "clear", "remove")
# Where callbacks of Keras write.
_WRITTEN = ("log_dir", "filepath", "filename", "backup_dir", "_train_dir", "_val_dir")
_MAKERS = ("__init__", "__post_init__")
_UNSTEADY = ("name", "seed", "trainable", "build_config")  # of layers; they change by themselves
_MOST_DEPTH = 12  # objects inside objects, further than any setting lies
_EDITION = 3  # of the descriptions of code: they are not compared with those of another one


def digest(description: Any) -> str:
    """A short text that differs where the descriptions do."""
    text = json.dumps(description, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Describer:
    """Describes objects, and collects the code of the learner's own functions and classes.

    In ``code`` is what those that were met do, in the order in which they were met, and the settings
    that they take from around them.  In ``lists`` are the lists, dicts and sets around them, which
    may fill up while a program runs.  The methods in ``but_for`` do not count.
    """

    def __init__(self, *, but_for: Iterable[Any] = ()) -> None:
        self.code: list[Any] = []
        self.lists: list[Any] = []
        self._but_for = [*but_for]
        self._met: list[Any] = []  # functions and classes
        self._seen: set[int] = set()
        self._set: dict[int, tuple[set[str], set[str]]] = {}  # by modules; see `_set_in`

    @property
    def code_digest(self) -> str | None:
        """The digest of all code, behind the version of Python that compiled it; or there is none."""
        return _digest_of_code(self.code) if self.code else None

    @property
    def full_digest(self) -> str | None:
        """The digest of all code with the lists around it; or there is none."""
        return _digest_of_code([self.code, self.lists]) if self.lists else self.code_digest

    def describe(self, value: Any, depth: int = 0) -> Any:
        """Describe a value of any kind."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if depth > _MOST_DEPTH or id(value) in self._seen:
            return type(value).__name__
        if isinstance(value, np.ndarray) and value.dtype.hasobject:  # its bytes are addresses
            return self.describe(value.tolist(), depth + 1)
        if isinstance(value, np.ndarray):
            return [str(value.dtype), value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
        if isinstance(value, Mapping):
            if is_lambda(value):
                return "function"
            return {str(k): self.describe(item, depth + 1) for k, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.describe(item, depth + 1) for item in value]
        if isinstance(value, (set, frozenset)):
            return sorted(json.dumps(self.describe(item, depth + 1), default=str) for item in value)
        if (content := _content_of(value)) is not None:
            self.code.append(self.describe(content))
        self._seen.add(id(value))
        try:
            return self._described(value, depth)
        finally:
            self._seen.discard(id(value))

    def collect(self, value: Any, depth: int = 0) -> Any:
        """Describe the class of an object, and collect what an own class was made with."""
        methods = _own_methods(type(value))
        makers = [method for method in methods if method.__name__ in _MAKERS]
        changed = _names_set_by(method for method in methods if method not in makers)[1]
        attributes = getattr(value, "__dict__", {})
        names = _names_set_by(makers)[1] & attributes.keys()
        names |= self._names_set_outside(value, [m for m in methods if m not in makers])
        if dataclasses.is_dataclass(value):
            names |= {part.name for part in dataclasses.fields(value)} & attributes.keys()
        self._collect_values({name: attributes[name] for name in names - changed}, depth + 1)
        return self.describe(type(value), depth + 1)

    def _names_set_outside(self, value: Any, methods: list[types.FunctionType]) -> set[str]:
        """The public attributes of an own object that neither libraries nor functions set."""
        unnamed = any({"setattr", "vars", "__dict__"} & {*m.__code__.co_names} for m in methods)
        if unnamed or not _is_own_object(value):
            return set()
        for method in methods:
            self._set_in(method.__globals__)
        by_functions = {name for _, attributes in self._set.values() for name in attributes}
        own = {name for name in getattr(value, "__dict__", ()) if name[:1] != "_"}
        return own - by_functions - _names_in_libraries(type(value))

    def _described(self, value: Any, depth: int) -> Any:
        if isinstance(value, types.MethodType):
            self._collect_values({"self": value.__self__}, depth + 1)
            return self.describe(value.__func__, depth + 1)
        if isinstance(value, functools.partial):
            settings = self.describe([value.args, value.keywords], depth + 1)
            self.code.append(settings)
            return [self.describe(value.func, depth + 1), *settings]
        if isinstance(value, logging.Logger):  # it refers to all other loggers of the process
            return value.name
        if isinstance(value, types.FunctionType):
            if not _is_own(value.__module__, value.__code__.co_filename):
                return f"{value.__module__}.{value.__qualname__}"
            if value not in self._but_for and self._is_new(value):
                self.code.append(self._function(value))
            return "function"
        if isinstance(value, type):
            methods = [method for method in _own_methods(value) if method not in self._but_for]
            constants = _own_constants(value)
            if (methods or constants) and self._is_new(value):
                self.code += [self._function(method) for method in methods]
                changed = _names_set_by(methods)[1]
                self._collect_values({k: constants[k] for k in constants.keys() - changed})
            return value.__name__
        if _has(value, "__wrapped__"):  # such as a tf.function
            return self.describe(value.__wrapped__, depth + 1)
        kind = self.collect(value, depth)
        if _has(value, "layers") and _has(value, "compute_output_shape"):  # a network
            return [kind, self.describe(value.layers, depth + 1)]  # its configuration has numbers
        if not _own_methods(type(value)) and type(value).__module__.partition(".")[0] not in _OURS:
            return kind  # of another library, such as a figure
        if type(value).__module__.startswith("keras."):
            self._describe_functions(value)  # its configuration only names them
        try:
            config = value.get_config()
        except Exception:  # noqa: BLE001 - own classes of Keras need not have one
            config = None
        if not isinstance(config, Mapping):
            config = getattr(value, "__dict__", None) or {}
            if _has(value, "variables"):  # such as an optimizer: they have other ids each time
                config = {k: v for k, v in config.items() if _is_setting(k, v)}
        if type(value).__module__.startswith("keras.") and hasattr(value, "on_epoch_end"):
            config = {name: item for name, item in config.items() if name not in _WRITTEN}
        return [kind, self.describe(without_number(config), depth + 1)]

    def _describe_functions(self, value: Any) -> None:
        held = map(_unwrapped, getattr(value, "__dict__", {}).values())
        self.describe([item for item in held if isinstance(item, types.FunctionType)])

    def _layer(self, layer: Any, depth: int) -> Any:
        """A layer or a network with the layers in it, without weights and connections."""
        if depth > _MOST_DEPTH or id(layer) in self._seen:
            return type(layer).__name__
        self._seen.add(id(layer))
        kind = self.collect(layer, depth)
        self._describe_functions(layer)
        config, inner = None, getattr(layer, "layers", None)
        if not isinstance(inner, (list, tuple)):
            with contextlib.suppress(Exception):  # own classes need not have one
                config = self.describe(_steady(layer.get_config()), depth + 1)
            public = [item for name, item in vars(layer).items() if name[0] != "_"]
            inner = [] if _is_own_object(layer) else public  # those of own classes were collected
        layers = [self._layer(item, depth + 1) for item in inner if _is_layer(item)]
        self._seen.discard(id(layer))
        return [kind, config, layers]

    def _is_new(self, thing: Any) -> bool:
        """Collect the number of a function or a class; whether it is met for the first time."""
        numbers = [number for number, met in enumerate(self._met) if met is thing]
        self.code.append(numbers or len(self._met))
        self._met += [] if numbers else [thing]
        return not numbers

    def _function(self, function: types.FunctionType) -> Any:
        """What a function does: its code, and the values that it takes from around it."""
        around = _around(function)
        # The variables that this function, or another one beside it, sets or fills.
        variables = self._set_in(function.__globals__)[0] | _names_set_by([function])[0]
        self._collect_values({name: around[name] for name in around.keys() - variables})
        defaults = self.describe([function.__defaults__, function.__kwdefaults__])
        return [code_description(function.__code__), defaults]

    def _set_in(self, beside: dict[str, Any]) -> tuple[set[str], set[str]]:
        """The global variables, and the attributes of any object, that a module's functions set."""
        if id(beside) not in self._set:
            parts = [vars(v).values() if isinstance(v, type) else [v] for v in beside.values()]
            functions = filter(None, map(_function_of, itertools.chain(*parts)))
            own = [other for other in functions if other.__globals__ is beside]
            users = [other.__code__ for other in own if other.__name__ not in _MAKERS]
            stored = {name for code in users for name in _names_of(code, "STORE_ATTR")}
            self._set[id(beside)] = _names_set_by(own)[0], stored
        return self._set[id(beside)]

    def _collect_values(self, values: Mapping[str, Any], depth: int = 0) -> None:
        """Collect named values of which the description is the same in another kernel."""
        fixed: dict[str, Any] = {}
        layers: list[Any] = []
        for name, value in sorted(values.items()):
            value = _comparable(value)
            if isinstance(value, _FILLED):
                if _is_plain(value):
                    self.lists.append([name, self.describe(value)])
            elif isinstance(value, _FIXED) or _has_settings(value):
                fixed[name] = value
            elif _is_layer(value):
                layers.append([name, self._layer(value, depth)])
            elif _is_own_object(value) and id(value) not in self._seen:
                self._seen.add(id(value))
                self.collect(value, depth)
                self._seen.discard(id(value))
        if fixed:
            self.code.append(self.describe(fixed, depth))
        self.code += layers


def _comparable(value: Any) -> Any:
    """What there is to compare of a value that others wrap, or that has no settings by itself."""
    if isinstance(value, types.MethodType):
        return value.__self__
    if isinstance(value, types.SimpleNamespace):
        return vars(value)
    if isinstance(value, enum.Enum):
        return value.value
    if (content := _content_of(value)) is not None:
        return content
    return value if isinstance(value, (type, types.FunctionType)) else _unwrapped(value)


def _content_of(value: Any) -> Any:
    """What is in a range or a tensor that stays as it is; None of a variable, and of all else."""
    if isinstance(value, range):
        return repr(value)
    with contextlib.suppress(Exception):  # such as a tensor on a GPU; see also `_has`
        if not hasattr(value, "assign") and not getattr(value, "requires_grad", False):
            array = value.numpy()
            return array if isinstance(array, (np.ndarray, np.generic)) else None
    return None


def _unwrapped(value: Any) -> Any:
    """The function behind a `tf.function`, or behind `functools.lru_cache`."""
    try:
        inner = value.__wrapped__
    except Exception:  # noqa: BLE001 - see `_has`
        return value
    return inner if isinstance(inner, (types.FunctionType, types.MethodType)) else value


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


def is_lambda(config: Mapping[str, Any]) -> bool:
    """Whether a configuration is a lambda as Keras saves it: with the file that it was written in.

    Of an activation Keras leaves out the name of the class.
    """
    code = config.get("value")
    is_code = isinstance(code, (list, tuple)) and len(code) == 3 and isinstance(code[0], str)
    return config.get("class_name") == "__lambda__" or (config.keys() == {"value"} and is_code)


def _docstring(code: types.CodeType) -> str | None:
    first = code.co_consts[0] if code.co_consts else None
    has_none = code.co_name.startswith("<")  # a lambda, a comprehension or a generator
    return first if isinstance(first, str) and not has_none else None


def _digest_of_code(description: Any) -> str:
    version = ".".join(platform.python_version_tuple()[:2])
    return f"py{version}/{_EDITION}:{digest(description)}"


def _is_own(module: str | None, file: str) -> bool:
    package = (module or "").partition(".")[0]
    is_library = package in _OURS or package in sys.stdlib_module_names
    return not is_library and not _PLACES_OF_LIBRARIES.search(file)


def _own_methods(kind: type) -> list[types.FunctionType]:
    """The methods of a class that the learner wrote, and of those that it inherits from."""
    return [method for part in kind.__mro__ if _is_own_class(part) for method in _methods(part)]


def _own_constants(kind: type) -> dict[str, Any]:
    """What the learner's own classes among those of a class define besides methods."""
    members = {
        k: v for part in kind.__mro__[::-1] if _is_own_class(part) for k, v in vars(part).items()
    }
    return {k: v for k, v in members.items() if k[:2] != "__" and _function_of(v) is None}


def _is_own_class(kind: type) -> bool:
    method = next(_methods(kind), None)
    name = str(kind.__module__)  # a property of some classes in C
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return _is_own(name, method.__code__.co_filename if method else file)


def _is_own_object(value: Any) -> bool:
    return any(map(_is_own_class, type(value).__mro__))


def _names_in_libraries(kind: type) -> set[str]:
    """The names that occur in the methods which a class inherits from those of libraries."""
    methods = [m for part in kind.__mro__ if not _is_own_class(part) for m in _methods(part)]
    codes = [getattr(inspect.unwrap(method), "__code__", None) for method in methods]
    return {name for code in codes if code for name in code.co_names}


def _methods(kind: type) -> Iterator[types.FunctionType]:
    return filter(None, map(_function_of, vars(kind).values()))


def _function_of(member: Any) -> types.FunctionType | None:
    if isinstance(member, (staticmethod, classmethod, types.MethodType)):
        member = member.__func__
    if isinstance(member, property):
        member = member.fget
    if not isinstance(member, (type, types.FunctionType)):
        member = _unwrapped(member)
    return member if isinstance(member, types.FunctionType) else None


def _around(function: types.FunctionType) -> dict[str, Any]:
    """What a function finds around it, by name: global variables, those of functions, own modules."""
    names = _names_of(function.__code__, "GLOBAL")
    around = {name: function.__globals__[name] for name in names & function.__globals__.keys()}
    cells = zip(function.__code__.co_freevars, function.__closure__ or ())
    around |= {name: _content(cell) for name, cell in cells}
    attributes = {name for code in _nested(function.__code__) for name in code.co_names}
    for name, module in [*around.items()]:
        if isinstance(module, types.ModuleType) and _is_own(
            module.__name__, getattr(module, "__file__", None) or ""
        ):
            parts = attributes & vars(module).keys()
            around |= {f"{name}.{part}": vars(module)[part] for part in parts}
    return around


def _names_set_by(functions: Iterable[types.FunctionType]) -> tuple[set[str], set[str]]:
    """The variables, and the attributes of their own, that functions set or fill."""
    names = [_names_set_in(function.__code__) for function in functions]
    return {n for variables, _ in names for n in variables}, {n for _, own in names for n in own}


@functools.lru_cache(2_000)  # a notebook's functions are asked about in each search
def _names_set_in(whole: types.CodeType) -> tuple[frozenset[str], frozenset[str]]:
    variables, attributes = set(), set()
    for code in _nested(whole):
        steps = list(dis.get_instructions(code))
        for number, step in enumerate(steps):
            is_beside = step.opname == "STORE_DEREF" and step.argval in code.co_freevars
            if step.opname == "STORE_GLOBAL" or is_beside:
                variables.add(step.argval)
            elif step.opname == "STORE_ATTR":
                if _sets_own_attribute(steps, number, whole.co_varnames[:1]):
                    attributes.add(step.argval)
            elif (end := _end_of_filled(steps, number)) is not None:
                first = _start(steps, end)
                if "FAST" not in steps[first].opname:
                    variables.add(steps[first].argval)
                if steps[first + 1].opname == "LOAD_ATTR":
                    attributes.add(steps[first + 1].argval)
    return frozenset(variables), frozenset(attributes)


def _sets_own_attribute(steps: list[dis.Instruction], end: int, itself: tuple[str, ...]) -> bool:
    """Whether the attribute that a step sets is one of the function's object, or of a class."""
    if steps[end - 1].opname in ("SWAP", "ROT_TWO"):  # += : the owner is copied
        while steps[end].opname not in ("COPY", "DUP_TOP"):
            end -= 1
    owner = steps[end - 1]  # from Python 3.13 on one step may load two
    name = owner.argval[-1] if isinstance(owner.argval, tuple) else owner.argval
    return name in (*itself, "__class__") or re.search("GLOBAL|CALL", owner.opname) is not None


def _end_of_filled(steps: list[dis.Instruction], number: int) -> int | None:
    """Where the expression ends of the list or dict that a step fills; None if it fills none."""
    step = steps[number]
    if step.opname == "STORE_SUBSCR":  # after the value, the list and the place
        return _start(steps, number)
    if [each.opname for each in steps[number - 2 : number]] == ["COPY", "COPY"]:
        return _start(steps, number - 2)  # += : the list and the place are copied
    if steps[number - 1].opname == "DUP_TOP_TWO":
        return _start(steps, number - 1)
    is_filling = step.opname in ("LOAD_ATTR", "LOAD_METHOD") and step.argval in _FILLS
    return number if is_filling else None


def _start(steps: list[dis.Instruction], end: int) -> int:
    """Where the expression begins of which the value lies on the stack before a step."""
    height = 0
    for number in range(end - 1, -1, -1):
        height += dis.stack_effect(steps[number].opcode, steps[number].arg, jump=False)
        if height >= 1:
            return number
    return 0


def _has_settings(value: Any) -> bool:
    """Whether this is an object of Keras that names its settings, but no layer with weights."""
    return _has(value, "get_config") and not _has(value, "compute_output_shape")


def _is_layer(value: Any) -> bool:
    return not isinstance(value, type) and _has(value, "compute_output_shape")


def _is_setting(name: str, value: Any) -> bool:
    """Whether an attribute of an object with variables is one that it was made with."""
    if isinstance(value, _FUNCTIONS) or _has_settings(value):
        return True
    is_plain = value is None or isinstance(value, (bool, int, float, str, tuple))
    return is_plain and name[:1] != "_" and name != "built"


def _steady(config: Any) -> Any:
    """A configuration without what does not stay the same; see `_UNSTEADY`."""
    if isinstance(config, Mapping):
        return {k: _steady(item) for k, item in config.items() if k not in _UNSTEADY}
    return [*map(_steady, config)] if isinstance(config, (list, tuple)) else config


def _has(value: Any, name: str) -> bool:
    try:
        return hasattr(value, name)
    except Exception:  # noqa: BLE001 - of classes of one's own that answer for any attribute
        return False


def _is_plain(value: Any, depth: int = 0) -> bool:
    if depth > _MOST_DEPTH:
        return False
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(_is_plain(item, depth + 1) for item in value)
    return value is None or isinstance(value, _FIXED)


@functools.lru_cache(2_000)
def _names_of(whole: types.CodeType, operation: str) -> frozenset[str]:
    """The names that occur in the steps of one kind."""
    steps = itertools.chain(*map(dis.get_instructions, _nested(whole)))
    return frozenset(step.argval for step in steps if operation in step.opname)


def _nested(code: types.CodeType) -> list[types.CodeType]:
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return [code, *(deeper for part in inner for deeper in _nested(part))]


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None
