"""A ledger keeps every promise while its PostgreSQL server crashes, or goes silent (P3, P4, P18)."""

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from opsledger.cluster.postgres import PostgresServer
from support.databases import DATABASE, new_postgres_server, new_schema
from support.eventually import eventually
from support.fault_counts import report, rounds, skip_if_reported
from support.ledger_process import LedgerProcess, ledger_process
from support.log_places import PostgresPlace
from support.postgres_proxy import CommitSwallower
from support.proxy import running
from support.swarm import JOIN_S, prepare, swarm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

CRASHES: Final = 20
"""Crashes on one log."""

PAUSES: Final = 10
"""Pauses on one log."""

UNANSWERED_S: Final = 6
"""How long answers to COMMIT are lost, on one log."""

CRASH_AFTER_S: Final = 0.5
"""The latest moment of a crash, after the first acknowledgement."""

RECOVERED_S: Final = 60
"""Longest time in which the server recovers, and the service after it."""

LOST: Final = 0.2
"""Share of commits whose answer does not come through."""
LOST_MIN: Final = 10
"""Commits of each kind that are lost at least: done, and not done."""

LOOKS: Final = 12
"""How often in a row the head must be held for it to be held by a writer that is paused."""

LIMITS: Final = "limits-short"
"""Not a fault: makes the limits of a transaction short, so that many pauses fit into little time."""

BLOCKED_S_MAX: Final = 15
"""Longest time for which a writer that was paused may keep others from writing.

Paused between two statements it idles, and loses the head soon; cut in the middle of what it sends
it loses it when the whole transaction has taken too long. Both limits are far below, so that a slow
machine is not taken for a writer that keeps the head.
"""


@pytest.fixture(scope="module")
def crashing_server() -> Iterator[PostgresServer]:
    """A server that only these tests use, since they end it over and over."""
    with new_postgres_server() as server:
        yield server


@pytest.fixture
def crashing_place(crashing_server: PostgresServer, tmp_path: Path) -> PostgresPlace:
    """A schema for a new log on the server that crashes."""
    return new_place(crashing_server, tmp_path)


def new_place(server: PostgresServer, directory: Path) -> PostgresPlace:
    """Make a schema for a new log."""
    directory.mkdir(exist_ok=True)
    place = PostgresPlace(new_schema(server), directory / "personal.key")
    place.migrate()
    return place


def stop_at_once(server: PostgresServer, _chance: random.Random) -> None:
    """End all processes of the server with nothing written first, as when its host crashes."""
    server.restart("immediate")


def kill_first_process(server: PostgresServer, _chance: random.Random) -> None:
    """Kill the process that all others of the server come from."""
    server.kill()
    server.start()


def kill_backend(server: PostgresServer, chance: random.Random) -> None:
    """Kill a process that serves a connection; the server then restarts all of them."""
    with connected(server) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid"
        ).fetchall()
    if found:
        os.kill(chance.choice(found)[0], signal.SIGKILL)


