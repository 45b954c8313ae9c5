"""Branches of organisation, powers and indicators."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256

from opsledger.examples.branching import Branch, Deed
from opsledger.examples.recording import LEDGER
from opsledger.story.execution import paper
from opsledger.story.step import Memory
from opsledger_contracts.events.body import MeetingBodyChartered, MeetingBodyRechartered
from opsledger_contracts.events.credential import CredentialIssued, CredentialRevoked
from opsledger_contracts.events.delegation import DelegationGranted, DelegationRevoked
from opsledger_contracts.events.indicator import IndicatorRevised
from opsledger_contracts.events.ledger import (
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonalDataErased,
)
from opsledger_contracts.events.matrix import (
    MatrixSuperseded,
    MatrixVersionApproved,
    MatrixWithdrawn,
)
from opsledger_contracts.events.person import PersonRenamed
from opsledger_contracts.events.position import (
    JobDescriptionPublished,
    PersonRelieved,
    PositionReviewed,
)
from opsledger_contracts.events.unit import (
    ControlModeSet,
    OrgUnitDissolved,
    OrgUnitReparented,
)
from opsledger_contracts.fields import Evidence


def _paper(title: str) -> tuple[Evidence, ...]:
    return (Evidence(**paper(title)),)


def organisation(_memory: Memory) -> Iterator[Branch]:
    """Units, persons and positions that change, keys that are revoked, data that is erased."""
    yield Branch(
        f"ledger/{LEDGER}",
        (
            Deed(
                at="2027-02-03 09:00",
                by="admin",
                event=LegalHoldPlaced(
                    hold="LH-2027-01",
                    persons=("P-LIN",),
                    basis="滨江公司工程款诉讼,法院证据保全通知",
                ),
                evidence=_paper("证据保全通知书"),
            ),
            Deed(
                at="2027-05-20 09:00",
                by="admin",
                event=LegalHoldLifted(hold="LH-2027-01"),
                reason="诉讼终结",
            ),
            Deed(
                at="2027-06-01 10:00",
                by="admin",
                event=PersonalDataErased(
                    person="P-LIN",
                    scope="姓名",
                    legal_basis="离职满三个月,本人申请删除",
                    approvers=("P-SHI", "P-ZHANG"),
                ),
                evidence=_paper("个人信息删除申请"),
            ),
        ),
    )
    yield Branch(
        "credential/K-P-LIN",
        (
            Deed(
                at="2025-10-08 09:00",
                by="admin",
                event=CredentialIssued(
                    credential="K-P-LIN",
                    person="P-LIN",
                    title="滨江公司项目经理",
                    scopes=("writer", "approver"),
                    secret_hash=sha256(b"an example, not a key").hexdigest(),
                    expires_at="2027-10-08T01:00:00.000000Z",
                ),
            ),
            Deed(
                at="2027-03-01 09:00",
                by="admin",
                event=CredentialRevoked(),
                reason="离职",
            ),
        ),
    )
    yield Branch(
        "unit/ENG",
        (
            Deed(
                at="2026-09-28 09:00",
                by="admin",
                event=OrgUnitReparented(parent="OPS", valid_from=date(2026, 10, 1)),
                reason="集团总部机构调整",
            ),
        ),
    )
    yield Branch(
        "unit/LG",
        (
            Deed(
                at="2026-03-16 09:00",
                by="admin",
                event=ControlModeSet(
                    mode="strong",
                    basis="董事会2026年第二次会议决议",
                    valid_from=date(2026, 4, 1),
                ),
                evidence=_paper("董事会2026年第二次会议决议"),
            ),
            Deed(
                at="2027-12-20 09:00",
                by="admin",
                event=OrgUnitDissolved(successors=("BJ",), valid_from=date(2028, 1, 1)),
                reason="并入滨江公司",
            ),
        ),
    )
    yield Branch(
        "person/P-HE",
        (
            Deed(
                at="2026-05-11 09:00",
                by="admin",
                event=PersonRenamed(
                    name_commitment=sha256(b"an example of a commitment").hexdigest()
                ),
                evidence=_paper("户籍姓名变更证明"),
            ),
        ),
    )
    yield Branch(
        "position/BJ-PM",
        (
            Deed(
                at="2025-10-15 09:00",
                by="admin",
                event=JobDescriptionPublished(
                    duties=("组织项目节点计划的编制与执行", "按期报告进度与偏差"),
                    powers=("reschedule-node-1", "ordinary-adjustment"),
                    indicators=("SALES",),
                    skills=("一级建造师",),
                ),
            ),
            Deed(
                at="2026-10-12 09:00",
                by="admin",
                event=PositionReviewed(
                    reviewed_on=date(2026, 10, 9), outcome="职责与现行权责体系一致,无需调整"
                ),
            ),
            Deed(
                at="2027-02-26 09:00",
                by="admin",
                event=PersonRelieved(person="P-LIN", valid_to=date(2027, 3, 1)),
                reason="离职",
            ),
        ),
    )


def powers(memory: Memory) -> Iterator[Branch]:
    """Delegations, decision bodies, versions of the matrix, and a definition that is revised."""
    yield Branch(
        "delegation/DG-FIN-2026-07",
        (
            Deed(
                at="2026-07-10 09:00",
                by="FIN-HEAD",
                event=DelegationGranted(
                    delegation="DG-FIN-2026-07",
                    delegator="P-QIAN",
                    delegate="P-FENG",
                    position="FIN-HEAD",
                    matrix_items=("ordinary-adjustment", "budget-adjustment"),
                    valid_from=date(2026, 7, 13),
                    valid_to=date(2026, 7, 25),
                    amount_limit="500000",
                ),
                reason="出差期间授权",
            ),
            Deed(
                at="2026-07-20 18:00",
                by="FIN-HEAD",
                event=DelegationRevoked(),
                reason="提前返岗",
            ),
        ),
    )
    yield Branch(
        "body/COMMITTEE",
        (
            Deed(
                at="2025-10-16 09:00",
                by="admin",
                event=MeetingBodyChartered(
                    body="COMMITTEE",
                    title="薪酬考核委员会",
                    unit="COM",
                    members=("PRESIDENT", "VP", "FIN-HEAD", "HR-HEAD", "LEGAL-HEAD"),
                    quorum=4,
                    vote_rule="two_thirds",
                    competences=("annual-result", "dispute-second"),
                ),
                evidence=_paper("薪酬考核委员会章程"),
            ),
            Deed(
                at="2026-10-16 09:00",
                by="admin",
                event=MeetingBodyRechartered(
                    members=("PRESIDENT", "VP", "FIN-HEAD", "HR-HEAD", "AUDIT-HEAD"),
                    quorum=4,
                    vote_rule="two_thirds",
                    competences=("annual-result", "dispute-second", "veto"),
                ),
                evidence=_paper("薪酬考核委员会章程(2026年修订)"),
            ),
        ),
    )
    matrix = memory.data("matrix/AM-2026.1", "matrix.published.v1")
    yield Branch(
        "matrix/AM-2026.1",
        (
            Deed(
                at="2026-12-28 09:00",
                by="ledger",
                event=MatrixSuperseded(by="AM-2027.1", effective_to=date(2027, 2, 1)),
            ),
        ),
    )
    drafted = "2025-10-08 10:00"
    yield Branch(
        "matrix/AM-2026.1",
        (
            Deed(
                at=drafted,
                by="OPS-PLAN",
                event=MatrixVersionApproved(case="C-AM-2026", content_hash=matrix["content_hash"]),
            ),
        ),
    )
    yield Branch(
        "matrix/AM-2026.1",
        (Deed(at=drafted, by="admin", event=MatrixWithdrawn(), reason="改为与岗位调整一并起草"),),
    )
    yield Branch(
        "indicator/SOP",
        (
            Deed(
                at="2026-06-15 09:00",
                by="OPS-PLAN",
                event=IndicatorRevised(
                    title="SOP覆盖率",
                    unit="%",
                    direction="higher_better",
                    formula="有SOP且当年复核的核心流程 ÷ 核心流程 × 100",
                    source="流程平台季度数据",
                    owner="AUDIT",
                    frequency="quarterly",
                    precision=2,
                ),
                reason="审计部要求计入年度复核",
            ),
        ),
    )
