"""Endpoints of FastAPI that read a body strictly and do nothing: what the framework alone costs."""

from collections.abc import Awaitable, Callable

from benchmarks.bodies import ROUTES, Body
from benchmarks.serving import serve
from fastapi import FastAPI, Response

_ANSWER = b'{"stream":"nothing","version":1}'


def create_app() -> FastAPI:
    """Put together the application."""
    app = FastAPI(openapi_url=None)
    for route in ROUTES:
        app.post(route.path)(_nothing(route.body))
    return app


def _nothing(kind: type[Body]) -> Callable[[str, Body], Awaitable[Response]]:
    async def nothing(name: str, body: kind) -> Response:  # type: ignore[valid-type] # Read by FastAPI.
        del name, body
        return Response(_ANSWER, 200, media_type="application/json")

    return nothing


if __name__ == "__main__":
    serve(create_app())
