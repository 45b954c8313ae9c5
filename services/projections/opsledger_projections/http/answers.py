"""Answers of reads: canonical JSON with the cuts in fields and headers, and an ETag."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from opsledger_contracts.canonical import canonical
from opsledger_contracts.problems.document import MEDIA_TYPE, problem_document
from opsledger_contracts.problems.document import preferred_language as preferred_language_of
from opsledger_contracts.problems.refusal import Refusal, Throttled, Unauthenticated, Unavailable
from opsledger_projections.http.cuts import Cut
from opsledger_projections.tables.port import OPEN, StoredRow
from opsledger_projections.views.registers import CREDENTIALS
from opsledger_projections.views.view import View

RETRY_AFTER_S: Final = 1


def answer(request: Request, at: Cut, content: Mapping[str, Any]) -> Response:
    """Answer a read with its content and its cuts; 304 if the reader has just this content.

    The ETag is of content and cuts without `position`, which moves on while nothing changes.
    """
    cuts = {"known_at": at.known_at, "valid_at": at.valid_at or None}
    etag = f'W/"{sha256(canonical({**content, **cuts})).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Position": str(at.position),
        "Known-At": str(at.known_at),
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Accept, Accept-Language",
    }
    if at.valid_at:
        headers["Valid-At"] = at.valid_at
    if etag in [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    body = canonical({**content, **cuts, "position": at.position})
    return Response(body, 200, headers, "application/json")


def row_content(view: View, stored: StoredRow) -> dict[str, Any]:
    """Write a row for readers; the digest of an API key's secret is nobody's business."""
    row = stored.row(view)
    if view is CREDENTIALS:
        row.body.pop("secret_hash", None)
    return {
        "key": row.key,
        "position_from": stored.position_from,
        "position_to": None if stored.position_to == OPEN else stored.position_to,
        "valid_from": row.valid_from or None,
        "valid_to": row.valid_to or None,
        "labels": row.labels,
        "body": row.body,
    }


def language_of(request: Request) -> str:
    """Tell the language that a reader prefers: `zh` or `en`."""
    return preferred_language_of(request.headers.get("Accept-Language"))


def refused(
    request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with the problem document of a refusal, in the language that the reader prefers."""
    language = language_of(request)
    problem = problem_document(refusal, language, request.url.path)
    more = {"Content-Language": language, "Cache-Control": "no-store", **(headers or {})}
    if isinstance(refusal, Unauthenticated):
        more["WWW-Authenticate"] = 'Bearer realm="opsledger"'
    if isinstance(refusal, Throttled | Unavailable):
        more["Retry-After"] = str(RETRY_AFTER_S)
    return Response(canonical(problem), problem["status"], more, MEDIA_TYPE)
