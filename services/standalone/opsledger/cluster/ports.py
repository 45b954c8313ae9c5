"""Ports of the loopback that nobody listens on."""

import secrets
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
FIRST: Final = 20_000
COUNT: Final = 12_000
ATTEMPTS_MAX: Final = 1_000


def free_ports(count: int) -> list[int]:
    """Find ports on the loopback that are free at this moment, all different.

    They lie below those that systems give to outgoing connections, so that a server which is
    stopped finds its port still free when it starts again.

    Raises:
        OSError: none is free.

    """
    ports: list[int] = []
    for _ in range(ATTEMPTS_MAX):
        port = FIRST + secrets.randbelow(COUNT)
        if port not in ports and _free(port):
            ports.append(port)
            if len(ports) == count:
                return ports
    raise OSError(f"no {count} free ports between {FIRST} and {FIRST + COUNT}")


def _free(port: int) -> bool:
    try:
        with socket.create_server((LOOPBACK, port)):
            return True
    except OSError:
        return False
