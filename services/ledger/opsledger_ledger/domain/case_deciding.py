"""The way of an approval case to its decision: opinions, returns, approval, ratification."""

from typing import Final

from opsledger_contracts.documents.matrix import Verb
from opsledger_contracts.events.case import (
    ApprovalGranted,
    ApprovalRatified,
    ApprovalRefused,
    CaseReturned,
    Opinion,
    ParticipationRecorded,
    ReviewGiven,
    Sequence,
)
from opsledger_contracts.fields import Sha256, Text
from opsledger_contracts.problems.case import (
    DecidesOtherContent,
    NotYourStep,
    OutOfOrder,
    PaperWithoutScan,
    ReturnsNotBack,
    StepNotOpen,
    SubjectChanged,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.general import ReasonMissing, WrongState
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_ledger.domain.case import CASE, GATES, CaseState
from opsledger_ledger.domain.case_steps import (
    assignments,
    authority,
    is_final,
    onwards,
    require_content,
    require_open,
    step_to_take,
)
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World
from opsledger_ledger.domain.policies.identity import covers

_TAKING: Final[tuple[type[Refusal], ...]] = (
    WrongState,
    PaperWithoutScan,
    StepNotOpen,
    OutOfOrder,
    NotYourStep,
    SeparationOfDuties,
    DayNotInCalendar,
)
_BINDING: Final[tuple[type[Refusal], ...]] = (*_TAKING, DecidesOtherContent, SubjectChanged)


class GiveReview(Command, frozen=True, kw_only=True):
    """Give the opinion of a reviewing position."""

    seq: Sequence
    opinion: Opinion
    subject_hash: Sha256
    comment: Text | None = None


@CASE.decides("review", scope="approver", delegable=True, refuses=(*_BINDING, ReasonMissing))
def review(command: GiveReview, case: CaseState, act: Act, world: World) -> Decided:
    """Take reviews in their order; anything but plain agreement says why (R038)."""
    step = step_to_take(case, command.seq, "review", act, world)
    require_content(case, command.subject_hash, world)
    if command.opinion != "agree" and command.comment is None:
        raise ReasonMissing
    yield Record(
        ReviewGiven(
            seq=command.seq,
            position=act.position or "",
            opinion=command.opinion,
            subject_hash=command.subject_hash,
            comment=command.comment,
        ),
        authority=authority(case, command.seq),
    )
    yield from onwards(case, step, act, world)


class RecordParticipation(Command, frozen=True, kw_only=True):
    """Record the opinion of a consulted position, which does not bind."""

    seq: Sequence
    opinion: Text


@CASE.decides("participate", scope="writer", delegable=True, refuses=_TAKING)
def participate(command: RecordParticipation, case: CaseState, act: Act, world: World) -> Decided:
    """Hear whoever the matrix wants heard before the decision (R039)."""
    step = step_to_take(case, command.seq, "participate", act, world)
    yield Record(
        ParticipationRecorded(
            seq=command.seq, position=act.position or "", opinion=command.opinion
        ),
        authority=authority(case, command.seq),
    )
    yield from onwards(case, step, act, world)


class ReturnCase(Command, frozen=True, kw_only=True):
    """Send the case back to an earlier step."""

    to_seq: Sequence


@CASE.decides(
    "return",
    scope="approver",
    delegable=True,
    refuses=(WrongState, ReasonMissing, NotYourStep, ReturnsNotBack, DayNotInCalendar),
)
def return_case(command: ReturnCase, case: CaseState, act: Act, world: World) -> Decided:
    """Let whoever is at turn have the steps from an earlier one on taken again."""
    require_open(case)
    covers(act, world, case.item, case.amount)
    if act.reason is None:
        raise ReasonMissing
    at_turn = [
        position
        for step in case.pending()
        if step.seq == case.seq and step.verb != "participate"
        for position in step.positions
    ]
    if act.position not in at_turn:
        raise NotYourStep(
            position=act.position, verb="return", case=case.id, expected=", ".join(at_turn)
        )
    again = [step for step in case.steps if step.verb in GATES and step.seq == command.to_seq]
    if not again or command.to_seq >= (case.seq or 0):
        raise ReturnsNotBack(case=case.id, seq=case.seq, to_seq=command.to_seq)
    yield CaseReturned(to_seq=command.to_seq)
    yield from assignments(world, again, case.matrix, case.item, act)


class GrantApproval(Command, frozen=True, kw_only=True):
    """Approve the content."""

    seq: Sequence
    subject_hash: Sha256


@CASE.decides("approve", scope="approver", delegable=True, refuses=_BINDING)
def approve(command: GrantApproval, case: CaseState, act: Act, world: World) -> Decided:
    """Let a position that the chain names, and nobody who initiated or reviewed, approve (R040)."""
    step = step_to_take(case, command.seq, "approve", act, world)
    require_content(case, command.subject_hash, world)
    final = is_final(case, step)
    yield Record(
        ApprovalGranted(
            seq=command.seq,
            position=act.position or "",
            subject_hash=command.subject_hash,
            final=final,
        ),
        authority=authority(case, command.seq),
    )
    yield from onwards(case, step, act, world, decided=final)


class RatifyApproval(Command, frozen=True, kw_only=True):
    """Confirm the approval as the ratifying body (核准)."""

    seq: Sequence
    subject_hash: Sha256


@CASE.decides("ratify", scope="approver", delegable=True, refuses=_BINDING)
def ratify(command: RatifyApproval, case: CaseState, act: Act, world: World) -> Decided:
    """Let ratification come after approval, by nobody who initiated."""
    step = step_to_take(case, command.seq, "ratify", act, world)
    require_content(case, command.subject_hash, world)
    final = is_final(case, step)
    yield Record(
        ApprovalRatified(
            seq=command.seq,
            position=act.position or "",
            subject_hash=command.subject_hash,
            final=final,
        ),
        authority=authority(case, command.seq),
    )
    yield from onwards(case, step, act, world, decided=final)


class RefuseApproval(Command, frozen=True, kw_only=True):
    """Refuse to approve, or to ratify, the content."""

    seq: Sequence
    subject_hash: Sha256


@CASE.decides("refuse", scope="approver", delegable=True, refuses=(*_BINDING, ReasonMissing))
def refuse(command: RefuseApproval, case: CaseState, act: Act, world: World) -> Decided:
    """End the case with a no that states its reason; the initiator is told (R040, R045)."""
    verb: Verb = "approve"
    if any(step.seq == command.seq for step in case.pending(("ratify",))):
        verb = "ratify"
    step = step_to_take(case, command.seq, verb, act, world)
    require_content(case, command.subject_hash, world)
    if act.reason is None:
        raise ReasonMissing
    yield Record(
        ApprovalRefused(
            seq=command.seq, position=act.position or "", subject_hash=command.subject_hash
        ),
        authority=authority(case, command.seq),
    )
    yield from onwards(case, step, act, world, decided=True)
