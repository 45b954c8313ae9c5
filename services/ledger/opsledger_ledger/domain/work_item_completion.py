"""Work is done: claimed by dated evidence, verified by others, or handed over before that."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from opsledger_contracts.events.work_item import (
    CompletionClaimed,
    CompletionRejected,
    CompletionVerified,
    HandoverAccepted,
    HandoverDeclined,
    HandoverOffered,
)
from opsledger_contracts.fields import Evidence, Identifier, Text
from opsledger_contracts.problems.general import ReasonMissing, UnknownReference, WrongState
from opsledger_contracts.problems.work_item import (
    DeliverablesMissing,
    DeviationUnexplained,
    EvidenceAfterClaim,
    HandoverPending,
    HandoverToItself,
    NoHandoverOffered,
    NotResponsible,
    NotTheRecipient,
    VerifierIsResponsible,
)
from opsledger_ledger.domain.deciding import Act, Command, Decided, World, known
from opsledger_ledger.domain.person import PersonState
from opsledger_ledger.domain.policies.identity import speaks_for
from opsledger_ledger.domain.policies.unit_tree import stands_in
from opsledger_ledger.domain.unit import Unit
from opsledger_ledger.domain.work_item import WORK_ITEM, Claim, WorkItemState
from opsledger_ledger.domain.work_item_progress import require_responsible


class ClaimCompletion(Command):
    """Claim completion by dated evidence and the promised deliverables."""

    evidence_date: date
    """Day on which the work was complete, as the evidence states."""
    deliverables: Annotated[tuple[Evidence, ...], msgspec.Meta(min_length=1, max_length=50)]
    """Each promised deliverable under the title that the letter gives it."""


@WORK_ITEM.decides(
    "claim-completion",
    scope="writer",
    refuses=(WrongState, NotResponsible, EvidenceAfterClaim, DeliverablesMissing),
)
def claim_completion(
    command: ClaimCompletion, work_item: WorkItemState, act: Act, world: World
) -> Decided:
    """Let evidence carry the claim: complete, and not dated after it (R134, SR-07)."""
    work_item.require_status("in_progress")
    require_responsible(act, world, work_item.responsible)
    if command.evidence_date > act.occurred_on:
        raise EvidenceAfterClaim(evidence_date=command.evidence_date, claimed_on=act.occurred_on)
    handed_in = {deliverable.title for deliverable in command.deliverables}
    missing = [title for title in work_item.deliverables if title not in handed_in]
    if missing:
        raise DeliverablesMissing(missing=", ".join(missing))
    yield CompletionClaimed(evidence_date=command.evidence_date, deliverables=command.deliverables)


class VerifyCompletion(Command):
    """Verify time and quality of a claimed completion."""

    quality: Literal["met", "not_met"]
    """Whether the completion standard of the letter is met."""


@WORK_ITEM.decides(
    "verify-completion",
    scope="writer",
    function="ops",
    refuses=(WrongState, VerifierIsResponsible, DeviationUnexplained),
)
def verify_completion(
    command: VerifyCompletion, work_item: WorkItemState, act: Act, world: World
) -> Decided:
    """Take the day of the evidence, verified by others than did the work (R024, R077, R133)."""
    claim = _claimed(work_item)
    _require_other(act, world, work_item, claim)
    late = work_item.due is not None and claim.evidence_date > work_item.due
    if late and not work_item.explained:
        raise DeviationUnexplained(actual_date=claim.evidence_date, due=work_item.due)
    yield CompletionVerified(
        actual_date=claim.evidence_date, quality=command.quality, verifier=act.person
    )


class RejectCompletion(Command):
    """Reject a claimed completion for its defects; the work goes on."""

    defects: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=50)]


@WORK_ITEM.decides(
    "reject-completion",
    scope="writer",
    function="ops",
    refuses=(WrongState, VerifierIsResponsible),
)
def reject_completion(
    command: RejectCompletion, work_item: WorkItemState, act: Act, world: World
) -> Decided:
    """Name the defects, by others than did the work."""
    _require_other(act, world, work_item, _claimed(work_item))
    yield CompletionRejected(defects=command.defects)


def _claimed(work_item: WorkItemState) -> Claim:
    work_item.require_status("claimed")
    assert work_item.claim is not None, work_item.id
    return work_item.claim


def _require_other(act: Act, world: World, work_item: WorkItemState, claim: Claim) -> None:
    """Insist that neither unit nor person of the verifier had a hand in the work."""
    own = speaks_for(act, world, work_item.responsible) or stands_in(
        world, act.unit, work_item.responsible
    )
    if own or act.person in (work_item.responsible_person, claim.person):
        raise VerifierIsResponsible(person=act.person, unit=work_item.responsible)


class OfferHandover(Command):
    """Offer the work to another unit."""

    to: Identifier
    to_person: Identifier
    scope: Text
    standard: Text


@WORK_ITEM.decides(
    "offer-handover",
    scope="writer",
    refuses=(WrongState, NotResponsible, UnknownReference, HandoverToItself, HandoverPending),
)
def offer_handover(
    command: OfferHandover, work_item: WorkItemState, act: Act, world: World
) -> Decided:
    """Offer scope and standard; responsibility stays until the other unit accepts (R047)."""
    work_item.require_status("planned", "in_progress")
    require_responsible(act, world, work_item.responsible)
    known(world, Unit, command.to, "to")
    known(world, PersonState, command.to_person, "to_person")
    if command.to == work_item.responsible:
        raise HandoverToItself(unit=command.to)
    if work_item.handover is not None:
        raise HandoverPending(to=work_item.handover.to)
    yield HandoverOffered(
        to=command.to,
        to_person=command.to_person,
        scope=command.scope,
        standard=command.standard,
    )


class AcceptHandover(Command):
    """Accept the offered work; responsibility moves now."""


@WORK_ITEM.decides(
    "accept-handover", scope="writer", refuses=(WrongState, NoHandoverOffered, NotTheRecipient)
)
def accept_handover(
    _command: AcceptHandover, work_item: WorkItemState, act: Act, _world: World
) -> Decided:
    """Move responsibility by the acceptance of the other unit and not before (R047)."""
    work_item.require_status("planned", "in_progress")
    offer = _offered(work_item, act)
    yield HandoverAccepted(unit=offer.to, person=offer.to_person)


class DeclineHandover(Command):
    """Decline the offered work; responsibility stays."""


@WORK_ITEM.decides(
    "decline-handover",
    scope="writer",
    refuses=(NoHandoverOffered, NotTheRecipient, ReasonMissing),
)
def decline_handover(
    _command: DeclineHandover, work_item: WorkItemState, act: Act, _world: World
) -> Decided:
    """Decline with a reason (R047)."""
    _offered(work_item, act)
    if act.reason is None:
        raise ReasonMissing
    yield HandoverDeclined()


def _offered(work_item: WorkItemState, act: Act) -> HandoverOffered:
    if work_item.handover is None:
        raise NoHandoverOffered(work_item=work_item.id)
    if act.unit != work_item.handover.to:
        raise NotTheRecipient(expected=work_item.handover.to, found=act.unit)
    return work_item.handover
