"""A proxy on the way to a service that swallows answers, or cuts them in the middle."""

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from support.proxy import BYTES_MAX, Proxy, end, forwarding, running


class CuttingProxy(Proxy):
    """Forwards every request; whether its answer arrives is chance."""

    def __init__(self, upstream: Callable[[], str | None], lost: float, seed: int) -> None:
        """`lost` is the share of answers that do not come through whole."""
        super().__init__(socket.create_server(("127.0.0.1", 0), backlog=256))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._upstream = upstream
        self._lost = lost
        self._random = random.Random(seed)
        self._lock = Lock()
        self.swallowed = 0
        self.cut = 0

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            host, _, port = (self._upstream() or "").partition(":")
            if not host:
                return
            with socket.create_connection((host, int(port))) as service:
                forwarding(client, service)
                while answer := service.recv(BYTES_MAX):
                    kept = self._kept(len(answer))
                    client.sendall(answer[:kept])
                    if kept < len(answer):
                        break
                end(service)
            end(client)

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


@contextmanager
def cutting_proxy(
    upstream: Callable[[], str | None], lost: float, seed: int
) -> Iterator[CuttingProxy]:
    """Run a proxy to wherever the service is at the moment of each connection."""
    with running(CuttingProxy(upstream, lost, seed)) as proxy:
        yield proxy
