"""What is left of a batch that did not end well: nothing, or an honest "unknown"."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from opsledger_ledger.recording import checkpoints
from opsledger_ledger.recording.connections import (
    DATABASE_NAME,
    LedgerDatastore,
    WriteConnection,
)
from opsledger_ledger.recording.log import (
    AppendRefused,
    Log,
    LogBusy,
    OutcomeUnknown,
    StorageFailed,
    StorageFull,
    StoredAnswer,
)
from opsledger_ledger.recording.sqlite_log import SqliteLog, open_log
from opsledger_ledger.recording.verification import verify
from support.log_entries import EntryMaker, fill, instant
from support.log_places import ON_SQLITE
from support.personal_values import concealed
from support.tampering import database

AT = instant(500)


class Interrupted(Exception):
    """Something that goes wrong in the middle of a batch."""


def add_one(log: Log, key: str = "key") -> None:
    """A batch of one entry and its answer."""
    with log.begin() as batch:
        batch.append([EntryMaker().next(f"letter/{key}", AT)], AT)
        batch.put_answer("scope", key, b"f", b"answer")


@pytest.mark.parametrize("failure", [Interrupted(), KeyboardInterrupt(), GeneratorExit()])
@pytest.mark.parametrize("flushed", [False, True], ids=["kept back", "written"])
def test_an_exception_before_the_commit_leaves_nothing(
    log: Log, failure: BaseException, *, flushed: bool
) -> None:
    """Whatever ends the block early takes entries, answers and personal values with it."""
    fill(log, 10)
    before = log.head()
    value = concealed("P1", b"secret")

    def give_up() -> None:
        with log.begin() as batch:
            batch.append([EntryMaker().next("letter/new", AT)], AT)
            batch.put_answer("scope", "key", b"f", b"answer")
            batch.put_personal([value])
            if flushed:
                batch.entries(0, 1)
            raise failure

    with pytest.raises(type(failure)):
        give_up()
    assert log.head() == before
    assert log.entries(10, 10) == []
    assert log.answer("scope", "key") is None
    assert log.personal(value.commitment) is None
    add_one(log)
    assert log.head().position == 11
    assert list(verify(log)) == []


@ON_SQLITE
@pytest.mark.parametrize("erasing", [False, True], ids=["stored", "erased"])
def test_after_a_refused_row_nothing_of_the_batch_stands_alone(
    log: SqliteLog, *, erasing: bool
) -> None:
    """A refused row ends the transaction: what comes after it must not be a commit of its own."""
    kept, late = concealed("P1", b"kept"), concealed("P2", b"late")
    with log.begin() as batch:
        batch.put_personal([kept])
    maker = EntryMaker()
    maker.next("letter/gap", AT)

    def go_on() -> None:
        with log.begin() as batch:
            batch.append([maker.next("letter/gap", AT)], AT)
            with pytest.raises(AppendRefused):
                batch.entries(0, 1)
            if erasing:
                batch.erase_personal("P1")
            else:
                batch.put_personal([late])

    with pytest.raises(AppendRefused):
        go_on()
    assert log.personal(kept.commitment) == kept
    assert log.personal(late.commitment) is None
    assert log.head().position == 0


@ON_SQLITE
def test_a_lost_answer_of_commit_is_unknown_and_the_key_decides(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When COMMIT was done and its answer lost, the key's stored answer tells."""
    commit = WriteConnection.commit

    def lose_the_answer(connection: WriteConnection) -> None:
        commit(connection)
        raise ConnectionResetError

    monkeypatch.setattr(WriteConnection, "commit", lose_the_answer)
    with pytest.raises(OutcomeUnknown):
        add_one(log)
    monkeypatch.undo()
    assert log.answer("scope", "key") == StoredAnswer(b"f", b"answer")
    assert log.head().position == 1


