"""Refusals as OpenAPI responses."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from opsledger_contracts.canonical import canonical
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.http.problems import MEDIA_TYPE, kind_of
from opsledger_ledger.http.samples import PREFIX


def responses(refusals: Iterable[type[Refusal]]) -> dict[str, Any]:
    """Describe refusals as responses, one for each status with its codes."""
    by_status: defaultdict[int, list[type[Refusal]]] = defaultdict(list)
    for refusal in refusals:
        by_status[kind_of(refusal).status].append(refusal)
    return {
        str(status): {
            "description": ", ".join(f"`{refusal.code}`" for refusal in by_status[status]),
            "content": {
                MEDIA_TYPE: {
                    "schema": {
                        "allOf": [
                            {"$ref": f"{PREFIX}Problem"},
                            {
                                "properties": {
                                    "code": {
                                        "enum": [refusal.code for refusal in by_status[status]]
                                    }
                                }
                            },
                        ]
                    }
                }
            },
        }
        for status in sorted(by_status)
    }


def shared(paths: dict[str, Any]) -> dict[str, Any]:
    """Take responses that several operations have out of them; gives them by their new names."""
    uses: defaultdict[bytes, list[tuple[dict[str, Any], str]]] = defaultdict(list)
    for path in paths.values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                uses[canonical([status, response])].append((operation["responses"], status))
    named: dict[str, Any] = {}
    for places in uses.values():
        if len(places) > 1:
            first, status = places[0]
            name = f"{status}-{sum(each.startswith(status) for each in named) + 1}"
            named[name] = first[status]
            for holder, _ in places:
                holder[status] = {"$ref": f"#/components/responses/{name}"}
    return named


def problem_schema() -> dict[str, Any]:
    """Describe a problem document."""
    text = {"type": "string"}
    return {
        "type": "object",
        "title": "Problem",
        "description": "A refusal (RFC 9457).",
        "required": ["type", "title", "status", "detail", "sentences", "code", "facts", "instance"],
        "properties": {
            "type": {"type": "string", "pattern": "^urn:opsledger:problem:[a-z0-9_]+$"},
            "title": text,
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "In the language that was asked for."},
            "sentences": {
                "type": "object",
                "description": "`detail` in both languages.",
                "required": ["en", "zh"],
                "properties": {"en": text, "zh": text},
            },
            "code": {"type": "string", "description": "Stable; see x-problems for all of them."},
            "facts": {"type": "object", "description": "What the sentence states, one by one."},
            "needed": {"type": "string", "description": "What would have to be so."},
            "instance": text,
        },
    }
