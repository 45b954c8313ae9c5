"""Following what other processes write to the same ledger, on a thread of its own."""

from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Final

import structlog

from opsledger_ledger.feed.signal import HeadSignal
from opsledger_ledger.recording.log import Log, RecordingError, Stored

WAIT_S: Final = 0.5
"""Longest wait for the head, and so for the end of the thread."""

PAUSE_S: Final = 0.002
"""Rest before reading: what this process has written itself is announced meanwhile."""

RETRY_S: Final = 0.5
PAGE_ENTRIES: Final = 1_000
PAGE_BYTES: Final = 8 * 1024 * 1024

Grown = Callable[[Sequence[Stored]], None]
"""Told of entries that others have recorded, in order of position."""


class HeadWatcher:
    """Announces commits that the writer of this process knows nothing of.

    `signal` is where both are announced; beyond its position everything is news. A database that
    cannot be reached is asked again; whoever waits is told a little later. Notifications of what this
    process commits itself do not wake the thread for long, which would take the interpreter from
    those who are to be told.
    """

    def __init__(self, log: Log, signal: HeadSignal, grown: Grown) -> None:
        self._log = log
        self._signal = signal
        self._grown = grown
        self._own = 0
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="ledger-watcher", daemon=True)
        self._logger = structlog.get_logger("opsledger.watcher")

    def told(self, teller: int) -> None:
        """Learn under which number the database tells of what this process commits."""
        self._own = teller

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        reached = True
        while not self._stopping.is_set():
            try:
                self._look()
            except RecordingError as error:
                if reached:
                    self._logger.warning("database not reached", reason=str(error))
                reached = False
                self._stopping.wait(RETRY_S)
            else:
                reached = True

    def _look(self) -> None:
        head = self._log.wait_for_head(self._signal.position, WAIT_S, self._own)
        self._stopping.wait(PAUSE_S)
        while (position := self._signal.position) < head and not self._stopping.is_set():
            page = self._log.entries(position, PAGE_ENTRIES, PAGE_BYTES)
            if not page:
                return
            self._grown(page)
