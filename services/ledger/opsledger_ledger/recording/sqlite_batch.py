"""One transaction of the log on SQLite."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opsledger_ledger.recording.batch import FoldingBatch, Place, Row
from opsledger_ledger.recording.log import AppendRefused, PersonalValue, StoredAnswer
from opsledger_ledger.recording.personal import PersonalTables
from opsledger_ledger.recording.recorder import LedgerRecorder
from opsledger_ledger.recording.sqlite_reads import SqliteReads, stored_answer, stored_answers

PAGE_BYTES: Final = 4096


class SqliteBatch(FoldingBatch, SqliteReads):
    """One open transaction; rows are kept back and written together."""

    integrity_error = sqlite3.IntegrityError

    def __init__(
        self,
        cursor: sqlite3.Cursor,
        recorder: LedgerRecorder,
        personal: PersonalTables,
        places: Sequence[Place],
    ) -> None:
        stored = stored_answers(cursor, places)
        super().__init__(recorder.head(cursor), [stored.get(place) for place in places])
        self._native = cursor
        self._recorder = recorder
        self._personal = personal
        self.pages_written = 0
        self.erased = False

    def erase_personal(self, person: str) -> int:
        """Destroy a person's key and side rows in this commit; return the rows removed."""
        self._require_open()
        self.erased = True
        return self._personal.erase(self._native, person)

    def _stored_answer(self, place: Place) -> StoredAnswer | None:
        return stored_answer(self._native, place)

    def _put_personal(self, values: Sequence[PersonalValue]) -> None:
        self._require_open()
        self._personal.put(self._native, values)
        self.pages_written += 4 * len(values)

    def _write(self, rows: Sequence[Row], answers: Mapping[Place, StoredAnswer]) -> None:
        if rows:
            entry_bytes = sum(len(row[5]) for row in rows)
            self._recorder.write(self._native, rows, self._fold(), self.head)
            # At worst the end of each row's stream is on a page of its own.
            self.pages_written += 4 + len(rows) + 2 * entry_bytes // PAGE_BYTES
        if answers:
            self._recorder.write_answers(self._native, answers.items())
            self.pages_written += 2 + len(answers)

    def _require_open(self) -> None:
        """Refuse a statement that would stand alone: a refused row has ended the transaction."""
        if not self._native.connection.in_transaction:
            raise AppendRefused("an earlier write of this batch was refused")

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        self.flush()
        yield self._native
