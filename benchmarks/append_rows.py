"""What the database can do with the same rows: entries, answers and the head, and nothing else.

The rows are made before anything is timed. Nothing is hashed, looked up or guarded; an index over
stream and version, which every plain event table has, stands where the ledger keeps the ends of its
streams. The head is one row that each transaction moves forward.

As many commands go into one transaction as there are clients, which is the limit of every group
commit; with one client it is the limit of one commit a command.
"""

import sqlite3
from typing import Any, Final

import psycopg
from benchmarks.answers import SCOPE, answer_of, fingerprint_of, key_of
from benchmarks.mix import RECORDED_AT, Command
from benchmarks.places import Place

from opsledger_contracts.evidence.merkle import HASH_BYTES, SIZE_BYTES, leaf_hash
from opsledger_ledger.recording.postgres_arrays import Bigints, Bytes, Texts, register

_Row = tuple[Any, ...]

_ENTRIES: Final = (
    "CREATE TABLE entries (position {integer} PRIMARY KEY, stream TEXT NOT NULL, "
    "version {integer} NOT NULL, type TEXT NOT NULL, leaf {bytes} NOT NULL, "
    "entry {bytes} NOT NULL, UNIQUE (stream, version))"
)
_ANSWERS: Final = (
    "CREATE TABLE answers (scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint {bytes} NOT NULL, "
    "answer {bytes} NOT NULL, PRIMARY KEY (scope, key))"
)

_HEAD: Final = (
    "CREATE TABLE head (id INTEGER PRIMARY KEY, position {integer} NOT NULL, "
    "recorded_at TEXT NOT NULL, frontier {bytes} NOT NULL)"
)
_NO_HEAD: Final[_Row] = (0, "", b"")


def _head(entries: list[_Row]) -> _Row:
    """Make a head after some entries, with a frontier of the length that it has then."""
    position = entries[-1][0]
    return position, RECORDED_AT, bytes(SIZE_BYTES + HASH_BYTES * position.bit_count())


def _rows(commands: list[Command], position: int) -> list[tuple[list[_Row], _Row]]:
    """Make each command's rows, before anything is timed."""
    made = []
    for command in commands:
        leaves = [leaf_hash(event.entry) for event in command]
        entries: list[_Row] = [
            (position + place, event.stream, event.version, event.type, leaf, event.entry)
            for place, (event, leaf) in enumerate(zip(command, leaves, strict=True), 1)
        ]
        answer = answer_of(command, position)
        made.append((entries, (SCOPE, key_of(command), fingerprint_of(command), answer)))
        position += len(command)
    return made


class SqliteRows:
    """Rows in a file of SQLite, `synchronous=FULL` on a write-ahead log."""

    def __init__(self, place: Place) -> None:
        self._connection = sqlite3.connect(place.folder / "rows.db", isolation_level=None)
        execute = self._connection.execute
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute(_ENTRIES.format(integer="INTEGER", bytes="BLOB") + " STRICT")
        execute(_ANSWERS.format(bytes="BLOB") + " STRICT, WITHOUT ROWID")
        execute(_HEAD.format(integer="INTEGER", bytes="BLOB") + " STRICT")
        execute("INSERT INTO head VALUES (1, ?, ?, ?)", _NO_HEAD)

    def last(self) -> int:
        """Tell the last position."""
        found = self._connection.execute("SELECT coalesce(max(position), 0) FROM entries")
        position: int = found.fetchone()[0]
        return position

    def write(self, entries: list[_Row], answers: list[_Row], head: _Row) -> None:
        """Insert rows in one transaction."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", entries)
        connection.executemany("INSERT INTO answers VALUES (?, ?, ?, ?)", answers)
        connection.execute("UPDATE head SET position = ?, recorded_at = ?, frontier = ?", head)
        connection.execute("COMMIT")


class PostgresRows:
    """Rows in a database of PostgreSQL, sent as binary arrays, `synchronous_commit=on`."""

    def __init__(self, place: Place) -> None:
        self._connection: psycopg.Connection[tuple[object, ...]]
        self._connection = psycopg.connect(place.url, autocommit=True)
        register(self._connection)
        self._connection.execute(_ENTRIES.format(integer="BIGINT", bytes="BYTEA").encode())
        self._connection.execute(_ANSWERS.format(bytes="BYTEA").encode())
        self._connection.execute(_HEAD.format(integer="BIGINT", bytes="BYTEA").encode())
        self._connection.execute("INSERT INTO head VALUES (1, %s, %s, %s)", _NO_HEAD)

    def last(self) -> int:
        """Tell the last position."""
        found = self._connection.execute("SELECT coalesce(max(position), 0) FROM entries")
        row = found.fetchone()
        assert row is not None
        position = row[0]
        assert isinstance(position, int)
        return position

    def write(self, entries: list[_Row], answers: list[_Row], head: _Row) -> None:
        """Insert rows in one transaction and one round trip."""
        position, stream, version, kind, leaf, entry = zip(*entries, strict=True)
        scope, key, fingerprint, answer = zip(*answers, strict=True)
        execute = self._connection.execute
        with self._connection.pipeline(), self._connection.transaction():
            execute(
                "INSERT INTO entries SELECT * FROM unnest(%b, %b, %b, %b, %b, %b)",
                (
                    *(Bigints(position), Texts(stream), Bigints(version)),
                    *(Texts(kind), Bytes(leaf), Bytes(entry)),
                ),
            )
            execute(
                "INSERT INTO answers SELECT * FROM unnest(%b, %b, %b, %b)",
                (Texts(scope), Texts(key), Bytes(fingerprint), Bytes(answer)),
            )
            execute("UPDATE head SET position = %b, recorded_at = %b, frontier = %b", head)


class Grouped:
    """Writes rows in groups."""

    def __init__(self, rows: SqliteRows | PostgresRows) -> None:
        self._rows = rows
        self._groups: list[tuple[list[_Row], list[_Row], _Row]] = []

    def prepare(self, commands: list[Command], clients: int) -> None:
        """Make the rows, hashes included."""
        made = _rows(commands, self._rows.last())
        groups = (made[first : first + clients] for first in range(0, len(made), clients))
        self._groups = []
        for group in groups:
            entries = [row for rows, _ in group for row in rows]
            answers = [answer for _, answer in group]
            self._groups.append((entries, answers, _head(entries)))

    def run(self) -> None:
        """Write one group after the other."""
        for entries, answers, head in self._groups:
            self._rows.write(entries, answers, head)


def open_rows(place: Place, _events: int) -> Grouped:
    """Open plain rows at a place."""
    return Grouped(SqliteRows(place) if place.directory else PostgresRows(place))
