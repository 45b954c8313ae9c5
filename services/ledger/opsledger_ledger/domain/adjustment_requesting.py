"""Asking for an adjustment: notice, request, proof, impact (SR-15, SR-16).

For force majeure the notice may come before the request or after it; both stand on one stream.
Every limit is compared with the day of recording.
"""

from datetime import date
from typing import Annotated, Final

import msgspec

from opsledger_contracts.documents.rulebook import CauseClass, Days
from opsledger_contracts.events.adjustment import (
    AdjustmentRequested,
    AdjustmentWithdrawn,
    EvidenceSubmitted,
    ForceMajeureNotified,
    ImpactAssessed,
)
from opsledger_contracts.fields import Identifier, Text
from opsledger_contracts.problems.adjustment import (
    CauseNotFitting,
    EventClassUnknown,
    EventDatesInvalid,
    NoticeTooLate,
    NotTheRequester,
    ProofTooLate,
    ProofWithoutEvidence,
    RequestTooLate,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.letter import (
    ConsultationMissing,
    ItemRepeated,
    ItemUnknown,
    NotALetterParty,
)
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_contracts.rules.inputs import AdjustmentKind
from opsledger_ledger.domain.adjustment import ADJUSTMENT, AdjustmentState
from opsledger_ledger.domain.adjustment_limits import notice_limit, proof_limit, request_limit
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.letter_terms import item_of
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.separation import require_others
from opsledger_ledger.domain.policies.unit_tree import stands_in
from opsledger_ledger.domain.unit import Unit

Items = Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=100)]

_LETTER: Final = (UnknownReference, WrongState, NotALetterParty, ItemUnknown)
_OCCURRENCE: Final = (EventClassUnknown, EventDatesInvalid, DayNotInCalendar)


class RequestAdjustment(Command, frozen=True, kw_only=True):
    """Ask for a change of a letter in force."""

    letter: Identifier
    items: Items
    kind: AdjustmentKind
    cause: CauseClass
    requested_change: Text
    event_class: Identifier | None = None
    occurred_from: date | None = None
    occurred_to: date | None = None
    causing_unit: Identifier | None = None
    consultation: Identifier | None = None
    """Reference of the consultation before the group imposes, whose record is attached as evidence."""


@ADJUSTMENT.decides(
    "request",
    scope="writer",
    creates=True,
    refuses=(
        *_LETTER,
        ItemRepeated,
        CauseNotFitting,
        ConsultationMissing,
        *_OCCURRENCE,
        RequestTooLate,
    ),
)
def request(command: RequestAdjustment, _adjustment: None, act: Act, world: World) -> Decided:
    """Take requests of a party, for items of a letter in force, in time (SR-15, R115 to R119).

    What the group imposes comes after a consultation whose record is attached (R088).
    """
    letter = _letter_in_force(world, command.letter, act)
    _require_items(letter, command)
    _require_cause(command, world)
    if command.consultation is not None and not act.evidence:
        raise ConsultationMissing(consultation=command.consultation)
    if command.event_class is not None:
        _require_event_class(letter, command.event_class, world)
    _require_order(command.occurred_from, command.occurred_to, act)
    _require_in_time(letter, command, act, world)
    yield _cited(
        letter,
        AdjustmentRequested(
            adjustment=act.target,
            letter=letter.id,
            letter_revision=letter.revisions[-1].revision,
            items=command.items,
            kind=command.kind,
            cause=command.cause,
            requested_change=command.requested_change,
            rulebook=letter.document.rulebook,
            calendar=letter.document.calendar,
            event_class=command.event_class,
            occurred_from=command.occurred_from,
            occurred_to=command.occurred_to,
            causing_unit=command.causing_unit,
            consultation=command.consultation,
        ),
    )


class NotifyForceMajeure(Command, frozen=True, kw_only=True):
    """Give notice of force majeure, before any request."""

    letter: Identifier
    items: Items
    event_class: Identifier
    occurred_from: date


@ADJUSTMENT.decides(
    "notify-force-majeure",
    scope="writer",
    creates=True,
    refuses=(*_LETTER, *_OCCURRENCE, NoticeTooLate),
)
def notify(command: NotifyForceMajeure, _adjustment: None, act: Act, world: World) -> Decided:
    """Take a notice within its limit from the occurrence (SR-16, R118)."""
    letter = _letter_in_force(world, command.letter, act)
    for item in command.items:
        item_of(letter.document, item)
    _require_event_class(letter, command.event_class, world)
    _require_order(command.occurred_from, None, act)
    limit = _notice_in_time(letter, command.occurred_from, act, world)
    yield _cited(
        letter,
        ForceMajeureNotified(
            adjustment=act.target,
            letter=letter.id,
            items=command.items,
            event_class=command.event_class,
            occurred_from=command.occurred_from,
            notified_on=act.today,
            limit=limit,
        ),
    )


