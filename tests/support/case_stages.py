"""Stages of the tests of approval cases: a budget on its way through the chain of the matrix."""

from datetime import date
from typing import Any

import msgspec

from opsledger_contracts.documents.matrix import ForbiddenPair, Step
from opsledger_contracts.events.case import (
    ApprovalCaseOpened,
)
from opsledger_contracts.events.delegation import DelegationGranted
from opsledger_contracts.events.matrix import MatrixSuperseded
from opsledger_ledger.domain.case_deciding import (
    GiveReview,
    GrantApproval,
    RatifyApproval,
    RecordParticipation,
    RefuseApproval,
)
from opsledger_ledger.domain.case_opening import OpenCase
from support.authority import (
    BOARD,
    COMMITTEE,
    COST,
    FINANCE,
    HASH,
    HEAD,
    OPS,
    PRESIDENT,
    SCAN,
    VICE,
    authorised,
    in_force,
    matrix_item,
    matrix_named,
    published,
    step,
)
from support.deciding import Stage
from support.organisation import FOUNDED, employ

SUBJECT = "budget/B-1"
OTHER = "2" * 64
END_OF_CALENDARS = "2026-12-31T02:00:00.000000Z"


def opening(**command: Any) -> OpenCase:
    """Open a case on a budget outside the ledger, along the chain of an ordinary adjustment."""
    filled = {"subject": SUBJECT, "subject_hash": HASH, "item": "ordinary-adjustment"}
    return OpenCase(**(filled | command))


LARGE = {"item": "budget-adjustment", "amount": "2000000"}
"""The chain with everything: three reviews, two approvals, a ratification."""


def review(seq: int, **more: Any) -> GiveReview:
    """Agree as a reviewer."""
    filled: dict[str, Any] = {"seq": seq, "opinion": "agree", "subject_hash": HASH}
    return GiveReview(**(filled | more))


def approve(seq: int, content: str = HASH) -> GrantApproval:
    """Approve."""
    return GrantApproval(seq=seq, subject_hash=content)


BUDGET: tuple[tuple[Any, dict[str, Any]], ...] = (
    (review(2), OPS),
    (review(3), COST),
    (review(4), VICE),
    (approve(5), COMMITTEE),
    (approve(6), PRESIDENT),
    (RatifyApproval(seq=7, subject_hash=HASH), BOARD),
)
"""Everybody's act on the budget's chain, in its order."""


def case(upto: int = 0, content: str = HASH, **command: Any) -> Stage:
    """A case on a large budget in which so many steps are taken."""
    stage = in_force() if "subject" in command else authorised()
    stage.do(opening(subject_hash=content, **LARGE, **command), "K", **HEAD)
    for act, who in BUDGET[:upto]:
        stage.do(msgspec.structs.replace(act, subject_hash=content), "K", **who)
    return stage


def on_paper(upto: int = 0) -> Stage:
    """The same case, run on paper."""
    stage = authorised()
    stage.do(opening(channel="paper", **LARGE), "K", **HEAD, evidence=SCAN)
    for act, who in BUDGET[:upto]:
        stage.do(act, "K", **who, evidence=SCAN)
    return stage


def lent(upto: int, delegator: str, position: str, item: str = "budget-adjustment") -> Stage:
    """A case of which the initiator was lent the post of the next step."""
    return case(upto).given(
        "delegation/D",
        DelegationGranted(
            delegation="D",
            delegator=delegator,
            delegate="binjiang-president",
            position=position,
            matrix_items=(item,),
            valid_from=FOUNDED,
            valid_to=date(2027, 1, 1),
        ),
    )


def borrowed(position: str) -> dict[str, Any]:
    """Act as the initiator in the lent post."""
    return {"person": "binjiang-president", "position": position, "delegation": "D"}


def special(*steps: Step, **more: Any) -> Stage:
    """A ledger whose matrix has an item `special` with the given steps."""
    stage = authorised()
    stage.given("matrix/AM-2026.1", MatrixSuperseded(by="AM-2026.2", effective_to=date(2026, 5, 1)))
    item = matrix_item("special", *steps, **more)
    return published(stage, matrix_named(2, item, effective_from=date(2026, 5, 1)))


CONSULTED = (
    step(1, "initiate", function="ops"),
    step(2, "review", function="finance"),
    step(3, "participate", function="marketing"),
    step(4, "approve", function="president"),
)


def consulting(upto: int = 0, **who: Any) -> Stage:
    """A case along a chain with a consulted position, in which so many steps are taken."""
    pairs = tuple(
        ForbiddenPair(first="initiate", second=second) for second in ("review", "participate")
    )
    stage = special(*CONSULTED, sod=pairs)
    employ(stage, "FIN-X", "FIN", "ops-head", ("finance",))
    employ(stage, "MKT-X", "MKT", "ops-head", ("marketing",))
    stage.do(opening(item="special", **who), "K", **OPS, evidence=SCAN)
    if upto:
        stage.do(review(2), "K", **FINANCE)
    return stage


HEARD = RecordParticipation(seq=3, opinion="无异议")
REFUSE = RefuseApproval(seq=5, subject_hash=HASH)
RATIFY = RatifyApproval(seq=7, subject_hash=HASH)
WHY = {"reason": "预算依据不足"}


def steps(opened: ApprovalCaseOpened) -> list[tuple[int, str, tuple[str, ...]]]:
    """What the chain of an opened case comes to."""
    return [(one.seq, one.verb, one.positions) for one in opened.steps]
