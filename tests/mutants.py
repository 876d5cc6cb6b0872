"""Make mutants of the solutions, and see which of them the checks refuse.

A mutant is a solution with one small fault, such as a learner might make: another operator, a number
that is off by one, swapped arguments, a statement left out, the result rounded or printed, a list
kept between calls. ``python tests/mutants.py 02.1 03.2`` prints a table, with all mutants that are
accepted; without a number it tries all exercises, which takes some minutes. A mutant that is right
all the same stands in `EQUIVALENT`, with the reason.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np

ROOT = Path(__file__).parents[1]
Change = tuple[str, ast.AST]

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt, ast.NotEq),
    ast.LtE: (ast.Lt, ast.GtE, ast.Eq),
    ast.Gt: (ast.GtE, ast.Lt, ast.NotEq),
    ast.GtE: (ast.Gt, ast.LtE, ast.Eq),
    ast.Eq: (ast.NotEq, ast.LtE, ast.GtE),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Add, ast.Div),
    ast.Div: (ast.Mult, ast.FloorDiv, ast.Sub),
    ast.FloorDiv: (ast.Div, ast.Mult, ast.Mod),
    ast.Pow: (ast.Mult, ast.Add),
    ast.BitAnd: (ast.BitOr,),
}
NAMES = {
    "max": ("min",),
    "min": ("max",),
    "sum": ("max", "len"),
    "prod": ("sum",),
    "mean": ("median", "sum", "max"),
    "argmax": ("argmin",),
    "argmin": ("argmax",),
    "ceil": ("floor", "round"),
    "floor": ("ceil",),
    "log": ("log2", "sqrt"),
    "exp": ("exp2", "abs"),
    "sign": ("abs",),
    "sorted": ("list",),
    "percentile": ("quantile",),
    "bincount": ("sort",),
    "argsort": ("sort",),
    "count": ("index",),
    "fill_between": ("plot",),
    "MaxPooling2D": ("AveragePooling2D",),
    "AveragePooling2D": ("MaxPooling2D",),
    "Concatenate": ("Add", "Average"),
    "Flatten": ("SpatialReduction",),
    "combinations": ("permutations", "combinations_with_replacement"),
    "tensordot": ("dot",),
}
# What takes one argument and gives it back in another form or as a copy.
FORMS = {"dict", "list", "int", "tuple", "float", "set", "sorted", "asarray"}


# ---- one fault in the code


def changes(node: ast.AST, parameters: list[str]) -> Iterator[Change]:
    """What may stand in the place of a node, each with words that say so."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for op in COMPARISONS.get(type(node.ops[0]), ()):
            yield from _changed(node, ops=[op()])
    if isinstance(node, ast.BinOp):
        for operator in OPERATORS.get(type(node.op), ()):
            yield from _changed(node, op=operator())
        if not isinstance(node.op, (ast.Add, ast.Mult)):
            yield from _changed(node, left=node.right, right=node.left)
        yield from _replaced(node, node.left, node.right)
    if isinstance(node, ast.BoolOp):
        yield from _changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        yield from _replaced(node, *node.values)
    if isinstance(node, ast.UnaryOp):
        yield from _replaced(node, node.operand)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Constant):
        for value in _other_values(node.value):
            yield from _replaced(node, ast.Constant(value))
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        others = [name for name in parameters if name != node.id]
        if node.id in parameters:
            yield from _replaced(node, *(ast.Name(name, ast.Load()) for name in others))
        for name in NAMES.get(node.id, ()):
            yield from _replaced(node, ast.Name(name, ast.Load()))
    if isinstance(node, ast.Attribute):
        for name in NAMES.get(node.attr, ()):
            yield from _changed(node, attr=name)
    if isinstance(node, ast.Call):
        yield from _other_calls(node)
    if isinstance(node, ast.Slice):
        for part in ("lower", "upper", "step"):
            if getattr(node, part) is not None:
                yield from _changed(node, **{part: None})
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        yield from _changed(node.slice, elts=node.slice.elts[::-1], of=node)
    is_read = isinstance(getattr(node, "ctx", None), ast.Load)
    if isinstance(node, (ast.Tuple, ast.List)) and is_read and len(node.elts) > 1:
        yield from _changed(node, elts=node.elts[::-1])
        yield from _changed(node, elts=node.elts[1:])
        yield from _changed(node, elts=node.elts[:-1])
    if isinstance(node, (ast.If, ast.IfExp)):
        for test in (ast.Constant(True), ast.Constant(False)):
            yield from _changed(node, test=test)
        yield from _changed(node, test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.comprehension) and node.ifs:
        yield from _changed(node, ifs=[])
    if isinstance(node, (ast.For, ast.comprehension)):
        for form in ("list({})[1:]", "list({})[:-1]", "list({})[::-1]", "list({})[:1]"):
            yield from _changed(node, iter=_parsed(form.format(ast.unparse(node.iter))))
    if isinstance(node, ast.For):
        yield from _changed(node, body=[*node.body, ast.Break()])
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr, ast.If, ast.For, ast.With)):
        yield f"without `{_short(node)}`", ast.Pass()
    if isinstance(node, ast.AugAssign):
        yield from _replaced(
            node,
            ast.Assign([copy.deepcopy(node.target)], node.value, lineno=node.lineno),
        )
    if isinstance(node, ast.With):
        yield f"no `with` around `{_short(node.body[0])}`", node.body[0]
    if isinstance(node, ast.Return) and node.value is not None:
        shown = ast.unparse(node.value)
        for form in ("({})[0]", "({})[1]", "[{}]", "print({})", "0", "[]"):
            yield from _changed(node, value=_parsed(form.format(shown)))


