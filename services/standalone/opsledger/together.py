"""Ledger and read side together on one directory."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Final

from opsledger.log_feed import LogFeed
from opsledger_ledger.bootstrap.serving import Companion, serve_beside
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.ledger import AdministratorKey, Ledger
from opsledger_projections.bootstrap import ProjectionsServer, open_projections
from opsledger_projections.config import ProjectionsSettings

JOIN_S: Final = 5.0
"""Longest wait for the read side to end, once it was told to."""

Announce = Callable[[str, str, AdministratorKey | None], None]
"""Told once both take requests: the ledger's address, the read side's, and a first key."""


def serve(ledger: LedgerSettings, projections: ProjectionsSettings, announce: Announce) -> int:
    """Serve both until the process is told to stop; gives the exit status.

    Raises:
        LedgerError, RecordingError: the ledger cannot be opened.
        OSError: an address cannot be had.

    """
    return serve_beside(ledger, _ReadSide(projections, announce))


class _ReadSide(Companion):
    """The read side on a thread and a loop of its own, following the log in the process."""

    def __init__(self, settings: ProjectionsSettings, announce: Announce) -> None:
        self._settings = settings
        self._announce = announce
        self._listener: socket.socket
        self._server: ProjectionsServer | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        """Have an address of its own."""
        place = (self._settings.host, self._settings.port)
        self._listener = socket.create_server(place, backlog=1024)

    def __exit__(self, *_: object) -> None:
        """Give the address back."""
        self._listener.close()

    def start(self, ledger: Ledger, address: str) -> None:
        """Begin; both are announced once the read side takes requests too."""
        own_address = f"http://{self._settings.host}:{self._listener.getsockname()[1]}"
        feed = LogFeed(ledger.log, ledger.signal, asyncio.get_running_loop())

        def started() -> None:
            self._announce(address, own_address, ledger.administrator_key)

        self._thread = threading.Thread(target=self._run, args=(feed, started), name="read-side")
        self._thread.start()

    def stop(self) -> None:
        """Tell the read side to end."""
        self._stopping = True
        if self._server is not None:
            self._server.should_exit = True

    def join(self) -> None:
        """Wait until it has ended."""
        if self._thread is not None:
            self._thread.join(JOIN_S)

    def _run(self, feed: LogFeed, started: Callable[[], None]) -> None:
        with open_projections(self._settings, feed) as opened:
            self._server = ProjectionsServer(opened, started)
            self._server.should_exit = self._stopping
            self._server.run(sockets=[self._listener])
