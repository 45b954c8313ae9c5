"""Instants: one fixed text form, so that the order of texts is the order of times."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some

from opsledger_contracts.fields import instant, local_date, moment

EAST = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2027-01-28",
        "2027-01-28T09:00:00Z",
        "2027-01-28T09:00:00.000Z",
        "2027-01-28T09:00:00.000000",
        "2027-01-28T09:00:00.000000z",
        "2027-01-28T09:00:00.000000+00:00",
        "2027-01-28T09:00:00.000000+08:00",
        "9999-12-31T23:59:59.999999-10:00",
        "0001-01-01T00:00:00.000000",
        "2027-01-28 09:00:00.000000Z",
        "2027-W04-4T09:00:00.000000Z",
        "2027-1-28T09:00:00.000000Z",
        "2027-02-30T09:00:00.000000Z",
        "2027-01-28T24:00:00.000000Z",
        "２027-01-28T09:00:00.000000Z",
    ],
)
def test_only_the_one_form_is_an_instant(text: str) -> None:
    """Other forms of ISO 8601, other offsets and days that do not exist are refused."""
    with pytest.raises(ValueError, match=r"."):
        moment(text)


@given(some.datetimes(timezones=some.just(UTC)), some.datetimes(timezones=some.just(UTC)))
def test_texts_are_ordered_as_the_moments_are(earlier: datetime, later: datetime) -> None:
    """Any two moments come back from their texts, and the texts compare as the moments do."""
    first, second = instant(earlier), instant(later)
    assert (moment(first), moment(second)) == (earlier, later)
    assert (first < second) == (earlier < later)


def test_a_moment_of_another_zone_is_written_in_utc() -> None:
    """The offset is applied, not kept."""
    written = instant(datetime(2027, 1, 28, 9, 30, 0, 7, tzinfo=EAST))
    assert written == "2027-01-28T01:30:00.000007Z"


def test_the_day_of_an_instant_is_the_groups_day() -> None:
    """From 16:00 in UTC on, the group has its next day."""
    assert local_date("2027-01-28T15:59:59.999999Z") == date(2027, 1, 28)
    assert local_date("2027-01-28T16:00:00.000000Z") == date(2027, 1, 29)
