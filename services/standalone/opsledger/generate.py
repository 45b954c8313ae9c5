"""Writes the generated contracts: schemas, refusals, commands, OpenAPI documents, examples.

    python -m opsledger.generate [CONTRACTS]

Everything is derived from the catalogues; the files are committed, and a difference between what is
committed and what this writes fails the gate. Schemas are written anew every time; of the example
entries only those that are missing are written, since a released one is never edited.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from opsledger.asyncapi import asyncapi_document
from opsledger.event_schemas import envelope_schema, event_schema
from opsledger.examples.released import release
from opsledger_contracts.catalogue import EVENTS, NOUNS
from opsledger_contracts.documents.schemas import document_schemas
from opsledger_contracts.problems.document import kind_of
from opsledger_contracts.problems.refusal import REFUSALS
from opsledger_ledger.domain.deciding import COMMANDS, CommandEntry
from opsledger_ledger.http.openapi import description as ledger_description
from opsledger_ledger.http.openapi import refusals_of
from opsledger_ledger.writing.envelopes import SCHEMA_PREFIX
from opsledger_projections.http.app import description as projections_description

ENTRIES: Final = "examples/entries"
LEDGER_OPENAPI: Final = "openapi-ledger.json"


def generated() -> Iterator[tuple[str, Any]]:
    """Yield the path under `contracts/` and the JSON content of every generated schema file."""
    yield "schemas/envelope.json", envelope_schema()
    for type_name, event in EVENTS.items():
        yield f"schemas/events/{type_name}.json", event_schema(event)
    for name, schema in document_schemas().items():
        yield f"schemas/documents/{name}.json", {"$id": f"{SCHEMA_PREFIX}{name}", **schema}
    yield "schemas/commands.json", [_command(entry) for entry in COMMANDS.values()]
    yield "schemas/problems.json", _problems()
    yield "schemas/asyncapi.json", asyncapi_document()
    yield f"schemas/{LEDGER_OPENAPI}", ledger_description()
    yield "schemas/openapi-projections.json", projections_description()


def _command(entry: CommandEntry) -> dict[str, Any]:
    return {
        "command": entry.name,
        "noun": entry.noun,
        "verb": entry.verb,
        "route": f"POST /v1/{NOUNS[entry.noun].plural}/{{id}}/{entry.verb}",
        "summary": entry.summary,
        "rule": inspect.getdoc(entry.decide),
        "body": {"$ref": f"{LEDGER_OPENAPI}#/components/schemas/{entry.name}"},
        "creates": entry.creates,
        "scope": entry.scope,
        "function": entry.function,
        "acting": entry.acting,
        "delegable": entry.delegable,
        "refusals": sorted(refusal.code for refusal in refusals_of(entry)),
    }


def _problems() -> list[dict[str, Any]]:
    problems: list[dict[str, Any]] = []
    for code, refusal in sorted(REFUSALS.items()):
        kind = kind_of(refusal)
        problem: dict[str, Any] = {
            "code": code,
            "type": f"urn:opsledger:problem:{code}",
            "status": kind.status,
            "title": {"en": kind.en, "zh": kind.zh},
            "meaning": (inspect.getdoc(refusal) or "").partition("\n")[0],
            "en": refusal.en,
            "zh": refusal.zh,
            "facts": sorted(refusal.fields()),
        }
        if refusal.needed_en:
            problem["needed"] = {"en": refusal.needed_en, "zh": refusal.needed_zh}
        problems.append(problem)
    return problems


def write(contracts: Path) -> int:
    """Write every schema file and remove those of types that are no more; gives the count."""
    written: set[Path] = set()
    for name, content in generated():
        path = contracts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )
        written.add(path)
    for path in (contracts / "schemas").rglob("*.json"):
        if path not in written:
            path.unlink()
    return len(written)


def main() -> None:
    """Write into the folder named on the command line, or `contracts` under the current one."""
    contracts = Path(sys.argv[1] if len(sys.argv) > 1 else "contracts")
    schemas = write(contracts)
    examples = release(contracts / ENTRIES)
    print(f"{schemas} schema files and {examples} new examples under {contracts}")  # noqa: T201 - a command line.


if __name__ == "__main__":
    main()
