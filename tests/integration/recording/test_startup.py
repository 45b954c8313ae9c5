"""Start-up checks fail closed: a log that was touched is not opened, and the error says why."""

import sqlite3
from pathlib import Path

import pytest

from opsledger_ledger.recording.connections import DATABASE_NAME
from opsledger_ledger.recording.log import LogDamaged
from opsledger_ledger.recording.sqlite_log import open_log
from opsledger_ledger.recording.startup import check_settings
from support.log_entries import filled
from support.tampering import database, unguarded

COUNT = 300

CONTENT = {
    "last entry gone": ("DELETE FROM entries WHERE position = 300", "last position"),
    "entry beyond the head": (
        "INSERT INTO entries VALUES (301, 's/1', 1, 0, 't', X'00', X'7B7D')",
        "last position",
    ),
    "entry of the tail gone": ("DELETE FROM entries WHERE position = 290", "positions of the tail"),
    "entry of the tail edited": (
        "UPDATE entries SET entry = X'7B7D' WHERE position = 290",
        "leaf of position 290",
    ),
    "entry of the tail made unreadable": (
        (
            "UPDATE entries SET entry = X'7B7D', "
            "leaf = X'28A3A18F6CD6406B086E9FFDA1F9B8A13DBCF44B0F3F32CB9031A11FD053ACF9' "
            "WHERE position = 290"
        ),
        "the entry of position 290 cannot be read",
    ),
    "leaf of the tail edited": (
        "UPDATE entries SET leaf = zeroblob(32) WHERE position = 299",
        "leaf of position 299",
    ),
    "stream column edited": (
        "UPDATE entries SET stream = 'letter/X' WHERE position = 290",
        "stream of position 290",
    ),
    "version column edited": (
        "UPDATE entries SET version = 999 WHERE position = 290",
        "version of position 290",
    ),
    "type column edited": (
        "UPDATE entries SET type = 'x' WHERE position = 290",
        "type of position",
    ),
    "pointer of the tail edited": (
        "UPDATE entries SET previous = previous - 1 WHERE position = 290",
        "previous of position 290",
    ),
    "stream of the tail gone": (
        "DELETE FROM streams WHERE position = 300",
        "end of stream of position",
    ),
    "end of a stream moved": (
        "UPDATE streams SET position = 299 WHERE position = 300",
        "end of stream of position 299",
    ),
    "head moved back": ("UPDATE head SET position = 299", "last position"),
    "head without its tree": ("UPDATE head SET frontier = zeroblob(8)", "frontier"),
    "recorded time moved": ("UPDATE head SET recorded_at = '2099'", "recorded time of the head"),
    "head gone": ("DELETE FROM head", "the head's row is missing"),
    "tile edited": ("UPDATE tiles SET hash = zeroblob(32)", "frontier"),
    "tile gone": ("DELETE FROM tiles", "the tree is not whole"),
    "tile beyond the tree": ("INSERT INTO tiles VALUES (1, 1, X'00')", "tile hashes of level"),
}

LAYOUT = {
    "guard gone": ("DROP TRIGGER entries_no_update", "trigger entries_no_update"),
    "guard weakened": (
        (
            "DROP TRIGGER head_no_delete; "
            "CREATE TRIGGER head_no_delete BEFORE DELETE ON head BEGIN SELECT 1; END"
        ),
        "trigger head_no_delete",
    ),
    "trigger added": (
        "CREATE TRIGGER own AFTER INSERT ON entries BEGIN SELECT 1; END",
        "trigger own",
    ),
    "table added": ("CREATE TABLE own (x)", "table own"),
    "migrations gone": ("DROP TABLE migrations", "migrations: expected"),
    "index gone": ("DROP INDEX personal_values_person", "index personal_values_person"),
    "application id": ("PRAGMA application_id = 7", "application id"),
    "newer layout": ("PRAGMA user_version = 99", "layout version"),
    "edited migration": ("UPDATE migrations SET checksum = 'x'", "migrations"),
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A closed log of 300 entries; over 256, so that there is a tile."""
    filled(tmp_path, COUNT, batch_size=60).close()
    return tmp_path


@pytest.mark.parametrize("writing", [True, False], ids=["writer", "reader"])
@pytest.mark.parametrize(("statement", "message"), CONTENT.values(), ids=CONTENT)
def test_damaged_content_stays_closed(
    directory: Path, statement: str, message: str, *, writing: bool
) -> None:
    """Neither the writer nor a reader opens a log whose end does not fit together."""
    with unguarded(directory) as connection:
        connection.execute(statement)
    with pytest.raises(LogDamaged, match=message):
        open_log(directory, writing=writing)


@pytest.mark.parametrize("writing", [True, False], ids=["writer", "reader"])
@pytest.mark.parametrize(("statements", "message"), LAYOUT.values(), ids=LAYOUT)
def test_a_changed_layout_stays_closed(
    directory: Path, statements: str, message: str, *, writing: bool
) -> None:
    """A missing, changed or foreign object is refused, guards above all."""
    with database(directory) as connection:
        connection.executescript(statements)
    with pytest.raises(LogDamaged, match=message):
        open_log(directory, writing=writing)


def test_a_failed_check_gives_the_lock_back(directory: Path) -> None:
    """A log that was refused can be opened by the next process once it is repaired."""
    with database(directory) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LogDamaged):
        open_log(directory)
    with database(directory) as connection:
        connection.execute("PRAGMA user_version = 1")
    open_log(directory).close()


def test_another_programs_database_is_not_taken_over(tmp_path: Path) -> None:
    """A file with foreign tables is refused and left as it was."""
    with database(tmp_path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(LogDamaged, match="not a ledger"):
        open_log(tmp_path)
    with database(tmp_path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema").fetchall()
    assert tables == [("theirs",)]


@pytest.mark.parametrize("writing", [True, False], ids=["writer", "reader"])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, *, writing: bool) -> None:
    """Any other file under the database's name is refused and left as it was."""
    (tmp_path / DATABASE_NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(LogDamaged):
        open_log(tmp_path, writing=writing)
    assert (tmp_path / DATABASE_NAME).read_bytes() == b"not a database" * 100


@pytest.mark.parametrize("level", ["OFF", "NORMAL"])
def test_a_writer_that_would_lose_commits_is_refused(tmp_path: Path, level: str) -> None:
    """A connection below synchronous=FULL never becomes the writer."""
    connection = sqlite3.connect(tmp_path / "other.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {level}")
    with pytest.raises(LogDamaged, match="synchronous: expected 2"):
        check_settings(connection)
    connection.close()


def test_a_writer_without_a_write_ahead_log_is_refused(tmp_path: Path) -> None:
    """A connection in another journal mode never becomes the writer."""
    connection = sqlite3.connect(tmp_path / "other.db", isolation_level=None)
    with pytest.raises(LogDamaged, match="journal mode: expected wal, found delete"):
        check_settings(connection)
    connection.close()


def test_the_writing_connection_has_its_settings(directory: Path) -> None:
    """What durability and erasure rest on is set, and set explicitly."""
    log = open_log(directory)
    seen: dict[str, object] = {}
    with log.begin() as batch:
        native = batch._native.connection  # noqa: SLF001 - settings belong to the connection.
        for name in ("journal_mode", "synchronous", "busy_timeout", "wal_autocheckpoint"):
            seen[name] = native.execute(f"PRAGMA {name}").fetchone()[0]
    log.close()
    assert seen == {
        "journal_mode": "wal",
        "synchronous": 2,
        "busy_timeout": 5000,
        "wal_autocheckpoint": 0,
    }
