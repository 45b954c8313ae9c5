"""The library's application recorder on the ledger's tables."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_ledger.recording.batch import Row, Tile
from opsledger_ledger.recording.connections import LedgerDatastore
from opsledger_ledger.recording.log import Head, LogDamaged
from opsledger_ledger.recording.schema import migrate
from opsledger_ledger.recording.sqlite_inserts import blob, insert

# The join is in the order in which it is written, so that each stream is found by its name.
_SELECT_ENDS: Final = (
    "SELECT stream, position FROM json_each(?) AS asked CROSS JOIN streams ON stream = asked.value"
)

_SELECT_EVENTS: Final = (
    "WITH RECURSIVE chain (position) AS ("
    "SELECT position FROM streams WHERE stream = ?1 "
    "UNION ALL SELECT previous FROM chain JOIN entries USING (position) WHERE previous > 0) "
    "SELECT stored_events.* FROM chain CROSS JOIN stored_events "
    "ON stored_events.rowid = chain.position WHERE originator_id = ?1 "
)


class LedgerRecorder(SQLiteApplicationRecorder):
    """Records events with positions from the head row, folding the tree in the same commit.

    What it inherits reads through the view ``stored_events``; what it adds is how rows get
    in. The log's batches write through ``write`` too, so there is one way in.
    """

    datastore: LedgerDatastore

    def __init__(self, datastore: LedgerDatastore) -> None:
        super().__init__(datastore, events_table_name="stored_events")
        self.select_events_statement = _SELECT_EVENTS

    def construct_create_table_statements(self) -> list[str]:
        """Return nothing: the layout comes from numbered migrations."""
        return []

    def _create_table(self, c: SQLiteCursor) -> None:
        migrate(c.sqlite_cursor)

    def head(self, cursor: sqlite3.Cursor) -> Head:
        """Return the head that a cursor's transaction sees.

        Raises:
            LogDamaged: there is none, or it cannot be a head.
        """
        row = cursor.execute("SELECT position, recorded_at, frontier FROM head").fetchone()
        match row:
            case (int(position), str(recorded_at), bytes(frontier)):
                return Head(position, recorded_at, frontier)
            case _:
                raise LogDamaged("the head's row is missing or has the wrong types")

    def write(
        self,
        cursor: sqlite3.Cursor,
        rows: Sequence[Row],
        tiles: Sequence[Tile],
        head: Head,
    ) -> None:
        """Insert the rows and tile hashes that lead to a head, and that head.

        Raises:
            sqlite3.IntegrityError: a row does not continue the log or its stream.
        """
        insert(cursor, "entries", _chained(cursor, rows))
        insert(cursor, "tiles", tiles)
        cursor.execute(
            "UPDATE head SET position = ?, recorded_at = ?, frontier = ?",
            (head.position, head.recorded_at, head.frontier),
        )

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        **_: Any,
    ) -> Sequence[int] | None:
        cursor = c.sqlite_cursor
        head = self.head(cursor)
        positions = range(head.position + 1, head.position + 1 + len(stored_events))
        rows = [
            (
                position,
                str(event.originator_id),
                event.originator_version,
                event.topic,
                leaf_hash(event.state),
                event.state,
            )
            for position, event in zip(positions, stored_events, strict=True)
        ]
        if rows:
            frontier = Frontier.from_bytes(head.frontier)
            tiles = frontier.extend([row[4] for row in rows])
            new_head = Head(frontier.size, head.recorded_at, frontier.to_bytes())
            self.write(cursor, rows, tiles, new_head)
        return list(positions)


def _chained(cursor: sqlite3.Cursor, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Return the rows with the position of the entry before each in its stream."""
    begun = list({row[1] for row in rows if row[2] > 1})
    last: dict[str, int] = {}
    if begun:
        asked = msgspec.json.encode(begun).decode()
        last.update(cursor.execute(_SELECT_ENDS, (asked,)))
    chained: list[tuple[Any, ...]] = []
    for position, stream, version, kind, leaf, entry in rows:
        previous = last.get(stream, 0)
        chained.append((position, stream, version, previous, kind, blob(leaf), blob(entry)))
        last[stream] = position
    return chained
