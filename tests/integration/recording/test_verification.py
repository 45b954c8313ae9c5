"""The verifier names the first bad position and its field, and is silent about a sound log."""

from pathlib import Path

import msgspec
import pytest

from opsledger_contracts.evidence.merkle import leaf_hash
from opsledger_ledger.recording import verification
from opsledger_ledger.recording.log import Finding, LogDamaged, Stored
from opsledger_ledger.recording.sqlite_log import SqliteLog, open_log
from opsledger_ledger.recording.sqlite_streams import STREAM
from opsledger_ledger.recording.verification import (
    CHAIN,
    COLUMN,
    FORM,
    HEAD,
    LEAF,
    STORAGE,
    TILE,
    TIME,
    verify,
)
from support.log_entries import fill, filled
from support.tampering import database, loosely_typed, unguarded


def findings(directory: Path) -> list[Finding]:
    """What the verifier says about a closed log."""
    log = open_log(directory, writing=False, checking=False)
    found = list(verify(log))
    log.close()
    return found


@pytest.mark.parametrize(
    ("count", "pages"),
    [(0, []), (1, [1]), (300, [300]), (1500, [1000, 1500])],
)
def test_a_sound_log_has_no_findings(tmp_path: Path, count: int, pages: list[int]) -> None:
    """Nothing is found in a log that only the ledger has written; each page is reported."""
    log = filled(tmp_path, count, batch_size=100)
    seen: list[tuple[int, int]] = []
    assert list(verify(log, lambda position, total: seen.append((position, total)))) == []
    assert seen == [(position, count) for position in pages]
    log.close()


def test_a_log_is_verified_while_it_is_written(log: SqliteLog) -> None:
    """Entries that come while the verifier runs are not mistaken for damage."""
    maker = fill(log, 20)
    later = maker.next("letter/later", "2028-01-01T00:00:00.000000Z")

    def append_once(_: int, total: int) -> None:
        if total == 20:
            with log.begin() as batch:
                batch.append([later], "2028-01-01T00:00:00.000000Z")

    assert list(verify(log, append_once)) == []
    assert log.head().position == 21


