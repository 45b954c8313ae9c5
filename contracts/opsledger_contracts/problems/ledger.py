"""Refusals of the ledger as a whole: erasures that must not be."""

from opsledger_contracts.problems.refusal import Conflict


class ApproversTooFew(Conflict):
    """An erasure is approved by two persons beside whoever executes it."""

    code = "approvers_too_few"
    en = "Approval case {case} was decided by {found} persons other than you, not by {expected}."
    zh = "审批单 {case} 由除您以外的 {found} 人决定,须至少 {expected} 人。"


class LegalHoldStandsAgainst(Conflict):
    """A legal hold forbids to erase the data of this person."""

    code = "legal_hold_stands_against"
    en = "The legal hold {hold} forbids to erase the personal data of {person}."
    zh = "法定保全 {hold} 禁止删除 {person} 的个人信息。"
    needed_en = "The legal hold is lifted."
    needed_zh = "须先解除法定保全。"


class DisputeStandsAgainst(Conflict):
    """An open dispute is about this person's work, or in their hands."""

    code = "dispute_stands_against"
    en = "The open dispute {dispute} concerns {person}, whose personal data cannot be erased yet."
    zh = "未结申诉 {dispute} 涉及 {person},其个人信息暂不能删除。"
    needed_en = "The dispute is over."
    needed_zh = "须待申诉终结。"
