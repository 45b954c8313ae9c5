"""Refusals of incidents."""

from opsledger_contracts.problems.refusal import Invalid


class AccidentInFuture(Invalid):
    """An accident is reported after it happened."""

    code = "accident_in_future"
    en = "The accident date {accident_date} lies after {today}."
    zh = "事故日期 {accident_date} 晚于 {today}。"


class ResponsibilityRepeated(Invalid):
    """A determination states one degree of responsibility a unit."""

    code = "responsibility_repeated"
    en = "The responsibility of unit {unit} is stated more than once."
    zh = "单元 {unit} 的责任认定重复。"
