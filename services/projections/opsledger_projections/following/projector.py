"""The projector: a batch of entries goes through all views into the tables, with one position.

Each batch is folded in memory over the rows current before it and written in one transaction, so
the tables are at every moment exactly the fold of the entries up to their position, in any batch
size. While one is written the next one is folded. Every entry is also folded into a Merkle
frontier: the read side can tell by one root whether it was fed what the ledger committed to.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import msgspec

from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_projections.errors import EntryUnreadable, FeedOutOfOrder, TablesUnreadable
from opsledger_projections.following.feed import FeedEntry
from opsledger_projections.following.folding import ViewFold
from opsledger_projections.following.interpreter import collector_paused, switching_often
from opsledger_projections.following.parts import Share
from opsledger_projections.tables.port import (
    Parked,
    Progress,
    Tables,
    Values,
    Written,
    root_of,
)
from opsledger_projections.views.view import Fact, View

CODE_VERSION: Final = version("opsledger-projections")
STRIDE: Final = 2_000
"""Entries that are folded while those before them are written."""
EVERY_VIEW: Final = "*"
"""Stands for a view in `Parked` where an event could not even be read."""

_NOTHING_WRITTEN: Final[Future[None]] = Future()
_NOTHING_WRITTEN.set_result(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What some entries do to the tables, from a position on."""

    after: int
    progress: Progress
    instants: Mapping[str, int]
    written: Mapping[View, Written]
    parked: Sequence[Parked]


class Projector:
    """Projects entries through `views` into `tables`, going on where the tables stand."""

    def __init__(self, views: Sequence[View], tables: Tables, share: Share | None = None) -> None:
        """With a `share`, what another part folds is only counted and hashed."""
        self._tables = tables
        self._share = share
        self._views: dict[str, list[View]] = defaultdict(list)
        for view in views:
            for type_name in view.types:
                self._views[type_name].append(view)
        self._keepers = [view for view in views if view.appends is not None]
        """Views that keep even what nobody can read."""
        self._resumed = False
        self.resume()

    @property
    def position(self) -> int:
        """The position up to which the tables are written."""
        return self._progress.position

    @property
    def root(self) -> str:
        """Hexadecimal Merkle root over all entries projected."""
        return root_of(self._progress)

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
            with collector_paused():
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
        # Another part of the same tables may be ahead, and have parked what is still to come here.
        self._parked = {
            (row.view, row.stream)
            for row in self._tables.parked()
            if row.position <= self._progress.position
        }
        self._folded = self._progress
        """How far folding has come; ahead of the tables while a batch is written."""
        self._began_empty = self._progress.position == 0
        self._folds: dict[str, ViewFold] = {}
        self._writing: Future[None] = _NOTHING_WRITTEN
        self._resumed = True

    def _project(self, entries: Sequence[FeedEntry]) -> None:
        if len(entries) <= STRIDE:
            batch = self._batch(entries)
            self._write(batch)
            self._stand_at(batch)
            return
        # The driver of a database waits and works without the interpreter's lock.
        with switching_often(), ThreadPoolExecutor(1, "tables") as thread:
            before: _Batch | None = None
            for first in range(0, len(entries), STRIDE):
                batch = self._batch(entries[first : first + STRIDE])
                if before is not None:
                    self._writing.result()
                    self._stand_at(before)
                before, self._writing = batch, thread.submit(self._write, batch)
            assert before is not None
            self._writing.result()
            self._stand_at(before)

    def _batch(self, entries: Sequence[FeedEntry]) -> _Batch:
        """Fold entries over what is in memory; gives what is to be written for them."""
        parked: list[Parked] = []
        instants: dict[str, int] = {}
        position, recorded_at = self._folded.position, self._folded.recorded_at
        taken: dict[View, list[Fact]] = defaultdict(list)
        unread: set[int] = set()
        for found, entry in entries:
            if found != position + 1:
                raise FeedOutOfOrder(expected=position + 1, found=found)
            position = found
            fact = self._read(position, entry)
            recorded_at = fact.recorded_at
            instants[recorded_at] = position
            following: Sequence[View] | None = self._views.get(fact.type)
            if self._share is not None and not self._share.folds(fact.stream):
                continue
            if following is None or self._parked or not fact.data_is_object:
                following = self._readable(fact, parked)
                if following is None:
                    unread.add(position)
                    following = self._keepers
            if self._share is not None:
                following = self._share.following(following, fact.stream)
            for view in following:
                taken[view].append(fact)
        for view, facts in taken.items():
            self._take(self._fold(view), view, facts, unread, parked)
        frontier = Frontier.from_bytes(self._folded.frontier)
        frontier.extend([leaf_hash(entry) for _position, entry in entries])
        after, self._folded = (
            self._folded.position,
            Progress(position=position, recorded_at=recorded_at, frontier=frontier.to_bytes()),
        )
        return _Batch(
            after=after,
            progress=self._folded,
            instants=instants,
            written={view: self._fold(view).changes() for view in taken},
            parked=parked,
        )

    def _write(self, batch: _Batch) -> None:
        self._tables.write(batch.after, batch.progress, batch.instants, batch.written, batch.parked)

    def _stand_at(self, batch: _Batch) -> None:
        """Take note that a batch is in the tables."""
        for view in batch.written:
            self._fold(view).written()
        self._progress = batch.progress

    def open_rows(self, view: View, label: str, values: Sequence[str]) -> Sequence[Values]:
        """List rows that stand in the tables, as folding needs them; see `Tables.open_rows`."""
        # What is being written is in memory, but nobody else may use the connection meanwhile.
        self._writing.result()
        return self._tables.open_rows(view, label, values)

    def _take(
        self,
        fold: ViewFold,
        view: View,
        facts: Sequence[Fact],
        unread: set[int],
        parked: list[Parked],
    ) -> None:
        fold.expect(facts)
        taken = 0 if self._parked or unread else fold.take_all(facts)
        for fact in facts[taken:]:
            if (self._parked and (view.name, fact.stream) in self._parked) or (
                unread and fact.position in unread
            ):
                fold.pass_over(fact)
            elif error := fold.take(fact):
                fold.pass_over(fact)
                parked.append(self._park(view.name, fact, error))

    def _read(self, position: int, entry: bytes) -> Fact:
        try:
            return Fact.read(position, entry)
        except msgspec.MsgspecError as error:
            raise EntryUnreadable(position=position, detail=str(error)) from error

    def _readable(self, fact: Fact, parked: list[Parked]) -> Sequence[View] | None:
        """Give the views that follow an event; None once one of its stream was unreadable."""
        if (EVERY_VIEW, fact.stream) in self._parked:
            return None
        if fact.type not in EVENTS:
            reason = f"the catalogue has no event type {fact.type}"
        elif not fact.data_is_object:
            reason = f"the data of {fact.type} is no object"
        else:
            return self._views.get(fact.type, ())
        parked.append(self._park(EVERY_VIEW, fact, reason))
        return None

    def _fold(self, view: View) -> ViewFold:
        if view.name not in self._folds:
            self._folds[view.name] = ViewFold(view, self, complete=self._began_empty)
        return self._folds[view.name]

    def _park(self, view: str, fact: Fact, error: str) -> Parked:
        stream = fact.stream
        self._parked.add((view, stream))
        return Parked(
            view=view,
            stream=stream,
            position=fact.position,
            error=error,
            code_version=CODE_VERSION,
        )