def _other_values(value: object) -> list:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [value + 0.1, 2 * value + 0.1]
    return [f"{value}s"] if isinstance(value, str) else []


def _other_calls(node: ast.Call) -> Iterator[Change]:
    name = ast.unparse(node.func).rpartition(".")[2]
    if len(node.args) == 2:
        yield from _changed(node, args=node.args[::-1])
        yield from _changed(node, args=node.args[:1])
        yield from _changed(node, args=node.args[1:])
    for place in range(len(node.keywords)):
        kept = [keyword for other, keyword in enumerate(node.keywords) if other != place]
        yield from _changed(node, keywords=kept)
    if name in FORMS and len(node.args) == 1:
        yield from _replaced(node, node.args[0])
    if name in ("copy", "tolist", "to_numpy") and isinstance(node.func, ast.Attribute):
        yield from _replaced(node, node.func.value)
    if name == "range" and len(node.args) == 1:
        shown = ast.unparse(node.args[0])
        for form in ("range({} - 1)", "range({} + 1)", "range(1, {})", "range(1, {} + 1)"):
            yield from _replaced(node, _parsed(form.format(shown)))


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _short(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


def _changed(node: ast.AST, *, of: ast.AST | None = None, **fields: object) -> Iterator[Change]:
    """The node with other fields; `of` is the node above it that is to be replaced."""
    outer = copy.deepcopy(of or node)
    inner = outer.slice if of is not None else outer  # type: ignore[attr-defined]  # a Subscript
    for name, value in fields.items():
        setattr(inner, name, copy.deepcopy(value))
    yield from _replaced(of or node, outer)


def _replaced(node: ast.AST, *others: ast.AST) -> Iterator[Change]:
    for other in others:
        before, after = _words(node), _words(other)
        if before != after:
            yield f"`{before}` -> `{after}`", other


def _words(node: ast.AST) -> str:
    if isinstance(node, ast.For):
        return f"{_short(node)} ... {_short(node.body[-1])}"
    return _short(node)


def code_mutants(function: ast.AST, lines: range) -> Iterator[tuple[str, str]]:
    """The source of a definition with one fault each, within these lines."""
    parameters = [
        argument.arg
        for node in ast.walk(function)
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
        if argument.arg not in ("self", "hp")
    ]
    seen = set()
    for parent in ast.walk(function):
        for field, value in ast.iter_fields(parent):
            siblings = value if isinstance(value, list) else [value]
            for place, node in enumerate(siblings):
                if not isinstance(node, ast.AST) or _line(node, parent) not in lines:
                    continue
                if isinstance(parent, ast.Expr) and isinstance(node, ast.Constant):
                    continue  # a docstring
                for words, other in changes(node, parameters):
                    siblings[place] = other
                    setattr(parent, field, siblings if siblings is value else other)
                    text = ast.unparse(function)
                    siblings[place] = node
                    setattr(parent, field, value)
                    if text not in seen:
                        seen.add(text)
                        yield f"{words} in line {_line(node, parent) - lines.start}", text


def _line(node: ast.AST, parent: ast.AST) -> int:
    child = next((each for each in ast.walk(node) if hasattr(each, "lineno")), parent)
    return getattr(child, "lineno", 0)


# ---- one fault around the function


def prints(value):
    print(value)


def shift(value, by):
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], str):
        return [value[-1], *value[:-1]]
    return (np.asarray(value, dtype=float) + by).tolist()


def times(value, factor):
    return (np.asarray(value, dtype=float) * factor).tolist()


