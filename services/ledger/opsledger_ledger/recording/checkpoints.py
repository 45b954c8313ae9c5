"""The write-ahead log of SQLite, copied into the database beside the commands that are recorded."""

import sqlite3
from pathlib import Path
from threading import Thread
from typing import Final

WAL_PAGES_CHECKPOINT: Final = 4_000
"""Pages (16 MiB) of commits after which they are copied into the database."""

WAL_PAGES_RESTART: Final = 4_000
"""Length (16 MiB) from which the write-ahead log is copied as a whole, so that it begins anew.

Until then each commit makes the file longer, which costs a commit of one command a third more than to
write over what is there.
"""

WAL_PAGES_MAX: Final = 32_000
"""Length (128 MiB) from which the writer waits for readers, so that the log can begin anew."""


class Checkpoints:
    """Keeps the write-ahead log short; used by the one thread that writes, between its commits.

    To copy it and to wait for the disk takes as long as ten commits, and everybody would wait for
    it. So that is done by a connection of its own on a thread of its own. The log begins anew only
    if nothing in it is left to be copied: now and then the writing connection copies the little
    that has come meanwhile.
    """

    def __init__(self, path: Path, writer: sqlite3.Connection) -> None:
        self._path = path
        self._writer = writer
        self._copier: sqlite3.Connection | None = None
        self._copying: Thread | None = None
        self._error: sqlite3.Error | None = None
        self._pages = 0
        """Pages that were committed since copying was begun."""
        self._length = 0
        """Pages of the write-ahead log when it was copied."""

    def committed(self, pages: int) -> None:
        """Take note of a commit of at most so many pages, and have copied what is due.

        Raises:
            sqlite3.Error: a copy failed; the write-ahead log still holds everything.
        """
        self._pages += pages
        if self._copying is not None:
            # A disk that does not keep up with the copy is waited for: that bounds the log.
            if not self._copying.is_alive() or self._pages > WAL_PAGES_CHECKPOINT:
                self._end()
                if self._length > WAL_PAGES_RESTART:
                    self._copy_rest()
        elif self._pages > WAL_PAGES_CHECKPOINT:
            self._pages = 0
            self._copying = Thread(target=self._copy, name="ledger-checkpoint", daemon=True)
            self._copying.start()

    def empty(self) -> bool:
        """Leave nothing in the write-ahead log; tells whether that was possible.

        A reader of an older state keeps it from being emptied; it is not waited for.

        Raises:
            sqlite3.Error: as ``committed``.
        """
        self._end()
        execute = self._writer.execute
        (timeout_ms,) = execute("PRAGMA busy_timeout").fetchone()
        execute("PRAGMA busy_timeout = 0")
        try:
            busy, _, _ = execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            execute(f"PRAGMA busy_timeout = {timeout_ms}")
        return not busy

    def close(self) -> None:
        """Wait for what is being copied, and close the connection that copies."""
        if self._copying is not None:
            self._copying.join()
        if self._copier is not None:
            self._copier.close()

    def _end(self) -> None:
        """Wait for what is being copied, and raise what went wrong in it."""
        if self._copying is not None:
            self._copying.join()
            self._copying = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _copy(self) -> None:
        try:
            if self._copier is None:
                self._copier = _opened(self._path)
            self._length = copied(self._copier)
            if self._length > WAL_PAGES_RESTART:
                # Leaves less to the writer: hardly anything comes while this is copied.
                self._length = copied(self._copier)
        except sqlite3.Error as error:
            self._error = error

    def _copy_rest(self) -> None:
        if copied(self._writer) > WAL_PAGES_MAX:
            self._writer.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()


def copied(connection: sqlite3.Connection) -> int:
    """Copy what no reader is in the way of; gives the length of the write-ahead log."""
    _, length, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(length)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    # What was copied must be on the disk before the write-ahead log may begin anew.
    connection.execute("PRAGMA synchronous = FULL")
    # The write-ahead log is opened by who reads, and a checkpoint does not.
    connection.execute("PRAGMA schema_version").fetchone()
    return connection
