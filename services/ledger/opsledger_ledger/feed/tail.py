"""The last entries of the ledger, kept as they were handed on by the writer.

Who follows the ledger wants what has just been committed, and would otherwise read it again from
the log, every reader for itself.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Final

from opsledger_ledger.recording.log import Stored

ENTRIES_MAX: Final = 4_096
BYTES_MAX: Final = 8 * 1024 * 1024


class Tail:
    """Neighbouring entries up to the last one committed, bounded in number and bytes."""

    def __init__(self, entries_max: int = ENTRIES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._entries: list[Stored] = []
        self._bytes = 0
        self._lock = Lock()

    def extend(self, entries: Sequence[Stored]) -> None:
        """Take in what was committed; what does not follow on begins a new tail."""
        if not entries:
            return
        with self._lock:
            # What another process has recorded may be told twice, and late.
            if self._entries and entries[-1].position <= self._entries[-1].position:
                return
            if self._entries and self._entries[-1].position + 1 != entries[0].position:
                self._entries, self._bytes = [], 0
            self._entries += entries
            self._bytes += sum(len(stored.entry) for stored in entries)
            # Half is let go at once, so that letting go costs little for each entry.
            while len(self._entries) > self._entries_max or self._bytes > self._bytes_max:
                kept = self._entries[(len(self._entries) + 1) // 2 :]
                self._entries = kept
                self._bytes = sum(len(stored.entry) for stored in kept)

    def since(self, position: int, limit: int) -> Sequence[Stored] | None:
        """Give up to `limit` entries after a position; None if not all of them are kept."""
        with self._lock:
            entries = self._entries
            if not entries or position + 1 < entries[0].position:
                return None
            first = position + 1 - entries[0].position
            return entries[first : first + limit]

    def end(self) -> int:
        """Tell the position of the last entry; 0 if there is none."""
        with self._lock:
            return self._entries[-1].position if self._entries else 0
