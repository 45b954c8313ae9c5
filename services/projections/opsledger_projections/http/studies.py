"""Studies over the published scores of a period: sweep and shadow run. Nothing is recorded."""

from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from opsledger_contracts.canonical import canonical
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.letter import Period
from opsledger_contracts.fields import Identifier
from opsledger_contracts.problems import general
from opsledger_contracts.problems.assessment import ClauseNotInRulebook
from opsledger_contracts.problems.documents import DocumentDefective, DocumentUnknown
from opsledger_projections.http import parameters
from opsledger_projections.http.access import READERS, required
from opsledger_projections.http.bodies import strict_body
from opsledger_projections.http.cuts import CUT_NAMES, CutOf
from opsledger_projections.http.documentation import COMMON, CUTS, responses
from opsledger_projections.projections import Projections
from opsledger_projections.replay.shadowing import Shadowed, ShadowRow, drafted, shadow
from opsledger_projections.replay.studying import StudyProgress
from opsledger_projections.replay.sweeping import Affected, Search, Swept, sweep
from opsledger_projections.tables.port import Tables

router = APIRouter(dependencies=[Depends(required(READERS))], tags=["studies"])

NDJSON: Final = "application/x-ndjson"
RULEBOOK_BYTES_MAX: Final = 1_048_576
"""Largest body with a rulebook in it."""

_Told = StudyProgress | Affected | Swept | ShadowRow | Shadowed
_EVENTS: Final[dict[type, str]] = {
    StudyProgress: "progress",
    Affected: "row",
    ShadowRow: "row",
    Swept: "summary",
    Shadowed: "summary",
}
_BODIES: Final = (
    general.BodyMalformed,
    general.BodyTooLarge,
    general.MediaTypeUnsupported,
    general.FieldInvalid,
)


class SweepRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which scores are looked for; see `Search`."""

    period: Period
    clause: Identifier | None = None
    primitive: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    superseded: bool = False
    effect: bool = False


class ShadowRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rulebook is tried out: the document itself, or the name of its stream."""

    period: Period
    rulebook: Rulebook | Identifier


class _Lines(StreamingResponse):
    media_type = NDJSON


def _body(
    required_fields: list[str], properties: dict[str, Any], **examples: Any
) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": required_fields,
                        "additionalProperties": False,
                        "properties": properties,
                    },
                    "examples": {name: {"value": value} for name, value in examples.items()},
                }
            },
        }
    }


_PERIOD: Final = {
    "type": "string",
    "pattern": r"^[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?$",
    "description": "Period of the assessments.",
}


@router.post(
    "/v1/studies/sweep",
    summary="Who else was scored by this",
    response_class=_Lines,
    responses=responses(
        "One JSON object a line: progress, each published score that was found, then the sum.",
        '{"event":"progress","done":0,"of":2}\n'
        '{"event":"row","assessment":"AS-2026-BJ","subject":"BJ","superseded":true}\n'
        '{"event":"summary","period":"2026","scores":2,"affected":1}\n',
        *COMMON,
        *CUTS,
        *_BODIES,
        ClauseNotInRulebook,
        DocumentUnknown,
        media_type=NDJSON,
        schema={"type": "string"},
    ),
    openapi_extra=_body(
        ["period"],
        {
            "period": _PERIOD,
            "clause": {"type": ["string", "null"], "description": "Clause that was used."},
            "primitive": {"type": ["string", "null"], "description": "As `step@1`."},
            "superseded": {
                "type": "boolean",
                "description": "Only scores on a superseded letter revision; so too if nothing "
                "else is looked for.",
            },
            "effect": {
                "type": "boolean",
                "description": "Compute what each score found would be if it were rescored.",
            },
        },
        clause={"period": "2026", "clause": "6.2"},
        revisions={"period": "2026", "superseded": True, "effect": True},
    ),
)
async def swept(request: Request, at: CutOf) -> Response:
    """Look at every published score of a period as it is known."""
    parameters.only(request, *CUT_NAMES)
    asked = await strict_body(request, SweepRequest)
    search = Search(
        clause=asked.clause,
        primitive=asked.primitive,
        superseded=asked.superseded,
        effect=asked.effect,
    )
    position = at.known_at
    return await _streamed(request, lambda tables: sweep(tables, asked.period, search, position))


@router.post(
    "/v1/studies/shadow",
    summary="What another rulebook would have made of past scores",
    response_class=_Lines,
    responses=responses(
        "One JSON object a line: progress, each published score beside what it would be, then the "
        "sum with `report`, the canonical digest that an attached shadow run cites.",
        '{"event":"progress","done":0,"of":1}\n'
        '{"event":"row","subject":"BJ","total_before":"96.26","total_after":"94.90","crosses":"down"}\n'
        '{"event":"summary","scores":1,"crossing_down":1,"report":"…","official":false}\n',
        *COMMON,
        *CUTS,
        *_BODIES,
        general.UnknownThing,
        DocumentDefective,
        DocumentUnknown,
        media_type=NDJSON,
        schema={"type": "string"},
    ),
    openapi_extra=_body(
        ["period", "rulebook"],
        {
            "period": _PERIOD,
            "rulebook": {
                "type": ["object", "string"],
                "description": "A rulebook document, or the name of a draft or a version.",
            },
        },
        draft={"period": "2026", "rulebook": "RB-2026.2"},
    ),
)
async def shadowed(request: Request, at: CutOf) -> Response:
    """Score a past period by another rulebook; official results stay as they are."""
    parameters.only(request, *CUT_NAMES)
    asked = await strict_body(request, ShadowRequest, RULEBOOK_BYTES_MAX)
    position = at.known_at
    rulebook = asked.rulebook
    if isinstance(rulebook, str):
        rulebook = drafted(at.tables, rulebook, position)
    return await _streamed(request, lambda tables: shadow(tables, asked.period, rulebook, position))


async def _streamed(request: Request, study: Callable[[Tables], Iterator[_Told]]) -> Response:
    projections: Projections = request.app.state.projections
    told = _reading(projections, study)
    # The first step tells whether there is a study at all; after it the answer has begun.
    first = await run_in_threadpool(next, told)
    lines = (_line(step) for step in chain((first,), told))
    return _Lines(lines, headers={"Cache-Control": "no-store"})


def _reading(
    projections: Projections, study: Callable[[Tables], Iterator[_Told]]
) -> Generator[_Told]:
    # The cut of the request ends with its handler; the study goes on and holds its own tables.
    with projections.served.reading() as tables:
        yield from study(tables)


def _line(step: _Told) -> bytes:
    content: dict[str, Any] = msgspec.to_builtins(step)
    return canonical({"event": _EVENTS[type(step)], **content}) + b"\n"
