"""The checks a log passes before anything is read from it or written to it; all fail closed.

They take time that does not grow with the log. ``verification`` is what reads everything.
"""

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import msgspec

from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_contracts.evidence.tiles import TileSource, level_size
from opsledger_ledger.recording.attributes import attributes, mistyped
from opsledger_ledger.recording.log import Finding, Head, Log, LogDamaged
from opsledger_ledger.recording.schema import APPLICATION_ID, MIGRATIONS, declared, expected

TAIL_ENTRIES: Final = 256
"""How many of the last entries are hashed and compared again at every start."""

SYNCHRONOUS_FULL: Final = 2


def check_settings(connection: sqlite3.Connection) -> None:
    """Refuse a writing connection whose commits would not be durable.

    Raises:
        LogDamaged: a setting is not what durability rests on.
    """
    _require("journal mode", "wal", _pragma(connection, "journal_mode"))
    _require("synchronous", SYNCHRONOUS_FULL, _pragma(connection, "synchronous"))


def check_layout(connection: sqlite3.Connection) -> None:
    """Refuse a file that is not a ledger of this layout, guards included.

    Raises:
        LogDamaged: the file's identity, a migration or an object differs.
    """
    for finding in layout_findings(connection):
        raise LogDamaged(f"{finding.field}: expected {finding.expected}, found {finding.found}")


def layout_findings(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Yield what tells the file from a ledger of this layout.

    That is its identity, its migrations, and every table, index, view or guard that is
    missing, changed or not ours.
    """
    steps = [(step.number, step.name, step.checksum) for step in MIGRATIONS]
    for field, wants, has in (
        ("application id", APPLICATION_ID, _pragma(connection, "application_id")),
        ("layout version", len(MIGRATIONS), _pragma(connection, "user_version")),
        ("migrations", steps, _migrations(connection)),
    ):
        if wants != has:
            yield Finding("layout", 0, field, str(wants), str(has))
    wanted, found = expected(), declared(connection)
    for kind, name in sorted(wanted.keys() | found.keys()):
        statement, other = wanted.get((kind, name), "absent"), found.get((kind, name), "absent")
        if statement != other:
            yield Finding("layout", 0, f"{kind} {name}", statement, other)


def check_content(log: Log) -> None:
    """Refuse a log whose head, tiles and last entries do not agree with one another.

    Others may write to it meanwhile.

    Raises:
        LogDamaged: they do not.
    """
    head = log.head()
    after = max(0, head.position - TAIL_ENTRIES)
    # One more than there should be shows an entry beyond the head.
    tail = log.entries(after, TAIL_ENTRIES + 1)
    last = tail[-1].position if tail else 0
    _require_end("last position", head.position, last, lambda: log.head().position)
    tail = [stored for stored in tail if stored.position <= head.position]
    _require(
        "positions of the tail",
        list(range(after + 1, head.position + 1)),
        [stored.position for stored in tail],
    )
    for stored in tail:
        where = f"of position {stored.position}"
        _require(f"column of the wrong type {where}", None, mistyped(stored))
        _require(f"leaf {where}", leaf_hash(stored.entry).hex(), stored.leaf.hex())
        try:
            said = attributes(stored.entry)
        except msgspec.MsgspecError as error:
            raise LogDamaged(f"the entry {where} cannot be read: {error}") from error
        _require(f"stream {where}", said.stream, stored.stream)
        _require(f"version {where}", said.version, stored.version)
        _require(f"type {where}", said.type, stored.type)
    recorded_at = attributes(tail[-1].entry).recorded_at if tail else ""
    _require("recorded time of the head", recorded_at, head.recorded_at)
    _check_tree(log, head)


def _check_tree(log: Log, head: Head) -> None:
    """Refuse a head whose frontier is not that of the stored tiles and leaves."""
    source = TileSource(log.tile_hashes)
    peaks: list[bytes] = []
    start = 0
    for height in range(head.size.bit_length() - 1, -1, -1):
        if head.size >> height & 1:
            try:
                peaks.append(source(height, start >> height))
            except LookupError as error:
                raise LogDamaged(f"the tree is not whole: {error}") from error
            start += 1 << height
    _require("frontier", Frontier(head.size, peaks).to_bytes().hex(), head.frontier.hex())
    level = 1
    while level_size(head.size, level - 1):
        count = level_size(head.size, level)
        found = count + len(log.tile_hashes(level, count, 1))
        _require_end(f"tile hashes of level {level}", count, found, partial(_count, log, level))
        level += 1


def _count(log: Log, level: int) -> int:
    """Return how many hashes a level has at this moment."""
    return level_size(log.head().size, level)


def _require_end(what: str, wanted: int, found: int, wanted_later: Callable[[], int]) -> None:
    """Refuse another end than the one wanted, unless the log has grown beyond it since."""
    _require(what, wanted if found <= wanted else min(found, wanted_later()), found)


def _migrations(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Return the steps that a file says it has gone through."""
    if ("table", "migrations") not in declared(connection):
        return []
    rows = connection.execute("SELECT number, name, checksum FROM migrations ORDER BY number")
    return [tuple(row) for row in rows]


def _pragma(connection: sqlite3.Connection, name: str) -> object:
    """Return the value of a setting."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _require(what: str, wanted: object, found: object) -> None:
    """Refuse a difference."""
    if wanted != found:
        raise LogDamaged(f"{what}: expected {wanted}, found {found}")
