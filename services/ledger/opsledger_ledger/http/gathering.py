"""Connections that send in one piece what an answer writes in several.

The server writes the head of an answer and its body one after the other; each is a call to the
system and wakes the reader at the other end. What is written in one turn of the event loop goes out
together at the end of that turn.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class GatheringTransport:
    """A transport that keeps what is written until the turn of the loop ends."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._kept: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep data to be sent."""
        self._kept.append(data)
        if len(self._kept) == 1:
            self._loop.call_soon(self._send)

    def close(self) -> None:
        """Send what is kept, then close the connection."""
        self._send()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the transport."""
        return getattr(self._transport, name)

    def _send(self) -> None:
        kept, self._kept = self._kept, []
        if kept and not self._transport.is_closing():
            self._transport.write(b"".join(kept))


class GatheringProtocol(HttpToolsProtocol):
    """The server's HTTP on a transport that gathers."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection."""
        gathering = GatheringTransport(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", gathering))