def test_memory_does_not_grow_with_the_number_of_streams(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for two streams only, the chain is checked by reading entries again."""
    monkeypatch.setattr(verification, "STREAMS_REMEMBERED", 2)
    fill(log, 60, streams=7)
    assert list(verify(log)) == []


@pytest.mark.parametrize(
    ("statement", "check", "field"),
    [
        ("UPDATE entries SET leaf = zeroblob(32) WHERE position = ?", LEAF, "leaf"),
        ("UPDATE entries SET stream = 'letter/other' WHERE position = ?", COLUMN, "stream"),
        ("UPDATE entries SET version = 77 WHERE position = ?", COLUMN, "version"),
        ("UPDATE entries SET type = 'letter.other.v1' WHERE position = ?", COLUMN, "type"),
        ("UPDATE entries SET previous = 5 WHERE position = ?", COLUMN, "previous"),
        ("UPDATE entries SET entry = X'7B7D' WHERE position = ?", LEAF, "leaf"),
        ("UPDATE entries SET entry = X'00' WHERE position = ?", LEAF, "leaf"),
    ],
)
@pytest.mark.parametrize("position", [1, 37, 100])
def test_a_changed_column_is_named(
    tmp_path: Path, position: int, statement: str, check: str, field: str
) -> None:
    """Each column is compared with its entry, wherever the row stands."""
    filled(tmp_path, 100).close()
    with unguarded(tmp_path) as connection:
        connection.execute(statement, (position,))
    first = findings(tmp_path)[0]
    assert (first.check, first.position, first.field) == (check, position, field)
    assert first.expected != first.found


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("DELETE FROM streams WHERE stream = 'letter/BJ-3'", 4),
        ("UPDATE streams SET version = 2, position = 11 WHERE stream = 'letter/BJ-3'", 18),
        ("UPDATE streams SET position = 18 WHERE stream = 'letter/BJ-3'", 18),
        ("INSERT INTO streams VALUES ('letter/other', 1, 7)", 7),
    ],
    ids=["gone", "moved back", "another entry", "invented"],
)
def test_a_changed_end_of_a_stream_is_named(tmp_path: Path, statement: str, position: int) -> None:
    """Where a stream ends is compared with its last entry, in both directions."""
    filled(tmp_path, 100).close()
    with unguarded(tmp_path) as connection:
        connection.execute(statement)
    first = findings(tmp_path)[0]
    assert (first.check, first.position) == (STREAM, position)


@pytest.mark.parametrize(
    ("statement", "column"),
    [
        ("UPDATE entries SET entry = NULL WHERE position = 8", "entry"),
        ("UPDATE entries SET entry = 5 WHERE position = 8", "entry"),
        ("UPDATE entries SET leaf = 'text' WHERE position = 8", "leaf"),
        ("UPDATE entries SET stream = NULL WHERE position = 8", "stream"),
        ("UPDATE entries SET version = 'one' WHERE position = 8", "version"),
        ("UPDATE entries SET type = X'00' WHERE position = 8", "type"),
    ],
)
def test_a_value_of_another_type_is_named(tmp_path: Path, statement: str, column: str) -> None:
    """What only a damaged page can hold is a finding, and the log stays closed."""
    filled(tmp_path, 10, streams=4).close()
    with loosely_typed(tmp_path) as connection:
        connection.execute(statement)
    first = findings(tmp_path)[0]
    assert (first.check, first.position, first.field) == (COLUMN, 8, column)
    with pytest.raises(LogDamaged, match=f"wrong type of position 8: .* found {column}"):
        open_log(tmp_path)


def test_a_head_of_another_type_is_no_head(tmp_path: Path) -> None:
    """A head that cannot be read is a finding about the log as a whole."""
    filled(tmp_path, 10).close()
    with loosely_typed(tmp_path) as connection:
        connection.execute("UPDATE head SET frontier = NULL")
    (finding,) = findings(tmp_path)
    assert (finding.check, finding.position) == (STORAGE, 0)
    assert "the head's row" in finding.found


def test_an_unreadable_entry_is_located_behind_readable_ones(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first entry which the database cannot give is named, not the page it is on."""
    fill(log, 30)
    entries = log.entries

    def unreadable(after: int, limit: int, byte_limit: int | None = None) -> list[Stored]:
        """Fail whenever entry 17 is among what is asked for."""
        if after < 17 <= after + limit:
            raise LogDamaged("database disk image is malformed")
        return entries(after, limit, byte_limit)

    monkeypatch.setattr(log, "entries", unreadable)
    found = list(verify(log))
    assert [(finding.check, finding.position) for finding in found] == [
        (STORAGE, 17),
        (HEAD, 0),
        (HEAD, 0),
        (HEAD, 0),
    ]


def replaced(directory: Path, position: int, entry: bytes) -> None:
    """Put other bytes, with their own leaf hash, at a position."""
    with unguarded(directory) as connection:
        connection.execute(
            "UPDATE entries SET entry = ?, leaf = ? WHERE position = ?",
            (entry, leaf_hash(entry), position),
        )


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda entry: entry + b" ", id="white space"),
        pytest.param(lambda entry: entry.replace(b'{"data"', b'{"data":1,"data"'), id="key twice"),
        pytest.param(lambda entry: entry.replace(b'"number":', b'"n\\u0075mber":'), id="escape"),
        pytest.param(lambda entry: b'{"zzz":1,' + entry.removeprefix(b"{"), id="keys out of order"),
    ],
)
def test_bytes_in_another_form_are_found(tmp_path: Path, spoil: object) -> None:
    """An entry which means the same in other bytes is not the entry."""
    log = filled(tmp_path, 10)
    (stored,) = log.entries(6, 1)
    log.close()
    assert callable(spoil)
    replaced(tmp_path, 7, spoil(stored.entry))
    first = findings(tmp_path)[0]
    assert (first.check, first.position, first.field) == (FORM, 7, "entry")


