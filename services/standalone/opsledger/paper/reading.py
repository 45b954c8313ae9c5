"""Reads YAML or JSON text into a tree that knows line and column of every value.

Numbers stay the text that was written: `0.07` is not read as a binary float. What makes a document
mean something else than it shows is refused: keys written twice, keys that are not text, anchors and
aliases, tags, several documents in one file.
"""

import json
import re
from collections.abc import Iterator
from typing import Final, cast

import msgspec
import yaml

SIZE_MAX: Final = 4 * 1024 * 1024
"""Characters of a document; a rulebook of a hundred clauses has about 100,000."""
DEPTH_MAX: Final = 32
"""Levels of lists and mappings inside one another."""

_NULLS: Final = frozenset(("", "~", "null"))
_JSON_BEGINS: Final = re.compile(r"\s*[{\[]")

Pointer = tuple[str | int, ...]


class Place(msgspec.Struct, frozen=True):
    """Where something stands in a file; both count from 1."""

    line: int
    column: int


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a written document, at its place."""

    code: str
    place: Place
    pointer: str
    zh: str
    en: str
    file: str = ""


class Unreadable(Exception):
    """The text is not a document; `complaints` say where and why."""

    def __init__(self, *complaints: Complaint) -> None:
        self.complaints = complaints
        super().__init__(complaints[0].en)


class Scalar(msgspec.Struct, frozen=True, kw_only=True):
    """One value as written; `plain` says it was written without quotes."""

    text: str
    plain: bool
    place: Place

    @property
    def is_null(self) -> bool:
        """Whether nothing was written here."""
        return self.plain and self.text in _NULLS


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """A list."""

    rows: "tuple[Node, ...]"
    place: Place


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping, with the place of each key."""

    fields: "dict[str, Node]"
    keys: dict[str, Place]
    place: Place


Node = Scalar | Rows | Fields


def read(text: str) -> Node:
    """The tree of a document; text that begins like JSON has to be JSON.

    Raises:
        Unreadable: the text is no document, or means something else than it shows.

    """
    if len(text) > SIZE_MAX:
        raise Unreadable(
            _complaint("too_large", Place(1, 1), (), "文件过大", f"more than {SIZE_MAX} characters")
        )
    is_json = _JSON_BEGINS.match(text) is not None
    if is_json:
        _require_json(text)
        # JSON allows tabs between values where YAML does not; inside its strings there are none.
        text = text.replace("\t", " ")
    try:
        events = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        return _document(events, is_json=is_json)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
        raise Unreadable(
            _complaint("not_yaml", place, (), "不是合法的 YAML", str(error.problem))
        ) from None
    except yaml.YAMLError as error:
        raise Unreadable(
            _complaint("not_text", Place(1, 1), (), "含有不允许的字符", str(error).splitlines()[0])
        ) from None


def _require_json(text: str) -> None:
    try:
        json.loads(text, parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        raise Unreadable(
            _complaint(
                "not_json", Place(error.lineno, error.colno), (), "不是合法的 JSON", error.msg
            )
        ) from None
    except RecursionError:
        raise Unreadable(
            _complaint("too_deep", Place(1, 1), (), "嵌套过深", f"more than {DEPTH_MAX} levels")
        ) from None


def _document(events: Iterator[yaml.Event], *, is_json: bool) -> Node:
    next(events)
    begun = next(events)
    if isinstance(begun, yaml.StreamEndEvent):
        raise Unreadable(_complaint("empty", Place(1, 1), (), "文件为空", "the file is empty"))
    root = _node(next(events), events, (), is_json=is_json)
    next(events)
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        raise Unreadable(
            _complaint(
                "several_documents",
                _place(after),
                (),
                "一个文件只能有一份文档",
                "one file holds one document",
            )
        )
    return root


def _node(event: yaml.Event, events: Iterator[yaml.Event], at: Pointer, *, is_json: bool) -> Node:
    place = _place(event)
    if len(at) > DEPTH_MAX:
        raise Unreadable(
            _complaint("too_deep", place, at, "嵌套过深", f"more than {DEPTH_MAX} levels")
        )
    if getattr(event, "anchor", None) is not None:
        raise Unreadable(
            _complaint(
                "anchor",
                place,
                at,
                "不允许锚点与引用，请写全",
                "anchors and aliases are not allowed: write it out",
            )
        )
    if getattr(event, "tag", None) is not None:
        raise Unreadable(_complaint("tag", place, at, "不允许标签", "tags are not allowed"))
    if isinstance(event, yaml.SequenceStartEvent):
        rows: list[Node] = []
        while not isinstance(row := next(events), yaml.SequenceEndEvent):
            rows.append(_node(row, events, (*at, len(rows)), is_json=is_json))
        return Rows(rows=tuple(rows), place=place)
    if isinstance(event, yaml.MappingStartEvent):
        return _fields(events, place, at, is_json=is_json)
    scalar = cast("yaml.ScalarEvent", event)
    text = _joined(scalar.value) if is_json else scalar.value
    return Scalar(text=text, plain=scalar.style is None, place=place)


def _fields(events: Iterator[yaml.Event], place: Place, at: Pointer, *, is_json: bool) -> Fields:
    fields: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        where = _place(key)
        if not isinstance(key, yaml.ScalarEvent) or key.value == "<<" or key.anchor is not None:
            raise Unreadable(
                _complaint("key_not_text", where, at, "键须为文字", "a key has to be text")
            )
        name = key.value
        if name in fields:
            raise Unreadable(
                _complaint(
                    "RB-DUPLICATE-KEY",
                    where,
                    (*at, name),
                    f"键 {name} 重复，首次见第 {keys[name].line} 行",
                    f"the key {name} is written twice, first in line {keys[name].line}",
                )
            )
        keys[name] = where
        fields[name] = _node(next(events), events, (*at, name), is_json=is_json)
    return Fields(fields=fields, keys=keys, place=place)


def _joined(text: str) -> str:
    """Text of a JSON string whose characters beyond the first plane are written as two escapes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _place(event: yaml.Event) -> Place:
    mark = cast("yaml.Mark", event.start_mark)
    return Place(mark.line + 1, mark.column + 1)


def pointer_text(pointer: Pointer) -> str:
    """A JSON Pointer (RFC 6901), empty for the whole document."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in pointer)


def _complaint(code: str, place: Place, pointer: Pointer, zh: str, en: str) -> Complaint:
    return Complaint(code=code, place=place, pointer=pointer_text(pointer), zh=zh, en=en)


def locate(root: Node, pointer: Pointer) -> Place:
    """Where a value stands, or the nearest thing above it that was written."""
    node, place = root, root.place
    for part in pointer:
        if isinstance(node, Fields) and part in node.fields:
            place, node = node.keys[str(part)], node.fields[str(part)]
        elif isinstance(node, Rows) and isinstance(part, int) and part < len(node.rows):
            node = node.rows[part]
            place = node.place
        else:
            break
    return place
