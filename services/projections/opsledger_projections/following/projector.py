"""The projector: a batch of entries goes through all views into the tables, with one position.

Each batch is folded in memory over the rows current before it and written in one transaction, so
the tables are at every moment exactly the fold of the entries up to their position, in any batch
size. Every entry is also folded into a Merkle frontier: the read side can tell by one root whether
it was fed what the ledger committed to.
"""

from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

import msgspec

from opsledger_contracts.catalogue import UnknownEventType
from opsledger_contracts.codec import decode, decode_envelope
from opsledger_contracts.event import Event
from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_projections.errors import EntryUnreadable, FeedOutOfOrder
from opsledger_projections.following.feed import FeedEntry
from opsledger_projections.following.folding import ViewFold
from opsledger_projections.tables.port import Parked, Progress, Tables
from opsledger_projections.views.view import Fact, View

CODE_VERSION: Final = version("opsledger-projections")
EVERY_VIEW: Final = "*"
"""Stands for a view in `Parked` where an event could not even be read."""


class Projector:
    """Projects entries through `views` into `tables`, going on where the tables stand."""

    def __init__(self, views: Sequence[View], tables: Tables) -> None:
        self._tables = tables
        self._views: dict[str, list[View]] = defaultdict(list)
        for view in views:
            for type_name in view.types:
                self._views[type_name].append(view)
        self._resume()

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

        """
        try:
            self._project(entries)
        except BaseException:
            # Nothing was written; what is in memory is ahead of the tables and is dropped.
            self._resume()
            raise

    def _resume(self) -> None:
        self._progress = self._tables.progress()
        self._parked = {(row.view, row.stream) for row in self._tables.parked()}
        self._folds: dict[str, ViewFold] = {}

    def _project(self, entries: Sequence[FeedEntry]) -> None:
        parked: list[Parked] = []
        instants: dict[str, int] = {}
        touched: dict[View, ViewFold] = {}
        position, recorded_at = self._progress.position, self._progress.recorded_at
        for fed in entries:
            if fed.position != position + 1:
                raise FeedOutOfOrder(expected=position + 1, found=fed.position)
            position = fed.position
            fact = self._read(fed, parked)
            recorded_at = fact.envelope.recorded_at
            instants[recorded_at] = position
            for view in self._following(fact):
                fold = touched.get(view) or touched.setdefault(view, self._fold(view))
                if error := fold.take(fact):
                    parked.append(self._park(view.name, fact, error))
        frontier = Frontier.from_bytes(self._progress.frontier)
        frontier.extend([leaf_hash(fed.entry) for fed in entries])
        progress = Progress(
            position=position, recorded_at=recorded_at, frontier=frontier.to_bytes()
        )
        written = {view: fold.changes() for view, fold in touched.items()}
        self._tables.write(progress, instants, written, parked)
        for fold in touched.values():
            fold.written()
        self._progress = progress

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
        views = self._views.get(fact.envelope.type, [])
        if not self._parked:
            return views
        stream = fact.envelope.stream
        if (EVERY_VIEW, stream) in self._parked:
            return []
        return [view for view in views if (view.name, stream) not in self._parked]

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
