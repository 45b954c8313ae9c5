"""The file from which history is imported: one event a line, in the order of the ledger to be.

A file is UTF-8 text of lines that each end in a line feed and hold one `ImportLine` as compact JSON
(no white space between tokens, no needless escape), so that the bytes of a line say one thing only.
What the whole file amounts to is its `ImportManifest`, which is proposed and approved.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from opsledger_contracts.fields import Identifier, Instant, Sha256, StreamName, Text, Version

LINE_BYTES_MAX: Final = 61_440
"""Longest line without its line feed; the envelope around it must fit into an entry too."""

NOUNS_NOT_IMPORTED: Final = frozenset(("ledger", "credential", "person", "import_batch"))
"""What only a live ledger records.

The founding and the keys of a ledger are its own; a person is registered by a command, because a
name never stands in a file; and a batch does not import batches.
"""

EventType = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z_]{0,31}\.[a-z][a-z_]{0,63}\.v[1-9][0-9]{0,2}$(?!\n)",
        description="Name of an event type.",
        examples=["letter.signed.v1"],
    ),
]

Count = Annotated[
    int,
    Meta(
        ge=1, le=9_007_199_254_740_991, description="A number of lines, events, streams or bytes."
    ),
]

TotalText = Annotated[
    str,
    Meta(
        pattern=r"^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,12})?$(?!\n)",
        description="Exact sum of decimal numbers as text.",
        examples=["125340.75"],
    ),
]


class ImportAuthority(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """By what power it was done: an item and step of a version of the authority matrix."""

    matrix: Sha256
    """Content hash of the version."""
    item: Identifier
    step: Annotated[int, Meta(ge=0, le=99)] | None = None


class ImportLine(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One event of the past, as a line of an import file."""

    stream: StreamName
    """What it happened to; the stream must not exist in the ledger yet."""
    version: Version
    """Place of the event in its stream: 1, 2, 3 … in the order of the lines."""
    type: EventType
    occurred_at: Instant
    """When it happened in the business."""
    person: Identifier
    """Pseudonymous id of who did it."""
    position: Identifier | None = None
    """Position in which the person acted."""
    unit: Identifier | None = None
    """Unit of the position."""
    on_behalf_of: Identifier | None = None
    """Delegator for whom the person acted."""
    delegation: Identifier | None = None
    authority: ImportAuthority | None = None
    rulebook: Sha256 | None = None
    """Content hash of the rulebook that was applied."""
    calendar: Sha256 | None = None
    """Content hash of the calendar that was applied."""
    reason: Text | None = None
    data: Annotated[
        msgspec.Raw,
        Meta(
            description="The event; described by `events/<type>.json`.",
            extra_json_schema={"type": "object"},
        ),
    ]


class TypeCount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many events of a type a file has."""

    type: EventType
    events: Count


class ControlTotal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sum of one decimal field over all events of a type, to compare with the source."""

    type: EventType
    field: Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,63}$(?!\n)")]
    total: TotalText


class ImportManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a whole import file amounts to: digest, counts, control totals, span of time."""

    source: Sha256
    """SHA-256 of the file's bytes."""
    size: Count
    """Bytes of the file."""
    events: Count
    """Lines of the file."""
    streams: Count
    """Streams that the file begins."""
    occurred_from: Instant
    """Earliest time of occurrence."""
    occurred_to: Instant
    """Latest time of occurrence."""
    counts: Annotated[tuple[TypeCount, ...], Meta(min_length=1, max_length=1_000)]
    """By type, in order of the name."""
    totals: Annotated[tuple[ControlTotal, ...], Meta(max_length=1_000)]
    """By type and field, in order of the names."""
