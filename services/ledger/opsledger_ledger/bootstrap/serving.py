"""Serving a ledger: the process that answers requests, and the one that writes beside it."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial

import structlog

from opsledger_contracts.decoders import look_at_classes
from opsledger_ledger.bootstrap.garbage import tune_garbage_collector
from opsledger_ledger.bootstrap.opening import open_served
from opsledger_ledger.bootstrap.server import (
    StoppingServer,
    server_config,
    signals_left_to_server,
)
from opsledger_ledger.bootstrap.writing import write_for
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.http.app import create_app
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.writing.writer_process import WriterProcess

Announce = Callable[[Ledger, str], None]
"""Told once that the service takes requests, with its address."""


class Companion:
    """What is in service as long as a ledger is, in the same process.

    It is entered before the ledger is opened, and left after it is closed.
    """

    def __enter__(self) -> None:
        """Have what may be missing, such as an address to listen on."""

    def __exit__(self, *_: object) -> None:
        """Let it go."""

    def start(self, ledger: Ledger, address: str) -> None:
        """Begin; called on the loop of the service once that takes requests."""

    def stop(self) -> None:
        """Begin to end, as the service does; called on its loop."""

    def join(self) -> None:
        """Wait until it has ended, before the ledger is closed."""


def serve(settings: LedgerSettings, announce: Announce) -> int:
    """Serve a ledger until the process is told to stop; see `serve_beside`."""
    return serve_beside(settings, _Announcing(announce))


def serve_beside(settings: LedgerSettings, companion: Companion) -> int:
    """Serve a ledger and its companion until the process is told to stop; gives the exit status.

    Raises:
        LedgerError, RecordingError: as `open_ledger` says.
        OSError: the address cannot be had.

    """
    # Both processes have them then.
    look_at_classes()
    reasons: list[str] = []
    server: StoppingServer | None = None

    def failed(reason: str) -> None:
        reasons.append(reason)
        if server is not None:
            server.should_exit = True

    with (
        WriterProcess(partial(write_for, settings)) as process,
        socket.create_server((settings.host, settings.port), backlog=1024) as listener,
        companion,
    ):
        opened, writer = open_served(settings, process, failed)
        with opened as ledger:
            address = f"http://{settings.host}:{listener.getsockname()[1]}"

            def started() -> None:
                writer.follow(asyncio.get_running_loop())
                companion.start(ledger, address)

            def stop() -> None:
                ledger.signal.close()
                companion.stop()

            server = StoppingServer(server_config(create_app(ledger)), stop=stop, started=started)
            # The storage may have failed before there was a server to stop.
            server.should_exit = bool(reasons)
            tune_garbage_collector()
            with signals_left_to_server():
                server.run(sockets=[listener])
            companion.join()
    if reasons:
        structlog.get_logger("opsledger").error("stopped", reason=reasons[0])
        return 1
    return 0


class _Announcing(Companion):
    """Nothing but somebody who is told."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce

    def start(self, ledger: Ledger, address: str) -> None:
        """Tell the address."""
        self._announce(ledger, address)
