"""Temporal tables on PostgreSQL: one schema for each set of tables, written by one process.

The tables can always be rebuilt from the feed, so they are written with `synchronous_commit=off`: a
crash of the server may lose the last batches, never tear one, and the position goes back with them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from threading import RLock
from typing import Any, Final

import psycopg

from opsledger_projections.errors import TablesInUse, TablesUnwritable
from opsledger_projections.tables.port import (
    NOTHING,
    OPEN,
    Closed,
    Element,
    Opening,
    Parked,
    Progress,
    Selection,
    StoredRow,
    Written,
)
from opsledger_projections.tables.postgres_connections import Connection, PostgresConnections
from opsledger_projections.tables.rows import (
    LAYOUT,
    as_of,
    columns,
    conditions,
    from_columns,
    joined,
    keeps_instants,
    require_at,
    stale,
    values,
    whole,
)
from opsledger_projections.views.view import View

EVERY_ROWS: Final = 5_000
"""Rows that are fetched at once where all are iterated."""
LAYOUT_ENTRY: Final = "*"
"""Stands for a view where the version is that of the layout."""

_TABLES: Final = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.progress (
    part text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL, recorded_at text NOT NULL, frontier bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.instants (
    recorded_at text COLLATE "C" PRIMARY KEY, position bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.parked (
    view text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL, position bigint NOT NULL,
    error text NOT NULL, code_version text NOT NULL, PRIMARY KEY (view, stream)
);
CREATE TABLE IF NOT EXISTS {schema}.view_versions (
    view text COLLATE "C" PRIMARY KEY, version integer NOT NULL
);
"""
_COPIED: Final = ("text", "bigint", "bigint", "text", "text", "bytea")
_ELEMENT_COPIED: Final = ("text", "bigint", "text", "bytea")


