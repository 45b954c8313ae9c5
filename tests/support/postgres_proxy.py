"""Proxies on the way to PostgreSQL that cut connections around what is sent."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Literal
from urllib.parse import quote

from support.databases import DATABASE, SERVICE, Schema
from support.proxy import BYTES_MAX, Proxy, end, forwarding, running

Cut = Literal["before", "after"]
"""Whether what is sent next gets lost, or arrives and its answer gets lost."""

COMMIT = b"COMMIT"


class PostgresProxy(Proxy):
    """Forwards everything until it is told to cut; then it cuts once, and forwards again."""

    def __init__(self, schema: Schema, directory: Path) -> None:
        """Stand before the socket of a server, with a socket in a directory."""
        name = f".s.PGSQL.{schema.server.port}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(directory / name))
        listener.listen()
        super().__init__(listener)
        self._upstream = schema.server.socket_directory / name
        place = quote(str(directory), safe="")
        self.url = f"postgresql://{SERVICE}@/{DATABASE}?host={place}&port={schema.server.port}"
        """Address of the service's role through this proxy."""
        self.cut: Cut | None = None
        """What is done with the next bytes of a client that hold ``at``."""
        self.at = b""
        self.cuts = 0

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(str(self._upstream))
            forwarding(server, client)
            while sent := client.recv(BYTES_MAX):
                cut = self._decide(sent)
                if cut != "before":
                    server.sendall(sent)
                if cut is not None:
                    self.cuts += 1
                    end(client)
                    break
            end(server)

    def _decide(self, sent: bytes) -> Cut | None:
        """Decide whether to cut around what a client sends."""
        cut = self.cut if self.at in sent else None
        if cut is not None:
            self.cut = None
        return cut


class CommitSwallower(PostgresProxy):
    """Lets some commits go unanswered: half of them never arrive, the others do.

    Whoever waits cannot tell one from the other.
    """

    def __init__(self, schema: Schema, directory: Path, seed: int) -> None:
        """Lose nothing yet."""
        super().__init__(schema, directory)
        self.lost = 0.0
        """Share of commits without an answer."""
        self.lost_before = 0
        self.lost_after = 0
        self._random = random.Random(seed)
        self._lock = Lock()

    def _decide(self, sent: bytes) -> Cut | None:
        with self._lock:
            if COMMIT not in sent or self._random.random() >= self.lost:
                return None
            before = self._random.random() < 0.5
            self.lost_before += before
            self.lost_after += not before
            return "before" if before else "after"


@contextmanager
def postgres_proxy(schema: Schema, directory: Path) -> Iterator[tuple[PostgresProxy, str]]:
    """Run a proxy; gives it, and the address of the service's role through it."""
    with running(PostgresProxy(schema, directory)) as proxy:
        yield proxy, proxy.url
