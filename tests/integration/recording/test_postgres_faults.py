"""What is left of a batch on PostgreSQL that did not end well: nothing, or an honest "unknown"."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from opsledger.cluster.errors import ClusterError
from opsledger.cluster.postgres import PostgresServer
from opsledger_ledger.recording import postgres_connections, postgres_errors, postgres_log
from opsledger_ledger.recording.log import (
    LogBusy,
    LogDamaged,
    OutcomeUnknown,
    RecordingError,
    StorageFailed,
    StorageFull,
    StoredAnswer,
)
from opsledger_ledger.recording.postgres_batch import PostgresBatch
from opsledger_ledger.recording.postgres_log import PostgresLog, open_postgres_log
from opsledger_ledger.recording.verification import verify
from support.databases import new_postgres_server, new_schema
from support.eventually import eventually
from support.log_entries import EntryMaker, fill, instant
from support.log_places import PostgresPlace, filled_at
from support.postgres_proxy import Cut, PostgresProxy, postgres_proxy
from support.tampering import unguarded_schema

AT = instant(500)

PATIENCE_S = 120
"""Longest wait for a server that recovers on a busy disk."""


def add_one(log: PostgresLog, key: str = "key") -> None:
    """A batch of one entry and its answer."""
    with log.begin() as batch:
        batch.append([EntryMaker().next(f"letter/{key}", AT)], AT)
        batch.put_answer("scope", key, b"f", b"answer")


@pytest.fixture
def log(postgres_place: PostgresPlace) -> Iterator[PostgresLog]:
    """A log with ten entries."""
    with closing(postgres_place.open()) as opened:
        fill(opened, 10)
        yield opened


@pytest.fixture
def proxied(postgres_place: PostgresPlace) -> Iterator[tuple[PostgresProxy, PostgresLog]]:
    """A log with ten entries whose connections go through a proxy."""
    with (
        # The path of a socket must be short.
        tempfile.TemporaryDirectory() as directory,
        postgres_proxy(postgres_place.schema, Path(directory)) as (proxy, url),
        closing(
            open_postgres_log(
                url,
                postgres_place.schema.name,
                personal_key_file=postgres_place.personal_key_file,
            )
        ) as opened,
    ):
        fill(opened, 10)
        yield proxy, opened


def backend_of(log: PostgresLog) -> int:
    """The process of the server that a log writes through."""
    writer = log._writer  # noqa: SLF001 - nobody else can tell.
    assert writer is not None
    return writer.connection.info.backend_pid


def commit_through(proxy: PostgresProxy, log: PostgresLog, cut: Cut) -> None:
    """A batch whose commit meets a cut."""
    with log.begin() as batch:
        batch.append([EntryMaker().next("letter/new", AT)], AT)
        batch.put_answer("scope", "key", b"f", b"answer")
        proxy.at, proxy.cut = b"COMMIT", cut


def test_a_lost_answer_of_commit_is_unknown_and_the_key_decides(
    proxied: tuple[PostgresProxy, PostgresLog],
) -> None:
    """When COMMIT was done and its answer lost, the key's stored answer tells (P4)."""
    proxy, log = proxied
    with pytest.raises(OutcomeUnknown):
        commit_through(proxy, log, "after")
    assert proxy.cuts == 1
    # The server may still be at it when the connection is gone.
    eventually(lambda: log.answer("scope", "key") == StoredAnswer(b"f", b"answer"))
    assert log.head().position == 11
    add_one(log, "next")
    assert list(verify(log)) == []


def test_a_commit_that_never_arrived_is_unknown_too(
    proxied: tuple[PostgresProxy, PostgresLog],
) -> None:
    """The caller cannot tell the two apart, but the key can: it has no answer."""
    proxy, log = proxied
    with pytest.raises(OutcomeUnknown):
        commit_through(proxy, log, "before")
    assert log.answer("scope", "key") is None
    assert log.head().position == 10
    add_one(log)
    assert log.head().position == 11


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_connection_lost_inside_a_batch_leaves_nothing(
    proxied: tuple[PostgresProxy, PostgresLog], cut: Cut
) -> None:
    """Before COMMIT is sent nothing can have been written, and the next batch goes through."""
    proxy, log = proxied

    def write_out() -> None:
        with log.begin() as batch:
            batch.append([EntryMaker().next("letter/new", AT)], AT)
            proxy.cut = cut
            batch.stream_version("letter/new")

    with pytest.raises(LogBusy):
        write_out()
    assert log.head().position == 10
    add_one(log)
    assert log.head().position == 11


def test_a_connection_lost_while_it_is_made_is_made_again(
    proxied: tuple[PostgresProxy, PostgresLog],
) -> None:
    """A server that ends between letting us in and its first answer fails no batch."""
    proxy, log = proxied
    writer = log._writer  # noqa: SLF001 - nobody else can lose it.
    assert writer is not None
    writer.connection.close()
    proxy.at, proxy.cut = b"set_config", "before"
    add_one(log)
    assert proxy.cuts == 1
    assert log.head().position == 11


