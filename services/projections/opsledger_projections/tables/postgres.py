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
    BODY,
    NOTHING,
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
from opsledger_projections.tables.postgres_connections import Connection, PostgresConnections
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
_COLUMN_TYPES: Final = {"position_from": "bigint", "body": "bytea"}
"""Types of the columns that are no text."""
_ELEMENT_TYPES: Final = ("text", "bigint", "text")


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
        self._entries = entries_of(views)
        self._ready: set[tuple[str, str]] = set()
        """Labels of views by which folding looks up rows, and which have an index."""
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
        # Several processes may open tables that are not there yet.
        writer.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (self.made_name,))
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
        # Locks end with the connection, however the process ends.
        try:
            for name, shared in self._locks():
                kind = "_shared" if shared else ""
                statement = f"SELECT pg_advisory_lock{kind}(hashtextextended(%s, 0))"
                writer.execute(statement.encode(), (name,))
        except psycopg.errors.LockNotAvailable as error:
            writer.close()
            part = f"part {self._part} of " if self._part else ""
            raise TablesInUse(f"another process writes {part}the schema {self.schema}") from error
        return writer

    def _locks(self) -> Iterator[tuple[str, bool]]:
        """Yield the locks to hold while the tables are open: name, and whether it is shared."""
        yield f"{self._lock_name}:{self._part}", False
        yield self.open_name, True

    @property
    def _lock_name(self) -> str:
        return f"opsledger-projections:{self.schema}"

    @property
    def open_name(self) -> str:
        """Name of the lock that everybody shares who has the tables open."""
        return f"{self._lock_name}:open"

    @property
    def made_name(self) -> str:
        """Name of the lock under which the tables are made."""
        return f"{self._lock_name}:made"

    @property
    def indexed_name(self) -> str:
        """Name of the lock under which indexes are built."""
        return f"{self._lock_name}:indexed"

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._writable() as writer, writer.transaction():
            yield writer

    def progress(self) -> Progress:
        """Tell how far the tables have come; position 0 when empty."""
        return least(self._progress(), self._part)

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

    def divide(self, count: int) -> None:
        """Let each of so many parts go on where the whole tables stand."""
        with self._transaction() as writer:
            writer.execute("SET LOCAL synchronous_commit = on")
            self._divide(writer, count)

    def _divide(self, writer: Connection, count: int) -> None:
        writer.execute(
            "WITH whole AS (DELETE FROM progress RETURNING position, recorded_at, frontier) "
            "INSERT INTO progress SELECT number || %s, position, recorded_at, frontier FROM "
            "generate_series(1, %s) AS number, "
            "(SELECT * FROM whole UNION ALL "
            "SELECT %s, %s, %s WHERE NOT EXISTS (SELECT FROM whole)) AS stands",
            (f"/{count}", count, NOTHING.position, NOTHING.recorded_at, NOTHING.frontier),
        )

    def opening(self) -> Opening:
        """Give what opens these tables in another process."""
        return partial(PostgresTables, self._url, self.schema)

    def open_rows(self, view: View, label: str, values: Sequence[str]) -> Sequence[Values]:
        """List the rows that stand with one of these label values or keys."""
        with self._writable() as writer:
            needed = {(view.name, ""), (view.name, label)}
            if not needed <= self._ready:
                with writer.transaction():
                    self._index(writer, view, sorted({"", label}))
                self._ready |= needed
            if label:
                return _values(
                    writer,
                    f"SELECT {selected(view)} FROM view_{view.name} AS row "
                    f"WHERE {labelled(label, '= ANY(%s)')} AND body IS NOT NULL AND NOT EXISTS ("
                    f"SELECT 1 FROM view_{view.name} AS later "
                    "WHERE later.key = row.key AND later.position_from > row.position_from)",
                    (list(values),),
                )
            found = _values(
                writer,
                f"SELECT {selected(view)} FROM unnest(%s::text[]) AS asked (key) CROSS JOIN LATERAL "
                f"(SELECT * FROM view_{view.name} AS one WHERE one.key = asked.key "
                "ORDER BY one.key DESC, one.position_from DESC LIMIT 1) AS row",
                (list(values),),
            )
            return [row for row in found if row[BODY] is not None]

    def _index(self, writer: Connection, view: View, labels: Iterable[str]) -> None:
        """Build the indexes of some labels of a view, where they are missing."""
        writer.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        # Another part of the same tables may be about to build the same.
        writer.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (self.indexed_name,)
        )
        for label in labels:
            _execute(writer, indexing(view, label))

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
            # Another part may be building an index, which ends; a statement waits for it.
            writer.execute("SET LOCAL lock_timeout = 0")
            found = writer.execute(
                "SELECT position FROM progress WHERE part = %s FOR UPDATE", (self._part,)
            ).fetchone()
            require_at(after, found)
            for view, changes in written.items():
                names = columns(view)
                _copy(
                    writer,
                    f"view_{view.name} ({', '.join(names)})",
                    [_COLUMN_TYPES.get(name, "text") for name in names],
                    changes.inserted,
                )
                if changes.grown:
                    _copy(writer, f"elements_{view.name}", _ELEMENT_TYPES, changes.grown)
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
        """Build all indexes that are not there yet."""
        with self._transaction() as writer:
            for view in self._views:
                self._index(writer, view, ("", *view.indexed))
                name = f"view_{view.name}"
                if view.appends:
                    _execute(
                        writer,
                        f"CREATE UNIQUE INDEX IF NOT EXISTS {name}_position "
                        f"ON {name} (position_from)",
                    )
                name = f"elements_{view.name}"
                if view.lists:
                    _execute(
                        writer,
                        f"CREATE UNIQUE INDEX IF NOT EXISTS {name}_key "
                        f"ON {name} (key, position, list)",
                    )

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
            found = _values(
                reader,
                f"SELECT {selected(view)} FROM view_{view.name} AS row WHERE key = %s "
                "AND position_from <= %s ORDER BY key DESC, position_from DESC LIMIT 1",
                (key, position),
            )
            if not found or found[0][BODY] is None:
                return None
            return self._whole(reader, view, found, position)[0]

    def select(self, view: View, selection: Selection) -> Sequence[StoredRow]:
        """List rows that stood as of a position, at most `limit`, in order of key."""
        condition, asked = conditions(view, selection, "%s")
        with self._connections.reader() as reader:
            found = _values(
                reader,
                f"SELECT {selected(view)} FROM view_{view.name} AS row "
                f"WHERE {condition} ORDER BY row.key LIMIT %s",
                (*asked, selection.limit),
            )
            return self._whole(reader, view, found, selection.position)

    def history(self, view: View, key: str, position: int) -> Sequence[StoredRow]:
        """List every row that ever stood under a key as of a position, oldest first."""
        with self._connections.reader() as reader:
            found = _values(
                reader,
                f"SELECT {selected(view)} FROM view_{view.name} AS row "
                "WHERE key = %s AND position_from <= %s ORDER BY key, position_from",
                (key, position),
            )
            grown = self._grown(reader, view, [key], position)
            return list(each_with_lists(past(found), grown))

    def _whole(
        self, reader: Connection, view: View, found: Iterable[Values], position: int
    ) -> list[StoredRow]:
        """Give rows that stood at a position, with their grown lists."""
        rows = [from_columns(row) for row in found]
        if not view.lists or not rows:
            return rows
        grown = grown_by_key(self._grown(reader, view, [row.key for row in rows], position))
        return [with_lists(row, grown.get(row.key, ())) for row in rows]

    def _grown(
        self, reader: Connection, view: View, keys: Sequence[str], position: int
    ) -> list[Grown]:
        """List the elements of rows as of a position with their entries, by key and position."""
        if not view.lists:
            return []
        assert self._entries is not None
        found = reader.execute(
            "SELECT grown.key, grown.position, grown.list, row.body "
            f"FROM elements_{view.name} AS grown "
            f"JOIN view_{self._entries.name} AS row ON row.position_from = grown.position "
            "WHERE grown.key = ANY(%s) AND grown.position <= %s "
            "ORDER BY grown.key, grown.position".encode(),
            (keys, position),
            binary=True,
        )
        return [*map(Grown._make, found)]

    def every(self, view: View, position: int) -> Iterator[Values]:
        """Iterate all rows up to a position as they are stored, in order of key and position."""
        order = "position_from" if view.appends else "key, position_from"
        yield from self._iterated(
            f"SELECT {selected(view)} FROM view_{view.name} AS row "
            f"WHERE position_from <= %s ORDER BY {order}",
            position,
        )

    def elements(self, view: View, position: int) -> Iterator[Element]:
        """Iterate the elements of grown lists as of a position, by key, position and list."""
        if view.lists:
            statement = (
                f"SELECT key, position, list FROM elements_{view.name} "
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

    def _drop_if_last(self) -> None:
        """Remove replaced tables unless another process still has them open, which then does so."""
        with self._writable() as writer:
            asked = "SELECT pg_advisory_unlock_shared(h), pg_try_advisory_lock(h)"
            last = writer.execute(
                f"{asked} FROM hashtextextended(%s, 0) AS h".encode(), (self.open_name,)
            ).fetchone()
            if last is not None and last[1]:
                self.drop()

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
                    self._drop_if_last()
            if self._writer is not None:
                self._writer.close()


def _execute(connection: Connection, statement: str, given: Sequence[Any] = ()) -> None:
    connection.execute(statement.encode(), given or None)


def _values(connection: Connection, statement: str, given: Sequence[Any]) -> list[Values]:
    return connection.execute(statement.encode(), given, binary=True).fetchall()


def _creation(view: View) -> Iterator[str]:
    """Yield the statements that make the tables of a view."""
    text = 'text COLLATE "C"'
    labels = "".join(f", label_{label} {text} NOT NULL" for label in view.labels)
    key = text if view.appends else f"{text} NOT NULL"
    yield (
        f"CREATE TABLE view_{view.name} (key {key}, position_from bigint NOT NULL, "
        f"valid_from {text} NOT NULL, valid_to {text} NOT NULL, body bytea{labels})"
    )
    if view.lists:
        yield (
            f"CREATE TABLE elements_{view.name} "
            f"(key {text} NOT NULL, position bigint NOT NULL, list {text} NOT NULL)"
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
