"""What makes a calendar fit to publish (SR-20)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.calendar import Calendar, validate_calendar
from support.scoring_examples import calendar


def _holiday(first: str, last: str) -> dict[str, str]:
    return {"from": first, "to": last, "zh": "假", "en": "holiday"}


def _makeup(day: str) -> dict[str, str]:
    return {"day": day, "zh": "班", "en": "work"}


def _calendar(**changes: Any) -> Calendar:
    document = {
        "calendar": "CN-2027",
        "version": 1,
        "title_zh": "历",
        "title_en": "calendar",
        "years": [2027],
        "weekend": [6, 7],
        "holidays": [_holiday("2027-02-05", "2027-02-11")],
        "makeup_days": [_makeup("2027-02-13")],
        **changes,
    }
    return msgspec.convert(document, Calendar)


def test_a_calendar_is_cited_by_name_and_version() -> None:
    """Deadlines store the name of the calendar version."""
    assert _calendar().name == "CN-2027.1"


@pytest.mark.parametrize("name", ["CN-2026.1", "CN-2027.1", "weekdays"])
def test_the_example_calendars_have_no_defect(name: str) -> None:
    """They may be published."""
    assert validate_calendar(calendar(name)) == ()


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"years": [2027, 2027]}, ["years_not_ascending"]),
        ({"years": [2028, 2027]}, ["years_not_ascending"]),
        ({"weekend": [7, 6]}, ["weekend_not_ascending"]),
        ({"holidays": [_holiday("2027-02-11", "2027-02-05")]}, ["holiday_reversed"]),
        ({"holidays": [_holiday("2027-12-31", "2028-01-02")]}, ["holiday_outside_years"]),
        (
            {
                "holidays": [
                    _holiday("2027-02-05", "2027-02-08"),
                    _holiday("2027-02-08", "2027-02-11"),
                ]
            },
            ["holiday_overlap"],
        ),
        ({"makeup_days": [_makeup("2028-02-12")]}, ["makeup_outside_years"]),
        ({"makeup_days": [_makeup("2027-02-15")]}, ["makeup_on_weekday"]),
        ({"makeup_days": [_makeup("2027-02-06")]}, ["makeup_in_holiday"]),
        ({"makeup_days": [_makeup("2027-02-13"), _makeup("2027-02-13")]}, ["makeup_repeated"]),
    ],
    ids=str,
)
def test_each_defect_of_a_calendar_is_found(changes: dict[str, Any], codes: list[str]) -> None:
    """Contradictions are named by code and path before anybody counts days by them."""
    findings = validate_calendar(_calendar(**changes))
    assert [finding.code for finding in findings] == codes


@pytest.mark.parametrize(
    "changes", [{"weekend": [0]}, {"weekend": [8]}, {"years": []}, {"version": 0}], ids=str
)
def test_numbers_out_of_range_do_not_become_a_calendar(changes: dict[str, Any]) -> None:
    """A week has seven days, a calendar some year, and versions begin at 1."""
    with pytest.raises(msgspec.ValidationError):
        _calendar(**changes)
