"""An assessment, the explanation of a run, what its grade hangs on, and replays (V05 to V07)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from opsledger_contracts.events.replay import Override
from opsledger_contracts.fields import Version
from opsledger_contracts.problems import general
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.documents import DocumentUnknown
from opsledger_contracts.problems.replay import OverrideUnknown, ReplayOptionWrong, RunUnknown
from opsledger_contracts.problems.replaying import (
    InputsNotKnown,
    NothingCalculated,
    RevisionNotKnown,
)
from opsledger_projections.http import parameters
from opsledger_projections.http.access import READERS, required
from opsledger_projections.http.answers import answer, language_of
from opsledger_projections.http.bodies import strict_body
from opsledger_projections.http.cuts import CUT_NAMES, CutOf, translated
from opsledger_projections.http.documentation import COMMON, CUTS, responses
from opsledger_projections.replay.replaying import Mode, explain, replay
from opsledger_projections.replay.sensitivity import sensitivity
from opsledger_projections.views.assessments import ASSESSMENTS

router = APIRouter(dependencies=[Depends(required(READERS))], tags=["assessments"])

Assessment = Annotated[
    str, Path(description="Identifier of the assessment.", examples=["AS-2026-BJ"])
]
RunNumber = Annotated[
    int | None, Query(description="Run; absent takes the last one known.", ge=1, le=2**31 - 1)
]

_RUNS: Final = (general.UnknownThing, NothingCalculated, RunUnknown, DocumentUnknown)
_REPLAYS: Final = (
    *_RUNS,
    ReplayOptionWrong,
    OverrideUnknown,
    InputsNotKnown,
    RevisionNotKnown,
    RuleInapplicable,
    general.BodyMalformed,
    general.BodyTooLarge,
    general.MediaTypeUnsupported,
    general.FieldInvalid,
)


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which replay is asked for; see `replay`."""

    mode: Mode
    run: Version | None = None
    known_at: int | str | None = None
    """Position, instant or date of the facts."""
    overrides: Annotated[tuple[Override, ...], msgspec.Meta(max_length=1_000)] = ()


@router.get(
    "/v1/assessments/{assessment}",
    summary="The sheet of an assessment",
    responses=responses(
        "Bindings, figures of the last run, and every published version with its state.",
        {
            "id": "AS-2026-BJ",
            "assessment": {"total": "96.26", "grade": "A", "letter_revision": 2},
            "position": 135,
            "known_at": 135,
            "valid_at": None,
        },
        *COMMON,
        *CUTS,
        general.UnknownThing,
    ),
)
def one_assessment(request: Request, assessment: Assessment, at: CutOf) -> Response:
    """Read an assessment as it was known."""
    parameters.only(request, *CUT_NAMES)
    found = at.tables.read(ASSESSMENTS, assessment, at.known_at)
    if found is None:
        raise general.UnknownThing(noun="assessment", id=assessment)
    return answer(request, at, {"id": assessment, "assessment": found.row(ASSESSMENTS).body})


@router.get(
    "/v1/assessments/{assessment}/explanation",
    summary="Why a run gave its score",
    responses=responses(
        "The explanation tree, computed again from the frozen inputs of the run; `matches` tells "
        "whether everything is bit-identical with the record. `Accept: text/plain`: the lines.",
        {
            "assessment": "AS-2026-BJ",
            "run": 1,
            "total": "94.37",
            "grade": "B",
            "matches": True,
            "nearest_boundary": {"zh": "距 A 差 0.63 分", "en": "0.63 below A"},
            "lines": ["grade B [clause 6.1]", "  the total 94.37 ..."],
            "tree": {"op": "grade.1", "path": "grade", "clause": "6.1", "inputs": []},
            "position": 135,
            "known_at": 135,
            "valid_at": None,
        },
        *COMMON,
        *CUTS,
        *_RUNS,
        RuleInapplicable,
    ),
)
def explanation(
    request: Request,
    assessment: Assessment,
    at: CutOf,
    run: RunNumber = None,
    lang: Annotated[
        Literal["zh", "en"] | None,
        Query(description="Language of the lines; absent takes that of Accept-Language."),
    ] = None,
) -> Response:
    """Explain a score down to the entries and clauses it comes from."""
    parameters.only(request, *CUT_NAMES, "run", "lang")
    language = lang or ("zh" if language_of(request) == "zh" else "en")
    explained = explain(at.tables, assessment, run, at.known_at, language)
    if request.headers.get("Accept", "").startswith("text/plain"):
        text = "\n".join(explained.lines) + "\n"
        cuts = {"Position": str(at.position), "Known-At": str(at.known_at)}
        return Response(text, 200, cuts, "text/plain; charset=utf-8")
    return answer(request, at, _content(explained))


