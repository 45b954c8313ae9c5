"""The planning cycle of 2026: goals, information, the group's annual plan, balancing."""

from collections.abc import Iterator
from typing import Final

from opsledger.story.approving import approval
from opsledger.story.step import Step

CYCLE: Final = "CY-2026"
PLAN: Final = "PL-2026"
GOAL: Final = {
    "goal": "G-SALES",
    "name": "集团合同销售额",
    "indicator": "SALES",
    "value": "300000",
    "unit": "万元",
}


def opened() -> Iterator[Step]:
    """Open the cycle, set its goals, collect information, begin to draft."""
    yield Step(
        at="2025-10-30 09:00",
        by="OPS-PLAN",
        do=f"cycles/{CYCLE}/open",
        body={"period": "2026", "title": "2026年度计划编制"},
        en="the planning cycle of 2026 is opened",
        zh="启动2026年度计划编制",
    )
    yield Step(
        at="2025-10-31 09:00",
        by="PRESIDENT",
        do=f"cycles/{CYCLE}/set-goals",
        body={"goals": [GOAL]},
        en="the president sets the goals of the year",
        zh="总裁设定年度目标",
    )
    for position, topic in (("MKT-HEAD", "市场"), ("FIN-HEAD", "资金")):
        yield Step(
            at="2025-11-12 10:00",
            by=position,
            do=f"cycles/{CYCLE}/collect-information",
            body={"topic": topic, "summary": f"{topic}情况汇总,详见附件"},
            en="a unit hands in information",
            zh=f"提交{topic}信息",
        )
    yield Step(
        at="2025-11-17 09:00",
        by="OPS-PLAN",
        do=f"cycles/{CYCLE}/start-drafting",
        en="the units draft",
        zh="各单位开始编制",
    )


def group_plan() -> Iterator[Step]:
    """Draft the group's annual plan, break its goal down, approve and publish it."""
    path = f"plans/{PLAN}"
    yield Step(
        at="2025-11-18 09:00",
        by="OPS-PLAN",
        do=f"{path}/draft",
        body={
            "kind": "annual",
            "title": "华翔集团2026年度经营计划",
            "unit": "HX",
            "valid_from": "2026-01-01",
            "valid_to": "2027-01-01",
            "goals": [GOAL],
            "cycle": CYCLE,
        },
        en="the group's annual plan is drafted",
        zh="编制集团年度经营计划",
    )
    yield Step(
        at="2025-11-18 09:10",
        by="OPS-PLAN",
        do=f"{path}/set-group-target",
        body={"goal": "G-SALES"},
        en="the one operating target of the group is set",
        zh="设定集团经营目标",
    )
    yield Step(
        at="2025-11-18 09:20",
        by="OPS-PLAN",
        do=f"{path}/decompose",
        body={
            "goal": "G-SALES",
            "roll_up": "sum",
            "shares": [
                {"unit": "BJ", "goal": "G-SALES-BJ", "value": "200000"},
                {"unit": "LG", "goal": "G-SALES-LG", "value": "100000"},
            ],
        },
        en="the goal is broken down; the shares cover it",
        zh="目标分解,覆盖率100%",
    )
    yield Step(
        at="2025-11-18 09:30",
        by="OPS-PLAN",
        do=f"{path}/submit",
        en="the plan is submitted",
        zh="提交计划",
    )
    yield from approval(
        case="C-PL-2026",
        subject=f"plan/{PLAN}",
        subject_hash=lambda memory: memory.data(f"plan/{PLAN}", "plan.submitted.v1")[
            "content_hash"
        ],
        item="annual-plan",
        initiator="OPS-PLAN",
        days=("2025-11-18", "2025-11-19", "2025-11-20", "2025-11-21", "2025-11-24", "2025-11-25"),
    )
    yield Step(
        at="2025-11-25 15:00",
        by="OPS-PLAN",
        do=f"{path}/approve",
        body={"case": "C-PL-2026"},
        en="the plan counts as approved",
        zh="计划获得批准",
    )
    yield Step(
        at="2025-11-25 16:00",
        by="OPS-PLAN",
        do=f"{path}/publish",
        body=lambda memory: {
            "content_hash": memory.data(f"plan/{PLAN}", "plan.approved.v1")["content_hash"]
        },
        en="the plan is published",
        zh="发布计划",
    )


def balancing_opened() -> Iterator[Step]:
    """Open the balancing session of the cycle."""
    yield Step(
        at="2025-12-10 13:30",
        by="OPS-PLAN",
        do=f"cycles/{CYCLE}/open-balancing",
        body={"session": "BAL-2026"},
        en="the balancing session is opened",
        zh="召开综合平衡会",
    )


def balancing_closed() -> Iterator[Step]:
    """Close the session once nothing stands against anything."""
    yield Step(
        at="2025-12-10 17:00",
        by="OPS-PLAN",
        do=f"cycles/{CYCLE}/close-balancing",
        en="the balancing session is closed",
        zh="综合平衡结束",
    )


def published() -> Iterator[Step]:
    """Publish and close the cycle after the letters are signed."""
    yield Step(
        at="2026-01-13 09:00",
        by="OPS-PLAN",
        do=f"cycles/{CYCLE}/publish",
        body={"plans": [PLAN]},
        en="the results of the cycle are published",
        zh="发布年度计划成果",
    )
    yield Step(
        at="2026-01-13 09:30",
        by="OPS-PLAN",
        do=f"cycles/{CYCLE}/close",
        en="the cycle is closed",
        zh="年度计划周期关闭",
    )
