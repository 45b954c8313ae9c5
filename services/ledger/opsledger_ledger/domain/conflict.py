"""Conflict cases (冲突): submitted, mediated by operations, settled or ruled by management.

The solution is due in working days from the timetable of the rulebook in force (R219), and whoever
mediates or rules belongs to none of the parties (R218).
"""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Final, Literal, assert_never

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.conflict import (
    ConflictClosed,
    ConflictEscalated,
    ConflictRuled,
    ConflictSubmitted,
    MediationSettled,
    MediationStarted,
)
from opsledger_contracts.fields import Identifier, StreamName, Text, Title
from opsledger_contracts.problems.conflict import (
    NotYetOverdue,
    PartiesInvalid,
    PartyToConflict,
    StrangerToConflict,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar, DutyUnknown
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import (
    FunctionMissing,
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_ledger.domain.deciding import (
    Act,
    Command,
    Decided,
    Noun,
    Record,
    State,
    World,
    known,
)
from opsledger_ledger.domain.policies.deadlines import due_of
from opsledger_ledger.domain.policies.documents import rulebook_in_force
from opsledger_ledger.domain.policies.identity import speaks_for
from opsledger_ledger.domain.position import PositionState
from opsledger_ledger.domain.unit import Unit

DUTY: Final = "conflict_resolved"
"""Duty of the timetable that says how soon a conflict is to be solved."""

MANAGEMENT: Final = frozenset(("vice_president", "president"))
"""Functions that may rule."""

Status = Literal["submitted", "mediating", "settled", "escalated", "ruled", "closed"]


class ConflictState(State):
    """A conflict case as it stands."""

    NOUN: ClassVar[str] = "conflict"

    parties: tuple[str, ...]
    category: str
    due: date
    calendar: str
    """Content hash of the calendar by which `due` was counted."""
    subject: str | None
    status: Status = "submitted"
    mediator: str | None = None
    """Person who mediates."""


ConflictEvent = (
    ConflictSubmitted
    | MediationStarted
    | MediationSettled
    | ConflictEscalated
    | ConflictRuled
    | ConflictClosed
)


def evolve(state: ConflictState | None, event: Event, envelope: Envelope) -> ConflictState:
    """Fold one event of a conflict case."""
    happened: ConflictEvent = event  # type: ignore[assignment]
    if isinstance(happened, ConflictSubmitted):
        return ConflictState(
            id=happened.conflict,
            parties=happened.parties,
            category=happened.category,
            due=happened.due,
            calendar=happened.calendar,
            subject=happened.subject,
        )
    assert state is not None, envelope.stream
    match happened:
        case MediationStarted():
            state.status = "mediating"
            state.mediator = happened.mediator
        case MediationSettled():
            state.status = "settled"
        case ConflictEscalated():
            state.status = "escalated"
        case ConflictRuled():
            state.status = "ruled"
        case ConflictClosed():
            state.status = "closed"
        case _:
            assert_never(happened)
    return state


def keys(state: ConflictState) -> Iterator[tuple[str, str]]:
    """Find conflicts by party and by the thing that they are about."""
    for party in state.parties:
        yield "conflict_by_party", party
    if state.subject is not None:
        yield "conflict_by_subject", state.subject


CONFLICT = Noun(state=ConflictState, evolve=evolve, keys=keys)


class SubmitConflict(Command, frozen=True, kw_only=True):
    """Submit a conflict between units for mediation."""

    parties: tuple[Identifier, ...]
    category: Identifier
    matter: Text
    subject: StreamName | None = None
    """Stream of the thing that the conflict is about."""


@CONFLICT.decides(
    "submit",
    scope="writer",
    creates=True,
    refuses=(
        UnknownReference,
        PartiesInvalid,
        NoneInForce,
        DutyUnknown,
        DayNotInCalendar,
    ),
)
def submit(command: SubmitConflict, _conflict: None, act: Act, world: World) -> Decided:
    """Count the time for a solution from the day of submission, by the rulebook in force (R219)."""
    for party in command.parties:
        known(world, Unit, party, "parties")
    if not len(set(command.parties)) == len(command.parties) > 1:
        raise PartiesInvalid(found=", ".join(command.parties) or "none")
    if command.subject is not None and not world.version(command.subject):
        noun, _, identifier = command.subject.partition("/")
        raise UnknownReference(field="subject", noun=noun, id=identifier)
    rulebook_hash, rulebook = rulebook_in_force(world, act.today)
    limit = due_of(world, rulebook, DUTY, act.today)
    yield Record(
        ConflictSubmitted(
            conflict=act.target,
            parties=command.parties,
            category=command.category,
            matter=command.matter,
            due=limit.due,
            calendar=limit.calendar,
            subject=command.subject,
        ),
        rulebook=rulebook_hash,
        calendar=limit.calendar,
    )


class StartMediation(Command, frozen=True, kw_only=True):
    """Begin to mediate; whoever does so is the mediator."""


@CONFLICT.decides("mediate", scope="writer", function="ops", refuses=(WrongState, PartyToConflict))
def mediate(_command: StartMediation, conflict: ConflictState, act: Act, world: World) -> Decided:
    """Let operations mediate where it is no party itself (R218)."""
    _require(conflict, "submitted")
    _require_no_party(conflict, act, world)
    yield MediationStarted(mediator=act.person)


class SettleConflict(Command, frozen=True, kw_only=True):
    """Record what the parties agreed on."""

    settlement: Text


@CONFLICT.decides("settle", scope="writer", function="ops", refuses=(WrongState, PartyToConflict))
def settle(command: SettleConflict, conflict: ConflictState, act: Act, world: World) -> Decided:
    """Take the settlement from the mediating department, not from a party."""
    _require(conflict, "mediating")
    _require_no_party(conflict, act, world)
    yield MediationSettled(settlement=command.settlement)


class EscalateConflict(Command, frozen=True, kw_only=True):
    """Bring the conflict before management, because mediation failed or time ran out."""

    to: Title


@CONFLICT.decides(
    "escalate",
    scope="writer",
    refuses=(WrongState, ReasonMissing, StrangerToConflict, NotYetOverdue),
)
def escalate(command: EscalateConflict, conflict: ConflictState, act: Act, world: World) -> Decided:
    """Let operations escalate at any time and a party once the time has run out (R219)."""
    _require(conflict, "submitted", "mediating")
    if act.reason is None:
        raise ReasonMissing
    if "ops" not in _functions(act, world):
        if act.unit not in conflict.parties:
            raise StrangerToConflict(unit=act.unit, conflict=conflict.id)
        if act.today <= conflict.due:
            raise NotYetOverdue(conflict=conflict.id, due=conflict.due)
    yield ConflictEscalated(to=command.to)


class RuleConflict(Command, frozen=True, kw_only=True):
    """Rule on the conflict as management."""

    ruling: Text


@CONFLICT.decides("rule", scope="approver", refuses=(WrongState, FunctionMissing, PartyToConflict))
def rule(command: RuleConflict, conflict: ConflictState, act: Act, world: World) -> Decided:
    """Let a member of management rule who belongs to no party (R218)."""
    _require(conflict, "escalated")
    if MANAGEMENT.isdisjoint(_functions(act, world)):
        raise FunctionMissing(position=act.position, expected=" / ".join(sorted(MANAGEMENT)))
    _require_no_party(conflict, act, world)
    yield ConflictRuled(ruling=command.ruling)


class CloseConflict(Command, frozen=True, kw_only=True):
    """Close a conflict that was settled or ruled."""


@CONFLICT.decides("close", scope="writer", function="ops", refuses=(WrongState,))
def close(_command: CloseConflict, conflict: ConflictState, _act: Act, _world: World) -> Decided:
    """Close only what was solved."""
    _require(conflict, "settled", "ruled")
    yield ConflictClosed()


def _require(conflict: ConflictState, *expected: Status) -> None:
    if conflict.status not in expected:
        raise WrongState(
            noun="conflict case",
            id=conflict.id,
            found=conflict.status,
            expected=" or ".join(expected),
        )


def _require_no_party(conflict: ConflictState, act: Act, world: World) -> None:
    for party in conflict.parties:
        if speaks_for(act, world, party):
            raise PartyToConflict(person=act.person, party=party, conflict=conflict.id)


def _functions(act: Act, world: World) -> tuple[str, ...]:
    assert act.position is not None, "this needs an acting position"
    return known(world, PositionState, act.position, "position").functions
