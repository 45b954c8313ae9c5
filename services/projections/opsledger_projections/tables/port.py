"""The port of the tables: what projecting and querying need of a database.

A row stands in `[position_from, position_to)`. A change closes the old row and inserts the new one,
so a read as of a position is one index range and costs what a current read costs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import orjson

from opsledger_projections.views.view import Row, View

OPEN: Final = 9_007_199_254_740_991
"""`position_to` of a row that still stands: the largest integer of the API."""


class StoredRow(NamedTuple):
    """A row as it is stored, with the positions between which it stands.

    `body` is the one canonical form of the row's body, so that equal rows are equal bytes in every
    database; `labels` are the values in the order in which the view names its labels.
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


def stored(view: View, row: Row, position_from: int) -> StoredRow:
    """Put a row into its stored form, standing from a position on."""
    return StoredRow(
        row.key,
        position_from,
        OPEN,
        row.valid_from,
        row.valid_to,
        orjson.dumps(row.body, option=orjson.OPT_SORT_KEYS),
        tuple([row.labels[label] for label in view.labels]),
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
    """Temporal tables of all views, with one position for them all."""

    def progress(self) -> Progress:
        """Tell how far the tables have come; position 0 when empty."""

    def current(self, view: View, key: str) -> StoredRow | None:
        """Find the open row under a key."""

    def current_where(self, view: View, label: str, value: str) -> Sequence[StoredRow]:
        """List the open rows with a label value, in order of key."""

    def write(
        self,
        progress: Progress,
        instants: Mapping[str, int],
        written: Mapping[View, Written],
        parked: Sequence[Parked],
    ) -> None:
        """Write the changes of one batch and the new position in one transaction.

        `instants` maps each recorded instant of the batch to the last position that has it.

        Raises:
            TablesUnwritable: nothing was written.

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
        """Iterate all rows as of a position, open and closed, in order of key and position."""

    def close(self) -> None:
        """Release the database."""
