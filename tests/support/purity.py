"""What code that must give the same digits everywhere may not contain."""

from __future__ import annotations

import ast
from collections.abc import Iterator

CALLS_OUTSIDE = frozenset({"breakpoint", "eval", "exec", "input", "open", "print"})
"""Builtins that reach outside the process, or run text as code."""

MODULES_OF_CHANCE = frozenset({"random", "secrets", "statistics", "time"})
"""Modules whose answers differ from run to run, or that compute in binary floats."""

CLOCK_READS = frozenset({"now", "utcnow", "today"})
"""Methods of `datetime` and `date` that read the machine's clock."""

FLOAT_MATH = frozenset({"fsum", "sqrt", "log", "log10", "exp", "pow"})
"""Functions of `math` that answer in binary floats."""


def outside_calls(module: ast.Module) -> Iterator[str]:
    """Calls that read or write something outside the process."""
    for call in _calls(module):
        if isinstance(call.func, ast.Name) and call.func.id in CALLS_OUTSIDE:
            yield f"{call.lineno}: {call.func.id}()"


def clock_reads(module: ast.Module) -> Iterator[str]:
    """Calls of `datetime.now()` and the like."""
    for call in _calls(module):
        if isinstance(call.func, ast.Attribute) and call.func.attr in CLOCK_READS:
            owner = ast.unparse(call.func.value).rpartition(".")[2]
            if owner in {"date", "datetime"}:
                yield f"{call.lineno}: {ast.unparse(call.func)}()"


def chance_imports(module: ast.Module) -> Iterator[str]:
    """Imports of modules whose answers differ from run to run."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.partition(".")[0] in MODULES_OF_CHANCE:
                yield f"{node.lineno}: import {name}"


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
    """Loops, conversions and joins whose order is that of a set written in the same place.

    `sorted`, `len`, `min`, `max` and membership do not depend on the order and are not reported.
    """
    for node in ast.walk(module):
        walked: list[ast.expr] = []
        match node:
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
                walked = [iterated]
            case ast.Call(func=ast.Name(id="list" | "tuple" | "enumerate" | "iter"), args=[first]):
                walked = [first]
            case ast.Call(func=ast.Attribute(attr="join"), args=[first]):
                walked = [first]
            case ast.Starred(value=first):
                walked = [first]
            case _:
                pass
        for expression in walked:
            if _makes_a_set(expression):
                yield f"{expression.lineno}: {ast.unparse(expression)}"


def _makes_a_set(expression: ast.expr) -> bool:
    match expression:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub(), right=right):
            return _makes_a_set(left) or _makes_a_set(right)
        case _:
            return False


def _calls(module: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module) if isinstance(node, ast.Call))
