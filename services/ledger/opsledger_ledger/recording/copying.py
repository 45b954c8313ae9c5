"""The way of a ledger from one file to PostgreSQL: every row as it is, in one transaction.

Positions, hashes, the answers to idempotency keys and the sealed personal values are the same
afterwards, so that nobody who talks to the ledger sees a difference.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from psycopg.sql import SQL, Identifier

from opsledger_ledger.recording.connections import DATABASE_NAME
from opsledger_ledger.recording.log import Head, LogDamaged
from opsledger_ledger.recording.postgres_connections import (
    TRANSACTION_TIMEOUT_SINCE,
    Connection,
    PostgresConnections,
)
from opsledger_ledger.recording.postgres_errors import translating
from opsledger_ledger.recording.postgres_schema import STREAM_HASH, TABLES, Table
from opsledger_ledger.recording.sqlite_log import open_log

MADE_ON_THE_SPOT: Final = frozenset(("migrations", "head", "types"))
"""Tables that are not copied: each database has its own layout, one head, and numbers of types."""

_NUMBERS: Final = (
    "CREATE TEMPORARY TABLE numbers AS SELECT row_number() OVER (ORDER BY type) AS number, "
    "type AS name FROM entries GROUP BY type"
)

NO_LIMIT: Final = "0"


def copy_log(directory: Path, url: str, schema: str) -> Head:
    """Copy the ledger of a directory into a schema that was migrated and is empty; gives its head.

    No process can write to the ledger meanwhile. It stays as it is; who goes on writing to both makes
    two ledgers of one.

    Raises:
        LogBusy: the server cannot be reached.
        LogDamaged: the schema holds a ledger already, or is none's; or the source is damaged.
        LogInUse: a process writes to the ledger.
    """
    if not (directory / DATABASE_NAME).exists():
        raise LogDamaged(f"there is no ledger in {directory}")
    connections = PostgresConnections(url, schema, application="opsledger-copy")
    with (
        closing(open_log(directory)) as source,
        closing(
            connections.connect(
                # One statement may copy millions of rows.
                statement_timeout=NO_LIMIT,
                idle_in_transaction_session_timeout=NO_LIMIT,
            )
        ) as target,
        closing(_reader(directory)) as reader,
        translating(),
        target.transaction(),
    ):
        if target.info.server_version >= TRANSACTION_TIMEOUT_SINCE:
            target.execute("SET LOCAL transaction_timeout = 0")
        head = source.head()
        found = target.execute(
            SQL("SELECT position FROM {} FOR UPDATE").format(Identifier(schema, "head"))
        ).fetchone()
        if found != (0,):
            raise LogDamaged(f"the schema {schema} holds a ledger already")
        _copy_types(reader, target, schema)
        for table in TABLES:
            if table.name not in MADE_ON_THE_SPOT:
                _copy(reader, target, schema, table)
        target.execute(
            SQL("UPDATE {} SET position = %s, recorded_at = %s, frontier = %s").format(
                Identifier(schema, "head")
            ),
            (head.position, head.recorded_at, head.frontier),
        )
    return head


def _reader(directory: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{(directory / DATABASE_NAME).absolute().as_uri()}?mode=ro", uri=True)


def _copy_types(reader: sqlite3.Connection, target: Connection, schema: str) -> None:
    """Number the types of the entries, for which a directory has no table."""
    reader.execute(_NUMBERS)
    reader.execute("CREATE UNIQUE INDEX numbers_name ON numbers (name)")
    statement = SQL("INSERT INTO {} (number, name) VALUES (%s, %s)").format(
        Identifier(schema, "types")
    )
    target.cursor().executemany(statement, reader.execute("SELECT number, name FROM numbers"))


def _copy(reader: sqlite3.Connection, target: Connection, schema: str, table: Table) -> None:
    """Copy a table in the order of its first key, in which its guards want it."""
    columns = [(name, kind) for name, kind in table.columns if STREAM_HASH not in kind]
    names = [name for name, _ in columns]
    wanted = ["numbers.number" if name == "type" else f"{table.name}.{name}" for name in names]
    joined = " CROSS JOIN numbers ON numbers.name = entries.type" if "type" in names else ""
    rows = reader.execute(
        f"SELECT {', '.join(wanted)} FROM {table.name}{joined} ORDER BY {table.keys[0]}"  # noqa: S608 - our own names.
    )
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        Identifier(schema, table.name), SQL(", ").join(map(Identifier, names))
    )
    with target.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([kind.split()[0] for _, kind in columns])
        for row in rows:
            copy.write_row(row)
