"""Scenario S1: the annual letters of 滨江公司 and 临港公司, drafted, balanced, approved, signed."""

from collections.abc import Iterator
from typing import Any, Final

from opsledger.story.approving import approval
from opsledger.story.step import Step

LETTER: Final = "BJ-2026"
SECOND_LETTER: Final = "LG-2026"
PERIOD: Final = "2026"


def _value_item(
    item: str,
    name: str,
    weight: str,
    clause: str,
    indicator: str,
    unit: str,
    owner: str,
    *,
    level: str = "key",
    **terms: Any,
) -> dict[str, Any]:
    return {
        "item": item,
        "name": name,
        "category": "operation" if level == "key" else "management",
        "level": level,
        "weight": weight,
        "clause": clause,
        "matrix_item": "annual-letter",
        "responsible_person": "P-CHEN",
        "data_owner": owner,
        "indicator": indicator,
        "unit": unit,
        "completion_standard": f"以数据责任单位确认的{name}为准",
        "deliverables": [f"{name}年度报告"],
        "contributes_to": "G-SALES",
        **terms,
    }


def _node_item(
    item: str, name: str, weight: str, node_level: int, due: str, supporting: list[str]
) -> dict[str, Any]:
    return {
        "item": item,
        "name": name,
        "category": "node",
        "level": "key",
        "weight": weight,
        "clause": "3.8",
        "matrix_item": "reschedule-node-1",
        "responsible_person": "P-CHEN",
        "data_owner": "OPS",
        "completion_standard": f"{name}完成并通过验收",
        "deliverables": [f"{name}验收记录"],
        "node_level": node_level,
        "start": "2026-01-05",
        "due": due,
        "supporting": supporting,
        "contributes_to": "G-SALES",
    }


def items(responsible: str, person: str) -> list[dict[str, Any]]:
    """Give the nine items of the letter of 滨江公司, as first drafted: weights total 99, I02 145,000."""
    drafted = [
        _value_item(
            "I01",
            "合同销售额",
            "20",
            "3.2",
            "SALES",
            "万元",
            "FIN",
            threshold="160000",
            target="200000",
            stretch="240000",
        ),
        _value_item("I02", "回款额", "14", "3.1", "COLLECTION", "万元", "FIN", target="145000"),
        _value_item("I03", "净利润", "15", "3.3", "PROFIT", "万元", "FIN", target="12000"),
        _value_item(
            "I04",
            "成本费用率",
            "10",
            "3.7",
            "COST-RATIO",
            "%",
            "COST",
            level="major",
            target="8.0",
        ),
        _node_item("N01", "示范区开放", "10", 1, "2026-05-29", ["MKT"]),
        _node_item("N02", "取得预售证", "10", 1, "2026-06-30", []),
        _node_item("N03", "主体封顶", "8", 2, "2026-10-30", ["ENG"]),
        _value_item(
            "M01", "SOP覆盖率", "6", "3.1", "SOP", "%", "AUDIT", level="ordinary", target="95"
        ),
        _value_item("M02", "客户满意度", "6", "3.4", "CUSTOMER", "分", "MKT", level="ordinary"),
    ]
    return [item | {"responsible": responsible, "responsible_person": person} for item in drafted]


def second_items() -> list[dict[str, Any]]:
    """Give the five items of the letter of 临港公司."""
    drafted = [
        _value_item(
            "I01",
            "合同销售额",
            "30",
            "3.2",
            "SALES",
            "万元",
            "FIN",
            threshold="80000",
            target="100000",
            stretch="120000",
        ),
        _value_item("I02", "回款额", "25", "3.1", "COLLECTION", "万元", "FIN", target="80000"),
        _node_item("N05", "二期开工", "20", 2, "2026-08-14", []),
        _value_item(
            "M01", "SOP覆盖率", "15", "3.1", "SOP", "%", "AUDIT", level="ordinary", target="95"
        ),
        _value_item("M02", "客户满意度", "10", "3.4", "CUSTOMER", "分", "MKT", level="ordinary"),
    ]
    return [item | {"responsible": "LG", "responsible_person": "P-GAO"} for item in drafted]


def drafted() -> Iterator[Step]:
    """Draft the letter of 滨江公司; the lint refuses a version whose weights total 99."""
    path = f"letters/{LETTER}"
    yield Step(
        at="2025-11-28 09:00",
        by="BJ-GM",
        do=f"{path}/draft",
        body={
            "kind": "annual",
            "title": "滨江公司2026年度目标责任书",
            "period": PERIOD,
            "issuer": "HX",
            "responsible_unit": "BJ",
            "responsible_person": "P-CHEN",
            "plan": "PL-2026",
            "items": items("BJ", "P-CHEN"),
        },
        en="the letter of 滨江公司 is drafted with nine items",
        zh="滨江公司起草2026年度目标责任书(九项)",
    )
    yield Step(
        at="2025-11-28 09:10",
        by="BJ-GM",
        do=f"{path}/submit",
        refused="letter_not_acceptable",
        en="the lint refuses it: the weights total 99",
        zh="规则检查拒绝提交:权重合计为99",
    )
    yield Step(
        at="2025-11-28 09:20",
        by="BJ-GM",
        do=f"{path}/revise-item",
        body={"item": "I02", "values": {"weight": "15"}},
        en="the weight of I02 is set to 15",
        zh="回款额权重改为15",
    )
    yield Step(
        at="2025-11-28 09:30",
        by="BJ-GM",
        do=f"{path}/submit",
        en="the letter is submitted",
        zh="提交责任书",
    )