def connected(server: PostgresServer) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect to a server that may still be recovering from the last crash."""
    while True:
        try:
            return psycopg.connect(server.url(DATABASE), autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.05)


Crash = Callable[[PostgresServer, random.Random], None]


def crashed(
    place: PostgresPlace, crash: Crash, seed: int, cycles: int, *faults: str
) -> tuple[list[str], dict[str, int]]:
    """Crash the database under load, over and over; gives all violations, and what was done."""
    chance = random.Random(seed)
    found = []
    with ledger_process(place, *faults) as ledger:
        token = prepare(ledger)
        # However careless the ledger is, the clients and their key are there after a crash.
        place.schema.server.psql("CHECKPOINT")
        with swarm(ledger, token, seed) as around:
            for _ in range(cycles):
                around.wait_for_acknowledgement()
                time.sleep(chance.uniform(0, CRASH_AFTER_S))
                crash(place.schema.server, chance)
                if not around.acknowledged_within(RECOVERED_S):
                    found.append("the service did not go on")
                    ledger.kill_if_running()
                    ledger.start()
            around.wait_for_acknowledgement()
            around.end()
            return found + around.verdict(200, chance), around.seen()


@pytest.mark.parametrize(
    ("crash", "number"),
    [
        pytest.param(crash, number, id=f"{kind}-{number}")
        for kind, crash, release in (
            ("stop", stop_at_once, 1_000),
            ("backend", kill_backend, 1_000),
            ("postmaster", kill_first_process, 300),
        )
        for number in rounds(CRASHES, release)
    ],
)
def test_nothing_that_was_told_is_lost_with_the_database(
    crashing_place: PostgresPlace, crash: Crash, number: int, request: pytest.FixtureRequest
) -> None:
    """The service stays, waits for the server, and clients that ask again get one record (P3, P4).

    An answer is given only for what is committed; a commit whose answer was lost in the crash is
    looked up by its key.
    """
    name = f"database-{request.node.callspec.id}"
    skip_if_reported(name)
    found, seen = crashed(crashing_place, crash, number, CRASHES)
    assert found == []
    assert seen["starts"] == 1
    report(name, CRASHES, **seen)


def test_crashes_expose_commits_that_are_not_synced(
    crashing_server: PostgresServer, tmp_path: Path
) -> None:
    """With `synchronous_commit` off an answer goes out before its commit is on the disk (P3)."""
    assert any(
        "the log has ()" in violation
        for number in range(5)
        for violation in crashed(
            new_place(crashing_server, tmp_path / str(number)),
            *(stop_at_once, 1, 1),
            "postgres-asynchronous",
        )[0]
    )


@pytest.fixture
def socket_directory() -> Iterator[Path]:
    """A directory whose name is short enough for that of a socket in it."""
    with tempfile.TemporaryDirectory(prefix="opsledger-") as name:
        yield Path(name)


def unanswered(
    place: PostgresPlace, directory: Path, seed: int
) -> tuple[list[str], dict[str, int]]:
    """Lose answers to COMMIT under load; gives all violations, and how much was done."""
    with running(CommitSwallower(place.schema, directory, seed)) as way:
        through = ThroughPlace(place.schema, place.personal_key_file, way.url)
        with ledger_process(through) as ledger:
            token = prepare(ledger)
            way.lost = LOST
            with swarm(ledger, token, seed) as around:
                time.sleep(UNANSWERED_S)
                eventually(lambda: min(way.lost_before, way.lost_after) >= LOST_MIN, JOIN_S)
                around.end()
                way.lost = 0
                found = around.verdict(200, random.Random(1))
        return found, around.seen() | {"before": way.lost_before, "after": way.lost_after}


@dataclass(frozen=True)
class ThroughPlace(PostgresPlace):
    """A schema whose service gets to it by another way."""

    service_url: str

    def settings(self) -> dict[str, str]:
        """Return what tells a ledger service that the log lies here."""
        return super().settings() | {"database_url": self.service_url}


@pytest.mark.parametrize("number", rounds(UNANSWERED_S, 600))
def test_a_commit_without_an_answer_is_looked_up(
    postgres_place: PostgresPlace, socket_directory: Path, number: int
) -> None:
    """Whether or not the commit was done, each command is recorded once or not at all (P4, P6).

    The connection is lost before the server gets the COMMIT, or after it has answered; the ledger
    cannot tell which, asks the key table on a new connection, and answers from it.
    """
    name = f"commits-unanswered-{number}"
    skip_if_reported(name)
    found, seen = unanswered(postgres_place, socket_directory, number)
    assert found == []
    assert seen["acknowledged"] > 0
    report(name, seen["before"] + seen["after"], **seen)


def pause_with_the_head(ledger: LedgerProcess, place: PostgresPlace) -> None:
    """Stop a writer at a moment at which it holds the head."""
    head = sql.Identifier(place.schema.name, "head")
    held = sql.SQL("SELECT 1 FROM {} FOR UPDATE NOWAIT").format(head)
    with psycopg.connect(place.schema.superuser_url, autocommit=True) as connection:

        def is_held() -> bool:
            time.sleep(0.03)
            try:
                connection.execute(held)
            except psycopg.errors.LockNotAvailable:
                return True
            return False

        while True:
            ledger.pause_writer()
            # The other writer has it now and then, but lets it go again.
            if all(is_held() for _ in range(LOOKS)):
                return
            ledger.resume_writer()
            time.sleep(0.01)


def blocked(place: PostgresPlace, pauses: int, *faults: str) -> list[str]:
    """Pause the writer of one of two services while it holds the head; gives all violations."""
    found = []
    with ledger_process(place, *faults) as paused:
        token = prepare(paused)
        with (
            swarm(paused, token, 1) as around_paused,
            ledger_process(place, *faults) as other,
            swarm(other, token, 2) as around,
        ):
            for number in range(pauses):
                around_paused.wait_for_acknowledgement()
                pause_with_the_head(paused, place)
                if not around.acknowledged_within(BLOCKED_S_MAX):
                    found.append(f"pause {number} blocked the other writer")
                paused.resume_writer()
                around.wait_for_acknowledgement()
            around_paused.end()
            around.end()
            requests = [each for client in around_paused.clients for each in client.requests]
            return found + around.verdict(50, random.Random(1), requests)


@pytest.mark.parametrize("number", rounds(PAUSES, 300))
def test_a_paused_writer_blocks_others_for_a_bounded_time(
    postgres_place: PostgresPlace, number: int
) -> None:
    """Stopped while it holds the head, a writer loses it, and the ledger goes on elsewhere (P18).

    When it wakes up its transaction is gone; what it had not committed is not there, and all that
    either service has told holds.
    """
    name = f"paused-{number}"
    skip_if_reported(name)
    assert blocked(postgres_place, PAUSES, LIMITS) == []
    report(name, PAUSES)


def test_pauses_expose_a_transaction_that_may_idle(postgres_place: PostgresPlace) -> None:
    """Without a limit for idling in a transaction the other writer waits for ever (P18)."""
    found = blocked(postgres_place, 1, "postgres-idles")
    assert "pause 0 blocked the other writer" in found
