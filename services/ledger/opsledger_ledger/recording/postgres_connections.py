"""The connections to a ledger's schema on PostgreSQL, each with the settings we rely on."""

import re
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from time import monotonic, sleep
from typing import Any, Final, LiteralString, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from opsledger_ledger.recording.log import LogBusy, LogDamaged
from opsledger_ledger.recording.postgres_arrays import register
from opsledger_ledger.recording.postgres_errors import connection_lost, translated

Connection = psycopg.Connection[TupleRow]

R = TypeVar("R")

IDLE_IN_TRANSACTION_TIMEOUT_S: Final = 4
"""How long a writer may hold the head and say nothing: a paused one loses it after that."""

LOCK_TIMEOUT_S: Final = 6
"""How long a batch waits for the head: longer than a writer that is gone can hold it."""

STATEMENT_TIMEOUT_S: Final = 30

TRANSACTION_TIMEOUT_S: Final = 30
"""How long a batch may take in all, where the server can tell: one cut in the middle of what it sends
is not silent to it."""

TRANSACTION_TIMEOUT_SINCE: Final = 170_000

CONNECT_TIMEOUT_S: Final = 5

READ_RETRY_S: Final = 10
"""How long a read is tried again while the server restarts."""

READERS_MAX: Final = 16
SCHEMA_PATTERN: Final = re.compile(r"[a-z_][a-z0-9_]{0,39}")

_SETTINGS: Final[dict[str, str]] = {
    "lock_timeout": f"{LOCK_TIMEOUT_S}s",
    "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
    "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_TIMEOUT_S}s",
    "client_encoding": "UTF8",
    # Every question of ours has its index. A plan that was made while a table was small, and
    # kept, would read all of it for as long as nobody analyzes; or gather places of rows of which
    # there are one or two, which takes twice as long in the guard of the entries.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
_NETWORK: Final[dict[str, str | int]] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    # A peer that vanished without a word is noticed within about ten seconds.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_BACK_OFF_S: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


def schema_checked(schema: str) -> str:
    """Return the name of a schema, if it is one that never needs quoting.

    Raises:
        LogDamaged: it is not.
    """
    if not SCHEMA_PATTERN.fullmatch(schema):
        raise LogDamaged(f"{schema!r} is no name of a ledger's schema")
    return schema


class PostgresConnections:
    """Connections of one role to one schema; pooled for reading, single ones for the rest.

    Raises:
        LogDamaged: address or schema cannot be those of a ledger.
    """

    def __init__(self, url: str, schema: str, *, application: str = "opsledger-ledger") -> None:
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # What is wrong with it may be a password.
            raise LogDamaged("the address is none like postgresql://role@host/database") from None
        self._conninfo = make_conninfo(
            url,
            application_name=given.get("application_name", application),
            **{name: value for name, value in _NETWORK.items() if name not in given},
        )
        self.schema = schema_checked(schema)
        self._pool: ConnectionPool[Connection] | None = None
        self._pool_lock = Lock()
        self._closed = False

    def connect(self, **settings: str) -> Connection:
        """Open a connection of its own; every statement is a transaction unless it says BEGIN.

        Raises:
            LogBusy: the server cannot be reached at this moment.
            LogDamaged: the server is there and does not let us in.
        """
        try:
            connection: Connection = psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.Error as error:
            # A refused connection has no code: only its text tells a closed port from a closed door.
            refused = "password" in str(error) or "does not exist" in str(error)
            raise (LogDamaged if refused else LogBusy)(str(error).strip()) from error
        try:
            self._configure(connection, settings)
        except psycopg.Error as error:
            connection.close()
            raise translated(error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def read(self, ask: Callable[[Connection], R]) -> R:
        """Return what a question about committed data gives, asked again if the server restarts.

        Raises:
            RecordingError: as ``translated`` says; `LogBusy` after ten seconds without a server.
        """
        deadline = monotonic() + READ_RETRY_S
        for pause_s in self._pauses(deadline):
            try:
                with self._readers().connection(timeout=max(0.1, deadline - monotonic())) as reader:
                    try:
                        return ask(reader)
                    except psycopg.Error:
                        if not connection_lost(reader):
                            raise
                        lost = True
            except PoolTimeout as error:
                raise LogBusy("no connection to the database could be had in time") from error
            except psycopg.Error as error:
                raise translated(error) from error
            if lost:
                sleep(pause_s)
        raise LogBusy("the connection to the database is lost")

    def close(self) -> None:
        """Close the pool; single connections belong to who opened them."""
        with self._pool_lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _readers(self) -> ConnectionPool[Connection]:
        with self._pool_lock:
            if self._closed:
                raise LogBusy("the log is closed")
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._conninfo,
                    kwargs={"autocommit": True},
                    min_size=1,
                    max_size=READERS_MAX,
                    configure=self._configure_reader,
                    name="opsledger-readers",
                    num_workers=1,
                    open=True,
                )
            return self._pool

    def _configure_reader(self, connection: Connection) -> None:
        self._configure(connection, {"default_transaction_read_only": "on"})

    def _configure(self, connection: Connection, settings: dict[str, str]) -> None:
        connection.prepare_threshold = 0
        register(connection)
        # Temporary tables come last, so that none can stand in for one of the ledger's.
        chosen = {"search_path": f"{self.schema}, pg_temp", **_SETTINGS, **settings}
        if connection.info.server_version >= TRANSACTION_TIMEOUT_SINCE:
            chosen["transaction_timeout"] = f"{TRANSACTION_TIMEOUT_S}s"
        assign(connection, chosen)

    def _pauses(self, deadline: float) -> Iterator[float]:
        """Yield how long to wait after each attempt, until a point in time."""
        attempt = 0
        while attempt == 0 or monotonic() < deadline:
            yield _BACK_OFF_S[min(attempt, len(_BACK_OFF_S) - 1)]
            attempt += 1


def assign(connection: Connection, settings: dict[str, str]) -> None:
    """Set settings of a session, in one statement."""
    calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
    parameters = [part for setting in settings.items() for part in setting]
    connection.execute(f"SELECT {calls}".encode(), parameters, prepare=False)


def rows(
    connection: Connection, statement: LiteralString, parameters: Sequence[Any] = ()
) -> list[TupleRow]:
    """Return the rows of a statement, in the binary format."""
    return connection.execute(statement, parameters, binary=True).fetchall()
