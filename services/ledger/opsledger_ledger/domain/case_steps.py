"""The steps of an approval case: who may take one now, and what becomes due next."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from opsledger_contracts.documents.matrix import Verb
from opsledger_contracts.events.case import Channel, StepAssigned
from opsledger_contracts.problems.case import (
    DecidesOtherContent,
    NotYourStep,
    OutOfOrder,
    PaperWithoutScan,
    StepNotOpen,
    SubjectChanged,
)
from opsledger_contracts.problems.general import WrongState
from opsledger_ledger.domain.case import DECIDING, CaseState, StepState
from opsledger_ledger.domain.deciding import Act, Authority, Record, World
from opsledger_ledger.domain.deed import Deed
from opsledger_ledger.domain.policies.deadlines import days_after
from opsledger_ledger.domain.policies.documents import matrix
from opsledger_ledger.domain.policies.identity import covers
from opsledger_ledger.domain.policies.separation import DEFAULT_PAIRS, require_disjoint
from opsledger_ledger.domain.subjects import subject_of

AFTER_DECISION: tuple[Verb, ...] = ("file", "feedback", "archive")
"""Verbs that become due with the decision."""


class _Assignable(Protocol):
    @property
    def seq(self) -> int: ...
    @property
    def verb(self) -> Verb: ...
    @property
    def positions(self) -> tuple[str, ...]: ...
    @property
    def sla_working_days(self) -> int | None: ...


def assignments(
    world: World, steps: Iterable[_Assignable], matrix_hash: str, item: str, act: Act
) -> Iterator[Record]:
    """Assign steps that become due today, each with its limit by working days (SR-20).

    Raises:
        DayNotInCalendar: a limit leaves the published calendars.

    """
    for step in steps:
        limit = days_after(world, act.today, step.sla_working_days or 0)
        yield Record(
            StepAssigned(seq=step.seq, verb=step.verb, positions=step.positions, due=limit.due),
            authority=Authority(matrix=matrix_hash, item=item, step=step.seq),
            calendar=limit.calendar,
            derived=True,
        )


def require_scan(case: str, channel: Channel, act: Act) -> None:
    """Let an act on paper be recorded only with its scan (R051).

    Raises:
        PaperWithoutScan: there is no evidence.

    """
    if channel == "paper" and not act.evidence:
        raise PaperWithoutScan(case=case)


def require_open(case: CaseState) -> None:
    """Insist on a case that still waits for its decision.

    Raises:
        WrongState: it is decided or ended.

    """
    if not case.open:
        raise WrongState(
            noun="approval case", id=case.id, found=case.status, expected="waiting for a decision"
        )


def step_to_take(case: CaseState, seq: int, verb: Verb, act: Act, world: World) -> StepState:
    """Find the step that the act takes, after all questions of order, power and separation.

    A case on paper records what was done elsewhere: order, post and separation of duties are then
    reported by the conformance check and not refused here (domain-model.md, section 5).

    Raises:
        WrongState: the case is decided or ended.
        PaperWithoutScan: a paper act has no evidence.
        StepNotOpen: there is no such step, or it is taken.
        OutOfOrder: an earlier step is still open.
        NotYourStep: the step is for other positions.
        SeparationOfDuties: somebody behind the act already did what excludes it.

    """
    require_open(case)
    covers(act, world, case.item, case.amount)
    require_scan(case.id, case.channel, act)
    step = case.step_for(seq, verb, act.position or "")
    if step is None:
        raise StepNotOpen(case=case.id, verb=verb, seq=seq)
    if case.channel == "online":
        if seq != case.seq:
            raise OutOfOrder(case=case.id, expected=case.seq, found=seq)
        if act.position not in step.positions:
            raise NotYourStep(
                position=act.position,
                verb=verb,
                case=case.id,
                expected=", ".join(step.positions),
            )
        _require_separation(case, seq, verb, act, world)
    return step


def require_content(case: CaseState, subject_hash: str, world: World) -> None:
    """Let an opinion bind only to the content of the case, and only while it is current (R040).

    Raises:
        DecidesOtherContent: the act names another content.
        SubjectChanged: the subject says something else by now.

    """
    if case.channel == "paper":
        return
    if subject_hash != case.subject_hash:
        raise DecidesOtherContent(case=case.id, expected=case.subject_hash, found=subject_hash)
    subject = subject_of(world, case.subject)
    if subject is not None and subject.content_hash != subject_hash:
        raise SubjectChanged(
            subject=case.subject, expected=subject_hash, found=subject.content_hash
        )


def is_final(case: CaseState, step: StepState) -> bool:
    """Tell whether the decision stands once this step is taken."""
    return all(other is step for other in case.pending(DECIDING))


def onwards(
    case: CaseState, step: StepState, act: Act, world: World, *, decided: bool = False
) -> Iterator[Record]:
    """Assign what becomes due when a step has been taken.

    Raises:
        DayNotInCalendar: a limit leaves the published calendars.

    """
    if decided:
        due = case.pending(AFTER_DECISION)
    else:
        left = [other for other in case.pending() if other is not step]
        seq = min(other.seq for other in left)
        due = [other for other in left if other.seq == seq and not other.assigned]
    yield from assignments(world, due, case.matrix, case.item, act)


def authority(case: CaseState, seq: int) -> Authority:
    """Name the power by which a step of the case is taken."""
    return Authority(matrix=case.matrix, item=case.item, step=seq)


def _require_separation(case: CaseState, seq: int, verb: Verb, act: Act, world: World) -> None:
    if (act.person, seq) in case.exceptions:
        return
    document = matrix(world, case.matrix)
    pairs = (*DEFAULT_PAIRS, *document.sod, *document.item(case.item).sod)
    subject = subject_of(world, case.subject)
    authors: tuple[Deed, ...] = () if subject is None else subject.authors
    require_disjoint(act, world, verb, (*case.deeds, *authors), pairs)
