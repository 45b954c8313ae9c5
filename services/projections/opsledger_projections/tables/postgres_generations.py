"""The schemas of the tables in their database: the served generation, and the next one being built.

A table in a schema of its own says which generation is served. It changes in one transaction, so
that after a crash at any moment either the old or the new tables are served. Tables that several
processes have open are removed by the last of them that leaves.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg

from opsledger_projections.errors import TablesDivided, TablesStale, TablesUnwritable
from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.postgres import PostgresTables
from opsledger_projections.tables.postgres_connections import PostgresConnections
from opsledger_projections.tables.postgres_parts import (
    PostgresPart,
    PostgresReading,
    generation_schema,
    served_lock,
)
from opsledger_projections.views.view import View

HOLD_TIMEOUT_S: Final = 60
"""Longest wait for the batches under way when nobody is to write."""

_FIRST: Final = 1
_POINTER: Final = """
SELECT pg_advisory_xact_lock(hashtextextended('opsledger-projections:{schema}:made', 0));
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.served (
    one integer PRIMARY KEY CHECK (one = 1), generation integer NOT NULL
);
"""


class PostgresGenerations:
    """The schemas of `views` in a database: `schema` points at `schema_1`, `schema_2` and so on.

    Raises:
        ValueError: the schema's name is one that would need quoting.

    """

    def __init__(self, url: str, schema: str, views: Sequence[View]) -> None:
        self._url = url
        self._schema = schema
        self._views = views
        self._connections = PostgresConnections(url, schema)
        self._served: PostgresTables | None = None

    def open(self) -> PostgresTables:
        """Open the served tables; tables made by other versions of the views give way to new ones.

        New tables are empty, or as far as an interrupted rebuild has come.

        Raises:
            TablesDivided: they are divided into parts, which others follow.

        """
        served = self._generation()
        tables = self._tables(served)
        if parts := tables.parts():
            tables.close()
            raise TablesDivided(len(parts))
        self._served = tables
        self._remove_before(served)
        if not tables.stale:
            return tables
        try:
            following = self.open_next(parted=False)
            self.switch(following)
        finally:
            tables.close()
        return following

    def open_part(self, part: str, *, anew: bool = True) -> PostgresPart:
        """Open the served tables as one part of them.

        Tables made by other versions of the views give way to new ones, if they may be made `anew`.

        Raises:
            PartsDiffer: they are divided into another number of parts.
            TablesInUse: another process has the part, or the whole tables, open.
            TablesStale: they are of other versions, and may not be made anew.
            TablesUnwritable: they cannot be opened.

        """
        number = self._generation()
        tables = PostgresPart(self._url, self._schema, number, self._views, part)
        self._remove_before(number)
        if not tables.stale:
            return tables
        tables.close()
        if not anew:
            raise _stale(tables)
        with self.holding():
            # Another part may have been here first.
            if self._generation() == number:
                following = self.open_next(parted=False)
                self.switch(following)
                following.close()
        return self.open_part(part, anew=False)

    def open_reading(self) -> PostgresReading:
        """Open the served tables to read only.

        Raises:
            TablesStale: they are of other versions of the views.
            TablesUnwritable: they cannot be opened.

        """
        number = self._generation()
        tables = PostgresReading(self._url, self._schema, number, self._views)
        if self._generation() != number:
            # They may have been removed before they were opened, and were made again by that.
            tables.replaced = True
            tables.close()
            return self.open_reading()
        if tables.stale:
            tables.close()
            raise _stale(tables)
        if self._served is not None:
            self._served.replaced = True
        self._served = tables
        return tables

    def open_to_divide(self) -> PostgresTables:
        """Open the served tables, whole or in parts, for nobody else to write.

        Raises:
            TablesInUse: another process writes them.
            TablesStale: they are of other versions of the views.
            TablesUnwritable: they cannot be opened.

        """
        tables = self._tables(self._generation())
        if tables.stale:
            tables.close()
            raise _stale(tables)
        return tables

    def switch_divided(self, tables: Tables, count: int) -> None:
        """Let these tables, divided into so many parts, be the served ones; they are closed.

        To be called inside `holding`.

        Raises:
            TablesUnwritable: the database does not do it.

        """
        assert isinstance(tables, PostgresTables)
        tables.divide(count)
        self._point_at(tables)
        # Who has the whole of them open keeps the parts out.
        tables.close()

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Let no part write inside the block.

        Raises:
            TablesUnwritable: a batch under way does not end.

        """
        try:
            connection = self._connections.connect()
            with connection:
                connection.execute(f"SET lock_timeout = '{HOLD_TIMEOUT_S}s'".encode())
                connection.execute(
                    "SELECT pg_advisory_lock(hashtextextended(%s, 0))",
                    (served_lock(self._schema),),
                )
                # The lock ends with the connection.
                yield
        except psycopg.Error as error:
            raise TablesUnwritable(str(error).strip()) from error

    def open_next(self, *, parted: bool) -> PostgresTables:
        """Open the tables that will take the place of the served ones, to go on building them."""
        number = self._generation() + 1
        tables = self._tables(number)
        if tables.stale or (tables.parts() and not parted):
            tables.drop()
            tables.close()
            tables = self._tables(number)
        return tables

    def switch(self, tables: Tables) -> None:
        """Let the database serve these tables from now on."""
        assert isinstance(tables, PostgresTables)
        self._point_at(tables)
        if self._served is not None:
            self._served.replaced = True
        self._served = tables

    def _point_at(self, tables: PostgresTables) -> None:
        number = int(tables.schema.removeprefix(f"{self._schema}_"))
        self._asked(
            f"INSERT INTO {self._schema}.served VALUES (1, {number}) "
            "ON CONFLICT (one) DO UPDATE SET generation = excluded.generation RETURNING generation"
        )

    def _tables(self, number: int) -> PostgresTables:
        return PostgresTables(self._url, generation_schema(self._schema, number), self._views)

    def served_generation(self) -> int:
        """Tell which generation is served.

        Raises:
            TablesUnreadable: the database gives no answer.

        """
        with self._connections.reader() as reader:
            found = reader.execute("SELECT generation FROM served").fetchone()
        return _FIRST if found is None else int(found[0])

    def close(self) -> None:
        """Give the connections back."""
        self._connections.close()

    def _generation(self) -> int:
        made = _POINTER.format(schema=self._schema)
        found = self._asked(f"{made} SELECT generation FROM {self._schema}.served")
        return found[0][0] if found else _FIRST

    def _remove_before(self, number: int) -> None:
        """Remove what an earlier process left when it ended between a switch and the removal."""
        left = self._asked(
            "SELECT substring(nspname FROM '[0-9]+$')::integer FROM pg_namespace "
            f"WHERE nspname ~ '^{self._schema}_[0-9]+$'"
        )
        for (older,) in left:
            if older < number:
                self._remove(older)

    def _remove(self, generation: int) -> None:
        """Remove tables unless somebody has them open, who does so in the end."""
        tables = PostgresReading(self._url, self._schema, generation, self._views)
        tables.replaced = True
        tables.close()

    def _asked(self, statements: str) -> list[tuple[int, ...]]:
        """Execute statements in one transaction and give the rows of the last one."""
        try:
            with self._connections.connect() as connection:
                connection.execute("SET synchronous_commit = on")
                cursor = connection.execute(statements.encode())
                while cursor.nextset():
                    pass
                return cursor.fetchall()
        except psycopg.Error as error:
            raise TablesUnwritable(str(error).strip()) from error


def _stale(tables: PostgresTables) -> TablesStale:
    return TablesStale(
        f"the tables in {tables.schema} are of other versions of: {', '.join(tables.stale)}"
    )
