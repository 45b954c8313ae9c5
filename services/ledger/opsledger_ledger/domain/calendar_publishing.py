"""Publishing a working-day calendar."""

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.calendar import Calendar, validate_calendar
from opsledger_contracts.events.calendar import CalendarPublished
from opsledger_contracts.problems.documents import DocumentDefective, DocumentMisnamed
from opsledger_ledger.domain.calendar import CALENDAR
from opsledger_ledger.domain.deciding import Act, Command, Decided, World
from opsledger_ledger.domain.policies.documents import require_named, require_sound


class PublishCalendar(Command, frozen=True, kw_only=True):
    """Publish a version of a working-day calendar."""

    document: Calendar


@CALENDAR.decides(
    "publish",
    scope="administrator",
    acting=False,
    creates=True,
    refuses=(DocumentMisnamed, DocumentDefective),
)
def publish(command: PublishCalendar, _calendar: None, act: Act, _world: World) -> Decided:
    """Publish only a sound calendar; earlier deadlines keep the version they cite (SR-20)."""
    require_named(command.document.name, act.target)
    require_sound("calendar", act.target, validate_calendar(command.document))
    yield CalendarPublished(document=command.document, content_hash=digest(command.document))
