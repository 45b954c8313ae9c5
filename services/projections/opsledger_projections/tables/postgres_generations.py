"""The schemas of the tables in their database: the served generation, and the next one being built.

A table in a schema of its own says which generation is served. It changes in one transaction, so
that after a crash at any moment either the old or the new tables are served.
"""

from collections.abc import Sequence
from typing import Final

import psycopg

from opsledger_projections.errors import TablesUnwritable
from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.postgres import PostgresTables
from opsledger_projections.tables.postgres_connections import PostgresConnections
from opsledger_projections.views.view import View

_FIRST: Final = 1
_POINTER: Final = """
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
        """
        served = self._generation()
        tables = self._tables(served)
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
        number = int(tables.schema.removeprefix(f"{self._schema}_"))
        self._asked(
            f"INSERT INTO {self._schema}.served VALUES (1, {number}) "
            "ON CONFLICT (one) DO UPDATE SET generation = excluded.generation RETURNING generation"
        )
        if self._served is not None:
            self._served.replaced = True
        self._served = tables

    def _tables(self, number: int) -> PostgresTables:
        return PostgresTables(self._url, f"{self._schema}_{number}", self._views)

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
                self._asked(f"DROP SCHEMA {self._schema}_{older} CASCADE; SELECT 1")

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
