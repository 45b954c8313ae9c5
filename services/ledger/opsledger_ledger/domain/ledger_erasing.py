"""Erasing the personal data of a person, and what stands against it (evidence.md, section 5).

Entries hold commitments only, so that an erasure changes no proof and no score. It is approved along
the authority matrix by at least two persons; a legal hold or an open dispute that concerns the person
blocks it.
"""

from typing import Annotated, Final

from msgspec import Meta

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.ledger import LegalHoldLifted, LegalHoldPlaced, PersonalDataErased
from opsledger_contracts.fields import Identifier, Text
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.general import AlreadyExists, ReasonMissing, UnknownReference
from opsledger_contracts.problems.ledger import (
    ApproversTooFew,
    DisputeStandsAgainst,
    LegalHoldStandsAgainst,
)
from opsledger_ledger.domain.assessment import AssessmentState
from opsledger_ledger.domain.case import DECIDING, CaseState
from opsledger_ledger.domain.deciding import Act, Command, Decided, World, known
from opsledger_ledger.domain.dispute import DisputeState
from opsledger_ledger.domain.ledger import LEDGER, LedgerState
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.person import PersonState
from opsledger_ledger.domain.policies.approval import approved
from opsledger_ledger.domain.position import PositionState

APPROVERS_MIN: Final = 2

Persons = Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=1_000)]


class PlaceLegalHold(Command, frozen=True, kw_only=True):
    """Forbid to erase the personal data of some persons until further notice."""

    hold: Identifier
    persons: Persons
    basis: Text


@LEDGER.decides(
    "place-legal-hold",
    scope="administrator",
    acting=False,
    refuses=(AlreadyExists, UnknownReference),
)
def place_legal_hold(
    command: PlaceLegalHold, ledger: LedgerState, _act: Act, world: World
) -> Decided:
    """Hold the data of known persons, under a name that was never used."""
    if command.hold in ledger.holds:
        raise AlreadyExists(noun="legal hold", id=command.hold)
    for person in command.persons:
        known(world, PersonState, person, "persons")
    yield LegalHoldPlaced(hold=command.hold, persons=command.persons, basis=command.basis)


class LiftLegalHold(Command, frozen=True, kw_only=True):
    """End a legal hold."""

    hold: Identifier


@LEDGER.decides(
    "lift-legal-hold",
    scope="administrator",
    acting=False,
    refuses=(UnknownReference, ReasonMissing),
)
def lift_legal_hold(
    command: LiftLegalHold, ledger: LedgerState, act: Act, _world: World
) -> Decided:
    """End what stands, and say why."""
    if not ledger.holds.get(command.hold):
        raise UnknownReference(field="hold", noun="legal hold", id=command.hold)
    if act.reason is None:
        raise ReasonMissing
    yield LegalHoldLifted(hold=command.hold)


class ErasePersonalData(Command, frozen=True, kw_only=True):
    """Destroy the personal values of a person for ever.

    The case is on the subject `person/<id>`, with the SHA-256 of the canonical JSON of `person`,
    `scope` and `legal_basis` as its content.
    """

    person: Identifier
    scope: Text
    legal_basis: Text
    case: Identifier


@LEDGER.decides(
    "erase-personal-data",
    scope="administrator",
    acting=False,
    refuses=(
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
        ApproversTooFew,
        LegalHoldStandsAgainst,
        DisputeStandsAgainst,
    ),
)
def erase_personal_data(
    command: ErasePersonalData, ledger: LedgerState, act: Act, world: World
) -> Decided:
    """Erase what two others have approved, where nothing stands against it."""
    known(world, PersonState, command.person, "person")
    terms = {
        "person": command.person,
        "scope": command.scope,
        "legal_basis": command.legal_basis,
    }
    case = approved(world, command.case, f"person/{command.person}", digest(terms))
    approvers = _approvers(case, act)
    if len(approvers) < APPROVERS_MIN:
        raise ApproversTooFew(case=case.id, found=len(approvers), expected=APPROVERS_MIN)
    for hold, persons in ledger.holds.items():
        if command.person in persons:
            raise LegalHoldStandsAgainst(person=command.person, hold=hold)
    for identifier in world.find("open_dispute", "all"):
        if _concerns(known(world, DisputeState, identifier, "dispute"), command.person, world):
            raise DisputeStandsAgainst(person=command.person, dispute=identifier)
    yield PersonalDataErased(
        person=command.person,
        scope=command.scope,
        legal_basis=command.legal_basis,
        approvers=approvers,
        case=case.id,
    )


def _approvers(case: CaseState, act: Act) -> tuple[str, ...]:
    """Name those who approved or ratified, each once, but for whoever now executes it."""
    persons = dict.fromkeys(deed.person for deed in case.deeds if deed.did in DECIDING)
    return tuple(person for person in persons if person != act.person)


def _concerns(dispute: DisputeState, person: str, world: World) -> bool:
    """Tell whether a dispute is about a person's work, or in their hands."""
    assessment = known(world, AssessmentState, dispute.assessment, "assessment")
    letter = known(world, LetterState, assessment.letter, "letter")
    return (
        person in {dispute.handler, letter.document.responsible_person}
        or any(item.responsible_person == person for item in letter.document.items)
        or any(
            known(world, PositionState, position, "position").unit == dispute.unit
            for position in world.find("position_by_person", person)
        )
    )
