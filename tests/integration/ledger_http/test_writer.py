"""The writer when something fails: nothing half-written, nothing twice, nobody left waiting."""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, ClassVar, cast

import pytest

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.events.unit import OrgUnitRegistered
from opsledger_contracts.problems import general
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.clock import ClockKind
from opsledger_ledger.domain.deciding import COMMANDS, Act, Record
from opsledger_ledger.domain.ledger import Administrator, found
from opsledger_ledger.domain.unit import UNIT, RegisterUnit, Unit
from opsledger_ledger.recording import log as port
from opsledger_ledger.recording.verification import verify
from opsledger_ledger.writing.deciding_state import DecidingState
from opsledger_ledger.writing.submission import Accepted, Outcome, Refused, Submission, Trace
from opsledger_ledger.writing.writer import BATCH_MAX, Committed, Observer, Writer
from support.log_places import Place

NOW = "2026-06-01T02:00:00.000000Z"
REGISTER = COMMANDS["unit", "register"]


class FaultyLog:
    """A real log whose next commits fail as told: before the commit, or after it is done."""

    def __init__(self, log: port.Log) -> None:
        self.log = log
        self.before_commit: list[Exception] = []
        self.after_commit: list[Exception] = []
        self.unreadable = False

    def __getattr__(self, name: str) -> Any:
        """Everything else is the real log's."""
        return getattr(self.log, name)

    def answer(self, scope: str, key: str) -> port.StoredAnswer | None:
        """Read a key, or fail."""
        if self.unreadable:
            raise port.LogBusy("locked")
        return self.log.answer(scope, key)

    @contextmanager
    def begin(self, places: Sequence[tuple[str, str]] = ()) -> Iterator[port.Batch]:
        """Open a transaction that may fail."""
        with self.log.begin(places) as batch:
            yield batch
            if self.before_commit:
                raise self.before_commit.pop()
        if self.after_commit:
            raise self.after_commit.pop()


@dataclass
class HandClock:
    """A clock that stands where it is put."""

    kind: ClassVar[ClockKind] = "system"
    instant: str = NOW

    def now(self) -> str:
        """Tell the instant."""
        return self.instant


@dataclass
class Desk:
    """A writer on a log that can be made to fail."""

    log: FaultyLog
    writer: Writer
    state: DecidingState
    clock: HandClock
    commits: list[Committed] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def register(self, unit: str, key: str | None = None) -> Outcome:
        """Register a unit and wait for the outcome."""
        return self.writer.execute(submission(unit, key))

    def code(self, unit: str, key: str | None = None) -> str:
        """Register a unit and expect a refusal; gives its code."""
        answer = self.register(unit, key).answer
        assert isinstance(answer, Refused)
        return answer.code

    @contextmanager
    def held(self, unit: str) -> Iterator[None]:
        """Hold the writer's thread while it delivers the answer of a command."""
        reached, gate = threading.Event(), threading.Event()

        def hold(_outcome: Outcome) -> None:
            reached.set()
            assert gate.wait(10)

        self.writer.submit(submission(unit), hold)
        assert reached.wait(10)
        yield
        gate.set()

    def together(self, *units: str) -> list[Outcome]:
        """Have several commands decided in one batch."""
        outcomes: dict[str, Outcome] = {}
        done = threading.Semaphore(0)

        def deliver(unit: str, outcome: Outcome) -> None:
            outcomes[unit] = outcome
            done.release()

        with self.held(f"gate-{len(self.commits)}"):
            for unit in units:
                self.writer.submit(submission(unit), partial(deliver, unit))
        for _ in units:
            assert done.acquire(timeout=10)
        return [outcomes[unit] for unit in units]


def submission(unit: str, key: str | None = None, **more: Any) -> Submission:
    """A command that registers a unit."""
    facts: dict[str, Any] = {
        "entry": REGISTER,
        "command": RegisterUnit(type="group", name=unit, valid_from=date(2026, 1, 1)),
        "target": unit,
        "person": "P-1",
        "key": key or unit,
        "fingerprint": hashlib.sha256(unit.encode()).digest(),
        "command_id": f"C-{unit}",
        "trace": Trace(correlation_id="T"),
        "scopes": frozenset(("administrator",)),
    }
    return Submission(**(facts | more))


@pytest.fixture
def desk(place: Place) -> Iterator[Desk]:
    """A founded ledger with a running writer, on either database."""
    log = FaultyLog(place.open())
    clock = HandClock()
    seen = cast("port.Log", log)
    state = DecidingState(seen, "urn:opsledger:test", "0" * 64)
    commits: list[Committed] = []
    failures: list[str] = []
    observer = Observer(committed=commits.append, failed=failures.append)
    writer = Writer(seen, clock, state, observer)
    salt = b"s" * 32
    administrator = Administrator(
        person="P-1", name="某", salt=salt, credential="K-1", secret_hash="0" * 64
    )
    act = Act(target="test", person="P-1", now=NOW, occurred_at=NOW, command_id="F", salt=salt)
    writer.found(act, found("test", "test", "system", administrator))
    writer.start()
    yield Desk(log, writer, state, clock, commits, failures)
    writer.close()
    assert list(verify(log.log)) == []
    log.close()


