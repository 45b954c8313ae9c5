"""Plans: drafted under a parent, broken down, approved, published, revised (R002, R054 to R073)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.cycle import Goal
from opsledger_contracts.events.plan import (
    GoalDecomposed,
    GoalShare,
    GroupTargetSet,
    PlanApproved,
    PlanDrafted,
    PlanNode,
    PlanPublished,
    PlanRedrafted,
    PlanRevised,
    PlanRevisionProposed,
    PlanSubmitted,
    PlanSuperseded,
    StrategyAdopted,
)
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.general import FunctionMissing, UnknownReference, WrongState
from opsledger_contracts.problems.plan import (
    CoverageBeyondMeasure,
    GoalNotCovered,
    GoalNotDivisible,
    GoalUnknown,
    HorizonEmpty,
    NodeHangsNowhere,
    NodeOutsideHorizon,
    NoRevisionProposed,
    NotThePlanner,
    ParentPlanUnfit,
    PlanEntryRepeated,
    PlanKindUnfit,
    PublishedOtherContent,
    ShareWeightMissing,
    SuccessorUnfit,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.plan import PlanState, content_of
from opsledger_ledger.domain.plan_drafting import (
    DecomposeGoal,
    DraftPlan,
    RedraftPlan,
    SetGroupTarget,
)
from opsledger_ledger.domain.plan_publishing import (
    AdoptStrategy,
    ApprovePlan,
    ProposePlanRevision,
    PublishPlan,
    RevisePlan,
    SubmitPlan,
    SupersedePlan,
)
from support.deciding import Refused, Stage, undeclared_and_untested
from support.planning import OPS, OTHER_UNIT, PRESIDENT, UNIT, decided, opened, planned

SALES = Goal(goal="G-SALES", name="合同销售额", indicator="SALES", value="300000", unit="万元")
MARGIN = Goal(goal="G-MARGIN", name="净利率", indicator="MARGIN", value="10", unit="%")
NOTHING = Goal(goal="G-ZERO", name="重大事故", indicator="ACCIDENTS", value="0", unit="起")
GOALS = (SALES, MARGIN, NOTHING)
NODE = PlanNode(node="P1", name="开工", due=date(2026, 4, 1), responsible="BJ")
LATE_NODE = PlanNode(node="P9", name="交付", due=date(2027, 1, 1), responsible="BJ")
YEAR: dict[str, Any] = {"valid_from": date(2026, 1, 1), "valid_to": date(2027, 1, 1)}

DRAFT = DraftPlan(kind="annual", title="2026年度经营计划", unit="HX", goals=GOALS, **YEAR)
DRAFTED = PlanDrafted(
    plan="PL-2026", kind="annual", title="2026年度经营计划", unit="HX", goals=GOALS, **YEAR
)
SUBMITTED = PlanSubmitted(content_hash="a" * 64)
APPROVED = PlanApproved(case="K-1", content_hash="a" * 64)
PUBLISHED = PlanPublished(content_hash="a" * 64)
IN_FORCE = (SUBMITTED, APPROVED, PUBLISHED)
MORE = Goal(goal="G-SALES", name="合同销售额", indicator="SALES", value="320000", unit="万元")
PROPOSED = PlanRevisionProposed(goals=(MORE,), nodes=(), content_hash="b" * 64)
PROPOSE = ProposePlanRevision(goals=(MORE,))
STRATEGY = PlanDrafted(
    plan="PL-2026",
    kind="strategy",
    title="中长期战略",
    unit="HX",
    goals=(SALES,),
    valid_from=date(2026, 1, 1),
    valid_to=date(2036, 1, 1),
)
MASTER = PlanDrafted(
    plan="MASTER",
    kind="project_master",
    title="滨江一期主项计划",
    unit="BJ",
    goals=(),
    nodes=(NODE,),
    **YEAR,
)
SPECIAL = DraftPlan(
    kind="special",
    title="滨江一期精装专项计划",
    unit="BJ",
    goals=(),
    nodes=(
        PlanNode(
            node="S1", name="样板房", due=date(2026, 3, 1), responsible="BJ", master_node="P1"
        ),
    ),
    parent="MASTER",
    **YEAR,
)
BREAK_DOWN = DecomposeGoal(
    goal="G-SALES",
    roll_up="sum",
    shares=(
        GoalShare(unit="BJ", goal="G-BJ", value="200000"),
        GoalShare(unit="LG", goal="G-LG", value="100000"),
    ),
)


def drafted(*events: Any, first: PlanDrafted = DRAFTED) -> Stage:
    """A plan drafted, with what followed."""
    return planned().given("plan/PL-2026", first, *events)


def master(*events: Any) -> Stage:
    """A project master plan, and what happened to it."""
    return planned().given("plan/MASTER", MASTER, *events)


def hash_of(stage: Stage) -> str:
    """The hash that the next approval of the plan binds to."""
    plan = stage.world.get(PlanState, "PL-2026")
    assert plan is not None
    return plan.content_hash


def changed(command: Any, **fields: Any) -> Any:
    """The same command or event with other values."""
    present = {name: getattr(command, name) for name in command.__struct_fields__}
    return type(command)(**(present | fields))


def shares(**fields: Any) -> DecomposeGoal:
    """The break-down of sales with other values."""
    result: DecomposeGoal = changed(BREAK_DOWN, **fields)
    return result


def row(
    case: str,
    stage: Stage,
    command: Command,
    refusal: type[Refusal],
    act: dict[str, Any],
    *,
    target: str = "PL-2026",
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


REFUSED = [
    row("unit unknown", planned(), changed(DRAFT, unit="NO"), UnknownReference, OPS),
    row("cycle unknown", planned(), changed(DRAFT, cycle="NO"), UnknownReference, OPS),
    row("by another unit", planned(), DRAFT, NotThePlanner, UNIT),
    row(
        "ends as it begins",
        planned(),
        changed(DRAFT, valid_to=date(2026, 1, 1)),
        HorizonEmpty,
        OPS,
    ),
    row("special alone", planned(), changed(SPECIAL, parent=None), ParentPlanUnfit, UNIT),
    row(
        "under a plan of the wrong kind",
        drafted(*IN_FORCE),
        changed(SPECIAL, parent="PL-2026"),
        ParentPlanUnfit,
        UNIT,
        target="SP-1",
    ),
    row("under a draft", master(), SPECIAL, ParentPlanUnfit, UNIT),
    row(
        "beyond the parent",
        master(*IN_FORCE),
        changed(SPECIAL, valid_to=date(2027, 2, 1)),
        ParentPlanUnfit,
        UNIT,
    ),
    row(
        "two goals of one code",
        planned(),
        changed(DRAFT, goals=(SALES, SALES)),
        PlanEntryRepeated,
        OPS,
    ),
    row(
        "node after the horizon",
        planned(),
        changed(DRAFT, nodes=(LATE_NODE,)),
        NodeOutsideHorizon,
        OPS,
    ),
    row(
        "special node without a master node",
        master(*IN_FORCE),
        changed(SPECIAL, nodes=(NODE,)),
        NodeHangsNowhere,
        UNIT,
    ),
    row("approved", drafted(SUBMITTED, APPROVED), RedraftPlan(goals=GOALS), WrongState, OPS),
    row("by another unit", drafted(), RedraftPlan(goals=GOALS), NotThePlanner, UNIT),
    row(
        "unit unknown",
        drafted(),
        RedraftPlan(goals=GOALS, nodes=(changed(NODE, responsible="NO"),)),
        UnknownReference,
        OPS,
    ),
    row(
        "two nodes of one code",
        drafted(),
        RedraftPlan(goals=GOALS, nodes=(NODE, NODE)),
        PlanEntryRepeated,
        OPS,
    ),
    row(
        "node after the horizon",
        drafted(),
        RedraftPlan(goals=GOALS, nodes=(LATE_NODE,)),
        NodeOutsideHorizon,
        OPS,
    ),
    row(
        "master node of no master plan",
        drafted(),
        RedraftPlan(goals=GOALS, nodes=(changed(NODE, master_node="P1"),)),
        NodeHangsNowhere,
        OPS,
    ),
    row("submitted", drafted(SUBMITTED), SetGroupTarget(goal="G-SALES"), WrongState, OPS),
    row("other unit", drafted(), SetGroupTarget(goal="G-SALES"), NotThePlanner, OTHER_UNIT),
    row(
        "in a strategy",
        drafted(first=STRATEGY),
        SetGroupTarget(goal="G-SALES"),
        PlanKindUnfit,
        OPS,
    ),
    row(
        "in the plan of a subsidiary",
        drafted(first=changed(DRAFTED, unit="BJ")),
        SetGroupTarget(goal="G-SALES"),
        PlanKindUnfit,
        OPS,
    ),
    row("no such goal", drafted(), SetGroupTarget(goal="G-9"), GoalUnknown, OPS),
    row(
        "superseded",
        drafted(*IN_FORCE, PlanSuperseded(by="PL-B")),
        BREAK_DOWN,
        WrongState,
        OPS,
    ),
    row("by another unit", drafted(), BREAK_DOWN, NotThePlanner, UNIT),
    row("no such goal", drafted(), shares(goal="G-9"), GoalUnknown, OPS),
    row(
        "unit unknown",
        drafted(),
        shares(shares=(GoalShare(unit="NO", goal="G", value="300000"),)),
        UnknownReference,
        OPS,
    ),
    row("nothing to divide", drafted(), shares(goal="G-ZERO"), GoalNotDivisible, OPS),
    row("no weights", drafted(), shares(roll_up="weighted_mean"), ShareWeightMissing, OPS),
    row("the larger part alone", drafted(), shares(roll_up="max"), GoalNotCovered, OPS),
    row(
        "in yuan",
        drafted(),
        shares(shares=(GoalShare(unit="BJ", goal="G", value="3000000001"),)),
        CoverageBeyondMeasure,
        OPS,
    ),
    row("twice", drafted(SUBMITTED), SubmitPlan(), WrongState, OPS),
    row("by another unit", drafted(), SubmitPlan(), NotThePlanner, UNIT),
    row("a draft", drafted(), ApprovePlan(case="K-1"), WrongState, OPS),
    row("case unknown", drafted(SUBMITTED), ApprovePlan(case="K-9"), UnknownReference, OPS),
    row(
        "undecided",
        opened(drafted(SUBMITTED), "K-1", "plan/PL-2026", hash_of(drafted())),
        ApprovePlan(case="K-1"),
        CaseNotApproved,
        OPS,
    ),
    row(
        "another content",
        decided(drafted(SUBMITTED), "K-1", "plan/PL-2026", "c" * 64),
        ApprovePlan(case="K-1"),
        ApprovedOtherContent,
        OPS,
    ),
    row(
        "another item",
        decided(
            drafted(SUBMITTED),
            "K-1",
            "plan/PL-2026",
            hash_of(drafted(SUBMITTED)),
            item="budget-adjustment",
        ),
        ApprovePlan(case="K-1"),
        ApprovedUnderOtherItem,
        OPS,
    ),
    row("submitted", drafted(SUBMITTED), PublishPlan(content_hash="a" * 64), WrongState, OPS),
    row(
        "another hash",
        drafted(SUBMITTED, APPROVED),
        PublishPlan(content_hash="c" * 64),
        PublishedOtherContent,
        OPS,
    ),
    row("a draft", drafted(first=STRATEGY), AdoptStrategy(statement="稳健"), WrongState, PRESIDENT),
    row(
        "an annual plan",
        drafted(*IN_FORCE),
        AdoptStrategy(statement="稳健"),
        PlanKindUnfit,
        PRESIDENT,
    ),
    row(
        "twice",
        drafted(*IN_FORCE, StrategyAdopted(statement="稳健"), first=STRATEGY),
        AdoptStrategy(statement="稳健"),
        WrongState,
        PRESIDENT,
    ),
    row("a draft", drafted(), PROPOSE, WrongState, OPS),
    row("by another unit", drafted(*IN_FORCE), PROPOSE, NotThePlanner, UNIT),
    row(
        "unit unknown",
        drafted(*IN_FORCE),
        changed(PROPOSE, nodes=(changed(NODE, responsible="NO"),)),
        UnknownReference,
        OPS,
    ),
    row(
        "two goals of one code",
        drafted(*IN_FORCE),
        changed(PROPOSE, goals=(MORE, MORE)),
        PlanEntryRepeated,
        OPS,
    ),
    row(
        "node after the horizon",
        drafted(*IN_FORCE),
        changed(PROPOSE, nodes=(LATE_NODE,)),
        NodeOutsideHorizon,
        OPS,
    ),
    row(
        "master node of no master plan",
        drafted(*IN_FORCE),
        changed(PROPOSE, nodes=(changed(NODE, master_node="P1"),)),
        NodeHangsNowhere,
        OPS,
    ),
    row("a draft", drafted(), RevisePlan(case="K-2"), WrongState, OPS),
    row("nothing proposed", drafted(*IN_FORCE), RevisePlan(case="K-2"), NoRevisionProposed, OPS),
    row(
        "case unknown",
        drafted(*IN_FORCE, PROPOSED),
        RevisePlan(case="K-9"),
        UnknownReference,
        OPS,
    ),
    row(
        "undecided",
        opened(
            drafted(*IN_FORCE, PROPOSED),
            "K-2",
            "plan/PL-2026",
            hash_of(drafted(*IN_FORCE, PROPOSED)),
        ),
        RevisePlan(case="K-2"),
        CaseNotApproved,
        OPS,
    ),
    row(
        "the content before it",
        decided(drafted(*IN_FORCE, PROPOSED), "K-2", "plan/PL-2026", hash_of(drafted(*IN_FORCE))),
        RevisePlan(case="K-2"),
        ApprovedOtherContent,
        OPS,
    ),
    row(
        "the content along another item",
        decided(
            drafted(*IN_FORCE, PROPOSED),
            "K-2",
            "plan/PL-2026",
            hash_of(drafted(*IN_FORCE, PROPOSED)),
            item="annual-letter",
        ),
        RevisePlan(case="K-2"),
        ApprovedUnderOtherItem,
        OPS,
    ),
    row("a draft", drafted(), SupersedePlan(by="PL-B"), WrongState, OPS),
    row("unknown", drafted(*IN_FORCE), SupersedePlan(by="PL-B"), UnknownReference, OPS),
    row("by itself", drafted(*IN_FORCE), SupersedePlan(by="PL-2026"), SuccessorUnfit, OPS),
    row(
        "by a draft",
        drafted(*IN_FORCE).given("plan/PL-B", changed(DRAFTED, plan="PL-B")),
        SupersedePlan(by="PL-B"),
        SuccessorUnfit,
        OPS,
    ),
    row(
        "by the plan of another unit",
        drafted(*IN_FORCE).given("plan/PL-B", changed(DRAFTED, plan="PL-B", unit="BJ"), *IN_FORCE),
        SupersedePlan(by="PL-B"),
        SuccessorUnfit,
        OPS,
    ),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_plans_refuse_what_would_break_them(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_plans_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("plan", REFUSED) == (set(), set())


def test_only_planning_and_operations_publishes() -> None:
    """R024, R064: publishing and superseding belong to the function ops."""
    with pytest.raises(FunctionMissing):
        drafted(SUBMITTED, APPROVED).decide(PublishPlan(content_hash="a" * 64), "PL-2026", **UNIT)
    with pytest.raises(FunctionMissing):
        drafted(*IN_FORCE).decide(SupersedePlan(by="PL-B"), "PL-2026", **UNIT)


def test_only_the_president_adopts_a_strategy() -> None:
    """R057: adopting belongs to the function president."""
    with pytest.raises(FunctionMissing):
        drafted(*IN_FORCE, first=STRATEGY).decide(AdoptStrategy(statement="稳健"), "PL-2026", **OPS)


def test_the_annual_plan_of_the_group_is_drafted() -> None:
    """R055: the annual plan has goals with quantities; it is the parent of the letters."""
    assert planned().do(DRAFT, "PL-2026", **OPS) == [DRAFTED]


def test_an_annual_plan_stands_inside_a_published_three_year_plan() -> None:
    """R054, R056: the child's period lies inside the parent's."""
    three_years = changed(DRAFTED, plan="PL-3Y", kind="three_year", valid_to=date(2029, 1, 1))
    there = planned().given("plan/PL-3Y", three_years, *IN_FORCE)
    events = there.do(changed(DRAFT, parent="PL-3Y"), "PL-2026", **OPS)
    assert events == [changed(DRAFTED, parent="PL-3Y")]


def test_special_plans_hang_under_the_master_plan() -> None:
    """R070, R073: each node of the special plan names a node of the project master plan."""
    there = master(*IN_FORCE)
    (event,) = there.do(SPECIAL, "SP-1", **UNIT)
    assert isinstance(event, PlanDrafted)
    assert event.nodes[0].master_node == "P1"


def test_a_plan_is_redrafted_on_the_way_to_its_approval() -> None:
    """R064: after remarks the content is written anew, is a draft again, and has another hash."""
    there = drafted(GroupTargetSet(goal="G-SALES", indicator="SALES", value="300000", unit="万元"))
    before = hash_of(there)
    there.given("plan/PL-2026", SUBMITTED)
    assert there.do(RedraftPlan(goals=(MARGIN,), nodes=(NODE,)), "PL-2026", **OPS) == [
        PlanRedrafted(goals=(MARGIN,), nodes=(NODE,))
    ]
    plan = there.world.get(PlanState, "PL-2026")
    assert plan is not None
    assert (plan.status, plan.content.group_target) == ("draft", None)
    assert plan.content_hash != before


def test_the_group_has_one_operating_target() -> None:
    """R002: a goal of the group's annual plan becomes the target and is approved with it."""
    there = drafted()
    before = hash_of(there)
    assert there.do(SetGroupTarget(goal="G-SALES"), "PL-2026", **OPS) == [
        GroupTargetSet(goal="G-SALES", indicator="SALES", value="300000", unit="万元")
    ]
    assert hash_of(there) != before
    there.do(SetGroupTarget(goal="G-MARGIN"), "PL-2026", **OPS)
    plan = there.world.get(PlanState, "PL-2026")
    assert plan is not None
    assert plan.content.group_target == "G-MARGIN"


