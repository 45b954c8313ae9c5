"""Routes about the service itself: health, readiness, measures, documentation."""

import gzip
from importlib.resources import files
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from opsledger_contracts.canonical import canonical
from opsledger_contracts.problems.general import LedgerStopping, RouteUnknown
from opsledger_ledger.http import headers
from opsledger_ledger.http.access import READS
from opsledger_ledger.http.measures import MEDIA_TYPE, Measures
from opsledger_ledger.http.openapi import document
from opsledger_ledger.http.security import caller
from opsledger_ledger.ledger import Ledger

_ASSETS: Final = files("opsledger_ledger.http") / "assets"
_ASSET_TYPES: Final = {"rapidoc.js": "text/javascript; charset=utf-8"}

_DOCS_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>opsledger ledger</title>
<script type="module" src="docs/rapidoc.js"></script>
</head>
<body>
<rapi-doc spec-url="openapi.json" load-fonts="false" render-style="focused" theme="light"
  show-header="false" allow-server-selection="false" schema-style="table"
  persist-auth="false"></rapi-doc>
</body>
</html>
"""
_DOCS_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Service:
    """Serves what operators and newcomers ask."""

    def __init__(self, ledger: Ledger, measures: Measures) -> None:
        self._ledger = ledger
        self._measures = measures

    async def health(self, _request: Request) -> Response:
        """Answer `GET /healthz`: the process runs."""
        return _json({"status": "ok"})

    async def readiness(self, _request: Request) -> Response:
        """Answer `GET /readyz`: commands are taken.

        Raises:
            LedgerStopping: they are not.

        """
        if not self._ledger.writer.ready() or self._ledger.signal.closed:
            raise LedgerStopping
        return _json({"status": "ready", "position": self._ledger.signal.position})

    async def metrics(self, request: Request) -> Response:
        """Answer `GET /metrics`."""
        await caller(request, self._ledger, READS["/metrics"])
        headers.only(request.query_params, frozenset())
        return Response(self._measures.text(), 200, {"Cache-Control": "no-store"}, MEDIA_TYPE)

    async def openapi(self, _request: Request) -> Response:
        """Answer `GET /openapi.json`."""
        # It takes a tenth of a second to put together, in which commands must go on.
        content = await run_in_threadpool(document)
        return Response(content, 200, {"Cache-Control": "no-cache"}, "application/json")

    async def docs(self, _request: Request) -> Response:
        """Answer `GET /docs` with a page that needs nothing from elsewhere."""
        return Response(
            _DOCS_PAGE, 200, {"Content-Security-Policy": _DOCS_POLICY}, "text/html; charset=utf-8"
        )

    async def asset(self, request: Request) -> Response:
        """Answer `GET /docs/{asset}`.

        Raises:
            RouteUnknown: there is no such asset.

        """
        name = request.path_params["asset"]
        if name not in _ASSET_TYPES:
            raise RouteUnknown(path=request.url.path)
        packed = (_ASSETS / f"{name}.gz").read_bytes()
        more = {"Cache-Control": "public, max-age=86400", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return Response(packed, 200, more | {"Content-Encoding": "gzip"}, _ASSET_TYPES[name])
        return Response(gzip.decompress(packed), 200, more, _ASSET_TYPES[name])


def _json(value: dict[str, str | int]) -> Response:
    return Response(canonical(value), 200, {"Cache-Control": "no-store"}, "application/json")
