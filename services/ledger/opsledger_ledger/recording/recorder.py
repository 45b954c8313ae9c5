"""The library's application recorder on the ledger's tables."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_ledger.recording.batch import Place, Row, Tile
from opsledger_ledger.recording.connections import LedgerDatastore
from opsledger_ledger.recording.log import Head, LogDamaged, StoredAnswer
from opsledger_ledger.recording.schema import migrate

# What is refused ends the transaction: nothing of a batch may stay then, and SQLite need not keep
# copies of pages for taking back one statement. The entry before in the stream is looked up here,
# not before: an earlier row of the same batch can be it.
_INSERT_ENTRY: Final = (
    "INSERT OR ROLLBACK INTO entries VALUES (?1, ?2, ?3, "
    "coalesce((SELECT position FROM streams WHERE stream = ?2), 0), ?4, ?5, ?6)"
)
_INSERT_TILE: Final = "INSERT OR ROLLBACK INTO tiles VALUES (?, ?, ?)"
_INSERT_ANSWER: Final = "INSERT OR ROLLBACK INTO answers VALUES (?, ?, ?, ?)"

_blob: Final = bytearray
"""Bytes in the form that the driver binds at once.

For each value of `bytes` it first looks for somebody who would adapt it, and makes and drops an
exception when there is nobody: 2,500 instructions, a copy of an entry takes 300.
"""

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
        if row is None or [*map(type, row)] != [int, str, bytes]:
            raise LogDamaged("the head's row is missing or has the wrong types")
        return Head(*row)

    def write(
        self,
        cursor: sqlite3.Cursor,
        rows: Sequence[Row],
        tiles: Sequence[Tile],
        head: Head,
    ) -> None:
        """Insert the rows and tile hashes that lead to a head, and that head.

        Raises:
            sqlite3.IntegrityError: a row does not continue the log or its stream; the transaction
                is over.
        """
        cursor.executemany(
            _INSERT_ENTRY,
            [
                (position, stream, version, kind, _blob(leaf), _blob(entry))
                for position, stream, version, kind, leaf, entry in rows
            ],
        )
        if tiles:
            cursor.executemany(_INSERT_TILE, tiles)
        cursor.execute(
            "UPDATE head SET position = ?, recorded_at = ?, frontier = ?",
            (head.position, head.recorded_at, head.frontier),
        )

    def write_answers(
        self, cursor: sqlite3.Cursor, answers: Iterable[tuple[Place, StoredAnswer]]
    ) -> None:
        """Insert answers by scope and key.

        Raises:
            sqlite3.IntegrityError: a key is answered already; the transaction is over.
        """
        cursor.executemany(
            _INSERT_ANSWER,
            [
                (scope, key, _blob(stored.fingerprint), _blob(stored.answer))
                for (scope, key), stored in answers
            ],
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
