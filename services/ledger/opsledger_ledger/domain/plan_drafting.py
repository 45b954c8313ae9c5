"""Plans come about: drafted under a parent, given the group target, broken down to units."""

from datetime import date
from fractions import Fraction
from typing import Annotated, Final, assert_never

import msgspec

from opsledger_contracts.events.cycle import Goal
from opsledger_contracts.events.plan import (
    GoalDecomposed,
    GoalShare,
    GroupTargetSet,
    PlanDrafted,
    PlanKind,
    PlanNode,
    PlanRedrafted,
    RollUp,
)
from opsledger_contracts.fields import Identifier, Title
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.plan import (
    CoverageBeyondMeasure,
    GoalNotCovered,
    GoalNotDivisible,
    GoalUnknown,
    HorizonEmpty,
    NodeHangsNowhere,
    NodeOutsideHorizon,
    NotThePlanner,
    ParentPlanUnfit,
    PlanEntryRepeated,
    PlanKindUnfit,
    ShareWeightMissing,
)
from opsledger_contracts.rules.numbers import (
    decimal_text,
    parse_decimal,
    quantise,
    ratio,
    weighted_mean,
)
from opsledger_ledger.domain.cycle import CycleState
from opsledger_ledger.domain.deciding import Act, Command, Decided, World, known
from opsledger_ledger.domain.plan import PLAN, PlanContent, PlanState, content_of
from opsledger_ledger.domain.position import PositionState
from opsledger_ledger.domain.unit import Unit

PARENT_KINDS: Final[dict[PlanKind, tuple[PlanKind, ...]]] = {
    "strategy": (),
    "three_year": ("strategy",),
    "annual": ("three_year",),
    "quarterly": ("annual",),
    "monthly": ("annual", "quarterly"),
    "project_master": ("three_year", "annual"),
    "special": ("project_master",),
}
"""Kinds of plans under which a plan of each kind may stand (R054 to R056, R070)."""

COVERAGE_MAX: Final = 1_000_000
"""Percent; a break-down beyond it is a slip in the unit of measure."""

CONTENT_REFUSALS = (PlanEntryRepeated, NodeOutsideHorizon, NodeHangsNowhere)
"""Refusals of goals and nodes that do not fit together."""

Goals = Annotated[tuple[Goal, ...], msgspec.Meta(max_length=200)]
Nodes = Annotated[tuple[PlanNode, ...], msgspec.Meta(max_length=200)]


class DraftPlan(Command):
    """Draft a plan of a unit with goals and dated nodes."""

    kind: PlanKind
    title: Title
    unit: Identifier
    valid_from: date
    valid_to: date
    """First day after the horizon."""
    goals: Goals
    nodes: Nodes = ()
    parent: Identifier | None = None
    cycle: Identifier | None = None


@PLAN.decides(
    "draft",
    scope="writer",
    creates=True,
    refuses=(UnknownReference, NotThePlanner, HorizonEmpty, ParentPlanUnfit, *CONTENT_REFUSALS),
)
def draft(command: DraftPlan, _plan: None, act: Act, world: World) -> Decided:
    """Keep the child's horizon inside the parent's, and special nodes under master nodes."""
    known(world, Unit, command.unit, "unit")
    require_planner(act, world, command.unit)
    if command.cycle is not None:
        known(world, CycleState, command.cycle, "cycle")
    if command.valid_to <= command.valid_from:
        raise HorizonEmpty(valid_from=command.valid_from, valid_to=command.valid_to)
    _require_fit_parent(command, world)
    drafted = PlanDrafted(
        plan=act.target,
        kind=command.kind,
        title=command.title,
        unit=command.unit,
        valid_from=command.valid_from,
        valid_to=command.valid_to,
        goals=command.goals,
        nodes=command.nodes,
        parent=command.parent,
        cycle=command.cycle,
    )
    require_sound(world, content_of(drafted))
    yield drafted


def _require_fit_parent(command: DraftPlan, world: World) -> None:
    if command.parent is None:
        if command.kind != "special":
            return
        detail, detail_zh = "it needs a project master plan", "须隶属于项目主项计划"
    else:
        above = known(world, PlanState, command.parent, "parent")
        horizon = above.content
        if horizon.kind not in PARENT_KINDS[command.kind]:
            detail, detail_zh = f"that is {horizon.kind}", f"其类型为 {horizon.kind}"
        elif above.status != "published":
            detail, detail_zh = f"that is {above.status}", f"其状态为 {above.status}"
        elif not horizon.valid_from <= command.valid_from < command.valid_to <= horizon.valid_to:
            detail = f"that runs from {horizon.valid_from} to before {horizon.valid_to}"
            detail_zh = f"其期间为 {horizon.valid_from} 至 {horizon.valid_to} 之前"
        else:
            return
    raise ParentPlanUnfit(
        kind=command.kind, parent=command.parent or "-", detail=detail, detail_zh=detail_zh
    )


class RedraftPlan(Command):
    """Write goals and nodes of a plan anew before it is approved."""

    goals: Goals
    nodes: Nodes = ()


@PLAN.decides(
    "redraft",
    scope="writer",
    refuses=(WrongState, NotThePlanner, UnknownReference, *CONTENT_REFUSALS),
)
def redraft(command: RedraftPlan, plan: PlanState, act: Act, world: World) -> Decided:
    """Improve a plan on the way to its approval; it is then to be submitted again (R064)."""
    plan.require_status("draft", "submitted")
    require_planner(act, world, plan.content.unit)
    require_sound(
        world,
        msgspec.structs.replace(plan.content, goals=command.goals, nodes=command.nodes),
    )
    yield PlanRedrafted(goals=command.goals, nodes=command.nodes)