@pytest.mark.parametrize("entry", [b"", b"\xff\xfe", b"[]", b'{"subject":1}', b'{"type":"x"}'])
def test_bytes_that_are_no_entry_are_found(tmp_path: Path, entry: bytes) -> None:
    """What cannot be read is a finding at its position, not a crash of the verifier."""
    filled(tmp_path, 10).close()
    replaced(tmp_path, 7, entry)
    first = findings(tmp_path)[0]
    assert (first.check, first.position, first.field) == (FORM, 7, "entry")


@pytest.mark.parametrize(
    ("attribute", "value", "check", "field"),
    [
        ("prev", "00" * 32, CHAIN, "prev"),
        ("prev", None, CHAIN, "prev"),
        ("recordedtime", "1999-01-01T00:00:00.000000Z", TIME, "recordedtime"),
        ("streamversion", 9, COLUMN, "version"),
        ("subject", "letter/other", COLUMN, "stream"),
        ("type", "letter.other.v1", COLUMN, "type"),
    ],
)
def test_a_changed_attribute_is_named(
    tmp_path: Path, attribute: str, value: object, check: str, field: str
) -> None:
    """An entry that contradicts its columns, its stream or its time is found where it stands."""
    log = filled(tmp_path, 30)
    (stored,) = log.entries(19, 1)
    log.close()
    attributes = msgspec.json.decode(stored.entry)
    attributes[attribute] = value
    replaced(
        tmp_path,
        20,
        msgspec.json.encode(
            {name: each for name, each in attributes.items() if each is not None}, order="sorted"
        ),
    )
    first = findings(tmp_path)[0]
    assert (first.check, first.position, first.field) == (check, 20, field)


def test_a_first_entry_has_no_predecessor(tmp_path: Path) -> None:
    """A stream's first entry that claims to follow another is found."""
    log = filled(tmp_path, 10)
    (stored,) = log.entries(0, 1)
    log.close()
    attributes = msgspec.json.decode(stored.entry) | {"prev": "ab" * 32}
    replaced(tmp_path, 1, msgspec.json.encode(attributes, order="sorted"))
    first = findings(tmp_path)[0]
    assert (first.check, first.expected, first.found) == (CHAIN, "absent", "ab" * 32)


def test_a_stream_with_a_hole_is_found(tmp_path: Path) -> None:
    """A version without the one before it breaks the chain at its own position."""
    filled(tmp_path, 10, streams=5).close()
    with unguarded(tmp_path) as connection:
        connection.execute("DELETE FROM entries WHERE position = 3")
    chain = [finding for finding in findings(tmp_path) if finding.check == CHAIN]
    assert [(finding.position, finding.field) for finding in chain] == [(8, "streamversion")]


@pytest.mark.parametrize(
    ("statement", "check", "field"),
    [
        ("UPDATE head SET position = 599", HEAD, "position"),
        ("UPDATE head SET recorded_at = '2099'", HEAD, "recorded_at"),
        ("UPDATE head SET frontier = zeroblob(8)", HEAD, "frontier"),
        ("UPDATE tiles SET hash = zeroblob(32) WHERE number = 1", TILE, "tile hash 1/1"),
        ("DELETE FROM tiles WHERE number = 1", TILE, "tile hash 1/1"),
        ("INSERT INTO tiles VALUES (1, 2, zeroblob(32))", TILE, "tiles of level 1"),
        ("INSERT INTO tiles VALUES (2, 0, zeroblob(32))", TILE, "tiles of level 2"),
    ],
)
def test_head_and_tiles_are_recomputed(
    tmp_path: Path, statement: str, check: str, field: str
) -> None:
    """Head and interior nodes are compared with those of the entries."""
    filled(tmp_path, 600, batch_size=100).close()
    with unguarded(tmp_path) as connection:
        connection.execute(statement)
    found = findings(tmp_path)
    assert [(finding.check, finding.field) for finding in found] == [(check, field)]


def test_a_guard_that_is_gone_is_found(tmp_path: Path) -> None:
    """The layout is part of what is verified."""
    filled(tmp_path, 10).close()
    with database(tmp_path) as connection:
        connection.execute("DROP TRIGGER entries_no_delete")
    (finding,) = findings(tmp_path)
    assert (finding.check, finding.field, finding.found) == (
        "layout",
        "trigger entries_no_delete",
        "absent",
    )
