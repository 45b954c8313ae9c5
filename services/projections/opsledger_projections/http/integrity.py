"""Whether the read side can be believed (V30), and a rebuild that proves it."""

import secrets
from collections.abc import Generator, Iterator
from dataclasses import asdict
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from opsledger_contracts.canonical import canonical
from opsledger_contracts.problems.document import problem_document
from opsledger_contracts.problems.general import PositionNotReached
from opsledger_contracts.problems.projections import (
    LedgerUnreachable,
    ProjectionsFault,
    RebuildRunning,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_projections.errors import ProjectionsError, RebuildUnderWay
from opsledger_projections.following.feed import FeedUnreachable
from opsledger_projections.following.rebuild import RebuildProgress, RebuiltView
from opsledger_projections.http import parameters
from opsledger_projections.http.access import INTEGRITY, REBUILDERS, required
from opsledger_projections.http.answers import answer, language_of
from opsledger_projections.http.cuts import CUT_NAMES, CutOf
from opsledger_projections.http.documentation import COMMON, CUTS, responses
from opsledger_projections.projections import Projections
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.port import Selection
from opsledger_projections.views.registers import REPLAYS

router = APIRouter(tags=["integrity"])

NDJSON: Final = "application/x-ndjson"
_ALARMS_MAX: Final = 1_000

_log = structlog.get_logger()


class _Lines(StreamingResponse):
    media_type = NDJSON


@router.get(
    "/v1/integrity",
    summary="Whether the read side can be believed",
    dependencies=[Depends(required(INTEGRITY))],
    responses=responses(
        "The root over everything projected, where it was last found equal to the ledger's, "
        "what is parked, and every verification replay that diverged. `sound` is the sum of it.",
        {
            "sound": True,
            "root": "6f" * 32,
            "root_checked_position": 135,
            "ledger": {"reachable": True, "position": 135},
            "following": {"running": True, "failure": None},
            "parked": [],
            "alarms": [],
            "digests": None,
            "position": 135,
            "known_at": 135,
            "valid_at": None,
        },
        *COMMON,
        *CUTS,
    ),
)
def integrity(
    request: Request,
    at: CutOf,
    *,
    digests: Annotated[
        bool, Query(description="Whether to compute the canonical digest of every view.")
    ] = False,
) -> Response:
    """Check the root against the ledger's head now, and list everything that stands against it."""
    parameters.only(request, *CUT_NAMES, "digests")
    projections: Projections = request.app.state.projections
    follower = projections.follower
    reachable = True
    try:
        if follower.failure is None:
            follower.check_root()
    except FeedUnreachable:
        reachable = False
    except ProjectionsError as failure:
        follower.fail(failure)
    parked = [asdict(row) for row in at.tables.parked() if row.position <= at.known_at]
    alarms = [
        found.row(REPLAYS).body
        for found in at.tables.select(
            REPLAYS,
            Selection(position=at.known_at, labels={"status": "diverged"}, limit=_ALARMS_MAX),
        )
    ]
    standings = projections.standings()
    wrong = next((one.failure for one in standings if one.failure is not None), None)
    content: dict[str, Any] = {
        "sound": wrong is None and not parked and not alarms,
        "root": follower.root,
        "root_position": follower.position,
        "root_checked_position": follower.checked_position,
        "ledger": {"reachable": reachable, "position": follower.head_position},
        "following": {
            "running": all(one.running for one in standings),
            "failure": None if wrong is None else str(wrong),
        },
        "parked": parked,
        "alarms": alarms,
        "digests": None,
    }
    if digests:
        content["digests"] = {
            view.name: digest(at.tables, view, at.known_at) for view in projections.views
        }
    return answer(request, at, content)


@router.post(
    "/v1/rebuild",
    summary="Rebuild all views from the first entry and compare",
    dependencies=[Depends(required(REBUILDERS))],
    response_class=_Lines,
    responses=responses(
        "One JSON object a line: progress, then each view with the digests of the served and the "
        "rebuilt table, then the end; the rebuilt tables then are served. Who leaves cancels; "
        "the next rebuild goes on from there.",
        '{"event":"progress","position":135,"position_last":135,"events_per_s":20000,"remaining_s":0}\n'
        '{"event":"view","view":"letters","position":135,"live":"…","rebuilt":"…","equal":true}\n'
        '{"event":"done","equal":true,"position":135}\n',
        *COMMON,
        RebuildRunning,
        LedgerUnreachable,
        PositionNotReached,
        media_type=NDJSON,
        schema={"type": "string"},
    ),
)
def rebuild(request: Request) -> Response:
    """Rebuild beside the served tables, tell the progress, compare every view, and switch."""
    parameters.only(request)
    projections: Projections = request.app.state.projections
    steps = projections.rebuilding.run()
    try:
        # The first step tells whether there is a rebuild at all; after it the answer has begun.
        first = next(steps)
    except RebuildUnderWay as error:
        raise RebuildRunning from error
    except FeedUnreachable as error:
        raise LedgerUnreachable(detail=str(error)) from error
    lines = _lines(first, steps, language_of(request))
    return _Lines(lines, headers={"Cache-Control": "no-store"})


def _lines(
    first: RebuildProgress | RebuiltView,
    steps: Generator[RebuildProgress | RebuiltView],
    language: str,
) -> Iterator[bytes]:
    equal, position = True, 0
    try:
        step: RebuildProgress | RebuiltView | None = first
        while step is not None:
            if isinstance(step, RebuiltView):
                equal, position = equal and step.equal, step.position
                yield _line({"event": "view", "equal": step.equal} | asdict(step))
            else:
                yield _line({"event": "progress"} | asdict(step))
            step = next(steps, None)
        yield _line({"event": "done", "equal": equal, "position": position})
    except FeedUnreachable as error:
        refusal: Refusal = LedgerUnreachable(detail=str(error))
        problem = problem_document(refusal, language, "/v1/rebuild")
        yield _line({"event": "failed", "problem": problem})
    except ProjectionsError as error:
        reference = secrets.token_hex(8)
        _log.exception("rebuild failed", reference=reference, exc_info=error)
        problem = problem_document(ProjectionsFault(reference=reference), language, "/v1/rebuild")
        yield _line({"event": "failed", "problem": problem})
    finally:
        steps.close()


def _line(content: dict[str, Any]) -> bytes:
    return canonical(content) + b"\n"
