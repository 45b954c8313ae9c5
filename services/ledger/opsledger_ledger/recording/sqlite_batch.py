"""One transaction of the log on SQLite."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_ledger.recording.log import (
    AppendRefused,
    Head,
    NewEntry,
    PersonalValue,
    StoredAnswer,
)
from opsledger_ledger.recording.personal import PersonalTables
from opsledger_ledger.recording.recorder import LedgerRecorder, Row, Tile
from opsledger_ledger.recording.sqlite_inserts import insert
from opsledger_ledger.recording.sqlite_reads import SqliteReads, stored_answers

PAGE_BYTES: Final = 4096


class SqliteBatch(SqliteReads):
    """One open transaction; rows are kept back and written together."""

    def __init__(
        self, cursor: sqlite3.Cursor, recorder: LedgerRecorder, personal: PersonalTables
    ) -> None:
        self._native = cursor
        self._recorder = recorder
        self._personal = personal
        head = recorder.head(cursor)
        self._frontier = Frontier.from_bytes(head.frontier)
        self._recorded_at = head.recorded_at
        self._rows: list[Row] = []
        self._tiles: list[Tile] = []
        self._answers: dict[tuple[str, str], StoredAnswer] = {}
        self._broken = False
        self.pages_written = 0
        self.erased = False

    @property
    def head(self) -> Head:
        """The head including what this batch has appended so far."""
        return Head(self._frontier.size, self._recorded_at, self._frontier.to_bytes())

    def append(self, entries: Sequence[NewEntry], recorded_at: str) -> list[bytes]:
        """Append entries in this order and return their leaf hashes; see ``log.Batch``."""
        if recorded_at < self._recorded_at:
            raise AppendRefused(f"recorded time {recorded_at} is before {self._recorded_at}")
        leaves = [leaf_hash(new.entry) for new in entries]
        position = self._frontier.size
        for new, leaf in zip(entries, leaves, strict=True):
            position += 1
            self._rows.append((position, new.stream, new.version, new.type, leaf, new.entry))
        if leaves:
            self._tiles += self._frontier.extend(leaves)
            self._recorded_at = recorded_at
        return leaves

    def answer(self, scope: str, key: str) -> StoredAnswer | None:
        """Return the answer of a key, of this batch or stored, or None."""
        return self.answers([(scope, key)])[0]

    def answers(self, places: Sequence[tuple[str, str]]) -> list[StoredAnswer | None]:
        """Return the answer of each scope and key, of this batch or stored, or None."""
        # What is kept back is looked up here, so that asking does not force a write.
        stored = stored_answers(self._native, places) | self._answers
        return [stored.get(place) for place in places]

    def put_answer(self, scope: str, key: str, fingerprint: bytes, answer: bytes) -> None:
        """Store the answer of a key that has none."""
        if (scope, key) in self._answers:
            raise AppendRefused(f"the key {key!r} in {scope!r} is answered already")
        self._answers[scope, key] = StoredAnswer(fingerprint, answer)

    def put_personal(self, values: Sequence[PersonalValue]) -> None:
        """Store personal values, encrypted, in this commit."""
        try:
            self._personal.put(self._native, values)
        except sqlite3.IntegrityError as error:
            self._broken = True
            raise AppendRefused("a commitment is stored once") from error
        self.pages_written += 4 * len(values)

    def erase_personal(self, person: str) -> int:
        """Destroy a person's key and side rows in this commit; return the rows removed."""
        self.erased = True
        return self._personal.erase(self._native, person)

    def flush(self) -> None:
        """Write what was kept back.

        Raises:
            AppendRefused: a version does not continue its stream, a key is answered already.
                The batch cannot be committed any more.
        """
        if self._broken:
            raise AppendRefused("an earlier write of this batch was refused")
        self._broken = True
        try:
            self._write()
        except sqlite3.IntegrityError as error:
            raise AppendRefused(str(error)) from error
        self._rows, self._tiles, self._answers = [], [], {}
        self._broken = False

    def _write(self) -> None:
        """Write rows, tiles, head and answers as they are kept."""
        if self._rows:
            entry_bytes = sum(len(row[5]) for row in self._rows)
            self._recorder.write(self._native, self._rows, self._tiles, self.head)
            # At worst each row has a page of its own in the index of streams.
            self.pages_written += 4 + len(self._rows) + 2 * entry_bytes // PAGE_BYTES
        if self._answers:
            rows = [
                (scope, key, stored.fingerprint, stored.answer)
                for (scope, key), stored in self._answers.items()
            ]
            insert(self._native, "answers", rows)
            self.pages_written += 2 + len(self._answers)

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        self.flush()
        yield self._native
