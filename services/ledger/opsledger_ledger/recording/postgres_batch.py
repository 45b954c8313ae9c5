"""One transaction of the log on PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier
from psycopg.types.numeric import Int8

from opsledger_ledger.recording.batch import FoldingBatch, Place, Row, Tile
from opsledger_ledger.recording.log import (
    AppendRefused,
    OutcomeUnknown,
    PersonalValue,
    StoredAnswer,
)
from opsledger_ledger.recording.personal import PersonalTables
from opsledger_ledger.recording.postgres_arrays import Bigints, Bytes, Texts, copied_entries
from opsledger_ledger.recording.postgres_connections import Connection, rows
from opsledger_ledger.recording.postgres_errors import connection_lost
from opsledger_ledger.recording.postgres_reads import (
    SELECT_HEAD,
    PostgresReads,
    head_of,
    stored_answers,
    stored_types,
)

# Said in full: the defaults of a server or a role may be others. The rows of other writers are
# seen once their lock on the head is gone.
_BEGIN: Final = f"BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; {SELECT_HEAD} FOR UPDATE"
_INSERT_TYPES: Final = (
    "INSERT INTO types (number, name) SELECT row_number() OVER () + "
    "(SELECT coalesce(max(number), 0) FROM types), name FROM unnest(%b) AS used (name) "
    "WHERE NOT EXISTS (SELECT FROM types WHERE types.name = used.name)"
)
_INSERT_ENTRIES: Final = (
    "INSERT INTO entries (position, version, type, stream, leaf, entry) "
    "SELECT * FROM unnest(%b, %b, %b, %b, %b, %b)"
)
_COPY_ENTRIES: Final = (
    "COPY entries (position, version, type, stream, leaf, entry) FROM STDIN (FORMAT BINARY)"
)
_INSERT_TILES: Final = "INSERT INTO tiles (level, number, hash) SELECT * FROM unnest(%b, %b, %b)"
_INSERT_ANSWERS: Final = (
    "INSERT INTO answers (scope, key, fingerprint, answer) SELECT * FROM unnest(%b, %b, %b, %b)"
)
_UPDATE_HEAD: Final = "UPDATE head SET position = %b, recorded_at = %b, frontier = %b"

COPIED_ROWS: Final = 2_000
"""From how many entries on COPY is faster than one statement with arrays, which is one round trip."""

_REFUSALS: Final = {
    "entries_pkey": "an entry must continue the log and its stream",
    "answers_pkey": "a key is answered once",
    "personal_values_pkey": "a commitment is stored once",
}
"""What it means that a row is there already, by the name of the key."""


class PostgresBatch(FoldingBatch, PostgresReads):
    """One open transaction that holds the head; rows are kept back and sent together."""

    integrity_error = psycopg.IntegrityError

    def __init__(
        self,
        connection: Connection,
        personal: PersonalTables,
        channel: str,
        types: Mapping[str, int],
    ) -> None:
        """Begin, and take the head; raises psycopg.Error.

        `types` are the numbers of types that are known to be durable.
        """
        # Not in a pipeline: the driver ends one with a message that stops the server's clock for
        # a silent transaction, and a paused process would hold the head for as long as it likes.
        found = connection.execute(_BEGIN, prepare=False)
        found.nextset()
        head = head_of(found.fetchall())
        super().__init__(head)
        self._connection = connection
        self._personal = personal
        self._notify = SQL("NOTIFY {}").format(Identifier(channel))
        self.types: Mapping[str, int] = types
        """The numbers of those types and of what this batch has added."""
        self.begun: Final = head
        """The head as it was taken."""
        self.erased = False

    def erase_personal(self, person: str) -> int:
        """Destroy a person's key and side rows in this commit; return the rows removed."""
        self.erased = True
        return self._personal.erase(self._connection.cursor(), person)

    def commit(self) -> None:
        """Write what is kept back and commit, in one round trip.

        Those who wait for the head are told after the commit and not by it: a notification in a
        transaction takes a lock that all databases of the server share, until the disk has it.

        Raises:
            AppendRefused: as ``flush``.
            OutcomeUnknown: the connection was lost after COMMIT was sent.
            psycopg.Error: nothing was written.
        """
        if self._broken:
            raise AppendRefused("an earlier write of this batch was refused")
        if len(self._rows) >= COPIED_ROWS:
            self.flush()
        self._fold()
        sent = False
        answered: psycopg.Cursor[TupleRow] | None = None
        try:
            with self._refusing():
                self._number_types(self._rows)
            with self._refusing(), self._connection.pipeline():
                self._send(self._rows, self._tiles, self._answers)
                sent = True
                answered = self._connection.execute("COMMIT", prepare=False)
                if self.head.position > self.begun.position:
                    self._connection.execute(self._notify, prepare=False)
        except psycopg.Error as error:
            if answered is not None and answered.statusmessage == "COMMIT":
                return
            if sent and connection_lost(self._connection):
                raise OutcomeUnknown("COMMIT was sent and its answer was lost") from error
            raise

    def _found(self, statement: LiteralString, parameters: Sequence[Any] = ()) -> list[TupleRow]:
        self.flush()
        return rows(self._connection, statement, parameters)

    def _stored_answers(self, places: Sequence[Place]) -> dict[Place, StoredAnswer]:
        return stored_answers(self._connection, places)

    def _put_personal(self, values: Sequence[PersonalValue]) -> None:
        self._personal.put(self._connection.cursor(), values)

    def _write(
        self,
        rows: Sequence[Row],
        tiles: Sequence[Tile],
        answers: Mapping[Place, StoredAnswer],
    ) -> None:
        self._number_types(rows)
        copied = len(rows) >= COPIED_ROWS
        if copied:
            with self._connection.cursor() as cursor, cursor.copy(_COPY_ENTRIES) as copy:
                for part in copied_entries(rows, self.types):
                    copy.write(part)
        with self._connection.pipeline():
            self._send(rows, tiles, answers, copied=copied)

    def _number_types(self, rows: Sequence[Row]) -> None:
        """Give each type a number that has none, which happens once for each of them."""
        unknown = {row[3] for row in rows}.difference(self.types)
        if unknown:
            self._connection.execute(_INSERT_TYPES, (Texts(sorted(unknown)),))
            self.types = stored_types(self._connection)

    def _send(
        self,
        rows: Sequence[Row],
        tiles: Sequence[Tile],
        answers: Mapping[Place, StoredAnswer],
        *,
        copied: bool = False,
    ) -> None:
        """Send statements of which the first refusal is told when the pipeline ends."""
        execute = self._connection.execute
        if rows and not copied:
            positions, streams, versions, types, leaves, entries = zip(*rows, strict=True)
            columns = (
                *(
                    Bigints(positions),
                    Bigints(versions),
                    Bigints(map(self.types.__getitem__, types)),
                ),
                *(Texts(streams), Bytes(leaves), Bytes(entries)),
            )
            execute(_INSERT_ENTRIES, columns)
        if rows:
            if tiles:
                levels, numbers, hashes = zip(*tiles, strict=True)
                execute(_INSERT_TILES, (Bigints(levels), Bigints(numbers), Bytes(hashes)))
            head = self.head
            execute(_UPDATE_HEAD, (Int8(head.position), head.recorded_at, head.frontier))
        if answers:
            execute(
                _INSERT_ANSWERS,
                (
                    Texts(scope for scope, _ in answers),
                    Texts(key for _, key in answers),
                    Bytes(stored.fingerprint for stored in answers.values()),
                    Bytes(stored.answer for stored in answers.values()),
                ),
            )

    def _meaning(self, error: Exception) -> str:
        if isinstance(error, psycopg.Error):
            key = error.diag.constraint_name or ""
            return _REFUSALS.get(key, error.diag.message_primary or str(error))
        return str(error)
