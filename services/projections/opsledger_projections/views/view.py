"""What a view is: a name, its labels, and a pure function from one event to changes of its rows.

A view knows nothing of tables. It is handed one recorded event with its position and the rows that
are current just before it, and it yields the rows that hold from that position on. Everything a row
says comes from events, so a rebuilt view equals the live one byte for byte.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Protocol

import msgspec

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event

_RECORDING: Final = (
    "version",
    "occurred_at",
    "recorded_at",
    "person",
    "acting_position",
    "unit",
    "on_behalf_of",
    "delegation",
    "reason",
    "import_batch",
)
_recorded: Final = attrgetter(*_RECORDING)


class Fact(msgspec.Struct, gc=False):
    """One recorded event with its place in the ledger."""

    position: int
    envelope: Envelope
    event: Event
    _fields: dict[str, Any] | None = None
    _recording: dict[str, Any] | None = None

    @property
    def identifier(self) -> str:
        """Name of the thing inside its noun, from the stream."""
        return self.envelope.stream.partition("/")[2]

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the event as JSON-like values, without its evidence; not to be changed.

        They are made once for all views that take the event.
        """
        found = self._fields
        if found is None:
            found = self._fields = msgspec.to_builtins(self.event)
            found.pop("evidence", None)
        return found

    @property
    def recording(self) -> dict[str, Any]:
        """Where it comes from: entry, both times, who acted in which post; not to be changed."""
        found = self._recording
        if found is None:
            envelope = self.envelope
            found = self._recording = {"position": self.position} | {
                name: value
                for name, value in zip(_RECORDING, _recorded(envelope), strict=True)
                if value is not None
            }
        return found


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
    """From here on, this row stands under its key.

    `grown` maps lists of the row that only ever grow to the element that this event appends. They
    are no part of the row's body while events are folded, so that a long list costs a long stream
    no more than its last element; who reads the row finds them in its body.
    """

    row: Row
    grown: dict[str, dict[str, Any]] = {}


class Close(msgspec.Struct, frozen=True, gc=False):
    """From here on, nothing stands under this key."""

    key: str


class Current(Protocol):
    """The rows of the view itself that are current just before the event, without grown lists."""

    def get(self, key: str) -> Row | None:
        """Find the current row under a key."""

    def where(self, label: str, value: str) -> Sequence[Row]:
        """List the current rows with a label value, in order of key."""


Changes = Iterable[Put | Close]
Lookups = Iterable[tuple[str, str]]
"""What a view looks up of its own rows: label and value, or an empty label and a key."""


def _own_row(fact: Fact) -> Lookups:
    return (("", fact.identifier),)


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
    """Labels that select few rows of many."""
    looked_up: frozenset[str] = frozenset()
    """Those of `indexed` by which the view looks up its own rows."""
    types: frozenset[str]
    """Event types that change the view."""
    lists: frozenset[str] = frozenset()
    """Lists of its rows that only ever grow; a view that has some never closes a row for good."""
    changes: Callable[[Fact, Current], Changes]
    looks_up: Callable[[Fact], Lookups] = _own_row
    """Which of its rows it will look up for an event, so that they are read for a whole batch.

    What is left out is read one by one: this makes a view faster and never different.
    """
    appends: bool = False
    """Whether each event puts one row under a key of its own, and no row is ever changed."""
    dated: bool = False
    """Whether rows hold on some days of the business only, so that they can be read by date."""
