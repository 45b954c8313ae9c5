"""Answers go out in one piece, whole, whatever their size and whoever reads them."""

import asyncio
import http.client
import socket
import time
from pathlib import Path
from typing import cast

from opsledger_ledger.http.gathering import GatheringTransport
from support.ledger_service import served


class Recording:
    """A transport that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        """Keep a piece."""
        self.sent.append(data)

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
