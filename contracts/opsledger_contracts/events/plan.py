"""Events of a plan: strategy, three-year, annual, quarterly, monthly, project master, special."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.event import Event
from opsledger_contracts.events.cycle import Goal
from opsledger_contracts.fields import DecimalText, Identifier, Sha256, Text, Title, Version

PlanKind = Annotated[
    Literal[
        "strategy", "three_year", "annual", "quarterly", "monthly", "project_master", "special"
    ],
    Meta(description="Horizon or purpose of the plan."),
]
RollUp = Annotated[
    Literal["sum", "weighted_mean", "max"],
    Meta(description="How the shares of units make up the parent goal."),
]


class PlanNode(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A dated node of a project master or special plan."""

    node: Identifier
    name: Title
    due: date
    responsible: Identifier
    master_node: Identifier | None = None
    """Node of the master plan under which a special plan's node hangs (R070)."""


class GoalShare(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Part of a parent goal that a unit takes."""

    unit: Identifier
    goal: Identifier
    value: DecimalText
    weight: DecimalText | None = None


class PlanDrafted(Event, kw_only=True):
    """A plan was drafted (R054 to R056, R070)."""

    TYPE: ClassVar[str] = "plan.drafted.v1"
    plan: Identifier
    kind: PlanKind
    title: Title
    unit: Identifier
    valid_from: date
    valid_to: date
    """First day after the horizon."""
    goals: tuple[Goal, ...]
    nodes: tuple[PlanNode, ...] = ()
    parent: Identifier | None = None
    cycle: Identifier | None = None


class GroupTargetSet(Event, kw_only=True):
    """The one operating target of the group was set (R002)."""

    TYPE: ClassVar[str] = "plan.group_target_set.v1"
    goal: Identifier
    indicator: Identifier
    value: DecimalText
    unit: Title


class StrategyAdopted(Event, kw_only=True):
    """A strategy plan was adopted (R057)."""

    TYPE: ClassVar[str] = "plan.strategy_adopted.v1"
    statement: Text


class GoalDecomposed(Event, kw_only=True):
    """A goal was broken down to units and covers the parent (R058, R086)."""

    TYPE: ClassVar[str] = "plan.goal_decomposed.v1"
    goal: Identifier
    roll_up: RollUp
    shares: tuple[GoalShare, ...]
    coverage: DecimalText
    """Percent of the parent value that the shares cover, two places."""


class PlanSubmitted(Event, kw_only=True):
    """The plan was submitted for approval as it stood."""

    TYPE: ClassVar[str] = "plan.submitted.v1"
    content_hash: Sha256


class PlanRedrafted(Event, kw_only=True):
    """Goals and nodes of a plan that was not yet approved were written anew."""

    TYPE: ClassVar[str] = "plan.redrafted.v1"
    goals: tuple[Goal, ...]
    nodes: tuple[PlanNode, ...]


class PlanApproved(Event, kw_only=True):
    """An approval case decided on exactly this content."""

    TYPE: ClassVar[str] = "plan.approved.v1"
    case: Identifier
    content_hash: Sha256


class PlanPublished(Event, kw_only=True):
    """The approved plan was published (R064)."""

    TYPE: ClassVar[str] = "plan.published.v1"
    content_hash: Sha256


class PlanRevisionProposed(Event, kw_only=True):
    """A change of a published plan was put up for approval; until then the plan stands."""

    TYPE: ClassVar[str] = "plan.revision_proposed.v1"
    goals: tuple[Goal, ...]
    nodes: tuple[PlanNode, ...]
    content_hash: Sha256


class PlanRevised(Event, kw_only=True):
    """A published plan was changed as an approval case decided."""

    TYPE: ClassVar[str] = "plan.revised.v1"
    case: Identifier
    revision: Version
    goals: tuple[Goal, ...]
    nodes: tuple[PlanNode, ...]
    content_hash: Sha256


class PlanSuperseded(Event, kw_only=True):
    """Another plan took its place."""

    TYPE: ClassVar[str] = "plan.superseded.v1"
    by: Identifier
