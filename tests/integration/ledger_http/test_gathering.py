"""Answers go out in one piece, whole, whatever their size and whoever reads them."""

import asyncio
import gc
import http.client
import json
import re
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from opsledger_ledger.http.gathering import GatheringTransport
from support.ledger_service import GROUP, served


class Recording:
    """A transport that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        """Keep a piece."""
        self.sent.append(data)

    def writelines(self, pieces: Iterable[bytes]) -> None:
        """Keep pieces."""
        self.sent += pieces

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.closed

    def close(self) -> None:
        """Take no more."""
        self.closed = True

    def get_extra_info(self, name: str) -> str:
        """Tell something that only a transport knows."""
        return f"its {name}"


def test_what_is_written_in_one_turn_is_sent_together() -> None:
    """Head and body in one piece; what comes in a later turn in a piece of its own."""

    async def run() -> None:
        recording = Recording()
        loop = asyncio.get_running_loop()
        transport = GatheringTransport(cast("asyncio.Transport", recording), loop)
        transport.write(b"head ")
        transport.write(b"body")
        assert recording.sent == []
        await asyncio.sleep(0)
        assert recording.sent == [b"head body"]
        large = bytes(200_000)
        transport.write(b"head ")
        transport.write(large)
        await asyncio.sleep(0)
        # A copy of what is large takes longer than to send it in two pieces.
        assert recording.sent.pop() is large
        assert recording.sent.pop() == b"head "
        transport.write(b"more")
        transport.close()
        assert recording.sent == [b"head body", b"more"]
        assert recording.closed
        transport.write(b"too late")
        await asyncio.sleep(0)
        assert recording.sent == [b"head body", b"more"]
        assert transport.get_extra_info("peername") == "its peername"

    asyncio.run(run())


def test_an_answer_is_received_in_one_piece(tmp_path: Path) -> None:
    """A reader at a socket gets all of a small answer at once."""
    with served(tmp_path) as running:
        host, _, port = running.administrator.address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as connection:
            for _ in range(20):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: ledger\r\n\r\n")
                received = connection.recv(65_536)
                assert received.endswith(b'{"status":"ok"}')


def test_answers_leave_nothing_to_the_garbage_collector(tmp_path: Path) -> None:
    """What refers to itself would be looked for while everybody waits, 20 ms at a time."""
    with served(tmp_path) as running:
        host, _, port = running.administrator.address.removeprefix("http://").partition(":")
        running.administrator.caller("S", ["administrator", "subscriber"])
        token = running.administrator.others[0].token
        body = json.dumps(GROUP).encode()
        with socket.create_connection((host, int(port))) as connection:

            def answered(request: str, content: bytes = b"") -> bytes:
                head = f"{request} HTTP/1.1\r\nHost: ledger\r\nAuthorization: Bearer {token}\r\n"
                if content:
                    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
                    head += f"Idempotency-Key: {request.split('/')[-2]}\r\n"
                connection.sendall(head.encode() + b"\r\n" + content)
                return connection.recv(65_536)

            def ask(first: int, last: int) -> None:
                for number in range(first, last):
                    created = answered(f"POST /v1/units/U{number:05}/register", body)
                    assert created.startswith(b"HTTP/1.1 201")
                    read = answered("GET /v1/events?limit=1")
                    assert read.startswith(b"HTTP/1.1 200")

            ask(0, 3)
            gc.collect()
            gc.disable()
            try:
                ask(3, 103)
                unreachable = gc.collect()
            finally:
                gc.enable()
        assert unreachable < 100


def test_requests_sent_ahead_are_answered_in_order(tmp_path: Path) -> None:
    """Commands and reads of one connection, sent together: an answer for each, and in turn."""
    with served(tmp_path) as running:
        host, _, port = running.administrator.address.removeprefix("http://").partition(":")
        token = running.administrator.token
        body = json.dumps(GROUP)
        requests = ""
        for number in range(20):
            requests += (
                f"POST /v1/units/U{number}/register HTTP/1.1\r\nHost: ledger\r\n"
                f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
                f"Idempotency-Key: k{number}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                "GET /healthz HTTP/1.1\r\nHost: ledger\r\n"
                f"Connection: {'close' if number == 19 else 'keep-alive'}\r\n\r\n"
            )
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(requests.encode())
            received = b""
            while piece := connection.recv(65_536):
                received += piece
    answers = [
        b"unit/U%d" % int(found[1]) if found[1] else b"ok"
        for found in re.finditer(rb'"stream":"unit/U([0-9]+)","version"|"status":"ok"', received)
    ]
    assert answers == [each for number in range(20) for each in (b"unit/U%d" % number, b"ok")]
    assert received.count(b"HTTP/1.1 20") == 40


def test_a_slow_reader_gets_everything(tmp_path: Path) -> None:
    """A large answer that the reader takes in small steps, and the next one behind it."""
    with served(tmp_path) as running:
        running.administrator.caller("S", ["subscriber"])
        for number in range(300):
            running.administrator.register(f"U{number}")
        subscriber = running.administrator.others[0]
        host, _, port = running.administrator.address.removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port))
        connection.connect()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        for _ in range(2):
            connection.request(
                "GET",
                "/v1/events?limit=1000",
                headers={
                    "Authorization": f"Bearer {subscriber.token}",
                    "Accept": "application/x-ndjson",
                },
            )
            answer = connection.getresponse()
            lines = b""
            while piece := answer.read(16_384):
                lines += piece
                time.sleep(0.002)
            assert len(lines.splitlines()) == running.ledger.log.head().position
        connection.close()
