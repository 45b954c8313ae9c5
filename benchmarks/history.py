"""Entries to measure with: one letter with a long life, encoded as the ledger encodes."""

from datetime import date, timedelta

import msgspec

from opsledger_contracts.canonical import canonical
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import (
    FieldChange,
    LetterDrafted,
    LetterItem,
    LetterItemAdded,
    LetterItemRevised,
    SupportCommitmentGiven,
)

HASH = "0" * 64
ITEMS = 25


def _item(number: int) -> LetterItem:
    return LetterItem(
        item=f"I{number:02d}",
        name="合同销售额",
        category="operation",
        level="key",
        weight="4",
        clause="3.1",
        matrix_item="annual-letter",
        responsible="BJ",
        responsible_person="P-CHEN",
        data_owner="FIN",
        completion_standard="以财务中心确认的到账金额为准",
        deliverables=("年度报告",),
        indicator="SALES",
        unit="万元",
        target="150000",
        start=date(2026, 1, 5),
        due=date(2026, 12, 31),
    )


def letter_events(count: int) -> list[Event]:
    """Make the first events of a letter: drafted, 25 items, then revisions and commitments."""
    events: list[Event] = [
        LetterDrafted(
            letter="BJ-2026",
            kind="annual",
            title="滨江公司2026年度目标责任书",
            period="2026",
            issuer="HX",
            responsible_unit="BJ",
            responsible_person="P-CHEN",
            rulebook=HASH,
            matrix=HASH,
            calendar=HASH,
        ),
        *(LetterItemAdded(item=_item(number)) for number in range(ITEMS)),
    ]
    for number in range(count - len(events)):
        item = f"I{number % ITEMS:02d}"
        if number % 2:
            events.append(
                SupportCommitmentGiven(
                    item=item,
                    unit=f"U{number}",
                    what="布展与验收配合",
                    by_when=date(2026, 5, 15) + timedelta(days=number % 200),
                )
            )
        else:
            change = FieldChange(
                field="target", before=str(150_000 + number - 1), after=str(150_000 + number)
            )
            events.append(LetterItemRevised(item=item, changes=(change,)))
    return events[:count]


def entries(stream: str, events: list[Event], position_first: int = 1) -> list[bytes]:
    """Encode events of one stream as entries."""
    return [
        canonical(
            Envelope(
                specversion="1.0",
                id=f"019a0000-0000-7000-8000-{position_first + place:012x}",
                source="urn:opsledger:benchmark",
                type=event.TYPE,
                stream=stream,
                occurred_at="2026-01-12T02:00:00.000000Z",
                recorded_at="2026-01-12T02:00:00.000000Z",
                version=place + 1,
                schema=f"urn:opsledger:schema:{event.TYPE}",
                command_id=f"benchmark-{position_first + place}",
                correlation_id=f"benchmark-{position_first + place}",
                person="P-CHEN",
                acting_position="BJ-GM",
                unit="BJ",
                policy_hash=HASH,
                previous_leaf=HASH if place else None,
                data=msgspec.Raw(canonical(event)),
            )
        )
        for place, event in enumerate(events)
    ]
