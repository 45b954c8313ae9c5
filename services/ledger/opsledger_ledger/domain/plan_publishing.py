"""Plans bind: submitted, approved, published, revised by approval, superseded."""

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.plan import (
    PlanApproved,
    PlanPublished,
    PlanRevised,
    PlanRevisionProposed,
    PlanSubmitted,
    PlanSuperseded,
    StrategyAdopted,
)
from opsledger_contracts.fields import Identifier, Sha256, Text
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.plan import (
    NoRevisionProposed,
    NotThePlanner,
    PlanKindUnfit,
    PublishedOtherContent,
    SuccessorUnfit,
)
from opsledger_ledger.domain.deciding import Act, Command, Decided, World, known
from opsledger_ledger.domain.plan import PLAN, PlanState, rewritten
from opsledger_ledger.domain.plan_drafting import (
    CONTENT_REFUSALS,
    Goals,
    Nodes,
    require_planner,
    require_sound,
)
from opsledger_ledger.domain.policies.approval import approved


class SubmitPlan(Command):
    """Submit the plan for approval as it stands."""


@PLAN.decides("submit", scope="writer", refuses=(WrongState, NotThePlanner))
def submit(_command: SubmitPlan, plan: PlanState, act: Act, world: World) -> Decided:
    """Fix the content under a hash for the approval case."""
    plan.require_status("draft")
    require_planner(act, world, plan.content.unit)
    yield PlanSubmitted(content_hash=plan.content_hash)


class ApprovePlan(Command):
    """Take the plan as approved by a case that decided on exactly its content."""

    case: Identifier


@PLAN.decides(
    "approve",
    scope="writer",
    refuses=(
        WrongState,
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
    ),
)
def approve(command: ApprovePlan, plan: PlanState, _act: Act, world: World) -> Decided:
    """Bind the approval to the content hash (R040, R053)."""
    plan.require_status("submitted")
    approved(world, command.case, f"plan/{plan.id}", plan.content_hash)
    yield PlanApproved(case=command.case, content_hash=plan.content_hash)


class PublishPlan(Command):
    """Publish the approved plan."""

    content_hash: Sha256


@PLAN.decides(
    "publish", scope="writer", function="ops", refuses=(WrongState, PublishedOtherContent)
)
def publish(command: PublishPlan, plan: PlanState, _act: Act, _world: World) -> Decided:
    """Publish the approved hash and nothing else (R064)."""
    plan.require_status("approved")
    if command.content_hash != plan.content_hash:
        raise PublishedOtherContent(expected=plan.content_hash, found=command.content_hash)
    yield PlanPublished(content_hash=plan.content_hash)


class AdoptStrategy(Command):
    """Adopt a published strategy plan in words that everybody can quote."""

    statement: Text


@PLAN.decides(
    "adopt-strategy", scope="approver", function="president", refuses=(WrongState, PlanKindUnfit)
)
def adopt_strategy(command: AdoptStrategy, plan: PlanState, _act: Act, _world: World) -> Decided:
    """Let only a strategy be adopted, and only once (R057)."""
    plan.require_status("published")
    if plan.content.kind != "strategy":
        raise PlanKindUnfit(plan=plan.id, found=plan.content.kind, expected="strategy")
    if plan.adopted:
        raise WrongState(noun="plan", id=plan.id, found="adopted", expected="not yet adopted")
    yield StrategyAdopted(statement=command.statement)


class ProposePlanRevision(Command):
    """Put other goals and nodes of a published plan up for approval."""

    goals: Goals
    nodes: Nodes = ()


@PLAN.decides(
    "propose-revision",
    scope="writer",
    refuses=(WrongState, NotThePlanner, UnknownReference, *CONTENT_REFUSALS),
)
def propose_revision(
    command: ProposePlanRevision, plan: PlanState, act: Act, world: World
) -> Decided:
    """Leave the published plan in force until a case has decided on the proposal."""
    plan.require_status("published")
    require_planner(act, world, plan.content.unit)
    content = rewritten(plan.content, command.goals, command.nodes)
    require_sound(world, content)
    yield PlanRevisionProposed(
        goals=command.goals, nodes=command.nodes, content_hash=digest(content)
    )


class RevisePlan(Command):
    """Put the proposed revision in force as an approval case decided."""

    case: Identifier


@PLAN.decides(
    "revise",
    scope="writer",
    refuses=(
        WrongState,
        NoRevisionProposed,
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
    ),
)
def revise(command: RevisePlan, plan: PlanState, _act: Act, world: World) -> Decided:
    """Change a published plan only into content that was approved."""
    plan.require_status("published")
    if plan.proposed is None:
        raise NoRevisionProposed(plan=plan.id)
    approved(world, command.case, f"plan/{plan.id}", plan.content_hash)
    yield PlanRevised(
        case=command.case,
        revision=plan.revision + 1,
        goals=plan.proposed.goals,
        nodes=plan.proposed.nodes,
        content_hash=plan.content_hash,
    )


class SupersedePlan(Command):
    """Let another published plan take the place of this one."""

    by: Identifier


@PLAN.decides(
    "supersede",
    scope="writer",
    function="ops",
    refuses=(WrongState, UnknownReference, SuccessorUnfit),
)
def supersede(command: SupersedePlan, plan: PlanState, _act: Act, world: World) -> Decided:
    """Name the successor, so that the history of plans has no gap."""
    plan.require_status("published")
    other = known(world, PlanState, command.by, "by")
    same = (other.content.unit, other.content.kind) == (plan.content.unit, plan.content.kind)
    if other.id == plan.id or other.status != "published" or not same:
        raise SuccessorUnfit(by=other.id, found=other.status, plan=plan.id)
    yield PlanSuperseded(by=command.by)
