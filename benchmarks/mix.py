"""The event mix that everybody is measured with: many short streams, one long one.

20,000 letters of 25 events and one of 10,000, in the order in which a busy ledger would record
them: each letter in its turn, every 51st event in the long stream. The bytes are real entries, as
the ledger writes them, about 700 of them an event; each carries the leaf hash of the one before it
in its stream. Numbers decide everything, so that whoever knows them can tell what must be stored.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

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
from opsledger_contracts.evidence.merkle import leaf_hash

EVENTS_EACH: Final = 25
"""Events of a short stream."""
LONG_EVENTS: Final = 10_000
LONG_EVERY: Final = 51
"""One event in this many belongs to the long stream."""
LONG_NUMBER: Final = 999_999
"""Number of the long stream, beyond those of the short ones."""

HASH: Final = "0" * 64
RECORDED_AT: Final = "2026-01-12T02:00:00.000000Z"

_ITEMS: Final = 2
_STREAM: Final = "@stream"
_ID: Final = "@id"
_COMMAND: Final = "@command"
_PREVIOUS: Final = "@previous"
_TIME: Final = "@recorded"


class Made(NamedTuple):
    """One event of the mix, as it is stored."""

    stream: str
    version: int
    type: str
    entry: bytes


def letter_events(count: int, items: int = _ITEMS) -> Iterator[Event]:
    """Make the events of one letter: drafted, its items, then revisions and commitments."""
    yield LetterDrafted(
        letter=_STREAM,
        kind="annual",
        title="滨江公司2026年度目标责任书",
        period="2026",
        issuer="HX",
        responsible_unit=_STREAM,
        responsible_person="P-CHEN",
        rulebook=HASH,
        matrix=HASH,
        calendar=HASH,
    )
    for number in range(items):
        yield LetterItemAdded(item=_item(number))
    for number in range(count - items - 1):
        item = f"I{number % items:02d}"
        if number % 2:
            yield SupportCommitmentGiven(
                item=item,
                unit=f"U{number}",
                what="布展与验收配合",
                by_when=date(2026, 5, 15) + timedelta(days=number % 200),
            )
        else:
            change = FieldChange(
                field="target", before=str(150_000 + number - 1), after=str(150_000 + number)
            )
            yield LetterItemRevised(item=item, changes=(change,))


Command = tuple[Made, ...]
"""The events of one command, of one stream, in order of version."""


class Mix:
    """The mix in its order, with a number of short streams; each call of `events` begins anew."""

    def __init__(self, streams: int = 20_000, recorded_at: str = RECORDED_AT) -> None:
        """`recorded_at` stands in every entry; a log takes none that is before its head's."""
        self.streams = streams
        self._recorded_at = recorded_at.encode()
        self._leaves: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """Events until every short stream has all of its own."""
        return self.streams * EVENTS_EACH * LONG_EVERY // (LONG_EVERY - 1)

    def events(self) -> Iterator[Made]:
        """Make the events one after the other; the long stream ends when it has 10,000."""
        self._leaves.clear()
        short = self._short()
        for number, version in enumerate(range(1, LONG_EVENTS + 1), 1):
            yield from islice(short, LONG_EVERY - 1)
            if number * (LONG_EVERY - 1) > self.streams * EVENTS_EACH:
                return
            yield self._made(LONG_NUMBER, version, _long_template(version))
        yield from short

    def commands(self, events: int, version_first: int = 1) -> Iterator[Command]:
        """Make commands of so many events each, every one in a short stream.

        From version 26 on they go on with streams that have all events of the mix.
        """
        self._leaves.clear()
        last = EVENTS_EACH if version_first == 1 else LONG_EVENTS
        for first in range(version_first, last + 1 - events + 1, events):
            for number in range(self.streams):
                yield tuple(
                    self._made(number, version, _template(version))
                    for version in range(first, first + events)
                )

    def _short(self) -> Iterator[Made]:
        for version in range(1, EVENTS_EACH + 1):
            template = _templates()[version - 1]
            for number in range(self.streams):
                yield self._made(number, version, template)

    def _made(self, number: int, version: int, template: tuple[str, bytes]) -> Made:
        type_name, form = template
        name = b"L-%06d" % number
        previous = self._leaves.get(number)
        entry = (
            form.replace(_STREAM.encode(), name)
            .replace(_COMMAND.encode(), b"%s-%05d" % (name, version))
            .replace(_ID.encode(), b"%07x%05x" % (number, version))
            .replace(_TIME.encode(), self._recorded_at)
        )
        if version > 1:
            leaf = HASH if previous is None else previous.hex()
            entry = entry.replace(_PREVIOUS.encode(), leaf.encode())
        self._leaves[number] = leaf_hash(entry)
        return Made(stream_name(number), version, type_name, entry)


def stream_name(number: int) -> str:
    """Name a stream by its number."""
    return f"letter/L-{number:06d}"


def long_stream() -> list[Made]:
    """Make the long stream alone."""
    mix = Mix()
    return [
        mix._made(LONG_NUMBER, version, _long_template(version))  # noqa: SLF001 - of this module.
        for version in range(1, LONG_EVENTS + 1)
    ]


def letter_entries(count: int, items: int) -> list[bytes]:
    """Make the entries of one letter with so many events and items."""
    forms = [_form(event, version) for version, event in enumerate(letter_events(count, items), 1)]
    mix = Mix()
    return [mix._made(0, version, form).entry for version, form in enumerate(forms, 1)]  # noqa: SLF001 - of this module.


@cache
def _templates() -> list[tuple[str, bytes]]:
    return [_form(event, version) for version, event in enumerate(letter_events(EVENTS_EACH), 1)]


@cache
def _long_events() -> list[Event]:
    return list(letter_events(LONG_EVENTS))


def _template(version: int) -> tuple[str, bytes]:
    """Give the form of a short stream's event."""
    return _templates()[version - 1] if version <= EVENTS_EACH else _further(version)


@cache
def _further(version: int) -> tuple[str, bytes]:
    return _long_template(version)


def _long_template(version: int) -> tuple[str, bytes]:
    return _form(_long_events()[version - 1], version)


def _form(event: Event, version: int) -> tuple[str, bytes]:
    """Encode an event with places for what differs from stream to stream."""
    entry = canonical(
        Envelope(
            specversion="1.0",
            id=f"019a0000-0000-7000-8000-{_ID}",
            source="urn:opsledger:ledger",
            type=event.TYPE,
            stream=f"letter/{_STREAM}",
            occurred_at=_TIME,
            recorded_at=_TIME,
            version=version,
            schema=f"urn:opsledger:schema:{event.TYPE}",
            command_id=_COMMAND,
            correlation_id=_COMMAND,
            person="P-CHEN",
            acting_position="BJ-GM",
            unit="BJ",
            policy_hash=HASH,
            previous_leaf=_PREVIOUS if version > 1 else None,
            data=msgspec.Raw(canonical(event)),
        )
    )
    return event.TYPE, entry


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
