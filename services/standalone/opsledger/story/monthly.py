"""Scenario S4: a monthly letter with an imposed and a deleted item, and a survey of its quarter."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from opsledger.story.approving import approval
from opsledger.story.chapters import Chapter
from opsledger.story.execution import paper
from opsledger.story.setting import (
    PARENT,
    RULEBOOK,
    agreed,
    collected,
    measured,
    measured_item,
    published,
)
from opsledger.story.step import Step

LETTER: Final = "DC-2026-03"
CYCLE: Final = "CY-2026-03"
ASSESSMENT: Final = "A-DC-2026-03"
SURVEY: Final = "S-DC-2026-Q1"
IMPOSED: Final = "AD-DC-F"
DELETED: Final = "AD-DC-D"
LATE: Final = "AD-DC-E"

_CENTRE: Final = {"unit": "DC", "person": "P-YU", "matrix_item": "monthly-letter"}


def cycle() -> Iterator[Step]:
    """Open the cycle of March and its balancing session."""
    for day, by, verb, body, en, zh in (
        (
            "2026-02-23 09:00",
            "OPS-PLAN",
            "open",
            {"period": "2026-03", "title": "2026年3月计划编制"},
            "the cycle of March is opened",
            "启动3月计划编制",
        ),
        (
            "2026-02-23 10:00",
            "PRESIDENT",
            "set-goals",
            {
                "goals": [
                    {
                        "goal": "G-DRAWING",
                        "name": "施工图按期出图率",
                        "indicator": "D-DRAWING",
                        "value": "100",
                        "unit": "%",
                    }
                ]
            },
            "the goal of the month is set",
            "设定当月目标",
        ),
        ("2026-02-23 11:00", "OPS-PLAN", "start-drafting", {}, "the units draft", "各单位编制"),
        (
            "2026-02-25 13:30",
            "OPS-PLAN",
            "open-balancing",
            {"session": "BAL-2026-03"},
            "the balancing session is opened",
            "召开月度平衡会",
        ),
        (
            "2026-02-25 17:00",
            "OPS-PLAN",
            "close-balancing",
            {},
            "the balancing session is closed",
            "月度平衡结束",
        ),
    ):
        yield Step(at=day, by=by, do=f"cycles/{CYCLE}/{verb}", body=body, en=en, zh=zh)


def letter() -> Iterator[Step]:
    """Bring the letter of March into force with five items of 30, 25, 20, 15 and 10."""
    items = [
        measured_item("A", "D-DRAWING", "30", "key", **_CENTRE),
        measured_item("B", "D-CHANGE", "25", "key", **_CENTRE),
        measured_item("C", "D-LIMIT", "20", "key", **_CENTRE),
        measured_item("D", "D-SHOWROOM", "15", "major", due="2026-03-27", **_CENTRE),
        measured_item("E", "D-REVIEW", "10", "ordinary", due="2026-03-25", **_CENTRE),
    ]
    return agreed(
        LETTER,
        kind="monthly",
        title="设计中心2026年3月目标责任书",
        unit="DC",
        head="DC-HEAD",
        person="P-YU",
        items=items,
        period="2026-03",
        parent=PARENT,
        balanced_in=(CYCLE, "BAL-2026-03"),
        days=(
            "2026-02-24",
            "2026-02-25",
            ("2026-02-26", "2026-02-27"),
            "2026-02-28",
        ),
    )


def _adjusted(
    adjustment: str,
    by: str,
    asked: dict[str, Any],
    terms: dict[str, Any],
    *,
    requested: str,
    evidence: str,
    decided: str,
) -> Iterator[Step]:
    """Request, prove, submit, approve and apply an adjustment of the letter."""
    path = f"adjustments/{adjustment}"
    yield Step(
        at=f"{requested} 09:00",
        by=by,
        do=f"{path}/request",
        body={"letter": LETTER, **asked},
        en=f"adjustment {adjustment} is requested: {asked['kind']} {asked['items'][0]}",
        zh=asked["requested_change"],
    )
    yield Step(
        at=f"{requested} 09:10",
        by=by,
        do=f"{path}/submit-evidence",
        body={"description": evidence, "evidence": [paper(evidence)]},
        en="the record is handed in",
        zh=f"提交{evidence}",
    )
    yield Step(
        at=f"{requested} 09:20",
        by=by,
        do=f"{path}/submit",
        body={"effective_from": decided, **terms},
        en="the terms are submitted for approval",
        zh="调整方案提交审批",
    )
    yield from approval(
        case=f"C-{adjustment}",
        subject=f"adjustment/{adjustment}",
        subject_hash=lambda memory: memory.data(
            f"adjustment/{adjustment}", "adjustment.submitted.v1"
        )["content_hash"],
        item="ordinary-adjustment",
        initiator=by,
        days=(requested, decided),
    )
    yield Step(
        at=f"{decided} 17:00",
        by="OPS-PLAN",
        do=f"{path}/approve",
        body={"case": f"C-{adjustment}"},
        en="the adjustment counts as approved",
        zh="调整获得批准",
    )
    yield Step(
        at=f"{decided} 17:10",
        by="OPS-PLAN",
        do=f"{path}/apply",
        en=f"letter {LETTER} is amended, its weights re-based exactly",
        zh=f"责任书 {LETTER} 变更,权重精确重算",
    )


def imposed() -> Iterator[Step]:
    """Let the group impose item F with weight 10 on 03-12, after consultation on record (R088)."""
    item = measured_item("F", "D-DISPLAY", "10", "major", due="2026-03-30", **_CENTRE)
    return _adjusted(
        IMPOSED,
        "PRESIDENT",
        {
            "items": ["F"],
            "kind": "add",
            "cause": "group_imposed",
            "requested_change": "集团增加示范区方案",
            "consultation": "GT-2026-03-DC",
            "evidence": [paper("与设计中心的沟通记录")],
        },
        {"treatment": "reweight", "added": [item]},
        requested="2026-03-12",
        evidence="与设计中心的沟通记录",
        decided="2026-03-12",
    )


def deleted() -> Iterator[Step]:
    """Delete item D, by then of weight 13.5, on 03-20 for an external cause."""
    return _adjusted(
        DELETED,
        "DC-HEAD",
        {
            "items": ["D"],
            "kind": "delete",
            "cause": "external",
            "requested_change": "政府暂停样板间审批,删除该项",
        },
        {"treatment": "exclude"},
        requested="2026-03-18",
        evidence="主管部门暂停审批通知",
        decided="2026-03-20",
    )


def refused() -> Iterator[Step]:
    """Refuse the unit's own change that is filed on the due date of item E."""
    yield Step(
        at="2026-03-25 10:00",
        by="DC-HEAD",
        do=f"adjustments/{LATE}/request",
        body={
            "letter": LETTER,
            "items": ["E"],
            "kind": "retarget",
            "cause": "self",
            "requested_change": "图纸会审目标下调",
        },
        refused="request_too_late",
        en="a change asked for on the due date is refused; the original terms stand",
        zh="期限当日的自行变更申请不予受理,按原定条款考核",
    )


