r"""Annotated field types that every event, command and document shares.

Patterns end in `$(?!\n)`: in Python `$` alone also matches before a last line feed, in JSON Schema
it does not, and a name that ends in one must be refused everywhere.

Numbers that matter are decimal *text*: a binary float cannot hold 0.1, and a JSON number does not
say how it was written. Text is parsed exactly by `opsledger_contracts.rules.numbers`.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

Identifier = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)",
        description="Name of one thing inside its noun: 1 to 64 ASCII letters, digits, '.', '_', '-'.",
        examples=["BJ-2026"],
    ),
]

StreamName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z_]{0,31}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)",
        description="Stream of one thing: `<noun>/<identifier>`.",
        examples=["letter/BJ-2026"],
    ),
]

DecimalText = Annotated[
    str,
    Meta(
        pattern=r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?$(?!\n)",
        description="Exact decimal number as text; no exponent, no sign but a minus.",
        examples=["97.40"],
    ),
]

RationalText = Annotated[
    str,
    Meta(
        pattern=r"^-?(0|[1-9][0-9]*)(\.[0-9]+|/[1-9][0-9]*)?$(?!\n)",
        description="Exact rational number as text: a decimal, or `numerator/denominator`.",
        examples=["540/173"],
    ),
]

Sha256 = Annotated[
    str,
    Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256 digest, lower-case hexadecimal."),
]

Instant = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$(?!\n)",
        description="UTC instant with exactly six fraction digits, so that text order is time order.",
        examples=["2027-01-28T09:00:00.000000Z"],
    ),
]

_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII
)

Title = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="Short name for people.", examples=["回款额"]),
]

Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4000,
        description="Free text about facts and rules, never about a person's private life.",
    ),
]

Count = Annotated[int, Meta(ge=0, le=1_000_000, description="A number of things.")]

Version = Annotated[int, Meta(ge=1, le=2_147_483_647, description="1, 2, 3 … without a gap.")]

Position = Annotated[
    int,
    Meta(
        ge=0,
        le=9_007_199_254_740_991,
        description="Place in the whole ledger: 1, 2, 3 …; 0 means before the first entry.",
    ),
]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document outside the ledger, bound by its digest; the ledger never holds its bytes."""

    sha256: Sha256
    media: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64}$(?!\n)",
            description="Media type of the document.",
            examples=["application/pdf"],
        ),
    ]
    title: Title


GROUP_TIME_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Local dates are dates of the group (domain-model.md, section 1)."""


def instant(moment: datetime) -> str:
    """Write an aware moment in the one fixed form of an `Instant`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


# One command asks several times for the moment and for the day of the same instant.
@lru_cache(maxsize=1024)
def moment(text: str) -> datetime:
    """Read an `Instant` back into an aware moment in UTC.

    Raises:
        ValueError: the text is not in the fixed form or names no real moment.

    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is not an instant: {error}"
        raise ValueError(message) from None
    # The standard library reads many forms of ISO 8601; only one of them is ours.
    if read.tzinfo is not UTC or instant(read) != text:
        message = f"{text!r} is not an instant in the form 2027-01-28T09:00:00.000000Z"
        raise ValueError(message)
    return read


@lru_cache(maxsize=1024)
def local_date(text: str) -> date:
    """Tell the date of the group (Asia/Shanghai) on which an `Instant` falls."""
    return moment(text).astimezone(GROUP_TIME_ZONE).date()
