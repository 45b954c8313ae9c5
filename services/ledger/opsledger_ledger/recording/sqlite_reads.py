"""The reads on SQLite that a batch and the log have in common."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager

import msgspec

from opsledger_ledger.recording.log import Stored, StoredAnswer

_SELECT = "SELECT position, stream, version, type, entry, leaf FROM entries "

# The join is in the order in which it is written, so that each key is found by the index.
_SELECT_ANSWERS = (
    "SELECT scope, answers.key, fingerprint, answer FROM json_each(?) AS asked CROSS JOIN answers "
    "ON scope = json_extract(asked.value, '$[0]') "
    "AND answers.key = json_extract(asked.value, '$[1]')"
)


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

    def stream_entries(
        self, stream: str, after_version: int = 0, limit: int | None = None
    ) -> list[Stored]:
        """Return a stream's entries with version > ``after_version``."""
        with self._cursor() as cursor:
            rows = cursor.execute(
                _SELECT + "WHERE stream = ? AND version > ? ORDER BY version LIMIT ?",
                (stream, after_version, -1 if limit is None else limit),
            )
            return [Stored(*row) for row in rows]

    def stream_version(self, stream: str) -> int:
        """Return the last version of a stream, or 0."""
        with self._cursor() as cursor:
            row = cursor.execute(
                "SELECT coalesce(max(version), 0) FROM entries WHERE stream = ?", (stream,)
            ).fetchone()
            return int(row[0])

    def answer(self, scope: str, key: str) -> StoredAnswer | None:
        """Return the stored answer of a key, or None."""
        with self._cursor() as cursor:
            return stored_answers(cursor, [(scope, key)]).get((scope, key))


def stored_answers(
    cursor: sqlite3.Cursor, places: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], StoredAnswer]:
    """Return what is stored under scopes and keys, all in one statement."""
    rows = cursor.execute(_SELECT_ANSWERS, (msgspec.json.encode(places).decode(),))
    return {(scope, key): StoredAnswer(*stored) for scope, key, *stored in rows}


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
