"""One transaction of the log on PostgreSQL."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, LiteralString

import psycopg
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow

from opsledger_ledger.recording.batch import FoldingBatch, Place, Row
from opsledger_ledger.recording.log import (
    AppendRefused,
    OutcomeUnknown,
    PersonalValue,
    StoredAnswer,
)
from opsledger_ledger.recording.personal import PersonalTables
from opsledger_ledger.recording.postgres_arrays import (
    BIGINT,
    BYTEA,
    TEXT,
    Bigints,
    Bytes,
    Texts,
    bigint,
    copied_entries,
)
from opsledger_ledger.recording.postgres_connections import rows
from opsledger_ledger.recording.postgres_errors import connection_lost
from opsledger_ledger.recording.postgres_reads import (
    SELECT_HEAD,
    PostgresReads,
    head_of,
    stored_answer,
    stored_types,
)
from opsledger_ledger.recording.postgres_statements import PreparedStatements, Statement, rows_of

# Said in full: the defaults of a server or a role may be others.
_BEGIN: Final = Statement(b"begin", b"BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE")
_TAKE_HEAD: Final = Statement(b"take_head", f"{SELECT_HEAD} FOR UPDATE".encode())
# Asked after the lock on the head is had, so that it sees what other writers have answered.
_SELECT_ANSWERS: Final = Statement(
    b"select_answers",
    b"SELECT scope, key, fingerprint, answer FROM unnest($1, $2) AS asked (scope, key) "
    b"JOIN answers USING (scope, key)",
    (Texts.oid, Texts.oid),
)
_INSERT_TYPES: Final = (
    "INSERT INTO types (number, name) SELECT row_number() OVER () + "
    "(SELECT coalesce(max(number), 0) FROM types), name FROM unnest(%b) AS used (name) "
    "WHERE NOT EXISTS (SELECT FROM types WHERE types.name = used.name)"
)
_INSERT_ENTRIES: Final = Statement(
    b"insert_entries",
    b"INSERT INTO entries (position, version, type, stream, leaf, entry) "
    b"SELECT $1 + place, version, type, stream, leaf, entry "
    b"FROM unnest($2, $3, $4, $5, $6) WITH ORDINALITY "
    b"AS added (version, type, stream, leaf, entry, place)",
    (BIGINT, Bigints.oid, Bigints.oid, Texts.oid, Bytes.oid, Bytes.oid),
)
_COPY_ENTRIES: Final = (
    "COPY entries (position, version, type, stream, leaf, entry) FROM STDIN (FORMAT BINARY)"
)
_INSERT_TILES: Final = Statement(
    b"insert_tiles",
    b"INSERT INTO tiles (level, number, hash) SELECT * FROM unnest($1, $2, $3)",
    (Bigints.oid, Bigints.oid, Bytes.oid),
)
_INSERT_ANSWERS: Final = Statement(
    b"insert_answers",
    b"INSERT INTO answers (scope, key, fingerprint, answer) SELECT * FROM unnest($1, $2, $3, $4)",
    (Texts.oid, Texts.oid, Bytes.oid, Bytes.oid),
)
_MOVE_HEAD: Final = Statement(
    b"move_head",
    b"UPDATE head SET position = $1, recorded_at = $2, frontier = $3",
    (BIGINT, TEXT, BYTEA),
)
_COMMIT: Final = Statement(b"COMMIT", b"COMMIT")
_ROLL_BACK: Final = Statement(b"roll_back", b"ROLLBACK")

STATEMENTS: Final = (
    *(_BEGIN, _TAKE_HEAD, _SELECT_ANSWERS),
    *(_INSERT_ENTRIES, _INSERT_TILES, _INSERT_ANSWERS, _MOVE_HEAD),
    *(_COMMIT, _ROLL_BACK),
)
"""What a batch sends, beside the one that tells of its commit."""

COPIED_ROWS: Final = 2_000
"""From how many entries on COPY is faster than one statement with arrays, which is one round trip."""

_REFUSALS: Final = {
    "entries_pkey": "an entry must continue the log and its stream",
    "answers_pkey": "a key is answered once",
    "personal_values_pkey": "a commitment is stored once",
}
"""What it means that a row is there already, by the name of the key."""


def roll_back(statements: PreparedStatements) -> None:
    """Leave nothing of the open transaction; a connection that cannot is of no more use."""
    # After a ROLLBACK of its own the driver has the server forget what was prepared.
    try:
        with statements.together():
            statements.send(_ROLL_BACK)
    except psycopg.Error:
        with suppress(psycopg.Error):
            statements.connection.close()


class PostgresBatch(FoldingBatch, PostgresReads):
    """One open transaction that holds the head; rows are kept back and sent together."""

    integrity_error = psycopg.IntegrityError

    def __init__(
        self,
        statements: PreparedStatements,
        personal: PersonalTables,
        tell: Statement,
        types: Mapping[str, int],
        places: Sequence[Place],
    ) -> None:
        """Begin, and take the head; raises psycopg.Error.

        `tell` tells of the commit those who wait for the head. `types` are the numbers of types
        that are known to be durable.
        """
        with statements.together() as results:
            statements.send(_BEGIN)
            statements.send(_TAKE_HEAD)
            if places:
                scopes, keys = zip(*places, strict=True)
                statements.send(_SELECT_ANSWERS, (Texts(scopes).wire, Texts(keys).wire))
        _, taken, *found = results
        head = head_of(
            [
                (int.from_bytes(position), recorded_at.decode(), frontier)
                for position, recorded_at, frontier in rows_of(taken)
            ]
        )
        stored = {
            (scope.decode(), key.decode()): StoredAnswer(fingerprint, answer)
            for result in found
            for scope, key, fingerprint, answer in rows_of(result)
        }
        super().__init__(head, [stored.get(place) for place in places])
        self._statements = statements
        self._connection = statements.connection
        self._personal = personal
        self._tell = tell
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
        sent = False
        results: list[PGresult] = []
        try:
            with self._refusing():
                self._number_types(self._rows)
            with self._refusing(), self._statements.together() as results:
                self._send(self._rows, self._answers)
                sent = True
                self._statements.send(_COMMIT)
                if self._position > self.begun.position:
                    self._statements.send(self._tell)
        except psycopg.Error as error:
            if any(result.command_status == b"COMMIT" for result in results):
                return
            if sent and connection_lost(self._connection):
                raise OutcomeUnknown("COMMIT was sent and its answer was lost") from error
            raise

    def _found(self, statement: LiteralString, parameters: Sequence[Any] = ()) -> list[TupleRow]:
        self.flush()
        return rows(self._connection, statement, parameters)

    def _stored_answer(self, place: Place) -> StoredAnswer | None:
        return stored_answer(self._connection, *place)

    def _put_personal(self, values: Sequence[PersonalValue]) -> None:
        self._personal.put(self._connection.cursor(), values)

    def _write(self, rows: Sequence[Row], answers: Mapping[Place, StoredAnswer]) -> None:
        self._number_types(rows)
        copied = len(rows) >= COPIED_ROWS
        if copied:
            with self._connection.cursor() as cursor, cursor.copy(_COPY_ENTRIES) as copy:
                for part in copied_entries(rows, self.types):
                    copy.write(part)
        with self._statements.together():
            self._send(rows, answers, copied=copied)

    def _number_types(self, rows: Sequence[Row]) -> None:
        """Give each type a number that has none, which happens once for each of them."""
        unknown = {row[3] for row in rows}.difference(self.types)
        if unknown:
            self._connection.execute(_INSERT_TYPES, (Texts(sorted(unknown)),))
            self.types = stored_types(self._connection)

    def _send(
        self,
        rows: Sequence[Row],
        answers: Mapping[Place, StoredAnswer],
        *,
        copied: bool = False,
    ) -> None:
        """Send rows, in an order in which the server has work while the next are made."""
        send = self._statements.send
        if answers:
            scopes, keys = zip(*answers, strict=True)
            fingerprints = Bytes([stored.fingerprint for stored in answers.values()])
            given = Bytes([stored.answer for stored in answers.values()])
            send(
                _INSERT_ANSWERS,
                (Texts(scopes).wire, Texts(keys).wire, fingerprints.wire, given.wire),
            )
        if not rows:
            return
        if not copied:
            positions, streams, versions, types, leaves, entries = zip(*rows, strict=True)
            numbers = map(self.types.__getitem__, types)
            send(
                _INSERT_ENTRIES,
                (
                    *(bigint(positions[0] - 1), Bigints(versions).wire, Bigints(numbers).wire),
                    *(Texts(streams).wire, Bytes(leaves).wire, Bytes(entries).wire),
                ),
            )
        tiles, head = self._fold(), self.head
        if tiles:
            levels, places, hashes = zip(*tiles, strict=True)
            send(_INSERT_TILES, (Bigints(levels).wire, Bigints(places).wire, Bytes(hashes).wire))
        send(_MOVE_HEAD, (bigint(head.position), head.recorded_at.encode(), head.frontier))

    def _meaning(self, error: Exception) -> str:
        if isinstance(error, psycopg.Error):
            key = error.diag.constraint_name or ""
            return _REFUSALS.get(key, error.diag.message_primary or str(error))
        return str(error)
