"""Snapshots of the deciding state: used when they are right, and only then."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest

from opsledger.examples.recording import story_recorded
from opsledger_ledger.recording.log import NewEntry
from opsledger_ledger.recording.sqlite_log import SqliteLog, open_log
from opsledger_ledger.writing import deciding_state
from opsledger_ledger.writing import snapshots as writing_snapshots
from opsledger_ledger.writing.deciding_state import DecidingState
from opsledger_ledger.writing.snapshots import FILE_NAME, Snapshots
from opsledger_ledger.writing.world import LedgerWorld
from support.eventually import eventually
from support.ledger_service import PROGRAM, Caller, process, served

EAGER = f"""
from opsledger_ledger.writing import snapshots
snapshots.EVENTS_IDLE = 5
{PROGRAM}
"""
"""Serves a ledger that writes a snapshot every few events."""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The directory of a ledger with some history, and nobody writing to it."""
    with served(tmp_path) as running:
        for number in range(20):
            running.administrator.register(f"U{number}")
            running.administrator.caller(f"P{number}", ["subscriber"])
    return tmp_path


def state_of(log: SqliteLog) -> DecidingState:
    """A state that knows nothing yet."""
    return DecidingState(log, "urn:opsledger:ledger", "0" * 64)


def written(state: DecidingState) -> object:
    """Everything that a state knows, to be compared."""
    return msgspec.to_builtins(state.snapshot())


def test_a_state_from_a_snapshot_is_that_of_the_whole_log(directory: Path) -> None:
    """At any position: what is restored, and caught up from there, is what a full fold gives."""
    log = open_log(directory, writing=False)
    head = log.head().position
    whole = state_of(log)
    whole.catch_up(log, head)
    for position in range(1, head + 1, 7):
        before, after = state_of(log), state_of(log)
        before.catch_up(log, position)
        Snapshots(log, before, directory / FILE_NAME).write()
        assert Snapshots(log, after, directory / FILE_NAME).restore()
        assert after.position == position
        after.catch_up(log, head)
        assert written(after) == written(whole)
    log.close()


def test_a_state_is_the_same_however_few_streams_are_kept(tmp_path: Path) -> None:
    """Catching up passes over some events of a whole story, and knows what folding them tells."""
    log = open_log(tmp_path, writing=True)
    for entry in story_recorded().entries:
        envelope = entry.recorded.envelope
        with log.begin() as batch:
            new = NewEntry(envelope.stream, envelope.version, envelope.type, entry.stored)
            batch.append([new], envelope.recorded_at)
    head = log.head().position
    whole = state_of(log)
    whole.catch_up(log, head)
    with patch.object(deciding_state, "LedgerWorld", partial(LedgerWorld, kept_events_max=1)):
        few = state_of(log)
    with patch.object(few.world, "pass_over", wraps=few.world.pass_over) as passed:
        named = few.catch_up(log, head)
    assert passed.call_count > head // 10
    assert written(few) == written(whole)
    assert few.recorded_at == whole.recorded_at
    streams = {stored.stream for stored in log.entries(0, head)}
    assert named == streams
    for stream in streams:
        assert few.world.version(stream) == whole.world.version(stream)
    log.close()


def flipped(file: Path) -> None:
    """Change one byte in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    """Leave half of it."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def gone(file: Path) -> None:
    """Remove it."""
    file.unlink()


@pytest.mark.parametrize("damage", [flipped, cut, gone])
def test_a_damaged_snapshot_is_not_used(directory: Path, damage: Callable[[Path], None]) -> None:
    """Then the state begins with nothing, and everything is folded."""
    log = open_log(directory, writing=False)
    state = state_of(log)
    state.catch_up(log, 30)
    Snapshots(log, state, directory / FILE_NAME).write()
    damage(directory / FILE_NAME)
    fresh = state_of(log)
    assert not Snapshots(log, fresh, directory / FILE_NAME).restore()
    assert fresh.position == 0
    log.close()


def test_a_snapshot_of_another_program_is_not_used(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other code may fold the same events to another state."""
    log = open_log(directory, writing=False)
    state = state_of(log)
    state.catch_up(log, 30)
    Snapshots(log, state, directory / FILE_NAME).write()
    monkeypatch.setattr(writing_snapshots, "program_digest", lambda: "another")
    assert not Snapshots(log, state_of(log), directory / FILE_NAME).restore()
    log.close()


@pytest.mark.parametrize("length", [5, 60])
def test_a_snapshot_of_another_log_is_not_used(
    directory: Path, tmp_path: Path, length: int
) -> None:
    """Nor is one of the same key, of a log that was cut or written anew since."""
    log = open_log(directory, writing=False)
    state = state_of(log)
    state.catch_up(log, 30)
    Snapshots(log, state, directory / FILE_NAME).write()
    log.close()
    other = tmp_path / "other"
    other.mkdir()
    for name in (FILE_NAME, "personal.key"):
        (other / name).write_bytes((directory / name).read_bytes())
    (other / "personal.key").chmod(0o600)
    with served(other) as running:
        for number in range(length):
            running.administrator.register(f"V{number}")
    log = open_log(other, writing=False)
    assert not Snapshots(log, state_of(log), other / FILE_NAME).restore()
    log.close()


def test_a_snapshot_is_private(directory: Path) -> None:
    """Only its owner may read what the ledger knows."""
    log = open_log(directory, writing=False)
    state = state_of(log)
    state.catch_up(log, 30)
    Snapshots(log, state, directory / FILE_NAME).write()
    assert (directory / FILE_NAME).stat().st_mode & 0o777 == 0o600
    log.close()


def test_a_snapshot_that_cannot_be_written_is_done_without(tmp_path: Path, directory: Path) -> None:
    """A full disk or a missing folder costs time at the next start, and nothing else."""
    log = open_log(directory, writing=False)
    state = state_of(log)
    state.catch_up(log, 30)
    snapshots = Snapshots(log, state, tmp_path / "nowhere" / FILE_NAME)
    snapshots.write()
    assert not snapshots.restore()
    log.close()


def test_a_service_writes_snapshots_and_begins_with_them(tmp_path: Path) -> None:
    """Killed and started again, it goes on where it was, with the same answers."""
    with process(tmp_path, EAGER) as first, Caller(first.address, first.token) as administrator:
        token = first.token
        answers = [administrator.register(f"U{n}", key=f"K{n}").content for n in range(12)]
        eventually((tmp_path / FILE_NAME).exists)
        first.process.kill()
        first.process.wait()
    with process(tmp_path, EAGER) as second, Caller(second.address, token) as administrator:
        again = [administrator.register(f"U{n}", key=f"K{n}").content for n in range(12)]
        assert again == answers
        assert administrator.register("U0").json()["code"] == "already_exists"
        assert administrator.register("U12").status_code == 201
        assert second.stop() < 5
        assert second.process.returncode == 0
