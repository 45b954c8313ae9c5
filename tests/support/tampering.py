"""What somebody with all rights on the database file can do to it, guards or not."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsledger_ledger.recording.connections import DATABASE_NAME


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
