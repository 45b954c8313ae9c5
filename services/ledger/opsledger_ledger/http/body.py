"""The one strict reader of request bodies; what passes here is exact and unambiguous JSON.

Stock parsers take the last of two equal keys, round numbers to binary floats, and pass lone
surrogates and NUL on to whoever stores them. Each of these is refused here, once, for all commands.
"""

import json
import re
from datetime import date
from functools import lru_cache
from typing import Any, Final, NoReturn

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from opsledger_contracts.fields import moment
from opsledger_contracts.problems.general import BodyMalformed, BodyTooLarge, FieldInvalid

BODY_BYTES_MAX: Final = 262_144
DEPTH_MAX: Final = 32
INTEGER_MAX: Final = 9_007_199_254_740_991
"""The largest integer that every JSON reader keeps exactly: 2^53 - 1."""

YEARS: Final = range(1900, 3000)
"""Years of dates and instants; near the ends of the calendar its arithmetic overflows."""

_INTEGER_CHARACTERS_MAX: Final = 17
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII
)
_DATE_LENGTH: Final = 10
_INSTANT_LENGTH: Final = 27


async def read_bounded(
    receive: Receive, declared: str | None, limit: int = BODY_BYTES_MAX
) -> bytes:
    """Read a body up to its limit; `declared` is the Content-Length header.

    Raises:
        BodyTooLarge: there is more; the rest is left unread.
        ClientDisconnect: the caller left before the end.

    """
    if declared is not None and declared.isdecimal() and int(declared[:20]) > limit:
        raise BodyTooLarge(limit=limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit=limit)
        parts.append(chunk)
        if not message.get("more_body", False):
            return b"".join(parts)


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object strictly; an empty body is an empty object.

    Raises:
        BodyMalformed: not UTF-8, not JSON, a float, an integer that not every reader keeps, a key
            twice or not in ASCII, a NUL, a lone surrogate, too deep, or not an object.
        FieldInvalid: a text has the form of a date or an instant, but there is no such day.

    """
    if not body:
        return {}
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BodyMalformed(detail=f"byte {error.start} is not UTF-8") from None
    _require_shallow(body)
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        detail = f"{error.msg} at line {error.lineno} column {error.colno}"
        raise BodyMalformed(detail=detail) from None
    if not isinstance(value, dict):
        raise BodyMalformed(detail="it is not an object")
    escapes = b"\\u" in body
    if not _is_exact(value, escapes=escapes):
        _require_exact(value, escapes=escapes)
    return value


def _is_exact(value: dict[str, Any], *, escapes: bool) -> bool:
    """Tell whether there is surely nothing to refuse; who is in doubt looks with `_require_exact`.

    Nearly all bodies are fine, and need no pointers to what is wrong with them.
    """
    waiting: list[Any] = [value]
    for found in waiting:
        members = found
        if type(found) is dict:
            for key in found:
                if not key.isascii() or (escapes and "\0" in key):
                    return False
            members = found.values()
        for member in members:
            kind = type(member)
            if kind is str:
                if escapes or (member[:1].isdecimal() and not _is_fine(member)):
                    return False
            elif kind is dict or kind is list:
                waiting.append(member)
    return True


def _is_fine(text: str) -> bool:
    return len(text) > _INSTANT_LENGTH or _is_no_false_day(text)


@lru_cache(maxsize=1024)
def _is_no_false_day(text: str) -> bool:
    try:
        _require_real_day(text, "")
    except FieldInvalid:
        return False
    return True


def _require_exact(value: dict[str, Any], *, escapes: bool) -> None:
    """Look at all keys and texts, with their JSON Pointers; the depth is bounded already."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        pointer, found = waiting.pop()
        if isinstance(found, str):
            if escapes:
                _require_storable(found, pointer)
            if found[:1].isdecimal():
                _require_real_day(found, pointer)
        elif isinstance(found, dict):
            for key, member in found.items():
                if not key.isascii() or "\0" in key:
                    detail = f"a key in {pointer or 'the body'} is not plain ASCII"
                    raise BodyMalformed(detail=detail)
                if isinstance(member, str | list | dict):
                    waiting.append((f"{pointer}/{escaped(key)}", member))
        else:
            waiting += [
                (f"{pointer}/{number}", member)
                for number, member in enumerate(found)
                if isinstance(member, str | list | dict)
            ]


def _require_shallow(body: bytes) -> None:
    if body.count(b"{") + body.count(b"[") <= DEPTH_MAX:
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        if bracket[0] in b"[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise BodyMalformed(detail=f"it is nested deeper than {DEPTH_MAX} levels")
        else:
            depth -= 1


def escaped(key: str) -> str:
    """Write a key as a token of a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _require_storable(text: str, pointer: str) -> None:
    if "\0" in text:
        raise BodyMalformed(detail=f"the text at {pointer} holds a NUL")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BodyMalformed(detail=f"the text at {pointer} holds a lone surrogate") from None


def _require_real_day(text: str, pointer: str) -> None:
    try:
        if len(text) == _DATE_LENGTH and _DATE.fullmatch(text):
            year = date.fromisoformat(text).year
        elif len(text) == _INSTANT_LENGTH and _INSTANT.fullmatch(text):
            year = moment(text).year
        else:
            return
    except ValueError:
        raise FieldInvalid(pointer=pointer, detail=f"there is no {text}") from None
    if year not in YEARS:
        detail = f"the year of {text} is not within {YEARS.start} to {YEARS.stop - 1}"
        raise FieldInvalid(pointer=pointer, detail=detail)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BodyMalformed(detail="a key stands twice in one object")
    return members


def _integer(text: str) -> int:
    if len(text) > _INTEGER_CHARACTERS_MAX or abs(number := int(text)) > INTEGER_MAX:
        raise BodyMalformed(detail="an integer is outside of -(2^53-1) to 2^53-1")
    return number


def _no_float(_text: str) -> NoReturn:
    raise BodyMalformed(detail="a number has a fraction or an exponent; decimals are texts")


def _no_constant(text: str) -> NoReturn:
    raise BodyMalformed(detail=f"{text} is not JSON")


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_no_float,
    parse_constant=_no_constant,
)
