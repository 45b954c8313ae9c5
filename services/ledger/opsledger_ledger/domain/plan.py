"""Plans: what they contain, how far they have come, and which revision is published."""

from datetime import date
from typing import ClassVar, Literal, assert_never

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.cycle import Goal
from opsledger_contracts.events.plan import (
    GoalDecomposed,
    GroupTargetSet,
    PlanApproved,
    PlanDrafted,
    PlanKind,
    PlanNode,
    PlanPublished,
    PlanRedrafted,
    PlanRevised,
    PlanRevisionProposed,
    PlanSubmitted,
    PlanSuperseded,
    StrategyAdopted,
)
from opsledger_contracts.problems.general import WrongState
from opsledger_ledger.domain.deciding import Noun, State
from opsledger_ledger.domain.deed import Deed, deed_of

PlanStatus = Literal["draft", "submitted", "approved", "published", "superseded"]


class PlanContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole content of a plan; what an approval decides on."""

    plan: str
    kind: PlanKind
    title: str
    unit: str
    valid_from: date
    valid_to: date
    goals: tuple[Goal, ...]
    nodes: tuple[PlanNode, ...] = ()
    parent: str | None = None
    cycle: str | None = None
    group_target: str | None = None
    """Goal that is the one operating target of the group."""

    def goal(self, code: str) -> Goal | None:
        """Find a goal by its code."""
        return next((goal for goal in self.goals if goal.goal == code), None)


class PlanState(State):
    """A plan as it stands."""

    NOUN: ClassVar[str] = "plan"

    content: PlanContent
    drafter: Deed
    status: PlanStatus = "draft"
    revision: int = 1
    proposed: PlanContent | None = None
    """Content of a proposed revision that is not decided."""
    adopted: bool = False

    @property
    def content_hash(self) -> str:
        """Hash that the next approval binds to: of the proposed revision, or else of the plan."""
        return digest(self.proposed or self.content)

    def require_status(self, *expected: PlanStatus) -> None:
        """Insist on one of the named states.

        Raises:
            WrongState: the plan is in another one.

        """
        if self.status not in expected:
            raise WrongState(
                noun="plan", id=self.id, found=self.status, expected=" or ".join(expected)
            )


PlanEvent = (
    PlanDrafted
    | GroupTargetSet
    | StrategyAdopted
    | GoalDecomposed
    | PlanSubmitted
    | PlanRedrafted
    | PlanApproved
    | PlanPublished
    | PlanRevisionProposed
    | PlanRevised
    | PlanSuperseded
)


def evolve(state: PlanState | None, event: Event, envelope: Envelope) -> PlanState:
    """Fold one event of a plan."""
    happened: PlanEvent = event  # type: ignore[assignment]
    if isinstance(happened, PlanDrafted):
        drafter = deed_of("initiate", envelope)
        return PlanState(id=happened.plan, content=content_of(happened), drafter=drafter)
    assert state is not None, envelope.stream
    match happened:
        case GroupTargetSet():
            state.content = msgspec.structs.replace(state.content, group_target=happened.goal)
        case StrategyAdopted():
            state.adopted = True
        case GoalDecomposed():
            pass
        case PlanSubmitted():
            state.status = "submitted"
        case PlanRedrafted():
            state.status = "draft"
            state.content = rewritten(state.content, happened.goals, happened.nodes)
        case PlanApproved():
            state.status = "approved"
        case PlanPublished():
            state.status = "published"
        case PlanRevisionProposed():
            state.proposed = rewritten(state.content, happened.goals, happened.nodes)
        case PlanRevised():
            state.content = rewritten(state.content, happened.goals, happened.nodes)
            state.proposed = None
            state.revision = happened.revision
        case PlanSuperseded():
            state.status = "superseded"
        case _:
            assert_never(happened)
    return state


def content_of(drafted: PlanDrafted) -> PlanContent:
    """Give the content that a draft begins with."""
    return PlanContent(
        plan=drafted.plan,
        kind=drafted.kind,
        title=drafted.title,
        unit=drafted.unit,
        valid_from=drafted.valid_from,
        valid_to=drafted.valid_to,
        goals=drafted.goals,
        nodes=drafted.nodes,
        parent=drafted.parent,
        cycle=drafted.cycle,
    )


def rewritten(
    content: PlanContent, goals: tuple[Goal, ...], nodes: tuple[PlanNode, ...]
) -> PlanContent:
    """Put other goals and nodes into a plan; a group target that is gone is no target any more."""
    changed = msgspec.structs.replace(content, goals=goals, nodes=nodes)
    if content.group_target is not None and changed.goal(content.group_target) is None:
        return msgspec.structs.replace(changed, group_target=None)
    return changed


PLAN = Noun(state=PlanState, evolve=evolve)
