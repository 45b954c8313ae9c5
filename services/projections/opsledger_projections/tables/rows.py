"""Rows between a database and the port: columns of a view's table, rows as of a position."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from opsledger_projections.errors import TablesUnwritable
from opsledger_projections.tables.port import (
    BODY,
    NOTHING,
    OPEN,
    POSITION,
    Grown,
    Progress,
    Selection,
    StoredRow,
    Values,
)
from opsledger_projections.views.view import View

LAYOUT: Final = 3
"""Counts up whenever the tables hold the same rows in another way, so that they are rebuilt."""


def columns(view: View) -> tuple[str, ...]:
    """Name the columns of a view's table, in the order of a stored row."""
    labels = (f"label_{label}" for label in view.labels)
    return ("key", "position_from", "valid_from", "valid_to", "body", *labels)


def selected(view: View) -> str:
    """Name what is read of a table that is called `row`, in the order of a stored row."""
    return ", ".join(f"row.{column}" for column in columns(view))


def entries_of(views: Sequence[View]) -> View | None:
    """Find the view whose rows are the entries themselves."""
    return next((view for view in views if view.appends), None)


def from_columns(found: Values, position_to: int = OPEN) -> StoredRow:
    """Read a row from its columns."""
    key, position_from, valid_from, valid_to, body, *labels = found
    return StoredRow(key, position_from, position_to, valid_from, valid_to, body, tuple(labels))


def past(found: Iterable[Values]) -> Iterator[StoredRow]:
    """Give the rows that stood under one key, from its stored rows in order of position."""
    last: Values | None = None
    for row in found:
        if last is not None and last[BODY] is not None:
            yield from_columns(last, row[POSITION])
        last = row
    if last is not None and last[BODY] is not None:
        yield from_columns(last)


def grown_by_key(found: Iterable[Grown]) -> Mapping[str, Sequence[Grown]]:
    """Gather elements, which come in order of key and position, by their keys."""
    return {key: list(own) for key, own in groupby(found, key=lambda one: one.key)}


def with_lists(row: StoredRow, grown: Iterable[Grown]) -> StoredRow:
    """Give a row with the elements that it has; it stands since the last one of them."""
    own = tuple(grown)
    since = max((one.position for one in own), default=0)
    return row._replace(position_from=max(row.position_from, since), grown=own)


def each_with_lists(rows: Iterable[StoredRow], grown: Sequence[Grown]) -> Iterator[StoredRow]:
    """Give the rows that stood under one key, each as often as its lists grew while it stood."""
    for row in rows:
        positions = {one.position for one in grown if row.position_from < one.position}
        began = [row.position_from, *sorted(at for at in positions if at < row.position_to)]
        for position_from, position_to in zip(began, [*began[1:], row.position_to], strict=True):
            stretch = row._replace(position_from=position_from, position_to=position_to)
            yield with_lists(stretch, [one for one in grown if one.position <= position_from])


def conditions(view: View, selection: Selection, mark: str) -> tuple[str, list[Any]]:
    """Put a selection of a table called `row` into a condition, with the values of its marks."""
    conditions = [f"row.position_from <= {mark} AND row.key > {mark} AND row.body IS NOT NULL"]
    asked: list[Any] = [selection.position, selection.after]
    for label, value in (selection.labels or {}).items():
        conditions.append(labelled(label, f"= {mark}") if value else f"row.label_{label} = {mark}")
        asked.append(value)
    if selection.prefix:
        # Keys are ASCII: each key with the prefix sorts before the prefix and this character.
        conditions.append(f"row.key >= {mark} AND row.key < {mark}")
        asked += [selection.prefix, selection.prefix + "\x7f"]
    if selection.valid_at:
        conditions.append(
            f"row.valid_from <= {mark} AND (row.valid_to = '' OR row.valid_to > {mark})"
        )
        asked += [selection.valid_at, selection.valid_at]
    if not view.appends:
        conditions.append(latest(view, mark))
        asked.append(selection.position)
    return " AND ".join(conditions), asked


def labelled(label: str, condition: str) -> str:
    """Give the condition that a label, which is not empty, meets another: by its index."""
    return f"row.label_{label} {condition} AND row.label_{label} <> ''"


def indexing(view: View, label: str) -> str:
    """Give the statement that builds the index of a label, or of keys if it is empty.

    Rows without the label are not in its index: nobody looks for them by it.
    """
    table = f"view_{view.name}"
    if not label:
        return f"CREATE UNIQUE INDEX IF NOT EXISTS {table}_key ON {table} (key, position_from)"
    return (
        f"CREATE INDEX IF NOT EXISTS {table}_{label} "
        f"ON {table} (label_{label}, key, position_from) WHERE label_{label} <> ''"
    )


def latest(view: View, mark: str) -> str:
    """Give the condition that no later row of the key of `row` stands before a position or at it."""
    return (
        f"NOT EXISTS (SELECT 1 FROM view_{view.name} AS later WHERE later.key = row.key "
        f"AND later.position_from > row.position_from AND later.position_from <= {mark})"
    )


def stale(made: dict[str, int], layout: int, views: Sequence[View]) -> list[str]:
    """Name the views that are not, or not in this version, what tables were made for."""
    versions = {view.name: view.version for view in views}
    if not made:
        return []
    return sorted(
        name
        for name in {*made, *versions}
        if layout != LAYOUT or made.get(name) != versions.get(name)
    )


def keeps_instants(part: str) -> bool:
    """Tell whether a part keeps the recorded instants, which are the same for all of them."""
    return not part or part.startswith("1/")


def least(found: Mapping[str, Progress], part: str) -> Progress:
    """Tell how far tables have come: one of their parts, or all of them together.

    Rows of a part that is ahead stand from later positions, so nobody sees them as of this one.
    """
    if part or "" in found or not found:
        return found.get(part, NOTHING)
    if len(found) < int(next(iter(found)).partition("/")[2]):
        return NOTHING
    return min(found.values(), key=lambda progress: progress.position)


def joined(parts: Mapping[str, Progress]) -> Progress:
    """Tell where tables stand whose parts all stand there.

    Raises:
        TablesUnwritable: there are none, or they do not stand at one position with one frontier.

    """
    found = list(parts.values())
    if not found or any(progress != found[0] for progress in found):
        positions = {part: progress.position for part, progress in parts.items()}
        raise TablesUnwritable(f"the parts do not stand at one position: {positions}")
    return found[0]


def require_at(after: int, found: tuple[int, ...] | None) -> None:
    """Require that tables stand at a position.

    Raises:
        TablesUnwritable: they stand elsewhere.

    """
    stands_at = 0 if found is None else found[0]
    if stands_at != after:
        raise TablesUnwritable(f"the tables stand at position {stands_at}, not at {after}")
