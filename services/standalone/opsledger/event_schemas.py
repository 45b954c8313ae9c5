"""JSON Schemas of the envelope and of every event, with what the source says about each field."""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any, Final, cast

import msgspec

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.documents.schemas import DIALECT
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_ledger.writing.envelopes import SCHEMA_PREFIX

_DEFINITIONS: Final = "#/$defs/{name}"


def event_schema(event: type[Event]) -> dict[str, Any]:
    """Describe the `data` of an event type; `$id` is the `dataschema` of its entries."""
    noun = NOUNS[event.TYPE.partition(".")[0]]
    return {
        "$schema": DIALECT,
        "$id": f"{SCHEMA_PREFIX}{event.TYPE}",
        **_flat(event),
        "x-event": event.TYPE,
        "x-noun": {"noun": noun.noun, "en": noun.en, "zh": noun.zh},
    }


def envelope_schema() -> dict[str, Any]:
    """Describe an entry: CloudEvents attributes, and `data`, which its event type describes."""
    schema = _flat(Envelope)
    schema["properties"]["data"] = {
        "type": "object",
        "description": "The event; described by `events/<type>.json`.",
    }
    return {"$schema": DIALECT, "$id": f"{SCHEMA_PREFIX}envelope", **schema}


def _flat(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Give the schema of a struct with its own members at the top, and others under `$defs`."""
    _, definitions = msgspec.json.schema_components([struct], ref_template=_DEFINITIONS)
    for nested in _structs(struct):
        _annotate(definitions[nested.__name__], nested)
    schema: dict[str, Any] = definitions.pop(struct.__name__)
    if definitions:
        schema["$defs"] = definitions
    return schema


def _structs(struct: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """List a struct and every struct that stands in it."""
    found: list[type[msgspec.Struct]] = []

    def visit(part: object) -> None:
        if isinstance(part, msgspec.inspect.StructType):
            if part.cls in found:
                return
            found.append(part.cls)
        if isinstance(part, msgspec.Struct):
            for name in part.__struct_fields__:
                visit(getattr(part, name))
        elif isinstance(part, tuple):
            for member in cast("tuple[object, ...]", part):
                visit(member)

    visit(msgspec.inspect.type_info(struct))
    return found


def _annotate(schema: dict[str, Any], struct: type[msgspec.Struct]) -> None:
    """Add the notes of the fields to their properties."""
    names = dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))
    for field, note in _notes(struct).items():
        schema["properties"][names[field]]["description"] = note


@cache
def _notes(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Read the docstrings that stand under fields; they are of the source only."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    members = definition.body if isinstance(definition, ast.ClassDef) else []
    notes: dict[str, str] = {}
    for field, note in pairwise(members):
        match field, note:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                notes[name] = inspect.cleandoc(text)
            case _:
                pass
    return notes
