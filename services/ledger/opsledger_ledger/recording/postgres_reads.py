"""The reads on PostgreSQL that a batch and the log have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final, LiteralString

from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8

from opsledger_ledger.recording.log import Head, LogDamaged, Stored, StoredAnswer
from opsledger_ledger.recording.postgres_connections import Connection, rows

SELECT_HEAD: Final = "SELECT position, recorded_at, frontier FROM head"

# A type that has no name is left for the verifier to find.
_SELECT: Final = (
    "SELECT position, stream, version, name, entry, leaf FROM entries "
    "LEFT JOIN types ON types.number = entries.type "
)
_PAGE: Final = _SELECT + "WHERE position > %s ORDER BY position LIMIT %s"

# The length of an entry is known without reading it, also where it lies outside its row.
_BOUNDED_PAGE: Final = (
    "SELECT position, stream, version, name, entry, leaf FROM ("  # noqa: S608 - of our own parts.
    "SELECT *, sum(octet_length(entry)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS used, "
    "row_number() OVER (ORDER BY position) AS row FROM (" + _PAGE + ") AS page) AS summed "
    "WHERE used <= %s OR row = 1 ORDER BY position"
)
_ENTRIES: Final = (
    "SELECT position, entry FROM (SELECT *, "
    "sum(octet_length(entry)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS used, "
    "row_number() OVER (ORDER BY position) AS row FROM (SELECT position, entry FROM entries "
    "WHERE position > %s ORDER BY position LIMIT %s) AS page) AS summed "
    "WHERE used <= %s OR row = 1 ORDER BY position"
)
_OF_STREAM: Final = 'WHERE stream_hash = hashtext(%s::text COLLATE "C") AND stream = %s '
_STREAM: Final = _SELECT + _OF_STREAM + "AND version > %s ORDER BY version LIMIT %s::bigint"
_HISTORY: Final = (
    "SELECT position, entry FROM entries " + _OF_STREAM + "AND version > %s ORDER BY version"  # noqa: S608 - of our own parts.
)
_STREAM_VERSION: Final = "SELECT coalesce(max(version), 0) FROM entries " + _OF_STREAM  # noqa: S608 - of our own parts.
_ANSWER: Final = "SELECT fingerprint, answer FROM answers WHERE scope = %s AND key = %s"


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

    def page(self, after: int, limit: int, byte_limit: int) -> list[tuple[int, bytes]]:
        """Return positions and entries with position > ``after``; see ``log.Reads``."""
        found = self._found(_ENTRIES, (Int8(after), Int8(limit), Int8(byte_limit)))
        return [(position, entry) for position, entry in found]

    def stream_entries(
        self, stream: str, after_version: int = 0, limit: int | None = None
    ) -> list[Stored]:
        """Return a stream's entries with version > ``after_version``."""
        bound = None if limit is None else Int8(limit)
        found = self._found(_STREAM, (stream, stream, Int8(after_version), bound))
        return [Stored(*row) for row in found]

    def history(self, stream: str, after_version: int = 0) -> list[tuple[int, bytes]]:
        """Return positions and entries of a stream with version > ``after_version``."""
        found = self._found(_HISTORY, (stream, stream, Int8(after_version)))
        return [(position, entry) for position, entry in found]

    def stream_version(self, stream: str) -> int:
        """Return the last version of a stream, or 0."""
        ((version,),) = self._found(_STREAM_VERSION, (stream, stream))
        return int(version)


def stored_types(connection: Connection) -> dict[str, int]:
    """Return the number of each type of event that was recorded."""
    found = rows(connection, "SELECT name, number FROM types")
    return {str(name): int(number) for name, number in found}


def stored_answer(connection: Connection, scope: str, key: str) -> StoredAnswer | None:
    """Return what is stored under a scope and key."""
    found = rows(connection, _ANSWER, (scope, key))
    return StoredAnswer(*found[0]) if found else None


def head_of(found: Sequence[TupleRow]) -> Head:
    """Return the head that the rows of ``SELECT_HEAD`` say.

    Raises:
        LogDamaged: there is none.
    """
    if len(found) != 1:
        raise LogDamaged(f"rows of the head: expected 1, found {len(found)}")
    return Head(*found[0])
