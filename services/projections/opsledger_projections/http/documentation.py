"""What the OpenAPI document says of answers: schemas, examples, and every problem with its code."""

from typing import Any, Final

from opsledger_contracts.problems import general, projections
from opsledger_contracts.problems.document import MEDIA_TYPE, kind_of, problem_document
from opsledger_contracts.problems.refusal import Refusal

COMMON: Final[tuple[type[Refusal], ...]] = (
    general.ParameterInvalid,
    general.CredentialMissing,
    general.CredentialInvalid,
    general.ScopeMissing,
    projections.ProjectionsFault,
    projections.ViewsUnreadable,
)
"""What any protected route can answer."""
CUTS: Final[tuple[type[Refusal], ...]] = (general.PositionNotReached, general.KnownAtAhead)
"""What any read with cuts can answer."""

_EXAMPLES: Final[dict[str, object]] = {
    "position": 135,
    "known_at": 124,
    "found": 135,
    "expected": 140,
    "noun": "letter",
    "id": "BJ-2026",
    "name": "valid_at",
    "path": "/v1/letters/BJ-2026",
    "count": 1,
    "latest": 2,
    "limit": 65_536,
}

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "sentences", "code", "facts", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "sentences": {
            "type": "object",
            "properties": {"en": {"type": "string"}, "zh": {"type": "string"}},
        },
        "code": {"type": "string"},
        "facts": {"type": "object"},
        "instance": {"type": "string"},
        "needed": {"type": "string"},
    },
}


def responses(
    description: str,
    example: Any,
    *refusals: type[Refusal],
    media_type: str = "application/json",
    schema: dict[str, Any] | None = None,
) -> dict[int | str, dict[str, Any]]:
    """Document the answers of a route: the good one, and one per status of its refusals."""
    described: dict[int | str, dict[str, Any]] = {
        200: {
            "description": description,
            "content": {
                media_type: {
                    "schema": schema or {"type": "object", "additionalProperties": True},
                    "example": example,
                }
            },
        }
    }
    for refusal in refusals:
        kind = kind_of(refusal)
        entry = described.setdefault(
            kind.status,
            {
                "description": kind.en,
                "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA, "examples": {}}},
            },
        )
        facts = {name: _EXAMPLES.get(name, name) for name in sorted(refusal.fields())}
        problem = problem_document(refusal(**facts), "en", "/v1/views")
        entry["content"][MEDIA_TYPE]["examples"][refusal.code] = {"value": problem}
    return described
