"""Letters, plans and cases as the tests of planning need them: the letter of scenario S1."""

from datetime import date
from typing import Any

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.case import ApprovalCaseOpened, ApprovalGranted, PlannedStep
from opsledger_contracts.events.letter import LetterDrafted, LetterItem, LetterItemAdded
from opsledger_contracts.events.matrix import AuthorityMatrixVersionPublished, MatrixDrafted
from opsledger_contracts.events.person import PersonRegistered
from opsledger_contracts.events.position import PersonAppointed, PositionDefined
from opsledger_contracts.letters import LetterDocument, after
from support import scoring_examples
from support.deciding import Stage
from support.organisation import FOUNDED, regulated

RULEBOOK = digest(scoring_examples.rulebook())
MATRIX = digest(scoring_examples.matrix())
CALENDAR = digest(scoring_examples.calendar("CN-2026.1"))

UNIT = {"person": "binjiang-head"}
UNIT_PRESIDENT = {"person": "binjiang-president"}
OTHER_UNIT = {"person": "lingang-head"}
OPS = {"person": "ops-head"}
MARKETING = {"person": "marketing-head"}
ENGINEERING = {"person": "engineering-head"}
PRESIDENT = {"person": "president"}


def planned() -> Stage:
    """Set the stage with organisation, rulebook, calendar, matrix, and a president of 滨江公司."""
    stage = authority(regulated())
    stage.given(
        "person/binjiang-president",
        PersonRegistered(person="binjiang-president", name_commitment="0" * 64),
    )
    return stage.given(
        "position/BJ-GM",
        PositionDefined(position="BJ-GM", unit="BJ", title="总经理", tier="unit_head", head=True),
        PersonAppointed(person="binjiang-president", valid_from=FOUNDED),
    )


def authority(stage: Stage) -> Stage:
    """Publish the example matrix."""
    document = scoring_examples.matrix()
    return stage.given(
        f"matrix/{document.name}",
        MatrixDrafted(document=document, content_hash=MATRIX),
        AuthorityMatrixVersionPublished(content_hash=MATRIX, effective_from=FOUNDED),
    )


def item(code: str, weight: str, clause: str, **terms: Any) -> LetterItem:
    """Give an item of 滨江公司 that the lint accepts, once its clause has its terms."""
    filled: dict[str, Any] = {
        "name": code,
        "category": "operations",
        "level": "key",
        "matrix_item": "annual-letter",
        "responsible": "BJ",
        "responsible_person": "binjiang-president",
        "data_owner": "FIN",
        "completion_standard": "以财务中心确认的数据为准",
        "deliverables": ("年度报告",),
    }
    return LetterItem(item=code, weight=weight, clause=clause, **(filled | terms))


def node(code: str, weight: str, level: int, due: date, **terms: Any) -> LetterItem:
    """Give a node of 滨江公司 that the lint accepts."""
    filled: dict[str, Any] = {
        "node_level": level,
        "start": date(2026, 1, 5),
        "due": due,
        "data_owner": "OPS",
        "deliverables": ("验收记录",),
    }
    return item(code, weight, "3.8", **(filled | terms))


ITEMS = (
    item("I01", "20", "3.2", threshold="160000", target="200000", stretch="240000", unit="万元"),
    item("I02", "15", "3.1", target="145000", unit="万元"),
    item("I03", "15", "3.3", target="12000", unit="万元"),
    item("I04", "10", "3.7", target="8.0", unit="%"),
    node("N01", "10", 1, date(2026, 5, 29), supporting=("MKT", "ENG")),
    node("N02", "10", 1, date(2026, 6, 30)),
    node("N03", "8", 2, date(2026, 10, 30)),
    item("M01", "6", "3.1", target="95", unit="%", level="ordinary"),
    item("M02", "6", "3.4", unit="分", level="ordinary"),
)
"""Items of scenario S1 as first submitted; I02 is not yet 150,000."""

DRAFTED = LetterDrafted(
    letter="BJ-2026",
    kind="annual",
    title="滨江公司2026年度目标责任书",
    period="2026",
    issuer="HX",
    responsible_unit="BJ",
    responsible_person="binjiang-president",
    rulebook=RULEBOOK,
    matrix=MATRIX,
    calendar=CALENDAR,
)

WRITTEN = (DRAFTED, *(LetterItemAdded(item=one) for one in ITEMS))
"""The letter of scenario S1 drafted with all its items."""


def document_of(*events: Any) -> LetterDocument:
    """Tell what a letter says after events of its stream."""
    document = None
    for event in events:
        document = after(document, event)
    assert document is not None
    return document


ITEMS_BY_NOUN = {
    "letter": "annual-letter",
    "plan": "annual-plan",
    "matrix": "rulebook-version",
    "rulebook": "rulebook-version",
    "adjustment": "ordinary-adjustment",
    "assessment": "annual-result",
}
"""Items of the example matrix along which things are approved."""


def decided(stage: Stage, case: str, subject: str, content_hash: str, **along: str) -> Stage:
    """Let a case on a content end with an approval."""
    return opened(stage, case, subject, content_hash, **along).given(
        f"case/{case}",
        ApprovalGranted(seq=1, position="HX-P", subject_hash=content_hash, final=True),
    )


def opened(
    stage: Stage,
    case: str,
    subject: str,
    content_hash: str,
    *,
    item: str | None = None,
    matrix: str = MATRIX,
) -> Stage:
    """Open a case on a content that only the president has to approve."""
    noun = subject.partition("/")[0]
    return stage.given(
        f"case/{case}",
        ApprovalCaseOpened(
            case=case,
            subject=subject,
            subject_hash=content_hash,
            matrix=matrix,
            item=item or ITEMS_BY_NOUN.get(noun, "budget-adjustment"),
            initiator="binjiang-president",
            initiator_unit="BJ",
            steps=(PlannedStep(seq=1, verb="approve", title="总裁", positions=("HX-P",)),),
        ),
    )
