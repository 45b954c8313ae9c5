"""The application: routes, problem documents for whatever goes wrong, counting."""

import re
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsledger_contracts.problems.general import MethodNotAllowed, RouteUnknown
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.http.commands import PATH, Commands
from opsledger_ledger.http.events import Events
from opsledger_ledger.http.gathering import NO_SNIFFING
from opsledger_ledger.http.measures import Measures
from opsledger_ledger.http.problems import Faults, refused
from opsledger_ledger.http.proofs import Proofs
from opsledger_ledger.http.service import Service
from opsledger_ledger.ledger import Ledger

_FEED: Final = "/v1/events"
_COMMAND: Final = re.compile("/v1/[^/]+/[^/]+/[^/]+")

_OTHER: Final = "other"
"""The label of requests that met no route; their paths are without bound."""


Endpoint = Callable[[Request], Awaitable[Response]]


class Application(FastAPI):
    """Takes what is asked most straight to where it is answered; the framework has all the rest.

    The way through its layers takes longer than all that the ledger does with a command before it
    is decided, or with a page of the feed that somebody has read before.
    """

    commands: Commands
    events: Events
    measures: Measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            method, path = scope["method"], scope["path"]
            if method == "POST" and _COMMAND.fullmatch(path):
                await self.commands(scope, receive, send)
                return
            if method == "GET" and path == _FEED:
                began = time.monotonic()
                if await self.events.kept_page(scope, send):
                    self.measures.answered(_FEED, method, 200, time.monotonic() - began)
                    return
        await super().__call__(scope, receive, send)


def create_app(ledger: Ledger) -> Application:
    """Put together the application of an open ledger; whoever opened it closes it."""
    app = Application(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        title="opsledger ledger",
        # Nothing is told to anybody; asking the environment about it takes its time per request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    events = Events(ledger)
    proofs = Proofs(ledger)
    measures = Measures(
        lambda: ledger.signal.position,
        lambda: ledger.writer.queue_length,
        events.open_streams.total,
    )
    service = Service(ledger, measures)
    faults = Faults(ledger.clock)
    app.commands = Commands(ledger, measures, faults)
    app.events, app.measures = events, measures
    # Known to the router for what it says of other methods.
    app.router.routes.append(Route(PATH, app.commands, methods=["POST"]))
    reads: tuple[tuple[str, Endpoint], ...] = (
        (_FEED, events.page),
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
    templates = {endpoint: path for path, endpoint in reads}
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _misdirected)
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
                message["headers"].append(NO_SNIFFING)
                route = self._templates.get(scope.get("endpoint", None))
                self._measures.answered(
                    route or _OTHER,
                    scope["method"] if route else _OTHER,
                    message["status"],
                    time.monotonic() - began,
                )
            await send(message)

        await self._app(scope, receive, counted)
