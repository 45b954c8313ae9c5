"""The field types that events, commands and documents share."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.documents.schemas import document_schemas
from opsledger_contracts.fields import (
    DecimalText,
    Evidence,
    Identifier,
    Instant,
    RationalText,
    Sha256,
    StreamName,
    instant,
    local_date,
    moment,
)
from opsledger_ledger.domain.deciding import COMMANDS

SHA256 = "0" * 64


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Identifier, "BJ-2026"),
        (Identifier, "a" * 64),
        (StreamName, "work_item/W-1.2_x"),
        (DecimalText, "-0.000000000001"),
        (DecimalText, "999999999999999999"),
        (RationalText, "540/173"),
        (RationalText, "-12.50"),
        (Sha256, SHA256),
        (Instant, "2027-01-28T09:00:00.000000Z"),
    ],
)
def test_a_text_in_its_form_is_taken_and_one_with_a_line_feed_is_not(kind: Any, text: str) -> None:
    """`$` of Python would let a last line feed pass, and two names would look like one."""
    assert msgspec.convert(text, kind) == text
    for spoiled in (f"{text}\n", f"\n{text}", f"{text} ", f"{text}\r"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(spoiled, kind)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Identifier, ""),
        (Identifier, "-a"),
        (Identifier, "a" * 65),
        (Identifier, "滨江"),
        (StreamName, "Letter/X"),
        (StreamName, "letter"),
        (DecimalText, "1e3"),
        (DecimalText, "+1"),
        (DecimalText, "01"),
        (DecimalText, ".5"),
        (DecimalText, "5."),
        (DecimalText, "1" * 19),
        (DecimalText, "１"),
        (DecimalText, "NaN"),
        (RationalText, "1/0"),
        (RationalText, "1/-2"),
        (Sha256, "A" * 64),
        (Instant, "2027-01-28T09:00:00Z"),
        (Instant, "2027-01-28T09:00:00.000000+00:00"),
    ],
)
def test_a_text_out_of_its_form_is_refused(kind: Any, text: str) -> None:
    """One way to write each value, so that equal values are equal bytes."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, kind)


def test_every_pattern_refuses_a_last_line_feed() -> None:
    """No pattern of an event, a command or a document ends in a bare `$`."""
    described = [
        msgspec.json.schema_components(EVENTS.values()),
        msgspec.json.schema_components([entry.command for entry in COMMANDS.values()]),
        document_schemas(),
    ]
    patterns = set(re.findall(r"'pattern': '((?:[^'\\]|\\.)*)'", str(described)))
    assert len(patterns) > 8
    for pattern in patterns:
        assert pattern.startswith("^")
        assert pattern.endswith(r"$(?!\\n)"), pattern


@pytest.mark.parametrize(
    "media", ["application/pdf", "image/svg+xml", "application/vnd.ms-excel", "text/x-C"]
)
def test_evidence_names_a_media_type(media: str) -> None:
    """A document is bound by digest, media type and title."""
    given = {"sha256": SHA256, "media": media, "title": "验收记录"}
    assert msgspec.convert(given, Evidence).media == media


def test_an_instant_has_one_form() -> None:
    """UTC with six digits, whatever the zone of the moment; text order is time order (P17)."""
    noon = datetime(2026, 6, 1, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=8)))
    assert instant(noon) == "2026-06-01T04:00:00.000005Z"
    assert moment(instant(noon)) == noon
    assert moment(instant(noon)).tzinfo is UTC
    with pytest.raises(ValueError, match="is not an instant"):
        moment("2026-06-01T04:00:00.000005")


def test_the_local_date_is_that_of_the_group() -> None:
    """After 16:00 UTC it is the next day in Shanghai (domain-model.md, section 1)."""
    assert local_date("2026-12-31T15:59:59.999999Z") == date(2026, 12, 31)
    assert local_date("2026-12-31T16:00:00.000000Z") == date(2027, 1, 1)
