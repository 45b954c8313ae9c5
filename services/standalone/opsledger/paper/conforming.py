"""Turns a written document into typed content by its schema, with every complaint at its place.

The schema is the class itself: its field types with their limits. Written text becomes what the
field is (a count, a date, decimal text), and all that does not fit is listed, not only the first.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final, cast, get_args

import msgspec
from msgspec import inspect

from opsledger.paper.reading import (
    Complaint,
    Fields,
    Node,
    Pointer,
    Rows,
    Scalar,
    pointer_text,
)
from opsledger_contracts.documents.rulebook import Clause, ParameterValue
from opsledger_contracts.fields import DecimalText
from opsledger_contracts.rules.primitives import PRIMITIVES

MISSING: Final = object()
"""Stands for a value that does not fit and was complained about."""

Complain = Callable[[Complaint], None]

_TRUTH: Final[Mapping[str, bool]] = {"true": True, "false": False}
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL_PATTERN: Final = get_args(DecimalText)[1].pattern


def conformed(node: Node, kind: Any, at: Pointer = ()) -> tuple[Any, tuple[Complaint, ...]]:
    """The content as plain JSON values, and everything that does not fit `kind`."""
    found: list[Complaint] = []
    content = _conform(node, inspect.type_info(kind), at, found.append)
    return content, tuple(found)


def _conform(node: Node, kind: inspect.Type, at: Pointer, complain: Complain) -> Any:
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(kind, inspect.UnionType):
        return _one_of(node, kind, at, complain)
    if isinstance(kind, inspect.StructType):
        return _struct(node, kind, at, complain)
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return _rows(node, kind, at, complain)
    if isinstance(kind, inspect.DictType):
        return _mapping(node, kind, at, complain)
    return _value(node, kind, at, complain)


def _one_of(node: Node, kind: inspect.UnionType, at: Pointer, complain: Complain) -> Any:
    kinds = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    if isinstance(node, Scalar) and node.is_null and len(kinds) < len(kind.types):
        return None
    structs = [one for one in kinds if isinstance(one, inspect.StructType)]
    if len(structs) > 1:
        return _tagged(node, structs, at, complain)
    fitting = [one for one in kinds if _fits_shape(node, one)]
    if not fitting:
        return _wrong(node, at, complain, "另一种形式", "another form")
    if len(fitting) == 1:
        return _conform(node, fitting[0], at, complain)
    return _scalar_parameter(cast("Scalar", node))


def _fits_shape(node: Node, kind: inspect.Type) -> bool:
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return isinstance(node, Rows)
    if isinstance(kind, inspect.StructType | inspect.DictType):
        return isinstance(node, Fields)
    return isinstance(node, Scalar)


def _scalar_parameter(node: Scalar) -> Any:
    """A parameter of a clause before its rule says what it is: truth, or text as written."""
    if node.plain and node.text in {"true", "false"}:
        return node.text == "true"
    return node.text


def _tagged(node: Node, kinds: list[inspect.StructType], at: Pointer, complain: Complain) -> Any:
    if not isinstance(node, Fields):
        return _wrong(node, at, complain, "一组字段", "fields")
    tag_field = str(kinds[0].tag_field)
    tag = node.fields.get(tag_field)
    chosen = [one for one in kinds if isinstance(tag, Scalar) and one.tag == tag.text]
    if not chosen:
        names = ", ".join(str(one.tag) for one in kinds)
        return _wrong(node, (*at, tag_field), complain, f"{names} 之一", f"one of {names}")
    return _struct(node, chosen[0], at, complain)


def _struct(node: Node, kind: inspect.StructType, at: Pointer, complain: Complain) -> Any:
    if not isinstance(node, Fields):
        return _wrong(node, at, complain, "一组字段", "fields")
    declared = {field.encode_name: field for field in kind.fields}
    content: dict[str, Any] = {}
    if kind.tag_field is not None:
        content[kind.tag_field] = kind.tag
    for name in node.fields:
        if name not in declared and name != kind.tag_field:
            complain(
                _complaint(
                    node,
                    (*at, name),
                    "field_unknown",
                    f"没有字段 {name}",
                    f"there is no field {name}",
                    key=name,
                )
            )
    for name, field in declared.items():
        if name in node.fields:
            if kind.cls is Clause and name == "params":
                content[name] = _parameters(node, (*at, name), complain)
            else:
                content[name] = _conform(node.fields[name], field.type, (*at, name), complain)
        elif field.required:
            complain(
                _complaint(
                    node,
                    (*at, name),
                    "field_missing",
                    f"缺少字段 {name}",
                    f"the field {name} is missing",
                )
            )
    return content


def _parameters(clause: Fields, at: Pointer, complain: Complain) -> Any:
    """Parameters of a clause, each as its rule declares it; of an unknown rule, as written."""
    node, rule = clause.fields["params"], clause.fields.get("rule")
    if not isinstance(node, Fields):
        return _wrong(node, at, complain, "一组字段", "fields")
    known = PRIMITIVES.get(rule.text) if isinstance(rule, Scalar) else None
    anything = inspect.multi_type_info([ParameterValue])[0]
    kinds: dict[str, inspect.Type] = {}
    if known is not None:
        parameters = cast("inspect.StructType", inspect.type_info(known.parameters))
        kinds = {field.encode_name: field.type for field in parameters.fields}
    return {
        name: _conform(value, kinds.get(name, anything), (*at, name), complain)
        for name, value in node.fields.items()
    }


def _rows(
    node: Node, kind: inspect.VarTupleType | inspect.ListType, at: Pointer, complain: Complain
) -> Any:
    if not isinstance(node, Rows):
        return _wrong(node, at, complain, "列表", "a list")
    if kind.min_length is not None and len(node.rows) < kind.min_length:
        return _wrong(
            node, at, complain, f"至少 {kind.min_length} 行", f"at least {kind.min_length} rows"
        )
    return [
        _conform(row, kind.item_type, (*at, place), complain) for place, row in enumerate(node.rows)
    ]


def _mapping(node: Node, kind: inspect.DictType, at: Pointer, complain: Complain) -> Any:
    if not isinstance(node, Fields):
        return _wrong(node, at, complain, "一组字段", "fields")
    for name in node.fields:
        key = Scalar(text=name, plain=False, place=node.keys[name])
        _conform(key, kind.key_type, (*at, name), complain)
    return {
        name: _conform(value, kind.value_type, (*at, name), complain)
        for name, value in node.fields.items()
    }


def _value(node: Node, kind: inspect.Type, at: Pointer, complain: Complain) -> Any:
    if not isinstance(node, Scalar) or node.is_null:
        return _wrong(node, at, complain, "单个值", "a single value")
    match kind:
        case inspect.LiteralType():
            return _choice(node, [str(value) for value in kind.values], at, complain)
        case inspect.BoolType():
            return _truth(node, at, complain)
        case inspect.IntType():
            return _count(node, kind, at, complain)
        case inspect.DateType():
            return _day(node, at, complain)
        case _:
            return _text(node, cast("inspect.StrType", kind), at, complain)


def _choice(node: Scalar, names: list[str], at: Pointer, complain: Complain) -> Any:
    if node.text in names:
        return node.text
    listed = ", ".join(names)
    return _wrong(node, at, complain, f"{listed} 之一", f"one of {listed}")


def _truth(node: Scalar, at: Pointer, complain: Complain) -> Any:
    if node.plain and node.text in _TRUTH:
        return _TRUTH[node.text]
    return _wrong(node, at, complain, "true 或 false", "true or false")


def _count(node: Scalar, kind: inspect.IntType, at: Pointer, complain: Complain) -> Any:
    limits = msgspec.Meta(ge=kind.ge, le=kind.le)
    if node.plain and _INTEGER.fullmatch(node.text):
        try:
            return msgspec.convert(int(node.text), Annotated[int, limits])
        except msgspec.ValidationError:
            pass
    return _wrong(
        node,
        at,
        complain,
        f"{kind.ge} 至 {kind.le} 的整数",
        f"a whole number from {kind.ge} to {kind.le}",
    )


def _day(node: Scalar, at: Pointer, complain: Complain) -> Any:
    try:
        return date.fromisoformat(node.text).isoformat()
    except ValueError:
        return _wrong(node, at, complain, "日期（2026-06-30）", "a date (2026-06-30)")


def _text(node: Scalar, kind: inspect.StrType, at: Pointer, complain: Complain) -> Any:
    limits = msgspec.Meta(
        min_length=kind.min_length, max_length=kind.max_length, pattern=kind.pattern
    )
    try:
        return msgspec.convert(node.text, Annotated[str, limits])
    except msgspec.ValidationError as error:
        if kind.pattern == _DECIMAL_PATTERN:
            return _wrong(node, at, complain, "十进制数（97.40）", "a decimal number (97.40)")
        return _wrong(node, at, complain, "合乎格式的文字", str(error).lower())


def _wrong(node: Node, at: Pointer, complain: Complain, zh: str, en: str) -> Any:
    found = node.text if isinstance(node, Scalar) else type(node).__name__.lower()
    complain(
        _complaint(node, at, "value", f"应为{zh}，实为 {found}", f"expected {en}, found {found}")
    )
    return MISSING


def _complaint(
    node: Node, at: Pointer, code: str, zh: str, en: str, key: str | None = None
) -> Complaint:
    place = node.keys[key] if key is not None and isinstance(node, Fields) else node.place
    return Complaint(code=code, place=place, pointer=pointer_text(at), zh=zh, en=en)
