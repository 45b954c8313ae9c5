"""The library's application recorder on a ledger's schema: reads the view, writes through the log."""

from collections.abc import Sequence
from typing import Any, Final

from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.sql import SQL, Identifier

from opsledger_ledger.recording.log import AppendRefused, LogDamaged, NewEntry, RecordingError
from opsledger_ledger.recording.postgres_log import PostgresLog

# The index knows a stream by its hash.
_SELECT_EVENTS: Final = (
    'SELECT stored_events.* FROM (SELECT %s::text COLLATE "C" AS id) AS asked '
    "CROSS JOIN {}.stored_events WHERE originator_hash = hashtext(id) AND originator_id = id"
)


class PostgresLedgerRecorder(PostgresApplicationRecorder):
    """Records events with positions from the head row, folding the tree in the same commit.

    What it inherits reads through the view ``stored_events``. What it adds is how rows get in: by
    a batch of the log, the one way in that there is.
    """

    def __init__(self, datastore: PostgresDatastore, log: PostgresLog) -> None:
        """Connect a datastore on the log's schema with the log.

        Raises:
            LogDamaged: the datastore would insert by functions, which take no lock.
        """
        if datastore.enable_db_functions:
            raise LogDamaged("database functions of the library: expected off, found on")
        super().__init__(datastore, events_table_name="stored_events")
        self.select_events_statement = SQL(_SELECT_EVENTS).format(Identifier(datastore.schema))
        self._log = log
        self.channel_name = log.channel

    def create_table(self) -> None:
        """Do nothing: the layout comes from numbered migrations."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Record events as one batch and return their positions.

        Raises:
            IntegrityError: one of them does not continue its stream.
            OperationalError: the log could not be written, or the outcome is unknown.
        """
        new = [
            NewEntry(str(event.originator_id), event.originator_version, event.topic, event.state)
            for event in stored_events
        ]
        if not new:
            return []
        try:
            with self._log.begin() as batch:
                position = batch.head.position
                batch.append(new, batch.head.recorded_at)
        except AppendRefused as error:
            raise IntegrityError(str(error)) from error
        except RecordingError as error:
            raise OperationalError(str(error)) from error
        return list(range(position + 1, position + 1 + len(new)))
