"""The port of the tables: what projecting and querying need of a database.

Rows are only ever added: a row stands under its key from its position on until the next row of the
key, which may say that nothing stands there any more. So a change costs one row at the end of a
table, and a read as of a position is one index range and costs what a current read costs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import orjson

from opsledger_contracts.canonical import canonical
from opsledger_contracts.evidence.merkle import Frontier
from opsledger_projections.views.view import Fact, Row, View

OPEN: Final = 9_007_199_254_740_991
"""`position_to` of a row that still stands: the largest integer of the API."""

Values = tuple[Any, ...]
"""A row as it is stored: key, position, both bounds of its days, body, then each label.

The body is the one canonical form of it, so that equal rows are equal bytes in every database; None
if nothing stands under the key from this position on. In the view that appends entries the body is
the entry, and the key is None if the view does not follow the entry's stream.
"""
KEY: Final = 0
POSITION: Final = 1
DAYS: Final = 2
"""Where what a row says begins, which is compared to tell whether two say the same."""
BODY: Final = 4
LABELS: Final = 5
"""Where the labels begin."""


class Grown(NamedTuple):
    """An element of a list as it is read: what it says is made of the entry at its position."""

    key: str
    position: int
    list: str
    entry: bytes


class StoredRow(NamedTuple):
    """A row as it is read, with the positions between which it stands.

    `body` is canonical JSON, or an entry in the view whose rows are entries. `labels` are the
    values in the order in which the view names its labels. `grown` are the elements of its lists.
    """

    key: str
    position_from: int
    position_to: int
    valid_from: str
    valid_to: str
    body: bytes
    labels: tuple[str, ...]
    grown: tuple[Grown, ...] = ()

    def row(self, view: View) -> Row:
        """Read the row back, with its lists."""
        if view.shown is None:
            body = self.fixed()
            for one in self.grown:
                element = view.element(Fact.read(one.position, one.entry))
                body.setdefault(one.list, []).append(element)
        else:
            body = view.shown(Fact.read(self.position_from, self.body))
        return Row(
            key=self.key,
            body=body,
            labels=dict(zip(view.labels, self.labels, strict=True)),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )

    def fixed(self) -> dict[str, Any]:
        """Read the body without the lists that only grow."""
        body: dict[str, Any] = orjson.loads(self.body)
        return body


class Element(NamedTuple):
    """One element of a list that only grows: part of the row from a position on.

    Elements stand in the list in the order of their positions. What an element says is made of the
    entry at its position.
    """

    key: str
    position: int
    list: str


def stored(view: View, row: Row, position: int) -> Values:
    """Put a row of a view into its stored form, standing from a position on."""
    labels = map(row.labels.__getitem__, view.labels)
    return (row.key, position, row.valid_from, row.valid_to, canonical(row.body), *labels)


def amended(values: Values, body: dict[str, Any], position: int) -> Values:
    """Give a stored row that says something else from a position on."""
    return (values[KEY], position, *values[DAYS:BODY], canonical(body), *values[LABELS:])


def closed(view: View, key: str, position: int) -> Values:
    """Make the row that says that nothing stands under a key from a position on."""
    return (key, position, "", "", None, *[""] * len(view.labels))


def read_back(view: View, values: Values) -> Row:
    """Read a row of a view from its stored form."""
    return Row(
        key=values[KEY],
        body=orjson.loads(values[BODY]),
        labels=dict(zip(view.labels, values[LABELS:], strict=True)),
        valid_from=values[2],
        valid_to=values[3],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A stream that a view stopped following because one event could not be projected.

    `view` is `*` where the event could not even be read, so that no view follows the stream.
    """

    view: str
    stream: str
    position: int
    error: str
    code_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the tables have come.

    `frontier` is the Merkle frontier over all entries projected so far (bytes of
    `opsledger_contracts.evidence.merkle.Frontier`), by which the read side checks what it was fed.
    """

    position: int
    recorded_at: str
    frontier: bytes


def root_of(progress: Progress) -> str:
    """Give the hexadecimal Merkle root over all entries projected."""
    return Frontier.from_bytes(progress.frontier).root().hex()


NOTHING: Final = Progress(position=0, recorded_at="", frontier=Frontier().to_bytes())
"""The progress of empty tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one batch of events adds to one view."""

    inserted: Sequence[Values]
    grown: Sequence[Element]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows of a view are asked for, at which cuts.

    `valid_at` is a local date or empty for any; keys are listed in order, after `after`.
    """

    position: int
    valid_at: str = ""
    labels: Mapping[str, str] | None = None
    prefix: str = ""
    after: str = ""
    limit: int = 100


