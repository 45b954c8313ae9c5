"""The connections to a ledger's SQLite file: one that writes, and a pool that only reads."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

from opsledger_ledger.recording.checkpoints import Checkpoints
from opsledger_ledger.recording.log import (
    LogBusy,
    LogDamaged,
    LogInUse,
    RecordingError,
    StorageFailed,
    StorageFull,
)

DATABASE_NAME: Final = "ledger.db"
LOCK_NAME: Final = "writer.lock"

BUSY_TIMEOUT_S: Final = 5
"""How long a statement waits for a lock; only a reader's recovery of the file holds one."""

LOCK_WAIT_S: Final = 2.0
"""How long the lock of a directory is waited for.

A process that wrote for another one which was killed first decides what it was asked for.
"""
LOCK_STEP_S: Final = 0.01

READERS_MAX: Final = 16
WRITER_CACHE_KIB: Final = 16 * 1024


def translated(error: sqlite3.Error) -> RecordingError:
    """Return what an error of the database means to the port."""
    code = getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR
    # SQLite says FULL for ENOSPC only; a quota or a file size limit is a refused write. In
    # both cases the frame that would have committed is not there, so nothing was written.
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}:
        return StorageFull(str(error))
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LogBusy(str(error))
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
            return LogDamaged(str(error))
        case _:
            return StorageFailed(str(error))


class WriteTransaction(SQLiteTransaction):
    """A transaction that locks the head when it begins, not when it first writes."""

    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        return cursor


class WriteConnection(SQLiteConnection):
    """The one connection of the one process that writes."""

    @property
    def native(self) -> sqlite3.Connection:
        """The driver's connection, for statements on the hot path."""
        return self._sqlite_conn

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Yield the cursor of one transaction on the locked head."""
        with WriteTransaction(self, commit=commit) as cursor, cursor:
            yield cursor


class ReadConnectionPool(SQLiteConnectionPool):
    """Connections that cannot write, and see only what is committed."""

    def _create_connection(self) -> SQLiteConnection:
        connection = sqlite3.connect(
            self.db_name,
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            timeout=BUSY_TIMEOUT_S,
        )
        connection.row_factory = sqlite3.Row
        return SQLiteConnection(connection, max_age=self.max_age)


class LedgerDatastore(SQLiteDatastore):
    """A ledger's directory: its database file, its lock, one writer and many readers.

    ``writing`` takes the exclusive lock of the directory; without it nothing can be written.

    Raises:
        LogInUse: another process holds the lock.
        LogDamaged: the file is not an SQLite database, or cannot use a write-ahead log.
    """

    def __init__(self, directory: Path, *, writing: bool) -> None:
        self.path = directory / DATABASE_NAME
        self._writer: WriteConnection | None = None
        self._checkpoints: Checkpoints | None = None
        self.writer_lock = Lock()
        self._lock_file: int | None = None
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        super().__init__(uri, originator_id_type="text")
        self.pool = ReadConnectionPool(
            db_name=uri,
            lock_timeout=BUSY_TIMEOUT_S,
            pool_size=READERS_MAX,
            max_overflow=0,
            pool_timeout=BUSY_TIMEOUT_S,
        )
        if writing:
            self._lock_file = _locked(directory / LOCK_NAME)
            try:
                native = _open_writer(self.path)
                self._writer = WriteConnection(native, max_age=None)
                self._checkpoints = Checkpoints(self.path, native)
            except BaseException:
                self.close()
                raise

    @property
    def writing(self) -> bool:
        """Whether this process is the one that writes."""
        return self._writer is not None

    @property
    def writer(self) -> WriteConnection:
        """The writing connection; use it only while holding ``writer_lock``.

        Raises:
            LogInUse: the log was opened for reading.
        """
        if self._writer is None:
            raise LogInUse("this log was opened for reading only")
        return self._writer

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[SQLiteConnection]:
        """Yield the writing connection alone, or one of the reading ones."""
        if not commit:
            with super().get_connection(commit=False) as connection:
                yield connection
            return
        writer = self.writer
        with self.writer_lock:
            yield writer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """Yield a cursor over committed data, giving tuples.

        Raises:
            RecordingError: as ``translated`` says.
        """
        with self.get_connection(commit=False) as connection:
            wrapped = connection.cursor()
            with wrapped as cursor:
                cursor.row_factory = None
                try:
                    yield cursor
                except sqlite3.Error as error:
                    raise translated(error) from error
                except UnicodeDecodeError as error:
                    # The driver reads damaged text, its own error messages included, as UTF-8.
                    raise LogDamaged(f"text of the database is damaged: {error}") from error

    def checkpoint(self, pages: int) -> None:
        """Keep the write-ahead log within its bound, after a commit of at most so many pages.

        Must be called by who holds ``writer_lock``, outside a transaction.

        Raises:
            sqlite3.Error: copying it failed; the write-ahead log still holds everything.
        """
        assert self._checkpoints is not None
        self._checkpoints.committed(pages)

    def purge(self) -> bool:
        """Empty the write-ahead log, so that no erased row is left in it; tell if it is.

        A reader of an older state keeps it from being emptied; it is not waited for.

        Raises:
            sqlite3.Error: as ``checkpoint``.
        """
        assert self._checkpoints is not None
        return self._checkpoints.empty()

    def close(self) -> None:
        """Close the readers, then the writer, then give up the lock."""
        self.pool.close()
        if self._checkpoints is not None:
            self._checkpoints.close()
        if self._writer is not None:
            self._writer.close()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def _locked(path: Path) -> int:
    """Return the descriptor that holds the exclusive lock of a directory."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                os.close(descriptor)
                message = f"another process writes to the ledger in {path.parent}"
                raise LogInUse(message) from error
            time.sleep(LOCK_STEP_S)
        else:
            return descriptor


def _open_writer(path: Path) -> sqlite3.Connection:
    """Return the writing connection with every setting that durability rests on."""
    connection = sqlite3.connect(
        path,
        check_same_thread=False,
        isolation_level=None,
        cached_statements=256,
        timeout=BUSY_TIMEOUT_S,
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # Without FULL a commit that was answered can be gone after a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
        # A checkpoint inside COMMIT hides its errors; `checkpoint` shows them.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
    except sqlite3.Error as error:
        connection.close()
        raise translated(error) from error
    return connection
