"""Rows between a database and the port: columns of a view's table, rows as of a position."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from opsledger_projections.errors import TablesUnwritable
from opsledger_projections.tables.port import (
    OPEN,
    Element,
    Progress,
    Selection,
    StoredRow,
    with_lists,
)
from opsledger_projections.views.view import View

LAYOUT: Final = 2
"""Counts up whenever the tables hold the same rows in another way, so that they are rebuilt."""
FIXED_COLUMNS: Final = 6
"""Columns of every view's table before those of its labels."""


def columns(view: View) -> str:
    """Name the columns of a view's table, in the order of a stored row."""
    labels = "".join(f", label_{label}" for label in view.labels)
    return f"key, position_from, position_to, valid_from, valid_to, body{labels}"


def values(row: StoredRow) -> tuple[Any, ...]:
    """Give a row's values in the order of the columns."""
    return (*row[:FIXED_COLUMNS], *row.labels)


def from_columns(found: Sequence[Any]) -> StoredRow:
    """Read a row from its columns."""
    key, position_from, position_to, valid_from, valid_to, body, *labels = found
    return StoredRow(key, position_from, position_to, valid_from, valid_to, body, tuple(labels))


def as_of(row: StoredRow, position: int) -> StoredRow:
    """Give a row as it was known at a position: what closed it later has not happened yet."""
    return row if row.position_to <= position else row._replace(position_to=OPEN)


def whole(rows: Iterable[StoredRow], elements: Iterable[Element]) -> list[StoredRow]:
    """Put the elements of grown lists, in order of key, into the rows with their keys."""
    grown = {key: list(own) for key, own in groupby(elements, key=lambda one: one.key)}
    return [with_lists(row, grown.get(row.key, ())) for row in rows]


def conditions(selection: Selection, mark: str) -> tuple[str, list[Any]]:
    """Put a selection into a condition with one mark for each of the values given beside it."""
    conditions = [f"position_from <= {mark} AND position_to > {mark} AND key > {mark}"]
    asked: list[Any] = [selection.position, selection.position, selection.after]
    for label, value in (selection.labels or {}).items():
        conditions.append(f"label_{label} = {mark}")
        asked.append(value)
    if selection.prefix:
        # Keys are ASCII: each key with the prefix sorts before the prefix and this character.
        conditions.append(f"key >= {mark} AND key < {mark}")
        asked += [selection.prefix, selection.prefix + "\x7f"]
    if selection.valid_at:
        conditions.append(f"valid_from <= {mark} AND (valid_to = '' OR valid_to > {mark})")
        asked += [selection.valid_at, selection.valid_at]
    return " AND ".join(conditions), asked


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
