"""Append-only in the database itself: no statement changes, removes or replaces a row."""

import sqlite3
from pathlib import Path

import pytest

from opsledger_ledger.recording.sqlite_log import open_log
from support.log_entries import filled
from support.tampering import database

STATEMENTS = {
    "change an entry": "UPDATE entries SET entry = X'7B7D' WHERE position = 3",
    "change a position": "UPDATE entries SET position = 99 WHERE position = 3",
    "change by replacing": "UPDATE OR REPLACE entries SET position = 4 WHERE position = 3",
    "remove the last entry": "DELETE FROM entries WHERE position = 300",
    "remove all entries": "DELETE FROM entries",
    "replace by position": (
        "INSERT OR REPLACE INTO entries VALUES (3, 's/1', 1, 0, 't', X'00', X'7B7D')"
    ),
    "replace by version": (
        "INSERT OR REPLACE INTO entries VALUES (301, 'letter/BJ-1', 1, 0, 't', X'00', X'7B7D')"
    ),
    "REPLACE INTO": "REPLACE INTO entries VALUES (3, 'letter/BJ-2', 1, 0, 't', X'00', X'7B7D')",
    "upsert": (
        "INSERT INTO entries VALUES (3, 's/1', 1, 0, 't', X'00', X'7B7D') "
        "ON CONFLICT (position) DO UPDATE SET entry = excluded.entry"
    ),
    "leave a gap in positions": "INSERT INTO entries VALUES (302, 's/1', 1, 0, 't', X'00', X'7B7D')",
    "before the first entry": ("INSERT INTO entries VALUES (0, 's/1', 1, 0, 't', X'00', X'7B7D')"),
    "no position": "INSERT INTO entries VALUES (NULL, 's/1', 1, 0, 't', X'00', X'7B7D')",
    "leave a gap in versions": "INSERT INTO entries VALUES (301, 's/1', 2, 0, 't', X'00', X'7B7D')",
    "a version twice": "INSERT INTO entries VALUES (301, 'letter/BJ-1', 1, 0, 't', X'00', X'7B7D')",
    "leave a gap in a stream": (
        "INSERT INTO entries SELECT 301, stream, version + 1, position - 1, 't', X'00', X'7B7D' "
        "FROM streams WHERE stream = 'letter/BJ-1'"
    ),
    "change the end of a stream": "UPDATE streams SET version = 1",
    "give a stream another's end": (
        "UPDATE OR REPLACE streams SET (stream, version, position) = "
        "(SELECT stream, version, position FROM streams ORDER BY position DESC LIMIT 1) "
        "WHERE position = (SELECT min(position) FROM streams)"
    ),
    "remove a stream": "DELETE FROM streams",
    "replace a stream": "INSERT OR REPLACE INTO streams VALUES ('letter/BJ-1', 1, 1)",
    "a stream without entries": "INSERT INTO streams VALUES ('s/1', 1, 300)",
    "change a tile": "UPDATE tiles SET hash = X'00'",
    "remove a tile": "DELETE FROM tiles",
    "replace a tile": "INSERT OR REPLACE INTO tiles VALUES (1, 0, X'00')",
    "a tile out of turn": "INSERT INTO tiles VALUES (1, 2, X'00')",
    "move the head back": "UPDATE head SET position = 299",
    "move the head beyond": "UPDATE head SET position = 301",
    "change the tree only": "UPDATE head SET frontier = X'00'",
    "turn back the time": "UPDATE head SET recorded_at = '1999'",
    "remove the head": "DELETE FROM head",
    "replace the head": "INSERT OR REPLACE INTO head VALUES (1, 301, '2099', X'00')",
    "a second head": "INSERT INTO head VALUES (2, 301, '2099', X'00')",
    "change an answer": "UPDATE answers SET answer = X'00'",
    "remove an answer": "DELETE FROM answers",
    "replace an answer": "INSERT OR REPLACE INTO answers VALUES ('s', 'k', X'00', X'00')",
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed log of 300 entries and one answer."""
    place = tmp_path_factory.mktemp("guards")
    log = filled(place, 300, batch_size=60)
    with log.begin() as batch:
        batch.put_answer("s", "k", b"f", b"a")
    log.close()
    return place


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_the_database_refuses(directory: Path, statement: str) -> None:
    """Even a stranger's connection, with none of our settings, cannot rewrite history."""
    with database(directory) as connection:
        before = list(connection.iterdump())
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
        assert list(connection.iterdump()) == before


@pytest.mark.parametrize("table", ["answers", "streams", "tiles"])
def test_a_row_has_no_other_name_than_its_key(directory: Path, table: str) -> None:
    """Where rows had numbers of their own, a replaced number would pass the guard of the key."""
    with database(directory) as connection, pytest.raises(sqlite3.OperationalError, match="rowid"):
        connection.execute(f"SELECT rowid FROM {table}")  # noqa: S608 - a name of ours.


def test_a_refused_statement_leaves_the_log_sound(directory: Path) -> None:
    """After all those attempts the log still opens and writes."""
    log = open_log(directory)
    assert log.head().position == 300
    log.close()
