"""An independent judgement of JSON by a JSON Schema."""

from typing import Any

from jsonschema import Draft202012Validator, FormatChecker


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """Say all that a schema has against a value, dates included; nothing if it fits."""
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(value)]


def require_schema(schema: dict[str, Any]) -> None:
    """Require that something is itself a valid schema.

    Raises:
        jsonschema.SchemaError: it is not.

    """
    Draft202012Validator.check_schema(schema)
