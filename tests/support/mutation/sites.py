"""The places of a module where a fault can be planted.

What has no effect at run time is left out: annotations (but for those of structs, which msgspec
reads), docstrings, imports, type variables, unreachable branches. Wording is left out too, see
`is_wording`.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

_TYPES_ONLY: Final = frozenset({"TypeVar", "assert_never", "cast"})
_PROSE: Final = frozenset({"description", "examples"})
_WORDS: Final = "Word"
_SKIPPED: Final[dict[type[ast.AST], frozenset[str]]] = {
    ast.FunctionDef: frozenset({"returns", "decorator_list"}),
    ast.ClassDef: frozenset({"bases", "decorator_list"}),
    ast.arg: frozenset({"annotation"}),
    ast.Raise: frozenset({"cause"}),
    ast.FormattedValue: frozenset({"format_spec"}),
}
"""Parts of nodes that have no effect at run time, or none that is of the rules."""


class Site(NamedTuple):
    """A node, the nodes around it from the module inwards, and where in the innermost it stands.

    `place` is where the node stands in a field that holds several, else None.
    """

    node: ast.AST
    above: tuple[ast.AST, ...]
    field: str
    place: int | None

    @property
    def parent(self) -> ast.AST:
        """The node that holds this one."""
        return self.above[-1]

    @property
    def statement(self) -> ast.stmt | None:
        """The innermost statement that holds this node, or is it."""
        around = (*self.above, self.node)
        return next((node for node in reversed(around) if isinstance(node, ast.stmt)), None)

    @property
    def function(self) -> ast.FunctionDef | None:
        """The outermost function in whose body this node stands; None elsewhere in the module."""
        around = (*self.above, self.node)
        for node, inner in pairwise(around):
            if isinstance(node, ast.FunctionDef):
                return node if inner in node.body else None
        return None

    @property
    def name(self) -> str:
        """The qualified name of what holds this node: a function, a class, or empty."""
        names: list[str] = []
        for node in self.above:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                names.append(node.name)
                if isinstance(node, ast.FunctionDef):
                    break
        return ".".join(names)

    def put(self, node: ast.AST) -> None:
        """Put another node in this place."""
        if self.place is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.place] = node


def sites(module: ast.Module) -> Iterator[Site]:
    """Every place, outermost first, in the order of the source."""
    yield from _below(module, ())


def is_wording(text: str) -> bool:
    """Whether a text is prose of a message: it has a blank or a character beyond ASCII.

    How a message is worded is for its readers to judge. What it states is not: the places of its
    values are mutated.
    """
    return " " in text or not text.isascii()


def _below(parent: ast.AST, above: tuple[ast.AST, ...]) -> Iterator[Site]:
    around = (*above, parent)
    for field, value in ast.iter_fields(parent):
        if _without_effect(parent, field, above):
            continue
        nodes = enumerate(value) if isinstance(value, list) else [(None, value)]
        for place, node in nodes:
            if isinstance(node, ast.AST) and not _is_left_out(node):
                yield Site(node, around, field, place)
                yield from _below(node, around)


def _without_effect(parent: ast.AST, field: str, above: tuple[ast.AST, ...]) -> bool:
    if isinstance(parent, ast.AnnAssign):
        holder = above[-1]
        decoded = isinstance(holder, ast.ClassDef) and not holder.decorator_list
        return field == "target" or (field == "annotation" and not decoded)
    if isinstance(parent, ast.Call) and called(parent) == _WORDS:
        return field == "args"
    return field in _SKIPPED.get(type(parent), {"ctx"})


def _is_left_out(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(value=ast.Call() as call) | ast.Expr(value=ast.Call() as call):
            return called(call) in _TYPES_ONLY
        case ast.keyword(arg=str(name)):
            return name in _PROSE
        case _:
            return False


def called(call: ast.Call) -> str:
    """The name of what a call calls, without what stands before the last dot."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
