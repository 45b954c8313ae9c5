"""What plans refuse: a parent, a share or a step that does not fit (R054 to R073)."""

from datetime import date
from functools import partial

import pytest

from opsledger_contracts.events.plan import (
    GoalShare,
    PlanNode,
    PlanRevisionProposed,
    PlanSuperseded,
    StrategyAdopted,
)
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
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
from opsledger_ledger.domain.plan_drafting import (
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
from support.deciding import Refused, refused_row, undeclared_and_untested
from support.plan_stages import (
    APPROVED,
    BREAK_DOWN,
    DRAFT,
    DRAFTED,
    GOALS,
    IN_FORCE,
    MORE,
    NODE,
    PROPOSE,
    SALES,
    SPECIAL,
    STRATEGY,
    SUBMITTED,
    changed,
    drafted,
    hash_of,
    master,
    shares,
)
from support.planning import OPS, OTHER_UNIT, PRESIDENT, UNIT, decided, opened, planned

LATE_NODE = PlanNode(node="P9", name="交付", due=date(2027, 1, 1), responsible="BJ")
PROPOSED = PlanRevisionProposed(goals=(MORE,), nodes=(), content_hash="b" * 64)


row = partial(refused_row, target="PL-2026")


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
