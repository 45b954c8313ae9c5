"""Request bodies: bounded, strict JSON into a typed request."""

import json
from typing import Any, Final, NoReturn, TypeVar

import msgspec
from fastapi import Request

from opsledger_contracts.problems.general import (
    BodyMalformed,
    BodyTooLarge,
    FieldInvalid,
    MediaTypeUnsupported,
)

BODY_BYTES_MAX: Final = 65_536

T = TypeVar("T")


async def strict_body(request: Request, kind: type[T], bytes_max: int = BODY_BYTES_MAX) -> T:
    """Read a body: UTF-8 JSON without repeated keys or non-finite numbers, of the declared shape.

    Raises:
        MediaTypeUnsupported, BodyTooLarge, BodyMalformed, FieldInvalid: it is not.

    """
    media = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media != "application/json" or request.headers.get("Content-Encoding"):
        raise MediaTypeUnsupported(found=request.headers.get("Content-Type", "nothing")[:100])
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            raise BodyTooLarge(limit=bytes_max)
    return decoded(bytes(body), kind)


def decoded(body: bytes, kind: type[T]) -> T:
    """Read the bytes of a body.

    Raises:
        BodyMalformed, FieldInvalid: they are no strict JSON, or have another shape.

    """
    try:
        text = body.decode("utf-8")
        msgspec.json.decode(body)
        json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise BodyMalformed(detail=str(error)[:200] or type(error).__name__) from error
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at `$")
        pointer = path.rstrip("`").replace(".", "/").replace("[", "/").replace("]", "")
        raise FieldInvalid(pointer=pointer or "/", detail=detail) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object repeats a key")
    for name, value in pairs:
        name.encode("utf-8")
        if isinstance(value, str):
            value.encode("utf-8")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
