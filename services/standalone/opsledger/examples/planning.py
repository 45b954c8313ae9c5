"""Branches of cycles, plans and letters."""

from collections.abc import Iterator
from datetime import date

import msgspec

from opsledger.examples.branching import Branch, Deed
from opsledger.story.letters import LETTER, SECOND_LETTER
from opsledger.story.planning import CYCLE, PLAN
from opsledger.story.step import Memory
from opsledger_contracts.events.cycle import (
    ClashesSearched,
    ClashResolved,
    Goal,
    PlanClashFound,
)
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    LetterClosed,
    LetterItem,
    LetterItemImposed,
    LetterItemRemoved,
    LetterItemStruck,
    LetterPeriodEnded,
    LetterReturned,
    LetterTerminated,
    LetterWithdrawn,
)
from opsledger_contracts.events.plan import (
    PlanDrafted,
    PlanNode,
    PlanRedrafted,
    PlanRevised,
    PlanRevisionProposed,
    PlanSuperseded,
    StrategyAdopted,
)

_GOAL = Goal(goal="G-SALES", name="集团合同销售额", indicator="SALES", value="310000", unit="万元")
_NODE = PlanNode(node="ND-1", name="示范区开放", due=date(2026, 5, 29), responsible="BJ")


def cycles(_memory: Memory) -> Iterator[Branch]:
    """Clashes that a balancing session finds and resolves."""
    yield Branch(
        f"cycle/{CYCLE}",
        (
            Deed(
                at="2025-12-10 13:40",
                by="OPS-PLAN",
                event=ClashesSearched(letters=(LETTER, SECOND_LETTER), found=1),
            ),
            Deed(
                at="2025-12-10 13:40",
                by="ledger",
                event=PlanClashFound(
                    clash="CL-1",
                    kind="support",
                    items=(f"{LETTER}/N03", f"{SECOND_LETTER}/N05"),
                    detail="主体封顶与二期开工在9月争用同一台塔吊",
                ),
            ),
            Deed(
                at="2025-12-10 16:00",
                by="OPS-PLAN",
                event=ClashResolved(clash="CL-1", resolution="工程中心自9月起另行调配一台塔吊"),
            ),
        ),
    )


def plans(memory: Memory) -> Iterator[Branch]:
    """A strategy plan, a redraft, a revision, and a plan that takes another's place."""
    yield Branch(
        "plan/PL-STRATEGY-2030",
        (
            Deed(
                at="2025-10-13 09:00",
                by="OPS-PLAN",
                event=PlanDrafted(
                    plan="PL-STRATEGY-2030",
                    kind="strategy",
                    title="华翔集团2026至2030年发展战略",
                    unit="HX",
                    valid_from=date(2026, 1, 1),
                    valid_to=date(2031, 1, 1),
                    goals=(),
                ),
            ),
            Deed(
                at="2025-10-17 15:00",
                by="PRESIDENT",
                event=StrategyAdopted(statement="五年内成为区域品质住宅运营商前三名"),
            ),
        ),
    )
    yield Branch(
        f"plan/{PLAN}",
        (
            Deed(
                at="2025-11-18 09:25",
                by="OPS-PLAN",
                event=PlanRedrafted(goals=(_GOAL,), nodes=(_NODE,)),
                reason="按财务中心测算上调",
            ),
        ),
    )
    content_hash = memory.data(f"plan/{PLAN}", "plan.published.v1")["content_hash"]
    yield Branch(
        f"plan/{PLAN}",
        (
            Deed(
                at="2026-07-06 09:00",
                by="OPS-PLAN",
                event=PlanRevisionProposed(goals=(_GOAL,), nodes=(), content_hash=content_hash),
                reason="年中调整",
            ),
            Deed(
                at="2026-07-20 09:00",
                by="OPS-PLAN",
                event=PlanRevised(
                    case="C-PL-2026-R2",
                    revision=2,
                    goals=(_GOAL,),
                    nodes=(),
                    content_hash=content_hash,
                ),
            ),
            Deed(
                at="2027-01-04 09:00",
                by="OPS-PLAN",
                event=PlanSuperseded(by="PL-2027"),
            ),
        ),
    )


def letters(memory: Memory) -> Iterator[Branch]:
    """Ways that a letter takes before it is signed, and how it can end."""
    stream = f"letter/{LETTER}"
    item = msgspec.convert(
        memory.data("letter/LG-2026", "letter.item_added.v1")["item"], LetterItem
    )
    drafted = "2025-11-28 09:05"
    submitted = "2025-11-30 09:00"
    yield Branch(
        stream,
        (
            Deed(at=drafted, by="BJ-GM", event=LetterItemRemoved(item="M02")),
            Deed(at="2025-11-28 09:06", by="BJ-GM", event=LetterWithdrawn(), reason="重新分解目标"),
        ),
    )
    yield Branch(
        stream,
        (
            Deed(
                at=submitted,
                by="OPS-PLAN",
                event=LetterReturned(reasons=("N03缺少支持单位的承诺", "I02目标低于计划分解值")),
                reason="退回补充",
            ),
        ),
    )
    yield Branch(
        stream,
        (
            Deed(
                at=submitted,
                by="PRESIDENT",
                event=LetterItemImposed(
                    item=msgspec.structs.replace(
                        item,
                        item="M03",
                        name="客户投诉关闭率",
                        weight="5",
                        responsible="BJ",
                        responsible_person="P-CHEN",
                    ),
                    consultation="CS-BJ-1",
                    changes=_weights({"I01": ("20", "19"), "I03": ("15", "57/4")}),
                ),
                reason="集团要求增加",
            ),
            Deed(
                at="2025-12-02 09:00",
                by="PRESIDENT",
                event=LetterItemStruck(
                    item="M03",
                    consultation="CS-BJ-2",
                    changes=_weights({"I01": ("19", "20"), "I03": ("57/4", "15")}),
                ),
                reason="与营销中心指标重复",
            ),
        ),
    )
    yield Branch(
        stream,
        (
            Deed(at="2027-01-04 09:00", by="OPS-PLAN", event=LetterPeriodEnded()),
            Deed(
                at="2027-03-11 09:00",
                by="OPS-PLAN",
                event=LetterClosed(assessment="A-BJ-2026"),
            ),
        ),
    )
    yield Branch(
        f"letter/{SECOND_LETTER}",
        (
            Deed(
                at="2026-10-09 09:00",
                by="PRESIDENT",
                event=LetterTerminated(successors=("LG-2026-B",)),
                reason="临港公司负责人变更",
            ),
        ),
    )


def _weights(changed: dict[str, tuple[str, str]]) -> tuple[ItemChange, ...]:
    return tuple(
        ItemChange(item=item, changes=(FieldChange(field="weight", before=before, after=after),))
        for item, (before, after) in changed.items()
    )
