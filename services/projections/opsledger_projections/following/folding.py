"""The rows of one view while events are folded over them, kept in memory from batch to batch."""

from collections.abc import Sequence
from typing import Final

from opsledger_projections.tables.port import OPEN, Closed, StoredRow, Tables, Written, stored
from opsledger_projections.views.view import Fact, Put, Row, View

ROWS_KEPT_MAX: Final = 20_000
"""Rows of a view kept after a batch; beyond it all are forgotten and read again on demand."""


class _Standing:
    """An open row, or the certain knowledge that none is open under a key."""

    __slots__ = ("in_tables", "row", "stored")

    def __init__(self, row: Row | None, stored_row: StoredRow | None, *, in_tables: bool) -> None:
        self.row = row
        self.stored = stored_row
        self.in_tables = in_tables


class ViewFold:
    """The current rows of a view, as the events taken so far leave them.

    What is taken becomes part of the tables when `changes` has been written; after a failed write
    the fold is of no more use. With `complete` the tables hold no row of the view that the fold
    does not know, so nothing is looked up in them.
    """

    def __init__(self, view: View, tables: Tables, *, complete: bool) -> None:
        self._view = view
        self._tables = tables
        self._complete = complete
        self._standing: dict[str, _Standing] = {}
        self._indexes: dict[str, dict[str, dict[str, None]]] = {}
        """For each label that was asked for: keys of open rows by value."""
        self._asked: set[tuple[str, str]] = set()
        """Label values of which every open row is in `_standing`."""
        self._closed: list[Closed] = []
        self._passed: list[StoredRow] = []
        """Rows that were opened and closed since the last write."""
        self._opened: dict[str, StoredRow] = {}

    def get(self, key: str) -> Row | None:
        """Find the row that is current at this point."""
        standing = self._find(key)
        if standing.row is None and standing.stored is not None:
            standing.row = standing.stored.row(self._view)
        return standing.row

    def where(self, label: str, value: str) -> Sequence[Row]:
        """List the rows with a label value that are current at this point, in order of key."""
        if label not in self._indexes:
            index: dict[str, dict[str, None]] = {}
            place = self._view.labels.index(label)
            for key, standing in self._standing.items():
                if standing.stored is not None:
                    index.setdefault(standing.stored.labels[place], {})[key] = None
            self._indexes[label] = index
        if not self._complete and (label, value) not in self._asked:
            for found in self._tables.current_where(self._view, label, value):
                if found.key not in self._standing:
                    self._stand(found.key, _Standing(None, found, in_tables=True))
            self._asked.add((label, value))
        rows = [self.get(key) for key in sorted(self._indexes[label].get(value, ()))]
        return [row for row in rows if row is not None]

    def take(self, fact: Fact) -> str:
        """Apply the changes of one event, all or none; gives the error if the view failed on it."""
        try:
            changes = [
                (change.row.key, change.row, stored(self._view, change.row, fact.position))
                if isinstance(change, Put)
                else (change.key, None, None)
                for change in self._view.changes(fact, self)
            ]
        except Exception as error:  # noqa: BLE001 - whatever a view raises parks only this stream.
            return f"{type(error).__name__}: {error}"
        for key, row, stored_row in changes:
            before = None if self._view.appends else self._find(key).stored
            if before is not None:
                if stored_row is not None and stored_row.says_the_same(before):
                    continue
                self._close(before, fact.position)
            elif stored_row is None:
                continue
            self._stand(key, _Standing(row, stored_row, in_tables=False))
            if stored_row is not None:
                self._opened[key] = stored_row
        return ""

    def changes(self) -> Written:
        """Tell what is to be written since the last write."""
        return Written(closed=self._closed, inserted=[*self._passed, *self._opened.values()])

    def written(self) -> None:
        """Take note that the changes are in the tables."""
        for key in self._opened:
            self._standing[key].in_tables = True
        self._closed, self._passed, self._opened = [], [], {}
        if len(self._standing) > ROWS_KEPT_MAX:
            self._standing, self._indexes, self._complete = {}, {}, False
            self._asked.clear()

    def _find(self, key: str) -> _Standing:
        standing = self._standing.get(key)
        if standing is None:
            found = None if self._complete else self._tables.current(self._view, key)
            standing = _Standing(None, found, in_tables=found is not None)
            self._stand(key, standing)
        return standing

    def _stand(self, key: str, standing: _Standing) -> None:
        before = self._standing.get(key)
        self._standing[key] = standing
        for label, index in self._indexes.items():
            place = self._view.labels.index(label)
            if before is not None and before.stored is not None:
                del index[before.stored.labels[place]][key]
            if standing.stored is not None:
                index.setdefault(standing.stored.labels[place], {})[key] = None

    def _close(self, before: StoredRow, position: int) -> None:
        if self._standing[before.key].in_tables:
            self._closed.append(Closed(before.key, before.position_from, position))
            return
        del self._opened[before.key]
        # A row of this very position is replaced without a trace: nobody can have read it.
        if before.position_from < position:
            assert before.position_to == OPEN
            self._passed.append(before._replace(position_to=position))
