"""Plans: drafted under a parent, broken down, approved, published, revised (R002, R054 to R073)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.plan import (
    GoalDecomposed,
    GoalShare,
    GroupTargetSet,
    PlanApproved,
    PlanDrafted,
    PlanPublished,
    PlanRedrafted,
    PlanRevised,
    PlanRevisionProposed,
    PlanSubmitted,
    PlanSuperseded,
    StrategyAdopted,
)
from opsledger_contracts.problems.general import FunctionMissing
from opsledger_contracts.problems.plan import (
    GoalNotCovered,
    ShareWeightMissing,
)
from opsledger_ledger.domain.plan import PlanState, content_of
from opsledger_ledger.domain.plan_drafting import (
    DecomposeGoal,
    RedraftPlan,
    SetGroupTarget,
)
from opsledger_ledger.domain.plan_publishing import (
    AdoptStrategy,
    ApprovePlan,
    PublishPlan,
    RevisePlan,
    SubmitPlan,
    SupersedePlan,
)
from support.plan_stages import (
    APPROVED,
    DRAFT,
    DRAFTED,
    IN_FORCE,
    MARGIN,
    MORE,
    NODE,
    PROPOSE,
    SPECIAL,
    STRATEGY,
    SUBMITTED,
    changed,
    drafted,
    hash_of,
    master,
    shares,
)
from support.planning import OPS, PRESIDENT, UNIT, decided, planned


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
