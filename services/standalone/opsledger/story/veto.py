"""Scenario S5: a fatal accident strikes a published score; later its determination is revoked."""

from collections.abc import Iterator
from typing import Any, Final

from opsledger.story import planning
from opsledger.story.chapters import Chapter
from opsledger.story.execution import paper
from opsledger.story.monthly import rated
from opsledger.story.setting import (
    PARENT,
    annual,
    collected,
    measured,
    published,
    subsidiary_items,
)
from opsledger.story.step import Step

LETTER: Final = "LG-2026"
ASSESSMENT: Final = "A-LG-2026"
INCIDENT: Final = "IN-2026-11"
DISTRIBUTION: Final = "D-LG-2026"
GROUP: Final = "GS-2026"
HEADCOUNT: Final = 23

_SUBSIDIARY: Final = {"L01": "R-SALES", "L02": "R-COLLECTION", "L03": "R-NODE", "L04": "R-SAFETY"}
_CENTRE: Final = {"Y01": "D-DRAWING", "Y02": "D-CHANGE", "Y03": "D-LIMIT", "Y04": "D-REVIEW"}
_SCORED: Final = (
    # unit, letter, indicator by item, percentages by item, rating by every unit
    ("LG", LETTER, _SUBSIDIARY, ("90", "88", "86", "87.5"), "8.2"),
    ("BJ", "BJ-2026", _SUBSIDIARY, ("112", "112", "110", "112"), "9.3"),
    ("DC", PARENT, _CENTRE, ("94", "94", "94", "94"), "9.2"),
)
_RATERS: Final = ("FIN", "COST", "MKT", "ENG", "LEGAL", "HR", "AUDIT")


def letters() -> Iterator[Step]:
    """Bring the annual letters of both subsidiaries into force."""
    for letter, name, unit, head, person in (
        (LETTER, "临港公司", "LG", "LG-GM", "P-GAO"),
        ("BJ-2026", "滨江公司", "BJ", "BJ-GM", "P-CHEN"),
    ):
        items = subsidiary_items(unit, person)
        yield from annual(letter, f"{name}2026年度目标责任书", unit, head, person, items)


def accident() -> Iterator[Step]:
    """Report the accident of 2026-11-20 in time; nothing is determined yet."""
    yield Step(
        at="2026-11-20 18:00",
        by="LG-GM",
        do=f"incidents/{INCIDENT}/report",
        body={
            "category": "work_safety",
            "accident_date": "2026-11-20",
            "unit": "LG",
            "description": "二期基坑坍塌,一人死亡",
        },
        en="a fatal accident is reported; its determination takes months",
        zh="报告死亡事故,等待认定",
    )


def year_measured() -> Iterator[Step]:
    """Measure the year and let every unit be rated."""
    for unit, letter, indicators, values, rating in _SCORED:
        by_indicator = dict(zip(indicators.values(), values, strict=True))
        yield from measured(unit, "2026", "2027-01-11 10:00", by_indicator, letter)
        yield from rated(
            f"S-{unit}-2026",
            ratee=unit,
            period="2026",
            title="2026年度部门满意度调查",
            ratings=dict.fromkeys(_RATERS, rating),
            days=("2027-01-06", "2027-01-08"),
        )


def first_scores() -> Iterator[Step]:
    """Score three units; 临港公司 gets 88.40 with one bonus point, and its score becomes final."""
    for unit, letter, indicators, _, _ in _SCORED:
        assessment = f"A-{letter}"
        yield from collected(
            assessment,
            subject=unit,
            letter=letter,
            at="2027-01-18",
            bound=indicators,
            survey=f"S-{unit}-2026",
        )
        if assessment == ASSESSMENT:
            yield Step(
                at="2027-01-18 09:30",
                by="OPS-SCORE",
                do=f"assessments/{assessment}/grant-bonus",
                body={
                    "clause": "4.2",
                    "points": "1",
                    "reason": "获评示范工地",
                    "evidence": [paper("示范工地证书")],
                },
                en="one bonus point is granted with its evidence",
                zh="加1分并附证据",
            )
        yield from published(assessment, run=1, days=("2027-01-27", "2027-01-28"))
    yield Step(
        at="2027-02-05 09:00",
        by="OPS-SCORE",
        do=f"assessments/{ASSESSMENT}/finalise",
        en="the limit has passed: the score is final",
        zh="申诉期满,得分最终确定",
    )


