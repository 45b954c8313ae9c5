"""What errors of PostgreSQL mean to the port of the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg.pq import ConnStatus

from opsledger_ledger.recording.log import (
    AppendRefused,
    LogBusy,
    LogDamaged,
    RecordingError,
    StorageFailed,
    StorageFull,
)

_MEANINGS: Final[tuple[tuple[str, type[RecordingError]], ...]] = (
    ("53100", StorageFull),  # No space left on the device.
    ("22", AppendRefused),  # A value that a column cannot hold.
    ("23", AppendRefused),  # A key or a guard of ours.
    ("58", StorageFailed),  # The operating system refused the server a file.
    ("XX001", LogDamaged),  # A page that cannot be read.
    ("XX002", LogDamaged),  # An index that does not fit its table.
    ("XX", StorageFailed),
    ("3F", LogDamaged),  # The schema is not there.
    ("42", LogDamaged),  # A table or a right is not there.
    ("28", LogDamaged),  # The role may not connect.
)
"""Beginnings of the code, the first that fits; what is not here may be tried again.

That is a lock or a statement that took too long, a server that stops, starts, has no room for
another connection or has become a replica: in each of these cases nothing was written.
"""


def translated(error: psycopg.Error) -> RecordingError:
    """Return what an error means while no COMMIT is under way."""
    code = error.sqlstate or ""
    for beginning, meaning in _MEANINGS:
        if code.startswith(beginning):
            return meaning(_said(error))
    return LogBusy(_said(error))


def connection_lost(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Tell whether a connection is of no more use."""
    return connection.closed or connection.pgconn.status == ConnStatus.BAD


@contextmanager
def translating() -> Iterator[None]:
    """Raise what errors of the block mean.

    Raises:
        RecordingError: as ``translated`` says.
    """
    try:
        yield
    except psycopg.Error as error:
        raise translated(error) from error


def _said(error: psycopg.Error) -> str:
    """Return what the server said, without the statement and its values."""
    return error.diag.message_primary or str(error).strip() or type(error).__name__
