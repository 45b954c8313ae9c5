"""What the stories of the monthly letter and of the veto share: the year 2026 under RB-2026.2."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from opsledger.story import founding, planning
from opsledger.story.approving import approval
from opsledger.story.cast import LATER_ROLES, LATER_UNITS
from opsledger.story.chapters import PEOPLE, Chapter
from opsledger.story.execution import paper
from opsledger.story.step import Memory, Step

RULEBOOK: Final = "RB-2026.2"
PARENT: Final = "DC-2026"
"""Annual letter of the design centre."""

Contents = Callable[[Memory], str]


def rulebook_revised() -> Iterator[Step]:
    """Follow the first rulebook with one that knows vetoes, bands of status and the group."""
    return founding.rulebook_published(
        RULEBOOK,
        case="C-RB-2026-2",
        drafted="2026-01-05",
        decided=("2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-12"),
        published="2026-01-14",
    )


INDICATORS: Final = (
    # id, title, owner
    ("R-SALES", "合同销售额完成率", "FIN"),
    ("R-COLLECTION", "回款额完成率", "FIN"),
    ("R-NODE", "节点完成率", "ENG"),
    ("R-SAFETY", "安全文明得分率", "ENG"),
    ("D-DRAWING", "施工图按期出图率", "ENG"),
    ("D-CHANGE", "设计变更控制率", "COST"),
    ("D-LIMIT", "限额设计达标率", "COST"),
    ("D-SHOWROOM", "样板间方案完成率", "MKT"),
    ("D-REVIEW", "图纸会审完成率", "ENG"),
    ("D-DISPLAY", "示范区方案完成率", "MKT"),
)
_TITLE: Final = {identifier: title for identifier, title, _ in INDICATORS}
_OWNER: Final = {identifier: owner for identifier, _, owner in INDICATORS}


def indicators() -> Iterator[Step]:
    """Define the indicators of the letters, each a percentage with its owner."""
    for identifier, title, owner in INDICATORS:
        yield Step(
            at="2025-11-03 09:00",
            by="OPS-PLAN",
            do=f"indicators/{identifier}/define",
            body={
                "title": title,
                "unit": "%",
                "direction": "higher_better",
                "formula": "实际完成 ÷ 计划 × 100",
                "source": "集团业务系统月结数据",
                "owner": owner,
                "frequency": "monthly",
                "precision": 1,
            },
            en=f"indicator {identifier} is defined",
            zh=f"定义指标:{title}",
        )


def measured_item(
    item: str,
    indicator: str,
    weight: str,
    level: str,
    *,
    unit: str,
    person: str,
    category: str = "operation",
    matrix_item: str = "annual-letter",
    **terms: Any,
) -> dict[str, Any]:
    """Give an item that is scored by a percentage of its target (SR-01)."""
    return {
        "item": item,
        "name": _TITLE[indicator],
        "category": category,
        "level": level,
        "weight": weight,
        "clause": "3.1",
        "matrix_item": matrix_item,
        "responsible": unit,
        "responsible_person": person,
        "data_owner": _OWNER[indicator],
        "indicator": indicator,
        "unit": "%",
        "target": "100",
        "completion_standard": f"以数据责任单位确认的{_TITLE[indicator]}为准",
        "deliverables": [f"{_TITLE[indicator]}报告"],
        **terms,
    }


def subsidiary_items(unit: str, person: str) -> list[dict[str, Any]]:
    """Give the four items of the annual letter of a subsidiary."""
    return [
        measured_item("L01", "R-SALES", "30", "key", unit=unit, person=person),
        measured_item("L02", "R-COLLECTION", "25", "key", unit=unit, person=person),
        measured_item("L03", "R-NODE", "25", "key", unit=unit, person=person, category="node"),
        measured_item(
            "L04", "R-SAFETY", "20", "ordinary", unit=unit, person=person, category="safety"
        ),
    ]


def _centre_items() -> list[dict[str, Any]]:
    centre = {"unit": "DC", "person": "P-YU"}
    return [
        measured_item("Y01", "D-DRAWING", "30", "key", **centre),
        measured_item("Y02", "D-CHANGE", "25", "key", **centre),
        measured_item("Y03", "D-LIMIT", "25", "key", **centre),
        measured_item("Y04", "D-REVIEW", "20", "ordinary", **centre),
    ]


def agreed(
    letter: str,
    *,
    kind: str,
    title: str,
    unit: str,
    head: str,
    person: str,
    items: list[dict[str, Any]],
    balanced_in: tuple[str, str],
    days: tuple[str, str, tuple[str, ...], str],
    **terms: Any,
) -> Iterator[Step]:
    """Draft, submit, balance, approve and sign a letter.

    `balanced_in` is the cycle and its session; `days` are those of the draft, of the balancing, of
    the approval, and of the signatures.
    """
    path = f"letters/{letter}"
    drafted, balanced, approved, signed = days
    cycle, session = balanced_in
    yield Step(
        at=f"{drafted} 09:00",
        by=head,
        do=f"{path}/draft",
        body={
            "kind": kind,
            "title": title,
            "issuer": "HX",
            "responsible_unit": unit,
            "responsible_person": person,
            "items": items,
            **terms,
        },
        en=f"letter {letter} is drafted with {len(items)} items",
        zh=f"起草{title}({len(items)}项)",
    )
    yield Step(
        at=f"{drafted} 09:30",
        by=head,
        do=f"{path}/submit",
        en=f"letter {letter} is submitted",
        zh=f"提交{title}",
    )
    yield Step(
        at=f"{balanced} 14:00",
        by="OPS-PLAN",
        do=f"{path}/balance",
        body={"cycle": cycle, "session": session},
        en=f"letter {letter} is balanced without a change",
        zh=f"{title}平衡无变更",
    )
    yield from approval(
        case=f"C-{letter}",
        subject=f"letter/{letter}",
        subject_hash=lambda memory: memory.data(f"letter/{letter}", "letter.balanced.v1")[
            "content_hash"
        ],
        item=f"{kind}-letter",
        initiator=head,
        days=approved,
    )
    yield Step(
        at=f"{approved[-1]} 17:00",
        by="OPS-PLAN",
        do=f"{path}/approve",
        body={"case": f"C-{letter}"},
        en=f"letter {letter} counts as approved",
        zh=f"{title}获得批准",
    )
    for party, signer in (("issuer", "PRESIDENT"), ("responsible", head)):
        yield Step(
            at=f"{signed} 10:00",
            by=signer,
            do=f"{path}/sign",
            body=_signature(letter, party),
            en=f"the {party} signs letter {letter}",
            zh=f"{'发出方' if party == 'issuer' else '责任方'}签署{title}",
        )


def _signature(letter: str, party: str) -> Callable[[Memory], dict[str, Any]]:
    return lambda memory: {
        "party": party,
        "content_hash": memory.data(f"letter/{letter}", "letter.approved.v1")["content_hash"],
    }


def annual(
    letter: str, title: str, unit: str, head: str, person: str, items: list[dict[str, Any]]
) -> Iterator[Step]:
    """Bring an annual letter into force on 2026-01-15."""
    return agreed(
        letter,
        kind="annual",
        title=title,
        unit=unit,
        head=head,
        person=person,
        items=items,
        period="2026",
        balanced_in=(planning.CYCLE, "BAL-2026"),
        days=(
            "2025-11-28",
            "2025-12-10",
            ("2025-12-11", "2025-12-12", "2025-12-15", "2025-12-16", "2025-12-18", "2025-12-22"),
            "2026-01-15",
        ),
    )


def centre_letter() -> Iterator[Step]:
    """Bring the annual letter of the design centre into force."""
    title = "设计中心2026年度目标责任书"
    return annual(PARENT, title, "DC", "DC-HEAD", "P-YU", _centre_items())


def measured(
    subject: str, period: str, at: str, values: dict[str, str], letter: str
) -> Iterator[Step]:
    """Record percentages, each by the head of the unit that owns the indicator."""
    for indicator, value in values.items():
        yield Step(
            at=at,
            by=f"{_OWNER[indicator]}-HEAD",
            do=f"measurements/M-{letter}-{indicator}/record",
            body={
                "indicator": indicator,
                "subject": subject,
                "period": period,
                "value": value,
                "unit": "%",
                "source_system": "集团业务系统",
                "evidence": [paper(f"{subject} {indicator} {period} 数据提取")],
            },
            en=f"{indicator} of {subject} in {period} is {value} %",
            zh=f"{subject} {period} {_TITLE[indicator]} {value}%",
        )


def collected(
    assessment: str, *, subject: str, letter: str, at: str, bound: dict[str, str], survey: str
) -> Iterator[Step]:
    """Open an assessment and bind what was measured; `bound` is the indicator of each item."""
    path = f"assessments/{assessment}"
    yield Step(
        at=f"{at} 09:00",
        by="OPS-SCORE",
        do=f"{path}/open",
        body={"subject": subject, "letter": letter},
        en=f"the assessment of {letter} is opened on the revision in force",
        zh=f"按 {letter} 现行版开启考核",
    )
    for item, indicator in bound.items():
        yield Step(
            at=f"{at} 09:10",
            by="OPS-SCORE",
            do=f"{path}/bind-measurement",
            body={"item": item, "measurement": f"M-{letter}-{indicator}"},
            en=f"the measured value of {item} is bound",
            zh=f"绑定 {item} 的实际值",
        )
    yield Step(
        at=f"{at} 09:20",
        by="OPS-SCORE",
        do=f"{path}/bind-survey",
        body={"survey": survey},
        en="the survey is bound",
        zh="绑定满意度调查",
    )


def published(assessment: str, *, run: int, days: tuple[str, str]) -> Iterator[Step]:
    """Freeze, calculate, review, approve, confirm and publish a run within two days."""
    path = f"assessments/{assessment}"
    first, second = days
    case = f"C-{assessment}-{run}"
    for at, verb, en, zh in (
        ("09:30", "freeze", "the inputs are frozen", "冻结输入"),
        ("09:40", "calculate", f"run {run} is calculated", f"第{run}次计算"),
    ):
        yield Step(at=f"{first} {at}", by="OPS-SCORE", do=f"{path}/{verb}", en=en, zh=zh)
    yield Step(
        at=f"{first} 09:50",
        by="COM-PANEL",
        do=f"{path}/review",
        body={"remarks": "输入与条款核对一致"},
        en="the run is reviewed by somebody else",
        zh="他人复核",
    )
    yield from approval(
        case=case,
        subject=f"assessment/{assessment}",
        subject_hash=lambda memory: memory.data(
            f"assessment/{assessment}", "assessment.score_calculated.v1"
        )["result_digest"],
        item="annual-result",
        initiator="OPS-SCORE",
        days=(first, first, second),
    )
    yield Step(
        at=f"{second} 17:00",
        by="COM-SECRETARY",
        do=f"{path}/confirm",
        body={"case": case},
        en="the committee confirms the run",
        zh="委员会审定",
    )
    yield Step(
        at=f"{second} 17:30",
        by="OPS-SCORE",
        do=f"{path}/publish",
        en="the score is published; the limit of appeal runs",
        zh="公布得分,申诉期开始",
    )


LATER_PEOPLE: Final = Chapter(
    "设计中心与安全管理部",
    "the design centre and the safety department",
    (lambda: founding.registered(LATER_UNITS, LATER_ROLES, LATER_ROLES),),
)

NEWCOMERS: Final = (PEOPLE, LATER_PEOPLE)
"""Chapters that the administrator writes before anybody else has a key."""

SETTING: Final = (
    Chapter(
        "权责与规则",
        "powers, calendars, both rulebooks, indicators",
        (founding.calendars, founding.authority_matrix, founding.rulebook, indicators),
    ),
    Chapter(
        "年度计划与设计中心年度责任书",
        "the annual cycle and the letter of the design centre",
        (
            planning.opened,
            planning.group_plan,
            centre_letter,
            planning.balancing_opened,
            planning.balancing_closed,
            rulebook_revised,
        ),
    ),
)
