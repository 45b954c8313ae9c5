"""Stages of the tests of plans: drafted ones, and what hangs under them."""

from datetime import date
from typing import Any

from opsledger_contracts.events.cycle import Goal
from opsledger_contracts.events.plan import (
    GoalShare,
    PlanApproved,
    PlanDrafted,
    PlanNode,
    PlanPublished,
    PlanSubmitted,
)
from opsledger_ledger.domain.plan import PlanState
from opsledger_ledger.domain.plan_drafting import (
    DecomposeGoal,
    DraftPlan,
)
from opsledger_ledger.domain.plan_publishing import (
    ProposePlanRevision,
)
from support.deciding import Stage
from support.planning import planned

SALES = Goal(goal="G-SALES", name="合同销售额", indicator="SALES", value="300000", unit="万元")
MARGIN = Goal(goal="G-MARGIN", name="净利率", indicator="MARGIN", value="10", unit="%")
NOTHING = Goal(goal="G-ZERO", name="重大事故", indicator="ACCIDENTS", value="0", unit="起")
GOALS = (SALES, MARGIN, NOTHING)
NODE = PlanNode(node="P1", name="开工", due=date(2026, 4, 1), responsible="BJ")
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
