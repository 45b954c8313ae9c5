"""The log on PostgreSQL: one schema, any number of processes that write and read."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8

from opsledger_ledger.recording.batch import Place
from opsledger_ledger.recording.committed import CommittedReads
from opsledger_ledger.recording.log import (
    Finding,
    Head,
    LogBusy,
    LogDamaged,
    LogInUse,
    PersonalValue,
    StorageFailed,
    StoredAnswer,
)
from opsledger_ledger.recording.personal import PersonalTables
from opsledger_ledger.recording.postgres_batch import STATEMENTS, PostgresBatch, roll_back
from opsledger_ledger.recording.postgres_connections import Connection, PostgresConnections, rows
from opsledger_ledger.recording.postgres_errors import connection_lost, translated, translating
from opsledger_ledger.recording.postgres_listening import HeadListener
from opsledger_ledger.recording.postgres_reads import (
    SELECT_HEAD,
    PostgresReads,
    head_of,
    stored_answer,
)
from opsledger_ledger.recording.postgres_startup import (
    check_layout,
    check_rights,
    check_server,
    index_findings,
    layout_findings,
    recovering,
)
from opsledger_ledger.recording.postgres_statements import PreparedStatements, Statement
from opsledger_ledger.recording.startup import check_content

RECONNECT_S: Final = 2
"""How long a batch waits for a server that restarts, before it is given up."""

_RECONNECT_PAUSE_S: Final = 0.05
_VACUUM: Final = "VACUUM personal_keys, personal_values"
_LEAVES: Final = "SELECT leaf FROM entries WHERE position > %s AND position <= %s ORDER BY position"
_HASHES: Final = (
    "SELECT hash FROM tiles WHERE level = %s AND number >= %s AND number < %s ORDER BY number"
)


class PostgresLog(PostgresReads, CommittedReads):
    """A ledger's log in a schema; made by ``open_postgres_log``."""

    def __init__(
        self, connections: PostgresConnections, personal: PersonalTables, *, writing: bool
    ) -> None:
        self._connections = connections
        self._schema = connections.schema
        self.channel = f"opsledger_{self._schema}"
        """Where those who wait for the head are told of each commit."""
        self._tell = Statement(b"tell", f"NOTIFY {self.channel}".encode())
        self._personal = personal
        self._writing = writing
        self._listener = HeadListener(connections, self.channel)
        self._lock = Lock()
        self._writer: PreparedStatements | None = None
        self._failure: StorageFailed | None = None
        self._purge_due = False
        self._seen = Head(0, "", b"")
        self._types: Mapping[str, int] = {}
        self._teller = 0

    @contextmanager
    def begin(self, places: Sequence[Place] = ()) -> Iterator[PostgresBatch]:
        """Lock the head and open one transaction; see ``log.Log``."""
        if not self._writing:
            raise LogInUse("this log was opened for reading only")
        with self._lock:
            if self._failure is not None:
                raise StorageFailed(str(self._failure)) from self._failure
            statements, batch = self._begun(places)
            try:
                self._require_grown(batch.begun)
                yield batch
                batch.commit()
            except psycopg.Error as error:
                roll_back(statements)
                raise self._latched(error) from error
            except BaseException:
                roll_back(statements)
                raise
            self._seen, self._types = batch.head, batch.types
            self._purge_due = self._purge_due or batch.erased
            if self._purge_due:
                self._purge(statements.connection)

    def head(self) -> Head:
        """Return the committed head."""
        return head_of(self._found(SELECT_HEAD))

    def answer(self, scope: str, key: str) -> StoredAnswer | None:
        """Return the stored answer of a key, or None."""
        return self._connections.read(lambda reader: stored_answer(reader, scope, key))

    def tile_hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """Return up to ``count`` stored hashes of a tile level, from number ``first`` on."""
        if level == 0:
            found = self._found(_LEAVES, (Int8(first), Int8(first + count)))
        else:
            found = self._found(_HASHES, (Int8(level), Int8(first), Int8(first + count)))
        return [row[0] for row in found]

    @property
    def teller(self) -> int:
        """The process of the server that writes for this log."""
        return self._teller

    def wait_for_head(self, position: int, timeout_s: float, besides: int = 0) -> int:
        """Return the head's position once it is beyond ``position``, or when the time is over."""
        return self._listener.wait(position, timeout_s, besides)

    def personal(self, commitment: str) -> PersonalValue | None:
        """Return the value behind a commitment, or None if unknown or erased."""
        return self._connections.read(
            lambda reader: self._personal.get(_binary(reader), commitment)
        )

    def personal_of(self, person: str) -> list[PersonalValue]:
        """Return all values kept for a person, ordered by commitment."""
        return self._connections.read(lambda reader: self._personal.of(_binary(reader), person))

    def derived_key(self, purpose: str) -> bytes:
        """Return this ledger's key for a purpose; see `Log.derived_key`."""
        return self._personal.derived_key(purpose)

    def check(self) -> None:
        """Run the start-up checks; raises LogDamaged.

        A service is refused too with a role that could change what is recorded, and with a key
        file other than the one under which the first process stored its values.
        """
        if self._writing:
            with self._lock, translating():
                writer = self._connected().connection
                check_rights(writer, self._schema)
                self._personal.check(_binary(writer))
        else:
            self._connections.read(lambda reader: check_layout(reader, self._schema))
        check_content(self)
        self._seen = self.head()

    def verify_storage(self) -> Iterator[Finding]:
        """Yield what the database itself reports as corrupt."""
        yield from self._connections.read(
            lambda reader: list(layout_findings(reader, self._schema))
        )
        yield from self._connections.read(lambda reader: list(index_findings(reader)))

    def close(self) -> None:
        """Close every connection, and with the writing one give up the head."""
        self._listener.close()
        with self._lock:
            if self._writer is not None:
                self._writer.connection.close()
        self._connections.close()

    def _found(self, statement: LiteralString, parameters: Sequence[Any] = ()) -> list[TupleRow]:
        return self._connections.read(lambda reader: rows(reader, statement, parameters))

    def _begun(self, places: Sequence[Place]) -> tuple[PreparedStatements, PostgresBatch]:
        """Take the head, on a new connection if the one at hand was lost while nothing was done.

        A server that restarted is noticed when something is sent. That was no more than the
        beginning of a transaction, so that it may be sent again, once.
        """
        known = self._writer
        statements = self._connected()
        try:
            batch = PostgresBatch(statements, self._personal, self._tell, self._types, places)
        except psycopg.Error as error:
            roll_back(statements)
            if statements is not known or not connection_lost(statements.connection):
                raise self._latched(error) from error
        except BaseException:
            roll_back(statements)
            raise
        else:
            return statements, batch
        return self._begun(places)

    def _connected(self) -> PreparedStatements:
        """Return the writing connection, made anew if it was lost, to a server that was checked.

        Raises:
            LogBusy: there is no server, or it is a replica for now.
            StorageFailed: the server that came back is not one to write to.
        """
        if self._writer is not None and not connection_lost(self._writer.connection):
            return self._writer
        first = self._writer is None
        writer = self._connections.connect() if first else self._connected_again()
        try:
            with translating():
                check_server(writer)
                check_layout(writer, self._schema)
                statements = PreparedStatements(writer, (*STATEMENTS, self._tell))
        except LogDamaged as error:
            writer.close()
            if first:
                raise
            self._failure = StorageFailed(f"the database that came back cannot be used: {error}")
            raise self._failure from error
        except BaseException:
            writer.close()
            raise
        self._writer, self._teller = statements, writer.info.backend_pid
        return statements

    def _connected_again(self) -> Connection:
        deadline = monotonic() + RECONNECT_S
        while True:
            try:
                return self._connected_to_primary()
            except LogBusy:
                if monotonic() > deadline:
                    raise
            sleep(_RECONNECT_PAUSE_S)

    def _connected_to_primary(self) -> Connection:
        """Return a connection to a server that is none of those which may yet take over."""
        connection = self._connections.connect()
        with translating():
            follows = recovering(connection)
        if follows:
            connection.close()
            raise LogBusy("a replica answers that has not taken over")
        return connection

    def _require_grown(self, head: Head) -> None:
        """Stop for good if the log is not a continuation of what this process has seen.

        A replica that took over may lack what was answered, and grow past it differently.
        """
        seen = self._seen
        if head.size < seen.size or (head.size == seen.size and head.root != seen.root):
            self._failure = StorageFailed(
                f"the log went back: it held {seen.size} entries and holds {head.size}, or others"
            )
            raise self._failure

    def _latched(self, error: psycopg.Error) -> Exception:
        """Return what an error means, and let no batch begin after a failed storage."""
        meaning = translated(error)
        if isinstance(meaning, StorageFailed):
            self._failure = meaning
        return meaning

    def _purge(self, writer: Connection) -> None:
        """Let the database remove the rows that were erased from its pages.

        The erasure is durable already; a refusal here is made up for after the next batch.
        """
        with suppress(psycopg.Error):
            writer.execute(_VACUUM)
            self._purge_due = False


def open_postgres_log(
    url: str,
    schema: str,
    *,
    writing: bool = True,
    checking: bool = True,
    personal_key_file: Path,
) -> PostgresLog:
    """Open the log of a schema; it is made by ``postgres_schema.migrate`` and never here.

    Only who is about to verify everything opens without ``checking``: the start-up checks refuse
    what it is to locate.

    Raises:
        LogBusy: the server cannot be reached.
        LogDamaged: there is no log, or a start-up check failed.
        PersonalKeyUnusable: the key file does not open this ledger's personal values.
    """
    connections = PostgresConnections(url, schema)
    if not writing:
        # The pool goes on trying; who has the wrong address should be told at once.
        connections.connect().close()
    log = PostgresLog(connections, PersonalTables(personal_key_file, "%s"), writing=writing)
    try:
        if checking:
            log.check()
    except BaseException:
        log.close()
        raise
    return log


def _binary(connection: Connection) -> psycopg.Cursor[TupleRow]:
    """Return a cursor that gets its rows in the binary format."""
    return connection.cursor(binary=True)