def quotas() -> Iterator[Step]:
    """Derive the quotas of 临港公司 from grade B, and the status of the group."""
    yield Step(
        at="2027-01-29 09:00",
        by="HR-HEAD",
        do=f"distributions/{DISTRIBUTION}/derive",
        body={"assessment": ASSESSMENT, "headcount": HEADCOUNT},
        en=f"quotas for {HEADCOUNT} persons are derived from grade B",
        zh=f"按B级推导 {HEADCOUNT} 人的名额",
    )
    yield Step(
        at="2027-01-29 10:00",
        by="OPS-SCORE",
        do=f"group-statuses/{GROUP}/calculate",
        body={
            "period": "2026",
            "basis": f"{planning.PLAN} 合同销售额目标分解",
            "weights": [
                {"unit": "BJ", "weight": "200000"},
                {"unit": "LG", "weight": "100000"},
                {"unit": "DC", "weight": "10"},
            ],
        },
        en="the operating status of the group is calculated",
        zh="核算集团运营状态",
    )


def struck() -> Iterator[Step]:
    """Determine main responsibility on 2027-02-25 and score again: 59.99, E, no bonus."""
    yield Step(
        at="2027-02-25 08:30",
        by="SAFETY-HEAD",
        do=f"incidents/{INCIDENT}/determine",
        body={
            "severity": "fatal",
            "responsibility": [{"unit": "LG", "degree": "主要责任"}],
            "document": "安委办认定书 2027-02-25",
        },
        en="the accident of 11-20 is determined: fatal, main responsibility",
        zh="认定11月20日事故:死亡,主要责任",
    )
    yield from _scored_again(
        run=2,
        days=("2027-02-25", "2027-02-26"),
        reason="事故认定:一票否决",
        en="the published score is opened again: the accident lies in its year",
        zh="重开考核:事故日期在考核期内",
    )


def lifted() -> Iterator[Step]:
    """Revoke the determination on 2027-05-10 and score again: 88.40."""
    yield Step(
        at="2027-05-10 08:30",
        by="SAFETY-HEAD",
        do=f"incidents/{INCIDENT}/revoke-determination",
        body={"document": "上级机关复核:无责任"},
        en="the superior authority finds no responsibility",
        zh="上级机关改为无责任",
    )
    yield from _scored_again(
        run=3,
        days=("2027-05-10", "2027-05-11"),
        reason="认定被撤销:解除一票否决",
        en="the score is opened again: the veto has lost its ground",
        zh="重开考核:一票否决失去依据",
    )


def _scored_again(
    *, run: int, days: tuple[str, str], reason: str, en: str, zh: str
) -> Iterator[Step]:
    first, second = days
    body: dict[str, Any] = {
        "cause": "veto",
        "cause_stream": f"incident/{INCIDENT}",
        "reason": reason,
    }
    yield Step(
        at=f"{first} 09:00",
        by="OPS-SCORE",
        do=f"assessments/{ASSESSMENT}/reopen",
        body=body,
        en=en,
        zh=zh,
    )
    yield from published(ASSESSMENT, run=run, days=days)
    yield Step(
        at=f"{second} 18:00",
        by="HR-HEAD",
        do=f"distributions/{DISTRIBUTION}/rederive",
        en="the quotas of individual grades follow the new grade",
        zh="按新等级重新推导名额",
    )
    yield Step(
        at=f"{second} 18:10",
        by="OPS-SCORE",
        do=f"group-statuses/{GROUP}/recalculate",
        en="the status of the group follows the new score",
        zh="重新核算集团运营状态",
    )


VETO: Final = (
    Chapter("子公司年度责任书", "annual letters of the subsidiaries", (letters,)),
    Chapter("事故与年度计分", "the accident, and the year scored", (accident, year_measured)),
    Chapter("公布", "published", (first_scores, quotas)),
    Chapter("一票否决", "the veto", (struck,)),
    Chapter("解除", "the veto lifted", (lifted,)),
)
