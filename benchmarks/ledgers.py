"""Ledgers to measure: made, opened, filled and read, on a directory or on a database."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

import psycopg
from benchmarks.databases import OWNER, SERVICE
from benchmarks.mix import Made
from benchmarks.places import SCHEMA, Place
from psycopg.conninfo import make_conninfo

from opsledger_ledger.recording.log import Log, NewEntry
from opsledger_ledger.recording.postgres_log import open_postgres_log
from opsledger_ledger.recording.postgres_schema import migrate
from opsledger_ledger.recording.sqlite_log import open_log

FILLED_AT_ONCE: Final = 5_000
"""Entries of one commit while a ledger is filled."""


def made_ready(place: Place) -> None:
    """Let a new ledger be founded at a place: a database gets its tables from their owner."""
    if place.directory:
        return
    with psycopg.connect(make_conninfo(place.url, user=OWNER), autocommit=True) as owner:
        migrate(owner, SCHEMA, SERVICE)


def opened_log(place: Place, *, writing: bool) -> Log:
    """Open a log, to append to it or only to read it."""
    if place.directory:
        return open_log(place.folder, writing=writing, checking=writing)
    return open_postgres_log(
        place.url,
        SCHEMA,
        writing=writing,
        checking=writing,
        personal_key_file=Path(place.key_file),
    )


def fill(log: Log, events: Iterable[Made], recorded_at: str) -> int:
    """Append events to a log that nobody else writes to; gives their number."""
    waiting = iter(events)
    count = 0
    while chunk := list(islice(waiting, FILLED_AT_ONCE)):
        with log.begin() as batch:
            batch.append([NewEntry(*made) for made in chunk], recorded_at)
        count += len(chunk)
    return count
