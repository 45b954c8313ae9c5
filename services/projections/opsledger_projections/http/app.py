"""The application: routes, problem documents for whatever goes wrong, counting."""

import secrets
import time
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsledger_contracts.problems.general import (
    MethodNotAllowed,
    ParameterInvalid,
    RouteUnknown,
)
from opsledger_contracts.problems.projections import ProjectionsFault, ViewsUnreadable
from opsledger_contracts.problems.refusal import Refusal
from opsledger_projections.errors import TablesUnreadable
from opsledger_projections.following.projector import CODE_VERSION
from opsledger_projections.http import assessments, integrity, letters, service, studies, views
from opsledger_projections.http.answers import refused
from opsledger_projections.http.measures import Measures
from opsledger_projections.projections import Projections

_OTHER: Final = "other"
"""The label of requests that met no route; their paths are without bound."""
_DESCRIPTION: Final = (
    "Views of an opsledger ledger as of any position (`known_at`) and any day (`valid_at`), "
    "explanations of scores, and replays. Every refusal is a problem document with a stable code."
)

_log = structlog.get_logger()


def create_app(projections: Projections) -> FastAPI:
    """Put together the application of an open read side; whoever opened it closes it."""
    app = _routes()
    app.state.projections = projections
    app.state.measures = Measures(projections)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _misdirected)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(TablesUnreadable, _unreadable)
    app.add_exception_handler(Exception, _fault)
    app.add_middleware(_Counted, measures=app.state.measures)
    return app


def description() -> dict[str, Any]:
    """Put together the OpenAPI document, which needs no read side behind it."""
    return _routes().openapi()


def _routes() -> FastAPI:
    app = FastAPI(
        title="opsledger projections",
        version=CODE_VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for part in (letters, assessments, studies, views, integrity, service):
        app.include_router(part.router)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refused(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    """Answer the first parameter that does not have its declared shape."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = str(first["loc"][-1])
    return refused(request, ParameterInvalid(name=name, detail=str(first["msg"])))


async def _misdirected(request: Request, error: Exception) -> Response:
    """Answer what the router says: no such route, or not with this method."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        refusal = MethodNotAllowed(path=request.url.path, method=request.method)
        return refused(request, refusal, dict(error.headers or {}))
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refused(request, RouteUnknown(path=request.url.path))
    return refused(request, ParameterInvalid(name="request", detail=str(error.detail)))


async def _unreadable(request: Request, error: Exception) -> Response:
    """Answer while the database of the views is away; its log and ours have the rest."""
    _log.warning("views unreadable", path=request.url.path, detail=str(error))
    return refused(request, ViewsUnreadable())


async def _gone(request: Request, error: Exception) -> Response:
    """Close the account of a caller who left in the middle of a body; nobody reads this."""
    del error
    return refused(request, ParameterInvalid(name="body", detail="it ended before its end"))


async def _fault(request: Request, error: Exception) -> Response:
    """Answer a failure of the program itself with a reference; its log has the rest."""
    reference = secrets.token_hex(8)
    _log.error("fault", path=request.url.path, reference=reference, exc_info=error)
    return refused(request, ProjectionsFault(reference=reference))


class _Counted:
    """Counts each request under its route and adds the headers that every answer has."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-content-type-options", b"nosniff"))
                route: Any = scope.get("route")
                self._measures.answered(
                    getattr(route, "path", _OTHER),
                    scope["method"] if route is not None else _OTHER,
                    message["status"],
                    time.monotonic() - began,
                )
            await send(message)

        await self._app(scope, receive, counted)
