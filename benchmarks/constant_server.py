"""Bare routes that answer with constant bytes: what a page of the same size costs at least.

Run as `python -m benchmarks.constant_server FILE …`; the n-th file is answered at `/n`, from 0 on.
"""

import sys
from pathlib import Path

from benchmarks.serving import serve
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def create_app(bodies: list[bytes]) -> Starlette:
    """Put together the application."""

    async def constant(request: Request) -> Response:
        body = bodies[request.path_params["number"]]
        return Response(body, 200, media_type="application/x-ndjson")

    return Starlette(routes=[Route("/{number:int}", constant)])


if __name__ == "__main__":
    serve(create_app([Path(name).read_bytes() for name in sys.argv[1:]]))
