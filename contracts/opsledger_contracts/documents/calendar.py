"""The working-day calendar: weekend, holidays and make-up days of named years (SR-20)."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

import msgspec

from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.fields import Identifier, Text, Title, Version

Year = Annotated[int, msgspec.Meta(ge=1900, le=2999)]
IsoWeekday = Annotated[int, msgspec.Meta(ge=1, le=7)]


class Holiday(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run of days off, both ends included; its weekdays are not working days."""

    from_: date = msgspec.field(name="from")
    to: date
    zh: Title
    en: Title


class MakeupDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A weekend day on which work is done in exchange for a holiday."""

    day: date
    zh: Title
    en: Title


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the working days of the named years.

    A make-up day is a working day even inside the weekend; a holiday is none even on a weekday; a
    day outside `years` is unknown and may not be counted.
    """

    calendar: Identifier
    version: Version
    title_zh: Title
    title_en: Title
    years: Annotated[tuple[Year, ...], msgspec.Meta(min_length=1)]
    weekend: Annotated[tuple[IsoWeekday, ...], msgspec.Meta(max_length=6)]
    holidays: tuple[Holiday, ...]
    makeup_days: tuple[MakeupDay, ...]
    note_zh: Text | None = None
    note_en: Text | None = None

    @property
    def name(self) -> str:
        """Identifier and version as cited in deadlines, e.g. ``CN-2027.1``."""
        return f"{self.calendar}.{self.version}"


def validate_calendar(calendar: Calendar) -> tuple[Finding, ...]:
    """Every structural defect of a calendar, in document order; empty when it may be published.

    Codes: `years_not_ascending`, `weekend_not_ascending`, `holiday_reversed`,
    `holiday_outside_years`, `holiday_overlap`, `makeup_outside_years`, `makeup_on_weekday`,
    `makeup_in_holiday`, `makeup_repeated`.
    """
    return (*_ascending(calendar), *_holidays(calendar), *_makeup_days(calendar))


def _ascending(calendar: Calendar) -> Iterator[Finding]:
    if list(calendar.years) != sorted(set(calendar.years)):
        yield Finding(
            code="years_not_ascending",
            path="years",
            zh="年份须递增且不重复",
            en="years must ascend without repeats",
        )
    if list(calendar.weekend) != sorted(set(calendar.weekend)):
        yield Finding(
            code="weekend_not_ascending",
            path="weekend",
            zh="周休日须递增且不重复",
            en="weekend days must ascend without repeats",
        )


def _days_of(holiday: Holiday) -> frozenset[date]:
    return frozenset(
        date.fromordinal(ordinal)
        for ordinal in range(holiday.from_.toordinal(), holiday.to.toordinal() + 1)
    )


def _holidays(calendar: Calendar) -> Iterator[Finding]:
    off: set[date] = set()
    for place, holiday in enumerate(calendar.holidays):
        path = f"holidays[{place}]"
        if holiday.to < holiday.from_:
            yield Finding(
                code="holiday_reversed",
                path=path,
                zh="假期止于其始之前",
                en="the holiday ends before it begins",
            )
        if not {holiday.from_.year, holiday.to.year} <= set(calendar.years):
            yield Finding(
                code="holiday_outside_years",
                path=path,
                zh="假期不在所列年份内",
                en="the holiday lies outside the named years",
            )
        days = _days_of(holiday)
        if days & off:
            yield Finding(
                code="holiday_overlap",
                path=path,
                zh="假期重叠",
                en="the holiday overlaps an earlier one",
            )
        off |= days


def _makeup_days(calendar: Calendar) -> Iterator[Finding]:
    off = {day for holiday in calendar.holidays for day in _days_of(holiday)}
    seen: set[date] = set()
    for place, makeup in enumerate(calendar.makeup_days):
        path = f"makeup_days[{place}]"
        for wrong, code, zh, en in (
            (
                makeup.day.year not in calendar.years,
                "makeup_outside_years",
                "调休上班日不在所列年份内",
                "the make-up day lies outside the named years",
            ),
            (
                makeup.day.isoweekday() not in calendar.weekend,
                "makeup_on_weekday",
                "调休上班日须为周休日",
                "a make-up day must fall on a weekend day",
            ),
            (
                makeup.day in off,
                "makeup_in_holiday",
                "调休上班日在假期内",
                "the make-up day is a holiday",
            ),
            (
                makeup.day in seen,
                "makeup_repeated",
                "调休上班日重复",
                "the make-up day is listed twice",
            ),
        ):
            if wrong:
                yield Finding(code=code, path=path, zh=zh, en=en)
        seen.add(makeup.day)
