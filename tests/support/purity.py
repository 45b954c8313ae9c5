"""What code that must give the same digits everywhere may not contain."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

CALLS_OUTSIDE = frozenset({"breakpoint", "eval", "exec", "input", "open", "print"})
"""Builtins that reach outside the process, or run text as code."""

MODULES_OF_CHANCE = frozenset({"random", "secrets", "statistics", "time"})
"""Modules whose answers differ from run to run, or that compute in binary floats."""

CALLS_OF_CHANCE = frozenset({"hash", "id"})
"""Builtins whose answers differ from process to process."""

MODULES_OF_SURROUNDINGS = frozenset(
    {"getpass", "locale", "os", "pathlib", "platform", "socket", "subprocess", "sys", "tempfile"}
)
"""Modules whose answers differ from machine to machine, or from one environment to another."""

CLOCK_READS = frozenset({"now", "utcnow", "today"})
"""Methods of `datetime` and `date` that read the machine's clock."""

LOCAL_TIMES = frozenset({"fromtimestamp", "localtime", "mktime", "timestamp"})
"""Calls that may go by the time zone of the machine."""

BY_CUSTOM = frozenset({"casefold", "strcoll", "strftime", "strxfrm", "swapcase"})
"""Calls whose answers follow a language or a version of Unicode."""

LETTER_CASE = frozenset({"capitalize", "lower", "title", "upper"})
"""Calls that are no order of names, harmless elsewhere."""

FLOAT_MATH = frozenset({"fsum", "sqrt", "log", "log10", "exp", "pow"})
"""Functions of `math` that answer in binary floats."""

SET_METHODS = frozenset({"difference", "intersection", "symmetric_difference", "union"})
"""Methods of a set that give another one."""

IN_ORDER = frozenset({"dict", "enumerate", "filter", "iter", "list", "map", "tuple", "zip"})
"""Calls whose answer has the order of what they are given."""


def outside_calls(module: ast.Module) -> Iterator[str]:
    """Calls that read or write something outside the process."""
    for call in _calls(module):
        if isinstance(call.func, ast.Name) and call.func.id in CALLS_OUTSIDE:
            yield f"{call.lineno}: {call.func.id}()"


def clock_reads(module: ast.Module) -> Iterator[str]:
    """Calls of `datetime.now()` and the like, and naive local time."""
    for call in _calls(module):
        if not isinstance(call.func, ast.Attribute):
            continue
        owner = ast.unparse(call.func.value).rpartition(".")[2]
        clock = call.func.attr in CLOCK_READS and owner in {"date", "datetime"}
        naive = call.func.attr == "astimezone" and not (call.args or call.keywords)
        if clock or naive or call.func.attr in LOCAL_TIMES:
            yield f"{call.lineno}: {ast.unparse(call.func)}()"


def chance(module: ast.Module) -> Iterator[str]:
    """Imports and calls whose answers differ from run to run."""
    yield from _imports(module, MODULES_OF_CHANCE)
    for call in _calls(module):
        if isinstance(call.func, ast.Name) and call.func.id in CALLS_OF_CHANCE:
            yield f"{call.lineno}: {call.func.id}()"


def surroundings(module: ast.Module) -> Iterator[str]:
    """Imports of modules that tell of the machine, its files and its environment."""
    yield from _imports(module, MODULES_OF_SURROUNDINGS)


def customs(module: ast.Module) -> Iterator[str]:
    """Texts compared, sorted or written by the customs of a language."""
    for node in ast.walk(module):
        match node:
            case ast.Attribute(attr=attr) if attr in BY_CUSTOM:
                yield f"{node.lineno}: {attr}"
            case ast.keyword(arg="key", value=value):
                for part in ast.walk(value):
                    if isinstance(part, ast.Attribute) and part.attr in LETTER_CASE:
                        yield f"{part.lineno}: sorted by {part.attr}"
            case ast.FormattedValue(
                format_spec=ast.JoinedStr(values=[ast.Constant(value=str() as form)])
            ) if form.endswith("n"):
                yield f"{node.lineno}: format {form}"
            case _:
                pass