def rounded(value, digits):
    return np.asarray(value, dtype=float).round(digits).tolist()


AROUND: dict[str, Callable] = {
    "in percent": lambda value: times(value, 100),
    "a hundredth": lambda value: times(value, 0.01),
    "one more": lambda value: shift(value, 1),
    "one less": lambda value: shift(value, -1),
    "a little more": lambda value: shift(value, 0.002),
    "the sign": lambda value: times(value, -1),
    "what is missing to 1": lambda value: shift(times(value, -1), 1),
    "rounded to 1 digit": lambda value: rounded(value, 1),
    "rounded to 2 digits": lambda value: rounded(value, 2),
    "rounded to a whole number": lambda value: rounded(value, 0),
    "cut to a whole number": lambda value: np.trunc(np.asarray(value, dtype=float)).tolist(),
    "twice": lambda value: times(value, 2),
    "a text": str,
    "in a list": lambda value: [value],
    "printed": prints,
    "True": lambda value: True,
    "without the first": lambda value: value[1:],
    "without the last": lambda value: value[:-1],
    "in reverse": lambda value: list(value)[::-1],
    "sorted": sorted,
    "each once": lambda value: list(dict.fromkeys(value)),
    "the first alone": lambda value: value[0],
    "the last alone": lambda value: value[-1],
    "the largest alone": max,
    "how many": len,
    "the last twice": lambda value: [*value, value[-1]],
    "a generator": lambda value: (each for each in value),
}


def around(answer: Callable) -> Iterator[tuple[str, Callable]]:
    """The function with one fault in what it returns, keeps, changes or is called with."""
    for words, change in AROUND.items():
        yield words, lambda *given, change=change: change(answer(*given))

    kept: list = []

    def the_first_for_ever(*given):
        kept.append(answer(*given))
        return kept[0]

    calls: list = []

    def wrong_when_called_again(*given):
        calls.append(repr(given))
        return AROUND["one more"](answer(*given)) if calls.count(calls[-1]) > 1 else answer(*given)

    def changes_what_it_is_given(*given):
        value = answer(*given)
        for each in given:
            if isinstance(each, list):
                each.reverse()
            if isinstance(each, dict):
                each.clear()
            if isinstance(each, np.ndarray) and each.size:
                each[...] = each[..., ::-1].copy() + 1
            if hasattr(each, "columns"):
                each["new"] = 1
        return value

    def never_ends(*given):
        while True:
            answer(*given)

    def leaves(*given):
        sys.exit()

    def calls_itself(*given):
        return calls_itself(*given)

    yield "the first result for ever", the_first_for_ever
    yield "wrong when called again", wrong_when_called_again
    yield "changes what it is given", changes_what_it_is_given
    yield "never ends", never_ends
    yield "exits", leaves
    yield "calls itself", calls_itself


# ---- the solutions


def source(unit: str) -> str:
    (path,) = (ROOT / "solutions" / "source").glob(f"{unit}_*.py")
    return path.read_text(encoding="utf-8")


def solution(id: str) -> tuple[ast.Module, list[tuple[ast.AST, range]], str]:
    """The source of a unit, the definitions that answer an exercise with their lines, its name."""
    text = source(id[:2])
    lines = text.splitlines()
    heading = f"# ## Exercise {int(id[:2])}.{id[3:]}:"
    first = next(number for number, line in enumerate(lines, 1) if line.startswith(heading))
    check = next(n for n, line in enumerate(lines, 1) if f'check("{id}"' in line and n > first)
    (name,) = re.findall(rf'check\("{id}", (\w+)\)', lines[check - 1])
    begins = [n for n in range(first, check) if lines[n - 1].strip() == "### BEGIN SOLUTION"]
    ends = [n for n in range(first, check) if lines[n - 1].strip() == "### END SOLUTION"]
    tree = ast.parse(text)
    definitions = [
        (node, range(begin, end))
        for begin, end in zip(begins, ends)
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and node.lineno < end
        and (node.end_lineno or 0) >= begin - 1
    ]
    return tree, definitions, name


def namespace(tree: ast.Module) -> dict[str, object]:
    """What the cells of a source import and define; nothing else of them runs."""
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    module = ast.Module([node for node in tree.body if isinstance(node, kinds)], [])
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(module, "solutions", "exec"), names)  # noqa: S102
    return names


