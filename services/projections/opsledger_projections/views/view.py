"""What a view is: a name, its labels, and a pure function from one event to changes of its rows.

A view knows nothing of tables. It is handed one recorded event with its position and the rows that
are current just before it, and it yields the rows that hold from that position on. Everything a row
says comes from events, so a rebuilt view equals the live one byte for byte.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec
import orjson

from opsledger_contracts.codec import decode, decode_envelope
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event

_BRACE: Final = ord("{")


class _Recording(msgspec.Struct, gc=False):
    """The attributes of an entry that elements of lists and rows show beside what happened."""

    version: int = msgspec.field(name="streamversion")
    occurred_at: str = msgspec.field(name="time")
    recorded_at: str = msgspec.field(name="recordedtime")
    person: str = msgspec.field(name="actorperson")
    acting_position: str | None = msgspec.field(name="actorposition", default=None)
    unit: str | None = msgspec.field(name="actorunit", default=None)
    on_behalf_of: str | None = msgspec.field(name="onbehalfof", default=None)
    delegation: str | None = None
    reason: str | None = None
    import_batch: str | None = msgspec.field(name="importbatch", default=None)


_recording: Final = msgspec.json.Decoder(_Recording).decode


class _Made(msgspec.Struct, gc=False):
    """What was read of an entry beyond the attributes by which views choose."""

    envelope: Envelope | None = None
    event: Event | None = None
    fields: dict[str, Any] | None = None
    recording: dict[str, Any] | None = None


class Fact(msgspec.Struct, gc=False):
    """One recorded event with its place in the ledger.

    Of its entry only that much is read which is asked for: most events change rows by a field or
    two, and reading all of an entry costs more than that.
    """

    type: str
    version: int = msgspec.field(name="streamversion")
    recorded_at: str = msgspec.field(name="recordedtime")
    person: str = msgspec.field(name="actorperson")
    data: msgspec.Raw
    stream: str = msgspec.field(name="subject")
    position: int = 0
    entry: bytes = b""
    made: Any = None
    """What was made of the entry so far, so that all views share it."""

    @classmethod
    def read(cls, position: int, entry: bytes) -> "Fact":
        """Read the attributes of an entry by which views choose what to do with it.

        Raises:
            msgspec.MsgspecError: the bytes are no entry.

        """
        fact = _decode(entry)
        fact.position = position
        fact.entry = entry
        fact.made = None
        return fact

    @property
    def identifier(self) -> str:
        """Name of the thing inside its noun, from the stream."""
        return self.stream.partition("/")[2]

    @property
    def data_is_object(self) -> bool:
        """Whether the event has fields at all."""
        return memoryview(self.data)[0] == _BRACE

    @property
    def envelope(self) -> Envelope:
        """All attributes under which it was recorded."""
        made = self._made()
        if made.envelope is None:
            made.envelope = decode_envelope(self.entry)
        return made.envelope

    @property
    def event(self) -> Event:
        """What happened, as an object of its type."""
        made = self._made()
        if made.event is None:
            made.envelope, made.event = decode(self.entry)
        return made.event

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the event as JSON-like values, without its evidence; not to be changed."""
        made = self._made()
        if made.fields is None:
            fields: dict[str, Any] = orjson.loads(memoryview(self.data))
            fields.pop("evidence", None)
            made.fields = fields
        return made.fields

    @property
    def recording(self) -> dict[str, Any]:
        """Where it comes from: entry, both times, who acted in which post; not to be changed."""
        made = self._made()
        if made.recording is None:
            read = msgspec.structs.asdict(_recording(self.entry))
            made.recording = {name: value for name, value in read.items() if value is not None}
            made.recording["position"] = self.position
        return made.recording

    def _made(self) -> _Made:
        made: _Made | None = self.made
        if made is None:
            made = self.made = _Made()
        return made


_decode: Final = msgspec.json.Decoder(Fact).decode


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


class Amend(msgspec.Struct, frozen=True, gc=False):
    """From here on, the row that stands under this key says this; its labels and days are the same."""

    key: str
    body: dict[str, Any]


class Current(Protocol):
    """The rows of the view itself that are current just before the event, without grown lists."""

    def get(self, key: str) -> Row | None:
        """Find the current row under a key."""

    def body(self, key: str) -> dict[str, Any] | None:
        """Find what the current row under a key says; it may be changed."""

    def where(self, label: str, value: str) -> Sequence[Row]:
        """List the current rows with a label value, in order of key."""


Changes = Iterable[Put | Amend | Close]
Lookups = Iterable[tuple[str, str]]
"""What a view looks up of its own rows: label and value, or an empty label and a key."""


class Appended(msgspec.Struct, frozen=True, gc=False):
    """The row of a view that has one for each entry: under which key, with which labels."""

    key: str
    recalled: bool
    """Whether it will be looked up, by its key, for later events."""
    labels: tuple[str, ...]
    """Values in the order in which the view names its labels."""


def _own_row(fact: Fact) -> Lookups:
    return (("", fact.identifier),)


def _unchanged(_fact: Fact, _current: Current) -> Changes:
    return ()


def provenance(fact: Fact) -> dict[str, Any]:
    """Give `Fact.recording` as the field `recorded` of an element of a list."""
    return {"recorded": fact.recording}


def _element(fact: Fact) -> dict[str, Any]:
    return fact.fields | provenance(fact)


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
    types: frozenset[str]
    """Event types that change the view."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """Lists that only ever grow of the row that has the name of the event's stream: which event
    types append to which. They are no part of a row's body while events are folded, and tables keep
    of an element the position alone: who reads the row finds in its body what `element` makes of
    the entry. A view that has some never closes a row for good."""
    element: Callable[[Fact], dict[str, Any]] = _element
    """What an event says in the list to which it is appended."""
    only_grows: frozenset[str] = frozenset()
    """Types of `lists` that change nothing else of a row that stands, so that it is not looked at.
    What is left out makes a view slower and never different."""
    changes: Callable[[Fact, Current], Changes] = _unchanged
    looks_up: Callable[[Fact], Lookups] = _own_row
    """Which of its rows it will look up for an event, so that they are read for a whole batch.

    What is left out is read one by one: this makes a view faster and never different.
    """
    appends: Callable[[Fact, Current], Appended] | None = None
    """For the one view whose rows are the entries themselves: the row of an event. It has one row
    for each position, and none is ever changed; the view has no other changes."""
    shown: Callable[[Fact], dict[str, Any]] | None = None
    """For that view: what readers see of an entry."""
    dated: bool = False
    """Whether rows hold on some days of the business only, so that they can be read by date."""
    undivided_percent: int = 0
    """Of the work of all views, what this one is, if its rows depend on several streams, so that it
    cannot be divided by stream; 0 where each row depends on one stream. A change counts as one of
    `version`: tables that are built in parts go on with the division they were begun with.
    """
