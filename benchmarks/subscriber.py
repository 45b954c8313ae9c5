"""A live reader of the feed: follows the event stream and keeps what it received, in order.

Run as `python -m benchmarks.subscriber HOST PORT TOKEN FILE`. Says `following` once it is
connected. Then it reads one line with a position, goes on until it has received that position,
writes one record an event into the file (the position in 8 bytes, the leaf hash of the received
bytes in 32), and says the seconds from the beginning to that event.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import httptools
import uvloop
from benchmarks.feed_check import RECORD

from opsledger_contracts.evidence.merkle import leaf_hash

LATE_S: Final = 30
"""How long the last events may take to come after the load has ended."""


class Subscriber(asyncio.Protocol):
    """Reads server-sent events off one connection."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self._rest = b""
        self._grown = asyncio.Event()
        self.last = 0
        self._events: list[tuple[int, bytes]] = []
        self.received_at: dict[int, float] = {}
        """When each position came first, on the clock of `time.perf_counter`."""
        self.following: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        # Transports of uvloop are no subclass of this one.
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take in bytes of the answer."""
        self._parser.feed_data(data)
        self._grown.set()

    def on_headers_complete(self) -> None:
        """Learn whether the stream is open."""
        status = self._parser.get_status_code()
        if status == 200:
            self.following.set_result(None)
        else:
            self.following.set_exception(RuntimeError(f"the feed answered {status}"))

    def on_body(self, body: bytes) -> None:
        """Take in some of the stream; the last frame may be incomplete."""
        now = time.perf_counter()
        *frames, self._rest = (self._rest + body).split(b"\n\n")
        for frame in frames:
            if not frame.startswith(b"id: "):
                continue
            identifier, _, data = frame.removeprefix(b"id: ").partition(b"\ndata: ")
            self.last = int(identifier)
            self._events.append((self.last, data))
            self.received_at.setdefault(self.last, now)

    def received(self) -> Iterator[tuple[int, bytes]]:
        """Give positions and leaf hashes as they came; hashed when nothing is measured any more."""
        return ((position, leaf_hash(data)) for position, data in self._events)

    async def reach(self, position: int) -> None:
        """Wait until a position has been received."""
        async with asyncio.timeout(LATE_S):
            while self.last < position:
                self._grown.clear()
                await self._grown.wait()


async def subscribed(host: str, port: int, token: str) -> Subscriber:
    """Open the event stream from the first event on."""
    loop = asyncio.get_running_loop()
    request = (
        f"GET /v1/events/stream?after=0 HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    )
    _, subscriber = await loop.create_connection(lambda: Subscriber(request.encode()), host, port)
    await subscriber.following
    return subscriber


async def followed(host: str, port: int, token: str) -> tuple[bytes, float]:
    """Follow the feed from its first event until the position that is told on standard input."""
    began = time.perf_counter()
    subscriber = await subscribed(host, port, token)
    print("following", flush=True)
    loop = asyncio.get_running_loop()
    position = int(await loop.run_in_executor(None, sys.stdin.readline))
    await subscriber.reach(position)
    records = b"".join(RECORD.pack(*record) for record in subscriber.received())
    return records, subscriber.received_at[position] - began


if __name__ == "__main__":
    records, seconds = uvloop.run(followed(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
    Path(sys.argv[4]).write_bytes(records)
    print(seconds, flush=True)
