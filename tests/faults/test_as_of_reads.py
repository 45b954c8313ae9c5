"""What the ledger calls unchanging never changes: not under load, not by a kill (P12)."""

import http.client
import json
import random
from collections import Counter

import pytest

from support.fault_counts import report, rounds, skip_if_reported
from support.http_clients import Connection
from support.ledger_process import ledger_process
from support.log_places import Place, SqlitePlace
from support.swarm import prepare, swarm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

BATCHES = 8
"""Batches of questions, each asked again with every later one; kills stand between them."""

QUESTIONS = 110
"""New questions of a batch; 8 batches of 110 make about 2,000 pairs."""
PAIRS = 2_000

KINDS = ("page", "page until", "event", "inclusion", "consistency", "tile", "stream")


def question(kind: str, connection: Connection, chance: random.Random) -> str:
    """Make up a question about the ledger as of some moment."""
    head = json.loads(connection.get("/v1/head").content)
    last = head["position"]
    position = chance.randint(1, last)
    match kind:
        case "page":
            # Half of them at the end of the feed, where a page may not be full.
            after = max(0, chance.choice((position, last)) - chance.randint(0, 20))
            path = f"/v1/events?after={after}&limit={chance.randint(1, 40)}"
        case "page until":
            entry = json.loads(connection.get(f"/v1/events/{position}").content)
            after = max(0, position - chance.randint(1, 40))
            path = f"/v1/events?after={after}&until={entry['recordedtime']}"
        case "event":
            path = f"/v1/events/{position}"
        case "inclusion":
            size = chance.randint(position, last)
            path = f"/v1/proofs/inclusion?position={position}&size={size}"
        case "consistency":
            path = f"/v1/proofs/consistency?from={position}&to={chance.randint(position, last)}"
        case "tile":
            path = f"/v1/tiles/0/000.p/{min(255, position)}"
        case _:
            # A page of versions that are there already.
            path = f"/v1/streams/position/P-1?after={chance.randint(0, 1)}&limit=1"
    return path


def asked_again(
    place: Place, seed: int, batches: int, *faults: str
) -> tuple[list[str], Counter[str], int]:
    """Ask, and ask again later; gives changed answers, kept questions by kind, and pairs."""
    chance = random.Random(seed)
    kept: dict[str, bytes] = {}
    kinds: Counter[str] = Counter()
    found: list[str] = []
    pairs = 0
    with ledger_process(place, *faults) as ledger:
        token = prepare(ledger)
        with swarm(ledger, token, seed) as around:
            connection = around.straight()
            for number in range(batches):
                around.wait_for_acknowledgement()
                for path, content in kept.items():
                    pairs += 1
                    if connection.get(path).content != content:
                        found.append(path)
                for _ in range(QUESTIONS):
                    kind = chance.choice(KINDS)
                    path = question(kind, connection, chance)
                    answer = connection.get(path)
                    assert answer.status == http.client.OK, (path, answer)
                    if "immutable" in answer.cache_control or kind == "stream":
                        kinds[kind] += path not in kept
                        kept.setdefault(path, answer.content)
                if number % 2:
                    connection.close()
                    ledger.kill()
                    ledger.start()
            connection.close()
    return found, kinds, pairs


@pytest.mark.parametrize("number", rounds(PAIRS, 200_000))
def test_an_unchanging_answer_does_not_change(
    place: Place, number: int, request: pytest.FixtureRequest
) -> None:
    """Pages, events, proofs and tiles that are called immutable are the same bytes ever after.

    They are asked for while clients write, and again while they write on and after kills.
    """
    name = f"as-of-reads-{request.node.callspec.id}"
    skip_if_reported(name)
    found, kinds, pairs = asked_again(place, number, BATCHES)
    assert found == []
    assert set(kinds) == set(KINDS)
    assert pairs > 15 * QUESTIONS
    report(name, pairs, **kinds)


def test_asking_again_exposes_pages_that_grow(sqlite_place: SqlitePlace) -> None:
    """A feed that calls a page final too early is found by the same questions (P12)."""
    found, _, _ = asked_again(sqlite_place, 1, 3, "pages-final-too-early")
    assert any("/v1/events?after=" in path for path in found)
