"""The faults that are planted: what may stand in a place instead of what does.

Each operator has a name, under which the survivors' list and the report speak of it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from support.mutation.sites import Site, called, is_wording

Alternative = tuple[str, ast.AST]
"""The name of an operator, and the node it puts in place."""

_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_BOUNDARIES: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_NEGATIONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER_FUNCTIONS: Final = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "reversed": "iter",
    "abs": "",
}
_COMMUTATIVE: Final = frozenset({"max", "min"})
_REPETITIONS: Final = re.compile(r"\{(\d+),(\d+)\}|\{(\d+)\}")
_PLACEHOLDER: Final = re.compile(r"\{[a-z_]+\}")


def alternatives(site: Site) -> Iterator[Alternative]:
    """Every fault for one place; none where there is nothing to get wrong."""
    if _decides(site):
        # A loop whose condition always holds says nothing but that it never ends.
        truths = (False,) if isinstance(site.parent, ast.While) else (True, False)
        yield from (("condition", ast.Constant(truth)) for truth in truths)
    for kind, made in _MAKERS:
        if isinstance(site.node, kind):
            yield from made(site, site.node)


def _decides(site: Site) -> bool:
    """Whether a true or false value in this place decides what is done or answered."""
    parent, field = site.parent, site.field
    if isinstance(site.node, ast.Constant):
        return False
    match parent:
        case ast.If() | ast.IfExp() | ast.While():
            return field == "test"
        case ast.comprehension():
            return field == "ifs"
        case ast.match_case():
            return field == "guard"
        case ast.Return():
            return _returns_truth(site)
        case _:
            return False


def _returns_truth(site: Site) -> bool:
    inner = [node for node in site.above if isinstance(node, ast.FunctionDef)]
    return isinstance(inner[-1].returns, ast.Name) and inner[-1].returns.id == "bool"


def _constants(site: Site, node: ast.Constant) -> Iterator[Alternative]:
    match node.value:
        case bool(truth):
            yield "constant", ast.Constant(not truth)
        case int(number):
            yield "constant", ast.Constant(number + 1)
            yield "constant", ast.Constant(number - 1)
        case str(text):
            patterns = list(_patterns(text)) if _is_pattern(site) else []
            yield from (("pattern", ast.Constant(pattern)) for pattern in patterns)
            if placeholders := list(_PLACEHOLDER.finditer(text)):
                for found in placeholders:
                    left = text[: found.start()] + text[found.end() :]
                    yield "placeholder", ast.Constant(left)
            elif not is_wording(text) and not patterns:
                yield "constant", ast.Constant(text + "~")
        case _:
            return


def _is_pattern(site: Site) -> bool:
    match site.parent:
        case ast.Call() as call:
            return called(call) == "compile"
        case ast.keyword(arg="pattern"):
            return True
        case _:
            return False


def _patterns(text: str) -> Iterator[str]:
    """Regular expressions that take one repetition more or one less, or no optional part."""
    for found in _REPETITIONS.finditer(text):
        low, high, exactly = found.groups()
        counts = (
            [
                f"{{{low},{int(high) + 1}}}",
                f"{{{low},{int(high) - 1}}}",
                f"{{{int(low) + 1},{high}}}",
            ]
            if exactly is None
            else [f"{{{int(exactly) + 1}}}", f"{{{int(exactly) - 1}}}"]
        )
        yield from (text[: found.start()] + count + text[found.end() :] for count in counts)
    for place, character in enumerate(text):
        if character == "?" and text[place - 1] != "(":
            yield text[:place] + text[place + 1 :]


def _texts(_site: Site, node: ast.JoinedStr) -> Iterator[Alternative]:
    for place, part in enumerate(node.values):
        if isinstance(part, ast.FormattedValue):
            left = [*node.values[:place], *node.values[place + 1 :]]
            yield "placeholder", ast.JoinedStr(left)


def _comparisons(site: Site, node: ast.Compare) -> Iterator[Alternative]:
    tables = (("boundary", _BOUNDARIES), ("comparison", _NEGATIONS))
    for place, operator in enumerate(node.ops):
        for name, table in tables:
            # Of a condition that is one comparison, both answers are planted anyway.
            if name == "comparison" and len(node.ops) == 1 and _decides(site):
                continue
            if type(operator) in table:
                operators = [*node.ops]
                operators[place] = table[type(operator)]()
                yield name, ast.Compare(node.left, operators, node.comparators)


def _combinations(_site: Site, node: ast.BoolOp) -> Iterator[Alternative]:
    other = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
    yield "boolean", ast.BoolOp(other, node.values)
    for place in range(len(node.values)):
        left = [*node.values[:place], *node.values[place + 1 :]]
        yield "boolean", left[0] if len(left) == 1 else ast.BoolOp(node.op, left)


def _signs(_site: Site, node: ast.UnaryOp) -> Iterator[Alternative]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield "unary", node.operand


def _operations(site: Site, node: ast.BinOp) -> Iterator[Alternative]:
    # Texts cannot be subtracted; outside functions, what is joined is types.
    if site.function is not None and not any(map(_is_text, (node.left, node.right))):
        yield "arithmetic", ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)


def _is_text(node: ast.expr) -> bool:
    match node:
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_text(left) or _is_text(right)
        case ast.IfExp(body=body):
            return _is_text(body)
        case _:
            return False


def _calls(_site: Site, node: ast.Call) -> Iterator[Alternative]:
    name = called(node)
    if isinstance(node.func, ast.Name) and name in _OTHER_FUNCTIONS:
        other = _OTHER_FUNCTIONS[name]
        keywords = [row for row in node.keywords if name != "sorted"]
        yield (
            "function",
            ast.Call(ast.Name(other, ast.Load()), node.args, keywords) if other else node.args[0],
        )
    if name in _COMMUTATIVE:
        return
    for place, (first, second) in enumerate(zip(node.args, node.args[1:], strict=False)):
        if ast.dump(first) != ast.dump(second):
            swapped = [*node.args]
            swapped[place : place + 2] = [second, first]
            yield "argument", ast.Call(node.func, swapped, node.keywords)


def _keywords(_site: Site, node: ast.keyword) -> Iterator[Alternative]:
    mutated_as_constant = isinstance(node.value, ast.Constant) and not (
        isinstance(node.value.value, str) and is_wording(node.value.value)
    )
    if not mutated_as_constant:
        yield "argument", ast.keyword(node.arg, ast.Constant(None))


def _slices(_site: Site, node: ast.Slice) -> Iterator[Alternative]:
    if node.lower is not None:
        yield "slice", ast.Slice(None, node.upper, node.step)
    if node.upper is not None:
        yield "slice", ast.Slice(node.lower, None, node.step)


def _sequences(site: Site, node: ast.Tuple | ast.List | ast.Set) -> Iterator[Alternative]:
    """Collections without one of those they unfold, sort keys without one of their parts."""
    if not isinstance(node, ast.Set) and not isinstance(node.ctx, ast.Load):
        return
    is_key = isinstance(site.parent, ast.Lambda)
    for place, element in enumerate(node.elts):
        if isinstance(element, ast.Starred) or is_key:
            left = [*node.elts[:place], *node.elts[place + 1 :]]
            if isinstance(node, ast.List):
                yield "element", ast.List(left, ast.Load())
            elif isinstance(node, ast.Set) and left:
                yield "element", ast.Set(left)
            else:
                # An empty set has no display of its own.
                yield "element", ast.Tuple(left, ast.Load())


def _mappings(_site: Site, node: ast.Dict) -> Iterator[Alternative]:
    for place, key in enumerate(node.keys):
        if key is None:
            keys, values = [*node.keys], [*node.values]
            del keys[place], values[place]
            yield "element", ast.Dict(keys, values)


def _lambdas(_site: Site, node: ast.Lambda) -> Iterator[Alternative]:
    yield "return", ast.Lambda(node.args, ast.Constant(None))


def _cases(_site: Site, node: ast.match_case) -> Iterator[Alternative]:
    if not (isinstance(node.pattern, ast.MatchAs) and node.pattern.pattern is None):
        yield "case", ast.match_case(node.pattern, ast.Constant(value=False), node.body)


def _returns(site: Site, node: ast.Return) -> Iterator[Alternative]:
    if not isinstance(node.value, ast.Constant | None) and not _returns_truth(
        Site(node.value, (*site.above, node), "value", None)
    ):
        yield "return", ast.Return(ast.Constant(None))


def _loops(_site: Site, node: ast.For) -> Iterator[Alternative]:
    yield "loop", ast.For(node.target, ast.Tuple([], ast.Load()), node.body, node.orelse)


def _left_out(_site: Site, _node: ast.stmt) -> Iterator[Alternative]:
    yield "statement", ast.Pass()


def _additions(_site: Site, node: ast.AugAssign) -> Iterator[Alternative]:
    yield "statement", ast.Pass()
    if not _is_text(node.value):
        yield "arithmetic", ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value)


def _assignments(site: Site, node: ast.Assign) -> Iterator[Alternative]:
    (target, *_) = node.targets
    if site.function is not None and (
        not isinstance(target, ast.Name) or _is_set_before(site.function, target, node)
    ):
        yield "statement", ast.Pass()


def _is_set_before(function: ast.FunctionDef, target: ast.Name, node: ast.Assign) -> bool:
    """Whether a name has a value already, so that leaving this one out is no plain error."""
    return any(
        isinstance(other, ast.Name)
        and isinstance(other.ctx, ast.Store)
        and other.id == target.id
        and other.lineno < node.lineno
        for other in ast.walk(function)
    )


_MAKERS: Final[
    tuple[tuple[tuple[type[ast.AST], ...], Callable[[Site, Any], Iterator[Alternative]]], ...]
] = (
    ((ast.Constant,), _constants),
    ((ast.JoinedStr,), _texts),
    ((ast.Compare,), _comparisons),
    ((ast.BoolOp,), _combinations),
    ((ast.UnaryOp,), _signs),
    ((ast.BinOp,), _operations),
    ((ast.Call,), _calls),
    ((ast.keyword,), _keywords),
    ((ast.Slice,), _slices),
    ((ast.Tuple, ast.List, ast.Set), _sequences),
    ((ast.Dict,), _mappings),
    ((ast.Lambda,), _lambdas),
    ((ast.match_case,), _cases),
    ((ast.Return,), _returns),
    ((ast.For,), _loops),
    ((ast.Raise, ast.Continue, ast.Break, ast.Expr, ast.Delete), _left_out),
    ((ast.AugAssign,), _additions),
    ((ast.Assign,), _assignments),
)
