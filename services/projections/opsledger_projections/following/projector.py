"""The projector: a batch of entries goes through all views into the tables, with one position.

Each batch is folded in memory over the rows current before it and written in one transaction, so
the tables are at every moment exactly the fold of the entries up to their position, in any batch
size. Every entry is also folded into a Merkle frontier: the read side can tell by one root whether
it was fed what the ledger committed to.
"""

import gc
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from typing import Final

import msgspec

from opsledger_contracts.catalogue import UnknownEventType
from opsledger_contracts.codec import decode, decode_envelope
from opsledger_contracts.event import Event
from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_projections.errors import EntryUnreadable, FeedOutOfOrder, TablesUnreadable
from opsledger_projections.following.feed import FeedEntry
from opsledger_projections.following.folding import ViewFold
from opsledger_projections.tables.port import Parked, Progress, Tables
from opsledger_projections.views.view import Fact, View

CODE_VERSION: Final = version("opsledger-projections")
EVERY_VIEW: Final = "*"
"""Stands for a view in `Parked` where an event could not even be read."""


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the collector of cycles out of a batch: it makes many objects and no cycle."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Projector:
    """Projects entries through `views` into `tables`, going on where the tables stand."""

    def __init__(self, views: Sequence[View], tables: Tables) -> None:
        self._tables = tables
        self._views: dict[str, list[View]] = defaultdict(list)
        for view in views:
            for type_name in view.types:
                self._views[type_name].append(view)
        self._resumed = False
        self.resume()

    @property
    def position(self) -> int:
        """The position up to which the tables are written."""
        return self._progress.position

    @property
    def root(self) -> str:
        """Hexadecimal Merkle root over all entries projected."""
        return Frontier.from_bytes(self._progress.frontier).root().hex()

    def project(self, entries: Sequence[FeedEntry]) -> None:
        """Take in the next entries, which follow the position without a gap.

        Raises:
            FeedOutOfOrder: the first entry is not the next one, or there is a gap between them.
            EntryUnreadable: an entry is no envelope at all.
            TablesUnwritable: the tables could not be written.
            TablesUnreadable: the tables do not say where they stand since they last could not.

        """
        self.resume()
        try:
            with _collector_paused():
                self._project(entries)
        except BaseException:
            # What is in memory is ahead of the tables and is dropped.
            self._resumed = False
            with suppress(TablesUnreadable):
                self.resume()
            raise

    def settle(self) -> None:
        """Make the tables ready for readers, once they have caught up.

        Raises:
            TablesUnwritable: they could not be.

        """
        self._tables.index()

    def resume(self) -> None:
        """Go on where the tables stand, after a batch that failed; nothing to do after others.

        Raises:
            TablesUnreadable: the tables cannot say where that is.

        """
        if self._resumed:
            return
        self._progress = self._tables.progress()
        self._parked = {(row.view, row.stream) for row in self._tables.parked()}
        self._folds: dict[str, ViewFold] = {}
        self._resumed = True

    def _project(self, entries: Sequence[FeedEntry]) -> None:
        parked: list[Parked] = []
        instants: dict[str, int] = {}
        position, recorded_at = self._progress.position, self._progress.recorded_at
        taken: dict[View, list[Fact]] = {}
        for fed in entries:
            if fed.position != position + 1:
                raise FeedOutOfOrder(expected=position + 1, found=fed.position)
            position = fed.position
            fact = self._read(fed, parked)
            recorded_at = fact.envelope.recorded_at
            instants[recorded_at] = position
            for view in self._following(fact):
                taken.setdefault(view, []).append(fact)
        touched = {view: self._fold(view) for view in taken}
        for view, facts in taken.items():
            self._take(touched[view], view, facts, parked)
        frontier = Frontier.from_bytes(self._progress.frontier)
        frontier.extend([leaf_hash(fed.entry) for fed in entries])
        progress = Progress(
            position=position, recorded_at=recorded_at, frontier=frontier.to_bytes()
        )
        written = {view: fold.changes() for view, fold in touched.items()}
        self._tables.write(self._progress.position, progress, instants, written, parked)
        for fold in touched.values():
            fold.written()
        self._progress = progress

    def _take(
        self, fold: ViewFold, view: View, facts: Sequence[Fact], parked: list[Parked]
    ) -> None:
        fold.expect(facts)
        for fact in facts:
            if self._parked and (view.name, fact.envelope.stream) in self._parked:
                continue
            if error := fold.take(fact):
                parked.append(self._park(view.name, fact, error))

    def _read(self, fed: FeedEntry, parked: list[Parked]) -> Fact:
        try:
            return Fact(fed.position, *decode(fed.entry))
        except (msgspec.MsgspecError, UnknownEventType) as unreadable:
            try:
                envelope = decode_envelope(fed.entry)
            except msgspec.MsgspecError as error:
                raise EntryUnreadable(position=fed.position, detail=str(error)) from error
            fact = Fact(fed.position, envelope, Event())
            if (EVERY_VIEW, envelope.stream) not in self._parked:
                reason = f"{type(unreadable).__name__}: {unreadable}"
                parked.append(self._park(EVERY_VIEW, fact, reason))
            return fact

    def _following(self, fact: Fact) -> list[View]:
        if self._parked and (EVERY_VIEW, fact.envelope.stream) in self._parked:
            return []
        return self._views.get(fact.envelope.type, [])

    def _fold(self, view: View) -> ViewFold:
        if view.name not in self._folds:
            complete = self._progress.position == 0
            self._folds[view.name] = ViewFold(view, self._tables, complete=complete)
        return self._folds[view.name]

    def _park(self, view: str, fact: Fact, error: str) -> Parked:
        stream = fact.envelope.stream
        self._parked.add((view, stream))
        return Parked(
            view=view,
            stream=stream,
            position=fact.position,
            error=error,
            code_version=CODE_VERSION,
        )
