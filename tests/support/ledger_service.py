"""A ledger service for tests: opened in a directory, served on loopback, with keys to use."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, Self

import httpx2

from opsledger_ledger.bootstrap.opening import open_ledger
from opsledger_ledger.bootstrap.server import StoppingServer, server_config
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.http.app import create_app
from opsledger_ledger.ledger import Ledger

GROUP = {"type": "group", "name": "华翔集团", "valid_from": "2026-01-01"}
"""The body of a command that is complete: it registers a unit."""

PROGRAM = """
import sys
from pathlib import Path
import structlog
from opsledger_ledger.bootstrap.serving import serve
from opsledger_ledger.config import LedgerSettings

# What the service has to say must not come before the line with its address.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))

def announce(ledger, address):
    key = ledger.administrator_key
    print(address, key.token if key else "-", flush=True)

sys.exit(serve(LedgerSettings(directory=Path(sys.argv[1]), port=0), announce))
"""
"""Serves the ledger of a directory and tells its address and, once, its first key."""


@dataclass
class Caller:
    """Someone who talks to a served ledger with one API key."""

    address: str
    token: str
    keys: Iterator[int] = field(default_factory=lambda: count(1))
    others: "list[Caller]" = field(default_factory=list)
    """Callers whose keys this one has issued; closed together with it."""

    def __post_init__(self) -> None:
        """Open a client that keeps its connections."""
        self.client = httpx2.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )

    def post(
        self, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> httpx2.Response:
        """Send a command, under a fresh key if none is given; header names with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["Idempotency-Key"] = key or f"{id(self)}-{next(self.keys)}"
        return self.client.post(path, json={} if body is None else body, headers=named)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """Read something; header names with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers=named)

    def register(self, unit: str, *, key: str | None = None) -> httpx2.Response:
        """Register a unit."""
        return self.post(f"/v1/units/{unit}/register", GROUP, key=key)

    def caller(self, name: str, scopes: Sequence[str]) -> "Caller":
        """Issue an API key with some scopes to a new person, as the administrator."""
        secret = hashlib.sha256(f"secret of {name}".encode()).hexdigest()
        assert self.post(f"/v1/persons/{name}/register", {"name": name}).status_code == 201
        body = {
            "person": name,
            "title": "of a test",
            "scopes": list(scopes),
            "secret_hash": hashlib.sha256(secret.encode()).hexdigest(),
        }
        assert self.post(f"/v1/credentials/{name}/issue", body).status_code == 201
        other = Caller(self.address, f"opl_{name}_{secret}")
        self.others.append(other)
        return other

    def close(self) -> None:
        """Close the connections, and those of the others."""
        self.client.close()
        for other in self.others:
            other.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Served:
    """A ledger that is served from a thread of this process."""

    ledger: Ledger
    administrator: Caller
    server: StoppingServer


@contextmanager
def served(directory: Path | str | None = None, **settings: Any) -> Iterator[Served]:
    """Serve a new ledger, in a directory or where the settings say, on a loopback port."""
    with (
        open_ledger(LedgerSettings(directory=directory, port=0, **settings)) as ledger,
        serving(ledger) as (server, address),
    ):
        key = ledger.administrator_key
        assert key is not None
        with Caller(address, key.token) as administrator:
            yield Served(ledger, administrator, server)


@contextmanager
def serving(ledger: Ledger) -> Iterator[tuple[StoppingServer, str]]:
    """Serve an open ledger on a loopback port; gives the server and its address."""
    config = server_config(create_app(ledger))
    config.host, config.port = "127.0.0.1", 0
    server = StoppingServer(config, stop=ledger.signal.close)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive()


@dataclass
class Process:
    """A ledger served by a process of its own."""

    process: "subprocess.Popen[str]"
    address: str
    token: str
    """The first key, or "-" if the ledger was there before."""

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send a signal, wait for the end; gives the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        return time.monotonic() - began


@contextmanager
def process(directory: Path, program: str = PROGRAM) -> Iterator[Process]:
    """Serve the ledger of a directory from a new process; killed at the end if still there."""
    arguments = [sys.executable, "-c", program, str(directory)]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            assert line, f"the ledger did not start: {running.wait()}"
            address, token = line.split()
            yield Process(running, address, token)
        finally:
            if running.poll() is None:
                running.kill()