_RATINGS: Final = {
    "FIN": "9.0",
    "COST": "8.5",
    "MKT": "8.0",
    "ENG": "9.5",
    "LEGAL": "6.0",
    "HR": "8.5",
    "AUDIT": "9.0",
}
_DIMENSIONS: Final = ("timeliness", "quality", "cooperation", "communication", "integrity")


def rated(
    survey: str,
    *,
    ratee: str,
    period: str,
    title: str,
    ratings: dict[str, str],
    days: tuple[str, str],
) -> Iterator[Step]:
    """Ask units for ratings on five dimensions, and close the survey; opened and closed on `days`."""
    path = f"surveys/{survey}"
    opened, closed = days
    yield Step(
        at=f"{opened} 08:30",
        by="OPS-PLAN",
        do=f"{path}/open",
        body=lambda memory: {
            "title": title,
            "period": period,
            "ratee": ratee,
            "raters": list(ratings),
            "form": "SATISFACTION-2026",
            "dimensions": list(_DIMENSIONS),
            "rulebook": memory.data(f"rulebook/{RULEBOOK}", "rulebook.published.v1")[
                "content_hash"
            ],
        },
        en=f"{len(ratings)} units are asked to rate {ratee}",
        zh=f"开展对 {ratee} 的满意度调查",
    )
    for unit, score in ratings.items():
        yield Step(
            at=f"{opened} 10:00",
            by=f"{unit}-HEAD",
            do=f"{path}/rate",
            body=_ballot(survey, unit, score),
            en=f"{unit} rates {ratee} with {score}",
            zh=f"{unit} 评分 {score}",
        )
    yield Step(
        at=f"{closed} 17:00",
        by="OPS-PLAN",
        do=f"{path}/close",
        en="the survey is closed",
        zh="调查结束",
    )


def _ballot(survey: str, unit: str, score: str) -> dict[str, Any]:
    return {
        "ballot": sha256(f"{survey} {unit}".encode()).hexdigest(),
        "scores": [{"dimension": dimension, "score": score} for dimension in _DIMENSIONS],
    }


def quarter_rated() -> Iterator[Step]:
    """Let seven units rate the design centre; its own rating of itself is refused."""
    yield from rated(
        SURVEY,
        ratee="DC",
        period="2026-Q1",
        title="2026年一季度部门满意度调查",
        ratings=_RATINGS,
        days=("2026-03-30", "2026-03-31"),
    )
    yield Step(
        at="2026-03-30 11:00",
        by="DC-HEAD",
        do=f"surveys/{SURVEY}/rate",
        body=_ballot(SURVEY, "DC", "10"),
        refused="own_unit_rated",
        en="the design centre cannot rate itself",
        zh="本单位不得自评",
    )


def scored() -> Iterator[Step]:
    """Measure, bind and score the month on revision 3 of its letter."""
    values = {
        "D-DRAWING": "100",
        "D-CHANGE": "90",
        "D-LIMIT": "80",
        "D-REVIEW": "100",
        "D-DISPLAY": "95",
    }
    yield from measured("DC", "2026-03", "2026-04-01 10:00", values, LETTER)
    yield from collected(
        ASSESSMENT,
        subject="DC",
        letter=LETTER,
        at="2026-04-07",
        bound=dict(zip("ABCEF", values, strict=True)),
        survey=SURVEY,
    )
    yield from published(ASSESSMENT, run=1, days=("2026-04-08", "2026-04-09"))


MONTHLY: Final = (
    Chapter("三月责任书", "the letter of March", (cycle, letter)),
    Chapter("增项与删项", "imposed, deleted, refused", (imposed, deleted, refused)),
    Chapter("满意度与计分", "rated and scored", (quarter_rated, scored)),
)
