"""The library's `ProjectionRunner` over its application, both on PostgreSQL.

Run as `python -m benchmarks.peer_projection PLACE STREAMS`; saves the short streams of the mix,
projects them into a table with a row a letter, requires that the rows are what the mix leads to,
and says a line with `Projected`. Only PostgreSQL: on SQLite the library has no subscription.
"""

import sys
import time
from collections import defaultdict
from typing import Any, Final

import msgspec
from benchmarks.append_library import parts
from benchmarks.mix import EVENTS_EACH, Mix
from benchmarks.peer_application import Things, environment
from benchmarks.places import Place
from benchmarks.projector import Projected
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

WAIT_S: Final = 600


class Letters(PostgresTrackingRecorder):
    """A table of letters: the facts as they stand now, and the version."""

    def __init__(self, datastore: PostgresDatastore, **options: Any) -> None:
        super().__init__(datastore, **options)
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS letters "
                "(stream TEXT PRIMARY KEY, version BIGINT NOT NULL, facts JSONB NOT NULL)"
            ).format()
        )

    def put(self, tracking: Tracking, stream: str, version: int, facts: dict[str, Any]) -> None:
        """Write a row and how far the projection has come, in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO letters VALUES (%s, %s, %s) ON CONFLICT (stream) DO UPDATE "
                "SET version = excluded.version, facts = letters.facts || excluded.facts",
                (stream, version, Jsonb(facts)),
            )

    def rows(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """Read all rows."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT stream, version, facts FROM letters")
            return {row["stream"]: (row["version"], row["facts"]) for row in cursor.fetchall()}


class LettersProjection(Projection[Letters]):
    """Puts every event into the table."""

    name = "letters"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Take in one event."""
        about = domain_event.about
        self.view.put(tracking, about["subject"], about["streamversion"], domain_event.facts)


class Placed(Things):
    """The application, as the runner makes it: from its settings alone."""

    name = Things.name
    """Tables are named after it."""

    def __init__(self, env: Any) -> None:
        super().__init__(Place.of(env["PEER_PLACE"]))


def _main(place: Place, streams: int) -> None:
    wanted: dict[str, dict[str, Any]] = defaultdict(dict)
    saved: dict[str, list[Any]] = defaultdict(list)
    for command in Mix(streams).commands(1):
        for facts, about in parts(command):
            wanted[command[0].stream] |= facts
            saved[command[0].stream].append((facts, about))
    things = Things(place)
    things.require_durable()
    for stream, changes in saved.items():
        noun, _, name = stream.partition("/")
        things.found(noun, name, changes)
    last = things.recorder.max_notification_id()
    things.close()
    env = environment(place) | {"PEER_PLACE": str(place)}
    began, cpu_before = time.perf_counter(), time.process_time()
    with ProjectionRunner(
        application_class=Placed,
        projection_class=LettersProjection,
        view_class=Letters,
        env=env,
    ) as runner:
        runner.wait(last, timeout=WAIT_S)
        done = Projected(
            events=streams * EVENTS_EACH,
            seconds=time.perf_counter() - began,
            cpu_s=time.process_time() - cpu_before,
            peak_mb=0,
        )
        rows = runner.view.rows()
        assert rows == {stream: (EVENTS_EACH, facts) for stream, facts in wanted.items()}
    print(msgspec.json.encode(done).decode(), flush=True)


if __name__ == "__main__":
    _main(Place.of(sys.argv[1]), int(sys.argv[2]))
