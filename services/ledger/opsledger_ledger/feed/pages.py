"""Pages of the feed: which entries stand between two positions and match a selection."""

import hashlib
import struct
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec

from opsledger_contracts.fields import instant, moment
from opsledger_ledger.feed.tail import Tail
from opsledger_ledger.recording.log import Log, Stored

PAGE_ENTRIES_MAX: Final = 1_000
PAGE_BYTES_MAX: Final = 8 * 1024 * 1024

SCAN_ENTRIES_MAX: Final = 10_000
"""Entries looked at for one page of a selection by type; the page may hold fewer, even none."""

_TICK: Final = timedelta(microseconds=1)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader wants of the feed."""

    after: int = 0
    """Position after which to begin; exclusive."""
    limit: int = PAGE_ENTRIES_MAX
    types: frozenset[str] = frozenset()
    """Event types; empty means all."""
    stream: str | None = None
    recorded_from: str | None = None
    """Instant of recording, inclusive."""
    recorded_until: str | None = None
    """Instant of recording, exclusive."""

    @property
    def contiguous(self) -> bool:
        """Whether the entries of a page have neighbouring positions."""
        return not self.types and self.stream is None

    def picks(self, stored: Stored) -> bool:
        """Tell whether the type and stream of an entry are wanted."""
        return (not self.types or stored.type in self.types) and (
            self.stream is None or stored.stream == self.stream
        )


class Page(NamedTuple):
    """Some entries in order of position."""

    entries: Sequence[Stored]
    after: int
    """Position after which the next page begins."""
    final: bool
    """Whether the same question gets the same page for ever."""
    head: int
    """The last position of the ledger when the page was read."""

    def digest(self) -> str:
        """Tell a digest of everything that the page says."""
        state = hashlib.sha256(f"{self.after}".encode())
        positions = [stored.position for stored in self.entries]
        state.update(struct.pack(f"!{len(positions)}Q", *positions))
        state.update(b"".join([stored.leaf for stored in self.entries]))
        return state.hexdigest()


class Feed:
    """Reads the log as a feed; every page is of committed entries only."""

    def __init__(self, log: Log, tail: Tail) -> None:
        """`tail` is given what was committed, and is read in place of the log if it is enough."""
        self._log = log
        self._tail = tail

    def head(self) -> int:
        """Tell the last position of the ledger."""
        return self._log.head().position

    def recent(self, selection: Selection) -> Page | None:
        """Give the next page of a selection without reading the log; None if that is not enough.

        The page has at most as many entries as one may have, looked at included, and is not final.
        """
        if selection.recorded_from is not None or selection.recorded_until is not None:
            return None
        after = selection.after
        entries = self._tail.since(after, min(selection.limit, PAGE_ENTRIES_MAX))
        # Nothing yet may mean that another process has recorded what this one was not told of.
        if not entries:
            return None
        after = entries[-1].position
        if not selection.contiguous:
            entries = [stored for stored in entries if selection.picks(stored)]
        return Page(entries, after, final=False, head=max(after, self._tail.end()))

    def page(self, selection: Selection) -> Page:
        """Read the next page of a selection; any thread may call this.

        A page is cut at `limit` entries, at 8 MiB, or after 10,000 entries looked at, so that an
        empty page whose `after` has moved does not mean the end of the feed.
        """
        head = self.head()
        after = selection.after
        if selection.recorded_from is not None:
            after = max(after, self._log.position_at(_before(selection.recorded_from)))
        last = None
        if selection.recorded_until is not None:
            bound = self._log.position_at(_before(selection.recorded_until))
            # While the bound is the head, more entries may still come before the instant.
            last = bound if bound < head else None
        if selection.stream is not None:
            return self._stream_page(selection, after, last, head)
        return self._scanned_page(selection, after, last, head)

    def _scanned_page(self, selection: Selection, after: int, last: int | None, head: int) -> Page:
        chosen: list[Stored] = []
        used = 0
        looked_at = 0
        while looked_at < SCAN_ENTRIES_MAX:
            wanted = selection.limit if not selection.types else PAGE_ENTRIES_MAX
            read = self._log.entries(after, min(wanted, PAGE_ENTRIES_MAX), PAGE_BYTES_MAX)
            for stored in read:
                if last is not None and stored.position > last:
                    return Page(chosen, max(after, last), True, head)
                if not selection.types or stored.type in selection.types:
                    used += len(stored.entry)
                    if chosen and used > PAGE_BYTES_MAX:
                        return Page(chosen, after, True, head)
                    chosen.append(stored)
                after = stored.position
                looked_at += 1
                if len(chosen) == selection.limit:
                    return Page(chosen, after, True, head)
            if not read or after >= head:
                return Page(chosen, after, last is not None and after >= last, head)
        return Page(chosen, after, True, head)

    def _stream_page(self, selection: Selection, after: int, last: int | None, head: int) -> Page:
        chosen: list[Stored] = []
        used = 0
        for stored in self._log.stream_entries(selection.stream or ""):
            if stored.position <= after or (selection.types and stored.type not in selection.types):
                continue
            if last is not None and stored.position > last:
                break
            used += len(stored.entry)
            if chosen and used > PAGE_BYTES_MAX:
                return Page(chosen, chosen[-1].position, True, head)
            chosen.append(stored)
            if len(chosen) == selection.limit:
                return Page(chosen, stored.position, True, head)
        if last is not None:
            return Page(chosen, max(after, last), True, head)
        # The stream was read after the head, so that its last entry may lie beyond it.
        reached = max(after, head, chosen[-1].position if chosen else 0)
        return Page(chosen, reached, False, head)


def _before(text: str) -> str:
    return instant(moment(text) - _TICK)