@pytest.mark.parametrize(
    ("roll_up", "values", "weights", "coverage"),
    [
        ("sum", ("200000", "100000.5"), (None, None), "100.00"),
        ("sum", ("200000", "133333.4"), (None, None), "111.11"),
        ("max", ("300000", "1"), (None, None), "100.00"),
        ("weighted_mean", ("330000", "270000"), ("0.5", "0.5"), "100.00"),
    ],
    ids=["sum", "sum beyond", "max", "weighted mean"],
)
def test_the_parts_of_a_goal_cover_the_whole(
    roll_up: Any, values: tuple[str, str], weights: Any, coverage: str
) -> None:
    """R058, R086: coverage by the goal's roll-up, exact; shown rounded down to two places."""
    parts = tuple(
        GoalShare(unit=unit, goal=f"G-{unit}", value=value, weight=weight)
        for unit, value, weight in zip(("BJ", "LG"), values, weights, strict=True)
    )
    command = DecomposeGoal(goal="G-SALES", roll_up=roll_up, shares=parts)
    assert drafted().do(command, "PL-2026", **OPS) == [
        GoalDecomposed(goal="G-SALES", roll_up=roll_up, shares=parts, coverage=coverage)
    ]


def test_parts_a_hair_short_of_the_whole_do_not_cover_it() -> None:
    """R058, SR-24: 99.9999… % is not 100 %, and is not shown as 100.00 either."""
    short = GoalShare(unit="BJ", goal="G-BJ", value="299999.999999999999")
    with pytest.raises(GoalNotCovered) as caught:
        drafted().decide(shares(shares=(short,)), "PL-2026", **OPS)
    assert caught.value.facts["coverage"] == "99.99"


