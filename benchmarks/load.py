"""The load: requests over keep-alive connections, each sending the next when it has its answer.

Runs as a process of its own and speaks HTTP by hand, so that it is not what is measured. Reads one
line with a `Run`, writes one line with a `Measured`, again and again until its input ends.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from typing import Final, cast

import msgspec
import uvloop
from benchmarks.requests import Requests, page

_LENGTH: Final = b"content-length: "


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What to do in one run."""

    name: str
    """Part of every identifier and key, so that no two runs ask for the same thing."""
    host: str
    port: int
    tokens: tuple[str, ...]
    """API keys; connections take them in turns."""
    connections: int
    warm_up_s: float
    seconds: float
    pages: tuple[str, ...] = ()
    """Paths to read in turns, as many as there are, instead of commands until the time is over."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one run, warm-up left out."""

    answers: int
    requests: int
    """All requests of the run, those of the warm-up included."""
    seconds: float
    p50_ms: float
    p99_ms: float
    busy: float
    """Share of one processor that the load itself used."""
    content: str
    """SHA-256 over the bodies of the pages, in the order in which they came; "" for commands."""
    refused: int
    """Answers that were no success."""
    first_refusal: str

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


def place_of(address: str) -> tuple[str, int]:
    """Split `http://host:port`."""
    host, _, port = address.removeprefix("http://").partition(":")
    return host, int(port)


class _Tally:
    """All answers of one run."""

    def __init__(self, counted_from: float) -> None:
        self.counted_from = counted_from
        self.latencies: list[float] = []
        self.requests = 0
        self.refused = 0
        self.first_refusal = ""
        self.content = sha256()

    def answered(self, sent: float, now: float, answer: bytes) -> None:
        self.requests += 1
        if now >= self.counted_from:
            self.latencies.append(now - sent)
        if not answer.startswith(b"HTTP/1.1 20"):
            self.refused += 1
            self.first_refusal = self.first_refusal or answer.decode(errors="replace")


class _Connection(asyncio.Protocol):
    """One client: sends, waits for the whole answer, sends again until there is nothing to send."""

    def __init__(
        self, tally: _Tally, request: Callable[[], bytes | None], *, keeping: bool
    ) -> None:
        self._tally = tally
        self._keeping = keeping
        self._request = request
        self._received = b""
        self._sent = 0.0
        self._over = False
        self._transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Transports of uvloop are no subclass of this one.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        place = self._received.find(_LENGTH, 0, head_end) + len(_LENGTH)
        length = int(self._received[place : self._received.find(b"\r", place)])
        if len(self._received) < head_end + 4 + length:
            return
        answer, sent, now = self._received, self._sent, time.perf_counter()
        self._received = b""
        # The next request goes out first: what the load does with an answer costs it no time.
        self._send()
        self._tally.answered(sent, now, answer)
        if self._keeping:
            self._tally.content.update(memoryview(answer)[head_end + 4 :])

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None and self._over:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        assert self._transport is not None
        request = self._request()
        if request is None:
            self._over = True
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


async def measured(run: Run) -> Measured:
    """Run the load once."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    counted_from = began + run.warm_up_s
    tally = _Tally(counted_from)
    busy_before = time.process_time()
    connections = []
    for request in _requests(run, counted_from + run.seconds):
        _, connection = await loop.create_connection(
            partial(_Connection, tally, request, keeping=bool(run.pages)),
            run.host,
            run.port,
        )
        connections.append(connection)
    await asyncio.gather(*(connection.ended for connection in connections))
    passed = time.perf_counter() - began
    tally.latencies.sort()
    return Measured(
        answers=len(tally.latencies),
        requests=tally.requests,
        seconds=passed - run.warm_up_s,
        p50_ms=1000 * at(tally.latencies, 0.5),
        p99_ms=1000 * at(tally.latencies, 0.99),
        busy=(time.process_time() - busy_before) / passed,
        content=tally.content.hexdigest() if run.pages else "",
        refused=tally.refused,
        first_refusal=tally.first_refusal,
    )


def _requests(run: Run, until: float) -> Iterator[Callable[[], bytes | None]]:
    """Make what each connection sends."""
    pages = iter(run.pages)
    for number in range(run.connections):
        token = run.tokens[number % len(run.tokens)]
        if run.pages:
            yield partial(_next_page, pages, token)
        else:
            yield partial(_next_command, Requests(f"{run.name}-{number}", token), until)


def _next_page(pages: Iterator[str], token: str) -> bytes | None:
    path = next(pages, None)
    return None if path is None else page(path, token)


def _next_command(commands: Requests, until: float) -> bytes | None:
    return commands.next() if time.perf_counter() < until else None


def at(ascending: list[float], share: float) -> float:
    """Read the value below which a share of all values lies."""
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))]


if __name__ == "__main__":
    for line in sys.stdin:
        result = uvloop.run(measured(msgspec.json.decode(line, type=Run)))
        print(msgspec.json.encode(result).decode(), flush=True)
