"""What proxies have in common: they listen, serve each connection on a thread, and forward."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Final, TypeVar

BYTES_MAX: Final = 65_536


class Proxy(ABC):
    """Takes connections until it is closed."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def accept(self) -> None:
        """Take connections until the proxy is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        # A mere close would leave `accept` waiting.
        end(self._listener)
        self._listener.close()

    @abstractmethod
    def _serve(self, client: socket.socket) -> None:
        """Serve one connection to its end, and close it."""


def forward(source: socket.socket, sink: socket.socket) -> None:
    """Send on what comes, and end the other connection with this one."""
    with suppress(OSError):
        while received := source.recv(BYTES_MAX):
            sink.sendall(received)
    end(sink)


def forwarding(source: socket.socket, sink: socket.socket) -> None:
    """Begin to forward on a thread of its own."""
    Thread(target=forward, args=(source, sink), daemon=True).start()


def end(connection: socket.socket) -> None:
    """End a connection also for a thread that reads from it, which a mere close would not."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


P = TypeVar("P", bound=Proxy)


@contextmanager
def running(proxy: P) -> Iterator[P]:
    """Run a proxy."""
    thread = Thread(target=proxy.accept, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(timeout=10)
