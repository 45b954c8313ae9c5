"""Deadlines by the calendars of the ledger: duties, years, bound versions (SR-20)."""

from datetime import date

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.rulebook import DayUnit
from opsledger_contracts.events.calendar import CalendarPublished
from opsledger_contracts.problems.deadlines import DayNotInCalendar, DutyUnknown
from opsledger_contracts.problems.documents import DocumentUnknown
from opsledger_ledger.domain.policies.deadlines import days_after, due_of
from support import scoring_examples
from support.deciding import Stage

RULEBOOK = scoring_examples.rulebook()
CN_2026 = scoring_examples.calendar("CN-2026.1")
CN_2027 = scoring_examples.calendar("CN-2027.1")
WEEKDAYS = msgspec.structs.replace(CN_2027, version=2, holidays=(), makeup_days=())


def years(*calendars: Calendar) -> Stage:
    """A ledger that has published these calendars."""
    stage = Stage()
    for calendar in calendars:
        event = CalendarPublished(document=calendar, content_hash=digest(calendar))
        stage.given(f"calendar/{calendar.name}", event)
    return stage


def test_the_decision_on_a_dispute_is_due_by_the_calendar_that_the_event_cites() -> None:
    """S2: ten working days after 2027-02-04 are 02-24 with the holidays of February."""
    stage = years(CN_2026, CN_2027)
    due = due_of(stage.world, RULEBOOK, "dispute_decided", date(2027, 2, 4))
    assert due == (date(2027, 2, 24), digest(CN_2027))


def test_a_later_calendar_does_not_move_what_was_announced_by_another() -> None:
    """SR-20: a bound calendar counts for its years, whatever was published since."""
    stage = years(CN_2026, CN_2027, WEEKDAYS)
    anchor = date(2027, 2, 4)
    bound = due_of(stage.world, RULEBOOK, "dispute_decided", anchor, digest(CN_2027))
    assert bound == (date(2027, 2, 24), digest(CN_2027))
    latest = due_of(stage.world, RULEBOOK, "dispute_decided", anchor)
    assert latest == (date(2027, 2, 18), digest(WEEKDAYS))


def test_duties_of_a_period_take_any_day_of_it() -> None:
    """The result of a month is published on the tenth working day after its end."""
    stage = years(CN_2026)
    due = due_of(stage.world, RULEBOOK, "monthly_result_published", date(2026, 3, 15))
    assert due.due > date(2026, 3, 31)


def test_an_unknown_duty_has_no_deadline() -> None:
    """Nothing is due that the timetable does not say."""
    with pytest.raises(DutyUnknown):
        due_of(years(CN_2026).world, RULEBOOK, "siesta", date(2026, 3, 15))


def test_a_bound_calendar_must_have_been_published() -> None:
    """A hash that nobody published counts no days."""
    with pytest.raises(DocumentUnknown):
        due_of(years(CN_2026).world, RULEBOOK, "dispute_decided", date(2026, 3, 15), "0" * 64)


@pytest.mark.parametrize("unit", ["WD", "CD"])
def test_a_limit_beyond_all_calendars_is_no_limit(unit: DayUnit) -> None:
    """SR-20: a day that no calendar covers is never guessed, not even by calendar days."""
    with pytest.raises(DayNotInCalendar):
        days_after(years(CN_2026).world, date(2026, 12, 30), 10, unit)
