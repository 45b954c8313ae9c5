"""Refusals of delegations."""

from opsledger_contracts.problems.refusal import Forbidden, Invalid


class DelegationPeriodInvalid(Invalid):
    """A delegation begins today or later and lasts at least a day."""

    code = "delegation_period_invalid"
    en = "A delegation from {valid_from} until {valid_to} is not possible on {today}."
    zh = "在 {today} 不能授予期限为 {valid_from} 至 {valid_to} 的授权。"
    needed_en = (
        "valid_from is today or later; valid_to, the first day without power, is later still."
    )
    needed_zh = "valid_from 不早于当日,valid_to(授权失效首日)须晚于 valid_from。"


class DelegationCycle(Invalid):
    """Power does not come back to one who passed it on."""

    code = "delegation_cycle"
    en = "Person {delegate} is among those from whom this power comes."
    zh = "人员 {delegate} 本身即为该权限的授权人之一。"


class SubDelegationNotAllowed(Forbidden):
    """The delegation does not allow that its power is passed on."""

    code = "sub_delegation_not_allowed"
    en = "Delegation {delegation} does not allow that its power is passed on."
    zh = "授权 {delegation} 不允许转授权。"


class DelegationExceedsParent(Invalid):
    """What is passed on lies inside what was received: items, amount and period."""

    code = "delegation_exceeds_parent"
    en = "Delegation {delegation} gives {expected}, which does not include {found}."
    zh = "授权 {delegation} 的范围为 {expected},不包含 {found}。"


class NotTheDelegator(Forbidden):
    """Only those from whom the power comes can take it back."""

    code = "not_the_delegator"
    en = "Person {person} did not give the power of delegation {delegation}."
    zh = "人员 {person} 不是授权 {delegation} 的授权人。"
