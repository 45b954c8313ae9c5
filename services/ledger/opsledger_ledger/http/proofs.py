"""The tree over HTTP: head, proofs, tiles, and a verification of the whole log."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from opsledger_contracts.canonical import canonical
from opsledger_contracts.evidence.merkle import HASH_BYTES
from opsledger_contracts.evidence.tiles import TILE_WIDTH
from opsledger_contracts.problems.general import (
    ParameterInvalid,
    UnknownThing,
    VerificationRunning,
)
from opsledger_ledger.http import headers
from opsledger_ledger.http.access import READS
from opsledger_ledger.http.events import CHANGING, IMMUTABLE
from opsledger_ledger.http.security import caller
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.recording.verification import verify

NDJSON: Final = "application/x-ndjson"
OCTETS: Final = "application/octet-stream"

_TILE: Final = re.compile(
    r"(?P<level>[0-9]|[1-5][0-9]|6[0-3])/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
_LINES_WAITING: Final = 64
_READER_S: Final = 30
"""How long a verification waits for its reader before it gives up."""


class Proofs:
    """Serves what the tree proves."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._verifying = Lock()

    async def head(self, request: Request) -> Response:
        """Answer `GET /v1/head`."""
        await caller(request, self._ledger, READS["/v1/head"])
        headers.only(request.query_params, frozenset())
        head = await asyncio.to_thread(self._ledger.log.head)
        return _json(
            {
                "ledger": self._ledger.name,
                "position": head.position,
                "size": head.size,
                "root": head.root.hex(),
                "recorded_at": head.recorded_at,
            },
            CHANGING,
        )

    async def inclusion(self, request: Request) -> Response:
        """Answer `GET /v1/proofs/inclusion?position=&size=`."""
        await caller(request, self._ledger, READS["/v1/proofs/inclusion"])
        query = request.query_params
        headers.only(query, frozenset(("position", "size")))
        log = self._ledger.log
        last = (await asyncio.to_thread(log.head)).position
        size = headers.number(query, "size", default=last, least=1, most=last)
        position = headers.number(query, "position", default=None, least=1, most=size)

        def proof() -> dict[str, Any]:
            return {
                "position": position,
                "size": size,
                "leaf": log.leaf(position).hex(),
                "root": log.root_at(size).hex(),
                "proof": [each.hex() for each in log.inclusion(position, size)],
            }

        return _json(await asyncio.to_thread(proof), _fixed(query, "size"))

    async def consistency(self, request: Request) -> Response:
        """Answer `GET /v1/proofs/consistency?from=&to=`."""
        await caller(request, self._ledger, READS["/v1/proofs/consistency"])
        query = request.query_params
        headers.only(query, frozenset(("from", "to")))
        log = self._ledger.log
        last = (await asyncio.to_thread(log.head)).position
        size_to = headers.number(query, "to", default=last, least=1, most=last)
        size_from = headers.number(query, "from", default=None, least=1, most=size_to)

        def proof() -> dict[str, Any]:
            return {
                "from": size_from,
                "to": size_to,
                "root_from": log.root_at(size_from).hex(),
                "root_to": log.root_at(size_to).hex(),
                "proof": [each.hex() for each in log.consistency(size_from, size_to)],
            }

        return _json(await asyncio.to_thread(proof), _fixed(query, "to"))

    async def tile(self, request: Request) -> Response:
        """Answer `GET /v1/tiles/{path}`, with paths of C2SP tlog-tiles such as `0/x001/067.p/8`."""
        await caller(request, self._ledger, READS["/v1/tiles/{path}"])
        headers.only(request.query_params, frozenset())
        path = request.path_params["path"]
        matched = _TILE.fullmatch(path)
        if matched is None:
            raise ParameterInvalid(
                name="path", detail="expected <level>/<index> or …/<index>.p/<width>"
            )
        index = int(matched["index"].replace("x", "").replace("/", ""))
        width = int(matched["width"] or TILE_WIDTH)
        try:
            hashes = await asyncio.to_thread(self._ledger.log.tile, int(matched["level"]), index)
        except LookupError:
            hashes = b""
        if width > TILE_WIDTH or len(hashes) < width * HASH_BYTES:
            raise UnknownThing(noun="tile", id=path)
        more = {"Cache-Control": IMMUTABLE}
        return Response(hashes[: width * HASH_BYTES], 200, more, OCTETS)

    async def verification(self, request: Request) -> Response:
        """Answer `GET /v1/verify`: lines of progress and findings, then one verdict."""
        await caller(request, self._ledger, READS["/v1/verify"])
        headers.only(request.query_params, frozenset())
        if not self._verifying.acquire(blocking=False):
            raise VerificationRunning
        lines: Queue[bytes] = Queue(_LINES_WAITING)
        stopped = Event()
        thread = Thread(
            target=self._verify, args=(lines, stopped), name="ledger-verification", daemon=True
        )
        thread.start()
        more = {"Cache-Control": "no-store"}
        return StreamingResponse(_read(lines, stopped, thread), 200, more, NDJSON)

    def _verify(self, lines: "Queue[bytes]", stopped: Event) -> None:
        """Verify in a thread of its own, so that progress comes while it runs."""
        entries = 0

        def put(value: Any) -> None:
            line = canonical(value) + b"\n"
            for _ in range(_READER_S):
                if stopped.is_set() or self._ledger.signal.closed:
                    break
                try:
                    lines.put(line, timeout=1)
                except Full:
                    continue
                return
            raise _NobodyReads

        def progress(position: int, head: int) -> None:
            nonlocal entries
            entries = position
            put({"progress": {"position": position, "head": head}})

        findings = 0
        with suppress(_NobodyReads):
            try:
                for finding in verify(self._ledger.log, progress):
                    findings += 1
                    put({"finding": finding})
                put({"verdict": {"sound": not findings, "findings": findings, "entries": entries}})
            finally:
                self._verifying.release()


def _read(lines: "Queue[bytes]", stopped: Event, thread: Thread) -> Iterator[bytes]:
    try:
        while thread.is_alive() or not lines.empty():
            with suppress(Empty):
                yield lines.get(timeout=0.1)
    finally:
        stopped.set()


class _NobodyReads(Exception):
    """The reader of a verification has gone, or the service stops."""


def _fixed(query: headers.Multiple, name: str) -> str:
    """Tell how long an answer stands: for ever if its size was named, else until the next entry."""
    return IMMUTABLE if query.getlist(name) else CHANGING


def _json(value: dict[str, Any], cache_control: str) -> Response:
    return Response(canonical(value), 200, {"Cache-Control": cache_control}, "application/json")
