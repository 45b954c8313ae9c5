"""Every view by one set of routes: which there are, their rows, one row, and its history."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from opsledger_contracts.problems.general import UnknownThing
from opsledger_contracts.problems.projections import ViewNotByDate
from opsledger_projections.http import parameters
from opsledger_projections.http.access import READERS, required
from opsledger_projections.http.answers import answer, row_content
from opsledger_projections.http.cuts import CUT_NAMES, CutOf
from opsledger_projections.http.documentation import COMMON, CUTS, responses
from opsledger_projections.tables.port import Selection
from opsledger_projections.views.catalogue import VIEWS
from opsledger_projections.views.view import View

router = APIRouter(dependencies=[Depends(required(READERS))], tags=["views"])

_ROW_EXAMPLE: Final[dict[str, Any]] = {
    "key": "BJ-2026:0002",
    "position_from": 75,
    "position_to": None,
    "valid_from": "2026-06-04",
    "valid_to": None,
    "labels": {"letter": "BJ-2026", "kind": "in_force"},
    "body": {"letter": "BJ-2026", "revision": 2, "effective_from": "2026-06-04"},
}
_CUTS_EXAMPLE: Final[dict[str, Any]] = {"position": 135, "known_at": 135, "valid_at": None}

ViewName = Annotated[str, Path(description="Name of a view.", examples=["letter_revisions"])]
Key = Annotated[str, Path(description="Key of a row.", examples=["BJ-2026:0002"])]


@router.get(
    "/v1/views",
    summary="Which views there are",
    responses=responses(
        "Every view with its code in the requirements and the labels that select its rows.",
        {
            "views": [
                {
                    "name": "letter_revisions",
                    "code": "V02",
                    "version": 1,
                    "titles": {"zh": "责任书版本", "en": "letter revisions"},
                    "labels": ["letter", "kind"],
                }
            ]
        }
        | _CUTS_EXAMPLE,
        *COMMON,
        *CUTS,
    ),
)
def list_views(request: Request, at: CutOf) -> Response:
    """List every view: name, code, version, titles and labels."""
    parameters.only(request, *CUT_NAMES)
    views = [
        {
            "name": view.name,
            "code": view.code,
            "version": view.version,
            "titles": {"zh": view.zh, "en": view.en},
            "labels": list(view.labels),
        }
        for view in VIEWS.values()
    ]
    return answer(request, at, {"views": views})


@router.get(
    "/v1/views/{view}",
    summary="Rows of a view",
    responses=responses(
        "Rows in order of key; `next` is where the next page begins, or null.",
        {"view": "letter_revisions", "rows": [_ROW_EXAMPLE], "next": None} | _CUTS_EXAMPLE,
        *COMMON,
        *CUTS,
        UnknownThing,
        ViewNotByDate,
    ),
)
def list_rows(
    request: Request,
    view: ViewName,
    at: CutOf,
    *,
    prefix: Annotated[str, Query(description="Beginning of the keys.", max_length=200)] = "",
    after: Annotated[str, Query(description="Key after which to begin.", max_length=200)] = "",
    limit: parameters.Limit = 100,
) -> Response:
    """List rows as of both cuts; the view's labels are further parameters, which select rows."""
    found = view_of(view)
    parameters.only(request, *CUT_NAMES, "prefix", "after", "limit", *found.labels)
    _require_days(found, at.valid_at)
    rows = at.tables.select(
        found,
        Selection(
            position=at.known_at,
            valid_at=at.valid_at,
            labels={
                label: request.query_params[label]
                for label in found.labels
                if label in request.query_params
            },
            prefix=prefix,
            after=after,
            # One more than asked for tells whether there is a next page.
            limit=limit + 1,
        ),
    )
    page = rows[:limit]
    content = {
        "view": found.name,
        "rows": [row_content(found, row) for row in page],
        "next": page[-1].key if len(rows) > limit else None,
    }
    return answer(request, at, content)


@router.get(
    "/v1/views/{view}/{key:path}/history",
    summary="Every row that ever stood under a key",
    responses=responses(
        "Rows oldest first, as known at `known_at`; with `valid_at` only those valid on the day.",
        {"view": "letter_revisions", "key": "BJ-2026:0002", "rows": [_ROW_EXAMPLE]} | _CUTS_EXAMPLE,
        *COMMON,
        *CUTS,
        UnknownThing,
        ViewNotByDate,
    ),
)
def row_history(request: Request, view: ViewName, key: Key, at: CutOf) -> Response:
    """List what stood under a key from which position to which."""
    parameters.only(request, *CUT_NAMES)
    found = view_of(view)
    _require_days(found, at.valid_at)
    rows = at.tables.history(found, key, at.known_at)
    if not rows:
        raise UnknownThing(noun=found.en, id=key)
    content = {
        "view": found.name,
        "key": key,
        "rows": [
            row_content(found, row)
            for row in rows
            if holds_on(row.valid_from, row.valid_to, at.valid_at)
        ],
    }
    return answer(request, at, content)


@router.get(
    "/v1/views/{view}/{key:path}",
    summary="One row of a view",
    responses=responses(
        "The row that stood under the key as of the cuts.",
        {"view": "letter_revisions", "row": _ROW_EXAMPLE} | _CUTS_EXAMPLE,
        *COMMON,
        *CUTS,
        UnknownThing,
        ViewNotByDate,
    ),
)
def one_row(request: Request, view: ViewName, key: Key, at: CutOf) -> Response:
    """Read the row under a key as of both cuts."""
    parameters.only(request, *CUT_NAMES)
    found = view_of(view)
    _require_days(found, at.valid_at)
    row = at.tables.read(found, key, at.known_at)
    if row is None or not holds_on(row.valid_from, row.valid_to, at.valid_at):
        raise UnknownThing(noun=found.en, id=key)
    return answer(request, at, {"view": found.name, "row": row_content(found, row)})


def view_of(name: str) -> View:
    """Find a view by its name.

    Raises:
        UnknownThing: there is none.

    """
    if name not in VIEWS:
        raise UnknownThing(noun="view", id=name)
    return VIEWS[name]


def holds_on(valid_from: str, valid_to: str, valid_at: str) -> bool:
    """Tell whether a fact holds on a day of the business; on any day if none is asked for."""
    return not valid_at or (valid_from <= valid_at and (not valid_to or valid_at < valid_to))


def _require_days(view: View, valid_at: str) -> None:
    if valid_at and not view.dated:
        raise ViewNotByDate(view=view.name)
