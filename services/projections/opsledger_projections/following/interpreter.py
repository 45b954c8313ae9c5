"""Settings of the interpreter while many entries are taken in.

They are of the whole process, and a follower and a rebuild take in entries on threads of their own.
So a setting holds from the first block that asks for it to the end of the last one.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

SWITCH_S: Final = 0.0005
"""How long a thread that folds keeps the interpreter from one that has come back from a database."""

PutBack = Callable[[], None]


class _Setting:
    """A setting that is made by the first who asks for it and put back by the last."""

    def __init__(self, make: Callable[[], PutBack]) -> None:
        self._make = make
        self._lock = Lock()
        self._blocks = 0
        self._put_back: PutBack

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the setting for a block."""
        with self._lock:
            if self._blocks == 0:
                self._put_back = self._make()
            self._blocks += 1
        try:
            yield
        finally:
            with self._lock:
                self._blocks -= 1
                if self._blocks == 0:
                    self._put_back()


def _pause_collector() -> PutBack:
    """Keep the collector of cycles away: what is taken in makes many objects and no cycle."""
    enabled = gc.isenabled()
    gc.disable()
    return gc.enable if enabled else gc.disable


def _switch_often() -> PutBack:
    """Let a thread that writes have the interpreter soon, while another one folds.

    A batch is some dozen statements. By default each would wait for longer than it takes to fold a
    tenth of the next batch, so that folding would have to wait for writing after all.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, SWITCH_S))
    return lambda: sys.setswitchinterval(before)


collector_paused: Final = _Setting(_pause_collector).held
switching_often: Final = _Setting(_switch_often).held
