"""Working days, deadlines, lateness and extensions (SR-20)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import AnchorName, Duty, FixedDay
from opsledger_contracts.rules.days import (
    days_late,
    due,
    duty_deadline,
    extension_valid,
    is_working_day,
    working_days_between,
)
from opsledger_contracts.rules.errors import DayNotCovered
from opsledger_contracts.rules.inputs import Period
from support.scoring_examples import calendar, rulebook, vectors

SR_20 = vectors("SR-20")
YEAR = msgspec.convert({"from": "2026-01-01", "to": "2026-12-31"}, Period)
MONTH = msgspec.convert({"from": "2026-02-01", "to": "2026-02-28"}, Period)


@pytest.mark.parametrize("row", SR_20["deadlines"], ids=lambda row: row["name"])
def test_a_deadline_is_computed_with_its_calendar(row: dict[str, Any]) -> None:
    """Anchor, offset, unit, roll and calendar version give the due day, and are stored with it."""
    deadline = due(
        date.fromisoformat(row["anchor"]),
        row["offset"],
        row["unit"],
        row["roll"],
        calendar(row["calendar"]),
    )
    assert deadline.due.isoformat() == row["due"]
    assert msgspec.to_builtins(deadline) == {
        "due": row["due"],
        "anchor": row["anchor"],
        "offset": row["offset"],
        "unit": row["unit"],
        "roll": row["roll"],
        "calendars": (calendar(row["calendar"]).name,),
    }


@pytest.mark.parametrize("row", SR_20["working_days_between"], ids=str)
def test_working_days_are_counted_after_the_first_day(row: dict[str, Any]) -> None:
    """The count leaves out the first day, takes in the last, and is negative backwards."""
    first, last = date.fromisoformat(row["from"]), date.fromisoformat(row["to"])
    assert working_days_between(first, last, calendar(row["calendar"])) == row["out"]


@pytest.mark.parametrize("row", SR_20["days_late"], ids=str)
def test_lateness_is_in_calendar_days_by_evidence_date(row: dict[str, Any]) -> None:
    """Days late run from the due day in force to the evidence date (R134)."""
    late = days_late(date.fromisoformat(row["due"]), date.fromisoformat(row["evidence_date"]))
    assert late == row["out"]


def test_a_day_outside_the_calendars_is_an_error() -> None:
    """Nobody guesses whether a day of another year is a working day."""
    with pytest.raises(DayNotCovered, match=r"CN-2026\.1 covers 2028-01-03"):
        is_working_day(date(2028, 1, 3), calendar("CN-2026.1"))


def test_calendars_join_over_the_turn_of_the_year() -> None:
    """Two calendars cover a limit across New Year."""
    joined = due(date(2026, 12, 30), 3, "WD", "none", calendar("CN-2026.1"), calendar("CN-2027.1"))
    assert joined.due == date(2027, 1, 5)
    assert joined.calendars == ("CN-2026.1", "CN-2027.1")


def test_the_calendar_given_last_counts() -> None:
    """A later version of the same year takes the place of the earlier one."""
    day = date(2027, 2, 5)
    assert is_working_day(day, calendar("CN-2027.1"), calendar("weekdays"))
    assert not is_working_day(day, calendar("weekdays"), calendar("CN-2027.1"))


def test_an_extension_counts_only_before_the_due_day() -> None:
    """On the due day it is too late and the original date stands, except for force majeure."""
    policy = rulebook().adjustment
    day = date(2026, 5, 29)
    assert extension_valid(date(2026, 5, 28), day, "external", policy)
    assert not extension_valid(day, day, "external", policy)
    assert extension_valid(date(2026, 6, 4), day, "force_majeure", policy)


@pytest.mark.parametrize(
    ("duty", "period", "event_on", "expected"),
    [
        ("goals_set", YEAR, None, "2025-10-31"),
        ("letters_signed", YEAR, None, "2026-01-15"),
        ("annual_result_published", YEAR, None, "2027-01-29"),
        ("monthly_letter_submitted", MONTH, None, "2026-02-25"),
        ("monthly_letter_issued", MONTH, None, "2026-02-28"),
        ("monthly_self_assessment", MONTH, None, "2026-03-03"),
        ("dispute_filed", YEAR, date(2027, 1, 28), "2027-02-04"),
        ("adjustment_requested", YEAR, date(2026, 5, 29), "2026-05-26"),
        ("force_majeure_notified", YEAR, date(2026, 5, 18), "2026-05-21"),
    ],
)
def test_a_duty_of_the_timetable_has_a_due_day(
    duty: str, period: Period, event_on: date | None, expected: str
) -> None:
    """Rows of the timetable are data: anchor, offset, unit and roll give the day (R021, R091)."""
    row = next(row for row in rulebook().timetable if row.duty == duty)
    deadline = duty_deadline(row, period, event_on, calendar("CN-2026.1"), calendar("CN-2027.1"))
    assert deadline.due.isoformat() == expected


def _duty(anchor: AnchorName, on: FixedDay | None) -> Duty:
    return Duty(
        clause="8.1",
        duty="trial",
        cycle="monthly",
        zh="试",
        en="trial",
        actor="ops",
        anchor=anchor,
        on=on,
        offset=0,
        unit="CD",
        roll="none",
    )


def test_a_fixed_day_beyond_the_month_is_its_last() -> None:
    """The 31st of February is the 28th."""
    assert duty_deadline(_duty("fixed_day", FixedDay(day=31)), MONTH, None).due == date(2026, 2, 28)


@pytest.mark.parametrize(("anchor", "day"), [("year_start", "01-01"), ("year_end", "12-31")])
def test_the_year_has_a_first_and_a_last_day(anchor: AnchorName, day: str) -> None:
    """A duty can be anchored in either."""
    found = duty_deadline(_duty(anchor, None), YEAR, None)
    assert found.due.isoformat() == f"{YEAR.to.year}-{day}"


@pytest.mark.parametrize(("offset", "day"), [(1, 5), (-1, 1), (0, 2)])
def test_one_working_day_is_counted_either_way(offset: int, day: int) -> None:
    """From a Friday the next working day is Monday; none counted stays where it is."""
    found = due(date(2026, 1, 2), offset, "WD", "none", calendar("weekdays"))
    assert found.due == date(2026, 1, day)


def test_the_month_has_a_first_day() -> None:
    """A duty can be anchored in the beginning of the month."""
    assert duty_deadline(_duty("month_start", None), MONTH, None).due == date(2026, 2, 1)


def test_a_duty_without_its_anchor_has_no_due_day() -> None:
    """An event that has not happened, or a fixed day that is not given, is an error."""
    with pytest.raises(ValueError, match=r"^duty trial needs the day of its publication$"):
        duty_deadline(_duty("publication", None), MONTH, None)
    with pytest.raises(ValueError, match=r"^duty trial is anchored in a fixed day and has none$"):
        duty_deadline(_duty("fixed_day", None), MONTH, None)