class PostgresTables:
    """The tables of the given views in a schema, which is made if it is not there.

    Reads may come from any thread; writes come from one thread at a time, the projector's. As long
    as they are open no other process can write them.

    Raises:
        TablesInUse: another process has them open.
        TablesUnwritable: the database is not there, or does not let us make the tables.

    """

    def __init__(self, url: str, schema: str, views: Sequence[View], part: str = "") -> None:
        self.schema = schema
        self._url = url
        self._part = part
        self._views = views
        self._connections = PostgresConnections(url, schema)
        self._writing = RLock()
        self._writer: Connection | None = None
        self.replaced = False
        """Whether other tables are served in the place of these, which end with their closing."""
        try:
            with self._transaction() as writer:
                self._make(writer)
        except BaseException:
            self.close()
            raise

    def _make(self, writer: Connection) -> None:
        # Only batches may be taken back by a crash of the server, never the tables themselves.
        writer.execute("SET LOCAL synchronous_commit = on")
        writer.execute(_TABLES.format(schema=self.schema).encode())
        found = writer.execute("SELECT view, version FROM view_versions").fetchall()
        made: dict[str, int] = dict(found)
        layout = made.pop(LAYOUT_ENTRY, 0)
        self.stale = stale(made, layout, self._views)
        """Views that are not, or not in this version, what the tables were made for."""
        if not made:
            statements = [statement for view in self._views for statement in _creation(view)]
            _execute(writer, ";".join(statements))
            versions = {LAYOUT_ENTRY: LAYOUT} | {view.name: view.version for view in self._views}
            writer.execute(
                "INSERT INTO view_versions SELECT * FROM unnest(%s::text[], %s::integer[])",
                (list(versions), list(versions.values())),
            )

    @contextmanager
    def _writable(self) -> Iterator[Connection]:
        """Lend the one connection that writes, a new one if the last was lost."""
        with self._writing:
            try:
                if self._writer is None or self._writer.closed:
                    self._writer = None
                    self._writer = self._exclusive()
                yield self._writer
            except psycopg.Error as error:
                raise TablesUnwritable(str(error).strip()) from error

    def _exclusive(self) -> Connection:
        writer = self._connections.connect()
        # The lock ends with the connection, however the process ends.
        try:
            writer.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (self._lock_name,))
        except psycopg.errors.LockNotAvailable as error:
            writer.close()
            raise TablesInUse(f"another process writes the schema {self.schema}") from error
        return writer

    @property
    def _lock_name(self) -> str:
        return f"opsledger-projections:{self.schema}:{self._part}"

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._writable() as writer, writer.transaction():
            yield writer

    def progress(self) -> Progress:
        """Tell how far the tables have come; position 0 when empty."""
        return self._progress().get(self._part, NOTHING)

    def parts(self) -> Mapping[str, Progress]:
        """Tell how far each part has come."""
        return {part: progress for part, progress in self._progress().items() if part}

    def _progress(self) -> dict[str, Progress]:
        with self._connections.reader() as reader:
            found = reader.execute(
                "SELECT part, position, recorded_at, frontier FROM progress ORDER BY part",
                binary=True,
            ).fetchall()
        return {
            part: Progress(position=position, recorded_at=recorded_at, frontier=frontier)
            for part, position, recorded_at, frontier in found
        }

    def join(self) -> None:
        """Let the tables stand where all of their parts stand."""
        progress = joined(self.parts())
        with self._transaction() as writer:
            writer.execute("DELETE FROM progress")
            self._write_progress(writer, progress)

    def opening(self) -> Opening:
        """Give what opens these tables in another process."""
        return partial(PostgresTables, self._url, self.schema)

    def open_rows(self, view: View, label: str, values: Sequence[str]) -> Sequence[StoredRow]:
        """List the open rows with one of these label values or keys."""
        column = f"label_{label}" if label else "key"
        with self._writable() as writer:
            return _rows(
                writer,
                f"SELECT {columns(view)} FROM view_{view.name} "
                f"WHERE {column} = ANY(%s) AND position_to = %s",
                (list(values), OPEN),
            )

    def write(
        self,
        after: int,
        progress: Progress,
        instants: Mapping[str, int],
        written: Mapping[View, Written],
        parked: Sequence[Parked],
    ) -> None:
        """Write the changes of one batch and the new position in one transaction."""
        with self._transaction() as writer:
            found = writer.execute(
                "SELECT position FROM progress WHERE part = %s FOR UPDATE", (self._part,)
            ).fetchone()
            require_at(after, found)
            for view, changes in written.items():
                if changes.closed:
                    _close(writer, view, changes.closed)
                _copy(
                    writer,
                    f"view_{view.name} ({columns(view)})",
                    (*_COPIED, *["text"] * len(view.labels)),
                    map(values, changes.inserted),
                )
                if changes.grown:
                    _copy(writer, f"elements_{view.name}", _ELEMENT_COPIED, changes.grown)
            if keeps_instants(self._part):
                writer.execute(
                    "INSERT INTO instants SELECT * FROM unnest(%s::text[], %s::bigint[]) "
                    "ON CONFLICT (recorded_at) DO UPDATE SET position = excluded.position",
                    (list(instants), list(instants.values())),
                )
            for row in parked:
                # Every part meets an event that nobody can read.
                writer.execute(
                    "INSERT INTO parked VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                    (row.view, row.stream, row.position, row.error, row.code_version),
                )
            self._write_progress(writer, progress)

    def _write_progress(self, writer: Connection, progress: Progress) -> None:
        writer.execute(
            "INSERT INTO progress VALUES (%s, %s, %s, %s) ON CONFLICT (part) DO UPDATE SET "
            "position = excluded.position, recorded_at = excluded.recorded_at, "
            "frontier = excluded.frontier",
            (self._part, progress.position, progress.recorded_at, progress.frontier),
        )

    def index(self) -> None:
        """Build the indexes that only readers need."""
        with self._transaction() as writer:
            writer.execute("SET LOCAL statement_timeout = 0")
            for view in self._views:
                for label in view.indexed:
                    _execute(writer, _indexing(view, label))

    def parked(self) -> Sequence[Parked]:
        """List the streams that views stopped following."""
        with self._connections.reader() as reader:
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
        with self._connections.reader() as reader:
            found = reader.execute(
                "SELECT position FROM instants WHERE recorded_at <= %s "
                "ORDER BY recorded_at DESC LIMIT 1",
                (instant,),
            ).fetchone()
        return 0 if found is None else int(found[0])

    def read(self, view: View, key: str, position: int) -> StoredRow | None:
        """Find the row that stood under a key as of a position."""
        with self._connections.reader() as reader:
            found = _rows(
                reader,
                f"SELECT {columns(view)} FROM view_{view.name} WHERE key = %s "
                "AND position_from <= %s ORDER BY key DESC, position_from DESC LIMIT 1",
                (key, position),
            )
            if not found or found[0].position_to <= position:
                return None
            return _whole(reader, view, found, position)[0]

    def select(self, view: View, selection: Selection) -> Sequence[StoredRow]:
        """List rows that stood as of a position, at most `limit`, in order of key."""
        condition, asked = conditions(selection, "%s")
        with self._connections.reader() as reader:
            found = _rows(
                reader,
                f"SELECT {columns(view)} FROM view_{view.name} "
                f"WHERE {condition} ORDER BY key LIMIT %s",
                (*asked, selection.limit),
            )
            return _whole(reader, view, found, selection.position)

    def history(self, view: View, key: str, position: int) -> Sequence[StoredRow]:
        """List every row that ever stood under a key as of a position, oldest first."""
        with self._connections.reader() as reader:
            found = _rows(
                reader,
                f"SELECT {columns(view)} FROM view_{view.name} "
                "WHERE key = %s AND position_from <= %s ORDER BY key, position_from",
                (key, position),
            )
            return _whole(reader, view, found, position)

    def every(self, view: View, position: int) -> Iterator[StoredRow]:
        """Iterate all rows as of a position, open and closed, in order of key and position."""
        statement = (
            f"SELECT {columns(view)} FROM view_{view.name} "
            "WHERE position_from <= %s ORDER BY key, position_from"
        )
        for found in self._iterated(statement, position):
            yield as_of(from_columns(found), position)

    def elements(self, view: View, position: int) -> Iterator[Element]:
        """Iterate the elements of grown lists as of a position, by key, position and list."""
        if view.lists:
            statement = (
                f"SELECT key, position, list, body FROM elements_{view.name} "
                "WHERE position <= %s ORDER BY key, position, list"
            )
            yield from map(Element._make, self._iterated(statement, position))

    def _iterated(self, statement: str, position: int) -> Iterator[tuple[Any, ...]]:
        with (
            self._connections.reader() as reader,
            reader.transaction(),
            reader.cursor("every", binary=True) as cursor,
        ):
            cursor.itersize = EVERY_ROWS
            reader.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(statement.encode(), (position,))
            yield from cursor

    def drop(self) -> None:
        """Remove the tables with their schema."""
        with self._writable() as writer:
            _execute(writer, f"DROP SCHEMA {self.schema} CASCADE")

    def close(self) -> None:
        """Release the database; no read may be under way."""
        self._connections.close()
        with self._writing:
            if self.replaced:
                with suppress(TablesUnwritable):
                    # What is left now goes when the served tables are opened the next time.
                    self.drop()
            if self._writer is not None:
                self._writer.close()


