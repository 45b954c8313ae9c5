"""Connections that send in one piece what an answer writes in several.

The server writes the head of an answer and its body one after the other; each is a call to the
system and wakes the reader at the other end. What is written for one answer goes out together when
it is complete, and what is written in one turn of the event loop at the end of that turn.
"""

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PUSH: Final = "opsledger.push"
"""Extension of the ASGI scope: sends a part of the body at once, without waiting for its turn.

A function that takes bytes as they go over the connection, in chunks of their own, once the head of
the answer was sent. It tells whether they were sent: a reader that lags gets nothing this way.
"""


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
        if kept and not self._transport.is_closing():
            self._transport.write(b"".join(kept))

    def send(self, data: bytes) -> None:
        """Send what is kept, and data behind it."""
        self.flush()
        self._transport.write(data)

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
        self._extensions: dict[str, dict[object, object]] = {PUSH: {"push": self._push}}
        super().connection_made(cast("asyncio.Transport", self._gathering))

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def on_response_complete(self) -> None:
        """End an answer."""
        self._gathering.flush()
        super().on_response_complete()

    def _push(self, data: bytes) -> bool:
        if self.flow.write_paused or self._gathering.is_closing():
            return False
        self._gathering.send(data)
        return True
