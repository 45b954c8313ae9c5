"""What letters refuse, and in whose hands they are (R082 to R092)."""

from datetime import date
from functools import partial

import pytest

from opsledger_contracts.events.letter import (
    FieldChange,
    LetterItemRemoved,
    LetterItemRevised,
    LetterPeriodEnded,
    LetterWithdrawn,
    SupportCommitmentGiven,
)
from opsledger_contracts.events.plan import PlanPublished
from opsledger_contracts.events.position import PersonAppointed, PositionDefined
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import (
    FieldInvalid,
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_contracts.problems.letter import (
    AssessmentNotFinal,
    CommitmentBinds,
    ConsultationMissing,
    ItemRepeated,
    ItemUnknown,
    LetterInForceExists,
    LetterNotAcceptable,
    NotALetterParty,
    NotSupporting,
    NotTheAuthority,
    OnePersonForBothParties,
    OutsideRulebookScope,
    ParentNotAnnual,
    PartyHasSigned,
    PeriodNotOfKind,
    PeriodNotOver,
    PlanNotInForce,
    SessionNotOpen,
    SignedOtherContent,
    SignerNotEntitled,
    WeightsNotRebased,
)
from opsledger_ledger.domain.letter_agreement import (
    GiveCommitment,
    ImposeLetterItem,
    ItemRevision,
    RefuseCommitment,
    ReturnLetter,
    StrikeLetterItem,
)
from opsledger_ledger.domain.letter_drafting import (
    AddLetterItem,
    RemoveLetterItem,
    ReviseLetterItem,
    SubmitLetter,
)
from opsledger_ledger.domain.letter_ending import (
    CloseLetter,
    EndLetterPeriod,
    TerminateLetter,
    WithdrawLetter,
)
from opsledger_ledger.domain.letter_signing import ApproveLetter, SignLetter
from support.deciding import Refused, refused_row, undeclared_and_untested
from support.letter_stages import (
    APPROVED,
    BALANCED,
    CONSULTED,
    DRAFT,
    GIVE,
    HASH,
    IMPOSE,
    IMPOSED,
    MONTHLY,
    ON_THE_WAY,
    REFUSE,
    SIGN,
    SIGNED_BY_ISSUER,
    STRIKE,
    SUBMITTED,
    TOOK_EFFECT,
    WHY,
    assessed,
    balance,
    balancing,
    changed,
    on_the_way,
    one_category,
    replaced,
    with_plan,
    written,
)
from support.organisation import FOUNDED
from support.planning import (
    DRAFTED,
    ITEMS,
    MARKETING,
    OPS,
    OTHER_UNIT,
    PRESIDENT,
    UNIT,
    UNIT_PRESIDENT,
    decided,
    item,
    opened,
    planned,
)

UNREADABLE = "10.0000000000001"
"""More decimal places than an exact number may have."""


row = partial(refused_row, target="BJ-2026")


REFUSED = [
    # Drafting.
    row("issuer unknown", planned(), changed(DRAFT, issuer="NO"), UnknownReference, UNIT),
    row(
        "weight unreadable",
        planned(),
        changed(DRAFT, items=(item("I01", UNREADABLE, "3.1"),)),
        FieldInvalid,
        UNIT,
    ),
    row("by another unit", planned(), DRAFT, NotALetterParty, OTHER_UNIT),
    row("a month", planned(), changed(DRAFT, period="2026-03"), PeriodNotOfKind, UNIT),
    row("a quarter", planned(), changed(MONTHLY, period="2026-Q1"), PeriodNotOfKind, UNIT),
    row(
        "no parent", planned(), changed(MONTHLY, parent=None), ParentNotAnnual, UNIT, target="M-03"
    ),
    row(
        "a parent",
        written(),
        changed(DRAFT, parent="BJ-2026"),
        ParentNotAnnual,
        UNIT,
        target="BJ-2",
    ),
    row(
        "a parent of another year",
        written(),
        changed(MONTHLY, period="2027-03"),
        ParentNotAnnual,
        UNIT,
        target="M-03",
    ),
    row(
        "a withdrawn parent",
        written(LetterWithdrawn()),
        MONTHLY,
        ParentNotAnnual,
        UNIT,
        target="M-03",
    ),
    row(
        "plan not published",
        with_plan(planned()),
        changed(DRAFT, plan="PL-2026"),
        PlanNotInForce,
        UNIT,
    ),
    row(
        "plan ends before the period",
        with_plan(planned(), PlanPublished(content_hash=HASH), valid_to=date(2026, 7, 1)),
        changed(DRAFT, plan="PL-2026"),
        PlanNotInForce,
        UNIT,
    ),
    row("no rulebook yet", planned(), changed(DRAFT, period="2025"), NoneInForce, UNIT),
    row(
        "a unit that the rulebook does not score",
        planned(),
        changed(DRAFT, responsible_unit="HX"),
        OutsideRulebookScope,
        PRESIDENT,
    ),
    row(
        "two items of one code",
        planned(),
        changed(DRAFT, items=(ITEMS[0], ITEMS[0])),
        ItemRepeated,
        UNIT,
    ),
    # Items of a draft.
    row(
        "weight unreadable",
        written(),
        AddLetterItem(item=item("X01", UNREADABLE, "3.1")),
        FieldInvalid,
        UNIT,
    ),
    row(
        "supporting unit unknown",
        written(),
        AddLetterItem(item=item("X01", "5", "3.1", supporting=("NO",))),
        UnknownReference,
        UNIT,
    ),
    row("submitted", on_the_way(SUBMITTED), AddLetterItem(item=IMPOSED), WrongState, UNIT),
    row("by another unit", written(), AddLetterItem(item=IMPOSED), NotALetterParty, OTHER_UNIT),
    row("there already", written(), AddLetterItem(item=ITEMS[0]), ItemRepeated, UNIT),
    row(
        "no such field",
        written(),
        ReviseLetterItem(item="I02", values={"goal": "150000"}),
        FieldInvalid,
        UNIT,
    ),
    row(
        "the code",
        written(),
        ReviseLetterItem(item="I02", values={"item": "I99"}),
        FieldInvalid,
        UNIT,
    ),
    row(
        "person unknown",
        written(),
        ReviseLetterItem(item="I02", values={"responsible_person": "nobody"}),
        UnknownReference,
        UNIT,
    ),
    row(
        "submitted",
        on_the_way(SUBMITTED),
        ReviseLetterItem(item="I02", values={"target": "150000"}),
        WrongState,
        UNIT,
    ),
    row(
        "by another unit",
        written(),
        ReviseLetterItem(item="I02", values={"target": "150000"}),
        NotALetterParty,
        OTHER_UNIT,
    ),
    row(
        "no such item",
        written(),
        ReviseLetterItem(item="I99", values={"target": "150000"}),
        ItemUnknown,
        UNIT,
    ),
    row("approved", on_the_way(APPROVED), RemoveLetterItem(item="I02"), WrongState, UNIT),
    row("other unit", written(), RemoveLetterItem(item="I02"), NotALetterParty, OTHER_UNIT),
    row("no such item", written(), RemoveLetterItem(item="I99"), ItemUnknown, UNIT),
    row("twice", on_the_way(SUBMITTED), SubmitLetter(), WrongState, UNIT),
    row("by another unit", written(), SubmitLetter(), NotALetterParty, OTHER_UNIT),
    row(
        "weights of 85",
        written(LetterItemRemoved(item="I02")),
        SubmitLetter(),
        LetterNotAcceptable,
        UNIT,
    ),
    # Agreement.
    row("approved", on_the_way(APPROVED), ReturnLetter(reasons=("权重",)), WrongState, OPS),
    row("drafted", balancing(written()), balance(), WrongState, OPS),
    row("cycle unknown", on_the_way(SUBMITTED), balance(), UnknownReference, OPS),
    row(
        "session for another year",
        balancing(on_the_way(SUBMITTED), "2027"),
        balance(),
        SessionNotOpen,
        OPS,
    ),
    row(
        "a value of the wrong shape",
        balancing(on_the_way(SUBMITTED)),
        balance(ItemRevision(item="I02", values={"target": "much"})),
        FieldInvalid,
        OPS,
    ),
    row(
        "no such item",
        balancing(on_the_way(SUBMITTED)),
        balance(ItemRevision(item="I99", values={"target": "150000"})),
        ItemUnknown,
        OPS,
    ),
    row(
        "weights of 101",
        balancing(on_the_way(SUBMITTED)),
        balance(ItemRevision(item="I02", values={"weight": "16"})),
        LetterNotAcceptable,
        OPS,
    ),
    row("after approval", on_the_way(APPROVED), IMPOSE, WrongState, PRESIDENT | CONSULTED),
    row("no reason", on_the_way(SUBMITTED), IMPOSE, ReasonMissing, PRESIDENT),
    row("no record", on_the_way(SUBMITTED), IMPOSE, ConsultationMissing, PRESIDENT | WHY),
    row(
        "there already",
        on_the_way(SUBMITTED),
        ImposeLetterItem(item=ITEMS[0], consultation="TALK-1"),
        ItemRepeated,
        PRESIDENT | CONSULTED,
    ),
    row(
        "data owner unknown",
        on_the_way(SUBMITTED),
        ImposeLetterItem(item=replaced(IMPOSED, data_owner="NO"), consultation="TALK-1"),
        UnknownReference,
        PRESIDENT | CONSULTED,
    ),
    row(
        "weight unreadable",
        on_the_way(SUBMITTED),
        ImposeLetterItem(item=replaced(IMPOSED, weight=UNREADABLE), consultation="TALK-1"),
        FieldInvalid,
        PRESIDENT | CONSULTED,
    ),
    row("by operations", on_the_way(SUBMITTED), IMPOSE, NotTheAuthority, OPS | CONSULTED),
    row(
        "under no matrix item",
        on_the_way(SUBMITTED),
        ImposeLetterItem(item=replaced(IMPOSED, matrix_item="none"), consultation="TALK-1"),
        NotTheAuthority,
        PRESIDENT | CONSULTED,
    ),
    row(
        "the whole weight",
        on_the_way(SUBMITTED),
        ImposeLetterItem(item=replaced(IMPOSED, weight="100"), consultation="TALK-1"),
        WeightsNotRebased,
        PRESIDENT | CONSULTED,
    ),
    row(
        "no deliverable",
        on_the_way(SUBMITTED),
        ImposeLetterItem(item=replaced(IMPOSED, deliverables=()), consultation="TALK-1"),
        LetterNotAcceptable,
        PRESIDENT | CONSULTED,
    ),
    row("after approval", on_the_way(APPROVED), STRIKE, WrongState, PRESIDENT | CONSULTED),
    row("no reason", on_the_way(SUBMITTED), STRIKE, ReasonMissing, PRESIDENT),
    row("no record", on_the_way(SUBMITTED), STRIKE, ConsultationMissing, PRESIDENT | WHY),
    row(
        "no such item",
        on_the_way(SUBMITTED),
        StrikeLetterItem(item="I99", consultation="TALK-2"),
        ItemUnknown,
        PRESIDENT | CONSULTED,
    ),
    row("by the unit", on_the_way(SUBMITTED), STRIKE, NotTheAuthority, UNIT | CONSULTED),
    row(
        "alone in its category",
        one_category(),
        StrikeLetterItem(item="S01", consultation="TALK-2"),
        WeightsNotRebased,
        PRESIDENT | CONSULTED,
    ),
    row(
        "another item depends on it",
        written(
            LetterItemRevised(
                item="N02",
                changes=(FieldChange(field="depends_on", before=None, after=("N03",)),),
            ),
            SUBMITTED,
        ),
        STRIKE,
        LetterNotAcceptable,
        PRESIDENT | CONSULTED,
    ),
    # Commitments.
    row("withdrawn", written(LetterWithdrawn()), GIVE, WrongState, MARKETING),
    row(
        "no such item",
        written(),
        GiveCommitment(item="I99", what="布展", by_when=date(2026, 5, 15)),
        ItemUnknown,
        MARKETING,
    ),
    row("for another unit", written(), GIVE, NotSupporting, UNIT),
    row(
        "twice",
        written(
            SupportCommitmentGiven(item="N01", unit="MKT", what="布展", by_when=date(2026, 5, 15))
        ),
        GIVE,
        CommitmentBinds,
        MARKETING,
    ),
    row("withdrawn", written(LetterWithdrawn()), REFUSE, WrongState, MARKETING | WHY),
    row("no reason", written(), REFUSE, ReasonMissing, MARKETING),
    row(
        "no such item",
        written(),
        RefuseCommitment(item="I99", what="布展"),
        ItemUnknown,
        MARKETING | WHY,
    ),
    row("for another unit", written(), REFUSE, NotSupporting, UNIT | WHY),
    row(
        "after it was given",
        written(
            SupportCommitmentGiven(item="N01", unit="MKT", what="布展", by_when=date(2026, 5, 15))
        ),
        REFUSE,
        CommitmentBinds,
        MARKETING | WHY,
    ),
    # Approval and signatures.
    row("submitted", on_the_way(SUBMITTED), ApproveLetter(case="K-1"), WrongState, OPS),
    row("case unknown", on_the_way(BALANCED), ApproveLetter(case="K-9"), UnknownReference, OPS),
    row(
        "undecided",
        opened(on_the_way(BALANCED), "K-1", "letter/BJ-2026", HASH),
        ApproveLetter(case="K-1"),
        CaseNotApproved,
        OPS,
    ),
    row(
        "other content",
        decided(on_the_way(BALANCED), "K-1", "letter/BJ-2026", "b" * 64),
        ApproveLetter(case="K-1"),
        ApprovedOtherContent,
        OPS,
    ),
    row(
        "other item",
        decided(on_the_way(BALANCED), "K-1", "letter/BJ-2026", HASH, item="budget-adjustment"),
        ApproveLetter(case="K-1"),
        ApprovedUnderOtherItem,
        OPS,
    ),
    row("not approved", on_the_way(BALANCED), SIGN, WrongState, PRESIDENT),
    row(
        "another hash",
        on_the_way(APPROVED),
        SignLetter(party="issuer", content_hash="b" * 64),
        SignedOtherContent,
        PRESIDENT,
    ),
    row("not the head", on_the_way(APPROVED), SIGN, SignerNotEntitled, OPS),
    row(
        "of the unit but not its head",
        on_the_way(APPROVED),
        SignLetter(party="responsible", content_hash=HASH),
        SignerNotEntitled,
        UNIT,
    ),
    row("twice", on_the_way(SIGNED_BY_ISSUER), SIGN, PartyHasSigned, PRESIDENT),
    row(
        "for both parties",
        on_the_way(SIGNED_BY_ISSUER).given(
            "position/BJ-ACTING",
            PositionDefined(
                position="BJ-ACTING", unit="BJ", title="代总经理", tier="unit_head", head=True
            ),
            PersonAppointed(person="president", valid_from=FOUNDED),
        ),
        SignLetter(party="responsible", content_hash=HASH),
        OnePersonForBothParties,
        {"person": "president", "position": "BJ-ACTING"},
    ),
    row(
        "a second letter for the year",
        on_the_way(SIGNED_BY_ISSUER).given(
            "letter/BJ-2026-B", replaced(DRAFTED, letter="BJ-2026-B"), TOOK_EFFECT
        ),
        SignLetter(party="responsible", content_hash=HASH),
        LetterInForceExists,
        UNIT_PRESIDENT,
    ),
    # Endings.
    row(
        "signed",
        on_the_way(SIGNED_BY_ISSUER),
        WithdrawLetter(),
        WrongState,
        UNIT | WHY,
    ),
    row("by another unit", written(), WithdrawLetter(), NotALetterParty, OTHER_UNIT | WHY),
    row("no reason", written(), WithdrawLetter(), ReasonMissing, UNIT),
    row("drafted", written(), TerminateLetter(), WrongState, PRESIDENT | WHY),
    row("by the unit", on_the_way(TOOK_EFFECT), TerminateLetter(), NotALetterParty, UNIT | WHY),
    row("no reason", on_the_way(TOOK_EFFECT), TerminateLetter(), ReasonMissing, PRESIDENT),
    row(
        "successor unknown",
        on_the_way(TOOK_EFFECT),
        TerminateLetter(successors=("NO",)),
        UnknownReference,
        PRESIDENT | WHY,
    ),
    row("not in force", on_the_way(APPROVED), EndLetterPeriod(), WrongState, OPS),
    row("during the year", on_the_way(TOOK_EFFECT), EndLetterPeriod(), PeriodNotOver, OPS),
    row("in force", on_the_way(TOOK_EFFECT), CloseLetter(assessment="A-1"), WrongState, OPS),
    row(
        "assessment unknown",
        written(*ON_THE_WAY, LetterPeriodEnded()),
        CloseLetter(assessment="A-9"),
        UnknownReference,
        OPS,
    ),
    row("not final", assessed(()), CloseLetter(assessment="A-1"), AssessmentNotFinal, OPS),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_letters_refuse_what_would_break_them(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_letters_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("letter", REFUSED) == (set(), set())
