"""Connections that send in one piece what an answer writes in several.

The server writes the head of an answer and its body one after the other; each is a call to the
system and wakes the reader at the other end. What is written for one answer goes out together when
it is complete, and what is written in one turn of the event loop at the end of that turn.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

from starlette.types import Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

PUSH: Final = "opsledger.push"
"""Extension of the ASGI scope: sends a part of the body at once, without waiting for its turn.

A function that takes bytes as they go over the connection, in chunks of their own, once the head of
the answer was sent. It tells whether they were sent: a reader that lags gets nothing this way.
"""


_WHOLE: Final = "opsledger.whole"
"""Extension of the ASGI scope: sends a whole answer at once; false if the reader lags."""

NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
"""What every answer says: its media type is not to be guessed."""

_COPIED_MAX: Final = 128 * 1024
"""Bytes of a body whose copy costs less than a call to the system of its own."""

RawHeaders = Sequence[tuple[bytes, bytes]]


async def answer(scope: Scope, send: Send, status: int, headers: RawHeaders, body: bytes) -> None:
    """Answer a request, at once where the server offers it; names of headers in lower case."""
    offered = scope.get("extensions", {}).get(_WHOLE)
    if offered is None or not offered["send"](scope, status, headers, body):
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class GatheringTransport:
    """A transport that keeps what is written until it is flushed or the turn of the loop ends."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._kept: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep data to be sent."""
        self._kept.append(data)
        if len(self._kept) == 1:
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what is kept."""
        kept, self._kept = self._kept, []
        if not kept or self._transport.is_closing():
            return
        if sum(map(len, kept)) <= _COPIED_MAX:
            self._transport.write(b"".join(kept))
        else:
            self._transport.writelines(kept)

    def send(self, data: bytes) -> None:
        """Send what is kept, and data behind it."""
        self.flush()
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Tell whether nothing more can be sent."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Send what is kept, then close the connection."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the transport."""
        return getattr(self._transport, name)


class GatheringProtocol(HttpToolsProtocol):
    """The server's HTTP on a transport that gathers, and that an open answer may push to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection."""
        self._gathering = GatheringTransport(cast("asyncio.Transport", transport), self.loop)
        # The same for all requests: one of each would refer to the request that refers to it, and
        # what refers to itself waits for the garbage collector, who then holds up everybody.
        self._extensions: dict[str, dict[object, object]] = {
            PUSH: {"push": self._push},
            _WHOLE: {"send": self._send_whole},
        }
        super().connection_made(cast("asyncio.Transport", self._gathering))

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def on_response_complete(self) -> None:
        """End an answer."""
        self._gathering.flush()
        super().on_response_complete()

    def _send_whole(self, scope: Scope, status: int, headers: RawHeaders, body: bytes) -> bool:
        """Do what the server does for a head and a body, in one step."""
        cycle = self.cycle
        # Where requests were sent ahead of their answers, this one may not be the last.
        if cycle.scope is not scope or cycle.disconnected or self.flow.write_paused:
            return False
        parts = [STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        if len(body) <= _COPIED_MAX:
            parts.append(body)
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        self._gathering.send(b"".join(parts))
        if len(body) > _COPIED_MAX:
            self._gathering.send(body)
        if not cycle.keep_alive:
            self._gathering.close()
        cycle.on_response()
        return True

    def _push(self, data: bytes) -> bool:
        if self.flow.write_paused or self._gathering.is_closing():
            return False
        self._gathering.send(data)
        return True
