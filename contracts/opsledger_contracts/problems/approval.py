"""Refusals of acts that need an approval."""

from opsledger_contracts.problems.refusal import Conflict


class CaseNotApproved(Conflict):
    """The approval case has not ended with an approval."""

    code = "case_not_approved"
    en = "Approval case {case} is {found}, not approved."
    zh = "审批单 {case} 当前为 {found},尚未批准。"


class ApprovedOtherContent(Conflict):
    """The approval case decided on another thing or on another content (R040)."""

    code = "approved_other_content"
    en = "Approval case {case} decided on {found}, not on {expected}."
    zh = "审批单 {case} 所批准的是 {found},而非 {expected}。"


class ApprovedUnderOtherItem(Conflict):
    """The case ran along an item of the matrix that is for other matters (R036, R040)."""

    code = "approved_under_other_item"
    en = "Approval case {case} ran along item {item}, of category {found}; {subject} needs {expected}."
    zh = "审批单 {case} 所依事项为 {item}(类别 {found}),而 {subject} 需要类别 {expected}。"
