"""The rows of one view while events are folded over them, kept in memory from batch to batch."""

from collections.abc import Iterable, Sequence
from typing import Final

from opsledger_projections.errors import ProjectionsError
from opsledger_projections.tables.port import (
    OPEN,
    Closed,
    Element,
    StoredRow,
    Tables,
    Written,
    element,
    stored,
)
from opsledger_projections.views.view import Fact, Put, Row, View

ROWS_KEPT_MAX: Final = 16_384
"""Rows of a view used last that are kept after a batch, and as many of those used before them."""


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
        """What was used since rows were last put aside."""
        self._aside: dict[str, _Standing] = {}
        """What was used before; the next time rows are put aside these are forgotten."""
        self._indexes: dict[str, dict[str, dict[str, None]]] = {}
        """For each label that was asked for: keys of open rows by value."""
        self._asked: set[tuple[str, str]] = set()
        """Label values of which every open row is known."""
        self._closed: list[Closed] = []
        self._passed: list[StoredRow] = []
        """Rows that were opened and closed since the last write."""
        self._opened: dict[str, StoredRow] = {}
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
        standing = self._find(key)
        if standing.row is None and standing.stored is not None:
            standing.row = standing.stored.row(self._view)
        return standing.row

    def where(self, label: str, value: str) -> Sequence[Row]:
        """List the rows with a label value that are current at this point, in order of key."""
        if not self._knows(label, value):
            self._look_up(label, [value])
        if label not in self._indexes:
            index: dict[str, dict[str, None]] = {}
            place = self._view.labels.index(label)
            for known in (self._standing, self._aside):
                for key, standing in known.items():
                    if standing.stored is not None:
                        index.setdefault(standing.stored.labels[place], {})[key] = None
            self._indexes[label] = index
        rows = [self.get(key) for key in sorted(self._indexes[label].get(value, ()))]
        return [row for row in rows if row is not None]

    def take(self, fact: Fact) -> str:
        """Apply the changes of one event, all or none; gives the error if the view failed on it.

        Raises:
            ProjectionsError: the tables could not be asked, which is no fault of the event.

        """
        view, position = self._view, fact.position
        try:
            changes = [
                (change.row.key, change.row, stored(view, change.row, position), change.grown)
                if isinstance(change, Put)
                else (change.key, None, None, None)
                for change in view.changes(fact, self)
            ]
        except ProjectionsError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a view raises parks only this stream.
            return f"{type(error).__name__}: {error}"
        for key, row, stored_row, grown in changes:
            before = None if view.appends else self._find(key).stored
            if before is not None:
                if stored_row is not None and not grown and stored_row.says_the_same(before):
                    continue
                self._close(before, position)
            elif stored_row is None:
                continue
            # Few rows that are only ever appended are looked at again: those are read back.
            kept = None if view.appends else row
            self._stand(key, _Standing(kept, stored_row, in_tables=False))
            if stored_row is not None:
                self._opened[key] = stored_row
            if grown:
                self._grown.extend(
                    element(key, position, name, value) for name, value in grown.items()
                )
        return ""

    def changes(self) -> Written:
        """Tell what is to be written since the last write."""
        return Written(
            closed=self._closed,
            inserted=[*self._passed, *self._opened.values()],
            grown=self._grown,
        )

    def written(self) -> None:
        """Take note that the changes are in the tables."""
        for key in self._opened:
            self._standing[key].in_tables = True
        self._closed, self._passed, self._opened, self._grown = [], [], {}, []
        if len(self._standing) > ROWS_KEPT_MAX:
            if self._aside:
                self._complete = False
                self._indexes = {}
                self._asked.clear()
            self._aside, self._standing = self._standing, {}
            for standing in self._aside.values():
                # The stored form takes a fraction of the memory and can be read again.
                standing.row = None

    def _knows(self, label: str, value: str) -> bool:
        if self._complete:
            return True
        if label:
            return (label, value) in self._asked
        return value in self._standing or value in self._aside

    def _look_up(self, label: str, values: Sequence[str]) -> None:
        found = self._tables.open_rows(self._view, label, values)
        for row in found:
            if row.key not in self._standing and row.key not in self._aside:
                self._stand(row.key, _Standing(None, row, in_tables=True))
        if label:
            self._asked.update((label, value) for value in values)
            return
        for key in set(values).difference(row.key for row in found):
            self._stand(key, _Standing(None, None, in_tables=False))

    def _find(self, key: str) -> _Standing:
        standing = self._standing.get(key)
        if standing is not None:
            return standing
        if key in self._aside:
            standing = self._standing[key] = self._aside.pop(key)
            return standing
        if self._complete:
            standing = self._standing[key] = _Standing(None, None, in_tables=False)
            return standing
        self._look_up("", [key])
        return self._standing[key]

    def _stand(self, key: str, standing: _Standing) -> None:
        if self._indexes:
            self._index(key, standing)
        self._standing[key] = standing

    def _index(self, key: str, standing: _Standing) -> None:
        before = self._standing.get(key)
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
