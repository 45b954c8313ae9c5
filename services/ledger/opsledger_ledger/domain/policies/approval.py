"""The approval that an act needs: a case that decided on exactly this content."""

from typing import Final

from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_ledger.domain.case import CaseState
from opsledger_ledger.domain.deciding import World, known
from opsledger_ledger.domain.matrix import MatrixState

CATEGORIES: Final = {
    "letter": "letter",
    "plan": "plan",
    "matrix": "rule",
    "rulebook": "rule",
    "adjustment": "adjustment",
    "assessment": "assessment",
    "import_batch": "import",
    "person": "personal",
}
"""Category of the items of a matrix along which a thing of each noun is approved.

A thing outside the ledger, such as a budget, is approved along any item.
"""


def approved(world: World, case_id: str, subject: str, content_hash: str) -> CaseState:
    """Give the approved case on a content of a stream (R040).

    Raises:
        UnknownReference: there is no such case.
        CaseNotApproved: the case was not decided, or with a no.
        ApprovedOtherContent: the case is about another stream or another content of it.
        ApprovedUnderOtherItem: the case ran along an item that is for other matters.

    """
    case = known(world, CaseState, case_id, "case")
    if (case.subject, case.subject_hash) != (subject, content_hash):
        raise ApprovedOtherContent(
            case=case_id,
            found=f"{case.subject} {case.subject_hash}",
            expected=f"{subject} {content_hash}",
        )
    if case.decided != "approved":
        raise CaseNotApproved(case=case_id, found=case.status)
    found, expected = _category(world, case), CATEGORIES.get(subject.partition("/")[0])
    if expected not in (None, found):
        raise ApprovedUnderOtherItem(
            case=case_id, item=case.item, found=found, subject=subject, expected=expected
        )
    return case


def _category(world: World, case: CaseState) -> str:
    """Read the category of the item of a case; one that was imported may have a foreign matrix."""
    for identifier in world.find("matrix_by_hash", case.matrix):
        for item in known(world, MatrixState, identifier, "matrix").document.items:
            if item.item == case.item:
                return item.category
    return "unknown"
