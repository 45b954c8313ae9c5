"""Settings of the interpreter while many entries are taken in."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SWITCH_S: Final = 0.0005
"""How long a thread that folds keeps the interpreter from one that has come back from a database."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the collector of cycles out of a block: it makes many objects and no cycle."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def switching_often() -> Iterator[None]:
    """Let a thread that writes have the interpreter soon, while another one folds.

    A batch is some dozen statements. By default each would wait for longer than it takes to fold a
    tenth of the next batch, so that folding would have to wait for writing after all.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, SWITCH_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
