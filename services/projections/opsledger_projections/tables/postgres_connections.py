"""Connections to the schemas of the read side on PostgreSQL, with the settings we rely on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from opsledger_projections.errors import TablesUnreadable

Connection = psycopg.Connection[TupleRow]

CONNECT_TIMEOUT_S: Final = 5
LOCK_TIMEOUT_S: Final = 5
WRITE_TIMEOUT_S: Final = 60
"""Longest statement of a batch; building an index has no limit."""
READ_TIMEOUT_S: Final = 30
IDLE_IN_TRANSACTION_TIMEOUT_S: Final = 60
READERS_MAX: Final = 16
READER_WAIT_S: Final = 10
"""How long a read waits for a connection, such as while the server restarts."""
SCHEMA_PATTERN: Final = re.compile(r"[a-z_][a-z0-9_]{0,39}")

_NETWORK: Final[dict[str, str | int]] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_SETTINGS: Final[dict[str, str]] = {
    "lock_timeout": f"{LOCK_TIMEOUT_S}s",
    "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_TIMEOUT_S}s",
    "client_encoding": "UTF8",
    # Tables grow from nothing faster than they are analyzed. A plan made while one was small would
    # read all of it, where every question of ours has its index.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_sort": "off",
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
}


class PostgresConnections:
    """Connections of one role to one database, each set to one schema.

    Raises:
        ValueError: the schema's name is one that would need quoting, or the address is none.

    """

    def __init__(self, url: str, schema: str) -> None:
        if not SCHEMA_PATTERN.fullmatch(schema):
            raise ValueError(f"{schema!r} is no name of a schema of the read side")
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # What is wrong with it may be a password.
            raise ValueError("the address is none like postgresql://role@host/database") from None
        self._conninfo = make_conninfo(
            url,
            application_name=given.get("application_name", "opsledger-projections"),
            **{name: value for name, value in _NETWORK.items() if name not in given},
        )
        self.schema = schema
        self._pool: ConnectionPool[Connection] | None = None
        self._pool_lock = Lock()
        self._closed = False

    def connect(self) -> Connection:
        """Open a connection to write with; every statement is a transaction of its own.

        Raises:
            psycopg.Error: there is none to be had.

        """
        connection: Connection = psycopg.connect(self._conninfo, autocommit=True)
        try:
            # What a crash of the server may lose is projected again: position and rows go together.
            self._configure(
                connection,
                {"statement_timeout": f"{WRITE_TIMEOUT_S}s", "synchronous_commit": "off"},
            )
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Lend a connection to read with.

        Raises:
            TablesUnreadable: the database does not answer.

        """
        pool = self._opened()
        try:
            with pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise TablesUnreadable(str(error).strip()) from error

    def close(self) -> None:
        """Close the connections to read with."""
        with self._pool_lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _opened(self) -> "ConnectionPool[Connection]":
        """Give the connections to read with, opened by whoever reads first."""
        with self._pool_lock:
            if self._closed:
                raise TablesUnreadable("the tables are closed")
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._conninfo,
                    kwargs={"autocommit": True},
                    min_size=1,
                    max_size=READERS_MAX,
                    timeout=READER_WAIT_S,
                    configure=self._configure_reader,
                    check=ConnectionPool.check_connection,
                    name="opsledger-views",
                    num_workers=1,
                    open=True,
                )
            return self._pool

    def _configure_reader(self, connection: Connection) -> None:
        self._configure(
            connection,
            {"statement_timeout": f"{READ_TIMEOUT_S}s", "default_transaction_read_only": "on"},
        )

    def _configure(self, connection: Connection, settings: dict[str, str]) -> None:
        chosen = {"search_path": f"{self.schema}, pg_temp", **_SETTINGS, **settings}
        calls = ", ".join(["set_config(%s, %s, false)"] * len(chosen))
        given: list[Any] = [part for setting in chosen.items() for part in setting]
        connection.execute(f"SELECT {calls}".encode(), given, prepare=False)
