"""An example for every shape a command can have, made from its JSON Schema."""

import re
from collections.abc import Mapping
from typing import Any, Final

PREFIX: Final = "#/components/schemas/"

_TEXTS: Final = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "quality",
)
"""Texts of which one fits any pattern whose schema gives no example of its own."""

_TEXT: Final = "说明"
_BY_FORMAT: Final = {"date": "2026-01-01"}


def sample(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """Make a value that fits a schema: its own example, or one with no more than is required.

    Raises:
        LookupError: there is no example for a type.
        StopIteration: there is none for the pattern of a text.

    """
    if "$ref" in schema:
        return sample(components[schema["$ref"].removeprefix(PREFIX)], components)
    for known in ("examples", "enum", "anyOf"):
        if known in schema:
            first = schema[known][0]
            return sample(first, components) if known == "anyOf" else first
    match schema.get("type"):
        case "object":
            value: Any = _object(schema, components)
        case "array":
            value = _array(schema, components)
        case "string":
            value = _text(schema)
        case "integer":
            value = max(schema.get("minimum", 1), 1)
        case "boolean":
            value = True
        case found:
            raise LookupError(f"there is no example for the type {found!r}")
    return value


def _object(schema: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    if schema.get("minProperties"):
        key = sample(schema.get("propertyNames", {"type": "string"}), components)
        return {"key" if key == _TEXT else key: sample(schema["additionalProperties"], components)}
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = schema.get("required", ())
    return {name: sample(properties[name], components) for name in properties if name in required}


def _array(schema: Mapping[str, Any], components: Mapping[str, Any]) -> list[Any]:
    if "prefixItems" in schema:
        return [sample(item, components) for item in schema["prefixItems"]]
    return [sample(schema["items"], components)] * max(1, schema.get("minItems", 1))


def _text(schema: Mapping[str, Any]) -> str:
    if "format" in schema:
        return _BY_FORMAT[schema["format"]]
    if "pattern" in schema:
        return next(text for text in _TEXTS if re.search(schema["pattern"], text))
    least: int = schema.get("minLength", 1)
    return _TEXT.ljust(least, "。")