class NotifyAfterRequest(Command, frozen=True, kw_only=True):
    """Give notice of the force majeure for which an adjustment was already requested."""


@ADJUSTMENT.decides(
    "notify-after-request",
    scope="writer",
    refuses=(WrongState, NotTheRequester, CauseNotFitting, DayNotInCalendar, NoticeTooLate),
)
def notify_after_request(
    _command: NotifyAfterRequest, adjustment: AdjustmentState, act: Act, world: World
) -> Decided:
    """Take a notice within its limit from the occurrence (SR-16, R118)."""
    adjustment.require_status("requested")
    require_requester(adjustment, act)
    event_class, occurred_from = adjustment.event_class, adjustment.occurred_from
    if event_class is None or occurred_from is None or adjustment.notified_on is not None:
        raise CauseNotFitting(
            kind=adjustment.kind,
            cause=adjustment.cause,
            detail="it waits for no notice of force majeure",
        )
    letter = known(world, LetterState, adjustment.letter, "letter")
    yield _cited(
        letter,
        ForceMajeureNotified(
            adjustment=adjustment.id,
            letter=letter.id,
            items=adjustment.items,
            event_class=event_class,
            occurred_from=occurred_from,
            notified_on=act.today,
            limit=_notice_in_time(letter, occurred_from, act, world),
        ),
    )


class RequestAfterNotice(Command, frozen=True, kw_only=True):
    """Ask for a change for the force majeure of which notice was given."""

    requested_change: Text
    occurred_to: date | None = None


@ADJUSTMENT.decides(
    "request-after-notice",
    scope="writer",
    refuses=(WrongState, NotTheRequester, EventDatesInvalid),
)
def request_after_notice(
    command: RequestAfterNotice, adjustment: AdjustmentState, act: Act, world: World
) -> Decided:
    """Let the notice grow into a request; force majeure may come late (SR-15(2))."""
    adjustment.require_status("notified")
    require_requester(adjustment, act)
    letter = known(world, LetterState, adjustment.letter, "letter")
    letter.require_status("in_force")
    _require_order(adjustment.occurred_from, command.occurred_to, act)
    yield _cited(
        letter,
        AdjustmentRequested(
            adjustment=adjustment.id,
            letter=letter.id,
            letter_revision=letter.revisions[-1].revision,
            items=adjustment.items,
            kind="force_majeure",
            cause="force_majeure",
            requested_change=command.requested_change,
            rulebook=letter.document.rulebook,
            calendar=letter.document.calendar,
            event_class=adjustment.event_class,
            occurred_from=adjustment.occurred_from,
            occurred_to=command.occurred_to,
        ),
    )


class SubmitEvidence(Command, frozen=True, kw_only=True):
    """Hand in proof; the documents are the evidence of the act."""

    description: Text


@ADJUSTMENT.decides(
    "submit-evidence",
    scope="writer",
    refuses=(WrongState, NotTheRequester, ProofWithoutEvidence, DayNotInCalendar, ProofTooLate),
)
def submit_evidence(
    command: SubmitEvidence, adjustment: AdjustmentState, act: Act, world: World
) -> Decided:
    """Take proof with a document, of force majeure only within its limit (SR-16)."""
    adjustment.require_status("notified", "requested")
    require_requester(adjustment, act)
    if not act.evidence:
        raise ProofWithoutEvidence(adjustment=adjustment.id)
    letter = known(world, LetterState, adjustment.letter, "letter")
    last = proof_limit(letter, adjustment.occurred_from, world)
    if last is not None and act.today > last.due:
        raise ProofTooLate(occurred=adjustment.occurred_from, limit=last.due, found=act.today)
    yield Record(
        EvidenceSubmitted(
            submitted_on=act.today,
            description=command.description,
            limit=None if last is None else last.due,
        ),
        rulebook=letter.document.rulebook,
        calendar=None if last is None else last.calendar,
    )


class AssessImpact(Command, frozen=True, kw_only=True):
    """State the effect on the critical path, as somebody who does not ask for the change."""

    critical_path_days: Days
    method: Text
    mitigation: Text


