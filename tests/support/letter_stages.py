"""Stages of the tests of letters: one that is drafted, and each step on its way."""

from datetime import date
from typing import Any

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.assessment import AssessmentOpened
from opsledger_contracts.events.cycle import BalancingOpened, Goal, PlanCycleOpened
from opsledger_contracts.events.letter import (
    LetterApproved,
    LetterBalanced,
    LetterItemAdded,
    LetterPeriodEnded,
    LetterSigned,
    LetterSubmitted,
    LetterTookEffect,
)
from opsledger_contracts.events.plan import PlanDrafted
from opsledger_contracts.fields import Evidence
from opsledger_contracts.letters import content_hash
from opsledger_ledger.domain.letter_agreement import (
    BalanceLetter,
    GiveCommitment,
    ImposeLetterItem,
    ItemRevision,
    RefuseCommitment,
    StrikeLetterItem,
)
from opsledger_ledger.domain.letter_drafting import (
    DraftLetter,
)
from opsledger_ledger.domain.letter_signing import SignLetter
from support import scoring_examples
from support.deciding import Stage
from support.organisation import regulated
from support.planning import (
    CALENDAR,
    DRAFTED,
    ITEMS,
    RULEBOOK,
    WRITTEN,
    document_of,
    item,
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