@router.get(
    "/v1/assessments/{assessment}/sensitivity",
    summary="What moves the grade of a run",
    responses=responses(
        "For every fact the smallest exact change that moves the grade, the nearest fact first, "
        "each with an example that a counterfactual replay can take. Never official.",
        {
            "assessment": "AS-2026-BJ",
            "run": 1,
            "total": "94.37",
            "grade": "B",
            "nearest": {
                "rank": 1,
                "path": "items.N01.evidence_date",
                "kind": "completion",
                "recorded": "2026-06-08",
                "threshold": "2026-06-06",
                "reached": True,
                "change": "-2",
                "share": "2/365",
                "example": "2026-06-06",
                "total": "95.27",
                "grade": "A",
                "moves": "up",
            },
            "unmoved": ["items.N02.evidence_date"],
            "not_analysed": [],
            "official": False,
            "position": 135,
            "known_at": 135,
            "valid_at": None,
        },
        *COMMON,
        *CUTS,
        *_RUNS,
        RuleInapplicable,
    ),
)
def sensitive(
    request: Request, assessment: Assessment, at: CutOf, run: RunNumber = None
) -> Response:
    """Name the single fact nearest to moving the grade, and rank all others behind it."""
    parameters.only(request, *CUT_NAMES, "run")
    return answer(request, at, _content(sensitivity(at.tables, assessment, run, at.known_at)))


@router.post(
    "/v1/assessments/{assessment}/replay",
    summary="Compute a run again",
    responses=responses(
        "Figures, digests and tree of the replay beside those of the run; differences with their "
        "clause, the first one apart. A counterfactual replay is watermarked and never official.",
        {
            "assessment": "AS-2026-BJ",
            "run": 1,
            "mode": "as_of",
            "facts_known_at": 106,
            "official": True,
            "matches": False,
            "delta": "1.89",
            "recorded": {"total": "94.37", "grade": "B", "letter_revision": 1},
            "replayed": {"total": "96.26", "grade": "A", "letter_revision": 2},
            "first_difference": {
                "item": "N01",
                "clause": "3.8",
                "field": "due",
                "value_a": "2026-05-29",
                "value_b": "2026-06-03",
                "score_a": "64.0000",
                "score_b": "85.0000",
            },
            "position": 135,
            "known_at": 135,
            "valid_at": None,
        },
        *COMMON,
        *CUTS,
        *_REPLAYS,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["mode"],
                        "additionalProperties": False,
                        "properties": {
                            "mode": {
                                "enum": ["verify", "as_of", "counterfactual"],
                                "description": "`verify` computes from the frozen inputs and must "
                                "be bit-identical; `as_of` collects the inputs as they were known; "
                                "`counterfactual` replaces single inputs.",
                            },
                            "run": {"type": ["integer", "null"], "minimum": 1},
                            "known_at": {
                                "type": ["integer", "string", "null"],
                                "description": "Position, instant or date of the facts.",
                            },
                            "overrides": {
                                "type": "array",
                                "maxItems": 1000,
                                "items": {
                                    "type": "object",
                                    "required": ["path", "value"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "path": {"type": "string"},
                                        "value": {"type": "string"},
                                    },
                                },
                            },
                        },
                    },
                    "examples": {
                        "verify": {"value": {"mode": "verify", "run": 1}},
                        "as of": {"value": {"mode": "as_of", "run": 1, "known_at": "2027-01-20"}},
                        "counterfactual": {
                            "value": {
                                "mode": "counterfactual",
                                "run": 2,
                                "overrides": [
                                    {
                                        "path": "adjustments.ADJ-2026-BJ-01.treatment",
                                        "value": "exclude",
                                    }
                                ],
                            }
                        },
                    },
                }
            },
        }
    },
)
async def replayed(request: Request, assessment: Assessment, at: CutOf) -> Response:
    """Replay a run for information; nothing is recorded."""
    parameters.only(request, *CUT_NAMES)
    asked = await strict_body(request, ReplayRequest)
    known_at = None if asked.known_at is None else str(asked.known_at)
    found = await run_in_threadpool(
        replay,
        at.tables,
        assessment,
        asked.mode,
        position=at.known_at,
        run=asked.run,
        known_at=None if known_at is None else translated(at.tables, known_at, at.known_at),
        overrides=asked.overrides,
    )
    return answer(request, at, _content(found))


def _content(found: msgspec.Struct) -> Mapping[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(found)
    return content
