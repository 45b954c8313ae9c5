"""Waiting until a process that was started is ready, or has ended instead."""

import time
from pathlib import Path
from typing import Final, Protocol

from opsledger.cluster.errors import ProcessNotReady

_POLL_S: Final = 0.02


class Starting(Protocol):
    """A process that was started."""

    name: str
    log: Path

    def running(self) -> bool:
        """Tell whether it has not ended."""
        ...

    def healthy(self) -> bool:
        """Ask it whether it is ready."""
        ...


def wait_until_ready(process: Starting, timeout_s: float) -> None:
    """Wait until a process is ready.

    Raises:
        ProcessNotReady: it ended, or was not ready in time.

    """
    deadline = time.monotonic() + timeout_s
    while not process.healthy():
        if not process.running():
            raise ProcessNotReady(process.name, "ended", process.log)
        if time.monotonic() > deadline:
            raise ProcessNotReady(process.name, f"was not ready after {timeout_s:g} s", process.log)
        time.sleep(_POLL_S)
