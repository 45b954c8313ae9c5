"""A ledger that is told to stop does so soon, and leaves no command half done (P24)."""

import random
import signal
import time

import pytest

from support.fault_counts import report, rounds, skip_if_reported
from support.ledger_process import ledger_process
from support.log_places import Place, SqlitePlace
from support.swarm import prepare, swarm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

STOPS = 20
"""Stops on one log."""
STOP_S = 5
READERS = 4
"""Event streams that are open beside the subscriber."""

STALLED_EVERY = 10
"""Stops from one to the next before which a reader has stopped to read what is sent."""


def stopped(place: Place, seed: int, stops: int, *faults: str) -> list[str]:
    """Stop and start a ledger under load, with event streams open; gives all violations."""
    chance = random.Random(seed)
    found = []
    with ledger_process(place, *faults) as ledger:
        token = prepare(ledger)
        with swarm(ledger, token, seed) as around:
            for number in range(stops):
                around.wait_for_acknowledgement()
                # Who reads from the beginning and does not go on soon takes nothing more.
                last = "0" if number % STALLED_EVERY == 0 else str(2**50)
                readers = [around.straight() for _ in range(READERS)]
                streams = [
                    reader.stream("/v1/events/stream", {"Last-Event-ID": last})
                    for reader in readers
                ]
                time.sleep(chance.uniform(0, 0.3))
                status, seconds = ledger.stop(signal.SIGTERM)
                if status or seconds > STOP_S:
                    found.append(f"stop {number}: status {status} after {seconds:.1f} s")
                for stream, reader in zip(streams, readers, strict=True):
                    stream.close()
                    reader.close()
                ledger.start()
            around.wait_for_acknowledgement()
            around.end()
            return found + around.verdict(100, chance)


@pytest.mark.parametrize("number", rounds(STOPS, 500))
def test_a_stop_is_quick_and_leaves_nothing_half_done(
    place: Place, number: int, request: pytest.FixtureRequest
) -> None:
    """Under load, with streams open, it ends well within 5 s, and all that was told holds."""
    name = f"stop-{request.node.callspec.id}"
    skip_if_reported(name)
    assert stopped(place, number, STOPS) == []
    report(name, STOPS)


def test_stops_expose_a_server_that_waits_for_its_streams(sqlite_place: SqlitePlace) -> None:
    """A server that lets streams go on does not end in time, and the harness sees it (P24)."""
    with (
        ledger_process(sqlite_place, "streams-never-end") as ledger,
        swarm(ledger, prepare(ledger), 1) as around,
    ):
        around.wait_for_acknowledgement()
        reader = around.straight()
        with reader.stream("/v1/events/stream", {}):
            assert not ledger.ends_within(STOP_S, signal.SIGTERM)
        reader.close()