def committed() -> Iterator[Step]:
    """Commit laterally: marketing gives, engineering refuses and is settled with."""
    path = f"letters/{LETTER}"
    yield Step(
        at="2025-12-01 09:00",
        by="MKT-HEAD",
        do=f"{path}/give-commitment",
        body={"item": "N01", "what": "示范区精装布展完成", "by_when": "2026-05-15"},
        en="marketing commits to the show-area fit-out by 05-15",
        zh="营销中心承诺5月15日前完成示范区布展",
    )
    yield Step(
        at="2025-12-01 09:30",
        by="ENG-HEAD",
        do=f"{path}/refuse-commitment",
        body={"item": "N03", "what": "塔吊与班组支持", "reason": "与二期开工争用塔吊"},
        en="engineering refuses to support N03",
        zh="工程中心拒绝支持N03",
    )
    yield Step(
        at="2025-12-01 10:00",
        by="BJ-GM",
        do="conflicts/CF-N03/submit",
        body={
            "parties": ["BJ", "ENG"],
            "category": "resource",
            "matter": "主体封顶所需塔吊与二期开工冲突",
            "subject": f"letter/{LETTER}",
        },
        en="the conflict is submitted; it is due in three working days",
        zh="提交冲突,三个工作日内解决",
    )
    yield Step(
        at="2025-12-02 09:00",
        by="OPS-HEAD",
        do="conflicts/CF-N03/mediate",
        en="operations mediates",
        zh="计划运营部协调",
    )
    yield Step(
        at="2025-12-03 16:00",
        by="OPS-HEAD",
        do="conflicts/CF-N03/settle",
        body={"settlement": "工程中心自9月起调配一台塔吊"},
        en="they settle on the third working day",
        zh="第三个工作日达成一致",
    )
    yield Step(
        at="2025-12-03 16:30",
        by="ENG-HEAD",
        do=f"{path}/give-commitment",
        body={"item": "N03", "what": "调配一台塔吊", "by_when": "2026-09-01"},
        en="engineering commits to one tower crane",
        zh="工程中心承诺调配一台塔吊",
    )
    yield Step(
        at="2025-12-03 17:00",
        by="OPS-HEAD",
        do="conflicts/CF-N03/close",
        en="the conflict is closed",
        zh="冲突关闭",
    )


def second_drafted() -> Iterator[Step]:
    """Draft and submit the letter of 临港公司."""
    path = f"letters/{SECOND_LETTER}"
    yield Step(
        at="2025-11-28 10:00",
        by="LG-GM",
        do=f"{path}/draft",
        body={
            "kind": "annual",
            "title": "临港公司2026年度目标责任书",
            "period": PERIOD,
            "issuer": "HX",
            "responsible_unit": "LG",
            "responsible_person": "P-GAO",
            "plan": "PL-2026",
            "items": second_items(),
        },
        en="the letter of 临港公司 is drafted with five items",
        zh="临港公司起草2026年度目标责任书(五项)",
    )
    yield Step(
        at="2025-11-28 10:10",
        by="LG-GM",
        do=f"{path}/submit",
        en="the letter of 临港公司 is submitted",
        zh="临港公司提交责任书",
    )


def balanced() -> Iterator[Step]:
    """Balance both letters in one session; I02 of 滨江公司 moves from 145,000 to 150,000."""
    yield Step(
        at="2025-12-10 14:00",
        by="OPS-PLAN",
        do=f"letters/{LETTER}/balance",
        body={
            "cycle": "CY-2026",
            "session": "BAL-2026",
            "revised": [{"item": "I02", "values": {"target": "150000"}}],
        },
        en="balancing moves I02 from 145,000 to 150,000",
        zh="综合平衡:回款额由145,000调至150,000",
    )
    yield Step(
        at="2025-12-10 14:30",
        by="OPS-PLAN",
        do=f"letters/{SECOND_LETTER}/balance",
        body={"cycle": "CY-2026", "session": "BAL-2026"},
        en="the letter of 临港公司 is balanced without a change",
        zh="临港公司责任书平衡无变更",
    )


def approved_and_signed() -> Iterator[Step]:
    """Approve each letter along the matrix and have both parties sign the same hash."""
    for letter, head in ((LETTER, "BJ-GM"), (SECOND_LETTER, "LG-GM")):
        case = f"C-{letter}"
        yield from approval(
            case=case,
            subject=f"letter/{letter}",
            subject_hash=_balanced_hash(letter),
            item="annual-letter",
            initiator=head,
            days=(
                "2025-12-11",
                "2025-12-12",
                "2025-12-15",
                "2025-12-16",
                "2025-12-18",
                "2025-12-22",
            ),
        )
        yield Step(
            at="2025-12-24 09:00",
            by="OPS-PLAN",
            do=f"letters/{letter}/approve",
            body={"case": case},
            en=f"letter {letter} counts as approved",
            zh=f"责任书 {letter} 获得批准",
        )
    for letter, head in ((LETTER, "BJ-GM"), (SECOND_LETTER, "LG-GM")):
        for party, signer in (("issuer", "PRESIDENT"), ("responsible", head)):
            yield Step(
                at="2026-01-12 10:00",
                by=signer,
                do=f"letters/{letter}/sign",
                body=_signature(letter, party),
                en=f"the {party} signs letter {letter}",
                zh=f"{'发出方' if party == 'issuer' else '责任方'}签署责任书 {letter}",
            )


def _balanced_hash(letter: str) -> Any:
    return lambda memory: memory.data(f"letter/{letter}", "letter.balanced.v1")["content_hash"]


def _signature(letter: str, party: str) -> Any:
    return lambda memory: {
        "party": party,
        "content_hash": memory.data(f"letter/{letter}", "letter.approved.v1")["content_hash"],
    }
