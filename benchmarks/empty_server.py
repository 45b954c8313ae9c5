"""An endpoint of FastAPI that does nothing with what it reads: what the framework alone costs."""

from typing import Any

from benchmarks.serving import serve
from fastapi import FastAPI, Response

_ANSWER = b'{"stream":"nothing","version":1}'


def create_app() -> FastAPI:
    """Put together the application."""
    app = FastAPI(openapi_url=None)

    @app.post("/v1/{plural}/{name}/{verb}")
    async def nothing(plural: str, name: str, verb: str, body: dict[str, Any]) -> Response:
        del plural, name, verb, body
        return Response(_ANSWER, 200, media_type="application/json")

    return app


if __name__ == "__main__":
    serve(create_app())
