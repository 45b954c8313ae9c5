"""From strictly read JSON to typed commands; what does not fit is said with a JSON Pointer."""

import re
from typing import Any, Final, TypeVar

import msgspec

from opsledger_contracts.problems.general import FieldInvalid
from opsledger_ledger.http.body import escaped

T = TypeVar("T")

_PLACE: Final = re.compile(r" - at `\$(?P<path>.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)|\[(?P<number>[0-9]+|\.\.\.)\]")
_NAMED: Final = re.compile(r"(?P<what>missing required|contains unknown) field `(?P<name>[^`]*)`")


def converted(value: Any, shape: type[T]) -> T:
    """Give a JSON value the shape of a struct.

    Raises:
        FieldInvalid: it does not fit.

    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        pointer, detail = _placed(str(error))
        raise FieldInvalid(pointer=pointer, detail=detail) from None


def _placed(message: str) -> tuple[str, str]:
    """Split a message of msgspec into a JSON Pointer and what is wrong there."""
    pointer = ""
    place = _PLACE.search(message)
    if place is not None:
        message = message[: place.start()]
        for step in _STEP.finditer(place["path"]):
            # A key of a map is not told by msgspec; the pointer then ends at the map.
            if step["number"] == "...":
                break
            pointer += f"/{escaped(step['name'] or step['number'])}"
    named = _NAMED.search(message)
    if named is not None:
        pointer += f"/{escaped(named['name'])}"
        known = "this field is required" if named["what"] == "missing required" else None
        return pointer, known or "this field is not known"
    return pointer or "/", message[:1].lower() + message[1:]
