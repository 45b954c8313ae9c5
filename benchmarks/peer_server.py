"""The peer behind FastAPI: plain endpoints, so that each request has a thread of its own.

It gets the same requests as the ledger, reads them as strictly with pydantic, and saves one event
of about the same size. It authenticates nobody, keeps no key for repetition, asks no other
aggregate and hashes nothing: whatever it leaves out is to its advantage.
"""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Annotated, Any

from anyio.to_thread import current_default_thread_limiter
from benchmarks.bodies import ROUTES, Body, Route
from benchmarks.peer_application import Facts, Things
from benchmarks.places import Place
from benchmarks.serving import serve
from fastapi import FastAPI, Header, Response

THREADS = 64
"""One for each concurrent client; the framework's own bound is 40."""

_POLICY = sha256(b"policy").hexdigest()

Key = Annotated[str, Header(alias="Idempotency-Key", max_length=128)]
Position = Annotated[str | None, Header(alias="Acting-Position", max_length=64)]


def _about(key: str, position: str | None) -> Facts:
    return {
        "source": "urn:opsledger:benchmark",
        "schema": "urn:opsledger:schema:unit.registered.v1",
        "occurred_at": "2026-01-12T02:00:00.000000Z",
        "recorded_at": "2026-01-12T02:00:00.000000Z",
        "command_id": key,
        "correlation_id": key,
        "person": "P-OPS",
        "position": position,
        "policy_hash": _POLICY,
    }


def create_app(things: Things) -> FastAPI:
    """Put together the peer's application."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = THREADS
        yield

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    for route in ROUTES:
        app.post(route.path)(_endpoint(things, route))
    return app


def _endpoint(things: Things, route: Route) -> Callable[..., dict[str, Any]]:
    """Give the function of one route; not a coroutine, so that each request has a thread."""
    kind = route.body

    def answer(
        name: str,
        body: kind,  # type: ignore[valid-type] # Read by FastAPI.
        response: Response,
        key: Key,
        position: Position = None,
    ) -> dict[str, Any]:
        read: Body = body
        facts, about = read.model_dump(mode="json"), _about(key, position)
        if route.creates:
            response.status_code = 201
            version = things.create(route.noun, name, facts, about)
        else:
            version = things.change(route.noun, name, facts, about)
        return {"stream": f"{route.noun}/{name}", "version": version}

    return answer


if __name__ == "__main__":
    things = Things(Place.of(sys.argv[1]))
    things.require_durable()
    serve(create_app(things))
