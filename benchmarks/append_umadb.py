"""UmaDB over gRPC: clients in threads, each appends one command a call.

It appends without a condition, which is less than the ledger does, and to its advantage.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import umadb
from benchmarks.mix import Command
from benchmarks.places import Place

START_S: Final = 15


class Calling:
    """Appends by one call a command, each client on a channel of its own."""

    def __init__(self, place: Place, _events: int) -> None:
        self._place = place
        self._clients: list[umadb.Client] = []
        self._shares: list[list[list[umadb.Event]]] = []

    def prepare(self, commands: list[Command], clients: int) -> None:
        """Connect, and give each client its share."""
        while len(self._clients) < clients:
            self._clients.append(umadb.Client(self._place.url))
        made = [[_event(event.entry, event.type, event.stream) for event in c] for c in commands]
        self._shares = [made[first::clients] for first in range(clients)]

    def run(self) -> None:
        """Let all clients go through their shares at once."""
        with ThreadPoolExecutor(len(self._shares)) as pool:
            list(pool.map(_append, self._clients, self._shares))


def _append(client: umadb.Client, share: list[list[umadb.Event]]) -> None:
    for events in share:
        client.append(events)


def _event(entry: bytes, kind: str, stream: str) -> umadb.Event:
    return umadb.Event(event_type=kind, data=entry, tags=[stream])


@contextmanager
def uma_server(folder: Path) -> Iterator[str]:
    """Run the server of the wheel on a free loopback port until the block ends; gives its address.

    Raises:
        RuntimeError: it did not start.

    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    binary = Path(sys.executable).with_name("umadb")
    said = folder / "umadb.log"
    with (
        said.open("wb") as log,
        subprocess.Popen(
            [binary, "--listen", address, "--db-path", folder / "uma.db"], stdout=log, stderr=log
        ) as process,
    ):
        try:
            _wait(f"http://{address}", process, said)
            yield f"http://{address}"
        finally:
            process.terminate()


def _wait(url: str, process: "subprocess.Popen[bytes]", said: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            umadb.Client(url).head()
        except umadb.TransportError:
            time.sleep(0.05)
        else:
            return
    message = f"the server of UmaDB did not start: {said.read_text(errors='replace')[-500:]}"
    raise RuntimeError(message)
