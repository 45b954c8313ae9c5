"""The rows of one view while events are folded over them, kept in memory from batch to batch."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, Protocol

import orjson

from opsledger_projections.errors import ProjectionsError
from opsledger_projections.tables.port import (
    BODY,
    DAYS,
    KEY,
    LABELS,
    Element,
    Values,
    Written,
    amended,
    closed,
    read_back,
    stored,
)
from opsledger_projections.views.view import Amend, Fact, Put, Row, View

ROWS_KEPT_MAX: Final = 131_072
"""Rows of a view that are kept after a batch."""


class OpenRows(Protocol):
    """What folding needs of the tables."""

    def open_rows(self, view: View, label: str, values: Sequence[str]) -> Sequence[Values]:
        """List rows that stand; see `Tables.open_rows`."""


class ViewFold:
    """The current rows of a view, as the events taken so far leave them.

    What is taken becomes part of the tables when `changes` has been written; after a failed write
    the fold is of no more use. With `complete` the tables hold no row of the view that the fold
    does not know, so nothing is looked up in them.

    Rows are kept as they are stored and read anew for each event that changes them: that takes no
    longer than to fetch the many small objects of a row that was read long ago, and these take
    twice the memory.
    """

    def __init__(self, view: View, tables: OpenRows, *, complete: bool) -> None:
        self._view = view
        self._tables = tables
        self._complete = complete
        self._standing: dict[str, Values | None] = {}
        """Open rows by key; None where none is open for certain."""
        self._indexes: dict[str, dict[str, dict[str, None]]] = {}
        """For each label that was asked for: keys of open rows by value."""
        self._asked: set[tuple[str, str]] = set()
        """Label values of which every open row is known."""
        self._inserted: list[Values] = []
        self._grown: list[Element] = []

    def expect(self, facts: Iterable[Fact]) -> None:
        """Read what the view will look up for these events from the tables, all at once."""
        if self._complete:
            return
        wanted: dict[str, dict[str, None]] = {}
        for fact in facts:
            for label, value in self._view.looks_up(fact):
                if not self._knows(label, value):
                    wanted.setdefault(label, {})[value] = None
        for label, values in wanted.items():
            self._look_up(label, list(values))

    def get(self, key: str) -> Row | None:
        """Find the row that is current at this point."""
        values = self._standing.get(key) or self._find(key)
        return None if values is None else read_back(self._view, values)

    def body(self, key: str) -> dict[str, Any] | None:
        """Find what the row that is current at this point says."""
        values = self._standing.get(key) or self._find(key)
        return None if values is None else orjson.loads(values[BODY])

    def where(self, label: str, value: str) -> Sequence[Row]:
        """List the rows with a label value that are current at this point, in order of key."""
        if not self._knows(label, value):
            self._look_up(label, [value])
        if label not in self._indexes:
            index: dict[str, dict[str, None]] = {}
            place = LABELS + self._view.labels.index(label)
            for key, values in self._standing.items():
                if values is not None:
                    index.setdefault(values[place], {})[key] = None
            self._indexes[label] = index
        rows = [self.get(key) for key in sorted(self._indexes[label].get(value, ()))]
        return [row for row in rows if row is not None]

    def take_all(self, facts: Sequence[Fact]) -> int:
        """Take events as long as the view does not fail on one; gives how many were taken.

        Raises:
            ProjectionsError: as `take`.

        """
        apply = self._change if self._view.appends is None else self._append
        taken = 0
        try:
            for taken, fact in enumerate(facts):  # noqa: B007 - tells where it failed.
                apply(fact)
        except ProjectionsError:
            raise
        except Exception:  # noqa: BLE001 - whoever takes the event alone is told.
            return taken
        return len(facts)

    def take(self, fact: Fact) -> str:
        """Apply the changes of one event, all or none; gives the error if the view failed on it.

        Raises:
            ProjectionsError: the tables could not be asked, which is no fault of the event.

        """
        try:
            if self._view.appends is not None:
                self._append(fact)
            else:
                self._change(fact)
        except ProjectionsError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a view raises parks only this stream.
            return f"{type(error).__name__}: {error}"
        return ""

    def pass_over(self, fact: Fact) -> None:
        """Keep the entry of an event that the view does not take, if it is to keep all of them."""
        view = self._view
        if view.appends is not None:
            blank = [""] * len(view.labels)
            self._inserted.append((None, fact.position, "", "", fact.entry, *blank))

    def changes(self) -> Written:
        """Give what is to be written since it was given the last time."""
        written = Written(inserted=self._inserted, grown=self._grown)
        self._inserted, self._grown = [], []
        return written

    def written(self) -> None:
        """Take note that changes are in the tables; later ones may have been taken meanwhile."""
        if len(self._standing) > ROWS_KEPT_MAX:
            self._complete = False
            self._indexes = {}
            self._asked.clear()
            forgotten = len(self._standing) - ROWS_KEPT_MAX // 2
            for key in list(islice(self._standing, forgotten)):
                del self._standing[key]

    def _append(self, fact: Fact) -> None:
        view = self._view
        assert view.appends is not None
        row = view.appends(fact, self)
        key, labels = row.key, row.labels
        self._inserted.append((key, fact.position, "", "", fact.entry, *labels))
        if row.recalled:
            # Of an entry that is looked up again only the labels are asked for.
            self._standing[key] = (key, fact.position, "", "", b"{}", *labels)

    def _change(self, fact: Fact) -> None:
        view = self._view
        grows = view.lists.get(fact.type)
        if grows is not None and fact.type in view.only_grows:
            key = fact.identifier
            if (self._standing.get(key) or self._find(key)) is not None:
                self._grown.append(Element(key, fact.position, grows))
                return
        # All or none: a view that fails on the event has changed nothing.
        changes: dict[str, Values | None] = {}
        for change in view.changes(fact, self):
            if isinstance(change, Put):
                changes[change.row.key] = stored(view, change.row, fact.position)
            elif isinstance(change, Amend):
                before = self._standing.get(change.key) or self._find(change.key)
                assert before is not None, change.key
                changes[change.key] = amended(before, change.body, fact.position)
            else:
                changes[change.key] = None
        for key, values in changes.items():
            self._put(key, values, fact.position)
        if grows is not None:
            self._grown.append(Element(fact.identifier, fact.position, grows))

    def _put(self, key: str, values: Values | None, position: int) -> None:
        before = self._standing.get(key) or self._find(key)
        if values is None:
            if before is None:
                return
            self._inserted.append(closed(self._view, key, position))
        elif before is not None and values[BODY] == before[BODY] and values[DAYS:] == before[DAYS:]:
            return
        else:
            self._inserted.append(values)
        if self._indexes:
            self._index(key, before, values)
        self._standing[key] = values

    def _knows(self, label: str, value: str) -> bool:
        if self._complete:
            return True
        if label:
            return (label, value) in self._asked
        return value in self._standing

    def _look_up(self, label: str, values: Sequence[str]) -> None:
        found = self._tables.open_rows(self._view, label, values)
        for row in found:
            key = row[KEY]
            if key not in self._standing:
                if self._indexes:
                    self._index(key, None, row)
                self._standing[key] = row
        if label:
            self._asked.update((label, value) for value in values)
            return
        for key in set(values).difference(row[KEY] for row in found):
            self._standing[key] = None

    def _find(self, key: str) -> Values | None:
        if key not in self._standing:
            if self._complete:
                self._standing[key] = None
            else:
                self._look_up("", [key])
        return self._standing[key]

    def _index(self, key: str, before: Values | None, after: Values | None) -> None:
        for label, index in self._indexes.items():
            place = LABELS + self._view.labels.index(label)
            if before is not None:
                del index[before[place]][key]
            if after is not None:
                index.setdefault(after[place], {})[key] = None
