"""The peer behind FastAPI: plain endpoints, so that each request has a thread of its own.

It gets the same requests as the ledger, reads them as strictly with pydantic, and saves one event
of about the same size. It authenticates nobody, keeps no key for repetition, asks no other
aggregate and hashes nothing: whatever it leaves out is to its advantage.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from anyio.to_thread import current_default_thread_limiter
from benchmarks import bodies
from benchmarks.peer_application import Facts, Things
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

    def created(
        noun: str, name: str, body: bodies.Body, response: Response, about: Facts
    ) -> dict[str, Any]:
        response.status_code = 201
        facts = body.model_dump(mode="json")
        return {"stream": f"{noun}/{name}", "version": things.create(noun, name, facts, about)}

    def changed(noun: str, name: str, body: bodies.Body, about: Facts) -> dict[str, Any]:
        facts = body.model_dump(mode="json")
        return {"stream": f"{noun}/{name}", "version": things.change(noun, name, facts, about)}

    @app.post("/v1/units/{name}/register")
    def register_unit(
        name: str,
        body: bodies.RegisterUnit,
        response: Response,
        key: Key,
        position: Position = None,
    ) -> dict[str, Any]:
        return created("unit", name, body, response, _about(key, position))

    @app.post("/v1/units/{name}/set-control-mode")
    def set_control_mode(
        name: str, body: bodies.SetControlMode, key: Key, position: Position = None
    ) -> dict[str, Any]:
        return changed("unit", name, body, _about(key, position))

    @app.post("/v1/indicators/{name}/define")
    def define_indicator(
        name: str,
        body: bodies.DefineIndicator,
        response: Response,
        key: Key,
        position: Position = None,
    ) -> dict[str, Any]:
        return created("indicator", name, body, response, _about(key, position))

    @app.post("/v1/indicators/{name}/revise")
    def revise_indicator(
        name: str, body: bodies.DefineIndicator, key: Key, position: Position = None
    ) -> dict[str, Any]:
        return changed("indicator", name, body, _about(key, position))

    @app.post("/v1/positions/{name}/define")
    def define_position(
        name: str,
        body: bodies.DefinePosition,
        response: Response,
        key: Key,
        position: Position = None,
    ) -> dict[str, Any]:
        return created("position", name, body, response, _about(key, position))

    @app.post("/v1/positions/{name}/appoint")
    def appoint(
        name: str, body: bodies.AppointPerson, key: Key, position: Position = None
    ) -> dict[str, Any]:
        return changed("position", name, body, _about(key, position))

    return app


if __name__ == "__main__":
    things = Things(Path(sys.argv[1]))
    assert things.synchronous() == 2, "the peer must wait for the disk"
    serve(create_app(things))
