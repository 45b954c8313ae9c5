"""The way of an adjustment from its terms over approval into the letter (SR-15, SR-16, SR-20)."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Days, Treatment
from opsledger_contracts.events.adjustment import (
    AdjustmentApplied,
    AdjustmentApproved,
    AdjustmentLapsed,
    AdjustmentRefused,
    AdjustmentSubmitted,
    AdjustmentTerms,
)
from opsledger_contracts.events.letter import LetterAmended, LetterItem
from opsledger_contracts.events.work_item import WorkItemRescheduled
from opsledger_contracts.fields import Identifier
from opsledger_contracts.letters import LetterDocument, amend, content_hash
from opsledger_contracts.problems.adjustment import (
    AdjustmentUnbalanced,
    CaseNotRefused,
    ExtensionTooLate,
    LetterMoved,
    NoLimitPassed,
    NotAdmissible,
    NotTheRequester,
    TermsNotFitting,
    TreatmentNotAllowed,
)
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.general import (
    FieldInvalid,
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_contracts.problems.letter import ItemUnknown, LetterNotAcceptable
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_contracts.rules.adjustments import ForceMajeureFacts, force_majeure_findings
from opsledger_contracts.rules.days import extension_valid
from opsledger_ledger.domain.adjustment import ADJUSTMENT, AdjustmentState
from opsledger_ledger.domain.adjustment_limits import notice_limit, proof_limit
from opsledger_ledger.domain.adjustment_requesting import require_requester
from opsledger_ledger.domain.adjustment_terms import ItemTerms, Proposal, changes_of
from opsledger_ledger.domain.case import CaseState
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.approval import approved
from opsledger_ledger.domain.policies.deadlines import counted
from opsledger_ledger.domain.policies.separation import identities_of
from opsledger_ledger.domain.work_item import WorkItemState

_OPEN: Final = ("notified", "requested", "under_review")


class SubmitAdjustment(Command, frozen=True, kw_only=True):
    """Fix the terms of the change for approval."""

    treatment: Treatment
    effective_from: date
    granted_days: Days | None = None
    """Calendar days by which due dates move; with the treatment extend."""
    terms: tuple[ItemTerms, ...] = ()
    """New values, where the treatment does not compute them."""
    added: tuple[LetterItem, ...] = ()
    """Items to be added, each with the weight that it takes."""


@ADJUSTMENT.decides(
    "submit",
    scope="writer",
    refuses=(
        WrongState,
        NotTheRequester,
        DayNotInCalendar,
        NotAdmissible,
        TreatmentNotAllowed,
        TermsNotFitting,
        ItemUnknown,
        FieldInvalid,
        UnknownReference,
        LetterNotAcceptable,
        AdjustmentUnbalanced,
    ),
)
def submit(
    command: SubmitAdjustment, adjustment: AdjustmentState, act: Act, world: World
) -> Decided:
    """Compute what the treatment changes, so that the approval binds to every number of it."""
    adjustment.require_status("requested", "under_review")
    require_requester(adjustment, act)
    letter = known(world, LetterState, adjustment.letter, "letter")
    letter.require_status("in_force")
    rulebook = documents.rulebook(world, letter.document.rulebook)
    _require_admissible(adjustment, letter, world)
    proposal = Proposal(
        treatment=command.treatment,
        granted_days=command.granted_days,
        terms=command.terms,
        added=command.added,
    )
    force_majeure = adjustment.kind == "force_majeure"
    terms = AdjustmentTerms(
        adjustment=adjustment.id,
        letter=letter.id,
        letter_revision=letter.revisions[-1].revision,
        treatment=command.treatment,
        clause=rulebook.force_majeure.clause if force_majeure else rulebook.adjustment.clause,
        changes=changes_of(adjustment, proposal, letter.document, rulebook, world),
        effective_from=command.effective_from,
        granted_days=command.granted_days,
    )
    yield Record(
        AdjustmentSubmitted(
            letter_revision=terms.letter_revision,
            treatment=terms.treatment,
            clause=terms.clause,
            changes=terms.changes,
            effective_from=terms.effective_from,
            content_hash=digest(terms),
            granted_days=terms.granted_days,
        ),
        rulebook=letter.document.rulebook,
        calendar=letter.document.calendar,
    )


class ApproveAdjustment(Command, frozen=True, kw_only=True):
    """Record that an approval case granted these terms."""

    case: Identifier


@ADJUSTMENT.decides(
    "approve",
    scope="writer",
    refuses=(
        WrongState,
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
        SeparationOfDuties,
        ExtensionTooLate,
    ),
)
def approve(
    command: ApproveAdjustment, adjustment: AdjustmentState, act: Act, world: World
) -> Decided:
    """Take an approval of exactly these terms, by nobody who verified the work, in time (SR-20)."""
    adjustment.require_status("under_review")
    case = approved(
        world, command.case, f"adjustment/{adjustment.id}", adjustment.content_hash or ""
    )
    _require_not_verifier(adjustment, case, act, world)
    letter = known(world, LetterState, adjustment.letter, "letter")
    _require_extension_in_time(adjustment, letter, act, world)
    impact = adjustment.impact
    granted = adjustment.granted_days
    assert adjustment.treatment is not None
    assert adjustment.clause is not None
    assert adjustment.effective_from is not None
    yield Record(
        AdjustmentApproved(
            case=command.case,
            treatment=adjustment.treatment,
            clause=adjustment.clause,
            changes=adjustment.changes,
            effective_from=adjustment.effective_from,
            granted_days=granted,
            partly=granted is not None
            and impact is not None
            and granted < impact.critical_path_days,
        ),
        rulebook=letter.document.rulebook,
        calendar=letter.document.calendar,
    )


class RefuseAdjustment(Command, frozen=True, kw_only=True):
    """Refuse the change, by an approval case or as inadmissible."""

    case: Identifier | None = None


@ADJUSTMENT.decides(
    "refuse",
    scope="writer",
    function="ops",
    refuses=(WrongState, ReasonMissing, UnknownReference, CaseNotRefused),
)
def refuse(
    command: RefuseAdjustment, adjustment: AdjustmentState, act: Act, world: World
) -> Decided:
    """Say no for a stated reason; the original terms stand (SR-15(2))."""
    adjustment.require_status(*_OPEN)
    if act.reason is None:
        raise ReasonMissing
    if command.case is not None:
        case = known(world, CaseState, command.case, "case")
        subject = f"adjustment/{adjustment.id}"
        if case.decided != "refused" or case.subject != subject:
            raise CaseNotRefused(case=case.id, subject=case.subject, found=case.status)
    yield AdjustmentRefused(case=command.case)


class LapseAdjustment(Command, frozen=True, kw_only=True):
    """Record that a limit passed without what it waited for."""


@ADJUSTMENT.decides(
    "lapse",
    scope="writer",
    function="ops",
    refuses=(WrongState, DayNotInCalendar, NoLimitPassed),
)
def lapse(
    _command: LapseAdjustment, adjustment: AdjustmentState, act: Act, world: World
) -> Decided:
    """Let only a limit of the rules end it: notice, proof, or the due date (SR-16, SR-20)."""
    adjustment.require_status(*_OPEN)
    letter = known(world, LetterState, adjustment.letter, "letter")
    passed = next(_limits_passed(adjustment, letter, act, world), None)
    if passed is None:
        raise NoLimitPassed(adjustment=adjustment.id, date=act.today)
    yield Record(
        AdjustmentLapsed(limit=passed),
        rulebook=letter.document.rulebook,
        calendar=letter.document.calendar,
    )


class ApplyAdjustment(Command, frozen=True, kw_only=True):
    """Amend the letter by the approved changes."""


@ADJUSTMENT.decides("apply", scope="writer", function="ops", refuses=(WrongState, LetterMoved))
def apply(
    _command: ApplyAdjustment, adjustment: AdjustmentState, _act: Act, world: World
) -> Decided:
    """Bring the approved changes, and nothing else, into the letter as its next revision."""
    adjustment.require_status("approved")
    letter = known(world, LetterState, adjustment.letter, "letter")
    letter.require_status("in_force")
    current = letter.revisions[-1].revision
    if current != adjustment.submitted_revision:
        raise LetterMoved(letter=letter.id, found=current, expected=adjustment.submitted_revision)
    assert adjustment.effective_from is not None
    amended = amend(letter.document, adjustment.changes)
    yield AdjustmentApplied(letter=letter.id, letter_revision=current + 1)
    yield Record(
        LetterAmended(
            adjustment=adjustment.id,
            revision=current + 1,
            changes=adjustment.changes,
            effective_from=adjustment.effective_from,
            content_hash=content_hash(amended),
        ),
        f"letter/{letter.id}",
        rulebook=letter.document.rulebook,
    )
    yield from _rescheduled(adjustment, letter.document, amended, world)


def _rescheduled(
    adjustment: AdjustmentState, before: LetterDocument, amended: LetterDocument, world: World
) -> Iterator[Record]:
    for work_item in _work_items(adjustment, world):
        old, new = before.item(work_item.item), amended.item(work_item.item)
        if old is None or new is None or old.due is None or new.due is None:
            continue
        if old.due != new.due:
            yield Record(
                WorkItemRescheduled(adjustment=adjustment.id, due_before=old.due, due=new.due),
                f"work_item/{work_item.id}",
            )


def _work_items(adjustment: AdjustmentState, world: World) -> Iterator[WorkItemState]:
    for item in adjustment.items:
        for identifier in world.find("work_item_by_item", f"{adjustment.letter}:{item}"):
            yield known(world, WorkItemState, identifier, "work_item")


def _require_admissible(adjustment: AdjustmentState, letter: LetterState, world: World) -> None:
    if adjustment.event_class is None or adjustment.occurred_from is None:
        return
    impact = adjustment.impact
    # Notice and proof were taken only within their limits; what is left to ask is whether all of
    # them are there.
    facts = ForceMajeureFacts(
        event_class=adjustment.event_class,
        occurred_from=adjustment.occurred_from,
        notified_on=adjustment.notified_on,
        proof_on=adjustment.proof_on,
        critical_path_days=None if impact is None else impact.critical_path_days,
        mitigation_shown=impact is not None,
    )
    policy = documents.rulebook(world, letter.document.rulebook).force_majeure
    findings = counted(
        world,
        adjustment.occurred_from,
        lambda *calendars: force_majeure_findings(facts, policy, *calendars),
        letter.document.calendar,
    )
    if findings:
        raise NotAdmissible(adjustment=adjustment.id, findings=documents.told(findings))


def _require_not_verifier(
    adjustment: AdjustmentState, case: CaseState, act: Act, world: World
) -> None:
    verifiers = {work_item.verifier for work_item in _work_items(adjustment, world)}
    for deed in case.deeds:
        if deed.did in ("approve", "ratify"):
            overlap = verifiers & identities_of(deed, act, world)
            if overlap:
                raise SeparationOfDuties(
                    first="verify", second=deed.did, person=next(iter(overlap))
                )


def _require_extension_in_time(
    adjustment: AdjustmentState, letter: LetterState, act: Act, world: World
) -> None:
    policy = documents.rulebook(world, letter.document.rulebook).adjustment
    if adjustment.treatment != "extend":
        return
    for item in letter.document.items:
        if (
            item.item in adjustment.items
            and item.due is not None
            and not extension_valid(act.today, item.due, adjustment.cause, policy)
        ):
            raise ExtensionTooLate(item=item.item, due=item.due, found=act.today)


def _limits_passed(
    adjustment: AdjustmentState, letter: LetterState, act: Act, world: World
) -> Iterator[str]:
    occurred_from = adjustment.occurred_from
    if occurred_from is not None:
        notice = notice_limit(letter, occurred_from, world).due
        if adjustment.notified_on is None and act.today > notice:
            yield f"notice {notice}"
        proof = proof_limit(letter, occurred_from, world)
        if adjustment.proof_on is None and proof is not None and act.today > proof.due:
            yield f"proof {proof.due}"
    policy = documents.rulebook(world, letter.document.rulebook).adjustment
    for item in letter.document.items:
        due = item.due
        if (
            item.item in adjustment.items
            and due is not None
            and not extension_valid(act.today, due, adjustment.cause, policy)
        ):
            yield f"due {item.item} {due}"
