"""Whose answer is lost asks again under the same key, and nothing happens twice (P4, P6, P8)."""

import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from support.cutting_proxy import cutting_proxy
from support.fault_counts import report, rounds, skip_if_reported
from support.http_clients import Answer, Command, Connection, read_feed
from support.ledger_process import LedgerProcess, ledger_process
from support.log_places import Place, SqlitePlace
from support.swarm import prepare, swarm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

LOST = 0.4
"""Share of answers that do not come through."""

REPETITIONS = 1_000
"""Commands that are asked again, on one log."""
LOAD_S_MAX = 3000
THREADS = 50
KEYS = 20
"""Keys on one log that all threads use at once."""
IN_FLIGHT_S = 0.05
"""How long a thread waits whose key another one has just begun to use."""


def lost_answers(
    place: Place, seed: int, repetitions: int, *faults: str
) -> tuple[list[str], dict[str, int]]:
    """Put a lossy way before a ledger; gives all violations, and how much was done."""
    with (
        ledger_process(place, *faults) as ledger,
        cutting_proxy(lambda: ledger.address, LOST, seed) as proxy,
    ):
        token = prepare(ledger)
        with swarm(ledger, token, seed, lambda: proxy.address) as around:
            deadline = time.monotonic() + LOAD_S_MAX
            while around.seen()["repetitions"] < repetitions and time.monotonic() < deadline:
                time.sleep(0.1)
            around.end()
            found = around.verdict(200, random.Random(seed))
        return found, around.seen() | {"swallowed": proxy.swallowed, "cut": proxy.cut}


@pytest.mark.parametrize("number", rounds(REPETITIONS, 25_000))
def test_a_lost_answer_never_leads_to_a_second_record(
    place: Place, number: int, request: pytest.FixtureRequest
) -> None:
    """Commands asked again are recorded once; the subscriber misses nothing (P4, P8)."""
    name = f"lost-answers-{request.node.callspec.id}"
    skip_if_reported(name)
    found, seen = lost_answers(place, number, REPETITIONS)
    assert found == []
    assert min(seen["swallowed"], seen["cut"]) > REPETITIONS // 10
    assert seen["repetitions"] >= REPETITIONS
    assert seen["reconnects"] > 10
    report(name, seen["repetitions"], **seen)


def test_lost_answers_expose_forgotten_keys(sqlite_place: SqlitePlace) -> None:
    """A ledger that does not keep its keys records commands twice, and the harness sees it (P4)."""
    found, _ = lost_answers(sqlite_place, 1, 50, "keys-forgotten")
    assert any("is there more than once" in violation for violation in found)


def rush(ledger: LedgerProcess, token: str, keys: int) -> list[str]:
    """Send each of some commands from 50 threads at once; names what has not one answer."""
    start = Barrier(THREADS)
    connections = [Connection(lambda: ledger.address, token) for _ in range(THREADS)]

    def send(connection: Connection, key: str) -> Answer:
        command = Command("/v1/positions/P-1/review", {"outcome": key})
        start.wait()
        while True:
            answer = connection.send(command, key)
            if json.loads(answer.content).get("code") != "idempotency_key_in_flight":
                return answer
            time.sleep(IN_FLIGHT_S)

    found = []
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(keys):
            key = f"rush-{number}"
            answers = set(pool.map(send, connections, [key] * THREADS))
            if len(answers) != 1:
                found.append(f"{key} got {len(answers)} answers")
    for connection in connections:
        connection.close()
    with closing(Connection(lambda: ledger.address, token)) as connection:
        times = Counter(entry.key for entry in read_feed(connection).log)
    return found + [
        f"{key} is recorded {times[key]} times"
        for key in (f"rush-{number}" for number in range(keys))
        if times[key] != 1
    ]


@pytest.mark.parametrize("number", rounds(KEYS, 500))
def test_fifty_at_once_under_one_key_make_one_record(
    place: Place, number: int, request: pytest.FixtureRequest
) -> None:
    """However many ask at once under one key, it is recorded once and all get one answer (P4)."""
    name = f"rush-{request.node.callspec.id}"
    skip_if_reported(name)
    with ledger_process(place) as ledger:
        assert rush(ledger, prepare(ledger), KEYS) == []
    report(name, KEYS * THREADS)


def test_a_rush_exposes_forgotten_keys(sqlite_place: SqlitePlace) -> None:
    """A ledger that does not keep its keys gives several answers, and the harness sees it (P4)."""
    with ledger_process(sqlite_place, "keys-forgotten") as ledger:
        found = rush(ledger, prepare(ledger), 2)
    assert any("is recorded" in violation for violation in found)
