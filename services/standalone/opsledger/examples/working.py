"""Branches of work, approval cases, adjustments, conflicts and incidents."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256

from opsledger.examples.branching import Branch, Deed
from opsledger.story.execution import paper
from opsledger.story.step import Memory
from opsledger_contracts.event import Event
from opsledger_contracts.events.adjustment import (
    AdjustmentLapsed,
    AdjustmentRefused,
    AdjustmentWithdrawn,
)
from opsledger_contracts.events.case import (
    ApprovalCaseOpened,
    ApprovalGranted,
    ApprovalRatified,
    ApprovalRefused,
    CaseLapsed,
    CaseReturned,
    CaseWithdrawn,
    PlannedStep,
    SoDExceptionGranted,
    StepEscalated,
)
from opsledger_contracts.events.conflict import ConflictEscalated, ConflictRuled
from opsledger_contracts.events.incident import (
    IncidentDeterminationRevoked,
    IncidentDetermined,
    IncidentReported,
    Responsibility,
)
from opsledger_contracts.events.work_item import (
    CompletionRejected,
    ForecastRevised,
    HandoverAccepted,
    HandoverDeclined,
    HandoverOffered,
    NodeInspected,
    WorkItemCancelled,
    WorkItemResumed,
    WorkItemSuspended,
)
from opsledger_contracts.fields import Evidence
from opsledger_ledger.domain.deciding import Authority

_WORK = "work_item/W-BJ-2026-N03"
_OFFERED = HandoverOffered(
    to="ENG",
    to_person="P-LU",
    scope="主体封顶的剩余施工组织",
    standard="主体封顶完成并通过验收",
)


def work(_memory: Memory) -> Iterator[Branch]:
    """Work that is inspected, moved, handed over, suspended, rejected or cancelled."""
    yield Branch(
        _WORK,
        (
            Deed(
                at="2026-05-06 17:00",
                by="BJ-GM",
                event=ForecastRevised(forecast=date(2026, 11, 6)),
                reason="塔吊到场推迟",
            ),
            Deed(
                at="2026-06-10 15:00",
                by="OPS-PLAN",
                event=NodeInspected(
                    inspected_on=date(2026, 6, 10), finding="施工至14层,比计划落后5天"
                ),
                evidence=(Evidence(**paper("现场检查记录")),),
            ),
            Deed(
                at="2026-06-22 09:00",
                by="BJ-GM",
                event=WorkItemSuspended(),
                reason="政府要求考试期间停工",
            ),
            Deed(at="2026-06-26 09:00", by="BJ-GM", event=WorkItemResumed(), reason="停工令解除"),
            Deed(at="2026-07-06 09:00", by="BJ-GM", event=_OFFERED),
            Deed(
                at="2026-07-07 09:00",
                by="ENG-HEAD",
                event=HandoverAccepted(unit="ENG", person="P-LU"),
            ),
        ),
    )
    yield Branch(
        _WORK,
        (
            Deed(at="2026-07-06 09:00", by="BJ-GM", event=_OFFERED),
            Deed(
                at="2026-07-07 09:00",
                by="ENG-HEAD",
                event=HandoverDeclined(),
                reason="班组已满负荷",
            ),
        ),
    )
    yield Branch(
        _WORK,
        (
            Deed(
                at="2026-11-02 14:00",
                by="OPS-PLAN",
                event=CompletionRejected(defects=("屋面结构验收记录缺少监理签章",)),
                reason="证据不完整",
            ),
        ),
    )
    yield Branch(
        _WORK,
        (
            Deed(
                at="2026-08-03 09:00",
                by="OPS-PLAN",
                event=WorkItemCancelled(),
                reason="规划变更后不再建设",
            ),
        ),
    )


def cases(memory: Memory) -> Iterator[Branch]:
    """Cases that are returned, refused, ratified, escalated, withdrawn or lapse."""
    opened = memory.data("case/C-BJ-2026", "case.opened.v1")
    subject_hash, matrix = opened["subject_hash"], opened["matrix"]

    def ended(at: str, by: str, event: Event, step: int | None, reason: str | None) -> Branch:
        authority = Authority(matrix=matrix, item="annual-letter", step=step)
        return Branch(
            "case/C-BJ-2026",
            (Deed(at=at, by=by, event=event, authority=authority, reason=reason),),
        )

    yield ended("2025-12-15 09:00", "OPS-HEAD", CaseReturned(to_seq=2), 3, "补充资金测算")
    refused = ApprovalRefused(seq=5, position="COM-SECRETARY", subject_hash=subject_hash)
    yield ended("2025-12-17 10:30", "COM-SECRETARY", refused, 5, "目标偏低")
    escalated = StepEscalated(seq=3, due=date(2025, 12, 15))
    yield ended("2025-12-15 18:00", "ledger", escalated, 3, None)
    excepted = SoDExceptionGranted(person="P-SUN", seq=3, second_person="P-KONG")
    yield ended("2025-12-15 09:30", "PRESIDENT", excepted, 3, "岗位空缺,由审计总监复核")
    yield ended("2025-12-12 09:00", "BJ-GM", CaseWithdrawn(), None, "责任书需重新平衡")
    yield ended("2025-12-14 09:00", "ledger", CaseLapsed(), None, None)
    yield _ratified(matrix)


def _ratified(matrix: str) -> Branch:
    """Give a case about something outside the ledger, as far as the board has to ratify it."""
    case, subject_hash = "C-BUDGET-2026-1", sha256(b"an example of a budget").hexdigest()

    def deed(at: str, by: str, event: Event, step: int) -> Deed:
        authority = Authority(matrix=matrix, item="budget-adjustment", step=step)
        return Deed(at=at, by=by, event=event, authority=authority)

    opened = ApprovalCaseOpened(
        case=case,
        subject="budget/BG-2026-BJ",
        subject_hash=subject_hash,
        matrix=matrix,
        item="budget-adjustment",
        initiator="BJ-GM",
        initiator_unit="BJ",
        steps=(
            PlannedStep(seq=1, verb="initiate", title="发起 BJ", positions=("BJ-GM",)),
            PlannedStep(seq=6, verb="approve", title="审批 president", positions=("PRESIDENT",)),
            PlannedStep(seq=7, verb="ratify", title="核准 board", positions=("BOARD-SECRETARY",)),
        ),
        amount="2400000",
        bracket="2000000 及以上",
    )
    granted = ApprovalGranted(seq=6, position="PRESIDENT", subject_hash=subject_hash, final=False)
    ratified = ApprovalRatified(
        seq=7, position="BOARD-SECRETARY", subject_hash=subject_hash, final=True
    )
    return Branch(
        f"case/{case}",
        (
            deed("2026-04-07 09:00", "BJ-GM", opened, 1),
            deed("2026-04-09 10:00", "PRESIDENT", granted, 6),
            deed("2026-04-13 15:00", "BOARD-SECRETARY", ratified, 7),
        ),
    )


def adjustments(_memory: Memory) -> Iterator[Branch]:
    """Adjustments that are refused, lapse or are withdrawn; the original terms stand."""
    stream = "adjustment/AD-N01"
    yield Branch(
        stream,
        (
            Deed(
                at="2026-06-04 16:00",
                by="OPS-PLAN",
                event=AdjustmentRefused(case="C-AD-N01"),
                reason="未证明对关键线路的影响",
            ),
        ),
    )
    yield Branch(
        stream,
        (
            Deed(
                at="2026-06-04 09:00",
                by="ledger",
                event=AdjustmentLapsed(limit="force_majeure_proof"),
            ),
        ),
    )
    yield Branch(
        stream,
        (
            Deed(
                at="2026-05-25 09:00",
                by="BJ-GM",
                event=AdjustmentWithdrawn(),
                reason="已自行追回工期",
            ),
        ),
    )


def conflicts(_memory: Memory) -> Iterator[Branch]:
    """A conflict on which mediation fails."""
    yield Branch(
        "conflict/CF-N03",
        (
            Deed(
                at="2025-12-03 15:00",
                by="OPS-HEAD",
                event=ConflictEscalated(to="分管副总裁"),
                reason="协调未果",
            ),
            Deed(
                at="2025-12-04 10:00",
                by="VP",
                event=ConflictRuled(ruling="工程中心自9月起调配一台塔吊,费用由滨江公司承担"),
            ),
        ),
    )


def incidents(_memory: Memory) -> Iterator[Branch]:
    """An accident that is reported and determined, and the determination revoked."""
    yield Branch(
        "incident/IN-LG-2026-1",
        (
            Deed(
                at="2026-09-15 08:30",
                by="LG-GM",
                event=IncidentReported(
                    incident="IN-LG-2026-1",
                    category="minor_injury",
                    accident_date=date(2026, 9, 14),
                    unit="LG",
                    description="二期基坑作业一人轻伤",
                ),
            ),
            Deed(
                at="2026-10-12 10:00",
                by="ENG-HEAD",
                event=IncidentDetermined(
                    severity="minor",
                    responsibility=(
                        Responsibility(unit="LG", degree="主要责任"),
                        Responsibility(unit="ENG", degree="次要责任"),
                    ),
                    document="事故调查报告(2026)3号",
                ),
                evidence=(Evidence(**paper("事故调查报告")),),
            ),
            Deed(
                at="2026-11-16 10:00",
                by="ENG-HEAD",
                event=IncidentDeterminationRevoked(document="事故复核决定(2026)1号"),
                reason="复核认定为非生产安全事故",
            ),
        ),
    )