@ADJUSTMENT.decides("assess-impact", scope="assessor", refuses=(WrongState, SeparationOfDuties))
def assess_impact(
    command: AssessImpact, adjustment: AdjustmentState, act: Act, world: World
) -> Decided:
    """Count critical-path days, not days of the event; the requester does not count (SR-16)."""
    adjustment.require_status("requested")
    require_others(act, world, "assess_impact", (adjustment.requester,))
    yield ImpactAssessed(
        critical_path_days=command.critical_path_days,
        method=command.method,
        mitigation=command.mitigation,
        assessor=act.person,
    )


class WithdrawAdjustment(Command, frozen=True, kw_only=True):
    """Withdraw the request; the original terms stand."""


@ADJUSTMENT.decides("withdraw", scope="writer", refuses=(WrongState, NotTheRequester))
def withdraw(
    _command: WithdrawAdjustment, adjustment: AdjustmentState, act: Act, _world: World
) -> Decided:
    """Let only the requesting unit withdraw, and only before the decision."""
    adjustment.require_status("notified", "requested", "under_review")
    require_requester(adjustment, act)
    yield AdjustmentWithdrawn()


def require_requester(adjustment: AdjustmentState, act: Act) -> None:
    """Insist that the act comes from the unit that asked.

    Raises:
        NotTheRequester: it comes from another one.

    """
    if act.unit != adjustment.unit:
        raise NotTheRequester(adjustment=adjustment.id, found=act.unit, expected=adjustment.unit)


def _letter_in_force(world: World, identifier: str, act: Act) -> LetterState:
    letter = known(world, LetterState, identifier, "letter")
    letter.require_status("in_force")
    document = letter.document
    if act.unit != document.issuer and not stands_in(world, act.unit, document.responsible_unit):
        raise NotALetterParty(
            found=act.unit, expected=f"{document.responsible_unit} or {document.issuer}"
        )
    return letter


def _require_items(letter: LetterState, command: RequestAdjustment) -> None:
    for item in command.items:
        if command.kind != "add":
            item_of(letter.document, item)
        elif letter.document.item(item) is not None:
            raise ItemRepeated(letter=letter.id, item=item)


def _require_cause(command: RequestAdjustment, world: World) -> None:
    detail = ""
    if (command.kind == "force_majeure") != (command.cause == "force_majeure"):
        detail = "force majeure is a kind of its own, with itself as the cause"
    elif (command.kind == "force_majeure") != (command.event_class is not None):
        detail = "force majeure, and nothing else, names the class of the event"
    elif (command.event_class is not None) != (command.occurred_from is not None):
        detail = "an event has a class and a first day"
    elif (command.cause == "other_department") != (command.causing_unit is not None):
        detail = "another department as the cause, and nothing else, names the causing unit"
    elif (command.cause == "group_imposed") != (command.consultation is not None):
        detail = "a change that the group imposes, and nothing else, names the consultation"
    if detail:
        raise CauseNotFitting(kind=command.kind, cause=command.cause, detail=detail)
    if command.causing_unit is not None:
        known(world, Unit, command.causing_unit, "causing_unit")


def _require_in_time(
    letter: LetterState, command: RequestAdjustment, act: Act, world: World
) -> None:
    policy = documents.rulebook(world, letter.document.rulebook).adjustment
    if command.cause in policy.late_request_causes:
        return
    for item in letter.document.items:
        if item.item in command.items and item.due is not None:
            last = request_limit(letter, item.due, world)
            if act.today > last.due:
                raise RequestTooLate(item=item.item, limit=last.due, found=act.today)


def _require_event_class(letter: LetterState, event_class: str, world: World) -> None:
    rulebook = documents.rulebook(world, letter.document.rulebook)
    if event_class not in {row.event_class for row in rulebook.force_majeure.event_classes}:
        raise EventClassUnknown(rulebook=rulebook.name, event_class=event_class)


def _require_order(occurred_from: date | None, occurred_to: date | None, act: Act) -> None:
    if occurred_from is not None and (
        occurred_from > act.today or (occurred_to is not None and occurred_to < occurred_from)
    ):
        raise EventDatesInvalid(
            occurred_from=occurred_from, occurred_to=occurred_to, date=act.today
        )


def _notice_in_time(letter: LetterState, occurred_from: date, act: Act, world: World) -> date:
    last = notice_limit(letter, occurred_from, world).due
    if act.today > last:
        raise NoticeTooLate(occurred=occurred_from, limit=last, found=act.today)
    return last


def _cited(letter: LetterState, event: AdjustmentRequested | ForceMajeureNotified) -> Record:
    return Record(event, rulebook=letter.document.rulebook, calendar=letter.document.calendar)