def mutants(id: str) -> Iterator[tuple[str, object]]:
    """Wrong answers to an exercise, each with words that say what is wrong with it."""
    tree, definitions, name = solution(id)
    names = namespace(tree)
    for definition, lines in definitions:
        # Helpers of a solution see each other, so that all are defined anew.
        nodes = [node for node, _ in definitions if node is not definition]
        others = compile(ast.Module(nodes, []), "solutions", "exec")
        for words, mutant in code_mutants(definition, lines):
            own = dict(names)
            with contextlib.suppress(SyntaxError, TypeError, ValueError):
                exec(compile(mutant, "mutant", "exec"), own)  # noqa: S102
                exec(others, own)  # noqa: S102
                yield words, own[name]
    answer = names[name]
    if isinstance(answer, type) or next(iter(answer.__code__.co_varnames), "") in ("hp", "ax"):
        return
    if answer.__code__.co_argcount:
        yield from around(answer)


# Mutants that are right all the same: in which exercises, how their words begin, and why.
EQUIVALENT: list[tuple[str, tuple[str, ...], str]] = [
    (
        "03.1 03.2 04.2 06.2 07.2 09.4 12.3 14.2 14.3",
        ("rounded to", "cut to"),
        "The results are whole numbers.",
    ),
    (
        "01.2 02.2 03.1 04.2 10.1 10.2 12.1 13.2 14.2",
        ("changes what it is given",),
        "Nothing is given that could be changed.",
    ),
    ("02.1 06.2 07.1 12.3", ("sorted",), "The results are sorted."),
    ("03.1", ("sorted",), "There are never more parameters than FLOPs."),
    ("03.1 06.2 07.1 08.3 10.2 10.3 12.3 13.3", ("each once",), "No value comes back in a result."),
    ("01.2", ("`for _ in range", "`range(budget)` -> `range(1, budget + 1)`"), "The same turns."),
    (
        "02.1",
        ("`[accuracy, *incumbents[-1:]]` -> `[*inc", "`-1:` -> `:`", "`1` -> `2`", "`1` -> `0`"),
        "Earlier incumbents are no higher than the last.",
    ),
    (
        "03.2 04.1 05.1 06.1 06.2 08.1 08.3 09.3 10.3 13.1 14.1 14.3",
        (
            "` for network in order[:n]` -> ` for network in list(order[:n])[::-1]`",
            "` for depth in depths` -> ` for depth in list(depths)[::-1]`",
            "` for values in (a, b)` -> ` for values in list((a, b))[::-1]`",
            "` for x in values` -> ` for x in list(values)[::-1]`",
            "` for y in values` -> ` for y in list(values)[::-1]`",
            "` for x in a` -> ` for x in list(a)[::-1]`",
            "` for y in b` -> ` for y in list(b)[::-1]`",
            "` for node, count in leaves.items()` -> ` for node, count in list(",
            "` for each in names` -> ` for each in list(names)[::-1]`",
            "` for node in way(each)` -> ` for node in list(way(each))[::-1]`",
            "` for node in way(name)` -> ` for node in list(way(name))[::-1]`",
            "` for depth in range(len(parts) + 1)` -> ` for depth in list(range(",
            "` for block in range(blocks)` -> ` for block in list(range(blocks))[::-1]`",
            "` for layer in range(layers)` -> ` for layer in list(range(layers))[::-1]`",
            "` for one, two in pairs` -> ` for one, two in list(pairs)[::-1]`",
            "` for network in shortlist` -> ` for network in list(shortlist)[::-1]`",
            "` for _, seconds in trained.values()` -> ` for _, seconds in list(",
            "` for place, name in enumerate(operations) if name != 'none'` -> ",
            "` for name, (number, unit) in networks.items()` -> ` for name, (number, unit) in list(",
            "` for front in fronts` -> ` for front in list(fronts)[::-1]`",
            "` for size, a in front if size <= limit` -> ` for size, a in list(front)[::-1]",
            "` for block, variant in zip(gains, choice)` -> ` for block, variant in list(",
            "` for block, variant in zip(costs, choice)` -> ` for block, variant in list(",
        ),
        "The order plays no part in a sum, a set, a maximum without equals, or for both lists.",
    ),
    (
        "04.1",
        ("`np.corrcoef(*ranks)[0, 1]` -> `np.corrcoef(*ranks)[1, 0]`", "`(a, b)` -> `(b, a)`"),
        "A correlation is the same both ways.",
    ),
    ("04.1", ("`sum((y == x for y in values)) + 1` -> ", "`1` -> "), "A constant in all ranks."),
    ("04.1", ("`y < x` -> `y > x`",), "Both lists are ranked downward."),
    ("04.2", ("`max(1, n_networks // factor)` -> `max(n_",), "The same maximum."),
    (
        "05.3",
        ("`[25, 50, 75]` -> `[75, 50, 25]`", "`0.2` -> ", "`ax.fill_between(spent, low, high, a"),
        "The same band, or in a stronger color.",
    ),
    ("06.1", ("`1` -> `2` in line 2",), "All weights are doubled."),
    (
        "06.3",
        ("`ak.ConvBlock(kernel_size=3, num", "`'conv'` -> ", "`'num_blocks'` -> ", "`'filters'`"),
        "Names are the learner's choice.",
    ),
    ("02.3 06.3", ("`[1, 2]` -> `[2", "`[16, 32]` -> `[32", "`[8, 16]` -> `[16"), "Same values."),
    ("02.3", ("`3` -> `4`",), "The scope lists a value that layers never has."),
    (
        "03.3",
        ("`[y, layers.AveragePooling2D(2)(x)]` -> `[lay",),
        "The task leaves this order open.",
    ),
    (
        "07.2",
        ("`(table['n_params'] <= max_params) & (table['latency_ms'] <= max_ms)` -> `(table['lat",),
        "The same rows.",
    ),
    ("08.1", ("`itertools.combinations` -> `itertools.permutations`",), "Each pair twice."),
    ("08.1", ("`zip(a, b)` -> `zip(b, a)`",), "A correlation is the same both ways."),
    ("08.3", ("`np.argsort(inherited)[::-1][:n].tolist()` -> ",), "NumPy's own whole numbers."),
    ("08.3", ("wrong when called again",), "The check calls it with another train each time."),
    ("09.1", ("`np.asarray(",), "NumPy takes lists here."),
    ("09.4", ("`list(cell)` -> `cell`",), "A cell is a list."),
    ("10.2", ("`rounded < 0.9 * wanted` -> `rounded <= ",), "No sizes are at this limit."),
    ("10.2", ("`(wanted + 4) // 8` -> `(wanted + 4) / 8`",), "int rounds down as well."),
    ("12.3", ("`('new', 'lost')` -> `('lost', 'new')`",), "The same two."),
    ("13.1", ("`predictions` -> `accuracies` in line 1",), "Both lists have the same length."),
    ("13.2", ("`deviation == 0` -> `deviation <= 0`",), "No deviation is below 0."),
    ("13.2", ("`max(mean - best, 0)` -> `max(0, mean - best)`",), "The same maximum."),
    ("13.3", ("wrong when called again",), "Nothing can be added to a name."),
    ("14.2", ("in reverse",), "The kernel is symmetric."),
    ("14.3", ("`for choice in itertools", "`gain > most` -> `gain >="), "No two choices are best."),
    ("14.3", ("`list(choice)` -> `choice`",), "A tuple of numbers does as well."),
    ("14.3", ("`gains` -> `costs` in line 2",), "Both tables have the same shape."),
]


