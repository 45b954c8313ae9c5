"""Around and after the decision of a case: escalation, exceptions, filing, feedback, archive."""

from typing import Final

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.matrix import Verb
from opsledger_contracts.events.case import (
    CaseArchived,
    CaseFiled,
    CaseLapsed,
    CaseWithdrawn,
    OutcomeFedBack,
    Sequence,
    SoDExceptionGranted,
    StepEscalated,
)
from opsledger_contracts.fields import Identifier, Text
from opsledger_contracts.problems.case import (
    NotOverdue,
    NotTheInitiator,
    NotYourStep,
    OutcomeOutstanding,
    RecipientNotNamed,
    SecondPersonInvolved,
    StepNotOpen,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.general import ReasonMissing, UnknownReference, WrongState
from opsledger_ledger.domain.case import CASE, CaseState, StepState
from opsledger_ledger.domain.case_steps import assignments, authority, require_open
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.person import PersonState
from opsledger_ledger.domain.policies.identity import identities
from opsledger_ledger.domain.position import PositionState

_DECIDED: Final = ("approved", "filed", "refused")
_CLOSED_BY: Final[tuple[Verb, ...]] = ("feedback", "archive", "approve", "ratify")


class EscalateStep(Command, frozen=True, kw_only=True):
    """Take an overdue step to the superiors of those who should have taken it."""

    seq: Sequence


@CASE.decides(
    "escalate",
    scope="writer",
    function="ops",
    refuses=(WrongState, NotOverdue, DayNotInCalendar),
)
def escalate(command: EscalateStep, case: CaseState, act: Act, world: World) -> Decided:
    """Escalate only what passed its limit; the superiors may then take the step too."""
    require_open(case)
    overdue = [
        step
        for step in case.pending()
        if step.seq == command.seq and step.due is not None and step.due < act.today
    ]
    if not overdue:
        raise NotOverdue(case=case.id, seq=command.seq, date=act.today)
    yield Record(
        StepEscalated(
            seq=command.seq, due=min(step.due for step in overdue if step.due is not None)
        ),
        authority=authority(case, command.seq),
    )
    raised = [_with_superiors(step, world) for step in overdue]
    yield from assignments(world, raised, case.matrix, case.item, act)


class GrantSoDException(Command, frozen=True, kw_only=True):
    """Allow one person one act against a separation of duties, with a second person beside them."""

    person: Identifier
    seq: Sequence
    second_person: Identifier


@CASE.decides(
    "grant-exception",
    scope="approver",
    refuses=(
        WrongState,
        ReasonMissing,
        NotYourStep,
        StepNotOpen,
        UnknownReference,
        SecondPersonInvolved,
    ),
)
def grant_exception(command: GrantSoDException, case: CaseState, act: Act, world: World) -> Decided:
    """Let the supervising position grant it, for a stated reason, never for itself."""
    require_open(case)
    if act.reason is None:
        raise ReasonMissing
    _require_position(case, "grant-exception", case.positions_of("supervise"), act)
    if all(step.seq != command.seq for step in case.pending()):
        raise StepNotOpen(case=case.id, verb="grant-exception", seq=command.seq)
    known(world, PersonState, command.person, "person")
    known(world, PersonState, command.second_person, "second_person")
    if len({command.person, command.second_person} - identities(act, world)) != 2:  # noqa: PLR2004 - three people take part, two of them beside the one who grants.
        raise SecondPersonInvolved(person=command.person, second_person=command.second_person)
    yield SoDExceptionGranted(
        person=command.person, seq=command.seq, second_person=command.second_person
    )


class FileCase(Command, frozen=True, kw_only=True):
    """Give the decision to a recipient for the record (备案)."""

    recipient: Identifier
    """Position that the chain names for filing."""


@CASE.decides("file", scope="writer", refuses=(WrongState, RecipientNotNamed, NotYourStep))
def file_case(command: FileCase, case: CaseState, act: Act, _world: World) -> Decided:
    """File an approved case with whom the matrix names; filing is no veto (R041)."""
    _require_status(case, "approved", "filed")
    _require_recipient(case, command.recipient, case.positions_of("file"))
    senders = case.positions_of("archive") | {case.initiator, command.recipient}
    _require_position(case, "file", senders, act)
    yield CaseFiled(recipient=command.recipient)


class FeedBackOutcome(Command, frozen=True, kw_only=True):
    """Tell the initiator, or a unit concerned, how the case ended."""

    to: Identifier
    """Position that receives the outcome."""
    result: Text


@CASE.decides("feed-back", scope="writer", refuses=(WrongState, RecipientNotNamed, NotYourStep))
def feed_back(command: FeedBackOutcome, case: CaseState, act: Act, _world: World) -> Decided:
    """Let those who close a case tell its outcome (R045)."""
    _require_status(case, *_DECIDED)
    recipients = case.positions_of("feedback") | {case.initiator}
    _require_recipient(case, command.to, recipients)
    _require_position(case, "feed-back", case.positions_of(*_CLOSED_BY), act)
    yield OutcomeFedBack(to=command.to, result=command.result)


class WithdrawCase(Command, frozen=True, kw_only=True):
    """Withdraw the case before its decision."""


@CASE.decides("withdraw", scope="writer", refuses=(WrongState, NotTheInitiator))
def withdraw(_command: WithdrawCase, case: CaseState, act: Act, _world: World) -> Decided:
    """Let only the initiating position withdraw."""
    require_open(case)
    if act.position != case.initiator:
        raise NotTheInitiator(position=act.position, item=case.item, expected=case.initiator)
    yield CaseWithdrawn()


class LapseCase(Command, frozen=True, kw_only=True):
    """End a case that will not be decided."""


@CASE.decides("lapse", scope="writer", function="ops", refuses=(WrongState, ReasonMissing))
def lapse(_command: LapseCase, case: CaseState, act: Act, _world: World) -> Decided:
    """End it without a decision only for a stated reason."""
    require_open(case)
    if act.reason is None:
        raise ReasonMissing
    yield CaseLapsed()


class ArchiveCase(Command, frozen=True, kw_only=True):
    """Close the case and fix the hash of its package (归档)."""


@CASE.decides("archive", scope="writer", refuses=(WrongState, NotYourStep, OutcomeOutstanding))
def archive(_command: ArchiveCase, case: CaseState, act: Act, _world: World) -> Decided:
    """Close a case only when its outcome has reached everybody concerned (R041, R042, R045)."""
    _require_status(case, *_DECIDED, "withdrawn", "lapsed")
    _require_position(case, "archive", case.positions_of("archive") or {case.initiator}, act)
    missing = _not_reached(case)
    if missing:
        raise OutcomeOutstanding(case=case.id, missing=", ".join(missing))
    yield CaseArchived(package_hash=digest(case.entries))


def _not_reached(case: CaseState) -> list[str]:
    missing = []
    if case.decided is not None and case.initiator not in case.fed_back_to:
        missing.append(case.initiator)
    if case.decided == "approved":
        missing.extend(
            " / ".join(step.positions)
            for step in case.steps
            if step.verb == "file" and case.filed_with.isdisjoint(step.positions)
        )
    return missing


def _with_superiors(step: StepState, world: World) -> StepState:
    superiors = (
        known(world, PositionState, position, "position").reports_to for position in step.positions
    )
    positions = (*step.positions, *(superior for superior in superiors if superior is not None))
    return StepState(
        seq=step.seq,
        verb=step.verb,
        title=step.title,
        positions=tuple(dict.fromkeys(positions)),
        sla_working_days=step.sla_working_days,
    )


def _require_status(case: CaseState, *expected: str) -> None:
    if case.status not in expected:
        raise WrongState(
            noun="approval case", id=case.id, found=case.status, expected=" or ".join(expected)
        )


def _require_recipient(case: CaseState, found: str, expected: frozenset[str]) -> None:
    if found not in expected:
        raise RecipientNotNamed(
            case=case.id, found=found, expected=", ".join(sorted(expected)) or "nobody"
        )


def _require_position(
    case: CaseState, verb: str, expected: frozenset[str] | set[str], act: Act
) -> None:
    if act.position not in expected:
        raise NotYourStep(
            position=act.position,
            verb=verb,
            case=case.id,
            expected=", ".join(sorted(expected)) or "nobody",
        )
