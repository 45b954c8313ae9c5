"""The approval that an act needs: a case that decided on exactly this content."""

from opsledger_contracts.problems.approval import ApprovedOtherContent, CaseNotApproved
from opsledger_ledger.domain.case import CaseState
from opsledger_ledger.domain.deciding import World, known


def approved(world: World, case_id: str, subject: str, content_hash: str) -> CaseState:
    """Give the approved case on a content of a stream (R040).

    Raises:
        UnknownReference: there is no such case.
        CaseNotApproved: the case was not decided, or with a no.
        ApprovedOtherContent: the case is about another stream or another content of it.

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
    return case