class SetGroupTarget(Command):
    """Make a goal of the group's annual plan the one operating target of the group."""

    goal: Identifier


@PLAN.decides(
    "set-group-target",
    scope="writer",
    refuses=(WrongState, NotThePlanner, PlanKindUnfit, GoalUnknown),
)
def set_group_target(command: SetGroupTarget, plan: PlanState, act: Act, world: World) -> Decided:
    """Have one operating target, in the annual plan of the group, approved with it (R002)."""
    plan.require_status("draft")
    require_planner(act, world, plan.content.unit)
    unit = known(world, Unit, plan.content.unit, "unit")
    if (plan.content.kind, unit.type) != ("annual", "group"):
        raise PlanKindUnfit(
            plan=plan.id,
            found=f"{plan.content.kind} of a {unit.type}",
            expected="the annual plan of the group",
        )
    goal = goal_of(plan, command.goal)
    yield GroupTargetSet(goal=goal.goal, indicator=goal.indicator, value=goal.value, unit=goal.unit)


class DecomposeGoal(Command):
    """Break a goal down to units."""

    goal: Identifier
    roll_up: RollUp
    shares: Annotated[tuple[GoalShare, ...], msgspec.Meta(min_length=1, max_length=200)]


@PLAN.decides(
    "decompose",
    scope="writer",
    refuses=(
        WrongState,
        NotThePlanner,
        GoalUnknown,
        UnknownReference,
        GoalNotDivisible,
        ShareWeightMissing,
        GoalNotCovered,
        CoverageBeyondMeasure,
    ),
)
def decompose(command: DecomposeGoal, plan: PlanState, act: Act, world: World) -> Decided:
    """Let the parts cover the whole: at least 100 % by the roll-up of the goal (R058, R086)."""
    plan.require_status("draft", "submitted", "approved", "published")
    require_planner(act, world, plan.content.unit)
    goal = goal_of(plan, command.goal)
    for share in command.shares:
        known(world, Unit, share.unit, "shares")
    whole = parse_decimal(goal.value)
    if whole <= 0:
        raise GoalNotDivisible(goal=goal.goal, value=goal.value)
    coverage = 100 * ratio(rolled_up(command.roll_up, command.shares), whole)
    if coverage > COVERAGE_MAX:
        raise CoverageBeyondMeasure(goal=goal.goal, limit=COVERAGE_MAX)
    shown = decimal_text(quantise(coverage, 2, "floor"), 2)
    if coverage < 100:  # noqa: PLR2004 - the whole in percent.
        raise GoalNotCovered(goal=goal.goal, coverage=shown)
    yield GoalDecomposed(
        goal=goal.goal, roll_up=command.roll_up, shares=command.shares, coverage=shown
    )


def rolled_up(roll_up: RollUp, shares: tuple[GoalShare, ...]) -> Fraction:
    """Put the parts of a goal together again, exactly.

    Raises:
        ShareWeightMissing: a weighted mean lacks a weight, or one is not above zero.

    """
    values = [parse_decimal(share.value) for share in shares]
    match roll_up:
        case "sum":
            return sum(values, Fraction(0))
        case "max":
            return max(values)
        case "weighted_mean":
            return weighted_mean(list(zip(values, map(_weight, shares), strict=True)))
        case _:
            assert_never(roll_up)


def _weight(share: GoalShare) -> Fraction:
    weight = parse_decimal(share.weight or "0")
    if weight <= 0:
        raise ShareWeightMissing(unit=share.unit)
    return weight


def goal_of(plan: PlanState, code: str) -> Goal:
    """Find a goal of a plan.

    Raises:
        GoalUnknown: the plan has none of this code.

    """
    goal = plan.content.goal(code)
    if goal is None:
        raise GoalUnknown(plan=plan.id, goal=code)
    return goal


def require_planner(act: Act, world: World, unit: str) -> None:
    """Insist that the act comes from the planned unit or from planning and operations.

    Raises:
        NotThePlanner: it comes from elsewhere.

    """
    assert act.position is not None, act.command_id
    position = known(world, PositionState, act.position, "position")
    if position.unit != unit and "ops" not in position.functions:
        raise NotThePlanner(position=position.id, found=position.unit, expected=unit)


def require_sound(world: World, content: PlanContent) -> None:
    """Insist that goals and nodes fit together, the horizon and the plan above (R070, R073).

    Raises:
        PlanEntryRepeated: a code of a goal or of a node occurs twice.
        NodeOutsideHorizon: a node is due outside the horizon.
        NodeHangsNowhere: a special plan's node hangs under no node of the master plan.
        UnknownReference: a node names an unknown unit.

    """
    for codes in ([goal.goal for goal in content.goals], [node.node for node in content.nodes]):
        for code in codes:
            if codes.count(code) > 1:
                raise PlanEntryRepeated(entry=code)
    parent = world.get(PlanState, content.parent) if content.parent else None
    above = {node.node for node in parent.content.nodes} if parent else set()
    for node in content.nodes:
        known(world, Unit, node.responsible, "nodes")
        if not content.valid_from <= node.due < content.valid_to:
            raise NodeOutsideHorizon(
                node=node.node,
                due=node.due,
                valid_from=content.valid_from,
                valid_to=content.valid_to,
            )
        if (
            content.kind == "special" or node.master_node is not None
        ) and node.master_node not in above:
            raise NodeHangsNowhere(node=node.node, found=node.master_node, parent=content.parent)
