"""Plan cycles: goals, information, drafting, balancing, publishing (R060 to R064, R084)."""

from datetime import date
from functools import partial
from typing import Any

import pytest

from opsledger_contracts.events.cycle import (
    BalancingClosed,
    BalancingOpened,
    ClashesSearched,
    ClashResolved,
    DraftingStarted,
    Goal,
    InformationCollected,
    PlanClashFound,
    PlanCycleClosed,
    PlanCycleOpened,
    PlanCyclePublished,
    PlanGoalsSet,
)
from opsledger_contracts.events.letter import (
    LetterDrafted,
    LetterItem,
    LetterItemAdded,
    SupportCommitmentGiven,
    SupportCommitmentRefused,
)
from opsledger_contracts.events.plan import PlanDrafted, PlanPublished
from opsledger_contracts.problems.cycle import (
    ClashesOpen,
    ClashItemUnknown,
    ClashRepeated,
    ClashUnknown,
    PeriodHasCycle,
    PlanNotPublished,
    SessionRepeated,
)
from opsledger_contracts.problems.general import FunctionMissing, UnknownReference, WrongState
from opsledger_ledger.domain.cycle import (
    CollectInformation,
    CycleState,
    OpenBalancing,
    OpenPlanCycle,
    SetPlanGoals,
    StartDrafting,
)
from opsledger_ledger.domain.cycle_balancing import (
    CloseBalancing,
    ClosePlanCycle,
    DetectClashes,
    FindClash,
    PublishPlanCycle,
    ResolveClash,
)
from opsledger_ledger.domain.deciding import Command
from support.deciding import Refused, Stage, refused_row, undeclared_and_untested
from support.planning import (
    DRAFTED,
    MARKETING,
    OPS,
    PRESIDENT,
    UNIT,
    WRITTEN,
    item,
    node,
    planned,
)

SALES = Goal(goal="G-SALES", name="合同销售额", indicator="SALES", value="300000", unit="万元")
OPENED = PlanCycleOpened(cycle="CY-2026", period="2026", title="年度计划")
GOALS_SET = PlanGoalsSet(goals=(SALES,))
COLLECTED = InformationCollected(topic="市场", unit="MKT", summary="平稳")
DRAFTING = DraftingStarted()
BALANCING = BalancingOpened(session="S-1")
CLASH = PlanClashFound(clash="CLASH-1", kind="resource", items=("BJ-2026/N03",), detail="塔吊")
RESOLVED = ClashResolved(clash="CLASH-1", resolution="错峰使用")
CLOSED = BalancingClosed(session="S-1")
UNTIL_BALANCING = (GOALS_SET, COLLECTED, DRAFTING, BALANCING)
FIND = FindClash(clash="CLASH-1", kind="resource", items=("BJ-2026/N03",), detail="塔吊")
RESOLVE = ResolveClash(clash="CLASH-1", resolution="错峰使用")
COLLECT = CollectInformation(topic="市场", summary="平稳")
PLAN = PlanDrafted(
    plan="PL-2026",
    kind="annual",
    title="年度经营计划",
    unit="HX",
    valid_from=date(2026, 1, 1),
    valid_to=date(2027, 1, 1),
    goals=(SALES,),
)


def begun(*events: Any) -> Stage:
    """The cycle of 2026 with the letter of scenario S1 drafted for it, and what followed."""
    return planned().given("cycle/CY-2026", OPENED, *events).given("letter/BJ-2026", *WRITTEN)


def letter(code: str, unit: str, *items: LetterItem) -> tuple[Any, ...]:
    """The events of another letter for 2026."""
    present = {name: getattr(DRAFTED, name) for name in LetterDrafted.__struct_fields__}
    drafted = LetterDrafted(**(present | {"letter": code, "responsible_unit": unit}))
    return (drafted, *(LetterItemAdded(item=one) for one in items))


row = partial(refused_row, target="CY-2026")


