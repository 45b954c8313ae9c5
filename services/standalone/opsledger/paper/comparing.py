"""What differs between two rulebooks, clause by clause, with the old and the new words."""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from opsledger_contracts.documents.rulebook import Clause, Rulebook

What = Literal["added", "removed", "changed"]

_ROWS_UNDER_CLAUSES: Final = ("clauses", "freeze_periods", "timetable")
"""Lists of the document whose rows each stand under a clause; the first are the clauses."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One value that differs: a text, a parameter, a column of a table's row."""

    field: str
    old: Any
    new: Any


class ClauseChange(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one clause, with everything that stands under it in sections."""

    clause: str
    title_zh: str
    title_en: str
    what: What
    changes: tuple[Change, ...]


def compared(old: Rulebook, new: Rulebook) -> tuple[ClauseChange, ...]:
    """Every clause that was added, removed or changed, in the order of the newer document."""
    before, after = _clauses(old), _clauses(new)
    sections_before, sections_after = _sections(old), _sections(new)
    found: list[ClauseChange] = []
    for name in dict.fromkeys((*after, *before)):
        changes = (
            *_changes("", _plain(before.get(name)), _plain(after.get(name))),
            *_changes("", sections_before.get(name, {}), sections_after.get(name, {})),
        )
        if changes:
            found.append(_change(name, before.get(name), after.get(name), changes))
    return tuple(found)


def headlines(old: Rulebook, new: Rulebook) -> tuple[Change, ...]:
    """What differs outside clauses and their sections: names, version, day, indicators."""
    return tuple(_changes("", _outside(old), _outside(new)))


def _outside(document: Rulebook) -> dict[str, Any]:
    return {
        name: value
        for name, value in _plain(document).items()
        if name not in _ROWS_UNDER_CLAUSES and not (isinstance(value, dict) and "clause" in value)
    }


def _change(
    name: str, old: Clause | None, new: Clause | None, changes: tuple[Change, ...]
) -> ClauseChange:
    shown = new or old
    what: What = "changed"
    if old is None:
        what = "added"
    elif new is None:
        what = "removed"
    return ClauseChange(
        clause=name,
        title_zh="" if shown is None else shown.title_zh,
        title_en="" if shown is None else shown.title_en,
        what=what,
        changes=changes,
    )


def _clauses(document: Rulebook) -> dict[str, Clause]:
    return {clause.clause: clause for clause in document.clauses}


def _plain(value: Any) -> dict[str, Any]:
    """A document or clause as JSON values, in which rows are lists; empty for nothing."""
    return {} if value is None else msgspec.json.decode(msgspec.json.encode(value))


def _sections(document: Rulebook) -> dict[str, dict[str, Any]]:
    """What stands under each clause besides its own text: sections, and rows such as duties."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in _plain(document).items():
        if isinstance(value, dict) and "clause" in value:
            found.setdefault(value["clause"], {})[name] = value
        elif name in _ROWS_UNDER_CLAUSES[1:]:
            for row in value:
                key = row.get("duty") or row.get("from")
                found.setdefault(row["clause"], {})[f"{name}[{key}]"] = row
    return found


def _changes(path: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            below = f"{path}.{name}" if path else name
            yield from _changes(below, old.get(name), new.get(name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (was, becomes) in enumerate(zip(old, new, strict=True)):
            yield from _changes(f"{path}[{place}]", was, becomes)
    elif old != new:
        yield Change(field=path, old=old, new=new)
