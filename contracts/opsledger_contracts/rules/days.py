"""Working days, deadlines and extensions (SR-20).

Every function takes one or more calendars that together cover the days it counts; a day that none
of them names is an error, never a guess. Where two cover the same year, the one given last counts.
"""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

import msgspec

from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.rulebook import (
    AdjustmentPolicy,
    CauseClass,
    DayUnit,
    Duty,
    Roll,
)
from opsledger_contracts.rules.errors import DayNotCovered
from opsledger_contracts.rules.inputs import Period

_ONE_DAY: Final = timedelta(days=1)


class Deadline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A computed due day with everything it was computed from, as an event stores it."""

    due: date
    anchor: date
    offset: int
    unit: DayUnit
    roll: Roll
    calendars: tuple[str, ...]


def is_working_day(day: date, *calendars: Calendar) -> bool:
    """Whether work is done on this day.

    Raises:
        DayNotCovered: no calendar names the day's year.

    """
    for calendar in reversed(calendars):
        if day.year in calendar.years:
            if any(makeup.day == day for makeup in calendar.makeup_days):
                return True
            if day.isoweekday() in calendar.weekend:
                return False
            return not any(holiday.from_ <= day <= holiday.to for holiday in calendar.holidays)
    raise DayNotCovered(
        calendars=", ".join(calendar.name for calendar in calendars), day=day.isoformat()
    )


def due(anchor: date, offset: int, unit: DayUnit, roll: Roll, *calendars: Calendar) -> Deadline:
    """The day `offset` working (WD) or calendar days (CD) from the anchor, rolled to a working day.

    The anchor itself is not counted; a negative offset counts back. With ``none`` the day stays
    where it falls; ``next`` and ``previous`` move a non-working day to the nearest working day on
    that side.

    Raises:
        DayNotCovered: the count leaves the calendars.

    """
    day = anchor
    if unit == "CD":
        day += offset * _ONE_DAY
    else:
        direction = _ONE_DAY if offset > 0 else -_ONE_DAY
        left = abs(offset)
        while left:
            day += direction
            left -= is_working_day(day, *calendars)
    if roll != "none":
        direction = _ONE_DAY if roll == "next" else -_ONE_DAY
        while not is_working_day(day, *calendars):
            day += direction
    return Deadline(
        due=day,
        anchor=anchor,
        offset=offset,
        unit=unit,
        roll=roll,
        calendars=tuple(calendar.name for calendar in calendars),
    )


def working_days_between(start: date, end: date, *calendars: Calendar) -> int:
    """Working days after `start` up to and including `end`; negative when `end` comes first.

    Raises:
        DayNotCovered: the span leaves the calendars.

    """
    first, last = min(start, end), max(start, end)
    count = sum(
        is_working_day(date.fromordinal(ordinal), *calendars)
        for ordinal in range(first.toordinal() + 1, last.toordinal() + 1)
    )
    return count if start <= end else -count


def days_late(due_day: date, evidence_date: date) -> int:
    """Calendar days from the due day in force to the evidence date; negative when early (SR-07)."""
    return (evidence_date - due_day).days


def extension_valid(
    granted_on: date, due_day: date, cause_class: CauseClass, policy: AdjustmentPolicy
) -> bool:
    """Whether an extension counts: granted before the due day, or for a cause that may come late.

    An invalid one leaves the original date in force (按原定时间考核).
    """
    return granted_on < due_day or cause_class in policy.late_request_causes


def duty_deadline(
    duty: Duty, period: Period, event_on: date | None, *calendars: Calendar
) -> Deadline:
    """When a duty of the timetable is due for a period.

    `event_on` is the day of the anchoring event for duties anchored in one (publication, filing
    …); the period anchors and the fixed day ignore it. A fixed day beyond the month's end is the
    month's last.

    Raises:
        DayNotCovered: the count leaves the calendars.
        ValueError: `event_on` or the fixed day, in which the duty is anchored, is missing.

    """
    match duty.anchor:
        case "year_start":
            anchor = date(period.to.year, 1, 1)
        case "year_end":
            anchor = date(period.to.year, 12, 31)
        case "month_start":
            anchor = period.to.replace(day=1)
        case "month_end":
            anchor = period.to.replace(day=monthrange(period.to.year, period.to.month)[1])
        case "fixed_day":
            if duty.on is None:
                message = f"duty {duty.duty} is anchored in a fixed day and has none"
                raise ValueError(message)
            year = period.to.year + duty.on.year_offset
            month = duty.on.month or period.to.month
            anchor = date(year, month, min(duty.on.day, monthrange(year, month)[1]))
        case _:
            if event_on is None:
                message = f"duty {duty.duty} needs the day of its {duty.anchor}"
                raise ValueError(message)
            anchor = event_on
    return due(anchor, duty.offset, duty.unit, duty.roll, *calendars)
