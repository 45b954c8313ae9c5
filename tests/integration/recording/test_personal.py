"""Personal values: committed to in entries, sealed beside them, erasable without a trace."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from stat import S_IMODE

import pytest

from opsledger_contracts.evidence.commitment import verify_commitment
from opsledger_ledger.recording.log import (
    AppendRefused,
    Log,
    PersonalKeyUnusable,
    PersonalValue,
)
from opsledger_ledger.recording.sqlite_log import KEY_FILE_NAME, open_log
from opsledger_ledger.recording.verification import verify
from support.log_entries import EntryMaker, instant
from support.log_places import Place, PostgresPlace, SqlitePlace
from support.personal_values import concealed
from support.tampering import database, unguarded_schema

AT = instant(0)
SECRET = "联系电话 0000-1234567".encode()


def store(log: Log, *values: PersonalValue) -> None:
    """Record an entry that commits to the values, and the values, in one commit."""
    with log.begin() as batch:
        maker = EntryMaker()
        for value in values:
            stream = f"person/{value.commitment[:16]}"
            batch.append([maker.next(stream, AT, commitment=value.commitment)], AT)
        batch.put_personal(values)


def stored_bytes(directory: Path) -> bytes:
    """Every byte of every file of a ledger."""
    return b"".join(path.read_bytes() for path in sorted(directory.iterdir()))


def test_a_value_is_read_back_and_fits_its_commitment(log: Log) -> None:
    """Who may read a value gets it with its salt, so that it can be disclosed and checked."""
    one, two, other = concealed("P1", SECRET), concealed("P1", b""), concealed("P2", SECRET)
    store(log, one, two, other)
    read = log.personal(one.commitment)
    assert read == one
    assert read is not None
    verify_commitment(read.commitment, read.salt, read.value)
    assert log.personal_of("P1") == sorted([one, two], key=lambda value: value.commitment)
    assert log.personal_of("P2") == [other]
    assert log.personal("00" * 32) is None


def test_equal_values_have_unequal_commitments() -> None:
    """Nobody can guess a value from its commitment, or tell that two are equal."""
    assert concealed("P1", SECRET).commitment != concealed("P1", SECRET).commitment


def test_no_file_holds_the_plain_value(tmp_path: Path) -> None:
    """Neither database, write-ahead log nor key file holds the value or its salt."""
    log = open_log(tmp_path)
    value = concealed("P1", SECRET)
    store(log, value)
    while_open = stored_bytes(tmp_path)
    log.close()
    for content in (while_open, stored_bytes(tmp_path)):
        assert value.commitment.encode() in content
        assert SECRET not in content
        assert value.salt not in content


def test_a_value_never_shows_in_a_log_line() -> None:
    """The text form of a value holds neither the value nor the salt."""
    value = concealed("P1", b"plain text")
    assert "plain text" not in repr(value)
    assert repr(value.salt) not in repr(value)


def test_erasure_removes_rows_and_key_and_leaves_the_entries(tmp_path: Path) -> None:
    """After erasure even the sealed bytes are in no file, and the log verifies as before."""
    log = open_log(tmp_path)
    one, other = concealed("P1", SECRET), concealed("P2", SECRET)
    store(log, one, other)
    with database(tmp_path) as connection:
        (sealed,) = connection.execute(
            "SELECT sealed FROM personal_values WHERE person = 'P1'"
        ).fetchone()
        (wrapped,) = connection.execute(
            "SELECT wrapped FROM personal_keys WHERE person = 'P1'"
        ).fetchone()
    assert sealed in stored_bytes(tmp_path)
    head = log.head()
    with log.begin() as batch:
        assert batch.erase_personal("P1") == 1
        assert batch.erase_personal("nobody") == 0
    assert log.personal(one.commitment) is None
    assert log.personal_of("P1") == []
    assert log.personal(other.commitment) == other
    assert log.head() == head
    assert list(verify(log)) == []
    for kept in (sealed, wrapped):
        assert kept not in stored_bytes(tmp_path)
    log.close()


def test_an_erasure_waits_for_old_readers_then_empties_the_write_ahead_log(
    tmp_path: Path,
) -> None:
    """A reader of an old state keeps the erased bytes for as long as it reads, not longer."""
    log = open_log(tmp_path)
    value = concealed("P1", SECRET)
    store(log, value)
    with database(tmp_path) as reader:
        (sealed,) = reader.execute("SELECT sealed FROM personal_values").fetchone()
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entries").fetchone()
        with log.begin() as batch:
            batch.erase_personal("P1")
        assert sealed in stored_bytes(tmp_path)
        reader.execute("COMMIT")
    with log.begin() as batch:
        batch.put_answer("scope", "next", b"f", b"a")
    assert sealed not in stored_bytes(tmp_path)
    log.close()


def test_an_erasure_is_completed_after_a_crash(tmp_path: Path) -> None:
    """What a crash left in the write-ahead log is gone once the ledger is open again."""
    log = open_log(tmp_path / "ledger")
    value = concealed("P1", SECRET)
    store(log, value)
    crashed = tmp_path / "crashed"
    with database(tmp_path / "ledger") as reader:
        (sealed,) = reader.execute("SELECT sealed FROM personal_values").fetchone()
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entries").fetchone()
        with log.begin() as batch:
            batch.erase_personal("P1")
        copytree(tmp_path / "ledger", crashed)
        reader.execute("COMMIT")
    log.close()
    assert sealed in stored_bytes(crashed)
    again = open_log(crashed)
    assert again.personal(value.commitment) is None
    assert sealed not in stored_bytes(crashed)
    again.close()


def test_a_value_stored_after_an_erasure_has_a_new_key(log: Log) -> None:
    """An erased person may be recorded again; what was erased stays closed."""
    before, after = concealed("P1", SECRET), concealed("P1", SECRET)
    store(log, before)
    with log.begin() as batch:
        batch.erase_personal("P1")
    store(log, after)
    assert log.personal_of("P1") == [after]


def test_a_commitment_that_does_not_fit_is_refused(log: Log) -> None:
    """A value that its entry did not commit to is not stored, nor is the entry."""
    value = concealed("P1", SECRET)
    forged = PersonalValue("P1", value.commitment, value.salt, b"another value")
    with pytest.raises(AppendRefused, match="does not fit"):
        store(log, forged)
    assert log.head().position == 0


def test_a_commitment_is_stored_once(log: Log) -> None:
    """The same commitment cannot be filled a second time."""
    value = concealed("P1", SECRET)
    store(log, value)
    with pytest.raises(AppendRefused), log.begin() as batch:
        batch.put_personal([value])


def test_the_key_file_is_private_and_made_on_first_use(tmp_path: Path) -> None:
    """There is no key file before the first value, and then only its owner reads it."""
    key_file = tmp_path / "keys" / "personal.key"
    key_file.parent.mkdir()
    log = open_log(tmp_path / "ledger", personal_key_file=key_file)
    assert not key_file.exists()
    value = concealed("P1", SECRET)
    store(log, value)
    assert S_IMODE(key_file.stat().st_mode) == 0o600
    assert len(key_file.read_bytes()) == 32
    assert not (tmp_path / "ledger" / KEY_FILE_NAME).exists()
    log.close()
    again = open_log(tmp_path / "ledger", writing=False, personal_key_file=key_file)
    assert again.personal(value.commitment) == value
    again.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda path: path.chmod(0o640), "mode 0640", id="readable by the group"),
        pytest.param(lambda path: path.unlink(), "cannot be read", id="gone"),
        pytest.param(lambda path: path.write_bytes(b"x"), "has 1 bytes", id="cut"),
        pytest.param(lambda path: path.write_bytes(bytes(32)), "does not open", id="another key"),
    ],
)
def test_without_its_key_file_nothing_is_disclosed_or_stored(
    log: Log, place: Place, tmp_path: Path, spoil: object, message: str
) -> None:
    """A lost or exposed key file is an error; it is never silently replaced."""
    key_file = tmp_path / "ledger" / KEY_FILE_NAME
    if isinstance(place, PostgresPlace):
        key_file = place.personal_key_file
    value = concealed("P1", SECRET)
    store(log, value)
    assert callable(spoil)
    spoil(key_file)
    with pytest.raises(PersonalKeyUnusable, match=message):
        log.personal(value.commitment)
    with pytest.raises(PersonalKeyUnusable, match=message):
        store(log, concealed("P1", b"later"))
    assert log.head().position == 1


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE personal_values SET commitment = 'x'", "of x does not open"),
        ("UPDATE personal_values SET sealed = ''", "does not open"),
        ("DELETE FROM personal_keys", "the key of person P1 is gone"),
    ],
)
def test_a_row_that_was_touched_does_not_open(place: Place, statement: str, message: str) -> None:
    """A sealed value is bound to its commitment, and opens nowhere else."""
    log = place.open()
    store(log, concealed("P1", SECRET))
    log.close()
    if isinstance(place, SqlitePlace):
        with database(place.directory) as connection:
            connection.execute(statement.replace("''", "X'00'"))
    if isinstance(place, PostgresPlace):
        with unguarded_schema(place) as stranger:
            stranger.execute(statement.encode())
    log = place.open(writing=False)
    with pytest.raises(PersonalKeyUnusable, match=message):
        log.personal_of("P1")
    log.close()


def test_a_service_with_another_key_file_is_refused(
    postgres_place: PostgresPlace, tmp_path: Path
) -> None:
    """All processes of a ledger have one key file; another would close what the first stored."""
    with closing(postgres_place.open()) as log:
        store(log, concealed("P1", SECRET))
    another = tmp_path / "another.key"
    another.write_bytes(bytes(32))
    another.chmod(0o600)
    with pytest.raises(PersonalKeyUnusable, match="does not open"):
        replace(postgres_place, personal_key_file=another).open()


def test_what_was_erased_is_vacuumed_from_the_table(postgres_place: PostgresPlace) -> None:
    """On PostgreSQL a deleted row stays in its page until it is vacuumed, which is done at once."""
    one, other = concealed("P1", SECRET), concealed("P2", SECRET)
    with closing(postgres_place.open()) as log:
        store(log, one, other)
        with log.begin() as batch:
            assert batch.erase_personal("P1") == 1
        assert log.personal_of("P1") == []
        assert log.personal_of("P2") == [other]
    with unguarded_schema(postgres_place) as stranger:
        dead = stranger.execute(
            "SELECT relname, pg_stat_get_vacuum_count(oid) > 0 FROM pg_class "
            "WHERE relname IN ('personal_keys', 'personal_values') AND relnamespace = %s::regnamespace",
            (postgres_place.schema.name,),
        )
        assert dict(dead.fetchall()) == {"personal_keys": True, "personal_values": True}
