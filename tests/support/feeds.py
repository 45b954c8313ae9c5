"""Feeds for tests of the read side: entries made from events, served from memory."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from opsledger_contracts.canonical import canonical
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_projections.following.feed import FeedEntry, FeedHead, FeedUnreachable
from opsledger_projections.following.folding import ViewFold
from opsledger_projections.tables.port import BODY, KEY, Grown
from opsledger_projections.tables.rows import from_columns, grown_by_key, with_lists
from opsledger_projections.views.view import Fact, Row, View

BEGINNING = "2026-01-05T01:00:00.000000Z"


class MemoryLedger:
    """A ledger's feed in memory: events are recorded one by one, pages are read as by HTTP."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.now = BEGINNING
        self.unreachable = False
        self._versions: dict[str, int] = {}
        self._frontier = Frontier()

    def record(
        self,
        stream: str,
        *events: Event,
        at: str | None = None,
        occurred: str | None = None,
        **attributes: Any,
    ) -> int:
        """Record events `at` an instant, from which time goes on; gives the last position."""
        self.now = at or self.now
        for event in events:
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            self.append(
                canonical(
                    Envelope(
                        specversion="1.0",
                        id=f"00000000-0000-7000-8000-{len(self.entries) + 1:012d}",
                        source="urn:opsledger:test",
                        type=event.TYPE,
                        stream=stream,
                        occurred_at=occurred or self.now,
                        recorded_at=self.now,
                        version=version,
                        schema=f"urn:opsledger:schema:{event.TYPE}",
                        command_id="C-1",
                        correlation_id="C-1",
                        policy_hash="0" * 64,
                        data=msgspec.Raw(canonical(event)),
                        **({"person": "P-1"} | attributes),
                    )
                )
            )
        return self.position

    def append(self, entry: bytes) -> None:
        """Append the bytes of an entry, whatever they are."""
        self.entries.append(entry)
        self._frontier.extend([leaf_hash(entry)])

    def version(self, stream: str) -> int:
        """Tell the last version of a stream."""
        return self._versions.get(stream, 0)

    @property
    def position(self) -> int:
        """The last position."""
        return len(self.entries)

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Read a page; see `Feed.page`. An empty one is waited for only for a moment."""
        if self.unreachable:
            raise FeedUnreachable("the ledger in memory was told to be unreachable")
        if after >= self.position:
            time.sleep(min(wait_s, 0.005))
        return [
            FeedEntry(after + 1 + place, entry)
            for place, entry in enumerate(self.entries[after : after + limit])
        ]

    def head(self) -> FeedHead:
        """Tell where the ledger stands; see `Feed.head`."""
        if self.unreachable:
            raise FeedUnreachable("the ledger in memory was told to be unreachable")
        return FeedHead(position=self.position, root=self._frontier.root().hex())

    def close(self) -> None:
        """Keep everything; see `Feed.close`."""

    def pages(self, limit: int) -> Iterator[Sequence[FeedEntry]]:
        """Give all entries in pages of at most `limit`."""
        for after in range(0, self.position, limit):
            yield self.page(after, limit, 0)


def rows_of(view: View, ledger: MemoryLedger) -> dict[str, Row]:
    """Fold everything through one view, without tables; gives the rows that stand at the end.

    Raises:
        AssertionError: the view failed on an event.

    """
    fold = ViewFold(view, NoTables(), complete=True)
    for fed in ledger.page(0, ledger.position, 0):
        fact = Fact.read(fed.position, fed.entry)
        if fact.type in view.types:
            assert fold.take(fact) == ""
    written = fold.changes()
    last = {found[KEY]: found for found in written.inserted}
    grown = grown_by_key(
        sorted(Grown(*one, ledger.entries[one.position - 1]) for one in written.grown)
    )
    return {
        key: with_lists(from_columns(found), grown.get(key, ())).row(view)
        for key, found in last.items()
        if found[BODY] is not None
    }


class NoTables:
    """Tables that must never be asked."""

    def __getattr__(self, name: str) -> Any:
        """Refuse whatever is asked."""
        raise AssertionError(name)
