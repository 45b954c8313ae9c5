"""The parts of a cluster of plain processes: each can be started, asked how it is, and stopped."""

import sys
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Final, Protocol
from urllib.request import urlopen

from opsledger.cluster.nats import NatsServer
from opsledger.cluster.ports import LOOPBACK, free_ports
from opsledger.cluster.postgres import PostgresServer
from opsledger.cluster.process import LoggedProcess
from opsledger.cluster.readiness import wait_until_ready

READY_S: Final = 120.0
"""How long a service may take until it is ready; a ledger has to read its reference data."""
STOP_S: Final = 15.0
ASK_S: Final = 2.0


class Part(Protocol):
    """One process of a cluster."""

    name: str
    log: Path

    @property
    def address(self) -> str:
        """Where it is reached."""

    @property
    def health(self) -> str:
        """Address that answers with 200 while it is well; empty if it has none."""

    @property
    def process_id(self) -> int | None:
        """The process, while there is one."""

    def running(self) -> bool:
        """Tell whether its process runs."""

    def healthy(self) -> bool:
        """Ask whether it is well."""

    def start(self) -> None:
        """Start its process; raises ClusterError."""

    def wait_ready(self) -> None:
        """Wait until it is ready; raises ClusterError."""

    def stop(self) -> None:
        """Tell it to end and wait for it."""


class ServicePart(LoggedProcess):
    """A serving command of `opsledger`, on a port that stays the same over restarts."""

    def __init__(self, name: str, log: Path, arguments: Sequence[object]) -> None:
        """`arguments` are those of the command, without its port."""
        super().__init__(log, STOP_S)
        self.name = name
        (self._port,) = free_ports(1)
        self._arguments = [*map(str, arguments), "--host", LOOPBACK, "--port", str(self._port)]

    @property
    def address(self) -> str:
        """Where it is reached."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def health(self) -> str:
        """Address that answers with 200 while it is well."""
        return f"{self.address}/readyz"

    def healthy(self) -> bool:
        """Ask whether it is well."""
        return answers(self.health)

    def start(self) -> None:
        """Start its process."""
        self._launch([sys.executable, "-m", "opsledger", *self._arguments])

    def wait_ready(self) -> None:
        """Wait until it is ready.

        Raises:
            ProcessNotReady: it ended, or was not ready in time.

        """
        wait_until_ready(self, READY_S)


class BrokerPart:
    """One server of the broker."""

    def __init__(self, server: NatsServer) -> None:
        self.name = server.name
        self.log = server.log
        self.address = server.url
        self.health = server.health
        self._server = server

    @property
    def process_id(self) -> int | None:
        """The process, while there is one."""
        return self._server.process_id

    def running(self) -> bool:
        """Tell whether its process runs."""
        return self._server.running()

    def healthy(self) -> bool:
        """Ask whether it is well."""
        return self._server.healthy()

    def start(self) -> None:
        """Start its process."""
        self._server.start(wait=False)

    def wait_ready(self) -> None:
        """Wait until it is ready, which no server is before it has met another.

        Raises:
            ProcessNotReady: it ended, or was not ready in time.

        """
        self._server.wait_ready()

    def stop(self) -> None:
        """Tell it to end and wait for it."""
        self._server.stop()


class DatabasePart:
    """The PostgreSQL server, which somebody else has entered as a context."""

    def __init__(self, name: str, server: PostgresServer, log: Path) -> None:
        self.name = name
        self.log = log
        self.health = ""
        self._server = server

    @property
    def address(self) -> str:
        """Where it is reached; who comes needs a role and its password."""
        return f"postgresql://{LOOPBACK}:{self._server.port}"

    @property
    def process_id(self) -> int | None:
        """The process, while there is one."""
        return self._server.pid if self._server.running else None

    def running(self) -> bool:
        """Tell whether its process runs."""
        return self._server.running

    def healthy(self) -> bool:
        """Tell whether it runs: it takes connections as soon as it has started."""
        return self._server.running

    def start(self) -> None:
        """Start it again after it ended, and wait until it takes connections.

        Raises:
            ProcessNotReady: it ended, or did not answer in time.

        """
        if not self._server.running:
            # What is left of a process that ended is cleared first.
            self._server.kill()
            self._server.start()

    def wait_ready(self) -> None:
        """Do not wait: it takes connections as soon as it has started."""

    def stop(self) -> None:
        """Tell it to end and wait for it."""
        self._server.stop()


def answers(url: str) -> bool:
    """Tell whether an address answers a GET with 200."""
    try:
        with urlopen(url, timeout=ASK_S) as answer:  # noqa: S310 - an address of our own.
            return bool(answer.status == 200)  # noqa: PLR2004
    except (OSError, HTTPException):
        return False
