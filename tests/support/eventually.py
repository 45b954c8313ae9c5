"""Waiting in tests for what another thread or process brings about."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: it does not hold in time.

    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)
