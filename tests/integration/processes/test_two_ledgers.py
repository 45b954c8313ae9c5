"""Two ledger processes on one schema of PostgreSQL are one ledger (P4, P6)."""

import json
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from threading import Event
from typing import Final

import pytest

from opsledger.cluster.postgres import PostgresServer
from opsledger_ledger.bootstrap.opening import open_ledger
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.feed.watcher import HeadWatcher
from opsledger_ledger.recording.log import Reads
from opsledger_ledger.recording.postgres_log import PostgresLog
from opsledger_ledger.recording.verification import verify
from opsledger_ledger.writing import writer
from opsledger_ledger.writing.deciding_state import DecidingState
from support.databases import new_schema
from support.eventually import eventually
from support.history import subscription_violations, violations
from support.http_clients import Command, CommandClient, Connection, Subscriber, read_feed
from support.ledger_service import GROUP, Caller, Process, served, serving
from support.ledgers_on_postgres import ledgers
from support.log_places import PostgresPlace
from support.swarm import SCOPES, commands

CLIENTS: Final = 6
WRITING_S: Final = 2.0
KEYS: Final = 25
SENT_AT_ONCE: Final = 4


@dataclass(frozen=True)
class Pair:
    """Two running processes, and a key that opens both."""

    place: PostgresPlace
    processes: Sequence[Process]
    founding_keys: list[str]
    token: str

    def connection(self, number: int) -> Connection:
        """A connection to one of them."""
        address = self.processes[number % 2].address.removeprefix("http://")
        return Connection(lambda: address, self.token)

    def caller(self, number: int) -> Caller:
        """Somebody who talks to one of them."""
        return Caller(self.processes[number].address, self.token)