def recorded(outcome: Outcome) -> Accepted:
    """The answer of a command that was recorded."""
    assert isinstance(outcome.answer, Accepted)
    return outcome.answer


def test_a_full_disk_leaves_nothing_and_is_over_when_there_is_room(desk: Desk) -> None:
    """P15: 503 for the batch; the same key works without a restart."""
    position = desk.log.head().position
    desk.log.before_commit.append(port.StorageFull("disk full"))
    assert desk.code("A") == "storage_unavailable"
    assert desk.log.head().position == position
    assert desk.log.answer("P-1", "A") is None
    again = desk.register("A")
    assert recorded(again).positions == (position + 1,)
    assert not again.replayed


def test_the_world_goes_back_with_a_commit_that_failed(desk: Desk) -> None:
    """What was folded for a batch that is not durable is forgotten: states, indexes, versions."""
    desk.register("A")
    before = desk.state.world.find("unit_by_parent", "A")
    desk.log.before_commit.append(port.LogBusy("locked"))
    command = RegisterUnit(type="centre", name="B", valid_from=date(2026, 1, 1), parent="A")
    refused = desk.writer.execute(submission("B", command=command))
    assert isinstance(refused.answer, Refused)
    assert desk.state.world.get(Unit, "B") is None
    assert desk.state.world.find("unit_by_parent", "A") == before == ()
    desk.writer.execute(submission("B", command=command))
    assert desk.state.world.find("unit_by_parent", "A") == ("B",)
    assert desk.state.world.version("unit/B") == 1


def test_a_lost_answer_of_a_commit_is_found_by_the_key(desk: Desk) -> None:
    """P4: the commit was done; the key table says so, and the answer is the recorded one."""
    desk.log.after_commit.append(port.OutcomeUnknown("lost"))
    outcome = desk.register("A")
    assert recorded(outcome).positions == (desk.log.head().position,)
    assert desk.register("A").answer == outcome.answer
    # The writer reads the entry that it did not know of before it decides the next one.
    assert recorded(desk.register("B")).positions == (desk.log.head().position,)
    assert desk.code("A", "another key") == "already_exists"


@pytest.mark.parametrize("unreadable", [False, True])
def test_an_outcome_that_cannot_be_known_is_called_unknown(desk: Desk, *, unreadable: bool) -> None:
    """The key is not there, or cannot be read: 503, and the same key decides it later."""
    desk.log.before_commit.append(port.OutcomeUnknown("lost"))
    desk.log.unreadable = unreadable
    assert desk.code("A") == "outcome_unknown"
    desk.log.unreadable = False
    assert recorded(desk.register("A")).version == 1


def test_a_storage_that_failed_stops_the_writer(desk: Desk) -> None:
    """P16: after a failed fsync nothing is tried again; the process is told to stop."""
    desk.log.before_commit.append(port.StorageFailed("fsync"))
    assert desk.code("A") == "outcome_unknown"
    assert desk.failures == ["fsync"]
    assert not desk.writer.ready()
    with pytest.raises(general.StorageUnavailable):
        desk.register("B")


def test_those_who_wait_behind_a_storage_that_failed_are_told(desk: Desk) -> None:
    """Nobody is left without an answer, whether in the batch that failed or behind it."""
    outcomes: list[Outcome] = []
    with desk.held("first"):
        desk.log.before_commit.append(port.StorageFailed("fsync"))
        for number in range(BATCH_MAX + 1):
            desk.writer.submit(submission(f"U{number}"), outcomes.append)
    desk.writer.close()
    codes = [outcome.answer.code for outcome in outcomes if isinstance(outcome.answer, Refused)]
    assert codes == ["outcome_unknown"] * BATCH_MAX + ["storage_unavailable"]


