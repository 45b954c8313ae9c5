"""The port of the tables: what projecting and querying need of a database.

A row stands in `[position_from, position_to)`. A change closes the old row and inserts the new one,
so a read as of a position is one index range and costs what a current read costs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import orjson

from opsledger_contracts.canonical import canonical
from opsledger_contracts.evidence.merkle import Frontier
from opsledger_projections.views.view import Row, View

OPEN: Final = 9_007_199_254_740_991
"""`position_to` of a row that still stands: the largest integer of the API."""


class StoredRow(NamedTuple):
    """A row as it is stored, with the positions between which it stands.

    `body` is the one canonical form of the row's body, so that equal rows are equal bytes in every
    database; lists that only grow are in it where the row is read for readers. `labels` are the
    values in the order in which the view names its labels.
    """

    key: str
    position_from: int
    position_to: int
    valid_from: str
    valid_to: str
    body: bytes
    labels: tuple[str, ...]

    def row(self, view: View) -> Row:
        """Read the row back."""
        return Row(
            key=self.key,
            body=orjson.loads(self.body),
            labels=dict(zip(view.labels, self.labels, strict=True)),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )

    def says_the_same(self, other: "StoredRow") -> bool:
        """Tell whether another row says the same, whenever it stands."""
        return (self.body, self.labels, self.valid_from, self.valid_to) == (
            other.body,
            other.labels,
            other.valid_from,
            other.valid_to,
        )


class Element(NamedTuple):
    """One element of a list that only grows, as it is stored: part of the row from a position on.

    Elements stand in the list in the order of their positions.
    """

    key: str
    position: int
    list: str
    body: bytes


def stored(view: View, row: Row, position_from: int) -> StoredRow:
    """Put a row into its stored form, standing from a position on."""
    labels = row.labels
    return StoredRow(
        row.key,
        position_from,
        OPEN,
        row.valid_from,
        row.valid_to,
        canonical(row.body),
        tuple([labels[label] for label in view.labels]),
    )


def element(key: str, position: int, name: str, value: dict[str, Any]) -> Element:
    """Put an element of a list that only grows into its stored form."""
    return Element(key, position, name, canonical(value))


def with_lists(row: StoredRow, elements: Iterable[Element]) -> StoredRow:
    """Put the elements that a row had by its end into its body, in the order they come in."""
    lists: dict[str, list[msgspec.Raw]] = {}
    for grown in elements:
        if grown.position < row.position_to:
            lists.setdefault(grown.list, []).append(msgspec.Raw(grown.body))
    if not lists:
        return row
    body = orjson.loads(row.body) | lists
    return row._replace(body=canonical(body))


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


NOTHING: Final = Progress(position=0, recorded_at="", frontier=Frontier().to_bytes())
"""The progress of empty tables."""


class Closed(NamedTuple):
    """An open row that no longer stands from a position on."""

    key: str
    position_from: int
    position_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one batch of events does to one view."""

    closed: Sequence[Closed]
    inserted: Sequence[StoredRow]
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

    def open_rows(self, view: View, label: str, values: Sequence[str]) -> Sequence[StoredRow]:
        """List the open rows with one of these label values, or keys where the label is empty.

        They come in no order and without grown lists: what folding needs.
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
        """Build the indexes that only readers need, if they are not there yet.

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

    def every(self, view: View, position: int) -> Iterator[StoredRow]:
        """Iterate all rows as of a position, open and closed, in order of key and position.

        They come without grown lists, which `elements` gives.
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
