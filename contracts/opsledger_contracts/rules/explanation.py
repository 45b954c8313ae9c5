"""Reading an explanation tree: lines for the assessed party, and what differs between two trees."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Literal

import msgspec

from opsledger_contracts.rules.inputs import Explanation, SourceReference

Language = Literal["zh", "en"]


class Difference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place where two trees differ.

    `item` is the letter item concerned, empty outside items. `field` is a parameter, or ``node``
    (present in one tree only), ``op``, ``clause``, ``exact``, ``rounded`` or ``sources``. A value
    is None in the tree that lacks it. `score_a` and `score_b` are the item's rounded scores.
    """

    path: tuple[str, ...]
    item: str
    clause: str
    op: str
    field: str
    value_a: str | None
    value_b: str | None
    score_a: str | None = None
    score_b: str | None = None
    zh: str
    en: str


def render(tree: Explanation, language: Language) -> tuple[str, ...]:
    """The tree as indented lines, conclusion first, every rounding, clause and entry shown."""
    return tuple(_lines(tree, language, 0))


def _lines(node: Explanation, language: Language, depth: int) -> Iterator[str]:
    sentence = node.zh if language == "zh" else node.en
    clause = f"〔第 {node.clause} 条〕" if language == "zh" else f" [clause {node.clause}]"
    rounding = ""
    if node.point is not None:
        name = "修约点" if language == "zh" else "rounded at"
        rounding = f" ({name} {node.point})"
    sources = ", ".join(_source(source) for source in node.sources)
    cited = f" ← {sources}" if sources else ""
    yield f"{'  ' * depth}{sentence}{clause}{rounding}{cited}"
    for child in node.inputs:
        yield from _lines(child, language, depth + 1)


def _source(source: SourceReference) -> str:
    return f"{source.stream}@{source.version}"


def leaves(tree: Explanation) -> tuple[Explanation, ...]:
    """The nodes without inputs, in reading order."""
    if not tree.inputs:
        return (tree,)
    return tuple(leaf for child in tree.inputs for leaf in leaves(child))


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    path: tuple[str, ...] = ()
    item: str = ""
    score_a: str | None = None
    score_b: str | None = None


def diff(tree_a: Explanation, tree_b: Explanation) -> tuple[Difference, ...]:
    """Every place where two trees differ for a reason of its own, first difference first.

    A node is not reported for a value that follows from a difference below it. Places in which
    only the cited entries differ come last.
    """
    found = tuple(_differences(tree_a, tree_b, _Place()))
    return (
        *(row for row in found if row.field != "sources"),
        *(row for row in found if row.field == "sources"),
    )


def _differences(a: Explanation, b: Explanation, above: _Place) -> Iterator[Difference]:
    place = _within(above, a.path, a, b)
    below = [row for child in _children(a, b) for row in _child_differences(child, a, b, place)]
    yield from below
    own = list(_own_differences(a, b, place))
    yield from own
    if own or any(row.field != "sources" for row in below):
        return
    for field, value_a, value_b in (
        ("exact", a.exact, b.exact),
        ("rounded", a.rounded, b.rounded),
    ):
        if value_a != value_b:
            yield _difference(b, place, field, value_a, value_b)


def _child_differences(
    child: Explanation, a: Explanation, b: Explanation, place: _Place
) -> Iterator[Difference]:
    in_a, in_b = _child(a, _key(child)), _child(b, _key(child))
    if in_a is not None and in_b is not None:
        yield from _differences(in_a, in_b, place)
        return
    yield _difference(
        child,
        _within(place, child.path, in_a, in_b),
        "node",
        None if in_a is None else in_a.en,
        None if in_b is None else in_b.en,
    )


def _own_differences(a: Explanation, b: Explanation, place: _Place) -> Iterator[Difference]:
    if a.op != b.op:
        yield _difference(b, place, "op", a.op, b.op)
    if a.clause != b.clause:
        yield _difference(b, place, "clause", a.clause, b.clause)
    for name in sorted({*a.params, *b.params}):
        if a.params.get(name) != b.params.get(name):
            yield _difference(b, place, name, a.params.get(name), b.params.get(name))
    if a.sources != b.sources:
        yield _difference(
            b,
            place,
            "sources",
            ", ".join(_source(source) for source in a.sources),
            ", ".join(_source(source) for source in b.sources),
        )


def _within(above: _Place, path: str, a: Explanation | None, b: Explanation | None) -> _Place:
    """The place of a child that one tree or both have."""
    place = msgspec.structs.replace(above, path=(*above.path, path))
    rounded = [
        None if node is None or node.point != "item_score" else node.rounded for node in (a, b)
    ]
    if rounded == [None, None]:
        return place
    return msgspec.structs.replace(place, item=path, score_a=rounded[0], score_b=rounded[1])


def _key(node: Explanation) -> tuple[str, bool]:
    """Under what a child is found in the other tree: its name, and whether it has children.

    An item and an adjustment may share a name; only the item has children.
    """
    return node.path, bool(node.inputs)


def _children(a: Explanation, b: Explanation) -> tuple[Explanation, ...]:
    """Children of both in reading order, each once; what `b` has in front stays in front."""
    names = {_key(child) for child in a.inputs}
    leading = takewhile(lambda child: _key(child) not in names, b.inputs)
    return tuple({_key(child): child for child in (*leading, *a.inputs, *b.inputs)}.values())


def _child(node: Explanation, key: tuple[str, bool]) -> Explanation | None:
    return next((child for child in node.inputs if _key(child) == key), None)


def _difference(
    node: Explanation, place: _Place, field: str, value_a: str | None, value_b: str | None
) -> Difference:
    item = place.item or node.params.get("items", "")
    where_zh = f"工作项 {item}" if item else place.path[-1]
    where_en = f"item {item}" if item else place.path[-1]
    shown_a, shown_b = value_a or "无", value_b or "无"
    if field == "node":
        shown_a, shown_b = node.zh if value_a else "无", node.zh if value_b else "无"
    return Difference(
        path=place.path,
        item=item,
        clause=node.clause,
        op=node.op,
        field=field,
        value_a=value_a,
        value_b=value_b,
        score_a=place.score_a,
        score_b=place.score_b,
        zh=f"{where_zh}，第 {node.clause} 条，{field}：{shown_a} ↔ {shown_b}",
        en=f"{where_en}, clause {node.clause}, {field}: "
        f"{value_a or 'none'} <-> {value_b or 'none'}",
    )
