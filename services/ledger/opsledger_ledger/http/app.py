"""The application: routes, problem documents for whatever goes wrong, counting."""

import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from traceback import format_exception
from typing import Final

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsledger_contracts.canonical import canonical
from opsledger_contracts.problems.general import (
    LedgerFault,
    MethodNotAllowed,
    ParameterInvalid,
    RouteUnknown,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.http.commands import PATH, Commands
from opsledger_ledger.http.events import Events
from opsledger_ledger.http.measures import Measures
from opsledger_ledger.http.openapi import description
from opsledger_ledger.http.problems import refused
from opsledger_ledger.http.proofs import Proofs
from opsledger_ledger.http.service import Service
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.writing.envelopes import EventIds

_OTHER: Final = "other"
"""The label of requests that met no route; their paths are without bound."""


Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(ledger: Ledger) -> FastAPI:
    """Put together the application of an open ledger; whoever opened it closes it."""
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        title="opsledger ledger",
        # Nothing is told to anybody; asking the environment about it takes its time per request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    commands = Commands(ledger)
    events = Events(ledger)
    proofs = Proofs(ledger)
    measures = Measures(
        lambda: ledger.signal.position,
        lambda: ledger.writer.queue_length,
        events.open_streams.total,
    )
    service = Service(ledger, measures, canonical(description()))
    app.add_route(PATH, commands.answer, methods=["POST"])
    reads: tuple[tuple[str, Endpoint], ...] = (
        ("/v1/events", events.page),
        ("/v1/events/stream", events.stream),
        ("/v1/events/{position}", events.one),
        ("/v1/streams/{noun}/{id}", events.of_stream),
        ("/v1/head", proofs.head),
        ("/v1/proofs/inclusion", proofs.inclusion),
        ("/v1/proofs/consistency", proofs.consistency),
        ("/v1/tiles/{path:path}", proofs.tile),
        ("/v1/verify", proofs.verification),
        ("/healthz", service.health),
        ("/readyz", service.readiness),
        ("/metrics", service.metrics),
        ("/openapi.json", service.openapi),
        ("/docs", service.docs),
        ("/docs/{asset}", service.asset),
    )
    for path, endpoint in reads:
        app.add_route(path, endpoint, methods=["GET"])
    templates = {endpoint: path for path, endpoint in ((PATH, commands.answer), *reads)}
    faults = _Faults(ledger)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _misdirected)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, faults.answer)
    app.add_middleware(_Counted, measures=measures, templates=templates)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return refused(request, error)


async def _misdirected(request: Request, error: Exception) -> Response:
    """Answer what the router says: no such route, or not with this method."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        refusal = MethodNotAllowed(path=request.url.path, method=request.method)
        return refused(request, refusal, dict(error.headers or {}))
    return refused(request, RouteUnknown(path=request.url.path))


async def _gone(request: Request, error: Exception) -> Response:
    """Close the account of a caller who left in the middle of a body; nobody reads this."""
    del error
    return refused(request, ParameterInvalid(name="body", detail="it ended before its end"))


class _Faults:
    """Answers a failure of the program itself, and tells its log under the same reference."""

    def __init__(self, ledger: Ledger) -> None:
        self._clock = ledger.clock
        self._ids = EventIds()
        self._logger = structlog.get_logger("opsledger.http")

    async def answer(self, request: Request, error: Exception) -> Response:
        """Answer with a reference instead of details."""
        reference = self._ids.next(self._clock.now())
        # As text: a renderer that shows local variables would show the caller's key.
        self._logger.error(
            "fault",
            path=request.url.path,
            reference=reference,
            traceback="".join(format_exception(error)),
        )
        return refused(request, LedgerFault(reference=reference))


class _Counted:
    """Counts each request under its route and adds the headers that every answer has."""

    def __init__(self, app: ASGIApp, measures: Measures, templates: dict[Endpoint, str]) -> None:
        self._app = app
        self._templates = templates
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
                route = self._templates.get(scope.get("endpoint", None))
                self._measures.answered(
                    route or _OTHER,
                    scope["method"] if route else _OTHER,
                    message["status"],
                    time.monotonic() - began,
                )
            await send(message)

        await self._app(scope, receive, counted)