def test_a_read_is_asked_again_on_a_new_connection(
    proxied: tuple[PostgresProxy, PostgresLog],
) -> None:
    """A reader does not notice that a connection was cut under it."""
    proxy, log = proxied
    proxy.cut = "before"
    assert len(log.entries(0, 100)) == 10
    assert proxy.cuts == 1


def test_a_locked_head_is_busy_not_broken(
    log: PostgresLog, postgres_place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else who holds the head delays a writer for a bounded time (P18)."""
    monkeypatch.setitem(postgres_connections._SETTINGS, "lock_timeout", "50ms")  # noqa: SLF001
    with (
        closing(postgres_place.open()) as impatient,
        log.begin(),
        pytest.raises(LogBusy, match="lock timeout"),
        impatient.begin(),
    ):
        pass
    add_one(log)
    assert log.head().position == 11


@pytest.mark.parametrize("written", [False, True], ids=["nothing written", "rows written"])
def test_a_silent_writer_loses_the_head(
    log: PostgresLog,
    postgres_place: PostgresPlace,
    monkeypatch: pytest.MonkeyPatch,
    *,
    written: bool,
) -> None:
    """A paused process cannot hold up the others for long, nor write when it goes on (P18)."""
    name = "idle_in_transaction_session_timeout"
    monkeypatch.setitem(postgres_connections._SETTINGS, name, "100ms")  # noqa: SLF001
    with closing(postgres_place.open()) as silent:

        def pause() -> None:
            with silent.begin() as batch:
                batch.append([EntryMaker().next("letter/late", AT)], AT)
                if written:
                    batch.entries(0, 1)
                add_one(log)
                # The other one had the head because this one had lost it.
                assert log.head().position == 11

        with pytest.raises((LogBusy, OutcomeUnknown)):
            pause()
        assert silent.head().position == 11
        add_one(silent, "again")
    assert log.head().position == 12
    assert list(verify(log)) == []


def test_two_logs_take_turns(log: PostgresLog, postgres_place: PostgresPlace) -> None:
    """Whoever holds the head sees what the others have written, and continues it."""
    with closing(postgres_place.open()) as other:
        for number in range(6):
            add_one((log, other)[number % 2], f"turn-{number}")
        assert log.head() == other.head()
    assert log.head().position == 16
    assert list(verify(log)) == []


@pytest.fixture(scope="module")
def stoppable() -> Iterator[PostgresServer]:
    """A server that is nobody else's."""
    with new_postgres_server() as server:
        yield server


def _answers(server: PostgresServer) -> bool:
    """Whether a server is through with its recovery, which takes long on a busy disk."""
    try:
        server.psql("SELECT 1")
    except ClusterError:
        return False
    return True


@pytest.fixture
def own_server(stoppable: PostgresServer) -> Iterator[PostgresServer]:
    """A server that may be stopped and killed; it runs again afterwards."""
    eventually(lambda: _answers(stoppable), PATIENCE_S)
    yield stoppable
    if stoppable.settings:
        stoppable.stop()
        stoppable.settings.clear()
        stoppable.start()


@pytest.mark.parametrize("end", ["stopped", "stopped at once", "killed", "backend killed"])
def test_a_server_that_ends_takes_the_open_batch_with_it_and_nothing_else(
    own_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """After every kind of end the log goes on by itself where its last commit was (P3)."""
    monkeypatch.setattr(postgres_log, "RECONNECT_S", PATIENCE_S)
    monkeypatch.setattr(postgres_connections, "READ_RETRY_S", PATIENCE_S)
    place = PostgresPlace(new_schema(own_server), tmp_path / "personal.key")
    place.migrate()
    with closing(filled_at(place, 10)) as log:

        def meet_the_end() -> None:
            with log.begin() as batch:
                batch.append([EntryMaker().next("letter/new", AT)], AT)
                batch.entries(0, 1)
                if end == "killed":
                    own_server.kill()
                elif end == "backend killed":
                    with psycopg.connect(place.schema.superuser_url) as stranger:
                        found = stranger.execute(
                            "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'"
                        ).fetchone()
                    assert found is not None
                    os.kill(found[0], signal.SIGKILL)
                else:
                    own_server.stop("fast" if end == "stopped" else "immediate")
                if end != "backend killed":
                    own_server.start()

        with pytest.raises((LogBusy, OutcomeUnknown)):
            meet_the_end()
        assert log.head().position == 10
        with log.begin() as batch:
            batch.append([EntryMaker().next("letter/after", AT)], AT)
        assert log.head().position == 11
        assert list(verify(log)) == []


@pytest.mark.parametrize("end", ["restarted", "killed", "backend ended", "backend killed"])
def test_a_connection_lost_between_batches_is_made_anew(
    own_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """The first batch after a restart, or after the end of its backend, goes through (P3)."""
    monkeypatch.setattr(postgres_log, "RECONNECT_S", PATIENCE_S)
    place = PostgresPlace(new_schema(own_server), tmp_path / "personal.key")
    place.migrate()
    with closing(place.open()) as log:
        fill(log, 10)
        backend = backend_of(log)
        if end == "restarted":
            own_server.restart()
        elif end == "killed":
            own_server.kill()
            own_server.start()
        elif end == "backend ended":
            own_server.psql(f"SELECT pg_terminate_backend({backend}, 10000)")
        else:
            os.kill(backend, signal.SIGKILL)
        add_one(log)
        assert backend_of(log) != backend
        assert log.head().position == 11
        assert list(verify(log)) == []


def test_a_batch_that_has_begun_is_never_begun_again(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    """Once a command was decided on the head that was taken, a lost connection fails its batch."""
    place = PostgresPlace(new_schema(own_server), tmp_path / "personal.key")
    place.migrate()
    with closing(place.open()) as log:
        fill(log, 10)
        begun = 0

        def lose() -> None:
            nonlocal begun
            with log.begin() as batch:
                begun += 1
                batch.append([EntryMaker().next("letter/new", AT)], AT)
                own_server.psql(f"SELECT pg_terminate_backend({backend_of(log)}, 10000)")

        with pytest.raises((LogBusy, OutcomeUnknown)):
            lose()
        assert begun == 1
        assert log.head().position == 10


def test_without_a_server_a_batch_is_given_up_and_a_start_refused(
    own_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped server is waited for as long as a client can wait, and no longer."""
    monkeypatch.setattr(postgres_log, "RECONNECT_S", 0.1)
    monkeypatch.setattr(postgres_connections, "READ_RETRY_S", 0.1)
    place = PostgresPlace(new_schema(own_server), tmp_path / "personal.key")
    place.migrate()
    with closing(filled_at(place, 10)) as log:
        assert log.wait_for_head(10, 0) == 10
        own_server.stop("immediate")
        for _ in range(2):
            with pytest.raises(LogBusy), log.begin():
                pass
        with pytest.raises(LogBusy):
            log.head()
        with pytest.raises(LogBusy):
            log.wait_for_head(10, 5)
        with pytest.raises(LogBusy):
            place.open()
        own_server.start()
        monkeypatch.undo()
        with log.begin() as batch:
            batch.append([EntryMaker().next("letter/after", AT)], AT)
        assert log.wait_for_head(10, 5) == 11


def test_a_log_that_went_back_is_not_written_any_more(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    """A replica that took over may lack what was answered; a ledger never grows past that."""
    place = PostgresPlace(new_schema(own_server), tmp_path / "personal.key")
    place.migrate()
    with closing(filled_at(place, 10)) as log:
        with unguarded_schema(place) as stranger:
            stranger.execute("DELETE FROM entries WHERE position > 8")
            stranger.execute("UPDATE head SET position = 8")
        for _ in range(2):
            with pytest.raises(StorageFailed, match="went back"), log.begin():
                pass


def test_a_server_that_came_back_unsafe_is_not_written_to(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    """What was checked at the start is checked again on every new connection."""
    place = PostgresPlace(new_schema(own_server), tmp_path / "personal.key")
    place.migrate()
    with closing(filled_at(place, 10)) as log:
        own_server.stop()
        own_server.settings["fsync"] = "off"
        own_server.start()
        with pytest.raises(StorageFailed, match="fsync: expected on, found off"), log.begin():
            pass
        with pytest.raises(StorageFailed), log.begin():
            pass


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("53100", StorageFull),
        ("58030", StorageFailed),
        ("XX000", StorageFailed),
        ("XX001", LogDamaged),
        ("42501", LogDamaged),
        ("55P03", LogBusy),
        ("57014", LogBusy),
        ("57P01", LogBusy),
        ("25006", LogBusy),
        ("53300", LogBusy),
    ],
)
def test_each_error_of_the_server_has_one_meaning(code: str, meaning: type[RecordingError]) -> None:
    """Full is refused, failing stops, damage is named, and the rest may be tried again (P15, P16)."""
    error = psycopg.errors.lookup(code)("said the server")
    assert type(postgres_errors.translated(error)) is meaning


def test_after_a_failed_storage_nothing_is_written_any_more(
    log: PostgresLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An input or output error of the server's disk stops the writer for good (P16)."""

    def fail(*_: object) -> None:
        raise psycopg.errors.IoError("could not fsync file")

    monkeypatch.setattr(PostgresBatch, "commit", fail)
    with pytest.raises(StorageFailed):
        add_one(log)
    monkeypatch.undo()
    with pytest.raises(StorageFailed):
        add_one(log, "another")
    assert log.head().position == 10


def test_a_lost_notification_costs_latency_only(
    log: PostgresLog, postgres_place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits and is not told looks by itself, within the time between two looks."""
    with closing(postgres_place.open()) as deaf:
        monkeypatch.setattr(deaf._listener, "_listen", b"LISTEN elsewhere")  # noqa: SLF001
        assert deaf.wait_for_head(9, 0) == 10
        began = time.monotonic()
        assert deaf.wait_for_head(10, 0.01) == 10
        add_one(log)
        assert deaf.wait_for_head(10, 60) == 11
        assert time.monotonic() - began < 30