def test_a_fault_of_one_rule_does_not_touch_its_batch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that makes a rule fail is answered alone; the others of its batch are recorded."""
    evolve = UNIT.evolve

    def faulty(state: Any, event: Any, envelope: Any) -> Any:
        if isinstance(event, OrgUnitRegistered) and event.unit == "bad":
            raise ZeroDivisionError
        return evolve(state, event, envelope)

    monkeypatch.setattr(UNIT, "evolve", faulty)
    before, bad, after = desk.together("before", "bad", "after")
    assert isinstance(bad.answer, Refused)
    assert bad.answer.code == "ledger_fault"
    assert recorded(after).positions[0] == recorded(before).positions[0] + 1
    assert desk.log.answer("P-1", "bad") is None
    monkeypatch.undo()
    assert recorded(desk.register("bad")).version == 1


def test_commands_of_one_batch_see_each_other(desk: Desk) -> None:
    """One commit for all, and the second finds what the first has done."""
    first, second = desk.together("same", "other")
    commits = len(desk.commits)
    assert recorded(second).positions[0] == recorded(first).positions[0] + 1
    assert desk.commits[-1].commands == 2
    assert desk.commits[-1].streams == {"unit/same", "unit/other"}
    assert desk.commits[-1].position == recorded(second).positions[0]
    assert desk.code("same", "another key") == "already_exists"
    assert len(desk.commits) == commits


def test_a_key_in_flight_is_refused_and_free_again_after(desk: Desk) -> None:
    """P5: 409 while the first waits; its answer afterwards."""
    done = threading.Event()
    with desk.held("A"):
        desk.writer.submit(submission("B"), lambda _outcome: done.set())
        with pytest.raises(general.IdempotencyKeyInFlight):
            desk.writer.submit(submission("B"), lambda _outcome: None)
    assert done.wait(10)
    assert desk.register("B").replayed


def test_a_closed_writer_takes_nothing_and_has_decided_what_waited(desk: Desk) -> None:
    """P24: a clean stop finishes the queue."""
    outcomes: list[Outcome] = []
    for number in range(50):
        desk.writer.submit(submission(f"U{number}"), outcomes.append)
    desk.writer.close()
    assert [recorded(outcome).version for outcome in outcomes] == [1] * 50
    with pytest.raises(general.LedgerStopping):
        desk.register("late")


def test_a_clock_that_goes_back_a_little_stands_still(desk: Desk) -> None:
    """P17: recorded time never decreases along positions."""
    desk.clock.instant = "2026-06-01T02:00:01.000000Z"
    desk.register("A")
    desk.clock.instant = "2026-06-01T02:00:00.500000Z"
    assert recorded(desk.register("B")).recorded_at == "2026-06-01T02:00:01.000000Z"


def test_a_clock_that_goes_back_further_stops_recording(desk: Desk) -> None:
    """P17: nothing is recorded under a time that is not true; the key stays free."""
    desk.clock.instant = "2026-06-01T03:00:00.000000Z"
    desk.register("A")
    desk.clock.instant = "2026-06-01T02:00:00.000000Z"
    assert desk.code("B") == "clock_behind"
    desk.clock.instant = "2026-06-01T03:00:00.000001Z"
    assert recorded(desk.register("B")).version == 1


def test_a_ledger_is_founded_once(desk: Desk) -> None:
    """A log that has entries takes no founding."""
    act = Act(target="test", person="P-1", now=NOW, occurred_at=NOW, command_id="F")
    with pytest.raises(port.AppendRefused):
        desk.writer.found(act, [])


def test_a_record_without_a_stream_is_a_fault(desk: Desk) -> None:
    """The writer never guesses where an event belongs."""
    act = Act(target="X", person="P-1", now=NOW, occurred_at=NOW, command_id="F")
    event = OrgUnitRegistered(unit="X", type="group", name="X", valid_from=date(2026, 1, 1))
    with pytest.raises(ValueError, match="without its stream"):
        desk.state.envelopes.encode(act, [Record(event)], Trace(correlation_id="T"))


def test_a_restarted_writer_goes_on_where_the_log_ends(desk: Desk) -> None:
    """P6: another writer on the same log knows states, versions, chains and ids."""
    answer = recorded(desk.register("A"))
    desk.writer.close()
    seen = cast("port.Log", desk.log)
    state = DecidingState(seen, "urn:opsledger:test", "0" * 64)
    again = Writer(seen, desk.clock, state, Observer())
    again.start()
    outcome = again.execute(submission("B"))
    assert again.execute(submission("A")) == Outcome(answer, replayed=True)
    assert recorded(outcome).positions == (answer.positions[0] + 1,)
    again.close()
    ids = [stored.entry.partition(b'"id":"')[2][:36] for stored in desk.log.entries(0, 100)]
    assert ids == sorted(set(ids))


def test_every_refusal_survives_being_kept() -> None:
    """A kept answer gives the same refusal back, with the same facts."""
    for refusal in (
        general.VersionStale(stream="unit/A", found=2, expected=1),
        general.UnknownThing(noun=NOUNS["unit"].en, id="A"),
    ):
        kept: Refusal = Refused.of(refusal).refusal()
        assert type(kept) is type(refusal)
        assert kept.facts == refusal.facts


def test_a_fault_is_logged_without_what_the_command_held(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log names the command and the place of the fault, and no value of the request."""

    def faulty(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(UNIT, "evolve", faulty)
    command = RegisterUnit(type="group", name="某某某", valid_from=date(2026, 1, 1))
    outcome = desk.writer.execute(submission("A", command=command))
    assert isinstance(outcome.answer, Refused)
    assert outcome.answer.facts == {"reference": "C-A"}
    logged = capsys.readouterr().out
    assert "ZeroDivisionError" in logged
    assert "C-A" in logged
    assert "某某某" not in logged