@pytest.fixture(scope="module")
def pair(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two processes that were started at once on an empty schema."""
    key_file = tmp_path_factory.mktemp("pair") / "personal.key"
    place = PostgresPlace(new_schema(postgres_server), key_file)
    place.migrate()
    with ledgers(place, 2) as processes:
        keys = [process.token for process in processes if process.token != "-"]
        with Caller(processes[0].address, keys[0]) as administrator:
            client = administrator.caller("client", SCOPES)
            post = {"unit": "HQ", "title": "运营主管", "tier": "supervisor", "functions": ["ops"]}
            for path, body in (
                ("units/HQ/register", GROUP),
                ("positions/P-1/define", post),
                ("positions/P-1/appoint", {"person": "client", "valid_from": "2026-01-01"}),
            ):
                assert administrator.post(f"/v1/{path}", body).status_code in {200, 201}
            yield Pair(place, processes, keys, client.token)


def test_one_of_two_processes_founds_the_ledger(pair: Pair) -> None:
    """Started at once on an empty schema, one tells the first key and the other serves as well."""
    assert len(pair.founding_keys) == 1
    with closing(pair.connection(0)) as one, closing(pair.connection(1)) as other:
        assert one.get("/v1/head").status == other.get("/v1/head").status == 200
        founding = json.loads(one.get("/v1/events?after=0&limit=1").content)
    assert [entry["type"] for entry in founding] == ["ledger.founded.v1"]


def test_clients_of_both_see_one_history(pair: Pair) -> None:
    """Clients of both write at once; the order is one, gapless and that of real time (P4, P6).

    A subscriber of each process sees what the other has recorded, in order, nothing twice.
    """
    acknowledged = Event()
    clients = [
        CommandClient(
            f"both-{number}",
            pair.connection(number),
            commands(f"both-{number}", random.Random(f"commands {number}")),
            random.Random(f"patience {number}"),
            acknowledged,
        )
        for number in range(CLIENTS)
    ]
    subscribers = [Subscriber(pair.connection(number)) for number in range(2)]
    for thread in (*subscribers, *clients):
        thread.start()
    time.sleep(WRITING_S)
    for client in clients:
        client.end()
    for client in clients:
        client.join(60)
    read = read_feed(pair.connection(0))
    assert read == read_feed(pair.connection(1))
    requests = [each for client in clients for each in client.requests]
    ours = {each.key for each in requests}
    others = [each for each in read.log if each.key not in ours]
    assert violations(requests, read.log) == []
    assert all(sum(bool(each.positions) for each in client.requests) > 10 for client in clients)
    assert len(read.log) > len(others) + 100
    for subscriber in subscribers:
        subscriber.end_at(len(read.log), 30)
        received, resumed = subscriber.received, subscriber.resumed_after
        assert subscription_violations(received, read.leaves, resumed) == []
    with closing(pair.place.open(writing=False)) as log:
        assert list(verify(log)) == []


def test_a_key_sent_to_both_at_once_is_answered_once(pair: Pair) -> None:
    """Whichever process takes it first, the command is recorded once and both say the same (P4)."""
    with ThreadPoolExecutor(SENT_AT_ONCE) as pool:
        for number in range(KEYS):
            command = Command("/v1/positions/P-1/review", {"outcome": f"at once {number}"})

            def send(
                which: int, command: Command = command, key: str = f"same-{number}"
            ) -> tuple[int, bytes]:
                with closing(pair.connection(which)) as connection:
                    while True:
                        status, content, _ = connection.send(command, key)
                        if status != 409:
                            return status, content

            answers = set(pool.map(send, range(SENT_AT_ONCE)))
            assert len(answers) == 1
            ((status, _),) = answers
            assert status == 200
    read = read_feed(pair.connection(1))
    same = [each.key for each in read.log if each.key.startswith("same-")]
    assert sorted(same) == sorted(f"same-{number}" for number in range(KEYS))


def test_a_key_with_another_payload_is_refused_by_either(pair: Pair) -> None:
    """What a key was used for is known to all processes (P5)."""
    with closing(pair.connection(0)) as one, closing(pair.connection(1)) as other:
        first = Command("/v1/positions/P-1/review", {"outcome": "first"})
        second = Command("/v1/positions/P-1/review", {"outcome": "second"})
        assert one.send(first, "payload").status == 200
        refused = other.send(second, "payload")
    assert (refused.status, json.loads(refused.content)["code"]) == (422, "idempotency_key_reused")


def test_a_revoked_key_opens_neither(pair: Pair) -> None:
    """A key that one process kept in memory is given up when the other records its revocation."""
    with pair.caller(0) as administrator:
        passing = administrator.caller("passing", ("auditor",))
        with Caller(pair.processes[1].address, passing.token) as elsewhere:
            assert elsewhere.get("/v1/events?limit=1").status_code == 200
            answer = administrator.post("/v1/credentials/passing/revoke", {"reason": "left"})
            assert answer.status_code == 200, answer.text
            assert passing.get("/v1/events?limit=1").status_code == 401
            eventually(lambda: elsewhere.get("/v1/events?limit=1").status_code == 401)


def test_a_process_that_is_far_behind_catches_up_without_the_head(
    postgres_place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It decides on the current state all the same, and forgets keys that were changed meanwhile."""
    monkeypatch.setattr(writer, "BEHIND_MAX", 3)
    held: list[bool] = []
    catch_up = DecidingState.catch_up

    def noted(state: DecidingState, reads: Reads, position: int) -> frozenset[str]:
        held.append(state.position < position and not isinstance(reads, PostgresLog))
        return catch_up(state, reads, position)

    monkeypatch.setattr(DecidingState, "catch_up", noted)
    # Nothing but its own writer tells the second process of what the first does.
    monkeypatch.setattr(HeadWatcher, "start", lambda _: None)
    monkeypatch.setattr(HeadWatcher, "close", lambda _: None)
    with served(**postgres_place.settings()) as first:
        passing = first.administrator.caller("passing", ("auditor",))
        settings = LedgerSettings(port=0, **postgres_place.settings())  # type: ignore[arg-type]
        with (
            open_ledger(settings) as second,
            serving(second) as (_, address),
            Caller(address, passing.token) as elsewhere,
        ):
            assert elsewhere.get("/v1/events?limit=1").status_code == 200
            assert (
                first.administrator.post(
                    "/v1/credentials/passing/revoke", {"reason": "left"}
                ).status_code
                == 200
            )
            for number in range(6):
                first.administrator.register(f"F-{number}")
            held.clear()
            with Caller(address, first.administrator.token) as administrator:
                answer = administrator.register("F-6")
            assert answer.json()["positions"] == [first.ledger.log.head().position]
            assert True not in held
            assert elsewhere.get("/v1/events?limit=1").status_code == 401
