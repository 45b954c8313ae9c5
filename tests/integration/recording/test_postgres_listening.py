"""Waiting for the head on PostgreSQL: who hears whose commits."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from opsledger_ledger.recording import postgres_listening
from opsledger_ledger.recording.postgres_log import PostgresLog
from support.log_entries import EntryMaker, fill, instant
from support.log_places import PostgresPlace

HEARD_S = 0.3
"""Longer than a notification takes to be heard on an idle machine."""


def add(log: PostgresLog, stream: str) -> None:
    """A batch of one entry of a new stream."""
    at = instant(500)
    with log.begin() as batch:
        batch.append([EntryMaker().next(stream, at)], at)


def test_a_teller_that_is_left_out_does_not_end_the_wait(
    postgres_place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is told of its own commits in another way sleeps on, until somebody else commits."""
    monkeypatch.setattr(postgres_listening, "POLL_S", 60)
    with (
        closing(postgres_place.open()) as ours,
        closing(postgres_place.open()) as theirs,
        ThreadPoolExecutor(2) as pool,
    ):
        fill(ours, 10)
        add(theirs, "letter/theirs")
        assert 0 != ours.teller != theirs.teller != 0
        apart = pool.submit(ours.wait_for_head, 11, 60, ours.teller)
        everybody = pool.submit(ours.wait_for_head, 11, 60)
        time.sleep(HEARD_S)
        add(ours, "letter/ours")
        assert everybody.result() == 12
        time.sleep(HEARD_S)
        assert not apart.done()
        add(theirs, "letter/theirs-too")
        assert apart.result() == 13
