"""What a view is: a name, its labels, and a pure function from one event to changes of its rows.

A view knows nothing of tables. It is handed one recorded event with its position and the rows that
are current just before it, and it yields the rows that hold from that position on. Everything a row
says comes from events, so a rebuilt view equals the live one byte for byte.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import msgspec

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event


class Fact(NamedTuple):
    """One recorded event with its place in the ledger."""

    position: int
    envelope: Envelope
    event: Event

    @property
    def identifier(self) -> str:
        """Name of the thing inside its noun, from the stream."""
        return self.envelope.stream.partition("/")[2]


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a view says about one key from one position on.

    `labels` are the values by which rows are selected; every view names its labels. `valid_from`
    (inclusive) and `valid_to` (exclusive) are local dates `YYYY-MM-DD` of the business, empty where
    the fact has no such bound. `body` is JSON-like, with decimals as text.
    """

    key: str
    body: dict[str, Any]
    labels: dict[str, str]
    valid_from: str = ""
    valid_to: str = ""


class Put(msgspec.Struct, frozen=True, gc=False):
    """From here on, this row stands under its key."""

    row: Row


class Close(msgspec.Struct, frozen=True, gc=False):
    """From here on, nothing stands under this key."""

    key: str


class Current(Protocol):
    """The rows of the view itself that are current just before the event."""

    def get(self, key: str) -> Row | None:
        """Find the current row under a key."""

    def where(self, label: str, value: str) -> Sequence[Row]:
        """List the current rows with a label value, in order of key."""


Changes = Iterable[Put | Close]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """One view: what it is called, how it is selected, how events change it.

    `version` counts up whenever the same events would give other rows, so that a served table is
    rebuilt and switched instead of being mended in place.
    """

    name: str
    """Name in routes and tables: lower-case letters and `_`."""
    code: str
    """Code of the view in the requirements, such as `V02`."""
    version: int
    zh: str
    en: str
    labels: tuple[str, ...]
    indexed: tuple[str, ...]
    """Labels that select few rows of many, or by which the view looks up its own rows."""
    types: frozenset[str]
    """Event types that change the view."""
    changes: Callable[[Fact, Current], Changes]
    appends: bool = False
    """Whether each event puts one row under a key of its own, and no row is ever changed."""
    dated: bool = False
    """Whether rows hold on some days of the business only, so that they can be read by date."""
