"""The reads on SQLite that a batch and the log have in common."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from itertools import chain

from opsledger_ledger.recording.log import Stored, StoredAnswer

_SELECT = "SELECT position, stream, version, type, entry, leaf FROM entries "
_SELECT_PAGE = "SELECT position, entry FROM entries WHERE position > ? ORDER BY position LIMIT ?"

# From the end of the stream backwards. A pointer that is damaged never leads forwards, so that the
# walk ends, and never into another stream. Only positions are carried along, not whole entries.
_CHAIN = (
    "WITH RECURSIVE chain (found, before) AS ("
    "SELECT entries.position, previous FROM streams "
    "CROSS JOIN entries ON entries.position = streams.position "
    "WHERE streams.stream = :stream AND streams.version > :after "
    "UNION ALL "
    "SELECT position, previous FROM chain CROSS JOIN entries ON position = before "
    "WHERE position < found AND version > :after AND stream = :stream) "
)
_FROM_CHAIN = "FROM chain CROSS JOIN entries ON position = found "
_SELECT_STREAM = _CHAIN + "SELECT position, stream, version, type, entry, leaf " + _FROM_CHAIN
_SELECT_FIRST = _SELECT_STREAM + "WHERE version <= :after + :limit"
_SELECT_HISTORY = _CHAIN + "SELECT position, entry " + _FROM_CHAIN

_SELECT_ANSWER = "SELECT fingerprint, answer FROM answers WHERE scope = ? AND key = ?"

_ANSWERS_MAX = 64
"""Answers that one statement looks for, else a smaller power of two: few statements to prepare."""


class SqliteReads(ABC):
    """Reads through a cursor; a batch gives its own, the log one over committed data."""

    @abstractmethod
    def _cursor(self) -> AbstractContextManager[sqlite3.Cursor]:
        """Return the cursor that reads go through."""

    def entries(self, after: int, limit: int, byte_limit: int | None = None) -> list[Stored]:
        """Return entries with position > ``after``; see ``log.Reads``."""
        with self._cursor() as cursor:
            rows = cursor.execute(
                _SELECT + "WHERE position > ? ORDER BY position LIMIT ?", (after, limit)
            )
            if byte_limit is None:
                return [Stored(*row) for row in rows]
            return _page(rows, byte_limit)

    def page(self, after: int, limit: int, byte_limit: int) -> list[tuple[int, bytes]]:
        """Return positions and entries with position > ``after``; see ``log.Reads``."""
        page: list[tuple[int, bytes]] = []
        used = 0
        with self._cursor() as cursor:
            for row in cursor.execute(_SELECT_PAGE, (after, limit)):
                used += len(row[1])
                if page and used > byte_limit:
                    break
                page.append(row)
        return page

    def stream_entries(
        self, stream: str, after_version: int = 0, limit: int | None = None
    ) -> list[Stored]:
        """Return a stream's entries with version > ``after_version``."""
        statement = _SELECT_STREAM if limit is None else _SELECT_FIRST
        asked = {"stream": stream, "after": after_version, "limit": limit}
        with self._cursor() as cursor:
            return [Stored(*row) for row in sorted(cursor.execute(statement, asked))]

    def history(self, stream: str, after_version: int = 0) -> list[tuple[int, bytes]]:
        """Return positions and entries of a stream with version > ``after_version``."""
        with self._cursor() as cursor:
            return sorted(
                cursor.execute(_SELECT_HISTORY, {"stream": stream, "after": after_version})
            )

    def stream_version(self, stream: str) -> int:
        """Return the last version of a stream, or 0."""
        with self._cursor() as cursor:
            row = cursor.execute(
                "SELECT version FROM streams WHERE stream = ?", (stream,)
            ).fetchone()
            return 0 if row is None else int(row[0])

    def answer(self, scope: str, key: str) -> StoredAnswer | None:
        """Return the stored answer of a key, or None."""
        with self._cursor() as cursor:
            return stored_answer(cursor, (scope, key))


def stored_answer(cursor: sqlite3.Cursor, place: tuple[str, str]) -> StoredAnswer | None:
    """Return what is stored under a scope and key, or None."""
    row = cursor.execute(_SELECT_ANSWER, place).fetchone()
    return None if row is None else StoredAnswer(*row)


def stored_answers(
    cursor: sqlite3.Cursor, places: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], StoredAnswer]:
    """Return what is stored under scopes and keys, in few statements."""
    found: dict[tuple[str, str], StoredAnswer] = {}
    first, left = 0, len(places)
    while left:
        count = min(_ANSWERS_MAX, 1 << left.bit_length() - 1)
        asked = tuple(chain.from_iterable(places[first : first + count]))
        for scope, key, fingerprint, answer in cursor.execute(_select_answers(count), asked):
            found[scope, key] = StoredAnswer(fingerprint, answer)
        first += count
        left -= count
    return found


@cache
def _select_answers(count: int) -> str:
    # The join is in the order in which it is written, so that each key is found by the index.
    marks = ", ".join(["(?, ?)"] * count)
    return (
        f"WITH asked (scope, key) AS (VALUES {marks}) "  # noqa: S608 - nothing but marks.
        "SELECT scope, key, fingerprint, answer FROM asked CROSS JOIN answers USING (scope, key)"
    )


def _page(rows: sqlite3.Cursor, byte_limit: int) -> list[Stored]:
    """Return rows until their entries would pass a number of bytes, but one at least."""
    page: list[Stored] = []
    used = 0
    for row in rows:
        # A damaged page may give anything here; to judge it is the verifier's work.
        used += len(row[4]) if isinstance(row[4], bytes) else 0
        if page and used > byte_limit:
            break
        page.append(Stored(*row))
    return page