REFUSED = [
    row(
        "a second one for the year",
        planned().given(
            "cycle/CY-A", PlanCycleOpened(cycle="CY-A", period="2026", title="年度计划")
        ),
        OpenPlanCycle(period="2026", title="年度计划"),
        PeriodHasCycle,
        OPS,
    ),
    row("after drafting", begun(DRAFTING), SetPlanGoals(goals=(SALES,)), WrongState, PRESIDENT),
    row("before goals", begun(), COLLECT, WrongState, MARKETING),
    row("before goals", begun(), StartDrafting(), WrongState, OPS),
    row("before drafting", begun(GOALS_SET), OpenBalancing(session="S-1"), WrongState, OPS),
    row(
        "the same session again",
        begun(*UNTIL_BALANCING, CLOSED),
        OpenBalancing(session="S-1"),
        SessionRepeated,
        OPS,
    ),
    row("no session", begun(DRAFTING), FIND, WrongState, OPS),
    row("twice", begun(*UNTIL_BALANCING, CLASH), FIND, ClashRepeated, OPS),
    row(
        "no such item",
        begun(*UNTIL_BALANCING),
        FindClash(clash="CLASH-1", kind="resource", items=("BJ-2026/N99",), detail="塔吊"),
        ClashItemUnknown,
        OPS,
    ),
    row("no session", begun(DRAFTING), DetectClashes(), WrongState, OPS),
    row("no session", begun(DRAFTING), RESOLVE, WrongState, OPS),
    row("resolved already", begun(*UNTIL_BALANCING, CLASH, RESOLVED), RESOLVE, ClashUnknown, OPS),
    row("no session", begun(DRAFTING), CloseBalancing(), WrongState, OPS),
    row("a clash is open", begun(*UNTIL_BALANCING, CLASH), CloseBalancing(), ClashesOpen, OPS),
    row("balancing", begun(*UNTIL_BALANCING), PublishPlanCycle(), WrongState, OPS),
    row(
        "plan unknown",
        begun(*UNTIL_BALANCING, CLOSED),
        PublishPlanCycle(plans=("PL-9",)),
        UnknownReference,
        OPS,
    ),
    row(
        "plan not published",
        begun(*UNTIL_BALANCING, CLOSED).given("plan/PL-2026", PLAN),
        PublishPlanCycle(plans=("PL-2026",)),
        PlanNotPublished,
        OPS,
    ),
    row("not published", begun(*UNTIL_BALANCING, CLOSED), ClosePlanCycle(), WrongState, OPS),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_cycles_refuse_what_would_break_the_planning(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_cycles_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("cycle", REFUSED) == (set(), set())


def test_only_senior_management_sets_goals() -> None:
    """R060: not even planning and operations sets the goals of the group."""
    with pytest.raises(FunctionMissing):
        begun().decide(SetPlanGoals(goals=(SALES,)), "CY-2026", **OPS)


@pytest.mark.parametrize(
    "command",
    [
        StartDrafting(),
        OpenBalancing(session="S-1"),
        FIND,
        DetectClashes(),
        RESOLVE,
        CloseBalancing(),
        PublishPlanCycle(),
        ClosePlanCycle(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_only_planning_and_operations_steers_the_cycle(command: Command) -> None:
    """R024, R063: the units draft, the department balances."""
    with pytest.raises(FunctionMissing):
        begun().decide(command, "CY-2026", **UNIT)


def test_a_cycle_goes_from_goals_to_publication() -> None:
    """R060 to R064, R084: the five steps in their order, each an event."""
    there = planned().given("plan/PL-2026", PLAN, PlanPublished(content_hash="a" * 64))
    steps: list[tuple[Command, dict[str, Any], Any, str]] = [
        (OpenPlanCycle(period="2026", title="年度计划"), OPS, OPENED, "opened"),
        (SetPlanGoals(goals=(SALES,)), PRESIDENT, GOALS_SET, "goals_set"),
        (COLLECT, MARKETING, COLLECTED, "collecting"),
        (StartDrafting(), OPS, DRAFTING, "drafting"),
        (OpenBalancing(session="S-1"), OPS, BALANCING, "balancing"),
        (CloseBalancing(), OPS, CLOSED, "approving"),
        (
            PublishPlanCycle(plans=("PL-2026",)),
            OPS,
            PlanCyclePublished(plans=("PL-2026",)),
            "published",
        ),
        (ClosePlanCycle(), OPS, PlanCycleClosed(), "closed"),
    ]
    for command, act, event, status in steps:
        assert there.do(command, "CY-2026", **act) == [event]
        cycle = there.world.get(CycleState, "CY-2026")
        assert cycle is not None
        assert cycle.status == status
    assert there.world.find("cycle_by_period", "2026") == ("CY-2026",)


def test_a_found_clash_is_open_until_it_is_resolved() -> None:
    """R063: the session closes only when what was found is resolved."""
    there = begun(*UNTIL_BALANCING)
    assert there.do(FIND, "CY-2026", **OPS) == [CLASH]
    assert there.do(RESOLVE, "CY-2026", **OPS) == [RESOLVED]
    assert there.do(CloseBalancing(), "CY-2026", **OPS) == [CLOSED]


def test_another_session_may_follow_while_approval_is_under_way() -> None:
    """R064: what comes back from approval is balanced in a session of its own."""
    there = begun(*UNTIL_BALANCING, CLOSED)
    assert there.do(OpenBalancing(session="S-2"), "CY-2026", **OPS) == [
        BalancingOpened(session="S-2")
    ]


def test_unowned_support_is_detected() -> None:
    """R063, R087: N01 needs marketing and engineering; who did not bind itself is a clash."""
    there = begun(*UNTIL_BALANCING).given(
        "letter/BJ-2026",
        SupportCommitmentGiven(item="N01", unit="MKT", what="布展", by_when=date(2026, 5, 15)),
        SupportCommitmentRefused(item="N01", unit="ENG", what="机电"),
    )
    records = there.decide(DetectClashes(), "CY-2026", **OPS)
    assert [record.event for record in records] == [
        ClashesSearched(letters=("BJ-2026",), found=1),
        PlanClashFound(
            clash="CLASH-1",
            kind="support",
            items=("BJ-2026/N01",),
            detail="ENG is to support N01 and refused",
        ),
    ]
    assert [record.derived for record in records] == [False, True]


def test_dates_against_dependencies_and_duplicate_claims_are_detected() -> None:
    """R063, R066: a node cannot begin before what it depends on; one result is claimed once."""
    first = node("N1", "10", 2, date(2026, 5, 1))
    after = node(
        "N2", "10", 2, date(2026, 9, 1), start=date(2026, 4, 1), depends_on=("N1", "V1", "NO")
    )
    later = node("N3", "10", 2, date(2026, 9, 1), start=date(2026, 5, 1), depends_on=("N1",))
    by_due = item("V1", "10", "3.1", due=date(2026, 4, 1), depends_on=("N1",))
    undated = item("V2", "10", "3.1", depends_on=("N1",), indicator="SALES", funding_plan="F-1")
    other = item("V3", "10", "3.1", indicator="SALES", funding_plan="F-1")
    else_where = item("V4", "10", "3.1", indicator="SALES", responsible="LG")
    there = (
        planned()
        .given("cycle/CY-2026", OPENED, *UNTIL_BALANCING)
        .given("letter/BJ-A", *letter("BJ-A", "BJ", first, after, later, by_due, undated))
        .given("letter/BJ-B", *letter("BJ-B", "BJ", other, else_where))
    )
    events = there.do(DetectClashes(), "CY-2026", **OPS)
    assert events[0] == ClashesSearched(letters=("BJ-A", "BJ-B"), found=4)
    assert [(event.kind, event.items) for event in events if isinstance(event, PlanClashFound)] == [
        ("dependency", ("BJ-A/N2", "BJ-A/N1")),
        ("dependency", ("BJ-A/V1", "BJ-A/N1")),
        ("resource", ("BJ-A/V2", "BJ-B/V3")),
        ("duplicate", ("BJ-A/V2", "BJ-B/V3")),
    ]


def test_what_was_found_before_is_not_found_again() -> None:
    """R063: a second search finds what is new; new codes pass over those in use."""
    there = begun(*UNTIL_BALANCING, CLASH)
    first = there.do(DetectClashes(), "CY-2026", **OPS)
    assert [event.clash for event in first if isinstance(event, PlanClashFound)] == [
        "CLASH-2",
        "CLASH-3",
    ]
    assert there.do(DetectClashes(), "CY-2026", **OPS) == [
        ClashesSearched(letters=("BJ-2026",), found=0)
    ]
