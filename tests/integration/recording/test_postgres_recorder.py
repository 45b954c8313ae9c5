"""The library's own recorder cases on PostgreSQL, and the path of the library that loses events.

Run: the application recorder's case and the one on interleaved positions. Not run are those which
do not run on SQLite either, for the reasons given there.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count

import psycopg
import pytest
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from opsledger_ledger.recording.log import LogDamaged
from opsledger_ledger.recording.postgres_recorder import PostgresLedgerRecorder
from opsledger_ledger.recording.postgres_schema import FUNCTIONS
from support.databases import DATABASE, OWNER, SERVICE, Schema
from support.eventually import eventually
from support.log_places import PostgresPlace

POOL_SIZE = 8


@contextmanager
def datastore(schema: Schema, user: str, *, functions: bool = False) -> Iterator[PostgresDatastore]:
    """The library's own way to a schema."""
    server = schema.server
    with PostgresDatastore(
        DATABASE,
        str(server.socket_directory),
        server.port,
        user,
        "",
        pool_size=1,
        max_overflow=POOL_SIZE,
        max_waiting=100,
        lock_timeout=30,
        schema=schema.name,
        originator_id_type="text",
        enable_db_functions=functions,
    ) as opened:
        yield opened


class OnOneSchema:
    """Gives every case a recorder on a schema of its own."""

    # The library counts versions from 0 in its concurrent cases, the ledger from 1.
    INITIAL_VERSION = 0

    # A counter of the interpreter: the cases ask for streams from many threads at once.
    numbers = count()

    @pytest.fixture(autouse=True)
    def _place(self, postgres_place: PostgresPlace) -> Iterator[None]:
        schema = postgres_place.schema
        with closing(postgres_place.open()) as self.log, datastore(schema, SERVICE) as self.store:
            self._relax(schema)
            yield

    def _relax(self, schema: Schema) -> None:
        """Let the first version of a stream be 0."""
        (guard,) = (each for each in FUNCTIONS if each.name == "continue_log")
        relaxed = guard.statement.replace("WHEN 1 THEN 2", "WHEN 0 THEN 2")
        assert relaxed != guard.statement
        statement = relaxed.replace("CREATE", "CREATE OR REPLACE").replace("{schema}", schema.name)
        with psycopg.connect(schema.owner_url) as owner:
            owner.execute(statement.encode())

    def new_originator_id(self) -> str:
        """A new stream; a ledger's streams are named by text."""
        return f"letter/{next(self.numbers)}"

    def create_recorder(self) -> PostgresLedgerRecorder:
        """A recorder on the tables that the owner has made."""
        recorder = PostgresLedgerRecorder(self.store, self.log)
        recorder.create_table()
        return recorder


class TestApplicationRecorder(OnOneSchema, ApplicationRecorderTestCase[PostgresLedgerRecorder]):
    """The library's case of an application recorder."""

    def test_insert_subscribe(self) -> None:
        """A subscription of the library is told of what is recorded."""
        self.optional_test_insert_subscribe()

    def test_inserting_nothing_gives_no_positions(self) -> None:
        """An empty insertion is no commit: it gives no position and moves nothing."""
        recorder = self.create_recorder()
        assert recorder.insert_events([]) == []
        assert recorder.max_notification_id() is None


class TestPositionsDoNotInterleave(OnOneSchema, NonInterleavingNotificationIDsBaseCase):
    """The library's case of two long insertions at once."""


del ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase


LOCK = 77
SLOW = "letter/slow"

HOLD = """
CREATE FUNCTION {schema}.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.{column} = '{slow}' THEN PERFORM pg_advisory_xact_lock({lock}); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER hold AFTER INSERT ON {schema}.{table} FOR EACH ROW EXECUTE FUNCTION {schema}.hold();
"""
"""Holds up a commit that has its positions already, for as long as somebody has the lock."""


