"""Letters bind: approved by a case, signed by both parties over one hash, in force at once."""

from opsledger_contracts.events.letter import (
    LetterApproved,
    LetterSigned,
    LetterTookEffect,
    Party,
)
from opsledger_contracts.fields import Identifier, Sha256
from opsledger_contracts.letters import LetterDocument, period_days
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.letter import (
    LetterInForceExists,
    OnePersonForBothParties,
    PartyHasSigned,
    SignedOtherContent,
    SignerNotEntitled,
)
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.letter import LETTER, LetterState, in_force_key
from opsledger_ledger.domain.policies.approval import approved
from opsledger_ledger.domain.position import PositionState


class ApproveLetter(Command):
    """Take the letter as approved by a case that decided on exactly its content."""

    case: Identifier


@LETTER.decides(
    "approve",
    scope="writer",
    refuses=(
        WrongState,
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
    ),
)
def approve(command: ApproveLetter, letter: LetterState, _act: Act, world: World) -> Decided:
    """Bind the approval to the content hash; from here on only an amendment changes it (R040)."""
    letter.require_status("balanced")
    found = letter.content_hash
    approved(world, command.case, f"letter/{letter.id}", found)
    yield LetterApproved(case=command.case, content_hash=found)


class SignLetter(Command):
    """Sign the approved content for a party; the second signature puts the letter in force."""

    party: Party
    content_hash: Sha256
    """Hash of the content that the signer has read."""


@LETTER.decides(
    "sign",
    scope="writer",
    refuses=(
        WrongState,
        SignedOtherContent,
        SignerNotEntitled,
        PartyHasSigned,
        OnePersonForBothParties,
        LetterInForceExists,
    ),
)
def sign(command: SignLetter, letter: LetterState, act: Act, world: World) -> Decided:
    """Take one signature of each party over the same hash, by two persons (R082).

    The second one puts the letter in force from that day, or from the first day of the period if
    that is later; there is one letter in force per unit, kind and period.
    """
    letter.require_status("approved", "signed")
    document = letter.document
    if command.content_hash != letter.content_hash:
        raise SignedOtherContent(expected=letter.content_hash, found=command.content_hash)
    assert act.position is not None, act.command_id
    _require_entitled(world, act.position, command.party, document)
    if command.party in letter.signatures:
        raise PartyHasSigned(party=command.party)
    if any(signature.signer == act.person for signature in letter.signatures.values()):
        raise OnePersonForBothParties(person=act.person)
    if letter.signatures:
        _require_alone(world, document)
    yield LetterSigned(
        party=command.party,
        signer=act.person,
        position=act.position,
        content_hash=command.content_hash,
    )
    if letter.signatures:
        first, _ = period_days(document.period)
        effective_from = max(first, act.occurred_on)
        yield Record(LetterTookEffect(effective_from=effective_from, revision=1), derived=True)


def _require_alone(world: World, document: LetterDocument) -> None:
    for other in world.find("letter_in_force", in_force_key(document)):
        raise LetterInForceExists(
            found=other,
            unit=document.responsible_unit,
            kind=document.kind,
            period=document.period,
        )


def _require_entitled(world: World, position: str, party: Party, document: LetterDocument) -> None:
    unit = document.issuer if party == "issuer" else document.responsible_unit
    acting = known(world, PositionState, position, "position")
    if acting.unit != unit or not (acting.head or "president" in acting.functions):
        raise SignerNotEntitled(position=position, unit=unit)
