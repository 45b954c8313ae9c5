"""The year 2026: work on the nodes, the flood, what was measured, how departments rated."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from opsledger.story.approving import approval
from opsledger.story.letters import LETTER, SECOND_LETTER
from opsledger.story.step import Step


def paper(title: str) -> dict[str, str]:
    """Bind an invented document by its digest."""
    return {
        "sha256": sha256(title.encode()).hexdigest(),
        "media": "application/pdf",
        "title": title,
    }


_NODES: Final = (
    # letter, item, head, name, work begins, evidence date, claimed, verified
    (LETTER, "N01", "BJ-GM", "示范区开放", "2026-01-15", "2026-06-08", "2026-06-09", "2026-06-10"),
    (LETTER, "N02", "BJ-GM", "取得预售证", "2026-02-02", "2026-06-28", "2026-06-29", "2026-06-30"),
    (LETTER, "N03", "BJ-GM", "主体封顶", "2026-03-02", "2026-10-30", "2026-10-30", "2026-11-02"),
    (
        SECOND_LETTER,
        "N05",
        "LG-GM",
        "二期开工",
        "2026-03-02",
        "2026-08-20",
        "2026-08-21",
        "2026-08-24",
    ),
)


def work_begun() -> Iterator[Step]:
    """Open and start the work on every node."""
    for letter, item, head, name, begins, *_ in _NODES:
        for verb, body in (("open", {"letter": letter, "item": item}), ("start", {})):
            yield Step(
                at=f"{begins} 09:00",
                by=head,
                do=f"work-items/W-{letter}-{item}/{verb}",
                body=body,
                en=f"work on {item} of {letter}: {verb}",
                zh=f"{name}:{'立项' if verb == 'open' else '启动'}",
            )
    yield Step(
        at="2026-04-30 17:00",
        by="BJ-GM",
        do=f"work-items/W-{LETTER}-N01/report-progress",
        body={"percent": 70, "planned_percent": 75, "forecast": "2026-05-29", "note": "外立面收尾"},
        en="progress on N01 is behind plan, so a forecast is stated",
        zh="示范区进度落后,预计按期",
    )


def work_done(letter: str) -> Iterator[Step]:
    """Claim and verify each node of a letter by its dated acceptance record."""
    for of_letter, item, head, name, _, evidence, claimed, verified in _NODES:
        if of_letter != letter:
            continue
        path = f"work-items/W-{letter}-{item}"
        if item in {"N01", "N05"}:
            yield Step(
                at=f"{claimed} 08:30",
                by=head,
                do=f"{path}/explain-deviation",
                body={"cause": "force_majeure", "text": "暴雨洪水导致现场停工"},
                en=f"the lateness of {item} is explained by its cause",
                zh=f"说明{name}滞后原因",
            )
        yield Step(
            at=f"{claimed} 09:00",
            by=head,
            do=f"{path}/claim-completion",
            body={"evidence_date": evidence, "deliverables": [paper(f"{name}验收记录")]},
            en=f"completion of {item} is claimed by evidence of {evidence}",
            zh=f"{name}申报完成,证据日期 {evidence}",
        )
        yield Step(
            at=f"{verified} 15:00",
            by="OPS-PLAN",
            do=f"{path}/verify-completion",
            body={"quality": "met"},
            en=f"time and quality of {item} are verified",
            zh=f"核实{name}的时间与质量",
        )


def force_majeure(
    *,
    adjustment: str,
    letter: str,
    item: str,
    head: str,
    occurred: tuple[str, str],
    notified: str,
    requested: str,
    proved: str,
    assessed: str,
    granted_days: int,
    approved: tuple[str, ...],
) -> Iterator[Step]:
    """Notify, request, prove, assess, approve and apply a force-majeure adjustment."""
    path = f"adjustments/{adjustment}"
    occurred_from, occurred_to = occurred
    yield Step(
        at=f"{notified} 10:00",
        by=head,
        do=f"{path}/notify-force-majeure",
        body={
            "letter": letter,
            "items": [item],
            "event_class": "natural_disaster",
            "occurred_from": occurred_from,
        },
        en=f"force majeure is notified for {item} of {letter}",
        zh=f"就 {item} 通报不可抗力",
    )
    yield Step(
        at=f"{requested} 10:00",
        by=head,
        do=f"{path}/request-after-notice",
        body={
            "requested_change": f"{item} 顺延受影响的关键线路天数",
            "occurred_to": occurred_to,
        },
        en=f"an extension of {item} is requested before its due date",
        zh=f"在原定期限前申请 {item} 顺延",
    )
    yield Step(
        at=f"{proved} 10:00",
        by=head,
        do=f"{path}/submit-evidence",
        body={
            "description": "气象部门证明与停工记录",
            "evidence": [paper("气象灾害证明"), paper("停工记录")],
        },
        en="proof is handed in",
        zh="提交证明材料",
    )
    yield Step(
        at=f"{assessed} 09:00",
        by="ENG-HEAD",
        do=f"{path}/assess-impact",
        body={
            "critical_path_days": granted_days,
            "method": "关键线路法",
            "mitigation": "已增加两个班组并夜间抽排水",
        },
        en=f"the impact is {granted_days} critical-path days",
        zh=f"影响评估:关键线路 {granted_days} 天",
    )
    yield Step(
        at=f"{assessed} 10:00",
        by=head,
        do=f"{path}/submit",
        body={
            "treatment": "extend",
            "granted_days": granted_days,
            "effective_from": approved[-1],
        },
        en="the extension is submitted for approval",
        zh="顺延方案提交审批",
    )
    yield from approval(
        case=f"C-{adjustment}",
        subject=f"adjustment/{adjustment}",
        subject_hash=lambda memory: memory.data(
            f"adjustment/{adjustment}", "adjustment.submitted.v1"
        )["content_hash"],
        item="force-majeure",
        initiator=head,
        days=(assessed, *approved),
    )
    yield Step(
        at=f"{approved[-1]} 17:00",
        by="OPS-PLAN",
        do=f"{path}/approve",
        body={"case": f"C-{adjustment}"},
        en="the adjustment counts as approved",
        zh="调整获得批准",
    )
    yield Step(
        at=f"{approved[-1]} 17:10",
        by="OPS-PLAN",
        do=f"{path}/apply",
        en=f"letter {letter} is amended: revision 2",
        zh=f"责任书 {letter} 变更为第2版",
    )


def flood() -> Iterator[Step]:
    """Adjust N01 of 滨江公司 after the flood of 2026-05-18 to 05-22 by five days."""
    return force_majeure(
        adjustment="AD-N01",
        letter=LETTER,
        item="N01",
        head="BJ-GM",
        occurred=("2026-05-18", "2026-05-22"),
        notified="2026-05-20",
        requested="2026-05-21",
        proved="2026-06-01",
        assessed="2026-06-02",
        granted_days=5,
        approved=("2026-06-02", "2026-06-03", "2026-06-04"),
    )


def typhoon() -> Iterator[Step]:
    """Adjust N05 of 临港公司 after the typhoon of 2026-07-20 to 07-23 by four days."""
    return force_majeure(
        adjustment="AD-N05",
        letter=SECOND_LETTER,
        item="N05",
        head="LG-GM",
        occurred=("2026-07-20", "2026-07-23"),
        notified="2026-07-21",
        requested="2026-07-22",
        proved="2026-07-30",
        assessed="2026-07-31",
        granted_days=4,
        approved=("2026-08-03", "2026-08-04", "2026-08-05"),
    )


_MEASURED: Final = (
    # item, indicator, unit of measure, owner's position, source, 滨江公司, 临港公司
    ("I01", "SALES", "万元", "FIN-HEAD", "明源ERP", "210000", "104000"),
    ("I02", "COLLECTION", "万元", "FIN-HEAD", "资金系统", "127500", "76000"),
    ("I03", "PROFIT", "万元", "FIN-HEAD", "财务系统", "12500", None),
    ("I04", "COST-RATIO", "%", "COST-HEAD", "成本系统", "8.25", None),
    ("M01", "SOP", "%", "AUDIT-HEAD", "流程平台", "90.25", "95"),
    ("M02", "CUSTOMER", "分", "MKT-HEAD", "第三方调查", "88", "86"),
)


def measured() -> Iterator[Step]:
    """Record the actual values of the year by the units that own the figures."""
    for item, indicator, unit, owner, source, *values in _MEASURED:
        for subject, value in zip(("BJ", "LG"), values, strict=True):
            if value is not None:
                yield Step(
                    at="2027-01-11 10:00",
                    by=owner,
                    do=f"measurements/M-{subject}-{item}/record",
                    body={
                        "indicator": indicator,
                        "subject": subject,
                        "period": "2026",
                        "value": value,
                        "unit": unit,
                        "source_system": source,
                        "evidence": [paper(f"{subject} {indicator} 2026 数据提取")],
                    },
                    en=f"{indicator} of {subject} is {value} {unit}",
                    zh=f"{subject} {indicator} 实际值 {value}{unit}",
                )


_RATINGS: Final = {
    "FIN-HEAD": "9.0",
    "COST-HEAD": "8.5",
    "MKT-HEAD": "8.0",
    "ENG-HEAD": "9.5",
    "LEGAL-HEAD": "6.0",
    "HR-HEAD": "8.5",
    "AUDIT-HEAD": "9.0",
}
_DIMENSIONS: Final = ("timeliness", "quality", "cooperation", "communication", "integrity")


def rated(subject: str) -> Iterator[Step]:
    """Let seven units rate a subsidiary on five dimensions."""
    path = f"surveys/S-{subject}-2026"
    yield Step(
        at="2027-01-05 09:00",
        by="OPS-PLAN",
        do=f"{path}/open",
        body=lambda memory: {
            "title": "2026年度部门满意度调查",
            "period": "2026",
            "ratee": subject,
            "raters": [position.removesuffix("-HEAD") for position in _RATINGS],
            "form": "SATISFACTION-2026",
            "dimensions": list(_DIMENSIONS),
            "rulebook": memory.data("rulebook/RB-2026.1", "rulebook.published.v1")["content_hash"],
        },
        en=f"seven units are asked to rate {subject}",
        zh=f"开展对 {subject} 的满意度调查",
    )
    for position, score in _RATINGS.items():
        yield Step(
            at="2027-01-06 10:00",
            by=position,
            do=f"{path}/rate",
            body=_ballot(subject, position, score),
            en=f"{position} rates {subject} with {score}",
            zh=f"{position} 评分 {score}",
        )
    yield Step(
        at="2027-01-08 17:00",
        by="OPS-PLAN",
        do=f"{path}/close",
        en="the survey is closed: 86.00",
        zh="调查结束,满意度 86.00",
    )


def _ballot(subject: str, position: str, score: str) -> dict[str, Any]:
    return {
        "ballot": sha256(f"{subject} {position}".encode()).hexdigest(),
        "scores": [{"dimension": dimension, "score": score} for dimension in _DIMENSIONS],
    }
