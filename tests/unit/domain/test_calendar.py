"""Working-day calendars: published once, sound, found by content and by year (SR-20)."""

from datetime import date

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.calendar import CalendarPublished
from opsledger_contracts.problems.documents import (
    DocumentDefective,
    DocumentMisnamed,
    DocumentUnknown,
    NoneInForce,
)
from opsledger_ledger.domain.calendar_publishing import PublishCalendar
from opsledger_ledger.domain.policies import documents
from support import scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested

CN_2026 = scoring_examples.calendar("CN-2026.1")

REFUSED = [
    Refused(
        id="sent under another name",
        stage=Stage(),
        command=PublishCalendar(document=CN_2026),
        target="CN-2027.1",
        refusal=DocumentMisnamed,
    ),
    Refused(
        id="a year twice",
        stage=Stage(),
        command=PublishCalendar(document=msgspec.structs.replace(CN_2026, years=(2026, 2026))),
        target="CN-2026.1",
        refusal=DocumentDefective,
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_calendars_refuse_what_nobody_could_count_by(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_calendars_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("calendar", REFUSED) == (set(), set())


def test_a_published_calendar_is_found_by_content_and_year() -> None:
    """SR-20: a deadline cites the content; a day finds the calendar of its year."""
    stage = Stage()
    assert stage.do(PublishCalendar(document=CN_2026), "CN-2026.1") == [
        CalendarPublished(document=CN_2026, content_hash=digest(CN_2026))
    ]
    assert documents.calendar(stage.world, digest(CN_2026)) == CN_2026
    assert documents.calendar_for(stage.world, date(2026, 7, 1)) == (digest(CN_2026), CN_2026)


def test_the_calendar_published_last_counts() -> None:
    """New deadlines use the later version of a year; the earlier one stays citable."""
    later = msgspec.structs.replace(CN_2026, version=2)
    stage = Stage()
    stage.do(PublishCalendar(document=CN_2026), "CN-2026.1")
    stage.do(PublishCalendar(document=later), "CN-2026.2")
    assert documents.calendar_for(stage.world, date(2026, 7, 1)) == (digest(later), later)
    assert documents.calendar(stage.world, digest(CN_2026)) == CN_2026


def test_what_was_not_published_is_not_found() -> None:
    """A deadline cannot be computed by a calendar that nobody published."""
    with pytest.raises(DocumentUnknown):
        documents.calendar(Stage().world, digest(CN_2026))
    with pytest.raises(NoneInForce):
        documents.calendar_for(Stage().world, date(2026, 7, 1))
