"""Appending without HTTP, beside what the database itself can do with the same rows.

Runs as a process of its own: `python -m benchmarks.appender ROUNDS COMMANDS`; writes one line with
`Appended`.
"""

import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from benchmarks.measure import alternate
from benchmarks.submissions import WAITING, append, prepared

from opsledger_ledger.bootstrap import tune_garbage_collector
from opsledger_ledger.ledger import Ledger

_ENTRIES: Final = (
    "CREATE TABLE entries (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, "
    "version INTEGER NOT NULL, type TEXT NOT NULL, leaf BLOB NOT NULL, entry BLOB NOT NULL, "
    "UNIQUE (stream, version)) STRICT"
)
_ANSWERS: Final = (
    "CREATE TABLE answers (scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, "
    "answer BLOB NOT NULL, PRIMARY KEY (scope, key)) STRICT, WITHOUT ROWID"
)

_Row = tuple[Any, ...]


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """Rates in commands, and so in events, per second."""

    ledger: float
    single: float
    """Raw rows, each in a transaction of its own."""
    grouped: float
    """Raw rows, as many in a transaction as commands wait."""
    synchronous: int
    """What `PRAGMA synchronous` says on the ledger's writing connection; 2 is FULL."""
    entry_bytes: int
    """Average size of an entry."""


def measured(rounds: int, commands: int) -> Appended:
    """Measure the three in turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with prepared(folder / "ledger") as ledger:
            entries, answers = _rows(folder / "ledger" / "ledger.db", ledger, commands)
            tune_garbage_collector()
            numbers = iter(range(3 * rounds))
            ledger_rate, single, grouped = alternate(
                lambda: append(ledger, f"run-{next(numbers)}", commands),
                lambda: _raw(folder / f"raw-{next(numbers)}.db", entries, answers, 1),
                lambda: _raw(folder / f"raw-{next(numbers)}.db", entries, answers, WAITING),
                runs=rounds,
            )
            return Appended(
                ledger=ledger_rate,
                single=single,
                grouped=grouped,
                synchronous=_synchronous(ledger),
                entry_bytes=sum(len(row[5]) for row in entries) // len(entries),
            )


def _rows(database: Path, ledger: Ledger, commands: int) -> tuple[list[_Row], list[_Row]]:
    """Give rows of real entries and answers, as many as there are commands."""
    append(ledger, "rows", commands)
    with sqlite3.connect(database.as_uri() + "?mode=ro", uri=True) as connection:
        entries = connection.execute(
            "SELECT position, stream, version, type, leaf, entry FROM entries ORDER BY position"
        ).fetchall()
        answers = connection.execute(
            "SELECT scope, key, fingerprint, answer FROM answers"
        ).fetchall()
    connection.close()
    return entries[-commands:], answers[-commands:]


def _raw(file: Path, entries: Sequence[_Row], answers: Sequence[_Row], group: int) -> float:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_ENTRIES)
    connection.execute(_ANSWERS)
    began = time.perf_counter()
    for first in range(0, len(entries), group):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", entries[first : first + group]
        )
        connection.executemany(
            "INSERT INTO answers VALUES (?, ?, ?, ?)", answers[first : first + group]
        )
        connection.execute("COMMIT")
    rate = len(entries) / (time.perf_counter() - began)
    connection.close()
    return rate


def _synchronous(ledger: Ledger) -> int:
    datastore = ledger.log._datastore  # type: ignore[attr-defined] # noqa: SLF001 - asked nowhere else.
    found: tuple[int] = datastore.writer.native.execute("PRAGMA synchronous").fetchone()
    return found[0]


if __name__ == "__main__":
    result = measured(int(sys.argv[1]), int(sys.argv[2]))
    print(msgspec.json.encode(result).decode(), flush=True)
