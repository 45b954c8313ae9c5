"""Ledger and read side together on one directory."""

import asyncio
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from opsledger.log_feed import LogFeed
from opsledger_ledger.bootstrap.garbage import tune_garbage_collector
from opsledger_ledger.bootstrap.opening import open_served
from opsledger_ledger.bootstrap.server import StoppingServer, server_config, signals_left_to_server
from opsledger_ledger.bootstrap.writing import write_for
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.http.app import create_app
from opsledger_ledger.ledger import AdministratorKey, Ledger
from opsledger_ledger.writing.writer_process import WriterProcess
from opsledger_projections.bootstrap import ProjectionsServer, open_projections
from opsledger_projections.config import ProjectionsSettings

JOIN_S: Final = 5.0
"""Longest wait for the read side to end, once it was told to."""

Announce = Callable[[str, str, AdministratorKey | None], None]
"""Told once both take requests: the ledger's address, the read side's, and a first key."""


def serve(ledger: LedgerSettings, projections: ProjectionsSettings, announce: Announce) -> int:
    """Serve both until the process is told to stop; gives the exit status.

    The read side runs on a thread with its own loop and follows the log in the process. It is told
    to stop as soon as the ledger is, and the log is closed after both have ended.

    Raises:
        LedgerError, RecordingError: the ledger cannot be opened.
        OSError: an address cannot be had.

    """
    reasons: list[str] = []
    server: StoppingServer | None = None

    def failed(reason: str) -> None:
        reasons.append(reason)
        if server is not None:
            server.should_exit = True

    with (
        WriterProcess(partial(write_for, ledger)) as process,
        socket.create_server((ledger.host, ledger.port), backlog=1024) as listener,
        socket.create_server((projections.host, projections.port), backlog=1024) as read_listener,
    ):
        opened, writer = open_served(ledger, process, failed)
        with opened:
            addresses = (
                f"http://{ledger.host}:{listener.getsockname()[1]}",
                f"http://{projections.host}:{read_listener.getsockname()[1]}",
            )
            read_side = _ReadSide(
                opened,
                projections,
                read_listener,
                lambda: announce(*addresses, opened.administrator_key),
            )

            def started() -> None:
                writer.follow(asyncio.get_running_loop())
                read_side.start()

            def stop() -> None:
                opened.signal.close()
                read_side.stop()

            server = StoppingServer(server_config(create_app(opened)), stop=stop, started=started)
            server.should_exit = bool(reasons)
            tune_garbage_collector()
            with signals_left_to_server():
                server.run(sockets=[listener])
            read_side.join()
    return 1 if reasons else 0


class _ReadSide:
    """The read side on a thread of its own."""

    def __init__(
        self,
        ledger: Ledger,
        settings: ProjectionsSettings,
        listener: socket.socket,
        started: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._listener = listener
        self._started = started
        self._server: ProjectionsServer | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; called on the loop of the ledger."""
        self._thread = threading.Thread(
            target=self._run, args=(asyncio.get_running_loop(),), name="read-side"
        )
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

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        feed = LogFeed(self._ledger.log, self._ledger.signal, loop)
        with open_projections(self._settings, feed) as opened:
            self._server = ProjectionsServer(opened, self._started)
            self._server.should_exit = self._stopping
            self._server.run(sockets=[self._listener])
