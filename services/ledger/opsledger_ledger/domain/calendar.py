"""The state of a calendar: it is published once and never changes."""

from collections.abc import Iterator
from typing import ClassVar, assert_never

from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.calendar import CalendarPublished
from opsledger_ledger.domain.deciding import Noun, State


class CalendarState(State):
    """A version of a working-day calendar."""

    NOUN: ClassVar[str] = "calendar"

    document: Calendar
    content_hash: str


def evolve(_state: CalendarState | None, event: Event, _envelope: Envelope) -> CalendarState:
    """Fold one event of a calendar."""
    happened: CalendarPublished = event  # type: ignore[assignment]
    match happened:
        case CalendarPublished():
            return CalendarState(
                id=happened.document.name,
                document=happened.document,
                content_hash=happened.content_hash,
            )
        case _:
            assert_never(happened)


def keys(state: CalendarState) -> Iterator[tuple[str, str]]:
    """Find calendars by content and by the years they cover."""
    yield "calendar_by_hash", state.content_hash
    for year in state.document.years:
        yield "calendar_by_year", str(year)


CALENDAR = Noun(state=CalendarState, evolve=evolve, keys=keys)