def _execute(connection: Connection, statement: str, given: Sequence[Any] = ()) -> None:
    connection.execute(statement.encode(), given or None)


def _rows(connection: Connection, statement: str, given: Sequence[Any]) -> list[StoredRow]:
    found = connection.execute(statement.encode(), given, binary=True)
    return [from_columns(row) for row in found]


def _whole(
    connection: Connection, view: View, rows: Iterable[StoredRow], position: int
) -> list[StoredRow]:
    """Give rows as of a position, with their grown lists."""
    known = [as_of(row, position) for row in rows]
    if not view.lists or not known:
        return known
    found = connection.execute(
        f"SELECT key, position, list, body FROM elements_{view.name} "
        "WHERE key = ANY(%s) AND position <= %s ORDER BY key, position".encode(),
        ([*{row.key for row in known}], position),
        binary=True,
    )
    return whole(known, map(Element._make, found))


def _creation(view: View) -> Iterator[str]:
    """Yield the statements that make the tables of a view, with the indexes folding needs."""
    labels = "".join(f', label_{label} text COLLATE "C" NOT NULL' for label in view.labels)
    yield (
        f'CREATE TABLE view_{view.name} (key text COLLATE "C" NOT NULL, '
        "position_from bigint NOT NULL, position_to bigint NOT NULL, "
        'valid_from text COLLATE "C" NOT NULL, valid_to text COLLATE "C" NOT NULL, '
        f"body bytea NOT NULL{labels})"
    )
    yield f"CREATE UNIQUE INDEX ON view_{view.name} (key, position_from)"
    for label in sorted(view.looked_up):
        yield _indexing(view, label)
    if view.lists:
        yield (
            f'CREATE TABLE elements_{view.name} (key text COLLATE "C" NOT NULL, '
            'position bigint NOT NULL, list text COLLATE "C" NOT NULL, body bytea NOT NULL)'
        )
        yield f"CREATE UNIQUE INDEX ON elements_{view.name} (key, position, list)"


def _indexing(view: View, label: str) -> str:
    return (
        f"CREATE INDEX IF NOT EXISTS view_{view.name}_{label} "
        f"ON view_{view.name} (label_{label}, key, position_from)"
    )


def _close(writer: Connection, view: View, closed: Sequence[Closed]) -> None:
    _execute(
        writer,
        f"UPDATE view_{view.name} AS row SET position_to = closed.position_to FROM "
        "unnest(%s::text[], %s::bigint[], %s::bigint[]) AS closed (key, position_from, position_to)"
        " WHERE row.key = closed.key AND row.position_from = closed.position_from",
        [list(column) for column in zip(*closed, strict=True)],
    )


def _copy(
    writer: Connection, into: str, types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    with (
        writer.cursor() as cursor,
        cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)".encode()) as copy,
    ):
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