@ON_SQLITE
def test_a_commit_that_never_arrived_is_unknown_too(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller cannot tell the two apart, but the key can: it has no answer."""

    def get_lost(_: WriteConnection) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(WriteConnection, "commit", get_lost)
    with pytest.raises(OutcomeUnknown):
        add_one(log)
    monkeypatch.undo()
    assert log.answer("scope", "key") is None
    add_one(log)
    assert log.head().position == 1


def failing(code: int) -> sqlite3.OperationalError:
    """An error as SQLite raises it."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


@ON_SQLITE
def test_after_a_failed_fsync_nothing_is_written_any_more(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages of a failed fsync may be gone from the cache: the writer stops for good."""

    def fail(_: WriteConnection) -> None:
        raise failing(sqlite3.SQLITE_IOERR_FSYNC)

    monkeypatch.setattr(WriteConnection, "commit", fail)
    with pytest.raises(StorageFailed):
        add_one(log)
    monkeypatch.undo()
    with pytest.raises(StorageFailed):
        add_one(log, "another")
    assert log.head().position == 0


@ON_SQLITE
@pytest.mark.parametrize(
    ("code", "stopping"),
    [(sqlite3.SQLITE_IOERR_FSYNC, True), (sqlite3.SQLITE_IOERR_WRITE, False)],
    ids=["sync", "write"],
)
def test_a_failed_copy_of_the_write_ahead_log_is_not_passed_over(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch, code: int, *, stopping: bool
) -> None:
    """What fails on the thread that copies ends the writing, or is tried again if it was refused."""
    copied = checkpoints.copied
    tried = []

    def fail(connection: sqlite3.Connection) -> int:
        tried.append(connection)
        if len(tried) == 1:
            raise failing(code)
        return copied(connection)

    monkeypatch.setattr(checkpoints, "copied", fail)
    monkeypatch.setattr(checkpoints, "WAL_PAGES_CHECKPOINT", 0)
    expected = pytest.raises(StorageFailed) if stopping else nullcontext()
    with expected:
        for number in range(5):
            add_one(log, f"key-{number}")
    assert (len(tried) == 1) == stopping
    assert list(verify(log)) == []


@ON_SQLITE
def test_a_failed_checkpoint_stops_the_next_batch_not_the_durable_one(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was committed stays answered; the failed storage stops what comes after."""

    def fail(_: LedgerDatastore) -> bool:
        raise failing(sqlite3.SQLITE_IOERR_FSYNC)

    monkeypatch.setattr(LedgerDatastore, "purge", fail)
    with log.begin() as batch:
        batch.append([EntryMaker().next("letter/A", AT)], AT)
        batch.erase_personal("P1")
    assert log.head().position == 1
    with pytest.raises(StorageFailed):
        add_one(log)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process can grow over a size, as with a quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@ON_SQLITE
def test_a_full_disk_refuses_the_batch_and_nothing_else(log: SqliteLog, tmp_path: Path) -> None:
    """Without space a batch leaves nothing, reads go on, and writing resumes by itself."""
    fill(log, 20)
    before = log.head()
    write_ahead_log = tmp_path / "ledger" / f"{DATABASE_NAME}-wal"
    with largest_file(write_ahead_log.stat().st_size + 4096):
        for _ in range(2):
            with pytest.raises(StorageFull), log.begin() as batch:
                batch.append([EntryMaker().next("letter/large", AT, text="x" * 60_000)], AT)
        assert log.head() == before
        assert len(log.entries(0, 100)) == 20
    add_one(log)
    assert log.head().position == 21
    assert list(verify(log)) == []


@ON_SQLITE
def test_a_locked_head_is_busy_not_broken(
    log: SqliteLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's own connection that holds the lock delays the writer for a bounded time."""
    with log.begin() as batch:
        batch._native.connection.execute("PRAGMA busy_timeout = 10")  # noqa: SLF001
    stranger = sqlite3.connect(tmp_path / "ledger" / DATABASE_NAME, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogBusy), log.begin():
        pass
    stranger.execute("ROLLBACK")
    stranger.close()
    add_one(log)
    assert log.head().position == 1


KILLED_IN_A_BATCH = """
import sys
from pathlib import Path
from support.personal_values import concealed
from support.tampering import database
from support.log_entries import EntryMaker, fill, instant
from support.log_places import ON_SQLITE
from opsledger_ledger.recording.sqlite_log import open_log

log = open_log(Path(sys.argv[1]))
maker = fill(log, 10)
with log.begin() as batch:
    batch.append([maker.next("letter/A", instant(500))], instant(500))
    batch.entries(0, 1)
    print("inside", flush=True)
    sys.stdin.read()
"""


def test_a_killed_writer_leaves_whole_batches_and_no_lock(tmp_path: Path) -> None:
    """After SIGKILL in the middle of a batch, the next writer goes on from the last commit."""
    tests = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_IN_A_BATCH, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(tests)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"inside\n"
        process.send_signal(signal.SIGKILL)
    log = open_log(tmp_path)
    assert log.head().position == 10
    add_one(log)
    assert list(verify(log)) == []
    log.close()


@ON_SQLITE
def test_the_write_ahead_log_restarts_after_an_old_reader_is_gone(
    log: SqliteLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader of an old state lets the write-ahead log grow; without it the log is reused."""
    for bound in ("WAL_PAGES_CHECKPOINT", "WAL_PAGES_RESTART", "WAL_PAGES_MAX"):
        monkeypatch.setattr(checkpoints, bound, 0)
    log.recover()
    with log.begin() as batch:
        batch._native.connection.execute("PRAGMA busy_timeout = 0")  # noqa: SLF001
    write_ahead_log = tmp_path / "ledger" / f"{DATABASE_NAME}-wal"
    with database(tmp_path / "ledger") as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entries").fetchone()
        for number in range(20):
            add_one(log, f"during-{number}")
        grown = write_ahead_log.stat().st_size
        reader.execute("COMMIT")
    for number in range(200):
        add_one(log, f"after-{number}")
    assert grown > 20 * 4096
    assert write_ahead_log.stat().st_size < 2 * grown
    assert log.head().position == 220


def test_a_ledger_whose_storage_fails_at_the_start_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier process left is completed before anything else, or nothing is done."""

    def fail(_: LedgerDatastore) -> bool:
        raise failing(sqlite3.SQLITE_IOERR_FSYNC)

    monkeypatch.setattr(LedgerDatastore, "purge", fail)
    with pytest.raises(StorageFailed):
        open_log(tmp_path)
    monkeypatch.undo()
    open_log(tmp_path).close()


@ON_SQLITE
def test_the_write_ahead_log_stays_within_its_bound(
    log: SqliteLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many commits do not let the write-ahead log grow without end."""
    monkeypatch.setattr(checkpoints, "WAL_PAGES_CHECKPOINT", 1_000)
    monkeypatch.setattr(checkpoints, "WAL_PAGES_RESTART", 3_000)
    maker = EntryMaker()
    largest = 0
    write_ahead_log = tmp_path / "ledger" / f"{DATABASE_NAME}-wal"
    for number in range(60):
        recorded_at = instant(number)
        with log.begin() as batch:
            batch.append(
                [maker.next(f"letter/{n}", recorded_at, text="x" * 60_000) for n in range(16)],
                recorded_at,
            )
        largest = max(largest, write_ahead_log.stat().st_size)
    total = sum(len(stored.entry) for stored in log.entries(0, 1000))
    assert total > 50 * 2**20
    assert largest < 24 * 2**20
