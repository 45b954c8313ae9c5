"""What somebody with all rights on a database can do to a ledger in it, guards or not."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from opsledger_ledger.recording.connections import DATABASE_NAME
from support.log_places import PostgresPlace


@contextmanager
def database(directory: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a closed log's file, guards in place."""
    connection = sqlite3.connect(directory / DATABASE_NAME, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def loosely_typed(directory: Path) -> Iterator[sqlite3.Connection]:
    """A connection for which columns take any value, as a damaged page can hold any."""
    with unguarded(directory) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        declared = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE name IN ('entries', 'head')"
        ).fetchall()
        _declare(
            connection,
            [(name, sql.replace("STRICT", "").replace(" NOT NULL", "")) for name, sql in declared],
        )
        yield connection
        _declare(connection, declared)


def _declare(connection: sqlite3.Connection, tables: list[tuple[str, str]]) -> None:
    """Put other declarations in place of those of the tables, and have them read."""
    for name, sql in tables:
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (sql, name))
    (version,) = connection.execute("PRAGMA schema_version").fetchone()
    connection.execute(f"PRAGMA schema_version = {version + 1}")


@contextmanager
def unguarded(directory: Path) -> Iterator[sqlite3.Connection]:
    """The same with every guard taken away, and put back at the end as if nothing had been."""
    with database(directory) as connection:
        guards = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, statement in guards:
            connection.execute(statement)


@contextmanager
def as_superuser(place: PostgresPlace) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A superuser's connection to a schema, guards in place."""
    with psycopg.connect(place.schema.superuser_url, autocommit=True) as connection:
        connection.execute(f"SET search_path = {place.schema.name}".encode())
        yield connection


@contextmanager
def unguarded_schema(place: PostgresPlace) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The same with every guard off, and on again at the end as if nothing had been."""
    with as_superuser(place) as connection:
        guards = connection.execute(
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid "
            "WHERE relnamespace = %s::regnamespace AND NOT tgisinternal",
            (place.schema.name,),
        ).fetchall()
        for table, guard in guards:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}".encode())
        yield connection
        for table, guard in guards:
            connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {guard}".encode())
