"""Serving a ledger: the process that answers requests, and the one that writes beside it."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial

import structlog

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


def serve(settings: LedgerSettings, announce: Announce) -> int:
    """Serve a ledger until the process is told to stop; gives the exit status.

    Raises:
        LedgerError, RecordingError: as `open_ledger` says.
        OSError: the address cannot be had.

    """
    reasons: list[str] = []
    server: StoppingServer | None = None

    def failed(reason: str) -> None:
        reasons.append(reason)
        if server is not None:
            server.should_exit = True

    with (
        WriterProcess(partial(write_for, settings)) as process,
        socket.create_server((settings.host, settings.port), backlog=1024) as listener,
    ):
        opened, writer = open_served(settings, process, failed)
        with opened as ledger:
            address = f"http://{settings.host}:{listener.getsockname()[1]}"

            def started() -> None:
                writer.follow(asyncio.get_running_loop())
                announce(ledger, address)

            server = StoppingServer(
                server_config(create_app(ledger)), stop=ledger.signal.close, started=started
            )
            # The storage may have failed before there was a server to stop.
            server.should_exit = bool(reasons)
            tune_garbage_collector()
            with signals_left_to_server():
                server.run(sockets=[listener])
    if reasons:
        structlog.get_logger("opsledger").error("stopped", reason=reasons[0])
        return 1
    return 0
