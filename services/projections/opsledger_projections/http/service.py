"""Routes about the service itself: health, readiness, measures, documentation."""

from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import PlainTextResponse, Response

from opsledger_contracts.canonical import canonical
from opsledger_contracts.problems.projections import NotCaughtUp, ViewsUnreadable
from opsledger_projections.http import parameters
from opsledger_projections.http.access import OPERATORS, required
from opsledger_projections.http.docs_page import DOCS_PAGE, DOCS_POLICY
from opsledger_projections.http.documentation import COMMON, responses
from opsledger_projections.http.measures import MEDIA_TYPE, Measures
from opsledger_projections.projections import Projections

router = APIRouter(tags=["service"])

_NO_STORE: Final = {"Cache-Control": "no-store"}


@router.get(
    "/healthz",
    summary="Whether the process runs",
    responses=responses("It does.", {"status": "ok"}),
)
async def health() -> Response:
    """Answer without looking at anything."""
    return Response(canonical({"status": "ok"}), 200, _NO_STORE, "application/json")


@router.get(
    "/readyz",
    summary="Whether the views follow the ledger",
    responses=responses(
        "They do, and have caught up once. Tables that several processes keep are as far as the "
        "part that is furthest behind; of each is told how far it is behind the ledger.",
        {
            "status": "ready",
            "position": 135,
            "parts": [
                {"part": "1/2", "position": 135, "lag": 2},
                {"part": "2/2", "position": 137, "lag": 0},
            ],
        },
        NotCaughtUp,
        ViewsUnreadable,
    ),
)
def readiness(request: Request) -> Response:
    """Answer whether reads are up to date but for the moment."""
    projections: Projections = request.app.state.projections
    position = projections.follower.position
    head = projections.follower.head_position
    parts = projections.parts()
    for standing in projections.standings():
        if not standing.running or not standing.caught_up:
            detail = "catching up" if standing.failure is None else str(standing.failure)
            if parts:
                told = ", ".join(f"{part} at {reached}" for part, reached in parts.items())
                detail = f"{detail}; parts {told}"
            raise NotCaughtUp(found=position, expected=head, detail=detail)
    content: dict[str, Any] = {"status": "ready", "position": position}
    if parts:
        content["parts"] = [
            {"part": part, "position": reached, "lag": max(0, head - reached)}
            for part, reached in parts.items()
        ]
    return Response(canonical(content), 200, _NO_STORE, "application/json")


@router.get(
    "/metrics",
    summary="Measures for Prometheus",
    dependencies=[Depends(required(OPERATORS))],
    response_class=PlainTextResponse,
    responses=responses(
        "Counters in the text form.",
        "opsledger_projections_position 135.0",
        *COMMON,
        media_type="text/plain",
        schema={"type": "string"},
    ),
)
def metrics(request: Request) -> Response:
    """Write all counters."""
    parameters.only(request)
    measures: Measures = request.app.state.measures
    return Response(measures.text(), 200, _NO_STORE, MEDIA_TYPE)


@router.get("/docs", include_in_schema=False)
async def docs() -> Response:
    """Show the OpenAPI document with nothing from elsewhere."""
    return Response(
        DOCS_PAGE, 200, {"Content-Security-Policy": DOCS_POLICY}, "text/html; charset=utf-8"
    )
