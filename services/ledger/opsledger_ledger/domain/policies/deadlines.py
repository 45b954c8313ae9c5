"""Deadlines by the calendars that the ledger holds; the arithmetic is that of the rules (SR-20)."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple, TypeVar

from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.rulebook import DayUnit, Roll, Rulebook
from opsledger_contracts.problems.deadlines import DayNotInCalendar, DutyUnknown
from opsledger_contracts.rules.days import Deadline, due, duty_deadline
from opsledger_contracts.rules.errors import DayNotCovered
from opsledger_contracts.rules.inputs import Period
from opsledger_ledger.domain.deciding import World
from opsledger_ledger.domain.policies import documents

Counted = TypeVar("Counted")


class Limit(NamedTuple):
    """A computed day, and the content hash of the calendar that covers it."""

    due: date
    calendar: str


def limit(
    world: World,
    anchor: date,
    computed: Callable[..., Deadline],
    calendar: str | None = None,
) -> Limit:
    """Compute a deadline near an anchor; `computed` is called with the calendars.

    The years around the anchor are covered by the calendars published last; `calendar`, a content
    hash that was bound earlier, takes precedence for its years, since a later version does not move
    what was announced.

    Raises:
        DayNotInCalendar: the count leaves the published calendars.
        DocumentUnknown: no calendar was published with the bound content.

    """
    found = counted(world, anchor, computed, calendar).due
    known = _calendars(world, anchor, calendar)
    covering = [content for content, document in known if found.year in document.years]
    if not covering:
        raise DayNotInCalendar(detail=found.isoformat())
    return Limit(found, covering[-1])


def counted(
    world: World, anchor: date, count: Callable[..., Counted], calendar: str | None = None
) -> Counted:
    """Call a rule that counts days near an anchor with the calendars; see `limit`.

    Raises:
        DayNotInCalendar: the count leaves the published calendars.
        DocumentUnknown: no calendar was published with the bound content.

    """
    try:
        return count(*(document for _, document in _calendars(world, anchor, calendar)))
    except DayNotCovered as uncovered:
        raise DayNotInCalendar(detail=uncovered.en) from uncovered


def days_after(
    world: World, anchor: date, days: int, unit: DayUnit = "WD", roll: Roll = "none"
) -> Limit:
    """Tell the day so many days after another one.

    Raises:
        DayNotInCalendar: the count leaves the published calendars.

    """
    return limit(world, anchor, lambda *calendars: due(anchor, days, unit, roll, *calendars))


def due_of(
    world: World, rulebook: Rulebook, duty: str, anchor: date, calendar: str | None = None
) -> Limit:
    """Tell when a duty of the timetable is due.

    `anchor` is the day of the anchoring event, or any day of the period for duties of a period.

    Raises:
        DutyUnknown: the timetable has no such duty.
        DayNotInCalendar: the count leaves the published calendars.
        DocumentUnknown: no calendar was published with the bound content.

    """
    row = next((row for row in rulebook.timetable if row.duty == duty), None)
    if row is None:
        raise DutyUnknown(rulebook=rulebook.name, duty=duty)
    period = Period(from_=anchor, to=anchor)
    return limit(
        world,
        anchor,
        lambda *calendars: duty_deadline(row, period, anchor, *calendars),
        calendar,
    )


def _calendars(world: World, anchor: date, bound: str | None) -> list[tuple[str, Calendar]]:
    latest = (
        documents.latest_calendar(world, year) for year in range(anchor.year - 1, anchor.year + 2)
    )
    known = [(found.content_hash, found.document) for found in latest if found is not None]
    if bound is not None:
        known.append((bound, documents.calendar(world, bound)))
    return known
