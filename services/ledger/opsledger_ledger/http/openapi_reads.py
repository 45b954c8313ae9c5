"""The reads of the ledger as OpenAPI paths, and the parameters that routes share."""

from typing import Any, Final

from opsledger_contracts.problems import general
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.http import forms
from opsledger_ledger.http.access import READS
from opsledger_ledger.http.openapi_examples import EXAMPLES
from opsledger_ledger.http.openapi_responses import responses

_IDENTIFIER: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}
_TOKEN: Final = {"type": "string", "pattern": "^[!-~]{1,128}$"}
_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991}
_INSTANT: Final = {"type": "string", "example": "2027-01-28T09:00:00.000000Z"}


def _parameter(
    place: str, name: str, text: str, schema: dict[str, Any], *, required: bool = False
) -> dict[str, Any]:
    return {
        "in": place,
        "name": name,
        "description": text,
        "required": required or place == "path",
        "schema": schema,
    }


PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "id": _parameter("path", "id", "Identifier of the thing.", _IDENTIFIER),
    "Idempotency-Key": _parameter(
        "header",
        "Idempotency-Key",
        "Makes repeating safe; unique per person.",
        _TOKEN,
        required=True,
    ),
    "If-Match": _parameter(
        "header",
        "If-Match",
        'The only version to act on, as `"7"`; `"0"` if the thing must not exist. Optional.',
        {"type": "string", "pattern": '^"(0|[1-9][0-9]{0,9})"$'},
    ),
    "Acting-Position": _parameter(
        "header",
        "Acting-Position",
        "Position in which the person acts; not needed by who holds exactly one.",
        _IDENTIFIER,
    ),
    "Delegation": _parameter(
        "header", "Delegation", "Delegation under which the person acts.", _IDENTIFIER
    ),
    "Correlation-Id": _parameter(
        "header", "Correlation-Id", "What the command belongs to; recorded.", _TOKEN
    ),
    "Causation-Id": _parameter(
        "header", "Causation-Id", "What the command came from; recorded.", _TOKEN
    ),
    "Accept-Language": _parameter(
        "header", "Accept-Language", "`zh` or `en`, for refusals.", {"type": "string"}
    ),
    "position": _parameter("path", "position", "Place in the ledger, from 1.", _NUMBER),
    "noun": _parameter("path", "noun", "First part of stream names.", {"type": "string"}),
    "path": _parameter(
        "path", "path", "C2SP tile path such as `0/x001/067.p/8`.", {"type": "string"}
    ),
    "after": _parameter("query", "after", "Where to begin, exclusive.", _NUMBER),
    "limit": _parameter(
        "query",
        "limit",
        "Most entries of a page.",
        {"type": "integer", "minimum": 1, "maximum": 1000},
    ),
    "types": _parameter("query", "types", "Event types, separated by commas.", {"type": "string"}),
    "subject": _parameter("query", "subject", "One stream, `<noun>/<id>`.", {"type": "string"}),
    "from": _parameter("query", "from", "Recorded at or after this instant.", _INSTANT),
    "until": _parameter("query", "until", "Recorded before this instant.", _INSTANT),
    "wait": _parameter(
        "query",
        "wait",
        "Seconds to wait for an entry if there is none (long poll).",
        {"type": "integer", "minimum": 0, "maximum": 60},
    ),
    "Last-Event-ID": _parameter(
        "header", "Last-Event-ID", "Position after which to resume; outweighs `after`.", _NUMBER
    ),
    "proof-position": _parameter(
        "query", "position", "The entry to prove.", _NUMBER, required=True
    ),
    "proof-size": _parameter("query", "size", "Size of the tree; the head's if absent.", _NUMBER),
    "proof-from": _parameter("query", "from", "The older size.", _NUMBER, required=True),
    "proof-to": _parameter("query", "to", "The newer size; the head's if absent.", _NUMBER),
}

_KEY: Final[tuple[type[Refusal], ...]] = (
    general.CredentialMissing,
    general.CredentialInvalid,
    general.ScopeMissing,
)
_PAGES: Final[dict[str, Any]] = {form.media_type: {"schema": {}} for form in forms.FORMS}
_JSON: Final = {"application/json": {"schema": {"type": "object"}}}

_Read = tuple[str, tuple[str, ...], dict[str, Any], tuple[type[Refusal], ...]]

_READS: Final[dict[str, _Read]] = {
    "/v1/events": (
        "Entries in order of position, as a page; the bytes are those of the log",
        ("after", "limit", "types", "subject", "from", "until", "wait"),
        _PAGES,
        (general.ParameterInvalid, general.NotAcceptable),
    ),
    "/v1/events/stream": (
        "Entries as server-sent events, then whatever is recorded",
        ("after", "types", "subject", "Last-Event-ID"),
        {"text/event-stream": {"schema": {"type": "string"}}},
        (general.ParameterInvalid, general.StreamsTooMany, general.LedgerStopping),
    ),
    "/v1/events/{position}": (
        "One entry; its position and leaf are in headers of these names",
        ("position",),
        {forms.EVENT: {"schema": {"type": "object"}}},
        (general.ParameterInvalid, general.NotAcceptable, general.UnknownThing),
    ),
    "/v1/streams/{noun}/{id}": (
        "The entries of one thing; `after` is a version",
        ("noun", "id", "after", "limit"),
        _PAGES,
        (general.ParameterInvalid, general.NotAcceptable, general.UnknownThing),
    ),
    "/v1/head": ("Last position and root of the tree", (), _JSON, (general.ParameterInvalid,)),
    "/v1/proofs/inclusion": (
        "Proof that an entry is in the tree (RFC 6962)",
        ("proof-position", "proof-size"),
        _JSON,
        (general.ParameterInvalid,),
    ),
    "/v1/proofs/consistency": (
        "Proof that a tree extends an older one (RFC 6962)",
        ("proof-from", "proof-to"),
        _JSON,
        (general.ParameterInvalid,),
    ),
    "/v1/tiles/{path}": (
        "Hashes of a tile of the tree (C2SP tlog-tiles, height 8)",
        ("path",),
        {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        (general.ParameterInvalid, general.UnknownThing),
    ),
    "/v1/verify": (
        "Verification of the whole log: lines `progress`, `finding`, at last `verdict`",
        (),
        {"application/x-ndjson": {"schema": {}}},
        (general.ParameterInvalid, general.VerificationRunning),
    ),
    "/metrics": (
        "Measures for Prometheus",
        (),
        {"text/plain": {"schema": {"type": "string"}}},
        (general.ParameterInvalid,),
    ),
}
"""Summary, parameters, forms and refusals of each read."""


def paths_of_reads() -> dict[str, Any]:
    """Describe every read that the access policy knows."""
    return {path: {"get": _operation(path, scopes)} for path, scopes in READS.items()}


def _operation(path: str, scopes: frozenset[str]) -> dict[str, Any]:
    summary, names, content, refusals = _READS[path]
    # A value with a slash or a line break does not even reach a route with parameters.
    unreached = (general.RouteUnknown,) if "{" in path else ()
    every = (*_KEY, *refusals, *unreached, general.LedgerFault)
    shown = {
        media_type: {**form, "example": EXAMPLES[path][media_type]}
        for media_type, form in content.items()
    }
    return {
        "tags": ["feed"],
        "operationId": path.strip("/").replace("/", "_").replace("{", "").replace("}", ""),
        "summary": summary,
        "description": f"Needs one of the scopes {', '.join(sorted(scopes))}.",
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in names],
        "responses": {"200": {"description": "Found.", "content": shown}} | responses(every),
    }
