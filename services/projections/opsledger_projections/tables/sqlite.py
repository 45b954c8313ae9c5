"""Temporal tables on SQLite: one table per view in one file, written by one connection.

The tables can always be rebuilt from the feed, so they are written with `synchronous=NORMAL`: a
power cut may lose the last batches, never tear one, and the position goes back with them.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final

import orjson

from opsledger_projections.errors import TablesUnwritable
from opsledger_projections.tables.port import (
    BODY,
    Element,
    Grown,
    Opening,
    Parked,
    Progress,
    Selection,
    StoredRow,
    Values,
    Written,
)
from opsledger_projections.tables.rows import (
    LAYOUT,
    columns,
    conditions,
    each_with_lists,
    entries_of,
    from_columns,
    grown_by_key,
    indexing,
    joined,
    keeps_instants,
    labelled,
    least,
    past,
    require_at,
    selected,
    stale,
    with_lists,
)
from opsledger_projections.views.view import View

BUSY_TIMEOUT_MS: Final = 30_000
"""Longest wait for another process that writes a part of the same tables."""
WRITER_CACHE_KIB: Final = 65_536
"""Pages of the indexes that stay in memory while rows arrive in no order of their labels."""

PAGE_BYTES: Final = 16_384
"""Rows come one after the other, so that large pages are written with fewer checks and copies."""
READER_CACHE_KIB: Final = 8_192
"""The upper pages of the indexes of millions of rows; a larger cache made reads slower again."""

CHECKPOINT_PAGES: Final = 4_096
"""Pages of the log after which they are copied into the file: a page of an index changes often."""
ROWS_OF_STATEMENT: Final = 512
INDEX_THREADS: Final = 2
"""Threads that may help to sort what an index is built of."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS progress (
    part TEXT PRIMARY KEY,
    position INTEGER NOT NULL, recorded_at TEXT NOT NULL, frontier BLOB NOT NULL
) STRICT, WITHOUT ROWID;
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

    def __init__(self, path: Path, views: Sequence[View], part: str = "") -> None:
        self.path = path
        self._part = part
        self._views = views
        self._entries = entries_of(views)
        self._ready: set[tuple[str, str]] = set()
        """Labels of views by which folding looks up rows, and which have an index."""
        self._idle: list[sqlite3.Connection] = []
        self._writer = self._connect()
        self._writer.execute(f"PRAGMA threads={INDEX_THREADS}")
        self._writer.execute(f"PRAGMA cache_size=-{WRITER_CACHE_KIB}")
        self._writer.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        self._writer.executescript(_SCHEMA)
        made = dict(self._writer.execute("SELECT view, version FROM view_versions"))
        (layout,) = self._writer.execute("PRAGMA user_version").fetchone()
        self.stale = stale(made, layout, views)
        """Views that are not, or not in this version, what the tables were made for."""
        if not made:
            with self._transaction():
                for view in views:
                    self._create(view)
                self._writer.execute(f"PRAGMA user_version={LAYOUT}")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
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
            reader.execute(f"PRAGMA cache_size=-{READER_CACHE_KIB}")
        try:
            yield reader
        finally:
            self._idle.append(reader)

    def _create(self, view: View) -> None:
        labels = "".join(f", label_{label} TEXT NOT NULL" for label in view.labels)
        if view.appends:
            fixed = "key TEXT, position_from INTEGER PRIMARY KEY"
        else:
            fixed = "key TEXT NOT NULL, position_from INTEGER NOT NULL"
        fixed += ", valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, body BLOB"
        self._writer.execute(f"CREATE TABLE view_{view.name} ({fixed}{labels}) STRICT")
        if view.lists:
            self._writer.execute(
                f"CREATE TABLE elements_{view.name} ("
                "key TEXT NOT NULL, position INTEGER NOT NULL, list TEXT NOT NULL) STRICT"
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
        return least(self._progress(), self._part)

    def parts(self) -> Mapping[str, Progress]:
        """Tell how far each part has come."""
        return {part: progress for part, progress in self._progress().items() if part}

    def _progress(self) -> dict[str, Progress]:
        with self._reader() as reader:
            found = reader.execute(
                "SELECT part, position, recorded_at, frontier FROM progress ORDER BY part"
            ).fetchall()
        return {
            part: Progress(position=position, recorded_at=recorded_at, frontier=frontier)
            for part, position, recorded_at, frontier in found
        }

    def join(self) -> None:
        """Let the tables stand where all of their parts stand."""
        progress = joined(self.parts())
        with self._transaction() as connection:
            connection.execute("DELETE FROM progress")
            self._write_progress(connection, progress)

    def opening(self) -> Opening:
        """Give what opens these tables in another process."""
        return partial(SqliteTables, self.path)

    def open_rows(self, view: View, label: str, values: Sequence[str]) -> Sequence[Values]:
        """List the rows that stand with one of these label values or keys."""
        try:
            for needed in {"", label}:
                if (view.name, needed) not in self._ready:
                    self._writer.execute(indexing(view, needed))
                    self._ready.add((view.name, needed))
            given = orjson.dumps(values).decode()
            if label:
                found = self._writer.execute(
                    f"SELECT {selected(view)} FROM view_{view.name} AS row "
                    f"WHERE {labelled(label, 'IN (SELECT value FROM json_each(?))')} "
                    f"AND body IS NOT NULL AND NOT EXISTS (SELECT 1 FROM view_{view.name} AS later "
                    "WHERE later.key = row.key AND later.position_from > row.position_from)",
                    (given,),
                )
                return found.fetchall()
            found = self._writer.execute(
                f"SELECT {selected(view)} FROM json_each(?) AS asked "
                f"CROSS JOIN view_{view.name} AS row ON row.rowid = "
                f"(SELECT rowid FROM view_{view.name} WHERE key = asked.value "
                "ORDER BY position_from DESC LIMIT 1)",
                (given,),
            )
            return [row for row in found if row[BODY] is not None]
        except sqlite3.Error as error:
            raise TablesUnwritable(str(error)) from error

    def write(
        self,
        after: int,
        progress: Progress,
        instants: Mapping[str, int],
        written: Mapping[View, Written],
        parked: Sequence[Parked],
    ) -> None:
        """Write the changes of one batch and the new position in one transaction."""
        with self._transaction() as connection:
            found = connection.execute(
                "SELECT position FROM progress WHERE part = ?", (self._part,)
            ).fetchone()
            require_at(after, found)
            for view, changes in written.items():
                _insert(connection, f"view_{view.name}", columns(view), changes.inserted)
                if changes.grown:
                    _insert(connection, f"elements_{view.name}", Element._fields, changes.grown)
            if keeps_instants(self._part):
                self._write_instants(connection, instants)
            connection.executemany(
                # Every part meets an event that nobody can read.
                "INSERT OR IGNORE INTO parked VALUES (?, ?, ?, ?, ?)",
                [
                    (row.view, row.stream, row.position, row.error, row.code_version)
                    for row in parked
                ],
            )
            self._write_progress(connection, progress)

    def _write_instants(self, connection: sqlite3.Connection, instants: Mapping[str, int]) -> None:
        connection.executemany(
            "INSERT INTO instants (recorded_at, position) VALUES (?, ?) "
            "ON CONFLICT (recorded_at) DO UPDATE SET position = excluded.position",
            instants.items(),
        )

    def _write_progress(self, connection: sqlite3.Connection, progress: Progress) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?)",
            (self._part, progress.position, progress.recorded_at, progress.frontier),
        )

    def index(self) -> None:
        """Build all indexes that are not there yet."""
        with self._transaction():
            for view in self._views:
                for label in ("", *view.indexed):
                    self._writer.execute(indexing(view, label))
                if view.lists:
                    self._writer.execute(
                        f"CREATE UNIQUE INDEX IF NOT EXISTS elements_{view.name}_key "
                        f"ON elements_{view.name} (key, position, list)"
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
            found = reader.execute(
                f"SELECT {selected(view)} FROM view_{view.name} AS row "
                "WHERE key = ? AND position_from <= ? ORDER BY position_from DESC LIMIT 1",
                (key, position),
            ).fetchone()
            if found is None or found[BODY] is None:
                return None
            return self._whole(reader, view, [found], position)[0]

    def select(self, view: View, selection: Selection) -> Sequence[StoredRow]:
        """List rows that stood as of a position, at most `limit`, in order of key."""
        condition, asked = conditions(view, selection, "?")
        with self._reader() as reader:
            found = reader.execute(
                f"SELECT {selected(view)} FROM view_{view.name} AS row "
                f"WHERE {condition} ORDER BY row.key LIMIT ?",
                (*asked, selection.limit),
            ).fetchall()
            return self._whole(reader, view, found, selection.position)

    def history(self, view: View, key: str, position: int) -> Sequence[StoredRow]:
        """List every row that ever stood under a key as of a position, oldest first."""
        with self._reader() as reader:
            found = reader.execute(
                f"SELECT {selected(view)} FROM view_{view.name} AS row "
                "WHERE key = ? AND position_from <= ? ORDER BY position_from",
                (key, position),
            )
            rows = list(past(found))
            return list(each_with_lists(rows, self._grown(reader, view, [key], position)))

    def _whole(
        self, reader: sqlite3.Connection, view: View, found: Iterable[Values], position: int
    ) -> list[StoredRow]:
        """Give rows that stood at a position, with their grown lists."""
        rows = [from_columns(row) for row in found]
        if not view.lists or not rows:
            return rows
        grown = grown_by_key(self._grown(reader, view, [row.key for row in rows], position))
        return [with_lists(row, grown.get(row.key, ())) for row in rows]

    def _grown(
        self, reader: sqlite3.Connection, view: View, keys: Sequence[str], position: int
    ) -> list[Grown]:
        """List the elements of rows as of a position with their entries, by key and position."""
        if not view.lists:
            return []
        assert self._entries is not None
        found = reader.execute(
            "SELECT grown.key, grown.position, grown.list, row.body "
            f"FROM elements_{view.name} AS grown "
            f"CROSS JOIN view_{self._entries.name} AS row ON row.position_from = grown.position "
            "WHERE grown.key IN (SELECT value FROM json_each(?)) AND grown.position <= ? "
            "ORDER BY grown.key, grown.position",
            (orjson.dumps(keys).decode(), position),
        )
        return [*map(Grown._make, found)]

    def every(self, view: View, position: int) -> Iterator[Values]:
        """Iterate all rows up to a position as they are stored, in order of key and position."""
        order = "position_from" if view.appends else "key, position_from"
        with self._reader() as reader:
            yield from reader.execute(
                f"SELECT {selected(view)} FROM view_{view.name} AS row "
                f"WHERE position_from <= ? ORDER BY {order}",
                (position,),
            )

    def elements(self, view: View, position: int) -> Iterator[Element]:
        """Iterate the elements of grown lists as of a position, by key, position and list."""
        if not view.lists:
            return
        with self._reader() as reader:
            found = reader.execute(
                f"SELECT key, position, list FROM elements_{view.name} "
                "WHERE position <= ? ORDER BY key, position, list",
                (position,),
            )
            yield from map(Element._make, found)

    def close(self) -> None:
        """Release the database; no read may be under way."""
        while self._idle:
            self._idle.pop().close()
        self._writer.close()


def _insert(
    connection: sqlite3.Connection,
    table: str,
    names: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Insert rows, many in a statement: the interpreter can do other things for as long.

    Statements have powers of two of rows, so that few of them are ever compiled.
    """
    into = f"INSERT INTO {table} ({', '.join(names)}) VALUES"
    marks = f"({', '.join('?' * len(names))})"
    first = 0
    while left := len(rows) - first:
        count = min(ROWS_OF_STATEMENT, 1 << (left.bit_length() - 1))
        statement = f"{into} {', '.join([marks] * count)}"
        connection.execute(statement, [*chain.from_iterable(rows[first : first + count])])
        first += count
