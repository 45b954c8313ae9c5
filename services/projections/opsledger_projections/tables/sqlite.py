"""Temporal tables on SQLite: one table per view in one file, written by one connection.

The tables can always be rebuilt from the feed, so they are written with `synchronous=NORMAL`: a
power cut may lose the last batches, never tear one, and the position goes back with them.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from opsledger_contracts.evidence.merkle import Frontier
from opsledger_projections.errors import TablesUnwritable
from opsledger_projections.tables.port import (
    OPEN,
    Parked,
    Progress,
    Selection,
    StoredRow,
    Written,
)
from opsledger_projections.views.view import View

BUSY_TIMEOUT_MS: Final = 5_000
WRITER_CACHE_KIB: Final = 65_536
"""Pages of the indexes that stay in memory while rows arrive in no order of their labels."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL, recorded_at TEXT NOT NULL, frontier BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS instants (
    recorded_at TEXT PRIMARY KEY, position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parked (
    view TEXT NOT NULL, stream TEXT NOT NULL, position INTEGER NOT NULL,
    error TEXT NOT NULL, code_version TEXT NOT NULL, PRIMARY KEY (view, stream)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS view_versions (
    view TEXT PRIMARY KEY, version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


class SqliteTables:
    """The tables of the given views in the file at `path`.

    Reads may come from any thread, each on a connection that nobody else uses meanwhile; writes
    come from one thread at a time, the projector's.
    """

    def __init__(self, path: Path, views: Sequence[View]) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._writer = self._connect()
        self._writer.execute(f"PRAGMA cache_size=-{WRITER_CACHE_KIB}")
        self._writer.executescript(_SCHEMA)
        made = dict(self._writer.execute("SELECT view, version FROM view_versions"))
        versions = {view.name: view.version for view in views}
        self.stale = sorted(
            name for name in {*made, *versions} if made and made.get(name) != versions.get(name)
        )
        """Views that are not, or not in this version, what the tables were made for."""
        if not made:
            with self._transaction():
                for view in views:
                    self._create(view)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        try:
            reader = self._idle.pop()
        except IndexError:
            reader = self._connect()
            reader.execute("PRAGMA query_only=ON")
        try:
            yield reader
        finally:
            self._idle.append(reader)

    def _create(self, view: View) -> None:
        labels = "".join(f", label_{label} TEXT NOT NULL" for label in view.labels)
        self._writer.execute(
            f"CREATE TABLE view_{view.name} ("
            "key TEXT NOT NULL, position_from INTEGER NOT NULL, position_to INTEGER NOT NULL, "
            "valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, "
            f"body BLOB NOT NULL{labels}) STRICT"
        )
        self._writer.execute(
            f"CREATE UNIQUE INDEX view_{view.name}_key ON view_{view.name} (key, position_from)"
        )
        for label in view.indexed:
            self._writer.execute(
                f"CREATE INDEX view_{view.name}_{label} "
                f"ON view_{view.name} (label_{label}, key, position_from)"
            )
        self._writer.execute("INSERT INTO view_versions VALUES (?, ?)", (view.name, view.version))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            yield self._writer
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise TablesUnwritable(str(error)) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # Some errors have rolled the transaction back already.
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def progress(self) -> Progress:
        """Tell how far the tables have come; position 0 when empty."""
        with self._reader() as reader:
            found = reader.execute(
                "SELECT position, recorded_at, frontier FROM progress"
            ).fetchone()
        if found is None:
            return Progress(position=0, recorded_at="", frontier=Frontier().to_bytes())
        return Progress(position=found[0], recorded_at=found[1], frontier=found[2])

    def current(self, view: View, key: str) -> StoredRow | None:
        """Find the open row under a key."""
        return self._one(self._writer, view, key, OPEN - 1)

    def current_where(self, view: View, label: str, value: str) -> Sequence[StoredRow]:
        """List the open rows with a label value, in order of key."""
        found = self._writer.execute(
            f"SELECT {_columns(view)} FROM view_{view.name} "
            f"WHERE label_{label} = ? AND position_to = ? ORDER BY key",
            (value, OPEN),
        )
        return [_row(columns) for columns in found]

    def write(
        self,
        progress: Progress,
        instants: Mapping[str, int],
        written: Mapping[View, Written],
        parked: Sequence[Parked],
    ) -> None:
        """Write the changes of one batch and the new position in one transaction."""
        with self._transaction() as connection:
            for view, changes in written.items():
                connection.executemany(
                    f"UPDATE view_{view.name} SET position_to = ?3 "
                    "WHERE key = ?1 AND position_from = ?2",
                    changes.closed,
                )
                marks = ", ".join("?" * (6 + len(view.labels)))
                connection.executemany(
                    f"INSERT INTO view_{view.name} ({_columns(view)}) VALUES ({marks})",
                    [(*row[:6], *row.labels) for row in changes.inserted],
                )
            connection.executemany(
                "INSERT INTO instants (recorded_at, position) VALUES (?, ?) "
                "ON CONFLICT (recorded_at) DO UPDATE SET position = excluded.position",
                instants.items(),
            )
            connection.executemany(
                "INSERT INTO parked VALUES (?, ?, ?, ?, ?)",
                [
                    (row.view, row.stream, row.position, row.error, row.code_version)
                    for row in parked
                ],
            )
            connection.execute(
                "INSERT INTO progress VALUES (1, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET "
                "position = excluded.position, recorded_at = excluded.recorded_at, "
                "frontier = excluded.frontier",
                (progress.position, progress.recorded_at, progress.frontier),
            )

    def parked(self) -> Sequence[Parked]:
        """List the streams that views stopped following."""
        with self._reader() as reader:
            found = reader.execute(
                "SELECT view, stream, position, error, code_version FROM parked "
                "ORDER BY view, stream"
            ).fetchall()
        return [
            Parked(view=view, stream=stream, position=position, error=error, code_version=version)
            for view, stream, position, error, version in found
        ]

    def position_at(self, instant: str) -> int:
        """Tell the last position recorded at or before an instant, 0 if none."""
        with self._reader() as reader:
            found = reader.execute(
                "SELECT position FROM instants WHERE recorded_at <= ? "
                "ORDER BY recorded_at DESC LIMIT 1",
                (instant,),
            ).fetchone()
        return 0 if found is None else int(found[0])

    def read(self, view: View, key: str, position: int) -> StoredRow | None:
        """Find the row that stood under a key as of a position."""
        with self._reader() as reader:
            found = self._one(reader, view, key, position)
        return found and _as_of(found, position)

    def _one(
        self, connection: sqlite3.Connection, view: View, key: str, position: int
    ) -> StoredRow | None:
        found = connection.execute(
            f"SELECT {_columns(view)} FROM view_{view.name} "
            "WHERE key = ? AND position_from <= ? ORDER BY position_from DESC LIMIT 1",
            (key, position),
        ).fetchone()
        return None if found is None or found[2] <= position else _row(found)

    def select(self, view: View, selection: Selection) -> Sequence[StoredRow]:
        """List rows that stood as of a position, at most `limit`, in order of key."""
        conditions = ["position_from <= ?", "position_to > ?", "key > ?"]
        values: list[Any] = [selection.position, selection.position, selection.after]
        for label, value in (selection.labels or {}).items():
            conditions.append(f"label_{label} = ?")
            values.append(value)
        if selection.prefix:
            # Keys are ASCII: each key with the prefix sorts before the prefix and this character.
            conditions.append("key >= ? AND key < ?")
            values += [selection.prefix, selection.prefix + "\x7f"]
        if selection.valid_at:
            conditions.append("valid_from <= ? AND (valid_to = '' OR valid_to > ?)")
            values += [selection.valid_at, selection.valid_at]
        with self._reader() as reader:
            found = reader.execute(
                f"SELECT {_columns(view)} FROM view_{view.name} "
                f"WHERE {' AND '.join(conditions)} ORDER BY key LIMIT ?",
                (*values, selection.limit),
            )
            return [_as_of(_row(columns), selection.position) for columns in found]

    def history(self, view: View, key: str, position: int) -> Sequence[StoredRow]:
        """List every row that ever stood under a key as of a position, oldest first."""
        with self._reader() as reader:
            found = reader.execute(
                f"SELECT {_columns(view)} FROM view_{view.name} "
                "WHERE key = ? AND position_from <= ? ORDER BY position_from",
                (key, position),
            )
            return [_as_of(_row(columns), position) for columns in found]

    def every(self, view: View, position: int) -> Iterator[StoredRow]:
        """Iterate all rows as of a position, open and closed, in order of key and position."""
        with self._reader() as reader:
            found = reader.execute(
                f"SELECT {_columns(view)} FROM view_{view.name} "
                "WHERE position_from <= ? ORDER BY key, position_from",
                (position,),
            )
            for columns in found:
                yield _as_of(_row(columns), position)

    def close(self) -> None:
        """Release the database; no read may be under way."""
        while self._idle:
            self._idle.pop().close()
        self._writer.close()


def _columns(view: View) -> str:
    labels = "".join(f", label_{label}" for label in view.labels)
    return f"key, position_from, position_to, valid_from, valid_to, body{labels}"


def _row(columns: tuple[Any, ...]) -> StoredRow:
    key, position_from, position_to, valid_from, valid_to, body, *labels = columns
    return StoredRow(key, position_from, position_to, valid_from, valid_to, body, tuple(labels))


def _as_of(row: StoredRow, position: int) -> StoredRow:
    return row if row.position_to <= position else row._replace(position_to=OPEN)
