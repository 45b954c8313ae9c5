"""Serving of the peers: the same server, settings and start as those of the ledger service."""

import socket

from opsledger_ledger.bootstrap.garbage import tune_garbage_collector
from opsledger_ledger.bootstrap.server import StoppingServer, server_config, signals_left_to_server


def serve(app: object) -> None:
    """Serve an application on a free loopback port until told to stop; prints its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = StoppingServer(
            server_config(app),
            stop=lambda: None,
            started=lambda: print(address, flush=True),
        )
        tune_garbage_collector()
        with signals_left_to_server():
            server.run(sockets=[listener])
