"""Target letters: drafted, agreed, approved, signed over one hash, ended (R082 to R092)."""

from datetime import date
from typing import Any

import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.assessment import AssessmentOpened, ScoreFinalised
from opsledger_contracts.events.cycle import BalancingOpened, Goal, PlanCycleOpened
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    LetterAmended,
    LetterApproved,
    LetterBalanced,
    LetterClosed,
    LetterDrafted,
    LetterItemAdded,
    LetterItemImposed,
    LetterItemRemoved,
    LetterItemRevised,
    LetterItemStruck,
    LetterPeriodEnded,
    LetterReturned,
    LetterSigned,
    LetterSubmitted,
    LetterTerminated,
    LetterTookEffect,
    LetterWithdrawn,
    SupportCommitmentGiven,
    SupportCommitmentRefused,
)
from opsledger_contracts.events.plan import PlanDrafted, PlanPublished
from opsledger_contracts.events.position import PersonAppointed, PositionDefined
from opsledger_contracts.events.unit import OrgUnitRegistered
from opsledger_contracts.fields import Evidence
from opsledger_contracts.letters import content_hash
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import (
    FieldInvalid,
    FunctionMissing,
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
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.rules.numbers import parse_rational
from opsledger_contracts.rules.weights import displayed_weights
from opsledger_ledger.domain.deciding import Authority, Command
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.letter_agreement import (
    BalanceLetter,
    GiveCommitment,
    ImposeLetterItem,
    ItemRevision,
    RefuseCommitment,
    ReturnLetter,
    StrikeLetterItem,
)
from opsledger_ledger.domain.letter_drafting import (
    AddLetterItem,
    DraftLetter,
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
from support import scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import FOUNDED, employ, regulated
from support.planning import (
    CALENDAR,
    DRAFTED,
    ENGINEERING,
    ITEMS,
    MARKETING,
    MATRIX,
    OPS,
    OTHER_UNIT,
    PRESIDENT,
    RULEBOOK,
    UNIT,
    UNIT_PRESIDENT,
    WRITTEN,
    decided,
    document_of,
    item,
    opened,
    planned,
)

HASH = content_hash(document_of(*WRITTEN))
SUBMITTED = LetterSubmitted(content_hash=HASH)
BALANCED = LetterBalanced(cycle="CY-2026", session="S-1", content_hash=HASH)
APPROVED = LetterApproved(case="K-1", content_hash=HASH)
SIGNED_BY_ISSUER = LetterSigned(
    party="issuer", signer="president", position="HX-P", content_hash=HASH
)
SIGNED_BY_UNIT = LetterSigned(
    party="responsible", signer="binjiang-president", position="BJ-GM", content_hash=HASH
)
TOOK_EFFECT = LetterTookEffect(effective_from=date(2026, 1, 12), revision=1)
ON_THE_WAY = (SUBMITTED, BALANCED, APPROVED, SIGNED_BY_ISSUER, SIGNED_BY_UNIT, TOOK_EFFECT)

WHY = {"reason": "集团要求"}
RECORD = Evidence(sha256="a" * 64, media="application/pdf", title="沟通记录")
CONSULTED: dict[str, Any] = {"reason": "集团要求", "evidence": (RECORD,)}
AFTER_THE_YEAR = "2027-01-01T02:00:00.000000Z"

DRAFT = DraftLetter(
    kind="annual",
    title=DRAFTED.title,
    period="2026",
    issuer="HX",
    responsible_unit="BJ",
    responsible_person="binjiang-president",
    items=ITEMS,
)
MONTHLY = DraftLetter(
    kind="monthly",
    title="滨江公司2026年3月目标责任书",
    period="2026-03",
    issuer="HX",
    responsible_unit="BJ",
    responsible_person="binjiang-president",
    parent="BJ-2026",
)
IMPOSED = item("X01", "10", "3.1", target="5", unit="次", level="ordinary")
IMPOSE = ImposeLetterItem(item=IMPOSED, consultation="TALK-1")
STRIKE = StrikeLetterItem(item="N03", consultation="TALK-2")
GIVE = GiveCommitment(item="N01", what="示范区精装布展", by_when=date(2026, 5, 15))
REFUSE = RefuseCommitment(item="N01", what="示范区精装布展")
SIGN = SignLetter(party="issuer", content_hash=HASH)
UNREADABLE = "10.0000000000001"
"""More decimal places than an exact number may have."""


def written(*events: Any) -> Stage:
    """The letter of scenario S1 drafted, with what followed."""
    return planned().given("letter/BJ-2026", *WRITTEN, *events)


def on_the_way(last: Any) -> Stage:
    """The letter of scenario S1 until and with one event of its life."""
    return written(*ON_THE_WAY[: ON_THE_WAY.index(last) + 1])


def balancing(stage: Stage, period: str = "2026") -> Stage:
    """The same with an open balancing session of the cycle for a period."""
    return stage.given(
        "cycle/CY-2026",
        PlanCycleOpened(cycle="CY-2026", period=period, title="年度计划"),
        BalancingOpened(session="S-1"),
    )


def balance(*revised: ItemRevision) -> BalanceLetter:
    """The command that balances the letter with these changes."""
    return BalanceLetter(cycle="CY-2026", session="S-1", revised=revised)


def with_plan(stage: Stage, *events: Any, valid_to: date = date(2027, 1, 1)) -> Stage:
    """The same with the plan of the group, and what happened to it."""
    goal = Goal(goal="G-1", name="合同销售额", indicator="SALES", value="300000", unit="万元")
    return stage.given(
        "plan/PL-2026",
        PlanDrafted(
            plan="PL-2026",
            kind="annual",
            title="年度经营计划",
            unit="HX",
            valid_from=date(2026, 1, 1),
            valid_to=valid_to,
            goals=(goal,),
        ),
        *events,
    )


def changed(command: DraftLetter, **fields: Any) -> DraftLetter:
    """The same command with other values."""
    present = {name: getattr(command, name) for name in DraftLetter.__struct_fields__}
    return DraftLetter(**(present | fields))


def assessed(status_events: tuple[Any, ...], letter: str = "BJ-2026") -> Stage:
    """The letter after its period, with an assessment."""
    return written(*ON_THE_WAY, LetterPeriodEnded()).given(
        "assessment/A-1",
        AssessmentOpened(
            assessment="A-1",
            subject="BJ",
            level="organisation",
            letter=letter,
            letter_revision=1,
            period="2026",
            rulebook=RULEBOOK,
            calendar=CALENDAR,
        ),
        *status_events,
    )


def row(
    case: str,
    stage: Stage,
    command: Command,
    refusal: type[Refusal],
    act: dict[str, Any],
    *,
    target: str = "BJ-2026",
) -> Refused:
    """One row of the table."""
    return Refused(
        id=f"{type(command).__name__}: {case}",
        stage=stage,
        command=command,
        target=target,
        refusal=refusal,
        act=act,
    )


def one_category() -> Stage:
    """A submitted letter under a rulebook that keeps a struck weight in its category."""
    rulebook = scoring_examples.rulebook()
    header = rulebook.header()
    adjustment = replaced(header.adjustment, redistribution="same_category")
    document = type(rulebook).of(replaced(header, adjustment=adjustment), rulebook.clauses)
    matrix = planned().events("matrix/AM-2026.1")
    stage = regulated(document).given("matrix/AM-2026.1", *matrix)
    for stream in ("person/binjiang-president", "position/BJ-GM"):
        stage.given(stream, *planned().events(stream))
    drafted = replaced(DRAFTED, rulebook=digest(document))
    alone = [item("S01", "30", "3.1", target="5", unit="次", category="safety"), *ITEMS[:3]]
    return stage.given(
        "letter/BJ-2026",
        drafted,
        *(LetterItemAdded(item=one) for one in alone),
        LetterItemAdded(item=item("I05", "20", "3.1", target="5", unit="次")),
        SUBMITTED,
    )


def replaced(value: Any, **fields: Any) -> Any:
    """The same frozen value with other fields."""
    present = {name: getattr(value, name) for name in value.__struct_fields__}
    return type(value)(**(present | fields))


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


@pytest.mark.parametrize(
    "command",
    [ReturnLetter(reasons=("权重",)), balance(), EndLetterPeriod(), CloseLetter(assessment="A-1")],
    ids=lambda command: type(command).__name__,
)
def test_only_planning_and_operations_steers_letters(command: Command) -> None:
    """R024, R063: returning, balancing and closing belong to the function ops."""
    with pytest.raises(FunctionMissing):
        on_the_way(SUBMITTED).decide(command, "BJ-2026", **UNIT)


def test_a_letter_is_drafted_with_all_its_items() -> None:
    """R062, R082: the draft binds the documents in force on the first day of its period."""
    there = planned()
    records = there.decide(DRAFT, "BJ-2026", **UNIT)
    assert tuple(record.event for record in records) == WRITTEN
    assert (records[0].rulebook, records[0].calendar) == (RULEBOOK, CALENDAR)


def test_a_part_of_the_unit_drafts_for_it() -> None:
    """R030: a department of the responsible unit acts for it, as it stands under it."""
    there = planned().given(
        "unit/BJ-OPS",
        OrgUnitRegistered(
            unit="BJ-OPS", type="department", name="运营部", parent="BJ", valid_from=FOUNDED
        ),
    )
    employ(there, "BJ-OPS-1", "BJ-OPS", "drafter")
    assert there.do(DRAFT, "BJ-2026", person="drafter")[0] == DRAFTED


def test_a_letter_serves_a_published_plan() -> None:
    """R055, R085: the plan is in force for the whole period, and items name its goals."""
    there = with_plan(planned(), PlanPublished(content_hash=HASH))
    items = (replaced(ITEMS[0], contributes_to="G-1"), *ITEMS[1:])
    there.do(changed(DRAFT, plan="PL-2026", items=items), "BJ-2026", **UNIT)
    events = there.do(SubmitLetter(), "BJ-2026", **UNIT)
    assert [type(event) for event in events] == [LetterSubmitted]


def test_a_monthly_letter_stands_inside_the_annual_one() -> None:
    """R083: its items trace to items of the annual letter, or are ad hoc without a parent item."""
    there = on_the_way(TOOK_EFFECT)
    traced = item("M1", "30", "3.1", target="9", unit="万元", parent_item="I01")
    ad_hoc = [item(f"M{n}", "35", "3.1", target="9", unit="万元") for n in (2, 3)]
    in_bounds = [replaced(one, weight="30") for one in ad_hoc]
    rest = item("M4", "10", "3.1", target="9", unit="万元")
    drafted = there.do(changed(MONTHLY, items=(traced, *in_bounds, rest)), "BJ-2026-03", **UNIT)
    assert isinstance(drafted[0], LetterDrafted)
    assert drafted[0].parent == "BJ-2026"
    submitted = there.do(SubmitLetter(), "BJ-2026-03", **UNIT)
    assert [type(event) for event in submitted] == [LetterSubmitted]


def test_items_of_a_draft_are_added_revised_and_removed() -> None:
    """R062: each change is an event; a revision holds the old value beside the new one."""
    there = written()
    assert there.do(AddLetterItem(item=IMPOSED), "BJ-2026", **UNIT) == [
        LetterItemAdded(item=IMPOSED)
    ]
    revise = ReviseLetterItem(item="I02", values={"target": "150000", "baseline": "120000"})
    assert there.do(revise, "BJ-2026", **UNIT) == [
        LetterItemRevised(
            item="I02",
            changes=(
                FieldChange(field="target", before="145000", after="150000"),
                FieldChange(field="baseline", before=None, after="120000"),
            ),
        )
    ]
    there.do(ReviseLetterItem(item="X01", values={"deliverables": None}), "BJ-2026", **UNIT)
    bare = there.world.get(LetterState, "BJ-2026")
    assert bare is not None
    assert bare.document.items[-1] == replaced(IMPOSED, deliverables=())
    assert there.do(RemoveLetterItem(item="X01"), "BJ-2026", **UNIT) == [
        LetterItemRemoved(item="X01")
    ]
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    revised = letter.document.item("I02")
    assert revised is not None
    assert (revised.target, revised.baseline) == ("150000", "120000")
    assert letter.document.item("X01") is None


def test_a_letter_is_submitted_under_its_hash() -> None:
    """R090, R092: nothing stands against the letter of scenario S1, key items weigh 88."""
    records = written().decide(SubmitLetter(), "BJ-2026", **UNIT)
    assert [record.event for record in records] == [SUBMITTED]
    assert records[0].rulebook == RULEBOOK


def test_a_returned_letter_is_open_to_its_drafter_again() -> None:
    """R064: operations return it with reasons, the unit revises and submits again."""
    there = on_the_way(SUBMITTED)
    assert there.do(ReturnLetter(reasons=("目标偏低",)), "BJ-2026", **OPS) == [
        LetterReturned(reasons=("目标偏低",))
    ]
    there.do(ReviseLetterItem(item="I02", values={"target": "150000"}), "BJ-2026", **UNIT)
    assert len(there.do(SubmitLetter(), "BJ-2026", **UNIT)) == 1


def test_balancing_moves_a_target() -> None:
    """R063, S1: the session moves I02 from 145,000 to 150,000 and fixes the new hash."""
    there = balancing(on_the_way(SUBMITTED))
    change = ItemChange(
        item="I02", changes=(FieldChange(field="target", before="145000", after="150000"),)
    )
    after = document_of(*WRITTEN, LetterItemRevised(item=change.item, changes=change.changes))
    command = balance(ItemRevision(item="I02", values={"target": "150000"}))
    assert there.do(command, "BJ-2026", **OPS) == [
        LetterBalanced(
            cycle="CY-2026", session="S-1", content_hash=content_hash(after), changes=(change,)
        )
    ]
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    assert letter.content_hash == content_hash(after)


def test_an_imposed_item_rebases_the_other_weights() -> None:
    """R088, SR-15: the approver of the matrix imposes 10; all others keep 9 of 10, exactly."""
    there = on_the_way(SUBMITTED)
    records = there.decide(IMPOSE, "BJ-2026", **PRESIDENT, **CONSULTED)
    assert records[0].authority == Authority(matrix=MATRIX, item="annual-letter", step=6)
    there.do(IMPOSE, "BJ-2026", **PRESIDENT, **CONSULTED)
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    weights = {one.item: one.weight for one in letter.document.items}
    assert weights["I01"] == "18"
    assert weights["I02"] == "27/2"
    assert sum(parse_rational(weight) for weight in weights.values()) == 100
    assert letter.status == "submitted"


def test_a_struck_item_leaves_its_weight_to_the_others() -> None:
    """R088, SR-15: the 8 of N03 are spread over 92 in proportion; shown weights total 100."""
    there = on_the_way(BALANCED)
    events = there.do(STRIKE, "BJ-2026", **PRESIDENT, **CONSULTED)
    assert isinstance(events[0], LetterItemStruck)
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    weights = {one.item: parse_rational(one.weight) for one in letter.document.items}
    assert letter.document.items[0].weight == "500/23"
    assert sum(weights.values()) == 100
    shown = displayed_weights(weights, scoring_examples.rulebook().weights)
    assert sum(parse_rational(text) for text in shown.values()) == 100


def test_a_struck_weight_stays_in_its_category_where_the_rulebook_says_so() -> None:
    """SR-15(3): the option `same_category` is data of the rulebook."""
    there = one_category()
    there.do(
        StrikeLetterItem(item="I05", consultation="TALK-2"), "BJ-2026", **PRESIDENT, **CONSULTED
    )
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    assert {one.item: one.weight for one in letter.document.items} == {
        "S01": "30",
        "I01": "28",
        "I02": "21",
        "I03": "21",
    }


def test_an_item_under_amount_brackets_is_imposed_by_their_highest_approver() -> None:
    """R088, SR-22: where amounts decide, the approver of the largest ones is the authority."""
    funded = replaced(IMPOSED, matrix_item="budget-adjustment")
    there = on_the_way(SUBMITTED)
    highest = next(
        found for found in scoring_examples.matrix().items if found.item == "budget-adjustment"
    ).brackets[-1]
    final = [step for step in highest.steps if step.verb == "approve"][-1]
    assert final.position.function is not None
    employ(there, "APPROVER", "HX", "approver", (final.position.function,))
    records = there.decide(
        ImposeLetterItem(item=funded, consultation="TALK-1"),
        "BJ-2026",
        person="approver",
        **CONSULTED,
    )
    assert isinstance(records[0].event, LetterItemImposed)
    assert records[0].authority == Authority(
        matrix=MATRIX, item="budget-adjustment", step=final.seq
    )


def test_a_supporting_unit_binds_itself_or_refuses() -> None:
    """R087: each supporting unit answers for itself; who refused may still bind itself later."""
    there = on_the_way(SUBMITTED)
    assert there.do(GIVE, "BJ-2026", **MARKETING) == [
        SupportCommitmentGiven(
            item="N01", unit="MKT", what="示范区精装布展", by_when=date(2026, 5, 15)
        )
    ]
    assert there.do(REFUSE, "BJ-2026", **ENGINEERING, **WHY) == [
        SupportCommitmentRefused(item="N01", unit="ENG", what="示范区精装布展")
    ]
    there.do(GIVE, "BJ-2026", **ENGINEERING)
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    assert [letter.commitments.answer("N01", unit) for unit in ("MKT", "ENG", "FIN")] == [
        True,
        True,
        None,
    ]


def test_an_approval_binds_to_the_content() -> None:
    """R040, R064: the letter counts as approved by the case that decided on its hash."""
    there = decided(on_the_way(BALANCED), "K-1", "letter/BJ-2026", HASH)
    assert there.do(ApproveLetter(case="K-1"), "BJ-2026", **OPS) == [APPROVED]


def test_the_second_signature_puts_the_letter_in_force() -> None:
    """R082, R035: both parties sign the same hash; the letter is revision 1 from that day."""
    there = on_the_way(APPROVED)
    assert there.do(SIGN, "BJ-2026", **PRESIDENT) == [SIGNED_BY_ISSUER]
    command = SignLetter(party="responsible", content_hash=HASH)
    records = there.decide(command, "BJ-2026", **UNIT_PRESIDENT)
    assert [record.event for record in records] == [
        SIGNED_BY_UNIT,
        LetterTookEffect(effective_from=date(2026, 6, 1), revision=1),
    ]
    assert [record.derived for record in records] == [False, True]
    there.do(command, "BJ-2026", **UNIT_PRESIDENT)
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    first = letter.at_revision(1)
    assert first is not None
    assert (first.content_hash, first.adjustment) == (HASH, None)
    assert first.stream_version == there.world.version("letter/BJ-2026")
    assert there.world.find("letter_in_force", "BJ:annual:2026") == ("BJ-2026",)


def test_a_letter_signed_before_its_period_takes_effect_on_its_first_day() -> None:
    """R082: signing ahead does not bring the period forward."""
    there = written(*ON_THE_WAY[:4])
    records = there.decide(
        SignLetter(party="responsible", content_hash=HASH),
        "BJ-2026",
        occurred_at="2025-12-28T02:00:00.000000Z",
        **UNIT_PRESIDENT,
    )
    assert records[1].event == LetterTookEffect(effective_from=date(2026, 1, 1), revision=1)


def test_an_amendment_is_a_new_revision_beside_the_old_one() -> None:
    """R118: revision 2 holds the new due date, revision 1 still says what was signed."""
    change = ItemChange(
        item="N01",
        changes=(FieldChange(field="due", before="2026-05-29", after="2026-06-03"),),
    )
    amended = LetterAmended(
        adjustment="ADJ-1",
        revision=2,
        changes=(change,),
        effective_from=date(2026, 6, 4),
        content_hash="c" * 64,
    )
    letter = written(*ON_THE_WAY, amended).world.get(LetterState, "BJ-2026")
    assert letter is not None
    first, second = letter.at_revision(1), letter.at_revision(2)
    assert first is not None
    assert second is not None
    dues = [
        found.due
        for revision in (first, second)
        for found in [revision.document.item("N01")]
        if found is not None
    ]
    assert dues == [date(2026, 5, 29), date(2026, 6, 3)]
    assert (second.adjustment, letter.at_revision(3)) == ("ADJ-1", None)


def test_a_withdrawn_letter_is_out_of_its_period() -> None:
    """R082: withdrawing needs a reason; the letter is then no part of the balancing any more."""
    there = on_the_way(APPROVED)
    assert there.world.find("letter_by_period", "2026") == ("BJ-2026",)
    assert there.do(WithdrawLetter(), "BJ-2026", **UNIT, **WHY) == [LetterWithdrawn()]
    assert there.world.find("letter_by_period", "2026") == ()
    assert there.world.find("letter_by_unit", "BJ") == ("BJ-2026",)


def test_a_terminated_letter_makes_room_for_another_one() -> None:
    """R082: the issuer ends it, names successors, and the unit may have a new letter in force."""
    there = on_the_way(TOOK_EFFECT)
    terminate = TerminateLetter(successors=("LG",))
    assert there.do(terminate, "BJ-2026", **PRESIDENT, **WHY) == [
        LetterTerminated(successors=("LG",))
    ]
    assert there.world.find("letter_in_force", "BJ:annual:2026") == ()


def test_the_period_ends_on_the_day_after_its_last() -> None:
    """R082: on 1 January the letter is over; it stays the one of its period."""
    there = on_the_way(TOOK_EFFECT)
    assert there.do(EndLetterPeriod(), "BJ-2026", at=AFTER_THE_YEAR, **OPS) == [LetterPeriodEnded()]
    assert there.world.find("letter_in_force", "BJ:annual:2026") == ("BJ-2026",)


def test_the_final_assessment_closes_the_letter() -> None:
    """R082, R160: only a final assessment of this letter closes it."""
    there = assessed((ScoreFinalised(score_version=1, total="97.40", grade="A"),))
    assert there.do(CloseLetter(assessment="A-1"), "BJ-2026", **OPS) == [
        LetterClosed(assessment="A-1")
    ]
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    assert (letter.status, letter.assessment) == ("closed", "A-1")


def test_the_assessment_of_another_letter_closes_nothing() -> None:
    """R082: a final assessment closes the letter that it is of."""
    there = assessed((ScoreFinalised(score_version=1, total="97.40", grade="A"),), letter="LG-2026")
    with pytest.raises(AssessmentNotFinal):
        there.decide(CloseLetter(assessment="A-1"), "BJ-2026", **OPS)
