"""Refusals about deadlines."""

from opsledger_contracts.problems.refusal import Invalid


class DutyUnknown(Invalid):
    """The timetable of the rulebook has no such duty."""

    code = "duty_unknown"
    en = "The timetable of rulebook {rulebook} has no duty {duty}."
    zh = "规则手册 {rulebook} 的时间表中没有事项 {duty}。"


class DayNotInCalendar(Invalid):
    """A deadline needs a day that no published calendar covers (SR-20)."""

    code = "day_not_in_calendar"
    en = "No published calendar covers a day that this deadline needs: {detail}."
    zh = "已发布的日历均未涵盖计算此期限所需的日期:{detail}。"
