"""Scoring of 2026: inputs bound and frozen, calculated, confirmed, published, and individual quotas."""

from collections.abc import Iterator
from typing import Final

from opsledger.story.approving import approval
from opsledger.story.letters import LETTER, SECOND_LETTER
from opsledger.story.step import Step

ASSESSMENT: Final = "A-BJ-2026"
SECOND_ASSESSMENT: Final = "A-LG-2026"
DISTRIBUTION: Final = "D-BJ-2026"
HEADCOUNT: Final = 23

_ITEMS: Final = {
    "BJ": ("I01", "I02", "I03", "I04", "M01", "M02"),
    "LG": ("I01", "I02", "M01", "M02"),
}
_NODES: Final = {"BJ": ("N01", "N02", "N03"), "LG": ("N05",)}


def collected(subject: str, assessment: str, letter: str) -> Iterator[Step]:
    """Open the assessment on revision 1, by mistake, and bind what was measured."""
    path = f"assessments/{assessment}"
    yield Step(
        at="2027-01-18 09:00",
        by="OPS-SCORE",
        do=f"{path}/open",
        body={"subject": subject, "letter": letter, "letter_revision": 1},
        en=f"the scorer binds revision 1 of {letter}, though revision 2 is in force",
        zh=f"计分人绑定了 {letter} 第1版,而现行为第2版",
    )
    for item in _ITEMS[subject]:
        yield Step(
            at="2027-01-18 10:00",
            by="OPS-SCORE",
            do=f"{path}/bind-measurement",
            body={"item": item, "measurement": f"M-{subject}-{item}"},
            en=f"the measured value of {item} is bound",
            zh=f"绑定 {item} 的实际值",
        )
    for item in _NODES[subject]:
        yield Step(
            at="2027-01-18 10:30",
            by="OPS-SCORE",
            do=f"{path}/bind-completion",
            body={"item": item, "work_item": f"W-{letter}-{item}"},
            en=f"the verified completion of {item} is bound",
            zh=f"绑定 {item} 的完成证据",
        )
    yield Step(
        at="2027-01-18 11:00",
        by="OPS-SCORE",
        do=f"{path}/bind-survey",
        body={"survey": f"S-{subject}-2026"},
        en="the survey is bound",
        zh="绑定满意度调查",
    )


def scored(
    assessment: str,
    *,
    run: int,
    frozen: str,
    reviewed: str,
    approved: tuple[str, ...],
    confirmed: str,
    published: str,
) -> Iterator[Step]:
    """Freeze, calculate, review, approve, confirm and publish one run."""
    path = f"assessments/{assessment}"
    case = f"C-{assessment}-{run}"
    yield Step(
        at=f"{frozen} 09:00",
        by="OPS-SCORE",
        do=f"{path}/freeze",
        en="the inputs are frozen",
        zh="冻结输入",
    )
    yield Step(
        at=f"{frozen} 10:00",
        by="OPS-SCORE",
        do=f"{path}/calculate",
        en=f"run {run} is calculated",
        zh=f"第{run}次计算",
    )
    yield Step(
        at=f"{reviewed} 09:00",
        by="OPS-REPLAY" if run > 1 else "COM-PANEL",
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
        days=(reviewed, *approved),
    )
    yield Step(
        at=f"{confirmed} 09:00",
        by="COM-SECRETARY",
        do=f"{path}/confirm",
        body={"case": case},
        en="the committee confirms the run",
        zh="委员会审定",
    )
    yield Step(
        at=f"{published} 09:00",
        by="OPS-SCORE",
        do=f"{path}/publish",
        en="the score is published; the limit of appeal runs",
        zh="公布得分,申诉期开始",
    )


def first_scores() -> Iterator[Step]:
    """Score both subsidiaries, each on the superseded revision."""
    for subject, assessment, letter in (
        ("BJ", ASSESSMENT, LETTER),
        ("LG", SECOND_ASSESSMENT, SECOND_LETTER),
    ):
        yield from collected(subject, assessment, letter)
    for assessment in (ASSESSMENT, SECOND_ASSESSMENT):
        yield from scored(
            assessment,
            run=1,
            frozen="2027-01-20",
            reviewed="2027-01-21",
            approved=("2027-01-22", "2027-01-25", "2027-01-26"),
            confirmed="2027-01-27",
            published="2027-01-28",
        )


_STAFF: Final = (("P-CHEN", "90"), ("P-LIN", "88"))
"""Persons with the individual scores that HR states."""


def quotas() -> Iterator[Step]:
    """Derive the quotas of individual grades from the published score."""
    yield Step(
        at="2027-01-29 09:00",
        by="HR-HEAD",
        do=f"distributions/{DISTRIBUTION}/derive",
        body={"assessment": ASSESSMENT, "headcount": HEADCOUNT},
        en=f"quotas for {HEADCOUNT} persons are derived from the published grade",
        zh=f"按公布等级推导 {HEADCOUNT} 人的名额",
    )


def quotas_again() -> Iterator[Step]:
    """Derive the quotas again from the rescored version."""
    yield Step(
        at="2027-02-26 10:00",
        by="HR-HEAD",
        do=f"distributions/{DISTRIBUTION}/rederive",
        en="the quotas are derived again: A from at most 4 to at most 6",
        zh="重新推导名额:A由不超过4人改为不超过6人",
    )


def individual_results() -> Iterator[Step]:
    """Combine the organisation score with HR's individual scores."""
    for person, score in _STAFF:
        path = f"results/R-{person}-2026"
        yield Step(
            at="2027-01-29 10:00",
            by="HR-HEAD",
            do=f"{path}/receive",
            body={
                "person": person,
                "unit": "BJ",
                "period": "2026",
                "score": score,
                "source": "HR",
            },
            en=f"HR states the individual score of {person}",
            zh=f"人力资源提交 {person} 个人得分",
        )
        yield Step(
            at="2027-01-29 10:30",
            by="HR-HEAD",
            do=f"{path}/combine",
            body={"assessment": ASSESSMENT},
            en=f"the result of {person} is combined by position tier",
            zh=f"按职位权重合成 {person} 的结果",
        )