def event(stream: str) -> StoredEvent:
    """The first event of a stream."""
    return StoredEvent(stream, 1, "noted", b"{}")


def tailed(recorder: ApplicationRecorder, after: int) -> list[tuple[int, str]]:
    """What a reader gets who asks for everything after the last position it has seen."""
    found = recorder.select_notifications(after, 100, inclusive_of_start=False)
    return [(each.id, str(each.originator_id)) for each in found]


def seen_by_a_tailing_reader(
    schema: Schema, writers: Sequence[ApplicationRecorder], reader: ApplicationRecorder
) -> set[str]:
    """The streams that a reader sees while the first of two writers is slow to commit."""
    with (
        psycopg.connect(schema.superuser_url, autocommit=True) as gate,
        ThreadPoolExecutor() as pool,
    ):
        gate.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        slow = pool.submit(writers[0].insert_events, [event(SLOW)])

        def waiting(kinds: Sequence[str]) -> int:
            statement = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND wait_event = ANY(%s) AND usename = ANY(%s)"
            )
            (number,) = gate.execute(statement, (list(kinds), [OWNER, SERVICE])).fetchone() or (0,)
            return int(number)

        eventually(lambda: waiting(["advisory"]) == 1, 60)
        fast = pool.submit(writers[1].insert_events, [event("letter/fast")])
        # It commits at once, or it waits for the slow one.
        eventually(lambda: fast.done() or waiting(["relation", "transactionid", "tuple"]) == 1, 60)
        first = tailed(reader, 0)
        gate.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
        slow.result(60)
        fast.result(60)
        last = first[-1][0] if first else 0
        return {stream for _, stream in [*first, *tailed(reader, last)]}


def hold(schema: Schema, table: str, column: str) -> None:
    """Put the gate into a table."""
    script = HOLD.format(schema=schema.name, table=table, column=column, slow=SLOW, lock=LOCK)
    schema.server.psql(script, DATABASE)


@pytest.mark.parametrize(
    ("functions", "seen"),
    [
        pytest.param(True, {"letter/fast"}, id="by functions"),
        pytest.param(False, {"letter/fast", SLOW}, id="with its table lock"),
    ],
)
def test_a_reader_of_the_library_loses_events_that_functions_insert(
    postgres_schema: Schema, *, functions: bool, seen: set[str]
) -> None:
    """Its database functions give positions without a lock: who commits late is never read."""
    postgres_schema.server.psql(
        f"CREATE SCHEMA {postgres_schema.name} AUTHORIZATION {OWNER}", DATABASE
    )
    with datastore(postgres_schema, OWNER, functions=functions) as store:
        recorder = PostgresApplicationRecorder(store, events_table_name="stored_events")
        recorder.create_table()
        hold(postgres_schema, "stored_events", "originator_id")
        found = seen_by_a_tailing_reader(postgres_schema, [recorder, recorder], recorder)
    assert found == seen


def test_a_reader_of_the_ledger_loses_nothing(postgres_place: PostgresPlace) -> None:
    """Of two processes the second has no position before the first has committed (P6)."""
    schema = postgres_place.schema
    with (
        closing(postgres_place.open()) as one,
        closing(postgres_place.open()) as other,
        datastore(schema, SERVICE) as store,
    ):
        hold(schema, "entries", "stream")
        recorders = [PostgresLedgerRecorder(store, log) for log in (one, other)]
        found = seen_by_a_tailing_reader(schema, recorders, recorders[0])
    assert found == {"letter/fast", SLOW}


def test_the_recorder_refuses_the_functions(postgres_place: PostgresPlace) -> None:
    """Nobody records in a ledger by the path that loses events."""
    with (
        closing(postgres_place.open()) as log,
        datastore(postgres_place.schema, SERVICE, functions=True) as store,
        pytest.raises(LogDamaged, match="expected off, found on"),
    ):
        PostgresLedgerRecorder(store, log)
