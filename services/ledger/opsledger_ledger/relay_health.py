"""Where a relay tells how it is: whether it follows, and how far the copy is behind the ledger."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from opsledger_ledger.feed.relay import RelayState

MEASURES_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
TEXT_TYPE: Final = "text/plain; charset=utf-8"

State = Callable[[], RelayState]


@contextmanager
def served_health(host: str, port: int, state: State) -> Iterator[str]:
    """Serve `/healthz`, `/readyz` and `/metrics` until the block ends; gives the address.

    They hold numbers and reasons and no content of the ledger, so that they need no key.

    Raises:
        OSError: the address cannot be had.

    """
    server = ThreadingHTTPServer((host, port), _handler(state))
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: State) -> type[BaseHTTPRequestHandler]:
    registry = CollectorRegistry()
    for name, text, read in (
        ("position", "Position up to which the broker has everything.", lambda: state().position),
        ("ledger_position", "Last position of the ledger.", lambda: state().head),
        ("lag", "Entries that the broker has not got yet.", lambda: state().lag),
        ("following", "1 while ledger and broker answer.", lambda: float(state().following)),
    ):
        Gauge(f"opsledger_relay_{name}", text, registry=registry).set_function(read)

    def answer(path: str) -> tuple[HTTPStatus, str, bytes]:
        if path == "/metrics":
            return HTTPStatus.OK, MEASURES_TYPE, generate_latest(registry)
        if path == "/healthz":
            return HTTPStatus.OK, TEXT_TYPE, b"running\n"
        if path == "/readyz":
            now = state()
            if now.following:
                return HTTPStatus.OK, TEXT_TYPE, b"following, %d behind\n" % now.lag
            return HTTPStatus.SERVICE_UNAVAILABLE, TEXT_TYPE, now.reason.encode() + b"\n"
        return HTTPStatus.NOT_FOUND, TEXT_TYPE, b"/healthz, /readyz and /metrics are here\n"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, media_type, content = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing: who asks is a machine, every few seconds."""

    return Handler