def test_a_share_below_zero_has_no_weight_in_a_mean() -> None:
    """R058: a weighted mean takes weights above zero only."""
    parts = (GoalShare(unit="BJ", goal="G-BJ", value="300000", weight="-1"),)
    with pytest.raises(ShareWeightMissing):
        drafted().decide(shares(roll_up="weighted_mean", shares=parts), "PL-2026", **OPS)


def test_a_plan_is_published_as_approved() -> None:
    """R040, R053, R064: submitted, approved and published under one hash."""
    there = drafted()
    found = hash_of(there)
    assert there.do(SubmitPlan(), "PL-2026", **OPS) == [PlanSubmitted(content_hash=found)]
    decided(there, "K-1", "plan/PL-2026", found)
    assert there.do(ApprovePlan(case="K-1"), "PL-2026", **OPS) == [
        PlanApproved(case="K-1", content_hash=found)
    ]
    assert there.do(PublishPlan(content_hash=found), "PL-2026", **OPS) == [
        PlanPublished(content_hash=found)
    ]


def test_a_published_plan_changes_by_approval_only() -> None:
    """R064, R086: the proposal leaves the plan alone; the case on its hash puts it in force."""
    there = drafted(*IN_FORCE)
    (proposed,) = there.do(PROPOSE, "PL-2026", **OPS)
    plan = there.world.get(PlanState, "PL-2026")
    assert plan is not None
    assert isinstance(proposed, PlanRevisionProposed)
    assert proposed.content_hash == plan.content_hash
    assert plan.content == content_of(DRAFTED)
    decided(there, "K-2", "plan/PL-2026", proposed.content_hash)
    assert there.do(RevisePlan(case="K-2"), "PL-2026", **OPS) == [
        PlanRevised(
            case="K-2",
            revision=2,
            goals=(MORE,),
            nodes=(),
            content_hash=proposed.content_hash,
        )
    ]
    revised = there.world.get(PlanState, "PL-2026")
    assert revised is not None
    assert revised.content == msgspec.structs.replace(content_of(DRAFTED), goals=(MORE,))
    assert (revised.revision, revised.proposed) == (2, None)


def test_a_strategy_is_adopted_once_it_is_published() -> None:
    """R057: mission text is context, the goals are data; adoption is an event of its own."""
    there = drafted(*IN_FORCE, first=STRATEGY)
    assert there.do(AdoptStrategy(statement="稳健经营"), "PL-2026", **PRESIDENT) == [
        StrategyAdopted(statement="稳健经营")
    ]


def test_a_plan_gives_way_to_its_successor() -> None:
    """R054: history has no gap; the plan names what took its place."""
    there = drafted(*IN_FORCE).given("plan/PL-B", changed(DRAFTED, plan="PL-B"), *IN_FORCE)
    assert there.do(SupersedePlan(by="PL-B"), "PL-2026", **OPS) == [PlanSuperseded(by="PL-B")]
