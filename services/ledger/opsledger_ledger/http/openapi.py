"""The OpenAPI 3.1 document of the ledger, generated from the catalogue of commands."""

from functools import cache
from typing import Any, Final

import msgspec

from opsledger_contracts.canonical import canonical
from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.problems import general
from opsledger_contracts.problems.refusal import REFUSALS, Refusal
from opsledger_ledger.domain.deciding import COMMANDS, CommandEntry
from opsledger_ledger.domain.executing import GENERAL_REFUSALS
from opsledger_ledger.domain.policies.identity import IDENTITY_REFUSALS
from opsledger_ledger.http.commands import Circumstances
from opsledger_ledger.http.openapi_reads import PARAMETERS, paths_of_reads
from opsledger_ledger.http.openapi_responses import problem_schema, responses, shared
from opsledger_ledger.http.problems import kind_of
from opsledger_ledger.http.samples import PREFIX, sample
from opsledger_ledger.writing.submission import Accepted

TRANSPORT_REFUSALS: Final[tuple[type[Refusal], ...]] = (
    general.CredentialMissing,
    general.CredentialInvalid,
    general.ScopeMissing,
    general.RouteUnknown,
    general.ParameterInvalid,
    general.IdempotencyKeyMissing,
    general.MediaTypeUnsupported,
    general.BodyTooLarge,
    general.BodyMalformed,
    general.FieldInvalid,
    general.QueueFull,
    general.IdempotencyKeyInFlight,
    general.IdempotencyKeyReused,
    general.VersionStale,
    general.EntryTooLarge,
    general.ClockBehind,
    general.StorageUnavailable,
    general.OutcomeUnknown,
    general.LedgerStopping,
    general.LedgerFault,
)
"""Refusals that any command can meet before or around its decision."""

_INTRODUCTION: Final = """\
Commands go to `POST /v1/{plural}/{id}/{verb}` and are accepted whole or refused whole. Every
command needs an `Idempotency-Key`: the same key with the same request gets the same answer for
ever (with `Idempotency-Replayed: true`), another request under it is refused. Refusals are RFC
9457 problem documents in English or Chinese (`Accept-Language`), with a stable `code` and the
`facts`.

`If-Match` is optional: commands are decided on the current state in any case, one after the other;
send the version you have read only if you want to act on nothing newer (412 otherwise).
"""


def refusals_of(entry: CommandEntry) -> tuple[type[Refusal], ...]:
    """List every refusal that a command can answer with."""
    found = dict.fromkeys((*TRANSPORT_REFUSALS, *GENERAL_REFUSALS, *IDENTITY_REFUSALS))
    found.update(dict.fromkeys(entry.refuses))
    if entry.creates and general.UnknownThing not in entry.refuses:
        del found[general.UnknownThing]
    if not entry.creates and general.AlreadyExists not in entry.refuses:
        del found[general.AlreadyExists]
    if entry.function is None and general.FunctionMissing not in entry.refuses:
        del found[general.FunctionMissing]
    return tuple(found)


@cache
def document() -> bytes:
    """Return the document as it is served, put together when it is asked for first."""
    return canonical(description())


def description() -> dict[str, Any]:
    """Put together the document."""
    _, components = msgspec.json.schema_components(
        [*(entry.command for entry in COMMANDS.values()), Circumstances, Accepted],
        ref_template=f"{PREFIX}{{name}}",
    )
    components["Problem"] = problem_schema()
    paths: dict[str, Any] = {}
    for entry in COMMANDS.values():
        plural = NOUNS[entry.noun].plural
        operation = _operation(entry, components)
        paths[f"/v1/{plural}/{{id}}/{entry.verb}"] = {"post": operation}
    for entry in COMMANDS.values():
        _with_circumstances(components[entry.name], components["Circumstances"])
    del components["Circumstances"]
    paths |= paths_of_reads()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "opsledger ledger",
            "version": "1",
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"key": []}],
        "tags": [
            {"name": noun.noun, "description": f"{noun.en} {noun.zh}"}
            for noun in NOUNS.values()
            if any(entry.noun == noun.noun for entry in COMMANDS.values())
        ]
        + [{"name": "feed", "description": "Recorded events and what proves them"}],
        "components": {
            "responses": shared(paths),
            "schemas": components,
            "parameters": PARAMETERS,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "opl_<id>_<secret>",
                }
            },
        },
        "paths": paths,
        "x-problems": {
            code: {
                "status": kind_of(refusal).status,
                "en": refusal.en,
                "zh": refusal.zh,
                "facts": sorted(refusal.fields()),
            }
            for code, refusal in sorted(REFUSALS.items())
        },
    }


def _operation(entry: CommandEntry, components: dict[str, Any]) -> dict[str, Any]:
    schema = components[entry.name]
    capacity = f"Needs the scope `{entry.scope}`"
    if entry.function is not None:
        capacity += f" and a position with the function `{entry.function}`"
    elif entry.acting:
        capacity += " and a position to act in"
    delegable = " May be done under a delegation." if entry.delegable else ""
    status = "201" if entry.creates else "200"
    return {
        "tags": [entry.noun],
        "operationId": entry.name,
        "summary": entry.summary,
        "description": f"{(entry.decide.__doc__ or '').strip()}\n\n{capacity}.{delegable}",
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in _COMMAND_PARAMETERS],
        "requestBody": {
            "required": bool(schema.get("required")),
            "content": {
                "application/json": {
                    "schema": {"$ref": f"{PREFIX}{entry.name}"},
                    "examples": {"example": {"value": sample(schema, components)}},
                }
            },
        },
        "responses": {
            status: {
                "description": "Recorded; all events of the command are durable.",
                "headers": {
                    "ETag": {
                        "description": "Version of the stream, for If-Match.",
                        "schema": {"type": "string"},
                    },
                    "Idempotency-Replayed": {
                        "description": "`true` if the answer was given before under this key.",
                        "schema": {"type": "string"},
                    },
                },
                "content": {"application/json": {"schema": {"$ref": f"{PREFIX}Accepted"}}},
            }
        }
        | responses(refusals_of(entry)),
    }


_COMMAND_PARAMETERS: Final = (
    "id",
    "Idempotency-Key",
    "If-Match",
    "Acting-Position",
    "Delegation",
    "Correlation-Id",
    "Causation-Id",
    "Accept-Language",
)


def _with_circumstances(schema: dict[str, Any], circumstances: dict[str, Any]) -> None:
    """Let a body have, beside the fields of its command, what any command may be told."""
    schema["properties"] = schema["properties"] | circumstances["properties"]
