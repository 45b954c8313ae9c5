"""The HTTP server of both services: how it is configured, stopped and signalled."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from opsledger_ledger.http.gathering import GatheringProtocol

SHUTDOWN_S: Final = 3
"""How long answers may take to finish after the signal to stop."""


def server_config(app: object) -> uvicorn.Config:
    """Configure the server the way both services need it."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type] # Any ASGI application.
        loop="uvloop",
        http=GatheringProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        # Whom a request comes from is told by its key, never by its address.
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


class StoppingServer(uvicorn.Server):
    """A server that lets its endless answers end before it waits for all answers to end."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        stop: Callable[[], None],
        started: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._on_start = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End open event streams, then finish what is being answered."""
        self._stop()
        await super().shutdown(sockets)


@contextmanager
def signals_left_to_server() -> Iterator[None]:
    """Keep the signals that the server raises again at its end from killing the process.

    The writer and the log are closed after the server; they must get to it.
    """
    before = {
        number: signal.signal(number, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
