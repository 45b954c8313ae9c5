"""Snapshots of the deciding state of ledgers on PostgreSQL, which several processes write."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import pytest
import structlog

from opsledger_ledger.recording.log import Log
from opsledger_ledger.writing.deciding_state import DecidingState
from opsledger_ledger.writing.snapshots import FILE_NAME, Snapshots
from support.databases import new_schema
from support.eventually import eventually
from support.ledger_service import Caller, Process
from support.ledgers_on_postgres import PROGRAM, ledgers
from support.log_places import PostgresPlace

EAGER = f"""
from opsledger_ledger.writing import snapshots
snapshots.EVENTS_IDLE = 3
{PROGRAM}
"""
"""Serves a ledger that writes a snapshot every few events."""


def state_of(log: Log) -> DecidingState:
    """A state that knows nothing yet."""
    return DecidingState(log, "urn:opsledger:ledger", "0" * 64)


def written(state: DecidingState) -> object:
    """Everything that a state knows, to be compared."""
    return msgspec.to_builtins(state.snapshot())


def not_used(log: Log, file: Path) -> str:
    """Why a snapshot is not used, as the log line says."""
    with structlog.testing.capture_logs() as lines:
        state = state_of(log)
        assert not Snapshots(log, state, file).restore()
    assert state.position == 0
    ((line),) = lines
    assert line["event"] == "snapshot not used"
    return str(line["reason"])


@pytest.fixture
def snapshot(postgres_place: PostgresPlace) -> Path:
    """The file that the processes of a place share."""
    return postgres_place.personal_key_file.with_name(FILE_NAME)


def registered(processes: Sequence[Process], token: str, numbers: range) -> list[bytes]:
    """Answers of commands that go to one process after the other."""
    with ExitStack() as stack:
        callers = [stack.enter_context(Caller(each.address, token)) for each in processes]
        return [
            callers[number % len(callers)].register(f"U{number}", key=f"K{number}").content
            for number in numbers
        ]


@pytest.fixture
def started_again(postgres_place: PostgresPlace, snapshot: Path) -> None:
    """Two processes were killed when both had written snapshots, and two others began with them."""
    with ledgers(postgres_place, 2, EAGER) as processes:
        (token,) = (each.token for each in processes if each.token != "-")
        answers = registered(processes, token, range(20))
        eventually(snapshot.exists)
        for process in processes:
            process.process.kill()
    with ledgers(postgres_place, 2, EAGER) as processes:
        assert registered(processes, token, range(20)) == answers
        registered(processes, token, range(20, 30))


@pytest.mark.usefixtures("started_again")
def test_what_is_restored_is_the_full_fold(postgres_place: PostgresPlace, snapshot: Path) -> None:
    """The snapshot of the services, and one at any position, lead to what the whole log gives."""
    with closing(postgres_place.open(writing=False)) as log:
        head = log.head().position
        whole = state_of(log)
        whole.catch_up(log, head)
        for position in (None, *range(1, head + 1, 9)):
            if position is not None:
                before = state_of(log)
                before.catch_up(log, position)
                Snapshots(log, before, snapshot).write()
            after = state_of(log)
            assert Snapshots(log, after, snapshot).restore()
            assert position in {None, after.position}
            after.catch_up(log, head)
            assert written(after) == written(whole)
    # Nothing is left of what was begun by those who were killed.
    assert [file.name for file in snapshot.parent.glob(f"{FILE_NAME}*")] == [FILE_NAME]


def test_what_does_not_fit_is_told_of_and_not_used(
    postgres_place: PostgresPlace, snapshot: Path
) -> None:
    """One that is damaged, or of another ledger under the same key, costs time only."""
    other = PostgresPlace(
        new_schema(postgres_place.schema.server), postgres_place.personal_key_file
    )
    other.migrate()
    for place in (postgres_place, other):
        with ledgers(place, 1, EAGER) as (process,):
            registered([process], process.token, range(9))
    with closing(other.open(writing=False)) as log, closing(postgres_place.open()) as first:
        state = state_of(log)
        state.catch_up(log, log.head().position)
        Snapshots(log, state, snapshot).write()
        assert not_used(first, snapshot) == "it is of another log"
        content = bytearray(snapshot.read_bytes())
        content[len(content) // 2] ^= 1
        snapshot.write_bytes(content)
        assert not_used(log, snapshot) == "it was changed"
