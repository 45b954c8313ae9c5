"""The log on SQLite: one file, one writing connection, many readers."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from opsledger_ledger.recording.batch import Place
from opsledger_ledger.recording.committed import CommittedReads
from opsledger_ledger.recording.connections import (
    DATABASE_NAME,
    LedgerDatastore,
    translated,
)
from opsledger_ledger.recording.log import (
    Finding,
    Head,
    LogDamaged,
    OutcomeUnknown,
    PersonalValue,
    StorageFailed,
)
from opsledger_ledger.recording.personal import PersonalTables
from opsledger_ledger.recording.recorder import LedgerRecorder
from opsledger_ledger.recording.sqlite_batch import SqliteBatch
from opsledger_ledger.recording.sqlite_reads import SqliteReads
from opsledger_ledger.recording.sqlite_streams import stream_findings
from opsledger_ledger.recording.startup import (
    TAIL_ENTRIES,
    check_content,
    check_layout,
    check_settings,
    layout_findings,
)

KEY_FILE_NAME: Final = "personal.key"


class SqliteLog(SqliteReads, CommittedReads):
    """A ledger's log in a directory; made by ``open_log``."""

    def __init__(self, datastore: LedgerDatastore, personal: PersonalTables) -> None:
        self._datastore = datastore
        self._personal = personal
        self._recorder = LedgerRecorder(datastore)
        self._failure: StorageFailed | None = None
        self._purge_due = False

    @contextmanager
    def begin(self, places: Sequence[Place] = ()) -> Iterator[SqliteBatch]:
        """Lock the head and open one transaction; see ``log.Log``."""
        writer = self._datastore.writer
        with self._datastore.writer_lock:
            if self._failure is not None:
                raise StorageFailed(str(self._failure)) from self._failure
            native = writer.native
            try:
                cursor = native.execute("BEGIN IMMEDIATE")
                batch = SqliteBatch(cursor, self._recorder, self._personal, places)
                yield batch
                batch.flush()
            except sqlite3.Error as error:
                self._roll_back(native)
                raise self._latched(error) from error
            except BaseException:
                self._roll_back(native)
                raise
            try:
                writer.commit()
            except sqlite3.Error as error:
                self._roll_back(native)
                raise self._latched(error) from error
            except Exception as error:
                self._roll_back(native)
                raise OutcomeUnknown("COMMIT was sent and its answer was lost") from error
            self._tidy(batch)

    def head(self) -> Head:
        """Return the committed head."""
        with self._cursor() as cursor:
            return self._recorder.head(cursor)

    def tile_hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """Return up to ``count`` stored hashes of a tile level, from number ``first`` on."""
        with self._cursor() as cursor:
            if level == 0:
                rows = cursor.execute(
                    "SELECT leaf FROM entries WHERE position > ? AND position <= ? "
                    "ORDER BY position",
                    (first, first + count),
                )
            else:
                rows = cursor.execute(
                    "SELECT hash FROM tiles WHERE level = ? AND number >= ? AND number < ? "
                    "ORDER BY number",
                    (level, first, first + count),
                )
            return [row[0] for row in rows]

    def personal(self, commitment: str) -> PersonalValue | None:
        """Return the value behind a commitment, or None if unknown or erased."""
        with self._cursor() as cursor:
            return self._personal.get(cursor, commitment)

    def personal_of(self, person: str) -> list[PersonalValue]:
        """Return all values kept for a person, ordered by commitment."""
        with self._cursor() as cursor:
            return self._personal.of(cursor, person)

    def derived_key(self, purpose: str) -> bytes:
        """Return this ledger's key for a purpose; see `Log.derived_key`."""
        return self._personal.derived_key(purpose)

    def migrate(self) -> None:
        """Bring the file to the newest layout.

        Raises:
            LogDamaged: the file is not a ledger's.
        """
        self._recorder.create_table()

    def recover(self) -> None:
        """Empty the write-ahead log that a killed process left: it may hold erased rows.

        Raises:
            StorageFailed: the storage failed.
        """
        with self._datastore.get_connection(commit=True):
            try:
                self._purge_due = not self._datastore.purge()
            except sqlite3.Error as error:
                raise self._latched(error) from error

    def check(self) -> None:
        """Run the start-up checks; raises LogDamaged."""
        if self._datastore.writing:
            check_settings(self._datastore.writer.native)
        with self._cursor() as cursor:
            check_layout(cursor.connection)
        check_content(self)
        after = max(0, self.head().position - TAIL_ENTRIES)
        with self._cursor() as cursor:
            for finding in stream_findings(cursor.connection, after):
                raise LogDamaged(
                    f"{finding.field} of position {finding.position}: "
                    f"expected {finding.expected}, found {finding.found}"
                )

    def verify_storage(self) -> Iterator[Finding]:
        """Yield what the database itself reports as corrupt."""
        with self._cursor() as cursor:
            yield from layout_findings(cursor.connection)
            yield from stream_findings(cursor.connection)
            for (report,) in cursor.execute("PRAGMA integrity_check").fetchall():
                if report != "ok":
                    yield Finding("storage", 0, "database", "ok", report)

    def close(self) -> None:
        """Close every connection and give up the writer's lock.

        Who writes leaves everything in the database file itself, unless a reader of an older state
        is in the way; after a failure the disk is left as it is.
        """
        if self._datastore.writing and self._failure is None:
            with suppress(sqlite3.Error), self._datastore.get_connection(commit=True):
                self._datastore.purge()
        self._datastore.close()

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        with self._datastore.reading() as cursor:
            yield cursor

    def _roll_back(self, native: sqlite3.Connection) -> None:
        """Leave nothing of the open transaction, if the error has not ended it already."""
        if native.in_transaction:
            try:
                native.execute("ROLLBACK")
            except sqlite3.Error as error:
                self._latched(error)

    def _latched(self, error: sqlite3.Error) -> Exception:
        """Return what an error means, and let no batch begin after a failed storage."""
        meaning = translated(error)
        if isinstance(meaning, StorageFailed):
            self._failure = meaning
        return meaning

    def _tidy(self, batch: SqliteBatch) -> None:
        """Keep the write-ahead log short, and free of what was erased.

        The batch is durable already, so an error here never reaches its caller: it stops
        the next batch instead. A full disk leaves everything in the write-ahead log.
        """
        self._purge_due = self._purge_due or batch.erased
        try:
            if self._purge_due:
                self._purge_due = not self._datastore.purge()
            self._datastore.checkpoint(batch.pages_written)
        except sqlite3.Error as error:
            self._latched(error)


def open_log(
    directory: Path,
    *,
    writing: bool = True,
    checking: bool = True,
    personal_key_file: Path | None = None,
) -> SqliteLog:
    """Open the log of a directory, and make it if it is new and ``writing``.

    The key file of the personal values is ``personal.key`` in the directory unless another
    place, outside the reach of the database's backups, is given. Only who is about to verify
    everything opens without ``checking``: the start-up checks refuse what it is to locate.

    Raises:
        LogInUse: another process writes to it.
        LogDamaged: there is no log to read, or a start-up check failed.
    """
    if writing:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not (directory / DATABASE_NAME).exists():
        raise LogDamaged(f"there is no ledger in {directory}")
    datastore = LedgerDatastore(directory, writing=writing)
    log = SqliteLog(datastore, PersonalTables(personal_key_file or directory / KEY_FILE_NAME))
    try:
        if writing:
            log.migrate()
        if checking:
            log.check()
        if writing:
            log.recover()
    except BaseException:
        log.close()
        raise
    return log
