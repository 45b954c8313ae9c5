"""A letter as of both cuts, its revisions and what each changed, the trails (V02, V03, R162)."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from opsledger_contracts.problems.documents import DocumentUnknown
from opsledger_contracts.problems.general import UnknownThing
from opsledger_contracts.rules.errors import WeightsInvalid
from opsledger_contracts.rules.numbers import parse_rational
from opsledger_contracts.rules.weights import displayed_weights
from opsledger_projections.http import parameters
from opsledger_projections.http.access import READERS, required
from opsledger_projections.http.answers import answer
from opsledger_projections.http.cuts import CUT_NAMES, Cut, CutOf
from opsledger_projections.http.documentation import COMMON, CUTS, responses
from opsledger_projections.http.views import holds_on
from opsledger_projections.replay.facts import ViewFacts
from opsledger_projections.replay.letters import with_document
from opsledger_projections.tables.port import Selection
from opsledger_projections.views.cases import CASES
from opsledger_projections.views.letters import LETTER_REVISIONS, LETTERS
from opsledger_projections.views.trail import TRAIL
from opsledger_projections.views.view import Row, View

router = APIRouter(dependencies=[Depends(required(READERS))], tags=["letters and cases"])

_PAGE: Final = 1_000

Letter = Annotated[str, Path(description="Identifier of the letter.", examples=["BJ-2026"])]
Case = Annotated[str, Path(description="Identifier of the case.", examples=["CASE-BJ-2026"])]

_AGREEMENT: Final = (
    "signatures",
    "approvals",
    "commitments",
    "refused_commitments",
    "returns",
)
_EVENT_EXAMPLE: Final[dict[str, Any]] = {
    "position": 57,
    "stream": "letter/BJ-2026",
    "type": "letter.signed.v1",
    "version": 16,
    "occurred_at": "2026-01-12T02:00:00.000000Z",
    "recorded_at": "2026-01-12T02:00:00.000000Z",
    "person": "P-chen",
    "acting_position": "BJ-GM",
    "data": {"party": "responsible", "signer": "P-chen", "position": "BJ-GM"},
    "evidence": [],
}
_REVISION_EXAMPLE: Final[dict[str, Any]] = {
    "letter": "BJ-2026",
    "revision": 2,
    "effective_from": "2026-06-04",
    "valid_from": "2026-06-04",
    "valid_to": None,
    "adjustment": "ADJ-2026-BJ-01",
    "changes": [
        {
            "item": "N01",
            "changes": [{"field": "due", "from": "2026-05-29", "to": "2026-06-03"}],
        }
    ],
    "displayed_weights": {"I01": "20.00", "N01": "10.00"},
}


@router.get(
    "/v1/letters/{letter}",
    summary="A letter as of both cuts",
    responses=responses(
        "The revision that held on `valid_at`, as known at `known_at`; signatures, approvals and "
        "commitments known then. Without `valid_at` the last known, or the draft. `revision` "
        "is null if none held on the day.",
        {"id": "BJ-2026", "status": "in_force", "revision": _REVISION_EXAMPLE}
        | {"position": 135, "known_at": 135, "valid_at": "2026-07-01"},
        *COMMON,
        *CUTS,
        UnknownThing,
    ),
)
def one_letter(request: Request, letter: Letter, at: CutOf) -> Response:
    """Read a letter as it held on a day, as it was known at a position."""
    parameters.only(request, *CUT_NAMES)
    body = _row(at, LETTERS, letter).body
    revisions = _rows(at, LETTER_REVISIONS, letter=letter)
    holding = [
        revision
        for revision in revisions
        if holds_on(revision.valid_from, revision.valid_to, at.valid_at)
        and (revision.body["revision"] or not at.valid_at)
    ]
    content = {
        "id": letter,
        "status": body["status"],
        "revision": _revision(holding[-1], at) if holding else None,
        "revision_last": body["revision"],
    }
    return answer(request, at, content | {name: body.get(name, []) for name in _AGREEMENT})


@router.get(
    "/v1/letters/{letter}/history",
    summary="All revisions of a letter with their differences, and its audit trail",
    responses=responses(
        "Revisions oldest first, each with what it changed and why; the trail: every event of the "
        "letter and of its cases, adjustments, work items, assessments, disputes and results.",
        {"id": "BJ-2026", "revisions": [_REVISION_EXAMPLE], "trail": [_EVENT_EXAMPLE]}
        | {"position": 135, "known_at": 135, "valid_at": None},
        *COMMON,
        *CUTS,
        UnknownThing,
    ),
)
def letter_history(request: Request, letter: Letter, at: CutOf) -> Response:
    """Tell everything that is known about how a letter came to be what it is."""
    parameters.only(request, *CUT_NAMES)
    body = _row(at, LETTERS, letter).body
    revisions = [
        _revision(revision, at)
        for revision in _rows(at, LETTER_REVISIONS, letter=letter)
        if holds_on(revision.valid_from, revision.valid_to, at.valid_at)
    ]
    content = {
        "id": letter,
        "status": body["status"],
        "revisions": revisions,
        "trail": _trail(at, letter=letter),
    }
    return answer(request, at, content)


@router.get(
    "/v1/cases/{case}/trail",
    summary="An approval case and every event of it",
    responses=responses(
        "The case with its planned steps and the acts taken, and its events in order.",
        {
            "id": "CASE-BJ-2026",
            "case": {"status": "approved", "subject": "letter/BJ-2026"},
            "trail": [_EVENT_EXAMPLE],
        }
        | {"position": 135, "known_at": 135, "valid_at": None},
        *COMMON,
        *CUTS,
        UnknownThing,
    ),
)
def case_trail(request: Request, case: Case, at: CutOf) -> Response:
    """Tell who took which step of a case, in which post, by what power, at both times."""
    parameters.only(request, *CUT_NAMES)
    body = _row(at, CASES, case).body
    return answer(
        request, at, {"id": case, "case": body, "trail": _trail(at, prefix=f"case/{case}:")}
    )


def _row(at: Cut, view: View, key: str) -> Row:
    found = at.tables.read(view, key, at.known_at)
    if found is None:
        raise UnknownThing(noun=view.en, id=key)
    return found.row(view)


def _rows(at: Cut, view: View, **labels: str) -> list[Row]:
    return list(_pages(at, view, labels))


def _pages(at: Cut, view: View, labels: dict[str, str], prefix: str = "") -> Iterator[Row]:
    after = ""
    while True:
        page = at.tables.select(
            view,
            Selection(position=at.known_at, labels=labels, prefix=prefix, after=after, limit=_PAGE),
        )
        yield from (found.row(view) for found in page)
        if len(page) < _PAGE:
            return
        after = page[-1].key


def _revision(row: Row, at: Cut) -> dict[str, Any]:
    days = {"valid_from": row.valid_from or None, "valid_to": row.valid_to or None}
    body = with_document(at.tables, row.body, at.known_at)
    return body | days | {"displayed_weights": _displayed(body["document"], at)}


def _displayed(document: dict[str, Any], at: Cut) -> dict[str, str] | None:
    """Give the weights as people read them: decimals that total what the rulebook says (SR-15).

    They are not there for a draft whose weights do not total it, nor while nobody knows its rules.
    """
    items = document.get("items", ())
    weights = {item["item"]: parse_rational(item["weight"]) for item in items}
    try:
        rulebook = ViewFacts(at.tables, at.known_at).rulebook(document["rulebook"])
        return displayed_weights(weights, rulebook.weights)
    except (WeightsInvalid, DocumentUnknown):
        return None


def _trail(at: Cut, prefix: str = "", **labels: str) -> list[dict[str, Any]]:
    events = (row.body for row in _pages(at, TRAIL, labels, prefix))
    return sorted(events, key=lambda event: event["position"])