class Tables(Protocol):
    """Temporal tables of all views, with one position for them all.

    While they are built by several processes at once, each process has the tables open as a part
    of its own with a position of its own; `join` then makes of the parts one whole.
    """

    def progress(self) -> Progress:
        """Tell how far the tables have come; position 0 when empty."""

    def open_rows(self, view: View, label: str, values: Sequence[str]) -> Sequence[Values]:
        """List the rows that stand with one of these label values, or keys where the label is empty.

        They come in no order and without grown lists: what folding needs. The indexes for it are
        built when it is asked for the first time.

        Raises:
            TablesUnwritable: the tables could not be asked.

        """

    def write(
        self,
        after: int,
        progress: Progress,
        instants: Mapping[str, int],
        written: Mapping[View, Written],
        parked: Sequence[Parked],
    ) -> None:
        """Write the changes of one batch and the new position in one transaction.

        `after` is the position before the batch; `instants` maps each recorded instant of the batch
        to the last position that has it.

        Raises:
            TablesUnwritable: nothing was written, or the tables do not stand at `after`, such as
                when a crash of their server has taken the last batches back.

        """

    def parts(self) -> Mapping[str, Progress]:
        """Tell how far each part has come; empty unless the tables are being built in parts."""

    def join(self) -> None:
        """Let the tables stand where all of their parts stand.

        Raises:
            TablesUnwritable: the parts do not stand at one position with one frontier.

        """

    def opening(self) -> "Opening":
        """Give what opens these tables in another process."""

    def index(self) -> None:
        """Build all indexes that are not there yet.

        Until then tables are filled faster and read slower.

        Raises:
            TablesUnwritable: they could not be built.

        """

    def parked(self) -> Sequence[Parked]:
        """List the streams that views stopped following."""

    def position_at(self, instant: str) -> int:
        """Tell the last position recorded at or before an instant, 0 if none."""

    def read(self, view: View, key: str, position: int) -> StoredRow | None:
        """Find the row that stood under a key as of a position; it is given as open."""

    def select(self, view: View, selection: Selection) -> Sequence[StoredRow]:
        """List rows that stood as of a position, at most `limit`, by key; given as open."""

    def history(self, view: View, key: str, position: int) -> Sequence[StoredRow]:
        """List every row that ever stood under a key as of a position, oldest first.

        A row that was closed only later is given as open.
        """

    def every(self, view: View, position: int) -> Iterator[Values]:
        """Iterate all rows up to a position as they are stored, in order of key and position.

        Entries come in order of position alone.
        """

    def elements(self, view: View, position: int) -> Iterator[Element]:
        """Iterate the elements of grown lists as of a position, by key, position and list."""

    def close(self) -> None:
        """Release the database."""


Opening = Callable[[Sequence[View], str], Tables]
"""Opens tables of these views as a part of this name; can be sent to another process."""


class Generations(Protocol):
    """The sets of tables that follow one another: the served one, and the next being built."""

    def open(self) -> Tables:
        """Open the served tables; tables made by other versions of the views give way to new ones.

        New tables are empty, or as far as an interrupted rebuild has come.

        Raises:
            TablesUnwritable: they cannot be opened.

        """

    def open_next(self, *, parted: bool) -> Tables:
        """Open the tables that will take the place of the served ones, to go on building them.

        Tables left half-built in parts are gone on with if `parted`; else they are begun anew.

        Raises:
            TablesUnwritable: they cannot be opened.

        """

    def switch(self, tables: Tables) -> None:
        """Let these tables, which `open_next` gave, be the served ones from now on.

        The ones they replace are removed when whoever still reads them is done.
        """

    def close(self) -> None:
        """Release what is held beside the tables themselves."""