def reason(id: str, words: str) -> str:
    """Why a mutant is right, or an empty text."""
    reasons = (
        why for ids, starts, why in EQUIVALENT if id in ids.split() and words.startswith(starts)
    )
    return next(reasons, "")


def survivors(id: str) -> tuple[int, list[str], list[str]]:
    """How many mutants there are, those that are right all the same, and those accepted."""
    from nascourse.checks import bounds, core, registry

    exercise = registry.find(id)
    total, equivalent, accepted = 0, [], []
    for words, answer in mutants(id):
        total += 1
        # What never ends uses up all the seconds that it gets.
        seconds = 0.05 if words == "never ends" else bounds.SECONDS
        with mock.patch.object(bounds, "SECONDS", seconds):
            right, _ = core._judge(exercise, answer, np.random.default_rng(total))
        if right:
            (equivalent if reason(id, words) else accepted).append(words)
    return total, equivalent, accepted


def code_exercises() -> list[str]:
    """The exercises that ask for a function or a class."""
    ids = []
    for path in sorted((ROOT / "solutions" / "source").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        ids += [
            id
            for id, name in re.findall(r'check\("(\d\d\.\d)", (\w+)\)', text)
            if re.search(rf"^(def|class) {name}\b", text, re.MULTILINE)
        ]
    return ids


def main(ids: list[str]) -> None:
    from nascourse.checks import bounds

    os.environ["NASCOURSE_PROGRESS"] = "off"
    bounds.SECONDS = 2
    print("exercise  mutants  refused  equivalent  accepted")
    for id in ids or code_exercises():
        with contextlib.redirect_stderr(io.StringIO()):
            total, equivalent, accepted = survivors(id)
        refused = total - len(equivalent) - len(accepted)
        print(f"{id:8}{total:9}{refused:9}{len(equivalent):12}{len(accepted):10}", flush=True)
        for words in accepted:
            print(f"          accepted: {words}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
