"""A proxy on the way to a service that swallows answers, or cuts them in the middle."""

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread

BYTES_MAX = 65_536


class CuttingProxy:
    """Forwards every request; whether its answer arrives is chance."""

    def __init__(self, upstream: Callable[[], str | None], lost: float, seed: int) -> None:
        """`lost` is the share of answers that do not come through whole."""
        self._upstream = upstream
        self._lost = lost
        self._random = random.Random(seed)
        self._lock = Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.swallowed = 0
        self.cut = 0

    def accept(self) -> None:
        """Take connections until the proxy is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        # A mere close would leave `accept` waiting.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            host, _, port = (self._upstream() or "").partition(":")
            if not host:
                return
            with socket.create_connection((host, int(port))) as service:
                Thread(target=_forward, args=(client, service), daemon=True).start()
                while answer := service.recv(BYTES_MAX):
                    kept = self._kept(len(answer))
                    client.sendall(answer[:kept])
                    if kept < len(answer):
                        break
                _end(service)
            _end(client)

    def _kept(self, size: int) -> int:
        """Decide how much of an answer comes through."""
        with self._lock:
            if self._random.random() >= self._lost:
                return size
            if self._random.random() < 0.5:
                self.swallowed += 1
                return 0
            self.cut += 1
            return self._random.randrange(size)


def _forward(client: socket.socket, service: socket.socket) -> None:
    with suppress(OSError):
        while request := client.recv(BYTES_MAX):
            service.sendall(request)
    _end(service)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting_proxy(
    upstream: Callable[[], str | None], lost: float, seed: int
) -> Iterator[CuttingProxy]:
    """Run a proxy to wherever the service is at the moment of each connection."""
    proxy = CuttingProxy(upstream, lost, seed)
    thread = Thread(target=proxy.accept, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(timeout=10)
