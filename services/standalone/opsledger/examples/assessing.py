"""Branches of measurement, assessment, dispute, replay, distribution and individual results."""

from collections.abc import Iterator
from datetime import date

import msgspec

from opsledger.examples.branching import Branch, Deed
from opsledger.story.disputing import DISPUTE
from opsledger.story.scoring import ASSESSMENT, DISTRIBUTION
from opsledger.story.step import Memory
from opsledger_contracts.events.assessment import (
    BonusPointsGranted,
    CountedIncident,
    IncidentsCounted,
    JudgementGiven,
    PenaltyApplied,
    ScoreAcknowledged,
    SelfAssessmentSubmitted,
)
from opsledger_contracts.events.dispute import (
    DisputeInadmissible,
    DisputeWithdrawn,
    HandlerRecused,
    SecondReviewRequested,
)
from opsledger_contracts.events.distribution import (
    DistributionConfirmed,
    DistributionConflictRaised,
    IndividualGradeAssigned,
    QuotaExceptionGranted,
)
from opsledger_contracts.events.measurement import MeasurementAttested, MeasurementCorrected
from opsledger_contracts.events.replay import Difference, ReplayDiverged
from opsledger_contracts.events.result import InterviewHeld, ResultApplied


def measurements(_memory: Memory) -> Iterator[Branch]:
    """A value that is attested, and corrected later."""
    yield Branch(
        "measurement/M-BJ-I02",
        (
            Deed(at="2027-01-12 09:00", by="COST-HEAD", event=MeasurementAttested(value="127500")),
            Deed(
                at="2027-04-06 09:00",
                by="FIN-HEAD",
                event=MeasurementCorrected(
                    previous="127500",
                    value="127350",
                    explanation="一笔回款跨年入账,冲回150万元",
                ),
                reason="年审发现",
            ),
        ),
    )


def assessments(_memory: Memory) -> Iterator[Branch]:
    """Inputs that the story has no need of, and a score that is accepted."""
    yield Branch(
        "assessment/A-LG-2026",
        (
            Deed(
                at="2027-01-18 12:00",
                by="LG-GM",
                event=SelfAssessmentSubmitted(total="95.50", statement="全年主要指标超额完成"),
            ),
            Deed(
                at="2027-01-18 13:00",
                by="OPS-SCORE",
                event=IncidentsCounted(
                    item="M01",
                    incidents=(
                        CountedIncident(
                            incident="IN-LG-2026-1",
                            incident_version=2,
                            category="minor_injury",
                            points="6",
                        ),
                    ),
                ),
                reason="轻伤一人,停工一日",
            ),
            Deed(
                at="2027-01-18 13:30",
                by="OPS-SCORE",
                event=JudgementGiven(item="M02", scale="3.4", value="86"),
                reason="第三方调查样本不足,由考核人判定",
            ),
            Deed(
                at="2027-01-18 14:00",
                by="OPS-SCORE",
                event=BonusPointsGranted(clause="4.2", points="1.5"),
                reason="获省级优质工程奖",
            ),
            Deed(
                at="2027-01-18 14:10",
                by="OPS-SCORE",
                event=PenaltyApplied(clause="4.2", points="2"),
                reason="自身原因调整一次",
            ),
        ),
    )
    yield Branch(
        "assessment/A-LG-2026",
        (Deed(at="2027-01-29 09:00", by="LG-GM", event=ScoreAcknowledged(score_version=1)),),
    )


def disputes(memory: Memory) -> Iterator[Branch]:
    """Disputes that go another way than that of the story."""
    stream = f"dispute/{DISPUTE}"
    calendar = memory.data(stream, "dispute.accepted.v1")["calendar"]
    yield Branch(
        stream,
        (
            Deed(
                at="2027-02-04 09:00",
                by="COM-PANEL",
                event=DisputeInadmissible(ground="late"),
                reason="超过五个工作日",
            ),
        ),
    )
    yield Branch(
        stream,
        (
            Deed(
                at="2027-02-05 09:00",
                by="COM-PANEL",
                event=HandlerRecused(handler="P-XU", successor="P-SUN"),
                reason="与申诉单位负责人有亲属关系",
            ),
            Deed(
                at="2027-02-08 09:00",
                by="BJ-GM",
                event=DisputeWithdrawn(),
                reason="已通过数据更正解决",
            ),
        ),
    )
    yield Branch(
        stream,
        (
            Deed(
                at="2027-02-22 09:00",
                by="BJ-GM",
                event=SecondReviewRequested(
                    statement="请求委员会全体复核N01的处理方式",
                    due=date(2027, 3, 15),
                    calendar=calendar,
                ),
                calendar=calendar,
            ),
        ),
    )


def replays(memory: Memory) -> Iterator[Branch]:
    """The alarm that a verification replay was not bit-identical."""
    found = memory.data("replay/RP-AS-OF", "replay.completed.v1")["differences"][0]
    yield Branch(
        "replay/RP-VERIFY",
        (
            Deed(
                at="2027-02-12 09:00",
                by="ledger",
                event=ReplayDiverged(first_difference=msgspec.convert(found, Difference)),
            ),
        ),
    )


def grades(_memory: Memory) -> Iterator[Branch]:
    """Individual grades inside and outside the quotas, and what a result is used for."""
    yield Branch(
        f"distribution/{DISTRIBUTION}",
        (
            Deed(
                at="2027-03-12 09:00",
                by="HR-HEAD",
                event=IndividualGradeAssigned(person="P-LIN", result="R-P-LIN-2026", grade="A"),
            ),
            Deed(
                at="2027-03-12 09:30",
                by="ledger",
                event=DistributionConflictRaised(grades=("A",), assigned=7, allowed=6),
            ),
            Deed(
                at="2027-03-15 09:00",
                by="PRESIDENT",
                event=QuotaExceptionGranted(
                    grades=("A",), persons=7, explanation="示范区抢险突出贡献一人"
                ),
            ),
            Deed(at="2027-03-16 09:00", by="HR-HEAD", event=DistributionConfirmed()),
        ),
    )
    yield Branch(
        "result/R-P-LIN-2026",
        (
            Deed(
                at="2027-03-17 09:00",
                by="HR-HEAD",
                event=ResultApplied(
                    use="bonus_coefficient", assessment=ASSESSMENT, score_version=2
                ),
            ),
            Deed(
                at="2027-03-18 14:00",
                by="BJ-GM",
                event=InterviewHeld(
                    by="P-CHEN",
                    agreed_actions=("二季度完成进度管理培训", "每月复盘节点偏差"),
                    acknowledged=True,
                ),
            ),
        ),
    )
