"""Numbers with their units as people write them: `3 %`, `5 分`, `30 days`, `8.0 元/吨`.

The unit is taken off the number and kept under `units` of the clause. A per cent where the rule takes
a ratio becomes the ratio: `3 %` is `0.03`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from opsledger.paper.reading import Complaint, Fields, Node, Pointer, Rows, Scalar, pointer_text
from opsledger_contracts.linting.units import DECLARED, SIGNS, UNITS, Declared, Unit
from opsledger_contracts.rules.numbers import parse_decimal, shown

_QUANTITY: Final = re.compile(r"(-?[0-9][0-9.]*)\s*([^\s0-9.,\-].*)")
_HUNDRED: Final = parse_decimal("100")

Complain = Callable[[Complaint], None]


def without_units(root: Node) -> tuple[Node, tuple[Complaint, ...]]:
    """The document with bare numbers and `units`, and the units that nobody knows or that clash."""
    found: list[Complaint] = []
    if not isinstance(root, Fields) or not isinstance(clauses := root.fields.get("clauses"), Rows):
        return root, ()
    rows = tuple(
        _clause(clause, ("clauses", place), found.append) if isinstance(clause, Fields) else clause
        for place, clause in enumerate(clauses.rows)
    )
    fields = {**root.fields, "clauses": msgspec.structs.replace(clauses, rows=rows)}
    return msgspec.structs.replace(root, fields=fields), tuple(found)


def _clause(clause: Fields, at: Pointer, complain: Complain) -> Node:
    rule, params = clause.fields.get("rule"), clause.fields.get("params")
    declared = DECLARED.get(rule.text, {}) if isinstance(rule, Scalar) else {}
    if not declared or not isinstance(params, Fields):
        return clause
    units: dict[str, Unit] = {}
    bare = {
        name: _parameter(node, name, declared, units, (*at, "params", name), complain)
        for name, node in params.fields.items()
    }
    fields = {**clause.fields, "params": msgspec.structs.replace(params, fields=bare)}
    if not units:
        return msgspec.structs.replace(clause, fields=fields)
    written = clause.fields.get("units")
    stated: dict[str, Node] = dict(written.fields) if isinstance(written, Fields) else {}
    for name, unit in units.items():
        stated.setdefault(
            name, Scalar(text=unit.unit, plain=True, place=params.keys[name.partition(".")[0]])
        )
    keys = {name: node.place for name, node in stated.items()}
    fields["units"] = Fields(fields=stated, keys=keys, place=params.place)
    return msgspec.structs.replace(
        clause, fields=fields, keys={**clause.keys, "units": params.place}
    )


def _parameter(
    node: Node,
    name: str,
    declared: Mapping[str, Declared],
    units: dict[str, Unit],
    at: Pointer,
    complain: Complain,
) -> Node:
    if isinstance(node, Rows):
        rows = tuple(
            msgspec.structs.replace(
                row,
                fields={
                    column: _parameter(
                        cell, f"{name}.{column}", declared, units, (*at, place, column), complain
                    )
                    for column, cell in row.fields.items()
                },
            )
            if isinstance(row, Fields)
            else row
            for place, row in enumerate(node.rows)
        )
        return msgspec.structs.replace(node, rows=rows)
    if not isinstance(node, Scalar) or name not in declared:
        return node
    written = _QUANTITY.fullmatch(node.text)
    if written is None:
        return node
    number, sign = written.groups()
    unit = SIGNS.get(sign)
    if unit is None:
        complain(
            _complaint(
                "RB-UNIT-UNKNOWN",
                node,
                at,
                f"没有计量单位 {sign}",
                f"there is no unit of measure {sign}",
            )
        )
        return msgspec.structs.replace(node, text=number)
    if declared[name] == "ratio" and unit.quantity == "percent":
        number, unit = shown(parse_decimal(number) / _HUNDRED), UNITS["ratio"]
    before = units.setdefault(name, unit)
    if before != unit:
        complain(
            _complaint(
                "RB-UNIT-MISMATCH",
                node,
                at,
                f"{name} 前以{before.zh}计，此处以{unit.zh}计",
                f"{name} was in {before.en} before, here it is in {unit.en}",
            )
        )
    return msgspec.structs.replace(node, text=number)


def _complaint(code: str, node: Scalar, at: Pointer, zh: str, en: str) -> Complaint:
    return Complaint(code=code, place=node.place, pointer=pointer_text(at), zh=zh, en=en)
