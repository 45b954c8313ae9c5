"""One transaction of the log on SQLite."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opsledger_ledger.recording.batch import FoldingBatch, Place, Row, Tile
from opsledger_ledger.recording.log import PersonalValue, StoredAnswer
from opsledger_ledger.recording.personal import PersonalTables
from opsledger_ledger.recording.recorder import LedgerRecorder
from opsledger_ledger.recording.sqlite_inserts import blob, insert
from opsledger_ledger.recording.sqlite_reads import SqliteReads, stored_answers

PAGE_BYTES: Final = 4096


class SqliteBatch(FoldingBatch, SqliteReads):
    """One open transaction; rows are kept back and written together."""

    integrity_error = sqlite3.IntegrityError

    def __init__(
        self, cursor: sqlite3.Cursor, recorder: LedgerRecorder, personal: PersonalTables
    ) -> None:
        super().__init__(recorder.head(cursor))
        self._native = cursor
        self._recorder = recorder
        self._personal = personal
        self.pages_written = 0
        self.erased = False

    def erase_personal(self, person: str) -> int:
        """Destroy a person's key and side rows in this commit; return the rows removed."""
        self.erased = True
        return self._personal.erase(self._native, person)

    def _stored_answers(self, places: Sequence[Place]) -> dict[Place, StoredAnswer]:
        return stored_answers(self._native, places)

    def _put_personal(self, values: Sequence[PersonalValue]) -> None:
        self._personal.put(self._native, values)
        self.pages_written += 4 * len(values)

    def _write(
        self,
        rows: Sequence[Row],
        tiles: Sequence[Tile],
        answers: Mapping[Place, StoredAnswer],
    ) -> None:
        if rows:
            entry_bytes = sum(len(row[5]) for row in rows)
            self._recorder.write(self._native, rows, tiles, self.head)
            # At worst the end of each row's stream is on a page of its own.
            self.pages_written += 4 + len(rows) + 2 * entry_bytes // PAGE_BYTES
        if answers:
            insert(
                self._native,
                "answers",
                [
                    (scope, key, blob(stored.fingerprint), blob(stored.answer))
                    for (scope, key), stored in answers.items()
                ],
            )
            self.pages_written += 2 + len(answers)

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        self.flush()
        yield self._native
