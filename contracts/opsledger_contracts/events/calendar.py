"""Events of a version of the working-day calendar."""

from typing import ClassVar

from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.event import Event
from opsledger_contracts.fields import Sha256


class CalendarPublished(Event, kw_only=True):
    """A version of a calendar was published as a whole document (SR-20)."""

    TYPE: ClassVar[str] = "calendar.published.v1"
    document: Calendar
    content_hash: Sha256
