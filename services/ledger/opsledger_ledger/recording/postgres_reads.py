"""The reads on PostgreSQL that a batch and the log have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final, LiteralString

from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8

from opsledger_ledger.recording.log import Head, LogDamaged, Stored, StoredAnswer
from opsledger_ledger.recording.postgres_arrays import Texts
from opsledger_ledger.recording.postgres_connections import Connection, rows

SELECT_HEAD: Final = "SELECT position, recorded_at, frontier FROM head"

_SELECT: Final = "SELECT position, stream, version, type, entry, leaf FROM entries "
_PAGE: Final = _SELECT + "WHERE position > %s ORDER BY position LIMIT %s"

# The length of an entry is known without reading it, also where it lies outside its row.
_BOUNDED_PAGE: Final = (
    "SELECT position, stream, version, type, entry, leaf FROM ("  # noqa: S608 - of our own parts.
    "SELECT *, sum(octet_length(entry)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS used, "
    "row_number() OVER (ORDER BY position) AS number FROM (" + _PAGE + ") AS page) AS summed "
    "WHERE used <= %s OR number = 1 ORDER BY position"
)
_STREAM: Final = _SELECT + "WHERE stream = %s AND version > %s ORDER BY version LIMIT %s::bigint"
_STREAM_VERSION: Final = "SELECT coalesce(max(version), 0) FROM entries WHERE stream = %s"
_ANSWERS: Final = (
    "SELECT scope, key, fingerprint, answer FROM unnest(%b, %b) AS asked (scope, key) "
    "JOIN answers USING (scope, key)"
)


class PostgresReads(ABC):
    """Reads through a connection; a batch gives its own, the log one over committed data."""

    @abstractmethod
    def _found(self, statement: LiteralString, parameters: Sequence[Any] = ()) -> list[TupleRow]:
        """Return the rows of a statement."""

    def entries(self, after: int, limit: int, byte_limit: int | None = None) -> list[Stored]:
        """Return entries with position > ``after``; see ``log.Reads``."""
        if byte_limit is None:
            found = self._found(_PAGE, (Int8(after), Int8(limit)))
        else:
            found = self._found(_BOUNDED_PAGE, (Int8(after), Int8(limit), Int8(byte_limit)))
        return [Stored(*row) for row in found]

    def stream_entries(
        self, stream: str, after_version: int = 0, limit: int | None = None
    ) -> list[Stored]:
        """Return a stream's entries with version > ``after_version``."""
        bound = None if limit is None else Int8(limit)
        return [Stored(*row) for row in self._found(_STREAM, (stream, Int8(after_version), bound))]

    def stream_version(self, stream: str) -> int:
        """Return the last version of a stream, or 0."""
        ((version,),) = self._found(_STREAM_VERSION, (stream,))
        return int(version)


def stored_answers(
    connection: Connection, places: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], StoredAnswer]:
    """Return what is stored under scopes and keys, all in one statement."""
    scopes, keys = Texts(scope for scope, _ in places), Texts(key for _, key in places)
    found = rows(connection, _ANSWERS, (scopes, keys))
    return {(scope, key): StoredAnswer(*stored) for scope, key, *stored in found}


def head_of(found: Sequence[TupleRow]) -> Head:
    """Return the head that the rows of ``SELECT_HEAD`` say.

    Raises:
        LogDamaged: there is none.
    """
    if len(found) != 1:
        raise LogDamaged(f"rows of the head: expected 1, found {len(found)}")
    return Head(*found[0])
