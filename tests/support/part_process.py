"""A process that follows one part of the tables from entries it is given, and can be killed."""

import os
import signal
import time
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event

from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.following.feed import FeedEntry
from support.feeds import MemoryLedger

BATCH = 2
"""Entries in a transaction, so that a kill meets one of many."""
PAUSE_S = 0.05
"""Time from one to the next, so that a kill comes before the last."""


class SlowLedger(MemoryLedger):
    """The feed of a ledger that gives its entries a few at a time."""

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Read a small page."""
        time.sleep(PAUSE_S)
        return super().page(after, min(limit, BATCH), wait_s)


def started(address: Path, schema: str, part: str, entries: Sequence[bytes]) -> BaseProcess:
    """Start a process that follows a part until it is killed."""
    process = get_context("spawn").Process(
        target=_follow, args=(address, schema, part, list(entries)), name=f"part {part}"
    )
    process.start()
    return process


def killed(process: BaseProcess) -> None:
    """End a process without a warning."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _follow(address: Path, schema: str, part: str, entries: list[bytes]) -> None:
    ledger = SlowLedger()
    for entry in entries:
        ledger.append(entry)
    settings = ProjectionsSettings(
        database_url_file=address, database_schema=schema, partition=part
    )
    with open_projections(settings, ledger):
        Event().wait()