def binary_floats(module: ast.Module) -> Iterator[str]:
    """Float literals, `float`, true division of integer literals, and float functions of `math`."""
    for node in ast.walk(module):
        match node:
            case ast.Constant(value=float() | complex()):
                yield f"{node.lineno}: {node.value!r}"
            case ast.Name(id="float"):
                yield f"{node.lineno}: float"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="math"), attr=name)) if (
                name in FLOAT_MATH
            ):
                yield f"{node.lineno}: math.{name}()"
            case ast.BinOp(
                left=ast.Constant(value=int()), op=ast.Div(), right=ast.Constant(value=int())
            ):
                yield f"{node.lineno}: {ast.unparse(node)}"
            case _:
                pass


def set_iterations(module: ast.Module) -> Iterator[str]:
    """Loops, conversions and joins whose order is that of a set.

    A set is what is written as one, a name that the same function (or the module) binds to one or
    annotates as one, and an attribute that a class of the module annotates so. `sorted`, `len`,
    plain `min` and `max`, and membership do not depend on the order and are not reported.
    """
    attributes = frozenset(_attributes(module))
    functions = [
        node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.Lambda)
    ]
    found: dict[ast.expr, None] = {}
    for scope in (module, *functions):
        known = _Known(frozenset(_names(scope)), attributes)
        for node in ast.walk(scope):
            found |= dict.fromkeys(part for part in _walked(node) if known.is_set(part))
    for expression in found:
        yield f"{expression.lineno}: {ast.unparse(expression)}"


def _walked(node: ast.AST) -> list[ast.expr]:
    """What is gone through in its own order here."""
    found: list[ast.expr] = []
    match node:
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
            found = [iterated]
        case ast.Call(func=ast.Name(id=name), args=[*given]) if name in IN_ORDER:
            found = list(given)
        case ast.Call(func=ast.Name(id="min" | "max"), args=[first], keywords=[_, *_]):
            found = [first]
        case ast.Call(func=ast.Attribute(attr="join" | "fromkeys" | "extend"), args=[first, *_]):
            found = [first]
        case ast.Call(func=ast.Attribute(value=value, attr="pop"), args=[]):
            found = [value]
        case ast.Starred(value=first) | ast.YieldFrom(value=first):
            found = [first]
        case _:
            pass
    return found


def _attributes(module: ast.Module) -> Iterator[str]:
    """Attributes that classes of the module annotate as sets."""
    for node in ast.walk(module):
        if isinstance(node, ast.AnnAssign) and _says_set(node.annotation):
            if isinstance(node.target, ast.Attribute):
                yield node.target.attr
        elif isinstance(node, ast.ClassDef):
            for row in node.body:
                if isinstance(row, ast.AnnAssign) and _says_set(row.annotation):
                    yield ast.unparse(row.target)


def _names(scope: ast.AST) -> Iterator[str]:
    """Names that a function, or the module outside of functions, binds to sets."""
    nodes = ast.walk(scope) if not isinstance(scope, ast.Module) else iter(scope.body)
    for node in nodes:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if _says_set(
                annotation
            ):
                yield name
            case ast.arg(arg=name, annotation=ast.expr() as annotation) if _says_set(annotation):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _NOTHING.is_set(value):
                yield name
            case _:
                pass


def _says_set(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in {"AbstractSet", "Set", "frozenset", "set"}
        case ast.Subscript(value=value):
            return _says_set(value)
        case _:
            return False


class _Known(NamedTuple):
    """What is known to be a set in some place."""

    names: frozenset[str]
    attributes: frozenset[str]

    def is_set(self, expression: ast.expr) -> bool:
        """Whether an expression is a set."""
        match expression:
            case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
                return True
            case ast.Name(id=name):
                return name in self.names
            case ast.Attribute(attr=name):
                return name in self.attributes
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in SET_METHODS:
                return self.is_set(value)
            case ast.BinOp(
                left=left, op=ast.BitOr() | ast.BitAnd() | ast.BitXor() | ast.Sub(), right=right
            ):
                return self.is_set(left) or self.is_set(right)
            case _:
                return False


_NOTHING = _Known(frozenset(), frozenset())


def _imports(module: ast.Module, forbidden: frozenset[str]) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.partition(".")[0] in forbidden:
                yield f"{node.lineno}: import {name}"


def _calls(module: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module) if isinstance(node, ast.Call))
