"""Lines of an import file: read strictly, each refused in words at the field that is wrong."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, NamedTuple

import msgspec

from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.documents.import_file import LINE_BYTES_MAX, ImportLine
from opsledger_contracts.event import Event
from opsledger_contracts.fields import moment
from opsledger_ledger.domain.import_batch import importable

YEARS: Final = range(1900, 3000)
"""Years of dates and instants; near the ends of the calendar its arithmetic overflows."""

READ_BYTES: Final = 1_048_576

LineCode = Literal[
    "line_too_long",
    "line_unfinished",
    "line_malformed",
    "field_invalid",
    "type_unknown",
    "type_not_importable",
    "stream_of_other_noun",
    "stream_of_other_name",
    "version_gap",
    "occurred_in_future",
    "state_broken",
]
"""What can be wrong with a line; the codes are stable."""

_SENTENCES: Final[dict[LineCode, tuple[str, str]]] = {
    "line_too_long": (
        f"the line has more than {LINE_BYTES_MAX} bytes",
        f"该行超过 {LINE_BYTES_MAX} 字节",
    ),
    "line_unfinished": (
        "the last line does not end in a line feed; the file may be cut off",
        "最后一行没有换行符,文件可能不完整",
    ),
    "line_malformed": (
        "it is not one compact JSON object: {detail}",
        "不是紧凑 JSON 对象:{detail}",
    ),
    "field_invalid": ("{detail}", "字段有误:{detail}"),
    "type_unknown": ("there is no event type {detail}", "不存在事件类型 {detail}"),
    "type_not_importable": (
        "events of the type {detail} cannot be imported",
        "类型 {detail} 的事件不能导入",
    ),
    "stream_of_other_noun": (
        "the stream belongs to {detail}",
        "事件流与类型不符:{detail}",
    ),
    "stream_of_other_name": (
        "the first event of the stream names {detail}",
        "事件流的首个事件所指为 {detail}",
    ),
    "version_gap": ("expected version {detail}", "版本应为 {detail}"),
    "occurred_in_future": ("it lies after {detail}", "晚于 {detail}"),
    "state_broken": (
        "the event does not follow from those before it in the stream: {detail}",
        "该事件与同一事件流中此前的事件不相承接:{detail}",
    ),
}

_line_decoder: Final = msgspec.json.Decoder(ImportLine)
_encoder: Final = msgspec.json.Encoder()
_DAYS: Final = re.compile(
    rb'"([0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)?)"'
)
_PATH: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_DATE_LENGTH: Final = 10


class LineRefused(Exception):
    """A line cannot be imported."""

    def __init__(self, code: LineCode, field: str = "", detail: object = "") -> None:
        super().__init__(code, field, detail)
        self.code = code
        self.field = field
        self.detail = str(detail)

    def sentence(self, language: str) -> str:
        """Say what is wrong in `zh`, or in English for any other language."""
        en, zh = _SENTENCES[self.code]
        return (zh if language == "zh" else en).format(detail=self.detail)


class RawLine(NamedTuple):
    """The bytes of one line with its line feed, and where in the file they stand."""

    number: int
    offset: int
    content: bytes


def lines(file: BinaryIO) -> Iterator[RawLine]:
    """Read a file line by line from its beginning, with bounded memory.

    A line that is too long is cut off right behind its limit, which `read` refuses.
    """
    number = offset = 0
    while content := file.readline(LINE_BYTES_MAX + 2):
        number += 1
        yield RawLine(number, offset, content)
        offset += len(content)
        while content[-1:] != b"\n" and (content := file.readline(READ_BYTES)):
            offset += len(content)


def opened(path: Path) -> BinaryIO:
    """Open a file for `lines`."""
    return path.open("rb", buffering=READ_BYTES)


def read(content: bytes) -> tuple[ImportLine, Event]:
    """Read one line with its line feed, and the event in it.

    Raises:
        LineRefused: it is not what an import file may hold.

    """
    if len(content) > LINE_BYTES_MAX + 1:
        raise LineRefused("line_too_long")
    if content[-1:] != b"\n":
        raise LineRefused("line_unfinished")
    text = content[:-1]
    value = _exact(text)
    try:
        line = _line_decoder.decode(text)
    except msgspec.ValidationError as error:
        raise _field_invalid(error, "") from None
    noun = line.stream.partition("/")[0]
    if line.type not in EVENTS:
        raise LineRefused("type_unknown", "type", line.type)
    if not importable(line.type):
        raise LineRefused("type_not_importable", "type", line.type)
    if noun != line.type.partition(".")[0]:
        raise LineRefused("stream_of_other_noun", "stream", f"{noun}, {line.type}")
    if b"\\u0000" in text or _has_free_keys(EVENTS[line.type]):
        _require_plain(value)
    try:
        return line, _data_decoder(line.type).decode(line.data)
    except msgspec.ValidationError as error:
        raise _field_invalid(error, "data") from None


def read_again(content: bytes) -> tuple[ImportLine, Event]:
    """Read a line that `read` has accepted before, without asking again."""
    line = _line_decoder.decode(content)
    return line, _data_decoder(line.type).decode(line.data)


@cache
def _data_decoder(type_name: str) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(EVENTS[type_name])


def _exact(text: bytes) -> Any:
    """Read a line that says one thing only: no key twice, no other spelling, real days."""
    try:
        value = msgspec.json.decode(text)
        compact = _encoder.encode(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise LineRefused("line_malformed", "", error) from None
    if compact != text:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(text, compact, strict=False))
        place = sum(1 for _ in same) + 1
        raise LineRefused(
            "line_malformed",
            "",
            f"at byte {place} is white space, a needless escape, or a key that stands twice",
        )
    for day in _DAYS.findall(text):
        if not _is_real(day):
            raise LineRefused("field_invalid", "", f"there is no {day.decode()}")
    return value


def _require_plain(value: Any) -> None:
    """Look for texts with a NUL and for keys that are not ASCII; the depth is bounded already."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting += found.values()
            if not all(key.isascii() for key in found):
                raise LineRefused("line_malformed", "", "a key is not plain ASCII")
            waiting += found
        elif isinstance(found, list):
            waiting += found
        elif isinstance(found, str) and "\0" in found:
            raise LineRefused("line_malformed", "", "a text holds a NUL")


@cache
def _has_free_keys(struct: type[msgspec.Struct]) -> bool:
    """Tell whether an event may hold objects whose keys its declaration does not name."""
    seen: set[type] = set()
    waiting: list[Any] = [msgspec.inspect.type_info(struct)]
    while waiting:
        match waiting.pop():
            case msgspec.inspect.DictType():
                return True
            case msgspec.inspect.StructType() as found if found.cls not in seen:
                seen.add(found.cls)
                waiting += (field.type for field in found.fields)
            case msgspec.inspect.UnionType() as found:
                waiting += found.types
            case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType() as found:
                waiting.append(found.item_type)
            case msgspec.inspect.Metadata() as found:
                waiting.append(found.type)
            case _:
                pass
    return False


# A file names few days many times.
@lru_cache(maxsize=65_536)
def _is_real(day: bytes) -> bool:
    text = day.decode()
    try:
        if len(text) == _DATE_LENGTH:
            return date.fromisoformat(text).year in YEARS
        return moment(text).year in YEARS
    except ValueError:
        return False


def _field_invalid(error: msgspec.ValidationError, prefix: str) -> LineRefused:
    message = str(error)
    found = _PATH.search(message)
    field = found["path"] if found else ""
    detail = message[: found.start()] if found else message
    return LineRefused("field_invalid", ".".join(part for part in (prefix, field) if part), detail)
