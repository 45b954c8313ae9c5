"""A ledger beside a replica: never written there, read there, and carried on when it takes over."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from opsledger.cluster.postgres import PostgresServer
from opsledger_ledger.recording import postgres_log
from opsledger_ledger.recording.log import Log, LogBusy, LogDamaged
from opsledger_ledger.recording.postgres_log import open_postgres_log
from opsledger_ledger.recording.verification import verify
from support.databases import DATABASE, SERVICE, new_schema, postgres_server_in
from support.eventually import eventually
from support.log_entries import EntryMaker, fill, instant
from support.log_places import PostgresPlace
from support.standby import standby_of

AT = instant(500)


@pytest.fixture
def servers() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary, and a standby that streams from it."""
    with (
        tempfile.TemporaryDirectory(
            prefix="opsledger-test-pg-", ignore_cleanup_errors=True
        ) as name,
        postgres_server_in(Path(name)) as primary,
        standby_of(primary, Path(name) / "standby") as standby,
    ):
        yield primary, standby


def add_one(log: Log, stream: str) -> None:
    """A batch of one entry."""
    with log.begin() as batch:
        batch.append([EntryMaker().next(stream, AT)], AT)


def test_a_replica_is_read_and_never_written_until_it_takes_over(
    servers: tuple[PostgresServer, PostgresServer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A ledger does not start on one; one that meets it when the primary is gone waits for it."""
    primary, standby = servers
    place = PostgresPlace(new_schema(primary), tmp_path / "personal.key")
    place.migrate()
    replica = replace(place, schema=replace(place.schema, server=standby))
    both = make_conninfo(
        host=f"{primary.socket_directory},{standby.socket_directory}",
        port=f"{primary.port},{standby.port}",
        dbname=DATABASE,
        user=SERVICE,
    )
    with closing(
        open_postgres_log(both, place.schema.name, personal_key_file=place.personal_key_file)
    ) as log:
        fill(log, 10)
        caught_up = "SELECT pg_last_wal_replay_lsn() >= '{}'".format(
            primary.psql("SELECT pg_current_wal_flush_lsn()").strip()
        )
        eventually(lambda: standby.psql(caught_up).strip() == "t", 30)

        with pytest.raises(LogDamaged, match="role of the server: expected primary, found replica"):
            replica.open()
        with closing(replica.open(writing=False)) as reader:
            assert reader.head() == log.head()
            assert list(verify(reader)) == []

        primary.stop("immediate")
        monkeypatch.setattr(postgres_log, "RECONNECT_S", 0.1)
        with pytest.raises(LogBusy, match="a replica"):
            add_one(log, "letter/early")
        standby.psql("SELECT pg_promote()")
        monkeypatch.setattr(postgres_log, "RECONNECT_S", 20)
        add_one(log, "letter/later")
        assert log.head().position == 11
        assert list(verify(log)) == []
